#include "tmpl/exec_impl.h"

/* Arguments of a call that need no memory of their own. */
enum { ARGS_SMALL = 8 };

/* ---- parameter types --------------------------------------------------- */

static str want_name(char want)
{
	switch (want) {
	case 's':
		return S("string");
	case 'i':
		return S("int");
	case 'b':
		return S("bool");
	case 'f':
		return S("float64");
	case 'u':
		return S("uint32");
	case 'm':
		return S("map[string]interface {}");
	case 'l':
		return S("[]interface {}");
	case 't':
		return S("time.Time");
	case 'd':
		return S("time.Duration");
	case 'c':
		return S("sprig.certificate");
	case 'p':
		return S("*semver.Version");
	case 'v':
		return S("reflect.Value");
	default:
		return S("interface {}");
	}
}

static bool can_be_nil(char want)
{
	return want == 'a' || want == 'v' || want == 'm' || want == 'l' || want == 'p';
}

static node nil_of(struct tmpl_exec *x, char want)
{
	if (want == 'm')
		return value_map(x->a, GO_NIL_MAP, 0);
	if (want == 'l')
		return value_seq(x->a, GO_NIL_SLICE, 0);
	return want == 'v' ? NODE_NOTHING : node_null();
}

static bool is_class(node v, str name)
{
	const struct value_class *c = value_class(v);

	return c && str_eq(name, str_c(c->type_name));
}

static bool matches(node v, char want)
{
	switch (want) {
	case 's':
		return value_is_str(v);
	case 'i':
		return v.kind == NODE_INT && v.type == GO_INT;
	case 'b':
		return v.kind == NODE_BOOL;
	case 'f':
		return v.kind == NODE_FLOAT;
	case 'u':
		return v.kind == NODE_INT && v.type == GO_UINT32;
	case 'm':
		return value_is_dict(v);
	case 'l':
		return v.kind == NODE_SEQ && (v.type == GO_SLICE || v.type == GO_NIL_SLICE);
	case 'd':
		return v.kind == NODE_INT && v.type == GO_DURATION;
	default:
		return is_class(v, want_name(want));
	}
}

err *eval_validate(struct tmpl_exec *x, node v, char want, node *out)
{
	if (!want || want == 'v') {
		*out = v;
		return NULL;
	}
	if (want == 'a') {
		*out = value_bare(v);
		return NULL;
	}
	if (v.kind == NODE_NONE) {
		if (!can_be_nil(want))
			return exec_fail(x, "invalid value; expected %.*s",
					 STR_ARG(want_name(want)));
		*out = nil_of(x, want);
		return NULL;
	}
	if (v.kind != NODE_NULL) {
		v = value_unwrap(v);
		if (matches(v, want)) {
			*out = value_bare(v);
			return NULL;
		}
	}
	return exec_fail(x, "wrong type for value; expected %.*s; got %.*s",
			 STR_ARG(want_name(want)), STR_ARG(value_static_type(v)));
}

/* ---- arguments --------------------------------------------------------- */

static err *not_a(struct tmpl_exec *x, const char *before, const struct tree *t, const char *after)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	tree_print(&b, t);
	return exec_fail(x, "%s%.*s%s", before, STR_ARG(buf_str(&b)), after);
}

static err *eval_number_arg(struct tmpl_exec *x, char want, const struct tree *t, node *out)
{
	const struct tree_number *n = t->kind == TREE_NUMBER ? (const struct tree_number *)t : NULL;

	switch (want) {
	case 'f':
		if (!n || !(n->is & TREE_IS_FLOAT))
			return not_a(x, "expected float; found ", t, "");
		*out = node_from_float(n->f);
		return NULL;
	case 'u':
		if (!n || !(n->is & TREE_IS_UINT))
			return not_a(x, "expected unsigned integer; found ", t, "");
		*out = value_typed_int((uint32_t)n->u, GO_UINT32);
		return NULL;
	default:
		if (!n || !(n->is & TREE_IS_INT))
			return not_a(x, "expected integer; found ", t, "");
		*out = value_typed_int(n->i, want == 'd' ? GO_DURATION : GO_INT);
		return NULL;
	}
}

/* A literal for a parameter of any type. */
static err *eval_any_literal(struct tmpl_exec *x, const struct tree *t, node *out)
{
	if (t->kind == TREE_NUMBER)
		return eval_number(x, (const struct tree_number *)t, out);
	*out = t->kind == TREE_BOOL ? node_from_bool(t->flag)
				    : ((const struct tree_string *)t)->text;
	return NULL;
}

static err *eval_literal(struct tmpl_exec *x, char want, const struct tree *t, node *out)
{
	switch (want) {
	case 's':
		if (t->kind != TREE_STRING)
			return not_a(x, "expected string; found ", t, "");
		*out = ((const struct tree_string *)t)->text;
		return NULL;
	case 'b':
		if (t->kind != TREE_BOOL)
			return not_a(x, "expected bool; found ", t, "");
		*out = node_from_bool(t->flag);
		return NULL;
	case 'i':
	case 'd':
	case 'f':
	case 'u':
		return eval_number_arg(x, want, t, out);
	case 0:
	case 'a':
	case 'v':
		return eval_any_literal(x, t, out);
	default: {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		buf_add(&b, S(" for arg of type "));
		buf_add(&b, want_name(want));
		return not_a(x, "can't handle ", t, buf_c(&b));
	}
	}
}

