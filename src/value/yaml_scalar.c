/* Scalars: plain, quoted, literal and folded. */
#include "base/ascii.h"
#include "value/yaml_impl.h"

#include "base/utf8.h"

static void finish(struct yaml_scan *s, struct yaml_token *t, struct yaml_piece *text,
		   enum node_style style)
{
	t->type = TOKEN_SCALAR;
	t->style = style;
	t->value = yaml_piece_end(text, s->a);
}

/* ---- line folding ------------------------------------------------------ */

/* White space inside a plain or quoted scalar, until it is known whether text
 * follows: on one line it stays, over lines it folds. */
struct gap {
	str blanks;		/* before the first break */
	str first;		/* the first break; empty: all on one line */
	bool broken;		/* a break was seen, or an escaped one */
};

static err *take_gap(struct yaml_scan *s, struct gap *g, bool (*tab_ok)(const struct yaml_scan *),
		     struct yaml_mark start)
{
	const char *from = s->text + s->mark.pos;

	for (;;) {
		if (yaml_blank_at(s, 0)) {
			if (g->broken && yaml_at(s, 0) == '\t' && tab_ok && !tab_ok(s))
				return yaml_scan_error(
					s, start, "found a tab character that violates indentation");
			yaml_skip(s);
			if (!g->broken)
				g->blanks = (str){ from, (size_t)(s->text + s->mark.pos - from) };
		} else if (yaml_break_at(s, 0)) {
			TRY(yaml_need(s, 2));
			if (!g->broken) {
				g->first = yaml_skip_line(s);
				g->broken = true;
				g->blanks = STR_NONE;
			} else {
				buf_add(&s->breaks, yaml_skip_line(s));
			}
		} else {
			return NULL;
		}
		TRY(yaml_need(s, 1));
	}
}

/* One line feed becomes a space, more of them lose the first. */
static void join_gap(struct yaml_scan *s, struct gap *g, struct yaml_piece *text)
{
	if (!g->broken) {
		yaml_piece_add(text, g->blanks);
	} else if (g->first.n && g->first.p[0] == '\n') {
		yaml_piece_copy(text, s->breaks.n ? buf_str(&s->breaks) : S(" "));
	} else {
		yaml_piece_add(text, g->first);
		if (s->breaks.n)
			yaml_piece_copy(text, buf_str(&s->breaks));
	}
	buf_clear(&s->breaks);
	*g = (struct gap){ 0 };
}

static bool at_document_mark(const struct yaml_scan *s)
{
	unsigned char c = yaml_at(s, 0);

	return s->mark.column == 0 && (c == '-' || c == '.') && yaml_at(s, 1) == c &&
	       yaml_at(s, 2) == c && yaml_blankz_at(s, 3);
}

/* ---- plain ------------------------------------------------------------- */

/* What cannot end a plain scalar, in brackets or not. */
static const struct yaml_set plain_set = {
	YAML_LOW & ~(YAML_BIT(':') | YAML_BIT('#') | YAML_BIT(',') | YAML_BIT('?')),
	YAML_HIGH & ~(YAML_BIT('[') | YAML_BIT(']') | YAML_BIT('{') | YAML_BIT('}')),
};

static bool ends_plain(const struct yaml_scan *s)
{
	unsigned char c = yaml_at(s, 0);

	if (c == ':')
		return yaml_blankz_at(s, 1);
	return s->flow && (c == ',' || c == '?' || c == '[' || c == ']' || c == '{' || c == '}');
}

static bool tab_ok(const struct yaml_scan *s)
{
	return s->mark.column > s->indent;
}

err *yaml_scan_plain(struct yaml_scan *s, struct yaml_token *t)
{
	struct yaml_piece text = { .buf = &s->value };
	struct gap gap = { 0 };

	t->start = t->end = s->mark;
	buf_clear(&s->breaks);
	for (;;) {
		TRY(yaml_need(s, 4));
		if (at_document_mark(s) || yaml_at(s, 0) == '#')
			break;
		while (!yaml_blankz_at(s, 0) && !ends_plain(s)) {
			if (gap.broken || gap.blanks.n)
				join_gap(s, &gap, &text);
			yaml_take(s, &text);
			yaml_take_run(s, &text, plain_set);
			t->end = s->mark;
			TRY(yaml_need(s, 2));
		}
		if (!yaml_blank_at(s, 0) && !yaml_break_at(s, 0))
			break;
		TRY(take_gap(s, &gap, tab_ok, t->start));
		if (!s->flow && s->mark.column <= s->indent)
			break;
	}
	finish(s, t, &text, STYLE_PLAIN);
	if (gap.broken)
		s->key_allowed = true;
	return NULL;
}

/* ---- quoted ------------------------------------------------------------ */

struct escape {
	char letter;
	uint8_t digits;		/* hexadecimal, that follow */
	const char *text;
};

