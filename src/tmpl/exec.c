#include "tmpl/exec_impl.h"

#include <stdarg.h>

#include "base/fmt.h"
#include "text/quote.h"
#include "tmpl/printf.h"

/* Counted as err_code: an error of a running template. */
enum { EXEC_ERROR = 1 };

/* ---- errors ------------------------------------------------------------ */

/* "template: FILE:1:2: executing "NAME" at <CONTEXT>: " */
static void add_place(struct buf *b, const struct tmpl_exec *x)
{
	buf_add(b, S("template: "));
	if (!x->at) {
		buf_add(b, x->tmpl->name);
		buf_add(b, S(": "));
		return;
	}
	tree_print_place(b, x->tmpl, x->at->pos);
	buf_add(b, S(": executing "));
	quote_add(b, x->tmpl->name, QUOTE_PRINT);
	buf_add(b, S(" at <"));
	tree_print(b, x->at);
	buf_add(b, S(">: "));
}

err *exec_fail(struct tmpl_exec *x, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	va_list ap;

	add_place(&b, x);
	va_start(ap, fmt);
	fmt_add(&b, fmt, ap);
	va_end(ap);
	err *e = err_new(ERR_INVALID, "%.*s", STR_ARG(buf_str(&b)));

	err_set_code(e, EXEC_ERROR);
	return e;
}

err *exec_fail_call(struct tmpl_exec *x, str name, err *cause)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	add_place(&b, x);
	err *e = err_replace(cause, "%.*serror calling %.*s: %.*s", STR_ARG(buf_str(&b)),
			     STR_ARG(name), STR_ARG(err_text(cause)));

	err_set_code(e, EXEC_ERROR);
	return e;
}

bool tmpl_is_exec_error(const err *e)
{
	return err_code(e) == EXEC_ERROR;
}

err *exec_step_slow(struct tmpl_exec *x)
{
	if (x->steps > x->o->limits.steps)
		return exec_fail(x, "template needs more than %llu steps",
				 (unsigned long long)x->o->limits.steps);
	if (x->out->full)
		return exec_fail(x, "output is larger than %zu bytes", x->out->max);
	return exec_fail(x, "template needs more than %zu bytes of memory", x->a->budget);
}

err *exec_check_stack(struct tmpl_exec *x)
{
	const char *here = __builtin_frame_address(0);
	size_t used = here < x->stack ? (size_t)(x->stack - here) : (size_t)(here - x->stack);

	if (used <= x->o->limits.stack)
		return NULL;
	return exec_fail(x, "exceeded maximum template depth (%u)", x->depth);
}

/* ---- walking ----------------------------------------------------------- */

static err *walk(struct tmpl_exec *x, node dot, const struct tree *t);

static err *walk_list(struct tmpl_exec *x, node dot, const struct tree_list *list)
{
	x->at = &list->t;
	for (uint32_t i = 0; i < list->n; i++) {
		TRY(walk(x, dot, list->items[i]));
		if (x->flow != FLOW_ON)
			return NULL;
	}
	return NULL;
}

static void trace_here(struct tmpl_exec *x, enum trace_kind kind, uint32_t pos)
{
	trace_add(&x->trace, (struct trace_note){ .kind = (uint8_t)kind,
						  .at = (uint32_t)x->out->n,
						  .pos = pos,
						  .tmpl = x->tmpl });
}

static err *walk_text(struct tmpl_exec *x, const struct tree_text *t)
{
	trace_here(x, TRACE_TEXT, (uint32_t)(t->text.p - x->tmpl->text.p));
	buf_add(x->out, t->text);
	return NULL;
}

static err *walk_action(struct tmpl_exec *x, node dot, const struct tree_action *a)
{
	node v;

	trace_here(x, TRACE_ACTION, a->t.pos);
	TRY(eval_pipeline(x, dot, a->pipe, &v));
	if (a->pipe->decls_n)
		return NULL;
	x->at = &a->t;
	printf_action(x->out, v);
	return NULL;
}

static err *walk_branch(struct tmpl_exec *x, node dot, const struct tree_branch *b)
{
	size_t mark = x->vars.n;
	err *e = NULL;
	node v;

	TRY(eval_pipeline(x, dot, b->pipe, &v));
	if (value_true(v))
		e = walk_list(x, b->t.kind == TREE_WITH ? v : dot, b->list);
	else if (b->otherwise)
		e = walk_list(x, dot, b->otherwise);
	x->vars.n = mark;
	return e;
}

