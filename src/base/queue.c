#include "base/queue.h"

#include <stdlib.h>

#include "base/vec.h"

void queue_release(struct queue *q)
{
	free(q->heap);
	*q = (struct queue){ 0 };
}

static bool before(const struct queue_place *a, const struct queue_place *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void set(struct queue *q, size_t at, struct queue_place *p)
{
	q->heap[at] = p;
	p->at = at;
}

static void rise(struct queue *q, size_t at)
{
	struct queue_place *p = q->heap[at];

	for (; at > 1 && before(p, q->heap[at / 2]); at /= 2)
		set(q, at, q->heap[at / 2]);
	set(q, at, p);
}

static void sink(struct queue *q, size_t at)
{
	struct queue_place *p = q->heap[at];

	for (;;) {
		size_t child = at * 2;

		if (child > q->n)
			break;
		if (child < q->n && before(q->heap[child + 1], q->heap[child]))
			child++;
		if (!before(q->heap[child], p))
			break;
		set(q, at, q->heap[child]);
		at = child;
	}
	set(q, at, p);
}

void queue_put(struct queue *q, struct queue_place *p, int64_t due)
{
	if (p->at) {
		if (due < p->due) {
			p->due = due;
			rise(q, p->at);
		}
		return;
	}
	if (q->n + 2 > q->cap) {
		q->cap = vec_grown(q->cap, q->n + 2);
		q->heap = mem_realloc(q->heap, q->cap, sizeof *q->heap);
	}
	p->due = due;
	p->order = ++q->order;
	set(q, ++q->n, p);
	rise(q, q->n);
}

void queue_remove(struct queue *q, struct queue_place *p)
{
	size_t at = p->at;

	if (!at)
		return;
	struct queue_place *last = q->heap[q->n--];

	p->at = 0;
	if (last == p)
		return;
	set(q, at, last);
	rise(q, at);
	sink(q, last->at);
}

struct queue_place *queue_take(struct queue *q, int64_t now)
{
	struct queue_place *p = q->n ? q->heap[1] : NULL;

	if (!p || p->due > now)
		return NULL;
	queue_remove(q, p);
	return p;
}

int64_t queue_next(const struct queue *q)
{
	return q->n ? q->heap[1]->due : INT64_MAX;
}
