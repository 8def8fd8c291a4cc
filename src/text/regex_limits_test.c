/* Hostile expressions and texts: which are refused is Go's answer, and what
 * is accepted takes bounded time and memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "text/regex.h"

#define N(table) (sizeof(table) / sizeof *(table))

static void repeat(struct buf *b, const char *s, size_t n)
{
	while (n--)
		buf_add(b, str_c(s));
}

static void expect(str pattern, const char *want)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct regex *re;
	CLEANUP(err_drop) err *e = regex_compile(&a, pattern, &re);

	if (!e != !want)
		fail_msg("%.60s: %.60s", pattern.p, e ? err_msg(e) : "accepted");
	if (e && !str_has(err_text(e), str_c(want)))
		fail_msg("%.60s: %.60s", pattern.p, err_msg(e));
}

static void test_size_and_depth(void **state)
{
	static const char deep[] = "expression nests too deeply: `";
	static const char large[] = "expression too large: `";
	static const char count[] = "invalid repeat count: `";
	static const struct {
		const char *before;
		size_t before_n;
		const char *middle;
		const char *after;
		size_t after_n;
		const char *want;
	} rows[] = {
		{ "(", 1000, "", ")", 1000, deep },
		{ "(", 999, "a", ")", 999, NULL },
		{ "(", 1000, "a", ")", 1000, deep },
		{ "(?:x", 1000, "", ")*", 1000, deep },
		{ "(?:", 100000, "x", ")", 100000, NULL },
		{ "(", 100000, "", "", 0, "missing closing ): `" },
		{ "(a|b", 500, "", ")", 500, deep },
		{ "(xx?)", 1000, "", "", 0, NULL },
		{ "", 0, "((xx?){1000}){1000}", "", 0, large },
		{ "", 0, "(x{1000}){1000}", "", 0, count },
		{ "", 0, "((((((((((x{2}){2}){2}){2}){2}){2}){2}){2}){2}){2})", "", 0, count },
		{ "", 0, "(((((((((x{2}){2}){2}){2}){2}){2}){2}){2}){2})", "", 0, NULL },
		{ "(xx?){1000}", 1500, "", "", 0, large },
		{ "x{1000}", 3400, "", "", 0, large },
		{ "x{1000}", 500, "", "", 0, NULL },
		{ "\\pL", 27000, "", "", 0, large },
		{ "\\pL", 25000, "", "", 0, NULL },
		{ "[\\pL0]", 1000, "", "", 0, NULL },
		{ "(?i:[\\x{42}-\\x{1e942}])", 100, "", "", 0, NULL },
		{ "a?", 1000, "", "a", 1000, NULL },
		{ "abcdefghij", 100000, "", "", 0, NULL },
		{ "a", 5 << 20, "", "", 0, large },
		{ "", 0, "(?:a{1000}){0}", "", 0, NULL },
		{ "a|", 200000, "b", "", 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		repeat(&b, rows[i].before, rows[i].before_n);
		repeat(&b, rows[i].middle, 1);
		repeat(&b, rows[i].after, rows[i].after_n);
		expect(buf_str(&b), rows[i].want);
	}
}

/* Alternatives that share ever longer prefixes are nested by factoring. */
static void test_factoring_is_bounded(void **state)
{
	(void)state;
	for (size_t words = 450; words <= 2850; words += 800) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		for (size_t i = 1; i < words; i++) {
			repeat(&b, "|", i > 1);
			repeat(&b, "a", i);
		}
		expect(buf_str(&b), words < 1000 ? NULL : "expression nests too deeply: `");
	}
}

static bool matches(const char *pattern, const struct buf *text, size_t groups)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct regex_span spans[32];
	const struct regex *re;

	assert_null(regex_compile(&a, str_c(pattern), &re));
	return regex_find(re, buf_str(text), spans, groups);
}

static void test_catastrophic_expressions_take_linear_time(void **state)
{
	static const struct {
		const char *pattern;
		bool matches;
	} rows[] = {
		{ "^(a+)+$", false },
		{ "(a|aa)+$", false },
		{ "(a*)*c", false },
		{ "(x+x+)+y", false },
		{ "^(?:a?){50}a{50}$", false },
		{ "(.*)(.*)(.*)(.*)(.*)[^ab]", false },
		{ "(?:(?:(?:a*)*)*)*$", true },
		{ "((a{0,5}){0,5})*b$", true },
		{ "([ab]*)a[ab]{16}c", false },		/* 2^16 states */
		{ "(?:[ab]*a[ab]{12})+b$", true },
		{ "\\b(\\w+\\b)*\\B$", false },
		{ "(?i)(?:\\pL+\\d*)*!", false },
	};
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	uint32_t random = 1;

	(void)state;
	for (int size = 1000; size <= 200000; size *= 200) {
		buf_clear(&text);
		for (int i = 0; i < size; i++) {
			random = random * 1664525 + 1013904223;
			buf_addc(&text, random >> 31 ? 'a' : 'b');
		}
		repeat(&text, "a", 100);
		repeat(&text, "b", 1);
		for (size_t i = 0; i < N(rows); i++)
			for (size_t groups = 0; groups < 3; groups++)
				if (matches(rows[i].pattern, &text, groups) != rows[i].matches)
					fail_msg("%s on %d bytes", rows[i].pattern, size);
	}
}

static void test_many_groups_in_a_long_text(void **state)
{
	enum { GROUPS = 500 };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf pattern = BUF_INIT, text = BUF_INIT;
	struct regex_span *spans = arena_array(&a, struct regex_span, GROUPS + 1);
	const struct regex *re;

	(void)state;
	repeat(&pattern, "(a?b?)", GROUPS);
	repeat(&pattern, "[ab]*c$", 1);
	repeat(&text, "ab", 2000);
	repeat(&text, "c", 1);
	assert_null(regex_compile(&a, buf_str(&pattern), &re));
	assert_int_equal(regex_groups(re), GROUPS + 1);
	assert_true(regex_find(re, buf_str(&text), spans, GROUPS + 1));
	assert_int_equal(spans[0].end, 4001);
	for (size_t i = 1; i <= GROUPS; i++) {
		assert_int_equal(spans[i].start, 2 * (i - 1));
		assert_int_equal(spans[i].end, 2 * i);
	}
}

static void test_output_is_bounded(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT, out = BUF_LIMIT(1 << 20);
	const struct regex *re;

	(void)state;
	repeat(&text, "a", 100000);
	assert_null(regex_compile(&a, S("(a)"), &re));
	regex_replace(re, buf_str(&text), S("$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1"), &out);
	assert_true(out.full);
	err *e = buf_check(&out, "result");

	assert_non_null(e);
	err_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size_and_depth),
		cmocka_unit_test(test_factoring_is_bounded),
		cmocka_unit_test(test_catastrophic_expressions_take_linear_time),
		cmocka_unit_test(test_many_groups_in_a_long_text),
		cmocka_unit_test(test_output_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
