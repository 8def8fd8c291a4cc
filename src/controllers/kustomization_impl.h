/* kustomization_impl - what the sources of the Kustomization controller share.
 *
 * A pass goes through kustomization.c (what is to be done at all),
 * kustomization_source.c (source and dependencies), kustomization_build.c (from
 * the artifact to objects), kustomization_apply.c (into the cluster, inventory,
 * pruning), kustomization_health.c, kustomization_end.c (history, ends).
 *
 * What a controller remembers of an object is what makes passes cheap: what
 * was sent and how it looked afterwards, so that a watch can prove that
 * nothing changed since. It is lost when the process ends, and then found
 * anew with dry runs.
 */
#ifndef CONTROLLERS_KUSTOMIZATION_IMPL_H
#define CONTROLLERS_KUSTOMIZATION_IMPL_H

#include "base/log.h"
#include "base/vec.h"
#include "client/applyset.h"
#include "controllers/controllers.h"
#include "controllers/drifts.h"
#include "controllers/pass.h"
#include "controllers/readiness.h"
#include "kustomize/flux.h"
#include "value/source.h"

#define KUSTOMIZATION_GROUP "kustomize.toolkit.fluxcd.io"
/* Bytes that one pass may need: larger builds are refused, not killed. */
#define KUSTOMIZATION_MEMORY_MAX ((size_t)1 << 30)
/* Between two looks at what is not watched: objects, and whether a kind is served. */
#define KUSTOMIZATION_POLL (5 * CLOCK_SECOND)
#define KUSTOMIZATION_TIMEOUT_MIN (30 * CLOCK_SECOND)
/* A wait shorter than this is not told: nobody could read it. */
#define KUSTOMIZATION_TELL_AFTER (2 * CLOCK_SECOND)

/* An object that was applied. */
struct ks_known {
	struct objid id;
	str version;
	str key;		/* the id as inventories print it */
	uint64_t body;		/* hash of what was sent */
	uint64_t content;	/* live_content after it; 0: not known */
	bool skipped;		/* left alone, as it is marked */
	bool vanishes;		/* a Job with a time to live */
};

/* What stays from pass to pass. */
struct ks_memory {
	struct arena mem;	/* holds what follows, made anew by each apply */
	struct ks_known *known;
	size_t n;
	uint64_t cluster;	/* where, and as whom; 0: nowhere yet */
	str digest;		/* of the manifests */
	bool applied;		/* the last apply and prune succeeded, with these inputs: */
	uint64_t inputs;
	bool fetched;		/* but it had remote bases, which may be others now */

	/* What was about to be created and may be in no inventory: entries as JSON,
	 * in intended_mem. */
	str intended;
	struct arena intended_mem;
	bool recalled;		/* what a killed process noted has been read */

	bool untold;		/* what was applied is in no inventory that the server has */
	bool owed;		/* the status of the last pass did not reach the server */

	uint64_t tried;		/* inputs of the last pass that failed */
	unsigned away;		/* in a row, as a server was away */

	int64_t lacking;	/* since when the source has nothing yet; 0: it has */

	bool settled;		/* the last pass came to its end: nothing to do before */
	int64_t due;		/* ... this time (monotonic) */

	int64_t stage_started;	/* of waiting for definitions to be ready; 0: nobody waits */

	struct drifts drifts;

	/* A kind that the last apply, with these inputs, did not find. */
	struct gvk missing;	/* kind empty: none; texts in missing_mem */
	struct arena missing_mem;
	uint64_t missing_inputs;

	/* A health check that goes on. */
	bool waiting;
	int64_t wait_started, reconcile_started;
	bool drifted, new_revision, was_healthy;
	bool told;		/* ... and the status says so */
	uint64_t handling;	/* hash of the request that it began with */
};

