/* Formats of texts. The words of refusals are interface. */
#include "schema/schema_impl.h"

#include "base/utf8.h"
#include "text/gotime.h"
#include "text/gourl.h"
#include "text/netip.h"
#include "text/number.h"
#include "text/quote.h"

struct format {
	const char *name;
	err *(*check)(str s);
};

#define bad(...) err_new(ERR_INVALID, __VA_ARGS__)

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(uint32_t c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z' && c < 128;
}

static bool is_hex(uint32_t c)
{
	return is_digit(c) || (is_letter(c) && (c | 32) <= 'f');
}

static size_t count_digits(str s)
{
	size_t n = 0;

	while (n < s.n && is_digit((unsigned char)s.p[n]))
		n++;
	return n;
}

/* "BEFORE 'c'AFTER" */
static err *bad_rune(const char *before, uint32_t rune, const char *after)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add_rune(&b, rune, QUOTE_PRINT);
	return bad("%s %s%s", before, buf_c(&b), after);
}

/* The next piece before `sep`, as strings.Split: the last one may be empty. */
static bool next_piece(str *rest, bool *more, str *piece, char sep)
{
	if (!*more)
		return false;
	*more = str_split(*rest, sep, piece, rest);
	return true;
}

/* ---- pointers and identifiers ------------------------------------------ */

static err *check_json_pointer(str s)
{
	if (s.n && s.p[0] != '/')
		return bad("not starting with /");
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '~' && (i + 1 == s.n || (s.p[i + 1] != '0' && s.p[i + 1] != '1')))
			return bad("~ must be followed by 0 or 1");
	return NULL;
}

static err *check_relative_json_pointer(str s)
{
	size_t digits = count_digits(s);

	if (!digits)
		return bad("must start with non-negative integer");
	if (digits > 1 && s.p[0] == '0')
		return bad("starts with zero");
	s = str_from(s, digits);
	return str_eq(s, S("#")) ? NULL : check_json_pointer(s);
}

static err *check_uuid(str s)
{
	static const size_t lengths[] = { 8, 4, 4, 4, 12 };
	size_t groups = 1;
	bool more = true;
	str group;
	uint32_t rune;

	for (size_t i = 0; i < s.n; i++)
		groups += s.p[i] == '-';
	if (groups != 5)
		return bad("must have 5 elements");
	for (size_t i = 0; next_piece(&s, &more, &group, '-'); i++) {
		if (group.n != lengths[i])
			return bad("element %zu must be %zu characters long", i + 1, lengths[i]);
		while (utf8_take(&group, &rune))
			if (!is_hex(rune))
				return bad_rune("non-hex character", rune, "");
	}
	return NULL;
}

/* ---- semver ------------------------------------------------------------ */

static err *check_build(str build)
{
	bool more = true;
	str id;
	uint32_t rune;

	if (!build.n)
		return bad("build is empty");
	while (next_piece(&build, &more, &id, '.')) {
		if (!id.n)
			return bad("build identifier is empty");
		while (utf8_take(&id, &rune))
			if (!is_digit(rune) && !is_letter(rune) && rune != '-')
				return bad_rune("invalid character", rune, " in build identifier");
	}
	return NULL;
}

static err *check_prerelease(str prerelease)
{
	bool more = true;
	str id;
	uint32_t rune;

	while (next_piece(&prerelease, &more, &id, '.')) {
		bool digits = true, padded = id.n > 1 && id.p[0] == '0';

		if (!id.n)
			return bad("pre-release identifier is empty");
		while (utf8_take(&id, &rune)) {
			if (!is_digit(rune) && !is_letter(rune) && rune != '-')
				return bad_rune("invalid character", rune,
						" in pre-release identifier");
			digits = digits && is_digit(rune);
		}
		if (digits && padded)
			return bad("pre-release numeric identifier starts with zero");
	}
	return NULL;
}

