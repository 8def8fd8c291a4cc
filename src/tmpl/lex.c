#include "tmpl/lex.h"

#include "base/utf8.h"
#include "text/quote.h"
#include "text/unicode.h"

static const uint32_t END = UINT32_MAX;

static const struct {
	str word;
	enum lex_type type;
} keywords[] = {
	{ S("block"), LEX_BLOCK },
	{ S("break"), LEX_BREAK },
	{ S("continue"), LEX_CONTINUE },
	{ S("define"), LEX_DEFINE },
	{ S("else"), LEX_ELSE },
	{ S("end"), LEX_END },
	{ S("if"), LEX_IF },
	{ S("nil"), LEX_NIL },
	{ S("range"), LEX_RANGE },
	{ S("template"), LEX_TEMPLATE },
	{ S("with"), LEX_WITH },
};

void lex_init(struct lexer *l, struct arena *a, str text)
{
	*l = (struct lexer){ .a = a, .text = text, .line = 1, .start_line = 1 };
}

/* ---- runes ------------------------------------------------------------- */

static str rest(const struct lexer *l)
{
	return (str){ l->text.p + l->pos, l->text.n - l->pos };
}

static bool at(const struct lexer *l, const char *s)
{
	return str_starts(rest(l), str_c(s));
}

/* END at the end. */
static uint32_t peek(const struct lexer *l)
{
	size_t size;

	if (l->pos >= l->text.n)
		return END;
	unsigned char c = (unsigned char)l->text.p[l->pos];

	return c < 0x80 ? c : utf8_decode(rest(l), &size);
}

static uint32_t take(struct lexer *l)
{
	size_t size = 1;

	if (l->pos >= l->text.n)
		return END;
	uint32_t r = (unsigned char)l->text.p[l->pos];

	if (r >= 0x80)
		r = utf8_decode(rest(l), &size);
	l->pos += (uint32_t)size;
	if (r == '\n')
		l->line++;
	return r;
}

static bool accept(struct lexer *l, const char *set)
{
	uint32_t r = peek(l);

	if (r == END || r >= 0x80 || !r || !strchr(set, (int)r))
		return false;
	take(l);
	return true;
}

static void accept_run(struct lexer *l, const char *set)
{
	while (accept(l, set))
		;
}

static bool is_space(uint32_t r)
{
	return r == ' ' || r == '\t' || r == '\r' || r == '\n';
}

static bool is_ascii_word(uint32_t r)
{
	return (r | 32) - 'a' < 26 || r - '0' < 10 || r == '_';
}

static bool is_word(uint32_t r)
{
	if (r < 0x80)
		return is_ascii_word(r);
	return r != END && (unicode_is_letter(r) || unicode_is_digit(r));
}

/* Pass over letters, digits and underscores. */
static void take_word(struct lexer *l)
{
	const char *p = l->text.p + l->pos, *end = l->text.p + l->text.n;

	while (p < end && is_ascii_word((unsigned char)*p))
		p++;
	l->pos = (uint32_t)(p - l->text.p);
	while (is_word(peek(l)))
		take(l);
}

static uint32_t count_lines(str s)
{
	uint32_t n = 0;
	const char *p = s.p, *end = s.p + s.n;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		n++;
		p++;
	}
	return n;
}

/* ---- tokens ------------------------------------------------------------ */

static str pending(const struct lexer *l)
{
	return (str){ l->text.p + l->start, l->pos - l->start };
}

static struct lex_token emit(struct lexer *l, enum lex_type type)
{
	struct lex_token t = { type, l->start, l->start_line, pending(l) };

	l->start = l->pos;
	l->start_line = l->line;
	return t;
}

/* Drop what was passed over without take(). */
static void ignore(struct lexer *l)
{
	l->line += count_lines(pending(l));
	l->start = l->pos;
	l->start_line = l->line;
}

/* The input ends here. */
static struct lex_token fail(struct lexer *l, str message)
{
	struct lex_token t = { LEX_ERROR, l->start, l->start_line, message };

	l->text.n = 0;
	l->start = l->pos = 0;
	return t;
}

#define FAIL(l, literal) fail((l), S(literal))

static struct lex_token bad_character(struct lexer *l, const char *what, uint32_t r)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addf(&b, "%s ", what);
	buf_addf(&b, "U+%04X", r);
	if (unicode_is_print(r)) {
		buf_add(&b, S(" '"));
		utf8_add(&b, r);
		buf_addc(&b, '\'');
	}
	return fail(l, arena_str(l->a, buf_str(&b)));
}

static bool trims_left(str s)
{
	return s.n >= 2 && s.p[0] == '-' && is_space((unsigned char)s.p[1]);
}

static bool trims_right(str s)
{
	return s.n >= 2 && is_space((unsigned char)s.p[0]) && s.p[1] == '-';
}

