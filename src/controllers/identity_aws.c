/* identity_aws - who we are at Amazon: a role for a token of a ServiceAccount; or what
 * the controller was given, found in the order of Amazon's own libraries: keys of the
 * environment, a role with a token file (IRSA), a profile of the shared files (its keys, or
 * those of another profile, of a program, of the container; and the roles that are assumed
 * with them), the credentials of the container (ECS, EKS Pod Identity), those of the machine
 * (IMDS, version 2). */
#include "base/fs.h"
#include "base/proc.h"
#include "controllers/identity_impl.h"
#include "source/xmlread.h"
#include "text/awsprofile.h"
#include "text/gourl.h"
#include "value/json.h"

#define IMDS S("169.254.169.254")
#define ECS "169.254.170.2"

#define PROCESS_TIME CLOCK_MINUTE
enum { TOKEN_MAX = 1 << 20, PROCESS_OUT_MAX = 1 << 20, ROLE_SECONDS = 900 };

static const char role_pattern[] = "^arn:aws[\\w-]*:iam::[0-9]{1,30}:role/.{1,200}$";
static const char sts_pattern[] =
	"^https://(.+\\.)?sts(-fips)?(\\.[^.]+)?(\\.vpce)?\\.amazonaws\\.com$";

/* ---- roles ------------------------------------------------------------------------ */

struct reading {
	struct cloud_aws_keys *out;
	str expiration;
};

