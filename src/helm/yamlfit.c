#include "helm/yamlfit.h"

#include "value/yaml.h"

/* 72445e2 is a float, though a whole number: as a text it is "7.2445e+06". */
static const struct yaml_options as_written = { .json = true, .numbers = YAML_NUMBERS_TEXT };

static err *undecodable(err *e)
{
	return err_wrap(e, "error unmarshaling JSON: while decoding JSON");
}

err *yamlfit_read(struct arena *a, str text, const struct typed *type, struct sources *sources,
		  node *out)
{
	const struct typed_options options = { .texts = true, .sources = sources };
	struct yaml_options yaml = as_written;
	node tree;

	if (sources) {
		yaml.sources = sources;
		yaml.name = S("document");
	}
	TRY(yaml_read(a, text, &yaml, &tree));
	if (node_is_nil(tree)) {
		*out = node_null();
		return NULL;
	}
	err *e = typed_fit(a, tree, type, &options, out);

	return e ? undecodable(e) : NULL;
}

err *yamlfit_check_strict(struct arena *a, str text, const struct typed *type)
{
	static const struct typed_options options = { .texts = true, .strict = true };
	struct yaml_options yaml = as_written;
	node tree;

	yaml.strict = true;
	TRY(yaml_read(a, text, &yaml, &tree));
	err *e = typed_fit(a, tree, type, &options, &tree);

	return e ? undecodable(e) : NULL;
}

err *yamlfit_read_map(struct arena *a, str text, const char *go, node *out)
{
	node tree;

	TRY(yaml_read(a, text, YAML_SIGS, &tree));
	if (tree.kind != NODE_MAP && !node_is_nil(tree))
		return undecodable(err_new(ERR_INVALID,
					   "json: cannot unmarshal %s into Go value of type "
					   "%s",
					   node_kind_name(tree), go));
	*out = tree.kind == NODE_MAP ? tree : node_null();
	return NULL;
}
