#include "text/regex_parse.h"

#include "base/utf8.h"

static const char bad_utf8[] = "invalid UTF-8";
static const char bad_escape[] = "invalid escape sequence";
static const char bad_perl[] = "invalid or unsupported Perl syntax";
static const char bad_name[] = "invalid named capture";
static const char bad_count[] = "invalid repeat count";
static const char bad_nesting[] = "invalid nested repetition operator";
static const char no_argument[] = "missing argument to repetition operator";
static const char no_paren[] = "missing closing )";
static const char odd_paren[] = "unexpected )";

bool parse_take_rune(struct parser *p, str *s, uint32_t *rune)
{
	size_t size = 0;

	*rune = s->n ? utf8_decode(*s, &size) : UTF8_BAD;
	if (*rune == UTF8_BAD && size == 1)
		return tree_fail(&p->t, bad_utf8, *s);
	*s = str_from(*s, size);
	return true;
}

static bool check_utf8(struct parser *p, str s)
{
	size_t bad = utf8_find_bad(s);

	return bad == STR_NPOS || tree_fail(&p->t, bad_utf8, str_from(s, bad));
}

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_octal(str s)
{
	return s.n && s.p[0] >= '0' && s.p[0] <= '7';
}

static bool is_alnum(uint32_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static uint32_t hex_digit(uint32_t c)
{
	uint32_t lower = c | 0x20;

	if (is_digit(c))
		return c - '0';
	return c < 0x80 && lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : UINT32_MAX;
}

/* \0 to \377 as far as there are digits; \1 alone would be a reference. */
static bool take_octal(uint32_t c, str *s, uint32_t *rune)
{
	if (c != '0' && !is_octal(*s))
		return false;
	*rune = c - '0';
	for (int i = 1; i < 3 && is_octal(*s); i++) {
		*rune = *rune * 8 + (uint32_t)(s->p[0] - '0');
		*s = str_from(*s, 1);
	}
	return true;
}

/* What stands behind \x: two digits, or any number of them in braces. What
 * was read stays taken on failure: it belongs to the message. */
static enum taken take_hex(struct parser *p, str *s, uint32_t *rune)
{
	uint32_t c, value = 0;
	bool braces = str_take(s, '{');

	if (!s->n)
		return TAKEN_NOT;
	for (size_t digits = 0; braces || digits < 2; digits++) {
		if (braces && !s->n)
			return TAKEN_NOT;
		if (!parse_take_rune(p, s, &c))
			return TAKEN_FAULT;
		if (braces && digits && c == '}')
			break;
		uint32_t digit = hex_digit(c);

		if (digit == UINT32_MAX && !braces && !digits && !parse_take_rune(p, s, &c))
			return TAKEN_FAULT;
		if (digit == UINT32_MAX)
			return TAKEN_NOT;
		value = value * 16 + digit;
		if (value > UNICODE_MAX)
			return TAKEN_NOT;
	}
	*rune = value;
	return TAKEN;
}

bool parse_take_escape(struct parser *p, str *s, uint32_t *rune)
{
	static const char letters[] = "afnrtv", values[] = "\a\f\n\r\t\v";
	str start = *s;
	uint32_t c;
	enum taken taken = TAKEN_NOT;

	*s = str_from(*s, 1);
	if (!s->n)
		return tree_fail(&p->t, "trailing backslash at end of expression", *s);
	if (!parse_take_rune(p, s, &c))
		return false;
	if (c < 0x80 && !is_alnum(c)) {
		*rune = c;
		return true;
	}
	if (c == 'x')
		taken = take_hex(p, s, rune);
	else if (c >= '0' && c <= '7')
		taken = take_octal(c, s, rune) ? TAKEN : TAKEN_NOT;
	for (size_t i = 0; letters[i]; i++)
		if (c == (uint32_t)letters[i]) {
			*rune = (uint32_t)values[i];
			return true;
		}
	return taken == TAKEN || tree_fail(&p->t, bad_escape, parse_taken(start, *s));
}

/* Take a number without leading zeros; a huge one is -1. */
static bool take_number(str *s, int *out)
{
	int n = 0;

	if (!s->n || !is_digit((unsigned char)s->p[0]))
		return false;
	if (s->n >= 2 && s->p[0] == '0' && is_digit((unsigned char)s->p[1]))
		return false;
	for (; s->n && is_digit((unsigned char)s->p[0]); *s = str_from(*s, 1))
		if (n >= 0)
			n = n >= 100000000 ? -1 : n * 10 + (s->p[0] - '0');
	*out = n;
	return true;
}

/* Take {n}, {n,} or {n,m}; anything else is no repetition, and literal. */
static bool take_count(str *s, int *min, int *max)
{
	str rest = *s;

	if (!str_take(&rest, '{') || !take_number(&rest, min))
		return false;
	*max = *min;
	if (str_take(&rest, ',')) {
		*max = -1;
		if (rest.n && rest.p[0] != '}') {
			if (!take_number(&rest, max))
				return false;
			if (*max < 0)
				*min = -1;
		}
	}
	if (!str_take(&rest, '}'))
		return false;
	*s = rest;
	return true;
}

/* Apply a repetition; `s` is behind it, `last` where the one right before it
 * began, if there was one. */
static bool repeat(struct parser *p, str start, str *s, str last, enum tree_op op, int min, int max)
{
	bool lazy = str_take(s, '?');

	if (last.n)	/* a** is an error, and a++ means something else in Perl */
		return tree_fail(&p->t, bad_nesting, parse_taken(last, *s));
	if (!tree_repeat(&p->t, op, min, max, lazy))
		return tree_fail(&p->t, no_argument, parse_taken(start, *s));
	if (op == TREE_REPEAT && !tree_repeat_fits(&p->t))
		return tree_fail(&p->t, bad_count, parse_taken(start, *s));
	return true;
}

static bool take_repeat(struct parser *p, str *s, str last, bool *repeated)
{
	str start = *s;
	int min = 0, max = 0;

	*repeated = true;
	switch (s->p[0]) {
	case '{':
		if (!take_count(s, &min, &max)) {
			*repeated = false;
			*s = str_from(*s, 1);
			tree_push_literal(&p->t, '{');
			return true;
		}
		if (min < 0 || min > 1000 || max > 1000 || (max >= 0 && min > max))
			return tree_fail(&p->t, bad_count, parse_taken(start, *s));
		return repeat(p, start, s, last, TREE_REPEAT, min, max);
	case '*':
		str_take(s, '*');
		return repeat(p, start, s, last, TREE_STAR, 0, 0);
	case '+':
		str_take(s, '+');
		return repeat(p, start, s, last, TREE_PLUS, 0, 0);
	default:
		str_take(s, '?');
		return repeat(p, start, s, last, TREE_QUEST, 0, 0);
	}
}

static bool is_group_name(str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] != '_' && !is_alnum((unsigned char)name.p[i]))
			return false;
	return name.n > 0;
}

