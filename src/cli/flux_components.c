#include "cli/flux_components.h"

const struct client_resource components_crds = { S("apiextensions.k8s.io"), S("v1"),
						 S("customresourcedefinitions"),
						 S("CustomResourceDefinition"), false };
const struct client_resource components_deployments = { S("apps"), S("v1"), S("deployments"),
							S("Deployment"), true };

err *components_list(struct cli *c, struct flux_server *s, str namespace, node *items)
{
	node list;

	TRY(client_list(s->client, c->arena, &components_deployments, namespace,
			S(COMPONENTS_LABEL), STR_NONE, &list));
	*items = node_get(list, S("items"));
	return NULL;
}

err *components_distribution(struct cli *c, struct flux_server *s, str *out)
{
	node crd;

	TRY(client_get(s->client, c->arena, &components_crds, STR_NONE,
		       S("gitrepositories.source.toolkit.fluxcd.io"), &crd));
	node labels = node_dig(crd, "metadata", "labels");
	str part = node_str(node_get(labels, S("app.kubernetes.io/part-of")));
	str version = node_str(node_get(labels, S("app.kubernetes.io/version")));

	*out = part.n && version.n ? arena_cat(c->arena, part, S("-"), version) : STR_NONE;
	return NULL;
}
