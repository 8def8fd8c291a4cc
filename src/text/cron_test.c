#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/die.h"
#include "text/cron.h"
#include "text/gotime.h"

static void test_wrong_schedules(void **state)
{
	static const struct {
		str text;
		const char *why;
	} cases[] = {
		{ S(""), "empty spec string" },
		{ S("a"), "expected exactly 5 fields, found 1: [a]" },
		{ S("* *  * * * *"), "expected exactly 5 fields, found 6: [* * * * * *]" },
		{ S("60 * * * *"), "end of range (60) above maximum (59): 60" },
		{ S("* * 0 * *"), "beginning of range (0) below minimum (1): 0" },
		{ S("5-1 * * * *"), "beginning of range (5) beyond end of range (1): 5-1" },
		{ S("1-2-3 * * * *"), "too many hyphens: 1-2-3" },
		{ S("*/1/2 * * * *"), "too many slashes: */1/2" },
		{ S("*/0 * * * *"), "step of range should be a positive number: */0" },
		{ S("x * * * *"),
		  "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax" },
		{ S("* * * mo *"),
		  "failed to parse int from mo: strconv.Atoi: parsing \"mo\": invalid syntax" },
		{ S("*/-1 * * * *"), "negative number (-1) not allowed: -1" },
		{ S("@often"), "unrecognized descriptor: @often" },
		{ S("@every x"), "failed to parse duration @every x: time: invalid duration \"x\"" },
		{ S("TZ=UTC"),
		  "invalid schedule format: runtime error: slice bounds out of range [:-1]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cron c;
		err *e = cron_parse(cases[i].text, &c);

		assert_string_equal(e ? err_msg(e) : "nothing", cases[i].why);
		err_free(e);
	}
}

static void test_sets(void **state)
{
	struct cron c;

	(void)state;
	assert_null(cron_parse(S("0,30 9-17/4 */10 JAN,dec mon-fri"), &c));
	assert_true(c.minutes == (UINT64_C(1) | UINT64_C(1) << 30));
	assert_true(c.hours == (1 << 9 | 1 << 13 | 1 << 17));
	assert_true(c.days == (1 << 1 | 1 << 11 | 1 << 21 | UINT64_C(1) << 31));
	assert_true(c.months == (1 << 1 | 1 << 12));
	assert_true(c.weekdays == 0x3e);
	assert_false(c.any_day);
	assert_null(cron_parse(S("CRON_TZ=Asia/Tokyo 5/20 * * * ?"), &c));
	assert_true(str_eq(c.zone, S("Asia/Tokyo")));
	assert_true(c.minutes == (UINT64_C(1) << 5 | UINT64_C(1) << 25 | UINT64_C(1) << 45));
	assert_true(c.any_day && c.any_weekday);
	assert_null(cron_parse(S("@every 1h30m"), &c));
	assert_true(c.every == INT64_C(5400000000000));
	assert_null(cron_parse(S("@weekly"), &c));
	assert_true(c.weekdays == 1 && c.any_day && !c.any_weekday && c.hours == 1);
}

static void test_next_times(void **state)
{
	static const struct {
		const char *schedule, *after, *next;
	} rows[] = {
		{ "*/5 * * * *", "2024-02-29T23:57:30Z", "2024-03-01T00:00:00Z" },
		{ "0 12 * * *", "2024-05-05T12:00:00Z", "2024-05-06T12:00:00Z" },
		{ "30 6 29 2 *", "2024-03-01T00:00:00Z", "2028-02-29T06:30:00Z" },
		{ "0 0 13 * fri", "2024-05-01T00:00:00Z", "2024-05-03T00:00:00Z" },
		{ "0 0 13 * *", "2024-05-01T00:00:00Z", "2024-05-13T00:00:00Z" },
		{ "@every 90s", "2024-05-01T00:00:07Z", "2024-05-01T00:01:37Z" },
		{ "@hourly", "2024-12-31T23:00:00Z", "2025-01-01T00:00:00Z" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		struct gotime after;
		struct cron c;

		assert_null(cron_parse(str_c(rows[i].schedule), &c));
		assert_null(gotime_parse(&after, GOTIME_RFC3339, str_c(rows[i].after), NULL));
		gotime_format(&b, gotime_utc(cron_next(&c, after.sec, NULL), 0), GOTIME_RFC3339);
		assert_string_equal(buf_c(&b), rows[i].next);
	}
	struct cron never;

	assert_null(cron_parse(S("0 0 30 2 *"), &never));
	assert_true(cron_next(&never, 0, NULL) == -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_schedules),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_next_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
