/* owned - a text of its own, for what outlives every arena.
 *
 * owned_text copies into memory from malloc, with a NUL behind it, also of the
 * empty text: the caller frees it. owned_free is for those that keep a str of it.
 * owned_put is for many texts in one piece of memory, which its owner made large enough.
 */
#ifndef BASE_OWNED_H
#define BASE_OWNED_H

#include "base/str.h"

char *owned_text(str s) __attribute__((malloc, returns_nonnull));
/* The same as a str, for owned_free. */
str owned_str(str s);
void owned_free(str s);
/* Copy to `*to`, without a NUL, and move `*to` behind it; the copy. */
str owned_put(char **to, str s);

#endif
