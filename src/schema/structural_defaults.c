/* Whether default values fit the schema that they stand in. */
#include "schema/structural_check.h"

struct checker {
	struct arena *arena;
	struct fielderrs *errors;
	const struct structural_meta *meta;
	int64_t budget;
};

/* How to get from a whole object to the default of its metadata. */
struct way {
	const struct way *up;
	str key;		/* STR_NONE: an item of a list */
	bool item;
};

static node surround(struct arena *a, const struct way *way, node value)
{
	for (; way && way->up; way = way->up) {
		node outer = way->item ? node_seq(a, 1) : node_map(a, 1);

		if (way->item)
			node_append(a, outer, value);
		else
			node_set(a, outer, way->key, value);
		value = outer;
	}
	return value;
}

static void run_rules(struct checker *c, const struct structural_where *at,
		      const struct type_rules *s, node value)
{
	struct structural_cel with = { c->arena, c->errors, c->budget, NULL };
	struct structural_cel without = with;
	size_t before = c->errors->n;

	structural_run_rules(&with, at, s, value, value, NULL);
	c->budget = with.budget;
	/* Where the old value is optional, the default may come without one. */
	if (c->errors->n == before) {
		structural_run_rules(&without, at, s, value, NODE_NOTHING, NULL);
		if (without.budget < c->budget)
			c->budget = without.budget;
	}
}

static void check_metadata(struct checker *c, const struct structural_where *at,
			   const struct type_rules *root, const struct way *way, node value,
			   bool *good)
{
	struct fielderrs own = { .arena = c->arena };
	node whole = surround(c->arena, way, node_copy(c->arena, value));
	CLEANUP(buf_release) struct buf why = BUF_INIT;

	if (whole.kind == NODE_MAP) {
		if (!node_has(whole, S("kind")))
			node_set(c->arena, whole, S("kind"), node_lit("Validation"));
		if (!node_has(whole, S("apiVersion")))
			node_set(c->arena, whole, S("apiVersion"), node_lit("validation/v1"));
	}
	if (structural_fit(&own, c->meta, NULL, root, whole, true))
		structural_check_embedded(&own, c->meta, NULL, root, whole, true);
	*good = !own.n;
	if (*good)
		return;
	fielderr_print(&why, &own);
	fielderr_invalid(c->errors, structural_where_path(c->arena, at), value,
			 "must result in valid metadata: %s", buf_c(&why));
}

static void check_pruned(struct checker *c, const struct structural_where *at,
			 const struct type_rules *s, node value)
{
	struct type t = { .rules = s };
	node pruned = node_copy(c->arena, value);

	structural_prune(&t, pruned, s->embedded, NULL);
	if (!node_equal(pruned, value))
		fielderr_invalid(c->errors, structural_where_path(c->arena, at), value,
				 "must not have unknown fields");
}

static void check_default(struct checker *c, const struct structural_where *at,
			  const struct type_rules *s, const struct type_rules *root,
			  const struct way *way, bool in_meta)
{
	struct structural_where w = { .up = at, .kind = WHERE_CHILD, .name = S("default") };
	struct structural_run run = { .arena = c->arena, .all_formats = true };
	node value = node_copy(c->arena, s->fallback);
	size_t before;
	bool good;

	if (in_meta) {
		check_metadata(c, &w, root, way, value, &good);
		before = good ? c->errors->n : SIZE_MAX;
	} else {
		check_pruned(c, &w, s, value);
		before = c->errors->n;
		if (structural_fit(c->errors, c->meta, &w, s, value, s->embedded))
			structural_check_embedded(c->errors, c->meta, &w, s, value, s->embedded);
	}
	if (c->errors->n == before)
		structural_run(&run, c->errors, &w, s, value, NULL);
	if (c->errors->n == before && s->rules_below)
		run_rules(c, &w, s, value);
}

/* Values of additionalProperties have no defaults. */
static void check(struct checker *c, const struct structural_where *at, const struct type_rules *s,
		  const struct type_rules *root, const struct way *way, bool in_meta, bool is_root)
{
	const struct way start = { 0 };
	bool whole = is_root || s->embedded;

	if (c->budget < 0)
		return;
	if (whole) {
		in_meta = false;
		way = &start;
		root = s;
	}
	if (s->fallback.kind)
		check_default(c, at, s, root, way, in_meta);
	struct structural_where items = { .up = at, .kind = WHERE_CHILD, .name = S("items") };
	struct structural_where fields = { .up = at, .kind = WHERE_CHILD, .name = S("properties") };
	struct way item = { .up = way, .item = true };

	if (s->items)
		check(c, &items, s->items, root, &item, in_meta, false);
	for (size_t i = 0; i < s->fields_n; i++) {
		str name = s->fields[i].name;
		struct structural_where w = { .up = &fields, .kind = WHERE_KEY, .name = name };
		struct way below = { .up = way, .key = name };
		bool meta = whole && (str_eq(name, S("metadata")) || str_eq(name, S("kind")) ||
				      str_eq(name, S("apiVersion")));

		check(c, &w, s->fields[i].schema, root, &below, in_meta || meta, false);
	}
}

void structural_check_defaults(struct fielderrs *e, const struct structural_meta *meta,
			       const struct structural_where *at, const struct type_rules *s)
{
	struct checker c = { e->arena, e, meta, CEL_COST_BUDGET };

	check(&c, at, s, s, NULL, false, true);
}
