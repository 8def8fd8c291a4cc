#include <stdarg.h>

#include "base/fmt.h"
#include "base/utf8.h"
#include "text/quote.h"
#include "tmpl/fn.h"
#include "tmpl/literal.h"
#include "tmpl/parse_impl.h"

/* Nested parentheses. Go allows 10,000; the stack here is smaller, and no
 * template written by hand comes near. */
enum { PAREN_MAX = 1000 };

/* Variables of one definition: they are searched from end to end. */
enum { VARIABLES_MAX = 10000 };

/* ---- tokens ------------------------------------------------------------ */

struct lex_token parse_next(struct parser *p)
{
	if (p->peeked)
		p->peeked--;
	else
		p->token[0] = lex_next(&p->s->lex);
	return p->token[p->peeked];
}

void parse_backup(struct parser *p)
{
	p->peeked++;
}

/* token[0] is there already. */
void parse_backup2(struct parser *p, struct lex_token t1)
{
	p->token[1] = t1;
	p->peeked = 2;
}

static void backup3(struct parser *p, struct lex_token t2, struct lex_token t1)
{
	p->token[1] = t1;
	p->token[2] = t2;
	p->peeked = 3;
}

struct lex_token parse_peek(struct parser *p)
{
	if (p->peeked)
		return p->token[p->peeked - 1];
	p->peeked = 1;
	p->token[0] = lex_next(&p->s->lex);
	return p->token[0];
}

struct lex_token parse_next_word(struct parser *p)
{
	struct lex_token t;

	do
		t = parse_next(p);
	while (t.type == LEX_SPACE);
	return t;
}

struct lex_token parse_peek_word(struct parser *p)
{
	struct lex_token t = parse_next_word(p);

	parse_backup(p);
	return t;
}

/* ---- errors ------------------------------------------------------------ */

err *parse_fail(struct parser *p, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fmt_add(&b, fmt, ap);
	va_end(ap);
	return err_new(ERR_INVALID, "template: %.*s:%u: %.*s", STR_ARG(p->s->name),
		       p->token[0].line, STR_ARG(buf_str(&b)));
}

str parse_quoted(struct parser *p, str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, s, QUOTE_PRINT);
	return arena_str(p->s->a, buf_str(&b));
}

err *parse_unexpected(struct parser *p, struct lex_token t, const char *context)
{
	str shown = lex_show(p->s->a, t), extra = STR_NONE;

	if (t.type != LEX_ERROR)
		return parse_fail(p, "unexpected %.*s in %s", STR_ARG(shown), context);
	if (p->action_line && p->action_line != t.line) {
		extra = arena_printf(p->s->a, " in action started at %.*s:%u", STR_ARG(p->s->name),
				     p->action_line);
		if (str_ends(t.text, S(" action")))
			extra = str_from(extra, strlen(" in action"));
	}
	return parse_fail(p, "%.*s%.*s", STR_ARG(shown), STR_ARG(extra));
}

err *parse_expect(struct parser *p, enum lex_type type, const char *context)
{
	struct lex_token t = parse_next_word(p);

	return t.type == type ? NULL : parse_unexpected(p, t, context);
}

/* ---- nodes ------------------------------------------------------------- */

void *parse_make(struct parser *p, size_t size, enum tree_kind kind, uint32_t pos)
{
	struct tree *t = arena_zero(p->s->a, 1, size);

	t->kind = (uint8_t)kind;
	t->pos = pos;
	return t;
}

void parse_add_part(struct parser *p, const struct tree *t)
{
	vec_push(&p->s->parts, t);
}

/* The parts since the mark, as an array in the arena. */
const struct tree **parse_take_parts(struct parser *p, size_t mark, uint32_t *n)
{
	size_t count = p->s->parts.n - mark;
	const struct tree **items = arena_alloc(p->s->a, count * sizeof(*items));

	if (count)
		memcpy(items, p->s->parts.p + mark, count * sizeof(*items));
	p->s->parts.n = mark;
	*n = (uint32_t)count;
	return items;
}

static uint32_t variable_id(struct parser *p, str name)
{
	const node *id = node_find(p->s->variables, name);

	if (id)
		return (uint32_t)id->i;
	uint32_t made = (uint32_t)node_len(p->s->variables);

	node_set(p->s->a, p->s->variables, name, node_from_int(made));
	return made;
}

