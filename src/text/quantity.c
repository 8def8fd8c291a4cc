#include "text/quantity.h"

#include <math.h>

#include "base/ascii.h"
#include "text/number.h"

enum { MOST_DIGITS = 18, NANO = -9, MILLI = -3 };

static const struct suffix {
	str text;
	int32_t base, exponent;
} suffixes[] = {
	{ S(""), 10, 0 },   { S("m"), 10, -3 }, { S("k"), 10, 3 },  { S("M"), 10, 6 },
	{ S("G"), 10, 9 },  { S("Ki"), 2, 10 }, { S("Mi"), 2, 20 }, { S("Gi"), 2, 30 },
	{ S("Ti"), 2, 40 }, { S("Pi"), 2, 50 }, { S("Ei"), 2, 60 }, { S("T"), 10, 12 },
	{ S("P"), 10, 15 }, { S("E"), 10, 18 }, { S("u"), 10, -6 }, { S("n"), 10, -9 },
};

/* A quantity as it is written. */
struct written {
	bool negative;
	str number;		/* with its sign */
	str whole, fraction;	/* digits; the whole without zeros in front, "0" for none */
	str suffix;
};

static bool is_zero(char c)
{
	return c == '0';
}

static bool is_suffix(char c)
{
	return c && strchr("eEinumkKMGTP", c);
}

static bool scan(str s, struct written *w)
{
	const char *start = s.p;

	w->negative = str_take(&s, '-');
	if (!w->negative)
		str_take(&s, '+');
	str_span(&s, is_zero);
	w->whole = str_span(&s, ascii_is_digit);
	w->fraction = str_take(&s, '.') ? str_span(&s, ascii_is_digit) : STR_NONE;
	w->number = str_of(start, (size_t)(s.p - start));
	if (w->whole.n == 0)
		w->whole = S("0");
	start = s.p;
	str_span(&s, is_suffix);
	if (!str_take(&s, '-'))
		str_take(&s, '+');
	str_span(&s, ascii_is_digit);
	w->suffix = str_of(start, (size_t)(s.p - start));
	return s.n == 0;
}

static bool read_suffix(str s, enum quantity_form *form, int32_t *exponent)
{
	int64_t e;

	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
		if (str_eq(s, suffixes[i].text)) {
			*form = suffixes[i].base == 2 ? QUANTITY_BINARY : QUANTITY_DECIMAL;
			*exponent = suffixes[i].exponent;
			return true;
		}
	if (s.n < 2 || (s.p[0] != 'e' && s.p[0] != 'E'))
		return false;
	err *error = number_parse_int(str_from(s, 1), 10, &e);

	if (error) {
		err_free(error);
		return false;
	}
	*form = QUANTITY_EXPONENT;
	*exponent = (int32_t)e;		/* cut off, as in Go */
	return true;
}

/* Scales may wrap around, as in Go. */
static int32_t wrap_sub(int32_t a, int64_t b)
{
	return (int32_t)((uint32_t)a - (uint32_t)b);
}

/* The digits of whole and fraction as one number; there are at most 18. */
static int64_t digits_value(const struct written *w)
{
	int64_t value = 0;

	for (size_t i = 0; i < w->whole.n; i++)
		value = value * 10 + (w->whole.p[i] - '0');
	for (size_t i = 0; i < w->fraction.n; i++)
		value = value * 10 + (w->fraction.p[i] - '0');
	return value;
}

/* Whether the text is what it would be printed as. */
static bool is_canonical(const struct written *w, const struct quantity *q, int64_t digits)
{
	if (q->form == QUANTITY_BINARY)
		return digits & 7;
	return q->scale % 3 == 0 && w->whole.p[0] != '0' &&
	       (digits % 1000 != 0 || w->whole.n + w->fraction.n < 3);
}

