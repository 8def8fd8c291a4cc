#include "helm/coalesce.h"

#include "helm/values.h"
#include "tmpl/printf.h"
#include "tmpl/value.h"

/* Chart names and keys joined by dots, for warnings. */
struct prefix {
	const struct prefix *up;
	str name;
};

struct coalescing {
	struct arena *a;
	const struct notices *to;
	unsigned depth;
	bool too_deep;
};

/* ---- warnings ---------------------------------------------------------- */

static void add_prefix(struct buf *b, const struct prefix *p)
{
	if (!p)
		return;
	add_prefix(b, p->up);
	if (b->n)
		buf_addc(b, '.');
	buf_add(b, p->name);
}

static void warn(struct coalescing *x, const char *before, const struct prefix *p, str key,
		 const char *after, const node *value)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(64 << 10);

	if (!x->to || !x->to->line)
		return;
	add_prefix(&b, &(const struct prefix){ p, key });
	str name = arena_str(x->a, buf_str(&b));

	buf_clear(&b);
	if (value)
		printf_value(&b, *value);
	notice_printf(x->to, "%s%.*s%s%s%s%s", before, STR_ARG(name), after, value ? " (" : "",
		      buf_c(&b), value ? ")" : "");
}

/* ---- tables ------------------------------------------------------------ */

/* Entries that are NODE_NONE are not there: they wait for node_remove_none. */
static node *find(node map, str key)
{
	node *n = node_find(map, key);

	return n && n->kind != NODE_NONE ? n : NULL;
}

static void drop_nulls(node map)
{
	bool dropped = false;

	node_each_pair(p, map) {
		if (node_is_nil(p->value)) {
			p->value = NODE_NOTHING;
			dropped = true;
		} else if (values_is_table(p->value)) {
			drop_nulls(p->value);
		}
	}
	if (dropped)
		node_remove_none(map);
}

static void merge_tables(struct coalescing *x, node over, node under, const struct prefix *p,
			 enum coalesce_mode mode);

/* One key that both have. True when it is to be dropped from `over`. */
static bool merge_both(struct coalescing *x, node *over, node under, const struct prefix *p,
		       str key, enum coalesce_mode mode)
{
	if (mode == COALESCE_VALUES && node_is_nil(*over) && !node_is_nil(under))
		return true;
	if (node_is_nil(*over) && !node_is_nil(under)) {
		/* Merging: the null stays, and hides what is below. */
		return false;
	}
	if (values_is_table(under)) {
		if (values_is_table(*over))
			merge_tables(x, *over, under, &(const struct prefix){ p, key }, mode);
		else
			warn(x, "warning: cannot overwrite table with non table for ", p, key, "",
			     &under);
	} else if (values_is_table(*over) && !node_is_nil(under)) {
		warn(x, "warning: destination for ", p, key,
		     " is a table. Ignoring non-table value", &under);
	}
	return false;
}

static void merge_tables(struct coalescing *x, node over, node under, const struct prefix *p,
			 enum coalesce_mode mode)
{
	bool dropped = false;

	x->too_deep |= x->depth >= COALESCE_DEPTH_MAX;
	if (!values_is_table(over) || !values_is_table(under) || x->too_deep)
		return;
	x->depth++;
	/* Imports may make the two share maps: look at each pair anew. */
	for (size_t i = 0, n = node_len(under); i < n; i++) {
		node below = under.map->pairs[i].value;
		str key = node_str(under.map->pairs[i].key);
		node *there = find(over, key);

		if (!there) {
			node_set(x->a, over, key, below);
		} else if (merge_both(x, there, below, p, key, mode)) {
			*find(over, key) = NODE_NOTHING;
			dropped = true;
		}
	}
	if (dropped)
		node_remove_none(over);
	x->depth--;
}

void coalesce_tables(struct arena *a, node over, node under, enum coalesce_mode mode,
		     const struct notices *to)
{
	struct coalescing x = { .a = a, .to = to };

	merge_tables(&x, over, under, NULL, mode);
}

/* ---- globals ----------------------------------------------------------- */

static node copy_table(struct arena *a, node map)
{
	node out = node_map(a, node_len(map));

	node_each_pair(p, map)
		node_push(a, out, p->key, p->value);
	return out;
}

