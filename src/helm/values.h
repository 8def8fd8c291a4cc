/* values - what a chart is configured with.
 *
 * Values are maps with string keys and, as in Helm, float64 for every number
 * of a YAML file. They come from the chart's values.yaml, from the user's
 * files and flags (laid over one another here), and are brought together for
 * the chart and all its subcharts by helm/coalesce.h.
 *
 * Maps are references: the same map may be reached in several ways, and what
 * changes it is seen on all of them. Functions say which of their arguments
 * they change. Worker-local.
 */
#ifndef HELM_VALUES_H
#define HELM_VALUES_H

#include "base/arena.h"
#include "base/err.h"
#include "helm/strvals.h"
#include "value/node.h"

/* All documents of a YAML text merged in order. An empty map for none. */
err *values_read(struct arena *a, str text, node *out) __attribute__((warn_unused_result));
/* The same for errors that say "cannot unmarshal WHAT document". */
err *values_read_as(struct arena *a, str text, const char *what, node *out)
	__attribute__((warn_unused_result));

/* `b` over `a`: maps are merged, all else is replaced; null stays null.
 * Neither is changed; the result shares their parts. */
node values_merge(struct arena *a, node under, node over);

/* What one entry of a HelmRelease's spec.valuesFrom has. */
struct values_given {
	str text;
	str path;		/* targetPath, as --set spells it; empty: the text is a map */
	bool literal;		/* at the path, as it is; else quotes around it make it a text */
};

/* One more entry over `*values`, which is changed. Before something is set at a path, `own`,
 * the release's values, come over it, as they do after the last entry: so what is set in a
 * map that only they have stays, and is in `own` as well. */
err *values_add(struct arena *a, const struct values_given *g, node own, node *values)
	__attribute__((warn_unused_result));

/* Whether it is a map: Helm's "table". */
static inline bool values_is_table(node n)
{
	return n.kind == NODE_MAP;
}

/* The table at a path of dots; NODE_NONE without it, and then `missing` is
 * the part of the path that is no table. */
node values_table(node values, str path, str *missing);
/* The value at a path of dots; NODE_NONE unless something but a table is there. */
node values_at(node values, str path);

/* The user's sources, each in the order of the command line. */
struct values_sources {
	const str *files, *json, *sets, *strings, *from_files, *literals;
	size_t files_n, json_n, sets_n, strings_n, from_files_n, literals_n;
	strvals_load *load;	/* reads files */
	void *ctx;
};

/* All of them, in Helm's order: files, JSON, --set, --set-string, --set-file,
 * --set-literal. */
err *values_collect(struct arena *a, const struct values_sources *s, node *out)
	__attribute__((warn_unused_result));

#endif
