#include "helm/yamlfit.h"

#include "value/yaml.h"

static err *undecodable(err *e)
{
	return err_wrap(e, "error unmarshaling JSON: while decoding JSON");
}

err *yamlfit_read(struct arena *a, str text, const struct typed *type, struct sources *sources,
		  node *out)
{
	const struct typed_options options = { .texts = true, .sources = sources };
	struct yaml_options yaml = *YAML_KUBE;
	node tree;

	if (sources) {
		yaml.sources = sources;
		yaml.name = S("document");
	}
	TRY(yaml_read(a, text, &yaml, &tree));
	err *e = typed_fit(a, tree, type, &options, out);

	return e ? undecodable(e) : NULL;
}

err *yamlfit_read_map(struct arena *a, str text, node *out)
{
	node tree;

	TRY(yaml_read(a, text, YAML_SIGS, &tree));
	if (tree.kind != NODE_MAP && !node_is_nil(tree))
		return undecodable(err_new(ERR_INVALID,
					   "json: cannot unmarshal %s into Go value of type "
					   "map[string]interface {}",
					   node_kind_name(tree)));
	*out = tree.kind == NODE_MAP ? tree : node_null();
	return NULL;
}
