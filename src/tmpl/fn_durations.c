/* time.Duration, and what Helm makes durations of. */
#include <math.h>

#include "text/duration.h"
#include "text/number.h"
#include "text/quote.h"
#include "tmpl/fn.h"
#include "tmpl/printf.h"

/* ---- methods of the integer types -------------------------------------- */

enum { NANOSECONDS, MICROSECONDS, MILLISECONDS, SECONDS, MINUTES, HOURS, DAYS, WEEKS };

static err *give_in(struct tmpl_call *c, int64_t d)
{
	switch (c->mode) {
	case NANOSECONDS:
		return tmpl_give_int64(c, d);
	case MICROSECONDS:
		return tmpl_give_int64(c, d / DURATION_MICROSECOND);
	case MILLISECONDS:
		return tmpl_give_int64(c, d / DURATION_MILLISECOND);
	case SECONDS:
		return tmpl_give_float(c, duration_seconds(d));
	case MINUTES:
		return tmpl_give_float(c, duration_minutes(d));
	case HOURS:
		return tmpl_give_float(c, duration_hours(d));
	case DAYS:
		return tmpl_give_float(c, duration_hours(d) / 24.0);
	default:
		return tmpl_give_float(c, duration_hours(d) / 24.0 / 7.0);
	}
}

static err *run_self_in(struct tmpl_call *c)
{
	return give_in(c, c->self.i);
}

static err *run_self_string(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);

	printf_value(b, c->self);
	return tmpl_give_buf(c, b);
}

enum { ROUND, TRUNCATE, ABS };

static err *run_self_round(struct tmpl_call *c)
{
	int64_t d = c->self.i;

	if (c->mode == ROUND)
		d = duration_round(d, tmpl_arg_int(c, 0));
	else if (c->mode == TRUNCATE)
		d = duration_truncate(d, tmpl_arg_int(c, 0));
	else if (d < 0)
		d = d == INT64_MIN ? INT64_MAX : -d;
	return tmpl_give(c, value_typed_int(d, GO_DURATION));
}

static const struct tmpl_func methods[] = {
	{ "String", "", run_self_string },
	{ "Abs", "", run_self_round, ABS },
	{ "Hours", "", run_self_in, HOURS },
	{ "Microseconds", "", run_self_in, MICROSECONDS },
	{ "Milliseconds", "", run_self_in, MILLISECONDS },
	{ "Minutes", "", run_self_in, MINUTES },
	{ "Nanoseconds", "", run_self_in, NANOSECONDS },
	{ "Round", "d", run_self_round, ROUND },
	{ "Seconds", "", run_self_in, SECONDS },
	{ "Truncate", "d", run_self_round, TRUNCATE },
};

const struct tmpl_func *tmpl_method_find_int(enum value_int_type type, str name)
{
	/* Months and days of the week have the first only. */
	size_t n = type == GO_DURATION ? sizeof methods / sizeof *methods : 1;

	return tmpl_method_find(methods, n, name);
}

/* ---- anything as a duration -------------------------------------------- */

static const int64_t seconds_max = INT64_MAX / 1000000000;

static err *from_int(int64_t seconds, int64_t *out)
{
	if (seconds > seconds_max || seconds < -seconds_max)
		return err_new(ERR_INVALID, "duration seconds overflow: %lld", (long long)seconds);
	*out = seconds * 1000000000;
	return NULL;
}

static err *from_float(double seconds, int64_t *out)
{
	const double max = 9223372036854775807.0 / 1e9;
	char text[NUMBER_MAX];
	size_t n = number_print_float(text, seconds, NUMBER_V);

	if (!isfinite(seconds))
		return err_new(ERR_INVALID, "invalid duration seconds: %.*s", (int)n, text);
	if (seconds > max || seconds < -max)
		return err_new(ERR_INVALID, "duration seconds overflow: %.*s", (int)n, text);
	double nanos = seconds * 1e9;

	*out = nanos >= 9223372036854775808.0 ? INT64_MIN : (int64_t)nanos;
	return NULL;
}

static err *from_text(str text, int64_t *out)
{
	str s = str_trim(text);
	double f;

	if (!s.n)
		return err_new(ERR_INVALID, "empty duration");
	err *e = duration_parse(s, out);

	if (!e)
		return NULL;
	err_free(e);
	e = number_parse_float(s, &f);
	if (!e)
		return from_float(f, out);
	err_free(e);
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, text, QUOTE_PRINT);
	return err_new(ERR_INVALID, "could not parse duration %.*s", STR_ARG(buf_str(&b)));
}

static err *as_duration(node v, int64_t *out)
{
	if (v.kind == NODE_INT && v.type == GO_DURATION) {
		*out = v.i;
		return NULL;
	}
	if (value_is_str(v))
		return from_text(node_str(v), out);
	if (v.kind == NODE_INT)
		return from_int(v.i, out);
	if (v.kind == NODE_UINT)
		return err_new(ERR_INVALID, "duration seconds overflow: %llu",
			       (unsigned long long)v.u);
	if (v.kind == NODE_FLOAT)
		return from_float(v.f, out);
	if (node_is_nil(v))
		return err_new(ERR_INVALID, "invalid duration");
	return err_new(ERR_INVALID, "unsupported duration type %.*s", STR_ARG(value_type_name(v)));
}

static err *run_must_to_duration(struct tmpl_call *c)
{
	int64_t d;

	TRY(as_duration(c->argv[0], &d));
	return tmpl_give(c, value_typed_int(d, GO_DURATION));
}

static err *run_in(struct tmpl_call *c)
{
	int64_t d = 0;

	err_free(as_duration(c->argv[0], &d));
	return give_in(c, d);
}

static err *run_to_multiple(struct tmpl_call *c)
{
	int64_t d = 0, unit = 0;
	err *e = as_duration(c->argv[0], &d);

	if (!e)
		e = as_duration(c->argv[1], &unit);
	if (!e)
		d = c->mode == ROUND ? duration_round(d, unit) : duration_truncate(d, unit);
	err_free(e);
	return tmpl_give(c, value_typed_int(d, GO_DURATION));
}

/* Seconds as a text, "1m35s"; only texts and int64 count. */
static err *run_duration(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);
	node v = c->argv[0];
	int64_t n = 0;

	if (value_is_str(v))
		n = tmpl_parse_int(node_str(v), 10);
	else if (v.kind == NODE_INT && v.type == GO_INT64)
		n = v.i;
	duration_add(b, (int64_t)((uint64_t)n * 1000000000));
	return tmpl_give_buf(c, b);
}

static const struct tmpl_func table[] = {
	{ "duration", "a", run_duration },
	{ "durationDays", "a", run_in, DAYS },
	{ "durationHours", "a", run_in, HOURS },
	{ "durationMicroseconds", "a", run_in, MICROSECONDS },
	{ "durationMilliseconds", "a", run_in, MILLISECONDS },
	{ "durationMinutes", "a", run_in, MINUTES },
	{ "durationNanoseconds", "a", run_in, NANOSECONDS },
	{ "durationRoundTo", "aa", run_to_multiple, ROUND },
	{ "durationSeconds", "a", run_in, SECONDS },
	{ "durationTruncateTo", "aa", run_to_multiple, TRUNCATE },
	{ "durationWeeks", "a", run_in, WEEKS },
	{ "mustToDuration", "a", run_must_to_duration },
};

const struct tmpl_funcs fn_durations = { table, sizeof table / sizeof *table };
