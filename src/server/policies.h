/* policies - ValidatingAdmissionPolicies and their bindings, enforced.
 *
 * A policy that some binding names has a say in every write that it matches: who creates,
 * updates or deletes is refused, or warned, in the words of Kubernetes, when one of its
 * validations does not hold. All policies are compiled together, once after each change
 * of them, into a state that is never changed again; a write holds the one it began with.
 * A policy counts as soon as its creation has been answered.
 *
 * Not evaluated is what asks `authorizer`: such a validation holds. Annotations for the
 * audit log, which is not written, are not made either. Objects are looked at in their
 * whole; the Scale, Eviction and Binding of a subresource are not.
 *
 * Any thread.
 */
#ifndef SERVER_POLICIES_H
#define SERVER_POLICIES_H

#include "server/hooks.h"
#include "server/request.h"

extern const struct hooks policies_hooks;

/* Of a deletion, which passes no hooks: NULL, or the refusal. */
err *policies_delete(struct request *r, node object) __attribute__((warn_unused_result));

#endif
