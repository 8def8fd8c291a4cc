/* sim_job - Jobs: Pods until enough have succeeded, or too many failed. */
#include "base/clock.h"
#include "kube/health.h"
#include "server/meta.h"
#include "server/sim.h"
#include "text/gotime.h"

#define TRACKING S("batch.kubernetes.io/job-tracking")

static void job_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	sim_sees(m, c, e, "batch/jobs", "/pods", "Job");
}

struct work {
	node job, pods;
	int64_t completions, parallelism, succeeded, failed, active, ready;
};

/* What ended is counted in the status and need not stay: its Pod is let go. */
static err *let_go(struct minder_call *c, node pod)
{
	struct arena *a = c->arena;
	node patch = node_map(a, 1), metadata = node_map(a, 1), left = node_seq(a, 1);
	node finalizers = node_dig(pod, "metadata", "finalizers");

	if (!meta_has_finalizer(pod, TRACKING))
		return NULL;
	node_each_item(f, finalizers)
		if (!str_eq(node_str(*f), TRACKING))
			node_append(a, left, *f);
	node_set(a, metadata, S("finalizers"), node_len(left) ? left : node_null());
	node_set(a, patch, S("metadata"), metadata);
	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = SIM_MANAGER,
					.method = S("PATCH"),
					.type = S("application/merge-patch+json"),
					.path = minder_path(a, "v1", S("pods"), c->key.namespace,
							    meta_get(pod, S("name")), STR_NONE),
					.body = patch },
		NULL));
}

static void count(struct minder_call *c, struct work *w)
{
	w->pods = sim_owned(c->arena, minder_list(c, STR_NONE, S("pods"), c->key.namespace), w->job);
	w->parallelism = sim_int(w->job, "spec", "parallelism", 1);
	w->completions = sim_int(w->job, "spec", "completions", -1);
	node_each_item(p, w->pods) {
		str phase = node_str(node_dig(*p, "status", "phase"));

		w->succeeded += str_eq(phase, S("Succeeded"));
		w->failed += str_eq(phase, S("Failed"));
		w->active += sim_pod_is_active(*p);
		w->ready += sim_pod_is_active(*p) && sim_pod_is_ready(*p);
	}
}

static err *stop_active(struct minder_call *c, struct work *w)
{
	node_each_item(p, w->pods)
		if (sim_pod_is_active(*p)) {
			TRY(let_go(c, *p));
			TRY(sim_delete_pod(c, *p));
		}
	return NULL;
}

static err *start_pods(struct minder_call *c, struct work *w)
{
	struct arena *a = c->arena;
	int64_t left = w->completions < 0 ? (w->succeeded ? 0 : w->parallelism)
					  : w->completions - w->succeeded;
	int64_t wanted = left < w->parallelism ? left : w->parallelism;

	for (int64_t i = w->active; i < wanted; i++) {
		node pod = sim_pod_of(a, w->job, node_dig(w->job, "spec", "template"), STR_NONE);
		node finalizers = node_seq(a, 1);

		node_append(a, finalizers, node_from_str(a, TRACKING));
		node_set(a, node_get(pod, S("metadata")), S("finalizers"), finalizers);
		TRY(sim_create_pod(c, c->key.namespace, pod));
	}
	w->active = wanted > w->active ? wanted : w->active;
	return NULL;
}

static bool is_complete(const struct work *w)
{
	if (w->completions >= 0)
		return w->succeeded >= w->completions;
	return w->succeeded > 0 && !w->active;
}

static bool is_overdue(struct minder_call *c, const struct work *w)
{
	int64_t limit = sim_int(w->job, "spec", "activeDeadlineSeconds", -1);
	struct gotime start;
	err *e = gotime_parse(&start, GOTIME_RFC3339,
			      node_str(node_dig(w->job, "status", "startTime")), NULL);

	if (e || limit < 0) {
		err_free(e);
		return false;
	}
	int64_t age = clock_wall() / CLOCK_SECOND - start.sec;

	if (age >= limit)
		return true;
	minder_need(c->minder, &sim_job_controller,
		    &(struct minder_key){ c->key.namespace, c->key.name, S("deadline") },
		    (limit - age) * CLOCK_SECOND);
	return false;
}

static void finish(struct arena *a, node status, bool well, const char *reason, str message)
{
	sim_condition(a, status, well ? "SuccessCriteriaMet" : "FailureTarget", true, reason, message,
		      false);
	sim_condition(a, status, well ? "Complete" : "Failed", true, reason, message, false);
	node_each_item(cond, node_get(status, S("conditions")))
		node_set(a, *cond, S("lastProbeTime"), node_get(*cond, S("lastTransitionTime")));
}

