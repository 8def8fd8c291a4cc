/* Classes of runes: [a-z], [[:alpha:]], \d, \pL. */
#include "text/regex_parse.h"

#include "base/utf8.h"

static const char bad_range[] = "invalid character class range";

struct group {
	str name;
	struct unicode_range ranges[4];
	size_t n;
};

static const struct group perl_groups[] = {
	{ { "d", 1 }, { { '0', '9' } }, 1 },
	{ { "s", 1 }, { { '\t', '\n' }, { '\f', '\r' }, { ' ', ' ' } }, 3 },
	{ { "w", 1 }, { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } }, 4 },
};

static const struct group posix_groups[] = {
	{ { "alnum", 5 }, { { '0', '9' }, { 'A', 'Z' }, { 'a', 'z' } }, 3 },
	{ { "alpha", 5 }, { { 'A', 'Z' }, { 'a', 'z' } }, 2 },
	{ { "ascii", 5 }, { { 0, 0x7f } }, 1 },
	{ { "blank", 5 }, { { '\t', '\t' }, { ' ', ' ' } }, 2 },
	{ { "cntrl", 5 }, { { 0, 0x1f }, { 0x7f, 0x7f } }, 2 },
	{ { "digit", 5 }, { { '0', '9' } }, 1 },
	{ { "graph", 5 }, { { '!', '~' } }, 1 },
	{ { "lower", 5 }, { { 'a', 'z' } }, 1 },
	{ { "print", 5 }, { { ' ', '~' } }, 1 },
	{ { "punct", 5 }, { { '!', '/' }, { ':', '@' }, { '[', '`' }, { '{', '~' } }, 4 },
	{ { "space", 5 }, { { '\t', '\r' }, { ' ', ' ' } }, 2 },
	{ { "upper", 5 }, { { 'A', 'Z' } }, 1 },
	{ { "word", 4 }, { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } }, 4 },
	{ { "xdigit", 6 }, { { '0', '9' }, { 'A', 'F' }, { 'a', 'f' } }, 3 },
};

static const struct group *find_group(const struct group *groups, size_t n, str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(groups[i].name, name))
			return &groups[i];
	return NULL;
}

/* The group's runes, with (?i) in any case; then, if negated, all others. */
static struct runeset group_set(struct parser *p, const struct group *g, bool negated)
{
	struct arena *a = p->t.arena;
	struct runeset set = { 0 };

	for (size_t i = 0; i < g->n; i++)
		runeset_add(a, &set, g->ranges[i].lo, g->ranges[i].hi);
	if (p->t.flags & TREE_FOLD)
		runeset_fold(a, &set);
	if (negated)
		runeset_negate(a, &set);
	return set;
}

static struct runeset unicode_set(struct parser *p, struct unicode_class class, bool negated)
{
	/* Go's tables leave out what LC folds to, U+0345 */
	const uint32_t cased = 1u << UNICODE_LL | 1u << UNICODE_LT | 1u << UNICODE_LU;
	struct set_cache *c = &p->cache;
	bool fold = p->t.flags & TREE_FOLD && class.categories != cased;
	struct runeset set = { 0 };
	struct unicode_range r;

	for (size_t i = 0; i < c->used; i++)
		if (c->slots[i].class.categories == class.categories &&
		    c->slots[i].class.script == class.script &&
		    c->slots[i].class.ascii == class.ascii && c->slots[i].fold == fold &&
		    c->slots[i].negated == negated)
			return c->slots[i].set;
	for (struct unicode_walk w = { .class = class }; unicode_next(&w, &r);)
		runeset_add(p->t.arena, &set, r.lo, r.hi);
	if (fold)
		runeset_fold(p->t.arena, &set);
	if (negated)
		runeset_negate(p->t.arena, &set);
	set.cap = 0;	/* from now on borrowed by whoever has it */
	enum { SLOTS = sizeof c->slots / sizeof *c->slots };
	size_t slot = c->next++ % SLOTS;

	if (c->used < SLOTS)
		c->used++;
	c->slots[slot].class = class;
	c->slots[slot].fold = fold;
	c->slots[slot].negated = negated;
	c->slots[slot].set = set;
	return set;
}

