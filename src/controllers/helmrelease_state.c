/* helmrelease_state - how the release stands, and what is to be done about it.
 *
 * Each kind of action runs at most once a pass, and nothing after a
 * remediation. The texts are helm.md §6, §7 and §9.
 */
#include "base/clock.h"
#include "controllers/hr_impl.h"
#include "value/json.h"

enum state {
	STATE_ABSENT, STATE_LOCKED, STATE_UNMANAGED, STATE_FAILED, STATE_OUT_OF_SYNC,
	STATE_UNTESTED, STATE_DRIFTED, STATE_IN_SYNC,
};

enum { RETRIES_EXCEEDED = 1, NO_ROLLBACK_TARGET };	/* err_code */

/* ---- digests of the spec --------------------------------------------------- */

/* What is observed of post-renderers and common metadata: the digest of their
 * JSON, by the fields of the API. */
static str json_digest(struct hr *h, const char *field)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct api_kind *kind = api_kind_find(S(HELM_GROUP), S("HelmRelease"));
	node spec = node_map(h->a, 1), part = node_get(h->spec, str_c(field));

	if (node_is_nil(part))
		return STR_NONE;
	node_set(h->a, spec, str_c(field), part);
	part = node_get(api_kind_canonical(h->a, kind, spec), str_c(field));
	err_free(json_write(&b, part, &(struct json_style){ .source_order = true }));
	buf_addc(&b, '\n');
	return hr_digest(h->a, hr_digest_algo(h), buf_str(&b));
}

/* The release has what the spec says, or there was none before. Flux notes it after a failed
 * upgrade, too: then what could not be rendered counts as observed, and the next pass calls
 * the old release good. */
void hr_observe_spec(struct hr *h)
{
	status_set_str(h->p, S("observedPostRenderersDigest"), json_digest(h, "postRenderers"));
	status_set_str(h->p, S("observedCommonMetadataDigest"), json_digest(h, "commonMetadata"));
}

/* ---- Ready -------------------------------------------------------------------- */

static int64_t generation_of(node condition)
{
	return node_int(node_get(condition, S("observedGeneration")));
}

void hr_summarise(struct hr *h)
{
	struct pass *p = h->p;
	const char *order[3] = { "Remediated" };
	size_t n = 1;
	node best = NODE_NOTHING;

	if (hr_flag(h, "test.enable") && !hr_flag(h, "test.ignoreFailures"))
		order[n++] = "TestSuccess";
	order[n++] = "Released";
	if (!hr_flag(h, "test.enable"))
		condition_drop(p, S("TestSuccess"));
	for (size_t i = 0; i < n; i++) {
		node c = condition_get(p, str_c(order[i]));

		if (c.kind == NODE_MAP &&
		    (best.kind != NODE_MAP || generation_of(c) > generation_of(best)))
			best = c;
	}
	if (best.kind != NODE_MAP)
		return;
	str status = node_str(node_get(best, S("status")));
	bool remediated = str_eq(node_str(node_get(best, S("type"))), S("Remediated"));
	enum condition_status ready = remediated			? CONDITION_FALSE
				      : str_eq(status, S("True"))	? CONDITION_TRUE
				      : str_eq(status, S("False")) ? CONDITION_FALSE
									: CONDITION_UNKNOWN;

	if (ready == CONDITION_TRUE)
		condition_drop(p, S("Stalled"));
	condition_set(p, S("Ready"), ready, node_str(node_get(best, S("reason"))),
		      node_str(node_get(best, S("message"))));
}

static str ready_message(struct hr *h)
{
	return node_str(node_get(condition_get(h->p, S("Ready")), S("message")));
}

/* ---- state ----------------------------------------------------------------------- */

static enum state of_tests(struct hr *h, node latest, enum state otherwise)
{
	const char *active = hr_active(h);

	if (!hr_flag(h, "test.enable"))
		return otherwise;
	if (!hr_is_tested(latest))
		return STATE_UNTESTED;
	if (active && !hr_ignores_tests(h, active) && hr_has_test_in(latest, S("Failed")))
		return STATE_FAILED;
	return otherwise;
}

/* Of a generation that is new, or that did not come to be released. */
static const char *changed_spec(struct hr *h)
{
	if (hr_status_int(h, "observedGeneration") == h->p->generation &&
	    condition_is(h->p, S("Released"), CONDITION_TRUE))
		return NULL;
	if (!str_eq(json_digest(h, "postRenderers"),
		    hr_status_str(h, "observedPostRenderersDigest")))
		return "postrenderers digest has changed";
	if (!str_eq(json_digest(h, "commonMetadata"),
		    hr_status_str(h, "observedCommonMetadataDigest")))
		return "common metadata digest has changed";
	return NULL;
}

