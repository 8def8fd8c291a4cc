/* Letters and words: case, initials, snake_case and its kin. */
#include "base/utf8.h"
#include "text/unicode.h"
#include "tmpl/fn.h"

/* ---- case -------------------------------------------------------------- */

enum { UPPER, LOWER };

static err *run_case(struct tmpl_call *c)
{
	str s = tmpl_arg_str(c, 0);
	struct buf *b = tmpl_scratch(c);
	uint32_t rune;

	while (utf8_take(&s, &rune))
		utf8_add(b, c->mode == UPPER ? unicode_to_upper(rune) : unicode_to_lower(rune));
	return tmpl_give_buf(c, b);
}

static bool is_separator(uint32_t r)
{
	if (r < 0x80)
		return !((r >= '0' && r <= '9') || ((r | 32) >= 'a' && (r | 32) <= 'z') ||
			 r == '_');
	return !unicode_is_letter(r) && !unicode_is_digit(r) && unicode_is_space(r);
}

static err *run_title(struct tmpl_call *c)
{
	str s = tmpl_arg_str(c, 0);
	struct buf *b = tmpl_scratch(c);
	uint32_t rune, before = ' ';

	while (utf8_take(&s, &rune)) {
		utf8_add(b, is_separator(before) ? unicode_to_title(rune) : rune);
		before = rune;
	}
	return tmpl_give_buf(c, b);
}

/* The first letter of every word becomes small. */
static err *run_untitle(struct tmpl_call *c)
{
	str s = tmpl_arg_str(c, 0);
	struct buf *b = tmpl_scratch(c);
	bool first = true;
	uint32_t rune;

	while (utf8_take(&s, &rune)) {
		bool space = unicode_is_space(rune);

		utf8_add(b, first && !space ? unicode_to_lower(rune) : rune);
		first = space;
	}
	return tmpl_give_buf(c, b);
}

static err *run_swapcase(struct tmpl_call *c)
{
	str s = tmpl_arg_str(c, 0);
	struct buf *b = tmpl_scratch(c);
	bool space = true;
	uint32_t rune;

	while (utf8_take(&s, &rune)) {
		if (unicode_is_upper(rune) || unicode_is_title(rune)) {
			utf8_add(b, unicode_to_lower(rune));
			space = false;
		} else if (unicode_is_lower(rune)) {
			utf8_add(b, space ? unicode_to_title(rune) : unicode_to_upper(rune));
			space = false;
		} else {
			utf8_add(b, rune);
			space = unicode_is_space(rune);
		}
	}
	return tmpl_give_buf(c, b);
}

/* Bytes as Latin-1, as the original takes them. */
static err *run_initials(struct tmpl_call *c)
{
	str s = tmpl_arg_str(c, 0);
	struct buf *b = tmpl_scratch(c);
	bool gap = true;

	for (size_t i = 0; i < s.n; i++) {
		bool space = unicode_is_space((unsigned char)s.p[i]);

		if (gap && !space)
			utf8_add(b, (unsigned char)s.p[i]);
		gap = space;
	}
	return tmpl_give_buf(c, b);
}

/* ---- CamelCase --------------------------------------------------------- */

static bool is_connector(uint32_t r)
{
	return r == '-' || r == '_' || unicode_is_space(r);
}

/* Connectors go, and the letter behind each becomes large; in a word that
 * begins with a large letter the large ones after it become small. */
static err *run_camelcase(struct tmpl_call *c)
{
	str s = tmpl_arg_str(c, 0);
	struct buf *b = tmpl_scratch(c);
	uint32_t r0 = 0, r1;
	bool upper = false;

	while (utf8_take(&s, &r0)) {
		if (!is_connector(r0)) {
			upper = unicode_is_upper(r0);
			r0 = unicode_to_upper(r0);
			break;
		}
		utf8_add(b, r0);
	}
	if (!s.n) {
		/* The last connector is written twice, as the original does. */
		if (tmpl_arg_str(c, 0).n)
			utf8_add(b, r0);
		return tmpl_give_buf(c, b);
	}
	for (r1 = r0; utf8_take(&s, &r0); r1 = r0) {
		if (is_connector(r0) && is_connector(r1)) {
			utf8_add(b, r1);
			continue;
		}
		if (is_connector(r1)) {
			upper = unicode_is_upper(r0);
			r0 = unicode_to_upper(r0);
			continue;
		}
		if (upper && unicode_is_upper(r0))
			r0 = unicode_to_lower(r0);
		else
			upper = false;
		utf8_add(b, r1);
	}
	utf8_add(b, r1);
	return tmpl_give_buf(c, b);
}

/* ---- snake_case and kebab-case ----------------------------------------- */

enum word {
	WORD_NONE,
	WORD_NUMBER,
	WORD_UPPER,
	WORD_ALPHABET,
	WORD_CONNECTOR,
	WORD_PUNCT,
	WORD_OTHER
};

struct words {
	str rest;
	enum word type;
	str word;
	struct buf *b;
	uint32_t connector;
};

/* Letters, but for kana and Chinese characters. */
static bool is_alphabet(uint32_t r)
{
	if (!unicode_is_letter(r))
		return false;
	return !((r >= 0x3034 && r <= 0x30ff) || (r >= 0x3400 && r <= 0x4dbf) ||
		 (r >= 0x4e00 && r <= 0x9fff) || (r >= 0xf900 && r <= 0xfaff) ||
		 (r >= 0xff66 && r <= 0xff9f));
}

/* The first rune that is valid, or `before`; with the bytes up to its end. */
static uint32_t valid_rune(str s, uint32_t before, size_t *size)
{
	*size = 0;
	while (s.n) {
		size_t n;
		uint32_t r = utf8_decode(s, &n);

		*size += n;
		if (r != UTF8_BAD)
			return r;
		s = str_from(s, n);
	}
	return before;
}

