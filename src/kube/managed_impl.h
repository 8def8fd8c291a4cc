/* managed_impl - what the parts of managed.h share: the entries as sets. */
#ifndef KUBE_MANAGED_IMPL_H
#define KUBE_MANAGED_IMPL_H

#include "base/vec.h"
#include "kube/granular.h"
#include "kube/managed.h"

struct managed_entry {
	str manager;
	bool applied;			/* operation Apply, else Update */
	str api_version, subresource;
	str time;			/* empty: none */
	struct fieldset *set;
};

/* At most one of each identity. */
struct managed_list {
	VEC(struct managed_entry) entries;
	/* The object has fields that a version lacks in which somebody owns some:
	 * nothing can be told of them. Empty: all is well. */
	str fault;
};

enum { MANAGED_ENTRIES_MAX = 10000 };

/* The version is not part of who applies. */
bool managed_same(const struct managed_entry *x, const struct managed_entry *y);
struct managed_entry *managed_find(struct managed_list *l, const struct managed_entry *of);
/* Set the entry of that identity, or add it. */
struct managed_entry *managed_put(struct arena *a, struct managed_list *l,
				  const struct managed_entry *e);
void managed_drop(struct managed_list *l, const struct managed_entry *of);
/* JSON of the identity: conflicts are sorted by it. */
str managed_identity(struct arena *a, const struct managed_entry *e);

/* A list of entries as objects have it; NODE_NONE and null: none. */
err *managed_decode(struct arena *a, node list, struct managed_list *out)
	__attribute__((warn_unused_result));
/* Sorted; NODE_NONE: no entries. */
node managed_encode(struct arena *a, const struct managed_list *l);

/* Fold the oldest updates into "ancient-changes" until there are no more than
 * ten. */
void managed_cap(struct arena *a, struct managed_list *l);

/* ---- the updater ------------------------------------------------------- */

struct managed_conflict_at {
	const struct managed_entry *owner;
	struct fieldset *fields;
};

struct managed_conflicts {
	VEC(struct managed_conflict_at) of;
};

/* The fields that this update changed, and the entries of all without them. */
struct fieldset *managed_track_update(struct arena *a, const struct managed_request *r, node live,
				      node object, struct managed_list *l);
/* The object that an apply makes, and the entries after it. When there are
 * conflicts and no force, nothing is changed. */
void managed_track_apply(struct arena *a, const struct managed_request *r, node live, node config,
			 struct managed_list *l, const struct managed_entry *self, bool force,
			 struct managed_conflicts *conflicts, node *out);

#endif
