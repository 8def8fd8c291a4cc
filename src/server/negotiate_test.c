/* In which form answers come, and by what methods what is no resource is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/server.h"

#define BINARY     "application/vnd.kubernetes.protobuf"
#define V3_BINARY  "application/com.github.proto-openapi.spec.v3"
#define TABLE      "application/json;as=Table;g=meta.k8s.io;v=v1"
#define PARTIAL	   "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
#define PARTIALS   "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
#define AGGREGATED "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
#define NOBODY     "/api/v1/namespaces/nobody"

static const struct row {
	const char *method, *path, *agent, *accept;
	int code;
	const char *begins, *type, *body;
} rows[] = {
	/* for people */
	{ "GET", NOBODY, "kubectl/1", "", 404, "{\"kind\":\"Status\"", NULL },
	{ "GET", NOBODY, "curl/7", "", 404, "{\n  \"kind\": \"Status\",\n", NULL },
	{ "GET", NOBODY "?pretty=0", "curl/7", "", 404, "{\"kind\":\"Status\"", NULL },
	{ "GET", NOBODY "?pretty=true", "x/1", "", 404, "{\n  \"kind\": \"Status\",\n", NULL },
	{ "GET", NOBODY "?pretty=what", "curl/7", "", 404, "{\"kind\":\"Status\"", NULL },
	{ "GET", NOBODY "?pretty", "Wget/1", "", 404, "{\n  \"kind\": \"Status\",\n", NULL },
	{ "GET", "/api/v1/namespaces/default?pretty", "Mozilla/5.0 (x)", "", 200,
	  "{\n  \"kind\": \"Namespace\",\n", NULL },
	{ "GET", "/api", "curl/7", "", 200, "{\n  \"kind\": \"APIVersions\",\n", NULL },
	{ "GET", "/apis/apps/v1", "x/1", "application/json;pretty=1", 200,
	  "{\n  \"kind\": \"APIResourceList\",\n", NULL },
	{ "GET", "/apis", "curl/7", AGGREGATED, 200, "{\n  \"kind\": \"APIGroupDiscoveryList\",\n",
	  NULL },
	{ "GET", "/apis", "x/1", AGGREGATED, 200, "{\"kind\":\"APIGroupDiscoveryList\",", NULL },
	/* what is refused is told in a form that is taken, else indented */
	{ "GET", NOBODY, "x/1", "application/yaml", 404, "apiVersion: v1\n", "application/yaml" },
	{ "GET", NOBODY, "x/1", BINARY, 404, "k8s", BINARY },
	{ "GET", NOBODY, "x/1", BINARY ", application/json", 404, "{\"kind\":\"Status\"", NULL },
	{ "GET", NOBODY, "x/1", TABLE, 404, "{\n  \"kind\": \"Status\",\n", "application/json" },
	{ "GET", NOBODY, "x/1", TABLE ", application/json", 404, "{\"kind\":\"Status\"", NULL },
	{ "GET", NOBODY, "x/1", "text/html", 406,
	  "{\n  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {},\n  \"status\": \"Failure\",\n"
	  "  \"message\": \"406: Not Acceptable\\n\\nAvailable representations: application/json, application/yaml, " BINARY
	  "\",",
	  NULL },
	{ "GET", "/version", "x/1", "application/yaml", 406, "apiVersion: v1\ncode: 406\n", NULL },
	/* discovery */
	{ "GET", "/apis/apps", "x/1", BINARY, 200, "k8s", BINARY },
	{ "GET", "/apis/apps/v1", "x/1", BINARY, 200, "k8s", BINARY },
	{ "GET", "/api", "x/1", BINARY, 200, "k8s", BINARY },
	{ "GET", "/apis/apps/v9", "x/1", "text/html", 404, "{\n", NULL },
	{ "POST", "/apis", "x/1", "", 200, "{\"kind\":\"APIGroupList\"", NULL },
	{ "POST", "/apis/", "x/1", "", 200, "{\"kind\":\"APIGroupList\"", NULL },
	{ "PUT", "/apis/apps", "x/1", "", 200, "{\"kind\":\"APIGroup\"", NULL },
	{ "POST", "/apis/apps/v1", "x/1", "", 405, "{\"kind\":\"Status\"", NULL },
	{ "POST", "/api/v1", "x/1", "", 405, "{\"kind\":\"Status\"", NULL },
	{ "POST", "/api/v2", "x/1", "", 404, "{\"kind\":\"Status\"", NULL },
	{ "POST", "/apis/nobody/v1", "x/1", "", 404, "404 page not found\n", NULL },
	{ "PUT", "/apis/authentication.k8s.io/v1/tokenreviews/x", "x/1", "", 404, "{\"kind\":\"Status\"", NULL },
	{ "PUT", "/apis/authentication.k8s.io/v1/tokenreviews", "x/1", "", 405, "{\"kind\":\"Status\"", NULL },
	{ "POST", "/", "x/1", "", 200, "{\n  \"paths\": [", NULL },
	{ "GET", "/index.html", "x/1", "", 200, "{\n  \"paths\": [", NULL },
	/* what there is no Table of */
	{ "GET", "/api/v1/namespaces/default/pods/x/status", "x/1", TABLE, 404, "{\n  \"kind\": \"Status\"", NULL },
	{ "GET", "/api/v1/namespaces/default/pods/x/resize", "x/1", TABLE, 406, "{\n  \"kind\": \"Status\"", NULL },
	{ "GET", "/api/v1/namespaces/default/pods/x/resize", "x/1", TABLE ", application/json", 404, "{\"kind\":\"Status\"",
	  NULL },
	{ "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "x/1", TABLE, 406, "{\n  \"kind\": \"Status\"",
	  NULL },
	/* of what is not stored there is metadata, too */
	{ "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "x/1", PARTIAL, 201,
	  "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{\"creationTimestamp\":",
	  NULL, "{}" },
	{ "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "x/1", PARTIALS, 406,
	  "{\n  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {},\n  \"status\": \"Failure\",\n"
	  "  \"message\": \"you requested PartialObjectMetadataList, but the requested object is not a list "
	  "(*authentication.SelfSubjectReview)\",",
	  NULL, "{}" },
	/* documents */
	{ "POST", "/openapi/v3", "x/1", "", 200, "{\"paths\":{", NULL },
	{ "GET", "/openapi/v3/", "x/1", "", 404, "", NULL },
	{ "GET", "/openapi/v3/apis/nobody/v1", "x/1", "", 404, "", NULL },
	{ "GET", "/openapi/v3/apis/apps/v1", "x/1", "text/html", 406, "", NULL },
	{ "GET", "/openapi/v3/apis/apps/v1", "x/1", V3_BINARY "@v1.0+protobuf", 200,
	  "\x0a\x05"
	  "3.0.0\x12",
	  V3_BINARY ".v1.0+protobuf" },
	{ "GET", "/openapi/v3/apis/apps/v1", "x/1", V3_BINARY ".v1.0+protobuf", 200,
	  "\x0a\x05"
	  "3.0.0\x12",
	  V3_BINARY ".v1.0+protobuf" },
};

static void test_forms_and_methods(void **state)
{
	struct server *s = NULL;
	err *e = server_open(&s,
			     &(struct server_options){ .data_dir = S(":memory:"), .no_sim = true });

	(void)state;
	assert_null(e);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		const struct row *r = &rows[i];
		struct server_answer answer;
		str begins = str_c(r->begins);

		server_call(s, &a,
			    &(struct server_ask){ .method = str_c(r->method),
						  .path = str_c(r->path),
						  .agent = str_c(r->agent),
						  .accept = str_c(r->accept),
						  .body = str_c(r->body ? r->body : "") },
			    &answer);
		if (answer.code != r->code || !str_starts(answer.body, begins) ||
		    (!begins.n && answer.body.n) ||
		    (r->type && !str_eq(answer.type, str_c(r->type))))
			fail_msg("%s %s (%s, %s): got %d %.*s %.*s", r->method, r->path, r->agent,
				 r->accept, answer.code, STR_ARG(answer.type),
				 STR_ARG(str_sub(answer.body, 0,
						 answer.body.n < 300 ? answer.body.n : 300)));
	}
	server_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms_and_methods),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
