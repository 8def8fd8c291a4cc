#include "cel/cel_eval.h"

#include "cel/cel_decl.h"
#include "text/regex.h"

/* Steps without a limit on cost, and nesting of steps. */
enum { STEPS_MAX = 20000000, STEP_DEPTH_MAX = 5000 };

struct observed {
	uint32_t id, older;		/* place of the one before of the same id */
	cel_value value;
};

struct eval {
	struct cel_run r;
	const struct cel_program *program;
	const struct cel_binding *bindings;
	size_t bindings_n;
	cel_value *globals;		/* by name; kind CEL_UNKNOWN: not looked up yet */
	bool tracked;
	uint64_t cost, limit;
	uint64_t steps;
	unsigned nested;
	VEC(struct observed) stack;	/* malloc */
	uint32_t *newest;		/* place + 1 on the stack, by id */
};

/* A running fold; names are looked up from the innermost out. */
struct folder {
	struct folder *outer;
	const struct cel_plan_fold *fold;
	cel_value accu, var, var2;
	bool initialized;
	bool result;			/* the loop is over: its variables are not seen */
};

static cel_value run(struct eval *v, struct folder *f, const struct cel_plan *p);

#define STOPPED CEL_NULL_VALUE

static const char over_limit[] = "operation cancelled: actual cost limit exceeded";

/* ---- counting ---------------------------------------------------------- */

static void push(struct eval *v, uint32_t id, cel_value value)
{
	vec_push(&v->stack, (struct observed){ id, v->newest[id], value });
	v->newest[id] = (uint32_t)v->stack.n;
	if (v->cost > v->limit)
		cel_run_stop(&v->r, over_limit);
	if (v->stack.n * sizeof *v->stack.p > CEL_MEMORY_MAX)
		cel_run_stop(&v->r, "operation cancelled: too much memory");
}

/* Forget what was seen since `id` was, and that; false when it was not. */
static bool take(struct eval *v, uint32_t id, cel_value *out)
{
	uint32_t place = v->newest[id];

	while (place && v->stack.n >= place) {
		const struct observed *o = &v->stack.p[--v->stack.n];

		v->newest[o->id] = o->older;
		*out = o->value;
	}
	return place;
}

static void drop(struct eval *v, uint32_t id)
{
	cel_value value;

	take(v, id, &value);
}

/* The same for several, last first; false when one was not seen. */
static bool drop_args(struct eval *v, struct cel_plan *const *args, size_t n, cel_value *out)
{
	cel_value value;

	for (size_t k = n; k > 0; k--) {
		if (!take(v, cel_plan_id(args[k - 1]), &value))
			return false;
		if (out)
			out[k - 1] = value;
	}
	return true;
}

static void observe_attr(struct eval *v, const struct cel_attr *attr)
{
	if (attr->kind == CEL_A_CONDITION) {
		drop(v, cel_plan_attr_id(attr->no));
		drop(v, cel_plan_attr_id(attr->yes));
		drop(v, cel_plan_id(attr->step));
		return;
	}
	drop(v, cel_plan_attr_id(attr));
	v->cost++;
}

static void observe_call(struct eval *v, const struct cel_plan *p, cel_value result)
{
	cel_value args[CEL_ARGS_MAX];
	const struct cel_overload *o = p->op == CEL_OP_CALL ? p->call.overload : NULL;

	if (p->n <= CEL_ARGS_MAX && drop_args(v, p->args, p->n, args))
		v->cost += cel_cost_call(&v->r, p->call.cost, o, args, p->n, result);
}

