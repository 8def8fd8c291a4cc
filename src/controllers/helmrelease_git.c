/* helmrelease_git - where the values of a HelmRelease stand in Git.
 *
 * The Kustomization that applied it says in its labels who it is; its source has the files.
 * Among them the object is looked for as it was written: by kind and name, and with that
 * very value. What a patch or a generator made is not found, and nothing is told then.
 *
 * Only for errors: nothing else reads files again. */
#include "controllers/hr_impl.h"
#include "text/path.h"
#include "value/source.h"
#include "value/yaml.h"

#define KS_GROUP "kustomize.toolkit.fluxcd.io"

enum { FILE_SIZE_MAX = 1 << 20, FILES_MAX = 2000 };

struct search {
	struct hr *h;
	const struct fs *fs;
	str dir;		/* spec.path of the Kustomization */
	const str *path;	/* of the value */
	size_t n, files;
	node wanted;		/* as the cluster has it */
	str where;		/* the best so far: "FILE:LINE:COL" */
};

static node dig(node at, const str *path, size_t n)
{
	for (size_t i = 0; i < n; i++)
		at = node_get(at, path[i]);
	return at;
}

/* ---- one file ----------------------------------------------------------------- */

static bool is_the_object(const struct search *s, node doc)
{
	node meta = node_get(doc, S("metadata"));
	str ns = node_str(node_get(meta, S("namespace")));

	return str_eq(node_str(node_get(doc, S("kind"))), S("HelmRelease")) &&
	       str_eq(node_str(node_get(meta, S("name"))), s->h->p->key.name) &&
	       (!ns.n || str_eq(ns, s->h->p->key.namespace));
}

/* Variables are put in after the file was read. */
static bool is_the_value(const struct search *s, node value)
{
	return value.kind != NODE_NONE &&
	       (node_equal(value, s->wanted) || str_has(node_str(value), S("${")));
}

static bool look_into(struct search *s, str file, str text)
{
	struct sources sources = SOURCES_INIT;
	const struct yaml_options o = { .json = true, .sources = &sources, .name = file };
	struct yaml_doc *docs;
	struct err_pos pos;
	size_t n = 0;
	bool found = false;
	err *e = yaml_read_all(s->h->a, text, &o, &docs, &n);

	for (size_t i = 0; !e && i < n && !found; i++) {
		node values = node_dig(docs[i].root, "spec", "values");
		node value = is_the_object(s, docs[i].root) ? dig(values, s->path, s->n)
							      : NODE_NOTHING;

		found = is_the_value(s, value) && sources_locate(&sources, value.place, &pos);
		if (found)
			s->where = arena_printf(s->h->a, "%.*s:%u:%u", STR_ARG(file), pos.line,
						pos.col);
	}
	err_free(e);
	sources_release(&sources);
	return found;
}

/* ---- all files ---------------------------------------------------------------- */

static bool is_inside(str file, str dir)
{
	return !dir.n || str_eq(dir, S(".")) ||
	       (str_starts(file, dir) && file.n > dir.n && file.p[dir.n] == '/');
}

/* What the Kustomization's own directory has is what is meant; else the first. */
static err *visit(void *ctx, str path, const struct fs_entry *entry, enum fs_step *next)
{
	struct search *s = ctx;
	bool inside = is_inside(path, s->dir);
	str text, file;

	if (entry->type != FS_FILE || (s->where.n && !inside) ||
	    (!str_ends(path, S(".yaml")) && !str_ends(path, S(".yml"))))
		return NULL;
	if (++s->files > FILES_MAX) {
		*next = FS_STOP;
		return NULL;
	}
	file = arena_str(s->h->a, path);
	err *e = fs_read(s->fs, s->h->a, file, FILE_SIZE_MAX, &text);

	if (e) {
		err_free(e);
		return NULL;
	}
	if (str_has(text, S("HelmRelease")) && str_has(text, s->h->p->key.name) &&
	    look_into(s, file, text) && inside)
		*next = FS_STOP;
	return NULL;
}

/* ---- the Kustomization -------------------------------------------------------- */

/* Its source's artifact, if that is what was applied. */
static bool find_artifact(struct hr *h, str *dir, struct artifact *out, str *source)
{
	node labels = node_dig(h->p->object, "metadata", "labels"), ks, found;
	str name = node_str(node_get(labels, S(KS_GROUP "/name")));
	str ns = node_str(node_get(labels, S(KS_GROUP "/namespace")));

	if (!name.n)
		return false;
	err *e = pass_get(h->p, (struct gvk){ S(KS_GROUP), STR_NONE, S("Kustomization") }, ns, name,
			  &ks);

	err_free(e);
	if (e)
		return false;
	node ref = node_dig(ks, "spec", "sourceRef");
	str kind = node_str(node_get(ref, S("kind"))), source_name = node_str(node_get(ref, S("name")));
	str source_ns = node_str_or(node_get(ref, S("namespace")), ns);

	*dir = str_trim_left_set(path_clean(h->a, node_str(node_dig(ks, "spec", "path"))), S("/"));
	*source = arena_cat(h->a, kind, S(" "), source_ns, S("/"), source_name);
	e = pass_get(h->p, (struct gvk){ S(HR_SOURCE_GROUP), STR_NONE, kind }, source_ns, source_name,
		     &found);
	err_free(e);
	return !e && artifact_of(h->a, found, out) &&
	       str_eq(out->revision,
		      node_str(node_dig(ks, "status", "lastAttemptedRevision")));
}

bool hr_find_in_git(struct hr *h, const str *path, size_t n, str *where)
{
	CLEANUP(artifact_tree_drop) struct artifact_tree *tree = NULL;
	struct search s = { .h = h, .path = path, .n = n,
			    .wanted = dig(node_get(h->spec, S("values")), path, n) };
	const struct fs_walk walk = { .visit = visit, .ctx = &s };
	struct artifact artifact;
	str source;

	if (!find_artifact(h, &s.dir, &artifact, &source))
		return false;
	err *e = pass_open(h->p, &artifact, &tree);

	if (!e) {
		s.fs = artifact_tree_fs(tree);
		e = fs_walk(s.fs, STR_NONE, &walk);
	}
	err_free(e);
	if (!s.where.n)
		return false;
	*where = arena_cat(h->a, s.where, S(" of "), source);
	return true;
}
