#include <pthread.h>
#include <stdio.h>

#include "base/buf.h"
#include "kube/builtin.h"
#include "server/defaults_impl.h"
#include "text/quantity.h"

#define TEXT(of) { .kind = NODE_STR, .n = sizeof(of) - 1, .text = "" of }
#define INT(of) { .kind = NODE_INT, .i = (of) }
#define BOOL(of) { .kind = NODE_BOOL, .b = (of) }

/* Sorted by type. They are set before the type's rule is called. */
static const struct defaults_value values[] = {
	{ "api.admissionregistration.v1.MatchResources", "matchPolicy", TEXT("Equivalent") },
	{ "api.admissionregistration.v1.MutatingAdmissionPolicySpec", "failurePolicy", TEXT("Fail") },
	{ "api.admissionregistration.v1.MutatingWebhook", "failurePolicy", TEXT("Fail") },
	{ "api.admissionregistration.v1.MutatingWebhook", "matchPolicy", TEXT("Equivalent") },
	{ "api.admissionregistration.v1.MutatingWebhook", "reinvocationPolicy", TEXT("Never") },
	{ "api.admissionregistration.v1.MutatingWebhook", "timeoutSeconds", INT(10) },
	{ "api.admissionregistration.v1.NamedRuleWithOperations", "scope", TEXT("*") },
	{ "api.admissionregistration.v1.RuleWithOperations", "scope", TEXT("*") },
	{ "api.admissionregistration.v1.ServiceReference", "port", INT(443) },
	{ "api.admissionregistration.v1.ValidatingAdmissionPolicySpec", "failurePolicy", TEXT("Fail") },
	{ "api.admissionregistration.v1.ValidatingWebhook", "failurePolicy", TEXT("Fail") },
	{ "api.admissionregistration.v1.ValidatingWebhook", "matchPolicy", TEXT("Equivalent") },
	{ "api.admissionregistration.v1.ValidatingWebhook", "timeoutSeconds", INT(10) },
	{ "api.apps.v1.DaemonSetSpec", "revisionHistoryLimit", INT(10) },
	{ "api.apps.v1.DaemonSetUpdateStrategy", "type", TEXT("RollingUpdate") },
	{ "api.apps.v1.DeploymentSpec", "progressDeadlineSeconds", INT(600) },
	{ "api.apps.v1.DeploymentSpec", "replicas", INT(1) },
	{ "api.apps.v1.DeploymentSpec", "revisionHistoryLimit", INT(10) },
	{ "api.apps.v1.DeploymentStrategy", "type", TEXT("RollingUpdate") },
	{ "api.apps.v1.ReplicaSetSpec", "replicas", INT(1) },
	{ "api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy", "whenDeleted", TEXT("Retain") },
	{ "api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy", "whenScaled", TEXT("Retain") },
	{ "api.apps.v1.StatefulSetSpec", "podManagementPolicy", TEXT("OrderedReady") },
	{ "api.apps.v1.StatefulSetSpec", "replicas", INT(1) },
	{ "api.apps.v1.StatefulSetSpec", "revisionHistoryLimit", INT(10) },
	{ "api.autoscaling.v1.HorizontalPodAutoscalerSpec", "minReplicas", INT(1) },
	{ "api.autoscaling.v2.HorizontalPodAutoscalerSpec", "minReplicas", INT(1) },
	{ "api.batch.v1.CronJobSpec", "concurrencyPolicy", TEXT("Allow") },
	{ "api.batch.v1.CronJobSpec", "failedJobsHistoryLimit", INT(1) },
	{ "api.batch.v1.CronJobSpec", "successfulJobsHistoryLimit", INT(3) },
	{ "api.batch.v1.CronJobSpec", "suspend", BOOL(false) },
	{ "api.batch.v1.PodFailurePolicyOnPodConditionsPattern", "status", TEXT("True") },
	{ "api.core.v1.ConfigMapVolumeSource", "defaultMode", INT(420) },
	{ "api.core.v1.Container", "terminationMessagePath", TEXT("/dev/termination-log") },
	{ "api.core.v1.Container", "terminationMessagePolicy", TEXT("File") },
	{ "api.core.v1.DownwardAPIVolumeSource", "defaultMode", INT(420) },
	{ "api.core.v1.EndpointPort", "protocol", TEXT("TCP") },
	{ "api.core.v1.EphemeralContainer", "terminationMessagePath", TEXT("/dev/termination-log") },
	{ "api.core.v1.EphemeralContainer", "terminationMessagePolicy", TEXT("File") },
	{ "api.core.v1.HTTPGetAction", "path", TEXT("/") },
	{ "api.core.v1.HTTPGetAction", "scheme", TEXT("HTTP") },
	{ "api.core.v1.NamespaceStatus", "phase", TEXT("Active") },
	{ "api.core.v1.ObjectFieldSelector", "apiVersion", TEXT("v1") },
	{ "api.core.v1.PersistentVolumeClaimSpec", "volumeMode", TEXT("Filesystem") },
	{ "api.core.v1.PodSpec", "dnsPolicy", TEXT("ClusterFirst") },
	{ "api.core.v1.PodSpec", "restartPolicy", TEXT("Always") },
	{ "api.core.v1.PodSpec", "schedulerName", TEXT("default-scheduler") },
	{ "api.core.v1.PodSpec", "terminationGracePeriodSeconds", INT(30) },
	{ "api.core.v1.Probe", "failureThreshold", INT(3) },
	{ "api.core.v1.Probe", "periodSeconds", INT(10) },
	{ "api.core.v1.Probe", "successThreshold", INT(1) },
	{ "api.core.v1.Probe", "timeoutSeconds", INT(1) },
	{ "api.core.v1.ProjectedVolumeSource", "defaultMode", INT(420) },
	{ "api.core.v1.Secret", "type", TEXT("Opaque") },
	{ "api.core.v1.SecretVolumeSource", "defaultMode", INT(420) },
	{ "api.core.v1.ServiceAccountTokenProjection", "expirationSeconds", INT(3600) },
	{ "api.discovery.v1.EndpointPort", "protocol", TEXT("TCP") },
	{ "api.flowcontrol.v1.ExemptPriorityLevelConfiguration", "lendablePercent", INT(0) },
	{ "api.flowcontrol.v1.ExemptPriorityLevelConfiguration", "nominalConcurrencyShares", INT(0) },
	{ "api.flowcontrol.v1.FlowSchemaSpec", "matchingPrecedence", INT(1000) },
	{ "api.flowcontrol.v1.LimitedPriorityLevelConfiguration", "lendablePercent", INT(0) },
	{ "api.flowcontrol.v1.LimitedPriorityLevelConfiguration", "nominalConcurrencyShares", INT(30) },
	{ "api.flowcontrol.v1.QueuingConfiguration", "handSize", INT(8) },
	{ "api.flowcontrol.v1.QueuingConfiguration", "queueLengthLimit", INT(50) },
	{ "api.flowcontrol.v1.QueuingConfiguration", "queues", INT(64) },
	{ "api.networking.v1.IngressClassParametersReference", "scope", TEXT("Cluster") },
	{ "api.networking.v1.NetworkPolicyPort", "protocol", TEXT("TCP") },
	{ "api.resource.v1.NodeAllocatableResourceMapping", "allocationMultiplier", TEXT("1") },
	{ "api.scheduling.v1.PriorityClass", "preemptionPolicy", TEXT("PreemptLowerPriority") },
	{ "api.storage.v1.CSIDriverSpec", "attachRequired", BOOL(true) },
	{ "api.storage.v1.CSIDriverSpec", "fsGroupPolicy", TEXT("ReadWriteOnceWithFSType") },
	{ "api.storage.v1.CSIDriverSpec", "podInfoOnMount", BOOL(false) },
	{ "api.storage.v1.CSIDriverSpec", "requiresRepublish", BOOL(false) },
	{ "api.storage.v1.CSIDriverSpec", "seLinuxMount", BOOL(false) },
	{ "api.storage.v1.CSIDriverSpec", "storageCapacity", BOOL(false) },
	{ "api.storage.v1.StorageClass", "reclaimPolicy", TEXT("Delete") },
	{ "api.storage.v1.StorageClass", "volumeBindingMode", TEXT("Immediate") },
	{ "kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference", "port", INT(443) },
};

