/* seeded - OpenSSL with random numbers that the caller gives.
 *
 * A key that is to come out the same every time needs every random number
 * that goes into it to be the same: candidates for primes, scalars, the
 * nonces of ECDSA. OpenSSL takes them from the generator of a library
 * context; here is a context of our own whose generator asks a function. The
 * algorithms are OpenSSL's as ever, so keys are as well made as their numbers
 * are random, and equal numbers make equal keys for as long as OpenSSL works
 * the same way (a release series does).
 *
 * One thread, from open to close.
 */
#ifndef CRYPTO_SEEDED_H
#define CRYPTO_SEEDED_H

#include <openssl/provider.h>

#include "crypto/keys.h"
#include "crypto/ossl.h"

struct seeded {
	const struct ossl *o;
	const struct keys_random *random;
	OSSL_LIB_CTX *ctx;	/* NULL: OpenSSL's own, for `random` NULL */
	OSSL_PROVIDER *algorithms, *generator;
};

/* `random` NULL gives the usual context, with the system's random numbers. */
err *seeded_open(const struct ossl *o, const struct keys_random *random, struct seeded *out)
	__attribute__((warn_unused_result));
/* For CLEANUP(seeded_close) struct seeded s = { 0 }. */
void seeded_close(struct seeded *s);

#endif
