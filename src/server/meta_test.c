/* What kinds of the API say about metadata. Counted on kube-apiserver 1.36: how often the rules
 * for all kinds, those of the kind and those for new objects repeat a complaint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/server.h"
#include "value/json.h"

static str ask(struct server *s, struct arena *a, const char *method, str path, const char *type,
	       const char *body, int *code)
{
	struct server_answer answer;

	server_call(s, a,
		    &(struct server_ask){ .method = str_c(method),
					  .path = path,
					  .type = str_c(type),
					  .agent = S("test/1"),
					  .body = str_c(body) },
		    &answer);
	*code = answer.code;
	return answer.body;
}

struct row {
	const char *path, *name, *body;	/* collection; a good object, quotes written as ' */
	int finalizers, uids, domains;	/* complaints about an update that makes them bad */
	int put;			/* code of an update that does not say of what */
};

#define NS   "/api/v1/namespaces/a/"
#define APIS "/apis/"

static const struct row rows[] = {
	{ NS "configmaps", "x", "{'metadata':{'name':'x'}}", 2, 2, 2, 200 },
	{ NS "limitranges", "x", "{'metadata':{'name':'x'}}", 2, 1, 1, 200 },
	{ NS "events", "x", "{'metadata':{'name':'x'},'involvedObject':{'namespace':'a'}}", 1, 1, 0, 200 },
	{ NS "services", "x", "{'metadata':{'name':'x'},'spec':{'ports':[{'port':1}]}}", 1, 2, 1, 200 },
	{ "/api/v1/persistentvolumes", "x",
	  "{'metadata':{'name':'x'},'spec':{'capacity':{'storage':'1'},'accessModes':['ReadWriteOnce'],"
	  "'hostPath':{'path':'/x'}}}",
	  3, 1, 2, 200 },
	{ APIS "coordination.k8s.io/v1/namespaces/a/leases", "x", "{'metadata':{'name':'x'}}", 1, 2, 0, 422 },
	{ APIS "policy/v1/namespaces/a/poddisruptionbudgets", "x", "{'metadata':{'name':'x'}}", 1, 1, 0, 422 },
	{ APIS "node.k8s.io/v1/runtimeclasses", "x", "{'metadata':{'name':'x'},'handler':'h'}", 2, 2, 0, 422 },
	{ APIS "storage.k8s.io/v1/csinodes", "x", "{'metadata':{'name':'x'},'spec':{'drivers':[]}}", 2, 1, 1,
	  422 },
	{ APIS "storage.k8s.io/v1/storageclasses", "x", "{'metadata':{'name':'x'},'provisioner':'p'}", 2, 2, 2,
	  200 },
	{ APIS "admissionregistration.k8s.io/v1/validatingadmissionpolicybindings", "x",
	  "{'metadata':{'name':'x'},'spec':{'policyName':'p','validationActions':['Deny']}}", 2, 1, 0, 422 },
	{ APIS "apiregistration.k8s.io/v1/apiservices", "v1.x.y",
	  "{'metadata':{'name':'v1.x.y'},'spec':{'group':'x.y','version':'v1','groupPriorityMinimum':1,"
	  "'versionPriority':1,'service':{'name':'s','namespace':'n'}}}",
	  2, 2, 0, 422 },
};

static char *quoted(struct arena *a, const char *text)
{
	char *json = (char *)arena_str(a, str_c(text)).p;

	for (char *p = json; *p; p++)
		if (*p == '\'')
			*p = '"';
	return json;
}

static void count(node status, int *finalizers, int *uids, int *domains)
{
	node_each_item(c, node_dig(status, "details", "causes")) {
		str field = node_str(node_get(*c, S("field")));

		*finalizers += str_eq(field, S("metadata.finalizers"));
		*uids += str_eq(field, S("metadata.uid"));
		*domains += str_eq(field, S("metadata.finalizers[0]"));
	}
}

static void test_how_often_an_update_is_complained_about(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		const struct row *r = &rows[i];
		int code, finalizers = 0, uids = 0, domains = 0;
		node status;
		str path = arena_printf(&a, "%s/%s?dryRun=All", r->path, r->name);

		ask(*state, &a, "POST", str_c(r->path), NULL, quoted(&a, r->body), &code);
		assert_int_equal(code, 201);
		str text = ask(*state, &a, "PATCH", path, "application/merge-patch+json",
			       "{\"metadata\":{\"uid\":\"bad\",\"finalizers\":[\"-x\"]}}", &code);
		assert_null(json_read(&a, text, NULL, &status));
		count(status, &finalizers, &uids, &domains);
		if (finalizers != r->finalizers || uids != r->uids || domains != r->domains)
			fail_msg("%s: %d %d %d: %.*s", r->path, finalizers, uids, domains, STR_ARG(text));
		text = ask(*state, &a, "PUT", path, NULL, quoted(&a, r->body), &code);
		if (code != r->put)
			fail_msg("%s: %d: %.*s", r->path, code, STR_ARG(text));
		assert_true(code == 200 ||
			    str_has(text, S("metadata.resourceVersion: Invalid value: 0: must be specified "
					    "for an update")));
	}
}

