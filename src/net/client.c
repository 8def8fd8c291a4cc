#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fs.h"
#include "net/client_impl.h"
#include "net/patience.h"

/* ---- answers ------------------------------------------------------------- */

void net_response_release(struct net_response *r)
{
	buf_release(&r->body);
	arena_release(&r->mem);
	*r = (struct net_response)NET_RESPONSE_INIT;
}

str net_response_header(const struct net_response *r, str name)
{
	for (size_t i = 0; i < r->headers_n; i++)
		if (str_eq_nocase(r->headers[i].name, name))
			return r->headers[i].value;
	return STR_NONE;
}

/* ---- the client ---------------------------------------------------------- */

/* Where distributions keep the bundle, in Go's order. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

static bool is_hash_name(str name)
{
	return name.n == 10 && name.p[8] == '.' && name.p[9] == '0';
}

/* A directory with a file per authority is read one by one as they are
 * needed; parsing the whole bundle takes 29 ms. */
static bool is_hashed_dir(const char *dir)
{
	CLEANUP(fs_drop) struct fs *f = NULL;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(err_drop) err *e = fs_open(&f, str_c(dir), NULL);
	struct fs_entry *entries;
	size_t n;

	if (e || (e = fs_list(f, &a, STR_NONE, FS_ENTRIES_MAX, &entries, &n)))
		return false;
	for (size_t i = 0; i < n; i++)
		if (is_hash_name(entries[i].name))
			return true;
	return false;
}

static void find_authorities(struct net_client *c)
{
	const char *file = getenv("SSL_CERT_FILE"), *dir = getenv("SSL_CERT_DIR");
	static const char usual[] = "/etc/ssl/certs";

	if (dir && *dir)
		c->ca_dir = arena_str(&c->mem, str_c(dir));
	else if (!(file && *file) && is_hashed_dir(usual))
		c->ca_dir = str_c(usual);
	if (file && *file)
		c->ca_file = arena_str(&c->mem, str_c(file));
	for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++)
		if (!c->ca_dir.n && !c->ca_file.n && !access(bundles[i], R_OK))
			c->ca_file = str_c(bundles[i]);
}

static err *open_loop(struct net_client *c)
{
	struct epoll_event wake = { .events = EPOLLIN, .data.fd = -1 };

	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll < 0)
		return err_errno(errno, "epoll_create1");
	c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->wake < 0)
		return err_errno(errno, "eventfd");
	if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->wake, &wake))
		return err_errno(errno, "epoll_ctl");
	if (pthread_create(&c->thread, NULL, client_loop, c))
		return err_new(ERR_UNAVAILABLE, "cannot start a thread");
	return NULL;
}

static void release(struct net_client *c)
{
	for (size_t i = 0; i < c->spare_n; i++)
		c->curl->curl_easy_cleanup(c->spare[i]);
	c->curl->curl_multi_cleanup(c->multi);
	if (c->epoll >= 0)
		close(c->epoll);
	if (c->wake >= 0)
		close(c->wake);
	pthread_mutex_destroy(&c->m);
	patience_free(c->patience);
	lanes_free(c->lanes);
	arena_release(&c->mem);
	free(c);
}

static void set_up_multi(struct net_client *c)
{
	const struct libcurl *l = c->curl;

	c->multi = l->curl_multi_init();
	if (!c->multi)
		die_bug("out of memory");
	l->curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, client_socket_changed);
	l->curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	l->curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, client_timer_changed);
	l->curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	l->curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	l->curl_multi_setopt(c->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)CLIENT_STREAMS);
	l->curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)CLIENT_IDLE_CONNECTIONS);
}

err *net_client_new(struct net_client **out, const struct net_options *o)
{
	static const struct net_options usual = { 0 };
	const struct libcurl *l;

	TRY(libcurl_get(&l));
	if (!o)
		o = &usual;
	struct net_client *c = mem_calloc(1, sizeof *c);

	c->curl = l;
	c->epoll = c->wake = -1;
	c->timer = c->idle_look = INT64_MAX;
	c->per_host = o->per_host ? o->per_host : NET_PER_HOST;
	c->user_agent =
		arena_str(&c->mem, o->user_agent.n ? o->user_agent : S("rill/" RILL_VERSION));
	if (o->proxy_env)
		proxy_from_env(&c->mem, &c->proxies);
	find_authorities(c);
	c->patience = patience_new();
	c->lanes = lanes_new();
	client_lock_down(c, &o->lockdown);
	pthread_mutex_init(&c->m, NULL);
	set_up_multi(c);
	err *e = open_loop(c);

	if (e) {
		release(c);
		return e;
	}
	*out = c;
	return NULL;
}

