/* sim_deployment - Deployments, ReplicaSets and ReplicationControllers. */
#include "base/clock.h"
#include "server/meta.h"
#include "server/sim.h"
#include "text/gotime.h"

#define REVISION "deployment.kubernetes.io/revision"
#define DESIRED	 "deployment.kubernetes.io/desired-replicas"
#define MOST	 "deployment.kubernetes.io/max-replicas"

/* ---- ReplicaSets and ReplicationControllers ---------------------------- */

/* What keeps a number of Pods. */
struct keeper {
	const char *api_version;
	str group, plural;
	const char *says;
	bool counts_leaving;
};

static void replicas_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	sim_sees(m, c, e, "apps/replicasets", "/pods", "ReplicaSet");
}

static void controller_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	sim_sees(m, c, e, "/replicationcontrollers", "/pods", "ReplicationController");
}

/* The error of the first that is refused (a quota, say): said, and shown in the status. */
static err *add_pods(struct minder_call *c, const struct keeper *k, node set, int64_t n)
{
	node template = node_dig(set, "spec", "template");

	for (int64_t i = 0; i < n; i++) {
		node made;
		err *e = sim_create_pod(c, c->key.namespace, sim_pod_of(c->arena, set, template, STR_NONE),
					&made);

		if (e) {
			err *said = minder_refusal(c->arena, e);

			SIM_WARN(c, set, k->says, "FailedCreate", "Error creating: %s",
				 err_msg(said));
			return said;
		}
		SIM_TELL(c, set, k->says, "SuccessfulCreate", "Created pod: %.*s",
			 STR_ARG(meta_get(made, S("name"))));
	}
	return NULL;
}

struct count {
	int64_t active, ready, leaving;
};

static struct count count_pods(node pods)
{
	struct count n = { 0 };

	node_each_item(p, pods) {
		n.active += sim_pod_is_active(*p);
		n.ready += sim_pod_is_active(*p) && sim_pod_is_ready(*p);
		n.leaving += meta_is_deleting(*p);
	}
	return n;
}

static err *drop_pod(struct minder_call *c, const struct keeper *k, node set, node pod, struct count *n)
{
	TRY(sim_delete_pod(c, pod));
	SIM_TELL(c, set, k->says, "SuccessfulDelete", "Deleted pod: %.*s",
		 STR_ARG(meta_get(pod, S("name"))));
	n->ready -= sim_pod_is_ready(pod);
	n->active--;
	n->leaving++;
	return NULL;
}

/* Until `wanted` are left; those that are not ready go first. */
static err *drop_pods(struct minder_call *c, const struct keeper *k, node set, node pods,
		      int64_t wanted, struct count *n)
{
	for (int ready = 0; ready < 2; ready++)
		node_each_item(p, pods) {
			if (n->active <= wanted)
				return NULL;
			if (sim_pod_is_active(*p) && sim_pod_is_ready(*p) == (ready == 1))
				TRY(drop_pod(c, k, set, *p, n));
		}
	return NULL;
}

static node status_of(struct arena *a, const struct keeper *k, node set, const struct count *n,
		      const err *refused)
{
	node status = node_map(a, 8);

	sim_number(a, status, "replicas", n->active, true);
	sim_number(a, status, "fullyLabeledReplicas", n->active, false);
	sim_number(a, status, "readyReplicas", n->ready, false);
	sim_number(a, status, "availableReplicas", n->ready, false);
	if (k->counts_leaving)
		sim_number(a, status, "terminatingReplicas", n->leaving, true);
	sim_number(a, status, "observedGeneration", sim_int(set, "metadata", "generation", 1), false);
	if (refused) {
		node_copy_field(a, status, node_get(set, S("status")), S("conditions"));
		sim_condition(a, status, "ReplicaFailure", true, "FailedCreate", err_text(refused), false);
	}
	return status;
}