/* What a step has cost, and its value for the steps that use it. */
static void observe(struct eval *v, const struct cel_plan *p, cel_value value)
{
	switch (p->op) {
	case CEL_OP_ATTR:
		observe_attr(v, p->attr);
		break;
	case CEL_OP_TEST:
		observe_attr(v, p->attr);
		v->cost--;
		break;
	case CEL_OP_OR:
	case CEL_OP_AND:
		for (size_t i = 0; i < p->n; i++)
			drop(v, cel_plan_id(p->args[i]));
		break;
	case CEL_OP_FOLD:
		drop(v, cel_plan_id(p->fold->range));
		break;
	case CEL_OP_EQ:
	case CEL_OP_NE:
	case CEL_OP_CALL:
		observe_call(v, p, value);
		break;
	case CEL_OP_LIST:
	case CEL_OP_MAP:
	case CEL_OP_STRUCT:
		drop_args(v, p->args, p->n, NULL);
		v->cost += p->op == CEL_OP_LIST ? 10 : p->op == CEL_OP_MAP ? 30 : 40;
		break;
	case CEL_OP_CONST:
	case CEL_OP_IN_SET:
	case CEL_OP_OPT_OR:
	case CEL_OP_OPT_OR_VALUE:
		break;
	}
	push(v, cel_plan_id(p), value);
}

/* ---- variables --------------------------------------------------------- */

static cel_value global(struct eval *v, uint32_t name)
{
	str called = v->program->names.p[name];
	size_t i = cel_env_find(v->program->env, called);
	cel_value value = cel_fault(&v->r, "no such attribute(s): %.*s", STR_ARG(called));

	if (i == STR_NPOS)
		return value;
	const struct cel_variable *var = &v->program->env->variables.p[i];

	for (size_t k = 0; k < v->bindings_n; k++) {
		const struct cel_binding *b = &v->bindings[k];

		if (!str_eq(b->name, called))
			continue;
		if (b->given)
			return *b->given;
		if (var->optional && b->value.kind == NODE_NONE)
			return CEL_NONE_VALUE;
		value = cel_wrap(&v->r, b->value, var->decl);
		return var->optional ? cel_some(&v->r, value) : value;
	}
	return value;
}

static bool has_decl(const struct eval *v, uint32_t name)
{
	size_t i = cel_env_find(v->program->env, v->program->names.p[name]);

	return i != STR_NPOS && v->program->env->variables.p[i].decl;
}

/* An empty list or map that the fold fills is one of its own. */
static cel_value fresh(struct eval *v, cel_value init)
{
	if (init.kind == CEL_LIST && cel_list_n(init) == 0)
		return cel_list_new(&v->r, 0);
	if (init.kind == CEL_MAP && cel_map_n(init) == 0)
		return cel_map_new(&v->r, 0);
	return init;
}

/* `*native`: it comes from a binding, as Go data. */
static cel_value variable(struct eval *v, struct folder *f, uint32_t name, bool *native)
{
	*native = false;
	for (; f; f = f->outer) {
		if (name == f->fold->accu) {
			if (!f->initialized) {
				f->initialized = true;
				f->accu = fresh(v, run(v, f->outer, f->fold->init));
			}
			return f->accu;
		}
		if (!f->result && name == f->fold->var)
			return f->var;
		if (!f->result && name == f->fold->var2)
			return f->var2;
	}
	cel_value value = v->globals ? v->globals[name] : global(v, name);

	if (value.kind == CEL_UNKNOWN && !value.box)
		value = v->globals[name] = global(v, name);
	*native = value.kind != CEL_NULL || !has_decl(v, name);
	return value;
}

/* ---- attributes -------------------------------------------------------- */

static cel_value resolve(struct eval *v, struct folder *f, const struct cel_attr *attr, bool *native);

static cel_value missing_key(struct eval *v, cel_value key)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);

	cel_print(&v->r, &b, key);
	return cel_fault(&v->r, "no such key: %.*s", STR_ARG(buf_str(&b)));
}

static cel_value index_list(struct eval *v, cel_value list, cel_value key, bool test, bool *present)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	cel_value fault;
	int64_t i;

	if (!cel_list_index(&v->r, key, &i, &fault))
		return fault;
	if (i >= 0 && (size_t)i < cel_list_n(list)) {
		*present = true;
		return cel_list_get(&v->r, list, key);
	}
	if (test)
		return CEL_NULL_VALUE;
	cel_print(&v->r, &b, key);
	return cel_fault(&v->r, "index out of bounds: %.*s", STR_ARG(buf_str(&b)));
}

