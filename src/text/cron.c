#include "text/cron.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "text/duration.h"
#include "text/gotime.h"
#include "text/number.h"

enum { FIELDS = 5 };

struct bounds {
	uint32_t min, max;
	const char *names;	/* from the least number on, three letters each; NULL: none */
};

static const struct bounds bounds[FIELDS] = {
	{ 0, 59, NULL },
	{ 0, 23, NULL },
	{ 1, 31, NULL },
	{ 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec" },
	{ 0, 6, "sunmontuewedthufrisat" },
};

static bool by_name(str text, const struct bounds *b, uint64_t *out)
{
	if (!b->names || text.n != 3)
		return false;
	for (const char *p = b->names; *p; p += 3)
		if (tolower((unsigned char)text.p[0]) == p[0] &&
		    tolower((unsigned char)text.p[1]) == p[1] &&
		    tolower((unsigned char)text.p[2]) == p[2]) {
			*out = b->min + (uint64_t)(p - b->names) / 3;
			return true;
		}
	return false;
}

static err *read_number(str text, uint64_t *out)
{
	int64_t n;
	err *e = number_parse_atoi(text, &n);

	if (e) {
		err *whole = err_new(ERR_INVALID, "failed to parse int from %.*s: %s", STR_ARG(text),
				     err_msg(e));

		err_free(e);
		return whole;
	}
	if (n < 0)
		return err_new(ERR_INVALID, "negative number (%lld) not allowed: %.*s", (long long)n,
			       STR_ARG(text));
	*out = (uint64_t)n;
	return NULL;
}

static err *read_value(str text, const struct bounds *b, uint64_t *out)
{
	return by_name(text, b, out) ? NULL : read_number(text, out);
}

/* "1-5", "7", "*" */
static err *read_span(str whole, str text, const struct bounds *b, uint64_t *start, uint64_t *end,
		      bool *star)
{
	str low = text, high = STR_NONE;
	bool single = !str_split(text, '-', &low, &high);

	*star = str_eq(low, S("*")) || str_eq(low, S("?"));
	if (*star) {
		*start = b->min;
		*end = b->max;
		return NULL;
	}
	TRY(read_value(low, b, start));
	if (single) {
		*end = *start;
		return NULL;
	}
	if (str_find_char(high, '-') != STR_NPOS)
		return err_new(ERR_INVALID, "too many hyphens: %.*s", STR_ARG(whole));
	return read_value(high, b, end);
}

static err *check_span(str whole, const struct bounds *b, uint64_t start, uint64_t end, uint64_t step)
{
	unsigned long long s = start, e = end;

	if (start < b->min)
		return err_new(ERR_INVALID, "beginning of range (%llu) below minimum (%u): %.*s", s, b->min,
			       STR_ARG(whole));
	if (end > b->max)
		return err_new(ERR_INVALID, "end of range (%llu) above maximum (%u): %.*s", e, b->max,
			       STR_ARG(whole));
	if (start > end)
		return err_new(ERR_INVALID, "beginning of range (%llu) beyond end of range (%llu): %.*s", s,
			       e, STR_ARG(whole));
	if (!step)
		return err_new(ERR_INVALID, "step of range should be a positive number: %.*s",
			       STR_ARG(whole));
	return NULL;
}

/* One range of a field: "1-5/2". */
static err *read_range(str whole, const struct bounds *b, uint64_t *bits, bool *any)
{
	str span = whole, step_text = STR_NONE;
	uint64_t start, end, step = 1;
	bool star, stepped = str_split(whole, '/', &span, &step_text);

	TRY(read_span(whole, span, b, &start, &end, &star));
	if (stepped) {
		if (str_find_char(step_text, '/') != STR_NPOS)
			return err_new(ERR_INVALID, "too many slashes: %.*s", STR_ARG(whole));
		TRY(read_number(step_text, &step));
		if (str_find_char(span, '-') == STR_NPOS)
			end = b->max;
	}
	TRY(check_span(whole, b, start, end, step));
	for (uint64_t i = start; i <= end; i += step)
		*bits |= UINT64_C(1) << i;
	*any |= star && step <= 1;
	return NULL;
}

static err *read_field(str text, const struct bounds *b, uint64_t *bits, bool *any)
{
	str one;

	*bits = 0;
	*any = false;
	while (str_cut(&text, &one, ','))
		if (one.n)
			TRY(read_range(one, b, bits, any));
	return NULL;
}

static uint64_t all(const struct bounds *b)
{
	return (UINT64_C(2) << b->max) - (UINT64_C(1) << b->min);
}

static err *read_descriptor(str text, struct cron *c)
{
	static const struct {
		str name;
		bool any_hour, any_day, any_month, any_weekday;
	} known[] = {
		{ S("@yearly"), false, false, false, true },  { S("@annually"), false, false, false, true },
		{ S("@monthly"), false, false, true, true },  { S("@weekly"), false, true, true, false },
		{ S("@daily"), false, true, true, true },     { S("@midnight"), false, true, true, true },
		{ S("@hourly"), true, true, true, true },
	};
	str rest = text;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (!str_eq(text, known[i].name))
			continue;
		c->minutes = 1;
		c->hours = known[i].any_hour ? all(&bounds[1]) : 1;
		c->days = known[i].any_day ? all(&bounds[2]) : 2;
		c->months = known[i].any_month ? all(&bounds[3]) : 2;
		c->weekdays = known[i].any_weekday ? all(&bounds[4]) : 1;
		c->any_day = known[i].any_day;
		c->any_weekday = known[i].any_weekday;
		return NULL;
	}
	if (!str_take_str(&rest, S("@every ")))
		return err_new(ERR_INVALID, "unrecognized descriptor: %.*s", STR_ARG(text));
	err *e = duration_parse(rest, &c->every);

	if (e) {
		err *whole = err_new(ERR_INVALID, "failed to parse duration %.*s: %s", STR_ARG(text),
				     err_msg(e));

		err_free(e);
		return whole;
	}
	if (c->every < DURATION_SECOND) /* seconds are the least there is */
		c->every = DURATION_SECOND;
	c->every -= c->every % DURATION_SECOND;
	return NULL;
}

