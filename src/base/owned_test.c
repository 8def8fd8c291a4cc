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

static void test_texts_stand_one_behind_another(void **state)
{
	char memory[5], *to = memory;

	(void)state;
	str a = owned_put(&to, S("ab")), none = owned_put(&to, STR_NONE), c = owned_put(&to, S("cde"));

	assert_true(str_eq(a, S("ab")) && !none.n && str_eq(c, S("cde")));
	assert_ptr_equal(a.p, memory);
	assert_ptr_equal(c.p, memory + 2);
	assert_ptr_equal(to, memory + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_copy_is_its_own),
		cmocka_unit_test(test_an_empty_text_has_memory_too),
		cmocka_unit_test(test_texts_stand_one_behind_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