static void merge_global(struct coalescing *x, node globals, str key, node value,
			 const struct prefix *p)
{
	const node *there = find(globals, key);

	if (!values_is_table(value)) {
		if (there && values_is_table(*there))
			notice_printf(x->to, "key %.*s is table. Skipping", STR_ARG(key));
		else
			node_set(x->a, globals, key, value);
		return;
	}
	node copy = copy_table(x->a, value);

	if (there && !values_is_table(*there)) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		node name = node_from_str(x->a, key);

		printf_format(&b, S("Conflict: cannot merge map onto non-map for %q. Skipping."),
			      &name, 1);
		notice_printf(x->to, "%s", buf_c(&b));
		return;
	}
	if (there)
		merge_tables(x, copy, *there, &(const struct prefix){ p, key }, COALESCE_MERGE);
	node_set(x->a, globals, key, copy);
}

/* Copy the parent's globals over the child's. */
static void merge_globals(struct coalescing *x, node child, node parent, const struct prefix *p)
{
	const node *to = find(child, S("global")), *from = find(parent, S("global"));
	node globals = to ? *to : node_map(x->a, 0);

	if (!values_is_table(globals)) {
		notice_printf(x->to,
			      "warning: skipping globals because destination global is not a table.");
		return;
	}
	if (from && !values_is_table(*from)) {
		notice_printf(x->to,
			      "warning: skipping globals because source global is not a table.");
		return;
	}
	if (from)
		node_each_pair(g, *from)
			merge_global(x, globals, node_str(g->key), g->value, p);
	node_set(x->a, child, S("global"), globals);
}

/* ---- charts ------------------------------------------------------------ */

static bool is_sub(const struct chart *c, str name)
{
	for (size_t i = 0; i < c->subs_n; i++)
		if (str_eq(c->subs[i]->meta.name, name))
			return true;
	return false;
}

/* A default whose key the user has set, too. True: drop it from `values`. */
static bool merge_default(struct coalescing *x, const struct chart *c, node there, node value,
			  const struct prefix *p, str key, enum coalesce_mode mode)
{
	if (node_is_nil(there) && mode == COALESCE_VALUES)
		return true;
	if (!values_is_table(there))
		return false;
	if (!values_is_table(value)) {
		if (!node_is_nil(value))
			warn(x, "warning: skipped value for ", p, key, ": Not a table.", NULL);
		return false;
	}
	if (is_sub(c, key))
		mode = COALESCE_MERGE;
	if (mode == COALESCE_VALUES)
		drop_nulls(value);
	merge_tables(x, there, value, &(const struct prefix){ p, key }, mode);
	return false;
}

static void merge_defaults(struct coalescing *x, const struct chart *c, node values,
			   const struct prefix *p, enum coalesce_mode mode)
{
	node defaults = node_copy(x->a, c->values);
	bool dropped = false;

	node_each_pair(d, defaults) {
		str key = node_str(d->key);
		const node *there = find(values, key);

		if (there) {
			if (merge_default(x, c, *there, d->value, p, key, mode)) {
				*find(values, key) = NODE_NOTHING;
				dropped = true;
			}
			continue;
		}
		if (mode == COALESCE_VALUES && node_is_nil(d->value))
			continue;
		if (mode == COALESCE_VALUES && values_is_table(d->value))
			drop_nulls(d->value);
		node_set(x->a, values, key, d->value);
	}
	if (dropped)
		node_remove_none(values);
}

static err *mismatch(str name, node value)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(64 << 10);

	printf_format(&b, S("%t"), &value, 1);
	return err_new(ERR_INVALID, "type mismatch on %.*s: %s", STR_ARG(name), buf_c(&b));
}

static err *coalesce(struct coalescing *x, const struct chart *c, node values,
		     const struct prefix *up, enum coalesce_mode mode)
{
	const struct prefix p = { up, c->meta.name };

	merge_defaults(x, c, values, &p, mode);
	for (size_t i = 0; i < c->subs_n; i++) {
		str name = c->subs[i]->meta.name;
		const node *there = find(values, name);
		node sub = there ? *there : node_map(x->a, 0);

		if (!there)
			node_set(x->a, values, name, sub);
		if (!values_is_table(sub))
			return mismatch(name, sub);
		merge_globals(x, sub, values, &p);
		TRY(coalesce(x, c->subs[i], sub, &p, mode));
	}
	return NULL;
}

err *coalesce_chart(struct arena *a, const struct chart *c, node values, enum coalesce_mode mode,
		    const struct notices *to, node *out)
{
	struct coalescing x = { .a = a, .to = to };
	node all = values_is_table(values) ? node_copy(a, values) : node_map(a, 0);

	TRY(coalesce(&x, c, all, NULL, mode));
	if (x.too_deep)
		return err_new(ERR_INVALID, "values are nested deeper than %d levels",
			       COALESCE_DEPTH_MAX);
	*out = all;
	return NULL;
}
