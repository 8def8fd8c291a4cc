#include "text/duration.h"

#include "base/ascii.h"
#include "text/quote.h"

static const uint64_t most = (uint64_t)1 << 63;

static const struct unit {
	str name;
	uint64_t nanos;
} units[] = {
	{ S("s"), DURATION_SECOND },	  { S("m"), DURATION_MINUTE },
	{ S("h"), DURATION_HOUR },	  { S("ms"), DURATION_MILLISECOND },
	{ S("us"), DURATION_MICROSECOND }, { S("\u00b5s"), DURATION_MICROSECOND },
	{ S("\u03bcs"), DURATION_MICROSECOND }, { S("ns"), 1 },
};

static bool is_unit(char c)
{
	return c != '.' && !ascii_is_digit(c);
}

static const struct unit *find_unit(str name)
{
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (str_eq(units[i].name, name))
			return &units[i];
	return NULL;
}

/* Take digits; false when they are more than 2^63. */
static bool take_whole(str *s, uint64_t *out)
{
	str digits = str_span(s, ascii_is_digit);
	uint64_t n = 0;

	for (size_t i = 0; i < digits.n; i++) {
		if (n > most / 10)
			return false;
		n = n * 10 + (uint64_t)(digits.p[i] - '0');
		if (n > most)
			return false;
	}
	*out = n;
	return true;
}

/* Take digits after the point; those that do not fit are dropped. The
 * fraction is the result over *scale. */
static uint64_t take_fraction(str *s, double *scale)
{
	str digits = str_span(s, ascii_is_digit);
	uint64_t n = 0;

	*scale = 1;
	for (size_t i = 0; i < digits.n; i++) {
		uint64_t next = n * 10 + (uint64_t)(digits.p[i] - '0');

		if (n > (most - 1) / 10 || next > most)
			break;
		n = next;
		*scale *= 10;
	}
	return n;
}

static err *fail(str s, str what)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add_bytes(&b, s);
	return err_new(ERR_INVALID, "time: %.*s %s", STR_ARG(what), buf_c(&b));
}

static err *fail_unit(str s, str unit)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, S("unknown unit "));
	quote_add_bytes(&b, unit);
	buf_add(&b, S(" in duration"));
	return fail(s, buf_str(&b));
}

/* Take a number and its unit, and add them to *sum. `whole` is for messages. */
static err *take_part(str *s, str whole, uint64_t *sum)
{
	uint64_t n = 0, fraction = 0;
	double scale = 1;
	size_t digits = 0, before = s->n;
	const str invalid = S("invalid duration");

	if (!take_whole(s, &n))
		return fail(whole, invalid);
	digits = before - s->n;
	if (str_take(s, '.')) {
		before = s->n;
		fraction = take_fraction(s, &scale);
		digits += before - s->n;
	}
	if (digits == 0)
		return fail(whole, invalid);
	str name = str_span(s, is_unit);

	if (name.n == 0)
		return fail(whole, S("missing unit in duration"));
	const struct unit *unit = find_unit(name);

	if (!unit)
		return fail_unit(whole, name);
	if (n > most / unit->nanos)
		return fail(whole, invalid);
	n *= unit->nanos;
	if (fraction) {
		n += (uint64_t)((double)fraction * ((double)unit->nanos / scale));
		if (n > most)
			return fail(whole, invalid);
	}
	*sum += n;
	return *sum > most ? fail(whole, invalid) : NULL;
}

err *duration_parse(str s, int64_t *out)
{
	str whole = s;
	bool negative = str_take(&s, '-');
	uint64_t sum = 0;

	if (!negative)
		str_take(&s, '+');
	if (str_eq(s, S("0"))) {
		*out = 0;
		return NULL;
	}
	if (s.n == 0)
		return fail(whole, S("invalid duration"));
	while (s.n)
		TRY(take_part(&s, whole, &sum));
	if (sum == most && !negative)
		return fail(whole, S("invalid duration"));
	*out = (int64_t)(negative ? 0 - sum : sum);
	return NULL;
}

/* Writing goes from the end to the front. */
static char *put_uint(char *p, uint64_t u)
{
	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	return p;
}

/* u / 10^places, without zeros at the end of the fraction. */
static char *put_scaled(char *p, uint64_t u, int places)
{
	bool any = false;

	for (; places > 0; places--, u /= 10) {
		any |= u % 10 != 0;
		if (any)
			*--p = (char)('0' + u % 10);
	}
	if (any)
		*--p = '.';
	return put_uint(p, u);
}

static char *put_text(char *p, str s)
{
	return memcpy(p - s.n, s.p, s.n);
}

static char *put_duration(char *p, uint64_t u)
{
	const uint64_t second = DURATION_SECOND;

	if (u == 0)
		return put_text(p, S("0s"));
	if (u < (uint64_t)DURATION_MICROSECOND)
		return put_scaled(put_text(p, S("ns")), u, 0);
	if (u < (uint64_t)DURATION_MILLISECOND)
		return put_scaled(put_text(p, S("\u00b5s")), u, 3);
	if (u < second)
		return put_scaled(put_text(p, S("ms")), u, 6);
	uint64_t minutes = u / second / 60;

	p = put_scaled(put_text(p, S("s")), u % (60 * second), 9);
	if (minutes)
		p = put_uint(put_text(p, S("m")), minutes % 60);
	if (minutes >= 60)
		p = put_uint(put_text(p, S("h")), minutes / 60);
	return p;
}

void duration_add(struct buf *b, int64_t d)
{
	char text[40], *end = text + sizeof text;
	char *p = put_duration(end, d < 0 ? 0 - (uint64_t)d : (uint64_t)d);

	if (d < 0)
		*--p = '-';
	buf_bytes(b, p, (size_t)(end - p));
}

/* Whole units and the rest apart, so that neither loses digits. */
static double in_units(int64_t d, int64_t unit)
{
	return (double)(d / unit) + (double)(d % unit) / (double)unit;
}

double duration_hours(int64_t d)
{
	return in_units(d, DURATION_HOUR);
}

double duration_minutes(int64_t d)
{
	return in_units(d, DURATION_MINUTE);
}

double duration_seconds(int64_t d)
{
	return in_units(d, DURATION_SECOND);
}

int64_t duration_truncate(int64_t d, int64_t unit)
{
	return unit > 0 ? d - d % unit : d;
}

int64_t duration_round(int64_t d, int64_t unit)
{
	if (unit <= 0)
		return d;
	int64_t rest = d % unit, down = d - rest, up;
	uint64_t size = (uint64_t)(rest < 0 ? -rest : rest);

	if (2 * size < (uint64_t)unit)
		return down;
	if (__builtin_add_overflow(down, d < 0 ? -unit : unit, &up))
		return d < 0 ? INT64_MIN : INT64_MAX;
	return up;
}
