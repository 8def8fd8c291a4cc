#include "tmpl/tree.h"

#include "text/number.h"
#include "text/quote.h"

/* What an error text may hold of a node: Go has no limit, but nobody reads on. */
enum { PRINT_MAX = 1 << 20, PRINT_DEPTH = 2000 };

static void print(struct buf *b, const struct tree *t, int depth);

static void print_names(struct buf *b, const str *names, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		buf_addc(b, '.');
		buf_add(b, names[i]);
	}
}

static void print_variable(struct buf *b, const struct tree_variable *v)
{
	buf_add(b, v->names[0]);
	print_names(b, v->names + 1, v->n - 1);
}

static void print_pipe(struct buf *b, const struct tree_pipe *p, int depth)
{
	for (uint32_t i = 0; i < p->decls_n; i++) {
		if (i)
			buf_add(b, S(", "));
		print_variable(b, p->decls[i]);
	}
	if (p->decls_n)
		buf_add(b, p->t.flag ? S(" = ") : S(" := "));
	for (uint32_t i = 0; i < p->commands_n; i++) {
		if (i)
			buf_add(b, S(" | "));
		print(b, &p->commands[i]->t, depth);
	}
}

static void print_operand(struct buf *b, const struct tree *t, int depth)
{
	bool paren = t->kind == TREE_PIPE;

	if (paren)
		buf_addc(b, '(');
	print(b, t, depth);
	if (paren)
		buf_addc(b, ')');
}

static void print_branch(struct buf *b, const struct tree_branch *r, int depth)
{
	buf_add(b, S("{{"));
	buf_add(b, r->t.kind == TREE_IF      ? S("if ")
		   : r->t.kind == TREE_RANGE ? S("range ")
					     : S("with "));
	print_pipe(b, r->pipe, depth);
	buf_add(b, S("}}"));
	print(b, &r->list->t, depth);
	if (r->otherwise) {
		buf_add(b, S("{{else}}"));
		print(b, &r->otherwise->t, depth);
	}
	buf_add(b, S("{{end}}"));
}

static void print_call(struct buf *b, const struct tree_call *c, int depth)
{
	buf_add(b, S("{{template "));
	quote_add(b, c->name, QUOTE_PRINT);
	if (c->pipe) {
		buf_addc(b, ' ');
		print_pipe(b, c->pipe, depth);
	}
	buf_add(b, S("}}"));
}

static void print_list(struct buf *b, const struct tree *t, int depth)
{
	if (t->kind == TREE_LIST) {
		const struct tree_list *l = (const struct tree_list *)t;

		for (uint32_t i = 0; i < l->n; i++)
			print(b, l->items[i], depth);
		return;
	}
	const struct tree_command *c = (const struct tree_command *)t;

	for (uint32_t i = 0; i < c->n; i++) {
		if (i)
			buf_addc(b, ' ');
		print_operand(b, c->args[i], depth);
	}
}

static void print_leaf(struct buf *b, const struct tree *t)
{
	switch ((enum tree_kind)t->kind) {
	case TREE_TEXT:
		buf_add(b, ((const struct tree_text *)t)->text);
		return;
	case TREE_IDENT:
		buf_add(b, ((const struct tree_ident *)t)->name);
		return;
	case TREE_FIELD:
		print_names(b, ((const struct tree_fields *)t)->names,
			    ((const struct tree_fields *)t)->n);
		return;
	case TREE_VARIABLE:
		print_variable(b, (const struct tree_variable *)t);
		return;
	case TREE_NUMBER:
		buf_add(b, ((const struct tree_number *)t)->text);
		return;
	case TREE_STRING:
		buf_add(b, ((const struct tree_string *)t)->quoted);
		return;
	case TREE_DOT:
		buf_addc(b, '.');
		return;
	case TREE_NIL:
		buf_add(b, S("nil"));
		return;
	case TREE_BOOL:
		buf_add(b, t->flag ? S("true") : S("false"));
		return;
	case TREE_BREAK:
		buf_add(b, S("{{break}}"));
		return;
	case TREE_CONTINUE:
		buf_add(b, S("{{continue}}"));
		return;
	case TREE_ELSE:
		buf_add(b, S("{{else}}"));
		return;
	default:
		buf_add(b, S("{{end}}"));
		return;
	}
}

static void print(struct buf *b, const struct tree *t, int depth)
{
	if (b->full || ++depth > PRINT_DEPTH)
		return;
	switch ((enum tree_kind)t->kind) {
	case TREE_ACTION:
		buf_add(b, S("{{"));
		print_pipe(b, ((const struct tree_action *)t)->pipe, depth);
		buf_add(b, S("}}"));
		return;
	case TREE_IF:
	case TREE_RANGE:
	case TREE_WITH:
		print_branch(b, (const struct tree_branch *)t, depth);
		return;
	case TREE_TEMPLATE:
		print_call(b, (const struct tree_call *)t, depth);
		return;
	case TREE_LIST:
	case TREE_COMMAND:
		print_list(b, t, depth);
		return;
	case TREE_PIPE:
		print_pipe(b, (const struct tree_pipe *)t, depth);
		return;
	case TREE_CHAIN:
		print_operand(b, ((const struct tree_chain *)t)->operand, depth);
		print_names(b, ((const struct tree_chain *)t)->names,
			    ((const struct tree_chain *)t)->n);
		return;
	default:
		print_leaf(b, t);
		return;
	}
}

void tree_print(struct buf *b, const struct tree *t)
{
	CLEANUP(buf_release) struct buf part = BUF_LIMIT(PRINT_MAX);

	print(&part, t, 0);
	buf_add(b, buf_str(&part));
}

void tree_print_place(struct buf *b, const struct tree_template *t, uint32_t pos)
{
	str before = str_sub(t->text, 0, pos);
	size_t newline = str_rfind_char(before, '\n');
	uint64_t line = 1;

	for (size_t i = 0; i < before.n; i++)
		line += before.p[i] == '\n';
	buf_add(b, t->file);
	buf_addc(b, ':');
	number_add_uint(b, line);
	buf_addc(b, ':');
	number_add_uint(b, newline == STR_NPOS ? pos : pos - newline - 1);
}

/* bytes.TrimSpace: Unicode white space, too. */
static bool is_blank_text(str s)
{
	while (s.n) {
		size_t n = 1;

		if (str_starts(s, S("\xc2\x85")) || str_starts(s, S("\xc2\xa0")))
			n = 2;
		else if (str_starts(s, S("\xe1\x9a\x80")) || str_starts(s, S("\xe2\x80\xa8")) ||
			 str_starts(s, S("\xe2\x80\xa9")) || str_starts(s, S("\xe2\x80\xaf")) ||
			 str_starts(s, S("\xe2\x81\x9f")) || str_starts(s, S("\xe3\x80\x80")) ||
			 (str_starts(s, S("\xe2\x80")) && s.n > 2 &&
			  (unsigned char)s.p[2] >= 0x80 && (unsigned char)s.p[2] <= 0x8a))
			n = 3;
		else if (s.p[0] != ' ' && (s.p[0] < '\t' || s.p[0] > '\r'))
			return false;
		s = str_from(s, n);
	}
	return true;
}

bool tree_is_blank(const struct tree_list *list)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (list->items[i]->kind != TREE_TEXT ||
		    !is_blank_text(((const struct tree_text *)list->items[i])->text))
			return false;
	return true;
}
