#include "text/number.h"

#include <math.h>

#include "base/ascii.h"
#include "text/decimal.h"
#include "text/quote.h"

static const char syntax_error[] = "invalid syntax", range_error[] = "value out of range";

static __attribute__((returns_nonnull)) err *parse_error(const char *function, str s,
							 const char *why)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, s, QUOTE_PRINT);
	return err_new(ERR_INVALID, "strconv.%s: parsing %s: %s", function, buf_c(&b), why);
}

static char lower(char c)
{
	return (char)(c | 0x20);
}

static bool is_hex(char c)
{
	return ascii_is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

/* An underscore stands between digits, or between a base prefix and a digit. */
static bool underscores_ok(str s)
{
	bool hex = false, digit = false, underscore = false;
	size_t i = 0;

	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		s = str_from(s, 1);
	if (s.n >= 2 && s.p[0] == '0' && strchr("box", lower(s.p[1]))) {
		hex = lower(s.p[1]) == 'x';
		digit = true;
		i = 2;
	}
	for (; i < s.n; i++) {
		bool was_underscore = underscore;

		underscore = s.p[i] == '_';
		if (underscore && !digit)
			return false;
		digit = hex ? is_hex(s.p[i]) : ascii_is_digit(s.p[i]);
		if (was_underscore && !digit)
			return false;
	}
	return !underscore;
}

static int digit_value(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	if (lower(c) >= 'a' && lower(c) <= 'z')
		return lower(c) - 'a' + 10;
	return 99;
}

/* Take a base prefix and give its base; a lone leading zero means octal. */
static int take_base(str *s)
{
	if (s->n == 0 || s->p[0] != '0')
		return 10;
	char c = s->n >= 3 ? lower(s->p[1]) : 0;
	int base = c == 'b' ? 2 : c == 'o' ? 8 : c == 'x' ? 16 : 0;

	*s = str_from(*s, base ? 2 : 1);
	return base ? base : 8;
}

/* NULL or what is wrong. `out` is set on a range error too: to the largest value. */
static const char *scan_uint(str s, int base, uint64_t *out)
{
	str whole = s;
	bool any_base = base == 0, underscores = false;
	uint64_t n = 0;

	if (s.n == 0)
		return syntax_error;
	if (base == 10 && s.n < 20) {	/* cannot overflow */
		for (size_t i = 0; i < s.n; i++) {
			if (!ascii_is_digit(s.p[i]))
				return syntax_error;
			n = n * 10 + (uint64_t)(s.p[i] - '0');
		}
		*out = n;
		return NULL;
	}
	if (any_base)
		base = take_base(&s);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '_' && any_base) {
			underscores = true;
			continue;
		}
		int digit = digit_value(s.p[i]);

		if (digit >= base)
			return syntax_error;
		if (__builtin_mul_overflow(n, (uint64_t)base, &n) ||
		    __builtin_add_overflow(n, (uint64_t)digit, &n)) {
			*out = UINT64_MAX;
			return range_error;
		}
	}
	if (underscores && !underscores_ok(whole))
		return syntax_error;
	*out = n;
	return NULL;
}

static const char *scan_int(str s, int base, int64_t *out)
{
	bool negative = s.n && s.p[0] == '-';
	uint64_t u = 0;

	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		s = str_from(s, 1);
	const char *why = scan_uint(s, base, &u);

	if (why)
		return why;
	if (u > (uint64_t)INT64_MAX + negative)
		return range_error;
	*out = (int64_t)(negative ? 0 - u : u);
	return NULL;
}

err *number_parse_uint(str s, int base, uint64_t *out)
{
	uint64_t u;
	const char *why = scan_uint(s, base, &u);

	if (why)
		return parse_error("ParseUint", s, why);
	*out = u;
	return NULL;
}

err *number_parse_int(str s, int base, int64_t *out)
{
	const char *why = scan_int(s, base, out);

	return why ? parse_error("ParseInt", s, why) : NULL;
}

err *number_parse_atoi(str s, int64_t *out)
{
	const char *why = scan_int(s, 10, out);

	return why ? parse_error("Atoi", s, why) : NULL;
}

