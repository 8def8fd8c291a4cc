/* cel_estimate - what an expression may cost before it has run.
 *
 * The API server takes a rule into a schema only when its worst case is
 * cheap enough. The worst case follows from how large data may be by its
 * schema; paths of data are followed through selects, indexes and
 * comprehensions. What is odd here is so in cel-go and in Kubernetes: rules
 * that were once taken must be taken for ever. See cel_estimate in cel.h.
 */
#ifndef CEL_CEL_ESTIMATE_H
#define CEL_CEL_ESTIMATE_H

#include "cel/cel_plan.h"

/* Least and most; what would be more than UINT64_MAX is that. */
typedef struct cel_range range;

/* A size that may be unknown. */
struct cel_size {
	bool known;
	range r;
};

/* Where data stands in the schema: the decl that the names lead to, or NULL
 * when they lead nowhere. */
struct cel_path {
	uint32_t n;			/* names */
	bool key;			/* it is a key of a map */
	const struct cel_decl *decl;
};

/* An operand of a call, as estimators of functions see it. */
struct cel_operand {
	const struct cel_expr *expr;	/* NULL: an item of a list */
	const struct cel_type *type;
	struct cel_path path;
	struct cel_size size;
};

struct cel_call_estimate {
	bool known;
	range cost;
	struct cel_size result;
};

range cel_range_add(range a, range b);
range cel_range_multiply(range a, range b);
range cel_range_scale(range a, double factor);
range cel_range_union(range a, range b);
#define CEL_RANGE_FIXED(v) ((range){ (v), (v) })
#define CEL_RANGE_UNKNOWN ((range){ 0, UINT64_MAX })

/* The size that the schema allows; unknown where it says nothing. */
struct cel_size cel_estimate_size(const struct cel_decl *root, struct cel_path path);
/* The path of a part of what is at `path`: of a field, of "@items" ... */
struct cel_path cel_estimate_below(const struct cel_decl *root, struct cel_path path, str name);
/* What the libraries say about a call; unknown: the language's rules hold.
 * `target` NULL: a function. */
struct cel_call_estimate cel_estimate_call(const struct cel_decl *root, str function, str overload,
					   const struct cel_operand *target,
					   const struct cel_operand *args, size_t n);

#endif
