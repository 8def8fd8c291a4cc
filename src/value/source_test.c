#include "value/tree_test.h"

#include "value/source.h"

static void test_lines_and_columns(void **state)
{
	static const struct {
		uint32_t at, line, col;
		const char *text;
	} rows[] = {
		{ 0, 1, 1, "first" },
		{ 4, 1, 5, "first" },
		{ 5, 1, 6, "first" },		/* on the line break */
		{ 6, 2, 1, "h\u00e9llo\tx" },
		{ 9, 2, 3, "h\u00e9llo\tx" },	/* behind the two bytes of \u00e9 */
		{ 16, 3, 1, "" },
		{ 17, 4, 1, "last" },
		{ 21, 4, 5, "last" },		/* the end of the text */
	};
	const str text = S("first\nh\u00e9llo\tx\r\n\nlast");
	CLEANUP(sources_release) struct sources s = SOURCES_INIT;
	struct err_pos pos;
	uint32_t before = sources_add(&s, S("before"), S("some\ntext"));
	uint32_t base = sources_add(&s, S("a.txt"), text);
	uint32_t after = sources_add(&s, S("after"), S(""));

	(void)state;
	for (size_t round = 0; round < N(rows) * N(rows); round++) {	/* in every order of two */
		size_t i = round % 2 ? round / N(rows) : round % N(rows);

		assert_true(sources_locate(&s, base + rows[i].at, &pos));
		assert_int_equal(pos.line, rows[i].line);
		assert_int_equal(pos.col, rows[i].col);
		assert_true(str_eq(pos.file, S("a.txt")));
		assert_true(str_eq(pos.text, str_c(rows[i].text)));
		assert_int_equal(pos.text_col, 1);
		assert_true(str_eq(sources_line(&s, base + rows[i].at), str_c(rows[i].text)));
	}
	assert_true(sources_locate(&s, before, &pos));
	assert_true(str_eq(pos.file, S("before")));
	assert_true(sources_locate(&s, after, &pos));
	assert_true(str_eq(pos.file, S("after")));
	assert_int_equal(pos.line * 10 + pos.col, 11);
	assert_false(sources_locate(&s, after + 1, &pos));
	assert_false(sources_locate(&s, 0, &pos));
	assert_int_equal(sources_line(&s, 0).n, 0);
}

static void test_texts_that_begin_inside_a_file(void **state)
{
	CLEANUP(sources_release) struct sources s = SOURCES_INIT;
	uint32_t base = sources_add_from(&s, S("f"), S("a\nb"), 10);
	struct err_pos pos;

	(void)state;
	assert_true(sources_locate(&s, base + 2, &pos));
	assert_int_equal(pos.line, 11);
	assert_true(sources_locate(&s, base, &pos));
	assert_int_equal(pos.line, 10);
}

static void test_long_lines_show_what_stands_around(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(sources_release) struct sources s = SOURCES_INIT;
	struct err_pos pos;

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_add(&b, S("\u00e9"));
	uint32_t base = sources_add(&s, S("f"), buf_str(&b));

	for (uint32_t at = 0; at <= 1000; at++) {
		assert_true(sources_locate(&s, base + 2 * at, &pos));
		assert_int_equal(pos.col, at + 1);
		assert_true(pos.text_col <= pos.col && pos.col - pos.text_col <= 61);
		assert_true(pos.text.n <= 210);
		assert_true(utf8_valid(pos.text));
	}
}

static void test_the_number_space_ends(void **state)
{
	CLEANUP(sources_release) struct sources s = SOURCES_INIT;
	str huge = str_of("x", (size_t)3 << 30);	/* never looked at */

	(void)state;
	assert_int_equal(sources_add(&s, S("a"), huge), 1);
	assert_int_equal(sources_add(&s, S("b"), huge), 0);
	assert_true(sources_add(&s, S("c"), S("small")) > 3u << 30);
}

static void test_errors_get_the_place_once(void **state)
{
	CLEANUP(sources_release) struct sources s = SOURCES_INIT;
	uint32_t base = sources_add(&s, S("f"), S("abc"));
	CLEANUP(err_drop) err *e = sources_err(&s, base + 1, err_new(ERR_INVALID, "x"));
	CLEANUP(err_drop) err *none = sources_err(NULL, base, err_new(ERR_INVALID, "x"));

	(void)state;
	e = sources_err(&s, base + 2, e);
	assert_int_equal(err_position(e).col, 2);
	assert_true(str_eq(err_position(e).text, S("abc")));
	assert_int_equal(err_position(none).file.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_and_columns),
		cmocka_unit_test(test_texts_that_begin_inside_a_file),
		cmocka_unit_test(test_long_lines_show_what_stands_around),
		cmocka_unit_test(test_the_number_space_ends),
		cmocka_unit_test(test_errors_get_the_place_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
