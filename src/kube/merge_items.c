/* Lists that are merged by key.
 *
 * kyaml works with tuples: for every item of both lists the texts under the
 * merge keys. Each distinct tuple is merged once and put into a new list, which
 * is then laid over the target's. Odd inputs (keys that only some items
 * have) show this order of work, so it is kept. */
#include "base/map.h"
#include "base/vec.h"
#include "kube/merge_impl.h"

enum { KEYS_MAX = 8 };	/* no Kubernetes list has more than three */

struct tuple {
	str values[KEYS_MAX];
};

struct tuples {
	VEC(struct tuple) list;
	str keys[KEYS_MAX];
	size_t keys_n;
	bool used[KEYS_MAX];	/* some tuple has a text under this key */
};

static bool is_empty_map(node n)
{
	return n.kind == NODE_MAP && !node_len(n);
}

static bool is_scalar(node n)
{
	return n.kind > NODE_NULL && n.kind != NODE_SEQ && n.kind != NODE_MAP;
}

/* ---- one list ---------------------------------------------------------- */

/* Whether the item has `value` under `key`; an empty value asks for the key
 * alone. The empty key means the item itself, a scalar. */
static err *has_value(struct merger *m, node item, str key, str value, bool *out)
{
	*out = false;
	if (!key.n) {
		if (!is_scalar(item))
			return merge_wrong_kind(item, "ScalarNode");
		*out = str_eq(node_text(m->a, item), value);
		return NULL;
	}
	if (item.kind != NODE_MAP)
		return merge_wrong_kind(item, "MappingNode");
	const node *field = node_find(item, key);

	*out = field && (!value.n || str_eq(node_text(m->a, *field), value));
	return NULL;
}

static err *item_matches(struct merger *m, node item, const str *keys, size_t keys_n,
			 const str *values, size_t values_n, bool *out)
{
	*out = false;
	for (size_t j = 0; j < keys_n; j++) {
		if (j < values_n)
			TRY(has_value(m, item, keys[j], values[j], out));
		if (!*out)
			return NULL;
	}
	return NULL;
}

static void put_back(struct merger *m, node list, const struct merge_item *items, size_t n)
{
	struct node_seq *s = list.seq;

	s->n = 0;
	if (s->notes)
		memset(s->notes, 0, s->cap * sizeof(*s->notes));
	for (size_t i = 0; i < n; i++) {
		node_append(m->a, list, items[i].value);
		if (items[i].note)
			*node_note_need(m->a, list, i) = *items[i].note;
	}
}

err *merge_set_item(struct merger *m, node list, const struct merge_item *item, const str *keys,
		    size_t keys_n, const str *values, size_t values_n)
{
	struct merge_item *kept = arena_alloc(m->a, (node_len(list) + 1) * sizeof *kept);
	bool for_maps = keys[0].n && values_n && values[0].n, matched = false;
	size_t n = 0;

	for (size_t i = 0; i < node_len(list); i++) {
		struct merge_item old = { node_at(list, i), node_note(list, i) };
		bool found;

		if (node_is_nil(old.value) || is_empty_map(old.value))
			continue;
		if (for_maps && old.value.kind != NODE_MAP) {
			kept[n++] = old;
			continue;
		}
		TRY(item_matches(m, old.value, keys, keys_n, values, values_n, &found));
		if (!found) {
			if (values_n)
				kept[n++] = old;
			continue;
		}
		matched = true;
		if (item)
			kept[n++] = *item;
	}
	if (item && !matched)
		kept[n++] = *item;
	put_back(m, list, kept, n);
	return NULL;
}

/* The first item with these texts under these keys, for merging. */
static struct merge_item find_item(struct merger *m, node list, const str *keys,
				   const str *values, size_t n)
{
	for (size_t at = 0; list.kind == NODE_SEQ && at < node_len(list); at++) {
		node i = node_at(list, at);
		bool all = i.kind == NODE_MAP || !keys[0].n;

		for (size_t k = 0; all && k < n; k++) {
			const node *field = keys[k].n ? node_find(i, keys[k]) : &i;

			all = field && str_eq(node_text(m->a, *field), values[k]);
		}
		if (all)
			return (struct merge_item){ i, node_note(list, at) };
	}
	return (struct merge_item){ 0 };
}

