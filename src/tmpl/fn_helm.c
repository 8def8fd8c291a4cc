/* The functions by which Helm's templates render each other and stop. */
#include "text/quote.h"
#include "tmpl/exec_impl.h"

/* An include may run inside itself so often. */
enum { INCLUDE_MAX = 1000 };

static err *run_include(struct tmpl_call *c)
{
	struct tmpl_exec *x = c->x;
	str name = tmpl_arg_str(c, 0), text;
	const struct tree_template *t = tmpl_set_find(x->set, name);
	node *count = node_find(x->included, name);

	if (!count) {
		node_set(c->a, x->included, name, node_from_int(0));
		count = node_find(x->included, name);
	}
	if (count->i > INCLUDE_MAX)
		return err_new(ERR_INVALID,
			       "rendering template has a nested reference name: %.*s: "
			       "unable to execute template",
			       STR_ARG(name));
	if (!t)
		return tmpl_set_missing(name);
	count->i++;
	err *e = exec_to_text(x, t, value_exec(c->argv[1]), true, &text);

	node_find(x->included, name)->i--;
	return e ? e : tmpl_give_str(c, text);
}

/* ---- tpl --------------------------------------------------------------- */

static err *tpl_error(err *e, const char *what, str source)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, source, QUOTE_PRINT);
	return err_wrap(e, "%s %.*s", what, STR_ARG(buf_str(&b)));
}

static err *parse_new(struct tmpl_exec *x, str source, const struct tmpl_parsed **out)
{
	const str name = S("gotpl");

	if (x->o->lease)
		return tmpl_lease_parse(x->o->lease, name, source, out);
	struct tmpl_parsed *p = arena_new(x->a, struct tmpl_parsed);

	*out = p;
	return tmpl_parse(x->a, name, source, p);
}

/* Equal texts are parsed once a render. */
static err *parse_source(struct tmpl_exec *x, str source, const struct tmpl_parsed **out)
{
	const node *seen = node_find(x->parsed, source);

	if (seen) {
		*out = seen->object;
		return NULL;
	}
	err *e = parse_new(x, source, out);

	if (e)
		return tpl_error(e, "cannot parse template", source);
	node_set(x->a, x->parsed, source, value_object(*out));
	return NULL;
}

static err *run_tpl(struct tmpl_call *c)
{
	struct tmpl_exec *x = c->x;
	const struct tmpl_set *set = x->set;
	str source = tmpl_arg_str(c, 0), text;
	const struct tmpl_parsed *p = NULL;

	if (str_find(source, S("{{")) == STR_NPOS)
		return tmpl_give_str(c, tmpl_without_no_value(c->a, source));
	TRY(parse_source(x, source, &p));
	struct tmpl_set *own = arena_new(c->a, struct tmpl_set);

	tmpl_set_init(own, c->a, set);
	tmpl_set_add(own, p);
	x->set = own;
	err *e = exec_to_text(x, p->main, value_exec(c->argv[1]), false, &text);

	x->set = set;
	if (e)
		return tpl_error(e, "error during tpl function execution for", source);
	return tmpl_give_str(c, tmpl_without_no_value(c->a, text));
}

str tmpl_without_no_value(struct arena *a, str s)
{
	const str gone = TMPL_NO_VALUE;
	size_t at = str_find(s, gone);

	if (at == STR_NPOS)
		return arena_str(a, s);
	char *to = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (; at != STR_NPOS; at = str_find(s, gone)) {
		memcpy(to + n, s.p, at);
		n += at;
		s = str_from(s, at + gone.n);
	}
	if (s.n)
		memcpy(to + n, s.p, s.n);
	n += s.n;
	to[n] = 0;
	return (str){ to, n };
}

/* ---- stopping ---------------------------------------------------------- */

/* The engine finds its message between these. */
static err *stop(str message)
{
	return err_new(ERR_INVALID, "HELM_ERR_START%.*sHELM_ERR_END", STR_ARG(message));
}

static err *let_pass(struct tmpl_call *c, enum tmpl_let_pass what, str message)
{
	const struct tmpl_options *o = tmpl_call_options(c);

	if (o->let_pass)
		o->let_pass(o->let_pass_ctx, what, message);
	return tmpl_give_str(c, STR_NONE);
}

static err *run_required(struct tmpl_call *c)
{
	node v = c->argv[1];

	if (!node_is_nil(v) && !(value_is_str(v) && !v.n))
		return tmpl_give(c, v);
	if (tmpl_call_options(c)->lint)
		return let_pass(c, node_is_nil(v) ? TMPL_LET_NIL : TMPL_LET_EMPTY,
				tmpl_arg_str(c, 0));
	return stop(tmpl_arg_str(c, 0));
}

static err *run_fail(struct tmpl_call *c)
{
	if (tmpl_call_options(c)->lint)
		return let_pass(c, TMPL_LET_FAIL, tmpl_arg_str(c, 0));
	return stop(tmpl_arg_str(c, 0));
}

static err *run_lookup(struct tmpl_call *c)
{
	const struct tmpl_options *o = tmpl_call_options(c);

	if (!o->lookup || o->lint)
		return tmpl_give(c, node_map(c->a, 0));
	return o->lookup->find(o->lookup->ctx, c->a, tmpl_arg_str(c, 0), tmpl_arg_str(c, 1),
			       tmpl_arg_str(c, 2), tmpl_arg_str(c, 3), &c->out);
}

static const struct tmpl_func table[] = {
	{ "fail", "s", run_fail },        { "include", "sa", run_include },
	{ "lookup", "ssss", run_lookup }, { "required", "sa", run_required },
	{ "tpl", "sa", run_tpl },
};

const struct tmpl_funcs fn_helm = { table, sizeof table / sizeof *table };
