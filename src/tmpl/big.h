/* big - decimal numbers of any length, for sums that floats get wrong.
 *
 * What sprig's addf, subf, mulf and divf compute with: every float is taken
 * as its shortest decimal text, sums and products are exact, quotients have
 * 16 digits behind the point, rounded half away from zero. Numbers live in
 * an arena. Private to the template functions.
 */
#ifndef TMPL_BIG_H
#define TMPL_BIG_H

#include "base/arena.h"

struct big {
	uint8_t *digits;  /* most significant first; n of them */
	size_t n;         /* 0: the number is 0 */
	int64_t exponent; /* of the last digit */
	bool negative;
};

/* False for NaN and infinities. */
bool big_from_float(struct arena *a, double f, struct big *out);
double big_to_float(struct big b);
struct big big_add(struct arena *a, struct big x, struct big y);
struct big big_mul(struct arena *a, struct big x, struct big y);
/* `y` is not 0 and has at most 17 digits, as every float has. */
struct big big_div(struct arena *a, struct big x, struct big y);

static inline struct big big_minus(struct big x)
{
	x.negative = !x.negative;
	return x;
}

#endif
