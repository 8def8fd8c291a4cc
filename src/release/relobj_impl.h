/* relobj_impl - what reading and asking (relobj.c), applying (relobj_apply.c), patching
 * (relobj_patch.c) and telling of it (relobj_tell.c) share. Worker-local.
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

/* ---- what is told (relobj_tell.c) ---------------------------------------- */

enum relobj_outcome {
	RELOBJ_UNTOUCHED, RELOBJ_CREATED, RELOBJ_NOT_CREATED, RELOBJ_CHANGED, RELOBJ_NOT_CHANGED,
};

/* What became of one object of an update. */
struct relobj_told {
	enum relobj_outcome outcome;
	bool migrated;
	bool was_absent;	/* also of one that is behind what ended the update */
	str error;
};

/* Nothing was there of the first `n`, and nobody had looked: Helm looks, and then creates. */
bool relobj_is_creation(const struct relobj_apply *how, const struct relobj_told *told, size_t n);
void relobj_tell_creation(const struct relcluster *c, size_t n, bool server_side, bool force);
void relobj_tell_created(const struct relcluster *c, struct arena *a, const struct relobj *o,
			 const err *e);
/* An update, from its begin to the last object that it came to. */
void relobj_tell_update(const struct relcluster *c, struct arena *a, const struct relobj_list *l,
			const struct relobj_apply *how, const struct relobj_told *told);
/* Of an object: its kind, namespace and name, and what went wrong, if it did. */
void relobj_tell(const struct relcluster *c, const char *what, const struct relobj *o,
		 const err *e);

#endif
