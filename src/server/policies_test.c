/* What policies refuse, as a client sees it, in the words of Kubernetes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/policies_types.h"
#include "value/json.h"

#define GROUP "/apis/admissionregistration.k8s.io/v1/"
#define POLICIES GROUP "validatingadmissionpolicies"
#define BINDINGS GROUP "validatingadmissionpolicybindings"
#define CMS "/api/v1/namespaces/default/configmaps"
#define HPAS "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
#define MERGE "application/merge-patch+json"

static int set_up(void **state)
{
	struct server *s = NULL;
	err *e = server_open(&s, &(struct server_options){ .data_dir = S(":memory:"), .no_sim = true });

	assert_null(e);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	server_close(*state);
	return 0;
}

/* `said`: in the body, or in a warning; NULL: no warning. */
static void expect(struct server *s, const char *method, const char *path, const char *type,
		   const char *body, int code, const char *said)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct server_answer answer;
	str json = arena_str(&a, str_c(body));

	for (size_t i = 0; i < json.n; i++)	/* ` for ", to be read by humans */
		if (json.p[i] == '`')
			((char *)json.p)[i] = '"';
	server_call(s, &a,
		    &(struct server_ask){ .method = str_c(method), .path = str_c(path), .type = str_c(type),
					  .agent = S("test/1"), .body = json },
		    &answer);
	bool good = said ? str_has(answer.body, str_c(said)) : !answer.warnings_n;

	for (size_t i = 0; said && i < answer.warnings_n; i++)
		good |= str_has(answer.warnings[i], str_c(said));
	if (answer.code != code || !good)
		fail_msg("%s %s: want %d %s, got %d %.*s (%zu warnings)", method, path, code,
			 said ? said : "", answer.code, STR_ARG(answer.body), answer.warnings_n);
}

#define POST(path, body, code, said) expect(s, "POST", (path), "application/json", (body), (code), (said))
#define NAMED(name, more) "{`metadata`:{`name`:`" name "`" more "}}"
#define RULE(group, version, resource, operations) \
	"`matchConstraints`:{`resourceRules`:[{`apiGroups`:[`" group "`],`apiVersions`:[`" version "`],"  \
	"`resources`:[`" resource "`],`operations`:[" operations "]}]}"
#define POLICY(name, more, rule, validations) \
	"{`metadata`:{`name`:`" name "`},`spec`:{" more rule ",`validations`:[" validations "]}}"
#define BIND(name, policy, more, action) \
	"{`metadata`:{`name`:`" name "`},`spec`:{`policyName`:`" policy "`," more "`validationActions`:[`" action "`]}}"

static void test_a_policy_counts_when_it_is_bound(void **state)
{
	struct server *s = *state;

	POST(POLICIES,
	     POLICY("names", "", RULE("", "v1", "configmaps", "`CREATE`,`UPDATE`,`DELETE`"),
		    "{`expression`:`request.operation == 'DELETE' || !object.metadata.name.startsWith('bad')`},"
		    "{`expression`:`request.operation != 'DELETE' || oldObject.metadata.name != 'kept'`,"
		    "`message`:`it stays`,`reason`:`Forbidden`}"),
	     201, NULL);
	POST(CMS, NAMED("bad1", ""), 201, NULL);
	POST(BINDINGS, BIND("b", "names", "", "Deny"), 201, NULL);
	POST(CMS, NAMED("bad2", ""), 422,
	     "configmaps \\\"bad2\\\" is forbidden: ValidatingAdmissionPolicy 'names' with binding 'b' denied "
	     "request: failed expression: request.operation == 'DELETE' || "
	     "!object.metadata.name.startsWith('bad')");
	POST(CMS "?dryRun=All", NAMED("bad2", ""), 422, "\"reason\":\"Invalid\"");
	expect(s, "PATCH", CMS "/bad1", MERGE, "{`data`:{`k`:`v`}}", 422, "denied request");
	POST(CMS, NAMED("kept", ""), 201, NULL);
	expect(s, "DELETE", CMS "/kept", "", "", 403, "denied request: it stays");
	expect(s, "DELETE", CMS "/bad1", "", "", 200, NULL);
	/* nobody is kept from taking it back */
	expect(s, "DELETE", BINDINGS "/b", "", "", 200, NULL);
	expect(s, "DELETE", CMS "/kept", "", "", 200, NULL);
	POST(CMS, NAMED("bad3", ""), 201, NULL);
}

