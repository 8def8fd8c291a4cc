/* runtime_impl - what the sources of the runtime share.
 *
 * Order of locks: a live stream's own, then runtime.lock, then live's tables.
 * So no live_note and no live_watch under runtime.lock.
 */
#ifndef CONTROLLERS_RUNTIME_IMPL_H
#define CONTROLLERS_RUNTIME_IMPL_H

#include <pthread.h>

#include "base/log.h"
#include "base/vec.h"
#include "controllers/configs.h"
#include "controllers/event.h"
#include "controllers/hr_shared.h"
#include "controllers/identity.h"
#include "controllers/pass.h"
#include "base/queue.h"
#include "controllers/runtime.h"
#include "kube/selector.h"
#include "net/client.h"

/* ---- tables by name ---------------------------------------------------------- */

/* An entry of a table; embedded, first. */
struct entry {
	struct entry *next;
	uint64_t hash;
	str group, kind, namespace, name;	/* owned by whoever embeds it */
};

struct entries {
	struct entry **slots;
	size_t slots_n, n;
};

uint64_t entry_hash(str group, str kind, str namespace, str name);
struct entry *entries_find(const struct entries *t, str group, str kind, str namespace, str name);
/* `e` has its texts and hash. */
void entries_add(struct entries *t, struct entry *e);
void entries_remove(struct entries *t, struct entry *e);
void entries_release(struct entries *t);
/* The texts of an entry behind `size` bytes of its own, in one piece, zeroed. */
void *entry_new(size_t size, str group, str kind, str namespace, str name)
	__attribute__((returns_nonnull));

/* ---- objects, and what they refer to -------------------------------------------- */

enum { DURATION_BUCKETS = 10, TIME_BUCKETS = 40, QUEUE_BUCKETS = 12 };

/* gotk_reconcile_duration_seconds */
struct durations {
	uint32_t buckets[DURATION_BUCKETS + 1];
	double sum;
};

/* An object of a controller's kind. Guarded by runtime.lock, but for
 * `memory`, which is the running pass's. */
struct object {
	struct entry entry;
	struct queue_place queue;
	struct looked_after *owner;
	bool running, gone;
	int64_t ready;			/* on the queue: since then, or from then on, it is due */
	int64_t began;			/* the pass that runs (monotonic) */
	bool again;			/* changed during the pass */
	int64_t again_due;
	unsigned failures;		/* in a row */
	int64_t generation;
	uint64_t requested;		/* hash of the annotation */
	bool deleting, seen;
	bool is_well;			/* it says that it is ready */
	uint64_t visit;			/* by the newest search that came here: cycle.c */
	VEC(struct edge *) edges;
	uint64_t refs_hash;
	void *memory;
	struct cluster_entry *cluster;	/* of the last pass; as `memory` */
	struct durations durations;
};

/* An object that others refer to. */
struct target {
	struct entry entry;
	VEC(struct edge *) edges;
	uint64_t artifact, ready;	/* hashes of what mattered last; 0: nothing known */
};

struct edge {
	struct object *from;
	struct target *to;
	size_t at;			/* in to->edges */
	enum ref_matter matter;
	uint64_t content;		/* REF_CONTENT: as it was after the last pass */
};

/* A controller and its kind. */
struct looked_after {
	const struct controller *c;
	struct client_resource resource;
	uint64_t passes[4];		/* enum pass_result */
	unsigned running;
	uint64_t terminal;		/* of them, those that nothing will be done about */
	uint64_t adds, retries;		/* of the queue */
	uint32_t times[TIME_BUCKETS + 1], work[QUEUE_BUCKETS + 1];	/* of passes */
	double seconds;			/* all of them */
	uint32_t waits[QUEUE_BUCKETS + 1];	/* of what was due, for a worker */
	double waited;
};

enum pass_result { PASS_SUCCESS, PASS_ERROR, PASS_REQUEUE, PASS_REQUEUE_AFTER };

/* A kind that somebody refers to. */
struct watched_kind {
	struct gvk kind;		/* texts in runtime.mem */
	enum live_keep keep;
	bool done;
	int64_t due;			/* of the next try to find it */
};

struct ref {
	struct gvk kind;
	str namespace, name;
	enum ref_matter matter;
};

struct refs {
	struct arena arena;
	VEC(struct ref) list;
	uint64_t hash;
};

/* ---- the runtime ---------------------------------------------------------------- */

struct cluster_entry {
	str key;			/* owned */
	struct cluster cluster;
	unsigned refs;			/* by clusters_lock */
	struct cluster_entry *base;	/* held; the same as another user */
	bool own_discovery;
};

struct runtime {
	struct runtime_options o;
	struct discovery *discovery;
	struct live *live;
	struct events *events;
	struct oci_memory *oci;
	struct sigstore *sigstore;
	struct net_client *outer;	/* NULL: o.net */
	struct identity_cache *identities;	/* or NULL */
	struct hr_shared *helm;
	struct configs *configs_read, *chart_facts;
	struct local *local;		/* NULL: no directory stands for a source */
	struct looked_after *kinds;
	size_t kinds_n;

