#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"

static void test_machine_clocks_move_forward(void **state)
{
	int64_t a = clock_mono(), b = clock_mono();

	(void)state;
	assert_true(b >= a);
	/* Later than the day this was written, earlier than the end of int64. */
	assert_true(clock_wall() > INT64_C(1700000000) * CLOCK_SECOND);
}

static void test_fake_stands_still_until_moved(void **state)
{
	struct clock_fake fake = CLOCK_FAKE(INT64_C(1700000000) * CLOCK_SECOND);

	(void)state;
	clock_fake_use(&fake);
	int64_t mono = clock_mono();

	assert_int_equal(clock_wall(), INT64_C(1700000000) * CLOCK_SECOND);
	assert_int_equal(clock_mono(), mono);
	clock_fake_advance(&fake, 90 * CLOCK_SECOND);
	assert_int_equal(clock_wall(), INT64_C(1700000090) * CLOCK_SECOND);
	assert_int_equal(clock_mono() - mono, 90 * CLOCK_SECOND);
	clock_fake_jump(&fake, 5);
	assert_int_equal(clock_wall(), 5);
	assert_int_equal(clock_mono() - mono, 90 * CLOCK_SECOND);
	assert_ptr_equal(clock_use(NULL), &fake.source);
	assert_true(clock_wall() > INT64_C(1700000000) * CLOCK_SECOND);
}

static void test_deadlines_are_clipped(void **state)
{
	struct clock_fake fake = CLOCK_FAKE(0);

	(void)state;
	clock_fake_use(&fake);
	int64_t now = clock_mono();

	assert_int_equal(clock_seconds(-60), -CLOCK_MINUTE);
	assert_int_equal(clock_seconds(INT64_MAX / CLOCK_SECOND + 1), INT64_MAX);
	assert_int_equal(clock_seconds(INT64_MIN / CLOCK_SECOND - 1), INT64_MIN);
	assert_int_equal(clock_after(now, CLOCK_MINUTE), now + CLOCK_MINUTE);
	assert_int_equal(clock_after(now, INT64_MAX), INT64_MAX);
	assert_int_equal(clock_after(-2, INT64_MIN), INT64_MIN);
	assert_int_equal(clock_poll_ms(now), 0);
	assert_int_equal(clock_poll_ms(now - 1), 0);
	assert_int_equal(clock_poll_ms(INT64_MIN), 0);
	assert_int_equal(clock_poll_ms(now + 1), 1);
	assert_int_equal(clock_poll_ms(now + 2 * CLOCK_MS), 2);
	assert_int_equal(clock_poll_ms(INT64_MAX), INT32_MAX);
	clock_use(NULL);
}

static void test_timespec_has_no_negative_nanoseconds(void **state)
{
	(void)state;
	struct timespec t = clock_timespec(-1);

	assert_int_equal(t.tv_sec, -1);
	assert_int_equal(t.tv_nsec, 999999999);
	t = clock_timespec(1500 * CLOCK_MS);
	assert_int_equal(t.tv_sec, 1);
	assert_int_equal(t.tv_nsec, 500000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machine_clocks_move_forward),
		cmocka_unit_test(test_fake_stands_still_until_moved),
		cmocka_unit_test(test_deadlines_are_clipped),
		cmocka_unit_test(test_timespec_has_no_negative_nanoseconds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
