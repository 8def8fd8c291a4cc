/* kustomize edit add, set and remove buildmetadata. */
#include "cli/kustomize_edit.h"

static const str known[] = {
	S("originAnnotations"), S("transformerAnnotations"), S("managedByLabel"),
};

/* The options of the one word, checked. */
static err *read_options(struct cli *c, node *out)
{
	node list = node_seq(c->arena, 3);
	str rest, option;
	bool more;

	if (!c->words.n)
		return err_new(ERR_INVALID, "must specify a buildMetadata option");
	if (c->words.n > 1)
		return err_new(ERR_INVALID,
			       "too many arguments: [%.*s]; to provide multiple buildMetadata options, "
			       "please separate options by comma",
			       STR_ARG(arena_join(c->arena, c->words.p, c->words.n, S(" "))));
	rest = c->words.p[0];
	do {
		bool valid = false;

		more = str_split(rest, ',', &option, &rest);
		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			valid |= str_eq(option, known[i]);
		if (!valid)
			return err_new(ERR_INVALID, "invalid buildMetadata option: %.*s",
				       STR_ARG(option));
		node_append(c->arena, list, node_from_str(c->arena, option));
	} while (more);
	*out = list;
	return NULL;
}

static err *run_add(struct cli *c)
{
	node given;
	struct edit e;

	TRY(read_options(c, &given));
	TRY(edit_open(c, &e));
	node list = kfile_edit_list(&e.k, c->arena, S("buildMetadata"));

	node_each_item(i, given) {
		if (kfile_edit_has(list, node_str(*i)))
			return err_new(ERR_EXISTS,
				       "buildMetadata option %.*s already in kustomization file",
				       STR_ARG(node_str(*i)));
		node_append(c->arena, list, *i);
	}
	return edit_save(&e);
}

static err *run_set(struct cli *c)
{
	node given;
	struct edit e;

	TRY(read_options(c, &given));
	TRY(edit_open(c, &e));
	node_set(c->arena, e.k.root, S("buildMetadata"), given);
	return edit_save(&e);
}

static err *run_remove(struct cli *c)
{
	node given;
	struct edit e;

	TRY(read_options(c, &given));
	TRY(edit_open(c, &e));
	node list = node_get(e.k.root, S("buildMetadata"));

	for (size_t i = node_len(list); i-- > 0;)
		if (kfile_edit_has(given, node_str(node_at(list, i))))
			node_remove_at(list, i);
	return edit_save(&e);
}

#define OPTIONS                                                                           \
	"Options:\n"                                                                      \
	"  originAnnotations       an annotation that says which file an object is from\n" \
	"  transformerAnnotations  one that lists the transformers that worked on it\n"    \
	"  managedByLabel          a label with the version of kustomize"

const struct command kustomize_edit_add_buildmetadata_command = {
	.use = "buildmetadata",
	.brief = "Adds one or more buildMetadata options to the kustomization.yaml in the current "
		 "directory",
	.text = "Add options to buildMetadata, parted by commas.\n" OPTIONS,
	.example = "  kustomize edit add buildmetadata originAnnotations,managedByLabel",
	.run = run_add,
};

const struct command kustomize_edit_set_buildmetadata_command = {
	.use = "buildmetadata",
	.brief = "Sets one or more buildMetadata options to the kustomization.yaml in the current "
		 "directory",
	.text = "Set the options of buildMetadata, parted by commas, in place of those that are there.\n"
		OPTIONS,
	.example = "  kustomize edit set buildmetadata originAnnotations,managedByLabel",
	.run = run_set,
};

const struct command kustomize_edit_remove_buildmetadata_command = {
	.use = "buildmetadata",
	.brief = "Removes one or more buildMetadata options to the kustomization.yaml in the current "
		 "directory",
	.text = "Remove options from buildMetadata, parted by commas.\n" OPTIONS,
	.example = "  kustomize edit remove buildmetadata originAnnotations",
	.run = run_remove,
};
