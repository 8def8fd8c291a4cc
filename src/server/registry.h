/* registry - the kinds that are served now.
 *
 * The built-in rows are there from the start. Those of a
 * CustomResourceDefinition come together, are exchanged when it changes and
 * go with it; a row that somebody still uses lives until it is given back.
 * What is made from all rows (discovery, OpenAPI) remembers the generation.
 *
 * Any thread. Kinds that it gives are references: kind_unref.
 */
#ifndef SERVER_REGISTRY_H
#define SERVER_REGISTRY_H

#include "server/kind.h"

struct registry;

struct registry *registry_new(void);
void registry_free(struct registry *r);

/* NULL when there is none. */
const struct kind *registry_find(struct registry *r, str group, str version, str plural);
/* By kind instead of plural: what a body is. */
const struct kind *registry_find_kind(struct registry *r, struct gvk gvk);
/* Whether anything is served in a group, or in one version of it; built-in:
 * only the rows that are always there count. */
bool registry_has_group(struct registry *r, str group, bool builtin);
bool registry_has_version(struct registry *r, str group, str version, bool builtin);

/* All rows: the built-in ones in their order, then those of CRDs by group,
 * version (the order of their priority) and plural. Free the array, unref
 * the kinds: registry_release_list. */
const struct kind **registry_list(struct registry *r, size_t *n);
void registry_release_list(const struct kind **list, size_t n);
/* Order of versions by their priority: v2, v1, v1beta2, v1alpha1, others. */
int registry_cmp_version(str a, str b);
/* Changes with every change of the rows. */
uint64_t registry_generation(struct registry *r);

/* The rows of one CRD instead of those it had; n 0: none any more. Takes one
 * reference on the owner of the kinds, which all have the same. */
void registry_set(struct registry *r, str crd, const struct kind *const *kinds, size_t n);

#endif
