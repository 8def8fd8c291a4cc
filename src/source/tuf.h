/* tuf - a file of a repository that The Update Framework guards (specification 1.0).
 *
 * Beginning with a root that is trusted, each newer one is taken that is signed by the last and by
 * itself. The newest tells whose keys sign the timestamp, which tells of the snapshot, which
 * tells of the targets, which tell of the file: each signed by as many different keys as its role
 * wants, not expired, and of the length and hashes that were told. Nothing may have a lower
 * version than what was trusted at the last visit.
 *
 * As go-tuf does it, in its words; delegations are not followed: the file must be one of the
 * top level's. The mirror is reached through a function, so that tests need none. Worker-local.
 */
#ifndef SOURCE_TUF_H
#define SOURCE_TUF_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum {
	TUF_ROOT_MAX = 512000,
	TUF_ROTATIONS_MAX = 256,	/* newer roots that are followed in one visit */
	TUF_TIMESTAMP_MAX = 16384,
	TUF_SNAPSHOT_MAX = 2000000,
	TUF_TARGETS_MAX = 5000000,
	TUF_FILE_MAX = 5000000,
	TUF_SIGNATURES_MAX = 100,	/* of one text, and keys of one role */
};

struct tuf_mirror {
	str url;	/* without a slash at its end */
	/* What stands there, into `a`, at most `max` bytes; ERR_NOT_FOUND: nothing. */
	err *(*get)(void *ctx, struct arena *a, str url, size_t max, str *out);
	void *ctx;
};

/* What was trusted at the last visit; zeroed: there was none. */
struct tuf_memory {
	struct buf timestamp, snapshot, targets;
	bool refreshed;		/* it came as far as the file itself */
};
void tuf_memory_release(struct tuf_memory *m);

/* `root` is the text of the root to begin with, `now` in seconds since 1970. The bytes of the
 * target go to `a`; `memory` changes with what is found to be good, also where an error ends it. */
err *tuf_get(struct arena *a, const struct tuf_mirror *mirror, struct tuf_memory *memory, str root,
	     str target, int64_t now, str *out) __attribute__((warn_unused_result));

#endif
