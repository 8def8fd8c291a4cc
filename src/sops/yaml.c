/* YAML: the notes of a kept document become comment entries, and these notes again,
 * each where SOPS puts it. */
#include "base/utf8.h"
#include "sops/impl.h"
#include "text/base64.h"
#include "value/yaml.h"

struct reader {
	struct arena *a;
	unsigned depth;
	size_t entries;		/* made: aliases may multiply them */
};

enum { ENTRIES_MAX = 1000000 };

static const struct node_note no_note;

static const struct node_note *note_of(node n, size_t which)
{
	const struct node_note *note = node_note(n, which);

	return note ? note : &no_note;
}

/* ---- reading ------------------------------------------------------------ */

static err *read_value(struct reader *r, node n, const struct node_note *note, bool handled,
		       node *out);

static err *read_binary(struct arena *a, node n, node *out)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;

	err *e = base64_read(&bytes, node_str(n), BASE64_STD);
	if (e)
		return err_replace(e, "yaml: !!binary value contains invalid base64 data");
	*out = node_copy_str(a, buf_str(&bytes));
	return NULL;
}

/* What Go decodes a scalar to: a value without the way it was written. */
static err *read_scalar(struct arena *a, node n, const struct node_note *note, node *out)
{
	if (str_eq(note->tag, S("!!binary")))
		return read_binary(a, n, out);
	switch (n.kind) {
	case NODE_STR:
		*out = node_from_str(a, node_str(n));
		break;
	case NODE_BOOL:
		*out = node_from_bool(node_bool(n));
		break;
	case NODE_INT:
		*out = node_from_int(node_int(n));
		break;
	case NODE_UINT:
		*out = (node){ .kind = NODE_UINT, .u = node_uint(n) };
		break;
	case NODE_FLOAT:
		*out = node_from_float(node_float(n));
		break;
	case NODE_TIME:
		*out = node_from_text(a, NODE_TIME, node_str(n));
		break;
	default:
		*out = node_null();
	}
	return NULL;
}

static err *count(struct reader *r, size_t n)
{
	r->entries += n;
	if (r->entries > ENTRIES_MAX)
		return err_new(ERR_INVALID, "the document has more than %d values", ENTRIES_MAX);
	return arena_check(r->a, "an encrypted document");
}

static err *read_list(struct reader *r, node n, const struct node_note *note, bool handled,
		      struct sops_branch *to)
{
	if (!handled) {
		sops_branch_comment(r->a, to, note->head, false);
		sops_branch_comment(r->a, to, note->line, false);
	}
	for (size_t i = 0; i < node_len(n); i++) {
		const struct node_note *of = note_of(n, i);
		node value;

		sops_branch_comment(r->a, to, of->head, false);
		sops_branch_comment(r->a, to, of->line, true);
		TRY(read_value(r, node_at(n, i), of, true, &value));
		sops_branch_add(r->a, to, STR_NONE, value);
		sops_branch_comment(r->a, to, of->foot, false);
	}
	if (!handled)
		sops_branch_comment(r->a, to, note->foot, false);
	return NULL;
}

static err *read_pair(struct reader *r, node n, size_t i, struct sops_branch *to)
{
	const struct node_note *of_key = note_of(n, 2 * i), *of_value = note_of(n, 2 * i + 1);
	node key = n.map->pairs[i].key, value = n.map->pairs[i].value, made;
	bool handled = value.kind != NODE_MAP && value.kind != NODE_SEQ;

	if (key.kind != NODE_STR)
		return err_new(ERR_INVALID, "Tree contains a non-string key: %.*s. Only string keys "
					    "are supported",
			       STR_ARG(node_text(r->a, key)));
	sops_branch_comment(r->a, to, of_key->head, false);
	sops_branch_comment(r->a, to, of_key->line, false);
	if (handled) {
		sops_branch_comment(r->a, to, of_value->head, false);
		sops_branch_comment(r->a, to, of_value->line, true);
	}
	TRY(read_value(r, value, of_value, handled, &made));
	sops_branch_add(r->a, to, node_str(key), made);
	if (handled)
		sops_branch_comment(r->a, to, of_value->foot, false);
	sops_branch_comment(r->a, to, of_key->foot, false);
	return NULL;
}

