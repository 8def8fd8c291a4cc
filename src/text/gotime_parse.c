#include "text/gotime_impl.h"
#include "text/number.h"
#include "text/quote.h"

/* What was read so far; -1: nothing yet. */
struct reading {
	int year, month, day, yearday;
	int hour, minute, second;
	int32_t nanos;
	bool am, pm, utc;
	int32_t offset;
	str zone;
	const char *out_of_range;	/* the name of a field */
};

static bool is_digit_at(str s, size_t i)
{
	return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

/* Take one to `most` digits, exactly `most` if `fixed`; 0 on failure. */
static bool take_digits(str *s, size_t most, bool fixed, int *out)
{
	size_t n = 0;
	int value = 0;

	while (n < most && is_digit_at(*s, n))
		value = value * 10 + (s->p[n++] - '0');
	*out = 0;
	if (n == 0 || (fixed && n < most))
		return false;
	*out = value;
	*s = str_from(*s, n);
	return true;
}

/* All of the text as a number, which may have a sign. */
static bool whole_int(str s, int *out)
{
	bool negative = str_take(&s, '-');
	int value = 0;

	if (!negative)
		str_take(&s, '+');
	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit_at(s, i))
			return false;
		value = value * 10 + (s.p[i] - '0');
	}
	*out = negative ? -value : value;
	return true;
}

static bool take_bytes(str *s, size_t n, str *out)
{
	if (s->n < n)
		return false;
	*out = str_sub(*s, 0, n);
	*s = str_from(*s, n);
	return true;
}

/* Take one of the names, or their first three letters, in any case; gives its
 * index. */
static bool take_name(str *s, str (*name)(int), int from, int to, bool is_short, int *out)
{
	for (int i = from; i <= to; i++) {
		str wanted = is_short ? str_sub(name(i), 0, 3) : name(i);

		if (str_eq_nocase(str_sub(*s, 0, wanted.n), wanted)) {
			*s = str_from(*s, wanted.n);
			*out = i;
			return true;
		}
	}
	return false;
}

static bool comma_or_point(char c)
{
	return c == '.' || c == ',';
}

/* A fraction of a second, with its point; digits beyond nine are dropped. */
static bool read_fraction(struct reading *r, str s)
{
	int nanos;

	if (!comma_or_point(s.p[0]))
		return false;
	s = str_sub(s, 1, 10);
	if (!whole_int(s, &nanos))
		return false;
	if (nanos < 0)
		r->out_of_range = "fractional second";
	for (size_t n = s.n; n < 9; n++)
		nanos *= 10;
	r->nanos = nanos;
	return true;
}

/* A fraction behind the seconds is read even if the layout has none. */
static bool take_fraction(struct reading *r, str *s)
{
	size_t n = 1;
	str fraction;

	if (s->n < 2 || !comma_or_point(s->p[0]) || !is_digit_at(*s, 1))
		return true;
	while (is_digit_at(*s, n))
		n++;
	return take_bytes(s, n, &fraction) && read_fraction(r, fraction);
}

static void check_range(struct reading *r, const char *name, int value, int least, int most)
{
	if (value < least || value > most)
		r->out_of_range = name;
}

static bool take_year(struct reading *r, const struct gotime_step *step, str *s)
{
	bool is_long = step->element == ELEMENT_YEAR_4;
	str digits;

	if (is_long && !is_digit_at(*s, 0))
		return false;
	if (!take_bytes(s, is_long ? 4 : 2, &digits) || !whole_int(digits, &r->year))
		return false;
	if (!is_long)
		r->year += r->year >= 69 ? 1900 : 2000;
	return true;
}

static bool take_date(struct reading *r, const struct gotime_step *step, str *s)
{
	enum gotime_element e = step->element;
	int weekday;

	switch (e) {
	case ELEMENT_YEAR_2:
	case ELEMENT_YEAR_4:
		return take_year(r, step, s);
	case ELEMENT_LONG_MONTH:
	case ELEMENT_SHORT_MONTH:
		return take_name(s, gotime_month_name, 1, 12, e == ELEMENT_SHORT_MONTH, &r->month);
	case ELEMENT_MONTH:
	case ELEMENT_MONTH_2:
		if (!take_digits(s, 2, e == ELEMENT_MONTH_2, &r->month))
			return false;
		check_range(r, "month", r->month, 1, 12);
		return true;
	case ELEMENT_LONG_WEEKDAY:
	case ELEMENT_SHORT_WEEKDAY:	/* read, but of no effect */
		return take_name(s, gotime_weekday_name, 0, 6, e == ELEMENT_SHORT_WEEKDAY,
				 &weekday);
	case ELEMENT_DAY:
	case ELEMENT_DAY_PADDED:
	case ELEMENT_DAY_2:
		if (e == ELEMENT_DAY_PADDED)
			str_take(s, ' ');
		return take_digits(s, 2, e == ELEMENT_DAY_2, &r->day);
	default:
		if (e == ELEMENT_YEARDAY_PADDED && str_take(s, ' '))
			str_take(s, ' ');
		return take_digits(s, 3, e == ELEMENT_YEARDAY_3, &r->yearday);
	}
}

