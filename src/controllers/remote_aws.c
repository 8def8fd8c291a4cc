/* remote_aws - clusters at Amazon: a role for a token of a ServiceAccount, or for this
 * Pod; the login itself is a signed request that the cluster makes for us. */
#include "controllers/remote_impl.h"
#include "crypto/sha256.h"
#include "crypto/sigv4.h"
#include "source/xmlread.h"
#include "text/base64.h"
#include "text/gotime.h"
#include "text/gourl.h"

/* So long EKS takes a signed request. */
#define LOGIN_TIME (15 * CLOCK_MINUTE)

static const char cluster_pattern[] =
	"^arn:aws[\\w-]*:eks:([^:]{1,100}):[0-9]{1,30}:cluster/(.{1,200})$";
static const char role_pattern[] = "^arn:aws[\\w-]*:iam::[0-9]{1,30}:role/.{1,200}$";

struct credential {
	str id, secret, session;
	int64_t ends;
};

struct eks {
	str region, name;
};

static err *parse_cluster(struct remote_login *l, struct arena *a, struct eks *out)
{
	str groups[2];

	TRY(remote_match(a, "EKS cluster ARN", cluster_pattern, l->cluster, groups, 2));
	*out = (struct eks){ groups[0], groups[1] };
	return NULL;
}

static str host_of(struct arena *a, const char *service, str region)
{
	return arena_cat(a, str_c(service), S("."), region, S(".amazonaws.com"),
			 str_starts(region, S("cn-")) ? S(".cn") : STR_NONE);
}

/* ---- credentials ------------------------------------------------------------------ */

struct reading {
	struct arena *a;
	struct credential *out;
	str expiration;
};

static err *read_leaf(void *ctx, str path, bool leaf, str text)
{
	struct reading *r = ctx;

	if (!leaf || !str_take_str(&path, S("AssumeRoleWithWebIdentityResponse/"
					    "AssumeRoleWithWebIdentityResult/Credentials/")))
		return NULL;
	if (str_eq(path, S("AccessKeyId")))
		r->out->id = text;
	else if (str_eq(path, S("SecretAccessKey")))
		r->out->secret = text;
	else if (str_eq(path, S("SessionToken")))
		r->out->session = text;
	else if (str_eq(path, S("Expiration")))
		r->expiration = text;
	return NULL;
}

static err *assume_role(struct remote_login *l, struct arena *a, const struct eks *k, str role,
			str session, str oidc, struct credential *out)
{
	struct reading r = { .a = a, .out = out };
	struct gotime t = { 0 };
	str text;

	TRY(remote_ask(l, a,
		       &(struct remote_ask){
			       .host = host_of(a, "sts", k->region),
			       .path = S("/"),
			       .body = remote_form_of(a, S("Action"), S("AssumeRoleWithWebIdentity"),
						      S("Version"), S("2011-06-15"), S("RoleArn"), role,
						      S("RoleSessionName"), session,
						      S("WebIdentityToken"), oidc) },
		       &text));
	TRY(xmlread(a, text, read_leaf, &r));
	if (!out->id.n || !out->secret.n)
		return err_new(ERR_INTERNAL, "credentials are nil");
	TRY(gotime_parse(&t, GOTIME_RFC3339, r.expiration, NULL));
	out->ends = gotime_sub(t, gotime_utc(0, 0));
	return NULL;
}

static err *account_credential(struct remote_login *l, struct arena *a, const struct eks *k,
			       struct credential *out)
{
	static const str usual = { "sts.amazonaws.com", 17 };
	node account;
	str oidc;

	TRY(remote_account(l, a, &account));
	str role = remote_annotation(account, "eks.amazonaws.com/role-arn");
	err *e = remote_match(a, "eks.amazonaws.com/role-arn annotation", role_pattern, role, NULL, 0);

	if (e)
		return err_wrap(e, "failed to get provider identity from service account '%.*s/%.*s' "
				   "annotations",
				STR_ARG(l->namespace), STR_ARG(l->account));
	TRY(remote_account_token(l, a, l->audiences_n ? l->audiences : &usual,
				 l->audiences_n ? l->audiences_n : 1, &oidc));
	e = assume_role(l, a, k, role,
			arena_cat(a, l->account, S("."), l->namespace, S("."), k->region,
				  S(".fluxcd.io")),
			oidc, out);
	return e ? err_wrap(e, "failed to create provider access token for service account "
			       "'%.*s/%.*s'",
			    STR_ARG(l->namespace), STR_ARG(l->account))
		 : NULL;
}

/* What EKS puts into a Pod whose ServiceAccount has a role, or keys that somebody set. */
static err *own_credential(struct remote_login *l, struct arena *a, const struct eks *k,
			   struct credential *out)
{
	str role = remote_env(l, "AWS_ROLE_ARN"), name = remote_env(l, "AWS_ROLE_SESSION_NAME"), oidc;

	TRY(remote_env_file(l, a, "AWS_WEB_IDENTITY_TOKEN_FILE", &oidc));
	if (role.n && oidc.n)
		return assume_role(l, a, k, role, name.n ? name : S("rill"), oidc, out);
	*out = (struct credential){ remote_env(l, "AWS_ACCESS_KEY_ID"),
				    remote_env(l, "AWS_SECRET_ACCESS_KEY"),
				    remote_env(l, "AWS_SESSION_TOKEN"), INT64_MAX };
	if (out->id.n && out->secret.n)
		return NULL;
	return err_new(ERR_FORBIDDEN,
		       "no identity at AWS: AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, or "
		       "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set in the controller's "
		       "environment");
}

