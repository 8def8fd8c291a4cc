#include "base/ascii.h"
#include "base/utf8.h"
#include "value/yaml_emit_impl.h"

/* Bytes that need a look; all others only separate the ones that do. Spaces
 * matter beside breaks, before '#' and at the ends, and are looked at from there. */
enum class {
	C_NONE,
	C_FLOW,			/* , ? [ ] { } */
	C_COLON,
	C_HASH,
	C_TAB,
	C_NEWLINE,
	C_RETURN,
	C_CONTROL,
	C_DELETE,
	C_WIDE,			/* begins a character of several bytes */
};

static const unsigned char classes[256] = {
	[0x00 ... 0x08] = C_CONTROL, ['\t'] = C_TAB, ['\n'] = C_NEWLINE,
	[0x0b ... 0x0c] = C_CONTROL, ['\r'] = C_RETURN, [0x0e ... 0x1f] = C_CONTROL,
	[','] = C_FLOW, ['?'] = C_FLOW, ['['] = C_FLOW, [']'] = C_FLOW,
	['{'] = C_FLOW, ['}'] = C_FLOW,
	[':'] = C_COLON, ['#'] = C_HASH,
	[0x7f] = C_DELETE,
	[0x80 ... 0xff] = C_WIDE,
};

/* Indicators at the start that rule plain style out whatever follows. */
static const bool is_sign[256] = {
	['#'] = true, [','] = true, ['['] = true, [']'] = true, ['{'] = true, ['}'] = true,
	['&'] = true, ['*'] = true, ['!'] = true, ['|'] = true, ['>'] = true, ['\''] = true,
	['"'] = true, ['%'] = true, ['@'] = true, ['`'] = true,
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool blank_follows(str s, size_t i)
{
	return i >= s.n || is_blank(s.p[i]);
}

static unsigned scan_start(str s)
{
	unsigned char c = (unsigned char)s.p[0];
	unsigned found = 0;

	if (is_sign[c] || (c == '-' && blank_follows(s, 1)))
		found |= EMIT_FLOW_SIGN | EMIT_BLOCK_SIGN;
	else if (c == '?' && blank_follows(s, 1))
		found |= EMIT_BLOCK_SIGN;
	if (s.n >= 3 && (c == '-' || c == '.') && s.p[1] == s.p[0] && s.p[2] == s.p[0])
		found |= EMIT_FLOW_SIGN | EMIT_BLOCK_SIGN;
	if (c == ' ')
		found |= EMIT_EDGE;
	if (s.p[s.n - 1] == ' ')
		found |= EMIT_END_SPACE;
	return found;
}

/* A break of `size` bytes at `i`. */
static unsigned scan_break(str s, size_t i, size_t size)
{
	unsigned found = 0;

	if (i == 0 || i + size == s.n)
		found |= EMIT_EDGE;
	if (i > 0 && s.p[i - 1] == ' ')
		found |= EMIT_SPACE_BREAK;
	if (i + size < s.n && s.p[i + size] == ' ')
		found |= EMIT_BREAK_SPACE;
	return found;
}

static bool is_wide_break(uint32_t rune)
{
	return rune == 0x85 || rune == 0x2028 || rune == 0x2029;
}

static unsigned scan_wide(str s, size_t i, size_t *size)
{
	uint32_t rune = utf8_decode(str_from(s, i), size);
	unsigned found = EMIT_WIDE;

	if (rune == UTF8_BAD && *size == 1)
		return found | EMIT_NOT_UTF8 | EMIT_NOT_JSON | EMIT_SPECIAL;
	if (rune < 0xa0)	/* JSON texts hold these as they are, and YAML does not read them */
		found |= EMIT_SPECIAL | EMIT_NOT_JSON;
	else if (rune == 0xfffe || rune == 0xffff)
		found |= EMIT_SPECIAL | EMIT_NOT_JSON;
	else if (rune == 0xfeff || rune > 0xffff)
		found |= EMIT_SPECIAL;
	if (is_wide_break(rune))
		found |= EMIT_OTHER_BREAK | scan_break(s, i, *size);
	return found;
}

/* What stands before a '#' that begins a comment: a blank, a break or NUL. */
static bool is_comment(str s, size_t i)
{
	size_t size;

	if (i == 0)
		return true;
	char c = s.p[i - 1];

	if (!(c & 0x80))
		return is_blank(c) || c == '\n' || c == '\r' || !c;
	return is_wide_break(utf8_decode_last(str_sub(s, 0, i), &size));
}

unsigned yaml_emit_scan(str s)
{
	if (!s.n)
		return EMIT_EMPTY;
	unsigned found = scan_start(s);

	for (size_t i = 0, size = 1;; i += size) {
		while (i < s.n && !classes[(unsigned char)s.p[i]])
			i++;
		if (i >= s.n)
			return found;
		size = 1;
		switch ((enum class)classes[(unsigned char)s.p[i]]) {
		case C_NONE:
			break;
		case C_FLOW:
			found |= EMIT_FLOW_SIGN;
			break;
		case C_COLON:
			found |= EMIT_FLOW_SIGN;
			if (blank_follows(s, i + 1))
				found |= EMIT_BLOCK_SIGN;
			break;
		case C_HASH:
			if (is_comment(s, i))
				found |= EMIT_FLOW_SIGN | EMIT_BLOCK_SIGN;
			break;
		case C_TAB:
			found |= EMIT_TAB;
			break;
		case C_NEWLINE:
			found |= EMIT_NEWLINE | scan_break(s, i, 1);
			break;
		case C_RETURN:
			found |= EMIT_SPECIAL | EMIT_OTHER_BREAK | scan_break(s, i, 1);
			break;
		case C_CONTROL:
			found |= EMIT_SPECIAL;
			break;
		case C_DELETE:
			found |= EMIT_SPECIAL | EMIT_NOT_JSON;
			break;
		case C_WIDE:
			found |= scan_wide(s, i, &size);
			break;
		}
	}
}

/* ---- texts that read as something else --------------------------------- */

bool yaml_emit_old_bool(str s)
{
	static const char *const words[] = {
		"y", "Y", "yes", "Yes", "YES", "on", "On", "ON",
		"n", "N", "no", "No", "NO", "off", "Off", "OFF",
	};

	if (s.n < 1 || s.n > 3)
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_eq(s, str_c(words[i])))
			return true;
	return false;
}

static bool is_digit_or_low(char c)
{
	return ascii_is_digit(c) || c == '_';
}

/* [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)? */
bool yaml_emit_base60(str s)
{
	if (!str_take(&s, '-'))
		str_take(&s, '+');
	if (!s.n || !ascii_is_digit(s.p[0]))
		return false;
	str_span(&s, is_digit_or_low);
	if (!s.n || s.p[0] != ':')
		return false;
	while (str_take(&s, ':')) {
		str part = str_span(&s, ascii_is_digit);

		if (part.n < 1 || part.n > 2 || (part.n == 2 && part.p[0] > '5'))
			return false;
	}
	if (str_take(&s, '.'))
		str_span(&s, is_digit_or_low);
	return !s.n;
}
