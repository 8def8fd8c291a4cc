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
 * Both see the Scale, Eviction, Binding and TokenRequest of a subresource, and the options of
 * what connects to a Pod, a Service or a Node, as objects of their own kinds: policies_shape.
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

/* What is written below an object and not stored as such. Of the kind only `gvk` and `type` count:
 * NULL where the document of the kind's group and version (/openapi/v3) does not have it, which is
 * where Kubernetes looks for what an ApplyConfiguration is applied to. */
struct policies_shape {
	const struct kind *kind;
	str operation;			/* "CREATE", "UPDATE", "CONNECT" */
	bool dry_run;
};

/* Mutating policies' turns: `object` may become another; `old` null or not there. */
err *policies_mutate_below(struct request *r, const struct policies_shape *shape, node *object, node old)
	__attribute__((warn_unused_result));
/* Validating ones. */
err *policies_check_below(struct request *r, const struct policies_shape *shape, node object)
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
