/* client - HTTP requests: many at once, each with its own rules.
 *
 * One struct net_client has one thread, and on it every connection of the
 * process: kept open and shared by all who ask, HTTP/2 where the server
 * speaks it. Workers write sequential code and wait:
 *
 *	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
 *	TRY(net_do(client, &(struct net_request){ .url = url, .token = token }, &r));
 *	if (r.status != 200) ...
 *
 * A status of 400 or more is an answer, not an error: callers word it. Errors
 * are those of Go's net/http, which users know from Flux: `Get
 * "https://host/x": dial tcp 127.0.0.1:1: connect: connection refused`. No
 * secret that was handed in appears in them, nor the password of a URL.
 *
 * Four ways to use it:
 *   one request           net_do
 *   many from one thread  net_start all of them, then net_wait for each
 *   a large body          net_start with `pull`, net_head, then net_read piece
 *                         by piece; the sender is held back meanwhile
 *   a watch               net_start with `on_data`: called on the client's
 *                         thread as the bytes come, until net_drop
 *
 * Where a request goes is the caller's affair up to the first redirect. From
 * there on: http and https only, at most ten, and neither credentials nor
 * client certificate leave the host they were given for. Addresses that are
 * link-local (a cloud's metadata service is one) are refused unless allowed;
 * a client can be told to refuse private ones as well (struct net_lockdown).
 *
 * Any thread, but for on_data and its kin, which run on the client's thread:
 * they must be quick and must not wait for a request.
 */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct net_client;
struct net_call;
struct patience;

struct net_header {
	str name, value;
};

struct net_response {
	int status;  /* 200 */
	int version; /* 10, 11, 20 */
	str reason;  /* "Not Found", as the server has it; empty: it does not say (HTTP/2) */
	str url;     /* that answered, after redirects; without user */
	const struct net_header *headers;
	size_t headers_n;
	struct buf body;  /* empty with `pull` and `on_data` */
	struct arena mem; /* holds url, reason and headers */
};
#define NET_RESPONSE_INIT        \
	{                        \
		.body = BUF_INIT \
	}
void net_response_release(struct net_response *r);
/* The first header of that name (case does not count); empty when there is none. */
str net_response_header(const struct net_response *r, str name);
/* What Retry-After asks for, from now on, in nanoseconds; -1 when it does not
 * say. Seconds or a date; longer than a day counts as a day. */
int64_t net_response_retry_after(const struct net_response *r);

/* Whether a 206 goes on at that byte. */
bool net_response_goes_on(const struct net_response *r, uint64_t at);

/* "404 Not Found", as Go's http.StatusText has it; "599" for a number without a name. */
str net_status(struct arena *a, int status);
/* The same in the server's words where it has some, as Go's Response.Status. */
str net_response_status(struct arena *a, const struct net_response *r);

/* Whom to believe, and who we are. PEM texts. */
struct net_tls {
	str ca;             /* instead of the system's authorities... */
	bool ca_and_system; /* ... or besides them */
	str cert, key;      /* ours */
	str server_name;    /* in the certificate, when not the URL's host */
	bool insecure;      /* take any certificate */
};

struct net_proxy {
	str url;            /* http, https, socks5 */
	str user, password; /* or in the URL */
};

enum net_addresses {
	NET_NO_LINK_LOCAL, /* 169.254.0.0/16, fe80::/10 are refused */
	NET_ANY_ADDRESS,
};

/* What a client is kept off: loopback and private addresses, whatever name leads to them, by a
 * redirect or not. A proxy of the environment is where its owner put it, and decides itself
 * where the names that it is asked for lie; any other proxy is refused as a server is. */
struct net_lockdown {
	bool on;
	const str *open; /* places that are open all the same: "10.1.0.0/16", "10.2.3.4", "host" */
	size_t open_n;
	str refusal; /* how an error says it */
};
/* Whether `s` is such a place. */
bool net_is_place(str s);

