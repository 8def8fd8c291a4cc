#include "kustomize/objfile.h"

#include <stdlib.h>

#include "base/buf.h"
#include "kustomize/deanchor.h"
#include "value/yaml.h"

/* More than a cluster holds; each costs some hundred bytes. */
enum { OBJECTS_MAX = 1000000, LIST_NESTING_MAX = 1000 };

/* ---- pieces of a text -------------------------------------------------- */

str objfile_without_cr(struct arena *a, str text)
{
	if (str_find_char(text, '\r') == STR_NPOS)
		return text;
	char *to = arena_alloc(a, text.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '\r' || i + 1 == text.n || text.p[i + 1] != '\n')
			to[n++] = text.p[i];
	to[n] = 0;
	return str_of(to, n);
}

/* The next line that begins with "---", from the line feed before it to the
 * one that ends it. */
static bool find_separator(str text, size_t *start, size_t *end)
{
	*start = str_find(text, S("\n---"));
	if (*start == STR_NPOS)
		return false;
	size_t line = str_find_char(str_from(text, *start + 1), '\n');

	if (line == STR_NPOS)
		return false;
	*end = *start + 1 + line + 1;
	return true;
}

void objfile_pieces_init(struct objfile_pieces *p, str text)
{
	*p = (struct objfile_pieces){ .rest = text, .next_line = 1 };
}

err *objfile_next_piece(struct objfile_pieces *p, str *piece, bool *more)
{
	size_t start, end;

	*more = !p->last;
	if (p->last)
		return NULL;
	p->line = p->next_line;
	p->last = !find_separator(p->rest, &start, &end);
	*piece = p->last ? p->rest : str_sub(p->rest, 0, start + 1);
	if (p->last)
		return NULL;
	str behind = str_trim(str_sub(p->rest, start + 4, end));

	if (behind.n && behind.p[0] != '#')
		return err_new(ERR_INVALID, "invalid document separator: %.*s",
			       STR_ARG(str_trim(str_sub(p->rest, start, end))));
	p->next_line += (uint32_t)str_count_char(*piece, '\n') + 1;
	p->rest = str_from(p->rest, end);
	return NULL;
}

/* ---- heads ------------------------------------------------------------- */

static bool is_empty(node n)
{
	return node_is_nil(n) || ((n.kind == NODE_MAP || n.kind == NODE_SEQ) && !node_len(n));
}

static int cmp_pairs(const void *x, const void *y)
{
	return str_cmp(node_str(((const struct node_pair *)x)->key),
		       node_str(((const struct node_pair *)y)->key));
}

static void print_map(struct arena *a, struct buf *b, node map)
{
	node sorted = node_copy(a, map);

	buf_add(b, S("map["));
	if (sorted.kind == NODE_MAP && node_len(sorted))
		qsort(sorted.map->pairs, node_len(sorted), sizeof *sorted.map->pairs, cmp_pairs);
	node_each_pair(p, sorted) {
		buf_add(b, p == sorted.map->pairs ? STR_NONE : S(" "));
		buf_add(b, node_text(a, p->key));
		buf_addc(b, ':');
		buf_add(b, node_is_nil(p->value) ? STR_NONE : node_text(a, p->value));
	}
	buf_addc(b, ']');
}

static str meta_text(struct arena *a, node n)
{
	return node_is_nil(n) ? STR_NONE : node_text(a, n);
}

str objfile_print_meta(struct arena *a, node object)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(1 << 20);
	node metadata = node_get(object, S("metadata"));

	buf_addf(&b, "{{%.*s %.*s} {{%.*s %.*s} ",
		 STR_ARG(meta_text(a, node_get(object, S("apiVersion")))),
		 STR_ARG(meta_text(a, node_get(object, S("kind")))),
		 STR_ARG(meta_text(a, node_get(metadata, S("name")))),
		 STR_ARG(meta_text(a, node_get(metadata, S("namespace")))));
	print_map(a, &b, node_get(metadata, S("labels")));
	buf_addc(&b, ' ');
	print_map(a, &b, node_get(metadata, S("annotations")));
	buf_add(&b, S("}}"));
	return arena_str(a, buf_str(&b));
}