enum { VALUES_N = sizeof values / sizeof *values, TYPES_MAX = 1024, RULES_MAX = 2 };

/* What there is to do for a named type. */
struct plan {
	void (*rules[RULES_MAX])(struct arena *a, node object);
	uint16_t values, values_n;	/* in `values` */
	bool declared;			/* some field's declaration has a default */
	bool rounds;			/* its quantities in maps are whole thousandths */
	bool nulls;			/* it has lists or maps that are printed when empty */
	bool reaches;			/* there may be something to do here or below */
};

static struct plan plans[TYPES_MAX];
static const struct type *first_type;
static size_t types_n;

static struct plan *plan_of(const struct type *t)
{
	return t && t >= first_type && t < first_type + types_n ? &plans[t - first_type] : NULL;
}

static struct plan *plan_named(const char *name)
{
	char full[128];
	int n = snprintf(full, sizeof full, "io.k8s.%s", name);
	struct plan *p = plan_of(builtin_named(str_of(full, (size_t)n)));

	if (!p)
		die_bug("no type %s", full);
	return p;
}

static void add_rules(const struct defaults_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct plan *p = plan_named(rules[i].type);

		if (p->rules[RULES_MAX - 1])
			die_bug("too many rules for %s", rules[i].type);
		p->rules[p->rules[0] ? 1 : 0] = rules[i].set;
	}
}

