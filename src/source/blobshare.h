/* blobshare - what several want at once is downloaded once.
 *
 * Whoever wants a blob says so under a key: what it is and all that proves that
 * one may have it. The first one downloads it, the others wait and get the
 * same bytes; and so does who comes within a minute, as long as few enough
 * bytes are kept. They are kept in a file without a name, so that nothing of
 * them is in memory and nothing stays behind.
 *
 * When a download fails, one of those who wait tries it as its own. Any thread.
 */
#ifndef SOURCE_BLOBSHARE_H
#define SOURCE_BLOBSHARE_H

#include <stdatomic.h>
#include <stdint.h>

#include "source/spool.h"

#define BLOBSHARE_KEEP CLOCK_MINUTE
enum { BLOBSHARE_BYTES = 128 << 20, BLOBSHARE_BLOBS = 64 };

struct blobshare;

struct blobshare *blobshare_new(void) __attribute__((returns_nonnull));
/* NULL is fine. */
void blobshare_free(struct blobshare *s);

enum blobshare_role {
	BLOBSHARE_HAVE,  /* `to` has it */
	BLOBSHARE_LEAD,  /* download it, then blobshare_end */
	BLOBSHARE_ALONE, /* download it: the deadline has come, or the cancel */
};

/* `to` is empty. */
enum blobshare_role blobshare_begin(struct blobshare *s, str key, int64_t deadline,
				    const atomic_bool *cancel, struct spool *to);
/* Of the one who leads: what there is now; NULL: nothing. Copies. */
void blobshare_end(struct blobshare *s, str key, struct spool *got);

#endif
