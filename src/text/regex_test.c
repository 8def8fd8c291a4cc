#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "text/regex.h"

#define N(table) (sizeof(table) / sizeof *(table))

static const struct regex *compile(struct arena *a, str pattern)
{
	const struct regex *re;
	err *e = regex_compile(a, pattern, &re);

	if (e)
		fail_msg("%.*s: %s", STR_ARG(pattern), err_msg(e));
	return re;
}

/* Matches as "[0 3 1 2] [4 4 - -]". */
static void add_matches(struct buf *b, const struct regex *re, str text)
{
	CLEANUP(regex_search_release) struct regex_search s;
	struct regex_span groups[16];
	size_t n = regex_groups(re);

	regex_search_init(&s, re, text);
	while (regex_next(&s, groups, n)) {
		buf_add(b, b->n ? S(" [") : S("["));
		for (size_t i = 0; i < n; i++)
			if (regex_is_set(groups[i]))
				buf_addf(b, "%s%zu %zu", i ? " " : "", groups[i].start,
					 groups[i].end);
			else
				buf_add(b, S(" - -"));
		buf_addc(b, ']');
	}
}

static void test_matches(void **state)
{
	static const struct {
		const char *pattern;
		str text;
		const char *want;
	} rows[] = {
		{ "", S("ab"), "[0 0] [1 1] [2 2]" },
		{ "a*", S("baac"), "[0 0] [1 3] [4 4]" },
		{ "a|ab", S("ab"), "[0 1]" },
		{ "(a+)(b+)?", S("aabab"), "[0 3 0 2 2 3] [3 5 3 4 4 5]" },
		{ "(a)|b", S("ba"), "[0 1 - -] [1 2 1 2]" },
		{ "(|a)*", S("aa"), "[0 0 0 0] [1 1 1 1] [2 2 2 2]" },
		{ "(|a)+", S("aa"), "[0 0 0 0] [1 1 1 1] [2 2 2 2]" },
		{ "(a*)*", S("b"), "[0 0 0 0] [1 1 1 1]" },
		{ "(a*)+", S("b"), "[0 0 0 0] [1 1 1 1]" },
		{ "a+?", S("aaa"), "[0 1] [1 2] [2 3]" },
		{ "(?U)a+", S("aaa"), "[0 1] [1 2] [2 3]" },
		{ "(?U)a+?", S("aaa"), "[0 3]" },
		{ "^a", S("aa\na"), "[0 1]" },
		{ "(?m)^a$", S("a\na"), "[0 1] [2 3]" },
		{ "a$", S("a\n"), "" },
		{ "\\bfoo\\b", S("foo foobar foo"), "[0 3] [11 14]" },
		{ "\\B", S("ab c"), "[1 1]" },
		{ ".", S("a\nb"), "[0 1] [2 3]" },
		{ "(?s).", S("a\nb"), "[0 1] [1 2] [2 3]" },
		{ "(?i)straSSe", S("STRASSE \u017ftra\u017f\u017fe"), "[0 7] [8 18]" },
		{ "(?i)k", S("kK\u212a"), "[0 1] [1 2] [2 5]" },
		{ "(?i)[^k]", S("kK\u212ax"), "[5 6]" },
		{ "\\pL+", S("a\u00e91\u4e16"), "[0 3] [4 7]" },
		{ "\\p{Greek}", S("a\u03b1"), "[1 3]" },
		{ "\\PL", S("a1"), "[1 2]" },
		{ "\\p{^L}", S("a1"), "[1 2]" },
		{ "(?i)\\p{Lu}\\P{Lu}", S("a1"), "[0 2]" },
		{ "(?i)\\pL", S("\u0345"), "[0 2]" },
		{ "(?i)\\p{LC}", S("\u0345"), "" },
		{ "[[:alpha:]-]+", S("a-b1"), "[0 3]" },
		{ "[[:^alpha:]]", S("a1"), "[1 2]" },
		{ "\\Qa.b\\E+", S("a.bbb"), "[0 5]" },
		{ "x{2}", S("xxxxx"), "[0 2] [2 4]" },
		{ "x{2,3}?", S("xxxxx"), "[0 2] [2 4]" },
		{ "x{2,}", S("xxxxx"), "[0 5]" },
		{ "x{,2}", S("x{,2}"), "[0 5]" },
		{ ".", S("\xff\xe2\x82x"), "[0 1] [1 2] [2 3] [3 4]" },
		{ "\\x{fffd}", S("\xff\xef\xbf\xbd"), "[0 1] [1 4]" },
		{ "[^a]", S("\xe2\x82"), "[0 1] [1 2]" },
		{ "\\z", S("ab"), "[2 2]" },
		{ "(?P<year>\\d{4})-(?<month>\\d\\d)", S("on 2026-11"), "[3 10 3 7 8 10]" },
		{ "\\x41\\101\\n", S("AA\n"), "[0 3]" },
		{ "[^\\x00-\\x{10FFFF}]", S("abc"), "" },
		{ "a\\0b", S("a\0b"), "[0 3]" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		CLEANUP(buf_release) struct buf got = BUF_INIT;

		add_matches(&got, compile(&a, str_c(rows[i].pattern)), rows[i].text);
		if (strcmp(buf_c(&got), rows[i].want))
			fail_msg("%s: got %s, want %s", rows[i].pattern, buf_c(&got), rows[i].want);
	}
}

static void test_refused(void **state)
{
	static const struct {
		str pattern;
		const char *want;
	} rows[] = {
		{ S("("), "missing closing ): `(`" },
		{ S("a)"), "unexpected ): `a)`" },
		{ S("*"), "missing argument to repetition operator: `*`" },
		{ S("a|+?"), "missing argument to repetition operator: `+?`" },
		{ S("(?i)*"), "missing argument to repetition operator: `*`" },
		{ S("a**"), "invalid nested repetition operator: `**`" },
		{ S("a{2}{3}?"), "invalid nested repetition operator: `{2}{3}?`" },
		{ S("a{1001}"), "invalid repeat count: `{1001}`" },
		{ S("a{2,1}"), "invalid repeat count: `{2,1}`" },
		{ S("a{999999999999}"), "invalid repeat count: `{999999999999}`" },
		{ S("((a{100}){100}){2}"), "invalid repeat count: `{100}`" },
		{ S("[a"), "missing closing ]: `[a`" },
		{ S("x[]y"), "missing closing ]: `[]y`" },
		{ S("[z-a]"), "invalid character class range: `z-a`" },
		{ S("[[:foo:]]"), "invalid character class range: `[:foo:]`" },
		{ S("\\p{Foo}"), "invalid character class range: `\\p{Foo}`" },
		{ S("\\pX"), "invalid character class range: `\\pX`" },
		{ S("\\p{L"), "invalid character class range: `\\p{L`" },
		{ S("\\"), "trailing backslash at end of expression: ``" },
		{ S("\\1"), "invalid escape sequence: `\\1`" },
		{ S("\\8"), "invalid escape sequence: `\\8`" },
		{ S("\\C"), "invalid escape sequence: `\\C`" },
		{ S("\\x{110000}"), "invalid escape sequence: `\\x{110000`" },
		{ S("\\x{}"), "invalid escape sequence: `\\x{}`" },
		{ S("\\xzz"), "invalid escape sequence: `\\xzz`" },
		{ S("\\x1"), "invalid escape sequence: `\\x1`" },
		{ S("[\\b]"), "invalid escape sequence: `\\b`" },
		{ S("(?=a)"), "invalid or unsupported Perl syntax: `(?=`" },
		{ S("(?i-)"), "invalid or unsupported Perl syntax: `(?i-)`" },
		{ S("(?"), "invalid or unsupported Perl syntax: `(?`" },
		{ S("(?P<n"), "invalid named capture: `(?P<n`" },
		{ S("(?P<n x>)"), "invalid named capture: `(?P<n x>`" },
		{ S("(?<>)"), "invalid named capture: `(?<>`" },
		{ S("(?P=n)"), "invalid or unsupported Perl syntax: `(?P`" },
		{ S("a\xff"), "invalid UTF-8: `\xff`" },
		{ S("[a\xe2\x82]"), "invalid UTF-8: `\xe2\x82]`" },
		{ S("\\Qa\xff"), "invalid UTF-8: `\xff`" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		const struct regex *re;
		CLEANUP(err_drop) err *e = regex_compile(&a, rows[i].pattern, &re);
		str want = arena_printf(&a, "error parsing regexp: %s", rows[i].want);

		if (!e)
			fail_msg("%.*s was accepted", STR_ARG(rows[i].pattern));
		assert_string_equal(err_msg(e), want.p);
	}
}

static void test_groups_have_names(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct regex *re = compile(&a, S("(?P<a>x)(y)(?<b>z)"));

	(void)state;
	assert_int_equal(regex_groups(re), 4);
	assert_int_equal(regex_group_name(re, 0).n, 0);
	assert_true(str_eq(regex_group_name(re, 1), S("a")));
	assert_int_equal(regex_group_name(re, 2).n, 0);
	assert_true(str_eq(regex_group_name(re, 3), S("b")));
	assert_int_equal(regex_group_name(re, 4).n, 0);
	assert_true(str_eq(regex_pattern(re), S("(?P<a>x)(y)(?<b>z)")));
}

static void test_find_gives_the_groups_asked_for(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct regex *re = compile(&a, S("(b)(c)"));
	struct regex_span g[5];

	(void)state;
	assert_true(regex_test(re, S("abc")));
	assert_false(regex_test(re, S("acb")));
	assert_true(regex_find(re, S("abc"), g, 2));
	assert_int_equal(g[0].start, 1);
	assert_int_equal(g[0].end, 3);
	assert_int_equal(g[1].end, 2);
	assert_true(regex_find(re, S("abc"), g, 5));
	assert_true(str_eq(regex_text(S("abc"), g[2]), S("c")));
	assert_false(regex_is_set(g[3]));
	assert_int_equal(regex_text(S("abc"), g[4]).n, 0);
}

static void test_replace(void **state)
{
	static const char *const rows[][4] = {
		{ "a+", "baab", "x", "bxb" },
		{ "a*", "baac", "x", "xbxcx" },
		{ "(\\w)(\\w)", "abcd", "$2$1", "badc" },
		{ "(\\w)", "ab", "${1}x$1x", "axbx" },
		{ "(?P<n>b)", "abc", "[$n][${n}][$m][$$][$]", "a[b][b][][$][$]c" },
		{ "b", "abc", "<$0>", "a<b>c" },
		{ "b", "abc", "$1${2}${x", "a${xc" },
		{ "b", "abc", "$01", "ac" },
		{ "(?P<n>a)|(?P<n>b)", "ab", "<$n>", "<a><b>" },
		{ "(\u00e9)", "\u00e9", "$1\u00e9", "" },
		{ "x*", "", "-", "-" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		regex_replace(compile(&a, str_c(rows[i][0])), str_c(rows[i][1]),
			      str_c(rows[i][2]), &b);
		assert_string_equal(buf_c(&b), rows[i][3]);
	}
}

static void test_replace_literal(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	regex_replace_literal(compile(&a, S("(b)")), S("abc"), S("$1$$"), &b);
	assert_string_equal(buf_c(&b), "a$1$$c");
}

static void test_split(void **state)
{
	static const struct {
		const char *pattern, *text;
		int limit;
		const char *want;
	} rows[] = {
		{ ",", "a,b,,c", -1, "a|b||c|" },
		{ ",", "a,b,c", 2, "a|b,c|" },
		{ ",", "a,b", 1, "a,b|" },
		{ ",", "a,b", 0, "" },
		{ "", "abc", -1, "a|b|c|" },
		{ "", "abc", 2, "a|bc|" },
		{ "", "", -1, "" },
		{ "x", "", -1, "|" },
		{ "x*", "axbxc", -1, "a|b|c|" },
		{ ",", "a,", -1, "a||" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		regex_pieces pieces = { 0 };

		regex_split(&a, compile(&a, str_c(rows[i].pattern)), str_c(rows[i].text),
			    rows[i].limit, &pieces);
		for (size_t k = 0; k < pieces.n; k++)
			buf_addf(&b, "%.*s|", STR_ARG(pieces.p[k]));
		assert_string_equal(buf_c(&b), rows[i].want);
	}
}

static void test_quote(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str text = S("a.b\\[c](d){e}+*?|^$-\xff#");

	(void)state;
	regex_quote(&b, text);
	assert_string_equal(buf_c(&b),
			    "a\\.b\\\\\\[c\\]\\(d\\)\\{e\\}\\+\\*\\?\\|\\^\\$-\xff#");
	b.n = 0;
	regex_quote(&b, S("a.b|c"));
	assert_true(regex_test(compile(&a, buf_str(&b)), S("xa.b|cx")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_groups_have_names),
		cmocka_unit_test(test_find_gives_the_groups_asked_for),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_replace_literal),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
