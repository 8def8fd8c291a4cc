#include "text/decimal.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "text/pow10_table.h"

typedef unsigned __int128 u128;

enum { MANTISSA_BITS = 52, EXPONENT_BIAS = 1075 };

static double from_bits(uint64_t bits)
{
	double f;

	memcpy(&f, &bits, sizeof f);
	return f;
}

/* f = *mantissa * 2^(the result). */
static int split(double f, uint64_t *mantissa)
{
	uint64_t bits;

	memcpy(&bits, &f, sizeof bits);
	int exponent = (int)(bits >> MANTISSA_BITS & 0x7ff);

	*mantissa = bits & (((uint64_t)1 << MANTISSA_BITS) - 1);
	if (exponent == 0)
		return 1 - EXPONENT_BIAS;
	*mantissa |= (uint64_t)1 << MANTISSA_BITS;
	return exponent - EXPONENT_BIAS;
}

/* floor(log2(10^e)) and floor(log10(2^e)), right for |e| up to 1,600. */
static int log2_of_pow10(int e)
{
	return (e * 1741647) >> 19;
}

static int log10_of_pow2(int e)
{
	return (e * 1262611) >> 22;
}

/* floor(log10(3/4 * 2^e)) */
static int log10_of_three_quarters_pow2(int e)
{
	return (e * 1262611 - 524031) >> 22;
}

/* The high 64 bits of g * n / 2^64, the last of them set if any bit below is. */
static uint64_t scale_to_odd(u128 g, uint64_t n)
{
	u128 low = (u128)(uint64_t)g * n;
	u128 high = (u128)(uint64_t)(g >> 64) * n + (uint64_t)(low >> 64);

	return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* The digits of c * 2^q; `uneven` if the lower neighbour is at half the
 * distance of the upper one. */
static uint64_t shortest(uint64_t c, int q, bool uneven, int *exponent)
{
	int k = uneven ? log10_of_three_quarters_pow2(q) : log10_of_pow2(q);
	int h = q + log2_of_pow10(-k) + 1;
	struct pow10 p = pow10s[-k - POW10_FIRST];
	u128 g = ((u128)p.high << 64 | p.low) + (-k < 0 || -k > 55);	/* rounded up */
	/* Four times the number and its bounds, in units of 10^k. */
	uint64_t low = scale_to_odd(g, (4 * c - 2 + uneven) << h) + (c & 1);
	uint64_t mid = scale_to_odd(g, 4 * c << h);
	uint64_t high = scale_to_odd(g, (4 * c + 2) << h) - (c & 1);
	uint64_t s = mid / 4, tens = s / 10;
	bool down = low <= 40 * tens, up = 40 * tens + 40 <= high;

	if (s >= 10 && down != up) {	/* one digit less will do */
		*exponent = k + 1;
		return tens + up;
	}
	*exponent = k;
	down = low <= 4 * s;
	up = 4 * s + 4 <= high;
	if (down != up)
		return s + up;
	uint64_t half = 4 * s + 2;

	return s + (mid > half || (mid == half && (s & 1)));
}

uint64_t decimal_shortest(double f, int *exponent)
{
	uint64_t c;
	int q = split(f, &c);

	/* Below a power of two floats lie closer together. */
	return shortest(c, q, c == (uint64_t)1 << MANTISSA_BITS && q > 1 - EXPONENT_BIAS, exponent);
}

uint64_t decimal_shortest32(float f, int *exponent)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof bits);
	uint32_t c = bits & 0x7fffff, biased = bits >> 23 & 0xff;

	if (biased == 0)
		return shortest(c, -149, false, exponent);
	return shortest(c | 0x800000, (int)biased - 150, c == 0 && biased > 1, exponent);
}

static const uint64_t small_pow10s[] = {
	1,
	10,
	100,
	1000,
	10000,
	100000,
	1000000,
	10000000,
	100000000,
	1000000000,
	10000000000,
	100000000000,
	1000000000000,
	10000000000000,
	100000000000000,
	1000000000000000,
	10000000000000000,
	100000000000000000,
	1000000000000000000,
};

/* f * 10^places, rounded to an integer below 10^18. */
static bool scaled(double f, int places, uint64_t *out)
{
	uint64_t c;
	int q = split(f, &c);

	if (places < 0 || places > 18 || q < -127 || q > 0)
		return false;
	u128 product = (u128)c * small_pow10s[places], half = q ? (u128)1 << (-q - 1) : 0;
	u128 whole = product >> -q, rest = product - (whole << -q);

	if (whole >= small_pow10s[18] - 1)
		return false;
	*out = (uint64_t)whole + (rest > half || (q && rest == half && (whole & 1)));
	return true;
}

/* d = u / 10^places */
static void set_scaled(struct decimal *d, uint64_t u, int places)
{
	char *p = d->digits + 20;
	int n = 0;

	for (; u; u /= 10)
		p[-++n] = (char)('0' + u % 10);
	memmove(d->digits, p - n, (size_t)n);
	d->point = n ? n - places : 0;
	while (n && d->digits[n - 1] == '0')
		n--;
	d->n = n;
}

