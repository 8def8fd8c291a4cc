#include "cel/cel_parse.h"

#include "base/fmt.h"
#include "base/utf8.h"
#include "text/number.h"

enum rule {
	RULE_EXPR,
	RULE_OR,
	RULE_AND,
	RULE_RELATION,
	RULE_CALC,
	RULE_UNARY,
	RULE_MEMBER,
	RULE_PRIMARY,
};

typedef VEC(struct cel_expr *) exprs;
typedef VEC(struct cel_entry) entries;

static struct cel_expr *parse_expr(struct cel_parser *p);

/* ---- tools ------------------------------------------------------------- */

static bool done(const struct cel_parser *p)
{
	return p->failed || p->stopped;
}

static const struct cel_token *peek(const struct cel_parser *p, size_t ahead)
{
	size_t i = p->at + ahead;

	return &p->tokens.p[i < p->tokens.n ? i : p->tokens.n - 1];
}

static bool is_next(const struct cel_parser *p, enum cel_token_kind kind)
{
	return !done(p) && peek(p, 0)->kind == kind;
}

static bool accept(struct cel_parser *p, enum cel_token_kind kind)
{
	if (!is_next(p, kind))
		return false;
	p->at++;
	return true;
}

static void expect(struct cel_parser *p, enum cel_token_kind kind)
{
	if (!accept(p, kind) && !p->stopped)
		p->failed = true;
}

static void stop(struct cel_parser *p, const char *why)
{
	if (!done(p))
		cel_issues_add(p->issues, CEL_NOWHERE, "%s", why);
	p->stopped = true;
}

static void enter(struct cel_parser *p, enum rule rule)
{
	if (++p->depth[rule] > CEL_DEPTH_MAX)
		stop(p, "expression recursion limit exceeded: 250");
}

struct cel_expr *cel_parse_node(struct cel_parser *p, enum cel_expr_kind kind, uint32_t offset)
{
	struct cel_expr *e = arena_new(p->a, struct cel_expr);

	e->kind = kind;
	e->offset = offset;
	e->id = p->next_id++;
	if (p->next_id > CEL_NODES_MAX)
		stop(p, "expression has too many nodes");
	return e;
}

struct cel_expr *cel_parse_error(struct cel_parser *p, uint32_t offset, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	fmt_add(&b, fmt, args);
	va_end(args);
	cel_issues_add(p->issues, offset, "%.*s", STR_ARG(buf_str(&b)));
	return cel_parse_node(p, CEL_E_NONE, offset);
}

static void raise_height(struct cel_expr *e, const struct cel_expr *child, int counted)
{
	if (child && child->height + counted > e->height)
		e->height = (uint16_t)(child->height + counted);
}

/* A call; operators and methods count as one level for the height. */
static struct cel_expr *call(struct cel_parser *p, uint32_t offset, str name, struct cel_expr *target,
			     struct cel_expr *const *args, size_t n, int counted)
{
	struct cel_expr *e = cel_parse_node(p, CEL_E_CALL, offset);

	e->name = name;
	e->member = target != NULL;
	e->target = target;
	e->args = arena_array(p->a, struct cel_expr *, n);
	e->n = (uint32_t)n;
	e->height = (uint16_t)counted;
	raise_height(e, target, counted);
	for (size_t i = 0; i < n; i++) {
		e->args[i] = args[i];
		raise_height(e, args[i], counted);
	}
	if (e->height > CEL_DEPTH_MAX)
		stop(p, "max recursion depth exceeded");
	return cel_macro_expand(p, e);
}

static struct cel_expr *binary(struct cel_parser *p, const struct cel_token *op, str name,
			       struct cel_expr *left, struct cel_expr *right, int counted)
{
	return call(p, op->offset, name, NULL, (struct cel_expr *[]){ left, right }, 2, counted);
}

/* ---- literals ---------------------------------------------------------- */

static struct cel_expr *literal(struct cel_parser *p, uint32_t offset, cel_value v)
{
	struct cel_expr *e = cel_parse_node(p, CEL_E_LITERAL, offset);

	e->literal = v;
	return e;
}

/* The digits of an integer and their base, sign included. */
static str digits(struct cel_parser *p, str text, bool minus, int *base)
{
	*base = str_take_str(&text, S("0x")) ? 16 : 10;
	return minus ? arena_cat(p->a, S("-"), text) : text;
}

