#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/workers.h"
#include "server/expire.h"
#include "server/server.h"
#include "value/json.h"

/* ---- asking ------------------------------------------------------------ */

struct reply {
	int code;
	node body;
	str type, text;
	const str *warnings;
	size_t warnings_n;
};

#define CMS   "/api/v1/namespaces/a/configmaps"
#define MERGE "application/merge-patch+json"
#define APPLY "application/apply-patch+yaml"

static struct reply ask(struct server *s, struct arena *a, const char *method, const char *path,
			const char *type, const char *body)
{
	struct server_answer answer;
	struct reply r = { 0 };

	server_call(s, a,
		    &(struct server_ask){ .method = str_c(method),
					  .path = str_c(path),
					  .type = str_c(type),
					  .agent = S("test/1"),
					  .body = str_c(body) },
		    &answer);
	r.code = answer.code;
	r.text = answer.body;
	r.type = answer.type;
	r.warnings = answer.warnings;
	r.warnings_n = answer.warnings_n;
	err_free(json_read(a, answer.body, NULL, &r.body));
	return r;
}

static void expect(struct server *s, const char *method, const char *path, const char *type,
		   const char *body, int code, const char *text)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct reply r = ask(s, &a, method, path, type, body);

	if (r.code != code || (text && !str_has(r.text, str_c(text)))) {
		print_error("%s %s: want %d %s, got %d %.*s\n", method, path, code,
			    text ? text : "", r.code, STR_ARG(r.text));
		fail();
	}
}

static struct server *open_server(str dir)
{
	struct server *s = NULL;
	err *e = server_open(&s, &(struct server_options){ .data_dir = dir, .no_sim = true });

	if (e)
		print_error("%s\n", err_msg(e));
	assert_null(e);
	expect(s, "POST", "/api/v1/namespaces", NULL, "{\"metadata\":{\"name\":\"a\"}}", 201, NULL);
	return s;
}

static int set_up(void **state)
{
	*state = open_server(S(":memory:"));
	return 0;
}

static int tear_down(void **state)
{
	server_close(*state);
	return 0;
}

/* ---- verbs ------------------------------------------------------------- */

static void test_the_life_of_an_object(void **state)
{
	struct server *s = *state;

	expect(s, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"x\"},\"data\":{\"k\":\"1\"}}", 201,
	       "\"k\":\"1\"");
	expect(s, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"x\"}}", 409, "already exists");
	expect(s, "GET", CMS "/x", NULL, NULL, 200, "\"name\":\"x\"");
	expect(s, "PATCH", CMS "/x", MERGE, "{\"data\":{\"k\":\"2\"}}", 200, "\"k\":\"2\"");
	expect(s, "PUT", CMS "/x", NULL, "{\"metadata\":{\"name\":\"x\"},\"data\":{\"l\":\"3\"}}",
	       200, "\"data\":{\"l\":\"3\"}");
	expect(s, "PUT", CMS "/x", NULL,
	       "{\"metadata\":{\"name\":\"x\",\"resourceVersion\":\"1\"}}", 409,
	       "the object has been modified");
	expect(s, "DELETE", CMS "/x", NULL, NULL, 200, "\"status\":\"Success\"");
	expect(s, "GET", CMS "/x", NULL, NULL, 404, "configmaps \\\"x\\\" not found");
}

#define LIMITS "/api/v1/namespaces/a/limitranges"
#define LIMIT(meta) "{\"metadata\":{" meta "},\"spec\":{\"limits\":[]}}"

