#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/heap.h"

/* Kilobytes of files that are mapped and in memory. */
static long of_files(void)
{
	char line[256];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "r");

	assert_non_null(f);
	while (kb < 0 && fgets(line, sizeof line, f))
		sscanf(line, "RssFile: %ld kB", &kb);
	fclose(f);
	return kb;
}

static void test_code_is_let_go_and_comes_back(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	buf_addf(&b, "%d", 1);
	long before = of_files();

	heap_rest();
	long after = of_files();

	if (before > 0)		/* else the system does not tell */
		assert_true(after < before);
	buf_addf(&b, " %s", "two");
	assert_string_equal(buf_c(&b), "1 two");
}

/* What was written when the libraries were joined (addresses of functions, as in this table)
 * and may not be written any more is none of that. */
static const char *const words[] = { "zero", "one", "two" };
static void (*volatile const calls[])(void) = { heap_rest, heap_stay_small };

static void test_what_was_relocated_stays(void **state)
{
	(void)state;
	heap_rest();
	calls[0]();
	assert_string_equal(words[1], "one");
	assert_string_equal(words[2], "two");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code_is_let_go_and_comes_back),
		cmocka_unit_test(test_what_was_relocated_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
