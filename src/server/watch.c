#include "server/watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rand.h"
#include "base/vec.h"
#include "kube/canon.h"
#include "net/httpd.h"
#include "server/feed.h"
#include "server/object.h"
#include "server/options.h"
#include "server/server.h"
#include "server/status.h"
#include "server/store.h"
#include "server/view.h"
#include "server/watch_impl.h"

/* As the original: a watch without a timeout lasts 30 to 60 minutes. */
enum { TIMEOUT_MIN = 1800, BATCH = 32 };
#define BOOKMARK_TIME CLOCK_MINUTE

struct watch {
	struct server *server;
	struct arena arena;   /* of what it was asked */
	struct arena scratch; /* of one event */
	const struct kind *kind;
	struct store_table *table;
	struct options_list options;
	struct request_accept accept;
	enum table_include include;
	str namespace, name; /* empty: all */
	bool told_columns;

	struct store_list initial; /* what is there at first */
	size_t initial_at;
	bool end_mark; /* a bookmark is due behind it */
	uint64_t rv;   /* all up to it was told */
	struct store_event batch[BATCH];
	size_t batch_at, batch_n;
	uint64_t batch_upto;
	bool began;  /* changes were asked for: its number is no number of the past */
	bool ending; /* behind what is at hand */
	bool marked; /* nothing was told since the bookmark behind the initial events */
	err *error;  /* to be told at the end */

	int64_t deadline, bookmark_at; /* clock_mono */
	struct watch_link link;
};

/* ---- opening ----------------------------------------------------------- */

static str keep(struct watch *w, str s)
{
	return arena_str(&w->arena, s);
}

static void keep_options(struct watch *w, const struct request *r)
{
	/* parsed again into the memory of the watch; it went well the first time */
	struct request copy = *r;

	copy.arena = &w->arena;
	struct request_pair *query = arena_array(&w->arena, struct request_pair, r->query_n);

	for (size_t i = 0; i < r->query_n; i++)
		query[i] = (struct request_pair){ keep(w, r->query[i].key),
						  keep(w, r->query[i].value) };
	copy.query = query;
	err_free(options_list(&copy, true, &w->options));
	w->accept = r->accept;
	w->accept.version = keep(w, r->accept.version);
	w->namespace = keep(w, r->namespace);
	w->name = keep(w, r->name);
}

static void set_times(struct watch *w)
{
	int64_t now = clock_mono(), seconds = w->options.timeout;

	if (seconds <= 0)
		seconds = TIMEOUT_MIN + (int64_t)rand_below(TIMEOUT_MIN);
	if (seconds > INT32_MAX)
		seconds = INT32_MAX;
	w->deadline = clock_after(now, seconds * CLOCK_SECOND);
	w->bookmark_at = w->options.bookmarks ? clock_after(now, BOOKMARK_TIME) : INT64_MAX;
}

/* The objects that are there now, and the place behind them. */
static void take_initial(struct watch *w)
{
	store_list(server_store(w->server), w->table,
		   &(struct store_range){ .namespace = w->namespace }, &w->initial);
	w->rv = w->initial.rv;
}

static err *find_place(struct watch *w)
{
	const struct options_list *o = &w->options;
	struct store *s = server_store(w->server);
	uint64_t current = store_rv(s);

	if (o->version > current)
		return status_future(o->version, current);
	if (o->initial_given) {
		if (o->initial)
			take_initial(w);
		else
			w->rv = o->version ? o->version : current;
		w->end_mark = o->initial && o->bookmarks;
	} else if (!o->version) {
		take_initial(w);
	} else {
		w->rv = o->version;
	}
	return NULL;
}

err *watch_open(struct request *r, struct watch **out)
{
	struct options_list checked;
	enum table_include include = TABLE_METADATA;

	TRY(options_list(r, true, &checked));
	if (r->accept.shape == REQUEST_TABLE)
		TRY(view_include(r, &include));
	struct watch *w = mem_calloc(1, sizeof *w);

	w->server = r->server;
	w->kind = kind_ref(r->kind);
	w->table = server_table(r->server, r->kind);
	w->include = include;
	keep_options(w, r);
	set_times(w);
	err *e = find_place(w);

	if (e) {
		watch_close(w);
		return e;
	}
	*out = w;
	return NULL;
}

void watch_close(struct watch *w)
{
	watch_unlink(&w->link);
	store_list_release(&w->initial);
	for (size_t i = w->batch_at; i < w->batch_n; i++)
		store_event_release(&w->batch[i]);
	err_free(w->error);
	kind_unref(w->kind);
	arena_release(&w->arena);
	arena_release(&w->scratch);
	free(w);
}

