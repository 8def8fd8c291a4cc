#include "cel/cel_lex.h"

#include "base/ascii.h"
#include "base/utf8.h"

/* A way to read a token: how many bytes of the text are one (0: none), and how
 * many were read before it was clear that there is no longer one. */
struct reading {
	size_t accepted, alive;
};

static const char *const names[CEL_T_KINDS] = {
	"<EOF>", "'=='", "'!='", "'in'", "'<'", "'<='", "'>='", "'>'", "'&&'", "'||'", "'['", "']'",
	"'{'", "'}'", "'('", "')'", "'.'", "','", "'-'", "'!'", "'?'", "':'", "'+'", "'*'", "'/'", "'%'",
	"'true'", "'false'", "'null'", "NUM_FLOAT", "NUM_INT", "NUM_UINT", "STRING", "BYTES",
	"IDENTIFIER", "ESC_IDENTIFIER",
};

const char *cel_token_name(enum cel_token_kind kind)
{
	return names[kind];
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_ident(char c)
{
	return is_letter(c) || ascii_is_digit(c);
}

/* The byte at `i`, 0 behind the end. */
static char at(str s, size_t i)
{
	return i < s.n ? s.p[i] : 0;
}

static size_t run(str s, size_t from, bool (*is)(char))
{
	while (from < s.n && is(s.p[from]))
		from++;
	return from;
}

/* ---- texts ------------------------------------------------------------- */

/* Bytes of the escape at `i`, which is a backslash; what was read of one that
 * is none is in `*alive`. */
static size_t escape(str s, size_t i, size_t *alive)
{
	static const char simple[] = "abfnrtv\"'\\?`";
	char c = at(s, i + 1);
	size_t digits = c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;

	*alive = i + 1;
	if (c && strchr(simple, c))
		return 2;
	if (c >= '0' && c <= '3') {
		*alive = i + 2;
		for (size_t k = 2; k < 4; k++, (*alive)++)
			if (at(s, i + k) < '0' || at(s, i + k) > '7')
				return 0;
		return 4;
	}
	if (!digits)
		return 0;
	*alive = i + 2;
	for (size_t k = 0; k < digits; k++, (*alive)++)
		if (!ascii_is_hex(at(s, i + 2 + k)))
			return 0;
	return 2 + digits;
}

/* A text in one kind of quotes, which begin at `from`: the quotes are one
 * byte, or three of them. */
static struct reading quoted(str s, size_t from, char quote, size_t quotes, bool raw)
{
	size_t i = from;

	for (size_t k = 0; k < quotes; k++, i++)
		if (at(s, i) != quote)
			return (struct reading){ 0, i };
	while (i < s.n) {
		size_t closing = 0, alive;

		while (closing < quotes && at(s, i + closing) == quote)
			closing++;
		if (closing == quotes)
			return (struct reading){ i + quotes, i + quotes };
		if (quotes == 1 && (s.p[i] == '\n' || s.p[i] == '\r'))
			return (struct reading){ 0, i };
		if (raw || s.p[i] != '\\') {
			i++;
			continue;
		}
		size_t n = escape(s, i, &alive);

		if (!n)
			return (struct reading){ 0, alive };
		i += n;
	}
	return (struct reading){ 0, i };
}

static void better(struct reading *best, struct reading r)
{
	if (r.accepted > best->accepted)
		best->accepted = r.accepted;
	if (r.alive > best->alive)
		best->alive = r.alive;
}

/* A string, of which `from` bytes (b, r) stand before the quotes. */
static struct reading string(str s, size_t from, bool raw)
{
	struct reading best = { 0, 0 };
	char quote = at(s, from);

	if (quote != '"' && quote != '\'')
		return best;
	better(&best, quoted(s, from, quote, 1, raw));
	better(&best, quoted(s, from, quote, 3, raw));
	return best;
}

/* A string or bytes with their prefixes. */
static struct reading text(str s, enum cel_token_kind *kind)
{
	size_t i = 0;

	*kind = CEL_T_STRING;
	if (at(s, 0) == 'b' || at(s, 0) == 'B') {
		*kind = CEL_T_BYTES;
		i++;
	}
	bool raw = at(s, i) == 'r' || at(s, i) == 'R';

	return string(s, i + raw, raw);
}

/* ---- numbers ----------------------------------------------------------- */

static size_t exponent(str s, size_t i)
{
	if (at(s, i) != 'e' && at(s, i) != 'E')
		return i;
	size_t digits = i + 1 + (at(s, i + 1) == '+' || at(s, i + 1) == '-');
	size_t end = run(s, digits, ascii_is_digit);

	return end > digits ? end : i;
}

static size_t number(str s, enum cel_token_kind *kind)
{
	size_t n = run(s, 0, ascii_is_digit), end = n;

	*kind = CEL_T_NUM_INT;
	if (at(s, n) == '.' && ascii_is_digit(at(s, n + 1))) {
		*kind = CEL_T_NUM_FLOAT;
		return exponent(s, run(s, n + 1, ascii_is_digit));
	}
	if (!n)
		return 0;
	end = exponent(s, n);
	if (end > n) {
		*kind = CEL_T_NUM_FLOAT;
		return end;
	}
	if (n == 1 && s.p[0] == '0' && at(s, 1) == 'x' && ascii_is_hex(at(s, 2)))
		n = run(s, 2, ascii_is_hex);
	if (at(s, n) == 'u' || at(s, n) == 'U') {
		*kind = CEL_T_NUM_UINT;
		n++;
	}
	return n;
}

/* ---- tokens ------------------------------------------------------------ */

/* Longer ones before their beginnings. */
static const struct {
	char text[3];
	uint8_t kind;
} symbols[] = {
	{ "==", CEL_T_EQUALS },	  { "!=", CEL_T_NOT_EQUALS },	  { "<=", CEL_T_LESS_EQUALS },
	{ "<", CEL_T_LESS },	  { ">=", CEL_T_GREATER_EQUALS }, { ">", CEL_T_GREATER },
	{ "&&", CEL_T_AND },	  { "||", CEL_T_OR },		  { "[", CEL_T_LBRACKET },
	{ "]", CEL_T_RBRACKET },  { "{", CEL_T_LBRACE },	  { "}", CEL_T_RBRACE },
	{ "(", CEL_T_LPAREN },	  { ")", CEL_T_RPAREN },	  { ".", CEL_T_DOT },
	{ ",", CEL_T_COMMA },	  { "-", CEL_T_MINUS },		  { "!", CEL_T_EXCLAM },
	{ "?", CEL_T_QUESTION },  { ":", CEL_T_COLON },		  { "+", CEL_T_PLUS },
	{ "*", CEL_T_STAR },	  { "/", CEL_T_SLASH },		  { "%", CEL_T_PERCENT },
};

static const struct {
	const char *text;
	enum cel_token_kind kind;
} words[] = {
	{ "in", CEL_T_IN }, { "true", CEL_T_TRUE }, { "false", CEL_T_FALSE }, { "null", CEL_T_NULL },
};

static enum cel_token_kind word(str s)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_eq(str_c(words[i].text), s))
			return words[i].kind;
	return CEL_T_IDENTIFIER;
}

