/* The Kustomization controller on the embedded server: sources are artifacts
 * that the test puts into the store. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "cli/direct.h"
#include "controllers/controllers.h"
#include "controllers/pass.h"
#include "value/json.h"
#include "value/yaml.h"
#include "world.h"

#define KS "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/default/kustomizations/"
#define GIT "/apis/source.toolkit.fluxcd.io/v1/namespaces/default/gitrepositories/"
#define CM "/api/v1/namespaces/default/configmaps/"
#define EVENTS "/api/v1/namespaces/default/events"
#define DEPLOYMENTS "/apis/apps/v1/namespaces/default/deployments/"
#define MERGE "application/merge-patch+json"

struct world {
	struct world_server on;
	struct client *client;
	struct fs *dir;
	struct artifact_store *store;
	struct settings settings;
	struct runtime *runtime;
	struct arena a;
};

static const struct controller *const controllers[] = { &kustomization_controller };

static int setup(void **state)
{
	struct world *w = mem_calloc(1, sizeof *w);
	size_t n;
	const struct api_kind *kinds = api_kinds(&n);
	str *crds = arena_array(&w->a, str, n);

	log_set(LOG_JSON, getenv("TEST_LOG") ? LOG_DEBUG : LOG_ERROR + 1);
	for (size_t i = 0; i < n; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		assert_null(json_write(&b, api_kind_crd(&w->a, &kinds[i], NODE_NOTHING), NULL));
		crds[i] = arena_str(&w->a, buf_str(&b));
	}
	world_open(&w->on, crds, n);
	w->client = w->on.client;
	assert_null(fs_open_temp(&w->dir, STR_NONE, S("rill-ks-")));
	assert_null(artifact_store_open(&w->store, &(struct artifact_options){
							   .dir = fs_root(w->dir),
							   .host = S("localhost") }));
	settings_default(&w->settings);
	w->runtime = runtime_new(&(struct runtime_options){ .net = w->on.net,
							    .client = w->client,
							    .store = w->store,
							    .settings = &w->settings,
							    .controllers = controllers,
							    .controllers_n = 1 });
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	runtime_free(w->runtime);
	artifact_store_close(w->store);
	world_close(&w->on);
	fs_close(w->dir);
	arena_release(&w->a);
	free(w);
	return 0;
}

static void start(struct world *w)
{
	CLEANUP(err_drop) err *e = runtime_start(w->runtime);

	if (e)
		fail_msg("%s", err_msg(e));
}

/* ---- asking ------------------------------------------------------------------ */

static node ask(struct world *w, const char *method, const char *path, const char *type,
		const char *body)
{
	node out = NODE_NOTHING;
	err *e = client_do(w->client, &w->a,
			   &(struct client_request){ .method = str_c(method),
						     .path = str_c(path),
						     .content_type = str_c(type),
						     .body = str_c(body) },
			   &out);

	err_free(e);
	return e ? NODE_NOTHING : out;
}

static node get(struct world *w, const char *path)
{
	return ask(w, "GET", path, "", "");
}

static void patch(struct world *w, const char *path, const char *body)
{
	assert_true(node_is(ask(w, "PATCH", path, MERGE, body), NODE_MAP));
}

/* Create or change an object of YAML. */
static void put(struct world *w, const char *path, const char *yaml)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node n;

	assert_null(yaml_read(&w->a, arena_str(&w->a, str_c(yaml)), YAML_KUBE, &n));
	assert_null(json_write(&b, n, NULL));
	CLEANUP(err_drop)
	err *e = client_do(w->client, &w->a,
			   &(struct client_request){
				   .method = S("PATCH"),
				   .path = str_c(path),
				   .query = S("fieldManager=test&force=true"),
				   .content_type = S("application/apply-patch+yaml"),
				   .body = buf_str(&b) },
			   NULL);

	if (e)
		fail_msg("%s", err_msg(e));
}

struct file {
	const char *path, *text;
};

/* Let GitRepository default/repo have an artifact of these files. */
static void commit(struct world *w, const char *revision, const struct file *files, size_t n)
{
	struct filelist l = FILELIST_INIT(&w->a);
	const struct artifact_owner owner = { S("GitRepository"), S("default"), S("repo") };
	struct artifact artifact;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node object = node_map(&w->a, 1), status = node_map(&w->a, 2);

	for (size_t i = 0; i < n; i++)
		assert_null(filelist_add(&l, (struct filelist_entry){
						     .path = str_c(files[i].path),
						     .text = str_c(files[i].text) }));
	assert_null(filelist_sort(&l));
	assert_null(artifact_add_list(w->store, &w->a, &owner,
				      arena_cat(&w->a, str_c(revision), S(".tar.gz")),
				      arena_cat(&w->a, S("main@sha1:"), str_c(revision)), &l, NULL,
				      &artifact));
	if (node_is(get(w, GIT "repo"), NODE_NONE))
		put(w, GIT "repo",
		    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
		    "metadata: {name: repo, namespace: default}\n"
		    "spec: {interval: 1m, url: 'https://example.com/x'}\n");
	node_set(&w->a, status, S("artifact"), artifact_node(&w->a, &artifact));
	node_set(&w->a, object, S("status"), status);
	assert_null(json_write(&b, object, NULL));
	patch(w, GIT "repo/status", buf_c(&b));
}
#define COMMIT(w, revision, ...)                                                    \
	commit((w), (revision), (const struct file[]){ __VA_ARGS__ },               \
	       sizeof((const struct file[]){ __VA_ARGS__ }) / sizeof(struct file))

static void put_ks(struct world *w, const char *name, const char *more)
{
	str yaml = arena_printf(&w->a,
				"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
				"metadata: {name: %s, namespace: default}\n"
				"spec:\n  interval: 10m\n  prune: true\n"
				"  sourceRef: {kind: GitRepository, name: repo}\n%s",
				name, more);
	str path = arena_cat(&w->a, S(KS), str_c(name));

	put(w, path.p, yaml.p);
}

static node ready_of(struct world *w, const char *name)
{
	str path = arena_cat(&w->a, S(KS), str_c(name));

	return health_condition(get(w, path.p), S("Ready"));
}

static str text(node n, const char *key)
{
	return node_str(node_get(n, str_c(key)));
}

enum { PATIENCE_MS = 30000 };

/* Until Ready has the status and a message that begins like that. */
static void await(struct world *w, const char *name, const char *status, const char *message)
{
	node c = NODE_NOTHING;

	for (int ms = 0; ms < PATIENCE_MS; ms += 5) {
		c = ready_of(w, name);
		if (str_eq(text(c, "status"), str_c(status)) &&
		    str_starts(text(c, "message"), str_c(message)))
			return;
		usleep(5000);
	}
	fail_msg("%s is '%.*s': '%.*s'", name, STR_ARG(text(c, "status")),
		 STR_ARG(text(c, "message")));
}

static void await_object(struct world *w, const char *path, bool there)
{
	for (int ms = 0; ms < PATIENCE_MS; ms += 5) {
		if (node_is(get(w, path), NODE_MAP) == there)
			return;
		world_finish_namespace(&w->on, str_from(str_c(path), 19).p);
		usleep(5000);
	}
	fail_msg("%s is %s", path, there ? "not there" : "still there");
}

static bool has_event(struct world *w, const char *reason, const char *message)
{
	node_each_item(i, node_get(get(w, EVENTS), S("items")))
		if (str_eq(text(*i, "reason"), str_c(reason)) &&
		    str_starts(text(*i, "message"), str_c(message)))
			return true;
	return false;
}

static void await_event(struct world *w, const char *reason, const char *message)
{
	for (int ms = 0; ms < PATIENCE_MS; ms += 5) {
		if (has_event(w, reason, message))
			return;
		usleep(5000);
	}
	node_each_item(i, node_get(get(w, EVENTS), S("items")))
		print_message("%.*s: %.*s\n", STR_ARG(text(*i, "reason")),
			      STR_ARG(text(*i, "message")));
	fail_msg("no event %s: %s", reason, message);
}

static void await_idle(struct world *w)
{
	for (int ms = 0; ms < PATIENCE_MS && !runtime_is_idle(w->runtime); ms += 5)
		usleep(5000);
}

/* Until nothing has been asked of the server for 200 ms: events come late. */
static void await_silence(struct world *w)
{
	uint64_t seen = client_requests(w->client);

	for (int ms = 0, silent = 0; ms < PATIENCE_MS && silent < 200; ms += 5, silent += 5) {
		usleep(5000);
		uint64_t now = client_requests(w->client);

		silent = now == seen ? silent : 0;
		seen = now;
	}
}

#define CONFIG(name, value)                                                  \
	"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " name "}\n"      \
	"data:\n  key: " value "\n"
#define IN(namespace, name, value)                                                          \
	"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " name ", namespace: " namespace     \
	"}\ndata:\n  key: " value "\n"
#define NS "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
#define IN_DEFAULT "  targetNamespace: default\n"

/* ---- the way of a commit ---------------------------------------------------------- */

