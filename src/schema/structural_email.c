#include "schema/structural_email.h"

#include "base/err.h"
#include "base/utf8.h"
#include "text/netip.h"

static bool is_visible(uint32_t r)
{
	return (r >= '!' && r <= '~') || r >= 0x80;
}

static bool is_blank(uint32_t r)
{
	return r == ' ' || r == '\t';
}

static bool is_atom(uint32_t r)
{
	return is_visible(r) && (r >= 0x80 || !strchr("()<>[]:;@\\,\"", (int)r));
}

/* The next rune: 0 at the end and before bytes that are no UTF-8. */
static uint32_t peek(str s, size_t *size)
{
	*size = 0;
	if (!s.n)
		return 0;
	uint32_t r = utf8_decode(s, size);

	return *size == 1 && r == UTF8_BAD ? 0 : r;
}

static void skip_blanks(str *s)
{
	while (s->n && is_blank((unsigned char)s->p[0]))
		*s = str_from(*s, 1);
}

/* Behind '('. */
static bool take_comment(str *s)
{
	size_t depth = 1;

	while (s->n && depth) {
		if (s->p[0] == '\\' && s->n > 1)
			*s = str_from(*s, 1);
		else if (s->p[0] == '(')
			depth++;
		else if (s->p[0] == ')')
			depth--;
		*s = str_from(*s, 1);
	}
	return !depth;
}

static bool skip_comments(str *s)
{
	skip_blanks(s);
	while (str_take(s, '(')) {
		if (!take_comment(s))
			return false;
		skip_blanks(s);
	}
	return true;
}

/* "a text"; false when it does not end, or holds what it may not. */
static bool take_quoted(str *s, bool *empty)
{
	str t = str_from(*s, 1);
	bool escaped = false;
	size_t size;

	*empty = true;
	for (;;) {
		uint32_t r = peek(t, &size);

		if (!r || (!is_visible(r) && !is_blank(r)))
			return false;
		t = str_from(t, size);
		if (!escaped && r == '"')
			break;
		escaped = !escaped && r == '\\';
		*empty &= escaped;
	}
	*s = t;
	return true;
}

static bool take_atom(str *s, str *atom)
{
	str t = *s;
	size_t size;
	uint32_t r;

	while ((r = peek(t, &size)) && is_atom(r))
		t = str_from(t, size);
	if (t.n == s->n || (t.n && !r && size))
		return false;
	*atom = str_sub(*s, 0, s->n - t.n);
	*s = t;
	return true;
}

/* Dots stand between atoms only. */
static bool take_dot_atom(str *s)
{
	str atom;

	return take_atom(s, &atom) && !str_starts(atom, S(".")) && !str_ends(atom, S(".")) &&
	       !str_has(atom, S(".."));
}

static bool take_domain_literal(str *s)
{
	size_t end = str_find_char(*s, ']');
	struct netip ip;

	if (end == STR_NPOS)
		return false;
	err *e = netip_parse(str_sub(*s, 1, end), &ip);
	bool good = !e && !ip.zone.n;

	err_free(e);
	*s = str_from(*s, end + 1);
	return good;
}

/* local@domain */
static bool take_spec(str *s)
{
	str t = *s;
	bool empty;

	skip_blanks(&t);
	if (t.n && t.p[0] == '"') {
		if (!take_quoted(&t, &empty) || empty)
			return false;
	} else if (!take_dot_atom(&t)) {
		return false;
	}
	if (!str_take(&t, '@'))
		return false;
	skip_blanks(&t);
	if (!(t.n && t.p[0] == '[' ? take_domain_literal(&t) : take_dot_atom(&t)))
		return false;
	*s = t;
	return true;
}

/* Words of a display name, one at least. */
static bool take_phrase(str *s)
{
	str atom;
	bool empty;
	size_t words = 0;

	for (;; words++) {
		if (words && !skip_comments(s))
			return false;
		skip_blanks(s);
		if (!s->n || !(s->p[0] == '"' ? take_quoted(s, &empty) : take_atom(s, &atom)))
			return words > 0;
	}
}

/* Addresses of a group, behind ':'; counted in `n`. */
static bool take_group(str *s, size_t *n);

static bool take_address(str *s, bool groups, size_t *n)
{
	skip_blanks(s);
	if (!s->n)
		return false;
	if (take_spec(s)) {
		(*n)++;
		skip_blanks(s);
		return !str_take(s, '(') || take_comment(s);
	}
	if (s->p[0] != '<' && !take_phrase(s))
		return false;
	skip_blanks(s);
	if (groups && str_take(s, ':'))
		return take_group(s, n);
	(*n)++;
	return str_take(s, '<') && take_spec(s) && str_take(s, '>');
}

static bool take_group(str *s, size_t *n)
{
	skip_blanks(s);
	if (str_take(s, ';'))
		return skip_comments(s);
	do {
		if (!take_address(s, false, n) || !skip_comments(s))
			return false;
	} while (str_take(s, ','));
	return str_take(s, ';') && skip_comments(s);
}

bool structural_email_fits(str s)
{
	size_t n = 0;

	return take_address(&s, true, &n) && skip_comments(&s) && !s.n && n == 1;
}
