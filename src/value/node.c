#include "value/node.h"

#include <math.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/hash.h"
#include "base/vec.h"
#include "text/number.h"

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

	*seq = (struct node_seq){ .n = (uint32_t)n, .cap = (uint32_t)n, .items = (node *)(seq + 1) };
	if (n)
		memcpy(seq->items, items, n * sizeof *items);
	return (node){ .kind = NODE_SEQ, .seq = seq };
}

/* ---- scalars ----------------------------------------------------------- */

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

/* A kept number as YAML and JSON write it, decoded: 0x, 0o, 0b, a leading 0
 * for octal, `_` between digits. The reader has checked that it is a number. */
static node decode(node n)
{
	char plain[512];
	str s = node_str(n);
	size_t len = 0;
	int64_t i;
	uint64_t u;
	double f = 0;

	for (size_t k = 0; k < s.n && len < sizeof plain; k++)
		if (s.p[k] != '_')
			plain[len++] = s.p[k];
	str t = { plain, len };

	str_take(&t, '+');
	err *e = number_parse_int(t, 0, &i);

	if (!e)
		return node_from_int(i);
	err_free(e);
	e = number_parse_uint(t, 0, &u);
	if (!e)
		return node_from_uint(u);
	err_free(e);
	str unsigned_part = t;
	bool minus = str_take(&unsigned_part, '-');

	if (str_eq_nocase(unsigned_part, S(".inf")))
		return node_from_float(minus ? -INFINITY : INFINITY);
	if (str_eq_nocase(unsigned_part, S(".nan")))
		return node_from_float(NAN);
	e = number_parse_float(t, &f);
	err_free(e);
	return node_from_float(f);
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
		n = decode(n);
	if (n.kind == NODE_INT)
		return n.i;
	return n.kind == NODE_UINT ? INT64_MAX : clip(n.f);
}

uint64_t node_uint(node n)
{
	if (!node_is_num(n))
		return 0;
	if (n.n)
		n = decode(n);
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
		n = decode(n);
	if (n.kind == NODE_INT)
		return (double)n.i;
	return n.kind == NODE_UINT ? (double)n.u : n.f;
}

/* ---- maps -------------------------------------------------------------- */

static bool key_is(node key, str s)
{
	return key.kind == NODE_STR && str_eq(node_str(key), s);
}

