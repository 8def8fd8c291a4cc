/* cel_text_format - "%d of %s".format([1, 'x']).
 *
 * Two editions of cel-go's formatting exist: Kubernetes has the one that
 * groups digits and writes powers of ten as English readers do, Flux the
 * plain one. Formats that are literals are also checked when an expression
 * is compiled; both ways read the text here.
 */
#ifndef CEL_CEL_TEXT_FORMAT_H
#define CEL_CEL_TEXT_FORMAT_H

#include "cel/cel_value.h"

/* The function. */
cel_value cel_text_format(struct cel_run *r, const cel_value *v, size_t n);

/* What reads a format. */
struct cel_format_reader {
	void *ctx;
	size_t n;		/* arguments there are */
	/* Argument `i` is asked for; false (with `*wrong`) when that fails. */
	bool (*arg)(void *ctx, size_t i, str *wrong);
	/* Write argument `i` by a verb of "sdfebxXo"; a text what is wrong, or empty. */
	str (*clause)(void *ctx, size_t i, char verb, int precision, struct buf *out);
};

enum { CEL_FORMAT_PRECISION = 6 };

/* Empty, or what is wrong. */
str cel_text_format_read(struct arena *a, str format, const struct cel_format_reader *reader,
			 struct buf *out);
/* What is wrong with a verb for a type of that name. */
str cel_text_format_mismatch(struct arena *a, enum cel_library library, char verb, str type);

#endif
