#include <assert.h>
#include <math.h>

#include "text/decimal.h"
#include "text/number.h"

static const char pairs[] =
	"00010203040506070809101112131415161718192021222324"
	"25262728293031323334353637383940414243444546474849"
	"50515253545556575859606162636465666768697071727374"
	"75767778798081828384858687888990919293949596979899";

/* Write the digits of `u` so that they end at `end`; gives where they begin. */
static char *put_digits(char *end, uint64_t u)
{
	while (u >= 100) {
		end -= 2;
		memcpy(end, pairs + 2 * (u % 100), 2);
		u /= 100;
	}
	if (u >= 10) {
		end -= 2;
		memcpy(end, pairs + 2 * u, 2);
	} else {
		*--end = (char)('0' + u);
	}
	return end;
}

void number_add_uint(struct buf *b, uint64_t u)
{
	char text[20], *start = put_digits(text + sizeof text, u);

	buf_bytes(b, start, (size_t)(text + sizeof text - start));
}

void number_add_int(struct buf *b, int64_t i)
{
	char text[21], *end = text + sizeof text;
	char *start = put_digits(end, i < 0 ? 0 - (uint64_t)i : (uint64_t)i);

	if (i < 0)
		*--start = '-';
	buf_bytes(b, start, (size_t)(end - start));
}

void number_add_uint_base(struct buf *b, uint64_t u, int base)
{
	char text[64], *start = text + sizeof text;

	assert(base >= 2 && base <= 36);
	do
		*--start = "0123456789abcdefghijklmnopqrstuvwxyz"[u % (uint64_t)base];
	while (u /= (uint64_t)base);
	buf_bytes(b, start, (size_t)(text + sizeof text - start));
}

void number_add_int_base(struct buf *b, int64_t i, int base)
{
	if (i < 0)
		buf_addc(b, '-');
	number_add_uint_base(b, i < 0 ? 0 - (uint64_t)i : (uint64_t)i, base);
}

static const char *special_text(double f)
{
	return isnan(f) ? "NaN" : isinf(f) ? f < 0 ? "-Inf" : "+Inf" : NULL;
}

static const char *yaml_special_text(double f)
{
	return isnan(f) ? ".nan" : isinf(f) ? f < 0 ? "-.inf" : ".inf" : NULL;
}

/* Floats that are an integer, or have few digits behind the point, need no
 * search: two decimals of 15 digits at most never read back as the same. */
static bool few_digits(double f, uint64_t *digits, int *exponent)
{
	double scaled = f * 1e6;

	if (f < 0x1p53 && (double)(uint64_t)f == f) {
		*digits = (uint64_t)f;
		*exponent = 0;
		return true;
	}
	*digits = scaled < 1e15 ? (uint64_t)(scaled + 0.5) : 0;
	*exponent = -6;
	return *digits && (double)*digits / 1e6 == f;
}

/* The digits of u * 10^exponent but for zeros at the end. The number is
 * 0.DIGITS times 10^point. */
static int without_zeros(uint64_t u, int exponent, char digits[24], int *point)
{
	char *end = digits + 24, *start = put_digits(end, u);

	*point = (int)(end - start) + exponent;
	while (end - start > 1 && end[-1] == '0')
		end--;
	memmove(digits, start, (size_t)(end - start));
	return (int)(end - start);
}

/* The shortest digits of a float, 17 at most and none of them a last zero;
 * zero has the digit 0. */
static int shortest(double f, char digits[24], int *point)
{
	uint64_t u;
	int exponent;

	if (!few_digits(f, &u, &exponent))
		u = decimal_shortest(f, &exponent);
	return without_zeros(u, exponent, digits, point);
}

/* "e+06", "e-6": sign and at least `least` digits. */
static char *put_exponent(char *p, char e, int exponent, int least)
{
	char text[8], *end = text + sizeof text;
	char *start = put_digits(end, (uint64_t)(exponent < 0 ? -exponent : exponent));

	*p++ = e;
	*p++ = exponent < 0 ? '-' : '+';
	for (; end - start < least; least--)
		*p++ = '0';
	while (start < end)
		*p++ = *start++;
	return p;
}

static char *put_zeros(char *p, int n)
{
	if (n <= 0)
		return p;
	memset(p, '0', (size_t)n);
	return p + n;
}

static char *put_bytes(char *p, const char *bytes, int n)
{
	memcpy(p, bytes, (size_t)n);
	return p + n;
}

