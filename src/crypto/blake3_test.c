#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "crypto/blake3.h"

/* The public test vectors: bytes 0, 1, ... 250, 0, 1, ... of some lengths. */
static const struct {
	size_t n;
	const char *hex;
} vectors[] = {
	{ 0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262" },
	{ 1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213" },
	{ 1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11" },
	{ 1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7" },
	{ 1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444" },
	{ 2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a" },
	{ 2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030" },
	{ 102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085" },
};

static void test_vectors(void **state)
{
	static char bytes[102400];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i % 251);
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
		for (size_t step = 1; step <= 100000; step = step * 37 + 1) {
			uint8_t out[BLAKE3_SIZE];
			char hex[2 * BLAKE3_SIZE + 1];
			struct blake3 b;

			blake3_init(&b);
			for (size_t at = 0; at < vectors[i].n; at += step)
				blake3_add(&b, str_sub(str_of(bytes, vectors[i].n), at, at + step));
			blake3_end(&b, out);
			for (size_t k = 0; k < sizeof out; k++)
				snprintf(hex + 2 * k, 3, "%02x", out[k]);
			assert_string_equal(hex, vectors[i].hex);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