/* Most quantities fit an int64; false for those that do not. */
static bool set_small(str text, const struct written *w, int32_t exponent, struct quantity *q)
{
	int64_t digits = (int64_t)(w->whole.n + w->fraction.n), factor = 1;

	if (q->form == QUANTITY_BINARY) {
		/* 2^10 has three digits */
		if (w->fraction.n || digits > 14 - exponent * 3 / 10)
			return false;
		factor <<= exponent;
		exponent = 0;
	} else if (digits > MOST_DIGITS) {
		return false;
	}
	q->scale = wrap_sub(exponent, (int64_t)w->fraction.n);
	if (q->scale < NANO)
		return false;
	int64_t value = digits_value(w);

	if (__builtin_mul_overflow(value, factor, &q->value))
		return false;
	if (w->negative)
		q->value = -q->value;
	if (is_canonical(w, q, value))
		q->text = text;
	return true;
}

static err *set_big(struct arena *a, const struct written *w, int32_t exponent,
		    struct quantity *q)
{
	struct bigdec d, most = bigdec_from_int(a, INT64_MAX, 0), one = bigdec_from_int(a, 1, 0);
	bool exact;

	if (!bigdec_parse(a, w->number, &d)) {
		if (w->number.n > BIGDEC_MAX)
			return err_new(ERR_INVALID, "quantity has more than %d digits", BIGDEC_MAX);
		return err_new(ERR_INVALID, "unable to parse numeric part of quantity");
	}
	if (q->form == QUANTITY_BINARY)
		d = bigdec_double(a, d, exponent);
	else
		d.scale = wrap_sub(d.scale, exponent);
	d.negative = false;
	if (d.n)
		TRY(bigdec_round_up(a, d, -NANO, &d, &exact));
	if (q->form == QUANTITY_BINARY && bigdec_cmp(d, most) > 0)
		d = most;
	if (q->form == QUANTITY_BINARY && d.n && bigdec_cmp(d, one) < 0)
		q->form = QUANTITY_DECIMAL;
	q->big = true;
	q->dec = w->negative ? bigdec_neg(d) : d;
	return NULL;
}

