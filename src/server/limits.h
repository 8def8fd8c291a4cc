/* limits - what LimitRanges of a namespace set and allow: defaults of the
 * containers of Pods, and bounds of Pods, containers and claims.
 *
 * Kubernetes' admission plugin LimitRanger, with its words. Part of admission: the
 * object of the call is changed, and a refusal is set in the call. Worker-local.
 */
#ifndef SERVER_LIMITS_H
#define SERVER_LIMITS_H

#include "server/kind.h"

/* The defaults, for a new Pod. */
void limits_admit_pod(struct kind_call *c);
/* The bounds. */
void limits_check_pod(struct kind_call *c);
void limits_check_claim(struct kind_call *c);

#endif
