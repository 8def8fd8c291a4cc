/* kustomization_end - what a pass leaves in the status, and how it ends. */
#include "base/clock.h"
#include "base/vec.h"
#include "controllers/kustomization_impl.h"
#include "text/gotime.h"
#include "text/replace.h"

/* Snapshots in status.history. */
enum { HISTORY_MAX = 5 };
/* Whoever retries as often needs no other way when a server is not there. */
#define SHORT_RETRY (15 * CLOCK_SECOND)
/* So long a pass may be silent. */
#define PROGRESS_AFTER (2 * CLOCK_SECOND)

/* ---- history --------------------------------------------------------------------- */

static node text_node(struct ks *k, str s)
{
	return node_copy_str(k->a, s);
}

static node snapshot(struct ks *k, node before, str status, node now)
{
	node s = node_map(k->a, 8), meta = node_map(k->a, 2);
	int64_t count = node_int(node_get(before, S("totalReconciliations")));
	bool known = node_is(before, NODE_MAP);
	int64_t start = k->m->waiting ? k->m->reconcile_started : k->p->started;

	node_set(k->a, meta, S("revision"), text_node(k, k->artifact.revision));
	if (k->origin_revision.n)
		node_set(k->a, meta, S("originRevision"), text_node(k, k->origin_revision));
	node_set(k->a, s, S("digest"), text_node(k, k->digest));
	node_set(k->a, s, S("firstReconciled"),
		 known ? node_get(before, S("firstReconciled")) : now);
	node_set(k->a, s, S("lastReconciled"), now);
	node_set(k->a, s, S("lastReconciledDuration"),
		 text_node(k, pass_span(k->p, clock_mono() - start)));
	node_set(k->a, s, S("lastReconciledStatus"), text_node(k, status));
	node_set(k->a, s, S("metadata"), meta);
	node_set(k->a, s, S("totalReconciliations"), node_from_int(count + 1));
	return s;
}

static bool is_of(node s, str digest, str status)
{
	return str_eq(node_str(node_get(s, S("digest"))), digest) &&
	       str_eq(node_str(node_get(s, S("lastReconciledStatus"))), status);
}

void kustomization_remember(struct ks *k, str status)
{
	CLEANUP(buf_release) struct buf time = BUF_INIT;
	node old = node_get(k->p->status, S("history")), list = node_seq(k->a, HISTORY_MAX);
	node before = NODE_NOTHING;

	if (!k->digest.n)
		return;
	gotime_format(&time, gotime_utc(clock_wall() / CLOCK_SECOND, 0), GOTIME_RFC3339);
	for (size_t i = node_len(old); i-- > 0;)
		if (is_of(node_at(old, i), k->digest, status))
			before = node_at(old, i);
	node_append(k->a, list, snapshot(k, before, status, text_node(k, buf_str(&time))));
	for (size_t i = 0; i < node_len(old) && node_len(list) < HISTORY_MAX; i++)
		if (!is_of(node_at(old, i), k->digest, status))
			node_append(k->a, list, node_at(old, i));
	status_set(k->p, S("history"), list);
}

/* ---- on the way -------------------------------------------------------------------- */

void kustomization_progress(struct ks *k, str doing, bool lasts)
{
	struct pass *p = k->p;

	if (k->quiet && !k->drifted)
		return;
	str message = arena_cat(k->a, doing, S(" for revision "), k->artifact.revision,
				S(" with a timeout of "), pass_span(p, k->timeout));

	condition_set(p, S("Ready"), CONDITION_UNKNOWN, S("Progressing"),
		      S("Reconciliation in progress"));
	condition_set(p, S("Reconciling"), CONDITION_TRUE, S("Progressing"), message);
	if (lasts || clock_mono() - p->started > PROGRESS_AFTER)
		pass_write(p);
}

#define EVENT_META(k)                                                               \
	((const str[]){ S("revision"), (k)->artifact.revision, S("originRevision"), \
			(k)->origin_revision })

void kustomization_event(struct ks *k, enum event_type type, str reason, str message)
{
	pass_event_unlogged(k->p, type, reason, message, EVENT_META(k), 4);
}

str kustomization_position(struct ks *k, const struct err_pos *at)
{
	str root = k->tree ? fs_root(artifact_tree_fs(k->tree)) : STR_NONE, file = at->file;

	if (!file.n || !at->line)
		return STR_NONE;
	if (root.n && str_take_str(&file, root))
		str_take(&file, '/');
	if (!at->col)
		return arena_printf(k->a, "%.*s:%u", STR_ARG(file), at->line);
	return arena_printf(k->a, "%.*s:%u:%u", STR_ARG(file), at->line, at->col);
}

str kustomization_place(struct ks *k, const err *e)
{
	struct err_pos at = err_position(e);

	return kustomization_position(k, &at);
}

/* ---- ends --------------------------------------------------------------------------- */

