#include "server/hooks.h"

#include "server/documents.h"

const struct hooks *const hooks_all[] = {
	&documents_hooks,
	NULL,
};
