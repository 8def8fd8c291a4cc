/* sha256 - SHA-256 (FIPS 180-4) without a crypto library.
 *
 * Name suffixes of generated ConfigMaps and checksums in pod annotations
 * need this one hash in nearly every offline run, and loading libcrypto for
 * it costs more than the whole run: 2.3 ms and 3 MiB. Everything that guards
 * a secret or checks a signature goes through OpenSSL. Worker-local state;
 * sha256_of: any thread.
 */
#ifndef CRYPTO_SHA256_H
#define CRYPTO_SHA256_H

#include <stdint.h>

#include "base/str.h"

enum { SHA256_SIZE = 32, SHA256_HEX = 64 };

struct sha256 {
	uint32_t h[8];
	uint64_t total;		/* bytes so far */
	uint8_t block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, str bytes);
void sha256_end(struct sha256 *s, uint8_t out[SHA256_SIZE]);

/* Of one text, as lower-case hex and a NUL. */
void sha256_hex(str bytes, char out[SHA256_HEX + 1]);

#endif
