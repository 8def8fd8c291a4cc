#include "server/hooks.h"

#include "server/access.h"
#include "server/bootstrap.h"
#include "server/crd_control.h"
#include "server/documents.h"
#include "server/issuer.h"
#include "server/minder.h"
#include "server/policies.h"
#include "server/quota.h"

const struct hooks *const hooks_all[] = {
	&policies_hooks,
	&documents_hooks,
	&bootstrap_hooks,
	&issuer_hooks,
	&access_hooks,
	&crd_control_hooks,
	&quota_hooks,
	&minder_hooks,
	NULL,
};
