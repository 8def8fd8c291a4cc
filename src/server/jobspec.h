/* jobspec - validation of what Jobs are: their specification, in Jobs and in
 * templates of CronJobs, and the status that is written for them.
 *
 * Kubernetes' pkg/apis/batch/validation, with its words; complaints are added to `e`,
 * all that there are. Worker-local.
 */
#ifndef SERVER_JOBSPEC_H
#define SERVER_JOBSPEC_H

#include "server/check.h"

/* `old`: an older state of the spec, or NODE_NONE. */
void jobspec_check(struct fielderrs *e, const struct at *at, node spec, node old);
/* A change of a Job's status. */
void jobspec_check_status(struct fielderrs *e, node job, node old);
/* A condition that is "True". */
bool jobspec_has_condition(node job, str type);
/* "1,3-5,7": how many numbers these are, all below `completions`. */
err *jobspec_indexes(str text, int64_t completions, int64_t *total) __attribute__((warn_unused_result));

#endif
