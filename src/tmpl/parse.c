#include "tmpl/parse.h"

#include <stdarg.h>

#include "base/fmt.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "text/quote.h"
#include "tmpl/fn.h"
#include "tmpl/lex.h"
#include "tmpl/literal.h"

/* Nested parentheses and nested control actions. Go allows 10,000 of the
 * first and any number of the second; the stack here is smaller, and no
 * template written by hand comes near. */
enum { PAREN_MAX = 1000, CONTROL_MAX = 1000 };

/* Variables of one definition: they are searched from end to end. */
enum { VARIABLES_MAX = 10000 };

typedef VEC(const struct tree *) trees;

/* What all definitions of one text share. */
struct source {
	struct arena *a;
	str name, text;
	struct lexer lex;
	node variables; /* name -> id */
	VEC(const struct tree_template *) made;
	node made_at; /* name -> index in `made` */
	int controls;
};

/* One definition being parsed. Three tokens of look-ahead. */
struct parser {
	struct source *s;
	str name;
	struct lex_token token[3];
	int peeked;
	VEC(uint32_t) scope;  /* ids of the variables declared at this point */
	uint32_t action_line; /* where the current action began; 0: none */
	int ranges, parens;
};

/* ---- tokens ------------------------------------------------------------ */

static struct lex_token next(struct parser *p)
{
	if (p->peeked)
		p->peeked--;
	else
		p->token[0] = lex_next(&p->s->lex);
	return p->token[p->peeked];
}

static void backup(struct parser *p)
{
	p->peeked++;
}

/* token[0] is there already. */
static void backup2(struct parser *p, struct lex_token t1)
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

static struct lex_token peek(struct parser *p)
{
	if (p->peeked)
		return p->token[p->peeked - 1];
	p->peeked = 1;
	p->token[0] = lex_next(&p->s->lex);
	return p->token[0];
}

static struct lex_token next_word(struct parser *p)
{
	struct lex_token t;

	do
		t = next(p);
	while (t.type == LEX_SPACE);
	return t;
}

static struct lex_token peek_word(struct parser *p)
{
	struct lex_token t = next_word(p);

	backup(p);
	return t;
}

/* ---- errors ------------------------------------------------------------ */

static err *fail(struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static err *fail(struct parser *p, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fmt_add(&b, fmt, ap);
	va_end(ap);
	return err_new(ERR_INVALID, "template: %.*s:%u: %.*s", STR_ARG(p->s->name),
		       p->token[0].line, STR_ARG(buf_str(&b)));
}

static str quoted(struct parser *p, str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, s, QUOTE_PRINT);
	return arena_str(p->s->a, buf_str(&b));
}

static err *unexpected(struct parser *p, struct lex_token t, const char *context)
{
	str shown = lex_show(p->s->a, t), extra = STR_NONE;

	if (t.type != LEX_ERROR)
		return fail(p, "unexpected %.*s in %s", STR_ARG(shown), context);
	if (p->action_line && p->action_line != t.line) {
		extra = arena_printf(p->s->a, " in action started at %.*s:%u", STR_ARG(p->s->name),
				     p->action_line);
		if (str_ends(t.text, S(" action")))
			extra = str_from(extra, strlen(" in action"));
	}
	return fail(p, "%.*s%.*s", STR_ARG(shown), STR_ARG(extra));
}

static err *expect(struct parser *p, enum lex_type type, const char *context)
{
	struct lex_token t = next_word(p);

	return t.type == type ? NULL : unexpected(p, t, context);
}

/* ---- nodes ------------------------------------------------------------- */

#define MAKE(p, type, kind, pos) ((type *)make((p), sizeof(type), (kind), (pos)))

static void *make(struct parser *p, size_t size, enum tree_kind kind, uint32_t pos)
{
	struct tree *t = arena_zero(p->s->a, 1, size);

	t->kind = (uint8_t)kind;
	t->pos = pos;
	return t;
}