/* `*present` tells whether it is there; with `test` that is no fault. */
static cel_value index_value(struct eval *v, cel_value of, cel_value key, bool test, bool *present)
{
	cel_value found;

	*present = false;
	switch ((enum cel_kind)of.kind) {
	case CEL_FAULT:
		return of;
	case CEL_LIST:
		return index_list(v, of, key, test, present);
	case CEL_MAP:
		if (cel_map_find(&v->r, of, key, &found)) {
			*present = !cel_is_fault(found);
			return found;
		}
		break;
	default:
		break;
	}
	return test ? CEL_NULL_VALUE : missing_key(v, key);
}

static const char *native_type(cel_value v, bool native)
{
	if (!native || cel_decl_of(v))
		return cel_go_type(v);
	return v.kind == CEL_NULL   ? "<nil>"
	       : v.kind == CEL_LIST ? "[]interface {}"
	       : v.kind == CEL_MAP  ? "map[string]interface {}"
				    : cel_go_type(v);
}

static bool is_key(cel_value v)
{
	return v.kind == CEL_STRING || v.kind == CEL_INT || v.kind == CEL_UINT || v.kind == CEL_BOOL ||
	       v.kind == CEL_DOUBLE;
}

/* The key of a qualifier, which may be a fault. */
static cel_value key_of(struct eval *v, struct folder *f, const struct cel_qualifier *q)
{
	bool native;

	if (q->kind == CEL_Q_CONST)
		return q->key;
	cel_value key = resolve(v, f, q->attr, &native);

	if (cel_is_fault(key) || is_key(key))
		return key;
	return cel_fault(&v->r, "invalid qualifier type: %s", native_type(key, native));
}

static void observe_qualifier(struct eval *v, const struct cel_qualifier *q, cel_value value)
{
	if (q->kind == CEL_Q_STEP)
		observe_attr(v, q->attr);
	else
		v->cost++;
	push(v, q->kind == CEL_Q_STEP ? cel_plan_attr_id(q->attr) : q->id, value);
}

static cel_value qualify(struct eval *v, struct folder *f, const struct cel_qualifier *q, cel_value of,
			 bool optional, bool *present)
{
	cel_value key = key_of(v, f, q), value;

	*present = false;
	if (cel_is_fault(key))
		value = key;
	else
		value = index_value(v, of, key, optional || q->test, present);
	if (!optional && q->test && !cel_is_fault(value)) {
		value = cel_bool(*present);
		*present = true;
	}
	if (v->tracked && (!optional || *present))
		observe_qualifier(v, q, value);
	return value;
}

/* The value behind all selects and indexes. */
static cel_value apply(struct eval *v, struct folder *f, const struct cel_attr *attr, cel_value value)
{
	bool optional = value.kind == CEL_OPTIONAL, present;

	if (optional && !value.box)
		return value;
	if (optional)
		value = cel_plain(&v->r, value.box->value);
	for (size_t i = 0; i < attr->qualifiers.n; i++) {
		const struct cel_qualifier *q = attr->qualifiers.p[i];

		optional = optional || q->optional;
		value = qualify(v, f, q, value, optional, &present);
		if (cel_is_fault(value) || v->r.stopped)
			return value;
		if (optional && !present)
			return CEL_NONE_VALUE;
	}
	return optional ? cel_some(&v->r, value) : value;
}

static bool is_unbound(const struct eval *v, str name)
{
	size_t i = cel_env_find(v->program->env, name);

	if (i == STR_NPOS || !v->program->env->variables.p[i].undeclared)
		return false;
	for (size_t k = 0; k < v->bindings_n; k++)
		if (str_eq(v->bindings[k].name, name))
			return false;
	return true;
}

/* The longest name that it may be: cel-go looks for that first. */
static cel_value missing_variable(struct eval *v, const struct cel_attr *attr)
{
	CLEANUP(buf_release) struct buf name = BUF_LIMIT(CEL_TEXT_MAX);

	buf_add(&name, v->program->names.p[attr->name]);
	for (size_t i = 0; i < attr->qualifiers.n; i++) {
		const struct cel_qualifier *q = attr->qualifiers.p[i];

		if (q->kind != CEL_Q_CONST || q->key.kind != CEL_STRING)
			break;
		buf_addf(&name, ".%.*s", STR_ARG(q->key.s));
	}
	return cel_fault(&v->r, "no such attribute(s): %.*s", STR_ARG(buf_str(&name)));
}

