/* vendor - a chart's dependencies brought into its charts/.
 *
 * Dependencies that lie on this machine (file://, or in charts/ already) are
 * checked against their ranges, packed and put into charts/; archives that
 * are none of them any more are removed, and Chart.lock says what was taken.
 * Nothing is written through symbolic links. What the user is to read goes
 * into a buffer.
 */
#ifndef HELM_VENDOR_H
#define HELM_VENDOR_H

#include "base/buf.h"
#include "helm/chart.h"

/* By Chart.yaml, and write Chart.lock. `mtime`: see helm/pack.h. */
err *vendor_update(struct arena *a, str chart, int64_t mtime, struct buf *out)
	__attribute__((warn_unused_result));
/* By Chart.lock; without one, the same as vendor_update. */
err *vendor_build(struct arena *a, str chart, int64_t mtime, struct buf *out)
	__attribute__((warn_unused_result));

#endif
