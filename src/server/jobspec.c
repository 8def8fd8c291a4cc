#include "server/jobspec.h"

#include "base/buf.h"
#include "server/gostruct.h"
#include "server/podspec.h"
#include "text/number.h"
#include "text/quote.h"

enum {
	INDEXED_MAX = 100000,
	MANY_COMPLETIONS = 100000,
	PARALLELISM_MAX = 10000,
	FAILED_MAX = 10000,
	RULES_MAX = 20,
	EXIT_CODES_MAX = 255,
	MANAGED_BY_MAX = 63,
	INDEXES_BYTES_MAX = 64 * 1024,
};

/* ---- indexes ----------------------------------------------------------------- */

static err *read_index(str text, int64_t completions, int64_t *out)
{
	CLEANUP(buf_release) struct buf quoted = BUF_INIT;
	err *bad = number_parse_atoi(text, out);

	quote_add(&quoted, text, QUOTE_PRINT);
	err_free(bad);
	if (bad)
		return err_new(ERR_INVALID, "cannot convert string to integer for index: %s",
			       buf_c(&quoted));
	if (*out >= completions)
		return err_new(ERR_INVALID, "too large index: %s", buf_c(&quoted));
	return NULL;
}

static err *not_increasing(int64_t before, int64_t now)
{
	return err_new(ERR_INVALID, "non-increasing order, previous: %lld, current: %lld",
		       (long long)before, (long long)now);
}

/* "3" or "3-5" */
static err *read_interval(str text, int64_t completions, int64_t *first, int64_t *last)
{
	str low = text, high;
	bool two = str_split(text, '-', &low, &high);

	if (two && str_find_char(high, '-') != STR_NPOS) {
		CLEANUP(buf_release) struct buf quoted = BUF_INIT;

		quote_add(&quoted, text, QUOTE_PRINT);
		return err_new(ERR_INVALID,
			       "the fragment %s violates the requirement that an index interval can have at "
			       "most two parts separated by '-'",
			       buf_c(&quoted));
	}
	TRY(read_index(low, completions, first));
	*last = *first;
	if (!two)
		return NULL;
	TRY(read_index(high, completions, last));
	return *first >= *last ? not_increasing(*first, *last) : NULL;
}

/* All of them, the empty one behind a comma at the end, too. */
static bool next_part(str *rest, bool *more, str *part)
{
	if (!*more)
		return false;
	*part = *rest;
	*more = str_split(*rest, ',', part, rest);
	return true;
}

err *jobspec_indexes(str text, int64_t completions, int64_t *total)
{
	int64_t first, last, before = -1;
	bool more = true, any = false;
	str part;

	*total = 0;
	if (!text.n)
		return NULL;
	while (next_part(&text, &more, &part)) {
		TRY(read_interval(part, completions, &first, &last));
		if (any && before >= first)
			return not_increasing(before, first);
		*total += last - first + 1;
		before = last;
		any = true;
	}
	return NULL;
}

/* ---- policies of failure --------------------------------------------------------- */

static bool has_container(node template, str name)
{
	static const str lists[] = { S("containers"), S("initContainers") };

	for (size_t i = 0; i < 2; i++)
		node_each_item(c, node_get(GET(template, "spec"), lists[i]))
			if (str_eq(TEXT_OF(*c, "name"), name))
				return true;
	return false;
}

