/* cel_ast - the tree of an expression.
 *
 * The parser makes it, macros already expanded into folds; the checker notes
 * on each node its type and what names and calls mean. Every node has a
 * number of its own, by which the evaluator counts costs, and its place in
 * the source. Trees live in the arena of the program.
 */
#ifndef CEL_CEL_AST_H
#define CEL_CEL_AST_H

#include "cel/cel.h"
#include "cel/cel_issues.h"

enum cel_expr_kind {
	CEL_E_NONE,		/* stands where an error was */
	CEL_E_LITERAL,
	CEL_E_IDENT,
	CEL_E_SELECT,
	CEL_E_CALL,
	CEL_E_LIST,
	CEL_E_MAP,
	CEL_E_STRUCT,
	CEL_E_FOLD,
};

struct cel_expr;
struct cel_function;
struct cel_overload;

/* An item of a list, map or struct. */
struct cel_entry {
	bool optional;
	uint32_t id;
	uint32_t offset;
	str field;			/* of a struct */
	struct cel_expr *key;		/* of a map */
	struct cel_expr *value;
};

/* What all comprehensions are: the range is walked, and as long as the
 * condition holds the accumulator becomes the step. */
struct cel_fold {
	str var, var2;			/* var2: empty, or the value beside an index or key */
	str accu;
	struct cel_expr *range, *init, *condition, *step, *result;
};

struct cel_expr {
	enum cel_expr_kind kind;
	bool test;			/* CEL_E_SELECT: has() */
	bool member;			/* CEL_E_CALL: called on `target` */
	uint16_t height;		/* of nested operators, as the parser counts them */
	uint32_t id;
	uint32_t offset;		/* runes; CEL_NOWHERE */
	uint32_t n;			/* arguments or entries */
	str name;			/* identifier, field, function or type */
	union {
		cel_value literal;
		struct {
			struct cel_expr *target;	/* of a select, or a member call */
			struct cel_expr **args;
		};
		struct cel_entry *entries;
		struct cel_fold *fold;
	};
	/* by the checker: */
	const struct cel_type *type;
	const struct cel_function *function;
	const struct cel_overload *overload;	/* when there is just one */
	uint64_t overloads;			/* all that fit, a bit each */
	bool is_ident;				/* a select that names a variable or type */
};

#endif
