/* What the operators of an expression do to a value. */
#include <inttypes.h>

#include "base/utf8.h"
#include "kustomize/envsubst_impl.h"
#include "text/number.h"
#include "text/unicode.h"

/* ---- case, length, default --------------------------------------------- */

static void change_case(str value, bool upper, bool all, struct buf *out)
{
	uint32_t rune;

	for (bool first = true; utf8_take(&value, &rune); first = false) {
		if (first || all)
			rune = upper ? unicode_to_upper(rune) : unicode_to_lower(rune);
		utf8_add(out, rune);
		if (!all) {
			buf_add(out, value);
			return;
		}
	}
}

static bool to_number(str text, int64_t *out)
{
	err *e = number_parse_atoi(text, out);

	err_free(e);
	return !e;
}

static err *substring(str value, const str *args, size_t n, struct buf *out)
{
	int64_t from, length, size = (int64_t)value.n;

	if (!n || !to_number(args[0], &from)) {
		buf_add(out, value);
		return NULL;
	}
	if (from < 0)
		from = from + size < 0 ? 0 : from + size;
	if (n == 1) {
		buf_add(out, str_from(value, (size_t)from));
		return NULL;
	}
	if (!to_number(args[1], &length)) {
		buf_add(out, value);
		return NULL;
	}
	/* Flux 2.9 takes it for an offset from the start, which lies before `from`. */
	if (length < 0) {
		if (from + length < 0)
			return err_new(ERR_INVALID, "panic: runtime error: slice bounds out of range "
				       "[:%" PRId64 "]", from + length);
		return err_new(ERR_INVALID, "panic: runtime error: slice bounds out of range [%" PRId64
			       ":%" PRId64 "]", from, from + length);
	}
	if (length > size)
		length = size;
	buf_add(out, str_sub(value, (size_t)from, (size_t)from + (size_t)length));
	return NULL;
}

/* ---- replacing --------------------------------------------------------- */

/* strings.Replace: an empty `old` matches between all runes. */
static void replace(str value, str old, str new, bool all, struct buf *out)
{
	if (!old.n) {
		buf_add(out, new);
		while (all && value.n) {
			size_t size;

			utf8_decode(value, &size);
			buf_add(out, str_sub(value, 0, size));
			buf_add(out, new);
			value = str_from(value, size);
		}
		buf_add(out, value);
		return;
	}
	for (size_t at; (at = str_find(value, old)) != STR_NPOS;) {
		buf_add(out, str_sub(value, 0, at));
		buf_add(out, new);
		value = str_from(value, at + old.n);
		if (!all)
			break;
	}
	buf_add(out, value);
}

static void replace_by(str op, str value, const str *args, size_t n, struct buf *out)
{
	str new = n > 1 ? args[1] : STR_NONE;
	char kind = op.n > 1 ? op.p[1] : 0;

	if (!n || (kind && kind != '/' && n != 2)) {
		buf_add(out, value);
	} else if (kind == '#') {
		if (str_starts(value, args[0]))
			replace(value, args[0], new, false, out);
		else
			buf_add(out, value);
	} else if (kind == '%') {
		bool ends = str_ends(value, args[0]);

		buf_add(out, ends ? str_sub(value, 0, value.n - args[0].n) : value);
		buf_add(out, ends ? new : STR_NONE);
	} else {
		replace(value, args[0], new, kind == '/', out);
	}
}

/* ---- removing by glob -------------------------------------------------- */

struct glob {
	str chunk;
	bool star;
};

/* The next piece of a pattern: whether stars come first, and what follows. */
static struct glob take_chunk(str *pattern)
{
	struct glob g = { 0 };
	bool in_range = false;
	size_t i = 0;

	while (str_take(pattern, '*'))
		g.star = true;
	for (; i < pattern->n; i++) {
		if (pattern->p[i] == '\\' && i + 1 < pattern->n)
			i++;
		else if (pattern->p[i] == '[')
			in_range = true;
		else if (pattern->p[i] == ']')
			in_range = false;
		else if (pattern->p[i] == '*' && !in_range)
			break;
	}
	g.chunk = str_sub(*pattern, 0, i);
	*pattern = str_from(*pattern, i);
	return g;
}

/* One end of a range; false for a bad pattern. */
static bool take_bound(str *chunk, uint32_t *out)
{
	size_t size;

	if (!chunk->n || chunk->p[0] == '-' || chunk->p[0] == ']')
		return false;
	if (chunk->p[0] == '\\') {
		*chunk = str_from(*chunk, 1);
		if (!chunk->n)
			return false;
	}
	*out = utf8_decode(*chunk, &size);
	*chunk = str_from(*chunk, size);
	return chunk->n && !(*out == UTF8_BAD && size == 1);
}