/* ---- range ------------------------------------------------------------- */

/* With one variable it gets the element, with two the first gets the index. */
static err *set_range_variables(struct tmpl_exec *x, const struct tree_pipe *p, node index,
				node elem)
{
	struct exec_variable *top = x->vars.p + x->vars.n;

	if (!p->decls_n)
		return NULL;
	if (!p->t.flag) {
		top[-1].value = elem;
		if (p->decls_n > 1)
			top[-2].value = index;
		return NULL;
	}
	if (p->decls_n == 1)
		return eval_set_variable(x, p->decls[0], elem);
	TRY(eval_set_variable(x, p->decls[0], index));
	return eval_set_variable(x, p->decls[1], elem);
}

static err *iterate(struct tmpl_exec *x, const struct tree_branch *r, node index, node elem)
{
	size_t mark = x->vars.n;

	TRY(exec_step(x));
	TRY(set_range_variables(x, r->pipe, index, elem));
	TRY(walk_list(x, elem, r->list));
	x->vars.n = mark;
	if (x->flow == FLOW_CONTINUE)
		x->flow = FLOW_ON;
	return NULL;
}

static err *range_int(struct tmpl_exec *x, const struct tree_branch *r, node v)
{
	int64_t n = v.kind == NODE_UINT ? INT64_MAX : v.i;

	for (int64_t i = 0; i < n && x->flow == FLOW_ON; i++)
		TRY(iterate(x, r, NODE_NOTHING, value_typed_int(i, v.type)));
	return NULL;
}

static err *range_list(struct tmpl_exec *x, const struct tree_branch *r, node v)
{
	int64_t n = value_len(v);

	for (int64_t i = 0; i < n && x->flow == FLOW_ON; i++)
		TRY(iterate(x, r, value_int(i), value_item(v, (size_t)i)));
	return NULL;
}

static err *range_map(struct tmpl_exec *x, const struct tree_branch *r, node v)
{
	size_t n = node_len(v);
	const struct node_pair *pairs = value_sorted(x->a, v);
	bool iface = value_is_dict(v);

	for (size_t i = 0; i < n && x->flow == FLOW_ON; i++)
		TRY(iterate(x, r, pairs[i].key,
			    iface ? value_iface(pairs[i].value) : pairs[i].value));
	return NULL;
}

static err *cannot_range(struct tmpl_exec *x, const char *before, node v, const char *after)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(1 << 20);

	printf_pointee(&b, v);
	return exec_fail(x, "%s%.*s%s", before, STR_ARG(buf_str(&b)), after);
}

static err *walk_elements(struct tmpl_exec *x, node dot, const struct tree_branch *r, node v)
{
	if (value_is_int(v)) {
		if (r->pipe->decls_n > 1)
			return cannot_range(x, "can't use ", v,
					    " to iterate over more than one variable");
		if (v.kind == NODE_UINT || v.i > 0)
			return range_int(x, r, v);
	} else if (v.kind == NODE_SEQ || value_is_bytes(v)) {
		if (value_len(v))
			return range_list(x, r, v);
	} else if (v.kind == NODE_MAP) {
		if (node_len(v))
			return range_map(x, r, v);
	} else if (v.kind != NODE_NONE) {
		return cannot_range(x, "range can't iterate over ", v, "");
	}
	return r->otherwise ? walk_list(x, dot, r->otherwise) : NULL;
}

static err *walk_range(struct tmpl_exec *x, node dot, const struct tree_branch *r)
{
	size_t mark = x->vars.n;
	node v;

	TRY(eval_pipeline(x, dot, r->pipe, &v));
	TRY(walk_elements(x, dot, r, v));
	if (x->flow == FLOW_BREAK)
		x->flow = FLOW_ON;
	x->vars.n = mark;
	return NULL;
}

/* ---- templates --------------------------------------------------------- */

