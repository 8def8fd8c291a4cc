/* kustomization_guard - what pruning would take along that is not in Git.
 *
 * Deleting a Namespace deletes all in it, deleting a CustomResourceDefinition all
 * its instances, and a PersistentVolumeClaim may be the only copy of somebody's
 * data. Flux deletes them; so do we, and an event names what went along. With
 * the guard (--prune-guard, or the annotation
 * "kustomize.toolkit.fluxcd.io/prune-guard: enabled" or a number on the Kustomization)
 * such objects are held back, as are more than that many at once, until
 * "kustomize.toolkit.fluxcd.io/prune-approved" names the revision.
 *
 * Asks the server for lists of metadata; worker-local.
 */
#ifndef CONTROLLERS_KUSTOMIZATION_GUARD_H
#define CONTROLLERS_KUSTOMIZATION_GUARD_H

#include "client/applyset.h"
#include "controllers/kustomization_impl.h"

struct guard {
	bool on;
	str held;		/* "Namespace/x (holds ConfigMap/x/a, ...)", one a line */
	str along;		/* with the guard off: the same */
};

/* Looks at what is to be deleted. What is held back is moved behind the others,
 * and `n` becomes smaller. */
err *kustomization_guard(struct ks *k, struct applyset_prune *list, size_t *n, struct guard *out)
	__attribute__((warn_unused_result));

#endif
