#include "controllers/verification.h"

#include "source/ociverify.h"

static err *read_secret(struct pass *p, node ref, struct credentials *to,
			const struct credentials **out)
{
	if (node_is_nil(ref))
		return NULL;
	*out = to;
	return pass_secret(p, node_str(node_get(ref, S("name"))), to);
}

static void read_identities(struct arena *a, node list, struct ociverify *v)
{
	struct cosign_identity *all = arena_array(a, struct cosign_identity, node_len(list));

	node_each_item(i, list)
		all[v->identities_n++] =
			(struct cosign_identity){ node_str(node_get(*i, S("issuer"))),
						  node_str(node_get(*i, S("subject"))) };
	v->identities = all;
}

err *verification_run(void *ctx, struct oci *c, struct arena *a, const struct ociref *ref)
{
	struct pass *p = ctx;
	node verify = node_get(p->spec, S("verify")), root = node_get(verify, S("trustedRootSecretRef"));
	struct ociverify v = { .provider = node_str_or(node_get(verify, S("provider")), S("cosign")) };
	struct credentials keys, trusted;
	err *e = read_secret(p, root, &trusted, &v.root);

	if (e)
		return err_wrap(e, "failed to read trusted root from secret '%.*s/%.*s'",
				STR_ARG(p->key.namespace), STR_ARG(node_str(node_get(root, S("name")))));
	TRY(read_secret(p, node_get(verify, S("secretRef")), &keys, &v.keys));
	read_identities(a, node_get(verify, S("matchOIDCIdentity")), &v);
	return ociverify_run(&v, c, a, ref);
}
