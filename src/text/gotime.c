#include "text/gotime.h"

#include "base/ascii.h"
#include "text/gotime_impl.h"

enum { DAY = 86400, BILLION = 1000000000 };

static const str months[] = {
	S("January"), S("February"), S("March"),     S("April"),   S("May"),	  S("June"),
	S("July"),    S("August"),   S("September"), S("October"), S("November"), S("December"),
};

static const str weekdays[] = {
	S("Sunday"),   S("Monday"), S("Tuesday"),  S("Wednesday"),
	S("Thursday"), S("Friday"), S("Saturday"),
};

str gotime_month_name(int month)
{
	return month >= 1 && month <= 12 ? months[month - 1] : STR_NONE;
}

str gotime_weekday_name(int weekday)
{
	return weekday >= 0 && weekday <= 6 ? weekdays[weekday] : STR_NONE;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Sums that may leave the range of the type wrap around, as in Go. */
static int64_t wrap_add(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t wrap_mul(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a * (uint64_t)b);
}

struct gotime gotime_utc(int64_t sec, int64_t nanos)
{
	int32_t rest = (int32_t)(nanos % BILLION);

	return (struct gotime){
		.sec = wrap_add(sec, floor_div(nanos, BILLION)),
		.nanos = rest < 0 ? rest + BILLION : rest,
		.zone = S("UTC"),
	};
}

struct gotime gotime_fixed(struct gotime t, int32_t offset, str zone)
{
	t.offset = offset;
	t.zone = zone;
	t.tz = NULL;
	return t;
}

struct gotime gotime_in(struct gotime t, const struct tz *tz)
{
	if (!tz)
		return gotime_fixed(t, 0, S("UTC"));
	struct tz_span span = tz_lookup(tz, t.sec);

	t.offset = span.offset;
	t.zone = span.name;
	t.tz = tz;
	return t;
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int gotime_days_in(int64_t year, int month)
{
	if (month == 2)
		return 28 + is_leap(year);
	return 30 + ((month + (month > 7)) & 1);
}

/* Both ways below count years from March on, so that the leap day is the last
 * one, and in eras of 400 years, which all have 146,097 days. The 719,468th
 * day is January 1, 1970. */
int64_t gotime_days(int64_t year, int64_t month, int64_t day)
{
	int64_t carried = floor_div(month - 3, 12), march = month - 3 - 12 * carried;

	year += carried;
	int64_t era = floor_div(year, 400), in_era = year - era * 400;
	int64_t days = in_era * 365 + in_era / 4 - in_era / 100 + (153 * march + 2) / 5;

	return era * 146097 + days - 719468 + day - 1;
}

static void set_date(struct gotime_civil *c, int64_t days)
{
	days += 719468;
	int64_t era = floor_div(days, 146097), day = days - era * 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t yearday = day - (365 * year + year / 4 - year / 100);
	int64_t march = (5 * yearday + 2) / 153;

	c->day = (int)(yearday - (153 * march + 2) / 5) + 1;
	c->month = (int)(march < 10 ? march + 3 : march - 9);
	c->year = era * 400 + year + (march >= 10);
	c->yearday = (int)(march >= 10 ? yearday - 305 : yearday + 60 + is_leap(c->year));
}

struct gotime_civil gotime_civil(struct gotime t)
{
	struct gotime_civil c;
	int64_t second = t.sec % DAY + t.offset, days = t.sec / DAY + floor_div(second, DAY);

	second -= floor_div(second, DAY) * DAY;
	set_date(&c, days);
	c.weekday = (int)(((days + 4) % 7 + 7) % 7);
	c.hour = (int)(second / 3600);
	c.minute = (int)(second / 60 % 60);
	c.second = (int)(second % 60);
	return c;
}

/* The instant at which clocks of the place show the UTC time of `t`. */
static struct gotime at_place(struct gotime t, const struct tz *tz)
{
	if (!tz)
		return t;
	struct tz_span span = tz_lookup(tz, t.sec);

	if (span.offset) {
		int64_t utc = wrap_add(t.sec, -(int64_t)span.offset);

		if (utc < span.start || utc >= span.end)
			span = tz_lookup(tz, utc);
		t.sec = wrap_add(t.sec, -(int64_t)span.offset);
	}
	return gotime_in(t, tz);
}

struct gotime gotime_date(int year, int month, int day, int hour, int minute, int second,
			  int64_t nanos, const struct tz *tz)
{
	int64_t sec = wrap_mul(gotime_days(year, month, day), DAY);
	int64_t clock = (int64_t)hour * 3600 + (int64_t)minute * 60 + second;

	return at_place(gotime_utc(wrap_add(sec, clock), nanos), tz);
}

struct gotime gotime_add_date(struct gotime t, int years, int months_more, int days)
{
	struct gotime_civil c = gotime_civil(t);
	int64_t date = gotime_days(c.year + years, (int64_t)c.month + months_more,
				   (int64_t)c.day + days);
	int64_t sec = wrap_add(wrap_mul(date, DAY), c.hour * 3600 + c.minute * 60 + c.second);

	if (t.tz)
		return at_place(gotime_utc(sec, t.nanos), t.tz);
	t.sec = wrap_add(sec, -(int64_t)t.offset);
	return t;
}

struct gotime gotime_add(struct gotime t, int64_t duration)
{
	struct gotime sum = gotime_utc(wrap_add(t.sec, duration / BILLION),
				       t.nanos + duration % BILLION);

	return t.tz ? gotime_in(sum, t.tz) : gotime_fixed(sum, t.offset, t.zone);
}

int64_t gotime_sub(struct gotime a, struct gotime b)
{
	__int128 d = ((__int128)a.sec - b.sec) * BILLION + (a.nanos - b.nanos);

	return d > INT64_MAX ? INT64_MAX : d < INT64_MIN ? INT64_MIN : (int64_t)d;
}

int gotime_cmp(struct gotime a, struct gotime b)
{
	if (a.sec != b.sec)
		return a.sec < b.sec ? -1 : 1;
	return (a.nanos > b.nanos) - (a.nanos < b.nanos);
}

bool gotime_is_zero(struct gotime t)
{
	return gotime_cmp(t, GOTIME_ZERO) == 0;
}

static const struct element {
	str text;
	enum gotime_element element;
	int shape;
	bool word;		/* not if a small letter follows */
} elements[] = {		/* of two with the same beginning, the longer one first */
	{ S("January"), ELEMENT_LONG_MONTH },
	{ S("Jan"), ELEMENT_SHORT_MONTH, .word = true },
	{ S("Monday"), ELEMENT_LONG_WEEKDAY },
	{ S("Mon"), ELEMENT_SHORT_WEEKDAY, .word = true },
	{ S("MST"), ELEMENT_ZONE },
	{ S("01"), ELEMENT_MONTH_2 },
	{ S("02"), ELEMENT_DAY_2 },
	{ S("03"), ELEMENT_HOUR12_2 },
	{ S("04"), ELEMENT_MINUTE_2 },
	{ S("05"), ELEMENT_SECOND_2 },
	{ S("06"), ELEMENT_YEAR_2 },
	{ S("002"), ELEMENT_YEARDAY_3 },
	{ S("15"), ELEMENT_HOUR_2 },
	{ S("1"), ELEMENT_MONTH },
	{ S("2006"), ELEMENT_YEAR_4 },
	{ S("2"), ELEMENT_DAY },
	{ S("_2"), ELEMENT_DAY_PADDED },
	{ S("__2"), ELEMENT_YEARDAY_PADDED },
	{ S("3"), ELEMENT_HOUR12 },
	{ S("4"), ELEMENT_MINUTE },
	{ S("5"), ELEMENT_SECOND },
	{ S("PM"), ELEMENT_PM },
	{ S("pm"), ELEMENT_PM_SMALL },
	{ S("-070000"), ELEMENT_OFFSET, OFFSET_MINUTES | OFFSET_SECONDS },
	{ S("-07:00:00"), ELEMENT_OFFSET, OFFSET_COLON | OFFSET_MINUTES | OFFSET_SECONDS },
	{ S("-0700"), ELEMENT_OFFSET, OFFSET_MINUTES },
	{ S("-07:00"), ELEMENT_OFFSET, OFFSET_COLON | OFFSET_MINUTES },
	{ S("-07"), ELEMENT_OFFSET },
	{ S("Z070000"), ELEMENT_OFFSET, OFFSET_Z | OFFSET_MINUTES | OFFSET_SECONDS },
	{ S("Z07:00:00"), ELEMENT_OFFSET,
	  OFFSET_Z | OFFSET_COLON | OFFSET_MINUTES | OFFSET_SECONDS },
	{ S("Z0700"), ELEMENT_OFFSET, OFFSET_Z | OFFSET_MINUTES },
	{ S("Z07:00"), ELEMENT_OFFSET, OFFSET_Z | OFFSET_COLON | OFFSET_MINUTES },
	{ S("Z07"), ELEMENT_OFFSET, OFFSET_Z },
};

/* Where the elements that begin with a character stand, as first and end. */
static const struct {
	uint8_t first, end;
} by_letter[128] = {
	['J'] = { 0, 2 },   ['M'] = { 2, 5 },	['0'] = { 5, 12 },  ['1'] = { 12, 14 },
	['2'] = { 14, 16 }, ['_'] = { 16, 18 }, ['3'] = { 18, 19 }, ['4'] = { 19, 20 },
	['5'] = { 20, 21 }, ['P'] = { 21, 22 }, ['p'] = { 22, 23 }, ['-'] = { 23, 28 },
	['Z'] = { 28, 33 },
};
_Static_assert(sizeof elements / sizeof *elements == 33, "by_letter knows all elements");

/* ".000" or ",999": a run of one digit, and no other digit after it. */
static bool fraction_at(str s, struct gotime_step *step)
{
	size_t n = 1;

	if (s.n < 2 || (s.p[1] != '0' && s.p[1] != '9'))
		return false;
	while (n < s.n && s.p[n] == s.p[1])
		n++;
	if (n < s.n && ascii_is_digit(s.p[n]))
		return false;
	step->element = s.p[1] == '0' ? ELEMENT_FRACTION : ELEMENT_FRACTION_CUT;
	step->text = str_sub(s, 0, n);
	step->digits = (int)((n - 1) & 0xfff);	/* Go has 12 bits for it */
	return true;
}

static bool element_at(str s, struct gotime_step *step)
{
	unsigned char c = (unsigned char)s.p[0];

	if (c == '.' || c == ',')
		return fraction_at(s, step);
	if (c >= 128 || str_starts(s, S("_2006")))
		return false;
	for (size_t i = by_letter[c].first; i < by_letter[c].end; i++) {
		const struct element *e = &elements[i];

		if (!str_starts(s, e->text))
			continue;
		if (e->word && s.n > e->text.n && s.p[e->text.n] >= 'a' && s.p[e->text.n] <= 'z')
			continue;
		step->element = e->element;
		step->shape = e->shape;
		step->text = str_sub(s, 0, e->text.n);
		return true;
	}
	return false;
}

struct gotime_step gotime_take_step(str *layout)
{
	struct gotime_step step = { .prefix = *layout };

	for (size_t i = 0; i < layout->n; i++) {
		str rest = str_of(layout->p + i, layout->n - i);

		if (!element_at(rest, &step))
			continue;
		step.prefix = str_of(layout->p, i);
		*layout = str_from(rest, step.text.n);
		return step;
	}
	*layout = STR_NONE;
	return step;
}

/* At least `width` digits; the sign, if any, comes before them. */
static void add_int(struct buf *b, int64_t n, int width)
{
	uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	char text[24], *end = text + sizeof text, *p = end;

	if (width == 2 && u < 100 && n >= 0) {
		buf_bytes(b, (char[]){ (char)('0' + u / 10), (char)('0' + u % 10) }, 2);
		return;
	}
	for (; u || p == end; u /= 10)
		*--p = (char)('0' + u % 10);
	while (end - p < width)
		*--p = '0';
	if (n < 0)
		*--p = '-';
	buf_bytes(b, p, (size_t)(end - p));
}

static void add_padded(struct buf *b, int n, int width)
{
	for (int least = 10; width > 1; width--, least *= 10)
		if (n < least)
			buf_addc(b, ' ');
	add_int(b, n, 1);
}

static void add_fraction(struct buf *b, int32_t nanos, const struct gotime_step *s)
{
	bool cut = s->element == ELEMENT_FRACTION_CUT;
	int n = s->digits < 9 ? s->digits : 9;
	char digits[9];

	for (int i = 9; i-- > 0; nanos /= 10)
		digits[i] = (char)('0' + nanos % 10);
	while (cut && n > 0 && digits[n - 1] == '0')
		n--;
	if (cut && n == 0)
		return;
	buf_addc(b, s->text.p[0]);
	buf_bytes(b, digits, (size_t)n);
}

static void add_offset(struct buf *b, int32_t offset, int shape)
{
	if (offset == 0 && (shape & OFFSET_Z)) {
		buf_addc(b, 'Z');
		return;
	}
	int minutes = offset / 60;	/* the sign is that of the whole minutes */
	int seconds = minutes < 0 ? -(offset % 60) : offset % 60;

	buf_addc(b, minutes < 0 ? '-' : '+');
	minutes = minutes < 0 ? -minutes : minutes;
	add_int(b, minutes / 60, 2);
	if (shape & OFFSET_MINUTES) {
		if (shape & OFFSET_COLON)
			buf_addc(b, ':');
		add_int(b, minutes % 60, 2);
	}
	if (shape & OFFSET_SECONDS) {
		if (shape & OFFSET_COLON)
			buf_addc(b, ':');
		add_int(b, seconds, 2);
	}
}

static void add_date_element(struct buf *b, const struct gotime_civil *c, enum gotime_element e)
{
	switch (e) {
	case ELEMENT_LONG_MONTH: buf_add(b, months[c->month - 1]); break;
	case ELEMENT_SHORT_MONTH: buf_add(b, str_sub(months[c->month - 1], 0, 3)); break;
	case ELEMENT_MONTH: add_int(b, c->month, 1); break;
	case ELEMENT_MONTH_2: add_int(b, c->month, 2); break;
	case ELEMENT_LONG_WEEKDAY: buf_add(b, weekdays[c->weekday]); break;
	case ELEMENT_SHORT_WEEKDAY: buf_add(b, str_sub(weekdays[c->weekday], 0, 3)); break;
	case ELEMENT_DAY: add_int(b, c->day, 1); break;
	case ELEMENT_DAY_PADDED: add_padded(b, c->day, 2); break;
	case ELEMENT_DAY_2: add_int(b, c->day, 2); break;
	case ELEMENT_YEARDAY_PADDED: add_padded(b, c->yearday, 3); break;
	case ELEMENT_YEARDAY_3: add_int(b, c->yearday, 3); break;
	case ELEMENT_YEAR_4: add_int(b, c->year, 4); break;
	case ELEMENT_YEAR_2: add_int(b, (c->year < 0 ? -c->year : c->year) % 100, 2); break;
	default: break;
	}
}

static void add_step(struct buf *b, const struct gotime *t, const struct gotime_civil *c,
		     const struct gotime_step *s)
{
	int hour12 = c->hour % 12 ? c->hour % 12 : 12;

	switch (s->element) {
	case ELEMENT_HOUR_2: add_int(b, c->hour, 2); break;
	case ELEMENT_HOUR12: add_int(b, hour12, 1); break;
	case ELEMENT_HOUR12_2: add_int(b, hour12, 2); break;
	case ELEMENT_MINUTE: add_int(b, c->minute, 1); break;
	case ELEMENT_MINUTE_2: add_int(b, c->minute, 2); break;
	case ELEMENT_SECOND: add_int(b, c->second, 1); break;
	case ELEMENT_SECOND_2: add_int(b, c->second, 2); break;
	case ELEMENT_FRACTION:
	case ELEMENT_FRACTION_CUT: add_fraction(b, t->nanos, s); break;
	case ELEMENT_PM: buf_add(b, c->hour >= 12 ? S("PM") : S("AM")); break;
	case ELEMENT_PM_SMALL: buf_add(b, c->hour >= 12 ? S("pm") : S("am")); break;
	case ELEMENT_ZONE:
		if (t->zone.n)
			buf_add(b, t->zone);
		else
			add_offset(b, t->offset, OFFSET_MINUTES);
		break;
	case ELEMENT_OFFSET: add_offset(b, t->offset, s->shape); break;
	default: add_date_element(b, c, s->element);
	}
}

static void put_two(char *p, int n)
{
	p[0] = (char)('0' + n / 10);
	p[1] = (char)('0' + n % 10);
}

/* The layout of most times there are; the year has four digits. */
static void add_rfc3339(struct buf *b, const struct gotime *t, const struct gotime_civil *c,
			bool nanos)
{
	static const struct gotime_step fraction = {
		.element = ELEMENT_FRACTION_CUT, .text = S("."), .digits = 9,
	};
	char text[] = "yyyy-mm-ddThh:mm:ss";

	put_two(text, (int)(c->year / 100));
	put_two(text + 2, (int)(c->year % 100));
	put_two(text + 5, c->month);
	put_two(text + 8, c->day);
	put_two(text + 11, c->hour);
	put_two(text + 14, c->minute);
	put_two(text + 17, c->second);
	buf_bytes(b, text, sizeof text - 1);
	if (nanos && t->nanos)
		add_fraction(b, t->nanos, &fraction);
	add_offset(b, t->offset, OFFSET_Z | OFFSET_COLON | OFFSET_MINUTES);
}

void gotime_format(struct buf *b, struct gotime t, str layout)
{
	struct gotime_civil c = gotime_civil(t);
	bool nanos = str_eq(layout, GOTIME_RFC3339_NANO);

	if ((nanos || str_eq(layout, GOTIME_RFC3339)) && c.year >= 0 && c.year <= 9999) {
		add_rfc3339(b, &t, &c, nanos);
		return;
	}
	while (layout.n) {
		struct gotime_step step = gotime_take_step(&layout);

		buf_add(b, step.prefix);
		add_step(b, &t, &c, &step);
	}
}

err *gotime_write(struct buf *b, struct gotime t)
{
	struct gotime_civil c = gotime_civil(t);

	if (c.year < 0 || c.year > 9999)
		return err_new(ERR_INVALID, "year outside of range [0,9999]");
	if (t.offset <= -DAY || t.offset >= DAY)
		return err_new(ERR_INVALID, "timezone hour outside of range [0,23]");
	gotime_format(b, t, GOTIME_RFC3339_NANO);
	return NULL;
}
