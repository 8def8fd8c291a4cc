/* gosyntax - a tree as Go's %#v prints it, for the errors that show objects. */
#ifndef KUSTOMIZE_GOSYNTAX_H
#define KUSTOMIZE_GOSYNTAX_H

#include "base/arena.h"
#include "base/buf.h"
#include "value/node.h"

/* map[string]interface {}{"a":1, "b":[]interface {}{"c"}} */
void gosyntax_add(struct arena *a, struct buf *b, node n);

#endif
