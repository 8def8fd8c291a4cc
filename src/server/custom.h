/* custom - custom resources: what a CustomResourceDefinition makes served.
 *
 * From a definition come rows of kinds like those of built-in resources, one
 * for each served version, with their types, columns, selectable fields and
 * hooks. All live in one struct custom, which the rows refer to: it is gone
 * with the last reference on a row (kind_unref), and does not change but for the
 * types, which are made from the schemas when somebody asks (kind_type).
 *
 * Conversion is always by changing apiVersion alone. An object is stored as the
 * storage version has it, with its defaults and without fields that only the
 * version knows through which it came; who reads it through another version sees
 * what that one's schema knows of it, and none of its defaults.
 *
 * Making: one thread. Everything else: any thread, in the arena of the call.
 */
#ifndef SERVER_CUSTOM_H
#define SERVER_CUSTOM_H

#include "schema/structural.h"
#include "server/blob.h"
#include "server/kind.h"

struct custom;

/* From a definition; `stored` is a state of it with the same spec, and is kept. Schemas are
 * taken from there when they are needed first. `stamp` tells this state from others. */
err *custom_new(node crd, struct blob *stored, uint64_t stamp, struct custom **out)
	__attribute__((warn_unused_result));
/* There is a newer state with the same spec, which may be kept in the place of the other. */
void custom_moved(struct custom *c, struct blob *stored);
/* From now on the definition is on its way out: nothing new comes. */
void custom_terminate(struct custom *c);
/* Gives back what custom_new gave; rows that are in use stay. */
void custom_release(struct custom *c);

/* The rows of the served versions, in the order of the definition. */
const struct kind *const *custom_kinds(const struct custom *c, size_t *n);
/* Of any of them: the name of the definition, and the version to store under. */
str custom_definition(const struct kind *k);
str custom_storage_version(const struct kind *k);

/* A body as an object of this version: other fields than the schema's are dropped and
 * named, nulls dropped, metadata fitted. Errors are those of the decoder. Defaults are set
 * by the hook of the row. */
err *custom_read(struct arena *a, const struct kind *k, node object, struct structural_unknown *u)
	__attribute__((warn_unused_result));

/* Between the form that is stored and that of the version: another tree, and
 * `object`, changed. `current`: it was stored by the schema that there is now. What does
 * not fit any more is left as it is. */
node custom_store(struct arena *a, const struct kind *k, node object);
node custom_show(struct arena *a, const struct kind *k, node object, bool current);

/* ---- scale ------------------------------------------------------------- */

/* The object's Scale (autoscaling/v1). `found`: it says how many replicas there
 * should be. */
err *custom_scale(struct arena *a, const struct kind *k, node object, bool *found, node *out)
	__attribute__((warn_unused_result));
/* Where spec.replicas of a Scale goes in the object; "spec.replicas". */
str custom_scale_path(const struct kind *k);
/* Put the number there. */
err *custom_rescale(struct arena *a, const struct kind *k, node object, int64_t replicas)
	__attribute__((warn_unused_result));

/* ---- documents --------------------------------------------------------- */

/* The schema as OpenAPI v3 or v2 publishes it, without the extension that names the kind. */
node custom_openapi(struct arena *a, const struct kind *k, bool v2);

/* Metadata as the API server decodes it. */
extern const struct structural_meta custom_meta;

#endif
