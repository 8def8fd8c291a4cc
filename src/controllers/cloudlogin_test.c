/* Logins at registries and Git servers of clouds, against a stand-in for all of them. */
#include "controllers/cloud_test.h"

#include "controllers/cloudlogin.h"
#include "text/base64.h"

struct setting {
	struct clouds cloud;
	struct own own;
	struct net_client *net;
	struct identity who;
	struct ociauth login;
	struct gitremote_auth git;
	struct arena a;
};

static char region[] = "AWS_REGION=eu-west-1", id[] = "AWS_ACCESS_KEY_ID=AKID",
	    hidden[] = "AWS_SECRET_ACCESS_KEY=secret", token[] = "AWS_SESSION_TOKEN=token",
	    tenant[] = "AZURE_TENANT_ID=tenant", client[] = "AZURE_CLIENT_ID=client",
	    hush[] = "AZURE_CLIENT_SECRET=hush";
static char *const keys[] = { region, id, hidden, NULL };
static char *const session[] = { region, id, hidden, token, NULL };
static char *const app[] = { tenant, client, hush, NULL };

static void begin(struct setting *s, const struct answer *answers, char *const *env)
{
	memset(s, 0, sizeof *s);
	clouds_open(&s->cloud, answers);
	assert_null(net_client_new(&s->net, NULL));
	s->who = (struct identity){ .cloud = { .net = s->net, .env = env,
					       .stand_in = str_c(s->cloud.url) },
				    .client = own_client(&s->own),
				    .cache = identity_cache_new(10, CLOCK_HOUR),
				    .namespace = S("ns"), .accounts_allowed = true };
}

static void end(struct setting *s)
{
	clouds_close(&s->cloud);
	identity_cache_free(s->who.cache);
	client_unref(s->who.client);
	net_client_free(s->net);
	arena_release(&s->a);
}

static void logs_in(struct setting *s, const char *provider, const char *url, const char *user,
		    const char *password)
{
	err *e = cloudlogin_registry(&s->who, &s->a, str_c(provider), str_c(url), &s->login);

	if (e)
		fail_msg("%s", err_msg(e));
	assert_true(str_eq(s->login.user, str_c(user)));
	assert_true(str_eq(s->login.password, str_c(password)));
}

static void refuses(struct setting *s, const char *provider, const char *url, const char *text)
{
	CLEANUP(err_drop)
	err *e = cloudlogin_registry(&s->who, &s->a, str_c(provider), str_c(url), &s->login);

	assert_non_null(e);
	if (!str_starts(err_text(e), str_c(text)))
		fail_msg("%s", err_msg(e));
}

/* "AWS:secret of ECR" */
#define BASIC "QVdTOnNlY3JldCBvZiBFQ1I="
#define ENDS "\"expiresAt\":4102444800.5"
#define ROLE                                                                                       \
	"<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"        \
	"<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T"       \
	"</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"               \
	"</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"

static const struct answer amazon[] = {
	{ "POST /api.ecr.eu-north-1.amazonaws.com/ ",
	  "{\"authorizationData\":[{\"authorizationToken\":\"" BASIC "\"," ENDS "}]}" },
	{ "POST /api.ecr.cn-north-1.amazonaws.com.cn/ ",
	  "{\"authorizationData\":[{\"authorizationToken\":\"" BASIC "\"," ENDS "}]}" },
	{ "POST /api.ecr-public.us-east-1.amazonaws.com/ ",
	  "{\"authorizationData\":{\"authorizationToken\":\"" BASIC "\"," ENDS "}}" },
	{ "POST /sts.eu-north-1.amazonaws.com/", ROLE },
	{ "POST /api.ecr.us-east-2.amazonaws.com/ ", "{\"authorizationData\":[]}" },
	{ "POST /api.ecr.us-west-1.amazonaws.com/ ",
	  "{\"authorizationData\":[{\"authorizationToken\":\"bm9uZQ==\"," ENDS "}]}" },
	{ NULL },
};

static void test_ecr(void **state)
{
	struct setting s;

	(void)state;
	begin(&s, amazon, keys);
	logs_in(&s, "aws", "oci://1234.dkr.ecr.eu-north-1.amazonaws.com/org/app", "AWS", "secret of ECR");
	assert_true(clouds_got(&s.cloud, 0, "\nX-Amz-Target: "
					    "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken") ||
		    clouds_got(&s.cloud, 0, "\nx-amz-target: "
					    "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"));
	assert_true(clouds_got(&s.cloud, 0, "\r\nContent-Type: application/x-amz-json-1.1\r\n"));
	assert_true(clouds_got(&s.cloud, 0, "/eu-north-1/ecr/aws4_request"));
	/* kept: nobody is asked */
	logs_in(&s, "aws", "oci://1234.dkr.ecr.eu-north-1.amazonaws.com/other", "AWS", "secret of ECR");
	assert_int_equal(clouds_asked(&s.cloud), 1);
	logs_in(&s, "aws", "oci://public.ecr.aws/org/app", "AWS", "secret of ECR");
	assert_true(clouds_got(&s.cloud, 1, "SpencerFrontendService.GetAuthorizationToken"));
	assert_true(clouds_got(&s.cloud, 1, "/us-east-1/ecr-public/aws4_request"));
	logs_in(&s, "aws", "oci://1.dkr.ecr.cn-north-1.amazonaws.com.cn/app", "AWS", "secret of ECR");
	refuses(&s, "aws", "oci://ghcr.io/org/app", "invalid AWS registry: 'ghcr.io'. must match ");
	refuses(&s, "aws", "oci://1.dkr.ecr.us-east-2.amazonaws.com/app",
		"failed to create artifact registry credentials: no authorization data returned");
	refuses(&s, "aws", "oci://1.dkr.ecr.us-west-1.amazonaws.com/app",
		"failed to create artifact registry credentials: invalid authorization token format");
	refuses(&s, "aws", "oci://1.dkr.ecr.us-west-2.amazonaws.com/app",
		"failed to create artifact registry credentials: api.ecr.us-west-2.amazonaws.com/: "
		"403 Forbidden");
	refuses(&s, "generic", "oci://ghcr.io/org/app", "provider 'generic' does not support");
	end(&s);
}

