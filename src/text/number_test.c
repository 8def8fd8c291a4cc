#include <math.h>

#include "text/golden_test.h"
#include "text/number.h"

static double from_bits(uint64_t bits)
{
	double f;

	memcpy(&f, &bits, sizeof f);
	return f;
}

static void add_bits(struct buf *b, double f)
{
	uint64_t bits;

	memcpy(&bits, &f, sizeof bits);
	buf_addf(b, "%016" PRIx64, bits);
}

/* A float of a kind that is likely to be hard, or likely to be met. */
static double random_float(uint64_t *r)
{
	static const double pow10[] = { 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7 };
	double sign = random_next(r) & 1 ? -1 : 1, f;
	uint64_t bits;

	switch (random_below(r, 6)) {
	case 0:
		do
			f = from_bits(random_next(r));
		while (!isfinite(f));
		return f;
	case 1:
		f = random_below(r, 1000000);
		return sign * f / pow10[random_below(r, 8)];
	case 2:
		bits = random_next(r);
		return sign * (double)(bits >> random_below(r, 64));
	case 3:
		bits = (uint64_t)random_below(r, 2046) << 52;
		return sign * from_bits(bits + random_below(r, 5));
	case 4:
		bits = random_next(r) >> 12;
		return sign * from_bits(bits >> random_below(r, 52));
	default:
		return sign * random_below(r, 1000);
	}
}

static void add_sign(uint64_t *r, struct buf *b)
{
	random_pick(r, b, "", "", "-", "+");
}

#define DIGITS S("0123456789")

/* A text that is often a number, or nearly. */
static void random_digits(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf rest = BUF_INIT;

	add_sign(r, b);
	switch (random_below(r, 8)) {
	case 0:
		random_text(r, b, DIGITS, 25);
		break;
	case 1:
		random_text(r, b, DIGITS, 20);
		buf_addc(b, '.');
		random_text(r, b, DIGITS, 20);
		break;
	case 2:
		random_text(r, b, DIGITS, 10);
		buf_addc(b, '.');
		random_text(r, b, DIGITS, 25);
		random_pick(r, b, "e", "E");
		random_pick(r, b, "", "-", "+");
		random_text(r, b, S("0123"), 3);
		break;
	case 3:
		random_pick(r, b, "0x", "0X", "0b", "0o", "0", "0x_");
		random_text(r, b, S("0123456789abcdefABCDEF_"), 18);
		break;
	case 4:
		buf_add(b, S("0x"));
		random_text(r, b, S("0123456789abcdef."), 22);
		random_pick(r, b, "p", "P");
		random_pick(r, b, "", "-", "+");
		random_text(r, b, S("01234567"), 4);
		break;
	case 5:
		random_text(r, b, S("0123456789_"), 8);
		random_pick(r, b, "", ".");
		random_text(r, b, S("0123456789_"), 8);
		break;
	case 6:
		random_pick(r, b, "0.", "00.", "1", "");
		buf_fill(b, '0', random_below(r, 400));
		random_text(r, b, DIGITS, 30);
		random_pick(r, b, "", "e-300", "e300", "e400", "e-400");
		break;
	default:
		buf_clear(b);
		random_text(r, b, S("0123456789_xXbo+-aeEfFpP.inItynN\0\xff"), 8);
	}
}

static void ask_v(uint64_t *r, struct buf *b)
{
	number_add_float(b, random_float(r), NUMBER_V);
}

static void ask_json(uint64_t *r, struct buf *b)
{
	number_add_float(b, random_float(r), NUMBER_JSON);
}

static void ask_float32(uint64_t *r, struct buf *b)
{
	uint32_t bits = (uint32_t)random_next(r);
	char text[NUMBER_MAX];
	float f;

	if (random_below(r, 4) == 0)
		bits &= 0xff800000;	/* a power of two */
	if ((bits & 0x7fffffff) == 0x39800000)	/* 2^-12, where Go takes the odd digit */
		bits++;
	memcpy(&f, &bits, sizeof f);
	buf_bytes(b, text, number_print_float32(text, f, NUMBER_G));
}

