#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/die.h"
#include "crypto/keys.h"
#include "crypto/sshkey.h"

static void test_public_half_of_a_new_key_is_that_of_its_pem(void **state)
{
	static const struct {
		enum sshkey_kind kind;
		const char *type;
		const char *head;	/* of the base64 */
	} rows[] = {
		{ SSHKEY_RSA, "ssh-rsa ", "AAAAB3NzaC1yc2EAAAADAQAB" },
		{ SSHKEY_P256, "ecdsa-sha2-nistp256 ", "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY" },
		{ SSHKEY_P384, "ecdsa-sha2-nistp384 ", "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQ" },
		{ SSHKEY_P521, "ecdsa-sha2-nistp521 ", "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjE" },
		{ SSHKEY_ED25519, "ssh-ed25519 ", "AAAAC3NzaC1lZDI1NTE5AAAAI" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		str private, public, again;

		assert_null(sshkey_new(&a, rows[i].kind, 1024, &private, &public));
		assert_true(str_starts(private, S("-----BEGIN PRIVATE KEY-----\n")));
		assert_true(str_starts(public, arena_cat(&a, str_c(rows[i].type),
							 str_c(rows[i].head))));
		assert_true(str_ends(public, S("\n")));
		assert_null(sshkey_public(&a, private, STR_NONE, &again));
		assert_true(str_eq(public, again));
	}
}

/* Made by ssh-keygen, with the passphrase "secret". */
#define OPENSSH_KEY                                                              \
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"                                  \
	"b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABAHqrpD88\n" \
	"cbSXHjFyOXGjGhAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAICoeGzapyL8Ob3F6\n" \
	"0Pgngr5q9dXEiU/BBzA3FVnjXXCIAAAAkMn7PwM7luFMdogJLN8AJbcaQT6/qKwN9UsFAH\n" \
	"/U1vY6I+LqO2Nksm3BCL6Vi9VbN/2inF4q4wTVddKz0GK9tKRAiHEM985v/GB53zsmx608\n" \
	"IB3r16hkSi+SOPEnl8NhLorm/nXQ4EWCRmYvFz561J48A4kY0KEHMbPUX9mg4QoO2fNXzs\n" \
	"sB/F6jh2IYQ5HzMA==\n" \
	"-----END OPENSSH PRIVATE KEY-----\n"
#define OPENSSH_PUBLIC "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICoeGzapyL8Ob3F60Pgngr5q9dXEiU/BBzA3FVnjXXCI"

static void test_openssh_keys_tell_their_public_half(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str public;

	(void)state;
	err *e = sshkey_public(&a, S(OPENSSH_KEY), STR_NONE, &public);

	assert_string_equal(err_msg(e), "ssh: this private key is passphrase protected");
	err_free(e);
	assert_null(sshkey_public(&a, S(OPENSSH_KEY), S("secret"), &public));
	assert_true(str_eq(public, S(OPENSSH_PUBLIC "\n")));
}

static void test_what_is_no_key_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "", "ssh: no key found" },
		{ "nothing", "ssh: no key found" },
		{ "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
		  "ssh: unsupported key type" },
		{ "-----BEGIN OPENSSH PRIVATE KEY-----\n", "ssh: no key found" },
		{ "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA/////w==\n"
		  "-----END OPENSSH PRIVATE KEY-----\n",
		  "ssh: invalid openssh private key format" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		str public;
		err *e = sshkey_public(&a, str_c(rows[i][0]), STR_NONE, &public);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i][1]);
		err_free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_public_half_of_a_new_key_is_that_of_its_pem),
		cmocka_unit_test(test_openssh_keys_tell_their_public_half),
		cmocka_unit_test(test_what_is_no_key_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
