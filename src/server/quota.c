#include "server/quota.h"

#include "base/buf.h"
#include "base/clock.h"
#include "server/check.h"
#include "server/kinds_impl.h"
#include "server/meta.h"
#include "server/podamount.h"
#include "server/server.h"
#include "server/status.h"
#include "value/json.h"

/* Tries while others count at the same quota. */
enum { QUOTA_TRIES = 10 };

/* After what was added the sums are looked at again, in case they are wrong. */
#define RECOUNT (2 * CLOCK_SECOND)

#define OF_CLASS ".storageclass.storage.k8s.io/"

static void add_count(struct amounts *to, str name, int64_t n)
{
	struct quantity q = quantity_of(n, 0, QUANTITY_DECIMAL);

	amounts_add_one(to, name, &q);
}

/* ---- what objects use ------------------------------------------------------- */

static void add_compute(struct amounts *to, const struct amounts *asked, bool limits)
{
	static const str plain[] = { S("cpu"), S("memory"), S("ephemeral-storage") };
	struct arena *a = to->arena;

	for (size_t i = 0; i < asked->n; i++) {
		const struct amount *x = &asked->list[i];
		bool known = false;

		for (size_t p = 0; p < 3; p++)
			known |= str_eq(x->name, plain[p]);
		if (limits) {
			if (known)
				amounts_add_one(to, arena_cat(a, S("limits."), x->name), &x->q);
			continue;
		}
		if (known || podamount_is_huge_pages(x->name))
			amounts_add_one(to, x->name, &x->q);
		if (known || podamount_is_huge_pages(x->name) || !podamount_is_native(x->name))
			amounts_add_one(to, arena_cat(a, S("requests."), x->name), &x->q);
	}
}

static bool has_ended(node pod)
{
	return IS_ONE_OF(text_of(GET(pod, "status"), S("phase")), "Succeeded", "Failed");
}

static void pod_usage(struct amounts *to, node pod)
{
	if (has_ended(pod))
		return;
	struct amounts requests = podamount_requests(to->arena, GET(pod, "spec"));
	struct amounts limits = podamount_limits(to->arena, GET(pod, "spec"));

	add_count(to, S("pods"), 1);
	add_compute(to, &requests, false);
	add_compute(to, &limits, true);
}

static void service_usage(struct amounts *to, node service)
{
	node spec = GET(service, "spec"), ports = GET(spec, "ports");
	bool balanced = str_eq(TEXT_OF(spec, "type"), S("LoadBalancer"));
	bool allocates = LACKS(spec, "allocateLoadBalancerNodePorts") ||
			 BOOL_OF(spec, "allocateLoadBalancerNodePorts");
	int64_t given = 0;

	node_each_item(p, ports)
		given += INT_OF(*p, "nodePort") != 0;
	add_count(to, S("services"), 1);
	if (balanced)
		add_count(to, S("services.loadbalancers"), 1);
	if (str_eq(TEXT_OF(spec, "type"), S("NodePort")) || (balanced && allocates))
		given = (int64_t)node_len(ports);
	if (given && (balanced || str_eq(TEXT_OF(spec, "type"), S("NodePort"))))
		add_count(to, S("services.nodeports"), given);
}

static void claim_usage(struct amounts *to, node claim)
{
	struct arena *a = to->arena;
	str class = TEXT_OF(GET(claim, "spec"), "storageClassName");
	node asked = node_dig(claim, "spec", "resources", "requests", "storage");
	struct quantity q = amounts_quantity(a, asked);

	add_count(to, S("persistentvolumeclaims"), 1);
	if (class.n)
		add_count(to, arena_cat(a, class, S(OF_CLASS "persistentvolumeclaims")), 1);
	if (node_is_nil(asked))
		return;
	amounts_add_one(to, S("requests.storage"), &q);
	if (class.n)
		amounts_add_one(to, arena_cat(a, class, S(OF_CLASS "requests.storage")), &q);
}

