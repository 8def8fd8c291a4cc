/* identity_gcp - who we are at Google: an identity of a pool, for a token of a
 * ServiceAccount, and an account of Google's on top where an annotation names one; or for
 * the controller what $GOOGLE_APPLICATION_CREDENTIALS has, else the machine's metadata. */
#include "base/fs.h"
#include "controllers/identity_impl.h"
#include "crypto/jwt.h"
#include "value/json.h"

#define PLATFORM "https://www.googleapis.com/auth/cloud-platform"
#define EMAIL "https://www.googleapis.com/auth/userinfo.email"
#define TOKENS "https://oauth2.googleapis.com/token"
#define JWT S("urn:ietf:params:oauth:token-type:jwt")
enum { CREDENTIALS_MAX = 1 << 20 };

static const char email_pattern[] =
	"^[a-zA-Z0-9-]{1,100}@[a-zA-Z0-9-]{1,100}\\.iam\\.gserviceaccount\\.com$";
static const char pool_pattern[] =
	"^projects/\\d{1,30}/locations/global/workloadIdentityPools/[^/]{1,100}/providers/[^/]{1,100}$";

static const struct net_header flavor = { S("Metadata-Flavor"), S("Google") };

/* ---- the machine's metadata --------------------------------------------------------- */

static struct cloud_ask metadata_of(const struct identity *who, struct arena *a, const char *path)
{
	str host = cloud_env(&who->cloud, "GCE_METADATA_HOST");

	return (struct cloud_ask){ .host = host.n ? host : S("169.254.169.254"),
				   .path = arena_cat(a, S("/computeMetadata/v1/"), str_c(path)),
				   .headers = &flavor,
				   .headers_n = 1,
				   .plain = true,
				   .soon = true };
}

static err *metadata(const struct identity *who, struct arena *a, const char *path, const char *what,
		     str *text)
{
	struct cloud_ask q = metadata_of(who, a, path);
	err *e = cloud_ask(&who->cloud, a, &q, text);

	*text = str_trim(*text);
	if (!e && !text->n)
		e = err_new(ERR_NOT_FOUND, "empty value");
	return e ? err_wrap(e, "failed to get GKE cluster %s from the metadata service", what) : NULL;
}

/* Whom the exchange is for: a pool of identities that an annotation names, or that of
 * the cluster we are in. */
static err *named_pool(struct arena *a, node account, str *pool)
{
	str named = identity_annotation(account, "gcp.auth.fluxcd.io/workload-identity-provider");

	*pool = STR_NONE;
	if (!named.n)
		return NULL;
	TRY(cloud_match(a, "gcp.auth.fluxcd.io/workload-identity-provider annotation", pool_pattern,
			named, NULL, 0));
	*pool = arena_cat(a, S("//iam.googleapis.com/"), named);
	return NULL;
}

/* "AUDIENCE OF TOKENS\nAUDIENCE OF THE EXCHANGE"; a cluster keeps its name. */
static err *own_pool(const struct identity *who, struct arena *a, str *pool, str *exchange)
{
	str project, location, name, both;

	if (!identity_recall(who, a, "pool of the cluster", &both)) {
		TRY(metadata(who, a, "project/project-id", "project ID", &project));
		TRY(metadata(who, a, "instance/attributes/cluster-location", "location", &location));
		TRY(metadata(who, a, "instance/attributes/cluster-name", "name", &name));
		both = arena_cat(a, project, S(".svc.id.goog\nidentitynamespace:"), project,
				 S(".svc.id.goog:https://container.googleapis.com/v1/projects/"), project,
				 S("/locations/"), location, S("/clusters/"), name);
		identity_remember(who, "pool of the cluster", both);
	}
	str_split(both, '\n', pool, exchange);
	return NULL;
}

/* ---- exchanges -------------------------------------------------------------------------- */