static void test_a_commit_is_applied_and_pruned(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "apps/a.yaml", CONFIG("a", "one") }, { "apps/b.yaml", CONFIG("b", "x") },
	       { "README.md", "" });
	put_ks(w, "apps", "  path: ./apps\n" IN_DEFAULT);
	start(w);
	await(w, "apps", "True", "Applied revision: main@sha1:1");
	node ks = get(w, KS "apps"), a = get(w, CM "a");
	node entries = node_dig(ks, "status", "inventory", "entries");

	assert_int_equal(node_len(entries), 2);
	assert_true(str_eq(text(node_at(entries, 0), "id"), S("default_a__ConfigMap")));
	assert_true(str_eq(text(node_at(entries, 0), "v"), S("v1")));
	assert_true(str_eq(node_str(node_dig(a, "metadata", "labels",
					     "kustomize.toolkit.fluxcd.io/name")),
			   S("apps")));
	node status = node_get(ks, S("status"));
	node history = node_at(node_get(status, S("history")), 0);

	assert_true(str_eq(text(status, "lastAppliedRevision"), S("main@sha1:1")));
	assert_true(str_eq(text(status, "lastAttemptedRevision"), S("main@sha1:1")));
	assert_true(str_eq(text(history, "lastReconciledStatus"), S("ReconciliationSucceeded")));
	assert_true(str_starts(text(history, "digest"), S("sha256:")));
	assert_int_equal(node_int(node_get(status, S("observedGeneration"))), 1);
	assert_true(node_is(health_condition(ks, S("Reconciling")), NODE_NONE));
	await_event(w, "Progressing", "ConfigMap/default/a created\nConfigMap/default/b created");
	await_event(w, "ReconciliationSucceeded", "Reconciliation finished in ");

	COMMIT(w, "2", { "apps/a.yaml", CONFIG("a", "two") });
	await(w, "apps", "True", "Applied revision: main@sha1:2");
	assert_true(str_eq(node_str(node_dig(get(w, CM "a"), "data", "key")), S("two")));
	assert_true(node_is(get(w, CM "b"), NODE_NONE));
	await_event(w, "Progressing", "ConfigMap/default/a configured");
	await_event(w, "Progressing", "ConfigMap/default/b deleted");
	assert_int_equal(node_len(node_dig(get(w, KS "apps"), "status", "history")), 2);

	assert_true(node_is(ask(w, "DELETE", KS "apps", "", ""), NODE_MAP));
	await_object(w, KS "apps", false);
	assert_true(node_is(get(w, CM "a"), NODE_NONE));
}

static void test_what_is_of_the_cluster_is_known_without_a_namespace(void **state)
{
	const char *role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"
			   "metadata: {name: reader, namespace: default}\nrules: []\n";
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", role }, { "b.yaml", IN("default", "b", "one") });
	put_ks(w, "apps", "");
	start(w);
	await(w, "apps", "True", "Applied revision: main@sha1:1");
	await_event(w, "Progressing", "ClusterRole/reader created\nConfigMap/default/b created");
	COMMIT(w, "2", { "a.yaml", role }, { "b.yaml", IN("default", "b", "two") });
	await(w, "apps", "True", "Applied revision: main@sha1:2");
	await_event(w, "Progressing", "ConfigMap/default/b configured");
}

static void test_an_object_that_cannot_be_printed_fails_its_build(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, name: y}\n" });
	put_ks(w, "apps", "");
	start(w);
	await(w, "apps", "False", "kustomize build failed: map[string]interface {}(nil): yaml: unmarshal "
				  "errors:\n  line 3: mapping key \"name\" already defined at line 3");
}

/* The gate is for who has so many that their events would be a flood. */
static void test_the_commit_status_may_go_without_an_event(void **state)
{
	struct world *w = *state;

	w->settings.gates[GATE_DISABLE_COMMIT_STATUS_EVENT] = true;
	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "apps", IN_DEFAULT);
	start(w);
	await(w, "apps", "True", "Applied");
	COMMIT(w, "2", { "a.yaml", CONFIG("a", "two") });
	await_event(w, "Progressing", "ConfigMap/default/a configured");
	assert_false(has_event(w, "ReconciliationSucceeded", "Reconciliation finished in "));
}

/* So many and no more. */
static void check_requests(struct world *w, uint64_t before, uint64_t want)
{
	for (int ms = 0; ms < PATIENCE_MS; ms += 5)
		if (client_requests(w->client) - before < want)
			usleep(5000);
	await_silence(w);
	assert_int_equal(client_requests(w->client) - before, want);
}

static void test_requests_are_few(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") "---\n" CONFIG("b", "x") "---\n" CONFIG("c", "x") });
	start(w);
	/* the kind is known and watched from the first on */
	put_ks(w, "first", IN_DEFAULT "  namePrefix: first-\n");
	await(w, "first", "True", "Applied");
	await_event(w, "ReconciliationSucceeded", "Reconciliation finished in ");
	await_silence(w);
	uint64_t before = client_requests(w->client);

	put_ks(w, "apps", IN_DEFAULT);
	for (; !str_eq(text(ready_of(w, "apps"), "status"), S("True")); before++)
		usleep(1000);
	before += 2;	/* of this test: the last look, and the object */
	/* finalizer, three objects, status, two events */
	check_requests(w, before, 7);
	/* Nobody asks for it again: what it takes when nothing changed. */
	before = client_requests(w->client);
	patch(w, KS "apps",
	      "{\"metadata\":{\"annotations\":{\"reconcile.fluxcd.io/requestedAt\":\"now\"}}}");
	for (int i = 0; i < 1000; i++) {
		node ks = get(w, KS "apps");

		before++;
		if (str_eq(node_str(node_dig(ks, "status", "lastHandledReconcileAt")), S("now")))
			break;
		usleep(5000);
	}
	/* the patch of this test, a status, an event */
	check_requests(w, before, 3);
}

/* A ConfigMap that did not change is not read again for a new commit. */
static void test_variables_are_read_once(void **state)
{
	struct world *w = *state;

	put(w, CM "vars", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars}\ndata: {V: one}\n");
	COMMIT(w, "1", { "a.yaml", CONFIG("a", "${V}-1") });
	put_ks(w, "apps", IN_DEFAULT "  postBuild:\n    substituteFrom: [{kind: ConfigMap, name: vars}]\n");
	start(w);
	await(w, "apps", "True", "Applied");
	await_event(w, "ReconciliationSucceeded", "Reconciliation finished in ");
	await_idle(w);
	await_silence(w);
	uint64_t before = client_requests(w->client);

	COMMIT(w, "2", { "a.yaml", CONFIG("a", "${V}-2") });
	for (; !str_eq(text(ready_of(w, "apps"), "message"), S("Applied revision: main@sha1:2"));
	     before++)
		usleep(1000);
	before++;	/* the last look */
	/* two of this test, an apply, a status, two events */
	check_requests(w, before, 6);
	assert_true(str_eq(node_str(node_dig(get(w, CM "a"), "data", "key")), S("one-2")));
}

/* With the gate, variables count at the next pass that something else makes. */
static void test_config_watchers_can_be_off(void **state)
{
	struct world *w = *state;

	w->settings.gates[GATE_DISABLE_CONFIG_WATCHERS] = true;
	put(w, CM "vars", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars}\ndata: {V: one}\n");
	COMMIT(w, "1", { "a.yaml", CONFIG("a", "${V}") });
	put_ks(w, "apps", IN_DEFAULT "  postBuild:\n    substituteFrom: [{kind: ConfigMap, name: vars}]\n");
	start(w);
	await(w, "apps", "True", "Applied");
	await_idle(w);
	patch(w, CM "vars", "{\"data\":{\"V\":\"two\"}}");
	put_ks(w, "second", IN_DEFAULT "  namePrefix: second-\n");
	await(w, "second", "True", "Applied");
	usleep(300000);
	assert_true(str_eq(node_str(node_dig(get(w, CM "a"), "data", "key")), S("one")));
	COMMIT(w, "2", { "a.yaml", CONFIG("a", "${V}-2") });
	await(w, "apps", "True", "Applied revision: main@sha1:2");
	assert_true(str_eq(node_str(node_dig(get(w, CM "a"), "data", "key")), S("two-2")));
}

static void test_drift_is_put_right_at_once(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "apps", IN_DEFAULT);
	start(w);
	await(w, "apps", "True", "Applied");
	patch(w, CM "a", "{\"data\":{\"key\":\"drifted\"}}");
	for (int ms = 0; ms < PATIENCE_MS; ms += 5) {
		if (str_eq(node_str(node_dig(get(w, CM "a"), "data", "key")), S("one")))
			break;
		usleep(5000);
	}
	assert_true(str_eq(node_str(node_dig(get(w, CM "a"), "data", "key")), S("one")));
	assert_true(node_is(ask(w, "DELETE", CM "a", "", ""), NODE_MAP));
	await_object(w, CM "a", true);
	/* what somebody adds is no drift, and nothing is said of it */
	await_idle(w);
	usleep(1200000);
	str before = node_str(node_dig(get(w, KS "apps"), "metadata", "resourceVersion"));

	patch(w, CM "a", "{\"data\":{\"theirs\":\"x\"}}");
	usleep(1500000);
	assert_true(str_eq(node_str(node_dig(get(w, KS "apps"), "metadata", "resourceVersion")),
			   before));
	assert_int_equal(node_len(node_get(get(w, CM "a"), S("data"))), 2);
}

