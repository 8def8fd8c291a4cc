/* keys_impl - private keys as OpenSSL has them, for the parts of this layer.
 *
 * Whoever reads a key frees it with EVP_PKEY_free. Any thread.
 */
#ifndef CRYPTO_KEYS_IMPL_H
#define CRYPTO_KEYS_IMPL_H

#include "crypto/ossl.h"

/* A key in PEM; the caller frees it. */
err *keys_read(const struct ossl *o, str pem, EVP_PKEY **out) __attribute__((warn_unused_result));
/* Over SHA-256; *n is what there is room for, then the length. */
err *keys_sign(const struct ossl *o, EVP_PKEY *key, str text, unsigned char *signature, size_t *n)
	__attribute__((warn_unused_result));

#endif
