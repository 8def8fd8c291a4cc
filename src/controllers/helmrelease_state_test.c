#include "base/clock.h"
#include "controllers/hr_stage_test.h"

/* State and actions as they are, on records in memory; Helm itself goes by a script. */
static struct play {
	const char *script;	/* a sign an action: '.' good, '!' failed, 'x' nothing was stored */
	str drift;
	struct buf trace;	/* "install! uninstall | install": a pass has a '|' behind it */
	struct outcome out;
} play;

/* ---- instead of the world ----------------------------------------------------- */

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
void __wrap_pass_progress_anew(struct pass *p, str message, bool lasts);
void __wrap_hr_settle(struct hr *h, bool in_sync, struct outcome out);
err *__wrap_hr_find_drift(struct hr *h, const struct record *r);
err *__wrap_hr_correct_drift(struct hr *h);
bool __wrap_hr_read_stored(struct hr *h);

/* The next sign of the script; good when it is over. */
static char next(const char *action)
{
	char sign = *play.script ? *play.script++ : '.';

	buf_addf(&play.trace, "%s%s", play.trace.n ? " " : "", action);
	if (sign != '.')
		buf_addc(&play.trace, sign);
	return sign;
}

static err *failure(void)
{
	return err_new(ERR_INVALID, "it broke");
}

static void put(const struct release_env *env, const struct record *r, bool is_new)
{
	err *e = is_new ? relstore_create(&env->store, r, NULL) : relstore_update(&env->store, r);

	assert_null(e);
	env->on_store(env->on_store_ctx, r);
}

static struct record_list stored(const struct release_env *env, struct arena *a)
{
	struct record_list l;
	err *e = relstore_find(&env->store, a, S("web"), STR_NONE, STR_NONE, &l);

	assert_null(e);
	return l;
}

/* A new revision, pending; then deployed or failed. */
static err *release_new(const struct release_env *env, struct arena *a, const struct record *like,
			str pending, char sign, struct record *out)
{
	struct record_list l = stored(env, a);
	struct record *last = relstore_last(&l), *deployed = relstore_deployed(&l);

	*out = *like;
	out->version = last ? last->version + 1 : 1;
	out->status = pending;
	put(env, out, true);
	if (sign == '.' && deployed) {
		deployed->status = S("superseded");
		put(env, deployed, false);
	}
	out->status = sign == '.' ? S("deployed") : S("failed");
	put(env, out, false);
	return sign == '.' ? NULL : failure();
}

static struct record record_for(const struct release_how *how)
{
	static struct record_hook hook = { .name = S("t"), .kind = S("Pod") };
	struct record r = stage_record(0, "", how->values);

	hook.events = stage_json("[\"test\"]");
	r.hooks = &hook;
	r.hooks_n = 1;
	return r;
}

static err *make(const struct release_env *env, struct arena *a, const struct release_how *how,
		 const char *action, const char *pending, struct record *out)
{
	struct record like = record_for(how);
	char sign = next(action);

	*out = (struct record){ 0 };
	return sign == 'x' ? failure() : release_new(env, a, &like, str_c(pending), sign, out);
}

err *__wrap_release_install(const struct release_env *env, struct arena *a,
			    const struct release_how *how, struct record *out)
{
	return make(env, a, how, "install", "pending-install", out);
}

err *__wrap_release_upgrade(const struct release_env *env, struct arena *a,
			    const struct release_how *how, struct record *out)
{
	return make(env, a, how, "upgrade", "pending-upgrade", out);
}

err *__wrap_release_rollback(const struct release_env *env, struct arena *a,
			     const struct release_how *how, struct record *out)
{
	char sign = next("rollback");
	struct record target;

	*out = (struct record){ 0 };
	if (sign == 'x')
		return failure();
	assert_null(relstore_get(&env->store, a, S("web"), how->revision, &target));
	return release_new(env, a, &target, S("pending-rollback"), sign, out);
}

