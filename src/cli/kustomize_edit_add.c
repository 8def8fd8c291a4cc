/* kustomize edit add: an entry of a list or map of the kustomization file. */
#include "cli/kustomize_edit.h"
#include "text/path.h"

/* ---- paths ------------------------------------------------------------- */

struct path_options {
	bool no_verify;
};

static const struct flag resource_flags[] = {
	{ "no-verify", 0, FLAG_BOOL, offsetof(struct path_options, no_verify),
	  "skip validation for resources" },
	{ 0 },
};

static err *add_paths(struct cli *c, str field, const char *what, const char *missing, bool roots)
{
	const struct path_options *o = c->options;
	edit_paths paths = { 0 };
	struct edit e;

	if (!c->words.n)
		return err_new(ERR_INVALID, "must specify a %s", missing);
	TRY(edit_here(c, &e));
	if (o && o->no_verify)
		for (size_t i = 0; i < c->words.n; i++)
			avec_push(c->arena, &paths, c->words.p[i]);
	else
		TRY(edit_expand(&e, c->words.p, c->words.n, roots, &paths));
	if (!paths.n)
		return NULL;
	TRY(edit_open(c, &e));
	edit_add_paths(&e, field, what, &paths);
	return edit_save(&e);
}

static err *run_resource(struct cli *c)
{
	return add_paths(c, S("resources"), "resource", "resource file", true);
}

static err *run_component(struct cli *c)
{
	return add_paths(c, S("components"), "component", "component file", true);
}

static err *run_generator(struct cli *c)
{
	return add_paths(c, S("generators"), "generator",
			 "yaml file which contains a generator plugin resource", false);
}

static err *run_transformer(struct cli *c)
{
	return add_paths(c, S("transformers"), "transformer",
			 "yaml file which contains a transformer plugin resource", false);
}

static const struct command resource_command = {
	.use = "resource",
	.brief = "Add the name of a file containing a resource to the kustomization file",
	.example = "  kustomize edit add resource deployment.yaml 'services/*.yaml'",
	.flags = resource_flags,
	.options = sizeof(struct path_options),
	.run = run_resource,
};

static const struct command component_command = {
	.use = "component",
	.brief = "Add the name of a file containing a component to the kustomization file",
	.example = "  kustomize edit add component ../components/tls",
	.run = run_component,
};

static const struct command generator_command = {
	.use = "generator",
	.brief = "Add the name of a file containing a generator configuration to the kustomization "
		 "file",
	.example = "  kustomize edit add generator generator.yaml",
	.run = run_generator,
};

static const struct command transformer_command = {
	.use = "transformer",
	.brief = "Add the name of a file containing a transformer configuration to the "
		 "kustomization file",
	.example = "  kustomize edit add transformer transformer.yaml",
	.run = run_transformer,
};

static err *add_bases(struct edit *e)
{
	struct arena *a = e->c->arena;
	node list = kfile_edit_list(&e->k, a, S("resources"));
	str rest = e->c->words.p[0], path;

	while (str_cut(&rest, &path, ',')) {
		if (files_disk.type(&files_disk, path_join(a, e->dir, path)) == FILE_NONE)
			return err_new(ERR_NOT_FOUND, "%.*s does not exist", STR_ARG(path));
		if (kfile_edit_has(list, path))
			return err_new(ERR_EXISTS, "base %.*s already in kustomization file",
				       STR_ARG(path));
		node_append(a, list, node_from_str(a, path));
	}
	return NULL;
}

static err *run_base(struct cli *c)
{
	return c->words.n == 1 ? edit_run(c, add_bases)
			       : err_new(ERR_INVALID, "must specify a base directory");
}

static const struct command base_command = {
	.use = "base",
	.brief = "Adds one or more bases to the kustomization.yaml in current directory",
	.example = "  kustomize edit add base ../base,../other",
	.run = run_base,
};

/* ---- labels and annotations -------------------------------------------- */

struct pair_options {
	bool force, no_selector, templates;
};

#define PAIR(field) offsetof(struct pair_options, field)

static const struct flag annotation_flags[] = {
	{ "force", 'f', FLAG_BOOL, PAIR(force), "overwrite what is there already" },
	{ 0 },
};

static const struct flag label_flags[] = {
	{ "force", 'f', FLAG_BOOL, PAIR(force), "overwrite what is there already" },
	{ "include-templates", 0, FLAG_BOOL, PAIR(templates),
	  "label templates, too (only with --without-selector)" },
	{ "without-selector", 0, FLAG_BOOL, PAIR(no_selector),
	  "leave selectors alone: add to labels, not to commonLabels" },
	{ 0 },
};

/* The pairs of the first entry of `labels` that labels the same things. */
static node label_pairs(struct edit *e, const struct pair_options *o)
{
	struct arena *a = e->c->arena;
	node list = kfile_edit_list(&e->k, a, S("labels")), entry = node_map(a, 2);

	node_each_item(i, list)
		if (!node_bool(node_get(*i, S("includeSelectors"))) &&
		    node_bool(node_get(*i, S("includeTemplates"))) == o->templates)
			return node_need_map(a, *i, S("pairs"));
	if (o->templates)
		node_set(a, entry, S("includeTemplates"), node_from_bool(true));
	node_append(a, list, entry);
	return node_need_map(a, entry, S("pairs"));
}

static err *run_label(struct cli *c)
{
	const struct pair_options *o = c->options;
	struct edit e;
	node given;

	if (c->words.n && !o->no_selector && o->templates)
		return err_new(ERR_INVALID, "--without-selector flag must be specified for "
					    "--include-templates to work");
	if (!o->no_selector)
		return edit_set_pairs(c, S("commonLabels"), "label", o->force);
	TRY(edit_pairs(c, "label", &given));
	TRY(edit_open(c, &e));
	node pairs = label_pairs(&e, o);

	node_each_pair(p, given)
		TRY(edit_put_pair(&e, pairs, p, "label", o->force));
	return edit_save(&e);
}

static err *run_annotation(struct cli *c)
{
	const struct pair_options *o = c->options;

	return edit_set_pairs(c, S("commonAnnotations"), "annotation", o->force);
}

static const struct command label_command = {
	.use = "label",
	.brief = "Adds one or more commonLabels to kustomization.yaml",
	.example = "  kustomize edit add label app:web tier:front\n"
		   "  kustomize edit add label --without-selector --include-templates team:blue",
	.flags = label_flags,
	.options = sizeof(struct pair_options),
	.run = run_label,
};

static const struct command annotation_command = {
	.use = "annotation",
	.brief = "Adds one or more commonAnnotations to kustomization.yaml",
	.example = "  kustomize edit add annotation note:text",
	.flags = annotation_flags,
	.options = sizeof(struct pair_options),
	.run = run_annotation,
};

const struct command kustomize_edit_add_command = {
	.use = "add",
	.brief = "Adds an item to the kustomization file",
	.commands = (const struct command *const[]){
		&annotation_command,
		&base_command,
		&kustomize_edit_add_buildmetadata_command,
		&component_command,
		&kustomize_edit_add_configmap_command,
		&generator_command,
		&label_command,
		&kustomize_edit_add_patch_command,
		&resource_command,
		&kustomize_edit_add_secret_command,
		&transformer_command,
		NULL,
	},
};
