/* Logins at clouds, against a stand-in of their services on loopback. */
#include "controllers/cloud_test.h"

#include "base/die.h"
#include "controllers/remote_impl.h"
#include "text/base64.h"

/* ---- a login ------------------------------------------------------------------------- */

struct setting {
	struct clouds cloud;
	struct own own;
	struct net_client *net;
	struct remote_login l;
	struct arena a;
	struct kubeconfig config;
	str token;
	int64_t ends;
};

static void begin(struct setting *s, const struct remote_provider *p, const struct answer *answers,
		  const char *cluster, const char *annotations)
{
	memset(s, 0, sizeof *s);
	clouds_open(&s->cloud, answers);
	s->own.annotations = annotations;
	assert_null(net_client_new(&s->net, NULL));
	s->l = (struct remote_login){ .provider = p, .cluster = str_c(cluster) };
	s->l.who = (struct identity){ .cloud = { .net = s->net, .stand_in = str_c(s->cloud.url) },
				      .client = own_client(&s->own),
				      .namespace = S("ns"),
				      .account = annotations ? S("deployer") : STR_NONE,
				      .accounts_allowed = true };
}

static err *log_in(struct setting *s)
{
	TRY(s->l.provider->connect(&s->l, &s->a, &s->config));
	return s->l.provider->token(&s->l, &s->a, &s->token, &s->ends);
}

static void must_log_in(struct setting *s)
{
	CLEANUP(err_drop) err *e = log_in(s);

	if (e)
		fail_msg("%s", err_msg(e));
}

static void must_fail(struct setting *s, const char *text)
{
	CLEANUP(err_drop) err *e = log_in(s);

	assert_non_null(e);
	if (!str_starts(err_text(e), str_c(text)))
		fail_msg("%s", err_msg(e));
}

static void end(struct setting *s)
{
	clouds_close(&s->cloud);
	client_unref(s->l.who.client);
	net_client_free(s->net);
	arena_release(&s->a);
}

static bool got(struct setting *s, int n, const char *piece)
{
	return clouds_got(&s->cloud, n, piece);
}

/* ---- Google ------------------------------------------------------------------------------ */

static const char gke[] = "projects/p/locations/l/clusters/c";

static void test_google(void **state)
{
	static const struct answer answers[] = {
		{ "POST /sts.googleapis.com/v1/token", "{\"access_token\":\"federated\",\"expires_in\":3600}" },
		{ "POST /iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
		  "x@p.iam.gserviceaccount.com:generateAccessToken",
		  "{\"accessToken\":\"as-x\",\"expireTime\":\"2100-01-01T00:00:00Z\"}" },
		{ "GET /container.googleapis.com/v1/projects/p/locations/l/clusters/c",
		  "{\"endpoint\":\"10.1.2.3\",\"masterAuth\":{\"clusterCaCertificate\":\"Q0E=\"}}" },
		{ 0 },
	};
	struct setting s;

	(void)state;
	begin(&s, &remote_gcp, answers, gke,
	      "\"gcp.auth.fluxcd.io/workload-identity-provider\":\"projects/1/locations/global/"
	      "workloadIdentityPools/pool/providers/us\","
	      "\"iam.gke.io/gcp-service-account\":\"x@p.iam.gserviceaccount.com\"");
	must_log_in(&s);
	assert_true(str_eq(s.config.server, S("https://10.1.2.3:443")));
	assert_true(str_eq(s.config.ca, S("CA")));
	assert_true(str_eq(s.token, S("as-x")));
	assert_int_equal(s.ends / CLOCK_SECOND, 4102444800);
	assert_string_equal(s.own.audience, "//iam.googleapis.com/projects/1/locations/global/"
					    "workloadIdentityPools/pool/providers/us");
	assert_true(got(&s, 0, "subject_token=vouched-for"));
	assert_true(got(&s, 0, "audience=%2F%2Fiam.googleapis.com%2Fprojects"));
	assert_true(got(&s, 1, "Bearer federated"));
	assert_true(got(&s, 2, "Bearer as-x"));
	end(&s);
}

static void test_google_from_within(void **state)
{
	static const struct answer answers[] = {
		{ "GET /169.254.169.254/computeMetadata/v1/project/project-id", "p" },
		{ "GET /169.254.169.254/computeMetadata/v1/instance/attributes/cluster-location", "l" },
		{ "GET /169.254.169.254/computeMetadata/v1/instance/attributes/cluster-name", "own" },
		{ "GET /169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token",
		  "{\"access_token\":\"machine\",\"expires_in\":100}" },
		{ "POST /sts.googleapis.com/v1/token", "{\"access_token\":\"direct\",\"expires_in\":3600}" },
		{ 0 },
	};
	struct setting s;

	(void)state;
	begin(&s, &remote_gcp, answers, "", "");
	s.l.address = S("Example.com:6443");
	s.l.ca = S("own CA");
	must_log_in(&s);
	assert_true(str_eq(s.config.server, S("https://example.com:6443")));
	assert_true(str_eq(s.config.ca, S("own CA")));
	assert_true(str_eq(s.token, S("direct")));
	assert_string_equal(s.own.audience, "p.svc.id.goog");
	assert_true(got(&s, 0, "Metadata-Flavor: Google"));
	assert_true(got(&s, 6, "identitynamespace%3Ap.svc.id.goog%3Ahttps%3A%2F%2Fcontainer.googleapis.com"
			       "%2Fv1%2Fprojects%2Fp%2Flocations%2Fl%2Fclusters%2Fown"));
	s.l.who.account = STR_NONE;
	must_log_in(&s);
	assert_true(str_eq(s.token, S("machine")));
	end(&s);
}

