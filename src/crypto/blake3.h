/* blake3 - the hash BLAKE3, 32 bytes of it.
 *
 * One of the digests that artifacts may be named by; no library of ours has
 * it. Plain C after the public specification: chunks of 1 KiB are hashed one
 * by one, and the results in pairs up a tree. Worker-local.
 */
#ifndef CRYPTO_BLAKE3_H
#define CRYPTO_BLAKE3_H

#include <stdint.h>

#include "base/str.h"

enum { BLAKE3_SIZE = 32, BLAKE3_LEVELS = 54 };

struct blake3 {
	uint32_t value[8]; /* of the chunk so far */
	uint64_t chunk;    /* its number */
	uint8_t block[64];
	unsigned block_n, blocks;         /* bytes held; blocks of the chunk before */
	uint32_t stack[BLAKE3_LEVELS][8]; /* of finished subtrees */
	unsigned stack_n;
};

void blake3_init(struct blake3 *b);
void blake3_add(struct blake3 *b, str bytes);
void blake3_end(const struct blake3 *b, uint8_t out[BLAKE3_SIZE]);

#endif
