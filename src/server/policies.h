/* policies - ValidatingAdmissionPolicies and MutatingAdmissionPolicies, enforced.
 *
 * A policy that some binding names has a say in every write that it matches: a mutating
 * one changes the object, a validating one refuses who creates, updates or deletes, or
 * warns, in the words of Kubernetes. All policies are compiled together, once after each
 * change of them, into a state that is never changed again; a write holds the one it began
 * with. A policy counts as soon as its creation has been answered.
 *
 * Not evaluated is what asks `authorizer`: such a validation holds, such a mutation is a
 * failure. Annotations for the audit log, which is not written, are not made either.
 * Objects are looked at in their whole; the Scale, Eviction and Binding of a subresource
 * are not.
 *
 * Any thread.
 */
#ifndef SERVER_POLICIES_H
#define SERVER_POLICIES_H

#include "server/hooks.h"
#include "server/request.h"

extern const struct hooks policies_hooks;

/* Of a deletion, which passes no hooks: NULL, or the refusal. */
err *policies_delete(struct request *r, node object, bool dry_run) __attribute__((warn_unused_result));

/* The turns of mutating policies in one write: all of them, and when something was changed,
 * once more those with reinvocationPolicy IfNeeded. Begins as zeros. */
struct policies_turns {
	size_t n;
	node again;
};

/* The next turn, behind all other mutating admission. c->object becomes another, or there is
 * a refusal; gives whether it did, so that the rest of admission has to look again. */
bool policies_mutate(struct kind_call *c, struct policies_turns *turns);

#endif
