#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sops/wrap.h"

static void test_lines_break_at_spaces(void **state)
{
	static const struct {
		const char *text, *want;
		size_t limit;
	} cases[] = {
		{ "", "", 5 },
		{ "foo", "foo", 4 },
		{ "foobarbaz", "foobarbaz", 4 },
		{ "foo bar baz", "foo\nbar\nbaz", 4 },
		{ "foo bars bazzes", "foo\nbars\nbazzes", 4 },
		{ "fo sop", "fo\nsop", 4 },
		{ "foo\nb ar baz", "foo\nb ar\nbaz", 4 },
		{ "foo\n\n\n", "foo\n\n\n", 4 },
		{ "foo  bar", "foo\nbar", 4 },
		{ "     foo", "\nfoo", 4 },
		{ "multi\nline\na bc def ghij", "multi\nline\na bc\ndef\nghij", 4 },
		{ "\xc3\xa9t\xc3\xa9 \xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9 \xc3\xa9t\xc3\xa9", 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		wrap_text(&b, str_c(cases[i].text), cases[i].limit);
		assert_string_equal(buf_c(&b), cases[i].want);
	}
}

static void test_prefixes(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	wrap_prefix(&b, S("one\n\ntwo"), S("- | "), S("  | "));
	assert_string_equal(buf_c(&b), "- | one\n  | \n  | two");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_break_at_spaces),
		cmocka_unit_test(test_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
