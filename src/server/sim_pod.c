/* sim_pod - the node that is not there, and what its Pods do. */
#include "base/clock.h"
#include "kube/builtin.h"
#include "kube/health.h"
#include "server/change.h"
#include "server/meta.h"
#include "server/policies.h"
#include "server/registry.h"
#include "server/sim.h"
#include "server/status.h"
#include "server/view.h"
#include "text/duration.h"
#include "value/json.h"

/* How long a failing image is tried before it backs off, and a short-lived
 * container runs; how long containers take to end. */
#define STEP (300 * CLOCK_MS)
#define ENDING (500 * CLOCK_MS)
/* How long work takes that is meant to end: of Jobs, hooks and tests. */
#define WORK (3 * CLOCK_SECOND)

/* ---- the node ---------------------------------------------------------- */

#define NODE_OBJECT                                                                             \
	"{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"" SIM_NODE            \
	"\",\"annotations\":{\"sim.rill.dev/simulated\":\"true\"},\"labels\":{"                  \
	"\"kubernetes.io/hostname\":\"" SIM_NODE                                                 \
	"\",\"kubernetes.io/os\":\"linux\",\"kubernetes.io/arch\":\"amd64\","                    \
	"\"node-role.kubernetes.io/control-plane\":\"\"}}}"
#define NODE_STATUS                                                                             \
	"{\"capacity\":{\"cpu\":\"16\",\"memory\":\"32Gi\",\"pods\":\"1000\","                   \
	"\"ephemeral-storage\":\"100Gi\"},\"allocatable\":{\"cpu\":\"16\",\"memory\":\"32Gi\","  \
	"\"pods\":\"1000\",\"ephemeral-storage\":\"100Gi\"},\"addresses\":[{\"type\":"           \
	"\"InternalIP\",\"address\":\"10.0.0.1\"},{\"type\":\"Hostname\",\"address\":\"" SIM_NODE \
	"\"}],\"nodeInfo\":{\"kubeletVersion\":\"v1.36.3\",\"osImage\":\"rill\","                \
	"\"kernelVersion\":\"6.1\",\"containerRuntimeVersion\":\"rill://1\",\"architecture\":"   \
	"\"amd64\",\"operatingSystem\":\"linux\",\"bootID\":\"\",\"machineID\":\"\","            \
	"\"systemUUID\":\"\",\"kubeProxyVersion\":\"\"}}"

#define NODE_LEASE                                                                              \
	"{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\",\"metadata\":{\"name\":\"" \
	SIM_NODE "\",\"annotations\":{\"sim.rill.dev/simulated\":\"true\"}},\"spec\":{"         \
	"\"holderIdentity\":\"" SIM_NODE "\",\"leaseDurationSeconds\":40}}"

static void node_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	bool ours = (minder_is(e, "/nodes") || minder_is(e, "coordination.k8s.io/leases")) &&
		    str_eq(blob_name(e->now), S(SIM_NODE));

	if (ours || (minder_is(e, "/namespaces") && str_eq(blob_name(e->now), S("default"))))
		minder_need(m, c, &(struct minder_key){ .name = S(SIM_NODE) }, 0);
}

static node read_constant(struct arena *a, const char *text)
{
	node n = NODE_NOTHING;

	err_free(json_read(a, str_c(text), NULL, &n));
	return node_copy(a, n);
}

static err *post(struct minder_call *c, const char *path, node body, node *made)
{
	return minder_write(c,
			    &(struct minder_write){ .agent = SIM_KUBELET,
						    .method = S("POST"),
						    .path = str_c(path),
						    .body = body },
			    made);
}

static err *put_node_status(struct minder_call *c, node there)
{
	struct arena *a = c->arena;
	node status = read_constant(a, NODE_STATUS);

	sim_condition(a, status, "Ready", true, "KubeletReady",
		      S("kubelet is posting ready status"), false);
	node_set(a, node_at(node_get(status, S("conditions")), 0), S("lastHeartbeatTime"),
		 node_from_str(a, meta_now(a)));
	return sim_put_status(c, SIM_KUBELET, "v1", S("nodes"), there, status);
}