static bool at_right_delim(const struct lexer *l, bool *trim)
{
	str s = rest(l);

	*trim = false;
	if (s.n < 2)
		return false;
	if (s.p[0] == '}')
		return s.p[1] == '}';
	*trim = trims_right(s) && str_starts(str_from(s, 2), S("}}"));
	return *trim;
}

static void skip_space(struct lexer *l)
{
	while (l->pos < l->text.n && is_space((unsigned char)l->text.p[l->pos]))
		l->pos++;
}

/* ---- outside actions --------------------------------------------------- */

/* False when the comment is broken; `out` then is the error. */
static bool skip_comment(struct lexer *l, struct lex_token *out)
{
	bool trim;

	l->pos += 2;
	size_t x = str_find(rest(l), S("*/"));

	if (x == STR_NPOS) {
		*out = FAIL(l, "unclosed comment");
		return false;
	}
	l->pos += (uint32_t)x + 2;
	if (!at_right_delim(l, &trim)) {
		*out = FAIL(l, "comment ends before closing delimiter");
		return false;
	}
	l->pos += trim ? 4 : 2;
	if (trim)
		skip_space(l);
	ignore(l);
	return true;
}

/* At "{{". True when it was a comment, which is skipped. */
static bool left_delim(struct lexer *l, struct lex_token *out)
{
	l->pos += 2;
	uint32_t after = trims_left(rest(l)) ? 2 : 0;

	if (str_starts(str_from(rest(l), after), S("/*"))) {
		l->pos += after;
		ignore(l);
		return skip_comment(l, out);
	}
	*out = emit(l, LEX_LEFT_DELIM);
	l->inside = true;
	l->pos += after;
	ignore(l);
	l->parens = 0;
	return false;
}

static struct lex_token lex_text(struct lexer *l)
{
	struct lex_token t;

	for (;;) {
		size_t x = str_find(rest(l), S("{{"));

		if (x == STR_NPOS) {
			l->pos = (uint32_t)l->text.n;
			if (l->pos == l->start)
				return emit(l, LEX_EOF);
			l->line += count_lines(pending(l));
			return emit(l, LEX_TEXT);
		}
		l->pos += (uint32_t)x;
		str text = pending(l);
		uint32_t trim = 0;

		if (trims_left(str_from(rest(l), 2)))
			while (trim < text.n && is_space((unsigned char)text.p[text.n - 1 - trim]))
				trim++;
		l->pos -= trim;
		l->line += count_lines(pending(l));
		t = emit(l, LEX_TEXT);
		l->pos += trim;
		ignore(l);
		if (t.text.n)
			return t;
		if (!left_delim(l, &t))
			return t;
	}
}

/* ---- inside actions ---------------------------------------------------- */

static struct lex_token right_delim(struct lexer *l)
{
	bool trim;

	at_right_delim(l, &trim);
	if (trim) {
		l->pos += 2;
		ignore(l);
	}
	l->pos += 2;
	struct lex_token t = emit(l, LEX_RIGHT_DELIM);

	if (trim) {
		skip_space(l);
		ignore(l);
	}
	l->inside = false;
	return t;
}

/* A run of spaces; the last may belong to " -}}". */
static struct lex_token lex_space(struct lexer *l)
{
	int n = 0;

	while (is_space(peek(l))) {
		take(l);
		n++;
	}
	str s = { l->text.p + l->pos - 1, l->text.n - l->pos + 1 };

	if (trims_right(s) && str_starts(str_from(s, 2), S("}}"))) {
		l->pos--;
		if (s.p[0] == '\n')
			l->line--;
		if (n == 1)
			return right_delim(l);
	}
	return emit(l, LEX_SPACE);
}

static bool at_terminator(const struct lexer *l)
{
	if (l->pos >= l->text.n)
		return true;
	switch (l->text.p[l->pos]) {
	case ' ':
	case '\t':
	case '\r':
	case '\n':
	case '.':
	case ',':
	case '|':
	case ':':
	case ')':
	case '(':
		return true;
	default:
		return at(l, "}}");
	}
}

static struct lex_token lex_word(struct lexer *l)
{
	take_word(l);
	if (!at_terminator(l))
		return bad_character(l, "bad character", peek(l));
	str word = pending(l);

	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
		if (str_eq(word, keywords[i].word))
			return emit(l, keywords[i].type);
	if (str_eq(word, S("true")) || str_eq(word, S("false")))
		return emit(l, LEX_BOOL);
	return emit(l, LEX_IDENT);
}

/* The "." or "$" has been taken. */
static struct lex_token lex_field(struct lexer *l, enum lex_type type)
{
	if (at_terminator(l))
		return emit(l, type == LEX_FIELD ? LEX_DOT : type);
	take_word(l);
	if (!at_terminator(l))
		return bad_character(l, "bad character", peek(l));
	return emit(l, type);
}

