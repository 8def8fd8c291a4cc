/* kinds_pods - what the files about Pods share: rules of their status and of
 * resizing them, and what admission makes of them.
 *
 * Worker-local.
 */
#ifndef SERVER_KINDS_PODS_H
#define SERVER_KINDS_PODS_H

#include "server/kind.h"

/* Annotations that may not change, and those that mean something. */
void kinds_pod_check_annotations(struct kind_call *c);
void kinds_pod_check_status(struct kind_call *c);
void kinds_pod_check_resize(struct kind_call *c);

/* Mutating and validating admission: kinds_pod_admit.c. */
void kinds_pod_admit(struct kind_call *c);
void kinds_pod_check(struct kind_call *c);

#endif
