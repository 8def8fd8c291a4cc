#include "server/parts.h"

#include "server/access.h"
#include "server/discovery.h"
#include "server/disruption.h"
#include "server/health.h"
#include "server/issuer.h"
#include "server/namespaces.h"
#include "server/openapi.h"
#include "server/sim.h"

const struct subresource *const parts_subresources[] = {
	access_subresources,
	disruption_subresources,
	namespaces_subresources,
	sim_subresources,
	sim_connect_subresources,
	NULL,
};

const struct endpoint *const parts_endpoints[] = {
	discovery_endpoints,
	health_endpoints,
	issuer_endpoints,
	openapi_endpoints,
	NULL,
};