static void open_group(struct parser *p, str name)
{
	avec_push(p->t.arena, &p->names, name);
	struct tree *paren = tree_push_op(&p->t, TREE_LEFT_PAREN);

	paren->group = (uint32_t)p->names.n;
	paren->name = name;
}

/* Take (?P<name> or (?<name>; `name_at` is where the name begins. */
static bool take_named_group(struct parser *p, str *s, size_t name_at)
{
	size_t end = str_find_char(*s, '>');

	if (end == STR_NPOS)
		return check_utf8(p, *s) && tree_fail(&p->t, bad_name, *s);
	str name = str_sub(*s, name_at, end);

	if (!check_utf8(p, name))
		return false;
	if (!is_group_name(name))
		return tree_fail(&p->t, bad_name, str_sub(*s, 0, end + 1));
	open_group(p, name);
	*s = str_from(*s, end + 1);
	return true;
}

/* The flag that a letter sets, and whether it is set by clearing the bit. */
static unsigned flag_of(uint32_t letter, bool *inverse)
{
	*inverse = letter == 'm';
	switch (letter) {
	case 'i':
		return TREE_FOLD;
	case 'm':
		return TREE_ONE_LINE;
	case 's':
		return TREE_DOT_NL;
	case 'U':
		return TREE_LAZY;
	}
	return 0;
}

/* Take (?flags) or (?flags: and what goes with it. */
static bool take_flags(struct parser *p, str *s)
{
	str start = *s;
	unsigned flags = p->t.flags;
	bool off = false, any = false, inverse;
	uint32_t c;

	*s = str_from(*s, 2);
	while (s->n) {
		if (!parse_take_rune(p, s, &c))
			return false;
		unsigned flag = flag_of(c, &inverse);

		if (flag) {
			flags = off != inverse ? flags & ~flag : flags | flag;
			any = true;
		} else if (c == '-' && !off) {
			off = true;
			any = false;
		} else if ((c == ':' || c == ')') && (!off || any)) {
			if (c == ':')
				tree_push_op(&p->t, TREE_LEFT_PAREN);
			p->t.flags = (uint16_t)flags;
			return true;
		} else {
			break;
		}
	}
	return tree_fail(&p->t, bad_perl, parse_taken(start, *s));
}