/* ---- tuples ------------------------------------------------------------ */

static bool is_blank(node n)
{
	return node_is_nil(n) || is_empty_map(n) || (n.kind == NODE_SEQ && !node_len(n));
}

static void collect(struct merger *m, struct tuples *t, struct map *seen, node list)
{
	if (list.kind != NODE_SEQ)
		return;
	node_each_item(i, list) {
		struct tuple tuple = { 0 };
		str id = STR_NONE;

		for (size_t k = 0; k < t->keys_n; k++) {
			if (!t->keys[k].n) {
				tuple.values[k] = node_text(m->a, *i);
			} else {
				node field = node_get(*i, t->keys[k]);

				if (!is_blank(field))
					tuple.values[k] = node_text(m->a, field);
			}
			id = arena_printf(m->a, "%.*s%zu:%.*s", STR_ARG(id), tuple.values[k].n,
					  STR_ARG(tuple.values[k]));
		}
		if (map_has(seen, id))
			continue;
		map_set(seen, id, t);
		avec_push(m->a, &t->list, tuple);
	}
}

/* Two tuples that agree somewhere and differ only where one is blank. */
static bool fill_in(const struct tuples *t, const struct tuple *a, const struct tuple *b,
		    struct tuple *out)
{
	bool common = false;

	for (size_t k = 0; k < t->keys_n; k++) {
		str x = a->values[k], y = b->values[k];

		if (str_eq(x, y))
			common = true;
		else if (x.n && y.n)
			return false;
		out->values[k] = x.n ? x : y;
	}
	return common;
}

static void complete(struct tuples *t)
{
	for (size_t i = 0; t->keys_n > 1 && i < t->list.n; i++)
		for (size_t j = 0; j < t->list.n; j++) {
			struct tuple full;

			if (fill_in(t, &t->list.p[i], &t->list.p[j], &full))
				t->list.p[i] = t->list.p[j] = full;
		}
	bool any = false;

	for (size_t k = 0; k < t->keys_n; k++) {
		for (size_t i = 0; i < t->list.n && !t->used[k]; i++)
			t->used[k] = t->list.p[i].values[k].n > 0;
		any |= t->used[k];
	}
	for (size_t k = 0; !any && k < t->keys_n; k++)
		t->used[k] = true;
}

/* Keys and values of a tuple under the keys in use; `own` asks for the keys
 * that this tuple itself has a text for. */
static size_t pick(const struct tuples *t, const struct tuple *tuple, bool own, str *keys,
		   str *values)
{
	size_t n = 0;

	for (size_t k = 0; k < t->keys_n; k++) {
		if (!t->used[k] || (own && !tuple->values[k].n))
			continue;
		keys[n] = t->keys[k];
		values[n++] = tuple->values[k];
	}
	return own && !n ? pick(t, tuple, false, keys, values) : n;
}

/* ---- the merge --------------------------------------------------------- */

/* The comments of a merged item: the target's, and over them the patch's. */
static struct node_note *note_of(struct merger *m, const struct merge_item *dest,
				 const struct merge_item *patch)
{
	if (!patch->note || !dest->note || is_scalar(patch->value))
		return patch->value.kind == NODE_NONE || !patch->note ? dest->note : patch->note;
	struct node_note *both = arena_new(m->a, struct node_note);

	*both = *dest->note;
	if (patch->note->head.n)
		both->head = patch->note->head;
	if (patch->note->line.n)
		both->line = patch->note->line;
	if (patch->note->foot.n)
		both->foot = patch->note->foot;
	return both;
}

/* An item always shows the keys it was found by. */
static void show_keys(struct merger *m, node item, const str *keys, const str *values, size_t n)
{
	for (size_t k = 0; item.kind == NODE_MAP && k < n; k++)
		if (values[k].n && !node_has(item, keys[k]))
			node_set(m->a, item, keys[k], merge_quoted(m, node_from_str(m->a, values[k])));
}

