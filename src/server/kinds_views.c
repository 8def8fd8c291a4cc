/* Resources that show the objects of another one in a shape of their own. */
#include "base/buf.h"
#include "kube/builtin.h"
#include "kube/canon.h"
#include "server/defaults.h"
#include "server/kinds_impl.h"
#include "value/json.h"

/* The canonical form in another version; the object as it is when it has none. */
static node canonical(struct arena *a, node object, struct gvk g)
{
	node out;

	node_set(a, object, S("apiVersion"), node_from_str(a, gvk_api_version(a, g)));
	node_set(a, object, S("kind"), node_from_str(a, g.kind));
	err *e = canon_object(a, object, builtin_type(g), NULL, &out);

	if (!e)
		return out;
	err_free(e);
	return object;
}

/* A copy of the object's own entries. */
static node shallow(struct arena *a, node object)
{
	node copy = node_map(a, node_len(object));

	node_each_pair(p, object)
		node_set(a, copy, node_str(p->key), p->value);
	return copy;
}

/* ---- events ------------------------------------------------------------- */

static const struct {
	str stored, shown;
} event_fields[] = {
	{ S("involvedObject"), S("regarding") },
	{ S("message"), S("note") },
	{ S("source"), S("deprecatedSource") },
	{ S("firstTimestamp"), S("deprecatedFirstTimestamp") },
	{ S("lastTimestamp"), S("deprecatedLastTimestamp") },
	{ S("count"), S("deprecatedCount") },
	{ S("reportingComponent"), S("reportingController") },
};

static node rename_event(struct arena *a, node event, bool show)
{
	node out = node_map(a, node_len(event));

	node_each_pair(p, event) {
		str key = node_str(p->key);

		for (size_t i = 0; i < sizeof event_fields / sizeof *event_fields; i++) {
			str from = show ? event_fields[i].stored : event_fields[i].shown;

			if (str_eq(key, from)) {
				key = show ? event_fields[i].shown : event_fields[i].stored;
				break;
			}
		}
		node_set(a, out, key, p->value);
	}
	return out;
}

static node event_to_stored(struct arena *a, node event)
{
	return canonical(a, rename_event(a, event, false),
			 (struct gvk){ STR_NONE, S("v1"), S("Event") });
}

static node event_from_stored(struct arena *a, node event)
{
	return canonical(a, rename_event(a, event, true),
			 (struct gvk){ S("events.k8s.io"), S("v1"), S("Event") });
}

/* Validation is that of the stored form, whose places it names. */
static void event_view_validate(struct kind_call *c)
{
	kinds_event_check(c, event_to_stored(c->arena, c->object),
			  node_is_nil(c->old) ? NODE_NOTHING : event_to_stored(c->arena, c->old), false);
}

KINDS_HOOKS(event_view, .to_stored = event_to_stored, .from_stored = event_from_stored,
	    .validate = event_view_validate);

/* ---- autoscaling/v1 ------------------------------------------------------
 *
 * It knows one metric, the load of the CPU; all else travels in annotations,
 * as JSON. */

#define ALPHA "autoscaling.alpha.kubernetes.io/"
#define METRICS S(ALPHA "metrics")
#define CURRENT S(ALPHA "current-metrics")
#define CONDITIONS S(ALPHA "conditions")
#define BEHAVIOR S(ALPHA "behavior")

enum { CPU_PERCENT = 80 };

/* A field of version 1 and where it is in version 2. */
struct move {
	const char *old, *outer, *inner;	/* inner NULL: `outer` itself */
	bool amount;				/* a quantity that is always there */
};

#define MOVES_MAX 5

struct metric {
	str type, field;
	struct move spec[MOVES_MAX], status[MOVES_MAX];
};