static node status_of(struct arena *a, const struct work *w)
{
	node status = node_copy(a, node_get(w->job, S("status")));

	if (!node_is(status, NODE_MAP))
		status = node_map(a, 8);
	sim_number(a, status, "active", w->active, false);
	sim_number(a, status, "ready", w->ready, true);
	sim_number(a, status, "terminating", 0, true);
	sim_number(a, status, "succeeded", w->succeeded, false);
	sim_number(a, status, "failed", w->failed, false);
	node_set(a, status, S("uncountedTerminatedPods"), node_map(a, 0));
	return status;
}

/* A Job that has ended goes when its time is up. */
static err *expire(struct minder_call *c, node job)
{
	int64_t ttl = sim_int(job, "spec", "ttlSecondsAfterFinished", -1);
	node ended = health_condition(job, S("Complete"));
	struct gotime at;

	if (node_is_nil(ended))
		ended = health_condition(job, S("Failed"));
	err *e = ttl < 0 ? err_new(ERR_NOT_FOUND, "no end")
			 : gotime_parse(&at, GOTIME_RFC3339,
					node_str(node_get(ended, S("lastTransitionTime"))), NULL);

	if (e) {
		err_free(e);
		return NULL;
	}
	int64_t left = at.sec + ttl - clock_wall() / CLOCK_SECOND;

	if (left > 0) {
		minder_need(c->minder, &sim_job_controller,
			    &(struct minder_key){ c->key.namespace, c->key.name, S("ttl") },
			    left * CLOCK_SECOND);
		return NULL;
	}
	str path = minder_path(c->arena, "batch/v1", S("jobs"), c->key.namespace, c->key.name, STR_NONE);

	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = SIM_MANAGER,
					.method = S("DELETE"),
					.path = arena_cat(c->arena, path,
							  S("?propagationPolicy=Foreground")),
					.body = NODE_NOTHING },
		NULL));
}

static err *put(struct minder_call *c, struct work *w, node status)
{
	return sim_put_status(c, SIM_MANAGER, "batch/v1", S("jobs"), w->job, status);
}

static err *suspend(struct minder_call *c, struct work *w)
{
	TRY(stop_active(c, w));
	w->active = w->ready = 0;
	node status = status_of(c->arena, w);

	node_remove(status, S("startTime"));
	sim_condition(c->arena, status, "Suspended", true, "JobSuspended", S("Job suspended"), false);
	node_each_item(cond, node_get(status, S("conditions")))
		node_set(c->arena, *cond, S("lastProbeTime"),
			 node_get(*cond, S("lastTransitionTime")));
	return put(c, w, status);
}

static err *job_run(struct minder_call *c, const struct controller *own)
{
	struct arena *a = c->arena;
	struct work w = { .job = minder_get(c, S("batch"), S("jobs"), c->key.namespace, c->key.name) };

	(void)own;
	if (node_is(w.job, NODE_NONE) || meta_is_deleting(w.job))
		return NULL;
	count(c, &w);
	node_each_item(p, w.pods)
		if (!sim_pod_is_active(*p))
			TRY(let_go(c, *p));
	if (health_condition_is_true(w.job, S("Complete")) ||
	    health_condition_is_true(w.job, S("Failed")))
		return expire(c, w.job);
	if (node_bool(node_dig(w.job, "spec", "suspend")))
		return suspend(c, &w);
	bool overdue = is_overdue(c, &w);
	bool broken = w.failed > sim_int(w.job, "spec", "backoffLimit", 6);

	if (overdue || broken) {
		TRY(stop_active(c, &w));
		w.active = w.ready = 0;
	} else if (!is_complete(&w)) {
		TRY(start_pods(c, &w));
	}
	node status = status_of(a, &w);

	if (!node_has(status, S("startTime")))
		node_set(a, status, S("startTime"), node_from_str(a, meta_now(a)));
	if (!node_is_nil(health_condition(w.job, S("Suspended"))))
		sim_condition(a, status, "Suspended", false, "JobResumed", S("Job resumed"), false);
	if (overdue) {
		finish(a, status, false, "DeadlineExceeded",
		       S("Job was active longer than specified deadline"));
	} else if (broken) {
		finish(a, status, false, "BackoffLimitExceeded",
		       S("Job has reached the specified backoff limit"));
	} else if (is_complete(&w)) {
		node_set(a, status, S("completionTime"), node_from_str(a, meta_now(a)));
		finish(a, status, true, "CompletionsReached",
		       S("Reached expected number of succeeded pods"));
	}
	return put(c, &w, status);
}

const struct controller sim_job_controller = { .name = SIM_MANAGER,
					       .workloads = true,
					       .sees = job_sees,
					       .run = job_run };
