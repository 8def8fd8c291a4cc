/* Trees in the words of Go's fmt. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "value/goprint.h"
#include "value/yaml.h"

static void prints(const struct yaml_options *rules, const char *yaml, const char *v, const char *syntax)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node n;

	assert_null(yaml_read(&a, str_c(yaml), rules, &n));
	if (v) {
		goprint_add(&b, n);
		assert_string_equal(buf_c(&b), v);
		buf_clear(&b);
	}
	goprint_add_syntax(&b, n);
	assert_string_equal(buf_c(&b), syntax);
}

static void test_trees(void **state)
{
	(void)state;
	prints(YAML_SIGS, "{b: [x, 1, null], a: {}}", "map[a:map[] b:[x 1 <nil>]]",
	       "map[string]interface {}{\"a\":map[string]interface {}{}, "
	       "\"b\":[]interface {}{\"x\", 1, interface {}(nil)}}");
	prints(YAML_SIGS, "[1.5, true, \"a\\tb\"]", "[1.5 true a\tb]",
	       "[]interface {}{1.5, true, \"a\\tb\"}");
	prints(YAML_SIGS, "null", "<nil>", "<nil>");
}

/* A day is a time.Time, and a map with such a key one of any keys. */
static void test_times_and_keys(void **state)
{
	(void)state;
	prints(YAML_KEEP, "[2001-02-03]", NULL,
	       "[]interface {}{time.Date(2001, time.February, 3, 0, 0, 0, 0, time.UTC)}");
	prints(YAML_KEEP, "{x: 1, 2001-02-03: 2, 7: 3}", NULL,
	       "map[interface {}]interface {}{\"x\":1, 7:3, "
	       "time.Date(2001, time.February, 3, 0, 0, 0, 0, time.UTC):2}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_times_and_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