static const struct metric metrics[] = {
	{ S("Object"), S("object"),
	  { { "target", "describedObject", NULL, false },
	    { "metricName", "metric", "name", false },
	    { "targetValue", "target", "value", true },
	    { "selector", "metric", "selector", false },
	    { "averageValue", "target", "averageValue", false } },
	  { { "target", "describedObject", NULL, false },
	    { "metricName", "metric", "name", false },
	    { "currentValue", "current", "value", true },
	    { "selector", "metric", "selector", false },
	    { "averageValue", "current", "averageValue", false } } },
	{ S("Pods"), S("pods"),
	  { { "metricName", "metric", "name", false },
	    { "targetAverageValue", "target", "averageValue", true },
	    { "selector", "metric", "selector", false } },
	  { { "metricName", "metric", "name", false },
	    { "currentAverageValue", "current", "averageValue", true },
	    { "selector", "metric", "selector", false } } },
	{ S("Resource"), S("resource"),
	  { { "name", "name", NULL, false },
	    { "targetAverageUtilization", "target", "averageUtilization", false },
	    { "targetAverageValue", "target", "averageValue", false } },
	  { { "name", "name", NULL, false },
	    { "currentAverageUtilization", "current", "averageUtilization", false },
	    { "currentAverageValue", "current", "averageValue", true } } },
	{ S("ContainerResource"), S("containerResource"),
	  { { "name", "name", NULL, false },
	    { "targetAverageUtilization", "target", "averageUtilization", false },
	    { "targetAverageValue", "target", "averageValue", false },
	    { "container", "container", NULL, false } },
	  { { "name", "name", NULL, false },
	    { "currentAverageUtilization", "current", "averageUtilization", false },
	    { "currentAverageValue", "current", "averageValue", true },
	    { "container", "container", NULL, false } } },
	{ S("External"), S("external"),
	  { { "metricName", "metric", "name", false },
	    { "metricSelector", "metric", "selector", false },
	    { "targetValue", "target", "value", false },
	    { "targetAverageValue", "target", "averageValue", false } },
	  { { "metricName", "metric", "name", false },
	    { "metricSelector", "metric", "selector", false },
	    { "currentValue", "current", "value", true },
	    { "currentAverageValue", "current", "averageValue", false } } },
};

static const str plain_names[] = { S("metricName"), S("name"), S("container") };

static bool is_name(str key)
{
	for (size_t i = 0; i < sizeof plain_names / sizeof *plain_names; i++)
		if (str_eq(key, plain_names[i]))
			return true;
	return false;
}

/* References and selectors, written in the order of Go's fields. */
static node ordered(struct arena *a, node n)
{
	static const str order[] = { S("kind"), S("name"), S("apiVersion"), S("matchLabels"),
				     S("matchExpressions") };
	node out = node_map(a, 3);

	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if (!node_is_nil(node_get(n, order[i])))
			node_set(a, out, order[i], node_get(n, order[i]));
	return out;
}

static node old_source(struct arena *a, const struct move *moves, node source)
{
	node out = node_map(a, MOVES_MAX);

	for (size_t i = 0; i < MOVES_MAX && moves[i].old; i++) {
		const struct move *m = &moves[i];
		node v = node_get(source, str_c(m->outer));

		if (m->inner)
			v = node_get(v, str_c(m->inner));
		if (node_is(v, NODE_MAP))
			v = ordered(a, v);
		if (node_is_nil(v) && m->amount)
			v = node_lit("0");
		if (node_is_nil(v) && is_name(str_c(m->old)))
			v = node_lit("");
		if (!node_is_nil(v))
			node_set(a, out, str_c(m->old), v);
	}
	return out;
}

static node old_metric(struct arena *a, node metric, bool spec)
{
	node out = node_map(a, 2);

	node_set(a, out, S("type"), node_from_str(a, text_of(metric, S("type"))));
	for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
		node source = node_get(metric, metrics[i].field);

		if (!node_is_nil(source))
			node_set(a, out, metrics[i].field,
				 old_source(a, spec ? metrics[i].spec : metrics[i].status, source));
	}
	return out;
}

static bool is_cpu(node metric)
{
	return str_eq(text_of(metric, S("type")), S("Resource")) &&
	       str_eq(text_of(node_get(metric, S("resource")), S("name")), S("cpu"));
}

static node cpu_target(node metric)
{
	return is_cpu(metric) ? node_dig(metric, "resource", "target", "averageUtilization")
			      : NODE_NOTHING;
}

