#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kube/gvk.h"

static const struct {
	const char *api_version, *kind, *text, *sortable;
	bool cluster;
} kinds[] = {
	{ "apps/v1", "Deployment", "Deployment.v1.apps", "apps_v1_Deployment", false },
	{ "v1", "Namespace", "Namespace.v1.[noGrp]", "~G_v1_Namespace", true },
	{ "example.com/v1", "Namespace", "Namespace.v1.example.com", "example.com_v1_Namespace", false },
	{ "", "", "[noKind].[noVer].[noGrp]", "~G_~V_~K", false },
	{ "rbac.authorization.k8s.io/v1beta1", "ClusterRole",
	  "ClusterRole.v1beta1.rbac.authorization.k8s.io",
	  "rbac.authorization.k8s.io_v1beta1_ClusterRole", true },
};

static void test_prints_and_scopes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT, sortable = BUF_INIT;
		struct arena a = ARENA_INIT;
		struct gvk g = gvk_parse(str_c(kinds[i].api_version), str_c(kinds[i].kind));

		gvk_print(&text, g);
		gvk_print_sortable(&sortable, g);
		assert_string_equal(buf_c(&text), kinds[i].text);
		assert_string_equal(buf_c(&sortable), kinds[i].sortable);
		assert_int_equal(gvk_is_cluster_scoped(g), kinds[i].cluster);
		assert_true(str_eq(gvk_api_version(&a, g), str_c(kinds[i].api_version)));
		arena_release(&a);
	}
}

static void test_selects(void **state)
{
	struct gvk g = gvk_parse(S("apps/v1"), S("Deployment"));

	(void)state;
	assert_true(gvk_selected(g, (struct gvk){ 0 }));
	assert_true(gvk_selected(g, (struct gvk){ .kind = S("Deployment") }));
	assert_false(gvk_selected(g, (struct gvk){ .group = S("batch") }));
	assert_true(gvk_eq(g, g));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prints_and_scopes),
		cmocka_unit_test(test_selects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
