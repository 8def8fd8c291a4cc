/* What kinds complain about, in the words of the API server. Messages come from the
 * recorded exchanges where those have them, else from the original's sources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kube/canon.h"
#include "server/kind.h"
#include "value/json.h"

struct rule {
	const char *group, *plural;
	const char *object;	/* JSON, quotes written as ' */
	const char *old;	/* NULL: it is new */
	const char *want;	/* "": nothing to say */
};

#define NET "networking.k8s.io"
#define RULE(paths) "{'spec':{'rules':[{'http':{'paths':[" paths "]}}]}}"
#define BACKEND "'backend':{'service':{'name':'s','port':{'number':80}}}"

static const struct rule networking[] = {
	{ NET, "ingresses", "{'spec':{}}", NULL,
	  "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified" },
	{ NET, "ingresses", RULE("{'path':'/','pathType':'Prefix'," BACKEND "}"), NULL, "" },
	{ NET, "ingresses", RULE("{'path':'/'," BACKEND "}"), NULL,
	  "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified" },
	{ NET, "ingresses", RULE("{'path':'a//b','pathType':'Exact'," BACKEND "}"), NULL,
	  "[spec.rules[0].http.paths[0].path: Invalid value: \"a//b\": must be an absolute path, "
	  "spec.rules[0].http.paths[0].path: Invalid value: \"a//b\": must not contain '//']" },
	{ NET, "ingresses", RULE("{'pathType':'ImplementationSpecific','backend':{}}"), NULL,
	  "spec.rules[0].http.paths[0].backend: Invalid value: \"\": resource or service backend is "
	  "required" },
	{ NET, "ingresses", "{'spec':{'rules':[{'host':'10.0.0.1'}]}}", NULL,
	  "spec.rules[0].host: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address" },
	{ NET, "ingresses",
	  "{'metadata':{'annotations':{'kubernetes.io/ingress.class':'a'}},"
	  "'spec':{'ingressClassName':'b','defaultBackend':{'resource':{'kind':'K','name':'n'}}}}",
	  NULL,
	  "annotations.kubernetes.io/ingress.class: Invalid value: \"a\": must match "
	  "`ingressClassName` when both are specified" },
	{ NET, "ingressclasses", "{'spec':{'controller':'x.io/c','parameters':{'kind':'K','name':'n'}}}",
	  NULL, "" },
	{ NET, "ingressclasses",
	  "{'spec':{'controller':'x.io/c','parameters':{'kind':'K','name':'n','scope':'Namespace'}}}",
	  NULL,
	  "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'" },
	{ NET, "ingressclasses", "{'spec':{'controller':'x.io/b'}}", "{'spec':{'controller':'x.io/a'}}",
	  "spec.controller: Invalid value: \"x.io/b\": field is immutable" },
	{ NET, "networkpolicies",
	  "{'spec':{'podSelector':{},'ingress':[{'from':[{'ipBlock':{'cidr':'10.0.0.0/8',"
	  "'except':['10.1.0.0/16','11.0.0.0/16']}}]}]}}",
	  NULL,
	  "spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: \"11.0.0.0/16\": must be a strict "
	  "subset of `cidr`" },
	{ NET, "networkpolicies",
	  "{'spec':{'podSelector':{},'egress':[{'ports':[{'port':'web','endPort':9},{'endPort':9},"
	  "{'port':10,'endPort':9}]}]}}",
	  NULL,
	  "[spec.egress[0].ports[0].endPort: Invalid value: 9: may not be specified when `port` is "
	  "non-numeric, spec.egress[0].ports[1].endPort: Invalid value: 9: may not be specified when "
	  "`port` is not specified, spec.egress[0].ports[2].endPort: Invalid value: 9: must be greater "
	  "than or equal to `port`]" },
	{ NET, "ipaddresses", "{'metadata':{'name':'x'},'spec':{'parentRef':{'resource':'services',"
			      "'name':'a'}}}",
	  NULL, "metadata.name: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or "
		"2001:db8::ffff)" },
	{ NET, "servicecidrs", "{'spec':{'cidrs':['10.0.0.0/24','10.1.0.0/24']}}", NULL,
	  "spec.cidrs: Invalid value: [\"10.0.0.0/24\",\"10.1.0.0/24\"]: may specify no more than one IP "
	  "for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64" },
	{ NET, "servicecidrs", "{'spec':{'cidrs':['10.0.0.0/24']}}", "{'spec':{'cidrs':['10.0.0.0/16']}}",
	  "spec.cidrs[0]: Invalid value: \"10.0.0.0/24\": field is immutable" },
	{ "discovery.k8s.io", "endpointslices",
	  "{'addressType':'IPv4','endpoints':[{'addresses':['127.0.0.1']},{'addresses':[]}],"
	  "'ports':[{'name':'a','port':1},{'name':'a','port':2}]}",
	  NULL,
	  "[ports[1].name: Duplicate value: \"a\", endpoints[0].addresses[0]: Invalid value: "
	  "\"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128), "
	  "endpoints[1].addresses: Required value: must contain at least 1 address]" },
};

