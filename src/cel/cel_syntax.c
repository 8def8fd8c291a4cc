#include "cel/cel_parse.h"

#include "base/buf.h"

/* The generated parser is mirrored here rule by rule, for its messages hang
 * on where it looks ahead, on what it deletes or inserts to go on, and on
 * which tokens it skips to. Its states are numbered as there, since it
 * remembers them; only places that can fail have one. */

enum { RECOVERIES_MAX = 30, SKIPPED_MAX = 256, STATES = 257 };

enum rule {
	RULE_EXPR,
	RULE_OR,
	RULE_AND,
	RULE_RELATION,
	RULE_CALC,
	RULE_UNARY,
	RULE_MEMBER,
	RULE_PRIMARY,
	RULE_ARGS,
	RULE_LIST,
	RULE_FIELDS,
	RULE_FIELD,
	RULE_ENTRIES,
	RULE_NAME,
	RULE_ELEMENT,
	RULES,
};

typedef uint64_t set;

#define T(kind) ((set)1 << CEL_T_##kind)
/* The rule may end. */
#define END ((set)1 << 63)

#define NUMBERS (T(NUM_INT) | T(NUM_FLOAT))
#define LITERALS (NUMBERS | T(NUM_UINT) | T(STRING) | T(BYTES) | T(TRUE) | T(FALSE) | T(NULL))
#define MEMBER \
	(LITERALS | T(LBRACKET) | T(LBRACE) | T(LPAREN) | T(DOT) | T(MINUS) | T(IDENTIFIER))
#define EXPR (MEMBER | T(EXCLAM))
#define ELEMENT (EXPR | T(QUESTION))
#define NAME (T(IDENTIFIER) | T(ESC_IDENTIFIER))
#define FIELD (NAME | T(QUESTION))
#define SUFFIX (T(DOT) | T(LBRACKET) | END)
#define COMPARE \
	(T(EQUALS) | T(NOT_EQUALS) | T(IN) | T(LESS) | T(LESS_EQUALS) | T(GREATER_EQUALS) | \
	 T(GREATER))
#define TIMES (T(STAR) | T(SLASH) | T(PERCENT))
#define PLUS (T(PLUS) | T(MINUS))

/* A rule at work, and what may follow it in the rule that called it. */
struct frame {
	const struct frame *up;
	set follow;
};

struct reader {
	struct arena *a;
	const cel_tokens *tokens;
	struct cel_issues *issues;
	const struct frame *top;
	size_t at;
	bool stopped;
	bool nameless;		/* the name read last was none */
	bool recovering;	/* what fails is not reported till a token fits */
	unsigned recoveries;
	size_t failed_at;	/* where recovery was tried, and in which states */
	bool failed_in[STATES];
	uint32_t depth[RULES];
	/* The failure the current rule ends with. */
	int state;
	set next;
	bool no_alternative;
	size_t first, bad;	/* tokens it spans */
};

static const struct cel_token *peek(const struct reader *r, size_t ahead)
{
	size_t i = r->at + ahead;

	return &r->tokens->p[i < r->tokens->n ? i : r->tokens->n - 1];
}

static bool among(const struct reader *r, size_t ahead, set s)
{
	return s >> peek(r, ahead)->kind & 1;
}

static void consume(struct reader *r)
{
	if (r->at + 1 < r->tokens->n)
		r->at++;
}

/* ---- messages ---------------------------------------------------------- */

/* What may come where `next` may, callers' followers included. */
static set expected(const struct reader *r, set next)
{
	set all = next;

	for (const struct frame *f = r->top; f && next & END; f = f->up) {
		next = f->follow;
		all |= next;
	}
	return next & END ? (all & ~END) | T(EOF) : all & ~END;
}

static str quoted(struct reader *r, str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addc(&b, '\'');
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '\t' || c == '\n' || c == '\r') {
			buf_addc(&b, '\\');
			c = c == '\t' ? 't' : c == '\n' ? 'n' : 'r';
		}
		buf_addc(&b, c);
	}
	buf_addc(&b, '\'');
	return arena_str(r->a, buf_str(&b));
}

static str listed(struct reader *r, set s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	bool several = s & (s - 1);

	buf_add(&b, several ? S("{") : S(""));
	for (int kind = 0; kind < CEL_T_KINDS; kind++)
		if (s >> kind & 1)
			buf_addf(&b, "%s%s", buf_str(&b).n > several ? ", " : "",
				 cel_token_name((enum cel_token_kind)kind));
	buf_add(&b, several ? S("}") : S(""));
	return arena_str(r->a, buf_str(&b));
}

