/* The patterns of the library doublestar: a walk along pattern and name that
 * comes back to the last `*`, and failing that to the last `**`. Alternatives
 * are tried by putting each in the place of all. */
#include "base/arena.h"
#include "base/utf8.h"
#include "text/glob.h"

/* More than any sensible pattern takes; hostile ones end here. */
enum { STEPS_MAX = 1 << 21, ALTS_MAX = 64 };

struct walk {
	struct arena *a;
	str name;
	bool validate;
	size_t steps, depth;
};

/* Where to go on after a failure; STR_NPOS: nowhere. */
struct back {
	size_t double_p, double_n, star_p, star_n;
};

struct at {
	str pattern;
	size_t p, n;
	bool start; /* of a path element, in the pattern */
	struct back back;
};

enum step { STEP_ON, STEP_FAILED, STEP_YES, STEP_NO, STEP_BAD };

static bool is_spent(struct walk *w, size_t n)
{
	w->steps += n;
	return w->steps > STEPS_MAX;
}

/* Go's DecodeRuneInString, which gives U+FFFD and no bytes for the empty text. */
static uint32_t rune_at(str s, size_t at, size_t *size)
{
	*size = 0;
	return at < s.n ? utf8_decode(str_from(s, at), size) : UTF8_BAD;
}

/* ---- is it a pattern at all ----------------------------------------------- */

/* From behind the "[" to behind the "]"; false when there is none. */
static bool pass_class(str p, size_t *i)
{
	if (*i < p.n && (p.p[*i] == '^' || p.p[*i] == '!'))
		++*i;
	if (*i >= p.n || p.p[*i] == ']')
		return false;
	for (; *i < p.n; ++*i) {
		if (p.p[*i] == '\\')
			++*i;
		else if (p.p[*i] == ']')
			return true;
	}
	return false;
}

static bool is_pattern(str p)
{
	size_t depth = 0;

	for (size_t i = 0; i < p.n; i++)
		switch (p.p[i]) {
		case '\\':
			if (++i >= p.n)
				return false;
			break;
		case '[':
			i++;
			if (!pass_class(p, &i))
				return false;
			break;
		case '{':
			depth++;
			break;
		case '}':
			if (!depth--)
				return false;
			break;
		}
	return !depth;
}

static enum step mismatch(const struct walk *w, str rest)
{
	return w->validate && rest.n && !is_pattern(rest) ? STEP_BAD : STEP_NO;
}

/* ---- alternatives --------------------------------------------------------- */

/* The offset of the byte that ends an alternative: its "}", or with `comma` the
 * next "," as well. */
static size_t alt_end(str s, bool comma)
{
	size_t depth = 1;

	for (size_t i = 0; i < s.n; i++)
		switch (s.p[i]) {
		case '\\':
			i++;
			break;
		case '{':
			depth++;
			break;
		case '}':
			if (!--depth)
				return comma ? STR_NPOS : i;
			break;
		case ',':
			if (comma && depth == 1)
				return i;
			break;
		}
	return STR_NPOS;
}

typedef enum step try_fn(struct walk *w, str pattern, const struct at *at);

/* Try the pattern with each of the alternatives that begin at `open`. */
static enum step each_alt(struct walk *w, str pattern, size_t open, const struct at *at,
			  try_fn *try)
{
	size_t end = alt_end(str_from(pattern, open + 1), false);
	enum step r = STEP_NO;

	if (end == STR_NPOS || w->depth >= ALTS_MAX)
		return STEP_BAD;
	str rest = str_sub(pattern, open + 1, open + 1 + end);
	bool last = false;

	w->depth++;
	while (!last && r == STEP_NO) {
		size_t comma = alt_end(rest, true);

		last = comma == STR_NPOS;
		if (is_spent(w, pattern.n)) {
			r = STEP_BAD;
			break;
		}
		r = try(w,
			arena_cat(w->a, str_sub(pattern, 0, open), str_sub(rest, 0, comma),
				  str_from(pattern, open + 2 + end)),
			at);
		rest = last ? STR_NONE : str_from(rest, comma + 1);
	}
	w->depth--;
	return r;
}

/* ---- the end of the name -------------------------------------------------- */

/* Whether the rest of the pattern matches nothing at all. */
static enum step match_nothing(struct walk *w, str p, const struct at *at)
{
	static const char *const empty[] = { "", "*", "**", "/**", "**/", "/**/" };

	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
		if (str_eq(p, str_c(empty[i])))
			return STEP_YES;
	if (p.p[0] == '{')
		return each_alt(w, p, 0, at, match_nothing);
	return mismatch(w, p);
}

/* ---- one element of the pattern ------------------------------------------- */

static enum step take_star(struct at *t)
{
	str p = t->pattern;

