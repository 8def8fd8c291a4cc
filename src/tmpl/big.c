#include "tmpl/big.h"

#include <math.h>

#include "text/number.h"

enum { QUOTIENT_DIGITS = 16 };

/* Without zeros in front. */
static struct big trimmed(struct big b)
{
	while (b.n && !b.digits[0]) {
		b.digits++;
		b.n--;
	}
	if (!b.n)
		b = (struct big){ 0 };
	return b;
}

bool big_from_float(struct arena *a, double f, struct big *out)
{
	char text[NUMBER_MAX];
	struct big b = { .negative = signbit(f) };
	int64_t exponent = 0;
	bool point = false;

	if (!isfinite(f))
		return false;
	size_t n = number_print_float(text, fabs(f), NUMBER_G);

	b.digits = arena_alloc(a, n);
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '.') {
			point = true;
		} else if (text[i] == 'e') {
			err_free(number_parse_int(str_of(text + i + 1, n - i - 1), 10, &exponent));
			break;
		} else {
			b.digits[b.n++] = (uint8_t)(text[i] - '0');
			b.exponent -= point;
		}
	}
	b.exponent += exponent;
	*out = trimmed(b);
	return true;
}

double big_to_float(struct big b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	double f = 0;

	if (!b.n)
		return 0;
	if (b.negative)
		buf_addc(&text, '-');
	for (size_t i = 0; i < b.n; i++)
		buf_addc(&text, (char)('0' + b.digits[i]));
	buf_addc(&text, 'e');
	number_add_int(&text, b.exponent);
	err *e = number_parse_float(buf_str(&text), &f);

	if (e) {
		err_free(e);
		return b.negative ? -INFINITY : INFINITY;
	}
	return f;
}

/* The digit that stands for 10^place. */
static int digit_at(const struct big *b, int64_t place)
{
	int64_t i = (int64_t)b->n - 1 - (place - b->exponent);

	return i >= 0 && i < (int64_t)b->n ? b->digits[i] : 0;
}

static int64_t top_of(const struct big *b)
{
	return b->exponent + (int64_t)b->n;
}

static int cmp_size(const struct big *x, const struct big *y)
{
	int64_t top = top_of(x) > top_of(y) ? top_of(x) : top_of(y);
	int64_t low = x->exponent < y->exponent ? x->exponent : y->exponent;

	for (int64_t p = top; p >= low; p--)
		if (digit_at(x, p) != digit_at(y, p))
			return digit_at(x, p) - digit_at(y, p);
	return 0;
}

/* |x| + |y| or |x| - |y|, where the latter is not negative. */
static struct big add_sizes(struct arena *a, const struct big *x, const struct big *y, int sign)
{
	int64_t top = (top_of(x) > top_of(y) ? top_of(x) : top_of(y)) + 1;
	int64_t low = x->exponent < y->exponent ? x->exponent : y->exponent;
	struct big out = { .n = (size_t)(top - low), .exponent = low };
	int carry = 0;

	out.digits = arena_alloc(a, out.n);
	for (int64_t p = low; p < top; p++) {
		int d = digit_at(x, p) + sign * digit_at(y, p) + carry;

		carry = d < 0 ? -1 : d / 10;
		out.digits[out.n - 1 - (size_t)(p - low)] = (uint8_t)(d - 10 * carry);
	}
	return out;
}

struct big big_add(struct arena *a, struct big x, struct big y)
{
	struct big out;

	if (!x.n || !y.n)
		return x.n ? x : y;
	if (x.negative == y.negative) {
		out = add_sizes(a, &x, &y, 1);
		out.negative = x.negative;
	} else if (cmp_size(&x, &y) >= 0) {
		out = add_sizes(a, &x, &y, -1);
		out.negative = x.negative;
	} else {
		out = add_sizes(a, &y, &x, -1);
		out.negative = y.negative;
	}
	return trimmed(out);
}

struct big big_mul(struct arena *a, struct big x, struct big y)
{
	struct big out = { .n = x.n + y.n,
			   .exponent = x.exponent + y.exponent,
			   .negative = x.negative != y.negative };

	out.digits = arena_zero(a, out.n + 1, 1);
	for (size_t i = x.n; i > 0; i--) {
		unsigned carry = 0;

		for (size_t k = y.n; k > 0; k--) {
			unsigned d =
				out.digits[i + k - 1] + x.digits[i - 1] * y.digits[k - 1] + carry;

			out.digits[i + k - 1] = (uint8_t)(d % 10);
			carry = d / 10;
		}
		out.digits[i - 1] = (uint8_t)(out.digits[i - 1] + carry);
	}
	return trimmed(out);
}

/* One more in the last place. There is room: the first digit is a spare 0. */
static void increment(struct big *b)
{
	for (size_t i = b->n; i > 0; i--) {
		if (b->digits[i - 1] < 9) {
			b->digits[i - 1]++;
			return;
		}
		b->digits[i - 1] = 0;
	}
}

struct big big_div(struct arena *a, struct big x, struct big y)
{
	int64_t shift = x.exponent - y.exponent + QUOTIENT_DIGITS;
	size_t zeros = shift > 0 ? (size_t)shift : 0;
	struct big out = { .n = 1 + x.n + zeros,
			   .exponent = -QUOTIENT_DIGITS,
			   .negative = x.negative != y.negative };
	uint64_t divisor = 0, rest = 0;
	bool up;

	for (size_t i = 0; i < y.n; i++)
		divisor = divisor * 10 + y.digits[i];
	out.digits = arena_zero(a, out.n, 1);
	for (size_t i = 0; i < x.n + zeros; i++) {
		rest = rest * 10 + (i < x.n ? x.digits[i] : 0);
		out.digits[i + 1] = (uint8_t)(rest / divisor);
		rest %= divisor;
	}
	up = rest >= divisor - rest;
	if (shift < 0) {
		size_t drop = (size_t)-shift;

		up = drop <= out.n && out.digits[out.n - drop] >= 5;
		out.n = drop < out.n ? out.n - drop : 0;
	}
	if (up && out.n)
		increment(&out);
	return trimmed(out);
}
