#include "net/quick_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/vec.h"
#include "net/address.h"
#include "net/client_impl.h"
#include "net/http1.h"
#include "text/base64.h"

/* A server that does not take a connection in this time is the client's affair. */
#define CONNECT_TIMEOUT (3 * CLOCK_SECOND)
/* How often a request that waits looks at its cancel flag and at the time. */
#define LOOK (100 * CLOCK_MS)
/* Requests under way: what the sockets' buffers hold in any case. One that is alone on its
 * connection may be larger. */
enum { CALLS_MAX = 32, REQUEST_MAX = 8 << 10, ALONE_MAX = 8 << 20, PIECE = 32 << 10 };

/* What an answer's head says of its body. */
struct head {
	int status;
	bool chunked, sized;
	uint64_t length;
};

struct quick_call {
	struct quick_call *next;	/* sent after this one */
	struct head head;		/* of one that is read piece by piece: what is left */
	struct http1_chunks chunks;
	size_t max_body;
	int64_t until;			/* clock_mono */
	const atomic_bool *cancel;
	bool bodyless;			/* the answer to a HEAD */
	bool done;
	struct net_response answer;
};

struct quick {
	pthread_mutex_t lock;		/* of all of it */
	struct quick_site *site;
	const struct libssl *s;		/* with `ssl` */
	const struct ossl *o;
	SSL *ssl;
	int fd;
	bool broken;			/* nothing more comes or goes */
	bool last;			/* the server ends the connection behind this answer */
	struct buf in;			/* read, and not looked at */
	struct quick_call *first, **end;	/* whose answers are to come */
	size_t calls;
};

/* ---- signals ----------------------------------------------------------- */

/* Writing to a peer that has gone is an error here, and no signal. */
struct pipe_guard {
	sigset_t before;
	bool was_pending;
};

static void guard_begin(const struct quick *q, struct pipe_guard *g)
{
	sigset_t set, pending;

	if (q->site->guarded)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigpending(&pending);
	g->was_pending = sigismember(&pending, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, &g->before);
}

static void guard_end(const struct quick *q, const struct pipe_guard *g)
{
	const struct timespec now = { 0 };
	sigset_t set;

	if (q->site->guarded)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	if (!g->was_pending)
		while (sigtimedwait(&set, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &g->before, NULL);
}

/* ---- connecting -------------------------------------------------------- */

static int dial(const struct addrinfo *a, enum net_addresses rules)
{
	struct address to;

	if (!address_of(a->ai_addr, &to, NULL) || client_refuses(rules, &to))
		return -1;
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int failed = 0, one = 1;
	socklen_t n = sizeof failed;

	if (fd < 0)
		return -1;
	if ((connect(fd, a->ai_addr, a->ai_addrlen) && errno != EINPROGRESS) ||
	    poll(&p, 1, (int)(CONNECT_TIMEOUT / CLOCK_MS)) <= 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &n) || failed ||
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK)) {
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

static bool connect_to(struct quick *q)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *list;

	if (getaddrinfo(q->site->host.p, q->site->port.p, &hints, &list))
		return false;
	for (const struct addrinfo *a = list; a && q->fd < 0; a = a->ai_next)
		q->fd = dial(a, q->site->addresses);
	freeaddrinfo(list);
	return q->fd >= 0;
}

/* The certificate must be for the host, or for what the caller says instead. */
static bool set_name(struct quick *q)
{
	str name = q->site->name;
	struct address a;

	if (address_parse(name, &a))
		return q->o->X509_VERIFY_PARAM_set1_ip_asc(q->s->SSL_get0_param(q->ssl), name.p) == 1;
	return q->s->SSL_set1_host(q->ssl, name.p) == 1 &&
	       q->s->SSL_ctrl(q->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
			      (char *)(uintptr_t)name.p) == 1;
}

