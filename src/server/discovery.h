/* discovery - what the server serves, told to its clients.
 *
 * /api, /apis and below, made from the rows of the registry: the old
 * documents (one for each group and version) and the aggregated ones (all at
 * once, by Accept). The aggregated documents are kept until the registry
 * changes, with their ETag.
 */
#ifndef SERVER_DISCOVERY_H
#define SERVER_DISCOVERY_H

#include "server/endpoint.h"

extern const struct endpoint discovery_endpoints[];

#endif
