#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "text/number.h"
#include "text/quote.h"
#include "text/unicode.h"
#include "tmpl/printf_impl.h"

void format_clear(struct format *f)
{
	*f = (struct format){ .b = f->b };
}

void format_padding(struct format *f, int n)
{
	if (n > 0)
		buf_fill(f->b, f->zero && !f->minus ? '0' : ' ', (size_t)n);
}

void format_pad(struct format *f, str s)
{
	if (!f->has_width || !f->width) {
		buf_add(f->b, s);
		return;
	}
	size_t runes = utf8_count(s);
	int pad = runes < (size_t)f->width ? f->width - (int)runes : 0;

	if (!f->minus)
		format_padding(f, pad);
	buf_add(f->b, s);
	if (f->minus)
		format_padding(f, pad);
}

/* Zeros are for the digits; what else stands in the width are spaces. */
static void pad_with_spaces(struct format *f, str s)
{
	bool zero = f->zero;

	f->zero = false;
	format_pad(f, s);
	f->zero = zero;
}

void format_bool(struct format *f, bool b)
{
	format_pad(f, b ? S("true") : S("false"));
}

/* ---- integers ---------------------------------------------------------- */

/* Writes the digits to the end of `to` and gives them. */
static str digits_of(char to[64], uint64_t u, int base, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	size_t i = 64;

	do {
		to[--i] = set[u % (uint64_t)base];
		u /= (uint64_t)base;
	} while (u);
	return (str){ to + i, 64 - i };
}

static str sign_of(const struct format *f, bool negative)
{
	return negative ? S("-") : f->plus ? S("+") : f->space ? S(" ") : STR_NONE;
}

void format_int(struct format *f, uint64_t u, int base, bool is_signed, uint32_t verb, bool upper)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(4 * FORMAT_NUMBER_MAX);
	bool negative = is_signed && (int64_t)u < 0;
	str sign = sign_of(f, negative);
	int prec = 0;
	char to[64];

	if (negative)
		u = -u;
	if (f->has_prec) {
		prec = f->prec;
		if (!prec && !u) {
			bool zero = f->zero;

			f->zero = false;
			format_padding(f, f->width);
			f->zero = zero;
			return;
		}
	} else if (f->zero && !f->minus && f->has_width) {
		prec = f->width - (int)sign.n;
	}
	str digits = digits_of(to, u, base, upper);
	size_t zeros = prec > 0 && (size_t)prec > digits.n ? (size_t)prec - digits.n : 0;

	buf_add(&b, sign);
	if (verb == 'O')
		buf_add(&b, S("0o"));
	if (f->sharp && base == 2)
		buf_add(&b, S("0b"));
	if (f->sharp && base == 8 && !zeros && digits.p[0] != '0')
		buf_addc(&b, '0');
	if (f->sharp && base == 16)
		buf_add(&b, upper ? S("0X") : S("0x"));
	buf_fill(&b, '0', zeros);
	buf_add(&b, digits);
	pad_with_spaces(f, buf_str(&b));
}

void format_unicode(struct format *f, uint64_t u)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(4 * FORMAT_NUMBER_MAX);
	size_t prec = f->has_prec && f->prec > 4 ? (size_t)f->prec : 4;
	char to[64];
	str digits = digits_of(to, u, 16, true);

	buf_add(&b, S("U+"));
	if (digits.n < prec)
		buf_fill(&b, '0', prec - digits.n);
	buf_add(&b, digits);
	if (f->sharp && u <= UNICODE_MAX && unicode_is_print((uint32_t)u)) {
		buf_add(&b, S(" '"));
		utf8_add(&b, (uint32_t)u);
		buf_addc(&b, '\'');
	}
	pad_with_spaces(f, buf_str(&b));
}

static uint32_t rune_of(uint64_t c)
{
	return c > UNICODE_MAX ? UTF8_BAD : (uint32_t)c;
}

void format_char(struct format *f, uint64_t c)
{
	char to[4];
	size_t n = utf8_encode(rune_of(c), to);

	format_pad(f, (str){ to, n });
}

void format_quoted_char(struct format *f, uint64_t c)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add_rune(&b, rune_of(c), f->plus ? QUOTE_ASCII : QUOTE_PRINT);
	format_pad(f, buf_str(&b));
}

/* ---- texts ------------------------------------------------------------- */