static err *exchange(const struct identity *who, struct arena *a, str audience, str type, str oidc,
		     str scope, struct identity_token *out)
{
	node answer;

	TRY(cloud_ask_json(
		&who->cloud, a,
		&(struct cloud_ask){
			.host = S("sts.googleapis.com"),
			.path = S("/v1/token"),
			.body = cloud_form_of(
				a, S("grant_type"),
				S("urn:ietf:params:oauth:grant-type:token-exchange"), S("audience"),
				audience, S("scope"), scope, S("requested_token_type"),
				S("urn:ietf:params:oauth:token-type:access_token"),
				S("subject_token"), oidc, S("subject_token_type"), type) },
		&answer));
	return cloud_take_token(a, answer, &out->bearer, &out->ends);
}

/* The same as an account of Google's that trusts it. */
static err *impersonate(const struct identity *who, struct arena *a, str path,
			struct identity_token *out)
{
	node answer;

	TRY(cloud_ask_json(
		&who->cloud, a,
		&(struct cloud_ask){
			.host = S("iamcredentials.googleapis.com"),
			.path = path,
			.body = S("{\"lifetime\":\"3600s\",\"scope\":[\"" PLATFORM "\",\"" EMAIL "\"]}"),
			.type = S("application/json"),
			.token = out->bearer },
		&answer));
	out->bearer = arena_str(a, node_str(node_get(answer, S("accessToken"))));
	if (!out->bearer.n)
		return err_new(ERR_INTERNAL, "the answer has no access token");
	return cloud_take_time(node_str(node_get(answer, S("expireTime"))), &out->ends);
}

static err *audience(const struct identity *who, struct arena *a, node account, str *out)
{
	str exchange_for;

	TRY(named_pool(a, account, out));
	return out->n ? NULL : own_pool(who, a, out, &exchange_for);
}

static err *name_of(struct arena *a, node account, str *out)
{
	*out = identity_annotation(account, "iam.gke.io/gcp-service-account");
	if (!out->n)
		return NULL;
	return cloud_match(a, "iam.gke.io/gcp-service-account annotation", email_pattern, *out, NULL,
			   0);
}

static err *by_account(const struct identity *who, struct arena *a, const struct identity_need *need,
		       node account, str oidc, struct identity_token *out)
{
	str email = identity_annotation(account, "iam.gke.io/gcp-service-account"), pool, own;

	(void)need;
	TRY(named_pool(a, account, &pool));
	if (!pool.n)
		TRY(own_pool(who, a, &own, &pool));
	TRY(exchange(who, a, pool, JWT, oidc, email.n ? S(PLATFORM) : S(PLATFORM " " EMAIL), out));
	if (!email.n)
		return NULL;
	return impersonate(who, a,
			   arena_cat(a, S("/v1/projects/-/serviceAccounts/"), email,
				     S(":generateAccessToken")),
			   out);
}

/* ---- the controller ------------------------------------------------------------------ */

/* Google's token servers alone: a key file names one, and is trusted no further. */
static err *server_of(str url, struct cloud_ask *q)
{
	str host, path;

	if (!str_take_str(&url, S("https://")) || !str_split(url, '/', &host, &path) ||
	    !(str_ends(host, S(".googleapis.com")) || str_eq(host, S("accounts.google.com"))))
		return err_new(ERR_INVALID, "the token server of the credentials is not one of "
					    "Google's: %.*s",
			       STR_ARG(url));
	q->host = host;
	q->path = (str){ path.p - 1, path.n + 1 };
	return NULL;
}

static err *by_form(const struct identity *who, struct arena *a, node file, str form,
		    struct identity_token *out)
{
	struct cloud_ask q = { .body = form };
	node answer;

	TRY(server_of(node_str_or(node_get(file, S("token_uri")), S(TOKENS)), &q));
	TRY(cloud_ask_json(&who->cloud, a, &q, &answer));
	return cloud_take_token(a, answer, &out->bearer, &out->ends);
}

