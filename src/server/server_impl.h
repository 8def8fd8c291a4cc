/* server_impl - what the parts of struct server share.
 */
#ifndef SERVER_SERVER_IMPL_H
#define SERVER_SERVER_IMPL_H

#include <pthread.h>

#include "base/workers.h"
#include "net/httpd.h"
#include "net/tls.h"
#include "server/expire.h"
#include "server/hooks.h"
#include "server/registry.h"
#include "server/server.h"
#include "server/store.h"
#include "server/watch.h"

struct server {
	struct arena arena;		/* of what lives as long as it */
	struct server_options o;
	str token, ca_cert, ca_key, url;
	struct store *store;
	struct registry *registry;
	struct allocator *allocator;
	struct workers *workers;
	struct loop *loop;
	struct watch_hub *hub;
	struct expire *expire;
	struct tls_server *tls;
	struct httpd *httpd;
	pthread_t thread;
	bool running;			/* the loop's thread */
	size_t opened;			/* hooks whose `open` went well */
	atomic_bool ready;
	void *parts[SERVER_PARTS_MAX];	/* server_part_set */
	pthread_mutex_t follow_lock;	/* of the two below */
	void (*follow)(void *ctx);	/* server_follow */
	void *follow_ctx;
};

/* Make the error the answer. Takes `e`. */
void server_refuse(struct request *r, err *e);
/* Answer a request whose user is known: routes it, asks whether he may, runs
 * it. Refusals are in the answer. */
void server_answer_request(struct request *r);
/* The part of it that needs no worker; false: it does. */
bool server_answer_quick(struct request *r);

/* Certificates: serve.c. */
err *server_make_identity(struct server *s, struct tls_identity *out)
	__attribute__((warn_unused_result));
/* Requests from sockets: serve.c. */
void server_handle(void *server, struct httpd_call *call);

#endif
