/* live - what a server has right now, of the kinds that somebody looks at.
 *
 * A struct live watches one cluster. A kind is watched from the first time
 * someone asks for it, all namespaces at once, with one stream; what is kept
 * of an object depends on how the kind is kept:
 *
 *	LIVE_WHOLE	its JSON, compact: for the Flux kinds, read at each pass
 *	LIVE_STATE	some 100 bytes: uid, resourceVersion, a hash of its
 *			content, and its health (kstatus) with the message
 *	LIVE_META	the same from metadata alone: no content, no health
 *
 * Streams resume after an end (bookmarks; 410: list again; backoff with
 * jitter), and nobody notices: the callback is only told of what differs.
 *
 * The hash of content covers labels, annotations and all fields but the rest
 * of metadata and status. So "hash as after our last apply" proves that an
 * object has not drifted, without a request.
 *
 * Any thread. Callbacks come on the stream's thread, or on that of whoever
 * calls live_note; one at a time for each kind, in order. They must be quick
 * and must not wait; live_state and live_get are fine in them.
 */
#ifndef CLIENT_LIVE_H
#define CLIENT_LIVE_H

#include "client/client.h"
#include "kube/health.h"

struct live;

enum live_keep { LIVE_META, LIVE_STATE, LIVE_WHOLE };

/* What changed of an object; or-ed. */
enum live_change {
	LIVE_ADDED = 1,
	LIVE_DELETED = 2,
	LIVE_CONTENT = 4,	/* the hash of content */
	LIVE_HEALTH = 8,	/* status or message of its health */
	LIVE_STATUS = 16,	/* another resourceVersion: status or metadata, perhaps the rest */
	LIVE_GENERATION = 32,
};

struct live_event {
	const struct client_resource *resource;
	str namespace, name;
	unsigned what;
	node object;		/* the event's object, borrowed; NODE_NONE: it went unseen */
};

struct live_options {
	/* The rest is told per kind; see live_watch. */
	void (*on_event)(void *ctx, const struct live_event *ev);
	void *ctx;
};

/* Takes a reference of the client. `o` may be NULL. */
struct live *live_new(struct client *c, const struct live_options *o)
	__attribute__((returns_nonnull));
/* Ends all streams. */
void live_free(struct live *l);

struct live_watch_options {
	enum live_keep keep;	/* the most that anybody asked for counts */
	str namespace;		/* empty: all */
	str selector, fields;	/* of the first who asks */
};
/* Begin to watch, where nobody does. Does not wait. The resource is copied.
 * Where the list failed so far it is asked for at once. */
void live_watch(struct live *l, const struct client_resource *r,
		const struct live_watch_options *o);
/* Wait until the first list has been taken in. After `timeout` nanoseconds,
 * or on *cancel (or NULL), an error with what the server said last; a refusal
 * (403, 404) is told at once. The kind must be watched. */
err *live_wait(struct live *l, const struct client_resource *r, int64_t timeout,
	       const atomic_bool *cancel) __attribute__((warn_unused_result));

struct live_state {
	bool synced;		/* false: nothing is known yet, the rest is empty */
	bool exists;
	str uid, resource_version;	/* in the arena */
	uint64_t content;	/* 0 for LIVE_META */
	struct health health;	/* HEALTH_NOT_FOUND when it does not exist */
};
void live_state(struct live *l, struct arena *a, const struct client_resource *r, str namespace,
		str name, struct live_state *out);
/* The object itself: LIVE_WHOLE kinds only; NODE_NONE when it is not there. */
node live_get(struct live *l, struct arena *a, const struct client_resource *r, str namespace,
	      str name);
/* Each object that is kept whole; the list may grow or shrink meanwhile. */
err *live_each(struct live *l, const struct client_resource *r,
	       err *(*visit)(void *ctx, node object), void *ctx)
	__attribute__((warn_unused_result));

/* The hash of an object's content, as live_state gives it. Never 0. Annotations that
 * only note what somebody did (a Deployment's revision, a request to reconcile)
 * do not count. */
uint64_t live_content(node object);
/* Take an answer of the server in at once, instead of when its event comes:
 * after an apply, a status patch or a create. An older one is ignored. */
void live_note(struct live *l, const struct client_resource *r, node object);

/* Somebody else who is told of changes, as on_event is, until live_unlisten: no call
 * runs after that. Neither may be called in a callback, nor under a lock that
 * callbacks take. */
struct live_listener {
	void (*on_event)(void *ctx, const struct live_event *ev);
	void *ctx;
	struct live_listener *next;	/* of live's */
};
void live_listen(struct live *l, struct live_listener *who);
void live_unlisten(struct live *l, struct live_listener *who);

/* Objects and bytes kept, for metrics and the debug dump. */
void live_count(struct live *l, size_t *kinds, size_t *objects, size_t *bytes);

#endif
