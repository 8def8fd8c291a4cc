/* From sockets to requests, and back. */
#include <stdlib.h>

#include "archive/gzip.h"
#include "base/die.h"
#include "base/vec.h"
#include "server/feed.h"
#include "server/route.h"
#include "server/server_impl.h"
#include "server/status.h"

/* As the original: smaller answers go out as they are. */
enum { GZIP_FROM = 128 << 10, GZIP_LEVEL = 1 };

struct job {
	struct server *s;
	struct httpd_call *call;
	struct request r;
	bool gzip;
};

/* ---- the answer -------------------------------------------------------- */

static void compress(struct job *j)
{
	struct buf out = BUF_INIT;
	struct buf *body = &j->r.answer.body;

	if (body->n < GZIP_FROM || !str_has(request_header(&j->r, S("accept-encoding")), S("gzip")))
		return;
	err *e = gzip_write(buf_str(body), GZIP_LEVEL, &out);

	if (e) {
		err_free(e);
		buf_release(&out);
		return;
	}
	buf_release(body);
	*body = out;
	j->gzip = true;
}

/* The bytes that are sent: the same for all forms of answers. */
static void assemble(struct job *j)
{
	struct answer *a = &j->r.answer;

	if (a->blob) {
		buf_add(&a->body, blob_json(a->blob));
		buf_addc(&a->body, '\n');
		blob_unref(a->blob);
		a->blob = NULL;
	}
	if (!a->feed)
		compress(j);
}

static str warning_text(struct arena *a, str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, S("299 - \""));
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_addc(&b, '\\');
		buf_addc(&b, text.p[i]);
	}
	buf_addc(&b, '"');
	return arena_str(a, buf_str(&b));
}

static size_t headers(struct job *j, struct http1_header **out)
{
	struct request *r = &j->r;
	size_t n = 0;
	struct http1_header *h =
		arena_array(r->arena, struct http1_header, r->answer.headers_n + r->warnings.n + 3);
	bool cached = false;

	for (size_t i = 0; i < r->answer.headers_n; i++) {
		cached |= str_eq_nocase(r->answer.headers[i].key, S("Cache-Control"));
		h[n++] = (struct http1_header){ r->answer.headers[i].key,
						r->answer.headers[i].value };
	}
	if (!cached)
		h[n++] = (struct http1_header){ S("Cache-Control"), S("no-cache, private") };
	if (j->gzip) {
		h[n++] = (struct http1_header){ S("Content-Encoding"), S("gzip") };
		h[n++] = (struct http1_header){ S("Vary"), S("Accept-Encoding") };
	}
	for (size_t i = 0; i < r->warnings.n; i++)
		h[n++] = (struct http1_header){ S("Warning"),
						warning_text(r->arena, r->warnings.list[i]) };
	*out = h;
	return n;
}

/* ---- streams ----------------------------------------------------------- */

struct source {
	struct feed *feed;
	struct httpd_stream *out;
};

static bool feed_fill(void *ctx, struct buf *b)
{
	struct source *f = ctx;

	return f->feed->fill(f->feed, b);
}

static void feed_end(void *ctx)
{
	struct source *f = ctx;

	f->feed->end(f->feed);
	free(f);
}

static void feed_wake(void *ctx)
{
	struct source *f = ctx;

	httpd_wake(f->out);
}

/* Where the client is gone the source has been ended, and is not touched any more. */
static void send_stream(struct job *j, const struct httpd_reply *reply)
{
	struct source *f = mem_calloc(1, sizeof *f);
	struct feed *s = j->r.answer.feed;

	f->feed = s;
	j->r.answer.feed = NULL;
	request_release(&j->r);	/* before the arena goes with the call */
	struct httpd_stream *out = httpd_stream(
		j->call, reply,
		&(struct httpd_source){ .fill = feed_fill, .end = feed_end, .ctx = f });

	if (!out)
		return;
	f->out = out;
	if (s->start)
		s->start(s, feed_wake, f);
}

/* Loop thread. The request lives in the call's arena. */
static void send_answer(void *arg)
{
	struct job *j = arg;
	struct httpd_reply reply = { .code = j->r.answer.code, .type = j->r.answer.type };
	struct http1_header *list;

	reply.headers_n = headers(j, &list);
	reply.headers = list;
	reply.close = j->call->too_large;
	if (j->r.answer.feed) {
		if (!reply.type.n)
			reply.type = S("application/json");
		send_stream(j, &reply);
	} else {
		struct buf body = j->r.answer.body;

		j->r.answer.body = (struct buf)BUF_INIT;
		request_release(&j->r);
		reply.take = &body;
		httpd_reply(j->call, &reply);
	}
	free(j);
}

/* ---- the request ------------------------------------------------------- */

static void take_headers(struct request *r, const struct http1_head *h)
{
	struct request_pair *p = arena_array(r->arena, struct request_pair, h->headers_n);

	for (size_t i = 0; i < h->headers_n; i++)
		p[i] = (struct request_pair){ h->headers[i].name, h->headers[i].value };
	r->headers = p;
	r->headers_n = h->headers_n;
}

static err *identify(struct job *j)
{
	TRY(route_parse(&j->r, j->call->head.target));
	TRY(auth_identify(&j->r, j->call->peer, &j->call->subject));
	if (j->call->too_large)
		return status_too_large();
	return NULL;
}

static void run_job(void *arg)
{
	struct job *j = arg;
	err *e = auth_impersonate(&j->r);

	if (e)
		server_refuse(&j->r, e);
	else
		server_answer_request(&j->r);
	assemble(j);
	loop_post(j->s->loop, send_answer, j);
}

static void too_busy(struct job *j)
{
	server_refuse(&j->r,
		      status_too_many(1, "the server has too many requests to answer, please "
					 "try again later"));
	assemble(j);
	send_answer(j);
}

static bool impersonates(const struct request *r)
{
	for (size_t i = 0; i < r->headers_n; i++)
		if (str_starts(r->headers[i].key, S("impersonate-")))
			return true;
	return false;
}

void server_handle(void *server, struct httpd_call *call)
{
	struct server *s = server;
	struct job *j = mem_calloc(1, sizeof *j);

	j->s = s;
	j->call = call;
	request_init(&j->r, s, &call->arena);
	j->r.method = call->head.method;
	j->r.body = call->body;
	take_headers(&j->r, &call->head);
	err *e = identify(j);

	if (e)
		server_refuse(&j->r, e);
	if (e || (!impersonates(&j->r) && server_answer_quick(&j->r))) {
		assemble(j);
		send_answer(j);
		return;
	}
	if (!workers_try_submit(s->workers, (struct work){ .run = run_job, .arg = j }))
		too_busy(j);
}
