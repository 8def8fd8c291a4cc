#include "base/fs.h"
#include "server/gostruct.h"
#include "server/jobspec.h"
#include "server/kinds_impl.h"
#include "server/labelsel.h"
#include "server/meta.h"
#include "server/podprepare.h"
#include "server/podsecurity.h"
#include "server/podwarn.h"
#include "text/cron.h"

enum { CRON_NAME_MAX = 52, ZONE_PART_MAX = 14 };

static void warn_job(struct kind_call *c, const struct at *at, node spec)
{
	if (str_eq(TEXT_OF(spec, "completionMode"), S("Indexed")) &&
	    INT_OF(spec, "completions") > 100000 && INT_OF(spec, "parallelism") > 10000)
		kinds_warn(c, at,
			   "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism "
			   "higher than 10^4, Kubernetes might not be able to track completedIndexes when a "
			   "big number of indexes fail");
	podwarn(c, AT(at, "template"), GET(spec, "template"));
}

static bool is_news(const struct kind_call *c)
{
	return !c->subresource.n && !check_same(GET(c->object, "spec"), GET(c->old, "spec"));
}

/* ---- Job --------------------------------------------------------------------- */

static void set_missing(struct arena *a, node map, str key, str value)
{
	if (!node_has(map, key))
		node_set(a, map, key, node_from_str(a, value));
}

/* Whether the Job's labels are those of its template by default. Fields of a
 * body are sorted; what a default adds stands behind them. */
static bool shares_labels(node job)
{
	node meta = GET(job, "metadata");
	size_t labels = 0, name = 0;

	for (size_t i = 0; i < node_len(meta); i++) {
		str key = node_str(meta.map->pairs[i].key);

		labels = str_eq(key, S("labels")) ? i : labels;
		name = str_eq(key, S("name")) ? i : name;
	}
	return labels > name &&
	       check_same(GET(meta, "labels"), node_dig(job, "spec", "template", "metadata", "labels"));
}

/* A Job finds its Pods by its own uid, unless somebody knows better. */
static void generate_selector(struct kind_call *c, node spec)
{
	static const str names[] = { S("job-name"), S("batch.kubernetes.io/job-name") };
	static const str uids[] = { S("controller-uid"), S("batch.kubernetes.io/controller-uid") };
	struct arena *a = c->arena;
	str name = meta_get(c->object, S("name")), uid = meta_get(c->object, S("uid"));
	bool shared = shares_labels(c->object);
	node labels = node_map_at(a, node_map_at(a, node_map_at(a, spec, S("template")), S("metadata")), S("labels"));
	node wanted = node_map_at(a, node_map_at(a, spec, S("selector")), S("matchLabels"));

	for (size_t i = 0; i < 2; i++) {
		set_missing(a, labels, names[i], name);
		set_missing(a, labels, uids[i], uid);
	}
	set_missing(a, wanted, uids[1], uid);
	node_sort(labels);
	node_sort(wanted);
	if (shared)
		node_set(a, GET(c->object, "metadata"), S("labels"), node_copy(a, labels));
}

static void job_prepare(struct kind_call *c)
{
	node spec = GET(c->object, "spec"), old = GET(c->old, "spec");

	if (kinds_is_status(c) || !node_is(spec, NODE_MAP))
		return;
	if (kinds_is_create(c) && !BOOL_OF(spec, "manualSelector"))
		generate_selector(c, spec);
	podprepare_drop(c->arena, GET(GET(spec, "template"), "spec"), GET(GET(old, "template"), "spec"));
}

static void check_label(struct kind_call *c, str key, str value)
{
	node labels = GET(GET(GET(GET(c->object, "spec"), "template"), "metadata"), "labels");
	const struct at *at = AT_K(
		AT(AT(AT(AT(NULL, "spec"), "template"), "metadata"), "labels"), key);

	if (!node_has(labels, key))
		check_required_why(c->errors, at, "must be '%.*s'", STR_ARG(value));
	else if (!str_eq(text_of(labels, key), value))
		check_invalid(c->errors, at, labels, "must be '%.*s'", STR_ARG(value));
}

