/* helmrelease_action - one action on the release, and what is told of it. */
#include "base/clock.h"
#include "base/vec.h"
#include "controllers/hr_impl.h"

/* ---- the environment ---------------------------------------------------------- */

/* What is no step of an action is for the controller's own log. */
static void on_line(void *ctx, enum notice_level level, str line)
{
	struct hr *h = ctx;

	(void)level;
	log_info(h->p->log, line, log_str("release", h->name));
}

/* Percent of what a Secret may hold. */
enum { SIZE_WARN = 80 };

static void on_slow(void *ctx)
{
	struct hr *h = ctx;

	pass_write(h->p);
	if (!h->waits)
		pass_waits(h->p, true);
	h->waits = true;
}

/* The record is stored as base64 in base64: the API server sees the first. */
static void on_size(void *ctx, const struct record *r, size_t size)
{
	struct hr *h = ctx;
	str parts;

	if (size < RELEASE_SIZE_MAX / 100 * SIZE_WARN)
		return;
	parts = release_parts(h->a, r);
	pass_event(h->p, EVENT_WARNING, S("ReleaseSize"),
		   arena_printf(h->a,
				"the release Secret of %.*s.v%lld takes %zu of %d bytes; before "
				"compression: %.*s",
				STR_ARG(r->name), (long long)r->version, size, RELEASE_SIZE_MAX,
				STR_ARG(parts)),
		   NULL, 0);
}

static bool sees(void *ctx, const struct client_resource *r, str ns)
{
	const struct hr *h = ctx;

	return cluster_sees(h->p, h->cluster, r, ns);
}

static bool shown(void *ctx, const struct client_resource *r, str ns)
{
	const struct hr *h = ctx;

	return hr_right_is_known(h->shared, h->cluster->id, "get", r, ns);
}

static void on_shown(void *ctx, const struct client_resource *r, str ns)
{
	const struct hr *h = ctx;

	hr_right_note(h->shared, h->cluster->id, "get", r, ns);
}

void hr_prepare_env(struct hr *h)
{
	bool limited = h->cluster->account || h->cluster->remote;

	h->notices = (struct notices){ .line = on_line, .ctx = h };
	h->steps = (struct notices){ .parts = helmlog_add, .ctx = &h->log, .debug = true };
	h->env = (struct release_env){
		.cluster = { .client = h->cluster->client, .discovery = h->cluster->discovery,
			     .manager = S("helm-controller"), .cancel = h->p->cancel,
			     .log = &h->steps, .live = h->cluster->live, .sees = sees,
			     .sees_ctx = h,
			     .shown = limited ? shown : NULL,
			     .on_shown = limited ? on_shown : NULL, .shown_ctx = h },
		.store = { .driver = RELSTORE_SECRET, .client = h->cluster->client,
			   .ns = h->storage_ns, .manager = S("helm-controller"),
			   .cache = hr_shared_records(h->shared),
			   .wrote = hr_wrote, .wrote_ctx = h },
		.ns = h->ns,
		.notices = &h->notices,
		.tmpl = &h->tmpl,
		.on_store = hr_observe, .on_store_ctx = h,
		.on_applied = hr_on_applied, .intact = hr_is_intact, .applied_ctx = h,
		.on_slow = on_slow, .on_slow_ctx = h,
		.on_size = on_size, .on_size_ctx = h,
		.as_flux = true,
	};
}

/* What an action left of the history is as good as asking for it. */
static void know(struct hr *h, const struct record *r)
{
	struct record *last = hr_last(h);

	if (!r->version || !h->observed)
		return;
	if (last && last->version == r->version)
		*last = *r;
	else
		avec_push(h->a, &h->history, *r);
	h->known = true;
}

err *hr_read_history(struct hr *h)
{
	if (h->known) {
		h->known = false;
		return NULL;
	}
	if (hr_read_stored(h))
		return NULL;
	err *e = relstore_find(&h->env.store, h->a, h->name, STR_NONE, STR_NONE, &h->history);

	if (!e && !h->history.n && h->history.unread)
		e = relstore_no_last(&h->history, h->name);
	if (!e)
		hr_has_looked(h);
	return e ? err_wrap(e, "failed to retrieve last release from storage") : NULL;
}

