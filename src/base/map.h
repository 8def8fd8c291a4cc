/* map - a table from text to a pointer, in order of insertion.
 *
 * For names of things: at most 2^31 of them. Keys are borrowed: they must
 * live as long as the map. Entries keep the order in which they came, and
 * can be walked by index; a removed one leaves the others' order alone.
 * Worker-local; immutable once shared.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/str.h"

struct map_entry {
	str key;
	void *value;
};

struct map {
	struct map_entry *entries;	/* n of them, in order */
	size_t n, cap;
	uint32_t *slots;		/* index + 1; 0: free */
	size_t slots_n;			/* power of two, or 0 */
};

#define MAP_INIT { 0 }

void map_release(struct map *m);
void map_clear(struct map *m);
/* The value, or NULL when the key is not there (or its value is NULL). */
void *map_get(const struct map *m, str key);
bool map_has(const struct map *m, str key);
/* Set; an existing key keeps its place. Gives the former value or NULL. */
void *map_set(struct map *m, str key, void *value);
/* Linear in the size of the map. */
bool map_remove(struct map *m, str key);

#endif
