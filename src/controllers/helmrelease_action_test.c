#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "controllers/hr_impl.h"
#include "controllers/runtime_impl.h"
#include "value/json.h"

/* One action: what Helm is asked to do, and what is told of it. */
struct stage {
	struct arena a;
	struct runtime rt;
	struct settings settings;
	struct hr_memory memory;
	struct chart chart;
	union {
		struct run run;	/* what a pass is the begin of */
		struct pass p;
	};
	struct hr h;
	const char *fails;	/* with these words; NULL: it does not */
	bool early;		/* before anything is stored */
	int64_t later;		/* somebody else's revisions since */
	struct buf asked;	/* the options that Helm got */
	struct buf events;
};

static struct stage *stage_of(const struct release_env *env)
{
	return (struct stage *)((uintptr_t)env->on_store_ctx - offsetof(struct stage, h));
}

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
static void show(struct stage *s, const struct release_how *how)
{
	static const char *const waits[] = { "hooks", "watcher", "legacy" };
	static const char *const sides[] = { "auto", "server", "client" };
	static const char *const reuse[] = { "", " reset", " reuse", " reset-then-reuse" };
	struct buf *b = &s->asked;
	str span = hr_span(&s->a, how->timeout);

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

static struct record record_of(struct stage *s, int64_t version, const char *status)
{
	node chart = node_map(&s->a, 1), meta = node_map(&s->a, 3);

	node_set(&s->a, meta, S("name"), node_lit("web"));
	node_set(&s->a, meta, S("version"), node_lit("1.0.0"));
	node_set(&s->a, meta, S("appVersion"), node_lit("9"));
	node_set(&s->a, chart, S("metadata"), meta);
	return (struct record){ .name = S("web"), .ns = S("apps"), .version = version,
				.status = str_c(status), .chart = chart, .apply_method = S("ssa"),
				.first_deployed = GOTIME_ZERO, .last_deployed = GOTIME_ZERO,
				.deleted = GOTIME_ZERO };
}

static err *act(const struct release_env *env, const struct release_how *how, int64_t version,
		const char *status, struct record *out)
{
	struct stage *s = stage_of(env);

	show(s, how);
	*out = (struct record){ 0 };
	if (!s->early) {
		*out = record_of(s, version, s->fails ? "failed" : status);
		env->on_store(env->on_store_ctx, out);
	}
	return s->fails ? err_new(ERR_INVALID, "%s", s->fails) : NULL;
}

static int64_t next_version(const struct release_env *env)
{
	return node_int(node_get(hr_latest(&stage_of(env)->h), S("version"))) + 1;
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
	return act(env, how, next_version(env), "deployed", out);
}

err *__wrap_release_rollback(const struct release_env *env, struct arena *a,
			     const struct release_how *how, struct record *out)
{
	(void)a;
	return act(env, how, next_version(env), "deployed", out);
}

err *__wrap_release_uninstall(const struct release_env *env, struct arena *a,
			      const struct release_how *how, struct record *out, str *info)
{
	(void)a;
	*info = STR_NONE;
	return act(env, how, next_version(env) - 1, "uninstalled", out);
}

err *__wrap_release_test(const struct release_env *env, struct arena *a,
			 const struct release_how *how, struct record *out)
{
	static struct record_hook hooks[2] = { { .name = S("t1"), .kind = S("Pod") },
					       { .name = S("t2"), .kind = S("Pod") } };
	struct stage *s = stage_of(env);
	node events = node_seq(a, 1);

	show(s, how);
	node_append(a, events, node_lit("test"));
	*out = record_of(s, next_version(env) - 1 + s->later, "deployed");
	out->hooks = hooks;
	out->hooks_n = 2;
	for (size_t i = 0; i < 2; i++) {
		hooks[i].events = events;
		hooks[i].phase = s->fails ? S("Failed") : S("Succeeded");
	}
	return s->fails ? err_new(ERR_INVALID, "%s", s->fails) : NULL;
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
	struct stage *s = (struct stage *)((uintptr_t)p - offsetof(struct stage, p));

	buf_clear(&s->events);
	buf_addf(&s->events, "%s%.*s: %.*s", type == EVENT_WARNING ? "!" : "", STR_ARG(reason),
		 STR_ARG(message));
	for (size_t i = 0; i + 1 < n; i += 2)
		if (!str_eq(meta[i], S("token")) && meta[i + 1].n)
			buf_addf(&s->events, " [%.*s %.*s]", STR_ARG(meta[i]), STR_ARG(meta[i + 1]));
}

/* ---- the stage ------------------------------------------------------------------------ */

static struct stage *begin(const char *spec)
{
	static struct stage s;
	node read = NODE_NOTHING;

	s = (struct stage){ .a = ARENA_INIT, .asked = BUF_INIT, .events = BUF_INIT };
	settings_default(&s.settings);
	s.rt.o.settings = &s.settings;
	s.chart.meta.name = S("web");
	s.chart.meta.version = S("1.0.0");
	s.chart.meta.app_version = S("9");
	assert_null(json_read(&s.a, str_c(spec), NULL, &read));
	s.p = (struct pass){ .rt = &s.rt, .arena = &s.a, .object = node_map(&s.a, 4), .spec = read,
			     .status = node_map(&s.a, 4), .generation = 1,
			     .key = { .namespace = S("apps"), .name = S("web") } };
	s.h = (struct hr){ .p = &s.p, .a = &s.a, .m = &s.memory, .spec = read, .name = S("web"),
			   .ns = S("apps"), .storage_ns = S("apps"), .chart = &s.chart,
			   .values = node_map(&s.a, 1), .log = BUF_INIT };
	s.h.env = (struct release_env){
		.store = { .driver = RELSTORE_MEMORY, .memory = relmemory_new(), .ns = S("apps") },
		.ns = S("apps"), .on_store = hr_observe, .on_store_ctx = &s.h };
	return &s;
}

static void end(struct stage *s)
{
	relmemory_free(s->h.env.store.memory);
	buf_release(&s->h.log);
	buf_release(&s->asked);
	buf_release(&s->events);
	arena_release(&s->a);
}

static void run(struct stage *s, enum hr_action action)
{
	assert_null(hr_run(&s->h, action));
}

static const char *told(struct stage *s, const char *type)
{
	node c = condition_get(&s->p, str_c(type));

	return arena_printf(&s->a, "%.*s %.*s %.*s", STR_ARG(node_str(node_get(c, S("status")))),
			    STR_ARG(node_str(node_get(c, S("reason")))),
			    STR_ARG(node_str(node_get(c, S("message"))))).p;
}

#define assert_asked(s, text) assert_string_equal(buf_c(&(s)->asked), text)
#define assert_told(s, type, text) assert_string_equal(told(s, type), text)
#define assert_event(s, text) assert_string_equal(buf_c(&(s)->events), text)

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
		assert_asked(s, installs[i].asked);
		end(s);
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
		assert_asked(s, upgrades[i].asked);
		end(s);
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
	assert_asked(s, "5m0s watcher client history=5 jobs take reset");
	end(s);
}

