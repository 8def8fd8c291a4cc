#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "text/glob.h"

#define N(table) (sizeof(table) / sizeof *(table))

static void test_go_patterns(void **state)
{
	static const struct {
		const char *pattern, *name;
		enum glob_result want;
	} rows[] = {
		{ "abc", "abc", GLOB_YES },
		{ "*", "abc", GLOB_YES },
		{ "*c", "abc", GLOB_YES },
		{ "a*", "a", GLOB_YES },
		{ "a*", "ab/c", GLOB_NO },
		{ "a*/b", "abc/b", GLOB_YES },
		{ "a*/b", "a/c/b", GLOB_NO },
		{ "a*b*c*d*e*/f", "axbxcxdxe/f", GLOB_YES },
		{ "a*b*c*d*e*/f", "axbxcxdxexxx/fff", GLOB_NO },
		{ "a*b?c*x", "abxbbxdbxebxczzx", GLOB_YES },
		{ "a*b?c*x", "abxbbxdbxebxczzy", GLOB_NO },
		{ "ab[c]", "abc", GLOB_YES },
		{ "ab[e-g]", "abc", GLOB_NO },
		{ "ab[^c]", "abc", GLOB_NO },
		{ "ab[^e-g]", "abc", GLOB_YES },
		{ "a\\*b", "a*b", GLOB_YES },
		{ "a\\*b", "ab", GLOB_NO },
		{ "a?b", "a\u263ab", GLOB_YES },
		{ "a[^a]b", "a\u263ab", GLOB_YES },
		{ "a???b", "a\u263ab", GLOB_NO },
		{ "[a-\u03b6]*", "\u03b1", GLOB_YES },
		{ "*[a-\u03b6]", "A", GLOB_NO },
		{ "a?b", "a/b", GLOB_NO },
		{ "a*b", "a/b", GLOB_NO },
		{ "[\\]a]", "]", GLOB_YES },
		{ "[\\-x]", "-", GLOB_YES },
		{ "[x\\-]", "z", GLOB_NO },
		{ "[-x]", "x", GLOB_BAD },
		{ "[]a]", "]", GLOB_BAD },
		{ "[x-]", "x", GLOB_BAD },
		{ "[a-b-c]", "a", GLOB_BAD },
		{ "[", "a", GLOB_BAD },
		{ "[^", "a", GLOB_BAD },
		{ "[^bc", "a", GLOB_BAD },
		{ "a[", "ab", GLOB_BAD },
		{ "\\", "a", GLOB_BAD },
		{ "*x", "xxx", GLOB_YES },
		{ "", "", GLOB_YES },
		{ "", "a", GLOB_NO },
		{ "[\xff]", "a", GLOB_BAD },
		{ "\xff*", "\xff\xfe", GLOB_YES },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		str pattern = str_c(rows[i].pattern), name = str_c(rows[i].name);

		if (glob_match(pattern, name) != rows[i].want ||
		    glob_match_file(pattern, name) != rows[i].want)
			fail_msg("%s on %s", rows[i].pattern, rows[i].name);
	}
}

static void test_only_path_match_looks_behind_a_failure(void **state)
{
	(void)state;
	assert_int_equal(glob_match(S("b*["), S("a")), GLOB_BAD);
	assert_int_equal(glob_match_file(S("b*["), S("a")), GLOB_NO);
	assert_int_equal(glob_match(S("b*[a"), S("b")), GLOB_BAD);
	/* within one chunk both do */
	assert_int_equal(glob_match_file(S("b["), S("a")), GLOB_BAD);
}

static void test_files_patterns(void **state)
{
	static const struct {
		const char *pattern, *yes, *no;	/* names with spaces between */
	} rows[] = {
		{ "*", "a a.yaml .x", "a/b" },
		{ "**", "a a/b a/b/c", "" },
		{ "config/*", "config/a", "config/a/b config xconfig/a" },
		{ "config/**", "config/a config/a/b", "config" },
		{ "**.yaml", "a.yaml a/b.yaml", "a.yml" },
		{ "**/a", "b/a c/b/a", "a" },
		{ "*.{yaml,yml}", "a.yaml a.yml", "a.json a/b.yaml" },
		{ "{a,b}/*.txt", "a/x.txt b/x.txt", "c/x.txt" },
		{ "{a,{b,c}d}", "a bd cd", "b" },
		{ "a{,b}", "a ab", "b" },
		{ "a?c", "abc a.c aéc", "a/c ac" },
		{ "[ab]c", "ac bc", "cc" },
		{ "[!ab]c", "cc /c", "ac" },
		{ "[a-c]", "b", "d" },
		{ "[_a-c]", "_ a - c", "b" },	/* one range, or single characters */
		{ "\\*.txt", "*.txt", "a.txt" },
		{ "a,b}", "a,b}", "a" },
		{ "{a,b", "a b", "ab" },
		{ "a.b", "a.b", "axb" },
		{ "a\\", "a", "a\\" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		const struct glob *g;

		assert_null(glob_compile(&a, str_c(rows[i].pattern), &g));
		for (int yes = 0; yes < 2; yes++) {
			str list = str_c(yes ? rows[i].yes : rows[i].no), name;

			while (str_cut(&list, &name, ' '))
				if (glob_test(g, name) != yes)
					fail_msg("%s on %.*s", rows[i].pattern, STR_ARG(name));
		}
	}
}

static void test_bad_files_patterns(void **state)
{
	static const char *const rows[] = {
		"[", "[]", "[!]", "[a", "[a-", "[a-z", "[a-zA-Z]", "[z-a]", "\xff", "a[b-cd]",
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		const struct glob *g;
		CLEANUP(err_drop) err *e = glob_compile(&a, str_c(rows[i]), &g);

		if (!e)
			fail_msg("%s was accepted", rows[i]);
	}
}

static void test_hostile_patterns_take_linear_time(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf pattern = BUF_INIT, name = BUF_INIT;
	const struct glob *g;

	(void)state;
	buf_fill(&name, 'a', 2000);
	for (int i = 0; i < 100; i++)
		buf_add(&pattern, S("*a"));
	buf_add(&pattern, S("b"));
	assert_int_equal(glob_match(buf_str(&pattern), buf_str(&name)), GLOB_NO);
	assert_null(glob_compile(&a, buf_str(&pattern), &g));
	assert_false(glob_test(g, buf_str(&name)));
	buf_clear(&pattern);
	buf_fill(&pattern, '{', 100000);
	assert_null(glob_compile(&a, buf_str(&pattern), &g));
	assert_true(glob_test(g, S("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_go_patterns),
		cmocka_unit_test(test_only_path_match_looks_behind_a_failure),
		cmocka_unit_test(test_files_patterns),
		cmocka_unit_test(test_bad_files_patterns),
		cmocka_unit_test(test_hostile_patterns_take_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
