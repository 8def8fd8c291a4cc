#include "source/blobshare.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/owned.h"

/* So often a cancel is looked at. */
#define LOOK (200 * CLOCK_MS)

struct blob {
	struct blob *next;
	char *key;
	size_t key_n;
	bool done;
	size_t waiting;
	struct spool spool;
	int64_t since;
};

struct blobshare {
	pthread_mutex_t lock; /* of the rest */
	pthread_cond_t changed;
	struct blob *blobs; /* the newest first */
};

struct blobshare *blobshare_new(void)
{
	struct blobshare *s = mem_calloc(1, sizeof *s);
	pthread_condattr_t mono;

	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_cond_init(&s->changed, &mono);
	pthread_condattr_destroy(&mono);
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

static void drop(struct blob **at)
{
	struct blob *b = *at;

	*at = b->next;
	spool_release(&b->spool);
	free(b->key);
	free(b);
}

void blobshare_free(struct blobshare *s)
{
	if (!s)
		return;
	while (s->blobs)
		drop(&s->blobs);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- under the lock -------------------------------------------------------- */

static struct blob **find(struct blobshare *s, str key)
{
	struct blob **at = &s->blobs;

	while (*at && !str_eq(str_of((*at)->key, (*at)->key_n), key))
		at = &(*at)->next;
	return at;
}

static void add(struct blobshare *s, str key)
{
	struct blob *b = mem_calloc(1, sizeof *b);

	b->key = owned_text(key);
	b->key_n = key.n;
	spool_init(&b->spool, 0);
	b->next = s->blobs;
	s->blobs = b;
}

/* What is old or too much goes, but for what somebody waits for. */
static void tidy(struct blobshare *s)
{
	int64_t now = clock_mono();
	uint64_t bytes = 0;
	size_t n = 0;

	for (struct blob **at = &s->blobs; *at;) {
		struct blob *b = *at;

		if (b->done && !b->waiting &&
		    (now - b->since > BLOBSHARE_KEEP || n >= BLOBSHARE_BLOBS ||
		     b->spool.n > BLOBSHARE_BYTES - bytes)) {
			drop(at);
			continue;
		}
		if (b->done) {
			n++;
			bytes += bytes + b->spool.n < BLOBSHARE_BYTES ? b->spool.n : 0;
		}
		at = &b->next;
	}
}

/* False: it cannot be had; nobody waits for it any more. */
static bool take(struct blob *b, struct spool *to)
{
	err *e = spool_copy(&b->spool, to);
	bool ok = !e;

	err_free(e);
	return ok;
}

static void wait(struct blobshare *s, int64_t deadline)
{
	int64_t until = clock_after(clock_mono(), LOOK);
	struct timespec t = clock_timespec(until < deadline ? until : deadline);

	pthread_cond_timedwait(&s->changed, &s->lock, &t);
}

enum blobshare_role blobshare_begin(struct blobshare *s, str key, int64_t deadline,
				    const atomic_bool *cancel, struct spool *to)
{
	enum blobshare_role role = BLOBSHARE_ALONE;

	pthread_mutex_lock(&s->lock);
	tidy(s);
	for (;;) {
		struct blob *b = *find(s, key);

		if (!b) {
			add(s, key);
			role = BLOBSHARE_LEAD;
			break;
		}
		if (b->done) {
			role = take(b, to) ? BLOBSHARE_HAVE : BLOBSHARE_ALONE;
			break;
		}
		if (clock_mono() >= deadline || (cancel && atomic_load(cancel)))
			break;
		b->waiting++;
		wait(s, deadline);
		/* It is there as long as somebody waits for it, unless it failed. */
		b = *find(s, key);
		if (b && b->waiting)
			b->waiting--;
	}
	pthread_mutex_unlock(&s->lock);
	return role;
}

void blobshare_end(struct blobshare *s, str key, struct spool *got)
{
	pthread_mutex_lock(&s->lock);
	struct blob **at = find(s, key), *b = *at;
	err *e = b && got ? spool_copy(got, &b->spool) : NULL;

	if (b && (!got || e)) {
		drop(at);
	} else if (b) {
		b->done = true;
		b->since = clock_mono();
		tidy(s);
	}
	err_free(e);
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}
