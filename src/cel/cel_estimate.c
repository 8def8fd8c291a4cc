#include "cel/cel_estimate.h"

#include <math.h>

#include "base/utf8.h"
#include "cel/cel_check.h"
#include "cel/cel_decl.h"

static const double per_character = 0.1, per_pattern = 0.25;

/* ---- ranges ------------------------------------------------------------ */

static uint64_t add(uint64_t x, uint64_t y)
{
	uint64_t sum;

	return __builtin_add_overflow(x, y, &sum) ? UINT64_MAX : sum;
}

static uint64_t multiply(uint64_t x, uint64_t y)
{
	uint64_t product;

	return __builtin_mul_overflow(x, y, &product) ? UINT64_MAX : product;
}

static uint64_t scale(uint64_t x, double factor)
{
	double d = ceil((double)x * factor);

	return d >= 18446744073709551616.0 ? UINT64_MAX : (uint64_t)d;
}

range cel_range_add(range a, range b)
{
	return (range){ add(a.min, b.min), add(a.max, b.max) };
}

range cel_range_multiply(range a, range b)
{
	return (range){ multiply(a.min, b.min), multiply(a.max, b.max) };
}

range cel_range_scale(range a, double factor)
{
	return (range){ scale(a.min, factor), scale(a.max, factor) };
}

range cel_range_union(range a, range b)
{
	return (range){ a.min < b.min ? a.min : b.min, a.max > b.max ? a.max : b.max };
}

/* ---- paths ------------------------------------------------------------- */

static const struct cel_decl *child(const struct cel_decl *decl, str name, bool *key)
{
	*key = false;
	if (str_eq(name, S("@items")) || str_eq(name, S("@values")))
		return decl->elem && decl->elem->exposed ? decl->elem : NULL;
	if (str_eq(name, S("@keys"))) {
		*key = decl->kind == CEL_DECL_MAP;
		return *key ? decl : NULL;
	}
	const struct cel_decl_field *f = cel_decl_escaped(decl, name);

	return f && f->decl->exposed ? f->decl : NULL;
}

struct cel_path cel_estimate_below(struct arena *a, struct cel_path path, str name)
{
	if (path.n == path.room) {
		uint32_t room = path.room ? path.room * 2 : 1;
		str *names = arena_array(a, str, room);

		for (uint32_t i = 0; i < path.n; i++)
			names[i] = path.names[i];
		path.names = names;
		path.room = room;
	}
	path.names[path.n++] = name;
	return path;
}

/* The first name of a path is a variable's and taken for the root, whatever
 * it is. */
struct cel_size cel_estimate_size(const struct cel_decl *root, struct cel_path path)
{
	const struct cel_decl *at = path.n ? root : NULL;
	bool key = false;

	for (uint32_t i = 1; i < path.n && at; i++)
		at = key ? NULL : child(at, path.names[i], &key);
	if (!at)
		return (struct cel_size){ 0 };
	return (struct cel_size){ true, { 0, key ? 0 : (uint64_t)at->max_elements } };
}

/* ---- what is known of nodes -------------------------------------------- */

/* Sizes of the keys and values of a list or map. */
struct entry_size {
	enum cel_kind of;		/* CEL_LIST, CEL_MAP; CEL_DYN: nothing is known */
	range key, value;
};

struct known {
	struct cel_path path;
	struct cel_size size;
	struct entry_size entries;
};

struct local {
	const struct local *outer;
	str name;
	struct cel_path path;
	struct cel_size size;
	struct entry_size entries;
};

struct estimator {
	struct arena *a;
	const struct cel_decl *root;
	struct known *known;		/* by number of the node */
	const struct local *locals;
};

static range cost(struct estimator *s, const struct cel_expr *e);

static bool is_ident(const struct cel_expr *e)
{
	return e->kind == CEL_E_IDENT || e->is_ident;
}

static const struct local *find_local(const struct estimator *s, const struct cel_expr *e)
{
	if (!is_ident(e))
		return NULL;
	for (const struct local *l = s->locals; l; l = l->outer)
		if (str_eq(l->name, e->name))
			return l;
	return NULL;
}

static struct cel_path path_of(const struct estimator *s, const struct cel_expr *e)
{
	const struct local *l = find_local(s, e);

	return l ? l->path : s->known[e->id].path;
}

static struct cel_path path_below(const struct estimator *s, const struct cel_expr *e, str name)
{
	return cel_estimate_below(s->a, path_of(s, e), name);
}

static struct entry_size entries_of(const struct estimator *s, const struct cel_expr *e)
{
	const struct local *l = find_local(s, e);

