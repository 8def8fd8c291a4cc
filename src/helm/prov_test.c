/* Provenance files, whole and not. Signatures are tried in e2e/helm_repos.py. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "helm/prov.h"

#define SUM "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SIGNATURE "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"
#define FRAME(text) \
	"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" text "\n" SIGNATURE

static void need_error(err *e, const char *text)
{
	if (!e)
		fail_msg("no error: %s", text);
	assert_string_equal(err_msg(e), text);
	err_free(e);
}

static void test_the_frame_goes(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str text, signature;

	(void)state;
	assert_null(prov_split(&a, str_c(FRAME("name: a  \r\n- --- dash\n\n...\nfiles: {}")), &text,
			       &signature));
	assert_string_equal(text.p, "name: a\n--- dash\n\n...\nfiles: {}");
	assert_string_equal(signature.p, SIGNATURE);
}

static void test_no_frame(void **state)
{
	static const char *const texts[] = {
		"",
		"name: a\n",
		"-----BEGIN PGP SIGNED MESSAGE-----\n",
		"-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\nname: a\n\n" SIGNATURE,
		"-----BEGIN PGP SIGNED MESSAGE-----\n\nname: a\n",
		"-----BEGIN PGP SIGNED MESSAGE-----\n\nname: a\n-----BEGIN PGP SIGNATURE-----\nx\n",
		SIGNATURE,
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		str text, signature;

		need_error(prov_split(&a, str_c(texts[i]), &text, &signature),
			   "signature block not found");
	}
}

static void test_sums(void **state)
{
	static const char *const cases[][2] = {
		{ "name: a\n\n...\nfiles:\n  a-1.tgz: " SUM "\n", NULL },
		{ "name: a\n\n...\nfiles:\n  b-1.tgz: " SUM "\n",
		  "provenance does not contain a SHA for a file named \"a-1.tgz\"" },
		{ "name: a\n\n...\nfiles:\n  a-1.tgz: sha256:00\n",
		  "sha256 sum does not match for a-1.tgz: \"sha256:00\" != \"" SUM "\"" },
		{ "files:\n  a-1.tgz: " SUM "\n", "message block must have at least two parts" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		str sum;
		err *e = prov_check(&a, str_c(cases[i][0]), S("abc"), S("a-1.tgz"), &sum);

		if (cases[i][1])
			need_error(e, cases[i][1]);
		else
			assert_null(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_frame_goes),
		cmocka_unit_test(test_no_frame),
		cmocka_unit_test(test_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
