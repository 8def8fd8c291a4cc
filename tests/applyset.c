/* Apply sets against the embedded server, through a client in the same process. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/die.h"
#include "client/applyset.h"
#include "client/live.h"
#include "value/yaml.h"
#include "world.h"

#define GROUP S("kustomize.toolkit.fluxcd.io")
enum { ITEMS_MAX = 16 };

struct world {
	struct world_server on;
	struct client *client;
	struct discovery *discovery;
	struct arena a;
	struct applyset_item items[ITEMS_MAX];
	size_t n;
	struct applyset_options o;
	struct sources sources;
};

static int setup(void **state)
{
	struct world *w = mem_calloc(1, sizeof *w);

	world_open(&w->on, NULL, 0);
	w->client = w->on.client;
	w->discovery = discovery_new(w->client);
	w->o = (struct applyset_options){ .manager = S("kustomize-controller"), .group = GROUP };
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	discovery_free(w->discovery);
	world_close(&w->on);
	sources_release(&w->sources);
	arena_release(&w->a);
	free(w);
	return 0;
}

static void load(struct world *w, const char *yaml)
{
	struct yaml_doc *docs;
	size_t n;
	const struct yaml_options o = { .json = true, .sources = &w->sources, .name = S("x.yaml") };

	assert_null(yaml_read_all(&w->a, arena_str(&w->a, str_c(yaml)), &o, &docs, &n));
	assert_true(n <= ITEMS_MAX);
	for (size_t i = 0; i < n; i++)
		w->items[i] = (struct applyset_item){
			.object = applyset_normal(&w->a, docs[i].root), .source = docs[i].root
		};
	w->n = n;
}

static void know(struct world *w, enum applyset_known known)
{
	for (size_t i = 0; i < w->n; i++)
		w->items[i].known = known;
}

static err *run(struct world *w)
{
	return applyset_run(w->client, w->discovery, &w->a, w->items, w->n, &w->o);
}

/* All items with what became of them, in the order of applying. */
static str told(struct world *w)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < w->n; i++) {
		str id = objid_show(&w->a, &w->items[i].id);
		str action = applyset_action_name(w->items[i].action);

		buf_addf(&b, "%.*s %.*s\n", STR_ARG(id), STR_ARG(action));
	}
	return arena_str(&w->a, buf_str(&b));
}

static void check(struct world *w, const char *yaml, const char *want)
{
	load(w, yaml);
	CLEANUP(err_drop) err *e = run(w);

	if (e)
		fail_msg("%s", err_msg(e));
	assert_string_equal(told(w).p, want);
}

static void check_fails(struct world *w, const char *yaml, const char *want)
{
	load(w, yaml);
	CLEANUP(err_drop) err *e = run(w);

	assert_non_null(e);
	assert_string_equal(err_msg(e), want);
}

static node get(struct world *w, const char *path)
{
	node out;
	err *e = client_do(w->client, &w->a, &(struct client_request){ .path = str_c(path) }, &out);

	err_free(e);
	return e ? NODE_NOTHING : out;
}

static void send(struct world *w, const char *method, const char *path, const char *query,
		 const char *type, const char *body)
{
	CLEANUP(err_drop)
	err *e = client_do(w->client, &w->a,
			   &(struct client_request){ .method = str_c(method),
						     .path = str_c(path),
						     .query = str_c(query),
						     .content_type = str_c(type),
						     .body = str_c(body) },
			   NULL);

	if (e)
		fail_msg("%s", err_msg(e));
}

#define MERGE "application/merge-patch+json"
#define CM "/api/v1/namespaces/default/configmaps/"

static const char config_map[] = "apiVersion: v1\n"
				 "kind: ConfigMap\n"
				 "metadata: {name: a, namespace: default}\n"
				 "data: {k: v}\n";

/* ---- applying ---------------------------------------------------------- */

