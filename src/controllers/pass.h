/* pass - one look of a controller at one object.
 *
 * A pass has the object as it was at its start, in its newest version, and a
 * status to work on, which begins as a copy of the object's and is written
 * with one merge patch at the end, if it differs. pass_progress writes it in
 * between as well, but only when the pass has been running for two seconds or
 * the step is known to last: a status nobody has time to read costs the API
 * server more than we do.
 *
 *	static struct outcome reconcile(struct pass *p)
 *	{
 *		pass_progress(p, S("building artifact"), false);
 *		err *e = ...;
 *		if (e)
 *			return pass_fail(p, S("GitOperationFailed"), e);
 *		condition_set(p, S("ArtifactInStorage"), true, S("Succeeded"), msg);
 *		return pass_succeed(p, S("Succeeded"), msg);
 *	}
 *
 * Everything lives in the pass's arena, but for `memory`, which is the
 * controller's own per object and stays until `forget`.
 *
 * Of the pass's worker only.
 */
#ifndef CONTROLLERS_PASS_H
#define CONTROLLERS_PASS_H

#include "controllers/runtime.h"
#include "source/credentials.h"
#include "source/failure.h"

struct pass {
	struct runtime *rt;
	struct arena *arena;
	const struct log *log;		/* controller, name, namespace, reconcileID are in it */
	struct key key;
	node object;			/* as read; newest version, defaults applied */
	node spec;			/* object.spec */
	node status;			/* being worked on; a map */
	int64_t generation;
	int64_t started;		/* monotonic nanoseconds */
	str requested_at;		/* of the annotation; empty: none */
	bool requested;			/* and it is not status.lastHandledReconcileAt */
	const atomic_bool *cancel;	/* the runtime stops */
	void *memory;			/* of the controller */
};

/* ---- conditions: p->status.conditions ------------------------------------- */

enum condition_status { CONDITION_FALSE, CONDITION_TRUE, CONDITION_UNKNOWN };

/* Set, with lastTransitionTime, observedGeneration, the cut of long messages
 * and the exclusion of Reconciling and Stalled as common.md §1 has them. */
void condition_set(struct pass *p, str type, enum condition_status status, str reason, str message);
void condition_drop(struct pass *p, str type);
bool condition_is(const struct pass *p, str type, enum condition_status status);
/* NODE_NONE when it is not there. */
node condition_get(const struct pass *p, str type);
/* The same of any object. */
bool object_is_ready(node object);	/* Ready True, of its generation, not Reconciling or Stalled */

/* How Ready is made of other conditions (common.md §2): in this order, and
 * which count as bad when True. */
struct summary {
	const char *const *types;
	size_t n;
	const char *const *negative;
	size_t negative_n;
	const char *verdict;	/* when that is False, Ready says what it says; or NULL */
};
void condition_summarise(struct pass *p, const struct summary *s);

/* ---- status ---------------------------------------------------------------- */

/* status.KEY = value; NODE_NONE takes it away. */
void status_set(struct pass *p, str key, node value);
void status_set_str(struct pass *p, str key, str value);
/* Reconciling=True and, where Ready is absent or Unknown, Ready=Unknown, reason
 * Progressing. Written at once when `lasts`, else when the pass has lasted
 * two seconds already. */
void pass_progress(struct pass *p, str message, bool lasts);
/* The same, and Ready=Unknown whatever it was: something is to be done anew. */
void pass_progress_anew(struct pass *p, str message, bool lasts);
/* Write what differs now. Errors are kept and end the pass with backoff. */
void pass_write(struct pass *p);

/* The pass ends without a word: what it left in the status is dropped but for what
 * the object refers to by it, which counts until the object is seen again. The
 * next pass begins with the status as it was. */
void pass_unsaid(struct pass *p);

/* ---- events ----------------------------------------------------------------- */

enum event_type { EVENT_NORMAL, EVENT_WARNING, EVENT_TRACE };

/* To the log, the events API and --events-addr. `meta` is key, value, key,
 * value; keys without a '/' get the kind's group before them, empty values
 * are left out. Does not wait. */
void pass_event(struct pass *p, enum event_type type, str reason, str message, const str *meta,
		size_t n);
/* The same without the log, for who tells it there in other words, or not at all. */
void pass_event_unlogged(struct pass *p, enum event_type type, str reason, str message,
			 const str *meta, size_t n);

/* ---- ends ---------------------------------------------------------------------- */

/* Each takes the error, says it (condition, event, log) and gives what
 * reconcile returns. */
