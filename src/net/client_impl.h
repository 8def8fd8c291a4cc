/* The inside of the HTTP client; see client.h.
 *
 * client.c        calls as their owners see them, the inbox between threads
 * client_loop.c   the client's thread: sockets, places per host, endings
 * client_setup.c  a request as settings of the library; redirects
 * client_data.c   what comes in: headers and body
 * client_error.c  why a call failed, in Go's words
 */
#ifndef NET_CLIENT_IMPL_H
#define NET_CLIENT_IMPL_H

#include <pthread.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/vec.h"
#include "net/address.h"
#include "net/client.h"
#include "net/lanes.h"
#include "net/libcurl.h"
#include "net/proxy.h"

enum {
	CLIENT_SPARE = 16,    /* handles kept for reuse */
	CLIENT_STREAMS = 250, /* HTTP/2 requests on one connection */
	CLIENT_IDLE_CONNECTIONS = 64,
	CLIENT_DIAL_MS = 30000, /* Go's default dialer */
	CLIENT_CANCEL_MS = 100,
	CLIENT_REDIRECT_BODY = 64 << 10, /* read of an answer that only points elsewhere */
};

/* Requests to one host wait here when too many are under way. */
struct client_host {
	str key;
	size_t running;
	bool filling;
	struct net_call *first, *last; /* waiting */
	struct client_host *next;
};

struct net_client {
	const struct libcurl *curl;
	CURLM *multi;
	int epoll, wake;
	pthread_t thread;
	struct arena mem;
	struct proxy_rules proxies;
	str user_agent;
	str ca_file, ca_dir; /* the system's authorities; one of them may be empty */
	size_t per_host;
	_Atomic uint64_t connections;
	struct patience *patience;
	struct lanes *lanes;
	struct net_lockdown lockdown;

	pthread_mutex_t m; /* guards the rest of this block, and calls' shared parts */
	struct net_call *inbox, *inbox_last;
	bool stop;

	/* the client's thread only */
	int64_t timer; /* when the library wants to be called */
	struct client_host *hosts;
	struct net_call *calls; /* all that have not ended */
	size_t impatient;       /* of them with a cancel flag */
	int64_t idle_look;      /* when to look for calls that have gone silent */
	CURL *spare[CLIENT_SPARE];
	size_t spare_n;
};

enum client_post { CLIENT_START = 1, CLIENT_CANCEL = 2, CLIENT_RESUME = 4 };

struct net_call {
	struct net_client *client;
	struct net_request r; /* texts copied to `mem` */
	struct net_tls tls;
	struct net_proxy proxy;
	struct arena mem;
	err *bad; /* wrong from the start */
	bool on_lane; /* in `lane`, and not known to the client's thread */
	struct lane_call lane;

	/* the client's thread only, once started */
	struct gourl url; /* of this hop */
	str method, body; /* of this hop */
	bool foreign;     /* another host than asked for: no credentials */
	unsigned redirects;
	int64_t deadline;
	int64_t last_byte; /* when one came, or the hop began */
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	struct client_host *host; /* NULL: not counted, or not under way */
	struct net_call *next_waiting;
	bool waiting, running;
	struct net_call *prev, *next;
	char message[CURL_ERROR_SIZE];
	bool dialed, proxied;
	bool own_proxy; /* of the environment: not the request's */
	str dial_host;  /* of the server, or of the proxy */
	struct address dial_address; /* the first one tried */
	uint16_t dial_port;
	err *failure; /* found while data came in */
	bool dropped; /* by a callback: freed at its end */
	bool explain; /* certificates are wanted for a message */
	str next_url; /* Location of an answer that will be followed */
	bool in_head, head_done;
	size_t head_bytes;
	uint64_t body_bytes;
	VEC(struct net_header) head; /* in resp.mem */
	struct net_response resp;

	/* shared; by client->m */
	pthread_cond_t changed;
	unsigned posts;
	struct net_call *inbox_prev, *inbox_next;
	bool head_ready, done, paused, taken;
	struct buf pulled;
	size_t pulled_at;
	err *why;
};

/* client.c */
void client_post(struct net_call *call, enum client_post what);
/* Out of the inbox; with the lock held. */
unsigned client_take_posts(struct net_call *call);
void client_free_call(struct net_call *call);

/* client_loop.c */
void *client_loop(void *client);
int client_socket_changed(CURL *easy, curl_socket_t fd, int what, void *client, void *data);
int client_timer_changed(CURLM *multi, long ms, void *client);

/* client_setup.c */
err *client_parse_url(struct net_call *call, str text) __attribute__((warn_unused_result));
err *client_setup(struct net_call *call) __attribute__((warn_unused_result));
/* Turn the call to where the answer points; false: the answer is final. */
bool client_redirect(struct net_call *call, err **failure);
/* The port that is meant, as text. */
str client_port(const struct gourl *u);
/* Whether the request brings that header itself. */
bool client_has_header(const struct net_request *r, str name);

/* client_place.c */
/* Whether the rules refuse the address; with a reason. */
const char *client_refuses(enum net_addresses rules, const struct address *a);
/* The same of a call, for the host that has the address. */
const char *client_refuses_call(const struct net_call *call, str host, const struct address *a);
/* An error for what is refused. */
err *client_refusal(const struct address *a, uint16_t port, const char *why);
void client_lock_down(struct net_client *c, const struct net_lockdown *l);

/* client_data.c */
size_t client_on_header(char *p, size_t size, size_t n, void *call);
size_t client_on_data(char *p, size_t size, size_t n, void *call);

/* client_error.c */
/* NULL: the call is to be tried once more, to see the certificate. */
err *client_error(struct net_call *call, CURLcode code);
err *client_headers_too_long(void);
/* `Get "URL": cause`, without secrets. */
err *client_wrap(const struct net_call *call, err *cause);

#endif
