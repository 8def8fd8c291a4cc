/* engine - all controllers in this process, whatever server they work on.
 *
 * `rill controller` runs it beside a cluster's API server, `rill up` beside
 * the one of the same process. Artifact store, HTTP services, leases and
 * runtime come and go together here.
 *
 * One thread; engine_lost may be looked at by any.
 */
#ifndef CLI_ENGINE_H
#define CLI_ENGINE_H

#include "controllers/runtime.h"
#include "controllers/service.h"

struct engine_options {
	struct net_client *net;		/* borrowed */
	struct client *client;		/* borrowed */
	const struct settings *settings;	/* borrowed */
	bool elect;			/* lead alone, by Leases */
	bool release;			/* give them back */
	const str *components;		/* "source-controller": whose work to do; none: all of it */
	size_t components_n;
	int64_t lease, renew, retry;
	const struct log *log;
	const atomic_bool *cancel;	/* ends the start */
	/* On another thread: the Leases were lost, and all must stop. */
	void (*lost)(void *ctx);
	void *ctx;
};

struct engine;

/* Store, services, leases, and then passes. From here on the process leaves no core file. */
err *engine_start(struct engine **out, const struct engine_options *o)
	__attribute__((warn_unused_result));
struct runtime *engine_runtime(struct engine *e);
struct artifact_store *engine_store(struct engine *e);
/* Let passes end, say what is left to say, close. NULL is fine. */
void engine_stop(struct engine *e);

#endif