err *quantity_parse(struct arena *a, str s, struct quantity *out)
{
	struct quantity q = { 0 };
	struct written w;
	int32_t exponent;

	if (s.n == 0 || !scan(s, &w))
		return err_new(ERR_INVALID, "quantities must match the regular expression "
			       "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
	if (!read_suffix(w.suffix, &q.form, &exponent))
		return err_new(ERR_INVALID, "unable to parse quantity's suffix");
	if (str_eq(s, S("0")))
		q.text = s;
	else if (!set_small(s, &w, exponent, &q)) {
		q.scale = 0;
		q.value = 0;
		TRY(set_big(a, &w, exponent, &q));
	}
	*out = q;
	return NULL;
}

struct quantity quantity_of(int64_t value, int32_t scale, enum quantity_form form)
{
	return (struct quantity){ .value = value, .scale = scale, .form = form };
}

err *quantity_round_up(struct arena *a, struct quantity *q, int32_t scale)
{
	bool exact;

	if (q->big) {
		TRY(bigdec_round_up(a, q->dec, -scale, &q->dec, &exact));
	} else if (q->value == 0) {
		return NULL;
	} else {
		for (; q->scale < scale; q->scale++) {
			int64_t rest = q->value % 10;

			q->value = q->value / 10 + (rest > 0) - (rest < 0);
		}
	}
	q->text = STR_NONE;
	return NULL;
}

int quantity_sign(const struct quantity *q)
{
	return q->big ? bigdec_sign(q->dec) : (q->value > 0) - (q->value < 0);
}

/* The amount as an exact decimal, whose scale counts the other way round. */
static struct bigdec as_big(struct arena *a, const struct quantity *q)
{
	return q->big ? q->dec : bigdec_from_int(a, q->value, wrap_sub(0, q->scale));
}

/* value * 10^scale; false when that is out of range. */
static bool scale_up(int64_t value, int32_t scale, int64_t *out)
{
	for (; scale > 0 && value; scale--)
		if (__builtin_mul_overflow(value, 10, &value))
			return false;
	*out = value;
	return true;
}

/* value / 10^scale, rounded away from zero. */
static int64_t scale_down(int64_t value, int32_t scale)
{
	int64_t rest = 0, sign = value < 0 ? -1 : 1;

	for (; scale > 0 && value; scale--) {
		rest |= value % 10;
		value /= 10;
	}
	return rest ? value + sign : value;
}

static int cmp_small(const struct quantity *x, const struct quantity *y)
{
	__int128 vx = x->value, vy = y->value;

	for (int32_t scale = y->scale; scale < x->scale; scale++)
		vx *= 10;
	for (int32_t scale = x->scale; scale < y->scale; scale++)
		vy *= 10;
	return (vx > vy) - (vx < vy);
}

int quantity_cmp(const struct quantity *x, const struct quantity *y)
{
	int64_t apart = (int64_t)x->scale - y->scale;

	if (!x->big && !y->big && apart <= 18 && apart >= -18)
		return cmp_small(x, y);
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	return bigdec_cmp(as_big(&a, x), as_big(&a, y));
}

static void add_suffix(struct buf *b, int32_t base, int32_t exponent)
{
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
		if (suffixes[i].base == base && suffixes[i].exponent == exponent)
			buf_add(b, suffixes[i].text);
}

/* Without zeros at the end, but for those that make the exponent a multiple
 * of three. Above E there is no suffix, and so none is printed. */
static void add_decimal(struct buf *b, const struct quantity *q, enum quantity_form form)
{
	int32_t exponent = q->big ? wrap_sub(0, q->dec.scale) : q->scale;

	if (q->big)
		bigdec_add_int(b, q->dec);
	else
		number_add_int(b, q->value);
	while (b->n && b->p[b->n - 1] == '0') {
		buf_trim(b, b->n - 1);
		exponent = wrap_sub(exponent, -1);
	}
	int zeros = (exponent % 3 + 3) % 3;

	buf_fill(b, '0', (size_t)zeros);
	exponent = wrap_sub(exponent, zeros);
	if (form == QUANTITY_DECIMAL) {
		add_suffix(b, 10, exponent);
	} else if (exponent) {
		buf_addc(b, 'e');
		number_add_int(b, exponent);
	}
}

/* Print a whole number with the largest binary suffix; false for a fraction
 * and for too many digits. */
static bool add_binary(struct buf *b, const struct quantity *q)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	int32_t times = 0;
	struct bigdec d;
	int64_t i;
	bool exact;

	if (quantity_int(q, &i)) {
		for (; i % 1024 == 0; i /= 1024)
			times++;
		number_add_int(b, i);
	} else {
		err *e = bigdec_round_up(&a, as_big(&a, q), 0, &d, &exact);

		if (e || !exact) {
			err_free(e);
			return false;
		}
		bigdec_add_int(b, bigdec_without_1024(&a, d, &times));
	}
	add_suffix(b, 2, times * 10);
	return true;
}

void quantity_add_text(struct buf *b, const struct quantity *q)
{
	static const struct quantity most = { .value = 1024 }, least = { .value = -1024 };

	if (q->text.n) {
		buf_add(b, q->text);
		return;
	}
	if (quantity_sign(q) == 0) {
		buf_addc(b, '0');
		return;
	}
	bool binary = q->form == QUANTITY_BINARY &&
		      (quantity_cmp(q, &most) >= 0 || quantity_cmp(q, &least) <= 0);

	if (!binary || !add_binary(b, q))
		add_decimal(b, q, q->form == QUANTITY_BINARY ? QUANTITY_DECIMAL : q->form);
}

/* x + y as int64; false when that is out of range. */
static bool add_small(const struct quantity *x, const struct quantity *y, struct quantity *out)
{
	int64_t vx = x->value, vy = y->value;
	int32_t scale = x->scale < y->scale ? x->scale : y->scale;

	if (vx == 0 || vy == 0) {
		out->value = vy ? vy : vx;
		out->scale = vy ? y->scale : x->scale;
		return true;
	}
	if (!scale_up(vx, wrap_sub(x->scale, scale), &vx) ||
	    !scale_up(vy, wrap_sub(y->scale, scale), &vy) || __builtin_add_overflow(vx, vy, &vx))
		return false;
	out->value = vx;
	out->scale = scale;
	return true;
}

err *quantity_add(struct arena *a, const struct quantity *x, const struct quantity *y,
		  struct quantity *out)
{
	struct quantity sum = { .form = quantity_sign(x) ? x->form : y->form };