static void test_a_set_is_applied_in_stages(void **state)
{
	static const char yaml[] =
		"apiVersion: example.com/v1\n"
		"kind: Toy\n"
		"metadata: {name: t, namespace: apps}\n"
		"spec: {size: 3}\n"
		"---\n"
		"apiVersion: v1\n"
		"kind: Service\n"
		"metadata: {name: s, namespace: apps}\n"
		"spec: {ports: [{port: 80}]}\n"
		"---\n"
		"apiVersion: v1\n"
		"kind: ConfigMap\n"
		"metadata: {name: c, namespace: apps}\n"
		"---\n"
		"apiVersion: apiextensions.k8s.io/v1\n"
		"kind: CustomResourceDefinition\n"
		"metadata: {name: toys.example.com}\n"
		"spec:\n"
		"  group: example.com\n"
		"  names: {kind: Toy, plural: toys}\n"
		"  scope: Namespaced\n"
		"  versions:\n"
		"  - name: v1\n"
		"    served: true\n"
		"    storage: true\n"
		"    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}\n"
		"---\n"
		"apiVersion: v1\n"
		"kind: Namespace\n"
		"metadata: {name: apps}\n"
		"---\n"
		"apiVersion: scheduling.k8s.io/v1\n"
		"kind: PriorityClass\n"
		"metadata: {name: high}\n"
		"value: 10\n";
	struct world *w = *state;

	check(w, yaml,
	      "CustomResourceDefinition/toys.example.com created\n"
	      "Namespace/apps created\n"
	      "PriorityClass/high created\n"
	      "ConfigMap/apps/c created\n"
	      "Service/apps/s created\n"
	      "Toy/apps/t created\n");
	assert_string_equal(objid_print(&w->a, &w->items[5].id).p, "apps_t_example.com_Toy");
	CLEANUP(buf_release) struct buf log = BUF_INIT;

	applyset_log(&log, w->items + 4, 2);
	assert_string_equal(buf_c(&log), "Service/apps/s created\nToy/apps/t created\n");
	check(w, yaml,
	      "CustomResourceDefinition/toys.example.com unchanged\n"
	      "Namespace/apps unchanged\n"
	      "PriorityClass/high unchanged\n"
	      "ConfigMap/apps/c unchanged\n"
	      "Service/apps/s unchanged\n"
	      "Toy/apps/t unchanged\n");
}

static void test_what_is_known_costs_no_request(void **state)
{
	struct world *w = *state;

	load(w, config_map);
	know(w, APPLYSET_ABSENT);
	assert_null(run(w));
	assert_string_equal(told(w).p, "ConfigMap/default/a created\n");
	uint64_t before = client_requests(w->client);

	load(w, config_map);
	know(w, APPLYSET_SAME);
	assert_null(run(w));
	assert_string_equal(told(w).p, "ConfigMap/default/a unchanged\n");
	assert_int_equal(client_requests(w->client), before);

	/* one look and one apply */
	load(w, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n"
		"data: {k: other}\n");
	know(w, APPLYSET_CHANGED);
	assert_null(run(w));
	assert_string_equal(told(w).p, "ConfigMap/default/a configured\n");
	assert_int_equal(client_requests(w->client), before + 2);

	load(w, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: default}\n---\n"
		"apiVersion: v1\nkind: Secret\nmetadata: {name: b, namespace: default}\n");
	know(w, APPLYSET_ABSENT);
	assert_null(run(w));
	assert_int_equal(client_requests(w->client), before + 4);
	/* what was said to be absent and is not */
	load(w, config_map);
	know(w, APPLYSET_ABSENT);
	assert_null(run(w));
	assert_string_equal(told(w).p, "ConfigMap/default/a configured\n");
}

/* ConfigMaps "a" and "b", one of which somebody may have touched meanwhile. */
static const char pair[] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n"
			   "data: {k: v}\n---\n"
			   "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: default}\n"
			   "data: {k: v}\n";

/* The items of `yaml` are what is there, as it was left, and shall be otherwise. */
static void trust(struct world *w, const char *yaml)
{
	load(w, yaml);
	for (size_t i = 0; i < w->n; i++) {
		const struct objid id = objid_of(w->items[i].object);

		w->items[i].known = APPLYSET_CHANGED;
		w->items[i].left = live_content(
			get(w, arena_cat(&w->a, S(CM), id.name).p));
	}
}

