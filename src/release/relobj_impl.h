/* relobj_impl - what reading and asking (relobj.c), applying (relobj_apply.c) and patching
 * (relobj_patch.c) share. Worker-local.
 */
#ifndef RELEASE_RELOBJ_IMPL_H
#define RELEASE_RELOBJ_IMPL_H

#include "release/relobj.h"

/* "apps/v1, Kind=Deployment" */
str relobj_gvk(struct arena *a, struct gvk g);
err *relobj_start_get(const struct relcluster *c, struct arena *a, const struct relobj *o,
		      struct client_call **out) __attribute__((warn_unused_result));

/* Whether fields of a live object are ours by an update, not by an apply. */
bool relobj_needs_migration(const struct relcluster *c, node live);
/* Make them ours by apply: changes metadata.managedFields on the server. */
err *relobj_migrate(const struct relcluster *c, struct arena *a, struct relobj *o)
	__attribute__((warn_unused_result));
/* Client-side: the patch that leads from the old wish to the new one, sent. */
err *relobj_patch(const struct relcluster *c, struct arena *a, const struct relobj *old,
		  struct relobj *target, bool three_way) __attribute__((warn_unused_result));

#endif
