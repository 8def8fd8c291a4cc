#include "kustomize/nameref.h"

#include <stdlib.h>

#include "base/map.h"
#include "kustomize/scalar.h"
#include "kustomize/value.h"
#include "text/quote.h"
#include "value/yaml.h"

err *nameref_merge(struct arena *a, namerefs *to, const namerefs *from)
{
	for (size_t i = 0; i < from->n; i++) {
		size_t k = 0;

		while (k < to->n && !gvk_eq(to->p[k].target, from->p[i].target))
			k++;
		if (k == to->n)
			avec_push(a, to, (struct nameref){ .target = from->p[i].target });
		TRY(fieldspec_merge_all(a, &to->p[k].referrers, &from->p[i].referrers));
	}
	return NULL;
}

/* ---- candidates -------------------------------------------------------- */

struct lookup {
	struct transform *t;
	struct resmap *m;
	struct resource *referrer;
	struct resid id;		/* of the referrer, now */
	bool cluster_scoped;
	struct gvk target;
	struct gvk role;		/* what roleRef names */
	bool by_role;
	node bound;			/* a RoleBinding's subjects */
	const struct map *by_ns;	/* original namespace -> resource_list */
};

static bool was_kind(const struct resource *r, struct gvk wanted)
{
	for (size_t i = 0; i < r->former.n; i++)
		if (gvk_selected(resource_former_id(r, i).gvk, wanted))
			return true;
	return false;
}

static bool is_bound_ns(struct lookup *l, str ns)
{
	node_each_item(s, l->bound)
		if (str_eq(node_str(node_get(*s, S("kind"))), S("ServiceAccount")) &&
		    str_eq(node_str(node_get(*s, S("namespace"))), ns))
			return true;
	return false;
}

/* A referrer inside a namespace sees that namespace and what is in none; a
 * RoleBinding also those of its ServiceAccounts. */
static bool can_see(struct lookup *l, const struct resource *r)
{
	struct resid id = resource_id(r);

	return l->cluster_scoped || gvk_is_cluster_scoped(id.gvk) || resid_ns_eq(id, l->id) ||
	       is_bound_ns(l, id.ns);
}

static bool in_same_ns(struct lookup *l, const struct resource *r)
{
	struct resid id = resource_id(r);

	return l->cluster_scoped || gvk_is_cluster_scoped(id.gvk) ||
	       str_eq(id.gvk.kind, S("ServiceAccount")) || resid_ns_eq(l->id, id);
}

/* The shorter list equals the tail of the longer. */
static bool same_ending(const str_list *a, const str_list *b)
{
	size_t n = a->n < b->n ? a->n : b->n;

	if (!a->n != !b->n)
		return false;
	for (size_t i = 1; i <= n; i++)
		if (!str_eq(a->p[a->n - i], b->p[b->n - i]))
			return false;
	return true;
}

static bool same_affixes(const struct resource *a, const struct resource *b, bool allow_empty)
{
	bool prefix = allow_empty && (!a->prefixes.n || !b->prefixes.n);
	bool suffix = allow_empty && (!a->suffixes.n || !b->suffixes.n);

	return (prefix || same_ending(&a->prefixes, &b->prefixes)) &&
	       (suffix || same_ending(&a->suffixes, &b->suffixes));
}

static void keep_same_affixes(resource_list *list, const struct resource *r, bool allow_empty)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++)
		if (same_affixes(list->p[i], r, allow_empty))
			list->p[kept++] = list->p[i];
	list->n = kept;
}

static bool all_alike(const resource_list *list, bool with_ns)
{
	for (size_t i = 1; i < list->n; i++)
		if (!str_eq(resource_name(list->p[i]), resource_name(list->p[0])) ||
		    (with_ns && !str_eq(resource_ns(list->p[i]), resource_ns(list->p[0]))))
			return false;
	return true;
}

static void print_object(struct transform *t, struct buf *b, const struct resource *r)
{
	node value;
	err *e = value_of(t->a, resource_noted(t->a, r), false, &value);

	if (!e)
		e = yaml_write(b, value, YAML_WRITE_SIGS);
	err_free(e);
}

static err *ambiguous(struct lookup *l, const resource_list *list)
{
	CLEANUP(buf_release) struct buf ids = BUF_INIT, details = BUF_LIMIT(1 << 20);

	buf_add(&details, S("\n**** Too many possible referral targets to referrer:\n"));
	print_object(l->t, &details, l->referrer);
	buf_addc(&details, '\n');
	for (size_t i = 0; i < list->n; i++) {
		buf_add(&ids, i ? S(", ") : STR_NONE);
		resid_print(&ids, resource_id(list->p[i]));
		buf_addf(&details, "--- possible referral %zu:\n", i);
		print_object(l->t, &details, list->p[i]);
		buf_addc(&details, '\n');
	}
	return err_new(ERR_CONFLICT, "found multiple possible referrals: %s\n%s", buf_c(&ids),
		       buf_c(&details));
}

