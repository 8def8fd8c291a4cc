/* watch_impl - the hub's side of a watch.
 */
#ifndef SERVER_WATCH_IMPL_H
#define SERVER_WATCH_IMPL_H

#include "server/watch.h"

struct watch_link {
	struct watch *watch;
	struct watch_hub *hub;		/* NULL: not linked */
	struct watch_link *prev, *next;
	void (*wake)(void *ctx);
	void *wake_ctx;
};

void watch_link(struct watch_hub *h, struct watch_link *l);
void watch_unlink(struct watch_link *l);

/* Whether there may be something to tell; else it is up to date. */
bool watch_is_due(struct watch *w, uint64_t current, int64_t now);
/* When it must be looked at though nothing happens: clock_mono. */
int64_t watch_next_time(const struct watch *w);
/* Let it end behind what is at hand. */
void watch_finish(struct watch *w);
bool watch_is_of(const struct watch *w, const struct kind *k);

#endif
