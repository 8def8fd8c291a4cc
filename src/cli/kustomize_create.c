#include "base/fs.h"
#include "cli/kustomize_edit.h"
#include "kustomize/kfile.h"
#include "kustomize/objfile.h"
#include "text/path.h"

struct create_options {
	str resources, ns, annotations, labels, prefix, suffix;
	bool detect, recursive;
};

#define AT(field) offsetof(struct create_options, field)

static const struct flag flags[] = {
	{ "annotations", 0, FLAG_STRING, AT(annotations), "add one or more common annotations" },
	{ "autodetect", 0, FLAG_BOOL, AT(detect),
	  "add the files in the current directory that hold Kubernetes objects" },
	{ "labels", 0, FLAG_STRING, AT(labels), "add one or more common labels" },
	{ "nameprefix", 0, FLAG_STRING, AT(prefix),
	  "set the value of the namePrefix field in the kustomization file" },
	{ "namespace", 0, FLAG_STRING, AT(ns),
	  "set the value of the namespace field in the kustomization file" },
	{ "namesuffix", 0, FLAG_STRING, AT(suffix),
	  "set the value of the nameSuffix field in the kustomization file" },
	{ "recursive", 0, FLAG_BOOL, AT(recursive),
	  "look into directories, too; one that has a kustomization file is added itself" },
	{ "resources", 0, FLAG_STRING, AT(resources),
	  "files and bases to add to the kustomization file, parted by commas" },
	{ 0 },
};

/* ---- what there is ----------------------------------------------------- */

struct detection {
	struct edit *e;
	const struct fs *root;
	bool recursive;
	edit_paths found;
};

static bool is_root(const struct detection *d, struct arena *a, str dir)
{
	for (size_t i = 0; i < 3; i++)
		if (files_disk.type(&files_disk,
				    path_join(a, fs_root(d->root), dir, kfile_names[i])) != FILE_NONE)
			return true;
	return false;
}

static void add_found(struct detection *d, str path)
{
	avec_push(d->e->c->arena, &d->found, arena_str(d->e->c->arena, path));
}

/* Whatever parses as objects is one of them, whatever it is called. */
static err *visit(void *ctx, str path, const struct fs_entry *entry, enum fs_step *next)
{
	struct detection *d = ctx;
	struct arena *a = d->e->c->arena;
	struct arena_mark mark = arena_mark(a);
	node_list objects;
	str text;

	if (entry->type == FS_DIR) {
		if (d->recursive && is_root(d, a, path))
			add_found(d, path);
		else if (d->recursive)
			return NULL;
		*next = FS_SKIP;
		return NULL;
	}
	TRY(files_disk.read(&files_disk, a, path, &text));
	err *e = objfile_parse(a, NULL, text, path, &objects);

	arena_rewind(a, mark);
	if (!e)
		add_found(d, path);
	err_free(e);
	return NULL;
}

static err *detect(struct edit *e, bool recursive, node resources)
{
	CLEANUP(fs_drop) struct fs *root = NULL;
	struct detection d = { .e = e, .recursive = recursive };
	const struct fs_walk walk = { .visit = visit, .ctx = &d };

	TRY(fs_open(&root, e->dir, NULL));
	d.root = root;
	TRY(fs_walk(root, STR_NONE, &walk));
	for (size_t i = 0; i < d.found.n; i++)
		if (!kfile_edit_has(resources, d.found.p[i]))
			node_append(e->c->arena, resources, node_from_str(e->c->arena, d.found.p[i]));
	return NULL;
}

/* ---- what is asked for ------------------------------------------------- */

static err *list_resources(struct edit *e, str list, node to)
{
	edit_paths words = { 0 }, paths = { 0 };
	str word;

	while (str_cut(&list, &word, ','))
		avec_push(e->c->arena, &words, word);
	TRY(edit_expand(e, words.p, words.n, true, &paths));
	for (size_t i = 0; i < paths.n; i++)
		node_append(e->c->arena, to, node_from_str(e->c->arena, paths.p[i]));
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
	node resources = node_seq(c->arena, 4);

	TRY(edit_here(c, &e));
	TRY(list_resources(&e, o->resources, resources));
	err *none = edit_open(c, &there);

	if (!none || err_kind(none) != ERR_NOT_FOUND) {
		err_free(none);
		return err_new(ERR_EXISTS, "kustomization file already exists");
	}
	err_free(none);
	if (o->detect)
		TRY(detect(&e, o->recursive, resources));
	kfile_edit_new(c->arena, &e.k);
	node_set(c->arena, e.k.root, S("resources"), resources);
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
		   "  kustomize create --resources ../base --namespace staging --nameprefix acme-\n\n"
		   "  # Create a kustomization of all manifests here and below\n"
		   "  kustomize create --autodetect --recursive",
	.flags = flags,
	.options = sizeof(struct create_options),
	.run = run_create,
};