struct amounts quota_usage(struct arena *a, str group, str plural, node object)
{
	struct amounts used = { .arena = a };

	add_count(&used, arena_cat(a, S("count/"), plural, group.n ? S(".") : STR_NONE, group), 1);
	if (group.n)
		return used;
	if (str_eq(plural, S("pods")))
		pod_usage(&used, object);
	else if (str_eq(plural, S("services")))
		service_usage(&used, object);
	else if (str_eq(plural, S("persistentvolumeclaims")))
		claim_usage(&used, object);
	else if (IS_ONE_OF(plural, "configmaps", "secrets", "replicationcontrollers", "resourcequotas"))
		add_count(&used, plural, 1);
	return used;
}

/* ---- scopes ------------------------------------------------------------------- */

static bool crosses_namespaces(node terms)
{
	node_each_item(t, terms)
		if (node_len(GET(*t, "namespaces")) || HAS(*t, "namespaceSelector"))
			return true;
	return false;
}

static bool uses_affinity_across(node pod)
{
	static const char *const ways[] = { "podAffinity", "podAntiAffinity" };

	for (size_t w = 0; w < 2; w++) {
		node affinity = node_dig(pod, "spec", "affinity", ways[w]);

		if (crosses_namespaces(GET(affinity, "requiredDuringSchedulingIgnoredDuringExecution")))
			return true;
		node_each_item(t, GET(affinity, "preferredDuringSchedulingIgnoredDuringExecution")) {
			node term = GET(*t, "podAffinityTerm");

			if (node_len(GET(term, "namespaces")) || HAS(term, "namespaceSelector"))
				return true;
		}
	}
	return false;
}

static bool class_fits(str class, node requirement)
{
	str op = TEXT_OF(requirement, "operator");
	bool listed = false;

	node_each_item(v, GET(requirement, "values"))
		listed |= str_eq(node_str_or(*v, STR_NONE), class);
	if (str_eq(op, S("In")))
		return class.n && listed;
	if (str_eq(op, S("NotIn")))
		return !listed;
	return str_eq(op, S("DoesNotExist")) ? !class.n : class.n > 0;
}

static bool in_scope(str scope, node requirement, bool is_pod, node object)
{
	bool ends = HAS(GET(object, "spec"), "activeDeadlineSeconds");
	bool best = str_eq(text_of(GET(object, "status"), S("qosClass")), S("BestEffort"));

	if (str_eq(scope, S("VolumeAttributesClass")))
		return !is_pod && class_fits(text_of(GET(object, "spec"), S("volumeAttributesClassName")),
					     requirement);
	if (!is_pod)
		return false;
	if (str_eq(scope, S("Terminating")))
		return ends;
	if (str_eq(scope, S("NotTerminating")))
		return !ends;
	if (str_eq(scope, S("BestEffort")))
		return best;
	if (str_eq(scope, S("NotBestEffort")))
		return !best;
	if (str_eq(scope, S("PriorityClass")))
		return class_fits(text_of(GET(object, "spec"), S("priorityClassName")), requirement);
	return str_eq(scope, S("CrossNamespacePodAffinity")) && uses_affinity_across(object);
}

bool quota_covers(node quota, str group, str plural, node object)
{
	node spec = GET(quota, "spec");
	bool is_pod = !group.n && str_eq(plural, S("pods"));

	node_each_item(s, GET(spec, "scopes"))
		if (!in_scope(node_str_or(*s, STR_NONE), NODE_NOTHING, is_pod, object))
			return false;
	node_each_item(r, node_dig(spec, "scopeSelector", "matchExpressions"))
		if (!in_scope(TEXT_OF(*r, "scopeName"), *r, is_pod, object))
			return false;
	return true;
}

/* ---- admission ------------------------------------------------------------------ */

