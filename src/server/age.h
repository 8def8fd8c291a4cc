/* age - lengths of time for people: "5s", "3m20s", "47h", "2y10d".
 *
 * As apimachinery's duration.HumanDuration: two or three digits that matter.
 * Any thread.
 */
#ifndef SERVER_AGE_H
#define SERVER_AGE_H

#include "base/buf.h"
#include "value/node.h"

/* A duration in nanoseconds; "<invalid>" for more than a second below 0. */
void age_add(struct buf *b, int64_t duration);
/* How long ago a timestamp (RFC 3339) was; "<unknown>" when there is none. */
node age_since(struct arena *a, node timestamp);
/* Nanoseconds from one timestamp to another, 0 when one is missing. */
int64_t age_between(node from, node to);
/* The instant of a timestamp in nanoseconds since 1970; false for none. */
bool age_instant(node timestamp, int64_t *out);

#endif