static void test_google_refuses(void **state)
{
	static const struct answer answers[] = { { 0 } };
	struct setting s;

	(void)state;
	begin(&s, &remote_gcp, answers, "clusters/c", "");
	must_fail(&s, "invalid GKE cluster ID: 'clusters/c'. must match ^projects/");
	s.l.cluster = str_c(gke);
	s.own.annotations = "\"gcp.auth.fluxcd.io/workload-identity-provider\":\"projects/1/locations/global/"
			    "workloadIdentityPools/pool/providers/us\","
			    "\"iam.gke.io/gcp-service-account\":\"nobody\"";
	must_fail(&s, "failed to get access token for cluster: failed to get provider identity from service "
		      "account 'ns/deployer' annotations: invalid iam.gke.io/gcp-service-account annotation: 'nobody'. must match ");
	s.own.annotations = "";
	must_fail(&s, "failed to get access token for cluster: failed to get provider audience: failed to "
		      "get GKE cluster project ID from the metadata service: 169.254.169.254/computeMetadata/v1/project/project-id: 403 "
		      "Forbidden: not today");
	end(&s);
}

/* ---- Azure --------------------------------------------------------------------------------- */

#define AKS                                                                                     \
	"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/" \
	"Microsoft.ContainerService/managedClusters/c"
#define ENTRA "\"azure.workload.identity/tenant-id\":\"t\",\"azure.workload.identity/client-id\":\"id\""

static void test_azure(void **state)
{
	CLEANUP(buf_release) struct buf config = BUF_INIT, list = BUF_INIT;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct kubeconfig theirs = { .server = S("https://c.azmk8s.io:443"), .ca = S("their CA") };

	(void)state;
	base64_write(&config, kubeconfig_text(&a, &theirs, S("c")), BASE64_STD);
	buf_addf(&list, "{\"kubeconfigs\":[{\"name\":\"u\",\"value\":\"%s\"}]}", buf_c(&config));
	const struct answer answers[] = {
		{ "POST /login.microsoftonline.com/t/oauth2/v2.0/token",
		  "{\"access_token\":\"entra\",\"expires_in\":3600}" },
		{ "GET /management.azure.com" AKS "?api-version=", "{\"properties\":{\"aadProfile\":{}}}" },
		{ "POST /management.azure.com" AKS "/listClusterUserCredential?api-version=",
		  buf_c(&list) },
		{ 0 },
	};
	struct setting s;

	begin(&s, &remote_azure, answers, AKS, ENTRA);
	must_log_in(&s);
	assert_true(str_eq(s.config.server, S("https://c.azmk8s.io:443")));
	assert_true(str_eq(s.config.ca, S("their CA")));
	assert_true(str_eq(s.token, S("entra")));
	assert_string_equal(s.own.audience, "api://AzureADTokenExchange");
	assert_true(got(&s, 0, "client_assertion=vouched-for"));
	assert_true(got(&s, 0, "scope=https%3A%2F%2Fmanagement.core.windows.net%2F%2F.default"));
	assert_true(got(&s, 3, "scope=6dae42f8-4368-4678-94ff-3960e28e3630%2F.default"));
	s.l.address = S("https://other.example.com");
	must_fail(&s, "no kubeconfig found for AKS cluster " AKS " matching the specified address "
		      "'https://other.example.com'. cluster addresses: ['https://c.azmk8s.io:443']");
	end(&s);
}

static void test_azure_from_within(void **state)
{
	static char *const env[] = { (char *)"AZURE_TENANT_ID=t", (char *)"AZURE_CLIENT_ID=id", (char *)"AZURE_CLIENT_SECRET=hush",
				     (char *)"AZURE_AUTHORITY_HOST=https://login.example.com/", NULL };
	static const struct answer answers[] = {
		{ "POST /login.example.com/t/oauth2/v2.0/token",
		  "{\"access_token\":\"app\",\"expires_in\":3600}" },
		{ "GET /management.azure.com", "{\"properties\":{}}" },
		{ 0 },
	};
	struct setting s;

	(void)state;
	begin(&s, &remote_azure, answers, AKS, NULL);
	must_fail(&s, "failed to get access token for cluster: failed to create provider access token for "
		      "the controller: ManagedIdentityCredential: 169.254.169.254/metadata/identity/oauth2/"
		      "token: 403 Forbidden");
	s.l.who.cloud.env = env;
	must_fail(&s, "AKS cluster " AKS " does not have Microsoft Entra ID integration enabled. See docs");
	s.l.address = S("https://c.example.com");
	s.l.ca = S("CA");
	must_log_in(&s);
	assert_true(str_eq(s.token, S("app")));
	assert_true(got(&s, -1, "client_secret=hush"));
	s.l.who.account = S("deployer");
	s.own.annotations = "";
	must_fail(&s, "failed to get access token for cluster: failed to get provider identity from service "
		      "account 'ns/deployer' annotations: azure tenant ID is not set in the service account "
		      "annotation azure.workload.identity/tenant-id");
	end(&s);
}

