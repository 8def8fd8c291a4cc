/* merge_schema - which lists of an object are merged by key.
 *
 * Strategic merge needs, for each place in an object, the answer to one
 * question: is the list here replaced as a whole, or merged by which keys?
 * The answer is a walk through types: from apiVersion and kind to the type
 * of the object, from a type through a field to the next. kustomize answers
 * from the OpenAPI document of Kubernetes 1.21.2; the built-in table holds
 * the part of it that leads to merged lists. A user's own OpenAPI document
 * (`openapi.path` of a kustomization) makes another schema.
 *
 * A NULL type means "nothing is known here": every list is replaced.
 *
 * Ownership: the built-in schema is static; others live in the arena they
 * were made in and borrow from the document. Immutable: any thread.
 */
#ifndef KUBE_MERGE_SCHEMA_H
#define KUBE_MERGE_SCHEMA_H

#include "base/arena.h"
#include "value/node.h"

struct merge_schema;
struct merge_type;

const struct merge_schema *merge_schema_builtin(void);

/* From an OpenAPI v2 document: `definitions` with the extensions
 * x-kubernetes-group-version-kind, -patch-merge-key, -patch-strategy and
 * -list-map-keys. `base` (or NULL) answers for what the document lacks. */
const struct merge_schema *merge_schema_from_openapi(struct arena *a, node document,
						     const struct merge_schema *base);

/* The type of a whole object; NULL for kinds that the schema does not know. */
const struct merge_type *merge_schema_root(const struct merge_schema *s, str api_version, str kind);

/* From a JSON schema that stands alone, such as one in a comment: its $refs
 * are looked up in `s`. */
const struct merge_type *merge_type_from_schema(struct arena *a, const struct merge_schema *s,
						node schema);

/* The type of a field, or of a list's items; NULL in, NULL out. */
const struct merge_type *merge_type_field(const struct merge_type *t, str name);
const struct merge_type *merge_type_items(const struct merge_type *t);

/* Whether a list of this type is merged. `keys` may come out empty: then its
 * items are scalars, merged as a set. */
bool merge_type_is_merged(const struct merge_type *t, const str **keys, size_t *keys_n);

#endif
