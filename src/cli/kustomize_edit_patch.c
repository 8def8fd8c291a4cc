/* kustomize edit add and remove patch: entries of `patches`. */
#include "cli/kustomize_edit.h"

struct patch_options {
	str path, patch;
	str target[7];		/* in the order of `selectors` */
};

#define AT(field) offsetof(struct patch_options, field)

static const char *const selectors[] = {
	"group", "version", "kind", "name", "namespace", "annotationSelector", "labelSelector",
};

static const struct flag flags[] = {
	{ "annotation-selector", 0, FLAG_STRING, AT(target[5]), "annotations of the targets" },
	{ "group", 0, FLAG_STRING, AT(target[0]), "API group of the targets" },
	{ "kind", 0, FLAG_STRING, AT(target[2]), "kind of the targets" },
	{ "label-selector", 0, FLAG_STRING, AT(target[6]), "labels of the targets" },
	{ "name", 0, FLAG_STRING, AT(target[3]), "name of the targets" },
	{ "namespace", 0, FLAG_STRING, AT(target[4]), "namespace of the targets" },
	{ "patch", 0, FLAG_STRING, AT(patch), "the patch itself; not together with --path" },
	{ "path", 0, FLAG_STRING, AT(path), "the file of the patch; not together with --patch" },
	{ "version", 0, FLAG_STRING, AT(target[1]), "API version of the targets" },
	{ 0 },
};

static void set_text(struct arena *a, node map, str key, str value)
{
	if (value.n)
		node_set(a, map, key, node_from_str(a, value));
}

static node entry_of(struct cli *c)
{
	const struct patch_options *o = c->options;
	node entry = node_map(c->arena, 3), target = node_map(c->arena, 4);

	set_text(c->arena, entry, S("path"), o->path);
	set_text(c->arena, entry, S("patch"), o->patch);
	for (size_t i = 0; i < sizeof selectors / sizeof *selectors; i++)
		set_text(c->arena, target, str_c(selectors[i]), o->target[i]);
	if (node_len(target))
		node_set(c->arena, entry, S("target"), target);
	return entry;
}

/* A field that is there but empty says as little as one that is not. */
static bool same_texts(node one, node two)
{
	node_each_pair(p, one)
		if (!str_eq(node_str(p->value), node_str(node_get(two, node_str(p->key)))))
			return false;
	return true;
}

/* As the originals compare: an empty target is not the same as none. */
static bool same_patch(node one, node two)
{
	node a = node_get(one, S("target")), b = node_get(two, S("target"));

	return str_eq(node_str(node_get(one, S("path"))), node_str(node_get(two, S("path")))) &&
	       str_eq(node_str(node_get(one, S("patch"))), node_str(node_get(two, S("patch")))) &&
	       (a.kind == NODE_MAP) == (b.kind == NODE_MAP) && same_texts(a, b) && same_texts(b, a) &&
	       node_get(one, S("options")).kind != NODE_MAP &&
	       node_get(two, S("options")).kind != NODE_MAP;
}

static err *check(const struct patch_options *o)
{
	if (o->patch.n && o->path.n)
		return err_new(ERR_INVALID, "patch and path can't be set at the same time");
	return NULL;
}

static err *run_add(struct cli *c)
{
	const struct patch_options *o = c->options;
	struct edit e;

	TRY(check(o));
	if (!o->patch.n && !o->path.n)
		return err_new(ERR_INVALID, "must provide either patch or path");
	TRY(edit_open(c, &e));
	node list = kfile_edit_list(&e.k, c->arena, S("patches")), entry = entry_of(c);

	node_each_item(i, list)
		if (same_patch(*i, entry)) {
			cli_note(c, "patch %.*s already in kustomization file",
				 STR_ARG(o->path.n ? o->path : o->patch));
			return NULL;
		}
	node_append(c->arena, list, entry);
	return edit_save(&e);
}

static err *run_remove(struct cli *c)
{
	const struct patch_options *o = c->options;
	bool found = false;
	struct edit e;

	TRY(check(o));
	TRY(edit_open(c, &e));
	node list = node_get(e.k.root, S("patches")), entry = entry_of(c);

	for (size_t i = node_len(list); i-- > 0;) {
		if (!same_patch(node_at(list, i), entry))
			continue;
		node_remove_at(list, i);
		found = true;
	}
	if (found)
		return edit_save(&e);
	cli_note(c, "patch %.*s doesn't exist in kustomization file", STR_ARG(o->patch));
	return NULL;
}

const struct command kustomize_edit_add_patch_command = {
	.use = "patch",
	.brief = "Add an item to patches field",
	.text = "Add a patch to the kustomization file: a strategic merge patch or a JSON patch, from a\n"
		"file or written in place, for one resource or for all that the target fits.",
	.example = "  kustomize edit add patch --path replicas.yaml\n"
		   "  kustomize edit add patch --path limits.yaml --kind Deployment --name 'web.*'",
	.flags = flags,
	.options = sizeof(struct patch_options),
	.run = run_add,
};

const struct command kustomize_edit_remove_patch_command = {
	.use = "patch",
	.brief = "Removes a patch from kustomization.yaml",
	.text = "Remove a patch from the kustomization file: the one whose fields are exactly those that\n"
		"the flags say.",
	.example = "  kustomize edit remove patch --path limits.yaml --kind Deployment --name 'web.*'",
	.flags = flags,
	.options = sizeof(struct patch_options),
	.run = run_remove,
};