/* Of some kinds, for those who may create them. */
static void test_updates_make_what_is_not_there(void **state)
{
	struct server *s = *state;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct server_answer answer;
	static const char role[] =
		"{\"metadata\":{\"name\":\"upd\"},\"rules\":[{\"apiGroups\":[\"\"],\"resources\":[\"configmaps\"],"
		"\"verbs\":[\"update\",\"patch\"]}]}";
	static const char binding[] =
		"{\"metadata\":{\"name\":\"upd\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\","
		"\"kind\":\"ClusterRole\",\"name\":\"upd\"},\"subjects\":[{\"kind\":\"User\",\"name\":\"jane\","
		"\"apiGroup\":\"rbac.authorization.k8s.io\"}]}";

	expect(s, "PUT", CMS "/new", NULL, "{\"metadata\":{\"name\":\"new\"}}", 404, "not found");
	expect(s, "PUT", LIMITS "/new?dryRun=All", NULL, LIMIT("\"uid\":\"x\",\"name\":\"new\""), 409,
	       "Key: /limitranges/a/new, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in "
	       "precondition: x, UID in object meta: \"");
	expect(s, "PUT", LIMITS "/new", NULL, LIMIT("\"resourceVersion\":\"x\",\"name\":\"new\""), 500,
	       "strconv.ParseUint: parsing");
	expect(s, "PUT", LIMITS "/new", NULL, LIMIT("\"resourceVersion\":\"5\",\"name\":\"new\""), 201, NULL);
	expect(s, "PUT", LIMITS "/new", NULL, LIMIT("\"name\":\"new\""), 200, NULL);
	expect(s, "PUT", "/api/v1/namespaces/none/limitranges/new", NULL, LIMIT("\"name\":\"new\""), 404,
	       "namespaces \\\"none\\\" not found");
	expect(s, "PUT", "/api/v1/namespaces/a/services/new?dryRun=All", NULL,
	       "{\"metadata\":{\"name\":\"new\"},\"spec\":{\"ports\":[{\"port\":80}]}}", 201, NULL);
	expect(s, "PUT", "/apis/rbac.authorization.k8s.io/v1/clusterroles/upd", NULL, role, 201, NULL);
	expect(s, "PUT", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/upd", NULL, binding, 201, NULL);
	/* to apply is not to create */
	server_call(s, &a,
		    &(struct server_ask){ .method = S("PATCH"),
					  .path = S(CMS "/hers?fieldManager=m"),
					  .type = S(APPLY),
					  .body = S("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":"
						    "{\"name\":\"hers\"}}"),
					  .user = { .name = S("jane") } },
		    &answer);
	assert_int_equal(answer.code, 403);
	assert_true(str_has(answer.body, S("configmaps \\\"hers\\\" is forbidden: User \\\"jane\\\" cannot create "
					   "resource \\\"configmaps\\\" in API group \\\"\\\" in the namespace \\\"a\\\"")));
}

static void test_apply_makes_and_changes(void **state)
{
	struct server *s = *state;
	const char *path = CMS "/app?fieldManager=m";

	expect(s, "PATCH", path, APPLY,
	       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndata: {k: v}\n", 201,
	       "\"operation\":\"Apply\"");
	expect(s, "PATCH", path, APPLY,
	       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndata: {k: v}\n", 200, NULL);
	expect(s, "PATCH", CMS "/app?fieldManager=n", APPLY,
	       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndata: {k: w}\n", 409,
	       "Apply failed with 1 conflict");
	expect(s, "PATCH", CMS "/app", APPLY, "{}", 422, "is required for apply patch");
}

/* A write that changes nothing has no number and no event. */
static void test_nothing_changed(void **state)
{
	struct server *s = *state;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const char *body =
		"{\"metadata\":{\"name\":\"same\",\"labels\":{\"b\":\"1\",\"a\":\"2\"}}}";
	str first = node_str(
		node_dig(ask(s, &a, "POST", CMS, NULL, body).body, "metadata", "resourceVersion"));
	static const char *const again[] = {
		"{\"metadata\":{\"labels\":{\"a\":\"2\"}}}",
		"{\"metadata\":{\"creationTimestamp\":\"2001-01-01T00:00:00Z\"}}",
		"{}",
	};

	for (size_t i = 0; i < sizeof again / sizeof *again; i++) {
		struct reply r = ask(s, &a, "PATCH", CMS "/same", MERGE, again[i]);

		assert_int_equal(r.code, 200);
		assert_true(
			str_eq(node_str(node_dig(r.body, "metadata", "resourceVersion")), first));
	}
	struct reply r =
		ask(s, &a, "PUT", CMS "/same", NULL,
		    "{\"metadata\":{\"labels\":{\"a\":\"2\",\"b\":\"1\"},\"name\":\"same\"}}");

	assert_true(str_eq(node_str(node_dig(r.body, "metadata", "resourceVersion")), first));
}

static void test_dry_runs_leave_no_trace(void **state)
{
	struct server *s = *state;

	expect(s, "POST", CMS "?dryRun=All", NULL, "{\"metadata\":{\"name\":\"dry\"}}", 201,
	       "\"uid\"");
	expect(s, "GET", CMS "/dry", NULL, NULL, 404, NULL);
	expect(s, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"dry\"}}", 201, NULL);
	expect(s, "PATCH", CMS "/dry?dryRun=All", MERGE, "{\"data\":{\"a\":\"b\"}}", 200,
	       "\"a\":\"b\"");
	expect(s, "DELETE", CMS "/dry?dryRun=All", NULL, NULL, 200, "Success");
	expect(s, "GET", CMS "/dry", NULL, NULL, 200, NULL);
	expect(s, "POST", CMS "?dryRun=Some", NULL, "{\"metadata\":{\"name\":\"dry2\"}}", 422,
	       "supported values: \\\"All\\\"");
}

static void test_finalizers_hold(void **state)
{
	struct server *s = *state;

	expect(s, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"f\",\"finalizers\":[\"x.y/z\"]}}",
	       201, NULL);
	expect(s, "DELETE", CMS "/f", NULL, NULL, 200, "deletionTimestamp");
	expect(s, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"f\"}}", 409,
	       "object is being deleted");
	expect(s, "PATCH", CMS "/f", MERGE, "{\"metadata\":{\"finalizers\":null}}", 200, NULL);
	expect(s, "GET", CMS "/f", NULL, NULL, 404, NULL);
}

#define JSON_PATCH "application/json-patch+json"
#define STRATEGIC  "application/strategic-merge-patch+json"

/* Asked one after another. */
static const struct {
	const char *method, *path, *type, *body;
	int code;
	const char *has;
} refused[] = {
	{ "POST", "/api/v1/namespaces/none/configmaps", NULL, "{\"metadata\":{\"name\":\"x\"}}",
	  404, "namespaces \\\"none\\\" not found" },
	{ "POST", CMS, NULL, "{", 400, "unexpected end of JSON input" },
	{ "POST", CMS, "text/plain", "x", 415, "unknown format" },
	{ "POST", CMS, "application/json;x", "{}", 415, "unknown format" },
	{ "POST", CMS, NULL, "{\"metadata\":{\"name\":\"a/../b\"}}", 422, "RFC 1123 subdomain" },
	{ "POST", CMS, NULL, "{\"data\":1}", 400, "cannot unmarshal number" },
	{ "POST", CMS, NULL, "{\"apiVersion\":\"a/b/c\"}", 400,
	  "unexpected GroupVersion string: a/b/c" },
	{ "POST", CMS, NULL, "{\"apiVersion\":\"v1\",\"kind\":\"List\"}", 400,
	  "unknown conversion" },
	{ "POST", CMS, NULL, "{\"metadata\":{\"name\":\"rv\",\"resourceVersion\":\"7\"}}", 500,
	  "resourceVersion should not be set" },
	{ "POST", CMS "?timeout=x", NULL, "{\"metadata\":{\"name\":\"x\"}}", 400,
	  "invalid duration" },
	{ "GET", CMS "?labelSelector=((", NULL, NULL, 400, "expected: !, identifier" },
	{ "GET", CMS "?fieldSelector=x%3Dy", NULL, NULL, 400, "not a known field selector" },
	{ "GET", CMS "?continue=x", NULL, NULL, 400, "continue key is not valid" },
	{ "GET", CMS "?limit=", NULL, NULL, 400, "invalid syntax" },
	{ "GET", CMS "?resourceVersion=99999999", NULL, NULL, 504, "Too large resource version" },
	{ "PATCH", CMS "/nope", MERGE, "{}", 404, "not found" },
	{ "GET", "/api/v1/nothings", NULL, NULL, 404, "could not find the requested resource" },
	{ "GET", "/apis/x.y/v1/nothings", NULL, NULL, 404, "404 page not found" },
	{ "POST", CMS "/x", NULL, "{}", 405, "does not allow this method" },
	{ "GET", "/api/v1/namespaces/a//configmaps", NULL, NULL, 404, "could not find" },
	{ "GET", CMS "/a%2Fb", NULL, NULL, 404, "could not find" },
	{ "GET", CMS "/..", NULL, NULL, 400, "may not be '..'" },
	{ "GET", "/api/v1/bindings", NULL, NULL, 404, "could not find" },
	{ "GET", "/healthz/", NULL, NULL, 404, "404 page not found" },
	{ "DELETE", CMS "/x", NULL, "{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}", 400,
	  "no kind \\\"Pod\\\"" },
	{ "DELETE", CMS "/x", NULL, "{\"dryRun\":\"All\"}", 400,
	  "DeleteOptions.dryRun of type []string" },
	{ "DELETE", CMS "?continue=x", NULL, NULL, 400, "continue key is not valid" },
};

static void test_what_is_refused(void **state)
{
	struct server *s = *state;

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		expect(s, refused[i].method, refused[i].path, refused[i].type, refused[i].body,
		       refused[i].code, refused[i].has);
}

static void test_patches_of_all_sorts(void **state)
{
	struct server *s = *state;
	const char *path = CMS "/patched";

	expect(s, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"patched\"},\"data\":{\"a\":\"1\"}}",
	       201, "managedFields");
	expect(s, "PATCH", path, JSON_PATCH, "null", 200, "\"a\":\"1\"");
	expect(s, "PATCH", path, JSON_PATCH, "[1]", 400, "handlers.jsonPatchOp");
	expect(s, "PATCH", path, JSON_PATCH, "[{\"op\":7}]", 400, "jsonPatchOp.op of type string");
	expect(s, "PATCH", path, JSON_PATCH, "[{\"op\":\"replace\",\"path\":\"\",\"value\":{}}]",
	       400, "undeterminable");
	expect(s, "PATCH", path, STRATEGIC, "null", 200, "\"a\":\"1\"");
	expect(s, "PATCH", path, STRATEGIC, "{", 400, "unexpected end");
	expect(s, "PATCH", path, MERGE, "{\"kind\":null}", 200, "\"a\":\"1\"");
	expect(s, "PATCH", path, MERGE, "{\"metadata\":{\"resourceVersion\":\"x\"}}", 500,
	       "\"strconv.ParseUint: parsing");
}

#define JSON "application/json-patch+json"

/* What a patch makes of the names of the kind is read before the rest. */
static void test_patches_of_the_kind(void **state)
{
	struct server *s = *state;

	expect(s, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"named\"}}", 201, NULL);
	expect(s, "PATCH", CMS "/named", JSON, "[{\"op\":\"add\",\"path\":\"/kind\",\"value\":[{}]}]", 422,
	       "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go struct field "
	       ".kind of type string");
	expect(s, "PATCH", CMS "/named", JSON, "[{\"op\":\"move\",\"path\":\"/kind\",\"from\":\"/apiVersion\"}]", 422,
	       "no kind \\\"v1\\\" is registered for the internal version of group \\\"\\\" in scheme");
	expect(s, "PATCH", CMS "/named", JSON, "[{\"op\":\"add\",\"path\":\"/kind\",\"value\":\"Odd\"}]", 422,
	       "no kind \\\"Odd\\\" is registered for version \\\"v1\\\" in scheme");
}

static void test_owners_can_be_dropped(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct server *s = *state;
	struct reply r = ask(s, &a, "POST", CMS, NULL,
			     "{\"metadata\":{\"name\":\"owned\"},\"data\":{\"a\":\"1\"}}");

	assert_int_equal(node_len(node_dig(r.body, "metadata", "managedFields")), 1);
	r = ask(s, &a, "PATCH", CMS "/owned", MERGE, "{\"metadata\":{\"managedFields\":[]}}");
	assert_int_equal(node_len(node_dig(r.body, "metadata", "managedFields")), 0);
	r = ask(s, &a, "PATCH", CMS "/owned", MERGE, "{\"data\":{\"b\":\"1\"}}");
	assert_int_equal(node_len(node_dig(r.body, "metadata", "managedFields")), 0);
}

static void test_a_scale_is_patched(void **state)
{
	struct server *s = *state;
	const char *all = "/apis/apps/v1/namespaces/a/deployments",
		   *scale = "/apis/apps/v1/namespaces/a/deployments/d/scale";

	expect(s, "POST", all, NULL,
	       "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},"
	       "\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":["
	       "{\"name\":\"c\",\"image\":\"i\"}]}}}}",
	       201, NULL);
	expect(s, "PATCH", scale, MERGE, "{\"spec\":{\"replicas\":4}}", 200, "\"replicas\":4");
	expect(s, "PATCH", scale, MERGE, "{\"spec\":{\"replicas\":\"4\"}}", 422,
	       "ScaleSpec.spec.replicas of type int32");
	expect(s, "PUT", scale, NULL, "{\"metadata\":{\"name\":\"d\",\"uid\":\"x\"}}", 409,
	       "Precondition failed: UID");
	expect(s, "GET", all, NULL, NULL, 200, "\"replicas\":4");
}

static void test_events_go_after_an_hour(void **state)
{
	struct server *s = *state;
	const char *path = "/api/v1/namespaces/a/events";

	expect(s, "POST", path, NULL,
	       "{\"metadata\":{\"name\":\"e\"},\"involvedObject\":{\"namespace\":\"a\"},\"reason\":\"R\"}",
	       201, NULL);
	assert_int_equal(expire_run(s, clock_wall() + 50 * CLOCK_MINUTE), 0);
	assert_int_equal(expire_run(s, clock_wall() + 70 * CLOCK_MINUTE), 1);
	expect(s, "GET", "/api/v1/namespaces/a/events/e", NULL, NULL, 404, NULL);
}

/* ---- lists ------------------------------------------------------------- */

static void test_pages_are_of_one_state(void **state)
{
	struct server *s = *state;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	str token = STR_NONE;
	char body[64];

	expect(s, "POST", "/api/v1/namespaces", NULL, "{\"metadata\":{\"name\":\"p\"}}", 201, NULL);
	for (int i = 0; i < 7; i++) {
		snprintf(body, sizeof body, "{\"metadata\":{\"name\":\"n%d\"}}", i);
		expect(s, "POST", "/api/v1/namespaces/p/secrets", NULL, body, 201, NULL);
	}
	do {
		const char *path =
			arena_printf(&a, "/api/v1/namespaces/p/secrets?limit=3&continue=%.*s",
				     STR_ARG(token))
				.p;
		struct reply r = ask(s, &a, "GET", path, NULL, NULL);

		assert_int_equal(r.code, 200);
		node_each_item(i, node_get(r.body, S("items")))
			buf_addf(&names, "%.*s ",
				 STR_ARG(node_str(node_dig(*i, "metadata", "name"))));
		token = node_str(node_dig(r.body, "metadata", "continue"));
		/* what happens between the pages does not show in them */
		expect(s, "DELETE", "/api/v1/namespaces/p/secrets/n5", NULL, NULL,
		       names.n < 10 ? 200 : 404, NULL);
		snprintf(body, sizeof body, "{\"metadata\":{\"name\":\"m%zu\"}}", names.n);
		expect(s, "POST", "/api/v1/namespaces/p/secrets", NULL, body, 201, NULL);
	} while (token.n);
	assert_string_equal(buf_c(&names), "n0 n1 n2 n3 n4 n5 n6 ");
}

/* ---- watches ----------------------------------------------------------- */

struct seen {
	pthread_mutex_t m;
	struct buf text;
	bool ended;
};

static void on_event(void *ctx, str type, str object)
{
	struct seen *seen = ctx;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node n;

	assert_null(json_read(&a, object, NULL, &n));
	str name = node_str(node_dig(n, "metadata", "name"));

	if (str_eq(name, S("kube-root-ca.crt"))) /* comes by itself, at its own time */
		return;
	pthread_mutex_lock(&seen->m);
	buf_addf(&seen->text, "%.*s:%.*s ", STR_ARG(type), STR_ARG(name));
	pthread_mutex_unlock(&seen->m);
}

static void on_end(void *ctx)
{
	struct seen *seen = ctx;

	pthread_mutex_lock(&seen->m);
	seen->ended = true;
	pthread_mutex_unlock(&seen->m);
}

static void wait_for(struct seen *seen, const char *text)
{
	bool same = false;

	for (int i = 0; i < 500 && !same; i++) {
		usleep(10000);
		pthread_mutex_lock(&seen->m);
		same = str_eq(buf_str(&seen->text), str_c(text));
		pthread_mutex_unlock(&seen->m);
	}
	if (!same)
		print_error("saw %s\n", buf_c(&seen->text));
	assert_true(same);
}

static struct server_watch *watch(struct server *s, struct arena *a, const char *path,
				  struct seen *seen)
{
	struct server_answer answer;
	struct server_watch *w;

	server_watch(s, a, &(struct server_ask){ .method = S("GET"), .path = str_c(path) },
		     &(struct server_watcher){ .event = on_event, .ended = on_end, .ctx = seen },
		     &w, &answer);
	if (!w)
		print_error("%.*s\n", STR_ARG(answer.body));
	assert_non_null(w);
	return w;
}

static void test_watches_tell_in_order(void **state)
{
	struct server *s = *state;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct seen seen = { .m = PTHREAD_MUTEX_INITIALIZER, .text = BUF_INIT };
	const char *path = "/api/v1/namespaces/w/configmaps";

	expect(s, "POST", "/api/v1/namespaces", NULL, "{\"metadata\":{\"name\":\"w\"}}", 201, NULL);
	expect(s, "POST", path, NULL, "{\"metadata\":{\"name\":\"x\",\"labels\":{\"l\":\"1\"}}}",
	       201, NULL);
	struct server_watch *w = watch(
		s, &a,
		"/api/v1/namespaces/w/configmaps?watch=1&labelSelector=l&allowWatchBookmarks=1"
		"&sendInitialEvents=1&resourceVersionMatch=NotOlderThan",
		&seen);

	wait_for(&seen, "ADDED:x BOOKMARK: ");
	expect(s, "POST", path, NULL, "{\"metadata\":{\"name\":\"y\"}}", 201, NULL);
	expect(s, "PATCH", "/api/v1/namespaces/w/configmaps/y", MERGE,
	       "{\"metadata\":{\"labels\":{\"l\":\"2\"}}}", 200, NULL);
	expect(s, "PATCH", "/api/v1/namespaces/w/configmaps/y", MERGE, "{\"data\":{\"k\":\"v\"}}",
	       200, NULL);
	expect(s, "PATCH", "/api/v1/namespaces/w/configmaps/x", MERGE,
	       "{\"metadata\":{\"labels\":null}}", 200, NULL);
	expect(s, "DELETE", "/api/v1/namespaces/w/configmaps/x", NULL, NULL, 200, NULL);
	expect(s, "DELETE", "/api/v1/namespaces/w/configmaps/y", NULL, NULL, 200, NULL);
	wait_for(&seen, "ADDED:x BOOKMARK: ADDED:y MODIFIED:y DELETED:x DELETED:y ");
	server_unwatch(w);
	assert_false(seen.ended);
	buf_release(&seen.text);
}

static void test_a_watch_ends_with_its_time(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct seen seen = { .m = PTHREAD_MUTEX_INITIALIZER, .text = BUF_INIT };
	struct server_watch *w = watch(*state, &a, "/api/v1/nodes?watch=1&timeoutSeconds=1", &seen);
	bool ended = false;

	for (int i = 0; i < 500 && !ended; i++) {
		usleep(10000);
		pthread_mutex_lock(&seen.m);
		ended = seen.ended;
		pthread_mutex_unlock(&seen.m);
	}
	assert_true(ended);
	server_unwatch(w);
	buf_release(&seen.text);
}

/* What a watch saw before the server went, it does not see again after. */
static void test_watches_resume_after_a_restart(void **state)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct seen seen = { .m = PTHREAD_MUTEX_INITIALIZER, .text = BUF_INIT };

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("server")));
	struct server *s = open_server(fs_root(dir));
	struct reply r = ask(s, &a, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"x\"}}");
	str rv = node_str(node_dig(r.body, "metadata", "resourceVersion"));

	expect(s, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"y\"}}", 201, NULL);
	expect(s, "DELETE", CMS "/x", NULL, NULL, 200, NULL);
	server_close(s);
	assert_null(server_open(&s, &(struct server_options){ .data_dir = fs_root(dir),
							      .no_sim = true }));
	expect(s, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"z\"}}", 201, NULL);
	struct server_watch *w = watch(
		s, &a, arena_printf(&a, CMS "?watch=1&resourceVersion=%.*s", STR_ARG(rv)).p, &seen);

	wait_for(&seen, "ADDED:y DELETED:x ADDED:z ");
	server_unwatch(w);
	server_close(s);
	buf_release(&seen.text);
}

