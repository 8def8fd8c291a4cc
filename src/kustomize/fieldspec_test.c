#include "kustomize/memory_test.h"

#include "kustomize/fieldspec.h"
#include "value/json.h"

static err *put_x(void *context, struct arena *a, node *value)
{
	(void)context;
	*value = node_from_str(a, S("x"));
	return NULL;
}

/* Objects are written with single quotes. */
static const struct {
	const char *path;
	bool create;
	const char *before, *after;
} walks[] = {
	{ "a", false, "{'a':1}", "{'a':'x'}" },
	{ "/a", false, "{'a':1}", "{'a':'x'}" },
	{ "a/b", false, "{'a':{'b':1,'c':2}}", "{'a':{'b':'x','c':2}}" },
	{ "a/b", false, "{'a':{}}", "{'a':{}}" },
	{ "a/b", true, "{'a':{}}", "{'a':{'b':'x'}}" },
	{ "a/b", true, "{}", "{'a':{'b':'x'}}" },
	{ "a/b", true, "{'a':null}", "{'a':{'b':'x'}}" },
	{ "a/b", false, "{'a':null}", "{'a':null}" },
	{ "a/b", false, "{'a':[{'b':1},{'b':2},{}]}", "{'a':[{'b':'x'},{'b':'x'},{}]}" },
	{ "a/b", false, "{'a':[[{'b':1}]]}", "{'a':[[{'b':'x'}]]}" },
	{ "a[]/b", true, "{}", "{}" },
	{ "a[]/b", true, "{'a':[{}]}", "{'a':[{'b':'x'}]}" },
	{ "a\\/b/c", false, "{'a/b':{'c':1}}", "{'a/b':{'c':'x'}}" },
	{ "metadata/annotations/e.io\\/k", true, "{}", "{'metadata':{'annotations':{'e.io/k':'x'}}}" },
};

static void test_walks(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(walks); i++) {
		struct fieldspec spec = { .path = str_c(walks[i].path), .create = walks[i].create };
		CLEANUP(buf_release) struct buf text = BUF_INIT;
		struct arena a = ARENA_INIT;
		str json = arena_str(&a, str_c(walks[i].before));
		node object;

		for (char *p = (char *)json.p; *p; p++)
			*p = *p == '\'' ? '"' : *p;
		assert_fine(json_read(&a, json, NULL, &object));
		assert_fine(fieldspec_walk(&a, object, &spec, NODE_STR, put_x, NULL));
		assert_fine(json_write(&text, object, &(const struct json_style){ .source_order = true }));
		for (size_t k = 0; k < text.n; k++)
			text.p[k] = text.p[k] == '"' ? '\'' : text.p[k];
		assert_string_equal(buf_c(&text), walks[i].after);
		arena_release(&a);
	}
}

static void test_a_scalar_on_the_way_fails(void **state)
{
	struct fieldspec spec = { .path = S("a/b/c"), .create = true };
	struct arena a = ARENA_INIT;
	node object;

	(void)state;
	assert_fine(json_read(&a, S("{\"kind\":\"K\",\"a\":[{\"b\":\"text\"}]}"), NULL, &object));
	assert_says(fieldspec_walk(&a, object, &spec, NODE_STR, put_x, NULL),
		    "considering field 'a/b/c' of object K.[noVer].[noGrp]/[noName].[noNs]: visit "
		    "traversal on path: [b c]: expected sequence or mapping node");
	arena_release(&a);
}

static void test_names_without_end_make_no_deep_tree(void **state)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	struct arena a = ARENA_INIT;
	node object = node_map(&a, 1);

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_add(&path, S("a/"));
	struct fieldspec spec = { .path = buf_str(&path), .create = true };

	err_free(fieldspec_walk(&a, object, &spec, NODE_STR, put_x, NULL));
	size_t depth = 0;

	for (node n = object; n.kind == NODE_MAP && node_len(n); n = n.map->pairs[0].value)
		depth++;
	assert_true(depth > 0 && depth <= 256);
	arena_release(&a);
}

static void test_merging_specs(void **state)
{
	struct fieldspec any = { .path = S("a") };
	struct fieldspec narrow = { .gvk = { .kind = S("K") }, .path = S("a") };
	struct fieldspec creates = { .path = S("a"), .create = true };
	struct arena a = ARENA_INIT;
	fieldspecs list = { 0 };

	(void)state;
	assert_fine(fieldspec_merge(&a, &list, any));
	assert_fine(fieldspec_merge(&a, &list, any));
	assert_int_equal(list.n, 1);
	assert_says(fieldspec_merge(&a, &list, creates), "conflicting fieldspecs");
	list.n = 0;
	assert_fine(fieldspec_merge(&a, &list, any));
	assert_fine(fieldspec_merge(&a, &list, narrow));
	assert_int_equal(list.n, 2);
	/* The other way round kustomize sees nothing new. */
	list.n = 0;
	assert_fine(fieldspec_merge(&a, &list, narrow));
	assert_fine(fieldspec_merge(&a, &list, any));
	assert_int_equal(list.n, 1);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walks),
		cmocka_unit_test(test_a_scalar_on_the_way_fails),
		cmocka_unit_test(test_names_without_end_make_no_deep_tree),
		cmocka_unit_test(test_merging_specs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
