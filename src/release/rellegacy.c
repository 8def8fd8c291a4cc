#include "release/rellegacy.h"

#include <time.h>

#include "base/clock.h"
#include "kube/health.h"

#define POLL (2 * CLOCK_SECOND)
#define LOOK (CLOCK_SECOND / 5)
/* How often in a row an object may be refused for the server's reasons. */
enum { RETRIES = 30 };

static const struct client_resource replica_sets = { S("apps"), S("v1"), S("replicasets"),
						     S("ReplicaSet"), true };

/* ---- rules ------------------------------------------------------------------- */

static int64_t number(node object, const char *part, const char *field, int64_t otherwise)
{
	node n = node_get(node_get(object, str_c(part)), str_c(field));

	return node_is_num(n) ? node_int(n) : otherwise;
}

static str text(node object, const char *part, const char *field)
{
	return node_str(node_get(node_get(object, str_c(part)), str_c(field)));
}

static bool is_observed(node object)
{
	return number(object, "status", "observedGeneration", 0) ==
	       number(object, "metadata", "generation", 0);
}

/* "25%" of a number, or the number itself; up or down. */
static int64_t scaled(node value, int64_t of, bool up, int64_t otherwise)
{
	str s = node_str(value);
	uint64_t percent;

	if (node_is_num(value))
		return node_int(value);
	if (!str_ends(s, S("%")) || !str_to_u64(str_sub(s, 0, s.n - 1), &percent) ||
	    percent > 1000000)
		return otherwise;
	return ((int64_t)percent * of + (up ? 99 : 0)) / 100;
}

static bool is_service_ready(node o)
{
	str type = text(o, "spec", "type");

	if (str_eq(type, S("ExternalName")))
		return true;
	if (!text(o, "spec", "clusterIP").n)
		return false;
	return !str_eq(type, S("LoadBalancer")) ||
	       node_len(node_dig(o, "spec", "externalIPs")) > 0 ||
	       !node_is_nil(node_dig(o, "status", "loadBalancer", "ingress"));
}

static bool is_daemon_set_ready(node o)
{
	node strategy = node_dig(o, "spec", "updateStrategy");
	int64_t wanted = number(o, "status", "desiredNumberScheduled", 0);

	if (!is_observed(o))
		return false;
	if (!str_eq(node_str(node_get(strategy, S("type"))), S("RollingUpdate")))
		return true;
	if (number(o, "status", "updatedNumberScheduled", 0) != wanted)
		return false;
	return number(o, "status", "numberReady", 0) >=
	       wanted - scaled(node_dig(strategy, "rollingUpdate", "maxUnavailable"), wanted, true,
			       wanted);
}

static bool is_stateful_set_ready(node o)
{
	node strategy = node_dig(o, "spec", "updateStrategy");
	node cut = node_dig(strategy, "rollingUpdate", "partition");
	int64_t partition = node_is_num(cut) ? node_int(cut) : 0;
	int64_t replicas = number(o, "spec", "replicas", 1);

	if (!is_observed(o))
		return false;
	if (!str_eq(node_str(node_get(strategy, S("type"))), S("RollingUpdate")))
		return true;
	return number(o, "status", "updatedReplicas", 0) >= replicas - partition &&
	       number(o, "status", "readyReplicas", 0) == replicas &&
	       (partition || str_eq(text(o, "status", "currentRevision"),
				    text(o, "status", "updateRevision")));
}

static bool is_definition_ready(node o)
{
	node accepted = health_condition(o, S("NamesAccepted"));

	return health_condition_is_true(o, S("Established")) ||
	       str_eq(node_str(node_get(accepted, S("status"))), S("False"));
}

static err *judge_job(node o, bool *ready)
{
	node completions = node_dig(o, "spec", "completions");

	if (number(o, "status", "failed", 0) > number(o, "spec", "backoffLimit", 6))
		return err_new(ERR_INVALID, "job is failed: %.*s/%.*s",
			       STR_ARG(text(o, "metadata", "namespace")),
			       STR_ARG(text(o, "metadata", "name")));
	*ready = !node_is_num(completions) ||
		 number(o, "status", "succeeded", 0) >= node_int(completions);
	return NULL;
}