	if (s->known[e->id].entries.of != CEL_DYN || !l)
		return s->known[e->id].entries;
	return l->entries;
}

static struct cel_size literal_size(const struct cel_expr *e)
{
	uint64_t n = 1;

	if (e->kind == CEL_E_LIST || e->kind == CEL_E_MAP)
		n = e->n;
	else if (e->kind != CEL_E_LITERAL)
		return (struct cel_size){ 0 };
	else if (e->literal.kind == CEL_STRING)
		n = utf8_count(e->literal.s);
	else if (e->literal.kind == CEL_BYTES)
		n = e->literal.s.n;
	return (struct cel_size){ true, CEL_RANGE_FIXED(n) };
}

static bool is_scalar(const struct cel_type *t)
{
	switch (t->kind) {
	case CEL_BOOL:
	case CEL_DOUBLE:
	case CEL_DURATION:
	case CEL_INT:
	case CEL_TIMESTAMP:
	case CEL_UINT:
		return true;
	case CEL_OPTIONAL:
		return is_scalar(t->params[0]);
	default:
		return false;
	}
}

static struct cel_size size_of(struct estimator *s, const struct cel_expr *e)
{
	struct known *k = &s->known[e->id];
	struct cel_size size = k->size.known ? k->size : literal_size(e);
	const struct local *l;

	if (size.known)
		return size;
	size = cel_estimate_size(s->root, path_of(s, e));
	if (size.known) {
		k->size = size;
		return size;
	}
	if (is_scalar(e->type))
		return (struct cel_size){ true, CEL_RANGE_FIXED(1) };
	l = find_local(s, e);
	return l ? l->size : size;
}

static range known_size(struct estimator *s, const struct cel_expr *e)
{
	struct cel_size size = size_of(s, e);

	return size.known ? size.r : CEL_RANGE_UNKNOWN;
}

static void set_size(struct estimator *s, const struct cel_expr *e, struct cel_size size)
{
	if (size.known)
		s->known[e->id].size = size;
}

static void set_entries(struct estimator *s, const struct cel_expr *e, struct entry_size entries)
{
	if (entries.of != CEL_DYN)
		s->known[e->id].entries = entries;
}

static struct entry_size entries_union(struct entry_size a, struct entry_size b)
{
	if (a.of == CEL_DYN || b.of == CEL_DYN)
		return (struct entry_size){ 0 };
	return (struct entry_size){ a.of, cel_range_union(a.key, b.key),
				    cel_range_union(a.value, b.value) };
}

/* ---- names and literals ------------------------------------------------ */

static range cost_ident(struct estimator *s, const struct cel_expr *e)
{
	const struct local *l = find_local(s, e);

	s->known[e->id].path =
		l ? l->path : cel_estimate_below(s->a, (struct cel_path){ 0 }, e->name);
	return CEL_RANGE_FIXED(1);
}

static bool has_fields(const struct cel_type *t)
{
	return t->kind == CEL_MAP || t->kind == CEL_OBJECT || t->kind == CEL_QUANTITY ||
	       t->kind == CEL_URL || t->kind == CEL_FORMAT || t->kind == CEL_SEMVER ||
	       t->kind == CEL_MADE;
}

static range cost_select(struct estimator *s, const struct cel_expr *e)
{
	range sum = cost(s, e->target);

	if (e->test)
		return sum;
	if (has_fields(e->target->type))
		sum = cel_range_add(sum, CEL_RANGE_FIXED(1));
	s->known[e->id].path = path_below(s, e->target, e->name);
	return sum;
}

static range cost_container(struct estimator *s, const struct cel_expr *e)
{
	bool map = e->kind == CEL_E_MAP;
	range none = { e->n ? UINT64_MAX : 0, 0 }, sum = CEL_RANGE_FIXED(map ? 30 : 10);
	struct entry_size size = { map ? CEL_MAP : CEL_LIST, map ? none : CEL_RANGE_FIXED(1), none };

	for (size_t i = 0; i < e->n; i++) {
		const struct cel_entry *entry = &e->entries[i];

		if (map)
			sum = cel_range_add(sum, cost(s, entry->key));
		sum = cel_range_add(sum, cost(s, entry->value));
		if (map)
			size.key = cel_range_union(size.key, known_size(s, entry->key));
		size.value = cel_range_union(size.value, known_size(s, entry->value));
	}
	set_entries(s, e, size);
	return sum;
}

static range cost_struct(struct estimator *s, const struct cel_expr *e)
{
	range sum = CEL_RANGE_FIXED(40);

	for (size_t i = 0; i < e->n; i++)
		sum = cel_range_add(sum, cost(s, e->entries[i].value));
	return sum;
}

