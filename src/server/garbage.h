/* garbage - objects go with their owners.
 *
 * The graph is that of Kubernetes: metadata.ownerReferences, by uid. When an
 * owner is gone, those that it owned alone are deleted, others lose the
 * reference. An owner that is deleted in the foreground waits for its
 * blocking dependents; one that is deleted with "orphan" first gives them
 * up. An owner that never was counts as gone.
 */
#ifndef SERVER_GARBAGE_H
#define SERVER_GARBAGE_H

#include "server/dependents.h"
#include "server/minder.h"

extern const struct controller garbage_controller;
/* Who names which owner, as of the changes that were shown; keys are
 * "TABLE NAMESPACE/NAME". For other controllers: on the minder's thread. */
const struct dependents *garbage_dependents(struct minder *m);

#endif