static bool belongs(enum word type, uint32_t r, size_t size)
{
	switch (type) {
	case WORD_CONNECTOR:
		return is_connector(r);
	case WORD_PUNCT:
		return unicode_is_punct(r);
	case WORD_ALPHABET:
		return is_alphabet(r) && !unicode_is_upper(r);
	case WORD_NUMBER:
		return unicode_is_number(r);
	case WORD_UPPER:
		return unicode_is_upper(r);
	default:
		return size && !is_connector(r) && !is_alphabet(r) && !unicode_is_number(r) &&
		       !unicode_is_punct(r);
	}
}

static enum word word_type(uint32_t r)
{
	if (is_connector(r))
		return WORD_CONNECTOR;
	if (unicode_is_punct(r))
		return WORD_PUNCT;
	if (unicode_is_upper(r))
		return WORD_UPPER;
	if (is_alphabet(r))
		return WORD_ALPHABET;
	return unicode_is_number(r) ? WORD_NUMBER : WORD_OTHER;
}

/* Bytes of the run of `type` from `at` on; `r` gets the rune behind it and
 * `last` the size of its last rune. */
static size_t run_length(str s, size_t at, enum word type, uint32_t *r, size_t *last)
{
	size_t start = at, size;

	*last = 0;
	while (at < s.n) {
		*r = valid_rune(str_from(s, at), *r, &size);
		if (!belongs(type, *r, size))
			break;
		at += size;
		*last = size;
	}
	return at - start;
}

/* A word that begins with a large letter: "HTTP" of "HTTPServer", "Server". */
static size_t upper_length(str s, size_t size, uint32_t r)
{
	size_t next, last;

	if (size >= s.n)
		return size;
	uint32_t second = valid_rune(str_from(s, size), r, &next);

	if (!unicode_is_upper(second)) {
		if (is_alphabet(second))
			return size + run_length(s, size, WORD_ALPHABET, &r, &last);
		return size;
	}
	size_t n = size + run_length(s, size, WORD_UPPER, &second, &last);

	return n < s.n && is_alphabet(second) ? n - last : n;
}

static void next_word(struct words *w)
{
	size_t size, last;
	str s = w->rest;

	w->type = WORD_NONE;
	w->word = STR_NONE;
	if (!s.n)
		return;
	uint32_t r = valid_rune(s, UTF8_BAD, &size);

	if (r != UTF8_BAD) {
		w->type = word_type(r);
		if (w->type == WORD_UPPER)
			size = upper_length(s, size, r);
		else
			size += run_length(s, size, w->type, &r, &last);
	}
	w->word = str_sub(s, 0, size);
	w->rest = str_from(s, size);
}

static void add_word(struct words *w, enum word type, str word)
{
	uint32_t r;

	if (type != WORD_UPPER && type != WORD_CONNECTOR) {
		buf_add(w->b, word);
		return;
	}
	while (utf8_take(&word, &r))
		utf8_add(w->b, is_connector(r)       ? w->connector
			       : unicode_is_upper(r) ? unicode_to_lower(r)
						     : r);
}

/* Letters that follow a number belong to it: "2xx". */
static void add_letters_and_numbers(struct words *w)
{
	while (w->type == WORD_ALPHABET || w->type == WORD_NUMBER) {
		add_word(w, w->type, w->word);
		next_word(w);
	}
	if (w->type != WORD_NONE && w->type != WORD_PUNCT && w->type != WORD_CONNECTOR)
		utf8_add(w->b, w->connector);
}

/* The word before was one of letters. */
static void after_letters(struct words *w)
{
	if (w->type != WORD_NUMBER) {
		if (w->type != WORD_CONNECTOR && w->type != WORD_PUNCT)
			utf8_add(w->b, w->connector);
		return;
	}
	if (!w->rest.n)
		return;
	str number = w->word;

	next_word(w);
	if (w->type != WORD_ALPHABET) {
		add_word(w, WORD_NUMBER, number);
		if (w->type != WORD_CONNECTOR && w->type != WORD_PUNCT)
			utf8_add(w->b, w->connector);
		return;
	}
	utf8_add(w->b, w->connector);
	add_word(w, WORD_NUMBER, number);
	add_letters_and_numbers(w);
}

static err *run_snakecase(struct tmpl_call *c)
{
	struct words w = { .rest = tmpl_arg_str(c, 0),
			   .b = tmpl_scratch(c),
			   .connector = (uint32_t)c->mode };

	next_word(&w);
	while (w.rest.n && !w.b->full) {
		enum word before = w.type;
		str last = w.word;

		if (before != WORD_CONNECTOR)
			add_word(&w, before, last);
		next_word(&w);
		if (before == WORD_NUMBER)
			add_letters_and_numbers(&w);
		else if (before == WORD_CONNECTOR)
			add_word(&w, before, last);
		else if (before != WORD_PUNCT)
			after_letters(&w);
	}
	add_word(&w, w.type, w.word);
	return tmpl_give_buf(c, w.b);
}

static const struct tmpl_func table[] = {
	{ "camelcase", "s", run_camelcase },
	{ "initials", "s", run_initials },
	{ "kebabcase", "s", run_snakecase, '-' },
	{ "lower", "s", run_case, LOWER },
	{ "snakecase", "s", run_snakecase, '_' },
	{ "swapcase", "s", run_swapcase },
	{ "title", "s", run_title },
	{ "untitle", "s", run_untitle },
	{ "upper", "s", run_case, UPPER },
};

const struct tmpl_funcs fn_case = { table, sizeof table / sizeof *table };
