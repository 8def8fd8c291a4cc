/* Identities at clouds: what a controller is given by its surroundings, and what is kept. */
#include "controllers/cloud_test.h"

#include "base/fs.h"
#include "controllers/identity.h"
#include "crypto/keys.h"

struct setting {
	struct clouds cloud;
	struct own own;
	struct net_client *net;
	struct identity who;
	struct identity_need need;
	struct identity_token token;
	const char *provider;
	struct arena a;
};

static void begin(struct setting *s, const char *provider, const struct answer *answers,
		  char *const *env)
{
	memset(s, 0, sizeof *s);
	clouds_open(&s->cloud, answers);
	s->provider = provider;
	assert_null(net_client_new(&s->net, NULL));
	s->who = (struct identity){ .cloud = { .net = s->net, .env = env,
					       .stand_in = str_c(s->cloud.url) },
				    .client = own_client(&s->own),
				    .namespace = S("ns"), .kind = S("Bucket"), .name = S("b"),
				    .operation = S("reconcile"), .accounts_allowed = true };
}

static err *ask(struct setting *s)
{
	return identity_token(&s->who, &s->a, identity_provider(str_c(s->provider)), &s->need,
			      &s->token);
}

static void must_get(struct setting *s, const char *bearer)
{
	CLEANUP(err_drop) err *e = ask(s);

	if (e)
		fail_msg("%s", err_msg(e));
	assert_true(str_eq(s->token.bearer.n ? s->token.bearer : s->token.aws.id, str_c(bearer)));
}

static void must_fail(struct setting *s, const char *text)
{
	CLEANUP(err_drop) err *e = ask(s);

	assert_non_null(e);
	if (!str_starts(err_text(e), str_c(text)))
		fail_msg("%s", err_msg(e));
}

static void end(struct setting *s)
{
	clouds_close(&s->cloud);
	client_unref(s->who.client);
	net_client_free(s->net);
	arena_release(&s->a);
}

static char *variable(struct arena *a, const char *name, const char *value)
{
	return (char *)arena_cat(a, str_c(name), S("="), str_c(value)).p;
}

