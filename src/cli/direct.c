#include "cli/direct.h"

#include <stdlib.h>

#include "base/vec.h"

#define ACCOUNT S("system:serviceaccount:")

struct call {
	struct arena mem;
	struct server_answer answer;
};

/* The groups that the API server gives a service account, or any user. */
static struct request_user user_of(struct arena *a, const struct client_request *r)
{
	str *groups = arena_array(a, str, r->as_groups_n + 3);
	size_t n = r->as_groups_n;
	str rest = r->as, namespace;

	for (size_t i = 0; i < n; i++)
		groups[i] = r->as_groups[i];
	if (!n && str_take_str(&rest, ACCOUNT) && str_cut(&rest, &namespace, ':')) {
		groups[n++] = S("system:serviceaccounts");
		groups[n++] = arena_cat(a, S("system:serviceaccounts:"), namespace);
	}
	groups[n++] = S("system:authenticated");
	return (struct request_user){ .name = r->as, .groups = groups, .groups_n = n };
}

static struct server_ask ask_of(struct arena *a, const struct client_request *r)
{
	static const str masters[] = { S("system:masters"), S("system:authenticated") };

	return (struct server_ask){
		.method = r->method.n ? r->method : S("GET"),
		.path = arena_cat(a, r->path, r->query.n ? S("?") : STR_NONE, r->query),
		.type = r->content_type,
		.accept = r->accept,
		.agent = S("rill/" RILL_VERSION),
		.body = r->body,
		.user = r->as.n ? user_of(a, r)
				: (struct request_user){ .name = S("admin"),
							 .groups = masters,
							 .groups_n = 2 },
	};
}

static void *start(void *ctx, const struct client_request *r)
{
	struct call *c = mem_calloc(1, sizeof *c);
	struct server_ask ask = ask_of(&c->mem, r);

	server_call(ctx, &c->mem, &ask, &c->answer);
	return c;
}

static err *finish(void *ctx, void *handle, struct client_answer *out)
{
	struct call *c = handle;

	(void)ctx;
	out->status = c->answer.code;
	buf_add(&out->body, c->answer.body);
	arena_release(&c->mem);
	free(c);
	return buf_check(&out->body, "the server's answer");
}

/* ---- watches ----------------------------------------------------------- */

struct stream {
	struct client_stream to;
	struct server_watch *watch;	/* NULL: it was refused */
	struct buf line;
	bool cut;			/* the receiver wants no more */
};

static void on_event(void *ctx, str type, str object)
{
	struct stream *s = ctx;

	if (s->cut)
		return;
	buf_clear(&s->line);
	buf_addf(&s->line, "{\"type\":\"%.*s\",\"object\":%.*s}\n", STR_ARG(type), STR_ARG(object));
	if (s->to.on_data(s->to.ctx, buf_str(&s->line)))
		return;
	CLEANUP(err_drop) err *why = err_new(ERR_CANCELED, "context canceled");

	s->cut = true;
	s->to.on_end(s->to.ctx, why);
}

static void on_ended(void *ctx)
{
	struct stream *s = ctx;

	if (!s->cut)
		s->to.on_end(s->to.ctx, NULL);
}

static void *stream(void *ctx, const struct client_request *r, const struct client_stream *to)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct stream *s = mem_calloc(1, sizeof *s);
	struct server_ask ask = ask_of(&a, r);
	struct server_answer answer;
	const struct server_watcher w = { on_event, on_ended, s };

	s->to = *to;
	s->line = (struct buf)BUF_INIT;
	/* Before any event can come. */
	s->to.on_head(s->to.ctx, 200);
	server_watch(ctx, &a, &ask, &w, &s->watch, &answer);
	if (!s->watch) {
		s->to.on_head(s->to.ctx, answer.code);
		s->to.on_data(s->to.ctx, answer.body);
		s->to.on_end(s->to.ctx, NULL);
	}
	return s;
}

static void stop(void *ctx, void *handle)
{
	struct stream *s = handle;

	(void)ctx;
	server_unwatch(s->watch);
	buf_release(&s->line);
	free(s);
}

static void release(void *ctx)
{
	(void)ctx;
}

struct client *direct_client(struct server *s)
{
	return client_new_over(
		&(struct client_transport){ start, finish, stream, stop, release, s });
}
