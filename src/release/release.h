/* release - what Helm does with releases: install, upgrade, roll back,
 * uninstall, test.
 *
 * The steps, records, statuses and texts are those of Helm 4.3's actions, so
 * that `helm` and rill can take turns on one release. Two things are done
 * with fewer requests: nobody asks whether an object is there when the server
 * is told to take it over anyhow, and the server's answers stand in for
 * questions about readiness.
 *
 *	struct release_env env = { .cluster = ..., .store = ..., .ns = S("web"), ... };
 *	struct release_how how = { .name = S("web"), .chart = chart, .values = values,
 *				   .server_side = RELEASE_SIDE_SERVER, .timeout = ... };
 *	struct record r;
 *	err *e = release_install(&env, arena, &how, &r);
 *
 * A failed action leaves its record behind, where it came that far; `out` is
 * filled as far as it got, its `version` is 0 when there is none.
 *
 * Ownership: results live in the arena, and borrow from the chart and values.
 * Worker-local; actions wait.
 */
#ifndef RELEASE_RELEASE_H
#define RELEASE_RELEASE_H

#include "helm/render.h"
#include "release/relobj.h"
#include "release/relstore.h"
#include "release/relwait.h"

struct release_env {
	struct relcluster cluster;
	struct relstore store;
	str ns;				/* of the release */
	const struct notices *notices;	/* NULL: nobody listens */
	const struct tmpl_options *tmpl;	/* clock, random bytes, zones; lookup is ours */
	const struct tz *local;		/* for times of records; NULL: UTC */
	const struct caps *caps;	/* NULL: asked of the cluster */
	/* Schemas by http: helm/render.h. */
	err *(*fetch_schema)(void *ctx, struct arena *a, str url, str *text);
	void *fetch_ctx;
	/* Logs of hooks that ask for it; NULL: nobody wants them. */
	void (*hook_log)(void *ctx, str ns, str pod, str container, str text);
	void *hook_log_ctx;
	/* When a new record was written, or could not be: its size in base64. NULL. */
	void (*on_size)(void *ctx, const struct record *r, size_t size);
	void *on_size_ctx;
	/* After a record was written to the store. NULL: nobody looks. */
	void (*on_store)(void *ctx, const struct record *r);
	void *on_store_ctx;
	/* When all objects were applied: each as the server answered, or without an answer
	 * where `intact` told that it needed no request. Both may be NULL. */
	void (*on_applied)(void *ctx, const struct relobj_list *l);
	bool (*intact)(void *ctx, const struct relobj *o);
	void *applied_ctx;
	/* When a wait has lasted for a second. NULL. */
	void (*on_slow)(void *ctx);
	void *on_slow_ctx;
	/* As helm-controller 1.6 with its Helm 4.2: waits have Flux's words (relwait.h), an
	 * uninstall deletes what the manifest names, whoever owns it by now, and a rollback does
	 * not note which revision it went to. */
	bool as_flux;
	/* How objects are judged ready: relwait.h. */
	bool (*judge)(void *ctx, struct arena *a, node object, struct health *out);
	bool (*has_rule)(void *ctx, struct gvk kind);
	void *judge_ctx;
	/* Objects shall be waited for no longer; asked now and then. NULL. */
	bool (*give_up)(void *ctx);
	void *give_up_ctx;
};

enum release_dry { RELEASE_REAL, RELEASE_DRY_CLIENT, RELEASE_DRY_SERVER };
enum release_wait { RELEASE_WAIT_HOOKS, RELEASE_WAIT_WATCHER, RELEASE_WAIT_LEGACY };
enum release_side { RELEASE_SIDE_AUTO, RELEASE_SIDE_SERVER, RELEASE_SIDE_CLIENT, RELEASE_SIDE_OTHER };
enum release_reuse { RELEASE_REUSE_IF_NONE, RELEASE_RESET, RELEASE_REUSE, RELEASE_RESET_THEN_REUSE };
enum release_post { RELEASE_POST_COMBINED, RELEASE_POST_SEPARATE, RELEASE_POST_NO_HOOKS };

