#include "text/tz.h"

#include "base/ascii.h"
#include "text/gotime_impl.h"

enum { HOUR = 3600, DAY = 86400 };

struct zone {
	str name;
	int32_t offset;
	bool summer;
};

/* When a year's clocks change: Mm.w.d, Jn or n of POSIX's TZ variable. */
struct rule {
	enum { RULE_WEEKDAY, RULE_JULIAN, RULE_DAY } kind;
	int month, week, day;
	int32_t time;		/* of the day, by the clocks before the change */
};

struct change {
	int64_t when;
	uint8_t zone;
};

struct tz {
	str name;
	struct zone *zones;
	size_t zones_n;
	struct change *changes;		/* ascending */
	size_t changes_n;
	size_t first;			/* the zone before all changes */
	/* What holds after the last change: */
	bool ruled;
	bool has_summer;
	struct zone standard, summer;
	struct rule to_summer, to_standard;
};

/* A big-endian number of `size` bytes off the front; false at the end. */
static bool take_number(str *s, size_t size, uint64_t *out)
{
	if (s->n < size)
		return false;
	*out = 0;
	for (size_t i = 0; i < size; i++)
		*out = *out << 8 | (unsigned char)s->p[i];
	*s = str_from(*s, size);
	return true;
}

static bool take_bytes(str *s, uint64_t n, str *out)
{
	if (s->n < n)
		return false;
	*out = str_sub(*s, 0, n);
	*s = str_from(*s, n);
	return true;
}

/* How many of each a TZif block holds. */
struct counts {
	uint64_t utc, standard, leap, changes, zones, chars;
};

static bool take_header(str *s, char *version, struct counts *n)
{
	uint64_t *const all[] = { &n->utc,     &n->standard, &n->leap,
				  &n->changes, &n->zones,    &n->chars };

	if (s->n < 20 || !str_starts(*s, S("TZif")))
		return false;
	*version = s->p[4];
	*s = str_from(*s, 20);
	for (size_t i = 0; i < 6; i++)
		if (!take_number(s, 4, all[i]))
			return false;
	return true;
}

/* Where the parts of a block lie. */
struct block {
	str times, indexes, zones, chars, rest;
	size_t time_size;
};

static bool take_block(str *s, const struct counts *n, size_t time_size, struct block *b)
{
	b->time_size = time_size;
	return take_bytes(s, n->changes * time_size, &b->times) &&
	       take_bytes(s, n->changes, &b->indexes) && take_bytes(s, n->zones * 6, &b->zones) &&
	       take_bytes(s, n->chars, &b->chars) &&
	       take_bytes(s, n->leap * (time_size + 4) + n->standard + n->utc, &b->rest);
}

static bool read_zones(struct arena *a, struct tz *tz, str bytes, str chars)
{
	tz->zones_n = bytes.n / 6;
	tz->zones = arena_array(a, struct zone, tz->zones_n);
	for (size_t i = 0; i < tz->zones_n; i++) {
		uint64_t offset, summer, at;
		str name, rest;

		if (!take_number(&bytes, 4, &offset) || !take_number(&bytes, 1, &summer) ||
		    !take_number(&bytes, 1, &at) || at >= chars.n)
			return false;
		str_split(str_from(chars, at), 0, &name, &rest);
		tz->zones[i] = (struct zone){ arena_str(a, name), (int32_t)offset, summer != 0 };
	}
	return tz->zones_n > 0;
}

static bool read_changes(struct arena *a, struct tz *tz, struct block *b)
{
	tz->changes_n = b->indexes.n;
	tz->changes = arena_array(a, struct change, tz->changes_n + 1);
	for (size_t i = 0; i < tz->changes_n; i++) {
		uint64_t when = 0;

		tz->changes[i].zone = (uint8_t)b->indexes.p[i];
		if (!take_number(&b->times, b->time_size, &when) ||
		    tz->changes[i].zone >= tz->zones_n)
			return false;
		tz->changes[i].when = b->time_size == 4 ? (int32_t)when : (int64_t)when;
	}
	if (tz->changes_n == 0)		/* one zone for all times */
		tz->changes[tz->changes_n++] = (struct change){ .when = INT64_MIN };
	return true;
}

/* What clocks showed before the first change: not the first zone if that has
 * a use later on, but the standard time that the first change ends. */
static size_t first_zone(const struct tz *tz)
{
	bool used = false;

	for (size_t i = 0; i < tz->changes_n; i++)
		used |= tz->changes[i].zone == 0;
	if (!used)
		return 0;
	if (tz->zones[tz->changes[0].zone].summer)
		for (size_t i = tz->changes[0].zone; i-- > 0;)
			if (!tz->zones[i].summer)
				return i;
	for (size_t i = 0; i < tz->zones_n; i++)
		if (!tz->zones[i].summer)
			return i;
	return 0;
}