static const struct escape escapes[] = {
	{ '0', 0, "" },
	{ 'a', 0, "\a" },
	{ 'b', 0, "\b" },
	{ 't', 0, "\t" },
	{ '\t', 0, "\t" },
	{ 'n', 0, "\n" },
	{ 'v', 0, "\v" },
	{ 'f', 0, "\f" },
	{ 'r', 0, "\r" },
	{ 'e', 0, "\x1b" },
	{ ' ', 0, " " },
	{ '"', 0, "\"" },
	{ '\'', 0, "'" },
	{ '\\', 0, "\\" },
	{ 'N', 0, "\xc2\x85" },
	{ '_', 0, "\xc2\xa0" },
	{ 'L', 0, "\xe2\x80\xa8" },
	{ 'P', 0, "\xe2\x80\xa9" },
	{ 'x', 2, NULL },
	{ 'u', 4, NULL },
	{ 'U', 8, NULL },
};

static err *take_code(struct yaml_scan *s, int32_t digits, struct yaml_piece *text,
		      struct yaml_mark start)
{
	uint32_t rune = 0;
	char utf8[4];

	TRY(yaml_need(s, digits));
	for (int32_t i = 0; i < digits; i++) {
		int d = ascii_hex(yaml_at(s, i));

		if (d < 0)
			return yaml_scan_error(s, start, "did not find expected hexdecimal number");
		rune = rune << 4 | (uint32_t)d;
	}
	if ((rune >= 0xd800 && rune <= 0xdfff) || rune > 0x10ffff)
		return yaml_scan_error(s, start, "found invalid Unicode character escape code");
	yaml_piece_copy(text, (str){ utf8, utf8_encode(rune, utf8) });
	while (digits--)
		yaml_skip(s);
	return NULL;
}

static err *take_escape(struct yaml_scan *s, struct yaml_piece *text, struct yaml_mark start)
{
	const struct escape *found = NULL;
	char letter = (char)yaml_at(s, 1);

	for (size_t i = 0; i < sizeof escapes / sizeof *escapes && !found; i++)
		if (escapes[i].letter == letter)
			found = &escapes[i];
	if (!found)
		return yaml_scan_error(s, start, "found unknown escape character");
	yaml_skip(s);
	yaml_skip(s);
	if (found->digits)
		return take_code(s, found->digits, text, start);
	yaml_piece_copy(text, (str){ found->text, letter == '0' ? 1 : strlen(found->text) });
	return NULL;
}

static const struct yaml_set quoted_set = {
	YAML_LOW & ~(YAML_BIT('"') | YAML_BIT('\'')), YAML_HIGH & ~YAML_BIT('\\'),
};

/* Text up to white space, the closing quote or an escaped line break. */
static err *take_quoted_word(struct yaml_scan *s, char quote, struct yaml_piece *text,
			     struct gap *gap, struct yaml_mark start)
{
	while (!yaml_blankz_at(s, 0)) {
		char c = (char)yaml_at(s, 0);

		if (c == '\'' && quote == c && yaml_at(s, 1) == '\'') {
			yaml_skip(s);
			yaml_take(s, text);
		} else if (c == quote) {
			return NULL;
		} else if (c == '\\' && quote == '"' && yaml_break_at(s, 1)) {
			TRY(yaml_need(s, 3));
			yaml_skip(s);
			yaml_skip_line(s);
			gap->broken = true;
			return NULL;
		} else if (c == '\\' && quote == '"') {
			TRY(take_escape(s, text, start));
		} else {
			yaml_take(s, text);
			yaml_take_run(s, text, quoted_set);
		}
		TRY(yaml_need(s, 2));
	}
	return NULL;
}

err *yaml_scan_quoted(struct yaml_scan *s, struct yaml_token *t, bool single)
{
	struct yaml_piece text = { .buf = &s->value };
	char quote = single ? '\'' : '"';

	t->start = s->mark;
	yaml_skip(s);
	buf_clear(&s->breaks);
	for (;;) {
		struct gap gap = { 0 };

		TRY(yaml_need(s, 4));
		if (at_document_mark(s))
			return yaml_scan_error(s, t->start, "found unexpected document indicator");
		if (!yaml_at(s, 0))
			return yaml_scan_error(s, t->start, "found unexpected end of stream");
		TRY(take_quoted_word(s, quote, &text, &gap, t->start));
		TRY(yaml_need(s, 1));
		if (yaml_at(s, 0) == (unsigned char)quote)
			break;
		TRY(take_gap(s, &gap, NULL, t->start));
		join_gap(s, &gap, &text);
	}
	yaml_skip(s);
	t->end = s->mark;
	finish(s, t, &text, single ? STYLE_SINGLE : STYLE_DOUBLE);
	return NULL;
}

/* ---- literal and folded ------------------------------------------------ */

enum chomp { CHOMP_CLIP, CHOMP_STRIP, CHOMP_KEEP };

struct block {
	struct yaml_mark start;
	enum chomp chomp;
	int32_t indent;		/* 0: not known yet */
};

