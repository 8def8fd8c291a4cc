/* kinds_scaling - autoscalers, disruption budgets, and the small kinds that say
 * which Pods come first and how they are run. */
#include "kube/gvk.h"
#include "server/gostruct.h"
#include "server/kinds_impl.h"
#include "server/meta.h"
#include "server/resources.h"
#include "server/scheduling.h"

enum {
	PERIOD_MAX = 1800,	/* seconds of a scaling policy */
	WINDOW_MAX = 3600,	/* seconds of a stabilization window */
	PRIORITY_MAX = 1000000000,
};

/* ---- HorizontalPodAutoscaler ------------------------------------------------ */

struct reference_check {
	bool any_version;	/* what the apiVersion says is not looked at */
	bool core;		/* it may be of the group without a name */
};

static void check_api_version(struct fielderrs *e, const struct at *at, str version,
			      struct reference_check how)
{
	if (how.any_version)
		return;
	if (str_count_char(version, '/') > 1)
		check_invalid_text(e, at, version, "unexpected GroupVersion string: %.*s",
				   STR_ARG(version));
	else if (!how.core && !gvk_parse(version, STR_NONE).group.n)
		check_invalid_text(e, at, version, "apiVersion must specify API group");
}

static void check_reference(struct fielderrs *e, const struct at *at, node ref,
			    struct reference_check how)
{
	check_path_segment(e, AT(at, "kind"), TEXT_OF(ref, "kind"));
	check_path_segment(e, AT(at, "name"), TEXT_OF(ref, "name"));
	check_api_version(e, AT(at, "apiVersion"), TEXT_OF(ref, "apiVersion"), how);
}

static void check_amount_positive(struct fielderrs *e, const struct at *at, node value)
{
	struct quantity q = resources_quantity(e, value);

	if (!node_is_nil(value) && quantity_sign(&q) != 1)
		check_invalid(e, at, value, "must be positive");
}

static void check_target(struct fielderrs *e, const struct at *at, node target)
{
	node utilization = GET(target, "averageUtilization");

	if (!TEXT_OF(target, "type").n)
		check_required_why(e, AT(at, "type"), "must specify a metric target type");
	if (!IS_ONE_OF(TEXT_OF(target, "type"), "Utilization", "Value", "AverageValue"))
		check_invalid_text(e, AT(at, "type"), TEXT_OF(target, "type"),
				   "must be either Utilization, Value, or AverageValue");
	check_amount_positive(e, AT(at, "value"), GET(target, "value"));
	check_amount_positive(e, AT(at, "averageValue"), GET(target, "averageValue"));
	if (!node_is_nil(utilization) && node_int(utilization) < 1)
		check_invalid(e, AT(at, "averageUtilization"), utilization, "must be greater than 0");
}

static void check_metric_name(struct fielderrs *e, const struct at *at, node metric)
{
	str name = TEXT_OF(metric, "name");

	if (!name.n)
		check_required_why(e, AT(at, "name"), "must specify a metric name");
	else
		check_name(e, AT(at, "name"), name, NAME_PATH_SEGMENT);
}

static void check_object_metric(struct fielderrs *e, const struct at *at, node source,
				struct reference_check how)
{
	node target = GET(source, "target");

	check_reference(e, AT(at, "describedObject"), GET(source, "describedObject"), how);
	check_metric_name(e, AT(at, "metric"), GET(source, "metric"));
	check_target(e, AT(at, "target"), target);
	if (LACKS(target, "value") && LACKS(target, "averageValue"))
		check_required_why(e, AT(AT(at, "target"), "averageValue"),
				   "must set either a target value or averageValue");
}

static void check_external_metric(struct fielderrs *e, const struct at *at, node source)
{
	node target = GET(source, "target");
	const struct at *target_at = AT(at, "target");

	check_metric_name(e, AT(at, "metric"), GET(source, "metric"));
	check_target(e, target_at, target);
	if (LACKS(target, "value") && LACKS(target, "averageValue"))
		check_required_why(e, AT(target_at, "averageValue"),
				   "must set either a target value for metric or a per-pod target");
	if (HAS(target, "value") && HAS(target, "averageValue"))
		check_forbidden(e, AT(target_at, "value"),
				"may not set both a target value for metric and a per-pod target");
}