static bool is(struct gvk g, const char *group, const char *kind)
{
	return str_eq(g.group, str_c(group)) && str_eq(g.kind, str_c(kind));
}

err *rellegacy_judge(node o, bool jobs, bool *ready, enum rellegacy_more *more)
{
	struct gvk g = gvk_of(o);

	*ready = true;
	*more = RELLEGACY_NOTHING;
	if (is(g, "", "Pod")) {
		*ready = health_condition_is_true(o, S("Ready"));
	} else if (is(g, "batch", "Job")) {
		return jobs ? judge_job(o, ready) : NULL;
	} else if (is(g, "apps", "Deployment")) {
		if (!node_bool(node_dig(o, "spec", "paused")))
			*more = RELLEGACY_REPLICA_SETS;
	} else if (is(g, "", "PersistentVolumeClaim")) {
		*ready = str_eq(text(o, "status", "phase"), S("Bound"));
	} else if (is(g, "", "Service")) {
		*ready = is_service_ready(o);
	} else if (is(g, "apps", "DaemonSet")) {
		*ready = is_daemon_set_ready(o);
	} else if (is(g, "apiextensions.k8s.io", "CustomResourceDefinition")) {
		*ready = is_definition_ready(o);
	} else if (is(g, "apps", "StatefulSet")) {
		*ready = is_stateful_set_ready(o);
	} else if (is(g, "", "ReplicationController") || is(g, "apps", "ReplicaSet")) {
		*ready = is_observed(o);
		*more = *ready ? RELLEGACY_PODS : RELLEGACY_NOTHING;
	}
	return NULL;
}

static bool is_owned(node object, node owner)
{
	node uid = node_dig(owner, "metadata", "uid");

	node_each_item(r, node_dig(object, "metadata", "ownerReferences"))
		if (node_bool(node_get(*r, S("controller"))) &&
		    node_equal(node_get(*r, S("uid")), uid))
			return true;
	return false;
}

/* Equal but for the hash that the Deployment's controller adds. */
static bool is_of_template(struct arena *a, node set, node template)
{
	node own = node_copy(a, node_dig(set, "spec", "template"));
	node other = node_copy(a, template);

	node_remove(node_dig(own, "metadata", "labels"), S("pod-template-hash"));
	node_remove(node_dig(other, "metadata", "labels"), S("pod-template-hash"));
	return node_equal(own, other);
}

bool rellegacy_deployment(struct arena *a, node d, node sets)
{
	node template = node_dig(d, "spec", "template"), newest = NODE_NOTHING;
	node strategy = node_dig(d, "spec", "strategy");
	int64_t replicas = number(d, "spec", "replicas", 1), spare = 0;

	node_each_item(s, sets)
		if (is_owned(*s, d) && is_of_template(a, *s, template) &&
		    (newest.kind != NODE_MAP ||
		     str_cmp(text(*s, "metadata", "creationTimestamp"),
			     text(newest, "metadata", "creationTimestamp")) < 0))
			newest = *s;
	if (newest.kind != NODE_MAP || !is_observed(newest) || !is_observed(d))
		return false;
	if (replicas && str_eq(node_str(node_get(strategy, S("type"))), S("RollingUpdate"))) {
		node rolling = node_get(strategy, S("rollingUpdate"));

		spare = scaled(node_get(rolling, S("maxUnavailable")), replicas, false, 0);
		/* Where neither may differ, one Pod may be missing. */
		if (!spare && !scaled(node_get(rolling, S("maxSurge")), replicas, true, 0))
			spare = 1;
		if (spare > replicas)
			spare = replicas;
	}
	return number(newest, "status", "readyReplicas", 0) >= replicas - spare;
}

/* ---- asking --------------------------------------------------------------------- */

