/* Formats of texts, as kube-openapi's strfmt accepts them. */
#include "base/ascii.h"
#include "schema/structural_impl.h"

#include "base/utf8.h"
#include "base/vec.h"
#include "schema/structural_email.h"
#include "text/duration.h"
#include "text/gotime.h"
#include "text/gourl.h"
#include "text/names.h"
#include "text/netip.h"
#include "text/number.h"
#include "text/unicode.h"

enum { NAME_MAX_LENGTH = 253, LABEL_MAX_LENGTH = 63, HOST_MAX_LENGTH = 255 };

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool all(str s, bool (*is)(char))
{
	return str_span(&s, is).n > 0 && !s.n;
}

/* Take exactly `n` bytes of that sort off the front. */
static bool take(str *s, size_t n, bool (*is)(char))
{
	if (s->n < n || !all(str_sub(*s, 0, n), is))
		return false;
	*s = str_from(*s, n);
	return true;
}

static int number_of(str digits)
{
	int n = 0;

	for (size_t i = 0; i < digits.n; i++)
		n = 10 * n + digits.p[i] - '0';
	return n;
}

/* ---- numbers of people and books --------------------------------------- */

static bool fits_card_prefix(str s)
{
	static const struct {
		const char *prefix;
		size_t length;
	} cards[] = {
		{ "4", 13 },	{ "4", 16 },	{ "51", 16 },	{ "52", 16 },	{ "53", 16 },
		{ "54", 16 },	{ "55", 16 },	{ "6011", 16 }, { "65", 16 },	{ "34", 15 },
		{ "37", 15 },	{ "300", 14 },	{ "301", 14 },	{ "302", 14 },	{ "303", 14 },
		{ "304", 14 },	{ "305", 14 },	{ "36", 14 },	{ "38", 14 },	{ "2131", 15 },
		{ "1800", 15 }, { "35", 16 },
	};

	for (size_t i = 0; i < sizeof cards / sizeof *cards; i++)
		if (s.n == cards[i].length && str_starts(s, str_c(cards[i].prefix)))
			return true;
	return false;
}

enum { CARD_DIGITS_MAX = 16 };

static bool fits_creditcard(str s)
{
	char digits[CARD_DIGITS_MAX + 1];
	size_t n = 0;
	int sum = 0;

	for (size_t i = 0; i < s.n && n < sizeof digits; i++)
		if (ascii_is_digit(s.p[i]))
			digits[n++] = s.p[i];
	if (!fits_card_prefix(str_of(digits, n)))
		return false;
	for (size_t i = 0; i < n; i++) {
		int d = (digits[n - 1 - i] - '0') * (i % 2 ? 2 : 1);

		sum += d > 9 ? d - 9 : d;
	}
	return sum % 10 == 0;
}

enum { ISBN_DIGITS_MAX = 13 };

static size_t isbn_digits(str s, char to[ISBN_DIGITS_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < s.n && n <= ISBN_DIGITS_MAX; i++)
		if (s.p[i] != '-' && !is_space(s.p[i]))
			to[n++] = s.p[i];
	return n;
}

static bool fits_isbn10(str s)
{
	char d[ISBN_DIGITS_MAX + 1];
	int sum = 0;

	if (isbn_digits(s, d) != 10 || !all(str_of(d, 9), ascii_is_digit) ||
	    (d[9] != 'X' && !ascii_is_digit(d[9])))
		return false;
	for (int i = 0; i < 10; i++)
		sum += (i + 1) * (d[i] == 'X' ? 10 : d[i] - '0');
	return sum % 11 == 0;
}

static bool fits_isbn13(str s)
{
	char d[ISBN_DIGITS_MAX + 1];
	int sum = 0;

	if (isbn_digits(s, d) != 13 || !all(str_of(d, 13), ascii_is_digit))
		return false;
	for (int i = 0; i < 12; i++)
		sum += (d[i] - '0') * (i % 2 ? 3 : 1);
	return d[12] - '0' == (10 - sum % 10) % 10;
}

static bool fits_isbn(str s)
{
	return fits_isbn10(s) || fits_isbn13(s);
}

static bool fits_ssn(str s)
{
	bool dash = s.n == 11 && (s.p[3] == '-' || s.p[3] == ' ') && (s.p[6] == '-' || s.p[6] == ' ');

	return dash && all(str_sub(s, 0, 3), ascii_is_digit) && all(str_sub(s, 4, 6), ascii_is_digit) &&
	       all(str_sub(s, 7, 11), ascii_is_digit);
}

/* ---- identifiers ------------------------------------------------------- */