err *number_parse_bool(str s, bool *out)
{
	static const char *const words[2][6] = {
		{ "0", "f", "F", "false", "FALSE", "False" },
		{ "1", "t", "T", "true", "TRUE", "True" },
	};

	for (int value = 0; value < 2; value++)
		for (int i = 0; i < 6; i++)
			if (str_eq(s, str_c(words[value][i]))) {
				*out = value;
				return NULL;
			}
	return parse_error("ParseBool", s, syntax_error);
}

/* A float as it is written: mantissa times 10 or 2 to the power of exponent. */
struct written {
	bool negative, hex, more;	/* more: digits follow those of the mantissa */
	uint64_t mantissa;
	int64_t exponent;
	int64_t point;			/* of a decimal number, from its first digit but 0 */
	str digits;
};

/* Digits and a point, underscores passed over; false without any digit. */
static bool take_mantissa(str *s, struct written *w, bool *underscores)
{
	const char *p = s->p, *end = s->p + s->n, *dot = NULL;
	int64_t seen = 0, kept = 0, zeros_after_dot = 0, before_dot = 0;
	int most = w->hex ? 16 : 19, base = w->hex ? 16 : 10;
	bool any = false;

	for (; p < end; p++) {
		int digit = *p - '0';

		if (digit < 0 || digit > 9) {
			if (*p == '_') {
				*underscores = true;
				continue;
			}
			if (*p == '.' && !dot) {
				dot = p;
				before_dot = seen;
				continue;
			}
			if (!w->hex || !is_hex(*p))
				break;
			digit = lower(*p) - 'a' + 10;
		}
		any = true;
		if (digit == 0 && seen == 0) {
			zeros_after_dot += dot != NULL;
			continue;
		}
		seen++;
		if (kept < most) {
			w->mantissa = w->mantissa * (uint64_t)base + (uint64_t)digit;
			kept++;
		} else {
			w->more |= digit != 0;
		}
	}
	w->digits = str_of(s->p, (size_t)(p - s->p));
	w->point = dot ? before_dot - zeros_after_dot : seen;
	w->exponent = w->point - kept;
	*s = str_of(p, (size_t)(end - p));
	return any;
}

/* The digits of an exponent. Beyond some size it only matters that it is large. */
static bool take_exponent(str *s, int64_t *exponent, bool *underscores)
{
	bool negative = str_take(s, '-');
	int64_t e = 0;

	if (!negative)
		str_take(s, '+');
	if (s->n == 0 || !ascii_is_digit(s->p[0]))
		return false;
	for (; s->n && (ascii_is_digit(s->p[0]) || s->p[0] == '_'); *s = str_from(*s, 1)) {
		if (s->p[0] == '_')
			*underscores = true;
		else if (e < 10000)
			e = e * 10 + (s->p[0] - '0');
	}
	*exponent = negative ? -e : e;
	return true;
}

static bool scan_float(str s, struct written *w)
{
	bool underscores = false;
	int64_t exponent = 0;
	str whole = s;

	*w = (struct written){ .negative = s.n && s.p[0] == '-' };
	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		s = str_of(s.p + 1, s.n - 1);
	if (s.n > 2 && s.p[0] == '0' && lower(s.p[1]) == 'x') {
		w->hex = true;
		s = str_from(s, 2);
	}
	if (!take_mantissa(&s, w, &underscores))
		return false;
	if (s.n && lower(s.p[0]) == (w->hex ? 'p' : 'e')) {
		s = str_from(s, 1);
		if (!take_exponent(&s, &exponent, &underscores))
			return false;
	} else if (w->hex) {
		return false;
	}
	if (s.n || (underscores && !underscores_ok(whole)))
		return false;
	w->exponent = (w->hex ? 4 * w->exponent : w->exponent) + exponent;
	w->point += exponent;
	return true;
}

/* Round mantissa * 2^exponent to a float; infinity when it is too large. */
static double compose_hex(const struct written *w)
{
	uint64_t m = w->mantissa;

	if (m == 0)
		return 0;
	int leading = __builtin_clzll(m), drop = 64 - 53;
	int64_t exponent = w->exponent - leading, top = exponent + 63;

	if (top > 1023)
		return INFINITY;
	if (top < -1022)	/* a subnormal has fewer bits */
		drop = -1022 - top > 64 ? 66 : (int)(drop - 1022 - top);
	if (drop > 64)
		return 0;
	m <<= leading;
	uint64_t kept = drop < 64 ? m >> drop : 0, half = (uint64_t)1 << (drop - 1);
	uint64_t rest = m & (half | (half - 1));

	kept += rest > half || (rest == half && (w->more || (kept & 1)));
	return ldexp((double)kept, (int)exponent + drop);
}