static void check_pods_metric(struct fielderrs *e, const struct at *at, node source)
{
	check_metric_name(e, AT(at, "metric"), GET(source, "metric"));
	check_target(e, AT(at, "target"), GET(source, "target"));
	if (LACKS(GET(source, "target"), "averageValue"))
		check_required_why(e, AT(AT(at, "target"), "averageValue"),
				   "must specify a positive target averageValue");
}

static void check_resource_metric(struct fielderrs *e, const struct at *at, node source, bool container)
{
	node target = GET(source, "target");
	const struct at *target_at = AT(at, "target");
	str name = TEXT_OF(source, "name"), of = TEXT_OF(source, "container");

	if (!name.n)
		check_required_why(e, AT(at, "name"), "must specify a resource name");
	else if (container)
		resources_check_name(e, AT(at, "name"), name, RESOURCES_CONTAINER);
	if (container && !of.n)
		check_required_why(e, AT(at, "container"), "must specify a container");
	else if (container)
		check_name(e, AT(at, "container"), of, NAME_DNS_LABEL);
	check_target(e, target_at, target);
	if (LACKS(target, "averageUtilization") && LACKS(target, "averageValue"))
		check_required_why(e, AT(target_at, "averageUtilization"),
				   "must set either a target raw value or a target utilization");
	if (HAS(target, "averageUtilization") && HAS(target, "averageValue"))
		check_forbidden(e, AT(target_at, "averageValue"),
				"may not set both a target raw value and a target utilization");
}

enum source { OBJECT, EXTERNAL, PODS, RESOURCE, CONTAINER, SOURCES_N };

static const struct {
	str type, field;
} sources[SOURCES_N] = {
	[OBJECT] = { S("Object"), S("object") },
	[EXTERNAL] = { S("External"), S("external") },
	[PODS] = { S("Pods"), S("pods") },
	[RESOURCE] = { S("Resource"), S("resource") },
	[CONTAINER] = { S("ContainerResource"), S("containerResource") },
};

static void check_source(struct fielderrs *e, const struct at *at, node metric, enum source which,
			 struct reference_check how)
{
	node source = node_get(metric, sources[which].field);
	const struct at *here = AT_NAMED(at, sources[which].field);

	switch (which) {
	case OBJECT:
		check_object_metric(e, here, source, how);
		break;
	case EXTERNAL:
		check_external_metric(e, here, source);
		break;
	case PODS:
		check_pods_metric(e, here, source);
		break;
	case RESOURCE:
	case CONTAINER:
		check_resource_metric(e, here, source, which == CONTAINER);
		break;
	case SOURCES_N:
		break;
	}
}

static bool check_metric_type(struct fielderrs *e, const struct at *at, node metric)
{
	return ONE_OF(e, AT(at, "type"), GET(metric, "type"), "ContainerResource", "External",
		      "Object", "Pods", "Resource");
}

/* Of several sources only the first is looked into, and all but the one of the
 * type are too many. */
static void check_metric(struct fielderrs *e, const struct at *at, node metric,
			 struct reference_check how)
{
	str type = TEXT_OF(metric, "type");
	size_t present = 0;

	if (!type.n)
		check_required_why(e, AT(at, "type"), "must specify a metric source type");
	bool known = check_metric_type(e, at, metric);

	for (enum source s = 0; s < SOURCES_N; s++)
		if (!node_is_nil(node_get(metric, sources[s].field)) && ++present == 1)
			check_source(e, at, metric, s, how);
	if (!known)
		check_metric_type(e, at, metric);
	for (enum source s = 0; s < SOURCES_N; s++) {
		bool there = !node_is_nil(node_get(metric, sources[s].field));

		if (str_eq(type, sources[s].type)) {
			if (!there)
				check_required_why(e, AT_NAMED(at, sources[s].field),
						   "must populate information for the given metric source");
		} else if (there && present != 1) {
			check_forbidden(e, AT_NAMED(at, sources[s].field),
					"must populate the given metric source only");
		}
	}
}

static void check_metrics(struct fielderrs *e, const struct at *at, node spec,
			  struct reference_check how)
{
	node metrics = GET(spec, "metrics"), least = GET(spec, "minReplicas");
	bool outside = false;

	for (size_t i = 0; i < node_len(metrics); i++) {
		check_metric(e, AT_I(at, i), node_at(metrics, i), how);
		outside |= IS_ONE_OF(TEXT_OF(node_at(metrics, i), "type"), "Object", "External");
	}
	if (!node_is_nil(least) && !node_int(least) && !outside)
		check_forbidden(e, at, "must specify at least one Object or External metric to support "
				       "scaling to zero replicas");
}