static uint64_t hash_key(node key)
{
	if (key.kind == NODE_STR)
		return hash_bytes(node_str(key));
	if (node_is_num(key)) {
		double f = node_float(key);

		return hash_bytes((str){ (const char *)&f, sizeof f });
	}
	return key.kind;
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
		size_t at = slot ? (*slot ? *slot - 1 : m->n) : search(m->pairs, m->n, pairs[i].key);

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

		m->pairs = avec_move(a, m->pairs, m->n, cap, sizeof *m->pairs);
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

static void reindex(struct node_map *m)
{
	if (!m->slots)
		return;
	memset(m->slots, 0, m->slots_n * sizeof *m->slots);
	for (uint32_t i = 0; i < m->n; i++)
		index_pair(m, i);
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

	memmove(m->pairs + at, m->pairs + at + 1, after * sizeof *m->pairs);
	if (m->notes) {
		memmove(m->notes + 2 * at, m->notes + 2 * at + 2, 2 * after * sizeof(*m->notes));
		m->notes[2 * m->n - 2] = m->notes[2 * m->n - 1] = NULL;
	}
	m->n--;
	reindex(m);
}

bool node_remove(node map, str key)
{
	size_t at = node_index(map, key);

	if (at == STR_NPOS)
		return false;
	node_remove_at(map, at);
	return true;
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

		s->items = avec_move(a, s->items, s->n, cap, sizeof *s->items);
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

/* ---- whole trees ------------------------------------------------------- */

static str copy_text(struct arena *a, str s)
{
	return s.n ? arena_str(a, s) : s;
}

static struct node_note **copy_notes(struct arena *a, struct node_note **from, size_t n,
				     size_t cap, bool texts)
{
	if (!from)
		return NULL;
	struct node_note **to = arena_array(a, struct node_note *, cap);

	for (size_t i = 0; i < n; i++) {
		if (!from[i])
			continue;
		to[i] = arena_new(a, struct node_note);
		*to[i] = *from[i];
		if (!texts)
			continue;
		to[i]->head = copy_text(a, from[i]->head);
		to[i]->line = copy_text(a, from[i]->line);
		to[i]->foot = copy_text(a, from[i]->foot);
		to[i]->tag = copy_text(a, from[i]->tag);
		to[i]->anchor = copy_text(a, from[i]->anchor);
	}
	return to;
}

static node copy_tree(struct arena *a, node n, bool texts);

static node copy_seq(struct arena *a, node n, bool texts)
{
	const struct node_seq *from = n.seq;
	node to = node_seq(a, from->n);

	for (size_t i = 0; i < from->n; i++)
		to.seq->items[i] = copy_tree(a, from->items[i], texts);
	to.seq->n = from->n;
	to.seq->notes = copy_notes(a, from->notes, from->n, from->n, texts);
	n.seq = to.seq;
	return n;
}

static node copy_map(struct arena *a, node n, bool texts)
{
	const struct node_map *from = n.map;
	node to = node_map(a, from->n);

	for (size_t i = 0; i < from->n; i++) {
		to.map->pairs[i].key = copy_tree(a, from->pairs[i].key, texts);
		to.map->pairs[i].value = copy_tree(a, from->pairs[i].value, texts);
	}
	to.map->n = from->n;
	to.map->notes = copy_notes(a, from->notes, 2 * (size_t)from->n, 2 * (size_t)from->n, texts);
	if (from->slots)
		build_slots(a, to.map, from->slots_n);
	n.map = to.map;
	return n;
}

/* Depth is bounded by the readers (10,000 levels of about 150 bytes each). */
static node copy_tree(struct arena *a, node n, bool texts)
{
	if (n.kind == NODE_SEQ)
		return copy_seq(a, n, texts);
	if (n.kind == NODE_MAP)
		return copy_map(a, n, texts);
	str s = node_str(n);

	if (texts && s.n && n.kind != NODE_ALIAS && n.kind != NODE_OBJECT) {
		node c = with_text(a, n.kind, arena_str(a, s));

		c.style = n.style;
		c.type = n.type;
		c.place = n.place;
		return c;
	}
	return n;
}

node node_copy(struct arena *a, node n)
{
	return copy_tree(a, n, false);
}

node node_copy_all(struct arena *a, node n)
{
	return copy_tree(a, n, true);
}

static bool equal_numbers(node a, node b)
{
	if (a.n)
		a = decode(a);
	if (b.n)
		b = decode(b);
	if (a.kind != b.kind)
		return false;
	return a.kind == NODE_FLOAT ? a.f == b.f || (isnan(a.f) && isnan(b.f)) : a.u == b.u;
}

static bool equal_maps(node a, node b)
{
	if (a.map->n != b.map->n)
		return false;
	node_each_pair(p, a) {
		size_t at = node_index_of(b, p->key);

		if (at == STR_NPOS || !node_equal(p->value, b.map->pairs[at].value))
			return false;
	}
	return true;
}

static bool equal_seqs(node a, node b)
{
	if (a.seq->n != b.seq->n)
		return false;
	for (size_t i = 0; i < a.seq->n; i++)
		if (!node_equal(a.seq->items[i], b.seq->items[i]))
			return false;
	return true;
}

bool node_equal(node a, node b)
{
	if (node_is_num(a) && node_is_num(b))
		return equal_numbers(a, b);
	if (a.kind != b.kind)
		return false;
	switch ((enum node_kind)a.kind) {
	case NODE_NONE:
	case NODE_NULL:
		return true;
	case NODE_BOOL:
		return node_bool(a) == node_bool(b);
	case NODE_STR:
	case NODE_TIME:
		return str_eq(node_str(a), node_str(b));
	case NODE_SEQ:
		return a.seq == b.seq || equal_seqs(a, b);
	case NODE_MAP:
		return a.map == b.map || equal_maps(a, b);
	case NODE_ALIAS:
		return node_equal(a.anchor->target, b.anchor->target);
	case NODE_OBJECT:
		return a.object == b.object;
	case NODE_INT:
	case NODE_UINT:
	case NODE_FLOAT:
		break;
	}
	return false;
}

static int cmp_pairs(const void *x, const void *y)
{
	const struct node_pair *a = x, *b = y;

	return str_cmp(node_str(a->key), node_str(b->key));
}

void node_sort(node n)
{
	if (n.kind == NODE_SEQ) {
		node_each_item(i, n)
			node_sort(*i);
		return;
	}
	if (n.kind != NODE_MAP || !n.map->n)
		return;
	node_each_pair(p, n)
		node_sort(p->value);
	qsort(n.map->pairs, n.map->n, sizeof *n.map->pairs, cmp_pairs);
	n.map->notes = NULL;
	reindex(n.map);
}

const char *node_kind_name(node n)
{
	switch ((enum node_kind)n.kind) {
	case NODE_NONE:
	case NODE_NULL:
		return "null";
	case NODE_BOOL:
		return "bool";
	case NODE_INT:
	case NODE_UINT:
	case NODE_FLOAT:
		return "number";
	case NODE_STR:
	case NODE_TIME:
		return "string";
	case NODE_SEQ:
		return "array";
	case NODE_MAP:
		return "object";
	case NODE_ALIAS:
		return node_kind_name(n.anchor->target);
	case NODE_OBJECT:
		return "object";
	}
	return "object";
}
