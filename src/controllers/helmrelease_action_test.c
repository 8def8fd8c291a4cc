#include "controllers/hr_stage_test.h"

/* One action: what Helm is asked to do, and what is told of it. */
static struct helm {
	const char *fails;	/* with these words; NULL: it does not */
	bool early;		/* before anything is stored */
	int64_t later;		/* somebody else's revisions since */
	struct buf asked;	/* the options that Helm got */
} helm;

/* ---- instead of Helm --------------------------------------------------------------- */

err *__wrap_release_install(const struct release_env *env, struct arena *a,
			    const struct release_how *how, struct record *out);
err *__wrap_release_upgrade(const struct release_env *env, struct arena *a,
			    const struct release_how *how, struct record *out);
err *__wrap_release_rollback(const struct release_env *env, struct arena *a,
			     const struct release_how *how, struct record *out);
err *__wrap_release_uninstall(const struct release_env *env, struct arena *a,
			      const struct release_how *how, struct record *out, str *info);
err *__wrap_release_test(const struct release_env *env, struct arena *a,
			 const struct release_how *how, struct record *out);
err *__wrap_hr_apply_crds(struct hr *h, const char *action, bool server_side);
void __wrap_hr_set_inventory(struct hr *h, const struct record *r);
void __wrap_pass_event(struct pass *p, enum event_type type, str reason, str message,
		       const str *meta, size_t n);

static void show_flag(struct buf *b, bool set, const char *name)
{
	if (set)
		buf_addf(b, " %s", name);
}

static void show_names(struct buf *b, const char *what, const str *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(b, " %s:%.*s", what, STR_ARG(names[i]));
}

/* The options as words; what is false is left out. */
static void show(const struct release_how *how)
{
	static const char *const waits[] = { "hooks", "watcher", "legacy" };
	static const char *const sides[] = { "auto", "server", "client" };
	static const char *const reuse[] = { "", " reset", " reuse", " reset-then-reuse" };
	struct buf *b = &helm.asked;
	str span = hr_span(&stage.a, how->timeout);

	buf_clear(b);
	buf_addf(b, "%.*s %s %s history=%lld", STR_ARG(span), waits[how->wait],
		 sides[how->server_side], (long long)how->max_history);
	show_flag(b, how->wait_for_jobs, "jobs");
	show_flag(b, how->force_conflicts, "conflicts");
	show_flag(b, how->force_replace, "force");
	show_flag(b, how->take_ownership, "take");
	show_flag(b, how->no_hooks, "no-hooks");
	show_flag(b, how->skip_schema, "no-schema");
	show_flag(b, how->cleanup_on_fail, "cleanup");
	show_flag(b, how->replace, "replace");
	show_flag(b, how->create_namespace, "namespace");
	show_flag(b, how->keep_history, "keep");
	show_flag(b, how->dns, "dns");
	buf_addf(b, "%s", reuse[how->reuse]);
	if (how->propagation.n)
		buf_addf(b, " %.*s", STR_ARG(how->propagation));
	if (how->revision)
		buf_addf(b, " to=%lld", (long long)how->revision);
	show_names(b, "only", how->only, how->only_n);
	show_names(b, "without", how->without, how->without_n);
	assert_true(how->skip_crds);	/* the controller has its own way with them */
	assert_true(str_eq(how->name, S("web")));
}

static err *act(const struct release_env *env, const struct release_how *how, int64_t version,
		const char *status, struct record *out)
{
	show(how);
	*out = (struct record){ 0 };
	if (!helm.early) {
		*out = stage_record(version, helm.fails ? "failed" : status, NODE_NOTHING);
		env->on_store(env->on_store_ctx, out);
	}
	return helm.fails ? err_new(ERR_INVALID, "%s", helm.fails) : NULL;
}

static int64_t next_version(void)
{
	return node_int(node_get(hr_latest(&stage.h), S("version"))) + 1;
}

err *__wrap_release_install(const struct release_env *env, struct arena *a,
			    const struct release_how *how, struct record *out)
{
	(void)a;
	return act(env, how, 1, "deployed", out);
}

err *__wrap_release_upgrade(const struct release_env *env, struct arena *a,
			    const struct release_how *how, struct record *out)
{
	(void)a;
	return act(env, how, next_version(), "deployed", out);
}

err *__wrap_release_rollback(const struct release_env *env, struct arena *a,
			     const struct release_how *how, struct record *out)
{
	(void)a;
	return act(env, how, next_version(), "deployed", out);
}