/* Variables are worked out when they are needed, keep their types, and speak of each other. */
static void test_variables_conditions_and_messages(void **state)
{
	struct server *s = *state;

	POST(POLICIES,
	     POLICY("v",
		    "`matchConditions`:[{`name`:`c`,`expression`:`object.metadata.name.startsWith('v')`}],"
		    "`variables`:[{`name`:`labels`,`expression`:`object.metadata.labels`},"
		    "{`name`:`size`,`expression`:`size(variables.labels)`},"
		    "{`name`:`limit`,`expression`:`duration('2h')`},"
		    "{`name`:`broken`,`expression`:`object.metadata.nothing`}],",
		    RULE("", "*", "configmaps", "`CREATE`"),
		    "{`expression`:`variables.limit > duration('1h')`},"
		    "{`expression`:`object.metadata.name == 'v0' || variables.size < 2`,"
		    "`messageExpression`:`'labels: ' + string(variables.size)`},"
		    "{`expression`:`object.metadata.name != 'v3' || variables.broken`}"),
	     201, NULL);
	POST(BINDINGS, BIND("v", "v", "", "Deny"), 201, NULL);
	POST(CMS, NAMED("other", ",`labels`:{`a`:`b`,`c`:`d`}"), 201, NULL);
	POST(CMS, NAMED("v0", ""), 201, NULL);
	POST(CMS, NAMED("v1", ",`labels`:{`a`:`b`}"), 201, NULL);
	POST(CMS, NAMED("v2", ",`labels`:{`a`:`b`,`c`:`d`}"), 422, "denied request: labels: 2");
	POST(CMS, NAMED("v2", ""), 422,
	     "resulted in error: composited variable \\\"size\\\" fails to evaluate: composited variable "
	     "\\\"labels\\\" fails to evaluate: no such key: labels");
	POST(CMS, NAMED("v3", ",`labels`:{`a`:`b`}"), 422, "no such key: nothing");
	expect(s, "PATCH", POLICIES "/v", MERGE, "{`spec`:{`failurePolicy`:`Ignore`}}", 200, NULL);
	POST(CMS, NAMED("v3", ",`labels`:{`a`:`b`}"), 201, NULL);
	expect(s, "DELETE", POLICIES "/v", "", "", 200, NULL);
	POST(CMS, NAMED("v4", ",`labels`:{`a`:`b`,`c`:`d`}"), 201, NULL);
}

static void test_parameters_and_warnings(void **state)
{
	struct server *s = *state;

	POST(POLICIES,
	     POLICY("p", "`paramKind`:{`apiVersion`:`v1`,`kind`:`ConfigMap`},",
		    RULE("", "v1", "secrets", "`*`"),
		    "{`expression`:`object.metadata.name.startsWith(params.data.prefix)`}"),
	     201, NULL);
	POST(BINDINGS,
	     BIND("p", "p",
		  "`paramRef`:{`name`:`prefix`,`namespace`:`default`,`parameterNotFoundAction`:`Deny`},"
		  "`matchResources`:{`namespaceSelector`:{`matchLabels`:{`kubernetes.io/metadata.name`:"
		  "`default`}},`objectSelector`:{`matchLabels`:{`asked`:`yes`}}},", "Warn"),
	     201, NULL);
#define SECRETS(ns) "/api/v1/namespaces/" ns "/secrets"
#define ASKED ",`labels`:{`asked`:`yes`}"
	POST(SECRETS("default"), NAMED("a", ASKED), 422,
	     "ValidatingAdmissionPolicy 'p' with binding 'p' denied request: failed to configure "
	     "binding: no params found for policy binding with `Deny` parameterNotFoundAction");
	POST(CMS, "{`metadata`:{`name`:`prefix`},`data`:{`prefix`:`z`}}", 201, NULL);
	POST(SECRETS("default"), NAMED("b", ASKED), 201,
	     "failed expression: object.metadata.name.startsWith(params.data.prefix)");
	POST(SECRETS("default"), NAMED("z", ASKED), 201, NULL);
	POST(SECRETS("default"), NAMED("c", ""), 201, NULL);
	POST(SECRETS("kube-system"), NAMED("c", ASKED), 201, NULL);
	expect(s, "DELETE", BINDINGS "/p", "", "", 200, NULL);
}

/* A policy about one version is about all of them, and sees the one it names. */
static void test_versions_are_equivalent(void **state)
{
	struct server *s = *state;
	const char *hpa = "{`metadata`:{`name`:`h`},`spec`:{`maxReplicas`:3,`targetCPUUtilizationPercentage`:50,"
			  "`scaleTargetRef`:{`apiVersion`:`apps/v1`,`kind`:`Deployment`,`name`:`d`}}}";

	POST(POLICIES,
	     POLICY("h", "", RULE("autoscaling", "v2", "horizontalpodautoscalers", "`CREATE`"),
		    "{`expression`:`size(object.spec.metrics) == 0`}"),
	     201, NULL);
	POST(BINDINGS, BIND("h", "h", "", "Deny"), 201, NULL);
	POST(HPAS, hpa, 422, "failed expression: size(object.spec.metrics) == 0");
	expect(s, "PATCH", POLICIES "/h", MERGE, "{`spec`:{`matchConstraints`:{`matchPolicy`:`Exact`}}}", 200, NULL);
	POST(HPAS, hpa, 201, NULL);
	expect(s, "DELETE", BINDINGS "/h", "", "", 200, NULL);
}

