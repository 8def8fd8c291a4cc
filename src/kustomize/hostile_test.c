/* Builds that somebody wrote to do harm: what they must not reach, and what they
 * must not cost. */
#include "kustomize/memory_test.h"

#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "kustomize/flux.h"
#include "value/yaml.h"

#define CONFIGMAP "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

/* ---- out of the root --------------------------------------------------- */

/* Every field that names a file or directory; %s is the way out. */
static const char *const ways_in[] = {
	"resources: ['%s']",
	"components: ['%s']",
	"crds: ['%s']",
	"configurations: ['%s']",
	"generators: ['%s']",
	"transformers: ['%s']",
	"validators: ['%s']",
	"openapi: {path: '%s'}",
	"configMapGenerator: [{name: x, files: ['%s']}]",
	"configMapGenerator: [{name: x, files: ['k=%s']}]",
	"configMapGenerator: [{name: x, envs: ['%s']}]",
	"configMapGenerator: [{name: x, env: '%s'}]",
	"secretGenerator: [{name: x, files: ['%s']}]",
	"secretGenerator: [{name: x, envs: ['%s']}]",
	"patches: [{path: '%s'}]",
	"patchesStrategicMerge: ['%s']",
	"patchesJson6902: [{path: '%s', target: {name: a, kind: ConfigMap, version: v1}}]",
	"replacements: [{path: '%s'}]",
	"transformers:\n- '{apiVersion: builtin, kind: PatchTransformer, metadata: {name: p}, path: \"%s\"}'",
	"transformers:\n- '{apiVersion: builtin, kind: ValueAddTransformer, metadata: {name: p}, value: v, "
	"targetFilePath: \"%s\"}'",
	"generators:\n- '{apiVersion: builtin, kind: SecretGenerator, metadata: {name: p}, files: [\"%s\"]}'",
};

/* A root with links in it, beside a file and a directory that are none of its
 * business: SECRET/secret, and SECRET/dir/kustomization.yaml. */
struct place {
	struct fs *outside, *inside;
};

static struct place make_place(void)
{
	struct place p = { 0 };
	struct arena a = ARENA_INIT;

	assert_fine(fs_open_temp(&p.outside, STR_NONE, S("hostile-")));
	assert_fine(fs_create(p.outside, S("secret"), S("top: secret\n"), 0644));
	assert_fine(fs_mkdir(p.outside, S("dir"), 0755));
	assert_fine(fs_create(p.outside, S("dir/kustomization.yaml"),
			      S("configMapGenerator: [{name: s, literals: [top=secret]}]\n"), 0644));
	assert_fine(fs_mkdir(p.outside, S("root/sub"), 0755));
	assert_fine(fs_create(p.outside, S("root/a.yaml"), S(CONFIGMAP), 0644));
	str root = arena_cat(&a, fs_root(p.outside), S("/root"));

	assert_int_equal(symlink("../secret", arena_cat(&a, root, S("/file-link")).p), 0);
	assert_int_equal(symlink("../dir", arena_cat(&a, root, S("/dir-link")).p), 0);
	assert_int_equal(symlink("/etc", arena_cat(&a, root, S("/etc-link")).p), 0);
	assert_int_equal(symlink(".", arena_cat(&a, root, S("/loop")).p), 0);
	assert_fine(fs_open(&p.inside, root, &(const struct fs_options){ .links = FS_LINKS_INSIDE }));
	arena_release(&a);
	return p;
}

static void drop_place(struct place *p)
{
	fs_drop(&p->inside);
	fs_drop(&p->outside);
}

/* The build as the controller makes it. */
static err *build_confined(struct arena *a, const struct place *p, str text, struct buf *out)
{
	const struct flux_source s = { .root = p->inside };
	struct flux_kfile k;
	struct resmap *m;

	assert_fine(fs_write(p->inside, S("kustomization.yaml"), text, 0644));
	TRY(flux_generate(a, &s, node_map(a, 0), &k));
	TRY(flux_build(a, &s, &k, &m));
	return kustomize_print(a, NULL, m, out);
}

/* The build on the command line, with kustomize's own restriction. */
static err *build_restricted(struct arena *a, const struct place *p, str text, struct buf *out)
{
	const struct kustomize_options o = { .working_dir = fs_root(p->inside) };
	struct resmap *m;

	assert_fine(fs_write(p->inside, S("kustomization.yaml"), text, 0644));
	TRY(kustomize_build(a, &o, fs_root(p->inside), &m));
	return kustomize_print(a, NULL, m, out);
}

