/* minder - the thread on which the controllers of the server live.
 *
 * A controller is two functions. `sees` is told of every change of every
 * object, in order, and names what should be looked at (minder_need); `run`
 * looks at one such thing as it is now, and writes what should change through
 * the API, like any client. What is named twice before its turn is looked at
 * once; what fails is tried again, each time later. Timers are the same: look
 * at it again in so and so long.
 *
 * So a controller keeps no copy of the objects, may miss nothing, and may be
 * run at any time: it compares what is with what should be.
 *
 * When the changes come faster than the store remembers them, every object is
 * shown again as if it were new.
 *
 * All functions of controllers run on the minder's thread, but for its open
 * and close; minder_need may be called by `sees` and `run`.
 */
#ifndef SERVER_MINDER_H
#define SERVER_MINDER_H

#include "server/hooks.h"
#include "server/store.h"

struct minder;

struct minder_key {
	str namespace, name;
	str more;		/* what else tells it apart, such as a resource */
};

/* One look at one thing. */
struct minder_call {
	struct minder *minder;
	struct server *server;
	struct arena *arena;
	struct minder_key key;
	size_t tries;		/* how often it failed before */
};

struct controller {
	const char *name;	/* the user agent of its writes: who owns the fields */
	bool workloads;		/* not with --no-sim */
	void (*sees)(struct minder *m, const struct controller *c, const struct store_event *e);
	/* An error: again, later. */
	err *(*run)(struct minder_call *c, const struct controller *own);
	void (*close)(struct minder *m);
};

/* Look at it now, or in `delay` nanoseconds. */
void minder_need(struct minder *m, const struct controller *c, const struct minder_key *key,
		 int64_t delay);
/* Something of a controller's own, by its row in controllers_all. */
void **minder_own(struct minder *m, const struct controller *c);
struct server *minder_server(struct minder *m);

extern const struct hooks minder_hooks;
/* Ends with NULL: controllers.c. */
extern const struct controller *const controllers_all[];

/* ---- for controllers --------------------------------------------------- */

/* Whether the event is of this resource. */
bool minder_is(const struct store_event *e, const char *group_plural);
/* The object now; NODE_NONE: there is none. */
node minder_get(struct minder_call *c, str group, str plural, str namespace, str name);
/* All objects of a resource, or of it in a namespace. Reads every one of them: where there
 * may be many, and few are wanted, minder_pick. */
node minder_list(struct minder_call *c, str group, str plural, str namespace);
/* Those of them that `fits`, which is asked with the object as it lies in the store; only
 * these are read. NULL: all. */
node minder_pick(struct minder_call *c, str group, str plural, str namespace,
		 bool (*fits)(const struct blob *b, const void *what), const void *what);
/* For minder_pick: what is being deleted; `what` is not looked at. */
bool minder_is_leaving(const struct blob *b, const void *what);
/* A write; `body` may be NODE_NONE. A refusal is an error with its code. `out` may be NULL. */
struct minder_write {
	const char *agent;
	str method, path, type;
	node body;
};
err *minder_write(struct minder_call *c, const struct minder_write *w, node *out)
	__attribute__((warn_unused_result));
/* "/apis/apps/v1/namespaces/NS/deployments/NAME/SUB"; empty parts are left out. */
str minder_path(struct arena *a, const char *api_version, str plural, str namespace, str name,
		str sub);
/* The refusal of a write in its own words, the Status' message; takes `e`. */
err *minder_refusal(struct arena *a, err *e) __attribute__((warn_unused_result, returns_nonnull));
/* Forget an error that says that the object is gone. */
err *minder_unless_gone(err *e);

#endif