/* Who asks, as somebody with the groups of one who is known. */
static void expect_as(struct server *s, const char *user, const char *path, const char *body, int code,
		      const char *said)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct server_answer answer;
	const str groups[] = { S("system:authenticated") };
	str json = arena_str(&a, str_c(body));

	for (size_t i = 0; i < json.n; i++)
		if (json.p[i] == '`')
			((char *)json.p)[i] = '"';
	server_call(s, &a,
		    &(struct server_ask){ .method = S("POST"), .path = str_c(path), .body = json,
					  .agent = S("test/1"),
					  .user = { .name = str_c(user), .groups = groups, .groups_n = 1 } },
		    &answer);
	if (answer.code != code || (said && !str_has(answer.body, str_c(said))))
		fail_msg("%s: want %d %s, got %d %.*s", path, code, said ? said : "", answer.code,
			 STR_ARG(answer.body));
}

#define RBAC "/apis/rbac.authorization.k8s.io/v1/"

static void test_the_authorizer_is_asked(void **state)
{
	struct server *s = *state;

	POST(RBAC "namespaces/default/roles",
	     "{`metadata`:{`name`:`r`},`rules`:[{`apiGroups`:[``],`resources`:[`configmaps`],`verbs`:[`create`]},"
	     "{`apiGroups`:[``],`resources`:[`pods/log`],`resourceNames`:[`p`],`verbs`:[`get`]}]}",
	     201, NULL);
	POST(RBAC "namespaces/default/rolebindings",
	     "{`metadata`:{`name`:`b`},`roleRef`:{`apiGroup`:`rbac.authorization.k8s.io`,`kind`:`Role`,`name`:`r`},"
	     "`subjects`:[{`apiGroup`:`rbac.authorization.k8s.io`,`kind`:`User`,`name`:`jane`},"
	     "{`kind`:`ServiceAccount`,`name`:`robot`,`namespace`:`default`}]}",
	     201, NULL);
#define LOG(name) "group('').resource('pods').namespace('default').subresource('log').name('" name "')"
#define WHEN(name, rule) "{`expression`:`object.metadata.name != '" name "' || (" rule ")`,`message`:`" name "`}"
#define REASON "RBAC: allowed by RoleBinding \\\"b/default\\\" of Role \\\"r\\\" to "
	POST(POLICIES,
	     POLICY("auth",
		    "`variables`:[{`name`:`log`,`expression`:`authorizer." LOG("p") ".check('get')`}],",
		    RULE("", "v1", "configmaps", "`CREATE`"),
		    WHEN("of-variable", "variables.log.allowed() && !variables.log.errored()") ","
		    WHEN("of-another", "authorizer." LOG("q") ".check('get').allowed()") ","
		    WHEN("of-account",
			 "authorizer.serviceAccount('default', 'robot')." LOG("p") ".check('get').reason() == '"
			 REASON "ServiceAccount \\\"robot/default\\\"'") ","
		    WHEN("of-stranger",
			 "authorizer.serviceAccount('default', 'stranger')." LOG("p") ".check('get').allowed()") ","
		    WHEN("request", "authorizer.requestResource.check('create').reason() == '"
			 REASON "User \\\"jane\\\"'") ","
		    WHEN("request-delete", "authorizer.requestResource.check('delete').allowed()") ","
		    WHEN("selectors",
			 "authorizer." LOG("p") ".fieldSelector('a=b').labelSelector('c').check('get').allowed()") ","
		    WHEN("path", "authorizer.path('/healthz').check('get').allowed()") ","
		    WHEN("no-path", "authorizer.path(' ').check('get').allowed()") ","
		    WHEN("no-account", "authorizer.serviceAccount('default', '-').path('/').check('get').allowed()") ","
		    WHEN("types", "type(authorizer) != type(authorizer.group('')) && dyn(authorizer) != 1") ","
		    WHEN("equal", "dyn(authorizer) == authorizer")),
	     201, NULL);
	POST(BINDINGS, BIND("auth", "auth", "", "Deny"), 201, NULL);
	static const struct {
		const char *name;
		int code;
		const char *said;
	} rows[] = {
		{ "of-variable", 201, NULL },	{ "of-another", 422, "denied request: of-another" },
		{ "of-account", 201, NULL },	{ "of-stranger", 422, "denied request: of-stranger" },
		{ "request", 201, NULL },	{ "request-delete", 422, "denied request: request-delete" },
		{ "selectors", 201, NULL },	{ "path", 201, NULL },
		{ "no-path", 422, "resulted in error: path must not be empty" },
		{ "no-account", 422, "resulted in error: Invalid service account name" },
		{ "types", 201, NULL },		{ "equal", 422, "resulted in error: no such overload" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char body[128];

		snprintf(body, sizeof body, NAMED("%s", ""), rows[i].name);
		expect_as(s, "jane", CMS, body, rows[i].code, rows[i].said);
	}
	expect(s, "DELETE", BINDINGS "/auth", "", "", 200, NULL);
}

/* What three questions cost is more than one expression may. */
static void test_questions_are_dear(void **state)
{
	struct server *s = *state;

#define ASK "authorizer.path('/a').check('get').errored()"
	POST(POLICIES,
	     POLICY("dear", "", RULE("", "v1", "configmaps", "`CREATE`"),
		    "{`expression`:`!(" ASK " || " ASK ")`},"
		    "{`expression`:`object.metadata.name != 'dear' || !(" ASK " || " ASK " || " ASK ")`}"),
	     201, NULL);
	POST(BINDINGS, BIND("dear", "dear", "", "Deny"), 201, NULL);
	POST(CMS, NAMED("cheap", ""), 201, NULL);
	POST(CMS, NAMED("dear", ""), 422, "resulted in error: operation cancelled: actual cost limit exceeded");
	expect(s, "DELETE", BINDINGS "/dear", "", "", 200, NULL);
}

/* Everything that is wrong is warned of. */
static void test_all_warnings_come(void **state)
{
	struct server *s = *state;

	POST(POLICIES,
	     POLICY("warn", "`auditAnnotations`:[{`key`:`k`,`valueExpression`:`string(object.data.x)`}],`failurePolicy`:`Ignore`,",
		    RULE("", "v1", "configmaps", "`CREATE`"),
		    "{`expression`:`object.metadata.name != 'warned'`,`message`:`one`},"
		    "{`expression`:`object.metadata.name != 'warned'`,`message`:`two`}"),
	     201, NULL);
	POST(BINDINGS, BIND("warn", "warn", "", "Warn"), 201, NULL);
	POST(CMS "?dryRun=All", NAMED("warned", ""), 201, "binding 'warn': one");
	POST(CMS "?dryRun=All", NAMED("warned", ""), 201, "binding 'warn': two");
	expect(s, "PATCH", POLICIES "/warn", MERGE, "{`spec`:{`failurePolicy`:`Fail`}}", 200, NULL);
	POST(CMS "?dryRun=All", NAMED("noted", ""), 422,
	     "denied request: expression 'string(object.data.x)' resulted in error: no such key: data");
	expect(s, "DELETE", BINDINGS "/warn", "", "", 200, NULL);
}

static void test_subresources(void **state)
{
	struct server *s = *state;

#define BELOW(name, group, resource, rule) \
	POST(POLICIES, POLICY(name, "", RULE(group, "*", resource, "`*`"), "{`expression`:`" rule "`}"), 201, NULL); \
	POST(BINDINGS, BIND(name, name, "", "Deny"), 201, NULL)
	BELOW("scale", "apps", "deployments/scale",
	      "object.kind == 'Scale' && request.kind.group == 'autoscaling' && request.resource.resource == "
	      "'deployments' && request.subResource == 'scale' && object.spec.replicas < 5 && "
	      "oldObject.spec.replicas == 1");
	BELOW("evict", "", "pods/eviction",
	      "object.kind == 'Eviction' && object.metadata.name != 'kept' && request.operation == 'CREATE'");
	BELOW("bind", "", "pods/binding", "object.target.name != 'full'");
	BELOW("token", "", "serviceaccounts/token", "object.spec.audiences[0] == 'good'");
	BELOW("status", "apps", "*/status", "object.kind == 'Deployment' && object.status.replicas < 5");
#define PODS "/api/v1/namespaces/default/pods"
#define POD(name) "{`metadata`:{`name`:`" name "`},`spec`:{`containers`:[{`name`:`c`,`image`:`x:1`}]}}"
	POST(PODS, POD("kept"), 201, NULL);
	POST(PODS "/kept/eviction", NAMED("kept", ""), 422,
	     "pods \\\"kept\\\" is forbidden: ValidatingAdmissionPolicy 'evict' with binding 'evict' denied request");
	POST(PODS "/kept/binding", "{`metadata`:{`name`:`kept`},`target`:{`kind`:`Node`,`name`:`full`}}", 422,
	     "denied request: failed expression: object.target.name != 'full'");
	POST(PODS "/kept/binding", "{`metadata`:{`name`:`kept`},`target`:{`kind`:`Node`,`name`:`free`}}", 201,
	     NULL);
	POST("/api/v1/namespaces/default/serviceaccounts/default/token", "{`spec`:{`audiences`:[`bad`]}}", 422,
	     "serviceaccounts \\\"default\\\" is forbidden");
	POST("/api/v1/namespaces/default/serviceaccounts/default/token", "{`spec`:{`audiences`:[`good`]}}", 201,
	     NULL);
	POST("/apis/apps/v1/namespaces/default/deployments",
	     "{`metadata`:{`name`:`d`},`spec`:{`selector`:{`matchLabels`:{`a`:`b`}},`template`:{`metadata`:"
	     "{`labels`:{`a`:`b`}},`spec`:{`containers`:[{`name`:`c`,`image`:`x:1`}]}}}}",
	     201, NULL);
#define DEPLOYMENT_D "/apis/apps/v1/namespaces/default/deployments/d"
	expect(s, "PATCH", DEPLOYMENT_D "/scale", MERGE, "{`spec`:{`replicas`:7}}", 422, "denied request");
	expect(s, "PATCH", DEPLOYMENT_D "/scale", MERGE, "{`spec`:{`replicas`:3}}", 200, NULL);
	expect(s, "PATCH", DEPLOYMENT_D "/status", MERGE, "{`status`:{`replicas`:7}}", 422, "denied request");
	expect(s, "PATCH", DEPLOYMENT_D "/status", MERGE, "{`status`:{`replicas`:3}}", 200, NULL);
	expect(s, "DELETE", BINDINGS "/status", "", "", 200, NULL);
}

/* Whoever only tries is known as such, also when he deletes. */
static void test_a_deletion_that_is_a_trial(void **state)
{
	struct server *s = *state;

	POST(POLICIES,
	     POLICY("trial", "", RULE("", "v1", "configmaps", "`DELETE`"),
		    "{`expression`:`!request.dryRun || oldObject.metadata.name != 'tried'`,`message`:`a trial`}"),
	     201, NULL);
	POST(BINDINGS, BIND("trial", "trial", "", "Deny"), 201, NULL);
	POST(CMS, NAMED("tried", ""), 201, NULL);
	expect(s, "DELETE", CMS "/tried?dryRun=All", "", "", 422, "denied request: a trial");
	expect(s, "DELETE", CMS "/tried", "", "", 200, NULL);
}

/* What no object of the kind can have is warned of, kind by kind. */
static void test_types_are_checked(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node policy;

	static const char text[] =
		"{\"spec\":{\"matchConstraints\":{\"resourceRules\":[{\"apiGroups\":[\"apps\"],\"apiVersions\":[\"v1\"],"
		"\"resources\":[\"deployments\",\"daemonsets\",\"*/scale\"]},{\"apiGroups\":[\"*\"],\"apiVersions\":[\"v1\"],"
		"\"resources\":[\"pods\"]}]},\"paramKind\":{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"},"
		"\"variables\":[{\"name\":\"n\",\"expression\":\"object.spec.template.spec.containers.size()\"}],"
		"\"validations\":[{\"expression\":\"object.spec.replicas > variables.n && params.data.x == '1'\"},"
		"{\"expression\":\"object.spec.template.metadata.labels.all(l, l != 'x') && "
		"authorizer.path('/x').check('get').allowed()\",\"messageExpression\":\"object.nothing\"}]}}";

	assert_null(json_read(&a, str_c(text), NULL, &policy));
	assert_null(json_write(&b, policies_type_warnings(*state, &a, policy), NULL));
	assert_string_equal(
		buf_c(&b),
		"[{\"fieldRef\":\"spec.validations[0].expression\",\"warning\":\"apps/v1, Kind=DaemonSet: ERROR: "
		"\\u003cinput\\u003e:1:12: undefined field 'replicas'\\n | object.spec.replicas \\u003e variables.n "
		"\\u0026\\u0026 params.data.x == '1'\\n | ...........^\\n\"},"
		"{\"fieldRef\":\"spec.validations[1].messageExpression\",\"warning\":\"apps/v1, Kind=DaemonSet: ERROR: "
		"\\u003cinput\\u003e:1:7: undefined field 'nothing'\\n | object.nothing\\n | ......^\\n\\n"
		"apps/v1, Kind=Deployment: ERROR: \\u003cinput\\u003e:1:7: undefined field 'nothing'\\n | object.nothing"
		"\\n | ......^\\n\"}]");
}

