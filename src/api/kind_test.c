#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/kind.h"
#include "base/buf.h"
#include "value/json.h"

static node version_schema(node crd, const char *name)
{
	node_each_item(v, node_dig(crd, "spec", "versions"))
		if (str_eq(node_str(node_get(*v, S("name"))), str_c(name)))
			return node_dig(*v, "schema", "openAPIV3Schema", "properties");
	return NODE_NOTHING;
}

static bool lists(node list, str name)
{
	node_each_item(i, list)
		if (str_eq(node_str(*i), name))
			return true;
	return false;
}

static const struct api_kind *kustomization(void)
{
	return api_kind_find(S("kustomize.toolkit.fluxcd.io"), S("Kustomization"));
}

static void test_every_kind_has_one_newest_version_and_a_whole_table(void **state)
{
	size_t n;
	const struct api_kind *k = api_kinds(&n);

	(void)state;
	assert_int_equal(n, 15);
	for (size_t i = 0; i < n; i++) {
		size_t newest = 0;
		uint16_t all = (uint16_t)((1u << k[i].versions_n) - 1);

		assert_ptr_equal(api_kind_find(k[i].group, k[i].kind), &k[i]);
		for (size_t v = 0; v < k[i].versions_n; v++)
			newest += k[i].versions[v].newest;
		assert_int_equal(newest, 1);
		assert_true(api_kind_newest(&k[i])->newest);
		for (size_t f = 0; f < k[i].fields_n; f++) {
			const struct api_field *field = &k[i].fields[f];

			assert_true(field->in && !(field->in & ~all));
			assert_false(field->required & ~field->in);
			assert_true(field->depth == 0 || field->depth <= field[-1].depth + 1);
		}
	}
	assert_null(api_kind_find(S("apps"), S("Kustomization")));
}

static void test_old_versions_are_served_with_a_warning(void **state)
{
	const struct api_version *v = api_kind_version(kustomization(), S("v1beta1"));

	(void)state;
	assert_non_null(v);
	assert_true(str_eq(v->warning, S("v1beta1 Kustomization is deprecated, upgrade to v1")));
	assert_false(v->newest);
	assert_null(api_kind_version(kustomization(), S("v1alpha1")));
}

static void test_limits_hold_in_their_own_version_only(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node crd = api_kind_crd(&a, kustomization(), NODE_NOTHING);
	node old = node_dig(version_schema(crd, "v1beta1"), "spec", "properties");
	node new = node_dig(version_schema(crd, "v1"), "spec", "properties");

	(void)state;
	assert_int_equal(node_len(node_dig(old, "validation", "enum")), 3);
	assert_true(node_is(node_get(new, S("validation")), NODE_MAP));
	assert_false(node_has(node_get(new, S("validation")), S("enum")));
	assert_true(node_has(old, S("deletionPolicy")));
	assert_false(node_has(node_get(old, S("deletionPolicy")), S("enum")));
	assert_true(lists(node_dig(version_schema(crd, "v1"), "spec", "required"), S("prune")));
}

static void test_a_release_keeps_its_values_whatever_they_are(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct api_kind *k = api_kind_find(S("helm.toolkit.fluxcd.io"), S("HelmRelease"));
	node crd = api_kind_crd(&a, k, NODE_NOTHING);
	node values = node_dig(version_schema(crd, "v2beta1"), "spec", "properties", "values");

	(void)state;
	assert_true(node_bool(node_get(values, S("x-kubernetes-preserve-unknown-fields"))));
	assert_false(node_has(values, S("type")));
	assert_true(str_eq(node_str(node_dig(crd, "metadata", "name")),
			   S("helmreleases.helm.toolkit.fluxcd.io")));
	assert_true(str_eq(node_str(node_dig(crd, "spec", "names", "listKind")),
			   S("HelmReleaseList")));
}

static void test_definitions_are_no_text_with_variables(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct api_kind *policy =
		api_kind_find(S("image.toolkit.fluxcd.io"), S("ImagePolicy"));
	node marked = api_kind_crd(&a, kustomization(), NODE_NOTHING);

	(void)state;
	assert_true(str_eq(node_str(node_dig(marked, "metadata", "annotations",
					     "kustomize.toolkit.fluxcd.io/substitute")),
			   S("disabled")));
	assert_true(node_is_nil(node_dig(api_kind_crd(&a, policy, NODE_NOTHING), "metadata",
					 "annotations")));
}

static void test_a_spec_is_printed_as_go_prints_it(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node spec = node_map(&a, 5), out;

	(void)state;
	node_set(&a, spec, S("prune"), node_from_bool(false));
	node_set(&a, spec, S("force"), node_from_bool(false));
	node_set(&a, spec, S("interval"), node_lit("90s"));
	node_set(&a, spec, S("validation"), node_lit("server"));
	node_set(&a, spec, S("bogus"), node_lit("x"));
	out = api_kind_canonical(&a, kustomization(), spec);
	assert_true(node_has(out, S("prune")) && !node_has(out, S("force")));
	assert_true(str_eq(node_str(node_get(out, S("interval"))), S("1m30s")));
	assert_false(node_has(out, S("bogus")));
}

/* The digest of this text is in the status of every release that Flux looked after. */
static void test_post_renderers_are_in_the_order_of_go(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node spec;

	(void)state;
	assert_null(json_read(&a, S("{\"postRenderers\":[{\"kustomize\":{\"images\":[{\"digest\":\"sha256:ab\","
				    "\"name\":\"a\"},{\"name\":\"b\",\"newTag\":\"1\",\"newName\":\"c\"}],"
				    "\"patches\":[{\"target\":{\"version\":\"v1\",\"namespace\":\"n\",\"name\":\"x\","
				    "\"labelSelector\":\"a=b\",\"kind\":\"K\",\"group\":\"g\","
				    "\"annotationSelector\":\"c=d\"},\"patch\":\"p\"}]}}]}"),
			      NULL, &spec));
	spec = api_kind_canonical(&a, api_kind_find(S("helm.toolkit.fluxcd.io"), S("HelmRelease")), spec);
	assert_null(json_write(&b, spec, &(struct json_style){ .source_order = true }));
	assert_string_equal(buf_c(&b),
			    "{\"postRenderers\":[{\"kustomize\":{\"patches\":[{\"patch\":\"p\",\"target\":{"
			    "\"group\":\"g\",\"version\":\"v1\",\"kind\":\"K\",\"namespace\":\"n\",\"name\":\"x\","
			    "\"annotationSelector\":\"c=d\",\"labelSelector\":\"a=b\"}}],\"images\":[{\"name\":\"a\","
			    "\"digest\":\"sha256:ab\"},{\"name\":\"b\",\"newName\":\"c\",\"newTag\":\"1\"}]}}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_has_one_newest_version_and_a_whole_table),
		cmocka_unit_test(test_old_versions_are_served_with_a_warning),
		cmocka_unit_test(test_limits_hold_in_their_own_version_only),
		cmocka_unit_test(test_a_release_keeps_its_values_whatever_they_are),
		cmocka_unit_test(test_definitions_are_no_text_with_variables),
		cmocka_unit_test(test_a_spec_is_printed_as_go_prints_it),
		cmocka_unit_test(test_post_renderers_are_in_the_order_of_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
