#include "server/expire.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "server/object.h"
#include "server/store.h"

struct expire {
	struct server *server;
	struct loop_timer *timer;
	atomic_bool busy;
};

/* One that was written meanwhile stays: the write is conditional. */
static bool remove_event(struct store *s, struct store_table *t, const struct blob *b)
{
	struct store_op op = { .write = STORE_DELETE, .table = t, .expect = b->rv };

	object_same_parts(b, &op.parts);
	bool gone = store_write(s, &op) == STORE_DONE;

	blob_unref(op.blob);
	err_free(op.error);
	return gone;
}

size_t expire_run(struct server *server, int64_t now)
{
	struct store *s = server_store(server);
	struct store_table *t = store_table(s, STR_NONE, S("events"));
	struct store_list l;
	size_t n = 0;

	store_list(s, t, &(struct store_range){ 0 }, &l);
	for (size_t i = 0; i < l.n; i++)
		if (l.p[i]->written + EXPIRE_SECONDS < now / CLOCK_SECOND)
			n += remove_event(s, t, l.p[i]);
	store_list_release(&l);
	return n;
}

static void run(void *arg)
{
	struct expire *e = arg;

	expire_run(e->server, clock_wall());
	e->busy = false;
}

static void drop(void *arg)
{
	struct expire *e = arg;

	e->busy = false;
}

static void fire(void *arg)
{
	struct expire *e = arg;

	loop_timer_set(e->timer, CLOCK_MINUTE);
	if (store_count(server_store(e->server),
			store_table(server_store(e->server), STR_NONE, S("events"))) &&
	    !atomic_exchange(&e->busy, true))
		server_later(e->server, run, drop, e);
}

struct expire *expire_new(struct server *s, struct loop *l)
{
	struct expire *e = mem_calloc(1, sizeof *e);

	e->server = s;
	e->timer = loop_timer_new(l, fire, e);
	loop_timer_set(e->timer, CLOCK_MINUTE);
	return e;
}

void expire_free(struct expire *e)
{
	if (!e)
		return;
	loop_timer_free(e->timer);
	free(e);
}
