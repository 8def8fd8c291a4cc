/* kustomize edit remove: entries of lists and maps of the kustomization file. */
#include "cli/kustomize_edit.h"
#include "text/glob.h"

/* ---- paths ------------------------------------------------------------- */

static err *matches_any(const struct cli *c, str path, bool *out)
{
	*out = false;
	for (size_t i = 0; i < c->words.n; i++) {
		enum glob_result r = glob_match_file(c->words.p[i], path);

		if (r == GLOB_BAD)
			return glob_bad_pattern();
		*out |= r == GLOB_YES;
	}
	return NULL;
}

static err *remove_paths(struct cli *c, str field, const char *missing)
{
	bool any = false, hit;
	struct edit e;

	if (!c->words.n)
		return err_new(ERR_INVALID, "must specify a %s", missing);
	TRY(edit_open(c, &e));
	node list = node_get(e.k.root, field);

	for (size_t i = node_len(list); i-- > 0;) {
		TRY(matches_any(c, node_str(node_at(list, i)), &hit));
		if (hit)
			node_remove_at(list, i);
		any |= hit;
	}
	return any ? edit_save(&e) : NULL;
}

static err *run_resource(struct cli *c)
{
	return remove_paths(c, S("resources"), "resource file");
}

static err *run_transformer(struct cli *c)
{
	return remove_paths(c, S("transformers"), "transformer file");
}

static const struct command resource_command = {
	.use = "resource",
	.brief = "Removes one or more resource file paths from kustomization.yaml",
	.example = "  kustomize edit remove resource my-resource.yml 'resources/*.yml'",
	.run = run_resource,
};

static const struct command transformer_command = {
	.use = "transformer",
	.brief = "Removes one or more transformers from kustomization.yaml",
	.example = "  kustomize edit remove transformer transformer.yaml",
	.run = run_transformer,
};

/* ---- labels and annotations -------------------------------------------- */

struct pair_options {
	bool ignore;
};

static const struct flag pair_flags[] = {
	{ "ignore-non-existence", 'i', FLAG_BOOL, offsetof(struct pair_options, ignore),
	  "ignore error if the given label doesn't exist" },
	{ 0 },
};

static err *remove_pairs(struct cli *c, str field, const char *what)
{
	const struct pair_options *o = c->options;
	struct edit e;
	str rest, key;

	if (!c->words.n)
		return err_new(ERR_INVALID, "must specify %s", what);
	if (c->words.n > 1)
		return err_new(ERR_INVALID, "%ss must be comma-separated, with no spaces", what);
	TRY(edit_open(c, &e));
	node map = node_get(e.k.root, field);

	if (map.kind != NODE_MAP && !o->ignore)
		return err_new(ERR_NOT_FOUND, "%.*s is not defined in kustomization file",
			       STR_ARG(field));
	rest = c->words.p[0];
	while (str_cut(&rest, &key, ',')) {
		if (!key.n)
			return err_new(ERR_INVALID, "invalid %s: '' (name is empty)", what);
		if (!node_has(map, key) && !o->ignore)
			return err_new(ERR_NOT_FOUND, "%s %.*s is not defined in kustomization file",
				       what, STR_ARG(key));
		node_remove(map, key);
	}
	return edit_save(&e);
}

static err *run_label(struct cli *c)
{
	return remove_pairs(c, S("commonLabels"), "label");
}

static err *run_annotation(struct cli *c)
{
	return remove_pairs(c, S("commonAnnotations"), "annotation");
}

static const struct command label_command = {
	.use = "label",
	.brief = "Removes one or more commonLabels from kustomization.yaml",
	.example = "  kustomize edit remove label app,tier",
	.flags = pair_flags,
	.options = sizeof(struct pair_options),
	.run = run_label,
};

static const struct command annotation_command = {
	.use = "annotation",
	.brief = "Removes one or more commonAnnotations from kustomization.yaml",
	.example = "  kustomize edit remove annotation note",
	.flags = pair_flags,
	.options = sizeof(struct pair_options),
	.run = run_annotation,
};

const struct command kustomize_edit_remove_command = {
	.use = "remove",
	.brief = "Removes items from the kustomization file",
	.commands = (const struct command *const[]){
		&annotation_command,
		&kustomize_edit_remove_buildmetadata_command,
		&kustomize_edit_remove_configmap_command,
		&label_command,
		&kustomize_edit_remove_patch_command,
		&resource_command,
		&kustomize_edit_remove_secret_command,
		&transformer_command,
		NULL,
	},
};
