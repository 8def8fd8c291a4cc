#include "cel/cel_plan.h"

#include "cel/cel_check.h"
#include "cel/cel_eval.h"
#include "text/regex.h"

struct planner {
	struct arena *a;
	struct cel_program *program;
	err *failed;
};

static struct cel_plan *plan(struct planner *p, const struct cel_expr *e);

static uint32_t noted(struct planner *p, uint32_t id)
{
	if (id > p->program->max_id)
		p->program->max_id = id;
	return id;
}

static struct cel_plan *step(struct planner *p, enum cel_op op, uint32_t id)
{
	struct cel_plan *s = arena_new(p->a, struct cel_plan);

	s->op = op;
	s->id = noted(p, id);
	return s;
}

static uint32_t name_index(struct planner *p, str name)
{
	struct cel_program *program = p->program;

	for (size_t i = 0; i < program->names.n; i++)
		if (str_eq(program->names.p[i], name))
			return (uint32_t)i;
	avec_push(p->a, &program->names, name);
	return (uint32_t)program->names.n - 1;
}

uint32_t cel_plan_attr_id(const struct cel_attr *attr)
{
	if (attr->kind != CEL_A_CONDITION)
		return attr->qualifiers.n ? attr->qualifiers.p[attr->qualifiers.n - 1]->id : attr->id;
	uint32_t yes = cel_plan_attr_id(attr->yes);

	return yes == cel_plan_attr_id(attr->no) ? yes : attr->id;
}

uint32_t cel_plan_id(const struct cel_plan *p)
{
	return p->op == CEL_OP_ATTR ? cel_plan_attr_id(p->attr) : p->id;
}

/* ---- constants --------------------------------------------------------- */

static struct cel_plan *constant(struct planner *p, uint32_t id, cel_value v)
{
	struct cel_plan *s = step(p, CEL_OP_CONST, id);

	s->constant = v;
	return s;
}

/* The value of a step of constants. */
static cel_value compute(struct planner *p, const struct cel_plan *s)
{
	return cel_eval_constant(p->a, p->program, s);
}

static bool all_constant(const struct cel_plan *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->args[i]->op != CEL_OP_CONST)
			return false;
	return true;
}

/* ---- attributes -------------------------------------------------------- */

static struct cel_attr *attribute(struct planner *p, enum cel_attr_kind kind, uint32_t id)
{
	struct cel_attr *attr = arena_new(p->a, struct cel_attr);

	attr->kind = kind;
	attr->id = noted(p, id);
	return attr;
}

static struct cel_plan *attr_step(struct planner *p, struct cel_attr *attr)
{
	struct cel_plan *s = step(p, CEL_OP_ATTR, attr->id);

	s->attr = attr;
	return s;
}

static struct cel_attr *attr_around(struct planner *p, struct cel_plan *s)
{
	struct cel_attr *attr = attribute(p, CEL_A_STEP, cel_plan_id(s));

	attr->step = s;
	return attr;
}

static bool is_attr(const struct cel_plan *s)
{
	return s->op == CEL_OP_ATTR || s->op == CEL_OP_TEST;
}

static void add_qualifier(struct planner *p, struct cel_attr *attr, struct cel_qualifier *q)
{
	if (attr->kind == CEL_A_CONDITION) {
		add_qualifier(p, attr->yes, q);
		add_qualifier(p, attr->no, q);
		return;
	}
	avec_push(p->a, &attr->qualifiers, q);
}

static struct cel_qualifier *qualifier(struct planner *p, enum cel_qualifier_kind kind, uint32_t id)
{
	struct cel_qualifier *q = arena_new(p->a, struct cel_qualifier);

	q->kind = kind;
	q->id = noted(p, id);
	return q;
}

/* The step as an attribute that can be qualified. */
static struct cel_plan *operand(struct planner *p, const struct cel_expr *e)
{
	struct cel_plan *s = plan(p, e);

	return is_attr(s) ? s : attr_step(p, attr_around(p, s));
}