bool decimal_fixed(struct decimal *d, double f, int places)
{
	uint64_t u;

	if (!scaled(f, places, &u))
		return false;
	set_scaled(d, u, places);
	return true;
}

bool decimal_digits(struct decimal *d, double f, int n)
{
	uint64_t c, u;
	int q = split(f, &c), places = n - 1 - log10_of_pow2(q + MANTISSA_BITS);

	/* The logarithm is the right one, or one too small. */
	if (n > 17 || c >> MANTISSA_BITS == 0 || !scaled(f, places, &u))
		return false;
	if (u >= small_pow10s[n] && !scaled(f, --places, &u))
		return false;
	set_scaled(d, u, places);
	return true;
}

/* An exact decimal number: limbs[0] is the highest and not 0 (unless n is 0);
 * `point` limbs stand before the decimal point, below 0 some zeros after it. */
struct big {
	int n, point;
	uint32_t limbs[140];
};

enum { LIMB = 1000000000, LIMB_DIGITS = 9, STEP = 29 };
enum { LIMBS = sizeof((struct big *)0)->limbs / sizeof(uint32_t) };

static void big_trim(struct big *b)
{
	while (b->n && b->limbs[b->n - 1] == 0)
		b->n--;
}

/* Multiply by 2^bits. */
static void big_double(struct big *b, int bits)
{
	while (bits > 0 && b->n) {
		int step = bits < STEP ? bits : STEP;
		uint64_t carry = 0;

		for (int i = b->n; i-- > 0;) {
			carry += (uint64_t)b->limbs[i] << step;
			b->limbs[i] = (uint32_t)(carry % LIMB);
			carry /= LIMB;
		}
		if (carry) {
			assert(b->n < LIMBS);
			memmove(b->limbs + 1, b->limbs, (size_t)b->n * sizeof *b->limbs);
			b->limbs[0] = (uint32_t)carry;
			b->n++;
			b->point++;
		}
		big_trim(b);
		bits -= step;
	}
}

/* Divide by 2^bits. Digits beyond the last limb are lost, but for one bit
 * that says that there were some. */
static void big_halve(struct big *b, int bits)
{
	while (bits > 0 && b->n) {
		int step = bits < STEP ? bits : STEP, to = 0;
		uint32_t mask = ((uint32_t)1 << step) - 1;
		uint64_t rest = 0;

		for (int i = 0; i < b->n || rest; i++) {
			if (to == LIMBS) {
				b->limbs[to - 1] |= 1;
				break;
			}
			rest = rest * LIMB + (i < b->n ? b->limbs[i] : 0);
			if (to == 0 && rest >> step == 0)
				b->point--;
			else
				b->limbs[to++] = (uint32_t)(rest >> step);
			rest &= mask;
		}
		b->n = to;
		big_trim(b);
		bits -= step;
	}
}

static void big_set(struct big *b, uint64_t u)
{
	b->n = 0;
	b->point = u >= (uint64_t)LIMB * LIMB ? 3 : u >= LIMB ? 2 : 1;
	if (b->point == 3)
		b->limbs[b->n++] = (uint32_t)(u / LIMB / LIMB);
	if (b->point >= 2)
		b->limbs[b->n++] = (uint32_t)(u / LIMB % LIMB);
	b->limbs[b->n++] = (uint32_t)(u % LIMB);
	big_trim(b);
}

void decimal_exact(struct decimal *d, double f)
{
	uint64_t c;
	int q = split(f, &c);
	struct big b;

	big_set(&b, c);
	big_double(&b, q);
	big_halve(&b, -q);
	d->n = 0;
	d->point = b.point * LIMB_DIGITS;
	for (int i = 0; i < b.n; i++)
		for (uint32_t unit = LIMB / 10; unit; unit /= 10) {
			char digit = (char)('0' + b.limbs[i] / unit % 10);

			if (d->n || digit != '0')
				d->digits[d->n++] = digit;
			else
				d->point--;
		}
	while (d->n && d->digits[d->n - 1] == '0')
		d->n--;
	if (d->n == 0)
		d->point = 0;
}

void decimal_round(struct decimal *d, int n)
{
	if (n < 0 || n >= d->n)
		return;
	bool half = d->digits[n] == '5' && n + 1 == d->n;
	bool up = half ? n > 0 && (d->digits[n - 1] & 1) : d->digits[n] >= '5';

	d->n = n;
	if (up) {
		while (d->n && d->digits[d->n - 1] == '9')
			d->n--;
		if (d->n) {
			d->digits[d->n - 1]++;
		} else {
			d->digits[d->n++] = '1';
			d->point++;
		}
	}
	while (d->n && d->digits[d->n - 1] == '0')
		d->n--;
	if (d->n == 0)
		d->point = 0;
}

