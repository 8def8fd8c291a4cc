/* scaffold - the files of a new chart.
 *
 * A web server with all that may go with it: what `helm create` begins with. The names of
 * files, values and templates are Helm's, so are the objects that come of them; the words
 * are ours.
 *
 * Immutable; any thread.
 */
#ifndef HELM_SCAFFOLD_H
#define HELM_SCAFFOLD_H

#include "helm/chart.h"

/* The files of a chart of that name, in the order in which they are written. */
void scaffold_files(struct arena *a, str name, struct chart_files *out);
/* Whether a chart may have that name, in Helm's words. */
err *scaffold_check_name(str name) __attribute__((warn_unused_result));
/* Each "<CHARTNAME>" of a text replaced. */
str scaffold_fill(struct arena *a, str text, str name);

#endif
