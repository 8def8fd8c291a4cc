/* lint - what is wrong with a chart, or unusual: `helm lint`.
 *
 * The rules are Helm's, in its order: Chart.yaml, values.yaml, templates and
 * what they render to (with the release "test-release"; `required` and `fail`
 * let everything pass), dependencies, crds/. Each rule that is broken gives a
 * message of its own; some end the rules behind them.
 *
 * A chart is a directory or an archive. Archives are read in memory, as if
 * they lay in a directory.
 *
 * Messages live in the arena handed in. Worker-local.
 */
#ifndef HELM_LINT_H
#define HELM_LINT_H

#include "base/vec.h"
#include "helm/caps.h"
#include "helm/notice.h"
#include "helm/schemas.h"
#include "tmpl/exec.h"

enum lint_severity { LINT_UNKNOWN, LINT_INFO, LINT_WARNING, LINT_ERROR };

struct lint_message {
	enum lint_severity severity;
	str path;		/* "Chart.yaml", as the rule names what it looks at */
	str text;
};

struct lint_messages {
	struct lint_message *p;
	size_t n, cap;
};

struct lint_options {
	str ns;
	const struct objects_kube_version *kube;	/* NULL: the usual one */
	bool skip_schema;
	schemas_fetch *fetch;		/* remote schemas; NULL: refused */
	void *fetch_ctx;
	const struct notices *notices;
	const struct tmpl_options *tmpl;	/* as in helm/render.h */
};

/* Look at the chart at `path`. Fails when that is no chart at all. The maps
 * of `values` are filled up with the chart's own, as in Helm: who lints
 * several charts with the same values sees it. */
err *lint_chart(struct arena *a, str path, node values, const struct lint_options *o,
		struct lint_messages *out) __attribute__((warn_unused_result));

/* The same for files in memory, which are said to lie in `dir`. */
void lint_files(struct arena *a, str dir, const struct chart_files *files, node values,
		const struct lint_options *o, struct lint_messages *out);

/* "[ERROR] Chart.yaml: name is required" */
void lint_print(struct buf *b, const struct lint_message *m);

#endif
