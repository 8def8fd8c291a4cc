/* watch - the changes of one resource, as they come.
 *
 * A watch is a place in the sequence of writes. It is asked for its next
 * event, when somebody has room for it, and looks no further ahead: a slow
 * client costs nothing but its place, and when the past is forgotten
 * there, the watch says so (410) and ends. First come the objects that are
 * there, if that was asked for, then the changes that its selectors see:
 * what begins to match is ADDED, what ceases to is DELETED.
 *
 * The hub knows all open watches, and wakes them after a commit.
 *
 * watch_open: any thread. All else: the loop thread.
 */
#ifndef SERVER_WATCH_H
#define SERVER_WATCH_H

#include "net/loop.h"
#include "server/request.h"

struct watch;
struct watch_hub;

struct watch_hub *watch_hub_new(struct server *s, struct loop *l);
/* Changes that come from now on are nothing to it: the store is about to go.
 * Only when the loop has ended. */
void watch_hub_close(struct watch_hub *h);
/* All watches are closed. NULL is fine. */
void watch_hub_free(struct watch_hub *h);
/* A commit happened: any thread. */
void watch_hub_changed(struct watch_hub *h);
/* End the watches of a kind whose row is not served any more: any thread. */
void watch_hub_end(struct watch_hub *h, const struct kind *k);
size_t watch_hub_count(const struct watch_hub *h);

struct server_observer;
/* Before the loop runs. */
void watch_hub_observe(struct watch_hub *h, const struct server_observer *o);

/* Check the request and take its place. */
err *watch_open(struct request *r, struct watch **out) __attribute__((warn_unused_result));
/* From now on `wake` is called when there may be more. */
void watch_attach(struct watch *w, struct watch_hub *h, void (*wake)(void *ctx), void *ctx);
void watch_close(struct watch *w);

enum watch_got { WATCH_EVENT, WATCH_WAIT, WATCH_END };
/* The next event: its type, and its object added to `b`. */
enum watch_got watch_next(struct watch *w, struct buf *b, str *type);

/* A request to watch, answered as a stream of events (feed.h). */
err *watch_run(struct request *r) __attribute__((warn_unused_result));

#endif
