#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/vec.h"
#include "server/server.h"
#include "server/store.h"
#include "server/watch_impl.h"

/* Code of the server that is told of all changes of one resource. */
struct observer {
	struct server_observer o;
	struct store_table *table;
	struct store_list initial;
	uint64_t rv; /* told up to here */
};

enum { BATCH = 64 };

struct watch_hub {
	struct server *server;
	struct loop *loop;
	struct loop_timer *timer;
	struct watch_link *first;
	struct watch_link *walking; /* the next one of a walk under way */
	size_t n;
	VEC(struct observer) observers;
	atomic_bool posted; /* a look is due */
	bool closed;	    /* nobody looks any more */
};

static enum server_change change_of(enum store_change c)
{
	return c == STORE_ADDED      ? SERVER_ADDED
	       : c == STORE_MODIFIED ? SERVER_MODIFIED
				     : SERVER_DELETED;
}

static void tell_initial(struct observer *o)
{
	for (size_t i = 0; i < o->initial.n; i++)
		o->o.changed(o->o.ctx, SERVER_ADDED, o->initial.p[i], NULL);
	store_list_release(&o->initial);
}

/* Observers run right behind the commits: the past cannot have been forgotten
 * unless thousands of writes went by in one go. Then what is there now is
 * told as if it was new; what went meanwhile stays untold. */
static void start_again(struct watch_hub *h, struct observer *o)
{
	store_list(server_store(h->server), o->table, &(struct store_range){ 0 }, &o->initial);
	o->rv = o->initial.rv;
	tell_initial(o);
}

static void tell_observer(struct watch_hub *h, struct observer *o)
{
	struct store_event e[BATCH];
	size_t n = 0;

	tell_initial(o);
	if (store_changed(o->table) <= o->rv)
		return;
	do {
		if (store_events(server_store(h->server), o->table, o->rv, e, BATCH, &n, &o->rv) !=
		    STORE_OK) {
			start_again(h, o);
			return;
		}
		for (size_t i = 0; i < n; i++) {
			o->o.changed(o->o.ctx, change_of(e[i].change), e[i].now, e[i].before);
			store_event_release(&e[i]);
		}
	} while (n == BATCH);
}

void watch_hub_observe(struct watch_hub *h, const struct server_observer *o)
{
	struct store *s = server_store(h->server);
	struct observer new = { .o = *o, .table = store_table(s, o->group, o->plural) };

	store_list(s, new.table, &(struct store_range){ 0 }, &new.initial);
	new.rv = new.initial.rv;
	vec_push(&h->observers, new);
	watch_hub_changed(h);
}

/* Look at all; set the timer for the next that must be looked at. */
static void look(struct watch_hub *h)
{
	uint64_t current = store_rv(server_store(h->server));
	int64_t now = clock_mono(), next = INT64_MAX;

	for (size_t i = 0; i < h->observers.n; i++)
		tell_observer(h, &h->observers.p[i]);
	for (struct watch_link *l = h->first; l; l = h->walking) {
		h->walking = l->next;
		struct watch *w = l->watch;
		bool due = watch_is_due(w, current, now);

		if (!due) {
			int64_t time = watch_next_time(w);

			next = time < next ? time : next;
			continue;
		}
		/* it may end here: look at its times in the next round */
		next = now + CLOCK_SECOND < next ? now + CLOCK_SECOND : next;
		l->wake(l->wake_ctx);
	}
	h->walking = NULL;
	if (h->first && next != INT64_MAX)
		loop_timer_set(h->timer, next - now);
	else
		loop_timer_stop(h->timer);
}

static void on_timer(void *hub)
{
	look(hub);
}

static void on_change(void *hub)
{
	struct watch_hub *h = hub;

	h->posted = false;
	if (!h->closed)
		look(h);
}

struct watch_hub *watch_hub_new(struct server *s, struct loop *l)
{
	struct watch_hub *h = mem_calloc(1, sizeof *h);

	h->server = s;
	h->loop = l;
	h->timer = loop_timer_new(l, on_timer, h);
	return h;
}

void watch_hub_close(struct watch_hub *h)
{
	if (h)
		h->closed = true;
}

void watch_hub_free(struct watch_hub *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->observers.n; i++)
		store_list_release(&h->observers.p[i].initial);
	vec_release(&h->observers);
	loop_timer_free(h->timer);
	free(h);
}

void watch_hub_changed(struct watch_hub *h)
{
	if (!atomic_exchange(&h->posted, true))
		loop_post(h->loop, on_change, h);
}

size_t watch_hub_count(const struct watch_hub *h)
{
	return h->n;
}

void watch_link(struct watch_hub *h, struct watch_link *l)
{
	l->hub = h;
	l->prev = NULL;
	l->next = h->first;
	if (h->first)
		h->first->prev = l;
	h->first = l;
	h->n++;
	/* what happened between opening and now */
	watch_hub_changed(h);
}

void watch_unlink(struct watch_link *l)
{
	struct watch_hub *h = l->hub;

	if (!h)
		return;
	if (h->walking == l)
		h->walking = l->next;
	if (l->prev)
		l->prev->next = l->next;
	else
		h->first = l->next;
	if (l->next)
		l->next->prev = l->prev;
	l->hub = NULL;
	h->n--;
}

struct ending {
	struct watch_hub *hub;
	const struct kind *kind;
};

static void end_all(void *arg)
{
	struct ending *e = arg;
	struct watch_hub *h = e->hub;

	for (struct watch_link *l = h->first; l; l = h->walking) {
		h->walking = l->next;
		if (!watch_is_of(l->watch, e->kind))
			continue;
		watch_finish(l->watch);
		l->wake(l->wake_ctx);
	}
	h->walking = NULL;
	kind_unref(e->kind);
	free(e);
}

void watch_hub_end(struct watch_hub *h, const struct kind *k)
{
	struct ending *e = mem_alloc(sizeof *e);

	*e = (struct ending){ h, kind_ref(k) };
	loop_post(h->loop, end_all, e);
}
