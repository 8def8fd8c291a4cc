#include "driver.h"
#include "text/quote.h"
#include "value/yaml.h"

static err *rewrite_all(struct arena *a, struct buf *b, str text, const struct yaml_options *o,
			enum yaml_profile profile)
{
	struct yaml_doc *docs;
	size_t n;

	TRY(yaml_read_all(a, text, o, &docs, &n));
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add(b, S("---\n"));
		docs[i].wide = false;
		TRY(yaml_write_doc(b, &docs[i], profile));
	}
	return NULL;
}

/* yaml: "text" read by "rules" (1.1 through JSON, 1.2) and written as "emit"
 * says: sigs, v3-wide, or kyaml, which keeps all documents as they are. Rules
 * 1.2 read "all" documents also into values. */
static err *run_yaml(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str text = driver_text(a, request, "text");
	str emit = node_str(node_get(request, S("emit")));
	struct yaml_options o = *YAML_V3;

	if (str_eq(emit, S("kyaml"))) {
		TRY(rewrite_all(a, &b, text, YAML_KEEP, YAML_WRITE_KYAML));
	} else if (driver_bool(request, "all", false)) {
		TRY(rewrite_all(a, &b, text, YAML_V3, YAML_WRITE_V3_WIDE));
	} else {
		node tree;

		if (str_eq(node_str(node_get(request, S("rules"))), S("1.1"))) {
			o = *YAML_SIGS;
			o.strict = driver_bool(request, "strict", false);
		}
		TRY(yaml_read(a, text, &o, &tree));
		TRY(yaml_write(&b, tree,
			       str_eq(emit, S("sigs")) ? YAML_WRITE_SIGS : YAML_WRITE_V3_WIDE));
	}
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

/* ---- yaml-tree --------------------------------------------------------- */

static const char *const styles[] = {
	"any", "plain", "single", "double", "literal", "folded", "block", "flow",
};

static void dump_text(struct buf *b, const char *name, str text)
{
	if (!text.n)
		return;
	buf_addf(b, " %s ", name);
	quote_add(b, text, QUOTE_PRINT);
}

static void dump(struct buf *b, struct sources *s, node n, const struct node_note *note, int depth)
{
	static const struct node_note none;
	bool collection = n.kind == NODE_SEQ || n.kind == NODE_MAP;
	struct err_pos pos = { 0 };
	uint32_t i = 0;

	if (!note)
		note = &none;
	sources_locate(s, n.place, &pos);
	buf_addf(b, "%*s%s %u:%u %s", depth, "", n.kind == NODE_SEQ ? "seq"
		 : n.kind == NODE_MAP ? "map" : n.kind == NODE_ALIAS ? "alias" : "scalar",
		 pos.line, pos.col, styles[n.style]);
	if (note->tag.n)
		buf_addf(b, " %.*s", STR_ARG(note->tag));
	if (!collection) {
		buf_addc(b, ' ');
		quote_add(b, n.kind == NODE_ALIAS ? n.anchor->name : node_str(n), QUOTE_PRINT);
	}
	dump_text(b, "anchor", note->anchor);
	dump_text(b, "head", note->head);
	dump_text(b, "line", note->line);
	dump_text(b, "foot", note->foot);
	buf_addc(b, '\n');
	node_each_item(item, n)
		dump(b, s, *item, node_note(n, i++), depth + 1);
	node_each_pair(p, n) {
		dump(b, s, p->key, node_note(n, i++), depth + 1);
		dump(b, s, p->value, node_note(n, i++), depth + 1);
	}
}

/* yaml-tree: all documents of "text" as kept, a node a line: its kind, place,
 * style, tag, text, anchor and comments. */
static err *run_tree(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(sources_release) struct sources s = SOURCES_INIT;
	struct yaml_options o = *YAML_KEEP;
	struct yaml_doc *docs;
	size_t n;

	o.sources = &s;
	o.name = S("text");
	TRY(yaml_read_all(a, driver_text(a, request, "text"), &o, &docs, &n));
	for (size_t i = 0; i < n; i++) {
		buf_addf(&b, "doc");
		dump_text(&b, "head", docs[i].head);
		dump_text(&b, "foot", docs[i].foot);
		buf_addc(&b, '\n');
		dump(&b, &s, docs[i].root, docs[i].note, 1);
	}
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

const struct driver_op driver_yaml_ops[] = {
	{ "yaml", run_yaml },
	{ "yaml-tree", run_tree },
	{ 0 },
};
