#include "driver.h"
#include "value/yaml.h"

static err *write_all(struct buf *b, const struct yaml_doc *docs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add(b, S("---\n"));
		struct yaml_doc compact = docs[i];

		compact.wide = false;
		TRY(yaml_write_doc(b, &compact, YAML_WRITE_KYAML));
	}
	return NULL;
}

/* yaml: "text" read by "rules" (1.1 through JSON, 1.2) and written as "emit"
 * says: sigs, v3-wide, or kyaml, which keeps all documents as they are. */
static err *run_yaml(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str text = driver_text(a, request, "text");
	str emit = node_str(node_get(request, S("emit")));
	struct yaml_options o = *YAML_V3;

	if (str_eq(emit, S("kyaml"))) {
		struct yaml_doc *docs;
		size_t n;

		TRY(yaml_read_all(a, text, YAML_KEEP, &docs, &n));
		TRY(write_all(&b, docs, n));
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

const struct driver_op driver_yaml_ops[] = {
	{ "yaml", run_yaml },
	{ 0 },
};
