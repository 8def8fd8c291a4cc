/* Times: a value with methods, and what prints and moves it. */
#include "text/duration.h"
#include "text/number.h"
#include "tmpl/exec.h"
#include "tmpl/timeval.h"

struct time_value {
	const struct value_class *class;
	struct gotime t;
};

static const struct value_class time_class;

node timeval(struct arena *a, struct gotime t)
{
	struct time_value *v = arena_new(a, struct time_value);

	*v = (struct time_value){ &time_class, t };
	return value_object(v);
}

bool timeval_get(node n, struct gotime *out)
{
	if (value_class(n) != &time_class)
		return false;
	*out = ((const struct time_value *)n.object)->t;
	return true;
}

static struct gotime self(const struct tmpl_call *c)
{
	return ((const struct time_value *)c->self.object)->t;
}

static struct gotime time_arg(const struct tmpl_call *c, size_t i)
{
	return ((const struct time_value *)c->argv[i].object)->t;
}

/* ---- methods ----------------------------------------------------------- */

enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, NANOSECOND, WEEKDAY, YEARDAY };

static err *run_part(struct tmpl_call *c)
{
	struct gotime_civil civil = gotime_civil(self(c));

	switch (c->mode) {
	case YEAR:
		return tmpl_give_int(c, civil.year);
	case MONTH:
		return tmpl_give(c, value_typed_int(civil.month, GO_MONTH));
	case DAY:
		return tmpl_give_int(c, civil.day);
	case HOUR:
		return tmpl_give_int(c, civil.hour);
	case MINUTE:
		return tmpl_give_int(c, civil.minute);
	case SECOND:
		return tmpl_give_int(c, civil.second);
	case NANOSECOND:
		return tmpl_give_int(c, self(c).nanos);
	case WEEKDAY:
		return tmpl_give(c, value_typed_int(civil.weekday, GO_WEEKDAY));
	default:
		return tmpl_give_int(c, civil.yearday);
	}
}

/* Units in a second. */
static err *run_unix(struct tmpl_call *c)
{
	struct gotime t = self(c);
	uint64_t units = (uint64_t)c->mode;

	return tmpl_give_int64(
		c, (int64_t)((uint64_t)t.sec * units + (uint64_t)t.nanos / (1000000000 / units)));
}

static err *run_format(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);

	gotime_format(b, self(c), c->mode ? GOTIME_STRING : tmpl_arg_str(c, 0));
	return tmpl_give_buf(c, b);
}

static err *run_add(struct tmpl_call *c)
{
	return tmpl_give(c, timeval(c->a, gotime_add(self(c), tmpl_arg_int(c, 0))));
}

static err *run_add_date(struct tmpl_call *c)
{
	return tmpl_give(c, timeval(c->a, gotime_add_date(self(c), (int)tmpl_arg_int(c, 0),
							  (int)tmpl_arg_int(c, 1),
							  (int)tmpl_arg_int(c, 2))));
}

static err *run_sub(struct tmpl_call *c)
{
	int64_t d = gotime_sub(self(c), time_arg(c, 0));

	return tmpl_give(c, value_typed_int(d, GO_DURATION));
}

enum { BEFORE, AFTER, EQUAL, COMPARE };

static err *run_compare(struct tmpl_call *c)
{
	int cmp = gotime_cmp(self(c), time_arg(c, 0));

	switch (c->mode) {
	case BEFORE:
		return tmpl_give_bool(c, cmp < 0);
	case AFTER:
		return tmpl_give_bool(c, cmp > 0);
	case EQUAL:
		return tmpl_give_bool(c, cmp == 0);
	default:
		return tmpl_give_int(c, (cmp > 0) - (cmp < 0));
	}
}

static err *run_is_zero(struct tmpl_call *c)
{
	return tmpl_give_bool(c, gotime_is_zero(self(c)));
}

static err *run_utc(struct tmpl_call *c)
{
	return tmpl_give(c, timeval(c->a, gotime_in(self(c), NULL)));
}

static err *run_local(struct tmpl_call *c)
{
	return tmpl_give(c, timeval(c->a, gotime_in(self(c), tmpl_call_options(c)->local)));
}

static const struct tmpl_func methods[] = {
	{ "Add", "d", run_add },
	{ "AddDate", "iii", run_add_date },
	{ "After", "t", run_compare, AFTER },
	{ "Before", "t", run_compare, BEFORE },
	{ "Compare", "t", run_compare, COMPARE },
	{ "Day", "", run_part, DAY },
	{ "Equal", "t", run_compare, EQUAL },
	{ "Format", "s", run_format, 0 },
	{ "Hour", "", run_part, HOUR },
	{ "IsZero", "", run_is_zero },
	{ "Local", "", run_local },
	{ "Minute", "", run_part, MINUTE },
	{ "Month", "", run_part, MONTH },
	{ "Nanosecond", "", run_part, NANOSECOND },
	{ "Second", "", run_part, SECOND },
	{ "String", "", run_format, 1 },
	{ "Sub", "t", run_sub },
	{ "UTC", "", run_utc },
	{ "Unix", "", run_unix, 1 },
	{ "UnixMicro", "", run_unix, 1000000 },
	{ "UnixMilli", "", run_unix, 1000 },
	{ "UnixNano", "", run_unix, 1000000000 },
	{ "Weekday", "", run_part, WEEKDAY },
	{ "Year", "", run_part, YEAR },
	{ "YearDay", "", run_part, YEARDAY },
};

static void add_text(struct buf *b, const void *object)
{
	gotime_format(b, ((const struct time_value *)object)->t, GOTIME_STRING);
}

