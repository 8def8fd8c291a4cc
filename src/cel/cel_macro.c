/* The macros of cel-go, of its optional types and two-variable
 * comprehensions, and sortBy of its lists library. */
#include "cel/cel_parse.h"

struct call {
	struct cel_parser *p;
	const struct cel_expr *e;	/* the call */
	struct cel_expr *target;
	struct cel_expr **args;
	size_t n;
};

#define ACCU S("@result")

/* ---- nodes, all at the place of the call ------------------------------- */

static struct cel_expr *make(const struct call *c, enum cel_expr_kind kind)
{
	return cel_parse_node(c->p, kind, c->e->offset);
}

static struct cel_expr *ident(const struct call *c, str name)
{
	struct cel_expr *e = make(c, CEL_E_IDENT);

	e->name = name;
	return e;
}

static struct cel_expr *boolean(const struct call *c, bool b)
{
	struct cel_expr *e = make(c, CEL_E_LITERAL);

	e->literal = (cel_value){ .kind = CEL_BOOL, .b = b };
	return e;
}

static struct cel_expr *integer(const struct call *c, int64_t i)
{
	struct cel_expr *e = make(c, CEL_E_LITERAL);

	e->literal = (cel_value){ .kind = CEL_INT, .i = i };
	return e;
}

#define ARGS(...) ((struct cel_expr *[]){ __VA_ARGS__ }), \
		  sizeof((struct cel_expr *[]){ __VA_ARGS__ }) / sizeof(struct cel_expr *)

static struct cel_expr *function(const struct call *c, str name, struct cel_expr *target,
				 struct cel_expr *const *args, size_t n)
{
	struct cel_expr *e = make(c, CEL_E_CALL);

	e->name = name;
	e->member = target != NULL;
	e->target = target;
	e->args = arena_array(c->p->a, struct cel_expr *, n);
	e->n = (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		e->args[i] = args[i];
	return e;
}

static struct cel_expr *list(const struct call *c, struct cel_expr *item)
{
	struct cel_expr *e = make(c, CEL_E_LIST);

	e->entries = arena_array(c->p->a, struct cel_entry, 1);
	e->entries[0].value = item;
	e->n = item != NULL;
	return e;
}

static struct cel_expr *fold(const struct call *c, struct cel_fold f)
{
	struct cel_expr *e = make(c, CEL_E_FOLD);

	e->fold = arena_new(c->p->a, struct cel_fold);
	*e->fold = f;
	return e;
}

/* The same tree again, with nodes of its own. */
static struct cel_expr *copy(struct cel_parser *p, const struct cel_expr *from)
{
	struct cel_expr *e = cel_parse_node(p, from->kind, from->offset);
	uint32_t id = e->id;

	*e = *from;
	e->id = id;
	if (p->stopped)
		return e;
	if (e->kind == CEL_E_SELECT || (e->kind == CEL_E_CALL && e->member))
		e->target = copy(p, from->target);
	if (e->kind == CEL_E_CALL) {
		e->args = arena_array(p->a, struct cel_expr *, e->n);
		for (size_t i = 0; i < e->n; i++)
			e->args[i] = copy(p, from->args[i]);
	}
	if (e->kind == CEL_E_LIST || e->kind == CEL_E_MAP || e->kind == CEL_E_STRUCT) {
		e->entries = arena_array(p->a, struct cel_entry, e->n);
		for (size_t i = 0; i < e->n; i++) {
			e->entries[i] = from->entries[i];
			e->entries[i].id = p->next_id++;
			if (from->entries[i].key)
				e->entries[i].key = copy(p, from->entries[i].key);
			e->entries[i].value = copy(p, from->entries[i].value);
		}
	}
	if (e->kind == CEL_E_FOLD) {
		e->fold = arena_new(p->a, struct cel_fold);
		*e->fold = *from->fold;
		e->fold->range = copy(p, from->fold->range);
		e->fold->init = copy(p, from->fold->init);
		e->fold->condition = copy(p, from->fold->condition);
		e->fold->step = copy(p, from->fold->step);
		e->fold->result = copy(p, from->fold->result);
	}
	return e;
}

/* ---- variables --------------------------------------------------------- */

static bool is_accu(str name)
{
	return str_eq(name, ACCU) || str_eq(name, S("__result__"));
}

/* The variables of a macro, one or two; false when an error was reported. */
static bool variables(const struct call *c, size_t n, const char *not_a_name)
{
	struct cel_expr **v = c->args;

	for (size_t i = 0; i < n; i++)
		if (v[i]->kind != CEL_E_IDENT) {
			cel_parse_error(c->p, v[i]->offset, "%s", not_a_name);
			return false;
		}
	if (n == 2 && str_eq(v[0]->name, v[1]->name)) {
		cel_parse_error(c->p, v[1]->offset, "duplicate variable name: %.*s",
				STR_ARG(v[0]->name));
		return false;
	}
	for (size_t i = 0; i < n; i++)
		if (is_accu(v[i]->name)) {
			cel_parse_error(c->p, v[i]->offset,
					"iteration variable overwrites accumulator variable");
			return false;
		}
	return true;
}

static struct cel_fold over(const struct call *c, size_t vars)
{
	return (struct cel_fold){ .var = c->args[0]->name, .accu = ACCU, .range = c->target,
				  .var2 = vars == 2 ? c->args[1]->name : STR_NONE };
}

/* ---- macros ------------------------------------------------------------ */

static struct cel_expr *failed(const struct call *c)
{
	return make(c, CEL_E_NONE);
}

static struct cel_expr *expand_has(const struct call *c)
{
	const struct cel_expr *arg = c->args[0];

