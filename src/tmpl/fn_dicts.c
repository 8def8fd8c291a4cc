/* Maps, which are references: what one path changes, all see. */
#include "tmpl/fn.h"

static err *run_dict(struct tmpl_call *c)
{
	c->out = node_map(c->a, (c->argc + 1) / 2);
	for (size_t i = 0; i < c->argc; i += 2) {
		str key = tmpl_strval(c->a, c->argv[i]);

		node_set(c->a, c->out, key, i + 1 < c->argc ? c->argv[i + 1] : node_lit(""));
	}
	return NULL;
}

static err *run_get(struct tmpl_call *c)
{
	const node *v = node_find(c->argv[0], tmpl_arg_str(c, 1));

	return tmpl_give(c, v ? *v : node_lit(""));
}

/* The map as a map[string]interface {}, whatever its name was. */
static node plain(node map)
{
	if (map.type == GO_VALUES)
		map.type = GO_MAP;
	return map;
}

static err *run_set(struct tmpl_call *c)
{
	node map = c->argv[0];

	if (map.type == GO_NIL_MAP)
		return err_new(ERR_INVALID, "assignment to entry in nil map");
	/* The value may hold the map itself: whoever walks values bounds it. */
	node_set(c->a, map, tmpl_arg_str(c, 1), c->argv[2]);
	return tmpl_give(c, plain(map));
}

static err *run_unset(struct tmpl_call *c)
{
	TRY(tmpl_spend(c, node_len(c->argv[0]) / 16));
	node_remove(c->argv[0], tmpl_arg_str(c, 1));
	return tmpl_give(c, plain(c->argv[0]));
}

static err *run_has_key(struct tmpl_call *c)
{
	return tmpl_give_bool(c, node_has(c->argv[0], tmpl_arg_str(c, 1)));
}

static err *run_pluck(struct tmpl_call *c)
{
	c->out = node_seq(c->a, c->argc);
	for (size_t i = 1; i < c->argc; i++) {
		const node *v = node_find(c->argv[i], tmpl_arg_str(c, 0));

		if (v)
			node_append(c->a, c->out, *v);
	}
	return NULL;
}

/* In the order of the map; Go's is random. */
static err *run_keys(struct tmpl_call *c)
{
	c->out = value_seq(c->a, GO_STRINGS, c->argc ? node_len(c->argv[0]) : 0);
	for (size_t i = 0; i < c->argc; i++) {
		TRY(tmpl_spend(c, node_len(c->argv[i])));
		node_each_pair(p, c->argv[i])
			node_append(c->a, c->out, p->key);
	}
	return arena_check(c->a, "template");
}

static err *run_values(struct tmpl_call *c)
{
	TRY(tmpl_spend(c, node_len(c->argv[0])));
	c->out = node_seq(c->a, node_len(c->argv[0]));
	node_each_pair(p, c->argv[0])
		node_append(c->a, c->out, p->value);
	return NULL;
}

static err *run_pick(struct tmpl_call *c)
{
	c->out = node_map(c->a, c->argc);
	for (size_t i = 1; i < c->argc; i++) {
		const node *v = node_find(c->argv[0], tmpl_arg_str(c, i));

		if (v)
			node_set(c->a, c->out, tmpl_arg_str(c, i), *v);
	}
	return NULL;
}

static err *run_omit(struct tmpl_call *c)
{
	node omit = node_map(c->a, c->argc);

	TRY(tmpl_spend(c, node_len(c->argv[0])));
	for (size_t i = 1; i < c->argc; i++)
		node_set(c->a, omit, tmpl_arg_str(c, i), node_null());
	c->out = node_map(c->a, node_len(c->argv[0]));
	node_each_pair(p, c->argv[0])
		if (!node_has(omit, node_str(p->key)))
			node_push(c->a, c->out, p->key, p->value);
	return NULL;
}

/* ---- merging ----------------------------------------------------------- */

enum { MERGE_DEPTH = 1000 };

struct merge {
	struct tmpl_call *c;
	bool overwrite;
};

static err *merge_maps(const struct merge *m, node into, node from, int depth);

/* Maps merge; else the value in place stays, unless it is empty or is to be
 * overwritten. A sub-map that is new is shared, not copied. */