struct record *hr_last(struct hr *h)
{
	return relstore_last(&h->history);
}

/* ---- events -------------------------------------------------------------------- */

/* Helm's lines are of installs, upgrades, rollbacks and uninstalls. */
static str with_log(struct hr *h, str message)
{
	if (!h->action.n)
		return message;
	if (h->log.n)
		message = arena_cat(h->a, message, S("\n\nLast Helm logs:\n\n"),
				    helmlog_text(&h->log, h->a));
	if (h->origins.n)
		message = arena_cat(h->a, message, S("\n\nValues:\n\n"), h->origins);
	return message;
}

static void tell(struct hr *h, enum event_type type, const char *reason, str message,
		 str version, str config, str app, str oci)
{
	const str meta[] = { S("revision"), version, S("token"), config, S("app-version"), app,
			     S("oci-digest"), oci };

	if (type == EVENT_WARNING)
		message = with_log(h, message);
	pass_event(h->p, type, str_c(reason), message, meta, 8);
}

void hr_event(struct hr *h, enum event_type type, const char *reason, str message, node snapshot)
{
	if (snapshot.kind == NODE_MAP)
		tell(h, type, reason, message, node_str(node_get(snapshot, S("chartVersion"))),
		     h->rollback ? h->config_digest
				 : node_str(node_get(snapshot, S("configDigest"))),
		     node_str(node_get(snapshot, S("appVersion"))),
		     node_str(node_get(snapshot, S("ociDigest"))));
	else
		tell(h, type, reason, message, h->chart->meta.version, h->config_digest,
		     h->chart->meta.app_version, h->oci_digest);
}

/* ---- options -------------------------------------------------------------------- */

static enum release_wait wait_of(const struct hr *h, const char *action)
{
	str strategy = node_str(hr_spec(h, "waitStrategy.name"));
	node own = node_get(h->spec, str_c(action));

	if (node_bool(node_get(own, S("disableWait"))))
		return RELEASE_WAIT_HOOKS;
	if (str_eq(strategy, S("legacy")) ||
	    (!strategy.n && runtime_settings(h->p->rt)->gates[GATE_USE_HELM3_DEFAULTS]))
		return RELEASE_WAIT_LEGACY;
	return RELEASE_WAIT_WATCHER;
}

static struct release_how how_of(struct hr *h, const char *action)
{
	node own = node_get(h->spec, str_c(action)), max = node_get(h->spec, S("maxHistory"));

	return (struct release_how){
		.name = h->name,
		.chart = h->chart,
		.form = h->shared_chart ? &h->shared_chart->form : NULL,
		.values = node_len(h->values) ? node_copy(h->a, h->values) : NODE_NOTHING,
		.timeout = hr_timeout(h, action),
		.wait = wait_of(h, action),
		.wait_for_jobs = !node_bool(node_get(own, S("disableWaitForJobs"))),
		.no_hooks = node_bool(node_get(own, S("disableHooks"))),
		.skip_schema = node_bool(node_get(own, S("disableSchemaValidation"))),
		.take_ownership = !node_bool(node_get(own, S("disableTakeOwnership"))),
		.cleanup_on_fail = node_bool(node_get(own, S("cleanupOnFail"))),
		.replace = node_bool(node_get(own, S("replace"))),
		.max_history = node_is_num(max) ? node_int(max) : 5,
		.skip_crds = true,
		.dns = runtime_settings(h->p->rt)->gates[GATE_ALLOW_DNS_LOOKUPS],
		.keep_history = node_bool(node_get(own, S("keepHistory"))),
		.propagation = node_str(node_get(own, S("deletionPropagation"))),
		.post_render = hr_post_render,
		.post_ctx = h,
		.post = hr_post_strategy(h),
		.tight = true,
		.history = &h->history,
	};
}