err *objfile_check(struct arena *a, node object)
{
	node metadata = node_get(object, S("metadata"));
	str kind = meta_text(a, node_get(object, S("kind")));
	static const char *const fields[] = { "name", "namespace", "labels", "annotations" };
	bool any = !is_empty(node_get(object, S("apiVersion"))) ||
		   !is_empty(node_get(object, S("kind")));

	for (size_t i = 0; i < 4; i++)
		any |= !is_empty(node_get(metadata, str_c(fields[i])));
	if (!any)
		return err_new(ERR_INVALID, "missing Resource metadata");
	if (!kind.n)
		return err_new(ERR_INVALID, "missing kind in object %.*s",
			       STR_ARG(objfile_print_meta(a, object)));
	if (!str_ends(kind, S("List")) && !meta_text(a, node_get(metadata, S("name"))).n)
		return err_new(ERR_INVALID, "missing metadata.name in object %.*s",
			       STR_ARG(objfile_print_meta(a, object)));
	return NULL;
}

/* ---- lists ------------------------------------------------------------- */

/* An object that is YAML but no good value. */
struct odd {
	node object;
	str why;
};

struct reading {
	struct arena *a;
	struct sources *sources;
	const struct source_scalar *in;	/* or NULL */
	VEC(struct odd) odd;
	node_list *out;
};

static err *add(struct reading *r, node object)
{
	if (is_empty(object))
		return NULL;
	if (r->out->n >= OBJECTS_MAX)
		return err_new(ERR_INVALID, "more than %d objects in one file", OBJECTS_MAX);
	err *e = objfile_check(r->a, object);

	if (e)
		return sources_err(r->sources, object.place, e);
	avec_push(r->a, r->out, object);
	return NULL;
}

/* Lists are read as values at once: what is wrong with one is told here. */
static err *check_list(struct reading *r, node list, str kind)
{
	for (size_t i = 0; i < r->odd.n; i++) {
		CLEANUP(buf_release) struct buf text = BUF_LIMIT(1 << 20);
		const struct odd *o = &r->odd.p[i];

		if (o->object.kind != list.kind || o->object.map != list.map)
			continue;
		err_free(yaml_write(&text, list, YAML_WRITE_KYAML));
		return sources_err(r->sources, list.place,
				   err_new(ERR_INVALID,
					   "trouble expanding list of %.*s; received error %.*s for the "
					   "following resource:\n%.*s",
					   STR_ARG(kind), STR_ARG(o->why), STR_ARG(buf_str(&text))));
	}
	return NULL;
}

/* Objects of a kind XList give their items, which come at the end. */
static err *unfold(struct reading *r)
{
	node_list queue = *r->out, result = { 0 };

	*r->out = (node_list){ 0 };
	for (size_t i = 0; i < queue.n; i++) {
		node object = queue.p[i], items = node_get(object, S("items"));
		str kind = node_text(r->a, node_get(object, S("kind")));

		if (str_ends(kind, S("List")))
			TRY(check_list(r, object, kind));
		if (!str_ends(kind, S("List")) || items.kind == NODE_NONE) {
			avec_push(r->a, &result, object);
			continue;
		}
		if (items.kind == NODE_NULL)
			continue;
		if (items.kind != NODE_SEQ)
			return sources_err(r->sources, items.place,
					   err_new(ERR_INVALID,
						   "expected array in %.*s/items, but found %s",
						   STR_ARG(kind),
						   items.kind == NODE_MAP ? "map[string]interface {}"
						   : items.kind == NODE_STR ? "string"
						   : items.kind == NODE_BOOL ? "bool"
						   : items.kind == NODE_INT ? "int"
									    : "float64"));
		node_each_item(item, items) {
			TRY(add(r, *item));
			if (r->out->n) {
				avec_push(r->a, &queue, r->out->p[0]);
				r->out->n = 0;
			}
		}
	}
	*r->out = result;
	return NULL;
}

/* A lone List or ResourceList is only a wrapping. */
static bool is_wrapping(node object)
{
	str kind = node_str_or(node_get(object, S("kind")), STR_NONE);

	return (str_eq(kind, S("List")) || str_eq(kind, S("ResourceList"))) &&
	       (node_has(object, S("items")) || node_has(object, S("functionConfig")));
}

