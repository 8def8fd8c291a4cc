/* cosign_impl - one signature, whichever form it was found in, and its verdict.
 *
 * cosign.c finds and reads them (tags, referrers, bundles), cosign_check.c judges.
 * Texts borrow from the arena that they were read into. Any thread.
 */
#ifndef SOURCE_COSIGN_IMPL_H
#define SOURCE_COSIGN_IMPL_H

#include "source/cosign.h"
#include "source/rekor.h"

/* A signature, read, and found to be about the right digest. */
struct cosign_signature {
	str signed_text, signature;
	str payload;		/* what the log's entry has the hash of */
	bool dsse;
	str cert_text;		/* PEM or DER; empty: none */
	bool has_entry;
	struct rekor_entry entry;
	str stamps[COSIGN_STAMPS_MAX];	/* signed timestamps, of the signature */
	size_t stamps_n;
};

/* NULL: made by one whom we trust. */
err *cosign_check(struct arena *a, const struct cosign_signature *s,
		  const struct cosign_trust *trust) __attribute__((warn_unused_result));

#endif
