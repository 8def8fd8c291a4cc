#include "text/duration.h"
#include "text/golden_test.h"
#include "text/number.h"

#define DIGITS S("0123456789")

/* A text that often is a duration. */
static void random_duration(uint64_t *r, struct buf *b)
{
	random_pick(r, b, "", "", "-", "+");
	if (random_below(r, 20) == 0) {
		random_text(r, b, S("0123456789.hmsnu\xc2\xb5\" \x01"), 6);
		return;
	}
	for (uint32_t n = random_below(r, 4); n > 0; n--) {
		random_text(r, b, DIGITS, 6);
		switch (random_below(r, 12)) {
		case 0:
			buf_addc(b, '.');
			random_text(r, b, DIGITS, 22);
			break;
		case 1:
		case 2:
		case 3:
		case 4:
			buf_addc(b, '.');
			random_text(r, b, DIGITS, 4);
			break;
		case 5:
			random_text(r, b, DIGITS, 16);
		}
		random_pick(r, b, "h", "m", "s", "ms", "us", "\u00b5s", "\u03bcs", "ns", "s", "m",
			    "d", "");
	}
}

static int64_t random_int(uint64_t *r)
{
	int64_t n = (int64_t)random_next(r);

	return n >> random_below(r, 64);
}

static void ask_parse(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	int64_t d;

	random_duration(r, &text);
	err *e = duration_parse(buf_str(&text), &d);

	if (e)
		add_error(b, e);
	else
		duration_add(b, d);
}

static void ask_string(uint64_t *r, struct buf *b)
{
	duration_add(b, random_int(r));
}

static void ask_round(uint64_t *r, struct buf *b)
{
	int64_t d = random_int(r), unit = random_int(r);

	number_add_int(b, duration_round(d, unit));
	buf_addc(b, ' ');
	number_add_int(b, duration_truncate(d, unit));
	const double lengths[] = { duration_hours(d), duration_minutes(d), duration_seconds(d) };

	for (int i = 0; i < 3; i++) {
		buf_addc(b, ' ');
		number_add_format(b, lengths[i], 'g', 9);
	}
}

static void test_as_go_has_it(void **state)
{
	(void)state;
	golden_check("duration", "parse", 50000, ask_parse);
	golden_check("duration", "string", 20000, ask_string);
	golden_check("duration", "round", 20000, ask_round);
}

static void test_texts_and_their_meaning(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "0", "0s" },
		{ "-0", "0s" },
		{ "1h15m30.918s", "1h15m30.918s" },
		{ "5us", "5\u00b5s" },
		{ "5\u03bcs", "5\u00b5s" },
		{ "1.000000001s", "1.000000001s" },
		{ "90m", "1h30m0s" },
		{ "60s", "1m0s" },
		{ ".5h", "30m0s" },
		{ "0.3333333333333333333h", "20m0s" },
		{ "9223372036854775807ns", "2562047h47m16.854775807s" },
		{ "-9223372036854775808ns", "-2562047h47m16.854775808s" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		int64_t d;

		assert_null(duration_parse(str_c(rows[i].text), &d));
		duration_add(&b, d);
		assert_string_equal(buf_c(&b), rows[i].want);
	}
}

static void test_errors(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "time: invalid duration \"\"" },
		{ "3", "time: missing unit in duration \"3\"" },
		{ "-", "time: invalid duration \"-\"" },
		{ "s", "time: invalid duration \"s\"" },
		{ ".", "time: invalid duration \".\"" },
		{ "1d", "time: unknown unit \"d\" in duration \"1d\"" },
		{ "1\u00e9", "time: unknown unit \"\\xc3\\xa9\" in duration \"1\\xc3\\xa9\"" },
		{ "9223372036854775808ns", "time: invalid duration \"9223372036854775808ns\"" },
		{ "9223372036854775809ns", "time: invalid duration \"9223372036854775809ns\"" },
		{ "2562048h", "time: invalid duration \"2562048h\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t d = 7;
		err *e = duration_parse(str_c(rows[i].text), &d);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i].want);
		assert_int_equal(d, 7);
		err_free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_go_has_it),
		cmocka_unit_test(test_texts_and_their_meaning),
		cmocka_unit_test(test_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