static err *keep(struct minder_call *c, const struct keeper *k)
{
	node set = minder_get(c, k->group, k->plural, c->key.namespace, c->key.name);

	if (node_is(set, NODE_NONE) || meta_is_deleting(set))
		return NULL;
	node pods = sim_owned(c, STR_NONE, S("pods"), set);
	int64_t wanted = sim_int(set, "spec", "replicas", 1);
	struct count n = count_pods(pods);
	err *refused = add_pods(c, k, set, wanted - n.active);
	err *e = refused ? NULL : drop_pods(c, k, set, pods, wanted, &n);

	if (e)
		return e;
	if (!refused && n.active < wanted)
		n.active = wanted;
	e = sim_put_status(c, SIM_MANAGER, k->api_version, k->plural, set,
			   status_of(c->arena, k, set, &n, refused));
	if (e)
		err_free(refused);
	return e ? e : refused;		/* tried again, later */
}

static err *replicas_run(struct minder_call *c, const struct controller *own)
{
	static const struct keeper sets = { "apps/v1", S("apps"), S("replicasets"),
					    "replicaset-controller", true };

	(void)own;
	return keep(c, &sets);
}

static err *controller_run(struct minder_call *c, const struct controller *own)
{
	static const struct keeper controllers = { "v1", S(""), S("replicationcontrollers"),
						   "replication-controller", false };

	(void)own;
	return keep(c, &controllers);
}

const struct controller sim_replicas_controller = { .name = SIM_MANAGER,
						    .workloads = true,
						    .sees = replicas_sees,
						    .run = replicas_run };

const struct controller sim_replication_controller = { .name = SIM_MANAGER,
						       .workloads = true,
						       .sees = controller_sees,
						       .run = controller_run };

/* ---- Deployments ------------------------------------------------------- */

static void deployment_sees(struct minder *m, const struct controller *c,
			    const struct store_event *e)
{
	sim_sees(m, c, e, "apps/deployments", "apps/replicasets", "Deployment");
}

static node annotations_of(struct arena *a, node object)
{
	return node_need_map(a, node_get(object, S("metadata")), S("annotations"));
}

static int64_t revision_of(node object)
{
	uint64_t n = 0;

	str_to_u64(node_str(node_get(node_dig(object, "metadata", "annotations"), S(REVISION))), &n);
	return (int64_t)n;
}

static void annotate(struct arena *a, node annotations, const char *key, int64_t n)
{
	node_set(a, annotations, str_c(key),
		 node_from_str(a, arena_printf(a, "%lld", (long long)n)));
}

/* The template less the label that only ReplicaSets have. */
static node bare_template(struct arena *a, node set)
{
	node t = node_copy(a, node_dig(set, "spec", "template"));

	node_remove(node_dig(t, "metadata", "labels"), S("pod-template-hash"));
	return t;
}

/* "25%" of the replicas, rounded up or down, or a number. */
static int64_t share(node value, int64_t of, bool up)
{
	str text = node_str(value);
	uint64_t n = 0;

	if (node_is_num(value))
		return node_int(value);
	if (!str_ends(text, S("%")) || !str_to_u64(str_sub(text, 0, text.n - 1), &n))
		return 0;
	return ((int64_t)n * of + (up ? 99 : 0)) / 100;
}

static err *write_set(struct minder_call *c, str method, node set, bool named)
{
	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = SIM_MANAGER,
					.method = method,
					.path = minder_path(c->arena, "apps/v1", S("replicasets"),
							    c->key.namespace,
							    named ? meta_get(set, S("name")) : STR_NONE,
							    STR_NONE),
					.body = set },
		NULL));
}

