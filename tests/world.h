/* world - an API server for a test, and a client of it.
 *
 * The embedded one, called directly; or, where TEST_KUBECONFIG names a file,
 * a real one (tests/e2e/real.sh starts it), which is swept clean after each
 * test. Of one thread.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "client/client.h"
#include "server/server.h"

struct world_server {
	struct server *server;		/* NULL: a real one */
	struct net_client *net;
	struct client *client;
	struct arena mem;
};

/* `crds`: JSON texts of definitions that shall be there. */
void world_open(struct world_server *w, const str *crds, size_t n);
void world_close(struct world_server *w);
/* What a namespace controller would do; for the real server, which has none. */
void world_finish_namespace(struct world_server *w, const char *name);

#endif