static err *read_map(struct reader *r, node n, const struct node_note *note, bool handled,
		     struct sops_branch *to)
{
	if (!handled) {
		sops_branch_comment(r->a, to, note->head, false);
		sops_branch_comment(r->a, to, note->line, false);
	}
	for (size_t i = 0; i < node_len(n); i++)
		TRY(read_pair(r, n, i, to));
	if (!handled)
		sops_branch_comment(r->a, to, note->foot, false);
	return NULL;
}

static err *read_value(struct reader *r, node n, const struct node_note *note, bool handled,
		       node *out)
{
	if (n.kind == NODE_ALIAS) {
		n = n.anchor->target;
		note = &no_note;
		handled = false;
	}
	if (n.kind != NODE_MAP && n.kind != NODE_SEQ)
		return read_scalar(r->a, n, note, out);
	struct sops_branch *b = sops_branch_new(r->a, n.kind == NODE_SEQ);

	if (r->depth == SOPS_DEPTH_MAX)
		return err_new(ERR_INVALID, "the document is nested deeper than %d levels",
			       SOPS_DEPTH_MAX);
	TRY(count(r, node_len(n)));
	r->depth++;
	err *e = n.kind == NODE_SEQ ? read_list(r, n, note, handled, b)
				    : read_map(r, n, note, handled, b);
	r->depth--;
	*out = sops_branch_node(b);
	return e;
}

static err *read_doc(struct reader *r, const struct yaml_doc *doc, struct sops_branch **out)
{
	struct sops_branch *b = sops_branch_new(r->a, false);
	node root = doc->root;

	sops_branch_comment(r->a, b, doc->head, false);
	while (root.kind == NODE_ALIAS)
		root = root.anchor->target;
	if (root.kind == NODE_SEQ)
		return err_new(ERR_INVALID, "YAML documents that are sequences are not supported");
	if (root.kind != NODE_MAP && root.kind != NODE_NULL && root.kind != NODE_NONE)
		return err_new(ERR_INVALID, "YAML documents that are values are not supported");
	if (root.kind == NODE_MAP) {
		TRY(count(r, node_len(root)));
		TRY(read_map(r, root, doc->note ? doc->note : &no_note, false, b));
	}
	sops_branch_comment(r->a, b, doc->foot, false);
	*out = b;
	return NULL;
}

err *sops_yaml_read(struct arena *a, str bytes, struct sops_branches *out)
{
	struct reader r = { .a = a };
	struct yaml_doc *docs;
	node first;
	size_t n;

	/* What Go reads first: equal keys fail there. */
	TRY(yaml_read(a, bytes, YAML_V3, &first));
	err *e = yaml_read_all(a, bytes, YAML_KEEP, &docs, &n);

	for (size_t i = 0; !e && i < n; i++) {
		struct sops_branch *b;

		e = read_doc(&r, &docs[i], &b);
		if (!e)
			avec_push(a, out, b);
	}
	return e ? err_wrap(e, "Error unmarshaling input YAML") : NULL;
}

/* ---- writing ------------------------------------------------------------ */

struct lines {
	str *p;
	size_t n, cap;
};

/* The comment of those lines before what is there; and forget the lines. */
static void put_above(struct arena *a, struct lines *lines, str *comment)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!lines->n)
		return;
	for (size_t i = 0; i < lines->n; i++) {
		buf_add(&b, i ? S("\n#") : S("#"));
		buf_add(&b, lines->p[i]);
	}
	if (comment->n) {
		buf_addc(&b, '\n');
		buf_add(&b, *comment);
	}
	*comment = arena_str(a, buf_str(&b));
	lines->n = 0;
}

/* What is left at the end: below the last entry, or above the empty list or map. */
static void put_rest(struct arena *a, struct lines *above, struct lines *behind, str *last,
		     str *own)
{
	for (size_t i = 0; i < behind->n; i++)
		avec_push(a, above, behind->p[i]);
	put_above(a, above, last ? last : own);
}