static bool scan_number(struct lexer *l)
{
	const char *digits = "0123456789_";
	bool hex = false, decimal = true;

	accept(l, "+-");
	if (accept(l, "0")) {
		if (accept(l, "xX")) {
			digits = "0123456789abcdefABCDEF_";
			hex = true;
			decimal = false;
		} else if (accept(l, "oO")) {
			digits = "01234567_";
			decimal = false;
		} else if (accept(l, "bB")) {
			digits = "01_";
			decimal = false;
		}
	}
	accept_run(l, digits);
	if (accept(l, "."))
		accept_run(l, digits);
	if ((decimal && accept(l, "eE")) || (hex && accept(l, "pP"))) {
		accept(l, "+-");
		accept_run(l, "0123456789_");
	}
	accept(l, "i");
	if (is_word(peek(l))) {
		take(l);
		return false;
	}
	return true;
}

static struct lex_token bad_number(struct lexer *l)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, S("bad number syntax: "));
	quote_add(&b, pending(l), QUOTE_PRINT);
	return fail(l, arena_str(l->a, buf_str(&b)));
}

static struct lex_token lex_number(struct lexer *l)
{
	if (!scan_number(l))
		return bad_number(l);
	uint32_t sign = peek(l);

	if (sign != '+' && sign != '-')
		return emit(l, LEX_NUMBER);
	if (!scan_number(l) || l->text.p[l->pos - 1] != 'i')
		return bad_number(l);
	return emit(l, LEX_COMPLEX);
}

/* Up to the closing quote; the opening one has been taken. */
static struct lex_token lex_quoted(struct lexer *l, char quote)
{
	for (;;) {
		uint32_t r = take(l);

		if (r == '\\')
			r = take(l) == '\n' ? '\n' : ' ';
		else if (r == (unsigned char)quote)
			return emit(l, quote == '"' ? LEX_STRING : LEX_RUNE);
		if (r == '\n' || r == END)
			return quote == '"' ? FAIL(l, "unterminated quoted string")
					    : FAIL(l, "unterminated character constant");
	}
}

static struct lex_token lex_raw(struct lexer *l)
{
	for (;;) {
		uint32_t r = take(l);

		if (r == END)
			return FAIL(l, "unterminated raw quoted string");
		if (r == '`')
			return emit(l, LEX_RAW_STRING);
	}
}

static struct lex_token lex_paren(struct lexer *l, uint32_t r)
{
	if (r == '(') {
		l->parens++;
		return emit(l, LEX_LEFT_PAREN);
	}
	if (--l->parens < 0)
		return FAIL(l, "unexpected right paren");
	return emit(l, LEX_RIGHT_PAREN);
}

static struct lex_token lex_punctuation(struct lexer *l, uint32_t r)
{
	switch (r) {
	case '=':
		return emit(l, LEX_ASSIGN);
	case ':':
		return take(l) == '=' ? emit(l, LEX_DECLARE) : FAIL(l, "expected :=");
	case '|':
		return emit(l, LEX_PIPE);
	case '(':
	case ')':
		return lex_paren(l, r);
	case '"':
	case '\'':
		return lex_quoted(l, (char)r);
	case '`':
		return lex_raw(l);
	case '$':
		return lex_field(l, LEX_VARIABLE);
	default:
		if (r >= ' ' && r < 0x7f)
			return emit(l, LEX_CHAR);
		return bad_character(l, "unrecognized character in action:", r);
	}
}

static struct lex_token lex_action(struct lexer *l)
{
	bool trim;

	if (at_right_delim(l, &trim))
		return l->parens ? FAIL(l, "unclosed left paren") : right_delim(l);
	uint32_t r = peek(l);

	if (r == END)
		return FAIL(l, "unclosed action");
	if (is_space(r))
		return lex_space(l);
	if (r == '.' && (l->pos + 1 >= l->text.n || l->text.p[l->pos + 1] < '0' ||
			 l->text.p[l->pos + 1] > '9')) {
		/* A lone dot at the very end of the text is a number to Go. */
		if (l->pos + 1 >= l->text.n)
			return lex_number(l);
		take(l);
		return lex_field(l, LEX_FIELD);
	}
	if (r == '.' || r == '+' || r == '-' || (r >= '0' && r <= '9'))
		return lex_number(l);
	if (is_word(r))
		return lex_word(l);
	return lex_punctuation(l, take(l));
}

struct lex_token lex_next(struct lexer *l)
{
	return l->inside ? lex_action(l) : lex_text(l);
}

str lex_show(struct arena *a, struct lex_token t)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (t.type == LEX_EOF)
		return S("EOF");
	if (t.type == LEX_ERROR)
		return t.text;
	if (t.type > LEX_KEYWORD)
		return arena_cat(a, S("<"), t.text, S(">"));
	str head = t.text, s = t.text;

	if (t.text.n > 10) {
		uint32_t rune;

		for (int i = 0; i < 10 && utf8_take(&s, &rune); i++)
			;
		head.n = (size_t)(s.p - head.p);
	}
	quote_add(&b, head, QUOTE_PRINT);
	if (t.text.n > 10)
		buf_add(&b, S("..."));
	return arena_str(a, buf_str(&b));
}
