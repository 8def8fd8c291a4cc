/* managed - who owns which fields of an object: metadata.managedFields.
 *
 * Every write is attributed to its field manager. A write by create, update
 * or patch takes the fields that it changes (managed_update); an apply
 * states the fields that its manager wants, takes these and lets go of what
 * it wanted before (managed_apply). Entries are those of apimachinery's
 * managedfields package, sets and merging those of structured-merge-diff.
 *
 * All functions are pure: live object and body in, object or entries out. For
 * built-in kinds every object is in its canonical form (kube/canon.h), with
 * defaults set, in the version of the request; the result of an apply is
 * canonical, too, but has no defaults yet. A live object may be NODE_NONE: it
 * is created.
 *
 * In a request this comes behind reading and defaults, before anything that the
 * server changes by itself: what the strategy of a kind drops (status) is kept out of
 * the sets by `reset`, and what admission sets has no owner.
 *
 * Results share nodes with the inputs, which are not changed. Worker-local.
 */
#ifndef KUBE_MANAGED_H
#define KUBE_MANAGED_H

#include "kube/fieldset.h"
#include "kube/gvk.h"
#include "schema/type.h"

/* The object as another version of its kind has it. */
struct managed_version {
	node object;
	const struct type *type;
};

struct managed_request {
	struct gvk gvk;			/* of the endpoint; of a Scale for /scale */
	const struct type *type;	/* of objects of that kind; NULL: nothing is known */
	str manager;			/* empty: "unknown" */
	str subresource;		/* empty, "status", ... */
	str now;			/* RFC 3339, seconds, UTC */
	bool force;			/* of an apply */
	const struct fieldset *reset;	/* what this endpoint ignores; NULL: nothing */
	const struct fieldset *only;	/* all that it does not ignore; NULL: see `reset` */
	/* False: the version is not served any more, what is owned in it is
	 * dropped. NULL: there is but one. */
	bool (*convert)(void *context, struct arena *a, node object, str api_version,
			struct managed_version *out);
	void *context;
};

/* What the endpoint of a kind ignores: `status` on the main one, all else on
 * /status. NULL: nothing. */
const struct fieldset *managed_reset(struct arena *a, struct gvk gvk, bool custom, bool has_status,
				     str subresource);
/* Of Pods' /ephemeralcontainers and /resize: the only fields that count. NULL:
 * all. An index below 0 in it stands for any item. */
const struct fieldset *managed_only(struct arena *a, struct gvk gvk, str subresource);

/* The entries that belong into metadata.managedFields of `object` after this
 * write: a list, or NODE_NONE for none. The client's own list in `object`
 * counts as the original has it: absent or empty keeps, [{}] clears. */
node managed_update(struct arena *a, const struct managed_request *r, node live, node object);

struct managed_conflict {
	str message;			/* `conflict with "m1" using apps/v1` */
	str field;			/* ".spec.replicas" */
};

struct managed_result {
	node object;			/* with its entries in metadata.managedFields */
	const struct managed_conflict *conflicts;	/* causes of a 409; then there is no object */
	size_t conflicts_n;
	str message;			/* of the 409 */
};

/* `config` is the body as it was read, unknown fields and all. Errors have the
 * HTTP code to answer with in err_code: 400, or none for a 500 without
 * reason. */
err *managed_apply(struct arena *a, const struct managed_request *r, node live, node config,
		   struct managed_result *out) __attribute__((warn_unused_result));

/* Whether nothing but times of entries changed from `old` to `object`; these
 * are then set back in `object`, and the write is none. */
bool managed_keep_times(struct arena *a, node old, node object);

/* ---- the scale subresource --------------------------------------------- */

/* Where a version of the kind has its replicas: { "apps/v1", ".spec.replicas" }. */
struct managed_scale {
	str api_version;
	const str *path;		/* names of fields; NULL: it has none */
	size_t path_n;
};

/* Entries of the Scale that stands for an object with `entries`, and those of
 * the object after a write gave the Scale `scale_entries`. Lists or
 * NODE_NONE. */
node managed_to_scale(struct arena *a, node entries, const struct managed_scale *versions, size_t n);
node managed_from_scale(struct arena *a, node entries, node scale_entries, str api_version,
			const struct managed_scale *versions, size_t n);

#endif
