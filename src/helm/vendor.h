/* vendor - a chart's dependencies brought into its charts/.
 *
 * Dependencies that lie on this machine (file://, or in charts/ already) are
 * checked against their ranges, packed and put into charts/; those of
 * repositories and registries are fetched by functions that the caller hands
 * in. Archives that are none of them any more are removed, and Chart.lock says
 * what was taken. Nothing is written through symbolic links. What the user is
 * to read goes into a buffer.
 */
#ifndef HELM_VENDOR_H
#define HELM_VENDOR_H

#include "base/buf.h"
#include "helm/chart.h"

/* How dependencies that are elsewhere are found and fetched; all functions are
 * there. Texts live in the arena. */
struct vendor_remote {
	/* Aliases among the repositories ("@name") become their URLs. */
	err *(*name)(void *ctx, struct chart_dependency *deps, size_t n);
	/* Indexes are brought up to date; `locked`: for versions that are
	 * known, of repositories that must be known, too. */
	err *(*refresh)(void *ctx, const struct chart_dependency *deps, size_t n, bool locked,
			struct buf *out);
	/* The newest version in the range; empty: there is none. */
	err *(*resolve)(void *ctx, struct arena *a, const struct chart_dependency *d, str *version);
	/* Before the first of them is fetched. */
	err *(*begin)(void *ctx);
	/* The file of a version; an empty name: it was fetched already. */
	err *(*fetch)(void *ctx, struct arena *a, const struct chart_dependency *d, struct buf *out,
		      str *name, str *bytes);
	void *ctx;
	const struct notices *notices;	/* NULL: nobody listens */
};

/* By Chart.yaml, and write Chart.lock. `mtime`: see helm/pack.h. */
err *vendor_update(struct arena *a, str chart, int64_t mtime, const struct vendor_remote *remote,
		   struct buf *out)
	__attribute__((warn_unused_result));
/* By Chart.lock; without one, the same as vendor_update. */
err *vendor_build(struct arena *a, str chart, int64_t mtime, const struct vendor_remote *remote,
		  struct buf *out)
	__attribute__((warn_unused_result));

#endif
