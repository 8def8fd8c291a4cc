/* granular_impl - what the walks of granular.h share: places and items. */
#ifndef KUBE_GRANULAR_IMPL_H
#define KUBE_GRANULAR_IMPL_H

#include "kube/granular.h"

/* The type of a place, and whether something above it keeps unknown fields. */
struct granular_place {
	const struct type *type;
	bool open;
};

enum granular_scalar {
	GRANULAR_NO_SCALAR,
	GRANULAR_NUMERIC,
	GRANULAR_STRING,
	GRANULAR_BOOLEAN,
	GRANULAR_UNTYPED,
};

/* What may stand at a place. */
struct granular_shape {
	uint8_t scalar;		/* enum granular_scalar */
	bool list, map;
	bool list_atomic, map_atomic;
};

struct granular_shape granular_shape(struct granular_place p);
/* The same, once the value is known: the kind that it has. */
struct granular_shape granular_deduce(struct granular_shape s, node value);

/* The place below a key: false when the type declares no such key. */
bool granular_below(struct granular_place p, str key, struct granular_place *out);
/* Whether it is a declared field, and not a key of a map. */
bool granular_is_field(struct granular_place p, str key);
struct granular_place granular_items(struct granular_place p);

/* The step to an item of a list with keys or of a set; an error text, NULL
 * when there is a step. */
const char *granular_step(struct arena *a, const struct type *list, node item,
			  struct fieldset_step *out);

/* The items of a list and their steps, which can be looked up. */
struct granular_item {
	struct fieldset_step step;
	node value;
};
struct granular_index {
	struct granular_item *items;
	size_t n;
	uint32_t *sorted;	/* indexes of `items` by step, then place; NULL while few */
};
void granular_index_make(struct arena *a, const struct type *list, node items,
			 struct granular_index *out);
/* The first item with that step and how many there are; 0: none. */
size_t granular_index_find(const struct granular_index *x, const struct fieldset_step *step,
			   size_t *first);

/* Not there is not the same as null. */
static inline bool granular_is_there(node n)
{
	return n.kind != NODE_NONE;
}

#endif