static bool greet(struct quick *q)
{
	pthread_mutex_lock(&q->site->lock);
	bool prepared = quick_site_prepare(q->site);

	q->o = q->site->o;
	q->s = q->site->s;
	pthread_mutex_unlock(&q->site->lock);
	if (!prepared)
		return false;
	q->ssl = q->s->SSL_new(q->site->ctx);
	bool fine = q->ssl && set_name(q) && q->s->SSL_set_fd(q->ssl, q->fd) == 1 &&
		    q->s->SSL_connect(q->ssl) == 1 &&
		    q->s->SSL_get_verify_result(q->ssl) == X509_V_OK;

	q->o->ERR_clear_error();
	return fine;
}

static void set_patience(struct quick *q, int which, int64_t span)
{
	const struct timeval t = { .tv_sec = span / CLOCK_SECOND,
				   .tv_usec = span % CLOCK_SECOND / 1000 };

	setsockopt(q->fd, SOL_SOCKET, which, &t, sizeof t);
}

/* A peer that is gone without a word is noticed in some minutes. */
static void keep_alive(const struct quick *q)
{
	const int one = 1, seconds = 60;

	setsockopt(q->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
	setsockopt(q->fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
	setsockopt(q->fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
}

static bool open_connection(struct quick *q, int64_t timeout)
{
	if (q->fd >= 0)
		return true;
	if (!connect_to(q))
		return false;
	if (timeout <= 0)
		timeout = NET_TIMEOUT;
	set_patience(q, SO_SNDTIMEO, timeout);
	set_patience(q, SO_RCVTIMEO, timeout);
	bool fine = !quick_site_is_tls(q->site) || greet(q);

	set_patience(q, SO_RCVTIMEO, LOOK);
	return fine;
}

/* ---- bytes ------------------------------------------------------------- */

static bool send_all(struct quick *q, str bytes)
{
	while (bytes.n) {
		ssize_t n = q->ssl ? q->s->SSL_write(q->ssl, bytes.p, (int)bytes.n)
				   : send(q->fd, bytes.p, bytes.n, MSG_NOSIGNAL);

		if (n <= 0 && !(n < 0 && !q->ssl && errno == EINTR))
			return false;
		if (n > 0)
			bytes = str_from(bytes, (size_t)n);
	}
	return true;
}

/* `*again`: nothing came for a while, or something that is no data yet. */
static size_t read_some(struct quick *q, char *to, size_t max, bool *again)
{
	ssize_t n;

	errno = 0;
	if (!q->ssl) {
		n = recv(q->fd, to, max, 0);
		*again = n < 0 && (errno == EAGAIN || errno == EINTR);
	} else {
		n = q->s->SSL_read(q->ssl, to, (int)max);
		*again = n <= 0 && q->s->SSL_get_error(q->ssl, (int)n) == SSL_ERROR_WANT_READ;
	}
	return n > 0 ? (size_t)n : 0;
}

/* False: nothing more comes, or the time of the call that is waited for is over. */
static bool read_more(struct quick *q, const struct quick_call *c)
{
	char piece[PIECE];
	bool again = true;

	while (again) {
		if (clock_mono() >= c->until || (c->cancel && atomic_load(c->cancel)))
			return false;
		size_t n = read_some(q, piece, sizeof piece, &again);

		if (n) {
			buf_bytes(&q->in, piece, n);
			return true;
		}
	}
	return false;
}

static void take(struct quick *q, size_t n)
{
	memmove(q->in.p, q->in.p + n, q->in.n - n);
	q->in.n -= n;
}

/* ---- a request --------------------------------------------------------- */

/* Where it is written as it stands. */
static bool is_target(str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~' || text.p[i] == '#')
			return false;
	return str_starts(text, S("/"));
}

static bool is_plain(str text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 127)
			return false;
	return true;
}

static bool add_line(struct buf *b, str name, str value)
{
	buf_addf(b, "%.*s: %.*s\r\n", STR_ARG(name), STR_ARG(value));
	return is_plain(name) && is_plain(value);
}

static bool add_login(struct buf *b, const struct net_request *r)
{
	CLEANUP(buf_release) struct buf login = BUF_INIT;

	if (client_has_header(r, S("Authorization")))
		return true;
	if (r->token.n) {
		buf_addf(b, "Authorization: Bearer %.*s\r\n", STR_ARG(r->token));
	} else if (r->user.n || r->password.n) {
		buf_addf(&login, "%.*s:%.*s", STR_ARG(r->user), STR_ARG(r->password));
		buf_add(b, S("Authorization: Basic "));
		base64_write(b, buf_str(&login), BASE64_STD);
		buf_add(b, S("\r\n"));
	}
	return is_plain(r->token);
}

static bool write_request(const struct quick *q, const struct net_request *r, struct buf *b)
{
	str target = str_from(r->url, q->site->server.n);
	str method = r->method.n ? r->method : S("GET");
	bool sends = r->body.n || str_eq(method, S("POST")) || str_eq(method, S("PUT")) ||
		     str_eq(method, S("PATCH"));
	bool fine = is_target(target);

	buf_addf(b, "%.*s %.*s HTTP/1.1\r\n", STR_ARG(method), STR_ARG(target));
	fine &= add_line(b, S("Host"), q->site->url.host);
	for (size_t i = 0; i < r->headers_n; i++)
		fine &= add_line(b, r->headers[i].name, r->headers[i].value);
	fine &= add_login(b, r);
	if (sends)
		buf_addf(b, "Content-Length: %zu\r\n", r->body.n);
	buf_add(b, S("\r\n"));
	buf_add(b, r->body);
	return fine && !b->full;
}

static struct quick_call *new_call(const struct net_request *r)
{
	struct quick_call *c = mem_calloc(1, sizeof *c);

	c->max_body = r->max_body ? r->max_body : NET_BODY_MAX;
	c->until = clock_after(clock_mono(), r->timeout > 0 ? r->timeout : NET_TIMEOUT);
	c->cancel = r->cancel;
	c->bodyless = str_eq(r->method, S("HEAD"));
	c->answer = (struct net_response)NET_RESPONSE_INIT;
	c->answer.body.max = c->max_body < BUF_MAX ? c->max_body + 1 : BUF_MAX;
	return c;
}

struct quick_call *quick_start(struct quick *q, const struct net_request *r)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(ALONE_MAX);
	struct quick_call *c = NULL;
	struct pipe_guard guard;

	if (!str_starts(r->url, q->site->server) || !write_request(q, r, &b))
		return NULL;
	guard_begin(q, &guard);
	pthread_mutex_lock(&q->lock);
	bool room = !q->broken && (b.n <= REQUEST_MAX ? q->calls < CALLS_MAX : !q->calls);

	if (room && (!open_connection(q, r->timeout) || !send_all(q, buf_str(&b)))) {
		q->broken = true;
		if (q->o)	/* or others would take its errors for theirs */
			q->o->ERR_clear_error();
	}
	if (room && !q->broken) {
		c = new_call(r);
		*q->end = c;
		q->end = &c->next;
		q->calls++;
	}
	pthread_mutex_unlock(&q->lock);
	guard_end(q, &guard);
	return c;
}

/* ---- an answer --------------------------------------------------------- */

/* Strict, as what is unclear is asked again. */
static bool read_field(struct quick *q, str line, struct head *h)
{
	str name, value;

	if (!str_split(line, ':', &name, &value) || !name.n || !is_plain(name) ||
	    name.p[name.n - 1] == ' ' || name.p[0] == ' ')
		return false;
	value = str_trim(value);
	if (!is_plain(value))
		return false;
	if (str_eq_nocase(name, S("content-length"))) {
		if (h->sized || !str_to_u64(value, &h->length))
			return false;
		h->sized = true;
	} else if (str_eq_nocase(name, S("transfer-encoding"))) {
		if (h->chunked || !str_eq_nocase(value, S("chunked")))
			return false;
		h->chunked = true;
	} else if (str_eq_nocase(name, S("connection"))) {
		q->last |= !str_eq_nocase(value, S("keep-alive"));
	} else if (str_eq_nocase(name, S("content-encoding"))) {
		return str_eq_nocase(value, S("identity"));
	}
	return true;
}

static bool read_fields(struct quick *q, struct quick_call *c, str text, struct head *h)
{
	struct arena *a = &c->answer.mem;
	VEC(struct net_header) list = { 0 };
	size_t end;

	while (text.n && (end = str_find(text, S("\r\n"))) != STR_NPOS) {
		str line = arena_str(a, str_sub(text, 0, end)), name, value;

		text = str_from(text, end + 2);
		if (!line.n)
			break;
		if (list.n >= NET_HEADERS_COUNT_MAX || !read_field(q, line, h))
			return false;
		str_split(line, ':', &name, &value);
		avec_push(a, &list, (struct net_header){ name, str_trim(value) });
	}
	c->answer.headers = list.p;
	c->answer.headers_n = list.n;
	return !(h->chunked && h->sized);
}

/* "HTTP/1.1 200 OK" and what follows, up to the blank line. */
static bool read_head(struct quick *q, struct quick_call *c, const struct quick_call *waits,
		      struct head *h)
{
	size_t end, from = 0, line;
	uint64_t status;

	while ((end = http1_find_end(buf_str(&q->in), from)) == 0) {
		from = q->in.n > 3 ? q->in.n - 3 : 0;
		if (q->in.n > HTTP1_HEAD_MAX || !read_more(q, waits))
			return false;
	}
	if (end == HTTP1_BAD)
		return false;
	str text = str_sub(buf_str(&q->in), 0, end);

	line = str_find(text, S("\r\n"));
	if (!str_starts(text, S("HTTP/1.1 ")) || line < 12 || line == STR_NPOS ||
	    !str_to_u64(str_sub(text, 9, 12), &status) || status < 200 || status > 599 ||
	    (status >= 300 && status < 400))
		return false;
	h->status = (int)status;
	c->answer.reason = arena_str(&c->answer.mem, str_trim(str_sub(text, 12, line)));
	bool fine = read_fields(q, c, str_from(text, line + 2), h);

	take(q, end);
	return fine;
}

static bool read_chunks(struct quick *q, const struct quick_call *waits, struct buf *body)
{
	struct http1_chunks chunks = { 0 };

	for (;;) {
		str in = buf_str(&q->in);
		int how = http1_chunks_take(&chunks, &in, body);

		take(q, q->in.n - in.n);
		if (how != HTTP1_MORE)
			return how == HTTP1_DONE;
		if (!read_more(q, waits))
			return false;
	}
}

static bool read_sized(struct quick *q, const struct quick_call *waits, uint64_t length,
		       struct buf *body)
{
	while (length) {
		size_t n = q->in.n < length ? q->in.n : (size_t)length;

		buf_bytes(body, q->in.p, n);
		take(q, n);
		length -= n;
		if (body->full || (length && !read_more(q, waits)))
			return false;
	}
	return true;
}

/* The answer to `c`, while that to `waits` is waited for. */
static bool read_answer(struct quick *q, struct quick_call *c, const struct quick_call *waits)
{
	struct head h = { 0 };

	if (q->last || !read_head(q, c, waits, &h))
		return false;
	c->answer.status = h.status;
	c->answer.version = 11;
	if (h.status == 204 || c->bodyless)
		return true;
	if (h.chunked)
		return read_chunks(q, waits, &c->answer.body);
	return h.sized && h.length <= c->max_body &&
	       read_sized(q, waits, h.length, &c->answer.body);
}

/* Up to the answer of `c`; what comes before it is another call's. */
static bool read_until(struct quick *q, struct quick_call *c)
{
	while (!c->done && !q->broken) {
		struct quick_call *next = q->first;

		if (!next || !read_answer(q, next, c)) {
			q->broken = true;
			break;
		}
		next->done = true;
		q->first = next->next;
		if (!q->first)
			q->end = &q->first;
		q->calls--;
	}
	return c->done;
}

static void forget(struct quick *q, struct quick_call *c)
{
	struct quick_call **at = &q->first;

	while (*at && *at != c)
		at = &(*at)->next;
	if (*at)
		*at = c->next;
	for (q->end = &q->first; *q->end; q->end = &(*q->end)->next)
		;
}

bool quick_wait(struct quick *q, struct quick_call *c, struct net_response *out)
{
	struct pipe_guard guard;

	guard_begin(q, &guard);
	pthread_mutex_lock(&q->lock);
	bool done = read_until(q, c);

	if (!done) {
		forget(q, c);
		if (q->o)
			q->o->ERR_clear_error();
	}
	pthread_mutex_unlock(&q->lock);
	guard_end(q, &guard);
	if (done)
		*out = c->answer;
	else
		net_response_release(&c->answer);
	free(c);
	return done;
}

/* ---- an answer that goes on ---------------------------------------------- */

bool quick_head(struct quick *q, struct quick_call *c, const struct net_response **out)
{
	struct pipe_guard guard;

	guard_begin(q, &guard);
	bool fine = read_head(q, c, c, &c->head) && (c->head.chunked || c->head.sized);

	guard_end(q, &guard);
	if (!fine)
		return false;
	c->answer.status = c->head.status;
	c->answer.version = 11;
	c->until = INT64_MAX;
	set_patience(q, SO_RCVTIMEO, 0);
	keep_alive(q);
	*out = &c->answer;
	return true;
}

/* What has been read already; how it goes on, as http1_chunks_take. */
static int take_piece(struct quick *q, struct quick_call *c, struct buf *piece)
{
	str in = buf_str(&q->in);
	int how;

	if (c->head.chunked) {
		how = http1_chunks_take(&c->chunks, &in, piece);
	} else {
		str mine = str_sub(in, 0, c->head.length);

		buf_add(piece, mine);
		in = str_from(in, mine.n);
		c->head.length -= mine.n;
		how = c->head.length ? HTTP1_MORE : HTTP1_DONE;
	}
	take(q, q->in.n - in.n);
	return how;
}

bool quick_more(struct quick *q, struct quick_call *c, struct buf *piece, bool *whole)
{
	struct pipe_guard guard;
	int how;

	buf_clear(piece);
	guard_begin(q, &guard);
	while ((how = take_piece(q, c, piece)) == HTTP1_MORE && !piece->n && read_more(q, c))
		;
	guard_end(q, &guard);
	*whole = how == HTTP1_DONE;
	return piece->n;
}

void quick_end(struct quick *q, struct quick_call *c)
{
	pthread_mutex_lock(&q->lock);
	q->broken = true;
	forget(q, c);
	pthread_mutex_unlock(&q->lock);
	if (q->o)
		q->o->ERR_clear_error();
	net_response_release(&c->answer);
	free(c);
}

void quick_stop(struct quick *q)
{
	pthread_mutex_lock(&q->lock);
	q->broken = true;
	if (q->fd >= 0)
		shutdown(q->fd, SHUT_RDWR);
	pthread_mutex_unlock(&q->lock);
}

bool quick_is_broken(struct quick *q)
{
	pthread_mutex_lock(&q->lock);
	bool broken = q->broken;

	pthread_mutex_unlock(&q->lock);
	return broken;
}

bool quick_is_idle(struct quick *q)
{
	pthread_mutex_lock(&q->lock);
	bool idle = q->fd >= 0 && !q->broken && !q->last && !q->calls && !q->in.n;

	pthread_mutex_unlock(&q->lock);
	return idle;
}

bool quick_is_alive(struct quick *q)
{
	struct pollfd p = { .fd = q->fd, .events = POLLIN | POLLRDHUP };

	return quick_is_idle(q) && poll(&p, 1, 0) == 0;
}

/* ---- making ------------------------------------------------------------ */

struct quick *quick_new(struct quick_site *site)
{
	struct quick *q = mem_calloc(1, sizeof *q);

	q->site = site;
	q->fd = -1;
	q->end = &q->first;
	pthread_mutex_init(&q->lock, NULL);
	return q;
}

void quick_free(struct quick *q)
{
	if (!q)
		return;
	if (q->ssl)
		q->s->SSL_free(q->ssl);
	if (q->fd >= 0)
		close(q->fd);
	buf_release(&q->in);
	pthread_mutex_destroy(&q->lock);
	free(q);
}
