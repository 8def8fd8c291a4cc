/* Key services, played by a server in this process. Vault's transit really opens
 * what was sealed; the others know one sealed key. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fs.h"
#include "crypto/keys.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"
#include "crypto/sigv4.h"
#include "net/httpd.h"
#include "sops/impl.h"
#include "text/base64.h"
#include "value/json.h"

struct fixture {
	struct loop *loop;
	struct httpd *server;
	struct net_client *net;
	pthread_t thread;
	char address[64];
	uint8_t data_key[SOPS_DATA_KEY];
	char sealed[128];		/* the data key as Vault seals it, in base64 */
	char plain[128];		/* the data key in base64 and in base64 for URLs */
	char plain_url[128];
	_Atomic int requests, refuse;
	struct arena mem;
};

static const uint8_t vault_key[32] = "the key that Vault keeps inside.";
static const uint8_t zero_iv[16];

/* ---- the services -------------------------------------------------------- */

static str answer(struct httpd_call *c, const char *before, const char *text, const char *after)
{
	return arena_printf(&c->arena, "%s%s%s", before, text, after);
}

static str vault(struct fixture *f, struct httpd_call *c, int *code)
{
	CLEANUP(buf_release) struct buf sealed = BUF_INIT, plain = BUF_INIT, text = BUF_INIT;
	node n;

	(void)f;
	*code = 403;
	if (!str_eq(http1_header(&c->head, S("x-vault-token")), S("s.token")))
		return S("{\"errors\":[\"permission denied\"]}");
	assert_null(json_read(&c->arena, c->body, NULL, &n));
	str given = node_str(node_get(n, S("ciphertext")));

	*code = 400;
	if (!str_take_str(&given, S("vault:v1:")))
		return S("{\"errors\":[\"invalid ciphertext: no prefix\"]}");
	assert_null(base64_read(&sealed, given, BASE64_STD));
	assert_null(secret_aes_cbc(&plain, vault_key, zero_iv, buf_str(&sealed), false));
	base64_write(&text, buf_str(&plain), BASE64_STD);
	*code = 200;
	return answer(c, "{\"data\":{\"plaintext\":\"", buf_c(&text), "\"}}");
}

/* The signature of what came, made anew. */
static bool is_signed(struct fixture *f, struct httpd_call *c, str service)
{
	static const char *const names[] = { "content-type", "host", "x-amz-date", "x-amz-security-token",
					     "x-amz-target" };
	struct sigv4_header headers[5];
	char hash[SHA256_HEX + 1];
	size_t n = 0;
	str want;

	(void)f;
	for (size_t i = 0; i < 5; i++) {
		str value = http1_header(&c->head, str_c(names[i]));

		if (value.n)
			headers[n++] = (struct sigv4_header){ str_c(names[i]), value };
	}
	sha256_hex(c->body, hash);
	bool role = str_has(http1_header(&c->head, S("authorization")), S("=ROLEID/"));

	assert_null(sigv4_sign(&c->arena,
			       &(struct sigv4_request){
				       .method = S("POST"), .path = S("/"), .headers = headers,
				       .headers_n = n, .body_hash = str_c(hash),
				       .region = S("eu-west-1"), .service = service,
				       .date = http1_header(&c->head, S("x-amz-date")),
				       .id = role ? S("ROLEID") : S("AKID"),
				       .secret = role ? S("rolesecret") : S("awssecret") },
			       &want));
	return str_eq(want, http1_header(&c->head, S("authorization")));
}

static str aws(struct fixture *f, struct httpd_call *c, int *code)
{
	node n;

	*code = 400;
	if (str_has(c->body, S("Action=AssumeRole"))) {
		if (!is_signed(f, c, S("sts")) ||
		    !str_has(c->body, S("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx")))
			return S("<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message>"
				 "</Error></ErrorResponse>");
		*code = 200;
		return S("<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ROLEID"
			 "</AccessKeyId><SecretAccessKey>rolesecret</SecretAccessKey><SessionToken>st"
			 "</SessionToken></Credentials></AssumeRoleResult></AssumeRoleResponse>");
	}
	if (!is_signed(f, c, S("kms")) ||
	    !str_eq(http1_header(&c->head, S("x-amz-target")), S("TrentService.Decrypt")))
		return S("{\"__type\":\"com.amazon.coral#AccessDeniedException\",\"Message\":\"no\"}");
	assert_null(json_read(&c->arena, c->body, NULL, &n));
	if (!str_eq(node_str(node_get(n, S("CiphertextBlob"))), S("c2VhbGVk")) ||
	    !str_eq(node_str(node_dig(n, "EncryptionContext", "app")), S("x")))
		return S("{\"__type\":\"InvalidCiphertextException\",\"message\":null}");
	*code = 200;
	return answer(c, "{\"KeyId\":\"k\",\"Plaintext\":\"", f->plain, "\"}");
}

