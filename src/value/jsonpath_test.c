/* What the recorded answers (tests/golden/jsonpath) do not show: the API, the
 * relaxed form, the limits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "value/json.h"
#include "value/jsonpath.h"

static struct arena a;

static void need(err *e)
{
	if (e)
		fail_msg("%s", err_msg(e));
}

static void fails(err *e, const char *want)
{
	assert_non_null(e);
	assert_string_equal(err_msg(e), want);
	err_free(e);
}

static node read(const char *json)
{
	node n;

	need(json_read(&a, str_c(json), NULL, &n));
	return n;
}

static const struct jsonpath *parse(const char *text)
{
	const struct jsonpath *path;

	need(jsonpath_parse(&a, str_c(text), &path));
	return path;
}

static void check(const struct jsonpath *path, const char *doc, const struct jsonpath_options *o,
		  const char *want)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	need(jsonpath_print(&b, path, read(doc), o));
	assert_string_equal(buf_c(&b), want);
}

static void test_one_template_runs_often(void **state)
{
	const struct jsonpath *path = parse("{range .items[*]}{.n}{\";\"}{end}{.z}");

	(void)state;
	for (int i = 0; i < 3; i++) {
		check(path, "{\"items\":[{\"n\":1},{\"n\":2}],\"z\":true}", NULL, "1;2;true");
		check(path, "{\"items\":[{\"n\":[1,{\"a\":\"<\"}]}],\"z\":null}", NULL,
		      "[1,{\"a\":\"\\u003c\"}];null");
	}
}

static void test_failure_prints_nothing(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	buf_add(&b, S("before"));
	fails(jsonpath_print(&b, parse("{.a}{.b}"), read("{\"a\":1}"), NULL), "b is not found");
	assert_string_equal(buf_c(&b), "before");
}

static void test_sets_one_an_action(void **state)
{
	struct jsonpath_set *sets;
	size_t n;
	node doc = read("{\"a\":[1,2],\"b\":\"x\",\"n\":null}");

	(void)state;
	need(jsonpath_find(&a, parse("{.a[*]}-{.b}{.n}"), doc, NULL, &sets, &n));
	assert_int_equal(n, 4);
	assert_int_equal(sets[0].n, 2);
	assert_int_equal(node_int(sets[0].items[1]), 2);
	assert_true(str_eq(node_str(sets[1].items[0]), S("-")));
	assert_true(str_eq(node_str(sets[2].items[0]), S("x")));
	assert_int_equal(sets[3].items[0].kind, NODE_NULL);
	need(jsonpath_find(&a, parse("{.none}"), doc,
			   &(const struct jsonpath_options){ .allow_missing = true }, &sets, &n));
	assert_int_equal(n, 1);
	assert_int_equal(sets[0].n, 0);
}

static void test_json_form_lists_each_set(void **state)
{
	const struct jsonpath_options o = { .allow_missing = true, .json = true };

	(void)state;
	check(parse("{.a}{.none}"), "{\"a\":{\"k\":[1,\"<\"]}}", &o,
	      "[\n    {\n        \"k\": [\n            1,\n            \"\\u003c\"\n        ]\n"
	      "    }\n]\n[]\n");
	check(parse("{}"), "null", &o, "[\n    null\n]\n");
	check(parse("{}"), "null", NULL, "<no value>");
}

static const char *const relaxed[][2] = {
	{ "", "" }, { "a.b", "{.a.b}" }, { ".a.b", "{.a.b}" }, { "{a.b}", "{.a.b}" },
	{ "{.a.b}", "{.a.b}" }, { ".", "{..}" }, { "{.}", "{..}" }, { "..a", "{..a}" },
	{ "{", NULL }, { "}", NULL }, { "{}", NULL }, { "{a", NULL }, { "a}", NULL },
	{ "{{a}}", NULL }, { "{a}{b}", NULL }, { "a{b}", NULL },
};

static void test_relaxed_forms(void **state)
{
	str got;

	(void)state;
	for (size_t i = 0; i < sizeof relaxed / sizeof *relaxed; i++) {
		err *e = jsonpath_relaxed(&a, str_c(relaxed[i][0]), &got);

		if (relaxed[i][1]) {
			need(e);
			assert_true(str_eq(got, str_c(relaxed[i][1])));
		} else {
			fails(e, "unexpected path string, expected a 'name1.name2' or "
				 "'.name1.name2' or '{name1.name2}' or '{.name1.name2}'");
		}
	}
}

static void test_null_document_is_no_list(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	fails(jsonpath_print(&b, parse("{[0]}"), read("null"), NULL), "<nil> is not array or slice");
	fails(jsonpath_print(&b, parse("{[?(@)]}"), read("null"), NULL),
	      "<invalid reflect.Value> is not array or slice and cannot be filtered");
	fails(jsonpath_print(&b, parse("{.a[?(@)]}"), read("{\"a\":null}"), NULL),
	      "<nil> is not array or slice and cannot be filtered");
}

static node deep_list(size_t depth)
{
	node n = node_from_int(1);

	while (depth--) {
		node list = node_seq(&a, 1);

		node_append(&a, list, n);
		n = list;
	}
	return n;
}

static void test_deep_documents(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct jsonpath_set *sets;
	size_t n;
	node map = node_map(&a, 1);

	(void)state;
	node_set(&a, map, S("k"), deep_list(9999));
	need(jsonpath_find(&a, parse("{..}"), map, NULL, &sets, &n));
	assert_int_equal(sets[0].n, 10000);
	err *e = jsonpath_print(&b, parse("{[?(@)]}"), map, NULL);

	assert_non_null(e);
	assert_true(str_starts(err_text(e), S("map[k:[[[[[")));
	err_free(e);
}

static void test_hostile_templates_end(void **state)
{
	CLEANUP(buf_release) struct buf t = BUF_INIT;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	const struct jsonpath *path;
	node list = node_seq(&a, 1000);

	(void)state;
	for (int i = 0; i < 1000; i++)
		node_append(&a, list, deep_list(1));
	/* Each of them multiplies what there is. */
	fails(jsonpath_print(&out, parse("{..[*]..[*]..}"), deep_list(2000), NULL),
	      "jsonpath template finds more than 4000000 values");
	fails(jsonpath_print(&out, parse("{[*,*][0,0,0,0,0,0,0,0,0,0]}{[:,:,:,:,:,:,:,:,:,:]['a','a']}"),
			     list, NULL),
	      "a is not found");
	fails(jsonpath_print(&out, parse("{range [:,:,:]}{range [:,:,:]}{end}{end}{range .a}"), list,
			     NULL),
	      "a is not found");
	for (int i = 0; i < 501; i++)
		buf_add(&t, S("{range @}"));
	need(jsonpath_parse(&a, buf_str(&t), &path));
	fails(jsonpath_print(&out, path, list, NULL),
	      "jsonpath has more than 500 ranges in each other");
	buf_clear(&t);
	for (int i = 0; i < 30; i++)
		buf_add(&t, S("{range [:,:]}"));
	need(jsonpath_parse(&a, buf_str(&t), &path));
	fails(jsonpath_print(&out, path, deep_list(100), NULL),
	      "jsonpath template visits more than 50000000 values");
	buf_clear(&t);
	buf_fill(&t, ' ', JSONPATH_TEXT_MAX + 1);
	fails(jsonpath_parse(&a, buf_str(&t), &path),
	      "jsonpath template is larger than 1048576 bytes");
}

static int release(void **state)
{
	(void)state;
	arena_release(&a);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_template_runs_often),
		cmocka_unit_test(test_failure_prints_nothing),
		cmocka_unit_test(test_sets_one_an_action),
		cmocka_unit_test(test_json_form_lists_each_set),
		cmocka_unit_test(test_relaxed_forms),
		cmocka_unit_test(test_null_document_is_no_list),
		cmocka_unit_test(test_deep_documents),
		cmocka_unit_test(test_hostile_templates_end),
	};
	return cmocka_run_group_tests(tests, NULL, release);
}