err *exec_template(struct tmpl_exec *x, const struct tree_template *t, node data)
{
	const struct tree_template *tmpl = x->tmpl;
	const struct tree *at = x->at;
	size_t frame = x->frame, mark = x->vars.n;

	TRY(exec_check_stack(x));
	x->tmpl = t;
	x->frame = x->vars.n;
	x->depth++;
	vec_push(&x->vars, (struct exec_variable){ 0, data });
	TRY(walk_list(x, data, t->root));
	x->tmpl = tmpl;
	x->at = at;
	x->frame = frame;
	x->vars.n = mark;
	x->depth--;
	return NULL;
}

err *exec_to_text(struct tmpl_exec *x, const struct tree_template *t, node data, bool included,
		  str *out)
{
	size_t start = x->out->n, notes = trace_begin(&x->trace);
	const struct tree_template *tmpl = x->tmpl;
	const struct tree *at = x->at;
	size_t frame = x->frame, mark = x->vars.n;
	uint32_t depth = x->depth;

	err *e = exec_template(x, t, data);

	if (e) { /* the caller's place goes before it */
		x->tmpl = tmpl;
		x->at = at;
		x->frame = frame;
		x->vars.n = mark;
		x->depth = depth;
		return e;
	}
	*out = arena_str(x->a, str_from(buf_str(x->out), start));
	trace_end(&x->trace, notes, (uint32_t)start, included ? *out : STR_NONE);
	if (!x->out->full)
		buf_trim(x->out, start);
	return NULL;
}

static err *walk_template(struct tmpl_exec *x, node dot, const struct tree_call *c)
{
	const struct tree_template *t = tmpl_set_find(x->set, c->name);
	node data = NODE_NOTHING;

	if (!t) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		quote_add(&b, c->name, QUOTE_PRINT);
		return exec_fail(x, "template %.*s not defined", STR_ARG(buf_str(&b)));
	}
	TRY(exec_check_stack(x));
	if (c->pipe)
		TRY(eval_pipeline(x, dot, c->pipe, &data));
	x->at = &c->t;	/* too deep is the call, not its argument */
	return exec_template(x, t, data);
}

static err *walk(struct tmpl_exec *x, node dot, const struct tree *t)
{
	x->at = t;
	TRY(exec_step(x));
	switch ((enum tree_kind)t->kind) {
	case TREE_TEXT:
		return walk_text(x, (const struct tree_text *)t);
	case TREE_ACTION:
		return walk_action(x, dot, (const struct tree_action *)t);
	case TREE_IF:
	case TREE_WITH:
		return walk_branch(x, dot, (const struct tree_branch *)t);
	case TREE_RANGE:
		return walk_range(x, dot, (const struct tree_branch *)t);
	case TREE_TEMPLATE:
		return walk_template(x, dot, (const struct tree_call *)t);
	case TREE_BREAK:
		x->flow = FLOW_BREAK;
		return NULL;
	case TREE_CONTINUE:
		x->flow = FLOW_CONTINUE;
		return NULL;
	default:
		die_bug("tree of kind %d in a list", t->kind);
	}
}

/* ---- from outside ------------------------------------------------------ */

struct tmpl_exec *tmpl_exec_new(struct arena *a, const struct tmpl_set *set,
				const struct tmpl_options *o)
{
	struct tmpl_exec *x = mem_calloc(1, sizeof *x);

	x->a = a;
	x->set = set;
	x->o = o;
	x->scratch.max = o->limits.text;
	x->included = node_map(a, 0);
	x->parsed = node_map(a, 0);
	x->regexes = node_map(a, 0);
	return x;
}

void tmpl_exec_free(struct tmpl_exec *x)
{
	if (!x)
		return;
	buf_release(&x->scratch);
	vec_release(&x->trace.notes);
	vec_release(&x->vars);
	free(x);
}

err *tmpl_exec_run(struct tmpl_exec *x, str name, node data, struct buf *out)
{
	const struct tree_template *t = tmpl_set_find(x->set, name);

	if (!t)
		return tmpl_set_missing(name);
	x->trace.notes.n = 0;
	x->trace.full = false;
	x->out = out;
	x->tmpl = t;
	x->at = NULL;
	x->vars.n = x->frame = x->depth = 0;
	x->flow = FLOW_ON;
	x->stack = __builtin_frame_address(0);
	err *e = exec_template(x, t, data);

	if (!e && out->full)
		e = exec_step_slow(x);
	return e;
}

const struct trace *tmpl_exec_trace(struct tmpl_exec *x, str output, str gone)
{
	return trace_finish(x->a, &x->trace, output, gone);
}
