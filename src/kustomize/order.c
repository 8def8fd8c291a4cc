/* The `legacy` order: kinds that others need first, the rest by name. */
#include <stdlib.h>

#include "kustomize/build.h"

static const char *const kinds_first[] = {
	"Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount",
	"PodSecurityPolicy", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap",
	"Secret", "Endpoints", "Service", "LimitRange", "PriorityClass", "PersistentVolume",
	"PersistentVolumeClaim", "Deployment", "StatefulSet", "CronJob", "PodDisruptionBudget",
};
static const char *const kinds_last[] = {
	"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
};

struct ranked {
	struct resource *resource;
	long rank;
	struct gvk gvk;
	str by_gvk, by_id;
};

static long default_rank(str kind)
{
	enum { FIRST = sizeof kinds_first / sizeof *kinds_first };

	for (long i = 0; i < FIRST; i++)
		if (str_eq(kind, str_c(kinds_first[i])))
			return i - FIRST;
	for (long i = 0; i < 2; i++)
		if (str_eq(kind, str_c(kinds_last[i])))
			return i + 1;
	return 0;
}

static int cmp_gvk_text(struct gvk a, struct gvk b)
{
	const str parts[][2] = { { a.group, b.group }, { a.version, b.version }, { a.kind, b.kind } };
	static const char *const none[] = { "~G", "~V", "~K" };
	CLEANUP(buf_release) struct buf x = BUF_INIT, y = BUF_INIT;

	for (int i = 0; i < 3; i++) {
		buf_addf(&x, "%s%.*s", i ? "_" : "",
			 STR_ARG(parts[i][0].n ? parts[i][0] : str_c(none[i])));
		buf_addf(&y, "%s%.*s", i ? "_" : "",
			 STR_ARG(parts[i][1].n ? parts[i][1] : str_c(none[i])));
	}
	return str_cmp(buf_str(&x), buf_str(&y));
}

int kustomize_gvk_cmp(struct gvk a, struct gvk b)
{
	long x = default_rank(a.kind), y = default_rank(b.kind);

	if (x != y)
		return x < y ? -1 : 1;
	return cmp_gvk_text(a, b);
}

/* The last place in a list counts, and the last list. */
static long rank_of(str kind, node first, node last)
{
	long rank = 0;

	for (size_t i = 0; i < node_len(first); i++)
		if (str_eq(kind, node_str(node_at(first, i))))
			rank = (long)i - (long)node_len(first);
	for (size_t i = 0; i < node_len(last); i++)
		if (str_eq(kind, node_str(node_at(last, i))))
			rank = (long)i + 1;
	return rank;
}

static int cmp_ranked(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;

	if (gvk_eq(a->gvk, b->gvk))
		return str_cmp(a->by_id, b->by_id);
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	int c = str_cmp(a->by_gvk, b->by_gvk);
	bool namespaces = str_eq(a->gvk.kind, S("Namespace")) &&
			  str_eq(b->gvk.kind, S("Namespace")) &&
			  (!a->gvk.group.n || !b->gvk.group.n);

	return namespaces ? -c : c;
}

static void fill(struct arena *a, struct ranked *r)
{
	CLEANUP(buf_release) struct buf by_gvk = BUF_INIT, by_id = BUF_INIT;
	struct resid id = resource_id(r->resource);

	gvk_print_sortable(&by_gvk, id.gvk);
	gvk_print(&by_id, id.gvk);
	buf_addf(&by_id, "|%.*s|%.*s", STR_ARG(id.ns.n ? id.ns : S("~X")),
		 STR_ARG(id.name.n ? id.name : S("~N")));
	r->gvk = id.gvk;
	r->by_gvk = arena_str(a, buf_str(&by_gvk));
	r->by_id = arena_str(a, buf_str(&by_id));
}

void kustomize_sort(struct arena *a, struct resmap *m, node first, node last)
{
	struct ranked *list = arena_array(a, struct ranked, m->n);
	bool own = first.kind != NODE_NONE || last.kind != NODE_NONE;

	for (size_t i = 0; i < m->n; i++) {
		list[i].resource = m->list[i];
		fill(a, &list[i]);
		list[i].rank = own ? rank_of(list[i].gvk.kind, first, last)
				   : default_rank(list[i].gvk.kind);
	}
	if (m->n)
		qsort(list, m->n, sizeof *list, cmp_ranked);
	for (size_t i = 0; i < m->n; i++)
		m->list[i] = list[i].resource;
	resmap_touch(m);
}
