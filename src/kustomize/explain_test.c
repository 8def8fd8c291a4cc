#include "kustomize/memory_test.h"

#include "kustomize/explain.h"

static void add_files(struct bed *b)
{
	bed_add(b, "/w/base/kustomization.yaml", S("resources: [web.yaml]\n"));
	bed_add(b, "/w/base/web.yaml",
		S("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n"
		  "  replicas: 1\n  template:\n    spec:\n      containers:\n      - name: web\n"
		  "        image: nginx\n        args:\n        - a\n        - b\n"
		  "        envFrom:\n        - configMapRef: {name: settings}\n"));
	bed_add(b, "/w/ha/kustomization.yaml",
		S("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
		  "replicas:\n- name: web\n  count: 2\n"));
	bed_add(b, "/w/prod/sidecar.yaml",
		S("- op: add\n  path: /spec/template/spec/containers/0\n  value:\n    name: log\n"
		  "    image: log\n"));
	bed_add(b, "/w/prod/kustomization.yaml",
		S("namePrefix: prod-\n"
		  "resources: [../base]\n"
		  "components: [../ha]\n"
		  "patches:\n"
		  "- patch: |-\n"
		  "    apiVersion: apps/v1\n"
		  "    kind: Deployment\n"
		  "    metadata: {name: web}\n"
		  "    spec:\n"
		  "      replicas: 3\n"
		  "      template: {spec: {containers: [{name: web, args: [b, c]}]}}\n"
		  "- target: {kind: Deployment}\n"
		  "  path: sidecar.yaml\n"
		  "labels:\n"
		  "- pairs:\n"
		  "    env: prod\n"
		  "images:\n"
		  "- name: nginx\n"
		  "  newTag: '2'\n"
		  "configMapGenerator:\n"
		  "- name: settings\n"
		  "  literals:\n"
		  "  - \"text=first\\nsecond\"\n"
		  "  - n=0\n"
		  "replacements:\n"
		  "- source: {kind: Deployment, name: prod-web, fieldPath: spec.replicas}\n"
		  "  targets:\n"
		  "  - select: {kind: ConfigMap}\n"
		  "    fieldPaths: [data.n]\n"));
}

static err *explain(struct bed *b, const char *kind, const char *name, const char *path)
{
	CLEANUP(sources_release) struct sources sources = SOURCES_INIT;
	const struct kustomize_options o = {
		.files = &b->files.files, .working_dir = S("/w"), .version = S("v5.8.3"),
		.sources = &sources, .trail = true,
	};
	const struct explain x = { .sources = &sources, .dir = S("/w") };
	resource_list found;
	struct resmap *m;

	buf_clear(&b->out);
	TRY(kustomize_build(&b->a, &o, S("/w/prod"), &m));
	TRY(explain_find(&b->a, m, str_c(kind), str_c(name), &found));
	assert_int_equal(found.n, 1);
	return explain_print(&x, &b->a, found.p[0], str_c(path), &b->out);
}