err *__wrap_release_uninstall(const struct release_env *env, struct arena *a,
			      const struct release_how *how, struct record *out, str *info)
{
	(void)a;
	*info = STR_NONE;
	return act(env, how, next_version() - 1, "uninstalled", out);
}

err *__wrap_release_test(const struct release_env *env, struct arena *a,
			 const struct release_how *how, struct record *out)
{
	static struct record_hook hooks[2] = { { .name = S("t1"), .kind = S("Pod") },
					       { .name = S("t2"), .kind = S("Pod") } };
	node events = node_seq(a, 1);

	(void)env;
	show(how);
	node_append(a, events, node_lit("test"));
	*out = stage_record(next_version() - 1 + helm.later, "deployed", NODE_NOTHING);
	out->hooks = hooks;
	out->hooks_n = 2;
	for (size_t i = 0; i < 2; i++) {
		hooks[i].events = events;
		hooks[i].phase = helm.fails ? S("Failed") : S("Succeeded");
	}
	return helm.fails ? err_new(ERR_INVALID, "%s", helm.fails) : NULL;
}

err *__wrap_hr_apply_crds(struct hr *h, const char *action, bool server_side)
{
	(void)h, (void)action, (void)server_side;
	return NULL;
}

void __wrap_hr_set_inventory(struct hr *h, const struct record *r)
{
	(void)h, (void)r;
}

void __wrap_pass_event(struct pass *p, enum event_type type, str reason, str message,
		       const str *meta, size_t n)
{
	(void)p;
	buf_clear(&stage.events);
	buf_addf(&stage.events, "%s%.*s: %.*s", type == EVENT_WARNING ? "!" : "", STR_ARG(reason),
		 STR_ARG(message));
	for (size_t i = 0; i + 1 < n; i += 2)
		if (!str_eq(meta[i], S("token")) && meta[i + 1].n)
			buf_addf(&stage.events, " [%.*s %.*s]", STR_ARG(meta[i]), STR_ARG(meta[i + 1]));
}

/* ---- the stage ------------------------------------------------------------------------ */

static struct stage *begin(const char *spec)
{
	helm = (struct helm){ .asked = BUF_INIT };
	return stage_begin(spec);
}

static void end(void)
{
	buf_release(&helm.asked);
	stage_end();
}

static void run(struct stage *s, enum hr_action action)
{
	assert_null(hr_run(&s->h, action));
}

#define assert_asked(text) assert_string_equal(buf_c(&helm.asked), text)
#define assert_told(type, text) assert_string_equal(stage_told(type), text)
#define assert_event(text) assert_string_equal(buf_c(&stage.events), text)

/* ---- options ------------------------------------------------------------------------------ */

struct row {
	const char *spec, *asked;
};

static const struct row installs[] = {
	{ "{}", "5m0s watcher server history=0 jobs conflicts take" },
	{ "{\"timeout\":\"1m\"}", "1m0s watcher server history=0 jobs conflicts take" },
	{ "{\"timeout\":\"1m\",\"install\":{\"timeout\":\"7s\"}}",
	  "7s watcher server history=0 jobs conflicts take" },
	{ "{\"install\":{\"disableWait\":true,\"disableWaitForJobs\":true}}",
	  "5m0s hooks server history=0 conflicts take" },
	{ "{\"waitStrategy\":{\"name\":\"legacy\"}}",
	  "5m0s legacy server history=0 jobs conflicts take" },
	{ "{\"waitStrategy\":{\"name\":\"poller\"}}",
	  "5m0s watcher server history=0 jobs conflicts take" },
	{ "{\"install\":{\"serverSideApply\":false,\"disableTakeOwnership\":true,\"replace\":true}}",
	  "5m0s watcher client history=0 jobs replace" },
	{ "{\"install\":{\"disableHooks\":true,\"disableSchemaValidation\":true}}",
	  "5m0s watcher server history=0 jobs conflicts take no-hooks no-schema" },
	/* Without a target namespace there is none to be made. */
	{ "{\"install\":{\"createNamespace\":true}}",
	  "5m0s watcher server history=0 jobs conflicts take" },
	{ "{\"targetNamespace\":\"apps\",\"install\":{\"createNamespace\":true}}",
	  "5m0s watcher server history=0 jobs conflicts take namespace" },
};

static void test_options_of_installs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof installs / sizeof *installs; i++) {
		struct stage *s = begin(installs[i].spec);

		run(s, HR_INSTALL);
		assert_asked(installs[i].asked);
		end();
	}
}

