#include "text/regex_impl.h"

/* Take the name of a group, in braces or as long as it can be, off what
 * stands behind a dollar sign. */
static bool take_name(str *s, str *name)
{
	str rest = *s;
	bool braces = str_take(&rest, '{');
	size_t n = 0, size;

	while (n < rest.n) {
		uint32_t rune = rune_at(rest, n, &size);

		if (!unicode_is_letter(rune) && !unicode_is_digit(rune) && rune != '_')
			break;
		n += size;
	}
	*name = str_sub(rest, 0, n);
	rest = str_from(rest, n);
	if (!n || (braces && !str_take(&rest, '}')))
		return false;
	*s = rest;
	return true;
}

/* The number that a name is, if it is one; else -1. */
static int64_t group_number(str name)
{
	int64_t number = 0;

	if (name.n > 1 && name.p[0] == '0')
		return -1;
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] < '0' || name.p[i] > '9' || number >= 100000000)
			return -1;
		number = number * 10 + (name.p[i] - '0');
	}
	return number;
}

/* The group that a name means: of equal names the first that took part. */
static str find_group(const struct regex *re, str name, str text, const struct regex_span *groups,
		      size_t n)
{
	int64_t number = group_number(name);

	if (number >= 0)
		return (size_t)number < n ? regex_text(text, groups[number]) : STR_NONE;
	for (size_t i = 0; i < n && i < re->groups; i++)
		if (str_eq(re->names[i], name) && regex_is_set(groups[i]))
			return regex_text(text, groups[i]);
	return STR_NONE;
}

void regex_expand(const struct regex *re, str template, str text, const struct regex_span *groups,
		  size_t n, struct buf *out)
{
	str before, name;

	while (str_split(template, '$', &before, &template)) {
		buf_add(out, before);
		if (str_take(&template, '$') || !take_name(&template, &name))
			buf_addc(out, '$');
		else
			buf_add(out, find_group(re, name, text, groups, n));
	}
	buf_add(out, before);
}

static void replace(const struct regex *re, str text, str by, bool literal, struct buf *out)
{
	CLEANUP(regex_search_release) struct regex_search s;
	struct regex_span few[16], *groups = few;
	bool expand = !literal && str_find_char(by, '$') != STR_NPOS;
	size_t n = expand ? re->groups : 1, done = 0;

	if (n > sizeof few / sizeof *few)
		groups = mem_calloc(n, sizeof *groups);
	regex_search_init(&s, re, text);
	while (!out->full && regex_next(&s, groups, n)) {
		buf_add(out, str_sub(text, done, groups[0].start));
		if (expand)
			regex_expand(re, by, text, groups, n, out);
		else
			buf_add(out, by);
		done = groups[0].end;
	}
	buf_add(out, str_from(text, done));
	if (groups != few)
		free(groups);
}

void regex_replace(const struct regex *re, str text, str template, struct buf *out)
{
	replace(re, text, template, false, out);
}

void regex_replace_literal(const struct regex *re, str text, str by, struct buf *out)
{
	replace(re, text, by, true, out);
}

void regex_split(struct arena *a, const struct regex *re, str text, int64_t limit,
		 regex_pieces *out)
{
	CLEANUP(regex_search_release) struct regex_search s;
	struct regex_span match;
	size_t begin = 0, end = 0;

	out->n = 0;
	regex_search_init(&s, re, text);
	if (!limit)
		return;
	while ((limit < 0 || (int64_t)out->n < limit - 1) && regex_next(&s, &match, 1)) {
		end = match.start;
		if (match.end)
			avec_push(a, out, str_sub(text, begin, end));
		begin = match.end;
	}
	if (end != text.n || (!text.n && re->pattern.n))
		avec_push(a, out, str_from(text, begin));
}

void regex_quote(struct buf *out, str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] && strchr("\\.+*?()|[]{}^$", text.p[i]))
			buf_addc(out, '\\');
		buf_addc(out, text.p[i]);
	}
}
