#include "schema/schema_impl.h"

#include <math.h>

#include "base/hash.h"
#include "base/sort.h"
#include "text/number.h"

/* ---- numbers ----------------------------------------------------------- */

enum {
	EXPONENT_MAX = 1000000,		/* the original gives up beyond */
	DIGITS_MAX = 2000,		/* for divisions */
};

static bool take_exponent(str s, int64_t *out)
{
	bool negative = str_take(&s, '-');
	uint64_t e;

	if (!negative)
		str_take(&s, '+');
	if (s.n > 18 || !str_to_u64(s, &e))
		return false;
	*out = negative ? -(int64_t)e : (int64_t)e;
	return true;
}

static void parse_number(struct number *out, str s)
{
	int64_t exponent = 0, whole, fraction = 0;

	out->negative = str_take(&s, '-');
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == 'e' || s.p[i] == 'E') {
			out->ok = take_exponent(str_from(s, i + 1), &exponent);
			if (!out->ok)
				return;
			s.n = i;
			break;
		}
	size_t dot = str_find_char(s, '.');

	whole = (int64_t)(dot == STR_NPOS ? s.n : dot);
	if (dot != STR_NPOS)
		fraction = (int64_t)(s.n - dot - 1);
	out->point = whole + exponent;
	while (s.n && (*s.p == '0' || *s.p == '.')) {
		if (*s.p == '0')
			out->point--;
		s = str_from(s, 1);
	}
	while (s.n && (s.p[s.n - 1] == '0' || s.p[s.n - 1] == '.'))
		s.n--;
	out->digits = s.p;
	out->span = s.n;
	out->n = s.n - (str_find_char(s, '.') != STR_NPOS);
	if (!s.n)
		out->negative = false, out->point = 0;
	else
		out->ok = llabs(exponent - fraction) <= EXPONENT_MAX;
}

void schema_number(struct number *out, node n)
{
	str s = node_str(n);

	*out = (struct number){ .ok = true };
	if (s.n) {
		parse_number(out, s);
		return;
	}
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (n.kind == NODE_FLOAT && !isfinite(node_float(n))) {
		out->ok = false;
		return;
	}
	if (n.kind == NODE_FLOAT)
		number_add_float(&b, node_float(n), NUMBER_V);
	else if (n.kind == NODE_UINT)
		number_add_uint(&b, node_uint(n));
	else
		number_add_int(&b, node_int(n));
	memcpy(out->own, b.p, b.n);
	parse_number(out, str_of(out->own, b.n));
}

static int cmp_digits(const struct number *a, const struct number *b)
{
	size_t i = 0, j = 0;

	for (; i < a->span && j < b->span; i++, j++) {
		i += a->digits[i] == '.';
		j += b->digits[j] == '.';
		if (a->digits[i] != b->digits[j])
			return a->digits[i] < b->digits[j] ? -1 : 1;
	}
	return (a->n > b->n) - (a->n < b->n);
}

int schema_number_cmp(const struct number *a, const struct number *b)
{
	int sign = a->negative ? -1 : 1;

	if (!a->n || !b->n)
		return (a->n ? sign : 0) - (b->n ? (b->negative ? -1 : 1) : 0);
	if (a->negative != b->negative)
		return sign;
	if (a->point != b->point)
		return a->point < b->point ? -sign : sign;
	return sign * cmp_digits(a, b);
}

bool schema_number_is_int(const struct number *a)
{
	return a->ok && a->point >= (int64_t)a->n;
}

int64_t schema_number_int(const struct number *a)
{
	uint64_t r = 0;

	for (size_t i = 0; i < a->span; i++)
		if (a->digits[i] != '.')
			r = r * 10 + (uint64_t)(a->digits[i] - '0');
	/* 10^64 and more have no bits left below 2^64 */
	for (int64_t k = a->point - (int64_t)a->n; k > 0 && r; k--)
		r *= 10;
	return (int64_t)(a->negative ? -r : r);
}

/* An integer in limbs of nine digits, the lowest first. */
struct big {
	uint32_t limbs[DIGITS_MAX / 9 + 2];
	size_t n;
};

enum { LIMB = 1000000000 };

