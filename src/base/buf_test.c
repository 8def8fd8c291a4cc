#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/buf.h"

static void test_grows_and_stays_terminated(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	assert_string_equal(buf_c(&b), "");
	for (int i = 0; i < 1000; i++) {
		buf_addc(&b, (char)('a' + i % 26));
		assert_int_equal(buf_c(&b)[b.n], 0);
	}
	assert_int_equal(b.n, 1000);
	assert_true(str_starts(buf_str(&b), S("abcdefghijklmnopqrstuvwxyzab")));
	buf_trim(&b, 3);
	assert_string_equal(buf_c(&b), "abc");
	buf_trim(&b, 99);
	assert_string_equal(buf_c(&b), "abc");
	buf_clear(&b);
	assert_string_equal(buf_c(&b), "");
}

static void test_adding(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	buf_add(&b, S("a\0b"));
	buf_add(&b, STR_NONE);
	buf_fill(&b, '-', 3);
	buf_fill(&b, '-', 0);
	buf_addf(&b, "%d/%s", 7, "x");
	assert_int_equal(b.n, 9);
	assert_memory_equal(b.p, "a\0b---7/x", 10);
}

static void test_escaping(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	buf_escape(&b, S("a,b\\\0="), "\\,");
	assert_int_equal(b.n, 8);
	assert_memory_equal(b.p, "a\\,b\\\\\0=", 9);
}

static void test_reserved_room_does_not_move(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	char *p = buf_reserve(&b, 100);

	(void)state;
	assert_string_equal(buf_c(&b), "");	/* nothing was written yet */
	memset(p, 'x', 100);
	b.n += 100;
	b.p[b.n] = 0;
	assert_int_equal(strlen(buf_c(&b)), 100);
}

static void test_a_write_past_the_limit_is_dropped_whole(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(10);

	(void)state;
	buf_add(&b, S("12345678"));
	buf_addf(&b, "%s%s", "9", "ab");
	assert_string_equal(buf_c(&b), "12345678");
	assert_true(b.full);
	buf_addc(&b, '9');	/* and so are all later ones */
	buf_add(&b, S("9"));
	buf_fill(&b, '9', 1);
	assert_null(buf_reserve(&b, 1));
	assert_string_equal(buf_c(&b), "12345678");
	err *e = buf_check(&b, "list");

	assert_non_null(e);
	assert_string_equal(err_msg(e), "list is larger than 10 bytes");
	err_free(e);
	buf_clear(&b);
	buf_add(&b, S("0123456789"));
	assert_null(buf_check(&b, "list"));
	buf_addc(&b, 'x');
	assert_true(b.full);
}

static void test_limits_of_any_size(void **state)
{
	(void)state;
	for (size_t max = 1; max < 200; max++) {
		struct buf b = BUF_LIMIT(max);

		for (size_t i = 0; i < 300; i++)
			buf_addc(&b, 'x');
		assert_int_equal(b.n, max);
		buf_release(&b);
	}
	CLEANUP(buf_release) struct buf huge = BUF_LIMIT(SIZE_MAX);

	buf_add(&huge, S("fits"));
	assert_string_equal(buf_c(&huge), "fits");
	assert_null(buf_reserve(&huge, SIZE_MAX - 2));
	assert_true(huge.full);
}

static void test_detached_bytes_are_a_string(void **state)
{
	struct buf b = BUF_INIT;
	size_t n = 9;
	char *p = buf_detach(&b, &n);

	(void)state;
	assert_string_equal(p, "");
	assert_int_equal(n, 0);
	free(p);
	buf_add(&b, S("abc"));
	p = buf_detach(&b, NULL);
	assert_string_equal(p, "abc");
	free(p);
	assert_null(b.p);
	buf_add(&b, S("again"));
	assert_string_equal(buf_c(&b), "again");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows_and_stays_terminated),
		cmocka_unit_test(test_adding),
		cmocka_unit_test(test_escaping),
		cmocka_unit_test(test_reserved_room_does_not_move),
		cmocka_unit_test(test_a_write_past_the_limit_is_dropped_whole),
		cmocka_unit_test(test_limits_of_any_size),
		cmocka_unit_test(test_detached_bytes_are_a_string),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
