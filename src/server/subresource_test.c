/* What is asked below objects, and how it is refused, in the words of Kubernetes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/auth.h"
#include "server/server.h"

#define POD         "/api/v1/namespaces/default/pods/q"
#define EVICTION    POD "/eviction?dryRun=All"
#define TOKEN       "/api/v1/namespaces/default/serviceaccounts/tok/token"
#define BOUND(kind) "{`spec`:{`boundObjectRef`:{`kind`:`" kind "`,`apiVersion`:`v1`,`name`:`q`}}}"
#define ACCESS      "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
#define MERGE       "application/merge-patch+json"
#define SELECTS(which, list)                                                     \
	"{`spec`:{`resourceAttributes`:{`verb`:`list`,`resource`:`pods`,`" which \
	"`:{`requirements`:[" list "]}}}}"

static const struct row {
	const char *method, *path, *body;
	int code;
	const char *said;
	const char *type;		/* of the body; NULL: JSON */
} rows[] = {
	{ "POST", "/api/v1/namespaces/default/pods",
	  "{`metadata`:{`name`:`q`},`spec`:{`containers`:[{`name`:`c`,`image`:`x`}]}}", 201, NULL },
	{ "POST", "/api/v1/namespaces/default/serviceaccounts", "{`metadata`:{`name`:`tok`}}", 201,
	  NULL },
	/* evictions */
	{ "POST", EVICTION, "{`metadata`:{`name`:`q`,`namespace`:`other`}}", 400,
	  "the namespace of the provided object does not match" },
	{ "POST", EVICTION, "{`metadata`:{`name`:`q`},`deleteOptions`:{`dryRun`:[`Bad`]}}", 500,
	  "Non-matching dry-run options in request and content: [All] and [Bad]" },
	{ "POST", EVICTION, "{`metadata`:{`name`:`q`},`deleteOptions`:{`dryRun`:[`All`]}}", 201,
	  "Success" },
	/* tokens */
	{ "POST", TOKEN, "{}", 201, "{\"f:spec\":{\"f:expirationSeconds\":{}}}" },
	{ "POST", TOKEN, "{`metadata`:{`name`:`x`}}", 422,
	  "TokenRequest.authentication.k8s.io \\\"tok\\\" is invalid: metadata.name: Invalid value: \\\"x\\\": must "
	  "match the service account name if specified" },
	{ "POST", TOKEN, "{`metadata`:{`namespace`:`x`}}", 400,
	  "the namespace of the provided object" },
	{ "POST", TOKEN, BOUND("Secret"), 404, "secrets \\\"q\\\" not found" },
	{ "POST", TOKEN, BOUND("Node"), 404, "nodes \\\"q\\\" not found" },
	{ "POST", TOKEN, BOUND("Foo"), 400, "cannot bind token to object of type /v1, Kind=Foo" },
	{ "POST", TOKEN, BOUND("Pod"), 400,
	  "cannot bind token for serviceaccount \\\"tok\\\" to pod running with different serviceaccount name." },
	/* logs and ways in */
	{ "GET", POD "/log", "", 204, NULL },
	{ "GET", POD "/log?tailLines=x", "", 400,
	  "strconv.ParseInt: parsing \\\"x\\\": invalid syntax" },
	{ "GET", POD "/log?tailLines=-1&limitBytes=0", "", 422,
	  "PodLogOptions \\\"q\\\" is invalid: [tailLines: Invalid value: -1: must be greater than or equal to 0, "
	  "limitBytes: Invalid value: 0: must be greater than 0]" },
	{ "GET", POD "/log?sinceSeconds=5&sinceTime=2020-01-01T00:00:00Z", "", 422,
	  "[]: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified" },
	{ "GET", POD "/log?stream=All", "", 422, "stream: Forbidden: may not be specified" },
	{ "GET", POD "/exec", "", 400, "pod q does not have a host assigned" },
	{ "GET", POD "/exec?container=x", "", 400, "container x is not valid for pod q" },
	/* a Namespace's end, and questions */
	{ "PUT", "/api/v1/namespaces/default/finalize?dryRun=All", "{`metadata`:{`name`:`yy`}}",
	  400, "the name of the object (yy) does not match the name on the URL (default)" },
	{ "POST", ACCESS, SELECTS("labelSelector", "{`key`:`a`,`operator`:`Foo`}"), 201,
	  "\"evaluationError\":\"spec.resourceAttributes.labelSelector ignored due to parse error\"" },
	{ "POST", ACCESS,
	  SELECTS("fieldSelector", "{`key`:`a`,`operator`:`In`,`values`:[`x`,`y`]},"
				   "{`key`:`a`,`operator`:`In`,`values`:[`x`]}"),
	  201, "spec.resourceAttributes.fieldSelector partially ignored due to parse error" },
	/* of many */
	{ "DELETE", "/api/v1/namespaces/default/configmaps?labelSelector=a%20in%20(",
	  "{`propagationPolicy`:`Bad`}", 400, "unable to parse requirement" },
	{ "DELETE", "/apis/batch/v1/namespaces/default/jobs", "", 200,
	  "child pods are preserved by default when jobs are deleted" },
	{ "DELETE", POD, "{`kind`:`X`}", 400,
	  "no kind \\\"X\\\" is registered for version \\\"meta.k8s.io/v1\\\" in scheme" },
	{ "GET", "/apis/batch/v1/jobs?fieldSelector=spec.x%3Dy", "", 400,
	  "field label \\\"spec.x\\\" not supported for Job" },
	/* what a patch makes of names */
	{ "PATCH", POD, "{`apiVersion`:null,`bogus`:1}", 400,
	  "the name of the object (q based on URL) was undeterminable: name must be provided", MERGE },
	{ "PATCH", POD, "{`apiVersion`:null}", 400, "unknown field \"metadata\"", MERGE },
	{ "POST", "/apis/apiregistration.k8s.io/v1/apiservices",
	  "{`metadata`:{`name`:`v1.x.io`},`spec`:{`group`:`x.io`,`version`:`v1`,`caBundle`:`aGVsbG8=`,"
	  "`groupPriorityMinimum`:1,`versionPriority`:1}}",
	  422, "spec.caBundle: Invalid value: \\\"5 bytes\\\": local APIServices may not have a caBundle" },
	/* mistakes in the order of the original */
	{ "POST", "/api/v1/namespaces/default/podtemplates",
	  "{`metadata`:{`name`:`t`},`template`:{`metadata`:{`labels`:{`a`:`b`}},`spec`:{`containers`:[{`name`:`c`,"
	  "`image`:`x`}],`preemptionPolicy`:`X`,`tolerations`:[{}],`activeDeadlineSeconds`:0,`hostUsers`:false,"
	  "`hostPID`:true,`nodeSelector`:{`a`:`-`},`topologySpreadConstraints`:[{}]}}}",
	  422,
	  "template.spec.HostPID: Forbidden: when `hostUsers` is false, template.spec.activeDeadlineSeconds: Invalid "
	  "value: 0: must be between 1 and 2147483647, inclusive, template.spec.tolerations[0].operator: Invalid "
	  "value: \\\"\\\": operator must be Exists when `key` is empty, which means \\\"match all values and all "
	  "keys\\\", template.spec.preemptionPolicy: Unsupported value: \\\"X\\\"" },
};

