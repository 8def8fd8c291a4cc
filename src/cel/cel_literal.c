#include "base/utf8.h"
#include "cel/cel_parse.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static bool is_rune(uint32_t r)
{
	return r < 0xd800 || (r > 0xdfff && r <= 0x10ffff);
}

static void add(struct buf *b, uint32_t value, bool bytes)
{
	if (bytes)
		buf_addc(b, (char)value);
	else
		utf8_add(b, value);
}

/* An escape by number: `n` digits of base 16, or of base 8. */
static const char *take_number(str *s, struct buf *b, size_t n, int base, bool bytes)
{
	uint32_t value = 0;

	for (size_t i = 0; i < n; i++) {
		int digit = i < s->n ? hex(s->p[i]) : -1;

		if (digit < 0 || digit >= base)
			return base == 8 ? "unable to unescape octal sequence in string"
					 : "unable to unescape string";
		value = value * (uint32_t)base + (uint32_t)digit;
	}
	*s = str_from(*s, n);
	if (!bytes && !is_rune(value))
		return "invalid unicode code point";
	add(b, value, bytes);
	return NULL;
}

static const char *take_escape(str *s, struct buf *b, bool bytes)
{
	static const char from[] = "abfnrtv\\'\"`?", to[] = "\a\b\f\n\r\t\v\\'\"`?";

	if (s->n < 2)
		return "unable to unescape string, found '\\' as last character";
	char c = s->p[1];
	const char *simple = c ? strchr(from, c) : NULL;

	*s = str_from(*s, 2);
	if (simple) {
		buf_addc(b, to[simple - from]);
		return NULL;
	}
	if (c == 'x' || c == 'X')
		return take_number(s, b, 2, 16, bytes);
	if ((c == 'u' || c == 'U') && !bytes)
		return take_number(s, b, c == 'u' ? 4 : 8, 16, false);
	if (c >= '0' && c <= '3') {
		/* the first digit is a part of the number */
		*s = (str){ s->p - 1, s->n + 1 };
		return take_number(s, b, 3, 8, bytes);
	}
	return "unable to unescape string";
}

static str same_newlines(struct arena *a, str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (str_find_char(s, '\r') == STR_NPOS)
		return s;
	for (size_t i = 0; i < s.n; i++) {
		buf_addc(&b, s.p[i] == '\r' ? '\n' : s.p[i]);
		if (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
			i++;
	}
	return arena_str(a, buf_str(&b));
}

const char *cel_literal_unquote(struct arena *a, str text, bool bytes, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str s = same_newlines(a, text);
	bool raw = str_take(&s, 'r') || str_take(&s, 'R');
	size_t quotes = s.n >= 6 && s.p[1] == s.p[0] && s.p[2] == s.p[0] ? 3 : 1;

	s = str_sub(s, quotes, s.n - quotes);
	*out = s;
	if (raw || str_find_char(s, '\\') == STR_NPOS)
		return NULL;
	while (s.n) {
		if (s.p[0] != '\\') {
			buf_addc(&b, s.p[0]);
			s = str_from(s, 1);
			continue;
		}
		const char *wrong = take_escape(&s, &b, bytes);

		if (wrong)
			return wrong;
	}
	*out = arena_str(a, buf_str(&b));
	return NULL;
}
