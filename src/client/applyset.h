/* applyset - bring a set of objects into a cluster, as Flux does it.
 *
 * The rules are those of fluxcd/pkg/ssa's ApplyAllStaged: definitions
 * (CustomResourceDefinitions, Namespaces, ClusterRoles) first, until they are
 * ready; then what is called a Class; then kinds that the user names; then the
 * rest; each stage in the order of objid.h. In a stage every object is looked
 * up, what foreign field managers hold is taken over, and an apply is rehearsed
 * (a dry run) for all before any is written. What a rehearsal does not change
 * is not written.
 *
 * Requests are what such a set costs, so none is made whose answer is known:
 *
 *   - APPLYSET_SAME: a watch proves that the object is as it was after our last
 *     apply of the same body. Nothing is asked.
 *   - APPLYSET_ABSENT: a watch proves that there is none. It is not looked up.
 *   - APPLYSET_CHANGED with `left`: the object is as we left it, and so nothing that
 *     steers us was put on it since. It is not looked up. A foreign manager that came
 *     meanwhile shows in the answer; then the object is looked up and cleaned after all.
 *   - A rehearsal keeps what runs from a half-done change. Where all that is to
 *     be written is absent, or is one object that is known to differ, there
 *     is nothing to keep it from: the apply itself tells the same errors.
 *
 * Requests of one step go out together, `window` at once; those of an apply
 * kind by kind.
 *
 * Texts are Flux's: "Kind/ns/name dry-run failed (Invalid): ...". A Secret's
 * values are masked in them. With `sources`, an error tells where in its file
 * the object is.
 *
 * Everything lives in the caller's arena. Of one thread.
 */
#ifndef CLIENT_APPLYSET_H
#define CLIENT_APPLYSET_H

#include "client/discovery.h"
#include "client/objid.h"
#include "value/source.h"

enum applyset_known {
	APPLYSET_UNKNOWN,
	APPLYSET_ABSENT,
	APPLYSET_SAME,
	APPLYSET_CHANGED,	/* it is there, and is not what is wanted */
};

enum applyset_action {
	APPLYSET_NONE,		/* it did not come to it */
	APPLYSET_CREATED,
	APPLYSET_CONFIGURED,
	APPLYSET_UNCHANGED,
	APPLYSET_DELETED,
	APPLYSET_SKIPPED,
	APPLYSET_FAILED,	/* of a deletion: "unknown" */
};

/* "created", "configured", ... */
str applyset_action_name(enum applyset_action action);

struct applyset_item {
	node object;			/* normalised (applyset_normal) */
	node source;			/* what it was made of, where values know their places */
	str body;			/* the object as JSON; empty: it is made */
	enum applyset_known known;
	/* live_content of what is there, where a watch proves that it is as our last apply
	 * left it; 0: it is not, or nobody knows. */
	uint64_t left;
	void *tag;			/* the caller's */
	/* What became of it: */
	enum applyset_action action;
	bool done;			/* its stage came to its end */
	bool written;			/* it was applied, whatever came after */
	struct objid id;		/* as inventories have it */
	str version;			/* "v1" */
	const struct client_resource *resource;	/* NULL: its kind was not found */
	node live;			/* as the server has it now; NODE_NONE: nothing was asked */
};

/* Fields that others may change (spec.ignore). Empty texts select all. */
struct applyset_ignore {
	const str *paths;		/* JSON pointers */
	size_t paths_n;
	str group, version, kind, name, namespace;	/* anchored regular expressions */
	str labels, annotations;	/* label selectors */
};
/* Those of a list as Flux's specs write it: {paths, target}. Borrows its texts. */
struct applyset_ignore *applyset_read_ignore(struct arena *a, node list, size_t *n);

struct applyset_options {
	str manager;			/* "kustomize-controller" */
	str group;			/* of the annotations that steer: "kustomize.toolkit.fluxcd.io" */
	bool force;			/* recreate what cannot be changed */
	bool migrate;			/* entries of managedFields to the version applied */
	const str *override_managers;
	size_t override_managers_n;
	const str *stage_kinds;		/* "group/Kind", "Kind": a stage of their own */
	size_t stage_kinds_n;
	const struct applyset_ignore *ignore;
	size_t ignore_n;
	unsigned window;		/* requests at once; 0: APPLYSET_WINDOW */
	int64_t stage_timeout;		/* for definitions to become ready; 0: APPLYSET_TIMEOUT */
	struct sources *sources;	/* of the objects' places; may be NULL */
	const atomic_bool *cancel;	/* may be NULL */
	/* Each object that an answer showed, as it is now; may be NULL. */
	void (*seen)(void *ctx, const struct client_resource *r, node object);
	void *ctx;
};