/* False when the number is out of range. */
static bool compose(const struct written *w, double *out)
{
	double f;

	if (w->hex)
		f = compose_hex(w);
	else if (!decimal_compose(w->mantissa, w->exponent, w->more, &f))
		f = decimal_read(w->digits.p, w->digits.p + w->digits.n, w->point);
	if (isinf(f))
		return false;
	*out = w->negative ? -f : f;
	return true;
}

/* The number of eight digits, or false. */
static bool eight_digits(const char *p, uint64_t *out)
{
	const uint64_t zones = 0xf0f0f0f0f0f0f0f0, zeros = 0x3030303030303030;
	uint64_t v;

	memcpy(&v, p, sizeof v);
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || (v & zones) != zeros ||
	    ((v + 0x0606060606060606) & zones) != zeros)
		return false;
	v -= zeros;
	v = v * 10 + (v >> 8);	/* pairs, then fours, then all */
	*out = ((v & 0x000000ff000000ff) * 0x000f424000000064 +
		(v >> 16 & 0x000000ff000000ff) * 0x0000271000000001) >> 32;
	return true;
}

/* Take digits; overflows if they are more than 19. */
static const char *quick_digits(const char *p, const char *end, uint64_t *n)
{
	uint64_t eight;

	while (end - p >= 8 && eight_digits(p, &eight)) {
		*n = *n * 100000000 + eight;
		p += 8;
	}
	for (; p < end && ascii_is_digit(*p); p++)
		*n = *n * 10 + (uint64_t)(*p - '0');
	return p;
}

/* Nearly all numbers: decimal, at most 19 digits, a small exponent, nothing
 * that takes more than a product. False for all others. */
static bool quick_float(str s, double *out)
{
	const char *p = s.p, *end = s.p + s.n, *start, *fraction = NULL;
	bool negative = s.n && *p == '-', negative_exponent;
	uint64_t mantissa = 0, e = 0;
	int64_t exponent = 0;

	p += negative;
	start = p;
	p = quick_digits(p, end, &mantissa);
	ptrdiff_t digits = p - start;

	if (p < end && *p == '.') {
		fraction = ++p;
		p = quick_digits(p, end, &mantissa);
		exponent = fraction - p;
		digits += p - fraction;
	}
	if (digits == 0 || digits > 19)
		return false;
	if (p < end && lower(*p) == 'e') {
		p++;
		negative_exponent = p < end && *p == '-';
		p += p < end && (*p == '-' || *p == '+');
		start = p;
		p = quick_digits(p, end, &e);
		if (p == start || p - start > 4)
			return false;
		exponent += negative_exponent ? -(int64_t)e : (int64_t)e;
	}
	if (p != end || !decimal_compose(mantissa, exponent, false, out))
		return false;
	if (negative)
		*out = -*out;
	return true;
}

static bool special_float(str s, double *out)
{
	bool negative = s.n && s.p[0] == '-', sign = negative || (s.n && s.p[0] == '+');

	if (str_eq_nocase(s, S("nan"))) {
		const uint64_t bits = 0x7ff8000000000001;	/* Go's */

		memcpy(out, &bits, sizeof bits);
		return true;
	}
	s = str_from(s, sign);
	if (!str_eq_nocase(s, S("inf")) && !str_eq_nocase(s, S("infinity")))
		return false;
	*out = negative ? -INFINITY : INFINITY;
	return true;
}

err *number_parse_float(str s, double *out)
{
	struct written w;

	if (quick_float(s, out))
		return NULL;
	if (!scan_float(s, &w))
		return special_float(s, out) ? NULL : parse_error("ParseFloat", s, syntax_error);
	return compose(&w, out) ? NULL : parse_error("ParseFloat", s, range_error);
}

bool number_decimal_float(str s, double *out)
{
	struct written w;

	return quick_float(s, out) || (scan_float(s, &w) && compose(&w, out));
}