static cel_value resolve(struct eval *v, struct folder *f, const struct cel_attr *attr, bool *native)
{
	cel_value value;

	*native = false;
	if (attr->kind == CEL_A_CONDITION) {
		value = run(v, f, attr->step);
		if (value.kind != CEL_BOOL)
			return cel_no_overload(&v->r, value);
		return resolve(v, f, value.b ? attr->yes : attr->no, native);
	}
	value = attr->kind == CEL_A_VARIABLE ? variable(v, f, attr->name, native)
					     : run(v, f, attr->step);
	if (!cel_is_fault(value))
		return apply(v, f, attr, value);
	return attr->kind == CEL_A_VARIABLE && is_unbound(v, v->program->names.p[attr->name])
		       ? missing_variable(v, attr)
		       : value;
}

static cel_value run_test(struct eval *v, struct folder *f, const struct cel_plan *p)
{
	bool native;
	cel_value value = resolve(v, f, p->attr, &native);

	return value.kind == CEL_OPTIONAL ? cel_bool(value.box != NULL) : value;
}

/* ---- logic ------------------------------------------------------------- */

/* && and ||: one `decisive` term decides, whatever the others are. */
static cel_value run_logic(struct eval *v, struct folder *f, const struct cel_plan *p, bool decisive)
{
	cel_value fault = { 0 };

	for (size_t i = 0; i < p->n; i++) {
		cel_value term = run(v, f, p->args[i]);

		if (v->r.stopped || (term.kind == CEL_BOOL && term.b == decisive))
			return term;
		if (term.kind != CEL_BOOL && !cel_is_fault(fault))
			fault = cel_no_overload(&v->r, term);
	}
	return cel_is_fault(fault) ? fault : cel_bool(!decisive);
}

static cel_value run_equal(struct eval *v, struct folder *f, const struct cel_plan *p)
{
	cel_value a = run(v, f, p->args[0]), b = run(v, f, p->args[1]);

	if (cel_is_fault(a) || cel_is_fault(b))
		return cel_is_fault(a) ? a : b;
	cel_value eq = cel_equal_null(&v->r, a, b);

	return p->op == CEL_OP_EQ ? eq : cel_bool(!cel_is_true(eq));
}

static cel_value run_or(struct eval *v, struct folder *f, const struct cel_plan *p)
{
	cel_value left = run(v, f, p->args[0]);

	if (left.kind != CEL_OPTIONAL || v->r.stopped)
		return left;
	if (!left.box)
		return run(v, f, p->args[1]);
	return p->op == CEL_OP_OPT_OR ? left : left.box->value;
}

static cel_value run_in_set(struct eval *v, struct folder *f, const struct cel_plan *p)
{
	cel_value value = run(v, f, p->args[0]);

	if (cel_is_fault(value) || cel_map_bad_key(&v->r, value))
		return value;
	return cel_bool(cel_map_has_exact(p->set, value));
}

/* ---- calls ------------------------------------------------------------- */

static cel_value no_overload_for(struct eval *v, const char *name, const cel_value *args, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		if (cel_is_fault(args[i]))
			return args[i];
		if (i)
			buf_add(&b, S(", "));
		buf_add(&b, cel_value_type_name(args[i]));
	}
	return cel_fault(&v->r, "no such overload: %s(%.*s)", name, STR_ARG(buf_str(&b)));
}

static bool fits(struct eval *v, const struct cel_function *f, const struct cel_overload *o,
		 const cel_value *args, size_t n)
{
	if (n != o->n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (cel_is_fault(args[i]) && !f->non_strict)
			return false;
		if (!f->unguarded && !f->non_strict && !cel_matches_type(&v->r, args[i], o->args[i]))
			return false;
	}
	return true;
}