static node new_set(struct arena *a, node deployment, str hash, int64_t replicas, int64_t most,
		    int64_t revision)
{
	node set = node_map(a, 4), metadata = node_map(a, 5), spec = node_map(a, 4);
	node template = node_copy(a, node_dig(deployment, "spec", "template"));
	node template_meta = node_need_map(a, template, S("metadata"));
	node labels = node_need_map(a, template_meta, S("labels"));
	node selector = node_copy(a, node_dig(deployment, "spec", "selector"));
	node annotations = node_map(a, 3);

	node_set(a, labels, S("pod-template-hash"), node_from_str(a, hash));
	node_set(a, node_need_map(a, selector, S("matchLabels")), S("pod-template-hash"),
		 node_from_str(a, hash));
	node_each_pair(p, node_dig(deployment, "metadata", "annotations"))
		if (!str_eq(node_str(p->key), S("kubectl.kubernetes.io/last-applied-configuration")) &&
		    !str_eq(node_str(p->key), S(REVISION)))
			node_set(a, annotations, node_str(p->key), p->value);
	annotate(a, annotations, DESIRED, sim_int(deployment, "spec", "replicas", 1));
	annotate(a, annotations, MOST, most);
	annotate(a, annotations, REVISION, revision);
	node_set(a, metadata, S("annotations"), annotations);
	node_set(a, metadata, S("labels"), node_copy(a, labels));
	node_set(a, metadata, S("name"),
		 node_from_str(a, arena_cat(a, meta_get(deployment, S("name")), S("-"), hash)));
	node_set(a, metadata, S("ownerReferences"), sim_owner_refs(a, deployment));
	node_set(a, spec, S("replicas"), node_from_int(replicas));
	node_set(a, spec, S("selector"), selector);
	node_set(a, spec, S("template"), template);
	if (node_has(node_get(deployment, S("spec")), S("minReadySeconds")))
		node_set(a, spec, S("minReadySeconds"),
			 node_dig(deployment, "spec", "minReadySeconds"));
	node_set(a, set, S("apiVersion"), node_lit("apps/v1"));
	node_set(a, set, S("kind"), node_lit("ReplicaSet"));
	node_set(a, set, S("metadata"), metadata);
	node_set(a, set, S("spec"), spec);
	return set;
}

/* What a rollout works on. */
struct rollout {
	node deployment, sets, current;	/* current: NODE_NONE until it is made */
	int64_t wanted, surge, unavailable, most, revision;
	bool recreate, paused;
};

static void survey(struct minder_call *c, struct rollout *r)
{
	struct arena *a = c->arena;
	node strategy = node_dig(r->deployment, "spec", "strategy");
	node rolling = node_get(strategy, S("rollingUpdate"));
	node template = node_dig(r->deployment, "spec", "template");

	r->sets = sim_owned(c, S("apps"), S("replicasets"), r->deployment);
	r->wanted = sim_int(r->deployment, "spec", "replicas", 1);
	r->recreate = str_eq(node_str(node_get(strategy, S("type"))), S("Recreate"));
	r->paused = node_bool(node_dig(r->deployment, "spec", "paused"));
	r->surge = r->recreate ? 0 : share(node_get(rolling, S("maxSurge")), r->wanted, true);
	r->unavailable =
		r->recreate ? r->wanted : share(node_get(rolling, S("maxUnavailable")), r->wanted, false);
	if (!r->surge && !r->unavailable)
		r->unavailable = 1;
	r->most = r->wanted ? r->wanted + r->surge : 0;
	node_each_item(s, r->sets) {
		if (revision_of(*s) > r->revision)
			r->revision = revision_of(*s);
		if (node_equal(bare_template(a, *s), template))
			r->current = *s;
	}
}

static int64_t replicas_of(node set)
{
	return node_is(set, NODE_MAP) ? sim_int(set, "spec", "replicas", 0) : 0;
}