/* ---- all --------------------------------------------------------------- */

/* The comment above a document, and the blank line below it, over the first key. */
static void keep_head(struct arena *a, const struct yaml_doc *doc, node object)
{
	if (!doc->head.n || object.kind != NODE_MAP || !node_len(object))
		return;
	struct node_note *note = node_note_need(a, object, 0);

	note->head = arena_cat(a, doc->head, S("\n#"), note->head.n ? S("\n") : STR_NONE, note->head);
}

static err *read_piece(struct reading *r, str piece, str name, uint32_t line, node *out)
{
	const struct yaml_options o = {
		.rules = YAML_1_2, .numbers = YAML_NUMBERS_TEXT, .sources = r->sources, .name = name,
		.line = line, .in = r->in, .flow = true,
	};
	struct arena_mark mark = arena_mark(r->a);
	err *e = yaml_read(r->a, piece, &o, out), *again;

	if (!e)
		return NULL;
	arena_rewind(r->a, mark);
	/* What is YAML but no good value: kustomize sees that when it prints. */
	struct yaml_options keep = o;
	struct yaml_doc *docs;
	size_t n;

	keep.keep = true;
	again = yaml_read_all(r->a, piece, &keep, &docs, &n);
	if (again || !n) {
		err_free(again);
		return err_wrap(e, "MalformedYAMLError");
	}
	str why = arena_str(r->a, err_text(e));

	err_free(e);
	TRY(deanchor(r->a, docs[0].root, out));
	keep_head(r->a, &docs[0], *out);
	avec_push(r->a, &r->odd, ((struct odd){ *out, why }));
	return NULL;
}

struct piece {
	str text;
	uint32_t line;
};

typedef VEC(struct piece) piece_list;

static err *cut(struct arena *a, str text, piece_list *out)
{
	struct objfile_pieces pieces;

	objfile_pieces_init(&pieces, text);
	for (;;) {
		struct piece piece;
		bool more;

		TRY(objfile_next_piece(&pieces, &piece.text, &more));
		if (!more)
			return NULL;
		piece.line = pieces.line;
		avec_push(a, out, piece);
	}
}

/* All is cut, then all is read, before the first object is looked at. */
static err *parse(struct reading *r, str text, str name)
{
	piece_list pieces = { 0 };

	*r->out = (node_list){ 0 };
	TRY(cut(r->a, text, &pieces));
	node *objects = arena_array(r->a, node, pieces.n);

	for (size_t i = 0; i < pieces.n; i++)
		TRY(read_piece(r, pieces.p[i].text, name, pieces.p[i].line, &objects[i]));
	if (pieces.n == 1 && is_wrapping(objects[0])) {
		node items = node_get(objects[0], S("items"));

		node_each_item(i, items)
			TRY(add(r, *i));
		return unfold(r);
	}
	for (size_t i = 0; i < pieces.n; i++)
		TRY(add(r, objects[i]));
	return unfold(r);
}

err *objfile_parse(struct arena *a, struct sources *sources, str text, str name, node_list *out)
{
	struct reading r = { .a = a, .sources = sources, .out = out };

	return parse(&r, objfile_without_cr(a, text), name);
}

err *objfile_parse_inline(struct arena *a, struct sources *sources, str text, uint32_t place,
			  str name, node_list *out)
{
	const struct source_scalar in = { place, objfile_without_cr(a, text) };
	struct reading r = { .a = a, .sources = sources, .in = &in, .out = out };

	return parse(&r, in.value, name);
}

bool objfile_is_malformed(const err *e)
{
	return str_has(err_text(e), S("MalformedYAMLError"));
}

err *objfile_name_file(err *e, str name)
{
	str text = err_text(e);

	if (!objfile_is_malformed(e) && !str_has(text, S("error converting YAML to JSON")) &&
	    !str_has(text, S("error unmarshaling JSON")))
		return e;
	return err_replace(e, "%.*s in File: %.*s", STR_ARG(text), STR_ARG(name));
}