/* The name in \pN or \p{Name}; `s` begins with the backslash. */
static bool take_unicode_name(struct parser *p, str *s, str *name)
{
	str start = *s, rest = str_from(*s, 2);
	uint32_t rune;

	if (!parse_take_rune(p, &rest, &rune))
		return false;
	if (rune != '{') {
		*name = str_from(parse_taken(start, rest), 2);
	} else {
		size_t bad, end = str_find_char(start, '}');
		str inner = end == STR_NPOS ? start : str_sub(start, 3, end);

		if ((bad = utf8_find_bad(inner)) != STR_NPOS)
			return tree_fail(&p->t, "invalid UTF-8", str_from(inner, bad));
		if (end == STR_NPOS)
			return tree_fail(&p->t, bad_range, start);
		*name = inner;
		rest = str_from(start, end + 1);
	}
	*s = rest;
	return true;
}

static enum taken take_unicode(struct parser *p, str *s, struct runeset *set)
{
	bool negated = s->p[1] == 'P';
	str start = *s, name;
	struct unicode_class class;

	if (!take_unicode_name(p, s, &name))
		return TAKEN_FAULT;
	if (str_take(&name, '^'))
		negated = !negated;
	if (!unicode_find_class(name, &class)) {
		tree_fail(&p->t, bad_range, parse_taken(start, *s));
		return TAKEN_FAULT;
	}
	*set = unicode_set(p, class, negated);
	return TAKEN;
}

enum taken parse_take_group(struct parser *p, str *s, struct runeset *set)
{
	if (s->n < 2 || s->p[0] != '\\')
		return TAKEN_NOT;
	if (s->p[1] == 'p' || s->p[1] == 'P')
		return take_unicode(p, s, set);
	char lower = (char)(s->p[1] | 0x20);
	const struct group *g = find_group(perl_groups, sizeof perl_groups / sizeof *perl_groups,
					   (str){ &lower, 1 });

	if (!g)
		return TAKEN_NOT;
	*set = group_set(p, g, s->p[1] != lower);
	*s = str_from(*s, 2);
	return TAKEN;
}

/* Take [:name:]. Without the end it is something else. */
static enum taken take_posix(struct parser *p, str *s, struct runeset *set)
{
	if (!str_starts(*s, S("[:")))
		return TAKEN_NOT;
	size_t end = str_find(str_from(*s, 2), S(":]"));

	if (end == STR_NPOS)
		return TAKEN_NOT;
	str name = str_sub(*s, 2, end + 2);
	bool negated = str_take(&name, '^');
	const struct group *g = find_group(posix_groups, sizeof posix_groups / sizeof *posix_groups,
					   name);

	if (!g) {
		tree_fail(&p->t, bad_range, str_sub(*s, 0, end + 4));
		return TAKEN_FAULT;
	}
	*set = group_set(p, g, negated);
	*s = str_from(*s, end + 4);
	return TAKEN;
}

static bool take_class_rune(struct parser *p, str *s, str class, uint32_t *rune)
{
	if (!s->n)
		return tree_fail(&p->t, "missing closing ]", class);
	return s->p[0] == '\\' ? parse_take_escape(p, s, rune) : parse_take_rune(p, s, rune);
}

/* Take a rune or a range lo-hi; [a-] has a hyphen. */
static bool take_range(struct parser *p, str *s, str class, struct runeset *set)
{
	str start = *s;
	uint32_t lo, hi;

	if (!take_class_rune(p, s, class, &lo))
		return false;
	hi = lo;
	if (s->n >= 2 && s->p[0] == '-' && s->p[1] != ']') {
		str_take(s, '-');
		if (!take_class_rune(p, s, class, &hi))
			return false;
		if (hi < lo)
			return tree_fail(&p->t, bad_range, parse_taken(start, *s));
	}
	runeset_add(p->t.arena, set, lo, hi);
	return true;
}

bool parse_take_class(struct parser *p, str *s)
{
	str class = *s;
	struct arena *a = p->t.arena;
	struct runeset set = { 0 }, ranges = { 0 };

	str_take(s, '[');
	bool negated = str_take(s, '^');

	for (bool first = true; first || !s->n || s->p[0] != ']'; first = false) {
		struct runeset group;
		enum taken taken = take_posix(p, s, &group);

		if (taken == TAKEN_NOT)
			taken = parse_take_group(p, s, &group);
		if (taken == TAKEN)
			runeset_add_set(a, &set, &group);
		else if (taken == TAKEN_FAULT || !take_range(p, s, class, &ranges))
			return false;
	}
	str_take(s, ']');
	if (p->t.flags & TREE_FOLD)
		runeset_fold(a, &ranges);	/* the groups come in any case already */
	runeset_add_set(a, &set, &ranges);
	runeset_clean(&set);
	if (negated)
		runeset_negate(a, &set);
	tree_push_class(&p->t, set);
	return true;
}
