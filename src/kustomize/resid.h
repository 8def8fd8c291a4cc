/* resid - what identifies an object: kind, name and namespace.
 *
 * Two ids are equal when group, version, kind and name are, and when their
 * *effective* namespaces are: none for cluster-scoped kinds, "default" where
 * none is written. Borrows its texts. Any thread.
 */
#ifndef KUSTOMIZE_RESID_H
#define KUSTOMIZE_RESID_H

#include "kube/gvk.h"

struct resid {
	struct gvk gvk;
	str name;
	str ns;			/* as written */
};

/* "_non_namespaceable_" for cluster-scoped kinds. */
str resid_effective_ns(struct resid id);
bool resid_eq(struct resid a, struct resid b);
bool resid_ns_eq(struct resid a, struct resid b);
/* Whether `id` is among what `selector` asks for; empty parts ask for any. */
bool resid_selected(struct resid id, struct resid selector);
/* "Deployment.v1.apps/name.namespace", "[noName]", "[noNs]". */
void resid_print(struct buf *b, struct resid id);
str resid_text(struct arena *a, struct resid id);

#endif