static void wake_up(struct net_client *c)
{
	uint64_t one = 1;

	if (write(c->wake, &one, sizeof one) < 0 && errno != EAGAIN)
		die_bug("eventfd: errno %d", errno);
}

void net_client_free(struct net_client *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->m);
	c->stop = true;
	pthread_mutex_unlock(&c->m);
	wake_up(c);
	pthread_join(c->thread, NULL);
	release(c);
}

void net_client_drop(struct net_client **c)
{
	net_client_free(*c);
}

struct patience *net_client_patience(struct net_client *c)
{
	return c->patience;
}

uint64_t net_client_connections(const struct net_client *c)
{
	return c->connections;
}

/* ---- calls --------------------------------------------------------------- */

void client_post(struct net_call *call, enum client_post what)
{
	struct net_client *c = call->client;
	bool wake = false;

	pthread_mutex_lock(&c->m);
	if (!call->done) {
		if (!call->posts) {
			wake = !c->inbox;
			call->inbox_prev = c->inbox_last;
			call->inbox_next = NULL;
			*(wake ? &c->inbox : &c->inbox_last->inbox_next) = call;
			c->inbox_last = call;
		}
		call->posts |= what;
	}
	pthread_mutex_unlock(&c->m);
	if (wake)
		wake_up(c);
}

unsigned client_take_posts(struct net_call *call)
{
	struct net_client *c = call->client;
	unsigned posts = call->posts;

	if (posts) {
		*(call->inbox_prev ? &call->inbox_prev->inbox_next : &c->inbox) = call->inbox_next;
		*(call->inbox_next ? &call->inbox_next->inbox_prev : &c->inbox_last) =
			call->inbox_prev;
		call->posts = 0;
	}
	return posts;
}

void client_free_call(struct net_call *call)
{
	pthread_cond_destroy(&call->changed);
	buf_release(&call->pulled);
	net_response_release(&call->resp);
	vec_release(&call->head);
	err_free(call->why);
	err_free(call->failure);
	err_free(call->bad);
	arena_release(&call->mem);
	free(call);
}

static void copy_request(struct net_call *call, const struct net_request *r)
{
	struct arena *a = &call->mem;
	struct net_header *headers = arena_array(a, struct net_header, r->headers_n);

	call->r = *r;
	call->r.url = arena_str(a, r->url);
	for (size_t i = 0; i < r->headers_n; i++)
		headers[i] = (struct net_header){ arena_str(a, r->headers[i].name),
						  arena_str(a, r->headers[i].value) };
	call->r.headers = headers;
	call->method = call->r.method = arena_str(a, r->method.n ? r->method : S("GET"));
	call->body = r->body;
	call->r.token = arena_str(a, r->token);
	call->r.user = arena_str(a, r->user);
	call->r.password = arena_str(a, r->password);
	if (r->tls) {
		const struct net_tls *t = r->tls;

		call->tls = *t;
		call->tls.ca = arena_str(a, t->ca);
		call->tls.cert = arena_str(a, t->cert);
		call->tls.key = arena_str(a, t->key);
		call->tls.server_name = arena_str(a, t->server_name);
	}
	if (r->proxy)
		call->proxy = (struct net_proxy){ arena_str(a, r->proxy->url),
						  arena_str(a, r->proxy->user),
						  arena_str(a, r->proxy->password) };
}

static int64_t deadline_of(const struct net_request *r)
{
	int64_t span = r->timeout;

	if (!span)
		span = r->on_data ? -1 : NET_TIMEOUT;
	return span < 0 ? INT64_MAX : clock_after(clock_mono(), span);
}

/* ---- over connections of our own -------------------------------------------- */

static bool take_lane(struct net_call *call)
{
	const struct net_request *r = &call->r;
	const struct gourl *u = &call->url;

	if (!r->small || r->on_data || r->proxy || r->http1 || u->has_user ||
	    call->client->lockdown.on)
		return false;
	if (!r->no_proxy && proxy_for(&call->client->proxies, u).n)
		return false;
	str server = arena_cat(&call->mem, u->scheme, S("://"), u->host);

	return lanes_start(call->client->lanes, server, r, call->client->user_agent, &call->lane);
}

/* Whether nothing is lost when the server gets it again. */
static bool may_be_repeated(const struct net_call *call)
{
	return call->r.twice || str_eq(call->method, S("GET")) || str_eq(call->method, S("HEAD"));
}

/* The answer, where the call is on a lane; without one it is the loop's from here on. */
static void leave_lane(struct net_call *call)
{
	struct net_client *c = call->client;

	if (!call->on_lane)
		return;
	call->on_lane = false;
	if (lanes_wait(c->lanes, &call->lane, &call->resp)) {
		call->resp.url = arena_str(&call->resp.mem, call->r.url);
		if (call->r.pull) {
			call->pulled = call->resp.body;
			call->resp.body = (struct buf)BUF_INIT;
		}
		call->head_ready = call->done = true;
	} else if (may_be_repeated(call)) {
		client_post(call, CLIENT_START);
	} else {
		call->resp.url = arena_str(&call->resp.mem, call->r.url);
		call->why = client_wrap(call, err_new(ERR_UNAVAILABLE, "EOF"));
		call->done = true;
	}
}

