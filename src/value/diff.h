/* diff - what is different between two trees.
 *
 * Maps are compared key by key, in any order. Lists are compared place by
 * place, or, where the caller knows a key that names their items ("name" for
 * containers), item by item of the same name; a list in which an item has no
 * such name, or two have the same, is compared by place.
 *
 * The answer is a list of changes, in the order of the first tree, added
 * entries last: each with its path and both values. An added or removed map
 * is one change. Linear in the size of the two trees, and no memory is used
 * for what is equal. Values are those of node_equal: 1 and 1.0 differ.
 *
 * Ownership: paths and the list live in the arena, values are those of the
 * trees. Worker-local.
 */
#ifndef VALUE_DIFF_H
#define VALUE_DIFF_H

#include "base/buf.h"
#include "value/node.h"

/* The way to an entry, from the entry up; NULL is the root. */
struct diff_path {
	const struct diff_path *up;
	node key;		/* of a map's entry; NODE_NONE for an item of a list */
	size_t index;		/* of an item: in the second list, or in the first when removed */
	str name_key;		/* of an item found by name: "name", */
	node name;		/* and its value */
};

struct diff_change {
	const struct diff_path *path;
	node before, after;	/* NODE_NONE: added, removed */
};

struct diff {
	struct diff_change *changes;
	size_t n;
};

/* All may be NULL, as may be the options themselves. */
struct diff_options {
	/* The key that names the items of the list at `path`, or an empty text. */
	str (*list_key)(void *ctx, const struct diff_path *path);
	/* Whether to leave out an entry and all below it. */
	bool (*skip)(void *ctx, const struct diff_path *path);
	/* Whether diff_write shows "***" in place of the values. */
	bool (*hide)(void *ctx, const struct diff_path *path);
	void *ctx;
};

struct diff diff_trees(struct arena *a, node before, node after, const struct diff_options *o);

/* spec.containers[name="app"].ports[0]["odd key"]; "." for the root. */
void diff_write_path(struct buf *b, const struct diff_path *path);
/* All changes for people to read, each a path and below it what was and what
 * is, long values on several lines:
 *
 *	spec.replicas
 *	  - 1
 *	  + 3
 */
void diff_write(struct buf *b, const struct diff *d, const struct diff_options *o);

#endif
