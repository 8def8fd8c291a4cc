#include "server/hooks.h"

const struct hooks *const hooks_all[] = {
	NULL,
};