struct net_call *net_start(struct net_client *c, const struct net_request *r)
{
	struct net_call *call = mem_calloc(1, sizeof *call);

	call->client = c;
	call->resp = (struct net_response)NET_RESPONSE_INIT;
	pthread_cond_init(&call->changed, NULL);
	copy_request(call, r);
	if (!call->r.max_body)
		call->r.max_body = r->on_data ? SIZE_MAX : NET_BODY_MAX;
	call->resp.body.max = call->r.max_body < BUF_MAX ? call->r.max_body + 1 : BUF_MAX;
	call->pulled.max = BUF_MAX;
	call->deadline = deadline_of(r);
	call->bad = client_parse_url(call, r->url);
	call->on_lane = !call->bad && take_lane(call);
	if (!call->on_lane)
		client_post(call, CLIENT_START);
	return call;
}

/* The error goes to the first who asks. Called with the lock held. */
static err *take_why(struct net_call *call)
{
	err *e = call->why;

	call->why = NULL;
	call->taken = call->taken || e;
	if (!e && call->taken)
		e = err_new(ERR_CANCELED, "the request has failed before");
	return e;
}

err *net_wait(struct net_call *call, struct net_response *out)
{
	struct net_client *c = call->client;

	leave_lane(call);
	pthread_mutex_lock(&c->m);
	while (!call->done)
		pthread_cond_wait(&call->changed, &c->m);
	err *e = take_why(call);

	pthread_mutex_unlock(&c->m);
	if (!e) {
		net_response_release(out);
		*out = call->resp;
		call->resp = (struct net_response)NET_RESPONSE_INIT;
	}
	client_free_call(call);
	return e;
}

err *net_do(struct net_client *c, const struct net_request *r, struct net_response *out)
{
	return net_wait(net_start(c, r), out);
}

err *net_head(struct net_call *call, struct net_response *out)
{
	struct net_client *c = call->client;
	err *e = NULL;

	leave_lane(call);
	pthread_mutex_lock(&c->m);
	while (!call->done && !call->head_ready)
		pthread_cond_wait(&call->changed, &c->m);
	if (!call->head_ready)
		e = take_why(call);
	pthread_mutex_unlock(&c->m);
	if (!e) {
		*out = call->resp;
		out->body = (struct buf)BUF_INIT;
		out->mem = (struct arena)ARENA_INIT;
	}
	return e;
}

err *net_read(struct net_call *call, void *to, size_t max, size_t *n)
{
	struct net_client *c = call->client;
	bool resume = false;
	err *e = NULL;

	leave_lane(call);
	pthread_mutex_lock(&c->m);
	while (!call->done && call->pulled.n == call->pulled_at)
		pthread_cond_wait(&call->changed, &c->m);
	size_t have = call->pulled.n - call->pulled_at;

	if (have) {
		*n = have < max ? have : max;
		memcpy(to, call->pulled.p + call->pulled_at, *n);
		call->pulled_at += *n;
		if (call->pulled_at == call->pulled.n) {
			buf_clear(&call->pulled);
			call->pulled_at = 0;
			resume = call->paused;
			call->paused = false;
		}
	} else {
		e = take_why(call);
		if (!e)
			*n = 0;
	}
	pthread_mutex_unlock(&c->m);
	if (resume)
		client_post(call, CLIENT_RESUME);
	return e;
}

void net_cancel(struct net_call *call)
{
	client_post(call, CLIENT_CANCEL);
}

void net_drop(struct net_call *call)
{
	if (!call)
		return;
	struct net_client *c = call->client;

	if (call->on_lane) {
		CLEANUP(net_response_release) struct net_response unread = NET_RESPONSE_INIT;

		lanes_wait(c->lanes, &call->lane, &unread);
		client_free_call(call);
		return;
	}
	if (pthread_equal(pthread_self(), c->thread)) {
		pthread_mutex_lock(&c->m);
		bool done = call->done;

		pthread_mutex_unlock(&c->m);
		if (done) {
			client_free_call(call);
		} else {
			call->dropped = true;
			client_post(call, CLIENT_CANCEL);
		}
		return;
	}
	client_post(call, CLIENT_CANCEL);
	pthread_mutex_lock(&c->m);
	while (!call->done)
		pthread_cond_wait(&call->changed, &c->m);
	pthread_mutex_unlock(&c->m);
	client_free_call(call);
}

void net_call_drop(struct net_call **call)
{
	net_drop(*call);
}