/* 0.DIGITS times 10^point, with an exponent where the form has one. */
static size_t put_number(char to[NUMBER_MAX], bool negative, const char *digits, int n, int point,
			 bool json)
{
	int low = json ? -6 : -4, high = json ? 21 : 6, exponent = point - 1;
	char *p = to;

	if (negative)
		*p++ = '-';
	if (exponent < low || exponent >= high) {
		*p++ = digits[0];
		if (n > 1) {
			*p++ = '.';
			p = put_bytes(p, digits + 1, n - 1);
		}
		p = put_exponent(p, 'e', exponent, json && exponent < 0 ? 1 : 2);
	} else if (point <= 0) {
		p = put_bytes(p, "0.", 2);
		p = put_zeros(p, -point);
		p = put_bytes(p, digits, n);
	} else if (n <= point) {
		p = put_bytes(p, digits, n);
		p = put_zeros(p, point - n);
	} else {
		p = put_bytes(p, digits, point);
		*p++ = '.';
		p = put_bytes(p, digits + point, n - point);
	}
	*p = 0;
	return (size_t)(p - to);
}

/* What is no number, in the form's words; 0 for a number. */
static size_t put_special(char to[NUMBER_MAX], double f, enum number_form form)
{
	const char *special = form == NUMBER_YAML ? yaml_special_text(f) : special_text(f);

	if (!special)
		return 0;
	size_t n = strlen(special);

	memcpy(to, special, n + 1);
	return n;
}

size_t number_print_float(char to[NUMBER_MAX], double f, enum number_form form)
{
	size_t special = put_special(to, f, form);
	char digits[24];
	int point;

	if (special)
		return special;
	int n = shortest(fabs(f), digits, &point);

	return put_number(to, signbit(f), digits, n, point, form == NUMBER_JSON);
}

size_t number_print_float32(char to[NUMBER_MAX], float f, enum number_form form)
{
	size_t special = put_special(to, (double)f, form);
	char digits[24];
	int point, exponent = 0;

	if (special)
		return special;
	uint64_t u = f == 0 ? 0 : decimal_shortest32(fabsf(f), &exponent);
	int n = without_zeros(u, exponent, digits, &point);

	return put_number(to, signbit(f), digits, n, point, form == NUMBER_JSON);
}

void number_add_float(struct buf *b, double f, enum number_form form)
{
	char text[NUMBER_MAX];

	buf_bytes(b, text, number_print_float(text, f, form));
}

/* The digits from index `from` on, `n` of them; there are zeros before the
 * first one and after the last. */
static void add_digits(struct buf *b, const struct decimal *d, int from, int n)
{
	int before = from < 0 ? (n < -from ? n : -from) : 0;

	buf_fill(b, '0', (size_t)before);
	from += before;
	n -= before;
	int there = d->n > from ? (d->n - from < n ? d->n - from : n) : 0;

	buf_bytes(b, d->digits + (there ? from : 0), (size_t)there);
	buf_fill(b, '0', (size_t)(n - there));
}

/* D.DDDe+DD with `places` digits after the point. */
static void add_scientific(struct buf *b, const struct decimal *d, int places, char e)
{
	char exponent[8];

	add_digits(b, d, 0, 1);
	if (places > 0) {
		buf_addc(b, '.');
		add_digits(b, d, 1, places);
	}
	char *end = put_exponent(exponent, e, d->n ? d->point - 1 : 0, 2);

	buf_bytes(b, exponent, (size_t)(end - exponent));
}

static void add_fixed(struct buf *b, const struct decimal *d, int places)
{
	if (d->point > 0)
		add_digits(b, d, 0, d->point);
	else
		buf_addc(b, '0');
	if (places > 0) {
		buf_addc(b, '.');
		add_digits(b, d, d->point, places);
	}
}

/* The digits of f > 0 that a verb shows with a precision, where it takes big
 * numbers. */
static void get_exact(struct decimal *d, double f, char verb, int precision)
{
	decimal_exact(d, f);
	int zeros = d->point < 0 ? -d->point : 0;

	if (verb == 'e')
		decimal_round(d, precision < d->n ? precision + 1 : d->n);
	else if (verb == 'g')
		decimal_round(d, precision);
	else if (precision < zeros)
		d->n = d->point = 0;
	else if (precision < d->n + zeros)
		decimal_round(d, d->point + precision);
}

/* The digits of f >= 0 for a verb and its precision, none for 0. What the
 * verb asks for where it leaves that open comes back in *precision. */
