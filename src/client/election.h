/* election - one of several processes leads: by Leases, as client-go does it.
 *
 * A Lease names who holds it and until when; whoever finds it run out takes
 * it over. We hold several at once or none: rill does the work of several
 * controllers of Flux, and must not do it while one of them does.
 *
 * One thread renews. Any thread.
 */
#ifndef CLIENT_ELECTION_H
#define CLIENT_ELECTION_H

#include "client/client.h"

struct election;

struct election_options {
	struct client *client;		/* borrowed */
	str namespace;
	const str *names;		/* of the Leases; sorted the same way everywhere */
	size_t n;
	str identity;			/* "host_uuid" */
	int64_t lease, renew, retry;	/* nanoseconds: 35 s, 30 s, 5 s */
	bool release;			/* give them back at the end */
	/* On the election's thread: they were lost, and all must stop. */
	void (*lost)(void *ctx);
	void *ctx;
};

/* Wait until all Leases are ours, or *cancel. */
err *election_win(struct election **out, const struct election_options *o,
		  const atomic_bool *cancel) __attribute__((warn_unused_result));
/* NULL is fine. */
void election_free(struct election *e);

#endif