/* Who waits for a retry says so. */
static void will_retry(struct ks *k)
{
	node c = condition_get(k->p, S("Reconciling"));

	if (node_is(c, NODE_MAP))
		condition_set(k->p, S("Reconciling"), CONDITION_TRUE, S("ProgressingWithRetry"),
			      node_str(node_get(c, S("message"))));
}

static void settle(struct ks *k, int64_t span)
{
	k->m->settled = true;
	k->m->due = clock_after(clock_mono(), span);
	k->m->waiting = false;
}

struct outcome kustomization_wait(struct ks *k, str reason, str message, int64_t after)
{
	k->m->settled = k->m->waiting = false;
	condition_drop(k->p, S("Stalled"));
	condition_set(k->p, S("Ready"), CONDITION_FALSE, reason, message);
	will_retry(k);
	return (struct outcome){ NEXT_AFTER, after };
}

/* A server that does not answer; not an object that does not become ready. */
static bool is_away(const err *e, str reason)
{
	return err_kind(e) == ERR_UNAVAILABLE ||
	       (err_kind(e) == ERR_TIMEOUT && err_code(e) != APPLYSET_WAITS &&
		!str_eq(reason, S("HealthCheckFailed")));
}

/* The original names files below a folder that is another one each time; in a
 * message that is told once they stand as in the repository, whose root is ".". */
static str in_repository(struct ks *k, str text)
{
	str root = k->tree ? fs_root(artifact_tree_fs(k->tree)) : STR_NONE;

	if (!root.n)
		return arena_str(k->a, text);
	text = replace_all(k->a, text, arena_cat(k->a, root, S("/")), STR_NONE);
	return replace_all(k->a, text, root, S("."));
}

struct outcome kustomization_fail(struct ks *k, str reason, err *e)
{
	struct pass *p = k->p;
	str place = kustomization_place(k, e), text = in_repository(k, err_text(e));
	str message = text;

	if (place.n)
		message = arena_cat(k->a, text, str_ends(text, S("\n")) ? STR_NONE : S("\n"),
				    S("at "), place);
	condition_drop(p, S("Stalled"));
	condition_set(p, S("Ready"), CONDITION_FALSE, reason, message);
	will_retry(k);
	log_error(p->log, e,
		  arena_cat(k->a, S("Reconciliation failed after "),
			    pass_span(p, clock_mono() - p->started), S(", next try in "),
			    pass_span(p, k->retry)),
		  log_str("revision", k->artifact.revision));
	kustomization_event(k, EVENT_WARNING, reason, message);
	k->m->away = is_away(e, reason) ? k->m->away + 1 : 0;
	bool gone = k->m->away && k->retry > SHORT_RETRY &&
		    k->m->away <= runtime_settings(k->p->rt)->http_retry;

	err_free(e);
	settle(k, k->retry);
	k->m->tried = k->inputs;
	if (!gone)
		return (struct outcome){ NEXT_AFTER, k->retry };
	/* A server that is away for a moment shall not cost a whole interval. */
	k->m->settled = false;
	return (struct outcome){ .next = NEXT_BACKOFF };
}

struct outcome kustomization_stall(struct ks *k, str reason, err *e)
{
	node observed = node_get(k->p->status, S("observedGeneration"));

	k->m->settled = k->m->waiting = false;
	struct outcome out = pass_stall_of(k->p, reason, e, EVENT_META(k), 4);

	/* Of these, the original takes only a bad expression for observed. */
	if (!str_eq(reason, S("InvalidCELExpression")))
		status_set(k->p, S("observedGeneration"), observed);
	return out;
}

/* Jitter may bring the next pass so much earlier. */
static int64_t earliest(struct ks *k)
{
	return k->interval / 100 * (int64_t)(100 - runtime_settings(k->p->rt)->jitter_percent) -
	       CLOCK_SECOND / 10;
}

struct outcome kustomization_succeed(struct ks *k)
{
	struct pass *p = k->p;
	str revision = k->artifact.revision;
	int64_t start = k->m->waiting ? k->m->reconcile_started : p->started;

	status_set_str(p, S("lastAppliedRevision"), revision);
	status_set_str(p, S("lastAppliedOriginRevision"), k->origin_revision);
	kustomization_remember(k, S("ReconciliationSucceeded"));
	struct outcome out = pass_succeed(p, S("ReconciliationSucceeded"),
					  arena_cat(k->a, S("Applied revision: "), revision));
	str message = arena_cat(k->a, S("Reconciliation finished in "),
				pass_span(p, clock_mono() - start), S(", next run in "),
				pass_span(p, k->interval));
	const str meta[] = { S("revision"), revision, S("originRevision"), k->origin_revision,
			     S("commit_status"), S("update") };

	log_info(p->log, message, log_str("revision", revision));
	if (!runtime_settings(p->rt)->gates[GATE_DISABLE_COMMIT_STATUS_EVENT])
		pass_event_unlogged(p, EVENT_NORMAL, S("ReconciliationSucceeded"), message, meta,
				    6);
	settle(k, earliest(k));
	k->m->away = 0;
	return out;
}