/* "enabled", "disabled", and for all else as the record was applied. */
static bool server_side(const struct hr *h, const char *action, const struct record *like)
{
	node own = node_get(node_get(h->spec, str_c(action)), S("serverSideApply"));

	if (str_eq(node_str(own), S("enabled")))
		return true;
	if (str_eq(node_str(own), S("disabled")))
		return false;
	return like && str_eq(like->apply_method, S("ssa"));
}

static void set_side(struct hr *h, struct release_how *how, const char *action, bool server)
{
	node own = node_get(h->spec, str_c(action));

	how->server_side = server ? RELEASE_SIDE_SERVER : RELEASE_SIDE_CLIENT;
	how->force_conflicts = server;
	how->force_replace = !server && node_bool(node_get(own, S("force")));
}

static void begin(struct hr *h, const char *action)
{
	helmlog_clear(&h->log);
	h->origins = STR_NONE;
	h->action = str_c(action);
	h->observed = 0;
	h->added = 0;
	h->rollback = false;
}

/* ---- install and upgrade ------------------------------------------------------------ */

static void say_made(struct hr *h, const char *what, const char *reason)
{
	node latest = hr_latest(h);
	str release = hr_release_text(h->a, latest), chart = hr_chart_text(h->a, latest);
	str message = arena_printf(h->a, "Helm %s succeeded for release %.*s with chart %.*s", what,
				   STR_ARG(release), STR_ARG(chart));

	condition_set(h->p, S("Released"), CONDITION_TRUE, str_c(reason), message);
	if (hr_flag(h, "test.enable") && !hr_is_tested(latest))
		condition_set(h->p, S("TestSuccess"), CONDITION_UNKNOWN, S("AwaitingTests"),
			      arena_printf(h->a, "Helm release %.*s with chart %.*s is awaiting tests",
					   STR_ARG(release), STR_ARG(chart)));
	if (hr_retry_interval(h, what))
		hr_clear_failures(h);
	hr_event(h, EVENT_NORMAL, reason, message, latest);
}

static void say_not_made(struct hr *h, const char *what, const char *reason, const err *e)
{
	str why = hr_trimmed(e), chart = h->chart->meta.name, version = h->chart->meta.version;
	str message = arena_printf(h->a,
				   "Helm %s failed for release %.*s/%.*s with chart %.*s@%.*s: %.*s",
				   what, STR_ARG(h->ns), STR_ARG(h->name), STR_ARG(chart),
				   STR_ARG(version), STR_ARG(why));

	condition_set(h->p, S("Released"), CONDITION_FALSE, str_c(reason), message);
	if (h->overtaken.n)	/* it was not given the time: no failure of its own */
		return;
	h->origins = hr_origins(h, why);
	hr_status_add(h, "failures", 1);
	hr_event(h, EVENT_WARNING, reason, message, NODE_NOTHING);
}

static err *act(struct hr *h, bool install, struct record *r)
{
	const char *what = install ? "install" : "upgrade";
	const struct settings *s = runtime_settings(h->p->rt);
	struct release_how how = how_of(h, what);
	struct chart own = *h->chart;
	node wish = hr_spec(h, "install.serverSideApply");
	bool server = install ? wish.kind == NODE_BOOL ? node_bool(wish)
						       : !s->gates[GATE_USE_HELM3_DEFAULTS]
			      : server_side(h, what, hr_last(h));
	err *e;

	set_side(h, &how, what, server);
	e = hr_apply_crds(h, what, server);
	if (e)
		return err_wrap(e, "failed to apply CustomResourceDefinitions");
	runtime_count_render(h->p->rt);
	how.chart = &own;
	if (install) {
		how.max_history = 0;
		how.create_namespace = node_str(node_get(h->spec, S("targetNamespace"))).n > 0 &&
				       hr_flag(h, "install.createNamespace");
		return release_install(&h->env, h->a, &how, r);
	}
	how.reuse = hr_flag(h, "upgrade.preserveValues") ? RELEASE_REUSE : RELEASE_RESET;
	e = release_upgrade(&h->env, h->a, &how, r);
	if (how.reuse == RELEASE_REUSE && r->version)
		hr_take_values(h, r->config);
	return e;
}