/* ---- many at once ------------------------------------------------------ */

enum { WRITERS = 8, EACH = 50 };

static void count_up(void *ctx, size_t i)
{
	struct server *s = ctx;

	(void)i;
	for (int n = 0; n < EACH; n++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct reply r;

		do {
			char body[160];

			arena_clear(&a);
			r = ask(s, &a, "GET", CMS "/counter", NULL, NULL);
			uint64_t value = 0;

			str_to_u64(node_str(node_dig(r.body, "data", "n")), &value);
			str rv = node_str(node_dig(r.body, "metadata", "resourceVersion"));

			snprintf(
				body, sizeof body,
				"{\"metadata\":{\"name\":\"counter\",\"resourceVersion\":\"%.*s\"},"
				"\"data\":{\"n\":\"%llu\"}}",
				STR_ARG(rv), (unsigned long long)value + 1);
			r = ask(s, &a, "PUT", CMS "/counter", NULL, body);
		} while (r.code == 409);
		assert_int_equal(r.code, 200);
	}
}

static void test_no_update_is_lost(void **state)
{
	struct server *s = *state;
	struct workers *w = workers_new(WRITERS, 0);

	expect(s, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"counter\"},\"data\":{\"n\":\"0\"}}",
	       201, NULL);
	workers_each(w, WRITERS, count_up, s);
	workers_free(w);
	expect(s, "GET", CMS "/counter", NULL, NULL, 200, "\"n\":\"400\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_life_of_an_object),
		cmocka_unit_test(test_updates_make_what_is_not_there),
		cmocka_unit_test(test_apply_makes_and_changes),
		cmocka_unit_test(test_nothing_changed),
		cmocka_unit_test(test_dry_runs_leave_no_trace),
		cmocka_unit_test(test_finalizers_hold),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_patches_of_all_sorts),
		cmocka_unit_test(test_patches_of_the_kind),
		cmocka_unit_test(test_owners_can_be_dropped),
		cmocka_unit_test(test_a_scale_is_patched),
		cmocka_unit_test(test_events_go_after_an_hour),
		cmocka_unit_test(test_pages_are_of_one_state),
		cmocka_unit_test(test_watches_tell_in_order),
		cmocka_unit_test(test_a_watch_ends_with_its_time),
		cmocka_unit_test(test_watches_resume_after_a_restart),
		cmocka_unit_test(test_no_update_is_lost),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
