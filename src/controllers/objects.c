/* objects - from what the streams tell to what is on the queue. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/hash.h"
#include "controllers/runtime_impl.h"

/* A kind that the server does not know (yet) is asked for again. */
#define KIND_RETRY (10 * CLOCK_SECOND)
/* What drifts is put right soon, but no faster than this. */
#define DRIFT_DELAY CLOCK_SECOND

/* ---- the queue --------------------------------------------------------------- */

void objects_wake(struct runtime *rt, int64_t now)
{
	int64_t first = queue_next(&rt->queue);

	if (first == INT64_MAX)
		return;
	if (rt->timing && (first > now || !rt->idle)) {
		if (first < rt->timing_until)
			pthread_cond_signal(&rt->timer);
	} else {
		pthread_cond_signal(&rt->due);
	}
}

void objects_put(struct runtime *rt, struct object *o, int64_t due)
{
	int64_t now = clock_mono(), ready = due > now ? due : now;

	o->owner->adds++;
	if (!o->queue.at || ready < o->ready)
		o->ready = ready;
	queue_put(&rt->queue, &o->queue, due);
	objects_wake(rt, now);
}

void objects_enqueue(struct runtime *rt, struct object *o, int64_t after)
{
	int64_t due = after > 0 ? clock_after(clock_mono(), after) : 0;

	if (o->gone)
		return;
	if (o->running) {
		if (!o->again || due < o->again_due)
			o->again_due = due;
		o->again = true;
		return;
	}
	objects_put(rt, o, due);
}

void objects_enqueue_all(struct runtime *rt, str kind, str namespace, str name)
{
	pthread_mutex_lock(&rt->lock);
	for (size_t s = 0; s < rt->objects.slots_n; s++)
		for (struct entry *e = rt->objects.slots[s]; e; e = e->next)
			if (str_eq(e->name, name) && str_eq(e->kind, kind) &&
			    (!namespace.n || str_eq(e->namespace, namespace)))
				objects_enqueue(rt, (struct object *)e, 0);
	pthread_mutex_unlock(&rt->lock);
}

/* ---- references -------------------------------------------------------------- */

void refs_add(struct refs *r, struct gvk kind, str namespace, str name, enum ref_matter matter)
{
	struct ref one = { .kind = { arena_str(&r->arena, kind.group),
				     arena_str(&r->arena, kind.version),
				     arena_str(&r->arena, kind.kind) },
			   .namespace = arena_str(&r->arena, namespace),
			   .name = arena_str(&r->arena, name),
			   .matter = matter };

	avec_push(&r->arena, &r->list, one);
	/* Bound to its place, so that an order counts, and so does twice. */
	r->hash = r->hash * 31 + entry_hash(kind.group, kind.kind, namespace, name) +
		  (uint64_t)matter;
}

static enum live_keep keep_of(struct gvk kind, enum ref_matter matter)
{
	if (api_kind_find(kind.group, kind.kind))
		return LIVE_WHOLE;
	return matter == REF_DATA ? LIVE_META : LIVE_STATE;
}

/* Under the lock. */
static void want_kind(struct runtime *rt, struct gvk kind, enum live_keep keep)
{
	struct arena *a = &rt->mem;

	for (size_t i = 0; i < rt->watched.n; i++) {
		struct watched_kind *w = &rt->watched.p[i];

		if (!str_eq(w->kind.kind, kind.kind) || !str_eq(w->kind.group, kind.group))
			continue;
		if (w->keep >= keep)
			return;
		w->keep = keep;
		w->done = false;
		w->due = 0;
		pthread_cond_signal(&rt->chores);
		return;
	}
	vec_push(&rt->watched,
		 (struct watched_kind){ .kind = { arena_str(a, kind.group), arena_str(a, kind.version),
						  arena_str(a, kind.kind) },
					.keep = keep });
	pthread_cond_signal(&rt->chores);
}

