/* revocation - asking whether the certificates of a chain were taken back.
 *
 * As notation does it: of each certificate but the last the OCSP servers that it names are
 * asked, one after the other, until one answers; where none does, or none is named, all
 * of its lists are fetched, with what changed since. One that names neither cannot be taken
 * back. Only servers of plain HTTP are asked: what they say is signed.
 *
 * What says nothing for sure is an error: "signing certificate with subject "CN=..."
 * revocation status is unknown", with the reason in its detail. Worker-local.
 */
#ifndef SOURCE_REVOCATION_H
#define SOURCE_REVOCATION_H

#include "base/clock.h"
#include "crypto/revoked.h"

#define REVOCATION_OCSP_TIMEOUT (2 * CLOCK_SECOND)
#define REVOCATION_LIST_TIMEOUT (5 * CLOCK_SECOND)

struct revocation_ask {
	str url;
	str question; /* posted; empty: a GET */
	int64_t timeout;
	size_t max; /* bytes of the answer */
};

/* How servers are reached. */
struct revocation_net {
	/* The body of an answer with status 200, into `a`. */
	err *(*get)(void *ctx, struct arena *a, const struct revocation_ask *ask, str *out);
	void *ctx;
};

/* The chain begins with the signer, and each certificate is followed by its issuer's. Seconds
 * since 1970; `signed_at` as in crypto/revoked.h. `what` the certificates are, for the message:
 * "signing", "timestamping". */
err *revocation_check(struct arena *a, const struct revocation_net *net, const char *what,
		      const struct cert_list *chain, int64_t now, int64_t signed_at)
	__attribute__((warn_unused_result));

#endif