static void check_scaling_policy(struct fielderrs *e, const struct at *at, node policy)
{
	node value = node_from_int(INT_OF(policy, "value"));
	node period = node_from_int(INT_OF(policy, "periodSeconds"));

	ONE_OF(e, AT(at, "type"), GET(policy, "type"), "Percent", "Pods");
	if (node_int(value) <= 0)
		check_invalid(e, AT(at, "value"), value, "must be greater than zero");
	if (node_int(period) <= 0)
		check_invalid(e, AT(at, "periodSeconds"), period, "must be greater than zero");
	if (node_int(period) > PERIOD_MAX)
		check_invalid(e, AT(at, "periodSeconds"), period, "must be less than or equal to %d",
			      PERIOD_MAX);
}

static void check_scaling_rules(struct fielderrs *e, const struct at *at, node rules)
{
	node window = GET(rules, "stabilizationWindowSeconds"), policies = GET(rules, "policies");
	const struct at *window_at = AT(at, "stabilizationWindowSeconds");

	if (node_is_nil(rules))
		return;
	if (node_is_num(window) && node_int(window) < 0)
		check_invalid(e, window_at, window, "must be greater than or equal to zero");
	if (node_is_num(window) && node_int(window) > WINDOW_MAX)
		check_invalid(e, window_at, window, "must be less than or equal to %d", WINDOW_MAX);
	if (HAS(rules, "selectPolicy"))
		ONE_OF(e, AT(at, "selectPolicy"), GET(rules, "selectPolicy"), "Disabled", "Max", "Min");
	if (!node_len(policies))
		check_required_why(e, AT(at, "policies"), "must specify at least one Policy");
	for (size_t i = 0; i < node_len(policies); i++)
		check_scaling_policy(e, AT_I(AT(at, "policies"), i), node_at(policies, i));
	check_quantity_non_negative(e, AT(at, "tolerance"), GET(rules, "tolerance"));
}

static void check_bounds(struct kind_call *c, const struct at *at, node spec)
{
	struct fielderrs *e = c->errors;
	node least = GET(spec, "minReplicas"), before = GET(GET(c->old, "spec"), "minReplicas");
	node most = node_from_int(INT_OF(spec, "maxReplicas"));
	int64_t lowest = node_is_num(before) && !node_int(before) ? 0 : 1;

	if (node_is_num(least) && node_int(least) < lowest)
		check_invalid(e, AT(at, "minReplicas"), least, "must be greater than or equal to %d",
			      (int)lowest);
	if (!node_int(most))
		check_required_why(e, AT(at, "maxReplicas"), "must be set and greater than 0");
	else if (node_int(most) < 0)
		check_invalid(e, AT(at, "maxReplicas"), most, "must be greater than or equal to 1");
	if (node_is_num(least) && node_int(most) < node_int(least))
		check_invalid(e, AT(at, "maxReplicas"), most,
			      "must be greater than or equal to `minReplicas`");
}

/* Whether an older state refers to something by an apiVersion that is none. */
static bool had_bad_version(struct arena *a, node old)
{
	struct fielderrs ignored = { .arena = a };

	node_each_item(m, GET(GET(old, "spec"), "metrics"))
		if (HAS(*m, "object"))
			check_api_version(&ignored, NULL,
					  text_of(node_dig(*m, "object", "describedObject"),
						  S("apiVersion")),
					  (struct reference_check){ .core = true });
	return ignored.n > 0;
}

static void hpa_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), status = GET(c->object, "status");
	node ref = GET(spec, "scaleTargetRef"), before = GET(GET(c->old, "spec"), "scaleTargetRef");
	const struct at *at = AT(NULL, "spec"), *status_at = AT(NULL, "status");
	bool same = !kinds_is_create(c) && str_eq(TEXT_OF(ref, "kind"), TEXT_OF(before, "kind")) &&
		    str_eq(TEXT_OF(ref, "apiVersion"), TEXT_OF(before, "apiVersion"));

	if (kinds_is_status(c)) {
		check_non_negative(e, AT(status_at, "currentReplicas"), GET(status, "currentReplicas"));
		check_non_negative(e, AT(status_at, "desiredReplicas"), GET(status, "desiredReplicas"));
		return;
	}
	check_bounds(c, at, spec);
	check_reference(e, AT(at, "scaleTargetRef"), ref,
			(struct reference_check){ same, str_eq(TEXT_OF(ref, "kind"),
							       S("ReplicationController")) });
	check_metrics(e, AT(at, "metrics"), spec,
		      (struct reference_check){ had_bad_version(c->arena, c->old), true });
	check_scaling_rules(e, AT(AT(at, "behavior"), "scaleUp"), node_dig(spec, "behavior", "scaleUp"));
	check_scaling_rules(e, AT(AT(at, "behavior"), "scaleDown"),
			    node_dig(spec, "behavior", "scaleDown"));
}

