#include "base/utf8.h"
#include "text/number.h"
#include "text/quote.h"
#include "text/unicode.h"
#include "tmpl/timeval.h"
#include "tmpl/toml_impl.h"

/* ---- strings ----------------------------------------------------------- */

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \x41, \u0041, \U00000041: so many digits. */
static err *read_code(struct toml *t, int digits, const char *what, size_t start, struct buf *b)
{
	size_t from = t->pos;
	uint32_t rune = 0;

	for (int i = 0; i < digits; i++) {
		int d = hex_digit(toml_peek(t));

		toml_take(t);
		if (d < 0) {
			CLEANUP(buf_release) struct buf q = BUF_INIT;

			quote_add(&q, str_sub(t->text, start, t->pos), QUOTE_PRINT);
			return toml_fail(
				t, t->line,
				"expected %s hexadecimal digits after '\\%c', but got %.*s instead",
				what, t->text.p[from - 1], STR_ARG(buf_str(&q)));
		}
		rune = rune << 4 | (uint32_t)d;
	}
	if (rune > UNICODE_MAX || (rune >= 0xd800 && rune <= 0xdfff))
		return toml_fail(t, t->line, "Escaped character '\\u%.*s' is not valid UTF-8.",
				 STR_ARG(str_sub(t->text, from, t->pos)));
	utf8_add(b, rune);
	return NULL;
}

/* The backslash has been taken. */
static err *read_escape(struct toml *t, size_t start, struct buf *b)
{
	static const char letters[] = "btnfre\"\\", values[] = "\b\t\n\f\r\x1b\"\\";
	int c = toml_peek(t);
	const char *at = c > 0 && c < 0x80 ? strchr(letters, c) : NULL;
	size_t size = 1;

	if (at) {
		toml_take(t);
		buf_addc(b, values[at - letters]);
		return NULL;
	}
	if (c == TOML_END || c == TOML_BAD)
		return toml_fail_here(t, "unexpected EOF; expected '\"'");
	if (c == ' ' || c == '\t')
		return toml_fail(t, t->line, "invalid escape: '\\%c'", c);
	if (c == 'x' || c == 'u' || c == 'U') {
		toml_take(t);
		return read_code(t,
				 c == 'x'   ? 2
				 : c == 'u' ? 4
					    : 8,
				 c == 'x'   ? "two"
				 : c == 'u' ? "four"
					    : "eight",
				 start, b);
	}
	utf8_decode(str_from(t->text, t->pos), &size);
	return toml_fail(t, t->line, "invalid escape in string '\\%.*s'",
			 STR_ARG(str_sub(t->text, t->pos, t->pos + size)));
}

static err *read_line_string(struct toml *t, char quote, struct buf *b)
{
	size_t start = t->pos;

	for (;;) {
		int c = toml_peek(t);

		if (c == TOML_END || c == TOML_BAD)
			return toml_fail_here(t, quote == '"' ? "unexpected EOF; expected '\"'"
							      : "unexpected EOF; expected \"'\"");
		if (c == '\n' || c == '\r')
			return toml_fail(t, t->line, "strings cannot contain newlines");
		toml_take(t);
		if (c == quote)
			return NULL;
		if (c == '\\' && quote == '"')
			TRY(read_escape(t, start, b));
		else
			buf_addc(b, (char)c);
	}
}

/* A backslash before the end of a line takes the white space that follows. */
static bool skip_line_end(struct toml *t)
{
	struct toml at = *t;

	toml_skip_spaces(&at);
	if (toml_peek(&at) != '\n' && toml_peek(&at) != '\r')
		return false;
	for (int c; (c = toml_peek(&at)) == ' ' || c == '\t' || c == '\n' || c == '\r';)
		toml_take(&at);
	t->pos = at.pos;
	t->line = at.line;
	return true;
}

/* Up to two quotes may stand before the three that close. */
static bool closes(struct toml *t, char quote, struct buf *b)
{
	size_t n = 0;

	while (n < 5 && t->pos + n < t->text.n && t->text.p[t->pos + n] == quote)
		n++;
	if (n < 3)
		return false;
	buf_fill(b, quote, n - 3);
	t->pos += n;
	return true;
}

static err *read_block_string(struct toml *t, char quote, struct buf *b)
{
	size_t start = t->pos;

	if (toml_peek(t) == '\r')
		toml_take(t);
	if (toml_peek(t) == '\n')
		toml_take(t);
	for (;;) {
		int c = toml_peek(t);

		if (c == TOML_END || c == TOML_BAD)
			return toml_fail_here(t, quote == '"' ? "unexpected EOF; expected '\"\"\"'"
							      : "unexpected EOF; expected \"'''\"");
		if (c == quote && closes(t, quote, b))
			return NULL;
		toml_take(t);
		if (c != '\\' || quote != '"')
			buf_addc(b, (char)c);
		else if (!skip_line_end(t))
			TRY(read_escape(t, start, b));
	}
}

