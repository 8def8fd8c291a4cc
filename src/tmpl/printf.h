/* printf - Go's fmt for template values.
 *
 * Verbs, flags, widths, argument indexes and all the %! forms of errors, as
 * package fmt has them. What is printed goes to a buf and is bounded by its
 * limit. Worker-local.
 */
#ifndef TMPL_PRINTF_H
#define TMPL_PRINTF_H

#include "base/buf.h"
#include "tmpl/value.h"

/* Sprintf, Sprint, Sprintln. */
void printf_format(struct buf *b, str format, const node *args, size_t n);
void printf_print(struct buf *b, const node *args, size_t n);
void printf_println(struct buf *b, const node *args, size_t n);

/* %v of one value. */
void printf_value(struct buf *b, node n);
/* The same of what a pointer leads to. */
void printf_pointee(struct buf *b, node n);
/* What an action writes: nil is "<no value>", and pointers' methods count. */
void printf_action(struct buf *b, node n);

#endif
