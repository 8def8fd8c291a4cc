#include "text/quote.h"

#include "base/utf8.h"
#include "text/unicode.h"

static void add_hex(struct buf *b, const char *prefix, uint32_t n, int digits)
{
	buf_add(b, str_c(prefix));
	while (digits-- > 0)
		buf_addc(b, "0123456789abcdef"[n >> (4 * digits) & 15]);
}

static bool shown(uint32_t rune, enum quote_form form)
{
	if (form == QUOTE_ASCII)
		return rune >= ' ' && rune <= '~';
	return form == QUOTE_GRAPHIC ? unicode_is_graphic(rune) : unicode_is_print(rune);
}

static bool is_rune(uint32_t rune)
{
	return rune <= UNICODE_MAX && (rune < 0xd800 || rune > 0xdfff);
}

static void add_rune(struct buf *b, uint32_t rune, char quote, enum quote_form form)
{
	static const char controls[] = "abtnvfr";	/* from U+0007 on */

	if (rune == (unsigned char)quote || rune == '\\') {
		buf_addc(b, '\\');
		buf_addc(b, (char)rune);
	} else if (is_rune(rune) && shown(rune, form)) {
		utf8_add(b, rune);
	} else if (rune >= '\a' && rune <= '\r') {
		buf_addc(b, '\\');
		buf_addc(b, controls[rune - '\a']);
	} else if (rune < ' ' || rune == 0x7f) {
		add_hex(b, "\\x", rune, 2);
	} else if (!is_rune(rune)) {
		add_hex(b, "\\u", UTF8_BAD, 4);
	} else if (rune < 0x10000) {
		add_hex(b, "\\u", rune, 4);
	} else {
		add_hex(b, "\\U", rune, 8);
	}
}

/* How many bytes at the front need no look: printable ASCII without escapes. */
static size_t plain_prefix(str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= ' ' && s.p[n] <= '~' && s.p[n] != '"' && s.p[n] != '\\')
		n++;
	return n;
}

void quote_add(struct buf *b, str s, enum quote_form form)
{
	buf_addc(b, '"');
	while (s.n) {
		size_t size = plain_prefix(s);

		if (size) {
			buf_bytes(b, s.p, size);
		} else {
			uint32_t rune = utf8_decode(s, &size);

			if (rune == UTF8_BAD && size == 1)
				add_hex(b, "\\x", (unsigned char)s.p[0], 2);
			else
				add_rune(b, rune, '"', form);
		}
		s = str_from(s, size);
	}
	buf_addc(b, '"');
}

str quote_str(struct arena *a, str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, s, QUOTE_PRINT);
	return arena_str(a, buf_str(&b));
}

void quote_add_bytes(struct buf *b, str s)
{
	buf_addc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < ' ' || c >= 0x80) {
			add_hex(b, "\\x", c, 2);
			continue;
		}
		if (c == '"' || c == '\\')
			buf_addc(b, '\\');
		buf_addc(b, (char)c);
	}
	buf_addc(b, '"');
}

void quote_add_rune(struct buf *b, uint32_t rune, enum quote_form form)
{
	buf_addc(b, '\'');
	add_rune(b, is_rune(rune) ? rune : UTF8_BAD, '\'', form);
	buf_addc(b, '\'');
}

bool quote_can_backquote(str s)
{
	while (s.n) {
		size_t size;
		uint32_t rune = utf8_decode(s, &size);

		if (size == 1 && (rune == UTF8_BAD || (rune < ' ' && rune != '\t') ||
				  rune == '`' || rune == 0x7f))
			return false;
		if (rune == 0xfeff)
			return false;
		s = str_from(s, size);
	}
	return true;
}