static bool fits_hex_groups(str s, char version, bool variant)
{
	static const size_t groups[] = { 8, 4, 4, 4, 12 };

	for (size_t i = 0; i < 5; i++) {
		if (i)
			str_take(&s, '-');
		if (i == 2 && version && (!s.n || s.p[0] != version))
			return false;
		if (i == 3 && variant && (!s.n || !strchr("89abAB", s.p[0]) || !s.p[0]))
			return false;
		if (!take(&s, groups[i], ascii_is_hex))
			return false;
	}
	return !s.n;
}

static bool fits_uuid(str s)
{
	return fits_hex_groups(s, 0, false);
}

static bool fits_uuid3(str s)
{
	return fits_hex_groups(s, '3', false);
}

static bool fits_uuid4(str s)
{
	return fits_hex_groups(s, '4', true);
}

static bool fits_uuid5(str s)
{
	return fits_hex_groups(s, '5', true);
}

static bool fits_bsonobjectid(str s)
{
	return s.n == 24 && all(s, ascii_is_hex);
}

static bool fits_short_name(str s)
{
	return s.n <= LABEL_MAX_LENGTH && name_check(s, NAME_DNS_LABEL, NULL);
}

static bool fits_long_name(str s)
{
	return s.n <= NAME_MAX_LENGTH && name_check(s, NAME_DNS_SUBDOMAIN, NULL);
}

/* ---- bytes and colours ------------------------------------------------- */

static bool is_base64(char c)
{
	return ascii_is_digit(c) || ascii_is_lower(c | 32) || c == '+' || c == '/';
}

static bool fits_byte(str s)
{
	size_t padding = str_ends(s, S("==")) ? 2 : str_ends(s, S("=")) ? 1 : 0;

	return s.n && s.n % 4 == 0 && all(str_sub(s, 0, s.n - padding), is_base64);
}

static bool fits_hexcolor(str s)
{
	str_take(&s, '#');
	return (s.n == 3 || s.n == 6) && all(s, ascii_is_hex);
}

static bool fits_rgbcolor(str s)
{
	if (!str_take_str(&s, S("rgb(")))
		return false;
	for (int i = 0; i < 3; i++) {
		str_span(&s, is_space);
		str digits = str_span(&s, ascii_is_digit);

		if (!digits.n || digits.n > 3 || number_of(digits) > 255 ||
		    (digits.n > 1 && digits.p[0] == '0'))
			return false;
		str_span(&s, is_space);
		if (!str_take(&s, i < 2 ? ',' : ')'))
			return false;
	}
	return !s.n;
}

static bool fits_password(str s)
{
	(void)s;
	return true;
}

/* ---- addresses --------------------------------------------------------- */

/* Four decimals; leading zeros are fine. */
static bool is_ipv4(str s)
{
	str piece, rest = s;
	size_t n = 0;
	bool more = true;

	while (more) {
		more = str_split(rest, '.', &piece, &rest);
		str digits = piece;

		while (digits.n > 1 && digits.p[0] == '0')
			digits = str_from(digits, 1);
		if (++n > 4 || !all(piece, ascii_is_digit) || digits.n > 3 || number_of(digits) > 255)
			return false;
	}
	return n == 4;
}

static bool is_ipv6(str s)
{
	struct netip ip;
	err *e = str_find_char(s, ':') == STR_NPOS ? err_new(ERR_INVALID, "no colon")
						   : netip_parse(s, &ip);
	bool good = !e && !ip.zone.n && str_find_char(s, '%') == STR_NPOS;

	err_free(e);
	return good;
}

static bool fits_ipv4(str s)
{
	return str_find_char(s, '.') != STR_NPOS && (is_ipv4(s) || is_ipv6(s));
}

static bool fits_cidr(str s)
{
	str ip, bits;

	if (!str_split(s, '/', &ip, &bits) || !all(bits, ascii_is_digit))
		return false;
	while (bits.n > 1 && bits.p[0] == '0')
		bits = str_from(bits, 1);
	if (bits.n > 3)
		return false;
	return is_ipv4(ip) ? number_of(bits) <= 32 : is_ipv6(ip) && number_of(bits) <= 128;
}

/* 6, 8 or 20 bytes: "01:23:...", "01-23-..." or "0123.4567...". */
static bool fits_mac(str s)
{
	char sep = s.n > 4 && s.p[2] != ':' && s.p[2] != '-' ? '.' : s.n > 2 ? s.p[2] : 0;
	size_t width = sep == '.' ? 4 : 2, bytes = 0;

	if (s.n < 14)
		return false;
	do {
		if (!take(&s, width, ascii_is_hex))
			return false;
		bytes += width / 2;
	} while (str_take(&s, sep));
	return !s.n && (bytes == 6 || bytes == 8 || bytes == 20);
}

