#include "base/buf.h"
#include "base/clock.h"
#include "server/defaults_impl.h"
#include "text/gotime.h"

#define TEXT(of) node_lit(of)
#define RBAC TEXT("rbac.authorization.k8s.io")

static bool is_text(node object, str field, str text)
{
	return str_eq(node_str_or(node_get(object, field), STR_NONE), text);
}

static void set_unset(struct arena *a, node object, str field, node value)
{
	if (node_is(object, NODE_MAP) && node_is_nil(node_get(object, field)))
		node_set(a, object, field, value);
}

/* ---- apps, batch -------------------------------------------------------- */

static void rolling(struct arena *a, node strategy, node unavailable, node surge)
{
	if (!is_text(strategy, S("type"), S("RollingUpdate")))
		return;
	node rolling_update = node_need_map(a, strategy, S("rollingUpdate"));

	set_unset(a, rolling_update, S("maxUnavailable"), unavailable);
	set_unset(a, rolling_update, S("maxSurge"), surge);
}

static void deployment_strategy(struct arena *a, node strategy)
{
	rolling(a, strategy, TEXT("25%"), TEXT("25%"));
}

static void daemon_set_strategy(struct arena *a, node strategy)
{
	rolling(a, strategy, node_from_int(1), node_from_int(0));
}

/* The original's own form has a number here, and the annotation comes of that. */
static void daemon_set(struct arena *a, node set)
{
	node metadata = node_need_map(a, set, S("metadata"));
	node notes = node_need_map(a, metadata, S("annotations"));

	if (!node_is(notes, NODE_MAP) || node_has(notes, S("deprecated.daemonset.template.generation")))
		return;
	node_set(a, notes, S("deprecated.daemonset.template.generation"), TEXT("0"));
	node_sort(notes);
}

static void stateful_set_strategy(struct arena *a, node strategy)
{
	if (defaults_lacks(strategy, S("type"))) {
		node_set(a, strategy, S("type"), TEXT("RollingUpdate"));
		node_need_map(a, strategy, S("rollingUpdate"));
	}
	node rolling_update = node_get(strategy, S("rollingUpdate"));

	if (is_text(strategy, S("type"), S("RollingUpdate")))
		set_unset(a, rolling_update, S("partition"), node_from_int(0));
}

/* Claims in a template are whole objects, and show it. */
static void stateful_set_spec(struct arena *a, node spec)
{
	node_need_map(a, spec, S("persistentVolumeClaimRetentionPolicy"));
	node_each_item(claim, node_get(spec, S("volumeClaimTemplates"))) {
		if (!node_is(*claim, NODE_MAP))
			continue;
		node_set(a, *claim, S("apiVersion"), TEXT("v1"));
		node_set(a, *claim, S("kind"), TEXT("PersistentVolumeClaim"));
	}
}

static void job_spec(struct arena *a, node spec)
{
	bool per_index = !node_is_nil(node_get(spec, S("backoffLimitPerIndex")));
	bool policy = !node_is_nil(node_get(spec, S("podFailurePolicy")));

	if (node_is_nil(node_get(spec, S("parallelism"))))
		set_unset(a, spec, S("completions"), node_from_int(1));
	set_unset(a, spec, S("parallelism"), node_from_int(1));
	set_unset(a, spec, S("backoffLimit"), node_from_int(per_index ? INT32_MAX : 6));
	set_unset(a, spec, S("completionMode"), TEXT("NonIndexed"));
	set_unset(a, spec, S("suspend"), node_from_bool(false));
	set_unset(a, spec, S("podReplacementPolicy"),
		  policy ? TEXT("Failed") : TEXT("TerminatingOrFailed"));
	set_unset(a, spec, S("manualSelector"), node_from_bool(false));
}

/* Of a Job, but not of the template of a CronJob. */
static void job(struct arena *a, node j)
{
	job_spec(a, node_get(j, S("spec")));
}

/* ---- autoscaling -------------------------------------------------------- */

enum { CPU_PERCENT = 80 };

static node cpu_metric(struct arena *a)
{
	node metric = node_map(a, 2), resource = node_map(a, 2), target = node_map(a, 2);

	node_set(a, target, S("type"), TEXT("Utilization"));
	node_set(a, target, S("averageUtilization"), node_from_int(CPU_PERCENT));
	node_set(a, resource, S("name"), TEXT("cpu"));
	node_set(a, resource, S("target"), target);
	node_set(a, metric, S("type"), TEXT("Resource"));
	node_set(a, metric, S("resource"), resource);
	return metric;
}

static void add_policy(struct arena *a, node policies, node type, int64_t value)
{
	node policy = node_map(a, 3);

	node_set(a, policy, S("type"), type);
	node_set(a, policy, S("value"), node_from_int(value));
	node_set(a, policy, S("periodSeconds"), node_from_int(15));
	node_append(a, policies, policy);
}

