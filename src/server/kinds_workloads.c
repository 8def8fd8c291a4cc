#include "server/claims.h"
#include "server/gostruct.h"
#include "server/kinds_impl.h"
#include "server/labelsel.h"
#include "server/meta.h"
#include "server/podprepare.h"
#include "server/podsecurity.h"
#include "server/podspec.h"
#include "server/podwarn.h"
#include "text/number.h"

static node template_of(node object)
{
	return GET(GET(object, "spec"), "template");
}

static void template_prepare(struct kind_call *c)
{
	if (!c->subresource.n)
		podprepare_drop(c->arena, GET(template_of(c->object), "spec"),
				GET(template_of(c->old), "spec"));
}

/* An update is worth a warning when it changes what is wanted. */
static bool is_news(const struct kind_call *c, bool annotations)
{
	return !c->subresource.n &&
	       (kinds_is_create(c) || !check_same(GET(c->object, "spec"), GET(c->old, "spec")) ||
		(annotations && !check_same(node_dig(c->object, "metadata", "annotations"),
					    node_dig(c->old, "metadata", "annotations"))));
}

static void template_warn(struct kind_call *c, node object)
{
	podwarn(c, AT(AT(NULL, "spec"), "template"), template_of(object));
}

/* ---- what the kinds share ---------------------------------------------------- */

/* A field by field minimum of 0, then which may not be more than another. */
struct count_rule {
	const char *field, *most, *why;
};

static void check_counts(struct fielderrs *e, node status, const char *const *fields,
			 const struct count_rule *rules)
{
	const struct at *at = AT(NULL, "status");

	for (; *fields; fields++)
		check_non_negative(e, AT_NAMED(at, str_c(*fields)), node_get(status, str_c(*fields)));
	for (; rules && rules->field; rules++) {
		int64_t is = node_int(node_get(status, str_c(rules->field)));

		if (is > node_int(node_get(status, str_c(rules->most))))
			check_invalid(e, AT_NAMED(at, str_c(rules->field)), node_from_int(is), "%s",
				      rules->why);
	}
}

#define MORE_THAN_ALL "cannot be greater than status.replicas"

static void check_collisions(struct fielderrs *e, node status, node old)
{
	node now = GET(status, "collisionCount"), was = GET(old, "collisionCount");

	if (!node_is_nil(was) && node_int(now) < node_int(was))
		check_invalid(e, AT(AT(NULL, "status"), "collisionCount"), node_from_int(node_int(now)),
			      "cannot be decremented");
}

static void check_selector(struct fielderrs *e, const struct at *at, node selector, const char *kind)
{
	if (node_is_nil(selector)) {
		check_required(e, at);
		return;
	}
	check_label_selector(e, at, selector, false);
	if (!node_len(GET(selector, "matchLabels")) && !node_len(GET(selector, "matchExpressions")))
		check_invalid(e, at, check_selector_shown(e, selector), "empty selector is invalid for %s", kind);
}

static void check_match(struct fielderrs *e, const struct at *at, bool matches, node template)
{
	node labels = GET(GET(template, "metadata"), "labels");

	if (!matches)
		check_invalid(e, AT(AT(at, "metadata"), "labels"), node_is_nil(labels) ? node_null() : labels,
			      "`selector` does not match template `labels`");
}

/* Whether the selector can be read, and if so whether it fits the template. */
static bool read_selector(struct fielderrs *e, node selector, node template, bool *matches)
{
	struct selector s;

	*matches = labelsel_matches(e->arena, selector, GET(GET(template, "metadata"), "labels"));
	return node_is_nil(selector) || labelsel_read(e->arena, selector, &s);
}

static void check_forever(struct fielderrs *e, const struct at *at, node template, const char *kind)
{
	node spec = GET(template, "spec");
	const struct at *where = AT(at, "spec");

	if (!str_eq(TEXT_OF(spec, "restartPolicy"), S("Always")))
		ONE_OF(e, AT(where, "restartPolicy"), GET(spec, "restartPolicy"), "Always");
	if (HAS(spec, "activeDeadlineSeconds"))
		check_forbidden(e, AT(where, "activeDeadlineSeconds"),
				"activeDeadlineSeconds in %s is not Supported", kind);
}

