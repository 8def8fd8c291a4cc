#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/die.h"
#include "crypto/keypair.h"
#include "crypto/keys.h"

struct fixture {
	struct arena a;
	str cert, key, other, ed25519;
};

static void fixture_make(struct fixture *f)
{
	str ignored;

	*f = (struct fixture){ .a = ARENA_INIT };
	assert_null(keys_new(&f->a, KEYS_ECDSA, NULL, &f->key));
	assert_null(keys_new(&f->a, KEYS_ECDSA, NULL, &f->other));
	assert_null(keys_new(&f->a, KEYS_ED25519, NULL, &f->ed25519));
	struct keys_request r = { .name = S("a"), .now = 1700000000, .until = 1800000000,
				  .key = f->key };

	assert_null(keys_certify(&f->a, &r, &f->cert, &ignored));
}

static void expect(str cert, str key, const char *want)
{
	err *e = keypair_check(cert, key);

	if (want)
		assert_string_equal(e ? err_msg(e) : "nothing", want);
	else
		assert_null(e);
	err_free(e);
}

#define BLOCK(type, body) S("-----BEGIN " type "-----\n" body "\n-----END " type "-----\n")

static void test_pairs(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f);
	expect(f.cert, f.key, NULL);
	expect(arena_cat(&f.a, f.key, f.cert), arena_cat(&f.a, f.cert, f.key), NULL);
	expect(f.cert, f.other, "tls: private key does not match public key");
	expect(f.cert, f.ed25519, "tls: private key type does not match public key type");
	arena_release(&f.a);
}

static void test_what_is_no_pair(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f);
	expect(S("x"), S("y"), "tls: failed to find any PEM data in certificate input");
	expect(f.cert, S(""), "tls: failed to find any PEM data in key input");
	expect(f.key, f.key,
	       "tls: failed to find certificate PEM data in certificate input, but did find a private "
	       "key; PEM inputs may have been switched");
	expect(f.cert, f.cert,
	       "tls: found a certificate rather than a key in the PEM for the private key");
	expect(BLOCK("FOO", "YWJj"), f.key,
	       "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM "
	       "blocks of the following types: [FOO]");
	expect(f.cert, BLOCK("FOO", "YWJj"),
	       "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after "
	       "skipping PEM blocks of the following types: [FOO]");
	expect(BLOCK("CERTIFICATE", "YWJj"), f.key, "x509: malformed certificate");
	expect(f.cert, BLOCK("PRIVATE KEY", "YWJj"), "tls: failed to parse private key");
	arena_release(&f.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_what_is_no_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
