/* policies_mutate - what MutatingAdmissionPolicies make of a write, in the words of
 * Kubernetes' plugin/policy/mutating. */
#include "kube/granular.h"
#include "server/admission.h"
#include "server/body.h"
#include "server/check.h"
#include "server/meta.h"
#include "server/object.h"
#include "server/policies_impl.h"
#include "server/status.h"
#include "value/patch.h"

/* A policy that is asked, with a binding of it and a parameter. */
struct invocation {
	const struct policy_binding *binding;
	const struct kind *as;		/* a reference */
	node param;
};

struct turn {
	struct policy_call *call;
	struct policies_turns *turns;
	VEC(struct invocation) all;
	VEC(struct status_cause) denials;
	str reason;			/* of the first denial; empty: Forbidden */
	err *broken;			/* what no failurePolicy forgives */
	bool changed;
};

/* ---- ApplyConfiguration ----------------------------------------------------- */

/* Places of `n` that would be replaced as a whole: nobody could say what he leaves out. */
static void find_atomics(struct arena *a, struct buf *found, str path, node n, const struct type *t)
{
	bool atomic = t && t->atomic;

	if (t && n.kind == NODE_SEQ)
		atomic = atomic || t->kind == TYPE_ANY || (t->kind == TYPE_LIST && t->list == TYPE_LIST_ATOMIC);
	if (atomic && (n.kind == NODE_MAP || n.kind == NODE_SEQ))
		buf_addf(found, "%s%.*s", found->n ? ", " : "", STR_ARG(path));
	if (n.kind == NODE_MAP && t && t->kind == TYPE_OBJECT) {
		node_each_pair(p, n) {
			const struct type_field *f = type_field(t, node_str(p->key));

			if (f)
				find_atomics(a, found, arena_cat(a, path, S("."), f->name), p->value, f->type);
		}
	} else if (n.kind == NODE_SEQ && t && t->kind == TYPE_LIST) {
		size_t i = 0;

		node_each_item(item, n)
			find_atomics(a, found, arena_printf(a, "%.*s[%zu]", STR_ARG(path), i++), *item,
				     t->items);
	}
}

/* By which it is merged. The original looks for it in the document of the kind's own group and
 * version, where those of other groups' subresources are not: Scale, Eviction, TokenRequest. */
static const struct type *merged_type(const struct policy_call *c, const struct kind *as)
{
	return c->shape && as->gvk.group.n ? NULL : kind_type(as);
}

static err *apply_config(const struct policy_call *c, const struct kind *as, node live, node config, node *out)
{
	CLEANUP(buf_release) struct buf atomics = BUF_LIMIT(1 << 16);
	const struct type *type = merged_type(c, as);
	struct arena *a = c->arena;
	err *e = type ? granular_validate(a, config, type, false)
		      : err_new(ERR_INVALID, "no corresponding type for %.*s/%.*s, Kind=%.*s",
				STR_ARG(as->gvk.group), STR_ARG(as->gvk.version), STR_ARG(as->gvk.kind));

	if (e)
		return err_wrap(e, "failed to convert patch object to typed object");
	find_atomics(a, &atomics, STR_NONE, config, type);
	if (atomics.n)
		return err_new(ERR_INVALID,
			       "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: %s",
			       buf_c(&atomics));
	e = granular_validate(a, live, type, true);
	if (e)
		return err_wrap(e, "failed to convert original object to typed object");
	*out = granular_merge(a, live, config, type);
	return NULL;
}

/* Texts of a value may be the policy's, which does not live as long as the object. */
static node own_node(struct arena *a, cel_value v)
{
	return node_copy_all(a, cel_value_node(a, v));
}

static err *apply(const struct policy_call *c, const struct kind *as, node live, cel_value v, node *out)
{
	struct arena *a = c->arena;
	str why;

	if (!cel_value_check_made(a, v, &why))
		return err_new(ERR_INVALID, "type mismatch: %.*s", STR_ARG(why));
	node config = own_node(a, v), merged = NODE_NOTHING;

	if (!node_is(config, NODE_MAP))	/* null fits every type */
		return err_new(ERR_INVALID, "unsupported return type from ApplyConfiguration expression: "
					    "null_type");
	object_set_names(a, config, as->gvk);
	err *e = apply_config(c, as, live, config, &merged);

	if (e)
		return err_wrap(e, "error applying patch");
	return body_restore(a, as, merged, NULL, out);
}

/* ---- JSONPatch ---------------------------------------------------------------- */

