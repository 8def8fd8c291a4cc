/* remote_gcp - clusters at Google. */
#include "controllers/remote_impl.h"

static const char cluster_pattern[] =
	"^projects/[^/]{1,200}/locations/[^/]{1,200}/clusters/[^/]{1,200}$";

static err *token(struct remote_login *l, struct arena *a, str *out, int64_t *ends)
{
	struct identity_token got;

	TRY(remote_identity(l, a, &(struct identity_need){ 0 }, &got));
	*out = got.bearer;
	*ends = got.ends;
	return NULL;
}

static err *describe(struct remote_login *l, struct arena *a, node *out)
{
	str bearer;
	int64_t ends;

	TRY(token(l, a, &bearer, &ends));
	err *e = cloud_ask_json(&l->who.cloud, a,
				 &(struct cloud_ask){ .host = S("container.googleapis.com"),
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
		TRY(cloud_match(a, "GKE cluster ID", cluster_pattern, l->cluster, NULL, 0));
		TRY(describe(l, a, &cluster));
		if (!address.n)
			address = node_str(node_get(cluster, S("endpoint")));
		if (!l->ca.n) {
			err *e = cloud_take_ca(a, node_str(node_dig(cluster, "masterAuth",
								     "clusterCaCertificate")),
						&out->ca);

			if (e)
				return err_wrap(e, "failed to decode GKE CA certificate");
		}
	}
	return remote_address(a, address, &out->server);
}

const struct remote_provider remote_gcp = { "gcp", connect, token };
