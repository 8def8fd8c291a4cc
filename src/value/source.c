#include "value/source.h"

#include "base/utf8.h"

/* Bytes of a line shown before and behind the place of an error. */
enum { EXCERPT_BEFORE = 120, EXCERPT_AFTER = 80 };

void sources_release(struct sources *s)
{
	vec_release(&s->list);
}

uint32_t sources_add_from(struct sources *s, str name, str text, uint32_t line)
{
	uint64_t base = 1;

	if (s->list.n) {
		const struct source *last = &s->list.p[s->list.n - 1];

		base = (uint64_t)last->base + last->text.n + 1;	/* + 1: the end is a place, too */
	}
	if (base + text.n + 1 > UINT32_MAX)
		return 0;
	struct source new = {
		.name = name, .text = text, .base = (uint32_t)base, .line0 = line,
		.seen_at = 0, .seen_line = line,
	};

	vec_push(&s->list, new);
	return new.base;
}

uint32_t sources_add(struct sources *s, str name, str text)
{
	return sources_add_from(s, name, text, 1);
}

static struct source *find(struct sources *s, uint32_t place)
{
	size_t low = 0, high = s->list.n;

	if (!place)
		return NULL;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->list.p[mid].base <= place)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	struct source *of = &s->list.p[low - 1];

	return place - of->base <= of->text.n ? of : NULL;
}

static uint32_t count_lines(str text)
{
	uint32_t n = 0;

	for (size_t at; (at = str_find_char(text, '\n')) != STR_NPOS; n++)
		text = str_from(text, at + 1);
	return n;
}

static str line_at(str text, uint32_t at)
{
	size_t start = str_rfind_char(str_sub(text, 0, at), '\n');
	size_t end = str_find_char(str_from(text, at), '\n');

	start = start == STR_NPOS ? 0 : start + 1;
	end = end == STR_NPOS ? text.n : at + end;
	if (end > start && text.p[end - 1] == '\r')
		end--;
	return str_sub(text, start, end);
}

/* Move the remembered line number to `at`, from where it is or from the
 * start, whichever is nearer. */
static void count_to(struct source *of, uint32_t at)
{
	if (at < of->seen_at / 2) {
		of->seen_at = 0;
		of->seen_line = of->line0;
	}
	if (at < of->seen_at)
		of->seen_line -= count_lines(str_sub(of->text, at, of->seen_at));
	else
		of->seen_line += count_lines(str_sub(of->text, of->seen_at, at));
	of->seen_at = at;
}

/* The first byte of the rune that byte `at` belongs to. */
static size_t rune_start(str s, size_t at)
{
	for (int i = 0; i < 3 && at > 0 && at < s.n && (s.p[at] & 0xc0) == 0x80; i++)
		at--;
	return at;
}

/* Lines can be as long as files: only what stands around `at` is shown. */
static void excerpt(str line, size_t at, struct err_pos *out)
{
	size_t from = at > EXCERPT_BEFORE ? rune_start(line, at - EXCERPT_BEFORE) : 0;
	size_t to = rune_start(line, at + EXCERPT_AFTER);

	out->text = str_sub(line, from, to);
	out->text_col = out->col - (uint32_t)utf8_count(str_of(line.p + from, at - from));
}

bool sources_locate(struct sources *s, uint32_t place, struct err_pos *out)
{
	struct source *of = find(s, place);

	if (!of)
		return false;
	uint32_t at = place - of->base;

	count_to(of, at);
	str line = line_at(of->text, at);
	size_t in_line = at - (size_t)(line.p - of->text.p);

	*out = (struct err_pos){
		.file = of->name,
		.line = of->seen_line,
		.col = (uint32_t)utf8_count(str_sub(of->text, at - in_line, at)) + 1,
	};
	excerpt(line, in_line, out);
	return true;
}

uint32_t sources_line_in_text(struct sources *s, uint32_t place)
{
	struct source *of = find(s, place);
	struct err_pos pos;

	if (!of || !sources_locate(s, place, &pos))
		return 0;
	return pos.line - of->line0 + 1;
}

str sources_line(struct sources *s, uint32_t place)
{
	struct source *of = find(s, place);

	return of ? line_at(of->text, place - of->base) : STR_NONE;
}

err *sources_err(struct sources *s, uint32_t place, err *e)
{
	struct err_pos pos;

	if (s && sources_locate(s, place, &pos))
		return err_at_pos(e, &pos);
	return e;
}