/* The requests that it takes. */
static int cost(struct world *w, const char *want)
{
	uint64_t before = client_requests(w->client);
	CLEANUP(err_drop) err *e = run(w);

	if (e)
		fail_msg("%s", err_msg(e));
	assert_string_equal(told(w).p, want);
	return (int)(client_requests(w->client) - before);
}

#define CHANGED_A                                                                      \
	"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n" \
	"data: {k: other}\n"

static void test_what_is_as_it_was_left_is_not_looked_up(void **state)
{
	struct world *w = *state;

	check(w, pair, "ConfigMap/default/a created\nConfigMap/default/b created\n");
	trust(w, CHANGED_A);
	assert_int_equal(cost(w, "ConfigMap/default/a configured\n"), 1);
	/* another text for the same object */
	trust(w, CHANGED_A);
	assert_int_equal(cost(w, "ConfigMap/default/a unchanged\n"), 1);
	/* a rehearsal of both, and one apply */
	trust(w, pair);
	assert_int_equal(cost(w, "ConfigMap/default/a configured\nConfigMap/default/b unchanged\n"), 3);
	/* it went a moment ago */
	trust(w, CHANGED_A);
	send(w, "DELETE", CM "a", "", "", "");
	assert_int_equal(cost(w, "ConfigMap/default/a created\n"), 1);
}

/* Somebody applied the same with kubectl, and a field more, of which no watch has told. */
static void test_foreign_managers_show_in_the_answer(void **state)
{
	static const char *const sets[] = { CHANGED_A, pair };
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		check(w, pair,
		      i ? "ConfigMap/default/a configured\nConfigMap/default/b unchanged\n"
			: "ConfigMap/default/a created\nConfigMap/default/b created\n");
		if (i)
			check(w, CHANGED_A, "ConfigMap/default/a configured\n");
		trust(w, sets[i]);
		send(w, "PATCH", CM "a", "fieldManager=kubectl&force=true",
		     "application/apply-patch+yaml",
		     "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},"
		     "\"data\":{\"k\":\"v\",\"more\":\"x\"}}");
		cost(w, i ? "ConfigMap/default/a configured\nConfigMap/default/b unchanged\n"
			  : "ConfigMap/default/a configured\n");
		node live = get(w, CM "a"), managers = node_dig(live, "metadata", "managedFields");

		assert_true(node_is(node_dig(live, "data", "more"), NODE_NONE));
		assert_int_equal(node_len(managers), 1);
		assert_true(str_eq(node_str(node_get(node_at(managers, 0), S("manager"))),
				   S("kustomize-controller")));
	}
}

static void test_what_was_not_looked_up_is_made_anew_by_force(void **state)
{
	static const char fixed[] =
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n"
		"data: {k: v}\nimmutable: true\n";
	struct world *w = *state;

	check(w, fixed, "ConfigMap/default/a created\n");
	trust(w, CHANGED_A);
	CLEANUP(err_drop) err *e = run(w);

	assert_non_null(e);
	assert_true(str_has(err_text(e), S("immutable")));
	str uid = node_str(node_dig(get(w, CM "a"), "metadata", "uid"));

	w->o.force = true;
	trust(w, CHANGED_A);
	/* apply, look, delete, look, apply */
	assert_int_equal(cost(w, "ConfigMap/default/a created\n"), 5);
	assert_false(str_eq(node_str(node_dig(get(w, CM "a"), "metadata", "uid")), uid));
}

static void test_drift_is_put_right(void **state)
{
	struct world *w = *state;

	check(w, config_map, "ConfigMap/default/a created\n");
	send(w, "PATCH", CM "a", "fieldManager=me", MERGE,
	     "{\"data\":{\"k\":\"drift\",\"mine\":\"x\"},\"metadata\":{\"labels\":{\"l\":\"1\"}}}");
	check(w, config_map, "ConfigMap/default/a configured\n");
	node live = get(w, CM "a");

	assert_true(str_eq(node_str(node_dig(live, "data", "k")), S("v")));
	assert_true(str_eq(node_str(node_dig(live, "data", "mine")), S("x")));
	check(w, config_map, "ConfigMap/default/a unchanged\n");
}