/* A default that the declaration of a field names. Those that every field without a
 * pointer has (0, "", {}) are in the canonical form already. */
static bool is_declared(const struct type_field *f)
{
	bool pointer = f->go & TYPE_GO_POINTER;

	switch (f->fallback.kind) {
	case NODE_STR:
		return pointer || f->fallback.n;
	case NODE_INT:
		return pointer || f->fallback.i;
	case NODE_BOOL:
		return pointer || f->fallback.b;
	default:
		return false;
	}
}

/* Maps of quantities are ResourceLists, which only the core group rounds. */
static bool has_amounts(const struct type *t)
{
	if (!str_starts(t->name, S("io.k8s.api.core.")))
		return false;
	for (size_t i = 0; i < t->fields_n; i++) {
		const struct type *f = t->fields[i].type;

		if (f && f->kind == TYPE_MAP && f->values && f->values->kind == TYPE_QUANTITY)
			return true;
	}
	return false;
}

/* A list or map that is printed even when it is empty: as null. The original's
 * storage cannot tell an empty one from none. */
static bool is_printed_empty(const struct type_field *f)
{
	return !(f->go & (TYPE_GO_OMIT_EMPTY | TYPE_GO_POINTER)) && f->type &&
	       (f->type->kind == TYPE_LIST || f->type->kind == TYPE_MAP);
}

static const struct type *element(const struct type *t)
{
	while (t && (t->kind == TYPE_LIST || t->kind == TYPE_MAP))
		t = t->kind == TYPE_LIST ? t->items : t->values;
	return t;
}

/* Whether something below a type has work; repeated until nothing changes, as
 * types are recursive. */
static bool spread_reach(void)
{
	bool changed = false;

	for (size_t i = 0; i < types_n; i++) {
		const struct type *t = &first_type[i];

		for (size_t f = 0; f < t->fields_n && !plans[i].reaches; f++) {
			struct plan *below = plan_of(element(t->fields[f].type));

			if (below && below->reaches)
				changed = plans[i].reaches = true;
		}
	}
	return changed;
}

static void make_plans(void)
{
	first_type = builtin_definitions(&types_n);
	if (types_n > TYPES_MAX)
		die_bug("%zu types", types_n);
	for (size_t i = 0; i < VALUES_N; i++) {
		struct plan *p = plan_named(values[i].type);

		if (!p->values_n++)
			p->values = (uint16_t)i;
		if (p->values + p->values_n != i + 1)
			die_bug("%s is not sorted", values[i].type);
	}
	add_rules(defaults_core_rules, defaults_core_rules_n);
	add_rules(defaults_pod_rules, defaults_pod_rules_n);
	add_rules(defaults_group_rules, defaults_group_rules_n);
	for (size_t i = 0; i < types_n; i++) {
		struct plan *p = &plans[i];

		for (size_t f = 0; f < first_type[i].fields_n; f++) {
			p->declared |= is_declared(&first_type[i].fields[f]);
			p->nulls |= is_printed_empty(&first_type[i].fields[f]);
		}
		p->rounds = has_amounts(&first_type[i]);
		p->reaches = p->rules[0] || p->values_n || p->declared || p->rounds || p->nulls;
	}
	while (spread_reach())
		;
}

/* ---- helpers of the rules ---------------------------------------------- */

bool defaults_lacks(node object, str field)
{
	node v = node_get(object, field);

	return node_is_nil(v) || (v.kind == NODE_STR && !v.n) ||
	       (v.kind == NODE_INT && v.i == 0 && !v.n);
}

void defaults_set(struct arena *a, node object, str field, node value)
{
	node v = node_get(object, field);

	if (node_is(object, NODE_MAP) && (node_is_nil(v) || (v.kind == NODE_STR && !v.n)))
		node_set(a, object, field, value);
}

void defaults_merge(struct arena *a, node object, str field, node from)
{
	if (!node_len(from))
		return;
	node to = node_need_map(a, object, field);

	if (node_is(to, NODE_MAP))
		node_each_pair(p, from)
			if (!node_has(to, node_str(p->key)))
				node_set(a, to, node_str(p->key), node_copy(a, p->value));
}

