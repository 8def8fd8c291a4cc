#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "text/replace.h"

static void test_everywhere_and_once(void **state)
{
	static const struct {
		const char *text, *from, *to, *want;
	} cases[] = {
		{ "a.b.c", ".", "", "abc" },
		{ "a.b.c", ".", "..", "a..b..c" },
		{ "aaa", "aa", "b", "ba" },
		{ "abab", "ab", "ab", "abab" },
		{ "none", "x", "y", "none" },
		{ "", "x", "y", "" },
	};
	struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(replace_all(&a, str_c(cases[i].text), str_c(cases[i].from),
						str_c(cases[i].to))
					    .p,
				    cases[i].want);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everywhere_and_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