static void test_two_that_own_one_object_do_not_fight_for_ever(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "one/a.yaml", CONFIG("a", "one") }, { "two/a.yaml", CONFIG("a", "two") });
	put_ks(w, "one", IN_DEFAULT "  path: one\n");
	put_ks(w, "two", IN_DEFAULT "  path: two\n");
	start(w);
	await(w, "one", "True", "Applied");
	await(w, "two", "True", "Applied");
	sleep(7);
	uint64_t before = client_requests(w->client);

	sleep(2);
	/* each would need six a second: look, rehearsal, apply, status, two events */
	assert_true(client_requests(w->client) - before <= 12);
}

/* ---- what goes wrong --------------------------------------------------------------- */

/* Where our copy of the repository lies is nobody's affair, and another one elsewhere. */
static void test_what_leads_outside_is_told_without_our_folders(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "kustomization.yaml", "resources: [../../../../../../../../../etc/passwd]\n" });
	put_ks(w, "apps", IN_DEFAULT);
	start(w);
	await(w, "apps", "False", "kustomize build failed: accumulating resources: ");
	assert_true(str_has(text(ready_of(w, "apps"), "message"),
			    S("path '/etc/passwd' is not in or below '.'")));
}

static void test_a_source_may_come_later(void **state)
{
	struct world *w = *state;

	put_ks(w, "apps", IN_DEFAULT);
	start(w);
	await(w, "apps", "False", "GitRepository.source.toolkit.fluxcd.io \"repo\" not found");
	put(w, GIT "repo",
	    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
	    "metadata: {name: repo, namespace: default}\n"
	    "spec: {interval: 1m, url: 'https://example.com/x'}\n");
	await(w, "apps", "False", "Source artifact not found, retrying in 30s");
	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	await(w, "apps", "True", "Applied");
}

#define SOURCE                                                                       \
	"apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"             \
	"metadata: {name: repo, namespace: default}\n"                               \
	"spec: {interval: 1m, url: 'https://example.com/x'}\n"

static void test_a_source_that_is_fetched_is_waited_for_in_silence(void **state)
{
	struct world *w = *state;

	put(w, GIT "repo", SOURCE);
	put_ks(w, "apps", IN_DEFAULT);
	start(w);
	while (!node_len(node_dig(get(w, KS "apps"), "metadata", "finalizers")))
		usleep(10000);
	usleep(500000);
	assert_int_equal(node_len(node_dig(get(w, KS "apps"), "status", "conditions")), 0);
	await(w, "apps", "False", "Source artifact not found, retrying in 30s");
	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	await(w, "apps", "True", "Applied");
}

static void test_a_source_that_failed_is_told_at_once(void **state)
{
	struct world *w = *state;

	put(w, GIT "repo", SOURCE);
	put(w, GIT "repo/status",
	    SOURCE "status: {conditions: [{type: Ready, status: 'False', reason: X, message: x, "
		   "lastTransitionTime: '2026-01-01T00:00:00Z'}]}\n");
	put_ks(w, "apps", IN_DEFAULT);
	int64_t began = clock_mono();

	start(w);
	await(w, "apps", "False", "Source artifact not found, retrying in 30s");
	assert_true(clock_mono() - began < 1800 * CLOCK_MS);
}

static void test_failures_have_their_words(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "apps", "  path: ./nowhere\n");
	start(w);
	await(w, "apps", "False", "kustomization path not found: stat ");
	assert_true(str_eq(text(ready_of(w, "apps"), "reason"), S("ArtifactFailed")));
	put_ks(w, "apps", "");
	await(w, "apps", "False",
	      "ConfigMap/a namespace not specified: the server could not find the requested resource\n"
	      "at a.yaml:");
	assert_true(str_eq(text(ready_of(w, "apps"), "reason"), S("ReconciliationFailed")));
	await_event(w, "ReconciliationFailed", "ConfigMap/a namespace not specified: ");
	COMMIT(w, "2", { "a.yaml", "kind: ConfigMap\nmetadata: {name: [\n" });
	await(w, "apps", "False", "failed to decode Kubernetes YAML from ");
	assert_true(str_eq(text(ready_of(w, "apps"), "reason"), S("BuildFailed")));
	COMMIT(w, "3", { "a.yaml", "apiVersion: g.io/v1\nkind: X\nmetadata: {name: x, namespace: default}\n" });
	await(w, "apps", "False",
	      "X/default/x dry-run failed: no matches for kind \"X\" in version \"g.io/v1\"");
	COMMIT(w, "4", { "a.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: default}\n"
				   "data: {a: ENC}\nsops: {mac: x}\n" });
	await(w, "apps", "False", "Secret/default/x is SOPS encrypted, configuring decryption is "
				  "required for this secret to be reconciled");
	COMMIT(w, "5", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "apps", IN_DEFAULT);
	await(w, "apps", "True", "Applied");
	put_ks(w, "apps", IN_DEFAULT "  healthCheckExprs: [{apiVersion: g.io/v1, kind: X, current: 'a +'}]\n");
	await(w, "apps", "False",
	      "Reconciliation failed terminally due to configuration error: failed to create custom "
	      "status evaluator for healthchecks[0]: failed to parse the expression Current: ");
}

static void test_a_failed_apply_loses_no_object(void **state)
{
	struct world *w = *state;

	/* the Namespace's stage is over when the rest fails */
	COMMIT(w, "1", { "a.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: new}\n---\n"
				   "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: new}\n"
				   "spec: {ports: [{port: 99999}]}\n" });
	put_ks(w, "apps", "");
	start(w);
	await(w, "apps", "False", "Service/new/s dry-run failed (Invalid): ");
	node ks = get(w, KS "apps");

	assert_true(str_has(text(ready_of(w, "apps"), "message"), S("\nNamespace/new created\n")));
	assert_true(str_eq(text(node_at(node_dig(ks, "status", "inventory", "entries"), 0), "id"),
			   S("_new__Namespace")));
	COMMIT(w, "2", { "README.md", "" });
	await(w, "apps", "True", "Applied");
	await_object(w, "/api/v1/namespaces/new", false);
}

/* A process before this one was killed between an apply and its status: what is
 * ours of it is pruned, what has come to be another's is not. */
static void test_a_killed_process_orphans_nothing(void **state)
{
	static const char note[] = "[{\"id\":\"default_x__ConfigMap\",\"v\":\"v1\"},"
				   "{\"id\":\"default_z__ConfigMap\",\"v\":\"v1\"},"
				   "{\"id\":\"default_a__ConfigMap\",\"v\":\"v1\"},"
				   "{\"id\":\"default_never__ConfigMap\",\"v\":\"v1\"}]";
	struct world *w = *state;
	str left;

	assert_null(artifact_note(w->store, S("kustomization_default_apps"), str_c(note)));
	put(w, CM "x", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  labels:\n"
		       "    kustomize.toolkit.fluxcd.io/name: apps\n"
		       "    kustomize.toolkit.fluxcd.io/namespace: default\n");
	put(w, CM "z", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: z\n  labels:\n"
		       "    kustomize.toolkit.fluxcd.io/name: other\n"
		       "    kustomize.toolkit.fluxcd.io/namespace: default\n");
	COMMIT(w, "1", { "a.yaml", CONFIG("a", "x") });
	put_ks(w, "apps", IN_DEFAULT);
	start(w);
	await(w, "apps", "True", "Applied");
	await_idle(w);
	assert_true(node_is(get(w, CM "x"), NODE_NONE));
	assert_true(node_is(get(w, CM "z"), NODE_MAP));
	assert_int_equal(node_len(node_dig(get(w, KS "apps"), "status", "inventory", "entries")), 1);
	assert_null(artifact_noted(w->store, &w->a, S("kustomization_default_apps"), &left));
	assert_int_equal(left.n, 0);
}

/* The same with the Kustomization deleted meanwhile. */
static void test_a_killed_process_orphans_nothing_of_what_is_deleted(void **state)
{
	struct world *w = *state;

	assert_null(artifact_note(w->store, S("kustomization_default_apps"),
				  S("[{\"id\":\"default_x__ConfigMap\",\"v\":\"v1\"}]")));
	put(w, CM "x", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  labels:\n"
		       "    kustomize.toolkit.fluxcd.io/name: apps\n"
		       "    kustomize.toolkit.fluxcd.io/namespace: default\n");
	put_ks(w, "apps", "");
	patch(w, KS "apps", "{\"metadata\":{\"finalizers\":[\"finalizers.fluxcd.io\"]}}");
	ask(w, "DELETE", KS "apps", "", "");
	start(w);
	await_object(w, KS "apps", false);
	assert_true(node_is(get(w, CM "x"), NODE_NONE));
	await_event(w, "info", "ConfigMap/default/x deleted");
}

/* Waits until an apply fails so, and deletes the Kustomization: nothing is told of what
 * there never was. */