/* mantissa * 10^exponent by one product, or two; false when it cannot tell. */
static bool eisel_lemire(uint64_t mantissa, int exponent, double *out)
{
	int shift = __builtin_clzll(mantissa);
	uint64_t m = mantissa << shift;
	struct pow10 p = pow10s[exponent - POW10_FIRST];
	u128 x = (u128)m * p.high;
	int binary = log2_of_pow10(exponent) + 64 + 1023 - shift;

	/* The power was cut off: is it near enough to rounding up to matter? */
	if (((uint64_t)(x >> 64) & 0x1ff) == 0x1ff && (uint64_t)x + m < m) {
		u128 y = (u128)m * p.low;

		x += (uint64_t)(y >> 64);
		if (((uint64_t)(x >> 64) & 0x1ff) == 0x1ff && (uint64_t)x == UINT64_MAX &&
		    (uint64_t)y + m < m)
			return false;
	}
	uint64_t high = (uint64_t)(x >> 64), top = high >> 63;
	uint64_t c = high >> (top + 9);

	binary -= !top;
	if ((uint64_t)x == 0 && (high & 0x1ff) == 0 && (c & 3) == 1)
		return false;	/* perhaps just half way */
	c = (c + (c & 1)) >> 1;
	if (c >> 53) {
		c >>= 1;
		binary++;
	}
	if (binary < 1 || binary > 2046)
		return false;
	*out = from_bits((uint64_t)binary << MANTISSA_BITS |
			 (c & (((uint64_t)1 << MANTISSA_BITS) - 1)));
	return true;
}

bool decimal_compose(uint64_t mantissa, int64_t exponent, bool more, double *out)
{
	static const double pow10[] = {
		1e0,  1e1,  1e2,  1e3,	1e4,  1e5,  1e6,  1e7,	1e8,  1e9,  1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
	};

	if (mantissa == 0 && !more) {
		*out = 0;
		return true;
	}
	/* Both factors exact, so one rounding gives the nearest float. */
	if (!more && mantissa >> 53 == 0 && exponent >= -22 && exponent <= 22) {
		double m = (double)mantissa;

		*out = exponent < 0 ? m / pow10[-exponent] : m * pow10[exponent];
		return true;
	}
	if (mantissa == 0 || exponent < POW10_FIRST || exponent > 308)
		return false;
	double above;

	if (!eisel_lemire(mantissa, (int)exponent, out))
		return false;
	return !more || (mantissa < UINT64_MAX &&
			 eisel_lemire(mantissa + 1, (int)exponent, &above) && above == *out);
}

/* At most 800 digits; no float and no half way between two has more. If there
 * are others that are not zero, the last limb is made uneven by one more. */
static void big_read(struct big *b, const char *p, const char *end, int64_t point)
{
	int total = 0, room = (int)(((point - 1) % LIMB_DIGITS + LIMB_DIGITS) % LIMB_DIGITS) + 1;
	uint32_t limb = 0;
	bool more = false;

	b->n = 0;
	b->point = (int)((point - room) / LIMB_DIGITS) + 1;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9' || (total == 0 && *p == '0'))
			continue;
		if (++total > 800) {
			more |= *p != '0';
			continue;
		}
		limb = limb * 10 + (uint32_t)(*p - '0');
		if (--room == 0) {
			b->limbs[b->n++] = limb;
			limb = 0;
			room = LIMB_DIGITS;
		}
	}
	if (total == 0)
		return;
	for (; room < LIMB_DIGITS && room > 0; room--)
		limb *= 10;
	b->limbs[b->n++] = limb;
	big_trim(b);
	if (more) {
		while (b->n < 92)
			b->limbs[b->n++] = 0;
		b->limbs[b->n++] = 1;
	}
}

/* The integer part, which must be below 10^18. */
static uint64_t big_integer(const struct big *b)
{
	uint64_t u = 0;

	for (int i = 0; i < b->point; i++)
		u = u * LIMB + (i < b->n ? b->limbs[i] : 0);
	return u;
}

/* How the fraction compares with one half. */
static int big_cmp_half(const struct big *b)
{
	if (b->point < 0 || b->point >= b->n)
		return -1;
	uint32_t first = b->limbs[b->point];

	if (first != LIMB / 2)
		return first < LIMB / 2 ? -1 : 1;
	return b->n > b->point + 1;
}

double decimal_read(const char *digits, const char *end, int64_t point)
{
	struct big b;
	int q = 0;	/* the number is b * 2^q */

	if (point > 310)
		return INFINITY;
	if (point < -330)
		return 0;
	big_read(&b, digits, end, point);
	if (b.n == 0)
		return 0;
	while (b.point > 2) {
		big_halve(&b, STEP);
		q += STEP;
	}
	while (b.point < 2) {
		big_double(&b, STEP);
		q -= STEP;
	}
	int bits = 64 - __builtin_clzll(big_integer(&b));

	if (bits < 54) {
		big_double(&b, 54 - bits);
		q -= 54 - bits;
		bits = 54;
	}
	/* Now it has 54 to 60 bits; keep 53, or fewer for a tiny number. */
	int last = q + bits - 53;

	if (last < 1 - EXPONENT_BIAS)
		last = 1 - EXPONENT_BIAS;
	big_halve(&b, last - q);
	uint64_t c = big_integer(&b);
	int half = big_cmp_half(&b);

	c += half > 0 || (half == 0 && (c & 1));
	return ldexp((double)c, last);
}
