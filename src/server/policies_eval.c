/* policies_eval - what policies of both kinds share: expressions, conditions, parameters. */
#include "server/admission.h"
#include "server/check.h"
#include "server/labelsel.h"
#include "server/meta.h"
#include "server/object.h"
#include "server/policies_impl.h"
#include "server/registry.h"
#include "server/store.h"

/* ---- evaluating ----------------------------------------------------------- */

/* Of all conditions, and of all other expressions together. */
enum { CONDITIONS_BUDGET = 2500000, RULES_BUDGET = 10000000 };

static const char out_of_budget[] =
	"validation failed due to running out of cost budget, no further validation rules will be run";

static void bind(struct policy_run *r, const char *name, node value)
{
	vec_push(&r->bound, ((struct cel_binding){ str_c(name), value, NULL }));
}

static void bind_given(struct policy_run *r, const char *name, cel_value value)
{
	cel_value *given = arena_new(r->a, cel_value);

	*given = value;
	vec_push(&r->bound, ((struct cel_binding){ str_c(name), NODE_NOTHING, given }));
}

static void pay(struct policy_run *r, uint64_t cost)
{
	r->spent = r->spent || cost > r->budget;
	r->budget -= r->spent ? r->budget : cost;
}

/* What the program speaks of, and what that speaks of: nothing else is worked out. */
static void need_variables(struct policy_run *r, const struct cel_program *program, str *fault)
{
	for (size_t i = 0; i < r->policy->variables_n; i++) {
		const struct policy_variable *v = &r->policy->variables[i];

		if (!cel_program_uses(program, v->name))
			continue;
		if (!r->done[i]) {
			cel_value *value = arena_new(r->a, cel_value);

			r->done[i] = true;
			err *e = policies_evaluate(r, &v->rule, value);

			if (e)
				r->faults[i] = arena_printf(
					r->a, "composited variable \"%.*s\" fails to evaluate: %s",
					STR_ARG(str_from(v->name, sizeof "variables." - 1)), err_msg(e));
			else
				vec_push(&r->bound, ((struct cel_binding){ v->name, NODE_NOTHING, value }));
			err_free(e);
		}
		if (r->faults[i].n)
			*fault = r->faults[i];
	}
}

err *policies_evaluate(struct policy_run *r, const struct policy_rule *rule, cel_value *out)
{
	str fault = STR_NONE;
	uint64_t cost = 0;

	if (!rule->program)
		return err_new(ERR_INVALID, "%.*s", STR_ARG(rule->fault));
	need_variables(r, rule->program, &fault);
	err *e = cel_eval(rule->program, r->a, r->bound.p, r->bound.n, CEL_COST_LIMIT, out, &cost);

	pay(r, cost);
	if (r->spent) {
		err_free(e);
		return err_new(ERR_INVALID, "%s", out_of_budget);
	}
	if (e && fault.n && str_has(str_c(err_msg(e)), S("no such attribute(s): variables."))) {
		err_free(e);
		e = err_new(ERR_INVALID, "%.*s", STR_ARG(fault));
	}
	return e;
}

bool policies_holds(struct policy_run *r, const struct policy_rule *rule, str *fault)
{
	cel_value value;

	if (!rule->program) {
		*fault = rule->fault;
		return false;
	}
	err *e = policies_evaluate(r, rule, &value);

	if (e && r->spent)
		*fault = str_c(out_of_budget);
	else if (e)
		*fault = arena_printf(r->a, "expression '%.*s' resulted in error: %s", STR_ARG(rule->text),
				      err_msg(e));
	bool yes = !e && value.kind == CEL_BOOL && value.b;

	err_free(e);
	return yes;
}

/* ---- conditions ------------------------------------------------------------- */

bool policies_meets(struct policy_run *r, str *fault)
{
	CLEANUP(buf_release) struct buf faults = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < r->policy->conditions_n; i++) {
		str why = STR_NONE;

		if (policies_holds(r, &r->policy->conditions[i], &why))
			continue;
		if (!why.n)
			return false;
		if (r->spent) {
			*fault = why;
			return true;
		}
		buf_addf(&faults, "%s%.*s", n++ ? ", " : "", STR_ARG(why));
	}
	if (n)
		*fault = n > 1 ? arena_cat(r->a, S("["), buf_str(&faults), S("]"))
			       : arena_str(r->a, buf_str(&faults));
	return true;
}

/* ---- parameters --------------------------------------------------------------- */

static void take_param(const struct policy_call *c, const struct kind *k, struct blob *b, node out)
{
	node_append(c->arena, out, node_copy_all(c->arena, object_read(c->arena, k, b)));
}

