/* readiness - what users write in CEL about being ready: healthCheckExprs and
 * dependsOn[].readyExpr (common.md §17), in Flux's words.
 *
 * Rules are compiled once a pass into its arena. The top-level keys of an
 * object are the variables of a health rule; which there are is not known
 * before there is an object, so every name in the expression is declared.
 * Immutable once made: any thread.
 */
#ifndef CONTROLLERS_READINESS_H
#define CONTROLLERS_READINESS_H

#include "kube/gvk.h"
#include "kube/health.h"

struct readiness;

/* From spec.healthCheckExprs, which may be NODE_NONE. "failed to create custom
 * status evaluator for healthchecks[0]: ..." */
err *readiness_read(struct arena *a, node exprs, const struct readiness **out)
	__attribute__((warn_unused_result));
/* Whether there is a rule for the kind. */
bool readiness_knows(const struct readiness *r, str group, str kind);
/* By the rule for its kind, which must be there, and by nothing else: an object that is going may
 * be Current. An error of the evaluation is one. */
err *readiness_health(const struct readiness *r, struct arena *a, node object, struct health *out)
	__attribute__((warn_unused_result));

/* dependsOn[].readyExpr about `self` and `dep`. ERR_INVALID: the expression can
 * never work; ERR_INTERNAL: it could not be evaluated now. */
err *readiness_eval(struct arena *a, str expr, str dep_name, node self, node dep, bool *out)
	__attribute__((warn_unused_result));

#endif