static node build(struct arena *a, node n, struct node_note *own);

static node build_list(struct arena *a, const struct sops_branch *b, struct node_note *own)
{
	struct lines above = { 0 }, behind = { 0 };
	node list = node_seq(a, b->n);
	bool begun = false;

	for (size_t i = 0; i < b->n; i++) {
		struct node_note note = { 0 };

		if (b->p[i].comment) {
			struct lines *to = b->p[i].same_line ? &behind : &above;

			avec_push(a, to, b->p[i].key);
			continue;
		}
		if (!begun)
			put_above(a, &above, &own->head);
		begun = true;
		node item = build(a, b->p[i].value, &note);

		put_above(a, &above, &note.head);
		put_above(a, &behind, &note.line);
		node_append(a, list, item);
		*node_note_need(a, list, node_len(list) - 1) = note;
	}
	size_t n = node_len(list);

	put_rest(a, &above, &behind, n ? &node_note_need(a, list, n - 1)->foot : NULL, &own->head);
	return list;
}

static node build_map(struct arena *a, const struct sops_branch *b, struct node_note *own)
{
	struct lines above = { 0 }, behind = { 0 };
	node map = node_map(a, b->n);
	bool begun = false;

	for (size_t i = 0; i < b->n; i++) {
		struct node_note of_key = { 0 }, of_value = { 0 };

		if (b->p[i].comment) {
			struct lines *to = b->p[i].same_line ? &behind : &above;

			avec_push(a, to, b->p[i].key);
			continue;
		}
		if (!begun)
			put_above(a, &above, &own->head);
		begun = true;
		put_above(a, &above, &of_key.head);
		node value = build(a, b->p[i].value, &of_value);

		put_above(a, &behind, &of_value.line);
		node_push(a, map, node_from_str(a, b->p[i].key), value);
		size_t at = 2 * (node_len(map) - 1);

		*node_note_need(a, map, at) = of_key;
		*node_note_need(a, map, at + 1) = of_value;
	}
	size_t n = node_len(map);

	put_rest(a, &above, &behind, n ? &node_note_need(a, map, 2 * (n - 1))->foot : NULL,
		 &own->head);
	return map;
}

/* Text that is no UTF-8, as go-yaml writes it. */
static node build_binary(struct arena *a, str bytes, struct node_note *own)
{
	enum { LINE = 70 };
	CLEANUP(buf_release) struct buf letters = BUF_INIT, lines = BUF_INIT;

	base64_write(&letters, bytes, BASE64_STD);
	own->tag = S("!!binary");
	if (letters.n < LINE)
		return node_copy_str(a, buf_str(&letters));
	for (size_t i = 0; i < letters.n; i += LINE) {
		buf_add(&lines, str_sub(buf_str(&letters), i, i + LINE));
		buf_addc(&lines, '\n');
	}
	return node_copy_str(a, buf_str(&lines));
}

static node build(struct arena *a, node n, struct node_note *own)
{
	const struct sops_branch *b = sops_branch_of(n);

	if (b)
		return b->list ? build_list(a, b, own) : build_map(a, b, own);
	if (n.kind == NODE_STR && !utf8_valid(node_str(n)))
		return build_binary(a, node_str(n), own);
	if (n.kind == NODE_TIME) {
		char text[YAML_TIME_MAX];
		size_t size = yaml_print_time(text, node_str(n));

		return node_from_text(a, NODE_TIME, arena_str(a, str_of(text, size)));
	}
	return n;
}

err *sops_yaml_write(struct arena *a, const struct sops_branches *tree, struct buf *out)
{
	for (size_t i = 0; i < tree->n; i++) {
		struct node_note note = { 0 };
		struct yaml_doc doc = { .root = build(a, sops_branch_node(tree->p[i]), &note),
					.note = &note };

		if (i)
			buf_add(out, S("---\n"));
		err *e = yaml_write_doc(out, &doc, YAML_WRITE_V3);

		if (e)
			return err_wrap(e, "Error marshaling to YAML");
	}
	return NULL;
}