#define RBAC "rbac.authorization.k8s.io"

static const struct rule access[] = {
	{ RBAC, "clusterroles", "{'rules':[{'verbs':['get'],'nonResourceURLs':['/x']}]}", NULL, "" },
	{ RBAC, "clusterroles", "{'rules':[{'verbs':['get'],'nonResourceURLs':['/x'],'apiGroups':['']}]}",
	  NULL,
	  "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: rules cannot apply to both regular "
	  "resources and non-resource URLs" },
	{ RBAC, "clusterroles", "{'aggregationRule':{}}", NULL,
	  "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector "
	  "required if aggregationRule is non-nil" },
	{ RBAC, "clusterroles",
	  "{'aggregationRule':{'clusterRoleSelectors':[{},{'matchExpressions':[{'key':'a','operator':'/p'}]}]}}",
	  NULL,
	  "[aggregationRule.clusterRoleSelectors[1].matchExpressions[0].operator: Invalid value: \"/p\": not a "
	  "valid selector operator, aggregationRule.clusterRoleSelectors[1]: Invalid value: null: invalid label "
	  "selector.]" },
	{ RBAC, "roles", "{'rules':[{'verbs':['get']}]}", NULL,
	  "[rules[0].apiGroups: Required value: resource rules must supply at least one api group, "
	  "rules[0].resources: Required value: resource rules must supply at least one resource]" },
	{ RBAC, "clusterrolebindings",
	  "{'roleRef':{'kind':'Role','name':'a'},'subjects':[{'kind':'ServiceAccount','name':'s'}]}", NULL,
	  "[roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\", "
	  "subjects[0].namespace: Required value]" },
	{ RBAC, "rolebindings", "{'roleRef':{'kind':'Role','name':'b'}}",
	  "{'roleRef':{'kind':'Role','name':'a'}}",
	  "roleRef: Invalid value: "
	  "{\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"Role\",\"Name\":\"b\"}: cannot change "
	  "roleRef" },
};

#define TARGET "'scaleTargetRef':{'apiVersion':'apps/v1','kind':'Deployment','name':'d'}"