static err *operation(struct arena *a, struct cel_value v, node value, node list)
{
	static const char *const keys[] = { "op", "path", "from" };
	node made = node_map(a, 4);
	str why;

	if (!node_is(value, NODE_MAP))
		return err_new(ERR_INVALID, "type mismatch: JSONPatchType.expression should evaluate to array "
					    "of JSONPatch");
	if (!cel_value_check_made(a, v, &why))
		return err_new(ERR_INVALID, "type mismatch: %.*s", STR_ARG(why));
	for (size_t i = 0; i < 3; i++) {
		str text = node_str_or(node_get(value, str_c(keys[i])), STR_NONE);

		if (text.n || i < 2)
			node_set(a, made, str_c(keys[i]), node_from_str(a, text));
	}
	if (node_has(value, S("value")))
		node_set(a, made, S("value"), node_get(value, S("value")));
	node_append(a, list, made);
	return NULL;
}

/* `*broken`: the patched object cannot be read. */
static err *patch(struct arena *a, const struct kind *as, node live, cel_value v, node *out, err **broken)
{
	node values = own_node(a, v), list = node_seq(a, node_len(values)), patched = NODE_NOTHING;
	struct body_findings found = { .arena = a };

	for (size_t i = 0; i < node_len(values); i++)
		TRY(operation(a, cel_list_item(a, v, i), node_at(values, i), list));
	err *e = patch_json(a, live, list, NULL, &patched);

	if (e && str_ends(err_text(e), S(": test failed"))) {	/* not wanted here, then */
		err_free(e);
		*out = live;
		return NULL;
	}
	if (e)
		return err_wrap(e, "JSON Patch");
	struct gvk is = gvk_parse(node_str_or(node_get(patched, S("apiVersion")), STR_NONE),
				  node_str_or(node_get(patched, S("kind")), STR_NONE));

	if (!gvk_eq(is, as->gvk))
		e = err_wrap(body_no_conversion(is, as->gvk), "failed to convert object");
	else
		e = body_fit(a, as, patched, as->custom ? NULL : &found, out);
	if (!e && found.n)
		e = body_strict(&found);
	if (e)
		*broken = status_internal("%s", err_msg(e));
	err_free(e);
	return NULL;
}

/* ---- one invocation -------------------------------------------------------------- */

static void deny(struct turn *t, const struct policy_binding *b, str reason, str why)
{
	struct arena *a = t->call->arena;

	if (b->policy->lenient)
		return;
	if (!t->denials.n)
		t->reason = reason;
	avec_push(a, &t->denials,
		  ((struct status_cause){
			  .message = arena_printf(a, "policy '%.*s' with binding '%.*s' denied request: %.*s",
						  STR_ARG(b->policy->name), STR_ARG(b->name), STR_ARG(why)) }));
}

static err *evaluate(struct policy_run *r, const struct policy_mutation *m, cel_value *out)
{
	err *e = policies_evaluate(r, &m->rule, out);

	return e && m->rule.program && !r->spent
		       ? err_wrap(e, "expression '%.*s' resulted in error", STR_ARG(m->rule.text))
		       : e;
}

/* Owners of fields may be forgotten, but not made up. */
static void keep_owners(struct arena *a, node from, node object)
{
	node meta = meta_of(a, object);

	if (node_len(node_get(meta, S("managedFields"))))
		node_copy_field(a, meta, node_get(from, S("metadata")), S("managedFields"));
}

static err *mutate(struct turn *t, const struct invocation *i, const struct policy_mutation *m)
{
	struct policy_call *c = t->call;
	struct arena *a = c->arena;
	const struct kind *as = c->shape ? c->shape : i->as, *is = c->shape ? c->shape : c->kind;
	node live = admission_convert(a, is, as, c->object), out = NODE_NOTHING;
	struct policy_run r;
	cel_value v;

	policies_begin(&r, c, i->binding->policy, i->as, i->param, POLICIES_RULES);
	err *e = evaluate(&r, m, &v);

	policies_end(&r);
	if (!e)
		e = m->json ? patch(a, as, live, v, &out, &t->broken) : apply(c, as, live, v, &out);
	if (e || t->broken)
		return e;
	if (as != is && !is->custom)	/* so it is in the original */
		return err_new(ERR_INVALID, "converting (%.*s.%.*s) to (%.*s.%.*s): unknown conversion",
			       STR_ARG(as->gvk.version), STR_ARG(as->gvk.kind),
			       STR_ARG(is->gvk.version), STR_ARG(is->gvk.kind));
	if (as != is)
		out = node_copy_all(a, admission_convert(a, as, is, out));
	keep_owners(a, c->object, out);
	c->object = out;
	t->changed = true;
	return NULL;
}

