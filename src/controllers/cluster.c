/* cluster - where and as whom a pass applies objects.
 *
 * A cluster is there as long as an object's last pass applied to it: the object holds
 * it, and one that was made of another (as somebody else) holds that. */
#include <stdlib.h>

#include "base/die.h"
#include "base/owned.h"
#include "controllers/remote.h"
#include "controllers/runtime_impl.h"

/* Under clusters_lock. */
static struct cluster_entry *find(struct runtime *rt, str key)
{
	for (size_t i = 0; i < rt->clusters.n; i++)
		if (str_eq(rt->clusters.p[i]->key, key)) {
			rt->clusters.p[i]->refs++;
			return rt->clusters.p[i];
		}
	return NULL;
}

/* Under clusters_lock. */
static void take_out(struct runtime *rt, const struct cluster_entry *e)
{
	for (size_t i = 0; i < rt->clusters.n; i++)
		if (rt->clusters.p[i] == e) {
			rt->clusters.p[i] = rt->clusters.p[--rt->clusters.n];
			return;
		}
}

static void entry_free(struct cluster_entry *e)
{
	if (e->own_discovery)
		discovery_free(e->cluster.discovery);
	client_unref(e->cluster.client);
	free((char *)e->key.p);
	free(e);
}

void cluster_unref(struct runtime *rt, struct cluster_entry *e)
{
	while (e) {
		struct cluster_entry *base = e->base;

		pthread_mutex_lock(&rt->clusters_lock);
		bool last = --e->refs == 0;

		if (last)
			take_out(rt, e);
		pthread_mutex_unlock(&rt->clusters_lock);
		if (!last)
			return;
		entry_free(e);
		e = base;
	}
}

/* Takes `made`, which nobody else knows yet; another worker may have been faster. */
static struct cluster_entry *add(struct runtime *rt, str key, struct cluster_entry made)
{
	pthread_mutex_lock(&rt->clusters_lock);
	struct cluster_entry *e = find(rt, key), *twin = mem_calloc(1, sizeof *twin);

	*twin = made;
	twin->key = owned_str(key);
	if (!e) {
		twin->refs = 1;
		twin->cluster.id = ++rt->cluster_ids;
		vec_push(&rt->clusters, twin);
		e = twin;
		twin = NULL;
	}
	pthread_mutex_unlock(&rt->clusters_lock);
	if (twin) {
		cluster_unref(rt, twin->base);
		entry_free(twin);
	}
	return e;
}

static struct cluster_entry *look_up(struct runtime *rt, str key)
{
	pthread_mutex_lock(&rt->clusters_lock);
	struct cluster_entry *e = find(rt, key);

	pthread_mutex_unlock(&rt->clusters_lock);
	return e;
}

static struct cluster_entry *need_own(struct runtime *rt)
{
	struct cluster_entry *e = look_up(rt, S("/"));

	return e ? e
		 : add(rt, S("/"),
		       (struct cluster_entry){ .cluster = { .client = client_ref(rt->o.client),
							    .discovery = rt->discovery,
							    .live = rt->live } });
}

static err *need_remote(struct pass *p, struct cluster_entry **out)
{
	struct remote r;
	struct client *client;

	TRY(remote_read(p, &r));
	*out = look_up(p->rt, r.key);
	if (*out)
		return NULL;
	TRY(remote_client(p, &r, &client));
	*out = add(p->rt, r.key,
		   (struct cluster_entry){ .cluster = { .client = client,
							.discovery = discovery_new(client),
							.remote = true },
					   .own_discovery = true });
	return NULL;
}

/* Takes the reference of `base`. */
static err *need_as(struct pass *p, str account, struct cluster_entry *base,
		    struct cluster_entry **out)
{
	struct runtime *rt = p->rt;
	struct client *client;
	str key = arena_cat(p->arena, base->key, S("/"), p->key.namespace, S("/"), account);
	str user = arena_cat(p->arena, S("system:serviceaccount:"), p->key.namespace, S(":"),
			     account);

	*out = look_up(rt, key);
	if (*out) {
		cluster_unref(rt, base);
		return NULL;
	}
	err *e = client_impersonate(base->cluster.client, user, NULL, 0, &client);

	if (e) {
		cluster_unref(rt, base);
		return e;
	}
	*out = add(rt, key,
		   (struct cluster_entry){ .cluster = { .client = client,
							.discovery = base->cluster.discovery,
							.live = base->cluster.live,
							.remote = base->cluster.remote,
							.account = true },
					   .base = base });
	return NULL;
}

static err *need(struct pass *p, struct cluster_entry **out)
{
	str account = node_str_or(node_get(p->spec, S("serviceAccountName")),
				  p->rt->o.settings->default_service_account);

	if (node_get(p->spec, S("kubeConfig")).kind == NODE_MAP)
		TRY(need_remote(p, out));
	else
		*out = need_own(p->rt);
	return account.n ? need_as(p, account, *out, out) : NULL;
}

err *pass_cluster(struct pass *p, const struct cluster **out)
{
	struct run *r = (struct run *)p;
	struct cluster_entry *e;

	TRY(need(p, &e));
	avec_push(p->arena, &r->clusters, e);
	*out = &e->cluster;
	return NULL;
}

void cluster_settle(struct run *r)
{
	struct runtime *rt = r->p.rt;
	size_t n = r->clusters.n;

	if (!n)
		return;
	cluster_unref(rt, r->o->cluster);
	r->o->cluster = r->clusters.p[n - 1];
	for (size_t i = 0; i + 1 < n; i++)
		cluster_unref(rt, r->clusters.p[i]);
}

/* Where streams are narrowed, an object that is not seen may yet be there. */
bool cluster_sees(const struct pass *p, const struct cluster *c, const struct client_resource *r,
		  str namespace)
{
	const struct settings *s = runtime_settings(p->rt);
	bool config = !r->group.n &&
		      (str_eq(r->kind, S("Secret")) || str_eq(r->kind, S("ConfigMap")));

	if (!c->live)
		return false;
	if (!s->watch_all_namespaces &&
	    (!r->namespaced || !str_eq(namespace, s->runtime_namespace)))
		return false;
	if (config && s->watch_configs_label_selector.n)
		return false;
	return !runtime_is_narrowed(p->rt, r->group, r->kind);
}

void cluster_release(struct runtime *rt)
{
	if (rt->clusters.n)
		die_bug("a cluster is still held");
	vec_release(&rt->clusters);
}
