/* store_impl - what the parts of the store share. */
#ifndef SERVER_STORE_IMPL_H
#define SERVER_STORE_IMPL_H

#include <pthread.h>

#include "base/vec.h"
#include "server/objset.h"
#include "server/store.h"
#include "server/store_log.h"

struct store_table {
	str name;		/* "group/plural"; owned */
	struct objset set;	/* locked by store.m */
	_Atomic uint64_t changed;	/* number of the last change */
};

struct store_past {
	struct store_event event;
	int64_t time;		/* clock_mono when it was committed */
};

struct store {
	struct store_options o;
	struct store_log *log;	/* NULL: in memory only. Of who leads */
	struct round *round;	/* the same, as are the next */
	bool held;		/* store_hold */
	bool begun;		/* a transaction */
	bool lost;		/* a transaction of more than one round was undone */

	pthread_mutex_t m;	/* guards what follows; leaf */
	VEC(struct store_table *) tables;
	uint64_t rv;		/* of the last write that readers see */
	struct store_log_marks marks;	/* compacted: events up to it are gone */
	struct store_past *past;	/* a ring of past_cap, a power of two */
	size_t past_head, past_n, past_cap;
	size_t past_bytes;	/* of states that only the past holds */

	pthread_mutex_t queue_m;	/* guards what follows; leaf */
	struct store_op *queue, **queue_end;
	bool led;		/* somebody commits */
};

struct store_table *store_table_named(struct store *s, str name);

/* With `m` held. Takes the references of the event. */
void store_past_add(struct store *s, const struct store_event *e, int64_t now);
void store_past_trim(struct store *s, int64_t now);
static inline struct store_past *store_past_at(struct store *s, size_t i)
{
	return &s->past[(s->past_head + i) & (s->past_cap - 1)];
}
/* Index of the first event behind `rv`. */
size_t store_past_find(struct store *s, uint64_t rv);

/* Write down the numbers reserved and the hole. Opening thread, or who leads. */
err *store_mark(struct store *s) __attribute__((warn_unused_result));

/* Around all writes. */
void store_begin(struct store *s);
void store_finish(struct store *s);

#endif
