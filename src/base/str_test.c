#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"

#define N(table) (sizeof(table) / sizeof *(table))

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void test_order_is_by_bytes_then_length(void **state)
{
	static const char *const sorted[] = { "",  "A",    "a",    "a\x01", "ab",
					      "b", "\x7f", "\x80", "\xff" };

	(void)state;
	for (size_t i = 0; i < N(sorted); i++)
		for (size_t j = 0; j < N(sorted); j++) {
			str a = str_c(sorted[i]), b = str_c(sorted[j]);

			assert_int_equal(sign(str_cmp(a, b)), (i > j) - (i < j));
			assert_int_equal(str_eq(a, b), i == j);
		}
}

static void test_empty_texts_may_have_any_pointer(void **state)
{
	str rest = STR_NONE, piece;

	(void)state;
	assert_true(str_eq(STR_NONE, S("")));
	assert_int_equal(str_cmp(STR_NONE, S("")), 0);
	assert_true(str_eq_nocase(STR_NONE, STR_NONE));
	assert_true(str_starts(S("a"), STR_NONE));
	assert_true(str_ends(STR_NONE, STR_NONE));
	assert_int_equal(str_sub(STR_NONE, 3, 9).n, 0);
	assert_int_equal(str_find(STR_NONE, S("a")), STR_NPOS);
	assert_int_equal(str_find(STR_NONE, STR_NONE), 0);
	assert_int_equal(str_find_char(STR_NONE, 'a'), STR_NPOS);
	assert_int_equal(str_rfind_char(STR_NONE, 'a'), STR_NPOS);
	assert_int_equal(str_trim(STR_NONE).n, 0);
	assert_false(str_take(&rest, 'a'));
	assert_false(str_cut(&rest, &piece, ','));
	assert_false(str_split(rest, ',', &piece, &rest));
	assert_int_equal(piece.n + rest.n, 0);
	assert_int_equal(str_c(NULL).n, 0);
}

static void test_searches(void **state)
{
	static const struct {
		const char *text, *needle;
		size_t first, last;
	} rows[] = {
		{ "abcabc", "abc", 0, 3 },
		{ "abcabc", "c", 2, 5 },
		{ "abcabc", "", 0, 6 },
		{ "abcabc", "abcabcd", STR_NPOS, STR_NPOS },
		{ "abcabc", "x", STR_NPOS, STR_NPOS },
		{ "aaa", "aa", 0, 1 },
		{ "", "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		str s = str_c(rows[i].text), needle = str_c(rows[i].needle);

		assert_int_equal(str_find(s, needle), rows[i].first);
		assert_int_equal(str_rfind(s, needle), rows[i].last);
		assert_int_equal(str_has(s, needle), rows[i].first != STR_NPOS);
		if (needle.n != 1)
			continue;
		assert_int_equal(str_find_char(s, needle.p[0]), rows[i].first);
		assert_int_equal(str_rfind_char(s, needle.p[0]), rows[i].last);
	}
}

static void test_parts_are_clipped(void **state)
{
	(void)state;
	assert_true(str_eq(str_sub(S("abc"), 1, 2), S("b")));
	assert_true(str_eq(str_sub(S("abc"), 1, 99), S("bc")));
	assert_int_equal(str_sub(S("abc"), 2, 1).n, 0);
	assert_int_equal(str_sub(S("abc"), 99, 100).n, 0);
	assert_int_equal(str_from(S("abc"), 3).n, 0);
	assert_true(str_eq_nocase(S("Content-TYPE"), S("content-type")));
	assert_false(str_eq_nocase(S("[a"), S("{A")));
}

static void test_trimming(void **state)
{
	(void)state;
	assert_true(str_eq(str_trim(S(" \t\n\v\f\r a b \n")), S("a b")));
	assert_int_equal(str_trim(S(" \n ")).n, 0);
	assert_true(str_eq(str_trim_set(S("--a-b--"), S("-")), S("a-b")));
	assert_true(str_eq(str_trim_left_set(S("--a--"), S("-")), S("a--")));
	assert_true(str_eq(str_trim_right_set(S("--a--"), S("-")), S("--a")));
}

/* The pieces that a text falls into, each in brackets. */
static const char *cut_all(const char *text, bool lines)
{
	static char out[256];
	str s = str_c(text), piece;
	size_t n = 0;

	while (lines ? str_line(&s, &piece) : str_cut(&s, &piece, ',')) {
		out[n++] = '[';
		memcpy(out + n, piece.p, piece.n);
		n += piece.n;
		out[n++] = ']';
	}
	out[n] = 0;
	return out;
}

static void test_cutting(void **state)
{
	(void)state;
	assert_string_equal(cut_all("a,,b", false), "[a][][b]");
	assert_string_equal(cut_all("a,b,", false), "[a][b]");
	assert_string_equal(cut_all(",", false), "[]");
	assert_string_equal(cut_all("", false), "");
	assert_string_equal(cut_all("a\nb\r\n\n\rc", true), "[a][b][][\rc]");
	assert_string_equal(cut_all("a\r", true), "[a]");
}

static bool is_x(char c)
{
	return c == 'x';
}

static void test_taking(void **state)
{
	str s = S("xxyab"), before, after;

	(void)state;
	assert_true(str_eq(str_span(&s, is_x), S("xx")));
	assert_int_equal(str_span(&s, is_x).n, 0);
	assert_false(str_take(&s, 'x'));
	assert_true(str_take(&s, 'y'));
	assert_false(str_take_str(&s, S("abc")));
	assert_true(str_take_str(&s, S("ab")));
	assert_int_equal(s.n, 0);
	assert_true(str_split(S("k=v=w"), '=', &before, &after));
	assert_true(str_eq(before, S("k")) && str_eq(after, S("v=w")));
	assert_false(str_split(S("kv"), '=', &before, &after));
	assert_true(str_eq(before, S("kv")) && !after.n);
}

static void test_numbers(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", "1 ", "0x1", "18446744073709551616",
					   "99999999999999999999" };
	uint64_t u = 7;

	(void)state;
	for (size_t i = 0; i < N(bad); i++)
		assert_false(str_to_u64(str_c(bad[i]), &u));
	assert_int_equal(u, 7);
	assert_true(str_to_u64(S("18446744073709551615"), &u));
	assert_true(u == UINT64_MAX);
	assert_true(str_to_u64(S("007"), &u));
	assert_int_equal(u, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_is_by_bytes_then_length),
		cmocka_unit_test(test_empty_texts_may_have_any_pointer),
		cmocka_unit_test(test_searches),
		cmocka_unit_test(test_parts_are_clipped),
		cmocka_unit_test(test_trimming),
		cmocka_unit_test(test_cutting),
		cmocka_unit_test(test_taking),
		cmocka_unit_test(test_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
