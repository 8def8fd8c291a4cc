#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kube/builtin.h"

static const struct type *below(const char *api_version, const char *kind, const char *const *path)
{
	const struct type *t = builtin_type(gvk_parse(str_c(api_version), str_c(kind)));

	for (; t && *path; path++)
		t = **path == '*' ? t->items : type_below(t, str_c(*path));
	return t;
}

#define AT(api_version, kind, ...) below(api_version, kind, (const char *const[]){ __VA_ARGS__, NULL })

static void test_order(void **state)
{
	size_t n;
	const struct type *t = builtin_definitions(&n);

	(void)state;
	assert_true(n > 500);
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(builtin_named(t[i].name), &t[i]);
		for (size_t k = 0; k < t[i].fields_n; k++)
			assert_ptr_equal(type_field(&t[i], t[i].fields[k].name), &t[i].fields[k]);
	}
	assert_null(builtin_named(S("io.k8s.api.core.v1.Po")));
}

static void test_kinds(void **state)
{
	size_t n;
	const struct builtin_kind *k = builtin_kinds(&n);

	(void)state;
	assert_true(n > 200);
	for (size_t i = 0; i < n; i++)
		assert_ptr_equal(builtin_type(k[i].gvk), k[i].type);
	assert_null(builtin_type(gvk_parse(S("v1"), S("Nothing"))));
	assert_null(builtin_type(gvk_parse(S("example.com/v1"), S("Pod"))));
}

static void test_lists(void **state)
{
	const struct type *t = AT("v1", "Pod", "spec", "containers", "*", "ports");

	(void)state;
	assert_int_equal(t->kind, TYPE_LIST);
	assert_int_equal(t->list, TYPE_LIST_MAP);
	assert_int_equal(t->keys_n, 2);
	assert_true(str_eq(t->keys[0], S("containerPort")) && str_eq(t->keys[1], S("protocol")));
	assert_true(str_eq(node_str(type_field(t->items, S("protocol"))->fallback), S("TCP")));
	assert_int_equal(AT("v1", "Pod", "spec", "tolerations")->list, TYPE_LIST_ATOMIC);
	assert_int_equal(AT("v1", "Pod", "metadata", "finalizers")->list, TYPE_LIST_SET);
	assert_true(AT("v1", "Pod", "metadata")->metadata);
}

static void test_atomic(void **state)
{
	(void)state;
	assert_true(AT("v1", "Service", "spec", "selector")->atomic);
	assert_false(AT("v1", "ConfigMap", "data")->atomic);
	assert_true(AT("v1", "Event", "involvedObject")->atomic);
	/* The same struct, declared otherwise at one place. */
	assert_false(AT("v1", "PersistentVolume", "spec", "claimRef")->atomic);
	assert_true(str_eq(AT("v1", "PersistentVolume", "spec", "claimRef")->name,
			   S("io.k8s.api.core.v1.ObjectReference")));
}

static void test_scalars(void **state)
{
	(void)state;
	assert_int_equal(AT("v1", "Secret", "data")->values->kind, TYPE_BYTES);
	assert_int_equal(AT("v1", "Pod", "metadata", "creationTimestamp")->kind, TYPE_TIME);
	assert_int_equal(AT("coordination.k8s.io/v1", "Lease", "spec", "renewTime")->kind,
			 TYPE_MICRO_TIME);
	assert_int_equal(AT("v1", "ResourceQuota", "spec", "hard")->values->kind, TYPE_QUANTITY);
	assert_int_equal(AT("v1", "Service", "spec", "ports", "*", "targetPort")->kind,
			 TYPE_INT_OR_STRING);
	assert_true(str_eq(AT("apps/v1", "Deployment", "spec", "replicas")->format, S("int32")));
	assert_true(str_eq(AT("v1", "Service", "spec", "type")->go, S("v1.ServiceType")));
	assert_int_equal(AT("v1", "Service", "spec", "type")->choices_n, 4);
}

static void test_fields(void **state)
{
	const struct type *deployment = AT("apps/v1", "Deployment", "spec");
	const struct type_field *f = type_field(deployment, S("replicas"));

	(void)state;
	assert_int_equal(f->go, TYPE_GO_POINTER | TYPE_GO_OMIT_EMPTY);
	f = type_field(deployment, S("strategy"));
	assert_int_equal(f->patch, TYPE_PATCH_RETAIN_KEYS);
	assert_true(node_is(f->fallback, NODE_MAP));
	assert_int_equal(node_len(f->fallback), 0);
	f = type_field(deployment, S("template"));
	assert_true(f->required);
	assert_int_equal(f->go, 0);
	f = type_field(AT("v1", "Pod", "spec"), S("volumes"));
	assert_int_equal(f->patch, TYPE_PATCH_MERGE | TYPE_PATCH_RETAIN_KEYS);
	assert_true(str_eq(f->patch_key, S("name")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_lists),	cmocka_unit_test(test_atomic),
		cmocka_unit_test(test_scalars),	cmocka_unit_test(test_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
