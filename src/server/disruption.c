#include "server/disruption.h"

#include "base/clock.h"
#include "kube/builtin.h"
#include "kube/health.h"
#include "server/admission.h"
#include "server/check.h"
#include "server/labelsel.h"
#include "server/meta.h"
#include "server/policies.h"
#include "server/sim.h"
#include "server/status.h"
#include "server/view.h"
#include "server/write.h"
#include "text/gotime.h"
#include "value/json.h"

enum {
	EVICTION_WAIT = 10,		/* seconds until a client may ask again */
	EVICTION_TRIES = 10,		/* while others take room of the same budget */
	DISRUPTED_MAX = 2000,		/* Pods that are on their way out of one budget */
	DISRUPTED_SECONDS = 120,	/* for so long one that was let go is waited for */
};

/* The condition of a budget, made anew unless it says the same. */
static void tell_room(struct arena *a, node budget, node status, int64_t allowed)
{
	node list = node_seq(a, 1), now = node_map(a, 6), was = NODE_NOTHING;
	str word = allowed > 0 ? S("True") : S("False");

	node_each_item(c, GET(status, "conditions"))
		if (str_eq(TEXT_OF(*c, "type"), S("DisruptionAllowed")))
			was = *c;
		else
			node_append(a, list, *c);
	bool same = str_eq(TEXT_OF(was, "status"), word);

	node_set(a, now, S("type"), node_lit("DisruptionAllowed"));
	node_set(a, now, S("status"), node_from_str(a, word));
	node_set(a, now, S("observedGeneration"),
		 node_from_int(node_int(node_dig(budget, "metadata", "generation"))));
	node_set(a, now, S("lastTransitionTime"),
		 same ? GET(was, "lastTransitionTime") : node_from_str(a, meta_now(a)));
	node_set(a, now, S("reason"), allowed > 0 ? node_lit("SufficientPods") : node_lit("InsufficientPods"));
	node_set(a, now, S("message"), node_lit(""));
	node_append(a, list, now);
	node_set(a, status, S("conditions"), list);
}

/* ---- evictions --------------------------------------------------------------- */

/* One request to evict a Pod. */
struct eviction {
	struct request *r;
	struct options_write options;
	struct options_delete deletion;
	node pod;
};

static bool is_plain_deletion(node pod)
{
	return IS_ONE_OF(text_of(GET(pod, "status"), S("phase")), "Succeeded", "Failed", "Pending") ||
	       meta_is_deleting(pod);
}

static err *too_many(str text, int wait)
{
	struct status_cause cause = { .reason = S("DisruptionBudget"), .message = text };

	return status_err(&(struct status){
		.code = 429,
		.reason = S("TooManyRequests"),
		.message = S("Cannot evict pod as it would violate the pod's disruption budget."),
		.details = true,
		.causes = &cause,
		.causes_n = 1,
		.retry_after = wait });
}

/* The budget of the Pod; NODE_NONE: it has none. */
static err *find_budget(struct eviction *ev, node *out)
{
	struct kind_call c;
	node labels = node_dig(ev->pod, "metadata", "labels");
	size_t n = 0;

	admission_call(ev->r, &c);
	c.arena = ev->r->arena;
	*out = NODE_NOTHING;
	node_each_item(b, c.look_all(&c, S("policy"), S("poddisruptionbudgets"), ev->r->namespace))
		if (labelsel_matches(ev->r->arena, node_dig(*b, "spec", "selector"), labels)) {
			*out = *b;
			n++;
		}
	if (n < 2)
		return NULL;
	return status_plain(500, "This pod has more than one PodDisruptionBudget, which the eviction "
				 "subresource does not support.");
}

/* Whether the Pod may go although there may be no room: it serves nobody. */
static bool is_free(node budget, node pod)
{
	node status = GET(budget, "status");

	if (health_condition_is_true(pod, S("Ready")))
		return false;
	if (str_eq(TEXT_OF(GET(budget, "spec"), "unhealthyPodEvictionPolicy"), S("AlwaysAllow")))
		return true;
	return INT_OF(status, "currentHealthy") >= INT_OF(status, "desiredHealthy") &&
	       INT_OF(status, "desiredHealthy") > 0;
}

