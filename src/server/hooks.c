#include "server/hooks.h"

#include "server/access.h"
#include "server/bootstrap.h"
#include "server/documents.h"

const struct hooks *const hooks_all[] = {
	&documents_hooks,
	&bootstrap_hooks,
	&access_hooks,
	NULL,
};
