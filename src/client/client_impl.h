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
	struct arena mem;	/* holds the texts below */
	str as;
	const str *as_groups;
	size_t as_groups_n;
};

/* The transport over HTTP. */
err *http_transport(struct client_transport *out, struct net_client *net,
		    const struct kubeconfig *k, const struct client_options *o)
	__attribute__((warn_unused_result));

/* What an exec plugin gave: a token, or a certificate and its key, and until
 * when (nanoseconds since 1970; INT64_MAX: for ever). Texts live in `a`. */
struct exec_credential {
	str token, cert, key;
	int64_t until;
};
err *exec_credential_get(struct arena *a, const struct kubeconfig *k, char *const *env,
			 struct exec_credential *out) __attribute__((warn_unused_result));

#endif
