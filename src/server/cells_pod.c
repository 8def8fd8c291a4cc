#include "base/clock.h"
#include "server/cells_impl.h"
#include "server/labelsel.h"

/* What a Pod is doing, in the words of `kubectl get pods`. */
struct pod_state {
	struct arena *a;
	node pod;
	str reason;
	size_t ready, total;
	int64_t restarts;
	int64_t restarted;	/* when the last one was, nanoseconds since 1970; INT64_MIN: never */
	int64_t sidecar_restarts, sidecar_restarted;
};

static str text_of(node object, str key)
{
	return node_str_or(node_get(object, key), STR_NONE);
}

static bool is_sidecar(node pod, str name)
{
	node_each_item(c, cells_dig(pod, "spec.initContainers"))
		if (str_eq(text_of(*c, S("name")), name))
			return str_eq(text_of(*c, S("restartPolicy")), S("Always"));
	return false;
}

static void note_restart(node status, int64_t *last)
{
	int64_t at;

	if (age_instant(node_dig(status, "lastState", "terminated", "finishedAt"), &at) && at > *last)
		*last = at;
}

/* "ERROR" of a container that ended: its reason, signal or exit code. */
static str ended(struct arena *a, const char *prefix, node terminated)
{
	str reason = text_of(terminated, S("reason"));
	long long signal = cells_int(terminated, "signal");

	if (reason.n)
		return arena_printf(a, "%s%.*s", prefix, STR_ARG(reason));
	if (signal)
		return arena_printf(a, "%sSignal:%lld", prefix, signal);
	return arena_printf(a, "%sExitCode:%lld", prefix, cells_int(terminated, "exitCode"));
}

/* One init container; true when the Pod does not come further than here. */
static bool init_stops(struct pod_state *s, node status, size_t index)
{
	node terminated = node_dig(status, "state", "terminated");
	str waiting = node_str_or(node_dig(status, "state", "waiting", "reason"), STR_NONE);
	bool sidecar = is_sidecar(s->pod, text_of(status, S("name")));

	s->restarts += node_int(node_get(status, S("restartCount")));
	note_restart(status, &s->restarted);
	if (sidecar) {
		s->sidecar_restarts += node_int(node_get(status, S("restartCount")));
		note_restart(status, &s->sidecar_restarted);
	}
	if (!node_is_nil(terminated) && cells_int(terminated, "exitCode") == 0)
		return false;
	if (sidecar && node_bool(node_get(status, S("started")))) {
		s->ready += node_bool(node_get(status, S("ready")));
		return false;
	}
	if (!node_is_nil(terminated))
		s->reason = ended(s->a, "Init:", terminated);
	else if (waiting.n && !str_eq(waiting, S("PodInitializing")))
		s->reason = arena_printf(s->a, "Init:%.*s", STR_ARG(waiting));
	else
		s->reason = arena_printf(s->a, "Init:%zu/%zu", index,
					 node_len(cells_dig(s->pod, "spec.initContainers")));
	return true;
}

static bool initialize(struct pod_state *s)
{
	node statuses = cells_dig(s->pod, "status.initContainerStatuses");

	for (size_t i = 0; i < node_len(statuses); i++)
		if (init_stops(s, node_at(statuses, i), i))
			return true;
	return false;
}

static void run_containers(struct pod_state *s)
{
	node statuses = cells_dig(s->pod, "status.containerStatuses");
	node conditions = cells_dig(s->pod, "status.conditions");
	bool running = false;
	str error = STR_NONE;

	s->restarts = s->sidecar_restarts;
	s->restarted = s->sidecar_restarted;
	for (size_t i = node_len(statuses); i-- > 0;) {
		node status = node_at(statuses, i), state = node_get(status, S("state"));
		node terminated = node_get(state, S("terminated"));
		str waiting = text_of(node_get(state, S("waiting")), S("reason"));

		s->restarts += node_int(node_get(status, S("restartCount")));
		note_restart(status, &s->restarted);
		if (waiting.n) {
			s->reason = waiting;
		} else if (!node_is_nil(terminated)) {
			s->reason = ended(s->a, "", terminated);
			if (cells_int(terminated, "exitCode"))
				error = s->reason;
		} else if (node_bool(node_get(status, S("ready"))) &&
			   !node_is_nil(node_get(state, S("running")))) {
			running = true;
			s->ready++;
		}
	}
	if (!str_eq(s->reason, S("Completed")))
		return;
	if (running && cells_condition(conditions, S("Ready"), S("True")))
		s->reason = S("Running");
	else if (error.n)
		s->reason = error;
	else if (running)
		s->reason = S("NotReady");
}

static bool is_gated(node pod)
{
	node_each_item(c, cells_dig(pod, "status.conditions"))
		if (str_eq(text_of(*c, S("type")), S("PodScheduled")) &&
		    str_eq(text_of(*c, S("reason")), S("SchedulingGated")))
			return true;
	return false;
}

