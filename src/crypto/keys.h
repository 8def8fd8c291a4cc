/* keys - private keys and certificates in PEM, as Go's tools write them.
 *
 * RSA and DSA keys in their traditional forms, EC keys on P-256, Ed25519 as
 * PKCS #8; certificates of version 3 with the extensions that Helm's template
 * functions give them. Results live in the arena. Worker threads: a key takes
 * 30 ms (RSA 2048), half a second (RSA 4096) or seconds (DSA).
 */
#ifndef CRYPTO_KEYS_H
#define CRYPTO_KEYS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* Where random numbers come from: equal ones make equal keys. Wherever it is
 * NULL the system's are taken, as they must be for keys that protect anything. */
struct keys_random {
	void (*fill)(void *ctx, void *to, size_t n);
	void *ctx;
};

enum keys_kind { KEYS_RSA_2048, KEYS_RSA_4096, KEYS_DSA, KEYS_ECDSA, KEYS_ED25519 };

err *keys_new(struct arena *a, enum keys_kind kind, const struct keys_random *random, str *pem)
	__attribute__((warn_unused_result));

struct keys_address {
	uint8_t bytes[16];
	size_t n; /* 4 or 16 */
};

struct keys_request {
	str name; /* common name */
	const struct keys_address *addresses;
	const str *hosts;
	size_t addresses_n, hosts_n;
	int64_t now, until; /* validity, seconds since 1970 */
	bool authority;
	str key;                     /* PEM; empty: a new RSA 2048 key */
	str signer_cert, signer_key; /* PEM; empty: signed by itself */
	const struct keys_random *random;
};

/* Certificate and key, both in PEM. Errors have the words of sprig. */
err *keys_certify(struct arena *a, const struct keys_request *r, str *cert, str *key)
	__attribute__((warn_unused_result));
/* Whether the texts are a certificate and a private key. */
err *keys_check(str cert, str key) __attribute__((warn_unused_result));
/* Sign with an RSA key in PEM: PKCS #1 v1.5 over SHA-256, as JWT's RS256. */
err *keys_sign_rs256(struct buf *out, str key, str text) __attribute__((warn_unused_result));

#endif
