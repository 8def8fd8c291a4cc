/* goprint - trees as Go's fmt prints them, in messages of programs that did.
 *
 * Keys are sorted. The text is bounded by the buffer, the depth by whoever
 * read the tree. Any thread.
 */
#ifndef VALUE_GOPRINT_H
#define VALUE_GOPRINT_H

#include "base/buf.h"
#include "value/node.h"

/* %v: map[a:1 b:[x y]] */
void goprint_add(struct buf *b, node n);
/* %#v: map[string]interface {}{"a":1, "b":[]interface {}{"x", "y"}}; times are days,
 * as YAML has them. */
void goprint_add_syntax(struct buf *b, node n);

#endif