static void check_exit_codes(struct fielderrs *e, const struct at *at, node codes, node template)
{
	str op = TEXT_OF(codes, "operator");
	node values = GET(codes, "values"), seen = node_map(e->arena, 0);
	const struct at *where = AT(at, "values");
	bool ordered = true;

	if (!op.n)
		check_required_why(e, AT(at, "operator"), "valid values: [\"In\" \"NotIn\"]");
	else
		ONE_OF(e, AT(at, "operator"), GET(codes, "operator"), "In", "NotIn");
	if (HAS(codes, "containerName") && !has_container(template, TEXT_OF(codes, "containerName")))
		check_invalid(e, AT(at, "containerName"), GET(codes, "containerName"),
			      "must be one of the container or initContainer names in the pod template");
	if (!node_len(values))
		check_invalid(e, where, node_is_nil(values) ? node_null() : values,
			      "at least one value is required");
	else if (node_len(values) > EXIT_CODES_MAX)
		check_too_many(e, where, node_len(values), EXIT_CODES_MAX);
	for (size_t i = 0; i < node_len(values); i++) {
		int64_t n = node_int(node_at(values, i));
		str key = arena_printf(e->arena, "%lld", (long long)n);

		if (!n && str_eq(op, S("In")))
			check_invalid(e, AT_I(where, i), node_from_int(0), "must not be 0 for the In operator");
		if (node_has(seen, key))
			check_duplicate(e, AT_I(where, i), node_from_int(n));
		node_set(e->arena, seen, key, node_null());
		ordered &= !i || node_int(node_at(values, i - 1)) <= n;
	}
	if (!ordered)
		check_invalid(e, where, values, "must be ordered");
}

static void check_conditions(struct fielderrs *e, const struct at *at, node list)
{
	if (node_len(list) > RULES_MAX)
		check_too_many(e, at, node_len(list), RULES_MAX);
	for (size_t i = 0; i < node_len(list); i++) {
		const struct at *status = AT(AT_I(at, i), "status");

		check_name(e, AT(AT_I(at, i), "type"), TEXT_OF(node_at(list, i), "type"), NAME_QUALIFIED);
		if (!TEXT_OF(node_at(list, i), "status").n)
			check_required_why(e, status, "valid values: [\"False\" \"True\" \"Unknown\"]");
		else
			ONE_OF(e, status, GET(node_at(list, i), "status"), "False", "True", "Unknown");
	}
}

static void check_bare(struct fielderrs *e, const struct at *at, const char *why)
{
	fielderr_invalid_bare(e, check_at(e->arena, at), "%s", why);
}

