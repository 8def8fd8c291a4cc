#include "value/keyorder.h"

#include "base/sort.h"
#include "base/utf8.h"
#include "text/unicode.h"

static bool is_ascii_letter(unsigned char c)
{
	return (unsigned)((c | 0x20) - 'a') < 26;
}

static bool is_ascii_digit(unsigned char c)
{
	return (unsigned)(c - '0') < 10;
}

static int sign(bool less)
{
	return less ? -1 : 1;
}

/* The value of the digits at the front; wraps around as Go's int64 does. */
static int64_t digits_value(str s, int64_t start, size_t *runes)
{
	uint64_t v = (uint64_t)start;
	uint32_t rune;

	for (*runes = 0; utf8_take(&s, &rune) && unicode_is_digit(rune); ++*runes)
		v = v * 10 + (uint64_t)((int64_t)rune - '0');
	return (int64_t)v;
}

/* `a` and `b` begin with the first differing runes, none of them a letter.
 * `places`: digits that are not all zero stand right before them. Then a zero
 * counts as a place, not as padding. */
static int cmp_numbers(str a, str b, uint32_t ra, uint32_t rb, bool places)
{
	int64_t start = places && (ra == '0' || rb == '0');
	size_t na, nb;
	int64_t va = digits_value(a, start, &na), vb = digits_value(b, start, &nb);

	if (va != vb)
		return sign(va < vb);
	if (na != nb)
		return sign(na < nb);
	return sign(ra < rb);
}

static int cmp_runes(str a, str b, enum keyorder rules)
{
	bool after_digit = false, places = false;
	str ra = a, rb = b;
	uint32_t ca, cb;

	for (; a.n && b.n; a = ra, b = rb) {
		utf8_take(&ra, &ca);
		utf8_take(&rb, &cb);
		if (ca != cb) {
			bool la = unicode_is_letter(ca), lb = unicode_is_letter(cb);

			if (la && lb)
				return sign(ca < cb);
			if (la || lb)
				return sign(rules == KEYORDER_V3 && after_digit ? la : lb);
			return cmp_numbers(a, b, ca, cb, places);
		}
		after_digit = unicode_is_digit(ca);
		places = after_digit && (places || ca != '0');
	}
	return (a.n > 0) - (b.n > 0);
}

int keyorder_cmp(str a, str b, enum keyorder rules)
{
	size_t n = a.n < b.n ? a.n : b.n, i = 0;

	while (i < n && a.p[i] == b.p[i])
		i++;
	if (i == n && (i == 0 || !(a.p[i - 1] & 0x80)))
		return (a.n > n) - (b.n > n);
	if (i < n && !((a.p[i] | b.p[i]) & 0x80)) {
		unsigned char ca = (unsigned char)a.p[i], cb = (unsigned char)b.p[i];
		bool la = is_ascii_letter(ca), lb = is_ascii_letter(cb);

		if (la && lb)
			return sign(ca < cb);
		if (la != lb && (rules == KEYORDER_V2 || i == 0))
			return sign(lb);
		if (la != lb && !(a.p[i - 1] & 0x80))
			return sign(is_ascii_digit((unsigned char)a.p[i - 1]) ? la : lb);
		if (!la && !lb && !is_ascii_digit(ca) && !is_ascii_digit(cb))
			return sign(ca < cb);
	}
	return cmp_runes(a, b, rules);
}

/* Where keys of a kind stand among keys of other kinds: Go's reflect.Kind of
 * what the reader makes of them. */
static int rank(node n)
{
	static const int ranks[] = {
		[NODE_NONE] = 20, [NODE_NULL] = 20, [NODE_BOOL] = 1, [NODE_INT] = 2,
		[NODE_UINT] = 11, [NODE_FLOAT] = 14, [NODE_STR] = 24, [NODE_TIME] = 25,
		[NODE_SEQ] = 23, [NODE_MAP] = 21, [NODE_ALIAS] = 26, [NODE_OBJECT] = 26,
	};

	return ranks[n.kind];
}

static bool is_number(node n)
{
	return node_is_num(n) || n.kind == NODE_BOOL;
}

static double number(node n)
{
	return n.kind == NODE_BOOL ? node_bool(n) : node_float(n);
}

int keyorder_cmp_nodes(node a, node b, enum keyorder rules)
{
	if (a.kind == NODE_STR && b.kind == NODE_STR)
		return keyorder_cmp(node_str(a), node_str(b), rules);
	if (!is_number(a) || !is_number(b))
		return (rank(a) > rank(b)) - (rank(a) < rank(b));
	double fa = number(a), fb = number(b);

	if (fa != fb)
		return fa < fb ? -1 : fb < fa;
	if (a.kind != b.kind)
		return rank(a) - rank(b);
	if (a.kind == NODE_INT)
		return (node_int(a) > node_int(b)) - (node_int(a) < node_int(b));
	if (a.kind == NODE_UINT)
		return (node_uint(a) > node_uint(b)) - (node_uint(a) < node_uint(b));
	return 0;
}

static int cmp_pairs(const void *a, const void *b, void *rules)
{
	const struct node_pair *x = a, *y = b;

	return keyorder_cmp_nodes(x->key, y->key, *(enum keyorder *)rules);
}

const struct node_pair *keyorder_pairs(struct arena *a, node map, enum keyorder rules)
{
	const struct node_map *m = map.map;
	size_t i = 1;

	while (i < m->n && keyorder_cmp_nodes(m->pairs[i - 1].key, m->pairs[i].key, rules) <= 0)
		i++;
	if (i >= m->n)
		return m->pairs;
	struct node_pair *sorted = arena_alloc(a, m->n * sizeof *sorted);

	memcpy(sorted, m->pairs, m->n * sizeof *sorted);
	sort_stable(sorted, m->n, sizeof *sorted, cmp_pairs, &rules);
	return sorted;
}
