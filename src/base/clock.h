/* clock - what time it is, in nanoseconds.
 *
 * Two clocks: the wall clock, for what people and other machines read, may
 * jump; the monotonic one, for how long something took or may take, never
 * goes back. Both count nanoseconds in an int64, as Go's time does; layouts
 * and durations as text are in text/.
 *
 * Tests put a fake in their place and move it by hand. Any thread.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_US INT64_C(1000)
#define CLOCK_MS INT64_C(1000000)
#define CLOCK_SECOND INT64_C(1000000000)
#define CLOCK_MINUTE (60 * CLOCK_SECOND)
#define CLOCK_HOUR (60 * CLOCK_MINUTE)

/* Nanoseconds since 1970-01-01 UTC. */
int64_t clock_wall(void);
/* Nanoseconds since some point in the past. */
int64_t clock_mono(void);

/* Seconds that somebody else counted, clipped where a clock or a span ends: 292 years. */
int64_t clock_seconds(int64_t seconds);
/* `mono` plus `span`, clipped where that passes the end of time. */
int64_t clock_after(int64_t mono, int64_t span);
/* A deadline for poll(2) and its like: milliseconds from now until `mono`,
 * rounded up; 0 when it has passed, INT32_MAX at most. */
int clock_poll_ms(int64_t mono);

/* The same as a struct timespec, for libc. */
struct timespec clock_timespec(int64_t ns);

struct clock_source {
	int64_t (*wall)(void *ctx);
	int64_t (*mono)(void *ctx);
	void *ctx;
};

/* Use `source` (borrowed) from now on in all threads; NULL: the machine's
 * clocks. Gives what was used before. */
const struct clock_source *clock_use(const struct clock_source *source);

/* A clock that stands still until it is moved:
 *	struct clock_fake fake = CLOCK_FAKE(1700000000 * CLOCK_SECOND);
 *	clock_fake_use(&fake); ... clock_fake_advance(&fake, CLOCK_MINUTE); ...
 *	clock_use(NULL); */
struct clock_fake {
	_Atomic int64_t wall_ns, mono_ns;
	struct clock_source source;
};
#define CLOCK_FAKE(start) { .wall_ns = (start), .mono_ns = CLOCK_SECOND }

void clock_fake_use(struct clock_fake *fake);
/* Move both clocks forward. */
void clock_fake_advance(struct clock_fake *fake, int64_t span);
/* Set the wall clock alone, as an administrator or NTP does. */
void clock_fake_jump(struct clock_fake *fake, int64_t wall);

#endif
