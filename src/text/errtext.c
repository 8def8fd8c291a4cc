#include "text/errtext.h"

#include "base/utf8.h"
#include "text/width.h"

/* Bytes of the line of the place that are shown. */
enum { SHOWN_MAX = 400 };

str errtext_file(str dir, str file)
{
	str rest = file;

	return dir.n && str_take_str(&rest, dir) && str_take(&rest, '/') ? rest : file;
}

err *errtext_tell_from(err *e, str dir)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct err_pos pos = err_position(e);
	str line = str_sub(str_trim(pos.text), 0, SHOWN_MAX), advice = err_detail(e);

	if (!pos.file.n)
		return e;
	buf_add(&b, err_text(e));
	buf_add(&b, S("\n  at "));
	buf_add(&b, errtext_file(dir, pos.file));
	if (pos.line)
		buf_addf(&b, ":%u", pos.line);
	if (pos.line && pos.col)
		buf_addf(&b, ":%u", pos.col);
	if (line.n)
		buf_addf(&b, ": %.*s", STR_ARG(line));
	if (advice.n)
		buf_addf(&b, "\n  %.*s", STR_ARG(advice));
	return err_replace(e, "%.*s", STR_ARG(buf_str(&b)));
}

err *errtext_tell(err *e)
{
	return errtext_tell_from(e, STR_NONE);
}

/* The first `n` runes. */
static str runes(str s, size_t n)
{
	size_t at = 0;

	for (size_t size; n-- > 0 && at < s.n; at += size)
		utf8_decode(str_from(s, at), &size);
	return str_sub(s, 0, at);
}

void errtext_show_place(struct buf *b, const struct err_pos *pos, str dir)
{
	str line = str_trim_right_set(str_sub(pos->text, 0, SHOWN_MAX), S("\r\n"));
	uint32_t first = pos->text_col ? pos->text_col : 1;
	size_t column = 0;

	if (!pos->file.n)
		return;
	buf_add(b, S("  at "));
	errtext_visible(b, errtext_file(dir, pos->file));
	if (pos->line)
		buf_addf(b, ":%u", pos->line);
	if (pos->line && pos->col)
		buf_addf(b, ":%u", pos->col);
	buf_addc(b, '\n');
	if (!str_trim(line).n)
		return;
	buf_add(b, S("  | "));
	width_add_visible(b, line, &column);
	buf_addc(b, '\n');
	if (pos->col < first)
		return;
	CLEANUP(buf_release) struct buf before = BUF_INIT;

	column = 0;
	width_add_visible(&before, runes(line, pos->col - first), &column);
	buf_add(b, S("  | "));
	for (size_t i = 0; i < column; i++)
		buf_addc(b, ' ');
	buf_add(b, S("^\n"));
}

void errtext_visible(struct buf *b, str text)
{
	str line, rest = text;

	for (bool more = true; more;) {
		size_t column = 0;

		more = str_split(rest, '\n', &line, &rest);
		width_add_visible(b, line, &column);
		if (more)
			buf_addc(b, '\n');
	}
}
