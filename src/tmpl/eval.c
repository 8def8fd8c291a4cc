#include "text/quote.h"
#include "tmpl/exec_impl.h"

static str shown(struct tmpl_exec *x, const struct tree *t)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	tree_print(&b, t);
	return arena_str(x->a, buf_str(&b));
}

/* ---- variables --------------------------------------------------------- */

static struct exec_variable *find_variable(struct tmpl_exec *x, uint32_t id)
{
	for (size_t i = x->vars.n; i > x->frame; i--)
		if (x->vars.p[i - 1].id == id)
			return &x->vars.p[i - 1];
	return NULL;
}

static err *undefined(struct tmpl_exec *x, const struct tree_variable *v)
{
	return exec_fail(x, "undefined variable: %.*s", STR_ARG(v->names[0]));
}

err *eval_set_variable(struct tmpl_exec *x, const struct tree_variable *v, node value)
{
	struct exec_variable *var = find_variable(x, v->id);

	if (!var)
		return undefined(x, v);
	var->value = value;
	return NULL;
}

/* ---- fields ------------------------------------------------------------ */

static const struct tmpl_func *find_method(struct tmpl_exec *x, node v, str name)
{
	const struct value_class *c = value_class(v);
	const struct tmpl_options *o = x->o;

	if (c)
		return tmpl_method_find(c->methods, c->methods_n, name);
	if (v.kind == NODE_MAP && v.type == GO_FILES)
		return tmpl_method_find(o->files_methods.p, o->files_methods.n, name);
	if (v.kind == NODE_MAP && v.type == GO_VALUES)
		return tmpl_method_find(o->values_methods.p, o->values_methods.n, name);
	if (v.kind == NODE_SEQ && v.type == GO_VERSION_SET && o->version_set_has)
		return tmpl_method_find(o->version_set_has, 1, name);
	if (v.kind == NODE_INT && v.type >= GO_DURATION)
		return tmpl_method_find_int(v.type, name);
	return NULL;
}

static const struct value_field *find_field(node v, str name)
{
	const struct value_class *c = value_class(v);

	for (size_t i = 0; i < c->fields_n; i++)
		if (str_eq(name, str_c(c->fields[i].name)))
			return &c->fields[i];
	return NULL;
}

static err *map_field(struct tmpl_exec *x, node map, str name, bool has_args, node *out)
{
	if (has_args)
		return exec_fail(x, "%.*s is not a method but has arguments", STR_ARG(name));
	*out = value_field(map, name);
	if (out->kind != NODE_NONE)
		return NULL;
	if (x->o->strict)
		return exec_fail(x, "map has no entry for key %.*s", STR_ARG(quote_str(x->a, name)));
	*out = value_zero_elem(map);
	return NULL;
}

/* One `.name`; `args` only for the last of a chain, which may be a method. */
static err *eval_field(struct tmpl_exec *x, node dot, str name, const struct tree *site,
		       const struct eval_args *args, node receiver, node *out)
{
	bool has_args = args->n > 1 || args->piped;

	if (receiver.kind == NODE_MAP && receiver.type == GO_MAP)
		return map_field(x, receiver, name, has_args, out);
	if (receiver.kind == NODE_NONE) {
		if (x->o->strict)
			return exec_fail(x, "nil data; no entry for key %.*s",
					 STR_ARG(quote_str(x->a, name)));
		*out = NODE_NOTHING;
		return NULL;
	}
	str type = value_static_type(receiver);

	if (receiver.kind == NODE_NULL)
		return exec_fail(x, "nil pointer evaluating %.*s.%.*s", STR_ARG(type),
				 STR_ARG(name));
	receiver = value_unwrap(receiver);
	const struct tmpl_func *method = find_method(x, receiver, name);

	if (method)
		return eval_call(x, dot, method, receiver, site, args, out);
	if (receiver.kind == NODE_OBJECT) {
		const struct value_field *f = find_field(receiver, name);

		if (f && name.p[0] >= 'a' && name.p[0] <= 'z')
			return exec_fail(x, "%.*s is an unexported field of struct type %.*s",
					 STR_ARG(name), STR_ARG(type));
		if (f && has_args)
			return exec_fail(x, "%.*s has arguments but cannot be invoked as function",
					 STR_ARG(name));
		if (f) {
			*out = f->get(x->a, receiver.object);
			if (value_class(receiver)->kind == KIND_PTR ||
			    (receiver.style & VALUE_ADDR))
				out->style |= VALUE_ADDR;
			return NULL;
		}
	} else if (receiver.kind == NODE_MAP) {
		return map_field(x, receiver, name, has_args, out);
	}
	return exec_fail(x, "can't evaluate field %.*s in type %.*s", STR_ARG(name), STR_ARG(type));
}

static err *eval_chain(struct tmpl_exec *x, node dot, node receiver, const struct tree *site,
		       const str *names, uint32_t n, const struct eval_args *args, node *out)
{
	static const struct eval_args none = { 0 };

	for (uint32_t i = 0; i + 1 < n; i++)
		TRY(eval_field(x, dot, names[i], site, &none, receiver, &receiver));
	return eval_field(x, dot, names[n - 1], site, args, receiver, out);
}

