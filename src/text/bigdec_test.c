#include "text/bigdec.h"
#include "text/golden_test.h"

static struct bigdec parsed(struct arena *a, const char *text)
{
	struct bigdec d;

	assert_true(bigdec_parse(a, str_c(text), &d));
	return d;
}

/* The integer and the scale: "150 2" for 1.50. */
static void expect(struct bigdec d, const char *want)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	bigdec_add_int(&b, d);
	buf_addf(&b, " %d", d.scale);
	assert_string_equal(buf_c(&b), want);
}

static void test_parse(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "0", "0 0" },
		{ "-0", "0 0" },
		{ "1.50", "150 2" },
		{ ".5", "5 1" },
		{ "-7.", "-7 0" },
		{ "+000000000000000000001", "1 0" },
		{ "123456789012345678901234567890", "123456789012345678901234567890 0" },
		{ "-0.000000001000000000", "-1000000000 18" },
	};
	static const char *const refused[] = { "", "-", ".", "1.2.3", "1e5", " 1", "+-1", "1_0" };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct bigdec d;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		expect(parsed(&a, rows[i].text), rows[i].want);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		assert_false(bigdec_parse(&a, str_c(refused[i]), &d));
}

static void test_order(void **state)
{
	static const char *const ordered[] = {
		"-1000000000000000000000.5", "-12", "-1.2", "-1.19", "-0.0000000000000000000001",
		"0", "0.0000000000000000000001", "1.19", "1.2", "12", "1000000000000000000000.5",
	};
	enum { N = sizeof ordered / sizeof *ordered };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			assert_int_equal(bigdec_cmp(parsed(&a, ordered[i]), parsed(&a, ordered[j])),
					 (i > j) - (i < j));
	assert_int_equal(bigdec_cmp(parsed(&a, "1.50"), parsed(&a, "01.5")), 0);
}

static void test_add(void **state)
{
	static const struct {
		const char *x, *y, *want;
	} rows[] = {
		{ "0.1", "0.02", "12 2" },
		{ "999999999999999999", "1", "1000000000000000000 0" },
		{ "1000000000000000000", "-1", "999999999999999999 0" },
		{ "-1.5", "1.50", "0 2" },
		{ "-1", "0.000000000000000000001", "-999999999999999999999 21" },
		{ "0", "-5", "-5 0" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct bigdec sum;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bigdec x = parsed(&a, rows[i].x), y = parsed(&a, rows[i].y);

		assert_null(bigdec_add(&a, x, y, &sum));
		expect(sum, rows[i].want);
		assert_null(bigdec_add(&a, y, x, &sum));
		expect(sum, rows[i].want);
	}
}

static void test_round_up_is_away_from_zero(void **state)
{
	static const struct {
		const char *text;
		int32_t scale;
		bool exact;
		const char *want;
	} rows[] = {
		{ "1.25", 2, true, "125 2" },	  { "1.25", 4, true, "12500 4" },
		{ "1.21", 1, false, "13 1" },	  { "-1.21", 1, false, "-13 1" },
		{ "1.20", 1, true, "12 1" },	  { "0.001", 0, false, "1 0" },
		{ "999999999999.9", 0, false, "1000000000000 0" },
		{ "12345", -3, false, "13 -3" },  { "1", -100, false, "1 -100" },
		{ "0", -100, true, "0 -100" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bigdec d = parsed(&a, rows[i].text);
		bool exact;

		assert_null(bigdec_round_up(&a, d, rows[i].scale, &d, &exact));
		expect(d, rows[i].want);
		assert_int_equal(exact, rows[i].exact);
	}
}

static void test_integers_in_and_out(void **state)
{
	static const int64_t rows[] = { 0, 1, -1, 999999999, 1000000000, INT64_MAX, INT64_MIN };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	int32_t times;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_true(bigdec_int(bigdec_from_int(&a, rows[i], 3)) == rows[i]);
		assert_true(bigdec_float(bigdec_from_int(&a, rows[i], 3)) == (double)rows[i]);
	}
	expect(bigdec_double(&a, parsed(&a, "-3"), 70), "-3541774862152233910272 0");
	expect(bigdec_without_1024(&a, parsed(&a, "-3541774862152233910272"), &times), "-3 0");
	assert_int_equal(times, 7);
}

static void test_too_many_digits(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct bigdec one = bigdec_from_int(&a, 1, 0), far = bigdec_from_int(&a, 1, INT32_MIN), d;
	bool exact;
	err *e = bigdec_add(&a, one, far, &d);

	(void)state;
	assert_non_null(e);
	assert_string_equal(err_msg(e), "number has more than 100000 digits");
	err_free(e);
	e = bigdec_round_up(&a, one, INT32_MAX, &d, &exact);
	assert_non_null(e);
	err_free(e);
	assert_int_equal(bigdec_cmp(one, far), -1);
	assert_null(bigdec_round_up(&a, one, BIGDEC_MAX - 1, &d, &exact));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_round_up_is_away_from_zero),
		cmocka_unit_test(test_integers_in_and_out),
		cmocka_unit_test(test_too_many_digits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