static bool is_host_rune(uint32_t r)
{
	return (r < 128 && ascii_is_digit((char)r)) || unicode_is_letter(r) || unicode_is_symbol(r);
}

/* Runes of host names only, at least `min`, at most `max`; with `dash`, dashes inside too. */
static bool fits_host_label(str s, size_t max, bool dash)
{
	size_t n = 0;
	uint32_t r = 0, first = 0;

	while (utf8_take(&s, &r)) {
		if (!is_host_rune(r) && !(dash && r == '-'))
			return false;
		if (!n++)
			first = r;
	}
	return n && n <= max && first != '-' && r != '-';
}

/* A name without dots: a rune, then perhaps a dash, then more runes. */
static bool fits_single_host(str s)
{
	size_t n = 0;
	uint32_t r;

	if (!utf8_take(&s, &r) || !is_host_rune(r))
		return false;
	str_take(&s, '-');
	while (utf8_take(&s, &r))
		if (!is_host_rune(r) || ++n > 62)
			return false;
	return true;
}

static bool fits_top_domain(str s)
{
	size_t n = 0;
	uint32_t r;

	while (utf8_take(&s, &r))
		if (!unicode_is_letter(r) || ++n > LABEL_MAX_LENGTH)
			return false;
	return n >= 2;
}

static bool fits_hostname(str s)
{
	str piece, rest = s;
	size_t dot = str_rfind_char(s, '.');

	if (s.n > HOST_MAX_LENGTH || !utf8_valid(s))
		return false;
	if (dot == STR_NPOS)
		return s.n <= LABEL_MAX_LENGTH && fits_single_host(s);
	if (s.n - dot - 1 > LABEL_MAX_LENGTH || !fits_top_domain(str_from(s, dot + 1)))
		return false;
	rest = str_sub(s, 0, dot);
	for (bool more = true; more;) {
		more = str_split(rest, '.', &piece, &rest);
		if (piece.n > LABEL_MAX_LENGTH || !fits_host_label(piece, LABEL_MAX_LENGTH, true))
			return false;
	}
	return true;
}

/* url.ParseRequestURI: absolute, and '#' is a part of the path. */
static bool fits_uri(str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct gourl u;
	str piece, rest = s;

	if (str_eq(s, S("*")))
		return true;
	for (bool more = true; more;) {
		more = str_split(rest, '#', &piece, &rest);
		buf_add(&b, piece);
		if (more)
			buf_add(&b, S("%23"));
	}
	err *e = gourl_parse(&a, buf_str(&b), &u);
	bool good = !e && (u.scheme.n || str_starts(s, S("/"))) &&
		    str_find_char(u.host, '#') == STR_NPOS;

	err_free(e);
	arena_release(&a);
	return good;
}

/* ---- times ------------------------------------------------------------- */

static bool fits_date(str s)
{
	struct gotime t;
	err *e = gotime_parse(&t, GOTIME_DATE, s, NULL);
	bool good = !e;

	err_free(e);
	return good;
}

static bool take_two(str *s, int max)
{
	str digits = str_sub(*s, 0, 2);

	return take(s, 2, ascii_is_digit) && number_of(digits) <= max;
}

static bool is_zone(str s)
{
	if (s.n == 1)
		return (s.p[0] | 32) == 'z';
	return s.n == 6 && (s.p[0] == '+' || s.p[0] == '-') && s.p[3] == ':' &&
	       all(str_sub(s, 1, 3), ascii_is_digit) && all(str_sub(s, 4, 6), ascii_is_digit);
}

/* Behind the date: "10:00:00.5z"; any character may part the fraction. */
static bool fits_clock(str s)
{
	uint32_t r;

	if (!take_two(&s, 23) || !str_take(&s, ':') || !take_two(&s, 59) || !str_take(&s, ':') ||
	    !take_two(&s, 59))
		return false;
	if (is_zone(s))
		return true;
	return utf8_take(&s, &r) && r != '\n' && str_span(&s, ascii_is_digit).n && is_zone(s);
}

static bool fits_datetime(str s)
{
	size_t t = 0, end;

	while (t < s.n && (s.p[t] | 32) != 't')
		t++;
	if (s.n < 4 || t == s.n || !fits_date(str_sub(s, 0, t)))
		return false;
	for (end = t + 1; end < s.n && (s.p[end] | 32) != 't';)
		end++;
	return fits_clock(str_sub(s, t + 1, end));
}

static bool is_unit(char c)
{
	return ascii_is_lower(c | 32) || c == '\xc2' || c == '\xb5';
}

