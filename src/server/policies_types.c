#include "server/policies_types.h"

#include "base/sort.h"
#include "base/vec.h"
#include "kube/builtin.h"
#include "server/check.h"
#include "server/custom.h"
#include "server/expressions.h"
#include "server/meta.h"
#include "server/registry.h"

enum { KINDS_MAX = 10 };

/* ---- schemas -------------------------------------------------------------- */

/* Definitions within each other; one within itself is an object of no known fields. */
struct nesting {
	const struct nesting *outer;
	const struct type *type;
};

static bool is_within(const struct nesting *n, const struct type *t)
{
	for (; n; n = n->outer)
		if (str_eq(n->type->name, t->name))
			return true;
	return false;
}

static node words(struct arena *a, const char *type, const char *format)
{
	node n = node_map(a, 2);

	node_set(a, n, S("type"), node_from_str(a, str_c(type)));
	if (format)
		node_set(a, n, S("format"), node_from_str(a, str_c(format)));
	return n;
}

static node schema_of(struct arena *a, const struct type *t, const struct nesting *outer);

static node object_schema(struct arena *a, const struct type *t, const struct nesting *outer)
{
	const struct nesting here = { outer, t };
	node n = words(a, "object", NULL), properties = node_map(a, t->fields_n);

	if (t->name.n && is_within(outer, t))
		return n;
	for (size_t i = 0; i < t->fields_n; i++) {
		const struct type_field *f = &t->fields[i];

		node_push(a, properties, node_from_str(a, f->name),
			  schema_of(a, f->type, t->name.n ? &here : outer));
	}
	node_set(a, n, S("properties"), properties);
	return n;
}

/* As the documents have it that the type checker reads: quantities have no type there. */
static node schema_of(struct arena *a, const struct type *t, const struct nesting *outer)
{
	node n;

	switch (t ? (enum type_kind)t->kind : TYPE_ANY) {
	case TYPE_OBJECT:
		return object_schema(a, t, outer);
	case TYPE_MAP:
		n = words(a, "object", NULL);
		if (t->values)
			node_set(a, n, S("additionalProperties"), schema_of(a, t->values, outer));
		return n;
	case TYPE_LIST:
		n = words(a, "array", NULL);
		node_set(a, n, S("items"), schema_of(a, t->items, outer));
		return n;
	case TYPE_STRING:
		return words(a, "string", NULL);
	case TYPE_BYTES:
		return words(a, "string", "byte");
	case TYPE_TIME:
	case TYPE_MICRO_TIME:
		return words(a, "string", "date-time");
	case TYPE_INT:
		return words(a, "integer", NULL);
	case TYPE_NUMBER:
		return words(a, "number", NULL);
	case TYPE_BOOL:
		return words(a, "boolean", NULL);
	case TYPE_FIELDS:
		return words(a, "object", NULL);
	case TYPE_INT_OR_STRING:
		n = node_map(a, 1);
		node_set(a, n, S("x-kubernetes-int-or-string"), node_from_bool(true));
		return n;
	case TYPE_ANY:
	case TYPE_QUANTITY:
		break;
	}
	if (t && str_starts(t->name, S("io.k8s.apimachinery.pkg.runtime.")))
		return words(a, "object", NULL);
	return node_map(a, 0);
}

/* References of a custom resource's document lead to definitions. */
static node without_refs(struct arena *a, node n)
{
	str ref = node_str_or(node_get(n, S("$ref")), STR_NONE);

	node_each_item(i, node_get(n, S("allOf")))
		if (!ref.n)
			ref = node_str_or(node_get(*i, S("$ref")), STR_NONE);
	if (ref.n)
		return schema_of(a, builtin_named(str_from(ref, str_rfind_char(ref, '/') + 1)),
				 NULL);
	if (!node_is(n, NODE_MAP))
		return n;
	node out = node_copy(a, n), properties = node_get(n, S("properties"));

	if (node_is(properties, NODE_MAP)) {
		node all = node_map(a, node_len(properties));

		node_each_pair(p, properties)
			node_set(a, all, node_str(p->key), without_refs(a, p->value));
		node_set(a, out, S("properties"), all);
	}
	for (int i = 0; i < 2; i++) {
		str key = i ? S("items") : S("additionalProperties");

		if (node_has(n, key))
			node_set(a, out, key, without_refs(a, node_get(n, key)));
	}
	return out;
}

/* NULL: nothing is known of it. */
static const struct cel_decl *decl_of(struct arena *a, const struct kind *k)
{
	node schema = k->custom ? without_refs(a, custom_openapi(a, k, false))
				: schema_of(a, kind_type(k), NULL);
	const struct cel_decl *decl = cel_decl_read(a, schema, true);

	return decl->exposed ? decl : NULL;
}

