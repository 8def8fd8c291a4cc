#include "value/yaml_emit_impl.h"

/* Lines that begin without '#' get one. */
static void write_comment(struct emit *e, str s)
{
	bool breaks = false, begins = true;

	for (size_t i = 0, size; i < s.n;) {
		size = yaml_emit_break_at(s, i);
		if (size) {
			yaml_emit_write_break(e, str_sub(s, i, i + size));
			breaks = begins = true;
			i += size;
			continue;
		}
		if (breaks)
			yaml_emit_indent(e);
		if (begins && s.p[i] != '#')
			buf_add(e->b, S("# "));
		size_t from = i;

		while (i < s.n && !yaml_emit_break_at(s, i))
			i++;
		yaml_emit_text(e, str_sub(s, from, i));
		e->fresh = breaks = begins = false;
	}
	if (!breaks)
		yaml_emit_break(e);
	e->blank = true;
}

static void mark_foot(struct emit *e)
{
	e->foot_indent = e->indent < 0 ? 0 : e->indent;
}

void yaml_emit_head_comment(struct emit *e)
{
	if (e->tail.n) {
		yaml_emit_indent(e);
		write_comment(e, e->tail);
		e->tail = STR_NONE;
		mark_foot(e);
	}
	if (!e->head.n)
		return;
	yaml_emit_indent(e);
	write_comment(e, e->head);
	e->head = STR_NONE;
}

void yaml_emit_line_comment(struct emit *e)
{
	if (!e->line_comment.n)
		return;
	if (!e->blank)
		buf_addc(e->b, ' ');
	write_comment(e, e->line_comment);
	e->line_comment = STR_NONE;
}

void yaml_emit_foot_comment(struct emit *e)
{
	if (!e->foot.n)
		return;
	yaml_emit_indent(e);
	write_comment(e, e->foot);
	e->foot = STR_NONE;
	mark_foot(e);
}