/* ---- policies that change ------------------------------------------------------------------ */

#define MUTATING GROUP "mutatingadmissionpolicies"
#define MUTATING_BINDINGS GROUP "mutatingadmissionpolicybindings"
#define DEPLOYMENTS "/apis/apps/v1/namespaces/default/deployments"
#define APPLY(expression) \
	"{`patchType`:`ApplyConfiguration`,`applyConfiguration`:{`expression`:`" expression "`}}"
#define JSON(expression) "{`patchType`:`JSONPatch`,`jsonPatch`:{`expression`:`" expression "`}}"
#define CHANGES(name, more, group, version, resource, mutations) \
	"{`metadata`:{`name`:`" name "`},`spec`:{" more "`matchConstraints`:{`resourceRules`:[{`apiGroups`:[`" \
	group "`],`apiVersions`:[`" version "`],`resources`:[`" resource "`],`operations`:[`CREATE`]}]," \
	"`objectSelector`:{`matchLabels`:{`p`:`" name "`}}},`mutations`:[" mutations "]}}"
#define ONCE "`reinvocationPolicy`:`Never`,"
#define OF(name) NAMED(name, ",`labels`:{`p`:`" name "`}")

static void bind_change(struct server *s, const char *name, const char *policy)
{
	char body[256];

	snprintf(body, sizeof body, "{`metadata`:{`name`:`%s`},`spec`:{`policyName`:`%s`}}", name, policy);
	POST(MUTATING_BINDINGS, body, 201, NULL);
}

