/* fieldpath - paths of replacements: "spec.containers.[name=app].image".
 *
 * A path is names between dots; "\." is a dot in a name, "[a.b/c]" a name
 * that may hold dots, "[name=x]" the items of a list whose field has a
 * value, "[=x]" the scalar items, a number an item, "-" the last one and "*"
 * every one. As where kustomize reads, "x" is an exact text; where it
 * writes, an expression that may match anywhere. Worker-local.
 */
#ifndef KUSTOMIZE_FIELDPATH_H
#define KUSTOMIZE_FIELDPATH_H

#include "base/err.h"
#include "base/vec.h"
#include "value/node.h"

typedef VEC(str) fieldpath;
typedef VEC(node *) fieldpath_slots;

fieldpath fieldpath_split(struct arena *a, str path);

/* The one value at the path; NODE_NONE when it is not there. */
err *fieldpath_get(struct arena *a, node at, const fieldpath *path, node *out)
	__attribute__((warn_unused_result));
/* The same for the first `n` parts, as a place to change; NULL when it is not
 * there. */
err *fieldpath_find(struct arena *a, node *at, const fieldpath *path, size_t n, node **out)
	__attribute__((warn_unused_result));

/* All places that the path (from part `from` on) matches. With `make`,
 * NODE_STR, NODE_MAP or NODE_SEQ, what is missing is made, ending in an
 * empty node of that kind; a scalar made here decides by its text what it is
 * (FIELDPATH_UNTAGGED in its `type`). `inside` says that the path went on
 * into a text that holds YAML: such places are in a copy. */
enum { FIELDPATH_UNTAGGED = 1 };
err *fieldpath_match(struct arena *a, node *at, const fieldpath *path, size_t from,
		     enum node_kind make, fieldpath_slots *out, bool *inside)
	__attribute__((warn_unused_result));

#endif