err *__wrap_release_uninstall(const struct release_env *env, struct arena *a,
			      const struct release_how *how, struct record *out, str *info)
{
	char sign = next("uninstall");
	struct record_list l = stored(env, a);

	*info = STR_NONE;
	*out = *relstore_last(&l);
	if (sign == 'x')
		return failure();
	out->status = S("uninstalling");
	put(env, out, false);
	if (sign == '!')
		return failure();
	out->status = S("uninstalled");
	put(env, out, false);
	for (size_t i = 0; i < l.n && !how->keep_history; i++)
		assert_null(relstore_delete(&env->store, S("web"), l.p[i].version));
	return NULL;
}

err *__wrap_release_test(const struct release_env *env, struct arena *a,
			 const struct release_how *how, struct record *out)
{
	struct record_list l = stored(env, a);
	char sign = next("test");

	(void)how;
	*out = *relstore_last(&l);
	if (sign == 'x')
		return failure();
	out->hooks[0].phase = sign == '.' ? S("Succeeded") : S("Failed");
	assert_null(relstore_update(&env->store, out));
	return sign == '.' ? NULL : failure();
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
	(void)p, (void)message, (void)meta, (void)n;
	buf_addf(&stage.events, "%s%s%.*s", stage.events.n ? " " : "", type == EVENT_WARNING ? "!" : "",
		 STR_ARG(reason));
}

void __wrap_pass_progress_anew(struct pass *p, str message, bool lasts)
{
	(void)lasts;
	condition_set(p, S("Reconciling"), CONDITION_TRUE, S("Progressing"), message);
	condition_set(p, S("Ready"), CONDITION_UNKNOWN, S("Progressing"), message);
}

void __wrap_hr_settle(struct hr *h, bool in_sync, struct outcome out)
{
	(void)h, (void)in_sync, (void)out;
}

err *__wrap_hr_find_drift(struct hr *h, const struct record *r)
{
	(void)r;
	h->drift = play.drift;
	return NULL;
}

err *__wrap_hr_correct_drift(struct hr *h)
{
	(void)h;
	if (next("correct") == '.')
		play.drift = STR_NONE;
	return NULL;
}

bool __wrap_hr_read_stored(struct hr *h)
{
	(void)h;
	return false;
}

/* ---- passes ------------------------------------------------------------------------ */

static struct stage *begin(const char *spec)
{
	play = (struct play){ .script = "", .trace = BUF_INIT };
	return stage_begin(spec);
}

static void end(void)
{
	buf_release(&play.trace);
	stage_end();
}

/* Passes as a queue would run them: until nothing wants another at once. */
static void run(struct stage *s)
{
	unsigned passes = 0;

	do {
		if (passes)
			buf_add(&play.trace, S(" |"));
		s->h.known = false;
		play.out = hr_release(&s->h);
	} while ((play.out.next == NEXT_BACKOFF || play.out.next == NEXT_NOW) && ++passes < 6);
}

static void perform(struct stage *s, const char *script)
{
	buf_clear(&play.trace);
	play.script = script;
	run(s);
	assert_int_equal(*play.script, 0);
}

/* New values: a new generation, and failures are counted anew. */
static void change(struct stage *s, int n)
{
	s->p.generation++;
	s->h.values = node_map(&s->a, 1);
	node_set(&s->a, s->h.values, S("n"), node_from_int(n));
	s->h.config_digest = hr_values_digest(&s->a, DIGEST_SHA256, s->h.values);
	hr_clear_failures(&s->h);
}

static void ask(struct stage *s, const char *annotation, const char *at)
{
	node meta = node_map(&s->a, 1), list = node_map(&s->a, 1);

	node_set(&s->a, list, str_c(annotation), node_from_str(&s->a, str_c(at)));
	node_set(&s->a, meta, S("annotations"), list);
	node_set(&s->a, s->p.object, S("metadata"), meta);
	s->p.requested = true;
	s->p.requested_at = str_c(at);
}

/* "Ready=False InstallFailed; Stalled: Failed to install after 1 attempt(s)" */
static const char *told(struct stage *s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	static const char *const more[] = { "Stalled", "Reconciling" };
	node ready = condition_get(&s->p, S("Ready"));

	buf_addf(&b, "Ready=%.*s %.*s", STR_ARG(node_str(node_get(ready, S("status")))),
		 STR_ARG(node_str(node_get(ready, S("reason")))));
	for (size_t i = 0; i < 2; i++) {
		node c = condition_get(&s->p, str_c(more[i]));

		if (c.kind == NODE_MAP)
			buf_addf(&b, "; %s: %.*s", more[i],
				 STR_ARG(node_str(node_get(c, S("message")))));
	}
	return arena_str(&s->a, buf_str(&b)).p;
}

