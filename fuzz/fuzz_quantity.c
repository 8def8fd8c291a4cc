#include <assert.h>

#include "text/quantity.h"

/* The canonical text means the same, unless it lacks a suffix above E or ran
 * past an end. */
static void check_text(struct arena *a, const struct quantity *q)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct quantity plain = *q, back;

	plain.text = STR_NONE;
	quantity_add_text(&b, &plain);
	err *e = quantity_parse(a, buf_str(&b), &back);
	double f = quantity_float(q);

	if (e) {	/* 19 digits and a large exponent may be too much */
		assert(str_has(err_text(e), S("digits")));
		err_free(e);
		return;
	}
	if (f < 1e18 && f > -1e18)
		assert(quantity_cmp(q, &back) == 0);
}

/* Two quantities with a blank between them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct quantity x, y, sum, back;
	str one, two;
	int64_t i;

	str_split(str_of((const char *)data, size), ' ', &one, &two);
	err *ex = quantity_parse(&a, one, &x), *ey = quantity_parse(&a, two, &y);

	if (!ex && !ey) {
		int cmp = quantity_cmp(&x, &y);
		err *e = quantity_add(&a, &x, &y, &sum);

		assert(quantity_cmp(&y, &x) == -cmp && quantity_cmp(&x, &x) == 0);
		check_text(&a, &x);
		if (!e) {
			e = quantity_sub(&a, &sum, &y, &back);
			assert(e || quantity_cmp(&back, &x) == 0);
			quantity_value(&sum);
			quantity_milli(&sum);
			quantity_int(&sum, &i);
		}
		err_free(e);
	}
	err_free(ex);
	err_free(ey);
	return 0;
}
