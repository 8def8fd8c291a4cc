/* health - /healthz and its kin, /version, /metrics, and the list of paths.
 *
 * What probes and `kubectl version` ask, in the form of Kubernetes' apiserver
 * (pkg/server/healthz, pkg/version). A table of endpoints; its functions run on the
 * loop, read counters and never wait.
 */
#ifndef SERVER_HEALTH_H
#define SERVER_HEALTH_H

#include "server/endpoint.h"

extern const struct endpoint health_endpoints[];

#endif