	if (arg->kind != CEL_E_SELECT)
		return cel_parse_error(c->p, arg->offset, "invalid argument to has() macro");
	struct cel_expr *e = make(c, CEL_E_SELECT);

	e->test = true;
	e->name = arg->name;
	e->target = arg->target;
	return e;
}

static size_t vars_of_quantifier(const struct call *c)
{
	return c->n - 1;
}

static struct cel_expr *expand_all(const struct call *c)
{
	size_t vars = vars_of_quantifier(c);

	if (!variables(c, vars, "argument must be a simple name"))
		return failed(c);
	struct cel_fold f = over(c, vars);

	f.init = boolean(c, true);
	f.condition = function(c, S("@not_strictly_false"), NULL, ARGS(ident(c, ACCU)));
	f.step = function(c, S("_&&_"), NULL, ARGS(ident(c, ACCU), c->args[vars]));
	f.result = ident(c, ACCU);
	return fold(c, f);
}

static struct cel_expr *expand_exists(const struct call *c)
{
	size_t vars = vars_of_quantifier(c);

	if (!variables(c, vars, "argument must be a simple name"))
		return failed(c);
	struct cel_fold f = over(c, vars);

	f.init = boolean(c, false);
	f.condition = function(c, S("@not_strictly_false"), NULL,
			       ARGS(function(c, S("!_"), NULL, ARGS(ident(c, ACCU)))));
	f.step = function(c, S("_||_"), NULL, ARGS(ident(c, ACCU), c->args[vars]));
	f.result = ident(c, ACCU);
	return fold(c, f);
}

static struct cel_expr *expand_exists_one(const struct call *c)
{
	size_t vars = vars_of_quantifier(c);

	if (!variables(c, vars, "argument must be a simple name"))
		return failed(c);
	struct cel_fold f = over(c, vars);

	f.init = integer(c, 0);
	f.condition = boolean(c, true);
	f.step = function(c, S("_?_:_"), NULL,
			  ARGS(c->args[vars],
			       function(c, S("_+_"), NULL, ARGS(ident(c, ACCU), integer(c, 1))),
			       ident(c, ACCU)));
	f.result = function(c, S("_==_"), NULL, ARGS(ident(c, ACCU), integer(c, 1)));
	return fold(c, f);
}

/* The result grows by `step` where the filter, if there is one, holds. */
static struct cel_expr *filtered(const struct call *c, struct cel_expr *filter, struct cel_expr *step)
{
	return filter ? function(c, S("_?_:_"), NULL, ARGS(filter, step, ident(c, ACCU))) : step;
}

/* A list made of items: map, filter, transformList. */
static struct cel_expr *collect(const struct call *c, size_t vars, struct cel_expr *filter,
				struct cel_expr *item)
{
	struct cel_fold f = over(c, vars);

	f.init = list(c, NULL);
	f.condition = boolean(c, true);
	f.step = filtered(c, filter,
			  function(c, S("_+_"), NULL, ARGS(ident(c, ACCU), list(c, item))));
	f.result = ident(c, ACCU);
	return fold(c, f);
}

static struct cel_expr *expand_map(const struct call *c)
{
	if (!variables(c, 1, "argument is not an identifier"))
		return failed(c);
	return collect(c, 1, c->n == 3 ? c->args[1] : NULL, c->args[c->n - 1]);
}

static struct cel_expr *expand_filter(const struct call *c)
{
	if (!variables(c, 1, "argument is not an identifier"))
		return failed(c);
	return collect(c, 1, c->args[1], c->args[0]);
}

static struct cel_expr *expand_transform_list(const struct call *c)
{
	if (!variables(c, 2, "argument must be a simple name"))
		return failed(c);
	return collect(c, 2, c->n == 4 ? c->args[2] : NULL, c->args[c->n - 1]);
}

static struct cel_expr *insert(const struct call *c, struct cel_expr *call)
{
	struct cel_fold f = over(c, 2);

