/* arena - memory for one unit of work, thrown away whole.
 *
 * A command run, a rendered chart, a kustomize build, a request: each has an
 * arena, and what it makes dies with it. Nothing is freed one by one.
 *
 * The budget bounds what hostile input can make us hold. It is soft by one
 * step: an allocation always succeeds, and arena_check tells once the budget
 * is passed. Whoever loops over input checks once a turn; whoever makes one
 * big thing out of a small one asks arena_fits first.
 *
 * Under AddressSanitizer every allocation has a poisoned gap behind it, and
 * memory that was rewound, cleared or outgrown is poisoned until it is used
 * again.
 *
 * Worker-local. Memory is aligned to 8 bytes and not cleared, but for
 * arena_zero.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/err.h"
#include "base/str.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif

#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
enum { ARENA_GAP = 16 };
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
enum { ARENA_GAP = 0 };
#endif

struct arena_chunk;

struct arena {
	char *p, *end;			/* free bytes of the newest chunk, in eights */
	struct arena_chunk *chunk;
	size_t held;			/* bytes taken from malloc */
	size_t high;			/* the most ever held */
	size_t budget;			/* bytes; 0: none */
};

#define ARENA_INIT { 0 }
#define ARENA_BUDGET(bytes) { .budget = (bytes) }

void arena_release(struct arena *a);
/* Forget everything but keep the first chunk: for the next round of a loop. */
void arena_clear(struct arena *a);

void *arena_slow(struct arena *a, size_t n) __attribute__((returns_nonnull));

static inline void *arena_alloc(struct arena *a, size_t n)
{
	size_t room = (size_t)(a->end - a->p);

	if (n > room || n + ARENA_GAP > room || !a->p)
		return arena_slow(a, n);
	char *p = a->p;

	a->p += ((n + 7) & ~(size_t)7) + ARENA_GAP;
	ASAN_UNPOISON_MEMORY_REGION(p, n);
	return p;
}

void *arena_zero(struct arena *a, size_t count, size_t size) __attribute__((returns_nonnull));
#define arena_new(a, type) ((type *)arena_zero((a), 1, sizeof(type)))
#define arena_array(a, type, count) ((type *)arena_zero((a), (count), sizeof(type)))

/* Copy bytes; the copy is NUL-terminated. */
str arena_str(struct arena *a, str s);
/* The same with the ASCII letters made small. */
str arena_lower(struct arena *a, str s);
str arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The pieces joined into one text. */
str arena_join(struct arena *a, const str *pieces, size_t n, str separator);
#define arena_cat(a, ...)                                                              \
	arena_join((a), (const str[]){ __VA_ARGS__ },                                  \
		   sizeof((const str[]){ __VA_ARGS__ }) / sizeof(str), STR_NONE)

/* A point to come back to: arena_rewind frees what was made since. */
struct arena_mark {
	struct arena_chunk *chunk;
	char *p;
};
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark mark);

/* Whether `n` more bytes stay within the budget. */
bool arena_fits(const struct arena *a, size_t n);
/* NULL, or "WHAT needs more than N bytes of memory". */
err *arena_check(const struct arena *a, const char *what) __attribute__((warn_unused_result));

#endif