/* ---- calls ------------------------------------------------------------- */

struct call {
	const struct cel_expr *e;
	const struct cel_operand *target;
	const struct cel_operand *args;
	const range *arg_costs;
	size_t n;
};

static range sized(const struct cel_operand *o)
{
	return o->size.known ? o->size.r : CEL_RANGE_UNKNOWN;
}

static range args_cost(const struct call *c)
{
	range sum = { 0, 0 };

	for (size_t i = 0; i < c->n; i++)
		sum = cel_range_add(sum, c->arg_costs[i]);
	return sum;
}

static struct cel_call_estimate estimate(range r)
{
	return (struct cel_call_estimate){ .known = true, .cost = r };
}

static struct cel_call_estimate estimate_with(range r, range size)
{
	return (struct cel_call_estimate){ .known = true, .cost = r, .result = { true, size } };
}

static struct cel_call_estimate conversion(const struct call *c, str id)
{
	range size = sized(&c->args[0]), result = size;

	if (str_eq(id, S("string_to_bytes")))
		result.max *= 4;
	else if (str_eq(id, S("bytes_to_string")))
		result.min /= 4;
	else
		result = (range){ size.min + 2, size.max * 2 + 2 };
	return estimate_with(cel_range_add(cel_range_scale(size, per_character), args_cost(c)), result);
}

static struct cel_call_estimate pattern(const struct call *c, bool regex)
{
	range text = sized(c->target), other = sized(&c->args[0]);

	if (regex) {
		text = cel_range_add(text, CEL_RANGE_FIXED(1));
		other = cel_range_scale(other, per_pattern);
	} else {
		other = cel_range_scale(other, per_character);
	}
	return estimate(cel_range_add(cel_range_multiply(cel_range_scale(text, per_character), other),
				      args_cost(c)));
}

static struct cel_call_estimate conditional(struct estimator *s, const struct call *c)
{
	range size = cel_range_union(sized(&c->args[1]), sized(&c->args[2]));
	range branches = cel_range_union(c->arg_costs[1], c->arg_costs[2]);

	set_entries(s, c->e,
		    entries_union(entries_of(s, c->args[1].expr), entries_of(s, c->args[2].expr)));
	return estimate_with(cel_range_add(c->arg_costs[0], branches), size);
}

static struct cel_call_estimate addition(struct estimator *s, const struct call *c, bool list)
{
	range size = cel_range_add(sized(&c->args[0]), sized(&c->args[1]));
	range own = list ? CEL_RANGE_FIXED(1) : cel_range_scale(size, per_character);

	set_entries(s, c->e,
		    entries_union(entries_of(s, c->args[0].expr), entries_of(s, c->args[1].expr)));
	return estimate_with(cel_range_add(own, args_cost(c)), size);
}

static struct cel_call_estimate comparison(const struct call *c)
{
	uint64_t x = sized(&c->args[0]).max, y = sized(&c->args[1]).max;
	uint64_t max = x < y ? x : y;
	range r = { max > 0, max };

	return estimate(cel_range_add(cel_range_scale(r, per_character), args_cost(c)));
}

enum rule {
	RULE_NONE,
	RULE_FORMAT,
	RULE_CONVERSION,
	RULE_AFFIX,
	RULE_IN_LIST,
	RULE_MATCHES,
	RULE_CONTAINS,
	RULE_LOGIC,
	RULE_CONDITIONAL,
	RULE_ADD,
	RULE_ADD_LIST,
	RULE_COMPARE,
};

static const struct {
	const char *id;
	enum rule rule;
} rules[] = {
	{ "add_bytes", RULE_ADD },
	{ "add_list", RULE_ADD_LIST },
	{ "add_string", RULE_ADD },
	{ "bytes_to_string", RULE_CONVERSION },
	{ "conditional", RULE_CONDITIONAL },
	{ "contains_string", RULE_CONTAINS },
	{ "ends_with_string", RULE_AFFIX },
	{ "equals", RULE_COMPARE },
	{ "greater_bytes", RULE_COMPARE },
	{ "greater_equals_bytes", RULE_COMPARE },
	{ "greater_equals_string", RULE_COMPARE },
	{ "greater_string", RULE_COMPARE },
	{ "in_list", RULE_IN_LIST },
	{ "less_bytes", RULE_COMPARE },
	{ "less_equals_bytes", RULE_COMPARE },
	{ "less_equals_string", RULE_COMPARE },
	{ "less_string", RULE_COMPARE },
	{ "logical_and", RULE_LOGIC },
	{ "logical_or", RULE_LOGIC },
	{ "matches_string", RULE_MATCHES },
	{ "not_equals", RULE_COMPARE },
	{ "starts_with_string", RULE_AFFIX },
	{ "string_format", RULE_FORMAT },
	{ "string_to_bytes", RULE_CONVERSION },
	{ "strings_quote", RULE_CONVERSION },
};