static void report_at(struct reader *r, const char *what, const char *link, set next)
{
	str text = quoted(r, peek(r, 0)->text), set_text = listed(r, expected(r, next));
	bool missing = str_eq(str_c(what), S("missing"));
	str x = missing ? set_text : text, y = missing ? text : set_text;

	r->recovering = true;
	cel_issues_add(r->issues, peek(r, 0)->offset, "Syntax error: %s %.*s %s %.*s", what,
		       STR_ARG(x), link, STR_ARG(y));
}

/* The source from one token to another, without what was no token. */
static str span(struct reader *r, size_t first, size_t last)
{
	const struct cel_token *t = &r->tokens->p[first];
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (t->kind == CEL_T_EOF)
		return t->text;
	buf_add(&b, t->text);
	while (first++ < last) {
		t = &r->tokens->p[first];
		buf_add(&b, t->before);
		if (t->kind != CEL_T_EOF)
			buf_add(&b, t->text);
	}
	return arena_str(r->a, buf_str(&b));
}

static void report_no_alternative(struct reader *r)
{
	const struct cel_token *bad = &r->tokens->p[r->bad];
	str text = span(r, r->first, r->bad);
	bool word = bad->kind == CEL_T_TRUE || bad->kind == CEL_T_FALSE || bad->kind == CEL_T_NULL;

	/* `.true` and its like had another message once, which was kept. */
	if (word && text.n == bad->text.n + 1)
		cel_issues_add(r->issues, bad->offset,
			       "Syntax error: mismatched input '%.*s' expecting IDENTIFIER",
			       STR_ARG(bad->text));
	else
		cel_issues_add(r->issues, bad->offset,
			       "Syntax error: no viable alternative at input %.*s",
			       STR_ARG(quoted(r, text)));
}

/* ---- failing and going on ---------------------------------------------- */

static void stop(struct reader *r, uint32_t offset, const char *why)
{
	if (!r->stopped)
		cel_issues_add(r->issues, offset, "%s", why);
	r->stopped = true;
}

static void matched(struct reader *r)
{
	r->recovering = false;
	r->failed_at = SIZE_MAX;
	memset(r->failed_in, 0, sizeof r->failed_in);
}

static bool fail(struct reader *r, int state, set next)
{
	r->state = state;
	r->next = next;
	r->no_alternative = false;
	return false;
}

static bool fail_alternatives(struct reader *r, int state, size_t ahead)
{
	r->state = state;
	r->no_alternative = true;
	r->first = r->at;
	r->bad = (size_t)(peek(r, ahead) - r->tokens->p);
	return false;
}

static bool delete_token(struct reader *r, set next)
{
	if (!among(r, 1, expected(r, next)))
		return false;
	if (!r->recovering)
		report_at(r, "extraneous input", "expecting", next);
	consume(r);
	matched(r);
	return true;
}

static void skip_until(struct reader *r, set s, size_t limit)
{
	for (size_t n = 0; !among(r, 0, s | T(EOF)); n++) {
		if (n == limit) {
			stop(r, CEL_NOWHERE, "error recovery token lookahead limit exceeded: 256");
			return;
		}
		consume(r);
	}
}

static set followers(const struct reader *r)
{
	set s = 0;

	for (const struct frame *f = r->top; f; f = f->up)
		s |= f->follow;
	return s & ~END;
}

static bool try_recovery(struct reader *r)
{
	if (r->recoveries++ == RECOVERIES_MAX)
		stop(r, peek(r, 0)->offset,
		     "Syntax error: error recovery attempt limit exceeded: 30");
	return !r->stopped;
}

/* The end of a rule that failed: report, and skip to what may follow. */
static void recover(struct reader *r)
{
	size_t limit = SKIPPED_MAX;

	if (!r->recovering) {
		if (r->no_alternative)
			report_no_alternative(r);
		else
			report_at(r, "mismatched input", "expecting", r->next);
		r->recovering = true;
	}
	if (!try_recovery(r))
		return;
	if (r->failed_at == r->at && r->failed_in[r->state]) {
		consume(r);
		limit--;
	}
	r->failed_at = r->at;
	r->failed_in[r->state] = true;
	skip_until(r, followers(r), limit);
}

