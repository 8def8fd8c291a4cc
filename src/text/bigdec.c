#include "text/bigdec.h"

#include "text/decimal.h"

enum { LIMB = 1000000000, LIMB_DIGITS = 9, LIMBS_MAX = BIGDEC_MAX / LIMB_DIGITS + 2 };

static const uint32_t pow10s[] = { 1,	    10,	     100,      1000,	 10000,
				   100000,  1000000, 10000000, 100000000 };

/* The number with `n` limbs, of which the highest may be 0. */
static struct bigdec make(bool negative, int32_t scale, const uint32_t *limbs, size_t n)
{
	while (n && limbs[n - 1] == 0)
		n--;
	return (struct bigdec){ negative && n, scale, (uint32_t)n, limbs };
}

static uint32_t *new_limbs(struct arena *a, size_t n)
{
	return arena_alloc(a, n * sizeof(uint32_t));
}

struct bigdec bigdec_from_int(struct arena *a, int64_t i, int32_t scale)
{
	uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
	uint32_t *limbs = new_limbs(a, 3);

	for (int at = 0; at < 3; at++, u /= LIMB)
		limbs[at] = (uint32_t)(u % LIMB);
	return make(i < 0, scale, limbs, 3);
}

bool bigdec_parse(struct arena *a, str s, struct bigdec *out)
{
	bool negative = str_take(&s, '-');
	size_t digits = 0, behind = 0;

	if (!negative)
		str_take(&s, '+');
	size_t point = str_find_char(s, '.');

	for (size_t i = 0; i < s.n; i++) {
		if (i == point)
			continue;
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		digits++;
		behind += i > point && point != STR_NPOS;
	}
	if (digits == 0 || digits > BIGDEC_MAX)
		return false;
	size_t n = (digits + LIMB_DIGITS - 1) / LIMB_DIGITS, at = 0;
	uint32_t *limbs = new_limbs(a, n);

	memset(limbs, 0, n * sizeof *limbs);
	for (size_t i = s.n; i-- > 0;) {
		if (i == point)
			continue;
		limbs[at / LIMB_DIGITS] += (uint32_t)(s.p[i] - '0') * pow10s[at % LIMB_DIGITS];
		at++;
	}
	*out = make(negative, (int32_t)behind, limbs, n);
	return true;
}

int bigdec_sign(struct bigdec d)
{
	return d.negative ? -1 : d.n > 0;
}

struct bigdec bigdec_neg(struct bigdec d)
{
	d.negative = !d.negative && d.n;
	return d;
}

/* How many digits the integer has; 0 for zero. */
static int64_t digit_count(struct bigdec d)
{
	if (d.n == 0)
		return 0;
	int64_t n = (int64_t)(d.n - 1) * LIMB_DIGITS;

	for (uint32_t top = d.limbs[d.n - 1]; top; top /= 10)
		n++;
	return n;
}

/* The digit at a place counted from the lowest; 0 beyond either end. */
static uint32_t digit_at(struct bigdec d, int64_t place)
{
	if (place < 0 || place >= (int64_t)d.n * LIMB_DIGITS)
		return 0;
	return d.limbs[place / LIMB_DIGITS] / pow10s[place % LIMB_DIGITS] % 10;
}

/* Compare without the signs; neither is zero. */
static int cmp_size(struct bigdec x, struct bigdec y)
{
	int64_t top_x = digit_count(x) - x.scale, top_y = digit_count(y) - y.scale;

	if (top_x != top_y)
		return top_x < top_y ? -1 : 1;
	int64_t at_x = digit_count(x), at_y = digit_count(y);

	while (at_x > 0 || at_y > 0) {
		uint32_t dx = digit_at(x, --at_x), dy = digit_at(y, --at_y);

		if (dx != dy)
			return dx < dy ? -1 : 1;
	}
	return 0;
}

int bigdec_cmp(struct bigdec x, struct bigdec y)
{
	int sx = bigdec_sign(x), sy = bigdec_sign(y);

	if (sx != sy || sx == 0)
		return sx - sy < 0 ? -1 : sx - sy > 0;
	return sx * cmp_size(x, y);
}

static err *too_many_digits(void)
{
	return err_new(ERR_INVALID, "number has more than %d digits", BIGDEC_MAX);
}

/* The same number with `by` more digits in its integer. */
static err *widen(struct arena *a, struct bigdec d, int64_t by, struct bigdec *out)
{
	if (by == 0 || d.n == 0) {
		*out = d;
		out->scale = (int32_t)(d.scale + by);
		return NULL;
	}
	if (digit_count(d) + by > BIGDEC_MAX)
		return too_many_digits();
	size_t zeros = (size_t)by / LIMB_DIGITS, n = d.n + zeros + 1;
	uint32_t *limbs = new_limbs(a, n);
	uint64_t factor = pow10s[by % LIMB_DIGITS], carry = 0;

	memset(limbs, 0, zeros * sizeof *limbs);
	for (size_t i = 0; i < d.n; i++) {
		carry += d.limbs[i] * factor;
		limbs[zeros + i] = (uint32_t)(carry % LIMB);
		carry /= LIMB;
	}
	limbs[n - 1] = (uint32_t)carry;
	*out = make(d.negative, (int32_t)(d.scale + by), limbs, n);
	return NULL;
}

