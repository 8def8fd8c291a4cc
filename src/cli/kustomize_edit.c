#include "cli/kustomize_edit.h"

#include <glob.h>
#include <limits.h>
#include <unistd.h>

#include "base/fs.h"
#include "kustomize/loader.h"
#include "text/path.h"

err *edit_here(struct cli *c, struct edit *out)
{
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof cwd))
		return err_new(ERR_INTERNAL, "cannot tell the working directory");
	*out = (struct edit){ .c = c, .dir = arena_str(c->arena, str_c(cwd)) };
	return NULL;
}

err *edit_open(struct cli *c, struct edit *out)
{
	struct edit e;

	TRY(edit_here(c, &e));
	TRY(kfile_edit_open(c->arena, &files_disk, e.dir, &e.k));
	*out = e;
	return NULL;
}

err *edit_write(struct arena *a, str path, str text)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	struct fs_info info = { .mode = 0644 };

	/* A link stays one; a file keeps its mode. */
	if (files_disk.type(&files_disk, path) == FILE_REGULAR)
		TRY(files_disk.real(&files_disk, a, path, &path));
	TRY(fs_open(&dir, path_dir(a, path), NULL));
	err_free(fs_stat(dir, path_base(path), &info));
	return fs_write(dir, path_base(path), text, info.mode);
}

err *edit_save(struct edit *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	TRY(kfile_edit_print(&e->k, e->c->arena, &text));
	return edit_write(e->c->arena, path_join(e->c->arena, e->dir, e->k.name), buf_str(&text));
}

err *edit_run(struct cli *c, err *(*change)(struct edit *e))
{
	struct edit e;

	TRY(edit_open(c, &e));
	TRY(change(&e));
	return edit_save(&e);
}

/* ---- paths ------------------------------------------------------------- */

static err *check_root(struct edit *e, str path)
{
	struct loader *here, *there;

	if (loader_is_repo(path) || loader_is_remote_file(path))
		return NULL;
	TRY(loader_open(e->c->arena, &files_disk, NULL, e->dir, e->dir, true, &here));
	err *why = loader_enter(e->c->arena, here, path, &there);

	return why ? err_wrap(why, "%.*s has no match", STR_ARG(path)) : NULL;
}

static bool is_dots(str path)
{
	str name = path_base(path);

	return str_eq(name, S(".")) || str_eq(name, S(".."));
}

err *edit_expand(struct edit *e, const str *patterns, size_t n, bool roots, edit_paths *out)
{
	struct arena *a = e->c->arena;

	for (size_t i = 0; i < n; i++) {
		glob_t found = { 0 };
		size_t before = out->n;

		if (glob(arena_str(a, patterns[i]).p, GLOB_PERIOD, NULL, &found) == 0)
			for (size_t k = 0; k < found.gl_pathc; k++) {
				str path = str_c(found.gl_pathv[k]);

				if (str_eq(path, patterns[i]) || !is_dots(path))
					avec_push(a, out, arena_str(a, path));
			}
		globfree(&found);
		if (out->n > before)
			continue;
		if (!roots) {
			cli_note(e->c, "%.*s has no match", STR_ARG(patterns[i]));
			continue;
		}
		TRY(check_root(e, patterns[i]));
		avec_push(a, out, patterns[i]);
	}
	return NULL;
}

void edit_add_paths(struct edit *e, str field, const char *what, const edit_paths *paths)
{
	node list = kfile_edit_list(&e->k, e->c->arena, field);

	for (size_t i = 0; i < paths->n; i++) {
		if (str_eq(paths->p[i], e->k.name))
			continue;
		if (kfile_edit_has(list, paths->p[i]))
			cli_note(e->c, "%s %.*s already in kustomization file", what,
				 STR_ARG(paths->p[i]));
		else
			node_append(e->c->arena, list, node_from_str(e->c->arena, paths->p[i]));
	}
}

/* ---- pairs ------------------------------------------------------------- */

err *edit_pair(const char *what, str text, str *key, str *value)
{
	if (str_starts(text, S(":")))
		return err_new(ERR_INVALID, "invalid %s: '%.*s' (need k:v pair where v may be quoted)",
			       what, STR_ARG(text));
	str_split(text, ':', key, value);
	if (value->n >= 2 && value->p[0] == '"' && value->p[value->n - 1] == '"')
		*value = str_sub(*value, 1, value->n - 1);
	return NULL;
}

err *edit_pairs(struct cli *c, const char *what, node *out)
{
	node map = node_map(c->arena, c->words.n);

	if (!c->words.n)
		return err_new(ERR_INVALID, "must specify %s", what);
	for (size_t i = 0; i < c->words.n; i++) {
		str key, value;

		TRY(edit_pair(what, c->words.p[i], &key, &value));
		node_set(c->arena, map, key, node_from_str(c->arena, value));
	}
	*out = map;
	return NULL;
}

err *edit_put_pair(struct edit *e, node map, const struct node_pair *pair, const char *what,
		   bool replace)
{
	str key = node_str(pair->key);

	if (node_has(map, key) && !replace)
		return err_new(ERR_EXISTS,
			       "%s %.*s already in kustomization file. Use --force to override.", what,
			       STR_ARG(key));
	node_set(e->c->arena, map, key, pair->value);
	return NULL;
}

err *edit_set_pairs(struct cli *c, str field, const char *what, bool replace)
{
	struct edit e;
	node given;

	TRY(edit_pairs(c, what, &given));
	TRY(edit_open(c, &e));
	node map = kfile_edit_map(&e.k, c->arena, field);

	node_each_pair(p, given)
		TRY(edit_put_pair(&e, map, p, what, replace));
	return edit_save(&e);
}

/* ---- the commands ------------------------------------------------------ */

/* Generators, then transformers; kustomize prints them in any order. */
static const char *const plugins[] = {
	"ConfigMapGenerator",
	"HelmChartInflationGenerator",
	"IAMPolicyGenerator",
	"SecretGenerator",
	"AnnotationsTransformer",
	"HashTransformer",
	"ImageTagTransformer",
	"LabelTransformer",
	"NamespaceTransformer",
	"PatchJson6902Transformer",
	"PatchStrategicMergeTransformer",
	"PatchTransformer",
	"PrefixSuffixTransformer",
	"PrefixTransformer",
	"ReplacementTransformer",
	"ReplicaCountTransformer",
	"SuffixTransformer",
	"ValueAddTransformer",
};

static err *run_list(struct cli *c)
{
	buf_add(&c->out.buf, S("Builtin plugins:\n\n"));
	for (size_t i = 0; i < sizeof plugins / sizeof *plugins; i++)
		buf_addf(&c->out.buf, " * %s\n", plugins[i]);
	return NULL;
}

static const struct command list_command = {
	.use = "alpha-list-builtin-plugin",
	.brief = "[Alpha] List the builtin plugins",
	.text = "List the kinds that generators and transformers of apiVersion \"builtin\" may have.",
	.example = "  kustomize edit alpha-list-builtin-plugin",
	.run = run_list,
};

const struct command kustomize_edit_command = {
	.use = "edit",
	.brief = "Edits a kustomization file",
	.example = "  # Add a file of resources\n"
		   "  kustomize edit add resource deployment.yaml\n\n"
		   "  # Set the tag of an image\n"
		   "  kustomize edit set image nginx:1.29",
	.commands = (const struct command *const[]){
		&kustomize_edit_add_command,
		&list_command,
		&kustomize_edit_fix_command,
		&kustomize_edit_remove_command,
		&kustomize_edit_set_command,
		NULL,
	},
};
