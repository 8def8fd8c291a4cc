/* pointer - JSON pointers (RFC 6901): "/spec/containers/0/image".
 *
 * A pointer is a list of parts, decoded: "~1" is '/', "~0" is '~'. The empty
 * pointer is the whole document. Lists are entered by index: digits without
 * a leading zero; "-", the place behind the last item, names nothing that can
 * be read. Any thread.
 */
#ifndef VALUE_POINTER_H
#define VALUE_POINTER_H

#include "base/buf.h"
#include "value/node.h"
#include "value/source.h"

struct pointer {
	const str *parts;
	size_t n;
};

/* Parse; parts with escapes are copied into `a`, others borrowed. Fails when
 * the text does not begin with '/', or has '~' before anything but 0 and 1. */
err *pointer_parse(struct arena *a, str text, struct pointer *out)
	__attribute__((warn_unused_result));

/* The node it points to, to read or to change; NULL when there is none. */
node *pointer_find(node *root, struct pointer at);

/* The node it points to, or an error that says how far the path went, with
 * the position of the last node on it: "/spec/x: no key \"x\" in the object
 * at \"/spec\"". `s` may be NULL. */
err *pointer_get(node root, struct pointer at, struct sources *s, node *out)
	__attribute__((warn_unused_result));

/* The index a part names in a list of `n` items; false when it is none. */
bool pointer_index(str part, size_t n, size_t *index);
/* One part with its '/', '~' and '/' in it escaped. */
void pointer_add(struct buf *b, str part);
/* The first `n` parts as text; STR_NPOS for all. */
void pointer_print(struct buf *b, struct pointer at, size_t n);

/* "~1" is '/', "~0" is '~', all else is itself; copied only where needed.
 * The lenient decoding that patches use. */
str pointer_decode(struct arena *a, str part);

#endif