static err *credential(struct remote_login *l, struct arena *a, const struct eks *k,
		       struct credential *out)
{
	err *e;

	*out = (struct credential){ 0 };
	if (l->account.n) {
		e = account_credential(l, a, k, out);
	} else {
		e = own_credential(l, a, k, out);
		if (e)
			e = err_wrap(e, "failed to create provider access token for the controller");
	}
	return e ? err_wrap(e, "failed to get access token for cluster") : NULL;
}

/* ---- the cluster --------------------------------------------------------------------- */

static void hash_nothing(char hex[SHA256_HEX + 1])
{
	sha256_hex(STR_NONE, hex);
}

static err *describe(struct remote_login *l, struct arena *a, const struct eks *k,
		     const struct credential *c, node *out)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	char hash[SHA256_HEX + 1];
	str authorization, date = sigv4_date(a, clock_wall() / CLOCK_SECOND);
	str host = host_of(a, "eks", k->region);

	hash_nothing(hash);
	buf_add(&path, S("/clusters/"));
	gourl_escape_query(&path, k->name);
	const struct sigv4_header signed_headers[] = { { S("host"), host },
						       { S("x-amz-date"), date },
						       { S("x-amz-security-token"), c->session } };
	const struct sigv4_request r = { .method = S("GET"), .path = buf_str(&path),
					 .headers = signed_headers,
					 .headers_n = c->session.n ? 3 : 2, .body_hash = str_c(hash),
					 .region = k->region, .service = S("eks"), .date = date,
					 .id = c->id, .secret = c->secret };

	TRY(sigv4_sign(a, &r, &authorization));
	const struct net_header headers[] = { { S("Authorization"), authorization },
					      { S("X-Amz-Date"), date },
					      { S("X-Amz-Security-Token"), c->session } };

	return remote_ask_json(l, a,
			       &(struct remote_ask){ .host = host, .path = buf_str(&path),
						     .headers = headers,
						     .headers_n = c->session.n ? 3 : 2 },
			       out);
}

static err *connect(struct remote_login *l, struct arena *a, struct kubeconfig *out)
{
	str address = l->address;
	struct eks k;
	node cluster;

	TRY(parse_cluster(l, a, &k));
	out->ca = l->ca;
	if (!address.n || !l->ca.n) {
		struct credential c;

		TRY(credential(l, a, &k, &c));
		err *e = describe(l, a, &k, &c, &cluster);

		if (e)
			return err_wrap(e, "failed to describe EKS cluster '%.*s'",
					STR_ARG(l->cluster));
		if (!address.n)
			address = node_str(node_dig(cluster, "cluster", "endpoint"));
		if (!l->ca.n)
			e = remote_take_ca(a, node_str(node_dig(cluster, "cluster",
								"certificateAuthority", "data")),
					   &out->ca);
		if (e)
			return err_wrap(e, "failed to decode EKS CA certificate");
	}
	return remote_address(a, address, &out->server);
}

/* ---- the login ------------------------------------------------------------------------- */

/* The URL by which whoever has it may ask, for so long, who we are. */
static err *presign(struct arena *a, const struct eks *k, const struct credential *c, str *url)
{
	char hash[SHA256_HEX + 1];
	str host = host_of(a, "sts", k->region), date = sigv4_date(a, clock_wall() / CLOCK_SECOND);
	str signature, authorization;
	str scope = arena_cat(a, c->id, S("/"), str_sub(date, 0, 8), S("/"), k->region,
			      S("/sts/aws4_request"));
	const struct sigv4_header headers[] = { { S("host"), host }, { S("x-k8s-aws-id"), k->name } };
	str query = remote_form_of(a, S("Action"), S("GetCallerIdentity"), S("Version"),
				   S("2011-06-15"), S("X-Amz-Algorithm"), S("AWS4-HMAC-SHA256"),
				   S("X-Amz-Credential"), scope, S("X-Amz-Date"), date,
				   S("X-Amz-Expires"), S("900"), S("X-Amz-Security-Token"),
				   c->session, S("X-Amz-SignedHeaders"), S("host;x-k8s-aws-id"));

	hash_nothing(hash);
	TRY(sigv4_sign(a,
		       &(struct sigv4_request){ .method = S("GET"), .path = S("/"), .query = query,
						.headers = headers, .headers_n = 2,
						.body_hash = str_c(hash), .region = k->region,
						.service = S("sts"), .date = date, .id = c->id,
						.secret = c->secret },
		       &authorization));
	signature = str_from(authorization, str_find(authorization, S("Signature=")) +
						    strlen("Signature="));
	*url = arena_cat(a, S("https://"), host, S("/?"), query, S("&X-Amz-Signature="), signature);
	return NULL;
}

static err *token(struct remote_login *l, struct arena *a, str *out, int64_t *ends)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct credential c;
	struct eks k;
	str url;

	*ends = clock_wall() + LOGIN_TIME;
	TRY(parse_cluster(l, a, &k));
	TRY(credential(l, a, &k, &c));
	err *e = presign(a, &k, &c, &url);

	if (e)
		return err_wrap(e, "failed to presign GetCallerIdentity request");
	buf_add(&b, S("k8s-aws-v1."));
	base64_write(&b, url, BASE64_RAW_URL);
	*out = arena_str(a, buf_str(&b));
	if (c.ends < *ends)
		*ends = c.ends;
	return NULL;
}

const struct remote_provider remote_aws = { "aws", connect, token };