static bool was_named(const struct resource *r, str name)
{
	for (size_t i = 0; i < r->former.n; i++)
		if (str_eq(r->former.p[i].name, name))
			return true;
	return false;
}

static void keep_fitting(struct lookup *l, str name, const resource_list *from, resource_list *to)
{
	for (size_t i = 0; i < from->n; i++) {
		struct resource *r = from->p[i];

		if (can_see(l, r) && was_named(r, name) && was_kind(r, l->target) &&
		    (!l->by_role || was_kind(r, l->role)) && in_same_ns(l, r))
			avec_push(l->t->a, to, r);
	}
}

static void add_named(struct lookup *l, str name, str ns, bool first, resource_list *to)
{
	resource_list named = resmap_by_name_in(l->m, name, ns, first);

	keep_fitting(l, name, &named, to);
}

static int cmp_places(const void *x, const void *y)
{
	const struct resource *const *a = x, *const *b = y;

	return ((*a)->at > (*b)->at) - ((*a)->at < (*b)->at);
}

/* Names repeat in many namespaces, and most objects see one of them: those called
 * so in all that the referrer sees, in the order of the resources. */
static void add_near(struct lookup *l, str name, resource_list *to)
{
	add_named(l, name, resid_effective_ns(l->id), false, to);
	if (!l->cluster_scoped)
		add_named(l, name, S("_non_namespaceable_"), false, to);
	node_each_item(s, l->bound) {
		str ns = node_str(node_get(*s, S("namespace")));

		if (str_eq(node_str(node_get(*s, S("kind"))), S("ServiceAccount")))
			add_named(l, name, ns.n ? ns : S("default"), false, to);
	}
	if (to->n > 1)
		qsort(to->p, to->n, sizeof *to->p, cmp_places);
	size_t kept = 0;

	for (size_t i = 0; i < to->n; i++)
		if (!kept || to->p[kept - 1] != to->p[i])
			to->p[kept++] = to->p[i];
	to->n = kept;
}

/* The one resource that `name` meant; NULL when nothing or nobody did. A map
 * that names a namespace restricts the choice to it: `ns` is not NULL. */
static err *choose(struct lookup *l, str name, const str *ns, bool with_ns, struct resource **out)
{
	struct arena_mark mark = arena_mark(l->t->a);
	resource_list found = { 0 };
	bool first_ns = false;

	*out = NULL;
	const resource_list *there = ns ? map_get(l->by_ns, *ns) : NULL;

	for (size_t i = 0; there && i < there->n && !first_ns; i++)
		first_ns = can_see(l, there->p[i]);
	if (ns) {
		add_named(l, name, *ns, first_ns, &found);
	} else if (l->cluster_scoped) {
		resource_list named = resmap_by_name(l->m, name);

		keep_fitting(l, name, &named, &found);
	} else {
		add_near(l, name, &found);
	}
	if (found.n != 1)
		keep_same_affixes(&found, l->referrer, true);
	if (found.n > 1)
		keep_same_affixes(&found, l->referrer, false);
	if (found.n > 1 && !all_alike(&found, with_ns))
		return ambiguous(l, &found);
	*out = found.n ? found.p[0] : NULL;
	arena_rewind(l->t->a, mark);
	return NULL;
}

/* ---- setting ----------------------------------------------------------- */

/* The text of a field of the target's metadata, which is where it stands. */
static node referred(struct lookup *l, node old, const struct resource *target, const char *field)
{
	node of = node_get(node_get(target->object, S("metadata")), str_c(field));
	node new = scalar_untagged(l->t->a, old, node_str(of));

	if (of.place)
		new.place = of.place;
	return new;
}

static err *set_scalar(struct lookup *l, node *value)
{
	str name = node_text(l->t->a, *value);
	struct resource *target;

	TRY(choose(l, name, NULL, false, &target));
	if (!target)
		return NULL;
	if (!str_eq(resource_name(target), name))
		*value = referred(l, *value, target, "name");
	return NULL;
}

