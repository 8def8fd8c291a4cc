#include "value/tree_test.h"

#include <pthread.h>

#include "value/patch.h"

/* The text form is compared with the library in tests/golden/json; here is
 * what it cannot show. */

static void test_patches_on_trees(void **state)
{
	static const struct {
		const char *doc, *patch, *want;
	} rows[] = {
		{ "{'a':1}", "[]", "{'a':1}" },
		{ "{'a':1}", "null", "{'a':1}" },
		{ "{'a':1,'b':2}", "[{'op':'add','path':'/c','value':{'x':[1]}}]",
		  "{'a':1,'b':2,'c':{'x':[1]}}" },
		{ "{'a':[1,2]}",
		  "[{'op':'add','path':'/a/-','value':3},{'op':'add','path':'/a/0','value':0}]",
		  "{'a':[0,1,2,3]}" },
		{ "{'a':[1,2]}", "[{'op':'remove','path':'/a/-1'}]", "{'a':[1]}" },
		{ "{'a':[1,2]}", "[{'op':'replace','path':'/a/1','value':'x'}]", "{'a':[1,'x']}" },
		{ "{'a':1}", "[{'op':'replace','path':'/new','value':2}]", "{'a':1,'new':2}" },
		{ "{'a':{'b':1}}", "[{'op':'move','from':'/a/b','path':'/c'}]", "{'a':{},'c':1}" },
		{ "{'a':{'b':1}}",
		  "[{'op':'copy','from':'/a','path':'/c'},{'op':'add','path':'/c/b','value':2}]",
		  "{'a':{'b':1},'c':{'b':2}}" },
		{ "{'a':{'b':[1,{'c':null}]}}",
		  "[{'op':'test','path':'/a','value':{'b':[1,{'c':null}]}}]",
		  "{'a':{'b':[1,{'c':null}]}}" },
		{ "{'a':1}", "[{'op':'test','path':'','value':{'a':1}}]", "{'a':1}" },
		{ "{'a':1}", "[{'op':'test','path':'/a','value':1.0}]", "{'a':1}" },
		{ "{'a':1}", "[{'op':'replace','path':'','value':[1]}]", "[1]" },
		{ "{'a':1}", "[{'op':'add','path':'/b'}]", "{'a':1,'b':null}" },
		{ "{'m~n':{'x/y':1}}", "[{'op':'remove','path':'/m~0n/x~1y'}]", "{'m~n':{}}" },
		{ "{'~2':1}", "[{'op':'remove','path':'/~2'}]", "{}" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		node doc = tree(&a, rows[i].doc), patch = tree(&a, rows[i].patch), out;
		const char *doc_was = text_of(&a, doc), *patch_was = text_of(&a, patch);
		err *e = patch_json(&a, doc, patch, NULL, &out);

		if (e)
			fail_msg("%s: %s", rows[i].patch, err_msg(e));
		assert_string_equal(text_of(&a, out), rows[i].want);
		assert_string_equal(text_of(&a, doc), doc_was);
		assert_string_equal(text_of(&a, patch), patch_was);
	}
}

static void test_patches_that_fail(void **state)
{
	static const struct {
		const char *doc, *patch, *want;
	} rows[] = {
		{ "{}", "{}",
		  "json: cannot unmarshal object into Go value of type jsonpatch.Patch" },
		{ "{}", "[1]",
		  "json: cannot unmarshal number into Go value of type jsonpatch.Operation" },
		{ "1", "[]",
		  "json: cannot unmarshal number into Go value of type jsonpatch.partialDoc" },
		{ "{}", "[{}]", "Unexpected kind: unknown" },
		{ "{}", "[{'op':'add'}]", "add operation failed to decode path: missing value" },
		{ "{'a':[1]}", "[{'op':'remove','path':'/a/1'}]",
		  "error in remove for path: '/a/1': Unable to access "
		  "invalid index: 1: invalid index referenced" },
		{ "{'a':[1]}", "[{'op':'add','path':'/a/-3','value':1}]",
		  "error in add for path: '/a/-3': Unable to access "
		  "invalid index: -3: invalid index referenced" },
		{ "{'a':[1]}", "[{'op':'add','path':'/a/9999999999999999999','value':1}]",
		  "error in add for path: '/a/9999999999999999999': "
		  "value was not a proper array index: "
		  "'9999999999999999999': strconv.Atoi: parsing "
		  "\"9999999999999999999\": value out of range" },
		{ "{'a':1}", "[{'op':'test','path':'/a','value':2}]",
		  "testing value /a failed: test failed" },
		{ "{'a':1.0}", "[{'op':'test','path':'/a','value':1.5}]",
		  "testing value /a failed: test failed" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		node out;
		err *e = patch_json(&a, tree(&a, rows[i].doc), tree(&a, rows[i].patch), NULL, &out);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i].want);
		err_free(e);
	}
}

