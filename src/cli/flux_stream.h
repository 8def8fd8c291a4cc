/* flux_stream - until a watch ends.
 *
 * What commands that print a watch wait with: a lock, under which they print
 * from the watch's thread, too, and the end of the first of their streams.
 * One thread waits, any thread ends.
 */
#ifndef CLI_FLUX_STREAM_H
#define CLI_FLUX_STREAM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define FLUX_STREAM_FOREVER INT64_MAX

struct flux_stream {
	pthread_mutex_t lock;	/* of the rest, and of what is printed */
	pthread_cond_t ended;
	bool is_over;
	err *why;		/* NULL: it ended well or not at all */
};

void flux_stream_init(struct flux_stream *s);
/* A watch's on_end, which is to call this: the first end counts. */
void flux_stream_end(struct flux_stream *s, const err *why);
/* Until the end or `deadline` of clock_mono. Later ends do not count: they
 * come of stopping the watch. */
void flux_stream_wait(struct flux_stream *s, int64_t deadline);
/* When all watches are stopped. `why` is the caller's. */
void flux_stream_release(struct flux_stream *s);

#endif