static err *check_semver(str s)
{
	static const char *const names[] = { "major", "minor", "patch" };
	bool more = true;
	size_t dots = 0;
	str rest, part;

	if (str_split(s, '+', &s, &rest))
		TRY(check_build(rest));
	if (str_split(s, '-', &s, &rest))
		TRY(check_prerelease(rest));
	for (size_t i = 0; i < s.n; i++)
		dots += s.p[i] == '.';
	if (dots != 2)
		return bad("versionCore must have 3 numbers separated by dot");
	for (size_t i = 0; next_piece(&s, &more, &part, '.'); i++) {
		if (!part.n)
			return bad("%s is empty", names[i]);
		if (part.n > 1 && part.p[0] == '0')
			return bad("%s starts with zero", names[i]);
		if (count_digits(part) != part.n)
			return bad("%s contains non-digit", names[i]);
	}
	return NULL;
}

/* ---- addresses --------------------------------------------------------- */

static err *check_ipv4(str s)
{
	size_t dots = 0;
	bool more = true;
	str group;
	int64_t n;

	for (size_t i = 0; i < s.n; i++)
		dots += s.p[i] == '.';
	if (dots != 3)
		return bad("expected four decimals");
	while (next_piece(&s, &more, &group, '.')) {
		if (group.n > 1 && group.p[0] == '0')
			return bad("leading zeros");
		TRY(number_parse_atoi(group, &n));
		if (n < 0 || n > 255)
			return bad("decimal must be between 0 and 255");
	}
	return NULL;
}

static err *check_ipv6(str s)
{
	struct netip ip;

	if (str_find_char(s, ':') == STR_NPOS)
		return bad("missing colon");
	TRY(netip_parse(s, &ip));
	return ip.zone.n ? bad("zone id is not a part of ipv6 address") : NULL;
}

static err *check_hostname(str s)
{
	bool more = true;
	str label;
	uint32_t rune;

	if (str_ends(s, S(".")))
		s.n--;
	if (s.n > 253)
		return bad("more than 253 characters long");
	while (next_piece(&s, &more, &label, '.')) {
		if (label.n < 1 || label.n > 63)
			return bad("label must be 1 to 63 characters long");
		if (label.p[0] == '-')
			return bad("label starts with hyphen");
		if (label.p[label.n - 1] == '-')
			return bad("label ends with hyphen");
		while (utf8_take(&label, &rune))
			if (!is_letter(rune) && !is_digit(rune) && rune != '-')
				return bad_rune("invalid character", rune, "");
	}
	return NULL;
}

static err *check_local_part(str s)
{
	uint32_t rune;

	if (s.n > 64)
		return bad("local part more than 64 characters long");
	if (s.n > 1 && s.p[0] == '"' && s.p[s.n - 1] == '"') {
		s = str_sub(s, 1, s.n - 1);
		if (str_find_char(s, '\\') != STR_NPOS || str_find_char(s, '"') != STR_NPOS)
			return bad("backslash and quote are not allowed within quoted local part");
		return NULL;
	}
	if (str_starts(s, S(".")))
		return bad("starts with dot");
	if (str_ends(s, S(".")))
		return bad("ends with dot");
	if (str_has(s, S("..")))
		return bad("consecutive dots");
	while (utf8_take(&s, &rune))
		if (!is_letter(rune) && !is_digit(rune) &&
		    (!rune || rune > 127 || !strchr(".!#$%&'*+-/=?^_`{|}~", (int)rune)))
			return bad_rune("invalid character", rune, "");
	return NULL;
}

static err *check_email(str s)
{
	size_t at = str_rfind_char(s, '@');

	if (s.n > 254)
		return bad("more than 255 characters long");
	if (at == STR_NPOS)
		return bad("missing @");
	TRY(check_local_part(str_sub(s, 0, at)));
	str domain = str_from(s, at + 1);
	err *e;

	if (!str_starts(domain, S("[")) || !str_ends(domain, S("]"))) {
		e = check_hostname(domain);
		return e ? err_wrap(e, "invalid domain") : NULL;
	}
	domain = str_sub(domain, 1, domain.n - 1);
	if (str_take_str(&domain, S("IPv6:"))) {
		e = check_ipv6(domain);
		return e ? err_wrap(e, "invalid ipv6 address") : NULL;
	}
	e = check_ipv4(domain);
	return e ? err_wrap(e, "invalid ipv4 address") : NULL;
}