static bool is_escaped_ident(char c)
{
	return is_ident(c) || c == '.' || c == '-' || c == '/' || c == ' ';
}

static struct reading back_quoted(str s)
{
	size_t end = run(s, 1, is_escaped_ident);

	if (end > 1 && at(s, end) == '`')
		return (struct reading){ end + 1, end + 1 };
	return (struct reading){ 0, end };
}

static struct reading symbol(str s, enum cel_token_kind *kind)
{
	for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
		if (str_starts(s, str_c(symbols[i].text))) {
			*kind = (enum cel_token_kind)symbols[i].kind;
			return (struct reading){ strlen(symbols[i].text), 0 };
		}
	return (struct reading){ 0, strchr("=&|", s.p[0]) ? 1 : 0 };
}

/* The token at the front of a text that is not empty. */
static struct reading token(str s, enum cel_token_kind *kind)
{
	struct reading r = { 0, 0 };

	if (s.p[0] == '`') {
		*kind = CEL_T_ESC_IDENTIFIER;
		return back_quoted(s);
	}
	if (strchr("bBrR\"'", s.p[0]) && s.p[0])
		r = text(s, kind);
	if (r.accepted)
		return r;
	if (is_letter(s.p[0])) {
		r.accepted = run(s, 0, is_ident);
		*kind = word(str_sub(s, 0, r.accepted));
		return r;
	}
	if (r.alive)
		return r;
	r.accepted = number(s, kind);
	return r.accepted || !s.p[0] ? r : symbol(s, kind);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

static size_t space_or_comment(str s)
{
	size_t n = run(s, 0, is_space);

	if (n || !str_starts(s, S("//")))
		return n;
	n = str_find_char(s, '\n');
	return n == STR_NPOS ? s.n : n;
}

/* Report what is no token; gives its bytes. The rune that made it none goes
 * with it. */
static size_t skip(str s, size_t alive, uint32_t offset, struct cel_issues *issues)
{
	size_t size = 0;

	if (alive < s.n)
		utf8_decode(str_from(s, alive), &size);
	str bad = str_sub(s, 0, alive + size);

	cel_issues_add(issues, offset, "Syntax error: token recognition error at: '%.*s'",
		       STR_ARG(bad));
	return bad.n;
}

/* Two pieces of the source, with what was no token between them or not. Nobody
 * will see them when there are too many errors. */
static str joined(struct arena *a, str x, str y, const struct cel_issues *issues)
{
	if (x.n && x.p + x.n == y.p)
		return str_of(x.p, x.n + y.n);
	return x.n && issues->n < CEL_ISSUES_MAX ? arena_cat(a, x, y) : y;
}

void cel_lex(struct arena *a, str source, struct cel_issues *issues, cel_tokens *out)
{
	uint32_t offset = 0;
	str before = S("");

	while (source.n) {
		enum cel_token_kind kind = CEL_T_EOF;
		size_t n = space_or_comment(source);

		if (n) {
			before = joined(a, before, str_sub(source, 0, n), issues);
		} else {
			struct reading r = token(source, &kind);

			n = r.accepted ? r.accepted : skip(source, r.alive, offset, issues);
			if (r.accepted) {
				avec_push(a, out, (struct cel_token){ kind, offset,
								      str_sub(source, 0, n), before });
				before = S("");
			}
		}
		offset += (uint32_t)utf8_count(str_sub(source, 0, n));
		source = str_from(source, n);
	}
	avec_push(a, out, (struct cel_token){ CEL_T_EOF, offset, S("<EOF>"), before });
}