static const struct row upgrades[] = {
	{ "{}", "5m0s watcher server history=5 jobs conflicts take reset" },
	{ "{\"maxHistory\":2}", "5m0s watcher server history=2 jobs conflicts take reset" },
	{ "{\"maxHistory\":0}", "5m0s watcher server history=0 jobs conflicts take reset" },
	{ "{\"upgrade\":{\"preserveValues\":true,\"cleanupOnFail\":true}}",
	  "5m0s watcher server history=5 jobs conflicts take cleanup reuse" },
	{ "{\"upgrade\":{\"serverSideApply\":\"disabled\",\"force\":true}}",
	  "5m0s watcher client history=5 jobs force take reset" },
	/* Where the server applies nothing is replaced. */
	{ "{\"upgrade\":{\"serverSideApply\":\"enabled\",\"force\":true}}",
	  "5m0s watcher server history=5 jobs conflicts take reset" },
	{ "{\"upgrade\":{\"disableWait\":true,\"disableHooks\":true,\"timeout\":\"3s\"}}",
	  "3s hooks server history=5 jobs conflicts take no-hooks reset" },
};

static void test_options_of_upgrades(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof upgrades / sizeof *upgrades; i++) {
		struct stage *s = begin(upgrades[i].spec);

		run(s, HR_INSTALL);
		run(s, HR_UPGRADE);
		assert_asked(upgrades[i].asked);
		end();
	}
}

/* "auto" is as the last revision was applied. */
static void test_an_upgrade_applies_as_the_last_one_did(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	run(s, HR_INSTALL);
	hr_last(&s->h)->apply_method = S("csa");
	run(s, HR_UPGRADE);
	assert_asked("5m0s watcher client history=5 jobs take reset");
	end();
}

static void test_helm_3_defaults(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	s->settings.gates[GATE_USE_HELM3_DEFAULTS] = true;
	s->settings.gates[GATE_ALLOW_DNS_LOOKUPS] = true;
	run(s, HR_INSTALL);
	assert_asked("5m0s legacy client history=0 jobs take dns");
	end();
}

static void test_options_of_uninstalls(void **state)
{
	static const struct row rows[] = {
		{ "{}", "5m0s watcher auto history=5 jobs take" },
		{ "{\"uninstall\":{\"keepHistory\":true,\"deletionPropagation\":\"orphan\","
		  "\"disableWait\":true,\"disableHooks\":true,\"timeout\":\"2s\"}}",
		  "2s hooks auto history=5 jobs take no-hooks keep orphan" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stage *s = begin(rows[i].spec);

		run(s, HR_INSTALL);
		assert_null(hr_uninstall(&s->h));
		assert_asked(rows[i].asked);
		end();
	}
}

static void test_filters_of_tests(void **state)
{
	struct stage *s = begin("{\"test\":{\"enable\":true,\"timeout\":\"9s\",\"filters\":[{\"name\":\"a\"},"
				"{\"name\":\"b\",\"exclude\":true},{\"name\":\"c\"}]}}");

	(void)state;
	run(s, HR_INSTALL);
	run(s, HR_TEST);
	assert_asked("9s watcher auto history=5 jobs take only:a only:c without:b");
	end();
}

/* ---- words -------------------------------------------------------------------------------- */

#define RELEASE "release apps/web.v1 with chart web@1.0.0"
#define META " [revision 1.0.0] [app-version 9]"

static void test_what_is_told_of_an_install(void **state)
{
	struct stage *s = begin("{\"test\":{\"enable\":true}}");

	(void)state;
	run(s, HR_INSTALL);
	assert_told("Released", "True InstallSucceeded Helm install succeeded for " RELEASE);
	assert_told("TestSuccess", "Unknown AwaitingTests Helm " RELEASE " is awaiting tests");
	assert_event("InstallSucceeded: Helm install succeeded for " RELEASE META);
	assert_true(str_eq(hr_status_str(&s->h, "lastAttemptedReleaseAction"), S("install")));
	assert_int_equal(hr_status_int(&s->h, "failures"), 0);
	end();
}

static void test_what_is_told_of_a_failure(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	helm.fails = "  it broke\n";
	run(s, HR_INSTALL);
	assert_told("Released", "False InstallFailed Helm install failed for release apps/web with "
				   "chart web@1.0.0: it broke");
	assert_event("!InstallFailed: Helm install failed for release apps/web with chart "
			"web@1.0.0: it broke" META);
	assert_int_equal(hr_status_int(&s->h, "failures"), 1);
	assert_int_equal(hr_status_int(&s->h, "installFailures"), 1);
	run(s, HR_UPGRADE);
	assert_told("Released", "False UpgradeFailed Helm upgrade failed for release apps/web with "
				   "chart web@1.0.0: it broke");
	assert_int_equal(hr_status_int(&s->h, "failures"), 2);
	assert_int_equal(hr_status_int(&s->h, "upgradeFailures"), 1);
	end();
}

/* Without a record there is nothing to be remediated: the error is one to try again for. */
static void test_a_failure_before_a_record_does_not_count_for_retries(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	helm.fails = "no template";
	helm.early = true;
	CLEANUP(err_drop) err *e = hr_run(&s->h, HR_INSTALL);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "no template");
	assert_int_equal(hr_status_int(&s->h, "failures"), 1);
	assert_int_equal(hr_status_int(&s->h, "installFailures"), 0);
	end();
}

