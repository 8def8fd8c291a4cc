/* remote_azure - clusters at Azure: a token of a ServiceAccount, or of this Pod, vouches
 * for an application of Entra. */
#include "controllers/remote_impl.h"
#include "text/base64.h"
#include "value/json.h"

#define AKS_SCOPE S("6dae42f8-4368-4678-94ff-3960e28e3630/.default")
#define ARM_SCOPE S("https://management.core.windows.net//.default")
#define ARM S("management.azure.com")
#define ARM_VERSION S("2025-01-01")
#define LOGIN S("login.microsoftonline.com")

static const char cluster_pattern[] =
	"(?i)^/subscriptions/([^/]{36})/resourceGroups/([^/]{1,200})/providers/"
	"Microsoft\\.ContainerService/managedClusters/([^/]{1,200})$";

struct app {
	str host, tenant, client, assertion, secret;
};

static err *annotated(node account, const char *what, const char *key, str *out)
{
	*out = remote_annotation(account, key);
	return out->n ? NULL
		      : err_new(ERR_INVALID,
				"azure %s ID is not set in the service account annotation %s", what,
				key);
}

static err *identity_of(struct remote_login *l, node account, struct app *app)
{
	err *e = annotated(account, "tenant", "azure.workload.identity/tenant-id", &app->tenant);

	if (!e)
		e = annotated(account, "client", "azure.workload.identity/client-id", &app->client);
	return e ? err_wrap(e, "failed to get provider identity from service account '%.*s/%.*s' "
			       "annotations",
			    STR_ARG(l->namespace), STR_ARG(l->account))
		 : NULL;
}

static err *account_app(struct remote_login *l, struct arena *a, struct app *app)
{
	static const str usual = { "api://AzureADTokenExchange", 26 };
	node account;

	TRY(remote_account(l, a, &account));
	TRY(identity_of(l, account, app));
	app->host = LOGIN;
	return remote_account_token(l, a, l->audiences_n ? l->audiences : &usual,
				    l->audiences_n ? l->audiences_n : 1, &app->assertion);
}

/* What the webhook of workload identities puts into a Pod. */
static err *own_app(struct remote_login *l, struct arena *a, struct app *app)
{
	str host = remote_env(l, "AZURE_AUTHORITY_HOST");

	str_take_str(&host, S("https://"));
	host = str_trim_right_set(host, S("/"));
	app->host = host.n ? host : LOGIN;
	app->tenant = remote_env(l, "AZURE_TENANT_ID");
	app->client = remote_env(l, "AZURE_CLIENT_ID");
	app->secret = remote_env(l, "AZURE_CLIENT_SECRET");
	TRY(remote_env_file(l, a, "AZURE_FEDERATED_TOKEN_FILE", &app->assertion));
	if (app->tenant.n && app->client.n && (app->secret.n || app->assertion.n))
		return NULL;
	return err_new(ERR_FORBIDDEN,
		       "no identity at Azure: AZURE_TENANT_ID, AZURE_CLIENT_ID and one of "
		       "AZURE_FEDERATED_TOKEN_FILE and AZURE_CLIENT_SECRET must be set in the "
		       "controller's environment");
}

static err *log_in(struct remote_login *l, struct arena *a, const struct app *app, str scope,
		   str *token, int64_t *ends)
{
	node answer;
	str by = app->secret.n ? STR_NONE
			       : S("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");

	TRY(remote_ask_json(l, a,
			    &(struct remote_ask){
				    .host = app->host,
				    .path = arena_cat(a, S("/"), app->tenant, S("/oauth2/v2.0/token")),
				    .body = remote_form_of(a, S("grant_type"), S("client_credentials"),
							   S("client_id"), app->client, S("scope"),
							   scope, S("client_secret"), app->secret,
							   S("client_assertion_type"), by,
							   S("client_assertion"),
							   app->secret.n ? STR_NONE : app->assertion) },
			    &answer));
	return remote_take_token(a, answer, token, ends);
}

