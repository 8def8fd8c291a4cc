#include "controllers/cloudlogin.h"

#include "base/fs.h"
#include "controllers/identity_impl.h"
#include "crypto/sigv4.h"
#include "text/base64.h"
#include "text/gourl.h"
#include "value/json.h"

enum { ENVIRONMENT_MAX = 1 << 20 };

static const char ecr_pattern[] =
	"([0-9+]*).dkr.ecr(?:-fips)?\\.([^/.]*)\\.(amazonaws\\.com[.cn]*|sc2s\\.sgov\\.gov|"
	"c2s\\.ic\\.gov|cloud\\.adc-e\\.uk|csp\\.hci\\.ic\\.gov)";
static const char acr_pattern[] = "^.+\\.(azurecr\\.io|azurecr\\.cn|azurecr\\.de|azurecr\\.us)$";
static const char gcr_pattern[] = "^(((.+\\.)?gcr\\.io)|(.+-docker\\.pkg\\.dev))$";

bool cloudlogin_wanted(str provider)
{
	return provider.n && !str_eq(provider, S("generic"));
}

err *cloudlogin_check(struct pass *p, str account)
{
	if (account.n && !runtime_settings(p->rt)->gates[GATE_OBJECT_LEVEL_WORKLOAD_IDENTITY])
		return failure_mark(err_new(ERR_INVALID,
					    "to use spec.serviceAccountName for provider "
					    "authentication please enable the "
					    "ObjectLevelWorkloadIdentity feature gate in the controller"),
				    FAILURE_STALLED, "FetchFailed", "FeatureGateDisabled");
	return NULL;
}

err *cloudlogin_identity(struct pass *p, str account, const struct net_proxy *proxy,
			 struct identity *out)
{
	TRY(cloudlogin_check(p, account));
	identity_of_pass(out, p, account);
	out->cloud.proxy = proxy;
	out->cloud.outer = runtime_outer_net(p->rt);
	return NULL;
}

/* ---- registries --------------------------------------------------------------------- */

/* A login that is to be made: where, with which token. */
struct making {
	const struct identity *who;
	struct arena *a;
	str host;
	str region; /* of ECR; empty: the public one */
	struct identity_token token;
};

/* "USER:PASSWORD" in base64, as registries write it. */
static err *take_basic(struct arena *a, str text, str *user, str *password)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str plain;

	err *e = base64_read(&b, text, BASE64_STD);

	if (e)
		return err_wrap(e, "failed to parse authorization token");
	plain = arena_str(a, buf_str(&b));
	if (!str_split(plain, ':', user, password) || str_find_char(*password, ':') != STR_NPOS)
		return err_new(ERR_INVALID, "invalid authorization token format");
	return NULL;
}

static err *make_ecr(const struct making *m, struct identity_token *out)
{
	bool public = !m->region.n;
	str region = public ? S("us-east-1") : m->region;
	const struct cloud_ask ask = {
		.host = cloud_aws_host(m->a, public ? S("api.ecr-public") : S("api.ecr"), region),
		.path = S("/"),
		.body = S("{}"),
		.type = S("application/x-amz-json-1.1"),
	};
	node answer;

	TRY(cloud_aws_ask(&m->who->cloud, m->a, &m->token.aws, public ? S("ecr-public") : S("ecr"),
			  region,
			  public ? S("SpencerFrontendService.GetAuthorizationToken")
				 : S("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"),
			  &ask, &answer));
	node data = node_get(answer, S("authorizationData"));

	if (!public)
		data = node_at(data, 0);
	if (data.kind != NODE_MAP)
		return err_new(ERR_INVALID, "no authorization data returned");
	str token = node_str(node_get(data, S("authorizationToken")));
	node ends = node_get(data, S("expiresAt"));

	if (!token.n)
		return err_new(ERR_INVALID, "authorization token is nil");
	if (!node_is_num(ends))
		return err_new(ERR_INVALID, "authorization token expiration is nil");
	out->ends = (int64_t)node_float(ends) * CLOCK_SECOND;
	return take_basic(m->a, token, &out->aws.id, &out->bearer);
}