/* What strconv.Atoi reads; 0 for what is no number. */
static int64_t number_in(str text)
{
	int64_t n;
	err *e = number_parse_atoi(text, &n);

	err_free(e);
	return e ? 0 : n;
}

static int64_t number_of(node value)
{
	int64_t percent;

	if (!node_is(value, NODE_STR))
		return node_int(value);
	return check_percent(value, &percent) ? percent : number_in(node_str(value));
}

/* ---- PodTemplate ------------------------------------------------------------------ */

static void pod_template_prepare(struct kind_call *c)
{
	podprepare_drop(c->arena, GET(GET(c->object, "template"), "spec"),
			GET(GET(c->old, "template"), "spec"));
}

static void pod_template_validate(struct kind_call *c)
{
	podspec_check_template(c->errors, AT(NULL, "template"), GET(c->object, "template"),
			       GET(c->old, "template"));
}

static void pod_template_warn(struct kind_call *c)
{
	if (!check_same(GET(c->object, "template"), GET(c->old, "template")))
		podwarn(c, AT(NULL, "template"), GET(c->object, "template"));
}

KINDS_HOOKS(pod_template, .prepare = pod_template_prepare, .validate = pod_template_validate,
	    .warn = pod_template_warn,
	    .check = podsecurity_check);

/* ---- ReplicationController, ReplicaSet ----------------------------------------------- */

static void check_replica_status(struct fielderrs *e, node status)
{
	static const char *const fields[] = { "replicas", "fullyLabeledReplicas", "readyReplicas",
					      "availableReplicas", "observedGeneration",
					      "terminatingReplicas", NULL };
	static const struct count_rule rules[] = {
		{ "fullyLabeledReplicas", "replicas", MORE_THAN_ALL },
		{ "readyReplicas", "replicas", MORE_THAN_ALL },
		{ "availableReplicas", "replicas", MORE_THAN_ALL },
		{ "availableReplicas", "readyReplicas", "cannot be greater than readyReplicas" },
		{ 0 },
	};

	check_counts(e, status, fields, rules);
}

static bool map_matches(node wanted, node labels)
{
	node_each_pair(p, wanted)
		if (!node_has(labels, node_str(p->key)) ||
		    !node_equal(p->value, node_get(labels, node_str(p->key))))
			return false;
	return true;
}

static void replication_controller_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), template = GET(spec, "template"), selector = GET(spec, "selector");
	const struct at *at = AT(NULL, "spec"), *template_at = AT(at, "template");

	if (kinds_is_status(c)) {
		check_replica_status(e, GET(c->object, "status"));
		return;
	}
	check_non_negative(e, AT(at, "minReadySeconds"), GET(spec, "minReadySeconds"));
	if (!node_len(selector))
		check_required(e, AT(at, "selector"));
	if (LACKS(spec, "replicas"))
		check_required(e, AT(at, "replicas"));
	check_non_negative(e, AT(at, "replicas"), GET(spec, "replicas"));
	if (node_is_nil(template)) {
		check_required(e, template_at);
		return;
	}
	check_match(e, template_at, map_matches(selector, GET(GET(template, "metadata"), "labels")),
		    template);
	podspec_check_template(e, template_at, template, template_of(c->old));
	check_forever(e, template_at, template, "ReplicationController");
}

static void replication_controller_warn(struct kind_call *c)
{
	if (!is_news(c, false))
		return;
	if (kinds_is_create(c))
		podwarn_name(c, "Pod names and hostnames");
	/* of what was, on an update: that is what the original looks at */
	template_warn(c, kinds_is_create(c) ? c->object : c->old);
}

KINDS_HOOKS(replication_controller, .prepare = template_prepare,
	    .validate = replication_controller_validate, .warn = replication_controller_warn,
	    .check = podsecurity_check);