static void check_generated(struct kind_call *c, bool prefixed)
{
	struct arena *a = c->arena;
	node spec = GET(c->object, "spec"), selector = GET(spec, "selector"), expected = node_map(a, 4);
	str name = meta_get(c->object, S("name")), uid = meta_get(c->object, S("uid"));
	struct selector ignored;

	if (BOOL_OF(spec, "manualSelector") || node_is_nil(selector))
		return;
	if (!uid.n)
		check_required(c->errors, AT(AT(NULL, "metadata"), "uid"));
	check_label(c, S("controller-uid"), uid);
	check_label(c, S("job-name"), name);
	if (prefixed) {
		check_label(c, S("batch.kubernetes.io/controller-uid"), uid);
		check_label(c, S("batch.kubernetes.io/job-name"), name);
		node_set(a, expected, S("batch.kubernetes.io/controller-uid"), node_from_str(a, uid));
		node_set(a, expected, S("batch.kubernetes.io/job-name"), node_from_str(a, name));
	}
	node_set(a, expected, S("controller-uid"), node_from_str(a, uid));
	node_set(a, expected, S("job-name"), node_from_str(a, name));
	if (labelsel_read(a, selector, &ignored) && !labelsel_matches(a, selector, expected))
		check_invalid(c->errors, AT(AT(NULL, "spec"), "selector"),
			      check_selector_shown(c->errors, selector), "`selector` not auto-generated");
}

static void check_job_spec(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), selector = GET(spec, "selector"), old = GET(c->old, "spec");
	node labels = GET(GET(GET(spec, "template"), "metadata"), "labels");
	const struct at *at = AT(NULL, "spec");
	struct selector ignored;

	jobspec_check(e, at, spec, old);
	if (node_is_nil(selector))
		check_required(e, AT(at, "selector"));
	else
		check_label_selector(e, AT(at, "selector"), selector,
				     check_has_bad_value(GET(old, "selector")));
	if ((node_is_nil(selector) || labelsel_read(c->arena, selector, &ignored)) &&
	    !labelsel_matches(c->arena, selector, labels))
		check_invalid(e, AT(AT(AT(at, "template"), "metadata"), "labels"),
			      node_is_nil(labels) ? node_null() : labels,
			      "`selector` does not match template `labels`");
}

static bool has_labels(node job)
{
	node labels = GET(GET(GET(GET(job, "spec"), "template"), "metadata"), "labels");

	return node_has(labels, S("batch.kubernetes.io/job-name")) &&
	       node_has(labels, S("batch.kubernetes.io/controller-uid"));
}

static void check_job(struct kind_call *c)
{
	node spec = GET(c->object, "spec");
	str name = meta_get(c->object, S("name")), why[NAME_COMPLAINTS_MAX];
	int64_t completions = INT_OF(spec, "completions");

	check_generated(c, kinds_is_create(c) || has_labels(c->old));
	check_job_spec(c);
	if (!str_eq(TEXT_OF(spec, "completionMode"), S("Indexed")) || completions <= 0)
		return;
	str last = arena_printf(c->arena, "%.*s-%lld", STR_ARG(name), (long long)completions - 1);

	if (name_complaints(last, NAME_DNS_LABEL, why))
		check_invalid_text(c->errors, AT(AT(NULL, "metadata"), "name"), name,
				   "will not able to create pod with invalid DNS label: %.*s", STR_ARG(last));
}

/* ---- a Job that changes --------------------------------------------------------- */

/* Where the Pods run may change before there are any. */
static void forgive_directives(struct arena *a, node was, node now)
{
	node spec = node_map_at(a, was, S("spec")), other = GET(now, "spec");
	node before = GET(spec, "affinity"), after = GET(other, "affinity");
	node meta = node_map_at(a, was, S("metadata"));

	if (!node_is_nil(after) && node_is_nil(before))
		before = node_map_at(a, spec, S("affinity"));
	if (!node_is_nil(before)) {
		node_copy_field(a, before, after, S("nodeAffinity"));
		if (node_is_nil(after) && !node_len(before))
			node_remove(spec, S("affinity"));
	}
	node_copy_field(a, spec, other, S("nodeSelector"));
	node_copy_field(a, spec, other, S("tolerations"));
	node_copy_field(a, spec, other, S("schedulingGates"));
	node_copy_field(a, meta, GET(now, "metadata"), S("annotations"));
	node_copy_field(a, meta, GET(now, "metadata"), S("labels"));
}

static void forgive_resources(struct arena *a, node was, node now)
{
	static const str lists[] = { S("containers"), S("initContainers") };

	for (size_t l = 0; l < 2; l++) {
		node to = node_get(was, lists[l]), from = node_get(now, lists[l]);

		for (size_t i = 0; node_len(to) == node_len(from) && i < node_len(to); i++)
			if (str_eq(TEXT_OF(node_at(to, i), "name"), TEXT_OF(node_at(from, i), "name")))
				node_copy_field(a, node_at(to, i), node_at(from, i), S("resources"));
	}
}