/* Without what a node gets while it is not ready. */
static err *remove_taint(struct minder_call *c, node there)
{
	struct arena *a = c->arena;
	node taints = node_dig(there, "spec", "taints"), left = node_seq(a, node_len(taints));
	node body = node_map(a, 1), spec = node_map(a, 1);

	node_each_item(t, taints)
		if (!str_eq(node_str(node_get(*t, S("key"))), S("node.kubernetes.io/not-ready")))
			node_append(a, left, *t);
	if (node_len(left) == node_len(taints))
		return NULL;
	node_set(a, spec, S("taints"), node_len(left) ? left : node_null());
	node_set(a, body, S("spec"), spec);
	return minder_write(c,
			    &(struct minder_write){ .agent = SIM_MANAGER,
						    .method = S("PATCH"),
						    .type = S("application/merge-patch+json"),
						    .path = S("/api/v1/nodes/" SIM_NODE),
						    .body = body },
			    NULL);
}

/* A kubelet renews its lease every ten seconds; nobody here would miss it, and a server
 * without work should do none: ours is as old as the node, or what became of it. */
static err *need_lease(struct minder_call *c, node there)
{
	struct arena *a = c->arena;
	str now = meta_now(a);	/* to the second; a lease wants more digits */
	node lease, refs, owner;

	if (!node_is(minder_get(c, S("coordination.k8s.io"), S("leases"), S("kube-node-lease"), S(SIM_NODE)),
		     NODE_NONE))
		return NULL;
	lease = read_constant(a, NODE_LEASE);
	owner = node_map(a, 4);
	refs = node_seq(a, 1);
	node_set(a, owner, S("apiVersion"), node_lit("v1"));
	node_set(a, owner, S("kind"), node_lit("Node"));
	node_set(a, owner, S("name"), node_lit(SIM_NODE));
	node_set(a, owner, S("uid"), node_dig(there, "metadata", "uid"));
	node_append(a, refs, owner);
	node_set(a, node_get(lease, S("metadata")), S("ownerReferences"), refs);
	node_set(a, node_get(lease, S("spec")), S("renewTime"),
		 node_from_str(a, arena_cat(a, str_sub(now, 0, now.n - 1), S(".000000Z"))));
	return minder_unless_gone(
		post(c, "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", lease, NULL));
}

/* Each step is made when it has not been: the last start may have ended between two. */
static err *node_run(struct minder_call *c, const struct controller *own)
{
	node there = minder_get(c, STR_NONE, S("nodes"), STR_NONE, S(SIM_NODE));

	(void)own;
	if (node_is(there, NODE_NONE))
		TRY(post(c, "/api/v1/nodes", read_constant(c->arena, NODE_OBJECT), &there));
	if (node_is_nil(health_condition(there, S("Ready"))))
		TRY(put_node_status(c, there));
	TRY(remove_taint(c, there));
	return need_lease(c, there);
}

const struct controller sim_node_controller = { .name = SIM_KUBELET,
						.workloads = true,
						.sees = node_sees,
						.run = node_run };

/* ---- what an image does ------------------------------------------------ */

enum fate { FATE_RUNS, FATE_NO_PULL, FATE_CRASHES, FATE_NOT_READY, FATE_EXITS };

struct play {
	enum fate fate;
	uint64_t code;			/* FATE_EXITS */
	int64_t delay;			/* before it is ready */
	size_t act;			/* 0: it begins; 1: what follows */
	str ip, now;
};

static str image_name(str image)
{
	size_t slash = str_rfind_char(image, '/');
	str name = slash == STR_NPOS ? image : str_from(image, slash + 1), rest;

	str_split(name, '@', &name, &rest);
	str_split(name, ':', &name, &rest);
	return name;
}

