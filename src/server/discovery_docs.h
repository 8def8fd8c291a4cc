/* discovery_docs - the documents of discovery, as trees.
 *
 * Made from rows of kinds: those of the registry, in its order. Groups come in
 * the order in which their first row does, versions too, the preferred one
 * first. Custom resources are described with the original's small
 * differences: another order of verbs, whole kinds. Any thread.
 */
#ifndef SERVER_DISCOVERY_DOCS_H
#define SERVER_DISCOVERY_DOCS_H

#include "server/kind.h"

struct discovery_rows {
	const struct kind *const *list;
	size_t n;
};

/* /api: `address` is the host and port of this server. */
node discovery_versions(struct arena *a, str address);
/* /apis, and /apis/GROUP: NODE_NONE when there is no such group. */
node discovery_groups(struct arena *a, const struct discovery_rows *rows);
node discovery_group(struct arena *a, const struct discovery_rows *rows, str group);
/* /api/v1 and /apis/GROUP/VERSION: NODE_NONE when nothing is served there. */
node discovery_resources(struct arena *a, const struct discovery_rows *rows, str group, str version);
/* The aggregated document of the core group, or of all others. */
node discovery_aggregated(struct arena *a, const struct discovery_rows *rows, bool core);

#endif