static void test_what_was_overtaken_is_no_failure(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	run(s, HR_INSTALL);
	helm.fails = "it broke";
	s->h.overtaken = S("HelmRelease/apps/web");
	buf_clear(&s->events);
	run(s, HR_UPGRADE);
	assert_event("");	/* it was not given the time */
	assert_int_equal(hr_status_int(&s->h, "upgradeFailures"), 0);
	end();
}

static void test_what_is_told_of_tests(void **state)
{
	struct stage *s = begin("{\"test\":{\"enable\":true}}");

	(void)state;
	run(s, HR_INSTALL);
	run(s, HR_TEST);
	assert_told("TestSuccess", "True TestSucceeded Helm test succeeded for " RELEASE
				      ": 2 test hooks completed successfully");
	helm.fails = "timed out";
	run(s, HR_TEST);
	assert_told("TestSuccess", "False TestFailed Helm test failed for " RELEASE ": timed out");
	assert_int_equal(hr_status_int(&s->h, "installFailures"), 1);
	end();
}

static void test_tests_of_another_release_do_not_count(void **state)
{
	struct stage *s = begin("{\"test\":{\"enable\":true}}");

	(void)state;
	run(s, HR_INSTALL);
	helm.later = 1;
	CLEANUP(err_drop) err *e = hr_run(&s->h, HR_TEST);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "release mismatch: tested release apps/web.v2 != current "
					"release apps/web.v1");
	assert_false(hr_is_tested(hr_latest(&s->h)));
	end();
}

static void test_what_is_told_of_remediation(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	run(s, HR_INSTALL);
	helm.fails = "it broke";
	run(s, HR_UPGRADE);
	helm.fails = NULL;
	run(s, HR_ROLLBACK);
	assert_told("Remediated", "True RollbackSucceeded Helm rollback to previous " RELEASE
				     " succeeded");
	assert_told("Ready", "False RollbackSucceeded Helm rollback to previous " RELEASE
				" succeeded");
	helm.fails = "it broke";
	run(s, HR_UNINSTALL_REMEDIATION);
	assert_told("Remediated", "False UninstallFailed Helm uninstall remediation for release "
				     "apps/web.v3 with chart web@1.0.0 failed: it broke");
	helm.fails = NULL;
	run(s, HR_UNINSTALL_REMEDIATION);
	assert_told("Remediated", "True UninstallSucceeded Helm uninstall remediation for release "
				     "apps/web.v3 with chart web@1.0.0 succeeded");
	end();
}

static void test_what_is_told_of_uninstalls(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	run(s, HR_INSTALL);
	assert_null(hr_uninstall(&s->h));
	assert_told("Released", "False UninstallSucceeded Helm uninstall succeeded for " RELEASE);
	assert_event("UninstallSucceeded: Helm uninstall succeeded for " RELEASE META);
	helm.fails = "it broke";
	CLEANUP(err_drop) err *e = hr_uninstall(&s->h);

	assert_non_null(e);
	assert_true(str_starts(str_c(stage_told("Released")), S("False UninstallFailed Helm uninstall "
							     "failed for " RELEASE ": it broke")));
	end();
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_options_of_installs),
		cmocka_unit_test(test_options_of_upgrades),
		cmocka_unit_test(test_an_upgrade_applies_as_the_last_one_did),
		cmocka_unit_test(test_helm_3_defaults),
		cmocka_unit_test(test_options_of_uninstalls),
		cmocka_unit_test(test_filters_of_tests),
		cmocka_unit_test(test_what_is_told_of_an_install),
		cmocka_unit_test(test_what_is_told_of_a_failure),
		cmocka_unit_test(test_a_failure_before_a_record_does_not_count_for_retries),
		cmocka_unit_test(test_what_was_overtaken_is_no_failure),
		cmocka_unit_test(test_what_is_told_of_tests),
		cmocka_unit_test(test_tests_of_another_release_do_not_count),
		cmocka_unit_test(test_what_is_told_of_remediation),
		cmocka_unit_test(test_what_is_told_of_uninstalls),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