static err *release(struct hr *h, bool install)
{
	const char *what = install ? "install" : "upgrade";
	int64_t began = clock_mono();
	struct record r;

	begin(h, what);
	status_set_str(h->p, S("lastAttemptedReleaseAction"), str_c(what));
	if (install)
		hr_clear_history(h);
	condition_drop(h->p, S("TestSuccess"));
	condition_drop(h->p, S("Remediated"));
	err *e = act(h, install, &r);

	status_set_str(h->p, S("lastAttemptedReleaseActionDuration"),
		       hr_span(h->a, clock_mono() - began));
	if (h->observed && r.version)
		hr_set_inventory(h, &r);
	know(h, &r);
	if (!e || install)
		hr_observe_spec(h);
	if (!e) {
		say_made(h, what, install ? "InstallSucceeded" : "UpgradeSucceeded");
		hr_summarise(h);
		return NULL;
	}
	say_not_made(h, what, install ? "InstallFailed" : "UpgradeFailed", e);
	hr_summarise(h);
	/* Without a record there is nothing to remediate. */
	if (!h->observed)
		return e;
	err_free(e);
	if (!h->overtaken.n)
		hr_status_add(h, install ? "installFailures" : "upgradeFailures", 1);
	return NULL;
}

/* ---- tests ------------------------------------------------------------------------- */

static str passed_text(struct hr *h, node latest)
{
	size_t n = node_len(node_get(latest, S("testHooks")));

	return n ? arena_printf(h->a, "%zu test hook%s completed successfully", n, n > 1 ? "s" : "")
		 : S("no test hooks");
}

static void say_tested(struct hr *h, node latest, const err *e)
{
	str release = hr_release_text(h->a, latest), chart = hr_chart_text(h->a, latest);
	str why = e ? hr_trimmed(e) : passed_text(h, latest);
	const char *reason = e ? "TestFailed" : "TestSucceeded";
	str message = arena_printf(h->a, "Helm test %s for release %.*s with chart %.*s: %.*s",
				   e ? "failed" : "succeeded", STR_ARG(release), STR_ARG(chart),
				   STR_ARG(why));

	condition_set(h->p, S("TestSuccess"), e ? CONDITION_FALSE : CONDITION_TRUE, str_c(reason),
		      message);
	hr_event(h, e ? EVENT_WARNING : EVENT_NORMAL, reason, message, latest);
}

static void filters(struct hr *h, struct release_how *how)
{
	node list = hr_spec(h, "test.filters");
	str *only = arena_array(h->a, str, node_len(list) + 1);
	str *without = arena_array(h->a, str, node_len(list) + 1);

	node_each_item(f, list) {
		str name = node_str(node_get(*f, S("name")));

		if (node_bool(node_get(*f, S("exclude"))))
			without[how->without_n++] = name;
		else
			only[how->only_n++] = name;
	}
	how->only = only;
	how->without = without;
}

/* Helm takes the last release that there is: another than the one status tells of. */
static err *mismatch(struct hr *h, const char *what, node latest, const struct record *r)
{
	str release = hr_release_text(h->a, latest);

	return err_new(ERR_INVALID,
		       "release mismatch: %s release %.*s/%.*s.v%lld != current release %.*s", what,
		       STR_ARG(r->ns), STR_ARG(r->name), (long long)r->version, STR_ARG(release));
}

static err *test(struct hr *h)
{
	struct release_how how = how_of(h, "test");
	const char *active = hr_active(h);
	struct record r;

	begin(h, "");
	filters(h, &how);
	how.wait = RELEASE_WAIT_WATCHER;
	err *e = release_test(&h->env, h->a, &how, &r);

	if (r.version)
		hr_observe_tests(h, &r);
	know(h, &r);
	node latest = hr_latest(h);

	if (!e && !hr_targets(latest, &r))
		e = mismatch(h, "tested", latest, &r);

	say_tested(h, latest, e);
	if (e)
		hr_status_add(h, "failures", 1);
	if (e && hr_is_tested(latest) && active && !hr_ignores_tests(h, active))
		hr_status_add(h, str_eq(str_c(active), S("install")) ? "installFailures"
								       : "upgradeFailures", 1);
	hr_summarise(h);
	if (e && !hr_is_tested(latest))
		return e;
	err_free(e);
	return NULL;
}

