/* linediff - what changed between two texts, line by line.
 *
 * As Python's difflib (and its port to Go, which the API server has in its
 * messages): the longest block of equal lines first, then what is left and
 * right of it. Lines that stand very often in a long text begin no block.
 * Three lines of context; no header.
 *
 * Worker-local.
 */
#ifndef SERVER_LINEDIFF_H
#define SERVER_LINEDIFF_H

#include "base/arena.h"

/* Texts of more lines are compared as a whole: all removed, all added. */
enum { LINEDIFF_LINES_MAX = 10000 };

str linediff_unified(struct arena *a, str from, str to);

#endif