	f.init = make(c, CEL_E_MAP);
	f.condition = boolean(c, true);
	f.step = filtered(c, c->n == 4 ? c->args[2] : NULL, call);
	f.result = ident(c, ACCU);
	return fold(c, f);
}

static struct cel_expr *expand_transform_map(const struct call *c)
{
	if (!variables(c, 2, "argument must be a simple name"))
		return failed(c);
	return insert(c, function(c, S("cel.@mapInsert"), NULL,
				  ARGS(ident(c, ACCU), ident(c, c->args[0]->name), c->args[c->n - 1])));
}

static struct cel_expr *expand_transform_map_entry(const struct call *c)
{
	if (!variables(c, 2, "argument must be a simple name"))
		return failed(c);
	return insert(c, function(c, S("cel.@mapInsert"), NULL,
				  ARGS(ident(c, ACCU), c->args[c->n - 1])));
}

/* `body` with a variable in it; no range is walked. */
static struct cel_expr *bind(const struct call *c, str var, struct cel_expr *value,
			     struct cel_expr *body)
{
	return fold(c, (struct cel_fold){ .var = S("#unused"), .accu = var, .init = value,
					  .range = list(c, NULL), .condition = boolean(c, false),
					  .step = ident(c, var), .result = body });
}

static struct cel_expr *optional_map(const struct call *c, bool flat)
{
	const struct cel_expr *var = c->args[0];

	if (var->kind != CEL_E_IDENT)
		return cel_parse_error(c->p, var->offset, "opt%sMap() variable name must be a simple identifier",
				       flat ? "Flat" : "");
	struct cel_expr *value = function(c, S("value"), copy(c->p, c->target), NULL, 0);
	struct cel_expr *body = bind(c, var->name, value, c->args[1]);

	if (!flat)
		body = function(c, S("optional.of"), NULL, ARGS(body));
	return function(c, S("_?_:_"), NULL,
			ARGS(function(c, S("hasValue"), c->target, NULL, 0), body,
			     function(c, S("optional.none"), NULL, NULL, 0)));
}

static struct cel_expr *expand_opt_map(const struct call *c)
{
	return optional_map(c, false);
}

static struct cel_expr *expand_opt_flat_map(const struct call *c)
{
	return optional_map(c, true);
}

/* A function of the name "cel": another target's is no macro. */
static struct cel_expr *expand_bind(const struct call *c)
{
	const struct cel_expr *var = c->args[0];

	if (!c->p->bind || c->target->kind != CEL_E_IDENT || !str_eq(c->target->name, S("cel")))
		return NULL;
	if (var->kind != CEL_E_IDENT)
		return cel_parse_error(c->p, var->offset,
				       "cel.bind() variable names must be simple identifiers");
	return bind(c, var->name, c->args[1], c->args[2]);
}

static struct cel_expr *expand_sort_by(const struct call *c)
{
	str input = S("@__sortBy_input__");
	enum cel_expr_kind kind = c->target->kind;
	struct call keys = *c;

	if (kind != CEL_E_LIST && kind != CEL_E_SELECT && kind != CEL_E_IDENT && kind != CEL_E_FOLD &&
	    kind != CEL_E_CALL)
		return cel_parse_error(c->p, c->target->offset,
				       "sortBy can only be applied to a list, identifier, "
				       "comprehension, call or select expression");
	keys.target = ident(c, input);
	struct cel_expr *list_of_keys = expand_map(&keys);

	return bind(c, input, c->target,
		    function(c, S("@sortByAssociatedKeys"), ident(c, input), ARGS(list_of_keys)));
}

static const struct macro {
	const char *name;
	bool member;
	uint8_t n;
	bool kubernetes;	/* not in Flux's environment */
	struct cel_expr *(*expand)(const struct call *c);	/* NULL: it is no macro after all */
} macros[] = {
	{ "has", false, 1, false, expand_has },
	{ "all", true, 2, false, expand_all },
	{ "all", true, 3, true, expand_all },
	{ "exists", true, 2, false, expand_exists },
	{ "exists", true, 3, true, expand_exists },
	{ "exists_one", true, 2, false, expand_exists_one },
	{ "exists_one", true, 3, true, expand_exists_one },
	{ "existsOne", true, 3, true, expand_exists_one },
	{ "map", true, 2, false, expand_map },
	{ "map", true, 3, false, expand_map },
	{ "filter", true, 2, false, expand_filter },
	{ "optMap", true, 2, false, expand_opt_map },
	{ "optFlatMap", true, 2, false, expand_opt_flat_map },
	{ "transformList", true, 3, true, expand_transform_list },
	{ "transformList", true, 4, true, expand_transform_list },
	{ "transformMap", true, 3, true, expand_transform_map },
	{ "transformMap", true, 4, true, expand_transform_map },
	{ "transformMapEntry", true, 3, true, expand_transform_map_entry },
	{ "transformMapEntry", true, 4, true, expand_transform_map_entry },
	{ "sortBy", true, 2, true, expand_sort_by },
	{ "bind", true, 3, true, expand_bind },
};

struct cel_expr *cel_macro_expand(struct cel_parser *p, struct cel_expr *call)
{
	struct call c = { p, call, call->target, call->args, call->n };

	for (size_t i = 0; i < sizeof macros / sizeof *macros && !p->stopped; i++) {
		const struct macro *m = &macros[i];

		if (m->member != call->member || m->n != call->n || !str_eq(str_c(m->name), call->name) ||
		    (m->kubernetes && p->library != CEL_KUBERNETES))
			continue;
		struct cel_expr *e = m->expand(&c);

		if (!e)
			break;
		e->height = call->height;
		return e;
	}
	return call;
}