/* ---- remediation -------------------------------------------------------------------- */

static void say_remediated(struct hr *h, const char *what, const char *reason, node of,
			   const err *e)
{
	str release = hr_release_text(h->a, of), chart = hr_chart_text(h->a, of);
	str why = e ? hr_trimmed(e) : STR_NONE;
	str message = arena_printf(h->a, "%s release %.*s with chart %.*s %s%s%.*s", what,
				   STR_ARG(release), STR_ARG(chart), e ? "failed" : "succeeded",
				   e ? ": " : "", STR_ARG(why));

	if (e)
		hr_status_add(h, "failures", 1);
	condition_set(h->p, S("Remediated"), e ? CONDITION_FALSE : CONDITION_TRUE, str_c(reason),
		      message);
	hr_event(h, e ? EVENT_WARNING : EVENT_NORMAL, reason, message, of);
}

static const struct record *of_version(const struct hr *h, int64_t version)
{
	for (size_t i = 0; i < h->history.n; i++)
		if (h->history.p[i].version == version)
			return &h->history.p[i];
	return NULL;
}

/* Each revision in full. */
static err *read_whole(struct hr *h)
{
	return relstore_find(&h->env.store, h->a, h->name, STR_NONE, STR_NONE, &h->history);
}

static err *roll_back(struct hr *h)
{
	struct release_how how = how_of(h, "rollback");
	node previous = hr_previous(h, hr_ignores_tests(h, "upgrade"));
	struct record r;

	begin(h, "rollback");
	h->rollback = true;
	TRY(read_whole(h));
	how.revision = node_int(node_get(previous, S("version")));
	set_side(h, &how, "rollback",
		 server_side(h, "rollback", of_version(h, how.revision)));
	err *e = release_rollback(&h->env, h->a, &how, &r);

	if (h->observed && r.version)
		hr_set_inventory(h, &r);
	say_remediated(h, "Helm rollback to previous", e ? "RollbackFailed" : "RollbackSucceeded",
		       previous, e);
	h->rollback = false;
	hr_summarise(h);
	if (e && !h->observed)
		return e;
	err_free(e);
	return NULL;
}

/* What was uninstalled must be what status tells of, and have been stored. */
static err *check_uninstalled(struct hr *h, node latest, const struct record *r)
{
	if (r->version && !hr_targets(latest, r))
		return mismatch(h, "uninstalled", latest, r);
	if (h->observed || str_eq(node_str(node_get(latest, S("status"))), S("uninstalled")))
		return NULL;
	return err_new(ERR_INTERNAL,
		       "uninstall completed with error: release not updated in Helm storage");
}

static err *uninstall_failed_release(struct hr *h)
{
	struct release_how how = how_of(h, "uninstall");
	struct record r;
	str info;

	begin(h, "uninstall-remediation");
	TRY(read_whole(h));
	err *e = release_uninstall(&h->env, h->a, &how, &r, &info);

	if (!e)
		e = check_uninstalled(h, hr_latest(h), &r);
	say_remediated(h, "Helm uninstall remediation for",
		       e ? "UninstallFailed" : "UninstallSucceeded", hr_latest(h), e);
	/* Ready goes on telling why the release failed. */
	if (e && !h->observed)
		return e;
	err_free(e);
	return NULL;
}

/* ---- unlock -------------------------------------------------------------------------- */

