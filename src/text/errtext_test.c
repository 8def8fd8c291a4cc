#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/die.h"
#include "text/errtext.h"

#define N(table) (sizeof(table) / sizeof *(table))

static void test_rendering(void **state)
{
	static const struct {
		const char *message;
		struct err_pos pos;
		const char *plain, *terminal;
	} rows[] = {
		{ "no position", { .line = 0 }, "no position", "no position" },
		{ "whole file",
		  { .file = S("a.yaml") },
		  "a.yaml: whole file",
		  "a.yaml: whole file" },
		{ "whole line",
		  { .file = S("a.yaml"), .line = 3 },
		  "a.yaml:3: whole line",
		  "a.yaml:3: whole line" },
		{ "here",
		  { .file = S("a.yaml"), .line = 3, .col = 3, .text = S("  x: y"), .text_col = 1 },
		  "a.yaml:3:3: here",
		  "a.yaml:3:3: here\n  x: y\n  ^" },
		{ "tabs",
		  { .file = S("f"), .line = 1, .col = 3, .text = S("\t\tx\ty"), .text_col = 1 },
		  "f:1:3: tabs",
		  "f:1:3: tabs\n                x       y\n                ^" },
		{ "wide",
		  { .file = S("f"),
		    .line = 1,
		    .col = 4,
		    .text = S("\u6f22\u5b57:x"),
		    .text_col = 1 },
		  "f:1:4: wide",
		  "f:1:4: wide\n\u6f22\u5b57:x\n     ^" },
		{ "a part",
		  { .file = S("f"), .line = 1, .col = 1002, .text = S("abc"), .text_col = 1001 },
		  "f:1:1002: a part",
		  "f:1:1002: a part\nabc\n ^" },
		{ "the end",
		  { .file = S("f"), .line = 1, .col = 4, .text = S("abc"), .text_col = 1 },
		  "f:1:4: the end",
		  "f:1:4: the end\nabc\n   ^" },
		{ "beyond",
		  { .file = S("f"), .line = 1, .col = 9, .text = S("abc"), .text_col = 1 },
		  "f:1:9: beyond",
		  "f:1:9: beyond\nabc\n   ^" },
		{ "two\nlines \x1b[2J",
		  { .file = S("f\x1b"), .line = 1, .col = 1, .text = S("\x1b]0;x"), .text_col = 1 },
		  "f\x1b:1:1: two\nlines \x1b[2J",
		  "f\\x1b:1:1: two\nlines \\x1b[2J\n\\x1b]0;x\n^" },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		CLEANUP(buf_release) struct buf plain = BUF_INIT, terminal = BUF_INIT;
		err *e = err_at_pos(err_new(ERR_INVALID, "%s", rows[i].message), &rows[i].pos);

		errtext_write(&plain, e, false);
		errtext_write(&terminal, e, true);
		assert_string_equal(buf_c(&plain), rows[i].plain);
		assert_string_equal(buf_c(&terminal), rows[i].terminal);
		err_free(e);
	}
}

static void test_the_position_of_the_cause_is_shown(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	err *e = err_at(err_new(ERR_INVALID, "bad"), S("a.yaml"), 2, 5);

	(void)state;
	e = err_at(err_wrap(e, "reading"), S("b.yaml"), 9, 9);
	errtext_write(&b, e, false);
	assert_string_equal(buf_c(&b), "a.yaml:2:5: reading: bad");
	err_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rendering),
		cmocka_unit_test(test_the_position_of_the_cause_is_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