static str gcp(struct fixture *f, struct httpd_call *c, int *code)
{
	*code = 403;
	if (!str_eq(http1_header(&c->head, S("authorization")), S("Bearer gcptoken")))
		return S("{\"error\":{\"code\":403,\"message\":\"Permission denied on resource\","
			 "\"status\":\"PERMISSION_DENIED\"}}");
	*code = 200;
	assert_true(str_eq(c->body, S("{\"ciphertext\":\"c2VhbGVk\"}")));
	return answer(c, "{\"plaintext\":\"", f->plain, "\"}");
}

static str gcp_login(struct fixture *f, struct httpd_call *c, int *code)
{
	CLEANUP(buf_release) struct buf claim = BUF_INIT;
	str body = c->body, head, middle;

	(void)f;
	*code = 200;
	assert_true(str_take_str(&body, S("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A"
					  "jwt-bearer&assertion=")));
	assert_true(str_cut(&body, &head, '.') && str_cut(&body, &middle, '.') && body.n);
	assert_null(base64_read(&claim, middle, BASE64_RAW_URL));
	assert_true(str_has(buf_str(&claim), S("\"iss\":\"me@project\"")));
	return S("{\"access_token\":\"gcptoken\",\"expires_in\":3600}");
}

static str azure(struct fixture *f, struct httpd_call *c, int *code)
{
	*code = 403;
	if (!str_eq(http1_header(&c->head, S("authorization")), S("Bearer aztoken")))
		return S("{\"error\":{\"code\":\"Forbidden\",\"message\":\"no\"}}");
	*code = 200;
	assert_true(str_eq(c->body, S("{\"alg\":\"RSA-OAEP-256\",\"value\":\"c2VhbGVk\"}")));
	return answer(c, "{\"value\":\"", f->plain_url, "\"}");
}

static str azure_login(struct fixture *f, struct httpd_call *c, int *code)
{
	(void)f;
	*code = 401;
	if (!str_has(c->body, S("&client_secret=az%2Bsecret&scope=https%3A%2F%2F0.0.1")) &&
	    !str_has(c->body, S("&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-"
				"type%3Ajwt-bearer&client_assertion=ey")))
		return S("{\"error\":\"invalid_client\",\"error_description\":\"bad secret\"}");
	*code = 200;
	return S("{\"access_token\":\"aztoken\"}");
}

static const struct {
	const char *path;
	str (*serve)(struct fixture *f, struct httpd_call *c, int *code);
} services[] = {
	{ "/v1/transit/decrypt/key", vault },
	{ "/v1/projects/p/locations/l/keyRings/r/cryptoKeys/k:decrypt", gcp },
	{ "/token", gcp_login },
	{ "/keys/name/version/decrypt?api-version=7.4", azure },
	{ "/tenant/oauth2/v2.0/token", azure_login },
	{ "/", aws },
};

static void handle(void *ctx, struct httpd_call *c)
{
	struct fixture *f = ctx;
	int code = 404;
	str body = S("{}");

	f->requests++;
	for (size_t i = 0; i < sizeof services / sizeof *services; i++)
		if (str_eq(c->head.target, str_c(services[i].path))) {
			body = services[i].serve(f, c, &code);
			break;
		}
	if (f->refuse) {
		code = 503;
		body = S("not now");
	}
	const struct http1_header id = { S("x-amzn-RequestId"), S("r-1") };

	httpd_reply(c, &(struct httpd_reply){ .code = code, .type = S("application/json"),
					      .headers = &id, .headers_n = 1, .body = body });
}