static struct pod_state state_of(struct arena *a, node pod)
{
	str phase = cells_text(pod, "status.phase"), reason = cells_text(pod, "status.reason");
	bool over = str_eq(phase, S("Succeeded")) || str_eq(phase, S("Failed"));
	struct pod_state s = {
		.a = a, .pod = pod, .restarted = INT64_MIN, .sidecar_restarted = INT64_MIN,
		.reason = is_gated(pod) ? S("SchedulingGated") : reason.n ? reason : phase,
		.total = node_len(cells_dig(pod, "spec.containers")),
	};

	node_each_item(c, cells_dig(pod, "spec.initContainers"))
		s.total += str_eq(text_of(*c, S("restartPolicy")), S("Always"));
	if (!initialize(&s) ||
	    cells_condition(cells_dig(pod, "status.conditions"), S("Initialized"), S("True")))
		run_containers(&s);
	if (node_is_nil(cells_dig(pod, "metadata.deletionTimestamp")))
		return s;
	if (str_eq(reason, S("NodeLost")))
		s.reason = S("Unknown");
	else if (!over)
		s.reason = S("Terminating");
	return s;
}

static node pod_ready(struct arena *a, node pod)
{
	struct pod_state s = state_of(a, pod);

	return node_from_str(a, arena_printf(a, "%zu/%zu", s.ready, s.total));
}

static node pod_status(struct arena *a, node pod)
{
	return node_from_str(a, state_of(a, pod).reason);
}

static node pod_restarts(struct arena *a, node pod)
{
	struct pod_state s = state_of(a, pod);
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addf(&b, "%lld", (long long)s.restarts);
	if (s.restarts && s.restarted != INT64_MIN) {
		buf_add(&b, S(" ("));
		age_add(&b, clock_wall() - s.restarted);
		buf_add(&b, S(" ago)"));
	}
	return cells_done(a, &b);
}

static node pod_ip(struct arena *a, node pod)
{
	return cells_or(a, text_of(node_at(cells_dig(pod, "status.podIPs"), 0), S("ip")), S("<none>"));
}

static node pod_node(struct arena *a, node pod)
{
	return cells_or(a, cells_text(pod, "spec.nodeName"), S("<none>"));
}

static node pod_nominated(struct arena *a, node pod)
{
	return cells_or(a, cells_text(pod, "status.nominatedNodeName"), S("<none>"));
}

static node pod_gates(struct arena *a, node pod)
{
	node gates = cells_dig(pod, "spec.readinessGates");
	node conditions = cells_dig(pod, "status.conditions");
	size_t open = 0;

	if (!node_len(gates))
		return node_lit("<none>");
	node_each_item(gate, gates)
		open += cells_condition(conditions, text_of(*gate, S("conditionType")), S("True"));
	return node_from_str(a, arena_printf(a, "%zu/%zu", open, node_len(gates)));
}

CELLS(pods, CELL_NAME, CELL_OF(pod_ready), CELL_OF(pod_status), CELL_OF(pod_restarts), CELL_AGE,
      CELL_OF(pod_ip), CELL_OF(pod_node), CELL_OF(pod_nominated), CELL_OF(pod_gates))

/* ---- templates of pods -------------------------------------------------- */

static node names(struct arena *a, node object)
{
	return cells_containers(a, cells_dig(object, "spec.template.spec.containers"), S("name"));
}

static node images(struct arena *a, node object)
{
	return cells_containers(a, cells_dig(object, "spec.template.spec.containers"), S("image"));
}

static node selector_text(struct arena *a, node selector)
{
	str text;

	if (!labelsel_text(a, selector, &text))
		return node_lit("<error>");
	return cells_or(a, text, S("<none>"));
}

static node selector(struct arena *a, node object)
{
	return selector_text(a, cells_dig(object, "spec.selector"));
}

static node labels_or_none(struct arena *a, node labels)
{
	return cells_or(a, labelsel_labels(a, labels), S("<none>"));
}

static node template_names(struct arena *a, node object)
{
	return cells_containers(a, cells_dig(object, "template.spec.containers"), S("name"));
}

static node template_images(struct arena *a, node object)
{
	return cells_containers(a, cells_dig(object, "template.spec.containers"), S("image"));
}

static node template_labels(struct arena *a, node object)
{
	return labels_or_none(a, cells_dig(object, "template.metadata.labels"));
}

CELLS(podtemplates, CELL_NAME, CELL_OF(template_names), CELL_OF(template_images),
      CELL_OF(template_labels))

static node label_selector(struct arena *a, node object)
{
	return labels_or_none(a, cells_dig(object, "spec.selector"));
}

#define REPLICA_CELLS                                                                        \
	CELL_NAME, CELL_NUMBER("spec.replicas"), CELL_NUMBER("status.replicas"),             \
		CELL_NUMBER("status.readyReplicas"), CELL_AGE, CELL_OF(names), CELL_OF(images)

CELLS(replicasets, REPLICA_CELLS, CELL_OF(selector))
CELLS(replicationcontrollers, REPLICA_CELLS, CELL_OF(label_selector))