static err *check_room(struct eviction *ev, node budget)
{
	struct arena *a = ev->r->arena;
	node status = GET(budget, "status");
	str name = meta_get(budget, S("name"));

	if (INT_OF(status, "observedGeneration") < node_int(node_dig(budget, "metadata", "generation")))
		return too_many(arena_printf(a,
					     "The disruption budget %.*s is still being processed by the "
					     "server.",
					     STR_ARG(name)),
				EVICTION_WAIT);
	if (node_len(GET(status, "disruptedPods")) > DISRUPTED_MAX)
		return status_forbidden(S("policy"), S("poddisruptionbudgets"), name,
					"DisruptedPods map too big - too many evictions not confirmed by "
					"PDB controller");
	if (INT_OF(status, "disruptionsAllowed") > 0)
		return NULL;
	return too_many(arena_printf(a,
				     "The disruption budget %.*s needs %lld healthy pods and has %lld "
				     "currently",
				     STR_ARG(name), (long long)INT_OF(status, "desiredHealthy"),
				     (long long)INT_OF(status, "currentHealthy")),
			0);
}

/* One disruption less, and the Pod noted. `again`: the budget changed meanwhile. */
static err *take_room(struct eviction *ev, node budget, bool *again)
{
	struct arena *a = ev->r->arena;
	CLEANUP(buf_release) struct buf body = BUF_INIT;
	node status = node_need_map(a, budget, S("status"));
	int64_t left = INT_OF(status, "disruptionsAllowed") - 1;
	struct server_answer answer;

	*again = false;
	TRY(check_room(ev, budget));
	if (ev->deletion.dry_run)
		return NULL;
	node_set(a, status, S("disruptionsAllowed"), node_from_int(left));
	node_set(a, node_need_map(a, status, S("disruptedPods")), ev->r->name,
		 node_from_str(a, meta_now(a)));
	tell_room(a, budget, status, left);
	TRY(json_write(&body, budget, NULL));
	server_call(ev->r->server, a,
		    &(struct server_ask){ .method = S("PUT"),
					  .path = minder_path(a, "policy/v1", S("poddisruptionbudgets"),
							      ev->r->namespace,
							      meta_get(budget, S("name")), S("status")),
					  .agent = S("kube-apiserver"),
					  .body = buf_str(&body) },
		    &answer);
	*again = answer.code == 409;
	return NULL;
}

static err *ask_budget(struct eviction *ev)
{
	bool again = true;
	node budget;

	for (int i = 0; again && i < EVICTION_TRIES; i++) {
		TRY(find_budget(ev, &budget));
		if (node_is(budget, NODE_NONE) || is_free(budget, ev->pod))
			return NULL;
		TRY(take_room(ev, budget, &again));
	}
	if (!again)
		return NULL;
	return status_err(&(struct status){
		.code = 504,
		.reason = S("Timeout"),
		.message = arena_printf(ev->r->arena,
					"Timeout: couldn't update PodDisruptionBudget \"%.*s\" due to conflicts",
					STR_ARG(meta_get(budget, S("name")))),
		.details = true,
		.retry_after = EVICTION_WAIT });
}

static err *make_target(struct change *ch, node old, node *object)
{
	struct arena *a = ch->r->arena;

	node pod = node_copy(a, old);

	sim_condition(a, node_need_map(a, pod, S("status")), "DisruptionTarget", true,
		      "EvictionByEvictionAPI", S("Eviction API: evicting"), false);
	return body_fit(a, ch->kind, pod, NULL, object);
}

/* The Pod says why it goes, and goes. */
static err *let_go(struct eviction *ev)
{
	struct change c = { .r = ev->r,
			    .kind = ev->r->kind,
			    .sub = ev->r->sub,
			    .namespace = ev->r->namespace,
			    .name = ev->r->name,
			    .internal = true,
			    .make = make_target };

	if (!ev->deletion.dry_run) {
		err *e = change_run(&c);

		change_release(&c);
		TRY(e);
	}
	return write_remove(ev->r, &ev->deletion);
}

/* A trial by the request must be none by the body alone. */
static err *check_dry_run(node list)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	node_each_item(i, list)
		buf_addf(&b, "%s%.*s", b.n ? " " : "", STR_ARG(node_str_or(*i, STR_NONE)));
	if (!b.n || str_eq(buf_str(&b), S("All")))
		return NULL;
	return status_plain(500, "Non-matching dry-run options in request and content: [All] and [%s]",
			    buf_c(&b));
}