static const struct rule scaling[] = {
	{ "autoscaling", "horizontalpodautoscalers", "{'spec':{'maxReplicas':2," TARGET "}}", NULL, "" },
	{ "autoscaling", "horizontalpodautoscalers", "{'spec':{'minReplicas':0," TARGET "}}", NULL,
	  "[spec.minReplicas: Invalid value: 0: must be greater than or equal to 1, spec.maxReplicas: "
	  "Required value: must be set and greater than 0, spec.metrics: Forbidden: must specify at "
	  "least one Object or External metric to support scaling to zero replicas]" },
	{ "autoscaling", "horizontalpodautoscalers",
	  "{'spec':{'maxReplicas':2," TARGET ",'metrics':[{'type':'Pods','resource':{'name':'cpu',"
	  "'target':{'type':'Value'}}}]}}",
	  NULL,
	  "[spec.metrics[0].resource.target.averageUtilization: Required value: must set either a "
	  "target raw value or a target utilization, spec.metrics[0].pods: Required value: must populate "
	  "information for the given metric source]" },
	{ "autoscaling", "horizontalpodautoscalers",
	  "{'spec':{'maxReplicas':2," TARGET ",'behavior':{'scaleDown':{'stabilizationWindowSeconds':3601,"
	  "'policies':[{'type':'Odd','value':0,'periodSeconds':1801}]}}}}",
	  NULL,
	  "[spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or "
	  "equal to 3600, spec.behavior.scaleDown.policies[0].type: Unsupported value: \"Odd\": supported "
	  "values: \"Percent\", \"Pods\", spec.behavior.scaleDown.policies[0].value: Invalid value: 0: "
	  "must be greater than zero, spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: "
	  "1801: must be less than or equal to 1800]" },
	{ "policy", "poddisruptionbudgets", "{'spec':{'maxUnavailable':'150%'}}", NULL,
	  "spec.maxUnavailable: Invalid value: \"150%\": must not be greater than 100%" },
	{ "policy", "poddisruptionbudgets", "{'spec':{'unhealthyPodEvictionPolicy':'x'}}", NULL,
	  "spec.unhealthyPodEvictionPolicy: Unsupported value: \"x\": supported values: \"AlwaysAllow\", "
	  "\"IfHealthyBudget\"" },
	{ "scheduling.k8s.io", "priorityclasses",
	  "{'metadata':{'name':'system-node-critical'},'value':2000001000}", NULL, "" },
	{ "scheduling.k8s.io", "priorityclasses", "{'value':2}", "{'value':1}",
	  "value: Forbidden: may not be changed in an update." },
	{ "node.k8s.io", "runtimeclasses", "{'handler':''}", NULL, "handler: Required value" },
	{ "node.k8s.io", "runtimeclasses", "{'handler':'A'}", "{'handler':'a'}",
	  "[handler: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case "
	  "alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. "
	  "'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?'), "
	  "handler: Invalid value: \"A\": field is immutable]" },
	{ "coordination.k8s.io", "leases", "{'spec':{'preferredHolder':'a','leaseTransitions':-1}}", NULL,
	  "[spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0, "
	  "spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined]" },
};

#define ADMIT "admissionregistration.k8s.io"
#define HOOK(more) "{'webhooks':[{'name':'a.b.c','sideEffects':'None','admissionReviewVersions':['v1']," more "}]}"
#define URL "'clientConfig':{'url':'https://a/b'}"

