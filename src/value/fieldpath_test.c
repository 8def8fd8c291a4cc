/* What the recorded answers (tests/golden/fieldpath) do not show: how paths
 * are split, where they fail, places in growing trees, limits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "value/fieldpath.h"
#include "value/yaml.h"

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

static struct fieldpath parse(const char *text)
{
	struct fieldpath p;

	need(fieldpath_parse(&a, str_c(text), &p));
	return p;
}

static node read(const char *text)
{
	node n;

	need(yaml_read(&a, str_c(text), YAML_KEEP, &n));
	return n;
}

static const struct {
	const char *path;
	const char *steps[6];
	size_t at[6];
} splits[] = {
	{ "a.b", { "a", "b" }, { 0, 2 } },
	{ ".a.b", { "a", "b" }, { 1, 3 } },
	{ "a..b", { "a", "", "b" }, { 0, 2, 3 } },
	{ "", { "" }, { 0 } },
	{ ".", { "" }, { 1 } },
	{ "a\\.b.c", { "a.b", "c" }, { 0, 5 } },
	{ "metadata.annotations.[a.b/c].d", { "metadata", "annotations", "a.b/c", "d" },
	  { 0, 9, 21, 29 } },
	{ "l.[name=a.b.c].x", { "l", "[name=a.b.c]", "x" }, { 0, 2, 15 } },
	{ "[a.b", { "a.b" }, { 0 } },
	{ "[a=b.c", { "[a=b.c" }, { 0 } },
	{ "[x].y", { "[x]", "y" }, { 0, 4 } },
};

static void test_paths_are_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
		struct fieldpath p = parse(splits[i].path);

		for (size_t k = 0; k < p.n; k++) {
			assert_non_null(splits[i].steps[k]);
			assert_true(str_eq(p.steps[k].text, str_c(splits[i].steps[k])));
			assert_int_equal(p.steps[k].at, splits[i].at[k]);
		}
		assert_true(p.n == 6 || !splits[i].steps[p.n]);
	}
}

static void test_errors_tell_where_in_the_path(void **state)
{
	node doc = read("spec:\n  list: [x]\n");
	struct fieldpath_place *places;
	size_t n, at = 99;
	node *got;

	(void)state;
	fails(fieldpath_get(&doc, parse("spec.list.[name]"), &got, &at),
	      "list path element must contain fieldName=fieldValue for element to match");
	assert_int_equal(at, 10);
	fails(fieldpath_get(&doc, parse("spec.list.*"), &got, &at),
	      "wildcard is not supported in PathGetter");
	assert_int_equal(at, 10);
	fails(fieldpath_match(&a, &doc, parse("spec.list.3.y"), NODE_NONE, &places, &n, &at),
	      "index 3 specified but only 1 elements found");
	assert_int_equal(at, 10);
	fails(fieldpath_match(&a, &doc, parse("spec.list.[=(]"), NODE_NONE, &places, &n, &at),
	      "error parsing regexp: missing closing ): `(`");
	fails(fieldpath_match(&a, &doc, parse("spec.[a=b]"), NODE_NONE, &places, &n, &at),
	      "wrong node kind: expected SequenceNode but got MappingNode: node contents:\n"
	      "list: [x]\n");
	assert_int_equal(at, 5);
}

static void test_places_stay_right_while_trees_grow(void **state)
{
	node doc = read("items: [{}, {}, {}]\n");
	struct fieldpath_place *places;
	size_t n;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	need(fieldpath_match(&a, &doc, parse("items.*.x"), NODE_STR, &places, &n, NULL));
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++) {
		node map = places[i].parent;

		assert_true(places[i].made);
		for (int k = 0; k < 100; k++)
			node_push(&a, map, node_from_str(&a, arena_printf(&a, "k%d", k)),
				  node_from_int(k));
		*fieldpath_node(&places[i]) = node_from_int((int64_t)i);
	}
	for (size_t i = 0; i < n; i++)
		assert_int_equal(node_int(node_get(node_at(node_get(doc, S("items")), i), S("x"))), i);
}

static void test_texts_are_entered_in_a_copy(void **state)
{
	node doc = read("json: '{\"a\": [1, 2]}'\n");
	struct fieldpath_place *places;
	size_t n;

	(void)state;
	need(fieldpath_match(&a, &doc, parse("json.a.*"), NODE_NONE, &places, &n, NULL));
	assert_int_equal(n, 2);
	*fieldpath_node(&places[0]) = node_from_int(7);
	assert_true(str_eq(node_str(node_get(doc, S("json"))), S("{\"a\": [1, 2]}")));
}

static void test_last_of_an_empty_list_is_nothing(void **state)
{
	node doc = read("l: []\n"), *got;

	(void)state;
	need(fieldpath_get(&doc, parse("l.-"), &got, NULL));
	assert_null(got);
	need(fieldpath_get(&doc, parse(" . l . "), &got, NULL));
	assert_int_equal(got->kind, NODE_SEQ);
}

static void test_an_item_that_does_not_match_itself_is_made_once(void **state)
{
	node doc = read("l: []\n");
	struct fieldpath_place *places;
	size_t n;

	(void)state;
	fails(fieldpath_match(&a, &doc, parse("l.[name=^a+$].x"), NODE_STR, &places, &n, NULL),
	      "failed to create element for \"[name=^a+$]\"");
}

static void test_long_paths_are_refused(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct fieldpath p;

	(void)state;
	for (int i = 0; i < FIELDPATH_STEPS_MAX; i++)
		buf_add(&b, S("a."));
	fails(fieldpath_parse(&a, buf_str(&b), &p), "field path has more than 500 parts");
	buf_trim(&b, b.n - 1);
	need(fieldpath_parse(&a, buf_str(&b), &p));
	node doc = node_map(&a, 0);
	struct fieldpath_place *places;
	size_t n;

	need(fieldpath_match(&a, &doc, p, NODE_MAP, &places, &n, NULL));
	assert_int_equal(n, 1);
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
		cmocka_unit_test(test_paths_are_split),
		cmocka_unit_test(test_errors_tell_where_in_the_path),
		cmocka_unit_test(test_places_stay_right_while_trees_grow),
		cmocka_unit_test(test_texts_are_entered_in_a_copy),
		cmocka_unit_test(test_last_of_an_empty_list_is_nothing),
		cmocka_unit_test(test_an_item_that_does_not_match_itself_is_made_once),
		cmocka_unit_test(test_long_paths_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, release);
}
