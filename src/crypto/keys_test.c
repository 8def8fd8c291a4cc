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
	assert_null(keys_new(&a, KEYS_ECDSA, &ec));
	assert_null(keys_new(&a, KEYS_ED25519, &ed));
	assert_true(str_starts(ec, S("-----BEGIN EC PRIVATE KEY-----\n")));
	assert_true(str_starts(ed, S("-----BEGIN PRIVATE KEY-----\n")));
}

static void test_certificates_need_the_signers_own_key(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str ca_key, other, ca, cert, key;

	(void)state;
	assert_null(keys_new(&a, KEYS_ECDSA, &ca_key));
	assert_null(keys_new(&a, KEYS_ECDSA, &other));
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
		cmocka_unit_test(test_bad_keys_are_told_apart),
		cmocka_unit_test(test_digests_and_passwords),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
