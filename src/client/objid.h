/* objid - which object: group, kind, namespace and name, without a version.
 *
 * Inventories keep ids as "NAMESPACE_NAME_GROUP_KIND", empty where there is
 * nothing; the ':' that names of RBAC may have is written "__" (cli-utils'
 * ObjMetadata). Messages show "Kind/namespace/name". And there is one order in
 * which Flux applies, and the other way round deletes: by kinds, so that what
 * others need comes first, then by namespace and name.
 *
 * Borrows its texts. Any thread.
 */
#ifndef CLIENT_OBJID_H
#define CLIENT_OBJID_H

#include "kube/gvk.h"

struct objid {
	str group, kind, namespace, name;
};

struct objid objid_of(node object);
bool objid_eq(const struct objid *x, const struct objid *y);

/* "default_app_apps_Deployment" */
str objid_print(struct arena *a, const struct objid *id);
/* "unable to parse stored object metadata: TEXT" */
err *objid_parse(struct arena *a, str text, struct objid *out) __attribute__((warn_unused_result));
/* "Deployment/default/app" */
str objid_show(struct arena *a, const struct objid *id);

/* In the order of applying: negative, zero or positive. */
int objid_cmp(const struct objid *x, const struct objid *y);

#endif
