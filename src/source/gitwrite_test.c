#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/die.h"
#include "source/gitproto.h"
#include "source/gitwrite.h"

static const struct gitid nothing;
static const struct gitwrite_about about = { S("Flux"), STR_NONE, 1700000000, S("one\n"), NULL, NULL };

static str hex(struct arena *a, const struct gitid *id)
{
	char text[GITID_HEX + 1];

	gitid_print(id, text);
	return arena_str(a, str_c(text));
}

/* The names are those that `git commit` of git 2.39 gives the same content. */
static void test_a_first_commit_has_the_name_that_git_gives_it(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(gitwrite_drop) struct gitwrite *w = NULL;
	CLEANUP(buf_release) struct buf pack = BUF_INIT;
	CLEANUP(gitpack_drop) struct gitpack *p = NULL;
	const struct gitwrite_file files[] = { { S("a/b.yaml"), S("b\n") },
					       { S("a.yaml"), S("a\n") },
					       { S("a/c"), STR_NONE } };
	struct gitobj_commit c;
	struct gitid id;
	str bytes;

	(void)state;
	assert_null(gitwrite_new(&w, GITID_SHA1, NULL));
	assert_null(gitwrite_commit(w, &nothing, files, 3, &about, &id));
	assert_string_equal(hex(&a, &id).p, "3d358dbdff0d7f130dc3d6daf8beb983f62ab46a");
	assert_null(gitwrite_pack(w, &pack));
	assert_null(gitpack_new(&p, GITID_SHA1, NULL));
	assert_null(gitpack_add(p, buf_str(&pack)));
	assert_null(gitpack_finish(p));
	assert_null(gitpack_read(p, &a, &id, GITPACK_COMMIT, &bytes));
	assert_null(gitobj_commit(&a, bytes, GITID_SHA1, &c));
	assert_int_equal(c.author.when, 1700000000);
	assert_string_equal(hex(&a, &c.tree).p, "17309a364eaac545487fc12e0029594b00f8a361");
}

static void test_commits_stand_on_each_other(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(gitwrite_drop) struct gitwrite *w = NULL;
	struct gitwrite_file file = { S("x/y/z"), S("1") };
	struct gitid first, second, third;
	str text, *paths;
	size_t n;

	(void)state;
	assert_null(gitwrite_new(&w, GITID_SHA256, NULL));
	assert_null(gitwrite_commit(w, &nothing, &file, 1, &about, &first));
	assert_int_equal(first.n, 32);
	/* the same again changes nothing */
	assert_null(gitwrite_commit(w, &first, &file, 1, &about, &second));
	assert_true(gitid_eq(&first, &second));
	file.path = S("x/y.z");
	assert_null(gitwrite_commit(w, &first, &file, 1, &about, &third));
	assert_false(gitid_eq(&first, &third));
	assert_null(gitwrite_list(w, &a, &third, S("x"), &paths, &n));
	assert_int_equal(n, 2);
	assert_true(str_eq(paths[0], S("y.z")) && str_eq(paths[1], S("y/z")));
	assert_null(gitwrite_read(w, &third, S("x/y/z"), &text));
	assert_true(str_eq(text, S("1")));
	err *e = gitwrite_read(w, &first, S("x/y.z"), &text);

	assert_int_equal(err_kind(e), ERR_NOT_FOUND);
	err_free(e);
	assert_null(gitwrite_list(w, &a, &third, S("x/none"), &paths, &n));
	assert_int_equal(n, 0);
}

static void test_names_that_reach_out_are_refused(void **state)
{
	static const char *const paths[] = { "../x", "a/../x", ".git/config", "a//b", "/etc/x", "" };
	CLEANUP(gitwrite_drop) struct gitwrite *w = NULL;

	(void)state;
	assert_null(gitwrite_new(&w, GITID_SHA1, NULL));
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		const struct gitwrite_file file = { str_c(paths[i]), S("x") };
		struct gitid id;
		err *e = gitwrite_commit(w, &nothing, &file, 1, &about, &id);

		assert_non_null(e);
		err_free(e);
	}
	struct gitwrite_about bad = about;
	const struct gitwrite_file file = { S("x"), S("x") };
	struct gitid id;

	bad.name = S("x>\nparent y");
	err *e = gitwrite_commit(w, &nothing, &file, 1, &bad, &id);

	assert_non_null(e);
	err_free(e);
}

static err *sign(void *ctx, struct arena *a, str bytes, str *out)
{
	(void)ctx;
	(void)a;
	assert_true(str_ends(bytes, S("\n\none\n")));
	*out = S("-----BEGIN-----\nabc\n-----END-----\n");
	return NULL;
}

static void test_a_signature_signs_all_but_itself(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(gitwrite_drop) struct gitwrite *w = NULL;
	CLEANUP(buf_release) struct buf pack = BUF_INIT;
	CLEANUP(gitpack_drop) struct gitpack *p = NULL;
	const struct gitwrite_file file = { S("x"), S("x") };
	struct gitwrite_about signing = about;
	struct gitobj_commit c;
	struct gitid id;
	str bytes;

	(void)state;
	signing.sign = sign;
	assert_null(gitwrite_new(&w, GITID_SHA1, NULL));
	assert_null(gitwrite_commit(w, &nothing, &file, 1, &signing, &id));
	assert_null(gitwrite_pack(w, &pack));
	assert_null(gitpack_new(&p, GITID_SHA1, NULL));
	assert_null(gitpack_add(p, buf_str(&pack)));
	assert_null(gitpack_finish(p));
	assert_null(gitpack_read(p, &a, &id, GITPACK_COMMIT, &bytes));
	assert_null(gitobj_commit(&a, bytes, GITID_SHA1, &c));
	assert_true(str_starts(c.signature, S("-----BEGIN-----\nabc\n-----END-----")));
	assert_false(str_has(c.payload, S("gpgsig")));
}

static err *report(const char *text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(gitpkt_release) struct gitpkt in;
	const struct gitproto_server server = { .report = true };
	str rest = str_c(text), line;

	while (str_cut(&rest, &line, '\n'))
		gitpkt_addf(&b, "%.*s\n", STR_ARG(line));
	gitpkt_flush(&b);
	rest = buf_str(&b);
	gitpkt_init(&in, gitpkt_text(&rest));
	return gitproto_read_report(&in, &server, S("refs/heads/main"));
}

static void test_what_a_server_reports(void **state)
{
	static const struct {
		const char *said, *want;
		int code;
	} rows[] = {
		{ "unpack ok\nok refs/heads/main\n", NULL, 0 },
		{ "unpack ok\nok refs/heads/other\nok refs/heads/main\n", NULL, 0 },
		{ "unpack ok\nng refs/heads/main fetch first\n",
		  "command error on refs/heads/main: fetch first", GITPROTO_REJECTED },
		{ "unpack index-pack abnormal exit\nng refs/heads/main unpacker error\n",
		  "unpack error: index-pack abnormal exit", 0 },
		{ "unpack ok\n", "malformed answer of the git server: nothing about the reference", 0 },
		{ "hello\n", "malformed answer of the git server: no report", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		err *e = report(rows[i].said);

		assert_true(!e == !rows[i].want);
		if (e) {
			assert_string_equal(err_msg(e), rows[i].want);
			assert_int_equal(err_code(e), rows[i].code);
		}
		err_free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_first_commit_has_the_name_that_git_gives_it),
		cmocka_unit_test(test_commits_stand_on_each_other),
		cmocka_unit_test(test_names_that_reach_out_are_refused),
		cmocka_unit_test(test_a_signature_signs_all_but_itself),
		cmocka_unit_test(test_what_a_server_reports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
