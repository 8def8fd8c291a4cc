/* From the kustomization file to the manifests: decryption, variables, and what
 * is added at last. */
#include "kustomize/disk_test.h"

#include "kustomize/flux.h"
#include "text/base64.h"

#define CM(name) "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " name "\n"

static struct arena a;

/* ---- what comes from outside ------------------------------------------- */

/* "Decrypts" a text by putting it in angle brackets with its formats, and fails
 * at the one that says so. */
static err *bracket(struct flux_decryptor *d, struct arena *to, str bytes, enum flux_format in,
		    enum flux_format out, str *plain)
{
	static const char *const names[] = { "binary", "dotenv", "ini", "json", "yaml" };

	(void)d;
	if (str_has(bytes, S("no-key")))
		return err_new(ERR_INVALID, "cannot get sops data key: no key");
	if (in == FLUX_JSON && out == FLUX_JSON)
		*plain = S("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},"
			   "\"data\":{\"k\":\"cGxhaW4=\"}}");
	else if (out == FLUX_YAML)
		*plain = S("kind: ConfigMap\nmetadata: {name: a}\napiVersion: v1\ndata: {p: \"1\"}\n");
	else if (out == FLUX_DOTENV)
		*plain = S("A=plain\n");
	else
		*plain = arena_cat(to, S("<"), str_c(names[in]), S(">"), str_c(names[out]));
	return NULL;
}

static struct flux_decryptor bracketing = { .decrypt = bracket };

/* A cluster with one ConfigMap and one Secret. */
static err *get(struct flux_lookup *l, struct arena *to, str kind, str ns, str name, node *out)
{
	const char *text = NULL;

	(void)l;
	assert_true(str_eq(ns, S("flux-system")));
	if (str_eq(kind, S("ConfigMap")) && str_eq(name, S("vars")))
		text = "{data: {A: from-map, B: \"two\\nlines\"}}";
	if (str_eq(kind, S("Secret")) && str_eq(name, S("vars")))
		text = "{data: {A: ZnJvbS1zZWNyZXQ=}}";
	if (!text)
		return err_new(ERR_NOT_FOUND, "%s \"%.*s\" not found",
			       str_eq(kind, S("Secret")) ? "secrets" : "configmaps", STR_ARG(name));
	return yaml_read(to, str_c(text), YAML_KUBE, out);
}

static struct flux_lookup cluster = { .get = get };

/* ---- rendering --------------------------------------------------------- */

#define MARK_YAML "sops:\n  mac: ENC[x]\n"
#define MARK_JSON "{\"sops\": {\"mac\": \"ENC[x]\"}}"

struct sample {
	const char *does;
	struct file files[5];
	const char *spec;	/* flow YAML */
	bool keys, cluster, strict, cli;
	const char *built, *error;
};

#define UP "../../../../../../../../../../../../../../../../"

