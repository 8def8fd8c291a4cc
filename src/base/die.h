/* die - the end of the process for what must never happen.
 *
 * Out of memory, failed pthread calls and broken invariants have no code
 * path: they abort with one line on standard error. Never for bad input.
 */
#ifndef BASE_DIE_H
#define BASE_DIE_H

#include <stddef.h>

#define die_bug(...) die_bug_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void die_bug_at(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* malloc and friends that never fail. Sizes are counts of bytes or of
 * members; the product is checked. mem_alloc leaves the bytes unset. */
void *mem_alloc(size_t n) __attribute__((malloc, returns_nonnull));
void *mem_calloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *p, size_t count, size_t size) __attribute__((returns_nonnull));

/* Run `release(&variable)` when the variable goes out of scope. */
#define CLEANUP(release) __attribute__((cleanup(release)))

#endif
