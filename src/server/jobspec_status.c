/* What may be written into the status of a Job, and what of it may change. */
#include "base/buf.h"
#include "server/gostruct.h"
#include "server/jobspec.h"

/* A Job as its conditions say it is. */
struct state {
	bool complete, failed, failure_target, success, finished;
};

static struct state state_of(node job)
{
	struct state s = {
		.complete = jobspec_has_condition(job, S("Complete")),
		.failed = jobspec_has_condition(job, S("Failed")),
		.failure_target = jobspec_has_condition(job, S("FailureTarget")),
		.success = jobspec_has_condition(job, S("SuccessCriteriaMet")),
	};

	s.finished = s.complete || s.failed;
	return s;
}

struct change {
	struct fielderrs *e;
	const struct at *at;	/* of the status */
	node spec, now, was;	/* status */
	struct state is, before;
};

static bool differs(const struct change *c, const char *field)
{
	return !check_same(node_get(c->now, str_c(field)), node_get(c->was, str_c(field)));
}

static void conditions(const struct change *c, const char *why)
{
	fielderr_invalid_bare(c->e, check_at(c->e->arena, AT(c->at, "conditions")), "%s", why);
}

static void check_uids(struct fielderrs *e, const struct at *at, node list, node seen)
{
	for (size_t i = 0; i < node_len(list); i++) {
		str uid = node_str_or(node_at(list, i), STR_NONE);

		if (!uid.n)
			check_invalid_text(e, AT_I(at, i), uid, "must not be empty");
		else if (node_has(seen, uid))
			check_duplicate(e, AT_I(at, i), node_at(list, i));
		else
			node_set(e->arena, seen, uid, node_null());
	}
}

static void check_numbers(const struct change *c)
{
	static const str fields[] = { S("active"), S("succeeded"), S("failed"), S("ready"),
				      S("terminating") };
	node uncounted = GET(c->now, "uncountedTerminatedPods"), seen = node_map(c->e->arena, 0);
	const struct at *at = AT(c->at, "uncountedTerminatedPods");

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		check_non_negative(c->e, AT_NAMED(c->at, fields[i]), node_get(c->now, fields[i]));
	check_uids(c->e, AT(at, "succeeded"), GET(uncounted, "succeeded"), seen);
	check_uids(c->e, AT(at, "failed"), GET(uncounted, "failed"), seen);
}

static void check_completion(const struct change *c)
{
	node done = GET(c->now, "completionTime"), start = GET(c->now, "startTime");
	bool complete = c->is.complete != c->before.complete, times = differs(c, "completionTime");
	const struct at *at = AT(c->at, "completionTime");

	if ((complete || c->is.failed != c->before.failed) && c->is.complete && c->is.failed)
		conditions(c, "cannot set Complete=True and Failed=true conditions");
	if ((complete || c->is.failure_target != c->before.failure_target) && c->is.complete &&
	    c->is.failure_target)
		conditions(c, "cannot set Complete=True and FailureTarget=true conditions");
	if ((complete || times) && !node_is_nil(done) && !c->is.complete)
		check_invalid(c->e, at, done,
			      "cannot set completionTime when there is no Complete=True condition");
	if ((complete || times) && node_is_nil(done) && c->is.complete)
		check_required_why(c->e, at, "completionTime is required for Complete jobs");
	/* RFC 3339 in UTC: the order of the texts is that of the times */
	if ((times || differs(c, "startTime")) && !node_is_nil(done) && !node_is_nil(start) &&
	    str_cmp(node_str_or(done, STR_NONE), node_str_or(start, STR_NONE)) < 0)
		check_invalid(c->e, at, done, "must be equal to or after `startTime`");
}

