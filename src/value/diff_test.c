#include "value/tree_test.h"

#include <pthread.h>

#include "value/diff.h"

static str by_name(void *ctx, const struct diff_path *path)
{
	(void)ctx;
	if (path && path->key.kind == NODE_STR && str_eq(node_str(path->key), S("byname")))
		return S("name");
	if (path && path->key.kind == NODE_STR && str_eq(node_str(path->key), S("byport")))
		return S("port");
	return STR_NONE;
}

static bool is_status(void *ctx, const struct diff_path *path)
{
	(void)ctx;
	return path->key.kind == NODE_STR && str_eq(node_str(path->key), S("status"));
}

static bool is_secret(void *ctx, const struct diff_path *path)
{
	(void)ctx;
	return path && path->up && path->up->key.kind == NODE_STR &&
	       str_eq(node_str(path->up->key), S("data"));
}

static const struct diff_options options = {
	.list_key = by_name, .skip = is_status, .hide = is_secret,
};

static void test_what_differs(void **state)
{
	static const struct {
		const char *before, *after, *want;
	} rows[] = {
		{ "{'a':1}", "{'a':1}", "" },
		{ "{'a':1,'b':[1,{'c':2}]}", "{'b':[1,{'c':2}],'a':1}", "" },
		{ "1", "2", ".\n  - 1\n  + 2\n" },
		{ "{}", "[]", ".\n  - {}\n  + []\n" },
		{ "{'a':1}", "{'a':1.0}", "a\n  - 1\n  + 1\n" },
		{ "{'a':null}", "{}", "a\n  - null\n" },
		{ "{'a':{'b':1,'c':2}}", "{'a':{'c':3,'d':4}}",
		  "a.b\n  - 1\na.c\n  - 2\n  + 3\na.d\n  + 4\n" },
		{ "{'a':{'b':1}}", "{'a':[1]}", "a\n  - {\"b\":1}\n  + [1]\n" },
		{ "[1,2,3]", "[1,5]", "[1]\n  - 2\n  + 5\n[2]\n  - 3\n" },
		{ "[1]", "[1,{'x':1}]", "[1]\n  + {\"x\":1}\n" },
		{ "{'a.b/c':{'':1}}", "{'a.b/c':{'':2}}", "[\"a.b/c\"][\"\"]\n  - 1\n  + 2\n" },
		{ "{'status':1,'a':{'status':{'x':1}}}", "{'a':{}}", "" },
		/* by name */
		{ "{'byname':[{'name':'a','v':1},{'name':'b','v':2}]}",
		  "{'byname':[{'name':'b','v':3},{'name':'a','v':1}]}",
		  "byname[name=\"b\"].v\n  - 2\n  + 3\n" },
		{ "{'byname':[{'name':'a'},{'name':'b'}]}",
		  "{'byname':[{'name':'b'},{'name':'c'}]}",
		  "byname[name=\"a\"]\n  - {\"name\":\"a\"}\nbyname[name=\"c\"]\n"
		  "  + {\"name\":\"c\"}\n" },
		{ "{'byport':[{'port':80,'x':1}]}", "{'byport':[{'port':81},{'port':80,'x':2}]}",
		  "byport[port=80].x\n  - 1\n  + 2\nbyport[port=81]\n  + {\"port\":81}\n" },
		/* not all have a name, or two the same: by place */
		{ "{'byname':[{'name':'a','v':1},{}]}", "{'byname':[{'name':'a','v':2},{}]}",
		  "byname[0].v\n  - 1\n  + 2\n" },
		{ "{'byname':[{'name':'a','v':1},{'name':'a'}]}",
		  "{'byname':[{'name':'a','v':2},{'name':'a'}]}", "byname[0].v\n  - 1\n  + 2\n" },
		{ "{'byname':['a']}", "{'byname':['b']}", "byname[0]\n  - \"a\"\n  + \"b\"\n" },
		/* shown safely */
		{ "{'data':{'key':'old','k2':1}}", "{'data':{'key':'new'}}",
		  "data.key\n  - ***\n  + ***\ndata.k2\n  - ***\n" },
		{ "{'a':'\\u001b[31m\\u007f\\u202e\\n'}", "{'a':''}",
		  "a\n  - \"\\u001b[31m\\x7f\\u202e\\n\"\n  + \"\"\n" },
		{ "{}",
		  "{'long':{'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa':'bbbbbbbbbbbbbbbbbbbbbbbbbbbbb',"
		  "'c':[1]}}",
		  "long\n  + {\n  +   \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": "
		  "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbb\",\n"
		  "  +   \"c\": [\n  +     1\n  +   ]\n  + }\n" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		struct diff d = diff_trees(&a, tree(&a, rows[i].before), tree(&a, rows[i].after),
					   &options);

		diff_write(&b, &d, &options);
		assert_string_equal(buf_c(&b), rows[i].want);
	}
}

static void test_changes_as_data(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node before = tree(&a, "{'l':[{'a':1},{'b':2}],'gone':true}");
	node after = tree(&a, "{'l':[{'a':1},{'b':3}],'new':[]}");
	struct diff d = diff_trees(&a, before, after, NULL);

	(void)state;
	assert_int_equal(d.n, 3);
	assert_true(str_eq(node_str(d.changes[0].path->key), S("b")));
	assert_int_equal(d.changes[0].path->up->index, 1);
	assert_int_equal(d.changes[0].path->up->key.kind, NODE_NONE);
	assert_true(str_eq(node_str(d.changes[0].path->up->up->key), S("l")));
	assert_null(d.changes[0].path->up->up->up);
	assert_int_equal(node_int(d.changes[0].before), 2);
	assert_int_equal(node_int(d.changes[0].after), 3);
	assert_int_equal(d.changes[1].after.kind, NODE_NONE);
	assert_int_equal(d.changes[2].before.kind, NODE_NONE);
	assert_int_equal(d.changes[2].after.kind, NODE_SEQ);
}

/* Deep, on a stack without room for it; and broad, which must not be quadratic. */
static void *walk(void *unused)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (int maps = 0; maps < 2; maps++) {
		node before = deep_tree(&a, JSON_DEPTH_MAX, maps);
		node after = deep_tree(&a, JSON_DEPTH_MAX + 1, maps);
		struct diff d = diff_trees(&a, before, after, &options);

		assert_int_equal(d.n, 1);
		buf_clear(&b);
		diff_write(&b, &d, &options);
		assert_true(b.n > 2 * JSON_DEPTH_MAX);
	}
	node lists[2], map[2];

	for (int k = 0; k < 2; k++) {
		lists[k] = node_seq(&a, 0);
		for (int i = 0; i < 200000; i++) {
			node item = node_map(&a, 1);

			node_set(&a, item, S("name"), node_from_int(k ? 199999 - i : i));
			node_append(&a, lists[k], item);
		}
		map[k] = node_map(&a, 1);
		node_set(&a, map[k], S("byname"), lists[k]);
	}
	struct arena out = ARENA_INIT;
	struct diff d = diff_trees(&out, map[0], map[1], &options);

	assert_int_equal(d.n, 0);
	assert_true(out.held < 10000);	/* nothing is kept of what is equal */
	arena_release(&out);
	return unused;
}

static void test_deep_and_broad_trees(void **state)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_differs),
		cmocka_unit_test(test_changes_as_data),
		cmocka_unit_test(test_deep_and_broad_trees),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