static node ready_of_replicas(struct arena *a, node object)
{
	return node_from_str(a, arena_printf(a, "%lld/%lld", cells_int(object, "status.readyReplicas"),
					     cells_int(object, "spec.replicas")));
}

/* Here an empty selector is empty, and a bad one has another name. */
static node deployment_selector(struct arena *a, node object)
{
	str text;

	if (!labelsel_text(a, cells_dig(object, "spec.selector"), &text))
		return node_lit("<invalid>");
	return node_from_str(a, text);
}

CELLS(deployments, CELL_NAME, CELL_OF(ready_of_replicas), CELL_NUMBER("status.updatedReplicas"),
      CELL_NUMBER("status.availableReplicas"), CELL_AGE, CELL_OF(names), CELL_OF(images),
      CELL_OF(deployment_selector))
CELLS(statefulsets, CELL_NAME, CELL_OF(ready_of_replicas), CELL_AGE, CELL_OF(names), CELL_OF(images))

static node node_selector(struct arena *a, node object)
{
	return labels_or_none(a, cells_dig(object, "spec.template.spec.nodeSelector"));
}

CELLS(daemonsets, CELL_NAME, CELL_NUMBER("status.desiredNumberScheduled"),
      CELL_NUMBER("status.currentNumberScheduled"), CELL_NUMBER("status.numberReady"),
      CELL_NUMBER("status.updatedNumberScheduled"), CELL_NUMBER("status.numberAvailable"),
      CELL_OF(node_selector), CELL_AGE, CELL_OF(names), CELL_OF(images), CELL_OF(selector))

/* ---- jobs --------------------------------------------------------------- */

static node job_status(struct arena *a, node job)
{
	static const struct {
		str condition, word;
	} states[] = {
		{ S("Complete"), S("Complete") },
		{ S("Failed"), S("Failed") },
		{ S(""), S("Terminating") },
		{ S("Suspended"), S("Suspended") },
		{ S("FailureTarget"), S("FailureTarget") },
		{ S("SuccessCriteriaMet"), S("SuccessCriteriaMet") },
	};
	node conditions = cells_dig(job, "status.conditions");

	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (states[i].condition.n ? cells_condition(conditions, states[i].condition, S("True"))
					  : !node_is_nil(cells_dig(job, "metadata.deletionTimestamp")))
			return node_from_str(a, states[i].word);
	return node_lit("Running");
}

static node job_completions(struct arena *a, node job)
{
	node completions = cells_dig(job, "spec.completions");
	long long done = cells_int(job, "status.succeeded");
	long long parallelism = cells_int(job, "spec.parallelism");

	if (!node_is_nil(completions))
		return node_from_str(a, arena_printf(a, "%lld/%lld", done,
						     (long long)node_int(completions)));
	if (parallelism > 1)
		return node_from_str(a, arena_printf(a, "%lld/1 of %lld", done, parallelism));
	return node_from_str(a, arena_printf(a, "%lld/1", done));
}

static node job_duration(struct arena *a, node job)
{
	node start = cells_dig(job, "status.startTime"), end = cells_dig(job, "status.completionTime");
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (node_is_nil(start))
		return node_lit("");
	if (node_is_nil(end))
		return age_since(a, start);
	age_add(&b, age_between(start, end));
	return cells_done(a, &b);
}

CELLS(jobs, CELL_NAME, CELL_OF(job_status), CELL_OF(job_completions), CELL_OF(job_duration),
      CELL_AGE, CELL_OF(names), CELL_OF(images), CELL_OF(selector))

static node cron_suspend(struct arena *a, node cron)
{
	node suspend = cells_dig(cron, "spec.suspend");

	(void)a;
	if (node_is_nil(suspend))
		return node_lit("<unset>");
	return node_bool(suspend) ? node_lit("True") : node_lit("False");
}

static node cron_names(struct arena *a, node cron)
{
	return names(a, cells_dig(cron, "spec.jobTemplate"));
}

static node cron_images(struct arena *a, node cron)
{
	return images(a, cells_dig(cron, "spec.jobTemplate"));
}

static node cron_selector(struct arena *a, node cron)
{
	return selector(a, cells_dig(cron, "spec.jobTemplate"));
}

CELLS(cronjobs, CELL_NAME, CELL_AT("spec.schedule"), CELL_OR("spec.timeZone", "<none>"),
      CELL_OF(cron_suspend), CELL_LENGTH("status.active"),
      { CELL_SINCE, .path = "status.lastScheduleTime", .fallback = "<none>" }, CELL_AGE,
      CELL_OF(cron_names), CELL_OF(cron_images), CELL_OF(cron_selector))

static node pod_selector(struct arena *a, node policy)
{
	node s = cells_dig(policy, "spec.podSelector");

	return node_is_nil(s) ? node_lit("<none>") : selector_text(a, s);
}

CELLS(networkpolicies, CELL_NAME, CELL_OF(pod_selector), CELL_AGE)
