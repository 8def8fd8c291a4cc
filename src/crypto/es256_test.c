#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "crypto/es256.h"
#include "crypto/keys.h"

/* Example A.3 of RFC 7515: the key, what was signed, the signature. */
static const char key[] = "-----BEGIN EC PRIVATE KEY-----\n"
			  "MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49\n"
			  "AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b\n"
			  "focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
			  "-----END EC PRIVATE KEY-----\n";
static const char text[] = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0"
			   "dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
static const uint8_t signature[ES256_SIGNATURE] = {
	14,  209, 33,  83,  121, 99,  108, 72,  60,  47,  127, 21,  88,  7,   212, 2,
	163, 178, 40,  3,   58,  249, 124, 126, 23,  129, 154, 195, 22,  158, 166, 101,
	197, 10,  7,   211, 140, 60,  112, 229, 216, 241, 45,  175, 8,   74,  84,  128,
	166, 101, 144, 197, 242, 147, 80,  154, 143, 63,  127, 138, 131, 163, 84,  213,
};

static void test_signatures_are_those_of_jws(void **state)
{
	struct es256 *k;
	uint8_t own[ES256_SIGNATURE];

	(void)state;
	assert_null(es256_read(&k, str_c(key)));
	assert_true(es256_verify(k, str_c(text), str_of((const char *)signature, sizeof signature)));
	assert_null(es256_sign(k, str_c(text), own));
	assert_true(es256_verify(k, str_c(text), str_of((const char *)own, sizeof own)));
	assert_false(es256_verify(k, S("other"), str_of((const char *)own, sizeof own)));
	own[40] ^= 1;
	assert_false(es256_verify(k, str_c(text), str_of((const char *)own, sizeof own)));
	assert_false(es256_verify(k, str_c(text), S("short")));
	es256_free(k);
}

static void test_the_point_is_told(void **state)
{
	struct es256_public p;
	struct es256 *k;

	(void)state;
	assert_null(es256_read(&k, str_c(key)));
	assert_null(es256_public(k, &p));
	assert_int_equal(p.x[0], 127);
	assert_int_equal(p.x[31], 69);
	assert_int_equal(p.y[0], 199);
	assert_int_equal(p.y[31], 173);
	es256_free(k);
}

static void test_other_keys_are_refused(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct es256 *k;
	str ed;

	(void)state;
	assert_null(keys_new(&a, KEYS_ED25519, NULL, &ed));
	CLEANUP(err_drop) err *e = es256_read(&k, ed);
	CLEANUP(err_drop) err *none = es256_read(&k, S("nothing"));

	assert_string_equal(err_msg(e), "the key is not one of ECDSA on P-256");
	assert_non_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signatures_are_those_of_jws),
		cmocka_unit_test(test_the_point_is_told),
		cmocka_unit_test(test_other_keys_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
