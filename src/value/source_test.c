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

/* Where the "x" of a scalar's value stands in the file that has the scalar. */
static void test_texts_inside_of_texts(void **state)
{
	static const struct {
		const char *file, *scalar;	/* the scalar begins with this text */
		const char *value;
		uint32_t line, col;
	} rows[] = {
		{ "a: |\n  one\n  two x\n", "|", "one\ntwo x\n", 3, 7 },
		{ "- a: |2-  # note\n     one:\n       x\n", "|", "  one:\n    x", 3, 8 },
		{ "a: |\r\n  one\r\n  x\r\n", "|", "one\nx\n", 3, 3 },
		{ "a: >-\n  one\n  two\n\n  x\n", ">", "one two\nx", 5, 3 },
		{ "a: one\n  two x\n", "one", "one two x", 2, 7 },
		{ "a: 'it''s x'\n", "'", "it's x", 1, 11 },
		{ "a: 'one\n  two x'\n", "'", "one two x", 2, 7 },
		{ "a: \"\\u00e9\\t\\x41 x\"\n", "\"", "\u00e9\tA x", 1, 18 },
		{ "a: \"one \\\n  x\"\n", "\"", "one x", 2, 3 },
		{ "a: &b !!str |\n  x\n", "&", "x\n", 2, 3 },
		{ "a: |\n  \u00e9\u00e9 x\n", "|", "\u00e9\u00e9 x\n", 2, 6 },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		CLEANUP(sources_release) struct sources s = SOURCES_INIT;
		const char *at = strstr(rows[i].file, rows[i].scalar);
		uint32_t base = sources_add(&s, S("f"), str_c(rows[i].file));
		const struct source_scalar in = { base + (uint32_t)(at - rows[i].file),
						  str_c(rows[i].value) };
		const char *x = strchr(rows[i].value, 'x');
		uint32_t inner = sources_add_in(&s, S("inner"), in.value, &in);
		struct err_pos pos;

		assert_true(sources_locate(&s, inner + (uint32_t)(x - rows[i].value), &pos));
		assert_true(str_eq(pos.file, S("f")));
		assert_int_equal(pos.line * 100 + pos.col, rows[i].line * 100 + rows[i].col);
		/* A piece of the value knows its place, too. */
		inner = sources_add_in(&s, S("inner"), str_c(x), &in);
		assert_true(sources_locate(&s, inner, &pos));
		assert_int_equal(pos.line * 100 + pos.col, rows[i].line * 100 + rows[i].col);
		assert_int_equal(sources_line_in_text(&s, inner), 1);
	}
}

static void test_a_scalar_at_an_unknown_place(void **state)
{
	CLEANUP(sources_release) struct sources s = SOURCES_INIT;
	const struct source_scalar in = { 0, S("abc") }, other = { 1, S("elsewhere") };
	struct err_pos pos;

	(void)state;
	sources_add(&s, S("f"), S("a: abc"));
	assert_true(sources_locate(&s, sources_add_in(&s, S("inner"), in.value, &in), &pos));
	assert_true(str_eq(pos.file, S("inner")));
	/* A copy of the value: where its bytes stand cannot be told. */
	assert_true(sources_locate(&s, sources_add_in(&s, S("copy"), S("abc"), &other), &pos));
	assert_true(str_eq(pos.file, S("copy")));
}

static void test_ways(void **state)
{
	CLEANUP(sources_release) struct sources s = SOURCES_INIT;
	uint32_t base = sources_add(&s, S("base"), S("one: 1"));
	uint32_t patch = sources_add(&s, S("patch"), S("\none: 2"));
	uint32_t by = sources_maker(&s, S("patches"), patch), tag = sources_maker(&s, S("images"), 0);
	uint32_t first = sources_step(&s, base + 5, patch + 6, by);
	uint32_t last = sources_step(&s, first, 0, tag);
	struct err_pos pos;

	(void)state;
	assert_null(sources_step_at(&s, base));
	assert_int_equal(sources_step_at(&s, last)->before, first);
	assert_int_equal(sources_step_at(&s, first)->now, patch + 6);
	assert_true(str_eq(s.makers.p[sources_step_at(&s, last)->maker].what, S("images")));
	/* Code made the last value; the one before it is in the patch. */
	assert_true(sources_locate(&s, last, &pos));
	assert_true(str_eq(pos.file, S("patch")));
	assert_int_equal(pos.line * 10 + pos.col, 26);
	assert_int_equal(sources_line_in_text(&s, last), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_and_columns),
		cmocka_unit_test(test_texts_that_begin_inside_a_file),
		cmocka_unit_test(test_long_lines_show_what_stands_around),
		cmocka_unit_test(test_the_number_space_ends),
		cmocka_unit_test(test_errors_get_the_place_once),
		cmocka_unit_test(test_texts_inside_of_texts),
		cmocka_unit_test(test_a_scalar_at_an_unknown_place),
		cmocka_unit_test(test_ways),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