/* Keys with their first letter changed, all the way down: the behaviour is
 * written with the names of Go's fields. */
static node recase(struct arena *a, node n, bool up)
{
	if (node_is(n, NODE_SEQ)) {
		node out = node_seq(a, node_len(n));

		node_each_item(item, n)
			node_append(a, out, recase(a, *item, up));
		return out;
	}
	if (!node_is(n, NODE_MAP))
		return n;
	node out = node_map(a, node_len(n));

	node_each_pair(p, n) {
		str key = arena_str(a, node_str(p->key));

		if (key.n)
			*(char *)key.p = (char)(up ? key.p[0] & ~0x20 : key.p[0] | 0x20);
		node_set(a, out, key, recase(a, p->value, up));
	}
	return out;
}

static node go_rules(struct arena *a, node rules)
{
	static const str order[] = { S("stabilizationWindowSeconds"), S("selectPolicy"), S("policies"),
				     S("tolerance") };
	static const str policy_order[] = { S("type"), S("value"), S("periodSeconds") };
	node out = node_map(a, 4);

	if (node_is_nil(rules))
		return node_null();
	for (size_t i = 0; i < 4; i++) {
		node v = node_get(rules, order[i]);

		node_set(a, out, order[i], node_is_nil(v) ? node_null() : v);
	}
	node policies = node_get(out, S("policies"));

	if (node_is(policies, NODE_SEQ)) {
		node list = node_seq(a, node_len(policies));

		node_each_item(policy, policies) {
			node copy = node_map(a, 3);

			for (size_t i = 0; i < 3; i++)
				node_set(a, copy, policy_order[i], node_get(*policy, policy_order[i]));
			node_append(a, list, copy);
		}
		node_set(a, out, S("policies"), list);
	}
	return recase(a, out, true);
}

static node go_behavior(struct arena *a, node behavior)
{
	node out = node_map(a, 2);

	node_set(a, out, S("ScaleUp"), go_rules(a, node_get(behavior, S("scaleUp"))));
	node_set(a, out, S("ScaleDown"), go_rules(a, node_get(behavior, S("scaleDown"))));
	return out;
}

static void annotate(struct arena *a, node object, str key, node value)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node metadata = node_get(object, S("metadata"));
	err *e = json_write(&b, value, &(struct json_style){ .source_order = true });

	if (e || !node_is(metadata, NODE_MAP)) {
		err_free(e);
		return;
	}
	node annotations = node_need_map(a, metadata, S("annotations"));

	if (node_is(annotations, NODE_MAP))
		node_set(a, annotations, key, node_copy_str(a, buf_str(&b)));
}

static node old_conditions(struct arena *a, node conditions)
{
	static const str order[] = { S("type"), S("status"), S("lastTransitionTime"), S("reason"),
				     S("message") };
	node out = node_seq(a, node_len(conditions));

	node_each_item(c, conditions) {
		node copy = node_map(a, 5);

		for (size_t i = 0; i < 5; i++) {
			node v = node_get(*c, order[i]);

			if (!node_is(v, NODE_NONE))
				node_set(a, copy, order[i], v);
		}
		node_append(a, out, copy);
	}
	return out;
}

/* The object with annotations of its own, and without those of conversions. */
static node with_own_annotations(struct arena *a, node object)
{
	static const str dropped[] = { METRICS, CURRENT, CONDITIONS, BEHAVIOR };
	node out = shallow(a, object), metadata = shallow(a, node_get(object, S("metadata")));
	node annotations = shallow(a, node_get(metadata, S("annotations")));

	for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
		node_remove(annotations, dropped[i]);
	if (node_len(annotations))
		node_set(a, metadata, S("annotations"), annotations);
	else
		node_remove(metadata, S("annotations"));
	node_set(a, out, S("metadata"), metadata);
	return out;
}