static const struct sample samples[] = {
	{
		.does = "variables of a cluster, the later ones over the earlier",
		.files = { { "a.yaml", CM("a") "data: {a: '${A}', b: '${B}', c: '${C:=d}'}\n" } },
		.spec = "{postBuild: {substitute: {C: own}, substituteFrom: [{kind: ConfigMap, name: "
			"vars}, {kind: Secret, name: vars}, {kind: Secret, name: gone, optional: true}]}}",
		.cluster = true,
		.built = "apiVersion: v1\ndata:\n  a: from-secret\n  b: twolines\n  c: own\nkind: "
			 "ConfigMap\nmetadata:\n  name: a\n",
	},
	{
		.does = "an object that is not there",
		.files = { { "a.yaml", CM("a") } },
		.spec = "{postBuild: {substituteFrom: [{kind: ConfigMap, name: gone}]}}",
		.cluster = true,
		.error = "post build failed for 'ConfigMap.v1.[noGrp]/a': substitute from 'ConfigMap/gone' "
			 "error: configmaps \"gone\" not found",
	},
	{
		.does = "the same in the words of the command line",
		.files = { { "a.yaml", CM("a") } },
		.spec = "{postBuild: {substituteFrom: [{kind: Secret, name: gone}]}}",
		.cluster = true, .cli = true,
		.error = "var substitution failed for 'a': substitute from 'Secret/gone' error: secrets "
			 "\"gone\" not found",
	},
	{
		.does = "a dry run does not ask",
		.files = { { "a.yaml", CM("a") "data: {a: '${A:=x}'}\n" } },
		.spec = "{postBuild: {substitute: {B: c}, substituteFrom: [{kind: Secret, name: gone}]}}",
		.built = "apiVersion: v1\ndata:\n  a: x\nkind: ConfigMap\nmetadata:\n  name: a\n",
	},
	{
		.does = "nor does a build whose objects keep their variables",
		.files = { { "a.yaml", CM("a") "  labels: {kustomize.toolkit.fluxcd.io/substitute: "
					       "disabled}\ndata: {a: '${A}'}\n" } },
		.spec = "{postBuild: {substituteFrom: [{kind: Secret, name: gone}]}}",
		.cluster = true, .strict = true,
		.built = "apiVersion: v1\ndata:\n  a: ${A}\nkind: ConfigMap\nmetadata:\n  labels:\n    "
			 "kustomize.toolkit.fluxcd.io/substitute: disabled\n  name: a\n",
	},
	{
		.does = "unset variables, strictly",
		.files = { { "a.yaml", CM("a") "data: {a: '${A}'}\n" } },
		.spec = "{postBuild: {substitute: {B: c}}}",
		.strict = true,
		.error = "post build failed for 'ConfigMap.v1.[noGrp]/a': envsubst error: variable "
			 "substitution failed: variable not set (strict mode): \"A\" (A at "
			 "$ROOT/a.yaml:5:11); set it in spec.postBuild, give a default: ${A:=value}, or "
				"keep it as it is: $${A} in the text, or for the whole object the annotation "
				"kustomize.toolkit.fluxcd.io/substitute: disabled",
	},
	{
		.does = "files of secret generators and patches are decrypted before the build",
		.files = { { "kustomization.yaml",
			     "resources: [a.yaml, sub]\npatches: [{path: p.yaml}]\n"
			     "generatorOptions: {disableNameSuffixHash: true}\n"
			     "configMapGenerator: [{name: c, files: [key.bin]}]\n"
			     "secretGenerator: [{name: s, files: [key.bin, plain=a.yaml]}]\n" },
			   { "a.yaml", CM("a") },
			   { "p.yaml", "x: y\n" MARK_YAML },
			   { "key.bin", MARK_JSON },
			   { "sub/kustomization.yaml", "secretGenerator: [{name: e, envs: [../v]}]\n"
						       "generatorOptions: {disableNameSuffixHash: true}" } },
		.spec = "{decryption: {provider: sops}}",
		.keys = true,
		.error = "error decrypting sources: lstat v: no such file or directory",
	},
	{
		.does = "so they are in bases, and environment files are dotenv",
		.files = { { "kustomization.yaml", "resources: [sub]\npatches: [{path: p.yaml, target: "
						   "{kind: ConfigMap}}]\n" },
			   { "p.yaml", "x: y\n" MARK_YAML },
			   { "sub/a.yaml", CM("a") },
			   { "sub/v", "sops_mac=ENC[x]\n" },
			   { "sub/kustomization.yaml",
			     "resources: [a.yaml]\nsecretGenerator: [{name: e, envs: [v]}]\n"
			     "generatorOptions: {disableNameSuffixHash: true}" } },
		.spec = "{decryption: {provider: sops}}",
		.keys = true,
		.built = "apiVersion: v1\ndata:\n  p: \"1\"\nkind: ConfigMap\nmetadata:\n  name: a\n---\n"
			 "apiVersion: v1\ndata:\n  A: cGxhaW4=\nkind: Secret\nmetadata:\n  name: e\ntype: "
			 "Opaque\n",
	},
	{
		.does = "a base without kustomization file",
		.files = { { "kustomization.yaml", "resources: [sub]" }, { "sub/a.yaml", CM("a") } },
		.spec = "{decryption: {provider: sops}}",
		.keys = true,
		.error = "error decrypting sources: no kustomization file found",
	},
	{
		.does = "no key for a file",
		.files = { { "kustomization.yaml", "secretGenerator: [{name: s, files: [../../k.json]}]" },
			   { "k.json", "no-key " MARK_JSON } },
		.spec = "{decryption: {provider: sops}}",
		.keys = true,
		.error = "error decrypting sources: cannot get sops data key: no key",
	},
	{
		.does = "objects that are encrypted as a whole, values of Secrets, and one that opts out",
		.files = { { "a.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {k: 'ENC[x]'}\n"
				       "sops: {mac: 'ENC[x]'}\n" },
			   { "b.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: b}\ndata:\n"
				       "  a.ini: W3NvcHNd\n  plain: cGxhaW4=\n  odd: '?'\n" },
			   { "c.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: c\n  annotations:\n"
				       "    kustomize.toolkit.fluxcd.io/decrypt: Disabled\n"
				       "data: {k: W3NvcHNd}\n" } },
		.spec = "{decryption: {provider: sops}}",
		.keys = true,
		.built = "apiVersion: v1\ndata:\n  k: cGxhaW4=\nkind: Secret\nmetadata:\n  name: s\n---\n"
			 "apiVersion: v1\ndata:\n  a.ini: PGluaT5pbmk=\n  odd: '?'\n  plain: cGxhaW4=\n"
			 "kind: Secret\nmetadata:\n  name: b\n---\napiVersion: v1\ndata:\n  k: W3NvcHNd\n"
			 "kind: Secret\nmetadata:\n  annotations:\n    kustomize.toolkit.fluxcd.io/decrypt: "
			 "Disabled\n  name: c\n",
	},
	{
		.does = "no key for a value",
		.files = { { "b.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: b, namespace: n}\n"
				       "data: {k: bm8ta2V5IFtzb3BzXQ==}\n" } },
		.spec = "{decryption: {provider: sops}}",
		.keys = true,
		.error = "decryption failed for 'Secret.v1.[noGrp]/b': failed to decrypt and format 'n/b' "
			 "Secret field 'k': cannot get sops data key: no key",
	},
	{
		.does = "without a provider nothing is decrypted",
		.files = { { "a.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
				       "sops: {mac: 'ENC[x]'}\n" } },
		.keys = true,
		.built = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nsops:\n  mac: ENC[x]\n",
	},
	{
		.does = "an object without API version",
		.files = { { "a.yaml", "kind: A\nmetadata: {name: s}\n" } },
		.error = "failed to decode Kubernetes apiVersion, kind and name from: "
			 "{\"kind\":\"A\",\"metadata\":{\"name\":\"s\"}}",
	},
	{
		.does = "what fails to build",
		.files = { { "kustomization.yaml", "resources: [a.yaml]" } },
		.error = "kustomize build failed: accumulating resources: accumulation err='accumulating "
			 "resources from 'a.yaml': open $ROOT/a.yaml: no such file or directory': must "
			 "build at directory: not a valid directory: evalsymlink failure on '",
	},
	{
		.does = "what is not there begins with a folder",
		.files = { { "kustomization.yaml", "resources: [x/y/a.yaml]" } },
		.error = "kustomize build failed: accumulating resources: accumulation err='accumulating "
			 "resources from 'x/y/a.yaml': open $ROOT/x/y/a.yaml: no such file or directory': "
			 "must build at directory: not a valid directory: evalsymlink failure on "
			 "'$ROOT/x/y/a.yaml' : lstat $ROOT/x: no such file or directory",
	},
	{
		.does = "what lies outside",
		.files = { { "kustomization.yaml", "resources: [" UP "etc/passwd]" } },
		.error = "kustomize build failed: accumulating resources: accumulation err='accumulating "
			 "resources from '" UP "etc/passwd': fs-security-constraint read /etc/passwd: path "
			 "'/etc/passwd' is not in or below '$ROOT'': must build at directory: not a valid "
			 "directory: fs-security-constraint abs /etc/passwd: path '/etc/passwd' is not in or "
			 "below '$ROOT'",
	},
};

