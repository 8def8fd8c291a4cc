#include "server/discovery_docs.h"

#include "base/sort.h"
#include "base/vec.h"
#include "crypto/sha256.h"
#include "server/custom.h"
#include "text/base64.h"

/* ---- names and verbs --------------------------------------------------- */

struct verb {
	uint16_t bit;
	const char *word;
};

static const struct verb verbs[] = {
	{ KIND_CREATE, "create" }, { KIND_DELETE, "delete" }, { KIND_DELETE_ALL, "deletecollection" },
	{ KIND_GET, "get" },	   { KIND_LIST, "list" },     { KIND_PATCH, "patch" },
	{ KIND_UPDATE, "update" }, { KIND_WATCH, "watch" },
};
static const struct verb custom_verbs[] = {
	{ KIND_DELETE, "delete" }, { KIND_DELETE_ALL, "deletecollection" },
	{ KIND_GET, "get" },	   { KIND_LIST, "list" },
	{ KIND_PATCH, "patch" },   { KIND_CREATE, "create" },
	{ KIND_UPDATE, "update" }, { KIND_WATCH, "watch" },
};

static node verb_list(struct arena *a, uint16_t bits, bool custom)
{
	const struct verb *table = custom ? custom_verbs : verbs;
	node list = node_seq(a, 8);

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (bits & table[i].bit)
			node_append(a, list, node_from_str(a, str_c(table[i].word)));
	return list;
}

static void set_text(struct arena *a, node to, const char *key, str text)
{
	node_set(a, to, str_c(key), node_from_str(a, text));
}

static void set_names(struct arena *a, node to, const char *key, const str *names, size_t n)
{
	node list = node_seq(a, n);

	for (size_t i = 0; i < n; i++)
		node_append(a, list, node_from_str(a, names[i]));
	if (n)
		node_set(a, to, str_c(key), list);
}

/* Kinds that the original still stores as v1beta1. */
static bool is_stored_as_beta(struct gvk g)
{
	return str_eq(g.kind, S("CustomResourceDefinition")) ||
	       str_eq(g.kind, S("MutatingAdmissionPolicy")) ||
	       str_eq(g.kind, S("MutatingAdmissionPolicyBinding"));
}

/* What tells clients whether two resources show the same stored objects. */
static str storage_hash(struct arena *a, const struct kind *k)
{
	struct gvk g = kind_stored(k)->gvk;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	uint8_t digest[SHA256_SIZE];
	struct sha256 sum;

	if (k->custom)
		g.version = custom_storage_version(k);
	else if (is_stored_as_beta(g))
		g.version = S("v1beta1");
	sha256_init(&sum);
	sha256_add(&sum, arena_cat(a, g.group, S("/"), g.version, S("/"), g.kind));
	sha256_end(&sum, digest);
	base64_write(&b, str_of((const char *)digest, 8), BASE64_STD);
	return arena_str(a, buf_str(&b));
}

/* ---- subresources ------------------------------------------------------ */

static const struct kind_subresource scale = {
	.name = { "scale", 5 },
	.gvk = { { "autoscaling", 11 }, { "v1", 2 }, { "Scale", 5 } },
	.verbs = KIND_GET | KIND_UPDATE | KIND_PATCH,
};

static int by_name(const void *x, const void *y, void *ctx)
{
	(void)ctx;
	return str_cmp(((const struct kind_subresource *)x)->name,
		       ((const struct kind_subresource *)y)->name);
}

/* All of a kind: by name for built-in ones, status first for custom ones. */
static struct kind_subresource *subresources_of(struct arena *a, const struct kind *k, size_t *n)
{
	struct kind_subresource *all = arena_array(a, struct kind_subresource, k->subresources_n + 2);

	*n = 0;
	if (k->has_status)
		all[(*n)++] = (struct kind_subresource){ S("status"), { .kind = k->gvk.kind }, scale.verbs };
	if (k->has_scale)
		all[(*n)++] = scale;
	for (size_t i = 0; i < k->subresources_n; i++)
		all[(*n)++] = k->subresources[i];
	if (!k->custom)
		sort_stable(all, *n, sizeof *all, by_name, NULL);
	return all;
}

/* ---- groups and versions ----------------------------------------------- */

typedef VEC(str) names;

