/* volumes - validation of where data of Pods comes from: the sources of a
 * Pod's volumes, of PersistentVolumes, and the templates of claims.
 *
 * One table for each of the two; a source is a name, the fields that it must
 * have, and a function for the rest. Worker-local.
 */
#ifndef SERVER_VOLUMES_H
#define SERVER_VOLUMES_H

#include "server/check.h"

/* The volumes of a PodSpec. Gives those that are right, by name, as a map of
 * volumes; `pod_name` is empty in a template. */
node volumes_check(struct fielderrs *e, const struct at *at, node volumes, str pod_name);
/* The source of a PersistentVolume: how many it has is returned. `placed`: it has
 * an affinity to nodes. */
size_t volumes_check_persistent(struct fielderrs *e, const struct at *at, node spec, str name,
				bool placed);

/* A path inside of a volume: relative, without "..". */
void volumes_check_path(struct fielderrs *e, const struct at *at, str path);
/* Relative, without ".." as a step. */
void volumes_check_descending(struct fielderrs *e, const struct at *at, str path);
/* A file's mode. */
void volumes_check_mode(struct fielderrs *e, const struct at *at, node mode);
/* The name of a CSI driver. */
void volumes_check_driver(struct fielderrs *e, const struct at *at, str name);

/* A reference to a field of the Pod ("metadata.name") or to an amount of a container. */
enum volumes_ref { VOLUMES_REF_FILE, VOLUMES_REF_ENV };
void volumes_check_field_ref(struct fielderrs *e, const struct at *at, node ref,
			     enum volumes_ref where);
void volumes_check_resource_ref(struct fielderrs *e, const struct at *at, node ref,
				enum volumes_ref where);

/* Metadata of a template: only labels and annotations. */
void volumes_check_template_metadata(struct fielderrs *e, const struct at *at, node metadata);

#endif
