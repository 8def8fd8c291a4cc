/* lanes - connections of our own to the servers that are asked all the time.
 *
 * A controller asks its API server and its registries for little, thousands of times. The
 * HTTP client's library hands each of these requests to another thread and back, and
 * costs several times what the request does. Here the thread that asks takes a connection
 * that is open and idle (net/quick.h), writes, reads, and puts it back; a server
 * has as many as are in use at once, up to LANES_EACH.
 *
 * What is out of the ordinary is not done here, as there: the client does it, or does it
 * again. A server that took no connection, or gave no clear answer on a new one, is left
 * to the client for a while.
 *
 * Any thread; a struct lane_call belongs to one.
 */
#ifndef NET_LANES_H
#define NET_LANES_H

#include "net/client.h"

struct lanes;
struct lane;
struct quick;
struct quick_call;

enum {
	LANES_EACH = 16,      /* connections to one server */
	LANES_SERVERS = 64,   /* those that were asked last */
	LANES_BODY = 4 << 20, /* a longer answer is the client's affair */
};

struct lane_call {
	struct lane *lane;
	struct quick *on;
	struct quick_call *call;
	bool fresh; /* the first one on its connection */
};

struct lanes *lanes_new(void) __attribute__((returns_nonnull));
/* All calls must have been waited for or dropped. NULL is fine. */
void lanes_free(struct lanes *l);

/* Send it to `server` ("https://host:port"), with which its URL begins;
 * `user_agent` counts where the request has none. False: not here,
 * and the server does not have it. */
bool lanes_start(struct lanes *l, str server, const struct net_request *r, str user_agent,
		 struct lane_call *out);
/* Its answer, without `url`. False: there is none, and the server may have seen the request. */
bool lanes_wait(struct lanes *l, struct lane_call *c, struct net_response *out);

#endif
