#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "net/client.h"
#include "net/httpd_impl.h"

enum {
	READ_PIECE = (16 << 10) - 1,	      /* with its NUL a block of 16 KiB */
	IN_MAX = HTTP1_HEAD_MAX + READ_PIECE, /* read ahead of what is used */
	OUT_KEEP = 4 << 10,		      /* a larger buffer is given back when it is empty */
	DRAIN_MAX = 16 << 20,
};

static void wait_for(struct httpd_conn *c, int64_t span)
{
	c->deadline = span ? clock_after(clock_mono(), span) : INT64_MAX;
}

/* ---- bytes ------------------------------------------------------------- */

static long read_some(struct httpd_conn *c, char *to, size_t n)
{
	if (c->tls)
		return tls_read(c->tls, to, n);
	ssize_t got = read(c->fd, to, n);

	return got < 0 && (errno == EAGAIN || errno == EINTR) ? TLS_AGAIN : got < 0 ? TLS_END : got;
}

static long write_some(struct httpd_conn *c, const char *from, size_t n)
{
	if (c->tls)
		return tls_write(c->tls, from, n);
	ssize_t put = send(c->fd, from, n, MSG_NOSIGNAL);

	return put < 0 && (errno == EAGAIN || errno == EINTR) ? TLS_AGAIN_WRITE
	       : put < 0                                      ? TLS_END
							      : put;
}

/* Read what is there; false when nothing came: then there is no buffer either, as most
 * connections wait most of the time. */
static bool fill_in(struct httpd_conn *c)
{
	bool came = false;

	c->read_blocked = false;
	while (!c->no_more && c->in.n < IN_MAX) {
		char *to = buf_reserve(&c->in, READ_PIECE);
		long n = to ? read_some(c, to, READ_PIECE) : TLS_END;

		if (n == TLS_AGAIN_WRITE)
			c->read_blocked = true;
		if (n == TLS_END)
			c->no_more = true;
		if (n <= 0)
			break;
		c->in.n += (size_t)n;
		came = true;
		if (!c->tls && n < READ_PIECE)
			break;
	}
	if (!c->in.n)
		buf_release(&c->in);
	return came;
}

static void use_in(struct httpd_conn *c, size_t n)
{
	if (c->in.n > n)
		memmove(c->in.p, c->in.p + n, c->in.n - n);
	c->in.n -= n;
	if (!c->in.n)
		buf_release(&c->in);
	c->looked = 0;
}

/* Send what is due. True when all of it is out. */
static bool flush(struct httpd_conn *c)
{
	while (c->out_at < c->out.n) {
		long n = write_some(c, c->out.p + c->out_at, c->out.n - c->out_at);

		if (n == TLS_END)
			c->dead = true;
		if (n <= 0)
			return false;
		c->out_at += (size_t)n;
		wait_for(c, c->h->o.limits.write_time);
	}
	c->out_at = 0;
	if (c->out.cap > OUT_KEEP)
		buf_release(&c->out);
	else
		buf_clear(&c->out);
	return true;
}

/* ---- the end ----------------------------------------------------------- */

static void end_stream(struct httpd_conn *c)
{
	struct httpd_stream *s = c->stream;

	if (!s)
		return;
	c->stream = NULL;
	s->source.end(s->source.ctx);
	free(s);
}

static void free_call(struct httpd_call *call)
{
	buf_release(&call->bytes);
	arena_release(&call->arena);
	free(call);
}

static void give_back(struct httpd_conn *c)
{
	c->h->bodies -= c->reserved;
	c->reserved = 0;
}

static void conn_free(struct httpd_conn *c)
{
	struct httpd *h = c->h;

	give_back(c);
	if (c->call && c->state == HTTPD_CALL)
		c->call->conn = NULL; /* the handler still has it */
	else if (c->call)
		free_call(c->call);
	end_stream(c);
	if (c->prev)
		c->prev->next = c->next;
	else
		h->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	h->conns_n--;
	loop_fd_free(c->ready);
	tls_free(c->tls);
	close(c->fd);
	buf_release(&c->in);
	buf_release(&c->out);
	arena_release(&c->arena);
	free(c);
	httpd_conn_gone(h);
}