/* What the release has that is not wanted any more; NULL: nothing. */
static const char *changed(struct hr *h, const struct record *r, node latest)
{
	if (!str_eq(record_chart_name(r), h->chart->meta.name) ||
	    !str_eq(record_chart_version(r), h->chart->meta.version))
		return "release chart changed";
	if (!hr_has_values(h, node_str(node_get(latest, S("configDigest")))))
		return "release config values changed";
	return changed_spec(h);
}

static bool corrects_drift(const struct hr *h)
{
	str mode = node_str(hr_spec(h, "driftDetection.mode"));

	return mode.n ? str_eq(mode, S("enabled"))
		      : runtime_settings(h->p->rt)->gates[GATE_CORRECT_DRIFT];
}

static err *of_deployed(struct hr *h, const struct record *r, node latest, enum state *out, str *why)
{
	const char *what = changed(h, r, latest);

	if (what) {
		*out = STATE_OUT_OF_SYNC;
		*why = str_c(what);
		return NULL;
	}
	*out = of_tests(h, latest, STATE_IN_SYNC);
	if (*out == STATE_FAILED)
		*why = S("release has test in failed phase");
	if (*out != STATE_IN_SYNC || !hr_detects_drift(h))
		return NULL;
	err *e = hr_find_drift(h, r);

	if (e)
		return err_wrap(e, "unable to determine cluster state");
	if (h->drift.n)
		*out = STATE_DRIFTED;
	return NULL;
}

static err *find_state(struct hr *h, enum state *out, str *why)
{
	struct record *r;
	node latest = hr_latest(h);

	TRY(hr_read_history(h));
	r = hr_last(h);
	*out = STATE_ABSENT;
	*why = S("no release in storage for object");
	if (!r)
		return NULL;
	if (record_is_pending(r)) {
		*out = STATE_LOCKED;
		*why = arena_cat(h->a, S("release with status '"), r->status, S("'"));
		return NULL;
	}
	bool uninstalled = str_eq(r->status, S("uninstalled"));

	*why = uninstalled ? S("found uninstalled release in storage")
			   : S("found existing release in storage");
	if (latest.kind != NODE_MAP) {
		*out = uninstalled ? STATE_ABSENT : STATE_UNMANAGED;
		return NULL;
	}
	if (!hr_verify(h->a, latest, r)) {
		*out = STATE_UNMANAGED;
		*why = S("release not observed to be made for object");
		return NULL;
	}
	if (uninstalled)
		return NULL;
	*why = STR_NONE;
	if (str_eq(r->status, S("failed"))) {
		*out = STATE_FAILED;
		return NULL;
	}
	if (!str_eq(r->status, S("deployed")))
		return err_new(ERR_INVALID, "unable to determine state for release with status '%.*s'",
			       STR_ARG(r->status));
	return of_deployed(h, r, latest, out, why);
}

/* ---- what to do -------------------------------------------------------------------- */

static err *exhausted(const char *what)
{
	err *e = err_new(ERR_INVALID, "exceeded maximum retries: cannot %s", what);

	err_set_code(e, RETRIES_EXCEEDED);
	return e;
}

/* One forced action for each new value of the annotation. */
static bool is_forced(struct hr *h)
{
	node annotations = node_dig(h->p->object, "metadata", "annotations");
	str force = node_str(node_get(annotations, S("reconcile.fluxcd.io/forceAt")));

	if (!force.n || str_eq(force, hr_status_str(h, "lastHandledForceAt")))
		return false;
	status_set_str(h->p, S("lastHandledForceAt"), force);
	return str_eq(force, h->p->requested_at) && h->p->requested;
}

static void replace_remediated(struct hr *h)
{
	node latest = hr_latest(h);

	if (!condition_is(h->p, S("Remediated"), CONDITION_TRUE))
		return;
	str release = hr_release_text(h->a, latest), chart = hr_chart_text(h->a, latest);

	condition_drop(h->p, S("Remediated"));
	condition_set(h->p, S("Released"), CONDITION_TRUE, S("UpgradeSucceeded"),
		      arena_printf(h->a, "Helm upgrade succeeded for release %.*s with chart %.*s",
				   STR_ARG(release), STR_ARG(chart)));
}

