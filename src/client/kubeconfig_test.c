#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/die.h"
#include "base/fs.h"
#include "client/kubeconfig.h"

#define ONE                                                                              \
	"apiVersion: v1\nkind: Config\ncurrent-context: a\n"                             \
	"contexts:\n- name: a\n  context: {cluster: ca, user: ua, namespace: apps}\n"    \
	"clusters:\n- name: ca\n  cluster: {server: 'https://one:6443/', "               \
	"certificate-authority: ca.pem}\n"                                               \
	"users:\n- name: ua\n  user: {token: secret}\n"

#define TWO                                                                       \
	"current-context: b\n"                                                    \
	"contexts:\n- name: a\n  context: {cluster: cb}\n"                        \
	"- name: b\n  context: {cluster: cb, user: ub}\n"                         \
	"clusters:\n- name: cb\n  cluster: {server: 'https://two', tls-server-name: two}\n"             \
	"users:\n- name: ub\n  user: {client-certificate-data: Y2VydA==, "        \
	"client-key-data: a2V5, exec: {command: ./login, apiVersion: v1, "        \
	"interactiveMode: Never}}\n"

/* Of which nothing names a file. */
#define SECRET                                                                                 \
	"clusters:\n- {name: good, cluster: {server: 'https://x'}}\n"                           \
	"- {name: clear, cluster: {server: 'http://x', insecure-skip-tls-verify: true}}\n"       \
	"- {name: nothing, cluster: {}}\n- {name: name, cluster: {tls-server-name: other}}\n"       \
	"users:\n- {name: both, user: {token: a, username: b, as-uid: '1'}}\n"                  \
	"- {name: old, user: {exec: {command: x, apiVersion: "                                   \
	"client.authentication.k8s.io/v1beta1}}}\n"                                              \
	"- {name: known, user: {token: t, client-certificate-data: Yw==, "                       \
	"client-key-data: aw==, as: jane, as-user-extra: {scopes: [a, b]}}}\n"

struct place {
	struct fs *dir;
	char one[512], list[1024], home[512];
	char *env[3];
};

static int make_place(void **state)
{
	static struct place p;

	assert_null(fs_open_temp(&p.dir, STR_NONE, S("kubeconfig-")));
	assert_null(fs_write(p.dir, S("one"), S(ONE), 0600));
	assert_null(fs_write(p.dir, S("two"), S(TWO), 0600));
	assert_null(fs_write(p.dir, S("ca.pem"), S("PEM"), 0600));
	str root = fs_root(p.dir);

	snprintf(p.one, sizeof p.one, "%.*s/one", STR_ARG(root));
	snprintf(p.list, sizeof p.list, "KUBECONFIG=%.*s/missing:%.*s/one:%.*s/two", STR_ARG(root),
		 STR_ARG(root), STR_ARG(root));
	snprintf(p.home, sizeof p.home, "HOME=%.*s", STR_ARG(root));
	p.env[0] = p.list;
	p.env[1] = p.home;
	p.env[2] = NULL;
	*state = &p;
	return 0;
}

static int drop_place(void **state)
{
	struct place *p = *state;

	fs_close(p->dir);
	return 0;
}

static bool is(str s, const char *want)
{
	return str_eq(s, str_c(want));
}

static void test_the_first_file_that_says_something_wins(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct place *p = *state;
	struct kubeconfig k;

	assert_null(kubeconfig_load(&a, p->env, NULL, &k));
	assert_true(is(k.server, "https://one:6443") && is(k.ca, "PEM"));
	assert_true(is(k.token, "secret") && is(k.namespace, "apps") && is(k.context, "a"));
	assert_null(kubeconfig_load(&a, p->env, &(struct kubeconfig_wish){ .context = S("b") }, &k));
	assert_true(is(k.server, "https://two") && is(k.cert, "cert") && is(k.key, "key"));
	assert_true(str_ends(k.exec.command, S("/login")) && k.exec.command.p[0] == '/');
}

static void test_wishes_go_before_files(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct place *p = *state;
	struct kubeconfig k;
	const struct kubeconfig_wish w = { .server = S("https://other"),
					   .token = S("mine"),
					   .user = S("ub"),
					   .insecure = true,
					   .as = S("bob") };

	assert_null(kubeconfig_load(&a, p->env, &w, &k));
	assert_true(is(k.server, "https://other") && is(k.token, "mine") && is(k.as, "bob"));
	assert_true(k.insecure && !k.ca.n && !k.exec.command.n && is(k.cert, "cert"));
	assert_false(k.tls_server_name.n);
}

static void test_of_a_user_to_act_as_pairs_count(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct place *p = *state;
	struct kubeconfig k;
	const str said[] = { S("a"), S("b=c=d"), S("=") };
	struct kubeconfig_wish w = { .as = S("jane"), .as_extra = said, .as_extra_n = 3 };

	assert_null(kubeconfig_load(&a, p->env, &w, &k));
	assert_int_equal(k.as_extra_n, 2);
	assert_true(is(k.as_extra[0], "b=c=d") && is(k.as_extra[1], "="));
	w = (struct kubeconfig_wish){ .as_extra = said, .as_extra_n = 1 };
	assert_null(kubeconfig_load(&a, p->env, &w, &k));
	assert_int_equal(k.as_extra_n, 0);
}

