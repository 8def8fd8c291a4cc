#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/die.h"
#include "text/helmignore.h"

#define N(table) (sizeof(table) / sizeof *(table))

static void test_rules(void **state)
{
	static const struct {
		const char *rules;
		const char *out, *in;	/* paths with spaces between, folders with "/" */
	} rows[] = {
		{ "", "templates/.x templates/.ab", "templates/. templates/x .x a/templates/.x" },
		{ "helm.txt", "helm.txt a/helm.txt", "tiller.txt" },
		{ "*.txt", "a.txt x/y.txt", "a.tx" },
		{ "cargo/", "cargo/ a/cargo/", "cargo a/b/" },
		{ "/a.txt", "a.txt", "x/a.txt" },
		{ "cargo/*.txt", "cargo/a.txt", "cargo/x/a.txt mast/cargo/a.txt" },
		{ "ca?go", "cargo x/cargo", "ca/go" },
		{ "!helm.txt", "a Chart.yaml", "helm.txt x/helm.txt" },
		{ "!cargo/", "cargo a b/", "cargo/" },
		{ "!a\n!b", "a b c", "" },
		{ "  a.txt  \n# b\n", "a.txt", "b" },
		{ "\xef\xbb\xbf" "a", "a", "b" },
		{ "\u00a0a\u2003", "a", "b" },
		{ "x\r\ny", "x y", "z" },
		{ "a[b", "", "ab a[b" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		const struct helmignore *h;
		CLEANUP(err_drop) err *e = helmignore_parse(&a, str_c(rows[i].rules), &h);

		if (!strcmp(rows[i].rules, "a[b")) {
			assert_string_equal(err_msg(e), "syntax error in pattern");
			continue;
		}
		assert_null(e);
		for (int out = 0; out < 2; out++) {
			str list = str_c(out ? rows[i].out : rows[i].in), path;

			while (str_cut(&list, &path, ' ')) {
				bool dir = str_ends(path, S("/"));

				if (helmignore_match(h, str_sub(path, 0, path.n - dir), dir) != out)
					fail_msg("%s on %.*s", rows[i].rules, STR_ARG(path));
			}
		}
	}
}

static void test_the_root_is_never_ignored(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct helmignore *h;

	(void)state;
	assert_null(helmignore_parse(&a, S("!x\n*"), &h));
	assert_false(helmignore_match(h, S(""), true));
	assert_false(helmignore_match(h, S("."), true));
	assert_false(helmignore_match(h, S("./"), true));
	assert_true(helmignore_match(h, S("y"), true));
}

static void test_refused(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct helmignore *h;

	(void)state;
	err *e = helmignore_parse(&a, S("a\nb/**\n"), &h);

	assert_string_equal(err_msg(e), "double-star (**) syntax is not supported");
	err_free(e);
	buf_fill(&b, 'x', 64 << 10);
	e = helmignore_parse(&a, buf_str(&b), &h);
	assert_string_equal(err_msg(e), "bufio.Scanner: token too long");
	err_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_the_root_is_never_ignored),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
