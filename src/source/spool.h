/* spool - bytes that are collected first and looked at afterwards.
 *
 * Held in memory as long as they are few, else in a file without a name that
 * is gone with the process, whatever happens. The disk being full is an
 * ordinary error. Worker-local.
 */
#ifndef SOURCE_SPOOL_H
#define SOURCE_SPOOL_H

#include "base/buf.h"
#include "base/err.h"

struct spool {
	struct buf held;
	size_t memory; /* bytes to hold in memory */
	int fd;        /* -1: all is in memory */
	uint64_t n;
	void *map; /* of the file, once spool_text was asked */
};

void spool_init(struct spool *s, size_t memory);
void spool_release(struct spool *s);
/* Empty again. */
void spool_restart(struct spool *s);
err *spool_add(struct spool *s, str bytes) __attribute__((warn_unused_result));
/* Bytes from a place on; it must have been written. */
err *spool_read(struct spool *s, uint64_t at, void *to, size_t n)
	__attribute__((warn_unused_result));
/* All of it; borrowed. Nothing may be added afterwards. */
err *spool_text(struct spool *s, str *out) __attribute__((warn_unused_result));
/* Let an empty one have the same bytes: those of a file are shared, others are
 * copied to where `to` would have them. Nothing may be added to either. */
err *spool_copy(struct spool *from, struct spool *to) __attribute__((warn_unused_result));
/* What spool_text gave need not stay in memory: it is read again when looked at. */
void spool_forget(struct spool *s);

#endif
