#include "cli/kustomize_edit.h"

struct create_options {
	str resources, ns, annotations, labels, prefix, suffix;
};

#define AT(field) offsetof(struct create_options, field)

static const struct flag flags[] = {
	{ "annotations", 0, FLAG_STRING, AT(annotations), "add one or more common annotations" },
	{ "labels", 0, FLAG_STRING, AT(labels), "add one or more common labels" },
	{ "nameprefix", 0, FLAG_STRING, AT(prefix),
	  "set the value of the namePrefix field in the kustomization file" },
	{ "namespace", 0, FLAG_STRING, AT(ns),
	  "set the value of the namespace field in the kustomization file" },
	{ "namesuffix", 0, FLAG_STRING, AT(suffix),
	  "set the value of the nameSuffix field in the kustomization file" },
	{ "resources", 0, FLAG_STRING, AT(resources),
	  "files and bases to add to the kustomization file, parted by commas" },
	{ 0 },
};

static err *add_resources(struct edit *e, str list)
{
	edit_paths words = { 0 }, paths = { 0 };
	str word;

	while (str_cut(&list, &word, ','))
		avec_push(e->c->arena, &words, word);
	TRY(edit_expand(e, words.p, words.n, true, &paths));
	edit_add_paths(e, S("resources"), "resource", &paths);
	return NULL;
}

static err *add_pairs(struct edit *e, str field, const char *what, str list)
{
	node map = kfile_edit_map(&e->k, e->c->arena, field);
	str word, key, value;

	while (str_cut(&list, &word, ',')) {
		TRY(edit_pair(what, word, &key, &value));
		node_set(e->c->arena, map, key, node_from_str(e->c->arena, value));
	}
	return NULL;
}

static void set_text(struct edit *e, str field, str value)
{
	if (value.n)
		node_set(e->c->arena, e->k.root, field, node_from_str(e->c->arena, value));
}

static err *run_create(struct cli *c)
{
	const struct create_options *o = c->options;
	struct edit e, there;

	TRY(edit_here(c, &e));
	err *none = edit_open(c, &there);

	if (!none || err_kind(none) != ERR_NOT_FOUND) {
		err_free(none);
		return err_new(ERR_EXISTS, "kustomization file already exists");
	}
	err_free(none);
	kfile_edit_new(c->arena, &e.k);
	TRY(add_resources(&e, o->resources));
	set_text(&e, S("namespace"), o->ns);
	set_text(&e, S("namePrefix"), o->prefix);
	set_text(&e, S("nameSuffix"), o->suffix);
	TRY(add_pairs(&e, S("commonAnnotations"), "annotation", o->annotations));
	TRY(add_pairs(&e, S("commonLabels"), "label", o->labels));
	return edit_save(&e);
}

const struct command kustomize_create_command = {
	.use = "create",
	.aliases = (const char *const[]){ "init", NULL },
	.brief = "Create a new kustomization in the current directory",
	.example = "  # Create an overlay of a base\n"
		   "  kustomize create --resources ../base --namespace staging --nameprefix acme-",
	.flags = flags,
	.options = sizeof(struct create_options),
	.run = run_create,
};
