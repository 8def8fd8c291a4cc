/* amounts - quantities by the name of a resource: a ResourceList to count with.
 *
 * Names come in the order in which they were first seen, unless sorted. What is no quantity
 * counts as zero: whoever validates objects finds it. Lives in an arena.
 * Worker-local.
 */
#ifndef SERVER_AMOUNTS_H
#define SERVER_AMOUNTS_H

#include "base/arena.h"
#include "text/quantity.h"
#include "value/node.h"

struct amount {
	str name;
	struct quantity q;
};

struct amounts {
	struct arena *arena;
	struct amount *list;
	size_t n, cap;
};

/* The quantity of a node, 0 for anything else. */
struct quantity amounts_quantity(struct arena *a, node n);
/* Its canonical text. */
str amounts_text(struct arena *a, const struct quantity *q);

/* From a map of quantities. */
struct amounts amounts_of(struct arena *a, node map);
/* NULL when there is none of that name. */
struct amount *amounts_get(const struct amounts *of, str name);
void amounts_set(struct amounts *to, str name, const struct quantity *q);
/* Sums, and the larger of both, name by name. */
void amounts_add_one(struct amounts *to, str name, const struct quantity *q);
void amounts_add(struct amounts *to, const struct amounts *from);
void amounts_max(struct amounts *to, const struct amounts *from);
void amounts_sort(struct amounts *of);
/* A map of canonical texts. */
node amounts_node(struct arena *a, const struct amounts *of);

#endif