static void cast(node pod, struct play *p)
{
	str name = image_name(node_str(
		node_get(node_at(node_dig(pod, "spec", "containers"), 0), S("image"))));
	str after = node_str(node_get(node_dig(pod, "metadata", "annotations"),
				      S("sim.rill.dev/ready-after")));

	if (str_eq(name, S("sim-pull-error")))
		p->fate = FATE_NO_PULL;
	else if (str_eq(name, S("sim-crash")))
		p->fate = FATE_CRASHES;
	else if (str_eq(name, S("sim-not-ready")))
		p->fate = FATE_NOT_READY;
	else if (str_take_str(&name, S("sim-exit-")) && str_to_u64(name, &p->code))
		p->fate = FATE_EXITS;
	if (after.n)
		err_free(duration_parse(after, &p->delay));
	if (p->fate == FATE_RUNS && !str_eq(node_str(node_dig(pod, "spec", "restartPolicy")), S("Always"))) {
		p->fate = FATE_EXITS;
		p->delay = p->delay ? p->delay : WORK;
	}
}

/* ---- statuses ---------------------------------------------------------- */

static void put(struct arena *a, node map, const char *key, str value)
{
	node_set(a, map, str_c(key), node_from_str(a, value));
}

static node state_of(struct arena *a, const char *which, node what)
{
	node state = node_map(a, 1);

	node_set(a, state, str_c(which), what);
	return state;
}

static node waiting(struct arena *a, const char *reason, str message)
{
	node w = node_map(a, 2);

	put(a, w, "reason", str_c(reason));
	put(a, w, "message", message);
	return state_of(a, "waiting", w);
}

static node terminated(struct arena *a, const struct play *p, int64_t code)
{
	node t = node_map(a, 5);

	put(a, t, "containerID", S("rill://x"));
	node_set(a, t, S("exitCode"), node_from_int(code));
	put(a, t, "finishedAt", p->now);
	put(a, t, "reason", code ? S("Error") : S("Completed"));
	put(a, t, "startedAt", p->now);
	return state_of(a, "terminated", t);
}

static node running(struct arena *a, const struct play *p)
{
	node r = node_map(a, 1);

	put(a, r, "startedAt", p->now);
	return state_of(a, "running", r);
}

static node container_status(struct arena *a, node container, bool ready, bool started, node state)
{
	node s = node_map(a, 9);

	put(a, s, "containerID", S("rill://x"));
	node_set(a, s, S("image"), node_get(container, S("image")));
	put(a, s, "imageID", STR_NONE);
	node_set(a, s, S("lastState"), node_map(a, 0));
	node_set(a, s, S("name"), node_get(container, S("name")));
	node_set(a, s, S("ready"), node_from_bool(ready));
	node_set(a, s, S("restartCount"), node_from_int(0));
	node_set(a, s, S("started"), node_from_bool(started));
	node_set(a, s, S("state"), state);
	return s;
}

static node container_of(struct arena *a, node pod, node container, const struct play *p)
{
	str image = node_str(node_get(container, S("image")));
	node s;

	switch (p->fate) {
	case FATE_NO_PULL:
		if (p->act == 0)
			return container_status(
				a, container, false, false,
				waiting(a, "ErrImagePull",
					arena_printf(a,
						     "failed to pull and unpack image \"%.*s\": not found",
						     STR_ARG(image))));
		return container_status(
			a, container, false, false,
			waiting(a, "ImagePullBackOff",
				arena_printf(a,
					     "Back-off pulling image \"%.*s\": ErrImagePull: not found",
					     STR_ARG(image))));
	case FATE_CRASHES: {
		str name = node_str(node_get(container, S("name"))), own = meta_get(pod, S("name"));

		s = container_status(
			a, container, false, false,
			waiting(a, "CrashLoopBackOff",
				arena_printf(a,
					     "back-off 10s restarting failed container=%.*s pod=%.*s",
					     STR_ARG(name), STR_ARG(own))));
		node_set(a, s, S("restartCount"), node_from_int(1));
		node_set(a, s, S("lastState"), terminated(a, p, 1));
		return s;
	}
	case FATE_NOT_READY:
		return container_status(a, container, false, true, running(a, p));
	case FATE_EXITS:
		if (p->act)
			return container_status(a, container, false, false,
						terminated(a, p, (int64_t)p->code));
		return container_status(a, container, true, true, running(a, p));
	case FATE_RUNS:
		break;
	}
	if (p->delay && !p->act)
		return container_status(a, container, false, true, running(a, p));
	return container_status(a, container, true, true, running(a, p));
}

