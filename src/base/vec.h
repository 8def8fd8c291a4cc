/* vec - a growing array of any type.
 *
 *	VEC(struct thing) things = { 0 };
 *	vec_push(&things, thing);
 *	for (size_t i = 0; i < things.n; i++) use(things.p[i]);
 *	vec_release(&things);
 *
 * vec_* takes memory from malloc; avec_* from an arena, where an outgrown
 * array is left behind, and poisoned under AddressSanitizer; an array with
 * cap 0 is borrowed, and copied by the first push. Do not mix the two on one
 * vec. Worker-local.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stdlib.h>

#include "base/arena.h"
#include "base/die.h"

#define VEC(type)               \
	struct {                \
		type *p;        \
		size_t n, cap;  \
	}

#define vec_reserve(v, more)                                                          \
	do {                                                                          \
		if ((v)->n + (more) > (v)->cap) {                                     \
			(v)->cap = vec_grown((v)->cap, (v)->n + (more));              \
			(v)->p = mem_realloc((v)->p, (v)->cap, sizeof *(v)->p);       \
		}                                                                     \
	} while (0)

#define vec_push(v, ...)                                \
	do {                                            \
		vec_reserve((v), 1);                    \
		(v)->p[(v)->n++] = (__VA_ARGS__);       \
	} while (0)

#define vec_release(v)                    \
	do {                              \
		free((v)->p);             \
		(v)->p = NULL;            \
		(v)->n = (v)->cap = 0;    \
	} while (0)

#define avec_reserve(a, v, more)                                                          \
	do {                                                                              \
		if ((v)->n + (more) > (v)->cap) {                                         \
			size_t cap_ = vec_grown((v)->cap, (v)->n + (more));               \
			void *old_ = (v)->p;                                              \
			(v)->p = avec_move((a), (v)->p, (v)->n, cap_, sizeof *(v)->p);    \
			ASAN_POISON_MEMORY_REGION(old_, (v)->cap * sizeof *(v)->p);       \
			(v)->cap = cap_;                                                  \
		}                                                                         \
	} while (0)

#define avec_push(a, v, ...)                            \
	do {                                            \
		avec_reserve((a), (v), 1);              \
		(v)->p[(v)->n++] = (__VA_ARGS__);       \
	} while (0)

static inline size_t vec_grown(size_t cap, size_t need)
{
	cap = cap ? cap * 2 : 8;
	return cap < need ? need : cap;
}

/* An array of `cap` members that begins with the `n` of another. */
static inline void *avec_move(struct arena *a, const void *old, size_t n, size_t cap, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(cap, size, &bytes))
		die_bug("array of %zu x %zu bytes", cap, size);
	void *p = arena_alloc(a, bytes);

	if (n)
		memcpy(p, old, n * size);
	return p;
}

#endif