static err *read_eviction(struct eviction *ev)
{
	const struct type *type = builtin_named(S("io.k8s.api.policy.v1.Eviction"));
	const struct kind kind = { .gvk = { S("policy"), S("v1"), S("Eviction") }, .type = type };
	struct request *r = ev->r;
	node body, options;

	TRY(options_write(r, &(struct options_of){ "CreateOptions", false, false }, &ev->options));
	TRY(body_read_older(r, kind.gvk, S("v1beta1"), type, ev->options.fields, &body));
	TRY(change_check_place(&(struct change){ .r = r, .kind = r->kind, .namespace = r->namespace,
						 .create = true },
			       body));
	const struct policies_shape shape = { &kind, S("CREATE"), ev->options.dry_run };

	TRY(policies_mutate_below(r, &shape, &body, node_null()));
	if (!str_eq(meta_get(body, S("name")), r->name))
		return status_bad_request("name in URL does not match name in Eviction object");
	TRY(policies_check_below(r, &shape, body));
	options = GET(body, "deleteOptions");
	if (ev->options.dry_run)
		TRY(check_dry_run(GET(options, "dryRun")));
	ev->deletion = (struct options_delete){
		.dry_run = ev->options.dry_run || node_len(GET(options, "dryRun")) > 0,
		.has_grace = HAS(options, "gracePeriodSeconds"),
		.grace = INT_OF(options, "gracePeriodSeconds"),
		.uid = TEXT_OF(GET(options, "preconditions"), "uid"),
		.version = TEXT_OF(GET(options, "preconditions"), "resourceVersion"),
	};
	return NULL;
}

static err *run_eviction(struct request *r)
{
	struct eviction ev = { .r = r };
	CLEANUP(blob_drop)
	struct blob *b = store_get(server_store(r->server), server_table(r->server, r->kind),
				   r->namespace, r->name);
	node done;

	TRY(read_eviction(&ev));
	if (!b)
		return status_not_found(r->group, r->plural, r->name);
	ev.pod = blob_tree(r->arena, b);
	if (!is_plain_deletion(ev.pod))
		TRY(ask_budget(&ev));
	TRY(let_go(&ev));
	TRY(json_read(r->arena,
		      S("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Success\","
			"\"code\":201}"),
		      NULL, &done));
	r->answer.code = 201;
	return view_tree(r, done);
}

const struct subresource disruption_subresources[] = {
	{ "", "pods", "eviction", run_eviction },
	{ 0 },
};

/* ---- the controller ------------------------------------------------------------- */

static void disruption_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct minder_call look = { .minder = m, .server = minder_server(m), .arena = &a };

	if (minder_is(e, "/pods")) {
		node labels = blob_labels(&a, e->now);

		node_each_item(b, minder_list(&look, S("policy"), S("poddisruptionbudgets"),
					      blob_namespace(e->now)))
			if (labelsel_matches(&a, node_dig(*b, "spec", "selector"), labels))
				minder_need(m, c,
					    &(struct minder_key){ blob_namespace(e->now),
								  meta_get(*b, S("name")), STR_NONE },
					    0);
	} else {
		sim_sees(m, c, e, "policy/poddisruptionbudgets", NULL, NULL);
	}
}

/* How many Pods their controllers should have; each controller counts once. */
static int64_t wanted_pods(struct minder_call *c, node pods)
{
	static const struct {
		const char *kind, *group, *plural;
	} scaled[] = {
		{ "ReplicaSet", "apps", "replicasets" },
		{ "StatefulSet", "apps", "statefulsets" },
		{ "ReplicationController", "", "replicationcontrollers" },
	};
	node seen = node_map(c->arena, 4);
	int64_t sum = 0;

	node_each_item(p, pods)
		node_each_item(ref, node_dig(*p, "metadata", "ownerReferences")) {
			str uid = TEXT_OF(*ref, "uid");

			if (!BOOL_OF(*ref, "controller") || node_has(seen, uid))
				continue;
			node_set(c->arena, seen, uid, node_null());
			for (size_t i = 0; i < sizeof scaled / sizeof *scaled; i++)
				if (str_eq(TEXT_OF(*ref, "kind"), str_c(scaled[i].kind)))
					sum += sim_int(minder_get(c, str_c(scaled[i].group),
								  str_c(scaled[i].plural), c->key.namespace,
								  TEXT_OF(*ref, "name")),
						       "spec", "replicas", 0);
		}
	return sum;
}