err *eval_arg(struct tmpl_exec *x, node dot, char want, const struct tree *t, node *out)
{
	static const struct eval_args none = { 0 };
	node v;

	x->at = t;
	switch ((enum tree_kind)t->kind) {
	case TREE_DOT:
		return eval_validate(x, dot, want, out);
	case TREE_NIL:
		if (!can_be_nil(want))
			return exec_fail(x, "cannot assign nil to %.*s", STR_ARG(want_name(want)));
		*out = nil_of(x, want);
		return NULL;
	case TREE_FIELD:
	case TREE_VARIABLE:
	case TREE_CHAIN:
		TRY(eval_field_node(x, dot, t, &none, &v));
		return eval_validate(x, v, want, out);
	case TREE_PIPE:
		TRY(eval_pipeline(x, dot, (const struct tree_pipe *)t, &v));
		return eval_validate(x, v, want, out);
	case TREE_IDENT:
		TRY(eval_function(x, dot, (const struct tree_ident *)t, t, &none, &v));
		return eval_validate(x, v, want, out);
	default:
		return eval_literal(x, want, t, out);
	}
}

/* ---- calls ------------------------------------------------------------- */

static err *wrong_count(struct tmpl_exec *x, const struct tmpl_func *f, const char *least,
			size_t want, size_t got)
{
	return exec_fail(x, "wrong number of args for %s: want %s%zu got %zu", f->name, least, want,
			 got);
}

/* `and` and `or` stop at the argument that decides. */
static err *eval_logic(struct tmpl_exec *x, node dot, bool until, const struct tree *const *trees,
		       uint32_t n, const struct eval_args *args, node *out)
{
	node v = NODE_NOTHING;

	for (uint32_t i = 0; i < n; i++) {
		TRY(eval_arg(x, dot, 'v', trees[i], &v));
		if (value_true(v) == until) {
			*out = v;
			return NULL;
		}
	}
	*out = args->piped ? args->final : v;
	return NULL;
}

static err *run(struct tmpl_exec *x, const struct tmpl_func *f, node self, const struct tree *site,
		const node *argv, size_t argc, node *out)
{
	struct tmpl_call c = {
		.x = x, .a = x->a, .mode = f->mode, .self = self, .argv = argv, .argc = argc
	};
	err *e = exec_step(x);

	if (e)
		return e;
	e = f->run(&c);
	if (e) {
		x->at = site;
		return exec_fail_call(x, str_c(f->name), e);
	}
	*out = c.out.kind == NODE_NULL ? value_iface(c.out) : c.out;
	return NULL;
}

/* No function can be a value here, so `call` always fails. */
static err *fail_call(struct tmpl_exec *x, const struct tree *site, const struct eval_args *args,
		      node fn)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	x->at = site;
	fn = value_unwrap(fn);
	if (fn.kind == NODE_NONE)
		return exec_fail_call(x, S("call"), err_new(ERR_INVALID, "call of nil"));
	if (args->n > 1)
		tree_print(&b, args->trees[1]);
	else if (value_is_str(fn))
		buf_add(&b, node_str(fn));
	else
		buf_addf(&b, "<%.*s Value>", STR_ARG(value_type_name(fn)));
	return exec_fail_call(x, S("call"),
			      err_new(ERR_INVALID, "non-function %.*s of type %.*s",
				      STR_ARG(buf_str(&b)), STR_ARG(value_type_name(fn))));
}

err *eval_call(struct tmpl_exec *x, node dot, const struct tmpl_func *f, node self,
	       const struct tree *site, const struct eval_args *args, node *out)
{
	const struct tree *const *trees = args->n ? args->trees + 1 : NULL;
	uint32_t n = args->n ? args->n - 1 : 0;
	size_t params = strlen(f->params), argc = n + args->piped;
	bool variadic = params && f->params[params - 1] == '*';
	size_t fixed = variadic ? params - 2 : params;
	node small[ARGS_SMALL], *argv = small;

	if (variadic && argc < fixed)
		return wrong_count(x, f, "at least ", fixed, n);
	if (!variadic && argc != params)
		return wrong_count(x, f, "", params, argc);
	if (f->mode == TMPL_AND || f->mode == TMPL_OR)
		return eval_logic(x, dot, f->mode == TMPL_OR, trees, n, args, out);
	TRY(exec_check_stack(x));
	if (argc > ARGS_SMALL)
		argv = arena_alloc(x->a, argc * sizeof *argv);
	for (uint32_t i = 0; i < n; i++)
		TRY(eval_arg(x, dot, f->params[i < fixed ? i : fixed], trees[i], &argv[i]));
	if (args->piped)
		TRY(eval_validate(x, args->final, f->params[argc <= fixed ? argc - 1 : fixed],
				  &argv[n]));
	if (f->mode == TMPL_CALL)
		return fail_call(x, site, args, argv[0]);
	return run(x, f, self, site, argv, argc, out);
}
