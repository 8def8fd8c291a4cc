/* Reading constraints. The original does it with four regular expressions;
 * what they accept is a plain grammar, but for two things that are kept:
 * hyphen ranges are found and rewritten in the raw text wherever they occur,
 * and '|' is one of the characters of a number. */
#include "text/constraint_impl.h"

#include "text/quote.h"

enum { MAX_LEN = 512, MAX_GROUPS = 32 };

/* A version with open parts, cut up. */
struct pieces {
	str all;
	str numbers[3];		/* empty: not written */
	str prerelease;		/* with its '-' */
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool is_number(char c)
{
	return (c >= '0' && c <= '9') || c == 'x' || c == 'X' || c == '*' || c == '|';
}

static bool is_ident(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-';
}

/* Take `mark` and the text behind it, if there is any. */
static str take_marked(str *s, char mark, bool (*is)(char))
{
	str rest = *s;

	if (!str_take(&rest, mark) || !str_span(&rest, is).n)
		return STR_NONE;
	str taken = { s->p, s->n - rest.n };

	*s = rest;
	return taken;
}

/* Take `mark` and identifiers with dots between them. */
static str take_idents(str *s, char mark)
{
	str taken = take_marked(s, mark, is_ident);

	if (taken.n)
		for (str more; (more = take_marked(s, '.', is_ident)).n;)
			taken.n += more.n;
	return taken;
}

static bool take_version(str *s, struct pieces *out)
{
	struct pieces v = { 0 };
	str rest = *s;

	str_take(&rest, 'v');
	v.numbers[0] = str_span(&rest, is_number);
	if (!v.numbers[0].n)
		return false;
	for (size_t i = 1; i < 3; i++) {
		v.numbers[i] = str_from(take_marked(&rest, '.', is_number), 1);
		if (!v.numbers[i].n)
			break;
	}
	v.prerelease = take_idents(&rest, '-');
	take_idents(&rest, '+');
	v.all = (str){ s->p, s->n - rest.n };
	*s = rest;
	*out = v;
	return true;
}

/* Take "1.2 - 3.4" with the space around it. */
static bool take_range(str *s, struct pieces *from, struct pieces *to)
{
	str rest = *s;

	str_span(&rest, is_space);
	if (!take_version(&rest, from) || !str_span(&rest, is_space).n || !str_take(&rest, '-') ||
	    !str_span(&rest, is_space).n || !take_version(&rest, to))
		return false;
	str_span(&rest, is_space);
	*s = rest;
	return true;
}

/* Put `with` in the place of the first occurrence of `what`. */
static str replace_first(struct arena *a, str text, str what, str with)
{
	size_t at = str_find(text, what);

	if (at == STR_NPOS)
		return text;
	return arena_cat(a, str_sub(text, 0, at), with, str_from(text, at + what.n));
}

/* Hyphen ranges as comparisons. Each goes where its text occurs first, which
 * need not be where it was found. */
static str rewrite_ranges(struct arena *a, str text)
{
	str out = text, s = text;

	while (s.n) {
		struct pieces from, to;
		str rest = s;

		if (!take_range(&rest, &from, &to)) {
			s = str_from(s, 1);
			continue;
		}
		str found = { s.p, s.n - rest.n };

		out = replace_first(a, out, found,
				    arena_cat(a, S(">= "), from.all, S(", <= "), to.all, S(" ")));
		s = rest;
	}
	return out;
}

static bool is_open(str number)
{
	return !number.n || (number.n == 1 && (number.p[0] == 'x' || number.p[0] == 'X' ||
					       number.p[0] == '*'));
}

/* Open parts are zeros; what they mean is the operator's affair. */
static bool read_version(struct arena *a, const struct pieces *p, struct comparison *c)
{
	str text = p->all;

	if (is_open(p->numbers[0])) {
		text = arena_cat(a, S("0.0.0"), p->prerelease);
		c->open = true;
	} else if (is_open(p->numbers[1])) {
		text = arena_cat(a, p->numbers[0], S(".0.0"), p->prerelease);
		c->open = c->open_minor = true;
	} else if (is_open(p->numbers[2])) {
		text = arena_cat(a, p->numbers[0], S("."), p->numbers[1], S(".0"), p->prerelease);
		c->open = c->open_patch = true;
	}
	c->original = p->all;
	return semver_try_parse(&c->version, text);
}

static bool is_operator(char c)
{
	return c == '=' || c == '!' || c == '<' || c == '>' || c == '~' || c == '^';
}

static bool find_operator(str text, enum comparison_op *out)
{
	for (size_t i = 0; i < COMPARISON_OPS; i++)
		if (str_eq(text, constraint_ops[i])) {
			*out = (enum comparison_op)i;
			return true;
		}
	return false;
}

/* Take one comparison and the space around it. */
static bool take_comparison(str *s, enum comparison_op *op, struct pieces *version)
{
	str_span(s, is_space);
	if (!find_operator(str_span(s, is_operator), op))
		return false;
	str_span(s, is_space);
	if (!take_version(s, version))
		return false;
	str_span(s, is_space);
	return true;
}

static bool is_well_formed(str group)
{
	enum comparison_op op;
	struct pieces version;

	do {
		if (!take_comparison(&group, &op, &version))
			return false;
		if (!group.n)
			return true;
	} while (str_take(&group, ',') || is_space(group.p[-1]));
	return false;
}

static err *parse_group(struct arena *a, str text, struct constraint_group *group)
{
	CLEANUP(buf_release) struct buf quoted = BUF_INIT;
	enum comparison_op op;
	struct pieces version;
	str s = text;

	if (!is_well_formed(text)) {
		quote_add(&quoted, text, QUOTE_PRINT);
		return err_new(ERR_INVALID, "improper constraint: %s", buf_c(&quoted));
	}
	while (take_comparison(&s, &op, &version)) {
		struct comparison c = { .op = op };

		if (!read_version(a, &version, &c))
			return err_new(ERR_INVALID, "constraint parser error");
		group->prereleases = group->prereleases || c.version.prerelease.n;
		avec_push(a, &group->comparisons, c);
		str_take(&s, ',');
	}
	return NULL;
}

err *constraint_parse(struct arena *a, str text, struct constraint **out)
{
	struct constraint *c = arena_new(a, struct constraint);

	if (text.n > MAX_LEN)
		return err_new(ERR_INVALID, "constraint string is too long (max %d bytes)",
			       MAX_LEN);
	str rest = rewrite_ranges(a, arena_str(a, text));
	VEC(str) groups = { 0 };

	for (size_t at; (at = str_find(rest, S("||"))) != STR_NPOS; rest = str_from(rest, at + 2))
		avec_push(a, &groups, str_sub(rest, 0, at));
	avec_push(a, &groups, rest);
	if (groups.n > MAX_GROUPS)
		return err_new(ERR_INVALID, "too many constraint groups (max %d)", MAX_GROUPS);
	c->groups_n = groups.n;
	c->groups = arena_array(a, struct constraint_group, groups.n);
	for (size_t i = 0; i < groups.n; i++)
		TRY(parse_group(a, groups.p[i], &c->groups[i]));
	*out = c;
	return NULL;
}
