#include "server/podprepare.h"

#include "server/amounts.h"
#include "server/containers.h"
#include "server/kinds_impl.h"
#include "server/meta.h"
#include "server/security.h"

/* ---- what is not served --------------------------------------------------- */

static bool has_projection(node spec, str field)
{
	node_each_item(volume, GET(spec, "volumes"))
		node_each_item(source, GET(GET(*volume, "projected"), "sources"))
			if (!node_is_nil(node_get(*source, field)))
				return true;
	return false;
}

static void drop_projection(node spec, node old, str field)
{
	if (has_projection(old, field))
		return;
	node_each_item(volume, GET(spec, "volumes"))
		node_each_item(source, GET(GET(*volume, "projected"), "sources"))
			node_remove(*source, field);
}

static void find_signal(struct containers_visit *v, const struct at *at, node container)
{
	(void)at;
	*(bool *)v->data |= HAS(GET(container, "lifecycle"), "stopSignal");
}

static void drop_signal(struct containers_visit *v, const struct at *at, node container)
{
	node lifecycle = GET(container, "lifecycle");

	(void)v, (void)at;
	node_remove(lifecycle, S("stopSignal"));
}

static void drop_signals(struct arena *a, node spec, node old)
{
	struct fielderrs none = { .arena = a };
	bool used = false;
	struct containers_visit find = { .errors = &none, .each = find_signal, .data = &used };
	struct containers_visit drop = { .errors = &none, .each = drop_signal };

	containers_visit(&find, NULL, old);
	if (!used)
		containers_visit(&drop, NULL, spec);
}

void podprepare_drop(struct arena *a, node spec, node old)
{
	if (!node_is(spec, NODE_MAP))
		return;
	drop_projection(spec, old, S("clusterTrustBundle"));
	drop_projection(spec, old, S("podCertificate"));
	if (LACKS(old, "schedulingGroup"))
		node_remove(spec, S("schedulingGroup"));
	drop_signals(a, spec, old);
}

/* ---- classes of service ------------------------------------------------------ */

struct qos {
	struct arena *arena;
	struct amounts requests, limits;
	bool guaranteed;
};

static bool is_compute(str name)
{
	return str_eq(name, S("cpu")) || str_eq(name, S("memory"));
}

/* Adds what is more than nothing; tells whether both resources are there. */
static bool add_compute(struct qos *q, struct amounts *to, node amounts)
{
	size_t found = 0;

	node_each_pair(p, amounts) {
		struct quantity n = amounts_quantity(q->arena, p->value);

		if (!is_compute(node_str(p->key)) || quantity_sign(&n) <= 0)
			continue;
		amounts_add_one(to, node_str(p->key), &n);
		found++;
	}
	return found == 2;
}

static void add_containers(struct qos *q, node list)
{
	node_each_item(container, list) {
		node resources = GET(*container, "resources");

		add_compute(q, &q->requests, GET(resources, "requests"));
		if (!add_compute(q, &q->limits, GET(resources, "limits")))
			q->guaranteed = false;
	}
}

static bool same_amounts(const struct amounts *x, const struct amounts *y)
{
	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++) {
		const struct amount *other = amounts_get(y, x->list[i].name);

		if (!other || quantity_cmp(&x->list[i].q, &other->q))
			return false;
	}
	return true;
}

str podprepare_qos(struct arena *a, node spec)
{
	struct qos q = { a, { .arena = a }, { .arena = a }, true };
	node resources = GET(spec, "resources");

	if (!node_is_nil(resources)) {
		add_compute(&q, &q.requests, GET(resources, "requests"));
		if (node_len(GET(resources, "limits")) &&
		    !add_compute(&q, &q.limits, GET(resources, "limits")))
			q.guaranteed = false;
	} else {
		add_containers(&q, GET(spec, "containers"));
		add_containers(&q, GET(spec, "initContainers"));
	}
	if (!q.requests.n && !q.limits.n)
		return S("BestEffort");
	return q.guaranteed && same_amounts(&q.requests, &q.limits) ? S("Guaranteed") : S("Burstable");
}

/* ---- selectors by keys of labels ----------------------------------------------- */

static void add_keys(struct arena *a, node selector, node keys, const char *operator, node labels)
{
	node list = GET(selector, "matchExpressions");

	node_each_item(key, keys) {
		node value = node_get(labels, node_str_or(*key, STR_NONE));

		if (node_is_nil(value))
			continue;
		node x = node_map(a, 3), values = node_seq(a, 1);

		node_append(a, values, value);
		node_set(a, x, S("key"), *key);
		node_set(a, x, S("operator"), node_from_str(a, str_c(operator)));
		node_set(a, x, S("values"), values);
		if (!node_is(list, NODE_SEQ)) {
			list = node_seq(a, 1);
			node_set(a, selector, S("matchExpressions"), list);
		}
		node_append(a, list, x);
	}
}