static void check_finished(const struct change *c)
{
	bool changed = c->is.finished != c->before.finished, finished = c->is.finished;
	node uncounted = GET(c->now, "uncountedTerminatedPods");
	bool idle = BOOL_OF(c->spec, "suspend") && HAS(c->spec, "completions") &&
		    !INT_OF(c->spec, "completions");

	if ((c->is.failed != c->before.failed || differs(c, "failedIndexes")) && c->is.failed &&
	    !c->is.failure_target)
		conditions(c, "cannot set Failed=True condition without the FailureTarget=true condition");
	if ((c->is.complete != c->before.complete || c->is.success != c->before.success) &&
	    c->is.complete && !c->is.success)
		conditions(c, "cannot set Complete=True condition without the SuccessCriteriaMet=true "
			      "condition");
	if ((changed || differs(c, "active")) && finished && INT_OF(c->now, "active") > 0)
		check_invalid(c->e, AT(c->at, "active"), GET(c->now, "active"),
			      "active>0 is invalid for finished job");
	if ((changed || differs(c, "startTime")) && !idle && finished && LACKS(c->now, "startTime"))
		check_required_why(c->e, AT(c->at, "startTime"), "startTime is required for finished job");
	if ((changed || differs(c, "uncountedTerminatedPods")) && finished &&
	    (node_len(GET(uncounted, "succeeded")) || node_len(GET(uncounted, "failed"))))
		check_invalid(c->e, AT(c->at, "uncountedTerminatedPods"),
			      gostruct_shown(c->e->arena, "batch.UncountedTerminatedPods", uncounted,
					     NODE_NOTHING),
			      "must be empty for finished job");
}

/* Intervals of two lists that have an index in common: the first such index. */
static bool overlap(str x, str y, int64_t completions, int64_t *at)
{
	int64_t total;
	err *e = jobspec_indexes(x, completions, &total);
	bool readable = !e;

	err_free(e);
	e = jobspec_indexes(y, completions, &total);
	readable &= !e;
	err_free(e);
	if (!readable)
		return false;
	for (str a = x, one; str_cut(&a, &one, ',');)
		for (str b = y, other; str_cut(&b, &other, ',');) {
			str low = one, high = one, low2 = other, high2 = other;
			uint64_t l, h, l2, h2;

			str_split(one, '-', &low, &high);
			str_split(other, '-', &low2, &high2);
			if (!str_to_u64(low, &l) || !str_to_u64(high, &h) || !str_to_u64(low2, &l2) ||
			    !str_to_u64(high2, &h2) || l > h2 || l2 > h)
				continue;
			*at = (int64_t)(l > l2 ? l : l2);
			return true;
		}
	return false;
}

static void check_index_list(const struct change *c, const char *field, bool looked_at)
{
	node value = node_get(c->now, str_c(field));
	int64_t total;

	if (!looked_at || LACKS(c->spec, "completions"))
		return;
	err *bad = jobspec_indexes(node_str_or(value, STR_NONE), INT_OF(c->spec, "completions"), &total);

	if (bad)
		check_invalid_text(c->e, AT_NAMED(c->at, str_c(field)), node_str_or(value, STR_NONE),
				   "error parsing %s: %s", field, err_msg(bad));
	err_free(bad);
}

