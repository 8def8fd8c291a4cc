#include "server/dependents.h"

#include <stdlib.h>

#include "base/die.h"
#include "base/owned.h"
#include "base/vec.h"

struct dependent {
	char *key;
	VEC(struct owner *) owners;	/* each once; few */
};

struct owner {
	char *uid;
	VEC(struct dependent *) dependents;
};

static void owner_free(struct owner *o)
{
	vec_release(&o->dependents);
	free(o->uid);
	free(o);
}

static void dependent_free(struct dependent *x)
{
	vec_release(&x->owners);
	free(x->key);
	free(x);
}

void dependents_release(struct dependents *d)
{
	for (size_t i = 0; i < d->by_uid.n; i++)
		owner_free(d->by_uid.entries[i].value);
	for (size_t i = 0; i < d->by_key.n; i++)
		dependent_free(d->by_key.entries[i].value);
	map_release(&d->by_uid);
	map_release(&d->by_key);
}

static void unlink_from(struct dependents *d, struct owner *o, const struct dependent *x)
{
	size_t i = 0;

	while (o->dependents.p[i] != x)
		i++;
	o->dependents.p[i] = o->dependents.p[--o->dependents.n];
	if (!o->dependents.n) {
		map_remove(&d->by_uid, str_c(o->uid));
		owner_free(o);
	}
}

static void link_to(struct dependents *d, str uid, struct dependent *x)
{
	struct owner *o = map_get(&d->by_uid, uid);

	if (!o) {
		o = mem_calloc(1, sizeof *o);
		o->uid = owned_text(uid);
		map_set(&d->by_uid, str_c(o->uid), o);
	}
	for (size_t i = 0; i < x->owners.n; i++)
		if (x->owners.p[i] == o)
			return;
	vec_push(&x->owners, o);
	vec_push(&o->dependents, x);
}

static bool is_as_before(const struct dependent *x, const str *uids, size_t n)
{
	if (x->owners.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!str_eq(str_c(x->owners.p[i]->uid), uids[i]))
			return false;
	return true;
}

void dependents_set(struct dependents *d, str key, const str *uids, size_t n)
{
	struct dependent *x = map_get(&d->by_key, key);

	if (x ? is_as_before(x, uids, n) : !n)
		return;
	if (!x) {
		x = mem_calloc(1, sizeof *x);
		x->key = owned_text(key);
		map_set(&d->by_key, str_c(x->key), x);
	}
	for (size_t i = 0; i < x->owners.n; i++)
		unlink_from(d, x->owners.p[i], x);
	x->owners.n = 0;
	for (size_t i = 0; i < n; i++)
		link_to(d, uids[i], x);
	if (!n) {
		map_remove(&d->by_key, str_c(x->key));
		dependent_free(x);
	}
}

size_t dependents_count(const struct dependents *d, str uid)
{
	const struct owner *o = map_get(&d->by_uid, uid);

	return o ? o->dependents.n : 0;
}

str dependents_key(const struct dependents *d, str uid, size_t i)
{
	const struct owner *o = map_get(&d->by_uid, uid);

	return str_c(o->dependents.p[i]->key);
}