static struct tree_variable *make_variable(struct parser *p, struct lex_token t)
{
	struct tree_variable *v = MAKE(p, struct tree_variable, TREE_VARIABLE, t.pos);

	v->id = variable_id(p, t.text);
	v->n = 1;
	v->names = arena_array(p->s->a, str, 1);
	v->names[0] = t.text;
	return v;
}

static bool is_declared(const struct parser *p, uint32_t id)
{
	for (size_t i = 0; i < p->scope.n; i++)
		if (p->scope.p[i] == id)
			return true;
	return false;
}

/* ---- operands ---------------------------------------------------------- */

static err *parse_parens(struct parser *p, const struct tree **out)
{
	const struct tree_pipe *pipe;

	if (p->parens >= PAREN_MAX)
		return parse_fail(p, "max expression depth exceeded");
	p->parens++;
	TRY(parse_pipeline(p, "parenthesized pipeline", LEX_RIGHT_PAREN, &pipe));
	p->parens--;
	*out = &pipe->t;
	return NULL;
}

static err *parse_ident(struct parser *p, struct lex_token t, const struct tree **out)
{
	const struct tmpl_func *f = tmpl_func_find(t.text);

	if (!f)
		return parse_fail(p, "function %.*s not defined", STR_ARG(parse_quoted(p, t.text)));
	struct tree_ident *n = MAKE(p, struct tree_ident, TREE_IDENT, t.pos);

	n->name = t.text;
	n->func = f;
	*out = &n->t;
	return NULL;
}

static err *parse_number(struct parser *p, struct lex_token t, const struct tree **out)
{
	struct tree_number *n = MAKE(p, struct tree_number, TREE_NUMBER, t.pos);
	err *e = literal_number(p->s->a, t, n);

	if (e) {
		err *f = parse_fail(p, "%.*s", STR_ARG(err_text(e)));

		err_free(e);
		return f;
	}
	*out = &n->t;
	return NULL;
}

err *parse_unquote(struct parser *p, str literal, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str inner = str_sub(literal, 1, literal.n - 1);

	/* Nearly all have no escapes and can be borrowed. */
	if (str_find_char(inner, literal.p[0] == '"' ? '\\' : '\r') == STR_NPOS &&
	    utf8_valid(inner)) {
		*out = inner;
		return NULL;
	}
	err *e = quote_unquote(&b, literal);

	if (e) {
		err_free(e);
		return parse_fail(p, "invalid syntax");
	}
	*out = arena_str(p->s->a, buf_str(&b));
	return NULL;
}

static err *parse_string(struct parser *p, struct lex_token t, const struct tree **out)
{
	struct tree_string *n = MAKE(p, struct tree_string, TREE_STRING, t.pos);
	str text;

	TRY(parse_unquote(p, t.text, &text));
	n->quoted = t.text;
	n->text = node_from_str(p->s->a, text);
	*out = &n->t;
	return NULL;
}

static err *parse_variable(struct parser *p, struct lex_token t, const struct tree **out)
{
	struct tree_variable *v = make_variable(p, t);

	if (!is_declared(p, v->id))
		return parse_fail(p, "undefined variable %.*s", STR_ARG(parse_quoted(p, t.text)));
	*out = &v->t;
	return NULL;
}

static const struct tree *make_field(struct parser *p, struct lex_token t)
{
	struct tree_fields *f = MAKE(p, struct tree_fields, TREE_FIELD, t.pos);

	f->n = 1;
	f->names = arena_array(p->s->a, str, 1);
	f->names[0] = str_from(t.text, 1);
	return &f->t;
}

const struct tree *parse_make_plain(struct parser *p, enum tree_kind kind, struct lex_token t)
{
	struct tree *n = MAKE(p, struct tree, kind, t.pos);

	n->flag = kind == TREE_BOOL && str_eq(t.text, S("true"));
	return n;
}

