/* event - what controllers tell people: the events API and --events-addr.
 *
 * Each goes two ways: as an Event of the core group, named and counted as
 * client-go's recorder does it (the same text again raises a count; more
 * than ten similar ones in ten minutes are told as one; an object that
 * tells too much falls silent), and as a POST in JSON to the notification
 * controller's address, when there is one. Each way has a queue of bounded
 * length and a thread; what does not fit is dropped, counted (/metrics) and logged.
 *
 * Any thread.
 */
#ifndef CONTROLLERS_EVENT_H
#define CONTROLLERS_EVENT_H

#include "base/log.h"
#include "client/client.h"
#include "controllers/pass.h"

enum { EVENTS_QUEUE_MAX = 32768, EVENTS_KNOWN_MAX = 4096 };

struct events;

struct events_options {
	struct client *client;		/* borrowed */
	struct net_client *net;		/* borrowed */
	str address;			/* URL to post to; empty: none */
};

struct events *events_new(const struct events_options *o) __attribute__((returns_nonnull));
/* Sends what is queued, for that long at most, and ends. */
void events_free(struct events *e, int64_t grace);

struct event {
	enum event_type type;
	str reason, message;
	str component;			/* "kustomize-controller" */
	node object;			/* whom it is about; metadata.uid and more are read */
	const str *meta;		/* key, value, ...: whole keys */
	size_t meta_n;
};
/* Copies. Does not wait. */
void events_add(struct events *e, const struct event *ev);
/* Prometheus text: how many wait, and how many found no room. */
void events_metrics(struct events *e, struct buf *out);

#endif
