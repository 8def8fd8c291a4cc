#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/die.h"
#include "text/awsprofile.h"

static const char config[] = "# ours\n"
			     "[default]\n"
			     "region = eu-west-1\n"
			     "aws_access_key_id=CONFIG\n"
			     "[profile  team ]\r\n"
			     "Region = us-east-2 ; near\r\n"
			     "role_arn = arn:aws:iam::1:role/x#1\n"
			     "web_identity_token_file = /var/token\n"
			     "s3 =\n"
			     "  region = nested\n"
			     "[team]\n"
			     "region = not-in-a-config\n"
			     "[profile asks]\n"
			     "credential_process = /bin/keys\n";

static const char credentials[] = "[default]\n"
				  "aws_access_key_id = ID\n"
				  "aws_secret_access_key = S=E#C\n"
				  "[team]\n"
				  "aws_access_key_id=TEAM\n"
				  "aws_secret_access_key=T\n"
				  "AWS_SESSION_TOKEN=once # a comment\n"
				  "no value\n"
				  "[profile asks]\n"
				  "aws_access_key_id=not-in-credentials";

static struct awsprofile read_both(struct arena *a, const char *name)
{
	struct awsprofile p = { 0 };

	awsprofile_read(a, &p, str_c(config), str_c(name), true);
	awsprofile_read(a, &p, str_c(credentials), str_c(name), false);
	return p;
}

#define assert_text(text, want) assert_true(str_eq((text), S(want)))

static void test_the_default(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct awsprofile p = read_both(&a, "");

	(void)state;
	assert_true(p.found);
	assert_text(p.region, "eu-west-1");
	assert_text(p.id, "ID");
	assert_text(p.secret, "S=E#C");
	assert_int_equal(p.session.n, 0);
	assert_int_equal(p.other.n, 0);
}

static void test_a_profile_by_name(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct awsprofile p = read_both(&a, "team");

	(void)state;
	assert_true(p.found);
	assert_text(p.region, "us-east-2");
	assert_text(p.role_arn, "arn:aws:iam::1:role/x#1");
	assert_text(p.token_file, "/var/token");
	assert_text(p.id, "TEAM");
	assert_text(p.session, "once");
}

static void test_what_is_not_ours(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct awsprofile p = read_both(&a, "asks");

	(void)state;
	assert_text(p.other, "credential_process");
	assert_int_equal(p.id.n, 0);
	p = read_both(&a, "nobody");
	assert_false(p.found);
	awsprofile_read(&a, &p, S("[\n[]\n[profile\n]\n=\n[nobody"), S("nobody"), true);
	assert_false(p.found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_default),
		cmocka_unit_test(test_a_profile_by_name),
		cmocka_unit_test(test_what_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