static bool take_second(struct reading *r, const struct gotime_step *step, str *s, str layout)
{
	if (!take_digits(s, 2, step->element == ELEMENT_SECOND_2, &r->second))
		return false;
	check_range(r, "second", r->second, 0, 59);
	if (r->out_of_range)
		return true;
	enum gotime_element next = gotime_take_step(&layout).element;

	if (next == ELEMENT_FRACTION || next == ELEMENT_FRACTION_CUT)
		return true;
	return take_fraction(r, s);
}

static bool take_half_day(struct reading *r, str *s, str am, str pm)
{
	if (str_take_str(s, pm))
		r->pm = true;
	else if (str_take_str(s, am))
		r->am = true;
	else
		return false;
	return true;
}

static bool take_clock(struct reading *r, const struct gotime_step *step, str *s, str layout)
{
	enum gotime_element e = step->element;
	bool ok;
	str fraction;

	switch (e) {
	case ELEMENT_HOUR_2:
		ok = take_digits(s, 2, false, &r->hour);
		check_range(r, "hour", r->hour, 0, 23);
		return ok;
	case ELEMENT_HOUR12:
	case ELEMENT_HOUR12_2:
		ok = take_digits(s, 2, e == ELEMENT_HOUR12_2, &r->hour);
		check_range(r, "hour", r->hour, 0, 12);
		return ok;
	case ELEMENT_MINUTE:
	case ELEMENT_MINUTE_2:
		ok = take_digits(s, 2, e == ELEMENT_MINUTE_2, &r->minute);
		check_range(r, "minute", r->minute, 0, 59);
		return ok;
	case ELEMENT_SECOND:
	case ELEMENT_SECOND_2:
		return take_second(r, step, s, layout);
	case ELEMENT_FRACTION:
		return take_bytes(s, 1 + (size_t)step->digits, &fraction) &&
		       read_fraction(r, fraction);
	case ELEMENT_FRACTION_CUT:
		return take_fraction(r, s);
	case ELEMENT_PM:
		return take_half_day(r, s, S("AM"), S("PM"));
	default:
		return take_half_day(r, s, S("am"), S("pm"));
	}
}

/* Exactly two digits. */
static bool two_digits(str s, int *out)
{
	return take_digits(&s, 2, true, out);
}

static bool take_offset(struct reading *r, int shape, str *s)
{
	size_t colon = (shape & OFFSET_COLON) != 0, second_at = 5 + 2 * colon;
	bool seconds = shape & OFFSET_SECONDS, minutes = shape & OFFSET_MINUTES;
	int h, m = 0, sec = 0;
	str text;

	if ((shape & OFFSET_Z) && str_take(s, 'Z')) {
		r->utc = true;
		return true;
	}
	size_t n = seconds ? second_at + 2 : minutes ? 5 + colon : 3;

	if (s->n < n || (colon && (s->p[3] != ':' || (seconds && s->p[6] != ':'))))
		return false;
	take_bytes(s, n, &text);
	bool ok = two_digits(str_sub(text, 1, 3), &h) &&
		  (!minutes || two_digits(str_sub(text, 3 + colon, 5 + colon), &m)) &&
		  (!seconds || two_digits(str_sub(text, second_at, n), &sec));

	/* 24 hours and 60 minutes are fine: people write them. */
	check_range(r, "time zone offset hour", h, 0, 24);
	check_range(r, "time zone offset minute", m, 0, 60);
	check_range(r, "time zone offset second", sec, 0, 60);
	r->offset = (h * 60 + m) * 60 + sec;
	if (text.p[0] == '-')
		r->offset = -r->offset;
	return ok && (text.p[0] == '-' || text.p[0] == '+');
}

