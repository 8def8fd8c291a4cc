/* Fields that a schema does not know, nulls, and defaults. */
#include "schema/structural_impl.h"

#include "base/sort.h"
#include "base/vec.h"

/* ---- unknown fields ---------------------------------------------------- */

void structural_unknown_add(struct structural_unknown *u, str path)
{
	if (u->n < STRUCTURAL_UNKNOWN_MAX)
		avec_push(u->arena, u, path);
}

struct pruner {
	struct structural_unknown *unknown;	/* may be NULL */
};

static bool is_meta_field(str key)
{
	return str_eq(key, S("apiVersion")) || str_eq(key, S("kind")) || str_eq(key, S("metadata"));
}

static void add_place(struct buf *b, const struct structural_where *w)
{
	if (!w)
		return;
	add_place(b, w->up);
	if (w->kind == WHERE_INDEX)
		buf_addf(b, "[%zu]", w->index);
	else if (w->kind != WHERE_START)
		buf_addf(b, "%s%.*s", b->n ? "." : "", STR_ARG(w->name));
}

static void note(struct pruner *p, const struct structural_where *w, str key)
{
	struct structural_unknown *u = p->unknown;
	struct structural_where at = { .up = w, .kind = WHERE_CHILD, .name = key };
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!u || u->n == STRUCTURAL_UNKNOWN_MAX)
		return;
	add_place(&b, &at);
	structural_unknown_add(u, arena_str(u->arena, buf_str(&b)));
}

static void prune(struct pruner *p, const struct structural_where *w, const struct type_rules *s,
		  bool embedded, node value);

/* `keep`: unknown fields stay, and what is below lists stays under this rule. */
static void prune_list(struct pruner *p, const struct structural_where *w,
		       const struct type_rules *s, node list, bool keep);

static void prune_map(struct pruner *p, const struct structural_where *w,
		      const struct type_rules *s, bool embedded, node map, bool keep)
{
	bool gone = false;

	node_each_pair(pair, map) {
		str key = node_str(pair->key);
		struct structural_where at = { .up = w, .kind = WHERE_CHILD, .name = key };
		const struct type_rules *below;

		if (embedded && is_meta_field(key))
			continue;
		if (structural_step(s, key, &below)) {
			prune(p, &at, below, below && below->embedded, pair->value);
		} else if (!keep) {
			if (w->kind != WHERE_START || !is_meta_field(key))
				note(p, w, key);
			pair->value = NODE_NOTHING;
			gone = true;
		}
	}
	if (gone)
		node_remove_none(map);
}

static void keep(struct pruner *p, const struct structural_where *w, const struct type_rules *s,
		 bool embedded, node value)
{
	if (value.kind == NODE_MAP && s)
		prune_map(p, w, s, embedded, value, true);
	else if (value.kind == NODE_SEQ && s)
		prune_list(p, w, s, value, true);
}

static void prune_list(struct pruner *p, const struct structural_where *w,
		       const struct type_rules *s, node list, bool kept)
{
	const struct type_rules *items = s ? s->items : NULL;
	size_t i = 0;

	node_each_item(item, list) {
		struct structural_where at = { .up = w, .kind = WHERE_INDEX, .index = i++ };

		if (kept)
			keep(p, &at, items, items && items->embedded, *item);
		else
			prune(p, &at, items, items && items->embedded, *item);
	}
}

static void prune(struct pruner *p, const struct structural_where *w, const struct type_rules *s,
		  bool embedded, node value)
{
	if (s && s->preserve)
		keep(p, w, s, embedded, value);
	else if (value.kind == NODE_MAP)
		prune_map(p, w, s, embedded, value, false);
	else if (value.kind == NODE_SEQ)
		prune_list(p, w, s, value, false);
}

void structural_prune(const struct type *t, node object, bool root, struct structural_unknown *u)
{
	struct pruner p = { .unknown = u };
	struct structural_where start = { .kind = WHERE_START };
	const struct type_rules *s = t ? t->rules : NULL;
	size_t before = u ? u->n : 0;

	prune(&p, &start, s, root || (s && s->embedded), object);
	if (u && u->n > before)
		sort_strs(u->p + before, u->n - before);
}

/* ---- nulls ------------------------------------------------------------- */

static bool is_dropped(node v, const struct type_rules *s)
{
	return v.kind == NODE_NULL && s && !s->nullable && !s->fallback.kind;
}

static void drop_nulls(const struct type_rules *s, node value)
{
	bool gone = false;

	node_each_pair(p, value) {
		const struct type_rules *below = structural_below(s, node_str(p->key));

		if (is_dropped(p->value, below)) {
			p->value = NODE_NOTHING;
			gone = true;
		} else if (below) {
			drop_nulls(below, p->value);
		}
	}
	if (gone)
		node_remove_none(value);
	if (s && s->items)
		node_each_item(item, value)
			drop_nulls(s->items, *item);
}

void structural_drop_nulls(const struct type *t, node object)
{
	if (t && t->rules)
		drop_nulls(t->rules, object);
}

/* ---- defaults ---------------------------------------------------------- */

struct filler {
	struct arena *arena;
	size_t held;		/* by the arena at the start */
	size_t copies;		/* of default values */
};

static bool is_full(const struct filler *f)
{
	return f->copies > STRUCTURAL_DEFAULTS_MAX ||
	       f->arena->held > f->held + STRUCTURAL_DEFAULTS_BYTES_MAX;
}

static bool is_bare_null(node v, const struct type_rules *s)
{
	return v.kind == NODE_NULL && s && !s->nullable;
}

static node copy_of(struct filler *f, const struct type_rules *s)
{
	f->copies++;
	return s->fallback.kind ? node_copy(f->arena, s->fallback) : node_null();
}

static void fill(struct filler *f, const struct type_rules *s, node value)
{
	if (!s || is_full(f))
		return;
	if (value.kind == NODE_MAP) {
		for (size_t i = 0; i < s->fields_n; i++) {
			const struct type_rules *below = s->fields[i].schema;

			if (!below->fallback.kind)
				continue;
			node v = node_get(value, s->fields[i].name);

			if ((!v.kind || is_bare_null(v, below)) && !is_full(f))
				node_set(f->arena, value, s->fields[i].name, copy_of(f, below));
		}
		node_each_pair(p, value) {
			const struct type_rules *below = structural_field(s, node_str(p->key));

			if (!below && is_bare_null(p->value, s->values))
				p->value = copy_of(f, s->values);
			fill(f, below ? below : s->values, p->value);
		}
	}
	node_each_item(item, value) {
		if (is_bare_null(*item, s->items))
			*item = copy_of(f, s->items);
		fill(f, s->items, *item);
	}
}

err *structural_default(struct arena *a, const struct type *t, node object)
{
	struct filler f = { .arena = a, .held = a->held };

	if (t && t->rules)
		fill(&f, t->rules, object);
	return is_full(&f) ? err_new(ERR_INVALID, "the default values of the object are too many or too "
						  "large") : NULL;
}