/* ---- the walk ---------------------------------------------------------- */

/* Rounded up to thousandths, as ResourceLists are. */
static void round_amount(struct arena *a, node *amount)
{
	struct quantity q;
	str text = node_str_or(*amount, STR_NONE);

	/* only texts in n and u, exponents and fractions can have more digits */
	if (!text.n || (text.p[text.n - 1] != 'n' && text.p[text.n - 1] != 'u' &&
			str_find_char(text, 'e') == STR_NPOS))
		return;
	err *e = quantity_parse(a, text, &q);

	if (!e)
		e = quantity_round_up(a, &q, -3);
	if (e) {
		err_free(e);
		return;
	}
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(4096);

	quantity_add_text(&b, &q);
	*amount = node_copy_str(a, buf_str(&b));
}

static void round_amounts(struct arena *a, const struct type *t, node object)
{
	for (size_t i = 0; i < t->fields_n; i++) {
		const struct type *f = t->fields[i].type;

		if (!f || f->kind != TYPE_MAP || !f->values || f->values->kind != TYPE_QUANTITY)
			continue;
		node_each_pair(p, node_get(object, t->fields[i].name))
			round_amount(a, &p->value);
	}
}

static void set_declared(struct arena *a, const struct type *t, node object)
{
	for (size_t i = 0; i < t->fields_n; i++) {
		const struct type_field *f = &t->fields[i];

		if (!is_declared(f))
			continue;
		if (f->go & TYPE_GO_POINTER) {
			if (node_is_nil(node_get(object, f->name)))
				node_set(a, object, f->name, f->fallback);
		} else if (defaults_lacks(object, f->name)) {
			node_set(a, object, f->name, f->fallback);
		}
	}
}

static void set_nulls(struct arena *a, const struct type *t, node object)
{
	for (size_t i = 0; i < t->fields_n; i++) {
		node v = node_get(object, t->fields[i].name);

		if ((v.kind == NODE_SEQ || v.kind == NODE_MAP) && !node_len(v) &&
		    is_printed_empty(&t->fields[i]))
			node_set(a, object, t->fields[i].name, node_null());
	}
}

/* Without a pointer Go cannot tell 0 from nothing. */
static void set_value(struct arena *a, const struct type *t, node object,
		      const struct defaults_value *v)
{
	const struct type_field *f = type_field(t, str_c(v->field));

	if (f && !(f->go & TYPE_GO_POINTER) && defaults_lacks(object, f->name))
		node_set(a, object, f->name, v->value);
	else if (f)
		defaults_set(a, object, f->name, v->value);
}

static void walk(struct arena *a, const struct type *t, node at, bool stored);

static void walk_object(struct arena *a, const struct type *t, const struct plan *p, node object,
			bool stored)
{
	for (size_t i = p->values; i < (size_t)p->values + p->values_n; i++)
		set_value(a, t, object, &values[i]);
	for (size_t i = 0; i < RULES_MAX && p->rules[i]; i++)
		p->rules[i](a, object);
	if (p->declared)
		set_declared(a, t, object);
	if (p->rounds)
		round_amounts(a, t, object);
	if (p->nulls && stored)
		set_nulls(a, t, object);
	/* by index: what is below does not add fields here */
	for (size_t i = 0; i < node_len(object); i++) {
		const struct node_pair *pair = &object.map->pairs[i];

		if (pair->value.kind == NODE_MAP || pair->value.kind == NODE_SEQ)
			walk(a, type_below(t, node_str(pair->key)), pair->value, stored);
	}
}

/* Named types are bounded by the depth of the object, which its reader
 * bounds. */
static void walk(struct arena *a, const struct type *t, node at, bool stored)
{
	const struct type *of = element(t);
	const struct plan *p = plan_of(of);

	if (!p || !p->reaches)
		return;
	if (t == of) {
		if (node_is(at, NODE_MAP))
			walk_object(a, t, p, at, stored);
		return;
	}
	if (t->kind == TYPE_LIST)
		node_each_item(item, at)
			walk(a, t->items, *item, stored);
	else
		node_each_pair(pair, at)
			walk(a, t->values, pair->value, stored);
}

static void apply(struct arena *a, const struct type *type, node object, bool stored)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_plans);
	walk(a, type, object, stored);
}

void defaults_apply_type(struct arena *a, const struct type *type, node object)
{
	apply(a, type, object, false);
}

void defaults_apply(struct arena *a, const struct kind *k, node object)
{
	apply(a, k->type, object, false);
}

void defaults_stored(struct arena *a, const struct kind *k, node object)
{
	apply(a, k->type, object, true);
}
