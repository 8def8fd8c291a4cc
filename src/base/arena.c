#include "base/arena.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "base/die.h"
#include "base/fmt.h"

/* Chunks double from 4 KiB to 1 MiB: a small unit of work costs one page, a
 * large one few mallocs, and the last half-empty chunk is at most 1 MiB.
 * Units that have come to HUGE_FROM take huge pages, where the system has
 * them: 512 page faults become one, a sixth of the time of a large render. */
enum { CHUNK_MIN = 4096, CHUNK_MAX = 1 << 20, HUGE_FROM = 3 << 20, HUGE_PAGE = 2 << 20 };

struct arena_chunk {
	struct arena_chunk *older;
	size_t size;		/* of the whole block */
	char bytes[];
};

static void *huge_chunk(void)
{
	void *p = aligned_alloc(HUGE_PAGE, HUGE_PAGE);

	if (!p)
		die_bug("out of memory");
	(void)madvise(p, HUGE_PAGE, MADV_HUGEPAGE);
	return p;
}

void *arena_slow(struct arena *a, size_t n)
{
	size_t size = a->chunk ? a->chunk->size * 2 : CHUNK_MIN;
	size_t need = ((n + 7) & ~(size_t)7) + ARENA_GAP + sizeof(struct arena_chunk);

	if (size > CHUNK_MAX)
		size = CHUNK_MAX;
	if (n > SIZE_MAX / 2)
		die_bug("arena allocation of %zu bytes", n);
	if (size < need)
		size = need;
	if (size == CHUNK_MAX && a->held >= HUGE_FROM)
		size = HUGE_PAGE;
	struct arena_chunk *c = size == HUGE_PAGE ? huge_chunk() : mem_alloc(size);

	c->size = size;
	c->older = a->chunk;
	a->chunk = c;
	a->held += size;
	if (a->held > a->high)
		a->high = a->held;
	a->p = c->bytes;
	a->end = (char *)c + size;
	ASAN_POISON_MEMORY_REGION(a->p, (size_t)(a->end - a->p));
	return arena_alloc(a, n);
}

static void pop(struct arena *a)
{
	struct arena_chunk *c = a->chunk;

	a->chunk = c->older;
	a->held -= c->size;
	ASAN_UNPOISON_MEMORY_REGION(c, c->size);
	free(c);
}

static void point(struct arena *a, char *p)
{
	a->p = p;
	a->end = a->chunk ? (char *)a->chunk + a->chunk->size : NULL;
	ASAN_POISON_MEMORY_REGION(a->p, (size_t)(a->end - a->p));
}

void arena_release(struct arena *a)
{
	while (a->chunk)
		pop(a);
	point(a, NULL);
}

void arena_clear(struct arena *a)
{
	while (a->chunk && (a->chunk->older || a->chunk->size > CHUNK_MAX))
		pop(a);
	point(a, a->chunk ? a->chunk->bytes : NULL);
}

void *arena_zero(struct arena *a, size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		die_bug("arena allocation of %zu x %zu bytes", count, size);
	return memset(arena_alloc(a, n), 0, n);
}

str arena_str(struct arena *a, str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = 0;
	return (str){ p, s.n };
}

str arena_lower(struct arena *a, str s)
{
	str copy = arena_str(a, s);
	char *p = (char *)copy.p;

	for (size_t i = 0; i < copy.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] |= 32;
	return copy;
}

str arena_printf(struct arena *a, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fmt_add(&b, fmt, ap);
	va_end(ap);
	return arena_str(a, buf_str(&b));
}

str arena_join(struct arena *a, const str *pieces, size_t n, str separator)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += pieces[i].n + (i ? separator.n : 0);
	char *p = arena_alloc(a, total + 1), *to = p;

	for (size_t i = 0; i < n; i++) {
		if (i && separator.n)
			to = mempcpy(to, separator.p, separator.n);
		if (pieces[i].n)
			to = mempcpy(to, pieces[i].p, pieces[i].n);
	}
	*to = 0;
	return (str){ p, total };
}

struct arena_mark arena_mark(const struct arena *a)
{
	return (struct arena_mark){ a->chunk, a->p };
}

void arena_rewind(struct arena *a, struct arena_mark mark)
{
	while (a->chunk != mark.chunk)
		pop(a);
	point(a, mark.p);
}

bool arena_fits(const struct arena *a, size_t n)
{
	return !a->budget || (n <= a->budget && a->held <= a->budget - n);
}

err *arena_check(const struct arena *a, const char *what)
{
	if (arena_fits(a, 0))
		return NULL;
	return err_new(ERR_INVALID, "%s needs more than %zu bytes of memory", what, a->budget);
}