static err *by_key(const struct identity *who, struct arena *a, node file, struct identity_token *out)
{
	str jwt;

	TRY(jwt_google(a, file, S(PLATFORM " " EMAIL),
		       node_str_or(node_get(file, S("token_uri")), S(TOKENS)),
		       clock_wall() / CLOCK_SECOND, &jwt));
	return by_form(who, a, file,
		       cloud_form_of(a, S("grant_type"),
				     S("urn:ietf:params:oauth:grant-type:jwt-bearer"), S("assertion"),
				     jwt),
		       out);
}

static err *by_user(const struct identity *who, struct arena *a, node file, struct identity_token *out)
{
	return by_form(who, a, file,
		       cloud_form_of(a, S("grant_type"), S("refresh_token"), S("client_id"),
				     node_str(node_get(file, S("client_id"))), S("client_secret"),
				     node_str(node_get(file, S("client_secret"))), S("refresh_token"),
				     node_str(node_get(file, S("refresh_token")))),
		       out);
}

/* Another issuer vouches, by a file: the text or, of JSON, one of its fields. */
static err *by_file(const struct identity *who, struct arena *a, node file, struct identity_token *out)
{
	node source = node_get(file, S("credential_source")), format = node_get(source, S("format")), n;
	str path = node_str(node_get(source, S("file"))), text;
	str as = node_str(node_get(file, S("service_account_impersonation_url")));

	if (!path.n)
		return err_new(ERR_INVALID, "credentials of an external account without "
					    "credential_source.file are not supported");
	TRY(fs_read_any(a, path, CREDENTIALS_MAX, &text));
	text = str_trim(text);
	if (str_eq(node_str(node_get(format, S("type"))), S("json"))) {
		TRY(json_read(a, text, NULL, &n));
		text = node_str(node_get(n, node_str(node_get(format, S("subject_token_field_name")))));
	}
	TRY(exchange(who, a, node_str(node_get(file, S("audience"))),
		     node_str_or(node_get(file, S("subject_token_type")), JWT), text,
		     as.n ? S(PLATFORM) : S(PLATFORM " " EMAIL), out));
	if (as.n && !str_take_str(&as, S("https://iamcredentials.googleapis.com")))
		return err_new(ERR_INVALID, "service_account_impersonation_url is not one of Google's");
	return as.n ? impersonate(who, a, as, out) : NULL;
}

static err *by_credentials(const struct identity *who, struct arena *a, str path,
			   struct identity_token *out)
{
	str text;
	node file;

	TRY(fs_read_any(a, path, CREDENTIALS_MAX, &text));
	TRY(json_read(a, text, NULL, &file));
	str type = node_str(node_get(file, S("type")));

	if (str_eq(type, S("service_account")))
		return by_key(who, a, file, out);
	if (str_eq(type, S("authorized_user")))
		return by_user(who, a, file, out);
	if (str_eq(type, S("external_account")))
		return by_file(who, a, file, out);
	return type.n ? err_new(ERR_INVALID, "unknown credential type: \"%.*s\"", STR_ARG(type))
		      : err_new(ERR_INVALID, "missing 'type' field in credentials");
}

static err *own(const struct identity *who, struct arena *a, const struct identity_need *need,
		struct identity_token *out)
{
	str path = cloud_env(&who->cloud, "GOOGLE_APPLICATION_CREDENTIALS");
	struct cloud_ask q = metadata_of(who, a, "instance/service-accounts/default/token");
	node answer;

	(void)need;
	if (path.n) {
		err *e = by_credentials(who, a, path, out);

		return e ? err_wrap(e, "google: error getting credentials using "
				       "GOOGLE_APPLICATION_CREDENTIALS environment variable")
			 : NULL;
	}
	TRY(cloud_ask_json(&who->cloud, a, &q, &answer));
	return cloud_take_token(a, answer, &out->bearer, &out->ends);
}

const struct identity_provider identity_gcp = { "gcp", own, audience, name_of, by_account };