static enum rule find_rule(str id)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (str_eq(str_c(rules[i].id), id))
			return rules[i].rule;
	return RULE_NONE;
}

static struct cel_call_estimate by_language(struct estimator *s, const struct call *c, str id)
{
	switch (find_rule(id)) {
	case RULE_FORMAT:
		return estimate(cel_range_add(cel_range_scale(sized(c->target), per_character),
					      args_cost(c)));
	case RULE_CONVERSION:
		return conversion(c, id);
	case RULE_AFFIX:
		return estimate(cel_range_add(cel_range_scale(sized(&c->args[0]), per_character),
					      args_cost(c)));
	case RULE_IN_LIST:
		return estimate(cel_range_add(sized(&c->args[1]), args_cost(c)));
	case RULE_MATCHES:
		return pattern(c, true);
	case RULE_CONTAINS:
		return pattern(c, false);
	case RULE_LOGIC:
		return estimate((range){ c->arg_costs[0].min,
					 cel_range_add(c->arg_costs[0], c->arg_costs[1]).max });
	case RULE_CONDITIONAL:
		return conditional(s, c);
	case RULE_ADD:
		return addition(s, c, false);
	case RULE_ADD_LIST:
		return addition(s, c, true);
	case RULE_COMPARE:
		return comparison(c);
	case RULE_NONE:
		break;
	}
	return estimate(cel_range_add(CEL_RANGE_FIXED(1), args_cost(c)));
}

static struct cel_operand operand(struct estimator *s, const struct cel_expr *e)
{
	return (struct cel_operand){ e, e->type, path_of(s, e), size_of(s, e) };
}

/* One overload: by the libraries' rules, else by the language's. */
static struct cel_call_estimate overload_cost(struct estimator *s, const struct call *c, str id)
{
	struct cel_call_estimate r = cel_estimate_call(s->a, s->root, str_c(c->e->function->name), id,
						       c->target, c->args, c->n);

	if (!r.known)
		return by_language(s, c, id);
	r.cost = cel_range_add(r.cost, args_cost(c));
	return r;
}

static void index_result(struct estimator *s, const struct call *c, str id, struct cel_size *result)
{
	bool list = str_eq(id, S("index_list"));

	if (!list && !str_eq(id, S("index_map")))
		return;
	struct entry_size entries = entries_of(s, c->args[0].expr);

	*result = (struct cel_size){ entries.of != CEL_DYN, entries.value };
	s->known[c->e->id].path =
		path_below(s, c->args[0].expr, list ? S("@items") : S("@values"));
}

static range all_overloads(struct estimator *s, const struct call *c)
{
	const struct cel_function *f = c->e->function;
	range sum = { UINT64_MAX, 0 };
	struct cel_size result = { 0 };

	for (size_t i = 0; i < f->n; i++) {
		if (!(c->e->overloads >> i & 1))
			continue;
		str id = str_c(f->overloads[i].id);
		struct cel_call_estimate r = overload_cost(s, c, id);

		sum = cel_range_union(sum, r.cost);
		if (r.result.known && result.known)
			result.r = cel_range_union(result.r, r.result.r);
		else if (r.result.known)
			result = r.result;
		index_result(s, c, id, &result);
		if (!result.known)
			result = size_of(s, c->e);
	}
	set_size(s, c->e, result);
	return sum;
}

static range cost_dyn(struct estimator *s, const struct cel_expr *e)
{
	range r = cost(s, e->args[0]);

	set_size(s, e, size_of(s, e->args[0]));
	set_entries(s, e, entries_of(s, e->args[0]));
	return cel_range_add(CEL_RANGE_FIXED(1), r);
}

static range cost_call(struct estimator *s, const struct cel_expr *e)
{
	struct cel_operand args[CEL_ARGS_MAX], target;
	range costs[CEL_ARGS_MAX], sum = { 0, 0 };
	struct call c = { e, NULL, args, costs, e->n };

	if (strcmp(e->function->name, "dyn") == 0)
		return cost_dyn(s, e);
	for (size_t i = 0; i < e->n; i++) {
		costs[i] = cost(s, e->args[i]);
		args[i] = operand(s, e->args[i]);
	}
	if (e->member) {
		sum = cost(s, e->target);
		target = operand(s, e->target);
		c.target = &target;
	}
	return cel_range_add(sum, all_overloads(s, &c));
}