/* A number, or a percentage of `of`, rounded up. */
static int64_t share_of(node value, int64_t of)
{
	int64_t percent;

	if (check_percent(value, &percent))
		return (percent * of + 99) / 100;
	return node_int(value);
}

struct room {
	node budget, pods, disrupted;	/* disrupted: those still waited for */
	int64_t expected, healthy, desired, allowed;
};

static bool is_waited_for(node since)
{
	struct gotime t;
	err *e = gotime_parse(&t, GOTIME_RFC3339, node_str_or(since, STR_NONE), NULL);

	if (e) {
		err_free(e);
		return false;
	}
	return clock_wall() / CLOCK_SECOND - t.sec < DISRUPTED_SECONDS;
}

/* Pods that were let go and are still there, and the rest that is ready. */
static void look_at_pods(struct minder_call *c, struct room *room)
{
	node noted = node_dig(room->budget, "status", "disruptedPods");
	node labels_of = node_dig(room->budget, "spec", "selector");

	room->pods = node_seq(c->arena, 4);
	room->disrupted = node_map(c->arena, 0);
	node_each_item(p, minder_list(c, STR_NONE, S("pods"), c->key.namespace)) {
		str name = meta_get(*p, S("name"));

		if (!labelsel_matches(c->arena, labels_of, node_dig(*p, "metadata", "labels")) ||
		    IS_ONE_OF(TEXT_OF(GET(*p, "status"), "phase"), "Succeeded", "Failed"))
			continue;
		node_append(c->arena, room->pods, *p);
		if (meta_is_deleting(*p))
			continue;
		if (is_waited_for(node_get(noted, name)))
			node_set(c->arena, room->disrupted, name, node_get(noted, name));
		else
			room->healthy += sim_pod_is_ready(*p);
	}
}

static void work_out(struct minder_call *c, struct room *room)
{
	node spec = GET(room->budget, "spec"), least = GET(spec, "minAvailable");
	node most = GET(spec, "maxUnavailable");

	look_at_pods(c, room);
	room->expected = (int64_t)node_len(room->pods);
	if (!node_is_nil(most)) {
		room->expected = wanted_pods(c, room->pods);
		room->desired = room->expected - share_of(most, room->expected);
	} else if (!node_is_nil(least)) {
		if (!node_is_num(least))
			room->expected = wanted_pods(c, room->pods);
		room->desired = share_of(least, room->expected);
	}
	if (room->desired < 0)
		room->desired = 0;
	room->allowed = room->healthy - room->desired;
	if (room->expected <= 0 || room->allowed < 0)
		room->allowed = 0;
}

static err *disruption_run(struct minder_call *c, const struct controller *own)
{
	struct arena *a = c->arena;
	struct room room = { .budget = minder_get(c, S("policy"), S("poddisruptionbudgets"),
						  c->key.namespace, c->key.name) };

	if (node_is(room.budget, NODE_NONE) || meta_is_deleting(room.budget))
		return NULL;
	work_out(c, &room);
	node status = node_map(a, 8), conditions = node_dig(room.budget, "status", "conditions");

	if (node_is(conditions, NODE_SEQ))
		node_set(a, status, S("conditions"), node_copy(a, conditions));
	tell_room(a, room.budget, status, room.allowed);
	sim_number(a, status, "currentHealthy", room.healthy, true);
	sim_number(a, status, "desiredHealthy", room.desired, true);
	sim_number(a, status, "disruptionsAllowed", room.allowed, true);
	sim_number(a, status, "expectedPods", room.expected, true);
	sim_number(a, status, "observedGeneration", sim_int(room.budget, "metadata", "generation", 1), true);
	if (node_len(room.disrupted)) {
		node_set(a, status, S("disruptedPods"), room.disrupted);
		minder_need(c->minder, own, &c->key, DISRUPTED_SECONDS * CLOCK_SECOND);
	}
	return sim_put_status(c, SIM_MANAGER, "policy/v1", S("poddisruptionbudgets"), room.budget, status);
}

const struct controller disruption_controller = { .name = SIM_MANAGER,
						  .workloads = true,
						  .sees = disruption_sees,
						  .run = disruption_run };