static struct cel_expr *parse_number(struct cel_parser *p, uint32_t offset, bool minus)
{
	const struct cel_token *t = peek(p, 0);
	cel_value v = { .kind = CEL_INT };
	const char *what = "int";
	int base = 10;
	err *e;

	p->at++;
	if (t->kind == CEL_T_NUM_FLOAT) {
		v.kind = CEL_DOUBLE;
		what = "double";
		e = number_parse_float(minus ? arena_cat(p->a, S("-"), t->text) : t->text, &v.d);
	} else if (t->kind == CEL_T_NUM_UINT) {
		str text = digits(p, str_sub(t->text, 0, t->text.n - 1), false, &base);

		v.kind = CEL_UINT;
		what = "uint";
		e = number_parse_uint(text, base, &v.u);
	} else {
		str text = digits(p, t->text, minus, &base);

		e = number_parse_int(text, base, &v.i);
	}
	if (!e)
		return literal(p, offset, v);
	err_free(e);
	return cel_parse_error(p, offset, "invalid %s literal", what);
}

static struct cel_expr *parse_text(struct cel_parser *p, bool bytes)
{
	const struct cel_token *t = peek(p, 0);
	cel_value v = { .kind = bytes ? CEL_BYTES : CEL_STRING };
	str quoted = bytes ? str_from(t->text, 1) : t->text;
	const char *wrong = cel_literal_unquote(p->a, quoted, bytes, &v.s);

	p->at++;
	if (wrong) {
		cel_parse_error(p, t->offset, "%s", wrong);
		v.s = quoted;
	}
	return literal(p, t->offset, v);
}

static struct cel_expr *parse_word(struct cel_parser *p, enum cel_token_kind kind)
{
	uint32_t offset = peek(p, 0)->offset;
	cel_value v = { .kind = kind == CEL_T_NULL ? CEL_NULL : CEL_BOOL };

	p->at++;
	v.b = kind == CEL_T_TRUE;
	return literal(p, offset, v);
}

/* ---- lists, maps, messages --------------------------------------------- */

static void parse_args(struct cel_parser *p, exprs *out)
{
	if (accept(p, CEL_T_RPAREN))
		return;
	do
		avec_push(p->a, out, parse_expr(p));
	while (accept(p, CEL_T_COMMA));
	expect(p, CEL_T_RPAREN);
}

static struct cel_expr *with_entries(struct cel_expr *e, const entries *list)
{
	e->entries = list->p;
	e->n = (uint32_t)list->n;
	for (size_t i = 0; i < list->n; i++) {
		raise_height(e, list->p[i].key, 0);
		raise_height(e, list->p[i].value, 0);
	}
	return e;
}

static struct cel_entry parse_item(struct cel_parser *p)
{
	struct cel_entry item = { .optional = accept(p, CEL_T_QUESTION) };

	item.value = parse_expr(p);
	return item;
}

/* "key: value" of a map. */
static struct cel_entry parse_pair(struct cel_parser *p)
{
	struct cel_entry pair = { .optional = accept(p, CEL_T_QUESTION) };

	pair.key = parse_expr(p);
	pair.offset = peek(p, 0)->offset;
	pair.id = p->next_id++;
	expect(p, CEL_T_COLON);
	pair.value = parse_expr(p);
	return pair;
}

/* The name behind a dot or in a message. */
static str parse_name(struct cel_parser *p, uint32_t complain_at)
{
	const struct cel_token *t = peek(p, 0);

	if (accept(p, CEL_T_ESC_IDENTIFIER)) {
		cel_parse_error(p, complain_at, "unsupported syntax: '`'");
		return STR_NONE;
	}
	expect(p, CEL_T_IDENTIFIER);
	return t->text;
}

static struct cel_entry parse_field(struct cel_parser *p, uint32_t first)
{
	struct cel_entry field = { .optional = accept(p, CEL_T_QUESTION) };

	field.field = parse_name(p, first);
	field.offset = peek(p, 0)->offset;
	field.id = p->next_id++;
	expect(p, CEL_T_COLON);
	field.value = parse_expr(p);
	return field;
}

