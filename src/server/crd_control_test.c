#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "server/server.h"
#include "value/json.h"

#define CRDS "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define WIDGETS "/apis/g.io/v1/namespaces/a/widgets"
#define MERGE "application/merge-patch+json"
#define PATIENCE (10 * CLOCK_SECOND)

struct reply {
	int code;
	node body;
	str text;
};

static struct reply ask(struct server *s, struct arena *a, const char *method, const char *path,
			const char *type, const char *body)
{
	struct server_answer answer;
	struct reply r = { 0 };

	server_call(s, a,
		    &(struct server_ask){ .method = str_c(method), .path = str_c(path),
					  .type = str_c(type), .body = str_c(body) },
		    &answer);
	r.code = answer.code;
	r.text = answer.body;
	err_free(json_read(a, answer.body, NULL, &r.body));
	return r;
}

static void expect(struct server *s, const char *method, const char *path, const char *type,
		   const char *body, int code, const char *text)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct reply r = ask(s, &a, method, path, type, body);

	if (r.code != code || (text && !str_has(r.text, str_c(text)))) {
		print_error("%s %s: want %d %s, got %d %.*s\n", method, path, code, text ? text : "",
			    r.code, STR_ARG(r.text));
		fail();
	}
}

/* Until GET gives that code, and the text in its body. */
static void await(struct server *s, const char *path, int code, const char *text)
{
	int64_t until = clock_mono() + PATIENCE;

	for (;;) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct reply r = ask(s, &a, "GET", path, NULL, NULL);

		if (r.code == code && (!text || str_has(r.text, str_c(text))))
			return;
		if (clock_mono() > until) {
			print_error("%s: %d %.*s\n", path, r.code, STR_ARG(r.text));
			fail();
		}
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
}

#define DEFINITION(plural, kind, field)                                                           \
	"{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":\"CustomResourceDefinition\","       \
	"\"metadata\":{\"name\":\"" plural ".g.io\"},\"spec\":{\"group\":\"g.io\",\"scope\":"     \
	"\"Namespaced\",\"names\":{\"plural\":\"" plural "\",\"kind\":\"" kind "\"},\"versions\":[{" \
	"\"name\":\"v1\",\"served\":true,\"storage\":true,\"schema\":{\"openAPIV3Schema\":{\"type\":" \
	"\"object\",\"properties\":{\"spec\":{\"type\":\"object\",\"properties\":{\"" field "\":{"   \
	"\"type\":\"string\"}}}}}}}]}}"

static struct server *open_server(str dir, const str *crds, size_t n)
{
	struct server_file files[4];
	const struct server_crds all = { S("here"), files, n };
	struct server *s = NULL;

	for (size_t i = 0; i < n; i++)
		files[i] = (struct server_file){ S("a file"), crds[i] };
	err *e = server_open(&s, &(struct server_options){ .data_dir = dir, .no_sim = true,
							   .crds = &all, .crds_n = n > 0 });

	if (e)
		print_error("%s\n", err_msg(e));
	assert_null(e);
	return s;
}

static int set_up(void **state)
{
	*state = open_server(S(":memory:"), NULL, 0);
	expect(*state, "POST", "/api/v1/namespaces", NULL, "{\"metadata\":{\"name\":\"a\"}}", 201, NULL);
	return 0;
}

static int tear_down(void **state)
{
	server_close(*state);
	return 0;
}

static void make(struct server *s, const char *definition, const char *name)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	expect(s, "POST", CRDS, NULL, definition, 201, NULL);
	buf_addf(&path, CRDS "/%s", name);
	await(s, buf_c(&path), 200, "\"InitialNamesAccepted\"");
}

static void test_who_sees_it_established_can_use_it(void **state)
{
	struct server *s = *state;

	expect(s, "GET", WIDGETS, NULL, NULL, 404, NULL);
	make(s, DEFINITION("widgets", "Widget", "x"), "widgets.g.io");
	expect(s, "POST", WIDGETS, NULL,
	       "{\"apiVersion\":\"g.io/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"w\"},"
	       "\"spec\":{\"x\":\"1\",\"y\":\"2\"}}",
	       201, "\"spec\":{\"x\":\"1\"}");
	expect(s, "GET", "/apis/g.io/v1", NULL, NULL, 200, "\"widgets\"");
	expect(s, "DELETE", CRDS "/widgets.g.io", NULL, NULL, 200, "InstanceDeletionPending");
	await(s, CRDS "/widgets.g.io", 404, NULL);
	await(s, WIDGETS, 404, NULL);
	/* its objects do not come back with it */
	make(s, DEFINITION("widgets", "Widget", "x"), "widgets.g.io");
	expect(s, "GET", WIDGETS, NULL, NULL, 200, "\"items\":[]");
	expect(s, "DELETE", CRDS "/widgets.g.io", NULL, NULL, 200, NULL);
	await(s, CRDS "/widgets.g.io", 404, NULL);
}