/* The registry's own, in exchange for one of Entra. */
static err *make_acr(const struct making *m, struct identity_token *out)
{
	node answer;

	TRY(cloud_ask_json(&m->who->cloud, m->a,
			   &(struct cloud_ask){
				   .host = m->host,
				   .path = S("/oauth2/exchange"),
				   .body = cloud_form_of(m->a, S("access_token"), m->token.bearer,
							 S("grant_type"), S("access_token"),
							 S("service"), m->host) },
			   &answer));
	out->bearer = arena_str(m->a, node_str(node_get(answer, S("refresh_token"))));
	out->aws.id = S("00000000-0000-0000-0000-000000000000");
	if (!out->bearer.n)
		return err_new(ERR_INTERNAL, "the answer has no refresh token");
	return identity_token_end(m->a, out->bearer, &out->ends);
}

static err *make_gcr(const struct making *m, struct identity_token *out)
{
	*out = (struct identity_token){ .bearer = m->token.bearer, .ends = m->token.ends };
	out->aws.id = S("oauth2accesstoken");
	return NULL;
}

static err *need_ecr(const struct identity *who, struct making *m, struct identity_need *need)
{
	str groups[3];

	(void)who;
	need->region = S("us-east-1");
	if (str_eq(m->host, S("public.ecr.aws")))
		return NULL;
	TRY(cloud_match(m->a, "AWS registry", ecr_pattern, m->host, groups, 3));
	need->region = m->region = groups[1];
	return NULL;
}

/* Of a cloud that its owner runs: where its resources are managed. */
static err *environment_scope(struct arena *a, str path, str *scope)
{
	str text;
	node n;

	TRY(fs_read_any(a, path, ENVIRONMENT_MAX, &text));
	TRY(json_read(a, text, NULL, &n));
	str endpoint = node_str(node_get(n, S("resourceManagerEndpoint")));

	if (!endpoint.n || !node_str(node_get(n, S("tokenAudience"))).n)
		return err_new(ERR_INVALID, "resourceManagerEndpoint and tokenAudience must be set in "
					    "the environment file");
	*scope = arena_cat(a, endpoint, S("/.default"));
	return NULL;
}

static err *need_acr(const struct identity *who, struct making *m, struct identity_need *need)
{
	str file = cloud_env(&who->cloud, "AZURE_ENVIRONMENT_FILEPATH");

	TRY(cloud_match(m->a, "Azure registry", acr_pattern, m->host, NULL, 0));
	need->scope = S("https://containerregistry.azure.net/.default");
	return file.n ? environment_scope(m->a, file, &need->scope) : NULL;
}

static err *need_gcr(const struct identity *who, struct making *m, struct identity_need *need)
{
	(void)who, (void)need;
	return cloud_match(m->a, "GCP registry", gcr_pattern, m->host, NULL, 0);
}

static const struct {
	const char *name;
	err *(*need)(const struct identity *who, struct making *m, struct identity_need *need);
	err *(*make)(const struct making *m, struct identity_token *out);
} registries[] = {
	{ "aws", need_ecr, make_ecr },
	{ "azure", need_acr, make_acr },
	{ "gcp", need_gcr, make_gcr },
};

/* All that a login depends on: the token tells whose it is. */
static str kept_as(struct arena *a, str provider, const struct making *m)
{
	const struct identity_token *t = &m->token;

	return arena_cat(a, S("registry\n"), provider, S("\n"), m->host, S("\n"), t->bearer,
			 S("\n"), t->aws.id, S("\n"), t->aws.secret, S("\n"), t->aws.session);
}

err *cloudlogin_registry(const struct identity *who, struct arena *a, str provider, str url,
			 struct ociauth *out)
{
	struct making m = { .who = who, .a = a };
	struct identity_need need = { 0 };
	struct identity_token login = { 0 };
	size_t i = 0;
	str path;

