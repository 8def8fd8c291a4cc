/* render - a chart and values into manifests: what an install would apply.
 *
 * The way of a chart, in Helm's order of work: dependencies are enabled and
 * imported, values coalesced, checked against the schemas, templates run,
 * and what they wrote cut into manifests and hooks. No cluster, clock or
 * environment is asked but by the functions in the options.
 *
 * Everything lives in the arena handed in. Worker-local; but a chart that was
 * loaded once may be rendered by many threads at once, each from a copy of
 * its struct.
 */
#ifndef HELM_RENDER_H
#define HELM_RENDER_H

#include "helm/manifest.h"
#include "helm/dots.h"

struct render_options {
	struct dots_release release;
	const struct caps *caps;
	const struct notices *notices;
	const struct tmpl_options *tmpl; /* time, random bytes, zones, lookup, limits */
	bool skip_schema;
	/* The text behind a schema's http reference; NULL: those are refused. */
	err *(*fetch_schema)(void *ctx, struct arena *a, str url, str *text);
	void *fetch_ctx;
	bool sub_notes;		/* notes of subcharts, too */
	bool tight;		/* MANIFEST_INSTALL_TIGHT */
	bool files_only;	/* a post-renderer comes before what they hold is looked at */
};

struct render_crd {
	str path, text;
};

struct render {
	bool begun;		/* the templates were reached: later errors are the chart's */
	struct manifest_list manifests, hooks;	/* in order of install */
	struct render_crd *crds;
	size_t crds_n;
	str notes;
	struct manifest_file *files;	/* what the templates wrote, notes left out */
	size_t files_n;
};

/* `c` is changed (helm/depend.h); `values` are the user's, and are not. `out`
 * is filled as far as it came. */
err *render_chart(struct arena *a, struct chart *c, node values, const struct render_options *o,
		  struct render *out) __attribute__((warn_unused_result));

#endif
