#include "base/str.h"

int str_cmp(str a, str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	if (c)
		return c;
	return (a.n > b.n) - (a.n < b.n);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq_nocase(str a, str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

str str_sub(str s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from >= to)
		return (str){ s.p ? s.p + to : NULL, 0 };
	return (str){ s.p + from, to - from };
}

size_t str_find(str s, str needle)
{
	if (!needle.n)
		return 0;
	if (s.n < needle.n)
		return STR_NPOS;
	const char *hit = memmem(s.p, s.n, needle.p, needle.n);

	return hit ? (size_t)(hit - s.p) : STR_NPOS;
}

size_t str_rfind(str s, str needle)
{
	if (s.n < needle.n)
		return STR_NPOS;
	if (!needle.n)
		return s.n;
	for (size_t i = s.n - needle.n + 1; i-- > 0;)
		if (memcmp(s.p + i, needle.p, needle.n) == 0)
			return i;
	return STR_NPOS;
}

size_t str_find_char(str s, char c)
{
	const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;

	return hit ? (size_t)(hit - s.p) : STR_NPOS;
}

size_t str_count_char(str s, char c)
{
	size_t n = 0;

	for (size_t at; (at = str_find_char(s, c)) != STR_NPOS; n++)
		s = str_from(s, at + 1);
	return n;
}

size_t str_rfind_char(str s, char c)
{
	const char *hit = s.n ? memrchr(s.p, c, s.n) : NULL;

	return hit ? (size_t)(hit - s.p) : STR_NPOS;
}

static bool in_set(char c, str set)
{
	return str_find_char(set, c) != STR_NPOS;
}

str str_trim_left_set(str s, str set)
{
	while (s.n && in_set(s.p[0], set)) {
		s.p++;
		s.n--;
	}
	return s;
}

str str_trim_right_set(str s, str set)
{
	while (s.n && in_set(s.p[s.n - 1], set))
		s.n--;
	return s;
}

str str_trim_set(str s, str set)
{
	return str_trim_left_set(str_trim_right_set(s, set), set);
}

str str_trim(str s)
{
	return str_trim_set(s, S(" \t\n\v\f\r"));
}

bool str_take(str *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	s->p++;
	s->n--;
	return true;
}

bool str_take_str(str *s, str prefix)
{
	if (!str_starts(*s, prefix))
		return false;
	*s = str_from(*s, prefix.n);
	return true;
}

str str_span(str *s, bool (*is)(char))
{
	size_t n = 0;

	while (n < s->n && is(s->p[n]))
		n++;
	str run = { s->p, n };

	*s = str_from(*s, n);
	return run;
}

bool str_cut(str *s, str *piece, char sep)
{
	if (!s->n)
		return false;
	str rest;

	str_split(*s, sep, piece, &rest);
	*s = rest;
	return true;
}

bool str_split(str s, char sep, str *before, str *after)
{
	size_t at = str_find_char(s, sep);

	if (at == STR_NPOS) {
		*before = s;
		*after = (str){ s.p ? s.p + s.n : NULL, 0 };
		return false;
	}
	*before = str_sub(s, 0, at);
	*after = str_from(s, at + 1);
	return true;
}

bool str_line(str *s, str *line)
{
	if (!str_cut(s, line, '\n'))
		return false;
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

bool str_to_u64(str s, uint64_t *out)
{
	uint64_t v = 0;

	if (!s.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return false;
	}
	*out = v;
	return true;
}
