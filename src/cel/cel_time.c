/* Methods of timestamps and durations. */
#include "cel/cel_func_impl.h"
#include "cel/cel_value.h"
#include "text/duration.h"
#include "text/gotime.h"
#include "text/number.h"

/* "-08:00": hours and minutes, both as Go's Atoi reads them. */
static err *numeric_zone(str zone, size_t colon, int32_t *offset)
{
	int64_t hours, minutes;

	TRY(number_parse_atoi(str_sub(zone, 0, colon), &hours));
	TRY(number_parse_atoi(str_from(zone, colon + 1), &minutes));
	uint64_t all = (uint64_t)hours * 60 +
		       (zone.p[0] == '-' ? -(uint64_t)minutes : (uint64_t)minutes);

	*offset = (int32_t)((int64_t)(all * 60));
	return NULL;
}

/* The calendar of a timestamp, in UTC or in the zone of the second argument. */
static err *civil(struct cel_run *r, const cel_value *v, size_t n, struct gotime_civil *out,
		  int32_t *nanos)
{
	struct gotime t = gotime_utc(v[0].time.sec, v[0].time.nanos);
	size_t colon = n > 1 ? str_find_char(v[1].s, ':') : STR_NPOS;
	const struct tz *tz = NULL;
	int32_t offset = 0;

	*nanos = v[0].time.nanos;
	if (n > 1 && colon == STR_NPOS) {
		if (!str_eq(v[1].s, S("Local")))
			TRY(tz_find(r->a, r->zones, v[1].s, &tz));
		t = gotime_in(t, tz);
	} else if (n > 1) {
		TRY(numeric_zone(v[1].s, colon, &offset));
		t = gotime_fixed(t, offset, STR_NONE);
	}
	*out = gotime_civil(t);
	return NULL;
}

#define GETTER(name, value)                                                             \
	static cel_value name(struct cel_run *r, const cel_value *v, size_t n)          \
	{                                                                               \
		struct gotime_civil c;                                                  \
		int32_t nanos;                                                          \
		err *e = civil(r, v, n, &c, &nanos);                                    \
                                                                                        \
		(void)nanos;                                                            \
		return e ? cel_fault_err(r, e) : cel_int(value);                        \
	}

GETTER(year, c.year)
GETTER(month, c.month - 1)
GETTER(day_of_year, c.yearday - 1)
GETTER(day_of_month, c.day - 1)
GETTER(date, c.day)
GETTER(day_of_week, c.weekday)
GETTER(hours, c.hour)
GETTER(minutes, c.minute)
GETTER(seconds, c.second)
GETTER(milliseconds, nanos / 1000000)

static cel_value duration_in_hours(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_int((int64_t)duration_hours(v[0].i));
}

static cel_value duration_in_minutes(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_int((int64_t)duration_minutes(v[0].i));
}

static cel_value duration_in_seconds(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_int((int64_t)duration_seconds(v[0].i));
}

static cel_value duration_in_milliseconds(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_int(v[0].i / 1000000);
}

#define OF_TIMESTAMP(code, id)                                                          \
	UNARY_MEMBER(code, "timestamp_to_" id, T_INT, T_TIMESTAMP),                     \
	BINARY_MEMBER(code, "timestamp_to_" id "_with_tz", T_INT, T_TIMESTAMP, T_STRING)

static const struct cel_overload o_date[] = { OF_TIMESTAMP(date, "day_of_month_1_based") };
static const struct cel_overload o_day_of_month[] = { OF_TIMESTAMP(day_of_month, "day_of_month") };
static const struct cel_overload o_day_of_week[] = { OF_TIMESTAMP(day_of_week, "day_of_week") };
static const struct cel_overload o_day_of_year[] = { OF_TIMESTAMP(day_of_year, "day_of_year") };
static const struct cel_overload o_year[] = { OF_TIMESTAMP(year, "year") };
static const struct cel_overload o_month[] = { OF_TIMESTAMP(month, "month") };
static const struct cel_overload o_hours[] = {
	OF_TIMESTAMP(hours, "hours"),
	UNARY_MEMBER(duration_in_hours, "duration_to_hours", T_INT, T_DURATION),
};
static const struct cel_overload o_minutes[] = {
	OF_TIMESTAMP(minutes, "minutes"),
	UNARY_MEMBER(duration_in_minutes, "duration_to_minutes", T_INT, T_DURATION),
};
static const struct cel_overload o_seconds[] = {
	OF_TIMESTAMP(seconds, "seconds"),
	UNARY_MEMBER(duration_in_seconds, "duration_to_seconds", T_INT, T_DURATION),
};
static const struct cel_overload o_milliseconds[] = {
	OF_TIMESTAMP(milliseconds, "milliseconds"),
	UNARY_MEMBER(duration_in_milliseconds, "duration_to_milliseconds", T_INT, T_DURATION),
};

static const struct cel_function functions[] = {
	FUNCTION("getDate", o_date),
	FUNCTION("getDayOfMonth", o_day_of_month),
	FUNCTION("getDayOfWeek", o_day_of_week),
	FUNCTION("getDayOfYear", o_day_of_year),
	FUNCTION("getFullYear", o_year),
	FUNCTION("getHours", o_hours),
	FUNCTION("getMilliseconds", o_milliseconds),
	FUNCTION("getMinutes", o_minutes),
	FUNCTION("getMonth", o_month),
	FUNCTION("getSeconds", o_seconds),
};

const struct cel_function_table cel_func_times = { functions, COUNT(functions) };
