/* tstamp - signed timestamps (RFC 3161): that a text existed at a time.
 *
 * An authority's reply is over a hash of the text and signed by its certificate, which must
 * lead to one that is trusted, be for timestamps alone, and have been valid at that
 * very time. Nothing is asked. Any thread.
 *
 * A reply is what an authority sends; the token in it stands alone where a signature is
 * countersigned.
 */
#ifndef CRYPTO_TSTAMP_H
#define CRYPTO_TSTAMP_H

#include "crypto/cert.h"

enum { TSTAMP_MAX = 64 << 10 };

/* The time that a reply claims, in seconds since 1970; nothing is checked. */
err *tstamp_claim(str reply, int64_t *at) __attribute__((warn_unused_result));
/* NULL: it holds for the text. `between` may have the authority's own certificate, too. */
err *tstamp_verify(str reply, str text, const struct cert_list *roots,
		   const struct cert_list *between) __attribute__((warn_unused_result));

struct tstamp {
	int64_t from, until; /* it was then, by the authority's accuracy; whole seconds, outwards */
	struct cert_list chain; /* from the authority's own certificate to one of the roots */
};
void tstamp_release(struct tstamp *t);
/* A token that holds for the text. Where the chain ends, and whether parts of it were taken
 * back, is for the caller to judge. */
err *tstamp_open(struct tstamp *out, str token, str text, const struct cert_list *roots)
	__attribute__((warn_unused_result));

#endif