static void check_replicated(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), template = GET(spec, "template"), selector = GET(spec, "selector");
	const struct at *at = AT(NULL, "spec"), *template_at = AT(at, "template");
	bool matches;

	check_selector(e, AT(at, "selector"), selector, "deployment");
	if (!read_selector(e, selector, template, &matches)) {
		check_invalid(e, AT(at, "selector"), check_selector_shown(e, selector),
			      "invalid label selector");
		return;
	}
	check_match(e, template_at, matches, template);
	podspec_check_template(e, template_at, template, template_of(c->old));
	check_forever(e, template_at, template, "ReplicaSet");
}

static void check_selector_change(struct kind_call *c)
{
	node selector = GET(GET(c->object, "spec"), "selector");

	if (!kinds_is_create(c))
		check_immutable(c->errors, AT(AT(NULL, "spec"), "selector"), selector,
				GET(GET(c->old, "spec"), "selector"),
				check_selector_shown(c->errors, selector));
}

static void replica_set_validate(struct kind_call *c)
{
	node spec = GET(c->object, "spec");
	const struct at *at = AT(NULL, "spec");

	if (kinds_is_status(c)) {
		check_replica_status(c->errors, GET(c->object, "status"));
		return;
	}
	check_non_negative(c->errors, AT(at, "replicas"), GET(spec, "replicas"));
	check_non_negative(c->errors, AT(at, "minReadySeconds"), GET(spec, "minReadySeconds"));
	check_replicated(c);
	check_selector_change(c);
}

static void replica_set_warn(struct kind_call *c)
{
	if (!is_news(c, false))
		return;
	if (kinds_is_create(c))
		podwarn_name(c, "Pod names and hostnames");
	template_warn(c, c->object);
}

KINDS_HOOKS(replica_set, .prepare = template_prepare, .validate = replica_set_validate,
	    .warn = replica_set_warn,
	    .check = podsecurity_check);

/* ---- Deployment -------------------------------------------------------------------------- */

static void deployment_prepare(struct kind_call *c)
{
	template_prepare(c);
	if (!kinds_is_status(c))
		return;
	node meta = meta_of(c->arena, c->object), labels = node_dig(c->old, "metadata", "labels");

	if (node_is_nil(labels))
		node_remove(meta, S("labels"));
	else
		node_set(c->arena, meta, S("labels"), labels);
}

static void check_strategy(struct fielderrs *e, const struct at *at, node strategy)
{
	str type = TEXT_OF(strategy, "type");
	node rolling = GET(strategy, "rollingUpdate"), surge = GET(rolling, "maxSurge");
	node unavailable = GET(rolling, "maxUnavailable");
	const struct at *where = AT(at, "rollingUpdate");

	if (str_eq(type, S("Recreate"))) {
		if (!node_is_nil(rolling))
			check_forbidden(e, where, "may not be specified when strategy `type` is 'Recreate'");
	} else if (!str_eq(type, S("RollingUpdate"))) {
		check_not_supported(e, at,
				    gostruct_shown(e->arena, "apps.DeploymentStrategy", strategy, NODE_NOTHING),
				    (const str[]){ S("Recreate"), S("RollingUpdate") }, 2);
	} else if (node_is_nil(rolling)) {
		check_required_why(e, where, "this should be defaulted and never be nil");
	} else {
		check_int_or_percent(e, AT(where, "maxUnavailable"), unavailable);
		check_int_or_percent(e, AT(where, "maxSurge"), surge);
		if (!number_of(unavailable) && !number_of(surge))
			check_invalid(e, AT(where, "maxUnavailable"), unavailable,
				      "may not be 0 when `maxSurge` is 0");
		check_at_most_100(e, AT(where, "maxUnavailable"), unavailable);
	}
}

static void check_deployment_status(struct kind_call *c)
{
	static const char *const fields[] = {
		"observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas",
		"unavailableReplicas", "terminatingReplicas", "collisionCount", NULL,
	};
	static const struct count_rule rules[] = {
		{ "updatedReplicas", "replicas", MORE_THAN_ALL },
		{ "readyReplicas", "replicas", MORE_THAN_ALL },
		{ "availableReplicas", "replicas", MORE_THAN_ALL },
		{ "availableReplicas", "readyReplicas", "cannot be greater than readyReplicas" },
		{ 0 },
	};

	check_counts(c->errors, GET(c->object, "status"), fields, rules);
	check_collisions(c->errors, GET(c->object, "status"), GET(c->old, "status"));
}

