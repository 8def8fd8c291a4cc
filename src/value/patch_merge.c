#include "value/json.h"
#include "value/patch.h"

/* Both forms work on trees that they may change; json_open does nothing
 * where a tree is not raw. Depth is bounded by the readers. */

/* Drop the nulls of maps in something that is added; lists keep theirs. */
static void prune(struct arena *a, node *n)
{
	*n = json_open(a, *n);
	node_each_item(item, *n)
		prune(a, item);
	if (n->kind != NODE_MAP)
		return;
	struct node_map *m = n->map;
	size_t nulls = 0;

	for (size_t i = 0; i < m->n; i++)
		nulls += m->pairs[i].value.kind == NODE_NULL;
	if (nulls) {	/* a new body: removing one by one is quadratic */
		node kept = node_map(a, m->n - nulls);

		kept.place = n->place;
		for (size_t i = 0; i < m->n; i++)
			if (m->pairs[i].value.kind != NODE_NULL)
				node_push(a, kept, m->pairs[i].key, m->pairs[i].value);
		*n = kept;
	}
	node_each_pair(p, *n)
		prune(a, &p->value);
}

static void merge_value(struct arena *a, node *into, node patch);

/* Both are open maps. */
static void merge_maps(struct arena *a, node doc, node patch)
{
	node_each_pair(p, patch) {
		node *old = node_find(doc, node_str(p->key));

		if (p->value.kind == NODE_NULL) {
			if (old)
				node_remove(doc, node_str(p->key));
		} else if (old && old->kind != NODE_NULL) {
			merge_value(a, old, p->value);
		} else {
			prune(a, &p->value);
			node_put(a, doc, p->key, p->value);
		}
	}
}

static void merge_value(struct arena *a, node *into, node patch)
{
	*into = json_open(a, *into);
	if (into->kind != NODE_MAP) {
		prune(a, &patch);
		*into = patch;
		return;
	}
	patch = json_open(a, patch);
	if (patch.kind == NODE_MAP)
		merge_maps(a, *into, patch);
	else
		*into = patch;
}

static err *bad_doc(void)
{
	return err_new(ERR_INVALID, "Invalid JSON Document");
}

static err *bad_patch(void)
{
	return err_new(ERR_INVALID, "Invalid JSON Patch");
}

/* Both trees are ours to change. */
static err *merge(struct arena *a, node doc, node patch, node *out)
{
	if (node_is_nil(doc))
		return bad_doc();
	if (patch.kind != NODE_MAP && patch.kind != NODE_SEQ)
		return bad_patch();
	doc = json_open(a, doc);
	if (doc.kind == NODE_MAP && patch.kind == NODE_MAP) {
		merge_maps(a, doc, json_open(a, patch));
		*out = doc;
		return NULL;
	}
	prune(a, &patch);
	*out = patch;
	return NULL;
}

err *patch_merge(struct arena *a, node doc, node patch, node *out)
{
	return merge(a, node_copy(a, doc), node_copy(a, patch), out);
}

err *patch_merge_text(struct buf *b, str doc, str patch, const struct patch_options *o)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct json_options of_doc = { .raw = true }, of_patch = { .raw = true };
	node doc_read, patch_read, merged;

	if (o) {
		of_doc.sources = of_patch.sources = o->sources;
		of_doc.name = o->doc_name;
		of_patch.name = o->patch_name;
	}
	err *e = json_read(&a, doc, &of_doc, &doc_read);

	if (e)
		return err_replace(e, "Invalid JSON Document");
	e = json_read(&a, patch, &of_patch, &patch_read);
	if (e)
		return err_replace(e, "Invalid JSON Patch");
	TRY(merge(&a, doc_read, patch_read, &merged));
	return json_write(b, merged, NULL);
}

/* ---- making a merge patch ---------------------------------------------- */

static bool same(node x, node y)
{
	if (node_is_num(x) && node_is_num(y))
		return node_equal(x, y) || ((x.kind == NODE_FLOAT || y.kind == NODE_FLOAT) &&
					    node_float(x) == node_float(y));
	if (x.kind != y.kind || node_len(x) != node_len(y))
		return node_is_nil(x) && node_is_nil(y);
	if (x.kind == NODE_SEQ) {
		for (size_t i = 0; i < x.seq->n; i++)
			if (!same(x.seq->items[i], y.seq->items[i]))
				return false;
		return true;
	}
	if (x.kind != NODE_MAP)
		return node_equal(x, y);
	node_each_pair(p, x) {
		node *other = node_find(y, node_str(p->key));

		if (!other || !same(p->value, *other))
			return false;
	}
	return true;
}

node patch_create(struct arena *a, node from, node to)
{
	node patch = node_map(a, 0);

	node_each_pair(p, to) {
		node *old = node_find(from, node_str(p->key));

		if (old && old->kind == NODE_MAP && p->value.kind == NODE_MAP) {
			node inner = patch_create(a, *old, p->value);

			if (inner.map->n)
				node_put(a, patch, p->key, inner);
		} else if (!old || !same(*old, p->value)) {
			node_put(a, patch, p->key, p->value);
		}
	}
	node_each_pair(p, from)
		if (!node_has(to, node_str(p->key)))
			node_put(a, patch, p->key, node_null());
	return patch;
}