/* 0: none. The HelmRepository of a registry never has one, and stands for itself. */
static uint64_t hash_artifact(node object)
{
	bool is_registry = str_eq(node_str(node_dig(object, "spec", "type")), S("oci"));
	node artifact = node_dig(object, "status", "artifact");
	uint64_t h = entry_hash(node_str(node_get(artifact, S("revision"))),
				node_str(node_get(artifact, S("digest"))), STR_NONE, STR_NONE);

	if (artifact.kind != NODE_MAP && !is_registry)
		return 0;
	return h ? h : 1;
}

static uint64_t hash_ready(node object)
{
	node status = node_get(object, S("status"));
	uint64_t h = entry_hash(object_is_ready(object) ? S("1") : S("0"),
				node_str(node_get(status, S("lastAppliedRevision"))),
				node_str(node_get(health_condition(object, S("Ready")), S("status"))),
				STR_NONE);

	h = h * 31 + (uint64_t)node_int(node_dig(object, "metadata", "generation"));
	h = h * 31 + (uint64_t)node_int(node_get(status, S("observedGeneration")));
	return h ? h : 1;
}

/* What is known of a Flux object already, so that only what changes from here
 * on counts. Under the lock. */
static void begin_at(struct runtime *rt, struct target *t, struct gvk kind)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct entry *e = &t->entry;
	struct client_resource r;

	if (!api_kind_find(kind.group, kind.kind))
		return;
	err_free(runtime_resource(rt, kind, &r));
	node object = live_get(rt->live, &a, &r, e->namespace, e->name);

	if (object.kind == NODE_MAP) {
		t->artifact = hash_artifact(object);
		t->ready = hash_ready(object);
	}
}

/* Under the lock. */
static struct target *need_target(struct runtime *rt, const struct ref *r)
{
	struct entry *e = entries_find(&rt->targets, r->kind.group, r->kind.kind, r->namespace,
				       r->name);

	if (!e) {
		e = entry_new(sizeof(struct target), r->kind.group, r->kind.kind, r->namespace,
			      r->name);
		entries_add(&rt->targets, e);
		begin_at(rt, (struct target *)e, r->kind);
	}
	want_kind(rt, r->kind, keep_of(r->kind, r->matter));
	return (struct target *)e;
}

/* Under the lock. */
static void drop_edges(struct runtime *rt, struct object *o)
{
	for (size_t i = 0; i < o->edges.n; i++) {
		struct edge *e = o->edges.p[i];
		struct target *t = e->to;
		struct edge *last = t->edges.p[--t->edges.n];

		t->edges.p[e->at] = last;
		last->at = e->at;
		if (!t->edges.n) {
			entries_remove(&rt->targets, &t->entry);
			vec_release(&t->edges);
			free(t);
		}
		free(e);
	}
	vec_release(&o->edges);
}

/* The content that the former edges knew; false for an edge that is new. */
static bool keep_content(struct edge *to, const struct object *o)
{
	for (size_t i = 0; i < o->edges.n; i++)
		if (o->edges.p[i]->to == to->to && o->edges.p[i]->matter == to->matter) {
			to->content = o->edges.p[i]->content;
			return true;
		}
	return false;
}

/* Under the lock. */
static void set_refs(struct runtime *rt, struct object *o, const struct refs *refs)
{
	VEC(struct edge *) edges = { 0 };
	bool fresh = false;

	if (refs->hash == o->refs_hash && refs->list.n == o->edges.n)
		return;
	for (size_t i = 0; i < refs->list.n; i++) {
		struct edge *e = mem_calloc(1, sizeof *e);

		e->from = o;
		e->to = need_target(rt, &refs->list.p[i]);
		e->matter = refs->list.p[i].matter;
		if (e->matter == REF_CONTENT || e->matter == REF_HEALTH)
			fresh |= !keep_content(e, o);
		e->at = e->to->edges.n;
		vec_push(&e->to->edges, e);
		vec_push(&edges, e);
	}
	drop_edges(rt, o);
	o->edges.p = edges.p;
	o->edges.n = edges.n;
	o->edges.cap = edges.cap;
	o->refs_hash = refs->hash;
	/* A pass applied something and looked at it; what happened to it between the
	 * look and now came to nobody. */
	if (fresh && o->running)
		objects_enqueue(rt, o, RUNTIME_BATCH);
}

