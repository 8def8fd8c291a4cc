#include <math.h>

#include "text/duration.h"
#include "text/number.h"
#include "tmpl/timeval.h"
#include "tmpl/toml_impl.h"

/* Where in the document: the keys from the top, as TOML writes them. */
struct path {
	const struct path *up;
	str key;
	size_t depth; /* keys, this one included */
};

struct writer {
	struct buf *b;
	struct arena *a;
	size_t start; /* of our part of the buffer */
};

static err *write_element(struct writer *w, node n, int depth);
static err *write_map(struct writer *w, const struct path *path, node n, bool inline_map,
		      int depth);

/* ---- kinds ------------------------------------------------------------- */

static bool is_nil(node n)
{
	return node_is_nil(n) ||
	       (n.kind == NODE_SEQ && (n.type == GO_NIL_SLICE || n.type == GO_NIL_STRINGS)) ||
	       (n.kind == NODE_MAP &&
		(n.type == GO_NIL_MAP || n.type == GO_NIL_STRING_MAP));
}

/* A struct that writes itself as a text or time is no table. */
static bool is_table(node n)
{
	const struct value_class *c = value_class(n);

	return (n.kind == NODE_MAP && !is_nil(n)) ||
	       (c && c->kind != KIND_COMPLEX && !c->wire_text);
}

/* Whether a list is one of tables; nil has no place in any list. */
static err *is_table_list(node n, bool *out)
{
	*out = n.kind == NODE_SEQ && node_len(n) > 0;
	node_each_item(i, n) {
		bool nested;

		if (is_nil(*i))
			return err_new(ERR_INVALID, "toml: cannot encode array with nil element");
		TRY(is_table_list(*i, &nested));
		*out = *out && is_table(*i);
	}
	return NULL;
}

/* ---- texts ------------------------------------------------------------- */

static void write_quoted(struct buf *b, str s)
{
	static const char escapes[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";

	buf_addc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		const char *at = c ? strchr(escapes, c) : NULL;

		if (at) {
			buf_addc(b, '\\');
			buf_addc(b, letters[at - escapes]);
		} else if (c < ' ' || c == 0x7f) {
			buf_addf(b, "\\u%04x", c);
		} else {
			buf_addc(b, (char)c);
		}
	}
	buf_addc(b, '"');
}

static bool is_bare(str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c | 32) >= 'a' && (c | 32) <= 'z') && !(c >= '0' && c <= '9') && c != '_' &&
		    c != '-')
			return false;
	}
	return s.n > 0;
}

void toml_write_key(struct buf *b, str key)
{
	if (is_bare(key))
		buf_add(b, key);
	else
		write_quoted(b, key);
}

static void write_path(struct buf *b, const struct path *p)
{
	if (p->up) {
		write_path(b, p->up);
		buf_addc(b, '.');
	}
	toml_write_key(b, p->key);
}

static void write_newline(struct writer *w)
{
	if (w->b->n > w->start)
		buf_addc(w->b, '\n');
}

static void write_indent(struct writer *w, const struct path *p)
{
	buf_fill(w->b, ' ', 2 * (p->depth - 1));
}

/* ---- values ------------------------------------------------------------ */

static void write_float(struct buf *b, double f)
{
	size_t start = b->n;

	if (!isfinite(f)) {
		if (signbit(f))
			buf_addc(b, '-');
		buf_add(b, isnan(f) ? S("nan") : S("inf"));
		return;
	}
	number_add_float(b, f, NUMBER_G);
	str text = str_from(buf_str(b), start);

	if (str_find_char(text, '.') == STR_NPOS && str_find_char(text, 'e') == STR_NPOS)
		buf_add(b, S(".0"));
}

static err *write_list(struct writer *w, node n, int depth)
{
	size_t length = (size_t)value_len(n);

	buf_addc(w->b, '[');
	for (size_t i = 0; i < length; i++) {
		if (i)
			buf_add(w->b, S(", "));
		TRY(write_element(w, value_bare(value_item(n, i)), depth + 1));
	}
	buf_addc(w->b, ']');
	return NULL;
}

static err *write_object(struct writer *w, node n)
{
	const struct value_class *c = value_class(n);
	struct gotime t;

	if (timeval_get(n, &t)) {
		c->wire_text(w->b, n.object);
		return NULL;
	}
	if (c->wire_text) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;

		c->wire_text(&text, n.object);
		write_quoted(w->b, buf_str(&text));
		return NULL;
	}
	return err_new(ERR_INVALID, "unsupported type: %.*s", STR_ARG(value_kind_name(n)));
}

static err *write_int(struct writer *w, node n)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (n.kind == NODE_UINT) {
		number_add_uint(w->b, n.u);
	} else if (n.type == GO_DURATION) {
		duration_add(&text, n.i);
		write_quoted(w->b, buf_str(&text));
	} else {
		number_add_int(w->b, n.i);
	}
	return NULL;
}