/* err_code of an error that is no failure yet: definitions are not ready, or what is
 * to be made anew is not gone. The same set tried later goes on from there. */
enum { APPLYSET_WAITS = -1 };
enum { APPLYSET_WINDOW = 16 };
#define APPLYSET_TIMEOUT (60 * CLOCK_SECOND)
/* Between two looks at what is not ready or not gone yet: from, up to. */
#define APPLYSET_POLL_MIN (10 * CLOCK_MS)
#define APPLYSET_POLL_MAX (2 * CLOCK_SECOND)

/* An object as it is sent: through the types of its kind (fields that they
 * lack are gone), default protocols of ports, a Secret's stringData as data,
 * no status, no creationTimestamp. What does not fit its types stays as it is. A new
 * tree. */
node applyset_normal(struct arena *a, node object);

/* Apply. `items` are brought into the order in which they are applied. On
 * failure `action`, `done` and `written` tell how far it came. */
err *applyset_run(struct client *c, struct discovery *d, struct arena *a,
		  struct applyset_item *items, size_t n, const struct applyset_options *o)
	__attribute__((warn_unused_result));

/* What applying one object would do: it is looked up and rehearsed, nothing is
 * written. The item tells by `action` (CREATED also for one that would be made
 * anew by force) and `live`; of one that would be CONFIGURED, `before` and `after` are
 * copies of what is and what would be, without field managers' entries and
 * fields that `ignore` names. */
err *applyset_compare(struct client *c, struct discovery *d, struct arena *a,
		      struct applyset_item *item, const struct applyset_options *o, node *before,
		      node *after) __attribute__((warn_unused_result));

/* "Kind/ns/name created\n" for each that was changed in a stage that came to
 * its end. */
void applyset_log(struct buf *b, const struct applyset_item *items, size_t n);

/* Whether a label or annotation of the object has that value (case does not count). */
bool applyset_is_marked(node object, str group, const char *key, str value);

/* The JSON patch that makes fields of `override_managers` be `manager`'s; NODE_NONE: there
 * are none. */
err *applyset_override_patch(struct arena *a, node live, const struct applyset_options *o,
			     node *out)
	__attribute__((warn_unused_result));

/* The error of a rehearsal, in Flux's words; takes `e`. */
err *applyset_dry_run_error(struct arena *a, node object, err *e)
	__attribute__((warn_unused_result, returns_nonnull));

/* ---- deleting ---------------------------------------------------------- */

struct applyset_prune {
	struct objid id;
	str version;
	bool uncertain;			/* may never have been made: counts only if it is there */
	enum applyset_action action;	/* DELETED, SKIPPED or FAILED */
	const struct client_resource *resource;
	str uid;			/* of what was deleted */
};

struct applyset_prune_options {
	str group;			/* of the annotations that steer, and of the owner's labels */
	str owner_name, owner_namespace;	/* empty: whoever owns it */
	unsigned window;
	const atomic_bool *cancel;
};

/* Delete in the reverse of the order of applying, which `list` is brought into.
 * What is gone counts as deleted, and so does what is of a kind that is served no
 * more. All are tried; "delete failed, errors: ...;". */
err *applyset_delete(struct client *c, struct discovery *d, struct arena *a,
		     struct applyset_prune *list, size_t n, const struct applyset_prune_options *o)
	__attribute__((warn_unused_result));
/* Whether all that were deleted are gone; with `left` the first that is not. */
err *applyset_gone(struct client *c, struct arena *a, const struct applyset_prune *list, size_t n,
		   const struct applyset_prune **left) __attribute__((warn_unused_result));
/* "Kind/ns/name deleted", joined by "\n"; of what was uncertain what was deleted. */
str applyset_prune_log(struct arena *a, const struct applyset_prune *list, size_t n);

#endif