static cel_value dispatch(struct eval *v, const struct cel_function *f, const cel_value *args, size_t n)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct cel_overload *o = &f->overloads[i];

		if (o->run && cel_func_has(o, v->program->env->library) && fits(v, f, o, args, n))
			return o->run(&v->r, args, n);
	}
	return no_overload_for(v, f->name, args, n);
}

/* The value itself has no such method. */
static cel_value no_method(struct eval *v, const struct cel_function *f, cel_value of)
{
	if (cel_traits(of) & CEL_RECEIVER)
		return cel_fault(&v->r, "no such overload");
	return cel_fault(&v->r, "no such overload: %s", f->name);
}

static cel_value call_pattern(struct eval *v, const struct cel_plan *p, const cel_value *args)
{
	const struct regex *re = p->call.regex;
	struct regex_span span;
	/* What Go's value of it is a string of counts, and a type's is its name. */
	str text = args[0].kind == CEL_TYPE ? args[0].type->name : args[0].s;

	if (args[0].kind != CEL_STRING && args[0].kind != CEL_TYPE)
		return cel_no_overload(&v->r, args[0]);
	if (!cel_run_pattern(&v->r, re, text))
		return STOPPED;
	if (strcmp(p->call.function->name, "matches") == 0)
		return cel_bool(regex_test(re, text));
	if (strcmp(p->call.function->name, "find") == 0)
		return cel_string(regex_find(re, text, &span, 1) ? regex_text(text, span) : S(""));
	CLEANUP(regex_search_release) struct regex_search search = { 0 };
	cel_value list = cel_list_new(&v->r, 0);
	int64_t limit = -1;

	if (p->n > 2 && args[2].kind != CEL_INT)
		return cel_no_overload(&v->r, args[2]);
	if (p->n > 2)
		limit = args[2].i;
	regex_search_init(&search, re, text);
	while ((limit < 0 || (int64_t)cel_list_n(list) < limit) && !v->r.stopped &&
	       regex_next(&search, &span, 1))
		cel_list_push(&v->r, &list, cel_string(regex_text(text, span)));
	return list;
}

static cel_value call(struct eval *v, const struct cel_plan *p, const cel_value *args)
{
	const struct cel_function *f = p->call.function;
	const struct cel_overload *o = p->call.overload;

	if (p->call.regex)
		return call_pattern(v, p, args);
	if (f->run) {
		if (p->n && (cel_traits(args[0]) & f->trait) != f->trait)
			return no_method(v, f, args[0]);
		return f->run(&v->r, args, p->n);
	}
	if (!o)
		return dispatch(v, f, args, p->n);
	if (!o->run)
		return no_method(v, f, args[0]);
	if (!fits(v, f, o, args, p->n))
		return no_overload_for(v, f->name, args, p->n);
	return o->run(&v->r, args, p->n);
}

static cel_value run_call(struct eval *v, struct folder *f, const struct cel_plan *p)
{
	bool early = p->call.style == CEL_VARIADIC || (p->call.style == CEL_UNBOUND && p->n > 2);
	bool strict = !p->call.function->non_strict;
	cel_value args[CEL_ARGS_MAX];

	for (size_t i = 0; i < p->n; i++) {
		args[i] = run(v, f, p->args[i]);
		if (v->r.stopped || (early && strict && cel_is_fault(args[i])))
			return args[i];
	}
	for (size_t i = 0; i < p->n && strict; i++)
		if (cel_is_fault(args[i]))
			return args[i];
	return call(v, p, args);
}

/* ---- lists, maps, messages --------------------------------------------- */

/* An item that may be left out: false when it is, or is no optional. */
static bool unwrap(struct eval *v, const char *what, str name, cel_value *value)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (value->kind == CEL_OPTIONAL) {
		bool there = value->box != NULL;

		*value = there ? value->box->value : CEL_NONE_VALUE;
		return there;
	}
	cel_print(&v->r, &b, *value);
	*value = cel_fault(&v->r, "cannot initialize optional %s%.*s from non-optional value %.*s", what,
			   STR_ARG(name), STR_ARG(buf_str(&b)));
	return false;
}