static err *merge_pair(const struct merge *m, node into, const struct node_pair *p, int depth)
{
	str key = node_str(p->key);
	node *old = node_find(into, key);

	if (node_is_nil(p->value)) {
		if (m->overwrite)
			node_set(m->c->a, into, key, p->value);
		return NULL;
	}
	if (p->value.kind == NODE_MAP && old && old->kind == NODE_MAP) {
		if (old->map == p->value.map)
			return NULL;
		node sub = *old;

		TRY(merge_maps(m, sub, p->value, depth + 1));
		if (node_len(sub))
			return NULL;
	}
	if (old && value_true(*old) && !m->overwrite)
		return NULL;
	node_set(m->c->a, into, key, p->value);
	return NULL;
}

static err *merge_maps(const struct merge *m, node into, node from, int depth)
{
	if (depth > MERGE_DEPTH)
		return err_new(ERR_INVALID, "maps are nested too deep to be merged");
	TRY(tmpl_spend(m->c, node_len(from)));
	node_each_pair(p, from)
		TRY(merge_pair(m, into, p, depth));
	return arena_check(m->c->a, "template");
}

static err *run_merge(struct tmpl_call *c)
{
	const struct merge m = { c, c->mode };
	node into = c->argv[0];

	for (size_t i = 1; i < c->argc; i++) {
		if (into.type == GO_NIL_MAP && c->argv[i].type != GO_NIL_MAP)
			into = node_map(c->a, 0);
		if (c->argv[i].map != into.map)
			TRY(merge_maps(&m, into, c->argv[i], 0));
	}
	return tmpl_give(c, plain(into));
}

/* ---- digging ----------------------------------------------------------- */

static err *no_conversion(node v, const char *want)
{
	str type = value_type_name(v);

	if (node_is_nil(v))
		type = S("nil");
	return err_new(ERR_INVALID, "interface conversion: interface {} is %.*s, not %s",
		       STR_ARG(type), want);
}

static bool is_plain_map(node v)
{
	return v.kind == NODE_MAP && (v.type == GO_MAP || v.type == GO_NIL_MAP);
}

static err *run_dig(struct tmpl_call *c)
{
	if (c->argc < 3)
		return err_new(ERR_INVALID, "dig needs at least three arguments");
	node v = c->argv[c->argc - 1];
	size_t keys = c->argc - 2;

	if (!is_plain_map(v))
		return no_conversion(v, "map[string]interface {}");
	for (size_t i = 0; i < keys; i++)
		if (!value_is_str(c->argv[i]))
			return no_conversion(c->argv[i], "string");
	for (size_t i = 0; i < keys; i++) {
		const node *step = node_find(v, tmpl_arg_str(c, i));

		if (!step)
			return tmpl_give(c, c->argv[keys]);
		if (i + 1 < keys && !is_plain_map(*step))
			return no_conversion(*step, "map[string]interface {}");
		v = *step;
	}
	return tmpl_give(c, v);
}

static err *run_deep_copy(struct tmpl_call *c)
{
	if (node_is_nil(c->argv[0]))
		return err_new(ERR_INVALID, "reflect: call of reflect.Value.Type on zero Value");
	TRY(tmpl_check_tree(c, c->argv[0]));
	c->out = value_copy(c->a, c->argv[0]);
	return arena_check(c->a, "template");
}

static const struct tmpl_func table[] = {
	{ "deepCopy", "a", run_deep_copy },
	{ "dict", "a*", run_dict },
	{ "dig", "a*", run_dig },
	{ "get", "ms", run_get },
	{ "hasKey", "ms", run_has_key },
	{ "keys", "m*", run_keys },
	{ "merge", "mm*", run_merge, 0 },
	{ "mergeOverwrite", "mm*", run_merge, 1 },
	{ "mustDeepCopy", "a", run_deep_copy },
	{ "mustMerge", "mm*", run_merge, 0 },
	{ "mustMergeOverwrite", "mm*", run_merge, 1 },
	{ "omit", "ms*", run_omit },
	{ "pick", "ms*", run_pick },
	{ "pluck", "sm*", run_pluck },
	{ "set", "msa", run_set },
	{ "unset", "ms", run_unset },
	{ "values", "m", run_values },
};

const struct tmpl_funcs fn_dicts = { table, sizeof table / sizeof *table };