/* "a=b,c=d"; rules that are no equality are left out. */
static str selector_of(struct arena *a, node object)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node selector = node_dig(object, "spec", "selector");
	node labels = node_get(selector, S("matchLabels"));

	node_each_pair(p, labels.kind == NODE_MAP ? labels : selector)
		if (p->value.kind == NODE_STR)
			buf_addf(&b, "%s%.*s=%.*s", b.n ? "," : "", STR_ARG(node_str(p->key)),
				 STR_ARG(node_str(p->value)));
	return arena_str(a, buf_str(&b));
}

static err *look_further(const struct relcluster *c, struct arena *a, const struct relobj *o,
			 node object, enum rellegacy_more more, bool *ready)
{
	node list;

	TRY(client_list(c->client, a, more == RELLEGACY_PODS ? &client_pods : &replica_sets, o->ns,
			selector_of(a, object), STR_NONE, &list));
	list = node_get(list, S("items"));
	if (more == RELLEGACY_REPLICA_SETS)
		*ready = rellegacy_deployment(a, object, list);
	node_each_item(pod, list)
		if (more == RELLEGACY_PODS && !health_condition_is_true(*pod, S("Ready")))
			*ready = false;
	return NULL;
}

static err *ask(const struct relcluster *c, const struct relobj *o, const struct relwait_options *how,
		bool *ready)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	enum rellegacy_more more;
	node object;
	err *e = client_get(c->client, &a, o->resource, o->ns, o->name, &object);

	*ready = false;
	if (how->what == RELWAIT_GONE) {
		*ready = e && err_kind(e) == ERR_NOT_FOUND;
		if (*ready) {
			err_free(e);
			e = NULL;
		}
		return e;
	}
	if (e)
		return e;
	TRY(rellegacy_judge(object, how->what == RELWAIT_JOBS, ready, &more));
	return *ready && more ? look_further(c, &a, o, object, more, ready) : NULL;
}

static bool may_pass(const err *e)
{
	int code = err_code(e);

	return code == 429 || (code >= 500 && code != 501) ||
	       (!code && err_kind(e) != ERR_INVALID);
}

/* Once through the list; it ends at the first that is not ready. */
static err *round_of(const struct relcluster *c, const struct relobj_list *l,
		     const struct relwait_options *o, unsigned *failed, bool *all)
{
	*all = true;
	for (size_t i = 0; i < l->n && *all; i++) {
		err *e = ask(c, &l->p[i], o, all);

		if (!e) {
			failed[i] = 0;
			continue;
		}
		*all = false;
		if (!may_pass(e) || ++failed[i] > RETRIES)
			return e;
		err_free(e);
	}
	return NULL;
}

/* True when nobody wants to wait any more. */
static bool rest(const struct relcluster *c, const struct relwait_options *o, int64_t until)
{
	while (clock_mono() < until) {
		int64_t left = until - clock_mono();
		struct timespec t = clock_timespec(left < LOOK ? left : LOOK);

		if ((c->cancel && atomic_load(c->cancel)) ||
		    (o->give_up && o->give_up(o->give_up_ctx)))
			return true;
		if (left > 0)
			nanosleep(&t, NULL);
	}
	return false;
}

err *rellegacy_wait(const struct relcluster *c, const struct relobj_list *l,
		    const struct relwait_options *o)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	unsigned *failed = arena_array(&a, unsigned, l->n + 1);
	int64_t began = clock_mono(), end = clock_after(began, o->timeout);
	bool all = false, told = !o->slow;

	for (;;) {
		int64_t next = clock_after(clock_mono(), POLL);

		TRY(round_of(c, l, o, failed, &all));
		if (all)
			return NULL;
		if (!told) {
			told = true;
			o->slow(o->slow_ctx);
		}
		if (rest(c, o, o->timeout && next > end ? end : next))
			return err_new(ERR_CANCELED, "context canceled");
		if (o->timeout && clock_mono() >= end)
			return err_new(ERR_TIMEOUT, "context deadline exceeded");
	}
}
