/* What policies refuse, as a client sees it, in the words of Kubernetes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/server.h"

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

/* Who may do what is not asked here: it is let through, not refused. */
static void test_the_authorizer_is_not_asked(void **state)
{
	struct server *s = *state;

	POST(POLICIES,
	     POLICY("auth",
		    "`variables`:[{`name`:`may`,`expression`:`authorizer.group('').resource('pods').check('get').allowed()`}],",
		    RULE("", "v1", "configmaps", "`CREATE`"),
		    "{`expression`:`!variables.may`},{`expression`:`object.metadata.name != 'no'`}"),
	     201, NULL);
	POST(BINDINGS, BIND("auth", "auth", "", "Deny"), 201, NULL);
	POST(CMS, NAMED("yes", ""), 201, NULL);
	POST(CMS, NAMED("no", ""), 422, "failed expression: object.metadata.name != 'no'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_policy_counts_when_it_is_bound),
		cmocka_unit_test(test_variables_conditions_and_messages),
		cmocka_unit_test(test_parameters_and_warnings),
		cmocka_unit_test(test_versions_are_equivalent),
		cmocka_unit_test(test_the_authorizer_is_not_asked),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
