#include "sops/wrap.h"


struct wrapper {
	struct buf *b;
	str word, space;	/* not written yet; they touch each other */
	size_t word_n, space_n;	/* in characters */
	size_t column, limit;
};

static void flush(struct wrapper *w)
{
	w->column += w->space_n + w->word_n;
	buf_add(w->b, w->space);
	buf_add(w->b, w->word);
	w->word = w->space = STR_NONE;
	w->word_n = w->space_n = 0;
}

static void add_break(struct wrapper *w)
{
	if (!w->word_n && w->column + w->space_n > w->limit) {
		w->space = STR_NONE;
		w->space_n = 0;
	}
	flush(w);
	buf_addc(w->b, '\n');
	w->column = 0;
}

static void grow(str *s, str rune)
{
	if (!s->n)
		s->p = rune.p;
	s->n += rune.n;
}

static void add_word(struct wrapper *w, str rune)
{
	grow(&w->word, rune);
	w->word_n++;
	if (w->column + w->word_n + w->space_n > w->limit && w->word_n < w->limit) {
		buf_addc(w->b, '\n');
		w->column = 0;
		w->space = STR_NONE;
		w->space_n = 0;
	}
}

void wrap_text(struct buf *b, str s, size_t limit)
{
	struct wrapper w = { .b = b, .limit = limit };

	while (s.n) {
		size_t n = 1;
		char c = s.p[0];

		while (n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
			n++;
		if (c == '\n') {
			add_break(&w);
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f') {
			if (!w.space_n || w.word_n)
				flush(&w);
			grow(&w.space, str_sub(s, 0, n));
			w.space_n++;
		} else {
			add_word(&w, str_sub(s, 0, n));
		}
		s = str_from(s, n);
	}
	if (w.word_n || w.column + w.space_n <= limit)
		flush(&w);
}

void wrap_prefix(struct buf *b, str s, str first, str other)
{
	str line;

	for (bool begin = true; str_cut(&s, &line, '\n'); begin = false) {
		if (!begin)
			buf_addc(b, '\n');
		buf_add(b, begin ? first : other);
		buf_add(b, line);
	}
}
