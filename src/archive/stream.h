/* stream - bytes that come or go piece by piece.
 *
 * A stream is asked for bytes, a sink is given them. Readers and writers of
 * archives stand on one another through these two: file, gzip, tar. Each is a
 * struct that begins with a struct stream or sink; whoever made it ends it.
 * Worker-local.
 */
#ifndef ARCHIVE_STREAM_H
#define ARCHIVE_STREAM_H

#include "base/buf.h"
#include "base/err.h"

struct stream {
	/* Put 1 to `n` bytes at `to`; *got is 0 only at the end. */
	err *(*read)(struct stream *s, char *to, size_t n, size_t *got);
	/* Give exactly `n` bytes that stay where they are as long as what they
	 * come from, without copying. NULL where that cannot be; false (and
	 * nothing taken) when there are fewer. */
	bool (*take)(struct stream *s, size_t n, str *out);
};

/* All of a text. Borrows it. */
struct stream_text {
	struct stream stream;
	str rest;
};
void stream_text_init(struct stream_text *s, str text);

/* Read until `n` bytes are there or the stream ends. */
err *stream_fill(struct stream *s, char *to, size_t n, size_t *got)
	__attribute__((warn_unused_result));

struct sink {
	err *(*write)(struct sink *s, str bytes);
};

/* Into a buffer (borrowed); fails when that is full. */
struct sink_buf {
	struct sink sink;
	struct buf *b;
	const char *what;	/* "WHAT is larger than N bytes" */
};
void sink_buf_init(struct sink_buf *s, struct buf *b, const char *what);

static inline err *sink_write(struct sink *s, str bytes)
{
	return s->write(s, bytes);
}

#endif
