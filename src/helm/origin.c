#include "helm/origin.h"

#include "base/buf.h"

/* Bytes of a line of output that are shown. */
enum { SHOWN_MAX = 200 };

static bool locate(const struct manifest *m, size_t at, struct trace_place *out)
{
	return m->trace && trace_find(m->trace, at, out);
}

bool origin_of(const struct manifest *m, struct trace_place *out)
{
	return locate(m, (size_t)(m->text.p - m->output.p), out);
}

/* Line `line` of the document, or the last one before it that is not blank:
 * what is not closed is noticed at the end. Gives its offset in the output. */
static size_t find_line(const struct manifest *m, uint32_t line, str *shown)
{
	size_t start = (size_t)(m->text.p - m->output.p), at = start, end;

	while (line-- > 1 && (end = str_find_char(str_from(m->output, at), '\n')) != STR_NPOS)
		at += end + 1;
	*shown = str_from(m->output, at);
	*shown = str_trim(str_sub(*shown, 0, str_find_char(*shown, '\n')));
	if (shown->n || at <= start)
		return at;
	str before = str_trim(str_sub(m->output, start, at));

	end = str_rfind_char(before, '\n');
	*shown = str_trim(str_from(before, end == STR_NPOS ? 0 : end + 1));
	return (size_t)(shown->p - m->output.p);
}

err *origin_add(err *e, const struct manifest *m, uint32_t line)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct trace_place place;
	str shown;
	size_t at = find_line(m, line, &shown);

	if (!locate(m, at, &place))
		return e;
	buf_addf(&b, "line %zu of the output of %.*s: %.*s",
		 1 + str_count_char(str_sub(m->output, 0, at), '\n'), STR_ARG(m->path),
		 STR_ARG(str_sub(shown, 0, SHOWN_MAX)));
	e = err_at_pos(e, &(const struct err_pos){ .file = place.file, .line = place.line,
						   .text = place.text });
	err_set_detail(e, buf_str(&b));
	return e;
}
