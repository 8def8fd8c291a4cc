/* decimal - floats to decimal digits and back, exactly.
 *
 * The engine below text/number.h. Printing the shortest digits is Raffaello
 * Giulietti's Schubfach: three products with a 128-bit power of ten decide
 * all. Reading is the Eisel-Lemire way: one such product settles nearly every
 * number, and it says when it does not. What is left, and all printing with a
 * given precision, is done on an exact decimal number of at most 1,200
 * digits, which only ever is doubled and halved. Nothing here allocates or
 * looks at the locale. Any thread.
 */
#ifndef TEXT_DECIMAL_H
#define TEXT_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

/* The fewest digits that read back as `f`, which is finite and above 0; of
 * several the nearest. `f` is the result times 10^exponent; the result has at
 * most 17 digits and may end in zeros. */
uint64_t decimal_shortest(double f, int *exponent);
/* The fewest that read back as the same 32-bit float. */
uint64_t decimal_shortest32(float f, int *exponent);

/* 0.DIGITS times 10^point; zero has no digits, and the last one is not 0. */
struct decimal {
	int n, point;
	char digits[800];
};

/* `f`, which is finite and above 0, rounded to so many digits behind the
 * point, a half to the even one. False when that takes more than 128 bits:
 * use decimal_exact and decimal_round then. */
bool decimal_fixed(struct decimal *d, double f, int places);
/* The same, rounded to `n` digits in all. */
bool decimal_digits(struct decimal *d, double f, int n);
/* All digits of `f`, which is finite and not below 0. */
void decimal_exact(struct decimal *d, double f);
/* Round to at most `n` digits, a half to the even one. Nothing if n < 0. */
void decimal_round(struct decimal *d, int n);

/* mantissa * 10^exponent, rounded to the nearest float; false when that takes
 * more than a few products: use decimal_read then. With `more`, other digits
 * follow those of the mantissa. */
bool decimal_compose(uint64_t mantissa, int64_t exponent, bool more, double *out);

/* The float nearest to 0.DIGITS times 10^point, infinity if it is too large.
 * The digits may be interspersed with other bytes and begin with zeros; those
 * zeros do not count for `point`. */
double decimal_read(const char *digits, const char *end, int64_t point);

#endif
