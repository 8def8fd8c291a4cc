#include "text/errtext.h"

#include "base/utf8.h"
#include "text/width.h"

/* A message may have several lines; each starts at the left. */
static void write_lines(struct buf *b, str text, bool terminal)
{
	str line, rest = text;
	size_t column;

	if (!terminal) {
		buf_add(b, text);
		return;
	}
	for (bool more = true; more;) {
		more = str_split(rest, '\n', &line, &rest);
		column = 0;
		width_add_visible(b, line, &column);
		if (more)
			buf_addc(b, '\n');
	}
}

/* The first `runes` runes of the text. */
static str first_runes(str text, uint32_t runes)
{
	str rest = text;
	uint32_t rune;

	while (runes-- && utf8_take(&rest, &rune))
		;
	return str_sub(text, 0, text.n - rest.n);
}

static void write_excerpt(struct buf *b, const struct err_pos *pos)
{
	size_t column = 0;
	str before = first_runes(pos->text, pos->col - pos->text_col);

	buf_addc(b, '\n');
	width_add_visible(b, before, &column);
	size_t caret = column;

	width_add_visible(b, str_from(pos->text, before.n), &column);
	buf_addc(b, '\n');
	buf_fill(b, ' ', caret);
	buf_addc(b, '^');
}

void errtext_write(struct buf *b, const err *e, bool terminal)
{
	struct err_pos pos = err_position(e);

	if (pos.file.n) {
		write_lines(b, pos.file, terminal);
		if (pos.line)
			buf_addf(b, ":%u", pos.line);
		if (pos.line && pos.col)
			buf_addf(b, ":%u", pos.col);
		buf_add(b, S(": "));
	}
	write_lines(b, err_text(e), terminal);
	if (terminal && pos.text.n && pos.col >= pos.text_col)
		write_excerpt(b, &pos);
}
