#include "kube/merge.h"

#include <stdlib.h>

#include "base/vec.h"
#include "kube/merge_impl.h"
#include "value/json.h"
#include "value/yaml.h"

/* ---- asking nodes the way kyaml does ----------------------------------- */

static bool is_scalar(node n)
{
	return n.kind > NODE_NULL && n.kind != NODE_SEQ && n.kind != NODE_MAP;
}

static bool same_body(node a, node b)
{
	return a.kind == b.kind && ((a.kind == NODE_MAP && a.map == b.map) ||
				    (a.kind == NODE_SEQ && a.seq == b.seq));
}

/* The same entry of the same tree. */
static bool same_node(node a, node b)
{
	return a.kind == b.kind && a.place == b.place && a.u == b.u;
}

static const char *kind_word(node n)
{
	if (n.kind == NODE_MAP)
		return "MappingNode";
	return n.kind == NODE_SEQ ? "SequenceNode" : "ScalarNode";
}

err *merge_wrong_kind(node n, const char *wanted)
{
	CLEANUP(buf_release) struct buf text = BUF_LIMIT(1 << 16);
	err *e = yaml_write(&text, n, YAML_WRITE_KYAML);

	if (e || text.full) {
		err_free(e);
		return err_new(ERR_INVALID, "wrong node kind: expected %s but got %s", wanted,
			       kind_word(n));
	}
	return err_new(ERR_INVALID, "wrong node kind: expected %s but got %s: node contents:\n%.*s",
		       wanted, kind_word(n), STR_ARG(buf_str(&text)));
}

static err *need(node n, enum node_kind kind, const char *wanted)
{
	bool fits = kind == NODE_STR ? is_scalar(n) : n.kind == kind;

	return node_is_nil(n) || fits ? NULL : merge_wrong_kind(n, wanted);
}

/* ---- directives -------------------------------------------------------- */

enum directive { MERGE, REPLACE, DELETE };

static err *directive_of(str word, enum directive *out)
{
	if (str_eq(word, S("delete")))
		*out = DELETE;
	else if (str_eq(word, S("replace")))
		*out = REPLACE;
	else if (str_eq(word, S("merge")))
		*out = MERGE;
	else
		return err_new(ERR_INVALID, "unknown patch strategy '%.*s'", STR_ARG(word));
	return NULL;
}

/* The directive of a patch map; it is taken out. */
static err *take_map_directive(struct merger *m, node patch, enum directive *out)
{
	node *word = node_find(patch, S("$patch"));

	*out = MERGE;
	if (!word)
		return NULL;
	TRY(directive_of(node_text(m->a, *word), out));
	node_remove(patch, S("$patch"));
	return NULL;
}

/* The directive of a patch list is an item of its own, with that one key. */
static err *take_list_directive(struct merger *m, node patch, enum directive *out)
{
	*out = MERGE;
	if (patch.kind != NODE_SEQ)
		return NULL;
	for (size_t i = 0; i < node_len(patch); i++) {
		node item = node_at(patch, i);

		if (!node_has(item, S("$patch")))
			continue;
		if (node_len(item) > 1)
			return NULL;
		str word = node_text(m->a, node_get(item, S("$patch")));

		TRY(directive_of(word, out));
		return merge_set_item(m, patch, NULL, &(str){ "$patch", 6 }, 1, &word, 1);
	}
	return NULL;
}

/* ---- maps -------------------------------------------------------------- */

/* What stands at this place before its fields are merged. */
static err *visit_map(struct merger *m, struct merge_pair *p, node *out)
{
	enum directive d = MERGE;

	if (node_is_nil(p->dest)) {
		if (p->patch.kind == NODE_MAP) {
			err_free(take_map_directive(m, p->patch, &d));
			if (d == DELETE) {
				*out = NODE_NOTHING;
				return NULL;
			}
		}
		/* A null that was written out stays when nobody touches it. */
		if (p->patch.kind == NODE_NONE && p->dest.kind == NODE_NULL && p->dest.n) {
			p->keep_null = true;
			*out = p->dest;
			return NULL;
		}
		*out = p->patch;
		return NULL;
	}
	if (p->patch.kind == NODE_NULL) {
		*out = NODE_NOTHING;
		return NULL;
	}
	if (p->patch.kind == NODE_MAP)
		TRY(take_map_directive(m, p->patch, &d));
	if (d == DELETE)
		*out = NODE_NOTHING;
	else
		*out = d == REPLACE ? p->patch : p->dest;
	return NULL;
}

