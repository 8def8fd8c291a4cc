/* sim_cron - CronJobs: Jobs when it is time for them.
 *
 * As the original's controller: of times that were missed only the last is made up for,
 * unless its deadline has passed; what is too much of the history goes. */
#include "base/clock.h"
#include "base/zoneinfo.h"
#include "kube/health.h"
#include "server/check.h"
#include "server/meta.h"
#include "server/sim.h"
#include "text/cron.h"
#include "text/gotime.h"

#define SAYS "cronjob-controller"
#define SCHEDULED S("batch.kubernetes.io/cronjob-scheduled-timestamp")

/* Times that were missed beyond this many are not counted any further. */
enum { MISSED_MAX = 100 };

static void cron_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	sim_sees(m, c, e, "batch/cronjobs", "batch/jobs", "CronJob");
}

static int64_t seconds_of(str time)
{
	struct gotime t;
	err *e = time.n ? gotime_parse(&t, GOTIME_RFC3339, time, NULL) : err_new(ERR_INVALID, "none");

	if (e) {
		err_free(e);
		return -1;
	}
	return t.sec;
}

static str time_text(struct arena *a, int64_t sec)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gotime_format(&b, gotime_utc(sec, 0), GOTIME_RFC3339);
	return arena_str(a, buf_str(&b));
}

/* ---- Jobs --------------------------------------------------------------- */

struct plan {
	node cron, jobs;
	int64_t now, due, next;		/* due: the last time that has come and was not used; -1 */
	size_t active;
};

static bool has_ended(node job)
{
	return health_condition_is_true(job, S("Complete")) || health_condition_is_true(job, S("Failed"));
}

static err *delete_job(struct minder_call *c, node job)
{
	str path = minder_path(c->arena, "batch/v1", S("jobs"), c->key.namespace,
			       meta_get(job, S("name")), STR_NONE);

	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = SIM_MANAGER,
					.method = S("DELETE"),
					.path = arena_cat(c->arena, path,
							  S("?propagationPolicy=Background")),
					.body = NODE_NOTHING },
		NULL));
}

static node job_of(struct arena *a, node cron, int64_t due)
{
	node template = node_dig(cron, "spec", "jobTemplate"), job = node_map(a, 4);
	node metadata = node_copy(a, GET(template, "metadata"));

	if (!node_is(metadata, NODE_MAP))
		metadata = node_map(a, 4);
	node_set(a, node_need_map(a, metadata, S("annotations")), SCHEDULED,
		 node_from_str(a, time_text(a, due)));
	node_set(a, metadata, S("name"),
		 node_from_str(a, arena_printf(a, "%.*s-%lld", STR_ARG(meta_get(cron, S("name"))),
					       (long long)(due / 60))));
	node_set(a, metadata, S("ownerReferences"), sim_owner_refs(a, cron));
	node_set(a, job, S("apiVersion"), node_lit("batch/v1"));
	node_set(a, job, S("kind"), node_lit("Job"));
	node_set(a, job, S("metadata"), metadata);
	node_set(a, job, S("spec"), node_copy(a, GET(template, "spec")));
	return job;
}

/* What is due is made, unless the last one still runs and must not be disturbed. */
static err *start(struct minder_call *c, struct plan *p)
{
	struct arena *a = c->arena;
	str policy = TEXT_OF(GET(p->cron, "spec"), "concurrencyPolicy");
	int64_t deadline = sim_int(p->cron, "spec", "startingDeadlineSeconds", -1);
	node job = job_of(a, p->cron, p->due), made;

	if (deadline >= 0 && p->now - p->due > deadline) {
		SIM_WARN(c, p->cron, SAYS, "MissSchedule", "Missed scheduled time to start a job: %.*s",
			 STR_ARG(time_text(a, p->due)));
		return NULL;
	}
	if (str_eq(policy, S("Forbid")) && p->active) {
		SIM_TELL(c, p->cron, SAYS, "JobAlreadyActive",
			 "Not starting job because prior execution is running and concurrency policy is "
			 "Forbid");
		return NULL;
	}
	node_each_item(j, p->jobs)
		if (str_eq(policy, S("Replace")) && !has_ended(*j))
			TRY(delete_job(c, *j));
	err *e = minder_write(c,
			      &(struct minder_write){
				      .agent = SIM_MANAGER,
				      .method = S("POST"),
				      .path = minder_path(a, "batch/v1", S("jobs"), c->key.namespace,
							  STR_NONE, STR_NONE),
				      .body = job },
			      &made);

	if (!e) {
		node_append(a, p->jobs, made);
		SIM_TELL(c, p->cron, SAYS, "SuccessfulCreate", "Created job %.*s",
			 STR_ARG(meta_get(job, S("name"))));
	} else if (err_code(e) != 409) {
		e = minder_refusal(a, e);
		SIM_WARN(c, p->cron, SAYS, "FailedCreate", "Error creating job: %s", err_msg(e));
		return e;
	}
	err_free(e);
	return NULL;
}

/* ---- when ----------------------------------------------------------------- */

