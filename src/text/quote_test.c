#include "base/utf8.h"
#include "text/golden_test.h"
#include "text/quote.h"

static void expect(const struct buf *b, const char *want)
{
	assert_string_equal(buf_c(b), want);
}

static void test_quote(void **state)
{
	static const struct {
		str text;
		const char *print, *ascii, *verb;
	} rows[] = {
		{ S(""), "\"\"", "\"\"", "``" },
		{ S("a\"b\\c"), "\"a\\\"b\\\\c\"", "\"a\\\"b\\\\c\"", "`a\"b\\c`" },
		{ S("a`b"), "\"a`b\"", "\"a`b\"", "\"a`b\"" },
		{ S("\a\b\f\n\r\t\v"), "\"\\a\\b\\f\\n\\r\\t\\v\"", "\"\\a\\b\\f\\n\\r\\t\\v\"",
		  "\"\\a\\b\\f\\n\\r\\t\\v\"" },
		{ S("a\tb"), "\"a\\tb\"", "\"a\\tb\"", "`a\tb`" },
		{ S("\0\x1f\x7f"), "\"\\x00\\x1f\\x7f\"", "\"\\x00\\x1f\\x7f\"",
		  "\"\\x00\\x1f\\x7f\"" },
		{ S("é😀"), "\"é😀\"", "\"\\u00e9\\U0001f600\"", "`é😀`" },
		{ S("\xff\xc3"), "\"\\xff\\xc3\"", "\"\\xff\\xc3\"", "\"\\xff\\xc3\"" },
		{ S("\xef\xbf\xbd"), "\"\xef\xbf\xbd\"", "\"\\ufffd\"", "`\xef\xbf\xbd`" },
		{ S("\xef\xbb\xbf"), "\"\\ufeff\"", "\"\\ufeff\"", "\"\\ufeff\"" },
		{ S("\u00a0\u00ad"), "\"\\u00a0\\u00ad\"", "\"\\u00a0\\u00ad\"", "`\u00a0\u00ad`" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		quote_add(&b, rows[i].text, QUOTE_PRINT);
		expect(&b, rows[i].print);
		buf_clear(&b);
		quote_add(&b, rows[i].text, QUOTE_ASCII);
		expect(&b, rows[i].ascii);
		buf_clear(&b);
		quote_add_verb(&b, rows[i].text, true, false);
		expect(&b, rows[i].verb);
	}
}

static void test_graphic_keeps_spaces(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	quote_add(&b, S("\u00a0\u3000\u2028"), QUOTE_GRAPHIC);
	expect(&b, "\"\u00a0\u3000\\u2028\"");
}

static void test_quote_rune(void **state)
{
	static const struct {
		uint32_t rune;
		const char *print, *ascii;
	} rows[] = {
		{ 'a', "'a'", "'a'" },		  { '\'', "'\\''", "'\\''" },
		{ '"', "'\"'", "'\"'" },	  { 0, "'\\x00'", "'\\x00'" },
		{ 0xe9, "'é'", "'\\u00e9'" },	  { 0xd800, "'\xef\xbf\xbd'", "'\\ufffd'" },
		{ UINT32_MAX, "'\xef\xbf\xbd'", "'\\ufffd'" },
		{ 0x1f600, "'😀'", "'\\U0001f600'" }, { 0x10ffff, "'\\U0010ffff'", "'\\U0010ffff'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		quote_add_rune(&b, rows[i].rune, QUOTE_PRINT);
		expect(&b, rows[i].print);
		buf_clear(&b);
		quote_add_rune(&b, rows[i].rune, QUOTE_ASCII);
		expect(&b, rows[i].ascii);
	}
}

static void test_unquote(void **state)
{
	static const struct {
		str quoted, text;
	} rows[] = {
		{ S("\"\""), S("") },
		{ S("''"), S("") },
		{ S("``"), S("") },
		{ S("'\\''"), S("'") },
		{ S("'\\n'"), S("\n") },
		{ S("'é'"), S("é") },
		{ S("'\xff'"), S("\xef\xbf\xbd") },
		{ S("\"a\xff\\x41\""), S("a\xef\xbf\xbd""A") },
		{ S("\"\\xff\\000\\377\""), S("\xff\0\xff") },
		{ S("\"\\u00e9\\U0001F600\""), S("é😀") },
		{ S("\"'\\\"\""), S("'\"") },
		{ S("`a\\n\r\nb\r`"), S("a\\n\nb") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		assert_null(quote_unquote(&b, rows[i].quoted));
		assert_true(str_eq(buf_str(&b), rows[i].text));
	}
}

static void test_what_is_not_quoted_is_refused(void **state)
{
	static const str rows[] = {
		S(""), S("\""), S("a"), S("\"a"), S("a\""), S("\"a\"b"), S("'ab'"), S("\"\n\""),
		S("'\n'"), S("\"\\\""), S("\"\\'\""), S("'\\\"'"), S("\"\\x4\""), S("\"\\x4g\""),
		S("\"\\400\""), S("\"\\08\""), S("\"\\ud800\""), S("\"\\U00110000\""), S("\"\\q\""),
		S("\"\\\0\""), S("`a``"), S("\"\\UFFFFFFFF\""),
	};
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	buf_add(&b, S("before"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		err *e = quote_unquote(&b, rows[i]);

		assert_non_null(e);
		assert_string_equal(err_msg(e), "invalid syntax");
		expect(&b, "before");
		err_free(e);
	}
}

static void test_quoted_prefix_is_taken(void **state)
{
	str s = S("\"a\\\"b\" 'c'`d`e"), quoted;

	(void)state;
	assert_true(quote_take(&s, &quoted));
	assert_true(str_eq(quoted, S("\"a\\\"b\"")));
	assert_false(quote_take(&s, &quoted));
	s = str_from(s, 1);
	assert_true(quote_take(&s, &quoted));
	assert_true(str_eq(quoted, S("'c'")));
	assert_true(quote_take(&s, &quoted));
	assert_true(str_eq(quoted, S("`d`")));
	assert_false(quote_take(&s, &quoted));
}

/* Bytes of which some make runes. */
static void random_runes(uint64_t *r, struct buf *b)
{
	for (uint32_t n = random_below(r, 12); n > 0; n--)
		switch (random_below(r, 4)) {
		case 0:
			random_text(r, b, S("abc \"'`\\\n\t\r\0\x7f"), 3);
			break;
		case 1:
			utf8_add(b, random_below(r, 0x500));
			break;
		case 2:
			utf8_add(b, random_below(r, 0x11000));
			break;
		case 3:
			utf8_add(b, random_below(r, 0x30000));
			random_text(r, b, S("\xff\xc3\x80\xed\xa0"), 2);
		}
}

static void ask_quote(uint64_t *r, struct buf *b, enum quote_form form)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	random_runes(r, &text);
	quote_add(b, buf_str(&text), form);
}

static void ask_print(uint64_t *r, struct buf *b)
{
	ask_quote(r, b, QUOTE_PRINT);
}

static void ask_ascii(uint64_t *r, struct buf *b)
{
	ask_quote(r, b, QUOTE_ASCII);
}

static void ask_graphic(uint64_t *r, struct buf *b)
{
	ask_quote(r, b, QUOTE_GRAPHIC);
}

static void ask_sharp(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	random_runes(r, &text);
	quote_add_verb(b, buf_str(&text), true, false);
}

static void ask_plus(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	random_runes(r, &text);
	quote_add_verb(b, buf_str(&text), false, true);
}

static void ask_rune(uint64_t *r, struct buf *b)
{
	quote_add_rune(b, random_below(r, 0x120000), QUOTE_PRINT);
}

static void ask_unquote(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	random_pick(r, &text, "\"", "'", "`");
	random_text(r, &text, S("ab\\\\\\xuU01237f\"'`n\n\xc3\xa9"), 9);
	buf_addc(&text, text.p[0]);
	err *e = quote_unquote(b, buf_str(&text));

	if (e)
		add_error(b, e);
}

static void test_as_go_quotes(void **state)
{
	(void)state;
	golden_check("quote", "print", 20000, ask_print);
	golden_check("quote", "ascii", 20000, ask_ascii);
	golden_check("quote", "graphic", 20000, ask_graphic);
	golden_check("quote", "%#q", 20000, ask_sharp);
	golden_check("quote", "%+q", 20000, ask_plus);
	golden_check("quote", "rune", 20000, ask_rune);
	golden_check("quote", "unquote", 20000, ask_unquote);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_graphic_keeps_spaces),
		cmocka_unit_test(test_quote_rune),
		cmocka_unit_test(test_unquote),
		cmocka_unit_test(test_what_is_not_quoted_is_refused),
		cmocka_unit_test(test_quoted_prefix_is_taken),
		cmocka_unit_test(test_as_go_quotes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
