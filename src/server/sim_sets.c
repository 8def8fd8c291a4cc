/* sim_sets - StatefulSets and DaemonSets. */
#include "server/meta.h"
#include "server/sim.h"

/* ---- revisions --------------------------------------------------------- */

/* What a revision keeps of a set: its template, as a patch. */
static node revision_data(struct arena *a, node set)
{
	node data = node_map(a, 1), spec = node_map(a, 1);
	node template = node_copy(a, node_dig(set, "spec", "template"));

	node_set(a, template, S("$patch"), node_lit("replace"));
	node_set(a, spec, S("template"), template);
	node_set(a, data, S("spec"), spec);
	return data;
}

/* The ControllerRevision of the template, which rollout history reads. */
static err *keep_revision(struct minder_call *c, node set, str hash)
{
	struct arena *a = c->arena;
	node all = sim_owned(c, S("apps"), S("controllerrevisions"), set);
	node revision = node_map(a, 5), metadata = node_map(a, 3);
	node labels = node_copy(a, node_dig(set, "spec", "template", "metadata", "labels"));
	str name = arena_cat(a, meta_get(set, S("name")), S("-"), hash);
	int64_t newest = 0;

	node_each_item(r, all) {
		int64_t n = node_int(node_get(*r, S("revision")));

		if (str_eq(meta_get(*r, S("name")), name))
			return NULL;
		newest = n > newest ? n : newest;
	}
	if (!node_is(labels, NODE_MAP))
		labels = node_map(a, 1);
	node_set(a, labels, S("controller.kubernetes.io/hash"), node_from_str(a, hash));
	node_set(a, metadata, S("labels"), labels);
	node_set(a, metadata, S("name"), node_from_str(a, name));
	node_set(a, metadata, S("ownerReferences"), sim_owner_refs(a, set));
	node_set(a, revision, S("apiVersion"), node_lit("apps/v1"));
	node_set(a, revision, S("kind"), node_lit("ControllerRevision"));
	node_set(a, revision, S("metadata"), metadata);
	node_set(a, revision, S("data"), revision_data(a, set));
	node_set(a, revision, S("revision"), node_from_int(newest + 1));
	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = SIM_MANAGER,
					.method = S("POST"),
					.path = minder_path(a, "apps/v1", S("controllerrevisions"),
							    c->key.namespace, STR_NONE, STR_NONE),
					.body = revision },
		NULL));
}

static str label(node pod, const char *name)
{
	return node_str(node_get(node_dig(pod, "metadata", "labels"), str_c(name)));
}

static node find_named(node list, str name)
{
	node_each_item(o, list)
		if (str_eq(meta_get(*o, S("name")), name))
			return *o;
	return NODE_NOTHING;
}

/* ---- StatefulSets ------------------------------------------------------ */

static void stateful_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	sim_sees(m, c, e, "apps/statefulsets", "/pods", "StatefulSet");
}