static const struct tree **keep(struct parser *p, const trees *v)
{
	const struct tree **items = arena_alloc(p->s->a, v->n * sizeof(*items));

	if (v->n)
		memcpy(items, v->p, v->n * sizeof(*items));
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

static err *parse_pipeline(struct parser *p, const char *context, enum lex_type end,
			   const struct tree_pipe **out) __attribute__((warn_unused_result));

static err *parse_parens(struct parser *p, const struct tree **out)
{
	const struct tree_pipe *pipe;

	if (p->parens >= PAREN_MAX)
		return fail(p, "max expression depth exceeded");
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
		return fail(p, "function %.*s not defined", STR_ARG(quoted(p, t.text)));
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
		err *f = fail(p, "%.*s", STR_ARG(err_text(e)));

		err_free(e);
		return f;
	}
	*out = &n->t;
	return NULL;
}

static err *unquote(struct parser *p, str literal, str *out)
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
		return fail(p, "invalid syntax");
	}
	*out = arena_str(p->s->a, buf_str(&b));
	return NULL;
}

static err *parse_string(struct parser *p, struct lex_token t, const struct tree **out)
{
	struct tree_string *n = MAKE(p, struct tree_string, TREE_STRING, t.pos);
	str text;

	TRY(unquote(p, t.text, &text));
	n->quoted = t.text;
	n->text = node_from_str(p->s->a, text);
	*out = &n->t;
	return NULL;
}