/* Entries up to `end`, with or without a comma before it. */
static struct cel_expr *parse_entries(struct cel_parser *p, enum cel_expr_kind kind,
				      enum cel_token_kind end)
{
	struct cel_expr *e = cel_parse_node(p, kind, peek(p, 0)->offset);
	entries list = { 0 };

	p->at++;
	uint32_t first = peek(p, 0)->offset;

	while (!done(p) && !is_next(p, end) && !is_next(p, CEL_T_COMMA)) {
		avec_push(p->a, &list,
			  kind == CEL_E_LIST  ? parse_item(p)
			  : kind == CEL_E_MAP ? parse_pair(p)
					      : parse_field(p, first));
		if (!is_next(p, CEL_T_COMMA) || peek(p, 1)->kind == end)
			break;
		p->at++;
		if (is_next(p, CEL_T_COMMA))
			p->failed = true;
	}
	accept(p, CEL_T_COMMA);
	expect(p, end);
	return with_entries(e, &list);
}

/* Whether a message begins here: names joined by dots and a brace. */
static bool is_message(const struct cel_parser *p)
{
	size_t i = peek(p, 0)->kind == CEL_T_DOT;

	while (peek(p, i)->kind == CEL_T_IDENTIFIER) {
		if (peek(p, i + 1)->kind == CEL_T_LBRACE)
			return true;
		if (peek(p, i + 1)->kind != CEL_T_DOT)
			return false;
		i += 2;
	}
	return false;
}

static struct cel_expr *parse_message(struct cel_parser *p)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT;

	while (!is_next(p, CEL_T_LBRACE) && !done(p)) {
		buf_add(&name, peek(p, 0)->text);
		p->at++;
	}
	struct cel_expr *e = parse_entries(p, CEL_E_STRUCT, CEL_T_RBRACE);

	e->name = arena_str(p->a, buf_str(&name));
	return e;
}

/* ---- primaries and members --------------------------------------------- */

static bool is_reserved(str name)
{
	static const char *const words[] = {
		"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
		"loop", "package", "namespace", "return", "var", "void", "while",
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_eq(str_c(words[i]), name))
			return true;
	return false;
}

static struct cel_expr *parse_ident(struct cel_parser *p)
{
	uint32_t first = peek(p, 0)->offset;
	bool dot = accept(p, CEL_T_DOT);
	const struct cel_token *t = peek(p, 0);
	str name = dot ? arena_cat(p->a, S("."), t->text) : t->text;
	uint32_t open = peek(p, 1)->offset;

	expect(p, CEL_T_IDENTIFIER);
	bool is_call = accept(p, CEL_T_LPAREN);
	exprs args = { 0 };

	if (is_call)
		parse_args(p, &args);
	if (done(p))
		return cel_parse_node(p, CEL_E_NONE, first);
	if (is_reserved(t->text))
		return cel_parse_error(p, first, "reserved identifier: %.*s", STR_ARG(t->text));
	if (is_call)
		return call(p, open, name, NULL, args.p, args.n, 0);
	struct cel_expr *e = cel_parse_node(p, CEL_E_IDENT, t->offset);

	e->name = name;
	return e;
}

static bool is_signed_number(const struct cel_parser *p)
{
	enum cel_token_kind next = peek(p, 1)->kind;

	return next == CEL_T_NUM_INT || next == CEL_T_NUM_FLOAT;
}

static struct cel_expr *parse_primary(struct cel_parser *p)
{
	const struct cel_token *t = peek(p, 0);
	struct cel_expr *e;

	switch (t->kind) {
	case CEL_T_DOT:
	case CEL_T_IDENTIFIER:
		return is_message(p) ? parse_message(p) : parse_ident(p);
	case CEL_T_LPAREN:
		p->at++;
		e = parse_expr(p);
		expect(p, CEL_T_RPAREN);
		return e;
	case CEL_T_LBRACKET:
		return parse_entries(p, CEL_E_LIST, CEL_T_RBRACKET);
	case CEL_T_LBRACE:
		return parse_entries(p, CEL_E_MAP, CEL_T_RBRACE);
	case CEL_T_MINUS:
		if (!is_signed_number(p))
			break;
		p->at++;
		return parse_number(p, t->offset, true);
	case CEL_T_NUM_INT:
	case CEL_T_NUM_UINT:
	case CEL_T_NUM_FLOAT:
		return parse_number(p, t->offset, false);
	case CEL_T_STRING:
	case CEL_T_BYTES:
		return parse_text(p, t->kind == CEL_T_BYTES);
	case CEL_T_TRUE:
	case CEL_T_FALSE:
	case CEL_T_NULL:
		return parse_word(p, t->kind);
	default:
		break;
	}
	p->failed = true;
	return cel_parse_node(p, CEL_E_NONE, t->offset);
}

