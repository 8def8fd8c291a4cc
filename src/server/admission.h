/* admission - what a write meets besides the rules of its kind.
 *
 * The namespace must be there and not be going; then the hooks of the other
 * parts (quotas, limits, service accounts, pod security) have their say. Here
 * is also what a struct kind_call is made of: the hooks' view of the rest of
 * the server. Any thread.
 */
#ifndef SERVER_ADMISSION_H
#define SERVER_ADMISSION_H

#include "server/request.h"
#include "server/store.h"

/* Of a write into a namespace: whether new things may come there. */
err *admission_namespace(struct request *r, const struct kind *k, str namespace, bool create)
	__attribute__((warn_unused_result));
/* The hooks, in their order; c->refusal ends it. */
void admission_admit(struct kind_call *c);
void admission_check(struct kind_call *c);
/* All that a call knows of the request; object and kind are the caller's. */
void admission_call(struct request *r, struct kind_call *c);

struct store_table *admission_namespaces(struct server *s);
/* The 409 of a creation, under a name that was asked for or `generated`. */
err *admission_exists(struct request *r, const struct kind *k, str namespace, str name,
		      bool generated)
	__attribute__((warn_unused_result, returns_nonnull));

/* The row of another version of the same resource, a reference, or NULL; and
 * an object of one row as the other has it: it borrows names from `to`. */
const struct kind *admission_version(struct server *s, const struct kind *k, str api_version);
node admission_convert(struct arena *a, const struct kind *from, const struct kind *to, node object);

#endif
