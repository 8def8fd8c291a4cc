/* builtin - the types of the built-in kinds of Kubernetes 1.36.
 *
 * Constant tables, generated from the OpenAPI documents that an API server
 * publishes and from the declarations of its Go structs: fields, formats,
 * defaults, list types and their keys, merge keys of strategic merge. Some
 * definitions are kinds of several groups (DeleteOptions, WatchEvent). The
 * types are unpacked from them when the first is asked for.
 *
 * Immutable: any thread.
 */
#ifndef KUBE_BUILTIN_H
#define KUBE_BUILTIN_H

#include "kube/gvk.h"
#include "schema/type.h"

struct builtin_kind {
	struct gvk gvk;
	const struct type *type;
};

/* The type of whole objects of that kind; NULL: no built-in kind. */
const struct type *builtin_type(struct gvk g);
/* By definition: "io.k8s.api.core.v1.PodSpec"; NULL: none. */
const struct type *builtin_named(str name);

/* All kinds, in the order of group, version, kind. */
const struct builtin_kind *builtin_kinds(size_t *n);
/* All definitions, in the order of their names. */
const struct type *builtin_definitions(size_t *n);

#endif
