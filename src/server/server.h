/* server - the embedded Kubernetes API server.
 *
 * One struct server is one API: its store, its kinds, its users, and, when it
 * is told to listen, a port. kubectl, helm and client-go programs come over
 * HTTPS; code in the same process calls server_call and server_watch and
 * meets the same rules.
 *
 * Threads: a loop thread (sockets, timers, what is answered from memory,
 * watches), workers (writes and long answers).
 * The functions here are for any thread but the loop's, server_open and
 * server_close for one.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "server/request.h"

/* Definitions of custom resources from one place. At least one of its texts, which are YAML or
 * JSON, must hold some; the names are for errors. */
struct server_file {
	str name, text;
};
struct server_crds {
	str from;
	const struct server_file *files;
	size_t n;
};

struct server_options {
	str data_dir;		/* made when missing; ":memory:": nothing is kept */
	bool full_sync;
	str listen;		/* "127.0.0.1:0"; empty: no port */
	bool plain;		/* HTTP instead of HTTPS */
	str token;		/* of the administrator; empty: a random one */
	bool no_sim;		/* nobody runs workloads */
	const struct server_crds *crds;	/* to be there from the start; for server_open alone */
	size_t crds_n;
	unsigned workers;	/* 0: SERVER_WORKERS */
};

enum { SERVER_WORKERS = 16 };

err *server_open(struct server **out, const struct server_options *o)
	__attribute__((warn_unused_result));
/* Take no more requests, answer those that came, end watches, close. */
void server_close(struct server *s);

/* "https://127.0.0.1:41234", empty without a port; the texts live with the server. */
str server_url(const struct server *s);
str server_ca(const struct server *s);		/* PEM; empty for plain HTTP */
str server_token(const struct server *s);
/* A kubeconfig for the administrator, in YAML. */
void server_kubeconfig(const struct server *s, struct buf *b);
/* What "/readyz" asks. */
bool server_is_ready(struct server *s);

/* ---- direct calls ------------------------------------------------------ */

struct server_ask {
	str method;		/* "GET" */
	str path;		/* "/api/v1/namespaces/a/configmaps?limit=5" */
	str type;		/* Content-Type; empty: application/json */
	str accept;		/* empty: application/json */
	str agent;		/* User-Agent: names the field manager when no one does */
	str body;
	struct request_user user;	/* no name: system:apiserver of system:masters */
};

/* All of it lies in the arena, and borrows from nothing else. */
struct server_answer {
	int code;
	str type, body;
	const str *warnings;
	size_t warnings_n;
};

/* Ask and wait, on this thread. Refusals are answers as well. */
void server_call(struct server *s, struct arena *a, const struct server_ask *ask,
		 struct server_answer *out);

/* A watch as a callback: events come on the loop thread, in order, and must
 * be taken at once. `object` lives until the callback returns. After `ended`
 * (or server_unwatch) nothing comes any more. */
struct server_watcher {
	void (*event)(void *ctx, str type, str object);
	void (*ended)(void *ctx);
	void *ctx;
};
struct server_watch;

/* The path has its query ("...?watch=true&resourceVersion=5"). On a refusal
 * *out is NULL and `answer` holds it. */
void server_watch(struct server *s, struct arena *a, const struct server_ask *ask,
		  const struct server_watcher *w, struct server_watch **out,
		  struct server_answer *answer);
void server_unwatch(struct server_watch *w);

/* ---- for the parts of the server --------------------------------------- */

struct store *server_store(struct server *s);
struct allocator *server_allocator(struct server *s);
struct watch_hub *server_hub(struct server *s);

/* Each part may keep something of its own here. */
enum server_part {
	SERVER_PART_CUSTOM,
	SERVER_PART_ISSUER,
	SERVER_PART_DOCUMENTS,
	SERVER_PART_SIM,
	SERVER_PART_RBAC,
	SERVER_PART_POLICIES,
	SERVER_PARTS_MAX,
};
void server_part_set(struct server *s, enum server_part part, void *value);
void *server_part(const struct server *s, enum server_part part);

/* Be told of every change of a resource from here on, on the loop thread, in
 * order, after ADDED for all that is there. Must not block: server_later. In
 * the hook `open` only. */
enum server_change { SERVER_ADDED, SERVER_MODIFIED, SERVER_DELETED };
struct server_observer {
	str group, plural;
	void (*changed)(void *ctx, enum server_change change, struct blob *now, struct blob *before);
	void *ctx;
};
void server_observe(struct server *s, const struct server_observer *o);
/* Be called after every commit, on the thread of a writer; must not
 * block. One at a time; NULL: nobody any more. */
void server_follow(struct server *s, void (*fn)(void *ctx), void *ctx);
/* The rows of this kind are not served any more: its watches end. */
void server_end_watches(struct server *s, const struct kind *k);
struct registry *server_registry(struct server *s);
struct store_table *server_table(struct server *s, const struct kind *k);
/* Run on a worker; dropped when the server closes first. */
void server_later(struct server *s, void (*run)(void *arg), void (*drop)(void *arg), void *arg);

#endif