/* ---- our own kinds ------------------------------------------------------------ */

static uint64_t requested_of(node object)
{
	node text = node_dig(object, "metadata", "annotations", "reconcile.fluxcd.io/requestedAt");

	return text.kind == NODE_STR ? hash_bytes(node_str(text)) | 1 : 0;
}

void objects_free(struct runtime *rt, struct object *o)
{
	const struct controller *c = o->owner->c;

	if (o->memory && c->forget)
		c->forget(rt, o->memory);
	cluster_unref(rt, o->cluster);
	free(o);
}

/* Under the lock. */
static void gone(struct runtime *rt, struct object *o)
{
	o->gone = true;
	identity_cache_forget(rt->identities, o->entry.kind, o->entry.namespace, o->entry.name);
	queue_remove(&rt->queue, &o->queue);
	drop_edges(rt, o);
	entries_remove(&rt->objects, &o->entry);
	if (!o->running)
		objects_free(rt, o);
}

/* Under the lock. */
static void came(struct runtime *rt, struct looked_after *k, const struct live_event *ev,
		 const struct refs *refs)
{
	struct object *o = (struct object *)entries_find(&rt->objects, str_c(k->c->group),
							 str_c(k->c->kind), ev->namespace, ev->name);
	int64_t generation = node_int(node_dig(ev->object, "metadata", "generation"));
	bool deleting = !node_is_nil(node_dig(ev->object, "metadata", "deletionTimestamp"));
	uint64_t requested = requested_of(ev->object);

	if (!o) {
		o = entry_new(sizeof *o, str_c(k->c->group), str_c(k->c->kind), ev->namespace,
			      ev->name);
		o->owner = k;
		entries_add(&rt->objects, &o->entry);
	}
	bool matters = !o->seen || (ev->what & LIVE_ADDED) || generation != o->generation ||
		       requested != o->requested || deleting != o->deleting;

	o->seen = true;
	o->generation = generation;
	o->requested = requested;
	o->deleting = deleting;
	o->is_well = object_is_ready(ev->object);
	set_refs(rt, o, refs);
	if (matters) {
		o->failures = 0;
		objects_enqueue(rt, o, 0);
	}
}

static struct looked_after *kind_of(struct runtime *rt, const struct client_resource *r)
{
	for (size_t i = 0; i < rt->kinds_n; i++)
		if (str_eq(rt->kinds[i].resource.plural, r->plural) &&
		    str_eq(rt->kinds[i].resource.group, r->group))
			return &rt->kinds[i];
	return NULL;
}

void objects_refer(struct runtime *rt, struct object *o, node object)
{
	struct refs refs = { 0 };

	o->owner->c->refs(object, &refs);
	pthread_mutex_lock(&rt->lock);
	if (!o->gone)
		set_refs(rt, o, &refs);
	pthread_mutex_unlock(&rt->lock);
	arena_release(&refs.arena);
}

/* One of another shard, or that has become one, is not there for its controller. */
static bool is_ours(const struct runtime *rt, const struct live_event *ev)
{
	return !(ev->what & LIVE_DELETED) &&
	       selector_matches(&rt->shard, node_dig(ev->object, "metadata", "labels"));
}

static void tell_owner(struct runtime *rt, struct looked_after *k, const struct live_event *ev)
{
	bool ours = is_ours(rt, ev);
	struct refs refs = { 0 };

	if (ours && k->c->refs)
		k->c->refs(ev->object, &refs);
	pthread_mutex_lock(&rt->lock);
	if (!ours) {
		struct entry *e = entries_find(&rt->objects, str_c(k->c->group), str_c(k->c->kind),
					       ev->namespace, ev->name);

		if (e)
			gone(rt, (struct object *)e);
	} else {
		came(rt, k, ev, &refs);
	}
	rt->changes++;
	pthread_cond_broadcast(&rt->changed);
	pthread_mutex_unlock(&rt->lock);
	arena_release(&refs.arena);
}

/* ---- what others refer to -------------------------------------------------------- */

