#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "client/exec.h"

#define V1 "client.authentication.k8s.io/v1"
#define ANSWER(status) "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":" status "}"

static void test_the_answer_is_read(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct exec_credential c;

	(void)state;
	assert_null(exec_credential_read(
		&a,
		S(ANSWER("{\"token\":\"t\",\"expirationTimestamp\":\"2026-01-02T03:04:05Z\"}")),
		S(V1), &c));
	assert_true(str_eq(c.token, S("t")) && !c.cert.n && !c.key.n);
	assert_true(c.until == 1767323045 * CLOCK_SECOND);
	assert_null(exec_credential_read(
		&a, S(ANSWER("{\"clientCertificateData\":\"C\",\"clientKeyData\":\"K\"}")), S(V1), &c));
	assert_true(!c.token.n && str_eq(c.cert, S("C")) && str_eq(c.key, S("K")));
	assert_true(c.until == INT64_MAX);
}

/* The words of client-go. */
static const struct {
	const char *text, *why;
} wrong[] = {
	{ "", "decoding stdout: unexpected end of JSON input" },
	{ "Password: ", "decoding stdout: invalid character 'P' looking for beginning of value" },
	{ "{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"status\":{\"token\":\"t\"}}",
	  "exec plugin is configured to use API version " V1 ", plugin returned version "
	  "client.authentication.k8s.io/v1beta1" },
	{ ANSWER("null"), "exec plugin didn't return a status field" },
	{ ANSWER("[]"), "exec plugin didn't return a status field" },
	{ ANSWER("{}"), "exec plugin didn't return a token or cert/key pair" },
	{ ANSWER("{\"token\":7}"), "exec plugin didn't return a token or cert/key pair" },
	{ ANSWER("{\"token\":\"t\",\"clientKeyData\":\"K\"}"),
	  "exec plugin returned only certificate or key, not both" },
	{ ANSWER("{\"token\":\"t\",\"expirationTimestamp\":\"soon\"}"),
	  "decoding stdout: parsing time \"soon\" as \"2006-01-02T15:04:05Z07:00\": cannot parse "
	  "\"soon\" as \"2006\"" },
};

static void test_wrong_answers_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct exec_credential c = { .until = 7 };
		err *e = exec_credential_read(&a, str_c(wrong[i].text), S(V1), &c);

		assert_non_null(e);
		assert_string_equal(err_msg(e), wrong[i].why);
		assert_int_equal(c.until, 7);
		err_free(e);
	}
}

/* A kubeconfig whose plugin is a line for the shell. */
static struct kubeconfig shell(const str args[2], const str env[1])
{
	return (struct kubeconfig){ .server = S("https://here:6443"),
				    .ca = S("PEM"),
				    .exec = { .command = S("sh"),
					      .args = args,
					      .args_n = 2,
					      .env = env,
					      .env_n = 1,
					      .api_version = S(V1),
					      .install_hint = S("get one"),
					      .cluster_info = true } };
}

static void test_the_program_learns_what_it_is_for(void **state)
{
	static const char info[] =
		"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"spec\":{\"cluster\":{"
		"\"server\":\"https://here:6443\",\"certificate-authority-data\":\"UEVN\"},"
		"\"interactive\":false}}";
	static const str args[] = {
		S("-c"), S("printf '" ANSWER("{\"token\":\"%s\"}") "' \"$WHO $HOW "
			   "$(printf %s \"$KUBERNETES_EXEC_INFO\" | tr '\"' \"'\")\"")
	};
	const str env[] = { S("WHO=me") };
	char *const own[] = { (char *)"PATH=/usr/bin:/bin", (char *)"WHO=you", (char *)"HOW=so", NULL };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct kubeconfig k = shell(args, env);
	struct exec_credential c;
	char want[512] = "me so ";

	(void)state;
	for (size_t i = 0; info[i]; i++)
		want[6 + i] = info[i] == '"' ? '\'' : info[i];
	assert_null(exec_credential_get(&a, &k, own, &c));
	assert_true(str_eq(c.token, str_c(want)));
}

static void fails(struct kubeconfig *k, const char *why)
{
	char *const own[] = { (char *)"PATH=/usr/bin:/bin", NULL };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct exec_credential c;
	err *e = exec_credential_get(&a, k, own, &c);

	assert_non_null(e);
	assert_string_equal(err_msg(e), why);
	err_free(e);
}

static void test_a_failure_says_what_the_program_said(void **state)
{
	static const str args[] = { S("-c"), S("echo '  log in first' >&2; exit 3") };
	static const str quiet[] = { S("-c"), S("exit 1") };
	const str env[] = { S("WHO=me") };
	struct kubeconfig k = shell(args, env);

	(void)state;
	fails(&k, "getting credentials: exec: executable sh failed with exit code 3: log in first");
	k = shell(quiet, env);
	fails(&k, "getting credentials: exec: executable sh failed with exit code 1");
	k.exec.command = S("no-such-login");
	fails(&k, "getting credentials: exec: executable no-such-login not found\n\nget one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_answer_is_read),
		cmocka_unit_test(test_wrong_answers_are_refused),
		cmocka_unit_test(test_the_program_learns_what_it_is_for),
		cmocka_unit_test(test_a_failure_says_what_the_program_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