static void test_helm_3_defaults(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	s->settings.gates[GATE_USE_HELM3_DEFAULTS] = true;
	s->settings.gates[GATE_ALLOW_DNS_LOOKUPS] = true;
	run(s, HR_INSTALL);
	assert_asked(s, "5m0s legacy client history=0 jobs take dns");
	end(s);
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
		assert_asked(s, rows[i].asked);
		end(s);
	}
}

static void test_filters_of_tests(void **state)
{
	struct stage *s = begin("{\"test\":{\"enable\":true,\"timeout\":\"9s\",\"filters\":[{\"name\":\"a\"},"
				"{\"name\":\"b\",\"exclude\":true},{\"name\":\"c\"}]}}");

	(void)state;
	run(s, HR_INSTALL);
	run(s, HR_TEST);
	assert_asked(s, "9s watcher auto history=5 jobs take only:a only:c without:b");
	end(s);
}

/* ---- words -------------------------------------------------------------------------------- */

#define RELEASE "release apps/web.v1 with chart web@1.0.0"
#define META " [revision 1.0.0] [app-version 9]"

static void test_what_is_told_of_an_install(void **state)
{
	struct stage *s = begin("{\"test\":{\"enable\":true}}");

	(void)state;
	run(s, HR_INSTALL);
	assert_told(s, "Released", "True InstallSucceeded Helm install succeeded for " RELEASE);
	assert_told(s, "TestSuccess", "Unknown AwaitingTests Helm " RELEASE " is awaiting tests");
	assert_event(s, "InstallSucceeded: Helm install succeeded for " RELEASE META);
	assert_true(str_eq(hr_status_str(&s->h, "lastAttemptedReleaseAction"), S("install")));
	assert_int_equal(hr_status_int(&s->h, "failures"), 0);
	end(s);
}

