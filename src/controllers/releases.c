#include "controllers/releases.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/owned.h"
#include "base/sort.h"
#include "base/vec.h"
#include "controllers/runtime_impl.h"

#define WATCH_WAIT (5 * CLOCK_SECOND)
#define PREFIX S("sh.helm.release.v1.")

enum { STATUS_MAX = 24 };

struct revision {
	int64_t version;
	uint64_t stored;
	char status[STATUS_MAX];
};

struct stored {
	struct entry entry;	/* namespace and name of the release */
	VEC(struct revision) revisions;
};

struct releases {
	struct live *live;
	str namespace;			/* owned; empty: all */
	pthread_mutex_t lock;		/* of what follows */
	struct entries table;
	bool watching;
};

bool releases_split(str secret, str *name, int64_t *version)
{
	size_t at = str_rfind_char(secret, '.');
	str number = at == STR_NPOS ? STR_NONE : str_from(secret, at + 1);
	uint64_t n;

	if (!str_starts(secret, PREFIX) || !str_starts(number, S("v")) || at <= PREFIX.n ||
	    !str_to_u64(str_from(number, 1), &n) || n > INT64_MAX)
		return false;
	*name = str_sub(secret, PREFIX.n, at);
	*version = (int64_t)n;
	return true;
}

/* Under the lock. */
static struct stored *find(struct releases *r, str namespace, str name)
{
	return (struct stored *)entries_find(&r->table, STR_NONE, STR_NONE, namespace, name);
}

/* Under the lock. */
static struct revision *need_revision(struct releases *r, str namespace, str name, int64_t version)
{
	struct stored *s = find(r, namespace, name);

	if (!s) {
		s = entry_new(sizeof *s, STR_NONE, STR_NONE, namespace, name);
		entries_add(&r->table, &s->entry);
	}
	for (size_t i = 0; i < s->revisions.n; i++)
		if (s->revisions.p[i].version == version)
			return &s->revisions.p[i];
	vec_push(&s->revisions, (struct revision){ .version = version });
	return &s->revisions.p[s->revisions.n - 1];
}

static void drop_stored(struct stored *s)
{
	vec_release(&s->revisions);
	free(s);
}

/* Under the lock. */
static void drop_revision(struct releases *r, str namespace, str name, int64_t version)
{
	struct stored *s = find(r, namespace, name);

	for (size_t i = 0; s && i < s->revisions.n; i++)
		if (s->revisions.p[i].version == version) {
			s->revisions.p[i] = s->revisions.p[--s->revisions.n];
			break;
		}
	if (!s || s->revisions.n)
		return;
	entries_remove(&r->table, &s->entry);
	drop_stored(s);
}

/* An event may be older than an answer that came beside the stream. Under the lock. */
static void take(struct releases *r, str namespace, str name, int64_t version, node object)
{
	struct revision *v = need_revision(r, namespace, name, version);
	str status = node_str(node_dig(object, "metadata", "labels", "status"));
	size_t n = status.n < STATUS_MAX ? status.n : STATUS_MAX - 1;
	uint64_t stored = 0;

	str_to_u64(node_str(node_dig(object, "metadata", "resourceVersion")), &stored);
	if (stored < v->stored)
		return;
	v->stored = stored;
	memcpy(v->status, status.p, n);
	v->status[n] = 0;
}

static void on_event(void *ctx, const struct live_event *ev)
{
	struct releases *r = ctx;
	int64_t version;
	str name;

	if (!releases_split(ev->name, &name, &version))
		return;
	pthread_mutex_lock(&r->lock);
	if (ev->what & LIVE_DELETED)
		drop_revision(r, ev->namespace, name, version);
	else
		take(r, ev->namespace, name, version, ev->object);
	pthread_mutex_unlock(&r->lock);
}

struct releases *releases_new(struct client *c, str namespace)
{
	struct releases *r = mem_calloc(1, sizeof *r);

	r->namespace = owned_str(namespace);
	pthread_mutex_init(&r->lock, NULL);
	r->live = live_new(c, &(struct live_options){ on_event, r });
	return r;
}

void releases_free(struct releases *r)
{
	if (!r)
		return;
	live_free(r->live);
	for (size_t i = 0; i < r->table.slots_n; i++)
		for (struct entry *e = r->table.slots[i], *next; e; e = next) {
			next = e->next;
			drop_stored((struct stored *)e);
		}
	entries_release(&r->table);
	pthread_mutex_destroy(&r->lock);
	free((char *)(uintptr_t)r->namespace.p);
	free(r);
}

/* Only the first who asks waits for the list. */
static bool is_synced(struct releases *r, const atomic_bool *cancel)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct live_state s;

	pthread_mutex_lock(&r->lock);
	bool first = !r->watching;

	r->watching = true;
	pthread_mutex_unlock(&r->lock);
	if (first)
		live_watch(r->live, &client_secrets,
			   &(struct live_watch_options){ .keep = LIVE_META,
							 .namespace = r->namespace,
							 .selector = S("owner=helm") });
	live_state(r->live, &a, &client_secrets, S("-"), S("-"), &s);
	if (s.synced || !first)
		return s.synced;
	err *e = live_wait(r->live, &client_secrets, WATCH_WAIT, cancel);

	err_free(e);
	return !e;
}

static int by_version(const void *x, const void *y, void *ctx)
{
	const struct release_revision *a = x, *b = y;

	(void)ctx;
	return a->version < b->version ? -1 : a->version > b->version;
}

bool releases_find(struct releases *r, struct arena *a, str namespace, str name,
		   const atomic_bool *cancel, struct release_revisions *out)
{
	*out = (struct release_revisions){ 0 };
	if ((r->namespace.n && !str_eq(r->namespace, namespace)) || !is_synced(r, cancel))
		return false;
	pthread_mutex_lock(&r->lock);
	const struct stored *s = find(r, namespace, name);

	if (s) {
		out->p = arena_array(a, struct release_revision, s->revisions.n);
		for (size_t i = 0; i < s->revisions.n; i++) {
			const struct revision *v = &s->revisions.p[i];

			out->p[out->n++] = (struct release_revision){
				v->version, v->stored, arena_str(a, str_c(v->status)) };
		}
	}
	pthread_mutex_unlock(&r->lock);
	sort_stable(out->p, out->n, sizeof *out->p, by_version, NULL);
	return true;
}

void releases_note(struct releases *r, node object)
{
	node meta = node_get(object, S("metadata"));
	str namespace = node_str(node_get(meta, S("namespace"))), name;
	int64_t version;

	if (!releases_split(node_str(node_get(meta, S("name"))), &name, &version))
		return;
	pthread_mutex_lock(&r->lock);
	take(r, namespace, name, version, object);
	pthread_mutex_unlock(&r->lock);
}