/* ---- the stage ----------------------------------------------------------- */

static str golden(struct arena *a, const char *name)
{
	str text;

	assert_null(fs_read_any(a, arena_printf(a, "%s/sops/%s", getenv("GOLDEN"), name), 1 << 20,
				&text));
	return text;
}

/* The data key of a file that was made for age. */
static void find_data_key(struct fixture *f)
{
	const struct sops_item item = { S("a.agekey"), golden(&f->mem, "age1.agekey") };
	CLEANUP(sops_keys_drop) struct sops_keys *k = NULL;
	struct sops_branches tree = { 0 };
	struct sops_metadata m;

	assert_null(sops_keys_new(&k, NULL));
	assert_null(sops_keys_import(k, S("ns/x"), &item, 1));
	assert_null(sops_read(&f->mem, SOPS_YAML, golden(&f->mem, "default.enc.yaml"), &tree));
	assert_null(sops_metadata_take(&f->mem, SOPS_YAML, &tree, &m));
	assert_null(sops_datakey_get(k, &f->mem, &m, f->data_key));
}

static void seal(struct fixture *f)
{
	CLEANUP(buf_release) struct buf sealed = BUF_INIT, text = BUF_INIT;
	str key = str_of((const char *)f->data_key, sizeof f->data_key);

	assert_null(secret_aes_cbc(&sealed, vault_key, zero_iv, key, true));
	base64_write(&text, buf_str(&sealed), BASE64_STD);
	snprintf(f->sealed, sizeof f->sealed, "%s", buf_c(&text));
	buf_clear(&text);
	base64_write(&text, key, BASE64_STD);
	snprintf(f->plain, sizeof f->plain, "%s", buf_c(&text));
	buf_clear(&text);
	base64_write(&text, key, BASE64_RAW_URL);
	snprintf(f->plain_url, sizeof f->plain_url, "%s", buf_c(&text));
}

static void *run(void *loop)
{
	loop_run(loop);
	return NULL;
}

static int open_stage(void **state)
{
	struct fixture *f = mem_calloc(1, sizeof *f);

	*state = f;
	assert_null(loop_new(&f->loop));
	assert_null(httpd_new(&f->server, f->loop,
			      &(struct httpd_options){ .listen = S("127.0.0.1:0"), .handle = handle,
						       .ctx = f }));
	snprintf(f->address, sizeof f->address, "http://%.*s", STR_ARG(httpd_address(f->server)));
	assert_null(net_client_new(&f->net, NULL));
	find_data_key(f);
	seal(f);
	pthread_create(&f->thread, NULL, run, f->loop);
	return 0;
}

static void stopped(void *ctx)
{
	loop_stop(((struct fixture *)ctx)->loop);
}

static void stop(void *ctx)
{
	httpd_stop(((struct fixture *)ctx)->server, 0, stopped, ctx);
}

static int close_stage(void **state)
{
	struct fixture *f = *state;

	net_client_free(f->net);
	loop_post(f->loop, stop, f);
	pthread_join(f->thread, NULL);
	httpd_free(f->server);
	loop_free(f->loop);
	arena_release(&f->mem);
	free(f);
	return 0;
}

/* The file with another master key in its metadata. */
static str file_for(struct fixture *f, const char *master)
{
	str text = golden(&f->mem, "default.enc.yaml");
	size_t from = str_find(text, S("    age:\n")), to = str_find(text, S("    lastmodified:"));

	return arena_cat(&f->mem, str_sub(text, 0, from), str_c(master), str_from(text, to));
}

static struct sops_keys *keys_of(struct fixture *f, const char *key, const char *value)
{
	const struct sops_item item = { str_c(key), str_c(value) };
	struct sops_keys *k;
	str at = str_c(f->address);

	assert_null(sops_keys_new(&k, &(struct sops_options){
						.net = f->net, .check_mac = true,
						.endpoints = { .aws = at, .aws_sts = at, .gcp = at,
							       .azure_login = at } }));
	assert_null(sops_keys_import(k, S("ns/x"), &item, 1));
	return k;
}

