/* What Go finds with many small expressions in all small texts, recorded as
 * digests by tools/golden/regex; and the engines against each other. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "text/quote.h"
#include "text/regex_impl.h"

/* All texts over an alphabet, shorter ones first. */
struct texts {
	struct arena arena;
	VEC(str) all;
};

static uint32_t digest(uint32_t d, str s)
{
	for (size_t i = 0; i < s.n; i++)
		d = (d ^ (uint8_t)s.p[i]) * 0x01000193;
	return d;
}

static void make_texts(struct texts *t, str header)
{
	VEC(str) letters = { 0 };
	str name, length, quoted;
	uint64_t n;
	size_t from = 0;

	arena_clear(&t->arena);
	t->all.p = NULL;
	t->all.n = t->all.cap = 0;
	assert_true(str_cut(&header, &name, ' ') && str_cut(&header, &length, ' '));
	assert_true(str_to_u64(length, &n));
	while (quote_take(&header, &quoted)) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		assert_null(quote_unquote(&b, quoted));
		avec_push(&t->arena, &letters, arena_str(&t->arena, buf_str(&b)));
		str_take(&header, ' ');
	}
	avec_push(&t->arena, &t->all, STR_NONE);
	for (; n > 0; n--) {
		size_t to = t->all.n;

		for (; from < to; from++)
			for (size_t i = 0; i < letters.n; i++)
				avec_push(&t->arena, &t->all,
					  arena_cat(&t->arena, t->all.p[from], letters.p[i]));
	}
}

static uint32_t found_digest(const struct regex *re, const struct texts *t)
{
	uint32_t d = digest(0x811c9dc5, STR_NONE);
	struct regex_span groups[16];
	char number[32];

	for (size_t i = 0; i < t->all.n; i++) {
		CLEANUP(regex_search_release) struct regex_search s;

		regex_search_init(&s, re, t->all.p[i]);
		while (regex_next(&s, groups, regex_groups(re))) {
			for (size_t k = 0; k < regex_groups(re); k++) {
				snprintf(number, sizeof number, "%zd %zd ",
					 (ssize_t)groups[k].start, (ssize_t)groups[k].end);
				d = digest(d, str_c(number));
			}
			d = digest(d, S(";"));
		}
		d = digest(d, S("\n"));
	}
	return d;
}

typedef enum answer hunter(void *state, struct hunt *h);

static enum answer by_backtracker(void *state, struct hunt *h)
{
	return back_hunt(state, h);
}

static enum answer by_simulation(void *state, struct hunt *h)
{
	(void)state;
	return pike_hunt(h);
}

static enum answer by_dfa(void *state, struct hunt *h)
{
	size_t end = 0, start = h->from;
	enum answer a = dfa_end(state, h, false, &end);

	if (a != ANSWER_YES)
		return a;
	assert_int_equal(dfa_end(state, h, true, &(size_t){ 0 }), ANSWER_YES);
	h->limit = end;
	if (!h->anchored)
		assert_int_equal(dfa_start(state, h, &start), ANSWER_YES);
	h->slots[0] = start;
	h->slots[1] = end;
	return a;
}

static void expect_same(const struct regex *re, str text, size_t from, hunter *by, void *state,
			size_t slots_n, const size_t *want)
{
	size_t slots[32];
	struct hunt h = {
		.re = re, .text = text, .from = from, .limit = text.n, .slots = slots,
		.slots_n = slots_n, .anchored = re->anchored,
	};
	enum answer answer = by(state, &h);

	if (answer != (want ? ANSWER_YES : ANSWER_NO) ||
	    (want && memcmp(slots, want, slots_n * sizeof *want)))
		fail_msg("engines disagree on %.*s", STR_ARG(re->pattern));
}

static void compare_from(const struct regex *re, str text, size_t from, struct back *back,
			 struct dfa *dfa)
{
	size_t slots[32], n = 2 * re->groups;
	struct hunt h = {
		.re = re, .text = text, .from = from, .limit = text.n, .slots = slots,
		.slots_n = n, .anchored = re->anchored,
	};

	if (re->anchored && from > 0)
		return;
	const size_t *want = pike_hunt(&h) == ANSWER_YES ? slots : NULL;

	expect_same(re, text, from, by_backtracker, back, n, want);
	expect_same(re, text, from, by_simulation, NULL, 2, want);
	expect_same(re, text, from, by_dfa, dfa, 2, want);
}

/* Each engine from each place of some of the texts. */
static void compare_engines(const struct regex *re, const struct texts *t, size_t every)
{
	struct dfa *dfa = dfa_new(re);
	struct back back;

	back_init(&back);
	for (size_t i = 0; i < t->all.n; i += every) {
		str text = t->all.p[i];

		for (size_t from = 0, size; from < text.n; from += size) {
			compare_from(re, text, from, &back, dfa);
			rune_at(text, from, &size);
		}
		compare_from(re, text, text.n, &back, dfa);
	}
	back_release(&back);
	dfa_free(dfa);
}

static void check(str line, const struct texts *t, size_t number)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf pattern = BUF_INIT;
	const struct regex *re;
	str quoted;

	assert_true(quote_take(&line, &quoted) && str_take(&line, ' '));
	assert_null(quote_unquote(&pattern, quoted));
	CLEANUP(err_drop) err *e = regex_compile(&a, buf_str(&pattern), &re);

	if (str_take(&line, '!')) {
		if (!e || !str_eq(err_text(e), line))
			fail_msg("%.*s: %s", STR_ARG(quoted), e ? err_msg(e) : "accepted");
		return;
	}
	if (e)
		fail_msg("%.*s: %s", STR_ARG(quoted), err_msg(e));
	if (found_digest(re, t) != strtoul(arena_str(&a, line).p, NULL, 16))
		fail_msg("%.*s", STR_ARG(quoted));
	if (number % 4 == 0)
		compare_engines(re, t, 1 + t->all.n / 16);
}

static void test_golden(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct texts texts = { 0 };
	str path = arena_printf(&a, "%s/regex/patterns", getenv("GOLDEN"));
	FILE *f = fopen(path.p, "r");
	char buffer[4096];
	size_t lines = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(buffer, sizeof buffer, f)) {
		str line = str_trim_right_set(str_c(buffer), S("\n"));

		if (str_take_str(&line, S("# ")))
			make_texts(&texts, line);
		else
			check(line, &texts, lines++);
	}
	fclose(f);
	arena_release(&texts.arena);
	assert_true(lines > 15000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