static void deployment_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), deadline = GET(spec, "progressDeadlineSeconds");
	const struct at *at = AT(NULL, "spec");

	if (kinds_is_status(c)) {
		check_deployment_status(c);
		return;
	}
	check_non_negative(e, AT(at, "replicas"), GET(spec, "replicas"));
	check_replicated(c);
	check_strategy(e, AT(at, "strategy"), GET(spec, "strategy"));
	check_non_negative(e, AT(at, "minReadySeconds"), GET(spec, "minReadySeconds"));
	check_non_negative(e, AT(at, "revisionHistoryLimit"), GET(spec, "revisionHistoryLimit"));
	if (!node_is_nil(deadline)) {
		check_non_negative(e, AT(at, "progressDeadlineSeconds"), deadline);
		if (node_int(deadline) <= INT_OF(spec, "minReadySeconds"))
			check_invalid(e, AT(at, "progressDeadlineSeconds"), deadline,
				      "must be greater than minReadySeconds");
	}
	check_selector_change(c);
}

static void deployment_warn(struct kind_call *c)
{
	if (!is_news(c, true))
		return;
	if (kinds_is_create(c))
		podwarn_name(c, "Pod names and hostnames");
	template_warn(c, c->object);
}

KINDS_HOOKS(deployment, .prepare = deployment_prepare, .validate = deployment_validate,
	    .warn = deployment_warn,
	    .check = podsecurity_check);

/* ---- DaemonSet ------------------------------------------------------------------------------ */

#define TEMPLATE_GENERATION "deprecated.daemonset.template.generation"

static int64_t template_generation(node set)
{
	return number_in(TEXT_OF(node_dig(set, "metadata", "annotations"), TEMPLATE_GENERATION));
}

/* The generation of the template is a field no more: an annotation tells it. */
static void daemon_set_prepare(struct kind_call *c)
{
	struct arena *a = c->arena;
	node meta = meta_of(a, c->object), notes = GET(meta, "annotations");
	int64_t n = template_generation(kinds_is_create(c) ? c->object : c->old);

	template_prepare(c);
	if (!node_is(notes, NODE_MAP)) {
		notes = node_map(a, 1);
		node_set(a, meta, S("annotations"), notes);
	}
	if (kinds_is_create(c))
		n = n < 1 ? 1 : n;
	else if (!kinds_is_status(c) && !check_same(template_of(c->object), template_of(c->old)))
		n++;
	node_set(a, notes, S(TEMPLATE_GENERATION), node_from_str(a, arena_printf(a, "%lld", (long long)n)));
	node_sort(notes);
}

static void check_daemon_strategy(struct fielderrs *e, const struct at *at, node strategy)
{
	str type = TEXT_OF(strategy, "type");
	node rolling = GET(strategy, "rollingUpdate"), surge = GET(rolling, "maxSurge");
	node unavailable = GET(rolling, "maxUnavailable");
	const struct at *where = AT(at, "rollingUpdate");

	if (str_eq(type, S("OnDelete")))
		return;
	if (!str_eq(type, S("RollingUpdate"))) {
		check_not_supported(
			e, at, gostruct_shown(e->arena, "apps.DaemonSetUpdateStrategy", strategy, NODE_NOTHING),
			(const str[]){ S("RollingUpdate"), S("OnDelete") }, 2);
		return;
	}
	if (node_is_nil(rolling)) {
		check_required(e, where);
		return;
	}
	check_int_or_percent(e, AT(where, "maxUnavailable"), unavailable);
	check_int_or_percent(e, AT(where, "maxSurge"), surge);
	check_at_most_100(e, AT(where, "maxUnavailable"), unavailable);
	check_at_most_100(e, AT(where, "maxSurge"), surge);
	if (number_of(unavailable) && number_of(surge))
		check_invalid(e, AT(where, "maxSurge"), surge,
			      "may not be set when maxUnavailable is non-zero");
	else if (!number_of(unavailable) && !number_of(surge))
		check_required_why(e, AT(where, "maxUnavailable"), "cannot be 0 when maxSurge is 0");
}

