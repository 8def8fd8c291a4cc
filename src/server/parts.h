/* parts - the tables that the parts of the server bring along.
 *
 * A part that adds subresources or endpoints lists its table in parts.c; one
 * that does more than answer requests lists its hooks in hooks.c.
 */
#ifndef SERVER_PARTS_H
#define SERVER_PARTS_H

#include "server/endpoint.h"
#include "server/subresource.h"

/* Tables, ending with NULL; each ends with a row without name or path. */
extern const struct subresource *const parts_subresources[];
extern const struct endpoint *const parts_endpoints[];

#endif
