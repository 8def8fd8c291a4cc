/* http - requests to the API server over the network. */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/fs.h"
#include "base/vec.h"
#include "client/client_impl.h"
#include "client/exec.h"
#include "crypto/pem.h"
#include "net/quick.h"
#include "text/gourl.h"

/* A token in a file is rotated about once an hour. */
#define TOKEN_AGE (30 * CLOCK_SECOND)
/* A credential that ends so soon is asked for anew. */
#define CREDENTIAL_MARGIN (10 * CLOCK_SECOND)

struct http {
	struct net_client *net;
	struct arena mem;		/* holds the configuration's texts */
	struct kubeconfig config;
	str user_agent;
	char *const *env;
	struct client_login login;	/* token NULL: none */
	void (*on_warning)(void *ctx, str text);
	void *ctx;
	err *(*make_net)(void *ctx, struct net_client **out);
	struct net_tls tls;
	struct net_proxy proxy;
	struct quick_site *site;	/* NULL: everything goes through `net` */
	struct quick *quick;		/* or: small requests do */
	bool own_streams;		/* over connections of `site` */
	struct net_tls quick_tls;

	pthread_mutex_t lock;		/* of what follows, and of making `net` */
	struct arena token_mem;
	str token;			/* of the login, the file or the plugin */
	int64_t token_until;		/* clock_wall; 0: none yet */
	str cert, key;			/* of the plugin */
};

/* What a request says about who asks; texts in the request's own arena. */
struct identity {
	str token, cert, key;
};

static err *refresh(struct http *h)
{
	if (h->login.token) {
		arena_clear(&h->token_mem);
		h->token_until = 0;
		return h->login.token(h->login.ctx, &h->token_mem, &h->token, &h->token_until);
	}
	if (h->config.exec.command.n) {
		struct exec_credential got;

		if (!h->env)
			return err_new(ERR_FORBIDDEN, "exec plugins of a kubeconfig are not run here");
		arena_clear(&h->token_mem);
		h->token_until = 0;
		TRY(exec_credential_get(&h->token_mem, &h->config, h->env, &got));
		h->token = got.token;
		h->cert = got.cert;
		h->key = got.key;
		h->token_until = got.until == INT64_MAX ? INT64_MAX : got.until - CREDENTIAL_MARGIN;
		return NULL;
	}
	str text;

	arena_clear(&h->token_mem);
	h->token_until = 0;
	TRY(fs_read_any(&h->token_mem, h->config.token_file, KUBECONFIG_SIZE_MAX, &text));
	h->token = str_trim(text);
	h->token_until = clock_wall() + TOKEN_AGE;
	return NULL;
}

static err *identify(struct http *h, struct arena *a, struct identity *out)
{
	*out = (struct identity){ h->config.token, h->config.cert, h->config.key };
	if (!h->login.token && !h->config.exec.command.n &&
	    (!h->config.token_file.n || out->token.n))
		return NULL;
	err *e = NULL;

	pthread_mutex_lock(&h->lock);
	if (h->token_until <= clock_wall())
		e = refresh(h);
	if (!e) {
		out->token = arena_str(a, h->token);
		if (h->cert.n) {
			out->cert = arena_str(a, h->cert);
			out->key = arena_str(a, h->key);
		}
	}
	pthread_mutex_unlock(&h->lock);
	return e;
}

/* The server does not take what the plugin gave: ask it again for the next request. */
static void forget_credential(struct http *h)
{
	pthread_mutex_lock(&h->lock);
	h->token_until = 0;
	pthread_mutex_unlock(&h->lock);
}

/* ---- a request --------------------------------------------------------- */

struct http_call {
	struct http *http;
	struct quick_call *quick;	/* at first; then `call` */
	struct net_call *call;
	struct net_request request;
	struct net_tls tls;
	err *refused;			/* what went wrong before it began */
	struct arena mem;
	struct client_stream stream;
	int status;

	/* A stream over a connection of its own, read by a thread of its own. */
	struct quick *own;		/* NULL: none */
	pthread_t thread;
	atomic_bool stopping;		/* nothing more may be told */
};

typedef VEC(struct net_header) headers_vec;

static void add(struct arena *a, headers_vec *v, str name, str value)
{
	if (value.n)
		avec_push(a, v, (struct net_header){ name, value });
}

/* Impersonate-Extra-KEY: the key escaped, as a header has no other letters. */
static void add_extra(struct arena *a, headers_vec *v, str pair)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT;
	str key;

	if (!str_cut(&pair, &key, '='))
		return;
	buf_add(&name, S("Impersonate-Extra-"));
	gourl_escape_segment(&name, key);
	add(a, v, arena_str(a, buf_str(&name)), pair);
}

