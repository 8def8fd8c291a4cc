#include "kustomize/memory_test.h"

#include "kustomize/resmap.h"

static struct resource *configmap(struct arena *a, str name, str ns)
{
	node object = node_map(a, 3), metadata = node_map(a, 2);

	node_set(a, object, S("apiVersion"), node_lit("v1"));
	node_set(a, object, S("kind"), node_lit("ConfigMap"));
	node_set(a, object, S("metadata"), metadata);
	node_set(a, metadata, S("name"), node_from_str(a, name));
	if (ns.n)
		node_set(a, metadata, S("namespace"), node_from_str(a, ns));
	return resource_new(a, object);
}

static void test_no_namespace_is_the_default_one(void **state)
{
	struct arena a = ARENA_INIT;
	struct resmap *m = resmap_new(&a);

	(void)state;
	assert_fine(resmap_append(m, configmap(&a, S("x"), STR_NONE)));
	assert_fine(resmap_append(m, configmap(&a, S("x"), S("other"))));
	assert_says(resmap_append(m, configmap(&a, S("x"), S("default"))),
		    "may not add resource with an already registered id: "
		    "ConfigMap.v1.[noGrp]/x.default");
	arena_release(&a);
}

static void test_former_names_are_found(void **state)
{
	struct arena a = ARENA_INIT;
	struct resmap *m = resmap_new(&a);
	struct resource *r = configmap(&a, S("old"), STR_NONE);

	(void)state;
	assert_fine(resmap_append(m, r));
	struct resid id = resource_id(r);

	resource_remember(&a, r);
	resource_set_name(&a, r, S("new"));
	resmap_touch(m);
	assert_int_equal(resmap_by_id(m, id).n, 0);
	assert_int_equal(resmap_by_any_id(m, id).n, 1);
	assert_int_equal(resmap_by_name(m, S("old")).n, 1);
	assert_int_equal(resmap_by_name(m, S("new")).n, 1);
	assert_int_equal(resmap_by_name(m, S("never")).n, 0);
	arena_release(&a);
}

/* Tables grow while they are in use; the order of the list stays. */
static void test_many_of_one_name(void **state)
{
	enum { COUNT = 5000 };
	struct arena a = ARENA_INIT;
	struct resmap *m = resmap_new(&a);

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		assert_fine(resmap_append(m, configmap(&a, S("x"), arena_printf(&a, "ns-%d", i))));
		if (i == 3)
			assert_int_equal(resmap_by_name(m, S("x")).n, 4);
	}
	resource_list found = resmap_by_name(m, S("x"));

	assert_int_equal(found.n, COUNT);
	for (size_t i = 0; i < COUNT; i++)
		assert_ptr_equal(found.p[i], m->list[i]);
	m->list[7]->gone = true;
	resmap_sweep(m);
	assert_int_equal(m->n, COUNT - 1);
	assert_int_equal(resmap_by_name(m, S("x")).n, COUNT - 1);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_namespace_is_the_default_one),
		cmocka_unit_test(test_former_names_are_found),
		cmocka_unit_test(test_many_of_one_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
