#include "tmpl/trace.h"

/* Included texts inside each other that a line is followed into. */
enum { FOLLOW_MAX = 200 };

size_t trace_begin(struct trace *t)
{
	size_t mark = t->notes.n;

	trace_add(t, (struct trace_note){ .kind = TRACE_INCLUDED });
	return mark;
}

void trace_end(struct trace *t, size_t mark, uint32_t start, str text)
{
	if (mark >= t->notes.n)
		return;
	/* A text of one line is named by the line that includes it. */
	if (str_find_char(text, '\n') == STR_NPOS || text.n > UINT32_MAX) {
		t->notes.n = mark;
		return;
	}
	t->notes.p[mark] = (struct trace_note){
		.kind = TRACE_INCLUDED,
		.at = start,
		.pos = (uint32_t)(t->notes.n - mark - 1),
		.n = (uint32_t)text.n,
		.text = text.p,
	};
}

const struct trace *trace_finish(struct arena *a, struct trace *t, str output, str gone)
{
	struct trace *out = arena_new(a, struct trace);

	out->full = t->full;
	out->output = output;
	out->gone = gone;
	out->notes.p = arena_array(a, struct trace_note, t->notes.n + 1);
	if (t->notes.n)
		memcpy(out->notes.p, t->notes.p, t->notes.n * sizeof *t->notes.p);
	out->notes.n = t->notes.n;
	t->notes.n = 0;
	t->full = false;
	return out;
}

/* ---- looking up -------------------------------------------------------- */

static const str blanks = S(" \t\r");

/* A line of a text: where it is, and where its first byte that is no space. */
static str line_at(str text, size_t at, size_t *start)
{
	size_t from = str_rfind_char(str_sub(text, 0, at), '\n');
	size_t to = str_find_char(str_from(text, at), '\n');

	from = from == STR_NPOS ? 0 : from + 1;
	str line = str_trim_left_set(str_sub(text, from, to == STR_NPOS ? text.n : at + to), blanks);

	*start = (size_t)(line.p - text.p);
	return str_trim_right_set(line, blanks);
}

/* The first line of the text that is equal, or STR_NPOS. */
static size_t find_line(str text, str line)
{
	for (size_t from = 0, at; from <= text.n; from = at + 1) {
		size_t start;

		at = str_find_char(str_from(text, from), '\n');
		at = at == STR_NPOS ? text.n : from + at;
		if (str_eq(line_at(text, from, &start), line))
			return start;
	}
	return STR_NPOS;
}

/* Line number `n` of the text when it is equal, else the first that is. */
static size_t find_near(str text, size_t n, str line)
{
	size_t from = 0, at, start;

	for (; n; n--) {
		at = str_find_char(str_from(text, from), '\n');
		if (at == STR_NPOS)
			return find_line(text, line);
		from += at + 1;
	}
	return str_eq(line_at(text, from, &start), line) ? start : find_line(text, line);
}

/* A run of notes, the output they are of, and the byte of it asked for. */
struct search {
	const struct trace_note *p, *end;
	str text;
	size_t base, at;	/* offsets in the notes begin at `base` */
};

static const struct trace_note *next(const struct trace_note *note)
{
	return note + 1 + (note->kind == TRACE_INCLUDED ? note->pos : 0);
}

/* The note whose output holds the byte; NULL before the first. */
static const struct trace_note *holder(const struct search *s)
{
	const struct trace_note *found = NULL;

	for (const struct trace_note *i = s->p; i < s->end; i = next(i)) {
		if (i->kind == TRACE_INCLUDED)
			continue;
		if (i->at - s->base > s->at)
			break;
		found = i;
	}
	return found;
}

/* The included text that the line of an action's output stands in: an indent
 * puts one newline before it, mostly. */
static bool into_included(const struct search *s, const struct trace_note *action,
			  struct search *out)
{
	size_t from = action->at - s->base, start;
	str line = line_at(s->text, s->at, &start);
	str before = str_sub(s->text, from, s->at);
	size_t n = str_count_char(before, '\n');

	n -= n > 0 && str_starts(before, S("\n"));
	for (const struct trace_note *i = action + 1; i < s->end && i->kind == TRACE_INCLUDED;
	     i = next(i)) {
		str text = { i->text, i->n };
		size_t at = find_near(text, n, line);

		if (at == STR_NPOS)
			continue;
		*out = (struct search){ i + 1, next(i), text, i->at, at };
		return true;
	}
	return false;
}

static bool place_at(const struct tree_template *t, size_t pos, struct trace_place *out)
{
	size_t at = str_rfind_char(str_sub(t->text, 0, pos), '\n');
	str line = str_from(t->text, at == STR_NPOS ? 0 : at + 1);

	out->file = t->file;
	out->line = 1 + (uint32_t)str_count_char(str_sub(t->text, 0, pos), '\n');
	out->text = str_sub(line, 0, str_find_char(line, '\n'));
	return true;
}

/* The offset in what the run wrote, of an offset in what was left of it. */
static size_t with_gone(const struct trace *t, size_t at)
{
	size_t from = 0, found;

	while (t->gone.n && (found = str_find(str_from(t->output, from), t->gone)) != STR_NPOS &&
	       from + found <= at) {
		from += found + t->gone.n;
		at += t->gone.n;
	}
	return at;
}

bool trace_find(const struct trace *t, size_t at, struct trace_place *out)
{
	struct search s = { t->notes.p, t->notes.p + t->notes.n, t->output, 0, 0 };
	const struct trace_note *note = NULL, *inner;
	size_t pos = 0;

	at = with_gone(t, at);
	if (at > t->output.n)
		return false;
	line_at(t->output, at, &s.at);
	inner = holder(&s);
	if (t->full && inner && next(inner) == s.end)
		return false;
	for (int i = 0; inner && i < FOLLOW_MAX; i++) {
		note = inner;
		pos = note->pos + (note->kind == TRACE_TEXT ? s.at - (note->at - s.base) : 0);
		if (note->kind == TRACE_TEXT || !into_included(&s, note, &s))
			break;
		inner = holder(&s);
	}
	return note && place_at(note->tmpl, pos, out);
}