static node object_of(const char *spec, struct sources *sources)
{
	str text = arena_printf(&a, "{metadata: {name: apps, namespace: flux-system}, spec: %s}",
				spec ? spec : "{}");
	const struct yaml_options o = { .json = true, .sources = sources, .name = S("ks.yaml") };
	node n;

	need(yaml_read(&a, text, &o, &n));
	return n;
}

static err *render(const struct sample *s, const struct disk *d, struct sources *sources,
		   struct buf *built)
{
	const struct flux_source source = { .root = d->root, .sources = sources };
	const struct flux_rendering how = {
		.lookup = s->cluster ? &cluster : NULL, .decryptor = s->keys ? &bracketing : NULL,
		.strict = s->strict, .as_cli = s->cli,
	};
	node object = object_of(s->spec, sources);
	struct flux_kfile k;
	struct resmap *m;

	TRY(flux_generate(&a, &source, object, &k));
	TRY(flux_render(&a, &source, &k, object, &how, &m));
	return kustomize_print(&a, sources, m, built);
}

static void renders_as_flux_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(samples); i++) {
		const struct sample *s = &samples[i];
		CLEANUP(disk_release) struct disk d = disk_of(s->files, N(s->files));
		CLEANUP(sources_release) struct sources sources = SOURCES_INIT;
		CLEANUP(buf_release) struct buf built = BUF_INIT;
		CLEANUP(err_drop) err *e = render(s, &d, &sources, &built);
		str want = s->error ? disk_text(&a, &d, s->error) : str_c(s->built);
		str got = e ? err_text(e) : buf_str(&built);

		if (!str_starts(got, want) || (s->built && e) || (s->error && !e))
			fail_msg("%s\n--- want\n%.*s\n--- got\n%.*s", s->does, STR_ARG(want),
				 STR_ARG(got));
		arena_release(&a);
	}
}

