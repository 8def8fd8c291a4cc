/* podamount - what a Pod asks for in all: the sums behind quotas, quality of
 * service and the defaults of a Pod's own resources.
 *
 * Init containers run one after another, before the others: they count by
 * the largest. Those that are restarted (sidecars) stay, and count with all that
 * comes after them. `spec` is a PodSpec. Worker-local.
 */
#ifndef SERVER_PODAMOUNT_H
#define SERVER_PODAMOUNT_H

#include "server/amounts.h"

/* Requests or limits of the containers alone. */
struct amounts podamount_containers(struct arena *a, node spec, str which);
/* With what the Pod says as a whole, and its overhead. */
struct amounts podamount_requests(struct arena *a, node spec);
struct amounts podamount_limits(struct arena *a, node spec);

/* Fill spec.resources, where a part of it is given. */
void podamount_defaults(struct arena *a, node spec);

/* Resources that a Pod may ask for as a whole. */
bool podamount_is_pod_level(str name);
/* "cpu", "kubernetes.io/x": resources of Kubernetes itself. */
bool podamount_is_native(str name);
bool podamount_is_huge_pages(str name);

#endif