/* Before a choice: is what comes one of `next`? */
static bool sync(struct reader *r, int state, set next)
{
	if (r->recovering || next & END || among(r, 0, next) || delete_token(r, next))
		return true;
	return fail(r, state, next);
}

/* The same, before another round of a loop. */
static void sync_loop(struct reader *r, set next)
{
	if (r->recovering || among(r, 0, next))
		return;
	report_at(r, "extraneous input", "expecting", next);
	skip_until(r, expected(r, next) | followers(r), SIZE_MAX);
}

/* Take a token; `after` may come behind it. */
static bool match(struct reader *r, int state, enum cel_token_kind kind, set after)
{
	set next = (set)1 << kind;

	if (r->stopped)
		return false;
	if (peek(r, 0)->kind == kind) {
		matched(r);
		consume(r);
		return true;
	}
	if (!try_recovery(r))
		return false;
	if (delete_token(r, next)) {
		consume(r);
		return true;
	}
	if (!among(r, 0, expected(r, after)))
		return fail(r, state, next);
	if (!r->recovering)
		report_at(r, "missing", "at", next);
	return true;
}

static bool take(struct reader *r, int state, enum cel_token_kind kind)
{
	return peek(r, 0)->kind != kind || match(r, state, kind, END);
}

/* ---- rules ------------------------------------------------------------- */

static void call(struct reader *r, enum rule rule, int precedence, set follow);

static bool read_name(struct reader *r, int precedence)
{
	(void)precedence;
	r->nameless = !sync(r, 235, NAME);
	if (r->nameless)
		return false;
	if (!among(r, 0, NAME))
		return fail_alternatives(r, 235, 0);
	return match(r, 233, peek(r, 0)->kind, END);
}

static bool read_field(struct reader *r, int precedence)
{
	(void)precedence;
	if (!sync(r, 216, FIELD) || !take(r, 215, CEL_T_QUESTION))
		return false;
	call(r, RULE_NAME, 0, END);
	return true;
}

static bool read_element(struct reader *r, int precedence)
{
	(void)precedence;
	if (!sync(r, 238, ELEMENT) || !take(r, 237, CEL_T_QUESTION))
		return false;
	call(r, RULE_EXPR, 0, END);
	return true;
}

static bool another(const struct reader *r, set first)
{
	return !r->stopped && peek(r, 0)->kind == CEL_T_COMMA && among(r, 1, first);
}

static bool read_list(struct reader *r, int precedence)
{
	(void)precedence;
	call(r, RULE_ELEMENT, 0, T(COMMA) | END);
	while (another(r, ELEMENT)) {
		consume(r);
		matched(r);
		call(r, RULE_ELEMENT, 0, T(COMMA) | END);
	}
	return true;
}

/* Keys and values, `state` being that of the first colon. */
static bool read_pairs(struct reader *r, enum rule key, set first, int state)
{
	bool more = true;

	for (int at = state; more; at = state + 4) {
		call(r, key, 0, T(COLON));
		if (!match(r, at, CEL_T_COLON, EXPR))
			return false;
		call(r, RULE_EXPR, 0, T(COMMA) | END);
		more = another(r, first);
		if (more) {
			consume(r);
			matched(r);
		}
	}
	return true;
}

static bool read_fields(struct reader *r, int precedence)
{
	(void)precedence;
	return read_pairs(r, RULE_FIELD, FIELD, 203);
}

static bool read_entries(struct reader *r, int precedence)
{
	(void)precedence;
	return read_pairs(r, RULE_ELEMENT, ELEMENT, 221);
}

static bool read_args(struct reader *r, int precedence)
{
	(void)precedence;
	call(r, RULE_EXPR, 0, T(COMMA) | END);
	while (!r->stopped && peek(r, 0)->kind == CEL_T_COMMA) {
		consume(r);
		matched(r);
		call(r, RULE_EXPR, 0, T(COMMA) | END);
	}
	return true;
}

/* A call's arguments behind '('. */
static bool read_call(struct reader *r, int state, set after)
{
	if (!match(r, state, CEL_T_LPAREN, EXPR | T(RPAREN)) ||
	    !sync(r, state + 2, EXPR | T(RPAREN)))
		return false;
	if (among(r, 0, EXPR))
		call(r, RULE_ARGS, 0, T(RPAREN));
	return match(r, state + 4, CEL_T_RPAREN, after);
}

/* Elements between brackets or braces, with or without a comma at the end. */
static bool read_braced(struct reader *r, int state, enum rule rule, set first,
			enum cel_token_kind close)
{
	set after = T(COMMA) | (set)1 << close;