#define assert_trace(text) assert_string_equal(buf_c(&play.trace), text)
#define assert_told(s, text) assert_string_equal(told(s), text)

/* ---- every setting of remediation and retry --------------------------------------------- */

#define AFTER(what, n) "; Stalled: Failed to " what " after " n " attempt(s)"
#define ROLLED_BACK "Ready=False RollbackSucceeded"

struct row {
	const char *spec, *script, *trace, *told;
};

static const struct row installs[] = {
	{ "{}", ".", "install", "Ready=True InstallSucceeded" },
	{ "{}", "!", "install!", "Ready=False InstallFailed" AFTER("install", "1") },
	{ "{}", "x.", "installx | install", "Ready=True InstallSucceeded" },
	{ "{\"install\":{\"remediation\":{\"retries\":0}}}", "!", "install!",
	  "Ready=False InstallFailed" AFTER("install", "1") },
	{ "{\"install\":{\"remediation\":{\"retries\":1}}}", "!.!", "install! uninstall | install!",
	  "Ready=False InstallFailed" AFTER("install", "2") },
	{ "{\"install\":{\"remediation\":{\"retries\":1}}}", "!..", "install! uninstall | install",
	  "Ready=True InstallSucceeded" },
	{ "{\"install\":{\"remediation\":{\"retries\":-1}}}", "!.!.!..",
	  "install! uninstall | install! uninstall | install! uninstall | install",
	  "Ready=True InstallSucceeded" },
	{ "{\"install\":{\"remediation\":{\"remediateLastFailure\":true}}}", "!.",
	  "install! uninstall", "Ready=False InstallFailed" AFTER("install", "1") },
	{ "{\"install\":{\"remediation\":{\"retries\":1,\"remediateLastFailure\":true}}}", "!.!.",
	  "install! uninstall | install! uninstall",
	  "Ready=False InstallFailed" AFTER("install", "2") },
	{ "{\"install\":{\"remediation\":{\"retries\":1,\"remediateLastFailure\":false}}}", "!.!",
	  "install! uninstall | install!", "Ready=False InstallFailed" AFTER("install", "2") },
	/* What cannot be uninstalled is tried again. */
	{ "{\"install\":{\"remediation\":{\"retries\":1}}}", "!x..",
	  "install! uninstallx | uninstall | install", "Ready=True InstallSucceeded" },
	{ "{\"install\":{\"strategy\":{\"name\":\"RemediateOnFailure\"},"
	  "\"remediation\":{\"retries\":1}}}", "!..", "install! uninstall | install",
	  "Ready=True InstallSucceeded" },
	{ "{\"install\":{\"strategy\":{\"name\":\"RetryOnFailure\",\"retryInterval\":\"7s\"}}}", "!",
	  "install!", "Ready=False InstallFailed; Reconciling: retrying after 7s" },
	{ "{\"install\":{\"strategy\":{\"name\":\"RetryOnFailure\"}},"
	  "\"upgrade\":{\"strategy\":{\"name\":\"RetryOnFailure\",\"retryInterval\":\"9s\"}}}", "x",
	  "installx", "Ready=False InstallFailed; Reconciling: retrying after 5m0s" },
};

static void test_installs_that_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof installs / sizeof *installs; i++) {
		const struct row *r = &installs[i];
		struct stage *s = begin(r->spec);

		perform(s, r->script);
		assert_trace(r->trace);
		assert_told(s, r->told);
		end();
	}
}