struct net_request {
	str method; /* empty: GET */
	str url;    /* user and password in it become basic auth */
	const struct net_header *headers;
	size_t headers_n;
	str body; /* borrowed until the call has ended */
	/* At most one of them. */
	str token;          /* "Authorization: Bearer" */
	str user, password; /* basic auth */
	const struct net_tls *tls;
	const struct net_proxy *proxy; /* NULL: what the environment says, if asked to look */
	bool no_proxy;                 /* neither */
	bool no_redirect;              /* hand 3xx answers out */
	bool http1;                    /* a connection of its own kind: no HTTP/2 */
	/* Of a server that is asked often, with a short answer: over a connection of our own
	 * where that can be (net/lanes.h), and not to be ended with net_cancel. What is no
	 * GET or HEAD is not made again when its connection breaks, unless `twice`. */
	bool small;
	bool twice;                    /* a change that comes to the same when it is made twice */
	enum net_addresses addresses;
	/* Nanoseconds for all of it, redirects and waiting for a place
	 * included; 0: NET_TIMEOUT, or none with on_data; negative: none. */
	int64_t timeout;
	int64_t idle;              /* no byte for so long ends it; 0: none */
	size_t max_body;           /* bytes, unpacked; 0: NET_BODY_MAX, or none with on_data */
	const atomic_bool *cancel; /* looked at ten times a second; or NULL */

	bool pull; /* the body goes to net_read */
	/* On the client's thread, none after net_drop: once the final answer's headers
	 * are there; for each piece, false to end the call; when it is over
	 * (`why` is borrowed, NULL: the body came to its end). */
	void (*on_head)(void *ctx, const struct net_response *head);
	bool (*on_data)(void *ctx, str piece);
	void (*on_end)(void *ctx, const err *why);
	void *ctx;
};

enum {
	NET_BODY_MAX = 64 << 20,
	NET_HEADERS_MAX = 256 << 10, /* bytes of all headers of one answer */
	NET_HEADERS_COUNT_MAX = 1000,
	NET_REDIRECTS_MAX = 10,
	NET_PER_HOST = 32,          /* requests under way to one host; others wait */
	NET_PULL_BYTES = 256 << 10, /* read ahead for net_read */
	NET_URL_MAX = 16 << 10,
};
#define NET_TIMEOUT (60 * CLOCK_SECOND)

struct net_options {
	str user_agent;  /* empty: "rill/VERSION" */
	bool proxy_env;  /* heed HTTP_PROXY, HTTPS_PROXY and NO_PROXY */
	size_t per_host; /* 0: NET_PER_HOST; on_data calls do not count */
	struct net_lockdown lockdown; /* copied; requests for NET_ANY_ADDRESS are free of it */
};

/* Loads the library and starts the thread. `o` may be NULL. */
err *net_client_new(struct net_client **out, const struct net_options *o)
	__attribute__((warn_unused_result));
/* All calls must have been waited for or dropped. NULL is fine. */
void net_client_free(struct net_client *c);
/* For CLEANUP(net_client_drop) struct net_client *c = NULL. */
void net_client_drop(struct net_client **c);

/* One request from start to end. `out` must be initialised; it is set on
 * success only. */
err *net_do(struct net_client *c, const struct net_request *r, struct net_response *out)
	__attribute__((warn_unused_result));

/* Begin; what is wrong with the request is told by net_wait. All but `body`
 * is copied. */
struct net_call *net_start(struct net_client *c, const struct net_request *r)
	__attribute__((returns_nonnull));
/* Wait for the end and free the call. */
err *net_wait(struct net_call *call, struct net_response *out) __attribute__((warn_unused_result));
/* Wait for the headers only, with `pull`: `out` gets status, url and headers,
 * borrowed from the call (do not release it). */
err *net_head(struct net_call *call, struct net_response *out) __attribute__((warn_unused_result));
/* With `pull`: at least one and up to `max` bytes; `*n` 0 at the end. */
err *net_read(struct net_call *call, void *to, size_t max, size_t *n)
	__attribute__((warn_unused_result));
/* Make it end soon, with "context canceled". From any thread, while the call
 * is not yet waited for or dropped. */
void net_cancel(struct net_call *call);
/* Cancel, wait until no callback runs or will run, free. Also from within a
 * callback of this same call. NULL is fine. */
void net_drop(struct net_call *call);
/* For CLEANUP(net_call_drop) struct net_call *call = NULL. */
void net_call_drop(struct net_call **call);

/* Which hosts want to be left alone, by what those who ask have kept there: net/patience.h. */
struct patience *net_client_patience(struct net_client *c) __attribute__((returns_nonnull));

/* For programs that connect by themselves: the address of `host` that they are to go to, as text
 * in `a`, where the client is locked down; empty where it is not. */
err *net_client_dial(struct net_client *c, struct arena *a, str host, str port, str *address)
	__attribute__((warn_unused_result));

/* How many connections were opened so far: for tests and metrics. */
uint64_t net_client_connections(const struct net_client *c);

#endif