/* "TZ=Europe/Berlin 0 9 * * *" */
static err *take_zone(str *text, struct cron *c)
{
	str rest = *text;

	if (!str_take_str(&rest, S("TZ=")) && !str_take_str(&rest, S("CRON_TZ=")))
		return NULL;
	size_t space = str_find_char(*text, ' '), start = text->n - rest.n;

	if (space == STR_NPOS)
		return err_new(ERR_INVALID, "invalid schedule format: runtime error: slice bounds out of "
					    "range [:-1]");
	c->zone = str_sub(*text, start, space);
	*text = str_trim(str_from(*text, space));
	return NULL;
}

static size_t split_fields(str text, str out[FIELDS], struct buf *shown)
{
	size_t n = 0;

	while ((text = str_trim(text)).n) {
		size_t end = 0;

		while (end < text.n && !isspace((unsigned char)text.p[end]))
			end++;
		if (n < FIELDS)
			out[n] = str_sub(text, 0, end);
		buf_add(shown, n ? S(" ") : STR_NONE);
		buf_add(shown, str_sub(text, 0, end));
		n++;
		text = str_from(text, end);
	}
	return n;
}

err *cron_parse(str text, struct cron *out)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	uint64_t *sets[FIELDS] = { &out->minutes, &out->hours, &out->days, &out->months, &out->weekdays };
	bool any[FIELDS];
	str fields[FIELDS];

	*out = (struct cron){ 0 };
	if (!text.n)
		return err_new(ERR_INVALID, "empty spec string");
	TRY(take_zone(&text, out));
	if (str_starts(text, S("@")))
		return read_descriptor(text, out);
	size_t n = split_fields(text, fields, &shown);

	if (n != FIELDS)
		return err_new(ERR_INVALID, "expected exactly 5 fields, found %zu: [%s]", n, buf_c(&shown));
	for (size_t i = 0; i < FIELDS; i++)
		TRY(read_field(fields[i], &bounds[i], sets[i], &any[i]));
	out->any_day = any[2];
	out->any_weekday = any[4];
	return NULL;
}

/* ---- the next time ----------------------------------------------------- */

enum { MINUTE = 60, HOUR = 3600, DAY = 24 * HOUR, YEARS_MAX = 5 };

static bool has_bit(uint64_t set, int i)
{
	return set >> i & 1;
}

/* A day is meant by its date or by its weekday, unless only one of them is given. */
static bool is_day(const struct cron *c, const struct gotime_civil *at)
{
	bool date = has_bit(c->days, at->day), weekday = has_bit(c->weekdays, at->weekday);

	if (c->any_day || c->any_weekday)
		return date && weekday;
	return date || weekday;
}

int64_t cron_next(const struct cron *c, int64_t after, const struct tz *tz)
{
	const int64_t second = 1000000000;
	int64_t end = after + (int64_t)YEARS_MAX * 366 * DAY;

	if (c->every)
		return after + (c->every < second ? 1 : c->every / second);
	for (int64_t t = after - (after % MINUTE + MINUTE) % MINUTE + MINUTE; t < end;) {
		struct gotime_civil at = gotime_civil(gotime_in(gotime_utc(t, 0), tz));
		int64_t into_hour = at.minute * MINUTE + at.second;

		if (!has_bit(c->months, at.month) || !is_day(c, &at)) {
			/* to the next midnight by hours: days are not all as long */
			t += HOUR - into_hour;
		} else if (!has_bit(c->hours, at.hour)) {
			t += HOUR - into_hour;
		} else if (!has_bit(c->minutes, at.minute)) {
			t += MINUTE - at.second;
		} else {
			return t;
		}
	}
	return -1;
}
