/* queue - things by the time at which their next turn is due.
 *
 * A thing is on the queue once; putting it there again lets the earlier
 * time count. Those that are due come out in the order they were put in.
 * Guarded by its owner.
 */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The place of a thing; embedded in it. All zero: not queued. */
struct queue_place {
	int64_t due;		/* clock_mono */
	uint64_t order;
	size_t at;		/* in the heap, from 1; 0: not queued */
};

struct queue {
	struct queue_place **heap;	/* from index 1 */
	size_t n, cap;
	uint64_t order;
};

void queue_release(struct queue *q);
void queue_put(struct queue *q, struct queue_place *p, int64_t due);
void queue_remove(struct queue *q, struct queue_place *p);
/* The first, when it is due at `now`, taken off; else NULL. */
struct queue_place *queue_take(struct queue *q, int64_t now);
/* When the first is due; INT64_MAX: nothing is queued. */
int64_t queue_next(const struct queue *q);

#endif
