/* identity_azure - who we are at Azure: an application that a token of a ServiceAccount
 * vouches for; or for the controller, in the order of Azure's own libraries, one of its
 * environment (a secret, a certificate, a token file), or the managed identity of its
 * machine. */
#include "controllers/identity_impl.h"
#include "crypto/certassert.h"
#include "value/json.h"

#define IMDS S("169.254.169.254")
#define TENANT "azure.workload.identity/tenant-id"
#define CLIENT "azure.workload.identity/client-id"

struct app {
	str tenant, client, assertion, secret;
	str certificate;	/* signs the assertion */
};

str identity_azure_authority(const struct cloud *c)
{
	str host = cloud_env(c, "AZURE_AUTHORITY_HOST");

	str_take_str(&host, S("https://"));
	host = str_trim_right_set(host, S("/"));
	return host.n ? host : S("login.microsoftonline.com");
}

static err *log_in(const struct identity *who, struct arena *a, const struct app *app, str scope,
		   struct identity_token *out)
{
	node answer;
	str by = app->secret.n ? STR_NONE
			       : S("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");

	TRY(cloud_ask_json(&who->cloud, a,
			   &(struct cloud_ask){
				   .host = identity_azure_authority(&who->cloud),
				   .path = arena_cat(a, S("/"), app->tenant, S("/oauth2/v2.0/token")),
				   .body = cloud_form_of(a, S("grant_type"), S("client_credentials"),
							 S("client_id"), app->client, S("scope"), scope,
							 S("client_secret"), app->secret,
							 S("client_assertion_type"), by,
							 S("client_assertion"),
							 app->secret.n ? STR_NONE : app->assertion) },
			   &answer));
	return cloud_take_token(a, answer, &out->bearer, &out->ends);
}

/* ---- ServiceAccounts -------------------------------------------------------------- */

static err *annotated(node account, const char *what, const char *key, str *out)
{
	*out = identity_annotation(account, key);
	return out->n ? NULL
		      : err_new(ERR_INVALID,
				"azure %s ID is not set in the service account annotation %s", what,
				key);
}

static err *audience(const struct identity *who, struct arena *a, node account, str *out)
{
	(void)who, (void)a, (void)account;
	*out = S("api://AzureADTokenExchange");
	return NULL;
}

static err *name_of(struct arena *a, node account, str *out)
{
	str tenant, client;

	TRY(annotated(account, "tenant", TENANT, &tenant));
	TRY(annotated(account, "client", CLIENT, &client));
	*out = arena_cat(a, tenant, S("/"), client);
	return NULL;
}

static err *by_account(const struct identity *who, struct arena *a, const struct identity_need *need,
		       node account, str oidc, struct identity_token *out)
{
	const struct app app = { .tenant = identity_annotation(account, TENANT),
				 .client = identity_annotation(account, CLIENT),
				 .assertion = oidc };

	return log_in(who, a, &app, need->scope, out);
}

/* ---- the controller ------------------------------------------------------------------ */

/* A resource is what a scope is made of. */
static str resource_of(str scope)
{
	return str_ends(scope, S("/.default")) ? str_sub(scope, 0, scope.n - strlen("/.default")) : scope;
}

/* Of an App Service or a Container App, else of a virtual machine. */
static err *managed(const struct identity *who, struct arena *a, str client, str scope,
		    struct identity_token *out)
{
	static const struct net_header metadata = { S("Metadata"), S("true") };
	const struct cloud *c = &who->cloud;
	const struct net_header secret = { S("X-IDENTITY-HEADER"), cloud_env(c, "IDENTITY_HEADER") };
	str endpoint = cloud_env(c, "IDENTITY_ENDPOINT"), host, path;
	bool service = endpoint.n && secret.value.n;
	struct cloud_ask q = { .host = IMDS, .path = S("/metadata/identity/oauth2/token"),
			       .headers = service ? &secret : &metadata, .headers_n = 1, .plain = true,
			       .soon = !service };
	node answer;

	if (service) {
		q.plain = !str_take_str(&endpoint, S("https://"));
		str_take_str(&endpoint, S("http://"));
		q.path = str_split(endpoint, '/', &host, &path) ? arena_cat(a, S("/"), path) : S("/");
		q.host = host;
	}
	q.query = cloud_form_of(a, S("api-version"), service ? S("2019-08-01") : S("2018-02-01"),
				S("client_id"), client, S("resource"), resource_of(scope));
	err *e = cloud_ask_json(c, a, &q, &answer);

	if (!e)
		e = cloud_take_token(a, answer, &out->bearer, &out->ends);
	return e ? err_wrap(e, "ManagedIdentityCredential") : NULL;
}

/* What the certificate's key signs, as the environment describes it. */
static err *assert_by_certificate(const struct cloud *c, struct arena *a, struct app *app)
{
	const struct certassert word = {
		.data = app->certificate,
		.password = cloud_env(c, "AZURE_CLIENT_CERTIFICATE_PASSWORD"),
		.chain = certassert_sends_chain(
			cloud_env(c, "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")),
		.client = app->client,
		.audience = arena_cat(a, S("https://"), identity_azure_authority(c), S("/"), app->tenant,
				      S("/oauth2/v2.0/token")),
		.now = clock_wall() / CLOCK_SECOND,
	};
	err *e = certassert(a, &word, &app->assertion);

	return e ? err_wrap(e, "failed to parse \"%.*s\"",
			    STR_ARG(cloud_env(c, "AZURE_CLIENT_CERTIFICATE_PATH")))
		 : NULL;
}

static err *own(const struct identity *who, struct arena *a, const struct identity_need *need,
		struct identity_token *out)
{
	const struct cloud *c = &who->cloud;
	struct app app = { .tenant = cloud_env(c, "AZURE_TENANT_ID"),
			   .client = cloud_env(c, "AZURE_CLIENT_ID"),
			   .secret = cloud_env(c, "AZURE_CLIENT_SECRET") };

	if (need->client.n)
		return managed(who, a, need->client, need->scope, out);
	TRY(cloud_env_file(c, a, "AZURE_FEDERATED_TOKEN_FILE", &app.assertion));
	if (app.tenant.n && app.client.n && !app.secret.n &&
	    cloud_env(c, "AZURE_CLIENT_CERTIFICATE_PATH").n) {
		TRY(cloud_env_file(c, a, "AZURE_CLIENT_CERTIFICATE_PATH", &app.certificate));
		TRY(assert_by_certificate(c, a, &app));
	}
	if (app.tenant.n && app.client.n && (app.secret.n || app.assertion.n))
		return log_in(who, a, &app, need->scope, out);
	return managed(who, a, app.client, need->scope, out);
}

const struct identity_provider identity_azure = { "azure", own, audience, name_of, by_account };