void httpd_conn_kill(struct httpd_conn *c)
{
	if (c->busy)
		c->dead = true;
	else
		conn_free(c);
}

bool httpd_conn_is_idle(const struct httpd_conn *c)
{
	return c->state == HTTPD_HEAD && !c->call;
}

/* ---- answers ----------------------------------------------------------- */

static void add_header(struct buf *b, str name, str value)
{
	buf_add(b, name);
	buf_add(b, S(": "));
	for (size_t i = 0; i < value.n; i++) /* nothing may end the line */
		buf_addc(b, value.p[i] == '\r' || value.p[i] == '\n' ? ' ' : value.p[i]);
	buf_add(b, S("\r\n"));
}

static void add_head(struct httpd_conn *c, struct arena *a, const struct httpd_reply *r)
{
	str status = net_status(a, r->code);

	buf_addf(&c->out, "HTTP/1.1 %.*s\r\nDate: %s\r\n", STR_ARG(status), httpd_date(c->h));
	if (r->type.n)
		add_header(&c->out, S("Content-Type"), r->type);
	for (size_t i = 0; i < r->headers_n; i++)
		add_header(&c->out, r->headers[i].name, r->headers[i].value);
	if (c->close)
		buf_add(&c->out, S("Connection: close\r\n"));
}

static void add_body(struct httpd_conn *c, const struct httpd_reply *r)
{
	str body = r->take ? buf_str(r->take) : r->body;

	if (r->code != 304 && r->code != 204)
		buf_addf(&c->out, "Content-Length: %zu\r\n", body.n);
	buf_add(&c->out, S("\r\n"));
	if (!c->head_only && r->code != 304 && r->code != 204)
		buf_add(&c->out, body);
	if (r->take)
		buf_release(r->take);
}

/* The call is over for its handler; gives the connection, or NULL. */
static struct httpd_conn *take_call(struct httpd_call *call)
{
	struct httpd_conn *c = call->conn;

	if (c) {
		c->call = NULL;
		give_back(c);
	}
	return c;
}

void httpd_reply(struct httpd_call *call, const struct httpd_reply *r)
{
	struct httpd_conn *c = take_call(call);

	if (c) {
		c->close |= r->close || c->h->stopping || c->no_more;
		add_head(c, &call->arena, r);
		add_body(c, r);
		c->state = HTTPD_REPLY;
	} else if (r->take) {
		buf_release(r->take);
	}
	free_call(call);
	if (c && !c->busy)
		httpd_conn_go(c);
}

struct httpd_stream *httpd_stream(struct httpd_call *call, const struct httpd_reply *r,
				  const struct httpd_source *source)
{
	struct httpd_conn *c = take_call(call);
	struct httpd_stream *s = NULL;

	if (!c || c->h->stopping) {
		source->end(source->ctx);
	} else {
		s = mem_calloc(1, sizeof *s);
		*s = (struct httpd_stream){ c, *source, .chunked = call->head.minor > 0 };
		c->close |= !s->chunked;
		add_head(c, &call->arena, r);
		buf_add(&c->out, s->chunked ? S("Transfer-Encoding: chunked\r\n\r\n") : S("\r\n"));
		c->stream = s;
		c->state = HTTPD_STREAM;
	}
	free_call(call);
	if (c && !s)
		httpd_conn_kill(c);
	else if (c)
		loop_fd_want(c->ready, LOOP_READ | LOOP_WRITE);
	return s;
}

void httpd_wake(struct httpd_stream *s)
{
	if (!s->filling && !s->conn->busy)
		httpd_conn_go(s->conn);
}

/* ---- requests ---------------------------------------------------------- */

/* A refusal by HTTP alone: the connection has lost its thread. */
static void refuse(struct httpd_conn *c, int code)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str status = net_status(&a, code);
	struct httpd_reply r = { .code = code, .type = S("text/plain; charset=utf-8") };

	c->close = true;
	r.body = arena_printf(&a, "%.*s\n", STR_ARG(status));
	add_head(c, &a, &r);
	add_body(c, &r);
	c->state = HTTPD_REPLY;
}

