#include "text/width.h"

#include "base/utf8.h"
#include "text/quote.h"
#include "text/unicode.h"
#include "text/width_table.h"

static bool is_wide(uint32_t rune)
{
	size_t low = 0, high = sizeof wide / sizeof *wide;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (wide[mid].hi < rune)
			low = mid + 1;
		else
			high = mid;
	}
	return low < sizeof wide / sizeof *wide && wide[low].lo <= rune;
}

unsigned width_rune(uint32_t rune)
{
	if (rune < 0x7f)
		return rune >= 0x20;
	switch (unicode_category(rune)) {
	case UNICODE_CC:
	case UNICODE_CF:
	case UNICODE_ME:
	case UNICODE_MN:
		return 0;
	default:
		return is_wide(rune) ? 2 : 1;
	}
}

size_t width_text(str s)
{
	size_t n = 0;
	uint32_t rune;

	while (utf8_take(&s, &rune))
		n += width_rune(rune);
	return n;
}

/* Without its quotes. */
static void add_escaped(struct buf *b, str one, size_t *column)
{
	CLEANUP(buf_release) struct buf quoted = BUF_INIT;

	quote_add(&quoted, one, QUOTE_PRINT);
	str bare = str_sub(buf_str(&quoted), 1, quoted.n - 1);

	buf_add(b, bare);
	*column += bare.n;
}

void width_add_visible(struct buf *b, str s, size_t *column)
{
	while (s.n) {
		size_t size;
		uint32_t rune = utf8_decode(s, &size);
		str one = str_sub(s, 0, size);

		s = str_from(s, size);
		if (rune == '\t') {
			size_t to = (*column / 8 + 1) * 8;

			buf_fill(b, ' ', to - *column);
			*column = to;
		} else if ((rune == UTF8_BAD && size == 1) ||
			   (!unicode_is_graphic(rune) && rune != '"')) {
			add_escaped(b, one, column);
		} else {
			buf_add(b, one);
			*column += width_rune(rune);
		}
	}
}
