/* relmemory - records of releases that end with the process: $HELM_DRIVER=memory.
 *
 * Objects by namespace and name, kept as JSON as a server would keep them; answers are
 * parsed anew into the caller's arena. Errors are worded as Helm's memory driver does:
 * ERR_NOT_FOUND "release: not found", ERR_EXISTS "release: already exists". Not locked:
 * one thread, or callers that take turns.
 */
#ifndef RELEASE_RELMEMORY_H
#define RELEASE_RELMEMORY_H

#include "base/err.h"
#include "value/node.h"

struct relmemory;

struct relmemory *relmemory_new(void) __attribute__((returns_nonnull));
/* NULL is fine. */
void relmemory_free(struct relmemory *m);

/* `namespace` empty: all. The list object, its items in the order they were made. */
err *relmemory_list(const struct relmemory *m, struct arena *a, str namespace, str selector,
		    node *out) __attribute__((warn_unused_result));
err *relmemory_get(const struct relmemory *m, struct arena *a, str namespace, str name, node *out)
	__attribute__((warn_unused_result));
/* JSON of an object that must be new, or must be there. */
err *relmemory_put(struct relmemory *m, str namespace, str name, str json, bool is_new)
	__attribute__((warn_unused_result));
err *relmemory_delete(struct relmemory *m, str namespace, str name)
	__attribute__((warn_unused_result));

#endif
