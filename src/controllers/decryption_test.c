#include "controllers/cloud_test.h"

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
	assert_null(decryption_offline(&d, NULL, NULL, &found));
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

/* ---- identities ----------------------------------------------------------------------- */

struct setting {
	struct clouds cloud;
	struct own own;
	struct net_client *net;
	struct decryption_identity d;
	struct arena a;
	str token;
};

static void begin(struct setting *s, const struct answer *answers, const char *annotations)
{
	memset(s, 0, sizeof *s);
	clouds_open(&s->cloud, answers);
	s->own.annotations = annotations;
	assert_null(net_client_new(&s->net, NULL));
	assert_null(sops_keys_new(&s->d.keys, &(struct sops_options){ .net = s->net }));
	s->d.vault_namespace = S("flux-system");
	s->d.vault_name = S("vault");
	s->d.who = (struct identity){ .cloud = { .net = s->net, .stand_in = str_c(s->cloud.url) },
				      .client = own_client(&s->own), .namespace = S("ns"),
				      .account = S("deployer"), .accounts_allowed = true };
}

static void end(struct setting *s)
{
	sops_keys_free(s->d.keys);
	decryption_identity_release(&s->d);
	clouds_close(&s->cloud);
	client_unref(s->d.who.client);
	net_client_free(s->net);
	arena_release(&s->a);
}

static void must_fail(err *e, const char *text)
{
	CLEANUP(err_drop) err *failed = e;

	assert_non_null(failed);
	if (!str_starts(err_text(failed), str_c(text)))
		fail_msg("%s", err_msg(failed));
}

static err *ask_cloud(struct setting *s, const struct sops_cloud *ask)
{
	return decryption_cloud_token(&s->d, &s->a, ask, &s->token);
}

static void test_clouds_are_asked_as_the_account(void **state)
{
	static const struct answer answers[] = {
		{ "POST /sts.eu-west-1.amazonaws.com/",
		  "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
		  "<AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T"
		  "</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"
		  "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>" },
		{ "POST /login.microsoftonline.com/t/", "{\"access_token\":\"app\",\"expires_in\":3600}" },
		{ "GET /169.254.169.254/metadata", "{\"access_token\":\"managed\",\"expires_in\":\"3599\"}" },
		{ 0 },
	};
	struct setting s;

	(void)state;
	begin(&s, answers, "\"eks.amazonaws.com/role-arn\":\"arn:aws:iam::1:role/r\","
			   "\"azure.workload.identity/tenant-id\":\"t\","
			   "\"azure.workload.identity/client-id\":\"id\"");
	assert_null(ask_cloud(&s, &(struct sops_cloud){ .kind = "aws", .region = S("eu-west-1") }));
	assert_true(str_eq(s.token, S("{\"AccessKeyId\":\"ROLE\",\"SecretAccessKey\":\"S\","
				      "\"SessionToken\":\"T\"}")));
	struct sops_cloud azure = { .kind = "azure", .scope = S("https://vault.azure.net/.default") };

	assert_null(ask_cloud(&s, &azure));
	assert_true(str_eq(s.token, S("app")));
	assert_true(clouds_got(&s.cloud, -1, "scope=https%3A%2F%2Fvault.azure.net%2F.default"));
	/* One that a Secret names is the machine's, whatever account there is. */
	azure.client = S("by-secret");
	assert_null(ask_cloud(&s, &azure));
	assert_true(str_eq(s.token, S("managed")));
	assert_true(clouds_got(&s.cloud, -1, "&client_id=by-secret&resource=https%3A%2F%2Fvault.azure.net"));
	end(&s);
}

/* {"sub":"system:serviceaccount:ns:deployer","exp":4102444800} */
#define JWT                                                                                  \
	"e30.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6bnM6ZGVwbG95ZXIiLCJleHAiOjQxMDI0NDQ4MDB9" \
	".c2ln"

static void test_a_vault_is_logged_in_at_once(void **state)
{
	static const struct answer answers[] = {
		{ "POST /v1/auth/jwt/login", "{\"auth\":{\"client_token\":\"hvs.x\"}}" },
		{ 0 },
	};
	struct setting s;

	(void)state;
	begin(&s, answers, "");
	str address = str_c(s.cloud.url);

	s.own.token = JWT;
	s.own.config = arena_printf(&s.a, "\"config.yaml\":\"instances: [{address: '%s', loginPath: "
					  "auth/jwt/login}]\"", s.cloud.url).p;
	for (int i = 0; i < 2; i++) {
		assert_null(decryption_vault_token(&s.d, &s.a, address, &s.token));
		assert_true(str_eq(s.token, S("hvs.x")));
	}
	assert_int_equal(clouds_asked(&s.cloud), 1);
	assert_string_equal(s.own.audience, s.cloud.url);
	assert_true(clouds_got(&s.cloud, 0, "\"role\":\"ns_deployer\""));
	assert_true(clouds_got(&s.cloud, 0, "\"jwt\":\"" JWT "\""));
	end(&s);
}

static void test_no_vault_is_trusted_that_is_not_listed(void **state)
{
	static const struct answer answers[] = { { 0 } };
	str url = S("https://evil.example.com");
	struct setting s;

	(void)state;
	begin(&s, answers, "");
	must_fail(decryption_vault_token(&s.d, &s.a, url, &s.token),
		  "failed to get Vault ConfigMap 'flux-system/vault': gone");
	s.own.config = "";
	must_fail(decryption_vault_token(&s.d, &s.a, url, &s.token),
		  "Vault ConfigMap 'flux-system/vault' is missing the 'config.yaml' key");
	s.own.config = "\"config.yaml\":\"instances: []\"";
	must_fail(decryption_vault_token(&s.d, &s.a, url, &s.token),
		  "no Vault login path configured for address 'https://evil.example.com' in ConfigMap "
		  "'flux-system/vault'");
	s.own.config = arena_printf(&s.a, "\"config.yaml\":\"instances: [{address: '%s', loginPath: x}]\"",
				    s.cloud.url).p;
	must_fail(decryption_vault_token(&s.d, &s.a, str_c(s.cloud.url), &s.token),
		  "failed to issue Kubernetes token for Vault authentication: failed to parse service "
		  "account token: token is malformed");
	s.own.token = JWT;
	must_fail(decryption_vault_token(&s.d, &s.a, str_c(s.cloud.url), &s.token),
		  arena_printf(&s.a, "failed to authenticate with Vault '%s' at login path 'x' as role "
				     "'ns_deployer': Error making API request.\n\nURL: PUT %s/v1/x\nCode: 403.",
			       s.cloud.url, s.cloud.url).p);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_tree_is_built_with_the_keys_of_the_machine),
		cmocka_unit_test(test_clouds_are_asked_as_the_account),
		cmocka_unit_test(test_a_vault_is_logged_in_at_once),
		cmocka_unit_test(test_no_vault_is_trusted_that_is_not_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
