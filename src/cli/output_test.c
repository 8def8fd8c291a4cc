#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/output.h"

static void test_bytes_reach_the_file_in_order(void **state)
{
	int ends[2];
	char got[16] = "";

	(void)state;
	assert_int_equal(pipe(ends), 0);
	struct output o = OUTPUT_INIT(ends[1]);

	buf_add(&o.buf, S("one "));
	output_flush(&o);
	buf_add(&o.buf, S("two"));
	output_step(&o);	/* too little to be worth a write */
	assert_int_equal(o.buf.n, 3);
	output_flush(&o);
	assert_null(output_check(&o, "x"));
	assert_int_equal(read(ends[0], got, sizeof got), 7);
	assert_string_equal(got, "one two");
	output_release(&o);
	close(ends[0]);
	close(ends[1]);
}

static void test_a_full_device_is_an_error(void **state)
{
	struct output o = OUTPUT_INIT(open("/dev/full", O_WRONLY));

	(void)state;
	assert_true(o.fd >= 0);
	buf_add(&o.buf, S("lost"));
	output_flush(&o);
	buf_add(&o.buf, S("also lost"));
	output_flush(&o);
	CLEANUP(err_drop) err *e = output_check(&o, "/dev/stdout");

	assert_non_null(e);
	assert_string_equal(err_msg(e), "write /dev/stdout: no space left on device");
	close(o.fd);
	output_release(&o);
}

static void test_without_a_file_the_bytes_stay(void **state)
{
	struct output o = OUTPUT_INIT(-1);

	(void)state;
	buf_fill(&o.buf, 'x', 1 << 20);
	output_step(&o);
	output_flush(&o);
	assert_int_equal(o.buf.n, 1 << 20);
	assert_null(output_check(&o, "x"));
	output_release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_full_device_is_an_error),
		cmocka_unit_test(test_bytes_reach_the_file_in_order),
		cmocka_unit_test(test_without_a_file_the_bytes_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
