/* watch - streams: events, one JSON object a line, and plain bytes. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "client/client_impl.h"
#include "value/json.h"

/* An event holds one object, with its last state where it was deleted. */
enum { EVENT_MAX = 8 << 20 };

struct client_watch {
	struct client *client;
	struct arena mem;		/* holds the request */
	struct client_watch_options options;
	struct arena event;		/* of one event */
	struct buf line;		/* what is not a whole line yet */
	struct buf refusal;		/* body of an answer that is no stream */
	int status;
	void *handle;
};

static err *deliver(struct client_watch *w, str line)
{
	node event;

	arena_clear(&w->event);
	TRY(json_read(&w->event, line, NULL, &event));
	node object = node_get(event, S("object"));

	if (!node_is(object, NODE_MAP))
		return err_new(ERR_INVALID, "an event without an object");
	w->options.on_event(w->options.ctx, node_str(node_get(event, S("type"))), object);
	return NULL;
}

static void on_head(void *ctx, int status)
{
	struct client_watch *w = ctx;

	w->status = status;
	client_count(w->client, S("GET"), status);
}

static bool on_data(void *ctx, str piece)
{
	struct client_watch *w = ctx;
	size_t end;

	if (w->status >= 400) {
		buf_add(&w->refusal, piece);
		return !w->refusal.full;
	}
	while ((end = str_find_char(piece, '\n')) != STR_NPOS) {
		str line = str_sub(piece, 0, end);
		err *e;

		piece = str_from(piece, end + 1);
		if (w->line.n) {
			buf_add(&w->line, line);
			if (w->line.full)
				return false;	/* the end says so */
			e = deliver(w, buf_str(&w->line));
			buf_clear(&w->line);
		} else {
			e = line.n ? deliver(w, line) : NULL;
		}
		if (e) {
			err_free(e);
			return false;	/* the end says that the stream was cut */
		}
	}
	buf_add(&w->line, piece);
	return !w->line.full;
}

static void on_end(void *ctx, const err *why)
{
	struct client_watch *w = ctx;
	CLEANUP(err_drop) err *own = NULL;

	if (!w->status)
		client_count(w->client, S("GET"), 0);
	if (!why && w->status >= 400)
		why = own = client_status_error(w->status, buf_str(&w->refusal));
	else if (w->line.full)
		why = own = err_new(ERR_INVALID, "an event is larger than %d bytes", EVENT_MAX);
	w->options.on_end(w->options.ctx, why);
}

#define PARTIAL "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"

struct client_watch *client_watch_start(struct client *c, const struct client_resource *r,
					const struct client_watch_options *o)
{
	struct client_watch *w = mem_calloc(1, sizeof *w);
	struct arena *a = &w->mem;
	const struct client_stream s = { on_head, on_data, on_end, w };
	str seconds = o->timeout ? arena_printf(a, "%lld", (long long)(o->timeout / CLOCK_SECOND))
				 : STR_NONE;

	w->client = client_ref(c);
	w->options = *o;
	w->line = (struct buf)BUF_LIMIT(EVENT_MAX);
	w->refusal = (struct buf)BUF_LIMIT(EVENT_MAX);
	struct client_request q = {
		.path = client_path(a, r, o->namespace, STR_NONE, STR_NONE),
		.query = client_query_of(
			a, S("watch"), S("true"), S("labelSelector"), o->selector,
			S("fieldSelector"), o->fields, S("resourceVersion"), o->resource_version,
			S("allowWatchBookmarks"), o->bookmarks ? S("true") : STR_NONE,
			S("sendInitialEvents"), o->initial_events ? S("true") : STR_NONE,
			S("resourceVersionMatch"),
			o->initial_events ? S("NotOlderThan") : STR_NONE, S("timeoutSeconds"),
			seconds),
		.accept = o->metadata ? S(PARTIAL) : STR_NONE,
		.as = c->as,
		.as_groups = c->as_groups,
		.as_groups_n = c->as_groups_n,
	};

	atomic_fetch_add(&c->requests, 1);
	w->handle = c->transport.stream(c->transport.ctx, &q, &s);
	return w;
}

void client_watch_stop(struct client_watch *w)
{
	if (!w)
		return;
	w->client->transport.stop(w->client->transport.ctx, w->handle);
	client_unref(w->client);
	arena_release(&w->event);
	arena_release(&w->mem);
	buf_release(&w->line);
	buf_release(&w->refusal);
	free(w);
}

/* ---- plain streams ----------------------------------------------------- */

struct client_tail {
	struct client *client;
	void *handle;
};

struct client_tail *client_tail_start(struct client *c, const struct client_request *r,
				      const struct client_stream *s)
{
	struct client_tail *t = mem_calloc(1, sizeof *t);
	struct client_request own = *r;

	if (!own.as.n) {
		own.as = c->as;
		own.as_groups = c->as_groups;
		own.as_groups_n = c->as_groups_n;
	}
	t->client = client_ref(c);
	atomic_fetch_add(&c->requests, 1);
	t->handle = c->transport.stream(c->transport.ctx, &own, s);
	return t;
}

void client_tail_stop(struct client_tail *t)
{
	if (!t)
		return;
	t->client->transport.stop(t->client->transport.ctx, t->handle);
	client_unref(t->client);
	free(t);
}
