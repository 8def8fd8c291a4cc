#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/fmt.h"

static str format(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static str format(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	buf_clear(b);
	va_start(ap, fmt);
	fmt_add(b, fmt, ap);
	va_end(ap);
	return buf_str(b);
}

/* The same call for libc and for us. */
#define SAME(b, ...)                                              \
	do {                                                      \
		char want_[600];                                  \
		snprintf(want_, sizeof want_, __VA_ARGS__);       \
		format(b, __VA_ARGS__);                           \
		assert_string_equal(buf_c(b), want_);             \
	} while (0)

static void test_verbs_are_those_of_libc(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	SAME(&b, "nothing");
	SAME(&b, "100%%");
	SAME(&b, "%d %i %u", -1, 2, 3u);
	SAME(&b, "%d %d", INT32_MIN, INT32_MAX);
	SAME(&b, "%ld %lld %jd %zd %td", -1L, INT64_MIN + 0LL, INTMAX_MAX, (ssize_t)-5,
	     (ptrdiff_t)-6);
	SAME(&b, "%lu %llu %ju %zu", 1UL, UINT64_MAX + 0ULL, UINTMAX_MAX, SIZE_MAX);
	SAME(&b, "%hhd %hd %hhu %hu", (signed char)-3, (short)-4, (unsigned char)200,
	     (unsigned short)60000);
	SAME(&b, "[%5d] [%-5d] [%05d] [%+d] [% d] [%.3d] [%8.3d] [%-8.3d|", 42, 42, -42, 42, 42, 7,
	     -7, 7);
	SAME(&b, "%x %X %#x %o %08x %02x %#X", 255u, 255u, 255u, 8u, 0xbeefu, 10u, 255u);
	SAME(&b, "[%*d] [%-*d] [%*d] [%.*d]", 6, 1, 6, 2, -6, 3, 4, 5);
	SAME(&b, "%c%c [%3c] [%-3c]", 'a', 'b', 'c', 'd');
	SAME(&b, "%s [%5s] [%-5s] [%.2s] [%5.1s]", "abc", "abc", "abc", "abc", "abc");
	SAME(&b, "[%.*s] [%*.*s]", 2, "abc", 5, 2, "abc");
	SAME(&b, "%f %.2f %8.3f [%-8.1f] %e %g %g", 1.5, 2.005, -3.14159, 2.5, 12345.678, 1e100,
	     0.0001);
	SAME(&b, "%.3d|%.0d", 0, 1);
	SAME(&b, "%p", (void *)&b);
}

static void test_counted_texts_keep_every_byte(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str s = S("a\0b");

	(void)state;
	assert_true(str_eq(format(&b, "<%.*s>", STR_ARG(s)), S("<a\0b>")));
	assert_true(str_eq(format(&b, "<%5.*s>", STR_ARG(s)), S("<  a\0b>")));
	assert_true(str_eq(format(&b, "%.*s", STR_ARG(STR_NONE)), S("")));
	assert_true(str_eq(format(&b, "%c", 0), S("\0")));
}

static void test_the_limit_of_the_buffer_holds(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(20);

	(void)state;
	format(&b, "%1000000d", 1);
	assert_true(b.full);
	format(&b, "%s", "this is longer than twenty bytes");
	assert_true(b.full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verbs_are_those_of_libc),
		cmocka_unit_test(test_counted_texts_keep_every_byte),
		cmocka_unit_test(test_the_limit_of_the_buffer_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