static void expect_rows(struct server *s, const struct row *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		const struct row *r = &list[i];
		struct server_answer answer;
		str json = arena_str(&a, str_c(r->body));

		for (size_t k = 0; k < json.n; k++) /* ` for ", to be read by humans */
			if (json.p[k] == '`')
				((char *)json.p)[k] = '"';
		server_call(s, &a,
			    &(struct server_ask){ .method = str_c(r->method),
						  .path = str_c(r->path),
						  .type = r->type ? str_c(r->type) : STR_NONE,
						  .agent = S("test/1"),
						  .body = json },
			    &answer);
		bool good = !r->said || str_has(answer.body, str_c(r->said));

		for (size_t k = 0; r->said && k < answer.warnings_n; k++)
			good |= str_has(answer.warnings[k], str_c(r->said));
		if (answer.code != r->code || !good)
			fail_msg("%s %s: want %d %s, got %d %.*s", r->method, r->path, r->code,
				 r->said ? r->said : "", answer.code, STR_ARG(answer.body));
	}
}

static void test_what_is_below_objects(void **state)
{
	struct server *s = NULL;
	err *e = server_open(&s, &(struct server_options){ .data_dir = S(":memory:"), .no_sim = true });

	(void)state;
	assert_null(e);
	expect_rows(s, rows, sizeof rows / sizeof *rows);
	server_close(s);
}