static bool is_up(const struct play *p)
{
	return (p->fate == FATE_RUNS && (!p->delay || p->act)) ||
	       (p->fate == FATE_EXITS && !p->act);
}

static str phase_of(const struct play *p)
{
	if (p->fate == FATE_NO_PULL)
		return S("Pending");
	if (p->fate == FATE_EXITS && p->act)
		return p->code ? S("Failed") : S("Succeeded");
	return S("Running");
}

static const char *const types[] = { "PodReadyToStartContainers", "Initialized", "Ready",
				     "ContainersReady", "PodScheduled" };
enum { TYPES_N = sizeof types / sizeof *types };

/* The kubelet's own conditions in its order, then those of others. */
static void order_conditions(struct arena *a, node status)
{
	node list = node_get(status, S("conditions")), sorted = node_seq(a, node_len(list));

	for (size_t i = 0; i <= TYPES_N; i++)
		node_each_item(c, list) {
			size_t at = 0;

			while (at < TYPES_N && !str_eq(node_str(node_get(*c, S("type"))), str_c(types[at])))
				at++;
			if (at == i)
				node_append(a, sorted, *c);
		}
	node_set(a, status, S("conditions"), sorted);
}

static void add_conditions(struct arena *a, node pod, node status, const struct play *p)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	bool ended = p->fate == FATE_EXITS && p->act;

	node_each_item(ct, node_dig(pod, "spec", "containers"))
		buf_addf(&names, "%s%.*s", names.n ? " " : "",
			 STR_ARG(node_str(node_get(*ct, S("name")))));
	str unready = arena_printf(a, "containers with unready status: [%s]", buf_c(&names));

	for (size_t i = 0; i < TYPES_N; i++) {
		bool about_ready = i == 2 || i == 3;
		bool yes = !about_ready || is_up(p);
		const char *reason = "";
		str message = STR_NONE;

		if (ended && (i == 1 || about_ready))
			reason = i == 1 || !p->code ? "PodCompleted" : "PodFailed";
		else if (!yes) {
			reason = "ContainersNotReady";
			message = unready;
		}
		sim_condition(a, status, types[i], yes, reason, message, false);
	}
	order_conditions(a, status);
	node_each_item(cond, node_get(status, S("conditions")))
		node_set(a, *cond, S("observedGeneration"),
			 node_from_int(sim_int(pod, "metadata", "generation", 1)));
}

static node addresses(struct arena *a, str ip)
{
	node list = node_seq(a, 1), one = node_map(a, 1);

	put(a, one, "ip", ip);
	node_append(a, list, one);
	return list;
}

static node status_of(struct arena *a, node pod, const struct play *p)
{
	node status = node_copy(a, node_get(pod, S("status"))), list = node_seq(a, 2);
	node init = node_seq(a, 1);

	add_conditions(a, pod, status, p);
	node_each_item(ct, node_dig(pod, "spec", "containers"))
		node_append(a, list, container_of(a, pod, *ct, p));
	node_each_item(ct, node_dig(pod, "spec", "initContainers"))
		node_append(a, init, container_status(a, *ct, true, true, terminated(a, p, 0)));
	node_set(a, status, S("containerStatuses"), list);
	if (node_len(init))
		node_set(a, status, S("initContainerStatuses"), init);
	put(a, status, "hostIP", S("10.0.0.1"));
	node_set(a, status, S("hostIPs"), addresses(a, S("10.0.0.1")));
	put(a, status, "phase", phase_of(p));
	put(a, status, "podIP", p->ip);
	node_set(a, status, S("podIPs"), addresses(a, p->ip));
	if (!node_has(status, S("startTime")))
		put(a, status, "startTime", p->now);
	return status;
}

