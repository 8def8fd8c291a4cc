/* yaml_twice - one text read by both readers, for tests and fuzzing.
 *
 * Each document that the fast reader takes must be what the full chain makes
 * of it: the same values in the same order at the same places. */
#ifndef VALUE_YAML_TWICE_H
#define VALUE_YAML_TWICE_H

#include "value/yaml_impl.h"

static inline bool twice_same_text(node a, node b)
{
	return str_eq(node_str(a), node_str(b));
}

static inline bool twice_same_bits(node a, node b)
{
	if (a.n || b.n)
		return twice_same_text(a, b);
	switch ((enum node_kind)a.kind) {
	case NODE_BOOL:
		return a.b == b.b;
	case NODE_INT:
	case NODE_UINT:
	case NODE_FLOAT:	/* by bits: -0 and 0 differ */
		return a.u == b.u;
	default:
		return true;
	}
}

static inline bool twice_same(node a, node b)
{
	if (a.kind != b.kind || a.place != b.place || a.style != b.style || a.type != b.type ||
	    node_len(a) != node_len(b))
		return false;
	if (a.kind == NODE_SEQ) {
		for (size_t i = 0; i < a.seq->n; i++)
			if (!twice_same(a.seq->items[i], b.seq->items[i]))
				return false;
		return true;
	}
	if (a.kind != NODE_MAP)
		return twice_same_bits(a, b);
	for (size_t i = 0; i < a.map->n; i++)
		if (!twice_same(a.map->pairs[i].key, b.map->pairs[i].key) ||
		    !twice_same(a.map->pairs[i].value, b.map->pairs[i].value))
			return false;
	return true;
}

static inline err *twice_full(struct arena *a, struct yaml_compose *c, const struct yaml_options *o,
			      bool *found, node *root)
{
	struct yaml_document doc;
	struct yaml_mark bad;

	TRY(yaml_compose_next(c, &doc));
	*found = doc.root != NULL;
	*root = node_null();
	if (!doc.root)
		return NULL;
	TRY(yaml_decode(a, &doc, o, 1, root, &bad));
	return o->json ? yaml_json_step(a, root, o->numbers) : NULL;
}

/* Whether the fast reader takes all that is left. */
static inline bool twice_ends_well(struct yaml_fast *fast)
{
	bool found = true;
	node root;

	while (found)
		if (!yaml_fast_read(fast, &found, &root))
			return false;
	return true;
}

/* Documents that the fast reader took, from the first one on. `*what` says
 * what is wrong, if something is. */
static inline size_t twice_read(str text, const struct yaml_options *o, const char **what)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct yaml_compose c;
	struct yaml_fast fast;
	size_t taken = 0;

	*what = NULL;
	if (!yaml_fast_init(&fast, &a, text, o))
		return 0;
	yaml_fast_base(&fast, 1);
	yaml_compose_init(&c, &a, text, o);
	for (;;) {
		bool found, really;
		node got, want;

		if (!yaml_fast_read(&fast, &found, &got))
			break;
		err *e = twice_full(&a, &c, o, &really, &want);

		if (e && !twice_ends_well(&fast))
			;	/* the chain has met an error further down */
		else if (e)
			*what = "the fast reader takes what is an error";
		else if (found != really)
			*what = "the readers see different documents";
		else if (found && !twice_same(got, want))
			*what = "the readers make different trees";
		err_free(e);
		if (e || *what || !found)
			break;
		taken++;
	}
	yaml_fast_release(&fast);
	yaml_compose_release(&c);
	return taken;
}

static const struct yaml_options twice_options[] = {
	{ .json = true, .numbers = YAML_NUMBERS_FLOAT },
	{ .json = true },
	{ .json = true, .strict = true, .numbers = YAML_NUMBERS_FLOAT },
	{ .rules = YAML_1_2 },
	{ .rules = YAML_1_2, .numbers = YAML_NUMBERS_TEXT },
};

#endif
