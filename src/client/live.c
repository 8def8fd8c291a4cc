/* live - streams: list, watch, and again where they end. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/rand.h"
#include "base/vec.h"
#include "base/workers.h"
#include "client/client_impl.h"
#include "client/live_impl.h"
#include "value/json.h"

/* Lists at a time. */
enum { LISTS_MAX = 4 };
/* How long to wait after something went wrong: doubling, with jitter. */
#define BACKOFF_MIN (CLOCK_SECOND / 10)
#define BACKOFF_MAX (30 * CLOCK_SECOND)
/* A stream that lived so long was a good one. */
#define GOOD_LIFE (2 * CLOCK_MINUTE)
/* As client-go asks: watches end after 5 to 10 minutes, so that dead
 * connections do not live for ever. */
#define WATCH_MIN (5 * CLOCK_MINUTE)

enum stage {
	TO_LIST,		/* at `due` */
	LISTING,		/* on a worker */
	TO_WATCH,		/* at `due` */
	WATCHING,
	ENDED,			/* the stream has ended: to be looked at */
};

struct stream {
	struct live *live;
	struct arena mem;		/* holds the texts below */
	struct client_resource resource;
	str namespace, selector, fields;

	/* Held while a change is taken in and told: so they come in order. */
	pthread_mutex_t deliver;

	/* Guarded by live->lock. */
	enum live_keep keep;
	enum stage stage;
	bool synced, again;		/* again: list anew, as more is to be kept */
	struct live_table table;
	uint64_t version;		/* all up to here is in the table */
	uint32_t round;
	err *last;			/* why the list could not be had; or NULL */
	bool refused;			/* the server's own word: 403, 404 */
	bool gone;			/* the server has forgotten `version` */
	bool failed;			/* the stream ended badly */
	struct client_watch *watch;	/* of the supervisor */
	int64_t due, started, backoff;
};

struct live {
	struct client *client;
	struct live_options options;
	pthread_t thread;		/* the supervisor: starts and ends streams */
	struct workers *workers;	/* lists */
	pthread_mutex_t lock;
	pthread_cond_t changed;		/* wakes the supervisor and live_wait */
	VEC(struct stream *) streams;
	atomic_bool stopping;
	pthread_rwlock_t listening;	/* held while listeners are called */
	struct live_listener *listeners;
};

/* ---- taking in --------------------------------------------------------- */

static void tell(struct stream *s, const struct live_item *i, unsigned what, node object)
{
	const struct live_options *o = &s->live->options;
	const struct live_event ev = {
		.resource = &s->resource,
		.namespace = live_item_namespace(i),
		.name = live_item_name(i),
		.what = what,
		.object = object,
	};

	if (what && o->on_event)
		o->on_event(o->ctx, &ev);
	pthread_rwlock_rdlock(&s->live->listening);
	for (const struct live_listener *w = s->live->listeners; what && w; w = w->next)
		w->on_event(w->ctx, &ev);
	pthread_rwlock_unlock(&s->live->listening);
}

void live_listen(struct live *l, struct live_listener *who)
{
	pthread_rwlock_wrlock(&l->listening);
	who->next = l->listeners;
	l->listeners = who;
	pthread_rwlock_unlock(&l->listening);
}

void live_unlisten(struct live *l, struct live_listener *who)
{
	pthread_rwlock_wrlock(&l->listening);
	for (struct live_listener **w = &l->listeners; *w; w = &(*w)->next)
		if (*w == who) {
			*w = who->next;
			break;
		}
	pthread_rwlock_unlock(&l->listening);
}

static uint64_t version_of(node object)
{
	uint64_t v = 0;

	str_to_u64(node_str(node_dig(object, "metadata", "resourceVersion")), &v);
	return v;
}

