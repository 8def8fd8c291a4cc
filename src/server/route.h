/* route - from the path of a request to what it asks for.
 *
 *	/api/v1/namespaces/NS/pods/NAME/log
 *	/apis/GROUP/VERSION/RESOURCE
 *
 * As the original's RequestInfo: the verb for authorization, group, version,
 * resource, namespace, name, subresource. Whether there is such a resource, and whether it
 * takes the method, is asked later, since authorization comes first. Any
 * thread.
 */
#ifndef SERVER_ROUTE_H
#define SERVER_ROUTE_H

#include "server/request.h"

/* Method, target and headers are set; fills in path, query and what it asks
 * for. Fails for a path that cannot be decoded. */
err *route_parse(struct request *r, str target) __attribute__((warn_unused_result));

/* Look the resource up: sets r->kind, or gives the 404 or 405. */
err *route_resolve(struct request *r) __attribute__((warn_unused_result));
/* "404 page not found" as plain text: what the original says where no part
 * of it knows the path. */
void route_nothing(struct request *r);

#endif
