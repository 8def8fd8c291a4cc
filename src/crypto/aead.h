/* aead - sealed bytes: AES-256-GCM and ChaCha20-Poly1305, opened.
 *
 * What is sealed ends with its tag of 16 bytes. Nothing is given out before
 * the tag was found right. Any thread.
 */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "base/buf.h"
#include "base/err.h"

enum aead_kind { AEAD_AES_256_GCM, AEAD_CHACHA20_POLY1305 };
enum { AEAD_KEY = 32, AEAD_TAG = 16, AEAD_NONCE = 12, AEAD_NONCE_MAX = 128 };

/* Adds the plain bytes to `out`; adds nothing on failure, whose words are Go's:
 * "cipher: message authentication failed". GCM takes nonces of 1 to
 * AEAD_NONCE_MAX bytes, ChaCha20-Poly1305 those of AEAD_NONCE. */
err *aead_open(enum aead_kind kind, const uint8_t key[AEAD_KEY], str nonce, str sealed, str beside,
	       struct buf *out) __attribute__((warn_unused_result));

/* HKDF with SHA-256 (RFC 5869), one block of it. */
err *aead_derive(str secret, str salt, str info, uint8_t out[32])
	__attribute__((warn_unused_result));

#endif