	consume(r);
	matched(r);
	if (!sync(r, state, first | after))
		return false;
	if (among(r, 0, first))
		call(r, rule, 0, after);
	if (!sync(r, state + 3, after) || !take(r, state + 2, CEL_T_COMMA))
		return false;
	return match(r, state + 5, close, END);
}

static bool read_literal(struct reader *r)
{
	if (peek(r, 0)->kind == CEL_T_MINUS) {
		if (!among(r, 1, NUMBERS))
			return fail_alternatives(r, 256, 1);
		consume(r);
	}
	return match(r, 246, peek(r, 0)->kind, END);
}

/* A name, a call or a message: told apart by what follows the dotted name. */
static bool read_named(struct reader *r)
{
	size_t n = peek(r, 0)->kind == CEL_T_DOT, end;

	if (peek(r, n)->kind != CEL_T_IDENTIFIER)
		return fail_alternatives(r, 184, n);
	end = n + 1;
	while (peek(r, end)->kind == CEL_T_DOT && peek(r, end + 1)->kind == CEL_T_IDENTIFIER)
		end += 2;
	matched(r);
	if (peek(r, end)->kind == CEL_T_LBRACE) {
		r->at += end;
		return read_braced(r, 177, RULE_FIELDS, FIELD, CEL_T_RBRACE);
	}
	r->at += n + 1;
	return peek(r, 0)->kind != CEL_T_LPAREN || read_call(r, 139, END);
}

static bool read_primary(struct reader *r, int precedence)
{
	(void)precedence;
	if (!sync(r, 184, MEMBER))
		return false;
	switch (peek(r, 0)->kind) {
	case CEL_T_LPAREN:
		consume(r);
		matched(r);
		call(r, RULE_EXPR, 0, T(RPAREN));
		return match(r, 146, CEL_T_RPAREN, END);
	case CEL_T_LBRACKET:
		return read_braced(r, 150, RULE_LIST, ELEMENT, CEL_T_RBRACKET);
	case CEL_T_LBRACE:
		return read_braced(r, 158, RULE_ENTRIES, ELEMENT, CEL_T_RBRACE);
	case CEL_T_DOT:
	case CEL_T_IDENTIFIER:
		return read_named(r);
	default:
		if (among(r, 0, LITERALS | T(MINUS)))
			return read_literal(r);
		return fail_alternatives(r, 184, 0);
	}
}

static bool read_index(struct reader *r)
{
	consume(r);
	matched(r);
	if (!sync(r, 121, ELEMENT) || !take(r, 120, CEL_T_QUESTION))
		return false;
	call(r, RULE_EXPR, 0, T(RBRACKET));
	return match(r, 124, CEL_T_RBRACKET, SUFFIX);
}

static bool read_selection(struct reader *r)
{
	uint32_t offset;

	if (!among(r, 1, FIELD))
		return fail_alternatives(r, 126, 1);
	consume(r);
	matched(r);
	if (peek(r, 0)->kind == CEL_T_IDENTIFIER && peek(r, 1)->kind == CEL_T_LPAREN) {
		consume(r);
		return read_call(r, 113, SUFFIX);
	}
	if (!take(r, 106, CEL_T_QUESTION))
		return false;
	offset = peek(r, 0)->offset;
	call(r, RULE_NAME, 0, SUFFIX);
	if (r->nameless && !r->stopped)
		cel_issues_add(r->issues, offset, "unsupported ident kind");
	return true;
}

static bool read_member(struct reader *r, int precedence)
{
	bool ok = true;

	(void)precedence;
	call(r, RULE_PRIMARY, 0, SUFFIX);
	while (ok && !r->stopped && among(r, 0, SUFFIX))
		ok = peek(r, 0)->kind == CEL_T_DOT ? read_selection(r) : read_index(r);
	return ok;
}

/* A row of '!', or of '-', before a member. */
static bool read_signs(struct reader *r, enum cel_token_kind sign)
{
	bool minus = sign == CEL_T_MINUS;
	set next = MEMBER | (set)1 << sign;

	do {
		if (!match(r, minus ? 93 : 87, sign, next))
			return false;
		sync_loop(r, next);
		if (r->stopped || (minus && !among(r, 0, MEMBER)))
			return fail_alternatives(r, 96, 0);
		if (minus && peek(r, 0)->kind == sign && !among(r, 1, MEMBER))
			return fail_alternatives(r, 96, 1);
	} while (peek(r, 0)->kind == sign);
	call(r, RULE_MEMBER, 0, END);
	return true;
}