static struct cel_expr *parse_dot(struct cel_parser *p, struct cel_expr *left)
{
	uint32_t dot = peek(p, 0)->offset;
	cel_value field = { .kind = CEL_STRING };

	p->at++;
	bool optional = accept(p, CEL_T_QUESTION);
	const struct cel_token *t = peek(p, 0);

	field.s = parse_name(p, t->offset);
	if (optional)
		return call(p, dot, S("_?._"), NULL,
			    (struct cel_expr *[]){ left, literal(p, t->offset, field) }, 2, 1);
	if (t->kind == CEL_T_IDENTIFIER && is_next(p, CEL_T_LPAREN)) {
		uint32_t open = peek(p, 0)->offset;
		exprs args = { 0 };

		p->at++;
		parse_args(p, &args);
		return call(p, open, field.s, left, args.p, args.n, 1);
	}
	struct cel_expr *e = cel_parse_node(p, CEL_E_SELECT, dot);

	e->name = field.s;
	e->target = left;
	raise_height(e, left, 1);
	if (!e->height)
		e->height = 1;
	if (e->height > CEL_DEPTH_MAX)
		stop(p, "max recursion depth exceeded");
	return e;
}

static struct cel_expr *parse_member(struct cel_parser *p)
{
	uint32_t before = p->depth[RULE_MEMBER];

	enter(p, RULE_MEMBER);
	enter(p, RULE_PRIMARY);
	struct cel_expr *e = done(p) ? cel_parse_node(p, CEL_E_NONE, 0) : parse_primary(p);

	p->depth[RULE_PRIMARY]--;
	while (is_next(p, CEL_T_DOT) || is_next(p, CEL_T_LBRACKET)) {
		const struct cel_token *op = peek(p, 0);

		enter(p, RULE_MEMBER);
		if (op->kind == CEL_T_DOT) {
			e = parse_dot(p, e);
			continue;
		}
		p->at++;
		bool optional = accept(p, CEL_T_QUESTION);
		struct cel_expr *index = parse_expr(p);

		expect(p, CEL_T_RBRACKET);
		e = binary(p, op, optional ? S("_[?_]") : S("_[_]"), e, index, 1);
	}
	p->depth[RULE_MEMBER] = before;
	return e;
}

/* ---- operators --------------------------------------------------------- */

static struct cel_expr *parse_unary(struct cel_parser *p)
{
	const struct cel_token *op = peek(p, 0);
	size_t n = 0;

	enter(p, RULE_UNARY);
	if (op->kind == CEL_T_EXCLAM || (op->kind == CEL_T_MINUS && !is_signed_number(p)))
		while (accept(p, op->kind))
			n++;
	struct cel_expr *e = parse_member(p);

	p->depth[RULE_UNARY]--;
	if (n % 2 == 0)
		return e;
	return call(p, op->offset, op->kind == CEL_T_EXCLAM ? S("!_") : S("-_"), NULL, &e, 1, 0);
}

static const struct {
	enum cel_token_kind token;
	int binds;		/* tighter when higher; 1: relations */
	const char *name;
} operators[] = {
	{ CEL_T_LESS, 1, "_<_" },	    { CEL_T_LESS_EQUALS, 1, "_<=_" },
	{ CEL_T_GREATER_EQUALS, 1, "_>=_" }, { CEL_T_GREATER, 1, "_>_" },
	{ CEL_T_EQUALS, 1, "_==_" },	    { CEL_T_NOT_EQUALS, 1, "_!=_" },
	{ CEL_T_IN, 1, "@in" },		    { CEL_T_PLUS, 2, "_+_" },
	{ CEL_T_MINUS, 2, "_-_" },	    { CEL_T_STAR, 3, "_*_" },
	{ CEL_T_SLASH, 3, "_/_" },	    { CEL_T_PERCENT, 3, "_%_" },
};

