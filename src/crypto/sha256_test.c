#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "crypto/sha256.h"

/* The examples of FIPS 180-4, and lengths around the block size as
 * sha256sum gives them for that many letters "a". */
static const struct {
	const char *text;
	size_t repeat;
	const char *hex;
} sums[] = {
	{ "", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "a", 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318" },
	{ "a", 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a" },
	{ "a", 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb" },
	{ "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

static void test_sums(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
		struct arena a = ARENA_INIT;
		size_t n = strlen(sums[i].text);
		char *text = arena_alloc(&a, n * sums[i].repeat + 1), hex[SHA256_HEX + 1];

		for (size_t k = 0; k < sums[i].repeat; k++)
			memcpy(text + k * n, sums[i].text, n);
		sha256_hex(str_of(text, n * sums[i].repeat), hex);
		assert_string_equal(hex, sums[i].hex);
		arena_release(&a);
	}
}

static void test_adds_in_any_pieces(void **state)
{
	char text[300], whole[SHA256_HEX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)i;
	sha256_hex(str_of(text, sizeof text), whole);
	for (size_t piece = 1; piece < 130; piece++) {
		uint8_t sum[SHA256_SIZE];
		char first[3];
		struct sha256 s;

		sha256_init(&s);
		for (size_t at = 0; at < sizeof text; at += piece)
			sha256_add(&s, str_sub(str_of(text, sizeof text), at, at + piece));
		sha256_end(&s, sum);
		first[0] = "0123456789abcdef"[sum[0] >> 4];
		first[1] = "0123456789abcdef"[sum[0] & 15];
		first[2] = 0;
		assert_memory_equal(first, whole, 2);
		assert_int_equal(s.total, sizeof text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_adds_in_any_pieces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