static bool take_chomp(struct yaml_scan *s, struct block *b)
{
	unsigned char c = yaml_at(s, 0);

	if (c != '+' && c != '-')
		return false;
	b->chomp = c == '+' ? CHOMP_KEEP : CHOMP_STRIP;
	yaml_skip(s);
	return true;
}

static err *take_increment(struct yaml_scan *s, struct block *b, int32_t *increment)
{
	unsigned char c = yaml_at(s, 0);

	if (c < '0' || c > '9')
		return NULL;
	if (c == '0')
		return yaml_scan_error(s, b->start, "found an indentation indicator equal to 0");
	*increment = c - '0';
	yaml_skip(s);
	return NULL;
}

/* The line of the indicator: chomping and indentation in either order. */
static err *take_header(struct yaml_scan *s, struct block *b)
{
	int32_t increment = 0;

	yaml_skip(s);
	TRY(yaml_need(s, 1));
	if (take_chomp(s, b)) {
		TRY(yaml_need(s, 1));
		TRY(take_increment(s, b, &increment));
	} else {
		TRY(take_increment(s, b, &increment));
		if (increment) {
			TRY(yaml_need(s, 1));
			take_chomp(s, b);
		}
	}
	TRY(yaml_need(s, 1));
	while (yaml_blank_at(s, 0)) {
		yaml_skip(s);
		TRY(yaml_need(s, 1));
	}
	if (yaml_at(s, 0) == '#') {
		if (s->rules == YAML_1_2)
			TRY(yaml_scan_line_comment(s, b->start));
		while (!yaml_breakz_at(s, 0)) {
			yaml_skip(s);
			TRY(yaml_need(s, 1));
		}
	}
	if (!yaml_breakz_at(s, 0))
		return yaml_scan_error(s, b->start, "did not find expected comment or line break");
	if (yaml_at(s, 0)) {
		TRY(yaml_need(s, 2));
		yaml_skip_line(s);
	}
	if (increment)
		b->indent = (s->indent > 0 ? s->indent : 0) + increment;
	return NULL;
}

/* Empty lines and indentation; the first line with text sets the indentation
 * if the header did not. The breaks gather in `s->breaks`. */
static err *take_breaks(struct yaml_scan *s, struct block *b, struct yaml_mark *end)
{
	int32_t deepest = 0;

	*end = s->mark;
	for (;;) {
		TRY(yaml_need(s, 1));
		while ((!b->indent || s->mark.column < b->indent) && yaml_at(s, 0) == ' ') {
			yaml_skip(s);
			TRY(yaml_need(s, 1));
		}
		if (s->mark.column > deepest)
			deepest = s->mark.column;
		if ((!b->indent || s->mark.column < b->indent) && yaml_at(s, 0) == '\t')
			return yaml_scan_error(
				s, b->start,
				"found a tab character where an indentation space is expected");
		if (!yaml_break_at(s, 0))
			break;
		TRY(yaml_need(s, 2));
		buf_add(&s->breaks, yaml_skip_line(s));
		*end = s->mark;
	}
	if (!b->indent) {
		int32_t least = s->indent < 0 ? 1 : s->indent + 1;

		b->indent = deepest > least ? deepest : least;
	}
	return NULL;
}

/* The text of one line. */
static err *take_line(struct yaml_scan *s, struct yaml_piece *text)
{
	while (!yaml_breakz_at(s, 0)) {
		yaml_take(s, text);
		yaml_take_run(s, text, (struct yaml_set){ YAML_LOW, YAML_HIGH });
		TRY(yaml_need(s, 1));
	}
	return NULL;
}

err *yaml_scan_block(struct yaml_scan *s, struct yaml_token *t, bool literal)
{
	struct yaml_piece text = { .buf = &s->value };
	struct block b = { .start = s->mark };
	str last = STR_NONE;		/* the break of the line before */
	bool was_blank = false;		/* that line began with white space */

	t->start = s->mark;
	TRY(take_header(s, &b));
	buf_clear(&s->breaks);
	TRY(take_breaks(s, &b, &t->end));
	TRY(yaml_need(s, 1));
	while (s->mark.column == b.indent && yaml_at(s, 0)) {
		bool blank = yaml_blank_at(s, 0);

		if (!literal && !was_blank && !blank && last.n && last.p[0] == '\n') {
			if (!s->breaks.n)
				yaml_piece_copy(&text, S(" "));
		} else {
			yaml_piece_add(&text, last);
		}
		if (s->breaks.n)
			yaml_piece_copy(&text, buf_str(&s->breaks));
		buf_clear(&s->breaks);
		was_blank = blank;
		TRY(take_line(s, &text));
		TRY(yaml_need(s, 2));
		last = yaml_skip_line(s);
		TRY(take_breaks(s, &b, &t->end));
	}
	if (b.chomp != CHOMP_STRIP)
		yaml_piece_add(&text, last);
	if (b.chomp == CHOMP_KEEP && s->breaks.n)
		yaml_piece_copy(&text, buf_str(&s->breaks));
	finish(s, t, &text, literal ? STYLE_LITERAL : STYLE_FOLDED);
	return NULL;
}
