#include "text/golden_test.h"
#include "text/number.h"
#include "text/quantity.h"

#define DIGITS S("0123456789")

/* A text that often is a quantity. */
static void random_quantity(uint64_t *r, struct buf *b)
{
	random_pick(r, b, "", "", "", "-", "+");
	switch (random_below(r, 10)) {
	case 0:
		random_text(r, b, S("0123456789.-+eEinumkKMGTP _"), 8);
		return;
	case 1:
		random_text(r, b, DIGITS, 40);
		break;
	case 2:
		random_text(r, b, DIGITS, 25);
		buf_addc(b, '.');
		random_text(r, b, DIGITS, 25);
		break;
	case 3:
	case 4:
	case 5:
		random_text(r, b, DIGITS, 5);
		buf_addc(b, '.');
		random_text(r, b, DIGITS, 5);
		break;
	case 6:
		random_pick(r, b, "1", "5", "1024", "1048576", "3072");
		random_pick(r, b, "", "0", "00", "000", "000000");
		break;
	default:
		random_text(r, b, DIGITS, 5);
	}
	switch (random_below(r, 8)) {
	case 0:
		break;
	case 1:
		random_pick(r, b, "e", "E");
		random_pick(r, b, "", "-", "+");
		random_text(r, b, DIGITS, 1);
		break;
	case 2:
		random_pick(r, b, "e", "E");
		random_pick(r, b, "", "-");
		random_text(r, b, S("12"), 2);
		break;
	case 3:
	case 4:
		random_pick(r, b, "Ki", "Mi", "Gi", "Ti", "Pi", "Ei");
		break;
	default:
		random_pick(r, b, "n", "u", "m", "k", "M", "G", "T", "P", "E", "ki", "K", "mi");
	}
}

static void describe(struct buf *b, const struct quantity *q)
{
	static const char *const forms[] = {
		[QUANTITY_EXPONENT] = "DecimalE",
		[QUANTITY_BINARY] = "BinarySI",
		[QUANTITY_DECIMAL] = "DecimalS",
	};
	int64_t i = 0;
	bool small = quantity_int(q, &i);

	quantity_add_text(b, q);
	buf_addf(b, " %d %s %jd %jd %jd ", quantity_sign(q), small ? "true" : "false", (intmax_t)i,
		 (intmax_t)quantity_value(q), (intmax_t)quantity_milli(q));
	number_add_float(b, quantity_float(q), NUMBER_G);
	buf_addf(b, " %s", forms[q->form]);
}

static void ask_text(uint64_t *r, struct buf *b)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct quantity q;

	random_quantity(r, &text);
	err *e = quantity_parse(&a, buf_str(&text), &q);

	if (e)
		add_error(b, e);
	else
		describe(b, &q);
}

static void ask_pair(uint64_t *r, struct buf *b)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf text_x = BUF_INIT, text_y = BUF_INIT;
	struct quantity x, y, sum, difference, negative;

	random_quantity(r, &text_x);
	random_quantity(r, &text_y);
	err *ex = quantity_parse(&a, buf_str(&text_x), &x);
	err *ey = quantity_parse(&a, buf_str(&text_y), &y);

	if (ex || ey) {
		err_free(ex);
		err_free(ey);
		buf_add(b, S("error"));
		return;
	}
	assert_null(quantity_add(&a, &x, &y, &sum));
	assert_null(quantity_sub(&a, &x, &y, &difference));
	negative = quantity_neg(&y);
	buf_addf(b, "%d ", quantity_cmp(&x, &y));
	describe(b, &sum);
	buf_add(b, S(", "));
	describe(b, &difference);
	buf_add(b, S(", "));
	describe(b, &negative);
}

static void ask_scaled(uint64_t *r, struct buf *b)
{
	static const enum quantity_form forms[] = { QUANTITY_BINARY, QUANTITY_DECIMAL,
						    QUANTITY_EXPONENT };
	int64_t value = (int64_t)random_next(r);

	value >>= random_below(r, 64);
	int32_t scale = (int32_t)random_below(r, 40) - 20;
	struct quantity q = quantity_of(value, scale, forms[random_below(r, 3)]);

	describe(b, &q);
}

