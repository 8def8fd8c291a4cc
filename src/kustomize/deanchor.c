#include "kustomize/deanchor.h"

#include "base/vec.h"

/* Go-yaml lets nearly all of a document of this many nodes come from aliases. */
enum { DEPTH_MAX = 1000, ALIASED_MAX = 400000 };

struct expander {
	struct arena *a;
	unsigned depth;
	unsigned aliases;	/* on the way here */
	size_t aliased;		/* nodes that came from aliases */
};

typedef VEC(node) maps;

static err *expand(struct expander *x, node in, node *out);

static bool is_merge(node key)
{
	return key.kind == NODE_STR && key.style <= STYLE_PLAIN && str_eq(node_str(key), S("<<"));
}

/* The maps that a merge key names, the one that wins last. */
static err *merged_maps(struct expander *x, node value, maps *out)
{
	if (value.kind == NODE_MAP) {
		avec_push(x->a, out, value);
		return NULL;
	}
	if (value.kind == NODE_ALIAS) {
		if (value.anchor->target.kind != NODE_MAP)
			return err_new(ERR_INVALID,
				       "invalid map merge: received alias for a non-map value");
		avec_push(x->a, out, value.anchor->target);
		return NULL;
	}
	if (value.kind != NODE_SEQ)
		return err_new(ERR_INVALID, "map merge requires map or sequence of maps as the value");
	for (size_t i = node_len(value); i-- > 0;) {
		if (node_at(value, i).kind == NODE_SEQ)
			return err_new(ERR_INVALID, "invalid map merge: received a nested sequence");
		TRY(merged_maps(x, node_at(value, i), out));
	}
	return NULL;
}

static err *find_merge(struct expander *x, node map, maps *out)
{
	bool found = false;

	node_each_pair(p, map) {
		if (!is_merge(p->key))
			continue;
		if (found)
			return err_new(ERR_INVALID, "duplicate merge key");
		found = true;
		TRY(merged_maps(x, p->value, out));
	}
	return NULL;
}

/* Comments count: errors tell the lines of the object as it is printed. */
static void keep_note(struct expander *x, node in, size_t at, node out, size_t to)
{
	const struct node_note *note = node_note(in, at);

	if (!note)
		return;
	struct node_note *kept = node_note_need(x->a, out, to);

	*kept = *note;
	kept->anchor = STR_NONE;
}

static err *expand_map(struct expander *x, node in, node *out)
{
	node map = node_map(x->a, node_len(in));
	maps merged = { 0 };

	TRY(find_merge(x, in, &merged));
	node_each_pair(p, in) {
		node value;

		if (is_merge(p->key))
			continue;
		TRY(expand(x, p->value, &value));
		node_push(x->a, map, p->key, value);
		for (size_t i = 0; i < 2; i++)
			keep_note(x, in, 2 * (size_t)(p - in.map->pairs) + i, map,
				  2 * (node_len(map) - 1) + i);
	}
	for (size_t i = merged.n; i-- > 0;) {
		node more;

		x->aliases++;
		TRY(expand(x, merged.p[i], &more));
		x->aliases--;
		node_each_pair(q, more)
			if (node_index_of(map, q->key) == STR_NPOS)
				node_push(x->a, map, q->key, q->value);
	}
	map.place = in.place;
	map.style = in.style;
	*out = map;
	return NULL;
}

static err *expand(struct expander *x, node in, node *out)
{
	err *e = NULL;

	if (x->depth++ > DEPTH_MAX || (x->aliases && x->aliased++ > ALIASED_MAX))
		return err_new(ERR_INVALID, "document contains excessive aliasing");
	if (in.kind == NODE_ALIAS) {
		x->aliases++;
		e = expand(x, in.anchor->target, out);
		x->aliases--;
	} else if (in.kind == NODE_MAP) {
		e = expand_map(x, in, out);
	} else if (in.kind == NODE_SEQ) {
		node list = node_seq(x->a, node_len(in));

		for (size_t i = 0; !e && i < node_len(in); i++) {
			node item = NODE_NOTHING;

			e = expand(x, node_at(in, i), &item);
			node_append(x->a, list, item);
			keep_note(x, in, i, list, i);
		}
		list.place = in.place;
		list.style = in.style;
		*out = list;
	} else {
		*out = in;
	}
	x->depth--;
	return e;
}

err *deanchor(struct arena *a, node kept, node *out)
{
	struct expander x = { .a = a };

	return expand(&x, kept, out);
}