static void give_up(struct world *w, const char *message)
{
	await(w, "apps", "False", message);
	ask(w, "DELETE", KS "apps", "", "");
	await_object(w, KS "apps", false);
	assert_false(has_event(w, "ReconciliationFailed", "Service/default/s deleted"));
	assert_false(has_event(w, "ReconciliationFailed", "ConfigMap/default/a deleted"));
	assert_false(has_event(w, "ReconciliationFailed", "unable to prune objects"));
	assert_false(has_event(w, "ReconciliationFailed", "pruning for deleted resource failed"));
}

static void test_what_was_never_made_is_not_told_of(void **state)
{
	struct world *w = *state;

	start(w);
	COMMIT(w, "1", { "a.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
				   "spec: {ports: [{port: 99999}]}\n" });
	put_ks(w, "apps", IN_DEFAULT);
	give_up(w, "Service/default/s dry-run failed (Invalid): ");
	put_ks(w, "apps", IN_DEFAULT);
	await(w, "apps", "False", "Service/default/s dry-run failed (Invalid): ");
	COMMIT(w, "2", { "a.yaml", CONFIG("a", "one") });
	await(w, "apps", "True", "Applied");
	assert_false(has_event(w, "Progressing", "Service/default/s deleted"));
	ask(w, "DELETE", KS "apps", "", "");
	await_object(w, KS "apps", false);
	put_ks(w, "apps", IN_DEFAULT "  serviceAccountName: gone\n");
	give_up(w, "ConfigMap/default/a dry-run failed (Forbidden): ");
	/* who may not even look has made nothing */
	put(w, "/api/v1/namespaces/default/serviceaccounts/weak",
	    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: weak}\n");
	put_ks(w, "apps", IN_DEFAULT "  serviceAccountName: weak\n");
	give_up(w, "ConfigMap/default/a dry-run failed (Forbidden): ");
}

/* From now on the server refuses a status that names more objects than that. */
static void limit_inventories(struct world *w, int64_t most)
{
	static const char crd_path[] = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
				       "kustomizations.kustomize.toolkit.fluxcd.io";
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node crd = get(w, crd_path);

	node_each_item(v, node_dig(crd, "spec", "versions")) {
		node entries = node_dig(*v, "schema", "openAPIV3Schema", "properties", "status",
					"properties", "inventory", "properties", "entries");

		if (entries.kind == NODE_MAP)
			node_set(&w->a, entries, S("maxItems"), node_from_int(most));
	}
	buf_add(&b, S("{\"spec\":{\"versions\":"));
	assert_null(json_write(&b, node_dig(crd, "spec", "versions"), NULL));
	buf_add(&b, S("}}"));
	patch(w, crd_path, buf_c(&b));
	put_ks(w, "probe", "  suspend: true\n");
	/* each another one: what does not change is let through */
	for (int i = 0; i < 3000; i++) {
		str two = arena_printf(&w->a, "{\"status\":{\"inventory\":{\"entries\":["
					      "{\"id\":\"a\",\"v\":\"v1\"},{\"id\":\"b%d\",\"v\":\"v1\"}]}}}", i);

		if (!node_is(ask(w, "PATCH", KS "probe/status", MERGE, two.p), NODE_MAP))
			return;
		usleep(10000);
	}
	fail_msg("the definition has no effect");
}

/* What a pass created is not forgotten when its status does not reach the server,
 * however often the next ones find that all is there. */
static void test_a_lost_status_orphans_nothing(void **state)
{
	struct world *w = *state;

	if (!w->on.server)
		skip();	/* the definition is everybody's there */
	w->settings.min_retry_delay = 10 * CLOCK_MS;
	COMMIT(w, "1", { "a.yaml", CONFIG("a", "x") });
	put_ks(w, "apps", IN_DEFAULT);
	start(w);
	await(w, "apps", "True", "Applied");
	limit_inventories(w, 1);
	COMMIT(w, "2", { "a.yaml", CONFIG("a", "x") }, { "b.yaml", CONFIG("b", "x") });
	await_object(w, CM "b", true);
	usleep(300000);
	COMMIT(w, "3", { "a.yaml", CONFIG("a", "y") });
	await_object(w, CM "b", false);
	await(w, "apps", "True", "Applied");
}

static void test_what_is_not_allowed_stalls(void **state)
{
	struct world *w = *state;

	w->settings.no_cross_namespace_refs = true;
	w->settings.gates[GATE_EXTERNAL_ARTIFACT] = false;
	put(w, KS "apps",
	    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps}\n"
	    "spec:\n  interval: 1m\n  prune: true\n"
	    "  sourceRef: {kind: GitRepository, name: repo, namespace: other}\n");
	start(w);
	await(w, "apps", "False",
	      "can't access 'GitRepository/other/repo', cross-namespace references have been blocked");
	node ks = get(w, KS "apps");

	assert_true(str_eq(text(ready_of(w, "apps"), "reason"), S("AccessDenied")));
	assert_true(str_eq(text(health_condition(ks, S("Stalled")), "status"), S("True")));
	assert_int_equal(node_int(node_dig(ks, "status", "observedGeneration")), -1);
	await_event(w, "AccessDenied", "can't access");
	patch(w, KS "apps", "{\"spec\":{\"sourceRef\":{\"kind\":\"ExternalArtifact\",\"namespace\":null}}}");
	await(w, "apps", "False",
	      "can't access 'ExternalArtifact/default/repo', ExternalArtifact feature gate is disabled");
}

/* Of the shard are the Kustomizations with its label; their sources may be another's. */
static void test_a_shard_uses_sources_of_others(void **state)
{
	struct world *w = *state;

	w->settings.watch_label_selector = S("sharding.fluxcd.io/key=one");
	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "apps", IN_DEFAULT);
	put_ks(w, "other", IN_DEFAULT "  namePrefix: other-\n");
	patch(w, KS "apps", "{\"metadata\":{\"labels\":{\"sharding.fluxcd.io/key\":\"one\"}}}");
	start(w);
	await(w, "apps", "True", "Applied revision: main@sha1:1");
	await_idle(w);
	COMMIT(w, "2", { "a.yaml", CONFIG("a", "two") });
	await(w, "apps", "True", "Applied revision: main@sha1:2");
	assert_true(node_is(ready_of(w, "other"), NODE_NONE));
	patch(w, KS "other", "{\"metadata\":{\"labels\":{\"sharding.fluxcd.io/key\":\"one\"}}}");
	await(w, "other", "True", "Applied revision: main@sha1:2");
	patch(w, KS "apps", "{\"metadata\":{\"labels\":{\"sharding.fluxcd.io/key\":\"two\"}}}");
	await_idle(w);	/* news of one kind may overtake that of another */
	COMMIT(w, "3", { "a.yaml", CONFIG("a", "three") });
	await(w, "other", "True", "Applied revision: main@sha1:3");
	await_idle(w);
	assert_true(str_eq(text(ready_of(w, "apps"), "message"),
			   S("Applied revision: main@sha1:2")));
}

/* Not even tried: the name is none that could be looked up. */
static void test_remote_bases_can_be_off(void **state)
{
	struct world *w = *state;

	w->settings.no_remote_bases = true;
	COMMIT(w, "1",
	       { "kustomization.yaml", "resources: ['https://host.invalid/base//app?ref=main']\n" });
	put_ks(w, "apps", "");
	start(w);
	await(w, "apps", "False", "kustomize build failed: accumulating resources: ");
	str message = text(ready_of(w, "apps"), "message");

	assert_true(str_eq(text(ready_of(w, "apps"), "reason"), S("BuildFailed")));
	assert_true(str_has(message, S("cannot be fetched here")));
	assert_false(str_has(message, S("no such host")));
}

/* ---- dependencies ---------------------------------------------------------------------- */

static void test_a_chain_is_released_by_events(void **state)
{
	enum { LINKS = 20 };
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	for (int i = LINKS; i > 0; i--) {
		char name[16], more[160];

		snprintf(name, sizeof name, "k%d", i);
		snprintf(more, sizeof more, IN_DEFAULT "  namePrefix: %s-\n%s", name,
			 i > 1 ? "" : "#");
		if (i > 1)
			snprintf(more, sizeof more,
				 IN_DEFAULT "  namePrefix: %s-\n  dependsOn: [{name: k%d}]\n", name,
				 i - 1);
		put_ks(w, name, more);
	}
	int64_t begin = clock_mono();

	start(w);
	/* looking again and again would take half a minute a link */
	await(w, "k20", "True", "Applied");
	assert_true(clock_mono() - begin < LINKS * CLOCK_SECOND / 2);
}

/* Whoever waits already is told at once, and so says when the others would have been. */
static void test_a_loss_is_no_news_to_those_that_are_well(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "first", IN_DEFAULT "  namePrefix: first-\n");
	put_ks(w, "well", IN_DEFAULT "  namePrefix: well-\n  dependsOn: [{name: first}]\n");
	put_ks(w, "waiting", IN_DEFAULT "  dependsOn: [{name: first}, {name: nobody}]\n");
	start(w);
	await(w, "well", "True", "Applied");
	await(w, "waiting", "False", "dependency 'default/nobody' not found");
	put_ks(w, "first", IN_DEFAULT "  path: ./none\n");
	await(w, "waiting", "False", "dependency 'default/first' is not ready");
	await_idle(w);
	await(w, "well", "True", "Applied revision: main@sha1:1");
	ask(w, "DELETE", GIT "repo", "", "");
	await(w, "waiting", "False", "GitRepository.source.toolkit.fluxcd.io \"repo\" not found");
	await_idle(w);
	await(w, "well", "True", "Applied revision: main@sha1:1");
	put_ks(w, "first", IN_DEFAULT);
	COMMIT(w, "2", { "a.yaml", CONFIG("a", "two") });
	await(w, "well", "True", "Applied revision: main@sha1:2");
}

