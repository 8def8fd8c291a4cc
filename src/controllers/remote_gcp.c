/* remote_gcp - clusters at Google: a token of a ServiceAccount is exchanged for one of
 * Google's, or the machine's metadata gives one. */
#include "controllers/remote_impl.h"
#include "text/gotime.h"
#include "value/json.h"

#define METADATA S("169.254.169.254")
#define PLATFORM "https://www.googleapis.com/auth/cloud-platform"
#define EMAIL "https://www.googleapis.com/auth/userinfo.email"

static const char cluster_pattern[] =
	"^projects/[^/]{1,200}/locations/[^/]{1,200}/clusters/[^/]{1,200}$";
static const char email_pattern[] =
	"^[a-zA-Z0-9-]{1,100}@[a-zA-Z0-9-]{1,100}\\.iam\\.gserviceaccount\\.com$";
static const char pool_pattern[] =
	"^projects/\\d{1,30}/locations/global/workloadIdentityPools/[^/]{1,100}/providers/[^/]{1,100}$";

static const struct net_header flavor = { S("Metadata-Flavor"), S("Google") };

static err *metadata(struct remote_login *l, struct arena *a, const char *path, const char *what,
		     str *text)
{
	err *e = remote_ask(l, a,
			    &(struct remote_ask){ .host = METADATA,
						  .path = arena_cat(a, S("/computeMetadata/v1/"),
								    str_c(path)),
						  .headers = &flavor,
						  .headers_n = 1,
						  .plain = true },
			    text);

	if (!e && !str_trim(*text).n)
		e = err_new(ERR_NOT_FOUND, "empty value");
	return e ? err_wrap(e, "failed to get GKE cluster %s from the metadata service", what) : NULL;
}

/* Whom the exchange is for: a pool of identities that an annotation names, or that of
 * the cluster we are in. */
struct pool {
	str audience;	/* of the ServiceAccount's token */
	str exchange;	/* of the exchange */
};

static err *find_pool(struct remote_login *l, struct arena *a, node account, struct pool *out)
{
	str named = remote_annotation(account, "gcp.auth.fluxcd.io/workload-identity-provider");
	str project, location, name;

	if (named.n) {
		TRY(remote_match(a, "gcp.auth.fluxcd.io/workload-identity-provider annotation",
				 pool_pattern, named, NULL, 0));
		out->audience = out->exchange = arena_cat(a, S("//iam.googleapis.com/"), named);
		return NULL;
	}
	TRY(metadata(l, a, "project/project-id", "project ID", &project));
	TRY(metadata(l, a, "instance/attributes/cluster-location", "location", &location));
	TRY(metadata(l, a, "instance/attributes/cluster-name", "name", &name));
	out->audience = arena_cat(a, project, S(".svc.id.goog"));
	out->exchange = arena_cat(a, S("identitynamespace:"), out->audience,
				  S(":https://container.googleapis.com/v1/projects/"), project,
				  S("/locations/"), location, S("/clusters/"), name);
	return NULL;
}

static err *exchange(struct remote_login *l, struct arena *a, const struct pool *pool, str oidc,
		     str scope, str *token, int64_t *ends)
{
	node answer;

	TRY(remote_ask_json(
		l, a,
		&(struct remote_ask){
			.host = S("sts.googleapis.com"),
			.path = S("/v1/token"),
			.body = remote_form_of(
				a, S("grant_type"),
				S("urn:ietf:params:oauth:grant-type:token-exchange"), S("audience"),
				pool->exchange, S("scope"), scope, S("requested_token_type"),
				S("urn:ietf:params:oauth:token-type:access_token"),
				S("subject_token"), oidc, S("subject_token_type"),
				S("urn:ietf:params:oauth:token-type:jwt")) },
		&answer));
	return remote_take_token(a, answer, token, ends);
}