static void change(struct server *s, const char *name, const char *policy)
{
	POST(MUTATING, policy, 201, NULL);
	bind_change(s, name, name);
}

static void test_objects_are_changed(void **state)
{
	struct server *s = *state;

	change(s, "apply",
	       CHANGES("apply", ONCE "`variables`:[{`name`:`n`,`expression`:`has(object.data) ? size(object.data) : 0`}],",
		       "", "v1", "configmaps",
		       APPLY("Object{data: {'a': 'b', 'n': string(variables.n)}}") ","
		       APPLY("Object{data: {'z': string(variables.n)}}")));
	POST(CMS, OF("apply"), 201, "\"data\":{\"a\":\"b\",\"n\":\"0\",\"z\":\"2\"}");
	change(s, "json",
	       CHANGES("json", ONCE, "", "v1", "configmaps",
		       JSON("[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('x.y/z'), value: '1'}]")
		       "," JSON("[JSONPatch{op: 'test', path: '/metadata/name', value: 'other'}, "
				"JSONPatch{op: 'remove', path: '/metadata/labels'}]")));
	POST(CMS, OF("json"), 201, "\"labels\":{\"p\":\"json\",\"x.y/z\":\"1\"}");
	/* lists by their keys, defaults of what is new, and only on creation */
	change(s, "side",
	       CHANGES("side", ONCE, "apps", "v1", "deployments",
		       APPLY("Object{spec: Object.spec{replicas: object.spec.replicas + 1, template: "
			     "Object.spec.template{spec: Object.spec.template.spec{containers: "
			     "[Object.spec.template.spec.containers{name: 'side', image: 's:1'}]}}}}")));
#define DEPLOYMENT(name)                                                                                  \
	"{`metadata`:{`name`:`" name "`,`labels`:{`p`:`" name "`}},`spec`:{`replicas`:2,`selector`:"      \
	"{`matchLabels`:{`a`:`b`}},`template`:{`metadata`:{`labels`:{`a`:`b`}},`spec`:{`containers`:["    \
	"{`name`:`c`,`image`:`x:1`}]}}}}"
	POST(DEPLOYMENTS, DEPLOYMENT("side"), 201,
	     "{\"image\":\"s:1\",\"name\":\"side\",\"resources\":{},\"terminationMessagePath\":"
	     "\"/dev/termination-log\",");
	expect(s, "PATCH", DEPLOYMENTS "/side", MERGE, "{`metadata`:{`annotations`:{`t`:`1`}}}", 200,
	       "\"replicas\":3,");
	/* behind what the server sets itself, and before it is judged */
	change(s, "pod",
	       CHANGES("pod", ONCE, "", "v1", "pods",
		       JSON("[JSONPatch{op: 'add', path: '/metadata/annotations', value: "
			    "{'sa': string(object.spec.serviceAccountName)}}]")));
	POST("/api/v1/namespaces/default/serviceaccounts", NAMED("own", ""), 201, NULL);
	POST("/api/v1/namespaces/default/pods",
	     "{`metadata`:{`name`:`pod`,`labels`:{`p`:`pod`}},`spec`:{`serviceAccountName`:`own`,"
	     "`containers`:[{`name`:`c`,`image`:`x:1`}]}}",
	     201, "\"annotations\":{\"sa\":\"own\"}");
}

