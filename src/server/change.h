/* change - from a wish to a stored object: what all writes have in common.
 *
 * Create, update, patch and apply differ in how they make the new state out
 * of the current one; that is the `make` function of a change. All else is
 * the same and is here, in the order of the original: fields get their
 * owners, admission, what only the server may set, the strategy of the kind,
 * validation, and the write, which is tried again from the start when
 * somebody else was faster.
 *
 * Runs on a worker; blocks until the write is on disk.
 */
#ifndef SERVER_CHANGE_H
#define SERVER_CHANGE_H

#include "server/body.h"
#include "server/options.h"
#include "server/request.h"

enum { CHANGE_TRIES = 5, CHANGE_NAME_TRIES = 8 };

struct change {
	struct request *r;
	const struct kind *kind;
	str sub;			/* the subresource that it comes through; empty: none */
	str namespace, name;		/* name: empty when it is to be generated */
	struct options_write options;
	/* The new state out of the current one (NODE_NONE: there is none), in the
	 * kind's form, with defaults. `old` must not be changed. */
	err *(*make)(struct change *c, node old, node *object);
	void *ctx;
	bool create;			/* it must not be there yet */
	bool may_create;		/* it need not be there (apply, some updates) */
	bool patch;			/* the client changed what he did not see: no conditions but his own */
	bool owned;			/* `make` has set managedFields itself (apply) */
	bool generated;			/* the object says how to make a name for it */
	bool internal;			/* by the server: no owners of fields, no admission */
	/* Who owns the fields, when that is not the kind's own business: of a scale. */
	void (*own)(struct change *c, node old, node object);
	struct kind_shape shape;	/* set by `make`: of a scale; without kind: there is none */

	/* results */
	struct blob *blob;		/* the new state; a reference. NULL after a dry run, and
					 * when the object went with its last finalizer */
	node object;			/* the new state as `kind` shows it; borrows from `from` */
	struct blob *from;		/* the state that it was made of; a reference, or NULL */
	bool created, deleted;
};

struct managed_request;
/* What kube/managed.h wants to know of this change. */
void change_managed_request(struct change *c, struct managed_request *out);

/* That the object lies where the request says, before anything is looked for: one that does not
 * say its namespace gets that of the request. */
err *change_check_place(struct change *c, node object) __attribute__((warn_unused_result));

err *change_run(struct change *c) __attribute__((warn_unused_result));
void change_release(struct change *c);
/* The end of a change that ran with `e`: unless it failed the answer, 200 or
 * 201 and the object; what it held is released. */
err *change_finish(struct change *c, err *e) __attribute__((warn_unused_result));

#endif