static void test_nothing_is_written_when_a_rehearsal_fails(void **state)
{
	struct world *w = *state;

	check_fails(w,
		    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good, namespace: default}\n"
		    "---\n"
		    "apiVersion: v1\nkind: Service\nmetadata: {name: bad, namespace: default}\n"
		    "spec: {ports: [{port: 99999}]}\n",
		    "Service/default/bad dry-run failed (Invalid): Service \"bad\" is invalid: "
		    "[spec.ports[0].port: Invalid value: 99999: must be between 1 and 65535, inclusive, "
		    "spec.ports[0].targetPort: Invalid value: 99999: must be between 1 and 65535, "
		    "inclusive]");
	assert_true(node_is(get(w, CM "good"), NODE_NONE));
}

static void test_errors_tell_where(void **state)
{
	struct world *w = *state;

	load(w, "apiVersion: v1\nkind: Service\nmetadata: {name: bad, namespace: default}\n"
		"spec:\n  ports:\n  - port: 99999\n");
	w->o.sources = &w->sources;
	CLEANUP(err_drop) err *e = run(w);
	struct err_pos at = err_position(e);

	assert_true(str_eq(at.file, S("x.yaml")));
	assert_int_equal(at.line, 6);
}

static void test_words_of_what_is_missing(void **state)
{
	struct world *w = *state;

	check_fails(w, "apiVersion: g.io/v1\nkind: X\nmetadata: {name: x, namespace: default}\n",
		    "X/default/x dry-run failed: no matches for kind \"X\" in version \"g.io/v1\"");
	check_fails(w, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: gone}\n",
		    "ConfigMap/gone/x not found: namespaces \"gone\" not found");
	check_fails(w, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
		    "ConfigMap/x namespace not specified: the server could not find the requested "
		    "resource");
}

static void test_values_of_secrets_stay_out_of_errors(void **state)
{
	struct world *w = *state;

	load(w, "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default}\n"
		"type: kubernetes.io/dockerconfigjson\n"
		"stringData: {.dockerconfigjson: 'hunter2-is-no-json'}\n");
	CLEANUP(err_drop) err *e = run(w);

	assert_non_null(e);
	assert_false(str_has(err_text(e), S("hunter2")));
}

/* ---- field managers ------------------------------------------------------ */

static void test_what_kubectl_applied_becomes_ours(void **state)
{
	struct world *w = *state;

	send(w, "POST", "/api/v1/namespaces/default/configmaps",
	     "fieldManager=kubectl-client-side-apply", "",
	     "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\","
	     "\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":\"{}\"}},"
	     "\"data\":{\"k\":\"v\",\"old\":\"x\"}}");
	check(w, config_map, "ConfigMap/default/a configured\n");
	node live = get(w, CM "a");

	assert_true(node_is(node_dig(live, "data", "old"), NODE_NONE));
	assert_int_equal(node_len(node_dig(live, "metadata", "annotations")), 0);
	assert_int_equal(node_len(node_dig(live, "metadata", "managedFields")), 1);
	check(w, config_map, "ConfigMap/default/a unchanged\n");
}

/* To apply it would make us a manager, and change nothing else. */
static void test_what_another_made_just_so_stays_as_it_is(void **state)
{
	struct world *w = *state;

	send(w, "POST", "/api/v1/namespaces/default/configmaps", "fieldManager=somebody", "",
	     "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},"
	     "\"data\":{\"k\":\"v\",\"theirs\":\"x\"}}");
	str version = node_str(node_dig(get(w, CM "a"), "metadata", "resourceVersion"));

	check(w, config_map, "ConfigMap/default/a unchanged\n");
	node meta = node_get(get(w, CM "a"), S("metadata")), managers = node_get(meta, S("managedFields"));

	assert_true(str_eq(node_str(node_get(meta, S("resourceVersion"))), version));
	assert_int_equal(node_len(managers), 1);
	assert_true(str_eq(node_str(node_get(node_at(managers, 0), S("manager"))), S("somebody")));
}