static void add_headers(struct http *h, struct arena *a, headers_vec *v,
			const struct client_request *r)
{
	const struct kubeconfig *k = &h->config;
	bool own = !r->as.n;

	add(a, v, S("Accept"), r->accept.n ? r->accept : S("application/json"));
	add(a, v, S("User-Agent"), h->user_agent);
	if (r->body.n)
		add(a, v, S("Content-Type"),
		    r->content_type.n ? r->content_type : S("application/json"));
	add(a, v, S("Impersonate-User"), own ? k->as : r->as);
	add(a, v, S("Impersonate-Uid"), own ? k->as_uid : STR_NONE);
	for (size_t i = 0; i < (own ? k->as_groups_n : r->as_groups_n); i++)
		add(a, v, S("Impersonate-Group"), own ? k->as_groups[i] : r->as_groups[i]);
	for (size_t i = 0; own && i < k->as_extra_n; i++)
		add_extra(a, v, k->as_extra[i]);
}

/* Warning: 299 - "text" */
static void tell_warnings(struct http *h, const struct net_response *r)
{
	for (size_t i = 0; h->on_warning && i < r->headers_n; i++) {
		str value = r->headers[i].value;

		if (!str_eq_nocase(r->headers[i].name, S("Warning")))
			continue;
		size_t from = str_find_char(value, '"'), to = str_rfind_char(value, '"');

		if (from != STR_NPOS && to > from)
			h->on_warning(h->ctx, str_sub(value, from + 1, to));
	}
}

static void on_head(void *ctx, const struct net_response *head)
{
	struct http_call *c = ctx;

	tell_warnings(c->http, head);
	c->status = head->status;
	if (c->stream.on_head)
		c->stream.on_head(c->stream.ctx, head->status);
}

static bool on_data(void *ctx, str piece)
{
	struct http_call *c = ctx;

	return c->stream.on_data(c->stream.ctx, piece);
}

static void on_end(void *ctx, const err *why)
{
	struct http_call *c = ctx;

	c->stream.on_end(c->stream.ctx, why);
}

/* Through the HTTP client, which is made for the first that needs it. */
static void go(struct http *h, struct http_call *c)
{
	pthread_mutex_lock(&h->lock);
	if (!h->net)
		c->refused = h->make_net(h->ctx, &h->net);
	pthread_mutex_unlock(&h->lock);
	if (!c->refused)
		c->call = net_start(h->net, &c->request);
}

static bool is_get(const struct client_request *r)
{
	return !r->body.n && (!r->method.n || str_eq(r->method, S("GET")));
}

static void fill_request(struct http *h, struct http_call *c, const struct identity *id,
			 const struct client_request *r)
{
	struct arena *a = &c->mem;
	headers_vec headers = { 0 };

	c->tls = h->tls;
	c->tls.cert = id->cert;
	c->tls.key = id->key;
	add_headers(h, a, &headers, r);
	c->request = (struct net_request){
		.method = r->method,
		.url = arena_cat(a, h->config.server, r->path, r->query.n ? S("?") : STR_NONE,
				 r->query),
		.headers = headers.p,
		.headers_n = headers.n,
		.body = r->body.n ? arena_str(a, r->body) : STR_NONE,
		.token = id->token,
		.user = id->token.n ? STR_NONE : h->config.user,
		.password = id->token.n ? STR_NONE : h->config.password,
		.tls = &c->tls,
		.proxy = h->proxy.url.n ? &h->proxy : NULL,
		.addresses = NET_ANY_ADDRESS,	/* the user's own server */
		.timeout = r->timeout ? r->timeout : CLIENT_TIMEOUT,
		.max_body = CLIENT_ANSWER_MAX,
		.cancel = r->cancel,
		.small = true,
		.twice = r->twice,
	};
}

/* It ends when it ends, and nobody holds all of it. */
static void make_stream(struct http_call *c, const struct client_request *r,
			const struct client_stream *s)
{
	c->stream = *s;
	c->request.small = false;
	c->request.timeout = r->timeout;
	c->request.max_body = 0;
	c->request.on_head = on_head;
	c->request.on_data = on_data;
	c->request.on_end = on_end;
	c->request.ctx = c;
}

static struct http_call *prepare(struct http *h, const struct client_request *r)
{
	struct http_call *c = mem_calloc(1, sizeof *c);
	struct identity id;

	c->http = h;
	c->refused = identify(h, &c->mem, &id);
	if (!c->refused)
		fill_request(h, c, &id, r);
	return c;
}

