/* From bytes to checked UTF-8.
 *
 * Go-yaml reads 512 bytes at a time and checks each window whole before the
 * scanner sees any of it. An error in the text may so come before an error
 * of the grammar that stands further up; which of the two is told depends on
 * the windows, so they are the same here. */
#include "value/yaml_impl.h"

#include "base/utf8.h"

enum { WINDOW = 512 };

/* At the byte that is looked at, which is ahead of the scanner's mark. */
static err *input_error(struct yaml_scan *s, const char *problem)
{
	s->bad = s->mark;
	if (!s->wide) {
		str before = str_sub(s->raw, 0, (size_t)s->raw_pos);
		size_t line = str_rfind_char(before, '\n');

		s->bad.pos = s->raw_pos;
		s->bad.line = (int32_t)str_count_char(before, '\n');
		s->bad.column = s->raw_pos - (line == STR_NPOS ? 0 : (int32_t)line + 1);
	}
	return err_new(ERR_INVALID, "yaml: %s", problem);
}

static bool is_allowed(uint32_t rune)
{
	if (rune < 0x20)
		return rune == '\t' || rune == '\n' || rune == '\r';
	return rune <= 0x7e || rune == 0x85 || (rune >= 0xa0 && rune <= 0xd7ff) ||
	       (rune >= 0xe000 && rune <= 0xfffd) || (rune >= 0x10000 && rune <= 0x10ffff);
}

/* The bytes that a leading byte announces; 0 for none. */
static int32_t announced(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if ((c & 0xe0) == 0xc0)
		return 2;
	if ((c & 0xf0) == 0xe0)
		return 3;
	return (c & 0xf8) == 0xf0 ? 4 : 0;
}

/* One rune of UTF-8; `have` bytes are in the window. Width 0: not all there. */
static err *check_utf8(struct yaml_scan *s, const unsigned char *p, int32_t have, int32_t *width)
{
	static const uint8_t lead_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	int32_t n = announced(*p);

	if (!n)
		return input_error(s, "invalid leading UTF-8 octet");
	if (n > have) {
		if (s->ended)
			return input_error(s, "incomplete UTF-8 octet sequence");
		*width = 0;
		return NULL;
	}
	uint32_t rune = *p & lead_bits[n];

	for (int32_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return input_error(s, "invalid trailing UTF-8 octet");
		rune = rune << 6 | (p[i] & 0x3f);
	}
	if (rune < least[n])
		return input_error(s, "invalid length of a UTF-8 sequence");
	if ((rune >= 0xd800 && rune <= 0xdfff) || rune > 0x10ffff)
		return input_error(s, "invalid Unicode character");
	if (!is_allowed(rune))
		return input_error(s, "control characters are not allowed");
	*width = n;
	return NULL;
}

static uint32_t unit(const struct yaml_scan *s, const unsigned char *p)
{
	return s->big_endian ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

/* One rune of UTF-16, copied as UTF-8. */
static err *copy_utf16(struct yaml_scan *s, const unsigned char *p, int32_t have, int32_t *width)
{
	*width = 0;
	if (have < 2)
		return s->ended ? input_error(s, "incomplete UTF-16 character") : NULL;
	uint32_t rune = unit(s, p);
	int32_t n = 2;

	if ((rune & 0xfc00) == 0xdc00)
		return input_error(s, "unexpected low surrogate area");
	if ((rune & 0xfc00) == 0xd800) {
		if (have < 4)
			return s->ended ? input_error(s, "incomplete UTF-16 surrogate pair") : NULL;
		uint32_t low = unit(s, p + 2);

		if ((low & 0xfc00) != 0xdc00)
			return input_error(s, "expected low surrogate area");
		rune = 0x10000 + ((rune & 0x3ff) << 10) + (low & 0x3ff);
		n = 4;
	}
	if (!is_allowed(rune))
		return input_error(s, "control characters are not allowed");
	s->text_n += (int32_t)utf8_encode(rune, s->copy + s->text_n);
	*width = n;
	return NULL;
}

/* All whole runes of the window. */
static err *decode_window(struct yaml_scan *s)
{
	const unsigned char *p = (const unsigned char *)s->raw.p;

	while (s->raw_pos < s->raw_end) {
		unsigned char c = p[s->raw_pos];
		int32_t width = 1;

		if (s->wide)
			TRY(copy_utf16(s, p + s->raw_pos, s->raw_end - s->raw_pos, &width));
		else if (c < 0x20 || c > 0x7e)
			TRY(check_utf8(s, p + s->raw_pos, s->raw_end - s->raw_pos, &width));
		if (!width)
			break;
		s->raw_pos += width;
		s->decoded++;
	}
	return NULL;
}

static void next_window(struct yaml_scan *s)
{
	int32_t end = (int32_t)s->raw.n;

	if (s->raw_end == end)
		s->ended = true;
	s->raw_end = end - s->raw_pos < WINDOW ? end : s->raw_pos + WINDOW;
}

err *yaml_refill(struct yaml_scan *s, int32_t n)
{
	s->window = s->mark.pos;
	for (;;) {
		TRY(decode_window(s));
		if (s->mark.index + n <= s->decoded)
			return NULL;
		if (s->ended) {
			s->decoded++;	/* the NUL that stands for the end */
			return NULL;
		}
		next_window(s);
	}
}

bool yaml_look(struct yaml_scan *s, int32_t n)
{
	err *e = yaml_need(s, n);

	if (!e)
		return true;
	err_free(s->pending);
	s->pending = e;
	return false;
}

static bool starts_with(str s, const char *bytes, size_t n)
{
	return s.n >= n && memcmp(s.p, bytes, n) == 0;
}

void yaml_scan_init(struct yaml_scan *s, struct arena *a, str text, enum yaml_rules rules)
{
	*s = (struct yaml_scan){
		.a = a, .rules = rules, .raw = text, .text = text.p, .text_n = (int32_t)text.n, .indent = -1, .value = BUF_INIT, .breaks = BUF_INIT,
		.note = BUF_INIT,
	};
	s->raw_end = text.n < WINDOW ? (int32_t)text.n : WINDOW;
	s->big_endian = starts_with(text, "\xfe\xff", 2);
	s->wide = s->big_endian || starts_with(text, "\xff\xfe", 2);
	if (s->wide) {
		s->raw_pos = 2;
		s->text = s->copy = arena_zero(a, text.n / 2 * 3 + 8, 1);
		s->text_n = 0;
	} else if (starts_with(text, "\xef\xbb\xbf", 3)) {
		s->raw_pos = s->mark.pos = 3;
	}
}

void yaml_scan_release(struct yaml_scan *s)
{
	vec_release(&s->tokens);
	vec_release(&s->indents);
	vec_release(&s->keys);
	vec_release(&s->comments);
	vec_release(&s->ends);
	free(s->ring.slots);
	buf_release(&s->value);
	buf_release(&s->breaks);
	buf_release(&s->note);
	err_free(s->pending);
}