/* r = r * 10 + digit */
static void big_push(struct big *r, unsigned digit)
{
	uint64_t carry = digit;

	for (size_t i = 0; i < r->n; i++) {
		carry += (uint64_t)r->limbs[i] * 10;
		r->limbs[i] = (uint32_t)(carry % LIMB);
		carry /= LIMB;
	}
	if (carry)
		r->limbs[r->n++] = (uint32_t)carry;
}

static bool big_at_least(const struct big *r, const struct big *b)
{
	if (r->n != b->n)
		return r->n > b->n;
	for (size_t i = r->n; i-- > 0;)
		if (r->limbs[i] != b->limbs[i])
			return r->limbs[i] > b->limbs[i];
	return true;
}

static void big_subtract(struct big *r, const struct big *b)
{
	int64_t borrow = 0;

	for (size_t i = 0; i < r->n; i++) {
		int64_t d = (int64_t)r->limbs[i] - borrow - (i < b->n ? b->limbs[i] : 0);

		borrow = d < 0;
		r->limbs[i] = (uint32_t)(d < 0 ? d + LIMB : d);
	}
	while (r->n && !r->limbs[r->n - 1])
		r->n--;
}

/* r = (r * 10 + digit) mod b, where r < b */
static void big_step(struct big *r, const struct big *b, unsigned digit)
{
	big_push(r, digit);
	while (big_at_least(r, b))
		big_subtract(r, b);
}

err *schema_number_multiple(const struct number *a, const struct number *b, bool *yes)
{
	int64_t zeros = (a->point - (int64_t)a->n) - (b->point - (int64_t)b->n);
	struct big r = { .n = 0 }, by = { .n = 0 };

	*yes = true;
	if (!a->n)
		return NULL;
	/* a's last digit is not 0: it has no factor 10 to spare */
	*yes = false;
	if (zeros < 0)
		return NULL;
	if (a->n > DIGITS_MAX || b->n > DIGITS_MAX)
		return err_new(ERR_INVALID, "multipleOf: number of more than %d digits", DIGITS_MAX);
	for (size_t i = 0; i < b->span; i++)
		if (b->digits[i] != '.')
			big_push(&by, (unsigned)(b->digits[i] - '0'));
	for (size_t i = 0; i < a->span; i++)
		if (a->digits[i] != '.')
			big_step(&r, &by, (unsigned)(a->digits[i] - '0'));
	/* b has no more than four factors 2 or 5 a digit */
	for (int64_t k = 0; k < zeros && k < (int64_t)b->n * 4 && r.n; k++)
		big_step(&r, &by, 0);
	*yes = !r.n;
	return NULL;
}

double schema_number_float(node n)
{
	str s = node_str(n);
	double f = 0;

	if (!s.n)
		return node_float(n);
	if (number_decimal_float(s, &f))
		return f;
	return s.p[0] == '-' ? -INFINITY : INFINITY;
}

/* ---- values ------------------------------------------------------------ */

unsigned schema_type(node n)
{
	switch ((enum node_kind)n.kind) {
	case NODE_NONE:
	case NODE_NULL:
		return TYPE_NULL;
	case NODE_BOOL:
		return TYPE_BOOLEAN;
	case NODE_FLOAT:
		return node_str(n).n || isfinite(node_float(n)) ? TYPE_NUMBER : 0;
	case NODE_INT:
	case NODE_UINT:
		return TYPE_NUMBER;
	case NODE_STR:
	case NODE_TIME:
		return TYPE_STRING;
	case NODE_SEQ:
		return TYPE_ARRAY;
	case NODE_MAP:
		return TYPE_OBJECT;
	case NODE_ALIAS:
	case NODE_OBJECT:
		break;
	}
	return 0;
}

static bool equal_numbers(node a, node b)
{
	struct number x, y;

	if (a.kind == NODE_INT && b.kind == NODE_INT && !a.n && !b.n)
		return a.i == b.i;
	schema_number(&x, a);
	schema_number(&y, b);
	return x.ok && y.ok && schema_number_cmp(&x, &y) == 0;
}

/* Two values that stand in for one another so far; those below them follow. */
struct pair {
	const node *a, *b;
};

typedef VEC(struct pair) pair_stack;

static bool push_members(pair_stack *todo, node a, node b)
{
	if (a.map->n != b.map->n)
		return false;
	node_each_pair(p, a) {
		const node *other = node_find(b, node_str(p->key));

		if (!other)
			return false;
		vec_push(todo, (struct pair){ &p->value, other });
	}
	return true;
}