static struct cel_plan *plan_ident(struct planner *p, const struct cel_expr *e)
{
	struct cel_attr *attr;

	if (str_eq(e->name, S("google.protobuf.NullValue.NULL_VALUE")))
		return constant(p, e->id, cel_int(0));
	if (e->type->kind == CEL_TYPE) {
		const struct cel_type *t =
			cel_type_named(e->name, p->program->env->library == CEL_KUBERNETES);

		if (t)
			return constant(p, e->id, (cel_value){ .kind = CEL_TYPE, .type = t });
		if (!p->failed)
			p->failed = err_new(ERR_INVALID, "reference to undefined type: %.*s",
					    STR_ARG(e->name));
	}
	attr = attribute(p, CEL_A_VARIABLE, e->id);
	attr->name = name_index(p, e->name);
	return attr_step(p, attr);
}

static struct cel_plan *plan_select(struct planner *p, const struct cel_expr *e)
{
	if (e->is_ident)
		return plan_ident(p, e);
	struct cel_plan *s = operand(p, e->target);
	struct cel_qualifier *q = qualifier(p, CEL_Q_CONST, e->id);

	q->key = cel_string(e->name);
	if (e->test) {
		struct cel_plan *test = step(p, CEL_OP_TEST, e->id);

		test->attr = s->attr;
		q->test = true;
		s = test;
	}
	add_qualifier(p, s->attr, q);
	return s;
}

static bool is_key(cel_value v)
{
	return v.kind == CEL_STRING || v.kind == CEL_INT || v.kind == CEL_UINT || v.kind == CEL_BOOL ||
	       v.kind == CEL_DOUBLE;
}

static struct cel_plan *plan_index(struct planner *p, const struct cel_expr *e, bool optional)
{
	struct cel_plan *s = operand(p, e->args[0]), *index = plan(p, e->args[1]);
	struct cel_qualifier *q;

	if (index->op == CEL_OP_CONST) {
		q = qualifier(p, CEL_Q_CONST, e->id);
		q->key = index->constant;
		if (!is_key(q->key) && !p->failed)
			p->failed = err_new(ERR_INVALID, "invalid qualifier type: %s",
					    cel_go_type(q->key));
	} else if (is_attr(index)) {
		q = qualifier(p, CEL_Q_ATTR, e->id);
		q->attr = index->attr;
	} else {
		q = qualifier(p, CEL_Q_STEP, e->id);
		q->attr = attr_around(p, index);
		q->attr->id = e->id;
	}
	q->optional = optional;
	add_qualifier(p, s->attr, q);
	return s;
}

static struct cel_attr *branch(struct planner *p, const struct cel_expr *e)
{
	struct cel_plan *s = plan(p, e);

	return is_attr(s) ? s->attr : attr_around(p, s);
}

static struct cel_plan *plan_condition(struct planner *p, const struct cel_expr *e)
{
	struct cel_attr *attr = attribute(p, CEL_A_CONDITION, e->id);

	attr->step = plan(p, e->args[0]);
	attr->yes = branch(p, e->args[1]);
	attr->no = branch(p, e->args[2]);
	return attr_step(p, attr);
}

/* ---- calls ------------------------------------------------------------- */

static size_t count_overloads(const struct planner *p, const struct cel_function *f,
			      const struct cel_overload **only)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (cel_func_has(&f->overloads[i], p->program->env->library)) {
			*only = &f->overloads[i];
			n++;
		}
	return n;
}

/* Which code runs: of the function, of one overload, or of the first overload
 * that fits the arguments then. */
static void choose_code(struct planner *p, struct cel_plan *s, const struct cel_expr *e)
{
	const struct cel_function *f = e->function;
	const struct cel_overload *only = NULL;

	s->call.function = f;
	s->call.overload = e->overload;
	if (f->run) {
		s->call.style = f->style;
		return;
	}
	if (count_overloads(p, f, &only) == 1)
		s->call.overload = only;
	if (s->call.overload && s->call.overload->run)
		s->call.style = s->call.overload->style;
	else if (s->call.overload)
		s->call.style = CEL_UNBOUND;
	else
		s->call.style = CEL_VARIADIC;
}