/* ---- Pods -------------------------------------------------------------- */

static bool is_cordoned(struct minder_call *c)
{
	return node_bool(node_dig(minder_get(c, STR_NONE, S("nodes"), STR_NONE, S(SIM_NODE)), "spec",
				  "unschedulable"));
}

/* A node that takes Pods again may be what some wait for. */
static void pod_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct minder_call look = { .minder = m, .server = minder_server(m), .arena = &a };

	sim_sees(m, c, e, "/pods", NULL, NULL);
	if (!minder_is(e, "/nodes") || !str_eq(blob_name(e->now), S(SIM_NODE)) ||
	    e->change != STORE_MODIFIED)
		return;
	node_each_item(p, minder_list(&look, STR_NONE, S("pods"), STR_NONE))
		if (!node_str(node_dig(*p, "spec", "nodeName")).n)
			minder_need(m, c,
				    &(struct minder_key){ meta_get(*p, S("namespace")),
							  meta_get(*p, S("name")), STR_NONE },
				    0);
}

/* Nowhere to go: the one node is cordoned. */
static err *tell_unschedulable(struct minder_call *c, node pod)
{
	struct arena *a = c->arena;
	str why = S("0/1 nodes are available: 1 node(s) were unschedulable. preemption: 0/1 nodes are "
		    "available: 1 Preemption is not helpful for scheduling.");
	node status = node_copy(a, node_get(pod, S("status")));

	if (!node_is_nil(health_condition(pod, S("PodScheduled"))))
		return NULL;
	SIM_WARN(c, pod, "default-scheduler", "FailedScheduling", "%.*s", STR_ARG(why));
	sim_condition(a, status, "PodScheduled", false, "Unschedulable", why, false);
	return sim_put_status(c, "kube-scheduler", "v1", S("pods"), pod, status);
}

static err *bind_pod(struct minder_call *c, node pod)
{
	node body = read_constant(c->arena, "{\"apiVersion\":\"v1\",\"kind\":\"Binding\",\"metadata\":{},"
					    "\"target\":{\"apiVersion\":\"v1\",\"kind\":\"Node\","
					    "\"name\":\"" SIM_NODE "\"}}");

	node_set(c->arena, node_get(body, S("metadata")), S("name"),
		 node_from_str(c->arena, c->key.name));
	TRY(minder_write(c,
			 &(struct minder_write){ .agent = "kube-scheduler",
						 .method = S("POST"),
						 .path = minder_path(c->arena, "v1", S("pods"),
								     c->key.namespace, c->key.name,
								     S("binding")),
						 .body = body },
			 NULL));
	SIM_TELL(c, pod, "default-scheduler", "Scheduled", "Successfully assigned %.*s/%.*s to " SIM_NODE,
		 STR_ARG(c->key.namespace), STR_ARG(c->key.name));
	return NULL;
}

/* ---- what the kubelet says --------------------------------------------- */

static void say(struct minder_call *c, node pod, node container, bool warning, const char *reason,
		str message)
{
	sim_tell(c, pod,
		 &(struct sim_event){ .component = SIM_KUBELET,
				      .reason = reason,
				      .message = message,
				      .container = node_str(node_get(container, S("name"))),
				      .warning = warning });
}

static void say_pull(struct minder_call *c, node pod, node container, const struct play *p)
{
	struct arena *a = c->arena;
	str image = node_str(node_get(container, S("image")));

	if (p->act) {
		say(c, pod, container, false, "BackOff",
		    arena_printf(a, "Back-off pulling image \"%.*s\"", STR_ARG(image)));
		say(c, pod, container, true, "Failed", S("Error: ImagePullBackOff"));
		return;
	}
	say(c, pod, container, false, "Pulling", arena_printf(a, "Pulling image \"%.*s\"", STR_ARG(image)));
	say(c, pod, container, true, "Failed",
	    arena_printf(a,
			 "Failed to pull image \"%.*s\": failed to pull and unpack image \"%.*s\": not "
			 "found",
			 STR_ARG(image), STR_ARG(image)));
	say(c, pod, container, true, "Failed", S("Error: ErrImagePull"));
}

