#include "cli/busy.h"

#include <signal.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

/* What takes less is over before anybody wonders. */
#define PATIENCE CLOCK_SECOND
#define STEP (100 * CLOCK_MS)

void busy_init(struct busy *b, int fd)
{
	pthread_condattr_t mono;

	*b = (struct busy){ .fd = fd };
	pthread_mutex_init(&b->lock, NULL);
	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_cond_init(&b->wake, &mono);
	pthread_condattr_destroy(&mono);
}

static void put(const struct busy *b, str text)
{
	ssize_t n = write(b->fd, text.p, text.n);

	(void)n;	/* it says nothing that anybody needs */
}

static void draw(struct busy *b)
{
	static const char *const frames[] = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" };
	enum { FRAMES = sizeof frames / sizeof *frames };
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	int64_t span = clock_mono() - b->since;

	buf_addf(&line, "\r  %s %llds\033[K", frames[span / STEP % FRAMES],
		 (long long)(span / CLOCK_SECOND));
	put(b, buf_str(&line));
	b->drawn = true;
}

static void *work(void *arg)
{
	struct busy *b = arg;
	int64_t next = b->since + PATIENCE;

	pthread_mutex_lock(&b->lock);
	while (!b->over) {
		struct timespec t = clock_timespec(next);

		pthread_cond_timedwait(&b->wake, &b->lock, &t);
		if (b->over || clock_mono() < next)
			continue;
		draw(b);
		next += STEP;
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

void busy_begin(struct busy *b)
{
	sigset_t all, before;

	busy_end(b);
	b->over = b->drawn = false;
	b->since = clock_mono();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	b->running = pthread_create(&b->thread, NULL, work, b) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void busy_end(struct busy *b)
{
	if (!b->running)
		return;
	pthread_mutex_lock(&b->lock);
	b->over = true;
	pthread_cond_signal(&b->wake);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->thread, NULL);
	b->running = false;
	if (b->drawn)
		put(b, S("\r\033[K"));
}

void busy_release(struct busy *b)
{
	busy_end(b);
	pthread_cond_destroy(&b->wake);
	pthread_mutex_destroy(&b->lock);
}
