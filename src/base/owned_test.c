#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/owned.h"

static void test_a_copy_is_its_own(void **state)
{
	char from[] = "text and more";
	char *p = owned_text(str_of(from, 4));

	(void)state;
	from[0] = 'T';
	assert_string_equal(p, "text");
	free(p);
}

static void test_an_empty_text_has_memory_too(void **state)
{
	str s = owned_str(STR_NONE);

	(void)state;
	assert_int_equal(s.n, 0);
	assert_non_null(s.p);
	assert_int_equal(s.p[0], 0);
	owned_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_copy_is_its_own),
		cmocka_unit_test(test_an_empty_text_has_memory_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