static const struct row upgrades[] = {
	{ "{}", ".", "upgrade", "Ready=True UpgradeSucceeded" },
	{ "{}", "!", "upgrade!", "Ready=False UpgradeFailed" AFTER("upgrade", "1") },
	{ "{}", "x.", "upgradex | upgrade", "Ready=True UpgradeSucceeded" },
	{ "{\"upgrade\":{\"remediation\":{\"retries\":1}}}", "!.!.",
	  "upgrade! rollback | upgrade! rollback", ROLLED_BACK AFTER("upgrade", "2") },
	{ "{\"upgrade\":{\"remediation\":{\"retries\":1,\"remediateLastFailure\":false}}}", "!.!",
	  "upgrade! rollback | upgrade!", "Ready=False UpgradeFailed" AFTER("upgrade", "2") },
	{ "{\"upgrade\":{\"remediation\":{\"retries\":2,\"strategy\":\"rollback\"}}}", "!.!..",
	  "upgrade! rollback | upgrade! rollback | upgrade", "Ready=True UpgradeSucceeded" },
	{ "{\"upgrade\":{\"remediation\":{\"retries\":-1}}}", "!.!.!..",
	  "upgrade! rollback | upgrade! rollback | upgrade! rollback | upgrade",
	  "Ready=True UpgradeSucceeded" },
	{ "{\"upgrade\":{\"remediation\":{\"remediateLastFailure\":true}}}", "!.",
	  "upgrade! rollback", ROLLED_BACK AFTER("upgrade", "1") },
	{ "{\"upgrade\":{\"remediation\":{\"retries\":1}}}", "!!..", "upgrade! rollback! | rollback | upgrade",
	  "Ready=True UpgradeSucceeded" },
	{ "{\"upgrade\":{\"remediation\":{\"retries\":1}}}", "!x..",
	  "upgrade! rollbackx | rollback | upgrade", "Ready=True UpgradeSucceeded" },
	{ "{\"upgrade\":{\"remediation\":{\"retries\":1,\"strategy\":\"uninstall\"}}}", "!..",
	  "upgrade! uninstall | install", "Ready=True InstallSucceeded" },
	/* What was uninstalled is installed again, by the rules of installs. */
	{ "{\"upgrade\":{\"remediation\":{\"retries\":1,\"strategy\":\"uninstall\"}}}", "!.!",
	  "upgrade! uninstall | install!", "Ready=False InstallFailed" AFTER("install", "1") },
	{ "{\"upgrade\":{\"remediation\":{\"remediateLastFailure\":true,\"strategy\":\"uninstall\"}}}",
	  "!..", "upgrade! uninstall | install", "Ready=True InstallSucceeded" },
	{ "{\"upgrade\":{\"strategy\":{\"name\":\"RetryOnFailure\",\"retryInterval\":\"7s\"}}}", "!",
	  "upgrade!", "Ready=False UpgradeFailed; Reconciling: retrying after 7s" },
	{ "{\"upgrade\":{\"strategy\":{\"name\":\"RetryOnFailure\"}}}", "x", "upgradex",
	  "Ready=False UpgradeFailed; Reconciling: retrying after 5m0s" },
};

static void test_upgrades_that_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof upgrades / sizeof *upgrades; i++) {
		const struct row *r = &upgrades[i];
		struct stage *s = begin(r->spec);

		perform(s, ".");
		change(s, 2);
		perform(s, r->script);
		assert_trace(r->trace);
		assert_told(s, r->told);
		end();
	}
}

#define TESTED "\"test\":{\"enable\":true}"

static const struct row tests[] = {
	{ "{" TESTED "}", "..", "install test", "Ready=True TestSucceeded" },
	{ "{" TESTED "}", ".!", "install test!", "Ready=False TestFailed" AFTER("install", "1") },
	{ "{\"test\":{\"enable\":true,\"ignoreFailures\":true}}", ".!", "install test!",
	  "Ready=True InstallSucceeded" },
	{ "{" TESTED ",\"install\":{\"remediation\":{\"ignoreTestFailures\":true,\"retries\":3}}}", ".!",
	  "install test!", "Ready=False TestFailed" },
	{ "{\"test\":{\"enable\":true,\"ignoreFailures\":true},"
	  "\"install\":{\"remediation\":{\"ignoreTestFailures\":false}}}", ".!", "install test!",
	  "Ready=True InstallSucceeded" AFTER("install", "1") },
	{ "{" TESTED ",\"install\":{\"remediation\":{\"retries\":1}}}", ".!...",
	  "install test! uninstall | install test", "Ready=True TestSucceeded" },
	{ "{" TESTED ",\"install\":{\"strategy\":{\"name\":\"RetryOnFailure\"}}}", ".!",
	  "install test!", "Ready=False TestFailed; Reconciling: retrying after 5m0s" },
	/* Who does not want to know whether tests failed is not told that they could not run. */
	{ "{\"test\":{\"enable\":true,\"ignoreFailures\":true}}", ".xxxxxx",
	  "install testx | testx | testx | testx | testx | testx",
	  "Ready=True InstallSucceeded; Reconciling: Running 'test' action with timeout of 5m0s" },
};

