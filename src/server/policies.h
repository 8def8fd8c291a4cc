/* policies - ValidatingAdmissionPolicies and MutatingAdmissionPolicies, enforced.
 *
 * A policy that some binding names has a say in every write that it matches: a mutating
 * one changes the object, a validating one refuses who creates, updates or deletes, or
 * warns, in the words of Kubernetes. All policies are compiled together, once after each
 * change of them, into a state that is never changed again; a write holds the one it began
 * with. A policy counts as soon as its creation has been answered.
 *
 * Annotations for the audit log, which is not written, are worked out for the refusals that
 * their errors are.
 * Mutating policies change objects in their whole; the Scale, Eviction, Binding and TokenRequest
 * of a subresource are for validating ones alone. Nobody is asked about what connects to a Pod.
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

/* Of what is created below an object, and not stored as such: an Eviction, a Binding, a
 * TokenRequest. */
err *policies_create_below(struct request *r, const struct gvk *shape, node object, bool dry_run)
	__attribute__((warn_unused_result));

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