static err *scale_set(struct minder_call *c, struct rollout *r, node set, int64_t to)
{
	struct arena *a = c->arena;
	node annotations = annotations_of(a, set);
	str desired = arena_printf(a, "%lld", (long long)r->wanted);
	int64_t from = replicas_of(set);

	if (from == to && str_eq(node_str(node_get(annotations, S(DESIRED))), desired))
		return NULL;
	annotate(a, annotations, DESIRED, r->wanted);
	annotate(a, annotations, MOST, r->most);
	node_set(a, node_get(set, S("spec")), S("replicas"), node_from_int(to));
	TRY(write_set(c, S("PUT"), set, true));
	if (from != to)
		SIM_TELL(c, r->deployment, "deployment-controller", "ScalingReplicaSet",
			 "Scaled %s replica set %.*s from %lld to %lld", to > from ? "up" : "down",
			 STR_ARG(meta_get(set, S("name"))), (long long)from, (long long)to);
	return NULL;
}

/* The set of the template: made, or brought back with the next revision. */
static err *need_current(struct minder_call *c, struct rollout *r)
{
	struct arena *a = c->arena;
	node template = node_dig(r->deployment, "spec", "template");

	if (node_is(r->current, NODE_MAP)) {
		if (revision_of(r->current) == r->revision)
			return NULL;
		r->revision++;
		annotate(a, annotations_of(a, r->current), REVISION, r->revision);
		return write_set(c, S("PUT"), r->current, true);
	}
	if (r->paused)
		return NULL;
	int64_t others = 0;

	node_each_item(s, r->sets)
		others += sim_int(*s, "status", "replicas", 0);
	int64_t first = r->recreate && others ? 0
			: others	      ? r->most - others
					      : r->wanted;

	r->revision++;
	first = first < 0 ? 0 : first > r->wanted ? r->wanted : first;
	node set = new_set(a, r->deployment, sim_hash(a, template), first, r->most, r->revision);

	TRY(write_set(c, S("POST"), set, false));
	if (first)
		SIM_TELL(c, r->deployment, "deployment-controller", "ScalingReplicaSet",
			 "Scaled up replica set %.*s from 0 to %lld", STR_ARG(meta_get(set, S("name"))),
			 (long long)first);
	return NULL;
}

static bool is_current(const struct rollout *r, node set)
{
	return str_eq(meta_get(set, S("uid")), meta_get(r->current, S("uid")));
}

/* Up, as far as there is room beside the `all` replicas that there are. */
static err *scale_up(struct minder_call *c, struct rollout *r, int64_t all)
{
	int64_t now = replicas_of(r->current), to = r->wanted;

	if (r->recreate && all > now)
		to = 0;
	else if (!r->recreate && now < r->wanted && all - now + r->wanted > r->most)
		to = now + (r->most > all ? r->most - all : 0);
	return scale_set(c, r, r->current, to > r->wanted ? r->wanted : to);
}

/* The old ones down: what is broken, and `spare` of what works. */
static err *scale_down(struct minder_call *c, struct rollout *r, int64_t spare)
{
	node_each_item(s, r->sets) {
		int64_t has = replicas_of(*s), ready = sim_int(*s, "status", "availableReplicas", 0);

		if (is_current(r, *s) || !has)
			continue;
		int64_t broken = has - ready, less = broken + (spare > 0 ? spare : 0);

		less = less > has ? has : less;
		spare -= less > broken ? less - broken : 0;
		if (less > 0)
			TRY(scale_set(c, r, *s, has - less));
	}
	return NULL;
}

static err *roll(struct minder_call *c, struct rollout *r)
{
	int64_t all = 0, available = 0, old = 0;

	if (!node_is(r->current, NODE_MAP) || r->paused)
		return NULL;
	node_each_item(s, r->sets) {
		all += is_current(r, *s) ? replicas_of(*s) : sim_int(*s, "status", "replicas", 0);
		available += sim_int(*s, "status", "availableReplicas", 0);
		old += is_current(r, *s) ? 0 : replicas_of(*s);
	}
	TRY(scale_up(c, r, all));
	return scale_down(c, r, r->recreate || !r->wanted ? old
							  : available - (r->wanted - r->unavailable));
}

