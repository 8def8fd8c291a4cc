/* cel_unify - which types fit where, and what type parameters stand for.
 *
 * While an expression is checked, type parameters are bound to types as they
 * are met ([] is a list of something until it is compared with [1]). A
 * failed attempt to fit leaves no bindings behind. The rules are those of
 * cel-go's checker. Worker-local.
 */
#ifndef CEL_CEL_UNIFY_H
#define CEL_CEL_UNIFY_H

#include "base/vec.h"
#include "cel/cel_func.h"

struct cel_unifier {
	struct arena *a;
	VEC(const struct cel_type *) bound;	/* by number of the parameter; NULL: free */
	VEC(struct {
		uint32_t var;
		const struct cel_type *before;
	}) trail;
	unsigned depth;
};

/* A new type parameter. */
const struct cel_type *cel_unify_var(struct cel_unifier *u);
/* Whether `from` may be given where `to` is wanted. */
bool cel_unify(struct cel_unifier *u, const struct cel_type *from, const struct cel_type *to);
bool cel_unify_all(struct cel_unifier *u, const struct cel_type *const *from,
		   const struct cel_type *const *to, size_t n);
/* Parameters replaced by what they are bound to; free ones by dyn, if `to_dyn`. */
const struct cel_type *cel_unify_resolve(struct cel_unifier *u, const struct cel_type *t, bool to_dyn);
/* The more general of two types that fit each other. */
const struct cel_type *cel_unify_general(const struct cel_type *a, const struct cel_type *b);
/* The parameters of a declaration replaced by new ones: A by `vars[0]`, B by `vars[1]`. */
const struct cel_type *cel_unify_instance(struct cel_unifier *u, const struct cel_type *t,
					  const struct cel_type *const vars[2]);

#endif
