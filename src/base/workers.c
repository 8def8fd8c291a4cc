#include "base/workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/die.h"

/* Depth limits of parsers and renderers are chosen for this much. */
enum { STACK = 8 << 20 };

struct workers {
	pthread_mutex_t m;
	pthread_cond_t more;		/* work came, or the end */
	pthread_cond_t room;		/* the queue is not full any more */
	pthread_cond_t idle;		/* nothing queued, nothing running */
	struct work *ring;
	size_t head, n, cap;		/* locked by m */
	size_t running;			/* locked by m */
	bool ending;			/* locked by m */
	atomic_bool canceled;
	size_t threads_n;
	pthread_t threads[];
};

static bool take(struct workers *w, struct work *out)
{
	while (!w->n && !w->ending)
		pthread_cond_wait(&w->more, &w->m);
	if (!w->n)
		return false;
	*out = w->ring[w->head];
	w->head = (w->head + 1) % w->cap;
	w->n--;
	w->running++;
	pthread_cond_signal(&w->room);
	return true;
}

static void *serve(void *arg)
{
	struct workers *w = arg;
	struct work work;

	pthread_mutex_lock(&w->m);
	while (take(w, &work)) {
		pthread_mutex_unlock(&w->m);
		work.run(work.arg);
		pthread_mutex_lock(&w->m);
		if (!--w->running && !w->n)
			pthread_cond_broadcast(&w->idle);
	}
	pthread_mutex_unlock(&w->m);
	return NULL;
}

static size_t processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (size_t)n : 1;
}

static void must(int result, const char *what)
{
	if (result)
		die_bug("%s failed: errno %d", what, result);
}

struct workers *workers_new(size_t threads, size_t queue)
{
	if (!threads)
		threads = processors();
	struct workers *w = mem_calloc(1, sizeof *w + threads * sizeof *w->threads);
	pthread_attr_t attr;

	w->threads_n = threads;
	w->cap = queue ? queue : threads;
	w->ring = mem_calloc(w->cap, sizeof *w->ring);
	must(pthread_mutex_init(&w->m, NULL), "pthread_mutex_init");
	must(pthread_cond_init(&w->more, NULL), "pthread_cond_init");
	must(pthread_cond_init(&w->room, NULL), "pthread_cond_init");
	must(pthread_cond_init(&w->idle, NULL), "pthread_cond_init");
	must(pthread_attr_init(&attr), "pthread_attr_init");
	must(pthread_attr_setstacksize(&attr, STACK), "pthread_attr_setstacksize");
	for (size_t i = 0; i < threads; i++)
		must(pthread_create(&w->threads[i], &attr, serve, w), "pthread_create");
	pthread_attr_destroy(&attr);
	return w;
}

void workers_free(struct workers *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->m);
	w->ending = true;
	pthread_cond_broadcast(&w->more);
	pthread_mutex_unlock(&w->m);
	for (size_t i = 0; i < w->threads_n; i++)
		pthread_join(w->threads[i], NULL);
	pthread_cond_destroy(&w->more);
	pthread_cond_destroy(&w->room);
	pthread_cond_destroy(&w->idle);
	pthread_mutex_destroy(&w->m);
	free(w->ring);
	free(w);
}

size_t workers_threads(const struct workers *w)
{
	return w->threads_n;
}

static bool submit(struct workers *w, struct work work, bool wait)
{
	pthread_mutex_lock(&w->m);
	while (wait && w->n == w->cap && !w->canceled)
		pthread_cond_wait(&w->room, &w->m);
	bool taken = w->n < w->cap && !w->canceled;

	if (taken) {
		w->ring[(w->head + w->n) % w->cap] = work;
		w->n++;
	}
	pthread_mutex_unlock(&w->m);
	if (taken)	/* not before: who wakes would wait for the lock at once */
		pthread_cond_signal(&w->more);
	return taken;
}

bool workers_submit(struct workers *w, struct work work)
{
	return submit(w, work, true);
}

bool workers_try_submit(struct workers *w, struct work work)
{
	return submit(w, work, false);
}

void workers_wait(struct workers *w)
{
	pthread_mutex_lock(&w->m);
	while (w->n || w->running)
		pthread_cond_wait(&w->idle, &w->m);
	pthread_mutex_unlock(&w->m);
}

void workers_cancel(struct workers *w)
{
	struct work *dropped = mem_calloc(w->cap, sizeof *dropped);
	size_t n = 0;

	pthread_mutex_lock(&w->m);
	atomic_store(&w->canceled, true);
	for (; w->n; w->n--) {
		dropped[n++] = w->ring[w->head];
		w->head = (w->head + 1) % w->cap;
	}
	pthread_cond_broadcast(&w->room);
	if (!w->running)
		pthread_cond_broadcast(&w->idle);
	pthread_mutex_unlock(&w->m);
	for (size_t i = 0; i < n; i++)
		if (dropped[i].drop)
			dropped[i].drop(dropped[i].arg);
	free(dropped);
}

bool workers_canceled(const struct workers *w)
{
	return atomic_load(&w->canceled);
}

/* ---- a loop over the pool --------------------------------------------- */

/* Shared by the caller and the helpers it found room for; the last of them
 * frees it, for a helper may get its turn long after the loop has ended. */
struct each {
	void (*fn)(void *ctx, size_t i);
	void *ctx;
	size_t n;
	atomic_size_t next, done;
	atomic_size_t holders;
	pthread_mutex_t m;
	pthread_cond_t all;
};

static void each_drop(void *arg)
{
	struct each *e = arg;

	if (atomic_fetch_sub(&e->holders, 1) > 1)
		return;
	pthread_cond_destroy(&e->all);
	pthread_mutex_destroy(&e->m);
	free(e);
}

static void each_share(struct each *e)
{
	size_t i;

	while ((i = atomic_fetch_add(&e->next, 1)) < e->n) {
		e->fn(e->ctx, i);
		if (atomic_fetch_add(&e->done, 1) + 1 < e->n)
			continue;
		pthread_mutex_lock(&e->m);
		pthread_cond_signal(&e->all);
		pthread_mutex_unlock(&e->m);
	}
}

static void each_run(void *arg)
{
	each_share(arg);
	each_drop(arg);
}

void workers_each(struct workers *w, size_t n, void (*fn)(void *ctx, size_t i), void *ctx)
{
	size_t helpers = w && n > 1 ? w->threads_n : 0;

	if (!helpers) {
		for (size_t i = 0; i < n; i++)
			fn(ctx, i);
		return;
	}
	struct each *e = mem_calloc(1, sizeof *e);

	*e = (struct each){ .fn = fn, .ctx = ctx, .n = n, .holders = 1 };
	must(pthread_mutex_init(&e->m, NULL), "pthread_mutex_init");
	must(pthread_cond_init(&e->all, NULL), "pthread_cond_init");
	for (size_t i = 0; i < helpers && i < n - 1; i++) {
		atomic_fetch_add(&e->holders, 1);
		if (!workers_try_submit(w, (struct work){ each_run, each_drop, e })) {
			each_drop(e);
			break;
		}
	}
	each_share(e);
	pthread_mutex_lock(&e->m);
	while (atomic_load(&e->done) < n)
		pthread_cond_wait(&e->all, &e->m);
	pthread_mutex_unlock(&e->m);
	each_drop(e);
}
