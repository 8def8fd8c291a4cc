/* applyset_impl - what the sources of apply sets share. */
#ifndef CLIENT_APPLYSET_IMPL_H
#define CLIENT_APPLYSET_IMPL_H

#include "client/applyset.h"
#include "client/applyset_ignore.h"
#include "text/regex.h"
#include "kube/selector.h"

/* ---- what foreign field managers hold: applyset_clean.c ------------------ */

/* The JSON patch that cleans `live` up before it is applied; NODE_NONE when
 * there is nothing to do. */
err *applyset_clean_patch(struct arena *a, node live, const struct applyset_options *o, node *out)
	__attribute__((warn_unused_result));
/* The one that brings all entries to `api_version`, or NODE_NONE. */
node applyset_migrate_patch(struct arena *a, node live, str api_version);

/* ---- one stage: applyset_stage.c ------------------------------------------ */

enum applyset_state { WORK_UNSEEN, WORK_ABSENT, WORK_THERE, WORK_UNREADABLE };

/* One item on its way through a stage. */
struct applyset_work {
	struct applyset_item *item;
	enum applyset_state state;
	str path, body;
	node live;		/* as it was looked up */
	node patch;		/* what cleans it up, or NODE_NONE */
	node rehearsal;
	bool cleaned;
	bool trusted;		/* it is as it was left, and was not looked up */
	bool send;		/* it is to be written */
};

struct applyset_runner {
	struct client *client;
	struct discovery *discovery;
	struct arena *arena;
	const struct applyset_options *options;
	struct applyset_rules rules;
	bool new_kinds;		/* definitions were written in this run */
	bool direct;		/* no rehearsal in this stage */
};

err *applyset_stage_run(struct applyset_runner *r, struct applyset_work *w, size_t n)
	__attribute__((warn_unused_result));
/* Up to the rehearsal, for applyset_compare. */
err *applyset_stage_compare(struct applyset_runner *r, struct applyset_work *w, node *before,
			    node *after) __attribute__((warn_unused_result));
/* Until all are what kstatus calls Current. */
err *applyset_stage_wait(struct applyset_runner *r, struct applyset_work *w, size_t n)
	__attribute__((warn_unused_result));

/* ---- requests: applyset.c ---------------------------------------------------- */

/* What goes on the wire for a piece of work; false: nothing. */
typedef bool applyset_ask(struct applyset_runner *r, struct applyset_work *w,
			  struct client_request *to);
/* Its answer: an error (owned), or `answer` and its code. */
typedef err *applyset_take(struct applyset_runner *r, struct applyset_work *w, err *e, node answer,
			   int code);
/* Ask for all, `window` at once, and take the answers in order. After the
 * first error no more is asked; what was asked is still taken. */
err *applyset_each(struct applyset_runner *r, struct applyset_work *w, size_t n, applyset_ask *ask,
		   applyset_take *take) __attribute__((warn_unused_result));

/* Sleep, longer each time: false when the deadline has passed, or cancelled. */
bool applyset_pause(int64_t *span, int64_t deadline, const atomic_bool *cancel);

/* ---- errors: applyset_error.c ------------------------------------------------- */

/* With the place of what it is about, and without a Secret's values. */
err *applyset_placed(struct applyset_runner *r, const struct applyset_item *item, err *e)
	__attribute__((returns_nonnull));
/* Whether it is one that recreating the object helps against. */
bool applyset_is_immutable(struct arena *a, const err *e);

#endif