/* A patch of the spec is a part of the object's file; one of the kustomization
 * file, though that is merged and printed anew, stays where it is. */
static void patches_fail_where_they_are_written(void **state)
{
	static const struct file files[] = {
		{ "kustomization.yaml", "resources:\n- a.yaml\npatches:\n- target: {kind: ConfigMap}\n"
					"  patch: |\n    - op: OP\n      path: /data\n" },
		{ "a.yaml", CM("a") },
	};
	static const struct {
		const char *spec, *file;
		uint32_t line, col;
	} rows[] = {
		{ "{patches: [{patch: '[{\"op\": \"add\", \"path\": \"/x\"}, {\"op\": \"OP\"}]', target: "
		  "{kind: ConfigMap}}]}", "ks.yaml", 1, 106 },
		{ "{}", "$ROOT/kustomization.yaml", 6, 7 },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		CLEANUP(disk_release) struct disk d = disk_of(files + !i, 1);
		CLEANUP(sources_release) struct sources sources = SOURCES_INIT;
		CLEANUP(buf_release) struct buf built = BUF_INIT;
		const struct sample s = { .spec = rows[i].spec };

		if (i)
			disk_add(&d, files[1].path, str_c(files[1].text));
		CLEANUP(err_drop) err *e = render(&s, &d, &sources, &built);

		assert_non_null(e);
		struct err_pos pos = err_position(e);

		if (!str_eq(pos.file, disk_text(&a, &d, rows[i].file)) || pos.line != rows[i].line ||
		    pos.col != rows[i].col)
			fail_msg("%s\n  at %.*s:%u:%u", err_msg(e), STR_ARG(pos.file), pos.line, pos.col);
		arena_release(&a);
	}
}

