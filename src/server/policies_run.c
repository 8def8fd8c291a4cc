/* policies_run - what policies say of a write, in the words of Kubernetes'
 * plugin/policy/validating. */
#include "server/check.h"
#include "server/meta.h"
#include "server/policies_impl.h"
#include "server/status.h"

/* How long a message may be that an expression makes. */
enum { SAID_MAX = 5 << 10 };

/* ---- one policy, one parameter ---------------------------------------------- */

/* The first reason to say no, or empty. */
struct verdict {
	str message, reason;
};

static str message_of(struct policy_run *r, const struct policy_validation *v)
{
	cel_value said;

	if (v->said.program) {
		err *e = policies_evaluate(r, &v->said, &said);
		str text = !e && said.kind == CEL_STRING ? str_trim(said.s) : STR_NONE;

		err_free(e);
		if (text.n && text.n <= SAID_MAX && str_find_char(text, '\n') == STR_NPOS)
			return text;
	}
	if (v->message.n)
		return v->message;
	return arena_cat(r->a, S("failed expression: "), v->rule.text);
}

static bool decide(struct policy_run *r, struct verdict *out)
{
	str fault = STR_NONE;

	if (!policies_meets(r, &fault))
		return false;
	if (fault.n) {
		*out = (struct verdict){ .message = fault };
		return !r->policy->lenient;
	}
	for (size_t i = 0; i < r->policy->validations_n; i++) {
		const struct policy_validation *v = &r->policy->validations[i];

		fault = STR_NONE;
		if (policies_holds(r, &v->rule, &fault) || (fault.n && r->policy->lenient))
			continue;
		*out = fault.n ? (struct verdict){ .message = fault }
			       : (struct verdict){ message_of(r, v), v->reason };
		return true;
	}
	return false;
}

/* ---- all of them ------------------------------------------------------------------ */

struct asking {
	const struct policy_call *call;
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

static void ask_with(struct asking *q, const struct policy_binding *b, const struct kind *as, node param)
{
	const struct policy_call *c = q->call;
	struct policy_run r;
	struct verdict v = { 0 };

	policies_begin(&r, c, b->policy, as, param);
	if (decide(&r, &v))
		act(q, b, &v);
	policies_end(&r);
}

static void ask(struct asking *q, const struct policy_binding *b)
{
	const struct policy_call *c = q->call;
	str version = c->kind->gvk.version;

	if (!policies_bind(c, b, &version))
		return;
	node params = node_seq(c->arena, 1);
	str why = policies_params(c, b, params);

	/* whatever the binding wants done otherwise */
	if (why.n && !b->policy->lenient && !q->refusal)
		q->refusal = refuse(c, b, &(struct verdict){ .message = arena_cat(c->arena, S("failed to configure binding: "), why) });
	if (why.n)
		return;
	const struct kind *as = policies_version(c, version);

	node_each_item(p, params)
		ask_with(q, b, as ? as : c->kind, *p);
	kind_unref(as);
}

static err *ask_all(struct asking *q, struct policy_call *c, node object, node old)
{
	struct policy_state *state = policies_call(c, object, old);

	if (!state)
		return NULL;
	q->call = c;
	for (size_t i = 0; i < state->validating_n; i++)
		ask(q, &state->validating[i]);
	policies_state_drop(state);
	return q->refusal;
}

/* ---- the hooks ----------------------------------------------------------------- */

static void check(struct kind_call *c)
{
	struct request_user user;
	struct asking q = { .warnings = c->warnings };
	struct policy_call call = policies_write_call(c, &user);

	c->refusal = ask_all(&q, &call, c->object, c->old);
}

err *policies_delete(struct request *r, node object, bool dry_run)
{
	struct asking q = { .warnings = &r->warnings };
	struct policy_call call = { .server = r->server,
				    .arena = r->arena,
				    .user = &r->user,
				    .dry_run = dry_run,
				    .kind = r->kind,
				    .operation = S("DELETE"),
				    .namespace = r->namespace,
				    .name = meta_get(object, S("name")) };

	return ask_all(&q, &call, node_null(), object);
}

const struct hooks policies_hooks = { .open = policies_open, .close = policies_close, .check = check };
