/* rellegacy - waiting as Helm 3 did: each object by rules of its own, asked for every
 * two seconds.
 *
 * What the rules do not know is ready at once. A paused Deployment is ready; a Job
 * counts only where Jobs are waited for, and one that failed for good ends the wait.
 *
 * Worker-local; it waits.
 */
#ifndef RELEASE_RELLEGACY_H
#define RELEASE_RELLEGACY_H

#include "release/relwait.h"

err *rellegacy_wait(const struct relcluster *c, const struct relobj_list *l,
		    const struct relwait_options *o) __attribute__((warn_unused_result));

/* Whether an object is ready by itself. `more`: what else is to be looked at. */
enum rellegacy_more { RELLEGACY_NOTHING, RELLEGACY_REPLICA_SETS, RELLEGACY_PODS };
err *rellegacy_judge(node object, bool jobs, bool *ready, enum rellegacy_more *more)
	__attribute__((warn_unused_result));
/* Of a Deployment that is ready by itself: by its newest ReplicaSet of the list. */
bool rellegacy_deployment(struct arena *a, node deployment, node replica_sets);

#endif
