#include "helm/depend.h"

#include "helm/coalesce.h"
#include "helm/values.h"
#include "text/quote.h"
#include "tmpl/printf.h"
#include "tmpl/value.h"

/* Maps and lists that the values may have behind each import. */
enum { IMPORT_NODES_MAX = 200000 };

struct depending {
	struct arena *a;
	const struct notices *to;
};

/* ---- which are enabled ------------------------------------------------- */

static void apply_tags(struct depending *x, struct chart_meta *m, node values)
{
	node tags = values_table(values, S("tags"), NULL);

	for (size_t i = 0; i < m->deps_n && tags.kind == NODE_MAP; i++) {
		struct chart_dependency *d = &m->deps[i];
		bool on = false, off = false;

		node_each_item(tag, d->tags) {
			node v = node_get(tags, node_str(*tag));

			if (v.kind == NODE_BOOL)
				*(node_bool(v) ? &on : &off) = true;
			else if (v.kind != NODE_NONE)
				notice(x->to, NOTICE_WARN, S("returned non-bool value"),
				       { "tag", node_str(*tag) }, { "chart", d->name });
		}
		d->enabled = on || !off;
	}
}

static void apply_condition(struct depending *x, struct chart_dependency *d, node values, str path)
{
	str rest = str_trim(d->condition), one;

	while (str_cut(&rest, &one, ',')) {
		node v = one.n ? values_at(values, arena_cat(x->a, path, one)) : NODE_NOTHING;

		if (v.kind == NODE_BOOL) {
			d->enabled = node_bool(v);
			return;
		}
		if (v.kind != NODE_NONE)
			notice(x->to, NOTICE_WARN, S("returned non-bool value"), { "path", one },
			       { "chart", d->name });
	}
}

/* ---- matching ---------------------------------------------------------- */

static struct chart *copy_chart(struct arena *a, const struct chart *c)
{
	struct chart *out = arena_new(a, struct chart);

	*out = *c;
	out->meta.deps = arena_array(a, struct chart_dependency, c->meta.deps_n + 1);
	if (c->meta.deps_n)
		memcpy(out->meta.deps, c->meta.deps, c->meta.deps_n * sizeof *c->meta.deps);
	out->subs = arena_array(a, struct chart *, c->subs_n + 1);
	for (size_t i = 0; i < c->subs_n; i++) {
		out->subs[i] = copy_chart(a, c->subs[i]);
		out->subs[i]->parent = out;
	}
	return out;
}

static bool matches(struct arena *a, const struct chart *c, const struct chart_dependency *d)
{
	return str_eq(c->meta.name, d->name) &&
	       meta_version_fits(a, d->version, c->meta.version);
}

static bool is_declared(struct arena *a, const struct chart *parent, const struct chart *c)
{
	for (size_t i = 0; i < parent->meta.deps_n; i++)
		if (matches(a, c, &parent->meta.deps[i]))
			return true;
	return false;
}

/* The charts that nobody declared, then one for each declaration. */
static void match(struct depending *x, struct chart *c)
{
	struct chart **subs =
		arena_array(x->a, struct chart *, c->subs_n + c->meta.deps_n + 1);
	size_t n = 0;

	for (size_t i = 0; i < c->subs_n; i++)
		if (!is_declared(x->a, c, c->subs[i]))
			subs[n++] = c->subs[i];
	for (size_t i = 0; i < c->meta.deps_n; i++) {
		struct chart_dependency *d = &c->meta.deps[i];

		for (size_t j = 0; j < c->subs_n; j++) {
			if (!matches(x->a, c->subs[j], d))
				continue;
			subs[n] = copy_chart(x->a, c->subs[j]);
			subs[n]->parent = c;
			if (d->alias.n)
				subs[n]->meta.name = d->alias;
			n++;
			break;
		}
		if (d->alias.n)
			d->name = d->alias;
		d->enabled = true;
	}
	c->subs = subs;
	c->subs_n = n;
}

static bool is_disabled(const struct chart_meta *m, str name)
{
	for (size_t i = 0; i < m->deps_n; i++)
		if (!m->deps[i].enabled && str_eq(m->deps[i].name, name))
			return true;
	return false;
}

/* A disabled one takes others of its name with it. */
static void drop_disabled(struct arena *a, struct chart *c)
{
	const struct chart_meta before = c->meta;
	size_t n = 0;

	for (size_t i = 0; i < c->subs_n; i++)
		if (!is_disabled(&before, c->subs[i]->meta.name))
			c->subs[n++] = c->subs[i];
	c->subs_n = n;
	c->meta.deps = arena_array(a, struct chart_dependency, before.deps_n + 1);
	c->meta.deps_n = 0;
	for (size_t i = 0; i < before.deps_n; i++)
		if (!is_disabled(&before, before.deps[i].name))
			c->meta.deps[c->meta.deps_n++] = before.deps[i];
	c->meta.has_deps = c->meta.deps_n > 0;
}

