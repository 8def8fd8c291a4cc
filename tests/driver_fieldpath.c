#include "driver.h"

#include "base/vec.h"
#include "value/fieldpath.h"
#include "value/yaml.h"

static err *shown(struct arena *a, node n, node *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(yaml_write(&b, n, YAML_WRITE_KYAML));
	*out = node_copy_str(a, buf_str(&b));
	return NULL;
}

static err *get(struct arena *a, struct yaml_doc *doc, struct fieldpath p, node output)
{
	node *found, text;

	TRY(fieldpath_get(&doc->root, p, &found, NULL));
	if (!found)
		return NULL;
	TRY(shown(a, *found, &text));
	node_append(a, output, text);
	return NULL;
}

static err *match(struct arena *a, struct yaml_doc *doc, struct fieldpath p, enum node_kind create,
		  node output)
{
	struct fieldpath_place *places;
	size_t n;
	node text;

	TRY(fieldpath_match(a, &doc->root, p, create, &places, &n, NULL));
	for (size_t i = 0; i < n; i++) {
		node *found = fieldpath_node(&places[i]);

		if (places[i].made &&
		    found->kind <= NODE_STR && !node_str(*found).n)
			*found = node_lit("made");
		TRY(shown(a, *fieldpath_node(&places[i]), &text));
		node_append(a, output, text);
	}
	/* Behind the values, the document they were made in. */
	TRY(shown(a, doc->root, &text));
	node_append(a, output, text);
	return NULL;
}

/* {"doc": YAML, "path", "mode": "get" or "match", "create": kind} -> values. */
static err *run_fieldpath(struct arena *a, node request, node *output)
{
	static const struct {
		str name;
		enum node_kind kind;
	} kinds[] = { { S("scalar"), NODE_STR }, { S("map"), NODE_MAP }, { S("list"), NODE_SEQ } };
	enum node_kind create = NODE_NONE;
	struct yaml_doc *docs;
	struct fieldpath p;
	size_t n;

	TRY(yaml_read_all(a, driver_text(a, request, "doc"), YAML_KEEP, &docs, &n));
	TRY(fieldpath_parse(a, driver_text(a, request, "path"), &p));
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_eq(driver_text(a, request, "create"), kinds[i].name))
			create = kinds[i].kind;
	*output = node_seq(a, 1);
	if (!n)
		return err_new(ERR_INVALID, "no document");
	if (str_eq(driver_text(a, request, "mode"), S("get")))
		return get(a, &docs[0], p, *output);
	return match(a, &docs[0], p, create, *output);
}

const struct driver_op driver_fieldpath_ops[] = {
	{ "fieldpath", run_fieldpath },
	{ 0 },
};