/* Whoever was at it is dead: two passes never run for one object. */
static err *unlock(struct hr *h)
{
	struct record *r = hr_last(h);

	begin(h, "");
	if (!r || !record_is_pending(r))
		return NULL;
	node of = hr_snapshot(h, r);
	str was = r->status, release = hr_release_text(h->a, of), chart = hr_chart_text(h->a, of);

	r->status = S("failed");
	r->description = arena_printf(h->a, "Release unlocked from stale '%.*s' state",
				      STR_ARG(was));
	err *e = relstore_update(&h->env.store, r);
	node latest = hr_latest(h);

	/* Only what has a snapshot is observed. */
	if (!e && node_int(node_get(latest, S("version"))) == r->version)
		hr_observe(h, r);
	str message = arena_printf(h->a, "%s Helm release %.*s with chart %.*s in %.*s state%s%s",
				   e ? "Unlock of" : "Unlocked", STR_ARG(release), STR_ARG(chart),
				   STR_ARG(was), e ? " failed: " : "", e ? err_msg(e) : "");

	if (e)
		hr_status_add(h, "failures", 1);
	condition_set(h->p, S("Released"), CONDITION_FALSE, S("PendingRelease"), message);
	hr_event(h, e ? EVENT_WARNING : EVENT_NORMAL, "PendingRelease", message, of);
	hr_summarise(h);
	return e;
}

/* ---- uninstall ---------------------------------------------------------------------- */

static void say_uninstalled(struct hr *h, str message)
{
	condition_set(h->p, S("Released"), CONDITION_FALSE, S("UninstallSucceeded"), message);
}

err *hr_uninstall(struct hr *h)
{
	struct release_how how = how_of(h, "uninstall");
	node latest = hr_latest(h);
	struct record r;
	str info, release = hr_release_text(h->a, latest), chart = hr_chart_text(h->a, latest);

	if (latest.kind != NODE_MAP)
		return NULL;
	begin(h, "uninstall");
	how.name = node_str(node_get(latest, S("name")));
	how.history = NULL;
	err *e = release_uninstall(&h->env, h->a, &how, &r, &info);

	if (e && !r.version && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		say_uninstalled(h,
				arena_printf(h->a, "Release %.*s was not found, assuming it is "
						   "uninstalled", STR_ARG(release)));
		hr_summarise(h);
		return NULL;
	}
	if (e && how.keep_history && str_has(err_text(e), S("is already deleted"))) {
		err_free(e);
		say_uninstalled(h, arena_printf(h->a, "Release %.*s was already uninstalled",
							STR_ARG(release)));
		hr_summarise(h);
		return NULL;
	}
	if (!e)
		e = check_uninstalled(h, latest, &r);
	str why = e ? hr_trimmed(e) : STR_NONE;
	str message = arena_printf(h->a, "Helm uninstall %s for release %.*s with chart %.*s%s%.*s",
				   e ? "failed" : "succeeded", STR_ARG(release), STR_ARG(chart),
				   e ? ": " : "", STR_ARG(why));

	if (e)
		hr_status_add(h, "failures", 1);
	else
		status_set(h->p, S("inventory"), NODE_NOTHING);
	condition_set(h->p, S("Released"), CONDITION_FALSE,
		      e ? S("UninstallFailed") : S("UninstallSucceeded"), message);
	hr_event(h, e ? EVENT_WARNING : EVENT_NORMAL, e ? "UninstallFailed" : "UninstallSucceeded",
		 message, latest);
	hr_summarise(h);
	return e;
}

static err *run(struct hr *h, enum hr_action action)
{
	switch (action) {
	case HR_INSTALL:
		return release(h, true);
	case HR_UPGRADE:
		return release(h, false);
	case HR_TEST:
		return test(h);
	case HR_ROLLBACK:
		return roll_back(h);
	case HR_UNINSTALL_REMEDIATION:
		return uninstall_failed_release(h);
	case HR_UNLOCK:
		return unlock(h);
	case HR_CORRECT_DRIFT:
		return hr_correct_drift(h);
	case HR_NONE:
		break;
	}
	return NULL;
}

err *hr_run(struct hr *h, enum hr_action action)
{
	err *e = run(h, action);

	if (h->waits)
		pass_waits(h->p, false);
	h->waits = false;
	return e;
}