static err *merge_tuple(struct merger *m, struct merge_pair *lists, const struct merge_type *type,
			const struct tuples *t, const struct tuple *tuple, node added)
{
	str keys[KEYS_MAX], values[KEYS_MAX];
	size_t n = pick(t, tuple, true, keys, values);
	struct merge_item dest = find_item(m, lists->dest, keys, values, n);
	struct merge_item patch = find_item(m, lists->patch, keys, values, n);
	struct merge_pair p = { .dest = dest.value, .patch = patch.value };
	struct merge_item item = { 0 };

	TRY(merge_walk(m, &p, type, &item.value));
	n = pick(t, tuple, false, keys, values);
	if (node_is_nil(item.value) || is_empty_map(item.value))
		return merge_set_item(m, lists->dest, NULL, keys, n, values, n);
	show_keys(m, item.value, keys, values, n);
	item.note = note_of(m, &dest, &patch);
	return merge_set_item(m, added, &item, keys, n, values, n);
}

/* Lay the items of `from` over `to`: in place of the equal one, else behind. */
static err *append_all(struct merger *m, node to, node from, const str *keys, size_t keys_n)
{
	for (size_t i = 0; i < node_len(from); i++) {
		struct merge_item item = { node_at(from, i), node_note(from, i) };
		str values[KEYS_MAX];
		size_t n = 0;

		if (!keys[0].n) {
			values[n++] = node_text(m->a, item.value);
			TRY(merge_set_item(m, to, &item, keys, 1, values, n));
			continue;
		}
		if (!node_is_nil(item.value) && item.value.kind != NODE_MAP)
			return merge_wrong_kind(item.value, "MappingNode");
		for (size_t k = 0; k < keys_n; k++) {
			const node *field = node_find(item.value, keys[k]);

			if (field)
				values[n++] = node_text(m->a, *field);
			else
				node_append(m->a, to, item.value);
		}
		if (keys_n > 1)
			TRY(merge_set_item(m, to, NULL, keys, keys_n, values, n));
		TRY(merge_set_item(m, to, &item, keys, keys_n, values, n));
	}
	return NULL;
}

static err *merge_tuples(struct merger *m, struct merge_pair *p, const struct merge_type *type,
			 struct tuples *t, node *out)
{
	node added = node_seq(m->a, t->list.n);
	str keys[KEYS_MAX], values[KEYS_MAX];

	complete(t);
	for (size_t i = 0; i < t->list.n; i++)
		TRY(merge_tuple(m, p, type, t, &t->list.p[i], added));
	if (!t->list.n)
		return NULL;
	size_t keys_n = pick(t, &t->list.p[0], false, keys, values);

	if (!m->o->prepend)
		return append_all(m, *out, added, keys, keys_n);
	/* The list keeps its place and style, and so its identity. */
	TRY(append_all(m, added, *out, keys, keys_n));
	added.place = out->place;
	added.style = out->style;
	*out = added;
	return NULL;
}

err *merge_items(struct merger *m, struct merge_pair *p, const struct merge_type *type,
		 const str *keys, size_t keys_n, node *out)
{
	struct tuples t = { .keys_n = keys_n ? keys_n : 1 };
	CLEANUP(map_release) struct map seen = MAP_INIT;

	if (keys_n > KEYS_MAX)
		return err_new(ERR_INVALID, "more than %d merge keys for one list", KEYS_MAX);
	if (node_len(p->dest) > MERGE_LIST_MAX || node_len(p->patch) > MERGE_LIST_MAX)
		return err_new(ERR_INVALID, "more than %d items in a list that is merged by key",
			       MERGE_LIST_MAX);
	for (size_t k = 0; k < keys_n; k++)
		t.keys[k] = keys[k];
	collect(m, &t, &seen, m->o->prepend ? p->patch : p->dest);
	collect(m, &t, &seen, m->o->prepend ? p->dest : p->patch);
	return merge_tuples(m, p, type, &t, out);
}
