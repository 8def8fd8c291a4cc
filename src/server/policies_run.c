/* policies_run - what policies say of a write, in the words of Kubernetes'
 * plugin/policy/validating. */
#include "server/check.h"
#include "server/meta.h"
#include "server/object.h"
#include "server/policies_impl.h"
#include "server/status.h"

/* How long a message may be that an expression makes. */
enum { SAID_MAX = 5 << 10 };

/* Why the answer is no. */
struct verdict {
	str message, reason;
};

/* ---- a no -------------------------------------------------------------------- */

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

/* ---- one policy, one parameter ---------------------------------------------- */

static str message_of(struct policy_run *words, const struct policy_validation *v)
{
	cel_value said;

	if (v->said.program) {
		err *e = policies_evaluate(words, &v->said, &said);
		str text = !e && said.kind == CEL_STRING ? str_trim(said.s) : STR_NONE;

		if (words->spent)
			text = arena_printf(words->a, "failed messageExpression: %s", err_msg(e));
		err_free(e);
		if (text.n && text.n <= SAID_MAX && str_find_char(text, '\n') == STR_NPOS)
			return text;
	}
	if (v->message.n)
		return v->message;
	return arena_cat(words->a, S("failed expression: "), v->rule.text);
}

static void validate(struct asking *q, const struct policy_binding *b, struct policy_run *rules,
		     struct policy_run *words)
{
	const struct policy *p = b->policy;
	struct verdict *no = arena_array(rules->a, struct verdict, p->validations_n);

	for (size_t i = 0; i < p->validations_n; i++) {
		const struct policy_validation *v = &p->validations[i];

		if (policies_holds(rules, &v->rule, &no[i].message))
			continue;
		if (rules->spent && !p->lenient)	/* this is all that is said then */
			act(q, b, &no[i]);
		if (rules->spent)
			return;
		if (!no[i].message.n)
			no[i] = (struct verdict){ message_of(words, v), v->reason };
		else if (p->lenient)
			no[i] = (struct verdict){ 0 };
	}
	for (size_t i = 0; i < p->validations_n; i++)
		if (no[i].message.n)
			act(q, b, &no[i]);
}

/* What cannot be noted is a refusal, whatever the binding wants done otherwise. */
static void note(struct asking *q, const struct policy_binding *b, struct policy_run *words)
{
	for (size_t i = 0; i < b->policy->notes_n; i++) {
		const struct policy_rule *rule = &b->policy->notes[i];
		cel_value value;
		err *e = policies_evaluate(words, rule, &value);

		if (e && !b->policy->lenient && !q->refusal)
			q->refusal = refuse(q->call, b, &(struct verdict){
				.message = words->spent ? arena_str(words->a, str_c(err_msg(e)))
						       : arena_printf(words->a, "expression '%.*s' resulted in error: %s",
								      STR_ARG(rule->text), err_msg(e)) });
		err_free(e);
	}
}

static void ask_with(struct asking *q, const struct policy_binding *b, const struct kind *as, node param)
{
	const struct policy_call *c = q->call;
	struct policy_run conditions, rules, words, notes;
	str fault = STR_NONE;

	policies_begin(&conditions, c, b->policy, as, param, POLICIES_CONDITIONS);
	bool meant = policies_meets(&conditions, &fault);

	policies_end(&conditions);
	if (fault.n && !b->policy->lenient)
		act(q, b, &(struct verdict){ .message = fault });
	if (fault.n || !meant)
		return;
	policies_begin(&rules, c, b->policy, as, param, POLICIES_RULES);
	policies_begin(&words, c, b->policy, as, param, POLICIES_WORDS);
	validate(q, b, &rules, &words);
	policies_end(&rules);
	policies_end(&words);
	policies_begin(&notes, c, b->policy, as, param, POLICIES_WORDS);
	note(q, b, &notes);
	policies_end(&notes);
}

/* ---- all of them ------------------------------------------------------------------ */

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

	c->refusal = c->shape ? ask_all(&q, &call, c->shape->object, c->shape->old)
			      : ask_all(&q, &call, c->object, c->old);
}

err *policies_check_below(struct request *r, const struct policies_shape *shape, node object)
{
	struct asking q = { .warnings = &r->warnings };
	struct policy_call call = policies_below_call(r, shape, object);

	object = node_copy(r->arena, object);
	object_set_names(r->arena, object, shape->kind->gvk);
	return ask_all(&q, &call, object, node_null());
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