static void *start(void *ctx, const struct client_request *r)
{
	struct http *h = ctx;
	struct http_call *c = prepare(h, r);

	if (!c->refused && h->quick && !r->cancel && (r->twice || is_get(r)))
		c->quick = quick_start(h->quick, &c->request);
	if (!c->refused && !c->quick)
		go(h, c);
	return c;
}

static void call_free(struct http_call *c)
{
	quick_free(c->own);
	err_free(c->refused);
	arena_release(&c->mem);
	free(c);
}

static err *wait(void *ctx, void *handle, struct client_answer *out)
{
	struct http *h = ctx;
	struct http_call *c = handle;
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	bool answered = c->quick && quick_wait(h->quick, c->quick, &r);

	if (c->quick && !answered)
		go(h, c);
	err *e = c->refused;

	c->refused = NULL;
	if (!e && !answered)
		e = net_wait(c->call, &r);
	call_free(c);
	if (e)
		return e;
	tell_warnings(h, &r);
	if (r.status == 401 && h->config.exec.command.n)
		forget_credential(h);
	out->status = r.status;
	buf_release(&out->body);
	out->body = r.body;
	r.body = (struct buf)BUF_INIT;
	return NULL;
}

/* ---- streams over connections of our own ------------------------------- */

/* A server that does not greet and answer in this time is the client's affair. */
#define GREETING (5 * CLOCK_SECOND)

/* The pieces; why there are no more, in the words of the client. */
static err *tell_pieces(struct http_call *c, struct quick_call *call)
{
	CLEANUP(buf_release) struct buf piece = BUF_INIT;
	const char *why = NULL;
	bool whole = false;

	while (!why && !atomic_load(&c->stopping) && quick_more(c->own, call, &piece, &whole))
		if (!atomic_load(&c->stopping) && !on_data(c, buf_str(&piece)))
			why = "context canceled";
	if (!why && !whole)
		why = "unexpected EOF";
	return why ? err_new(ERR_UNAVAILABLE, "Get \"%.*s\": %s", STR_ARG(c->request.url), why) : NULL;
}

/* False: nothing was told, and the HTTP client may do better. */
static bool run_own(struct http_call *c)
{
	struct net_request r = c->request;
	const struct net_response *head;

	r.timeout = GREETING;
	struct quick_call *call = quick_start(c->own, &r);

	if (!call)
		return false;
	bool answered = quick_head(c->own, call, &head);

	if (answered && !atomic_load(&c->stopping)) {
		on_head(c, head);
		CLEANUP(err_drop) err *why = tell_pieces(c, call);

		if (!atomic_load(&c->stopping))
			on_end(c, why);
	}
	quick_end(c->own, call);
	return answered;
}

static void *run_stream(void *arg)
{
	struct http_call *c = arg;

	if (!run_own(c) && !atomic_load(&c->stopping))
		go(c->http, c);
	return NULL;
}

static void *stream(void *ctx, const struct client_request *r, const struct client_stream *s)
{
	struct http *h = ctx;
	struct http_call *c = prepare(h, r);

	if (c->refused) {
		s->on_end(s->ctx, c->refused);
		return c;
	}
	make_stream(c, r, s);
	if (!h->own_streams || !is_get(r)) {
		go(h, c);
		if (c->refused)
			s->on_end(s->ctx, c->refused);
		return c;
	}
	c->own = quick_new(h->site);
	if (pthread_create(&c->thread, NULL, run_stream, c))
		die_bug("pthread_create failed");
	return c;
}

static void stop(void *ctx, void *handle)
{
	struct http_call *c = handle;

	(void)ctx;
	if (c->own) {
		assert(!pthread_equal(pthread_self(), c->thread));
		atomic_store(&c->stopping, true);
		quick_stop(c->own);
		pthread_join(c->thread, NULL);
	}
	if (c->call)
		net_drop(c->call);
	call_free(c);
}

static void http_free(void *ctx)
{
	struct http *h = ctx;

	quick_free(h->quick);
	quick_site_free(h->site);
	if (h->login.free)
		h->login.free(h->login.ctx);
	pthread_mutex_destroy(&h->lock);
	arena_release(&h->token_mem);
	arena_release(&h->mem);
	free(h);
}

/* ---- making ------------------------------------------------------------ */

static const str *copy_texts(struct arena *a, const str *texts, size_t n)
{
	str *to = arena_array(a, str, n);

	for (size_t i = 0; i < n; i++)
		to[i] = arena_str(a, texts[i]);
	return to;
}

