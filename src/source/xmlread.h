/* xmlread - the answers of object stores: small, flat XML.
 *
 * A text is walked once; at the end of each element the caller gets its path
 * ("ListBucketResult/Contents/Key", without prefixes of namespaces) and, of
 * those that hold no others, their text with entities decoded. Attributes,
 * comments and processing instructions are passed over. There are no
 * document types and so no entities of one's own: such a text is refused.
 *
 * Texts live in the arena, paths until the callback returns. Any thread.
 */
#ifndef SOURCE_XMLREAD_H
#define SOURCE_XMLREAD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { XMLREAD_DEPTH = 32, XMLREAD_NAME = 256 };

/* `leaf`: it holds no element, and `text` is its text; else that is empty. */
typedef err *xmlread_fn(void *ctx, str path, bool leaf, str text);

err *xmlread(struct arena *a, str text, xmlread_fn *fn, void *ctx)
	__attribute__((warn_unused_result));

#endif