static int find_operator(const struct cel_parser *p)
{
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
		if (is_next(p, operators[i].token))
			return (int)i;
	return -1;
}

/* Operands joined by operators that bind at least as tight as `binds`, which
 * are those of one rule of the grammar. */
static struct cel_expr *parse_operators(struct cel_parser *p, int binds)
{
	enum rule rule = binds == 1 ? RULE_RELATION : RULE_CALC;
	uint32_t before = p->depth[rule];
	struct cel_expr *e;
	int i;

	enter(p, rule);
	if (done(p))
		return cel_parse_node(p, CEL_E_NONE, 0);
	e = binds == 1 ? parse_operators(p, 2) : parse_unary(p);
	while ((i = find_operator(p)) >= 0 && operators[i].binds >= binds &&
	       (operators[i].binds == 1) == (binds == 1)) {
		const struct cel_token *op = peek(p, 0);

		enter(p, rule);
		p->at++;
		enter(p, rule);
		struct cel_expr *right = parse_operators(p, operators[i].binds + 1);

		p->depth[rule]--;
		e = binary(p, op, str_c(operators[i].name), e, right, 1);
	}
	p->depth[rule] = before;
	return e;
}

/* Terms of && or || as a balanced tree. */
static struct cel_expr *balance(struct cel_parser *p, str name, struct cel_expr *const *terms,
				const struct cel_token *const *ops, size_t lo, size_t hi)
{
	size_t mid = (lo + hi + 1) / 2;
	struct cel_expr *left = mid == lo ? terms[mid] : balance(p, name, terms, ops, lo, mid - 1);
	struct cel_expr *right = mid == hi ? terms[mid + 1] : balance(p, name, terms, ops, mid + 1, hi);

	return binary(p, ops[mid], name, left, right, 0);
}

static struct cel_expr *parse_logic(struct cel_parser *p, enum cel_token_kind op)
{
	enum rule rule = op == CEL_T_OR ? RULE_OR : RULE_AND;
	VEC(const struct cel_token *) ops = { 0 };
	exprs terms = { 0 };

	enter(p, rule);
	for (;;) {
		avec_push(p->a, &terms,
			  op == CEL_T_OR ? parse_logic(p, CEL_T_AND) : parse_operators(p, 1));
		if (!is_next(p, op))
			break;
		avec_push(p->a, &ops, peek(p, 0));
		p->at++;
	}
	p->depth[rule]--;
	if (!ops.n || done(p))
		return terms.p[0];
	return balance(p, op == CEL_T_OR ? S("_||_") : S("_&&_"), terms.p, ops.p, 0, ops.n - 1);
}

static struct cel_expr *parse_expr(struct cel_parser *p)
{
	const struct cel_token *op;
	struct cel_expr *e[3];

	enter(p, RULE_EXPR);
	if (done(p))
		return cel_parse_node(p, CEL_E_NONE, 0);
	e[0] = parse_logic(p, CEL_T_OR);
	op = peek(p, 0);
	if (accept(p, CEL_T_QUESTION)) {
		e[1] = parse_logic(p, CEL_T_OR);
		expect(p, CEL_T_COLON);
		e[2] = parse_expr(p);
		e[0] = call(p, op->offset, S("_?_:_"), NULL, e, 3, 1);
	}
	p->depth[RULE_EXPR]--;
	return e[0];
}

struct cel_expr *cel_parse(struct arena *a, const struct cel_env *env, str source,
			   struct cel_issues *issues)
{
	struct cel_parser p = {
		.a = a, .issues = issues, .library = env->library, .bind = env->bind, .next_id = 1,
	};
	size_t n = source.n > CEL_SOURCE_MAX ? utf8_count(source) : source.n;

	if (n > CEL_SOURCE_MAX) {
		cel_issues_add(issues, CEL_NOWHERE,
			       "expression code point size exceeds limit: size: %zu, limit %d", n,
			       CEL_SOURCE_MAX);
		return NULL;
	}
	cel_lex(a, source, issues, &p.tokens);
	struct cel_expr *e = parse_expr(&p);

	expect(&p, CEL_T_EOF);
	if (p.failed)
		cel_syntax_explain(a, &p.tokens, issues);
	return issues->n ? NULL : e;
}
