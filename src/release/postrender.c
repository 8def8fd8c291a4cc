/* postrender - documents sent through somebody else between rendering and use.
 *
 * As Helm 4: the files become one stream, each document marked with the file
 * it is from; what comes back is sorted into files by that mark. On the way
 * documents are read and written by kyaml's rules: comments stay, a List that
 * is alone in its text falls apart, and what is no map is refused.
 */
#include "base/die.h"
#include "base/map.h"
#include "base/sort.h"
#include "base/vec.h"
#include "kustomize/krm.h"
#include "release/release_impl.h"
#include "text/path.h"

#define MARK S("postrenderer.helm.sh/postrender-filename")

typedef VEC(struct manifest_file) file_list;

static int by_path(const void *x, const void *y, void *ctx)
{
	(void)ctx;
	return str_cmp(((const struct manifest_file *)x)->path,
		       ((const struct manifest_file *)y)->path);
}

/* ---- there ------------------------------------------------------------- */

/* As kio.StringAll of kyaml. */
static err *print(struct arena *a, krm_docs *docs, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(krm_print(a, docs, &(const struct krm_print){ .paths = true }, &b));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

static err *add_document(struct arena *a, str path, str text, krm_docs *out)
{
	krm_docs docs = { 0 };
	err *e = krm_read_text(a, text, &docs);

	if (e)
		return err_wrap(e, "parsing %.*s", STR_ARG(path));
	for (size_t i = 0; i < docs.n; i++) {
		e = krm_set_annotation(a, &docs.p[i], MARK, path);
		if (e)
			return err_wrap(e, "annotating %.*s", STR_ARG(path));
		avec_push(a, out, docs.p[i]);
	}
	return NULL;
}

static err *merge(struct arena *a, file_list *files, str *out)
{
	krm_docs all = { 0 };

	sort_stable(files->p, files->n, sizeof *files->p, by_path, NULL);
	for (size_t i = 0; i < files->n; i++) {
		const struct manifest_file *f = &files->p[i];
		struct manifest_cut cut = { .rest = manifest_trim_left(f->text) };
		str document;

		if (str_starts(path_base(f->path), S("_")) || !manifest_trim(f->text).n)
			continue;
		while (manifest_take(&cut, &document))
			if (manifest_trim(document).n)
				TRY(add_document(a, f->path, document, &all));
	}
	err *e = print(a, &all, out);

	return e ? err_wrap(e, "writing merged docs") : NULL;
}

/* ---- and back ---------------------------------------------------------- */

static str name_of(struct arena *a, node root, const char *group, size_t i)
{
	node annotations = node_dig(root, "metadata", "annotations");
	str name = node_str(node_get(annotations, MARK));

	if (name.n) {
		name = arena_str(a, name);
		node_remove(annotations, MARK);
		return name;
	}
	return arena_printf(a, "generated-by-postrender-%s%s%zu.yaml", group, *group ? "-" : "", i);
}

/* The documents of a file. */
struct returned {
	str path;
	krm_docs docs;
};

static err *split(struct arena *a, str stream, const char *group, file_list *out)
{
	CLEANUP(map_release) struct map by_name = MAP_INIT;
	VEC(struct returned *) all = { 0 };
	krm_docs docs = { 0 };
	err *e = krm_read_text(a, stream, &docs);

	if (e)
		return err_wrap(e, "error parsing YAML");
	for (size_t i = 0; i < docs.n; i++) {
		str name = name_of(a, docs.p[i].root, group, i);
		struct returned *r = map_get(&by_name, name);

		if (!r) {
			r = arena_new(a, struct returned);
			r->path = name;
			map_set(&by_name, name, r);
			avec_push(a, &all, r);
		}
		avec_push(a, &r->docs, docs.p[i]);
	}
	for (size_t i = 0; i < all.n; i++) {
		struct manifest_file f = { .path = all.p[i]->path };

		e = print(a, &all.p[i]->docs, &f.text);
		if (e)
			return err_wrap(e, "re-writing %.*s", STR_ARG(f.path));
		avec_push(a, out, f);
	}
	return NULL;
}

static err *run(struct arena *a, const struct release_how *how, file_list *files, const char *group,
		const char *what, file_list *out)
{
	str merged, back;
	err *e = merge(a, files, &merged);

	if (e)
		return err_wrap(e, "error merging %s", *group ? group : "manifests");
	e = how->post_render(how->post_ctx, a, merged, &back);
	if (e)
		return err_wrap(e, "error while running post render on %s", what);
	e = split(a, back, group, out);
	if (e && *group)
		return err_wrap(e, "error while parsing post rendered output for %s", group);
	return e ? err_wrap(e, "error while parsing post rendered output") : NULL;
}

/* Documents of one file are one text again. */
static void gather(struct arena *a, const struct manifest_list *list, file_list *out)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct manifest *m = &list->p[i];
		struct manifest_file *f = NULL;

		for (size_t j = 0; j < out->n; j++)
			if (str_eq(out->p[j].path, m->path))
				f = &out->p[j];
		if (f)
			f->text = arena_cat(a, f->text, S("\n---\n"), m->text);
		else
			avec_push(a, out, (struct manifest_file){ .path = m->path, .text = m->text });
	}
}

static void put_back(struct arena *a, const file_list *more, file_list *out)
{
	for (size_t i = 0; i < more->n; i++) {
		struct manifest_file *f = NULL;

		for (size_t j = 0; j < out->n; j++)
			if (str_eq(out->p[j].path, more->p[i].path))
				f = &out->p[j];
		if (f)
			f->text = arena_cat(a, f->text, S("\n---\n"), more->p[i].text);
		else
			avec_push(a, out, more->p[i]);
	}
}

/* Hooks and manifests each by themselves, or hooks not at all. */
static err *run_apart(struct arena *a, const struct release_how *how, const struct render *r,
		      file_list *out)
{
	file_list hooks = { 0 }, manifests = { 0 }, back = { 0 };

	gather(a, &r->hooks, &hooks);
	gather(a, &r->manifests, &manifests);
	if (how->post == RELEASE_POST_NO_HOOKS)
		back = hooks;
	else if (hooks.n)
		TRY(run(a, how, &hooks, "hooks", "hooks", &back));
	put_back(a, &back, out);
	back = (file_list){ 0 };
	if (manifests.n)
		TRY(run(a, how, &manifests, "manifests", "manifests", &back));
	put_back(a, &back, out);
	return NULL;
}

err *release_post_render(struct arena *a, const struct release_how *how, const struct notices *to,
			 struct render *r)
{
	file_list files = { 0 }, out = { 0 };

	for (size_t i = 0; i < r->files_n; i++)
		avec_push(a, &files, r->files[i]);
	if (how->post == RELEASE_POST_COMBINED)
		TRY(run(a, how, &files, "", "files", &out));
	else
		TRY(run_apart(a, how, r, &out));
	r->files = out.p;
	r->files_n = out.n;
	r->manifests = r->hooks = (struct manifest_list){ 0 };
	return manifest_sort(a, out.p, out.n,
			     how->tight ? MANIFEST_INSTALL_TIGHT : MANIFEST_INSTALL, to,
			     &r->manifests, &r->hooks);
}