static void look_for_circle(void *ctx, enum log_level level, str line)
{
	(void)level;
	if (str_has(line, S("failed to sort dependencies for revision change")) &&
	    (str_has(line, S("circular dependency detected: default/ping -> default/pong -> default/ping")) ||
	     str_has(line, S("circular dependency detected: default/pong -> default/ping -> default/pong"))))
		atomic_store((atomic_bool *)ctx, true);
}

/* They wait for ever, and the log says why. */
static void test_a_circle_is_logged(void **state)
{
	struct world *w = *state;
	atomic_bool told = false;
	const struct log_sink sink = { look_for_circle, &told }, *before = log_use(&sink);

	log_set(LOG_JSON, LOG_ERROR);
	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "ping", IN_DEFAULT "  namePrefix: i-\n  dependsOn: [{name: pong}]\n");
	put_ks(w, "pong", IN_DEFAULT "  namePrefix: o-\n  dependsOn: [{name: ping}]\n");
	put_ks(w, "apart", IN_DEFAULT);
	start(w);
	await(w, "apart", "True", "Applied revision: main@sha1:1");
	await(w, "ping", "False", "dependency 'default/pong' is not ready");
	COMMIT(w, "2", { "a.yaml", CONFIG("a", "two") });
	await(w, "apart", "True", "Applied revision: main@sha1:2");
	for (int ms = 0; ms < PATIENCE_MS && !atomic_load(&told); ms += 5)
		usleep(5000);
	log_use(before);
	assert_true(atomic_load(&told));
}

static void test_ready_expressions(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "dep", IN_DEFAULT "  suspend: true\n");
	put_ks(w, "apps", IN_DEFAULT "  dependsOn: [{name: dep, readyExpr: "
				     "'dep.metadata.labels[\"go\"] == self.metadata.name'}]\n");
	start(w);
	await(w, "apps", "False", "failed to evaluate the CEL expression ");
	patch(w, KS "dep", "{\"metadata\":{\"labels\":{\"go\":\"no\"}},\"spec\":{\"interval\":\"5m\"}}");
	await(w, "apps", "False",
	      "dependency 'default/dep' is not ready according to readyExpr eval");
	patch(w, KS "dep", "{\"metadata\":{\"labels\":{\"go\":\"apps\"}},\"spec\":{\"interval\":\"6m\"}}");
	await(w, "apps", "True", "Applied");
	put_ks(w, "apps", IN_DEFAULT "  dependsOn: [{name: dep, readyExpr: '1 + 1'}]\n");
	await(w, "apps", "False",
	      "Reconciliation failed terminally due to configuration error: terminal error: failed to "
	      "evaluate dependency dep: CEL expression output type mismatch: expected bool, got int");
	/* there was an artifact */
	await_event(w, "InvalidCELExpression", "Reconciliation failed terminally");
	node_each_item(i, node_get(get(w, EVENTS), S("items")))
		if (str_eq(text(*i, "reason"), S("InvalidCELExpression")))
			assert_true(str_eq(node_str(node_dig(*i, "metadata", "annotations",
							     "kustomize.toolkit.fluxcd.io/revision")),
					   S("main@sha1:1")));
}

/* ---- health ---------------------------------------------------------------------------------- */

static void await_healthy(struct world *w, const char *message)
{
	str got = STR_NONE;

	for (int ms = 0; ms < PATIENCE_MS; ms += 5) {
		got = text(health_condition(get(w, KS "apps"), S("Healthy")), "message");
		if (str_eq(got, str_c(message)))
			return;
		usleep(5000);
	}
	fail_msg("Healthy says '%.*s'", STR_ARG(got));
}

static void test_checks_of_what_cannot_be(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "apps", IN_DEFAULT "  timeout: 30s\n"
				     "  healthChecks: [{apiVersion: v1, kind: ConfigMap, name: a}]\n");
	start(w);
	await_healthy(w, "resource ConfigMap a is namespace scoped, but namespace is not set");
	put_ks(w, "apps", IN_DEFAULT "  timeout: 1s\n"
				     "  healthChecks: [{apiVersion: none.example.com/v1, kind: Thing, "
				     "name: x, namespace: default}]\n");
	await_healthy(w, "timeout waiting for: [Thing/default/x status: 'Unknown': no matches for kind "
			 "\"Thing\" in group \"none.example.com\"]");
}

#define DEPLOYMENT(name)                                                               \
	"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " name "}\n"          \
	"spec:\n  selector: {matchLabels: {app: x}}\n  template:\n"                    \
	"    metadata: {labels: {app: x}}\n"                                           \
	"    spec: {containers: [{name: c, image: i}]}\n"

#define AVAILABLE                                                                          \
	"{\"status\":{\"observedGeneration\":1,\"replicas\":1,\"updatedReplicas\":1,"      \
	"\"readyReplicas\":1,\"availableReplicas\":1,\"conditions\":["                     \
	"{\"type\":\"Available\",\"status\":\"True\"},{\"type\":\"Progressing\","          \
	"\"status\":\"True\",\"reason\":\"NewReplicaSetAvailable\"}]}}"

/* The Deployment is said to be available until that has been seen: where somebody minds
 * Deployments, he has another opinion. */
static void await_by_status(struct world *w, const char *name)
{
	for (int ms = 0; ms < PATIENCE_MS; ms += 50) {
		patch(w, DEPLOYMENTS "d/status", AVAILABLE);
		for (int i = 0; i < 10; i++, usleep(5000))
			if (str_eq(text(ready_of(w, name), "status"), S("True")))
				return;
	}
	fail_msg("%s is not ready", name);
}

static void test_health_is_awaited_without_a_worker(void **state)
{
	struct world *w = *state;

	w->settings.concurrent = 1;
	COMMIT(w, "1", { "d/d.yaml", DEPLOYMENT("d") }, { "c/c.yaml", CONFIG("c", "x") });
	put_ks(w, "slow", IN_DEFAULT "  path: d\n  wait: true\n");
	start(w);
	await(w, "slow", "Unknown", "Reconciliation in progress");
	assert_true(str_eq(text(health_condition(get(w, KS "slow"), S("Reconciling")), "message"),
			   S("Running health checks for revision main@sha1:1 with a timeout of "
			     "9m30s")));
	/* what is asked for meanwhile is done when health is known */
	patch(w, KS "slow",
	      "{\"metadata\":{\"annotations\":{\"reconcile.fluxcd.io/requestedAt\":\"now\"}}}");
	await_idle(w);
	assert_true(node_is(node_dig(get(w, KS "slow"), "status", "lastHandledReconcileAt"),
			    NODE_NONE));
	/* the one worker is free */
	put_ks(w, "fast", IN_DEFAULT "  path: c\n");
	await(w, "fast", "True", "Applied");
	await_by_status(w, "slow");
	assert_true(str_eq(node_str(node_dig(get(w, KS "slow"), "status", "lastHandledReconcileAt")),
			   S("now")));
	node healthy = health_condition(get(w, KS "slow"), S("Healthy"));

	assert_true(str_starts(text(healthy, "message"), S("Health check passed in ")));
	await_event(w, "Progressing", "Health check passed in ");
}

static void test_stalled_objects_fail_early_and_recover(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "d.yaml", DEPLOYMENT("d") });
	put_ks(w, "apps",
	       IN_DEFAULT "  healthChecks: [{kind: Deployment, name: d, namespace: default}]\n");
	start(w);
	await(w, "apps", "Unknown", "Reconciliation in progress");
	patch(w, DEPLOYMENTS "d/status",
	      "{\"status\":{\"observedGeneration\":1,\"conditions\":[{\"type\":\"Progressing\","
	      "\"status\":\"False\",\"reason\":\"ProgressDeadlineExceeded\"}]}}");
	await(w, "apps", "False", "health check failed after ");
	assert_true(str_ends(text(ready_of(w, "apps"), "message"),
			     S("failed early due to stalled resources: [Deployment/default/d status: "
			       "'Failed']")));
	await_by_status(w, "apps");
}

