/* claims - validation of claims of persistent volumes: the specification, as
 * it is in PersistentVolumeClaims and in templates of them, and its changes.
 *
 * ValidatePersistentVolumeClaimSpec and its kin of Kubernetes' pkg/apis/core/validation,
 * with their words; complaints are added to `e`, all that there are. Worker-local.
 */
#ifndef SERVER_CLAIMS_H
#define SERVER_CLAIMS_H

#include "server/check.h"

/* `old`: an older state of the spec, whose faults may stay; NODE_NONE: none. */
void claims_check_spec(struct fielderrs *e, const struct at *at, node spec, node old);
void claims_check_access_modes(struct fielderrs *e, const struct at *at, node modes);
/* A PersistentVolumeClaim and a change of it; of its status. */
void claims_check(struct fielderrs *e, node claim, node old);
void claims_check_update(struct fielderrs *e, node claim, node old);
void claims_check_status(struct fielderrs *e, node claim, node old);
/* The name of a StorageClass or a VolumeAttributesClass. */
void claims_check_class(struct fielderrs *e, const struct at *at, node name);

/* The StorageClass that claims without one get, of all there are; NODE_NONE: there is none. */
node claims_default_class(node classes);

#endif
