/* Which old value a new one stands for, so that what was wrong already and
 * did not change may stay. */
#include "schema/structural_impl.h"

#include "base/vec.h"

/* ---- items by their keys ----------------------------------------------- */

struct structural_items {
	const struct type_rules *list;
	const node *items;
	size_t n;
	uint32_t *slots;	/* index + 1, by hash; NULL while few */
	size_t slots_n;
};

enum { FEW_ITEMS = 8 };

static uint64_t mix(uint64_t h, uint64_t v)
{
	return (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t hash_scalar(uint64_t h, node v)
{
	str s = node_str(v);
	double f = v.kind == NODE_FLOAT || v.kind == NODE_UINT ? node_float(v) : 0;
	uint64_t bits;

	h = mix(h, v.kind);
	if (v.kind == NODE_STR) {
		for (size_t i = 0; i < s.n; i++)
			h = mix(h, (unsigned char)s.p[i]);
		return h;
	}
	if (v.kind == NODE_INT || v.kind == NODE_BOOL)
		return mix(h, v.kind == NODE_INT ? (uint64_t)node_int(v) : node_bool(v));
	memcpy(&bits, &f, sizeof bits);
	return mix(h, bits);
}

/* False when a key is not there, or no scalar: nothing is like it then. */
static bool hash_keys(const struct type_rules *list, node item, uint64_t *hash)
{
	*hash = 1;
	if (item.kind != NODE_MAP)
		return false;
	for (size_t i = 0; i < list->keys_n; i++) {
		node v = node_get(item, list->keys[i]);

		if (v.kind <= NODE_NULL || v.kind >= NODE_TIME)
			return false;
		*hash = hash_scalar(*hash, v);
	}
	*hash ^= *hash >> 32;
	return true;
}

static bool same_keys(const struct type_rules *list, node a, node b)
{
	for (size_t i = 0; i < list->keys_n; i++)
		if (!node_equal(node_get(a, list->keys[i]), node_get(b, list->keys[i])))
			return false;
	return true;
}

static void index_items(struct arena *a, struct structural_items *t)
{
	size_t slots_n = 16;
	uint64_t hash;

	while (slots_n < 2 * t->n)
		slots_n *= 2;
	t->slots_n = slots_n;
	t->slots = arena_array(a, uint32_t, slots_n);
	for (size_t i = 0; i < t->n; i++) {
		if (!hash_keys(t->list, t->items[i], &hash))
			continue;
		size_t at = (size_t)hash & (slots_n - 1);

		while (t->slots[at] && !same_keys(t->list, t->items[t->slots[at] - 1], t->items[i]))
			at = (at + 1) & (slots_n - 1);
		if (!t->slots[at])
			t->slots[at] = (uint32_t)i + 1;
	}
}

struct structural_items *structural_items(struct arena *a, const struct type_rules *list, node items)
{
	struct structural_items *t = arena_new(a, struct structural_items);

	t->list = list;
	if (!list || list->kind != STRUCTURAL_ARRAY || list->list_type != STRUCTURAL_MAP ||
	    !list->keys_n || items.kind != NODE_SEQ)
		return t;
	t->items = items.seq->items;
	t->n = items.seq->n;
	if (t->n > FEW_ITEMS)
		index_items(a, t);
	return t;
}

node structural_items_get(struct structural_items *t, node like)
{
	uint64_t hash, other;

	if (!t->n || !hash_keys(t->list, like, &hash))
		return NODE_NOTHING;
	if (!t->slots) {
		for (size_t i = 0; i < t->n; i++)
			if (hash_keys(t->list, t->items[i], &other) && other == hash &&
			    same_keys(t->list, t->items[i], like))
				return t->items[i];
		return NODE_NOTHING;
	}
	for (size_t at = (size_t)hash & (t->slots_n - 1); t->slots[at];
	     at = (at + 1) & (t->slots_n - 1))
		if (same_keys(t->list, t->items[t->slots[at] - 1], like))
			return t->items[t->slots[at] - 1];
	return NODE_NOTHING;
}

/* ---- pairs ------------------------------------------------------------- */

bool structural_pair_key(const struct structural_pair *p, str key, struct structural_pair *out)
{
	if (!p || !p->schema || p->value.kind != NODE_MAP || p->old.kind != NODE_MAP)
		return false;
	*out = (struct structural_pair){
		.value = node_get(p->value, key),
		.old = node_get(p->old, key),
		.schema = structural_below(p->schema, key),
	};
	return out->value.kind && out->old.kind && out->schema;
}

bool structural_pair_index(struct arena *a, struct structural_pair *p, size_t index,
			   struct structural_pair *out)
{
	if (!p || !p->schema || !p->schema->items || p->schema->list_type != STRUCTURAL_MAP ||
	    p->old.kind != NODE_SEQ || index >= node_len(p->value))
		return false;
	if (!p->items)
		p->items = structural_items(a, p->schema, p->old);
	node item = node_at(p->value, index);

	*out = (struct structural_pair){
		.value = item,
		.old = structural_items_get(p->items, item),
		.schema = p->schema->items,
	};
	return out->old.kind != NODE_NONE;
}

static bool lists_equal(struct arena *a, struct structural_pair *p)
{
	struct structural_pair item;
	size_t n = node_len(p->value);

	if (n != node_len(p->old))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!structural_pair_index(a, p, i, &item))
			return !p->items && node_equal(p->value, p->old);
		if (!structural_pair_equal(a, &item))
			return false;
	}
	return true;
}

static bool maps_equal(struct arena *a, struct structural_pair *p)
{
	struct structural_pair below;

	if (node_len(p->value) != node_len(p->old))
		return false;
	node_each_pair(pair, p->value)
		if (!structural_pair_key(p, node_str(pair->key), &below) ||
		    !structural_pair_equal(a, &below))
			return false;
	return true;
}

static bool values_equal(struct arena *a, struct structural_pair *p)
{
	bool null = p->value.kind == NODE_NULL, old_null = p->old.kind <= NODE_NULL;

	if (null || old_null)
		return null && old_null;
	if (p->value.kind == NODE_SEQ && p->old.kind == NODE_SEQ)
		return lists_equal(a, p);
	if (p->value.kind == NODE_MAP && p->old.kind == NODE_MAP)
		return maps_equal(a, p);
	return node_equal(p->value, p->old);
}

bool structural_pair_equal(struct arena *a, struct structural_pair *p)
{
	if (!p)
		return false;
	if (!p->equal)
		p->equal = values_equal(a, p) ? 1 : -1;
	return p->equal > 0;
}