#define FOOS "/apis/ex.com/v1/namespaces/default/foos"
#define FOO "{`apiVersion`:`ex.com/v1`,`kind`:`Foo`,`metadata`:{`name`:`f`}}"

static const char crd[] =
	"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: foos.ex.com}\n"
	"spec: {group: ex.com, scope: Namespaced, names: {plural: foos, singular: foo, kind: Foo, listKind: FooList}, "
	"versions: [{name: v1, served: true, storage: true, subresources: {status: {}}, "
	"schema: {openAPIV3Schema: {type: object}}}]}\n";

static const struct row custom_rows[] = {
	{ "POST", FOOS "/f", FOO, 201, NULL },
	{ "POST", FOOS "/f", FOO, 409, "already exists" },
	{ "PUT", FOOS, FOO, 400, "name must be provided" },
	{ "PATCH", FOOS, "{}", 400, "name must be provided" },
	{ "OPTIONS", FOOS "/f", "", 405, "\" is not supported on resources of kind \\\"foos.ex.com\\\"\"" },
	{ "POST", FOOS "/f/status", FOO, 405, "create is not supported on resources of kind" },
	{ "GET", FOOS "/f/scale", "", 404, "foos.ex.com \\\"f\\\" not found" },
	{ "GET", FOOS "/f/other", "", 404, "foos.ex.com \\\"f\\\" not found" },
	{ "PATCH", FOOS "/f", "{`apiVersion`:null}", 500,
	  "Object 'apiVersion' is missing in 'object has no apiVersion field'", MERGE },
	{ "PATCH", FOOS "/f", "{`apiVersion`:`y/v1`,`kind`:`Bar`}", 422,
	  "Bar.y \\\"f\\\" is invalid: [kind: Invalid value: \\\"Bar\\\": must be Foo, apiVersion: Invalid value: "
	  "\\\"y/v1\\\": must be ex.com/v1]",
	  MERGE },
	{ "PATCH", FOOS "/f", "{`kind`:null}", 422, "Object 'Kind' is missing in '", MERGE },
	{ "PATCH", FOOS "/f", "{`metadata`:null}", 400,
	  "the name of the object (f based on URL) was undeterminable: name must be provided", MERGE },
	{ "HEAD", FOOS "/f", "", 200, NULL },
	{ "HEAD", FOOS "/g", "", 404, NULL },
	{ "POST", "/apis/ex.com/v1/foos", FOO, 404, "404 page not found" },
	{ "GET", "/apis/ex.com/v1/foos", "", 200, "FooList" },
	{ "POST", "/apis/ex.com/v1", "", 200, "APIResourceList" },
};

static void test_custom_resources_have_no_routes(void **state)
{
	struct server *s = NULL;
	const struct server_file file = { S("foos"), str_c(crd) };
	const struct server_crds crds = { S("here"), &file, 1 };
	err *e = server_open(&s, &(struct server_options){
					 .data_dir = S(":memory:"), .no_sim = true, .crds = &crds, .crds_n = 1 });

	(void)state;
	assert_null(e);
	expect_rows(s, custom_rows, sizeof custom_rows / sizeof *custom_rows);
	server_close(s);
}

/* Of whom all is said but the name. */
static void test_nobody_is_impersonated(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct request_pair headers[] = {
		{ S("impersonate-extra-x"), S("1") },
		{ S("impersonate-group"), S("g") },
		{ S("impersonate-group"), S("h") },
	};
	struct request r;

	(void)state;
	request_init(&r, NULL, &a);
	r.headers = headers;
	r.headers_n = 3;
	err *e = auth_impersonate(&r);

	assert_non_null(e);
	assert_string_equal(
		err_msg(e),
		"requested &user.DefaultInfo{Name:\"\", UID:\"\", Groups:[]string{\"g\", \"h\"}, "
		"Extra:map[string][]string{\"x\":[]string{\"1\"}}} without impersonating a "
		"user name");
	err_free(e);
	request_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_below_objects),
		cmocka_unit_test(test_custom_resources_have_no_routes),
		cmocka_unit_test(test_nobody_is_impersonated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
