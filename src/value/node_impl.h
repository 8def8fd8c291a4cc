/* node_impl - what node.c (values, maps) and node_tree.c (whole trees) share.
 *
 * Both are for trees that nobody else reads meanwhile: see node.h on who may change one.
 */
#ifndef VALUE_NODE_IMPL_H
#define VALUE_NODE_IMPL_H

#include "value/node.h"

/* The value of a number that keeps its source text, without the text. */
node node_decode(node n);
/* Find keys again after the pairs of a map were moved. */
void node_reindex(node map);

#endif