static void test_tests_that_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
		const struct row *r = &tests[i];
		struct stage *s = begin(r->spec);

		perform(s, r->script);
		assert_trace(r->trace);
		assert_told(s, r->told);
		end();
	}
}

static void test_a_failing_test_of_an_upgrade_rolls_back(void **state)
{
	struct stage *s = begin("{" TESTED ",\"upgrade\":{\"remediation\":{\"retries\":0,"
				"\"remediateLastFailure\":true}}}");

	(void)state;
	perform(s, "..");
	change(s, 2);
	perform(s, ".!.");
	assert_trace("upgrade test! rollback");
	assert_told(s, ROLLED_BACK AFTER("upgrade", "1"));
	end();
}

/* ---- the gate ------------------------------------------------------------------------------ */

static void test_the_gate_retries_where_no_strategy_is_named(void **state)
{
	struct stage *s = begin("{\"upgrade\":{\"strategy\":{\"name\":\"RemediateOnFailure\"}}}");

	(void)state;
	s->settings.gates[GATE_DEFAULT_TO_RETRY_ON_FAILURE] = true;
	perform(s, "!");
	assert_trace("install!");
	assert_told(s, "Ready=False InstallFailed; Reconciling: retrying after 5m0s");
	assert_int_equal(play.out.next, NEXT_INTERVAL);
	assert_true(play.out.after == 5 * CLOCK_MINUTE);
	/* A retry is an upgrade, which is remediated as it says. */
	perform(s, "!");
	assert_trace("upgrade!");
	assert_told(s, "Ready=False UpgradeFailed" AFTER("upgrade", "1"));
	end();
}

/* ---- what others did ------------------------------------------------------------------------- */

static void edit(struct stage *s, const char *status)
{
	struct record_list l = stored(&s->h.env, &s->a);
	struct record *last = relstore_last(&l);

	last->status = str_c(status);
	assert_null(relstore_update(&s->h.env.store, last));
}

static void test_a_dead_owner_is_followed(void **state)
{
	static const char *const pending[] = { "pending-install", "pending-upgrade",
					       "pending-rollback" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct stage *s = begin("{}");

		perform(s, ".");
		edit(s, pending[i]);
		buf_clear(&s->events);
		perform(s, ".");
		assert_trace("upgrade");
		assert_told(s, "Ready=True UpgradeSucceeded");
		assert_string_equal(buf_c(&s->events), "PendingRelease UpgradeSucceeded");
		end();
	}
}

static void test_a_release_of_others_is_taken_over(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	perform(s, ".");
	hr_clear_history(&s->h);
	perform(s, ".");
	assert_trace("upgrade");
	edit(s, "uninstalled");
	perform(s, ".");
	assert_trace("upgrade");
	end();
}

static void test_what_is_gone_is_installed(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	perform(s, ".");
	assert_null(relstore_delete(&s->h.env.store, S("web"), 1));
	perform(s, ".");
	assert_trace("install");
	end();
}

static void test_a_status_that_nobody_knows_ends_the_pass(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	perform(s, ".");
	node_set(&s->a, hr_latest(&s->h), S("apiVersion"), node_lit("v1"));
	edit(s, "unknown");
	play.out = hr_release(&s->h);
	assert_int_equal(play.out.next, NEXT_BACKOFF);
	assert_told(s, "Ready=False StateError");
	end();
}

/* ---- why ------------------------------------------------------------------------------------ */

static void take_line(void *ctx, enum log_level level, str line)
{
	(void)level;
	buf_add(ctx, line);
}

