#include "server/rbac.h"

#include "base/vec.h"
#include "text/quote.h"

struct rule {
	const str *verbs, *groups, *resources, *names, *urls;
	size_t verbs_n, groups_n, resources_n, names_n, urls_n;
	node source;			/* the PolicyRule */
};

struct role {
	str namespace, name;		/* namespace empty: a ClusterRole */
	const struct rule *rules;
	size_t rules_n;
	node source;			/* all rules, as they stand in the role */
};

enum subject_kind { SUBJECT_USER, SUBJECT_GROUP, SUBJECT_ACCOUNT };

struct grant {
	enum subject_kind kind;
	str name, account_namespace;
	str namespace;			/* where it holds; empty: everywhere */
	str binding;
	str role_kind, role_name;
	const struct role *role;	/* NULL: there is none */
};

struct rbac {
	struct arena *arena;
	VEC(struct role) roles;
	VEC(struct grant) grants;
};

struct rbac *rbac_new(struct arena *a)
{
	struct rbac *x = arena_new(a, struct rbac);

	x->arena = a;
	return x;
}

/* ---- reading ----------------------------------------------------------- */

static str text(node object, const char *key)
{
	return node_str(node_get(object, str_c(key)));
}

static const str *texts(struct arena *a, node object, const char *key, size_t *n)
{
	node list = node_get(object, str_c(key));
	str *to = arena_array(a, str, node_len(list));

	*n = 0;
	node_each_item(i, list)
		to[(*n)++] = node_str(*i);
	return to;
}

static struct rule read_rule(struct arena *a, node source)
{
	struct rule r = { .source = source };

	r.verbs = texts(a, source, "verbs", &r.verbs_n);
	r.groups = texts(a, source, "apiGroups", &r.groups_n);
	r.resources = texts(a, source, "resources", &r.resources_n);
	r.names = texts(a, source, "resourceNames", &r.names_n);
	r.urls = texts(a, source, "nonResourceURLs", &r.urls_n);
	return r;
}

static const struct rule *read_rules(struct arena *a, node list, size_t *n)
{
	struct rule *rules = arena_array(a, struct rule, node_len(list));

	*n = 0;
	node_each_item(i, list)
		rules[(*n)++] = read_rule(a, *i);
	return rules;
}

static void add_role(struct rbac *x, node object, str namespace)
{
	struct role role = { .namespace = namespace,
			     .name = node_str(node_dig(object, "metadata", "name")),
			     .source = node_get(object, S("rules")) };

	role.rules = read_rules(x->arena, role.source, &role.rules_n);
	avec_push(x->arena, &x->roles, role);
}

static bool read_subject_kind(str kind, enum subject_kind *out)
{
	if (str_eq(kind, S("User")))
		*out = SUBJECT_USER;
	else if (str_eq(kind, S("Group")))
		*out = SUBJECT_GROUP;
	else if (str_eq(kind, S("ServiceAccount")))
		*out = SUBJECT_ACCOUNT;
	else
		return false;
	return true;
}

static void add_binding(struct rbac *x, node object, str namespace)
{
	node ref = node_get(object, S("roleRef"));

	node_each_item(s, node_get(object, S("subjects"))) {
		struct grant g = { .name = text(*s, "name"),
				   .account_namespace = text(*s, "namespace"),
				   .namespace = namespace,
				   .binding = node_str(node_dig(object, "metadata", "name")),
				   .role_kind = text(ref, "kind"),
				   .role_name = text(ref, "name") };

		if (!read_subject_kind(text(*s, "kind"), &g.kind))
			continue;
		if (g.kind == SUBJECT_ACCOUNT && !g.account_namespace.n)
			g.account_namespace = namespace;
		avec_push(x->arena, &x->grants, g);
	}
}

void rbac_add(struct rbac *x, node object)
{
	node own = node_copy_all(x->arena, object);
	str kind = text(own, "kind"), namespace = node_str(node_dig(own, "metadata", "namespace"));

	if (str_eq(kind, S("Role")) || str_eq(kind, S("ClusterRole")))
		add_role(x, own, namespace);
	else
		add_binding(x, own, namespace);
}

static const struct role *find_role(const struct rbac *x, str kind, str name, str namespace)
{
	bool cluster = str_eq(kind, S("ClusterRole"));

	for (size_t i = 0; i < x->roles.n; i++) {
		const struct role *r = &x->roles.p[i];

		if (str_eq(r->name, name) && str_eq(r->namespace, cluster ? STR_NONE : namespace))
			return r;
	}
	return NULL;
}

void rbac_seal(struct rbac *x)
{
	for (size_t i = 0; i < x->grants.n; i++) {
		struct grant *g = &x->grants.p[i];

		g->role = find_role(x, g->role_kind, g->role_name, g->namespace);
	}
}

/* ---- matching ---------------------------------------------------------- */

static bool has(const str *list, size_t n, str wanted)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i], wanted))
			return true;
	return false;
}

static bool has_or_all(const str *list, size_t n, str wanted)
{
	return has(list, n, S("*")) || has(list, n, wanted);
}

