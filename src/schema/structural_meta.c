/* apiVersion, kind and metadata of objects within objects. */
#include "schema/structural_impl.h"

#include "base/sort.h"
#include "schema/objectmeta.h"

/* ---- checking ---------------------------------------------------------- */

static str child(struct fielderrs *e, const struct structural_where *at, str key)
{
	struct structural_where w = { .up = at, .kind = WHERE_CHILD, .name = key };

	return structural_where_path(e->arena, &w);
}

static void check_api_version(struct fielderrs *e, str path, node v)
{
	str s = node_str(v);

	if (v.kind != NODE_STR)
		fielderr_invalid(e, path, v, "must be a string");
	else if (!s.n)
		fielderr_invalid(e, path, v, "must not be empty");
	else if (str_count_char(s, '/') > 1)
		fielderr_invalid(e, path, v, "unexpected GroupVersion string: %.*s", STR_ARG(s));
}

static void check_kind(struct fielderrs *e, str path, node v)
{
	str s = node_str(v), list[NAME_COMPLAINTS_MAX];

	if (v.kind != NODE_STR) {
		fielderr_invalid(e, path, v, "must be a string");
		return;
	}
	if (!s.n) {
		fielderr_invalid(e, path, v, "must not be empty");
		return;
	}
	str small = arena_str(e->arena, s);

	for (size_t i = 0; i < small.n; i++)
		if (small.p[i] >= 'A' && small.p[i] <= 'Z')
			((char *)small.p)[i] |= 32;
	size_t n = name_complaints(small, NAME_DNS1035_LABEL, list);

	if (n) {
		str all = arena_join(e->arena, list, n, S(","));

		fielderr_invalid(e, path, v,
				 "may have mixed case, but should otherwise match: %.*s", STR_ARG(all));
	}
}

static void check_metadata(struct fielderrs *e, const struct structural_meta *m, str path, node v)
{
	node meta = v;
	err *why = m ? m->fit(e->arena, v, NULL, &meta) : NULL;

	if (why) {
		fielderr_invalid(e, path, v, "%s", err_msg(why));
		err_free(why);
		return;
	}
	if (!node_str(node_get(meta, S("name"))).n) {
		/* An object without a name is fine here. */
		meta = meta.kind == NODE_MAP ? node_copy(e->arena, meta) : node_map(e->arena, 1);
		node_set(e->arena, meta, S("name"), node_lit("fakename"));
	}
	objectmeta_check(e, path, meta, NAME_PATH_SEGMENT,
			 node_str(node_get(meta, S("namespace"))).n > 0);
}

static void check_resource(struct fielderrs *e, const struct structural_meta *m,
			   const struct structural_where *at, node value)
{
	if (!node_has(value, S("apiVersion")))
		fielderr_required(e, child(e, at, S("apiVersion")), "%s", "");
	if (!node_has(value, S("kind")))
		fielderr_required(e, child(e, at, S("kind")), "%s", "");
	node_each_pair(p, value) {
		str key = node_str(p->key);

		if (str_eq(key, S("apiVersion")))
			check_api_version(e, child(e, at, key), p->value);
		else if (str_eq(key, S("kind")))
			check_kind(e, child(e, at, key), p->value);
		else if (str_eq(key, S("metadata")))
			check_metadata(e, m, child(e, at, key), p->value);
	}
}

void structural_check_embedded(struct fielderrs *e, const struct structural_meta *m,
			       const struct structural_where *at, const struct type_rules *s,
			       node value, bool root)
{
	size_t i = 0;

	if (value.kind == NODE_MAP && (root || s->embedded))
		check_resource(e, m, at, value);
	node_each_pair(p, value) {
		str key = node_str(p->key);
		const struct type_rules *below = structural_field(s, key);
		struct structural_where w = { .up = at, .name = key,
					      .kind = below ? WHERE_CHILD : WHERE_KEY };

		if (!below)
			below = s->values;
		if (below)
			structural_check_embedded(e, m, &w, below, p->value, false);
	}
	if (s->items)
		node_each_item(item, value) {
			struct structural_where w = { .up = at, .kind = WHERE_INDEX, .index = i++ };

			structural_check_embedded(e, m, &w, s->items, *item, false);
		}
}

/* ---- fitting ----------------------------------------------------------- */

