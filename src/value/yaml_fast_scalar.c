/* The fast reader's scalars. Quoted and plain ones that stand on one line as
 * they are need no copy; with escapes or over lines they are the full
 * scanner's work. Block texts are copied line by line. */
#include "value/yaml_fast_impl.h"

bool fast_plain(struct fast *f, str text, node *out)
{
	node value;
	enum node_kind kind = yaml_plain(text, f->o->rules, true, &value);

	if (kind == NODE_TIME && f->o->rules == YAML_1_1)
		kind = NODE_STR;
	if (kind == NODE_STR || kind == NODE_TIME) {
		*out = node_from_text(f->a, kind, text);
		return true;
	}
	*out = f->o->numbers == YAML_NUMBERS_TEXT ? node_from_text(f->a, kind, text) : value;
	return !f->o->json || !node_is_num(*out) || yaml_json_number(out, f->o->numbers);
}

/* ---- by the full scanner ----------------------------------------------- */

static struct yaml_scan *scan_from(struct fast *f, const char *p)
{
	struct fast_level *top = fast_top(f);
	struct yaml_scan *s = &f->scan;

	/* All was checked, so that no rune is out of sight; the column only has
	 * to tell that this is inside the block and not the beginning of a line. */
	s->indent = top ? top->indent : -1;
	s->mark = (struct yaml_mark){
		.column = s->indent < 0 ? 1 : s->indent + 1, .pos = (int32_t)(p - f->text),
	};
	s->flow = top && top->kind >= FAST_FLOW_SEQ;
	return s;
}

static bool take(err *e)
{
	err_free(e);
	return !e;
}

bool fast_quoted(struct fast *f, const char **p, str *out)
{
	const char *from = *p + 1, *q = from;
	char quote = **p;

	while (q < f->end && *q != quote && *q != '\\' && *q != '\n')
		q++;
	if (q < f->end && *q == '\\' && quote == '\'')
		while (q < f->end && *q != quote && *q != '\n')
			q++;
	if (q < f->end && *q == quote && (quote == '"' || q + 1 == f->end || q[1] != quote)) {
		*out = (str){ from, (size_t)(q - from) };
		*p = q + 1;
		return true;
	}
	struct yaml_scan *s = scan_from(f, *p);
	struct yaml_token t;

	if (!take(yaml_scan_quoted(s, &t, quote == '\'')))
		return false;
	*out = t.value;
	*p = f->text + s->mark.pos;
	return true;
}

/* Lines join by a space, or by the line feeds of the empty lines between. */
bool fast_folded_plain(struct fast *f, const char *p, const char *end, str *out)
{
	struct fast_level *top = fast_top(f);
	enum fast_stop stop = FAST_EOL;

	if (!top)
		return false;
	buf_clear(&f->folded);
	buf_add(&f->folded, (str){ p, (size_t)(end - p) });
	while (stop == FAST_EOL) {
		size_t breaks = 0;

		f->p = fast_next_line(f, end);
		p = fast_skip_spaces(f, f->p);
		for (; p < f->end && *p == '\n'; breaks++) {
			f->p = p + 1;
			p = fast_skip_spaces(f, f->p);
		}
		if (p == f->end || p - f->p <= top->indent || *p == '#')
			break;
		if (*p == '\t')
			return false;
		stop = fast_plain_end(f, p, &end);
		if (breaks)
			buf_fill(&f->folded, '\n', breaks);
		else
			buf_addc(&f->folded, ' ');
		buf_add(&f->folded, (str){ p, (size_t)(end - p) });
	}
	if (stop == FAST_COMMENT)
		f->p = fast_next_line(f, end);
	*out = arena_str(f->a, buf_str(&f->folded));
	return stop != FAST_COLON;
}

/* ---- literal and folded ------------------------------------------------ */

struct block {
	bool literal;
	char chomp;		/* '-', '+' or 0 */
	int32_t indent;		/* spaces before its lines; 0: as the first line has */
	const char *first;	/* line */
	const char *end;	/* line behind it */
	size_t lines;		/* the ones in `f->lines` up to the last with text */
	size_t size;		/* bytes of their text, breaks included */
};

