/* cluster - where and as whom a pass applies objects. */
#include <stdlib.h>

#include "base/die.h"
#include "controllers/runtime_impl.h"
#include "crypto/sha256.h"

/* Under clusters_lock. */
static struct cluster_entry *find(struct runtime *rt, str key)
{
	for (size_t i = 0; i < rt->clusters.n; i++)
		if (str_eq(rt->clusters.p[i]->key, key))
			return rt->clusters.p[i];
	return NULL;
}

/* The base of another cluster, of the kubeconfig in a Secret. */
static err *remote_of(struct pass *p, str name, str wanted, struct kubeconfig *out, str *digest)
{
	const struct settings *s = runtime_settings(p->rt);
	struct credentials c;
	str key = wanted;
	err *e = pass_secret(p, name, &c);

	if (e)
		return err_wrap(e, "unable to read KubeConfig secret '%.*s/%.*s' error",
				STR_ARG(p->key.namespace), STR_ARG(name));
	if (!wanted.n)
		key = credentials_get(&c, S("value")).n ? S("value") : S("value.yaml");
	str text = credentials_get(&c, key);

	if (!text.n)
		return err_new(ERR_INVALID,
			       "KubeConfig secret '%.*s/%.*s' does not contain a '%.*s' key with a "
			       "kubeconfig",
			       STR_ARG(p->key.namespace), STR_ARG(name),
			       STR_ARG(wanted.n ? wanted : S("value")));
	char hex[SHA256_HEX + 1];

	sha256_hex(text, hex);
	*digest = arena_str(p->arena, str_c(hex));
	return kubeconfig_read(p->arena, text, s->insecure_kubeconfig_exec,
			       s->insecure_kubeconfig_tls, out);
}

/* Under clusters_lock. Takes `client`. */
static struct cluster_entry *add(struct runtime *rt, str key, struct client *client,
				 struct discovery *discovery, bool remote)
{
	struct cluster_entry *e = mem_calloc(1, sizeof *e);
	char *text = mem_alloc(key.n + 1);

	memcpy(text, key.p, key.n);
	e->key = str_of(text, key.n);
	e->cluster = (struct cluster){ .client = client,
				       .discovery = discovery,
				       .live = remote ? NULL : rt->live,
				       .remote = remote };
	vec_push(&rt->clusters, e);
	return e;
}

static err *need_remote(struct pass *p, struct cluster_entry **out)
{
	struct runtime *rt = p->rt;
	node ref = node_dig(p->spec, "kubeConfig", "secretRef");
	struct kubeconfig config;
	struct client *client;
	str digest;

	if (ref.kind != NODE_MAP)
		return err_new(ERR_INVALID, "kubeConfig.configMapRef is not supported: the cluster's "
					    "kubeconfig must come from a Secret");
	TRY(remote_of(p, node_str(node_get(ref, S("name"))), node_str(node_get(ref, S("key"))),
		      &config, &digest));
	*out = find(rt, digest);
	if (*out)
		return NULL;
	TRY(client_new(&client, rt->o.net, &config, NULL));
	*out = add(rt, digest, client, discovery_new(client), true);
	return NULL;
}

static err *need(struct pass *p, struct cluster_entry **out)
{
	struct runtime *rt = p->rt;
	str account = node_str(node_get(p->spec, S("serviceAccountName")));
	struct client *client;

	if (!account.n)
		account = rt->o.settings->default_service_account;
	*out = find(rt, S("/"));
	if (!*out)
		*out = add(rt, S("/"), client_ref(rt->o.client), rt->discovery, false);
	if (node_get(p->spec, S("kubeConfig")).kind == NODE_MAP)
		TRY(need_remote(p, out));
	if (!account.n)
		return NULL;
	struct cluster_entry *base = *out;
	str key = arena_cat(p->arena, base->key, S("/"), p->key.namespace, S("/"), account);
	str user = arena_cat(p->arena, S("system:serviceaccount:"), p->key.namespace, S(":"),
			     account);

	*out = find(rt, key);
	if (*out)
		return NULL;
	TRY(client_impersonate(base->cluster.client, user, NULL, 0, &client));
	*out = add(rt, key, client, base->cluster.discovery, base->cluster.remote);
	return NULL;
}

err *pass_cluster(struct pass *p, const struct cluster **out)
{
	struct cluster_entry *e;

	pthread_mutex_lock(&p->rt->clusters_lock);
	err *failed = need(p, &e);

	pthread_mutex_unlock(&p->rt->clusters_lock);
	if (!failed)
		*out = &e->cluster;
	return failed;
}

void cluster_release(struct runtime *rt)
{
	/* Those that were made of others came later. */
	for (size_t i = rt->clusters.n; i-- > 0;) {
		struct cluster_entry *e = rt->clusters.p[i];
		bool shared = e->cluster.discovery == rt->discovery;

		for (size_t n = 0; n < i; n++)
			shared |= rt->clusters.p[n]->cluster.discovery == e->cluster.discovery;
		if (!shared)
			discovery_free(e->cluster.discovery);
		client_unref(e->cluster.client);
		free((char *)e->key.p);
		free(e);
	}
	vec_release(&rt->clusters);
}