static void copy_config(struct arena *a, struct kubeconfig *to, const struct kubeconfig *from)
{
	str *const texts[] = { &to->server,	 &to->ca,	&to->cert,     &to->key,
			       &to->token,	 &to->token_file, &to->user,   &to->password,
			       &to->tls_server_name, &to->proxy_url, &to->as,  &to->as_uid,
			       &to->exec.command, &to->exec.api_version, &to->exec.install_hint,
			       &to->namespace,	 &to->context };

	*to = *from;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = arena_str(a, *texts[i]);
	to->as_groups = copy_texts(a, from->as_groups, from->as_groups_n);
	to->as_extra = copy_texts(a, from->as_extra, from->as_extra_n);
	to->exec.args = copy_texts(a, from->exec.args, from->exec.args_n);
	to->exec.env = copy_texts(a, from->exec.env, from->exec.env_n);
}

/* Proxies, and logins that change, are the HTTP client's affair. */
static void open_site(struct http *h)
{
	static const char *const proxies[] = { "HTTP_PROXY", "http_proxy", "HTTPS_PROXY",
					       "https_proxy" };

	for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
		if (getenv(proxies[i]))
			return;
	if (h->proxy.url.n || h->login.token || h->config.exec.command.n)
		return;
	h->quick_tls = h->tls;
	h->quick_tls.cert = h->config.cert;
	h->quick_tls.key = h->config.key;
	h->site = quick_site_new(h->config.server, &h->quick_tls, NET_ANY_ADDRESS);
}

/* "example.com:6443" */
static str host_of(str server)
{
	size_t at = str_find(server, S("://"));
	str rest = at == STR_NPOS ? server : str_from(server, at + 3), host = rest;

	str_cut(&rest, &host, '/');
	return host;
}

/* rest.DefaultServerURL: what is no URL is a host with its port, without TLS. */
static err *complete_server(struct arena *a, str *server)
{
	struct gourl u = { 0 };
	CLEANUP(err_drop) err *no_url = gourl_parse(a, *server, &u);

	if (!no_url && u.scheme.n && u.host.n)
		return NULL;
	str whole = arena_cat(a, S("http://"), *server);

	TRY(gourl_parse(a, whole, &u));
	if (u.path.n && !str_eq(u.path, S("/")))
		return err_new(ERR_INVALID, "host must be a URL or a host:port pair: \"%.*s\"",
			       STR_ARG(*server));
	*server = whole;
	return NULL;
}

/* transport.TLSConfigFor: authorities that are none, or not to be asked. */
static err *check_authorities(const struct kubeconfig *k)
{
	CLEANUP(buf_release) struct buf bytes = BUF_LIMIT(KUBECONFIG_SIZE_MAX);
	struct pem_block block;
	str text = k->ca;
	bool any = false;

	if (!text.n || !str_starts(k->server, S("https://")))
		return NULL;
	if (k->insecure)
		return err_new(ERR_INVALID, "specifying a root certificates file with the insecure "
					    "flag is not allowed");
	while (pem_next(&text, &block, &bytes)) {
		if (str_eq(block.type, S("CERTIFICATE")) && !block.headers)
			return NULL;
		any = true;
		buf_clear(&bytes);
	}
	return err_new(ERR_INVALID, "unable to load root certificates: %s",
		       any ? "no valid certificate authority data seen"
			   : "unable to parse bytes as PEM block");
}

err *http_transport(struct client_transport *out, struct net_client *net,
		    const struct kubeconfig *k, const struct client_options *o)
{
	static const struct client_options none = { 0 };
	struct http *h = mem_calloc(1, sizeof *h);

	if (!o)
		o = &none;
	h->net = net;
	copy_config(&h->mem, &h->config, k);
	err *e = complete_server(&h->mem, &h->config.server);

	if (!e)
		e = check_authorities(&h->config);
	if (e) {
		arena_release(&h->mem);
		free(h);
		return e;
	}
	h->user_agent = arena_str(&h->mem, o->user_agent);
	h->env = o->env;
	if (o->login)
		h->login = *o->login;
	h->on_warning = o->on_warning;
	h->ctx = o->ctx;
	h->tls = (struct net_tls){ .ca = h->config.ca,
				   .server_name = h->config.tls_server_name,
				   .insecure = h->config.insecure };
	h->proxy.url = h->config.proxy_url;
	pthread_mutex_init(&h->lock, NULL);
	h->make_net = o->net;
	open_site(h);
	if (h->site && o->net)
		h->quick = quick_new(h->site);
	h->own_streams = h->site && !o->net;
	*out = (struct client_transport){ start, wait, stream, stop, http_free, h,
					  host_of(h->config.server) };
	return NULL;
}