static int cmp_names(const void *a, const void *b)
{
	return str_cmp(*(const str *)a, *(const str *)b);
}

/* The names of both maps' fields, sorted, each once: new fields are added in
 * this order. */
static size_t field_names(struct merger *m, node dest, node patch, str **out)
{
	size_t n = 0, kept = 0;
	str *names = arena_array(m->a, str, node_len(dest) + node_len(patch));

	node_each_pair(p, dest)
		names[n++] = node_text(m->a, p->key);
	if (!same_body(dest, patch))
		node_each_pair(q, patch)
			names[n++] = node_text(m->a, q->key);
	if (n)
		qsort(names, n, sizeof *names, cmp_names);
	for (size_t i = 0; i < n; i++)
		if (!i || !str_eq(names[i], names[kept - 1]))
			names[kept++] = names[i];
	*out = names;
	return kept;
}

/* A comment can hold the schema of its field: kyaml reads it. */
static const struct merge_type *comment_type(struct merger *m, node map, size_t at)
{
	for (size_t which = 2 * at + 2; which-- > 2 * at;) {
		const struct node_note *note = node_note(map, which);
		const str texts[] = { note ? note->line : STR_NONE, note ? note->head : STR_NONE };

		for (size_t i = 0; i < 2; i++) {
			node schema;
			str text = str_trim(str_trim_left_set(texts[i], S("#")));

			if (!str_starts(text, S("{")))
				continue;
			err *e = json_read(m->a, text, NULL, &schema);

			if (!e)
				return merge_type_from_schema(m->a, m->o->schema, schema);
			err_free(e);
		}
	}
	return NULL;
}

/* The comments of a value that was kept, with the patch's over them; or of
 * one that came from the patch, or that is new. */
static void take_notes(struct merger *m, node dest, size_t at, const struct node_note *from,
		       bool kept)
{
	static const struct node_note none;
	struct node_note *to = node_note(dest, 2 * at + 1);

	if (!to && !from)
		return;
	if (!from)
		from = &none;
	to = node_note_need(m->a, dest, 2 * at + 1);
	if (!kept || from->head.n)
		to->head = from->head;
	if (!kept || from->line.n)
		to->line = from->line;
	if (!kept || from->foot.n)
		to->foot = from->foot;
}

node merge_quoted(struct merger *m, node value)
{
	if (value.kind == NODE_STR && value.style <= STYLE_PLAIN &&
	    yaml_resolve(m->a, node_str(value), YAML_1_1, YAML_NUMBERS_EXACT).kind != NODE_STR)
		value.style = STYLE_DOUBLE;
	return value;
}

static void store_field(struct merger *m, node dest, node patch, str name,
			const struct merge_pair *p, node value)
{
	size_t at = node_index(dest, name), from = node_index(patch, name);

	if (node_is_nil(value) && !p->keep_null) {
		if (at != STR_NPOS)
			node_remove_at(dest, at);
		return;
	}
	const struct node_note *note = node_note(patch, 2 * from + 1);
	bool from_patch = from != STR_NPOS && same_node(value, patch.map->pairs[from].value);

	if (at != STR_NPOS) {
		node old = dest.map->pairs[at].value;
		bool kept = same_node(value, old);

		if (!same_body(dest, patch))
			take_notes(m, dest, at, from_patch || kept ? note : NULL, kept);
		if (!kept)
			value.style = old.style;
		dest.map->pairs[at].value = value;
		return;
	}
	node key = node_from_str(m->a, name);

	key.style = patch.map->pairs[from].key.style;
	key.place = patch.map->pairs[from].key.place;
	node_push(m->a, dest, key, merge_quoted(m, value));
	take_notes(m, dest, node_len(dest) - 1, from_patch ? note : NULL, false);
}

static err *walk_map(struct merger *m, struct merge_pair *p, const struct merge_type *type,
		     node *out)
{
	str *names;
	node dest;

	TRY(visit_map(m, p, &dest));
	*out = dest;
	if (dest.kind != NODE_MAP)
		return NULL;
	if (!node_len(dest) && p->patch.kind == NODE_MAP)
		out->style = p->patch.style;
	size_t n = field_names(m, dest, p->patch, &names);

	for (size_t i = 0; i < n; i++) {
		size_t at = node_index(dest, names[i]), from = node_index(p->patch, names[i]);
		struct merge_pair field = {
			.dest = at == STR_NPOS ? NODE_NOTHING : dest.map->pairs[at].value,
			.patch = from == STR_NPOS ? NODE_NOTHING : p->patch.map->pairs[from].value,
		};
		const struct merge_type *t = merge_type_field(type, names[i]), *said = NULL;
		node value;

		if (at != STR_NPOS)
			said = comment_type(m, dest, at);
		if (!said && from != STR_NPOS)
			said = comment_type(m, p->patch, from);
		TRY(merge_walk(m, &field, said ? said : t, &value));
		store_field(m, dest, p->patch, names[i], &field, value);
	}
	return NULL;
}

