#include "tmpl/parse.h"

#include "tmpl/parse_impl.h"

/* Nested control actions: they are walked by recursion. */
enum { CONTROL_MAX = 1000 };

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
	enum lex_type word = parse_peek(p).type;

	if ((kind == TREE_IF && word == LEX_IF) || (kind == TREE_WITH && word == LEX_WITH)) {
		struct tree_list *list = MAKE(p, struct tree_list, TREE_LIST, mark->pos);

		parse_next(p);
		list->n = 1;
		list->items = arena_alloc(p->s->a, sizeof(*list->items));
		branch->otherwise = list;
		return parse_control(p, kind, list->items);
	}
	TRY(parse_list(p, &branch->otherwise, &mark));
	if (mark->kind != TREE_END)
		return parse_fail(p, "expected end; found {{else}}");
	return NULL;
}

static err *parse_control(struct parser *p, enum tree_kind kind, const struct tree **out)
{
	size_t scope = p->scope.n;
	const struct tree_pipe *pipe;
	const struct tree *end;

	if (++p->s->controls > CONTROL_MAX)
		return parse_fail(p, "max control depth exceeded");
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

	TRY(parse_expect(p, LEX_RIGHT_DELIM, name));
	if (!p->ranges)
		return parse_fail(p, "%s outside {{range}}", name);
	*out = parse_make_plain(p, kind, word);
	return NULL;
}

static err *parse_template_name(struct parser *p, struct lex_token t, const char *context, str *out)
{
	if (t.type != LEX_STRING && t.type != LEX_RAW_STRING)
		return parse_unexpected(p, t, context);
	return parse_unquote(p, t.text, out);
}

static void parser_init(struct parser *p, struct parse_source *s)
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
		return parse_fail(block, "unexpected {{else}} in block clause");
	return add_template(block, root);
}

static err *parse_block(struct parser *p, const struct tree **out)
{
	struct lex_token t = parse_next_word(p);
	struct tree_call *call = MAKE(p, struct tree_call, TREE_TEMPLATE, t.pos);
	struct parser block;

	TRY(parse_template_name(p, t, "block clause", &call->name));
	TRY(parse_pipeline(p, "block clause", LEX_RIGHT_DELIM, &call->pipe));
	if (++p->s->controls > CONTROL_MAX)
		return parse_fail(p, "max control depth exceeded");
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
	struct lex_token t = parse_next_word(p);
	struct tree_call *call = MAKE(p, struct tree_call, TREE_TEMPLATE, t.pos);

	*out = &call->t;
	TRY(parse_template_name(p, t, "template clause", &call->name));
	if (parse_next_word(p).type == LEX_RIGHT_DELIM)
		return NULL;
	parse_backup(p);
	return parse_pipeline(p, "template clause", LEX_RIGHT_DELIM, &call->pipe);
}

/* "{{else}}", or the "{{else" of "{{else if x}}". */
static err *parse_else_mark(struct parser *p, const struct tree **out)
{
	struct lex_token t = parse_peek_word(p);

	if (t.type != LEX_IF && t.type != LEX_WITH) {
		t = parse_next_word(p);
		if (t.type != LEX_RIGHT_DELIM)
			return parse_unexpected(p, t, "else");
	}
	*out = parse_make_plain(p, TREE_ELSE, t);
	return NULL;
}

static err *parse_end(struct parser *p, const struct tree **out)
{
	struct lex_token t = parse_next_word(p);

	if (t.type != LEX_RIGHT_DELIM)
		return parse_unexpected(p, t, "end");
	*out = parse_make_plain(p, TREE_END, t);
	return NULL;
}

static err *parse_action(struct parser *p, const struct tree **out)
{
	struct lex_token t = parse_next_word(p);

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
	parse_backup(p);
	struct tree_action *a = MAKE(p, struct tree_action, TREE_ACTION, parse_peek(p).pos);

	*out = &a->t;
	return parse_pipeline(p, "command", LEX_RIGHT_DELIM, &a->pipe);
}