/* "*", "pods", "pods/log", and of a subresource any resource's: "*" and "/log". */
static bool has_resource(const struct rule *r, str plural, str sub)
{
	for (size_t i = 0; i < r->resources_n; i++) {
		str is = r->resources[i], main, below;

		if (str_eq(is, S("*")))
			return true;
		bool split = str_split(is, '/', &main, &below);

		if (!sub.n ? !split && str_eq(is, plural)
			   : split && str_eq(below, sub) &&
				     (str_eq(main, S("*")) || str_eq(main, plural)))
			return true;
	}
	return false;
}

static bool has_url(const struct rule *r, str path)
{
	for (size_t i = 0; i < r->urls_n; i++) {
		str is = r->urls[i];

		if (str_eq(is, S("*")) || str_eq(is, path))
			return true;
		if (str_ends(is, S("*")) && str_starts(path, str_sub(is, 0, is.n - 1)))
			return true;
	}
	return false;
}

static bool rule_allows(const struct rule *r, const struct auth_question *q)
{
	if (!has_or_all(r->verbs, r->verbs_n, q->verb))
		return false;
	if (!q->resource)
		return has_url(r, q->path);
	return has_or_all(r->groups, r->groups_n, q->group) &&
	       has_resource(r, q->plural, q->sub) &&
	       (!r->names_n || (q->name.n && has(r->names, r->names_n, q->name)));
}

/* "system:serviceaccount:NS:NAME" */
static bool is_account(str user, str namespace, str name)
{
	return str_take_str(&user, S("system:serviceaccount:")) &&
	       str_take_str(&user, namespace) && str_take(&user, ':') && str_eq(user, name);
}

static bool grant_is_for(const struct grant *g, const struct request_user *u)
{
	switch (g->kind) {
	case SUBJECT_USER:
		return str_eq(g->name, u->name);
	case SUBJECT_GROUP:
		return request_is_in(u, g->name);
	case SUBJECT_ACCOUNT:
		return is_account(u->name, g->account_namespace, g->name);
	}
	return false;
}

static void print_subject(struct buf *b, const struct grant *g)
{
	static const char *const kinds[] = { "User", "Group", "ServiceAccount" };

	buf_addf(b, "%s \"%.*s", kinds[g->kind], STR_ARG(g->name));
	if (g->kind == SUBJECT_ACCOUNT)
		buf_addf(b, "/%.*s", STR_ARG(g->account_namespace));
	buf_addc(b, '"');
}

static str reason_of(struct arena *a, const struct grant *g)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addf(&b, "RBAC: allowed by %sRoleBinding \"%.*s", g->namespace.n ? "" : "Cluster",
		 STR_ARG(g->binding));
	if (g->namespace.n)
		buf_addf(&b, "/%.*s", STR_ARG(g->namespace));
	buf_addf(&b, "\" of %.*s \"%.*s\" to ", STR_ARG(g->role_kind), STR_ARG(g->role_name));
	print_subject(&b, g);
	return arena_str(a, buf_str(&b));
}

/* Grants of the cluster come first, as the original looks at them first. */
bool rbac_allows(const struct rbac *x, struct arena *a, const struct auth_question *q, str *reason)
{
	for (int cluster = 1; cluster >= 0; cluster--)
		for (size_t i = 0; i < x->grants.n; i++) {
			const struct grant *g = &x->grants.p[i];

			if (!g->role || cluster != !g->namespace.n ||
			    (!cluster && !str_eq(g->namespace, q->namespace)) ||
			    !grant_is_for(g, q->user))
				continue;
			for (size_t j = 0; j < g->role->rules_n; j++)
				if (rule_allows(&g->role->rules[j], q)) {
					*reason = reason_of(a, g);
					return true;
				}
		}
	return false;
}

node rbac_rules_of(const struct rbac *x, struct arena *a, const struct request_user *u,
		   str namespace)
{
	node list = node_seq(a, 8);

	for (int cluster = 1; cluster >= 0; cluster--)
		for (size_t i = 0; i < x->grants.n; i++) {
			const struct grant *g = &x->grants.p[i];

			if (!g->role || cluster != !g->namespace.n ||
			    (!cluster && !str_eq(g->namespace, namespace)) || !grant_is_for(g, u))
				continue;
			for (size_t j = 0; j < g->role->rules_n; j++)
				node_append(a, list, g->role->rules[j].source);
		}
	return list;
}

node rbac_role_rules(const struct rbac *x, struct arena *a, node role_ref, str namespace)
{
	const struct role *r =
		find_role(x, text(role_ref, "kind"), text(role_ref, "name"), namespace);

	if (!r)
		return NODE_NOTHING;
	return node_is(r->source, NODE_SEQ) ? node_copy(a, r->source) : node_seq(a, 0);
}

/* ---- escalation -------------------------------------------------------- */

/* A rule of one verb, one group and one resource (and perhaps one name), or
 * of one verb and one URL. */
struct atom {
	str verb, group, resource, name, url;
	bool has_name, is_url;
};

