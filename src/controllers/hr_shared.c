#include "controllers/hr_shared.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/hash.h"
#include "base/owned.h"
#include "base/vec.h"

/* Bytes of charts, of packed charts, of templates. */
enum { CHARTS_MAX = 24 << 20, RECORDS_MAX = 8 << 20, TEMPLATES_MAX = 16 << 20 };

/* Rights that are remembered, each for so long. */
enum { RIGHTS_MAX = 1024 };
#define RIGHT_AGE (10 * CLOCK_MINUTE)

struct right {
	uint64_t hash;
	int64_t until;
};

struct kept_chart {
	str digest;		/* owned */
	struct hr_chart *chart;
	uint64_t used;
};

struct hr_shared {
	struct client *client;
	struct record_cache *records;
	struct tmpl_cache *templates;
	pthread_mutex_t lock;	/* of what follows */
	struct releases *releases;
	str namespace;		/* owned */
	VEC(struct kept_chart) charts;
	size_t bytes;
	uint64_t clock;
	struct right rights[RIGHTS_MAX];	/* by hash */
};

struct hr_shared *hr_shared_new(struct client *c, str namespace)
{
	struct hr_shared *s = mem_calloc(1, sizeof *s);

	s->client = client_ref(c);
	s->records = record_cache_new(RECORDS_MAX);
	s->templates = tmpl_cache_new(TEMPLATES_MAX);
	s->namespace = owned_str(namespace);
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

/* ---- charts -------------------------------------------------------------- */

struct hr_chart *hr_chart_new(void)
{
	struct hr_chart *c = mem_calloc(1, sizeof *c);

	atomic_store(&c->count, 1);
	return c;
}

void hr_chart_unref(struct hr_chart *c)
{
	if (!c || atomic_fetch_sub(&c->count, 1) != 1)
		return;
	arena_release(&c->arena);
	free(c);
}

/* Under the lock. */
static struct kept_chart *find(struct hr_shared *s, str digest)
{
	for (size_t i = 0; i < s->charts.n; i++)
		if (str_eq(s->charts.p[i].digest, digest))
			return &s->charts.p[i];
	return NULL;
}

/* Under the lock. */
static void forget(struct hr_shared *s, size_t i)
{
	struct kept_chart *k = &s->charts.p[i];

	s->bytes -= k->chart->arena.held;
	hr_chart_unref(k->chart);
	owned_free(k->digest);
	*k = s->charts.p[--s->charts.n];
}

struct hr_chart *hr_chart_find(struct hr_shared *s, str digest)
{
	struct hr_chart *c = NULL;

	pthread_mutex_lock(&s->lock);
	struct kept_chart *k = digest.n ? find(s, digest) : NULL;

	if (k) {
		k->used = ++s->clock;
		c = k->chart;
		atomic_fetch_add(&c->count, 1);
	}
	pthread_mutex_unlock(&s->lock);
	return c;
}

/* Under the lock. */
static void make_room(struct hr_shared *s, size_t bytes)
{
	while (s->charts.n && s->bytes + bytes > CHARTS_MAX) {
		size_t oldest = 0;

		for (size_t i = 1; i < s->charts.n; i++)
			if (s->charts.p[i].used < s->charts.p[oldest].used)
				oldest = i;
		forget(s, oldest);
	}
}

void hr_chart_share(struct hr_shared *s, str digest, struct hr_chart *c)
{
	if (!digest.n || c->arena.held > CHARTS_MAX / 2)
		return;
	pthread_mutex_lock(&s->lock);
	if (!find(s, digest)) {
		make_room(s, c->arena.held);
		atomic_fetch_add(&c->count, 1);
		s->bytes += c->arena.held;
		vec_push(&s->charts, (struct kept_chart){ owned_str(digest), c, ++s->clock });
	}
	pthread_mutex_unlock(&s->lock);
}

/* ---- rights ---------------------------------------------------------------- */

static uint64_t hash_right(uint64_t cluster, const char *verb, const struct client_resource *r,
			   str namespace)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addf(&b, "%llu|%s|%.*s|%.*s|%.*s", (unsigned long long)cluster, verb,
		 STR_ARG(r->group), STR_ARG(r->plural), STR_ARG(namespace));
	return hash_bytes(buf_str(&b));
}

void hr_right_note(struct hr_shared *s, uint64_t cluster, const char *verb,
		   const struct client_resource *r, str namespace)
{
	uint64_t hash = hash_right(cluster, verb, r, namespace);

	pthread_mutex_lock(&s->lock);
	s->rights[hash % RIGHTS_MAX] =
		(struct right){ hash, clock_after(clock_mono(), RIGHT_AGE) };
	pthread_mutex_unlock(&s->lock);
}

bool hr_right_is_known(struct hr_shared *s, uint64_t cluster, const char *verb,
		       const struct client_resource *r, str namespace)
{
	uint64_t hash = hash_right(cluster, verb, r, namespace);

	pthread_mutex_lock(&s->lock);
	const struct right *there = &s->rights[hash % RIGHTS_MAX];
	bool known = there->hash == hash && clock_mono() < there->until;

	pthread_mutex_unlock(&s->lock);
	return known;
}

/* ---- the rest -------------------------------------------------------------- */

struct releases *hr_shared_releases(struct hr_shared *s)
{
	pthread_mutex_lock(&s->lock);
	if (!s->releases)
		s->releases = releases_new(s->client, s->namespace);
	pthread_mutex_unlock(&s->lock);
	return s->releases;
}

struct record_cache *hr_shared_records(struct hr_shared *s)
{
	return s->records;
}

struct tmpl_cache *hr_shared_templates(struct hr_shared *s)
{
	return s->templates;
}

void hr_shared_free(struct hr_shared *s)
{
	if (!s)
		return;
	releases_free(s->releases);
	while (s->charts.n)
		forget(s, s->charts.n - 1);
	vec_release(&s->charts);
	record_cache_free(s->records);
	tmpl_cache_free(s->templates);
	pthread_mutex_destroy(&s->lock);
	owned_free(s->namespace);
	client_unref(s->client);
	free(s);
}