static void files_that_are_too_large_are_not_decrypted(void **state)
{
	static const struct file files[] = {
		{ "kustomization.yaml", "secretGenerator: [{name: s, files: [big.yaml]}]" },
	};
	CLEANUP(disk_release) struct disk d = disk_of(files, 1);
	CLEANUP(buf_release) struct buf big = BUF_INIT, built = BUF_INIT;
	const struct sample s = { .spec = "{decryption: {provider: sops}}", .keys = true };

	(void)state;
	for (int i = 0; i < (6 << 20) / 8; i++)
		buf_add(&big, S("a: ENC[]"));
	disk_add(&d, "big.yaml", buf_str(&big));
	CLEANUP(err_drop) err *e = render(&s, &d, NULL, &built);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "error decrypting sources: cannot decrypt file with size (6291456 "
					"bytes) exceeding limit (5242880)");
	arena_release(&a);
}

/* ---- where ------------------------------------------------------------- */

static void paths_do_not_leave_the_artifact(void **state)
{
	static const struct file files[] = { { "apps/web/a.yaml", CM("a") } };
	static const struct {
		const char *path, *want;	/* error: with $ROOT */
	} rows[] = {
		{ "", "" },
		{ "./", "" },
		{ "./apps/web", "apps/web" },
		{ "/apps//web/", "apps/web" },
		{ "../../apps", "apps" },
		{ "apps/../../apps/./web", "apps/web" },
		{ "nope", "kustomization path not found: stat $ROOT/nope: no such file or directory" },
	};
	CLEANUP(disk_release) struct disk d = disk_of(files, 1);

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		node object = object_of(arena_printf(&a, "{path: '%s'}", rows[i].path).p, NULL);
		str dir = STR_NONE, want = disk_text(&a, &d, rows[i].want);
		CLEANUP(err_drop) err *e = flux_dir(&a, d.root, object, &dir);
		str got = e ? err_text(e) : dir;

		if (!str_eq(got, want))
			fail_msg("%s: want '%.*s', got '%.*s'", rows[i].path, STR_ARG(want), STR_ARG(got));
	}
	arena_release(&a);
}

/* ---- what is added ----------------------------------------------------- */

static const struct {
	const char *spec, *object, *want;
} metadata[] = {
	{ "{}", "{metadata: {name: a}}", "metadata:\n  labels:\n    kustomize.toolkit.fluxcd.io/name: apps\n"
					 "    kustomize.toolkit.fluxcd.io/namespace: flux-system\n  name: a\n" },
	{ "{commonMetadata: {labels: {x: new, w: z}, annotations: {q: m}}}",
	  "{metadata: {labels: {x: old, k: v}, annotations: {o: p}}}",
	  "metadata:\n  annotations:\n    o: p\n    q: m\n  labels:\n    k: v\n"
	  "    kustomize.toolkit.fluxcd.io/name: apps\n"
	  "    kustomize.toolkit.fluxcd.io/namespace: flux-system\n    w: z\n    x: new\n" },
	{ "{commonMetadata: {annotations: {q: m}}}", "{a: 1}",
	  "a: 1\nmetadata:\n  annotations:\n    q: m\n  labels:\n"
	  "    kustomize.toolkit.fluxcd.io/name: apps\n"
	  "    kustomize.toolkit.fluxcd.io/namespace: flux-system\n" },
	/* Labels that are no texts count as none. */
	{ "{commonMetadata: {labels: {x: yy}}}", "{metadata: {labels: {x: 1, z: a}}}",
	  "metadata:\n  labels:\n    kustomize.toolkit.fluxcd.io/name: apps\n"
	  "    kustomize.toolkit.fluxcd.io/namespace: flux-system\n    x: yy\n" },
	/* They win over the owner's. */
	{ "{commonMetadata: {labels: {kustomize.toolkit.fluxcd.io/name: mine}}}", "{metadata: {}}",
	  "metadata:\n  labels:\n    kustomize.toolkit.fluxcd.io/name: mine\n"
	  "    kustomize.toolkit.fluxcd.io/namespace: flux-system\n" },
};

