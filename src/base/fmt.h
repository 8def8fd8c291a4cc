/* fmt - printf into a buffer, for texts that may hold any byte.
 *
 * C's printf stops "%.*s" at a NUL; texts here may hold one, and messages
 * must not lose what follows it. So buf_addf, arena_printf and err_new come
 * here. "%.*s" takes exactly that many bytes (STR_ARG). Known are the verbs
 * d i u x X o c s e f g p % with flags, width and precision, and the lengths
 * hh h l ll z j t; anything else is a bug in the caller and aborts. Any
 * thread.
 */
#ifndef BASE_FMT_H
#define BASE_FMT_H

#include <stdarg.h>

#include "base/buf.h"

void fmt_add(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

#endif
