/* What a plain scalar means. The two rule sets differ in the words for
 * booleans and in one spelling of octal numbers. */
#include "base/ascii.h"
#include "value/yaml_impl.h"

#include <math.h>

#include "text/number.h"

struct word {
	const char *text;
	uint8_t kind;		/* enum node_kind */
	int8_t value;		/* of a boolean; sign of an infinity, 0: not a number */
	bool old;		/* rules 1.1 only */
};

static const struct word words[] = {
	{ "~", NODE_NULL, 0, false },
	{ "null", NODE_NULL, 0, false },
	{ "Null", NODE_NULL, 0, false },
	{ "NULL", NODE_NULL, 0, false },
	{ "true", NODE_BOOL, 1, false },
	{ "True", NODE_BOOL, 1, false },
	{ "TRUE", NODE_BOOL, 1, false },
	{ "false", NODE_BOOL, 0, false },
	{ "False", NODE_BOOL, 0, false },
	{ "FALSE", NODE_BOOL, 0, false },
	{ "y", NODE_BOOL, 1, true },
	{ "Y", NODE_BOOL, 1, true },
	{ "yes", NODE_BOOL, 1, true },
	{ "Yes", NODE_BOOL, 1, true },
	{ "YES", NODE_BOOL, 1, true },
	{ "on", NODE_BOOL, 1, true },
	{ "On", NODE_BOOL, 1, true },
	{ "ON", NODE_BOOL, 1, true },
	{ "n", NODE_BOOL, 0, true },
	{ "N", NODE_BOOL, 0, true },
	{ "no", NODE_BOOL, 0, true },
	{ "No", NODE_BOOL, 0, true },
	{ "NO", NODE_BOOL, 0, true },
	{ "off", NODE_BOOL, 0, true },
	{ "Off", NODE_BOOL, 0, true },
	{ "OFF", NODE_BOOL, 0, true },
	{ ".nan", NODE_FLOAT, 0, false },
	{ ".NaN", NODE_FLOAT, 0, false },
	{ ".NAN", NODE_FLOAT, 0, false },
	{ ".inf", NODE_FLOAT, 1, false },
	{ ".Inf", NODE_FLOAT, 1, false },
	{ ".INF", NODE_FLOAT, 1, false },
	{ "+.inf", NODE_FLOAT, 1, false },
	{ "+.Inf", NODE_FLOAT, 1, false },
	{ "+.INF", NODE_FLOAT, 1, false },
	{ "-.inf", NODE_FLOAT, -1, false },
	{ "-.Inf", NODE_FLOAT, -1, false },
	{ "-.INF", NODE_FLOAT, -1, false },
};

enum { WORD_MAX = 5 };

/* Most texts are no word: two letters tell. */
static bool may_be_word(str s)
{
	if (s.n > WORD_MAX)
		return false;
	if (s.n < 2)
		return true;
	char second = s.p[1] | 0x20;

	switch (s.p[0] | 0x20) {
	case 't':
		return second == 'r';
	case 'f':
		return second == 'a';
	case 'n':
		return second == 'u' || second == 'o';
	case 'o':
		return second == 'n' || second == 'f';
	case 'y':
		return second == 'e';
	default:
		return true;
	}
}

static const struct word *find_word(str s, enum yaml_rules rules)
{
	if (!may_be_word(s))
		return NULL;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const struct word *w = &words[i];

		if (w->text[0] == s.p[0] && str_eq(str_c(w->text), s))
			return w->old && rules != YAML_1_1 ? NULL : w;
	}
	return NULL;
}

static node word_value(const struct word *w)
{
	if (w->kind == NODE_NULL)
		return node_null();
	if (w->kind == NODE_BOOL)
		return node_from_bool(w->value);
	return node_from_float(w->value ? w->value * INFINITY : NAN);
}

/* ---- timestamps -------------------------------------------------------- */

/* One or two digits; `exact` wants two. */
static bool take_pair(str *s, bool exact, int *out)
{
	if (!s->n || !ascii_is_digit(s->p[0]))
		return false;
	size_t n = s->n > 1 && ascii_is_digit(s->p[1]) ? 2 : 1;

	if (exact && n != 2)
		return false;
	*out = n == 2 ? (s->p[0] - '0') * 10 + s->p[1] - '0' : s->p[0] - '0';
	*s = str_from(*s, n);
	return true;
}