/* Whether nothing new can be learned from that version. Under the lock. */
static bool is_known(const struct stream *s, const struct live_item *before, uint64_t version,
		     bool noted)
{
	if (!before)	/* else it has come and gone again, or is of no interest */
		return noted && (version <= s->version || s->selector.n || s->fields.n);
	if (before->version != version)
		return before->version > version;
	return (s->keep != LIVE_WHOLE || before->whole) && (s->keep == LIVE_META || before->content);
}

/* The same of an object, which counts as seen then. Under the lock. */
static bool saw(struct stream *s, str namespace, str name, uint64_t version, bool noted)
{
	struct live_item *before = live_table_find(&s->table, namespace, name);

	if (!is_known(s, before, version, noted))
		return false;
	if (before)
		before->round = s->round;
	return true;
}

/* An object as the server has it. With `noted` it is an answer that comes
 * from beside the stream, and the stream may have seen more already. Most come in both
 * ways: the second time costs no more than a look. */
static void take(struct stream *s, node object, bool noted)
{
	struct live *l = s->live;
	node meta = node_get(object, S("metadata"));
	uint64_t version = version_of(object);
	unsigned what = 0;

	pthread_mutex_lock(&l->lock);
	enum live_keep keep = s->keep;
	bool known = saw(s, node_str(node_get(meta, S("namespace"))),
			 node_str(node_get(meta, S("name"))), version, noted);

	pthread_mutex_unlock(&l->lock);
	if (known)
		return;
	struct live_item *now = live_item_new(object, keep);

	pthread_mutex_lock(&l->lock);
	if (saw(s, live_item_namespace(now), live_item_name(now), version, noted)) {
		live_item_free(now);
		now = NULL;
	} else {
		what = live_item_compare(
			live_table_find(&s->table, live_item_namespace(now), live_item_name(now)), now);
		now->round = s->round;
		live_item_free(live_table_put(&s->table, now));
	}
	pthread_mutex_unlock(&l->lock);
	/* Nobody else changes the table while we deliver. */
	if (now)
		tell(s, now, what, object);
}

static void drop(struct stream *s, str namespace, str name, uint64_t version, node object)
{
	struct live *l = s->live;
	struct live_item *i;

	pthread_mutex_lock(&l->lock);
	i = live_table_find(&s->table, namespace, name);
	if (i && i->version > version)
		i = NULL;		/* made anew meanwhile */
	if (i)
		i = live_table_take(&s->table, namespace, name);
	pthread_mutex_unlock(&l->lock);
	if (i)
		tell(s, i, LIVE_DELETED, object);
	live_item_free(i);
}

static void on_event(void *ctx, str type, node object)
{
	struct stream *s = ctx;
	struct live *l = s->live;
	node meta = node_get(object, S("metadata"));
	uint64_t version = version_of(object);

	if (str_eq(type, S("ERROR"))) {
		pthread_mutex_lock(&l->lock);
		/* 410: too old; anything else, as that the server has not come so far
		 * (it lost its data), is no better a place to go on from. */
		s->gone = true;
		s->failed |= node_int(node_get(object, S("code"))) != 410;
		pthread_mutex_unlock(&l->lock);
		return;
	}
	pthread_mutex_lock(&s->deliver);
	if (str_eq(type, S("DELETED")))
		drop(s, node_str(node_get(meta, S("namespace"))), node_str(node_get(meta, S("name"))),
		     version, object);
	else if (!str_eq(type, S("BOOKMARK")))
		take(s, object, false);
	pthread_mutex_lock(&l->lock);
	if (version > s->version)
		s->version = version;
	pthread_mutex_unlock(&l->lock);
	pthread_mutex_unlock(&s->deliver);
}