/* A pass. */
struct ks {
	struct pass *p;
	struct arena *a;
	struct ks_memory *m;
	int64_t interval, retry, timeout;
	bool asked;		/* somebody asks for a pass, and not for the one that goes on */
	const struct readiness *rules;
	str source_kind, source_namespace, source_name;
	node source;
	struct artifact artifact;
	str origin_revision;
	uint64_t inputs;
	const struct cluster *cluster;
	err *no_cluster;	/* why there is none; told once there is an artifact */
	struct artifact_tree *tree;
	struct sources sources;
	struct resmap *objects;
	bool fetched;		/* the build looked at more than the artifact */
	VEC(str) secrets;	/* values among the variables that come from Secrets */
	str digest;
	struct applyset_item *items;
	size_t n;
	bool drifted;		/* something was created or configured */
	/* Made by an object that changed, between two regular passes: when nothing had
	 * to be put right, nothing is said. */
	bool quiet;
	bool owed;		/* the status of the pass before did not reach the server */
};

/* ---- kustomization_source.c -------------------------------------------------- */

/* Each gives true when the pass goes on; else `out` is how it ends. */
bool kustomization_find_source(struct ks *k, struct outcome *out);
bool kustomization_check_dependencies(struct ks *k, struct outcome *out);

/* ---- kustomization_build.c ----------------------------------------------------- */

/* Opens the artifact and builds: k->tree, k->objects, k->digest. Not without a cluster. */
bool kustomization_build(struct ks *k, struct outcome *out);
/* What a server says of an object may repeat variables from Secrets: they become "*****". */
err *kustomization_hide(struct ks *k, err *e) __attribute__((warn_unused_result));

/* ---- kustomization_apply.c ------------------------------------------------------ */

bool kustomization_apply(struct ks *k, struct outcome *out);
/* The inventory of what was applied last, for a status that does not have it yet. */
void kustomization_restore(struct ks *k);
/* Whether all that was applied is as it was left. */
bool kustomization_is_intact(struct ks *k);
/* A resource of a kind as a cluster has it, whichever version it is asked in. */
err *kustomization_resource(const struct cluster *c, const struct objid *id, str version,
			    const struct client_resource **out) __attribute__((warn_unused_result));
/* Whether what the watch cache says of the resource is all there is. */
bool kustomization_is_watched(struct ks *k, const struct client_resource *r, str namespace);

/* ---- kustomization_health.c ------------------------------------------------------- */

/* Begins or continues the checks; true when they have passed, or there are none. */
bool kustomization_check_health(struct ks *k, struct outcome *out);
/* Whether all that is to be waited for is there now. */
bool kustomization_is_healthy(struct ks *k);
bool kustomization_has_checks(const struct ks *k);

/* ---- kustomization_end.c ------------------------------------------------------------ */

/* status.history. */
void kustomization_remember(struct ks *k, str status);
/* Reconciling with what is being done, and Ready Unknown; written when the
 * pass has lasted, or `lasts`. */
void kustomization_progress(struct ks *k, str doing, bool lasts);
/* Unlogged: the log has what the original writes there. */
void kustomization_event(struct ks *k, enum event_type type, str reason, str message);
/* Ready False without an event, and again after that long. */
struct outcome kustomization_wait(struct ks *k, str reason, str message, int64_t after);
/* Ready False with an event, and again after the retry interval; takes `e`. */
struct outcome kustomization_fail(struct ks *k, str reason, err *e);
/* The configuration is wrong: nothing until it changes; takes `e`. */
struct outcome kustomization_stall(struct ks *k, str reason, err *e);
struct outcome kustomization_succeed(struct ks *k);
/* "apps/x.yaml:3:7" of a place; of an error, below the root of the artifact; empty: none. */
str kustomization_position(struct ks *k, const struct err_pos *at);
str kustomization_place(struct ks *k, const err *e);

/* ---- kustomization_intent.c ----------------------------------------------------------- */

/* An object may be made and the status that names it never be written: we are
 * killed, or the server is. Its id is noted before, and counts as one of the inventory
 * until a status was written after it all succeeded. */

/* Before the items are applied. */
void kustomization_intend(struct ks *k);
/* The entries of the inventory, and what may be there besides, marked `noted: true`. */
node kustomization_entries(struct pass *p);
/* The status has been written. */
void kustomization_written(struct pass *p);
/* Nothing is left to be remembered. */
void kustomization_forget_intent(struct pass *p);

/* kustomization_delete.c: the object is being deleted. */
struct outcome kustomization_finalize(struct pass *p);

#endif
