#include "crypto/sha256.h"

/* clang before 18 cannot ask whether the processor has the instructions. */
#if defined(__x86_64__) && (!defined(__clang__) || __clang_major__ >= 18)
#define NATIVE
#endif

#ifdef NATIVE
#include <immintrin.h>
#endif

/* The first 32 bits of the fractional parts of the cube roots of the first
 * 64 primes, and of the square roots of the first 8. */
static const uint32_t round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
static const uint32_t start[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static uint32_t rotate(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static void schedule(uint32_t w[64], const uint8_t *block)
{
	for (int i = 0; i < 16; i++, block += 4)
		w[i] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 |
		       (uint32_t)block[2] << 8 | block[3];
	for (int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
		       (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
}

/* A round, whose words the next one takes by other names instead of moving them. */
static inline __attribute__((always_inline)) void turn(uint32_t a, uint32_t b, uint32_t c, uint32_t *d,
						       uint32_t e, uint32_t f, uint32_t g, uint32_t *h,
						       uint32_t more)
{
	uint32_t t = *h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (g ^ (e & (f ^ g))) + more;

	*d += t;
	*h = t + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));
}

static void compress_plainly(uint32_t state[8], const uint8_t *block)
{
	uint32_t w[64], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4],
			f = state[5], g = state[6], h = state[7];

	schedule(w, block);
	for (int i = 0; i < 64; i++)
		w[i] += round_constants[i];
	for (int i = 0; i < 64; i += 8) {
		turn(a, b, c, &d, e, f, g, &h, w[i]);
		turn(h, a, b, &c, d, e, f, &g, w[i + 1]);
		turn(g, h, a, &b, c, d, e, &f, w[i + 2]);
		turn(f, g, h, &a, b, c, d, &e, w[i + 3]);
		turn(e, f, g, &h, a, b, c, &d, w[i + 4]);
		turn(d, e, f, &g, h, a, b, &c, w[i + 5]);
		turn(c, d, e, &f, g, h, a, &b, w[i + 6]);
		turn(b, c, d, &e, f, g, h, &a, w[i + 7]);
	}
	const uint32_t end[8] = { a, b, c, d, e, f, g, h };

	for (int i = 0; i < 8; i++)
		state[i] += end[i];
}

#ifdef NATIVE
static __m128i load(const void *p)
{
	return _mm_loadu_si128((const __m128i *)p);
}

static void store(void *p, __m128i v)
{
	_mm_storeu_si128((__m128i *)p, v);
}

/* By the processor's own instructions, which take the state as the words ABEF and CDGH, and
 * make two rounds each. */
__attribute__((target("sha,sse4.1"))) static void compress_natively(uint32_t h[8],
								   const uint8_t *block)
{
	const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i w[4], low = _mm_shuffle_epi32(load(h), 0xb1);
	__m128i high = _mm_shuffle_epi32(load(h + 4), 0x1b);
	__m128i abef = _mm_alignr_epi8(low, high, 8), cdgh = _mm_blend_epi16(high, low, 0xf0);
	const __m128i abef_before = abef, cdgh_before = cdgh;

	for (int i = 0; i < 16; i++) {
		__m128i *now = &w[i & 3], last = i ? w[(i + 3) & 3] : _mm_setzero_si128(), k;

		if (i < 4)
			*now = _mm_shuffle_epi8(load(block + (size_t)i * 16), order);
		else
			*now = _mm_sha256msg2_epu32(
				_mm_add_epi32(_mm_sha256msg1_epu32(*now, w[(i + 1) & 3]),
					      _mm_alignr_epi8(last, w[(i + 2) & 3], 4)),
				last);
		k = _mm_add_epi32(*now, load(round_constants + (size_t)i * 4));
		cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);
		abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(k, 0x0e));
	}
	low = _mm_shuffle_epi32(_mm_add_epi32(abef, abef_before), 0x1b);
	high = _mm_shuffle_epi32(_mm_add_epi32(cdgh, cdgh_before), 0xb1);
	store(h, _mm_blend_epi16(low, high, 0xf0));
	store(h + 4, _mm_alignr_epi8(high, low, 8));
}

static void compress(uint32_t h[8], const uint8_t *block)
{
	if (__builtin_cpu_supports("sha") && __builtin_cpu_supports("sse4.1"))
		compress_natively(h, block);
	else
		compress_plainly(h, block);
}
#else
static void compress(uint32_t h[8], const uint8_t *block)
{
	compress_plainly(h, block);
}
#endif

void sha256_init(struct sha256 *s)
{
	memcpy(s->h, start, sizeof s->h);
	s->total = 0;
}

void sha256_add(struct sha256 *s, str bytes)
{
	const uint8_t *p = (const uint8_t *)bytes.p;
	size_t n = bytes.n, have = s->total % 64;

	s->total += n;
	if (have && n) {
		size_t take = n < 64 - have ? n : 64 - have;

		memcpy(s->block + have, p, take);
		p += take;
		n -= take;
		if (have + take < 64)
			return;
		compress(s->h, s->block);
	}
	for (; n >= 64; p += 64, n -= 64)
		compress(s->h, p);
	if (n)
		memcpy(s->block, p, n);
}

void sha256_end(struct sha256 *s, uint8_t out[SHA256_SIZE])
{
	uint64_t bits = s->total * 8;
	size_t have = s->total % 64;

	s->block[have++] = 0x80;
	if (have > 56) {
		memset(s->block + have, 0, 64 - have);
		compress(s->h, s->block);
		have = 0;
	}
	memset(s->block + have, 0, 56 - have);
	for (int i = 0; i < 8; i++)
		s->block[56 + i] = (uint8_t)(bits >> (56 - 8 * i));
	compress(s->h, s->block);
	for (int i = 0; i < 32; i++)
		out[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256_hex(str bytes, char out[SHA256_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t sum[SHA256_SIZE];
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, bytes);
	sha256_end(&s, sum);
	for (int i = 0; i < SHA256_SIZE; i++) {
		out[2 * i] = digits[sum[i] >> 4];
		out[2 * i + 1] = digits[sum[i] & 15];
	}
	out[SHA256_HEX] = 0;
}