static err *enable(struct depending *x, struct chart *c, node values, str path)
{
	CLEANUP(arena_release) struct arena scratch = ARENA_INIT;
	node all;

	if (!c->meta.has_deps)
		return NULL;
	match(x, c);
	TRY(coalesce_chart(&scratch, c, values, COALESCE_VALUES, x->to, &all));
	apply_tags(x, &c->meta, all);
	for (size_t i = 0; i < c->meta.deps_n; i++)
		apply_condition(x, &c->meta.deps[i], all, path);
	drop_disabled(x->a, c);
	for (size_t i = 0; i < c->subs_n; i++) {
		str below = arena_cat(x->a, path, c->subs[i]->meta.name, S("."));

		TRY(enable(x, c->subs[i], all, below));
	}
	return NULL;
}

/* ---- import-values ----------------------------------------------------- */

static str not_a_table(struct arena *a, str name)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, name, QUOTE_PRINT);
	buf_add(&b, S(" is not a table"));
	return arena_str(a, buf_str(&b));
}

/* `data` below maps for each name of the path; "." is `data` itself. */
static node at_path(struct arena *a, str path, node data)
{
	if (str_eq(path, S(".")))
		return data;
	for (;;) {
		size_t dot = str_rfind_char(path, '.');
		node outer = node_map(a, 1);

		node_set(a, outer, dot == STR_NPOS ? path : str_from(path, dot + 1), data);
		if (dot == STR_NPOS)
			return outer;
		data = outer;
		path = str_sub(path, 0, dot);
	}
}

static str as_text(struct arena *a, node n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	printf_value(&b, n);
	return arena_str(a, buf_str(&b));
}

static node import_pair(struct arena *a, str child, str parent)
{
	node pair = value_map(a, GO_STRING_MAP, 2);

	node_set(a, pair, S("child"), node_from_str(a, child));
	node_set(a, pair, S("parent"), node_from_str(a, parent));
	return pair;
}

static void import_one(struct depending *x, const struct chart_dependency *d, node item,
		       node values, node imported, node done)
{
	bool pair = item.kind == NODE_MAP;
	str child, parent = S("."), missing;

	if (pair) {
		child = as_text(x->a, node_get(item, S("child")));
		parent = as_text(x->a, node_get(item, S("parent")));
	} else if (item.kind == NODE_STR) {
		child = arena_cat(x->a, S("exports."), node_str(item));
	} else {
		return;
	}
	node_append(x->a, done, import_pair(x->a, child, parent));
	node table = values_table(values, arena_cat(x->a, d->name, S("."), child), &missing);

	if (table.kind == NODE_MAP) {
		coalesce_tables(x->a, imported, at_path(x->a, parent, table), COALESCE_MERGE,
				x->to);
		return;
	}
	str error = not_a_table(x->a, missing);

	if (pair)
		notice(x->to, NOTICE_WARN, S("ImportValues missing table from chart"),
		       { "chart", d->name }, { "error", error });
	else
		notice(x->to, NOTICE_WARN, S("ImportValues missing table"), { "error", error });
}

/* Imported tables stay those of the child, as in Helm: what a later import
 * merges into one shows in the child, too. So maps can come to hang below
 * themselves. False for these, and for what would be too large a copy. */
static bool is_bounded(node n, unsigned depth, size_t *budget)
{
	if (depth > COALESCE_DEPTH_MAX || !*budget)
		return false;
	--*budget;
	node_each_item(i, n)
		if (i->kind >= NODE_SEQ && !is_bounded(*i, depth + 1, budget))
			return false;
	node_each_pair(p, n)
		if (p->value.kind >= NODE_SEQ && !is_bounded(p->value, depth + 1, budget))
			return false;
	return true;
}

/* What is imported ranks below the parent's own values. */
static err *import(struct depending *x, struct chart *c)
{
	node values, imported = node_map(x->a, 0);

	for (size_t i = 0; i < c->subs_n; i++)
		TRY(import(x, c->subs[i]));
	if (!c->meta.has_deps)
		return NULL;
	TRY(coalesce_chart(x->a, c, NODE_NOTHING, COALESCE_MERGE, x->to, &values));
	for (size_t i = 0; i < c->meta.deps_n; i++) {
		struct chart_dependency *d = &c->meta.deps[i];
		node done = value_seq(x->a, GO_SLICE, 0);

		node_each_item(item, d->import_values) {
			size_t budget = IMPORT_NODES_MAX;

			import_one(x, d, *item, values, imported, done);
			if (!is_bounded(imported, 0, &budget) || !is_bounded(values, 0, &budget))
				return err_new(ERR_INVALID, "import-values of %.*s: values grow "
							    "without bound",
					       STR_ARG(d->name));
		}
		d->import_values = done;
	}
	/* The tables that were imported are still part of `values`. */
	values = node_copy(x->a, values);
	coalesce_tables(x->a, values, imported, COALESCE_MERGE, x->to);
	c->values = values;
	return NULL;
}

err *depend_process(struct arena *a, struct chart *c, node values, const struct notices *to)
{
	struct depending x = { a, to };
	const struct chart *own = copy_chart(a, c);

	c->meta.deps = own->meta.deps;
	c->subs = own->subs;
	for (size_t i = 0; i < c->subs_n; i++)
		c->subs[i]->parent = c;
	TRY(enable(&x, c, values, STR_NONE));
	return import(&x, c);
}