static void check_template_change(struct kind_call *c)
{
	struct arena *a = c->arena;
	node now = GET(GET(c->object, "spec"), "template"), was = GET(GET(c->old, "spec"), "template");
	node status = GET(c->old, "status");
	bool free = BOOL_OF(GET(c->old, "spec"), "suspend") && !INT_OF(status, "active") &&
		    (LACKS(status, "startTime") || jobspec_has_condition(c->old, S("Suspended")));
	const struct at *at = AT(AT(NULL, "spec"), "template");

	if (free) {
		was = node_copy(a, was);
		forgive_directives(a, was, now);
		forgive_resources(a, GET(was, "spec"), GET(now, "spec"));
		check_immutable(c->errors, AT(AT(NULL, "spec"), "template.spec"), GET(now, "spec"),
				GET(was, "spec"),
				gostruct_shown(a, "core.PodSpec", GET(now, "spec"), NODE_NOTHING));
	} else {
		check_immutable(c->errors, at, now, was,
				gostruct_shown(a, "core.PodTemplateSpec", now, NODE_NOTHING));
	}
}

static void check_completions(struct kind_call *c)
{
	node spec = GET(c->object, "spec"), now = GET(spec, "completions");
	node was = GET(GET(c->old, "spec"), "completions");
	const struct at *at = AT(AT(NULL, "spec"), "completions");

	if (!str_eq(TEXT_OF(spec, "completionMode"), S("Indexed")))
		check_immutable(c->errors, at, now, was, now);
	else if (!check_same(now, was) && !node_is_nil(now) && node_int(now) != INT_OF(spec, "parallelism"))
		check_invalid(c->errors, at, now, "can only be modified in tandem with spec.parallelism");
}

static void check_job_change(struct kind_call *c)
{
	static const struct {
		str field;
		const char *type;
	} fixed[] = {
		{ S("completionMode"), NULL },	       { S("podFailurePolicy"), "batch.PodFailurePolicy" },
		{ S("backoffLimitPerIndex"), NULL },   { S("managedBy"), NULL },
		{ S("successPolicy"), "batch.SuccessPolicy" },
	};
	node spec = GET(c->object, "spec"), old = GET(c->old, "spec"), selector = GET(spec, "selector");
	const struct at *at = AT(NULL, "spec");

	check_completions(c);
	check_immutable(c->errors, AT(at, "selector"), selector, GET(old, "selector"),
			check_selector_shown(c->errors, selector));
	check_template_change(c);
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		node now = node_get(spec, fixed[i].field);

		check_immutable(c->errors, AT_NAMED(at, fixed[i].field), now, node_get(old, fixed[i].field),
				fixed[i].type ? gostruct_shown(c->arena, fixed[i].type, now, NODE_NOTHING)
					      : now);
	}
}

static void job_validate(struct kind_call *c)
{
	if (kinds_is_status(c)) {
		jobspec_check_status(c->errors, c->object, c->old);
		return;
	}
	check_job(c);
	if (kinds_is_create(c))
		return;
	check_job_spec(c);
	check_job_change(c);
}

static void job_warn(struct kind_call *c)
{
	if (!is_news(c))
		return;
	if (kinds_is_create(c))
		podwarn_name(c, "Pod names and hostnames");
	warn_job(c, AT(NULL, "spec"), GET(c->object, "spec"));
}

KINDS_HOOKS(job, .prepare = job_prepare, .validate = job_validate, .warn = job_warn,
	    .check = podsecurity_check);

/* ---- CronJob ----------------------------------------------------------------------- */

static void cron_job_prepare(struct kind_call *c)
{
	node spec = node_dig(c->object, "spec", "jobTemplate", "spec", "template", "spec");

	if (!c->subresource.n)
		podprepare_drop(c->arena, spec,
				node_dig(c->old, "spec", "jobTemplate", "spec", "template", "spec"));
}

/* Without a database of zones on this machine, all that look like one are good. */
static bool has_zone(str name)
{
	CLEANUP(fs_drop) struct fs *f = NULL;
	err *none = fs_open(&f, S("/usr/share/zoneinfo"), NULL);

	err_free(none);
	return none || str_eq(name, S("UTC")) || fs_is_file(f, name);
}

static bool is_zone_name(str name)
{
	str part;

	if (str_ends(name, S("/")))
		return false;
	while (str_cut(&name, &part, '/')) {
		if (!part.n || part.n > ZONE_PART_MAX || part.p[0] == '-' || str_eq(part, S(".")) ||
		    str_eq(part, S("..")))
			return false;
		for (size_t i = 0; i < part.n; i++)
			if (!memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_+",
				    part.p[i], 66))
				return false;
	}
	return true;
}