static void get_digits(struct decimal *d, double f, char verb, int *precision)
{
	d->n = d->point = 0;
	if (*precision < 0) {
		if (f > 0)
			d->n = shortest(f, d->digits, &d->point);
		*precision = verb == 'e' ? d->n - 1 : verb == 'f' ? d->n - d->point : d->n;
		return;
	}
	if (verb == 'g' && *precision == 0)
		*precision = 1;
	if (f == 0)
		return;
	bool done = verb == 'f' ? decimal_fixed(d, f, *precision) :
				  *precision < 17 &&
				  decimal_digits(d, f, *precision + (verb == 'e'));

	if (!done)
		get_exact(d, f, verb, *precision);
}

/* The exponent's form where it is below -4 or not below the precision. */
static void add_general(struct buf *b, const struct decimal *d, bool shortest_one, int precision,
			char e)
{
	int limit = precision, exponent = d->point - 1;

	if (limit > d->n && d->n >= d->point)
		limit = d->n;
	if (shortest_one)
		limit = 6;
	if (exponent < -4 || exponent >= limit)
		add_scientific(b, d, (precision > d->n ? d->n : precision) - 1, e);
	else
		add_fixed(b, d, (precision > d->point ? d->n : precision) - d->point);
}

/* mantissap+-exponent, both decimal */
static void add_binary(struct buf *b, uint64_t mantissa, int exponent)
{
	number_add_uint(b, mantissa);
	buf_add(b, exponent < 0 ? S("p") : S("p+"));
	number_add_int(b, exponent);
}

/* 0x1.fffp+00; `verb` is x or X. */
static void add_hex(struct buf *b, uint64_t mantissa, int exponent, char verb, int precision)
{
	const char *digits = verb == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
	char text[8];

	/* The first digit, 1 unless all is 0, stands at bit 60. */
	int shift = mantissa ? __builtin_clzll(mantissa) - 3 : 0;

	mantissa <<= shift;
	exponent = mantissa ? exponent + 60 - shift : 0;
	if (precision >= 0 && precision < 15) {
		int drop = 60 - 4 * precision;
		uint64_t half = (uint64_t)1 << (drop - 1), rest = mantissa & (half | (half - 1));

		mantissa >>= drop;
		mantissa += rest > half || (rest == half && (mantissa & 1));
		mantissa <<= drop;
		if (mantissa >> 61) {
			mantissa >>= 1;
			exponent++;
		}
	}
	buf_addc(b, '0');
	buf_addc(b, verb);
	buf_addc(b, (char)('0' + (mantissa >> 60 & 1)));
	mantissa <<= 4;
	if (precision > 0 || (precision < 0 && mantissa))
		buf_addc(b, '.');
	for (int i = 0; precision < 0 ? mantissa != 0 : i < precision && i < 16; i++) {
		buf_addc(b, digits[mantissa >> 60]);
		mantissa <<= 4;
	}
	if (precision > 16)
		buf_fill(b, '0', (size_t)(precision - 16));
	char *end = put_exponent(text, (char)(verb - 'x' + 'p'), exponent, 2);

	buf_bytes(b, text, (size_t)(end - text));
}

void number_add_format(struct buf *b, double f, char verb, int precision)
{
	const char *special = special_text(f);
	bool capital = verb == 'E' || verb == 'F' || verb == 'G', none = precision < 0;
	char small = capital ? (char)(verb + ('a' - 'A')) : verb;
	uint64_t bits, mantissa;

	if (special) {
		buf_add(b, str_c(special));
		return;
	}
	if (verb == 0 || !strchr("efgEFGbxX", verb)) {
		buf_addc(b, '%');
		buf_addc(b, verb);
		return;
	}
	if (signbit(f))
		buf_addc(b, '-');
	f = fabs(f);
	memcpy(&bits, &f, sizeof bits);
	mantissa = bits & (((uint64_t)1 << 52) - 1);
	int exponent = (int)(bits >> 52);

	mantissa |= (uint64_t)(exponent > 0) << 52;
	exponent = (exponent ? exponent : 1) - 1075;
	if (verb == 'b') {
		add_binary(b, mantissa, exponent);
		return;
	}
	if (verb == 'x' || verb == 'X') {
		add_hex(b, mantissa, exponent, verb, precision);
		return;
	}
	struct decimal d;

	get_digits(&d, f, small, &precision);
	if (small == 'e')
		add_scientific(b, &d, precision, verb);
	else if (small == 'f')
		add_fixed(b, &d, precision);
	else
		add_general(b, &d, none, precision, capital ? 'E' : 'e');
}