/* `out` is NULL when the next token begins no term. */
static err *parse_term(struct parser *p, const struct tree **out)
{
	struct lex_token t = parse_next_word(p);

	switch (t.type) {
	case LEX_IDENT:
		return parse_ident(p, t, out);
	case LEX_DOT:
		*out = parse_make_plain(p, TREE_DOT, t);
		return NULL;
	case LEX_NIL:
		*out = parse_make_plain(p, TREE_NIL, t);
		return NULL;
	case LEX_VARIABLE:
		return parse_variable(p, t, out);
	case LEX_FIELD:
		*out = make_field(p, t);
		return NULL;
	case LEX_BOOL:
		*out = parse_make_plain(p, TREE_BOOL, t);
		return NULL;
	case LEX_RUNE:
	case LEX_COMPLEX:
	case LEX_NUMBER:
		return parse_number(p, t, out);
	case LEX_LEFT_PAREN:
		return parse_parens(p, out);
	case LEX_STRING:
	case LEX_RAW_STRING:
		return parse_string(p, t, out);
	default:
		parse_backup(p);
		*out = NULL;
		return NULL;
	}
}

/* Names of the fields that follow, the ones in `before` first. */
static str *take_fields(struct parser *p, const str *before, uint32_t before_n, uint32_t *n)
{
	VEC(str) names = { 0 };

	for (uint32_t i = 0; i < before_n; i++)
		vec_push(&names, before[i]);
	while (parse_peek(p).type == LEX_FIELD)
		vec_push(&names, str_from(parse_next(p).text, 1));
	str *kept = arena_array(p->s->a, str, names.n);

	memcpy(kept, names.p, names.n * sizeof *kept);
	*n = (uint32_t)names.n;
	vec_release(&names);
	return kept;
}

/* A term and the fields behind it. Go's position for such a chain is that of
 * the first field that follows the term, and error texts show it. */
static err *parse_operand(struct parser *p, const struct tree **out)
{
	const struct tree *term = NULL;

	TRY(parse_term(p, &term));
	*out = term;
	if (!term || parse_peek(p).type != LEX_FIELD)
		return NULL;
	uint32_t pos = parse_peek(p).pos;

	switch ((enum tree_kind)term->kind) {
	case TREE_FIELD: {
		const struct tree_fields *one = (const struct tree_fields *)term;
		struct tree_fields *f = MAKE(p, struct tree_fields, TREE_FIELD, pos);

		f->names = take_fields(p, one->names, one->n, &f->n);
		*out = &f->t;
		return NULL;
	}
	case TREE_VARIABLE: {
		const struct tree_variable *one = (const struct tree_variable *)term;
		struct tree_variable *v = MAKE(p, struct tree_variable, TREE_VARIABLE, pos);

		v->id = one->id;
		v->names = take_fields(p, one->names, one->n, &v->n);
		*out = &v->t;
		return NULL;
	}
	case TREE_BOOL:
	case TREE_STRING:
	case TREE_NUMBER:
	case TREE_NIL:
	case TREE_DOT: {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		uint32_t n;

		take_fields(p, NULL, 0, &n);
		tree_print(&b, term);
		return parse_fail(p, "unexpected . after term %.*s",
				  STR_ARG(parse_quoted(p, buf_str(&b))));
	}
	default: {
		struct tree_chain *c = MAKE(p, struct tree_chain, TREE_CHAIN, pos);

		c->operand = term;
		c->names = take_fields(p, NULL, 0, &c->n);
		*out = &c->t;
		return NULL;
	}
	}
}

/* ---- pipelines --------------------------------------------------------- */

static err *parse_args(struct parser *p)
{
	bool any = false;

	for (;;) {
		const struct tree *operand;

		parse_peek_word(p);
		TRY(parse_operand(p, &operand));
		if (operand) {
			parse_add_part(p, operand);
			any = true;
		}
		struct lex_token t = parse_next(p);

		if (t.type == LEX_SPACE)
			continue;
		if (t.type == LEX_RIGHT_DELIM || t.type == LEX_RIGHT_PAREN)
			parse_backup(p);
		else if (t.type != LEX_PIPE)
			return parse_unexpected(p, t, "operand");
		return any ? NULL : parse_fail(p, "empty command");
	}
}

