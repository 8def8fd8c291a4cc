/* keyorder - the order in which go-yaml writes the keys of a map.
 *
 * "Natural": digit runs compare by their value, so a9 stands before a10, and
 * what is no letter stands before letters. Version 3 differs from version 2 at
 * one point: right after digits, the letter comes first. Keys that are no
 * text (YAML 1.2 trees) come before texts, numbers and booleans by value.
 *
 * Any thread.
 */
#ifndef VALUE_KEYORDER_H
#define VALUE_KEYORDER_H

#include "base/arena.h"
#include "value/node.h"

enum keyorder { KEYORDER_V2, KEYORDER_V3 };

/* Negative, zero or positive, like strcmp. Bad UTF-8 counts as U+FFFD. */
int keyorder_cmp(str a, str b, enum keyorder rules);
/* The same for keys of any kind. */
int keyorder_cmp_nodes(node a, node b, enum keyorder rules);

/* The pairs of `map` in order: its own array where that is sorted already, else a
 * copy in `a`. */
const struct node_pair *keyorder_pairs(struct arena *a, node map, enum keyorder rules);

#endif