/* Owners of fields are compared in the versions that they wrote through. */
static void test_owners_of_fields_in_several_versions(void **state)
{
#define VERSION(name, storage, field)                                                                  \
	"{\"name\":\"" name "\",\"served\":true,\"storage\":" storage ",\"schema\":{"            \
	"\"openAPIV3Schema\":{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":\"object\","   \
	"\"properties\":{\"common\":{\"type\":\"string\"},\"" field "\":{\"type\":\"string\"}}}}}}}"
#define MULTIS "/apis/g.io/v1/namespaces/a/multis"
	struct server *s = *state;

	make(s,
	     "{\"metadata\":{\"name\":\"multis.g.io\"},\"spec\":{\"group\":\"g.io\",\"scope\":"
	     "\"Namespaced\",\"names\":{\"plural\":\"multis\",\"kind\":\"Multi\"},\"versions\":["
	     VERSION("v1", "true", "x") "," VERSION("v2", "false", "y") "]}}",
	     "multis.g.io");
	expect(s, "POST", MULTIS, NULL,
	       "{\"apiVersion\":\"g.io/v1\",\"kind\":\"Multi\",\"metadata\":{\"name\":\"m\"},"
	       "\"spec\":{\"x\":\"1\"}}",
	       201, NULL);
	expect(s, "PATCH", "/apis/g.io/v2/namespaces/a/multis/m?fieldManager=other",
	       "application/apply-patch+yaml",
	       "{\"apiVersion\":\"g.io/v2\",\"kind\":\"Multi\",\"metadata\":{\"name\":\"m\"},"
	       "\"spec\":{\"common\":\"2\"}}",
	       200, "\"manager\":\"other\",\"operation\":\"Apply\",\"apiVersion\":\"g.io/v2\"");
	/* v2 does not know what v1 owns: the original forgets all owners */
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct reply r = ask(s, &a, "PATCH", "/apis/g.io/v2/namespaces/a/multis/m?fieldManager=third",
			     "application/merge-patch+json", "{\"spec\":{\"common\":\"3\",\"y\":\"4\"}}");

	assert_int_equal(r.code, 200);
	assert_false(str_has(r.text, S("managedFields")));
	expect(s, "DELETE", CRDS "/multis.g.io", NULL, NULL, 200, NULL);
	await(s, CRDS "/multis.g.io", 404, NULL);
}

static void test_a_name_is_taken_when_it_is_free(void **state)
{
	struct server *s = *state;

	make(s, DEFINITION("widgets", "Widget", "x"), "widgets.g.io");
	expect(s, "POST", CRDS, NULL, DEFINITION("others", "Widget", "x"), 201, NULL);
	await(s, CRDS "/others.g.io", 200, "\"ListKindConflict\"");
	expect(s, "GET", "/apis/g.io/v1/others", NULL, NULL, 404, NULL);
	expect(s, "DELETE", CRDS "/widgets.g.io", NULL, NULL, 200, NULL);
	await(s, CRDS "/others.g.io", 200, "\"InitialNamesAccepted\"");
	expect(s, "GET", "/apis/g.io/v1/others", NULL, NULL, 200, "\"items\":[]");
	expect(s, "DELETE", CRDS "/others.g.io", NULL, NULL, 200, NULL);
	await(s, CRDS "/others.g.io", 404, NULL);
}

/* The next one may be there before anyone saw that the last one was gone. */
static void test_the_next_of_a_name_is_not_the_last(void **state)
{
	struct server *s = *state;

	for (int i = 0; i < 20; i++) {
		make(s, DEFINITION("widgets", "Widget", "x"), "widgets.g.io");
		expect(s, "DELETE", CRDS "/widgets.g.io", NULL, NULL, 200, NULL);
		await(s, CRDS "/widgets.g.io", 404, NULL);
		make(s, DEFINITION("widgets", "Widget", "z"), "widgets.g.io");
		expect(s, "POST", WIDGETS, NULL,
		       "{\"apiVersion\":\"g.io/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"w\"},"
		       "\"spec\":{\"x\":\"1\",\"z\":\"2\"}}",
		       201, "\"spec\":{\"z\":\"2\"}");
		expect(s, "DELETE", CRDS "/widgets.g.io", NULL, NULL, 200, NULL);
		await(s, CRDS "/widgets.g.io", 404, NULL);
	}
}

