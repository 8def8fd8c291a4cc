#include "base/map.h"

#include <stdlib.h>

#include "base/die.h"
#include "base/hash.h"

void map_release(struct map *m)
{
	free(m->entries);
	free(m->slots);
	*m = (struct map){ 0 };
}

void map_clear(struct map *m)
{
	m->n = 0;
	if (m->slots_n)
		memset(m->slots, 0, m->slots_n * sizeof *m->slots);
}

/* The slot of the key, or the free one where it would go. */
static uint32_t *slot(const struct map *m, str key)
{
	size_t mask = m->slots_n - 1;

	for (size_t i = hash_bytes(key) & mask;; i = (i + 1) & mask) {
		uint32_t *s = &m->slots[i];

		if (!*s || str_eq(m->entries[*s - 1].key, key))
			return s;
	}
}

static void rebuild(struct map *m, size_t slots_n)
{
	free(m->slots);
	m->slots = mem_calloc(slots_n, sizeof *m->slots);
	m->slots_n = slots_n;
	for (size_t i = 0; i < m->n; i++)
		*slot(m, m->entries[i].key) = (uint32_t)(i + 1);
}

static struct map_entry *find(const struct map *m, str key)
{
	if (!m->n)
		return NULL;
	uint32_t s = *slot(m, key);

	return s ? &m->entries[s - 1] : NULL;
}

void *map_get(const struct map *m, str key)
{
	struct map_entry *e = find(m, key);

	return e ? e->value : NULL;
}

bool map_has(const struct map *m, str key)
{
	return find(m, key) != NULL;
}

void *map_set(struct map *m, str key, void *value)
{
	struct map_entry *e = find(m, key);

	if (e) {
		void *old = e->value;

		e->value = value;
		return old;
	}
	if ((m->n + 1) * 2 > m->slots_n)
		rebuild(m, m->slots_n ? m->slots_n * 2 : 16);
	if (m->n == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 8;
		m->entries = mem_realloc(m->entries, m->cap, sizeof *m->entries);
	}
	*slot(m, key) = (uint32_t)(m->n + 1);
	m->entries[m->n++] = (struct map_entry){ key, value };
	return NULL;
}

/* Free a slot: those behind it that it kept from their own place move up. */
static void vacate(struct map *m, size_t hole)
{
	size_t mask = m->slots_n - 1;

	for (size_t i = (hole + 1) & mask; m->slots[i]; i = (i + 1) & mask) {
		size_t home = hash_bytes(m->entries[m->slots[i] - 1].key) & mask;

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		m->slots[hole] = m->slots[i];
		hole = i;
	}
	m->slots[hole] = 0;
}

bool map_remove(struct map *m, str key)
{
	struct map_entry *e = find(m, key);

	if (!e)
		return false;
	size_t at = (size_t)(e - m->entries);

	vacate(m, (size_t)(slot(m, key) - m->slots));
	if (at + 1 < m->n) {
		memmove(e, e + 1, (m->n - at - 1) * sizeof *e);
		for (size_t i = 0; i < m->slots_n; i++)
			m->slots[i] -= m->slots[i] > at + 1;
	}
	m->n--;
	return true;
}
