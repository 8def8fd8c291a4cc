/* identity_aws - who we are at Amazon: a role for a token of a ServiceAccount; or what
 * the controller was given, found in the order of Amazon's own libraries: keys of the
 * environment, a role with a token file (IRSA), a profile of the shared files, the
 * credentials of the container (ECS, EKS Pod Identity), those of the machine (IMDS,
 * version 2). */
#include "base/fs.h"
#include "controllers/identity_impl.h"
#include "source/xmlread.h"
#include "text/awsprofile.h"
#include "text/gourl.h"
#include "text/path.h"
#include "value/json.h"

#define IMDS S("169.254.169.254")
#define ECS "169.254.170.2"

enum { SHARED_MAX = 1 << 20 };

static const char role_pattern[] = "^arn:aws[\\w-]*:iam::[0-9]{1,30}:role/.{1,200}$";
static const char sts_pattern[] =
	"^https://(.+\\.)?sts(-fips)?(\\.[^.]+)?(\\.vpce)?\\.amazonaws\\.com$";

/* ---- roles ------------------------------------------------------------------------ */

struct reading {
	struct cloud_aws_keys *out;
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

/* Where STS is: as the object says, as the environment says, or in the region. */
static err *sts_host(const struct identity *who, struct arena *a, const struct identity_need *need,
		     str region, str *host)
{
	str named = need->sts_endpoint;

	if (named.n)
		TRY(cloud_match(a, "STS endpoint", sts_pattern, named, NULL, 0));
	else
		named = cloud_env(&who->cloud, "AWS_ENDPOINT_URL_STS");
	str_take_str(&named, S("https://"));
	*host = named.n ? str_trim_right_set(named, S("/")) : cloud_aws_host(a, S("sts"), region);
	return NULL;
}

struct role {
	str arn, session, oidc;
};

static err *assume_role(const struct identity *who, struct arena *a, const struct identity_need *need,
			str region, const struct role *role, struct identity_token *out)
{
	struct reading r = { .out = &out->aws };
	str text, host;

	TRY(sts_host(who, a, need, region, &host));
	TRY(cloud_ask(&who->cloud, a,
		      &(struct cloud_ask){
			      .host = host,
			      .path = S("/"),
			      .body = cloud_form_of(a, S("Action"), S("AssumeRoleWithWebIdentity"),
						    S("Version"), S("2011-06-15"), S("RoleArn"),
						    role->arn, S("RoleSessionName"), role->session,
						    S("WebIdentityToken"), role->oidc) },
		      &text));
	TRY(xmlread(a, text, read_leaf, &r));
	if (!out->aws.id.n || !out->aws.secret.n)
		return err_new(ERR_INTERNAL, "credentials are nil");
	return cloud_take_time(r.expiration, &out->ends);
}

static err *audience(const struct identity *who, struct arena *a, node account, str *out)
{
	(void)who, (void)a, (void)account;
	*out = S("sts.amazonaws.com");
	return NULL;
}

static err *name_of(struct arena *a, node account, str *out)
{
	*out = identity_annotation(account, "eks.amazonaws.com/role-arn");
	return cloud_match(a, "eks.amazonaws.com/role-arn annotation", role_pattern, *out, NULL, 0);
}

static err *by_account(const struct identity *who, struct arena *a, const struct identity_need *need,
		       node account, str oidc, struct identity_token *out)
{
	if (!need->region.n)
		return err_new(ERR_INVALID,
			       "an AWS region is required for authenticating with a service account. "
			       "please configure one in the object spec");
	const struct role role = { identity_annotation(account, "eks.amazonaws.com/role-arn"),
				   arena_cat(a, who->account, S("."), who->namespace, S("."),
					     need->region, S(".fluxcd.io")),
				   oidc };

	return assume_role(who, a, need, need->region, &role, out);
}

/* ---- the container's and the machine's credentials ------------------------------------ */

/* {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"} */
static err *take_keys(struct arena *a, str text, struct identity_token *out)
{
	node n;

	TRY(json_read(a, text, NULL, &n));
	out->aws = (struct cloud_aws_keys){ node_str(node_get(n, S("AccessKeyId"))),
					    node_str(node_get(n, S("SecretAccessKey"))),
					    node_str(node_get(n, S("Token"))) };
	if (!out->aws.id.n || !out->aws.secret.n)
		return err_new(ERR_FORBIDDEN, "no credentials in the answer: %.*s",
			       STR_ARG(node_str_or(node_get(n, S("Code")), S("no code"))));
	return cloud_take_time(node_str(node_get(n, S("Expiration"))), &out->ends);
}

static bool is_near(str host)
{
	return str_eq(host, S("localhost")) || str_starts(host, S("127.")) ||
	       str_eq(host, S("::1")) || str_eq(host, S(ECS)) ||
	       str_eq(host, S("169.254.170.23")) || str_eq(host, S("fd00:ec2::23"));
}

static err *container(const struct identity *who, struct arena *a, str url, struct identity_token *out)
{
	const struct cloud *c = &who->cloud;
	struct gourl u;
	str token, text;

	TRY(gourl_parse(a, url, &u));
	str host = gourl_hostname(&u);
	bool plain = str_eq(u.scheme, S("http"));

	if (plain && !is_near(host))
		return err_new(ERR_INVALID,
			       "invalid endpoint host, \"%.*s\", only loopback/ecs/eks hosts are allowed",
			       STR_ARG(host));
	TRY(cloud_env_file(c, a, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token));
	if (!token.n)
		token = cloud_env(c, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
	const struct net_header header = { S("Authorization"), token };

	TRY(cloud_ask(c, a,
		      &(struct cloud_ask){ .host = u.host,
					   .path = u.path.n ? u.path : S("/"),
					   .query = u.query,
					   .headers = &header,
					   .headers_n = token.n ? 1 : 0,
					   .plain = plain },
		      &text));
	return take_keys(a, text, out);
}

static err *machine(const struct identity *who, struct arena *a, struct identity_token *out)
{
	static const struct net_header ttl = { S("X-aws-ec2-metadata-token-ttl-seconds"), S("21600") };
	const struct cloud *c = &who->cloud;
	struct net_header header = { S("X-aws-ec2-metadata-token"), STR_NONE };
	struct cloud_ask q = { .method = S("PUT"), .host = cloud_env(c, "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
			       .path = S("/latest/api/token"), .headers = &ttl, .headers_n = 1,
			       .plain = true, .soon = true };
	str text, role;

	if (str_eq_nocase(cloud_env(c, "AWS_EC2_METADATA_DISABLED"), S("true")))
		return err_new(ERR_FORBIDDEN, "access disabled to EC2 IMDS via client option, or "
					      "\"AWS_EC2_METADATA_DISABLED\" environment variable");
	str_take_str(&q.host, S("http://"));
	q.host = q.host.n ? str_trim_right_set(q.host, S("/")) : IMDS;
	TRY(cloud_ask(c, a, &q, &header.value));
	q.method = STR_NONE;
	q.headers = &header;
	q.path = S("/latest/meta-data/iam/security-credentials/");
	TRY(cloud_ask(c, a, &q, &text));
	if (!str_cut(&text, &role, '\n') || !str_trim(role).n)
		return err_new(ERR_NOT_FOUND, "empty EC2 IMDS role list");
	q.path = arena_cat(a, q.path, str_trim(role));
	TRY(cloud_ask(c, a, &q, &text));
	return take_keys(a, text, out);
}

/* ---- profiles --------------------------------------------------------------------------- */

/* Of a file that cannot be read nothing is known, as with Amazon's own. */
static str shared_file(const struct cloud *c, struct arena *a, const char *variable, str usual)
{
	str path = cloud_env(c, variable), home = cloud_env(c, "HOME"), text = STR_NONE;

	if (!path.n && home.n)
		path = path_join(a, home, usual);
	if (path.n)
		err_free(fs_read_any(a, path, SHARED_MAX, &text));
	return text;
}

static err *profile_of(const struct cloud *c, struct arena *a, struct awsprofile *out)
{
	str name = cloud_env(c, "AWS_PROFILE");

	if (!name.n)
		name = cloud_env(c, "AWS_DEFAULT_PROFILE");
	*out = (struct awsprofile){ 0 };
	awsprofile_read(a, out, shared_file(c, a, "AWS_CONFIG_FILE", S(".aws/config")), name, true);
	awsprofile_read(a, out,
			shared_file(c, a, "AWS_SHARED_CREDENTIALS_FILE", S(".aws/credentials")), name,
			false);
	if (name.n && !out->found)
		return err_new(ERR_NOT_FOUND, "failed to get shared config profile, %.*s", STR_ARG(name));
	if (out->other.n)
		return err_new(ERR_INVALID,
			       "a profile of the shared config is not supported here with '%.*s': use keys, "
			       "or a role with 'web_identity_token_file'", STR_ARG(out->other));
	return NULL;
}

/* *found: it says who we are. */
static err *by_profile(const struct identity *who, struct arena *a, const struct identity_need *need,
		       str region, struct identity_token *out, bool *found)
{
	struct awsprofile p;
	str oidc;

	TRY(profile_of(&who->cloud, a, &p));
	*found = true;
	if (p.id.n && p.secret.n) {
		out->aws = (struct cloud_aws_keys){ p.id, p.secret, p.session };
		return NULL;
	}
	*found = p.token_file.n > 0;
	if (!*found)
		return NULL;
	if (!p.role_arn.n)
		return err_new(ERR_INVALID, "role ARN is not set");
	TRY(fs_read_any(a, p.token_file, SHARED_MAX, &oidc));
	const struct role role = { p.role_arn, p.role_session.n ? p.role_session : S("rill"),
				   str_trim(oidc) };

	return assume_role(who, a, need, region, &role, out);
}

/* ---- the controller's own ------------------------------------------------------------- */

static err *without_role(const struct identity *who, struct arena *a, struct identity_token *out)
{
	str relative = cloud_env(&who->cloud, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	str full = cloud_env(&who->cloud, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	err *e;

	if (relative.n)
		full = arena_cat(a, S("http://" ECS), relative);
	if (full.n) {
		e = container(who, a, full, out);
		return e ? err_wrap(e, "failed to load credentials of the container") : NULL;
	}
	e = machine(who, a, out);
	return e ? err_wrap(e, "no EC2 IMDS role found") : NULL;
}

static err *own(const struct identity *who, struct arena *a, const struct identity_need *need,
		struct identity_token *out)
{
	const struct cloud *c = &who->cloud;
	str region = need->region.n ? need->region : cloud_env(c, "AWS_REGION"), oidc;

	if (!region.n)
		return err_new(ERR_INVALID,
			       "AWS_REGION environment variable is not set in the Flux controller. if you "
			       "have properly configured IAM Roles for Service Accounts (IRSA) or EKS Pod "
			       "Identity, please delete/replace the controller pod so the EKS admission "
			       "controllers can inject this environment variable, or set it manually if "
			       "the cluster is not EKS");
	out->ends = INT64_MAX;
	out->aws = (struct cloud_aws_keys){ cloud_env(c, "AWS_ACCESS_KEY_ID"),
					    cloud_env(c, "AWS_SECRET_ACCESS_KEY"),
					    cloud_env(c, "AWS_SESSION_TOKEN") };
	if (out->aws.id.n && out->aws.secret.n)
		return NULL;
	TRY(cloud_env_file(c, a, "AWS_WEB_IDENTITY_TOKEN_FILE", &oidc));
	if (!oidc.n) {
		bool found;

		TRY(by_profile(who, a, need, region, out, &found));
		return found ? NULL : without_role(who, a, out);
	}
	str session = cloud_env(c, "AWS_ROLE_SESSION_NAME");
	const struct role role = { cloud_env(c, "AWS_ROLE_ARN"), session.n ? session : S("rill"), oidc };

	if (!role.arn.n)
		return err_new(ERR_INVALID, "role ARN is not set");
	return assume_role(who, a, need, region, &role, out);
}

const struct identity_provider identity_aws = { "aws", own, audience, name_of, by_account };
