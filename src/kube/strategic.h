/* strategic - strategic merge patch, as kubectl and the API server do it.
 *
 * A partial object laid over a whole one: null removes, maps merge, lists
 * merge by key where the types say so and are replaced elsewhere. The patch
 * may hold directives: `$patch: replace|delete|merge`, `$retainKeys`,
 * `$setElementOrder/F`, `$deleteFromPrimitiveList/F`. (kyaml's dialect is
 * kube/merge.h.)
 *
 * Worker-local.
 */
#ifndef KUBE_STRATEGIC_H
#define KUBE_STRATEGIC_H

#include "schema/type.h"

/* Lists longer than this are not merged by key: the work grows with the
 * square of the length, as in the original. */
enum { STRATEGIC_LIST_MAX = 10000, STRATEGIC_DEPTH_MAX = 1000 };

/* `original` is the object as it is printed, `out` a new tree that shares
 * nodes with both. Errors carry the HTTP code to answer with (err_code):
 * 400, 422, or none for a 500 without reason. */
err *strategic_patch(struct arena *a, node original, node patch, const struct type *type, node *out)
	__attribute__((warn_unused_result));

#endif