static void ask_format(uint64_t *r, struct buf *b)
{
	double f = random_float(r);
	char verb = "efgEGbxX"[random_below(r, 8)];
	int precision = (int)random_below(r, 30) - 1;

	if (random_below(r, 50) == 0)
		precision = (int)random_below(r, 1200);
	number_add_format(b, f, verb, precision);
}

static void parse_float(struct buf *b, str text)
{
	double f;
	err *e = number_parse_float(text, &f);

	if (e)
		add_error(b, e);
	else
		add_bits(b, f);
}

static void ask_float(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	random_digits(r, &text);
	parse_float(b, buf_str(&text));
}

/* All digits of a float, and a little more. */
static void ask_near(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, all = BUF_INIT;
	double f = fabs(random_float(r));
	str mantissa, exponent;

	number_add_format(&all, f, 'e', (int)random_below(r, 780));
	assert_true(str_split(buf_str(&all), 'e', &mantissa, &exponent));
	buf_add(&text, mantissa);
	random_pick(r, &text, "", "5", "49999999", "50000001", "0");
	buf_addc(&text, 'e');
	buf_add(&text, exponent);
	parse_float(b, buf_str(&text));
}

static void ask_int(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	int64_t i;

	random_digits(r, &text);
	err *e = number_parse_int(buf_str(&text), 0, &i);

	if (e)
		add_error(b, e);
	else
		number_add_int(b, i);
}

static void ask_uint(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	uint64_t u;

	random_digits(r, &text);
	err *e = number_parse_uint(buf_str(&text), 0, &u);

	if (e)
		add_error(b, e);
	else
		number_add_uint(b, u);
}

static void ask_atoi(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	int64_t i;

	random_digits(r, &text);
	err *e = number_parse_atoi(buf_str(&text), &i);

	if (e)
		add_error(b, e);
	else
		number_add_int(b, i);
}

static void ask_base(uint64_t *r, struct buf *b)
{
	uint64_t u = random_next(r);
	int64_t i = (int64_t)(u >> random_below(r, 64));

	number_add_int_base(b, i, (int)random_below(r, 35) + 2);
}

static void test_shortest_floats_as_in_go(void **state)
{
	(void)state;
	golden_check("number", "v", 50000, ask_v);
	golden_check("number", "json", 50000, ask_json);
	golden_check("number", "float32", 50000, ask_float32);
}

static void test_formatted_floats_as_in_go(void **state)
{
	(void)state;
	golden_check("number", "format", 50000, ask_format);
}

static void test_parsed_floats_as_in_go(void **state)
{
	(void)state;
	golden_check("number", "float", 50000, ask_float);
	golden_check("number", "near", 5000, ask_near);
}

static void test_integers_as_in_go(void **state)
{
	(void)state;
	golden_check("number", "int", 20000, ask_int);
	golden_check("number", "uint", 20000, ask_uint);
	golden_check("number", "atoi", 20000, ask_atoi);
	golden_check("number", "base", 20000, ask_base);
}

static void test_shortest_text_reads_back(void **state)
{
	uint64_t r = 42;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char text[NUMBER_MAX];
		double f = random_float(&r), back;
		size_t n = number_print_float(text, f, NUMBER_JSON);

		assert_true(number_decimal_float(str_of(text, n), &back));
		assert_memory_equal(&f, &back, sizeof f);
		assert_true(strtod(text, NULL) == f);
	}
}

/* Between two neighbours decides the even one, and the last digit beyond. */
static void test_half_way_texts_of_any_length(void **state)
{
	static const struct {
		const char *text;
		uint64_t bits;
	} rows[] = {
		{ "9007199254740993", 0x4340000000000000 },
		{ "9007199254740993.00", 0x4340000000000000 },
		{ "9007199254740993.000000000000000000000000000000000001", 0x4340000000000001 },
		{ "9007199254740995", 0x4340000000000002 },
		{ "2.4703282292062327208e-324", 0 },
		{ "2.4703282292062327209e-324", 1 },
		{ "2.2250738585072011e-308", 0x000fffffffffffff },
		{ "1.7976931348623158e308", 0x7fefffffffffffff },
		{ "179769313486231580793e288", 0x7fefffffffffffff },
		{ "1e-400", 0 },
		{ "0e400", 0 },
		{ "0e99999999999999999999", 0 },
		{ "123456789012345678901234567890e-29", 0x3ff3c0ca428c59fb },
	};
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	double f;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_true(number_decimal_float(str_c(rows[i].text), &f));
		if (f != from_bits(rows[i].bits))
			fail_msg("%s is %a", rows[i].text, f);
	}
	/* 1 + 2^-53, then zeros, then a digit that only a patient reader sees */
	buf_add(&b, S("1.00000000000000011102230246251565404236316680908203125"));
	buf_fill(&b, '0', 1000000);
	assert_true(number_decimal_float(buf_str(&b), &f));
	assert_true(f == 1);
	buf_addc(&b, '1');
	assert_true(number_decimal_float(buf_str(&b), &f));
	assert_true(f == from_bits(0x3ff0000000000001));
}

