/* pgpsig - OpenPGP signatures, checked by GnuPG in a home of its own.
 *
 * The keys of a Secret are the only ones that count: each check makes an
 * empty home directory, imports the key rings, verifies, and removes it all;
 * the user's own keys are never seen, nothing is fetched from anywhere. An
 * expired or revoked key, or a signature that is too old for its key, does
 * not verify. Errors have the words of Flux. Worker threads: two child
 * processes, about 50 ms.
 */
#ifndef SOURCE_PGPSIG_H
#define SOURCE_PGPSIG_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/err.h"

bool pgpsig_is(str signature);

/* Who it was. */
struct pgpsig_signer {
	str fingerprint; /* of the primary key, capital hex */
	str user;        /* "Name <mail>" */
	bool unknown;    /* nothing verified, as the key is in no ring */
};

struct pgpsig_options {
	int64_t deadline; /* clock_mono; 0: none */
	const atomic_bool *cancel;
	struct pgpsig_signer *signer; /* to be filled in; or NULL */
};

/* `rings` are armoured key rings. *key is the id of the primary key whose
 * signature it is, 16 capital hex digits. */
err *pgpsig_verify(struct arena *a, str signature, str payload, const str *rings, size_t n,
		   const struct pgpsig_options *o, str *key) __attribute__((warn_unused_result));

#endif