static bool take_fraction(str *s)
{
	if (s->n > 1 && (s->p[0] == '.' || s->p[0] == ',') && ascii_is_digit(s->p[1])) {
		*s = str_from(*s, 1);
		str_span(s, ascii_is_digit);
	}
	return true;
}

static bool take_clock(str *s)
{
	int hour, minute, second;

	return take_pair(s, false, &hour) && hour < 24 && str_take(s, ':') &&
	       take_pair(s, false, &minute) && minute < 60 && str_take(s, ':') &&
	       take_pair(s, false, &second) && second < 60 && take_fraction(s);
}

/* Z or +07:00. An offset of 24 hours or 60 minutes passes, as with Go. */
static bool take_zone(str *s)
{
	int hour, minute;

	if (str_take(s, 'Z'))
		return true;
	return (str_take(s, '+') || str_take(s, '-')) && take_pair(s, true, &hour) && hour <= 24 &&
	       str_take(s, ':') && take_pair(s, true, &minute) && minute <= 60;
}

static bool is_day(int year, int month, int day)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month >= 1 && month <= 12 && day >= 1 &&
	       day <= days[month - 1] + (month == 2 && leap);
}

/* Dates with short fields: alone, with a zoned time behind T, or with a time
 * without a zone behind spaces. */
bool yaml_is_timestamp(str s)
{
	int year, low, month, day;

	if (s.n < 8 || s.p[4] != '-' || !take_pair(&s, true, &year) || !take_pair(&s, true, &low))
		return false;
	year = year * 100 + low;
	if (!str_take(&s, '-') || !take_pair(&s, false, &month) || !str_take(&s, '-') ||
	    !take_pair(&s, false, &day) || !is_day(year, month, day))
		return false;
	if (!s.n)
		return true;
	if (str_take(&s, 'T') || str_take(&s, 't'))
		return take_clock(&s) && take_zone(&s) && !s.n;
	if (!str_take(&s, ' '))
		return false;
	while (str_take(&s, ' '))
		;
	return take_clock(&s) && !s.n;
}

/* ---- numbers ----------------------------------------------------------- */

static int digit_of(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

/* Digits only; an empty text is 0. False for other letters and overflow. */
static bool magnitude(str s, unsigned base, uint64_t *out)
{
	uint64_t u = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned d = (unsigned)digit_of(s.p[i]);

		if (d >= base || __builtin_mul_overflow(u, base, &u) ||
		    __builtin_add_overflow(u, d, &u))
			return false;
	}
	*out = u;
	return true;
}

static bool with_sign(uint64_t u, char sign, node *out)
{
	if (sign == '-') {
		if (u > (uint64_t)INT64_MAX + 1)
			return false;
		*out = node_from_int((int64_t)(0 - u));
		return true;
	}
	if (sign == '+' && u > INT64_MAX)
		return false;
	*out = node_from_uint(u);
	return true;
}

static char take_sign(str *s)
{
	if (!s->n || (s->p[0] != '+' && s->p[0] != '-'))
		return 0;
	*s = str_from(*s, 1);
	return s->p[-1];
}

/* The base a prefix tells, the prefix taken off: 0x, 0o, 0b, and 0 alone. */
static unsigned take_base(str *s)
{
	if (s->p[0] != '0')
		return 10;
	if (s->n >= 3) {
		char c = s->p[1] | 0x20;
		unsigned base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 0;

		if (base) {
			*s = str_from(*s, 2);
			return base;
		}
	}
	*s = str_from(*s, 1);
	return 8;
}

static bool whole_number(str s, node *out)
{
	uint64_t u;
	char sign = take_sign(&s);

	if (!s.n || !ascii_is_digit(s.p[0]))
		return false;
	unsigned base = take_base(&s);

	return magnitude(s, base, &u) && with_sign(u, sign, out);
}

/* Go-yaml cuts "0b" (and "0o" in 1.2) off and reads what is left as a signed
 * number: so a sign may also stand behind the prefix. */