static void assert_opens(struct fixture *f, struct sops_keys *k, str file)
{
	str got;
	err *e = sops_decrypt(k, &f->mem, file, SOPS_YAML, SOPS_YAML, &got);

	if (e)
		fail_msg("%s", err_msg(e));
	assert_string_equal(got.p, golden(&f->mem, "default.want.yaml").p);
}

static void assert_fails(struct fixture *f, struct sops_keys *k, str file, const char *want)
{
	CLEANUP(buf_release) struct buf flat = BUF_INIT;
	str got;
	err *e = sops_decrypt(k, &f->mem, file, SOPS_YAML, SOPS_YAML, &got);

	assert_non_null(e);
	/* Without the line breaks and marks of SOPS's long message. */
	for (str rest = err_text(e), line; str_cut(&rest, &line, '\n');) {
		str words = str_trim_left_set(line, S(" -|"));

		if (flat.n)
			buf_addc(&flat, ' ');
		buf_add(&flat, words);
	}
	if (!str_has(buf_str(&flat), str_c(want)))
		fail_msg("\"%s\" has no \"%s\"", buf_c(&flat), want);
	assert_false(str_has(err_text(e), str_c(f->plain)));
	err_free(e);
}

/* ---- tests --------------------------------------------------------------- */

static str vault_file(struct fixture *f)
{
	return file_for(f, arena_printf(&f->mem,
					"    hc_vault:\n        - vault_address: %s\n          engine_path: "
					"transit\n          key_name: key\n          created_at: "
					"\"2024-01-01T00:00:00Z\"\n          enc: vault:v1:%s\n",
					f->address, f->sealed).p);
}

static void test_vault(void **state)
{
	struct fixture *f = *state;
	CLEANUP(sops_keys_drop) struct sops_keys *k = keys_of(f, "sops.vault-token", " s.token\n");
	CLEANUP(sops_keys_drop) struct sops_keys *bad = keys_of(f, "sops.vault-token", "s.other");
	CLEANUP(sops_keys_drop) struct sops_keys *none = keys_of(f, "other", "");
	str file = vault_file(f);
	int before = f->requests;

	assert_opens(f, k, file);
	assert_opens(f, k, file);	/* and is not asked again */
	assert_int_equal(f->requests, before + 1);
	assert_fails(f, bad, file,
		     "failed to decrypt sops data key from Vault transit backend 'transit/decrypt/key': "
		     "Error making API request.");
	assert_fails(f, bad, file, "Code: 403. Errors:");
	assert_fails(f, none, file, "no Vault token: the Secret of spec.decryption.secretRef has no "
				    "'sops.vault-token'");
}

static str aws_file(struct fixture *f, const char *more)
{
	return file_for(f, arena_printf(&f->mem,
					"    kms:\n        - arn: arn:aws:kms:eu-west-1:1:key/k\n%s"
					"          context:\n            app: x\n          created_at: "
					"\"2024-01-01T00:00:00Z\"\n          enc: c2VhbGVk\n          "
					"aws_profile: \"\"\n", more).p);
}

static void test_aws(void **state)
{
	struct fixture *f = *state;
	static const char creds[] = "aws_access_key_id: AKID\naws_secret_access_key: awssecret\n";
	CLEANUP(sops_keys_drop) struct sops_keys *k = keys_of(f, "sops.aws-kms", creds);
	CLEANUP(sops_keys_drop) struct sops_keys *role = keys_of(f, "sops.aws-kms", creds);
	CLEANUP(sops_keys_drop) struct sops_keys *bad =
		keys_of(f, "sops.aws-kms", "aws_access_key_id: AKID\naws_secret_access_key: wrong\n");
	str file = aws_file(f, "");

	assert_opens(f, k, file);
	assert_opens(f, role, aws_file(f, "          role: arn:aws:iam::1:role/x\n"));
	assert_fails(f, bad, file,
		     "failed to decrypt sops data key with AWS KMS: operation error KMS: Decrypt, https "
		     "response error StatusCode: 400, RequestID: r-1, api error AccessDeniedException: no");
	assert_fails(f, bad, aws_file(f, "          role: arn:aws:iam::1:role/x\n"),
		     "failed to assume role 'arn:aws:iam::1:role/x': operation error STS: AssumeRole");
	file = file_for(f, "    kms:\n        - arn: arn:aws:kms:evil.example/:1:key/k\n          "
			   "created_at: \"2024-01-01T00:00:00Z\"\n          enc: c2VhbGVk\n");
	assert_fails(f, k, file, "no valid ARN found in 'arn:aws:kms:evil.example/:1:key/k'");
}