static void on_end(void *ctx, const err *why)
{
	struct stream *s = ctx;
	struct live *l = s->live;

	pthread_mutex_lock(&l->lock);
	s->stage = ENDED;
	/* An answer, and not that the server is busy; else a connection that broke. */
	s->gone |= why && err_code(why) >= 400 && err_code(why) != 429 && err_code(why) != 503;
	s->failed |= why != NULL;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

/* ---- lists ------------------------------------------------------------- */

struct page {
	unsigned number;
	str next;		/* where the next one begins, empty at the end */
	uint64_t version;	/* of the list */
};

/* The one that follows `p`. */
static err *take_page(struct stream *s, enum live_keep keep, struct arena *a, struct page *p)
{
	struct live *l = s->live;
	node page;
	str query = client_query_of(a, S("labelSelector"), s->selector, S("fieldSelector"),
				    s->fields, S("limit"), CLIENT_PAGE_LIMIT, S("continue"),
				    p->next);
	const struct client_request r = {
		.path = client_path(a, &s->resource, s->namespace, STR_NONE, STR_NONE),
		.query = query,
		.accept = keep == LIVE_META ? S(CLIENT_PARTIAL_LIST) : STR_NONE,
		.cancel = &l->stopping,
	};

	TRY(client_do(l->client, a, &r, &page));
	TRY(client_take_page(a, &s->resource, page, p->number++));
	pthread_mutex_lock(&s->deliver);
	node_each_item(i, node_get(page, S("items")))
		take(s, *i, false);
	pthread_mutex_unlock(&s->deliver);
	p->next = node_str(node_dig(page, "metadata", "continue"));
	p->version = version_of(page);
	return NULL;
}

struct name {
	str namespace, name;
};

/* What was not in the list is gone, but for what came after it. */
static void sweep(struct stream *s, struct arena *a, uint64_t version)
{
	struct live *l = s->live;
	VEC(struct name) gone = { 0 };

	pthread_mutex_lock(&s->deliver);
	pthread_mutex_lock(&l->lock);
	for (size_t n = 0; n < s->table.slots_n; n++)
		for (struct live_item *i = s->table.slots[n]; i; i = i->next)
			if (i->round != s->round && i->version <= version)
				avec_push(a, &gone,
					  (struct name){ arena_str(a, live_item_namespace(i)),
							 arena_str(a, live_item_name(i)) });
	pthread_mutex_unlock(&l->lock);
	for (size_t n = 0; n < gone.n; n++)
		drop(s, gone.p[n].namespace, gone.p[n].name, version, NODE_NOTHING);
	pthread_mutex_unlock(&s->deliver);
}

static err *take_all(struct stream *s, enum live_keep keep)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf mark = BUF_INIT;
	struct page p = { 0 };

	do {
		arena_clear(&a);
		p.next = buf_str(&mark);
		TRY(take_page(s, keep, &a, &p));
		str copy = arena_str(&a, p.next);

		buf_clear(&mark);
		buf_add(&mark, copy);
	} while (mark.n);
	sweep(s, &a, p.version);
	pthread_mutex_lock(&s->live->lock);
	if (p.version > s->version)
		s->version = p.version;
	pthread_mutex_unlock(&s->live->lock);
	return NULL;
}

/* Under the lock. */
static void later(struct stream *s)
{
	s->backoff = s->backoff ? s->backoff * 2 : BACKOFF_MIN;
	if (s->backoff > BACKOFF_MAX)
		s->backoff = BACKOFF_MAX;
	s->due = clock_mono() + s->backoff / 2 + (int64_t)rand_below((uint64_t)s->backoff / 2 + 1);
}