static void add_wire_text(struct buf *b, const void *object)
{
	gotime_format(b, ((const struct time_value *)object)->t, GOTIME_RFC3339_NANO);
}

static bool same_time(const void *a, const void *b)
{
	return gotime_cmp(((const struct time_value *)a)->t, ((const struct time_value *)b)->t) ==
	       0;
}

static const struct value_class time_class = {
	.type_name = "time.Time",
	.kind = KIND_STRUCT,
	.methods = methods,
	.methods_n = sizeof methods / sizeof *methods,
	.text = add_text,
	.wire_text = add_wire_text,
	.equal = same_time,
};

/* ---- functions --------------------------------------------------------- */

static struct gotime now(const struct tmpl_call *c)
{
	const struct tmpl_options *o = tmpl_call_options(c);

	return gotime_in(gotime_utc(0, o->now(o->ctx)), o->local);
}

/* A time, or seconds; anything else is the present. */
static struct gotime any_time(const struct tmpl_call *c, node v)
{
	struct gotime t;

	if (timeval_get(v, &t))
		return t;
	if (v.kind == NODE_INT && (v.type == GO_INT64 || v.type == GO_INT || v.type == GO_INT32))
		return gotime_utc(v.i, 0);
	return now(c);
}

static err *format_in(struct tmpl_call *c, str layout, node when, str zone)
{
	const struct tmpl_options *o = tmpl_call_options(c);
	const struct tz *tz = NULL;

	if (str_eq(zone, S("Local")))
		tz = o->local;
	else
		err_free(tz_find(c->a, o->zones, zone, &tz));
	struct buf *b = tmpl_scratch(c);

	gotime_format(b, gotime_in(any_time(c, when), tz), layout);
	return tmpl_give_buf(c, b);
}

static err *run_date(struct tmpl_call *c)
{
	str zone = c->argc > 2 ? tmpl_arg_str(c, 2) : S("Local");

	return format_in(c, tmpl_arg_str(c, 0), c->argv[1], zone);
}

static err *run_html_date(struct tmpl_call *c)
{
	str zone = c->argc > 1 ? tmpl_arg_str(c, 1) : S("Local");

	return format_in(c, GOTIME_DATE, c->argv[0], zone);
}

static err *run_now(struct tmpl_call *c)
{
	return tmpl_give(c, timeval(c->a, now(c)));
}

/* Mode 1 hands errors on. */
static err *run_date_modify(struct tmpl_call *c)
{
	int64_t d = 0;
	err *e = duration_parse(tmpl_arg_str(c, 0), &d);

	if (e && c->mode)
		return e;
	err_free(e);
	return tmpl_give(c, e ? c->argv[1] : timeval(c->a, gotime_add(time_arg(c, 1), d)));
}

static err *run_to_date(struct tmpl_call *c)
{
	struct gotime t = GOTIME_ZERO;
	err *e = gotime_parse(&t, tmpl_arg_str(c, 0), tmpl_arg_str(c, 1),
			      tmpl_call_options(c)->local);

	if (e && c->mode)
		return e;
	if (e)
		t = GOTIME_ZERO;
	err_free(e);
	return tmpl_give(c, timeval(c->a, t));
}

static err *run_unix_epoch(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);

	number_add_int(b, time_arg(c, 0).sec);
	return tmpl_give_buf(c, b);
}

static int64_t since(const struct tmpl_call *c, struct gotime t)
{
	return gotime_sub(now(c), t);
}

static err *run_ago(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);
	node v = c->argv[0];

	if (v.kind == NODE_INT && v.type == GO_INT32)
		v = node_null();
	duration_add(b, duration_round(since(c, any_time(c, v)), DURATION_SECOND));
	return tmpl_give_buf(c, b);
}

/* The largest unit that fits: "3d". */
static err *run_duration_round(struct tmpl_call *c)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = {
		{ 365 * 86400, "y" }, { 30 * 86400, "mo" }, { 86400, "d" },
		{ 3600, "h" },        { 60, "m" },          { 1, "s" },
	};
	node v = c->argv[0];
	struct gotime t;
	int64_t d = 0;

	if (value_is_str(v))
		err_free(duration_parse(node_str(v), &d));
	else if (v.kind == NODE_INT && v.type == GO_INT64)
		d = v.i;
	else if (timeval_get(v, &t))
		d = since(c, t);
	uint64_t u = d < 0 ? 0 - (uint64_t)d : (uint64_t)d;
	struct buf *b = tmpl_scratch(c);

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		uint64_t unit = units[i].seconds * 1000000000;

		if (u <= unit)
			continue;
		number_add_uint(b, u / unit);
		buf_add(b, str_c(units[i].name));
		return tmpl_give_buf(c, b);
	}
	return tmpl_give_str(c, S("0s"));
}

static const struct tmpl_func table[] = {
	{ "ago", "a", run_ago },
	{ "date", "sa", run_date },
	{ "dateInZone", "sas", run_date },
	{ "dateModify", "st", run_date_modify, 0 },
	{ "date_in_zone", "sas", run_date },
	{ "date_modify", "st", run_date_modify, 0 },
	{ "durationRound", "a", run_duration_round },
	{ "htmlDate", "a", run_html_date },
	{ "htmlDateInZone", "as", run_html_date },
	{ "mustDateModify", "st", run_date_modify, 1 },
	{ "mustToDate", "ss", run_to_date, 1 },
	{ "must_date_modify", "st", run_date_modify, 1 },
	{ "now", "", run_now },
	{ "toDate", "ss", run_to_date, 0 },
	{ "unixEpoch", "t", run_unix_epoch },
};

const struct tmpl_funcs fn_dates = { table, sizeof table / sizeof *table };