static void test_changes_that_fail(void **state)
{
	struct server *s = *state;
	static const struct {
		const char *name, *policy;
		int code;
		const char *said;
	} rows[] = {
#define FAILS(name, mutation, code, said) \
	{ name, CHANGES(name, ONCE, "", "v1", "configmaps", mutation), code, said }
		FAILS("remove", JSON("[JSONPatch{op: 'remove', path: '/data/x'}]"), 403,
		      "\"message\":\"policy 'remove' with binding 'remove' denied request: JSON Patch: remove "
		      "operation does not apply: doc is missing path: \\\"/data/x\\\": missing value\","
		      "\"reason\":\"Invalid\""),
		FAILS("strict", JSON("[JSONPatch{op: 'add', path: '/x', value: 1}]"), 500,
		      "Internal error occurred: strict decoding error: unknown field \\\"x\\\""),
		FAILS("type", JSON("[JSONPatch{op: 'add', path: '/data', value: 1}]"), 500,
		      "Internal error occurred: json: cannot unmarshal number into Go struct field "
		      "ConfigMap.data of type map[string]string"),
		FAILS("kind", JSON("[JSONPatch{op: 'replace', path: '/kind', value: 'Secret'}]"), 500,
		      "failed to convert object: converting (v1.Secret) to (core.ConfigMap): unknown conversion"),
		FAILS("space", JSON("[JSONPatch{op: 'replace', path: '/metadata/namespace', value: 'x'}]"), 400,
		      "the namespace of the provided object does not match the namespace sent on the request"),
		FAILS("field", APPLY("Object{x: 1}"), 403,
		      "denied request: error applying patch: failed to convert patch object to typed object: "
		      ".x: field not declared in schema"),
		FAILS("names", APPLY("Object{metadata: Object.spec{}}"), 403,
		      "denied request: type mismatch: unexpected type name \\\"Object.spec\\\", expected "
		      "\\\"Object.metadata\\\""),
		FAILS("eval", APPLY("Object{data: {'a': object.data.x}}") "," APPLY("Object{data: {'b': object.data.x}}"),
		      403,
		      "{\"message\":\"policy 'eval' with binding 'eval' denied request: expression 'Object{data: "
		      "{'b': object.data.x}}' resulted in error: no such key: data\"}"),
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char body[128];

		change(s, rows[i].name, rows[i].policy);
		snprintf(body, sizeof body, OF("%s"), rows[i].name, rows[i].name);
		POST(CMS, body, rows[i].code, rows[i].said);
	}
	/* what comes after a failure that is forgiven counts */
	change(s, "lenient",
	       CHANGES("lenient", ONCE "`failurePolicy`:`Ignore`,", "", "v1", "configmaps",
		       APPLY("Object{data: {'a': object.data.x}}") "," APPLY("Object{data: {'b': 'c'}}")));
	POST(CMS, OF("lenient"), 201, "\"data\":{\"b\":\"c\"}");
	change(s, "atomic",
	       CHANGES("atomic", ONCE, "apps", "v1", "deployments",
		       APPLY("Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {'a': 'b'}}, "
			     "template: Object.spec.template{spec: Object.spec.template.spec{containers: "
			     "[Object.spec.template.spec.containers{name: 'c', args: ['x']}]}}}}")));
	POST(DEPLOYMENTS, DEPLOYMENT("atomic"), 403,
	     "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector, "
	     ".spec.template.spec.containers[0].args");
	POST(MUTATING, CHANGES("bad", ONCE, "", "v1", "configmaps", APPLY("1")), 422,
	     "must evaluate to Object but got int");
	POST(MUTATING, CHANGES("bad", ONCE, "", "v1", "configmaps", JSON("[]")), 422,
	     "must evaluate to list(JSONPatch) but got list(dyn)");
}