/* ---- folds ------------------------------------------------------------- */

/* A variable that takes the keys or the values of a range. */
static struct local loop_var(struct estimator *s, str name, const struct cel_expr *over, bool key,
			     const struct local *outer)
{
	struct entry_size entries = entries_of(s, over);
	bool list = (entries.of != CEL_DYN ? entries.of : over->type->kind) == CEL_LIST;
	str part = key ? (list ? S("@indices") : S("@keys")) : (list ? S("@items") : S("@values"));

	return (struct local){ outer, name, path_below(s, over, part),
			       { entries.of != CEL_DYN, key ? entries.key : entries.value },
			       { 0 } };
}

static bool is_list_range(struct estimator *s, const struct cel_expr *e)
{
	struct entry_size entries = entries_of(s, e);

	return (entries.of != CEL_DYN ? entries.of : e->type->kind) == CEL_LIST;
}

static range cost_loop(struct estimator *s, const struct cel_expr *e)
{
	const struct cel_fold *f = e->fold;
	const struct local *outer = s->locals;
	bool two = f->var2.n > 0;
	range sum = cel_range_add(cost(s, f->range), cost(s, f->init));
	struct local accu = { outer, f->accu, path_of(s, f->init), size_of(s, f->init),
			      entries_of(s, f->init) };

	s->locals = &accu;
	struct local var = loop_var(s, f->var, f->range, two || !is_list_range(s, f->range), &accu);

	s->locals = &var;
	struct local var2 = { 0 };

	if (two) {
		var2 = loop_var(s, f->var2, f->range, false, &var);
		s->locals = &var2;
	}
	range each = cost(s, f->condition);

	each = cel_range_add(cost(s, f->step), each);
	s->locals = &accu;
	sum = cel_range_add(sum, cost(s, f->result));
	s->locals = outer;
	range count = known_size(s, f->range);

	sum = cel_range_add(sum, cel_range_multiply(count, each));
	if (f->init->kind == CEL_E_LITERAL) {
		set_size(s, e, size_of(s, f->init));
	} else if (f->init->kind == CEL_E_LIST || f->init->kind == CEL_E_MAP) {
		set_size(s, e, (struct cel_size){ true, count });
		set_entries(s, e, entries_of(s, f->step));
	}
	return sum;
}

/* Only a variable is bound, nothing walked. */
static bool is_bind(const struct cel_fold *f)
{
	return f->range->kind == CEL_E_LIST && f->range->n == 0 &&
	       f->condition->kind == CEL_E_LITERAL && f->condition->literal.kind == CEL_BOOL &&
	       !f->condition->literal.b;
}

static range cost_bind(struct estimator *s, const struct cel_expr *e)
{
	const struct cel_fold *f = e->fold;
	const struct local *outer = s->locals;
	range sum = cel_range_add(cost(s, f->range), cost(s, f->init));
	struct local accu = { outer, f->accu, path_of(s, f->init), size_of(s, f->init),
			      entries_of(s, f->init) };

	s->locals = &accu;
	sum = cel_range_add(sum, cost(s, f->result));
	s->locals = outer;
	set_size(s, e, size_of(s, f->result));
	set_entries(s, e, entries_of(s, f->result));
	return sum;
}

static range cost(struct estimator *s, const struct cel_expr *e)
{
	if (is_ident(e))
		return cost_ident(s, e);
	switch (e->kind) {
	case CEL_E_SELECT:
		return cost_select(s, e);
	case CEL_E_CALL:
		return cost_call(s, e);
	case CEL_E_LIST:
	case CEL_E_MAP:
		return cost_container(s, e);
	case CEL_E_STRUCT:
		return cost_struct(s, e);
	case CEL_E_FOLD:
		return is_bind(e->fold) ? cost_bind(s, e) : cost_loop(s, e);
	default:
		return CEL_RANGE_FIXED(0);
	}
}

static void find_last(void *ctx, struct cel_expr *e)
{
	uint32_t *last = ctx;

	if (e->id > *last)
		*last = e->id;
}

struct cel_range cel_estimate(const struct cel_program *program, const struct cel_decl *root)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct estimator s = { .a = &a, .root = root };
	uint32_t last = 0;

	cel_ast_walk(program->tree, find_last, &last);
	s.known = arena_array(&a, struct known, (size_t)last + 1);
	return cost(&s, program->tree);
}
