/* sim_scaling - HorizontalPodAutoscalers where nothing is measured: they say so, and
 * leave the replicas alone, as in a cluster without a metrics server. */
#include "server/check.h"
#include "server/meta.h"
#include "server/sim.h"

static void scaling_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct minder_call look = { .minder = m, .server = minder_server(m), .arena = &a };

	sim_sees(m, c, e, "autoscaling/horizontalpodautoscalers", NULL, NULL);
	if (!minder_is(e, "apps/deployments") && !minder_is(e, "apps/statefulsets") &&
	    !minder_is(e, "apps/replicasets"))
		return;
	node_each_item(h, minder_list(&look, S("autoscaling"), S("horizontalpodautoscalers"),
				      blob_namespace(e->now)))
		if (str_eq(TEXT_OF(node_dig(*h, "spec", "scaleTargetRef"), "name"), blob_name(e->now)))
			minder_need(m, c,
				    &(struct minder_key){ blob_namespace(e->now),
							  meta_get(*h, S("name")), STR_NONE },
				    0);
}

static node target_of(struct minder_call *c, node hpa)
{
	static const struct {
		const char *kind, *plural;
	} known[] = { { "Deployment", "deployments" },
		      { "StatefulSet", "statefulsets" },
		      { "ReplicaSet", "replicasets" } };
	node ref = node_dig(hpa, "spec", "scaleTargetRef");

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_eq(TEXT_OF(ref, "kind"), str_c(known[i].kind)))
			return minder_get(c, S("apps"), str_c(known[i].plural), c->key.namespace,
					  TEXT_OF(ref, "name"));
	return NODE_NOTHING;
}

/* What cannot be had of the first metric. */
static void tell_metric(struct minder_call *c, node status, node metric)
{
	struct arena *a = c->arena;
	str type = TEXT_OF(metric, "type"), name = text_of(GET(metric, "resource"), S("name"));

	bool share = HAS(node_dig(metric, "resource", "target"), "averageUtilization");

	if (str_eq(type, S("Resource"))) {
		sim_condition(a, status, "ScalingActive", false, "FailedGetResourceMetric",
			      arena_printf(a,
					   "the HPA was unable to compute the replica count: failed to get "
					   "%.*s %s: unable to get metrics for resource %.*s: unable to fetch "
					   "metrics from resource metrics API: the server could not find the "
					   "requested resource (get pods.metrics.k8s.io)",
					   STR_ARG(name), share ? "utilization" : "usage", STR_ARG(name)),
			      false);
		return;
	}
	str reason = arena_cat(a, S("FailedGet"), type, S("Metric"));

	sim_condition(a, status, "ScalingActive", false, reason.p,
		      S("the HPA was unable to compute the replica count: no custom metrics API"), false);
}

static err *scaling_run(struct minder_call *c, const struct controller *own)
{
	struct arena *a = c->arena;
	node hpa = minder_get(c, S("autoscaling"), S("horizontalpodautoscalers"), c->key.namespace,
			      c->key.name);
	node status = node_map(a, 4), target, list = node_seq(a, 1), none = node_map(a, 1);

	(void)own;
	if (node_is(hpa, NODE_NONE) || meta_is_deleting(hpa))
		return NULL;
	node_copy_field(a, status, node_copy(a, GET(hpa, "status")), S("conditions"));
	target = target_of(c, hpa);
	sim_number(a, status, "desiredReplicas", 0, true);
	if (node_is(target, NODE_NONE)) {
		str ref = TEXT_OF(node_dig(hpa, "spec", "scaleTargetRef"), "name");

		sim_condition(a, status, "AbleToScale", false, "FailedGetScale",
			      arena_printf(a,
					   "the HPA controller was unable to get the target's current scale: "
					   "\"%.*s\" not found",
					   STR_ARG(ref)),
			      false);
	} else {
		sim_number(a, status, "currentReplicas", sim_int(target, "status", "replicas", 0), false);
		sim_condition(a, status, "AbleToScale", true, "SucceededGetScale",
			      S("the HPA controller was able to get the target's current scale"), false);
		tell_metric(c, status, node_at(node_dig(hpa, "spec", "metrics"), 0));
		node_set(a, none, S("type"), node_lit(""));
		node_append(a, list, none);
		node_set(a, status, S("currentMetrics"), list);
	}
	return sim_put_status(c, SIM_MANAGER, "autoscaling/v2", S("horizontalpodautoscalers"), hpa, status);
}

const struct controller sim_scaling_controller = { .name = SIM_MANAGER,
						   .workloads = true,
						   .sees = scaling_sees,
						   .run = scaling_run };