static void test_failing_pods_of_a_set_fail_it(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "s.yaml", "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: s}\n"
				   "spec:\n  serviceName: s\n  selector: {matchLabels: {app: s}}\n"
				   "  template:\n    metadata: {labels: {app: s}}\n"
				   "    spec: {containers: [{name: c, image: i}]}\n" });
	put(w, "/api/v1/namespaces/default/serviceaccounts/default",
	    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default}\n");
	put(w, "/api/v1/namespaces/default/pods/s-0",
	    "apiVersion: v1\nkind: Pod\nmetadata: {name: s-0, labels: {app: s}}\n"
	    "spec: {containers: [{name: c, image: i}]}\n");
	patch(w, "/api/v1/namespaces/default/pods/s-0/status",
	      "{\"status\":{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\",\"status\":"
	      "\"False\"}],\"containerStatuses\":[{\"name\":\"c\",\"image\":\"i\",\"imageID\":\"\","
	      "\"ready\":false,\"restartCount\":3,"
	      "\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\"}}}]}}");
	put_ks(w, "apps", IN_DEFAULT "  wait: true\n");
	start(w);
	await(w, "apps", "False", "health check failed after ");
	assert_true(str_ends(text(ready_of(w, "apps"), "message"),
			     S("failed early due to stalled resources: [StatefulSet/default/s status: "
			       "'Failed']")));
	ask(w, "DELETE", "/api/v1/namespaces/default/pods/s-0", "", "");
	ask(w, "DELETE", "/apis/apps/v1/namespaces/default/statefulsets/s", "", "");
}

static void test_a_new_revision_ends_the_wait(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "d.yaml", DEPLOYMENT("d") });
	put_ks(w, "apps", IN_DEFAULT "  wait: true\n");
	start(w);
	await(w, "apps", "Unknown", "Reconciliation in progress");
	COMMIT(w, "2", { "c.yaml", CONFIG("c", "x") });
	await(w, "apps", "True", "Applied revision: main@sha1:2");
	await_event(w, "HealthCheckCanceled",
		    "Health checks canceled due to new reconciliation triggered by "
		    "GitRepository/default/repo");
	assert_true(node_is(get(w, DEPLOYMENTS "d"), NODE_NONE));
}

static void test_health_by_rules_of_ones_own(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", CONFIG("a", "no") });
	put_ks(w, "apps",
	       IN_DEFAULT "  wait: true\n"
			  "  healthCheckExprs:\n"
			  "  - {apiVersion: v1, kind: ConfigMap, current: 'data.state == \"done\"'}\n");
	start(w);
	await(w, "apps", "Unknown", "Reconciliation in progress");
	patch(w, CM "a", "{\"data\":{\"state\":\"done\"}}");
	await(w, "apps", "True", "Applied");
}

/* ---- fields of the spec ------------------------------------------------------------------------ */

static void test_variables_follow_their_config_map(void **state)
{
	struct world *w = *state;

	put(w, CM "vars", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars}\ndata: {V: one}\n");
	COMMIT(w, "1", { "a.yaml", CONFIG("a", "${V}-${W}") });
	put_ks(w, "apps",
	       IN_DEFAULT "  postBuild:\n    substitute: {W: w}\n"
			  "    substituteFrom: [{kind: ConfigMap, name: vars}]\n"
			  "  commonMetadata: {labels: {team: t}, annotations: {note: hint}}\n");
	start(w);
	await(w, "apps", "True", "Applied");
	node a = get(w, CM "a");

	assert_true(str_eq(node_str(node_dig(a, "data", "key")), S("one-w")));
	assert_true(str_eq(node_str(node_dig(a, "metadata", "labels", "team")), S("t")));
	assert_true(str_eq(node_str(node_dig(a, "metadata", "annotations", "note")), S("hint")));
	/* no label says that it is watched */
	patch(w, CM "vars", "{\"data\":{\"V\":\"two\"}}");
	for (int ms = 0; ms < PATIENCE_MS; ms += 5) {
		if (str_eq(node_str(node_dig(get(w, CM "a"), "data", "key")), S("two-w")))
			break;
		usleep(5000);
	}
	assert_true(str_eq(node_str(node_dig(get(w, CM "a"), "data", "key")), S("two-w")));
	put_ks(w, "apps", IN_DEFAULT "  postBuild:\n    substitute: {W: w}\n");
	await(w, "apps", "False", "post build failed for 'ConfigMap.v1.[noGrp]/a': envsubst error: ");
}

static void test_old_versions_are_read(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put(w, "/apis/kustomize.toolkit.fluxcd.io/v1beta1/namespaces/default/kustomizations/old",
	    "apiVersion: kustomize.toolkit.fluxcd.io/v1beta1\nkind: Kustomization\n"
	    "metadata: {name: old, namespace: default}\n"
	    "spec:\n  interval: 5m\n  prune: true\n  validation: client\n"
	    "  targetNamespace: default\n"
	    "  sourceRef: {kind: GitRepository, name: repo}\n"
	    "  patchesStrategicMerge:\n"
	    "  - {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {sm: x}}\n"
	    "  patchesJson6902:\n"
	    "  - target: {version: v1, kind: ConfigMap, name: a}\n"
	    "    patch: [{op: add, path: /data/json, value: z}]\n");
	start(w);
	await(w, "old", "True", "Applied");
	assert_int_equal(node_len(node_get(get(w, CM "a"), S("data"))), 3);
}

static void test_another_account_needs_its_rights(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "apps", IN_DEFAULT "  serviceAccountName: weak\n");
	start(w);
	await(w, "apps", "False",
	      "ConfigMap/default/a dry-run failed (Forbidden): configmaps \"a\" is forbidden: User "
	      "\"system:serviceaccount:default:weak\" cannot patch resource \"configmaps\"");
}

static void test_a_namespace_that_goes_holds_no_worker(void **state)
{
	static const char held[] = "/api/v1/namespaces/shop/configmaps/held";
	struct world *w = *state;

	w->settings.concurrent = 1;
	put(w, "/api/v1/namespaces/shop", NS);
	put(w, held,
	    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, finalizers: [example.com/x]}\n");
	ask(w, "DELETE", "/api/v1/namespaces/shop", "", "");
	ask(w, "DELETE", held, "", "");
	COMMIT(w, "1", { "one/ns.yaml", NS }, { "two/a.yaml", CONFIG("a", "x") });
	put_ks(w, "one", "  path: one\n");
	start(w);
	await(w, "one", "Unknown", "Reconciliation in progress");
	put_ks(w, "two", IN_DEFAULT "  path: two\n");
	await(w, "two", "True", "Applied");
	await(w, "one", "Unknown", "Reconciliation in progress");
	patch(w, held, "{\"metadata\":{\"finalizers\":null}}");
	for (int i = 0; i < 20; i++) {
		world_finish_namespace(&w->on, "shop");
		usleep(50000);
	}
	await(w, "one", "True", "Applied");
	assert_true(node_is(node_dig(get(w, "/api/v1/namespaces/shop"), "metadata", "deletionTimestamp"),
			    NODE_NONE));
}

static void test_a_kind_may_come_later(void **state)
{
	static const char toys[] =
		"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
		"metadata: {name: toys.example.com}\nspec:\n  group: example.com\n"
		"  names: {kind: Toy, plural: toys}\n  scope: Namespaced\n  versions:\n"
		"  - name: v1\n    served: true\n    storage: true\n"
		"    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}\n";
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", "apiVersion: example.com/v1\nkind: Toy\nmetadata: {name: t}\n" });
	put_ks(w, "apps", IN_DEFAULT);
	start(w);
	await(w, "apps", "False",
	      "Toy/default/t dry-run failed: no matches for kind \"Toy\" in version \"example.com/v1\"");
	put(w, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/toys.example.com", toys);
	usleep(2500000);
	await(w, "apps", "True", "Applied");
	ask(w, "DELETE", "/apis/example.com/v1/namespaces/default/toys/t", "", "");
}

/* Who would wait for itself has nothing to wait for, and is healthy. */
static void test_a_check_of_itself_passes(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "apps",
	       IN_DEFAULT "  healthChecks: [{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, "
			  "name: apps, namespace: default}]\n");
	start(w);
	await(w, "apps", "True", "Applied");
	node healthy = health_condition(get(w, KS "apps"), S("Healthy"));

	assert_true(str_eq(text(healthy, "status"), S("True")));
	assert_true(str_starts(text(healthy, "message"), S("Health check passed in ")));
	await_event(w, "Progressing", "Health check passed in ");
}

/* ---- another cluster ------------------------------------------------------------- */