static void add_once(struct arena *a, names *to, str name)
{
	for (size_t i = 0; i < to->n; i++)
		if (str_eq(to->p[i], name))
			return;
	avec_push(a, to, name);
}

static names versions_of(struct arena *a, const struct discovery_rows *rows, str group)
{
	names out = { 0 };

	for (size_t i = 0; i < rows->n; i++)
		if (str_eq(rows->list[i]->gvk.group, group))
			add_once(a, &out, rows->list[i]->gvk.version);
	return out;
}

static names groups_of(struct arena *a, const struct discovery_rows *rows, bool core)
{
	names out = { 0 };

	for (size_t i = 0; i < rows->n; i++)
		if (!rows->list[i]->gvk.group.n == core)
			add_once(a, &out, rows->list[i]->gvk.group);
	return out;
}

/* ---- the documents of old ----------------------------------------------- */

static node document(struct arena *a, const char *kind, const char *api_version)
{
	node doc = node_map(a, 6);

	set_text(a, doc, "kind", str_c(kind));
	if (*api_version)
		set_text(a, doc, "apiVersion", str_c(api_version));
	return doc;
}

node discovery_versions(struct arena *a, str address)
{
	node doc = document(a, "APIVersions", ""), list = node_seq(a, 1), server = node_map(a, 2);

	set_names(a, doc, "versions", &S("v1"), 1);
	set_text(a, server, "clientCIDR", S("0.0.0.0/0"));
	set_text(a, server, "serverAddress", address);
	node_append(a, list, server);
	node_set(a, doc, S("serverAddressByClientCIDRs"), list);
	return doc;
}

static void describe_group(struct arena *a, const struct discovery_rows *rows, str group, node to)
{
	names versions = versions_of(a, rows, group);
	node list = node_seq(a, versions.n);

	set_text(a, to, "name", group);
	for (size_t i = 0; i < versions.n; i++) {
		node v = node_map(a, 2);

		set_text(a, v, "groupVersion", arena_cat(a, group, S("/"), versions.p[i]));
		set_text(a, v, "version", versions.p[i]);
		node_append(a, list, v);
	}
	node_set(a, to, S("versions"), list);
	node_set(a, to, S("preferredVersion"), node_at(list, 0));
}

node discovery_groups(struct arena *a, const struct discovery_rows *rows)
{
	node doc = document(a, "APIGroupList", "v1");
	names groups = groups_of(a, rows, false);
	node list = node_seq(a, groups.n);

	for (size_t i = 0; i < groups.n; i++) {
		node g = node_map(a, 3);

		describe_group(a, rows, groups.p[i], g);
		node_append(a, list, g);
	}
	node_set(a, doc, S("groups"), list);
	return doc;
}

node discovery_group(struct arena *a, const struct discovery_rows *rows, str group)
{
	node doc = document(a, "APIGroup", "v1");

	if (!group.n || !versions_of(a, rows, group).n)
		return NODE_NOTHING;
	describe_group(a, rows, group, doc);
	return doc;
}

static node resource_entry(struct arena *a, const struct kind *k)
{
	node e = node_map(a, 8);

	set_text(a, e, "name", k->plural);
	set_text(a, e, "singularName", k->singular);
	node_set(a, e, S("namespaced"), node_from_bool(k->namespaced));
	set_text(a, e, "kind", k->gvk.kind);
	node_set(a, e, S("verbs"), verb_list(a, k->verbs, k->custom));
	set_names(a, e, "shortNames", k->short_names, k->short_names_n);
	set_names(a, e, "categories", k->categories, k->categories_n);
	if (k->verbs & KIND_WATCH)
		set_text(a, e, "storageVersionHash", storage_hash(a, k));
	return e;
}

static node subresource_entry(struct arena *a, const struct kind *k, const struct kind_subresource *s)
{
	node e = node_map(a, 7);

	set_text(a, e, "name", arena_cat(a, k->plural, S("/"), s->name));
	set_text(a, e, "singularName", STR_NONE);
	node_set(a, e, S("namespaced"), node_from_bool(k->namespaced));
	if (s->gvk.group.n)
		set_text(a, e, "group", s->gvk.group);
	if (s->gvk.version.n)
		set_text(a, e, "version", s->gvk.version);
	set_text(a, e, "kind", s->gvk.kind);
	node_set(a, e, S("verbs"), verb_list(a, s->verbs, false));
	return e;
}

