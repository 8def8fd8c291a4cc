#include "server/gostruct.h"

#include "base/buf.h"
#include "base/die.h"
#include "server/linediff.h"
#include "value/json.h"

enum go_class { GO_ANY, GO_TEXT, GO_INT, GO_BOOL, GO_QUANTITY, GO_STRUCT };
enum { GO_POINTER = 1, GO_LIST = 2, GO_MAP = 4, GO_OMIT = 8 };

/* Texts are offsets into `texts`. */
struct go_field {
	uint16_t name;	/* as Go prints it */
	uint16_t from;	/* the versioned object's field; "^x": of the object around it; "x.y": below x */
	uint8_t class;	/* enum go_class */
	uint8_t flags;
	uint16_t of;	/* of GO_STRUCT: in `structs` */
};

struct go_struct {
	uint16_t name;
	uint16_t first, n;	/* in `fields` */
};

#include "server/gostruct_table.h"

_Static_assert(sizeof texts <= UINT16_MAX && sizeof fields / sizeof *fields <= UINT16_MAX,
	       "the offsets of a table of Go structs");

static str text_at(uint16_t offset)
{
	return str_c(texts + offset);
}

static node zero(struct arena *a, const struct go_field *f);

static node show_struct(struct arena *a, const struct go_struct *s, node value, node parent);

static node show_element(struct arena *a, const struct go_field *f, node value, node parent)
{
	if (f->class == GO_STRUCT)
		return show_struct(a, &structs[f->of], value, parent);
	return node_is_nil(value) ? zero(a, f) : value;
}

/* Maps are written sorted by key. */
static node show_map(struct arena *a, const struct go_field *f, node value)
{
	struct go_field element = *f;
	node out = node_map(a, node_len(value)), sorted = node_map(a, node_len(value));

	node_each_pair(p, value)
		node_set(a, sorted, node_str(p->key), p->value);
	if (f->class != GO_STRUCT && !(f->flags & GO_LIST)) {
		node_sort(sorted);
		return sorted;
	}
	element.flags = 0;
	node_each_pair(p, value)
		node_set(a, out, node_str(p->key), show_element(a, &element, p->value, value));
	return out;
}

static node show_field(struct arena *a, const struct go_field *f, node value, node parent)
{
	if (node_is_nil(value))
		return f->flags & (GO_POINTER | GO_LIST | GO_MAP) ? node_null() : zero(a, f);
	if (f->flags & GO_MAP)
		return node_is(value, NODE_MAP) ? show_map(a, f, value) : node_null();
	if (f->flags & GO_LIST) {
		node out = node_seq(a, node_len(value));

		node_each_item(item, value)
			node_append(a, out, show_element(a, f, *item, parent));
		return out;
	}
	return show_element(a, f, value, parent);
}

static node zero(struct arena *a, const struct go_field *f)
{
	switch ((enum go_class)f->class) {
	case GO_TEXT:
		return node_lit("");
	case GO_INT:
		return node_from_int(0);
	case GO_BOOL:
		return node_from_bool(false);
	case GO_QUANTITY:
		return node_lit("0");
	case GO_STRUCT:
		return show_struct(a, &structs[f->of], NODE_NOTHING, NODE_NOTHING);
	case GO_ANY:
		break;
	}
	return node_null();
}

static bool is_omitted(const struct go_field *f, node value)
{
	if (!(f->flags & GO_OMIT))
		return false;
	return node_is_nil(value) || (value.kind == NODE_STR && !value.n) ||
	       (value.kind == NODE_INT && !node_int(value)) ||
	       (value.kind == NODE_BOOL && !node_bool(value)) ||
	       ((f->flags & (GO_LIST | GO_MAP)) && !node_len(value));
}

static node show_struct(struct arena *a, const struct go_struct *s, node value, node parent)
{
	node out = node_map(a, s->n);

	for (size_t i = 0; i < s->n; i++) {
		const struct go_field *f = &fields[s->first + i];
		str from = text_at(f->from), key;
		node v = str_take(&from, '^') ? parent : value;

		while (str_cut(&from, &key, '.'))
			v = node_get(v, key);
		if (!is_omitted(f, v))
			node_set(a, out, text_at(f->name), show_field(a, f, v, value));
	}
	return out;
}

node gostruct_tree(struct arena *a, const char *type, node value, node parent)
{
	str name = str_c(type);
	size_t low = 0, high = sizeof structs / sizeof *structs;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = str_cmp(text_at(structs[mid].name), name);

		if (c == 0)
			return show_struct(a, &structs[mid], value, parent);
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	die_bug("no Go struct %s", type);
}

/* Trees keep the order of their maps only in text: so a raw one is made. */
node gostruct_in_order(struct arena *a, node tree)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node raw = node_null();
	err *e = json_write(&b, tree, &(struct json_style){ .source_order = true });

	if (!e)
		e = json_read(a, arena_str(a, buf_str(&b)), &(struct json_options){ .raw = true }, &raw);
	err_free(e);
	return raw;
}

node gostruct_shown(struct arena *a, const char *type, node value, node parent)
{
	return node_is_nil(value) ? node_null()
				  : gostruct_in_order(a, gostruct_tree(a, type, value, parent));
}

static str pretty(struct arena *a, const char *type, node value)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	err *e = json_write(&b, gostruct_tree(a, type, value, NODE_NOTHING),
			    &(struct json_style){ .source_order = true, .indent = 1 });

	err_free(e);
	return arena_str(a, buf_str(&b));
}

str gostruct_diff(struct arena *a, const char *type, node from, node to)
{
	return linediff_unified(a, pretty(a, type, from), pretty(a, type, to));
}
