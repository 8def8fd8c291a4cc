#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "text/duration.h"
#include "text/number.h"
#include "text/quote.h"

/* What is printed reads back as the same bits. */
static void check_print(double f)
{
	char text[NUMBER_MAX];
	double back;

	for (enum number_form form = NUMBER_V; form <= NUMBER_JSON && isfinite(f); form++) {
		size_t n = number_print_float(text, f, form);

		assert(n < NUMBER_MAX && number_decimal_float(str_of(text, n), &back));
		assert(memcmp(&f, &back, sizeof f) == 0);
	}
}

/* The C library agrees about what it understands in the same way. */
static void check_strtod(str s, double f)
{
	char text[512], *end;

	for (size_t i = 0; i < s.n; i++)
		if (!strchr("0123456789.eE+-", s.p[i]))
			return;
	if (s.n >= sizeof text || s.n == 0)
		return;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	double theirs = strtod(text, &end);

	assert(*end == 0 && memcmp(&f, &theirs, sizeof f) == 0);
}

static void check_integers(str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	int64_t i, again;
	uint64_t u;

	for (int base = 0; base <= 36; base += 1 + (base == 0)) {
		err *e = number_parse_int(s, base, &i);

		if (!e && base) {
			buf_clear(&b);
			number_add_int_base(&b, i, base);
			e = number_parse_int(buf_str(&b), base, &again);
			assert(!e && again == i);
		}
		err_free(e);
		err_free(number_parse_uint(s, base, &u));
	}
}

static void check_quotes(str s)
{
	for (enum quote_form form = QUOTE_PRINT; form <= QUOTE_GRAPHIC; form++) {
		CLEANUP(buf_release) struct buf quoted = BUF_INIT, back = BUF_INIT;

		quote_add(&quoted, s, form);
		err *e = quote_unquote(&back, buf_str(&quoted));

		assert(!e && str_eq(buf_str(&back), s));
		buf_clear(&back);
		err_free(quote_unquote(&back, s));
	}
}

static void check_duration(str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	int64_t d, back;
	err *e = duration_parse(s, &d);

	if (!e) {
		duration_add(&b, d);
		e = duration_parse(buf_str(&b), &back);
		assert(!e && d == back);
	}
	err_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str s = str_of((const char *)data, size);
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(1 << 16);
	double f;
	err *e = number_parse_float(s, &f);

	if (!e) {
		check_print(f);
		check_strtod(s, f);
		number_add_format(&b, f, "eEfFgGbxX"[size % 9], (int)(size % 900) - 1);
	}
	err_free(e);
	if (size >= sizeof f) {
		memcpy(&f, data, sizeof f);
		check_print(f);
	}
	check_integers(s);
	check_quotes(s);
	check_duration(s);
	return 0;
}
