/* rsagen - RSA keys, quickly and from random numbers of the caller's choice.
 *
 * OpenSSL 3.0 builds primes by way of other primes and tests each of them 64
 * times, which takes five times as long as need be. Here a prime is looked
 * for as Go does and OpenSSL did: random candidates with both top bits set,
 * small factors sieved out, then Miller-Rabin with random bases, eight times,
 * which lets a composite of this size pass less often than once in 2^160.
 * Arithmetic is OpenSSL's, in constant time where the key depends on it.
 *
 * Equal random numbers make equal keys, whatever OpenSSL's version.
 */
#ifndef CRYPTO_RSAGEN_H
#define CRYPTO_RSAGEN_H

#include "base/buf.h"
#include "crypto/keys.h"
#include "crypto/ossl.h"

/* A key of `bits` (a multiple of 16, 512 and more), exponent 65537, as the DER
 * of PKCS #1. `random` NULL: the system's numbers. */
err *rsagen_key(const struct ossl *o, unsigned bits, const struct keys_random *random,
		struct buf *der) __attribute__((warn_unused_result));

#endif