/* "+03" or "-04", up to 23 hours; 0 when there is none. */
static size_t signed_offset(str s)
{
	uint64_t hours = 0;
	size_t n = 1;

	if (s.n == 0 || (s.p[0] != '+' && s.p[0] != '-'))
		return 0;
	for (; is_digit_at(s, n); n++)
		hours = hours > 23 ? hours : hours * 10 + (uint64_t)(s.p[n] - '0');
	return n > 1 && hours <= 23 ? n : 0;
}

/* The length of what looks like a zone's abbreviation: three capitals, or
 * four or five with a T at the end, and some others. */
static size_t zone_length(str s)
{
	size_t capitals = 0;

	if (s.n < 3)
		return 0;
	if (str_starts(s, S("ChST")) || str_starts(s, S("MeST")))
		return 4;
	if (str_starts(s, S("GMT")))
		return 3 + signed_offset(str_from(s, 3));
	if (s.p[0] == '+' || s.p[0] == '-')
		return signed_offset(s);
	while (capitals < 6 && capitals < s.n && s.p[capitals] >= 'A' && s.p[capitals] <= 'Z')
		capitals++;
	if (capitals == 3)
		return 3;
	if ((capitals == 4 || capitals == 5) && s.p[capitals - 1] == 'T')
		return capitals;
	return capitals == 4 && str_starts(s, S("WITA")) ? 4 : 0;
}

static bool take_zone(struct reading *r, str *s)
{
	if (str_take_str(s, S("UTC"))) {
		r->utc = true;
		return true;
	}
	size_t n = zone_length(*s);

	return n && take_bytes(s, n, &r->zone);
}

static bool take_element(struct reading *r, const struct gotime_step *step, str *s, str layout)
{
	switch (step->element) {
	case ELEMENT_OFFSET:
		return take_offset(r, step->shape, s);
	case ELEMENT_ZONE:
		return take_zone(r, s);
	case ELEMENT_HOUR_2:
	case ELEMENT_HOUR12:
	case ELEMENT_HOUR12_2:
	case ELEMENT_MINUTE:
	case ELEMENT_MINUTE_2:
	case ELEMENT_SECOND:
	case ELEMENT_SECOND_2:
	case ELEMENT_FRACTION:
	case ELEMENT_FRACTION_CUT:
	case ELEMENT_PM:
	case ELEMENT_PM_SMALL:
		return take_clock(r, step, s, layout);
	default:
		return take_date(r, step, s);
	}
}

/* Take the fixed text of a layout; one space stands for any number of them. */
static bool take_prefix(str *s, str prefix)
{
	while (prefix.n) {
		if (prefix.p[0] != ' ') {
			if (!str_take(s, prefix.p[0]))
				return false;
			prefix = str_from(prefix, 1);
			continue;
		}
		if (s->n && s->p[0] != ' ')
			return false;
		prefix = str_trim_left_set(prefix, S(" "));
		*s = str_trim_left_set(*s, S(" "));
	}
	return true;
}

static err *cannot_parse(str layout, str value, str element, str rest)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add_bytes(&b, value);
	buf_add(&b, S(" as "));
	quote_add_bytes(&b, layout);
	buf_add(&b, S(": cannot parse "));
	quote_add_bytes(&b, rest);
	buf_add(&b, S(" as "));
	quote_add_bytes(&b, element);
	return err_new(ERR_INVALID, "parsing time %s", buf_c(&b));
}

static err *fail(str value, const char *what)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add_bytes(&b, value);
	return err_new(ERR_INVALID, "parsing time %s: %s", buf_c(&b), what);
}

static err *fail_range(str value, const char *what)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addf(&b, "%s out of range", what);
	return fail(value, buf_c(&b));
}

static err *fail_extra(str value, str rest)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, S("extra text: "));
	quote_add_bytes(&b, rest);
	return fail(value, buf_c(&b));
}

static err *read_all(struct reading *r, str layout, str value)
{
	str whole = layout, rest = value;

	for (;;) {
		struct gotime_step step = gotime_take_step(&layout);

		if (!take_prefix(&rest, step.prefix))
			return cannot_parse(whole, value, step.prefix, rest);
		if (step.element == ELEMENT_NONE)
			return rest.n ? fail_extra(value, rest) : NULL;
		str before = rest;
		bool ok = take_element(r, &step, &rest, layout);

		if (r->out_of_range)
			return fail_range(value, r->out_of_range);
		if (!ok)
			return cannot_parse(whole, value, step.text, before);
	}
}

