#include "cli/flux_stream.h"

#include "base/clock.h"

void flux_stream_init(struct flux_stream *s)
{
	pthread_condattr_t mono;

	*s = (struct flux_stream){ 0 };
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_cond_init(&s->ended, &mono);
	pthread_condattr_destroy(&mono);
}

void flux_stream_end(struct flux_stream *s, const err *why)
{
	pthread_mutex_lock(&s->lock);
	if (why && !s->is_over)
		s->why = err_new(err_kind(why), "%s", err_msg(why));
	s->is_over = true;
	pthread_cond_signal(&s->ended);
	pthread_mutex_unlock(&s->lock);
}

void flux_stream_wait(struct flux_stream *s, int64_t deadline)
{
	struct timespec until = clock_timespec(deadline);

	pthread_mutex_lock(&s->lock);
	while (!s->is_over)
		if (deadline == FLUX_STREAM_FOREVER)
			pthread_cond_wait(&s->ended, &s->lock);
		else if (pthread_cond_timedwait(&s->ended, &s->lock, &until) != 0)
			break;
	s->is_over = true;
	pthread_mutex_unlock(&s->lock);
}

void flux_stream_release(struct flux_stream *s)
{
	pthread_cond_destroy(&s->ended);
	pthread_mutex_destroy(&s->lock);
}