static void add_term_keys(struct arena *a, node term, node labels)
{
	node selector = GET(term, "labelSelector");

	if (!node_is(selector, NODE_MAP))
		return;
	add_keys(a, selector, GET(term, "matchLabelKeys"), "In", labels);
	add_keys(a, selector, GET(term, "mismatchLabelKeys"), "NotIn", labels);
}

static void settle_selectors(struct arena *a, node spec, node labels)
{
	static const str kinds[] = { S("podAffinity"), S("podAntiAffinity") };

	for (size_t k = 0; k < 2; k++) {
		node affinity = node_get(GET(spec, "affinity"), kinds[k]);

		node_each_item(t, GET(affinity, "preferredDuringSchedulingIgnoredDuringExecution"))
			add_term_keys(a, GET(*t, "podAffinityTerm"), labels);
		node_each_item(t, GET(affinity, "requiredDuringSchedulingIgnoredDuringExecution"))
			add_term_keys(a, *t, labels);
	}
	node_each_item(t, GET(spec, "topologySpreadConstraints"))
		add_term_keys(a, *t, labels);
}

/* ---- AppArmor -------------------------------------------------------------------- */

struct armor {
	struct kind_call *c;
	node notes, pod_profile;
};

static void settle_profile(struct containers_visit *v, const struct at *at, node container)
{
	const struct armor *armor = v->data;
	struct arena *a = armor->c->arena;
	str key = arena_cat(a, S("container.apparmor.security.beta.kubernetes.io/"),
			    TEXT_OF(container, "name"));
	node note = node_get(armor->notes, key), context = GET(container, "securityContext");
	struct fielderrs wrong = { .arena = a };

	(void)at;
	if (node_is_nil(note) || HAS(context, "appArmorProfile"))
		return;
	node profile = security_app_armor(a, node_str_or(note, STR_NONE));

	security_check_app_armor(&wrong, NULL, profile);
	bool good = !node_is_nil(profile) && !wrong.n;

	if (good && check_same(profile, armor->pod_profile))
		return;
	if (good) {
		if (!node_is(context, NODE_MAP)) {
			context = node_map(a, 1);
			node_set(a, container, S("securityContext"), context);
		}
		node_set(a, context, S("appArmorProfile"), profile);
	}
	kinds_warn(armor->c, AT_K(AT(AT(NULL, "metadata"), "annotations"), key),
		   "deprecated since v1.30; use the \"appArmorProfile\" field instead");
}

static void settle_profiles(struct kind_call *c, node spec)
{
	struct armor armor = { c, node_dig(c->object, "metadata", "annotations"),
			       GET(GET(spec, "securityContext"), "appArmorProfile") };
	struct containers_visit v = { .errors = c->errors, .each = settle_profile, .data = &armor };

	if (!str_eq(TEXT_OF(GET(spec, "os"), "name"), S("windows")) && node_len(armor.notes))
		containers_visit(&v, NULL, spec);
}

/* ---- a new Pod ---------------------------------------------------------------------- */

static node gated_condition(struct arena *a)
{
	node condition = node_map(a, 6), list = node_seq(a, 1);

	node_set(a, condition, S("lastProbeTime"), node_null());
	node_set(a, condition, S("lastTransitionTime"), node_from_str(a, meta_now(a)));
	node_set(a, condition, S("message"),
		 node_lit("Scheduling is blocked due to non-empty scheduling gates"));
	node_set(a, condition, S("reason"), node_lit("SchedulingGated"));
	node_set(a, condition, S("status"), node_lit("False"));
	node_set(a, condition, S("type"), node_lit("PodScheduled"));
	node_append(a, list, condition);
	return list;
}

void podprepare_create(struct kind_call *c)
{
	struct arena *a = c->arena;
	node spec = GET(c->object, "spec"), status = node_map(a, 3);

	node_set(a, c->object, S("status"), status);
	if (node_len(GET(spec, "schedulingGates")))
		node_set(a, status, S("conditions"), gated_condition(a));
	node_set(a, status, S("phase"), node_lit("Pending"));
	node_set(a, status, S("qosClass"), node_from_str(a, podprepare_qos(a, spec)));
	podprepare_drop(a, spec, NODE_NOTHING);
	settle_selectors(a, spec, node_dig(c->object, "metadata", "labels"));
	settle_profiles(c, spec);
}
