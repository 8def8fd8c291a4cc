/* roles - ClusterRoles that are put together out of others.
 *
 * A ClusterRole with an aggregationRule has the rules of all ClusterRoles that its
 * selectors choose, in the order of their names, each rule once. They are
 * applied under the name of Kubernetes' own controller.
 */
#ifndef SERVER_ROLES_H
#define SERVER_ROLES_H

#include "server/minder.h"

extern const struct controller roles_controller;

#endif