/* "TEMPLATE-SET-0", for each of the claim templates; mounted by name. */
static err *need_claims(struct minder_call *c, node set, node pod, str pod_name)
{
	struct arena *a = c->arena;
	node volumes = node_seq(a, 2), spec = node_get(pod, S("spec"));

	node_each_item(t, node_dig(set, "spec", "volumeClaimTemplates")) {
		str name = arena_cat(a, meta_get(*t, S("name")), S("-"), pod_name);
		node claim = node_copy(a, *t), volume = node_map(a, 2), source = node_map(a, 1);
		node labels = node_copy(a, node_dig(set, "spec", "selector", "matchLabels"));

		node_set(a, source, S("claimName"), node_from_str(a, name));
		node_set(a, volume, S("name"), node_from_str(a, meta_get(*t, S("name"))));
		node_set(a, volume, S("persistentVolumeClaim"), source);
		node_append(a, volumes, volume);
		if (!node_is(minder_get(c, STR_NONE, S("persistentvolumeclaims"), c->key.namespace,
					name),
			     NODE_NONE))
			continue;
		node_set(a, claim, S("apiVersion"), node_lit("v1"));
		node_set(a, claim, S("kind"), node_lit("PersistentVolumeClaim"));
		node_remove(claim, S("status"));
		node_set(a, node_get(claim, S("metadata")), S("name"), node_from_str(a, name));
		node_set(a, node_get(claim, S("metadata")), S("labels"), labels);
		TRY(minder_write(c,
				 &(struct minder_write){
					 .agent = SIM_MANAGER,
					 .method = S("POST"),
					 .path = minder_path(a, "v1", S("persistentvolumeclaims"),
							     c->key.namespace, STR_NONE, STR_NONE),
					 .body = claim },
				 NULL));
		SIM_TELL(c, set, "statefulset-controller", "SuccessfulCreate",
			 "Create Claim %.*s Pod %.*s in StatefulSet %.*s success", STR_ARG(name),
			 STR_ARG(pod_name), STR_ARG(meta_get(set, S("name"))));
	}
	node_each_item(v, node_get(spec, S("volumes")))
		if (node_is(find_named(volumes, node_str(node_get(*v, S("name")))), NODE_NONE))
			node_append(a, volumes, *v);
	if (node_len(volumes))
		node_set(a, spec, S("volumes"), volumes);
	return NULL;
}

static err *make_member(struct minder_call *c, node set, int64_t ordinal, str revision)
{
	struct arena *a = c->arena;
	str own = meta_get(set, S("name")), service = node_str(node_dig(set, "spec", "serviceName"));
	str index = arena_printf(a, "%lld", (long long)ordinal);
	str name = arena_cat(a, own, S("-"), index);
	node pod = sim_pod_of(a, set, node_dig(set, "spec", "template"), name);
	node labels = node_need_map(a, node_get(pod, S("metadata")), S("labels"));
	node spec = node_get(pod, S("spec"));

	node_set(a, labels, S("apps.kubernetes.io/pod-index"), node_from_str(a, index));
	node_set(a, labels, S("controller-revision-hash"), node_from_str(a, revision));
	node_set(a, labels, S("statefulset.kubernetes.io/pod-name"), node_from_str(a, name));
	node_set(a, spec, S("hostname"), node_from_str(a, name));
	if (service.n)
		node_set(a, spec, S("subdomain"), node_from_str(a, service));
	node_set(a, node_get(pod, S("metadata")), S("generateName"),
		 node_from_str(a, arena_cat(a, own, S("-"))));
	TRY(need_claims(c, set, pod, name));
	TRY(sim_create_pod(c, c->key.namespace, pod, NULL));
	SIM_TELL(c, set, "statefulset-controller", "SuccessfulCreate",
		 "Create Pod %.*s in StatefulSet %.*s successful", STR_ARG(name), STR_ARG(own));
	return NULL;
}

struct members {
	node pods;
	int64_t wanted, first, partition;
	bool parallel, on_delete;
	str revision, current;
};

/* One after the other: the next is made when the last is ready. */
static err *fill(struct minder_call *c, node set, const struct members *m, bool *waits)
{
	for (int64_t i = m->first; i < m->first + m->wanted; i++) {
		str name = arena_printf(c->arena, "%.*s-%lld", STR_ARG(meta_get(set, S("name"))),
					(long long)i);
		node pod = find_named(m->pods, name);

		if (node_is(pod, NODE_NONE))
			TRY(make_member(c, set, i,
					i - m->first < m->partition && m->current.n ? m->current
										    : m->revision));
		if ((node_is(pod, NODE_NONE) || !sim_pod_is_ready(pod) || meta_is_deleting(pod)) &&
		    !m->parallel) {
			*waits = true;
			return NULL;
		}
	}
	return NULL;
}

