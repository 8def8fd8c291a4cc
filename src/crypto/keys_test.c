#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/die.h"
#include "crypto/keys.h"
#include "crypto/secret.h"

static void test_keys_have_their_forms(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str ec, ed;

	(void)state;
	assert_null(keys_new(&a, KEYS_ECDSA, NULL, &ec));
	assert_null(keys_new(&a, KEYS_ED25519, NULL, &ed));
	assert_true(str_starts(ec, S("-----BEGIN EC PRIVATE KEY-----\n")));
	assert_true(str_starts(ed, S("-----BEGIN PRIVATE KEY-----\n")));
}

static void test_certificates_need_the_signers_own_key(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str ca_key, other, ca, cert, key;

	(void)state;
	assert_null(keys_new(&a, KEYS_ECDSA, NULL, &ca_key));
	assert_null(keys_new(&a, KEYS_ECDSA, NULL, &other));
	struct keys_request r = { .name = S("ca"), .now = 1700000000, .until = 1800000000,
				  .authority = true, .key = ca_key };

	assert_null(keys_certify(&a, &r, &ca, &key));
	assert_true(str_eq(key, ca_key));
	assert_null(keys_check(ca, key));
	r = (struct keys_request){ .name = S("x"), .until = 1, .key = other, .signer_cert = ca,
				   .signer_key = ca_key };
	assert_null(keys_certify(&a, &r, &cert, &key));
	r.signer_key = other;
	CLEANUP(err_drop) err *e = keys_certify(&a, &r, &cert, &key);

	assert_string_equal(err_msg(e), "error creating certificate: x509: provided PrivateKey "
					"doesn't match parent's PublicKey");
}

/* Numbers that are told the same every time. */
static void count(void *ctx, void *to, size_t n)
{
	uint64_t *state = ctx;

	for (size_t i = 0; i < n; i++) {
		*state = *state * 6364136223846793005 + 1442695040888963407;
		((uint8_t *)to)[i] = (uint8_t)(*state >> 56);
	}
}

static str seeded_key(struct arena *a, enum keys_kind kind, uint64_t seed)
{
	const struct keys_random random = { count, &seed };
	str pem;

	assert_null(keys_new(a, kind, &random, &pem));
	return pem;
}

static void test_equal_numbers_make_equal_keys(void **state)
{
	static const enum keys_kind kinds[] = { KEYS_RSA_2048, KEYS_ECDSA, KEYS_ED25519 };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		str one = seeded_key(&a, kinds[i], 1), again = seeded_key(&a, kinds[i], 1);

		assert_true(str_eq(one, again));
		assert_false(str_eq(one, seeded_key(&a, kinds[i], 2)));
	}
}

static str seeded_cert(struct arena *a, str ca, str ca_key, str own, uint64_t seed)
{
	const struct keys_random random = { count, &seed };
	const struct keys_request r = { .name = S("x"), .now = 1700000000, .until = 1800000000,
					.key = own, .signer_cert = ca, .signer_key = ca_key,
					.authority = !ca.n, .random = &random };
	str cert, key;

	assert_null(keys_certify(a, &r, &cert, &key));
	assert_null(keys_check(cert, key));
	return cert;
}

/* ECDSA draws a number for every signature. */
static void test_equal_numbers_make_equal_certificates(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str ca_key = seeded_key(&a, KEYS_ECDSA, 1), own = seeded_key(&a, KEYS_ECDSA, 2);
	str ca = seeded_cert(&a, STR_NONE, STR_NONE, ca_key, 3);

	(void)state;
	assert_true(str_eq(ca, seeded_cert(&a, STR_NONE, STR_NONE, ca_key, 3)));
	str cert = seeded_cert(&a, ca, ca_key, own, 4);

	assert_true(str_eq(cert, seeded_cert(&a, ca, ca_key, own, 4)));
	assert_false(str_eq(cert, seeded_cert(&a, ca, ca_key, own, 5)));
	assert_true(str_eq(seeded_cert(&a, ca, ca_key, STR_NONE, 6),
			   seeded_cert(&a, ca, ca_key, STR_NONE, 6)));
}

static void test_bad_keys_are_told_apart(void **state)
{
	static const struct {
		const char *pem, *want;
	} rows[] = {
		{ "bad", "parsing private key: no PEM data in input" },
		{ "-----BEGIN X-----\nYQ==\n-----END X-----\n",
		  "parsing private key: no private key data in PEM block of type X" },
		{ "-----BEGIN X PRIVATE KEY-----\nYQ==\n-----END X PRIVATE KEY-----\n",
		  "parsing private key: invalid private key type X" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		const struct keys_request r = { .name = S("x"), .key = str_c(rows[i].pem) };
		str cert, key;
		CLEANUP(err_drop) err *e = keys_certify(&a, &r, &cert, &key);

		assert_string_equal(err_msg(e), rows[i].want);
	}
}

static void test_digests_and_passwords(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const uint8_t salt[16] = { 0 };

	(void)state;
	assert_null(secret_digest_hex(&b, SECRET_SHA1, S("abc")));
	assert_string_equal(buf_c(&b), "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_int_equal(secret_adler32(S("Wikipedia")), 0x11e60398);
	buf_clear(&b);
	assert_null(secret_bcrypt(&b, S("x"), salt));
	assert_int_equal(b.n, 60);
	assert_true(str_starts(buf_str(&b), S("$2a$10$......................")));
	CLEANUP(err_drop) err *e = secret_bcrypt(
		&b, S("0123456789012345678901234567890123456789012345678901234567890123456789012"), salt);

	assert_string_equal(err_msg(e), "bcrypt: password length exceeds 72 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_have_their_forms),
		cmocka_unit_test(test_certificates_need_the_signers_own_key),
		cmocka_unit_test(test_equal_numbers_make_equal_keys),
		cmocka_unit_test(test_equal_numbers_make_equal_certificates),
		cmocka_unit_test(test_bad_keys_are_told_apart),
		cmocka_unit_test(test_digests_and_passwords),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