static void test_merge_leaves_other_managers_alone(void **state)
{
	struct world *w = *state;

	send(w, "POST", "/api/v1/namespaces/default/configmaps", "fieldManager=kubectl-create", "",
	     "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},"
	     "\"data\":{\"old\":\"x\"}}");
	check(w,
	      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: default\n"
	      "  annotations: {kustomize.toolkit.fluxcd.io/ssa: merge}\ndata: {k: v}\n",
	      "ConfigMap/default/a configured\n");
	assert_int_equal(node_len(node_get(get(w, CM "a"), S("data"))), 2);
}

static void test_marked_objects_are_skipped(void **state)
{
	static const char *const marks[] = { "reconcile: Disabled", "ssa: ignore",
					     "ssa: IfNotPresent" };
	struct world *w = *state;

	check(w, config_map, "ConfigMap/default/a created\n");
	for (size_t i = 0; i < 3; i++) {
		char yaml[400];

		snprintf(yaml, sizeof yaml,
			 "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
			 "  namespace: default\n  labels: {kustomize.toolkit.fluxcd.io/%s}\n"
			 "data: {k: changed}\n",
			 marks[i]);
		check(w, yaml, "ConfigMap/default/a skipped\n");
	}
	send(w, "PATCH", CM "a", "", MERGE,
	     "{\"metadata\":{\"annotations\":{\"kustomize.toolkit.fluxcd.io/reconcile\":"
	     "\"disabled\"}}}");
	check(w,
	      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n"
	      "data: {k: changed}\n",
	      "ConfigMap/default/a skipped\n");
	/* and what is not there yet is made once */
	check(w,
	      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: once\n  namespace: default\n"
	      "  annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}\n",
	      "ConfigMap/default/once created\n");
}

static const char deployment[] =
	"apiVersion: apps/v1\n"
	"kind: Deployment\n"
	"metadata: {name: d, namespace: default}\n"
	"spec:\n"
	"  replicas: 2\n"
	"  selector: {matchLabels: {app: %s}}\n"
	"  template:\n"
	"    metadata: {labels: {app: %s}}\n"
	"    spec: {containers: [{name: c, image: %s}]}\n";

static const char *deploy(char *to, size_t size, const char *app, const char *image)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const char *const values[] = { app, app, image };
	str rest = str_c(deployment), piece;

	for (size_t i = 0; i < 3; i++) {
		size_t at = str_find(rest, S("%s"));

		piece = str_sub(rest, 0, at);
		buf_add(&b, piece);
		buf_add(&b, str_c(values[i]));
		rest = str_from(rest, at + 2);
	}
	buf_add(&b, rest);
	snprintf(to, size, "%s", buf_c(&b));
	return to;
}

static void test_what_is_immutable_is_made_anew_by_force(void **state)
{
	struct world *w = *state;
	char yaml[1000];

	check(w, deploy(yaml, sizeof yaml, "x", "i:1"), "Deployment/default/d created\n");
	load(w, deploy(yaml, sizeof yaml, "b", "i:1"));
	CLEANUP(err_drop) err *e = run(w);

	assert_true(str_starts(err_text(e),
			       S("Deployment/default/d dry-run failed (Invalid): Deployment.apps "
				 "\"d\" is invalid: spec.selector: Invalid value: ")));
	assert_true(str_ends(err_text(e), S("field is immutable")));
	w->o.force = true;
	check(w, yaml, "Deployment/default/d created\n");
	w->o.force = false;
	check(w, yaml, "Deployment/default/d unchanged\n");
	/* and where nothing is rehearsed */
	load(w, deploy(yaml, sizeof yaml, "z", "i:1"));
	know(w, APPLYSET_CHANGED);
	w->o.force = true;
	assert_null(run(w));
	assert_string_equal(told(w).p, "Deployment/default/d created\n");
}

