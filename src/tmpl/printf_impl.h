/* printf_impl - what the two halves of printf share: the state of one verb
 * and the writers of plain kinds (format.c), which printf.c calls for each
 * value it meets. */
#ifndef TMPL_PRINTF_IMPL_H
#define TMPL_PRINTF_IMPL_H

#include "base/buf.h"
#include "base/str.h"

struct format {
	struct buf *b;
	bool has_width, has_prec;
	bool minus, plus, sharp, space, zero;
	bool plus_v, sharp_v; /* %+v and %#v, which set no plain flags */
	int width, prec;
};

/* Widths, precisions and argument numbers above this are refused, as in Go. */
enum { FORMAT_NUMBER_MAX = 1000000 };

void format_clear(struct format *f);
/* `s` padded to the width. */
void format_pad(struct format *f, str s);
void format_padding(struct format *f, int n);
void format_bool(struct format *f, bool b);
void format_int(struct format *f, uint64_t u, int base, bool is_signed, uint32_t verb, bool upper);
void format_unicode(struct format *f, uint64_t u);
void format_char(struct format *f, uint64_t c);
void format_quoted_char(struct format *f, uint64_t c);
void format_string(struct format *f, str s);
void format_quoted(struct format *f, str s);
void format_hex(struct format *f, str s, bool upper);
/* `prec` is what the verb has without one: -1 for the shortest digits. */
void format_float(struct format *f, double v, char verb, int prec);

#endif