static void run_list(void *arg)
{
	struct stream *s = arg;
	struct live *l = s->live;
	enum live_keep keep;

	pthread_mutex_lock(&l->lock);
	s->round++;
	s->again = false;
	keep = s->keep;
	pthread_mutex_unlock(&l->lock);
	err *e = take_all(s, keep);

	if (e && err_code(e) == 404) {	/* the kind is no more, nor are its objects */
		CLEANUP(arena_release) struct arena a = ARENA_INIT;

		sweep(s, &a, UINT64_MAX);
	}
	pthread_mutex_lock(&l->lock);
	err_free(s->last);
	s->last = e;
	s->refused = e && (err_code(e) == 403 || err_code(e) == 404);
	if (e) {
		s->stage = TO_LIST;
		later(s);
	} else {
		s->stage = TO_WATCH;
		s->due = 0;
		s->synced = !s->again;
		s->gone = s->failed = false;
	}
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

/* ---- the supervisor ---------------------------------------------------- */

static void start_watch(struct stream *s, enum live_keep keep, uint64_t version)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct client_watch_options o = {
		.namespace = s->namespace,
		.selector = s->selector,
		.fields = s->fields,
		.resource_version = arena_printf(&a, "%llu", (unsigned long long)version),
		.bookmarks = true,
		.metadata = keep == LIVE_META,
		.timeout = WATCH_MIN + (int64_t)rand_below(WATCH_MIN),
		.on_event = on_event,
		.on_end = on_end,
		.ctx = s,
	};

	s->watch = client_watch_start(s->live->client, &s->resource, &o);
}

/* What comes after a stream's end. Under the lock. */
static void decide(struct stream *s)
{
	bool good = clock_mono() - s->started > GOOD_LIFE;

	if (good)
		s->backoff = 0;
	s->stage = s->gone || s->again ? TO_LIST : TO_WATCH;
	if (s->again || (!s->failed && (good || !s->backoff))) {
		s->due = 0;
		s->backoff = s->again ? 0 : BACKOFF_MIN;
	} else {
		later(s);
	}
	s->gone = s->failed = false;
}

/* Do what is due for one stream, with the lock given back meanwhile. True
 * when something was done. */
static bool serve(struct live *l, struct stream *s)
{
	int64_t now = clock_mono();

	if (s->stage == ENDED || (s->stage == WATCHING && s->again)) {
		struct client_watch *w = s->watch;

		s->watch = NULL;
		pthread_mutex_unlock(&l->lock);
		client_watch_stop(w);
		pthread_mutex_lock(&l->lock);
		decide(s);
		return true;
	}
	if (s->stage == TO_LIST && s->due <= now) {
		s->stage = LISTING;
		pthread_mutex_unlock(&l->lock);
		bool taken = workers_try_submit(l->workers, (struct work){ run_list, NULL, s });

		pthread_mutex_lock(&l->lock);
		if (!taken) {
			s->stage = TO_LIST;
			s->due = now + BACKOFF_MIN;
		}
		return true;
	}
	if (s->stage == TO_WATCH && s->due <= now) {
		enum live_keep keep = s->keep;
		uint64_t version = s->version;

		if (s->again) {
			s->stage = TO_LIST;
			return true;
		}
		s->stage = WATCHING;
		s->started = now;
		pthread_mutex_unlock(&l->lock);
		start_watch(s, keep, version);
		pthread_mutex_lock(&l->lock);
		return true;
	}
	return false;
}

/* Under the lock; INT64_MAX: nothing is due. */
static int64_t next_due(const struct live *l)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < l->streams.n; i++) {
		const struct stream *s = l->streams.p[i];

		if ((s->stage == TO_LIST || s->stage == TO_WATCH) && s->due < due)
			due = s->due;
	}
	return due;
}

