#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/die.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_go_patterns),
		cmocka_unit_test(test_only_path_match_looks_behind_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