/* ---- kinds ------------------------------------------------------------------- */

typedef VEC(const struct kind *) kinds_vec; /* references */

static bool has_kind(const kinds_vec *v, const struct kind *k)
{
	for (size_t i = 0; i < v->n; i++)
		if (gvk_eq(v->p[i]->gvk, k->gvk))
			return true;
	return false;
}

/* The names that count, in order: none when there is a star among those that may have none. */
static size_t names_of(struct arena *a, node list, bool resources, const str **out)
{
	str *names = arena_array(a, str, node_len(list));
	size_t n = 0;

	*out = names;
	node_each_item(i, list) {
		str name = node_str_or(*i, STR_NONE);
		bool stars = str_find_char(name, '*') != STR_NPOS;

		if (stars && !resources)
			return 0;
		if (!stars && !(resources && str_find_char(name, '/') != STR_NPOS))
			names[n++] = name;
	}
	sort_strs(names, n);
	return n;
}

/* The kinds of one resource; without a group those of all groups. True: enough of them. */
static bool add_kinds(struct server *s, struct arena *a, struct gvk named, kinds_vec *out,
		      size_t *count)
{
	size_t n;
	const struct kind **list = registry_list(server_registry(s), &n);

	for (size_t i = 0; i < n && *count < KINDS_MAX; i++) {
		const struct kind *k = list[i];

		if ((named.group.n && !str_eq(k->gvk.group, named.group)) ||
		    !str_eq(k->gvk.version, named.version) ||
		    !(str_eq(k->plural, named.kind) || str_eq(k->singular, named.kind)))
			continue;
		if (!has_kind(out, k))
			avec_push(a, out, kind_ref(k));
		++*count;
	}
	registry_release_list(list, n);
	return *count >= KINDS_MAX;
}

static bool add_rule(struct server *s, struct arena *a, node rule, kinds_vec *out)
{
	const str *groups, *versions, *resources;
	size_t groups_n = names_of(a, GET(rule, "apiGroups"), false, &groups), count = 0;
	size_t versions_n = names_of(a, GET(rule, "apiVersions"), false, &versions);
	size_t resources_n = names_of(a, GET(rule, "resources"), true, &resources);

	for (size_t g = 0; g < groups_n; g++)
		for (size_t v = 0; v < versions_n; v++)
			for (size_t r = 0; r < resources_n; r++)
				if (add_kinds(s, a,
					      (struct gvk){ groups[g], versions[v], resources[r] },
					      out, &count))
					return true;
	return false;
}

static int cmp_kinds(const void *x, const void *y, void *ctx)
{
	const struct kind *a = *(const struct kind *const *)x, *b = *(const struct kind *const *)y;
	int c = str_cmp(a->gvk.group, b->gvk.group);

	(void)ctx;
	if (!c)
		c = str_cmp(a->gvk.version, b->gvk.version);
	return c ? c : str_cmp(a->gvk.kind, b->gvk.kind);
}

static kinds_vec kinds_to_check(struct server *s, struct arena *a, node policy)
{
	kinds_vec out = { 0 };
	bool enough = false;

	node_each_item(rule, GET(GET(GET(policy, "spec"), "matchConstraints"), "resourceRules"))
		enough = enough || add_rule(s, a, *rule, &out);
	if (out.n)
		sort_stable(out.p, out.n, sizeof *out.p, cmp_kinds, NULL);
	return out;
}

/* ---- warnings ------------------------------------------------------------------- */

/* An environment for each kind, the variables declared. */
struct checker {
	struct arena *a;
	kinds_vec kinds;
	struct cel_env **envs;
	node warnings;
};

static struct cel_env *env_of(struct arena *a, node spec, const struct cel_decl *object,
			      const struct cel_decl *params)
{
	unsigned has = EXPRESSIONS_AUTHORIZER | EXPRESSIONS_NO_REQUEST | EXPRESSIONS_VARIABLES |
		       (HAS(spec, "paramKind") ? EXPRESSIONS_PARAMS : 0);
	struct cel_env *env = expressions_env_typed(a, has, object, params);

	node_each_item(v, GET(spec, "variables")) {
		str name = arena_cat(a, S("variables."), TEXT_OF(*v, "name"));
		struct cel_verdict verdict;
		err *e = cel_examine(a, env, TEXT_OF(*v, "expression"), &verdict);

		if (e)
			cel_env_declare(env, name);
		else
			cel_env_declare_as(env, name, &verdict);
		err_free(e);
	}
	return env;
}

