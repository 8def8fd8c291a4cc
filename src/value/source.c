#include "value/source.h"

#include "base/utf8.h"

/* Bytes of a line shown before and behind the place of an error. */
enum { EXCERPT_BEFORE = 120, EXCERPT_AFTER = 80 };

/* Places from here on are ways. */
static const uint32_t steps_base = 0xe0000000;

/* Texts inside of texts; more are not followed. */
enum { NESTING_MAX = 16 };

void sources_release(struct sources *s)
{
	vec_release(&s->list);
	vec_release(&s->makers);
	vec_release(&s->steps);
}

uint32_t sources_add_from(struct sources *s, str name, str text, uint32_t line)
{
	uint64_t base = 1;

	if (s->list.n) {
		const struct source *last = &s->list.p[s->list.n - 1];

		base = (uint64_t)last->base + last->text.n + 1;	/* + 1: the end is a place, too */
	}
	if (base + text.n + 1 > steps_base)
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

uint32_t sources_add_in(struct sources *s, str name, str text, const struct source_scalar *in)
{
	uint32_t base = sources_add(s, name, text);

	if (base && in && text.n && text.p >= in->value.p && text.p + text.n <= in->value.p + in->value.n)
		s->list.p[s->list.n - 1].in = *in;
	return base;
}

/* ---- ways -------------------------------------------------------------- */

uint32_t sources_maker(struct sources *s, str what, uint32_t place)
{
	vec_push(&s->makers, ((struct source_maker){ what, place }));
	return (uint32_t)(s->makers.n - 1);
}

uint32_t sources_step(struct sources *s, uint32_t before, uint32_t now, uint32_t maker)
{
	if (s->steps.n > UINT32_MAX - steps_base)
		return now;
	vec_push(&s->steps, ((struct source_step){ before, now, maker }));
	return steps_base + (uint32_t)(s->steps.n - 1);
}

const struct source_step *sources_step_at(const struct sources *s, uint32_t place)
{
	return place >= steps_base ? &s->steps.p[place - steps_base] : NULL;
}

/* The plain place of the value that a way led to. */
static uint32_t last_written(const struct sources *s, uint32_t place)
{
	for (const struct source_step *step; (step = sources_step_at(s, place));)
		place = step->now ? step->now : step->before;
	return place;
}

/* ---- texts inside of texts --------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* A line break that stands for nothing, in double quotes. */
static bool is_continued(str text, size_t at)
{
	return text.p[at] == '\\' && at + 1 < text.n &&
	       (text.p[at + 1] == '\n' || text.p[at + 1] == '\r');
}

/* Bytes of the escape at the start of a double-quoted text's rest. */
static size_t escape_size(str rest)
{
	static const struct {
		char letter;
		size_t size;
	} longer[] = { { 'x', 4 }, { 'u', 6 }, { 'U', 10 } };

	for (size_t i = 0; rest.n > 1 && i < sizeof longer / sizeof *longer; i++)
		if (rest.p[1] == longer[i].letter)
			return longer[i].size;
	return 2;
}

/* Behind the anchor and the tag of a scalar. */
static size_t skip_properties(str outer, size_t at)
{
	while (at < outer.n && (outer.p[at] == '&' || outer.p[at] == '!')) {
		while (at < outer.n && !is_space(outer.p[at]))
			at++;
		while (at < outer.n && is_space(outer.p[at]))
			at++;
	}
	return at;
}

/* Where byte `at` of a scalar's value stands in the text `outer`, in which the
 * scalar begins at `start`. The two are read side by side: they differ in white
 * space, quotes and escapes only. */
static size_t outer_offset(str outer, size_t start, str value, size_t at)
{
	size_t i = skip_properties(outer, start), k = 0;
	char quote = i < outer.n ? outer.p[i] : 0;

	if (quote == '|' || quote == '>')
		while (i < outer.n && outer.p[i] != '\n')
			i++;
	else if (quote == '"' || quote == '\'')
		i++;
	/* Up to the byte itself, over the white space before it. */
	while (i < outer.n && k < value.n &&
	       (k < at || is_continued(outer, i) ||
		(outer.p[i] != value.p[k] && is_space(outer.p[i])))) {
		if (quote == '"' && is_continued(outer, i)) {
			i += 2;
		} else if (quote == '"' && outer.p[i] == '\\') {
			size_t size;

			utf8_decode(str_from(value, k), &size);
			i += escape_size(str_from(outer, i));
			k += size;
		} else if (outer.p[i] == value.p[k]) {
			i += quote == '\'' && value.p[k] == '\'' ? 2 : 1;
			k++;
		} else if (is_space(outer.p[i])) {
			i++;
		} else {
			k++;	/* white space that folding made */
		}
	}
	return i < outer.n ? i : outer.n;
}

static struct source *find(struct sources *s, uint32_t place)
{
	size_t low = 0, high = s->list.n;

	if (!place || place >= steps_base)
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

/* The file's own text that holds the place, and where; NULL for nowhere. */
static struct source *find_outermost(struct sources *s, uint32_t place, uint32_t *at)
{
	struct source *of = find(s, last_written(s, place)), *outer;

	if (of)
		*at = last_written(s, place) - of->base;
	for (int i = 0; of && i < NESTING_MAX; i++) {
		uint32_t scalar = last_written(s, of->in.place);

		outer = find(s, scalar);
		if (!outer)
			break;
		*at += (uint32_t)(of->text.p - of->in.value.p);
		*at = (uint32_t)outer_offset(outer->text, scalar - outer->base, of->in.value, *at);
		of = outer;
	}
	return of;
}

bool sources_locate(struct sources *s, uint32_t place, struct err_pos *out)
{
	uint32_t at;
	struct source *of = find_outermost(s, place, &at);

	if (!of)
		return false;

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
	uint32_t plain = last_written(s, place);
	struct source *of = find(s, plain);

	if (!of)
		return 0;
	count_to(of, plain - of->base);
	return of->seen_line - of->line0 + 1;
}

str sources_line(struct sources *s, uint32_t place)
{
	uint32_t at;
	struct source *of = find_outermost(s, place, &at);

	return of ? line_at(of->text, at) : STR_NONE;
}

err *sources_err(struct sources *s, uint32_t place, err *e)
{
	struct err_pos pos;

	if (s && sources_locate(s, place, &pos))
		return err_at_pos(e, &pos);
	return e;
}