static void test_another_cluster(void **state)
{
	struct world *w = *state;
	struct server *other;
	CLEANUP(buf_release) struct buf kubeconfig = BUF_INIT, json = BUF_INIT;
	node secret = node_map(&w->a, 3), data = node_map(&w->a, 1), meta = node_map(&w->a, 1);

	assert_null(server_open(&other, &(struct server_options){ .data_dir = S(":memory:"),
								  .listen = S("127.0.0.1:0"),
								  .no_sim = true }));
	CLEANUP(client_drop) struct client *there = direct_client(other);

	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") }, { "d.yaml", DEPLOYMENT("d") });
	put_ks(w, "apps", IN_DEFAULT "  wait: true\n  timeout: 30s\n"
				     "  kubeConfig: {secretRef: {name: other}}\n");
	start(w);
	await(w, "apps", "False", "unable to read KubeConfig secret "
				  "'default/other' error: secrets \"other\" not found");
	await_event(w, "ReconciliationFailed", "failed to build kube client: unable to read KubeConfig ");
	/* the artifact was fetched before */
	node status = node_get(get(w, KS "apps"), S("status"));

	assert_true(str_eq(text(status, "lastAttemptedRevision"), S("main@sha1:1")));
	assert_true(str_eq(text(health_condition(get(w, KS "apps"), S("Reconciling")), "message"),
			   S("Building manifests for revision main@sha1:1 with a timeout of 30s")));
	put(w, "/api/v1/namespaces/default/secrets/other",
	    "apiVersion: v1\nkind: Secret\nmetadata: {name: other}\nstringData: {value: what}\n");
	await(w, "apps", "False", "invalid KubeConfig in secret 'default/other': couldn't get version/kind; ");
	ask(w, "DELETE", "/api/v1/namespaces/default/secrets/other", "", "");
	await(w, "apps", "False", "unable to read KubeConfig secret");
	server_kubeconfig(other, &kubeconfig);
	node_set(&w->a, data, S("value"), node_copy_str(&w->a, buf_str(&kubeconfig)));
	node_set(&w->a, meta, S("name"), node_lit("other"));
	node_set(&w->a, secret, S("apiVersion"), node_lit("v1"));
	node_set(&w->a, secret, S("kind"), node_lit("Secret"));
	node_set(&w->a, secret, S("metadata"), meta);
	node_set(&w->a, secret, S("stringData"), data);
	assert_null(json_write(&json, secret, NULL));
	ask(w, "POST", "/api/v1/namespaces/default/secrets", "", buf_c(&json));
	/* its Secret is watched */
	await(w, "apps", "Unknown", "Reconciliation in progress");
	assert_true(node_is(get(w, CM "a"), NODE_NONE));
	struct client *here = w->client;

	w->client = there;
	assert_true(node_is(get(w, CM "a"), NODE_MAP));
	patch(w, DEPLOYMENTS "d/status", AVAILABLE);
	w->client = here;
	patch(w, KS "apps",
	      "{\"metadata\":{\"annotations\":{\"reconcile.fluxcd.io/requestedAt\":\"1\"}}}");
	await(w, "apps", "True", "Applied");
	ask(w, "DELETE", KS "apps", "", "");
	await_object(w, KS "apps", false);
	w->client = there;
	assert_true(node_is(get(w, CM "a"), NODE_NONE));
	w->client = here;
	/* its clients end with the runtime, and that before the server */
	runtime_free(w->runtime);
	w->runtime = NULL;
	server_close(other);
}

/* ConfigMap default/there: how to log in to our own server, by its address. */
static void put_login(struct world *w, const char *provider, bool address, const char *account)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, json = BUF_INIT;
	node map = node_map(&w->a, 2), data = node_map(&w->a, 4);
	struct kubeconfig k;

	server_kubeconfig(w->on.server, &text);
	assert_null(kubeconfig_read(&w->a, arena_str(&w->a, buf_str(&text)), false, false, &k));
	node_set(&w->a, data, S("provider"), node_from_str(&w->a, str_c(provider)));
	if (address)
		node_set(&w->a, data, S("address"),
			 node_copy_str(&w->a, str_from(k.server, strlen("https://"))));
	node_set(&w->a, data, S("ca.crt"), node_copy_str(&w->a, k.ca));
	node_set(&w->a, data, S("audiences"),
		 node_lit("\n  https://kubernetes.default.svc.cluster.local \n\n"));
	node_set(&w->a, data, S("serviceAccountName"), node_from_str(&w->a, str_c(account)));
	node_set(&w->a, map, S("data"), data);
	assert_null(json_write(&json, map, NULL));
	if (node_is(get(w, CM "there"), NODE_NONE))
		put(w, CM "there", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: there}\n");
	patch(w, CM "there", buf_c(&json));
}

static void ask_for(struct world *w, const char *when)
{
	patch(w, KS "apps",
	      arena_printf(&w->a,
			   "{\"metadata\":{\"annotations\":{\"reconcile.fluxcd.io/requestedAt\":\"%s\"}}}",
			   when)
		      .p);
}

static bool dump_has(struct world *w, const char *line)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	runtime_dump(w->runtime, &b);
	return str_has(buf_str(&b), str_c(line));
}

static void await_dump(struct world *w, const char *line)
{
	for (int ms = 0; ms < PATIENCE_MS && !dump_has(w, line); ms += 5)
		usleep(5000);
	assert_true(dump_has(w, line));
}

static void test_a_login_without_a_secret(void **state)
{
	struct world *w = *state;

	if (!w->on.server)
		skip();	/* nobody tells who signed its certificate */
	w->settings.gates[GATE_OBJECT_LEVEL_WORKLOAD_IDENTITY] = true;
	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "apps", IN_DEFAULT "  kubeConfig: {configMapRef: {name: there}}\n");
	start(w);
	await(w, "apps", "False", "failed to get configmap default/there: "
				  "configmaps \"there\" not found");
	put_login(w, "what", false, "deployer");
	await(w, "apps", "False", "provider 'what' not implemented");
	put_login(w, "gcp", false, "deployer");
	await(w, "apps", "False", "invalid GKE cluster ID: ''. must match ");
	put_login(w, "generic", false, "deployer");
	await(w, "apps", "False",
	      "cluster address is required to create a REST config");
	put_login(w, "generic", true, "deployer");
	await(w, "apps", "False",
	      "failed to get access token for cluster: failed to get service "
	      "account 'default/deployer': serviceaccounts \"deployer\" not found");
	put(w, "/api/v1/namespaces/default/serviceaccounts/deployer",
	    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: deployer}\n");
	ask_for(w, "1");
	await(w, "apps", "False", "ConfigMap/default/a dry-run failed (Forbidden): configmaps \"a\" is "
				  "forbidden: User \"system:serviceaccount:default:deployer\" cannot");
	put(w, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/deployer",
	    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\n"
	    "metadata: {name: deployer}\n"
	    "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\n"
	    "subjects: [{kind: ServiceAccount, name: deployer, namespace: default}]\n");
	ask_for(w, "2");
	await(w, "apps", "True", "Applied");
	/* of all those only the last is held, and that not for ever */
	await_dump(w, "clusters: 1\n");
	ask(w, "DELETE", KS "apps", "", "");
	await_object(w, KS "apps", false);
	await_dump(w, "clusters: 0\n");
}

static void test_a_login_needs_its_gate(void **state)
{
	struct world *w = *state;

	if (!w->on.server)
		skip();
	w->settings.default_kubeconfig_service_account = S("deployer");
	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "apps", IN_DEFAULT "  kubeConfig: {configMapRef: {name: there}}\n");
	put_login(w, "generic", true, "");
	start(w);
	await(w, "apps", "False",
	      "failed to get access token for cluster: failed to get service "
	      "account 'default/deployer': the specified default service account does not exist in the "
	      "object namespace. ");
	put(w, "/api/v1/namespaces/default/serviceaccounts/deployer",
	    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: deployer}\n");
	ask_for(w, "1");
	await(w, "apps", "False", "failed to get access token for cluster: "
				  "ObjectLevelWorkloadIdentity feature gate is not enabled");
}

static void test_an_account_that_is_gone_leaves_objects_behind(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "apps", IN_DEFAULT);
	start(w);
	await(w, "apps", "True", "Applied");
	put_ks(w, "apps", IN_DEFAULT "  serviceAccountName: gone\n");
	await(w, "apps", "False", "ConfigMap/default/a dry-run failed (Forbidden): ");
	ask(w, "DELETE", KS "apps", "", "");
	await_object(w, KS "apps", false);
	assert_true(node_is(get(w, CM "a"), NODE_MAP));
	await_event(w, "ReconciliationFailed", "unable to prune objects: \nConfigMap/default/a");
}

/* Else it would stay until somebody takes its finalizer away. */
static void test_a_kubeconfig_that_is_gone_leaves_objects_behind(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "apps", IN_DEFAULT);
	start(w);
	await(w, "apps", "True", "Applied");
	put_ks(w, "apps", IN_DEFAULT "  kubeConfig: {secretRef: {name: gone}}\n");
	await(w, "apps", "False", "unable to read KubeConfig secret");
	ask(w, "DELETE", KS "apps", "", "");
	await_object(w, KS "apps", false);
	assert_true(node_is(get(w, CM "a"), NODE_MAP));
	await_event(w, "ReconciliationFailed", "unable to prune objects: \nConfigMap/default/a");
}

#define RBAC "/apis/rbac.authorization.k8s.io/v1/"

static void put_role(struct world *w, const char *more)
{
	put(w, RBAC "clusterroles/limited",
	    arena_printf(&w->a,
			 "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: limited}\n"
			 "rules:\n- apiGroups: ['*']\n  verbs: ['*']\n  resources: [kustomizations, kustomizations/status, "
			 "gitrepositories, configmaps, secrets, events, namespaces, users, customresourcedefinitions%s]\n",
			 more).p);
}

static void bind(struct world *w, const char *role, const char *subject)
{
	put(w, arena_printf(&w->a, RBAC "clusterrolebindings/test-%s", role).p,
	    arena_printf(&w->a,
			 "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\n"
			 "metadata: {name: test-%s}\nsubjects: [%s]\n"
			 "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %s}\n",
			 role, subject, role).p);
}

