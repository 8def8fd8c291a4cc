#include "cli/quote.h"

#include "base/utf8.h"

static void add(struct buf *b, uint32_t rune, char quote)
{
	static const char names[] = "abtnvfr";	/* from \a on */

	if (rune == (unsigned char)quote || rune == '\\')
		buf_addf(b, "\\%c", (char)rune);
	else if (rune >= 7 && rune <= 13)
		buf_addf(b, "\\%c", names[rune - 7]);
	else if (rune < 32 || rune == 127)
		buf_addf(b, "\\x%02x", rune);
	else
		utf8_add(b, rune);
}

void quote_add(struct buf *b, str s)
{
	buf_addc(b, '"');
	while (s.n) {
		size_t size;
		uint32_t rune = utf8_decode(s, &size);

		if (rune == UTF8_BAD && size == 1)
			buf_addf(b, "\\x%02x", (unsigned char)s.p[0]);
		else
			add(b, rune, '"');
		s = str_from(s, size);
	}
	buf_addc(b, '"');
}

void quote_add_rune(struct buf *b, uint32_t rune)
{
	buf_addc(b, '\'');
	add(b, rune, '\'');
	buf_addc(b, '\'');
}
