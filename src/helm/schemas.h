/* schemas - values against the values.schema.json of every chart.
 *
 * The root's and those of all enabled subcharts that have values are asked;
 * what each one has against them is put together, chart by chart. Worker-local.
 */
#ifndef HELM_SCHEMAS_H
#define HELM_SCHEMAS_H

#include "helm/chart.h"

typedef err *schemas_fetch(void *ctx, struct arena *a, str url, str *text);

/* `values` are the coalesced ones. Schemas refer to files of their own chart;
 * `fetch` may be NULL: then references to servers are refused. */
err *schemas_check(const struct chart *c, node values, schemas_fetch *fetch, void *ctx)
	 __attribute__((warn_unused_result));

/* One chart's schema. */
err *schemas_check_one(const struct chart *c, node values, schemas_fetch *fetch, void *ctx)
	__attribute__((warn_unused_result));

#endif
