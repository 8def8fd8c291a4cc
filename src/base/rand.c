#include "base/rand.h"

#include <errno.h>
#include <sys/random.h>

#include "base/die.h"

void rand_bytes(void *to, size_t n)
{
	char *p = to;

	while (n) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno != EINTR)
			die_bug("getrandom failed: errno %d", errno);
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
}

uint64_t rand_u64(void)
{
	uint64_t u;

	rand_bytes(&u, sizeof u);
	return u;
}

uint64_t rand_below(uint64_t n)
{
	/* Numbers below 2^64 mod n would make the small results likelier. */
	uint64_t skip = -n % n, u;

	do
		u = rand_u64();
	while (u < skip);
	return u % n;
}

void rand_name(char *to, size_t n)
{
	static const char safe[] = "bcdfghjklmnpqrstvwxz2456789";
	enum { LETTERS = sizeof safe - 1, FAIR = 256 - 256 % LETTERS };
	uint8_t bytes[32];
	size_t left = 0;

	for (size_t i = 0; i < n;) {
		if (!left) {
			left = sizeof bytes;
			rand_bytes(bytes, left);
		}
		uint8_t b = bytes[--left];

		if (b < FAIR)	/* those above would make the first letters likelier */
			to[i++] = safe[b % LETTERS];
	}
	to[n] = 0;
}

void rand_uuid(char to[RAND_UUID + 1])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t b[16];
	char *p = to;

	rand_bytes(b, sizeof b);
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof b; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[b[i] >> 4];
		*p++ = hex[b[i] & 15];
	}
	*p = 0;
}