static void test_the_log_says_what_was_found_and_why(void **state)
{
	CLEANUP(buf_release) struct buf lines = BUF_INIT;
	const struct log_sink sink = { take_line, &lines }, *before = log_use(&sink);
	struct stage *s = begin("{\"upgrade\":{\"remediation\":{\"retries\":-1}}}");

	(void)state;
#define assert_said(text)                                                                           \
	do {                                                                                        \
		assert_true(str_has(buf_str(&lines), S(text)));                                     \
		buf_clear(&lines);                                                                  \
	} while (0)
	perform(s, ".");
	assert_said("release not installed: no release in storage for object");
	change(s, 2);
	perform(s, ".");
	assert_said("release out-of-sync with desired state: release config values changed");
	s->chart.meta.version = S("2.0.0");
	perform(s, ".");
	assert_said("release out-of-sync with desired state: release chart changed");
	perform(s, "");
	assert_said("release in-sync with desired state");
	edit(s, "pending-upgrade");
	perform(s, ".");
	assert_said("release locked: release with status 'pending-upgrade'");
	hr_clear_history(&s->h);
	perform(s, ".");
	assert_said("release not managed by controller: found existing release in storage");
	node_set(&s->a, hr_latest(&s->h), S("digest"), node_lit("sha256:other"));
	perform(s, ".");
	assert_said("release not managed by controller: release not observed to be made for object");
#undef assert_said
	log_use(before);
	end();
}

/* ---- where to roll back to ----------------------------------------------------------------- */

static void test_there_is_nothing_to_roll_back_to(void **state)
{
	struct stage *s = begin("{\"upgrade\":{\"remediation\":{\"retries\":1}}}");

	(void)state;
	perform(s, ".");
	hr_clear_history(&s->h);
	change(s, 2);
	perform(s, "!");
	assert_trace("upgrade!");
	assert_told(s, "Ready=False UpgradeFailed; Stalled: Failed to perform remediation: missing "
		       "target release for rollback: cannot remediate failed release");
	end();
}

static void test_what_was_changed_is_not_rolled_back_to(void **state)
{
	struct stage *s = begin("{\"upgrade\":{\"remediation\":{\"retries\":1}}}");
	struct record_list l;

	(void)state;
	perform(s, ".");
	change(s, 2);
	play.script = "!x";
	play.out = hr_release(&s->h);
	assert_int_equal(play.out.next, NEXT_BACKOFF);
	l = stored(&s->h.env, &s->a);
	assert_int_equal(l.p[0].version, 1);
	l.p[0].description = S("somebody was here");
	assert_null(relstore_update(&s->h.env.store, &l.p[0]));
	perform(s, ".");
	assert_trace("upgrade");
	assert_told(s, "Ready=True UpgradeSucceeded");
	end();
}

/* ---- asked for -------------------------------------------------------------------------------- */

static void test_a_forced_pass_upgrades_once(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	perform(s, ".");
	ask(s, "reconcile.fluxcd.io/forceAt", "1");
	perform(s, ".");
	assert_trace("upgrade");
	perform(s, "");
	assert_trace("");
	ask(s, "reconcile.fluxcd.io/forceAt", "2");
	s->p.requested_at = S("3");	/* of another request */
	perform(s, "");
	assert_trace("");
	end();
}

static void test_a_forced_pass_tries_what_is_out_of_retries(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	perform(s, "!");
	perform(s, "");
	assert_trace("");
	ask(s, "reconcile.fluxcd.io/forceAt", "1");
	perform(s, ".");
	assert_trace("upgrade");
	assert_told(s, "Ready=True UpgradeSucceeded");
	end();
}

/* ---- the spec ------------------------------------------------------------------------------- */

static void set_spec(struct stage *s, const char *json)
{
	assert_null(json_read(&s->a, str_c(json), NULL, &s->p.spec));
	s->h.spec = s->p.spec;
	s->p.generation++;
	hr_clear_failures(&s->h);
}

static void test_common_metadata_and_post_renderers_count(void **state)
{
	static const char *const specs[] = {
		"{\"commonMetadata\":{\"labels\":{\"a\":\"b\"}}}",
		"{\"postRenderers\":[{\"kustomize\":{\"images\":[{\"name\":\"a\",\"newTag\":\"b\"}]}}]}",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct stage *s = begin("{}");

		perform(s, ".");
		set_spec(s, specs[i]);
		perform(s, ".");
		assert_trace("upgrade");
		perform(s, "");
		assert_trace("");
		set_spec(s, "{}");
		perform(s, ".");
		assert_trace("upgrade");
		end();
	}
}