static void say_start(struct minder_call *c, node pod, node container, const struct play *p)
{
	struct arena *a = c->arena;
	str image = node_str(node_get(container, S("image"))), name = node_str(node_get(container, S("name")));

	if (p->act)
		return;
	say(c, pod, container, false, "Pulled",
	    arena_printf(a, "Container image \"%.*s\" already present on machine", STR_ARG(image)));
	say(c, pod, container, false, "Created", S("Container created"));
	say(c, pod, container, false, "Started", S("Container started"));
	if (p->fate == FATE_CRASHES)
		say(c, pod, container, true, "BackOff",
		    arena_printf(a, "Back-off restarting failed container %.*s in pod %.*s_%.*s(%.*s)",
				 STR_ARG(name), STR_ARG(c->key.name), STR_ARG(c->key.namespace),
				 STR_ARG(meta_get(pod, S("uid")))));
	if (p->fate == FATE_NOT_READY)
		say(c, pod, container, true, "Unhealthy",
		    S("Readiness probe failed: simulated by rill: the image never answers"));
}

static void say_all(struct minder_call *c, node pod, const struct play *p)
{
	node_each_item(ct, node_dig(pod, "spec", "containers"))
		if (p->fate == FATE_NO_PULL)
			say_pull(c, pod, *ct, p);
		else
			say_start(c, pod, *ct, p);
}

/* The kubelet's last word: the containers have ended. */
static err *end_pod(struct minder_call *c, node pod)
{
	struct arena *a = c->arena;
	node body = read_constant(a, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\","
				     "\"gracePeriodSeconds\":0,\"preconditions\":{}}");

	node_set(a, node_get(body, S("preconditions")), S("uid"),
		 node_from_str(a, meta_get(pod, S("uid"))));
	if (sim_int(pod, "metadata", "deletionGracePeriodSeconds", 1) == 0)
		return NULL;	/* finalizers hold it */
	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = SIM_KUBELET,
					.method = S("DELETE"),
					.path = minder_path(a, "v1", S("pods"), c->key.namespace,
							    c->key.name, STR_NONE),
					.body = body },
		NULL));
}

/* What was put into the Pod while it runs, to look around in it. */
static err *start_ephemeral(struct minder_call *c, node pod, const struct play *p)
{
	struct arena *a = c->arena;
	node status = node_copy(a, node_get(pod, S("status")));
	node all = node_dig(pod, "spec", "ephemeralContainers");
	node known = node_get(status, S("ephemeralContainerStatuses"));

	if (!node_is(known, NODE_SEQ)) {
		known = node_seq(a, 1);
		node_set(a, status, S("ephemeralContainerStatuses"), known);
	}
	for (size_t i = node_len(known); i < node_len(all); i++) {
		node_append(a, known,
			    container_status(a, node_at(all, i), false, false, running(a, p)));
		say_start(c, pod, node_at(all, i), &(struct play){ .fate = FATE_RUNS });
	}
	return sim_put_status(c, SIM_KUBELET, "v1", S("pods"), pod, status);
}

/* An address that follows from the uid: Pods keep theirs over restarts. */
static str address_of(struct arena *a, node pod)
{
	str uid = meta_get(pod, S("uid"));
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < uid.n; i++)
		h = (h ^ (unsigned char)uid.p[i]) * 16777619u;
	return arena_printf(a, "10.244.%u.%u", (h >> 8) & 255, 2 + h % 250);
}

/* ---- replacement ------------------------------------------------------------ */