/* The same as an account of Google's that trusts it. */
static err *impersonate(struct remote_login *l, struct arena *a, str email, str *token, int64_t *ends)
{
	struct gotime t = { 0 };
	node answer;

	TRY(remote_ask_json(
		l, a,
		&(struct remote_ask){
			.host = S("iamcredentials.googleapis.com"),
			.path = arena_cat(a, S("/v1/projects/-/serviceAccounts/"), email,
					  S(":generateAccessToken")),
			.body = S("{\"lifetime\":\"3600s\",\"scope\":[\"" PLATFORM "\",\"" EMAIL "\"]}"),
			.type = S("application/json"),
			.token = *token },
		&answer));
	*token = arena_str(a, node_str(node_get(answer, S("accessToken"))));
	if (!token->n)
		return err_new(ERR_INTERNAL, "the answer has no access token");
	TRY(gotime_parse(&t, GOTIME_RFC3339, node_str(node_get(answer, S("expireTime"))), NULL));
	*ends = gotime_sub(t, gotime_utc(0, 0));
	return NULL;
}

static err *account_token(struct remote_login *l, struct arena *a, str *token, int64_t *ends)
{
	struct pool pool;
	node account;
	str oidc;

	TRY(remote_account(l, a, &account));
	str email = remote_annotation(account, "iam.gke.io/gcp-service-account");

	if (email.n)
		TRY(remote_match(a, "iam.gke.io/gcp-service-account annotation", email_pattern, email,
				 NULL, 0));
	TRY(find_pool(l, a, account, &pool));
	TRY(remote_account_token(l, a, l->audiences_n ? l->audiences : &pool.audience,
				 l->audiences_n ? l->audiences_n : 1, &oidc));
	err *e = exchange(l, a, &pool, oidc, email.n ? S(PLATFORM) : S(PLATFORM " " EMAIL), token,
			  ends);

	if (!e && email.n)
		e = impersonate(l, a, email, token, ends);
	return e ? err_wrap(e, "failed to create provider access token for service account "
			       "'%.*s/%.*s'",
			    STR_ARG(l->namespace), STR_ARG(l->account))
		 : NULL;
}

static err *own_token(struct remote_login *l, struct arena *a, str *token, int64_t *ends)
{
	node answer;
	err *e = remote_ask_json(
		l, a,
		&(struct remote_ask){
			.host = METADATA,
			.path = S("/computeMetadata/v1/instance/service-accounts/default/token"),
			.headers = &flavor,
			.headers_n = 1,
			.plain = true },
		&answer);

	if (!e)
		e = remote_take_token(a, answer, token, ends);
	return e ? err_wrap(e, "failed to create provider access token for the controller") : NULL;
}

static err *token(struct remote_login *l, struct arena *a, str *out, int64_t *ends)
{
	err *e = l->account.n ? account_token(l, a, out, ends) : own_token(l, a, out, ends);

	return e ? err_wrap(e, "failed to get access token for cluster") : NULL;
}

static err *describe(struct remote_login *l, struct arena *a, node *out)
{
	str bearer;
	int64_t ends;

	TRY(token(l, a, &bearer, &ends));
	err *e = remote_ask_json(l, a,
				 &(struct remote_ask){ .host = S("container.googleapis.com"),
						       .path = arena_cat(a, S("/v1/"), l->cluster),
						       .token = bearer },
				 out);

	return e ? err_wrap(e, "failed to describe GKE cluster '%.*s'", STR_ARG(l->cluster)) : NULL;
}

static err *connect(struct remote_login *l, struct arena *a, struct kubeconfig *out)
{
	node cluster;
	str address = l->address;

	out->ca = l->ca;
	if (!address.n || !l->ca.n) {
		TRY(remote_match(a, "GKE cluster ID", cluster_pattern, l->cluster, NULL, 0));
		TRY(describe(l, a, &cluster));
		if (!address.n)
			address = node_str(node_get(cluster, S("endpoint")));
		if (!l->ca.n) {
			err *e = remote_take_ca(a, node_str(node_dig(cluster, "masterAuth",
								     "clusterCaCertificate")),
						&out->ca);

			if (e)
				return err_wrap(e, "failed to decode GKE CA certificate");
		}
	}
	return remote_address(a, address, &out->server);
}

const struct remote_provider remote_gcp = { "gcp", connect, token };