static str list_of(struct arena *a, struct amounts *of)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	amounts_sort(of);
	for (size_t i = 0; i < of->n; i++)
		buf_addf(&b, "%s%.*s=%.*s", i ? "," : "", STR_ARG(of->list[i].name),
			 STR_ARG(amounts_text(a, &of->list[i].q)));
	return arena_str(a, buf_str(&b));
}

static bool says(node container, const char *which, const char *name)
{
	return !node_is_nil(node_dig(container, "resources", which, name));
}

/* A quota of the processor or the memory wants every container to say what it takes. */
static str unsaid(struct kind_call *c, node hard)
{
	static const struct {
		const char *quota, *which, *name;
	} wanted[] = {
		{ "cpu", "requests", "cpu" },	 { "limits.cpu", "limits", "cpu" },
		{ "limits.memory", "limits", "memory" }, { "memory", "requests", "memory" },
		{ "requests.cpu", "requests", "cpu" }, { "requests.memory", "requests", "memory" },
	};
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node spec = GET(c->object, "spec"), lists[] = { GET(spec, "containers"), GET(spec, "initContainers") };

	for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
		node names = node_map(c->arena, 2);

		if (!node_has(hard, str_c(wanted[w].quota)))
			continue;
		for (size_t l = 0; l < 2; l++)
			node_each_item(ct, lists[l])
				if (!says(*ct, wanted[w].which, wanted[w].name))
					node_set(c->arena, names, TEXT_OF(*ct, "name"), node_null());
		node_sort(names);
		if (!node_len(names))
			continue;
		buf_addf(&b, "%s for: ", wanted[w].quota);
		node_each_pair(p, names)
			buf_addf(&b, "%.*s%s", STR_ARG(node_str(p->key)), p + 1 == p_end_ ? "; " : ",");
	}
	return b.n ? arena_cat(c->arena, S("must specify "), str_sub(buf_str(&b), 0, b.n - 2)) : STR_NONE;
}

/* What the quota has room for, of `asked`; what it has no room for is a refusal. */
static void hold(struct kind_call *c, node quota, const struct amounts *asked, struct amounts *used)
{
	struct arena *a = c->arena;
	node status = GET(quota, "status"), hard = GET(status, "hard"), now = GET(status, "used");
	struct amounts over = { .arena = a }, had = { .arena = a }, limits = { .arena = a };
	str name = meta_get(quota, S("name"));

	for (size_t i = 0; i < asked->n; i++) {
		const struct amount *x = &asked->list[i];
		struct quantity limit = amounts_quantity(a, node_get(hard, x->name));
		struct quantity is = amounts_quantity(a, node_get(now, x->name));

		if (!node_has(now, x->name)) {
			kinds_forbid(c, "status unknown for quota: %.*s, resources: %.*s", STR_ARG(name),
				     STR_ARG(x->name));
			return;
		}
		amounts_set(used, x->name, &is);
		amounts_add_one(used, x->name, &x->q);
		if (quantity_sign(&x->q) <= 0 ||
		    quantity_cmp(&amounts_get(used, x->name)->q, &limit) <= 0)
			continue;
		amounts_set(&over, x->name, &x->q);
		amounts_set(&had, x->name, &is);
		amounts_set(&limits, x->name, &limit);
	}
	if (over.n)
		kinds_forbid(c, "exceeded quota: %.*s, requested: %.*s, used: %.*s, limited: %.*s",
			     STR_ARG(name), STR_ARG(list_of(a, &over)), STR_ARG(list_of(a, &had)),
			     STR_ARG(list_of(a, &limits)));
}

/* The part of what is asked for that the quota is about. */
static struct amounts relevant(struct kind_call *c, node quota, const struct amounts *delta)
{
	node hard = GET(GET(quota, "status"), "hard");
	struct amounts out = { .arena = c->arena };

