#include <math.h>

#include "base/map.h"
#include "base/sort.h"
#include "base/vec.h"
#include "value/node_impl.h"

/* Trees may be as deep as the readers allow, and run on threads with small
 * stacks: nothing here recurses on values; what is left to do waits in a
 * list. */

static bool is_body(node n)
{
	return n.kind == NODE_SEQ || n.kind == NODE_MAP;
}

/* ---- copies ------------------------------------------------------------ */

/* Aliases are rare: what they need is remembered by address, in maps. */
struct copier {
	struct arena *a;
	bool texts;		/* copy the bytes of texts, too */
	VEC(node *) todo;	/* lists and maps, still with the body of the original */
	VEC(node *) aliases;	/* still with the anchor of the original */
	struct map anchored;	/* body of the original -> its node in the copy */
	struct map anchors;	/* anchor of the original -> anchor of the copy */
	struct arena keys;
};

static str key_of(struct copier *c, const void *address)
{
	return arena_str(&c->keys, str_of((const char *)&address, sizeof address));
}

static str copy_text(const struct copier *c, str s)
{
	return c->texts && s.n ? arena_str(c->a, s) : s;
}

static struct node_note **copy_notes(struct copier *c, struct node_note **from, size_t n)
{
	if (!from)
		return NULL;
	struct node_note **to = arena_array(c->a, struct node_note *, n);

	for (size_t i = 0; i < n; i++) {
		if (!from[i])
			continue;
		to[i] = arena_new(c->a, struct node_note);
		*to[i] = (struct node_note){
			.head = copy_text(c, from[i]->head),
			.line = copy_text(c, from[i]->line),
			.foot = copy_text(c, from[i]->foot),
			.tag = copy_text(c, from[i]->tag),
			.anchor = copy_text(c, from[i]->anchor),
		};
	}
	return to;
}

/* A node in its place in the copy: copy what hangs on it, or leave it for later. */
static void copy_slot(struct copier *c, node *n)
{
	if (is_body(*n)) {
		vec_push(&c->todo, n);
	} else if (n->kind == NODE_ALIAS) {
		vec_push(&c->aliases, n);
	} else if (n->kind != NODE_OBJECT && n->n && (c->texts || n->n == NODE_LONG)) {
		node text = node_from_text(c->a, n->kind, copy_text(c, node_str(*n)));

		n->n = text.n;
		n->text = text.text;
	}
}

/* The notes tell which bodies an alias may stand for. */
static void remember_anchored(struct copier *c, const struct node_note *note, node *n)
{
	if (note && note->anchor.n && is_body(*n))
		map_set(&c->anchored, key_of(c, n->seq), n);
}

static void copy_seq(struct copier *c, node *n)
{
	const struct node_seq *from = n->seq;

	n->seq = node_seq_of(c->a, from->items, from->n).seq;
	n->seq->notes = copy_notes(c, from->notes, from->n);
	for (size_t i = 0; i < from->n; i++) {
		remember_anchored(c, node_note(*n, i), &n->seq->items[i]);
		copy_slot(c, &n->seq->items[i]);
	}
}

static void copy_map(struct copier *c, node *n)
{
	const struct node_map *from = n->map;
	struct node_map *to = node_map(c->a, from->n).map;

	n->map = to;
	to->n = from->n;
	if (to->n)
		memcpy(to->pairs, from->pairs, to->n * sizeof *to->pairs);
	if (from->slots) {
		to->slots_n = from->slots_n;
		to->slots = arena_alloc(c->a, to->slots_n * sizeof *to->slots);
		memcpy(to->slots, from->slots, to->slots_n * sizeof *to->slots);
	}
	to->notes = copy_notes(c, from->notes, 2 * (size_t)from->n);
	for (size_t i = 0; i < to->n; i++) {
		remember_anchored(c, node_note(*n, 2 * i), &to->pairs[i].key);
		remember_anchored(c, node_note(*n, 2 * i + 1), &to->pairs[i].value);
		copy_slot(c, &to->pairs[i].key);
		copy_slot(c, &to->pairs[i].value);
	}
}

static void copy_bodies(struct copier *c)
{
	while (c->todo.n) {
		node *n = c->todo.p[--c->todo.n];

		if (n->kind == NODE_SEQ)
			copy_seq(c, n);
		else
			copy_map(c, n);
	}
}

/* An alias of the copy stands for what the copy holds in its place. */
static void copy_alias(struct copier *c, node *alias)
{
	const struct node_anchor *from = alias->anchor;
	str key = key_of(c, from);
	struct node_anchor *to = map_get(&c->anchors, key);

	if (!to) {
		to = arena_new(c->a, struct node_anchor);
		to->name = copy_text(c, from->name);
		map_set(&c->anchors, key, to);
		const node *there = is_body(from->target) ?
			map_get(&c->anchored, key_of(c, from->target.seq)) : NULL;

		to->target = there ? *there : from->target;
		if (!there)
			copy_slot(c, &to->target);
	}
	alias->anchor = to;
}

