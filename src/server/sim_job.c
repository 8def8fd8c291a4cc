/* sim_job - Jobs: Pods until enough have succeeded, or too many failed; of indexed
 * ones, one for each number. */
#include "base/clock.h"
#include "kube/health.h"
#include "server/check.h"
#include "server/meta.h"
#include "server/sim.h"
#include "text/gotime.h"

#define TRACKING S("batch.kubernetes.io/job-tracking")

static void job_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	sim_sees(m, c, e, "batch/jobs", "/pods", "Job");
}

#define SAYS "job-controller"
#define INDEX S("batch.kubernetes.io/job-completion-index")

/* What became of one index of an indexed Job. */
struct index {
	bool done, running;
	int64_t failures;
};

struct work {
	node job, pods;
	int64_t completions, parallelism, succeeded, failed, active, ready;
	struct index *indexes;		/* `completions` of them; NULL: the Job is not indexed */
	int64_t per_index;		/* backoffLimitPerIndex; -1: there is none */
};

/* More than this many indexes are not simulated. */
enum { INDEXES_MAX = 100000 };

static int64_t index_of(node pod)
{
	uint64_t n = 0;
	str text = text_of(node_dig(pod, "metadata", "annotations"), INDEX);

	return str_to_u64(text, &n) && n < INDEXES_MAX ? (int64_t)n : -1;
}

static bool is_lost(const struct work *w, int64_t i)
{
	return w->per_index >= 0 && w->indexes[i].failures > w->per_index;
}

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
	w->pods = sim_owned(c, STR_NONE, S("pods"), w->job);
	w->parallelism = sim_int(w->job, "spec", "parallelism", 1);
	w->completions = sim_int(w->job, "spec", "completions", -1);
	w->per_index = sim_int(w->job, "spec", "backoffLimitPerIndex", -1);
	if (str_eq(TEXT_OF(GET(w->job, "spec"), "completionMode"), S("Indexed")) && w->completions >= 0 &&
	    w->completions <= INDEXES_MAX)
		w->indexes = arena_array(c->arena, struct index, (size_t)w->completions + 1);
	node_each_item(p, w->pods) {
		str phase = node_str(node_dig(*p, "status", "phase"));
		int64_t i = w->indexes ? index_of(*p) : -1;

		if (i >= 0 && i < w->completions) {
			w->indexes[i].done |= str_eq(phase, S("Succeeded"));
			w->indexes[i].failures += str_eq(phase, S("Failed"));
			w->indexes[i].running |= sim_pod_is_active(*p);
		}

		w->succeeded += str_eq(phase, S("Succeeded"));
		w->failed += str_eq(phase, S("Failed"));
		w->active += sim_pod_is_active(*p);
		w->ready += sim_pod_is_active(*p) && sim_pod_is_ready(*p);
	}
	/* an index succeeds once, however often it was tried */
	for (int64_t i = w->succeeded = w->indexes ? 0 : w->succeeded; w->indexes && i < w->completions; i++)
		w->succeeded += w->indexes[i].done;
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

static err *start_pod(struct minder_call *c, struct work *w, node pod)
{
	struct arena *a = c->arena;
	node finalizers = node_seq(a, 1), made;

	node_append(a, finalizers, node_from_str(a, TRACKING));
	node_set(a, node_get(pod, S("metadata")), S("finalizers"), finalizers);
	TRY(sim_create_pod(c, c->key.namespace, pod, &made));
	SIM_TELL(c, w->job, SAYS, "SuccessfulCreate", "Created pod: %.*s", STR_ARG(meta_get(made, S("name"))));
	w->active++;
	return NULL;
}

/* The variable by which the program in a container knows its number. */
static void add_index_variable(struct arena *a, node container)
{
	node list = GET(container, "env"), one = node_map(a, 2), from = node_map(a, 1), ref = node_map(a, 1);

	node_each_item(v, list)
		if (str_eq(TEXT_OF(*v, "name"), S("JOB_COMPLETION_INDEX")))
			return;
	node_set(a, ref, S("fieldPath"),
		 node_lit("metadata.labels['batch.kubernetes.io/job-completion-index']"));
	node_set(a, from, S("fieldRef"), ref);
	node_set(a, one, S("name"), node_lit("JOB_COMPLETION_INDEX"));
	node_set(a, one, S("valueFrom"), from);
	if (!node_is(list, NODE_SEQ)) {
		list = node_seq(a, 1);
		node_set(a, container, S("env"), list);
	}
	node_append(a, list, one);
}

static node indexed_pod(struct arena *a, const struct work *w, int64_t i)
{
	node pod = sim_pod_of(a, w->job, node_dig(w->job, "spec", "template"), STR_NONE);
	node meta = GET(pod, "metadata"), text = node_from_str(a, arena_printf(a, "%lld", (long long)i));
	str base = arena_printf(a, "%.*s-%lld", STR_ARG(meta_get(w->job, S("name"))), (long long)i);

	node_set(a, meta, S("generateName"), node_from_str(a, arena_cat(a, base, S("-"))));
	node_set(a, node_need_map(a, meta, S("annotations")), INDEX, text);
	node_set(a, node_need_map(a, meta, S("labels")), INDEX, text);
	if (!TEXT_OF(GET(pod, "spec"), "hostname").n)
		node_set(a, GET(pod, "spec"), S("hostname"), node_from_str(a, base));
	node_each_item(ct, node_dig(pod, "spec", "containers"))
		add_index_variable(a, *ct);
	node_each_item(ct, node_dig(pod, "spec", "initContainers"))
		add_index_variable(a, *ct);
	return pod;
}