static void hand_over(struct httpd_conn *c)
{
	struct httpd_call *call = c->call;

	call->body = buf_str(&call->bytes);
	c->head_only = str_eq(call->head.method, S("HEAD"));
	c->close |= call->head.close;
	c->state = HTTPD_CALL;
	c->deadline = INT64_MAX;
	c->h->o.handle(c->h->o.ctx, call);
}

static void find_peer(struct httpd_conn *c)
{
	if (c->tls && !c->peer_known)
		c->peer = tls_peer(c->tls, &c->arena, &c->subject);
	c->peer_known = true;
}

/* The head is parsed: what about the body? */
static void begin_body(struct httpd_conn *c)
{
	struct httpd_call *call = c->call;
	const struct httpd_limits *l = &c->h->o.limits;
	size_t need = call->head.chunked ? l->body : (size_t)call->head.length;

	if (!need) {
		hand_over(c);
		return;
	}
	if (call->head.length > l->body) {
		call->too_large = true;
		c->close = true;
		hand_over(c);
		return;
	}
	if (c->h->bodies + need > l->bodies) {
		refuse(c, 429);
		return;
	}
	c->reserved = need;
	c->h->bodies += need;
	call->bytes = (struct buf)BUF_LIMIT(l->body);
	c->chunks = (struct http1_chunks){ 0 };
	c->state = HTTPD_READ_BODY;
	wait_for(c, l->body_time);
	if (call->head.expect)
		buf_add(&c->out, S("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* The connection may go while the call is handled. */
static struct tls_subject copy_subject(struct arena *a, const struct tls_subject *s)
{
	str *organizations = arena_array(a, str, s->organizations_n);

	for (size_t i = 0; i < s->organizations_n; i++)
		organizations[i] = arena_str(a, s->organizations[i]);
	return (struct tls_subject){ .common_name = arena_str(a, s->common_name),
				     .organizations = organizations,
				     .organizations_n = s->organizations_n };
}

/* Take a head off the input, if it is whole. False: wait. */
static bool read_head(struct httpd_conn *c)
{
	size_t n = http1_find_end(buf_str(&c->in), c->looked);

	if (!c->looked && c->in.n)
		wait_for(c, c->h->o.limits.head_time);
	if (n == HTTP1_BAD || n > HTTP1_HEAD_MAX || (!n && c->in.n > HTTP1_HEAD_MAX)) {
		refuse(c, n == HTTP1_BAD ? 400 : 431);
		return true;
	}
	if (!n) {
		c->looked = c->in.n;
		c->dead |= c->no_more;
		return false;
	}
	struct httpd_call *call = mem_calloc(1, sizeof *call);
	str head = arena_str(&call->arena, str_of(c->in.p, n));
	int code = http1_parse((char *)head.p, n, &call->head);

	use_in(c, n);
	c->call = call;
	call->conn = c;
	if (code) {
		refuse(c, code);
		return true;
	}
	find_peer(c);
	call->remote = arena_str(&call->arena, str_c(c->remote));
	call->peer = c->peer;
	if (call->peer == TLS_PEER_KNOWN)
		call->subject = copy_subject(&call->arena, &c->subject);
	begin_body(c);
	return true;
}

static bool read_body(struct httpd_conn *c)
{
	struct httpd_call *call = c->call;
	str in = buf_str(&c->in);
	int code = HTTP1_MORE;

	if (call->head.chunked) {
		code = http1_chunks_take(&c->chunks, &in, &call->bytes);
	} else {
		str part = str_sub(in, 0, (size_t)call->head.length - call->bytes.n);

		buf_add(&call->bytes, part);
		in = str_from(in, part.n);
		if (call->bytes.n == call->head.length)
			code = HTTP1_DONE;
	}
	use_in(c, c->in.n - in.n);
	if (code == HTTP1_MORE) {
		c->dead |= c->no_more;
		return false;
	}
	if (code == 413) {
		buf_clear(&call->bytes);
		call->too_large = true;
		c->close = true;
	} else if (code != HTTP1_DONE) {
		refuse(c, code);
		return true;
	}
	hand_over(c);
	return true;
}

/* The answer is out. False: the connection ends. */
static bool after_reply(struct httpd_conn *c)
{
	if (c->call) { /* refused while it was read */
		give_back(c);
		free_call(c->call);
		c->call = NULL;
	}
	if (!c->close) {
		c->state = HTTPD_HEAD;
		wait_for(c, c->h->o.limits.idle_time);
		return true;
	}
	/* The client may be sending still: a reset would take the answer from it. */
	if (!c->tls)
		shutdown(c->fd, SHUT_WR);
	c->state = HTTPD_DRAIN;
	c->reserved = 0;
	c->looked = 0;
	wait_for(c, 2 * CLOCK_SECOND);
	return true;
}

static bool drain(struct httpd_conn *c)
{
	c->looked += c->in.n;
	buf_release(&c->in);
	c->dead |= c->no_more || c->looked > DRAIN_MAX;
	return false;
}

/* ---- streams ----------------------------------------------------------- */

static void add_chunk(struct httpd_stream *s, struct buf *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	s->filling = true;
	s->over = !s->source.fill(s->source.ctx, &b);
	s->filling = false;
	if (b.n && s->chunked)
		buf_addf(out, "%zx\r\n", b.n);
	buf_add(out, buf_str(&b));
	if (b.n && s->chunked)
		buf_add(out, S("\r\n"));
	if (s->over && s->chunked)
		buf_add(out, S("0\r\n\r\n"));
}

/* Everything is out: more of it. False: wait. */
static bool feed(struct httpd_conn *c)
{
	struct httpd_stream *s = c->stream;

	if (s->over) {
		end_stream(c);
		c->state = HTTPD_REPLY;
		return true;
	}
	if (c->no_more) {
		c->dead = true;
		return false;
	}
	add_chunk(s, &c->out);
	if (!c->out.n && !s->over)
		c->deadline = INT64_MAX;
	return c->out.n || s->over;
}

/* ---- the machine ------------------------------------------------------- */

/* One step; false when there is nothing to do but wait. */
static bool step(struct httpd_conn *c)
{
	if (!flush(c))
		return false;
	switch (c->state) {
	case HTTPD_HEAD:
		return c->in.n || c->no_more ? read_head(c) : false;
	case HTTPD_READ_BODY:
		return read_body(c);
	case HTTPD_REPLY:
		return after_reply(c);
	case HTTPD_STREAM:
		return feed(c);
	case HTTPD_DRAIN:
		return drain(c);
	case HTTPD_CALL:
		break;
	}
	return false;
}

void httpd_conn_finish(struct httpd_conn *c)
{
	if (!c->stream->over && c->stream->chunked)
		buf_add(&c->out, S("0\r\n\r\n"));
	c->stream->over = true;
	c->close = true;
	httpd_conn_go(c);
}

static void want(struct httpd_conn *c)
{
	int what = 0;

	if (!c->no_more && c->in.n < IN_MAX)
		what |= LOOP_READ;
	if (c->out_at < c->out.n || c->read_blocked)
		what |= LOOP_WRITE;
	loop_fd_want(c->ready, what);
}

void httpd_conn_go(struct httpd_conn *c)
{
	c->busy = true;
	while (!c->dead && step(c))
		;
	/* a body may be longer than what is read ahead */
	while (!c->dead && c->state != HTTPD_CALL && c->in.n < IN_MAX && fill_in(c))
		while (!c->dead && step(c))
			;
	if (!c->dead && c->no_more)
		while (!c->dead && step(c))
			;
	c->busy = false;
	if (c->dead)
		conn_free(c);
	else
		want(c);
}

static void conn_ready(void *ctx, int what)
{
	struct httpd_conn *c = ctx;

	if (what == LOOP_READ && (c->state == HTTPD_CALL || c->out_at < c->out.n))
		fill_in(c);
	httpd_conn_go(c);
}

void httpd_conn_new(struct httpd *h, int fd, const char *remote)
{
	struct httpd_conn *c = mem_calloc(1, sizeof *c);

	c->h = h;
	c->fd = fd;
	snprintf(c->remote, sizeof c->remote, "%s", remote);
	c->tls = h->o.tls ? tls_new(h->o.tls, fd) : NULL;
	c->next = h->conns;
	if (h->conns)
		h->conns->prev = c;
	h->conns = c;
	h->conns_n++;
	wait_for(c, h->o.limits.head_time);
	c->ready = loop_fd_new(h->loop, fd, conn_ready, c);
	loop_fd_want(c->ready, LOOP_READ);
}
