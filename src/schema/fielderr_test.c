#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/fielderr.h"

static const char *printed(struct buf *b, const struct fielderrs *e)
{
	buf_clear(b);
	fielderr_print(b, e);
	return buf_c(b);
}

static void test_texts_are_those_of_apimachinery(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct fielderrs e = { .arena = &a };
	const str policies[] = { S("RollingUpdate"), S("Recreate") };

	(void)state;
	fielderr_invalid(&e, S("spec.replicas"), node_from_int(-1),
			 "must be greater than or equal to %d", 0);
	assert_string_equal(printed(&b, &e), "spec.replicas: Invalid value: -1: "
					     "must be greater than or equal to 0");
	e.n = 0;
	fielderr_not_supported(&e, S("spec.type"), node_lit("Odd"), policies, 2);
	fielderr_required(&e, fielderr_path(&a, S("spec"), ".ports[%d].name", 1), "%s", "");
	assert_string_equal(printed(&b, &e),
			    "[spec.type: Unsupported value: \"Odd\": supported values: "
			    "\"RollingUpdate\", \"Recreate\", spec.ports[1].name: Required value]");
	e.n = 0;
	fielderr_too_long(&e, S("a"), 63);
	fielderr_too_many(&e, S("b"), 3, 2);
	fielderr_duplicate(&e, S("c"), node_lit("x"));
	fielderr_invalid(&e, S("d"), NODE_NOTHING, "%s", "");
	assert_string_equal(printed(&b, &e),
			    "[a: Too long: may not be more than 63 bytes, "
			    "b: Too many: 3: must have at most 2 items, "
			    "c: Duplicate value: \"x\", d: Invalid value: null]");
}

static void test_equal_messages_are_printed_once(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct fielderrs e = { .arena = &a };

	(void)state;
	fielderr_forbidden(&e, S("spec"), "is immutable");
	fielderr_forbidden(&e, S("spec"), "is immutable");
	assert_string_equal(printed(&b, &e), "spec: Forbidden: is immutable");
	assert_int_equal(e.n, 2);
	assert_true(str_eq(fielderr_path(&a, STR_NONE, ".x"), S("x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_are_those_of_apimachinery),
		cmocka_unit_test(test_equal_messages_are_printed_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
