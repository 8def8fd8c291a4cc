/* lint_impl - what the rules of `helm lint` share.
 *
 * A rule gets the linter, looks at the source, and reports with lint_rule. lint.c opens
 * the source and closes it; all else lives in the arena. Of one call.
 */
#ifndef HELM_LINT_IMPL_H
#define HELM_LINT_IMPL_H

#include "helm/chart.h"
#include "helm/lint.h"
#include "value/typed.h"

/* Where the files of the chart are: a directory, or an archive's list. */
struct lint_source {
	struct fs *fs;			/* the whole machine; NULL: `files` has all */
	str dir;			/* absolute */
	struct chart_files files;
};

struct linter {
	struct arena *a;
	const struct lint_options *o;
	struct lint_source source;
	struct lint_messages *out;
};

err *lint_source_open(struct arena *a, str path, struct lint_source *out)
	__attribute__((warn_unused_result));
void lint_source_close(struct lint_source *s);
enum chart_path lint_source_kind(const struct lint_source *s, struct arena *a, str name);
err *lint_source_read(const struct lint_source *s, struct arena *a, str name, str *text)
	__attribute__((warn_unused_result));
err *lint_source_load(const struct linter *l, struct chart **out)
	__attribute__((warn_unused_result));

/* Report `e`, if there is one, and end it; true when there is none. */
bool lint_rule(struct linter *l, enum lint_severity severity, str path, err *e);

/* ---- the rules --------------------------------------------------------- */

void lint_chart_file(struct linter *l);

/* One object of a rendered file or a CRD: `head` has its apiVersion, Kind and
 * Metadata (Name, Namespace). */
extern const struct typed lint_head_type;
void lint_object(struct linter *l, str path, node head, str manifest,
		 const struct objects_kube_version *kube);

/* The documents of a text, JSON or YAML, one by one, as apimachinery's decoder
 * for both reads them. */
struct lint_docs {
	str rest;
	bool json;		/* still read as JSON objects in a row */
	size_t offset;		/* bytes read as JSON */
	size_t count;
};
void lint_docs_init(struct lint_docs *d, str text);
/* The next one, fitted; NODE_NULL for an empty one. `more` is false at the end. */
err *lint_docs_next(struct lint_docs *d, struct arena *a, const struct typed *type, node *out,
		    bool *more) __attribute__((warn_unused_result));

#endif