/* ---- lists and all ----------------------------------------------------- */

static bool all_have_name(node n)
{
	if (n.kind != NODE_SEQ)
		return false;
	node_each_item(i, n)
		if (!node_has(*i, S("name")))
			return false;
	return true;
}

static err *visit_list(struct merger *m, struct merge_pair *p, node *out)
{
	enum directive d;

	if (node_is_nil(p->dest)) {
		*out = p->patch;
		return NULL;
	}
	if (p->patch.kind == NODE_NULL) {
		*out = NODE_NOTHING;
		return NULL;
	}
	TRY(take_list_directive(m, p->patch, &d));
	if (d == DELETE)
		*out = NODE_NOTHING;
	else
		*out = d == REPLACE ? p->patch : p->dest;
	return NULL;
}

static err *walk_list(struct merger *m, struct merge_pair *p, const struct merge_type *type,
		      node *out)
{
	static const str by_name = { "name", 4 };
	const str *keys = NULL;
	size_t keys_n = 0;
	bool merged = merge_type_is_merged(type, &keys, &keys_n);

	if (!type && m->o->infer && (all_have_name(p->dest) || all_have_name(p->patch))) {
		merged = true;
		keys = &by_name;
		keys_n = 1;
	}
	if (!merged) {
		*out = p->patch.kind != NODE_NONE ? p->patch : p->dest;
		return NULL;
	}
	TRY(visit_list(m, p, out));
	if (out->kind != NODE_SEQ)
		return NULL;
	if (!node_len(*out) && p->patch.kind == NODE_SEQ)
		out->style = p->patch.style;
	p->dest = *out;
	return merge_items(m, p, merge_type_items(type), keys, keys_n, out);
}

/* Without a schema on the way here, an embedded object names its own. */
static const struct merge_type *type_at(struct merger *m, const struct merge_pair *p,
					const struct merge_type *type)
{
	const node both[] = { p->dest, p->patch };

	for (size_t i = 0; !type && i < 2; i++) {
		if (both[i].kind != NODE_MAP)
			continue;
		str api_version = node_str_or(node_get(both[i], S("apiVersion")), STR_NONE);
		str kind = node_str_or(node_get(both[i], S("kind")), STR_NONE);

		type = merge_schema_root(m->o->schema, api_version, kind);
	}
	return type;
}

err *merge_walk(struct merger *m, struct merge_pair *p, const struct merge_type *type, node *out)
{
	node first = node_is_nil(p->dest) ? p->patch : p->dest;
	err *e;

	if (m->depth >= MERGE_DEPTH_MAX)
		return err_new(ERR_INVALID, "patch is nested deeper than %d levels", MERGE_DEPTH_MAX);
	TRY(arena_check(m->a, "strategic merge"));
	m->depth++;
	type = type_at(m, p, type);
	if (node_is_nil(first) || first.kind == NODE_MAP) {
		e = need(p->dest, NODE_MAP, "MappingNode");
		if (!e)
			e = need(p->patch, NODE_MAP, "MappingNode");
		if (!e)
			e = walk_map(m, p, type, out);
	} else if (first.kind == NODE_SEQ) {
		e = need(p->dest, NODE_SEQ, "SequenceNode");
		if (!e)
			e = need(p->patch, NODE_SEQ, "SequenceNode");
		if (!e)
			e = walk_list(m, p, type, out);
	} else {
		e = need(p->dest, NODE_STR, "ScalarNode");
		if (!e)
			e = need(p->patch, NODE_STR, "ScalarNode");
		if (!e)
			*out = p->patch.kind != NODE_NONE ? p->patch : p->dest;
	}
	m->depth--;
	return e;
}

err *merge_strategic(struct arena *a, node target, node patch, const struct merge_options *o,
		     node *out)
{
	struct merger m = { .a = a, .o = o };
	struct merge_pair both = { .dest = target, .patch = node_copy(a, patch) };

	return merge_walk(&m, &both, NULL, out);
}
