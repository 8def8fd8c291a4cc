/* helm_remote - schemas that a chart's values.schema.json refers to on servers.
 *
 * Helm fetches them; here that is off unless asked for, because a chart then
 * tells the machine whom to talk to. Each address is asked once a run, within
 * a time and size limit, and never one that is link-local.
 *
 * Worker-local; the client behind it starts with the first request.
 */
#ifndef CLI_HELM_REMOTE_H
#define CLI_HELM_REMOTE_H

#include "base/map.h"
#include "cli/flags.h"
#include "helm/schemas.h"
#include "net/client.h"

/* Flags about schemas: for commands that check values. */
struct helm_schema_options {
	bool skip, remote;
};
extern const struct flag helm_schema_flags[];

struct helm_remote {
	schemas_fetch *fetch;	/* NULL: not allowed */
	struct net_client *client;
	struct arena arena;
	struct map seen;	/* URL -> str, in the arena */
};

void helm_remote_init(struct helm_remote *r, const struct helm_schema_options *o);
void helm_remote_release(struct helm_remote *r);

#endif