/* ---- times ------------------------------------------------------------- */

static err *check_date(str s)
{
	struct gotime t;

	return gotime_parse(&t, GOTIME_DATE, s, NULL);
}

/* Numbers between colons, each at least 0. */
static err *take_clock(str s, size_t n, int64_t *out, const char *what)
{
	for (size_t i = 0; i < n; i++) {
		str piece = s, rest = STR_NONE;

		if (i + 1 < n)
			str_split(s, ':', &piece, &rest);
		err *e = number_parse_atoi(piece, &out[i]);

		if (e) {
			err_free(e);
			return bad("invalid %s", what);
		}
		if (out[i] < 0)
			return bad("non-positive %s", what);
		s = rest;
	}
	return NULL;
}

static err *check_offset(str s, int64_t *minutes)
{
	int64_t at[2];

	if (str_eq(s, S("z")) || str_eq(s, S("Z")))
		return NULL;
	if (s.n != 6)
		return bad("offset must be 6 characters long");
	if (s.p[0] != '+' && s.p[0] != '-')
		return bad("offset must begin with plus/minus");
	if (s.p[3] != ':')
		return bad("missing colon in offset in correct place");
	TRY(take_clock(str_from(s, 1), 2, at, "hour/min in offset"));
	if (at[0] > 23 || at[1] > 59)
		return bad("hour/min in offset out of range");
	*minutes += (s.p[0] == '+' ? -1 : 1) * (at[0] * 60 + at[1]);
	if (*minutes < 0)
		*minutes += 24 * 60;
	return NULL;
}

static err *check_time(str s)
{
	int64_t at[3];

	if (s.n < 9)
		return bad("less than 9 characters long");
	if (s.p[2] != ':' || s.p[5] != ':')
		return bad("missing colon in correct place");
	TRY(take_clock(str_sub(s, 0, 8), 3, at, "hour/min/sec"));
	if (at[0] > 23 || at[1] > 59 || at[2] > 60)
		return bad("hour/min/sec out of range");
	int64_t minutes = at[0] * 60 + at[1];

	s = str_from(s, 8);
	if (str_take(&s, '.')) {
		if (!count_digits(s))
			return bad("no digits in second fraction");
		s = str_from(s, count_digits(s));
	}
	TRY(check_offset(s, &minutes));
	return at[2] >= 60 && minutes != 23 * 60 + 59 ? bad("invalid leap second") : NULL;
}

static err *check_date_time(str s)
{
	err *e;

	if (s.n < 20)
		return bad("less than 20 characters long");
	if (s.p[10] != 't' && s.p[10] != 'T')
		return bad("11th character must be t or T");
	e = check_date(str_sub(s, 0, 10));
	if (e)
		return err_wrap(e, "invalid date element");
	e = check_time(str_from(s, 11));
	return e ? err_wrap(e, "invalid time element") : NULL;
}

/* Numbers with units, the units in the order of `units`. */
static err *check_units(str s, const char *units)
{
	const char *left = units;

	while (s.n) {
		size_t digits = count_digits(s);

		if (!digits)
			return bad("missing number");
		s = str_from(s, digits);
		if (!s.n)
			return bad("missing unit");
		const char *unit = s.p[0] ? strchr(left, s.p[0]) : NULL;

		if (!unit && s.p[0] && strchr(units, s.p[0]))
			return bad("unit '%c' out of order", s.p[0]);
		if (!unit)
			return bad_rune("invalid unit", (unsigned char)s.p[0], "");
		left = unit + 1;
		s = str_from(s, 1);
	}
	return NULL;
}

