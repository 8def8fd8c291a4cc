#include "text/errtext.h"

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
