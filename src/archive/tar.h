/* tar - archives of files, read and written as Go's archive/tar.
 *
 * Read are the formats v7, ustar, pax, GNU and star, with the long names and
 * extended headers of pax and GNU. Errors have Go's words ("archive/tar:
 * invalid tar header", "archive/tar: header field too long", "unexpected
 * EOF"). Sparse files are refused, whichever way they are marked. What a name
 * or a link may lead to is not judged here: see archive/name.h.
 *
 * Written is ustar where that can hold the names, else pax, byte for byte as
 * Go writes the same headers.
 *
 * A reader borrows its stream, and hands out texts that live until the next
 * call. Worker-local.
 */
#ifndef ARCHIVE_TAR_H
#define ARCHIVE_TAR_H

#include "archive/stream.h"
#include "base/arena.h"

enum { TAR_BLOCK = 512, TAR_SPECIAL_MAX = 1 << 20 };

/* What an entry is: the type flag itself where Go knows no more of it. */
enum tar_type {
	TAR_FILE = '0',		/* also the old '\0' */
	TAR_HARDLINK = '1',
	TAR_SYMLINK = '2',
	TAR_CHAR = '3',
	TAR_BLOCK_DEVICE = '4',
	TAR_DIR = '5',
	TAR_FIFO = '6',
	TAR_PAX_GLOBAL = 'g',	/* no entry: records about all that follow */
};

struct tar_entry {
	str name;
	str link;		/* where a link points */
	char type;		/* enum tar_type, or what else was there */
	int64_t mode;		/* as written, bits of the file type included */
	uint64_t size;
	int64_t mtime;		/* seconds since 1970 */
};

/* A directory by its type or by its mode. */
bool tar_is_dir(const struct tar_entry *e);
/* The permissions that a file or directory made from it gets: 0755 or 0644. */
uint32_t tar_safe_mode(const struct tar_entry *e);

/* ---- reading ----------------------------------------------------------- */

struct tar_reader {
	struct stream *from;
	uint64_t left;		/* of the entry's bytes */
	size_t pad;		/* behind them */
	struct buf name, link;
};

void tar_init(struct tar_reader *t, struct stream *from);
void tar_release(struct tar_reader *t);

/* Go to the next entry, passing over what is unread of this one. *more is
 * false at the end. */
err *tar_next(struct tar_reader *t, struct tar_entry *out, bool *more)
	__attribute__((warn_unused_result));
/* Some bytes of the entry; *got is 0 at its end. */
err *tar_read(struct tar_reader *t, char *to, size_t n, size_t *got)
	__attribute__((warn_unused_result));
/* All of them, without copying where the stream can do that, else copied
 * into `a`. The caller has looked at the size. */
err *tar_read_all(struct tar_reader *t, struct arena *a, str *out)
	__attribute__((warn_unused_result));

/* ---- writing ----------------------------------------------------------- */

struct tar_writer {
	struct sink *to;
	uint64_t left;
	size_t pad;
};

void tar_writer_init(struct tar_writer *t, struct sink *to);
/* Begin an entry; `size` bytes must follow when it is a file. Owner is root,
 * without names. Fails for names with NUL and numbers that cannot be written. */
err *tar_write_entry(struct tar_writer *t, const struct tar_entry *e)
	__attribute__((warn_unused_result));
err *tar_write_bytes(struct tar_writer *t, str bytes) __attribute__((warn_unused_result));
/* The two empty blocks at the end. */
err *tar_finish(struct tar_writer *t) __attribute__((warn_unused_result));

#endif