static void test_gcp(void **state)
{
	struct fixture *f = *state;
	node account = node_map(&f->mem, 4);
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	str pem;

	assert_null(keys_new(&f->mem, KEYS_RSA_2048, NULL, &pem));
	node_set(&f->mem, account, S("type"), node_lit("service_account"));
	node_set(&f->mem, account, S("client_email"), node_lit("me@project"));
	node_set(&f->mem, account, S("private_key"), node_from_str(&f->mem, pem));
	node_set(&f->mem, account, S("token_uri"),
		 node_from_str(&f->mem, arena_printf(&f->mem, "%s/token", f->address)));
	assert_null(json_write(&json, account, NULL));
	CLEANUP(sops_keys_drop) struct sops_keys *k = keys_of(f, "sops.gcp-kms", buf_c(&json));
	CLEANUP(sops_keys_drop) struct sops_keys *bad = keys_of(f, "other", "");

	bad->has_gcp = true;
	bad->gcp.token = S("old");
	str file = file_for(f, "    gcp_kms:\n        - resource_id: "
			       "projects/p/locations/l/keyRings/r/cryptoKeys/k\n          created_at: "
			       "\"2024-01-01T00:00:00Z\"\n          enc: c2VhbGVk\n");

	assert_opens(f, k, file);
	assert_fails(f, bad, file, "failed to decrypt sops data key with GCP KMS key: rpc error: code = "
				   "PermissionDenied desc = Permission denied on resource");
	file = file_for(f, "    gcp_kms:\n        - resource_id: projects/../x\n          created_at: "
			   "\"2024-01-01T00:00:00Z\"\n          enc: c2VhbGVk\n");
	assert_fails(f, k, file, "no valid resource ID found in \"projects/../x\"");
}

static str azure_file(struct fixture *f)
{
	return file_for(f, arena_printf(&f->mem,
					"    azure_kv:\n        - vault_url: %s\n          name: name\n"
					"          version: version\n          created_at: "
					"\"2024-01-01T00:00:00Z\"\n          enc: c2VhbGVk\n",
					f->address).p);
}

static void test_azure(void **state)
{
	struct fixture *f = *state;
	CLEANUP(sops_keys_drop) struct sops_keys *k = keys_of(
		f, "sops.azure-kv", "tenantId: tenant\nclientId: client\nclientSecret: az+secret\n");
	CLEANUP(sops_keys_drop) struct sops_keys *bad =
		keys_of(f, "sops.azure-kv", "tenant: tenant\nappId: client\npassword: other\n");
	str file = azure_file(f);

	assert_opens(f, k, file);
	assert_fails(f, bad, file, "ClientSecretCredential authentication failed.");
	assert_fails(f, bad, file, "RESPONSE 401: invalid_client: bad secret");
}

/* PEM in a YAML text. */
static str set_in(struct arena *a, str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str line;

	while (str_line(&text, &line))
		buf_addf(&b, "  %.*s\n", STR_ARG(line));
	return arena_str(a, buf_str(&b));
}

static err *cloud_token(void *ctx, struct arena *a, const struct sops_cloud *ask, str *token)
{
	(void)a;
	*(str *)ctx = ask->client;
	*token = S("aztoken");
	return NULL;
}

/* A client alone: the machine is asked, for this one. */
static void test_azure_with_a_managed_identity(void **state)
{
	struct fixture *f = *state;
	CLEANUP(sops_keys_drop) struct sops_keys *k = NULL;
	const struct sops_item item = { S("sops.azure-kv"), S("clientId: machine\ntenant: ignored\n") };
	str asked = STR_NONE;

	assert_null(sops_keys_new(&k, &(struct sops_options){
					      .net = f->net, .cloud_token = cloud_token, .ctx = &asked,
					      .endpoints.azure_login = str_c(f->address) }));
	assert_null(sops_keys_import(k, S("ns/name"), &item, 1));
	assert_opens(f, k, azure_file(f));
	assert_true(str_eq(asked, S("machine")));
}

