/* cells - what stands in the columns of a Table, for the built-in kinds.
 *
 * A column is a rule: a text or a number at a path, an age, a count, or a
 * function where there is more to it. The rules of a kind are a constant
 * table that its row names (kind.h), as long as the list of its columns. They
 * see stored objects in their canonical form, and must survive any other.
 *
 * Immutable tables; functions worker-local.
 */
#ifndef SERVER_CELLS_H
#define SERVER_CELLS_H

#include "value/node.h"

enum cell_what {
	CELL_TEXT,		/* the text at `path`, else `fallback` */
	CELL_INT,		/* the number at `path`, else 0 */
	CELL_BOOL,		/* the truth value at `path`, else whether `fallback` is "true" */
	CELL_COUNT,		/* how many there are at `path` */
	CELL_SINCE,		/* the age of the timestamp at `path`, else `fallback` */
	CELL_MADE,		/* what `make` says */
};

struct cell_rule {
	enum cell_what what;
	const char *path;	/* "spec.holderIdentity" */
	const char *fallback;	/* NULL: empty */
	node (*make)(struct arena *a, node object);
};

node cells_run(struct arena *a, const struct cell_rule *rule, node object);
/* The value at a path of keys joined by dots. */
node cells_dig(node object, const char *path);

#define CELLS_LIST(X)                                                                    \
	X(apiservices) X(certificatesigningrequests) X(clusterrolebindings)              \
	X(componentstatuses) X(configmaps) X(controllerrevisions) X(created) X(cronjobs) \
	X(csidrivers) X(csinodes) X(daemonsets) X(deployments) X(endpoints)              \
	X(endpointslices) X(events) X(flowschemas) X(horizontalpodautoscalers)           \
	X(ingressclasses) X(ingresses) X(ipaddresses) X(jobs) X(leases)                  \
	X(mutatingadmissionpolicies) X(namespaces) X(networkpolicies) X(nodes)           \
	X(persistentvolumeclaims) X(persistentvolumes) X(plain)                          \
	X(poddisruptionbudgets) X(pods) X(podtemplates) X(priorityclasses)               \
	X(prioritylevelconfigurations) X(replicasets) X(replicationcontrollers)          \
	X(resourceclaims) X(resourcequotas) X(resourceslices) X(rolebindings)            \
	X(runtimeclasses) X(secrets) X(servicecidrs) X(services) X(statefulsets)         \
	X(storageclasses) X(validatingadmissionpolicies)                                 \
	X(validatingadmissionpolicybindings) X(volumeattachments)                        \
	X(volumeattributesclasses) X(webhooks)
#define CELLS_DECLARE(name)                        \
	extern const struct cell_rule cells_##name[]; \
	extern const size_t cells_##name##_n;
CELLS_LIST(CELLS_DECLARE)

#endif
