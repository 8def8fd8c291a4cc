/* What every pass has in common, on the embedded server: a controller of
 * GitRepositories whose passes are the tests' own. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "base/map.h"
#include "controllers/pass.h"
#include "controllers/settings.h"
#include "value/json.h"
#include "world.h"

#define REPO "/apis/source.toolkit.fluxcd.io/v1/namespaces/default/gitrepositories/repo"
enum { PATIENCE_MS = 30000 };

/* What the controller does, and how often; the tests set it before they start. */
static struct {
	struct outcome (*pass)(struct pass *p);
	struct outcome (*finalize)(struct pass *p);
	atomic_int passes, finals, writes;
	atomic_bool go;
} script;

static struct outcome reconcile(struct pass *p)
{
	atomic_fetch_add(&script.passes, 1);
	return script.pass(p);
}

static struct outcome finalize(struct pass *p)
{
	atomic_fetch_add(&script.finals, 1);
	return script.finalize ? script.finalize(p) : (struct outcome){ .next = NEXT_CHANGE };
}

static void written(struct pass *p)
{
	(void)p;
	atomic_fetch_add(&script.writes, 1);
}

static const char *const types[] = { "FetchFailed", "SourceVerified", "ArtifactInStorage",
				     "Reconciling" };
static const char *const negative[] = { "FetchFailed", "Reconciling" };
static const struct summary summary = { .types = types, .n = 4, .negative = negative,
					.negative_n = 2 };

#define CONTROLLER                                                                         \
	.group = "source.toolkit.fluxcd.io", .kind = "GitRepository",                      \
	.component = "source-controller", .manager = "gotk-source-controller",             \
	.finalizer = "finalizers.fluxcd.io", .reconcile = reconcile, .finalize = finalize, \
	.written = written

static const struct controller plain = { CONTROLLER };
static const struct controller summing = { CONTROLLER, .summary = &summary };

struct world {
	struct world_server on;
	struct settings settings;
	struct runtime *runtime;
	struct arena a;
};

static int setup(void **state)
{
	struct world *w = mem_calloc(1, sizeof *w);
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct api_kind *k = api_kind_find(S("source.toolkit.fluxcd.io"), S("GitRepository"));

	log_set(LOG_JSON, getenv("TEST_LOG") ? LOG_DEBUG : LOG_ERROR + 1);
	assert_null(json_write(&b, api_kind_crd(&w->a, k, NODE_NOTHING), NULL));
	str crd = buf_str(&b);

	world_open(&w->on, &crd, 1);
	settings_default(&w->settings);
	w->settings.min_retry_delay = 20 * CLOCK_MS;
	memset(&script, 0, sizeof script);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	runtime_free(w->runtime);
	world_close(&w->on);
	arena_release(&w->a);
	free(w);
	return 0;
}

static node ask(struct world *w, const char *method, const char *path, const char *type,
		const char *body)
{
	node out = NODE_NOTHING;

	err_free(client_do(w->on.client, &w->a,
			   &(struct client_request){ .method = str_c(method), .path = str_c(path),
						     .content_type = str_c(type),
						     .body = str_c(body) },
			   &out));
	return out;
}

static node repo(struct world *w)
{
	return ask(w, "GET", REPO, "", "");
}

static void patch(struct world *w, const char *path, const char *body)
{
	assert_true(node_is(ask(w, "PATCH", path, "application/merge-patch+json", body), NODE_MAP));
}

static void start(struct world *w, const struct controller *c,
		  struct outcome (*pass)(struct pass *p), const char *spec)
{
	static const struct controller *controllers[1];
	str body = arena_printf(&w->a,
				"{\"apiVersion\":\"source.toolkit.fluxcd.io/v1\",\"kind\":\"GitRepository\","
				"\"metadata\":{\"name\":\"repo\"},\"spec\":{\"interval\":\"1h\","
				"\"url\":\"https://example.com/x\"%s}}",
				spec);

	script.pass = pass;
	controllers[0] = c;
	ask(w, "POST", "/apis/source.toolkit.fluxcd.io/v1/namespaces/default/gitrepositories", "",
	    body.p);
	w->runtime = runtime_new(&(struct runtime_options){ .net = w->on.net,
							    .client = w->on.client,
							    .settings = &w->settings,
							    .controllers = controllers,
							    .controllers_n = 1 });
	assert_null(runtime_start(w->runtime));
}