static void test_what_is_held_back_is_waited_for_in_turns(void **state)
{
	struct world *w = *state;
	char yaml[1000];

	check(w, deploy(yaml, sizeof yaml, "x", "i:1"), "Deployment/default/d created\n");
	send(w, "PATCH", "/apis/apps/v1/namespaces/default/deployments/d", "", MERGE,
	     "{\"metadata\":{\"finalizers\":[\"example.com/x\"]}}");
	load(w, deploy(yaml, sizeof yaml, "b", "i:1"));
	w->o.force = true;
	w->o.stage_timeout = 100 * CLOCK_MS;
	CLEANUP(err_drop) err *e = run(w);

	assert_string_equal(err_msg(e),
			    "Deployment/default/d immutable field detected, failed to wait for object to "
			    "be deleted: context deadline exceeded");
	assert_int_equal(err_code(e), APPLYSET_WAITS);
	send(w, "PATCH", "/apis/apps/v1/namespaces/default/deployments/d", "", MERGE,
	     "{\"metadata\":{\"finalizers\":null}}");
	check(w, yaml, "Deployment/default/d created\n");
}

static void test_kinds_may_have_a_stage_of_their_own(void **state)
{
	static const char yaml[] =
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n---\n"
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: default}\n"
		"spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, "
		"spec: {containers: [{name: c, image: i}]}}}\n---\n"
		"apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default}\n";
	static const str kinds[] = { S("apps/Deployment"), S("Secret") };
	struct world *w = *state;

	w->o.stage_kinds = kinds;
	w->o.stage_kinds_n = 2;
	check(w, yaml,
	      "Secret/default/s created\nDeployment/default/d created\nConfigMap/default/a created\n");
}

static void test_managers_may_be_overridden(void **state)
{
	static const str managers[] = { S("argo") };
	struct world *w = *state;

	send(w, "POST", "/api/v1/namespaces/default/configmaps", "fieldManager=argocd-controller", "",
	     "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},"
	     "\"data\":{\"k\":\"v\",\"old\":\"x\"}}");
	check(w, config_map, "ConfigMap/default/a unchanged\n");
	assert_int_equal(node_len(node_get(get(w, CM "a"), S("data"))), 2);
	w->o.override_managers = managers;
	w->o.override_managers_n = 1;
	check(w, config_map, "ConfigMap/default/a configured\n");
	assert_int_equal(node_len(node_get(get(w, CM "a"), S("data"))), 1);
}

static void test_ignored_fields_belong_to_others(void **state)
{
	static const str paths[] = { S("/spec/replicas") };
	const struct applyset_ignore rule = { .paths = paths, .paths_n = 1,
					      .kind = S("Deploy.*") };
	struct world *w = *state;
	char yaml[1000];

	w->o.ignore = &rule;
	w->o.ignore_n = 1;
	check(w, deploy(yaml, sizeof yaml, "x", "i:1"), "Deployment/default/d created\n");
	send(w, "PATCH", "/apis/apps/v1/namespaces/default/deployments/d", "fieldManager=hpa", MERGE,
	     "{\"spec\":{\"replicas\":7}}");
	check(w, yaml, "Deployment/default/d unchanged\n");
	check(w, deploy(yaml, sizeof yaml, "x", "i:2"), "Deployment/default/d configured\n");
	assert_int_equal(node_int(node_dig(get(w, "/apis/apps/v1/namespaces/default/deployments/d"),
					   "spec", "replicas")), 7);
	const struct applyset_ignore bad = { .kind = S("(") };

	w->o.ignore = &bad;
	check_fails(w, yaml, "failed to create ignore rule selector: invalid kind regex: error parsing "
			     "regexp: missing closing ): `^(?:()$`");
}

/* ---- deleting ---------------------------------------------------------- */

