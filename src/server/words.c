#include "server/words.h"

#include <stdlib.h>

#include "base/vec.h"

void words_add(struct words *w, str text)
{
	VEC(str) list = { w->list, w->n, w->cap };

	avec_push(w->arena, &list, text);
	w->list = list.p;
	w->n = list.n;
	w->cap = list.cap;
}

void words_add_once(struct words *w, str text)
{
	for (size_t i = 0; i < w->n; i++)
		if (str_eq(w->list[i], text))
			return;
	words_add(w, text);
}

static int by_bytes(const void *x, const void *y)
{
	return str_cmp(*(const str *)x, *(const str *)y);
}

void words_sort(struct words *w)
{
	if (w->n)
		qsort(w->list, w->n, sizeof *w->list, by_bytes);
}

str words_joined(const struct words *w, str separator)
{
	return arena_join(w->arena, w->list, w->n, separator);
}

str words_quoted(const struct words *w)
{
	return w->n ? arena_cat(w->arena, S("\""), words_joined(w, S("\", \"")), S("\"")) : STR_NONE;
}
