/* number - numbers as Go reads and prints them.
 *
 * Parsing follows strconv (ParseInt, ParseUint, Atoi, ParseFloat, ParseBool),
 * texts of errors included: `strconv.ParseInt: parsing "x": invalid syntax`.
 * Printing gives the shortest text that reads back as the same float64, in
 * the four forms that Go programs show. Any thread.
 */
#ifndef TEXT_NUMBER_H
#define TEXT_NUMBER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* ParseInt/ParseUint(s, base, 64); base 2 to 36, or 0, which takes Go's
 * prefixes and `_`. */
err *number_parse_int(str s, int base, int64_t *out) __attribute__((warn_unused_result));
err *number_parse_uint(str s, int base, uint64_t *out) __attribute__((warn_unused_result));
/* strconv.Atoi: the same as base 10, but for the name in the error. */
err *number_parse_atoi(str s, int64_t *out) __attribute__((warn_unused_result));
/* ParseFloat(s, 64): hex floats, underscores, inf and nan included. */
err *number_parse_float(str s, double *out) __attribute__((warn_unused_result));
err *number_parse_bool(str s, bool *out) __attribute__((warn_unused_result));

/* A decimal number known to be well-formed by JSON's grammar (or a superset
 * without prefixes and underscores), correctly rounded; false when it is out of range. */
bool number_decimal_float(str s, double *out);

enum number_form {
	NUMBER_V,		/* fmt %v: exponent from 1e+06 on and below 1e-04 */
	NUMBER_G,		/* strconv 'g' shortest: the same */
	NUMBER_JSON,		/* encoding/json: exponent from 1e+21 on and below 1e-6 */
	NUMBER_YAML,		/* go-yaml v2 and v3 emitters: as %v, but .inf and .nan */
};

/* At most NUMBER_MAX bytes, NUL-terminated; gives the length. */
enum { NUMBER_MAX = 40 };
size_t number_print_float(char to[NUMBER_MAX], double f, enum number_form form);
/* As a 32-bit float: fewer digits tell it from its neighbours. */
size_t number_print_float32(char to[NUMBER_MAX], float f, enum number_form form);
void number_add_float(struct buf *b, double f, enum number_form form);
/* strconv.FormatFloat(f, verb, precision, 64) for the verbs e E f g G b x X
 * and also F; a precision below 0 asks for the shortest text. */
void number_add_format(struct buf *b, double f, char verb, int precision);

void number_add_int(struct buf *b, int64_t i);
void number_add_uint(struct buf *b, uint64_t u);
/* strconv.FormatInt and FormatUint; the base is 2 to 36. */
void number_add_int_base(struct buf *b, int64_t i, int base);
void number_add_uint_base(struct buf *b, uint64_t u, int base);

#endif