static void check_failure_rule(struct fielderrs *e, const struct at *at, node spec, node rule)
{
	str action = TEXT_OF(rule, "action");
	bool codes = HAS(rule, "onExitCodes"), conditions = node_len(GET(rule, "onPodConditions"));
	const struct at *where = AT(at, "action");

	if (!action.n)
		check_required_why(e, where,
				   "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
	else if (str_eq(action, S("FailIndex")) && LACKS(spec, "backoffLimitPerIndex"))
		check_invalid_text(e, where, action, "requires the backoffLimitPerIndex to be set");
	else
		ONE_OF(e, where, GET(rule, "action"), "Count", "FailIndex", "FailJob", "Ignore");
	if (codes)
		check_exit_codes(e, AT(at, "onExitCodes"), GET(rule, "onExitCodes"), GET(spec, "template"));
	check_conditions(e, AT(at, "onPodConditions"), GET(rule, "onPodConditions"));
	if (codes && conditions)
		check_bare(e, at, "specifying both OnExitCodes and OnPodConditions is not supported");
	if (!codes && !conditions)
		check_bare(e, at, "specifying one of OnExitCodes and OnPodConditions is required");
}

static void check_failure_policy(struct fielderrs *e, const struct at *at, node spec)
{
	node rules = GET(GET(spec, "podFailurePolicy"), "rules");

	if (node_len(rules) > RULES_MAX)
		check_too_many(e, at, node_len(rules), RULES_MAX);
	for (size_t i = 0; i < node_len(rules); i++)
		check_failure_rule(e, AT_I(at, i), spec, node_at(rules, i));
}

/* ---- policies of success ------------------------------------------------------------ */

static void check_success_rule(struct fielderrs *e, const struct at *at, node rule, int64_t completions)
{
	node count = GET(rule, "succeededCount"), indexes = GET(rule, "succeededIndexes");
	int64_t total = 0, n = node_int(count);
	const struct at *where = AT(at, "succeededCount");

	if (node_is_nil(count) && node_is_nil(indexes))
		check_required_why(e, at,
				   "at least one of succeededCount or succeededIndexes must be specified");
	if (!node_is_nil(indexes)) {
		str text = node_str_or(indexes, STR_NONE);

		if (text.n > INDEXES_BYTES_MAX)
			check_too_long(e, AT(at, "succeededIndexes"), INDEXES_BYTES_MAX);
		err *bad = jobspec_indexes(text, completions, &total);

		if (bad) {
			total = 0;
			check_invalid_text(e, AT(at, "succeededIndexes"), text,
					   "error parsing succeededIndexes: %s", err_msg(bad));
		}
		err_free(bad);
	}
	if (node_is_nil(count))
		return;
	check_non_negative(e, where, count);
	if (n > completions)
		check_invalid(e, where, count,
			      "must be less than or equal to %lld (the number of specified completions)",
			      (long long)completions);
	if (!node_is_nil(indexes) && n > total)
		check_invalid(e, where, count,
			      "must be less than or equal to %lld (the number of indexes in the specified "
			      "succeededIndexes field)",
			      (long long)total);
}

static void check_success_policy(struct fielderrs *e, const struct at *at, node spec, bool indexed)
{
	node policy = GET(spec, "successPolicy"), rules = GET(policy, "rules");
	const struct at *where = AT(at, "rules");

	if (node_is_nil(policy))
		return;
	if (!indexed) {
		check_invalid(e, at, gostruct_shown(e->arena, "batch.SuccessPolicy", policy, NODE_NOTHING),
			      "requires indexed completion mode");
		return;
	}
	if (!node_len(rules))
		check_required_why(e, where, "at least one rules must be specified when the successPolicy is "
					     "specified");
	if (node_len(rules) > RULES_MAX)
		check_too_many(e, where, node_len(rules), RULES_MAX);
	for (size_t i = 0; HAS(spec, "completions") && i < node_len(rules); i++)
		check_success_rule(e, AT_I(where, i), node_at(rules, i), INT_OF(spec, "completions"));
}

/* ---- the specification ------------------------------------------------------------------ */

static bool is_more(node value, int64_t than)
{
	return !node_is_nil(value) && node_int(value) > than;
}

#define PER_INDEX                                                                             \
	"must be less than or equal to %d when completions are above %d and used with backoff " \
	"limit per index"

static void check_indexed(struct fielderrs *e, const struct at *at, node spec)
{
	node completions = GET(spec, "completions"), parallelism = GET(spec, "parallelism");
	node failed = GET(spec, "maxFailedIndexes");

	if (node_is_nil(completions))
		check_required_why(e, AT(at, "completions"), "when completion mode is Indexed");
	if (is_more(parallelism, INDEXED_MAX))
		check_invalid(e, AT(at, "parallelism"), parallelism,
			      "must be less than or equal to %d when completion mode is Indexed", INDEXED_MAX);
	if (!node_is_nil(completions) && is_more(failed, node_int(completions)))
		check_invalid(e, AT(at, "maxFailedIndexes"), failed,
			      "must be less than or equal to completions");
	if (is_more(failed, INDEXED_MAX))
		check_invalid(e, AT(at, "maxFailedIndexes"), failed, "must be less than or equal to %d",
			      INDEXED_MAX);
	if (!is_more(completions, MANY_COMPLETIONS) || LACKS(spec, "backoffLimitPerIndex"))
		return;
	if (node_is_nil(failed))
		check_required_why(e, AT(at, "maxFailedIndexes"),
				   "must be specified when completions is above %d", MANY_COMPLETIONS);
	if (is_more(parallelism, PARALLELISM_MAX))
		check_invalid(e, AT(at, "parallelism"), parallelism, PER_INDEX, PARALLELISM_MAX,
			      MANY_COMPLETIONS);
	if (is_more(failed, FAILED_MAX))
		check_invalid(e, AT(at, "maxFailedIndexes"), failed, PER_INDEX, FAILED_MAX,
			      MANY_COMPLETIONS);
}

static void check_mode(struct fielderrs *e, const struct at *at, node spec)
{
	static const str needs_index[] = { S("backoffLimitPerIndex"), S("maxFailedIndexes") };
	node mode = GET(spec, "completionMode");
	bool indexed = str_eq(node_str_or(mode, STR_NONE), S("Indexed"));

	if (!node_is_nil(mode))
		ONE_OF(e, AT(at, "completionMode"), mode, "NonIndexed", "Indexed");
	if (indexed)
		check_indexed(e, at, spec);
	if (!node_is_nil(mode) && !str_eq(node_str_or(mode, STR_NONE), S("NonIndexed")))
		return;
	for (size_t i = 0; i < 2; i++)
		if (!node_is_nil(node_get(spec, needs_index[i])))
			check_invalid(e, AT_NAMED(at, needs_index[i]), node_get(spec, needs_index[i]),
				      "requires indexed completion mode");
}

static void check_numbers(struct fielderrs *e, const struct at *at, node spec)
{
	static const str fields[] = { S("parallelism"), S("completions"), S("activeDeadlineSeconds"),
				      S("backoffLimit"), S("ttlSecondsAfterFinished"),
				      S("backoffLimitPerIndex"), S("maxFailedIndexes") };
	str manager = TEXT_OF(spec, "managedBy");

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		check_non_negative(e, AT_NAMED(at, fields[i]), node_get(spec, fields[i]));
	if (HAS(spec, "maxFailedIndexes") && LACKS(spec, "backoffLimitPerIndex"))
		check_required_why(e, AT(at, "backoffLimitPerIndex"), "when maxFailedIndexes is specified");
	if (LACKS(spec, "managedBy"))
		return;
	check_domain_path(e, AT(at, "managedBy"), manager);
	if (manager.n > MANAGED_BY_MAX)
		check_too_long(e, AT(at, "managedBy"), MANAGED_BY_MAX);
}

static void check_restart(struct fielderrs *e, const struct at *at, node spec)
{
	node policy = GET(GET(GET(spec, "template"), "spec"), "restartPolicy");
	str text = node_str_or(policy, STR_NONE);

	if (!text.n || str_eq(text, S("Always")))
		check_required_why(e, at, "valid values: \"OnFailure\", \"Never\"");
	else if (ONE_OF(e, at, policy, "OnFailure", "Never") && HAS(spec, "podFailurePolicy") &&
		 !str_eq(text, S("Never")))
		check_invalid(e, at, policy, "only \"Never\" is supported when podFailurePolicy is specified");
}

void jobspec_check(struct fielderrs *e, const struct at *at, node spec, node old)
{
	node replacement = GET(spec, "podReplacementPolicy");
	const struct at *template_at = AT(at, "template");

	check_numbers(e, at, spec);
	check_mode(e, at, spec);
	check_failure_policy(e, AT(AT(at, "podFailurePolicy"), "rules"), spec);
	check_success_policy(e, AT(at, "successPolicy"), spec,
			     str_eq(TEXT_OF(spec, "completionMode"), S("Indexed")));
	if (!node_is_nil(replacement) && HAS(spec, "podFailurePolicy"))
		ONE_OF(e, AT(at, "podReplacementPolicy"), replacement, "Failed");
	else if (!node_is_nil(replacement))
		ONE_OF(e, AT(at, "podReplacementPolicy"), replacement, "Failed", "TerminatingOrFailed");
	podspec_check_template(e, template_at, GET(spec, "template"), GET(old, "template"));
	check_restart(e, AT(AT(template_at, "spec"), "restartPolicy"), spec);
}

bool jobspec_has_condition(node job, str type)
{
	node_each_item(c, GET(GET(job, "status"), "conditions"))
		if (str_eq(TEXT_OF(*c, "type"), type) && str_eq(TEXT_OF(*c, "status"), S("True")))
			return true;
	return false;
}