static void test_pruning_spares_what_is_not_ours(void **state)
{
	static const char yaml[] =
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ours, namespace: default, labels: "
		"{kustomize.toolkit.fluxcd.io/name: k, kustomize.toolkit.fluxcd.io/namespace: f}}\n"
		"---\n"
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs, namespace: default, labels: "
		"{kustomize.toolkit.fluxcd.io/name: o, kustomize.toolkit.fluxcd.io/namespace: f}}\n"
		"---\n"
		"apiVersion: v1\nkind: Secret\nmetadata: {name: kept, namespace: default, labels: "
		"{kustomize.toolkit.fluxcd.io/name: k, kustomize.toolkit.fluxcd.io/namespace: f, "
		"kustomize.toolkit.fluxcd.io/prune: disabled}}\n";
	struct applyset_prune list[4] = { 0 };
	const struct applyset_prune_options o = { .group = GROUP, .owner_name = S("k"),
						  .owner_namespace = S("f") };
	static const char *const ids[] = { "default_gone_gone.io_Gone", "default_kept__Secret",
					   "default_ours__ConfigMap", "default_theirs__ConfigMap" };
	struct world *w = *state;
	const struct applyset_prune *left;

	load(w, yaml);
	assert_null(run(w));
	for (size_t i = 0; i < 4; i++) {
		assert_null(objid_parse(&w->a, str_c(ids[i]), &list[i].id));
		list[i].version = S("v1");
	}
	CLEANUP(err_drop)
	err *e = applyset_delete(w->client, w->discovery, &w->a, list, 4, &o);

	assert_null(e);
	assert_string_equal(applyset_prune_log(&w->a, list, 4).p,
			    "Gone/default/gone deleted\n"
			    "Secret/default/kept skipped\n"
			    "ConfigMap/default/theirs skipped\n"
			    "ConfigMap/default/ours deleted");
	assert_true(node_is(get(w, CM "ours"), NODE_NONE));
	assert_false(node_is(get(w, CM "theirs"), NODE_NONE));
	assert_null(applyset_gone(w->client, &w->a, list, 4, &left));
	assert_null(left);
}

static void test_a_failed_deletion_is_told(void **state)
{
	struct world *w = *state;
	CLEANUP(client_drop) struct client *nobody = NULL;
	struct applyset_prune p = { .id = { STR_NONE, S("ConfigMap"), S("default"), S("a") },
				    .version = S("v1") };

	check(w, config_map, "ConfigMap/default/a created\n");
	assert_null(client_impersonate(w->client, S("nobody"), NULL, 0, &nobody));
	CLEANUP(err_drop)
	err *e = applyset_delete(nobody, w->discovery, &w->a, &p, 1,
				 &(struct applyset_prune_options){ .group = GROUP });

	assert_string_equal(err_msg(e),
			    "delete failed, errors: ConfigMap/default/a query failed: configmaps "
			    "\"a\" is forbidden: User \"nobody\" cannot get resource \"configmaps\" in "
			    "API group \"\" in the namespace \"default\";");
	assert_int_equal(p.action, APPLYSET_FAILED);
}

/* ---- normal form ------------------------------------------------------------ */

static void test_normal_form(void **state)
{
	struct world *w = *state;

	load(w, "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: b}\n"
		"data: {c: ZA==}\nodd: 1\n---\n"
		"apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 1}]}\n"
		"status: {loadBalancer: {}}\n---\n"
		"apiVersion: g.io/v1\nkind: X\nmetadata: {name: s}\nodd: 1\nstatus: {a: b}\n");
	node secret = w->items[0].object, service = w->items[1].object, x = w->items[2].object;

	assert_true(str_eq(node_str(node_dig(secret, "data", "a")), S("Yg==")));
	assert_true(str_eq(node_str(node_dig(secret, "data", "c")), S("ZA==")));
	assert_false(node_has(secret, S("stringData")) || node_has(secret, S("odd")));
	assert_true(str_eq(node_str(node_get(node_at(node_dig(service, "spec", "ports"), 0),
					     S("protocol"))), S("TCP")));
	assert_false(node_has(service, S("status")) || node_has(x, S("status")));
	assert_true(node_has(x, S("odd")));
	/* a bundle that is none would be refused */
	load(w, "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
		"metadata: {name: x}\nspec: {conversion: {webhook: {clientConfig: {caBundle: Cg==}}}}\n"
		"status: {storedVersions: [v1]}\n");
	node crd = w->items[0].object;

	assert_int_equal(node_len(node_dig(crd, "spec", "conversion", "webhook", "clientConfig")), 0);
	assert_true(node_has(crd, S("status")));
}

