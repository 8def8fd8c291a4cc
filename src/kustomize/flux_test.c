/* Directories as Flux builds them: what is generated, merged, refused. */
#include "kustomize/disk_test.h"

#include "kustomize/flux.h"

#define HEAD "apiVersion: kustomize.config.k8s.io/v1beta1\n"
#define CM(name) "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " name "\n"

static struct arena a;

struct sample {
	const char *does;
	struct file files[5];
	const char *spec;	/* flow YAML */
	const char *dir;
	const char *ignore;	/* NULL: without filter */
	const char *kfile, *built, *error;	/* those that are not NULL are compared */
};

static const struct sample samples[] = {
	{
		.does = "lists manifests in byte order and sub-kustomizations as folders",
		.files = { { "b.yaml", CM("b") }, { "a/x.yml", CM("x") }, { "notes.txt", "x" },
			   { "sub/kustomization.yml", "resources: [z.yaml]" }, { "sub/z.yaml", CM("z") } },
		.kfile = HEAD "kind: Kustomization\nresources:\n- ./a/x.yml\n- ./b.yaml\n- ./sub\n",
		.built = CM("x") "---\n" CM("b") "---\n" CM("z"),
	},
	{
		.does = "an empty directory gets a placeholder",
		.kfile = HEAD "kind: Kustomization\nnamespace: _placeholder\n",
		.built = "",
	},
	{
		.does = "a file that is no manifest stops the build",
		.files = { { "a.yaml", "foo: [" } },
		.error = "failed to decode Kubernetes YAML from $ROOT/a.yaml: MalformedYAMLError: yaml: line "
			 "1: did not find expected node content",
	},
	{
		.does = "unknown fields of the root's file are dropped",
		.files = { { "kustomization.yaml", "foo: bar\nresources: [a.yaml]" }, { "a.yaml", CM("a") } },
		.kfile = HEAD "kind: Kustomization\nresources:\n- a.yaml\n",
		.built = CM("a"),
	},
	{
		.does = "a field of the root's file that is of another kind",
		.files = { { "kustomization.yaml", "resources: a.yaml" }, { "a.yaml", CM("a") } },
		.error = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go "
			 "struct field Kustomization.resources of type []string",
	},
	{
		.does = "names are set, a prefix may be empty",
		.files = { { "kustomization.yaml", "namePrefix: x-\nresources: [a.yaml]" },
			   { "a.yaml", CM("a") } },
		.spec = "{targetNamespace: apps, namePrefix: '', nameSuffix: -1}",
		.error = ".spec.nameSuffix accessor error: -1 is of the type int64, expected string",
	},
	{
		.does = "a new tag drops an old digest",
		.files = { { "kustomization.yaml", "resources: [a.yaml]\nimages: [{name: i, newName: m, "
						   "digest: 'sha256:1'}]" },
			   { "a.yaml", CM("a") } },
		.spec = "{images: [{name: i, newTag: v2}, {name: o, newTag: v3}]}",
		.kfile = HEAD "images:\n- name: i\n  newName: m\n  newTag: v2\n- name: o\n  newTag: v3\n"
			 "kind: Kustomization\nresources:\n- a.yaml\n",
	},
	{
		.does = "patches of all three kinds",
		.files = { { "a.yaml", CM("a") } },
		.spec = "{patches: [{patch: '[]', target: {kind: Secret}}], patchesStrategicMerge: [{b: 1, a: "
			"'<'}], patchesJson6902: [{target: {name: a}, patch: [{path: /x, op: add, value: {c: 1, "
			"b: 2}}]}]}",
		.kfile = HEAD "kind: Kustomization\npatches:\n- patch: '[]'\n  target:\n    kind: Secret\n"
			 "patchesJson6902:\n- patch: '[{\"op\":\"add\",\"path\":\"/x\",\"value\":{\"b\":2,"
			 "\"c\":1}}]'\n  target:\n    name: a\npatchesStrategicMerge:\n"
			 "- '{\"a\":\"\\u003c\",\"b\":1}'\nresources:\n- ./a.yaml\n",
	},
	{
		.does = "components must be local",
		.files = { { "a.yaml", CM("a") } },
		.spec = "{components: ['HTTPS://x/y']}",
		.error = "component path 'HTTPS://x/y' must be local and relative",
	},
	{
		.does = "missing components may be passed over",
		.files = { { "a.yaml", CM("a") } },
		.spec = "{components: [../c], ignoreMissingComponents: true}",
		.kfile = HEAD "kind: Kustomization\nresources:\n- ./a.yaml\n",
	},
	{
		.does = "files outside of the artifact are out of reach",
		.files = { { "sub/kustomization.yaml", "configMapGenerator: [{name: a, files: "
						       "[x=/etc/hostname]}]" } },
		.dir = "sub",
		.error = "loading KV pairs: file sources: [x=/etc/hostname]: fs-security-constraint read "
			 "/etc/hostname: path '/etc/hostname' is not in or below '$ROOT'",
	},
	{
		.does = "but those beside the directory are not",
		.files = { { "sub/kustomization.yaml", "resources: [../a.yaml]" }, { "a.yaml", CM("a") } },
		.dir = "sub",
		.built = CM("a"),
	},
	{
		.does = "ignored files are left out, of lists that exist, too",
		.files = { { "kustomization.yaml", "resources: [a.yaml, b.yaml, c/d.yaml]" },
			   { "a.yaml", CM("a") }, { "b.yaml", CM("b") }, { "c/d.yaml", CM("d") },
			   { "c/.sourceignore", "d.yaml\n" } },
		.ignore = "b.yaml",
		.built = CM("a"),
	},
	{
		.does = "a name with commas ends the build as it ends kustomize",
		.files = { { "kustomization.yaml", "namespace: x\nnamePrefix: y\nresources: [a.yaml]" },
			   { "a.yaml", CM("'a,b'") } },
		.error = "recovered from kustomize build panic: number of previous names, number of previous "
			 "namespaces, number of previous kinds not equal",
	},
};