/* ---- events ------------------------------------------------------------ */

static bool chooses(struct watch *w, const struct blob *b)
{
	if (w->namespace.n && !str_eq(blob_namespace(b), w->namespace))
		return false;
	if (w->name.n && !str_eq(blob_name(b), w->name))
		return false;
	return options_choose_blob(&w->scratch, &w->options, w->kind, b);
}

static void tell(struct watch *w, struct buf *b, const struct blob *blob)
{
	view_event(b, &w->scratch,
		   &(struct view_event){ .kind = w->kind,
					 .accept = &w->accept,
					 .include = w->include,
					 .first = !w->told_columns },
		   blob);
	w->told_columns = true;
}

static void print_bookmark(struct watch *w, struct buf *b, node object)
{
	struct table t;

	switch ((enum request_shape)w->accept.shape) {
	case REQUEST_PLAIN:
		object_print(b, object);
		break;
	case REQUEST_META:
	case REQUEST_META_LIST:
		node_set(&w->scratch, object, S("kind"), node_lit("PartialObjectMetadata"));
		node_set(&w->scratch, object, S("apiVersion"), node_lit("meta.k8s.io/v1"));
		object_print(b, object);
		break;
	case REQUEST_TABLE:
		table_open(&t, b, w->kind, w->include,
			   str_eq(w->accept.version, S("v1beta1")) ? S("v1beta1") : S("v1"),
			   node_get(object, S("metadata")), !w->told_columns);
		table_row(&t, &w->scratch, object);
		table_close(&t);
		w->told_columns = true;
		break;
	}
}

/* An empty object of the kind that holds a number. */
static void tell_bookmark(struct watch *w, struct buf *b, bool initial_end)
{
	struct arena *a = &w->scratch;
	struct arena_mark mark = arena_mark(a);
	node object = node_map(a, 4), meta = node_map(a, 2), zero;
	char rv[24];

	if (!w->kind->custom && w->accept.shape == REQUEST_PLAIN &&
	    !canon_object(a, node_map(a, 0), w->kind->type, NULL, &zero))
		object = zero;
	object_set_names(a, object, w->kind->gvk);
	snprintf(rv, sizeof rv, "%llu", (unsigned long long)w->rv);
	node_set(a, meta, S("resourceVersion"), node_copy_str(a, str_c(rv)));
	if (w->kind->custom)
		node_set(a, meta, S("creationTimestamp"), node_null());
	if (initial_end) {
		node notes = node_map(a, 1);

		node_set(a, notes, S("k8s.io/initial-events-end"), node_lit("true"));
		node_set(a, meta, S("annotations"), notes);
	}
	node_set(a, object, S("metadata"), meta);
	print_bookmark(w, b, object);
	arena_rewind(a, mark);
}

/* What is there at first, one after the other. */
static bool next_initial(struct watch *w, struct buf *b, str *type)
{
	while (w->initial_at < w->initial.n) {
		struct blob *blob = w->initial.p[w->initial_at++];

		if (!chooses(w, blob))
			continue;
		tell(w, b, blob);
		*type = S("ADDED");
		return true;
	}
	store_list_release(&w->initial);
	w->initial_at = 0;
	if (!w->end_mark)
		return false;
	w->end_mark = false;
	w->marked = true;
	tell_bookmark(w, b, true);
	*type = S("BOOKMARK");
	return true;
}

/* The last state that was seen, under the number of the change that took it
 * out of sight. */
static void tell_gone(struct watch *w, struct buf *b, const struct store_event *e)
{
	struct blob_parts parts;

	object_same_parts(e->before, &parts);
	CLEANUP(blob_drop) struct blob *gone = blob_new(&parts, e->rv);

	tell(w, b, gone);
}

static bool tell_event(struct watch *w, struct buf *b, const struct store_event *e, str *type)
{
	bool is = e->change != STORE_DELETED && chooses(w, e->now);
	bool was = e->before && chooses(w, e->before);

	if (!is && !was)
		return false;
	*type = !was ? S("ADDED") : is ? S("MODIFIED") : S("DELETED");
	if (is || e->change == STORE_DELETED)
		tell(w, b, e->now);
	else
		tell_gone(w, b, e);
	return true;
}

static void expire(struct watch *w)
{
	w->error = status_expired(STR_NONE, "too old resource version: %llu (%llu)",
				  (unsigned long long)w->rv,
				  (unsigned long long)store_oldest(server_store(w->server)));
	w->ending = true;
}