/* That an account cannot be looked up does not mean that it is gone. */
static void test_an_account_that_is_not_seen_is_not_gone(void **state)
{
	struct world *w = *state;
	struct client *limited;

	put(w, "/api/v1/namespaces/default/serviceaccounts/strong",
	    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: strong}\n");
	put_role(w, "");
	bind(w, "limited", "{kind: User, name: limited}");
	bind(w, "cluster-admin", "{kind: ServiceAccount, name: strong, namespace: default}");
	assert_null(client_impersonate(w->client, S("limited"), NULL, 0, &limited));
	runtime_free(w->runtime);
	w->runtime = runtime_new(&(struct runtime_options){ .net = w->on.net,
							    .client = limited,
							    .store = w->store,
							    .settings = &w->settings,
							    .controllers = controllers,
							    .controllers_n = 1 });
	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	put_ks(w, "apps", IN_DEFAULT "  serviceAccountName: strong\n");
	start(w);
	await(w, "apps", "True", "Applied");
	ask(w, "DELETE", KS "apps", "", "");
	await_event(w, "ReconciliationSucceeded", "pruning for deleted resource failed");
	assert_true(node_is(get(w, KS "apps"), NODE_MAP));
	put_role(w, ", serviceaccounts");
	await_object(w, KS "apps", false);
	assert_true(node_is(get(w, CM "a"), NODE_NONE));
	runtime_free(w->runtime);
	w->runtime = NULL;
	client_unref(limited);
}

/* ---- the guard ------------------------------------------------------------------- */


static void test_pruning_tells_what_goes_along(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "ns.yaml", NS });
	put_ks(w, "apps", "");
	start(w);
	await(w, "apps", "True", "Applied");
	put(w, "/api/v1/namespaces/shop/configmaps/by-hand",
	    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: by-hand}\n");
	COMMIT(w, "2", { "README.md", "" });
	await(w, "apps", "True", "Applied revision: main@sha1:2");
	await_event(w, "PrunedAlong",
		    "pruning takes along what is not in Git:\nNamespace/shop (with ConfigMap/shop/by-hand)");
	await_object(w, "/api/v1/namespaces/shop", false);
}

static void test_the_guard_holds_back_what_is_not_in_git(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "ns.yaml", NS "---\n" CONFIG("a", "x") });
	put_ks(w, "apps", "");
	patch(w, KS "apps", "{\"metadata\":{\"annotations\":{"
			    "\"kustomize.toolkit.fluxcd.io/prune-guard\":\"enabled\"}},"
			    "\"spec\":{\"retryInterval\":\"1h\",\"patches\":[{\"target\":{\"kind\":\"ConfigMap\"},"
			    "\"patch\":\"[{\\\"op\\\":\\\"add\\\",\\\"path\\\":\\\"/metadata/namespace\\\","
			    "\\\"value\\\":\\\"default\\\"}]\"}]}}");
	start(w);
	await(w, "apps", "True", "Applied");
	put(w, "/api/v1/namespaces/shop/configmaps/by-hand",
	    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: by-hand}\n");
	COMMIT(w, "2", { "README.md", "" });
	await(w, "apps", "False",
	      "pruning is held back for:\nNamespace/shop (with ConfigMap/shop/by-hand)\nTo prune");
	assert_true(str_eq(text(ready_of(w, "apps"), "reason"), S("PruneBlocked")));
	assert_true(node_is(get(w, CM "a"), NODE_NONE));
	node entries = node_dig(get(w, KS "apps"), "status", "inventory", "entries");

	assert_int_equal(node_len(entries), 1);
	assert_true(node_is(get(w, "/api/v1/namespaces/shop"), NODE_MAP));
	patch(w, KS "apps", "{\"metadata\":{\"annotations\":{"
			    "\"kustomize.toolkit.fluxcd.io/prune-approved\":\"main@sha1:2\","
			    "\"reconcile.fluxcd.io/requestedAt\":\"1\"}}}");
	await(w, "apps", "True", "Applied");
	await_object(w, "/api/v1/namespaces/shop", false);
}

static void test_the_guard_counts(void **state)
{
	struct world *w = *state;

	w->settings.prune_guard = 1;
	COMMIT(w, "1", { "a.yaml", CONFIG("a", "x") "---\n" CONFIG("b", "x") });
	put_ks(w, "apps", IN_DEFAULT);
	start(w);
	await(w, "apps", "True", "Applied");
	COMMIT(w, "2", { "README.md", "" });
	await(w, "apps", "False",
	      "pruning is held back for:\n2 objects, beginning with ConfigMap/default/a: more than 1 "
	      "at once");
	COMMIT(w, "3", { "a.yaml", CONFIG("a", "x") });
	await(w, "apps", "True", "Applied");
	assert_true(node_is(get(w, CM "b"), NODE_NONE));
}

/* ---- the end -------------------------------------------------------------------------------------- */

static void test_deletion_policies(void **state)
{
	static const struct {
		const char *more;
		bool stays;
	} rows[] = {
		{ "  deletionPolicy: Orphan\n", true },
		{ "  deletionPolicy: WaitForTermination\n", false },
		{ "  suspend: true\n", true },
		{ "", false },
	};
	struct world *w = *state;

	COMMIT(w, "1", { "a.yaml", CONFIG("a", "one") });
	start(w);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put_ks(w, "apps", IN_DEFAULT);
		await(w, "apps", "True", "Applied");
		str more = arena_cat(&w->a, S(IN_DEFAULT), str_c(rows[i].more));

		put_ks(w, "apps", more.p);
		await_idle(w);
		ask(w, "DELETE", KS "apps", "", "");
		await_object(w, KS "apps", false);
		assert_int_equal(node_is(get(w, CM "a"), NODE_MAP), rows[i].stays);
	}
}

static void test_an_object_that_moves_is_not_deleted(void **state)
{
	struct world *w = *state;

	COMMIT(w, "1", { "one/a.yaml", CONFIG("a", "x") }, { "two/b.yaml", CONFIG("b", "x") });
	put_ks(w, "one", IN_DEFAULT "  path: one\n");
	put_ks(w, "two", IN_DEFAULT "  path: two\n  dependsOn: [{name: one}]\n");
	start(w);
	await(w, "two", "True", "Applied");
	COMMIT(w, "2", { "one/.keep", "" }, { "two/b.yaml", CONFIG("b", "x") "---\n" CONFIG("a", "x") });
	await(w, "one", "True", "Applied revision: main@sha1:2");
	await(w, "two", "True", "Applied revision: main@sha1:2");
	await_idle(w);
	assert_true(node_is(get(w, CM "a"), NODE_MAP));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_commit_is_applied_and_pruned),
		CASE(test_what_is_of_the_cluster_is_known_without_a_namespace),
		CASE(test_an_object_that_cannot_be_printed_fails_its_build),
		CASE(test_the_commit_status_may_go_without_an_event),
		CASE(test_requests_are_few),
		CASE(test_variables_are_read_once),
		CASE(test_config_watchers_can_be_off),
		CASE(test_drift_is_put_right_at_once),
		CASE(test_two_that_own_one_object_do_not_fight_for_ever),
		CASE(test_what_leads_outside_is_told_without_our_folders),
		CASE(test_a_source_may_come_later),
		CASE(test_a_source_that_is_fetched_is_waited_for_in_silence),
		CASE(test_a_source_that_failed_is_told_at_once),
		CASE(test_failures_have_their_words),
		CASE(test_what_is_not_allowed_stalls),
		CASE(test_a_failed_apply_loses_no_object),
		CASE(test_a_lost_status_orphans_nothing),
		CASE(test_a_killed_process_orphans_nothing),
		CASE(test_a_killed_process_orphans_nothing_of_what_is_deleted),
		CASE(test_what_was_never_made_is_not_told_of),
		CASE(test_remote_bases_can_be_off),
		CASE(test_a_shard_uses_sources_of_others),
		CASE(test_a_chain_is_released_by_events),
		CASE(test_a_loss_is_no_news_to_those_that_are_well),
		CASE(test_a_circle_is_logged),
		CASE(test_ready_expressions),
		CASE(test_checks_of_what_cannot_be),
		CASE(test_health_is_awaited_without_a_worker),
		CASE(test_stalled_objects_fail_early_and_recover),
		CASE(test_failing_pods_of_a_set_fail_it),
		CASE(test_a_new_revision_ends_the_wait),
		CASE(test_health_by_rules_of_ones_own),
		CASE(test_variables_follow_their_config_map),
		CASE(test_old_versions_are_read),
		CASE(test_another_account_needs_its_rights),
		CASE(test_a_namespace_that_goes_holds_no_worker),
		CASE(test_a_kind_may_come_later),
		CASE(test_a_check_of_itself_passes),
		CASE(test_another_cluster),
		CASE(test_a_login_without_a_secret),
		CASE(test_a_login_needs_its_gate),
		CASE(test_an_account_that_is_gone_leaves_objects_behind),
		CASE(test_a_kubeconfig_that_is_gone_leaves_objects_behind),
		CASE(test_an_account_that_is_not_seen_is_not_gone),
		CASE(test_pruning_tells_what_goes_along),
		CASE(test_the_guard_holds_back_what_is_not_in_git),
		CASE(test_the_guard_counts),
		CASE(test_deletion_policies),
		CASE(test_an_object_that_moves_is_not_deleted),
	};
	cmocka_set_test_filter(getenv("TEST_FILTER"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