static void is(const struct sample *s, const char *what, str want, str got)
{
	if (!str_eq(want, got))
		fail_msg("%s: %s\n--- want\n%.*s\n--- got\n%.*s", s->does, what, STR_ARG(want),
			 STR_ARG(got));
}

static node object(const char *spec)
{
	node n = node_map(&a, 1), value;

	need(yaml_read(&a, str_c(spec ? spec : "{}"), YAML_KUBE, &value));
	node_set(&a, n, S("spec"), value);
	return n;
}

static err *build(const struct sample *s, const struct fs *root, str *kfile, struct buf *built)
{
	struct flux_source source = {
		.root = root, .dir = str_c(s->dir ? s->dir : ""), .filter = s->ignore,
		.ignore = str_c(s->ignore ? s->ignore : ""),
	};
	struct flux_kfile k;
	struct resmap *m;

	TRY(flux_generate(&a, &source, object(s->spec), &k));
	*kfile = k.text;
	if (!s->built && !s->error)
		return NULL;
	TRY(flux_build(&a, &source, &k, &m));
	return kustomize_print(&a, NULL, m, built);
}

static void check(const struct sample *s)
{
	CLEANUP(disk_release) struct disk d = disk_of(s->files, N(s->files));
	CLEANUP(buf_release) struct buf built = BUF_INIT;
	str kfile;
	CLEANUP(err_drop) err *e = build(s, d.root, &kfile, &built);

	if (s->error || e)
		is(s, "error", s->error ? disk_text(&a, &d, s->error) : STR_NONE,
		   e ? err_text(e) : STR_NONE);
	if (s->kfile)
		is(s, "file", str_c(s->kfile), kfile);
	if (s->built)
		is(s, "build", str_c(s->built), buf_str(&built));
}

static void builds_as_flux_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		check(&samples[i]);
		arena_release(&a);
	}
}

/* ---- variables --------------------------------------------------------- */

static struct resource *resource(const char *text)
{
	const struct yaml_options o = { .rules = YAML_1_2, .numbers = YAML_NUMBERS_TEXT };
	node n;

	need(yaml_read(&a, str_c(text), &o, &n));
	return resource_new(&a, n);
}

