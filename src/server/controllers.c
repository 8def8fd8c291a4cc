#include "server/disruption.h"
#include "server/garbage.h"
#include "server/namespaces.h"
#include "server/policies_types.h"
#include "server/quota.h"
#include "server/roles.h"
#include "server/sim.h"
#include "server/tokens.h"

const struct controller *const controllers_all[] = {
	&namespaces_controller,
	&namespaces_accounts,
	&tokens_controller,
	&garbage_controller,
	&roles_controller,
	&sim_node_controller,
	&sim_pod_controller,
	&sim_replicas_controller,
	&sim_replication_controller,
	&sim_deployment_controller,
	&sim_stateful_controller,
	&sim_daemon_controller,
	&sim_job_controller,
	&sim_cron_controller,
	&sim_endpoints_controller,
	&sim_claim_controller,
	&sim_volume_controller,
	&sim_scaling_controller,
	&quota_controller,
	&disruption_controller,
	&policies_status_controller,
	NULL,
};