/* Ready=False, Reconciling=True ProgressingWithRetry; warning event; backoff. */
struct outcome pass_fail(struct pass *p, str reason, err *e);
/* The same, again after that long. */
struct outcome pass_fail_after(struct pass *p, str reason, err *e, int64_t after);
/* The same for what is not there yet: a normal event, and no error in the log. */
struct outcome pass_wait(struct pass *p, str reason, err *e, int64_t after);
/* The same, and alerts hear nothing of it. */
struct outcome pass_hold(struct pass *p, str reason, err *e, int64_t after);
/* Ready=False and Stalled=True; warning event; nothing until it changes. */
struct outcome pass_stall(struct pass *p, str reason, err *e);
/* The same with metadata for the event, as pass_event(). */
struct outcome pass_stall_of(struct pass *p, str reason, err *e, const str *meta, size_t n);
/* By the mark on the error (source/failure.h): condition, reason, class. */
struct outcome pass_failure(struct pass *p, err *e);
/* The same about what lies at that URL: not before its host wants to be asked again. */
struct outcome pass_failure_at(struct pass *p, str url, err *e);
/* Reconciling and Stalled go, observedGeneration = generation, Ready=True
 * (unless the controller has a summary, which then decides); interval. */
struct outcome pass_succeed(struct pass *p, str reason, str message);

/* spec.interval and its like, in nanoseconds; `otherwise` when absent or bad. */
int64_t pass_duration(const struct pass *p, str field, int64_t otherwise);
/* "1m0s" of such a span. */
str pass_span(struct pass *p, int64_t span);

/* ---- what a pass reads ------------------------------------------------------------ */

/* A Secret or ConfigMap of the object's namespace, values decoded. An absent
 * one is an error of kind NotFound in the API's words. */
err *pass_secret(struct pass *p, str name, struct credentials *out)
	__attribute__((warn_unused_result));
err *pass_configmap(struct pass *p, str name, struct credentials *out)
	__attribute__((warn_unused_result));
/* The object itself, by "Secret" or "ConfigMap". One that is watched is asked for once
 * a version, whoever reads it. */
err *pass_config(struct pass *p, str kind, str name, node *out) __attribute__((warn_unused_result));
/* A Flux object from the watch cache (with --feature-gates=DirectSourceFetch:
 * from the server); NotFound in the API's words. */
err *pass_get(struct pass *p, struct gvk kind, str namespace, str name, node *out)
	__attribute__((warn_unused_result));
/* The same; NotFound of the cache in controller-runtime's words, which have the kind
 * where the API's have the resource. */
err *pass_get_cached(struct pass *p, struct gvk kind, str namespace, str name, node *out)
	__attribute__((warn_unused_result));

/* status.artifact of a source; false when there is none. */
bool artifact_of(struct arena *a, node source, struct artifact *out);
/* As status.artifact. */
node artifact_node(struct arena *a, const struct artifact *artifact);
/* Its files: in place when our own store has it, else fetched (retries,
 * digest checked, unpacked under limits) into the store's cache. */
err *pass_open(struct pass *p, const struct artifact *artifact, struct artifact_tree **out)
	__attribute__((warn_unused_result));
/* Its bytes, for what is no archive to be unpacked: charts. */
err *pass_bytes(struct pass *p, const struct artifact *artifact, str *out)
	__attribute__((warn_unused_result));

/* ---- clusters -------------------------------------------------------------------- */

/* Where and as whom objects are applied: spec.kubeConfig and
 * spec.serviceAccountName (or --default-service-account). The same for all who
 * ask for the same; it lives until the pass ends, and on as long as an object's last
 * pass had it. */
struct cluster {
	uint64_t id;		/* of no other, before or after */
	struct client *client;
	struct discovery *discovery;
	struct live *live;	/* NULL for another cluster */
	bool remote;
	bool account;		/* as somebody who may be allowed little */
};
err *pass_cluster(struct pass *p, const struct cluster **out) __attribute__((warn_unused_result));
/* Whether what the cluster's streams say of that kind in that namespace is all there is. */
bool cluster_sees(const struct pass *p, const struct cluster *c, const struct client_resource *r,
		  str namespace);
/* The pass waits for the world from here on (or no longer): meanwhile another thread does
 * its worker's work. */
void pass_waits(struct pass *p, bool waits);
/* Something came for the object since the pass began: it will be run again. */
bool pass_is_stale(const struct pass *p);

#endif
