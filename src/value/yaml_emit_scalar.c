#include "base/utf8.h"
#include "value/yaml_emit_impl.h"

void yaml_emit_break(struct emit *e)
{
	buf_addc(e->b, '\n');
	e->line = e->b->n;
	e->fresh = true;
}

/* A new line and its indentation in one. */
static void indent_anew(struct emit *e, size_t indent)
{
	char *to = buf_reserve(e->b, indent + 1);

	if (to) {
		*to = '\n';
		memset(to + 1, ' ', indent);
		to[indent + 1] = 0;
		e->b->n += indent + 1;
	}
	e->line = e->b->n - (to ? indent : 0);
	e->fresh = true;
}

void yaml_emit_indent(struct emit *e)
{
	size_t indent = e->indent < 0 ? 0 : (size_t)e->indent, column = emit_column(e);
	bool breaks = !e->fresh || column > indent || (column == indent && !e->blank);

	if (breaks && e->foot_indent < 0) {
		indent_anew(e, indent);
		e->blank = true;
		return;
	}
	if (breaks)
		yaml_emit_break(e);
	if (e->foot_indent == (int)indent)
		yaml_emit_break(e);
	column = emit_column(e);
	if (column < indent)
		buf_fill(e->b, ' ', indent - column);
	e->blank = true;
	e->foot_indent = -1;
}

void yaml_emit_sign(struct emit *e, str sign, bool spaced)
{
	if (spaced && !e->blank)
		buf_addc(e->b, ' ');
	buf_add(e->b, sign);
	e->blank = false;
	e->fresh = false;
}

void yaml_emit_mark(struct emit *e, char sign)
{
	if (!e->blank)
		buf_addc(e->b, ' ');
	buf_addc(e->b, sign);
	e->blank = false;
}

/* The bytes of characters after their first take no column. */
static size_t extra_bytes(str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) == 0x80;
	return n;
}

void yaml_emit_text(struct emit *e, str s)
{
	buf_add(e->b, s);
	if (!e->b->full)
		e->line += extra_bytes(s);
}

/* ---- characters one by one --------------------------------------------- */

static size_t rune_bytes(str s, size_t i)
{
	size_t size = 1;

	if (s.p[i] & 0x80)
		utf8_decode(str_from(s, i), &size);
	return size;
}

size_t yaml_emit_break_at(str s, size_t i)
{
	switch ((unsigned char)s.p[i]) {
	case '\n':
	case '\r':
		return 1;
	case 0xc2:
		return s.n - i >= 2 && (unsigned char)s.p[i + 1] == 0x85 ? 2 : 0;
	case 0xe2:
		return s.n - i >= 3 && (unsigned char)s.p[i + 1] == 0x80 &&
		       ((unsigned char)s.p[i + 2] & 0xfe) == 0xa8 ? 3 : 0;
	}
	return 0;
}

/* Also a break that is no line feed begins a line in go-yaml's eyes. */
void yaml_emit_write_break(struct emit *e, str s)
{
	buf_add(e->b, s);
	e->line = e->b->n;
	e->fresh = true;
}

static void write_char(struct emit *e, const char *p, size_t size)
{
	if (size == 1)
		buf_addc(e->b, *p);
	else
		yaml_emit_text(e, str_of(p, size));
}

static bool may_fold(const struct emit *e)
{
	return !e->key && emit_column(e) > e->width;
}

/* Where the folding of a text of one-byte characters goes on: the next single
 * space at or after `i` that stands beyond the width; `s.n` when there is none. */
static size_t next_fold(const struct emit *e, str s, size_t i)
{
	size_t column = emit_column(e);

	if (e->key || s.n - i <= e->width - (column < e->width ? column : e->width))
		return s.n;
	size_t at = column > e->width ? i : i + (e->width + 1 - column);

	while (at + 1 < s.n) {
		const char *hit = memchr(s.p + at, ' ', s.n - 1 - at);

		if (!hit)
			return s.n;
		at = (size_t)(hit - s.p);
		if (at > 0 && s.p[at - 1] != ' ' && s.p[at + 1] != ' ')
			return at;
		at++;
	}
	return s.n;
}

static void fold_plain(struct emit *e, str s)
{
	for (size_t i = 0; i < s.n;) {
		size_t at = next_fold(e, s, i);

		buf_add(e->b, str_sub(s, i, at));
		e->fresh = false;
		if (at == s.n)
			return;
		yaml_emit_indent(e);
		i = at + 1;
	}
}