static err *write_element(struct writer *w, node n, int depth)
{
	if (depth > TOML_DEPTH_MAX)
		return err_new(ERR_INVALID, "toml: value is nested too deep");
	switch ((enum node_kind)n.kind) {
	case NODE_BOOL:
		buf_add(w->b, n.b ? S("true") : S("false"));
		return NULL;
	case NODE_INT:
	case NODE_UINT:
		return write_int(w, n);
	case NODE_FLOAT:
		write_float(w->b, n.f);
		return NULL;
	case NODE_STR:
	case NODE_TIME:
		if (n.type == GO_BYTES)
			return write_list(w, n, depth);
		write_quoted(w->b, node_str(n));
		return NULL;
	case NODE_SEQ:
		return write_list(w, n, depth);
	case NODE_MAP:
		return write_map(w, NULL, n, true, depth + 1);
	case NODE_OBJECT:
		return write_object(w, n);
	case NODE_NONE:
	case NODE_NULL:
	case NODE_ALIAS:
		break;
	}
	return err_new(ERR_INVALID, "unexpected type: nil");
}

static err *write_pair(struct writer *w, const struct path *path, node n, bool inline_map,
		       int depth)
{
	if (!inline_map)
		write_indent(w, path);
	toml_write_key(w->b, path->key);
	buf_add(w->b, S(" = "));
	TRY(write_element(w, n, depth));
	if (!inline_map)
		write_newline(w);
	return NULL;
}

/* ---- tables ------------------------------------------------------------ */

static err *write_table_list(struct writer *w, const struct path *path, node n, int depth)
{
	node_each_item(i, n) {
		write_newline(w);
		write_indent(w, path);
		buf_add(w->b, S("[["));
		write_path(w->b, path);
		buf_add(w->b, S("]]"));
		write_newline(w);
		TRY(write_map(w, path, *i, false, depth));
	}
	return NULL;
}

static err *write_table(struct writer *w, const struct path *path, node n, int depth)
{
	if (path->depth == 1)
		write_newline(w);
	write_indent(w, path);
	buf_addc(w->b, '[');
	write_path(w->b, path);
	buf_addc(w->b, ']');
	write_newline(w);
	return write_map(w, path, n, false, depth);
}

static err *write_entry(struct writer *w, const struct path *path, node n, int depth)
{
	bool tables;

	TRY(is_table_list(n, &tables));
	if (tables)
		return write_table_list(w, path, n, depth);
	if (n.kind == NODE_MAP)
		return write_table(w, path, n, depth);
	return write_pair(w, path, n, false, depth);
}

/* Fields of structs are no different from keys, but for their order. */
static node as_map(struct arena *a, node n)
{
	const struct value_class *c = value_class(n);

	if (!c)
		return n;
	node map = node_map(a, c->fields_n);

	for (size_t i = 0; i < c->fields_n; i++)
		node_push(a, map, node_from_str(a, str_c(c->fields[i].name)),
			  c->fields[i].get(a, n.object));
	return map;
}

struct entry {
	node key, value;
	bool table; /* or a list of tables */
};

/* The plain keys, or the tables. In a map on one line, a comma stands behind
 * every key but the last one of the last part. */
static err *write_part(struct writer *w, const struct path *path, const struct entry *entries,
		       size_t n, bool tables, bool inline_map, int depth)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		left += entries[i].table == tables || (entries[i].table && inline_map);
	for (size_t i = 0; i < n; i++) {
		node v = entries[i].value;
		const struct path at = { path, node_str(entries[i].key),
					 path ? path->depth + 1 : 1 };

		if (entries[i].table != tables)
			continue;
		left--;
		if (is_nil(v))
			continue;
		if (is_table(v))
			v = as_map(w->a, v);
		if (!inline_map) {
			TRY(write_entry(w, &at, v, depth + 1));
			continue;
		}
		TRY(write_pair(w, &at, v, true, depth + 1));
		if (left)
			buf_add(w->b, S(", "));
	}
	return NULL;
}

static err *write_map(struct writer *w, const struct path *path, node n, bool inline_map, int depth)
{
	if (depth > TOML_DEPTH_MAX)
		return err_new(ERR_INVALID, "toml: value is nested too deep");
	n = as_map(w->a, n);
	size_t length = node_len(n);
	const struct node_pair *pairs = value_sorted(w->a, n);
	struct entry *entries = arena_alloc(w->a, (length + 1) * sizeof *entries);

	for (size_t i = 0; i < length; i++) {
		bool list;

		TRY(is_table_list(pairs[i].value, &list));
		entries[i] = (struct entry){ pairs[i].key, pairs[i].value,
					     list || is_table(pairs[i].value) };
	}
	if (inline_map)
		buf_addc(w->b, '{');
	TRY(write_part(w, path, entries, length, false, inline_map, depth));
	TRY(write_part(w, path, entries, length, true, inline_map, depth));
	if (inline_map)
		buf_addc(w->b, '}');
	return NULL;
}

err *toml_write(struct buf *b, struct arena *a, node n)
{
	struct writer w = { b, a, b->n };
	bool tables;

	if (node_is_nil(n))
		return err_new(ERR_INTERNAL, "reflect: call of reflect.Value.Type on zero Value");
	TRY(is_table_list(n, &tables));
	if (tables)
		return err_new(ERR_INVALID, "toml: top-level values must be Go maps or structs");
	if (is_table(n))
		return write_map(&w, NULL, n, false, 0);
	return n.kind == NODE_MAP ? NULL : write_element(&w, n, 0);
}
