/* workers - a fixed set of threads that take work off one bounded queue.
 *
 * A piece of work is a function and its argument. It runs once, on one of
 * the threads, or is dropped once when the pool is canceled before its turn;
 * so the argument's owner always hears of it exactly once.
 *
 * workers_each spreads a loop over the pool. The caller does its share, so
 * it may be called from inside a piece of work, and with no pool at all.
 *
 * The functions here are for any thread, but for new and free.
 */
#ifndef BASE_WORKERS_H
#define BASE_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

struct workers;

struct work {
	void (*run)(void *arg);
	void (*drop)(void *arg);	/* instead of run, when canceled; may be NULL */
	void *arg;
};

/* `threads` of them (0: one a processor), and room for `queue` waiting
 * pieces (0: as many as there are threads). */
struct workers *workers_new(size_t threads, size_t queue);
/* Run what is queued, then end the threads. NULL is fine. */
void workers_free(struct workers *w);

size_t workers_threads(const struct workers *w);

/* Queue a piece of work; waits while the queue is full, so never call it
 * from inside a piece of work. False (the piece is not taken, nor dropped)
 * after workers_cancel. */
bool workers_submit(struct workers *w, struct work work);
/* The same without waiting: false also when the queue is full. */
bool workers_try_submit(struct workers *w, struct work work);

/* Wait until the queue is empty and nothing runs. Not from inside a piece of work. */
void workers_wait(struct workers *w);

/* Drop what is queued and take no more. Pieces that run see
 * workers_canceled and should end soon; workers_wait waits for them. */
void workers_cancel(struct workers *w);
bool workers_canceled(const struct workers *w);

/* fn(ctx, i) for each i below `n`, in any order, on the pool's threads and
 * this one; back when all are done. Cancel does not cut it short. `w` may be NULL. */
void workers_each(struct workers *w, size_t n, void (*fn)(void *ctx, size_t i), void *ctx);

#endif