static node copy_tree(struct arena *a, node n, bool texts)
{
	struct copier c = { .a = a, .texts = texts };

	copy_slot(&c, &n);
	copy_bodies(&c);
	while (c.aliases.n) {
		copy_alias(&c, c.aliases.p[--c.aliases.n]);
		copy_bodies(&c);
	}
	vec_release(&c.todo);
	vec_release(&c.aliases);
	map_release(&c.anchored);
	map_release(&c.anchors);
	arena_release(&c.keys);
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

/* ---- equality ---------------------------------------------------------- */

struct two {
	node a, b;
};

struct pending {
	VEC(struct two) list;
};

static bool equal_numbers(node a, node b)
{
	if (a.n)
		a = node_decode(a);
	if (b.n)
		b = node_decode(b);
	if (a.kind != b.kind)
		return false;
	return a.kind == NODE_FLOAT ? a.f == b.f || (isnan(a.f) && isnan(b.f)) : a.u == b.u;
}

static bool equal_scalars(node a, node b)
{
	if (node_is_num(a) && node_is_num(b))
		return equal_numbers(a, b);
	if (a.kind != b.kind)
		return false;
	switch ((enum node_kind)a.kind) {
	case NODE_BOOL:
		return node_bool(a) == node_bool(b);
	case NODE_STR:
	case NODE_TIME:
		return str_eq(node_str(a), node_str(b));
	case NODE_ALIAS:	/* kept trees are compared as they are written */
		return str_eq(a.anchor->name, b.anchor->name);
	case NODE_OBJECT:
		return a.object == b.object;
	case NODE_NONE:
	case NODE_NULL:
	case NODE_INT:
	case NODE_UINT:
	case NODE_FLOAT:
	case NODE_SEQ:
	case NODE_MAP:
		break;
	}
	return a.kind <= NODE_NULL;
}

/* Compare, or leave for later when both are lists or maps. */
static bool compare(struct pending *todo, node a, node b)
{
	if (a.kind != b.kind || !is_body(a))
		return equal_scalars(a, b);
	if (a.seq == b.seq)
		return true;
	if (node_len(a) != node_len(b))
		return false;
	vec_push(&todo->list, (struct two){ a, b });
	return true;
}

static bool compare_entries(struct pending *todo, node a, node b)
{
	if (a.kind == NODE_SEQ) {
		for (size_t i = 0; i < a.seq->n; i++)
			if (!compare(todo, a.seq->items[i], b.seq->items[i]))
				return false;
		return true;
	}
	for (size_t i = 0; i < a.map->n; i++) {
		const struct node_pair *p = &a.map->pairs[i], *other = &b.map->pairs[i];

		/* mostly both are in the same order */
		if (p->key.kind != NODE_STR || other->key.kind != NODE_STR ||
		    !str_eq(node_str(p->key), node_str(other->key))) {
			size_t at = node_index_of(b, p->key);

			if (at == STR_NPOS)
				return false;
			other = &b.map->pairs[at];
		}
		if (!compare(todo, p->value, other->value))
			return false;
	}
	return true;
}

bool node_equal(node a, node b)
{
	if (a.kind != b.kind || !is_body(a))
		return equal_scalars(a, b);
	struct pending todo = { 0 };
	bool same = compare(&todo, a, b);

	while (same && todo.list.n) {
		struct two next = todo.list.p[--todo.list.n];

		same = compare_entries(&todo, next.a, next.b);
	}
	vec_release(&todo.list);
	return same;
}

/* ---- order ------------------------------------------------------------- */

static int cmp_pairs(const void *x, const void *y, void *ctx)
{
	const struct node_pair *a = x, *b = y;

	(void)ctx;
	return str_cmp(node_str(a->key), node_str(b->key));
}

static void sort_pairs(node map)
{
	struct node_map *m = map.map;

	if (sort_is_sorted(m->pairs, m->n, sizeof *m->pairs, cmp_pairs, NULL))
		return;
	sort_stable(m->pairs, m->n, sizeof *m->pairs, cmp_pairs, NULL);
	m->notes = NULL;
	node_reindex(map);
}

void node_sort(node n)
{
	VEC(node) todo = { 0 };

	vec_push(&todo, n);
	while (todo.n) {
		n = todo.p[--todo.n];
		node_each_item(item, n)
			if (is_body(*item))
				vec_push(&todo, *item);
		if (n.kind != NODE_MAP)
			continue;
		sort_pairs(n);
		node_each_pair(p, n)
			if (is_body(p->value))
				vec_push(&todo, p->value);
	}
	vec_release(&todo);
}

/* ---- words ------------------------------------------------------------- */

const char *node_kind_name(node n)
{
	static const char *const names[] = {
		[NODE_NONE] = "null",	 [NODE_NULL] = "null",	   [NODE_BOOL] = "bool",
		[NODE_INT] = "number",	 [NODE_UINT] = "number",   [NODE_FLOAT] = "number",
		[NODE_STR] = "string",	 [NODE_TIME] = "string",   [NODE_SEQ] = "array",
		[NODE_MAP] = "object",	 [NODE_OBJECT] = "object",
	};

	if (n.kind == NODE_ALIAS)
		return node_kind_name(n.anchor->target);
	return names[n.kind];
}