	for (size_t i = 0; i < delta->n; i++)
		if (node_has(hard, delta->list[i].name) && quantity_sign(&delta->list[i].q))
			amounts_set(&out, delta->list[i].name, &delta->list[i].q);
	return out;
}

/* False: somebody else was faster. */
static bool note_used(struct kind_call *c, node quota, const struct amounts *used)
{
	struct arena *a = c->arena;
	CLEANUP(buf_release) struct buf body = BUF_INIT;
	node now = node_need_map(a, node_need_map(a, quota, S("status")), S("used"));
	struct server_answer answer;

	for (size_t i = 0; i < used->n; i++)
		node_set(a, now, used->list[i].name,
			 node_from_str(a, amounts_text(a, &used->list[i].q)));
	err_free(json_write(&body, quota, NULL));
	server_call(c->server, a,
		    &(struct server_ask){ .method = S("PUT"),
					  .path = minder_path(a, "v1", S("resourcequotas"),
							      meta_get(quota, S("namespace")),
							      meta_get(quota, S("name")), S("status")),
					  .agent = S("kube-apiserver"),
					  .body = buf_str(&body) },
		    &answer);
	return answer.code < 300 || answer.code == 404;
}

/* What changes in what is used: all of a new object, the difference of a change. */
static struct amounts delta_of(struct kind_call *c)
{
	struct gvk g = c->kind->gvk;
	struct amounts now = quota_usage(c->arena, g.group, c->kind->plural, c->object);

	if (kinds_is_create(c))
		return now;
	struct amounts was = quota_usage(c->arena, g.group, c->kind->plural, c->old);

	for (size_t i = 0; i < was.n; i++) {
		struct quantity less = quantity_neg(&was.list[i].q);

		amounts_add_one(&now, was.list[i].name, &less);
	}
	return now;
}

static bool check_quota(struct kind_call *c, node quota)
{
	str group = c->kind->gvk.group, plural = c->kind->plural;
	struct amounts delta = delta_of(c), used = { .arena = c->arena };

	if (!quota_covers(quota, group, plural, c->object))
		return true;
	if (!group.n && str_eq(plural, S("pods"))) {
		str missing = unsaid(c, GET(GET(quota, "status"), "hard"));

		if (missing.n) {
			kinds_forbid(c, "failed quota: %.*s: %.*s", STR_ARG(meta_get(quota, S("name"))),
				     STR_ARG(missing));
			return true;
		}
	}
	struct amounts asked = relevant(c, quota, &delta);

	if (!asked.n)
		return true;
	hold(c, quota, &asked, &used);
	return c->refusal || c->dry_run || note_used(c, quota, &used);
}

static bool is_counted(const struct kind_call *c)
{
	bool changes = !c->kind->gvk.group.n &&
		       IS_ONE_OF(c->kind->plural, "services", "persistentvolumeclaims");

	if (!c->kind->namespaced || c->subresource.n || str_eq(c->kind->plural, S("events")))
		return false;
	return kinds_is_create(c) || changes;
}

static void quota_check(struct kind_call *c)
{
	if (!is_counted(c))
		return;
	node quotas = c->look_all(c, STR_NONE, S("resourcequotas"), c->namespace);

	node_each_item(q, quotas) {
		node quota = *q;
		bool settled = check_quota(c, quota);

		for (int i = 0; !settled && !c->refusal && i < QUOTA_TRIES; i++) {
			quota = c->look(c, STR_NONE, S("resourcequotas"), c->namespace,
					meta_get(quota, S("name")));
			settled = node_is(quota, NODE_NONE) || check_quota(c, quota);
		}
		if (c->refusal)
			return;
	}
}

const struct hooks quota_hooks = { .check = quota_check };

/* ---- the controller --------------------------------------------------------------- */

