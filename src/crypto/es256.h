/* es256 - a private key on P-256 that signs JSON Web Tokens.
 *
 * Signatures have the form of JWS's ES256: two numbers side by side. A key is
 * immutable; any thread.
 */
#ifndef CRYPTO_ES256_H
#define CRYPTO_ES256_H

#include <stdint.h>

#include "base/err.h"

struct es256;

enum { ES256_SIGNATURE = 64 };

/* A private key in PEM, as keys_new writes KEYS_ECDSA. */
err *es256_read(struct es256 **out, str pem) __attribute__((warn_unused_result));
void es256_free(struct es256 *k);

err *es256_sign(const struct es256 *k, str text, uint8_t out[ES256_SIGNATURE])
	__attribute__((warn_unused_result));
bool es256_verify(const struct es256 *k, str text, str signature);

/* What others need for checking: the point, and what names the key: SHA-256 of
 * its SubjectPublicKeyInfo. */
struct es256_public {
	uint8_t x[32], y[32], id[32];
};
err *es256_public(const struct es256 *k, struct es256_public *out)
	__attribute__((warn_unused_result));

#endif