static void test_as_kubernetes_has_it(void **state)
{
	(void)state;
	golden_check("quantity", "text", 50000, ask_text);
	golden_check("quantity", "pair", 50000, ask_pair);
	golden_check("quantity", "scaled", 20000, ask_scaled);
}

static void test_canonical_texts(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "0", "0" },
		{ "-0.00", "0" },
		{ "1.5", "1500m" },
		{ "1.5Gi", "1536Mi" },
		{ "1024Mi", "1Gi" },
		{ "0.5Ki", "512" },
		{ "0.1m", "100u" },
		{ "0.1n", "1n" },
		{ "-0.1n", "-1n" },
		{ "12e6", "12e6" },
		{ "1000k", "1M" },
		{ "1000E", "1" },
		{ "9Ei", "9223372036854775807" },
		{ "1e4294967296", "1e4294967296" },
		{ "1e2147483646", "1e2147483646" },
		{ "1000e2147483646", "100e2147483647" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		struct quantity q;

		assert_null(quantity_parse(&a, str_c(rows[i].text), &q));
		quantity_add_text(&b, &q);
		if (strcmp(buf_c(&b), rows[i].want) != 0)
			fail_msg("%s is %s, not %s", rows[i].text, buf_c(&b), rows[i].want);
	}
}

static void test_errors(void **state)
{
	static const char format[] = "quantities must match the regular expression "
				     "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
	static const char suffix[] = "unable to parse quantity's suffix";
	static const char number[] = "unable to parse numeric part of quantity";
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", format },		     { "1 Gi", format },
		{ "1.2.3", format },	     { "x", format },
		{ "1K", suffix },	     { "1ki", suffix },
		{ "1e", suffix },	     { "1e+", suffix },
		{ "e5x", format },	     { "1E9999999999999999999", suffix },
		{ ".e-10", number },	     { "1+5", suffix },
		{ "12345678901234567890e1000000", "number has more than 100000 digits" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct quantity q;
		err *e = quantity_parse(&a, str_c(rows[i].text), &q);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i].want);
		err_free(e);
	}
}

/* Far apart amounts are compared without writing out their zeros. */
static void test_extreme_scales_cost_nothing(void **state)
{
	static const char *const ordered[] = {
		"-1e2147483647", "-1e2000000000", "-99999999999999999999", "-1",
		"1e-2000000000", "0.000000001",	  "1",			   "99999999999999999999",
		"1e2000000000",	 "2e2000000000",  "1e2147483647",
	};
	enum { N = sizeof ordered / sizeof *ordered };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct quantity x, y, sum;

	(void)state;
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			assert_null(quantity_parse(&a, str_c(ordered[i]), &x));
			assert_null(quantity_parse(&a, str_c(ordered[j]), &y));
			int want = (i > j) - (i < j);

			if (i >= 4 && j >= 4 && i <= 5 && j <= 5)
				want = 0;	/* the smallest amount */
			assert_int_equal(quantity_cmp(&x, &y), want);
		}
	err *e = quantity_add(&a, &x, &(struct quantity){ .value = 1 }, &sum);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "number has more than 100000 digits");
	err_free(e);
	assert_true(a.high < 1 << 20);
}

static void test_long_texts_are_refused(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT, text = BUF_INIT;
	struct quantity q;

	(void)state;
	buf_fill(&b, '7', BIGDEC_MAX - 9);
	assert_null(quantity_parse(&a, buf_str(&b), &q));
	quantity_add_text(&text, &q);
	assert_true(str_starts(buf_str(&text), S("7777")));
	assert_int_equal(text.n, BIGDEC_MAX - 9);
	buf_fill(&b, '7', 10);
	err *e = quantity_parse(&a, buf_str(&b), &q);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "quantity has more than 100000 digits");
	err_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_kubernetes_has_it),
		cmocka_unit_test(test_canonical_texts),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_extreme_scales_cost_nothing),
		cmocka_unit_test(test_long_texts_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
