/* health - whether an object has become what it asks for: kstatus.
 *
 * The answer and its words are those of fluxcd/cli-utils 1.2, which Flux,
 * and so everybody's alerts, go by: deletion first, then generations, then
 * the Reconciling and Stalled conditions, then the rules of the kind, then the
 * Ready condition. What a kind has no rule for is Current.
 *
 * For Jobs Flux has a rule of its own: kstatus takes one for Current that has begun, Flux one
 * that is complete, or suspended.
 *
 * Texts live in the arena or borrow from the object. Any thread.
 */
#ifndef KUBE_HEALTH_H
#define KUBE_HEALTH_H

#include "base/arena.h"
#include "base/err.h"
#include "value/node.h"

enum health_status {
	HEALTH_IN_PROGRESS,
	HEALTH_FAILED,
	HEALTH_CURRENT,
	HEALTH_TERMINATING,
	HEALTH_NOT_FOUND,
	HEALTH_UNKNOWN,
};

struct health {
	enum health_status status;
	str reason;		/* empty where there is nothing to say */
	str message;
};

/* "InProgress", "Failed", ... */
str health_name(enum health_status status);

/* Whether it is a Job of batch, of which not all have one rule. */
bool health_is_job(str group, str kind);

/* As Flux has it. `now` (nanoseconds since 1970) matters for Pods that cannot be scheduled.
 * Fails for a Pod in an unknown phase. */
err *health_of(struct arena *a, node object, int64_t now, struct health *out)
	__attribute__((warn_unused_result));
/* The same by kstatus alone. */
err *health_kstatus(struct arena *a, node object, int64_t now, struct health *out)
	__attribute__((warn_unused_result));

/* status.conditions: the one of that type, or NODE_NONE. */
node health_condition(node object, str type);
/* Whether it is there and has status "True". */
bool health_condition_is_true(node object, str type);

#endif