	pthread_mutex_t lock;		/* of what follows, unless it says otherwise */
	pthread_cond_t due;		/* workers wait for work */
	pthread_cond_t timer;		/* the one that waits for the time of the first */
	pthread_cond_t chores;		/* the helper waits for kinds to watch */
	pthread_cond_t changed;		/* of `changes` */
	uint64_t changes;
	struct arena mem;
	struct selector configs;	/* of --watch-configs-label-selector */
	struct selector shard;		/* of --watch-label-selector */
	struct queue queue;
	struct entries objects, targets;
	uint64_t searches;		/* for cycles */
	VEC(struct watched_kind) watched;
	bool timing;			/* a worker waits for the time of the first */
	int64_t timing_until;		/* which is this, or that of a rest */
	size_t idle;			/* workers that wait for a call */
	int64_t rest_at;		/* unless a pass ends before; 0: there was a rest */
	unsigned running;
	pthread_t *workers, helper;
	size_t workers_n;
	unsigned waiting, spares;	/* workers that wait for the world; who stands in for them */
	bool started;
	bool helper_started;
	int64_t started_at;
	atomic_ullong renders;	/* of charts */

	pthread_mutex_t clusters_lock;	/* of clusters */
	VEC(struct cluster_entry *) clusters;
	uint64_t cluster_ids;

	atomic_bool stopping;		/* no more passes */
	atomic_bool cancel;		/* those that run shall end */
};

/* objects.c: from the streams to the queue. */
void objects_on_event(void *ctx, const struct live_event *ev);
/* Under the lock. Frees an object that is gone and does not run. */
void objects_free(struct runtime *rt, struct object *o);
void objects_enqueue(struct runtime *rt, struct object *o, int64_t after);
/* The same at a time, for one that does not run. */
void objects_put(struct runtime *rt, struct object *o, int64_t due);
/* Call one worker for the first of the queue, where one is wanted: for what is due an idle one,
 * else the one that waits for a time; for what is due later that one, if it would be late. Who
 * takes something from the queue calls for the next. */
void objects_wake(struct runtime *rt, int64_t now);
/* All objects of that name; an empty namespace: any. */
void objects_enqueue_all(struct runtime *rt, str kind, str namespace, str name);
/* From here on it refers to what this form of it does. Not under the lock. */
void objects_refer(struct runtime *rt, struct object *o, node object);
/* An artifact changed: of those who use it, are there any that wait for each other? One
 * such circle is logged. Under the lock. */
void objects_tell_cycle(struct runtime *rt, const struct target *t);
/* Content of what the object refers to is as it shall be. Not under the lock. */
void objects_settle(struct runtime *rt, struct object *o);
void objects_release(struct runtime *rt);
/* The helper's thread: begins to watch what is referred to. */
void *objects_watch(void *rt);

/* The resource of a kind: of Flux, Secret and ConfigMap without a question. */
err *runtime_resource(struct runtime *rt, struct gvk kind, struct client_resource *out)
	__attribute__((warn_unused_result));
/* Whether objects of other shards, whom nobody refers to, are left with the server. As with
 * Flux, a Kustomization or HelmRelease of this shard may use a source of another. */
bool runtime_is_narrowed(const struct runtime *rt, str group, str kind);
/* Namespace, selectors and all that a kind is watched with. */
void runtime_watch(struct runtime *rt, const struct client_resource *r, enum live_keep keep);

/* ---- cluster.c ------------------------------------------------------------------- */

/* NULL is fine. */
void cluster_unref(struct runtime *rt, struct cluster_entry *e);
/* All must have been given back. */
void cluster_release(struct runtime *rt);

/* ---- metrics.c --------------------------------------------------------------------- */

/* It was due for so long, and then a pass of it took so long. Under the lock. */
void metrics_measure(struct object *o, int64_t waited, int64_t span);
/* Prometheus text about this process: process_*. */
void metrics_process(struct buf *out);

/* ---- a pass ------------------------------------------------------------------------ */

struct run {
	struct pass p;			/* first */
	struct object *o;
	const struct looked_after *kind;
	node written;			/* the status as the server has it */
	err *write_error;
	bool failed;			/* it ended with an error: said already */
	bool unsaid;			/* its status is not to be written */
	VEC(struct cluster_entry *) clusters;	/* held; in the arena */
};

/* The pass ends: of the clusters that it held, its object keeps the last. */
void cluster_settle(struct run *r);

/* The order in which readers of the original see conditions. */
void condition_sort(struct pass *p);

/* The whole of one pass; `result` for the metrics. */
struct outcome pass_run(struct runtime *rt, struct object *o, enum pass_result *result);

#endif
