/* policies_impl - what the parts of policies share. */
#ifndef SERVER_POLICIES_IMPL_H
#define SERVER_POLICIES_IMPL_H

#include "cel/cel.h"
#include "server/policies.h"

/* One expression. */
struct policy_rule {
	str text;
	const struct cel_program *program;	/* NULL: `fault`, or it asks what we cannot answer */
	str fault;				/* why it cannot be compiled */
};

struct policy_variable {
	str name;			/* "variables.x" */
	struct policy_rule rule;
};

struct policy_validation {
	struct policy_rule rule, said;	/* said: messageExpression; without text: none */
	str message, reason;
};

/* Immutable, in the arena of the state, as are the bindings. */
struct policy {
	str name;
	node spec;
	bool lenient;			/* failurePolicy Ignore */
	struct policy_rule *conditions;
	size_t conditions_n;
	struct policy_variable *variables;
	size_t variables_n;
	struct policy_validation *validations;
	size_t validations_n;
};

struct policy_binding {
	str name;
	node spec;
	const struct policy *policy;
};

struct policy_state {
	atomic_uint refs;
	struct arena mem;
	uint64_t key;			/* of the changes that it knows */
	struct policy_binding *bindings;	/* by policy, then by name */
	size_t bindings_n;
};

/* The hooks of the state. */
err *policies_open(struct server *s, const struct server_options *o)
	__attribute__((warn_unused_result));
void policies_close(struct server *s);

/* policies.c: the state of now, a reference; NULL: there are no policies. */
struct policy_state *policies_state_now(struct server *s);
void policies_state_drop(struct policy_state *p);

/* What is done to what: made once for a write. policies_match.c. */
struct policy_call {
	struct server *server;
	struct arena *arena;
	const struct kind *kind;
	str operation;			/* "CREATE", "UPDATE", "DELETE" */
	str sub, namespace, name;
	node object, old;		/* NODE_NULL: there is none */
	node space;			/* the Namespace, or NODE_NULL */
};

/* Whether matchConstraints or matchResources (NODE_NONE: everything) match. With
 * matchPolicy Equivalent `as` is the version in which a rule named the resource. */
bool policies_matches(const struct policy_call *c, node match, str *as);

#endif
