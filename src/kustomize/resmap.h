/* resmap - the ordered list of resources of one layer of a build.
 *
 * Identities are looked up by hash: by the present id, and by any id that a
 * resource ever had. Transformers change identities through the resources
 * themselves and call resmap_touch; the index is made anew when it is next
 * asked. So a build costs time in proportion to its objects, where kustomize
 * compares every object with every other.
 *
 * Ownership: everything lives in the arena of the build. Worker-local.
 */
#ifndef KUSTOMIZE_RESMAP_H
#define KUSTOMIZE_RESMAP_H

#include "base/err.h"
#include "kustomize/resource.h"

struct resmap_index;

struct resmap {
	struct arena *a;
	struct resource **list;
	size_t n, cap;
	struct resmap_index *index;	/* NULL: to be made */
};

typedef VEC(struct resource *) resource_list;

struct resmap *resmap_new(struct arena *a);

/* An equal present id already there fails: "may not add resource with an
 * already registered id: ID". */
err *resmap_append(struct resmap *m, struct resource *r) __attribute__((warn_unused_result));
/* `from` may not be used any more. */
err *resmap_append_all(struct resmap *m, const struct resmap *from)
	__attribute__((warn_unused_result));
/* Take in what a generator made, by each resource's behavior. `release_581`:
 * do as kustomize 5.8.1, which leaves a Secret's stringData alone. */
err *resmap_absorb(struct resmap *m, const struct resmap *generated, bool release_581)
	__attribute__((warn_unused_result));

/* Identities changed, or resources were removed. */
void resmap_touch(struct resmap *m);
/* Drop the resources that are gone or empty. */
void resmap_sweep(struct resmap *m);

/* All resources whose present id equals `id`, or that ever had it, in order.
 * The list lives in the arena. */
resource_list resmap_by_id(struct resmap *m, struct resid id);
resource_list resmap_by_any_id(struct resmap *m, struct resid id);
/* The first resources that have the same present id; none when all differ. */
resource_list resmap_clash(struct resmap *m);
/* All resources that now have, or ever had, this name. */
resource_list resmap_by_name(struct resmap *m, str name);
/* Those that ever had it before, and are in this (effective) namespace now, or were
 * there `first`; only after resmap_index_names. */
resource_list resmap_by_name_in(struct resmap *m, str name, str ns, bool first);
/* Make the tables that resmap_by_name_in and resmap_by_name ask; they hold until the
 * next resmap_touch. */
void resmap_index_names(struct resmap *m);
void resmap_index_all_names(struct resmap *m);

struct resmap *resmap_copy(struct arena *a, const struct resmap *m);

#endif