static const struct {
	const char *kind, *name, *path;
	const char *want;
} rows[] = {
	{ "deployment", "web", "",
	  "# Deployment prod-web\n"
	  "#   base/web.yaml:1\n"
	  "#   ha/kustomization.yaml:4 (replicas of a component)\n"
	  "#   prod/kustomization.yaml:5 (patches)\n"
	  "#   prod/kustomization.yaml:12 (patches)\n"
	  "#   prod/kustomization.yaml:1 (namePrefix)\n"
	  "#   prod/kustomization.yaml:15 (labels)\n"
	  "#   prod/kustomization.yaml:18 (images)\n"
	  "#   (reference to a name)\n"
	  "apiVersion: apps/v1                         # base/web.yaml:1\n"
	  "kind: Deployment                            # base/web.yaml:2\n"
	  "metadata:\n"
	  "  labels:\n"
	  "    env: prod                               # prod/kustomization.yaml:16 "
	  "(labels)\n"
	  "  name: prod-web                            # base/web.yaml:4 -> "
	  "prod/kustomization.yaml:1 (namePrefix)\n"
	  "spec:\n"
	  "  replicas: 3                               # base/web.yaml:6 -> "
	  "ha/kustomization.yaml:5 (replicas of a component) -> "
	  "prod/kustomization.yaml:10 (patches)\n"
	  "  template:\n"
	  "    spec:\n"
	  "      containers:\n"
	  "      - image: log                          # prod/sidecar.yaml:5 (patches, "
	  "prod/kustomization.yaml:12)\n"
	  "        name: log                           # prod/sidecar.yaml:4 (patches, "
	  "prod/kustomization.yaml:12)\n"
	  "      - args:\n"
	  "        - b                                 # base/web.yaml:13 -> "
	  "prod/kustomization.yaml:11 (patches)\n"
	  "        - c                                 # base/web.yaml:14 -> "
	  "prod/kustomization.yaml:11 (patches)\n"
	  "        envFrom:\n"
	  "        - configMapRef:\n"
	  "            name: prod-settings-2697752hk7  # base/web.yaml:16 -> "
	  "prod/kustomization.yaml:21 (reference to a name)\n"
	  "        image: nginx:2                      # base/web.yaml:11 -> "
	  "prod/kustomization.yaml:19 (images)\n"
	  "        name: web                           # base/web.yaml:10\n" },
	{ "ConfigMap", "settings", "",
	  "# ConfigMap prod-settings-2697752hk7\n"
	  "#   prod/kustomization.yaml:21 (configMapGenerator)\n"
	  "#   prod/kustomization.yaml:1 (namePrefix)\n"
	  "#   prod/kustomization.yaml:15 (labels)\n"
	  "#   prod/kustomization.yaml:26 (replacements)\n"
	  "#   (hash of the contents)\n"
	  "apiVersion: v1                    # prod/kustomization.yaml:21 "
	  "(configMapGenerator)\n"
	  "data:\n"
	  "  \"n\": \"3\"                        # prod/kustomization.yaml:24 "
	  "(configMapGenerator) -> prod/kustomization.yaml:10 (replacements)\n"
	  "  text: |-                        # prod/kustomization.yaml:23 "
	  "(configMapGenerator)\n"
	  "    first\n"
	  "    second\n"
	  "kind: ConfigMap                   # prod/kustomization.yaml:21 "
	  "(configMapGenerator)\n"
	  "metadata:\n"
	  "  labels:\n"
	  "    env: prod                     # prod/kustomization.yaml:16 (labels)\n"
	  "  name: prod-settings-2697752hk7  # prod/kustomization.yaml:21 "
	  "(configMapGenerator) -> prod/kustomization.yaml:1 (namePrefix) -> (hash of "
	  "the contents)\n" },
	{ "Deployment", "prod-web", "spec.replicas",
	  "spec.replicas: 3\n"
	  "  base/web.yaml:6:13: replicas: 1\n"
	  "  replicas of a component: ha/kustomization.yaml:4:3: - name: web\n"
	  "    ha/kustomization.yaml:5:10: count: 2\n"
	  "  patches: prod/kustomization.yaml:5:3: - patch: |-\n"
	  "    prod/kustomization.yaml:10:17: replicas: 3\n" },
	{ "Deployment", "prod-web", "spec.template.spec.containers[0]",
	  "spec.template.spec.containers[0]:\n"
	  "  patches: prod/kustomization.yaml:12:3: - target: {kind: Deployment}\n"
	  "    prod/sidecar.yaml:4:5: name: log\n"
	  "image: log  # prod/sidecar.yaml:5 (patches, prod/kustomization.yaml:12)\n"
	  "name: log   # prod/sidecar.yaml:4 (patches, prod/kustomization.yaml:12)\n" },
	{ "Deployment", "prod-web", "spec.template.spec.containers.[name=web].image",
	  "spec.template.spec.containers.[name=web].image: nginx:2\n"
	  "  base/web.yaml:11:16: image: nginx\n"
	  "  images: prod/kustomization.yaml:18:3: - name: nginx\n"
	  "    prod/kustomization.yaml:19:11: newTag: '2'\n" },
};

static void test_explain(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct bed b;

		bed_init(&b);
		add_files(&b);
		assert_fine(explain(&b, rows[i].kind, rows[i].name, rows[i].path));
		assert_string_equal(buf_c(&b.out), rows[i].want);
		bed_release(&b);
	}
}

static void test_what_is_not_there(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	add_files(&b);
	assert_says(explain(&b, "Service", "web", ""),
		    "the build has no Service/web; it has Deployment/prod-web");
	assert_says(explain(&b, "Service", "x", ""), "the build has no Service/x");
	assert_says(explain(&b, "Deployment", "web", "spec.nope"),
		    "the object has no field \"spec.nope\"");
	bed_release(&b);
}

/* Nobody pays for what nobody asked: no step is recorded. */
static void test_without_trail(void **state)
{
	CLEANUP(sources_release) struct sources sources = SOURCES_INIT;
	struct bed b;

	(void)state;
	bed_init(&b);
	add_files(&b);
	const struct kustomize_options o = {
		.files = &b.files.files, .working_dir = S("/w"), .sources = &sources,
	};
	struct resmap *m;

	assert_fine(kustomize_build(&b.a, &o, S("/w/prod"), &m));
	assert_int_equal(sources.steps.n + sources.makers.n, 0);
	bed_release(&b);
}

/* A list that a patch replaces as a whole has nothing in common with the old. */
static void test_long_lists(void **state)
{
	CLEANUP(buf_release) struct buf one = BUF_INIT, two = BUF_INIT;
	struct bed b;

	(void)state;
	bed_init(&b);
	buf_add(&one, S("apiVersion: x/v1\nkind: X\nmetadata: {name: x}\nlist:\n"));
	buf_add(&two, S("resources: [x.yaml]\npatches:\n- patch: |\n    apiVersion: x/v1\n"
			"    kind: X\n    metadata: {name: x}\n    list:\n"));
	for (int i = 0; i < 100000; i++) {
		buf_addf(&one, "- {a: %d}\n", i);
		buf_addf(&two, "    - {a: %d}\n", i + 1);
	}
	bed_add(&b, "/w/prod/kustomization.yaml", buf_str(&two));
	bed_add(&b, "/w/prod/x.yaml", buf_str(&one));
	assert_fine(explain(&b, "X", "x", "list[99999].a"));
	assert_string_equal(buf_c(&b.out),
			    "list[99999].a: 100000\n"
			    "  patches: prod/kustomization.yaml:3:3: - patch: |\n"
			    "    prod/kustomization.yaml:100007:11: - {a: 100000}\n");
	bed_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_what_is_not_there),
		cmocka_unit_test(test_without_trail),
		cmocka_unit_test(test_long_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