static void restore_released(struct hr *h)
{
	node latest = hr_latest(h), released = condition_get(h->p, S("Released"));
	str reason = node_str(node_get(released, S("reason")));
	bool install = str_eq(reason, S("InstallFailed"));

	if (!install && !str_eq(reason, S("UpgradeFailed")))
		return;
	str release = hr_release_text(h->a, latest), chart = hr_chart_text(h->a, latest);

	condition_set(h->p, S("Released"), CONDITION_TRUE,
		      install ? S("InstallSucceeded") : S("UpgradeSucceeded"),
		      arena_printf(h->a, "Helm %s succeeded for release %.*s with chart %.*s",
				   install ? "install" : "upgrade", STR_ARG(release),
				   STR_ARG(chart)));
}

static enum hr_action in_sync(struct hr *h, bool forced)
{
	const char *active = hr_active(h);

	if (hr_retry_interval(h, active))
		hr_truncate_plain(h);
	else
		hr_truncate(h, active ? hr_ignores_tests(h, active)
				      : hr_flag(h, "test.ignoreFailures"));
	if (forced)
		return HR_UPGRADE;
	replace_remediated(h);
	if (!condition_is(h->p, S("Ready"), CONDITION_TRUE) ||
	    !condition_is(h->p, S("Released"), CONDITION_TRUE))
		restore_released(h);
	if (hr_detects_drift(h))
		condition_set(h->p, S("Drifted"), CONDITION_FALSE, S("NoDriftDetected"),
			      S("No drift detected against the cluster state"));
	return HR_NONE;
}

static str drift_message(struct hr *h)
{
	str release = hr_release_text(h->a, hr_latest(h));

	return arena_printf(h->a,
			    "Cluster state of release %.*s has drifted from the desired state:\n%.*s",
			    STR_ARG(release), STR_ARG(h->drift));
}

static enum hr_action drifted(struct hr *h)
{
	str message = drift_message(h);

	pass_event(h->p, EVENT_WARNING, S("DriftDetected"), message, NULL, 0);
	condition_set(h->p, S("Drifted"), CONDITION_TRUE, S("DriftDetected"), message);
	return corrects_drift(h) ? HR_CORRECT_DRIFT : HR_NONE;
}

/* The release to go back to must still be what it was. */
static err *check_previous(struct hr *h, bool ignore_tests, enum hr_action *out)
{
	node previous = hr_previous(h, ignore_tests);
	struct record r;

	*out = HR_ROLLBACK;
	if (previous.kind != NODE_MAP) {
		err *e = err_new(ERR_NOT_FOUND,
				 "missing target release for rollback: cannot remediate failed release");

		err_set_code(e, NO_ROLLBACK_TARGET);
		return e;
	}
	err *e = relstore_get(&h->env.store, h->a, h->name,
			      node_int(node_get(previous, S("version"))), &r);

	if (e && err_kind(e) != ERR_NOT_FOUND)
		return err_wrap(e, "cannot verify previous release to roll back to");
	if (e || !hr_verify(h->a, previous, &r))
		*out = HR_UPGRADE;
	err_free(e);
	return NULL;
}

static bool remediates_last(const struct hr *h, const char *active)
{
	node own = node_get(node_get(node_get(h->spec, str_c(active)), S("remediation")),
			    S("remediateLastFailure"));

	if (own.kind == NODE_BOOL)
		return node_bool(own);
	return str_eq(str_c(active), S("upgrade")) && hr_retries(h, active) > 0;
}

static err *failed(struct hr *h, bool forced, enum hr_action *out)
{
	const char *active = hr_active(h);

	*out = HR_UPGRADE;
	if (hr_retry_interval(h, active)) {
		hr_truncate_plain(h);
		return NULL;
	}
	if (!active || forced ||
	    hr_status_int(h, str_eq(str_c(active), S("install")) ? "installFailures"
								   : "upgradeFailures") <= 0)
		return NULL;
	if (hr_exhausted(h, active) && !remediates_last(h, active))
		return exhausted("remediate failed release");
	bool ignore = hr_ignores_tests(h, active);
	str strategy = node_str(hr_spec(h, "upgrade.remediation.strategy"));

	hr_truncate(h, ignore);
	if (str_eq(str_c(active), S("install")) || str_eq(strategy, S("uninstall"))) {
		*out = HR_UNINSTALL_REMEDIATION;
		return NULL;
	}
	return check_previous(h, ignore, out);
}