static void await_count(atomic_int *what, int n)
{
	for (int ms = 0; ms < PATIENCE_MS && atomic_load(what) < n; ms += 5)
		usleep(5000);
	assert_true(atomic_load(what) >= n);
}

static str condition(node object, const char *type, const char *key)
{
	node_each_item(i, node_dig(object, "status", "conditions"))
		if (str_eq(node_str(node_get(*i, S("type"))), str_c(type)))
			return node_str(node_get(*i, str_c(key)));
	return STR_NONE;
}

/* Until the condition has that reason; the object as it is then. */
static node await(struct world *w, const char *type, const char *reason)
{
	node object = NODE_NOTHING;

	for (int ms = 0; ms < PATIENCE_MS; ms += 5) {
		object = repo(w);
		if (str_eq(condition(object, type, "reason"), str_c(reason)))
			return object;
		usleep(5000);
	}
	fail_msg("%s never is %s", type, reason);
	return object;
}

/* ---- success ----------------------------------------------------------------------- */

static struct outcome succeed(struct pass *p)
{
	pass_progress(p, S("nobody reads this"), false);
	status_set_str(p, S("observedIgnore"), S("x"));
	return pass_succeed(p, S("Succeeded"), S("done"));
}

static void test_a_pass_writes_once(void **state)
{
	struct world *w = *state;

	start(w, &plain, succeed, "");
	node o = await(w, "Ready", "Succeeded");

	assert_true(str_eq(node_str(node_at(node_dig(o, "metadata", "finalizers"), 0)),
			   S("finalizers.fluxcd.io")));
	assert_int_equal(node_int(node_dig(o, "status", "observedGeneration")), 1);
	assert_true(str_eq(node_str(node_dig(o, "status", "observedIgnore")), S("x")));
	assert_int_equal(condition(o, "Reconciling", "status").n, 0);
	assert_true(str_eq(condition(o, "Ready", "message"), S("done")));
	await_count(&script.writes, 1);
	usleep(100000);
	/* its own writes are no news */
	assert_int_equal(script.passes, 1);
	assert_int_equal(script.writes, 1);
	assert_true(str_eq(node_str(node_dig(repo(w), "metadata", "resourceVersion")),
			   node_str(node_dig(o, "metadata", "resourceVersion"))));
}

static void test_what_is_asked_for_is_said_to_be_handled(void **state)
{
	struct world *w = *state;

	start(w, &plain, succeed, "");
	await(w, "Ready", "Succeeded");
	patch(w, REPO, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}");
	usleep(100000);
	assert_int_equal(script.passes, 1);
	patch(w, REPO, "{\"metadata\":{\"annotations\":{\"reconcile.fluxcd.io/requestedAt\":\"now\"}}}");
	await_count(&script.passes, 2);
	await_count(&script.writes, 2);
	assert_true(str_eq(node_str(node_dig(repo(w), "status", "lastHandledReconcileAt")), S("now")));
	patch(w, REPO, "{\"spec\":{\"suspend\":true},\"metadata\":{\"annotations\":{"
		       "\"reconcile.fluxcd.io/requestedAt\":\"later\"}}}");
	await_count(&script.writes, 3);
	assert_int_equal(script.passes, 2);
	assert_true(str_eq(node_str(node_dig(repo(w), "status", "lastHandledReconcileAt")), S("later")));
}

/* ---- failures ------------------------------------------------------------------------ */

static struct outcome fail_twice(struct pass *p)
{
	pass_progress(p, S("trying"), false);
	if (atomic_load(&script.passes) < 3 || !atomic_load(&script.go))
		return pass_fail(p, S("Broken"), err_new(ERR_UNAVAILABLE, "it is away"));
	return pass_succeed(p, S("Succeeded"), S("done"));
}

static void test_a_failure_is_tried_again(void **state)
{
	struct world *w = *state;

	start(w, &plain, fail_twice, "");
	node o = await(w, "Ready", "Broken");

	assert_true(str_eq(condition(o, "Ready", "status"), S("False")));
	assert_true(str_eq(condition(o, "Ready", "message"), S("it is away")));
	assert_true(str_eq(condition(o, "Reconciling", "reason"), S("ProgressingWithRetry")));
	assert_true(str_eq(condition(o, "Reconciling", "message"), S("trying")));
	assert_int_equal(node_int(node_dig(o, "status", "observedGeneration")), -1);
	await_count(&script.passes, 3);
	atomic_store(&script.go, true);
	o = await(w, "Ready", "Succeeded");
	assert_int_equal(condition(o, "Reconciling", "status").n, 0);
}

