#include "crypto/blake3.h"

enum { CHUNK_START = 1, CHUNK_END = 2, PARENT = 4, ROOT = 8 };
enum { BLOCK = 64, CHUNK_BLOCKS = 16 };

static const uint32_t initial[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static const uint8_t order[16] = { 2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8 };

static uint32_t rotate(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static void mix(uint32_t s[16], int a, int b, int c, int d, uint32_t x, uint32_t y)
{
	s[a] += s[b] + x;
	s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b] + y;
	s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 7);
}

static void mix_all(uint32_t s[16], const uint32_t m[16])
{
	for (int i = 0; i < 4; i++) /* columns */
		mix(s, i, 4 + i, 8 + i, 12 + i, m[2 * i], m[2 * i + 1]);
	for (int i = 0; i < 4; i++) /* diagonals */
		mix(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[8 + 2 * i],
		    m[9 + 2 * i]);
}

/* `out` may be `value`. */
static void compress(const uint32_t value[8], const uint32_t words[16], uint64_t counter,
		     uint32_t length, uint32_t flags, uint32_t out[8])
{
	uint32_t s[16], m[16], next[16];

	memcpy(s, value, 32);
	memcpy(s + 8, initial, 16);
	s[12] = (uint32_t)counter;
	s[13] = (uint32_t)(counter >> 32);
	s[14] = length;
	s[15] = flags;
	memcpy(m, words, sizeof m);
	for (int round = 0; round < 7; round++) {
		mix_all(s, m);
		for (int i = 0; i < 16; i++)
			next[i] = m[order[i]];
		memcpy(m, next, sizeof m);
	}
	for (int i = 0; i < 8; i++)
		out[i] = s[i] ^ s[i + 8];
}

static void read_words(const uint8_t block[BLOCK], uint32_t words[16])
{
	for (int i = 0; i < 16; i++)
		words[i] = (uint32_t)block[4 * i] | (uint32_t)block[4 * i + 1] << 8 |
			   (uint32_t)block[4 * i + 2] << 16 | (uint32_t)block[4 * i + 3] << 24;
}

static void start_chunk(struct blake3 *b, uint64_t number)
{
	memcpy(b->value, initial, sizeof initial);
	b->chunk = number;
	b->block_n = b->blocks = 0;
}

void blake3_init(struct blake3 *b)
{
	start_chunk(b, 0);
	b->stack_n = 0;
}

/* The block that is held, as the next or the last of its chunk. */
static void end_block(const struct blake3 *b, uint32_t flags, uint32_t out[8])
{
	uint8_t block[BLOCK] = { 0 };
	uint32_t words[16];

	memcpy(block, b->block, b->block_n);
	read_words(block, words);
	compress(b->value, words, b->chunk, b->block_n, flags | (b->blocks ? 0 : CHUNK_START), out);
}

static void join(const uint32_t left[8], const uint32_t right[8], uint32_t flags, uint32_t out[8])
{
	uint32_t words[16];

	memcpy(words, left, 32);
	memcpy(words + 8, right, 32);
	compress(initial, words, 0, BLOCK, PARENT | flags, out);
}

/* A chunk is complete, and another follows: it closes as many subtrees as
 * the count of chunks has zeros at its end. */
static void end_chunk(struct blake3 *b)
{
	uint32_t value[8];

	end_block(b, CHUNK_END, value);
	for (uint64_t count = b->chunk + 1; !(count & 1); count >>= 1)
		join(b->stack[--b->stack_n], value, 0, value);
	memcpy(b->stack[b->stack_n++], value, sizeof value);
	start_chunk(b, b->chunk + 1);
}

void blake3_add(struct blake3 *b, str bytes)
{
	while (bytes.n) {
		if (b->block_n == BLOCK && b->blocks == CHUNK_BLOCKS - 1) {
			end_chunk(b);
		} else if (b->block_n == BLOCK) {
			end_block(b, 0, b->value);
			b->blocks++;
			b->block_n = 0;
		}
		size_t n = BLOCK - b->block_n < bytes.n ? BLOCK - b->block_n : bytes.n;

		memcpy(b->block + b->block_n, bytes.p, n);
		b->block_n += (unsigned)n;
		bytes = str_from(bytes, n);
	}
}

void blake3_end(const struct blake3 *b, uint8_t out[BLAKE3_SIZE])
{
	uint32_t value[8];

	end_block(b, CHUNK_END | (b->stack_n ? 0 : ROOT), value);
	for (unsigned i = b->stack_n; i-- > 0;)
		join(b->stack[i], value, i ? 0 : ROOT, value);
	for (int i = 0; i < BLAKE3_SIZE; i++)
		out[i] = (uint8_t)(value[i / 4] >> 8 * (i % 4));
}