/* The objects that paramRef means. Empty, or what is wrong. */
static str find_params(const struct policy_call *c, const struct kind *k, node ref, node out)
{
	str space = TEXT_OF(ref, "namespace"), name = TEXT_OF(ref, "name");
	struct store *s = server_store(c->server);
	struct store_table *t = server_table(c->server, k);

	if (!k->namespaced && space.n)
		return S("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
	if (k->namespaced && !space.n)
		space = c->namespace;
	if (k->namespaced && !space.n)
		return S("cannot use namespaced paramRef in policy binding that matches cluster-scoped "
			 "resources");
	if (name.n) {
		CLEANUP(blob_drop)
		struct blob *b = store_get(s, t, space, name);

		if (b)
			take_param(c, k, b, out);
	} else {
		struct store_list list;

		store_list(s, t, &(struct store_range){ .namespace = space }, &list);
		for (size_t i = 0; i < list.n; i++)
			if (labelsel_matches(c->arena, GET(ref, "selector"), blob_labels(c->arena, list.p[i])))
				take_param(c, k, list.p[i], out);
		store_list_release(&list);
	}
	if (!node_len(out) && str_eq(TEXT_OF(ref, "parameterNotFoundAction"), S("Deny")))
		return S("no params found for policy binding with `Deny` parameterNotFoundAction");
	return STR_NONE;
}

str policies_params(const struct policy_call *c, const struct policy_binding *b, node out)
{
	node wanted = GET(b->policy->spec, "paramKind"), ref = GET(b->spec, "paramRef");
	str version = TEXT_OF(wanted, "apiVersion"), name = TEXT_OF(wanted, "kind");

	if (node_is_nil(wanted) || node_is_nil(ref)) {
		node_append(c->arena, out, node_null());
		return STR_NONE;
	}
	const struct kind *k = registry_find_kind(server_registry(c->server), gvk_parse(version, name));

	if (!k)
		return arena_printf(c->arena, "paramKind kind `&ParamKind{APIVersion:%.*s,Kind:%.*s,}` not known",
				    STR_ARG(version), STR_ARG(name));
	str why = find_params(c, k, ref, out);

	kind_unref(k);
	return why;
}

/* ---- the request ---------------------------------------------------------------- */

static node words(struct arena *a, const char *const *keys, const str *values, size_t n)
{
	node m = node_map(a, n);

	for (size_t i = 0; i < n; i++)
		node_set(a, m, str_c(keys[i]), node_from_str(a, values[i]));
	return m;
}

static node kind_words(struct arena *a, struct gvk g)
{
	static const char *const keys[] = { "group", "version", "kind" };

	return words(a, keys, (const str[]){ g.group, g.version, g.kind }, 3);
}

static node resource_words(struct arena *a, const struct kind *k)
{
	static const char *const keys[] = { "group", "version", "resource" };

	return words(a, keys, (const str[]){ k->gvk.group, k->gvk.version, k->plural }, 3);
}

static node request_node(const struct policy_call *c, const struct kind *as)
{
	static const char *const keys[] = { "subResource", "requestSubResource", "name", "namespace",
					    "operation" };
	const struct request_user *u = c->user;
	struct arena *a = c->arena;
	node m = words(a, keys, (const str[]){ c->sub, c->sub, c->name, c->namespace, c->operation }, 5);
	node user = node_map(a, 3), groups = node_seq(a, u->groups_n), extra = node_map(a, u->extra_n);

	for (size_t i = 0; i < u->groups_n; i++)
		node_append(a, groups, node_from_str(a, u->groups[i]));
	for (size_t i = 0; i < u->extra_n; i++) {
		node list = node_get(extra, u->extra[i].key);

		if (node_is_nil(list))
			node_set(a, extra, u->extra[i].key, list = node_seq(a, 1));
		node_append(a, list, node_from_str(a, u->extra[i].value));
	}
	node_set(a, user, S("username"), node_from_str(a, u->name));
	node_set(a, user, S("uid"), node_from_str(a, u->uid));
	node_set(a, user, S("groups"), groups);
	node_set(a, user, S("extra"), extra);
	node_set(a, m, S("userInfo"), user);
	node_set(a, m, S("kind"), kind_words(a, c->shape ? c->shape->gvk : as->gvk));
	node_set(a, m, S("resource"), resource_words(a, as));
	node_set(a, m, S("requestKind"), kind_words(a, c->shape ? c->shape->gvk : c->kind->gvk));
	node_set(a, m, S("requestResource"), resource_words(a, c->kind));
	node_set(a, m, S("dryRun"), node_from_bool(c->dry_run));
	node_set(a, m, S("options"), node_map(a, 0));
	return m;
}

/* ---- a run -------------------------------------------------------------------------- */

static node shown_as(const struct policy_call *c, const struct kind *as, node object)
{
	if (!node_is(object, NODE_MAP))
		return node_null();
	return c->shape ? object : admission_convert(c->arena, c->kind, as, object);
}

/* The authorizer's answer about who asks, or about a service account. */
static bool allows(void *ctx, struct arena *a, const struct cel_question *q, str *reason)
{
	const struct policy_call *c = ctx;
	str groups[] = { S("system:serviceaccounts"), arena_cat(a, S("system:serviceaccounts:"),
								q->account_namespace) };
	const struct request_user account = {
		.name = arena_cat(a, S("system:serviceaccount:"), q->account_namespace, S(":"), q->account),
		.groups = groups,
		.groups_n = 2,
	};

	return auth_allows(c->server, a,
			   &(struct auth_question){ .user = q->account.n ? &account : c->user,
						    .verb = q->verb,
						    .resource = q->resource,
						    .group = q->group,
						    .version = S("*"),
						    .plural = q->plural,
						    .sub = q->sub,
						    .namespace = q->namespace,
						    .name = q->name,
						    .path = q->path },
			   reason);
}

static void bind_authorizer(struct policy_run *r)
{
	const struct policy_call *c = r->call;
	const struct cel_question about = { .resource = true,
					    .group = c->kind->gvk.group,
					    .plural = c->kind->plural,
					    .sub = c->sub,
					    .namespace = c->namespace,
					    .name = c->name };
	struct cel_authorizer *z = arena_new(r->a, struct cel_authorizer);

	*z = (struct cel_authorizer){ (void *)c, allows };
	bind_given(r, "authorizer", cel_authorizer_value(r->a, z));
	bind_given(r, "authorizer.requestResource", cel_authorizer_check_value(r->a, z, &about));
}

void policies_begin(struct policy_run *r, const struct policy_call *c, const struct policy *p,
		    const struct kind *as, node param, enum policies_part part)
{
	bool conditions = part == POLICIES_CONDITIONS;

	*r = (struct policy_run){ .call = c,
				  .policy = p,
				  .a = c->arena,
				  .budget = conditions ? CONDITIONS_BUDGET : RULES_BUDGET };
	r->faults = arena_array(c->arena, str, p->variables_n);
	r->done = arena_array(c->arena, bool, p->variables_n);
	bind(r, "object", shown_as(c, as, c->object));
	bind(r, "oldObject", shown_as(c, as, c->old));
	bind(r, "namespaceObject", conditions ? node_null() : c->space);
	bind(r, "request", request_node(c, as));
	bind(r, "params", param);
	if (part != POLICIES_WORDS)
		bind_authorizer(r);
}

void policies_end(struct policy_run *r)
{
	vec_release(&r->bound);
}

/* ---- the call --------------------------------------------------------------------------- */

static node with_names(struct arena *a, const struct kind *k, node object)
{
	if (!node_is(object, NODE_MAP) || node_has(object, S("kind")))
		return node_is(object, NODE_MAP) ? object : node_null();
	object = node_copy(a, object);
	object_set_names(a, object, k->gvk);
	return object;
}

/* Nobody locks himself out: what policies are made of is theirs not to judge. */
static bool is_exempt(const struct kind *k)
{
	return str_eq(k->gvk.group, S("admissionregistration.k8s.io")) &&
	       str_has(k->plural, S("admissionpolic"));
}

static void find_space(struct policy_call *c)
{
	CLEANUP(blob_drop)
	struct blob *b = NULL;

	if (c->namespace.n && c->kind->namespaced)
		b = store_get(server_store(c->server), admission_namespaces(c->server), STR_NONE, c->namespace);
	c->space = b ? node_copy_all(c->arena, blob_tree(c->arena, b)) : node_null();
}

struct policy_call policies_write_call(const struct kind_call *c, struct request_user *user)
{
	*user = (struct request_user){ .name = c->user, .groups = c->groups, .groups_n = c->groups_n };
	return (struct policy_call){ .server = c->server,
				     .arena = c->arena,
				     .user = user,
				     .dry_run = c->dry_run,
				     .kind = c->kind,
				     .shape = c->shape ? c->shape->kind : NULL,
				     .operation = node_is(c->old, NODE_NONE) ? S("CREATE") : S("UPDATE"),
				     .sub = c->subresource,
				     .namespace = c->namespace,
				     .name = meta_get(c->object, S("name")) };
}

struct policy_call policies_below_call(struct request *r, const struct policies_shape *shape, node object)
{
	return (struct policy_call){ .server = r->server,
				     .arena = r->arena,
				     .user = &r->user,
				     .dry_run = shape->dry_run,
				     .kind = r->kind,
				     .shape = shape->kind,
				     .operation = shape->operation,
				     .sub = r->sub,
				     .namespace = r->namespace,
				     .name = r->name.n ? r->name : meta_get(object, S("name")) };
}

struct policy_state *policies_call(struct policy_call *c, node object, node old)
{
	struct policy_state *state = is_exempt(c->kind) ? NULL : policies_state_now(c->server);

	if (!state)
		return NULL;
	c->object = with_names(c->arena, c->kind, object);
	c->old = with_names(c->arena, c->kind, old);
	/* a Namespace that is there already is in itself */
	if (!c->kind->gvk.group.n && str_eq(c->kind->plural, S("namespaces")) &&
	    !str_eq(c->operation, S("CREATE")))
		c->namespace = c->name;
	find_space(c);
	return state;
}

const struct kind *policies_version(const struct policy_call *c, str version)
{
	return registry_find(server_registry(c->server), c->kind->gvk.group, version, c->kind->plural);
}
