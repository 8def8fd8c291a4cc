#include "value/node.h"

#include <math.h>
#include <stdio.h>

#include "base/die.h"
#include "base/hash.h"
#include "base/vec.h"
#include "text/number.h"
#include "value/node_impl.h"

/* Up to here a map is searched from end to end; above it has slots. Measured:
 * with keys of 10 bytes the two cost the same at about 12 pairs. */
enum { MAP_LINEAR = 12 };

static node with_text(struct arena *a, enum node_kind kind, str text)
{
	node n = { .kind = kind };

	if (text.n < NODE_LONG) {
		n.n = (uint32_t)text.n & NODE_LONG;
		n.text = text.n ? text.p : "";
		return n;
	}
	str *big = arena_new(a, str);

	*big = text;
	n.n = NODE_LONG;
	n.big = big;
	return n;
}

node node_from_str(struct arena *a, str s)
{
	return with_text(a, NODE_STR, s);
}

node node_copy_str(struct arena *a, str s)
{
	return with_text(a, NODE_STR, arena_str(a, s));
}

node node_from_text(struct arena *a, enum node_kind kind, str text)
{
	return with_text(a, kind, text);
}

node node_seq(struct arena *a, size_t cap)
{
	struct node_seq *seq = arena_new(a, struct node_seq);

	if (cap) {
		seq->items = arena_alloc(a, cap * sizeof *seq->items);
		seq->cap = (uint32_t)cap;
	}
	return (node){ .kind = NODE_SEQ, .seq = seq };
}

node node_map(struct arena *a, size_t cap)
{
	struct node_map *map = arena_new(a, struct node_map);

	if (cap) {
		map->pairs = arena_alloc(a, cap * sizeof *map->pairs);
		map->cap = (uint32_t)cap;
	}
	return (node){ .kind = NODE_MAP, .map = map };
}

node node_seq_of(struct arena *a, const node *items, size_t n)
{
	struct node_seq *seq = arena_alloc(a, sizeof *seq + n * sizeof *items);

	*seq = (struct node_seq){ .items = (node *)(seq + 1) };
	seq->n = seq->cap = (uint32_t)n;
	if (n)
		memcpy(seq->items, items, n * sizeof *items);
	return (node){ .kind = NODE_SEQ, .seq = seq };
}

/* ---- scalars ----------------------------------------------------------- */

_Static_assert((int)NODE_TEXT_MAX >= (int)NUMBER_MAX, "every number fits");

str node_text_in(node n, char to[NODE_TEXT_MAX])
{
	if (n.n || n.kind == NODE_STR || n.kind == NODE_TIME)
		return node_str(n);
	switch ((enum node_kind)n.kind) {
	case NODE_BOOL:
		return n.b ? S("true") : S("false");
	case NODE_INT:
		return str_of(to, (size_t)snprintf(to, NODE_TEXT_MAX, "%lld", (long long)n.i));
	case NODE_UINT:
		return str_of(to, (size_t)snprintf(to, NODE_TEXT_MAX, "%llu",
						    (unsigned long long)n.u));
	case NODE_FLOAT:
		return str_of(to, number_print_float(to, n.f, NUMBER_YAML));
	default:
		return STR_NONE;
	}
}

str node_text(struct arena *a, node n)
{
	char made[NODE_TEXT_MAX];
	str text = node_text_in(n, made);

	return text.p == made ? arena_str(a, text) : text;
}

bool node_bool(node n)
{
	if (n.kind != NODE_BOOL)
		return false;
	if (!n.n)
		return n.b;
	str s = node_str(n);

	/* YAML 1.1 also has y, yes and on. */
	return str_eq_nocase(s, S("true")) || str_eq_nocase(s, S("yes")) ||
	       str_eq_nocase(s, S("y")) || str_eq_nocase(s, S("on"));
}

