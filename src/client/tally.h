/* tally - how many requests went to API servers, by method, host and code.
 *
 * One tally counts for all clients of a process, whichever server each asks,
 * so that what is told of it (rest_client_requests_total) never goes back when
 * one of them goes. It is counted itself; any thread.
 */
#ifndef CLIENT_TALLY_H
#define CLIENT_TALLY_H

#include <stdint.h>

#include "base/str.h"

struct tally;

struct tally *tally_new(void) __attribute__((returns_nonnull));
struct tally *tally_ref(struct tally *t);
/* NULL is fine. */
void tally_unref(struct tally *t);

/* One request more. `host` as in a URL, empty: the server is in this process; `status` 0: no
 * answer came. Beyond TALLY_MAX different ones, more are not told apart: their host is "...". */
enum { TALLY_MAX = 1000 };
void tally_add(struct tally *t, str method, str host, int status);

struct tally_row {
	str method, host;
	int status;
	uint64_t n;
};
/* Each row, in the order in which they came, under a lock: `visit` must be quick. */
void tally_each(struct tally *t, void (*visit)(void *ctx, const struct tally_row *row), void *ctx);

#endif
