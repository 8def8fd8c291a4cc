#include "base/sort.h"

#include <stdlib.h>

#include "base/die.h"

/* Runs of this length are sorted by insertion before merging starts: below
 * it, moving members is cheaper than merging them. */
enum { RUN = 12 };

struct order {
	size_t size;
	sort_cmp *cmp;
	void *ctx;
};

/* Members of one or two words, the usual ones, are moved without a call. */
static inline void move(char *to, const char *from, size_t size)
{
	switch (size) {
	case 8:
		memcpy(to, from, 8);
		return;
	case 16:
		memcpy(to, from, 16);
		return;
	default:
		memcpy(to, from, size);
	}
}

static void insertion(char *p, size_t n, const struct order *o, char *spare)
{
	size_t z = o->size;

	for (size_t i = 1; i < n; i++) {
		size_t at = i;

		while (at > 0 && o->cmp(p + (at - 1) * z, p + i * z, o->ctx) > 0)
			at--;
		if (at == i)
			continue;
		move(spare, p + i * z, z);
		memmove(p + (at + 1) * z, p + at * z, (i - at) * z);
		move(p + at * z, spare, z);
	}
}

/* Merge the sorted neighbours p[0, left) and p[left, n); `spare` holds `left`
 * members. */
static void merge(char *p, size_t left, size_t n, const struct order *o, char *spare)
{
	size_t z = o->size;
	char *right = p + left * z, *end = p + n * z;

	if (o->cmp(right - z, right, o->ctx) <= 0)
		return;
	memcpy(spare, p, left * z);
	char *a = spare, *a_end = spare + left * z, *to = p;

	while (a < a_end && right < end) {
		char **from = o->cmp(a, right, o->ctx) <= 0 ? &a : &right;

		move(to, *from, z);
		*from += z;
		to += z;
	}
	memcpy(to, a, (size_t)(a_end - a));
}

bool sort_is_sorted(const void *items, size_t n, size_t size, sort_cmp *cmp, void *ctx)
{
	const char *p = items;

	for (size_t i = 1; i < n; i++)
		if (cmp(p + (i - 1) * size, p + i * size, ctx) > 0)
			return false;
	return true;
}

void sort_stable(void *items, size_t n, size_t size, sort_cmp *cmp, void *ctx)
{
	const struct order o = { size, cmp, ctx };
	char *p = items;

	if (sort_is_sorted(items, n, size, cmp, ctx))
		return;
	char *spare = mem_calloc(n, size);

	for (size_t i = 0; i < n; i += RUN)
		insertion(p + i * size, n - i < RUN ? n - i : RUN, &o, spare);
	for (size_t width = RUN; width < n; width *= 2)
		for (size_t i = 0; n - i > width; i += 2 * width) {
			size_t both = n - i < 2 * width ? n - i : 2 * width;

			merge(p + i * size, width, both, &o, spare);
			if (both < 2 * width)
				break;
		}
	free(spare);
}

static int cmp_strs(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return str_cmp(*(const str *)a, *(const str *)b);
}

void sort_strs(str *items, size_t n)
{
	sort_stable(items, n, sizeof *items, cmp_strs, NULL);
}

size_t sort_unique(str *items, size_t n)
{
	size_t kept = 0;

	sort_strs(items, n);
	for (size_t i = 0; i < n; i++)
		if (!kept || !str_eq(items[kept - 1], items[i]))
			items[kept++] = items[i];
	return kept;
}

size_t sort_search(const str *items, size_t n, str s)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (str_cmp(items[mid], s) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}