static void owner_and_common_metadata_are_set(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(metadata); i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;
		node ks = object_of(metadata[i].spec, NULL), object;

		need(yaml_read(&a, str_c(metadata[i].object), YAML_KUBE, &object));
		flux_own_labels(&a, ks, object);
		flux_common_metadata(&a, ks, object);
		need(yaml_write(&text, object, YAML_WRITE_SIGS));
		assert_string_equal(buf_c(&text), metadata[i].want);
	}
	arena_release(&a);
}

static const struct {
	const char *object, *want;
} masks[] = {
	{ "{kind: ConfigMap, data: {a: 'sops ENC['}}", "data:\n  a: sops ENC[\nkind: ConfigMap\n" },
	{ "{kind: Secret, data: {a: eA==, b: c29wcyBFTkNb}, stringData: {c: 'sops ENC[', d: e}}",
	  "data:\n  a: eA==\n  b: KipTT1BTKio=\nkind: Secret\nstringData:\n  c: KipTT1BTKio=\n  d: e\n" },
	{ "{kind: Secret, data: {a: x}, stringData: {c: y}, sops: {mac: 'ENC[x]'}}",
	  "data:\n  a: KipTT1BTKio=\nkind: Secret\nstringData:\n  c: '**SOPS**'\n" },
	{ "{kind: Secret, type: kubernetes.io/dockerconfigjson, data: {a: x}, stringData: {c: y}, sops: "
	  "{mac: 'ENC[x]'}}",
	  "data:\n  a: eyJtYXNrIjoiKipTT1BTKioifQ==\nkind: Secret\nstringData:\n"
	  "  c: '{\"mask\":\"**SOPS**\"}'\ntype: kubernetes.io/dockerconfigjson\n" },
};

static void encrypted_secrets_are_masked(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(masks); i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;
		struct resource *r;
		node object;

		need(yaml_read(&a, str_c(masks[i].object), YAML_KUBE, &object));
		r = resource_new(&a, object);
		need(flux_mask_secret(&a, r));
		need(yaml_write(&text, r->object, YAML_WRITE_SIGS));
		assert_string_equal(buf_c(&text), masks[i].want);
	}
	arena_release(&a);
}

static void encrypted_secrets_are_told(void **state)
{
	static const struct {
		const char *object;
		bool want;
	} rows[] = {
		{ "{apiVersion: v1, kind: Secret, sops: {}}", true },
		{ "{apiVersion: v1, kind: Secret}", false },
		{ "{apiVersion: v1, kind: ConfigMap, sops: {}}", false },
		{ "{apiVersion: x/v1, kind: Secret, sops: {}}", false },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		node object;

		need(yaml_read(&a, str_c(rows[i].object), YAML_KUBE, &object));
		assert_int_equal(flux_is_encrypted(object), rows[i].want);
	}
	arena_release(&a);
}

static void names_stand_for_formats(void **state)
{
	static const struct {
		const char *path;
		enum flux_format want;
	} rows[] = {
		{ "a/b.yaml", FLUX_YAML }, { "b.yml", FLUX_YAML },   { "b.json", FLUX_JSON },
		{ "b.env", FLUX_DOTENV },  { "b.ini", FLUX_INI },    { ".dockerconfigjson", FLUX_JSON },
		{ "b.YAML", FLUX_BINARY }, { "yaml", FLUX_BINARY },  { "", FLUX_BINARY },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++)
		assert_int_equal(flux_format_of(str_c(rows[i].path)), rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renders_as_flux_does),
		cmocka_unit_test(patches_fail_where_they_are_written),
		cmocka_unit_test(files_that_are_too_large_are_not_decrypted),
		cmocka_unit_test(paths_do_not_leave_the_artifact),
		cmocka_unit_test(owner_and_common_metadata_are_set),
		cmocka_unit_test(encrypted_secrets_are_masked),
		cmocka_unit_test(encrypted_secrets_are_told),
		cmocka_unit_test(names_stand_for_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