static bool take_block_header(struct fast *f, const char *p, struct block *b)
{
	int32_t parent = fast_top(f)->indent;

	b->literal = *p == '|';
	for (p++; p < f->end; p++) {
		if ((*p == '-' || *p == '+') && !b->chomp)
			b->chomp = *p;
		else if (*p >= '1' && *p <= '9' && !b->indent)
			b->indent = parent + *p - '0';
		else
			break;
	}
	const char *q = fast_skip_spaces(f, p);

	if (!fast_is_eol(f, q) && (*q != '#' || q == p))
		return false;
	b->first = fast_next_line(f, q);
	return true;
}

/* The first line with text tells the indentation; no empty line before it
 * may have more spaces. */
static bool find_indent(struct fast *f, struct block *b)
{
	ptrdiff_t deepest = 0;

	for (const char *l = b->first; l < f->end;) {
		const char *p = fast_skip_spaces(f, l);

		if (p == f->end || *p == '\t')
			return false;
		if (*p != '\n') {
			b->indent = (int32_t)(p - l);
			return b->indent > fast_top(f)->indent && p - l >= deepest;
		}
		if (p - l > deepest)
			deepest = p - l;
		l = p + 1;
	}
	return false;
}

/* The text of a line, behind the indentation; NULL when the line is not part
 * of the block. An empty line gives its end. */
static const char *block_line(const struct fast *f, const struct block *b, const char *l)
{
	const char *p = l, *stop = f->end - l > b->indent ? l + b->indent : f->end;

	while (p < stop && *p == ' ')
		p++;
	return p == l + b->indent || fast_is_eol(f, p) ? p : NULL;
}

static bool find_lines(struct fast *f, struct block *b)
{
	const char *l = b->first, *p;
	size_t size = 0;

	f->lines.n = 0;
	while (l < f->end && (p = block_line(f, b, l))) {
		str text = { p, 0 };

		l = fast_next_line(f, p);
		text.n = (size_t)(l - p);
		size += text.n;
		vec_push(&f->lines, text);
		if (!fast_is_eol(f, p)) {
			b->lines = f->lines.n;
			b->size = size;
		}
	}
	b->end = l;
	p = fast_skip_spaces(f, l);
	/* a tab within the indentation is an error; no text at all is unusual */
	return b->size && (p == f->end || *p != '\t');
}

static str literal_text(struct fast *f, const struct block *b)
{
	if (b->lines == 1)	/* as it stands */
		return f->lines.p[0];
	char *text = arena_alloc(f->a, b->size + 1), *to = text;

	for (size_t i = 0; i < b->lines; i++)
		to = mempcpy(to, f->lines.p[i].p, f->lines.p[i].n);
	*to = 0;
	return (str){ text, b->size };
}

/* Line feeds between lines that do not begin with white space become spaces. */
static str folded_text(struct fast *f, const struct block *b)
{
	struct buf *to = &f->folded;
	bool after_blank = true, broken = false;
	size_t breaks = 0;

	buf_clear(to);
	for (size_t i = 0; i < b->lines; i++) {
		str l = f->lines.p[i];

		if (l.p[0] == '\n') {
			breaks++;
			continue;
		}
		bool blank = l.p[0] == ' ' || l.p[0] == '\t';

		if (!to->n || blank || after_blank)
			buf_fill(to, '\n', breaks + (to->n > 0));
		else if (breaks)
			buf_fill(to, '\n', breaks);
		else
			buf_addc(to, ' ');
		breaks = 0;
		after_blank = blank;
		broken = l.p[l.n - 1] == '\n';
		buf_add(to, str_sub(l, 0, l.n - broken));
	}
	if (broken)
		buf_addc(to, '\n');
	return arena_str(f->a, buf_str(to));
}

bool fast_block(struct fast *f, const char *p)
{
	struct block b = { 0 };

	if (!fast_top(f) || !take_block_header(f, p, &b))
		return false;
	if ((!b.indent && !find_indent(f, &b)) || !find_lines(f, &b))
		return false;
	if (b.chomp == '+' && f->lines.n > b.lines)
		return false;
	str text = b.literal ? literal_text(f, &b) : folded_text(f, &b);

	if (b.chomp == '-' && text.p[text.n - 1] == '\n')
		text.n--;
	f->p = b.end;
	fast_give(f, node_from_str(f->a, text), p);
	return true;
}
