#include "server/parts.h"

#include "server/health.h"

const struct subresource *const parts_subresources[] = {
	NULL,
};

const struct endpoint *const parts_endpoints[] = {
	health_endpoints,
	NULL,
};