static void check_indexes(const struct change *c)
{
	bool completed = differs(c, "completedIndexes"), failed = differs(c, "failedIndexes");
	node list = GET(c->now, "failedIndexes");
	str done = TEXT_OF(c->now, "completedIndexes");
	int64_t at;

	check_index_list(c, "completedIndexes", completed);
	check_index_list(c, "failedIndexes",
			 failed && HAS(c->spec, "backoffLimitPerIndex") && !node_is_nil(list));
	if (completed && done.n && !str_eq(TEXT_OF(c->spec, "completionMode"), S("Indexed")))
		check_invalid_text(c->e, AT(c->at, "completedIndexes"), done,
				   "cannot set non-empty completedIndexes when non-indexed completion mode");
	if (failed && !node_is_nil(list) && LACKS(c->spec, "backoffLimitPerIndex"))
		check_invalid(c->e, AT(c->at, "failedIndexes"), list,
			      "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
	if ((failed || completed) && HAS(c->spec, "completions") && !node_is_nil(list) &&
	    overlap(done, node_str_or(list, STR_NONE), INT_OF(c->spec, "completions"), &at))
		check_invalid(c->e, AT(c->at, "failedIndexes"), list,
			      "failedIndexes and completedIndexes overlap at index: %lld", (long long)at);
}

static void check_pods(const struct change *c)
{
	bool changed = c->is.finished != c->before.finished;
	int64_t ready = INT_OF(c->now, "ready");

	if ((changed || differs(c, "terminating")) && c->is.finished && INT_OF(c->now, "terminating") > 0)
		check_invalid(c->e, AT(c->at, "terminating"), GET(c->now, "terminating"),
			      "terminating>0 is invalid for finished job");
	if ((differs(c, "ready") || differs(c, "active")) && HAS(c->now, "ready") &&
	    ready > INT_OF(c->now, "active"))
		check_invalid(c->e, AT(c->at, "ready"), node_from_int(ready),
			      "cannot set more ready pods than active");
	if (c->is.success && c->is.failed)
		conditions(c, "cannot set SuccessCriteriaMet=True and Failed=true conditions");
	if (c->is.success && c->is.failure_target)
		conditions(c, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
	if (HAS(c->spec, "successPolicy") && !c->is.success && c->is.complete)
		conditions(c, "cannot set Complete=True for Job with SuccessPolicy unless "
			      "SuccessCriteriaMet=True");
}

static void check_decrease(const struct change *c, const char *field)
{
	int64_t now = node_int(node_get(c->now, str_c(field)));

	if (now < node_int(node_get(c->was, str_c(field))))
		check_invalid(c->e, AT_NAMED(c->at, str_c(field)), node_from_int(now),
			      "cannot decrease the %s counter", field);
}

static void check_time(const struct change *c, const char *field, const char *why)
{
	node now = node_get(c->now, str_c(field)), was = node_get(c->was, str_c(field));

	if (!node_is_nil(was) && !check_same(now, was))
		check_invalid(c->e, AT_NAMED(c->at, str_c(field)), now, "%s", why);
}

static bool resumes(node job, node old)
{
	bool running = false;

	node_each_item(c, GET(GET(job, "status"), "conditions"))
		running |= str_eq(TEXT_OF(*c, "type"), S("Suspended")) &&
			   str_eq(TEXT_OF(*c, "status"), S("False"));
	return running && jobspec_has_condition(old, S("Suspended"));
}

void jobspec_check_status(struct fielderrs *e, node job, node old)
{
	node spec = GET(job, "spec");
	struct change c = { e, AT(NULL, "status"), spec, GET(job, "status"), GET(old, "status"),
			    state_of(job), state_of(old) };
	bool elastic = str_eq(TEXT_OF(spec, "completionMode"), S("Indexed")) &&
		       check_same(GET(spec, "completions"), GET(spec, "parallelism"));

	check_numbers(&c);
	check_completion(&c);
	check_finished(&c);
	check_indexes(&c);
	check_pods(&c);
	if (c.before.failed && !c.is.failed)
		conditions(&c, "cannot disable the terminal Failed=True condition");
	if (c.before.complete && !c.is.complete)
		conditions(&c, "cannot disable the terminal Complete=True condition");
	if (c.before.failure_target && !c.is.failure_target)
		conditions(&c, "cannot disable the terminal FailureTarget=True condition");
	check_decrease(&c, "failed");
	if (!elastic)
		check_decrease(&c, "succeeded");
	if (HAS(c.now, "completionTime"))
		check_time(&c, "completionTime", "field is immutable");
	if (!BOOL_OF(spec, "suspend") && !resumes(job, old))
		check_time(&c, "startTime", "field is immutable for unsuspended job once set");
	if (c.before.success && !c.is.success)
		conditions(&c, "cannot disable the SuccessCriteriaMet=True condition");
	if (c.before.complete && !c.before.success && c.is.success)
		conditions(&c, "cannot set SuccessCriteriaMet=True for Job already has Complete=true "
			       "conditions");
}
