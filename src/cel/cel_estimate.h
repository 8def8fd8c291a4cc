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

/* Where data is: names from a variable on down. Paths grow like slices of Go,
 * so two that grew from one may share, and overwrite, their last names: that
 * is part of what the original estimates. */
struct cel_path {
	str *names;
	uint32_t n, room;
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
struct cel_path cel_estimate_below(struct arena *a, struct cel_path path, str name);
/* What the libraries say about a call; unknown: the language's rules hold.
 * `target` NULL: a function. */
struct cel_call_estimate cel_estimate_call(struct arena *a, const struct cel_decl *root, str function,
					   str overload, const struct cel_operand *target,
					   const struct cel_operand *args, size_t n);

#endif