static err *start_indexes(struct minder_call *c, struct work *w)
{
	for (int64_t i = 0; i < w->completions && w->active < w->parallelism; i++)
		if (!w->indexes[i].done && !w->indexes[i].running && !is_lost(w, i))
			TRY(start_pod(c, w, indexed_pod(c->arena, w, i)));
	return NULL;
}

static err *start_pods(struct minder_call *c, struct work *w)
{
	struct arena *a = c->arena;
	int64_t left = w->completions < 0 ? (w->succeeded ? 0 : w->parallelism)
					  : w->completions - w->succeeded;
	int64_t wanted = left < w->parallelism ? left : w->parallelism;

	if (w->indexes)
		return start_indexes(c, w);
	while (w->active < wanted)
		TRY(start_pod(c, w,
			      sim_pod_of(a, w->job, node_dig(w->job, "spec", "template"), STR_NONE)));
	return NULL;
}

static int64_t lost(const struct work *w)
{
	int64_t n = 0;

	for (int64_t i = 0; w->indexes && i < w->completions; i++)
		n += is_lost(w, i);
	return n;
}

/* "0-2,4": those that are done, or lost. */
static str intervals(struct arena *a, const struct work *w, bool done)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (int64_t i = 0; i < w->completions; i++) {
		int64_t first = i;

		while (i < w->completions && (done ? w->indexes[i].done : is_lost(w, i)))
			i++;
		if (i == first)
			continue;
		buf_addf(&b, "%s%lld", b.n ? "," : "", (long long)first);
		if (i - 1 > first)
			buf_addf(&b, i - 1 == first + 1 ? ",%lld" : "-%lld", (long long)(i - 1));
	}
	return arena_str(a, buf_str(&b));
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
		    clock_seconds(limit - age));
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
	if (w->indexes) {
		str done = intervals(a, w, true);

		if (done.n)
			node_set(a, status, S("completedIndexes"), node_from_str(a, done));
		if (w->per_index >= 0)
			node_set(a, status, S("failedIndexes"), node_from_str(a, intervals(a, w, false)));
	}
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
			    clock_seconds(left));
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
	if (!health_condition_is_true(w->job, S("Suspended")))
		SIM_TELL(c, w->job, SAYS, "Suspended", "Job suspended");
	sim_condition(c->arena, status, "Suspended", true, "JobSuspended", S("Job suspended"), false);
	node_each_item(cond, node_get(status, S("conditions")))
		node_set(c->arena, *cond, S("lastProbeTime"),
			 node_get(*cond, S("lastTransitionTime")));
	return put(c, w, status);
}

/* Why a Job is given up; NULL: it is not. */
struct verdict {
	const char *reason;
	str message;
};

static bool is_given_up(struct minder_call *c, const struct work *w, struct verdict *why)
{
	int64_t most = sim_int(w->job, "spec", "maxFailedIndexes", INT64_MAX), gone = lost(w);

	if (is_overdue(c, w))
		*why = (struct verdict){ "DeadlineExceeded",
					 S("Job was active longer than specified deadline") };
	else if (w->per_index < 0 && w->failed > sim_int(w->job, "spec", "backoffLimit", 6))
		*why = (struct verdict){ "BackoffLimitExceeded",
					 S("Job has reached the specified backoff limit") };
	else if (gone > most)
		*why = (struct verdict){ "MaxFailedIndexesExceeded",
					 S("Job has exceeded the specified maximal number of failed "
					   "indexes") };
	else if (gone && gone + w->succeeded >= w->completions)
		*why = (struct verdict){ "FailedIndexes", S("Job has failed indexes") };
	return why->reason != NULL;
}

/* One step of a Job that goes on: what is written about it. */
static err *advance(struct minder_call *c, struct work *w)
{
	struct arena *a = c->arena;
	struct verdict why = { 0 };
	bool given_up = is_given_up(c, w, &why), complete = !given_up && is_complete(w);

	if (given_up) {
		TRY(stop_active(c, w));
		w->failed += w->active;
		w->active = w->ready = 0;
		SIM_WARN(c, w->job, SAYS, why.reason, "%.*s", STR_ARG(why.message));
	} else if (!complete) {
		TRY(start_pods(c, w));
	}
	node status = status_of(a, w);

	if (!node_has(status, S("startTime")))
		node_set(a, status, S("startTime"), node_from_str(a, meta_now(a)));
	if (health_condition_is_true(w->job, S("Suspended")))
		SIM_TELL(c, w->job, SAYS, "Resumed", "Job resumed");
	if (!node_is_nil(health_condition(w->job, S("Suspended"))))
		sim_condition(a, status, "Suspended", false, "JobResumed", S("Job resumed"), false);
	if (given_up) {
		finish(a, status, false, why.reason, why.message);
	} else if (complete) {
		node_set(a, status, S("completionTime"), node_from_str(a, meta_now(a)));
		finish(a, status, true, "CompletionsReached",
		       S("Reached expected number of succeeded pods"));
		SIM_TELL(c, w->job, SAYS, "Completed", "Job completed");
	}
	return put(c, w, status);
}

static err *job_run(struct minder_call *c, const struct controller *own)
{
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
	return advance(c, &w);
}

const struct controller sim_job_controller = { .name = SIM_MANAGER,
					       .workloads = true,
					       .sees = job_sees,
					       .run = job_run };