/* The times between the last one that was used and now, and the next one. */
static err *look_at_clock(struct minder_call *c, struct plan *p)
{
	node spec = GET(p->cron, "spec");
	const struct tz *zone;
	struct cron schedule;
	int64_t last = seconds_of(TEXT_OF(GET(p->cron, "status"), "lastScheduleTime"));

	if (last < 0)
		last = seconds_of(meta_get(p->cron, S("creationTimestamp")));
	TRY(cron_parse(TEXT_OF(spec, "schedule"), &schedule));
	TRY(tz_find(c->arena, &(struct tz_source){ .load = zoneinfo_load }, TEXT_OF(spec, "timeZone"), &zone));
	p->now = clock_wall() / CLOCK_SECOND;
	p->due = -1;
	p->next = cron_next(&schedule, last, zone);
	for (int i = 0; p->next >= 0 && p->next <= p->now; i++) {
		p->due = p->next;
		/* so long ago that only the last one matters: go on from near now */
		p->next = cron_next(&schedule, i < MISSED_MAX ? p->next : p->now - 60, zone);
	}
	return NULL;
}

/* ---- what is left ------------------------------------------------------------ */

/* The oldest first, until no more than `keep` are left that ended that way. */
static err *thin(struct minder_call *c, struct plan *p, const char *how, int64_t keep)
{
	int64_t n = 0;

	node_each_item(j, p->jobs)
		n += health_condition_is_true(*j, str_c(how));
	for (; n > keep; n--) {
		node oldest = NODE_NOTHING;

		node_each_item(j, p->jobs)
			if (health_condition_is_true(*j, str_c(how)) && !meta_is_deleting(*j) &&
			    (node_is(oldest, NODE_NONE) ||
			     str_cmp(meta_get(*j, S("creationTimestamp")),
				     meta_get(oldest, S("creationTimestamp"))) < 0))
				oldest = *j;
		if (node_is(oldest, NODE_NONE))
			return NULL;
		TRY(delete_job(c, oldest));
		node_set(c->arena, GET(oldest, "metadata"), S("deletionTimestamp"), node_lit("now"));
	}
	return NULL;
}

static node ref_to(struct arena *a, node job)
{
	static const str kept[] = { S("name"), S("namespace"), S("resourceVersion"), S("uid") };
	node ref = node_map(a, 6);

	node_set(a, ref, S("apiVersion"), node_lit("batch/v1"));
	node_set(a, ref, S("kind"), node_lit("Job"));
	for (size_t i = 0; i < 4; i++)
		node_set(a, ref, kept[i], node_from_str(a, meta_get(job, kept[i])));
	return ref;
}

static bool is_listed(node active, node job)
{
	node_each_item(ref, active)
		if (str_eq(TEXT_OF(*ref, "uid"), meta_get(job, S("uid"))))
			return true;
	return false;
}

/* A reference to a Job that runs: as it was noted before, versions included, or every
 * change of a Job would be one here. */
static node noted(struct arena *a, node before, node job)
{
	node ref = ref_to(a, job);

	node_each_item(was, before)
		if (str_eq(TEXT_OF(*was, "uid"), TEXT_OF(ref, "uid")))
			return *was;
	return ref;
}

static void tell_ended(struct minder_call *c, const struct plan *p, node job)
{
	SIM_TELL(c, p->cron, SAYS, "SawCompletedJob", "Saw completed job: %.*s, condition: %s",
		 STR_ARG(meta_get(job, S("name"))),
		 health_condition_is_true(job, S("Complete")) ? "Complete" : "Failed");
}

static err *tell(struct minder_call *c, struct plan *p)
{
	struct arena *a = c->arena;
	node old = GET(p->cron, "status"), active = node_seq(a, 1), status = node_map(a, 3);
	str best = TEXT_OF(old, "lastSuccessfulTime");

	node_each_item(j, p->jobs) {
		str done = TEXT_OF(GET(*j, "status"), "completionTime");

		if (health_condition_is_true(*j, S("Complete")) && str_cmp(done, best) > 0)
			best = done;
		if (has_ended(*j) && is_listed(GET(old, "active"), *j))
			tell_ended(c, p, *j);
		if (!has_ended(*j) && !meta_is_deleting(*j))
			node_append(a, active, noted(a, GET(old, "active"), *j));
	}
	if (node_len(active))
		node_set(a, status, S("active"), active);
	node_copy_field(a, status, old, S("lastScheduleTime"));
	if (p->due >= 0)
		node_set(a, status, S("lastScheduleTime"), node_from_str(a, time_text(a, p->due)));
	if (best.n)
		node_set(a, status, S("lastSuccessfulTime"), node_from_str(a, best));
	return sim_put_status(c, SIM_MANAGER, "batch/v1", S("cronjobs"), p->cron, status);
}

static err *cron_run(struct minder_call *c, const struct controller *own)
{
	struct plan p = { .cron = minder_get(c, S("batch"), S("cronjobs"), c->key.namespace, c->key.name),
			  .due = -1 };

	if (node_is(p.cron, NODE_NONE) || meta_is_deleting(p.cron))
		return NULL;
	p.jobs = sim_owned(c, S("batch"), S("jobs"), p.cron);
	node_each_item(j, p.jobs)
		p.active += !has_ended(*j);
	if (!BOOL_OF(GET(p.cron, "spec"), "suspend")) {
		TRY(look_at_clock(c, &p));
		if (p.due >= 0)
			TRY(start(c, &p));
		if (p.next >= 0)
			minder_need(c->minder, own,
				    &(struct minder_key){ c->key.namespace, c->key.name, S("clock") },
				    clock_seconds(p.next - p.now));
	}
	TRY(tell(c, &p));
	TRY(thin(c, &p, "Complete", sim_int(p.cron, "spec", "successfulJobsHistoryLimit", 3)));
	return thin(c, &p, "Failed", sim_int(p.cron, "spec", "failedJobsHistoryLimit", 1));
}

const struct controller sim_cron_controller = { .name = SIM_MANAGER,
						.workloads = true,
						.sees = cron_sees,
						.run = cron_run };
