#include "controllers/kustomization_guard.h"

#include "base/vec.h"

#define ANNOTATION(name) KUSTOMIZATION_GROUP "/" name
/* The annotation says "enabled" and no number. */
enum { GUARD_OBJECTS = 20 };
/* Names that a message shows of each. */
enum { SHOWN_MAX = 5 };

static str annotation(struct ks *k, const char *name)
{
	return node_str(node_get(node_dig(k->p->object, "metadata", "annotations"), str_c(name)));
}

/* How many may go at once; 0: the guard is off. */
static uint64_t limit_of(struct ks *k)
{
	str text = annotation(k, ANNOTATION("prune-guard"));
	int64_t set = runtime_settings(k->p->rt)->prune_guard;
	uint64_t n;

	if (str_eq_nocase(text, S("disabled")))
		return 0;
	if (str_to_u64(text, &n))
		return n;
	if (str_eq_nocase(text, S("enabled")))
		return set > 0 ? (uint64_t)set : GUARD_OBJECTS;
	return set > 0 ? (uint64_t)set : 0;
}

/* ---- what is in it ------------------------------------------------------------ */

struct content {
	struct ks *k;
	str namespace;
	struct buf *names;
	size_t n;
};

/* What is in Git, belongs to something else, or is in every namespace. */
static bool is_accounted_for(node object, str kind)
{
	node meta = node_get(object, S("metadata")), labels = node_get(meta, S("labels"));
	str name = node_str(node_get(meta, S("name")));

	return node_has(labels, S(ANNOTATION("name"))) ||
	       node_has(labels, S("helm.toolkit.fluxcd.io/name")) ||
	       node_len(node_get(meta, S("ownerReferences"))) ||
	       (str_eq(kind, S("ServiceAccount")) && str_eq(name, S("default"))) ||
	       (str_eq(kind, S("ConfigMap")) && str_eq(name, S("kube-root-ca.crt"))) ||
	       str_eq(kind, S("Event")) || str_eq(kind, S("Endpoints")) ||
	       str_eq(kind, S("EndpointSlice")) || str_eq(kind, S("Lease"));
}

static void add_name(struct content *c, const struct client_resource *r, node object)
{
	struct objid id = { r->group, r->kind, c->namespace,
			    node_str(node_dig(object, "metadata", "name")) };

	if (!c->namespace.n)
		id.namespace = node_str(node_dig(object, "metadata", "namespace"));
	if (c->n++ < SHOWN_MAX)
		buf_addf(c->names, "%s%s", c->n > 1 ? ", " : "", objid_show(c->k->a, &id).p);
}

static err *list(struct content *c, const struct client_resource *r, node *out)
{
	return client_do(c->k->cluster->client, c->k->a,
			 &(struct client_request){
				 .path = client_path(c->k->a, r, c->namespace, STR_NONE, STR_NONE),
				 .query = S("limit=500"),
				 .accept = S(CLIENT_PARTIAL_LIST),
				 .cancel = c->k->p->cancel },
			 out);
}

static err *visit(void *ctx, const struct client_resource *r, bool deletable)
{
	struct content *c = ctx;
	node all;

	if (!r->namespaced || !deletable)
		return NULL;
	err *e = list(c, r, &all);

	if (e) {	/* what may not be listed, or is served no more, tells nothing */
		err_free(e);
		return NULL;
	}
	node_each_item(i, node_get(all, S("items")))
		if (!is_accounted_for(*i, r->kind))
			add_name(c, r, *i);
	return NULL;
}

/* The instances of a definition. */
static err *instances(struct content *c, const struct applyset_prune *p)
{
	static const struct client_resource crds = { S("apiextensions.k8s.io"), S("v1"),
						     S("customresourcedefinitions"),
						     S("CustomResourceDefinition"), false };
	const struct client_resource *r;
	node crd, all;
	err *e = client_get(c->k->cluster->client, c->k->a, &crds, STR_NONE, p->id.name, &crd);

	if (!e)
		e = discovery_kind(c->k->cluster->discovery,
				   (struct gvk){ node_str(node_dig(crd, "spec", "group")), STR_NONE,
						 node_str(node_dig(crd, "spec", "names", "kind")) },
				   &r);
	if (!e)
		e = list(c, r, &all);
	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		return NULL;
	}
	TRY(e);
	node_each_item(i, node_get(all, S("items")))
		add_name(c, r, *i);
	return NULL;
}

/* Whether it takes something along; what, into `to`. */
static err *look_into(struct ks *k, const struct applyset_prune *p, struct buf *to, bool *takes)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	struct content c = { .k = k, .names = &names };
	bool claim = str_eq(p->id.kind, S("PersistentVolumeClaim")) && !p->id.group.n;

	if (str_eq(p->id.kind, S("Namespace")) && !p->id.group.n) {
		c.namespace = p->id.name;
		TRY(discovery_each(k->cluster->discovery, visit, &c));
	} else if (str_eq(p->id.kind, S("CustomResourceDefinition"))) {
		TRY(instances(&c, p));
	}
	*takes = claim || c.n;
	if (!*takes)
		return NULL;
	buf_addf(to, "%s%s (%s%s", to->n ? "\n" : "", objid_show(k->a, &p->id).p,
		 claim ? "its data" : "with ", buf_c(&names));
	if (c.n > SHOWN_MAX)
		buf_addf(to, " and %zu more", c.n - SHOWN_MAX);
	buf_addc(to, ')');
	return NULL;
}

/* ---- all of it -------------------------------------------------------------------- */

static void hold_all(struct ks *k, const struct applyset_prune *l, size_t n, uint64_t limit,
		     struct guard *out)
{
	out->held = arena_printf(k->a, "%zu objects, beginning with %s: more than %llu at once", n,
				 objid_show(k->a, &l[0].id).p, (unsigned long long)limit);
}

err *kustomization_guard(struct ks *k, struct applyset_prune *l, size_t *n, struct guard *out)
{
	uint64_t limit = limit_of(k);
	bool approved = str_eq(annotation(k, ANNOTATION("prune-approved")), k->artifact.revision);
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t kept = 0;

	*out = (struct guard){ .on = limit && !approved };
	if (out->on && *n > limit) {
		hold_all(k, l, *n, limit, out);
		*n = 0;
		return NULL;
	}
	for (size_t i = 0; i < *n; i++) {
		struct applyset_prune p = l[i];
		bool takes;

		TRY(look_into(k, &p, &b, &takes));
		if (takes && out->on)
			continue;
		l[i] = l[kept];
		l[kept++] = p;
	}
	*n = kept;
	if (out->on)
		out->held = arena_str(k->a, buf_str(&b));
	else
		out->along = arena_str(k->a, buf_str(&b));
	return NULL;
}