static void test_ids(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "default_app_apps_Deployment", "Deployment/default/app" },
		{ "_podinfo__Namespace", "Namespace/podinfo" },
		{ "_system__x_rbac.authorization.k8s.io_ClusterRole", "ClusterRole/system:x" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct objid id;

		assert_null(objid_parse(&w->a, str_c(rows[i].text), &id));
		assert_string_equal(objid_show(&w->a, &id).p, rows[i].shown);
		assert_string_equal(objid_print(&w->a, &id).p, rows[i].text);
	}
	static const char *const bad[] = { "", "a", "a_b", "a_b_c" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct objid id;
		CLEANUP(err_drop) err *e = objid_parse(&w->a, str_c(bad[i]), &id);

		assert_non_null(e);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* A server on which "a" is gone whenever it is to be patched. */
struct gone {
	struct client *client;
	err *e;
	struct client_answer answer;
	int deleted;
};

static void *gone_start(void *ctx, const struct client_request *r)
{
	struct gone *g = ctx;

	if (str_eq(r->content_type, S("application/json-patch+json"))) {
		assert_null(client_do(g->client, NULL,
				      &(struct client_request){ .method = S("DELETE"), .path = r->path },
				      NULL));
		g->deleted++;
	}
	g->answer = (struct client_answer)CLIENT_ANSWER_INIT;
	g->e = client_raw(g->client, r, &g->answer);
	return g;
}

static err *gone_wait(void *ctx, void *handle, struct client_answer *out)
{
	struct gone *g = ctx;

	(void)handle;
	*out = g->answer;
	return g->e;
}

static void gone_free(void *ctx)
{
	(void)ctx;
}

static void test_what_goes_before_it_is_mended_is_made(void **state)
{
	struct world *w = *state;
	struct gone g = { .client = w->client };
	const struct client_transport t = {
		.start = gone_start, .wait = gone_wait, .free = gone_free, .ctx = &g
	};
	CLEANUP(client_drop) struct client *c = client_new_over(&t);

	send(w, "POST", "/api/v1/namespaces/default/configmaps",
	     "fieldManager=kubectl-client-side-apply", "",
	     "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},"
	     "\"data\":{\"k\":\"v\"}}");
	load(w, config_map);
	assert_null(applyset_run(c, w->discovery, &w->a, w->items, w->n, &w->o));
	assert_int_equal(g.deleted, 1);
	assert_string_equal(told(w).p, "ConfigMap/default/a created\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_set_is_applied_in_stages),
		CASE(test_what_is_known_costs_no_request),
		CASE(test_what_is_as_it_was_left_is_not_looked_up),
		CASE(test_foreign_managers_show_in_the_answer),
		CASE(test_what_was_not_looked_up_is_made_anew_by_force),
		CASE(test_drift_is_put_right),
		CASE(test_nothing_is_written_when_a_rehearsal_fails),
		CASE(test_errors_tell_where),
		CASE(test_words_of_what_is_missing),
		CASE(test_values_of_secrets_stay_out_of_errors),
		CASE(test_what_kubectl_applied_becomes_ours),
		CASE(test_what_goes_before_it_is_mended_is_made),
		CASE(test_what_another_made_just_so_stays_as_it_is),
		CASE(test_merge_leaves_other_managers_alone),
		CASE(test_marked_objects_are_skipped),
		CASE(test_what_is_immutable_is_made_anew_by_force),
		CASE(test_what_is_held_back_is_waited_for_in_turns),
		CASE(test_kinds_may_have_a_stage_of_their_own),
		CASE(test_managers_may_be_overridden),
		CASE(test_ignored_fields_belong_to_others),
		CASE(test_pruning_spares_what_is_not_ours),
		CASE(test_a_failed_deletion_is_told),
		CASE(test_normal_form),
		CASE(test_ids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