/* What of a change matters to a target, by enum ref_matter; or-ed bits. */
static unsigned matters_of(struct target *t, const struct live_event *ev)
{
	bool came_or_went = ev->what & (LIVE_ADDED | LIVE_DELETED);
	unsigned m = 1u << REF_DATA;
	uint64_t artifact = ev->what & LIVE_DELETED ? 0 : hash_artifact(ev->object);
	uint64_t ready = ev->what & LIVE_DELETED ? 0 : hash_ready(ev->object);

	if (artifact != t->artifact || came_or_went)
		m |= 1u << REF_ARTIFACT | 1u << REF_OUTPUT;
	if (ready != t->ready || came_or_went)
		m |= 1u << REF_READY;
	if (came_or_went || (ev->what & LIVE_HEALTH))
		m |= 1u << REF_HEALTH | 1u << REF_CONTENT;
	if (ev->what & LIVE_CONTENT)
		m |= 1u << REF_CONTENT;
	t->artifact = artifact;
	t->ready = ready;
	return m;
}

/* That a source or a dependency goes, has lost its artifact or is not ready for the moment is
 * no news to those that are well: as with Flux they find out at their interval, and if it has
 * come back by then nobody was told of a failure. */
static bool is_loss(const struct edge *e, const struct live_event *ev)
{
	if (!e->from->is_well)
		return false;
	if (e->matter == REF_ARTIFACT)
		return !e->to->artifact;
	return e->matter == REF_READY &&
	       ((ev->what & LIVE_DELETED) || !object_is_ready(ev->object));
}

/* What is as a pass left it is no news. While one runs nobody can tell its own
 * applies from what others do: then another pass looks. */
static bool is_drift(const struct edge *e, const struct live_event *ev)
{
	if (ev->what & (LIVE_ADDED | LIVE_DELETED | LIVE_HEALTH))
		return true;
	return e->from->running || live_content(ev->object) != e->content;
}

static int64_t delay_of(enum ref_matter matter, unsigned what)
{
	switch (matter) {
	case REF_ARTIFACT:
	case REF_OUTPUT:
	case REF_READY:
		return 0;
	case REF_DATA:
	case REF_HEALTH:
		return RUNTIME_BATCH;
	case REF_CONTENT:
		break;
	}
	return what & LIVE_HEALTH ? RUNTIME_BATCH : DRIFT_DELAY;
}

/* A ConfigMap or Secret that the selector (or the gate: any) leaves out is no news as
 * data, even where the kind is watched whole because others of it have been applied. */
static bool is_left_out(struct runtime *rt, const struct live_event *ev)
{
	const struct client_resource *r = ev->resource;

	return !r->group.n && (str_eq(r->kind, S("ConfigMap")) || str_eq(r->kind, S("Secret"))) &&
	       (rt->o.settings->gates[GATE_DISABLE_CONFIG_WATCHERS] ||
		(ev->object.kind == NODE_MAP &&
		 !selector_matches(&rt->configs, node_dig(ev->object, "metadata", "labels"))));
}

static void tell_referrers(struct runtime *rt, const struct live_event *ev)
{
	const struct client_resource *r = ev->resource;

	pthread_mutex_lock(&rt->lock);
	struct target *t = (struct target *)entries_find(&rt->targets, r->group, r->kind,
							 ev->namespace, ev->name);
	unsigned m = t ? matters_of(t, ev) : 0;

	if (m && is_left_out(rt, ev))
		m &= ~(1u << REF_DATA);
	if ((m & 1u << REF_ARTIFACT) && t->artifact && api_kind_find(r->group, r->kind))
		objects_tell_cycle(rt, t);
	for (size_t i = 0; t && i < t->edges.n; i++) {
		struct edge *e = t->edges.p[i];

		if (!(m & 1u << e->matter) || !e->from->seen)
			continue;
		if (is_loss(e, ev) || (e->matter == REF_CONTENT && !is_drift(e, ev)))
			continue;
		objects_enqueue(rt, e->from, delay_of(e->matter, ev->what));
	}
	pthread_mutex_unlock(&rt->lock);
}