KINDS_HOOKS(hpa, .validate = hpa_validate);

/* ---- PodDisruptionBudget ------------------------------------------------------ */

static void check_budget_share(struct fielderrs *e, const struct at *at, node value)
{
	if (node_is_nil(value))
		return;
	check_int_or_percent(e, at, value);
	check_at_most_100(e, at, value);
}

static void budget_validate(struct kind_call *c)
{
	static const str counts[] = { S("disruptionsAllowed"), S("currentHealthy"),
				      S("desiredHealthy"), S("expectedPods") };
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), status = GET(c->object, "status");
	const struct at *at = AT(NULL, "spec");

	for (size_t i = 0; kinds_is_status(c) && i < 4; i++)
		check_non_negative(e, AT_NAMED(AT(NULL, "status"), counts[i]),
				   node_get(status, counts[i]));
	if (kinds_is_status(c))
		return;
	if (HAS(spec, "minAvailable") && HAS(spec, "maxUnavailable"))
		check_invalid(e, at, gostruct_shown(c->arena, "policy.PodDisruptionBudgetSpec", spec,
						    NODE_NOTHING),
			      "minAvailable and maxUnavailable cannot be both set");
	check_budget_share(e, AT(at, "minAvailable"), GET(spec, "minAvailable"));
	check_budget_share(e, AT(at, "maxUnavailable"), GET(spec, "maxUnavailable"));
	check_label_selector(e, AT(at, "selector"), GET(spec, "selector"),
			     check_has_bad_value(GET(GET(c->old, "spec"), "selector")));
	if (HAS(spec, "unhealthyPodEvictionPolicy"))
		ONE_OF(e, AT(at, "unhealthyPodEvictionPolicy"), GET(spec, "unhealthyPodEvictionPolicy"),
		       "AlwaysAllow", "IfHealthyBudget");
}

KINDS_HOOKS(budget, .validate = budget_validate);

/* ---- PriorityClass -------------------------------------------------------------- */

static const struct {
	str name;
	int64_t value;
} system_classes[] = {
	{ S("system-node-critical"), 2000001000 },
	{ S("system-cluster-critical"), 2000000000 },
};

/* What is wrong with a class of the system; empty: nothing. */
static str check_system_class(struct arena *a, str name, node class)
{
	for (size_t i = 0; i < 2; i++) {
		if (!str_eq(name, system_classes[i].name))
			continue;
		if (INT_OF(class, "value") != system_classes[i].value)
			return arena_printf(a, "value of %.*s PriorityClass must be %lld", STR_ARG(name),
					    (long long)system_classes[i].value);
		if (BOOL_OF(class, "globalDefault"))
			return arena_printf(a, "globalDefault of %.*s PriorityClass must be false",
					    STR_ARG(name));
		return STR_NONE;
	}
	return arena_cat(a, name, S(" is not a known system priority class"));
}

static void priority_class_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node policy = GET(c->object, "preemptionPolicy");
	str name = meta_get(c->object, S("name"));
	const struct at *value_at = AT(NULL, "value"), *policy_at = AT(NULL, "preemptionPolicy");

	if (!kinds_is_create(c)) {
		if (INT_OF(c->object, "value") != INT_OF(c->old, "value"))
			check_forbidden(e, value_at, "may not be changed in an update.");
		check_immutable(e, policy_at, policy, GET(c->old, "preemptionPolicy"), policy);
		return;
	}
	if (str_starts(name, S("system-"))) {
		str why = check_system_class(c->arena, name, c->object);

		if (why.n)
			check_forbidden(e, AT(AT(NULL, "metadata"), "name"),
					"priority class names with 'system-' prefix are reserved for system "
					"use only. error: %.*s",
					STR_ARG(why));
	} else if (INT_OF(c->object, "value") > PRIORITY_MAX) {
		check_forbidden(e, value_at, "maximum allowed value of a user defined priority is %d",
				PRIORITY_MAX);
	}
	if (!node_is_nil(policy))
		ONE_OF(e, policy_at, policy, "PreemptLowerPriority", "Never");
}

