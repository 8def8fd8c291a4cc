/* The kustomization file of a directory: found, or made from its manifests. */
#include "base/vec.h"
#include "kustomize/flux_impl.h"
#include "kustomize/kfile.h"
#include "kustomize/objfile.h"
#include "text/path.h"
#include "value/yaml.h"

/* ---- ignore files ------------------------------------------------------ */

enum { IGNORE_FILE_MAX = 1 << 20 };

struct loading {
	struct arena *a;
	const struct flux_source *s;
	struct ignore *rules;
	bool any;
};

/* The part of a path below the root that lies below the source's directory. */
static str below_dir(const struct flux_source *s, str path)
{
	str rest = s->dir.n ? str_from(path, s->dir.n) : path;

	str_take(&rest, '/');
	return rest;
}

static err *load_from(struct loading *l, str dir)
{
	str text, file = path_join(l->a, dir, S(".sourceignore"));

	if (!fs_is_file(l->s->root, file))
		return NULL;
	TRY(fs_read(l->s->root, l->a, file, IGNORE_FILE_MAX, &text));
	ignore_add(l->rules, text, below_dir(l->s, dir));
	l->any = true;
	return NULL;
}

static err *load_visit(void *ctx, str path, const struct fs_entry *entry, enum fs_step *next)
{
	if (entry->type != FS_DIR)
		return NULL;
	if (str_eq(entry->name, S(".git"))) {
		*next = FS_SKIP;
		return NULL;
	}
	return load_from(ctx, path);
}

err *flux_load_ignores(struct arena *a, const struct flux_source *s, struct ignore **out,
		       bool *any)
{
	struct loading l = { .a = a, .s = s, .rules = ignore_new(a) };
	struct fs_walk walk = { .visit = load_visit, .ctx = &l };
	err *e;

	*out = NULL;
	*any = false;
	if (!s->filter)
		return NULL;
	ignore_add_vcs(l.rules, STR_NONE);
	ignore_add_defaults(l.rules, STR_NONE);
	e = load_from(&l, s->dir);
	if (!e)
		e = fs_walk(s->root, s->dir, &walk);
	if (e)
		return err_wrap(e, "failed to load ignore patterns");
	if (s->ignore.n)
		ignore_add(l.rules, s->ignore, STR_NONE);
	*any = l.any || s->ignore.n;
	*out = l.rules;
	return NULL;
}

/* ---- manifests --------------------------------------------------------- */

struct scan {
	struct arena *a;
	const struct flux_source *s;
	const struct ignore *ignores;
	node resources;
};

static str kfile_in(struct arena *a, const struct fs *root, str dir)
{
	for (size_t i = 0; i < 3; i++) {
		str path = path_join(a, dir, kfile_names[i]);

		if (fs_is_file(root, path))
			return path;
	}
	return STR_NONE;
}

static str absolute(struct arena *a, const struct flux_source *s, str path)
{
	return path_join(a, fs_root(s->root), path);
}

static void add_resource(struct scan *c, str path)
{
	str name = arena_cat(c->a, S("./"), below_dir(c->s, path));

	node_append(c->a, c->resources, node_from_str(c->a, name));
}

/* What is no manifest must not be built: it fails here, with its name. */
static err *check_manifest(struct scan *c, str path)
{
	struct arena_mark mark = arena_mark(c->a);
	str name = absolute(c->a, c->s, path), text;
	node_list objects = { 0 };

	TRY(fs_read(c->s->root, c->a, path, FILES_READ_MAX, &text));
	err *e = objfile_parse(c->a, NULL, text, name, &objects);

	if (e)
		return err_wrap(e, "failed to decode Kubernetes YAML from %.*s", STR_ARG(name));
	arena_rewind(c->a, mark);
	return NULL;
}

static err *scan_visit(void *ctx, str path, const struct fs_entry *entry, enum fs_step *next)
{
	struct scan *c = ctx;

	if (entry->type == FS_DIR) {
		if (kfile_in(c->a, c->s->root, path).n) {
			add_resource(c, path);
			*next = FS_SKIP;
		}
		return NULL;
	}
	str ext = path_ext(path);

	if (!str_eq(ext, S(".yaml")) && !str_eq(ext, S(".yml")))
		return NULL;
	if (c->ignores && ignore_match(c->ignores, below_dir(c->s, path), false))
		return NULL;
	TRY(check_manifest(c, path));
	add_resource(c, path);
	return NULL;
}

static err *make_kfile(struct arena *a, const struct flux_source *s, const struct ignore *ignores,
		       node *out)
{
	struct scan c = { .a = a, .s = s, .ignores = ignores, .resources = node_seq(a, 8) };
	struct fs_walk walk = { .visit = scan_visit, .ctx = &c };

	TRY(fs_walk(s->root, s->dir, &walk));
	*out = node_map(a, 4);
	if (node_len(c.resources))
		node_set(a, *out, S("resources"), c.resources);
	else	/* a file without anything in it could not be built */
		node_set(a, *out, S("namespace"), node_lit("_placeholder"));
	return NULL;
}

/* ---- all --------------------------------------------------------------- */

/* Read as leniently as Flux does: unknown fields are dropped. */
static err *read_kfile(struct arena *a, const struct flux_source *s, str path, node *out)
{
	const struct typed_options fit = { .texts = true, .sources = s->sources };
	struct yaml_options o = *YAML_SIGS;
	str text;
	node tree;

	TRY(fs_read(s->root, a, path, FILES_READ_MAX, &text));
	o.sources = s->sources;
	o.name = absolute(a, s, path);
	TRY(yaml_read(a, text, &o, &tree));
	if (node_is_nil(tree)) {
		*out = node_map(a, 4);
		return NULL;
	}
	err *e = typed_fit(a, tree, &kfile_type, &fit, out);

	return e ? err_wrap(e, "error unmarshaling JSON: while decoding JSON") : NULL;
}

err *flux_generate(struct arena *a, const struct flux_source *s, node object,
		   struct flux_kfile *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	str path = kfile_in(a, s->root, s->dir);
	struct ignore *ignores;
	bool any;
	node kfile;

	*out = (struct flux_kfile){ .created = !path.n };
	TRY(flux_load_ignores(a, s, &ignores, &any));
	if (out->created)
		TRY(make_kfile(a, s, any ? ignores : NULL, &kfile));
	else
		TRY(read_kfile(a, s, path, &kfile));
	if (!node_has(kfile, S("apiVersion")))
		node_set(a, kfile, S("apiVersion"), node_lit("kustomize.config.k8s.io/v1beta1"));
	if (!node_has(kfile, S("kind")))
		node_set(a, kfile, S("kind"), node_lit("Kustomization"));
	TRY(flux_merge(a, s, object, ignores, out->created, kfile));
	TRY(kfile_write(a, kfile, &text));
	out->path = absolute(a, s, out->created ? path_join(a, s->dir, kfile_names[0]) : path);
	out->text = arena_str(a, buf_str(&text));
	out->root = kfile;
	return NULL;
}
