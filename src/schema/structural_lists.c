/* Twins in lists of type set and map. */
#include "schema/structural_impl.h"

#include "base/map.h"
#include "value/json.h"

/* What tells an item from others: kind and value. */
static str identity(struct arena *a, node item)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	uint32_t kind = item.kind == NODE_UINT ? NODE_FLOAT : item.kind;

	buf_addf(&b, "%u:", kind);
	err_free(json_write(&b, item, NULL));
	return arena_str(a, buf_str(&b));
}

/* The first that is there a second time of each value. */
static size_t find_twins(struct arena *a, const node *items, size_t n, size_t *twins)
{
	CLEANUP(map_release) struct map seen = MAP_INIT;
	char marks[2], *once = &marks[0], *twice = &marks[1];
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		str id = identity(a, items[i]);
		void *was = map_get(&seen, id);

		if (was == once)
			twins[found++] = i;
		if (was != twice)
			map_set(&seen, id, was ? twice : once);
	}
	return found;
}

static str item_path(struct fielderrs *e, const struct structural_where *at, size_t i)
{
	struct structural_where w = { .up = at, .kind = WHERE_INDEX, .index = i };

	return structural_where_path(e->arena, &w);
}

/* Of each item the map of its keys. */
static const node *keys_of(struct fielderrs *e, const struct type_rules *s, node list)
{
	size_t n = node_len(list);
	node *keys = arena_array(e->arena, node, n);

	for (size_t i = 0; i < n; i++) {
		node item = node_at(list, i);

		keys[i] = node_map(e->arena, s->keys_n);
		for (size_t k = 0; k < s->keys_n; k++) {
			node v = node_get(item, s->keys[k]);

			if (v.kind)
				node_set(e->arena, keys[i], s->keys[k], v);
		}
	}
	return keys;
}

static bool are_objects(struct fielderrs *e, const struct structural_where *at, node list)
{
	size_t i = 0;

	node_each_item(item, list) {
		if (item->kind != NODE_MAP && item->kind != NODE_NULL) {
			fielderr_invalid(e, item_path(e, at, i), *item,
					 "must be an object for an array of list-type map");
			return false;
		}
		i++;
	}
	return true;
}

static void check_twins(struct fielderrs *e, const struct structural_where *at,
			const struct type_rules *s, node list)
{
	size_t n = node_len(list), found;
	const node *values = list.seq->items;

	if (s->list_type == STRUCTURAL_MAP) {
		if (!are_objects(e, at, list))
			return;
		values = keys_of(e, s, list);
	}
	if (n <= 1)
		return;
	size_t *twins = arena_array(e->arena, size_t, n);

	found = find_twins(e->arena, values, n, twins);
	for (size_t i = 0; i < found; i++)
		fielderr_duplicate(e, item_path(e, at, twins[i]), values[twins[i]]);
}

static void check_map(struct fielderrs *e, const struct structural_where *at,
		      const struct type_rules *s, node value)
{
	node_each_pair(p, value) {
		str key = node_str(p->key);
		const struct type_rules *below = structural_field(s, key);
		struct structural_where w = { .up = at, .name = key, .kind = WHERE_CHILD };

		if (s->values) {
			struct structural_where k = { .up = at, .name = key, .kind = WHERE_KEY };

			structural_check_lists(e, &k, s->values, p->value);
		}
		if (below)
			structural_check_lists(e, &w, below, p->value);
	}
}

void structural_check_lists(struct fielderrs *e, const struct structural_where *at,
			    const struct type_rules *s, node value)
{
	size_t i = 0;

	if (value.kind == NODE_MAP)
		check_map(e, at, s, value);
	if (value.kind != NODE_SEQ)
		return;
	if (s->list_type == STRUCTURAL_SET || s->list_type == STRUCTURAL_MAP)
		check_twins(e, at, s, value);
	if (s->items)
		node_each_item(item, value) {
			struct structural_where w = { .up = at, .kind = WHERE_INDEX, .index = i++ };

			structural_check_lists(e, &w, s->items, *item);
		}
}
