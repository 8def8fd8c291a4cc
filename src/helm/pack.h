/* pack - a chart as an archive, the way Helm packs it.
 *
 * Chart.yaml and Chart.lock are written anew from what was read of them, all
 * other files are taken as they are; subcharts are unpacked into charts/.
 * The same chart gives the same bytes.
 */
#ifndef HELM_PACK_H
#define HELM_PACK_H

#include "base/buf.h"
#include "helm/chart.h"

/* Times of files are their own. */
#define PACK_OWN_TIMES INT64_MIN

/* Append the archive; `mtime` (seconds) is that of all files. */
err *pack_chart(struct arena *a, const struct chart *c, int64_t mtime, struct buf *out)
	__attribute__((warn_unused_result));
/* NAME-VERSION.tgz */
str pack_name(struct arena *a, const struct chart *c);

#endif