static void scaling_rules(struct arena *a, node rules, bool up)
{
	if (!node_is(rules, NODE_MAP))
		return;
	set_unset(a, rules, S("selectPolicy"), TEXT("Max"));
	if (up)
		set_unset(a, rules, S("stabilizationWindowSeconds"), node_from_int(0));
	if (node_is_nil(node_get(rules, S("policies")))) {
		node policies = node_seq(a, 2);

		if (up)
			add_policy(a, policies, TEXT("Pods"), 4);
		add_policy(a, policies, TEXT("Percent"), 100);
		node_set(a, rules, S("policies"), policies);
	}
}

static void autoscaler_spec(struct arena *a, node spec)
{
	node behavior = node_get(spec, S("behavior"));

	if (!node_len(node_get(spec, S("metrics")))) {
		node metrics = node_seq(a, 1);

		node_append(a, metrics, cpu_metric(a));
		node_set(a, spec, S("metrics"), metrics);
	}
	if (!node_is(behavior, NODE_MAP))
		return;
	scaling_rules(a, node_need_map(a, behavior, S("scaleUp")), true);
	scaling_rules(a, node_need_map(a, behavior, S("scaleDown")), false);
}

/* ---- others ------------------------------------------------------------- */

static void selectors(struct arena *a, node object)
{
	set_unset(a, object, S("namespaceSelector"), node_map(a, 0));
	set_unset(a, object, S("objectSelector"), node_map(a, 0));
}

static void network_policy_spec(struct arena *a, node spec)
{
	if (node_len(node_get(spec, S("policyTypes"))))
		return;
	node types = node_seq(a, 2);

	node_append(a, types, TEXT("Ingress"));
	if (node_len(node_get(spec, S("egress"))))
		node_append(a, types, TEXT("Egress"));
	node_set(a, spec, S("policyTypes"), types);
}

static void role_ref(struct arena *a, node ref)
{
	defaults_set(a, ref, S("apiGroup"), RBAC);
}

static void subject(struct arena *a, node s)
{
	if (is_text(s, S("kind"), S("User")) || is_text(s, S("kind"), S("Group")))
		defaults_set(a, s, S("apiGroup"), RBAC);
}

static void csi_driver_spec(struct arena *a, node spec)
{
	if (node_len(node_get(spec, S("volumeLifecycleModes"))))
		return;
	node modes = node_seq(a, 1);

	node_append(a, modes, TEXT("Persistent"));
	node_set(a, spec, S("volumeLifecycleModes"), modes);
}

static void slice_port(struct arena *a, node port)
{
	set_unset(a, port, S("name"), TEXT(""));
}

static void device_request(struct arena *a, node request)
{
	defaults_set(a, request, S("allocationMode"), TEXT("ExactCount"));
	if (is_text(request, S("allocationMode"), S("ExactCount")) &&
	    defaults_lacks(request, S("count")))
		node_set(a, request, S("count"), node_from_int(1));
}

static void device_taint(struct arena *a, node taint)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!node_is_nil(node_get(taint, S("timeAdded"))))
		return;
	gotime_format(&b, gotime_utc(clock_wall() / CLOCK_SECOND, 0), GOTIME_RFC3339);
	node_set(a, taint, S("timeAdded"), node_copy_str(a, buf_str(&b)));
}

const struct defaults_rule defaults_group_rules[] = {
	{ "api.admissionregistration.v1.MatchResources", selectors },
	{ "api.admissionregistration.v1.MutatingWebhook", selectors },
	{ "api.admissionregistration.v1.ValidatingWebhook", selectors },
	{ "api.apps.v1.DaemonSet", daemon_set },
	{ "api.apps.v1.DaemonSetUpdateStrategy", daemon_set_strategy },
	{ "api.apps.v1.DeploymentStrategy", deployment_strategy },
	{ "api.apps.v1.StatefulSetSpec", stateful_set_spec },
	{ "api.apps.v1.StatefulSetUpdateStrategy", stateful_set_strategy },
	{ "api.autoscaling.v2.HorizontalPodAutoscalerSpec", autoscaler_spec },
	{ "api.batch.v1.Job", job },
	{ "api.discovery.v1.EndpointPort", slice_port },
	{ "api.networking.v1.NetworkPolicySpec", network_policy_spec },
	{ "api.rbac.v1.RoleRef", role_ref },
	{ "api.rbac.v1.Subject", subject },
	{ "api.resource.v1.DeviceSubRequest", device_request },
	{ "api.resource.v1.DeviceTaint", device_taint },
	{ "api.resource.v1.ExactDeviceRequest", device_request },
	{ "api.storage.v1.CSIDriverSpec", csi_driver_spec },
};
const size_t defaults_group_rules_n = sizeof defaults_group_rules / sizeof *defaults_group_rules;
