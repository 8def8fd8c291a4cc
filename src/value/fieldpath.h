/* fieldpath - paths into objects, as kustomize's replacements write them.
 *
 *	spec.template.spec.containers.[name=app].image
 *
 * Steps are parted by dots; "\." is a dot in a name, and so are the dots
 * between brackets: [a.b/c] is the key "a.b/c". A number is an index,
 * [name=x] and [=x] choose items of a list, "*" is each of them, "-" the last.
 *
 * There are two walks, with the original's differences. fieldpath_get is for
 * sources: it follows one way, [name=x] means the first item whose name is
 * x. fieldpath_match is for targets: it follows all ways, x is a regular
 * expression found anywhere in the value as YAML prints it, and what is not
 * there can be made. (Paths of field specs, "spec/template", which go through
 * lists by themselves, are kustomize's own business.)
 *
 * A path borrows from its text and is immutable. Places that a walk gives
 * stay right while trees grow, until entries before them are removed.
 */
#ifndef VALUE_FIELDPATH_H
#define VALUE_FIELDPATH_H

#include "base/err.h"
#include "value/node.h"

enum fieldpath_kind {
	FIELDPATH_KEY,
	FIELDPATH_INDEX,	/* what strconv.Atoi reads: below 0, too */
	FIELDPATH_ITEM,		/* in brackets */
};

struct fieldpath_step {
	enum fieldpath_kind kind;
	str text;
	str key, value;		/* of an item; */
	bool bad;		/* which has no '=' between them */
	int64_t index;
	size_t at;		/* where it begins in the path's text */
};

/* Part of a path is a path: { p.steps + 1, p.n - 1 }. */
struct fieldpath {
	const struct fieldpath_step *steps;
	size_t n;
};

/* More is refused: "field path has more than N parts". */
enum { FIELDPATH_STEPS_MAX = 500, FIELDPATH_PLACES_MAX = 1000000 };

err *fieldpath_parse(struct arena *a, str text, struct fieldpath *out)
	__attribute__((warn_unused_result));

/* The value at the path; NULL in *out when it is not there. White space
 * around parts, and empty parts, do not count. On error, *at (which may be
 * NULL) is where in the path's text it failed. */
err *fieldpath_get(node *root, struct fieldpath p, node **out, size_t *at)
	__attribute__((warn_unused_result));

/* A place of a value; see fieldpath_node. */
struct fieldpath_place {
	node parent;		/* NODE_NONE: it is `root` */
	node *root;
	uint32_t index;
	bool made;		/* by this walk: it has no tag yet */
	bool apart;		/* in what no tree holds: the copy of a text, or below a null */
};

static inline node *fieldpath_node(const struct fieldpath_place *p)
{
	if (p->parent.kind == NODE_SEQ)
		return &p->parent.seq->items[p->index];
	if (p->parent.kind == NODE_MAP)
		return &p->parent.map->pairs[p->index].value;
	return p->root;
}

/* All places that the path leads to, in order. With `create` (NODE_STR for
 * any scalar, NODE_MAP, NODE_SEQ; NODE_NONE: no), what is missing is made, the last
 * value of that kind. A scalar before the path's end is read as YAML, and
 * the path goes on in a copy that nothing shares with it. `a` is the arena
 * of the tree. */
err *fieldpath_match(struct arena *a, node *root, struct fieldpath p, enum node_kind create,
		     struct fieldpath_place **out, size_t *n, size_t *at)
	__attribute__((warn_unused_result));

#endif
