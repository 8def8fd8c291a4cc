/* objectmeta - what an object's metadata may say.
 *
 * The checks that the API server makes of every metadata, wherever it stands: in
 * the object of a request, in an object within another. The texts are those of
 * apimachinery's validation of ObjectMeta, one finding a complaint, labels and
 * annotations in the order of the object.
 *
 * The node is metadata as it was decoded: known fields of the right kinds.
 * What has a wrong kind counts as not there. Worker-local.
 */
#ifndef SCHEMA_OBJECTMETA_H
#define SCHEMA_OBJECTMETA_H

#include "schema/fielderr.h"
#include "text/names.h"

enum { OBJECTMETA_ANNOTATIONS_MAX = 256 << 10, OBJECTMETA_MANAGER_MAX = 128 };

/* Checks of a new object. `path` is that of the metadata, `name` the rule of
 * names and generated names. */
void objectmeta_check(struct fielderrs *e, str path, node meta, enum name_rule name,
		      bool namespaced);
/* The part of it that holds for updates too: labels, annotations, owners, finalizers,
 * managed fields. */
void objectmeta_check_parts(struct fielderrs *e, str path, node meta, bool finalizers);

#endif