/* What failed does not count as observed; what is taken back needs no upgrade. */
static void test_what_could_not_be_rendered_is_not_forgotten(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	perform(s, ".");
	set_spec(s, "{\"commonMetadata\":{\"labels\":{\"a\":\"b\"}}}");
	perform(s, "xx.");
	assert_trace("upgradex | upgradex | upgrade");
	assert_told(s, "Ready=True UpgradeSucceeded");
	set_spec(s, "{\"commonMetadata\":{\"labels\":{\"a\":\"c\"}}}");
	play.script = "x";
	play.out = hr_release(&s->h);
	assert_told(s, "Ready=False UpgradeFailed; Reconciling: Running 'upgrade' action with timeout "
		       "of 5m0s");
	set_spec(s, "{\"commonMetadata\":{\"labels\":{\"a\":\"b\"}}}");
	perform(s, "");
	assert_trace("");
	assert_told(s, "Ready=True UpgradeSucceeded");
	end();
}

static void test_another_chart_is_out_of_sync(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	perform(s, ".");
	s->chart.meta.version = S("1.1.0");
	perform(s, ".");
	assert_trace("upgrade");
	s->chart.meta.name = S("other");
	perform(s, ".");
	assert_trace("upgrade");
	end();
}

/* ---- drift -------------------------------------------------------------------------------------- */

static void test_drift_is_told_or_corrected(void **state)
{
	static const struct {
		const char *spec, *trace, *drifted;
	} rows[] = {
		{ "{}", "", "" },
		{ "{\"driftDetection\":{\"mode\":\"disabled\"}}", "", "" },
		{ "{\"driftDetection\":{\"mode\":\"warn\"}}", "", "True" },
		{ "{\"driftDetection\":{\"mode\":\"enabled\"}}", "correct", "False" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stage *s = begin(rows[i].spec);

		perform(s, ".");
		play.drift = S("ConfigMap/apps/web removed");
		perform(s, "");
		assert_trace(rows[i].trace);
		str status = node_str(node_get(condition_get(&s->p, S("Drifted")), S("status")));

		assert_true(str_eq(status, str_c(rows[i].drifted)));
		end();
	}
}

/* Drift that comes again within the pass is for the next one. */
static void test_drift_is_corrected_once_a_pass(void **state)
{
	struct stage *s = begin("{\"driftDetection\":{\"mode\":\"enabled\"}}");

	(void)state;
	perform(s, ".");
	play.drift = S("ConfigMap/apps/web removed");
	perform(s, "!.");
	assert_trace("correct! | correct");
	end();
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_installs_that_fail),
		cmocka_unit_test(test_upgrades_that_fail),
		cmocka_unit_test(test_tests_that_fail),
		cmocka_unit_test(test_a_failing_test_of_an_upgrade_rolls_back),
		cmocka_unit_test(test_the_gate_retries_where_no_strategy_is_named),
		cmocka_unit_test(test_a_dead_owner_is_followed),
		cmocka_unit_test(test_a_release_of_others_is_taken_over),
		cmocka_unit_test(test_what_is_gone_is_installed),
		cmocka_unit_test(test_a_status_that_nobody_knows_ends_the_pass),
		cmocka_unit_test(test_the_log_says_what_was_found_and_why),
		cmocka_unit_test(test_there_is_nothing_to_roll_back_to),
		cmocka_unit_test(test_what_was_changed_is_not_rolled_back_to),
		cmocka_unit_test(test_a_forced_pass_upgrades_once),
		cmocka_unit_test(test_a_forced_pass_tries_what_is_out_of_retries),
		cmocka_unit_test(test_common_metadata_and_post_renderers_count),
		cmocka_unit_test(test_what_could_not_be_rendered_is_not_forgotten),
		cmocka_unit_test(test_another_chart_is_out_of_sync),
		cmocka_unit_test(test_drift_is_told_or_corrected),
		cmocka_unit_test(test_drift_is_corrected_once_a_pass),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
