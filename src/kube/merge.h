/* merge - strategic merge: a partial object laid over a whole one.
 *
 * The dialect is kyaml's, as `kustomize build` applies it: maps merge field
 * by field, null removes, `$patch: delete|replace|merge` directs, lists are
 * merged by key where the schema says so and replaced elsewhere. Merged
 * lists put the patch's items first (`prepend`) or last.
 *
 * What kubectl knows and kyaml does not ($setElementOrder, $retainKeys,
 * $deleteFromPrimitiveList) is plain data here, too.
 *
 * The target tree is changed in place; the patch is copied first, so one
 * patch can be laid over many targets. Both should be read with
 * YAML_NUMBERS_TEXT: a null that is written out ("null", "~") survives a
 * merge that does not touch it, an empty one does not. Worker-local.
 */
#ifndef KUBE_MERGE_H
#define KUBE_MERGE_H

#include "base/arena.h"
#include "base/err.h"
#include "kube/merge_schema.h"
#include "value/node.h"

struct merge_options {
	const struct merge_schema *schema;	/* NULL: every list is replaced */
	bool prepend;				/* the patch's new items come first */
	bool infer;				/* without a schema, lists of maps with `name` merge */
};

/* Lists longer than this are not merged by key: the work grows with the
 * square of the length, as in the original. */
enum { MERGE_LIST_MAX = 10000, MERGE_DEPTH_MAX = 2000 };

/* `out` is the merged tree, or NODE_NONE when the patch deletes it. */
err *merge_strategic(struct arena *a, node target, node patch, const struct merge_options *o,
		     node *out) __attribute__((warn_unused_result));

#endif
