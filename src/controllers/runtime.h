/* runtime - what all controllers share: the queue, workers, watches, passes.
 *
 * A controller is a constant struct controller: which kind it looks after and
 * what to do at a pass. The runtime does the rest, the same way for all kinds
 * (the original's common rules): it watches the kind, puts keys on the queue
 * when something happens that matters, adds and drops the finalizer, stops at
 * suspend, copies requestedAt, writes the status once at the end of a pass,
 * says what is to be logged, counted and sent as an event, and decides when
 * the next pass is due.
 *
 * What matters to an object besides itself it says in `refs`: every referenced
 * object is watched, whatever its kind, and its change puts the object on the
 * queue: a source's new artifact, a dependency that became ready, a ConfigMap
 * whose data changed. A worker therefore never waits for the world: a pass
 * that finds something missing ends, and is run again by the event.
 *
 * One key is never in two passes at once; a change during a pass makes
 * another pass after it. Changes within RUNTIME_BATCH of each other make one.
 *
 * Threads: workers run passes (plain sequential code, one arena a pass).
 * Everything here is for any thread unless it says otherwise.
 */
#ifndef CONTROLLERS_RUNTIME_H
#define CONTROLLERS_RUNTIME_H

#include "api/kind.h"
#include "client/discovery.h"
#include "client/live.h"
#include "controllers/settings.h"
#include "source/artifact.h"
#include "source/oci.h"
#include "source/sigstore.h"

struct runtime;
struct pass;

/* Changes that come together (one commit's ConfigMap and HelmRelease). */
#define RUNTIME_BATCH (CLOCK_SECOND / 40)

struct key {
	const struct controller *controller;
	str namespace, name;
};

/* ---- what an object refers to ------------------------------------------- */

/* Which changes of the other matter. */
enum ref_matter {
	REF_ARTIFACT,		/* status.artifact: revision or digest */
	REF_OUTPUT,		/* the same of what one made oneself: that it goes matters, too */
	REF_READY,		/* Ready, observedGeneration, generation, lastAppliedRevision */
	REF_DATA,		/* any change: ConfigMaps and Secrets, by resourceVersion */
	REF_HEALTH,		/* kstatus, or that it comes or goes */
	REF_CONTENT,		/* drift: content, or that it goes; and REF_HEALTH */
};

struct refs;
/* `kind` with an empty version: the preferred one. For the cluster that the
 * runtime runs on; what is applied to another one is not watched. */
void refs_add(struct refs *r, struct gvk kind, str namespace, str name, enum ref_matter matter);

/* ---- controllers ---------------------------------------------------------- */

enum outcome_next {
	NEXT_INTERVAL,		/* success: `after`, with jitter */
	NEXT_AFTER,		/* `after` exactly: retry interval, dependency, timeout of a wait */
	NEXT_BACKOFF,		/* failure: later and later */
	NEXT_CHANGE,		/* stalled, or suspended: nothing until something changes */
	NEXT_NOW,		/* once more, at once */
};

struct outcome {
	enum outcome_next next;
	int64_t after;		/* nanoseconds */
};

struct controller {
	const char *group, *kind;	/* "kustomize.toolkit.fluxcd.io", "Kustomization" */
	/* Logs, events, reportingController: "kustomize-controller". */
	const char *component;
	/* Field manager of finalizer and status: "gotk-kustomize-controller". */
	const char *manager;
	const char *finalizer;	/* "finalizers.fluxcd.io"; NULL: none */
	/* Of the condition types that make Ready, as the original summarises;
	 * NULL: the pass sets Ready itself. See pass.h. */
	const struct summary *summary;

