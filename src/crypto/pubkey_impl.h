/* pubkey_impl - a public key as OpenSSL has it, for who takes one out of a certificate.
 *
 * Immutable once it is made: any thread. Freed by pubkey.h, the key with it.
 */
#ifndef CRYPTO_PUBKEY_IMPL_H
#define CRYPTO_PUBKEY_IMPL_H

#include "crypto/ossl.h"
#include "crypto/pubkey.h"

struct pubkey {
	const struct ossl *o;
	EVP_PKEY *key;
};

/* Takes `key`, which may be NULL. */
err *pubkey_adopt(struct pubkey **out, const struct ossl *o, EVP_PKEY *key)
	__attribute__((warn_unused_result));

#endif