static err *set_map(struct lookup *l, node map)
{
	struct arena *a = l->t->a;
	const node *name = node_find(map, S("name")), *ns = node_find(map, S("namespace"));
	struct resource *target;

	if (!name)
		return err_new(ERR_INVALID, "path config error; no 'name' field in node");
	str old = node_text(a, *name), in = ns ? node_text(a, *ns) : STR_NONE;

	TRY(choose(l, old, ns ? &in : NULL, true, &target));
	if (!target)
		return NULL;
	str target_ns = resource_ns(target);

	if (str_eq(resource_name(target), old) && !target_ns.n)
		return NULL;
	node_set(a, map, S("name"), referred(l, *name, target, "name"));
	if (target_ns.n)
		node_set(a, map, S("namespace"),
			 referred(l, node_get(map, S("namespace")), target, "namespace"));
	return NULL;
}

static err *set_value(void *context, struct arena *a, node *value)
{
	struct lookup *l = context;

	(void)a;
	if (node_is_nil(*value))
		return NULL;
	if (value->kind == NODE_MAP)
		return set_map(l, *value);
	if (value->kind != NODE_SEQ)
		return set_scalar(l, value);
	node_each_item(i, *value) {
		if (node_is_nil(*i))
			continue;
		if (i->kind == NODE_SEQ)
			return err_new(ERR_INVALID,
				       "a list is expected to hold either strings or maps of strings");
		TRY(i->kind == NODE_MAP ? set_map(l, *i) : set_scalar(l, i));
	}
	return NULL;
}

/* roleRef says of which kind its name is. */
static void look_at_role(struct lookup *l, str path)
{
	node role = node_get(l->referrer->object, S("roleRef"));
	node group = node_get(role, S("apiGroup")), kind = node_get(role, S("kind"));

	l->by_role = str_ends(path, S("roleRef/name")) && group.kind != NODE_NONE &&
		     kind.kind != NODE_NONE;
	l->role = (struct gvk){ .group = node_str(group), .kind = node_str(kind) };
}

static err *follow(struct lookup *l, const struct fieldspec *spec)
{
	struct fieldspec any = { .path = spec->path };

	look_at_role(l, spec->path);
	err *e = fieldspec_walk(l->t->a, l->referrer->object, &any, NODE_NONE, set_value, l);

	if (!e)
		return NULL;
	return err_wrap(e, "updating name reference in '%.*s' field of '%.*s'", STR_ARG(spec->path),
			STR_ARG(resid_text(l->t->a, l->id)));
}

static void group_by_ns(struct transform *t, struct resmap *m, struct map *groups)
{
	for (size_t i = 0; i < m->n; i++) {
		str ns = resid_effective_ns(resource_original_id(m->list[i]));
		resource_list *list = map_get(groups, ns);

		if (!list) {
			list = arena_new(t->a, resource_list);
			map_set(groups, ns, list);
		}
		avec_push(t->a, list, m->list[i]);
	}
}

static err *check_subjects(struct lookup *l)
{
	node_each_item(s, l->bound) {
		node ns = node_get(*s, S("namespace"));
		CLEANUP(buf_release) struct buf id = BUF_INIT;

		if (ns.kind == NODE_NONE || ns.kind == NODE_STR ||
		    !str_eq(node_str(node_get(*s, S("kind"))), S("ServiceAccount")))
			continue;
		quote_add(&id, resid_text(l->t->a, l->id), QUOTE_PRINT);
		return err_new(ERR_INVALID, "Invalid Input: namespace is blank for resource %s\n",
			       buf_c(&id));
	}
	return NULL;
}

err *transform_namerefs(struct transform *t, struct resmap *m, const namerefs *rules)
{
	CLEANUP(map_release) struct map by_ns = MAP_INIT;

	resmap_touch(m);
	resmap_index_names(m);
	group_by_ns(t, m, &by_ns);
	for (size_t i = 0; i < m->n; i++) {
		struct resource *r = m->list[i];
		struct resid original = resource_original_id(r);
		struct lookup l = {
			.t = t, .m = m, .referrer = r, .id = resource_id(r), .by_ns = &by_ns,
		};

		l.cluster_scoped = gvk_is_cluster_scoped(l.id.gvk);
		if (l.cluster_scoped)	/* now: `choose` gives back what it takes */
			resmap_index_all_names(m);
		if (str_eq(l.id.gvk.kind, S("RoleBinding")))
			l.bound = node_get(r->object, S("subjects"));
		TRY(check_subjects(&l));
		for (size_t k = 0; k < rules->n; k++) {
			l.target = rules->p[k].target;
			for (size_t s = 0; s < rules->p[k].referrers.n; s++)
				if (gvk_selected(original.gvk, rules->p[k].referrers.p[s].gvk))
					TRY(follow(&l, &rules->p[k].referrers.p[s]));
		}
	}
	return NULL;
}
