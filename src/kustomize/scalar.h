/* scalar - setting texts in an object the way kyaml sets them.
 *
 * A scalar that is replaced hands its quotes on to the new one, and whether
 * the new one is a text or may be read as a number depends on its tag: labels,
 * annotations and namespaces are set *as strings*; names and images are set
 * *untagged*, so that their text decides once more what they are, unless
 * quotes, new or inherited, say that they are strings. Worker-local.
 */
#ifndef KUSTOMIZE_SCALAR_H
#define KUSTOMIZE_SCALAR_H

#include "base/err.h"
#include "value/node.h"

/* A new value for `slot`: `old` NODE_NONE when there was none. Borrow `text`. */
node scalar_string(struct arena *a, node old, str text);
node scalar_untagged(struct arena *a, node old, str text);

/* "wrong node kind: expected ScalarNode but got ...", the node's text behind. */
err *scalar_wrong_kind(node n, const char *wanted) __attribute__((warn_unused_result));

/* Whether YAML 1.1 would read this plain text as something else. */
bool scalar_is_odd(struct arena *a, str text);

#endif
