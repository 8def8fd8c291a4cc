/* What an API server answers that may be somebody else's: a status, the size of pieces, and
 * a body, the same to every request. */
#include "base/clock.h"
#include "base/die.h"
#include "client/client.h"
#include "client/discovery.h"
#include "client/live_impl.h"

struct fake {
	int status;
	size_t piece;
	str body;
	unsigned left;		/* requests until it breaks */
};

static void *start(void *ctx, const struct client_request *r)
{
	(void)r;
	return ctx;
}

static err *wait(void *ctx, void *handle, struct client_answer *out)
{
	struct fake *f = ctx;

	(void)handle;
	if (!f->left)
		return err_new(ERR_UNAVAILABLE, "gone");
	f->left--;
	out->status = f->status;
	buf_add(&out->body, f->body);
	return NULL;
}

static void *stream(void *ctx, const struct client_request *r, const struct client_stream *s)
{
	struct fake *f = ctx;
	bool go = true;

	(void)r;
	s->on_head(s->ctx, f->status);
	for (str rest = f->body; rest.n && go; rest = str_from(rest, f->piece))
		go = s->on_data(s->ctx, str_sub(rest, 0, f->piece));
	s->on_end(s->ctx, NULL);
	return ctx;
}

static void stop(void *ctx, void *handle)
{
	(void)ctx;
	(void)handle;
}

static void release(void *ctx)
{
	(void)ctx;
}

static void on_event(void *ctx, str type, node object)
{
	(void)ctx;
	(void)type;
	for (enum live_keep keep = LIVE_META; keep <= LIVE_WHOLE; keep++)
		live_item_free(live_item_new(object, keep));
}

static void on_end(void *ctx, const err *why)
{
	(void)ctx;
	(void)why;
}

static err *visit(void *ctx, const struct client_resource *r, bool deletable)
{
	(void)ctx;
	(void)deletable;
	return r->plural.p || !r->plural.n ? NULL : err_new(ERR_INTERNAL, "no name");
}

static void ask(struct client *c, struct arena *a)
{
	static const struct client_resource pods = { STR_NONE, S("v1"), S("pods"), S("Pod"), true };
	const struct client_watch_options o = { .on_event = on_event, .on_end = on_end };
	const struct client_resource *found;
	struct discovery *d = discovery_new(c);
	node n;
	err *e = client_list(c, a, &pods, STR_NONE, STR_NONE, STR_NONE, &n);

	if (!e)
		node_each_item(i, node_get(n, S("items")))
			on_event(NULL, STR_NONE, *i);
	else
		client_status_reason(a, e);
	err_free(e);
	client_watch_stop(client_watch_start(c, &pods, &o));
	err_free(discovery_name(d, S("po"), &found));
	err_free(discovery_each(d, visit, NULL));
	err_free(discovery_server(d, &n));
	discovery_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 200, 200, 200, 403, 404, 409, 422, 500 };
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)256 << 20);

	if (size < 2)
		return 0;
	struct fake f = { .status = statuses[data[0] % 8],
			  .piece = 1 + data[1],
			  .body = str_of((const char *)data + 2, size - 2),
			  .left = 16 };
	CLEANUP(client_drop)
	struct client *c = client_new_over(
		&(struct client_transport){ start, wait, stream, stop, release, &f });

	ask(c, &a);
	return 0;
}