static err *choose(struct hr *h, enum state s, enum hr_action *out)
{
	bool forced = is_forced(h);

	switch (s) {
	case STATE_IN_SYNC:
		*out = in_sync(h, forced);
		return NULL;
	case STATE_LOCKED:
		*out = HR_UNLOCK;
		return NULL;
	case STATE_ABSENT:
		*out = HR_INSTALL;
		return hr_exhausted(h, "install") && !forced ? exhausted("install release") : NULL;
	case STATE_UNMANAGED:
		hr_clear_history(h);
		*out = HR_UPGRADE;
		return NULL;
	case STATE_OUT_OF_SYNC:
		*out = HR_UPGRADE;
		return hr_exhausted(h, "upgrade") && !forced ? exhausted("upgrade release") : NULL;
	case STATE_DRIFTED:
		*out = drifted(h);
		return NULL;
	case STATE_UNTESTED:
		replace_remediated(h);
		*out = HR_TEST;
		return NULL;
	case STATE_FAILED:
		break;
	}
	return failed(h, forced, out);
}

/* In the log, what is found and why. */
static void tell_state(struct hr *h, enum state s, str why)
{
	static const str words[] = {
		[STATE_ABSENT] = S("release not installed"),
		[STATE_LOCKED] = S("release locked"),
		[STATE_UNMANAGED] = S("release not managed by controller"),
		[STATE_FAILED] = S("release is in a failed state"),
		[STATE_OUT_OF_SYNC] = S("release out-of-sync with desired state"),
		[STATE_UNTESTED] = S("release has not been tested"),
		[STATE_DRIFTED] = S("detected changes in cluster state"),
		[STATE_IN_SYNC] = S("release in-sync with desired state"),
	};

	log_info(h->p->log, arena_cat(h->a, words[s], why.n ? S(": ") : STR_NONE, why),
		 log_str("release", h->name));
}

/* ---- the loop --------------------------------------------------------------------- */

static const struct {
	const char *name, *timeout;	/* whose timeout */
	unsigned kind;			/* of which one runs a pass */
} actions[] = {
	[HR_INSTALL] = { "install", "install", 1 },
	[HR_UPGRADE] = { "upgrade", "upgrade", 1 },
	[HR_TEST] = { "test", "test", 2 },
	[HR_ROLLBACK] = { "rollback", "rollback", 4 },
	[HR_UNINSTALL_REMEDIATION] = { "uninstall", "uninstall", 4 },
	[HR_UNLOCK] = { "unlock", NULL, 8 },
	[HR_CORRECT_DRIFT] = { "correct cluster drift", NULL, 16 },
};

enum { KIND_RELEASE = 1, KIND_REMEDIATE = 4 };

static struct outcome retry_later(struct hr *h, int64_t interval)
{
	condition_set(h->p, S("Reconciling"), CONDITION_TRUE, S("ProgressingWithRetry"),
		      arena_cat(h->a, S("retrying after "), hr_span(h->a, interval)));
	status_set(h->p, S("observedGeneration"), node_from_int(h->p->generation));
	return (struct outcome){ NEXT_INTERVAL, interval };
}

static struct outcome stall(struct hr *h, str reason, str message)
{
	condition_set(h->p, S("Stalled"), CONDITION_TRUE, reason, message);
	status_set(h->p, S("observedGeneration"), node_from_int(h->p->generation));
	return (struct outcome){ NEXT_CHANGE };
}

static struct outcome out_of_retries(struct hr *h)
{
	const char *active = hr_active(h);
	int64_t n = active ? hr_status_int(h, str_eq(str_c(active), S("install"))
						      ? "installFailures"
						      : "upgradeFailures")
			   : 0;

	return stall(h, S("RetriesExceeded"),
		     arena_printf(h->a, "Failed to %s after %lld attempt(s)",
				  active ? active : "", (long long)n));
}

static struct outcome again(struct hr *h)
{
	condition_set(h->p, S("Reconciling"), CONDITION_TRUE, S("ProgressingWithRetry"),
		      ready_message(h));
	return (struct outcome){ NEXT_BACKOFF };
}

/* Nothing more runs in this pass, but something is left to do. */
static struct outcome stop(struct hr *h, bool remediated)
{
	const char *active = hr_active(h);
	int64_t interval = hr_retry_interval(h, active);
	str strategy = node_str(hr_spec(h, "upgrade.remediation.strategy"));
	bool uninstalled = active && str_eq(str_c(active), S("upgrade")) &&
			   str_eq(strategy, S("uninstall"));

	if (interval)
		return retry_later(h, interval);
	if (!active || !hr_exhausted(h, active) || (remediated && uninstalled))
		return again(h);
	if (remediated)
		return out_of_retries(h);
	condition_drop(h->p, S("Reconciling"));
	status_set(h->p, S("observedGeneration"), node_from_int(h->p->generation));
	return (struct outcome){ NEXT_INTERVAL, pass_duration(h->p, S("interval"), CLOCK_HOUR) };
}

struct outcome hr_done(struct hr *h, bool in_sync)
{
	struct outcome out = { NEXT_INTERVAL, pass_duration(h->p, S("interval"), CLOCK_HOUR) };