static bool equal_one(pair_stack *todo, node a, node b)
{
	unsigned type = schema_type(a);

	if (type != schema_type(b))
		return false;
	switch (type) {
	case TYPE_NULL:
		return true;
	case TYPE_BOOLEAN:
		return node_bool(a) == node_bool(b);
	case TYPE_NUMBER:
		return equal_numbers(a, b);
	case TYPE_STRING:
		return str_eq(node_str(a), node_str(b));
	case TYPE_OBJECT:
		return push_members(todo, a, b);
	case TYPE_ARRAY:
		if (a.seq->n != b.seq->n)
			return false;
		for (size_t i = a.seq->n; i-- > 0;)
			vec_push(todo, (struct pair){ &a.seq->items[i], &b.seq->items[i] });
		return true;
	}
	return false;
}

bool schema_equal(const node *a, const node *b, uint64_t *work)
{
	pair_stack todo = { 0 };
	bool same = equal_one(&todo, *a, *b);

	++*work;
	while (same && todo.n) {
		struct pair p = todo.p[--todo.n];

		++*work;
		same = equal_one(&todo, *p.a, *p.b);
	}
	vec_release(&todo);
	return same;
}

/* ---- equal items ------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * 0x9e3779b97f4a7c15;
	return h ^ h >> 29;
}

static uint64_t hash_number(node n)
{
	struct number x;
	uint64_t h = 5;

	schema_number(&x, n);
	for (size_t i = 0; x.ok && i < x.span; i++)
		if (x.digits[i] != '.')
			h = mix(h, (uint64_t)x.digits[i]);
	return mix(mix(h, (uint64_t)x.point), x.negative);
}

/* Equal values have equal hashes. What lies deeper than a few levels, and
 * which key a member has, does not count. */
static uint64_t hash_value(node n, int levels)
{
	uint64_t h = schema_type(n);

	switch (h) {
	case TYPE_BOOLEAN:
		return mix(h, node_bool(n));
	case TYPE_NUMBER:
		return hash_number(n);
	case TYPE_STRING:
		return mix(h, hash_bytes(node_str(n)));
	case TYPE_ARRAY:
		h = mix(h, n.seq->n);
		for (size_t i = 0; levels && i < n.seq->n; i++)
			h = mix(h, hash_value(n.seq->items[i], levels - 1));
		return h;
	case TYPE_OBJECT:
		h = mix(h, n.map->n);
		for (size_t i = 0; levels && i < n.map->n; i++)
			h += mix(hash_bytes(node_str(n.map->pairs[i].key)),
				 hash_value(n.map->pairs[i].value, levels - 1));
		return h;
	}
	return h;
}

enum { HASH_LEVELS = 8, FEW_ITEMS = 20 };

static bool duplicates_few(node seq, size_t *i, size_t *j, uint64_t *work)
{
	for (*j = 1; *j < seq.seq->n; ++*j)
		for (*i = 0; *i < *j; ++*i)
			if (schema_equal(&seq.seq->items[*j], &seq.seq->items[*i], work))
				return true;
	return false;
}

bool schema_duplicates(struct arena *a, node seq, size_t *i, size_t *j, uint64_t *work)
{
	size_t n = seq.seq->n, slots_n = 64;

	if (n <= FEW_ITEMS)
		return duplicates_few(seq, i, j, work);
	while (slots_n < n * 2)
		slots_n *= 2;
	struct arena_mark mark = arena_mark(a);
	uint32_t *slots = arena_array(a, uint32_t, slots_n);
	uint32_t *next = arena_array(a, uint32_t, n);	/* of the same slot, the first found first */
	bool found = false;

	for (*j = 0; *j < n && !found; ++*j) {
		uint64_t h = hash_value(seq.seq->items[*j], HASH_LEVELS);
		uint32_t *at = &slots[(h ^ h >> 32) & (slots_n - 1)];

		for (; *at; at = &next[*at - 1]) {
			*i = *at - 1;
			found = schema_equal(&seq.seq->items[*j], &seq.seq->items[*i], work);
			if (found)
				break;
		}
		if (found)
			break;
		*at = (uint32_t)*j + 1;
	}
	arena_rewind(a, mark);
	return found;
}
