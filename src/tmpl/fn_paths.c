/* Slash paths; on the systems we run on, file paths are the same. */
#include "text/path.h"
#include "tmpl/fn.h"

static err *run_base(struct tmpl_call *c)
{
	return tmpl_give_str(c, path_base(tmpl_arg_str(c, 0)));
}

static err *run_clean(struct tmpl_call *c)
{
	return tmpl_give_str(c, path_clean(c->a, tmpl_arg_str(c, 0)));
}

static err *run_dir(struct tmpl_call *c)
{
	return tmpl_give_str(c, path_dir(c->a, tmpl_arg_str(c, 0)));
}

static err *run_ext(struct tmpl_call *c)
{
	return tmpl_give_str(c, path_ext(tmpl_arg_str(c, 0)));
}

static err *run_is_abs(struct tmpl_call *c)
{
	return tmpl_give_bool(c, path_is_abs(tmpl_arg_str(c, 0)));
}

static const struct tmpl_func table[] = {
	{ "base", "s", run_base },      { "clean", "s", run_clean },  { "dir", "s", run_dir },
	{ "ext", "s", run_ext },        { "isAbs", "s", run_is_abs }, { "osBase", "s", run_base },
	{ "osClean", "s", run_clean },  { "osDir", "s", run_dir },    { "osExt", "s", run_ext },
	{ "osIsAbs", "s", run_is_abs },
};

const struct tmpl_funcs fn_paths = { table, sizeof table / sizeof *table };