	str_take_str(&url, S("oci://"));
	str_split(url, '/', &m.host, &path);
	while (i < sizeof registries / sizeof *registries &&
	       !str_eq(provider, str_c(registries[i].name)))
		i++;
	if (i == sizeof registries / sizeof *registries)
		return err_new(ERR_INVALID,
			       "provider '%.*s' does not support artifact registry credentials",
			       STR_ARG(provider));
	TRY(registries[i].need(who, &m, &need));
	err *e = identity_token(who, a, identity_provider(provider), &need, &m.token);

	if (e)
		return err_wrap(e, "failed to get access token for artifact registry");
	str kept = kept_as(a, provider, &m);

	if (!identity_recall_made(who, a, kept, &login)) {
		e = registries[i].make(&m, &login);
		if (e)
			return err_wrap(e, "failed to create artifact registry credentials");
		identity_remember_made(who, kept, &login);
	}
	*out = (struct ociauth){ .user = login.aws.id, .password = login.bearer };
	return NULL;
}

/* ---- Git servers ----------------------------------------------------------------------- */

static err *codecommit_region(const struct gourl *u, str *region)
{
	str host = gourl_hostname(u), rest = host, first;

	if (!str_eq_nocase(u->scheme, S("https")))
		return err_new(ERR_INVALID,
			       "AWS CodeCommit authentication requires an HTTPS Git URL");
	if (!(str_starts(host, S("git-codecommit.")) ||
	      str_starts(host, S("git-codecommit-fips."))) ||
	    !(str_ends(host, S(".amazonaws.com")) || str_ends(host, S(".amazonaws.com.cn"))) ||
	    !str_split(rest, '.', &first, &rest) || !str_split(rest, '.', region, &rest) ||
	    !str_has(rest, S(".")))
		return err_new(ERR_INVALID, "invalid AWS CodeCommit Git URL: %.*s", STR_ARG(u->host));
	return NULL;
}

/* The password is a time and the signature of a request "GIT" of that time, without body. */
static err *sign_codecommit(struct arena *a, const struct gourl *u, str region,
			    const struct cloud_aws_keys *keys, struct gitremote_auth *out)
{
	const struct sigv4_header host = { S("host"), u->host };
	str z = sigv4_date(a, clock_wall() / CLOCK_SECOND), date = str_sub(z, 0, z.n - 1);
	str authorization;

	TRY(sigv4_sign(a,
		       &(struct sigv4_request){ .method = S("GIT"), .path = u->path,
						.headers = &host, .headers_n = 1,
						.region = region, .service = S("codecommit"),
						.date = date, .id = keys->id, .secret = keys->secret },
		       &authorization));
	size_t at = str_find(authorization, S("Signature="));

	out->user = arena_cat(a, keys->id, S("%"), keys->session);
	out->password = arena_cat(a, z, str_from(authorization, at + strlen("Signature=")));
	return NULL;
}

static err *git_token(const struct identity *who, struct arena *a, str provider,
		      const struct identity_need *need, struct identity_token *out)
{
	err *e = identity_token(who, a, identity_provider(provider), need, out);

	return e ? err_wrap(e, "failed to get access token for Git repository") : NULL;
}

err *cloudlogin_git(const struct identity *who, struct arena *a, str provider, str url,
		    struct gitremote_auth *out)
{
	struct identity_need need = { .scope = IDENTITY_AZURE_DEVOPS };
	struct identity_token token;
	struct gourl u;

	if (str_eq(provider, S("azure"))) {
		TRY(git_token(who, a, provider, &need, &token));
		out->token = token.bearer;
		return NULL;
	}
	if (!str_eq(provider, S("aws")))
		return err_new(ERR_INVALID, "provider '%.*s' does not support Git credentials",
			       STR_ARG(provider));
	need.scope = STR_NONE;
	TRY(gourl_parse(a, url, &u));
	TRY(codecommit_region(&u, &need.region));
	TRY(git_token(who, a, provider, &need, &token));
	err *e = sign_codecommit(a, &u, need.region, &token.aws, out);

	return e ? err_wrap(e, "failed to create Git credentials") : NULL;
}
