#include "net/loop.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "net/libevent.h"

struct task {
	struct task *next;
	void (*run)(void *arg);
	void *arg;
};

struct loop {
	const struct libevent *e;
	struct event_base *base;
	int wake; /* eventfd: tasks came */
	struct event *wake_event;
	pthread_mutex_t m;
	struct task *tasks, **tasks_end; /* locked by m */
};

/* ---- from other threads ------------------------------------------------ */

static void run_tasks(struct loop *l)
{
	pthread_mutex_lock(&l->m);
	struct task *t = l->tasks;

	l->tasks = NULL;
	l->tasks_end = &l->tasks;
	pthread_mutex_unlock(&l->m);
	while (t) {
		struct task *next = t->next;

		t->run(t->arg);
		free(t);
		t = next;
	}
}

static void woken(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof count) == sizeof count)
		run_tasks(arg);
}

void loop_post(struct loop *l, void (*run)(void *arg), void *arg)
{
	struct task *t = mem_alloc(sizeof *t);
	uint64_t one = 1;

	*t = (struct task){ .run = run, .arg = arg };
	pthread_mutex_lock(&l->m);
	bool first = !l->tasks;

	*l->tasks_end = t;
	l->tasks_end = &t->next;
	pthread_mutex_unlock(&l->m);
	if (first && write(l->wake, &one, sizeof one) != sizeof one)
		die_bug("eventfd is full");
}

static void stop(void *arg)
{
	struct loop *l = arg;

	l->e->event_base_loopbreak(l->base);
}

void loop_stop(struct loop *l)
{
	loop_post(l, stop, l);
}

/* ---- the loop ---------------------------------------------------------- */

static struct event *must_event(struct loop *l, int fd, short what, event_callback_fn fn, void *arg)
{
	struct event *ev = l->e->event_new(l->base, fd, what, fn, arg);

	if (!ev)
		die_bug("event_new failed");
	return ev;
}

static void must_add(struct loop *l, struct event *ev, const struct timeval *after)
{
	if (l->e->event_add(ev, after))
		die_bug("event_add failed");
}

err *loop_new(struct loop **out)
{
	const struct libevent *e;

	TRY(libevent_get(&e));
	struct loop *l = mem_calloc(1, sizeof *l);

	l->e = e;
	l->base = e->event_base_new();
	l->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!l->base || l->wake < 0)
		die_bug("no event loop");
	pthread_mutex_init(&l->m, NULL);
	l->tasks_end = &l->tasks;
	l->wake_event = must_event(l, l->wake, EV_READ | EV_PERSIST, woken, l);
	must_add(l, l->wake_event, NULL);
	*out = l;
	return NULL;
}

void loop_drain(struct loop *l)
{
	while (l->tasks)
		run_tasks(l);
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	loop_drain(l);
	l->e->event_free(l->wake_event);
	l->e->event_base_free(l->base);
	close(l->wake);
	pthread_mutex_destroy(&l->m);
	free(l);
}

void loop_run(struct loop *l)
{
	l->e->event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
}

/* ---- sockets ----------------------------------------------------------- */

struct loop_fd {
	struct loop *l;
	struct event *read, *write;
	int want;
	void (*ready)(void *ctx, int what);
	void *ctx;
};

static void fd_ready(evutil_socket_t fd, short what, void *arg)
{
	struct loop_fd *f = arg;

	(void)fd;
	f->ready(f->ctx, what & EV_READ ? LOOP_READ : LOOP_WRITE);
}

struct loop_fd *loop_fd_new(struct loop *l, int fd, void (*ready)(void *ctx, int what), void *ctx)
{
	struct loop_fd *f = mem_calloc(1, sizeof *f);

	f->l = l;
	f->ready = ready;
	f->ctx = ctx;
	f->read = must_event(l, fd, EV_READ | EV_PERSIST, fd_ready, f);
	f->write = must_event(l, fd, EV_WRITE | EV_PERSIST, fd_ready, f);
	return f;
}

static void want(struct loop_fd *f, struct event *ev, bool was, bool now)
{
	if (now && !was)
		must_add(f->l, ev, NULL);
	else if (was && !now)
		f->l->e->event_del(ev);
}

void loop_fd_want(struct loop_fd *f, int what)
{
	want(f, f->read, f->want & LOOP_READ, what & LOOP_READ);
	want(f, f->write, f->want & LOOP_WRITE, what & LOOP_WRITE);
	f->want = what;
}

void loop_fd_free(struct loop_fd *f)
{
	if (!f)
		return;
	f->l->e->event_free(f->read);
	f->l->e->event_free(f->write);
	free(f);
}

/* ---- timers ------------------------------------------------------------ */

struct loop_timer {
	struct loop *l;
	struct event *ev;
	void (*fire)(void *ctx);
	void *ctx;
};

static void timer_fires(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;

	(void)fd;
	(void)what;
	t->fire(t->ctx);
}

struct loop_timer *loop_timer_new(struct loop *l, void (*fire)(void *ctx), void *ctx)
{
	struct loop_timer *t = mem_calloc(1, sizeof *t);

	*t = (struct loop_timer){ .l = l, .fire = fire, .ctx = ctx };
	t->ev = must_event(l, -1, 0, timer_fires, t);
	return t;
}

void loop_timer_set(struct loop_timer *t, int64_t span)
{
	if (span < 0)
		span = 0;
	struct timeval tv = { .tv_sec = span / CLOCK_SECOND,
			      .tv_usec = span % CLOCK_SECOND / CLOCK_US };

	must_add(t->l, t->ev, &tv);
}

void loop_timer_stop(struct loop_timer *t)
{
	t->l->e->event_del(t->ev);
}

void loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	t->l->e->event_free(t->ev);
	free(t);
}