static void compile_pattern(struct planner *p, struct cel_plan *s)
{
	str name = str_c(s->call.function->name);
	const struct regex *re = NULL;

	if (!str_eq(name, S("matches")) && !str_eq(name, S("find")) && !str_eq(name, S("findAll")))
		return;
	if (s->n < 2 || s->args[1]->op != CEL_OP_CONST || s->args[1]->constant.kind != CEL_STRING)
		return;
	err *e = regex_compile(p->a, s->args[1]->constant.s, &re);

	if (e && !p->failed)
		p->failed = e;
	else
		err_free(e);
	s->call.regex = re;
	s->call.style = CEL_VARIADIC;
}

static bool is_conversion(const struct cel_function *f)
{
	static const char *const names[] = {
		"bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], f->name) == 0)
			return true;
	return false;
}

static bool is_member_of_sets(cel_value v)
{
	return v.kind == CEL_BOOL || v.kind == CEL_DOUBLE || v.kind == CEL_INT || v.kind == CEL_STRING ||
	       v.kind == CEL_UINT;
}

/* A number and the same number of other types. */
static void add_member(struct cel_run *r, cel_value set, cel_value v)
{
	static const enum cel_kind numbers[] = { CEL_INT, CEL_UINT, CEL_DOUBLE };

	cel_map_set(r, set, v, cel_bool(true));
	for (size_t i = 0; i < 3 && v.kind != CEL_STRING && v.kind != CEL_BOOL; i++) {
		cel_value other = cel_convert(r, v, numbers[i]);

		if (!cel_is_fault(other) && (v.kind != CEL_DOUBLE || cel_is_true(cel_equal(r, other, v))))
			cel_map_set(r, set, other, cel_bool(true));
	}
}

/* `x in [1, 2]` as a look-up, in which numbers of all types are found. */
static struct cel_plan *plan_in_set(struct planner *p, struct cel_plan *s)
{
	struct cel_run r = { .a = p->a, .work = CEL_WORK_MAX, .held = p->a->held };
	cel_value list = s->args[1]->constant;
	size_t n = cel_list_n(list);

	if (!n)
		return constant(p, s->id, cel_bool(false));
	for (size_t i = 0; i < n; i++)
		if (!is_member_of_sets(cel_list_at(&r, list, i)))
			return s;
	struct cel_plan *set = step(p, CEL_OP_IN_SET, s->id);

	set->args = s->args;
	set->n = 1;
	set->set = cel_map_new(&r, n);
	for (size_t i = 0; i < n; i++)
		add_member(&r, set->set, cel_list_at(&r, list, i));
	return set;
}

static struct cel_plan *optimized(struct planner *p, struct cel_plan *s)
{
	const struct cel_overload *o = s->call.overload;

	if (o && str_eq(str_c(o->id), S("in_list")) && s->args[1]->op == CEL_OP_CONST)
		return plan_in_set(p, s);
	if (s->n == 1 && is_conversion(s->call.function) && s->args[0]->op == CEL_OP_CONST) {
		cel_value v = compute(p, s);

		if (!cel_is_fault(v))
			return constant(p, s->id, v);
		if (!p->failed)
			p->failed = err_new(ERR_INVALID, "%.*s", STR_ARG(v.box->text));
	}
	compile_pattern(p, s);
	return s;
}

static const struct {
	const char *name;
	enum cel_op op;
} operators[] = {
	{ "_!=_", CEL_OP_NE },	{ "_&&_", CEL_OP_AND }, { "_==_", CEL_OP_EQ },
	{ "_||_", CEL_OP_OR },	{ "or", CEL_OP_OPT_OR }, { "orValue", CEL_OP_OPT_OR_VALUE },
};

static enum cel_op operator_of(const struct cel_function *f)
{
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
		if (strcmp(operators[i].name, f->name) == 0)
			return operators[i].op;
	return CEL_OP_CALL;
}

static struct cel_plan *plan_call(struct planner *p, const struct cel_expr *e)
{
	str name = str_c(e->function->name);

	if (str_eq(name, S("_?_:_")))
		return plan_condition(p, e);
	if (str_eq(name, S("_[_]")))
		return plan_index(p, e, false);
	if (str_eq(name, S("_[?_]")) || str_eq(name, S("_?._")))
		return plan_index(p, e, true);
	struct cel_plan *s = step(p, operator_of(e->function), e->id);

	s->args = arena_array(p->a, struct cel_plan *, e->n + e->member);
	if (e->member)
		s->args[s->n++] = plan(p, e->target);
	for (size_t i = 0; i < e->n; i++)
		s->args[s->n++] = plan(p, e->args[i]);
	s->call.cost = cel_cost_rule_of(e->function, e->overload);
	if (s->op != CEL_OP_CALL)
		return s;
	choose_code(p, s, e);
	return optimized(p, s);
}

/* ---- lists, maps, messages, folds -------------------------------------- */

static void plan_entries(struct planner *p, struct cel_plan *s, const struct cel_expr *e)
{
	bool map = e->kind == CEL_E_MAP, *optional = NULL;

	s->args = arena_array(p->a, struct cel_plan *, (size_t)e->n * 2);
	for (size_t i = 0; i < e->n; i++) {
		if (e->entries[i].optional && !optional) {
			optional = arena_array(p->a, bool, e->n);
			s->optional = optional;
		}
		if (optional)
			optional[i] = e->entries[i].optional;
		if (map)
			s->args[s->n++] = plan(p, e->entries[i].key);
		s->args[s->n++] = plan(p, e->entries[i].value);
	}
}

static struct cel_plan *plan_container(struct planner *p, const struct cel_expr *e)
{
	struct cel_plan *s = step(p, e->kind == CEL_E_LIST ? CEL_OP_LIST : CEL_OP_MAP, e->id);

	plan_entries(p, s, e);
	return all_constant(s) ? constant(p, e->id, compute(p, s)) : s;
}

static struct cel_plan *plan_message(struct planner *p, const struct cel_expr *e)
{
	struct cel_plan *s = step(p, CEL_OP_STRUCT, e->id);
	str *names = arena_array(p->a, str, e->n);

	plan_entries(p, s, e);
	for (size_t i = 0; i < e->n; i++)
		names[i] = e->entries[i].field;
	s->message.name = e->name;
	s->message.fields = names;
	return s;
}

static struct cel_plan *plan_fold(struct planner *p, const struct cel_expr *e)
{
	struct cel_plan *s = step(p, CEL_OP_FOLD, e->id);
	struct cel_plan_fold *f = arena_new(p->a, struct cel_plan_fold);

	s->fold = f;
	f->init = plan(p, e->fold->init);
	f->range = plan(p, e->fold->range);
	f->condition = plan(p, e->fold->condition);
	f->step = plan(p, e->fold->step);
	f->result = plan(p, e->fold->result);
	f->accu = name_index(p, e->fold->accu);
	f->var = name_index(p, e->fold->var);
	f->var2 = e->fold->var2.n ? name_index(p, e->fold->var2) : CEL_NO_NAME;
	return s;
}

static struct cel_plan *plan(struct planner *p, const struct cel_expr *e)
{
	switch (e->kind) {
	case CEL_E_IDENT:
		return plan_ident(p, e);
	case CEL_E_SELECT:
		return plan_select(p, e);
	case CEL_E_CALL:
		return plan_call(p, e);
	case CEL_E_LIST:
	case CEL_E_MAP:
		return plan_container(p, e);
	case CEL_E_STRUCT:
		return plan_message(p, e);
	case CEL_E_FOLD:
		return plan_fold(p, e);
	default:
		return constant(p, e->id, e->literal);
	}
}

err *cel_plan(struct arena *a, struct cel_program *program)
{
	struct planner p = { .a = a, .program = program };

	program->root = plan(&p, program->tree);
	return p.failed;
}
