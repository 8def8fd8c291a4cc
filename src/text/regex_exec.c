#include "text/regex_impl.h"
#include "text/regex_parse.h"

enum {
	MAX_PATTERN = 4 << 20,	/* bytes; deeper factoring would take too much stack */
	SHORT = 4096,		/* texts for which building a DFA does not pay */
};

err *regex_compile(struct arena *a, str pattern, const struct regex **out)
{
	CLEANUP(arena_release) struct arena scratch = ARENA_INIT;
	struct regex *re = arena_new(a, struct regex);
	struct parsed parsed = { 0 };
	err *e;

	if (pattern.n > MAX_PATTERN)
		return err_new(ERR_INVALID, "error parsing regexp: expression too large: `%.*s`",
			       STR_ARG(str_sub(pattern, 0, 80)));
	TRY(regex_parse(&scratch, pattern, &parsed));
	e = regex_build(a, parsed.tree, parsed.groups + 1, re);
	if (e) {
		err_free(e);
		return err_new(ERR_INVALID, "error parsing regexp: expression too large: `%.*s`",
			       STR_ARG(pattern));
	}
	str *names = arena_array(a, str, parsed.groups + 1);

	for (size_t i = 0; i < parsed.groups; i++)
		if (parsed.names[i].n)
			names[i + 1] = arena_str(a, parsed.names[i]);
	re->names = names;
	re->pattern = arena_str(a, pattern);
	*out = re;
	return NULL;
}

str regex_pattern(const struct regex *re)
{
	return re->pattern;
}

size_t regex_groups(const struct regex *re)
{
	return re->groups;
}

size_t regex_size(const struct regex *re)
{
	return re->insts_n;
}

str regex_group_name(const struct regex *re, size_t group)
{
	return group < re->groups ? re->names[group] : STR_NONE;
}

static bool is_word(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_';
}

uint32_t exec_places_between(int before, int after)
{
	uint32_t places = is_word(before) != is_word(after) ? PLACE_WORD_BOUNDARY :
							      PLACE_NO_WORD_BOUNDARY;

	if (before < 0)
		places |= PLACE_BEGIN_TEXT | PLACE_BEGIN_LINE;
	else if (before == '\n')
		places |= PLACE_BEGIN_LINE;
	if (after < 0)
		places |= PLACE_END_TEXT | PLACE_END_LINE;
	else if (after == '\n')
		places |= PLACE_END_LINE;
	return places;
}

uint32_t exec_places_at(str text, size_t at)
{
	return exec_places_between(at > 0 ? (unsigned char)text.p[at - 1] : -1,
			      at < text.n ? (unsigned char)text.p[at] : -1);
}

/* The next byte that can begin a match; the limit if there is none. */
static size_t first_byte(const struct hunt *h, size_t at)
{
	const unsigned char *text = (const unsigned char *)h->text.p;
	const uint8_t *first = h->re->first;
	size_t limit = h->limit;

	for (; limit - at >= 4; at += 4)
		if (first[text[at]] | first[text[at + 1]] | first[text[at + 2]] |
		    first[text[at + 3]])
			break;
	while (at < limit && !first[text[at]])
		at++;
	return at;
}

/* The same where bytes may be parts of a rune. */
static size_t first_rune(const struct hunt *h, size_t at)
{
	size_t size;

	for (; at < h->limit && !h->re->first[(unsigned char)h->text.p[at]]; at += size)
		rune_at(h->text, at, &size);
	return at;
}

size_t exec_candidate(const struct hunt *h, size_t at)
{
	const struct regex *re = h->re;

	if (h->limit - at < re->min_len)
		return SIZE_MAX;
	if (h->anchored)
		return at;
	if (re->prefix.n) {
		size_t found = str_find((str){ h->text.p + at, h->limit - at }, re->prefix);

		return found == STR_NPOS ? SIZE_MAX : at + found;
	}
	if (!re->has_first)
		return at;
	at = re->first_ascii ? first_byte(h, at) : first_rune(h, at);
	return at < h->limit ? at : SIZE_MAX;
}

/* Find the match's end and start first; then the groups are looked for in
 * between. When this gives up, what is known so far is in the hunt. */
static enum answer hunt_by_dfa(struct regex_scratch *scratch, struct hunt *h)
{
	size_t start = h->from, end;
	enum answer answer;