static bool read_unary(struct reader *r, int precedence)
{
	(void)precedence;
	if (!sync(r, 99, EXPR))
		return false;
	if (peek(r, 0)->kind == CEL_T_EXCLAM)
		return read_signs(r, CEL_T_EXCLAM);
	if (peek(r, 0)->kind == CEL_T_MINUS && !among(r, 1, NUMBERS)) {
		if (!among(r, 1, MEMBER))
			return fail_alternatives(r, 99, 1);
		return read_signs(r, CEL_T_MINUS);
	}
	if (!among(r, 0, MEMBER))
		return fail_alternatives(r, 99, 0);
	call(r, RULE_MEMBER, 0, END);
	return true;
}

static bool read_calc(struct reader *r, int precedence)
{
	call(r, RULE_UNARY, 0, TIMES | PLUS | END);
	while (!r->stopped) {
		int binds = among(r, 0, TIMES) ? 2 : among(r, 0, PLUS) ? 1 : -1;

		if (binds < precedence)
			return true;
		consume(r);
		matched(r);
		call(r, RULE_CALC, binds + 1, TIMES | PLUS | END);
	}
	return true;
}

static bool read_relation(struct reader *r, int precedence)
{
	call(r, RULE_CALC, 0, COMPARE | END);
	while (!r->stopped && precedence <= 1 && among(r, 0, COMPARE)) {
		consume(r);
		matched(r);
		call(r, RULE_RELATION, 2, COMPARE | END);
	}
	return true;
}

static bool read_logic(struct reader *r, enum cel_token_kind op, enum rule operand)
{
	set follow = (set)1 << op | END;

	call(r, operand, 0, follow);
	while (!r->stopped && peek(r, 0)->kind == op) {
		consume(r);
		matched(r);
		call(r, operand, 0, follow);
	}
	return true;
}

static bool read_and(struct reader *r, int precedence)
{
	(void)precedence;
	return read_logic(r, CEL_T_AND, RULE_RELATION);
}

static bool read_or(struct reader *r, int precedence)
{
	(void)precedence;
	return read_logic(r, CEL_T_OR, RULE_AND);
}

static bool read_expr(struct reader *r, int precedence)
{
	(void)precedence;
	call(r, RULE_OR, 0, T(QUESTION) | END);
	if (r->stopped || peek(r, 0)->kind != CEL_T_QUESTION)
		return true;
	consume(r);
	matched(r);
	call(r, RULE_OR, 0, T(COLON));
	if (!match(r, 40, CEL_T_COLON, EXPR))
		return false;
	call(r, RULE_EXPR, 0, END);
	return true;
}

static bool (*const rules[RULES])(struct reader *r, int precedence) = {
	[RULE_EXPR] = read_expr,
	[RULE_OR] = read_or,
	[RULE_AND] = read_and,
	[RULE_RELATION] = read_relation,
	[RULE_CALC] = read_calc,
	[RULE_UNARY] = read_unary,
	[RULE_MEMBER] = read_member,
	[RULE_PRIMARY] = read_primary,
	[RULE_ARGS] = read_args,
	[RULE_LIST] = read_list,
	[RULE_FIELDS] = read_fields,
	[RULE_FIELD] = read_field,
	[RULE_ENTRIES] = read_entries,
	[RULE_NAME] = read_name,
	[RULE_ELEMENT] = read_element,
};

static void call(struct reader *r, enum rule rule, int precedence, set follow)
{
	struct frame f = { r->top, follow };

	if (r->stopped)
		return;
	if (++r->depth[rule] > CEL_DEPTH_MAX) {
		stop(r, CEL_NOWHERE, "expression recursion limit exceeded: 250");
		return;
	}
	r->top = &f;
	if (!rules[rule](r, precedence) && !r->stopped)
		recover(r);
	r->top = f.up;
	r->depth[rule]--;
}

void cel_syntax_explain(struct arena *a, const cel_tokens *tokens, struct cel_issues *issues)
{
	struct reader r = { .a = a, .tokens = tokens, .issues = issues,
			    .failed_at = SIZE_MAX };

	call(&r, RULE_EXPR, 0, T(EOF));
	if (!match(&r, 35, CEL_T_EOF, END) && !r.stopped)
		recover(&r);
}
