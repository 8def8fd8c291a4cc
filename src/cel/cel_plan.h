/* cel_plan - an expression made ready to run.
 *
 * The checked tree becomes steps like those of cel-go's interpreter, since
 * its cost counting shows how they are cut: names with all their selects and
 * indexes are one attribute, conditions choose between attributes, literals
 * and conversions of literals are computed beforehand, `in` over a literal
 * list is a look-up, patterns that are literals are compiled.
 *
 * Immutable once made; any thread may run it.
 */
#ifndef CEL_CEL_PLAN_H
#define CEL_CEL_PLAN_H

#include "cel/cel_cost.h"
#include "cel/cel_env.h"
#include "cel/cel_value.h"

enum cel_op {
	CEL_OP_CONST,
	CEL_OP_ATTR,
	CEL_OP_TEST,		/* has() */
	CEL_OP_OR,
	CEL_OP_AND,
	CEL_OP_EQ,
	CEL_OP_NE,
	CEL_OP_CALL,
	CEL_OP_LIST,
	CEL_OP_MAP,
	CEL_OP_STRUCT,
	CEL_OP_FOLD,
	CEL_OP_IN_SET,		/* args[0] in a set of constants */
	CEL_OP_OPT_OR,
	CEL_OP_OPT_OR_VALUE,
};

struct cel_attr;

/* One select or index. */
enum cel_qualifier_kind {
	CEL_Q_CONST,
	CEL_Q_ATTR,		/* by the value of an attribute */
	CEL_Q_STEP,		/* by the value of any other step, an attribute around it */
};

struct cel_qualifier {
	enum cel_qualifier_kind kind;
	bool optional;
	bool test;		/* only whether it is there */
	uint32_t id;
	cel_value key;
	struct cel_attr *attr;
};

enum cel_attr_kind {
	CEL_A_VARIABLE,
	CEL_A_STEP,
	CEL_A_CONDITION,
};

struct cel_attr {
	enum cel_attr_kind kind;
	uint32_t id;
	uint32_t name;			/* of a variable: index of cel_program.names */
	struct cel_plan *step;		/* operand, or the condition */
	struct cel_attr *yes, *no;
	VEC(struct cel_qualifier *) qualifiers;
};

struct cel_plan_fold {
	uint32_t var, var2, accu;	/* indexes of names; CEL_NO_NAME */
	struct cel_plan *range, *init, *condition, *step, *result;
};

#define CEL_NO_NAME UINT32_MAX

struct cel_plan {
	enum cel_op op;
	uint32_t id;
	uint32_t n;
	struct cel_plan **args;		/* operands; keys and values of maps by turns */
	const bool *optional;		/* which items of a list, map or struct; NULL: none */
	union {
		cel_value constant;
		struct cel_attr *attr;
		struct cel_plan_fold *fold;
		struct {
			const struct cel_function *function;
			const struct cel_overload *overload;	/* the one that fits, or NULL */
			enum cel_binding_style style;
			enum cel_cost_rule cost;
			const struct regex *regex;		/* of matches, find, findAll */
		} call;
		cel_value set;		/* a map whose keys are the members */
		struct {
			str name;
			const str *fields;
		} message;
	};
};

struct cel_program {
	const struct cel_env *env;
	struct cel_expr *tree;
	struct cel_plan *root;
	VEC(str) names;			/* of variables, each once */
	uint32_t max_id;
};

/* Fails where a literal cannot be converted or a pattern not compiled. */
err *cel_plan(struct arena *a, struct cel_program *p) __attribute__((warn_unused_result));

uint32_t cel_plan_attr_id(const struct cel_attr *attr);
uint32_t cel_plan_id(const struct cel_plan *p);

#endif