void quote_add_verb(struct buf *b, str s, bool sharp, bool plus)
{
	if (sharp && quote_can_backquote(s)) {
		buf_addc(b, '`');
		buf_add(b, s);
		buf_addc(b, '`');
	} else {
		quote_add(b, s, plus ? QUOTE_ASCII : QUOTE_PRINT);
	}
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Take exactly `n` digits of base 8 or 16. */
static bool take_digits(str *s, size_t n, int base, uint32_t *out)
{
	uint32_t value = 0;

	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int digit = hex_value(s->p[i]);

		if (digit < 0 || digit >= base)
			return false;
		value = value * (uint32_t)base + (uint32_t)digit;
	}
	*s = str_from(*s, n);
	*out = value;
	return true;
}

/* Take the rest of an escape, after the backslash, and add what it means. */
static bool take_escape(str *s, char quote, struct buf *b)
{
	static const char letters[] = "abfnrtv\\", meanings[] = "\a\b\f\n\r\t\v\\";
	uint32_t value;

	if (s->n == 0)
		return false;
	char c = s->p[0];
	const char *letter = c ? strchr(letters, c) : NULL;

	if (c >= '0' && c <= '7') {
		if (!take_digits(s, 3, 8, &value) || value > 0xff)
			return false;
		buf_addc(b, (char)value);
		return true;
	}
	*s = str_from(*s, 1);
	if (letter) {
		buf_addc(b, meanings[letter - letters]);
	} else if (c == quote) {
		buf_addc(b, c);
	} else if (c == 'x') {
		if (!take_digits(s, 2, 16, &value))
			return false;
		buf_addc(b, (char)value);
	} else if (c == 'u' || c == 'U') {
		if (!take_digits(s, c == 'u' ? 4 : 8, 16, &value) || !is_rune(value))
			return false;
		utf8_add(b, value);
	} else {
		return false;
	}
	return true;
}

/* Take one rune or escape of a quoted text; bad UTF-8 turns into U+FFFD. */
static bool take_unquoted(str *s, char quote, struct buf *b)
{
	uint32_t rune;

	if (s->p[0] == '\n')
		return false;
	if (str_take(s, '\\'))
		return take_escape(s, quote, b);
	utf8_take(s, &rune);
	utf8_add(b, rune);
	return true;
}

bool quote_take_char(struct buf *b, str *s, char quote)
{
	return s->n > 0 && s->p[0] != quote && take_unquoted(s, quote, b);
}

/* Take a text in back quotes; carriage returns in it do not count. */
static bool take_raw(str *s, struct buf *b)
{
	size_t end = str_find_char(*s, '`');
	str piece, body;

	if (end == STR_NPOS)
		return false;
	body = str_sub(*s, 0, end);
	while (str_cut(&body, &piece, '\r'))
		buf_add(b, piece);
	*s = str_from(*s, end + 1);
	return true;
}

static bool take_quoted(str *s, struct buf *b)
{
	char quote = s->n ? s->p[0] : 0;

	if (quote != '"' && quote != '\'' && quote != '`')
		return false;
	*s = str_from(*s, 1);
	if (quote == '`')
		return take_raw(s, b);
	while (s->n && s->p[0] != quote) {
		size_t plain = quote == '"' ? plain_prefix(*s) : 0;

		if (plain) {
			buf_bytes(b, s->p, plain);
			*s = str_from(*s, plain);
		} else if (!take_unquoted(s, quote, b)) {
			return false;
		}
		if (quote == '\'')
			break;
	}
	return str_take(s, quote);
}

err *quote_unquote(struct buf *b, str s)
{
	size_t start = b->n;

	if (take_quoted(&s, b) && s.n == 0)
		return NULL;
	buf_trim(b, start);
	return err_new(ERR_INVALID, "invalid syntax");
}

bool quote_take(str *s, str *quoted)
{
	CLEANUP(buf_release) struct buf unquoted = BUF_INIT;
	str rest = *s;

	if (!take_quoted(&rest, &unquoted))
		return false;
	*quoted = str_of(s->p, (size_t)(rest.p - s->p));
	*s = rest;
	return true;
}