static void daemon_set_validate(struct kind_call *c)
{
	static const char *const counts[] = {
		"currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady",
		"observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable",
		"collisionCount", NULL,
	};
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), template = GET(spec, "template"), selector = GET(spec, "selector");
	const struct at *at = AT(NULL, "spec"), *template_at = AT(at, "template");
	bool matches;

	if (kinds_is_status(c)) {
		check_counts(e, GET(c->object, "status"), counts, NULL);
		check_collisions(e, GET(c->object, "status"), GET(c->old, "status"));
		return;
	}
	check_selector_change(c);
	check_label_selector(e, AT(at, "selector"), selector,
			     check_has_bad_value(GET(GET(c->old, "spec"), "selector")));
	if (read_selector(e, selector, template, &matches))
		check_match(e, template_at, matches, template);
	if (!node_is_nil(selector) && !node_len(GET(selector, "matchLabels")) &&
	    !node_len(GET(selector, "matchExpressions")))
		check_invalid(e, AT(at, "selector"), check_selector_shown(e, selector),
			      "empty selector is invalid for daemonset");
	podspec_check_template(e, template_at, template, template_of(c->old));
	check_forever(e, template_at, template, "DaemonSet");
	check_non_negative(e, AT(at, "minReadySeconds"), GET(spec, "minReadySeconds"));
	check_daemon_strategy(e, AT(at, "updateStrategy"), GET(spec, "updateStrategy"));
	check_non_negative(e, AT(at, "revisionHistoryLimit"), GET(spec, "revisionHistoryLimit"));
}

static void daemon_set_warn(struct kind_call *c)
{
	if (!c->subresource.n && !check_same(template_of(c->object), template_of(c->old)))
		template_warn(c, c->object);
}

KINDS_HOOKS(daemon_set, .prepare = daemon_set_prepare, .validate = daemon_set_validate,
	    .warn = daemon_set_warn,
	    .check = podsecurity_check);

/* ---- StatefulSet ------------------------------------------------------------------------------ */

static void stateful_set_prepare(struct kind_call *c)
{
	node rolling = GET(GET(GET(c->object, "spec"), "updateStrategy"), "rollingUpdate");

	template_prepare(c);
	if (LACKS(GET(GET(GET(c->old, "spec"), "updateStrategy"), "rollingUpdate"), "maxUnavailable"))
		node_remove(rolling, S("maxUnavailable"));
}

static void check_stateful_strategy(struct fielderrs *e, const struct at *at, node strategy)
{
	str type = TEXT_OF(strategy, "type");
	node rolling = GET(strategy, "rollingUpdate"), most = GET(rolling, "maxUnavailable");
	const struct at *where = AT(at, "rollingUpdate");

	if (!type.n) {
		check_required(e, at);
	} else if (str_eq(type, S("OnDelete"))) {
		if (!node_is_nil(rolling))
			check_invalid(e, where,
				      gostruct_shown(e->arena, "apps.RollingUpdateStatefulSetStrategy",
						     rolling, NODE_NOTHING),
				      "only allowed for updateStrategy 'RollingUpdate'");
	} else if (!str_eq(type, S("RollingUpdate"))) {
		check_invalid(e, at,
			      gostruct_shown(e->arena, "apps.StatefulSetUpdateStrategy", strategy,
					     NODE_NOTHING),
			      "must be 'RollingUpdate' or 'OnDelete'");
	} else if (!node_is_nil(rolling)) {
		check_non_negative(e, AT(where, "partition"), GET(rolling, "partition"));
		if (node_is_nil(most))
			return;
		check_int_or_percent(e, AT(where, "maxUnavailable"), most);
		if (!number_of(most))
			check_invalid(e, AT(where, "maxUnavailable"), most, "cannot be 0");
		check_at_most_100(e, AT(where, "maxUnavailable"), most);
	}
}

static void check_retention(struct fielderrs *e, const struct at *at, node policy)
{
	if (node_is_nil(policy))
		return;
	ONE_OF(e, AT(at, "whenDeleted"), GET(policy, "whenDeleted"), "Retain", "Delete");
	ONE_OF(e, AT(at, "whenScaled"), GET(policy, "whenScaled"), "Retain", "Delete");
}

