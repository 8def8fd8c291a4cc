#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "text/ignore.h"

#define N(table) (sizeof(table) / sizeof *(table))

static void test_rules(void **state)
{
	static const struct {
		const char *rules, *domain;
		const char *out, *in;	/* paths with spaces between, folders with "/" */
	} rows[] = {
		{ "*.txt", "", "a.txt a/b.txt a.txt/b", "a.txts b" },
		{ "*.txt\n!keep.txt", "", "a.txt", "keep.txt x/keep.txt" },
		{ "!keep.txt\n*.txt", "", "keep.txt", "keep" },
		{ "dir/", "", "dir/ dir/x a/dir/x", "dir a/dir" },
		{ "/dir", "", "dir dir/x", "a/dir" },
		{ "a/*.c", "", "a/x.c a/x.c/y", "a/b/x.c b/a/x.c" },
		{ "**/b", "", "b a/b a/c/b b/x", "a/bb" },
		{ "a/**/b", "", "a/b a/x/b a/x/y/b", "b x/a/b" },
		{ "a/**", "", "a/b a/b/c a", "b" },
		{ "a**/b", "", "", "a/b aa/b" },
		{ "[a\n", "", "", "[a a" },
		{ "# x\n\n  \n", "", "", "# x" },
		{ "trail  ", "", "trail", "x" },
		{ "/*\n!/deploy", "", "a b/c", "deploy deploy/x" },
		{ "x", "sub/dir", "sub/dir/x sub/dir/y/x", "x sub/x sub/dir sub/dirx/x" },
		{ "/x", "sub", "sub/x", "sub/y/x x" },
		{ "\r\nx\r\n", "", "x", "x\r" },
		{ "**/x/", "", "a/x/ x/ x/y", "a/x x" },
		{ "\\a", "", "a", "\\a" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct ignore *ig = ignore_new(&a);

		ignore_add(ig, str_c(rows[i].rules), str_c(rows[i].domain));
		for (int out = 0; out < 2; out++) {
			str list = str_c(out ? rows[i].out : rows[i].in), path;

			while (str_cut(&list, &path, ' ')) {
				bool dir = str_ends(path, S("/"));

				if (ignore_match(ig, str_sub(path, 0, path.n - dir), dir) != out)
					fail_msg("%s on %.*s", rows[i].rules, STR_ARG(path));
			}
		}
	}
}

static void test_defaults_come_first(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct ignore *ig = ignore_new(&a);

	(void)state;
	ignore_add_vcs(ig, S(""));
	ignore_add_defaults(ig, S(""));
	ignore_add(ig, S("!logo.png"), S(""));
	assert_true(ignore_match(ig, S(".git"), true));
	assert_false(ignore_match(ig, S(".git"), false));
	assert_true(ignore_match(ig, S("a/.git/config"), false));
	assert_true(ignore_match(ig, S("a/.sops.yaml"), false));
	assert_true(ignore_match(ig, S("x.tar.gz"), false));
	assert_false(ignore_match(ig, S("docs/logo.png"), false));
	assert_false(ignore_match(ig, S("deploy.yaml"), false));
}

static void test_deep_paths(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	struct ignore *ig = ignore_new(&a);

	(void)state;
	ignore_add(ig, S("a/**/a/**/a/**/z"), S(""));
	for (int i = 0; i < 10000; i++)
		buf_add(&path, S("a/"));
	buf_add(&path, S("z"));
	assert_true(ignore_match(ig, buf_str(&path), false));
	buf_add(&path, S("z"));
	assert_false(ignore_match(ig, buf_str(&path), false));
}

static void test_reading_stops_at_an_endless_line(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf rules = BUF_INIT;
	struct ignore *ig = ignore_new(&a);

	(void)state;
	buf_add(&rules, S("first\n#"));
	buf_fill(&rules, 'x', (64 << 10) - 2);
	buf_add(&rules, S("\nsecond\n"));
	buf_fill(&rules, 'x', 64 << 10);
	buf_add(&rules, S("\nthird\n"));
	ignore_add(ig, buf_str(&rules), S(""));
	assert_true(ignore_match(ig, S("first"), false));
	assert_true(ignore_match(ig, S("second"), false));
	assert_false(ignore_match(ig, S("third"), false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_defaults_come_first),
		cmocka_unit_test(test_deep_paths),
		cmocka_unit_test(test_reading_stops_at_an_endless_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