	/* What the object refers to, by spec or status. Pure; called whenever the
	 * object differs, on the watch's thread. */
	void (*refs)(node object, struct refs *out);
	/* The object is looked at by others only: no finalizer, no status, no
	 * passes, and what is left of a time when it was not so goes. NULL: never. */
	bool (*is_static)(node object);
	/* One pass. The status as it is left in p->status is written after it. */
	struct outcome (*reconcile)(struct pass *p);
	/* The status that a pass left has been written. NULL: nobody wants to know. */
	void (*written)(struct pass *p);
	/* What the log says of a suspended object; NULL: the usual. */
	const char *suspended;
	/* A suspended object's generation is observed, though nothing is done; that of a source
	 * (with a summary) once it has conditions. */
	bool observes_suspended;
	/* The object is being deleted: undo. NEXT_CHANGE drops the finalizer,
	 * anything else tries again. NULL: nothing to undo. */
	struct outcome (*finalize)(struct pass *p);
	/* The object is gone: free what p->memory pointed to. NULL: nothing. */
	void (*forget)(struct runtime *rt, void *memory);
};

/* ---- the runtime ------------------------------------------------------------ */

struct runtime_options {
	struct net_client *net;		/* borrowed */
	struct client *client;		/* its own identity; borrowed */
	struct artifact_store *store;	/* borrowed; NULL: no source kinds */
	const struct settings *settings;	/* flags and gates; borrowed */
	const struct controller *const *controllers;
	size_t controllers_n;
	const struct log *log;
	const atomic_bool *cancel;	/* ends runtime_start early; or NULL */
};

struct runtime *runtime_new(const struct runtime_options *o) __attribute__((returns_nonnull));
/* Watch, and run passes, until runtime_stop. Waits for the kinds' first lists. */
err *runtime_start(struct runtime *rt) __attribute__((warn_unused_result));
/* Cancel the passes that run (settings.graceful: after that long), and wait. */
void runtime_stop(struct runtime *rt);
void runtime_free(struct runtime *rt);

/* Put a key on the queue: now, or in so many nanoseconds (the earlier counts). */
void runtime_enqueue(struct runtime *rt, struct key k, int64_t after);
/* By name of the kind: for webhooks, file watchers, tests. */
void runtime_enqueue_named(struct runtime *rt, str group, str kind, str namespace, str name);

struct net_client *runtime_net(struct runtime *rt);
/* The same for hosts that objects name: kept off private addresses where the settings say so. */
struct net_client *runtime_outer_net(struct runtime *rt);
struct client *runtime_client(struct runtime *rt);
struct discovery *runtime_discovery(struct runtime *rt);
struct live *runtime_live(struct runtime *rt);
struct artifact_store *runtime_store(struct runtime *rt);
const struct settings *runtime_settings(struct runtime *rt);
/* What is known of OCI registries, for all passes. */
struct oci_memory *runtime_oci(struct runtime *rt);
/* Whom keyless signatures are trusted by that name nobody. */
struct sigstore *runtime_sigstore(struct runtime *rt);
/* What indexes and charts were found to say (chartrepo.h). */
struct configs *runtime_chart_facts(struct runtime *rt);
/* Tokens of clouds; NULL: they are not kept. */
struct identity_cache *runtime_identities(struct runtime *rt);
/* What HelmReleases share. */
struct hr_shared *runtime_helm(struct runtime *rt);

/* Nothing queued, due or running (tests, `rill up --until-ready`). */
bool runtime_is_idle(struct runtime *rt);

/* Changes of objects of the controllers' kinds so far; wait until there are
 * more than `seen`, or so long, or somebody wakes all who wait. */
uint64_t runtime_changes(struct runtime *rt);
void runtime_wait(struct runtime *rt, uint64_t seen, int64_t timeout);
void runtime_wake(struct runtime *rt);

/* A chart is about to be rendered: /metrics counts them. */
void runtime_count_render(struct runtime *rt);
/* Prometheus text of /metrics, and the debug dump: queue, memory by owner. */
void runtime_metrics(struct runtime *rt, struct buf *out);
void runtime_dump(struct runtime *rt, struct buf *out);

#endif
