/* The build itself, and the order of what comes before and behind it. */
#include "kustomize/flux_impl.h"
#include "kustomize/value.h"
#include "text/path.h"
#include "value/json.h"

err *flux_dir(struct arena *a, const struct fs *root, node object, str *out)
{
	str path = node_str(node_dig(object, "spec", "path"));
	struct fs_info info;

	path = str_from(path_clean(a, arena_cat(a, S("/"), path)), 1);
	err *e = fs_stat(root, path, &info);

	if (e)
		return err_wrap(e, "kustomization path not found");
	*out = path;
	return NULL;
}

/* `texts` are laid over the files; NULL for none. */
static err *build(struct arena *a, const struct flux_source *s, const struct flux_kfile *k,
		  const struct map *texts, struct resmap **out)
{
	struct files_confined confined;
	struct files_overlay files;
	struct kustomize_options o = {
		.files = &files.files,
		.remote = s->remote,
		.helm = s->helm,
		.sources = s->sources,
		.working_dir = fs_root(s->root),
		.order = KUSTOMIZE_ORDER_NONE,
		.any_file = true,
		.release_581 = true,
		.root_places = k->root,
	};

	files_confined_init(&confined, s->root);
	confined.also = s->remote ? &s->remote->roots : NULL;
	files_overlay_init(&files, &confined.files, k->path, k->text);
	files.more = texts;
	err *e = kustomize_build(a, &o, path_dir(a, k->path), out);

	if (e && err_code(e) == KUSTOMIZE_PANIC)
		return err_wrap(e, "recovered from kustomize build panic");
	return e;
}

err *flux_build(struct arena *a, const struct flux_source *s, const struct flux_kfile *k,
		struct resmap **out)
{
	return build(a, s, k, NULL, out);
}

/* ---- all of it --------------------------------------------------------- */

struct render {
	struct arena *a;
	const struct flux_rendering *how;
	struct flux_decryptor *decryptor;	/* NULL: not asked for, or no keys */
	node object;
	struct flux_substitution substitution;
	struct map *vars;
	bool vars_known;
};

static err *of_object(struct arena *a, const char *what, const struct resource *r, err *cause)
{
	CLEANUP(buf_release) struct buf gvk = BUF_INIT;
	str name = arena_str(a, resource_name(r));

	gvk_print(&gvk, resource_gvk(r));
	return err_wrap(cause, "%s '%s/%.*s'", what, buf_c(&gvk), STR_ARG(name));
}

static err *check(struct arena *a, const struct resource *r)
{
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	struct gvk gvk = resource_gvk(r);
	node value;

	if (resource_name(r).n && gvk.kind.n && (gvk.group.n || gvk.version.n))
		return NULL;
	TRY(value_of(a, r->object, false, &value));
	TRY(json_write(&json, value, NULL));
	return err_new(ERR_INVALID, "failed to decode Kubernetes apiVersion, kind and name from: %s",
		       buf_c(&json));
}

/* The variables are asked for when the first object wants them. */
static err *substitute(struct render *w, struct resource *r)
{
	if (flux_keeps_variables(r))
		return NULL;
	if (!w->vars_known)
		TRY(flux_vars(w->a, w->object, w->how->lookup, w->vars));
	w->vars_known = true;
	return flux_substitute(w->a, &w->substitution, r);
}

static err *finish_object(struct render *w, struct resource *r)
{
	err *e = NULL;

	if (!w->how->as_cli)
		TRY(check(w->a, r));
	if (w->decryptor)
		e = flux_decrypt_resource(w->a, w->decryptor, r);
	if (e)
		return of_object(w->a, "decryption failed for", r, e);
	if (!node_is_nil(node_dig(w->object, "spec", "postBuild")))
		e = substitute(w, r);
	if (e && w->how->as_cli)
		return err_wrap(e, "var substitution failed for '%.*s'", STR_ARG(resource_name(r)));
	return e ? of_object(w->a, "post build failed for", r, e) : NULL;
}

err *flux_render(struct arena *a, const struct flux_source *s, const struct flux_kfile *k,
		 node object, const struct flux_rendering *how, struct resmap **out)
{
	CLEANUP(map_release) struct map texts = MAP_INIT, vars = MAP_INIT;
	node strategy = node_dig(object, "spec", "postBuild", "substituteStrategy");
	struct render w = {
		.a = a, .how = how, .object = object, .vars = &vars,
		.substitution = { .vars = &vars, .strict = how->strict, .sources = s->sources,
				  .always = str_eq(node_str(strategy), S("Always")) },
	};
	struct resmap *m;
	err *e;

	if (str_eq(node_str(node_dig(object, "spec", "decryption", "provider")), S("sops")))
		w.decryptor = how->decryptor;
	if (w.decryptor) {
		e = flux_decrypt_sources(a, s, k, w.decryptor, &texts);
		if (e)
			return err_wrap(e, "error decrypting sources");
	}
	e = build(a, s, k, &texts, &m);
	if (e)
		return err_wrap(e, "kustomize build failed");
	for (size_t i = 0; i < m->n; i++)
		TRY(finish_object(&w, m->list[i]));
	resmap_touch(m);
	*out = m;
	return NULL;
}
