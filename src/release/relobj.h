/* relobj - the objects of a manifest in a cluster: made, changed, deleted.
 *
 * What Helm's kube client does, with fewer questions. Where the server is told
 * the whole wish (server-side apply), nobody asks first what is there: the
 * answer says it. Objects that stand next to each other and have the same kind
 * are sent together, as Helm does.
 *
 * Ownership: lists live in the arena; resources are the discovery's.
 * Worker-local.
 */
#ifndef RELEASE_RELOBJ_H
#define RELEASE_RELOBJ_H

#include "client/discovery.h"
#include "client/live.h"
#include "helm/notice.h"
#include "kube/gvk.h"

/* Objects of one manifest. */
enum { RELOBJ_MAX = 100000 };

struct relcluster {
	struct client *client;
	struct discovery *discovery;
	str manager;			/* of fields: "helm" */
	const atomic_bool *cancel;	/* or NULL */
	const struct notices *log;	/* each step; NULL: nobody listens */
	/* What the cluster has right now, and whether it sees the objects of a kind in
	 * a namespace; NULL: nobody watches. */
	struct live *live;
	bool (*sees)(void *ctx, const struct client_resource *r, str ns);
	void *sees_ctx;
	/* Of a user who may not be allowed everything: what could be told by an answer to a
	 * change is asked before anything is written, as Helm does, unless objects of the kind
	 * in the namespace were `shown` to him of late; `on_shown` tells that they were. Both
	 * NULL: he may do everything. */
	bool (*shown)(void *ctx, const struct client_resource *r, str ns);
	void (*on_shown)(void *ctx, const struct client_resource *r, str ns);
	void *shown_ctx;
};

struct relobj {
	struct gvk gvk;
	const struct client_resource *resource;
	str ns, name;		/* ns empty: of the cluster */
	node object;
	node live;		/* what the server said last; NODE_NONE */
};

struct relobj_list {
	struct relobj *p;
	size_t n, cap;
};

struct relobj_errors {
	err **p;		/* owned */
	size_t n, cap;
};

/* The documents of a manifest; `ns` is for those that name none. Kinds that
 * the cluster does not have are an error in Helm's words, all in one. */
err *relobj_build(const struct relcluster *c, struct arena *a, str manifest, str ns,
		  struct relobj_list *out) __attribute__((warn_unused_result));
/* The same of trees. Changes them. */
err *relobj_resolve(const struct relcluster *c, struct arena *a, node object, str ns,
		    struct relobj *out) __attribute__((warn_unused_result));
/* Trees of a manifest, Lists opened, without a look at any cluster. */
err *relobj_parse(struct arena *a, str manifest, struct relobj_list *out)
	__attribute__((warn_unused_result));

/* "Deployment/ns/name", or "Namespace/name". */
str relobj_id(struct arena *a, const struct relobj *o);
/* Same group, kind, namespace and name. */
bool relobj_same(const struct relobj *x, const struct relobj *y);
const struct relobj *relobj_find(const struct relobj_list *l, const struct relobj *o);

/* ---- ownership --------------------------------------------------------- */

/* Helm's label and annotations on all of them. */
void relobj_own(struct arena *a, struct relobj_list *l, str release, str release_ns);
/* NULL, or "invalid ownership metadata; ...". */
err *relobj_check_owner(node live, str release, str release_ns) __attribute__((warn_unused_result));
/* Which of them exist: those go to `out`. Unless `take`, each must be owned. */
err *relobj_adoptable(const struct relcluster *c, struct arena *a, struct relobj_list *l,
		      str release, str release_ns, bool take, struct relobj_list *out)
	__attribute__((warn_unused_result));

/* ---- changes ----------------------------------------------------------- */

struct relobj_apply {
	bool server_side;
	bool force;		/* take fields over from other managers */
	bool replace;		/* PUT; client-side only */
	bool three_way;		/* of kinds without a schema, too */
	bool anew;		/* nobody looked: as long as nothing was there, all are tried, as
				 * by relobj_create, and its errors are told */
	bool migrate;		/* fields that we own by updates become ours by apply */
	const struct relobj_list *known;	/* of others that are there is warned; NULL: no */
	/* Whether an object is as the last apply left it: then one that is wanted as it was
	 * is not sent. NULL: nobody knows. Server-side only. */
	bool (*intact)(void *ctx, const struct relobj *o);
	void *intact_ctx;
};

err *relobj_create(const struct relcluster *c, struct arena *a, struct relobj_list *l,
		   const struct relobj_apply *how) __attribute__((warn_unused_result));
/* Make `target` of `old`: what is new is created (and added to `created`, as is the one
 * that could not be), the rest changed; what is in `old` alone is deleted, unless its
 * annotation says keep. */
err *relobj_update(const struct relcluster *c, struct arena *a, const struct relobj_list *old,
		   struct relobj_list *target, const struct relobj_apply *how,
		   struct relobj_list *created) __attribute__((warn_unused_result));
/* "Background", or what is said; one that is not there is fine. `gone` (or NULL)
 * gets those that were there. The errors, joined by `separator`. */
err *relobj_delete(const struct relcluster *c, struct arena *a, const struct relobj_list *l,
		   str propagation, const char *separator, struct relobj_list *gone)
	__attribute__((warn_unused_result));

/* The same; the errors one by one, as the server told them. */
void relobj_delete_each(const struct relcluster *c, struct arena *a, const struct relobj_list *l,
			str propagation, struct relobj_list *gone, struct relobj_errors *failed);

/* Errors, one after the other; each call takes `more`. */
err *relobj_join(err *so_far, err *more, const char *separator);
/* All of a list, which is empty after that. */
err *relobj_join_all(struct relobj_errors *l, const char *separator)
	__attribute__((warn_unused_result));

#endif
