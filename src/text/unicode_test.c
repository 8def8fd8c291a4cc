#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "text/unicode.h"

static uint64_t digest(uint64_t d, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		d = (d ^ (n >> (8 * i) & 0xff)) * 0x100000001b3;
	return d;
}

static const uint64_t digest_start = 0xcbf29ce484222325;

static uint32_t flags(uint32_t rune)
{
	static bool (*const is[])(uint32_t) = {
		unicode_is_letter, unicode_is_mark, unicode_is_digit, unicode_is_number,
		unicode_is_punct, unicode_is_symbol, unicode_is_upper, unicode_is_lower,
		unicode_is_title, unicode_is_control, unicode_is_space, unicode_is_print,
		unicode_is_graphic,
	};
	uint32_t bits = 0;

	for (size_t i = 0; i < sizeof is / sizeof *is; i++)
		bits |= (uint32_t)is[i](rune) << i;
	return bits;
}

static uint64_t block_digest(uint32_t block)
{
	uint64_t d = digest_start;

	for (uint32_t rune = block; rune < block + 4096; rune++) {
		d = digest(d, flags(rune));
		d = digest(d, unicode_to_upper(rune));
		d = digest(d, unicode_to_lower(rune));
		d = digest(d, unicode_to_title(rune));
		d = digest(d, unicode_simple_fold(rune));
	}
	return d;
}

static uint64_t class_digest(const struct unicode_class *class)
{
	uint64_t d = digest_start;
	struct unicode_range range;

	for (struct unicode_walk w = { .class = *class }; unicode_next(&w, &range);)
		d = digest(digest(d, range.lo), range.hi);
	return d;
}

/* Lines of "BLOCK DIGEST", then of "CLASS DIGEST" or "CLASS none". */
static void test_as_go_has_it(void **state)
{
	char path[4096], line[128];
	int blocks = 0, classes = 0;

	(void)state;
	snprintf(path, sizeof path, "%s/unicode/digests", getenv("GOLDEN"));
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		str name = str_c(line), want = STR_NONE;
		size_t space = str_rfind_char(name, ' ');
		struct unicode_class class;
		char got[17] = "none";
		uint64_t block;

		assert_true(space != STR_NPOS);
		want = str_trim(str_from(name, space));
		name = str_sub(name, 0, space);
		if (str_to_u64(name, &block)) {
			snprintf(got, sizeof got, "%016jx", (uintmax_t)block_digest((uint32_t)block));
			blocks++;
		} else {
			if (unicode_find_class(name, &class))
				snprintf(got, sizeof got, "%016jx", (uintmax_t)class_digest(&class));
			classes++;
		}
		if (!str_eq(want, str_c(got)))
			fail_msg("%.*s: %s, not %.*s", STR_ARG(name), got, STR_ARG(want));
	}
	fclose(f);
	assert_int_equal(blocks, 272);
	assert_true(classes > 250);
}

static void test_class_membership_is_its_ranges(void **state)
{
	static const char *const names[] = { "L", "Greek", "Lu", "ASCII", "Any", "Cn" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct unicode_class class;
		struct unicode_range range;
		uint32_t next = 0;

		assert_true(unicode_find_class(str_c(names[i]), &class));
		for (struct unicode_walk w = { .class = class }; unicode_next(&w, &range);) {
			for (; next < range.lo; next++)
				assert_false(unicode_class_has(&class, next));
			for (; next <= range.hi; next++)
				assert_true(unicode_class_has(&class, next));
		}
		for (; next <= UNICODE_MAX + 1; next++)
			assert_false(unicode_class_has(&class, next));
	}
}

static void test_no_cased_rune_is_skipped(void **state)
{
	(void)state;
	for (uint32_t rune = 0, next; rune <= UNICODE_MAX; rune = next + 1) {
		next = unicode_next_cased(rune);
		assert_true(next >= rune && next <= UNICODE_MAX + 1);
		for (; rune < next; rune++)
			assert_int_equal(unicode_simple_fold(rune), rune);
	}
	assert_int_equal(unicode_next_cased(0), 'A');
	assert_int_equal(unicode_next_cased(0x1f000), UNICODE_MAX + 1);
}

static void test_beyond_unicode_nothing_is_known(void **state)
{
	static const uint32_t runes[] = { UNICODE_MAX + 1, 0x8000000, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < sizeof runes / sizeof *runes; i++) {
		assert_int_equal(unicode_category(runes[i]), UNICODE_CN);
		assert_int_equal(unicode_to_upper(runes[i]), runes[i]);
		assert_int_equal(unicode_to_title(runes[i]), runes[i]);
		assert_int_equal(unicode_simple_fold(runes[i]), runes[i]);
		assert_false(unicode_is_print(runes[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_go_has_it),
		cmocka_unit_test(test_class_membership_is_its_ranges),
		cmocka_unit_test(test_no_cased_rune_is_skipped),
		cmocka_unit_test(test_beyond_unicode_nothing_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