node discovery_resources(struct arena *a, const struct discovery_rows *rows, str group, str version)
{
	struct gvk g = { group, version, STR_NONE };
	node doc = document(a, "APIResourceList", group.n ? "v1" : ""), list = node_seq(a, 16);

	for (size_t i = 0; i < rows->n; i++) {
		const struct kind *k = rows->list[i];
		size_t n;

		if (!str_eq(k->gvk.group, group) || !str_eq(k->gvk.version, version))
			continue;
		struct kind_subresource *below = subresources_of(a, k, &n);

		node_append(a, list, resource_entry(a, k));
		for (size_t s = 0; s < n; s++)
			node_append(a, list, subresource_entry(a, k, &below[s]));
	}
	if (!node_len(list))
		return NODE_NOTHING;
	set_text(a, doc, "groupVersion", gvk_api_version(a, g));
	node_set(a, doc, S("resources"), list);
	return doc;
}

/* ---- all at once -------------------------------------------------------- */

static node response_kind(struct arena *a, struct gvk g)
{
	node n = node_map(a, 3);

	set_text(a, n, "group", g.group);
	set_text(a, n, "version", g.version);
	set_text(a, n, "kind", g.kind);
	return n;
}

/* The kind of a resource or of its subresource. Built-in ones leave the group
 * out where it is the document's. */
static node kind_told(struct arena *a, const struct kind *k, struct gvk g)
{
	if (k->custom && !g.group.n)
		g = (struct gvk){ k->gvk.group, k->gvk.version, g.kind };
	return response_kind(a, g);
}

static node aggregated_resource(struct arena *a, const struct kind *k)
{
	node e = node_map(a, 8);
	size_t n;
	struct kind_subresource *below = subresources_of(a, k, &n);
	node list = node_seq(a, n);

	set_text(a, e, "resource", k->plural);
	node_set(a, e, S("responseKind"), kind_told(a, k, (struct gvk){ .kind = k->gvk.kind }));
	set_text(a, e, "scope", k->namespaced ? S("Namespaced") : S("Cluster"));
	set_text(a, e, "singularResource", k->singular);
	node_set(a, e, S("verbs"), verb_list(a, k->verbs, k->custom));
	set_names(a, e, "shortNames", k->short_names, k->short_names_n);
	set_names(a, e, "categories", k->categories, k->categories_n);
	for (size_t i = 0; i < n; i++) {
		node s = node_map(a, 3);

		set_text(a, s, "subresource", below[i].name);
		node_set(a, s, S("responseKind"), kind_told(a, k, below[i].gvk));
		node_set(a, s, S("verbs"), verb_list(a, below[i].verbs, false));
		node_append(a, list, s);
	}
	if (n)
		node_set(a, e, S("subresources"), list);
	return e;
}

static node aggregated_version(struct arena *a, const struct discovery_rows *rows, str group, str version)
{
	node v = node_map(a, 3), list = node_seq(a, 16);

	for (size_t i = 0; i < rows->n; i++)
		if (str_eq(rows->list[i]->gvk.group, group) &&
		    str_eq(rows->list[i]->gvk.version, version))
			node_append(a, list, aggregated_resource(a, rows->list[i]));
	set_text(a, v, "version", version);
	node_set(a, v, S("resources"), list);
	set_text(a, v, "freshness", S("Current"));
	return v;
}

node discovery_aggregated(struct arena *a, const struct discovery_rows *rows, bool core)
{
	node doc = document(a, "APIGroupDiscoveryList", "apidiscovery.k8s.io/v2");
	names groups = groups_of(a, rows, core);
	node items = node_seq(a, groups.n);

	for (size_t i = 0; i < groups.n; i++) {
		names versions = versions_of(a, rows, groups.p[i]);
		node item = node_map(a, 2), metadata = node_map(a, 1), list = node_seq(a, versions.n);

		if (groups.p[i].n)
			set_text(a, metadata, "name", groups.p[i]);
		for (size_t v = 0; v < versions.n; v++)
			node_append(a, list, aggregated_version(a, rows, groups.p[i], versions.p[v]));
		node_set(a, item, S("metadata"), metadata);
		node_set(a, item, S("versions"), list);
		node_append(a, items, item);
	}
	node_set(a, doc, S("metadata"), node_map(a, 0));
	node_set(a, doc, S("items"), items);
	return doc;
}