static void test_azure_with_a_certificate(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_wall() / CLOCK_SECOND;
	struct keys_request r = { .name = S("client"), .now = now, .until = now + 3600 };
	str cert, key;

	assert_null(keys_new(&f->mem, KEYS_RSA_2048, NULL, &r.key));
	assert_null(keys_certify(&f->mem, &r, &cert, &key));
	str text = arena_cat(&f->mem, S("tenantId: tenant\nclientId: client\nclientCertificate: |\n"),
			     set_in(&f->mem, arena_cat(&f->mem, cert, key)));
	CLEANUP(sops_keys_drop) struct sops_keys *k = keys_of(f, "sops.azure-kv", text.p);
	CLEANUP(sops_keys_drop) struct sops_keys *bad = NULL;
	const struct sops_item item = {
		S("sops.azure-kv"), S("tenantId: tenant\nclientId: client\nclientCertificate: none\n")
	};

	assert_null(sops_keys_new(&bad, &(struct sops_options){ 0 }));
	CLEANUP(err_drop) err *e = sops_keys_import(bad, S("ns/name"), &item, 1);

	assert_opens(f, k, azure_file(f));
	assert_non_null(e);
	assert_true(str_has(err_text(e), S("pkcs12: error reading P12 data")));
}

static void test_what_is_down_is_told(void **state)
{
	struct fixture *f = *state;
	CLEANUP(sops_keys_drop) struct sops_keys *k = keys_of(f, "sops.vault-token", "s.token");
	CLEANUP(sops_keys_drop) struct sops_keys *off = NULL;

	f->refuse = 1;
	assert_fails(f, k, vault_file(f), "Code: 503. Errors:");
	f->refuse = 0;
	assert_opens(f, k, vault_file(f));
	assert_null(sops_keys_new(&off, NULL));
	assert_null(sops_keys_import(off, S("ns/x"),
				     &(struct sops_item){ S("sops.vault-token"), S("s.token") }, 1));
	assert_fails(f, off, vault_file(f), "key services are not asked: no network");
}

static err *vault_token(void *ctx, struct arena *a, str address, str *token)
{
	(void)ctx;
	(void)a;
	(void)address;
	*token = S("s.token");
	return NULL;
}

/* Who names a host does not thereby get to places that are private: the one whom the caller
 * gives the token for is known to him, and the clouds are where they are. */
static void test_hosts_that_files_and_secrets_name(void **state)
{
	static const char azure[] = "tenantId: tenant\nclientId: client\nclientSecret: az+secret\n";
	static const char aws[] = "aws_access_key_id: AKID\naws_secret_access_key: awssecret\n";
	static const char refused[] = "private addresses are not allowed";
	struct fixture *f = *state;
	const struct net_options locked = { .lockdown.on = true };
	CLEANUP(net_client_drop) struct net_client *outer = NULL;
	CLEANUP(sops_keys_drop) struct sops_keys *vault = keys_of(f, "sops.vault-token", "s.token");
	CLEANUP(sops_keys_drop) struct sops_keys *known = keys_of(f, "other", "");
	CLEANUP(sops_keys_drop) struct sops_keys *named = keys_of(f, "sops.azure-kv", azure);
	CLEANUP(sops_keys_drop) struct sops_keys *fixed = keys_of(f, "sops.aws-kms", aws);

	assert_null(net_client_new(&outer, &locked));
	vault->o.outer = known->o.outer = named->o.outer = fixed->o.outer = outer;
	known->o.vault_token = vault_token;
	assert_fails(f, vault, vault_file(f), refused);
	assert_fails(f, named, azure_file(f), refused);
	assert_opens(f, known, vault_file(f));
	assert_opens(f, fixed, aws_file(f, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vault),
		cmocka_unit_test(test_aws),
		cmocka_unit_test(test_gcp),
		cmocka_unit_test(test_azure),
		cmocka_unit_test(test_azure_with_a_managed_identity),
		cmocka_unit_test(test_azure_with_a_certificate),
		cmocka_unit_test(test_what_is_down_is_told),
		cmocka_unit_test(test_hosts_that_files_and_secrets_name),
	};

	return cmocka_run_group_tests(tests, open_stage, close_stage);
}
