/* Types, defaults and choices. */
#include "tmpl/exec.h"
#include "tmpl/fn.h"

static err *run_default(struct tmpl_call *c)
{
	bool given = c->argc > 1 && value_true(c->argv[1]);

	return tmpl_give(c, c->argv[given]);
}

static err *run_empty(struct tmpl_call *c)
{
	return tmpl_give_bool(c, !value_true(c->argv[0]));
}

static err *run_coalesce(struct tmpl_call *c)
{
	for (size_t i = 0; i < c->argc; i++)
		if (value_true(c->argv[i]))
			return tmpl_give(c, c->argv[i]);
	return tmpl_give(c, node_null());
}

enum { ALL, ANY };

static err *run_all(struct tmpl_call *c)
{
	for (size_t i = 0; i < c->argc; i++)
		if (value_true(c->argv[i]) == (c->mode == ANY))
			return tmpl_give_bool(c, c->mode == ANY);
	return tmpl_give_bool(c, c->mode == ALL);
}

static err *run_ternary(struct tmpl_call *c)
{
	return tmpl_give(c, c->argv[c->argv[2].b ? 0 : 1]);
}

static err *run_type_of(struct tmpl_call *c)
{
	return tmpl_give_str(c, value_type_name(c->argv[0]));
}

static err *run_type_is(struct tmpl_call *c)
{
	return tmpl_give_bool(c, str_eq(tmpl_arg_str(c, 0), value_type_name(c->argv[1])));
}

/* Also when the type is a pointer to the one that was asked for. */
static err *run_type_is_like(struct tmpl_call *c)
{
	str type = value_type_name(c->argv[1]), want = tmpl_arg_str(c, 0);

	return tmpl_give_bool(c, str_eq(want, type) || (str_starts(type, S("*")) &&
							str_eq(want, str_from(type, 1))));
}

static err *run_kind_of(struct tmpl_call *c)
{
	return tmpl_give_str(c, value_kind_name(c->argv[0]));
}

static err *run_kind_is(struct tmpl_call *c)
{
	return tmpl_give_bool(c, str_eq(tmpl_arg_str(c, 0), value_kind_name(c->argv[1])));
}

static err *run_deep_equal(struct tmpl_call *c)
{
	TRY(tmpl_check_tree(c, c->argv[0]));
	TRY(tmpl_check_tree(c, c->argv[1]));
	return tmpl_give_bool(c, value_equal(c->argv[0], c->argv[1]));
}

/* Nothing here asks the network. */
static err *run_host(struct tmpl_call *c)
{
	return tmpl_give_str(c, STR_NONE);
}

static const struct tmpl_func table[] = {
	{ "all", "a*", run_all, ALL },      { "any", "a*", run_all, ANY },
	{ "coalesce", "a*", run_coalesce }, { "deepEqual", "aa", run_deep_equal },
	{ "default", "aa*", run_default },  { "empty", "a", run_empty },
	{ "getHostByName", "s", run_host }, { "kindIs", "sa", run_kind_is },
	{ "kindOf", "a", run_kind_of },     { "ternary", "aab", run_ternary },
	{ "typeIs", "sa", run_type_is },    { "typeIsLike", "sa", run_type_is_like },
	{ "typeOf", "a", run_type_of },
};

const struct tmpl_funcs fn_reflect = { table, sizeof table / sizeof *table };
