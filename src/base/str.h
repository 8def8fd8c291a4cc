/* str - a piece of text: pointer and length, not owned, not NUL-terminated.
 *
 * Everything that reads text takes a `str`; everything that cuts text gives
 * one back that borrows from its input. Nothing here allocates. A `str` may
 * hold any bytes, NUL included. The empty text may have any pointer, also
 * NULL; functions never look at `p` when `n` is 0.
 *
 * Any thread.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
	const char *p;
	size_t n;
} str;

/* A str from a string literal, and the two printf arguments of "%.*s". */
#define S(literal) ((str){ "" literal, sizeof(literal) - 1 })
#define STR_ARG(s) (int)((s).n), ((s).n ? (s).p : "")
#define STR_NONE ((str){ NULL, 0 })

/* A str from a NUL-terminated string; NULL gives the empty text. */
static inline str str_c(const char *s)
{
	return (str){ s, s ? strlen(s) : 0 };
}

static inline str str_of(const char *p, size_t n)
{
	return (str){ p, n };
}

static inline bool str_eq(str a, str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Order by bytes, then by length: negative, zero or positive. */
int str_cmp(str a, str b);
/* Equal when ASCII letters are compared without case. */
bool str_eq_nocase(str a, str b);

static inline bool str_starts(str s, str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool str_ends(str s, str suffix)
{
	return s.n >= suffix.n &&
	       (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

/* The text from byte `from` up to byte `to`, both clipped to the text. */
str str_sub(str s, size_t from, size_t to);
static inline str str_from(str s, size_t from)
{
	return str_sub(s, from, s.n);
}

/* Offset of the first or last occurrence; STR_NPOS when there is none. */
#define STR_NPOS ((size_t)-1)
size_t str_find(str s, str needle);
size_t str_rfind(str s, str needle);
size_t str_find_char(str s, char c);
size_t str_rfind_char(str s, char c);
/* How often the byte occurs. */
size_t str_count_char(str s, char c);
static inline bool str_has(str s, str needle)
{
	return str_find(s, needle) != STR_NPOS;
}

/* Without the bytes of `set` at the ends; str_trim drops ASCII white space. */
str str_trim_set(str s, str set);
str str_trim_left_set(str s, str set);
str str_trim_right_set(str s, str set);
str str_trim(str s);

/* Take `c` (or `prefix`) off the front if it is there. */
bool str_take(str *s, char c);
bool str_take_str(str *s, str prefix);
/* Take the longest run of bytes that satisfy `is` off the front. */
str str_span(str *s, bool (*is)(char));

/* Take the piece before the next `sep` off the front, and the separator with
 * it. False once the text is used up; so "a,,b" gives "a", "", "b", and a
 * separator at the very end gives no last empty piece. */
bool str_cut(str *s, str *piece, char sep);
/* Split at the first `sep`, as strings.Cut: without one, `before` is all of
 * the text, `after` is empty and the answer is false. */
bool str_split(str s, char sep, str *before, str *after);
/* Take one line off the front, without its "\n" or "\r\n". */
bool str_line(str *s, str *line);

/* Decimal digits only, no sign, no overflow; false (and `out` untouched)
 * for anything else. Go's ParseInt and friends are in text/number.h. */
bool str_to_u64(str s, uint64_t *out);

#endif