	if (x->big || y->big || !add_small(x, y, &sum)) {
		TRY(bigdec_add(a, as_big(a, x), as_big(a, y), &sum.dec));
		sum.big = true;
	}
	*out = sum;
	return NULL;
}

struct quantity quantity_neg(const struct quantity *q)
{
	struct quantity negative = *q;

	negative.text = STR_NONE;
	negative.value = (int64_t)(0 - (uint64_t)q->value);
	negative.dec = bigdec_neg(q->dec);
	return negative;
}

err *quantity_sub(struct arena *a, const struct quantity *x, const struct quantity *y,
		  struct quantity *out)
{
	struct quantity negative = quantity_neg(y);

	return quantity_add(a, x, &negative, out);
}

bool quantity_int(const struct quantity *q, int64_t *out)
{
	return !q->big && q->scale >= 0 && scale_up(q->value, q->scale, out);
}

/* 10^n as an int64, which is the lowest number where it does not fit. */
static int64_t cut_pow10(int64_t n)
{
	int64_t p;

	return scale_up(1, n < 20 ? (int32_t)n : 20, &p) ? p : INT64_MIN;
}

/* The amount in units of 10^scale. What is out of range, or negative with a
 * fraction, comes out as it does in Go. */
static int64_t big_value(struct bigdec d, int32_t scale)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	int64_t drop = (int64_t)d.scale + scale, i = bigdec_int(d);
	bool exact;

	if (drop == 0)
		return i;
	if (drop < 0)
		return (int64_t)((uint64_t)i * (uint64_t)cut_pow10(-drop));
	if (drop < 19 && bigdec_cmp((struct bigdec){ d.negative, 0, d.n, d.limbs },
				    bigdec_from_int(&a, INT64_MAX, 0)) < 0)
		return i / cut_pow10(drop) + (i % cut_pow10(drop) != 0);
	/* That rounds away from zero, where the next one above was wanted. */
	err *e = bigdec_round_up(&a, d, -scale, &d, &exact);

	err_free(e);
	return (int64_t)((uint64_t)bigdec_int(d) + (!exact && d.negative));
}

static int64_t value_in(const struct quantity *q, int32_t scale)
{
	int32_t up = wrap_sub(q->scale, scale);
	int64_t value;

	if (q->big)
		return big_value(q->dec, scale);
	if (q->scale < scale)
		return scale_down(q->value, wrap_sub(scale, q->scale));
	if (scale_up(q->value, up, &value))
		return value;
	/* Go multiplies at once by these powers, and else step by step. */
	bool at_once = up <= 3 || up == 6 || up == 9;

	if (!at_once || q->value == INT64_MIN)
		return 0;
	return (int64_t)((uint64_t)q->value * (uint64_t)cut_pow10(up));
}

int64_t quantity_value(const struct quantity *q)
{
	return value_in(q, 0);
}

int64_t quantity_milli(const struct quantity *q)
{
	return value_in(q, MILLI);
}

/* The power as Go's math.Pow10 has it, which is exact up to 10^22 only. */
static double pow10_float(int64_t n)
{
	static const double small[] = {
		1e00, 1e01, 1e02, 1e03, 1e04, 1e05, 1e06, 1e07, 1e08, 1e09, 1e10,
		1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21,
		1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29, 1e30, 1e31,
	};
	static const double large[] = { 1e00, 1e32, 1e64, 1e96, 1e128, 1e160, 1e192, 1e224, 1e256,
					1e288 };
	static const double tiny[] = { 1e-00, 1e-32, 1e-64, 1e-96, 1e-128, 1e-160, 1e-192, 1e-224,
				       1e-256, 1e-288, 1e-320 };

	if (n > 308)
		return INFINITY;
	if (n < -323)
		return 0;
	return n < 0 ? tiny[-n / 32] / small[-n % 32] : large[n / 32] * small[n % 32];
}

double quantity_float(const struct quantity *q)
{
	double f = q->big ? bigdec_float(q->dec) : (double)q->value;
	int64_t exponent = q->big ? -(int64_t)q->dec.scale : q->scale;

	return exponent ? f * pow10_float(exponent) : f;
}