/* What to do, of all actions; each looks at what concerns it. */
struct release_how {
	str name;
	struct chart *chart;	/* changed by rendering; the struct only */
	const struct record_form *form;	/* of the chart, kept; NULL: made anew */
	node values;		/* a map, or NODE_NONE */
	node labels;		/* of the record: a map of texts, or NODE_NONE */
	str description;
	enum release_dry dry_run;
	enum release_wait wait;
	enum release_side server_side;
	str side;		/* what RELEASE_SIDE_OTHER was called: refused when its turn comes */
	enum release_reuse reuse;
	int64_t timeout;	/* nanoseconds, of each wait */
	int64_t max_history;	/* 0: no limit */
	int64_t revision;	/* to roll back to; 0: the one before */
	bool hide_secret, force_replace, force_conflicts, create_namespace, no_hooks, replace,
		wait_for_jobs, skip_crds, sub_notes, skip_schema, dns, take_ownership,
		rollback_on_failure, cleanup_on_fail, keep_history, ignore_not_found;
	str propagation;	/* "background" (also when empty), "foreground", "orphan" */
	/* Tests: by name; both empty: all. */
	const str *only, *without;
	size_t only_n, without_n;
	/* When the tests have run, before their objects are tidied up; may be NULL. */
	void (*tested)(void *ctx, const struct record *r);
	void *tested_ctx;
	/* Changes documents between rendering and use: a YAML stream in, one out. */
	err *(*post_render)(void *ctx, struct arena *a, str in, str *out);
	void *post_ctx;
	enum release_post post;
	bool tight;		/* documents are cut as by Helm 4.2 */
	/* A pending revision's owner is dead: take over. */
	bool take_over;
	/* So it is, too, when nothing was heard of it for so long (nanoseconds); 0: never. */
	int64_t abandoned_after;
	/* The history, if the caller has just read it; NULL: asked. */
	const struct record_list *history;
};

err *release_install(const struct release_env *env, struct arena *a, const struct release_how *how,
		     struct record *out) __attribute__((warn_unused_result));
err *release_upgrade(const struct release_env *env, struct arena *a, const struct release_how *how,
		     struct record *out) __attribute__((warn_unused_result));
err *release_rollback(const struct release_env *env, struct arena *a,
		      const struct release_how *how, struct record *out)
	__attribute__((warn_unused_result));
/* Not more than 256 characters, where it is to stand by a rollback. */
err *release_check_description(str description) __attribute__((warn_unused_result));
/* `info`: what was kept, and why; empty: all is gone. */
err *release_uninstall(const struct release_env *env, struct arena *a,
		       const struct release_how *how, struct record *out, str *info)
	__attribute__((warn_unused_result));
err *release_test(const struct release_env *env, struct arena *a, const struct release_how *how,
		  struct record *out) __attribute__((warn_unused_result));

/* What the data of a Secret may be. */
enum { RELEASE_SIZE_MAX = 1 << 20 };
/* What a record is made of, in bytes: "templates 1000, files of the chart 10, ...". */
str release_parts(struct arena *a, const struct record *r);

/* Let a render go through `how->post_render`: what comes back is sorted into files, hooks and
 * manifests anew. */
err *release_post_render(struct arena *a, const struct release_how *how, const struct notices *to,
			 struct render *r) __attribute__((warn_unused_result));

/* ---- parts of them ----------------------------------------------------- */

/* Whether Helm takes it for a name; `what` is set to the rule it breaks. */
bool release_name_is_valid(str name, str *what);
/* What the cluster can do, for .Capabilities; texts may be the discovery's. */
err *release_caps(struct discovery *d, struct arena *a, struct caps *out)
	__attribute__((warn_unused_result));
/* What templates look up is asked of the cluster. */
struct tmpl_lookup release_lookup(const struct release_env *env);
/* The chart's definitions, subcharts' included, if they are to be made; a dry run at the
 * server only warns of them. */
err *release_install_crds(const struct release_env *env, struct arena *a,
			  const struct release_how *how) __attribute__((warn_unused_result));
/* Whether an install of a manifest could go on: each kind is there, and no object of it is
 * somebody else's, unless it is taken over. */
err *release_try(const struct release_env *env, struct arena *a, const struct release_how *how,
		 str manifest) __attribute__((warn_unused_result));
/* The version of the server: NULL, or "kubernetes cluster unreachable: ...". */
err *release_reach(struct client *c) __attribute__((warn_unused_result));
/* The logs of a Pod's containers, init containers first: "POD LOGS: P (C)\n...". */
err *release_pod_logs(const struct release_env *env, str pod, struct buf *out)
	__attribute__((warn_unused_result));

#endif