struct fitter {
	struct arena *arena;
	struct fielderrs *errors;
	const struct structural_meta *meta;
	bool drop;
	struct structural_unknown *unknown;
};

static void note_unknown(struct fitter *f, const struct structural_where *at,
			 const struct structural_unknown *found)
{
	struct structural_where w = { .up = at, .kind = WHERE_CHILD, .name = S("metadata") };
	str path = structural_where_path(f->arena, &w);

	for (size_t i = 0; f->unknown && i < found->n; i++)
		structural_unknown_add(f->unknown, arena_cat(f->unknown->arena, path, S("."),
							     found->p[i]));
}

/* Field by field, what does not fit is left out. */
static node fit_loosely(struct fitter *f, node meta)
{
	node all = node_map(f->arena, node_len(meta));

	node_each_pair(p, meta) {
		node one = node_map(f->arena, 1), fitted = NODE_NOTHING;

		node_set(f->arena, one, node_str(p->key), p->value);
		err *e = f->meta->fit(f->arena, one, NULL, &fitted);

		err_free(e);
		if (!e)
			node_each_pair(q, fitted)
				node_set(f->arena, all, node_str(q->key), q->value);
	}
	return all;
}

static bool fit_metadata(struct fitter *f, const struct structural_where *at, node *meta)
{
	struct structural_unknown found = { .arena = f->arena };
	node out = NODE_NOTHING;

	if (!f->meta)
		return true;
	err *e = f->meta->fit(f->arena, *meta, &found, &out);

	if (!e) {
		note_unknown(f, at, &found);
		*meta = out;
		return true;
	}
	if (f->drop) {
		if (meta->kind == NODE_MAP)
			*meta = fit_loosely(f, *meta);
	} else {
		fielderr_invalid(f->errors, child(f->errors, at, S("metadata")), *meta, "%s",
				 err_msg(e));
	}
	err_free(e);
	return f->drop;
}

static bool fit_resource(struct fitter *f, const struct structural_where *at, node value)
{
	bool gone = false;

	node_each_pair(p, value) {
		str key = node_str(p->key);

		if (str_eq(key, S("metadata"))) {
			if (!fit_metadata(f, at, &p->value))
				return false;
		} else if ((str_eq(key, S("apiVersion")) || str_eq(key, S("kind"))) &&
			   p->value.kind != NODE_STR) {
			if (!f->drop) {
				fielderr_invalid(f->errors, child(f->errors, at, key), p->value,
						 "must be a string");
				return false;
			}
			p->value = NODE_NOTHING;
			gone = true;
		}
	}
	if (gone)
		node_remove_none(value);
	return true;
}

static bool fit(struct fitter *f, const struct structural_where *at, const struct type_rules *s,
		node value, bool root)
{
	size_t i = 0;

	if (value.kind == NODE_MAP && (root || s->embedded) && !fit_resource(f, at, value))
		return false;
	node_each_pair(p, value) {
		str key = node_str(p->key);
		const struct type_rules *below = structural_field(s, key);
		struct structural_where w = { .up = at, .name = key,
					      .kind = below ? WHERE_CHILD : WHERE_KEY };

		if (!below)
			below = s->values;
		if (below && !fit(f, &w, below, p->value, false))
			return false;
	}
	if (s->items)
		node_each_item(item, value) {
			struct structural_where w = { .up = at, .kind = WHERE_INDEX, .index = i++ };

			if (!fit(f, &w, s->items, *item, false))
				return false;
		}
	return true;
}

bool structural_fit(struct fielderrs *e, const struct structural_meta *m,
		    const struct structural_where *at, const struct type_rules *s, node value,
		    bool root)
{
	struct fitter f = { e->arena, e, m, false, NULL };

	return fit(&f, at, s, value, root);
}

err *structural_coerce(struct arena *a, const struct type *t, node object,
		       const struct structural_meta *m, bool drop, struct structural_unknown *u)
{
	struct fielderrs errors = { .arena = a };
	struct fitter f = { a, &errors, m, drop, u };
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t before = u ? u->n : 0;

	if (!t || !t->rules || fit(&f, NULL, t->rules, object, false)) {
		if (u && u->n > before)
			sort_strs(u->p + before, u->n - before);
		return NULL;
	}
	fielderr_print(&b, &errors);
	return err_new(ERR_INVALID, "%s", buf_c(&b));
}