/* x + y without signs, at the same scale. */
static struct bigdec add_sizes(struct arena *a, struct bigdec x, struct bigdec y)
{
	size_t n = (x.n > y.n ? x.n : y.n) + 1;
	uint32_t *limbs = new_limbs(a, n), carry = 0;

	for (size_t i = 0; i < n; i++) {
		carry += (i < x.n ? x.limbs[i] : 0) + (i < y.n ? y.limbs[i] : 0);
		limbs[i] = carry % LIMB;
		carry /= LIMB;
	}
	return make(x.negative, x.scale, limbs, n);
}

/* x - y without signs, at the same scale, where x is the larger one. */
static struct bigdec sub_sizes(struct arena *a, struct bigdec x, struct bigdec y)
{
	uint32_t *limbs = new_limbs(a, x.n), borrow = 0;

	for (size_t i = 0; i < x.n; i++) {
		uint32_t take = (i < y.n ? y.limbs[i] : 0) + borrow;

		borrow = x.limbs[i] < take;
		limbs[i] = x.limbs[i] + (borrow ? LIMB : 0) - take;
	}
	return make(x.negative, x.scale, limbs, x.n);
}

err *bigdec_add(struct arena *a, struct bigdec x, struct bigdec y, struct bigdec *out)
{
	int64_t apart = (int64_t)x.scale - y.scale;

	if (apart > 0)
		TRY(widen(a, y, apart, &y));
	else
		TRY(widen(a, x, -apart, &x));
	if (x.n == 0 || y.n == 0)
		*out = x.n ? x : y;
	else if (x.negative == y.negative)
		*out = add_sizes(a, x, y);
	else
		*out = cmp_size(x, y) >= 0 ? sub_sizes(a, x, y) : sub_sizes(a, y, x);
	return out->n > LIMBS_MAX ? too_many_digits() : NULL;
}

struct bigdec bigdec_double(struct arena *a, struct bigdec x, int bits)
{
	while (bits > 0 && x.n) {
		int step = bits < 29 ? bits : 29;
		uint32_t *limbs = new_limbs(a, x.n + 1);
		uint64_t carry = 0;

		for (size_t i = 0; i < x.n; i++) {
			carry += (uint64_t)x.limbs[i] << step;
			limbs[i] = (uint32_t)(carry % LIMB);
			carry /= LIMB;
		}
		limbs[x.n] = (uint32_t)carry;
		x = make(x.negative, x.scale, limbs, x.n + 1);
		bits -= step;
	}
	return x;
}

/* Divide by 10^drop and round away from zero. */
static struct bigdec drop_digits(struct arena *a, struct bigdec x, int64_t drop, bool *exact)
{
	size_t skip = (size_t)(drop / LIMB_DIGITS), n = skip < x.n ? x.n - skip : 0;
	uint32_t *limbs = new_limbs(a, n + 1), unit = pow10s[drop % LIMB_DIGITS], lost = 0;
	uint64_t rest = 0;

	for (size_t i = 0; i < skip && i < x.n; i++)
		lost |= x.limbs[i];
	for (size_t i = n; i-- > 0;) {
		rest = rest * LIMB + x.limbs[skip + i];
		limbs[i] = (uint32_t)(rest / unit);
		rest %= unit;
	}
	limbs[n] = 0;
	*exact = !lost && !rest;
	for (size_t i = 0; !*exact; i++) {	/* add one */
		limbs[i] = limbs[i] == LIMB - 1 ? 0 : limbs[i] + 1;
		if (limbs[i])
			break;
	}
	return make(x.negative, x.scale, limbs, n + 1);
}

err *bigdec_round_up(struct arena *a, struct bigdec x, int32_t scale, struct bigdec *out,
		     bool *exact)
{
	int64_t more = (int64_t)scale - x.scale;

	*exact = true;
	if (more >= 0 || x.n == 0)
		return widen(a, x, more, out);
	*out = drop_digits(a, x, -more, exact);
	out->scale = scale;
	return NULL;
}

int64_t bigdec_int(struct bigdec d)
{
	uint64_t u = 0;

	for (size_t i = d.n; i-- > 0;)
		u = u * LIMB + d.limbs[i];
	return (int64_t)(d.negative ? 0 - u : u);
}

void bigdec_add_int(struct buf *b, struct bigdec d)
{
	if (d.n == 0) {
		buf_addc(b, '0');
		return;
	}
	if (d.negative)
		buf_addc(b, '-');
	buf_addf(b, "%u", d.limbs[d.n - 1]);
	for (size_t i = d.n - 1; i-- > 0;)
		buf_addf(b, "%09u", d.limbs[i]);
}

double bigdec_float(struct bigdec d)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	bigdec_add_int(&b, d);
	double f = decimal_read(b.p, b.p + b.n, digit_count(d));

	return d.negative ? -f : f;
}

struct bigdec bigdec_without_1024(struct arena *a, struct bigdec d, int32_t *times)
{
	for (*times = 0; d.n; ++*times) {
		uint32_t *limbs = new_limbs(a, d.n);
		uint64_t rest = 0;

		for (size_t i = d.n; i-- > 0;) {
			rest = rest * LIMB + d.limbs[i];
			limbs[i] = (uint32_t)(rest / 1024);
			rest %= 1024;
		}
		if (rest)
			break;
		d = make(d.negative, d.scale, limbs, d.n);
	}
	return d;
}
