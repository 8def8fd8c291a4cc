/* quantity - amounts of Kubernetes resources: "500m", "1.5Gi", "12e6".
 *
 * As k8s.io/apimachinery's resource.Quantity. A quantity remembers in which of
 * three forms it was written, and is printed in the canonical text of that
 * form: no fraction, and the largest suffix that does. A text that was
 * canonical already is kept.
 *
 * Small amounts are an int64 and a power of ten. Others are exact decimals in
 * an arena, rounded up to billionths; those in binary form end at 2^63-1.
 * What has more digits than text/bigdec.h holds is an error. Quantities are
 * immutable values that borrow from their arena and the parsed text. Any
 * thread.
 */
#ifndef TEXT_QUANTITY_H
#define TEXT_QUANTITY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "text/bigdec.h"

enum quantity_form {
	QUANTITY_EXPONENT,	/* 12e6 */
	QUANTITY_BINARY,	/* 12Mi */
	QUANTITY_DECIMAL,	/* 12M */
};

/* Fields are private; { 0 } is the quantity 0. */
struct quantity {
	bool big;		/* `dec` holds the amount, else value * 10^scale */
	enum quantity_form form;
	int32_t scale;
	int64_t value;
	struct bigdec dec;
	str text;		/* the canonical text, if known */
};

/* ParseQuantity, texts of errors included. */
err *quantity_parse(struct arena *a, str s, struct quantity *out)
	__attribute__((warn_unused_result));
/* value * 10^scale: NewScaledQuantity and its relatives. */
struct quantity quantity_of(int64_t value, int32_t scale, enum quantity_form form);

/* Quantity.String: the canonical text. */
void quantity_add_text(struct buf *b, const struct quantity *q);

int quantity_sign(const struct quantity *q);
int quantity_cmp(const struct quantity *x, const struct quantity *y);

/* The sum is written in the form of `x`, that of `y` if `x` is zero. */
err *quantity_add(struct arena *a, const struct quantity *x, const struct quantity *y,
		  struct quantity *out) __attribute__((warn_unused_result));
err *quantity_sub(struct arena *a, const struct quantity *x, const struct quantity *y,
		  struct quantity *out) __attribute__((warn_unused_result));
struct quantity quantity_neg(const struct quantity *q);
/* RoundUp: away from zero to a multiple of 10^scale. */
err *quantity_round_up(struct arena *a, struct quantity *q, int32_t scale)
	__attribute__((warn_unused_result));

/* AsInt64: false for a fraction, and for what is not small. */
bool quantity_int(const struct quantity *q, int64_t *out);
/* Value and MilliValue: rounded up, and meaningless out of int64's range. */
int64_t quantity_value(const struct quantity *q);
int64_t quantity_milli(const struct quantity *q);
/* AsApproximateFloat64. */
double quantity_float(const struct quantity *q);

#endif