/* The texts below Credentials, of both answers. */
static err *read_leaf(void *ctx, str path, bool leaf, str text)
{
	struct reading *r = ctx;

	if (!leaf || (!str_take_str(&path, S("AssumeRoleWithWebIdentityResponse/"
					     "AssumeRoleWithWebIdentityResult/Credentials/")) &&
		      !str_take_str(&path, S("AssumeRoleResponse/AssumeRoleResult/Credentials/"))))
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

static err *read_role(struct arena *a, str text, struct identity_token *out)
{
	struct reading r = { .out = &out->aws };

	*out = (struct identity_token){ 0 };
	TRY(xmlread(a, text, read_leaf, &r));
	if (!out->aws.id.n || !out->aws.secret.n)
		return err_new(ERR_INTERNAL, "credentials are nil");
	return cloud_take_time(r.expiration, &out->ends);
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
	return read_role(a, text, out);
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

/* Where the container's credentials are; empty: it has none. */
static str container_url(const struct cloud *c, struct arena *a)
{
	str relative = cloud_env(c, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");

	return relative.n ? arena_cat(a, S("http://" ECS), relative)
			  : cloud_env(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

static err *surroundings(const struct identity *who, struct arena *a, struct identity_token *out)
{
	str url = container_url(&who->cloud, a);
	err *e;

	if (url.n) {
		e = container(who, a, url, out);
		return e ? err_wrap(e, "failed to load credentials of the container") : NULL;
	}
	e = machine(who, a, out);
	return e ? err_wrap(e, "no EC2 IMDS role found") : NULL;
}

/* ---- profiles --------------------------------------------------------------------------- */

static struct cloud_aws_keys env_keys(const struct cloud *c)
{
	return (struct cloud_aws_keys){ cloud_env(c, "AWS_ACCESS_KEY_ID"),
					cloud_env(c, "AWS_SECRET_ACCESS_KEY"),
					cloud_env(c, "AWS_SESSION_TOKEN") };
}

static err *named_source(const struct identity *who, struct arena *a, str source,
			 struct identity_token *out)
{
	if (str_eq(source, S("Ec2InstanceMetadata")))
		return machine(who, a, out);
	if (str_eq(source, S("EcsContainer"))) {
		str url = container_url(&who->cloud, a);

		if (url.n)
			return container(who, a, url, out);
		return err_new(ERR_INVALID, "EcsContainer was specified as the credential_source, but "
					    "neither 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI' or "
					    "AWS_CONTAINER_CREDENTIALS_FULL_URI' was set");
	}
	if (!str_eq(source, S("Environment")))
		return err_new(ERR_INVALID, "credential_source values must be EcsContainer, "
					    "Ec2InstanceMetadata, or Environment");
	out->aws = env_keys(&who->cloud);
	return out->aws.id.n && out->aws.secret.n ? NULL
						  : err_new(ERR_INVALID, "static credentials are empty");
}

/* {"Version": 1, "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"} */
static err *read_process(struct arena *a, str text, struct identity_token *out)
{
	node n;
	err *e = json_read(a, text, NULL, &n);

	if (e)
		return err_wrap(e, "parse failed of process output");
	if (!str_eq(node_text(a, node_get(n, S("Version"))), S("1")))
		return err_new(ERR_INVALID, "wrong version in process output (not 1)");
	out->aws = (struct cloud_aws_keys){ node_str(node_get(n, S("AccessKeyId"))),
					    node_str(node_get(n, S("SecretAccessKey"))),
					    node_str(node_get(n, S("SessionToken"))) };
	if (!out->aws.id.n)
		return err_new(ERR_INVALID, "missing AccessKeyId in process output");
	if (!out->aws.secret.n)
		return err_new(ERR_INVALID, "missing SecretAccessKey in process output");
	str until = node_str(node_get(n, S("Expiration")));

	return until.n ? cloud_take_time(until, &out->ends) : NULL;
}

/* A line for the shell, of a file that whoever runs the controller put there: no object of a
 * cluster has a say in it. */
static err *process(const struct identity *who, struct arena *a, str command,
		    struct identity_token *out)
{
	const char *argv[] = { "/bin/sh", "-c", arena_str(a, command).p, NULL };
	struct proc_result r;
	err *e = proc_run(&(struct proc_spec){ .argv = argv,
					       .env = (const char *const *)who->cloud.env,
					       .max_out = PROCESS_OUT_MAX,
					       .timeout = PROCESS_TIME,
					       .cancel = who->cloud.cancel },
			  &r);

	if (!e)
		e = proc_check(&r);
	if (e)
		e = err_wrap(e, "error in credential_process");
	else
		e = read_process(a, arena_str(a, buf_str(&r.out)), out);
	if (r.out.p)
		explicit_bzero(r.out.p, r.out.n);
	proc_release(&r);
	return e ? err_wrap(e, "process provider error") : NULL;
}

/* With a file that vouches for us. */
static err *vouched(const struct identity *who, struct arena *a, const struct identity_need *need,
		    str region, const struct awsprofile *p, struct identity_token *out)
{
	str oidc;

	if (!p->role_arn.n)
		return err_new(ERR_INVALID, "role ARN is not set");
	TRY(fs_read_any(a, p->token_file, TOKEN_MAX, &oidc));
	const struct role role = { p->role_arn, p->role_session.n ? p->role_session : S("rill"),
				   str_trim(oidc) };

	return assume_role(who, a, need, region, &role, out);
}

static err *profile_keys(const struct identity *who, struct arena *a, const struct awsprofile *p,
			 struct identity_token *out)
{
	out->ends = INT64_MAX;
	if (p->id.n && p->secret.n) {
		out->aws = (struct cloud_aws_keys){ p->id, p->secret, p->session };
		return NULL;
	}
	if (p->credential_source.n)
		return named_source(who, a, p->credential_source, out);
	if (p->login.n)
		return err_new(ERR_INVALID,
			       "a profile of the shared config is not supported here with '%.*s', a login "
			       "by hand: use keys, a role or a 'credential_process'", STR_ARG(p->login));
	return p->process.n ? process(who, a, p->process, out) : surroundings(who, a, out);
}

/* A role for keys: `out` has these, and gets those. */
static err *assume_with_keys(const struct identity *who, struct arena *a,
			     const struct identity_need *need, str region,
			     const struct awsprofile *p, struct identity_token *out)
{
	const struct cloud_aws_keys keys = out->aws;
	uint64_t seconds;
	str host, text;

	if (p->mfa_serial.n)
		return err_new(ERR_INVALID, "assume role with MFA enabled, but AssumeRoleTokenProvider "
					    "session option not set.");
	if (!str_to_u64(p->role_seconds, &seconds) || seconds / 60 <= 15)
		seconds = ROLE_SECONDS;
	TRY(sts_host(who, a, need, region, &host));
	const struct cloud_ask ask = {
		.host = host,
		.path = S("/"),
		.body = cloud_form_of(a, S("Action"), S("AssumeRole"), S("Version"), S("2011-06-15"),
				      S("RoleArn"), p->role_arn, S("RoleSessionName"),
				      p->role_session.n ? p->role_session : S("rill"),
				      S("DurationSeconds"), arena_printf(a, "%llu", (unsigned long long)seconds),
				      S("ExternalId"), p->external_id),
	};

	TRY(cloud_aws_ask_text(&who->cloud, a, &keys, S("sts"), region, STR_NONE, &ask, &text));
	return read_role(a, text, out);
}

/* In the SDK's order: of the profile that it names, or its own; then its role. */
static err *by_profile(const struct identity *who, struct arena *a, const struct identity_need *need,
		       str region, const struct awsprofile *p, struct identity_token *out)
{
	bool own_keys = p->id.n && p->secret.n;

	if (p->source)
		TRY(by_profile(who, a, need, region, p->source, out));
	else if (!own_keys && !p->credential_source.n && p->token_file.n)
		return vouched(who, a, need, region, p, out);
	else
		TRY(profile_keys(who, a, p, out));
	if (!p->role_arn.n)
		return NULL;
	err *e = assume_with_keys(who, a, need, region, p, out);

	return e ? err_wrap(e, "failed to assume role '%.*s'", STR_ARG(p->role_arn)) : NULL;
}

/* ---- the controller's own ------------------------------------------------------------- */

static str get(const void *ctx, const char *name)
{
	return cloud_env(ctx, name);
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
	out->aws = env_keys(c);
	if (out->aws.id.n && out->aws.secret.n)
		return NULL;
	TRY(cloud_env_file(c, a, "AWS_WEB_IDENTITY_TOKEN_FILE", &oidc));
	if (!oidc.n) {
		struct awsprofile p;

		TRY(awsprofile_load(a, get, c, &p));
		return by_profile(who, a, need, region, &p, out);
	}
	str session = cloud_env(c, "AWS_ROLE_SESSION_NAME");
	const struct role role = { cloud_env(c, "AWS_ROLE_ARN"), session.n ? session : S("rill"), oidc };

	if (!role.arn.n)
		return err_new(ERR_INVALID, "role ARN is not set");
	return assume_role(who, a, need, region, &role, out);
}

const struct identity_provider identity_aws = { "aws", own, audience, name_of, by_account };