/* Of each unit the last name may go on: "seconds". */
static bool fits_unit(str s)
{
	static const char *const exact[] = { "ns", "us", "\xc2\xb5s", "ms", "s", "m", "h", "hr",
					     "d", "w", "wk" };
	static const char *const begins[] = { "nano", "micro", "milli", "sec", "min", "hour", "day",
					      "week" };

	for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
		if (str_eq_nocase(s, str_c(exact[i])))
			return true;
	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
		if (str_eq_nocase(str_sub(s, 0, strlen(begins[i])), str_c(begins[i])))
			return true;
	return false;
}

/* Go's durations, or numbers with units of words anywhere in the text. */
static bool fits_duration(str s)
{
	int64_t d;
	err *e = duration_parse(s, &d);
	bool good = !e, found = false;

	err_free(e);
	while (!good && s.n) {
		str digits = str_span(&s, ascii_is_digit);

		if (!digits.n) {
			s = str_from(s, 1);
			continue;
		}
		str_span(&s, is_space);
		str unit = str_span(&s, is_unit);

		if (!unit.n)
			continue;
		e = number_parse_atoi(digits, &d);
		err_free(e);
		if (e)
			return false;
		found |= fits_unit(unit);
	}
	return good || found;
}

/* ---- the table --------------------------------------------------------- */

/* Names without dashes, sorted. */
static const struct {
	const char *name;
	bool (*fits)(str s);
} formats[] = {
	{ "bsonobjectid", fits_bsonobjectid },
	{ "byte", fits_byte },
	{ "cidr", fits_cidr },
	{ "creditcard", fits_creditcard },
	{ "date", fits_date },
	{ "datetime", fits_datetime },
	{ "duration", fits_duration },
	{ "email", structural_email_fits },
	{ "hexcolor", fits_hexcolor },
	{ "hostname", fits_hostname },
	{ "ipv4", fits_ipv4 },
	{ "ipv6", is_ipv6 },
	{ "isbn", fits_isbn },
	{ "isbn10", fits_isbn10 },
	{ "isbn13", fits_isbn13 },
	{ "k8slongname", fits_long_name },
	{ "k8sshortname", fits_short_name },
	{ "mac", fits_mac },
	{ "password", fits_password },
	{ "rgbcolor", fits_rgbcolor },
	{ "ssn", fits_ssn },
	{ "uri", fits_uri },
	{ "uuid", fits_uuid },
	{ "uuid3", fits_uuid3 },
	{ "uuid4", fits_uuid4 },
	{ "uuid5", fits_uuid5 },
};

enum { FORMATS_N = sizeof formats / sizeof *formats };

/* Dashes in a name do not count. */
static bool same_name(str name, const char *known)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] != '-' && name.p[i] != *known++)
			return false;
	return !*known;
}

static size_t find(str name)
{
	size_t i = 0;

	while (i < FORMATS_N && !same_name(name, formats[i].name))
		i++;
	return i;
}

bool structural_format_known(str format)
{
	return format.n && find(format) < FORMATS_N;
}

bool structural_format_fits(str format, str text)
{
	size_t i = find(format);

	return i == FORMATS_N || formats[i].fits(text);
}

/* Whether a format means something for values of that type. */
static bool is_supported(uint8_t kind, str format)
{
	switch (kind) {
	case STRUCTURAL_UNTYPED:
	case STRUCTURAL_STRING:
		return structural_format_known(format);
	case STRUCTURAL_INTEGER:
		return str_eq(format, S("int32")) || str_eq(format, S("int64"));
	case STRUCTURAL_NUMBER:
		return str_eq(format, S("float")) || str_eq(format, S("double"));
	default:
		return false;
	}
}

str structural_format(const struct type_rules *s)
{
	if (!s->format.n)
		return STR_NONE;
	return is_supported(s->int_or_string ? STRUCTURAL_UNTYPED : s->kind, s->format) ? s->format
											: STR_NONE;
}

static void collect(const struct type_rules *s, struct structural_formats *out);

static void collect_list(const struct structural_list *list, struct structural_formats *out)
{
	for (size_t i = 0; i < list->n; i++)
		collect(list->p[i], out);
}

static void collect(const struct type_rules *s, struct structural_formats *out)
{
	if (!s)
		return;
	if (s->format.n && !is_supported(s->kind, s->format))
		avec_push(out->arena, out, s->format);
	collect(s->items, out);
	collect_list(&s->limits->all_of, out);
	collect_list(&s->limits->any_of, out);
	collect_list(&s->limits->one_of, out);
	collect(s->limits->not_, out);
	for (size_t i = 0; i < s->fields_n; i++)
		collect(s->fields[i].schema, out);
	collect(s->values, out);
}

err *structural_ignored_formats(node schema, struct structural_formats *out)
{
	struct type_rules *s;

	TRY(structural_read(out->arena, schema, &s));
	collect(s, out);
	return NULL;
}