static void check(struct checker *c, node validation, size_t i, const char *field)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str text = node_str_or(node_get(validation, str_c(field)), STR_NONE);
	node warning = node_map(c->a, 2);

	for (size_t k = 0; k < c->kinds.n && text.n; k++) {
		const struct gvk *g = &c->kinds.p[k]->gvk;
		struct cel_verdict v;
		err *e = cel_examine(c->a, c->envs[k], text, &v);

		if (e)
			buf_addf(&b, "%s%.*s/%.*s, Kind=%.*s: %s\n", b.n ? "\n" : "",
				 STR_ARG(g->group), STR_ARG(g->version), STR_ARG(g->kind),
				 err_msg(e));
		err_free(e);
	}
	if (!b.n)
		return;
	node_set(c->a, warning, S("fieldRef"),
		 node_from_str(c->a, arena_printf(c->a, "spec.validations[%zu].%s", i, field)));
	node_set(c->a, warning, S("warning"), node_copy_str(c->a, buf_str(&b)));
	node_append(c->a, c->warnings, warning);
}

node policies_type_warnings(struct server *s, struct arena *a, node policy)
{
	node spec = GET(policy, "spec"), wanted = GET(spec, "paramKind"),
	     rules = GET(spec, "validations");
	struct checker c = { .a = a,
			     .kinds = kinds_to_check(s, a, policy),
			     .warnings = node_seq(a, 0) };
	const struct kind *params =
		registry_find_kind(server_registry(s), gvk_parse(TEXT_OF(wanted, "apiVersion"),
								 TEXT_OF(wanted, "kind")));
	const struct cel_decl *params_decl = params ? decl_of(a, params) : NULL;

	c.envs = arena_array(a, struct cel_env *, c.kinds.n);
	for (size_t i = 0; i < c.kinds.n; i++)
		c.envs[i] = env_of(a, spec, decl_of(a, c.kinds.p[i]), params_decl);
	for (size_t i = 0; i < node_len(rules); i++) {
		check(&c, node_at(rules, i), i, "expression");
		check(&c, node_at(rules, i), i, "messageExpression");
	}
	for (size_t i = 0; i < c.kinds.n; i++)
		kind_unref(c.kinds.p[i]);
	kind_unref(params);
	return c.warnings;
}

/* ---- the controller --------------------------------------------------------------- */

#define GROUP  S("admissionregistration.k8s.io")
#define PLURAL S("validatingadmissionpolicies")

static void policies_see(struct minder *m, const struct controller *c, const struct store_event *e)
{
	if (minder_is(e, "admissionregistration.k8s.io/validatingadmissionpolicies") &&
	    e->change != STORE_DELETED)
		minder_need(m, c, &(struct minder_key){ STR_NONE, blob_name(e->now), STR_NONE }, 0);
}

static err *check_policy(struct minder_call *c, const struct controller *own)
{
	struct arena *a = c->arena;
	node policy = minder_get(c, GROUP, PLURAL, STR_NONE, c->key.name);
	node generation = node_dig(policy, "metadata", "generation");
	node body = node_map(a, 4), meta = node_map(a, 1), status = node_map(a, 2),
	     types = node_map(a, 1);

	if (node_is(policy, NODE_NONE) ||
	    node_int(generation) <= node_int(node_dig(policy, "status", "observedGeneration")))
		return NULL;
	node warnings = policies_type_warnings(c->server, a, policy);

	if (node_len(warnings))
		node_set(a, types, S("expressionWarnings"), warnings);
	node_set(a, meta, S("name"), node_from_str(a, c->key.name));
	node_set(a, status, S("observedGeneration"), generation);
	node_set(a, status, S("typeChecking"), types);
	node_set(a, body, S("kind"), node_lit("ValidatingAdmissionPolicy"));
	node_set(a, body, S("apiVersion"), node_lit("admissionregistration.k8s.io/v1"));
	node_set(a, body, S("metadata"), meta);
	node_set(a, body, S("status"), status);
	str path = minder_path(a, "admissionregistration.k8s.io/v1", PLURAL, STR_NONE, c->key.name,
			       S("status"));

	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = own->name,
					.method = S("PATCH"),
					.path = arena_cat(a, path, S("?force=true&fieldManager="),
							  str_c(own->name)),
					.type = S("application/apply-patch+yaml"),
					.body = body },
		NULL));
}

const struct controller policies_status_controller = { .name = "validatingadmissionpolicy-status",
						       .workloads = true,
						       .sees = policies_see,
						       .run = check_policy };
