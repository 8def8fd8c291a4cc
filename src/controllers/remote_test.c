/* Logins at clouds, against a stand-in of their services on loopback. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/die.h"
#include "controllers/remote_impl.h"
#include "text/base64.h"
#include "value/json.h"

/* ---- the clouds --------------------------------------------------------------- */

struct answer {
	const char *request;	/* "POST /HOST/PATH"; what follows does not count */
	const char *body;	/* NULL: 403 */
};

enum { GOT_MAX = 16, REQUEST_MAX = 8192 };

struct cloud {
	int listen;
	pthread_t thread;
	char url[64];
	const struct answer *answers;
	pthread_mutex_t lock;	/* of what follows */
	char got[GOT_MAX][REQUEST_MAX];
	int n;
};

static void read_request(int fd, char *to)
{
	size_t n = 0, all = 0;

	while (n < REQUEST_MAX - 1 && (!all || n < all)) {
		ssize_t got = read(fd, to + n, REQUEST_MAX - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
		to[n] = 0;
		const char *end = strstr(to, "\r\n\r\n"), *length = strcasestr(to, "content-length: ");

		if (end)
			all = (size_t)(end + 4 - to) + (length ? strtoul(length + 16, NULL, 10) : 0);
	}
}

static void answer(struct cloud *c, int fd, const char *request)
{
	for (const struct answer *r = c->answers; r->request; r++) {
		if (strncmp(request, r->request, strlen(r->request)))
			continue;
		if (!r->body)
			break;
		dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
			strlen(r->body), r->body);
		return;
	}
	dprintf(fd, "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\nConnection: close\r\n\r\nnot today");
}

static void *serve(void *arg)
{
	struct cloud *c = arg;

	for (;;) {
		int fd = accept(c->listen, NULL, NULL);

		if (fd < 0)
			return NULL;
		char request[REQUEST_MAX] = "";

		read_request(fd, request);
		pthread_mutex_lock(&c->lock);
		memcpy(c->got[c->n < GOT_MAX ? c->n++ : GOT_MAX - 1], request, sizeof request);
		pthread_mutex_unlock(&c->lock);
		answer(c, fd, request);
		close(fd);
	}
}

static void cloud_open(struct cloud *c, const struct answer *answers)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;

	c->answers = answers;
	pthread_mutex_init(&c->lock, NULL);
	c->listen = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(c->listen, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(c->listen, 8), 0);
	getsockname(c->listen, (struct sockaddr *)&at, &size);
	snprintf(c->url, sizeof c->url, "http://127.0.0.1:%d", ntohs(at.sin_port));
	assert_int_equal(pthread_create(&c->thread, NULL, serve, c), 0);
}

static void cloud_close(struct cloud *c)
{
	shutdown(c->listen, SHUT_RDWR);
	pthread_join(c->thread, NULL);
	pthread_mutex_destroy(&c->lock);
	close(c->listen);
}

/* ---- our own cluster: one ServiceAccount ------------------------------------------ */

struct own {
	const char *annotations;
	char audience[256];
};

static void *start(void *ctx, const struct client_request *r)
{
	struct own *o = ctx;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node body;

	if (!str_ends(r->path, S("/token"))) {
		assert_true(str_eq(r->path, S("/api/v1/namespaces/ns/serviceaccounts/deployer")));
		return (void *)"GET";
	}
	assert_null(json_read(&a, arena_str(&a, r->body), NULL, &body));
	snprintf(o->audience, sizeof o->audience, "%.*s",
		 STR_ARG(node_str(node_at(node_dig(body, "spec", "audiences"), 0))));
	return (void *)"POST";
}

static err *wait(void *ctx, void *handle, struct client_answer *out)
{
	struct own *o = ctx;

	if (!strcmp(handle, "POST")) {
		out->status = 201;
		buf_add(&out->body, S("{\"status\":{\"token\":\"vouched-for\"}}"));
		return NULL;
	}
	out->status = o->annotations ? 200 : 404;
	if (o->annotations)
		buf_addf(&out->body, "{\"metadata\":{\"annotations\":{%s}}}", o->annotations);
	else
		buf_add(&out->body, S("{\"kind\":\"Status\",\"reason\":\"NotFound\",\"message\":\"gone\"}"));
	return NULL;
}

static void release(void *ctx)
{
	(void)ctx;
}

/* ---- a login ------------------------------------------------------------------------- */

struct setting {
	struct cloud cloud;
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
	cloud_open(&s->cloud, answers);
	s->own.annotations = annotations;
	assert_null(net_client_new(&s->net, NULL));
	s->l = (struct remote_login){ .provider = p,
				      .net = s->net,
				      .own = client_new_over(&(struct client_transport){
					      start, wait, NULL, NULL, release, &s->own }),
				      .namespace = S("ns"),
				      .cluster = str_c(cluster),
				      .account = annotations ? S("deployer") : STR_NONE,
				      .accounts_allowed = true,
				      .stand_in = str_c(s->cloud.url) };
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
	cloud_close(&s->cloud);
	client_unref(s->l.own);
	net_client_free(s->net);
	arena_release(&s->a);
}

/* The n-th request, from the last when it is negative. */
static bool got(struct setting *s, int n, const char *piece)
{
	struct cloud *c = &s->cloud;

	pthread_mutex_lock(&c->lock);
	if (n < 0)
		n += c->n;
	bool yes = n >= 0 && n < c->n && strstr(c->got[n], piece);

	pthread_mutex_unlock(&c->lock);
	return yes;
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
	assert_true(got(&s, 3, "identitynamespace%3Ap.svc.id.goog%3Ahttps%3A%2F%2Fcontainer.googleapis.com"
			       "%2Fv1%2Fprojects%2Fp%2Flocations%2Fl%2Fclusters%2Fown"));
	s.l.account = STR_NONE;
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
	s.own.annotations = "\"iam.gke.io/gcp-service-account\":\"nobody\"";
	must_fail(&s, "failed to get access token for cluster: invalid iam.gke.io/gcp-service-account "
		      "annotation: 'nobody'. must match ");
	s.own.annotations = "";
	must_fail(&s, "failed to get access token for cluster: failed to get GKE cluster project ID from "
		      "the metadata service: 169.254.169.254/computeMetadata/v1/project/project-id: 403 "
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
		      "the controller: no identity at Azure: AZURE_TENANT_ID, ");
	s.l.env = env;
	must_fail(&s, "AKS cluster " AKS " does not have Microsoft Entra ID integration enabled. See docs");
	s.l.address = S("https://c.example.com");
	s.l.ca = S("CA");
	must_log_in(&s);
	assert_true(str_eq(s.token, S("app")));
	assert_true(got(&s, -1, "client_secret=hush"));
	s.l.account = S("deployer");
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
		      "the controller: no identity at AWS: AWS_ROLE_ARN");
	s.l.env = env;
	must_fail(&s, "failed to describe EKS cluster '" EKS "': eks.eu-central-1.amazonaws.com/clusters/"
		      "my-cluster: 403 Forbidden: not today");
	s.l.account = S("deployer");
	s.own.annotations = "\"eks.amazonaws.com/role-arn\":\"me\"";
	must_fail(&s, "failed to get access token for cluster: failed to get provider identity from service "
		      "account 'ns/deployer' annotations: invalid eks.amazonaws.com/role-arn annotation: "
		      "'me'. must match ^arn:aws");
	s.l.accounts_allowed = false;
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