static err *parse_variable(struct parser *p, struct lex_token t, const struct tree **out)
{
	struct tree_variable *v = make_variable(p, t);

	if (!is_declared(p, v->id))
		return fail(p, "undefined variable %.*s", STR_ARG(quoted(p, t.text)));
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

static const struct tree *make_plain(struct parser *p, enum tree_kind kind, struct lex_token t)
{
	struct tree *n = MAKE(p, struct tree, kind, t.pos);

	n->flag = kind == TREE_BOOL && str_eq(t.text, S("true"));
	return n;
}

/* `out` is NULL when the next token begins no term. */
static err *parse_term(struct parser *p, const struct tree **out)
{
	struct lex_token t = next_word(p);

	switch (t.type) {
	case LEX_IDENT:
		return parse_ident(p, t, out);
	case LEX_DOT:
		*out = make_plain(p, TREE_DOT, t);
		return NULL;
	case LEX_NIL:
		*out = make_plain(p, TREE_NIL, t);
		return NULL;
	case LEX_VARIABLE:
		return parse_variable(p, t, out);
	case LEX_FIELD:
		*out = make_field(p, t);
		return NULL;
	case LEX_BOOL:
		*out = make_plain(p, TREE_BOOL, t);
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
		backup(p);
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
	while (peek(p).type == LEX_FIELD)
		vec_push(&names, str_from(next(p).text, 1));
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
	if (!term || peek(p).type != LEX_FIELD)
		return NULL;
	uint32_t pos = peek(p).pos;

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
		return fail(p, "unexpected . after term %.*s", STR_ARG(quoted(p, buf_str(&b))));
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

static err *parse_args(struct parser *p, trees *args)
{
	for (;;) {
		const struct tree *operand;

		peek_word(p);
		TRY(parse_operand(p, &operand));
		if (operand)
			vec_push(args, operand);
		struct lex_token t = next(p);

		if (t.type == LEX_SPACE)
			continue;
		if (t.type == LEX_RIGHT_DELIM || t.type == LEX_RIGHT_PAREN)
			backup(p);
		else if (t.type != LEX_PIPE)
			return unexpected(p, t, "operand");
		return args->n ? NULL : fail(p, "empty command");
	}
}

static err *parse_command(struct parser *p, const struct tree **out)
{
	struct tree_command *c = MAKE(p, struct tree_command, TREE_COMMAND, peek_word(p).pos);
	trees args = { 0 };
	err *e = parse_args(p, &args);

	c->n = (uint32_t)args.n;
	c->args = keep(p, &args);
	vec_release(&args);
	*out = &c->t;
	return e;
}

static err *declare(struct parser *p, struct tree_pipe *pipe, struct lex_token v)
{
	struct tree_variable *n = make_variable(p, v);

	if (p->scope.n >= VARIABLES_MAX)
		return fail(p, "more than %d variables", VARIABLES_MAX);
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
		struct lex_token v = peek_word(p);

		if (v.type != LEX_VARIABLE)
			return NULL;
		next(p);
		struct lex_token after = peek(p), word = peek_word(p);

		if (word.type == LEX_ASSIGN || word.type == LEX_DECLARE) {
			pipe->t.flag = word.type == LEX_ASSIGN;
			next_word(p);
			return declare(p, pipe, v);
		}
		if (word.type != LEX_CHAR || !str_eq(word.text, S(","))) {
			if (after.type == LEX_SPACE)
				backup3(p, v, after);
			else
				backup2(p, v);
			return NULL;
		}
		next_word(p);
		TRY(declare(p, pipe, v));
		if (strcmp(context, "range") || pipe->decls_n >= 2)
			return fail(p, "too many declarations in %s", context);
		enum lex_type type = peek_word(p).type;

		if (type != LEX_VARIABLE && type != LEX_RIGHT_DELIM && type != LEX_RIGHT_PAREN)
			return fail(p, "range can only initialize variables");
	}
}

/* Only the first command of a pipeline may be a value. */
static err *check_pipeline(struct parser *p, const struct tree_pipe *pipe, const char *context)
{
	if (!pipe->commands_n)
		return fail(p, "missing value for %s", context);
	for (uint32_t i = 1; i < pipe->commands_n; i++)
		switch ((enum tree_kind)pipe->commands[i]->args[0]->kind) {
		case TREE_BOOL:
		case TREE_DOT:
		case TREE_NIL:
		case TREE_NUMBER:
		case TREE_STRING:
			return fail(p, "non executable command in pipeline stage %u", i + 1);
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

static err *parse_commands(struct parser *p, const char *context, enum lex_type end,
			   trees *commands)
{
	for (;;) {
		struct lex_token t = next_word(p);
		const struct tree *command;

		if (t.type == end)
			return NULL;
		if (!begins_command(t.type))
			return unexpected(p, t, context);
		backup(p);
		TRY(parse_command(p, &command));
		vec_push(commands, command);
	}
}

static err *parse_pipeline(struct parser *p, const char *context, enum lex_type end,
			   const struct tree_pipe **out)
{
	struct tree_pipe *pipe = MAKE(p, struct tree_pipe, TREE_PIPE, peek_word(p).pos);
	trees commands = { 0 };

	TRY(parse_decls(p, pipe, context));
	err *e = parse_commands(p, context, end, &commands);

	pipe->commands_n = (uint32_t)commands.n;
	pipe->commands = (const struct tree_command **)(uintptr_t)keep(p, &commands);
	vec_release(&commands);
	if (e)
		return e;
	*out = pipe;
	return check_pipeline(p, pipe, context);
}

/* ---- actions ----------------------------------------------------------- */

static err *parse_list(struct parser *p, const struct tree_list **out, const struct tree **end)
	__attribute__((warn_unused_result));
static err *parse_control(struct parser *p, enum tree_kind kind, const struct tree **out)
	__attribute__((warn_unused_result));
static err *add_template(struct parser *p, const struct tree_list *root)
	__attribute__((warn_unused_result));

static const char *control_name(enum tree_kind kind)
{
	return kind == TREE_IF ? "if" : kind == TREE_RANGE ? "range" : "with";
}

static err *parse_else(struct parser *p, enum tree_kind kind, const struct tree *mark,
		       struct tree_branch *branch)
{
	enum lex_type word = peek(p).type;

	if ((kind == TREE_IF && word == LEX_IF) || (kind == TREE_WITH && word == LEX_WITH)) {
		struct tree_list *list = MAKE(p, struct tree_list, TREE_LIST, mark->pos);

		next(p);
		list->n = 1;
		list->items = arena_alloc(p->s->a, sizeof(*list->items));
		branch->otherwise = list;
		return parse_control(p, kind, list->items);
	}
	TRY(parse_list(p, &branch->otherwise, &mark));
	if (mark->kind != TREE_END)
		return fail(p, "expected end; found {{else}}");
	return NULL;
}

static err *parse_control(struct parser *p, enum tree_kind kind, const struct tree **out)
{
	size_t scope = p->scope.n;
	const struct tree_pipe *pipe;
	const struct tree *end;

	if (++p->s->controls > CONTROL_MAX)
		return fail(p, "max control depth exceeded");
	TRY(parse_pipeline(p, control_name(kind), LEX_RIGHT_DELIM, &pipe));
	struct tree_branch *branch = MAKE(p, struct tree_branch, kind, pipe->t.pos);

	branch->pipe = pipe;
	p->ranges += kind == TREE_RANGE;
	TRY(parse_list(p, &branch->list, &end));
	p->ranges -= kind == TREE_RANGE;
	if (end->kind == TREE_ELSE)
		TRY(parse_else(p, kind, end, branch));
	p->scope.n = scope;
	p->s->controls--;
	*out = &branch->t;
	return NULL;
}

static err *parse_jump(struct parser *p, enum tree_kind kind, struct lex_token word,
		       const struct tree **out)
{
	const char *name = kind == TREE_BREAK ? "{{break}}" : "{{continue}}";

	TRY(expect(p, LEX_RIGHT_DELIM, name));
	if (!p->ranges)
		return fail(p, "%s outside {{range}}", name);
	*out = make_plain(p, kind, word);
	return NULL;
}

static err *parse_template_name(struct parser *p, struct lex_token t, const char *context, str *out)
{
	if (t.type != LEX_STRING && t.type != LEX_RAW_STRING)
		return unexpected(p, t, context);
	return unquote(p, t.text, out);
}

static void parser_init(struct parser *p, struct source *s)
{
	*p = (struct parser){ .s = s };
	vec_push(&p->scope, 0); /* "$" */
}

/* The body of a block is a definition of its own. */
static err *parse_block_body(struct parser *block)
{
	const struct tree_list *root;
	const struct tree *end;

	TRY(parse_list(block, &root, &end));
	if (end->kind != TREE_END)
		return fail(block, "unexpected {{else}} in block clause");
	return add_template(block, root);
}

static err *parse_block(struct parser *p, const struct tree **out)
{
	struct lex_token t = next_word(p);
	struct tree_call *call = MAKE(p, struct tree_call, TREE_TEMPLATE, t.pos);
	struct parser block;

	TRY(parse_template_name(p, t, "block clause", &call->name));
	TRY(parse_pipeline(p, "block clause", LEX_RIGHT_DELIM, &call->pipe));
	if (++p->s->controls > CONTROL_MAX)
		return fail(p, "max control depth exceeded");
	parser_init(&block, p->s);
	block.name = call->name;
	err *e = parse_block_body(&block);

	vec_release(&block.scope);
	p->s->controls--;
	*out = &call->t;
	return e;
}

static err *parse_template(struct parser *p, const struct tree **out)
{
	struct lex_token t = next_word(p);
	struct tree_call *call = MAKE(p, struct tree_call, TREE_TEMPLATE, t.pos);

	*out = &call->t;
	TRY(parse_template_name(p, t, "template clause", &call->name));
	if (next_word(p).type == LEX_RIGHT_DELIM)
		return NULL;
	backup(p);
	return parse_pipeline(p, "template clause", LEX_RIGHT_DELIM, &call->pipe);
}

/* "{{else}}", or the "{{else" of "{{else if x}}". */
static err *parse_else_mark(struct parser *p, const struct tree **out)
{
	struct lex_token t = peek_word(p);

	if (t.type != LEX_IF && t.type != LEX_WITH) {
		t = next_word(p);
		if (t.type != LEX_RIGHT_DELIM)
			return unexpected(p, t, "else");
	}
	*out = make_plain(p, TREE_ELSE, t);
	return NULL;
}

static err *parse_end(struct parser *p, const struct tree **out)
{
	struct lex_token t = next_word(p);

	if (t.type != LEX_RIGHT_DELIM)
		return unexpected(p, t, "end");
	*out = make_plain(p, TREE_END, t);
	return NULL;
}

static err *parse_action(struct parser *p, const struct tree **out)
{
	struct lex_token t = next_word(p);

	switch (t.type) {
	case LEX_BLOCK:
		return parse_block(p, out);
	case LEX_BREAK:
		return parse_jump(p, TREE_BREAK, t, out);
	case LEX_CONTINUE:
		return parse_jump(p, TREE_CONTINUE, t, out);
	case LEX_ELSE:
		return parse_else_mark(p, out);
	case LEX_END:
		return parse_end(p, out);
	case LEX_IF:
		return parse_control(p, TREE_IF, out);
	case LEX_RANGE:
		return parse_control(p, TREE_RANGE, out);
	case LEX_TEMPLATE:
		return parse_template(p, out);
	case LEX_WITH:
		return parse_control(p, TREE_WITH, out);
	default:
		break;
	}
	backup(p);
	struct tree_action *a = MAKE(p, struct tree_action, TREE_ACTION, peek(p).pos);

	*out = &a->t;
	return parse_pipeline(p, "command", LEX_RIGHT_DELIM, &a->pipe);
}

static err *parse_item(struct parser *p, const struct tree **out)
{
	struct lex_token t = next_word(p);

	if (t.type == LEX_TEXT) {
		struct tree_text *text = MAKE(p, struct tree_text, TREE_TEXT, t.pos);

		text->text = t.text;
		*out = &text->t;
		return NULL;
	}
	if (t.type != LEX_LEFT_DELIM)
		return unexpected(p, t, "input");
	p->action_line = t.line;
	err *e = parse_action(p, out);

	p->action_line = 0;
	return e;
}

/* ---- lists and definitions --------------------------------------------- */

static struct tree_list *finish_list(struct parser *p, uint32_t pos, trees *items)
{
	struct tree_list *list = MAKE(p, struct tree_list, TREE_LIST, pos);

	list->n = (uint32_t)items->n;
	list->items = keep(p, items);
	vec_release(items);
	return list;
}

static err *parse_items(struct parser *p, trees *items, const struct tree **end)
{
	while (peek_word(p).type != LEX_EOF) {
		const struct tree *t;

		TRY(parse_item(p, &t));
		if (t->kind == TREE_END || t->kind == TREE_ELSE) {
			*end = t;
			return NULL;
		}
		vec_push(items, t);
	}
	return fail(p, "unexpected EOF");
}

/* Up to its "end" or "else". */
static err *parse_list(struct parser *p, const struct tree_list **out, const struct tree **end)
{
	uint32_t pos = peek_word(p).pos;
	trees items = { 0 };
	err *e = parse_items(p, &items, end);

	*out = finish_list(p, pos, &items);
	return e;
}

static err *add_template(struct parser *p, const struct tree_list *root)
{
	struct source *s = p->s;
	struct tree_template *t = arena_new(s->a, struct tree_template);

	*t = (struct tree_template){ p->name, s->name, s->text, root, tree_is_blank(root) };
	const node *at = node_find(s->made_at, p->name);

	if (!at) {
		node_set(s->a, s->made_at, p->name, node_from_int((int64_t)s->made.n));
		vec_push(&s->made, t);
	} else if (s->made.p[at->i]->empty) {
		s->made.p[at->i] = t;
	} else if (!t->empty) {
		return fail(p, "template: multiple definition of template %.*s",
			    STR_ARG(quoted(p, p->name)));
	}
	return NULL;
}

static err *parse_define_body(struct parser *p)
{
	struct lex_token name = next_word(p);
	const struct tree_list *root;
	const struct tree *end;

	if (name.type != LEX_STRING && name.type != LEX_RAW_STRING)
		return unexpected(p, name, "define clause");
	TRY(unquote(p, name.text, &p->name));
	TRY(expect(p, LEX_RIGHT_DELIM, "define clause"));
	TRY(parse_list(p, &root, &end));
	if (end->kind != TREE_END)
		return fail(p, "unexpected {{else}} in define clause");
	return add_template(p, root);
}

static err *parse_define(struct source *s)
{
	struct parser p;

	parser_init(&p, s);
	err *e = parse_define_body(&p);

	vec_release(&p.scope);
	return e;
}

static err *parse_top(struct parser *p, trees *items)
{
	while (peek(p).type != LEX_EOF) {
		const struct tree *t;

		if (peek(p).type == LEX_LEFT_DELIM) {
			struct lex_token delim = next(p);

			if (next_word(p).type == LEX_DEFINE) {
				TRY(parse_define(p->s));
				continue;
			}
			backup2(p, delim);
		}
		TRY(parse_item(p, &t));
		if (t->kind == TREE_END || t->kind == TREE_ELSE)
			return fail(p, "unexpected %s",
				    t->kind == TREE_END ? "{{end}}" : "{{else}}");
		vec_push(items, t);
	}
	return NULL;
}

static err *parse_text(struct source *s)
{
	struct parser p;
	trees items = { 0 };

	parser_init(&p, s);
	p.name = s->name;
	uint32_t pos = peek(&p).pos;
	err *e = parse_top(&p, &items);
	const struct tree_list *root = finish_list(&p, pos, &items);

	if (!e)
		e = add_template(&p, root);
	vec_release(&p.scope);
	return e;
}

err *tmpl_parse(struct arena *a, str name, str text, struct tmpl_parsed *out)
{
	struct source s = { .a = a,
			    .name = name,
			    .text = text,
			    .variables = node_map(a, 0),
			    .made_at = node_map(a, 0) };

	if (text.n >= UINT32_MAX)
		return err_new(ERR_INVALID, "template: %.*s: text is too large", STR_ARG(name));
	node_set(a, s.variables, S("$"), node_from_int(0));
	lex_init(&s.lex, a, text);
	err *e = parse_text(&s);

	if (!e) {
		out->n = s.made.n;
		out->list = arena_alloc(a, s.made.n * sizeof(*out->list));
		memcpy(out->list, s.made.p, s.made.n * sizeof(*out->list));
		out->main = s.made.p[node_get(s.made_at, name).i];
	}
	vec_release(&s.made);
	return e;
}

/* ---- sets -------------------------------------------------------------- */

void tmpl_set_init(struct tmpl_set *s, struct arena *a, const struct tmpl_set *under)
{
	*s = (struct tmpl_set){ .a = a, .under = under, .names = node_map(a, 0) };
}

const struct tree_template *tmpl_set_find(const struct tmpl_set *s, str name)
{
	for (; s; s = s->under) {
		const node *n = node_find(s->names, name);

		if (n)
			return n->object;
	}
	return NULL;
}

void tmpl_set_add(struct tmpl_set *s, const struct tmpl_parsed *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct tree_template *t = p->list[i];

		if (t->empty && tmpl_set_find(s, t->name))
			continue;
		node_set(s->a, s->names, t->name, value_object(t));
	}
}

err *tmpl_set_parse(struct tmpl_set *s, str name, str text)
{
	struct tmpl_parsed p;

	TRY(tmpl_parse(s->a, name, text, &p));
	tmpl_set_add(s, &p);
	return NULL;
}