static void *supervise(void *arg)
{
	struct live *l = arg;

	pthread_mutex_lock(&l->lock);
	while (!atomic_load(&l->stopping)) {
		bool any = false;

		for (size_t i = 0; i < l->streams.n && !atomic_load(&l->stopping); i++)
			any |= serve(l, l->streams.p[i]);
		if (any || atomic_load(&l->stopping))
			continue;
		int64_t due = next_due(l);

		if (due == INT64_MAX) {
			pthread_cond_wait(&l->changed, &l->lock);
		} else {
			struct timespec t = clock_timespec(due);

			pthread_cond_timedwait(&l->changed, &l->lock, &t);
		}
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* ---- making ------------------------------------------------------------ */

struct live *live_new(struct client *c, const struct live_options *o)
{
	struct live *l = mem_calloc(1, sizeof *l);
	pthread_condattr_t mono;

	l->client = client_ref(c);
	if (o)
		l->options = *o;
	l->workers = workers_new(LISTS_MAX, 1024);
	pthread_mutex_init(&l->lock, NULL);
	pthread_rwlock_init(&l->listening, NULL);
	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_cond_init(&l->changed, &mono);
	pthread_condattr_destroy(&mono);
	if (pthread_create(&l->thread, NULL, supervise, l))
		die_bug("pthread_create failed");
	return l;
}

static void free_stream(struct stream *s)
{
	client_watch_stop(s->watch);
	live_table_release(&s->table);
	err_free(s->last);
	pthread_mutex_destroy(&s->deliver);
	arena_release(&s->mem);
	free(s);
}

void live_free(struct live *l)
{
	if (!l)
		return;
	atomic_store(&l->stopping, true);
	pthread_mutex_lock(&l->lock);
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
	pthread_join(l->thread, NULL);
	workers_free(l->workers);
	for (size_t i = 0; i < l->streams.n; i++)
		free_stream(l->streams.p[i]);
	vec_release(&l->streams);
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	pthread_rwlock_destroy(&l->listening);
	client_unref(l->client);
	free(l);
}

/* Under the lock. */
static struct stream *find(const struct live *l, const struct client_resource *r)
{
	for (size_t i = 0; i < l->streams.n; i++) {
		struct stream *s = l->streams.p[i];

		if (str_eq(s->resource.plural, r->plural) && str_eq(s->resource.group, r->group))
			return s;
	}
	return NULL;
}

static struct stream *new_stream(struct live *l, const struct client_resource *r,
				 const struct live_watch_options *o)
{
	struct stream *s = mem_calloc(1, sizeof *s);
	struct arena *a = &s->mem;

	s->live = l;
	s->resource = (struct client_resource){
		arena_str(a, r->group), arena_str(a, r->version), arena_str(a, r->plural),
		arena_str(a, r->kind), r->namespaced,
	};
	s->namespace = arena_str(a, o->namespace);
	s->selector = arena_str(a, o->selector);
	s->fields = arena_str(a, o->fields);
	s->keep = o->keep;
	pthread_mutex_init(&s->deliver, NULL);
	return s;
}

void live_watch(struct live *l, const struct client_resource *r, const struct live_watch_options *o)
{
	pthread_mutex_lock(&l->lock);
	struct stream *s = find(l, r);

	if (!s) {
		vec_push(&l->streams, new_stream(l, r, o));
		pthread_cond_broadcast(&l->changed);
	} else if (o->keep > s->keep) {
		s->keep = o->keep;
		s->again = true;
		s->synced = false;
		pthread_cond_broadcast(&l->changed);
	} else if (s->stage == TO_LIST) {
		s->due = 0;		/* somebody has reason to hope */
		pthread_cond_broadcast(&l->changed);
	}
	pthread_mutex_unlock(&l->lock);
}

/* Under the lock. */
static err *not_synced(const struct stream *s, enum err_kind kind)
{
	if (s->last && s->refused)
		kind = err_kind(s->last);
	if (s->last)
		return err_new(kind, "failed to list %.*s: %s", STR_ARG(s->resource.plural),
			       err_msg(s->last));
	return err_new(kind, "failed to list %.*s: timed out waiting for the server",
		       STR_ARG(s->resource.plural));
}

err *live_wait(struct live *l, const struct client_resource *r, int64_t timeout,
	       const atomic_bool *cancel)
{
	int64_t until = clock_after(clock_mono(), timeout);
	err *e = NULL;

	pthread_mutex_lock(&l->lock);
	struct stream *s = find(l, r);

	if (!s)
		die_bug("%.*s is not watched", STR_ARG(r->plural));
	while (!s->synced && !e) {
		int64_t now = clock_mono(), step = now + CLOCK_SECOND / 10;
		struct timespec t = clock_timespec(step < until ? step : until);

		if (cancel && atomic_load(cancel))
			e = err_new(ERR_CANCELED, "context canceled");
		else if (s->refused || now >= until)
			e = not_synced(s, ERR_TIMEOUT);
		else
			pthread_cond_timedwait(&l->changed, &l->lock, &t);
	}
	pthread_mutex_unlock(&l->lock);
	return e;
}

/* ---- looking ----------------------------------------------------------- */

void live_state(struct live *l, struct arena *a, const struct client_resource *r, str namespace,
		str name, struct live_state *out)
{
	*out = (struct live_state){ .health = { .status = HEALTH_UNKNOWN } };
	pthread_mutex_lock(&l->lock);
	const struct stream *s = find(l, r);
	const struct live_item *i = s ? live_table_find(&s->table, namespace, name) : NULL;

	if (s && (s->synced || i))
		out->synced = true;
	if (i) {
		out->exists = true;
		out->uid = arena_str(a, live_item_uid(i));
		out->resource_version = arena_printf(a, "%llu", (unsigned long long)i->version);
		out->content = i->content;
		out->health = (struct health){ (enum health_status)i->status,
					       arena_str(a, live_item_reason(i)),
					       arena_str(a, live_item_message(i)) };
	} else if (out->synced) {
		out->health.status = HEALTH_NOT_FOUND;
	}
	pthread_mutex_unlock(&l->lock);
}

/* The text is copied: trees borrow from it. */
static err *read_blob(struct arena *a, const struct live_blob *b, node *out)
{
	return json_read(a, arena_str(a, str_of(b->text, b->n)), NULL, out);
}

node live_get(struct live *l, struct arena *a, const struct client_resource *r, str namespace,
	      str name)
{
	struct live_blob *b;
	node object = NODE_NOTHING;

	pthread_mutex_lock(&l->lock);
	const struct stream *s = find(l, r);
	const struct live_item *i = s ? live_table_find(&s->table, namespace, name) : NULL;

	b = i ? live_blob_ref(i->whole) : NULL;
	pthread_mutex_unlock(&l->lock);
	if (b)
		err_free(read_blob(a, b, &object));
	live_blob_unref(b);
	return object;
}

err *live_each(struct live *l, const struct client_resource *r,
	       err *(*visit)(void *ctx, node object), void *ctx)
{
	VEC(struct live_blob *) blobs = { 0 };
	struct arena a = ARENA_INIT;
	err *e = NULL;

	pthread_mutex_lock(&l->lock);
	const struct stream *s = find(l, r);

	for (size_t n = 0; s && n < s->table.slots_n; n++)
		for (const struct live_item *i = s->table.slots[n]; i; i = i->next)
			if (i->whole)
				vec_push(&blobs, live_blob_ref(i->whole));
	pthread_mutex_unlock(&l->lock);
	for (size_t n = 0; n < blobs.n; n++) {
		node object = NODE_NOTHING;

		arena_clear(&a);
		if (!e)
			e = read_blob(&a, blobs.p[n], &object);
		if (!e)
			e = visit(ctx, object);
		live_blob_unref(blobs.p[n]);
	}
	arena_release(&a);
	vec_release(&blobs);
	return e;
}

void live_note(struct live *l, const struct client_resource *r, node object)
{
	pthread_mutex_lock(&l->lock);
	struct stream *s = find(l, r);

	pthread_mutex_unlock(&l->lock);
	if (!s || (s->namespace.n &&
		   !str_eq(s->namespace, node_str(node_dig(object, "metadata", "namespace")))))
		return;
	pthread_mutex_lock(&s->deliver);
	take(s, object, true);
	pthread_mutex_unlock(&s->deliver);
}

void live_count(struct live *l, size_t *kinds, size_t *objects, size_t *bytes)
{
	*objects = *bytes = 0;
	pthread_mutex_lock(&l->lock);
	*kinds = l->streams.n;
	for (size_t i = 0; i < l->streams.n; i++) {
		*objects += l->streams.p[i]->table.n;
		*bytes += l->streams.p[i]->table.bytes;
	}
	pthread_mutex_unlock(&l->lock);
}
