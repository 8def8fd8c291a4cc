/* health - /healthz and its kin, /version, /metrics, and the list of paths.
 */
#ifndef SERVER_HEALTH_H
#define SERVER_HEALTH_H

#include "server/endpoint.h"

extern const struct endpoint health_endpoints[];

#endif