/* Whose objects are counted under a name. */
static void counted_at(str name, str *group, str *plural)
{
	*group = STR_NONE;
	if (str_take_str(&name, S("count/"))) {
		str_split(name, '.', plural, group);
	} else if (str_starts(name, S("services"))) {
		*plural = S("services");
	} else if (IS_ONE_OF(name, "configmaps", "secrets", "replicationcontrollers", "resourcequotas")) {
		*plural = name;
	} else if (IS_ONE_OF(name, "persistentvolumeclaims", "requests.storage") ||
		   str_has(name, S(OF_CLASS))) {
		*plural = S("persistentvolumeclaims");
	} else {
		*plural = S("pods");
	}
}

static void need_all(struct minder *m, const struct controller *c, str namespace, int64_t delay)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct minder_call look = { .minder = m, .server = minder_server(m), .arena = &a };

	node_each_item(q, minder_list(&look, STR_NONE, S("resourcequotas"), namespace))
		minder_need(m, c,
			    &(struct minder_key){ namespace, meta_get(*q, S("name")), STR_NONE }, delay);
}

/* Whether the status is about another spec. */
static bool is_stale(const struct blob *quota)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node tree = blob_tree(&a, quota);

	return !node_equal(node_dig(tree, "spec", "hard"), node_dig(tree, "status", "hard"));
}

/* Whatever goes in a namespace may have been counted there, and Pods also when they
 * end. What comes was counted by admission, before it was stored: a look at once
 * would not see it, and forget it. */
static void quota_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	str namespace = blob_namespace(e->now);

	if (!namespace.n || minder_is(e, "/events"))
		return;
	if (minder_is(e, "/resourcequotas") && e->change != STORE_DELETED && is_stale(e->now))
		minder_need(m, c, &(struct minder_key){ namespace, blob_name(e->now), STR_NONE }, 0);
	if (e->change == STORE_DELETED)
		need_all(m, c, namespace, 0);
	else if (e->change == STORE_ADDED || minder_is(e, "/pods"))
		need_all(m, c, namespace, RECOUNT);
}

static struct amounts count_all(struct minder_call *c, node quota)
{
	struct amounts sum = { .arena = c->arena };
	node done = node_map(c->arena, 0);

	node_each_pair(p, node_dig(quota, "spec", "hard")) {
		str group, plural, id;

		counted_at(node_str(p->key), &group, &plural);
		id = arena_cat(c->arena, group, S("/"), plural);
		if (node_has(done, id))
			continue;
		node_set(c->arena, done, id, node_null());
		node_each_item(o, minder_list(c, group, plural, c->key.namespace)) {
			struct amounts one = quota_usage(c->arena, group, plural, *o);

			if (quota_covers(quota, group, plural, *o))
				amounts_add(&sum, &one);
		}
	}
	return sum;
}

static err *quota_run(struct minder_call *c, const struct controller *own)
{
	struct arena *a = c->arena;
	node quota = minder_get(c, STR_NONE, S("resourcequotas"), c->key.namespace, c->key.name);
	node status = node_map(a, 2), hard = node_dig(quota, "spec", "hard"), used = node_map(a, 4);

	if (node_is(quota, NODE_NONE) || meta_is_deleting(quota))
		return NULL;
	struct amounts sum = count_all(c, quota);

	node_each_pair(p, hard) {
		struct amount *is = amounts_get(&sum, node_str(p->key));

		node_set(a, used, node_str(p->key),
			 is ? node_from_str(a, amounts_text(a, &is->q)) : node_lit("0"));
	}
	node_set(a, status, S("hard"), hard);
	node_set(a, status, S("used"), used);
	if (node_equal(GET(quota, "status"), status))
		return NULL;
	node_set(a, quota, S("status"), status);
	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = own->name,
					.method = S("PUT"),
					.path = minder_path(a, "v1", S("resourcequotas"), c->key.namespace,
							    c->key.name, S("status")),
					.body = quota },
		NULL));
}

const struct controller quota_controller = { .name = "kube-controller-manager",
					     .workloads = true,
					     .sees = quota_sees,
					     .run = quota_run };
