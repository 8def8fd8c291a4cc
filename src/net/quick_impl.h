/* The inside of quick.h.
 *
 * quick.c         connections, requests, answers
 * quick_site.c    what all connections to a server have in common
 */
#ifndef NET_QUICK_IMPL_H
#define NET_QUICK_IMPL_H

#include <pthread.h>

#include "crypto/ossl.h"
#include "net/libssl.h"
#include "net/quick.h"
#include "text/gourl.h"

struct quick_site {
	struct arena mem;
	struct gourl url;
	str server;
	str host, port;			/* to connect to */
	str name;			/* in the certificate */
	const struct net_tls *tls;
	enum net_addresses addresses;
	bool guarded;			/* SIGPIPE is ignored by all of the process */
	pthread_mutex_t lock;		/* of what follows, which does not change once it is there */
	const struct libssl *s;
	const struct ossl *o;
	SSL_CTX *ctx;			/* knows authorities and identity */
};

bool quick_site_is_tls(const struct quick_site *site);
/* Make its `ctx`, with what it takes; false: it cannot be. Under its lock. */
bool quick_site_prepare(struct quick_site *site);

#endif