/* The last first: what is too many goes, then what has an old revision. */
static err *thin(struct minder_call *c, node set, const struct members *m, bool update)
{
	node victim = NODE_NOTHING;
	int64_t highest = -1;

	node_each_item(p, m->pods) {
		uint64_t ordinal = 0;

		str_to_u64(label(*p, "apps.kubernetes.io/pod-index"), &ordinal);
		int64_t at = (int64_t)ordinal - m->first;
		bool extra = at < 0 || at >= m->wanted;
		bool stale = update && !m->on_delete && at >= m->partition &&
			     !str_eq(label(*p, "controller-revision-hash"), m->revision);

		if (meta_is_deleting(*p) && !m->parallel)
			return NULL;	/* one at a time */
		if ((extra || stale) && (int64_t)ordinal > highest && !meta_is_deleting(*p)) {
			highest = (int64_t)ordinal;
			victim = *p;
		}
	}
	if (!node_is(victim, NODE_MAP))
		return NULL;
	TRY(sim_delete_pod(c, victim));
	SIM_TELL(c, set, "statefulset-controller", "SuccessfulDelete",
		 "Delete Pod %.*s in StatefulSet %.*s successful", STR_ARG(meta_get(victim, S("name"))),
		 STR_ARG(meta_get(set, S("name"))));
	return NULL;
}

static err *tell_members(struct minder_call *c, node set, const struct members *m)
{
	struct arena *a = c->arena;
	node status = node_map(a, 10);
	int64_t all = 0, ready = 0, updated = 0, current = 0;
	str now = m->current.n ? m->current : m->revision;

	node_each_item(p, m->pods) {
		bool is_new = str_eq(label(*p, "controller-revision-hash"), m->revision);

		all++;
		ready += sim_pod_is_ready(*p);
		updated += is_new;
		current += str_eq(label(*p, "controller-revision-hash"), now);
	}
	if (updated == m->wanted && ready == m->wanted && all == m->wanted) {
		now = m->revision;
		current = updated;
	}
	sim_number(a, status, "availableReplicas", ready, true);
	sim_number(a, status, "collisionCount", 0, true);
	sim_number(a, status, "currentReplicas", current, false);
	node_set(a, status, S("currentRevision"), node_from_str(a, now));
	sim_number(a, status, "observedGeneration", sim_int(set, "metadata", "generation", 1), true);
	sim_number(a, status, "readyReplicas", ready, false);
	sim_number(a, status, "replicas", all, true);
	node_set(a, status, S("updateRevision"), node_from_str(a, m->revision));
	sim_number(a, status, "updatedReplicas", updated, false);
	return sim_put_status(c, SIM_MANAGER, "apps/v1", S("statefulsets"), set, status);
}

static err *stateful_run(struct minder_call *c, const struct controller *own)
{
	struct arena *a = c->arena;
	node set = minder_get(c, S("apps"), S("statefulsets"), c->key.namespace, c->key.name);
	bool waits = false;

	(void)own;
	if (node_is(set, NODE_NONE) || meta_is_deleting(set))
		return NULL;
	node strategy = node_dig(set, "spec", "updateStrategy");
	str hash = sim_revision_hash(a, revision_data(a, set));
	struct members m = {
		.pods = sim_owned(c, STR_NONE, S("pods"), set),
		.wanted = sim_int(set, "spec", "replicas", 1),
		.first = node_int(node_dig(set, "spec", "ordinals", "start")),
		.partition = node_int(node_dig(strategy, "rollingUpdate", "partition")),
		.parallel = str_eq(node_str(node_dig(set, "spec", "podManagementPolicy")),
				   S("Parallel")),
		.on_delete = str_eq(node_str(node_get(strategy, S("type"))), S("OnDelete")),
		.revision = arena_cat(a, meta_get(set, S("name")), S("-"), hash),
		.current = node_str(node_dig(set, "status", "currentRevision")),
	};

	TRY(keep_revision(c, set, hash));
	TRY(fill(c, set, &m, &waits));
	TRY(thin(c, set, &m, !waits));
	return tell_members(c, set, &m);
}

const struct controller sim_stateful_controller = { .name = SIM_MANAGER,
						    .workloads = true,
						    .sees = stateful_sees,
						    .run = stateful_run };