static void check_zone(struct fielderrs *e, const struct at *at, node zone)
{
	str name = node_str_or(zone, STR_NONE);

	if (node_is_nil(zone))
		return;
	if (!name.n) {
		check_invalid(e, at, zone, "timeZone must be nil or non-empty string");
		return;
	}
	bool good = is_zone_name(name);

	if (good && str_eq(arena_lower(e->arena, name), S("local")))
		check_invalid(e, at, zone, "timeZone must be an explicit time zone as defined in "
					   "https://www.iana.org/time-zones");
	if (!good || (!str_eq(name, S("Local")) && !has_zone(name)))
		check_invalid(e, at, zone, "unknown time zone %.*s", STR_ARG(name));
}

static void check_schedule(struct kind_call *c, const struct at *at, node spec)
{
	str text = TEXT_OF(spec, "schedule");
	bool zoned = str_has(text, S("TZ"));
	bool before = str_has(TEXT_OF(GET(c->old, "spec"), "schedule"), S("TZ"));
	struct cron cron;

	if (!text.n) {
		check_required(c->errors, at);
		return;
	}
	err *bad = cron_parse(text, &cron);

	if (!bad && cron.zone.n && !has_zone(cron.zone))
		bad = err_new(ERR_INVALID, "provided bad location %.*s: unknown time zone %.*s",
			      STR_ARG(cron.zone), STR_ARG(cron.zone));
	if (bad)
		check_invalid_text(c->errors, at, text, "%s", err_msg(bad));
	err_free(bad);
	if (zoned && before && HAS(spec, "timeZone"))
		check_invalid_text(c->errors, at, text,
				   "cannot use both timeZone field and TZ or CRON_TZ in schedule");
	else if (zoned && !before)
		check_invalid_text(c->errors, at, text,
				   "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
}

static void check_job_template(struct kind_call *c, const struct at *at, node spec)
{
	jobspec_check(c->errors, at, spec, node_dig(c->old, "spec", "jobTemplate", "spec"));
	if (HAS(spec, "selector"))
		check_invalid(c->errors, AT(at, "selector"),
			      check_selector_shown(c->errors, GET(spec, "selector")),
			      "`selector` will be auto-generated");
	if (BOOL_OF(spec, "manualSelector"))
		check_not_supported(c->errors, AT(at, "manualSelector"), node_from_bool(true),
				    (const str[]){ S("nil"), S("false") }, 2);
}

static void cron_job_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), zone = GET(spec, "timeZone");
	str name = meta_get(c->object, S("name"));
	const struct at *at = AT(NULL, "spec");

	if (kinds_is_status(c))
		return;
	check_schedule(c, AT(at, "schedule"), spec);
	check_non_negative(e, AT(at, "startingDeadlineSeconds"), GET(spec, "startingDeadlineSeconds"));
	if (kinds_is_create(c) || !check_same(zone, GET(GET(c->old, "spec"), "timeZone")))
		check_zone(e, AT(at, "timeZone"), zone);
	if (!TEXT_OF(spec, "concurrencyPolicy").n)
		check_required(e, AT(at, "concurrencyPolicy"));
	else
		ONE_OF(e, AT(at, "concurrencyPolicy"), GET(spec, "concurrencyPolicy"), "Allow", "Forbid",
		       "Replace");
	check_job_template(c, AT(AT(at, "jobTemplate"), "spec"), GET(GET(spec, "jobTemplate"), "spec"));
	check_non_negative(e, AT(at, "successfulJobsHistoryLimit"), GET(spec, "successfulJobsHistoryLimit"));
	check_non_negative(e, AT(at, "failedJobsHistoryLimit"), GET(spec, "failedJobsHistoryLimit"));
	if (kinds_is_create(c) && name.n > CRON_NAME_MAX)
		check_invalid_text(e, AT(AT(NULL, "metadata"), "name"), name,
				   "must be no more than %d characters", CRON_NAME_MAX);
}

static void cron_job_warn(struct kind_call *c)
{
	node spec = GET(c->object, "spec");

	if (c->subresource.n)
		return;
	if (kinds_is_create(c))
		podwarn_name(c, "Pod names and hostnames");
	if (is_news(c))
		warn_job(c, AT(AT(AT(NULL, "spec"), "jobTemplate"), "spec"),
			 GET(GET(spec, "jobTemplate"), "spec"));
	if (!kinds_is_create(c) && str_has(TEXT_OF(spec, "schedule"), S("TZ")))
		kind_warn(c->warnings,
			  "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
			  "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more "
			  "details");
}

KINDS_HOOKS(cron_job, .prepare = cron_job_prepare, .validate = cron_job_validate,
	    .warn = cron_job_warn,
	    .check = podsecurity_check);
