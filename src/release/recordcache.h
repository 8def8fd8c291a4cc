/* recordcache - the charts of records, packed once for many releases.
 *
 * Most of a record is its chart, which is the same in each revision and in all
 * releases of that chart; and most of the work of writing a record is packing
 * it. So a record is written as gzip members one after the other, which every
 * reader of gzip takes for one text, and the member of the chart is kept here. So is
 * the memory that packing takes, which is more than the text.
 *
 * Bounded: what was not used for the longest time goes. Any thread.
 */
#ifndef RELEASE_RECORDCACHE_H
#define RELEASE_RECORDCACHE_H

#include "base/buf.h"

struct record_cache;

struct record_cache *record_cache_new(size_t max_bytes) __attribute__((returns_nonnull));
/* NULL is fine. */
void record_cache_free(struct record_cache *c);

/* Append the packed text, and keep it; without a cache it is packed anew. */
err *record_cache_pack(struct record_cache *c, str text, int level, struct buf *out)
	__attribute__((warn_unused_result));
/* The same for a text that does not come again. */
err *record_cache_pack_once(struct record_cache *c, str text, int level, struct buf *out)
	__attribute__((warn_unused_result));

#endif