static err *check_duration(str s)
{
	static const char *const units[] = { "YMD", "HMS" };
	bool more = true;
	str part;

	if (!str_take(&s, 'P'))
		return bad("must start with P");
	if (!s.n)
		return bad("nothing after P");
	if (str_ends(s, S("W"))) {
		s.n--;
		if (!s.n)
			return bad("no number in week");
		return count_digits(s) == s.n ? NULL : bad("invalid week");
	}
	for (size_t i = 0; next_piece(&s, &more, &part, 'T'); i++) {
		if (i && !part.n)
			return bad("no time elements");
		if (i >= 2)
			return bad("more than one T");
		TRY(check_units(part, units[i]));
	}
	return NULL;
}

static err *wrapped(err *e, const char *what)
{
	return e ? err_wrap(e, "%s", what) : NULL;
}

static err *check_period(str s)
{
	str start, end;

	if (!str_split(s, '/', &start, &end))
		return bad("missing slash");
	if (str_starts(start, S("P"))) {
		TRY(wrapped(check_duration(start), "invalid start duration"));
		return wrapped(check_date_time(end), "invalid end date-time");
	}
	TRY(wrapped(check_date_time(start), "invalid start date-time"));
	if (str_starts(end, S("P")))
		return wrapped(check_duration(end), "invalid end duration");
	return wrapped(check_date_time(end), "invalid end date-time");
}

/* ---- URLs -------------------------------------------------------------- */

static err *parse_url(struct arena *a, str s, struct gourl *u)
{
	TRY(gourl_parse(a, s, u));
	str host = gourl_hostname(u);

	if (str_find_char(host, ':') == STR_NPOS)
		return NULL;
	if (str_find_char(u->host, '[') == STR_NPOS || str_find_char(u->host, ']') == STR_NPOS)
		return bad("ipv6 address not enclosed in brackets");
	return wrapped(check_ipv6(host), "invalid ipv6 address");
}

static err *check_uri(str s)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct gourl u;

	TRY(parse_url(&a, s, &u));
	return u.scheme.n ? NULL : bad("relative url");
}

static err *check_uri_reference(str s)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct gourl u;

	if (str_find_char(s, '\\') != STR_NPOS)
		return bad("contains \\");
	return parse_url(&a, s, &u);
}

static int hex_value(char c)
{
	return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* Braces open and close in turn within each element. */
static err *check_uri_template(str s)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	bool more = true;
	struct gourl u;
	str element;

	TRY(parse_url(&a, s, &u));
	while (next_piece(&u.raw_path, &more, &element, '/')) {
		bool open = false;

		for (size_t i = 0; i < element.n; i++) {
			int c = element.p[i];

			/* what was parsed has two digits behind every '%' */
			if (c == '%' && i + 2 < element.n) {
				c = hex_value(element.p[i + 1]) << 4 | hex_value(element.p[i + 2]);
				i += 2;
			}
			if (c != '{' && c != '}')
				continue;
			if (open == (c == '{'))
				return bad("nested curly braces");
			open = !open;
		}
		if (open)
			return bad("no matching closing brace");
	}
	return NULL;
}

static err *check_regex(str s)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct regex *re;

	return regex_compile(&a, s, &re);
}

static const struct format formats[] = {
	{ "date", check_date },
	{ "date-time", check_date_time },
	{ "duration", check_duration },
	{ "email", check_email },
	{ "hostname", check_hostname },
	{ "ipv4", check_ipv4 },
	{ "ipv6", check_ipv6 },
	{ "iri", check_uri },
	{ "iri-reference", check_uri_reference },
	{ "json-pointer", check_json_pointer },
	{ "period", check_period },
	{ "regex", check_regex },
	{ "relative-json-pointer", check_relative_json_pointer },
	{ "semver", check_semver },
	{ "time", check_time },
	{ "uri", check_uri },
	{ "uri-reference", check_uri_reference },
	{ "uri-template", check_uri_template },
	{ "uuid", check_uuid },
};

const struct format *format_find(str name)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (str_eq(str_c(formats[i].name), name))
			return &formats[i];
	return NULL;
}

str format_name(const struct format *f)
{
	return str_c(f->name);
}

err *format_check(const struct format *f, str text)
{
	return f->check(text);
}
