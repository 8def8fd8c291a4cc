/* policies_impl - what the parts of policies share. */
#ifndef SERVER_POLICIES_IMPL_H
#define SERVER_POLICIES_IMPL_H

#include "base/vec.h"
#include "cel/cel.h"
#include "server/policies.h"

/* One expression. */
struct policy_rule {
	str text;
	const struct cel_program *program;	/* NULL: `fault` */
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

struct policy_mutation {
	struct policy_rule rule;
	bool json;			/* a JSONPatch, else an ApplyConfiguration */
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
	struct policy_rule *notes;	/* auditAnnotations */
	size_t notes_n;
	struct policy_mutation *mutations;
	size_t mutations_n;
	bool again;			/* reinvocationPolicy IfNeeded */
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
	struct policy_binding *validating, *mutating;	/* by policy, then by name */
	size_t validating_n, mutating_n;
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
	const struct request_user *user;
	bool dry_run;
	const struct kind *kind;	/* of the resource; */
	const struct kind *shape;	/* of the objects, where that is another: a Scale; or NULL */
	str operation;			/* "CREATE", "UPDATE", "DELETE", "CONNECT" */
	str sub, namespace, name;
	node object, old;		/* NODE_NULL: there is none */
	node space;			/* the Namespace, or NODE_NULL */
};

/* Whether matchConstraints or matchResources (NODE_NONE: everything) match. With
 * matchPolicy Equivalent `as` is the version in which a rule named the resource. */
bool policies_matches(const struct policy_call *c, node match, str *as);
/* The same of a policy and its binding; the policy's `as` counts. */
bool policies_bind(const struct policy_call *c, const struct policy_binding *b, str *as);

/* ---- policies_eval.c ------------------------------------------------------------------- */

/* A call of a write as admission has it; the user, who is borrowed too, is put into `user`. */
struct policy_call policies_write_call(const struct kind_call *c, struct request_user *user);
/* The same of what is below an object; `object` is it. */
struct policy_call policies_below_call(struct request *r, const struct policies_shape *shape, node object);
/* The rest of a call, `object` or `old` being null or not there; and the state, a reference.
 * NULL: no policy is about it. */
struct policy_state *policies_call(struct policy_call *c, node object, node old);
/* The row of the version in which a policy sees the object: a reference, or NULL. */
const struct kind *policies_version(const struct policy_call *c, str version);

/* What a policy's expressions are for decides what they see, and what they may cost together. */
enum policies_part {
	POLICIES_CONDITIONS,		/* no namespaceObject */
	POLICIES_RULES,			/* validations and mutations */
	POLICIES_WORDS,			/* messages and annotations: no authorizer */
};

/* One policy with one parameter, looking at the objects as they are now. */
struct policy_run {
	const struct policy_call *call;
	const struct policy *policy;
	struct arena *a;
	VEC(struct cel_binding) bound;
	str *faults;			/* of the policy's variables; empty: none */
	bool *done;
	uint64_t budget;		/* what is left of it */
	bool spent;			/* nothing: no more is evaluated */
};

void policies_begin(struct policy_run *r, const struct policy_call *c, const struct policy *p,
		    const struct kind *as, node param, enum policies_part part);
void policies_end(struct policy_run *r);
err *policies_evaluate(struct policy_run *r, const struct policy_rule *rule, cel_value *out)
	__attribute__((warn_unused_result));
/* Whether it is true, or what is wrong. */
bool policies_holds(struct policy_run *r, const struct policy_rule *rule, str *fault);
/* The conditions: one that is false decides, whatever is wrong with others. */
bool policies_meets(struct policy_run *r, str *fault);
/* As many objects as the policy is to be asked with; null: without. Empty, or what is wrong. */
str policies_params(const struct policy_call *c, const struct policy_binding *b, node out);

#endif