static err *parse_command(struct parser *p, const struct tree **out)
{
	struct tree_command *c = MAKE(p, struct tree_command, TREE_COMMAND, parse_peek_word(p).pos);
	size_t mark = p->s->parts.n;

	TRY(parse_args(p));
	c->args = parse_take_parts(p, mark, &c->n);
	*out = &c->t;
	return NULL;
}

static err *declare(struct parser *p, struct tree_pipe *pipe, struct lex_token v)
{
	struct tree_variable *n = make_variable(p, v);

	if (p->scope.n >= VARIABLES_MAX)
		return parse_fail(p, "more than %d variables", VARIABLES_MAX);
	if (pipe->decls_n < 2)
		pipe->decls[pipe->decls_n++] = n;
	vec_push(&p->scope, n->id);
	return NULL;
}

/* "$x :=", "$x =", "$i, $x :=" if they are there. A variable that is neither
 * is put back. */
static err *parse_decls(struct parser *p, struct tree_pipe *pipe, const char *context)
{
	for (;;) {
		struct lex_token v = parse_peek_word(p);

		if (v.type != LEX_VARIABLE)
			return NULL;
		parse_next(p);
		struct lex_token after = parse_peek(p), word = parse_peek_word(p);

		if (word.type == LEX_ASSIGN || word.type == LEX_DECLARE) {
			pipe->t.flag = word.type == LEX_ASSIGN;
			parse_next_word(p);
			return declare(p, pipe, v);
		}
		if (word.type != LEX_CHAR || !str_eq(word.text, S(","))) {
			if (after.type == LEX_SPACE)
				backup3(p, v, after);
			else
				parse_backup2(p, v);
			return NULL;
		}
		parse_next_word(p);
		TRY(declare(p, pipe, v));
		if (strcmp(context, "range") || pipe->decls_n >= 2)
			return parse_fail(p, "too many declarations in %s", context);
		enum lex_type type = parse_peek_word(p).type;

		if (type != LEX_VARIABLE && type != LEX_RIGHT_DELIM && type != LEX_RIGHT_PAREN)
			return parse_fail(p, "range can only initialize variables");
	}
}

/* Only the first command of a pipeline may be a value. */
static err *check_pipeline(struct parser *p, const struct tree_pipe *pipe, const char *context)
{
	if (!pipe->commands_n)
		return parse_fail(p, "missing value for %s", context);
	for (uint32_t i = 1; i < pipe->commands_n; i++)
		switch ((enum tree_kind)pipe->commands[i]->args[0]->kind) {
		case TREE_BOOL:
		case TREE_DOT:
		case TREE_NIL:
		case TREE_NUMBER:
		case TREE_STRING:
			return parse_fail(p, "non executable command in pipeline stage %u", i + 1);
		default:
			break;
		}
	return NULL;
}

static bool begins_command(enum lex_type type)
{
	switch (type) {
	case LEX_BOOL:
	case LEX_RUNE:
	case LEX_COMPLEX:
	case LEX_DOT:
	case LEX_FIELD:
	case LEX_IDENT:
	case LEX_NUMBER:
	case LEX_NIL:
	case LEX_RAW_STRING:
	case LEX_STRING:
	case LEX_VARIABLE:
	case LEX_LEFT_PAREN:
		return true;
	default:
		return false;
	}
}

static err *parse_commands(struct parser *p, const char *context, enum lex_type end)
{
	for (;;) {
		struct lex_token t = parse_next_word(p);
		const struct tree *command;

		if (t.type == end)
			return NULL;
		if (!begins_command(t.type))
			return parse_unexpected(p, t, context);
		parse_backup(p);
		TRY(parse_command(p, &command));
		parse_add_part(p, command);
	}
}

err *parse_pipeline(struct parser *p, const char *context, enum lex_type end,
		    const struct tree_pipe **out)
{
	struct tree_pipe *pipe = MAKE(p, struct tree_pipe, TREE_PIPE, parse_peek_word(p).pos);
	size_t mark = p->s->parts.n;

	TRY(parse_decls(p, pipe, context));
	TRY(parse_commands(p, context, end));
	const struct tree **commands = parse_take_parts(p, mark, &pipe->commands_n);

	pipe->commands = (const struct tree_command **)(uintptr_t)commands;
	*out = pipe;
	return check_pipeline(p, pipe, context);
}
