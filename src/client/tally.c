#include "client/tally.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/owned.h"
#include "base/vec.h"

struct tally {
	atomic_uint count;
	pthread_mutex_t lock;		/* of what follows */
	VEC(struct tally_row) rows;	/* own their texts */
};

struct tally *tally_new(void)
{
	struct tally *t = mem_calloc(1, sizeof *t);

	atomic_init(&t->count, 1);
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

struct tally *tally_ref(struct tally *t)
{
	atomic_fetch_add(&t->count, 1);
	return t;
}

void tally_unref(struct tally *t)
{
	if (!t || atomic_fetch_sub(&t->count, 1) != 1)
		return;
	for (size_t i = 0; i < t->rows.n; i++) {
		owned_free(t->rows.p[i].method);
		owned_free(t->rows.p[i].host);
	}
	vec_release(&t->rows);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* Under the lock. The rows are few and those that count stand first. */
static struct tally_row *find(struct tally *t, str method, str host, int status)
{
	for (size_t i = 0; i < t->rows.n; i++) {
		struct tally_row *r = &t->rows.p[i];

		if (r->status == status && str_eq(r->method, method) && str_eq(r->host, host))
			return r;
	}
	return NULL;
}

/* Under the lock. */
static struct tally_row *need(struct tally *t, str method, str host, int status)
{
	struct tally_row *r = find(t, method, host, status);

	if (!r && t->rows.n >= TALLY_MAX) {
		host = S("...");
		r = find(t, method, host, status);
	}
	if (r)
		return r;
	vec_push(&t->rows, (struct tally_row){ .method = owned_str(method),
					       .host = owned_str(host),
					       .status = status });
	return &t->rows.p[t->rows.n - 1];
}

void tally_add(struct tally *t, str method, str host, int status)
{
	pthread_mutex_lock(&t->lock);
	need(t, method, host, status)->n++;
	pthread_mutex_unlock(&t->lock);
}

void tally_each(struct tally *t, void (*visit)(void *ctx, const struct tally_row *row), void *ctx)
{
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->rows.n; i++)
		visit(ctx, &t->rows.p[i]);
	pthread_mutex_unlock(&t->lock);
}
