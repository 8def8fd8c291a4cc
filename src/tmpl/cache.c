#include "tmpl/cache.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/hash.h"

/* A text that would take more than this part of the cache is not kept. */
enum { LARGEST_PART = 4, BUCKETS_MIN = 256 };

struct cache_entry {
	struct arena a;
	str name, text;
	struct tmpl_parsed parsed;
	uint64_t hash;
	size_t bytes;
	size_t used;			/* by leases */
	bool kept;			/* by the cache; else by its one lease */
	struct cache_entry *next;	/* in the bucket */
	struct cache_entry *older, *newer;
};

struct tmpl_cache {
	pthread_mutex_t lock;
	size_t max, bytes, n;
	uint64_t hits, misses;
	struct cache_entry **buckets;
	size_t buckets_n;		/* power of two */
	struct cache_entry *oldest, *newest;
};

/* ---- entries ----------------------------------------------------------- */

static void free_entry(struct cache_entry *e)
{
	arena_release(&e->a);
	free(e);
}

static err *make_entry(str name, str text, uint64_t hash, struct cache_entry **out)
{
	struct cache_entry *e = mem_calloc(1, sizeof *e);

	e->hash = hash;
	e->name = arena_str(&e->a, name);
	e->text = arena_str(&e->a, text);
	err *why = tmpl_parse(&e->a, e->name, e->text, &e->parsed);

	if (why) {
		free_entry(e);
		return why;
	}
	e->bytes = sizeof *e + e->a.held;
	*out = e;
	return NULL;
}

/* ---- the table --------------------------------------------------------- */

static struct cache_entry **bucket(const struct tmpl_cache *c, uint64_t hash)
{
	return &c->buckets[hash & (c->buckets_n - 1)];
}

static void grow(struct tmpl_cache *c)
{
	size_t n = c->buckets_n;
	struct cache_entry **old = c->buckets;

	c->buckets_n = n ? n * 2 : BUCKETS_MIN;
	c->buckets = mem_calloc(c->buckets_n, sizeof(struct cache_entry *));
	for (size_t i = 0; i < n; i++)
		for (struct cache_entry *e = old[i], *next; e; e = next) {
			struct cache_entry **to = bucket(c, e->hash);

			next = e->next;
			e->next = *to;
			*to = e;
		}
	free(old);
}

static void unlink_age(struct tmpl_cache *c, struct cache_entry *e)
{
	*(e->older ? &e->older->newer : &c->oldest) = e->newer;
	*(e->newer ? &e->newer->older : &c->newest) = e->older;
}

static void make_newest(struct tmpl_cache *c, struct cache_entry *e)
{
	e->newer = NULL;
	e->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = e;
	c->newest = e;
}

static void drop(struct tmpl_cache *c, struct cache_entry *e)
{
	struct cache_entry **at = bucket(c, e->hash);

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	unlink_age(c, e);
	c->bytes -= e->bytes;
	c->n--;
	free_entry(e);
}

static void shrink(struct tmpl_cache *c)
{
	for (struct cache_entry *e = c->oldest, *newer; e && c->bytes > c->max; e = newer) {
		newer = e->newer;
		if (!e->used)
			drop(c, e);
	}
}

static struct cache_entry *find(const struct tmpl_cache *c, str name, str text, uint64_t hash)
{
	if (!c->n)
		return NULL;
	for (struct cache_entry *e = *bucket(c, hash); e; e = e->next)
		if (e->hash == hash && str_eq(e->text, text) && str_eq(e->name, name))
			return e;
	return NULL;
}

/* The entry, used once more, or NULL. */
static struct cache_entry *take(struct tmpl_cache *c, str name, str text, uint64_t hash)
{
	struct cache_entry *e = find(c, name, text, hash);

	if (!e)
		return NULL;
	e->used++;
	unlink_age(c, e);
	make_newest(c, e);
	return e;
}

static void keep(struct tmpl_cache *c, struct cache_entry *e)
{
	struct cache_entry **to;

	if (c->n >= c->buckets_n)
		grow(c);
	to = bucket(c, e->hash);
	e->next = *to;
	*to = e;
	e->kept = true;
	e->used = 1;
	make_newest(c, e);
	c->bytes += e->bytes;
	c->n++;
	shrink(c);
}

/* ---- leases ------------------------------------------------------------ */

static struct cache_entry *look_up(struct tmpl_cache *c, str name, str text, uint64_t hash)
{
	pthread_mutex_lock(&c->lock);
	struct cache_entry *e = take(c, name, text, hash);

	*(e ? &c->hits : &c->misses) += 1;
	pthread_mutex_unlock(&c->lock);
	return e;
}

/* Keep a new entry, or give the one that another thread kept meanwhile. */
static struct cache_entry *add(struct tmpl_cache *c, struct cache_entry *new)
{
	pthread_mutex_lock(&c->lock);
	struct cache_entry *e = take(c, new->name, new->text, new->hash);

	if (!e && new->bytes <= c->max / LARGEST_PART)
		keep(c, new);
	pthread_mutex_unlock(&c->lock);
	if (!e)
		return new;
	free_entry(new);
	return e;
}

err *tmpl_lease_parse(struct tmpl_lease *l, str name, str text, const struct tmpl_parsed **out)
{
	uint64_t hash = hash_bytes(text) * 31 + hash_bytes(name);
	struct cache_entry *e = l->cache ? look_up(l->cache, name, text, hash) : NULL;

	if (!e) {
		TRY(make_entry(name, text, hash, &e));
		if (l->cache)
			e = add(l->cache, e);
	}
	vec_push(&l->held, e);
	*out = &e->parsed;
	return NULL;
}

void tmpl_lease_end(struct tmpl_lease *l)
{
	if (l->cache)
		pthread_mutex_lock(&l->cache->lock);
	for (size_t i = 0; i < l->held.n; i++)
		if (l->held.p[i]->kept)
			l->held.p[i]->used--;
		else
			free_entry(l->held.p[i]);
	if (l->cache) {
		shrink(l->cache);
		pthread_mutex_unlock(&l->cache->lock);
	}
	vec_release(&l->held);
}

/* ---- the cache --------------------------------------------------------- */

struct tmpl_cache *tmpl_cache_new(size_t max_bytes)
{
	struct tmpl_cache *c = mem_calloc(1, sizeof *c);

	if (pthread_mutex_init(&c->lock, NULL))
		die_bug("no lock for the cache of templates");
	c->max = max_bytes;
	grow(c);
	return c;
}

void tmpl_cache_free(struct tmpl_cache *c)
{
	if (!c)
		return;
	while (c->oldest) {
		assert(!c->oldest->used);
		drop(c, c->oldest);
	}
	pthread_mutex_destroy(&c->lock);
	free(c->buckets);
	free(c);
}

struct tmpl_cache_stats tmpl_cache_stats(struct tmpl_cache *c)
{
	pthread_mutex_lock(&c->lock);
	struct tmpl_cache_stats s = { c->hits, c->misses, c->n, c->bytes };

	pthread_mutex_unlock(&c->lock);
	return s;
}
