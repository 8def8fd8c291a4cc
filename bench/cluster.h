/* cluster - controllers on a `rill server` of their own, over HTTP.
 *
 * CPU is that of the controllers alone (this process), requests are those they
 * make; what the program itself asks goes by a client aside. */
#ifndef BENCH_CLUSTER_H
#define BENCH_CLUSTER_H

#include <sys/types.h>

#include "controllers/controllers.h"
#include "controllers/pass.h"

enum { BENCH_OBJECTS_MAX = 100000 };

struct bench {
	const char *name;
	int n;				/* objects */
	unsigned idle;			/* seconds, for those who look at that */
	bool simulated;			/* workloads become ready */
	pid_t server;
	struct client *client, *aside;
	struct artifact_store *store;
	struct arena a;
};

/* Server, clients, store, and a runtime with that controller, not started yet. */
void bench_cluster(struct bench *b, const char *rill, const struct controller *c,
		   void (*run)(struct bench *b, struct runtime *rt));

/* Any error ends the program. */
void bench_need(const struct bench *b, err *e);
/* An argument: a number from 1 to `max`, or the program ends. */
int bench_number(const struct bench *b, const char *text, int max);
/* `type`: of a patch: "apply", "merge"; else "". `out` may be NULL. */
void bench_ask(struct bench *b, const char *method, str path, const char *type, str body, node *out);
/* status of the object at that path gets the artifact. */
void bench_set_artifact(struct bench *b, str path, const struct artifact *artifact, str more);
/* requestedAt of b->n objects: path, number. */
void bench_request(struct bench *b, const char *path, const char *value);
/* Until all b->n in the list have that in their status. */
void bench_await(struct bench *b, str list, const char *field, const char *value);

struct bench_step {
	double cpu;
	int64_t wall;
	uint64_t requests;
};

struct bench_step bench_begin(struct bench *b);
void bench_end(struct bench *b, const char *name, struct bench_step s);

#endif