/* The body of a plain or single-quoted text, character by character. */
static void fold_slowly(struct emit *e, str s, bool quoted)
{
	bool spaces = false, breaks = false;

	for (size_t i = 0, size; i < s.n; i += size) {
		size = yaml_emit_break_at(s, i);
		if (s.p[i] == ' ') {
			size = 1;
			if (!spaces && may_fold(e) && (!quoted || i > 0) && i + 1 < s.n &&
			    s.p[i + 1] != ' ')
				yaml_emit_indent(e);
			else
				buf_addc(e->b, ' ');
			spaces = true;
		} else if (size) {
			if (!breaks && s.p[i] == '\n')
				yaml_emit_break(e);
			yaml_emit_write_break(e, str_sub(s, i, i + size));
			breaks = true;
		} else {
			if (breaks)
				yaml_emit_indent(e);
			if (quoted && s.p[i] == '\'')
				buf_addc(e->b, '\'');
			size = rune_bytes(s, i);
			write_char(e, s.p + i, size);
			e->fresh = spaces = breaks = false;
		}
	}
}

static void write_plain(struct emit *e, str s, unsigned found)
{
	if (s.n && !e->blank)
		buf_addc(e->b, ' ');
	if (found & (EMIT_WIDE | EMIT_BREAK))
		fold_slowly(e, s, false);
	else
		fold_plain(e, s);
	if (s.n)
		e->blank = false;
	e->fresh = false;
}

static void write_single(struct emit *e, str s, unsigned found)
{
	yaml_emit_sign(e, S("'"), true);
	if (found & (EMIT_WIDE | EMIT_BREAK) || str_find_char(s, '\'') != STR_NPOS)
		fold_slowly(e, s, true);
	else
		fold_plain(e, s);
	yaml_emit_sign(e, S("'"), false);
}

/* ---- double quotes ----------------------------------------------------- */

static bool is_printable(uint32_t r)
{
	return (r >= 0x20 && r <= 0x7e) || (r >= 0xa0 && r <= 0xd7ff) ||
	       (r >= 0xe000 && r <= 0xfffd && r != 0xfeff);
}

static void write_escape(struct emit *e, uint32_t rune)
{
	static const struct {
		uint32_t rune;
		char letter;
	} named[] = {
		{ 0x00, '0' }, { 0x07, 'a' }, { 0x08, 'b' }, { 0x09, 't' }, { 0x0a, 'n' },
		{ 0x0b, 'v' }, { 0x0c, 'f' }, { 0x0d, 'r' }, { 0x1b, 'e' }, { 0x22, '"' },
		{ 0x5c, '\\' }, { 0x85, 'N' }, { 0xa0, '_' }, { 0x2028, 'L' }, { 0x2029, 'P' },
	};

	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (named[i].rune == rune) {
			buf_bytes(e->b, (const char[]){ '\\', named[i].letter }, 2);
			return;
		}
	static const char hex[] = "0123456789ABCDEF";
	unsigned digits = rune <= 0xff ? 2 : rune <= 0xffff ? 4 : 8;

	buf_bytes(e->b, (const char[]){ '\\', digits == 2 ? 'x' : digits == 4 ? 'u' : 'U' }, 2);
	while (digits--)
		buf_addc(e->b, hex[rune >> 4 * digits & 15]);
}

static void write_double(struct emit *e, str s)
{
	bool spaces = false;
	/* At the start of the text go-yaml takes every character for a BOM. */
	bool all = str_starts(s, S("\xef\xbb\xbf"));

	yaml_emit_sign(e, S("\""), true);
	for (size_t i = 0, size = 1; i < s.n; i += size) {
		uint32_t rune = (unsigned char)s.p[i];

		size = 1;
		if (rune >= 0x80)
			rune = utf8_decode(str_from(s, i), &size);
		if (all || !is_printable(rune) || rune == '"' || rune == '\\' ||
		    rune == 0x2028 || rune == 0x2029) {
			write_escape(e, rune);
			spaces = false;
		} else if (rune != ' ') {
			write_char(e, s.p + i, size);
			spaces = false;
		} else {
			if (!spaces && may_fold(e) && i > 0 && i + 1 < s.n) {
				yaml_emit_indent(e);
				if (s.p[i + 1] == ' ')
					buf_addc(e->b, '\\');
			} else {
				buf_addc(e->b, ' ');
			}
			spaces = true;
		}
	}
	yaml_emit_sign(e, S("\""), false);
}

/* ---- block scalars ----------------------------------------------------- */

/* Offset of the last character of `s`. */
static size_t last_char(str s)
{
	size_t i = s.n - 1;

	while (i > 0 && ((unsigned char)s.p[i] & 0xc0) == 0x80)
		i--;
	return i;
}

/* How the end of the text is kept: '-' without, '+' with more than its one break. */
static char chomping(str s)
{
	if (!s.n)
		return '-';
	size_t i = last_char(s);

	if (!yaml_emit_break_at(s, i))
		return '-';
	if (i == 0)
		return '+';
	return yaml_emit_break_at(s, last_char(str_sub(s, 0, i))) ? '+' : 0;
}

