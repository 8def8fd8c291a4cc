/* duration - lengths of time as Go reads and prints them: "1h30m", "1.5s".
 *
 * A duration is a count of nanoseconds, about 292 years at most. Any thread.
 */
#ifndef TEXT_DURATION_H
#define TEXT_DURATION_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define DURATION_MICROSECOND ((int64_t)1000)
#define DURATION_MILLISECOND (1000 * DURATION_MICROSECOND)
#define DURATION_SECOND (1000 * DURATION_MILLISECOND)
#define DURATION_MINUTE (60 * DURATION_SECOND)
#define DURATION_HOUR (60 * DURATION_MINUTE)

/* time.ParseDuration, texts of errors included. */
err *duration_parse(str s, int64_t *out) __attribute__((warn_unused_result));
/* Duration.String. */
void duration_add(struct buf *b, int64_t d);

/* Duration.Hours, Minutes and Seconds. */
double duration_hours(int64_t d);
double duration_minutes(int64_t d);
double duration_seconds(int64_t d);

/* Duration.Round and Truncate: to a multiple of `unit`, a half away from zero
 * or toward zero. The duration itself when `unit` is not above 0. */
int64_t duration_round(int64_t d, int64_t unit);
int64_t duration_truncate(int64_t d, int64_t unit);

#endif