static void test_ecr_for_an_account(void **state)
{
	struct setting s;

	(void)state;
	begin(&s, amazon, NULL);
	s.who.account = S("deployer");
	s.own.annotations = "\"eks.amazonaws.com/role-arn\":\"arn:aws:iam::123456789012:role/pull\"";
	logs_in(&s, "aws", "oci://1234.dkr.ecr.eu-north-1.amazonaws.com/org/app", "AWS", "secret of ECR");
	assert_string_equal(s.own.audience, "sts.amazonaws.com");
	assert_true(clouds_got(&s.cloud, 0, "RoleSessionName=deployer.ns.eu-north-1.fluxcd.io"));
	assert_true(clouds_got(&s.cloud, 1, "Credential=ASIA/"));
	s.own.annotations = NULL;
	refuses(&s, "aws", "oci://1.dkr.ecr.eu-north-1.amazonaws.com/app",
		"failed to get access token for artifact registry: failed to get service account "
		"'ns/deployer': ");
	end(&s);
}

/* {"exp":4102444800} */
#define REFRESH "e30.eyJleHAiOjQxMDI0NDQ4MDB9.e30"

static void test_acr(void **state)
{
	static const struct answer answers[] = {
		{ "POST /login.microsoftonline.com/tenant/oauth2/v2.0/token",
		  "{\"access_token\":\"entra\",\"expires_in\":3600}" },
		{ "POST /team.azurecr.io/oauth2/exchange", "{\"refresh_token\":\"" REFRESH "\"}" },
		{ NULL },
	};
	struct setting s;

	(void)state;
	begin(&s, answers, app);
	logs_in(&s, "azure", "oci://team.azurecr.io/app", "00000000-0000-0000-0000-000000000000", REFRESH);
	assert_true(clouds_got(&s.cloud, 0, "scope=https%3A%2F%2Fcontainerregistry.azure.net%2F.default"));
	assert_true(clouds_got(&s.cloud, 1,
			       "access_token=entra&grant_type=access_token&service=team.azurecr.io"));
	refuses(&s, "azure", "oci://other.azurecr.io/app",
		"failed to create artifact registry credentials: other.azurecr.io/oauth2/exchange: 403");
	/* no token goes to a host that only looks like one */
	refuses(&s, "azure", "oci://azurecr.io.example.org/app",
		"invalid Azure registry: 'azurecr.io.example.org'. must match ^.+\\.");
	end(&s);
}

static void test_gcr(void **state)
{
	static const struct answer answers[] = {
		{ "GET /169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token",
		  "{\"access_token\":\"google\",\"expires_in\":3600}" },
		{ NULL },
	};
	struct setting s;

	(void)state;
	begin(&s, answers, NULL);
	logs_in(&s, "gcp", "oci://europe-docker.pkg.dev/project/app", "oauth2accesstoken", "google");
	logs_in(&s, "gcp", "oci://eu.gcr.io/project/app", "oauth2accesstoken", "google");
	assert_int_equal(clouds_asked(&s.cloud), 1);
	refuses(&s, "gcp", "oci://evilgcr.io/app", "invalid GCP registry: 'evilgcr.io'. must match ");
	end(&s);
}

static err *git(struct setting *s, const char *provider, const char *url)
{
	return cloudlogin_git(&s->who, &s->a, str_c(provider), str_c(url), &s->git);
}

static void git_refuses(struct setting *s, const char *url, const char *text)
{
	CLEANUP(err_drop) err *e = git(s, "aws", url);

	assert_non_null(e);
	assert_string_equal(err_msg(e), text);
}

static void test_git(void **state)
{
	static const struct answer answers[] = {
		{ "POST /login.microsoftonline.com/tenant/oauth2/v2.0/token",
		  "{\"access_token\":\"entra\",\"expires_in\":3600}" },
		{ NULL },
	};
	struct setting s;

	(void)state;
	begin(&s, answers, app);
	assert_null(git(&s, "azure", "https://dev.azure.com/org/project/_git/repo"));
	assert_true(str_eq(s.git.token, S("entra")));
	assert_true(clouds_got(&s.cloud, 0, "scope=499b84ac-1321-427f-aa17-267ca6975798%2F.default"));
	s.who.cloud.env = session;
	assert_null(git(&s, "aws", "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/app"));
	assert_true(str_eq(s.git.user, S("AKID%token")));
	/* 20260102T150405Z and 64 digits */
	assert_int_equal(s.git.password.n, 16 + 64);
	assert_true(s.git.password.p[8] == 'T' && s.git.password.p[15] == 'Z');
	git_refuses(&s, "http://git-codecommit.us-east-1.amazonaws.com/v1/repos/app",
		    "AWS CodeCommit authentication requires an HTTPS Git URL");
	git_refuses(&s, "https://git-codecommit.us-east-1.amazonaws.com.example.org/v1/repos/app",
		    "invalid AWS CodeCommit Git URL: git-codecommit.us-east-1.amazonaws.com.example.org");
	git_refuses(&s, "https://github.com/org/app", "invalid AWS CodeCommit Git URL: github.com");
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ecr),
		cmocka_unit_test(test_ecr_for_an_account),
		cmocka_unit_test(test_acr),
		cmocka_unit_test(test_gcr),
		cmocka_unit_test(test_git),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