/* Whose turn comes before a change sees it in a second one, if it wants to. */
static void test_turns(void **state)
{
	struct server *s = *state;

#define SEES "Object{data: {'a': has(object.data) && 'late' in object.data ? 'yes' : 'no'}}"
	change(s, "turn-a",
	       CHANGES("turn-a", "`reinvocationPolicy`:`IfNeeded`,", "", "v1", "configmaps", APPLY(SEES)));
	change(s, "turn-b", CHANGES("turn-b", ONCE, "", "v1", "configmaps", APPLY(SEES)));
	POST(MUTATING,
	     "{`metadata`:{`name`:`z-late`},`spec`:{" ONCE "`matchConstraints`:{`resourceRules`:[{`apiGroups`:[``],"
	     "`apiVersions`:[`v1`],`resources`:[`configmaps`],`operations`:[`CREATE`]}]},`matchConditions`:["
	     "{`name`:`c`,`expression`:`object.metadata.name.startsWith('turn')`}],`mutations`:["
	     APPLY("Object{data: {'late': '1'}}") "]}}",
	     201, NULL);
	bind_change(s, "z-late", "z-late");
	POST(CMS, OF("turn-a"), 201, "\"data\":{\"a\":\"yes\",\"late\":\"1\"}");
	POST(CMS, OF("turn-b"), 201, "\"data\":{\"a\":\"no\",\"late\":\"1\"}");
}

