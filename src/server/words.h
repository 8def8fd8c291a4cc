/* words - a list of texts that a message names.
 *
 * It borrows the texts; the list and what is made of it live in its arena, so there is
 * nothing to release: `struct words w = { .arena = a }`. Worker-local.
 */
#ifndef SERVER_WORDS_H
#define SERVER_WORDS_H

#include "base/arena.h"

struct words {
	struct arena *arena;
	str *list;
	size_t n, cap;
};

void words_add(struct words *w, str text);
/* Unless it is there. */
void words_add_once(struct words *w, str text);
void words_sort(struct words *w);
/* `"a", "b"` */
str words_quoted(const struct words *w);
str words_joined(const struct words *w, str separator);

#endif
