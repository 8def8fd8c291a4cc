#include "controllers/verification.h"

void verification_begin(struct pass *p)
{
	if (condition_is(p, S("SourceVerified"), CONDITION_FALSE))
		condition_drop(p, S("SourceVerified"));
}

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

static err *prepare(struct verification *v)
{
	struct pass *p = v->p;
	node verify = node_get(p->spec, S("verify")), root = node_get(verify, S("trustedRootSecretRef"));

	v->verify = (struct ociverify){
		.provider = node_str_or(node_get(verify, S("provider")), S("cosign")),
		.chart = v->chart ? p->key.name : STR_NONE,
		.public = runtime_sigstore(p->rt),
		.cancel = p->cancel,
	};
	err *e = read_secret(p, root, &v->root, &v->verify.root);

	if (e)
		return err_wrap(e, "failed to read trusted root from secret '%.*s/%.*s'",
				STR_ARG(p->key.namespace), STR_ARG(node_str(node_get(root, S("name")))));
	TRY(read_secret(p, node_get(verify, S("secretRef")), &v->keys, &v->verify.keys));
	read_identities(p->arena, node_get(verify, S("matchOIDCIdentity")), &v->verify);
	v->ready = true;
	return NULL;
}

err *verification_prepare(struct verification *v)
{
	TRY(prepare(v));
	return ociverify_check(&v->verify, v->p->arena);
}

err *verification_run(void *ctx, struct oci *c, struct arena *a, const struct ociref *ref)
{
	struct verification *v = ctx;

	if (!v->ready)
		TRY(prepare(v));
	return ociverify_run(&v->verify, c, a, ref);
}
