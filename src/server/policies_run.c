/* policies_run - what policies say of a write, in the words of Kubernetes'
 * plugin/policy/validating. */
#include "base/vec.h"
#include "server/admission.h"
#include "server/check.h"
#include "server/labelsel.h"
#include "server/meta.h"
#include "server/object.h"
#include "server/policies_impl.h"
#include "server/registry.h"
#include "server/status.h"
#include "server/store.h"

/* How long a message may be that an expression makes. */
enum { SAID_MAX = 5 << 10 };

struct run {
	const struct policy_call *call;
	const struct policy *policy;
	struct arena *a;
	VEC(struct cel_binding) bound;
	str *faults;			/* of the policy's variables; empty: none */
	bool *done;
};

/* ---- evaluating ----------------------------------------------------------- */

static void bind(struct run *r, const char *name, node value)
{
	vec_push(&r->bound, ((struct cel_binding){ str_c(name), value, NULL }));
}

static err *evaluate(struct run *r, const struct policy_rule *rule, cel_value *out);

/* What the program speaks of, and what that speaks of: nothing else is worked out. */
static void need_variables(struct run *r, const struct cel_program *program, str *fault)
{
	for (size_t i = 0; i < r->policy->variables_n; i++) {
		const struct policy_variable *v = &r->policy->variables[i];

		if (!cel_program_uses(program, v->name))
			continue;
		if (!r->done[i]) {
			cel_value *value = arena_new(r->a, cel_value);
			err *e = evaluate(r, &v->rule, value);

			r->done[i] = true;
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

static err *evaluate(struct run *r, const struct policy_rule *rule, cel_value *out)
{
	str fault = STR_NONE;

	if (!rule->program)
		return err_new(ERR_INVALID, "%.*s", STR_ARG(rule->fault));
	need_variables(r, rule->program, &fault);
	err *e = cel_eval(rule->program, r->a, r->bound.p, r->bound.n, CEL_COST_LIMIT, out, NULL);

	if (e && fault.n && str_has(str_c(err_msg(e)), S("no such attribute(s): variables."))) {
		err_free(e);
		e = err_new(ERR_INVALID, "%.*s", STR_ARG(fault));
	}
	return e;
}

/* Whether it is true; what cannot be evaluated here (no program, no fault) is. */
static bool holds(struct run *r, const struct policy_rule *rule, str *fault)
{
	cel_value value;

	if (!rule->program) {
		*fault = rule->fault;
		return !rule->fault.n;
	}
	err *e = evaluate(r, rule, &value);

	if (e)
		*fault = arena_printf(r->a, "expression '%.*s' resulted in error: %s", STR_ARG(rule->text),
				      err_msg(e));
	bool yes = !e && value.kind == CEL_BOOL && value.b;

	err_free(e);
	return yes;
}

/* ---- one policy, one parameter ---------------------------------------------- */

/* The first reason to say no, or empty. */
struct verdict {
	str message, reason;
};

/* One that is false decides, whatever is wrong with others. */
static bool meets_conditions(struct run *r, str *fault)
{
	CLEANUP(buf_release) struct buf faults = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < r->policy->conditions_n; i++) {
		str why = STR_NONE;

		if (holds(r, &r->policy->conditions[i], &why))
			continue;
		if (!why.n)
			return false;
		buf_addf(&faults, "%s%.*s", n++ ? ", " : "", STR_ARG(why));
	}
	if (n)
		*fault = n > 1 ? arena_cat(r->a, S("["), buf_str(&faults), S("]"))
			       : arena_str(r->a, buf_str(&faults));
	return true;
}

static str message_of(struct run *r, const struct policy_validation *v)
{
	cel_value said;

	if (v->said.program) {
		err *e = evaluate(r, &v->said, &said);
		str text = !e && said.kind == CEL_STRING ? str_trim(said.s) : STR_NONE;

		err_free(e);
		if (text.n && text.n <= SAID_MAX && str_find_char(text, '\n') == STR_NPOS)
			return text;
	}
	if (v->message.n)
		return v->message;
	return arena_cat(r->a, S("failed expression: "), v->rule.text);
}

static bool decide(struct run *r, struct verdict *out)
{
	str fault = STR_NONE;

	if (!meets_conditions(r, &fault))
		return false;
	if (fault.n) {
		*out = (struct verdict){ .message = fault };
		return !r->policy->lenient;
	}
	for (size_t i = 0; i < r->policy->validations_n; i++) {
		const struct policy_validation *v = &r->policy->validations[i];

		fault = STR_NONE;
		if (holds(r, &v->rule, &fault) || (fault.n && r->policy->lenient))
			continue;
		*out = fault.n ? (struct verdict){ .message = fault }
			       : (struct verdict){ message_of(r, v), v->reason };
		return true;
	}
	return false;
}

/* ---- parameters --------------------------------------------------------------- */

static str misconfigured(struct arena *a, str why)
{
	return arena_cat(a, S("failed to configure binding: "), why);
}

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

/* As many objects as the policy is to be asked with; null: without. */
static str params_of(const struct policy_call *c, const struct policy_binding *b, node out)
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

static node request_node(const struct policy_call *c, const struct request_user *u, bool dry_run,
			 const struct kind *as)
{
	static const char *const keys[] = { "subResource", "requestSubResource", "name", "namespace",
					    "operation" };
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
	node_set(a, m, S("kind"), kind_words(a, as->gvk));
	node_set(a, m, S("resource"), resource_words(a, as));
	node_set(a, m, S("requestKind"), kind_words(a, c->kind->gvk));
	node_set(a, m, S("requestResource"), resource_words(a, c->kind));
	node_set(a, m, S("dryRun"), node_from_bool(dry_run));
	node_set(a, m, S("options"), node_map(a, 0));
	return m;
}

/* ---- all of them ------------------------------------------------------------------ */

struct asking {
	const struct policy_call *call;
	const struct request_user *user;
	bool dry_run;
	struct kind_warnings *warnings;
	err *refusal;
};

static int code_of(str reason)
{
	if (str_eq(reason, S("Forbidden")))
		return 403;
	if (str_eq(reason, S("Unauthorized")))
		return 401;
	return str_eq(reason, S("RequestEntityTooLarge")) ? 413 : 422;
}

static err *refuse(const struct policy_call *c, const struct policy_binding *b, const struct verdict *v)
{
	str plural = c->kind->plural, group = c->kind->gvk.group;
	str said = arena_printf(c->arena,
				"ValidatingAdmissionPolicy '%.*s' with binding '%.*s' denied request: %.*s",
				STR_ARG(b->policy->name), STR_ARG(b->name), STR_ARG(v->message));
	str what = group.n ? arena_cat(c->arena, plural, S("."), group) : plural;
	str who = c->name.n ? arena_printf(c->arena, " \"%.*s\"", STR_ARG(c->name)) : STR_NONE;
	str reason = v->reason.n ? v->reason : S("Invalid");

	return status_err(&(struct status){
		.code = code_of(reason),
		.reason = reason,
		.message = arena_printf(c->arena, "%.*s%.*s is forbidden: %.*s", STR_ARG(what), STR_ARG(who),
					STR_ARG(said)),
		.name = c->name,
		.group = group,
		.kind = plural,
		.causes = &(struct status_cause){ .message = said },
		.causes_n = 1,
	});
}

/* What the binding wants done about a no. */
static void act(struct asking *q, const struct policy_binding *b, const struct verdict *v)
{
	node_each_item(action, GET(b->spec, "validationActions"))
		if (str_eq(node_str(*action), S("Deny")) && !q->refusal)
			q->refusal = refuse(q->call, b, v);
		else if (str_eq(node_str(*action), S("Warn")))
			kind_warn(q->warnings,
				  "Validation failed for ValidatingAdmissionPolicy '%.*s' with binding "
				  "'%.*s': %.*s",
				  STR_ARG(b->policy->name), STR_ARG(b->name), STR_ARG(v->message));
}

static node shown_as(const struct policy_call *c, const struct kind *as, node object)
{
	return node_is(object, NODE_MAP) ? admission_convert(c->arena, c->kind, as, object) : node_null();
}

static void ask_with(struct asking *q, const struct policy_binding *b, const struct kind *as, node param)
{
	const struct policy_call *c = q->call;
	struct run r = { .call = c, .policy = b->policy, .a = c->arena };
	struct verdict v = { 0 };

	r.faults = arena_array(c->arena, str, b->policy->variables_n);
	r.done = arena_array(c->arena, bool, b->policy->variables_n);
	bind(&r, "object", shown_as(c, as, c->object));
	bind(&r, "oldObject", shown_as(c, as, c->old));
	bind(&r, "namespaceObject", c->space);
	bind(&r, "request", request_node(c, q->user, q->dry_run, as));
	bind(&r, "params", param);
	if (decide(&r, &v))
		act(q, b, &v);
	vec_release(&r.bound);
}

static void ask(struct asking *q, const struct policy_binding *b)
{
	const struct policy_call *c = q->call;
	str version = c->kind->gvk.version, ignored = version;

	if (!policies_matches(c, GET(b->policy->spec, "matchConstraints"), &version) ||
	    !policies_matches(c, GET(b->spec, "matchResources"), &ignored))
		return;
	node params = node_seq(c->arena, 1);
	str why = params_of(c, b, params);

	/* whatever the binding wants done otherwise */
	if (why.n && !b->policy->lenient && !q->refusal)
		q->refusal = refuse(c, b, &(struct verdict){ .message = misconfigured(c->arena, why) });
	if (why.n)
		return;
	const struct kind *as = registry_find(server_registry(c->server), c->kind->gvk.group, version,
					      c->kind->plural);

	node_each_item(p, params)
		ask_with(q, b, as ? as : c->kind, *p);
	kind_unref(as);
}

/* Nobody locks himself out: what policies are made of is theirs not to judge. */
static bool is_exempt(const struct kind *k, str sub)
{
	return (str_eq(k->gvk.group, S("admissionregistration.k8s.io")) &&
		str_has(k->plural, S("admissionpolic"))) ||
	       IS_ONE_OF(sub, "scale", "binding", "eviction");
}

static err *ask_all(struct asking *q, struct policy_call *c)
{
	struct policy_state *state = is_exempt(c->kind, c->sub) ? NULL : policies_state_now(c->server);

	if (!state)
		return NULL;
	q->call = c;
	if (state->bindings_n && c->namespace.n) {
		CLEANUP(blob_drop)
		struct blob *b = store_get(server_store(c->server), admission_namespaces(c->server), STR_NONE,
					   c->namespace);

		if (b)
			c->space = node_copy_all(c->arena, blob_tree(c->arena, b));
	}
	for (size_t i = 0; i < state->bindings_n; i++)
		ask(q, &state->bindings[i]);
	policies_state_drop(state);
	return q->refusal;
}

/* ---- the hooks ----------------------------------------------------------------- */

static node with_names(struct arena *a, const struct kind *k, node object)
{
	if (!node_is(object, NODE_MAP) || node_has(object, S("kind")))
		return node_is(object, NODE_MAP) ? object : node_null();
	object = node_copy(a, object);
	object_set_names(a, object, k->gvk);
	return object;
}

static void check(struct kind_call *c)
{
	const struct request_user user = { .name = c->user, .groups = c->groups, .groups_n = c->groups_n };
	struct asking q = { .user = &user, .dry_run = c->dry_run, .warnings = c->warnings };
	struct policy_call call = { .server = c->server,
				    .arena = c->arena,
				    .kind = c->kind,
				    .operation = node_is(c->old, NODE_NONE) ? S("CREATE") : S("UPDATE"),
				    .sub = c->subresource,
				    .namespace = c->namespace,
				    .name = meta_get(c->object, S("name")),
				    .space = node_null() };

	call.object = with_names(c->arena, c->kind, c->object);
	call.old = with_names(c->arena, c->kind, c->old);
	c->refusal = ask_all(&q, &call);
}

err *policies_delete(struct request *r, node object)
{
	struct asking q = { .user = &r->user, .warnings = &r->warnings };
	struct policy_call call = { .server = r->server,
				    .arena = r->arena,
				    .kind = r->kind,
				    .operation = S("DELETE"),
				    .namespace = r->namespace,
				    .name = meta_get(object, S("name")),
				    .object = node_null(),
				    .old = with_names(r->arena, r->kind, object),
				    .space = node_null() };

	return ask_all(&q, &call);
}

const struct hooks policies_hooks = { .open = policies_open, .close = policies_close, .check = check };
