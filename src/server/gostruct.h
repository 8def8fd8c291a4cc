/* gostruct - values as messages of the original show them: written by
 * encoding/json from Go's internal structs.
 *
 * `{"Type":"Odd","RollingUpdate":null}` is a DeploymentStrategy in such a
 * message: all fields in the order of the struct, under Go's names, with null
 * where nothing is set. The table of structs is generated from the original's
 * types. The text of a difference between two such values is that of
 * difflib's unified diff. Worker-local.
 */
#ifndef SERVER_GOSTRUCT_H
#define SERVER_GOSTRUCT_H

#include "value/node.h"

/* The value of a type ("core.PodSpec") as a tree whose maps keep Go's order.
 * `parent` is the object around it: some fields come from there. */
node gostruct_tree(struct arena *a, const char *type, node value, node parent);
/* The same for the text of a field error, which keeps the order; null for what
 * is not there. */
node gostruct_shown(struct arena *a, const char *type, node value, node parent);
/* Any tree for such a text, in its own order. */
node gostruct_in_order(struct arena *a, node tree);
/* What changed from one value to the other, as diff.Diff prints it. */
str gostruct_diff(struct arena *a, const char *type, node from, node to);

#endif