static err *scoped_token(struct remote_login *l, struct arena *a, str scope, str *token, int64_t *ends)
{
	struct app app = { 0 };
	bool account = l->account.n > 0;
	err *e = account ? account_app(l, a, &app) : own_app(l, a, &app);

	if (!e) {
		e = log_in(l, a, &app, scope, token, ends);
		if (e && account)
			e = err_wrap(e, "failed to create provider access token for service account "
					"'%.*s/%.*s'",
				     STR_ARG(l->namespace), STR_ARG(l->account));
	}
	if (e && !account)
		e = err_wrap(e, "failed to create provider access token for the controller");
	return e ? err_wrap(e, "failed to get access token for cluster") : NULL;
}

static err *token(struct remote_login *l, struct arena *a, str *out, int64_t *ends)
{
	return scoped_token(l, a, AKS_SCOPE, out, ends);
}

/* ---- where it is ------------------------------------------------------------------- */

static err *ask_cluster(struct remote_login *l, struct arena *a, str bearer, bool credentials, node *out)
{
	return remote_ask_json(
		l, a,
		&(struct remote_ask){
			.method = credentials ? S("POST") : S("GET"),
			.host = ARM,
			.path = credentials ? arena_cat(a, l->cluster, S("/listClusterUserCredential"))
					    : l->cluster,
			.query = arena_cat(a, S("api-version="), ARM_VERSION),
			.token = bearer },
		out);
}

/* The kubeconfig of the address, or the first. */
static err *choose(struct remote_login *l, struct arena *a, node list, struct kubeconfig *out)
{
	CLEANUP(buf_release) struct buf addresses = BUF_INIT;
	str wanted = STR_NONE, has;

	if (l->address.n)
		TRY(remote_address(a, l->address, &wanted));
	node_each_item(i, node_get(list, S("kubeconfigs"))) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;

		TRY(base64_read(&text, node_str(node_get(*i, S("value"))), BASE64_STD));
		TRY(kubeconfig_read(a, arena_str(a, buf_str(&text)), false, false, out));
		buf_addf(&addresses, "%s'%.*s'", addresses.n ? ", " : "", STR_ARG(out->server));
		TRY(remote_address(a, out->server, &has));
		if (!wanted.n || str_eq(has, wanted))
			return NULL;
	}
	if (!wanted.n)
		return err_new(ERR_NOT_FOUND, "no kubeconfig found for AKS cluster %.*s",
			       STR_ARG(l->cluster));
	return err_new(ERR_NOT_FOUND,
		       "no kubeconfig found for AKS cluster %.*s matching the specified address '%.*s'. "
		       "cluster addresses: [%s]",
		       STR_ARG(l->cluster), STR_ARG(l->address), buf_c(&addresses));
}

static err *describe(struct remote_login *l, struct arena *a, struct kubeconfig *out)
{
	str bearer;
	int64_t ends;
	node cluster, list;

	TRY(remote_match(a, "AKS cluster ID", cluster_pattern, l->cluster, NULL, 0));
	TRY(scoped_token(l, a, ARM_SCOPE, &bearer, &ends));
	err *e = ask_cluster(l, a, bearer, false, &cluster);

	if (e)
		return err_wrap(e, "failed to describe AKS cluster");
	if (node_is_nil(node_dig(cluster, "properties", "aadProfile")))
		return err_new(ERR_INVALID,
			       "AKS cluster %.*s does not have Microsoft Entra ID integration enabled. "
			       "See docs for enabling: https://learn.microsoft.com/en-us/azure/aks/"
			       "enable-authentication-microsoft-entra-id",
			       STR_ARG(l->cluster));
	TRY(ask_cluster(l, a, bearer, true, &list));
	return choose(l, a, list, out);
}

static err *connect(struct remote_login *l, struct arena *a, struct kubeconfig *out)
{
	struct kubeconfig found = { 0 };

	if (!l->address.n || !l->ca.n)
		TRY(describe(l, a, &found));
	out->ca = l->ca.n ? l->ca : found.ca;
	return remote_address(a, l->address.n ? l->address : found.server, &out->server);
}

const struct remote_provider remote_azure = { "azure", connect, token };
