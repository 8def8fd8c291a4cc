#include "value/patch.h"

#include "base/vec.h"
#include "value/json.h"

/* Both forms work on trees that they may change; json_open does nothing
 * where a tree is not raw. No C frames for depth: what is left to do waits in
 * lists. */

/* Drop the nulls of maps in something that is added; lists keep theirs. */
static void prune(struct arena *a, node *added)
{
	VEC(node *) todo = { 0 };

	vec_push(&todo, added);
	while (todo.n) {
		node *n = todo.p[--todo.n];

		*n = json_open(a, *n);
		node_each_item(item, *n)
			vec_push(&todo, item);
		if (n->kind != NODE_MAP)
			continue;
		node_each_pair(p, *n)
			if (p->value.kind == NODE_NULL)
				p->value = NODE_NOTHING;
		node_remove_none(*n);
		node_each_pair(p, *n)
			vec_push(&todo, &p->value);
	}
	vec_release(&todo);
}

struct merger {
	struct arena *a;
	VEC(struct { node *into; node patch; }) todo;	/* two maps each */
};

/* Put `patch` where there is `into` already. */
static void merge_value(struct merger *m, node *into, node patch)
{
	*into = json_open(m->a, *into);
	if (into->kind != NODE_MAP)
		prune(m->a, &patch);
	else
		patch = json_open(m->a, patch);
	if (into->kind == NODE_MAP && patch.kind == NODE_MAP) {
		vec_reserve(&m->todo, 1);
		m->todo.p[m->todo.n].into = into;
		m->todo.p[m->todo.n++].patch = patch;
	} else {
		*into = patch;
	}
}

/* Keys come and go first, so that the places of those that stay are fixed. */
static void merge_map(struct merger *m, node into, node patch)
{
	node_each_pair(p, patch) {
		node *old = node_find(into, node_str(p->key));

		if (p->value.kind == NODE_NULL) {
			if (old)
				*old = NODE_NOTHING;
		} else if (!old || node_is_nil(*old)) {
			prune(m->a, &p->value);
			node_put(m->a, into, p->key, p->value);
			p->value = NODE_NOTHING;
		}
	}
	node_remove_none(into);
	node_each_pair(p, patch)
		if (!node_is_nil(p->value))
			merge_value(m, node_find(into, node_str(p->key)), p->value);
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
	struct merger m = { .a = a };

	if (doc.kind != NODE_MAP || patch.kind != NODE_MAP) {
		prune(a, &patch);
		*out = patch;
		return NULL;
	}
	*out = json_open(a, doc);
	merge_map(&m, *out, json_open(a, patch));
	for (size_t i = 0; i < m.todo.n; i++)
		merge_map(&m, *m.todo.p[i].into, m.todo.p[i].patch);
	vec_release(&m.todo);
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

/* Two maps, and what makes the one the other. */
struct change {
	node from, to, patch;
	size_t parent;		/* index of the change that `patch` belongs in */
	node key;		/* under this key */
};

struct changes {
	struct arena *a;
	VEC(struct change) list;
	VEC(struct { node a; node b; }) todo;	/* for `same` */
};

/* Compare, or leave for later when both are lists or maps. */
static bool compare(struct changes *c, node a, node b)
{
	if (node_is_num(a) && node_is_num(b))
		return node_equal(a, b) || ((a.kind == NODE_FLOAT || b.kind == NODE_FLOAT) &&
					    node_float(a) == node_float(b));
	if (a.kind != b.kind || node_len(a) != node_len(b))
		return node_is_nil(a) && node_is_nil(b);
	if (a.kind != NODE_SEQ && a.kind != NODE_MAP)
		return node_equal(a, b);
	vec_reserve(&c->todo, 1);
	c->todo.p[c->todo.n].a = a;
	c->todo.p[c->todo.n++].b = b;
	return true;
}

static bool compare_entries(struct changes *c, node a, node b)
{
	for (size_t i = 0; i < node_len(a); i++) {
		if (a.kind == NODE_SEQ) {
			if (!compare(c, a.seq->items[i], b.seq->items[i]))
				return false;
			continue;
		}
		const node *other = node_find(b, node_str(a.map->pairs[i].key));

		if (!other || !compare(c, a.map->pairs[i].value, *other))
			return false;
	}
	return true;
}

/* Equal, also where one number is written as whole and the other is not. */
static bool same(struct changes *c, node a, node b)
{
	c->todo.n = 0;
	bool equal = compare(c, a, b);

	while (equal && c->todo.n) {
		c->todo.n--;
		equal = compare_entries(c, c->todo.p[c->todo.n].a, c->todo.p[c->todo.n].b);
	}
	return equal;
}

static void find_changes(struct changes *c, size_t i)
{
	struct change at = c->list.p[i];

	node_each_pair(p, at.to) {
		const node *old = node_find(at.from, node_str(p->key));

		if (old && old->kind == NODE_MAP && p->value.kind == NODE_MAP)
			vec_push(&c->list,
				 (struct change){ *old, p->value, node_map(c->a, 0), i, p->key });
		else if (!old || !same(c, *old, p->value))
			node_put(c->a, at.patch, p->key, p->value);
	}
	node_each_pair(p, at.from)
		if (!node_has(at.to, node_str(p->key)))
			node_put(c->a, at.patch, p->key, node_null());
}

node patch_create(struct arena *a, node from, node to)
{
	struct changes c = { .a = a };
	node patch = node_map(a, 0);

	vec_push(&c.list, (struct change){ .from = from, .to = to, .patch = patch });
	for (size_t i = 0; i < c.list.n; i++)
		find_changes(&c, i);
	for (size_t i = c.list.n; i-- > 1;)	/* inner before outer */
		if (node_len(c.list.p[i].patch))
			node_put(a, c.list.p[c.list.p[i].parent].patch, c.list.p[i].key,
				 c.list.p[i].patch);
	vec_release(&c.list);
	vec_release(&c.todo);
	return patch;
}
