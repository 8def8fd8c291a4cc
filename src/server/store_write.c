#include <semaphore.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "server/store_impl.h"

/* One round: the writes taken, those of them that go through, and their events. */
struct round {
	struct store *s;
	struct store_op *ops[STORE_GROUP_MAX];
	size_t n;
	struct store_op *good[STORE_GROUP_MAX];
	struct store_event events[STORE_GROUP_MAX];
	size_t good_n;
	uint64_t rv;
};

static void take_queue(struct round *r)
{
	struct store *s = r->s;

	pthread_mutex_lock(&s->queue_m);
	for (r->n = 0; s->queue && r->n < STORE_GROUP_MAX; r->n++) {
		r->ops[r->n] = s->queue;
		s->queue = s->queue->next;
	}
	if (!s->queue)
		s->queue_end = &s->queue;
	pthread_mutex_unlock(&s->queue_m);
}

/* The state that a write of this round meets: what earlier ones of the round
 * made of it, else the current one. NULL: it is not there. Only who leads
 * changes the sets' keys, but readers may exchange blobs (store_refresh). */
static struct blob *meets(struct round *r, struct store_table *t, str namespace, str name)
{
	for (size_t i = r->good_n; i--;) {
		struct store_event *e = &r->events[i];

		if (e->table == t && !blob_cmp_key(e->now, namespace, name))
			return e->change == STORE_DELETED ? NULL : blob_ref(e->now);
	}
	return store_get(r->s, t, namespace, name);
}

static enum store_outcome judge(struct round *r, const struct store_op *op, const struct blob *old)
{
	if (op->guard) {
		CLEANUP(blob_drop)
		struct blob *guard = meets(r, op->guard, STR_NONE, op->guard_name);

		if (!guard)
			return STORE_NO_GUARD;
	}
	if (op->write == STORE_CREATE)
		return old ? STORE_EXISTS : STORE_DONE;
	if (!old)
		return STORE_MISSING;
	return op->expect && op->expect != old->rv ? STORE_CONFLICT : STORE_DONE;
}

static err *log_event(struct store *s, const struct store_event *e)
{
	return store_log_add(s->log, &(struct store_log_row){
					     .rv = e->rv,
					     .before = e->before ? e->before->rv : 0,
					     .table = e->table->name,
					     .namespace = blob_namespace(e->now),
					     .name = blob_name(e->now),
					     .change = e->change,
					     .body_at = e->now->body_at,
					     .meta_at = e->now->meta_at,
					     .stamp = e->now->stamp,
					     .json = blob_json(e->now),
				     });
}

/* Decide about one write; what goes through becomes an event. */
static err *try_op(struct round *r, struct store_op *op)
{
	static const enum store_change changes[] = {
		[STORE_CREATE] = STORE_ADDED,
		[STORE_UPDATE] = STORE_MODIFIED,
		[STORE_DELETE] = STORE_DELETED,
	};
	struct blob *old = meets(r, op->table, op->parts.namespace, op->parts.name);

	op->outcome = judge(r, op, old);
	if (op->outcome != STORE_DONE) {
		blob_unref(old);
		return NULL;
	}
	struct store_event *e = &r->events[r->good_n];

	*e = (struct store_event){
		.rv = ++r->rv,
		.table = op->table,
		.change = changes[op->write],
		.now = blob_new(&op->parts, r->rv),
		.before = old,
	};
	r->good[r->good_n++] = op;
	return r->s->log ? log_event(r->s, e) : NULL;
}

static err *begin_transaction(struct store *s)
{
	if (!s->log || s->begun)
		return NULL;
	TRY(store_log_begin(s->log));
	s->begun = true;
	return NULL;
}

static err *end_transaction(struct store *s)
{
	if (!s->begun)
		return NULL;
	s->begun = false;
	return store_log_commit(s->log);
}

/* Numbers are written down before they are used. */
static err *reserve(struct round *r)
{
	struct store *s = r->s;

	if (!s->log || r->rv + r->n <= s->marks.reserved)
		return NULL;
	TRY(end_transaction(s));
	pthread_mutex_lock(&s->m);
	s->marks.reserved = r->rv + STORE_GROUP_MAX + STORE_RESERVE;
	pthread_mutex_unlock(&s->m);
	return store_mark(s);
}

static err *settle(struct store *s, struct store_op *op)
{
	s->held = false;
	op->outcome = STORE_DONE;
	return s->lost ? err_new(ERR_UNAVAILABLE, "the store cannot be written") : NULL;
}

static err *write_all(struct round *r)
{
	struct store *s = r->s;

	TRY(reserve(r));
	TRY(begin_transaction(s));
	for (size_t i = 0; i < r->n; i++)
		TRY(r->ops[i]->write == STORE_SETTLE ? settle(s, r->ops[i]) : try_op(r, r->ops[i]));
	return s->held ? NULL : end_transaction(s);
}

