/* TOML. */
#include "tmpl/exec.h"
#include "tmpl/toml.h"

/* Mode 1 hands errors on; otherwise their text is the result. */
static err *run_to_toml(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);

	TRY(tmpl_check_tree(c, c->argv[0]));
	err *e = toml_write(b, c->a, c->argv[0]);

	if (!e)
		return tmpl_give_buf(c, b);
	if (c->mode || err_kind(e) == ERR_INTERNAL)
		return e;
	c->out = node_copy_str(c->a, err_text(e));
	err_free(e);
	return NULL;
}

static err *run_from_toml(struct tmpl_call *c)
{
	TRY(tmpl_spend(c, tmpl_arg_str(c, 0).n / 8));
	err *e = toml_read(c->a, tmpl_arg_str(c, 0), tmpl_call_options(c)->local, &c->out);

	if (!e)
		return NULL;
	c->out = node_map(c->a, 1);
	node_set(c->a, c->out, S("Error"), node_copy_str(c->a, err_text(e)));
	err_free(e);
	return NULL;
}

static const struct tmpl_func table[] = {
	{ "fromToml", "s", run_from_toml },
	{ "mustToToml", "a", run_to_toml, 1 },
	{ "toToml", "a", run_to_toml, 0 },
};

const struct tmpl_funcs fn_toml = { table, sizeof table / sizeof *table };