static const struct rule admission[] = {
	{ ADMIT, "validatingwebhookconfigurations", HOOK(URL), NULL, "" },
	{ ADMIT, "mutatingwebhookconfigurations", HOOK("'clientConfig':{'url':'http://u@a/b?q#f'}"), NULL,
	  "[webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL "
	  "scheme; desired format: https://host[/path], webhooks[0].clientConfig.url: Invalid value: "
	  "\"u\": user information is not permitted in the URL, webhooks[0].clientConfig.url: Invalid "
	  "value: \"f\": fragments are not permitted in the URL, webhooks[0].clientConfig.url: Invalid "
	  "value: \"q\": query parameters are not permitted in the URL]" },
	{ ADMIT, "validatingwebhookconfigurations",
	  HOOK("'clientConfig':{'service':{'name':'s','namespace':'n','path':'/a//b'}}"), NULL,
	  "webhooks[0].clientConfig.service.path: Invalid value: \"/a//b\": segment[1] may not be empty" },
	{ ADMIT, "validatingwebhookconfigurations",
	  HOOK(URL ",'timeoutSeconds':31,'rules':[{'operations':['*','CREATE'],'apiGroups':['*'],"
		   "'apiVersions':['v1'],'resources':['pods/*','pods/log']}]"),
	  NULL,
	  "[webhooks[0].rules[0].operations: Invalid value: [\"*\",\"CREATE\"]: if '*' is present, must not "
	  "specify other operations, webhooks[0].rules[0].resources[1]: Invalid value: \"pods/log\": if "
	  "'pods/*' is present, must not specify pods/log, webhooks[0].timeoutSeconds: Invalid value: 31: "
	  "the timeout value must be between 1 and 30 seconds]" },
#define POLICY(more)                                                                            \
	"{'metadata':{'name':'p'},'spec':{'matchConstraints':{'resourceRules':[{'apiGroups':[''],"   \
	"'apiVersions':['v1'],'operations':['CREATE'],'resources':['pods']}]}," more "}}"
	{ ADMIT, "validatingadmissionpolicies",
	  POLICY("'variables':[{'name':'n','expression':'1 + 1'},{'name':'m','expression':'variables.n'}],"
		 "'validations':[{'expression':'variables.m == 2 && authorizer.path(\\'/x\\').check(\\'get\\')"
		 ".allowed()','messageExpression':'\\'x\\' + object.y'}]"),
	  NULL, "" },
	{ ADMIT, "validatingadmissionpolicies",
	  POLICY("'variables':[{'name':'n','expression':'1 + 1'}],'validations':[{'expression':'variables.n'},"
		 "{'expression':'variables.o'}],'auditAnnotations':[{'key':'k','valueExpression':'1'}]"),
	  NULL,
	  "[spec.validations[0].expression: Invalid value: \"variables.n\": must evaluate to bool but got "
	  "int, spec.validations[1].expression: Invalid value: \"variables.o\": compilation failed: ERROR: "
	  "<input>:1:10: undefined field 'o'\n | variables.o\n | .........^, "
	  "spec.auditAnnotations[0].valueExpression: Invalid value: \"1\": must evaluate to one of [string "
	  "null_type] but got int]" },
	{ ADMIT, "validatingadmissionpolicies",
	  POLICY("'matchConditions':[{'name':'a','expression':'request.nope'}],'validations':[{'expression':"
		 "'params.x'}]"),
	  NULL,
	  "[spec.matchConditions[0].expression: Invalid value: \"request.nope\": compilation failed: ERROR: "
	  "<input>:1:8: undefined field 'nope'\n | request.nope\n | .......^, "
	  "spec.validations[0].expression: Invalid value: \"params.x\": compilation failed: ERROR: "
	  "<input>:1:1: undeclared reference to 'params' (in container '')\n | params.x\n | ^]" },
	{ ADMIT, "mutatingadmissionpolicies",
	  POLICY("'reinvocationPolicy':'Never','mutations':[{'patchType':'JSONPatch','jsonPatch':{'expression':"
		 "'[JSONPatch{op: \\'add\\'}]'}}]"),
	  NULL, "" },
	{ ADMIT, "validatingadmissionpolicies", "{'spec':{'matchConstraints':{}}}", NULL,
	  "[spec.matchConstraints.resourceRules: Required value, spec.validations: Required value: "
	  "validations or auditAnnotations must contain at least one item, spec.auditAnnotations: Required "
	  "value: validations or auditAnnotations must contain at least one item]" },
	{ ADMIT, "validatingadmissionpolicybindings",
	  "{'spec':{'policyName':'p','validationActions':['Deny','Warn']}}", NULL,
	  "spec.validationActions: Invalid value: [\"Deny\",\"Warn\"]: must not contain both Deny and Warn "
	  "(repeating the same validation failure information in the API response and headers serves no "
	  "purpose)" },
	{ "apiregistration.k8s.io", "apiservices",
	  "{'metadata':{'name':'v1.g'},'spec':{'group':'g','version':'v1','groupPriorityMinimum':1,"
	  "'versionPriority':1,'service':{'name':'s','namespace':'n','port':443}}}",
	  NULL, "" },
	{ "flowcontrol.apiserver.k8s.io", "flowschemas",
	  "{'metadata':{'name':'a'},'spec':{'matchingPrecedence':1,'priorityLevelConfiguration':{'name':"
	  "'x'},'rules':[{'subjects':[{'kind':'User','user':{'name':'u'},'group':{'name':'g'}}],"
	  "'nonResourceRules':[{'verbs':['*'],'nonResourceURLs':['/a*']}]}]}}",
	  NULL,
	  "[spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have "
	  "matchingPrecedence 1, spec.rules[0].subjects[0].group: Forbidden: group is forbidden when "
	  "subject kind is not 'Group', spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid "
	  "value: \"/a*\": wildcard can only do suffix matching]" },
	{ "flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations",
	  "{'metadata':{'name':'a'},'spec':{'type':'Limited','limited':{'limitResponse':{'type':'Queue',"
	  "'queuing':{'queues':128,'handSize':10,'queueLengthLimit':50}}}}}",
	  NULL,
	  "spec.limited.limitResponse.queuing.handSize: Invalid value: 10: required entropy bits of "
	  "deckSize 128 and handSize 10 should not be greater than 60" },
	{ "certificates.k8s.io", "certificatesigningrequests",
	  "{'spec':{'request':'YQ==','signerName':'x','usages':['any','any']}}", NULL,
	  "[spec.request: Invalid value: \"YQ==\": PEM block type must be CERTIFICATE REQUEST, "
	  "spec.usages[1]: Duplicate value: \"any\", spec.signerName: Invalid value: \"x\": must be a "
	  "fully qualified domain and path of the form 'example.com/signer-name']" },
};

