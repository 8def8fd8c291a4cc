/* policies_types - whether a policy's expressions fit the kinds that it is about.
 *
 * A ValidatingAdmissionPolicy may speak of fields that no object of its kinds has: it is
 * stored all the same, and its status says so, as Kubernetes' type checker and the
 * controller around it do: status.observedGeneration, and status.typeChecking with a
 * warning for each expression that some kind does not fit. Nothing else depends on it.
 *
 * Looked at are resources that rules name in full, without stars, and at most ten kinds.
 */
#ifndef SERVER_POLICIES_TYPES_H
#define SERVER_POLICIES_TYPES_H

#include "server/minder.h"

/* The list of warnings: fieldRef and warning each. */
node policies_type_warnings(struct server *s, struct arena *a, node policy);

extern const struct controller policies_status_controller;

#endif
