/* entries - tables of things that have kind, namespace and name. */
#include <stdlib.h>

#include "base/die.h"
#include "base/hash.h"
#include "controllers/runtime_impl.h"

static uint64_t mix(uint64_t h, str s)
{
	h = (h ^ hash_bytes(s)) * 0xff51afd7ed558ccd;
	return h ^ h >> 32;
}

uint64_t entry_hash(str group, str kind, str namespace, str name)
{
	return mix(mix(mix(mix(1, group), kind), namespace), name);
}

static struct entry **place(const struct entries *t, uint64_t hash, str group, str kind,
			    str namespace, str name)
{
	struct entry **at = &t->slots[hash & (t->slots_n - 1)];

	for (; *at; at = &(*at)->next)
		if ((*at)->hash == hash && str_eq((*at)->name, name) &&
		    str_eq((*at)->namespace, namespace) && str_eq((*at)->kind, kind) &&
		    str_eq((*at)->group, group))
			break;
	return at;
}

struct entry *entries_find(const struct entries *t, str group, str kind, str namespace, str name)
{
	if (!t->n)
		return NULL;
	return *place(t, entry_hash(group, kind, namespace, name), group, kind, namespace, name);
}

static void grow(struct entries *t)
{
	size_t n = t->slots_n ? t->slots_n * 2 : 64;
	struct entry **slots = mem_calloc(n, sizeof *slots);

	for (size_t s = 0; s < t->slots_n; s++)
		for (struct entry *e = t->slots[s], *next; e; e = next) {
			struct entry **at = &slots[e->hash & (n - 1)];

			next = e->next;
			e->next = *at;
			*at = e;
		}
	free(t->slots);
	t->slots = slots;
	t->slots_n = n;
}

void entries_add(struct entries *t, struct entry *e)
{
	if (t->n >= t->slots_n)
		grow(t);
	struct entry **at = &t->slots[e->hash & (t->slots_n - 1)];

	e->next = *at;
	*at = e;
	t->n++;
}

void entries_remove(struct entries *t, struct entry *e)
{
	struct entry **at = place(t, e->hash, e->group, e->kind, e->namespace, e->name);

	if (*at != e)
		die_bug("an entry is not in its table");
	*at = e->next;
	t->n--;
}

void entries_release(struct entries *t)
{
	free(t->slots);
	*t = (struct entries){ 0 };
}

static char *put(char *at, str from, str *to)
{
	if (from.n)
		memcpy(at, from.p, from.n);
	at[from.n] = 0;
	*to = str_of(at, from.n);
	return at + from.n + 1;
}

void *entry_new(size_t size, str group, str kind, str namespace, str name)
{
	struct entry *e = mem_calloc(1, size + group.n + kind.n + namespace.n + name.n + 4);
	char *at = put((char *)e + size, group, &e->group);

	put(put(put(at, kind, &e->kind), namespace, &e->namespace), name, &e->name);
	e->hash = entry_hash(group, kind, namespace, name);
	return e;
}
