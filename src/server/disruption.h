/* disruption - PodDisruptionBudgets: what they have room for, and evictions.
 *
 * A controller keeps the status of budgets: how many Pods there should be, how
 * many are ready, how many may go. pods/eviction is a deletion that asks for
 * room first, takes it, and notes the Pod, so that it is not counted twice until it
 * is gone. Rules: k8s.io/kubernetes' disruption controller and eviction
 * registry.
 *
 * The subresource on any worker; the controller on the minder's thread.
 */
#ifndef SERVER_DISRUPTION_H
#define SERVER_DISRUPTION_H

#include "server/minder.h"
#include "server/subresource.h"

/* pods/eviction */
extern const struct subresource disruption_subresources[];
extern const struct controller disruption_controller;

#endif
