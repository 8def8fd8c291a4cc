#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/die.h"
#include "text/path.h"

#define N(table) (sizeof(table) / sizeof *(table))

static void expect(str got, const char *want)
{
	str w = str_c(want);

	if (!str_eq(got, w))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

static void test_clean_base_dir_and_ext(void **state)
{
	static const struct {
		const char *path, *clean, *base, *dir, *ext;
	} rows[] = {
		{ "", ".", ".", ".", "" },
		{ "/", "/", "/", "/", "" },
		{ "///", "/", "/", "/", "" },
		{ ".", ".", ".", ".", "." },
		{ "..", "..", "..", ".", "." },
		{ "./", ".", ".", ".", "" },
		{ "a", "a", "a", ".", "" },
		{ "a/", "a", "a", "a", "" },
		{ "/a", "/a", "a", "/", "" },
		{ "a//b", "a/b", "b", "a", "" },
		{ "a/./b/..", "a", "..", "a/b", "." },
		{ "a/../..", "..", "..", ".", "." },
		{ "/../a", "/a", "a", "/", "" },
		{ "../../a.b", "../../a.b", "a.b", "../..", ".b" },
		{ "../a/../../b", "../../b", "b", "../..", "" },
		{ "/a/../../b", "/b", "b", "/", "" },
		{ "a.d/b", "a.d/b", "b", "a.d", "" },
		{ "x.tar.gz", "x.tar.gz", "x.tar.gz", ".", ".gz" },
		{ "a/.", "a", ".", "a", "." },
		{ "abc//./../def", "def", "def", ".", "" },
		{ "a/b.c/", "a/b.c", "b.c", "a/b.c", "" },
		{ "...", "...", "...", ".", "." },
		{ "/..", "/", "..", "/", "." },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		str path = str_c(rows[i].path);

		expect(path_clean(&a, path), rows[i].clean);
		expect(path_base(path), rows[i].base);
		expect(path_dir(&a, path), rows[i].dir);
		expect(path_ext(path), rows[i].ext);
	}
}

static void test_join_leaves_empty_parts_out(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	expect(path_join(&a, S("a"), S("b/../c")), "a/c");
	expect(path_join(&a, S(""), S("")), "");
	expect(path_join(&a, S(""), S("a"), S("")), "a");
	expect(path_join(&a, S("a"), S("../../b")), "../b");
	expect(path_join(&a, S("/"), S("a")), "/a");
	expect(path_join(&a, S("a"), S("/b")), "a/b");
	expect(path_join_parts(&a, NULL, 0), "");
}

static void test_rel(void **state)
{
	static const struct {
		const char *base, *target, *want;
	} rows[] = {
		{ "a/b", "a/b", "." },
		{ "a/b/.", "a/b", "." },
		{ "a/b", "./a/b/c", "c" },
		{ "ab/cd", "ab/c", "../c" },
		{ "a/b/c", "a/d", "../../d" },
		{ "/a/b", "/c", "../../c" },
		{ "/", "/a/b", "a/b" },
		{ "/a/b", "/", "../.." },
		{ ".", "a", "a" },
		{ "a", ".", ".." },
		{ "a", "../b", "../../b" },
		{ "../a", "../b", "../b" },
		{ "..", ".", NULL },
		{ "..", "a", NULL },
		{ "../..", "..", NULL },
		{ "a", "/a", NULL },
		{ "/a", "a", NULL },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		str out = S("unset");
		CLEANUP(err_drop) err *e = path_rel(&a, str_c(rows[i].base),
						    str_c(rows[i].target), &out);

		if (rows[i].want) {
			assert_null(e);
			expect(out, rows[i].want);
		} else {
			str want = arena_printf(&a, "Rel: can't make %s relative to %s",
						rows[i].target, rows[i].base);

			assert_non_null(e);
			assert_string_equal(err_msg(e), want.p);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean_base_dir_and_ext),
		cmocka_unit_test(test_join_leaves_empty_parts_out),
		cmocka_unit_test(test_rel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