static str set_of(node pod)
{
	node_each_item(owner, node_dig(pod, "metadata", "ownerReferences"))
		if (str_eq(node_str(node_get(*owner, S("kind"))), S("ReplicaSet")))
			return node_str(node_get(*owner, S("name")));
	return STR_NONE;
}

static str deployment_of(str set)
{
	size_t dash = str_rfind_char(set, '-');

	return str_sub(set, 0, dash == STR_NPOS ? set.n : dash);
}

static uint64_t version_of(node pod)
{
	uint64_t rv = 0;

	str_to_u64(meta_get(pod, S("resourceVersion")), &rv);
	return rv;
}

/* While a rollout goes on, a Pod that was told to end makes room for the one that was
 * made after that. */
static bool waits_for_room(struct minder_call *c, node pod)
{
	str set = set_of(pod);
	node owner = set.n ? minder_get(c, S("apps"), S("replicasets"), c->key.namespace, set)
			   : NODE_NOTHING;
	str revision = node_str_or(node_get(node_dig(owner, "metadata", "annotations"),
					    S("deployment.kubernetes.io/revision")),
				   STR_NONE);

	if (!revision.n || str_eq(revision, S("1")))
		return false;
	node_each_item(other, minder_pick(c, STR_NONE, S("pods"), c->key.namespace,
					 minder_is_leaving, NULL)) {
		str of = set_of(*other);

		if (meta_is_deleting(*other) && of.n && !str_eq(of, set) &&
		    version_of(*other) < version_of(pod) &&
		    str_eq(deployment_of(of), deployment_of(set)))
			return true;
	}
	return false;
}

static err *schedule(struct minder_call *c, const struct controller *own, node pod)
{
	if (is_cordoned(c))
		return tell_unschedulable(c, pod);
	if (!c->key.more.n && waits_for_room(c, pod)) {
		minder_need(c->minder, own,
			    &(struct minder_key){ c->key.namespace, c->key.name, S("room") }, ENDING);
		return NULL;
	}
	return minder_unless_gone(bind_pod(c, pod));
}

static void look_again(struct minder_call *c, const struct controller *own, str why, int64_t after)
{
	minder_need(c->minder, own, &(struct minder_key){ c->key.namespace, c->key.name, why }, after);
}

/* A Pod that was deleted: its containers are told, and some time later it is gone. */
static err *leave(struct minder_call *c, const struct controller *own, node pod)
{
	if (str_eq(c->key.more, S("end")))
		return end_pod(c, pod);
	if (str_eq(node_str(node_dig(pod, "status", "phase")), S("Running")))
		node_each_item(ct, node_dig(pod, "spec", "containers"))
			say(c, pod, *ct, false, "Killing",
			    arena_cat(c->arena, S("Stopping container "),
				      node_str(node_get(*ct, S("name")))));
	look_again(c, own, S("end"), ENDING);
	return NULL;
}

/* The first act starts the containers, the second is what becomes of them. */
static err *play(struct minder_call *c, const struct controller *own, node pod)
{
	struct arena *a = c->arena;
	struct play p = { .now = meta_now(a), .ip = address_of(a, pod) };
	bool begun = node_has(node_get(pod, S("status")), S("containerStatuses"));

	cast(pod, &p);
	bool has_second = p.fate == FATE_NO_PULL || p.fate == FATE_EXITS || p.delay;

	if (begun && node_len(node_dig(pod, "spec", "ephemeralContainers")) >
			     node_len(node_dig(pod, "status", "ephemeralContainerStatuses")))
		return start_ephemeral(c, pod, &p);
	/* the second act is a timer's: its key says so */
	if (begun && (!has_second || !str_eq(c->key.more, S("next"))))
		return NULL;
	p.act = begun;
	if (!begun && has_second)
		look_again(c, own, S("next"), p.delay ? p.delay : STEP);
	say_all(c, pod, &p);
	return sim_put_status(c, SIM_KUBELET, "v1", S("pods"), pod, status_of(a, pod, &p));
}

