/* endpoint - what the server answers beside resources: /healthz, /version,
 * discovery, OpenAPI, metrics.
 *
 * The tables of endpoints are gathered in endpoint.c; a row whose path ends
 * in '*' answers for all that begins so. The longest path wins.
 */
#ifndef SERVER_ENDPOINT_H
#define SERVER_ENDPOINT_H

#include "server/request.h"

struct endpoint {
	const char *path;
	/* What it runs on: a worker, or for what takes microseconds the loop. */
	bool quick;
	bool any;		/* whatever the method; else only GET */
	bool unlisted;		/* "/" does not name it */
	err *(*run)(struct request *r);
};

const struct endpoint *endpoint_find(str path);
/* All rows, table by table. */
const struct endpoint *endpoint_next(size_t *at);

/* Body and type at once. */
void endpoint_text(struct request *r, str text);

#endif
