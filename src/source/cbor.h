/* cbor - items of RFC 8949, taken off the front of a text, for COSE.
 *
 * Definite lengths only, integers, strings, arrays, maps and tags: what signatures are
 * made of. All else, and what is cut short, is refused. An array or a map is followed by
 * its items, a tag by the one it is about. Borrows. Any thread.
 */
#ifndef SOURCE_CBOR_H
#define SOURCE_CBOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum cbor_kind {
	CBOR_UINT,
	CBOR_NEGATIVE,	/* -1 - n */
	CBOR_BYTES,
	CBOR_TEXT,
	CBOR_ARRAY,	/* of n */
	CBOR_MAP,	/* of n pairs */
	CBOR_TAG,
};

enum { CBOR_DEPTH_MAX = 16, CBOR_ITEMS_MAX = 1000 };

struct cbor_item {
	enum cbor_kind kind;
	uint64_t n;
	str text;	/* of bytes and texts */
};

/* The next item's head; false: there is none that could be read. */
bool cbor_take(str *s, struct cbor_item *out);
/* The same, and it must be of that kind. */
bool cbor_take_kind(str *s, enum cbor_kind kind, struct cbor_item *out);
/* A whole item with all that is in it. */
bool cbor_skip(str *s);
/* An integer's value; false: it is none, or too large. */
bool cbor_int(const struct cbor_item *item, int64_t *out);
/* The head of an item; bytes and texts with what they hold. */
void cbor_put(struct buf *b, enum cbor_kind kind, uint64_t n);
void cbor_put_text(struct buf *b, enum cbor_kind kind, str text);

#endif
