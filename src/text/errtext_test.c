#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/die.h"
#include "text/errtext.h"

static const struct row {
	const char *message;
	struct err_pos pos;
	const char *advice, *want;
} rows[] = {
	{ "no place", { .line = 0 }, "not shown", "no place" },
	{ "whole file", { .file = S("a.yaml") }, "", "whole file\n  at a.yaml" },
	{ "whole line", { .file = S("a.yaml"), .line = 3 }, "", "whole line\n  at a.yaml:3" },
	{ "here",
	  { .file = S("a.yaml"), .line = 3, .col = 3, .text = S("  x: y ") },
	  "",
	  "here\n  at a.yaml:3:3: x: y" },
	{ "two\nlines",
	  { .file = S("a.yaml"), .line = 3, .text = S("x") },
	  "did you mean \"y\"?",
	  "two\nlines\n  at a.yaml:3: x\n  did you mean \"y\"?" },
};

static void test_place_and_advice_go_below(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(err_drop) err *e = err_at_pos(err_new(ERR_INVALID, "%s", rows[i].message),
						      &rows[i].pos);

		if (*rows[i].advice)
			err_set_detail(e, str_c(rows[i].advice));
		e = errtext_tell(e);
		assert_string_equal(err_msg(e), rows[i].want);
	}
}

static void test_the_place_of_the_cause_is_shown(void **state)
{
	CLEANUP(err_drop) err *e = err_at(err_new(ERR_INVALID, "bad"), S("a.yaml"), 2, 5);

	(void)state;
	e = errtext_tell(err_at(err_wrap(e, "reading"), S("b.yaml"), 9, 9));
	assert_string_equal(err_msg(e), "reading: bad\n  at a.yaml:2:5");
}

static void test_files_are_named_from_a_directory(void **state)
{
	static const struct {
		const char *dir, *want;
	} names[] = {
		{ "/w", "bad\n  at a/b.yaml:2:5" },
		{ "/w/a", "bad\n  at b.yaml:2:5" },
		{ "/", "bad\n  at /w/a/b.yaml:2:5" },
		{ "/w/a/b", "bad\n  at /w/a/b.yaml:2:5" },
		{ "", "bad\n  at /w/a/b.yaml:2:5" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		err *e = err_at(err_new(ERR_INVALID, "bad"), S("/w/a/b.yaml"), 2, 5);
		CLEANUP(err_drop) err *told = errtext_tell_from(e, str_c(names[i].dir));

		assert_string_equal(err_msg(told), names[i].want);
	}
}

static void test_a_caret_stands_below_the_column(void **state)
{
	static const struct {
		struct err_pos pos;
		const char *want;
	} places[] = {
		{ { .line = 1, .col = 1, .text = S("no file") }, "" },
		{ { .file = S("/w/a.yaml") }, "  at a.yaml\n" },
		{ { .file = S("/w/a.yaml"), .line = 3 }, "  at a.yaml:3\n" },
		{ { .file = S("/w/a.yaml"), .line = 3, .text = S("x: y\n") },
		  "  at a.yaml:3\n  | x: y\n" },
		{ { .file = S("b"), .line = 3, .col = 3, .text = S("  x: y\r\n") },
		  "  at b:3:3\n  |   x: y\n  |   ^\n" },
		/* tabs, what shows wide, what would steer, and a part of a long line */
		{ { .file = S("b"), .line = 1, .col = 3, .text = S("\tax") },
		  "  at b:1:3\n  |         ax\n  |          ^\n" },
		{ { .file = S("b"), .line = 1, .col = 3, .text = S("日本x") },
		  "  at b:1:3\n  | 日本x\n  |     ^\n" },
		{ { .file = S("b"), .line = 1, .col = 2, .text = S("\x1bx") },
		  "  at b:1:2\n  | \\x1bx\n  |     ^\n" },
		{ { .file = S("b"), .line = 1, .col = 102, .text = S("abc"), .text_col = 100 },
		  "  at b:1:102\n  | abc\n  |   ^\n" },
		{ { .file = S("b"), .line = 1, .col = 9, .text = S("end") },
		  "  at b:1:9\n  | end\n  |    ^\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		errtext_show_place(&b, &places[i].pos, S("/w"));
		assert_string_equal(buf_c(&b), places[i].want);
	}
}

static void test_a_terminal_is_not_steered(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	errtext_visible(&b, S("two\nlines \x1b[2J\x9b\n\x1b]0;x\a\n"));
	assert_string_equal(buf_c(&b), "two\nlines \\x1b[2J\\x9b\n\\x1b]0;x\\a\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_place_and_advice_go_below),
		cmocka_unit_test(test_the_place_of_the_cause_is_shown),
		cmocka_unit_test(test_a_caret_stands_below_the_column),
		cmocka_unit_test(test_a_terminal_is_not_steered),
		cmocka_unit_test(test_files_are_named_from_a_directory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