/* The precision cuts after so many runes. */
static str truncated(const struct format *f, str s)
{
	str tail = s;
	uint32_t rune;

	if (!f->has_prec)
		return s;
	for (int n = f->prec; n > 0 && utf8_take(&tail, &rune); n--)
		;
	s.n -= tail.n;
	return s;
}

void format_string(struct format *f, str s)
{
	format_pad(f, truncated(f, s));
}

void format_quoted(struct format *f, str s)
{
	CLEANUP(buf_release) struct buf b = { .max = f->b->max };

	quote_add_verb(&b, truncated(f, s), f->sharp, f->plus);
	format_pad(f, buf_str(&b));
}

void format_hex(struct format *f, str s, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	str prefix = upper ? S("0X") : S("0x");
	size_t length = f->has_prec && (size_t)f->prec < s.n ? (size_t)f->prec : s.n;
	size_t width = 2 * length;

	if (!length) {
		if (f->has_width)
			format_padding(f, f->width);
		return;
	}
	if (f->space)
		width = (f->sharp ? 2 * width : width) + length - 1;
	else if (f->sharp)
		width += 2;
	int pad = f->has_width && (size_t)f->width > width ? f->width - (int)width : 0;

	if (!f->minus)
		format_padding(f, pad);
	if (f->sharp)
		buf_add(f->b, prefix);
	for (size_t i = 0; i < length && !f->b->full; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (f->space && i) {
			buf_addc(f->b, ' ');
			if (f->sharp)
				buf_add(f->b, prefix);
		}
		buf_addc(f->b, set[c >> 4]);
		buf_addc(f->b, set[c & 15]);
	}
	if (f->minus)
		format_padding(f, pad);
}

/* ---- floats ------------------------------------------------------------ */

/* The 53 bits of the mantissa and the power of two of its last bit. */
static uint64_t mantissa_of(double v, int *exponent)
{
	uint64_t bits, mantissa;

	memcpy(&bits, &v, sizeof bits);
	mantissa = bits & (((uint64_t)1 << 52) - 1);
	*exponent = (int)(bits >> 52 & 0x7ff);
	if (*exponent)
		mantissa |= (uint64_t)1 << 52;
	else
		*exponent = 1;
	*exponent -= 1023 + 52;
	return mantissa;
}

/* %b: "4503599627370496p-52". */
static void add_binary(struct buf *b, double v)
{
	int exponent;
	uint64_t mantissa = mantissa_of(v, &exponent);

	number_add_uint(b, mantissa);
	buf_addf(b, "p%+d", exponent);
}

/* Round the mantissa (one digit before the point, 15 after) to `prec`. */
static uint64_t round_hex(uint64_t mantissa, int prec, int *exponent)
{
	if (prec < 0 || prec >= 15)
		return mantissa;
	int shift = 60 - prec * 4;
	uint64_t extra = mantissa & (((uint64_t)1 << shift) - 1), half = (uint64_t)1 << (shift - 1);

	mantissa >>= shift;
	if (extra > half || (extra == half && (mantissa & 1)))
		mantissa++;
	mantissa <<= shift;
	if (mantissa & (uint64_t)1 << 61) {
		mantissa >>= 1;
		(*exponent)++;
	}
	return mantissa;
}

/* %x: "0x1.8p+00"; one digit before the point, at least two in the exponent. */
static void add_hex_float(struct buf *b, double v, int prec, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	int exponent;
	uint64_t mantissa = mantissa_of(v, &exponent);

	exponent += 52;
	if (!mantissa)
		exponent = 0;
	mantissa <<= 60 - 52;
	while (mantissa && !(mantissa & (uint64_t)1 << 60)) {
		mantissa <<= 1;
		exponent--;
	}
	mantissa = round_hex(mantissa, prec, &exponent);
	buf_add(b, upper ? S("0X") : S("0x"));
	buf_addc(b, set[mantissa >> 60 & 1]);
	mantissa <<= 4;
	if (prec < 0 && mantissa) {
		buf_addc(b, '.');
		for (; mantissa; mantissa <<= 4)
			buf_addc(b, set[mantissa >> 60 & 15]);
	} else if (prec > 0) {
		buf_addc(b, '.');
		for (int i = 0; i < prec; i++, mantissa <<= 4)
			buf_addc(b, set[mantissa >> 60 & 15]);
	}
	buf_addf(b, "%c%c%02d", upper ? 'P' : 'p', exponent < 0 ? '-' : '+', abs(exponent));
}

