/* sigstore - the trusted root of the public Sigstore, for keyless signatures.
 *
 * Where an object names no trusted root of its own, it is that of the public Sigstore, or
 * of another one: the file "trusted_root.json" of a TUF repository (source/tuf.h), begun with a
 * root that comes with rill. It is fetched when it is first wanted, kept in memory, and fetched again
 * a day later; when that fails, the old one goes on, and it is tried again after an hour. A failure
 * at the beginning is told at once to all who ask within a minute. One worker fetches, for ten seconds at
 * most; others wait for it only at the very first time. Any thread.
 */
#ifndef SOURCE_SIGSTORE_H
#define SOURCE_SIGSTORE_H

#include <stdatomic.h>

#include "base/clock.h"
#include "net/client.h"

#define SIGSTORE_MIRROR    "https://tuf-repo-cdn.sigstore.dev"
#define SIGSTORE_REFRESH   (24 * CLOCK_HOUR)
#define SIGSTORE_RETRY     CLOCK_MINUTE
#define SIGSTORE_RETRY_OLD CLOCK_HOUR

struct sigstore;

struct sigstore_options {
	struct net_client *net; /* borrowed */
	str mirror;             /* of $TUF_MIRROR; empty: SIGSTORE_MIRROR */
	str root_file;          /* of $TUF_ROOT_JSON: the path of another mirror's root */
	str dir;                /* of $TUF_ROOT, where cosign keeps both: remote.json has the
				 * mirror where $TUF_MIRROR does not, MIRROR/root.json its root */
};

/* Copies the texts. */
struct sigstore *sigstore_new(const struct sigstore_options *o) __attribute__((returns_nonnull));
/* NULL is fine. */
void sigstore_free(struct sigstore *s);

/* The text of trusted_root.json, into `a`. "unable to initialize trusted root: ..." */
err *sigstore_get(struct sigstore *s, struct arena *a, const atomic_bool *cancel, str *out)
	__attribute__((warn_unused_result));

#endif