void objects_on_event(void *ctx, const struct live_event *ev)
{
	struct runtime *rt = ctx;
	struct looked_after *k = kind_of(rt, ev->resource);

	if (k)
		tell_owner(rt, k, ev);
	tell_referrers(rt, ev);
}

/* ---- after a pass ------------------------------------------------------------------ */

struct look {
	struct gvk kind;
	str namespace, name;
	uint64_t content;
};

void objects_settle(struct runtime *rt, struct object *o)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	VEC(struct look) looks = { 0 };

	pthread_mutex_lock(&rt->lock);
	for (size_t i = 0; i < o->edges.n; i++) {
		const struct entry *t = &o->edges.p[i]->to->entry;

		if (o->edges.p[i]->matter == REF_CONTENT)
			avec_push(&a, &looks,
				  (struct look){ .kind = { arena_str(&a, t->group), STR_NONE,
							   arena_str(&a, t->kind) },
						 .namespace = arena_str(&a, t->namespace),
						 .name = arena_str(&a, t->name) });
	}
	pthread_mutex_unlock(&rt->lock);
	for (size_t i = 0; i < looks.n; i++) {
		struct look *l = &looks.p[i];
		struct client_resource r;
		struct live_state s;
		err *e = runtime_resource(rt, l->kind, &r);

		if (!e) {
			live_state(rt->live, &a, &r, l->namespace, l->name, &s);
			l->content = s.content;
		}
		err_free(e);
	}
	pthread_mutex_lock(&rt->lock);
	for (size_t i = 0, n = 0; i < o->edges.n && n < looks.n; i++) {
		struct edge *e = o->edges.p[i];

		if (e->matter == REF_CONTENT && str_eq(e->to->entry.name, looks.p[n].name) &&
		    str_eq(e->to->entry.kind, looks.p[n].kind.kind))
			e->content = looks.p[n++].content;
	}
	pthread_mutex_unlock(&rt->lock);
}

void objects_release(struct runtime *rt)
{
	for (size_t s = 0; s < rt->objects.slots_n; s++)
		for (struct entry *e = rt->objects.slots[s], *next; e; e = next) {
			next = e->next;
			drop_edges(rt, (struct object *)e);
			objects_free(rt, (struct object *)e);
		}
	entries_release(&rt->objects);
	entries_release(&rt->targets);
	queue_release(&rt->queue);
	vec_release(&rt->watched);
}

/* ---- the helper ---------------------------------------------------------------------- */

/* One kind that is to be watched; false when there is none. Under the lock,
 * which is given back meanwhile. */
static bool watch_one(struct runtime *rt)
{
	int64_t now = clock_mono();

	for (size_t i = 0; i < rt->watched.n; i++) {
		struct watched_kind w = rt->watched.p[i];
		struct client_resource r;

		if (w.done || w.due > now)
			continue;
		pthread_mutex_unlock(&rt->lock);
		err *e = runtime_resource(rt, w.kind, &r);

		if (!e)
			runtime_watch(rt, &r, w.keep);
		pthread_mutex_lock(&rt->lock);
		if (e)
			rt->watched.p[i].due = clock_mono() + KIND_RETRY;
		else if (rt->watched.p[i].keep == w.keep)
			rt->watched.p[i].done = true;
		err_free(e);
		return true;
	}
	return false;
}

void *objects_watch(void *arg)
{
	struct runtime *rt = arg;

	pthread_mutex_lock(&rt->lock);
	while (!atomic_load(&rt->stopping)) {
		int64_t due = INT64_MAX;

		if (watch_one(rt))
			continue;
		for (size_t i = 0; i < rt->watched.n; i++)
			if (!rt->watched.p[i].done && rt->watched.p[i].due < due)
				due = rt->watched.p[i].due;
		if (due == INT64_MAX) {
			pthread_cond_wait(&rt->chores, &rt->lock);
		} else {
			struct timespec t = clock_timespec(due);

			pthread_cond_timedwait(&rt->chores, &rt->lock, &t);
		}
	}
	pthread_mutex_unlock(&rt->lock);
	return NULL;
}
