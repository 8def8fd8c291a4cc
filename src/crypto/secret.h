/* secret - digests, password hashes, derived keys and ciphers on texts.
 *
 * The small uses of cryptography that templates have. Any thread.
 */
#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include "base/buf.h"
#include "base/err.h"

enum secret_digest { SECRET_SHA1, SECRET_SHA512 };

/* As small hex. */
err *secret_digest_hex(struct buf *b, enum secret_digest kind, str text)
	__attribute__((warn_unused_result));
uint32_t secret_adler32(str text);
/* "$2a$10$..." of a password, from 16 random bytes. */
err *secret_bcrypt(struct buf *b, str password, const uint8_t salt[16])
	__attribute__((warn_unused_result));
/* scrypt with N 32768, r 8, p 2, 64 bytes. */
err *secret_scrypt(str password, str salt, uint8_t out[64]) __attribute__((warn_unused_result));
err *secret_hmac_sha256(str key, str text, uint8_t out[32]) __attribute__((warn_unused_result));
/* AES-256-CBC without padding: whole blocks of 16 bytes. */
err *secret_aes_cbc(struct buf *b, const uint8_t key[32], const uint8_t iv[16], str blocks,
		    bool encrypt) __attribute__((warn_unused_result));

#endif