static err *not_a_function(struct tmpl_exec *x, const struct eval_args *args)
{
	if (args->n > 1 || args->piped)
		return exec_fail(x, "can't give argument to non-function %.*s",
				 STR_ARG(shown(x, args->trees[0])));
	return NULL;
}

static err *eval_chain_node(struct tmpl_exec *x, node dot, const struct tree_chain *c,
			    const struct eval_args *args, node *out)
{
	node v;

	if (c->operand->kind == TREE_NIL)
		return exec_fail(x, "indirection through explicit nil in %.*s",
				 STR_ARG(shown(x, &c->t)));
	TRY(eval_arg(x, dot, 0, c->operand, &v));
	return eval_chain(x, dot, v, &c->t, c->names, c->n, args, out);
}

static err *eval_variable(struct tmpl_exec *x, node dot, const struct tree_variable *v,
			  const struct eval_args *args, node *out)
{
	const struct exec_variable *var = find_variable(x, v->id);

	if (!var)
		return undefined(x, v);
	if (v->n > 1)
		return eval_chain(x, dot, var->value, &v->t, v->names + 1, v->n - 1, args, out);
	TRY(not_a_function(x, args));
	*out = var->value;
	return NULL;
}

/* Fields, chains and variables: what may be a method and take arguments. */
err *eval_field_node(struct tmpl_exec *x, node dot, const struct tree *t,
		     const struct eval_args *args, node *out)
{
	x->at = t;
	if (t->kind == TREE_FIELD) {
		const struct tree_fields *f = (const struct tree_fields *)t;

		return eval_chain(x, dot, dot, t, f->names, f->n, args, out);
	}
	if (t->kind == TREE_VARIABLE)
		return eval_variable(x, dot, (const struct tree_variable *)t, args, out);
	return eval_chain_node(x, dot, (const struct tree_chain *)t, args, out);
}

/* ---- commands ---------------------------------------------------------- */

err *eval_number(struct tmpl_exec *x, const struct tree_number *n, node *out)
{
	x->at = &n->t;
	if (n->ideal.kind == NODE_NONE && (n->is & (TREE_IS_INT | TREE_IS_UINT)))
		return exec_fail(x, "%.*s overflows int", STR_ARG(n->text));
	*out = n->ideal;
	return NULL;
}

err *eval_function(struct tmpl_exec *x, node dot, const struct tree_ident *t,
		   const struct tree *site, const struct eval_args *args, node *out)
{
	x->at = &t->t;
	return eval_call(x, dot, t->func, NODE_NOTHING, site, args, out);
}

static err *eval_value(struct tmpl_exec *x, node dot, const struct tree *t,
		       const struct eval_args *args, node *out)
{
	x->at = t;
	TRY(not_a_function(x, args));
	switch ((enum tree_kind)t->kind) {
	case TREE_BOOL:
		*out = node_from_bool(t->flag);
		return NULL;
	case TREE_DOT:
		*out = dot;
		return NULL;
	case TREE_NIL:
		return exec_fail(x, "nil is not a command");
	case TREE_NUMBER:
		return eval_number(x, (const struct tree_number *)t, out);
	case TREE_STRING:
		*out = ((const struct tree_string *)t)->text;
		return NULL;
	default:
		return exec_fail(x, "can't evaluate command %.*s", STR_ARG(quote_str(x->a, shown(x, t))));
	}
}

static err *eval_command(struct tmpl_exec *x, node dot, const struct tree_command *c,
			 const node *final, node *out)
{
	const struct tree *first = c->args[0];
	const struct eval_args args = { c->args, c->n, final != NULL,
					final ? *final : NODE_NOTHING };

	switch ((enum tree_kind)first->kind) {
	case TREE_FIELD:
	case TREE_CHAIN:
	case TREE_VARIABLE:
		return eval_field_node(x, dot, first, &args, out);
	case TREE_IDENT:
		return eval_function(x, dot, (const struct tree_ident *)first, &c->t, &args, out);
	case TREE_PIPE:
		TRY(not_a_function(x, &args));
		return eval_pipeline(x, dot, (const struct tree_pipe *)first, out);
	default:
		return eval_value(x, dot, first, &args, out);
	}
}

err *eval_pipeline(struct tmpl_exec *x, node dot, const struct tree_pipe *pipe, node *out)
{
	node v = NODE_NOTHING;

	x->at = &pipe->t;
	for (uint32_t i = 0; i < pipe->commands_n; i++) {
		node before = v;

		TRY(eval_command(x, dot, pipe->commands[i], i ? &before : NULL, &v));
		v = value_unwrap(v);
	}
	for (uint32_t i = 0; i < pipe->decls_n; i++) {
		if (pipe->t.flag)
			TRY(eval_set_variable(x, pipe->decls[i], v));
		else
			vec_push(&x->vars, (struct exec_variable){ pipe->decls[i]->id, v });
	}
	*out = v;
	return NULL;
}
