/* What node.c and node_tree.c share. */
#ifndef VALUE_NODE_IMPL_H
#define VALUE_NODE_IMPL_H

#include "value/node.h"

/* The value of a number that keeps its source text, without the text. */
node node_decode(node n);
/* Find keys again after the pairs of a map were moved. */
void node_reindex(node map);

#endif