static bool take_paren(struct parser *p, str *s)
{
	if (s->n > 4 && str_starts(*s, S("(?P<")))
		return take_named_group(p, s, 4);
	if (s->n > 3 && str_starts(*s, S("(?<")))
		return take_named_group(p, s, 3);
	if (str_starts(*s, S("(?")))
		return take_flags(p, s);
	open_group(p, STR_NONE);
	*s = str_from(*s, 1);
	return true;
}

/* Take \Qtext\E; the end may be missing. */
static bool take_quoted(struct parser *p, str *s)
{
	str rest = str_from(*s, 2);
	size_t end = str_find(rest, S("\\E"));
	str text = str_sub(rest, 0, end);
	uint32_t rune;

	*s = end == STR_NPOS ? str_from(rest, rest.n) : str_from(rest, end + 2);
	while (text.n) {
		if (!parse_take_rune(p, &text, &rune))
			return false;
		tree_push_literal(&p->t, rune);
	}
	return true;
}

static bool take_backslash(struct parser *p, str *s)
{
	static const struct {
		char letter;
		enum tree_op op;
	} places[] = {
		{ 'A', TREE_BEGIN_TEXT },
		{ 'B', TREE_NO_WORD_BOUNDARY },
		{ 'b', TREE_WORD_BOUNDARY },
		{ 'z', TREE_END_TEXT },
	};
	struct runeset set;
	uint32_t rune;

	for (size_t i = 0; i < sizeof places / sizeof *places && s->n > 1; i++)
		if (s->p[1] == places[i].letter) {
			tree_push_op(&p->t, places[i].op);
			*s = str_from(*s, 2);
			return true;
		}
	if (str_starts(*s, S("\\C")))
		return tree_fail(&p->t, bad_escape, str_sub(*s, 0, 2));
	if (str_starts(*s, S("\\Q")))
		return take_quoted(p, s);
	switch (parse_take_group(p, s, &set)) {
	case TAKEN:
		tree_push_class(&p->t, set);
		return true;
	case TAKEN_FAULT:
		return false;
	case TAKEN_NOT:
		break;
	}
	if (!parse_take_escape(p, s, &rune))
		return false;
	tree_push_literal(&p->t, rune);
	return true;
}

/* Take one piece of the expression that is no repetition. */
static bool take_piece(struct parser *p, str *s)
{
	bool one_line = p->t.flags & TREE_ONE_LINE;
	uint32_t rune;

	switch (s->p[0]) {
	case '(':
		return take_paren(p, s);
	case '[':
		return parse_take_class(p, s);
	case '\\':
		return take_backslash(p, s);
	case '|':
		tree_bar(&p->t);
		break;
	case ')':
		if (!tree_close(&p->t))
			return tree_fail(&p->t, odd_paren, p->t.pattern);
		break;
	case '^':
		tree_push_op(&p->t, one_line ? TREE_BEGIN_TEXT : TREE_BEGIN_LINE);
		break;
	case '$':
		tree_push_op(&p->t, one_line ? TREE_END_TEXT : TREE_END_LINE);
		break;
	case '.':
		tree_push_op(&p->t, p->t.flags & TREE_DOT_NL ? TREE_ANY : TREE_ANY_NOT_NL);
		break;
	default:
		if (!parse_take_rune(p, s, &rune))
			return false;
		tree_push_literal(&p->t, rune);
		return true;
	}
	*s = str_from(*s, 1);
	return true;
}

static struct tree *parse(struct parser *p)
{
	str s = p->t.pattern, last = STR_NONE;

	while (s.n && !p->t.fault) {
		str start = s;
		bool repeated = false;

		if (memchr("*+?{", s.p[0], 4))
			take_repeat(p, &s, last, &repeated);
		else
			take_piece(p, &s);
		last = repeated ? start : STR_NONE;
	}
	if (p->t.fault)
		return NULL;
	struct tree *tree = tree_finish(&p->t);

	if (!tree)
		tree_fail(&p->t, no_paren, p->t.pattern);
	return p->t.fault ? NULL : tree;
}

err *regex_parse(struct arena *a, str pattern, struct parsed *out)
{
	struct parser p = {
		.t = { .arena = a, .pattern = pattern, .flags = TREE_ONE_LINE, .repeats = 1 },
	};
	struct tree *tree = parse(&p);

	if (!tree) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		/* any bytes may stand in the pattern, NUL too */
		buf_addf(&b, "error parsing regexp: %s: `", p.t.fault);
		buf_add(&b, p.t.fragment);
		buf_addc(&b, '`');
		return err_new(ERR_INVALID, "%.*s", STR_ARG(buf_str(&b)));
	}
	*out = (struct parsed){ tree, p.names.p, p.names.n };
	return NULL;
}
