/* diff_charts - what the releases of a repository make, for "rill diff --base".
 *
 * A chart comes from the repository itself, or from a HelmRepository or
 * OCIRepository that the repository describes and that needs no login. Values
 * come from the ConfigMaps and Secrets of the repository. A release that says the same before and
 * after, with the same values, makes the same objects, and nobody is asked for its chart; one whose
 * chart cannot be had is compared by what it says, with a warning.
 *
 * Worker-local; all lives in the command's arena.
 */
#ifndef CLI_DIFF_CHARTS_H
#define CLI_DIFF_CHARTS_H

#include "base/fs.h"
#include "base/map.h"
#include "cli/command.h"

/* One version of the repository. */
struct diff_side {
	const char *name;	/* for errors */
	struct fs *root;
	str here;		/* the source that it is: "GitRepository/flux-system/flux-system" */
	struct map objects;	/* node *, by id; of one entry point */
};

struct diff_charts {
	struct cli *c;
	struct net_client *net;	/* NULL until somebody needs it */
	struct map fetched;	/* str *: bytes of charts, by what was asked for */
};
void diff_charts_release(struct diff_charts *d);

/* Add the objects that the releases of both sides make. */
err *diff_charts_add(struct diff_charts *d, struct diff_side *before, struct diff_side *after)
	__attribute__((warn_unused_result));

#endif
