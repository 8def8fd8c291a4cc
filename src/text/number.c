#include "text/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
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
		digit = hex ? is_hex(s.p[i]) : is_digit(s.p[i]);
		if (was_underscore && !digit)
			return false;
	}
	return !underscore;
}

static int digit_value(char c)
{
	if (is_digit(c))
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

/* Whether the text is a decimal or hexadecimal float by Go's grammar. */
static bool is_float(str s)
{
	bool hex = false, digits = false, dot = false, underscores = false;
	str whole = s;

	if (!str_take(&s, '-'))
		str_take(&s, '+');
	if (s.n > 2 && s.p[0] == '0' && lower(s.p[1]) == 'x') {
		hex = true;
		s = str_from(s, 2);
	}
	for (; s.n; s = str_from(s, 1)) {
		char c = s.p[0];

		if (c == '_')
			underscores = true;
		else if (c == '.' && !dot)
			dot = true;
		else if (hex ? is_hex(c) : is_digit(c))
			digits = true;
		else
			break;
	}
	if (!digits)
		return false;
	if (s.n && lower(s.p[0]) == (hex ? 'p' : 'e')) {
		s = str_from(s, 1);
		if (!str_take(&s, '-'))
			str_take(&s, '+');
		if (s.n == 0 || !is_digit(s.p[0]))
			return false;
		for (; s.n && (is_digit(s.p[0]) || s.p[0] == '_'); s = str_from(s, 1))
			underscores |= s.p[0] == '_';
	} else if (hex) {
		return false;
	}
	return s.n == 0 && (!underscores || underscores_ok(whole));
}

static bool special_float(str s, double *out)
{
	bool negative = s.n && s.p[0] == '-', sign = negative || (s.n && s.p[0] == '+');

	if (str_eq_nocase(s, S("nan"))) {
		const uint64_t bits = 0x7ff8000000000001;

		memcpy(out, &bits, sizeof bits);
		return true;
	}
	s = str_from(s, sign);
	if (!str_eq_nocase(s, S("inf")) && !str_eq_nocase(s, S("infinity")))
		return false;
	*out = negative ? -INFINITY : INFINITY;
	return true;
}

bool number_decimal_float(str s, double *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '_')
			buf_addc(&b, s.p[i]);
	double f = strtod(buf_c(&b), NULL);

	if (isinf(f))
		return false;
	*out = f;
	return true;
}

err *number_parse_float(str s, double *out)
{
	if (special_float(s, out))
		return NULL;
	if (!is_float(s))
		return parse_error("ParseFloat", s, syntax_error);
	if (!number_decimal_float(s, out))
		return parse_error("ParseFloat", s, range_error);
	return NULL;
}

/* The shortest digits that read back as `f` > 0; gives the place of the point. */
static int shortest_digits(double f, char digits[20])
{
	char text[40];
	int precision = 0;

	do
		snprintf(text, sizeof text, "%.*e", precision, f);
	while (strtod(text, NULL) != f && ++precision < 17);
	size_t n = 0;
	const char *p = text;

	for (; *p != 'e'; p++)
		if (*p != '.')
			digits[n++] = *p;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = 0;
	return (int)strtol(p + 1, NULL, 10) + 1;
}

static const char *special_text(double f, enum number_form form)
{
	if (isnan(f))
		return form == NUMBER_YAML ? ".nan" : "NaN";
	if (isinf(f) && form == NUMBER_YAML)
		return f < 0 ? "-.inf" : ".inf";
	return isinf(f) ? f < 0 ? "-Inf" : "+Inf" : NULL;
}

size_t number_print_float(char to[NUMBER_MAX], double f, enum number_form form)
{
	const char *special = special_text(f, form);
	char digits[20] = "0", *p = to;
	int point = 1, low = form == NUMBER_JSON ? -6 : -4, high = form == NUMBER_JSON ? 21 : 6;

	if (special)
		return (size_t)snprintf(to, NUMBER_MAX, "%s", special);
	if (signbit(f))
		*p++ = '-';
	if (f != 0)
		point = shortest_digits(fabs(f), digits);
	int n = (int)strlen(digits), exponent = point - 1;

	if (f != 0 && (exponent < low || exponent >= high)) {
		*p++ = digits[0];
		p += n > 1 ? snprintf(p, 20, ".%s", digits + 1) : 0;
		p += snprintf(p, 8, form == NUMBER_JSON && exponent < 0 ? "e%d" : "e%+03d",
			      exponent);
	} else if (point <= 0) {
		p += snprintf(p, 30, "0.%.*s%s", -point, "0000000", digits);
	} else if (n <= point) {
		p += snprintf(p, 30, "%s%.*s", digits, point - n, "00000000000000000000000");
	} else {
		p += snprintf(p, 30, "%.*s.%s", point, digits, digits + point);
	}
	return (size_t)(p - to);
}

void number_add_float(struct buf *b, double f, enum number_form form)
{
	char text[NUMBER_MAX];

	buf_bytes(b, text, number_print_float(text, f, form));
}

void number_add_uint(struct buf *b, uint64_t u)
{
	char text[20], *p = text + sizeof text;

	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	buf_bytes(b, p, (size_t)(text + sizeof text - p));
}

void number_add_int(struct buf *b, int64_t i)
{
	if (i < 0)
		buf_addc(b, '-');
	number_add_uint(b, i < 0 ? 0 - (uint64_t)i : (uint64_t)i);
}
