#include "base/ascii.h"
#include "cel/cel_kube.h"
#include "text/number.h"
#include "text/quote.h"

static bool is_ident(char c)
{
	return ascii_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

static bool only(str s, bool (*is)(char))
{
	str_span(&s, is);
	return !s.n;
}

static bool is_padded(str s)
{
	return s.n > 1 && s.p[0] == '0';
}

static str complain(struct arena *a, const char *what, str about)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, about, QUOTE_PRINT);
	return arena_printf(a, "%s %.*s", what, STR_ARG(buf_str(&b)));
}

static str to_number(struct arena *a, str s, uint64_t *out)
{
	err *e = number_parse_uint(s, 10, out);
	str wrong = e ? arena_str(a, err_text(e)) : STR_NONE;

	err_free(e);
	return wrong;
}

/* One of the three numbers; `name` is small, `Name` large. */
static str parse_number(struct arena *a, str s, const char *name, const char *capital, uint64_t *out)
{
	CLEANUP(buf_release) struct buf what = BUF_INIT;

	if (!only(s, ascii_is_digit))
		buf_addf(&what, "Invalid character(s) found in %s number", name);
	else if (is_padded(s))
		buf_addf(&what, "%s number must not contain leading zeroes", capital);
	return what.n ? complain(a, buf_c(&what), s) : to_number(a, s, out);
}

static str *split(struct arena *a, str s, char separator, size_t *n)
{
	str *pieces = arena_array(a, str, str_count_char(s, separator) + 1), before;

	*n = 0;
	while (str_split(s, separator, &before, &s))
		pieces[(*n)++] = before;
	pieces[(*n)++] = before;
	return pieces;
}

static str check_pre(struct arena *a, str s)
{
	uint64_t number;

	if (!s.n)
		return S("Prerelease is empty");
	if (only(s, ascii_is_digit))
		return is_padded(s) ? complain(a,
					       "Numeric PreRelease version must not contain leading "
					       "zeroes",
					       s)
				    : to_number(a, s, &number);
	return only(s, is_ident) ? STR_NONE
				 : complain(a, "Invalid character(s) found in prerelease", s);
}

static str check_build(struct arena *a, str s)
{
	if (!s.n)
		return S("Build meta data is empty");
	return only(s, is_ident) ? STR_NONE
				 : complain(a, "Invalid character(s) found in build meta data", s);
}

static str parse_parts(struct arena *a, const str part[3], struct cel_version *v)
{
	str patch = part[2], pre = STR_NONE, build = STR_NONE;
	bool has_build = str_split(patch, '+', &patch, &build);
	bool has_pre = str_split(patch, '-', &patch, &pre);
	str wrong = parse_number(a, part[0], "major", "Major", &v->major);

	if (!wrong.n)
		wrong = parse_number(a, part[1], "minor", "Minor", &v->minor);
	if (!wrong.n)
		wrong = parse_number(a, patch, "patch", "Patch", &v->patch);
	if (has_pre)
		v->pre = split(a, pre, '.', &v->pre_n);
	if (has_build)
		v->build = split(a, build, '.', &v->build_n);
	for (size_t i = 0; i < v->pre_n && !wrong.n; i++)
		wrong = check_pre(a, v->pre[i]);
	for (size_t i = 0; i < v->build_n && !wrong.n; i++)
		wrong = check_build(a, v->build[i]);
	return wrong;
}

/* Up to three pieces between dots. */
static size_t split3(str s, str part[3])
{
	size_t n = 0;
	str rest = s;

	while (n < 2 && str_split(s, '.', &part[n], &rest)) {
		s = rest;
		n++;
	}
	part[n++] = s;
	return n;
}

/* A number without the zeros before it. */
static str without_zeros(struct arena *a, str s)
{
	if (s.n < 2)
		return s;
	str rest = str_trim_left_set(s, S("0"));

	return !rest.n || !ascii_is_digit(rest.p[0]) ? arena_cat(a, S("0"), rest) : rest;
}

str cel_version_parse(struct arena *a, str text, bool normalize, struct cel_version *out)
{
	struct cel_version v = { 0 };
	str part[3];

	if (normalize)
		str_take(&text, 'v');
	else if (!text.n)
		return S("Version string empty");
	size_t n = split3(text, part);

	if (n < 3 && !normalize)
		return S("No Major.Minor.Patch elements found");
	for (size_t i = 0; i < n && normalize; i++)
		part[i] = without_zeros(a, part[i]);
	if (n < 3 && (str_find_char(part[n - 1], '+') != STR_NPOS ||
		      str_find_char(part[n - 1], '-') != STR_NPOS))
		return S("short version cannot contain PreRelease/Build meta data");
	while (n < 3)
		part[n++] = S("0");
	str wrong = parse_parts(a, part, &v);

	if (!wrong.n)
		*out = v;
	return wrong;
}

static int compare_pre(str a, str b)
{
	bool x = only(a, ascii_is_digit), y = only(b, ascii_is_digit);
	uint64_t m = 0, n = 0;

	if (x != y)
		return x ? -1 : 1;
	if (!x)
		return str_cmp(a, b) < 0 ? -1 : str_cmp(a, b) > 0;
	str_to_u64(a, &m);
	str_to_u64(b, &n);
	return m < n ? -1 : m > n;
}

int cel_version_compare(const struct cel_version *a, const struct cel_version *b)
{
	const uint64_t x[] = { a->major, a->minor, a->patch }, y[] = { b->major, b->minor, b->patch };

	for (size_t i = 0; i < 3; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	if (!a->pre_n || !b->pre_n)
		return (a->pre_n == 0) - (b->pre_n == 0);
	for (size_t i = 0; i < a->pre_n && i < b->pre_n; i++) {
		int c = compare_pre(a->pre[i], b->pre[i]);

		if (c)
			return c;
	}
	return (a->pre_n > b->pre_n) - (a->pre_n < b->pre_n);
}

static void add_pieces(struct buf *b, char before, const str *pieces, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_addc(b, i ? '.' : before);
		buf_add(b, pieces[i]);
	}
}

void cel_version_add(struct buf *b, const struct cel_version *v)
{
	buf_addf(b, "%llu.%llu.%llu", (unsigned long long)v->major, (unsigned long long)v->minor,
		 (unsigned long long)v->patch);
	add_pieces(b, '-', v->pre, v->pre_n);
	add_pieces(b, '+', v->build, v->build_n);
}