static bool inner_sign(str s, enum yaml_rules rules, node *out)
{
	uint64_t u;
	unsigned base = str_take_str(&s, S("0b")) ? 2 : 0;

	if (!base && rules == YAML_1_2 && str_take_str(&s, S("0o")))
		base = 8;
	char sign = base ? take_sign(&s) : 0;

	return sign && s.n && magnitude(s, base, &u) && u <= (uint64_t)INT64_MAX + 1 &&
	       with_sign(u, sign, out);
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool looks_float(str s)
{
	take_sign(&s);
	size_t whole = str_span(&s, ascii_is_digit).n;

	if (str_take(&s, '.')) {
		if (!str_span(&s, ascii_is_digit).n && !whole)
			return false;
	} else if (!whole) {
		return false;
	}
	if (!s.n)
		return true;
	if (!str_take(&s, 'e') && !str_take(&s, 'E'))
		return false;
	take_sign(&s);
	return str_span(&s, ascii_is_digit).n && !s.n;
}

static bool number_of(str s, enum yaml_rules rules, node *out)
{
	double f;

	if (whole_number(s, out))
		return true;
	if (looks_float(s)) {
		if (!number_decimal_float(s, &f))
			return false;
		*out = node_from_float(f);
		return true;
	}
	return inner_sign(s, rules, out);
}

/* All `_` are dropped first, wherever they stand. */
static bool number_with_gaps(str s, enum yaml_rules rules, node *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(s.n);

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '_')
			buf_addc(&b, s.p[i]);
	return number_of(buf_str(&b), rules, out);
}

/* Behind a leading point Go's ParseFloat decides: `_` only between digits. */
static bool point_number(str s, node *out)
{
	double f;

	if (s.n < 2 || !ascii_is_digit(s.p[1]))
		return false;
	err *e = number_parse_float(s, &f);

	if (e) {
		err_free(e);
		return false;
	}
	*out = node_from_float(f);
	return true;
}

enum node_kind yaml_plain(str s, enum yaml_rules rules, bool times, node *value)
{
	const struct word *w;

	if (!s.n) {
		*value = node_null();
		return NODE_NULL;
	}
	switch (s.p[0]) {
	case 'y': case 'Y': case 'n': case 'N': case 't': case 'T': case 'f': case 'F': case 'o':
	case 'O': case '~':
		w = find_word(s, rules);
		break;
	case '.':
		w = find_word(s, rules);
		if (!w && point_number(s, value))
			return NODE_FLOAT;
		break;
	case '+': case '-':
	case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8':
	case '9':
		w = find_word(s, rules);
		if (w)
			break;
		if (times && yaml_is_timestamp(s))
			return NODE_TIME;
		if (str_find_char(s, '_') == STR_NPOS ? number_of(s, rules, value)
						      : number_with_gaps(s, rules, value))
			return (enum node_kind)value->kind;
		return NODE_STR;
	default:
		return NODE_STR;
	}
	if (!w)
		return NODE_STR;
	*value = word_value(w);
	return (enum node_kind)w->kind;
}

str yaml_kind_tag(enum node_kind kind)
{
	static const char *const tags[] = {
		[NODE_NONE] = "!!null", [NODE_NULL] = "!!null", [NODE_BOOL] = "!!bool",
		[NODE_INT] = "!!int", [NODE_UINT] = "!!int", [NODE_FLOAT] = "!!float",
		[NODE_STR] = "!!str", [NODE_TIME] = "!!timestamp",
	};

	return kind <= NODE_TIME ? str_c(tags[kind]) : S("!!str");
}

node yaml_resolve(struct arena *a, str plain, enum yaml_rules rules, enum yaml_numbers numbers)
{
	node value;
	enum node_kind kind = yaml_plain(plain, rules, true, &value);

	if (kind == NODE_STR || kind == NODE_TIME || numbers == YAML_NUMBERS_TEXT)
		return node_from_text(a, kind, plain);
	if (numbers == YAML_NUMBERS_FLOAT && (kind == NODE_INT || kind == NODE_UINT))
		return node_from_float(node_float(value));
	return value;
}
