/* bigdec - decimal numbers of any size, exactly.
 *
 * A number is an integer over a power of ten, as gopkg.in/inf.v0 has it: 1.50
 * is 150 at scale 2, and 3e9 may be 3 at scale -9. Nothing is ever rounded
 * but by bigdec_round_up. A number of more than BIGDEC_MAX digits is an
 * error, so that "1e2000000000" costs nothing.
 *
 * Values are immutable and live in the arena that made them. Worker-local.
 */
#ifndef TEXT_BIGDEC_H
#define TEXT_BIGDEC_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { BIGDEC_MAX = 100000 };

struct bigdec {
	bool negative;		/* never for zero */
	int32_t scale;
	uint32_t n;		/* limbs of nine digits, the lowest first; 0 for zero */
	const uint32_t *limbs;
};

struct bigdec bigdec_from_int(struct arena *a, int64_t i, int32_t scale);
/* Decimal digits with perhaps a sign and a point; false for any other text,
 * and for too many digits. The scale is the number of digits behind the point. */
bool bigdec_parse(struct arena *a, str s, struct bigdec *out);

int bigdec_sign(struct bigdec d);
/* Without allocation, however far apart the two are. */
int bigdec_cmp(struct bigdec x, struct bigdec y);
struct bigdec bigdec_neg(struct bigdec d);
err *bigdec_add(struct arena *a, struct bigdec x, struct bigdec y, struct bigdec *out)
	__attribute__((warn_unused_result));
/* x * 2^bits, at the scale of x. */
struct bigdec bigdec_double(struct arena *a, struct bigdec x, int bits);
/* x at another scale, rounded away from zero; `exact` tells whether it is
 * still the same. */
err *bigdec_round_up(struct arena *a, struct bigdec x, int32_t scale, struct bigdec *out,
		     bool *exact) __attribute__((warn_unused_result));

/* The integer, that is the number without its scale: */
/* its lowest 64 bits, with its sign */
int64_t bigdec_int(struct bigdec d);
/* the nearest float; infinity if it is too large */
double bigdec_float(struct bigdec d);
/* its digits, with its sign */
void bigdec_add_int(struct buf *b, struct bigdec d);
/* it without its factors of 1024, *times of them */
struct bigdec bigdec_without_1024(struct arena *a, struct bigdec d, int32_t *times);

#endif
