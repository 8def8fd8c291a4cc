/* The patterns of path.Match and filepath.Match. A pattern is a row of
 * chunks, each with or without stars before it; a chunk matches a text of
 * its own, and once it has matched behind a star that choice is final. */
#include "text/glob.h"

#include "base/utf8.h"

err *glob_bad_pattern(void)
{
	return err_new(ERR_INVALID, "syntax error in pattern");
}

/* Take the stars and the chunk behind them off the pattern. */
static str take_chunk(str *pattern, bool *star)
{
	bool in_class = false;
	size_t i = 0;

	for (*star = false; str_take(pattern, '*'); *star = true)
		;
	for (; i < pattern->n; i++) {
		char c = pattern->p[i];

		if (c == '\\' && i + 1 < pattern->n)
			i++;
		else if (c == '[')
			in_class = true;
		else if (c == ']')
			in_class = false;
		else if (c == '*' && !in_class)
			break;
	}
	str chunk = { pattern->p, i };

	*pattern = str_from(*pattern, i);
	return chunk;
}

/* One character of a class. There must be more behind it: the "]". */
static bool take_class_char(str *chunk, uint32_t *rune)
{
	size_t size;

	if (!chunk->n || chunk->p[0] == '-' || chunk->p[0] == ']')
		return false;
	if (str_take(chunk, '\\') && !chunk->n)
		return false;
	*rune = utf8_decode(*chunk, &size);
	if (*rune == UTF8_BAD && size == 1)
		return false;
	*chunk = str_from(*chunk, size);
	return chunk->n > 0;
}

/* Take a class, its "[" gone already, and tell whether it has the rune. */
static enum glob_result take_class(str *chunk, uint32_t rune)
{
	bool negated = str_take(chunk, '^'), hit = false;

	for (size_t ranges = 0; !(ranges && str_take(chunk, ']')); ranges++) {
		uint32_t lo, hi;

		if (!take_class_char(chunk, &lo))
			return GLOB_BAD;
		hi = lo;
		if (str_take(chunk, '-') && !take_class_char(chunk, &hi))
			return GLOB_BAD;
		hit = hit || (lo <= rune && rune <= hi);
	}
	return hit != negated ? GLOB_YES : GLOB_NO;
}

/* Match a chunk at the start of `name` and leave there what is behind the
 * match. The chunk is read to its end in any case, to find it bad. */
static enum glob_result match_chunk(str chunk, str *name)
{
	str s = *name;
	bool failed = false;
	char c;

	while (chunk.n) {
		failed = failed || !s.n;
		c = chunk.p[0];
		chunk = str_from(chunk, 1);
		if (c == '[') {
			uint32_t rune = 0;

			if (!failed)
				utf8_take(&s, &rune);
			enum glob_result r = take_class(&chunk, rune);

			if (r == GLOB_BAD)
				return r;
			failed = failed || r == GLOB_NO;
			continue;
		}
		if (c == '?') {
			uint32_t rune;

			if (!failed)
				failed = s.p[0] == '/' || !utf8_take(&s, &rune);
			continue;
		}
		if (c == '\\') {
			if (!chunk.n)
				return GLOB_BAD;
			c = chunk.p[0];
			chunk = str_from(chunk, 1);
		}
		if (!failed)
			failed = !str_take(&s, c);
	}
	if (failed)
		return GLOB_NO;
	*name = s;
	return GLOB_YES;
}

/* Match a chunk that has a star before it at any place in the element. */
static enum glob_result match_behind_star(str chunk, bool last, str *name)
{
	for (size_t i = 0; i < name->n && name->p[i] != '/'; i++) {
		str rest = str_from(*name, i + 1);
		enum glob_result r = match_chunk(chunk, &rest);

		if (r == GLOB_BAD)
			return r;
		if (r == GLOB_YES && (!last || !rest.n)) {
			*name = rest;
			return r;
		}
	}
	return GLOB_NO;
}

/* Whether the rest of a pattern that did not match could ever have. */
static enum glob_result check_rest(str pattern)
{
	bool star;

	while (pattern.n) {
		str chunk = take_chunk(&pattern, &star), nothing = STR_NONE;

		if (match_chunk(chunk, &nothing) == GLOB_BAD)
			return GLOB_BAD;
	}
	return GLOB_NO;
}

static enum glob_result match(str pattern, str name, bool check)
{
	while (pattern.n) {
		bool star;
		str chunk = take_chunk(&pattern, &star), rest = name;
		bool last = !pattern.n;

		if (star && !chunk.n)
			return str_find_char(name, '/') == STR_NPOS ? GLOB_YES : GLOB_NO;
		enum glob_result r = match_chunk(chunk, &rest);

		if (r == GLOB_BAD)
			return r;
		if (r == GLOB_YES && (!last || !rest.n)) {
			name = rest;
			continue;
		}
		r = star ? match_behind_star(chunk, last, &name) : GLOB_NO;
		if (r == GLOB_NO && check)
			return check_rest(pattern);
		if (r != GLOB_YES)
			return r;
	}
	return name.n ? GLOB_NO : GLOB_YES;
}

enum glob_result glob_match(str pattern, str name)
{
	return match(pattern, name, true);
}

enum glob_result glob_match_file(str pattern, str name)
{
	return match(pattern, name, false);
}