static err *parse_item(struct parser *p, const struct tree **out)
{
	struct lex_token t = parse_next_word(p);

	if (t.type == LEX_TEXT) {
		struct tree_text *text = MAKE(p, struct tree_text, TREE_TEXT, t.pos);

		text->text = t.text;
		*out = &text->t;
		return NULL;
	}
	if (t.type != LEX_LEFT_DELIM)
		return parse_unexpected(p, t, "input");
	p->action_line = t.line;
	err *e = parse_action(p, out);

	p->action_line = 0;
	return e;
}

/* ---- lists and definitions --------------------------------------------- */

static struct tree_list *finish_list(struct parser *p, uint32_t pos, size_t mark)
{
	struct tree_list *list = MAKE(p, struct tree_list, TREE_LIST, pos);

	list->items = parse_take_parts(p, mark, &list->n);
	return list;
}

static err *parse_items(struct parser *p, const struct tree **end)
{
	while (parse_peek_word(p).type != LEX_EOF) {
		const struct tree *t;

		TRY(parse_item(p, &t));
		if (t->kind == TREE_END || t->kind == TREE_ELSE) {
			*end = t;
			return NULL;
		}
		parse_add_part(p, t);
	}
	return parse_fail(p, "unexpected EOF");
}

/* Up to its "end" or "else". */
static err *parse_list(struct parser *p, const struct tree_list **out, const struct tree **end)
{
	uint32_t pos = parse_peek_word(p).pos;
	size_t mark = p->s->parts.n;

	TRY(parse_items(p, end));
	*out = finish_list(p, pos, mark);
	return NULL;
}

static err *add_template(struct parser *p, const struct tree_list *root)
{
	struct parse_source *s = p->s;
	struct tree_template *t = arena_new(s->a, struct tree_template);

	*t = (struct tree_template){ p->name, s->name, s->text, root, tree_is_blank(root) };
	const node *at = node_find(s->made_at, p->name);

	if (!at) {
		node_set(s->a, s->made_at, p->name, node_from_int((int64_t)s->made.n));
		vec_push(&s->made, t);
	} else if (s->made.p[at->i]->empty) {
		s->made.p[at->i] = t;
	} else if (!t->empty) {
		return parse_fail(p, "template: multiple definition of template %.*s",
				  STR_ARG(parse_quoted(p, p->name)));
	}
	return NULL;
}

static err *parse_define_body(struct parser *p)
{
	struct lex_token name = parse_next_word(p);
	const struct tree_list *root;
	const struct tree *end;

	if (name.type != LEX_STRING && name.type != LEX_RAW_STRING)
		return parse_unexpected(p, name, "define clause");
	TRY(parse_unquote(p, name.text, &p->name));
	TRY(parse_expect(p, LEX_RIGHT_DELIM, "define clause"));
	TRY(parse_list(p, &root, &end));
	if (end->kind != TREE_END)
		return parse_fail(p, "unexpected {{else}} in define clause");
	return add_template(p, root);
}

static err *parse_define(struct parse_source *s)
{
	struct parser p;

	parser_init(&p, s);
	err *e = parse_define_body(&p);

	vec_release(&p.scope);
	return e;
}

static err *parse_top(struct parser *p)
{
	while (parse_peek(p).type != LEX_EOF) {
		const struct tree *t;

		if (parse_peek(p).type == LEX_LEFT_DELIM) {
			struct lex_token delim = parse_next(p);

			if (parse_next_word(p).type == LEX_DEFINE) {
				TRY(parse_define(p->s));
				continue;
			}
			parse_backup2(p, delim);
		}
		TRY(parse_item(p, &t));
		if (t->kind == TREE_END || t->kind == TREE_ELSE)
			return parse_fail(p, "unexpected %s",
					  t->kind == TREE_END ? "{{end}}" : "{{else}}");
		parse_add_part(p, t);
	}
	return NULL;
}

static err *parse_text(struct parse_source *s)
{
	struct parser p;

	parser_init(&p, s);
	p.name = s->name;
	uint32_t pos = parse_peek(&p).pos;
	err *e = parse_top(&p);

	if (!e)
		e = add_template(&p, finish_list(&p, pos, 0));
	vec_release(&p.scope);
	return e;
}

err *tmpl_parse(struct arena *a, str name, str text, struct tmpl_parsed *out)
{
	struct parse_source s = { .a = a,
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
	vec_release(&s.parts);
	return e;
}