/* A file of this text; unlinked by the caller. */
static char *file_of(struct arena *a, const char *text)
{
	char *path = (char *)arena_str(a, S("/tmp/identity-test-XXXXXX")).p;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

/* ---- Amazon -------------------------------------------------------------------------- */

#define KEYS(id)                                                                       \
	"{\"AccessKeyId\":\"" id "\",\"SecretAccessKey\":\"S\",\"Token\":\"T\"," \
	"\"Expiration\":\"2100-01-01T00:00:00Z\"}"

/* Each surrounding wins over those that are tried after it. */
static void test_amazon_in_order(void **state)
{
	static const struct answer answers[] = {
		{ "PUT /169.254.169.254/latest/api/token", "session" },
		{ "GET /169.254.169.254/latest/meta-data/iam/security-credentials/node-role",
		  KEYS("NODE") },
		{ "GET /169.254.169.254/latest/meta-data/iam/security-credentials/", "node-role\n" },
		{ "GET /169.254.170.2/v2/credentials/x", KEYS("TASK") },
		{ "GET /127.0.0.1:99/v1/credentials", KEYS("POD") },
		{ "POST /sts.eu-west-1.amazonaws.com/",
		  "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
		  "<AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>S</SecretAccessKey>"
		  "<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"
		  "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>" },
		{ 0 },
	};
	char *env[8] = { NULL };
	struct setting s;
	int n = 0;

	(void)state;
	begin(&s, "aws", answers, env);
	char *file = file_of(&s.a, "vouched-for\n");

	must_fail(&s, "failed to create provider access token for the controller: AWS_REGION "
		      "environment variable is not set in the Flux controller. ");
	env[n++] = variable(&s.a, "AWS_REGION", "eu-west-1");
	must_get(&s, "NODE");
	assert_true(clouds_got(&s.cloud, 0, "X-aws-ec2-metadata-token-ttl-seconds: 21600"));
	assert_true(clouds_got(&s.cloud, 2, "X-aws-ec2-metadata-token: session"));
	assert_int_equal(s.token.ends / CLOCK_SECOND, 4102444800);
	env[n++] = variable(&s.a, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file);
	env[n++] = variable(&s.a, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:99/v1/credentials");
	must_get(&s, "POD");
	assert_true(clouds_got(&s.cloud, -1, "Authorization: vouched-for\r\n"));
	env[n++] = variable(&s.a, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x");
	must_get(&s, "TASK");
	env[n++] = variable(&s.a, "AWS_WEB_IDENTITY_TOKEN_FILE", file);
	must_fail(&s, "failed to create provider access token for the controller: role ARN is not set");
	env[n++] = variable(&s.a, "AWS_ROLE_ARN", "arn:aws:iam::1:role/r");
	must_get(&s, "ROLE");
	assert_true(clouds_got(&s.cloud, -1, "WebIdentityToken=vouched-for"));
	env[n++] = (char *)"AWS_ACCESS_KEY_ID=KEY";
	env[0] = (char *)"AWS_SECRET_ACCESS_KEY=S";
	s.need.region = S("eu-west-1");
	must_get(&s, "KEY");
	unlink(file);
	end(&s);
}

#define OWN "failed to create provider access token for the controller: "

static const char chains_config[] =
	"[profile team]\naws_access_key_id=TEAM\naws_secret_access_key=S\n"
	"[profile chain]\nrole_arn=arn:aws:iam::1:role/c\nsource_profile=team\n"
	"duration_seconds=3600\nexternal_id=x y\n"
	"[profile twice]\nrole_arn=arn:aws:iam::1:role/d\nsource_profile=chain\n"
	"role_session_name=me\n"
	"[profile env]\nrole_arn=arn:aws:iam::1:role/e\ncredential_source=Environment\n"
	"[profile mfa]\nrole_arn=r\nsource_profile=team\nmfa_serial=m\n"
	"[profile login]\nsso_session=x\n";

static const char process_config[] =
	"[profile asks]\ncredential_process = printf '{\"Version\":1,\"AccessKeyId\":\"%s\","
	"\"SecretAccessKey\":\"S\",\"Expiration\":\"2100-01-01T00:00:00Z\"}' \"$ASKED\"\n"
	"[profile fails]\ncredential_process = exit 3\n"
	"[profile old]\ncredential_process = echo '{}'\n"
	"[profile empty]\ncredential_process = echo '{\"Version\":1}'\n"
	"[profile text]\ncredential_process = echo hello\n";

/* Profiles of the shared files come after roles of the environment. */
static void test_amazon_profiles(void **state)
{
	static const struct answer answers[] = {
		{ "POST /sts.eu-west-1.amazonaws.com/",
		  "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
		  "<AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>S</SecretAccessKey>"
		  "<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"
		  "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>" },
		{ 0 },
	};
	char *env[8] = { (char *)"AWS_REGION=eu-west-1", NULL };
	struct setting s;

	(void)state;
	begin(&s, "aws", answers, env);
	char *oidc = file_of(&s.a, "vouched-for\n");
	char *keys = file_of(&s.a, "[default]\naws_access_key_id=DEFAULT\naws_secret_access_key=S\n"
				   "[team]\naws_access_key_id=TEAM\naws_secret_access_key=S\n");
	char *config = file_of(&s.a, arena_printf(&s.a, "[profile role]\nrole_arn=arn:aws:iam::1:role/r\n"
							"web_identity_token_file=%s\n",
						  oidc).p);

	env[1] = variable(&s.a, "AWS_SHARED_CREDENTIALS_FILE", keys);
	env[2] = variable(&s.a, "AWS_CONFIG_FILE", config);
	must_get(&s, "DEFAULT");
	env[3] = (char *)"AWS_PROFILE=team";
	must_get(&s, "TEAM");
	assert_int_equal(clouds_asked(&s.cloud), 0);
	env[3] = (char *)"AWS_PROFILE=role";
	must_get(&s, "ROLE");
	assert_true(clouds_got(&s.cloud, -1, "WebIdentityToken=vouched-for"));
	env[3] = (char *)"AWS_PROFILE=nobody";
	must_fail(&s, OWN "failed to get shared config profile, nobody");
	unlink(oidc);
	unlink(keys);
	unlink(config);
	end(&s);
}

/* A role that is assumed with the keys of another profile, and a role on top of that. */
static void test_amazon_chains(void **state)
{
	static const struct answer answers[] = {
		{ "POST /sts.eu-west-1.amazonaws.com/",
		  "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>CHAIN</AccessKeyId>"
		  "<SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>"
		  "<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
		  "</AssumeRoleResponse>" },
		{ 0 },
	};
	char *env[] = { (char *)"AWS_REGION=eu-west-1", NULL, NULL, NULL };
	struct setting s;

	(void)state;
	begin(&s, "aws", answers, env);
	char *config = file_of(&s.a, chains_config);

	env[1] = variable(&s.a, "AWS_CONFIG_FILE", config);
	env[2] = (char *)"AWS_PROFILE=chain";
	must_get(&s, "CHAIN");
	assert_int_equal(s.token.ends / CLOCK_SECOND, 4102444800);
	assert_true(clouds_got(&s.cloud, -1, "Credential=TEAM/"));
	assert_true(clouds_got(&s.cloud, -1, "RoleSessionName=rill&DurationSeconds=3600&ExternalId=x+y"));
	env[2] = (char *)"AWS_PROFILE=twice";
	must_get(&s, "CHAIN");
	assert_true(clouds_got(&s.cloud, -1, "Credential=CHAIN/"));
	assert_true(clouds_got(&s.cloud, -1, "x-amz-security-token: T"));
	assert_true(clouds_got(&s.cloud, -1, "role%2Fd&RoleSessionName=me&DurationSeconds=900"));
	env[2] = (char *)"AWS_PROFILE=mfa";
	must_fail(&s, OWN "failed to assume role 'r': assume role with MFA enabled");
	env[2] = (char *)"AWS_PROFILE=env";
	must_fail(&s, OWN "static credentials are empty");
	env[2] = (char *)"AWS_PROFILE=login";
	must_fail(&s, OWN "a profile of the shared config is not supported here with 'sso_session'");
	unlink(config);
	end(&s);
}

/* The program is run by the shell with the environment of the controller. */
static void test_amazon_process(void **state)
{
	static const struct answer answers[] = { { 0 } };
	char *env[] = { (char *)"AWS_REGION=eu-west-1", (char *)"ASKED=PROCESS", NULL, NULL, NULL };
	struct setting s;

	(void)state;
	begin(&s, "aws", answers, env);
	char *config = file_of(&s.a, process_config);

	env[2] = variable(&s.a, "AWS_CONFIG_FILE", config);
	env[3] = (char *)"AWS_PROFILE=asks";
	must_get(&s, "PROCESS");
	assert_int_equal(s.token.ends / CLOCK_SECOND, 4102444800);
	env[3] = (char *)"AWS_PROFILE=fails";
	must_fail(&s, OWN "process provider error: error in credential_process: exit status 3");
	env[3] = (char *)"AWS_PROFILE=old";
	must_fail(&s, OWN "process provider error: wrong version in process output (not 1)");
	env[3] = (char *)"AWS_PROFILE=empty";
	must_fail(&s, OWN "process provider error: missing AccessKeyId in process output");
	env[3] = (char *)"AWS_PROFILE=text";
	must_fail(&s, OWN "process provider error: parse failed of process output: ");
	assert_int_equal(clouds_asked(&s.cloud), 0);
	unlink(config);
	end(&s);
}

static void test_amazon_refuses(void **state)
{
	static const struct answer answers[] = { { 0 } };
	char *env[3] = { (char *)"AWS_REGION=r",
			 (char *)"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://evil.example.com/x", NULL };
	struct setting s;

	(void)state;
	begin(&s, "aws", answers, env);
	must_fail(&s, "failed to create provider access token for the controller: failed to load "
		      "credentials of the container: invalid endpoint host, \"evil.example.com\", only "
		      "loopback/ecs/eks hosts are allowed");
	env[1] = (char *)"AWS_EC2_METADATA_DISABLED=true";
	must_fail(&s, "failed to create provider access token for the controller: no EC2 IMDS role "
		      "found: access disabled to EC2 IMDS");
	s.who.account = S("deployer");
	s.own.annotations = "\"eks.amazonaws.com/role-arn\":\"arn:aws:iam::1:role/r\"";
	must_fail(&s, "failed to create provider access token for service account 'ns/deployer': an AWS "
		      "region is required");
	s.need = (struct identity_need){ .region = S("r"), .sts_endpoint = S("https://evil.example.com") };
	must_fail(&s, "failed to create provider access token for service account 'ns/deployer': invalid "
		      "STS endpoint: 'https://evil.example.com'. must match ^https://");
	assert_int_equal(clouds_asked(&s.cloud), 0);
	end(&s);
}

/* ---- Azure ----------------------------------------------------------------------------- */

static void test_azure_managed(void **state)
{
	static const struct answer answers[] = {
		{ "GET /169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&client_id="
		  "mine&resource=https%3A%2F%2Fvault.azure.net",
		  "{\"access_token\":\"machine\",\"expires_in\":\"3599\"}" },
		{ "GET /127.0.0.1:42/msi/token?api-version=2019-08-01&client_id=mine&resource=",
		  "{\"access_token\":\"service\",\"expires_in\":\"3599\"}" },
		{ 0 },
	};
	char *env[] = { (char *)"AZURE_CLIENT_ID=mine", NULL, NULL, NULL };
	struct setting s;

	(void)state;
	begin(&s, "azure", answers, env);
	s.need.scope = S("https://vault.azure.net/.default");
	must_get(&s, "machine");
	assert_true(clouds_got(&s.cloud, 0, "Metadata: true"));
	int64_t left = s.token.ends - clock_wall();

	assert_true(left > 3500 * CLOCK_SECOND && left <= 3599 * CLOCK_SECOND);
	env[1] = (char *)"IDENTITY_ENDPOINT=http://127.0.0.1:42/msi/token";
	env[2] = (char *)"IDENTITY_HEADER=hush";
	must_get(&s, "service");
	assert_true(clouds_got(&s.cloud, -1, "X-IDENTITY-HEADER: hush"));
	end(&s);
}

static void test_azure_certificate(void **state)
{
	static const struct answer answers[] = {
		{ "POST /login.microsoftonline.com/t/oauth2/v2.0/token",
		  "{\"access_token\":\"signed\",\"expires_in\":3599}" },
		{ 0 },
	};
	char *env[] = { (char *)"AZURE_CLIENT_ID=mine", (char *)"AZURE_TENANT_ID=t", NULL, NULL };
	int64_t now = clock_wall() / CLOCK_SECOND;
	struct keys_request r = { .name = S("mine"), .now = now, .until = now + 3600 };
	struct setting s;
	str cert, key;

	(void)state;
	begin(&s, "azure", answers, env);
	s.need.scope = S("https://vault.azure.net/.default");
	assert_null(keys_new(&s.a, KEYS_RSA_2048, NULL, &r.key));
	assert_null(keys_certify(&s.a, &r, &cert, &key));
	char *file = file_of(&s.a, arena_cat(&s.a, cert, key).p);

	env[2] = variable(&s.a, "AZURE_CLIENT_CERTIFICATE_PATH", file);
	must_get(&s, "signed");
	assert_true(clouds_got(&s.cloud, 0, "grant_type=client_credentials&client_id=mine&scope="));
	assert_true(clouds_got(&s.cloud, 0,
			       "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-"
			       "type%3Ajwt-bearer&client_assertion=ey"));
	char *none = file_of(&s.a, "no certificate\n");

	env[2] = variable(&s.a, "AZURE_CLIENT_CERTIFICATE_PATH", none);
	must_fail(&s, "failed to create provider access token for the controller: failed to parse \"/tmp/");
	unlink(file);
	unlink(none);
	end(&s);
}

/* ---- Google ---------------------------------------------------------------------------------- */

static void test_google_files(void **state)
{
	static const struct answer answers[] = {
		{ "POST /sts.googleapis.com/v1/token", "{\"access_token\":\"federated\",\"expires_in\":3600}" },
		{ "POST /oauth2.googleapis.com/token", "{\"access_token\":\"signed\",\"expires_in\":3600}" },
		{ 0 },
	};
	CLEANUP(buf_release) struct buf account = BUF_INIT;
	char *env[] = { NULL, NULL };
	struct setting s;
	str key;

	(void)state;
	begin(&s, "gcp", answers, env);
	char *vouches = file_of(&s.a, "{\"token\":\"by-others\"}");
	char *external = file_of(&s.a, arena_printf(&s.a, "{\"type\":\"external_account\",\"audience\":\"//pool\","
						    "\"subject_token_type\":\"urn:jwt\",\"credential_source\":{\"file\":\"%s\","
						    "\"format\":{\"type\":\"json\",\"subject_token_field_name\":\"token\"}}}",
						    vouches).p);

	env[0] = variable(&s.a, "GOOGLE_APPLICATION_CREDENTIALS", external);
	must_get(&s, "federated");
	assert_true(clouds_got(&s.cloud, 0, "subject_token=by-others&subject_token_type=urn%3Ajwt"));
	assert_null(keys_new(&s.a, KEYS_RSA_2048, NULL, &key));
	node file = node_map(&s.a, 3);

	node_set(&s.a, file, S("type"), node_lit("service_account"));
	node_set(&s.a, file, S("client_email"), node_lit("x@p.iam.gserviceaccount.com"));
	node_set(&s.a, file, S("private_key"), node_from_str(&s.a, key));
	assert_null(json_write(&account, file, NULL));
	char *own = file_of(&s.a, buf_c(&account));

	env[0] = variable(&s.a, "GOOGLE_APPLICATION_CREDENTIALS", own);
	must_get(&s, "signed");
	assert_true(clouds_got(&s.cloud, -1, "assertion=eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9."));
	char *evil = file_of(&s.a, "{\"type\":\"authorized_user\",\"token_uri\":\"https://evil.example/t\"}");

	env[0] = variable(&s.a, "GOOGLE_APPLICATION_CREDENTIALS", evil);
	must_fail(&s, "failed to create provider access token for the controller: google: error getting "
		      "credentials using GOOGLE_APPLICATION_CREDENTIALS environment variable: the token "
		      "server of the credentials is not one of Google's: evil.example/t");
	unlink(vouches), unlink(external), unlink(own), unlink(evil);
	end(&s);
}

/* ---- what is kept ------------------------------------------------------------------------------- */

static void test_kept(void **state)
{
	static const struct answer answers[] = {
		{ "GET /169.254.169.254/metadata", "{\"access_token\":\"t\",\"expires_in\":\"3599\"}" },
		{ "POST /login.microsoftonline.com/t/", "{\"access_token\":\"app\",\"expires_in\":3600}" },
		{ 0 },
	};
	static const str scopes[] = { S("one"), S("two"), S("three") };
	CLEANUP(buf_release) struct buf metrics = BUF_INIT;
	struct setting s;

	(void)state;
	begin(&s, "azure", answers, NULL);
	s.who.cache = identity_cache_new(2, CLOCK_HOUR);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 2; i++) {
			s.need.scope = scopes[i];
			must_get(&s, "t");
		}
	assert_int_equal(clouds_asked(&s.cloud), 2);
	s.need.scope = scopes[2];
	must_get(&s, "t");
	s.need.scope = scopes[1];
	must_get(&s, "t");
	assert_int_equal(clouds_asked(&s.cloud), 3);
	s.need.scope = scopes[0];
	must_get(&s, "t");
	assert_int_equal(clouds_asked(&s.cloud), 4);
	/* Another account, or the same with other annotations, is somebody else. */
	s.who.account = S("deployer");
	s.own.annotations = "\"azure.workload.identity/tenant-id\":\"t\",\"azure.workload.identity/client-id\":\"1\"";
	must_get(&s, "app");
	must_get(&s, "app");
	assert_int_equal(clouds_asked(&s.cloud), 5);
	s.own.annotations = "\"azure.workload.identity/tenant-id\":\"t\",\"azure.workload.identity/client-id\":\"2\"";
	must_get(&s, "app");
	assert_int_equal(clouds_asked(&s.cloud), 6);
	identity_cache_metrics(s.who.cache, &metrics);
	assert_true(str_has(buf_str(&metrics), S("gotk_token_cached_items 2\n")));
	assert_true(str_has(buf_str(&metrics), S("gotk_token_cache_evictions_total 4\n")));
	assert_true(str_has(buf_str(&metrics),
			    S("gotk_token_cache_events_total{event_type=\"cache_hit\",kind=\"Bucket\","
			      "name=\"b\",namespace=\"ns\",operation=\"reconcile\"} 6\n")));
	assert_true(str_has(buf_str(&metrics),
			    S("{event_type=\"cache_miss\",kind=\"Bucket\",name=\"b\",")));
	identity_cache_forget(s.who.cache, S("Bucket"), S("ns"), S("b"));
	buf_clear(&metrics);
	identity_cache_metrics(s.who.cache, &metrics);
	assert_false(str_has(buf_str(&metrics), S("kind=\"Bucket\"")));
	identity_cache_free(s.who.cache);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_amazon_in_order), cmocka_unit_test(test_amazon_refuses),
		cmocka_unit_test(test_amazon_profiles), cmocka_unit_test(test_amazon_chains),
		cmocka_unit_test(test_amazon_process), cmocka_unit_test(test_azure_managed),
		cmocka_unit_test(test_azure_certificate), cmocka_unit_test(test_google_files),
		cmocka_unit_test(test_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