/* There is one default at most. */
static void priority_class_check(struct kind_call *c)
{
	node all;

	if (!BOOL_OF(c->object, "globalDefault"))
		return;
	all = c->look_all(c, S("scheduling.k8s.io"), S("priorityclasses"), STR_NONE);
	node_each_item(other, all) {
		str name = meta_get(*other, S("name"));

		if (BOOL_OF(*other, "globalDefault") &&
		    (kinds_is_create(c) || !str_eq(name, meta_get(c->object, S("name"))))) {
			kinds_forbid(c, "PriorityClass %.*s is already marked as default. Only one "
					"default can exist", STR_ARG(name));
			return;
		}
	}
}

KINDS_HOOKS(priority_class, .validate = priority_class_validate, .check = priority_class_check);

/* ---- RuntimeClass --------------------------------------------------------------- */

static void check_runtime_tolerations(struct fielderrs *e, const struct at *at, node list)
{
	static const char *const keys[] = { "key", "operator", "value", "effect" };
	node seen = node_map(e->arena, 0);

	scheduling_check_tolerations(e, at, list);
	for (size_t i = 0; i < node_len(list); i++) {
		str id = STR_NONE;

		for (size_t k = 0; k < 4; k++)
			id = arena_cat(e->arena, id, S("\n"), text_of(node_at(list, i), str_c(keys[k])));
		if (node_has(seen, id))
			check_duplicate(e, AT_I(at, i),
					gostruct_shown(e->arena, "core.Toleration", node_at(list, i),
						       NODE_NOTHING));
		node_set(e->arena, seen, id, node_null());
	}
}

static void runtime_class_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node handler = GET(c->object, "handler"), overhead = GET(c->object, "overhead");
	node scheduling = GET(c->object, "scheduling");
	const struct at *at = AT(NULL, "handler"), *scheduling_at = AT(NULL, "scheduling");

	if (!TEXT_OF(c->object, "handler").n)
		check_required(e, at);
	else
		check_name(e, at, TEXT_OF(c->object, "handler"), NAME_DNS_LABEL);
	if (!node_is_nil(overhead)) {
		node limits = node_map(c->arena, 1);

		node_set(c->arena, limits, S("limits"), GET(overhead, "podFixed"));
		resources_check(e, AT(NULL, "overhead"), limits, node_map(c->arena, 0),
				RESOURCES_CONTAINER);
	}
	if (HAS(scheduling, "nodeSelector"))
		check_labels(e, AT(scheduling_at, "nodeSelector"), GET(scheduling, "nodeSelector"));
	check_runtime_tolerations(e, AT(scheduling_at, "tolerations"), GET(scheduling, "tolerations"));
	if (!kinds_is_create(c))
		check_immutable(e, at, handler, GET(c->old, "handler"), handler);
}

KINDS_HOOKS(runtime_class, .validate = runtime_class_validate);

/* ---- Lease ------------------------------------------------------------------------ */

static void check_strategy(struct fielderrs *e, const struct at *at, node strategy)
{
	str name = node_str_or(strategy, STR_NONE);

	if (str_find_char(name, '/') == STR_NPOS)
		ONE_OF(e, AT(at, "strategy"), strategy, "OldestEmulationVersion");
	else
		check_name(e, AT(at, "strategy"), name, NAME_QUALIFIED);
}

static void lease_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec");
	const struct at *at = AT(NULL, "spec");

	check_positive(e, AT(at, "leaseDurationSeconds"), GET(spec, "leaseDurationSeconds"));
	check_non_negative(e, AT(at, "leaseTransitions"), GET(spec, "leaseTransitions"));
	if (HAS(spec, "strategy"))
		check_strategy(e, AT(at, "strategy"), GET(spec, "strategy"));
	if (TEXT_OF(spec, "preferredHolder").n && !TEXT_OF(spec, "strategy").n)
		check_forbidden(e, AT(at, "preferredHolder"),
				"may only be specified if `strategy` is defined");
}

/* What elects leaders in concert is behind a gate that is shut. */
static void lease_prepare(struct kind_call *c)
{
	node spec = GET(c->object, "spec"), old = GET(c->old, "spec");

	if (LACKS(old, "strategy") && LACKS(old, "preferredHolder")) {
		node_remove(spec, S("strategy"));
		node_remove(spec, S("preferredHolder"));
	}
}

KINDS_HOOKS(lease, .prepare = lease_prepare, .validate = lease_validate);
