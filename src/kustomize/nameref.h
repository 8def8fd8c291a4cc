/* nameref - references between objects follow the names of their targets.
 *
 * After names were prefixed, suffixed, moved and hashed, fields that hold
 * the old name of another object get the new one. A rule says: objects of
 * these kinds hold in this field the name of an object of that kind. The
 * defaults are kustomize 5.8's; `configurations` and `crds` add to them.
 *
 * Candidates are found by hash of the old name, so the cost follows the
 * number of fields, not the square of the objects. Worker-local.
 */
#ifndef KUSTOMIZE_NAMEREF_H
#define KUSTOMIZE_NAMEREF_H

#include "kustomize/transform.h"

struct nameref {
	struct gvk target;
	fieldspecs referrers;
};

typedef VEC(struct nameref) namerefs;

namerefs nameref_defaults(struct arena *a);
/* Add rules; those for the same target are merged. */
err *nameref_merge(struct arena *a, namerefs *to, const namerefs *from)
	__attribute__((warn_unused_result));

err *transform_namerefs(struct transform *t, struct resmap *m, const namerefs *rules)
	__attribute__((warn_unused_result));

#endif
