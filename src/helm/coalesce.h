/* coalesce - a chart's values and its subcharts', brought together.
 *
 * What the user says goes over the chart's defaults; what stands under a
 * subchart's name goes over the subchart's; globals go down to all. Nulls
 * remove defaults, in the ways that Helm 4 has: see spec and tests. There are
 * two modes: coalescing, which gives what templates see, and merging, which
 * keeps nulls for a later coalescing.
 *
 * Warnings go to the notices. Worker-local.
 */
#ifndef HELM_COALESCE_H
#define HELM_COALESCE_H

#include "helm/chart.h"

/* Deeper maps are not merged: coalesce_chart fails on them. */
enum { COALESCE_DEPTH_MAX = 2000 };

enum coalesce_mode { COALESCE_VALUES, COALESCE_MERGE };

/* The values of `c` with the user's `values` (a map or NODE_NONE) over them.
 * Neither is changed: the result is a copy. */
err *coalesce_chart(struct arena *a, const struct chart *c, node values, enum coalesce_mode mode,
		    const struct notices *to, node *out) __attribute__((warn_unused_result));

/* Lay `under` below `over`, which is changed, as may be `under`. */
void coalesce_tables(struct arena *a, node over, node under, enum coalesce_mode mode,
		     const struct notices *to);

#endif
