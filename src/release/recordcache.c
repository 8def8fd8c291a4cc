#include "release/recordcache.h"

#include <pthread.h>
#include <stdlib.h>

#include "archive/gzip.h"
#include "base/die.h"
#include "base/hash.h"
#include "base/vec.h"

struct packed {
	uint64_t hash, used;
	int level;
	struct buf text, packed;
};

/* So many records are packed at a time without getting memory anew. */
enum { PACKERS_MAX = 4 };

struct idle_packer {
	struct gzip_packer *p;
	int level;
};

struct record_cache {
	pthread_mutex_t lock;	/* of all below */
	struct idle_packer idle[PACKERS_MAX];	/* the last one was used last */
	size_t idle_n;
	VEC(struct packed) list;
	size_t bytes, max;
	uint64_t clock;
};

struct record_cache *record_cache_new(size_t max_bytes)
{
	struct record_cache *c = mem_calloc(1, sizeof *c);

	c->max = max_bytes;
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

static void drop(struct record_cache *c, size_t i)
{
	struct packed *p = &c->list.p[i];

	c->bytes -= p->text.n + p->packed.n;
	buf_release(&p->text);
	buf_release(&p->packed);
	*p = c->list.p[--c->list.n];
}

void record_cache_free(struct record_cache *c)
{
	if (!c)
		return;
	while (c->list.n)
		drop(c, c->list.n - 1);
	while (c->idle_n)
		gzip_packer_free(c->idle[--c->idle_n].p);
	vec_release(&c->list);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Under the lock. */
static struct packed *find(struct record_cache *c, uint64_t hash, str text, int level)
{
	for (size_t i = 0; i < c->list.n; i++) {
		struct packed *p = &c->list.p[i];

		if (p->hash == hash && p->level == level && str_eq(buf_str(&p->text), text))
			return p;
	}
	return NULL;
}

/* Under the lock. */
static void make_room(struct record_cache *c, size_t bytes)
{
	while (c->list.n && c->bytes + bytes > c->max) {
		size_t oldest = 0;

		for (size_t i = 1; i < c->list.n; i++)
			if (c->list.p[i].used < c->list.p[oldest].used)
				oldest = i;
		drop(c, oldest);
	}
}

static void keep(struct record_cache *c, uint64_t hash, str text, int level, str packed)
{
	struct packed p = { .hash = hash, .level = level, .text = BUF_INIT, .packed = BUF_INIT };

	if (text.n + packed.n > c->max)
		return;
	buf_add(&p.text, text);
	buf_add(&p.packed, packed);
	pthread_mutex_lock(&c->lock);
	if (find(c, hash, text, level)) {
		buf_release(&p.text);
		buf_release(&p.packed);
	} else {
		make_room(c, text.n + packed.n);
		p.used = ++c->clock;
		c->bytes += text.n + packed.n;
		vec_push(&c->list, p);
	}
	pthread_mutex_unlock(&c->lock);
}

/* ---- packing ------------------------------------------------------------- */

static struct gzip_packer *take_packer(struct record_cache *c, int level)
{
	struct gzip_packer *found = NULL;

	pthread_mutex_lock(&c->lock);
	for (size_t i = c->idle_n; i-- > 0 && !found;) {
		if (c->idle[i].level != level)
			continue;
		found = c->idle[i].p;
		c->idle_n--;
		memmove(c->idle + i, c->idle + i + 1, (c->idle_n - i) * sizeof *c->idle);
	}
	pthread_mutex_unlock(&c->lock);
	return found ? found : gzip_packer_new(level);
}

/* The one that has been idle for the longest time gives way. */
static void give_back(struct record_cache *c, struct gzip_packer *p, int level)
{
	struct gzip_packer *gone = NULL;

	pthread_mutex_lock(&c->lock);
	if (c->idle_n == PACKERS_MAX) {
		gone = c->idle[0].p;
		c->idle_n--;
		memmove(c->idle, c->idle + 1, c->idle_n * sizeof *c->idle);
	}
	c->idle[c->idle_n++] = (struct idle_packer){ p, level };
	pthread_mutex_unlock(&c->lock);
	gzip_packer_free(gone);
}

err *record_cache_pack_once(struct record_cache *c, str text, int level, struct buf *out)
{
	if (!c)
		return gzip_write(text, level, out);
	struct gzip_packer *p = take_packer(c, level);
	err *e = gzip_pack(p, text, out);

	give_back(c, p, level);
	return e;
}

err *record_cache_pack(struct record_cache *c, str text, int level, struct buf *out)
{
	uint64_t hash = hash_bytes(text);
	size_t start = out->n;

	if (!c)
		return gzip_write(text, level, out);
	pthread_mutex_lock(&c->lock);
	struct packed *p = find(c, hash, text, level);

	if (p) {
		p->used = ++c->clock;
		buf_add(out, buf_str(&p->packed));
	}
	pthread_mutex_unlock(&c->lock);
	if (p)
		return buf_check(out, "compressed data");
	TRY(record_cache_pack_once(c, text, level, out));
	keep(c, hash, text, level, str_from(buf_str(out), start));
	return NULL;
}
