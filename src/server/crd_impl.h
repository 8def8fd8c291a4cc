/* Private to crd*.c. */
#ifndef SERVER_CRD_IMPL_H
#define SERVER_CRD_IMPL_H

#include "schema/fielderr.h"
#include "server/crd.h"

struct crd_check {
	struct arena *arena;
	struct fielderrs *errors;
	node crd, old;		/* `old` NODE_NONE on creation */
};

/* Everything behind metadata that creation or update of a definition reports. */
void crd_validate(const struct crd_check *c);
/* The same of a write of its status. */
void crd_validate_status(const struct crd_check *c);
/* Formats in its schemas that nothing checks and that `old` did not have. */
void crd_warn_formats(struct arena *a, node crd, node old, struct kind_warnings *w);

#endif
