/* depend - which of a chart's dependencies take part, and what they export.
 *
 * Chart.yaml declares dependencies; charts/ holds charts. Here the two are
 * matched: by name and range, renamed by alias, switched by tags and
 * conditions in the values. Then import-values are carried up from the
 * children. After this the tree holds what will be rendered. Worker-local.
 */
#ifndef HELM_DEPEND_H
#define HELM_DEPEND_H

#include "helm/chart.h"

/* Changes `c`, whose lists and charts are replaced rather than written to:
 * what it was loaded as stays what it was, for other copies of its struct and
 * other threads. */
err *depend_process(struct arena *a, struct chart *c, node values, const struct notices *to)
	__attribute__((warn_unused_result));

#endif