	condition_drop(h->p, S("Reconciling"));
	hr_observe_spec(h);
	hr_summarise(h);
	status_set(h->p, S("observedGeneration"), node_from_int(h->p->generation));
	hr_settle(h, in_sync, out);
	return out;
}

static struct outcome fail(struct hr *h, err *e)
{
	log_error(h->p->log, e, S("Reconciler error"), log_str("release", h->name));
	err_free(e);
	return (struct outcome){ NEXT_BACKOFF };
}

static struct outcome no_state(struct hr *h, err *e)
{
	condition_set(h->p, S("Ready"), CONDITION_FALSE, S("StateError"),
		      arena_printf(h->a, "Could not determine release state: %s", err_msg(e)));
	return fail(h, err_wrap(e, "cannot determine release state"));
}

static struct outcome no_action(struct hr *h, err *e)
{
	int code = err_code(e);

	if (code == RETRIES_EXCEEDED) {
		err_free(e);
		return out_of_retries(h);
	}
	if (code != NO_ROLLBACK_TARGET)
		return fail(h, e);
	str message = arena_printf(h->a, "Failed to perform remediation: %s", err_msg(e));

	err_free(e);
	return stall(h, S("MissingRollbackTarget"), message);
}

static void mark(struct hr *h, enum hr_action action)
{
	str span = hr_span(h->a, hr_timeout(h, actions[action].timeout));
	str message = arena_printf(h->a, "Running '%s' action with timeout of %.*s",
				   actions[action].name, STR_ARG(span));

	if (actions[action].kind == KIND_RELEASE)
		pass_progress_anew(h->p, message, false);
	else
		condition_set(h->p, S("Reconciling"), CONDITION_TRUE, S("Progressing"), message);
	log_info(h->p->log, arena_printf(h->a, "running '%s' action with timeout of %.*s",
					 actions[action].name, STR_ARG(span)), log_str("release", h->name));
}

static struct outcome ran_badly(struct hr *h, enum hr_action action, err *e)
{
	int64_t interval = hr_retry_interval(h, hr_active(h));

	if (!interval)
		return fail(h, e);
	log_error(h->p->log, e, arena_printf(h->a, "failed to run '%s' action", actions[action].name),
		  log_str("release", h->name));
	err_free(e);
	return retry_later(h, interval);
}

/* Between two regular passes only drift counts, that it comes and that it goes. What was
 * told and is not to be corrected is not told again. */
static bool is_no_news(struct hr *h, enum state s)
{
	node told = condition_get(h->p, S("Drifted"));
	bool drifted = str_eq(node_str(node_get(told, S("status"))), S("True"));

	if (s == STATE_DRIFTED)
		return drifted && !corrects_drift(h) &&
		       str_eq(node_str(node_get(told, S("message"))), drift_message(h));
	return s != STATE_IN_SYNC || !drifted;
}

/* Something new came while the objects were waited for; takes `e`. */
static struct outcome overtaken(struct hr *h, err *e)
{
	condition_set(h->p, S("Ready"), CONDITION_FALSE, S("HealthCheckCanceled"),
		      arena_cat(h->a, S("New reconciliation triggered by "), h->overtaken));
	pass_event(h->p, EVENT_NORMAL, S("HealthCheckCanceled"),
		   arena_cat(h->a,
			     S("Health checks canceled due to new reconciliation triggered by "),
			     h->overtaken),
		   NULL, 0);
	err_free(e);
	return (struct outcome){ NEXT_NOW };
}

struct outcome hr_release(struct hr *h)
{
	unsigned ran = 0;

	for (;;) {
		enum hr_action action;
		enum state state;
		str why;
		err *e = find_state(h, &state, &why);

		if (e)
			return no_state(h, e);
		if (h->quiet && is_no_news(h, state))
			return hr_end_quietly(h);
		h->quiet = false;
		tell_state(h, state, why);
		e = choose(h, state, &action);
		if (e)
			return no_action(h, e);
		if (action == HR_NONE)
			return hr_done(h, state == STATE_IN_SYNC);
		if (ran & actions[action].kind)
			return stop(h, false);
		mark(h, action);
		e = hr_run(h, action);
		if (h->overtaken.n)
			return overtaken(h, e);
		if (e)
			return ran_badly(h, action, e);
		if (actions[action].kind == KIND_REMEDIATE)
			return stop(h, true);
		ran |= actions[action].kind;
		if (h->p->cancel && atomic_load(h->p->cancel))
			return fail(h, err_new(ERR_CANCELED,
					       "atomic release canceled: context canceled"));
	}
}