/* The template with the volumes that the claims will be, and without the names
 * that the set gives its Pods itself. */
static node stateful_template(struct arena *a, node spec)
{
	node template = node_copy(a, GET(spec, "template")), pod = GET(template, "spec");
	node claims = GET(spec, "volumeClaimTemplates"), names = node_map(a, 0), volumes = node_seq(a, 0);

	node_remove(pod, S("subdomain"));
	node_remove(pod, S("hostname"));
	node_each_item(claim, claims) {
		str name = meta_get(*claim, S("name"));
		node volume = node_map(a, 2), source = node_map(a, 1);

		node_set(a, source, S("claimName"), node_from_str(a, name));
		node_set(a, volume, S("name"), node_from_str(a, name));
		node_set(a, volume, S("persistentVolumeClaim"), source);
		if (!node_has(names, name))
			node_append(a, volumes, volume);
		node_set(a, names, name, node_null());
	}
	node_each_item(volume, GET(pod, "volumes"))
		if (!node_has(names, TEXT_OF(*volume, "name")))
			node_append(a, volumes, *volume);
	if (node_len(claims) && node_is(pod, NODE_MAP))
		node_set(a, pod, S("volumes"), volumes);
	return template;
}

static void check_stateful_template(struct fielderrs *e, const struct at *at, node spec, node old,
				    bool skip)
{
	node template = stateful_template(e->arena, spec), meta = GET(template, "metadata");
	node selector = GET(spec, "selector"), notes = GET(meta, "annotations");
	struct podspec_options o = { .annotations = notes, .old = GET(old, "spec") };
	bool matches;

	if (!read_selector(e, selector, template, &matches)) {
		check_invalid(e, AT(at, "selector"), check_selector_shown(e, selector), "%s", "");
		return;
	}
	const struct at *where = AT(at, "template");

	check_match(e, where, matches, template);
	if (!skip)
		podspec_check_template(e, where, template, old);
	check_labels(e, AT(where, "labels"), GET(meta, "labels"));
	check_annotations(e, AT(where, "annotations"), notes);
	podspec_check_annotations(e, AT(where, "annotations"), notes, GET(template, "spec"), &o);
}

struct stateful_options {
	node old;	/* an older template */
	bool changed;	/* of an update: what cannot change is not looked at */
	bool skip;	/* the template was wrong before */
};

static void check_stateful_spec(struct fielderrs *e, const struct at *at, node spec,
				const struct stateful_options *o)
{
	node claims = GET(spec, "volumeClaimTemplates"), service = GET(spec, "serviceName");
	str policy = TEXT_OF(spec, "podManagementPolicy");

	if (!policy.n)
		check_required(e, AT(at, "podManagementPolicy"));
	else if (!IS_ONE_OF(policy, "OrderedReady", "Parallel"))
		check_invalid_text(e, AT(at, "podManagementPolicy"), policy,
				   "must be 'OrderedReady' or 'Parallel'");
	check_stateful_strategy(e, AT(at, "updateStrategy"), GET(spec, "updateStrategy"));
	check_retention(e, AT(at, "persistentVolumeClaimRetentionPolicy"),
			GET(spec, "persistentVolumeClaimRetentionPolicy"));
	for (size_t i = 0; !o->changed && i < node_len(claims); i++)
		claims_check_spec(e, AT(AT_I(AT(at, "volumeClaimTemplates"), i), "spec"),
				  GET(node_at(claims, i), "spec"), NODE_NOTHING);
	check_non_negative(e, AT(at, "replicas"), GET(spec, "replicas"));
	check_non_negative(e, AT(at, "minReadySeconds"), GET(spec, "minReadySeconds"));
	check_non_negative(e, AT(at, "ordinals.start"), GET(GET(spec, "ordinals"), "start"));
	if (!o->changed && node_str_or(service, STR_NONE).n)
		check_name(e, AT(at, "serviceName"), node_str(service), NAME_DNS_LABEL);
	check_selector(e, AT(at, "selector"), GET(spec, "selector"), "statefulset");
	check_stateful_template(e, at, spec, o->old, o->skip);
	check_forever(e, AT(at, "template"), GET(spec, "template"), "StatefulSet");
}