static node decode_float(str s)
{
	double f;

	if (number_decimal_float(s, &f))
		return node_from_float(f);
	bool minus = str_take(&s, '-');

	if (str_eq_nocase(s, S(".nan")))
		return node_from_float(NAN);
	return node_from_float(minus ? -INFINITY : INFINITY);	/* .inf, or out of range */
}

/* Whole numbers with prefixes, a leading 0 for octal, and underscores. */
static node decode_prefixed(str s)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT;
	int64_t i;
	uint64_t u;

	for (size_t k = 0; k < s.n; k++)
		if (s.p[k] != '_')
			buf_addc(&plain, s.p[k]);
	s = buf_str(&plain);
	err *e = number_parse_int(s, 0, &i);

	if (!e)
		return node_from_int(i);
	err_free(e);
	e = number_parse_uint(s, 0, &u);
	if (!e)
		return node_from_uint(u);
	err_free(e);
	return decode_float(s);
}

static bool is_decimal(str s)
{
	if (s.n > 1 && s.p[0] == '0')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

/* YAML writes numbers in many ways, JSON in one: that one first. The reader
 * has checked that it is a number, and of which kind. */
node node_decode(node n)
{
	str s = node_str(n), digits;
	uint64_t u;

	str_take(&s, '+');
	if (n.kind == NODE_FLOAT && str_find_char(s, '_') == STR_NPOS)
		return decode_float(s);
	digits = s;
	bool minus = str_take(&digits, '-');

	if (!is_decimal(digits) || !str_to_u64(digits, &u))
		return decode_prefixed(s);
	if (!minus)
		return node_from_uint(u);
	return u <= (uint64_t)INT64_MAX + 1 ? node_from_int((int64_t)(0 - u)) : decode_float(s);
}

static int64_t clip(double f)
{
	if (isnan(f))
		return 0;
	if (f >= 9223372036854775808.0)
		return INT64_MAX;
	return f <= -9223372036854775808.0 ? INT64_MIN : (int64_t)f;
}

int64_t node_int(node n)
{
	if (!node_is_num(n))
		return 0;
	if (n.n)
		n = node_decode(n);
	if (n.kind == NODE_INT)
		return n.i;
	return n.kind == NODE_UINT ? INT64_MAX : clip(n.f);
}

uint64_t node_uint(node n)
{
	if (!node_is_num(n))
		return 0;
	if (n.n)
		n = node_decode(n);
	if (n.kind == NODE_UINT)
		return n.u;
	int64_t i = node_int(n);

	return i < 0 ? 0 : (uint64_t)i;
}

double node_float(node n)
{
	if (!node_is_num(n))
		return 0;
	if (n.n)
		n = node_decode(n);
	if (n.kind == NODE_INT)
		return (double)n.i;
	return n.kind == NODE_UINT ? (double)n.u : n.f;
}

/* ---- maps -------------------------------------------------------------- */

static bool key_is(node key, str s)
{
	return key.kind == NODE_STR && str_eq(node_str(key), s);
}

/* Equal nodes have equal hashes; 1 and 1.0 may share one. */
static uint64_t hash_number(node n)
{
	double f = node_float(n);

	if (f == 0 || isnan(f))
		f = 0;	/* -0 equals 0, and all NaNs are one */
	return hash_bytes((str){ (const char *)&f, sizeof f });
}

/* Keys that are lists or maps are hashed whole: else whoever writes the file
 * could have them all in one slot. */
static uint64_t hash_key(node key)
{
	uint64_t h = key.kind;

	if (node_is_num(key))
		return hash_number(key);
	if (key.kind == NODE_BOOL)
		return h + node_bool(key);
	if (key.kind == NODE_STR || key.kind == NODE_TIME)
		return hash_bytes(node_str(key));
	node_each_item(item, key) {
		h = h * 0x9e3779b97f4a7c15u + hash_key(*item);
		h ^= h >> 32;
	}
	node_each_pair(p, key)	/* in any order */
		h += (hash_key(p->key) ^ 0x5bd1e995) * (hash_key(p->value) | 1);
	return h;
}

static uint32_t *slot_of(const struct node_map *m, node key)
{
	uint32_t mask = m->slots_n - 1;

	for (uint32_t i = (uint32_t)hash_key(key) & mask;; i = (i + 1) & mask) {
		uint32_t *s = &m->slots[i];

		if (!*s || node_equal(m->pairs[*s - 1].key, key))
			return s;
	}
}

/* The first of equal keys wins a slot, as in a search from the front. */
static void index_pair(struct node_map *m, uint32_t at)
{
	uint32_t *s = slot_of(m, m->pairs[at].key);

	if (!*s)
		*s = at + 1;
}

static void build_slots(struct arena *a, struct node_map *m, uint32_t slots_n)
{
	m->slots = arena_array(a, uint32_t, slots_n);
	m->slots_n = slots_n;
	for (uint32_t i = 0; i < m->n; i++)
		index_pair(m, i);
}

static uint32_t slots_for(size_t pairs)
{
	uint32_t n = 64;

	while (n < pairs * 2)
		n *= 2;
	return n;
}

/* Index of a string key among the first `n` pairs, or `n`. */
static size_t search(const struct node_pair *pairs, size_t n, node key)
{
	for (size_t i = 0; i < n; i++)
		if (pairs[i].key.n == key.n && key_is(pairs[i].key, node_str(key)))
			return i;
	return n;
}

node node_map_of(struct arena *a, const struct node_pair *pairs, size_t n)
{
	struct node_map *m = arena_alloc(a, sizeof *m + n * sizeof *pairs);

	*m = (struct node_map){ .cap = (uint32_t)n, .pairs = (struct node_pair *)(m + 1) };
	if (n > MAP_LINEAR) {
		m->slots_n = slots_for(n);
		m->slots = arena_array(a, uint32_t, m->slots_n);
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t *slot = m->slots ? slot_of(m, pairs[i].key) : NULL;
		size_t at = m->n;

		if (!slot)
			at = search(m->pairs, m->n, pairs[i].key);
		else if (*slot)
			at = *slot - 1;

		if (at < m->n) {
			m->pairs[at].value = pairs[i].value;
			continue;
		}
		m->pairs[m->n++] = pairs[i];
		if (slot)
			*slot = m->n;
	}
	return (node){ .kind = NODE_MAP, .map = m };
}

size_t node_index_of(node map, node key)
{
	if (map.kind != NODE_MAP)
		return STR_NPOS;
	const struct node_map *m = map.map;

	if (m->slots) {
		uint32_t s = *slot_of(m, key);

		return s ? s - 1 : STR_NPOS;
	}
	for (size_t i = 0; i < m->n; i++)
		if (node_equal(m->pairs[i].key, key))
			return i;
	return STR_NPOS;
}

size_t node_index(node map, str key)
{
	if (map.kind != NODE_MAP)
		return STR_NPOS;
	const struct node_map *m = map.map;

	if (!m->slots) {
		for (size_t i = 0; i < m->n; i++)
			if (key_is(m->pairs[i].key, key))
				return i;
		return STR_NPOS;
	}
	uint32_t mask = m->slots_n - 1;

	for (uint32_t i = (uint32_t)hash_bytes(key) & mask; m->slots[i]; i = (i + 1) & mask)
		if (key_is(m->pairs[m->slots[i] - 1].key, key))
			return m->slots[i] - 1;
	return STR_NPOS;
}

node *node_find(node map, str key)
{
	size_t i = node_index(map, key);

	return i == STR_NPOS ? NULL : &map.map->pairs[i].value;
}

node node_get(node map, str key)
{
	node *v = node_find(map, key);

	return v ? *v : NODE_NOTHING;
}

bool node_has(node map, str key)
{
	return node_find(map, key) != NULL;
}

node node_dig_path(node n, const char *const *keys)
{
	for (; *keys; keys++)
		n = node_get(n, str_c(*keys));
	return n;
}

void node_push(struct arena *a, node map, node key, node value)
{
	struct node_map *m = map.map;

	if (m->n == m->cap) {
		uint32_t cap = m->cap ? m->cap * 2 : 4;

		const struct node_pair *old = m->pairs;

		m->pairs = avec_move(a, old, m->n, cap, sizeof *old);
		ASAN_POISON_MEMORY_REGION(old, m->cap * sizeof *old);
		if (m->notes) {
			m->notes = avec_move(a, m->notes, 2 * (size_t)m->n, 2 * (size_t)cap,
					     sizeof(*m->notes));
			memset(m->notes + 2 * m->n, 0,
			       2 * (size_t)(cap - m->n) * sizeof(*m->notes));
		}
		m->cap = cap;
	}
	m->pairs[m->n++] = (struct node_pair){ key, value };
	if (!m->slots && m->n > MAP_LINEAR)
		build_slots(a, m, 64);
	else if (m->slots && m->n * 2 > m->slots_n)
		build_slots(a, m, m->slots_n * 2);
	else if (m->slots)
		index_pair(m, m->n - 1);
}

bool node_put(struct arena *a, node map, node key, node value)
{
	size_t at = key.kind == NODE_STR ? node_index(map, node_str(key)) : node_index_of(map, key);

	if (at != STR_NPOS) {
		map.map->pairs[at].value = value;
		return false;
	}
	node_push(a, map, key, value);
	return true;
}

void node_set(struct arena *a, node map, str key, node value)
{
	node_put(a, map, node_from_str(a, key), value);
}

void node_reindex(node map)
{
	struct node_map *m = map.map;

	if (!m->slots)
		return;
	memset(m->slots, 0, m->slots_n * sizeof *m->slots);
	for (uint32_t i = 0; i < m->n; i++)
		index_pair(m, i);
}

/* Free a slot and move up what was pushed behind it by collisions. */
static void free_slot(struct node_map *m, uint32_t at)
{
	uint32_t mask = m->slots_n - 1;

	for (uint32_t i = (at + 1) & mask; m->slots[i]; i = (i + 1) & mask) {
		uint32_t home = (uint32_t)hash_key(m->pairs[m->slots[i] - 1].key) & mask;

		if (((i - home) & mask) >= ((i - at) & mask)) {
			m->slots[at] = m->slots[i];
			at = i;
		}
	}
	m->slots[at] = 0;
}

/* Take pair `at` out of the slots; the pairs behind it will move down. False
 * when a key stands twice: then only indexing anew tells which one is next. */
static bool unindex(struct node_map *m, uint32_t at)
{
	uint32_t hit = m->slots_n, used = 0;

	for (uint32_t i = 0; i < m->slots_n; i++) {
		used += m->slots[i] != 0;
		if (m->slots[i] == at + 1)
			hit = i;
	}
	if (hit < m->slots_n)
		free_slot(m, hit);
	for (uint32_t i = 0; i < m->slots_n; i++)
		m->slots[i] -= m->slots[i] > at + 1;
	return used == m->n;
}

void node_remove_at(node n, size_t at)
{
	if (n.kind == NODE_SEQ) {
		struct node_seq *s = n.seq;
		size_t after = s->n - at - 1;

		memmove(s->items + at, s->items + at + 1, after * sizeof *s->items);
		if (s->notes) {
			memmove(s->notes + at, s->notes + at + 1, after * sizeof(*s->notes));
			s->notes[s->n - 1] = NULL;
		}
		s->n--;
		return;
	}
	struct node_map *m = n.map;
	size_t after = m->n - at - 1;
	bool indexed = !m->slots || unindex(m, (uint32_t)at);

	memmove(m->pairs + at, m->pairs + at + 1, after * sizeof *m->pairs);
	if (m->notes) {
		memmove(m->notes + 2 * at, m->notes + 2 * at + 2, 2 * after * sizeof(*m->notes));
		m->notes[2 * m->n - 2] = m->notes[2 * m->n - 1] = NULL;
	}
	m->n--;
	if (!indexed)
		node_reindex(n);
}

void node_remove_none(node map)
{
	struct node_map *m = map.map;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		if (m->pairs[i].value.kind == NODE_NONE)
			continue;
		m->pairs[kept] = m->pairs[i];
		if (m->notes) {
			m->notes[2 * kept] = m->notes[2 * i];
			m->notes[2 * kept + 1] = m->notes[2 * i + 1];
		}
		kept++;
	}
	if (kept == m->n)
		return;
	if (m->notes)
		memset(m->notes + 2 * kept, 0, 2 * (m->n - kept) * sizeof(*m->notes));
	m->n = kept;
	node_reindex(map);
}

