/* cel_func - the functions of expressions: what they are called with, and
 * what runs then.
 *
 * A function has overloads, each with types, an identity by which costs are
 * counted, and mostly code of its own. Code runs behind a guard: arguments
 * that are not of the overload's types give "no such overload". Operators
 * have one piece of code for all overloads instead, which is asked only
 * when the first argument has the operator's trait. All of that, the order
 * of overloads too, shows in results and errors, and follows cel-go.
 *
 * The tables are constant; any thread. Code gets the run it works for.
 */
#ifndef CEL_CEL_FUNC_H
#define CEL_CEL_FUNC_H

#include "cel/cel_type.h"

struct cel_run;

typedef cel_value cel_code(struct cel_run *r, const cel_value *args, size_t n);

/* How code was bound decides when errors in arguments end a call: code for
 * one or two arguments sees to it that all of them are evaluated first. */
enum cel_binding_style {
	CEL_UNBOUND,
	CEL_UNARY,
	CEL_BINARY,
	CEL_VARIADIC,
};

enum cel_trait {
	CEL_ADDER = 1 << 0,
	CEL_COMPARER = 1 << 1,
	CEL_CONTAINER = 1 << 2,
	CEL_DIVIDER = 1 << 3,
	CEL_INDEXER = 1 << 4,
	CEL_ITERABLE = 1 << 5,
	CEL_MATCHER = 1 << 6,
	CEL_MODDER = 1 << 7,
	CEL_MULTIPLIER = 1 << 8,
	CEL_NEGATER = 1 << 9,
	CEL_RECEIVER = 1 << 10,
	CEL_SIZER = 1 << 11,
	CEL_SUBTRACTOR = 1 << 12,
	CEL_LISTER = CEL_ADDER | CEL_CONTAINER | CEL_INDEXER | CEL_ITERABLE | CEL_SIZER,
};

/* Which environments have it. */
enum { CEL_IN_KUBERNETES = 1 << CEL_KUBERNETES, CEL_IN_FLUX = 1 << CEL_FLUX, CEL_IN_ALL = 3 };

enum { CEL_ARGS_MAX = 4 };

struct cel_overload {
	const char *id;
	uint8_t in;
	bool member;
	uint8_t n;
	enum cel_binding_style style;
	const struct cel_type *args[CEL_ARGS_MAX];
	const struct cel_type *result;
	cel_code *run;
};

struct cel_function {
	const char *name;
	uint8_t in;
	bool unguarded;			/* the code looks at the types itself */
	bool non_strict;		/* errors are arguments like others */
	uint16_t trait;			/* which `run` wants of the first argument */
	enum cel_binding_style style;
	cel_code *run;			/* for all overloads, or NULL */
	uint32_t n;
	const struct cel_overload *overloads;
};

/* A function of that library; NULL when there is none. */
const struct cel_function *cel_func_find(enum cel_library library, str name);
/* The overloads of the library among those of the function. */
static inline bool cel_func_has(const struct cel_overload *o, enum cel_library library)
{
	return o->in >> library & 1;
}

/* Types that overloads are declared with. A type parameter of a declaration
 * has a number from CEL_DECLARED_PARAM on. */
enum { CEL_DECLARED_PARAM = 1 << 30 };
extern const struct cel_type cel_func_param[2];		/* A, B */
extern const struct cel_type cel_func_list_a, cel_func_list_list_a, cel_func_map_ab;
extern const struct cel_type cel_func_list_string;

/* The tables, each sorted by name. */
struct cel_function_table {
	const struct cel_function *functions;
	size_t n;
};
extern const struct cel_function_table cel_func_standard, cel_func_times, cel_func_strings,
	cel_func_lists, cel_func_optionals, cel_func_kubernetes, cel_func_addresses,
	cel_func_authorizer;

/* Where patches can be made, and nowhere else. */
extern const struct cel_function cel_func_escape_key;

#endif
