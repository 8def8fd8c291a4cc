/* labelsel - label selectors as objects have them: matchLabels and
 * matchExpressions.
 *
 * A selector that is not there matches nothing, an empty one everything
 * (metav1.LabelSelectorAsSelector). Selectors of the other form, in the query
 * of a request, are kube/selector.h. Worker-local.
 */
#ifndef SERVER_LABELSEL_H
#define SERVER_LABELSEL_H

#include "base/arena.h"
#include "kube/selector.h"
#include "value/node.h"

/* False when there is no selector that this could be: a bad key, value or
 * operator. */
bool labelsel_read(struct arena *a, node from, struct selector *out);
/* Also false for a selector that is none. */
bool labelsel_matches(struct arena *a, node selector, node labels);

/* "a=b,k in (x,y),!z", sorted by key; empty for a selector that is empty or not there.
 * False: not a selector. */
bool labelsel_text(struct arena *a, node selector, str *out);
/* The labels of a map: "a=b,c=d", sorted. */
str labelsel_labels(struct arena *a, node labels);

#endif
