/* granular - objects seen as fields that have owners.
 *
 * structured-merge-diff's operations on a tree and its type: which paths are in
 * an object, what differs between two, one merged into the other, paths
 * taken out. Maps and structs are walked field by field, lists with keys
 * item by item; what is atomic is a leaf. Where no type is known, maps are
 * walked and lists are leaves.
 *
 * Trees that are handed in must have passed granular_validate, but for its
 * own. Results share nodes with them. Worker-local.
 */
#ifndef KUBE_GRANULAR_H
#define KUBE_GRANULAR_H

#include "kube/fieldset.h"
#include "schema/type.h"

enum { GRANULAR_DEPTH_MAX = 1000 };

/* What is wrong with an object: ".data.k: expected string, got ...". With
 * `duplicates`, items of a list may have the same keys. */
err *granular_validate(struct arena *a, node object, const struct type *type, bool duplicates)
	__attribute__((warn_unused_result));

/* All leaves and items. */
struct fieldset *granular_fields(struct arena *a, node object, const struct type *type);

struct granular_diff {
	struct fieldset *added, *modified, *removed;	/* NULL: none */
};
/* NODE_NONE: no object. */
void granular_compare(struct arena *a, node old, node object, const struct type *type,
		      struct granular_diff *out);

/* The live object with all that `config` has. Items of lists keep their
 * places as far as the order in `config` allows. */
node granular_merge(struct arena *a, node live, node config, const struct type *type);

/* The object without those paths. */
node granular_remove(struct arena *a, node object, const struct type *type, const struct fieldset *paths);

/* The set with every declared field on the way to a member as a member. */
struct fieldset *granular_name_fields(struct arena *a, const struct fieldset *s,
				      const struct type *type);
/* A set that was written when other places were atomic, as it reads now;
 * often the same. */
const struct fieldset *granular_reconcile(struct arena *a, const struct fieldset *s,
					  const struct type *type);

#endif