static void test_errors_point_at_the_operation(void **state)
{
	const str text = S("[{\"op\":\"add\",\"path\":\"/a\",\"value\":1},\n"
			   "  {\"op\":\"remove\",\"path\":\"/b\"}]");
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(sources_release) struct sources s = SOURCES_INIT;
	const struct json_options read = { .sources = &s, .name = S("p.json") };
	const struct patch_options o = { .sources = &s,
					 .doc_name = S("d.json"),
					 .patch_name = S("p.json") };
	node patch, out;
	err *e;

	(void)state;
	assert_null(json_read(&a, text, &read, &patch));
	e = patch_json(&a, node_map(&a, 0), patch, &o, &out);
	assert_non_null(e);
	assert_int_equal(err_position(e).line * 10 + err_position(e).col, 23);
	err_free(e);
	e = patch_json_text(&b, S("{}"), text, &o);
	assert_non_null(e);
	assert_true(str_eq(err_position(e).file, S("p.json")));
	assert_int_equal(err_position(e).line * 10 + err_position(e).col, 23);
	err_free(e);
	e = patch_json_text(&b, S("{\n"), S("[]"), &o);
	assert_non_null(e);
	assert_true(str_eq(err_position(e).file, S("d.json")));
	err_free(e);
	e = patch_merge_text(&b, S("{}"), S("{\n x"), &o);
	assert_non_null(e);
	assert_string_equal(err_msg(e), "Invalid JSON Patch");
	assert_int_equal(err_position(e).line * 10 + err_position(e).col, 22);
	err_free(e);
}

static void test_copies_are_bounded(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT, out_text = BUF_INIT;
	const struct patch_options small = { .copy_limit = 100 };
	node out;
	err *e;

	(void)state;
	buf_addc(&b, '[');
	for (int i = 0; i < 60; i++)	/* doubles the document each time */
		buf_addf(&b, "%s{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/%d\"}", i ? "," : "",
			 i);
	buf_addc(&b, ']');
	e = patch_json(&a, tree(&a, "{'a':{}}"), tree(&a, buf_c(&b)), &small, &out);
	assert_non_null(e);
	assert_string_equal(err_msg(e),
			    "Unable to complete the copy, the accumulated size increase of "
			    "copy is 177, exceeding the limit 100");
	err_free(e);
	e = patch_json_text(&out_text, S("{\"a\":{}}"), buf_str(&b), NULL);
	assert_non_null(e);
	assert_true(str_has(err_text(e), S("exceeding the limit 67108864")));
	err_free(e);
}

static void test_merging_trees(void **state)
{
	static const struct {
		const char *doc, *patch, *want;	/* the table of RFC 7386, but for scalars */
	} rows[] = {
		{ "{'a':'b'}", "{'a':'c'}", "{'a':'c'}" },
		{ "{'a':'b'}", "{'b':'c'}", "{'a':'b','b':'c'}" },
		{ "{'a':'b'}", "{'a':null}", "{}" },
		{ "{'a':'b','b':'c'}", "{'a':null}", "{'b':'c'}" },
		{ "{'a':['b']}", "{'a':'c'}", "{'a':'c'}" },
		{ "{'a':'c'}", "{'a':['b']}", "{'a':['b']}" },
		{ "{'a':{'b':'c'}}", "{'a':{'b':'d','c':null}}", "{'a':{'b':'d'}}" },
		{ "{'a':[{'b':'c'}]}", "{'a':[1]}", "{'a':[1]}" },
		{ "['a','b']", "['c','d']", "['c','d']" },
		{ "{'a':'b'}", "['c']", "['c']" },
		{ "{'e':null}", "{'a':1}", "{'e':null,'a':1}" },
		{ "[1,2]", "{'a':'b','c':null}", "{'a':'b'}" },
		{ "{}", "{'a':{'bb':{'ccc':null}}}", "{'a':{'bb':{}}}" },
		{ "{'a':1}", "{'a':{'x':null,'y':[{'z':null}]}}", "{'a':{'y':[{}]}}" },
		{ "{'a':{}}", "{'a':[{'z':null}]}", "{'a':[{'z':null}]}" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node out;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		node doc = tree(&a, rows[i].doc), patch = tree(&a, rows[i].patch);

		assert_null(patch_merge(&a, doc, patch, &out));
		assert_string_equal(text_of(&a, out), rows[i].want);
		assert_string_equal(text_of(&a, doc), rows[i].doc);
		assert_string_equal(text_of(&a, patch), rows[i].patch);
	}
	err *e = patch_merge(&a, node_null(), node_map(&a, 0), &out);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "Invalid JSON Document");
	err_free(e);
	e = patch_merge(&a, node_map(&a, 0), node_from_int(1), &out);
	assert_non_null(e);
	assert_string_equal(err_msg(e), "Invalid JSON Patch");
	err_free(e);
}