static void test_it_waits_for_its_objects(void **state)
{
	struct server *s = *state;

	make(s, DEFINITION("widgets", "Widget", "x"), "widgets.g.io");
	expect(s, "POST", WIDGETS, NULL,
	       "{\"apiVersion\":\"g.io/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"held\","
	       "\"finalizers\":[\"g.io/mine\"]}}",
	       201, NULL);
	expect(s, "DELETE", CRDS "/widgets.g.io", NULL, NULL, 200, NULL);
	await(s, CRDS "/widgets.g.io", 200, "InstanceDeletionInProgress");
	await(s, WIDGETS "/held", 200, "deletionTimestamp");
	expect(s, "POST", WIDGETS, NULL,
	       "{\"apiVersion\":\"g.io/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"late\"}}", 403,
	       "create not allowed while custom resource definition is terminating");
	expect(s, "PATCH", WIDGETS "/held", MERGE, "{\"metadata\":{\"finalizers\":null}}", 200, NULL);
	await(s, CRDS "/widgets.g.io", 404, NULL);
}

static void test_objects_are_seen_through_the_schema_of_now(void **state)
{
	struct server *s = *state;

	make(s, DEFINITION("widgets", "Widget", "x"), "widgets.g.io");
	expect(s, "POST", WIDGETS, NULL,
	       "{\"apiVersion\":\"g.io/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"w\"},"
	       "\"spec\":{\"x\":\"1\"}}",
	       201, NULL);
	expect(s, "PATCH", CRDS "/widgets.g.io", "application/json-patch+json",
	       "[{\"op\":\"replace\",\"path\":\"/spec/versions/0/schema/openAPIV3Schema/properties/spec/"
	       "properties\",\"value\":{\"z\":{\"type\":\"string\",\"default\":\"new\"}}}]",
	       200, NULL);
	await(s, WIDGETS "/w", 200, "\"spec\":{\"z\":\"new\"}");
	await(s, WIDGETS, 200, "\"spec\":{\"z\":\"new\"}");
	expect(s, "DELETE", CRDS "/widgets.g.io", NULL, NULL, 200, NULL);
	await(s, CRDS "/widgets.g.io", 404, NULL);
}

static void test_it_is_served_again_after_a_restart(void **state)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	static const str crds[] = {
		S("kind: ConfigMap\n---\napiVersion: v1\nkind: List\nitems:\n- " DEFINITION("gears", "Gear", "x")),
		S(DEFINITION("widgets", "Widget", "x")),
	};

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("crd")));
	str path = fs_root(dir);
	struct server *s = open_server(path, crds, 2);

	expect(s, "GET", "/apis/g.io/v1/gears", NULL, NULL, 200, "\"items\":[]");
	expect(s, "POST", "/api/v1/namespaces", NULL, "{\"metadata\":{\"name\":\"a\"}}", 201, NULL);
	expect(s, "POST", WIDGETS, NULL,
	       "{\"apiVersion\":\"g.io/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"w\"}}", 201, NULL);
	server_close(s);
	s = open_server(path, NULL, 0);
	expect(s, "GET", WIDGETS "/w", NULL, NULL, 200, "\"name\":\"w\"");
	expect(s, "GET", CRDS "/gears.g.io", NULL, NULL, 200, "\"manager\":\"rill\"");
	server_close(s);
}

static void test_bad_files_are_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "kind: [", "a.yaml: error converting YAML to JSON: yaml: " },
		{ "kind: CustomResourceDefinition\napiVersion: apiextensions.k8s.io/v1\nmetadata: {name: x}\n",
		  "a.yaml: definition of a custom resource: CustomResourceDefinition.apiextensions.k8s.io \"x\" is "
		  "invalid: " },
		{ "", "folder: there is no CustomResourceDefinition in it; give the file or folder that has the "
		      "definitions" },
		{ "kind: ConfigMap\n---\nkind: List\nitems: [{kind: Secret}, {kind: ConfigMap}, {a: b}, 5]\n",
		  "folder: there is no CustomResourceDefinition in it, only ConfigMap, Secret, an object without "
		  "a kind; give" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct server_file file = { S("a.yaml"), str_c(rows[i].text) };
		const struct server_crds crds = { S("folder"), &file, 1 };
		struct server *s = NULL;
		err *e = server_open(&s, &(struct server_options){ .data_dir = S(":memory:"),
								   .no_sim = true, .crds = &crds,
								   .crds_n = 1 });

		assert_non_null(e);
		if (!str_has(err_text(e), str_c(rows[i].why)))
			print_error("%s\n", err_msg(e));
		assert_true(str_has(err_text(e), str_c(rows[i].why)));
		err_free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_sees_it_established_can_use_it),
		cmocka_unit_test(test_owners_of_fields_in_several_versions),
		cmocka_unit_test(test_a_name_is_taken_when_it_is_free),
		cmocka_unit_test(test_the_next_of_a_name_is_not_the_last),
		cmocka_unit_test(test_it_waits_for_its_objects),
		cmocka_unit_test(test_objects_are_seen_through_the_schema_of_now),
		cmocka_unit_test(test_it_is_served_again_after_a_restart),
		cmocka_unit_test(test_bad_files_are_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
