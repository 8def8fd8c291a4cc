#include "value/tree_test.h"

#include "value/pointer.h"

/* The document and the pointers of RFC 6901, section 5, and more. */
static const char document[] =
	"{'foo':['bar','baz'],'':0,'a/b':1,'c%d':2,'e^f':3,'g|h':4,'i\\\\j':5,'k\\\"l':6,' ':7,"
	"'m~n':8,'deep':{'x':[{'y':null}]}}";

static void test_pointers_that_lead_somewhere(void **state)
{
	static const char *const rows[][2] = {
		{ "/foo", "['bar','baz']" },
		{ "/foo/0", "'bar'" },
		{ "/", "0" },
		{ "/a~1b", "1" },
		{ "/c%d", "2" },
		{ "/e^f", "3" },
		{ "/g|h", "4" },
		{ "/i\\j", "5" },
		{ "/k\"l", "6" },
		{ "/ ", "7" },
		{ "/m~0n", "8" },
		{ "/deep/x/0/y", "null" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node root = tree(&a, document), out;
	struct pointer at;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		assert_null(pointer_parse(&a, str_c(rows[i][0]), &at));
		assert_null(pointer_get(root, at, NULL, &out));
		assert_string_equal(text_of(&a, out), rows[i][1]);
		assert_string_equal(text_of(&a, *pointer_find(&root, at)), rows[i][1]);
		pointer_print(&b, at, STR_NPOS);
		assert_string_equal(buf_c(&b), rows[i][0]);
	}
	assert_null(pointer_parse(&a, S(""), &at));
	assert_int_equal(at.n, 0);
	assert_ptr_equal(pointer_find(&root, at), &root);
}

static void test_pointers_that_lead_nowhere(void **state)
{
	static const char *const rows[][2] = {
		{ "/none", "/none: no key \"none\" in the object at \"\"" },
		{ "/deep/x/y", "/deep/x/y: no item \"y\" in the array of 1 at \"/deep/x\"" },
		{ "/foo/2", "/foo/2: no item \"2\" in the array of 2 at \"/foo\"" },
		{ "/foo/-", "/foo/-: no item \"-\" in the array of 2 at \"/foo\"" },
		{ "/foo/-1", "/foo/-1: no item \"-1\" in the array of 2 at \"/foo\"" },
		{ "/foo/01", "/foo/01: no item \"01\" in the array of 2 at \"/foo\"" },
		{ "/foo/18446744073709551616",
		  "/foo/18446744073709551616: no item \"18446744073709551616\" "
		  "in the array of 2 at \"/foo\"" },
		{ "/foo/0/x/y", "/foo/0/x/y: \"/foo/0\" is no object or array but string" },
		{ "/deep/x/0/y/z",
		  "/deep/x/0/y/z: \"/deep/x/0/y\" is no object or array but null" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node root = tree(&a, document), out;
	struct pointer at;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		assert_null(pointer_parse(&a, str_c(rows[i][0]), &at));
		assert_null(pointer_find(&root, at));
		err *e = pointer_get(root, at, NULL, &out);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i][1]);
		assert_int_equal(err_kind(e), ERR_NOT_FOUND);
		err_free(e);
	}
}

static void test_errors_point_at_the_last_node_on_the_way(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(sources_release) struct sources s = SOURCES_INIT;
	const struct json_options o = { .sources = &s, .name = S("x.json") };
	struct pointer at;
	node root, out;

	(void)state;
	assert_null(json_read(&a, S("{\"a\":\n  {\"b\": 1}}"), &o, &root));
	assert_null(pointer_parse(&a, S("/a/c"), &at));
	err *e = pointer_get(root, at, &s, &out);

	assert_non_null(e);
	assert_int_equal(err_position(e).line, 2);
	assert_int_equal(err_position(e).col, 3);
	err_free(e);
}

static void test_malformed_pointers(void **state)
{
	static const char *const rows[][2] = {
		{ "a", "JSON pointer must be empty or start with a \"/\"" },
		{ " /a", "JSON pointer must be empty or start with a \"/\"" },
		{ "#/a", "JSON pointer must be empty or start with a \"/\"" },
		{ "/~2", "JSON pointer \"/~2\" has a \"~\" that is not followed by 0 or 1" },
		{ "/a/~", "JSON pointer \"/a/~\" has a \"~\" that is not followed by 0 or 1" },
		{ "/~/0", "JSON pointer \"/~/0\" has a \"~\" that is not followed by 0 or 1" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct pointer at;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		err *e = pointer_parse(&a, str_c(rows[i][0]), &at);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i][1]);
		err_free(e);
	}
	buf_fill(&b, '/', 1000000);
	err *e = pointer_parse(&a, buf_str(&b), &at);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "JSON pointer has more than 100000 parts");
	err_free(e);
}

static void test_lenient_decoding(void **state)
{
	static const char *const rows[][2] = {
		{ "plain", "plain" },   { "~1", "/" },   { "~0", "~" },
		{ "~01", "~1" },        { "~10", "/0" }, { "~2~", "~2~" },
		{ "a~1b~0c", "a/b~c" }, { "", "" },      { "~~1", "~/" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++)
		assert_true(str_eq(pointer_decode(&a, str_c(rows[i][0])), str_c(rows[i][1])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pointers_that_lead_somewhere),
		cmocka_unit_test(test_pointers_that_lead_nowhere),
		cmocka_unit_test(test_errors_point_at_the_last_node_on_the_way),
		cmocka_unit_test(test_malformed_pointers),
		cmocka_unit_test(test_lenient_decoding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
