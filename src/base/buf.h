/* buf - a growing byte buffer with a limit.
 *
 * All output is written into a buf. The limit is set at birth; a write that
 * would pass it is dropped whole, and so are all later ones: the buffer is
 * then *full* and says so in buf_check. So writers need no error path of
 * their own, and no output grows without bound.
 *
 * Ownership: the buffer owns its bytes; buf_str borrows them until the next
 * write. The bytes are always NUL-terminated once something was written.
 * Worker-local.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/die.h"
#include "base/err.h"
#include "base/str.h"

struct buf {
	char *p;
	size_t n, cap;
	size_t max;		/* bytes; 0 means BUF_MAX */
	bool full;		/* a write was dropped */
};

/* Where no caller knows better: larger than any document rill makes. */
#define BUF_MAX ((size_t)1 << 30)
#define BUF_INIT { .max = BUF_MAX }
#define BUF_LIMIT(bytes) { .max = (bytes) }

void buf_release(struct buf *b);
void buf_clear(struct buf *b);

/* Room for `n` more bytes (and a NUL) without moving; NULL when that would
 * pass the limit. The caller writes there and adds to `b->n`. */
char *buf_reserve(struct buf *b, size_t n);

/* Adding; what is added must not be part of the buffer itself. */
void buf_add(struct buf *b, str s);
void buf_bytes(struct buf *b, const void *p, size_t n);
/* With a backslash before each byte of `text` that is among these. */
void buf_escape(struct buf *b, str text, const char *among);
void buf_fill(struct buf *b, char c, size_t count);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline void buf_addc(struct buf *b, char c)
{
	if (b->n + 1 < b->cap && !b->full) {
		b->p[b->n++] = c;
		b->p[b->n] = 0;
	} else {
		buf_bytes(b, &c, 1);
	}
}

/* Shorten to `n` bytes. */
void buf_trim(struct buf *b, size_t n);

static inline str buf_str(const struct buf *b)
{
	return (str){ b->p, b->n };
}

/* The bytes as a C string, never NULL. */
static inline const char *buf_c(const struct buf *b)
{
	return b->p ? b->p : "";
}

/* Hand the bytes over: the caller frees them; the buffer is empty again. */
char *buf_detach(struct buf *b, size_t *n);

/* NULL, or "WHAT is larger than N bytes" when a write was dropped. */
err *buf_check(const struct buf *b, const char *what) __attribute__((warn_unused_result));

#endif
