#include "kustomize/memory_test.h"

#include <time.h>

#define CONFIGMAP "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

struct file {
	const char *path, *text;
};

/* What must fail, and what is said. Targets are /r. */
static const struct {
	struct file files[3];
	const char *error;
} refused[] = {
	{ { { "/r/kustomization.yaml", "resources: [../x.yaml]" }, { "/x.yaml", CONFIGMAP } },
	  "security; file '/x.yaml' is not in or below '/r'" },
	{ { { "/r/kustomization.yaml", "resources: [/x.yaml]" }, { "/x.yaml", CONFIGMAP } },
	  "security; file '/x.yaml' is not in or below '/r'" },
	{ { { "/r/kustomization.yaml", "resources: [/b]" },
	    { "/b/kustomization.yaml", "namePrefix: b-" } },
	  "new root '/b' cannot be absolute" },
	{ { { "/r/kustomization.yaml", "resources: [../b]" },
	    { "/b/kustomization.yaml", "resources: [../r]" } },
	  "cycle detected: candidate root '/r' contains visited root '/r'" },
	{ { { "/r/kustomization.yaml", "resources: [.]" } }, "cycle detected" },
	{ { { "/r/b/kustomization.yaml", "resources: [..]" },
	    { "/r/kustomization.yaml", "resources: [b]" } },
	  "cycle detected: candidate root '/r' contains visited root '/r/b'" },
	{ { { "/r/kustomization.yaml", "namePrefix: a" }, { "/r/Kustomization", "namePrefix: a" } },
	  "Found multiple kustomization files under: /r" },
	{ { { "/r/Kustomization.yaml", "namePrefix: a" } }, "unable to find one of" },
	{ { { "/r/kustomization.YML", "namePrefix: a" } }, "unable to find one of" },
	{ { { "/r/kustomization.yaml", "resources: [a.yaml, a.yaml]" }, { "/r/a.yaml", CONFIGMAP } },
	  "may not add resource with an already registered id: ConfigMap.v1.[noGrp]/a.[noNs]" },
	{ { { "/r/kustomization.yaml", "resources: ['https://example.com/x.yaml']" } },
	  "remote base 'https://example.com/x.yaml' cannot be fetched here" },
	{ { { "/r/kustomization.yaml", "resources: ['github.com/a/b?ref=v1']" } },
	  "remote base 'github.com/a/b?ref=v1' cannot be fetched here" },
	{ { { "/r/kustomization.yaml", "helmCharts: [{name: x}]" } }, "must specify --enable-helm" },
	{ { { "/r/kustomization.yaml", "resources: [a.yaml]\npatches: [{target: {name: '('}, patch: "
				       "'[{\"op\": \"remove\", \"path\": \"/x\"}]'}]" },
	    { "/r/a.yaml", CONFIGMAP } },
	  "error parsing regexp: missing closing ): `^(?:()$`" },
	{ { { "/r/kustomization.yaml", "resources: [a.yaml]\npatches: [{target: {name: a}, patch: "
				       "'[{\"op\": \"remove\", \"path\": \"/metadata/name\"}]'}]" },
	    { "/r/a.yaml", CONFIGMAP } },
	  "missing metadata.name in object {{v1 ConfigMap}" },
	/* Two entries that a wrong indent made one. */
	{ { { "/r/kustomization.yaml", "resources:\n- ../b\n - ../c\n" },
	    { "/b/kustomization.yaml", "namePrefix: b-" } },
	  "path \"../b - ../c\" is ambiguous: resolves to \"../b - ../c\" after normalization, which is "
	  "likely not the intended target; check for YAML indentation errors in your kustomization file" },
	{ { { "/r/kustomization.yaml", "replacements: [{source: {kind: Service}, targets: []}]" } },
	  "replacements must specify a source and at least one target" },
	{ { { "/r/kustomization.yaml", "replacements: [{source: {kind: 1}}]" } },
	  "cannot unmarshal number into Go struct field "
	  "SourceSelector.replacements.Replacement.source.ResId.Gvk.kind of type string" },
	{ { { "/r/kustomization.yaml", "configMapGenerator: [{envs: a}]" } },
	  "ConfigMapArgs.configMapGenerator.GeneratorArgs.KvPairSources.envs of type []string" },
	{ { { "/r/kustomization.yaml", "patchesStrategicMerge: [1]" } },
	  "Kustomization.patchesStrategicMerge of type types.PatchStrategicMerge" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(refused); i++) {
		struct bed b;

		bed_init(&b);
		for (size_t k = 0; k < 3 && refused[i].files[k].path; k++)
			bed_add(&b, refused[i].files[k].path, str_c(refused[i].files[k].text));
		assert_says(bed_build(&b, "/r"), refused[i].error);
		bed_release(&b);
	}
}

static void test_bases_ten_thousand_deep_are_refused(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	for (int i = 0; i < 10000; i++) {
		str path = arena_printf(&b.a, "/b%d/kustomization.yaml", i);

		bed_add(&b, path.p, arena_printf(&b.a, "resources: [../b%d]", i + 1));
	}
	assert_says(bed_build(&b, "/b0"), "bases are nested deeper than");
	bed_release(&b);
}