#define DRA "resource.k8s.io"
#define REQUESTS(list) "{'spec':{'devices':{'requests':[" list "]}}}"
#define SLICE(more) \
	"{'spec':{'driver':'a.b','pool':{'name':'p','resourceSliceCount':1,'generation':0},'allNodes':true," more "}}"
#define GPU "'deviceClassName':'gpu'"

static const struct rule devices[] = {
	{ DRA, "resourceclaims", REQUESTS("{'name':'a','exactly':{" GPU "}}"), NULL, "" },
	{ DRA, "resourceclaims", REQUESTS("{'name':'b'},{'name':'b','exactly':{'allocationMode':'All','count':2}}"),
	  NULL,
	  "[spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is "
	  "required, spec.devices.requests[1].exactly.deviceClassName: Required value, "
	  "spec.devices.requests[1].exactly.count: Invalid value: 2: must not be specified when "
	  "allocationMode is 'All', spec.devices.requests[1]: Duplicate value: \"b\"]" },
	{ DRA, "resourceclaims",
	  REQUESTS("{'name':'a','exactly':{" GPU ",'selectors':[{'cel':{'expression':"
		   "'cel.bind(dra, device.attributes[driver], dra.x == 1)'}}]}}"),
	  NULL,
	  "spec.devices.requests[0].exactly.selectors[0].cel.expression: Invalid value: \"cel.bind(dra, "
	  "device.attributes[driver], dra.x == 1)\": compilation failed: ERROR: <input>:1:33: undeclared "
	  "reference to 'driver' (in container '')\n | cel.bind(dra, device.attributes[driver], dra.x == "
	  "1)\n | ................................^" },
	{ DRA, "resourceclaims",
	  REQUESTS("{'name':'a','exactly':{" GPU ",'selectors':[{'cel':{'expression':"
		   "'cel.bind(dra, device.attributes[device.driver], dra.x == 1)'}}]}}"),
	  NULL, "" },
	{ DRA, "resourceclaims",
	  REQUESTS("{'name':'a','exactly':{" GPU ",'selectors':[{'cel':{'expression':'1 + 1'}},{}]}}"), NULL,
	  "[spec.devices.requests[0].exactly.selectors[0].cel.expression: Invalid value: \"1 + 1\": must "
	  "evaluate to bool or the unknown type, not int, "
	  "spec.devices.requests[0].exactly.selectors[1].cel: Required value]" },
	{ DRA, "resourceclaims",
	  "{'spec':{'devices':{'requests':[{'name':'a','exactly':{" GPU "}}],'constraints':[{'requests':['z'],"
	  "'matchAttribute':'x'}]}}}",
	  NULL,
	  "[spec.devices.constraints[0].requests[0]: Invalid value: \"z\": must be the name of a request "
	  "in the claim or the name of a request and a subrequest separated by '/', "
	  "spec.devices.constraints[0].matchAttribute: Invalid value: \"x\": a fully qualified name must "
	  "be a domain and a name separated by a slash]" },
	{ DRA, "deviceclasses", "{'spec':{'config':[{}],'extendedResourceName':'cpu'}}", NULL,
	  "[spec.config[0].opaque: Required value, spec.extendedResourceName: Invalid value: \"cpu\": must "
	  "be a valid extended resource name]" },
	{ DRA, "resourceslices", SLICE("'nodeName':'n'"), NULL,
	  "spec: Invalid value: \"{`nodeName`, `allNodes`}\": exactly one of `nodeName`, `nodeSelector`, "
	  "`allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set" },
	{ DRA, "resourceslices",
	  SLICE("'devices':[{'name':'d','nodeName':'x','attributes':{'y/':{'version':'v1.2'}},"
		"'capacity':{'m':{'value':'1','requestPolicy':{}}}}]"),
	  NULL,
	  "[spec.devices[0].attributes: Invalid value: \"\": the name must not be empty, "
	  "spec.devices[0].attributes[y/].version: Invalid value: \"v1.2\": must be a string compatible "
	  "with semver.org spec 2.0.0, spec.devices[0].capacity[m].requestPolicy: Forbidden: "
	  "allowMultipleAllocations must be true, spec.devices[0]: Invalid value: null: `nodeName`, "
	  "`nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in "
	  "the ResourceSlice spec]" },
	{ DRA, "resourceslices",
	  SLICE("'devices':[{'name':'d','allowMultipleAllocations':true,'capacity':{'m':{'value':'10Gi',"
		"'requestPolicy':{'default':'2Gi','validRange':{'min':'1Gi','max':'20Gi','step':'2Gi'}}}}}]"),
	  NULL,
	  "[spec.devices[0].capacity[m].requestPolicy.validRange.max: Invalid value: \"20Gi\": max is larger "
	  "than capacity value: 10Gi, spec.devices[0].capacity[m].requestPolicy.validRange.step: Invalid "
	  "value: \"2Gi\": value is not a multiple of a given step (2Gi) from (1Gi), "
	  "spec.devices[0].capacity[m].requestPolicy.validRange.step: Invalid value: \"20Gi\": value is not "
	  "a multiple of a given step (2Gi) from (1Gi)]" },
	{ DRA, "resourceslices", SLICE("'devices':[]"),
	  "{'spec':{'driver':'c.d','pool':{'name':'p','resourceSliceCount':1,'generation':0},'allNodes':true}}",
	  "spec.driver: Invalid value: \"a.b\": field is immutable" },
};