/* ---- DaemonSets -------------------------------------------------------- */

static void daemon_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	sim_sees(m, c, e, "apps/daemonsets", "/pods", "DaemonSet");
}

/* There is one node, and it takes every Pod whose selector it meets. */
static bool fits_node(struct minder_call *c, node set)
{
	node labels = node_dig(minder_get(c, STR_NONE, S("nodes"), STR_NONE, S(SIM_NODE)),
			       "metadata", "labels");

	node_each_pair(p, node_dig(set, "spec", "template", "spec", "nodeSelector"))
		if (!str_eq(node_str(node_get(labels, node_str(p->key))), node_str(p->value)))
			return false;
	return true;
}

static err *make_daemon(struct minder_call *c, node set, str hash)
{
	struct arena *a = c->arena;
	node pod = sim_pod_of(a, set, node_dig(set, "spec", "template"), STR_NONE);
	node labels = node_need_map(a, node_get(pod, S("metadata")), S("labels"));

	node_set(a, labels, S("controller-revision-hash"), node_from_str(a, hash));
	node_set(a, labels, S("pod-template-generation"),
		 node_from_str(a, arena_printf(a, "%lld",
					       (long long)sim_int(set, "metadata", "generation", 1))));
	node made;

	TRY(sim_create_pod(c, c->key.namespace, pod, &made));
	SIM_TELL(c, set, "daemonset-controller", "SuccessfulCreate", "Created pod: %.*s",
		 STR_ARG(meta_get(made, S("name"))));
	return NULL;
}

static err *daemon_run(struct minder_call *c, const struct controller *own)
{
	struct arena *a = c->arena;
	node set = minder_get(c, S("apps"), S("daemonsets"), c->key.namespace, c->key.name);
	node status = node_map(a, 10), pods;
	int64_t wanted, there = 0, ready = 0, updated = 0;

	(void)own;
	if (node_is(set, NODE_NONE) || meta_is_deleting(set))
		return NULL;
	str hash = sim_revision_hash(a, revision_data(a, set));
	bool on_delete = str_eq(node_str(node_dig(set, "spec", "updateStrategy", "type")),
				S("OnDelete"));

	pods = sim_owned(c, STR_NONE, S("pods"), set);
	wanted = fits_node(c, set);
	TRY(keep_revision(c, set, hash));
	node_each_item(p, pods) {
		bool is_new = str_eq(label(*p, "controller-revision-hash"), hash);

		if (!sim_pod_is_active(*p))
			continue;
		if (there == wanted || (!is_new && !on_delete)) {
			TRY(sim_delete_pod(c, *p));
			SIM_TELL(c, set, "daemonset-controller", "SuccessfulDelete", "Deleted pod: %.*s",
				 STR_ARG(meta_get(*p, S("name"))));
			there += there < wanted;	/* it is replaced when it is gone */
			continue;
		}
		there++;
		ready += sim_pod_is_ready(*p);
		updated += is_new;
	}
	if (there < wanted && node_len(pods) < 2)
		TRY(make_daemon(c, set, hash));
	sim_number(a, status, "currentNumberScheduled", there, true);
	sim_number(a, status, "desiredNumberScheduled", wanted, true);
	sim_number(a, status, "numberAvailable", ready, false);
	sim_number(a, status, "numberMisscheduled", 0, true);
	sim_number(a, status, "numberReady", ready, true);
	sim_number(a, status, "numberUnavailable", wanted - ready, false);
	sim_number(a, status, "observedGeneration", sim_int(set, "metadata", "generation", 1), true);
	sim_number(a, status, "updatedNumberScheduled", updated, false);
	return sim_put_status(c, SIM_MANAGER, "apps/v1", S("daemonsets"), set, status);
}

const struct controller sim_daemon_controller = { .name = SIM_MANAGER,
						  .workloads = true,
						  .sees = daemon_sees,
						  .run = daemon_run };
