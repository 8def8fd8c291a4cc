#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kube/lifecycle.h"

static const struct row {
	str api_version, kind;
	struct lifecycle_release now;
	const char *want; /* NULL: not deprecated */
} rows[] = {
	{ S("apps/v1"), S("Deployment"), { 1, 99 }, NULL },
	{ S("apps/v1beta1"), S("Deployment"), { 1, 7 }, NULL },
	{ S("apps/v1beta1"), S("Deployment"), { 1, 8 },
	  "apps/v1beta1 Deployment is deprecated in v1.8+, unavailable in v1.16+; use apps/v1 Deployment" },
	{ S("v1"), S("ComponentStatus"), { 2, 0 }, "v1 ComponentStatus is deprecated in v1.19+" },
	{ S("admissionregistration.k8s.io/v1alpha1"), S("MutatingAdmissionPolicy"), { 0, 0 },
	  "admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicy is deprecated in v1.35+, unavailable in v1.38+" },
	{ S(""), S(""), { 1, 37 }, NULL },
	{ S("extensions/v1beta1"), S("ingress"), { 1, 37 }, NULL },
};

static void test_deprecated_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		const struct lifecycle *l = lifecycle_find(rows[i].api_version, rows[i].kind);
		bool is = l && lifecycle_is_deprecated(l, rows[i].now);

		assert_int_equal(is, rows[i].want != NULL);
		if (!is)
			continue;
		lifecycle_warn(&b, l);
		assert_string_equal(buf_c(&b), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_deprecated_kinds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