static err *drop_history(struct minder_call *c, struct rollout *r)
{
	int64_t keep = sim_int(r->deployment, "spec", "revisionHistoryLimit", 10), old = 0;

	node_each_item(s, r->sets)
		old += !replicas_of(*s) && !sim_int(*s, "status", "replicas", 0);
	for (; old > keep + 1; old--) {
		node oldest = NODE_NOTHING;

		node_each_item(s, r->sets)
			if (!replicas_of(*s) && !meta_is_deleting(*s) &&
			    (node_is(oldest, NODE_NONE) || revision_of(*s) < revision_of(oldest)))
				oldest = *s;
		if (node_is(oldest, NODE_NONE))
			return NULL;
		TRY(write_set(c, S("DELETE"), oldest, true));
		node_set(c->arena, node_get(oldest, S("metadata")), S("deletionTimestamp"),
			 node_lit("now"));
	}
	return NULL;
}

/* Seconds that no progress was made for: since the condition last changed. */
static int64_t stuck_for(node status)
{
	node_each_item(c, node_get(status, S("conditions"))) {
		struct gotime t;

		if (!str_eq(node_str(node_get(*c, S("type"))), S("Progressing")))
			continue;
		err *e = gotime_parse(&t, GOTIME_RFC3339,
				      node_str(node_get(*c, S("lastUpdateTime"))), NULL);

		if (e) {
			err_free(e);
			return 0;
		}
		return clock_wall() / CLOCK_SECOND - t.sec;
	}
	return 0;
}

/* Whether more is done than when the status was written last. */
static bool has_progressed(const struct rollout *r, node status)
{
	static const char *const more[] = { "updatedReplicas", "readyReplicas", "availableReplicas" };
	node old = node_get(r->deployment, S("status"));

	for (size_t i = 0; i < 3; i++)
		if (node_int(node_get(status, str_c(more[i]))) > node_int(node_get(old, str_c(more[i]))))
			return true;
	return sim_int(r->deployment, "metadata", "generation", 1) !=
	       node_int(node_get(old, S("observedGeneration")));
}

static bool was_late(node status)
{
	node_each_item(c, node_get(status, S("conditions")))
		if (str_eq(node_str(node_get(*c, S("reason"))), S("ProgressDeadlineExceeded")))
			return true;
	return false;
}

/* Looks again when the deadline has passed. */
static bool is_late(struct minder_call *c, struct rollout *r, node status, bool complete)
{
	enum { NO_DEADLINE = INT32_MAX };
	int64_t deadline = sim_int(r->deployment, "spec", "progressDeadlineSeconds", NO_DEADLINE);

	if (complete || deadline == NO_DEADLINE || has_progressed(r, status))
		return false;
	if (was_late(status) || stuck_for(status) > deadline)
		return true;
	minder_need(c->minder, &sim_deployment_controller,
		    &(struct minder_key){ c->key.namespace, c->key.name, S("late") },
		    clock_seconds(deadline + 1));
	return false;
}

static void tell_progress(struct arena *a, struct rollout *r, node status, bool complete, bool late,
			  bool available)
{
	str set = node_is(r->current, NODE_MAP) ? meta_get(r->current, S("name")) : STR_NONE;

	if (available)
		sim_condition(a, status, "Available", true, "MinimumReplicasAvailable",
			      S("Deployment has minimum availability."), true);
	else
		sim_condition(a, status, "Available", false, "MinimumReplicasUnavailable",
			      S("Deployment does not have minimum availability."), true);
	if (r->paused) {
		sim_condition(a, status, "Progressing", false, "DeploymentPaused",
			      S("Deployment is paused"), true);
		node_each_item(cond, node_get(status, S("conditions")))
			if (str_eq(node_str(node_get(*cond, S("type"))), S("Progressing")))
				node_set(a, *cond, S("status"), node_lit("Unknown"));
		return;
	}
	if (!set.n)
		return;
	if (late) {
		sim_condition(a, status, "Progressing", false, "ProgressDeadlineExceeded",
			      arena_printf(a, "ReplicaSet \"%.*s\" has timed out progressing.",
					   STR_ARG(set)),
			      true);
		return;
	}
	sim_condition(a, status, "Progressing", true,
		      complete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
		      arena_printf(a,
				   complete ? "ReplicaSet \"%.*s\" has successfully progressed."
					    : "ReplicaSet \"%.*s\" is progressing.",
				   STR_ARG(set)),
		      true);
}

