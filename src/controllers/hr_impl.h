/* hr_impl - what the parts of the HelmRelease controller share.
 *
 * A pass goes: prerequisites (helmrelease.c), chart and source
 * (helmrelease_chart.c), values (helmrelease_values.c), then state and action
 * until nothing is to be done (helmrelease_state.c, helmrelease_action.c).
 * What was done is kept as snapshots in status.history
 * (helmrelease_history.c).
 *
 * Of a pass's worker only.
 */
#ifndef CONTROLLERS_HR_IMPL_H
#define CONTROLLERS_HR_IMPL_H

#include "base/log.h"
#include "base/vec.h"
#include "controllers/drifts.h"
#include "controllers/helmlog.h"
#include "controllers/hr_shared.h"
#include "controllers/pass.h"
#include "release/release.h"

#define HELM_GROUP "helm.toolkit.fluxcd.io"
#define HR_SOURCE_GROUP "source.toolkit.fluxcd.io"

/* An object of the release, as it was: live_content. */
struct hr_known {
	struct gvk kind;
	str ns, name;
	uint64_t clean;		/* when nothing was wrong with it; 0: not known */
	uint64_t applied;	/* when the server had all of the wish, what drift may be included;
				 * 0: not known */
	uint64_t seen;		/* when it was looked at last; HR_GONE: it was not there */
};
#define HR_GONE ((uint64_t)2)

/* What stays from pass to pass. */
struct hr_memory {
	struct arena mem;	/* holds what follows, made anew by each apply */
	struct hr_known *known;
	size_t n;
	uint64_t cluster;	/* where, and as whom; 0: nowhere yet */
	bool settled;		/* the last pass came to its end: nothing to do before */
	int64_t due;		/* ... this time (monotonic), with these: */
	uint64_t inputs, state;
	bool in_sync;		/* and all was as it shall be */
	int64_t version;	/* the newest revision in the storage; 0: none, or not known */
	uint64_t stored;	/* its resourceVersion */
	str chart;		/* "NS/NAME" of the HelmChart that was asked for; owned */
	int64_t unready_since;	/* the source (monotonic); 0: it was ready */
	struct drifts drifts;
};

/* What values were made of, in the order of spec.valuesFrom. */
struct hr_given {
	str kind, name, key;
	str path;		/* targetPath; empty: a text of its own */
	str text;
};

struct hr {
	struct pass *p;
	struct arena *a;
	struct hr_memory *m;
	struct hr_shared *shared;
	uint64_t inputs;	/* of what is read; 0: not known */
	bool unchanged;		/* nothing is other than at the last good end */
	bool doubted;		/* the watch of records is behind the storage */
	bool quiet;		/* an object changed between two regular passes: only drift counts */
	bool fresh;		/* all objects were applied just now */
	bool waits;		/* and the worker is lent out: pass_waits */
	str overtaken;		/* "Kind/ns/name": what made the running wait pointless */
	node before;		/* the status at the begin */
	node spec;
	const struct cluster *cluster;
	str name, ns, storage_ns;	/* of the release; the name is shortened */
	/* the source */
	str source_kind, source_ns, source_name;
	struct artifact artifact;
	/* the chart */
	struct hr_chart *shared_chart;
	bool is_new_chart;	/* loaded by this pass: to be shared */
	struct chart own_chart;	/* a copy of its struct */
	struct chart *chart;
	struct tmpl_lease lease;
	str chart_version;	/* with the digest where the source has one */
	str oci_digest;
	/* the values */
	node values;
	VEC(struct hr_given) given;
	str config_digest;
	/* the release */
	struct release_env env;
	struct tmpl_options tmpl;
	struct caps caps;
	struct record_list history;
	bool known;		/* it is what the last action left: no need to ask */
	str action;		/* that observations are of */
	size_t observed;	/* records written by the running action */
	bool rollback;		/* observe as a rollback does */
	int64_t added;		/* the revision that the running action added; 0: none yet */
	struct helmlog log;	/* Helm's last lines of the running action */
	str origins;		/* where the values stand that its error is about; a line each */
	struct notices notices, steps;
	str drift;		/* lines about it */
	node drifted;		/* list: what is to be corrected */
};

/* ---- spec, with Flux's defaults ----------------------------------------- */