struct exchange {
	const char *method, *path, *body;
	int code;
	const char *want;	/* what the answer has */
	const char *lacks;	/* and what not; NULL: nothing */
};

static const struct exchange answers[] = {
	/* what is wrong with the kind's own fields comes first, then what all kinds share */
	{ "POST", APIS "policy/v1/namespaces/a/poddisruptionbudgets",
	  "{'metadata':{'name':'b/c'},'spec':{'minAvailable':-1}}", 422, "minAvailable", "may not contain" },
	{ "POST", APIS "policy/v1/namespaces/a/poddisruptionbudgets", "{'metadata':{'name':'b/c'}}", 422,
	  "metadata.name: Invalid value: \\\"b/c\\\": may not contain '/'", "RFC 1123" },
	{ "POST", NS "replicationcontrollers",
	  "{'metadata':{'name':'r','generateName':'A_'},'spec':{'selector':{'a':'b'},'template':{'metadata':"
	  "{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}]}}}}",
	  201, "\"generateName\":\"A_\"", NULL },
	{ "POST", APIS "apiregistration.k8s.io/v1/apiservices",
	  "{'metadata':{'name':'v1.z.y','generateName':'q'},'spec':{'group':'z.y','version':'v1',"
	  "'groupPriorityMinimum':1,'versionPriority':1,'service':{'name':'s','namespace':'n'}}}",
	  422, "metadata.generateName: Invalid value: \\\"q\\\": must be `spec.version+", "metadata.name:" },
	{ "POST", NS "limitranges", "{}", 201, "\"name\":\"", NULL },
	/* links go where the object is stored */
	{ "POST", NS "configmaps", "{'metadata':{'name':'linked','selfLink':'/x'}}", 201, "linked", "selfLink" },
	{ "PUT", NS "configmaps/linked?dryRun=All", "{'metadata':{'name':'linked','selfLink':'/x'}}", 200,
	  "\"selfLink\":\"/x\"", NULL },
	{ "PUT", NS "configmaps/linked", "{'metadata':{'name':'linked','selfLink':'/x'}}", 200, "linked",
	  "selfLink" },
	/* fields of gates that are shut, and of versions that are gone */
	{ "POST", APIS "coordination.k8s.io/v1/namespaces/a/leases",
	  "{'metadata':{'name':'l'},'spec':{'preferredHolder':'h','strategy':'x'}}", 201, "\"l\"", "\"preferredHolder" },
	{ "POST", APIS "discovery.k8s.io/v1/namespaces/a/endpointslices",
	  "{'metadata':{'name':'s'},'addressType':'IPv4','endpoints':[{'addresses':['1.2.3.4'],"
	  "'deprecatedTopology':{'a':'b'}}]}",
	  201, "1.2.3.4", "\"deprecatedTopology" },
	{ "PUT", APIS "discovery.k8s.io/v1/namespaces/a/endpointslices/s",
	  "{'metadata':{'name':'s'},'addressType':'IPv4','endpoints':[{'addresses':['1.2.3.5'],"
	  "'deprecatedTopology':{'a':'b c'}}]}",
	  200, "1.2.3.5", "\"deprecatedTopology" },
	{ "POST", APIS "resource.k8s.io/v1/resourceslices",
	  "{'metadata':{'name':'s'},'spec':{'driver':'d.x','nodeName':'n','pool':{'name':'p','generation':1,"
	  "'resourceSliceCount':1},'devices':[{'name':'d','nodeAllocatableResourceMappings':{'cpu':{"
	  "'allocationMultiplier':'1'}}}]}}",
	  201, "\"d.x\"", "nodeAllocatable" },
	{ "POST", "/api/v1/persistentvolumes",
	  "{'metadata':{'name':'v'},'spec':{'capacity':{'storage':'1'},'accessModes':['ReadWriteOnce'],"
	  "'hostPath':{'path':'/x'},'flexVolume':{}}}",
	  422, "spec.flexVolume.driver: Required value", "more than 1" },
	/* what is no aim is 80 percent, and his who wrote it */
	{ "POST", APIS "autoscaling/v1/namespaces/a/horizontalpodautoscalers",
	  "{'metadata':{'name':'h'},'spec':{'maxReplicas':2,'scaleTargetRef':{'apiVersion':'apps/v1',"
	  "'kind':'D','name':'d'}}}",
	  201, "\"f:targetCPUUtilizationPercentage\":{}", NULL },
	/* where it lies is asked before whether it is there */
	{ "PUT", NS "configmaps/none", "{}", 400, "name must be provided", NULL },
	{ "PUT", NS "configmaps/none", "{'metadata':{'namespace':'b'}}", 400, "the namespace of the provided",
	  NULL },
	/* bindings are no objects, but of Pods */
	{ "POST", NS "bindings", "{'metadata':{'name':'p'},'target':{'name':'n'}}", 404,
	  "pods \\\"p\\\" not found", NULL },
	{ "POST", NS "bindings", "{'target':{'name':'n'}}", 400, "Name parameter required.", NULL },
	{ "POST", NS "bindings", "{'target':{'kind':'X'}}", 500,
	  "[target.kind: Unsupported value: \\\"X\\\": supported values: \\\"Node\\\", \\\"\\u003cempty\\u003e\\\", "
	  "target.name: Required value]",
	  "reason" },
	{ "POST", NS "pods/p/binding", "{'target':{'name':'n'}}", 400, "name in URL does not match", NULL },
	/* questions have no metadata, and those of a namespace are about it */
	{ "POST", APIS "authorization.k8s.io/v1/selfsubjectaccessreviews",
	  "{'metadata':{'name':'x'},'spec':{'resourceAttributes':{'verb':'get'}}}", 422,
	  "metadata: Invalid value: {\\\"name\\\":\\\"x\\\",\\\"managedFields\\\":[{\\\"manager\\\"", "except for" },
	{ "POST", APIS "authorization.k8s.io/v1/selfsubjectaccessreviews",
	  "{'metadata':{'uid':'x'},'spec':{'resourceAttributes':{'verb':'get','labelSelector':{'rawSelector':"
	  "'a'}}}}",
	  201, "\"allowed\":true", "uid" },
	{ "POST", APIS "authorization.k8s.io/v1/namespaces/a/localsubjectaccessreviews",
	  "{'spec':{'user':'u','nonResourceAttributes':{'path':'/x'},'resourceAttributes':{'namespace':'b',"
	  "'fieldSelector':{}}}}",
	  422,
	  "[spec.nonResourceAttributes: Invalid value: {\\\"Path\\\":\\\"/x\\\",\\\"Verb\\\":\\\"\\\"}: cannot be "
	  "specified in combination with resourceAttributes, spec.resourceAttributes.fieldSelector."
	  "requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, "
	  "requirements or rawSelector is required, spec.resourceAttributes.namespace: Invalid value: "
	  "\\\"b\\\": must match metadata.namespace, spec.nonResourceAttributes: Invalid value: "
	  "{\\\"Path\\\":\\\"/x\\\",\\\"Verb\\\":\\\"\\\"}: disallowed on this kind of request]",
	  "must be empty" },
	{ "POST", APIS "authorization.k8s.io/v1/subjectaccessreviews",
	  "{'spec':{'user':'u','resourceAttributes':{'labelSelector':{'requirements':[{'key':'/a','operator':"
	  "'New'}]},'fieldSelector':{'requirements':[{'operator':'In'},{'key':'k','operator':'New'}]}}}}",
	  422,
	  "[spec.resourceAttributes.fieldSelector.requirements[0].key: Required value: must be specified, "
	  "spec.resourceAttributes.fieldSelector.requirements[0].values: Required value: must be specified "
	  "when `operator` is 'In' or 'NotIn', spec.resourceAttributes.labelSelector.requirements[0].key: "
	  "Invalid value: \\\"/a\\\": prefix part must be non-empty]",
	  "valid selector operator" },
	{ "POST", APIS "authorization.k8s.io/v1/namespaces/a/localsubjectaccessreviews",
	  "{'metadata':{'namespace':'b'},'spec':{'user':'u','resourceAttributes':{'namespace':'a'}}}", 400,
	  "the namespace of the provided object does not match", NULL },
	/* and what a selector says before what its labels mean */
	{ "GET", NS "configmaps?fieldSelector=a%3Db,c", "", 400, "can't understand 'c'", NULL },
};

static void test_what_is_answered(void **state)
{
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		const struct exchange *w = &answers[i];
		int code;
		str text = ask(*state, &a, w->method, str_c(w->path), NULL, quoted(&a, w->body), &code);

		if (code != w->code || !str_has(text, str_c(w->want)) ||
		    (w->lacks && str_has(text, str_c(w->lacks))))
			fail_msg("%s %s: want %s, got %d %.*s", w->method, w->path, w->want, code,
				 STR_ARG(text));
	}
}

static int set_up(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct server *s = NULL;
	int code;

	assert_null(server_open(&s, &(struct server_options){ .data_dir = S(":memory:"), .no_sim = true }));
	*state = s;
	ask(s, &a, "POST", S("/api/v1/namespaces"), NULL, "{\"metadata\":{\"name\":\"a\"}}", &code);
	return code != 201;
}

static int tear_down(void **state)
{
	server_close(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_how_often_an_update_is_complained_about),
		cmocka_unit_test(test_what_is_answered),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