static str key_of(struct arena *a, const struct invocation *i)
{
	return arena_cat(a, i->binding->policy->name, S(" "), i->binding->name, S(" "),
			 node_is(i->param, NODE_MAP) ? meta_get(i->param, S("namespace")) : STR_NONE, S("/"),
			 node_is(i->param, NODE_MAP) ? meta_get(i->param, S("name")) : STR_NONE);
}

static void invoke(struct turn *t, const struct invocation *i)
{
	const struct policy *p = i->binding->policy;
	struct policies_turns *turns = t->turns;
	str fault = STR_NONE, key = key_of(t->call->arena, i);
	struct policy_run r;

	policies_begin(&r, t->call, p, i->as, i->param, POLICIES_CONDITIONS);
	bool meant = policies_meets(&r, &fault);

	policies_end(&r);
	if (fault.n)
		deny(t, i->binding, S("Invalid"), fault);
	if (!meant || fault.n || (turns->n && !node_has(turns->again, key)))
		return;
	for (size_t k = 0; k < p->mutations_n && !t->broken; k++) {
		err *e = mutate(t, i, &p->mutations[k]);

		if (e)
			deny(t, i->binding, S("Invalid"), str_c(err_msg(e)));
		err_free(e);
	}
	if (p->again && !turns->n)
		node_set(t->call->arena, turns->again, key, node_null());
}

/* ---- all of them -------------------------------------------------------------------- */

/* Who is asked is settled before anything is changed. */
static void find_invocations(struct turn *t, const struct policy_binding *b)
{
	struct policy_call *c = t->call;
	str version = c->kind->gvk.version;

	if (!policies_bind(c, b, &version))
		return;
	node params = node_seq(c->arena, 1);
	str why = policies_params(c, b, params);

	if (why.n) {
		deny(t, b, STR_NONE, arena_cat(c->arena, S("failed to configure binding: "), why));
		return;
	}
	node_each_item(p, params) {
		const struct kind *as = policies_version(c, version);

		avec_push(c->arena, &t->all,
			  ((struct invocation){ b, as ? as : kind_ref(c->kind), *p }));
	}
}

static err *refusal(struct turn *t)
{
	const struct policy_call *c = t->call;

	return status_err(&(struct status){
		.code = 403,
		.reason = t->reason.n ? t->reason : S("Forbidden"),
		.message = t->denials.p[0].message,
		.name = c->name,
		.group = c->kind->gvk.group,
		.kind = c->kind->plural,
		.causes = t->denials.p,
		.causes_n = t->denials.n,
	});
}

static void run(struct turn *t, const struct policy_state *state)
{
	for (size_t i = 0; i < state->mutating_n; i++)
		find_invocations(t, &state->mutating[i]);
	for (size_t i = 0; i < t->all.n; i++) {
		if (!t->broken)
			invoke(t, &t->all.p[i]);
		kind_unref(t->all.p[i].as);
	}
}

/* One turn, if there is a policy. What it is refused for is `*e`. */
static bool take_turn(struct policy_call *call, struct policies_turns *turns, node object, node old, err **e)
{
	struct turn t = { .call = call, .turns = turns };
	struct policy_state *state = policies_call(call, object, old);

	if (!state)
		return false;
	if (!turns->n)
		turns->again = node_map(call->arena, 1);
	run(&t, state);
	policies_state_drop(state);
	turns->n++;
	*e = t.broken;
	if (!t.broken && t.denials.n)
		*e = refusal(&t);
	return t.changed && !*e;
}

bool policies_mutate(struct kind_call *k, struct policies_turns *turns)
{
	struct request_user user;

	if (k->shape)	/* has been, when it was made */
		return false;
	struct policy_call call = policies_write_call(k, &user);
	bool changed = take_turn(&call, turns, k->object, k->old, &k->refusal);

	if (changed)
		k->object = call.object;
	return changed;
}

err *policies_mutate_below(struct request *r, const struct policies_shape *shape, node *object, node old)
{
	struct policies_turns turns = { 0 };
	bool changed = true;

	for (int i = 0; changed && i < 2; i++) {
		struct policy_call call = policies_below_call(r, shape, *object);
		node now = node_copy(r->arena, *object);
		err *e = NULL;

		object_set_names(r->arena, now, shape->kind->gvk);
		changed = take_turn(&call, &turns, now, old, &e);
		if (e)
			return e;
		if (changed)
			*object = call.object;
	}
	return NULL;
}
