/* kustomize edit fix: yesterday's fields as today's. */
#include "cli/kustomize_edit.h"
#include "text/path.h"

static void move_json_patches(struct edit *e)
{
	node old = node_get(e->k.root, S("patchesJson6902"));

	if (!node_len(old))
		return;
	node list = kfile_edit_list(&e->k, e->c->arena, S("patches"));

	node_each_item(p, old)
		node_append(e->c->arena, list, *p);
	node_remove(e->k.root, S("patchesJson6902"));
}

/* An entry is the name of a file, or the patch itself. */
static void move_merge_patches(struct edit *e)
{
	struct arena *a = e->c->arena;
	node old = node_get(e->k.root, S("patchesStrategicMerge"));

	if (!node_len(old))
		return;
	node list = kfile_edit_list(&e->k, a, S("patches"));

	node_each_item(p, old) {
		node entry = node_map(a, 1);
		bool file = files_disk.type(&files_disk, path_join(a, e->dir, node_str(*p))) ==
			    FILE_REGULAR;

		node_set(a, entry, file ? S("path") : S("patch"), *p);
		node_append(a, list, entry);
	}
	node_remove(e->k.root, S("patchesStrategicMerge"));
}

static err *move_labels(struct edit *e)
{
	struct arena *a = e->c->arena;
	node old = node_get(e->k.root, S("commonLabels"));

	if (!node_len(old))
		return NULL;
	node list = kfile_edit_list(&e->k, a, S("labels")), label = node_map(a, 2);

	node_each_item(l, list)
		node_each_pair(p, node_get(*l, S("pairs")))
			if (node_has(old, node_str(p->key)))
				return err_new(ERR_CONFLICT,
					       "label name '%.*s' exists in both commonLabels and labels",
					       STR_ARG(node_str(p->key)));
	node_set(a, label, S("includeSelectors"), node_from_bool(true));
	node_set(a, label, S("pairs"), old);
	node_append(a, list, label);
	node_remove(e->k.root, S("commonLabels"));
	return NULL;
}

static err *fix(struct edit *e)
{
	move_json_patches(e);
	move_merge_patches(e);
	return move_labels(e);
}

static err *run_fix(struct cli *c)
{
	return edit_run(c, fix);
}

const struct command kustomize_edit_fix_command = {
	.use = "fix",
	.brief = "Fix the missing fields in kustomization file",
	.text = "Write the kustomization file with the fields of today in place of deprecated ones.",
	.example = "  kustomize edit fix",
	.run = run_fix,
};
