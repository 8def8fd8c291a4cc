#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/fs.h"
#include "controllers/decryption.h"
#include "value/yaml.h"

static const char kustomization[] =
	"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: x\n"
	"  namespace: y\nspec:\n  path: ./\n  decryption:\n    provider: sops\n";

static const char kfile[] = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
			    "resources: [secret.yaml]\nsecretGenerator:\n- name: made\n  options:\n    "
			    "disableNameSuffixHash: true\n  files: [blob.bin, x.yaml=default.yaml]\n  envs: "
			    "[vars.env]\n";

static void copy_in(struct arena *a, const struct fs *dir, const char *to, const char *golden)
{
	str text;

	assert_null(fs_read_any(a, arena_printf(a, "%s/sops/%s", getenv("GOLDEN"), golden), 1 << 20,
				&text));
	assert_null(fs_create(dir, str_c(to), text, 0600));
}

/* Files of a generator before the build, a whole object after it; what sops itself
 * makes of the files is in them. */
static void test_a_tree_is_built_with_the_keys_of_the_machine(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(decryption_close) struct decryption d = { 0 };
	CLEANUP(fs_drop) struct fs *dir = NULL;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct flux_source s = { 0 };
	struct flux_kfile k;
	struct resmap *objects;
	bool found;
	node object;

	(void)state;
	setenv("SOPS_AGE_KEY_FILE", arena_printf(&a, "%s/sops/age1.agekey", getenv("GOLDEN")).p, 1);
	assert_null(fs_open_temp(&dir, STR_NONE, S("decryption-")));
	assert_null(fs_create(dir, S("kustomization.yaml"), str_c(kfile), 0600));
	copy_in(&a, dir, "secret.yaml", "secret.enc.yaml");
	copy_in(&a, dir, "blob.bin", "blob.enc.bin");
	copy_in(&a, dir, "default.yaml", "default.enc.yaml");
	copy_in(&a, dir, "vars.env", "vars.enc.env");
	assert_null(decryption_offline(&d, NULL, &found));
	assert_true(found);
	assert_null(yaml_read(&a, str_c(kustomization), YAML_KUBE, &object));
	s.root = dir;
	assert_null(flux_generate(&a, &s, object, &k));
	err *e = flux_render(&a, &s, &k, object,
			     &(struct flux_rendering){ .decryptor = decryption_of(&d) }, &objects);

	if (e)
		fail_msg("%s", err_msg(e));
	struct sources sources = { 0 };

	assert_null(kustomize_print(&a, &sources, objects, &out));
	assert_true(str_has(buf_str(&out), S("  password: s3cr3t-value\n")));
	assert_true(str_has(buf_str(&out), S("  token: dG9rZW4=\n")));
	assert_false(str_has(buf_str(&out), S("sops:")));
	/* "plain bytes\nwithout a form"; the YAML as sops writes it; a variable. */
	assert_true(str_has(buf_str(&out), S("  blob.bin: cGxhaW4gYnl0ZXMKd2l0aG91dCBhIGZvcm0=\n")));
	assert_true(str_has(buf_str(&out), S("  PASSWORD: cEBzcz13b3Jk\n")));
	assert_true(str_has(buf_str(&out), S("  x.yaml: ")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_tree_is_built_with_the_keys_of_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