	if (!scratch->dfa)
		scratch->dfa = dfa_new(h->re);
	answer = dfa_end(scratch->dfa, h, h->slots_n == 0, &end);
	scratch->no_dfa = answer == ANSWER_GAVE_UP;
	if (answer != ANSWER_YES || !h->slots_n)
		return answer;
	h->limit = end;
	if (!h->anchored)
		answer = dfa_start(scratch->dfa, h, &start);
	scratch->no_dfa = answer == ANSWER_GAVE_UP;
	if (answer != ANSWER_YES)
		return answer;
	h->from = start;
	h->anchored = true;
	if (h->slots_n > 2)
		return ANSWER_GAVE_UP;
	h->slots[0] = start;
	h->slots[1] = end;
	return ANSWER_YES;
}

static bool hunt_literal(const struct hunt *h)
{
	size_t at = str_find(str_from(h->text, h->from), h->re->prefix);

	if (at == STR_NPOS || (h->anchored && at))
		return false;
	if (h->slots_n) {
		h->slots[0] = h->from + at;
		h->slots[1] = h->from + at + h->re->prefix.n;
	}
	return true;
}

static bool hunt(struct regex_scratch *scratch, struct hunt *h)
{
	const struct regex *re = h->re;
	enum answer answer = ANSWER_GAVE_UP;

	h->anchored = re->anchored;
	h->limit = h->text.n;
	if (re->literal)
		return hunt_literal(h);
	if (h->limit - h->from < re->min_len || (re->anchored && h->from > 0))
		return false;
	if (h->limit - h->from > SHORT && !scratch->no_dfa)
		answer = hunt_by_dfa(scratch, h);
	if (answer == ANSWER_GAVE_UP && back_fits(re, h->limit - h->from))
		answer = back_hunt(&scratch->back, h);
	if (answer == ANSWER_GAVE_UP)
		answer = pike_hunt(h);
	return answer == ANSWER_YES;
}

static void scratch_init(struct regex_scratch *s)
{
	back_init(&s->back);
	s->dfa = NULL;
	s->no_dfa = false;
}

static void scratch_release(struct regex_scratch *s)
{
	back_release(&s->back);
	dfa_free(s->dfa);
}

/* The first match from `at` on, into as many groups as there are. */
static bool find(struct regex_scratch *scratch, const struct regex *re, str text, size_t at,
		 struct regex_span *groups, size_t n)
{
	_Static_assert(sizeof(struct regex_span) == 2 * sizeof(size_t), "a span is two slots");
	size_t known = n < re->groups ? n : re->groups;
	struct hunt h = {
		.re = re, .text = text, .from = at,
		.slots = known ? &groups[0].start : NULL, .slots_n = 2 * known,
	};

	if (!hunt(scratch, &h))
		return false;
	for (size_t i = known; i < n; i++)
		groups[i] = (struct regex_span){ REGEX_UNSET, REGEX_UNSET };
	return true;
}

bool regex_find(const struct regex *re, str text, struct regex_span *groups, size_t n)
{
	struct regex_scratch scratch;

	scratch_init(&scratch);
	bool found = find(&scratch, re, text, 0, groups, n);

	scratch_release(&scratch);
	return found;
}

bool regex_test(const struct regex *re, str text)
{
	return regex_find(re, text, NULL, 0);
}

void regex_search_init(struct regex_search *s, const struct regex *re, str text)
{
	*s = (struct regex_search){ re, text, 0, REGEX_UNSET, mem_alloc(sizeof *s->scratch) };
	scratch_init(s->scratch);
}

void regex_search_release(struct regex_search *s)
{
	scratch_release(s->scratch);
	free(s->scratch);
	s->scratch = NULL;
}

/* Where to look after an empty match at `at`. */
static size_t next_place(str text, size_t at)
{
	size_t size = 1;

	if (at < text.n)
		rune_at(text, at, &size);
	return at + size;
}

bool regex_next(struct regex_search *s, struct regex_span *groups, size_t n)
{
	struct regex_span whole;

	while (s->at <= s->text.n) {
		struct regex_span *to = n ? groups : &whole;

		if (!find(s->scratch, s->re, s->text, s->at, to, n ? n : 1))
			break;
		bool again = to->start == s->last_end && to->end == s->last_end;

		s->at = to->end == s->at ? next_place(s->text, s->at) : to->end;
		s->last_end = to->end;
		if (!again)
			return true;
	}
	s->at = s->text.n + 1;
	return false;
}