static const struct kind *find(const struct rule *r)
{
	size_t n;
	const struct kind *const *all = kind_builtins(&n);

	for (size_t i = 0; i < n; i++)
		if (str_eq(all[i]->gvk.group, str_c(r->group)) && str_eq(all[i]->plural, str_c(r->plural)))
			return all[i];
	fail_msg("no kind %s", r->plural);
	return NULL;
}

static node object_of(struct arena *a, const struct kind *k, const char *text)
{
	str json = arena_str(a, str_c(text));
	node n = NODE_NOTHING, out = NODE_NOTHING;

	for (size_t i = 0; i < json.n; i++)
		if (json.p[i] == '\'')
			((char *)json.p)[i] = '"';
	assert_null(json_read(a, json, NULL, &n));
	assert_null(canon_object(a, n, k->type, NULL, &out));
	k->hooks->defaults(a, k, out);
	return out;
}

static void check(const struct rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		const struct kind *k = find(&rules[i]);
		struct fielderrs errors = { .arena = &a };
		struct kind_warnings warnings = { .arena = &a };
		struct kind_call c = { .arena = &a, .kind = k, .errors = &errors, .warnings = &warnings };

		c.object = object_of(&a, k, rules[i].object);
		if (rules[i].old)
			c.old = object_of(&a, k, rules[i].old);
		k->hooks->validate(&c);
		if (errors.n)
			fielderr_print(&b, &errors);
		if (!str_eq(buf_str(&b), str_c(rules[i].want)))
			fail_msg("%s %zu: %s\nwant %s", rules[i].plural, i, buf_c(&b), rules[i].want);
	}
}

static void test_networking(void **state)
{
	(void)state;
	check(networking, sizeof networking / sizeof *networking);
}

static void test_access(void **state)
{
	(void)state;
	check(access, sizeof access / sizeof *access);
}

static void test_scaling(void **state)
{
	(void)state;
	check(scaling, sizeof scaling / sizeof *scaling);
}

static void test_admission(void **state)
{
	(void)state;
	check(admission, sizeof admission / sizeof *admission);
}

static void test_devices(void **state)
{
	(void)state;
	check(devices, sizeof devices / sizeof *devices);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_networking),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_scaling),
		cmocka_unit_test(test_admission),
		cmocka_unit_test(test_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
