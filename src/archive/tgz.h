/* tgz - the entries of a compressed tar held in memory, one by one.
 *
 * Charts and artifacts come this way. Bounded are the bytes of all entries
 * together, of each one, and how many there are; nothing is believed before
 * it is counted, and an archive that unpacks to a thousand times its size
 * costs no more memory than a good one. Truncation and wrong sums are found
 * also behind the last entry.
 *
 * A small archive is unpacked whole into the arena and its entries borrow
 * from there; of a large one each entry is copied as it comes. Either way
 * the bytes of entries live in the arena, names until the next call.
 * Worker-local.
 */
#ifndef ARCHIVE_TGZ_H
#define ARCHIVE_TGZ_H

#include "archive/gzip.h"
#include "archive/tar.h"

struct tgz_limits {
	uint64_t total;		/* bytes of all entries; 0: TGZ_TOTAL_MAX */
	uint64_t entry;		/* of each; 0: no other limit */
	size_t entries;		/* 0: TGZ_ENTRIES_MAX */
};

/* Helm's and Flux's limit; and more files than any chart or repository has. */
enum { TGZ_TOTAL_MAX = 100 << 20, TGZ_ENTRIES_MAX = 100000 };

struct tgz;

/* Borrows `text`. `limits` may be NULL. */
err *tgz_open(struct tgz **out, struct arena *a, str text, const struct tgz_limits *limits)
	__attribute__((warn_unused_result));
void tgz_close(struct tgz *t);
void tgz_drop(struct tgz **t);

/* The next entry with its bytes. Errors about limits have err_code
 * ARCHIVE_TOO_LARGE or ARCHIVE_TOO_MANY. */
err *tgz_next(struct tgz *t, struct tar_entry *out, str *bytes, bool *more)
	__attribute__((warn_unused_result));

/* ---- writing ----------------------------------------------------------- */

struct tgz_file {
	str name;
	bool dir;
	bool exec;
	str bytes;
};

struct tgz_options {
	uint32_t file_mode, exec_mode, dir_mode;	/* 0: 0644, 0755, 0755 */
	int64_t mtime;		/* of all entries */
	int level;		/* see gzip_write */
	bool keep_order;	/* do not sort by name */
};

/* Append an archive of the files. The same files give the same bytes,
 * whatever their order. Names are checked (archive/name.h); equal ones fail.
 * `o` may be NULL. */
err *tgz_write(const struct tgz_file *files, size_t n, const struct tgz_options *o, struct buf *out)
	__attribute__((warn_unused_result));

#endif
