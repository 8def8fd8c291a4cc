/* pubkey - public keys that check signatures.
 *
 * ECDSA on the NIST curves, RSA of 2048 bits and more, Ed25519; SHA-256 unless the
 * caller says otherwise. A signature is good or it is not: what OpenSSL cannot read
 * is not. Any thread; a key is immutable.
 */
#ifndef CRYPTO_PUBKEY_H
#define CRYPTO_PUBKEY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct pubkey;

enum { PUBKEY_MAX = 64 << 10, PUBKEY_RSA_BITS_MIN = 2048 };

/* "-----BEGIN PUBLIC KEY-----", or RSA's own form. */
err *pubkey_read_pem(struct pubkey **out, str pem) __attribute__((warn_unused_result));
/* SubjectPublicKeyInfo. */
err *pubkey_read_der(struct pubkey **out, str der) __attribute__((warn_unused_result));
void pubkey_free(struct pubkey *k);
/* For CLEANUP(pubkey_drop) struct pubkey *k = NULL. */
void pubkey_drop(struct pubkey **k);

enum pubkey_scheme {
	PUBKEY_PLAIN,	/* ASN.1 for ECDSA, PKCS #1 for RSA, SHA-256 */
	PUBKEY_PLAIN_384,
	PUBKEY_PLAIN_512,
	PUBKEY_PSS_256,	/* RSA-PSS, salt as long as the hash */
	PUBKEY_PSS_384,
	PUBKEY_PSS_512,
	PUBKEY_RAW_256,	/* ECDSA as two numbers side by side: JWS */
	PUBKEY_RAW_384,
	PUBKEY_RAW_512,
};

bool pubkey_verify(const struct pubkey *k, enum pubkey_scheme scheme, str text, str signature);
/* SHA-256 of the SubjectPublicKeyInfo: what transparency logs are named by. */
err *pubkey_id(const struct pubkey *k, uint8_t out[32]) __attribute__((warn_unused_result));

#endif