static struct outcome stall(struct pass *p)
{
	if (node_is(node_get(p->spec, S("timeout")), NODE_NONE) ||
	    pass_duration(p, S("timeout"), 0) != 7 * CLOCK_SECOND)
		return pass_stall(p, S("URLInvalid"), err_new(ERR_INVALID, "what is that?"));
	return pass_succeed(p, S("Succeeded"), S("done"));
}

static void test_who_stalls_waits_for_a_change(void **state)
{
	struct world *w = *state;

	start(w, &plain, stall, "");
	node o = await(w, "Stalled", "URLInvalid");

	assert_true(str_eq(condition(o, "Ready", "message"), S("what is that?")));
	assert_int_equal(node_int(node_dig(o, "status", "observedGeneration")), 1);
	usleep(300000);
	assert_int_equal(script.passes, 1);
	patch(w, REPO, "{\"spec\":{\"timeout\":\"7s\"}}");
	o = await(w, "Ready", "Succeeded");
	assert_int_equal(condition(o, "Stalled", "status").n, 0);
}

static struct outcome fail_by_mark(struct pass *p)
{
	static const struct {
		enum failure_class class;
		const char *condition;
	} rows[] = { { FAILURE_GENERIC, "FetchFailed" }, { FAILURE_GENERIC, "SourceVerified" },
		     { FAILURE_STALLED, "FetchFailed" } };
	int n = atomic_load(&script.passes) - 1;

	if (!atomic_load(&script.go) || n > 2)
		n = 0;
	condition_drop(p, S("FetchFailed"));
	condition_set(p, S("ArtifactInStorage"), CONDITION_TRUE, S("Succeeded"), S("old one"));
	return pass_failure(p, failure_mark(err_new(ERR_INVALID, "number %d", n), rows[n].class,
					    rows[n].condition, "Marked"));
}

static void test_marks_decide_what_is_said(void **state)
{
	struct world *w = *state;

	atomic_store(&script.go, true);
	w->settings.min_retry_delay = 300 * CLOCK_MS;
	start(w, &summing, fail_by_mark, "");
	node o = await(w, "FetchFailed", "Marked");

	assert_true(str_eq(condition(o, "FetchFailed", "status"), S("True")));
	assert_true(str_eq(condition(o, "Ready", "status"), S("False")));
	assert_true(str_eq(condition(o, "Ready", "message"), S("number 0")));
	o = await(w, "SourceVerified", "Marked");
	assert_true(str_eq(condition(o, "SourceVerified", "status"), S("False")));
	o = await(w, "Stalled", "Marked");
	assert_true(str_eq(condition(o, "Ready", "message"), S("number 2")));
}

/* ---- in between ------------------------------------------------------------------------ */

static struct outcome last_long(struct pass *p)
{
	pass_progress_anew(p, S("this takes time"), true);
	while (!atomic_load(&script.go) && !atomic_load(p->cancel))
		usleep(5000);
	return pass_succeed(p, S("Succeeded"), S("done"));
}

static void test_what_lasts_is_told_at_once(void **state)
{
	struct world *w = *state;

	start(w, &plain, last_long, "");
	node o = await(w, "Ready", "Progressing");

	assert_true(str_eq(condition(o, "Ready", "status"), S("Unknown")));
	assert_true(str_eq(condition(o, "Reconciling", "message"), S("this takes time")));
	atomic_store(&script.go, true);
	await(w, "Ready", "Succeeded");
	assert_int_equal(script.passes, 1);
}

static struct outcome say_nothing(struct pass *p)
{
	if (atomic_load(&script.passes) > 1)
		return pass_succeed(p, S("Succeeded"), S("done"));
	condition_set(p, S("Ready"), CONDITION_FALSE, S("Hasty"), S("too early to tell"));
	pass_unsaid(p);
	return (struct outcome){ NEXT_AFTER, 200 * CLOCK_MS };
}

static void refer(node object, struct refs *out)
{
	(void)object;
	(void)out;
}

static void test_a_pass_may_say_nothing(void **state)
{
	static const struct controller quiet = { CONTROLLER, .refs = refer };
	struct world *w = *state;

	start(w, &quiet, say_nothing, "");
	await_count(&script.passes, 1);
	usleep(50000);
	assert_int_equal(condition(repo(w), "Ready", "reason").n, 0);
	node o = await(w, "Ready", "Succeeded");

	/* as if there had been no first one */
	assert_true(str_eq(condition(o, "Ready", "message"), S("done")));
	await_count(&script.writes, 1);
	assert_int_equal(script.writes, 1);
}