enum answer { NO, YES, BAD };

static enum answer match_class(str *chunk, uint32_t rune)
{
	bool negated, found = false;

	*chunk = str_from(*chunk, 1);
	negated = str_take(chunk, '^');
	for (unsigned ranges = 0;; ranges++) {
		uint32_t low, high;

		if (ranges && str_take(chunk, ']'))
			return found != negated ? YES : NO;
		if (!take_bound(chunk, &low))
			return BAD;
		high = low;
		if (chunk->p[0] == '-') {
			*chunk = str_from(*chunk, 1);
			if (!take_bound(chunk, &high))
				return BAD;
		}
		found |= low <= rune && rune <= high;
	}
}

/* Match a chunk at the front of the text, which loses what was matched. */
static enum answer match_chunk(str chunk, str *text)
{
	str s = *text;

	while (chunk.n) {
		size_t size = 1;

		if (!s.n)
			return NO;
		if (chunk.p[0] == '[') {
			enum answer a = match_class(&chunk, utf8_decode(s, &size));

			if (a != YES)
				return a;
		} else if (chunk.p[0] == '?') {
			utf8_decode(s, &size);
			chunk = str_from(chunk, 1);
		} else {
			if (chunk.p[0] == '\\') {
				chunk = str_from(chunk, 1);
				if (!chunk.n)
					return BAD;
			}
			if (chunk.p[0] != s.p[0])
				return NO;
			chunk = str_from(chunk, 1);
		}
		s = str_from(s, size);
	}
	*text = s;
	return YES;
}

/* path.Match with a star that also matches slashes. */
static enum answer match(str pattern, str text)
{
	while (pattern.n) {
		struct glob g = take_chunk(&pattern);
		enum answer a;
		str rest = text;

		if (g.star && !g.chunk.n)
			return YES;
		a = match_chunk(g.chunk, &rest);
		if (a == YES && (!rest.n || pattern.n)) {
			text = rest;
			continue;
		}
		if (a == BAD)
			return BAD;
		if (!g.star)
			return NO;
		bool found = false;

		for (size_t i = 1; i <= text.n && !found; i++) {
			rest = str_from(text, i);
			a = match_chunk(g.chunk, &rest);
			if (a == BAD)
				return BAD;
			found = a == YES && (pattern.n || !rest.n);
		}
		if (!found)
			return NO;
		text = rest;
	}
	return text.n ? NO : YES;
}

/* Longer values are not looked through: the work grows with the square of
 * their length. */
enum { REMOVE_MAX = 20000 };

/* Bytes at the front that the pattern matches, the shortest or longest run
 * but the empty one; 0 for none. */
static size_t matched(str value, str pattern, bool longest)
{
	size_t best = 0;

	for (size_t n = value.n; n > 0; n--) {
		enum answer a = match(pattern, str_sub(value, 0, n));

		if (a == BAD)
			return 0;
		if (a == YES) {
			best = n;
			if (longest)
				break;
		}
	}
	return best;
}

static str reversed(struct arena *a, str text)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;

	while (text.n) {
		size_t size;
		uint32_t rune = utf8_decode_last(text, &size);

		utf8_add(&out, rune);
		text.n -= size;
	}
	return arena_str(a, buf_str(&out));
}

static err *remove_by(struct arena *a, str op, str value, str pattern, struct buf *out)
{
	bool suffix = op.p[0] == '%';

	if (value.n > REMOVE_MAX)
		return err_new(ERR_INVALID, "value of %zu bytes is too long to remove a pattern from",
			       value.n);
	if (suffix) {
		value = reversed(a, value);
		pattern = reversed(a, pattern);
	}
	value = str_from(value, matched(value, pattern, op.n == 2));
	buf_add(out, suffix ? reversed(a, value) : value);
	return NULL;
}

/* ---- all --------------------------------------------------------------- */

err *envsubst_apply(struct arena *a, str op, str value, const str *args, size_t n, struct buf *out)
{
	switch (op.n ? op.p[0] : 0) {
	case ',':
	case '^':
		change_case(value, op.p[0] == '^', op.n == 2 && op.p[0] == op.p[1], out);
		return NULL;
	case '#':
		if (!n && op.n == 1) {
			number_add_int(out, (int64_t)value.n);
			return NULL;
		}
		return remove_by(a, op, value, args[0], out);
	case '%':
		return remove_by(a, op, value, args[0], out);
	case '/':
		replace_by(op, value, args, n, out);
		return NULL;
	case ':':
		if (op.n == 1)
			return substring(value, args, n, out);
		break;
	default:
		break;
	}
	buf_add(out, value);
	for (size_t i = 0; !value.n && i < n; i++)
		buf_add(out, args[i]);
	return NULL;
}