err *toml_read_string(struct toml *t, bool multiline, node *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	char quote = (char)toml_take(t);
	str rest = str_from(t->text, t->pos);
	bool block = multiline && rest.n >= 2 && rest.p[0] == quote && rest.p[1] == quote;

	if (block) {
		t->pos += 2;
		TRY(read_block_string(t, quote, &b));
	} else {
		TRY(read_line_string(t, quote, &b));
	}
	*out = node_copy_str(t->a, buf_str(&b));
	return NULL;
}

/* ---- numbers ----------------------------------------------------------- */

static bool underscores_ok(str s)
{
	bool digit = false;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '_' && !digit)
			return false;
		digit = hex_digit((unsigned char)s.p[i]) >= 0;
	}
	return digit;
}

static bool has_leading_zero(str s)
{
	if (s.n > 1 && s.p[0] == '0' && !strchr("box", s.p[1]))
		return true;
	return s.n > 2 && (s.p[0] == '-' || s.p[0] == '+') && s.p[1] == '0';
}

static err *bad_number(struct toml *t, const char *kind, str s, const char *why)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, s, QUOTE_PRINT);
	return toml_fail(t, t->line, "Invalid %s %.*s%s", kind, STR_ARG(buf_str(&b)), why);
}

static err *make_int(struct toml *t, str s, node *out)
{
	int64_t i;

	if (!underscores_ok(s))
		return bad_number(t, "integer", s, ": underscores must be surrounded by digits");
	if (has_leading_zero(s))
		return bad_number(t, "integer", s, ": cannot have leading zeroes");
	err *e = number_parse_int(s, 0, &i);

	if (e) {
		err_free(e);
		return toml_fail(t, t->line, "%.*s is out of range for int64", STR_ARG(s));
	}
	*out = node_from_int(i);
	return NULL;
}

static err *check_float(struct toml *t, str s)
{
	size_t start = 0;
	bool first = true;

	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && s.p[i] != '.' && (s.p[i] | 32) != 'e')
			continue;
		str part = str_sub(s, start, i);

		if (part.n && !underscores_ok(part))
			return bad_number(t, "float", s,
					  ": underscores must be surrounded by digits");
		if (part.n && first && has_leading_zero(part))
			return bad_number(t, "float", s, ": cannot have leading zeroes");
		first = first && !part.n;
		start = i + 1;
	}
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '.' && (i + 1 == s.n || s.p[i + 1] < '0' || s.p[i + 1] > '9'))
			return bad_number(t, "float", s,
					  ": '.' must be followed by one or more digits");
	return NULL;
}

static err *make_float(struct toml *t, str s, node *out)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT;
	double f;

	TRY(check_float(t, s));
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '_')
			buf_addc(&plain, s.p[i]);
	err *e = number_parse_float(buf_str(&plain), &f);

	if (e) {
		bool range = str_ends(err_text(e), S("value out of range"));

		err_free(e);
		if (range)
			return toml_fail(t, t->line, "%.*s is out of range for float64",
					 STR_ARG(s));
		CLEANUP(buf_release) struct buf q = BUF_INIT;

		quote_add(&q, s, QUOTE_PRINT);
		return toml_fail(t, t->line, "Invalid float value: %.*s", STR_ARG(buf_str(&q)));
	}
	*out = node_from_float(f);
	return NULL;
}

/* ---- times ------------------------------------------------------------- */

static const struct {
	str layout, zone; /* the zone's name where the text has none */
} layouts[] = {
	{ GOTIME_RFC3339_NANO, STR_NONE },
	{ S("2006-01-02T15:04:05.999999999"), S("datetime-local") },
	{ S("2006-01-02"), S("date-local") },
	{ S("15:04:05.999999999"), S("time-local") },
	{ S("2006-01-02T15:04Z07:00"), STR_NONE },
	{ S("2006-01-02T15:04"), S("datetime-local") },
	{ S("15:04"), S("time-local") },
};

/* Go's layouts let a leading zero be left out; TOML does not. */
static bool misses_zero(str s, str layout)
{
	for (size_t i = 0; i < layout.n; i++) {
		char c = layout.p[i];

		if (c == '.' || c == 'Z')
			return false;
		if ((c < '0' || c > '9') && (i >= s.n || s.p[i] != c))
			return true;
	}
	return false;
}

static bool parse_time(struct toml *t, str s, struct gotime *out)
{
	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
		bool local = layouts[i].zone.n == 0;
		err *e = gotime_parse(out, layouts[i].layout, s, local ? t->local : NULL);

		if (e) {
			err_free(e);
			continue;
		}
		if (!local)
			*out = gotime_fixed(*out, 0, layouts[i].zone);
		return !misses_zero(s, layouts[i].layout);
	}
	return false;
}

