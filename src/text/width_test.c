#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/die.h"
#include "text/width.h"

#define N(table) (sizeof(table) / sizeof *(table))

static void test_columns_of_texts(void **state)
{
	static const struct {
		const char *text;
		size_t want;
	} rows[] = {
		{ "", 0 },
		{ "plain", 5 },
		{ "\u00e9t\u00e9", 3 },
		{ "e\u0301", 1 },		/* a combining mark */
		{ "\u6f22\u5b57", 4 },
		{ "\uff21", 2 },		/* full-width A */
		{ "\uff61", 1 },		/* half-width stop */
		{ "\U0001f600", 2 },
		{ "\u200b\ufeff", 0 },
		{ "\x1b[0m", 3 },
		{ "\u1100", 2 },
		{ "\u10ff", 1 },
		{ "\U0003ffff", 2 },
		{ "\xff", 1 },			/* shown as U+FFFD */
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++)
		if (width_text(str_c(rows[i].text)) != rows[i].want)
			fail_msg("\"%s\" takes %zu columns", rows[i].text,
				 width_text(str_c(rows[i].text)));
}

static void test_visible_text_stays_on_its_line(void **state)
{
	static const struct {
		str text;
		const char *want;
		size_t column;
	} rows[] = {
		{ S("a\tb"), "a       b", 9 },
		{ S("\t\t"), "                ", 16 },
		{ S("1234567\t8"), "1234567 8", 9 },
		{ S("\u6f22\tx"), "\u6f22      x", 9 },
		{ S("\x1b[31mred"), "\\x1b[31mred", 11 },
		{ S("a\0b\r\n"), "a\\x00b\\r\\n", 10 },
		{ S("\xff\u202e"), "\\xff\\u202e", 10 },
		{ S("say \"hi\" \\n"), "say \"hi\" \\n", 11 },
		{ S("\u00a0"), "\u00a0", 1 },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		size_t column = 0;

		width_add_visible(&b, rows[i].text, &column);
		assert_string_equal(buf_c(&b), rows[i].want);
		assert_int_equal(column, rows[i].column);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_of_texts),
		cmocka_unit_test(test_visible_text_stays_on_its_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
