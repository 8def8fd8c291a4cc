#include "value/yaml_edit.h"

#include "value/yaml_impl.h"

static node resolve_alias(node n)
{
	return n.kind == NODE_ALIAS ? n.anchor->target : n;
}

static bool is_selector(str step)
{
	return step.n > 2 && step.p[0] == '[' && str_ends(step, S("]")) &&
	       str_find_char(step, '=') != STR_NPOS;
}

static size_t find_item(node list, str step)
{
	uint64_t number;
	str field, want;

	if (str_to_u64(step, &number))
		return number < node_len(list) ? number : STR_NPOS;
	if (!is_selector(step))
		return STR_NPOS;
	str_split(str_sub(step, 1, step.n - 1), '=', &field, &want);
	for (size_t i = 0; i < node_len(list); i++) {
		node item = resolve_alias(node_at(list, i));
		node value = field.n ? resolve_alias(node_get(item, field)) : item;

		if (value.kind > NODE_NULL && value.kind <= NODE_TIME &&
		    str_eq(node_str(value), want))
			return i;
	}
	return STR_NPOS;
}

/* Index of the step in a list or map; STR_NPOS when it is not there. */
static size_t find_step(node in, str step)
{
	return in.kind == NODE_SEQ ? find_item(in, step) : node_index(in, step);
}

static node *entry_at(node in, size_t i)
{
	return in.kind == NODE_SEQ ? &in.seq->items[i] : &in.map->pairs[i].value;
}

node *yaml_edit_find(struct yaml_doc *doc, const str *path, size_t n)
{
	node *at = &doc->root;

	for (size_t i = 0; i < n; i++) {
		node in = resolve_alias(*at);
		size_t index = find_step(in, path[i]);

		if (index == STR_NPOS)
			return NULL;
		at = entry_at(in, index);
	}
	return at;
}

/* ---- setting ----------------------------------------------------------- */

static err *path_err(struct arena *a, const str *path, size_t n, const char *what)
{
	str text = arena_join(a, path, n, S("."));

	return err_new(ERR_INVALID, "%.*s %s", STR_ARG(n ? text : S("document")), what);
}

static bool reads_otherwise(str s)
{
	node value;

	return yaml_plain(s, YAML_1_1, true, &value) != NODE_STR ||
	       yaml_plain(s, YAML_1_2, true, &value) != NODE_STR;
}

static bool is_quoted(node n)
{
	return n.style >= STYLE_SINGLE && n.style <= STYLE_FOLDED;
}

/* `note`: of the slot; a tag of the old value's kind goes with it. */
static void set_scalar(node *slot, struct node_note *note, node value)
{
	bool is_text = value.kind == NODE_STR;

	value.style = STYLE_PLAIN;
	value.place = slot->place;
	if (is_text && slot->kind == NODE_STR && is_quoted(*slot))
		value.style = slot->style;
	else if (is_text && reads_otherwise(node_str(value)))
		value.style = STYLE_DOUBLE;
	else if (!is_text && !node_str(value).n)
		value.style = STYLE_ANY;
	if (note && str_starts(note->tag, S("!!")) && slot->kind != value.kind)
		note->tag = STR_NONE;
	*slot = value;
}

/* The notes of the slot at `index`, or of the root. */
static struct node_note *note_of(const struct yaml_doc *doc, node in, size_t index)
{
	if (in.kind == NODE_NONE)
		return doc->note;
	return node_note(in, in.kind == NODE_SEQ ? index : 2 * index + 1);
}

/* "spec:" with nothing behind it is a map to be; what stood as a comment behind
 * it stays behind the colon. */
static void make_map(struct arena *a, node *at, node in, size_t index)
{
	*at = node_map(a, 1);
	if (in.kind != NODE_MAP)
		return;
	struct node_note *note = node_note(in, 2 * index + 1);

	if (note && note->line.n) {
		node_note_need(a, in, 2 * index)->line = note->line;
		note->line = STR_NONE;
	}
}

static node made_value(struct arena *a, node value, bool last)
{
	node made = { .kind = NODE_NULL };

	if (!last)
		return node_map(a, 1);
	set_scalar(&made, NULL, value);
	return made;
}

err *yaml_edit_set(struct arena *a, struct yaml_doc *doc, const str *path, size_t n, node value)
{
	node *at = &doc->root, in = NODE_NOTHING;
	size_t index = 0;

	for (size_t i = 0; i < n; i++) {
		if (node_is_nil(*at))
			make_map(a, at, in, index);
		in = resolve_alias(*at);
		if (in.kind != NODE_SEQ && in.kind != NODE_MAP)
			return path_err(a, path, i, "is neither a list nor a map");
		index = find_step(in, path[i]);
		if (index == STR_NPOS && in.kind == NODE_SEQ)
			return path_err(a, path, i + 1, "is not in the list");
		if (index == STR_NPOS) {
			index = node_len(in);
			node_push(a, in, node_from_str(a, path[i]),
				  made_value(a, value, i + 1 == n));
		}
		at = entry_at(in, index);
	}
	if (at->kind == NODE_SEQ || at->kind == NODE_MAP)
		return path_err(a, path, n, at->kind == NODE_SEQ ? "is a list" : "is a map");
	set_scalar(at, note_of(doc, in, index), value);
	return NULL;
}

bool yaml_edit_remove(struct yaml_doc *doc, const str *path, size_t n)
{
	node *at = n ? yaml_edit_find(doc, path, n - 1) : NULL;

	if (!at)
		return false;
	node in = resolve_alias(*at);
	size_t index = find_step(in, path[n - 1]);

	if (index == STR_NPOS)
		return false;
	node_remove_at(in, index);
	return true;
}