static cel_value run_list(struct eval *v, struct folder *f, const struct cel_plan *p)
{
	cel_value list = cel_list_new(&v->r, p->n);

	for (size_t i = 0; i < p->n; i++) {
		cel_value item = run(v, f, p->args[i]);

		if (cel_is_fault(item) || v->r.stopped)
			return item;
		if (p->optional && p->optional[i] && !unwrap(v, "list element", STR_NONE, &item)) {
			if (cel_is_fault(item))
				return item;
			continue;
		}
		cel_list_push(&v->r, &list, item);
	}
	return list;
}

static cel_value run_map(struct eval *v, struct folder *f, const struct cel_plan *p)
{
	cel_value map = cel_map_new(&v->r, p->n / 2);

	for (size_t i = 0; i < p->n; i += 2) {
		cel_value key = run(v, f, p->args[i]), value;

		if (cel_is_fault(key) || v->r.stopped)
			return key;
		value = run(v, f, p->args[i + 1]);
		if (cel_is_fault(value) || v->r.stopped)
			return value;
		if (cel_map_bad_key(&v->r, key))
			return STOPPED;
		if (p->optional && p->optional[i / 2]) {
			CLEANUP(buf_release) struct buf name = BUF_INIT;

			buf_add(&name, S(" '"));
			cel_print(&v->r, &name, key);
			buf_addc(&name, '\'');
			if (!unwrap(v, "entry", buf_str(&name), &value)) {
				if (cel_is_fault(value))
					return value;
				cel_map_remove(map, key);
				continue;
			}
		}
		cel_map_set(&v->r, map, key, value);
	}
	return map;
}

static cel_value run_message(struct eval *v, struct folder *f, const struct cel_plan *p)
{
	cel_value *values = arena_array(v->r.a, cel_value, p->n);
	str *fields = arena_array(v->r.a, str, p->n);
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		cel_value value = run(v, f, p->args[i]);

		if (cel_is_fault(value) || v->r.stopped)
			return value;
		if (p->optional && p->optional[i]) {
			str name = arena_cat(v->r.a, S(" '"), p->message.fields[i], S("'"));

			if (!unwrap(v, "entry", name, &value)) {
				if (cel_is_fault(value))
					return value;
				continue;
			}
		}
		fields[n] = p->message.fields[i];
		values[n++] = value;
	}
	return cel_message_new(&v->r, p->message.name, fields, values, n);
}

/* ---- folds ------------------------------------------------------------- */

/* One turn; false when the loop is over. */
static bool turn(struct eval *v, struct folder *f)
{
	cel_value go_on = run(v, f, f->fold->condition);

	if (v->r.stopped || (go_on.kind == CEL_BOOL && !go_on.b))
		return false;
	f->accu = run(v, f, f->fold->step);
	f->initialized = true;
	return !v->r.stopped;
}

static void walk_list(struct eval *v, struct folder *f, cel_value list)
{
	for (size_t i = 0; i < cel_list_n(list) && cel_run_work(&v->r, 1); i++) {
		cel_value item = cel_list_at(&v->r, list, i);
		bool two = f->fold->var2 != CEL_NO_NAME;

		f->var = two ? cel_int((int64_t)i) : item;
		f->var2 = item;
		if (!turn(v, f))
			return;
	}
}

static void walk_map(struct eval *v, struct folder *f, cel_value map)
{
	for (size_t i = 0; i < cel_map_n(map) && cel_run_work(&v->r, 1); i++) {
		if (!cel_map_key(&v->r, map, i, &f->var))
			continue;
		if (f->fold->var2 != CEL_NO_NAME && !cel_map_find(&v->r, map, f->var, &f->var2))
			f->var2 = missing_key(v, f->var);
		if (!turn(v, f))
			return;
	}
}