static void test_nothing_outside_is_read(void **state)
{
	static const char *const ways_out[] = {
		"../secret", "sub/../../secret", "file-link", "loop/loop/file-link", "etc-link/hostname",
		"/etc/hostname", "$OUTSIDE/secret", "../dir", "dir-link", "dir-link/../secret",
		"../../../../../../../../../etc/hostname",
	};
	struct place p = make_place();

	(void)state;
	for (size_t i = 0; i < N(ways_in) * N(ways_out); i++) {
		CLEANUP(buf_release) struct buf out = BUF_INIT, more = BUF_INIT;
		struct arena a = ARENA_INIT;
		str way = str_c(ways_out[i % N(ways_out)]), text = str_c(ways_in[i / N(ways_out)]);
		size_t at = str_find(text, S("%s"));

		if (str_take_str(&way, S("$OUTSIDE")))
			way = arena_cat(&a, fs_root(p.outside), way);
		text = arena_cat(&a, str_sub(text, 0, at), way, str_from(text, at + 2),
				 str_starts(text, S("resources")) ? S("\n") : S("\nresources: [a.yaml]\n"));
		err *confined = build_confined(&a, &p, text, &out);

		if (!confined || str_has(buf_str(&out), S("secret")))
			fail_msg("not refused: %.*s\n%s", STR_ARG(text), buf_c(&out));
		err_free(confined);
		/* Directories may lie anywhere for whoever builds on the command line. */
		err *restricted = build_restricted(&a, &p, text, &more);

		if (!restricted && !str_has(way, S("dir")))
			fail_msg("not refused: %.*s\n%s", STR_ARG(text), buf_c(&more));
		err_free(restricted);
		arena_release(&a);
	}
	drop_place(&p);
}

static void test_links_that_lead_back_are_cycles(void **state)
{
	struct place p = make_place();
	struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf out = BUF_INIT;

	(void)state;
	assert_says(build_confined(&a, &p, S("resources: [loop]\n"), &out), "cycle detected");
	assert_says(build_restricted(&a, &p, S("components: [loop/loop]\n"), &out), "cycle detected");
	arena_release(&a);
	drop_place(&p);
}

/* ---- texts ------------------------------------------------------------- */

static str laughs(struct arena *a)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, S("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"));
	for (int i = 1; i <= 9; i++) {
		buf_addf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			buf_addf(&b, "%s*a%d", k ? ", " : "", i - 1);
		buf_add(&b, S("]\n"));
	}
	return arena_str(a, buf_str(&b));
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const struct {
	const char *kfile, *file;	/* %s: a billion laughs */
	const char *error;
} laughing[] = {
	{ "resources: [a.yaml]\n", CONFIGMAP "%s", "excessive aliasing" },
	{ "%sresources: [a.yaml]\n", CONFIGMAP, "excessive aliasing" },
	{ "resources: [a.yaml]\npatches: [{path: p.yaml}]\n", CONFIGMAP "%s", "excessive aliasing" },
	{ "resources: [a.yaml]\n", CONFIGMAP "x: &a [*a]\n", "excessive aliasing" },
	{ "x: &a [*a]\nresources: [a.yaml]\n", CONFIGMAP, "anchor 'a' value contains itself" },
	{ "resources: [a.yaml]\n", CONFIGMAP "data: {a: b}\ndata: {a: c}\n",
	  "line 5: mapping key \"data\" already defined at line 4" },
	{ "resources: [a.yaml]\n", CONFIGMAP "data: {a: b, a: c}\n",
	  "line 4: mapping key \"a\" already defined at line 4" },
	{ "resources: [a.yaml]\n", "\xff\xfe", "" },
	{ "resources: [a.yaml]\n", CONFIGMAP "x: \x01\n", "control characters are not allowed" },
};

static str with_laughs(struct arena *a, const char *text)
{
	size_t at = str_find(str_c(text), S("%s"));

	if (at == STR_NPOS)
		return str_c(text);
	return arena_cat(a, str_sub(str_c(text), 0, at), laughs(a), str_from(str_c(text), at + 2));
}

static void test_texts_that_grow(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(laughing); i++) {
		double start = seconds();
		struct bed b;

		bed_init(&b);
		bed_add(&b, "/r/kustomization.yaml", with_laughs(&b.a, laughing[i].kfile));
		bed_add(&b, "/r/a.yaml", with_laughs(&b.a, laughing[i].file));
		bed_add(&b, "/r/p.yaml", with_laughs(&b.a, laughing[i].file));
		if (*laughing[i].error)
			assert_says(bed_build(&b, "/r"), laughing[i].error);
		else
			err_free(bed_build(&b, "/r"));
		assert_true(b.a.high < 10 << 20);
		assert_true(seconds() - start < 5.0);
		bed_release(&b);
	}
}

/* ---- patches and replacements ------------------------------------------ */

