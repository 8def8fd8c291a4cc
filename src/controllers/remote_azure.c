/* remote_azure - clusters at Azure. */
#include "controllers/remote_impl.h"
#include "text/base64.h"

#define AKS_SCOPE S("6dae42f8-4368-4678-94ff-3960e28e3630/.default")
#define ARM_SCOPE S("https://management.core.windows.net//.default")
#define ARM S("management.azure.com")
#define ARM_VERSION S("2025-01-01")

static const char cluster_pattern[] =
	"(?i)^/subscriptions/([^/]{36})/resourceGroups/([^/]{1,200})/providers/"
	"Microsoft\\.ContainerService/managedClusters/([^/]{1,200})$";

static err *scoped_token(struct remote_login *l, struct arena *a, str scope, str *token, int64_t *ends)
{
	struct identity_token got;

	TRY(remote_identity(l, a, &(struct identity_need){ .scope = scope }, &got));
	*token = got.bearer;
	*ends = got.ends;
	return NULL;
}

static err *token(struct remote_login *l, struct arena *a, str *out, int64_t *ends)
{
	return scoped_token(l, a, AKS_SCOPE, out, ends);
}

/* ---- where it is ------------------------------------------------------------------- */

static err *ask_cluster(struct remote_login *l, struct arena *a, str bearer, bool credentials, node *out)
{
	return cloud_ask_json(
		&l->who.cloud, a,
		&(struct cloud_ask){
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

	TRY(cloud_match(a, "AKS cluster ID", cluster_pattern, l->cluster, NULL, 0));
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