static err *tell(struct minder_call *c, struct rollout *r)
{
	struct arena *a = c->arena;
	node old = node_get(r->deployment, S("status")), status = node_map(a, 8);
	int64_t all = 0, ready = 0, available = 0, leaving = 0, updated = 0;

	node_each_item(s, r->sets) {
		all += sim_int(*s, "status", "replicas", 0);
		ready += sim_int(*s, "status", "readyReplicas", 0);
		available += sim_int(*s, "status", "availableReplicas", 0);
		leaving += sim_int(*s, "status", "terminatingReplicas", 0);
	}
	if (node_is(r->current, NODE_MAP))
		updated = sim_int(r->current, "status", "replicas", 0);
	bool complete = updated == r->wanted && all == r->wanted && available == r->wanted;

	node_set(a, status, S("conditions"), node_copy(a, node_get(old, S("conditions"))));
	if (!node_len(node_get(status, S("conditions"))))
		node_remove(status, S("conditions"));
	sim_number(a, status, "observedGeneration",
		   sim_int(r->deployment, "metadata", "generation", 1), true);
	sim_number(a, status, "replicas", all, false);
	sim_number(a, status, "updatedReplicas", updated, false);
	sim_number(a, status, "readyReplicas", ready, false);
	sim_number(a, status, "availableReplicas", available, false);
	sim_number(a, status, "unavailableReplicas", all > available ? all - available : 0, false);
	sim_number(a, status, "terminatingReplicas", leaving, true);
	tell_progress(a, r, status, complete, is_late(c, r, status, complete),
		      available >= r->wanted - r->unavailable);
	return sim_put_status(c, SIM_MANAGER, "apps/v1", S("deployments"), r->deployment, status);
}

/* The revision of the set is noted at the Deployment, for rollout history. */
static err *note_revision(struct minder_call *c, struct rollout *r)
{
	struct arena *a = c->arena;
	node patch = node_map(a, 1), metadata = node_map(a, 1), annotations = node_map(a, 1);
	str text = arena_printf(a, "%lld", (long long)r->revision);

	if (!r->revision || revision_of(r->deployment) == r->revision)
		return NULL;
	node_set(a, annotations, S(REVISION), node_from_str(a, text));
	node_set(a, metadata, S("annotations"), annotations);
	node_set(a, patch, S("metadata"), metadata);
	node_set(a, annotations_of(a, r->deployment), S(REVISION), node_from_str(a, text));
	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = SIM_MANAGER,
					.method = S("PATCH"),
					.type = S("application/merge-patch+json"),
					.path = minder_path(a, "apps/v1", S("deployments"),
							    c->key.namespace, c->key.name, S("status")),
					.body = patch },
		&r->deployment));
}

static err *deployment_run(struct minder_call *c, const struct controller *own)
{
	struct rollout r = { .deployment = minder_get(c, S("apps"), S("deployments"),
						      c->key.namespace, c->key.name) };

	(void)own;
	if (node_is(r.deployment, NODE_NONE) || meta_is_deleting(r.deployment))
		return NULL;
	survey(c, &r);
	TRY(need_current(c, &r));
	TRY(roll(c, &r));
	TRY(note_revision(c, &r));
	TRY(drop_history(c, &r));
	return tell(c, &r);
}

const struct controller sim_deployment_controller = { .name = SIM_MANAGER,
						      .workloads = true,
						      .sees = deployment_sees,
						      .run = deployment_run };
