#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "server/kind.h"

static const struct kind *find(const char *group, const char *plural)
{
	size_t n;
	const struct kind *const *all = kind_builtins(&n);

	for (size_t i = 0; i < n; i++)
		if (str_eq(all[i]->gvk.group, str_c(group)) && str_eq(all[i]->plural, str_c(plural)))
			return all[i];
	return NULL;
}

static void every_row_is_whole(void **state)
{
	size_t n;
	const struct kind *const *all = kind_builtins(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct kind *k = all[i];

		if (!k->type || !k->plural.n || !k->singular.n || !k->verbs)
			fail_msg("row %zu (%.*s) lacks something", i, STR_ARG(k->plural));
		if ((k->verbs & KIND_LIST) && (!k->columns_n || k->cells_n < k->columns_n))
			fail_msg("%.*s lacks columns or cells", STR_ARG(k->plural));
		for (size_t s = 1; s < k->subresources_n; s++)
			assert_true(str_cmp(k->subresources[s - 1].name, k->subresources[s].name) < 0);
		for (size_t j = 0; j < i; j++)
			if (str_eq(all[j]->plural, k->plural) &&
			    str_eq(all[j]->gvk.version, k->gvk.version))
				assert_false(str_eq(all[j]->gvk.group, k->gvk.group));
	}
}

/* Discovery answers in this order, and clients take the first match. */
static void groups_come_in_the_order_of_discovery(void **state)
{
	size_t n;
	const struct kind *const *all = kind_builtins(&n);
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < n; i++)
		if (!i || !str_eq(all[i]->gvk.group, all[i - 1]->gvk.group) ||
		    !str_eq(all[i]->gvk.version, all[i - 1]->gvk.version))
			buf_addf(&b, "%.*s/%.*s ", STR_ARG(all[i]->gvk.group),
				 STR_ARG(all[i]->gvk.version));
	assert_string_equal(buf_c(&b),
			    "/v1 apiregistration.k8s.io/v1 apps/v1 events.k8s.io/v1 "
			    "authentication.k8s.io/v1 authorization.k8s.io/v1 autoscaling/v2 "
			    "autoscaling/v1 batch/v1 certificates.k8s.io/v1 networking.k8s.io/v1 "
			    "policy/v1 rbac.authorization.k8s.io/v1 storage.k8s.io/v1 "
			    "admissionregistration.k8s.io/v1 apiextensions.k8s.io/v1 "
			    "scheduling.k8s.io/v1 coordination.k8s.io/v1 node.k8s.io/v1 "
			    "discovery.k8s.io/v1 resource.k8s.io/v1 flowcontrol.apiserver.k8s.io/v1 ");
}

static void views_name_the_row_that_is_stored(void **state)
{
	(void)state;
	assert_ptr_equal(find("events.k8s.io", "events")->stored, find("", "events"));
	assert_null(find("", "events")->stored);
	const struct kind *v2 = find("autoscaling", "horizontalpodautoscalers");

	assert_true(str_eq(v2->gvk.version, S("v2")));
	assert_null(v2->stored);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(groups_come_in_the_order_of_discovery),
		cmocka_unit_test(views_name_the_row_that_is_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