static const struct {
	const char *vars, *object, *want;	/* error: without a line feed at its end */
	bool strict, always;
} substitutions[] = {
	{ "{A: '3', B: \"x\\ny\"}", "a: ${A}\nb: '${B}-${C:=d}'\n", "a: 3\nb: xy-d\n", 0, 0 },
	{ "{}", "a: ${A:=1}\n", "a: ${A:=1}\n", 0, 0 },
	{ "{}", "a: ${A:=1}\n", "a: 1\n", 0, true },
	{ "{A: b}", "a: ${B}\n", "envsubst error: variable substitution failed: variable not set (strict "
				 "mode): \"B\"; set it in spec.postBuild, give a default: "
				 "${B:=value}, or keep it as it is: $${B} in the text, or for the whole "
				 "object the annotation kustomize.toolkit.fluxcd.io/substitute: disabled",
	  true, 0 },
	{ "{1A: b}", "a: b\n", "envsubst error: '1A' var name is invalid, must match "
			       "'^[_[:alpha:]][_[:alpha:][:digit:]]*$'", 0, 0 },
	{ "{A: 'b: c'}", "a: ${A}\n", "envsubst error: YAMLToJSON: yaml: mapping values are not allowed in "
				      "this context", 0, 0 },
	{ "{A: '12345678901234567890'}", "a: ${A}\n", "a: 12345678901234567000\n", 0, 0 },
	{ "{A: b}", "metadata:\n  labels:\n    kustomize.toolkit.fluxcd.io/substitute: disabled\nx: ${A}\n",
	  "metadata:\n  labels:\n    kustomize.toolkit.fluxcd.io/substitute: disabled\nx: ${A}\n", 0, 0 },
};

static str substituted(size_t i, struct buf *out)
{
	CLEANUP(map_release) struct map vars = MAP_INIT;
	struct flux_substitution s = { .vars = &vars, .strict = substitutions[i].strict,
				       .always = substitutions[i].always };
	struct resource *r = resource(substitutions[i].object);
	struct resmap *m = resmap_new(&a);
	node spec = node_map(&a, 1), build = node_map(&a, 1), list;

	need(yaml_read(&a, str_c(substitutions[i].vars), YAML_KUBE, &list));
	node_set(&a, build, S("substitute"), list);
	node_set(&a, spec, S("postBuild"), build);
	node all = node_map(&a, 1);

	node_set(&a, all, S("spec"), spec);
	need(flux_inline_vars(&a, all, &vars));
	CLEANUP(err_drop) err *e = flux_substitute(&a, &s, r);

	if (e) {
		buf_add(out, err_text(e));
		return buf_str(out);
	}
	need(resmap_append(m, r));
	need(kustomize_print(&a, NULL, m, out));
	return buf_str(out);
}

static void variables_are_replaced_in_the_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof substitutions / sizeof *substitutions; i++) {
		CLEANUP(buf_release) struct buf out = BUF_INIT;

		assert_string_equal(substituted(i, &out).p, substitutions[i].want);
		arena_release(&a);
	}
}

static void all_unset_variables_are_told_with_their_lines(void **state)
{
	CLEANUP(sources_release) struct sources sources = SOURCES_INIT;
	CLEANUP(map_release) struct map vars = MAP_INIT;
	struct flux_substitution s = { .vars = &vars, .strict = true, .always = true,
				       .sources = &sources };
	const struct yaml_options o = { .rules = YAML_1_2, .numbers = YAML_NUMBERS_TEXT,
					.sources = &sources, .name = S("a.yaml") };
	node n;

	(void)state;
	need(yaml_read(&a, S("kind: A\nz:\n- ${BC:-d}\n- x-${B}\nb: ${C}${B}\n"), &o, &n));
	CLEANUP(err_drop) err *e = flux_substitute(&a, &s, resource_new(&a, n));

	assert_non_null(e);
	assert_string_equal(err_msg(e), "envsubst error: variable substitution failed: variable not set "
					"(strict mode): \"C\", \"B\" (C at a.yaml:5:4, B at a.yaml:4:3); set "
					"it in spec.postBuild, give a default: ${C:=value}, or "
				"keep it as it is: $${C} in the text, or for the whole object the annotation "
				"kustomize.toolkit.fluxcd.io/substitute: disabled");
	assert_int_equal(err_position(e).line, 5);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_as_flux_does),
		cmocka_unit_test(variables_are_replaced_in_the_text),
		cmocka_unit_test(all_unset_variables_are_told_with_their_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