/* Month and day from the day of the year, which must fit the others. */
static err *set_by_yearday(struct reading *r, str value)
{
	int month = 1, day = r->yearday;

	if (day < 1 || day > 365 + (gotime_days_in(r->year, 2) == 29))
		return fail_range(value, "day-of-year");
	for (; day > gotime_days_in(r->year, month); month++)
		day -= gotime_days_in(r->year, month);
	if (r->month >= 0 && r->month != month)
		return fail(value, "day-of-year does not match month");
	if (r->day >= 0 && r->day != day)
		return fail(value, "day-of-year does not match day");
	r->month = month;
	r->day = day;
	return NULL;
}

/* The instant, if the clock of UTC shows the fields read. */
static struct gotime at_utc(const struct reading *r)
{
	return gotime_date(r->year, r->month, r->day, r->hour, r->minute, r->second, r->nanos,
			   NULL);
}

static struct gotime with_offset(const struct reading *r, const struct tz *tz)
{
	struct gotime t = at_utc(r);

	t.sec -= r->offset;
	struct tz_span local = tz_lookup(tz, t.sec);

	if (local.offset == r->offset && (r->zone.n == 0 || str_eq(local.name, r->zone)))
		return gotime_in(t, tz);
	return gotime_fixed(t, r->offset, r->zone);
}

/* An abbreviation the place does not know is kept, as if it were UTC. */
static struct gotime with_zone(const struct reading *r, const struct tz *tz)
{
	struct gotime t = at_utc(r);
	int32_t offset = 0;

	if (tz_lookup_name(tz, r->zone, t.sec, &offset)) {
		t.sec -= offset;
		return gotime_in(t, tz);
	}
	if (r->zone.n > 3 && str_starts(r->zone, S("GMT"))) {
		whole_int(str_from(r->zone, 3), &offset);
		offset *= 3600;
	}
	return gotime_fixed(t, offset, r->zone);
}

static bool digits_at(str s, size_t at, int n, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++) {
		if (!is_digit_at(s, at + (size_t)i))
			return false;
		*out = *out * 10 + (s.p[at + (size_t)i] - '0');
	}
	return true;
}

/* Most times there are: as the layout of RFC 3339 has them, with or without a
 * fraction, and all fields in range. False for all others, also good ones. */
static bool read_rfc3339(struct reading *r, str s)
{
	static const char form[] = "    -  -  T  :  :  ";

	for (size_t i = 0; i < sizeof form - 1; i++)
		if (form[i] != ' ' && (i >= s.n || s.p[i] != form[i]))
			return false;
	if (!digits_at(s, 0, 4, &r->year) || !digits_at(s, 5, 2, &r->month) ||
	    !digits_at(s, 8, 2, &r->day) || !digits_at(s, 11, 2, &r->hour) ||
	    !digits_at(s, 14, 2, &r->minute) || !digits_at(s, 17, 2, &r->second))
		return false;
	s = str_from(s, sizeof form - 1);
	if (!take_fraction(r, &s) ||
	    !take_offset(r, OFFSET_Z | OFFSET_COLON | OFFSET_MINUTES, &s) || s.n)
		return false;
	return !r->out_of_range && r->month >= 1 && r->month <= 12 && r->hour < 24 &&
	       r->minute < 60 && r->second < 60;
}

err *gotime_parse(struct gotime *out, str layout, str value, const struct tz *tz)
{
	const struct reading nothing = { .month = -1, .day = -1, .yearday = -1, .offset = -1 };
	bool rfc3339 = str_eq(layout, GOTIME_RFC3339) || str_eq(layout, GOTIME_RFC3339_NANO);
	struct reading r = nothing;

	if (!rfc3339 || !read_rfc3339(&r, value)) {
		r = nothing;
		TRY(read_all(&r, layout, value));
	}
	if (r.pm && r.hour < 12)
		r.hour += 12;
	else if (r.am && r.hour == 12)
		r.hour = 0;
	if (r.yearday >= 0)
		TRY(set_by_yearday(&r, value));
	r.month = r.month < 0 ? 1 : r.month;
	r.day = r.day < 0 ? 1 : r.day;
	if (r.day < 1 || r.day > gotime_days_in(r.year, r.month))
		return fail_range(value, "day");
	if (r.utc)
		*out = at_utc(&r);
	else if (r.offset != -1)
		*out = with_offset(&r, tz);
	else if (r.zone.n)
		*out = with_zone(&r, tz);
	else
		*out = gotime_date(r.year, r.month, r.day, r.hour, r.minute, r.second, r.nanos, tz);
	return NULL;
}