/* ---- what is measured ---------------------------------------------------------------- */

/* Each sample stands below the word of its family, and no family comes twice. */
static void check_format(str text)
{
	CLEANUP(map_release) struct map seen = MAP_INIT;
	str line, family = STR_NONE;

	while (str_line(&text, &line)) {
		if (str_take_str(&line, S("# HELP "))) {
			str_cut(&line, &family, ' ');
			assert_false(map_has(&seen, family));
			map_set(&seen, family, &seen);
		} else if (str_take_str(&line, S("# TYPE "))) {
			assert_true(str_starts(line, family));
		} else {
			assert_true(str_starts(line, family));
		}
	}
}

static str measured(struct world *w)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	runtime_metrics(w->runtime, &b);
	return arena_str(&w->a, buf_str(&b));
}

#define NAMED "controller=\"gitrepository\",name=\"gitrepository\""

static void test_metrics_have_the_names_of_controller_runtime(void **state)
{
	static const char *const lines[] = {
		"controller_runtime_reconcile_total{controller=\"gitrepository\",result=\"requeue_after\"} 1\n",
		"controller_runtime_reconcile_total{controller=\"gitrepository\",result=\"error\"} 1\n",
		"controller_runtime_reconcile_errors_total{controller=\"gitrepository\"} 1\n",
		"controller_runtime_terminal_reconcile_errors_total{controller=\"gitrepository\"} 1\n",
		"controller_runtime_reconcile_time_seconds_bucket{controller=\"gitrepository\",le=\"60\"} 2\n",
		"workqueue_depth{" NAMED ",priority=\"0\"} 0\n",
		"workqueue_retries_total{" NAMED "} 1\n",
		"workqueue_queue_duration_seconds_bucket{" NAMED ",le=\"9.999999999999999e-06\"} ",
		"workqueue_queue_duration_seconds_bucket{" NAMED ",le=\"1000\"} 2\n",
		"workqueue_work_duration_seconds_count{" NAMED "} 2\n",
		"gotk_reconcile_duration_seconds_bucket{kind=\"GitRepository\",name=\"repo\","
		"namespace=\"default\",le=\"1799.9999999999986\"} 2\n",
		"rest_client_requests_total{code=\"404\",host=\"none\",method=\"GET\"} 1\n",
	};
	struct world *w = *state;

	ask(w, "GET", REPO, "", "");
	start(w, &plain, stall, "");
	await(w, "Stalled", "URLInvalid");
	patch(w, REPO, "{\"spec\":{\"timeout\":\"7s\"}}");
	await(w, "Ready", "Succeeded");
	for (int ms = 0; ms < PATIENCE_MS && !runtime_is_idle(w->runtime); ms += 5)
		usleep(5000);
	str text = measured(w);

	check_format(text);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (!str_has(text, str_c(lines[i])))
			fail_msg("%s is missing in:\n%s", lines[i], text.p);
}

/* ---- the end ------------------------------------------------------------------------------ */

static struct outcome not_yet(struct pass *p)
{
	(void)p;
	if (atomic_load(&script.finals) < 3)
		return (struct outcome){ NEXT_AFTER, 10 * CLOCK_MS };
	return (struct outcome){ .next = NEXT_CHANGE };
}

static void test_the_finalizer_goes_when_all_is_undone(void **state)
{
	struct world *w = *state;

	script.finalize = not_yet;
	start(w, &plain, succeed, "");
	await(w, "Ready", "Succeeded");
	ask(w, "DELETE", REPO, "", "");
	for (int ms = 0; ms < PATIENCE_MS && node_is(repo(w), NODE_MAP); ms += 5)
		usleep(5000);
	assert_true(node_is(repo(w), NODE_NONE));
	assert_int_equal(script.finals, 3);
	assert_int_equal(script.passes, 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_pass_writes_once),
		CASE(test_what_is_asked_for_is_said_to_be_handled),
		CASE(test_a_failure_is_tried_again),
		CASE(test_who_stalls_waits_for_a_change),
		CASE(test_marks_decide_what_is_said),
		CASE(test_what_lasts_is_told_at_once),
		CASE(test_a_pass_may_say_nothing),
		CASE(test_metrics_have_the_names_of_controller_runtime),
		CASE(test_the_finalizer_goes_when_all_is_undone),
	};
	cmocka_set_test_filter(getenv("TEST_FILTER"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