/* %g of so many digits, -1: of the shortest that read back the same. */
static void add_shortest(struct buf *b, double v, bool upper)
{
	size_t start = b->n;

	number_add_float(b, v, NUMBER_G);
	for (size_t i = start; upper && i < b->n; i++)
		if (b->p[i] == 'e')
			b->p[i] = 'E';
}

/* The digits that libc gives for a precision are exact, as Go's are. */
static void add_digits(struct buf *b, double v, char verb, int prec)
{
	size_t room = 400 + (size_t)prec;
	char *to = buf_reserve(b, room);
	int n = 0;

	if (!to)
		return;
	switch (verb) {
	case 'e':
		n = snprintf(to, room, "%.*e", prec, v);
		break;
	case 'E':
		n = snprintf(to, room, "%.*E", prec, v);
		break;
	case 'f':
		n = snprintf(to, room, "%.*f", prec, v);
		break;
	case 'G':
		n = snprintf(to, room, "%.*G", prec, v);
		break;
	default:
		n = snprintf(to, room, "%.*g", prec, v);
		break;
	}
	b->n += (size_t)n;
}

/* strconv.AppendFloat of what is finite and not negative. */
static void add_float(struct buf *b, double v, char verb, int prec)
{
	if (verb == 'b')
		add_binary(b, v);
	else if (verb == 'x' || verb == 'X')
		add_hex_float(b, v, prec, verb == 'X');
	else if (prec < 0)
		add_shortest(b, v, verb == 'G');
	else
		add_digits(b, v, verb, prec);
}

/* %#g and the like: a point, and zeros up to the precision. `num` begins with
 * its sign. */
static void add_point(struct buf *num, char verb, int prec)
{
	CLEANUP(buf_release) struct buf tail = BUF_INIT;
	int digits = 0;
	bool point = false, nonzero = false;

	if (verb != 'e' && verb != 'E' && verb != 'f' && verb != 'X')
		digits = prec == -1 ? 6 : prec;
	for (size_t i = 1; i < num->n; i++) {
		char c = num->p[i];

		if (c == '.') {
			point = true;
			continue;
		}
		if (c == 'p' || c == 'P' ||
		    ((c == 'e' || c == 'E') && verb != 'x' && verb != 'X')) {
			buf_bytes(&tail, num->p + i, num->n - i);
			buf_trim(num, i);
			break;
		}
		nonzero = nonzero || c != '0';
		digits -= nonzero;
	}
	if (!point) {
		if (num->n == 2 && num->p[1] == '0')
			digits--;
		buf_addc(num, '.');
	}
	if (digits > 0)
		buf_fill(num, '0', (size_t)digits);
	buf_add(num, buf_str(&tail));
}

static void pad_special(struct format *f, double v)
{
	str text = isnan(v) ? S("+NaN") : v < 0 ? S("-Inf") : S("+Inf");
	char spaced[4];

	memcpy(spaced, text.p, 4);
	if (f->space && spaced[0] == '+' && !f->plus)
		spaced[0] = ' ';
	text.p = spaced;
	if (isnan(v) && !f->space && !f->plus)
		text = str_from(text, 1);
	pad_with_spaces(f, text);
}

void format_float(struct format *f, double v, char verb, int prec)
{
	CLEANUP(buf_release) struct buf num = BUF_LIMIT(4 * FORMAT_NUMBER_MAX);

	if (f->has_prec)
		prec = f->prec;
	if (!isfinite(v)) {
		pad_special(f, v);
		return;
	}
	char sign = signbit(v) ? '-' : f->space && !f->plus ? ' ' : '+';

	buf_addc(&num, sign);
	add_float(&num, fabs(v), verb, prec);
	if (f->sharp && verb != 'b')
		add_point(&num, verb, prec);
	if (!f->plus && sign == '+') {
		format_pad(f, str_from(buf_str(&num), 1));
		return;
	}
	if (f->zero && !f->minus && f->has_width && (size_t)f->width > num.n) {
		buf_addc(f->b, sign);
		format_padding(f, f->width - (int)num.n);
		buf_add(f->b, str_from(buf_str(&num), 1));
		return;
	}
	format_pad(f, buf_str(&num));
}