/* "install.remediation.retries" and its like. */
node hr_spec(const struct hr *h, const char *path);
bool hr_flag(const struct hr *h, const char *path);
int64_t hr_timeout(const struct hr *h, const char *action);	/* its own, else the object's */
/* Whether failing tests of that action's remediation do not count. */
bool hr_ignores_tests(const struct hr *h, const char *action);
int64_t hr_retries(const struct hr *h, const char *action);
bool hr_exhausted(const struct hr *h, const char *action);
/* "install" or "upgrade": of status.lastAttemptedReleaseAction; NULL: neither. */
const char *hr_active(const struct hr *h);
/* RetryOnFailure's interval of the active action; 0: another strategy. */
int64_t hr_retry_interval(const struct hr *h, const char *action);
/* The names of an object's release. */
void hr_names(struct arena *a, node object, str *name, str *ns, str *storage_ns);

/* ---- chart and source (helmrelease_chart.c) ------------------------------ */

/* "NAMESPACE-NAME", and its namespace; empty when there is no chart template. */
void hr_chart_ref(struct arena *a, node object, str *ns, str *name);
err *hr_sync_chart(struct hr *h) __attribute__((warn_unused_result));
err *hr_delete_chart(struct hr *h) __attribute__((warn_unused_result));
/* Kind, namespace and name of the source object that has the chart. */
void hr_source_ref(struct arena *a, node object, str *kind, str *ns, str *name);
/* NULL, or what the source is not ready for. */
str hr_source_problem(struct arena *a, node source, str kind, str ns, str name);
err *hr_load_chart(struct hr *h, node source) __attribute__((warn_unused_result));
/* The version with the revision's digest in it; then a chart that was loaded is as all
 * releases of it have it. */
err *hr_mutate_version(struct hr *h, node source) __attribute__((warn_unused_result));
void hr_share_chart(struct hr *h);

/* ---- values (helmrelease_values.c) --------------------------------------- */

err *hr_values(struct hr *h) __attribute__((warn_unused_result));
/* "sha256:HEX" of values as YAML. */
str hr_values_digest(struct arena *a, enum digest_algo algo, node values);
str hr_digest(struct arena *a, enum digest_algo algo, str bytes);
/* The one that new digests are of. */
enum digest_algo hr_digest_algo(const struct hr *h);
/* What the release has with its old values is what is wanted of it for the rest of the pass: Helm
 * writes them into the values that Flux gave it. */
void hr_take_values(struct hr *h, node values);
/* Whether a digest of this or another algorithm is that of h->values. */
bool hr_has_values(const struct hr *h, str digest);

/* ---- where values stand (helmrelease_origin.c) ---------------------------- */

void hr_note_values(struct hr *h, str kind, str name, str key, str path, str text);
/* Of each value that an error names: which object sets it, and where in its text; a line
 * each, or nothing. */
str hr_origins(struct hr *h, str message);
/* Of a value of spec.values: "FILE:LINE:COL of KIND NAMESPACE/NAME", the source of the Kustomization
 * that applied the object. False: it is not known. */
bool hr_find_in_git(struct hr *h, const str *path, size_t n, str *where);

/* ---- post-rendering (helmrelease_post.c) ---------------------------------- */

/* For release_how.post_render; `ctx` is the struct hr. */
err *hr_post_render(void *ctx, struct arena *a, str in, str *out);
enum release_post hr_post_strategy(const struct hr *h);

/* ---- history (helmrelease_history.c) -------------------------------------- */

node hr_latest(const struct hr *h);	/* of status.history; NODE_NONE */
node hr_previous(const struct hr *h, bool ignore_tests);
void hr_truncate(struct hr *h, bool ignore_tests);
void hr_truncate_plain(struct hr *h);	/* the newest five */
void hr_clear_history(struct hr *h);
/* What a snapshot of that record would be; whether the one there is of it. */
node hr_snapshot(const struct hr *h, const struct record *r);
bool hr_targets(node snapshot, const struct record *r);
/* "ns/name.vN" and "chart@version". */
str hr_release_text(struct arena *a, node snapshot);
str hr_chart_text(struct arena *a, node snapshot);
/* A record was written: the snapshots follow. For release_env.on_store. */
void hr_observe(void *ctx, const struct record *r);
void hr_observe_tests(struct hr *h, const struct record *r);
/* Whether a record is what the snapshot was made of. */
bool hr_verify(struct arena *a, node snapshot, const struct record *r);
bool hr_is_tested(node snapshot);
bool hr_has_test_in(node snapshot, str phase);
/* status.inventory of the record's objects and the chart's definitions. */
void hr_set_inventory(struct hr *h, const struct record *r);

