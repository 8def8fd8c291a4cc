/* sim - workloads that run nowhere.
 *
 * Controllers make ReplicaSets, Pods and endpoints as Kubernetes' own do,
 * and a node that does not exist runs the Pods: they are scheduled, become
 * ready or fail, and go when they are deleted, without any container. The
 * node is named and labelled so that nobody takes it for a real one
 * (rill-node, container runtime "rill").
 *
 * What a Pod does is said by the last part of its first image's name:
 * sim-pull-error, sim-crash, sim-not-ready, sim-exit-N; any other image is
 * ready at once, and where it is not started again (Jobs, hooks, tests) ends
 * well after three seconds. The annotation sim.rill.dev/ready-after ("30s")
 * lets it take its time.
 */
#ifndef SERVER_SIM_H
#define SERVER_SIM_H

#include "server/minder.h"
#include "server/subresource.h"

#define SIM_NODE "rill-node"
#define SIM_MANAGER "kube-controller-manager"
#define SIM_KUBELET "kubelet"

extern const struct controller sim_node_controller;
extern const struct controller sim_pod_controller;
extern const struct controller sim_replicas_controller;
extern const struct controller sim_replication_controller;
extern const struct controller sim_deployment_controller;
extern const struct controller sim_stateful_controller;
extern const struct controller sim_daemon_controller;
extern const struct controller sim_job_controller;
extern const struct controller sim_cron_controller;
extern const struct controller sim_endpoints_controller;
extern const struct controller sim_claim_controller;
extern const struct controller sim_scaling_controller;
extern const struct controller sim_volume_controller;
/* pods/binding; sim_connect.c: pods/log, and what asks for a way into containers. */
extern const struct subresource sim_subresources[];
extern const struct subresource sim_connect_subresources[];

/* ---- for the controllers ----------------------------------------------- */

/* Need the object itself when it changes, and its controlling owner of that
 * kind when one of `plural_of_owned` does. */
void sim_sees(struct minder *m, const struct controller *c, const struct store_event *e,
	      const char *table, const char *owned, const char *owner_kind);
/* The objects of a resource that the owner, in the same namespace, controls. */
node sim_owned(struct minder_call *c, str group, str plural, node owner);
/* metadata.ownerReferences of what `owner` controls. */
node sim_owner_refs(struct arena *a, node owner);
/* A Pod of a template: labels, annotations, spec; a name or a generated one. */
node sim_pod_of(struct arena *a, node owner, node template, str name);
/* `made`: the Pod as it was stored; may be NULL. */
err *sim_create_pod(struct minder_call *c, str namespace, node pod, node *made)
	__attribute__((warn_unused_result));
err *sim_delete_pod(struct minder_call *c, node pod) __attribute__((warn_unused_result));
bool sim_pod_is_ready(node pod);
bool sim_pod_is_active(node pod);	/* neither finished nor being deleted */

/* An Event about an object: sim_events.c. What cannot be said is not said. */
struct sim_event {
	const char *component;		/* who says so: "replicaset-controller" */
	const char *reason;
	str message;
	str container;			/* of a Pod; empty: the object itself */
	bool warning;
};
void sim_tell(struct minder_call *c, node about, const struct sim_event *e);
#define SIM_TELL(c, about, who, why, ...)                                                  \
	sim_tell((c), (about),                                                             \
		 &(struct sim_event){ .component = (who), .reason = (why),                 \
				      .message = arena_printf((c)->arena, __VA_ARGS__) })
#define SIM_WARN(c, about, who, why, ...)                                                  \
	sim_tell((c), (about),                                                             \
		 &(struct sim_event){ .component = (who), .reason = (why), .warning = true, \
				      .message = arena_printf((c)->arena, __VA_ARGS__) })

/* Write the status where it differs. */
err *sim_put_status(struct minder_call *c, const char *agent, const char *api_version, str plural,
		    node object, node status) __attribute__((warn_unused_result));
/* The condition of that type, in the list of the status; made, or changed
 * with its times. `updates`: it has a lastUpdateTime. */
void sim_condition(struct arena *a, node status, const char *type, bool yes, const char *reason,
		   str message, bool updates);
void sim_number(struct arena *a, node status, const char *field, int64_t value, bool always);
int64_t sim_int(node object, const char *part, const char *field, int64_t fallback);
/* Letters that stand for the template: a stable hash in Kubernetes' alphabet. */
str sim_hash(struct arena *a, node template);
/* The hash of a ControllerRevision's data, the same as the original's. */
str sim_revision_hash(struct arena *a, node data);

#endif
