/* deanchor - aliases and merge keys replaced by what they stand for.
 *
 * The reader does this by itself. Only a document that it refuses is read
 * once more as it stands, because kustomize notices some mistakes in a
 * document, such as equal keys, no sooner than when it prints the object. Styles
 * and comments stay: what it says then depends on them.
 */
#ifndef KUSTOMIZE_DEANCHOR_H
#define KUSTOMIZE_DEANCHOR_H

#include "base/arena.h"
#include "base/err.h"
#include "value/node.h"

/* `kept`: a tree read with YAML_KEEP. */
err *deanchor(struct arena *a, node kept, node *out) __attribute__((warn_unused_result));

#endif
