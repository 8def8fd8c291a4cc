/* kustomize edit fix: yesterday's fields as today's. */
#include "cli/kustomize_edit.h"
#include "kustomize/build.h"
#include "text/path.h"

struct fix_options {
	bool vars;
};

static const struct flag flags[] = {
	{ "vars", 0, FLAG_BOOL, offsetof(struct fix_options, vars),
	  "convert vars to replacements; this changes resource files, too" },
	{ 0 },
};

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
	const struct fix_options *o = e->c->options;

	move_json_patches(e);
	move_merge_patches(e);
	TRY(move_labels(e));
	return o->vars ? edit_convert_vars(e) : NULL;
}

static void warn(void *context, str line)
{
	cli_note(context, "%.*s", STR_ARG(line));
}

/* What the directory builds now. */
static err *build_here(struct cli *c, struct buf *out)
{
	struct edit e;
	struct resmap *m;

	TRY(edit_here(c, &e));
	const struct kustomize_options o = {
		.working_dir = e.dir, .version = S("v" KUSTOMIZE_VERSION), .warn = warn, .context = c,
	};

	TRY(kustomize_build(c->arena, &o, S("."), &m));
	return kustomize_print(c->arena, NULL, m, out);
}

static const char moved[] = "\nFixed fields:\n"
			    "  patchesJson6902 -> patches\n"
			    "  patchesStrategicMerge -> patches\n"
			    "  commonLabels -> labels\n";

static const char on_vars[] =
	"\nTo convert vars -> replacements, run the command `kustomize edit fix --vars`\n\n"
	"WARNING: Converting vars to replacements will potentially overwrite many resource files \n"
	"and the resulting files may not produce the same output when `kustomize build` is run. \n"
	"We recommend doing this in a clean git repository where the change is easy to undo.\n";

static void compare(struct cli *c, const struct buf *before)
{
	CLEANUP(buf_release) struct buf after = BUF_INIT;
	CLEANUP(err_drop) err *e = build_here(c, &after);

	if (e)
		buf_addf(&c->out.buf,
			 "Warning: 'Fixed' kustomization now produces the error when running `kustomize "
			 "build`: %s\n", err_msg(e));
	else if (!str_eq(buf_str(before), buf_str(&after)))
		buf_addf(&c->out.buf,
			 "Warning: 'Fixed' kustomization now produces different output when running "
			 "`kustomize build`:\n...%.*s...\n", STR_ARG(buf_str(&after)));
}

static err *run_fix(struct cli *c)
{
	const struct fix_options *o = c->options;
	CLEANUP(buf_release) struct buf before = BUF_INIT;

	err_free(build_here(c, &before));
	TRY(edit_run(c, fix));
	buf_addf(&c->out.buf, "%s%s", moved, o->vars ? "  vars -> replacements\n" : on_vars);
	compare(c, &before);
	return NULL;
}

const struct command kustomize_edit_fix_command = {
	.use = "fix",
	.brief = "Fix the missing fields in kustomization file",
	.text = "Write the kustomization file with the fields of today in place of deprecated ones, and\n"
		"say if it builds otherwise than before.",
	.example = "  kustomize edit fix\n\n"
		   "  # vars, too: this changes the files of resources\n"
		   "  kustomize edit fix --vars",
	.flags = flags,
	.options = sizeof(struct fix_options),
	.run = run_fix,
};