static void test_what_is_told_of_a_failure(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	s->fails = "  it broke\n";
	run(s, HR_INSTALL);
	assert_told(s, "Released", "False InstallFailed Helm install failed for release apps/web with "
				   "chart web@1.0.0: it broke");
	assert_event(s, "!InstallFailed: Helm install failed for release apps/web with chart "
			"web@1.0.0: it broke" META);
	assert_int_equal(hr_status_int(&s->h, "failures"), 1);
	assert_int_equal(hr_status_int(&s->h, "installFailures"), 1);
	run(s, HR_UPGRADE);
	assert_told(s, "Released", "False UpgradeFailed Helm upgrade failed for release apps/web with "
				   "chart web@1.0.0: it broke");
	assert_int_equal(hr_status_int(&s->h, "failures"), 2);
	assert_int_equal(hr_status_int(&s->h, "upgradeFailures"), 1);
	end(s);
}

/* Without a record there is nothing to be remediated: the error is one to try again for. */
static void test_a_failure_before_a_record_does_not_count_for_retries(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	s->fails = "no template";
	s->early = true;
	CLEANUP(err_drop) err *e = hr_run(&s->h, HR_INSTALL);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "no template");
	assert_int_equal(hr_status_int(&s->h, "failures"), 1);
	assert_int_equal(hr_status_int(&s->h, "installFailures"), 0);
	end(s);
}

static void test_what_was_overtaken_is_no_failure(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	run(s, HR_INSTALL);
	s->fails = "it broke";
	s->h.overtaken = S("HelmRelease/apps/web");
	buf_clear(&s->events);
	run(s, HR_UPGRADE);
	assert_event(s, "");	/* it was not given the time */
	assert_int_equal(hr_status_int(&s->h, "upgradeFailures"), 0);
	end(s);
}

static void test_what_is_told_of_tests(void **state)
{
	struct stage *s = begin("{\"test\":{\"enable\":true}}");

	(void)state;
	run(s, HR_INSTALL);
	run(s, HR_TEST);
	assert_told(s, "TestSuccess", "True TestSucceeded Helm test succeeded for " RELEASE
				      ": 2 test hooks completed successfully");
	s->fails = "timed out";
	run(s, HR_TEST);
	assert_told(s, "TestSuccess", "False TestFailed Helm test failed for " RELEASE ": timed out");
	assert_int_equal(hr_status_int(&s->h, "installFailures"), 1);
	end(s);
}

static void test_tests_of_another_release_do_not_count(void **state)
{
	struct stage *s = begin("{\"test\":{\"enable\":true}}");

	(void)state;
	run(s, HR_INSTALL);
	s->later = 1;
	CLEANUP(err_drop) err *e = hr_run(&s->h, HR_TEST);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "release mismatch: tested release apps/web.v2 != current "
					"release apps/web.v1");
	assert_false(hr_is_tested(hr_latest(&s->h)));
	end(s);
}

static void test_what_is_told_of_remediation(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	run(s, HR_INSTALL);
	s->fails = "it broke";
	run(s, HR_UPGRADE);
	s->fails = NULL;
	run(s, HR_ROLLBACK);
	assert_told(s, "Remediated", "True RollbackSucceeded Helm rollback to previous " RELEASE
				     " succeeded");
	assert_told(s, "Ready", "False RollbackSucceeded Helm rollback to previous " RELEASE
				" succeeded");
	s->fails = "it broke";
	run(s, HR_UNINSTALL_REMEDIATION);
	assert_told(s, "Remediated", "False UninstallFailed Helm uninstall remediation for release "
				     "apps/web.v3 with chart web@1.0.0 failed: it broke");
	s->fails = NULL;
	run(s, HR_UNINSTALL_REMEDIATION);
	assert_told(s, "Remediated", "True UninstallSucceeded Helm uninstall remediation for release "
				     "apps/web.v3 with chart web@1.0.0 succeeded");
	end(s);
}

static void test_what_is_told_of_uninstalls(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	run(s, HR_INSTALL);
	assert_null(hr_uninstall(&s->h));
	assert_told(s, "Released", "False UninstallSucceeded Helm uninstall succeeded for " RELEASE);
	assert_event(s, "UninstallSucceeded: Helm uninstall succeeded for " RELEASE META);
	s->fails = "it broke";
	CLEANUP(err_drop) err *e = hr_uninstall(&s->h);

	assert_non_null(e);
	assert_true(str_starts(str_c(told(s, "Released")), S("False UninstallFailed Helm uninstall "
							     "failed for " RELEASE ": it broke")));
	end(s);
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
