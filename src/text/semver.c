#include "text/semver.h"

#include <inttypes.h>

#include "base/ascii.h"
#include "text/number.h"

enum fault {
	FAULT_NONE,
	FAULT_LENGTH,
	FAULT_SYNTAX,
	FAULT_EMPTY,
	FAULT_CHARACTERS,
	FAULT_PADDED,
	FAULT_PRERELEASE,
	FAULT_BUILD,
	FAULT_NUMBER,		/* a run of digits that is no uint64 */
};

static const char *const fault_texts[] = {
	[FAULT_SYNTAX] = "invalid semantic version",
	[FAULT_EMPTY] = "version string empty",
	[FAULT_CHARACTERS] = "invalid characters in version",
	[FAULT_PADDED] = "version segment starts with 0",
	[FAULT_PRERELEASE] = "invalid prerelease string",
	[FAULT_BUILD] = "invalid metadata string",
};

static err *fault_err(enum fault f)
{
	if (f == FAULT_NONE)
		return NULL;
	if (f == FAULT_LENGTH)
		return err_new(ERR_INVALID, "version string is too long (max %d bytes)",
			       SEMVER_MAX_LEN);
	return err_new(ERR_INVALID, "%s", fault_texts[f]);
}

static bool is_ident(char c)
{
	return ascii_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

static bool is_all(str s, bool (*is)(char))
{
	return str_span(&s, is).n && !s.n;
}

/* Take dot-separated identifiers, none of them empty. */
static bool take_idents(str *s, str *out)
{
	const char *start = s->p;

	do {
		if (!str_span(s, is_ident).n)
			return false;
	} while (str_take(s, '.'));
	*out = (str){ start, (size_t)(s->p - start) };
	return true;
}

/* Take one identifier off a list; "a." has an empty second one. */
static bool next_ident(str *list, bool *more, str *ident)
{
	if (!*more)
		return false;
	*more = str_split(*list, '.', ident, list);
	return true;
}

static enum fault check_prerelease(str list)
{
	bool more = true;
	str id;

	while (next_ident(&list, &more, &id)) {
		if (!is_all(id, is_ident))
			return FAULT_PRERELEASE;
		if (id.n > 1 && id.p[0] == '0' && is_all(id, ascii_is_digit))
			return FAULT_PADDED;
	}
	return FAULT_NONE;
}

static enum fault check_build(str list)
{
	bool more = true;
	str id;

	while (next_ident(&list, &more, &id))
		if (!is_all(id, is_ident))
			return FAULT_BUILD;
	return FAULT_NONE;
}

/* The lenient reading. With FAULT_NUMBER, `bad` tells which one it is. */
static enum fault parse(struct semver *out, str text, str *bad)
{
	struct semver v = { .original = text };
	uint64_t *const numbers[] = { &v.major, &v.minor, &v.patch };
	str s = text, digits[3];
	size_t n = 0;

	if (text.n > SEMVER_MAX_LEN)
		return FAULT_LENGTH;
	str_take(&s, 'v');
	do {
		digits[n] = str_span(&s, ascii_is_digit);
		if (!digits[n++].n)
			return FAULT_SYNTAX;
	} while (n < 3 && str_take(&s, '.'));
	if (str_take(&s, '-') && !take_idents(&s, &v.prerelease))
		return FAULT_SYNTAX;
	if (str_take(&s, '+') && !take_idents(&s, &v.build))
		return FAULT_SYNTAX;
	if (s.n)
		return FAULT_SYNTAX;
	for (size_t i = 0; i < n; i++)
		if (!str_to_u64(digits[i], numbers[i])) {
			*bad = digits[i];
			return FAULT_NUMBER;
		}
	enum fault f = v.prerelease.n ? check_prerelease(v.prerelease) : FAULT_NONE;

	if (!f)
		*out = v;
	return f;
}

bool semver_try_parse(struct semver *out, str text)
{
	str bad;

	return parse(out, text, &bad) == FAULT_NONE;
}

err *semver_parse(struct semver *out, str text)
{
	str bad;
	uint64_t number;
	enum fault f = parse(out, text, &bad);

	if (f == FAULT_NUMBER)
		return err_wrap(number_parse_uint(bad, 10, &number),
				"error parsing version segment");
	return fault_err(f);
}

static bool has_three_parts(str text)
{
	size_t dot = str_find_char(text, '.');

	return dot != STR_NPOS && str_find_char(str_from(text, dot + 1), '.') != STR_NPOS;
}

bool semver_try_tag(struct semver *out, str text)
{
	return has_three_parts(text) && semver_try_parse(out, text);
}

err *semver_parse_tag(struct semver *out, str text)
{
	return has_three_parts(text) ? semver_parse(out, text) : fault_err(FAULT_SYNTAX);
}

err *semver_parse_strict(struct semver *out, str text)
{
	struct semver v = { .original = text };
	uint64_t *const numbers[] = { &v.major, &v.minor, &v.patch };
	str parts[3], rest;
	enum fault f = FAULT_NONE;

	if (!text.n)
		return fault_err(FAULT_EMPTY);
	if (text.n > SEMVER_MAX_LEN)
		return fault_err(FAULT_LENGTH);
	if (!str_split(text, '.', &parts[0], &rest) || !str_split(rest, '.', &parts[1], &parts[2]))
		return fault_err(FAULT_SYNTAX);
	if (str_split(parts[2], '+', &parts[2], &v.build))
		f = check_build(v.build);
	if (!f && str_split(parts[2], '-', &parts[2], &v.prerelease))
		f = check_prerelease(v.prerelease);
	for (size_t i = 0; i < 3 && !f; i++) {
		if (parts[i].n && !is_all(parts[i], ascii_is_digit))
			f = FAULT_CHARACTERS;
		else if (parts[i].n > 1 && parts[i].p[0] == '0')
			f = FAULT_PADDED;
	}
	if (f)
		return fault_err(f);
	for (size_t i = 0; i < 3; i++)
		TRY(number_parse_uint(parts[i], 10, numbers[i]));
	*out = v;
	return NULL;
}

/* One identifier: numbers before words, numbers by value, words by byte. A
 * number beyond 64 bits counts as a word. */
static int cmp_ident(str a, str b)
{
	uint64_t ia = 0, ib = 0;

	if (str_eq(a, b))
		return 0;
	if (!a.n || !b.n)
		return a.n ? 1 : -1;
	bool na = str_to_u64(a, &ia), nb = str_to_u64(b, &ib);

	if (na != nb)
		return na ? -1 : 1;
	if (na)
		return ia > ib ? 1 : -1;
	return str_cmp(a, b);
}

static int cmp_prerelease(str a, str b)
{
	bool more_a = true, more_b = true;

	if (!a.n || !b.n)	/* a release follows its prereleases */
		return (a.n == 0) - (b.n == 0);
	while (more_a || more_b) {
		str ia = STR_NONE, ib = STR_NONE;

		next_ident(&a, &more_a, &ia);
		next_ident(&b, &more_b, &ib);
		int c = cmp_ident(ia, ib);

		if (c)
			return c;
	}
	return 0;
}

int semver_cmp(const struct semver *a, const struct semver *b)
{
	const uint64_t x[] = { a->major, a->minor, a->patch };
	const uint64_t y[] = { b->major, b->minor, b->patch };

	for (size_t i = 0; i < 3; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return cmp_prerelease(a->prerelease, b->prerelease);
}

void semver_add(struct buf *b, const struct semver *v)
{
	number_add_uint(b, v->major);
	buf_addc(b, '.');
	number_add_uint(b, v->minor);
	buf_addc(b, '.');
	number_add_uint(b, v->patch);
	if (v->prerelease.n) {
		buf_addc(b, '-');
		buf_add(b, v->prerelease);
	}
	if (v->build.n) {
		buf_addc(b, '+');
		buf_add(b, v->build);
	}
}

str semver_text(struct arena *a, const struct semver *v)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	semver_add(&b, v);
	return arena_str(a, buf_str(&b));
}

/* Write the original anew after a change, with the "v" it had. */
static void set_original(struct arena *a, struct semver *v)
{
	bool has_v = v->original.n && v->original.p[0] == 'v';
	str text = semver_text(a, v);

	v->original = has_v ? arena_cat(a, S("v"), text) : text;
}

err *semver_next(struct arena *a, const struct semver *v, enum semver_part part,
		 struct semver *out)
{
	static const char *const names[] = { "major", "minor", "patch" };
	struct semver next = *v;
	uint64_t *const numbers[] = { &next.major, &next.minor, &next.patch };

	next.prerelease = next.build = STR_NONE;
	if (part != SEMVER_PATCH || !v->prerelease.n) {
		if (*numbers[part] == UINT64_MAX)
			return err_new(ERR_INVALID, "%s version increment would overflow uint64",
				       names[part]);
		++*numbers[part];
	}
	for (size_t i = part + 1; i < 3; i++)
		*numbers[i] = 0;
	set_original(a, &next);
	*out = next;
	return NULL;
}

err *semver_with_prerelease(struct arena *a, const struct semver *v, str prerelease,
			    struct semver *out)
{
	struct semver changed = *v;

	if (prerelease.n)
		TRY(fault_err(check_prerelease(prerelease)));
	changed.prerelease = arena_str(a, prerelease);
	set_original(a, &changed);
	*out = changed;
	return NULL;
}

err *semver_with_build(struct arena *a, const struct semver *v, str build, struct semver *out)
{
	struct semver changed = *v;

	if (build.n)
		TRY(fault_err(check_build(build)));
	changed.build = arena_str(a, build);
	set_original(a, &changed);
	*out = changed;
	return NULL;
}