static void move_metrics(struct arena *a, node out, node spec, node from)
{
	node others = node_seq(a, node_len(from));

	node_each_item(m, from) {
		node percent = cpu_target(*m);

		if (node_is_nil(percent))
			node_append(a, others, old_metric(a, *m, true));
		else if (node_is_nil(node_get(spec, S("targetCPUUtilizationPercentage"))))
			node_set(a, spec, S("targetCPUUtilizationPercentage"), percent);
	}
	if (node_len(others))
		annotate(a, out, METRICS, others);
}

static void move_current(struct arena *a, node out, node status, node from)
{
	node all = node_seq(a, node_len(from));

	node_each_item(m, from) {
		node percent = node_dig(*m, "resource", "current", "averageUtilization");

		node_append(a, all, old_metric(a, *m, false));
		if (is_cpu(*m) && !node_is_nil(percent))
			node_set(a, status, S("currentCPUUtilizationPercentage"), percent);
	}
	if (node_len(all))
		annotate(a, out, CURRENT, all);
}

static node hpa_from_stored(struct arena *a, node hpa)
{
	node out = with_own_annotations(a, hpa);
	node spec = shallow(a, node_get(hpa, S("spec")));
	node status = shallow(a, node_get(hpa, S("status")));
	node behavior = node_get(spec, S("behavior"));
	node conditions = node_get(status, S("conditions"));

	move_metrics(a, out, spec, node_get(spec, S("metrics")));
	move_current(a, out, status, node_get(status, S("currentMetrics")));
	if (!node_is_nil(behavior))
		annotate(a, out, BEHAVIOR, go_behavior(a, behavior));
	if (node_len(conditions))
		annotate(a, out, CONDITIONS, old_conditions(a, conditions));
	node_set(a, out, S("spec"), spec);
	node_set(a, out, S("status"), status);
	return canonical(a, out, (struct gvk){ S("autoscaling"), S("v1"), S("HorizontalPodAutoscaler") });
}

/* ---- back ---------------------------------------------------------------- */

static node annotation(struct arena *a, node object, str key)
{
	str text = text_of(node_dig(object, "metadata", "annotations"), key);
	node value;
	err *e = text.n ? json_read(a, text, NULL, &value) : NULL;

	if (!text.n || e) {
		err_free(e);
		return NODE_NOTHING;
	}
	return value;
}

/* What sort of goal version 2 calls it. */
static const char *target_type(str type, node old)
{
	bool average = !node_is_nil(node_get(old, S("averageValue")));

	if (str_eq(type, S("Pods")))
		return "AverageValue";
	if (str_eq(type, S("Object")))
		return average ? "AverageValue" : "Value";
	if (str_eq(type, S("External")))
		return node_is_nil(node_get(old, S("targetValue"))) ? "AverageValue" : "Value";
	return node_is_nil(node_get(old, S("targetAverageUtilization"))) ? "AverageValue" : "Utilization";
}

/* An Object's goal of 0 beside an average was only written because it had to be. */
static bool is_filler(const struct metric *m, const struct move *move, node old)
{
	return str_eq(m->type, S("Object")) && str_eq(str_c(move->old), S("targetValue")) &&
	       !node_is_nil(node_get(old, S("averageValue"))) &&
	       str_eq(text_of(old, S("targetValue")), S("0"));
}

static node new_source(struct arena *a, const struct metric *m, node old, bool spec)
{
	const struct move *moves = spec ? m->spec : m->status;
	node out = node_map(a, MOVES_MAX);

	for (size_t i = 0; i < MOVES_MAX && moves[i].old; i++) {
		node v = node_get(old, str_c(moves[i].old));

		if (node_is_nil(v) || (spec && is_filler(m, &moves[i], old)))
			continue;
		if (!moves[i].inner) {
			node_set(a, out, str_c(moves[i].outer), v);
			continue;
		}
		node outer = node_need_map(a, out, str_c(moves[i].outer));

		node_set(a, outer, str_c(moves[i].inner), v);
	}
	if (spec) {
		node target = node_need_map(a, out, S("target"));

		node_set(a, target, S("type"), node_from_str(a, str_c(target_type(m->type, old))));
	}
	return out;
}

