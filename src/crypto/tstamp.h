/* tstamp - signed timestamps (RFC 3161): that a text existed at a time.
 *
 * An authority's reply is over a hash of the text and signed by its certificate, which must
 * lead to one that is trusted, be for timestamps alone, and have been valid at that
 * very time. Nothing is asked. Any thread.
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

#endif