static err *pod_run(struct minder_call *c, const struct controller *own)
{
	node pod = minder_get(c, STR_NONE, S("pods"), c->key.namespace, c->key.name);
	str where = node_str(node_dig(pod, "spec", "nodeName"));

	if (node_is(pod, NODE_NONE))
		return NULL;
	if (meta_is_deleting(pod))
		return leave(c, own, pod);
	if (!where.n)
		return schedule(c, own, pod);
	return str_eq(where, S(SIM_NODE)) ? play(c, own, pod) : NULL;
}

const struct controller sim_pod_controller = { .name = SIM_KUBELET,
					       .workloads = true,
					       .sees = pod_sees,
					       .run = pod_run };

/* ---- subresources ------------------------------------------------------ */

static err *make_bound(struct change *ch, node old, node *object)
{
	struct arena *a = ch->r->arena;
	node out = node_copy(a, old), status = node_need_map(a, out, S("status"));
	str host = node_str(node_dig(*(node *)ch->ctx, "target", "name"));
	str now = node_str(node_dig(old, "spec", "nodeName"));

	if (now.n)
		return status_conflict(STR_NONE, S("pods/binding"), ch->name,
				       "pod %.*s is already assigned to node \"%.*s\"",
				       STR_ARG(ch->name), STR_ARG(now));
	node_set(a, node_get(out, S("spec")), S("nodeName"), node_from_str(a, host));
	sim_condition(a, status, "PodScheduled", true, "", STR_NONE, false);
	return body_fit(a, ch->kind, out, NULL, object);
}

/* In the original what is wrong here is an error like any other. */
static err *check_binding(node body)
{
	str kind = node_str(node_dig(body, "target", "kind"));
	bool named = node_str(node_dig(body, "target", "name")).n > 0;

	if (kind.n && !str_eq(kind, S("Node")))
		return status_plain(500,
				    "%starget.kind: Unsupported value: \"%.*s\": supported values: "
				    "\"Node\", \"<empty>\"%s",
				    named ? "" : "[", STR_ARG(kind),
				    named ? "" : ", target.name: Required value]");
	return named ? NULL : status_plain(500, "target.name: Required value");
}

/* pods/NAME/binding, and bindings, where the name is that of the object. */
static err *run_binding(struct request *r)
{
	const struct kind *pods =
		registry_find(server_registry(r->server), STR_NONE, S("v1"), S("pods"));
	struct change c = { .r = r,
			    .kind = pods,
			    .sub = S("binding"),
			    .namespace = r->namespace,
			    .internal = true,
			    .make = make_bound };
	const struct gvk gvk = { STR_NONE, S("v1"), S("Binding") };
	node body;

	TRY(options_write(r, &(struct options_of){ "CreateOptions", false, false }, &c.options));
	TRY(body_read_as(r, gvk, builtin_type(gvk), c.options.fields, &body));
	TRY(change_check_place(&(struct change){ .r = r, .kind = pods, .namespace = r->namespace,
						 .create = true },
			       body));
	const struct kind kind = { .gvk = gvk, .type = builtin_type(gvk) };
	const struct policies_shape shape = { &kind, S("CREATE"), c.options.dry_run };

	TRY(policies_mutate_below(r, &shape, &body, node_null()));
	c.name = node_str(node_dig(body, "metadata", "name"));
	if (r->sub.n && !str_eq(r->name, c.name))
		return status_bad_request("name in URL does not match name in Binding object");
	TRY(check_binding(body));
	if (!c.name.n)
		return status_bad_request("Name parameter required.");
	TRY(policies_check_below(r, &shape, body));
	c.ctx = &body;
	err *e = change_run(&c);

	change_release(&c);
	TRY(e);
	r->answer.code = 201;
	return view_tree(r, read_constant(r->arena,
					  "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
					  "\"status\":\"Success\",\"code\":201}"));
}

const struct subresource sim_subresources[] = {
	{ "", "pods", "binding", run_binding },
	{ "", "bindings", "", run_binding },
	{ 0 },
};
