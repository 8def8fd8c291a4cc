#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
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
	assert_int_equal(p.login.n, 0);
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
	assert_text(p.process, "/bin/keys");
	assert_int_equal(p.id.n, 0);
	p = read_both(&a, "nobody");
	assert_false(p.found);
	awsprofile_read(&a, &p, S("[\n[]\n[profile\n]\n=\n[nobody"), S("nobody"), true);
	assert_false(p.found);
}

/* ---- the profile of an environment --------------------------------------------------- */

struct place {
	const char *config, *credentials, *profile;
};

static str variable(const void *ctx, const char *name)
{
	const struct place *p = ctx;

	if (!strcmp(name, "AWS_CONFIG_FILE"))
		return str_c(p->config);
	if (!strcmp(name, "AWS_SHARED_CREDENTIALS_FILE"))
		return str_c(p->credentials);
	return !strcmp(name, "AWS_PROFILE") ? str_c(p->profile) : STR_NONE;
}

static const char chains[] =
	"[profile a]\nrole_arn=A\nsource_profile=b\nexternal_id=x\n"
	"[profile b]\nrole_arn=B\nsource_profile=keys\nduration_seconds=7200\nmfa_serial=m\n"
	"[profile self]\nrole_arn=S\nsource_profile=self\n"
	"[profile loop1]\nrole_arn=L\nsource_profile=loop2\n"
	"[profile loop2]\nrole_arn=L\nsource_profile=loop1\n"
	"[profile lost]\nrole_arn=L\nsource_profile=nobody\n"
	"[profile poor]\nrole_arn=L\nsource_profile=region\n"
	"[profile region]\nregion=r\n"
	"[profile roleless]\nsource_profile=keys\n"
	"[profile two]\nrole_arn=L\nsource_profile=keys\ncredential_source=Environment\n"
	"[profile sso]\nsso_session=x\n";

static struct awsprofile must_load(struct arena *a, struct place *p, const char *name)
{
	struct awsprofile out;

	p->profile = name;
	err *e = awsprofile_load(a, variable, p, &out);

	if (e)
		fail_msg("%s: %s", name, err_msg(e));
	return out;
}

static void must_fail(struct arena *a, struct place *p, const char *name, const char *want)
{
	struct awsprofile out;

	p->profile = name;
	CLEANUP(err_drop) err *e = awsprofile_load(a, variable, p, &out);

	assert_non_null(e);
	assert_string_equal(err_msg(e), want);
}

static const char *file_of(struct arena *a, const char *text)
{
	char *path = (char *)arena_str(a, S("/tmp/awsprofile-test-XXXXXX")).p;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

static void test_profiles_that_name_others(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct place p = { .config = file_of(&a, chains),
			   .credentials = file_of(&a, "[keys]\naws_access_key_id=K\naws_secret_access_key=S\n"
						      "[self]\naws_access_key_id=OWN\n"
						      "aws_secret_access_key=S\n") };
	struct awsprofile got = must_load(&a, &p, "a");

	(void)state;
	assert_text(got.role_arn, "A");
	assert_text(got.external_id, "x");
	assert_text(got.source->role_arn, "B");
	assert_text(got.source->role_seconds, "7200");
	assert_text(got.source->mfa_serial, "m");
	assert_text(got.source->source->id, "K");
	assert_null(got.source->source->source);
	got = must_load(&a, &p, "self");
	assert_text(got.role_arn, "S");
	assert_int_equal(got.id.n, 0);
	assert_text(got.source->id, "OWN");
	assert_int_equal(got.source->role_arn.n, 0);
	assert_text(must_load(&a, &p, "sso").login, "sso_session");
	assert_false(must_load(&a, &p, "").found);
	must_fail(&a, &p, "nobody", "failed to get shared config profile, nobody");
	must_fail(&a, &p, "lost",
		  "failed to load assume role L, of profile nobody, failed to get shared config profile, "
		  "nobody");
	must_fail(&a, &p, "poor", "failed to load assume role L, of profile region, <nil>");
	must_fail(&a, &p, "loop1", "failed to load assume role L, of profile loop1, <nil>");
	must_fail(&a, &p, "roleless", "credential type source_profile requires role_arn, profile roleless");
	must_fail(&a, &p, "two",
		  "only one credential type may be specified per profile: source profile, credential "
		  "source, credential process, web identity token");
	unlink(p.config);
	unlink(p.credentials);
}

static void test_no_chain_is_endless(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	for (int i = 0; i <= AWSPROFILE_CHAIN_MAX; i++)
		buf_addf(&b, "[profile p%d]\nrole_arn=R\nsource_profile=p%d\n", i, i + 1);
	struct place p = { .config = file_of(&a, buf_c(&b)), .credentials = "/nowhere" };

	must_fail(&a, &p, "p0", "more than 16 profiles of the shared config take their keys from each other");
	unlink(p.config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_default),
		cmocka_unit_test(test_a_profile_by_name),
		cmocka_unit_test(test_what_is_not_ours),
		cmocka_unit_test(test_profiles_that_name_others),
		cmocka_unit_test(test_no_chain_is_endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
