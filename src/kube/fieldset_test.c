#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kube/fieldset.h"
#include "value/json.h"

static struct arena a = ARENA_INIT;

static node json(const char *text)
{
	node n;

	assert_null(json_read(&a, str_c(text), NULL, &n));
	return n;
}

static struct fieldset *set(const char *text)
{
	struct fieldset *s;

	assert_null(fieldset_read(&a, json(text), &s));
	return s;
}

static const char *text_of(const struct fieldset *s)
{
	struct buf b = BUF_INIT;

	assert_null(json_write(&b, fieldset_write(&a, s), &(struct json_style){ .source_order = true }));
	const char *text = arena_str(&a, buf_str(&b)).p;

	buf_release(&b);
	return text;
}

static int release(void **state)
{
	(void)state;
	arena_release(&a);
	return 0;
}

static void test_written_in_their_order(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "{}", "{}" },
		{ "{\"f:b\":{},\"f:a\":{\"f:c\":{}}}", "{\"f:a\":{\"f:c\":{}},\"f:b\":{}}" },
		{ "{\"f:a\":{\"f:c\":{},\".\":{}}}", "{\"f:a\":{\".\":{},\"f:c\":{}}}" },
		{ "{\"i:2\":{},\"v:3\":{},\"v:\\\"b\\\"\":{},\"k:{\\\"b\\\":1,\\\"a\\\":\\\"x\\\"}\":{},"
		  "\"f:z\":{}}",
		  "{\"f:z\":{},\"k:{\\\"a\\\":\\\"x\\\",\\\"b\\\":1}\":{},\"v:3\":{},\"v:\\\"b\\\"\":{},"
		  "\"i:2\":{}}" },
		/* What later versions may add is left out. */
		{ "{\"x:new\":{},\"f:a\":{\"x:new\":{}}}", "{\"f:a\":{}}" },
		{ "{\"f:a\":null}", "{\"f:a\":{}}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(text_of(set(rows[i].in)), rows[i].out);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "{\"f\":{}}", "key must be 2 characters long: f" },
		{ "{\"fx\":{}}", "missing colon: fx" },
		{ "{\"k:[]\":{}}", "the keys of an item must be an object: []" },
		{ "{\"k:{\":{}}", "unexpected end of JSON input" },
		{ "{\"v:\":{}}", "unexpected end of JSON input" },
		{ "{\"i:x\":{}}", "x" },
		{ "{\"f:a\":3}", "an object is wanted, found number" },
		{ "[]", "an object is wanted, found array" },
	};
	struct fieldset *s;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		err *e = fieldset_read(&a, json(rows[i].text), &s);

		assert_non_null(e);
		assert_true(str_has(err_text(e), str_c(rows[i].why)));
		err_free(e);
	}
}

static void test_operations(void **state)
{
	const char *x = "{\"f:a\":{\".\":{},\"f:b\":{}},\"f:c\":{}}";
	const char *y = "{\"f:a\":{\"f:b\":{},\"f:d\":{}},\"f:e\":{}}";

	(void)state;
	assert_string_equal(text_of(fieldset_union(&a, set(x), set(y))),
			    "{\"f:a\":{\".\":{},\"f:b\":{},\"f:d\":{}},\"f:c\":{},\"f:e\":{}}");
	assert_string_equal(text_of(fieldset_common(&a, set(x), set(y))), "{\"f:a\":{\"f:b\":{}}}");
	assert_string_equal(text_of(fieldset_minus(&a, set(x), set(y))), "{\"f:a\":{},\"f:c\":{}}");
	assert_string_equal(text_of(fieldset_minus(&a, set(y), set("{\"f:a\":{}}"))),
			    "{\"f:a\":{\"f:b\":{},\"f:d\":{}},\"f:e\":{}}");
	assert_string_equal(text_of(fieldset_without(&a, set(y), set("{\"f:a\":{}}"))), "{\"f:e\":{}}");
	assert_true(fieldset_equal(set(x), set(x)));
	assert_false(fieldset_equal(set(x), set(y)));
	assert_true(fieldset_is_empty(fieldset_minus(&a, set(x), set(x))));
	assert_true(fieldset_is_empty(NULL));
}

static void test_numbers_are_equal_by_value(void **state)
{
	(void)state;
	assert_int_equal(fieldset_cmp_value(node_from_int(1), node_from_float(1)), 0);
	assert_true(fieldset_cmp_value(node_from_int(1), node_from_float(1.5)) < 0);
	assert_true(fieldset_cmp_value(node_from_int(1), node_lit("a")) < 0);
	assert_int_equal(fieldset_cmp_value(json("{\"a\":1,\"b\":[2]}"), json("{\"b\":[2.0],\"a\":1}")), 0);
	assert_int_not_equal(fieldset_cmp_value(json("{\"a\":null}"), json("{}")), 0);
}

static void add_path(void *ctx, const struct fieldset_path *p)
{
	fieldset_print_path(ctx, p);
	buf_addc(ctx, '\n');
}

static void test_paths(void **state)
{
	struct buf b = BUF_INIT;
	struct fieldset *s = set("{\"f:spec\":{\"f:x\":{\"k:{\\\"name\\\":\\\"a\\\",\\\"port\\\":80}\":{\"."
				 "\":{},\"f:y\":{}}},\"f:set\":{\"v:\\\"q\\\"\":{},\"v:1.5\":{},\"i:0\":{}}"
				 "},\"f:metadata\":{}}");

	(void)state;
	fieldset_each(s, add_path, &b);
	assert_string_equal(buf_c(&b), ".metadata\n"
				       ".spec.set[=1.5]\n.spec.set[=\"q\"]\n.spec.set[0]\n"
				       ".spec.x[name=\"a\",port=80]\n"
				       ".spec.x[name=\"a\",port=80].y\n");
	buf_release(&b);
	struct fieldset_path spec = { NULL, fieldset_field(S("spec")) };
	struct fieldset_path below = { &spec, fieldset_field(S("set")) };
	struct fieldset_path item = { &below, { .kind = FIELDSET_VALUE, .value = node_lit("q") } };

	assert_true(fieldset_has(s, &item));
	assert_false(fieldset_has(s, &below));
	assert_false(fieldset_has(s, NULL));
	fieldset_add(&a, s, &below);
	assert_true(fieldset_has(s, &below));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_in_their_order),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_numbers_are_equal_by_value),
		cmocka_unit_test(test_paths),
	};
	return cmocka_run_group_tests(tests, NULL, release);
}