static err *make_time(struct toml *t, str text, node *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(buf_release) struct buf q = BUF_INIT;
	str s = str_trim(text);
	struct gotime time;

	for (size_t i = 0; i < s.n; i++)
		buf_addc(&b, s.p[i] == 'z' ? 'Z' : s.p[i] == 't' || s.p[i] == ' ' ? 'T' : s.p[i]);
	if (parse_time(t, arena_str(t->a, buf_str(&b)), &time)) {
		*out = timeval(t->a, time);
		return NULL;
	}
	quote_add(&q, buf_str(&b), QUOTE_PRINT);
	return toml_fail(t, t->line, "invalid datetime: %.*s", STR_ARG(buf_str(&q)));
}

/* ---- scalars ----------------------------------------------------------- */

static str take_set(struct toml *t, size_t start, const char *set)
{
	for (int c; (c = toml_peek(t)) > 0 && c < 0x80 && strchr(set, c);)
		toml_take(t);
	return str_sub(t->text, start, t->pos);
}

/* 0x, 0o, 0b. */
static err *read_based(struct toml *t, size_t start, node *out)
{
	char base = t->text.p[start + 1];
	const char *set = base == 'x'   ? "0123456789abcdefABCDEF_"
			  : base == 'o' ? "01234567_"
					: "01_";

	t->pos = start + 2;
	int c = toml_peek(t);

	if (c <= 0 || c == '_' || c >= 0x80 || !strchr(set, c))
		return toml_fail_here(t, "not %s number: '0%c%c'",
				      base == 'x'   ? "a hexadecimal"
				      : base == 'o' ? "an octal"
						    : "a binary",
				      base, c > 0 ? c : 0);
	return make_int(t, take_set(t, start, set), out);
}

static err *read_unsigned(struct toml *t, size_t start, node *out)
{
	str digits = take_set(t, start, "0123456789");
	int c = toml_peek(t);

	if (digits.n == 1 && digits.p[0] == '0' && (c == 'x' || c == 'o' || c == 'b'))
		return read_based(t, start, out);
	if (c == '-' || c == ':')
		return make_time(t, take_set(t, start, "0123456789-:Tt .Zz+"), out);
	take_set(t, start, "0123456789_");
	c = toml_peek(t);
	if (c == '.' || c == 'e' || c == 'E')
		return make_float(t, take_set(t, start, "0123456789_.-+eE"), out);
	return make_int(t, str_sub(t->text, start, t->pos), out);
}

static bool take_word(struct toml *t, str word)
{
	if (!str_starts(str_from(t->text, t->pos), word))
		return false;
	t->pos += word.n;
	return true;
}

static err *read_signed(struct toml *t, size_t start, node *out)
{
	toml_take(t);
	int c = toml_peek(t);

	if (take_word(t, S("inf")) || take_word(t, S("nan")))
		return make_float(t, str_sub(t->text, start, t->pos), out);
	if (c == '.')
		return toml_fail_here(t, "floats must start with a digit, not '.'");
	if (c < '0' || c > '9')
		return toml_fail_here(t, "expected a digit but got %.*s",
				      STR_ARG(toml_quoted_next(t)));
	if (c == '0' && t->pos + 1 < t->text.n && t->text.p[t->pos + 1] &&
	    strchr("box", t->text.p[t->pos + 1]))
		return toml_fail(t, t->line, "cannot use sign with non-decimal numbers: '%.*s'",
				 STR_ARG(str_sub(t->text, start, t->pos + 2)));
	take_set(t, start, "0123456789_");
	c = toml_peek(t);
	if (c == '.' || c == 'e' || c == 'E')
		return make_float(t, take_set(t, start, "0123456789_.-+eE"), out);
	return make_int(t, str_sub(t->text, start, t->pos), out);
}

static err *read_word(struct toml *t, node *out)
{
	CLEANUP(buf_release) struct buf q = BUF_INIT;
	str s = str_from(t->text, t->pos), rest = s;
	size_t size;

	while (rest.n && unicode_is_letter(utf8_decode(rest, &size)))
		rest = str_from(rest, size);
	s.n -= rest.n;
	if (str_eq(s, S("true")) || str_eq(s, S("false"))) {
		*out = node_from_bool(s.n == 4);
		t->pos += s.n;
		return NULL;
	}
	if (!s.n)
		return toml_fail_here(t, "expected value but found %.*s instead",
				      STR_ARG(toml_quoted_next(t)));
	quote_add(&q, s, QUOTE_PRINT);
	return toml_fail(t, t->line, "expected value but found %.*s instead", STR_ARG(buf_str(&q)));
}

err *toml_read_scalar(struct toml *t, node *out)
{
	size_t start = t->pos;
	int c = toml_peek(t);

	if (c == TOML_END)
		return toml_fail_here(t, "unexpected EOF; expected value");
	if (c >= '0' && c <= '9')
		return read_unsigned(t, start, out);
	if (c == '-' || c == '+')
		return read_signed(t, start, out);
	if (c == '.')
		return toml_fail_here(t, "floats must start with a digit, not '.'");
	if (take_word(t, S("inf")) || take_word(t, S("nan")))
		return make_float(t, str_sub(t->text, start, t->pos), out);
	return read_word(t, out);
}