static void test_what_is_not_there_is_named(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct place *p = *state;
	struct kubeconfig k;
	static const struct {
		struct kubeconfig_wish wish;
		const char *text;
	} rows[] = {
		{ { .context = S("nope") }, "context \"nope\" does not exist" },
		{ { .cluster = S("nope") }, "cluster \"nope\" does not exist" },
		{ { .user = S("nope") }, "auth info \"nope\" does not exist" },
		{ { .user = S("nope"), .cluster = S("nope") },
		  "auth info \"nope\" does not exist" },
		{ { .user = S("ub"), .as_uid = S("7") },
		  "invalid configuration: requesting uid, groups or user-extra for ub without "
		  "impersonating a user" },
		{ { .path = S("./nope.yaml") }, "stat ./nope.yaml: no such file or directory" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(err_drop) err *e = kubeconfig_load(&a, p->env, &rows[i].wish, &k);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i].text);
	}
}

static void test_without_any_file_it_is_localhost(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct place *p = *state;
	struct kubeconfig k;
	char *master[] = { (char *)"KUBERNETES_MASTER=http://there", NULL };

	assert_null(kubeconfig_load(&a, p->env + 1, NULL, &k));
	assert_true(is(k.server, "http://localhost:8080"));
	assert_null(kubeconfig_load(&a, master, NULL, &k));
	assert_true(is(k.server, "http://there"));
}

#define USERS                                                                                  \
	"users:\n- {name: both, user: {token: a, username: b, as-uid: '1'}}\n"                  \
	"- {name: run, user: {exec: {env: [{value: x}]}}}\n"                                     \
	"- {name: odd, user: {exec: {command: x, interactiveMode: Odd, "                         \
	"apiVersion: client.authentication.k8s.io/v1}}}\n"                                       \
	"- {name: old, user: {exec: {command: x, apiVersion: "                                   \
	"client.authentication.k8s.io/v1beta1}}}\n"                                              \
	"- {name: twice, user: {client-certificate: /n/c, client-certificate-data: Yw==, "       \
	"client-key: /n/k, client-key-data: aw==}}\n"
#define CLUSTERS                                                                               \
	"clusters:\n- {name: good, cluster: {server: 'https://x'}}\n"                           \
	"- {name: nothing, cluster: {}}\n- {name: name, cluster: {tls-server-name: other}}\n"       \
	"- {name: proxies, cluster: {server: 'https://x', proxy-url: 'ftp://x', "                \
	"certificate-authority: /n/ca, certificate-authority-data: Y2E=}}\n"                     \
	"- {name: proxy, cluster: {server: 'https://x', proxy-url: 'http://[x'}}\n"
#define CONTEXT(cluster, user) \
	"current-context: c\ncontexts: [{name: c, context: {cluster: " cluster ", user: " user "}}]\n"

static const char no_config[] = "invalid configuration: no configuration has been provided, try "
				"setting KUBERNETES_MASTER environment variable";

/* As client-go tells it, all at once. */
static void test_what_is_wrong_is_told(void **state)
{
	static const struct {
		const char *context;
		bool in_secret;		/* the text is read as one that names no files */
		const char *text;
	} rows[] = {
		{ CONTEXT("good", "both"), true,
		  "invalid configuration: [more than one authentication method found for both; "
		  "found [token basicAuth], only one is allowed, requesting uid, groups or "
		  "user-extra for both without impersonating a user]" },
		{ CONTEXT("good", "run"), false,
		  "invalid configuration: [command must be specified for run to use exec "
		  "authentication plugin, apiVersion must be specified for run to use exec "
		  "authentication plugin, env variable name must be specified for run to use exec "
		  "authentication plugin, interactiveMode must be specified for run to use exec "
		  "authentication plugin]" },
		{ CONTEXT("good", "odd"), false,
		  "invalid configuration: invalid interactiveMode for odd: \"Odd\"" },
		{ CONTEXT("proxies", "twice"), false,
		  "invalid configuration: [client-cert-data and client-cert are both specified for "
		  "twice. client-cert-data will override., client-key-data and client-key are both "
		  "specified for twice; client-key-data will override, unable to read client-cert "
		  "/n/c for twice due to open /n/c: no such file or directory, unable to read "
		  "client-key /n/k for twice due to open /n/k: no such file or directory, invalid "
		  "'proxy-url' \"ftp://x\" for cluster \"proxies\": unsupported scheme \"ftp\", must "
		  "be http, https, or socks5, certificate-authority-data and certificate-authority "
		  "are both specified for proxies. certificate-authority-data will override., "
		  "unable to read certificate-authority /n/ca for proxies due to open /n/ca: no such "
		  "file or directory]" },
		{ CONTEXT("proxy", "nobody"), false,
		  "invalid configuration: invalid 'proxy-url' \"http://[x\" for cluster \"proxy\": "
		  "could not parse: http://[x" },
		{ "current-context: none\n", false,
		  "invalid configuration: context was not found for specified context: none" },
		{ "current-context: none\n", true,
		  "invalid configuration: [context was not found for specified context: none, "
		  "cluster has no server defined]" },
		{ "", true, no_config },
		{ CONTEXT("nothing", "old"), true, no_config },
		{ CONTEXT("nobody", "nobody"), true, no_config },
		{ CONTEXT("name", "old"), true,
		  "invalid configuration: no server found for cluster \"name\"" },
	};
	struct place *p = *state;
	struct kubeconfig k;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		str text = arena_cat(&a, str_c(rows[i].context), S(CLUSTERS USERS));
		struct kubeconfig_wish w = { .path = arena_cat(&a, fs_root(p->dir), S("/bad")) };

		if (rows[i].in_secret)
			text = arena_printf(&a, "%s%s", rows[i].context, SECRET);
		assert_null(fs_write(p->dir, S("bad"), text, 0600));
		CLEANUP(err_drop)
		err *e = rows[i].in_secret ? kubeconfig_read(&a, text, false, false, &k)
					   : kubeconfig_load(&a, p->env, &w, &k);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i].text);
	}
}

