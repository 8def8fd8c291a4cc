/* Requests and watches of code in the same process. */
#include <stdlib.h>

#include "base/die.h"
#include "server/feed.h"
#include "server/negotiate.h"
#include "server/route.h"
#include "server/server_impl.h"
#include "server/status.h"

static const struct request_user own_user = {
	.name = { "system:apiserver", 16 },
	.groups = (const str[]){ { "system:masters", 14 }, { "system:authenticated", 20 } },
	.groups_n = 2,
};

/* ---- calls ------------------------------------------------------------- */

static void set_headers(struct request *r, const struct server_ask *ask)
{
	struct request_pair *h = arena_array(r->arena, struct request_pair, 3);
	const struct request_pair all[] = {
		{ S("content-type"), ask->type },
		{ S("accept"), ask->accept },
		{ S("user-agent"), ask->agent },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].value.n)
			h[r->headers_n++] = all[i];
	r->headers = h;
}

static err *begin(struct server *s, struct arena *a, const struct server_ask *ask,
		  struct request *r)
{
	request_init(r, s, a);
	r->direct = true;
	r->method = ask->method;
	r->body = ask->body;
	r->user = ask->user.name.n ? ask->user : own_user;
	set_headers(r, ask);
	return route_parse(r, ask->path);
}

/* Move what the request has to the answer. */
static void finish(struct request *r, struct server_answer *out)
{
	struct answer *a = &r->answer;

	*out = (struct server_answer){
		.code = a->code,
		.type = a->type,
		.body = arena_str(r->arena, a->blob ? blob_json(a->blob) : buf_str(&a->body)),
		.warnings = r->warnings.list,
		.warnings_n = r->warnings.n,
	};
	if (a->feed)
		a->feed->end(a->feed);
	request_release(r);
}

void server_call(struct server *s, struct arena *a, const struct server_ask *ask,
		 struct server_answer *out)
{
	struct request r;
	err *e = begin(s, a, ask, &r);

	if (e)
		server_refuse(&r, e);
	else
		server_answer_request(&r);
	finish(&r, out);
}

/* ---- watches ----------------------------------------------------------- */

struct server_watch {
	struct server *s;
	struct watch *watch; /* loop thread */
	struct server_watcher to;
	pthread_mutex_t m;
	pthread_cond_t c;
	bool closed; /* locked by m: nothing is called any more */
};

static void drop(struct server_watch *w)
{
	if (w->watch)
		watch_close(w->watch);
	w->watch = NULL;
}

/* All there is to tell. */
static void tell(void *ctx)
{
	struct server_watch *w = ctx;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	enum watch_got got = WATCH_WAIT;
	str type;

	while (w->watch && (got = watch_next(w->watch, &b, &type)) == WATCH_EVENT) {
		w->to.event(w->to.ctx, type, buf_str(&b));
		buf_clear(&b);
	}
	if (w->watch && got == WATCH_END) {
		drop(w);
		if (w->to.ended)
			w->to.ended(w->to.ctx);
	}
}

static void attach(void *arg)
{
	struct server_watch *w = arg;

	watch_attach(w->watch, w->s->hub, tell, w);
}

static err *open_watch(struct request *r, struct watch **out)
{
	TRY(auth_check(r));
	TRY(route_resolve(r));
	if (!r->kind)
		return status_no_resource();
	TRY(negotiate_accept(r, !r->kind->custom));
	return watch_open(r, out);
}

void server_watch(struct server *s, struct arena *a, const struct server_ask *ask,
		  const struct server_watcher *to, struct server_watch **out,
		  struct server_answer *answer)
{
	struct request r;
	struct watch *watch = NULL;
	err *e = begin(s, a, ask, &r);

	if (!e)
		e = open_watch(&r, &watch);
	*out = NULL;
	if (e) {
		server_refuse(&r, e);
	} else {
		struct server_watch *w = mem_calloc(1, sizeof *w);

		*w = (struct server_watch){ .s = s, .watch = watch, .to = *to };
		pthread_mutex_init(&w->m, NULL);
		pthread_cond_init(&w->c, NULL);
		*out = w;
		loop_post(s->loop, attach, w);
		r.answer.code = 200;
	}
	finish(&r, answer);
}

static void detach(void *arg)
{
	struct server_watch *w = arg;

	drop(w);
	pthread_mutex_lock(&w->m);
	w->closed = true;
	pthread_cond_signal(&w->c);
	pthread_mutex_unlock(&w->m);
}

void server_unwatch(struct server_watch *w)
{
	if (!w)
		return;
	loop_post(w->s->loop, detach, w);
	pthread_mutex_lock(&w->m);
	while (!w->closed)
		pthread_cond_wait(&w->c, &w->m);
	pthread_mutex_unlock(&w->m);
	pthread_mutex_destroy(&w->m);
	pthread_cond_destroy(&w->c);
	free(w);
}