static bool rule_covers(const struct rule *r, const struct atom *t)
{
	if (!has_or_all(r->verbs, r->verbs_n, t->verb))
		return false;
	if (t->is_url)
		return has_url(r, t->url);
	str plural, sub = STR_NONE;

	if (!str_split(t->resource, '/', &plural, &sub))
		sub = STR_NONE;
	return has_or_all(r->groups, r->groups_n, t->group) &&
	       (has(r->resources, r->resources_n, S("*")) ||
		has(r->resources, r->resources_n, t->resource) ||
		(sub.n && has_resource(r, plural, sub))) &&
	       (!r->names_n || (t->has_name && has(r->names, r->names_n, t->name)));
}

typedef VEC(struct atom) atoms_vec;

static void break_down(struct arena *a, const struct rule *r, atoms_vec *out)
{
	size_t names = r->names_n ? r->names_n : 1;

	for (size_t g = 0; g < r->groups_n; g++)
		for (size_t i = 0; i < r->resources_n; i++)
			for (size_t v = 0; v < r->verbs_n; v++)
				for (size_t n = 0; n < names; n++)
					avec_push(a, out,
						  (struct atom){ .verb = r->verbs[v],
								 .group = r->groups[g],
								 .resource = r->resources[i],
								 .has_name = r->names_n > 0,
								 .name = r->names_n ? r->names[n]
										    : STR_NONE });
	for (size_t u = 0; u < r->urls_n; u++)
		for (size_t v = 0; v < r->verbs_n; v++)
			avec_push(a, out, (struct atom){ .verb = r->verbs[v],
							 .url = r->urls[u],
							 .is_url = true });
}

static void put_one(struct arena *a, node rule, const char *key, str value)
{
	node list = node_seq(a, 1);

	node_append(a, list, node_from_str(a, value));
	node_set(a, rule, str_c(key), list);
}

static node rule_of_atom(struct arena *a, const struct atom *t)
{
	node rule = node_map(a, 4);

	if (t->is_url) {
		put_one(a, rule, "nonResourceURLs", t->url);
	} else {
		put_one(a, rule, "apiGroups", t->group);
		put_one(a, rule, "resources", t->resource);
		if (t->has_name)
			put_one(a, rule, "resourceNames", t->name);
	}
	put_one(a, rule, "verbs", t->verb);
	return rule;
}

static bool same_place(const struct atom *a, const struct atom *b)
{
	return a->is_url == b->is_url && str_eq(a->group, b->group) &&
	       str_eq(a->resource, b->resource) && str_eq(a->url, b->url) &&
	       a->has_name == b->has_name && str_eq(a->name, b->name);
}

/* Rules of the same group and resource become one with all their verbs. */
static node put_together(struct arena *a, const atoms_vec *missing)
{
	node list = node_seq(a, missing->n);

	for (size_t i = 0; i < missing->n; i++) {
		size_t first = 0;

		while (!same_place(&missing->p[first], &missing->p[i]))
			first++;
		if (first == i) {
			node_append(a, list, rule_of_atom(a, &missing->p[i]));
			continue;
		}
		/* the rule of the first one gets another verb */
		size_t at = 0;

		for (size_t j = 0; j < first; j++) {
			size_t k = 0;

			while (!same_place(&missing->p[k], &missing->p[j]))
				k++;
			at += k == j;
		}
		node_append(a, node_get(node_at(list, at), S("verbs")),
			    node_from_str(a, missing->p[i].verb));
	}
	return list;
}

node rbac_uncovered(struct arena *a, node held, node wanted)
{
	size_t held_n, wanted_n;
	const struct rule *have = read_rules(a, held, &held_n);
	const struct rule *want = read_rules(a, wanted, &wanted_n);
	atoms_vec atoms = { 0 }, missing = { 0 };

	for (size_t i = 0; i < wanted_n; i++)
		break_down(a, &want[i], &atoms);
	for (size_t i = 0; i < atoms.n; i++) {
		bool covered = false;

		for (size_t j = 0; j < held_n && !covered; j++)
			covered = rule_covers(&have[j], &atoms.p[i]);
		if (!covered)
			avec_push(a, &missing, atoms.p[i]);
	}
	return put_together(a, &missing);
}

static void print_list(struct buf *b, const char *title, node list, bool *first)
{
	if (!node_len(list))
		return;
	buf_addf(b, "%s%s:[", *first ? "" : ", ", title);
	for (size_t i = 0; i < node_len(list); i++) {
		if (i)
			buf_add(b, S(", "));
		quote_add(b, node_str(node_at(list, i)), QUOTE_PRINT);
	}
	buf_addc(b, ']');
	*first = false;
}

void rbac_print_rule(struct buf *b, node rule)
{
	bool first = true;

	buf_addc(b, '{');
	print_list(b, "APIGroups", node_get(rule, S("apiGroups")), &first);
	print_list(b, "Resources", node_get(rule, S("resources")), &first);
	print_list(b, "ResourceNames", node_get(rule, S("resourceNames")), &first);
	print_list(b, "NonResourceURLs", node_get(rule, S("nonResourceURLs")), &first);
	print_list(b, "Verbs", node_get(rule, S("verbs")), &first);
	buf_addc(b, '}');
}
