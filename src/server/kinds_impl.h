/* kinds_impl - what the files of the built-in kinds share.
 *
 * kinds_rows.h tells of the rows; the code behind them is in one file a family. The
 * hooks that a row names are declared here.
 */
#ifndef SERVER_KINDS_IMPL_H
#define SERVER_KINDS_IMPL_H

#include "server/check.h"
#include "server/defaults.h"
#include "server/kind.h"

/* Values of field selectors that are not simply the text at a path:
 * kinds_select.c. */
str kinds_select_pod_host_network(struct arena *a, node pod);
str kinds_select_pod_node(struct arena *a, node pod);
str kinds_select_pod_ip(struct arena *a, node pod);
str kinds_select_nothing(struct arena *a, node object);
str kinds_select_node_unschedulable(struct arena *a, node n);
str kinds_select_status_replicas(struct arena *a, node object);
str kinds_select_job_successful(struct arena *a, node job);
str kinds_select_event_source(struct arena *a, node event);

/* ---- hooks ---------------------------------------------------------------- */

/* All kinds set their defaults by the tables of defaults.h. */
#define KINDS_HOOKS(name, ...) \
	const struct kind_hooks kinds_##name##_hooks = { .defaults = defaults_apply,            \
							 .stored = defaults_stored, __VA_ARGS__ }

static inline bool kinds_is_create(const struct kind_call *c)
{
	return node_is(c->old, NODE_NONE);
}
static inline bool kinds_is_status(const struct kind_call *c)
{
	return str_eq(c->subresource, S("status"));
}
/* `claims "x" is forbidden: ...`, of admission; an earlier refusal stays. */
#define kinds_forbid(c, ...) kinds_forbid_text((c), arena_printf((c)->arena, __VA_ARGS__))
void kinds_forbid_text(struct kind_call *c, str why);
/* "PLACE: TEXT" */
#define kinds_warn(c, at, fmt, ...)                                                      \
	kind_warn((c)->warnings, "%.*s: " fmt, STR_ARG(check_at((c)->arena, (at))), ##__VA_ARGS__)
/* The message about a label of nodes that has another name now; NULL: there is none. */
const char *kinds_deprecated_label(str key);
void kinds_warn_node_term(struct kind_call *c, const struct at *at, node term, bool values);
void kinds_warn_claim(struct kind_call *c, const struct at *at, node spec);
void kinds_warn_node_selector(struct kind_call *c, const struct at *at, node selector);

/* kinds_views.c */
extern const struct kind_hooks kinds_event_view_hooks, kinds_hpa_view_hooks;
/* kinds_core.c */
extern const struct kind_hooks kinds_config_hooks, kinds_secret_hooks, kinds_namespace_hooks,
	kinds_account_hooks, kinds_endpoints_hooks;
/* kinds_events.c */
extern const struct kind_hooks kinds_event_hooks;
void kinds_event_check(struct kind_call *c, node event, node old, bool core);
/* kinds_quota.c */
extern const struct kind_hooks kinds_limit_range_hooks, kinds_quota_hooks;
/* kinds_nodes.c */
extern const struct kind_hooks kinds_node_hooks;
/* kinds_pods.c */
extern const struct kind_hooks kinds_pod_hooks;
/* kinds_services.c */
extern const struct kind_hooks kinds_service_hooks;
/* kinds_workloads.c */
extern const struct kind_hooks kinds_pod_template_hooks, kinds_replication_controller_hooks,
	kinds_deployment_hooks, kinds_replica_set_hooks, kinds_stateful_set_hooks,
	kinds_daemon_set_hooks, kinds_revision_hooks;
/* kinds_batch.c */
extern const struct kind_hooks kinds_job_hooks, kinds_cron_job_hooks;
/* kinds_storage.c, kinds_csi.c */
extern const struct kind_hooks kinds_claim_hooks, kinds_volume_hooks, kinds_storage_class_hooks,
	kinds_attributes_class_hooks, kinds_attachment_hooks, kinds_csi_node_hooks,
	kinds_csi_driver_hooks, kinds_csi_capacity_hooks;

/* kinds_networking.c, kinds_slices.c */
extern const struct kind_hooks kinds_ingress_hooks, kinds_ingress_class_hooks,
	kinds_network_policy_hooks, kinds_ip_address_hooks, kinds_service_cidr_hooks, kinds_slice_hooks;
/* kinds_claims.c, kinds_device_slices.c */
extern const struct kind_hooks kinds_resource_claim_hooks, kinds_resource_claim_template_hooks,
	kinds_device_class_hooks, kinds_device_slice_hooks;
/* kinds_rbac.c */
extern const struct kind_hooks kinds_role_hooks, kinds_role_binding_hooks;
/* kinds_scaling.c */
extern const struct kind_hooks kinds_hpa_hooks, kinds_budget_hooks, kinds_priority_class_hooks,
	kinds_runtime_class_hooks, kinds_lease_hooks;
/* kinds_webhooks.c, kinds_policies.c */
extern const struct kind_hooks kinds_webhooks_hooks, kinds_api_service_hooks,
	kinds_admission_policy_hooks, kinds_policy_binding_hooks;
/* A rule about resources and operations, and matchConditions (`params`: they may ask
 * for the policy's parameters). */
void kinds_check_rule(struct fielderrs *e, const struct at *at, node rule);
void kinds_check_conditions(struct fielderrs *e, const struct at *at, node list, bool params);
/* kinds_flow.c */
extern const struct kind_hooks kinds_flow_schema_hooks, kinds_priority_level_hooks, kinds_csr_hooks;

#endif
