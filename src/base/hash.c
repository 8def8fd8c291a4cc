#include "base/hash.h"

#include <sys/auxv.h>

/* The kernel gives every process 16 random bytes at its start. */
static uint64_t seed(void)
{
	uint64_t v = 0x9e3779b97f4a7c15u;
	const void *random = (const void *)getauxval(AT_RANDOM);

	if (random)
		memcpy(&v, random, sizeof v);
	return v;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 r = (unsigned __int128)a * b;

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

static uint64_t load(const char *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

uint64_t hash_bytes(str s)
{
	static uint64_t base;	/* written once with the same value by any thread */
	uint64_t h = __atomic_load_n(&base, __ATOMIC_RELAXED);

	if (!h) {
		h = seed() | 1;
		__atomic_store_n(&base, h, __ATOMIC_RELAXED);
	}
	h ^= s.n * 0xa0761d6478bd642fu;
	while (s.n > 8) {
		h = mix(h ^ load(s.p, 8), 0xe7037ed1a0b428dbu);
		s.p += 8;
		s.n -= 8;
	}
	h = mix(h ^ (s.n ? load(s.p, s.n) : 0), 0x8ebc6af09c88c6e3u);
	return h ^ (h >> 32);
}
