/* relwait - until the objects of a release are what they should be, or gone.
 *
 * Nothing is polled. What the server answered when an object was applied often
 * settles it; the rest is watched, by the streams that the cluster has anyhow
 * (relcluster.live) or each object by itself, and judged by kstatus
 * (kube/health.h). The texts of failures are those of Helm's watcher or of
 * Flux's poller.
 *
 * Worker-local; it waits.
 */
#ifndef RELEASE_RELWAIT_H
#define RELEASE_RELWAIT_H

#include "helm/notice.h"
#include "kube/health.h"
#include "release/relobj.h"

enum relwait_for {
	RELWAIT_READY,		/* Current */
	RELWAIT_JOBS,		/* the same, and Jobs are complete */
	RELWAIT_HOOK,		/* Jobs complete, Pods succeeded; all else is ready at once */
	RELWAIT_GONE,
};

struct relwait_options {
	enum relwait_for what;
	int64_t timeout;	/* nanoseconds; 0: 30 s, as Helm's watcher */
	bool flux_words;	/* "timeout waiting for: [...]", "... termination timeout: ...";
				 * and the first failure ends it */
	bool legacy;		/* Helm 3's rules of readiness */
	const struct notices *notices;	/* for what Helm 3's rules tell beside; or NULL */
	void (*slow)(void *ctx);	/* called once, when it has lasted a second; or NULL */
	void *slow_ctx;
	/* Asked before kstatus; false: it has no rule for the object. May be NULL. */
	bool (*judge)(void *ctx, struct arena *a, node object, struct health *out);
	bool (*has_rule)(void *ctx, struct gvk kind);	/* NULL: for any */
	void *ctx;
	/* Asked now and then: the wait shall end, as canceled. NULL: never. */
	bool (*give_up)(void *ctx);
	void *give_up_ctx;
};

err *relwait(const struct relcluster *c, const struct relobj_list *l,
	     const struct relwait_options *o) __attribute__((warn_unused_result));

/* What Helm thinks of one object. */
err *relwait_health(struct arena *a, node object, const struct relwait_options *o,
		    struct health *out) __attribute__((warn_unused_result));

#endif
