/* dots - what templates find in their dot.
 *
 * Every chart of the tree has one dot: Chart, Values, Files, Release,
 * Capabilities, Subcharts; all its templates share it. Worker-local.
 */
#ifndef HELM_DOTS_H
#define HELM_DOTS_H

#include "helm/caps.h"
#include "helm/chart.h"
#include "helm/engine.h"

struct dots_release {
	str name, ns;
	int64_t revision;
	bool is_upgrade;
	bool is_linted;	/* neither an upgrade nor an install */
};

/* The templates of a chart and its subcharts, each with its dot. */
struct dots {
	struct engine_file *files;
	node *dots;
	size_t n;
};

/* `values` are the coalesced ones of the root: templates may change them. */
void dots_make(struct arena *a, const struct chart *c, node values,
	       const struct dots_release *release, const struct caps *caps, struct dots *out);

#endif