/* Fetch the next changes; false when there are none. */
static bool fetch(struct watch *w)
{
	struct store *s = server_store(w->server);

	if (store_events(s, w->table, w->rv, w->batch, BATCH, &w->batch_n, &w->batch_upto) !=
	    STORE_OK) {
		w->batch_n = 0;
		expire(w);
		return false;
	}
	w->began = true;
	w->batch_at = 0;
	if (!w->batch_n)
		w->rv = w->batch_upto;
	return w->batch_n > 0;
}

static bool next_change(struct watch *w, struct buf *b, str *type)
{
	for (;;) {
		while (w->batch_at < w->batch_n) {
			struct store_event *e = &w->batch[w->batch_at++];
			bool told = tell_event(w, b, e, type);

			w->rv = w->batch_at == w->batch_n ? w->batch_upto : e->rv;
			store_event_release(e);
			if (told)
				return true;
		}
		if (w->ending || !fetch(w))
			return false;
	}
}

enum watch_got watch_next(struct watch *w, struct buf *b, str *type)
{
	if ((w->initial.p || w->end_mark) && next_initial(w, b, type))
		return WATCH_EVENT;
	if (next_change(w, b, type)) {
		w->marked = false;
		return WATCH_EVENT;
	}
	int64_t now = clock_mono();

	if (w->error) {
		status_print(b, w->error);
		err_free(w->error);
		w->error = NULL;
		*type = S("ERROR");
		return WATCH_EVENT;
	}
	if (now >= w->deadline)
		w->ending = true;
	if (now >= w->bookmark_at || (w->ending && !w->marked && w->bookmark_at != INT64_MAX)) {
		w->bookmark_at = w->ending ? INT64_MAX : clock_after(now, BOOKMARK_TIME);
		tell_bookmark(w, b, false);
		*type = S("BOOKMARK");
		return WATCH_EVENT;
	}
	return w->ending ? WATCH_END : WATCH_WAIT;
}

/* ---- the hub's view ---------------------------------------------------- */

void watch_attach(struct watch *w, struct watch_hub *h, void (*wake)(void *ctx), void *ctx)
{
	w->link.watch = w;
	w->link.wake = wake;
	w->link.wake_ctx = ctx;
	watch_link(h, &w->link);
}

bool watch_is_due(struct watch *w, uint64_t current, int64_t now)
{
	if (now >= w->deadline || now >= w->bookmark_at)
		return true;
	if (!w->began || w->batch_at < w->batch_n || w->initial.p || store_changed(w->table) > w->rv)
		return true;
	w->rv = current; /* nothing of it happened meanwhile */
	return false;
}

int64_t watch_next_time(const struct watch *w)
{
	return w->deadline < w->bookmark_at ? w->deadline : w->bookmark_at;
}

void watch_finish(struct watch *w)
{
	w->ending = true;
}

bool watch_is_of(const struct watch *w, const struct kind *k)
{
	return w->kind == k;
}

/* ---- as a stream ------------------------------------------------------- */

struct watch_stream {
	struct feed feed;
	struct watch *watch;
};

static bool fill(struct feed *s, struct buf *b)
{
	struct watch *w = ((struct watch_stream *)s)->watch;
	str type;

	while (b->n < HTTPD_PIECE) {
		size_t at = b->n;

		/* the type comes first, and is known last: room for the longest */
		buf_add(b, S("                               "));
		size_t from = b->n;
		enum watch_got got = watch_next(w, b, &type);

		if (got != WATCH_EVENT) {
			buf_trim(b, at);
			return got == WATCH_WAIT;
		}
		char head[48];
		int n = snprintf(head, sizeof head,
				 "{\"type\":\"%.*s\",\"object\":", STR_ARG(type));

		memmove(b->p + at + n, b->p + from, b->n - from);
		memcpy(b->p + at, head, (size_t)n);
		b->n -= from - at - (size_t)n;
		buf_add(b, S("}\n"));
	}
	return true;
}

static void start(struct feed *s, void (*wake)(void *ctx), void *ctx)
{
	struct watch *w = ((struct watch_stream *)s)->watch;

	watch_attach(w, server_hub(w->server), wake, ctx);
}

static void end(struct feed *s)
{
	struct watch_stream *ws = (struct watch_stream *)s;

	watch_close(ws->watch);
	free(ws);
}

err *watch_run(struct request *r)
{
	struct watch *w;

	TRY(watch_open(r, &w));
	struct watch_stream *ws = mem_calloc(1, sizeof *ws);

	ws->feed = (struct feed){ .fill = fill, .start = start, .end = end };
	ws->watch = w;
	r->answer.feed = &ws->feed;
	return NULL;
}