static void test_deep_objects_are_refused_or_built(void **state)
{
	static const int depths[] = { 100, 900, 9000, 200000 };

	(void)state;
	for (size_t i = 0; i < N(depths); i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;
		struct bed b;

		bed_init(&b);
		buf_add(&text, S(CONFIGMAP "data: "));
		for (int k = 0; k < depths[i]; k++)
			buf_addc(&text, '[');
		for (int k = 0; k < depths[i]; k++)
			buf_addc(&text, ']');
		bed_add(&b, "/r/a.yaml", buf_str(&text));
		bed_add(&b, "/r/kustomization.yaml",
			S("namePrefix: x-\nresources: [a.yaml]\npatches: [{path: a.yaml}]"));
		err *e = bed_build(&b, "/r");

		if (depths[i] < 10000)
			assert_fine(e);
		else
			assert_says(e, "exceeded max depth of 10000");
		bed_release(&b);
	}
}

static void add_objects(struct bed *b, int n)
{
	CLEANUP(buf_release) struct buf text = BUF_LIMIT(64 << 20);

	for (int i = 0; i < n; i++)
		buf_addf(&text, "%sapiVersion: v1\nkind: %s\nmetadata: {name: o-%d}\n%s",
			 i ? "---\n" : "", i % 2 ? "ConfigMap" : "Pod", i,
			 i % 2 ? "" : "spec: {volumes: [{name: v, configMap: {name: o-1}}]}\n");
	bed_add(b, "/r/base/a.yaml", buf_str(&text));
	bed_add(b, "/r/base/kustomization.yaml", S("resources: [a.yaml]"));
	bed_add(b, "/r/kustomization.yaml",
		S("resources: [base]\nnamePrefix: p-\nnamespace: ns\nlabels: [{pairs: {a: b}}]"));
}

static double seconds_of_build(int n)
{
	struct timespec from, to;
	struct bed b;

	bed_init(&b);
	add_objects(&b, n);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	err *e = bed_build(&b, "/r");

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	assert_fine(e);
	bed_release(&b);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static void test_cost_grows_with_the_number_of_objects(void **state)
{
	double few, many;

	(void)state;
	seconds_of_build(1000);
	few = seconds_of_build(2000);
	many = seconds_of_build(40000);
	/* 20 times is linear; a square would be 400 times. */
	if (many > few * 80)
		fail_msg("2000 objects: %.3f s, 40000: %.3f s", few, many);
}

static void test_expressions_do_not_backtrack(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_add(&b, "/r/a.yaml",
		S("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}\n"));
	bed_add(&b, "/r/kustomization.yaml",
		S("resources: [a.yaml]\npatches:\n- target: {name: (a*)*(a*)*(a|aa)+b}\n"
		  "  patch: '[{\"op\": \"remove\", \"path\": \"/kind\"}]'"));
	assert_fine(bed_build(&b, "/r"));
	assert_non_null(strstr(buf_c(&b.out), "kind: ConfigMap"));
	bed_release(&b);
}

static void test_large_generators(void **state)
{
	enum { KEYS = 20000 };
	CLEANUP(buf_release) struct buf env = BUF_INIT;
	struct bed b;

	(void)state;
	bed_init(&b);
	for (int i = 0; i < KEYS; i++)
		buf_addf(&env, "K%d=value\n", i);
	bed_add(&b, "/r/env", buf_str(&env));
	bed_add(&b, "/r/kustomization.yaml", S("configMapGenerator: [{name: big, envs: [env]}]"));
	assert_fine(bed_build(&b, "/r"));
	assert_non_null(strstr(buf_c(&b.out), "K19999: value"));
	bed_release(&b);
}

/* No patch can make lists longer than itself. */
static void test_indexes_far_behind_a_list_are_refused(void **state)
{
	static const char *const paths[] = { "/l/2000000000", "/l/99999999999999999999", "/l/-2147483649",
					     "/l/3" };

	(void)state;
	for (size_t i = 0; i < N(paths); i++) {
		struct bed b;

		bed_init(&b);
		bed_add(&b, "/r/a.yaml", S(CONFIGMAP "l: [1, 2]\n"));
		str text = arena_printf(&b.a,
					"resources: [a.yaml]\npatches: [{target: {kind: ConfigMap}, "
					"patch: '[{op: add, path: %s, value: 1}]'}]",
					paths[i]);

		bed_add(&b, "/r/kustomization.yaml", text);
		assert_says(bed_build(&b, "/r"), "");
		bed_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bases_ten_thousand_deep_are_refused),
		cmocka_unit_test(test_deep_objects_are_refused_or_built),
		cmocka_unit_test(test_cost_grows_with_the_number_of_objects),
		cmocka_unit_test(test_expressions_do_not_backtrack),
		cmocka_unit_test(test_large_generators),
		cmocka_unit_test(test_indexes_far_behind_a_list_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