	if (++t->p < p.n && p.p[t->p] == '*') {
		t->p++;
		if (t->start && t->p >= p.n)
			return STEP_YES;
		if (t->start && p.p[t->p] == '/') {
			t->p++;
			t->back = (struct back){ t->p, t->n, STR_NPOS, STR_NPOS };
			return STEP_ON;
		}
	}
	t->start = false;
	t->back.star_p = t->p;
	t->back.star_n = t->n;
	return STEP_ON;
}

static enum step take_any(const struct walk *w, struct at *t)
{
	size_t size;

	t->start = false;
	if (rune_at(w->name, t->n, &size) == '/')
		return STEP_FAILED;
	t->p++;
	t->n += size;
	return STEP_ON;
}

/* Go along a class up to what has the rune, or to its end. */
static bool class_has(str p, size_t *i, uint32_t rune)
{
	const uint32_t none = 0x10ffff;
	uint32_t last = none, c;
	size_t size;

	while (*i < p.n && p.p[*i] != ']') {
		c = rune_at(p, *i, &size);
		*i += size;
		if (last < none && c == '-' && *i < p.n && p.p[*i] != ']') {
			if (p.p[*i] == '\\')
				++*i;
			c = rune_at(p, *i, &size);
			*i += size;
			if (last <= rune && rune <= c)
				return true;
			last = none;
			continue;
		}
		if (c == '\\') {
			c = rune_at(p, *i, &size);
			*i += size;
		}
		if (c == rune)
			return true;
		last = c;
	}
	return false;
}

static enum step take_class(const struct walk *w, struct at *t)
{
	str p = t->pattern;
	size_t size;
	uint32_t rune = rune_at(w->name, t->n, &size);

	t->start = false;
	if (++t->p >= p.n)
		return STEP_BAD;
	bool negate = p.p[t->p] == '!' || p.p[t->p] == '^';

	t->p += negate;
	if (t->p >= p.n || p.p[t->p] == ']')
		return STEP_BAD;
	if (class_has(p, &t->p, rune) == negate)
		return t->p >= p.n ? STEP_BAD : STEP_FAILED;
	for (; t->p < p.n && p.p[t->p] != ']'; t->p++)
		if (p.p[t->p] == '\\')
			t->p++;
	if (t->p >= p.n)
		return STEP_BAD;
	t->p++;
	t->n += size;
	return STEP_ON;
}

static enum step take_literal(const struct walk *w, struct at *t)
{
	str p = t->pattern;
	bool escaped = p.p[t->p] == '\\';
	size_t size, of_name;

	if (escaped && ++t->p >= p.n)
		return STEP_BAD;
	uint32_t want = rune_at(p, t->p, &size), have = rune_at(w->name, t->n, &of_name);

	if (want != have) {
		/* so that what is left is judged with its backslash */
		if (t->p > 0 && p.p[t->p - 1] == '\\')
			t->p--;
		return STEP_FAILED;
	}
	t->p += size;
	t->n += of_name;
	t->start = want == '/';
	return STEP_ON;
}

/* ---- the walk ------------------------------------------------------------- */

static bool go_back(const struct walk *w, struct at *t)
{
	struct back *b = &t->back;
	size_t size;

	if (b->star_p != STR_NPOS && rune_at(w->name, b->star_n, &size) != '/') {
		b->star_n += size;
		t->p = b->star_p;
		t->n = b->star_n;
		t->start = false;
		return true;
	}
	if (b->double_p == STR_NPOS)
		return false;
	size_t slash = str_find_char(str_from(w->name, b->double_n), '/');

	if (slash == STR_NPOS)
		return false;
	t->n = b->double_n += slash + 1;
	t->p = b->double_p;
	t->start = true;
	return true;
}

static enum step walk(struct walk *w, str pattern, const struct at *from)
{
	struct at t = *from;

	t.pattern = pattern;
	t.start = true;
	while (t.n < w->name.n) {
		enum step r = STEP_FAILED;

		if (is_spent(w, 1))
			return STEP_BAD;
		if (t.p < pattern.n)
			switch (pattern.p[t.p]) {
			case '*':
				r = take_star(&t);
				break;
			case '?':
				r = take_any(w, &t);
				break;
			case '[':
				r = take_class(w, &t);
				break;
			case '{':
				return each_alt(w, pattern, t.p, &t, walk);
			default:
				r = take_literal(w, &t);
			}
		if (r == STEP_FAILED && !go_back(w, &t))
			return mismatch(w, str_from(pattern, t.p));
		if (r != STEP_ON && r != STEP_FAILED)
			return r;
	}
	return match_nothing(w, str_from(pattern, t.p), &t);
}

enum glob_result glob_match_double(str pattern, str name, bool validate)
{
	static const struct at begin = { .back = { STR_NPOS, STR_NPOS, STR_NPOS, STR_NPOS } };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct walk w = { .a = &a, .name = name, .validate = validate };
	enum step r = walk(&w, pattern, &begin);

	return r == STEP_BAD ? GLOB_BAD : r == STEP_YES ? GLOB_YES : GLOB_NO;
}