/* A user that nobody told of is nobody, and nobody says who he is in the clear. */
static void test_a_login_may_be_none(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct kubeconfig k;

	(void)state;
	assert_null(kubeconfig_read(&a, S(CONTEXT("good", "nobody") SECRET), false, false, &k));
	assert_true(is(k.server, "https://x") && !k.token.n);
	assert_null(kubeconfig_read(&a, S(CONTEXT("clear", "known") SECRET), true, true, &k));
	assert_true(is(k.server, "http://x") && is(k.as, "jane"));
	assert_true(!k.token.n && !k.cert.n && !k.key.n && !k.insecure);
	assert_null(kubeconfig_read(&a, S(CONTEXT("good", "known") SECRET), true, true, &k));
	assert_true(is(k.token, "t") && is(k.cert, "c") && is(k.key, "k"));
	assert_int_equal(k.as_extra_n, 2);
	assert_true(is(k.as_extra[0], "scopes=a") && is(k.as_extra[1], "scopes=b"));
}

static void test_a_secret_s_kubeconfig_runs_nothing(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct kubeconfig k;

	(void)state;
	assert_null(kubeconfig_read(&a, S(TWO), false, false, &k));
	assert_false(k.exec.command.n);
	CLEANUP(err_drop) err *e = kubeconfig_read(&a, S("[1, 2]"), false, false, &k);

	assert_non_null(e);
	assert_string_equal(err_text(e).p,
			    "couldn't get version/kind; json parse error: json: cannot unmarshal "
			    "array into Go value of type struct { APIVersion string "
			    "\"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
			    "\"json:\\\"kind,omitempty\\\"\" }");
}

static void test_a_secret_s_kubeconfig_names_no_files(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ ONE, "cluster 'ca' references a certificate-authority file, only "
		       "certificate-authority-data is supported" },
		/* not of the context */
		{ TWO "- name: other\n  user: {tokenFile: /etc/passwd}\n",
		  "user 'other' references a tokenFile, only an inline token is supported" },
		{ TWO "- name: other\n  user: {client-key: k, client-certificate: c}\n",
		  "user 'other' references a client-certificate file, only client-certificate-data "
		  "is supported" },
		{ TWO "- name: other\n  user: {client-key: k}\n",
		  "user 'other' references a client-key file, only client-key-data is supported" },
	};
	struct kubeconfig k;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(err_drop)
		err *e = kubeconfig_read(&a, str_c(rows[i].text), true, true, &k);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i].message);
	}
}

static void test_what_is_written_reads_back(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct kubeconfig k = { .server = S("https://x"),
				      .ca = S("PEM"),
				      .token = S("t"),
				      .namespace = S("n") };
	struct kubeconfig back;

	(void)state;
	assert_null(kubeconfig_read(&a, kubeconfig_text(&a, &k, S("rill")), false, false, &back));
	assert_true(is(back.server, "https://x") && is(back.ca, "PEM") && is(back.token, "t"));
	assert_true(is(back.namespace, "n") && is(back.context, "rill"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_file_that_says_something_wins),
		cmocka_unit_test(test_wishes_go_before_files),
		cmocka_unit_test(test_of_a_user_to_act_as_pairs_count),
		cmocka_unit_test(test_what_is_not_there_is_named),
		cmocka_unit_test(test_without_any_file_it_is_localhost),
		cmocka_unit_test(test_what_is_wrong_is_told),
		cmocka_unit_test(test_a_login_may_be_none),
		cmocka_unit_test(test_a_secret_s_kubeconfig_runs_nothing),
		cmocka_unit_test(test_a_secret_s_kubeconfig_names_no_files),
		cmocka_unit_test(test_what_is_written_reads_back),
	};
	return cmocka_run_group_tests(tests, make_place, drop_place);
}