/* Show readers what was committed. */
static void publish(struct round *r)
{
	struct store *s = r->s;
	int64_t now = clock_mono();

	pthread_mutex_lock(&s->m);
	for (size_t i = 0; i < r->good_n; i++) {
		const struct store_event *e = &r->events[i];

		if (e->change == STORE_DELETED)
			objset_remove(&e->table->set, blob_namespace(e->now), blob_name(e->now));
		else
			objset_put(&e->table->set, blob_ref(e->now));
		e->table->changed = e->rv;
		r->good[i]->blob = blob_ref(e->now);
		store_past_add(s, e, now);
	}
	s->rv = r->rv;
	store_past_trim(s, now);
	pthread_mutex_unlock(&s->m);
}

/* The disk refused: none of the round happened, nor what was held. */
static void fail_all(struct round *r, err *e)
{
	r->s->lost |= r->s->held;
	r->s->begun = false;
	if (r->s->log)
		store_log_undo(r->s->log);
	for (size_t i = 0; i < r->good_n; i++)
		store_event_release(&r->events[i]);
	for (size_t i = 0; i < r->n; i++) {
		r->ops[i]->outcome = STORE_FAILED;
		r->ops[i]->error = err_new(err_kind(e), "%s", err_msg(e));
	}
	err_free(e);
}

/* The log forgets what memory has forgotten; not each time, and not much at
 * once. A full disk is told to the next write. */
static void compact(struct store *s)
{
	enum { STEP = 1024 };
	uint64_t from = s->log ? store_log_marks(s->log).compacted : 0;
	uint64_t upto = store_oldest(s);

	if (!s->log || s->held || upto < from + STEP)
		return;
	err_free(store_log_compact(s->log, upto < from + 4 * STEP ? upto : from + 4 * STEP));
}

/* True: something was committed. */
static bool serve_round(struct round *r)
{
	r->good_n = 0;
	r->rv = store_rv(r->s);
	err *e = write_all(r);

	if (e)
		fail_all(r, e);
	else
		publish(r);
	return r->good_n && !e;
}

/* ---- who writes ---------------------------------------------------------- */

#define LEAD_TIME CLOCK_MS

enum turn { TURN_LEADS, TURN_DONE };

/* Of one write that is queued. Each waits by itself: woken together on one lock,
 * they would queue for that. It is gone as soon as its thread is awake, which
 * a semaphore allows. */
struct store_waiting {
	sem_t awake;
	enum turn turn;
};

static void wake(struct store_op *op, enum turn turn)
{
	op->waiting->turn = turn;
	sem_post(&op->waiting->awake);
}

static enum turn wait_for_turn(struct store_waiting *w)
{
	while (sem_wait(&w->awake))
		; /* a signal */
	return w->turn;
}

/* True: nobody leads, so this one does. */
static bool enqueue(struct store *s, struct store_op *op)
{
	pthread_mutex_lock(&s->queue_m);
	bool first = !s->led;

	*s->queue_end = op;
	s->queue_end = &op->next;
	s->led = true;
	pthread_mutex_unlock(&s->queue_m);
	return first;
}

static void lead_round(struct store *s)
{
	struct round *r = s->round;

	take_queue(r);
	bool changed = serve_round(r);

	for (size_t i = 0; i < r->n; i++)
		wake(r->ops[i], TURN_DONE);
	if (changed && s->o.changed)
		s->o.changed(s->o.ctx);
	compact(s);
}

/* The first of those who wait, or NULL, and then nobody leads. */
static struct store_op *next_leader(struct store *s)
{
	pthread_mutex_lock(&s->queue_m);
	struct store_op *next = s->queue;

	s->led = next;
	pthread_mutex_unlock(&s->queue_m);
	return next;
}

/* The leader's own write is in its first round. Waking another leader takes
 * longer than a few rounds in memory, and a round on a slow disk longer than that. */
static void lead(struct store *s)
{
	int64_t end = clock_mono() + LEAD_TIME;
	struct store_op *next;

	do {
		lead_round(s);
		next = next_leader(s);
	} while (next && clock_mono() < end);
	if (next)
		wake(next, TURN_LEADS);
}

enum store_outcome store_write(struct store *s, struct store_op *op)
{
	struct store_waiting w;

	sem_init(&w.awake, 0, 0);
	op->next = NULL;
	op->blob = NULL;
	op->error = NULL;
	op->waiting = &w;
	if (enqueue(s, op) || wait_for_turn(&w) == TURN_LEADS)
		lead(s);
	sem_destroy(&w.awake);
	return op->outcome;
}

/* ---- the first and the last ------------------------------------------------- */

void store_hold(struct store *s)
{
	s->held = true;
}

err *store_settle(struct store *s)
{
	struct store_op op = { .write = STORE_SETTLE };

	return store_write(s, &op) == STORE_FAILED ? op.error : NULL;
}

void store_begin(struct store *s)
{
	s->round = mem_calloc(1, sizeof *s->round);
	s->round->s = s;
}

/* The end of the numbers that were given out is written down, so that the
 * next start knows that none was lost. */
void store_finish(struct store *s)
{
	free(s->round);
	if (!s->log)
		return;
	err_free(end_transaction(s));
	s->marks.reserved = s->rv;
	err_free(store_mark(s));
}
