#include "helm/render.h"

#include "base/vec.h"
#include "helm/coalesce.h"
#include "helm/depend.h"
#include "helm/schemas.h"
#include "text/path.h"

/* ---- templates --------------------------------------------------------- */

static err *check_kube(struct arena *a, const struct chart *c, const struct caps *caps)
{
	str range = c->meta.kube_version;

	if (!range.n || meta_version_fits(a, range, caps->kube.normalized))
		return NULL;
	return err_new(ERR_INVALID,
		       "chart requires kubeVersion: %.*s which is incompatible with Kubernetes %.*s",
		       STR_ARG(range), STR_ARG(caps->kube.version));
}

/* Notes are rendered as all files are, and then are none of them. */
static void take_notes(struct arena *a, const struct chart *c, const struct render_options *o,
		       const struct engine_output *outputs, size_t n, struct render *out)
{
	str own = path_join(a, c->meta.name, S("templates"), S("NOTES.txt"));
	VEC(str) notes = { 0 };

	out->files = arena_array(a, struct manifest_file, n + 1);
	for (size_t i = 0; i < n; i++) {
		if (!str_ends(outputs[i].name, S("NOTES.txt")))
			out->files[out->files_n++] =
				(struct manifest_file){ outputs[i].name, outputs[i].text,
							 outputs[i].trace };
		else if (o->sub_notes || str_eq(outputs[i].name, own))
			avec_push(a, &notes, outputs[i].text);
	}
	out->notes = arena_join(a, notes.p, notes.n, S("\n"));
}

static err *run_templates(struct arena *a, const struct chart *c, node values,
			  const struct render_options *o, struct render *out)
{
	struct tmpl_options tmpl = *o->tmpl;
	struct engine_templates templates;
	struct engine_output *outputs;
	struct dots dots;
	size_t n;

	dots_make(a, c, values, &o->release, o->caps, &dots);
	tmpl.files_methods = objects_files_methods;
	tmpl.values_methods = objects_values_methods;
	tmpl.version_set_has = &objects_version_set_has;
	TRY(engine_parse(a, dots.files, dots.n, tmpl.lease, &templates));
	TRY(engine_render(a, &templates, dots.dots, &tmpl, &outputs, &n));
	take_notes(a, c, o, outputs, n, out);
	return NULL;
}

/* ---- definitions ------------------------------------------------------- */

struct crd_list {
	struct render_crd *p;
	size_t n, cap;
};

static void add_crds(struct arena *a, const struct chart *c, struct crd_list *list)
{
	str path = chart_full_path(a, c);

	for (size_t i = 0; i < c->files.n; i++)
		if (chart_is_crd(&c->files.p[i]))
			avec_push(a, list,
				  (struct render_crd){ path_join(a, path, c->files.p[i].name),
						       c->files.p[i].data });
	for (size_t i = 0; i < c->subs_n; i++)
		add_crds(a, c->subs[i], list);
}

/* ---- the whole --------------------------------------------------------- */

err *render_chart(struct arena *a, struct chart *c, node values, const struct render_options *o,
		  struct render *out)
{
	struct crd_list crds = { 0 };
	node all;
	err *e = depend_process(a, c, values, o->notices);

	*out = (struct render){ 0 };
	if (e) {
		notice(o->notices, NOTICE_ERROR, S("chart dependencies processing failed"),
		       { "error", err_text(e) });
		return err_wrap(e, "chart dependencies processing failed");
	}
	TRY(coalesce_chart(a, c, values, COALESCE_VALUES, o->notices, &all));
	if (!o->skip_schema)
		TRY(schemas_check(c, all, o->fetch_schema, o->fetch_ctx));
	out->begun = true;
	add_crds(a, c, &crds);
	out->crds = crds.p;
	out->crds_n = crds.n;
	TRY(check_kube(a, c, o->caps));
	TRY(run_templates(a, c, all, o, out));
	if (o->files_only)
		return NULL;
	return manifest_sort(a, out->files, out->files_n,
			     o->tight ? MANIFEST_INSTALL_TIGHT : MANIFEST_INSTALL, o->notices,
			     &out->manifests, &out->hooks);
}