static void test_created_patches_lead_from_one_to_the_other(void **state)
{
	static const struct {
		const char *from, *to, *want;
	} rows[] = {
		{ "{}", "{}", "{}" },
		{ "{'a':1}", "{'a':1.0}", "{}" },
		{ "{'a':9007199254740993}", "{'a':9007199254740992}", "{'a':9007199254740992}" },
		{ "{'a':1,'b':2}", "{'b':3,'c':4}", "{'b':3,'c':4,'a':null}" },
		{ "{'a':{'b':1,'c':2},'d':{'e':1}}", "{'a':{'b':1,'c':3},'d':{'e':1}}",
		  "{'a':{'c':3}}" },
		{ "{'a':[1,{'b':2}]}", "{'a':[1.0,{'b':2}]}", "{}" },
		{ "{'a':[1,{'b':2}]}", "{'a':[1,{'b':3}]}", "{'a':[1,{'b':3}]}" },
		{ "{'a':{'b':{'c':1}}}", "{'a':{}}", "{'a':{'b':null}}" },
		{ "{'a':{}}", "{'a':[]}", "{'a':[]}" },
		{ "{'a':'x'}", "{'a':{'b':1}}", "{'a':{'b':1}}" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		node from = tree(&a, rows[i].from), to = tree(&a, rows[i].to), merged;
		node patch = patch_create(&a, from, to);

		assert_string_equal(text_of(&a, patch), rows[i].want);
		assert_null(patch_merge(&a, from, patch, &merged));
		assert_int_equal(node_len(patch_create(&a, merged, to)), 0);
	}
}

static void *walk(void *unused)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node deep = deep_tree(&a, JSON_DEPTH_MAX, true), out;
	node deeper = deep_tree(&a, JSON_DEPTH_MAX + 1, true);
	node test = node_map(&a, 3), patch = node_seq(&a, 1);

	assert_null(patch_merge(&a, deep, deeper, &out));
	assert_true(node_equal(out, deeper));
	assert_null(patch_merge(&a, node_map(&a, 0), deeper, &out));
	assert_true(node_equal(out, deeper));
	assert_int_equal(node_len(patch_create(&a, deep, deeper)), 1);
	node_set(&a, test, S("op"), node_lit("test"));
	node_set(&a, test, S("path"), node_lit(""));
	node_set(&a, test, S("value"), deep);
	node_append(&a, patch, test);
	assert_null(patch_json(&a, deep, patch, NULL, &out));
	return unused;
}

static void test_deep_trees_need_no_stack(void **state)
{
	pthread_attr_t attr;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstacksize(&attr, 128 << 10), 0);
	assert_int_equal(pthread_create(&thread, &attr, walk, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	pthread_attr_destroy(&attr);
}

/* Taking 100,000 keys out of 100,000 must not look at all for each. */
static void test_large_merges_are_linear(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node doc = node_map(&a, 0), patch = node_map(&a, 0), out;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		str key = arena_printf(&a, "key%d", i);

		node_set(&a, doc, key, node_from_int(i));
		node_set(&a, patch, key, i % 2 ? node_null() : node_map(&a, 0));
	}
	assert_null(patch_merge(&a, doc, patch, &out));
	assert_int_equal(node_len(out), 50000);
	assert_int_equal(node_len(patch_create(&a, doc, out)), 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patches_on_trees),
		cmocka_unit_test(test_patches_that_fail),
		cmocka_unit_test(test_errors_point_at_the_operation),
		cmocka_unit_test(test_copies_are_bounded),
		cmocka_unit_test(test_merging_trees),
		cmocka_unit_test(test_created_patches_lead_from_one_to_the_other),
		cmocka_unit_test(test_deep_trees_need_no_stack),
		cmocka_unit_test(test_large_merges_are_linear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