static const struct {
	const char *fields, *error;
} refused[] = {
	{ "crds: [crd.json]", "the types have more than 1000000 fields" },
	{ "replacements: [{sourceValue: x, targets: [{select: {kind: X}, fieldPaths: [l.1000000000.y], "
	  "options: {create: true}}]}]",
	  "index 1000000000 specified but only 1 elements found" },
	{ "replacements: [{source: {kind: X, fieldPath: '[a=('}, targets: [{select: {kind: X}}]}]",
	  "is missing for replacement source" },
	{ "replacements: [{sourceValue: x, targets: [{select: {kind: X}, fieldPaths: ['l.[a=(].b']}]}]",
	  "error parsing regexp: missing closing ): `(`" },
	{ "replacements: [{sourceValue: x, targets: [{select: {kind: '('}, fieldPaths: [l]}]}]",
	  "error parsing regexp" },
	{ "patches: [{target: {kind: X}, patch: '[{\"op\": \"add\", \"path\": \"/l/~2/x\", \"value\": 1}]'}]",
	  "add operation does not apply" },
	{ "patches: [{target: {labelSelector: 'a in ('}, patch: '[{\"op\": \"remove\", \"path\": \"/l\"}]'}]",
	  "unable to parse requirement" },
	{ "labels: [{pairs: {a: b}, fields: [{path: 'm//x', create: true}]}]",
	  "cannot set or create an empty field name" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(refused); i++) {
		struct bed b;

		bed_init(&b);
		bed_add(&b, "/r/kustomization.yaml",
			arena_printf(&b.a, "resources: [a.yaml]\n%s\n", refused[i].fields));
		bed_add(&b, "/r/a.yaml", S("apiVersion: v1\nkind: X\nmetadata: {name: a}\nl: [1]\nm: {}\n"));
		bed_add(&b, "/r/crd.json",
			S("{\"x.A\": {\"Schema\": {\"properties\": {\"kind\": {}, \"apiVersion\": {}, "
			  "\"metadata\": {}, \"a\": {\"$ref\": \"x.A\"}, \"b\": {\"$ref\": \"x.A\"}}}}}"));
		assert_says(bed_build(&b, "/r"), refused[i].error);
		bed_release(&b);
	}
}

/* ---- memory ------------------------------------------------------------ */

/* A value that is put into many objects. */
static void test_the_budget_ends_a_build(void **state)
{
	static const char *const fields[] = {
		"patches: [{target: {kind: ConfigMap}, path: p.yaml}]",
		"replacements: [{source: {kind: X, fieldPath: v}, targets: [{select: {kind: ConfigMap}, "
		"fieldPaths: [v], options: {create: true}}]}]",
	};

	(void)state;
	for (size_t i = 0; i < N(fields); i++) {
		CLEANUP(buf_release) struct buf objects = BUF_INIT, value = BUF_INIT;
		struct bed b;

		bed_init(&b);
		buf_add(&value, S("v:\n"));
		for (int k = 0; k < 2000; k++) {
			buf_addf(&objects, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d}\n", k);
			buf_addf(&value, "  k%d: {a: b}\n", k);
		}
		bed_add(&b, "/r/a.yaml", buf_str(&objects));
		str x = arena_cat(&b.a, S("apiVersion: v1\nkind: X\nmetadata: {name: x}\n"),
				  buf_str(&value));

		bed_add(&b, "/r/p.yaml", x);
		bed_add(&b, "/r/kustomization.yaml",
			arena_printf(&b.a, "resources: [a.yaml, p.yaml]\n%s\n", fields[i]));
		b.a.budget = 32 << 20;
		assert_says(bed_build(&b, "/r"), "needs more than 33554432 bytes of memory");
		assert_true(b.a.high < 80 << 20);
		bed_release(&b);
	}
}

/* ---- growth ------------------------------------------------------------ */

/* The same names in many namespaces, each referring to its own. */
static double seconds_for_namespaces(int n)
{
	CLEANUP(buf_release) struct buf text = BUF_LIMIT(64 << 20);
	struct bed b;

	bed_init(&b);
	for (int i = 0; i < n; i++)
		buf_addf(&text,
			 "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: n%d}\n"
			 "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: s, namespace: n%d}\n"
			 "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n"
			 "metadata: {name: b, namespace: n%d}\n"
			 "subjects: [{kind: ServiceAccount, name: s, namespace: n%d}]\n"
			 "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: n%d}\n"
			 "spec: {serviceAccountName: s, volumes: [{name: v, configMap: {name: c}}]}\n",
			 i, i, i, i, i);
	bed_add(&b, "/r/a.yaml", buf_str(&text));
	bed_add(&b, "/r/kustomization.yaml", S("resources: [a.yaml]\nnamePrefix: x-\n"));
	double start = seconds();

	assert_fine(bed_build(&b, "/r"));
	double took = seconds() - start;

	assert_non_null(strstr(buf_c(&b.out), "serviceAccountName: x-s"));
	assert_null(strstr(buf_c(&b.out), "name: c\n"));
	bed_release(&b);
	return took;
}

static void test_names_that_repeat(void **state)
{
	double few, many;

	(void)state;
	seconds_for_namespaces(200);
	few = seconds_for_namespaces(500);
	many = seconds_for_namespaces(10000);
	/* 20 times is linear; a square would be 400 times. */
	if (many > few * 80)
		fail_msg("500 namespaces: %.3f s, 10000: %.3f s", few, many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_outside_is_read),
		cmocka_unit_test(test_links_that_lead_back_are_cycles),
		cmocka_unit_test(test_texts_that_grow),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_the_budget_ends_a_build),
		cmocka_unit_test(test_names_that_repeat),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