static cel_value run_fold(struct eval *v, struct folder *outer, const struct cel_plan *p)
{
	struct folder f = { .outer = outer, .fold = p->fold };
	cel_value range = run(v, outer, p->fold->range);

	if (cel_is_fault(range) || v->r.stopped)
		return range;
	if (range.kind == CEL_LIST)
		walk_list(v, &f, range);
	else if (range.kind == CEL_MAP)
		walk_map(v, &f, range);
	else if (p->fold->var2 != CEL_NO_NAME)
		return cel_fault(&v->r, "unsupported comprehension range type: %s", cel_go_type(range));
	else
		return cel_fault(&v->r, "got '%s', expected iterable type", cel_go_type(range));
	f.result = true;
	return v->r.stopped ? STOPPED : run(v, &f, p->fold->result);
}

/* ---- all steps --------------------------------------------------------- */

static cel_value run_step(struct eval *v, struct folder *f, const struct cel_plan *p)
{
	bool native;

	switch (p->op) {
	case CEL_OP_CONST:
		return p->constant;
	case CEL_OP_ATTR:
		return resolve(v, f, p->attr, &native);
	case CEL_OP_TEST:
		return run_test(v, f, p);
	case CEL_OP_OR:
		return run_logic(v, f, p, true);
	case CEL_OP_AND:
		return run_logic(v, f, p, false);
	case CEL_OP_EQ:
	case CEL_OP_NE:
		return run_equal(v, f, p);
	case CEL_OP_CALL:
		return run_call(v, f, p);
	case CEL_OP_LIST:
		return run_list(v, f, p);
	case CEL_OP_MAP:
		return run_map(v, f, p);
	case CEL_OP_STRUCT:
		return run_message(v, f, p);
	case CEL_OP_FOLD:
		return run_fold(v, f, p);
	case CEL_OP_IN_SET:
		return run_in_set(v, f, p);
	case CEL_OP_OPT_OR:
	case CEL_OP_OPT_OR_VALUE:
		return run_or(v, f, p);
	}
	die_bug("step %d", (int)p->op);
}

static cel_value run(struct eval *v, struct folder *f, const struct cel_plan *p)
{
	if (++v->steps > STEPS_MAX)
		cel_run_stop(&v->r, "operation cancelled: too many steps");
	if (++v->nested > STEP_DEPTH_MAX)
		cel_run_stop(&v->r, "operation cancelled: expression nests too deep");
	cel_value value = v->r.stopped || !cel_run_work(&v->r, 1) ? STOPPED : run_step(v, f, p);

	v->nested--;
	if (v->tracked && !v->r.stopped)
		observe(v, p, value);
	return value;
}

cel_value cel_eval_constant(struct arena *a, const struct cel_program *program,
			    const struct cel_plan *step)
{
	struct eval v = { .r = { .a = a, .library = program->env->library, .zones = program->env->zones,
				 .held = a->held, .work = CEL_WORK_MAX },
			  .program = program, .limit = CEL_COST_NONE };
	cel_value value = run(&v, NULL, step);

	return v.r.stopped ? cel_fault(&v.r, "%s", v.r.why) : value;
}

err *cel_eval(const struct cel_program *program, struct arena *a, const struct cel_binding *bindings,
	      size_t n, uint64_t limit, cel_value *value, uint64_t *cost)
{
	struct eval v = { .r = { .a = a, .library = program->env->library, .zones = program->env->zones,
				 .held = a->held, .work = CEL_WORK_MAX },
			  .program = program, .bindings = bindings, .bindings_n = n, .limit = limit };

	v.tracked = cost || limit != CEL_COST_NONE;
	if (v.tracked)
		v.newest = arena_array(a, uint32_t, (size_t)program->max_id + 1);
	v.globals = arena_array(a, cel_value, program->names.n);
	for (size_t i = 0; i < program->names.n; i++)
		v.globals[i].kind = CEL_UNKNOWN;
	cel_value result = run(&v, NULL, program->root);

	vec_release(&v.stack);
	if (cost)
		*cost = v.cost;
	/* what we cannot do within our limits costs too much, where cost counts */
	if (v.r.stopped)
		return err_new(ERR_INVALID, "%s",
			       v.r.spent && limit != CEL_COST_NONE ? over_limit : v.r.why);
	if (cel_is_fault(result))
		return err_new(ERR_INVALID, "%.*s", STR_ARG(result.box->text));
	*value = result;
	return NULL;
}
