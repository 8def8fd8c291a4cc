/* client_impl - what the sources of the client share. */
#ifndef CLIENT_CLIENT_IMPL_H
#define CLIENT_CLIENT_IMPL_H

#include <pthread.h>

#include "client/client.h"

/* A bucket that fills with `qps` a second up to `burst`; each request takes one. */
struct client_limit {
	pthread_mutex_t lock;
	double qps, burst, left;
	int64_t at;		/* clock_mono of `left` */
};

struct client {
	atomic_uint count;
	atomic_uint_fast64_t requests;
	struct client_transport transport;
	struct client *over;	/* an impersonating client asks through this one */
	struct client_limit *limit;	/* NULL: none */
	str refusal;		/* of all requests; empty: none are refused */
	struct tally *tally;	/* NULL: that of `over` */
	struct arena mem;	/* holds the texts below */
	str as;
	const str *as_groups;
	size_t as_groups_n;
};

/* It was answered like that; 0: it was not. An empty method is GET. */
void client_count(const struct client *c, str method, int status);

/* Lists are asked for in pages as large as kubectl's. One that goes on for ever is a
 * server's mistake. */
#define CLIENT_PAGE_LIMIT S("500")
enum { CLIENT_PAGES_MAX = 100000 };
/* Give the items of a page of a list their apiVersion and kind, which those of built-in
 * kinds do not carry. Fails where one is no object, and after too many pages. */
err *client_take_page(struct arena *a, const struct client_resource *r, node page, unsigned number)
	__attribute__((warn_unused_result));

/* The transport over HTTP. */
err *http_transport(struct client_transport *out, struct net_client *net,
		    const struct kubeconfig *k, const struct client_options *o)
	__attribute__((warn_unused_result));

#endif
