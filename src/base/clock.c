#include "base/clock.h"

#include <stddef.h>

#include "base/die.h"

static _Atomic(const struct clock_source *) current;

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t))
		die_bug("clock_gettime(%d) failed", (int)id);
	return t.tv_sec * CLOCK_SECOND + t.tv_nsec;
}

int64_t clock_wall(void)
{
	const struct clock_source *s = atomic_load_explicit(&current, memory_order_acquire);

	return s ? s->wall(s->ctx) : read_clock(CLOCK_REALTIME);
}

int64_t clock_mono(void)
{
	const struct clock_source *s = atomic_load_explicit(&current, memory_order_acquire);

	return s ? s->mono(s->ctx) : read_clock(CLOCK_MONOTONIC);
}

int64_t clock_seconds(int64_t seconds)
{
	int64_t span;

	if (__builtin_mul_overflow(seconds, CLOCK_SECOND, &span))
		return seconds > 0 ? INT64_MAX : INT64_MIN;
	return span;
}

int64_t clock_after(int64_t mono, int64_t span)
{
	int64_t sum;

	if (__builtin_add_overflow(mono, span, &sum))
		return span > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

int clock_poll_ms(int64_t mono)
{
	int64_t now = clock_mono(), left;

	if (mono <= now)
		return 0;
	if (__builtin_sub_overflow(mono, now, &left))
		return INT32_MAX;
	int64_t ms = left / CLOCK_MS + (left % CLOCK_MS != 0);

	return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

struct timespec clock_timespec(int64_t ns)
{
	struct timespec t = { ns / CLOCK_SECOND, ns % CLOCK_SECOND };

	if (t.tv_nsec < 0) {
		t.tv_sec--;
		t.tv_nsec += CLOCK_SECOND;
	}
	return t;
}

const struct clock_source *clock_use(const struct clock_source *source)
{
	return atomic_exchange(&current, source);
}

static int64_t fake_wall(void *ctx)
{
	return ((struct clock_fake *)ctx)->wall_ns;
}

static int64_t fake_mono(void *ctx)
{
	return ((struct clock_fake *)ctx)->mono_ns;
}

void clock_fake_use(struct clock_fake *fake)
{
	fake->source = (struct clock_source){ fake_wall, fake_mono, fake };
	clock_use(&fake->source);
}

void clock_fake_advance(struct clock_fake *fake, int64_t span)
{
	fake->wall_ns += span;
	fake->mono_ns += span;
}

void clock_fake_jump(struct clock_fake *fake, int64_t wall)
{
	fake->wall_ns = wall;
}