/* A Scale and its kin are changed as objects of their own kinds. */
static void test_what_is_below_is_changed(void **state)
{
	struct server *s = *state;

#define CHANGES_BELOW(name, group, resource, operation, condition, mutation) \
	"{`metadata`:{`name`:`" name "`},`spec`:{" ONCE "`matchConstraints`:{`resourceRules`:[{`apiGroups`:[`" \
	group "`],`apiVersions`:[`*`],`resources`:[`" resource "`],`operations`:[`" operation "`]}]}," \
	"`matchConditions`:[{`name`:`c`,`expression`:`" condition "`}],`mutations`:[" mutation "]}}"
	expect(s, "DELETE", BINDINGS "/scale", "", "", 200, NULL);
	expect(s, "DELETE", BINDINGS "/token", "", "", 200, NULL);
	change(s, "most",
	       CHANGES_BELOW("most", "apps", "deployments/scale", "UPDATE", "object.spec.replicas > 3",
			     JSON("[JSONPatch{op: 'replace', path: '/spec/replicas', value: 2}]")));
	expect(s, "PATCH", DEPLOYMENT_D "/scale", MERGE, "{`spec`:{`replicas`:7}}", 200, "\"replicas\":2}");
	expect(s, "GET", DEPLOYMENT_D, "", "", 200, "\"replicas\":2,");
	change(s, "typed",
	       CHANGES_BELOW("typed", "apps", "deployments/scale", "UPDATE", "object.spec.replicas == 1",
			     APPLY("Object{spec: Object.spec{replicas: 2}}")));
	expect(s, "PATCH", DEPLOYMENT_D "/scale", MERGE, "{`spec`:{`replicas`:1}}", 403,
	       "policy 'typed' with binding 'typed' denied request: error "
	       "applying patch: failed to convert patch object to typed object: no corresponding type for "
	       "autoscaling/v1, Kind=Scale");
	change(s, "place",
	       CHANGES_BELOW("place", "", "pods/binding", "CREATE", "object.target.name == 'full'",
			     JSON("[JSONPatch{op: 'replace', path: '/target/name', value: 'other'}]")));
	POST(PODS, POD("moved"), 201, NULL);
	POST(PODS "/moved/binding", "{`metadata`:{`name`:`moved`},`target`:{`kind`:`Node`,`name`:`full`}}", 201,
	     NULL);
	expect(s, "GET", PODS "/moved", "", "", 200, "\"nodeName\":\"other\"");
	change(s, "whole",
	       CHANGES_BELOW("whole", "", "pods/binding", "CREATE", "object.target.name == 'whole'",
			     APPLY("Object{target: Object.target{name: 'other'}}")));
	POST(PODS "/moved/binding", "{`metadata`:{`name`:`moved`},`target`:{`kind`:`Node`,`name`:`whole`}}", 403,
	     "may not mutate atomic arrays, maps or structs: .target");
	change(s, "listeners",
	       CHANGES_BELOW("listeners", "", "serviceaccounts/token", "CREATE",
			     "object.kind == 'TokenRequest'",
			     JSON("[JSONPatch{op: 'add', path: '/spec/audiences', value: ['mine']}]")));
	POST("/api/v1/namespaces/default/serviceaccounts/default/token", "{`spec`:{}}", 201,
	     "\"audiences\":[\"mine\"]");
	change(s, "renamed",
	       CHANGES_BELOW("renamed", "", "pods/eviction", "CREATE", "object.metadata.name == 'kept'",
			     JSON("[JSONPatch{op: 'replace', path: '/metadata/name', value: 'moved'}]")));
	POST(PODS "/kept/eviction", NAMED("kept", ""), 400, "name in URL does not match name in Eviction object");
}

/* Who connects writes options, and nobody runs them here. */
static void test_connections(void **state)
{
	struct server *s = *state;
	const char *exec = PODS "/moved/exec?command=ls&command=-l&container=c&stdout=true";

	POST(exec, "", 404, "nodes \\\"other\\\" not found");
	BELOW("exec", "", "pods/exec",
	      "object.kind == 'PodExecOptions' && object.command != ['ls', '-l'] && request.operation == 'CONNECT' "
	      "&& oldObject == null && has(object.stdout) && !has(object.stdin) && object.container == 'c'");
	POST(exec, "", 422,
	     "pods \\\"moved\\\" is forbidden: ValidatingAdmissionPolicy 'exec' with binding 'exec' denied request");
	POST(PODS "/moved/exec?command=id&container=c&stdout=true", "", 404, "nodes");
	POST(PODS "/moved/exec?dryRun=All", "", 400, "dryRun is not supported");
	BELOW("ports", "", "pods/portforward", "!has(object.ports) || object.ports.all(p, p > 1023)");
	POST(PODS "/moved/portforward?ports=80", "", 422, "'ports'");
	POST(PODS "/moved/portforward?ports=8080&ports=8081", "", 404, "nodes");
	POST(PODS "/moved/portforward?ports=x", "", 400, "strconv.ParseInt: parsing \\\"x\\\": invalid syntax");
	BELOW("proxy", "", "pods/proxy", "object.path != '/admin/x/'");
	expect(s, "GET", PODS "/moved/proxy/admin/x/", "", "", 422, "'proxy'");
	expect(s, "GET", PODS "/moved/proxy/admin/x", "", "", 501, "no container");
	change(s, "exec-in",
	       CHANGES_BELOW("exec-in", "", "pods/exec", "CONNECT", "object.container == 'd'",
			     APPLY("Object{container: 'c'}")));
	POST(PODS "/moved/exec?command=id&container=d&stdout=true", "", 403,
	     "no corresponding type for /v1, Kind=PodExecOptions");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_policy_counts_when_it_is_bound),
		cmocka_unit_test(test_variables_conditions_and_messages),
		cmocka_unit_test(test_parameters_and_warnings),
		cmocka_unit_test(test_versions_are_equivalent),
		cmocka_unit_test(test_the_authorizer_is_asked),
		cmocka_unit_test(test_questions_are_dear),
		cmocka_unit_test(test_all_warnings_come),
		cmocka_unit_test(test_subresources),
		cmocka_unit_test(test_types_are_checked),
		cmocka_unit_test(test_a_deletion_that_is_a_trial),
		cmocka_unit_test(test_objects_are_changed),
		cmocka_unit_test(test_changes_that_fail),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_what_is_below_is_changed),
		cmocka_unit_test(test_connections),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
