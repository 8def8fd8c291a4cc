/* gzip - compressed bytes in memory and in streams, as Go's compress/gzip.
 *
 * What follows a member is another member or an error; the sums at the end
 * of each are checked. Errors have Go's words: "gzip: invalid header",
 * "gzip: invalid checksum", "unexpected EOF", "flate: corrupt input before
 * offset N", and "EOF" for no bytes at all.
 *
 * gzip_read takes whole texts: in one go where the size at their end can be
 * right, else twice piece by piece, first only to count. So memory is never
 * taken on the word of the input, and never beyond the limit. Writing gives
 * the same bytes for the same input: no name, no time.
 */
#ifndef ARCHIVE_GZIP_H
#define ARCHIVE_GZIP_H

#include "archive/stream.h"

/* err_code of errors about a limit of ours, in this layer. */
enum { ARCHIVE_TOO_LARGE = 1, ARCHIVE_TOO_MANY };

/* Whether the text begins as gzip does. */
bool gzip_is(str text);

/* Append what `text` unpacks to, at most `max` bytes, else "decompressed data
 * is larger than N bytes". `out` is as before on failure. */
err *gzip_read(str text, size_t max, struct buf *out) __attribute__((warn_unused_result));

/* The size that the end of the text claims, modulo 2^32: a hint, no more. */
size_t gzip_claimed(str text);
/* Unpack into memory of exactly the right size. False for anything but one
 * sound member of that size: gzip_read tells what it is. */
bool gzip_read_exact(str text, char *to, size_t n);

/* Append `bytes` compressed. The levels are those of gzip -1 to -9, 0: the
 * usual one. */
err *gzip_write(str bytes, int level, struct buf *out) __attribute__((warn_unused_result));

/* The same for one text after the other: most of the work of compressing a short one is
 * getting the memory for it, which is kept here. One thread at a time. */
struct gzip_packer;
struct gzip_packer *gzip_packer_new(int level) __attribute__((returns_nonnull));
err *gzip_pack(struct gzip_packer *p, str bytes, struct buf *out) __attribute__((warn_unused_result));
/* NULL is fine. */
void gzip_packer_free(struct gzip_packer *p);

/* Unpack piece by piece. Opening reads the first header. Borrows `from`. */
struct gzip_reader;
err *gzip_open(struct gzip_reader **out, struct stream *from) __attribute__((warn_unused_result));
struct stream *gzip_stream(struct gzip_reader *r);
void gzip_close(struct gzip_reader *r);

/* Compress piece by piece into `to` (borrowed). What is short enough to be
 * held is compressed as gzip_write does, the rest as it comes. */
struct gzip_writer;
struct gzip_writer *gzip_writer_new(struct sink *to, int level);
/* Let `p` (borrowed, of the same level) compress what is held. Before the end is written. */
void gzip_writer_use(struct gzip_writer *w, struct gzip_packer *p);
struct sink *gzip_sink(struct gzip_writer *w);
/* Write the end; nothing may be written after it. */
err *gzip_finish(struct gzip_writer *w) __attribute__((warn_unused_result));
void gzip_writer_free(struct gzip_writer *w);

#endif
