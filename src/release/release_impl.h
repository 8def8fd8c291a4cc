/* release_impl - the steps that install, upgrade, rollback and uninstall are made of.
 *
 * Each action is a file that calls them in Helm's order; records are changed in place and
 * stored by the step that says so. Results live in the arena, errors have Helm's words.
 * Worker-local, as release.h says.
 */
#ifndef RELEASE_RELEASE_IMPL_H
#define RELEASE_RELEASE_IMPL_H

#include "release/release.h"

/* A line of Helm's own log, at its debug level. */
#define release_debug(env, ...) notice((env)->cluster.log, NOTICE_DEBUG, __VA_ARGS__)

/* Whether a pending revision may be taken over: as `how` says, or as its owner has not
 * been heard of for long. */
bool release_may_take_over(const struct release_env *env, const struct release_how *how,
			   const struct record *r);
/* Do so: it has failed. */
err *release_unlock(const struct release_env *env, struct arena *a, struct record *r)
	__attribute__((warn_unused_result));

/* Now, in the zone of records. */
struct gotime release_now(const struct release_env *env);

/* Render a chart for a release whose name, ns and version are in `r`; gives it
 * manifest, hooks, notes, chart and config. What rendering wrote is in it on
 * failure as well. `out` may be NULL. */
err *release_render(const struct release_env *env, struct arena *a, const struct release_how *how,
		    node values, bool is_upgrade, struct record *r)
	__attribute__((warn_unused_result));

/* History of the name; ours to change. */
err *release_history(const struct release_env *env, struct arena *a, const struct release_how *how,
		     struct record_list *out) __attribute__((warn_unused_result));
/* Store a new revision; makes room first. */
err *release_store_new(const struct release_env *env, struct arena *a, const struct release_how *how,
		       const struct record_list *history, const struct record *r)
	__attribute__((warn_unused_result));
/* Store a change. */
err *release_store(const struct release_env *env, const struct record *r)
	__attribute__((warn_unused_result));
/* The same; failure is a warning. */
void release_store_again(const struct release_env *env, const struct record *r);

struct relwait_options release_wait_options(const struct release_env *env,
					    const struct release_how *how, enum relwait_for what);
/* Wait as `how` says. */
err *release_wait_ready(const struct release_env *env, const struct release_how *how,
			const struct relobj_list *l) __attribute__((warn_unused_result));
err *release_wait_gone(const struct release_env *env, const struct release_how *how,
		       const struct relobj_list *l) __attribute__((warn_unused_result));

/* Run the hooks of an event: helm-engine.md §11.3. With `late`, what follows
 * the last of them (logs, deletions) is left to release_hooks_end. */
struct release_hooks {
	struct record_hook **run;
	size_t n, done;		/* done: how many succeeded */
	bool failed;
};
err *release_hooks(const struct release_env *env, struct arena *a, const struct release_how *how,
		   struct record *r, str event, bool server_side)
	__attribute__((warn_unused_result));
err *release_hooks_begin(const struct release_env *env, struct arena *a,
			 const struct release_how *how, struct record *r, str event,
			 bool server_side, struct release_hooks *out)
	__attribute__((warn_unused_result));
err *release_hooks_end(const struct release_env *env, struct arena *a,
		       const struct release_how *how, const struct record *r,
		       struct release_hooks *h) __attribute__((warn_unused_result));

/* How objects are applied when the record was by that method. */
struct relobj_apply release_apply(const struct release_env *env, const struct release_how *how,
				  bool server_side);
/* Whether the server is to apply what follows on `before`. */
err *release_use_server(const struct release_how *how, const struct record *before, bool *out)
	__attribute__((warn_unused_result));
/* All objects were applied. */
void release_applied(const struct release_env *env, const struct relobj_list *l);
/* "ssa" or "csa". */
str release_method(bool server_side);
bool release_was_server_side(const struct record *r);

#define RELEASE_DEPLOYED S("deployed")
#define RELEASE_FAILED S("failed")
#define RELEASE_SUPERSEDED S("superseded")
#define RELEASE_UNINSTALLED S("uninstalled")

#endif
