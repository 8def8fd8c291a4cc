/* sort - stable sorting of arrays, with state for the comparator.
 *
 * Equal members keep their order, as with Go's sort.SliceStable, so results
 * never depend on the machine's qsort. Sorted input costs one pass; the
 * worst case is n log n comparisons and memory for half of the array.
 *
 * Any thread, one array at a time.
 */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include "base/str.h"

/* Negative, zero or positive, like strcmp; `ctx` is the caller's. */
typedef int sort_cmp(const void *a, const void *b, void *ctx);

/* Sort `n` members of `size` bytes each. */
void sort_stable(void *items, size_t n, size_t size, sort_cmp *cmp, void *ctx);
bool sort_is_sorted(const void *items, size_t n, size_t size, sort_cmp *cmp, void *ctx);

/* Texts by their bytes, as sort.Strings. */
void sort_strs(str *items, size_t n);
/* Sort, and drop all but the first of equal texts; gives what is left. */
size_t sort_unique(str *items, size_t n);
/* Place of the first of the sorted texts that is not below `s`: `n` when
 * all are. */
size_t sort_search(const str *items, size_t n, str s);

#endif