/* "|" or ">" with its hints, and the comment behind it. */
static void write_block_head(struct emit *e, str s, str sign)
{
	yaml_emit_sign(e, sign, true);
	if (s.n && (s.p[0] == ' ' || yaml_emit_break_at(s, 0)))
		yaml_emit_sign(e, str_of(&(char){ (char)('0' + e->step) }, 1), false);
	char chomp = chomping(s);

	if (chomp)
		yaml_emit_sign(e, str_of(&chomp, 1), false);
	if (e->line_comment.n)
		yaml_emit_line_comment(e);
	else
		yaml_emit_break(e);
	e->blank = true;
}

/* Lines that end in line feeds only. */
static void write_lines(struct emit *e, str s)
{
	while (s.n) {
		const char *end = memchr(s.p, '\n', s.n);
		size_t n = end ? (size_t)(end - s.p) : s.n;

		if (n) {
			yaml_emit_indent(e);
			buf_bytes(e->b, s.p, end ? n + 1 : n);
			e->fresh = end != NULL;
			if (end)
				e->line = e->b->n;
		} else {
			yaml_emit_break(e);
		}
		s = str_from(s, end ? n + 1 : n);
	}
}

static void write_literal(struct emit *e, str s, unsigned found)
{
	bool breaks = true;

	write_block_head(e, s, S("|"));
	if (!(found & EMIT_OTHER_BREAK)) {
		write_lines(e, s);
		return;
	}
	for (size_t i = 0, size; i < s.n; i += size) {
		size = yaml_emit_break_at(s, i);
		if (size) {
			yaml_emit_write_break(e, str_sub(s, i, i + size));
			breaks = true;
			continue;
		}
		if (breaks)
			yaml_emit_indent(e);
		size = rune_bytes(s, i);
		write_char(e, s.p + i, size);
		e->fresh = breaks = false;
	}
}

static bool is_blankz(char c)
{
	return c == ' ' || c == '\t' || !c;
}

/* A break in the text takes two in folded style, unless lines around it start
 * with blanks. go-yaml looks for those at the start of the whole text only. */
static bool doubles_breaks(str s)
{
	size_t i = 0, size;

	while (i < s.n && (size = yaml_emit_break_at(s, i)))
		i += size;
	return i < s.n && !is_blankz(s.p[i]);
}

static void write_folded(struct emit *e, str s)
{
	bool breaks = true, leading_spaces = true, doubles = doubles_breaks(s);

	write_block_head(e, s, S(">"));
	for (size_t i = 0, size; i < s.n; i += size) {
		size = yaml_emit_break_at(s, i);
		if (size) {
			if (!breaks && !leading_spaces && s.p[i] == '\n' && doubles)
				yaml_emit_break(e);
			yaml_emit_write_break(e, str_sub(s, i, i + size));
			breaks = true;
			continue;
		}
		if (breaks) {
			yaml_emit_indent(e);
			leading_spaces = s.p[i] == ' ' || s.p[i] == '\t';
		}
		size = rune_bytes(s, i);
		write_char(e, s.p + i, size);
		e->fresh = breaks = false;
	}
}

/* ---- choosing ---------------------------------------------------------- */

static enum node_style choose(const struct emit *e, unsigned found, enum node_style want)
{
	if (want == STYLE_PLAIN) {
		if (found & (e->flow ? EMIT_NOT_FLOW_PLAIN : EMIT_NOT_BLOCK_PLAIN) ||
		    (found & EMIT_EMPTY && e->key))
			want = STYLE_SINGLE;
	}
	if (want == STYLE_SINGLE && found & EMIT_NOT_SINGLE)
		want = STYLE_DOUBLE;
	if (want == STYLE_LITERAL || want == STYLE_FOLDED) {
		if (found & (EMIT_NOT_LITERAL | (e->v2 ? EMIT_TAB : 0)) || e->flow || e->key)
			want = STYLE_DOUBLE;
	}
	return want;
}

/* What most texts are: short, plain and not wide. */
static bool write_at_once(struct emit *e, str s)
{
	char *to;

	if ((!e->key && emit_column(e) + s.n >= e->width) || !(to = buf_reserve(e->b, s.n + 1)))
		return false;
	size_t space = !e->blank;

	*to = ' ';
	memcpy(to + space, s.p, s.n);
	to[space + s.n] = 0;
	e->b->n += space + s.n;
	e->blank = e->fresh = false;
	return true;
}

void yaml_emit_scalar(struct emit *e, str s, unsigned found, enum node_style want)
{
	int indent = e->indent;

	if (!found && want == STYLE_PLAIN && write_at_once(e, s))
		return;

	e->indent = indent < 0 ? e->step : emit_deeper(e, e->in_item);
	switch (choose(e, found, want)) {
	case STYLE_SINGLE:
		write_single(e, s, found);
		break;
	case STYLE_DOUBLE:
		write_double(e, s);
		break;
	case STYLE_LITERAL:
		write_literal(e, s, found);
		break;
	case STYLE_FOLDED:
		write_folded(e, s);
		break;
	default:
		write_plain(e, s, found);
		break;
	}
	e->indent = indent;
}