/* ---- Amazon ----------------------------------------------------------------------------------- */

#define EKS "arn:aws:eks:eu-central-1:123456789012:cluster/my-cluster"

static void test_amazon(void **state)
{
	static const struct answer answers[] = {
		{ "POST /sts.eu-central-1.amazonaws.com/",
		  "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
		  "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>AKID</AccessKeyId>"
		  "<SecretAccessKey>SECRET</SecretAccessKey><SessionToken>SESSION</SessionToken>"
		  "<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"
		  "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>" },
		{ "GET /eks.eu-central-1.amazonaws.com/clusters/my-cluster",
		  "{\"cluster\":{\"endpoint\":\"https://ABC.gr7.eu-central-1.eks.amazonaws.com\","
		  "\"certificateAuthority\":{\"data\":\"Q0E=\"}}}" },
		{ 0 },
	};
	CLEANUP(buf_release) struct buf url = BUF_INIT;
	struct setting s;

	(void)state;
	begin(&s, &remote_aws, answers, EKS,
	      "\"eks.amazonaws.com/role-arn\":\"arn:aws:iam::123456789012:role/deployer\"");
	must_log_in(&s);
	assert_true(str_eq(s.config.server, S("https://abc.gr7.eu-central-1.eks.amazonaws.com:443")));
	assert_true(str_eq(s.config.ca, S("CA")));
	assert_string_equal(s.own.audience, "sts.amazonaws.com");
	assert_true(got(&s, 0, "RoleSessionName=deployer.ns.eu-central-1.fluxcd.io"));
	assert_true(got(&s, 0, "WebIdentityToken=vouched-for"));
	assert_true(got(&s, 1, "Authorization: AWS4-HMAC-SHA256 Credential=AKID/"));
	assert_true(got(&s, 1, "/eu-central-1/eks/aws4_request, SignedHeaders=host;x-amz-date;"
			       "x-amz-security-token, Signature="));
	assert_true(str_starts(s.token, S("k8s-aws-v1.")));
	assert_null(base64_read(&url, str_from(s.token, 11), BASE64_RAW_URL));
	assert_true(str_starts(buf_str(&url), S("https://sts.eu-central-1.amazonaws.com/?Action="
						"GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm="
						"AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F")));
	assert_true(str_has(buf_str(&url), S("&X-Amz-Expires=900&X-Amz-Security-Token=SESSION&"
					     "X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=")));
	int64_t left = s.ends - clock_wall();

	assert_true(left > 13 * CLOCK_MINUTE && left <= 15 * CLOCK_MINUTE);
	end(&s);
}

static void test_amazon_refuses(void **state)
{
	static char *const env[] = { (char *)"AWS_ACCESS_KEY_ID=AKID", (char *)"AWS_SECRET_ACCESS_KEY=SECRET", NULL };
	static const struct answer answers[] = { { 0 } };
	struct setting s;

	(void)state;
	begin(&s, &remote_aws, answers, "my-cluster", NULL);
	must_fail(&s, "invalid EKS cluster ARN: 'my-cluster'. must match ^arn:aws");
	s.l.cluster = S(EKS);
	must_fail(&s, "failed to get access token for cluster: failed to create provider access token for "
		      "the controller: no EC2 IMDS role found: 169.254.169.254/latest/api/token: 403");
	s.l.who.cloud.env = env;
	must_fail(&s, "failed to describe EKS cluster '" EKS "': eks.eu-central-1.amazonaws.com/clusters/"
		      "my-cluster: 403 Forbidden: not today");
	s.l.who.account = S("deployer");
	s.own.annotations = "\"eks.amazonaws.com/role-arn\":\"me\"";
	must_fail(&s, "failed to get access token for cluster: failed to get provider identity from service "
		      "account 'ns/deployer' annotations: invalid eks.amazonaws.com/role-arn annotation: "
		      "'me'. must match ^arn:aws");
	s.l.who.accounts_allowed = false;
	s.own.annotations = "\"eks.amazonaws.com/role-arn\":\"arn:aws:iam::1:role/r\"";
	must_fail(&s, "failed to get access token for cluster: ObjectLevelWorkloadIdentity feature gate is "
		      "not enabled");
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_google),		  cmocka_unit_test(test_google_from_within),
		cmocka_unit_test(test_google_refuses),	  cmocka_unit_test(test_azure),
		cmocka_unit_test(test_azure_from_within), cmocka_unit_test(test_amazon),
		cmocka_unit_test(test_amazon_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
