#include "server/garbage.h"
#include "server/namespaces.h"
#include "server/roles.h"

const struct controller *const controllers_all[] = {
	&namespaces_controller,
	&namespaces_accounts,
	&garbage_controller,
	&roles_controller,
	NULL,
};
