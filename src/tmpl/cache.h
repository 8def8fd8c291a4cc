/* cache - parsed templates that outlive a render.
 *
 * Many releases of one chart, and many charts of one library, render the same
 * texts. The cache keeps what they were parsed to, by name and text, and
 * gives it to any thread. It is bounded: past its size, what was not used
 * for the longest time goes, unless a render still uses it.
 *
 * A render takes out a lease; what it gets by it stays until the lease ends,
 * which must be after everything that the render gave is done with (places
 * of objects borrow from templates). Without a cache a lease parses for
 * itself.
 *
 * Ownership: names and texts are copied. The cache: any thread, locked by
 * itself. A lease: worker-local.
 */
#ifndef TMPL_CACHE_H
#define TMPL_CACHE_H

#include "base/vec.h"
#include "tmpl/parse.h"

struct tmpl_cache;
struct cache_entry;

/* What a process that renders all day may keep. */
#define TMPL_CACHE_BYTES ((size_t)64 << 20)

struct tmpl_cache *tmpl_cache_new(size_t max_bytes);
/* All leases must have ended. NULL is fine. */
void tmpl_cache_free(struct tmpl_cache *c);

struct tmpl_cache_stats {
	uint64_t hits, misses;
	size_t entries, bytes;
};
struct tmpl_cache_stats tmpl_cache_stats(struct tmpl_cache *c);

struct tmpl_lease {
	struct tmpl_cache *cache;	/* or NULL */
	VEC(struct cache_entry *) held;
};

/* tmpl_parse; errors are not kept. */
err *tmpl_lease_parse(struct tmpl_lease *l, str name, str text, const struct tmpl_parsed **out)
	__attribute__((warn_unused_result));
/* For CLEANUP(tmpl_lease_end) struct tmpl_lease l = { .cache = c }. */
void tmpl_lease_end(struct tmpl_lease *l);

#endif
