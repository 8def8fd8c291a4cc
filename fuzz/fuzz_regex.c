/* The first line is a pattern, the rest a text: the engines agree on where
 * each match is, and what is quoted matches itself. */
#include <assert.h>

#include "text/regex_impl.h"

enum { MAX_GROUPS = 32, MAX_INSTS = 5000 };

static void check_engines(const struct regex *re, str text)
{
	size_t slots[2 * MAX_GROUPS], others[2 * MAX_GROUPS], end, start = 0;
	struct hunt h = {
		.re = re, .text = text, .limit = text.n, .slots = slots, .slots_n = 2 * re->groups,
		.anchored = re->anchored,
	};
	struct dfa *dfa = dfa_new(re);
	struct back back;
	enum answer found = pike_hunt(&h), answer;

	h.slots = others;
	back_init(&back);
	if (back_fits(re, text.n)) {
		answer = back_hunt(&back, &h);
		assert(answer == ANSWER_GAVE_UP || answer == found);
		assert(answer != ANSWER_YES || !memcmp(slots, others, h.slots_n * sizeof *slots));
	}
	answer = dfa_end(dfa, &h, false, &end);
	assert(answer == ANSWER_GAVE_UP || answer == found);
	if (answer == ANSWER_YES) {
		assert(end == slots[1]);
		h.limit = end;
		if (!h.anchored && dfa_start(dfa, &h, &start) != ANSWER_YES)
			start = slots[0];
		assert(start == slots[0]);
	}
	back_release(&back);
	dfa_free(dfa);
}

static void check_quote(struct arena *a, str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct regex_span span;
	const struct regex *re;

	if (!text.n || !utf8_valid(text))
		return;
	regex_quote(&b, text);
	err *e = regex_compile(a, buf_str(&b), &re);

	assert(!e && regex_find(re, text, &span, 1) && span.start == 0 && span.end == text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf out = BUF_LIMIT(1 << 20);
	str text = { (const char *)data, size }, pattern, template;
	const struct regex *re;
	regex_pieces pieces = { 0 };

	str_split(text, '\n', &pattern, &text);
	template = str_sub(pattern, 0, 8);
	check_quote(&a, str_sub(text, 0, 200));
	err *e = regex_compile(&a, pattern, &re);

	if (e) {
		assert(str_starts(err_text(e), S("error parsing regexp: ")));
		err_free(e);
		return 0;
	}
	if (re->groups > MAX_GROUPS || re->insts_n > MAX_INSTS)
		return 0;
	check_engines(re, text);
	regex_replace(re, text, template, &out);
	regex_split(&a, re, text, -1, &pieces);
	for (size_t i = 0; i < pieces.n; i++)
		assert(pieces.p[i].n <= text.n);
	return 0;
}