static void test_out_of_range(void **state)
{
	static const char *const rows[] = {
		"1e309", "-1e309", "1.7976931348623159e308", "1e99999", "1e999999999999999999999",
		"0x1p1024", "0x1.fffffffffffff8p1023", "179769313486231590772930519078902473361797697894230657273430081157732675805500963132708477322407536021120113879871393357658789768814416622492847430639474124377767893424865485276302219601246094119453082952085005768838150682342462881473913110540827237163350510684586298239947245938479716304835356329624224137216",
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf want = BUF_INIT;
		double f = 7;
		err *e = number_parse_float(str_c(rows[i]), &f);

		buf_addf(&want, "strconv.ParseFloat: parsing \"%s\": value out of range", rows[i]);
		assert_non_null(e);
		assert_string_equal(err_msg(e), buf_c(&want));
		assert_true(f == 7);
		err_free(e);
	}
}

static void test_special_values(void **state)
{
	static const struct {
		const char *text, *v, *json, *yaml;
	} rows[] = {
		{ "inf", "+Inf", "+Inf", ".inf" },
		{ "+Infinity", "+Inf", "+Inf", ".inf" },
		{ "-iNf", "-Inf", "-Inf", "-.inf" },
		{ "nan", "NaN", "NaN", ".nan" },
		{ "-0", "-0", "-0", "-0" },
		{ "1000000", "1e+06", "1000000", "1e+06" },
		{ "1e20", "1e+20", "100000000000000000000", "1e+20" },
		{ "1e21", "1e+21", "1e+21", "1e+21" },
		{ "0.00001", "1e-05", "0.00001", "1e-05" },
		{ "0.000001", "1e-06", "0.000001", "1e-06" },
		{ "0.0000001", "1e-07", "1e-7", "1e-07" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[NUMBER_MAX];
		double f;

		assert_null(number_parse_float(str_c(rows[i].text), &f));
		assert_int_equal(number_print_float(text, f, NUMBER_V), strlen(rows[i].v));
		assert_string_equal(text, rows[i].v);
		number_print_float(text, f, NUMBER_JSON);
		assert_string_equal(text, rows[i].json);
		number_print_float(text, f, NUMBER_YAML);
		assert_string_equal(text, rows[i].yaml);
	}
}

static void test_bools(void **state)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" },
				 *const no[] = { "0", "f", "F", "false", "FALSE", "False" },
				 *const neither[] = { "", "yes", "tRUE", "01", "true " };
	bool value;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		assert_null(number_parse_bool(str_c(yes[i]), &value));
		assert_true(value);
		assert_null(number_parse_bool(str_c(no[i]), &value));
		assert_false(value);
	}
	for (size_t i = 0; i < 5; i++) {
		err *e = number_parse_bool(str_c(neither[i]), &value);

		assert_non_null(e);
		assert_true(str_ends(err_text(e), S("\": invalid syntax")));
		err_free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shortest_floats_as_in_go),
		cmocka_unit_test(test_formatted_floats_as_in_go),
		cmocka_unit_test(test_parsed_floats_as_in_go),
		cmocka_unit_test(test_integers_as_in_go),
		cmocka_unit_test(test_shortest_text_reads_back),
		cmocka_unit_test(test_half_way_texts_of_any_length),
		cmocka_unit_test(test_out_of_range),
		cmocka_unit_test(test_special_values),
		cmocka_unit_test(test_bools),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