static bool take_int(str *s, int least, int most, int *out)
{
	uint64_t n;

	if (!str_to_u64(str_span(s, ascii_is_digit), &n) || n < (uint64_t)least || n > (uint64_t)most)
		return false;
	*out = (int)n;
	return true;
}

static bool is_zone_letter(char c)
{
	return !ascii_is_digit(c) && c != ',' && c != '-' && c != '+';
}

/* "CET" or "<+03>" */
static bool take_zone_name(str *s, str *name)
{
	if (str_take(s, '<')) {
		size_t end = str_find_char(*s, '>');

		if (end == STR_NPOS)
			return false;
		*name = str_sub(*s, 0, end);
		*s = str_from(*s, end + 1);
		return true;
	}
	*name = str_span(s, is_zone_letter);
	return name->n >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(str *s, int32_t *out)
{
	bool negative = str_take(s, '-');
	int hours, minutes = 0, seconds = 0;

	if (!negative)
		str_take(s, '+');
	if (!take_int(s, 0, 24 * 7, &hours))
		return false;
	if (str_take(s, ':') && !take_int(s, 0, 59, &minutes))
		return false;
	if (str_take(s, ':') && !take_int(s, 0, 59, &seconds))
		return false;
	*out = hours * HOUR + minutes * 60 + seconds;
	if (negative)
		*out = -*out;
	return true;
}

static bool take_rule(str *s, struct rule *r)
{
	bool ok;

	if (str_take(s, 'J')) {
		r->kind = RULE_JULIAN;
		ok = take_int(s, 1, 365, &r->day);
	} else if (str_take(s, 'M')) {
		r->kind = RULE_WEEKDAY;
		ok = take_int(s, 1, 12, &r->month) && str_take(s, '.') &&
		     take_int(s, 1, 5, &r->week) && str_take(s, '.') &&
		     take_int(s, 0, 6, &r->day);
	} else {
		r->kind = RULE_DAY;
		ok = take_int(s, 0, 365, &r->day);
	}
	r->time = 2 * HOUR;
	return ok && (!str_take(s, '/') || take_time(s, &r->time));
}

/* "CET-1CEST,M3.5.0,M10.5.0/3", where offsets count to the west. */
static bool read_rules(struct tz *tz, str s)
{
	if (!take_zone_name(&s, &tz->standard.name) || !take_time(&s, &tz->standard.offset))
		return false;
	tz->standard.offset = -tz->standard.offset;
	if (s.n == 0 || s.p[0] == ',')
		return true;
	tz->has_summer = tz->summer.summer = true;
	if (!take_zone_name(&s, &tz->summer.name))
		return false;
	tz->summer.offset = tz->standard.offset + HOUR;
	if (s.n && s.p[0] != ',') {
		if (!take_time(&s, &tz->summer.offset))
			return false;
		tz->summer.offset = -tz->summer.offset;
	}
	if (s.n == 0)
		s = S(",M3.2.0,M11.1.0");
	return str_take(&s, ',') && take_rule(&s, &tz->to_summer) && str_take(&s, ',') &&
	       take_rule(&s, &tz->to_standard) && s.n == 0;
}

err *tz_read(struct arena *a, str name, str bytes, const struct tz **out)
{
	struct tz *tz = arena_new(a, struct tz);
	struct counts n;
	struct block block;
	char version;
	str s = bytes;

	if (!take_header(&s, &version, &n) || (version && version != '2' && version != '3'))
		goto bad;
	if (!take_block(&s, &n, 4, &block))
		goto bad;
	/* From version 2 on all comes again, in 64 bits. */
	if (version &&
	    (!take_header(&s, &version, &n) || !take_block(&s, &n, 8, &block)))
		goto bad;
	if (!read_zones(a, tz, block.zones, block.chars) || !read_changes(a, tz, &block))
		goto bad;
	tz->name = arena_str(a, name);
	tz->first = first_zone(tz);
	if (s.n > 2 && s.p[0] == '\n' && s.p[s.n - 1] == '\n')
		tz->ruled = read_rules(tz, arena_str(a, str_sub(s, 1, s.n - 1)));
	*out = tz;
	return NULL;
bad:
	return err_new(ERR_INVALID, "malformed time zone information");
}

err *tz_find(struct arena *a, const struct tz_source *source, str name, const struct tz **out)
{
	CLEANUP(buf_release) struct buf bytes = BUF_LIMIT(1 << 20);

	if (name.n == 0 || str_eq(name, S("UTC"))) {
		*out = NULL;
		return NULL;
	}
	if (str_has(name, S("..")) || name.p[0] == '/' || name.p[0] == '\\')
		return err_new(ERR_INVALID, "time: invalid location name");
	if (!source || !source->load(source->context, name, &bytes))
		return err_new(ERR_NOT_FOUND, "unknown time zone %.*s", STR_ARG(name));
	TRY(buf_check(&bytes, "time zone"));
	return tz_read(a, name, buf_str(&bytes), out);
}

str tz_name(const struct tz *tz)
{
	return tz ? tz->name : S("UTC");
}

/* Days from the beginning of the year to the rule's day. */
static int64_t rule_day(const struct rule *r, int64_t year)
{
	int64_t start = gotime_days(year, 1, 1);

	if (r->kind == RULE_DAY)
		return r->day;
	if (r->kind == RULE_JULIAN)	/* February 29 is never counted */
		return r->day - 1 + (r->day >= 60 && gotime_days_in(year, 2) == 29);
	int64_t first = gotime_days(year, r->month, 1);
	int weekday = (int)(((first + 4) % 7 + 7) % 7), day = (r->day - weekday + 7) % 7;

	for (int i = 1; i < r->week && day + 7 < gotime_days_in(year, r->month); i++)
		day += 7;
	return first + day - start;
}

static struct tz_span span(const struct zone *z, int64_t start, int64_t end)
{
	return (struct tz_span){ z->name, z->offset, z->summer, start, end };
}

/* Not beyond the end of time. */
static int64_t later(int64_t sec, int64_t more)
{
	int64_t sum;

	return __builtin_add_overflow(sec, more, &sum) ? INT64_MAX : sum;
}

/* What the rules say of a time after the last change. */
static struct tz_span ruled_span(const struct tz *tz, int64_t last, int64_t sec)
{
	if (!tz->has_summer)
		return span(&tz->standard, last, INT64_MAX);
	const struct zone *outer = &tz->standard, *inner = &tz->summer;
	struct gotime_civil c = gotime_civil(gotime_utc(sec, 0));
	/* All from the beginning of the year on. */
	int64_t at = (c.yearday - 1) * DAY + c.hour * HOUR + c.minute * 60 + c.second;
	int64_t begin = later(sec, -at);
	int64_t start = rule_day(&tz->to_summer, c.year) * DAY + tz->to_summer.time - outer->offset;
	int64_t end = rule_day(&tz->to_standard, c.year) * DAY + tz->to_standard.time -
		      inner->offset;

	if (end < start) {	/* south of the equator */
		int64_t swap = start;

		start = end;
		end = swap;
		outer = &tz->summer;
		inner = &tz->standard;
	}
	if (at < start)
		return span(outer, begin, later(begin, start));
	if (at >= end)
		return span(outer, later(begin, end), later(begin, 365 * DAY));
	return span(inner, later(begin, start), later(begin, end));
}

struct tz_span tz_lookup(const struct tz *tz, int64_t sec)
{
	static const struct zone utc = { .name = S("UTC") };
	size_t lo = 0, hi;

	if (!tz)
		return span(&utc, INT64_MIN, INT64_MAX);
	if (sec < tz->changes[0].when)
		return span(&tz->zones[tz->first], INT64_MIN, tz->changes[0].when);
	for (hi = tz->changes_n; hi - lo > 1;) {
		size_t middle = (lo + hi) / 2;

		if (sec < tz->changes[middle].when)
			hi = middle;
		else
			lo = middle;
	}
	const struct change *c = &tz->changes[lo];

	if (hi == tz->changes_n && tz->ruled)
		return ruled_span(tz, c->when, sec);
	return span(&tz->zones[c->zone], c->when,
		    hi < tz->changes_n ? tz->changes[hi].when : INT64_MAX);
}

bool tz_lookup_name(const struct tz *tz, str name, int64_t local, int32_t *offset)
{
	const struct zone *found = NULL;

	for (size_t i = 0; tz && i < tz->zones_n; i++) {
		const struct zone *z = &tz->zones[i];

		if (!str_eq(z->name, name))
			continue;
		int64_t sec;

		if (__builtin_sub_overflow(local, (int64_t)z->offset, &sec))
			continue;
		struct tz_span there = tz_lookup(tz, sec);

		if (str_eq(there.name, name)) {
			*offset = there.offset;
			return true;
		}
		if (!found)
			found = z;
	}
	if (found)
		*offset = found->offset;
	return found != NULL;
}
