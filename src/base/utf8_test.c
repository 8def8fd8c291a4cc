#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/utf8.h"

#define N(table) (sizeof(table) / sizeof *(table))

/* The runes that Go's `for range` gives, with the size of each. */
static void test_decoding(void **state)
{
	static const struct {
		str text;
		uint32_t rune;
		size_t size;
	} rows[] = {
		{ S("a"), 'a', 1 },
		{ S("\0"), 0, 1 },
		{ S("\x7f"), 0x7f, 1 },
		{ S("\xc2\x80"), 0x80, 2 },
		{ S("\xdf\xbf"), 0x7ff, 2 },
		{ S("\xe0\xa0\x80"), 0x800, 3 },
		{ S("\xef\xbf\xbd"), UTF8_BAD, 3 },
		{ S("\xef\xbf\xbf"), 0xffff, 3 },
		{ S("\xed\x9f\xbf"), 0xd7ff, 3 },
		{ S("\xee\x80\x80"), 0xe000, 3 },
		{ S("\xf0\x90\x80\x80"), 0x10000, 4 },
		{ S("\xf4\x8f\xbf\xbf"), 0x10ffff, 4 },
		/* bad: alone, cut off, overlong, surrogates, too large */
		{ S("\x80"), UTF8_BAD, 1 },
		{ S("\xbf"), UTF8_BAD, 1 },
		{ S("\xc3"), UTF8_BAD, 1 },
		{ S("\xc3("), UTF8_BAD, 1 },
		{ S("\xe2\x82"), UTF8_BAD, 1 },
		{ S("\xe2\x82("), UTF8_BAD, 1 },
		{ S("\xf0\x9f\x98"), UTF8_BAD, 1 },
		{ S("\xc0\x80"), UTF8_BAD, 1 },
		{ S("\xc1\xbf"), UTF8_BAD, 1 },
		{ S("\xe0\x9f\xbf"), UTF8_BAD, 1 },
		{ S("\xf0\x8f\xbf\xbf"), UTF8_BAD, 1 },
		{ S("\xed\xa0\x80"), UTF8_BAD, 1 },
		{ S("\xed\xbf\xbf"), UTF8_BAD, 1 },
		{ S("\xf4\x90\x80\x80"), UTF8_BAD, 1 },
		{ S("\xf5\x80\x80\x80"), UTF8_BAD, 1 },
		{ S("\xff"), UTF8_BAD, 1 },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		size_t size = 0;

		assert_int_equal(utf8_decode(rows[i].text, &size), rows[i].rune);
		assert_int_equal(size, rows[i].size);
		if (rows[i].size < rows[i].text.n)
			continue;
		assert_int_equal(utf8_decode_last(rows[i].text, &size), rows[i].rune);
		assert_int_equal(size, rows[i].size);
	}
}

static void test_every_rune_comes_back(void **state)
{
	char bytes[4];

	(void)state;
	for (uint32_t r = 0; r <= 0x110000; r++) {
		bool valid = r <= 0x10ffff && (r < 0xd800 || r > 0xdfff);
		size_t n = utf8_encode(r, bytes), size;

		assert_int_equal(utf8_decode(str_of(bytes, n), &size), valid ? r : UTF8_BAD);
		assert_int_equal(size, n);
		assert_int_equal(utf8_decode_last(str_of(bytes, n), &size), valid ? r : UTF8_BAD);
		assert_int_equal(size, n);
	}
}

static void test_the_last_rune(void **state)
{
	static const struct {
		str text;
		uint32_t rune;
		size_t size;
	} rows[] = {
		{ S("a\xc3\xa9"), 0xe9, 2 },
		{ S("\xc3\xa9z"), 'z', 1 },
		{ S("a\x80"), UTF8_BAD, 1 },
		{ S("\xc3\xa9\x80"), UTF8_BAD, 1 },
		{ S("\x80\x80\x80\x80\x80"), UTF8_BAD, 1 },
		{ S("a\xe2\x82"), UTF8_BAD, 1 },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		size_t size = 0;

		assert_int_equal(utf8_decode_last(rows[i].text, &size), rows[i].rune);
		assert_int_equal(size, rows[i].size);
	}
}

static void test_validity_of_long_texts(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	uint32_t rune;

	(void)state;
	for (size_t before = 0; before < 20; before++) {
		buf_clear(&b);
		buf_fill(&b, 'a', before);
		utf8_add(&b, 0x1f600);
		assert_true(utf8_valid(buf_str(&b)));
		assert_int_equal(utf8_count(buf_str(&b)), before + 1);
		assert_int_equal(utf8_find_bad(buf_str(&b)), STR_NPOS);
		buf_addc(&b, '\xff');
		buf_fill(&b, 'a', 20 - before);
		assert_false(utf8_valid(buf_str(&b)));
		assert_int_equal(utf8_find_bad(buf_str(&b)), before + 4);
		assert_int_equal(utf8_count(buf_str(&b)), 22);
		buf_trim(&b, before + 3);
		assert_int_equal(utf8_find_bad(buf_str(&b)), before);
	}
	assert_true(utf8_valid(STR_NONE));
	str end = STR_NONE;

	assert_false(utf8_take(&end, &rune));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decoding),
		cmocka_unit_test(test_every_rune_comes_back),
		cmocka_unit_test(test_the_last_rune),
		cmocka_unit_test(test_validity_of_long_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