static node new_metric(struct arena *a, node old, bool spec)
{
	node out = node_map(a, 2);

	node_set(a, out, S("type"), node_from_str(a, text_of(old, S("type"))));
	for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
		node source = node_get(old, metrics[i].field);

		if (node_is(source, NODE_MAP))
			node_set(a, out, metrics[i].field, new_source(a, &metrics[i], source, spec));
	}
	return out;
}

static node cpu_metric(struct arena *a, str field, node percent)
{
	node out = node_map(a, 2), resource = node_map(a, 2), value = node_map(a, 2);

	if (str_eq(field, S("target")))
		node_set(a, value, S("type"), node_lit("Utilization"));
	node_set(a, value, S("averageUtilization"), percent);
	node_set(a, resource, S("name"), node_lit("cpu"));
	node_set(a, resource, field, value);
	node_set(a, out, S("type"), node_lit("Resource"));
	node_set(a, out, S("resource"), resource);
	return out;
}

static node new_metrics(struct arena *a, node hpa, node spec)
{
	node others = annotation(a, hpa, METRICS);
	node percent = node_get(spec, S("targetCPUUtilizationPercentage"));
	node out = node_seq(a, node_len(others) + 1);

	node_each_item(m, others)
		node_append(a, out, new_metric(a, *m, true));
	if (!node_is_nil(percent) || !node_len(out))
		node_append(a, out, cpu_metric(a, S("target"), node_is_nil(percent)
								       ? node_from_int(CPU_PERCENT)
								       : percent));
	return out;
}

static void new_status(struct arena *a, node hpa, node status)
{
	node current = annotation(a, hpa, CURRENT), conditions = annotation(a, hpa, CONDITIONS);
	node percent = node_get(status, S("currentCPUUtilizationPercentage"));
	node list = node_seq(a, node_len(current) + 1);

	node_each_item(m, current)
		node_append(a, list, new_metric(a, *m, false));
	if (!node_len(list) && !node_is_nil(percent))
		node_append(a, list, cpu_metric(a, S("current"), percent));
	if (node_len(list))
		node_set(a, status, S("currentMetrics"), list);
	if (node_is(conditions, NODE_SEQ))
		node_set(a, status, S("conditions"), conditions);
}

static node hpa_to_stored(struct arena *a, node hpa)
{
	node out = with_own_annotations(a, hpa);
	node spec = shallow(a, node_get(hpa, S("spec")));
	node status = shallow(a, node_get(hpa, S("status")));
	node behavior = annotation(a, hpa, BEHAVIOR);

	node_set(a, spec, S("metrics"), new_metrics(a, hpa, spec));
	if (node_len(behavior))
		node_set(a, spec, S("behavior"), recase(a, behavior, false));
	new_status(a, hpa, status);
	node_set(a, out, S("spec"), spec);
	node_set(a, out, S("status"), status);
	return canonical(a, out, (struct gvk){ S("autoscaling"), S("v2"), S("HorizontalPodAutoscaler") });
}

/* The rules are those of what is stored. */
static void hpa_view_validate(struct kind_call *c)
{
	struct kind_call stored = *c;

	stored.object = hpa_to_stored(c->arena, node_copy(c->arena, c->object));
	if (!kinds_is_create(c))
		stored.old = hpa_to_stored(c->arena, node_copy(c->arena, c->old));
	kinds_hpa_hooks.validate(&stored);
}

/* What becomes of no aim at all when it is stored, so that who asked is its owner. */
static void hpa_view_defaults(struct arena *a, const struct kind *k, node hpa)
{
	node spec = GET(hpa, "spec");

	defaults_apply(a, k, hpa);
	if (node_is(spec, NODE_MAP) && LACKS(spec, "targetCPUUtilizationPercentage") &&
	    !node_len(annotation(a, hpa, METRICS)))
		node_set(a, spec, S("targetCPUUtilizationPercentage"), node_from_int(CPU_PERCENT));
}

const struct kind_hooks kinds_hpa_view_hooks = { .defaults = hpa_view_defaults,
						 .stored = defaults_stored,
						 .to_stored = hpa_to_stored,
						 .from_stored = hpa_from_stored,
						 .validate = hpa_view_validate };
