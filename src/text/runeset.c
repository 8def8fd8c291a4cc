#include "text/runeset.h"

#include <stdlib.h>

/* From here on a full set is cleaned before it gets more room, so that
 * adding the same ranges over and over takes no memory. */
enum { CLEAN_FROM = 4096 };

static bool join(struct unicode_range *r, uint32_t lo, uint32_t hi)
{
	if (lo > r->hi + 1 || r->lo > hi + 1)
		return false;
	if (lo < r->lo)
		r->lo = lo;
	if (hi > r->hi)
		r->hi = hi;
	return true;
}

void runeset_add(struct arena *a, struct runeset *s, uint32_t lo, uint32_t hi)
{
	if (s->n && !s->cap)
		avec_reserve(a, s, 1);	/* a copy: the borrowed ranges stay as they are */
	if (s->n > 0 && join(&s->p[s->n - 1], lo, hi))
		return;
	if (s->n > 1 && join(&s->p[s->n - 2], lo, hi))	/* A-Z and a-z growing side by side */
		return;
	if (s->n >= CLEAN_FROM && s->n == s->cap) {
		runeset_clean(s);
		if (s->n > s->cap / 2)
			avec_reserve(a, s, s->cap);
	}
	avec_push(a, s, (struct unicode_range){ lo, hi });
}

void runeset_add_set(struct arena *a, struct runeset *s, const struct runeset *other)
{
	for (size_t i = 0; i < other->n; i++)
		runeset_add(a, s, other->p[i].lo, other->p[i].hi);
}

void runeset_add_others(struct arena *a, struct runeset *s, const struct runeset *other)
{
	uint32_t next = 0;

	for (size_t i = 0; i < other->n; i++) {
		if (next < other->p[i].lo)
			runeset_add(a, s, next, other->p[i].lo - 1);
		next = other->p[i].hi + 1;
	}
	if (next <= UNICODE_MAX)
		runeset_add(a, s, next, UNICODE_MAX);
}

static int cmp_range(const void *a, const void *b)
{
	const struct unicode_range *ra = a, *rb = b;

	return (ra->lo > rb->lo) - (ra->lo < rb->lo);
}

static bool is_clean(const struct runeset *s)
{
	for (size_t i = 1; i < s->n; i++)
		if (s->p[i].lo <= s->p[i - 1].hi + 1)
			return false;
	return true;
}

void runeset_clean(struct runeset *s)
{
	size_t n = 0;

	if (is_clean(s))
		return;
	qsort(s->p, s->n, sizeof *s->p, cmp_range);
	for (size_t i = 1; i < s->n; i++)
		if (s->p[i].lo > s->p[n].hi + 1)
			s->p[++n] = s->p[i];
		else if (s->p[i].hi > s->p[n].hi)
			s->p[n].hi = s->p[i].hi;
	s->n = n + 1;
}

/* Add the fold circles of the set's runes. */
static void fold_inside(struct arena *a, const struct runeset *s, struct runeset *folded)
{
	for (size_t i = 0; i < s->n; i++) {
		struct unicode_range r = s->p[i];

		for (uint32_t c = unicode_next_cased(r.lo); c <= r.hi;
		     c = unicode_next_cased(c + 1))
			for (uint32_t f = unicode_simple_fold(c); f != c;
			     f = unicode_simple_fold(f))
				if (f < r.lo || f > r.hi)
					runeset_add(a, folded, f, f);
	}
}

static bool folds_into(const struct runeset *s, uint32_t rune)
{
	for (uint32_t f = unicode_simple_fold(rune); f != rune; f = unicode_simple_fold(f))
		if (runeset_has(s, f))
			return true;
	return false;
}

/* The same for a large set: see which of the other runes belong to it. */
static void fold_outside(struct arena *a, const struct runeset *s, struct runeset *folded)
{
	uint32_t c = 0;

	for (size_t i = 0; i <= s->n; i++) {
		uint32_t end = i < s->n ? s->p[i].lo : UNICODE_MAX + 1;

		for (c = unicode_next_cased(c); c < end; c = unicode_next_cased(c + 1))
			if (folds_into(s, c))
				runeset_add(a, folded, c, c);
		if (i < s->n)
			c = s->p[i].hi + 1;
	}
}

void runeset_fold(struct arena *a, struct runeset *s)
{
	enum { LARGE = 1 << 15 };
	struct runeset folded = { 0 };
	uint32_t runes = 0;

	runeset_clean(s);
	for (size_t i = 0; i < s->n; i++)
		runes += s->p[i].hi - s->p[i].lo + 1;
	if (runes < LARGE)
		fold_inside(a, s, &folded);
	else
		fold_outside(a, s, &folded);
	if (!folded.n)
		return;
	runeset_add_set(a, s, &folded);
	runeset_clean(s);
}

void runeset_negate(struct arena *a, struct runeset *s)
{
	struct runeset others = { 0 };

	runeset_add_others(a, &others, s);
	*s = others;
}

bool runeset_has(const struct runeset *s, uint32_t rune)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t middle = (lo + hi) / 2;

		if (rune > s->p[middle].hi)
			lo = middle + 1;
		else if (rune < s->p[middle].lo)
			hi = middle;
		else
			return true;
	}
	return false;
}

bool runeset_eq(const struct runeset *a, const struct runeset *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n * sizeof *a->p) == 0);
}