static void check_stateful_change(struct kind_call *c)
{
	static const str free[] = { S("replicas"), S("template"), S("updateStrategy"), S("minReadySeconds"),
				    S("ordinals"), S("revisionHistoryLimit"),
				    S("persistentVolumeClaimRetentionPolicy") };
	node now = node_copy(c->arena, GET(c->object, "spec"));
	node was = node_copy(c->arena, GET(c->old, "spec"));

	for (size_t i = 0; i < sizeof free / sizeof *free; i++) {
		node_remove(now, free[i]);
		node_remove(was, free[i]);
	}
	if (!check_same(now, was))
		check_forbidden(c->errors, AT(NULL, "spec"),
				"updates to statefulset spec for fields other than 'replicas', 'ordinals', "
				"'template', 'updateStrategy', 'revisionHistoryLimit', "
				"'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
}

static void check_stateful_status(struct kind_call *c)
{
	static const char *const fields[] = { "replicas", "readyReplicas", "currentReplicas",
					      "updatedReplicas", "availableReplicas",
					      "observedGeneration", "collisionCount", NULL };
	static const struct count_rule rules[] = {
		{ "readyReplicas", "replicas", MORE_THAN_ALL },
		{ "currentReplicas", "replicas", MORE_THAN_ALL },
		{ "updatedReplicas", "replicas", MORE_THAN_ALL },
		{ "availableReplicas", "replicas", MORE_THAN_ALL },
		{ "availableReplicas", "readyReplicas", "cannot be greater than status.readyReplicas" },
		{ 0 },
	};

	check_counts(c->errors, GET(c->object, "status"), fields, rules);
	check_collisions(c->errors, GET(c->object, "status"), GET(c->old, "status"));
}

static void stateful_set_validate(struct kind_call *c)
{
	struct stateful_options o = { .changed = !kinds_is_create(c), .old = template_of(c->old) };

	if (kinds_is_status(c)) {
		check_stateful_status(c);
		return;
	}
	if (o.changed) {
		struct fielderrs before = { .arena = c->arena };

		check_stateful_spec(&before, NULL, GET(c->old, "spec"), &o);
		o.skip = before.n;
	}
	check_stateful_spec(c->errors, AT(NULL, "spec"), GET(c->object, "spec"), &o);
	if (o.changed)
		check_stateful_change(c);
}

static void stateful_set_warn(struct kind_call *c)
{
	node spec = GET(c->object, "spec"), claims = GET(spec, "volumeClaimTemplates");

	if (c->subresource.n)
		return;
	if (is_news(c, false))
		template_warn(c, c->object);
	for (size_t i = 0; i < node_len(claims); i++) {
		const struct at *at = AT_I(AT(AT(NULL, "spec"), "volumeClaimTemplates"), i);

		kinds_warn_claim(c, kinds_is_create(c) ? at : AT(at, "Spec"), GET(node_at(claims, i), "spec"));
	}
	if (INT_OF(spec, "revisionHistoryLimit") < 0)
		kind_warn(c->warnings, "spec.revisionHistoryLimit: a negative value retains all historical "
				       "revisions; a value >= 0 is recommended");
}

KINDS_HOOKS(stateful_set, .prepare = stateful_set_prepare, .validate = stateful_set_validate,
	    .warn = stateful_set_warn,
	    .check = podsecurity_check);

/* ---- ControllerRevision ------------------------------------------------------------------------- */

static void revision_validate(struct kind_call *c)
{
	node data = GET(c->object, "data");
	const struct at *at = AT(NULL, "data");

	check_non_negative(c->errors, AT(NULL, "revision"), GET(c->object, "revision"));
	if (!kinds_is_create(c))
		check_immutable(c->errors, at, data, GET(c->old, "data"), data);
	else if (node_is_nil(data))
		check_required_why(c->errors, at, "data is mandatory");
	else if (!node_is(data, NODE_MAP))
		check_required_why(c->errors, at, "data must be a valid JSON object");
}

KINDS_HOOKS(revision, .validate = revision_validate);
