#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypto/rsagen.h"

static void count(void *ctx, void *to, size_t n)
{
	uint64_t *state = ctx;

	for (size_t i = 0; i < n; i++) {
		*state = *state * 6364136223846793005 + 1442695040888963407;
		((uint8_t *)to)[i] = (uint8_t)(*state >> 56);
	}
}

/* What is signed with the private half, the public half believes; and with
 * one wrong bit it does not. */
static bool works(const struct ossl *o, str der)
{
	const unsigned char *p = (const unsigned char *)der.p, text[] = "text";
	EVP_PKEY *key = o->d2i_PrivateKey_ex(EVP_PKEY_RSA, NULL, &p, (long)der.n, NULL, NULL);
	unsigned char signature[512];
	size_t n = sizeof signature;

	assert_non_null(key);
	EVP_MD_CTX *ctx = o->EVP_MD_CTX_new();

	assert_int_equal(o->EVP_DigestSignInit(ctx, NULL, o->EVP_sha256(), NULL, key), 1);
	assert_int_equal(o->EVP_DigestSign(ctx, signature, &n, text, sizeof text), 1);
	o->EVP_MD_CTX_free(ctx);
	ctx = o->EVP_MD_CTX_new();
	assert_int_equal(o->EVP_DigestVerifyInit(ctx, NULL, o->EVP_sha256(), NULL, key), 1);
	bool good = o->EVP_DigestVerify(ctx, signature, n, text, sizeof text) == 1;

	o->EVP_MD_CTX_free(ctx);
	o->EVP_PKEY_free(key);
	return good;
}

static void test_keys_work(void **state)
{
	const struct ossl *o;

	(void)state;
	assert_null(ossl_get(&o));
	for (uint64_t i = 0; i < 40; i++) {
		uint64_t seed = i;
		const struct keys_random random = { count, &seed };
		CLEANUP(buf_release) struct buf der = BUF_INIT;

		assert_null(rsagen_key(o, i < 38 ? 512 + 16 * (unsigned)i : 2048, &random, &der));
		assert_true(works(o, buf_str(&der)));
	}
}

static void test_numbers_decide(void **state)
{
	uint64_t one = 1, again = 1, other = 2;
	const struct keys_random from[] = { { count, &one }, { count, &again }, { count, &other } };
	CLEANUP(buf_release) struct buf a = BUF_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(buf_release) struct buf c = BUF_INIT;
	const struct ossl *o;

	(void)state;
	assert_null(ossl_get(&o));
	assert_null(rsagen_key(o, 1024, &from[0], &a));
	assert_null(rsagen_key(o, 1024, &from[1], &b));
	assert_null(rsagen_key(o, 1024, &from[2], &c));
	assert_true(str_eq(buf_str(&a), buf_str(&b)));
	assert_false(str_eq(buf_str(&a), buf_str(&c)));
	buf_clear(&a);
	buf_clear(&b);
	assert_null(rsagen_key(o, 1024, NULL, &a));
	assert_null(rsagen_key(o, 1024, NULL, &b));
	assert_false(str_eq(buf_str(&a), buf_str(&b)));
}

static void test_sizes_that_are_none(void **state)
{
	static const unsigned sizes[] = { 0, 256, 1000, 1 << 20 };
	const struct ossl *o;

	(void)state;
	assert_null(ossl_get(&o));
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		CLEANUP(buf_release) struct buf der = BUF_INIT;
		CLEANUP(err_drop) err *e = rsagen_key(o, sizes[i], NULL, &der);

		assert_non_null(e);
		assert_int_equal(der.n, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_work),
		cmocka_unit_test(test_numbers_decide),
		cmocka_unit_test(test_sizes_that_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