bool node_remove(node map, str key)
{
	size_t at = node_index(map, key);

	if (at == STR_NPOS)
		return false;
	node_remove_at(map, at);
	return true;
}

void node_copy_field(struct arena *a, node to, node from, str key)
{
	if (node_has(from, key))
		node_set(a, to, key, node_get(from, key));
	else
		node_remove(to, key);
}

node node_map_at(struct arena *a, node map, str key)
{
	node value = node_get(map, key);

	if (node_is(value, NODE_MAP))
		return value;
	value = node_map(a, 4);
	node_set(a, map, key, value);
	return value;
}

node node_need_map(struct arena *a, node map, str key)
{
	node *v = node_find(map, key);

	if (v && v->kind == NODE_MAP)
		return *v;
	if (v && v->kind != NODE_NULL)
		return NODE_NOTHING;
	node made = node_map(a, 0);

	node_set(a, map, key, made);
	return made;
}

/* ---- lists ------------------------------------------------------------- */

void node_insert(struct arena *a, node seq, size_t at, node item)
{
	struct node_seq *s = seq.seq;

	if (s->n == s->cap) {
		uint32_t cap = s->cap ? s->cap * 2 : 4;

		const node *old = s->items;

		s->items = avec_move(a, old, s->n, cap, sizeof *old);
		ASAN_POISON_MEMORY_REGION(old, s->cap * sizeof *old);
		if (s->notes) {
			s->notes = avec_move(a, s->notes, s->n, cap, sizeof(*s->notes));
			memset(s->notes + s->n, 0, (cap - s->n) * sizeof(*s->notes));
		}
		s->cap = cap;
	}
	memmove(s->items + at + 1, s->items + at, (s->n - at) * sizeof *s->items);
	s->items[at] = item;
	if (s->notes) {
		memmove(s->notes + at + 1, s->notes + at, (s->n - at) * sizeof(*s->notes));
		s->notes[at] = NULL;
	}
	s->n++;
}

void node_append(struct arena *a, node seq, node item)
{
	node_insert(a, seq, seq.seq->n, item);
}

/* ---- notes ------------------------------------------------------------- */

struct node_note *node_note(node n, size_t which)
{
	if (n.kind == NODE_SEQ)
		return n.seq->notes && which < n.seq->n ? n.seq->notes[which] : NULL;
	if (n.kind == NODE_MAP)
		return n.map->notes && which < 2 * (size_t)n.map->n ? n.map->notes[which] : NULL;
	return NULL;
}

struct node_note *node_note_need(struct arena *a, node n, size_t which)
{
	bool seq = n.kind == NODE_SEQ;
	struct node_note ***notes = seq ? &n.seq->notes : &n.map->notes;
	size_t cap = seq ? n.seq->cap : 2 * (size_t)n.map->cap;

	if (which >= cap)
		die_bug("note %zu of %zu", which, cap);
	if (!*notes)
		*notes = arena_array(a, struct node_note *, cap);
	if (!(*notes)[which])
		(*notes)[which] = arena_new(a, struct node_note);
	return (*notes)[which];
}