/* ---- state and actions ------------------------------------------------------- */

enum hr_action {
	HR_NONE, HR_INSTALL, HR_UPGRADE, HR_TEST, HR_ROLLBACK, HR_UNINSTALL_REMEDIATION, HR_UNLOCK,
	HR_CORRECT_DRIFT,
};

/* Until the release is as it should be, or something ends the pass. */
struct outcome hr_release(struct hr *h);
/* It is as it should be, or nothing is to be done about it. */
struct outcome hr_done(struct hr *h, bool in_sync);
/* Run one; an error is one to try again for. */
err *hr_run(struct hr *h, enum hr_action action) __attribute__((warn_unused_result));
/* Uninstall the latest release: for deletion, and for changed targets. */
err *hr_uninstall(struct hr *h) __attribute__((warn_unused_result));
/* Ready from Remediated, TestSuccess and Released. */
void hr_summarise(struct hr *h);
/* Digests of post-renderers and common metadata: the release was made with them. */
void hr_observe_spec(struct hr *h);
/* The environment of actions, in these namespaces. */
void hr_prepare_env(struct hr *h);
err *hr_read_history(struct hr *h) __attribute__((warn_unused_result));
struct record *hr_last(struct hr *h);

/* An event with what it is about: of a snapshot, or of what is attempted. */
void hr_event(struct hr *h, enum event_type type, const char *reason, str message, node snapshot);

/* ---- memory (helmrelease_memory.c) -------------------------------------------- */

void hr_remember(struct hr *h, struct pass *p);
void hr_forget(struct runtime *rt, void *memory);
/* A digest of all that a pass of the object begins with; 0: not known. */
uint64_t hr_inputs(struct hr *h, node object);
/* True: there is nothing to do, and `out` is the end. Else it may have been found that
 * nothing changed (h->unchanged), or that only drift is to be looked for (h->quiet). */
bool hr_is_settled(struct hr *h, struct outcome *out);
/* The pass came to its end. */
void hr_settle(struct hr *h, bool in_sync, struct outcome out);
/* Nothing was to be done: the status is as it was. */
struct outcome hr_end_quietly(struct hr *h);
/* Objects: the list of those that are known, what is left of the former is kept. */
void hr_know(struct hr *h, const struct relobj_list *l);
struct hr_known *hr_find_known(struct hr *h, const struct relobj *o);
/* live_content of it right now; HR_GONE: it is not there; 0: not known. */
uint64_t hr_content_now(struct hr *h, const struct hr_known *k);
/* For release_env: on_applied, intact. */
void hr_on_applied(void *ctx, const struct relobj_list *l);
bool hr_is_intact(void *ctx, const struct relobj *o);
/* For release_env.give_up: a new spec, chart or values came. */
bool hr_is_overtaken(void *ctx);
/* For relstore.wrote. */
void hr_wrote(void *ctx, node object);
/* h->history with what is needed of it read, and no more; false where only a list tells. */
bool hr_read_stored(struct hr *h);
/* The list was had: whoever it was that asked may do so. */
void hr_has_looked(struct hr *h);

/* ---- drift (helmrelease_drift.c) --------------------------------------------- */

bool hr_detects_drift(const struct hr *h);
err *hr_find_drift(struct hr *h, const struct record *r) __attribute__((warn_unused_result));
err *hr_correct_drift(struct hr *h) __attribute__((warn_unused_result));

/* The definitions of the chart, by the policy of that action. */
err *hr_apply_crds(struct hr *h, const char *action, bool server_side)
	__attribute__((warn_unused_result));

/* ---- words --------------------------------------------------------------------- */

/* Status fields. */
str hr_status_str(const struct hr *h, const char *key);
int64_t hr_status_int(const struct hr *h, const char *key);
void hr_status_add(struct hr *h, const char *key, int64_t more);
void hr_clear_failures(struct hr *h);
/* "5m0s" */
str hr_span(struct arena *a, int64_t span);
str hr_trimmed(const err *e);

#endif
