/* What workloads do of themselves, as a client sees it. One server for all; each test
 * has a namespace of its own and asks again until what it waits for is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "server/server.h"
#include "value/json.h"

#define MERGE "application/merge-patch+json"
enum { PATIENCE = 20 };			/* seconds until something is given up */

static struct server *the_server;

static int ask(struct arena *a, const char *method, const char *path, const char *type, const char *body,
	       str *text)
{
	struct server_answer answer;
	str json = arena_str(a, str_c(body));

	for (size_t i = 0; i < json.n; i++)	/* ' for ", to be read by humans */
		if (json.p[i] == '\'')
			((char *)json.p)[i] = '"';
	server_call(the_server, a,
		    &(struct server_ask){ .method = str_c(method),
					  .path = str_c(path),
					  .type = str_c(type),
					  .agent = S("test/1"),
					  .body = json },
		    &answer);
	if (text)
		*text = answer.body;
	return answer.code;
}

static void expect(const char *method, const char *path, const char *type, const char *body, int code,
		   const char *said)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str text;
	int got = ask(&a, method, path, type, body, &text);

	if (got != code || (said && !str_has(text, str_c(said))))
		fail_msg("%s %s: want %d %s, got %d %.*s", method, path, code, said ? said : "", got,
			 STR_ARG(text));
}

#define POST(path, body) expect("POST", (path), "", (body), 201, NULL)

/* Until the answer has all of the texts. */
static void until_all(const char *path, const char *const *wanted)
{
	int64_t end = clock_mono() + PATIENCE * CLOCK_SECOND;
	bool good = false;

	while (!good) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		str text;

		ask(&a, "GET", path, "", "", &text);
		good = true;
		for (const char *const *w = wanted; *w; w++)
			good = good && str_has(text, str_c(*w));
		if (!good && clock_mono() > end)
			fail_msg("%s: never %s: %.*s", path, wanted[0], STR_ARG(text));
		if (!good)
			usleep(5000);
	}
}
#define UNTIL(path, ...) until_all((path), (const char *const[]){ __VA_ARGS__, NULL })

static int set_up(void **state)
{
	(void)state;
	err *e = server_open(&the_server, &(struct server_options){ .data_dir = S(":memory:") });

	assert_null(e);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	server_close(the_server);
	return 0;
}

/* A namespace in which Pods can be made. */
static void new_namespace(const char *name)
{
	char path[128], body[128];

	snprintf(body, sizeof body, "{'metadata':{'name':'%s'}}", name);
	POST("/api/v1/namespaces", body);
	snprintf(path, sizeof path, "/api/v1/namespaces/%s/serviceaccounts/default", name);
	UNTIL(path, "\"uid\"");
}

#define APPS "/apis/apps/v1/namespaces/"
#define BATCH "/apis/batch/v1/namespaces/"
#define CORE "/api/v1/namespaces/"
#define TEMPLATE(image) \
	"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'" image "'}]}}"
#define SELECTOR "'selector':{'matchLabels':{'a':'b'}},"
#define DEPLOYMENT(name, replicas, more, image) \
	"{'metadata':{'name':'" name "'},'spec':{'replicas':" replicas "," more SELECTOR TEMPLATE(image) "}}"

static void test_a_deployment_rolls(void **state)
{
	(void)state;
	new_namespace("roll");
	POST(APPS "roll/deployments", DEPLOYMENT("web", "2", "", "x:1"));
	UNTIL(APPS "roll/deployments/web", "\"availableReplicas\":2", "NewReplicaSetAvailable");
	expect("PATCH", APPS "roll/deployments/web", MERGE,
	       "{'spec':{'template':{'spec':{'containers':[{'name':'c','image':'x:2'}]}}}}", 200, NULL);
	UNTIL(APPS "roll/deployments/web", "\"observedGeneration\":2", "\"updatedReplicas\":2",
	      "NewReplicaSetAvailable", "deployment.kubernetes.io/revision\":\"2\"");
	UNTIL(CORE "roll/events", "Scaled up replica set web-", "Created pod: web-", "Scheduled", "Pulled",
	      "Container started", "SuccessfulDelete", "Stopping container c");
}

static void test_a_deployment_that_gets_nowhere(void **state)
{
	(void)state;
	new_namespace("stuck");
	POST(APPS "stuck/deployments", DEPLOYMENT("web", "1", "'progressDeadlineSeconds':1,", "sim-pull-error"));
	UNTIL(APPS "stuck/deployments/web", "ProgressDeadlineExceeded");
	UNTIL(CORE "stuck/events", "Back-off pulling image");
	/* it stays so, whatever is written meanwhile */
	expect("GET", APPS "stuck/deployments/web", "", "", 200, "ProgressDeadlineExceeded");
	expect("PATCH", APPS "stuck/deployments/web", MERGE,
	       "{'spec':{'template':{'spec':{'containers':[{'name':'c','image':'good'}]}}}}", 200, NULL);
	UNTIL(APPS "stuck/deployments/web", "NewReplicaSetAvailable", "\"availableReplicas\":1");
}

static void test_a_quota(void **state)
{
	(void)state;
	new_namespace("quota");
	POST(CORE "quota/resourcequotas",
	     "{'metadata':{'name':'q'},'spec':{'hard':{'pods':'1','count/deployments.apps':'1'}}}");
	UNTIL(CORE "quota/resourcequotas/q", "\"used\":{\"count/deployments.apps\":\"0\",\"pods\":\"0\"}");
	POST(APPS "quota/deployments", DEPLOYMENT("web", "2", "", "x"));
	expect("POST", APPS "quota/deployments", "", DEPLOYMENT("more", "1", "", "x"), 403,
	       "deployments.apps \\\"more\\\" is forbidden: exceeded quota: q, requested: "
	       "count/deployments.apps=1, used: count/deployments.apps=1, limited: "
	       "count/deployments.apps=1");
	UNTIL(APPS "quota/replicasets", "ReplicaFailure", "exceeded quota: q, requested: pods=1");
	UNTIL(CORE "quota/resourcequotas/q", "\"pods\":\"1\"}");
	expect("DELETE", APPS "quota/deployments/web?propagationPolicy=Background", "", "", 200, NULL);
	UNTIL(CORE "quota/resourcequotas/q", "\"used\":{\"count/deployments.apps\":\"0\",\"pods\":\"0\"}");
}

static void test_a_budget(void **state)
{
	static const char *const pods[] = { "db-0", "db-1" };

	(void)state;
	new_namespace("budget");
	POST(APPS "budget/statefulsets",
	     "{'metadata':{'name':'db'},'spec':{'replicas':2,'serviceName':'db'," SELECTOR TEMPLATE("x") "}}");
	POST("/apis/policy/v1/namespaces/budget/poddisruptionbudgets",
	     "{'metadata':{'name':'b'},'spec':{'minAvailable':'50%'," SELECTOR "'maxUnavailable':null}}");
	UNTIL("/apis/policy/v1/namespaces/budget/poddisruptionbudgets/b", "\"currentHealthy\":2",
	      "\"desiredHealthy\":1", "\"disruptionsAllowed\":1", "SufficientPods");
	for (int i = 0; i < 2; i++) {
		char path[96], body[96];

		snprintf(path, sizeof path, CORE "budget/pods/%s/eviction", pods[i]);
		/* as old clients say it, and as new ones do */
		snprintf(body, sizeof body, "{'apiVersion':'policy/%s','kind':'Eviction','metadata':{'name':'%s'}}",
			 i ? "v1" : "v1beta1", pods[i]);
		expect("POST", path, "", body, i ? 429 : 201,
		       i ? "The disruption budget b needs 1 healthy pods" : "Success");
	}
	UNTIL("/apis/policy/v1/namespaces/budget/poddisruptionbudgets/b", "\"disruptionsAllowed\":1");
}

static void test_a_node_that_is_cordoned(void **state)
{
	(void)state;
	new_namespace("cordon");
	UNTIL("/api/v1/nodes/rill-node", "KubeletReady", "\"spec\":{}");
	expect("PATCH", "/api/v1/nodes/rill-node", MERGE, "{'spec':{'unschedulable':true}}", 200, NULL);
	POST(APPS "cordon/deployments", DEPLOYMENT("web", "1", "", "x"));
	UNTIL(CORE "cordon/pods", "Unschedulable", "\"phase\":\"Pending\"");
	expect("PATCH", "/api/v1/nodes/rill-node", MERGE, "{'spec':{'unschedulable':null}}", 200, NULL);
	UNTIL(APPS "cordon/deployments/web", "\"availableReplicas\":1");
}

static void test_jobs_with_numbers(void **state)
{
	(void)state;
	new_namespace("jobs");
	POST(BATCH "jobs/jobs",
	     "{'metadata':{'name':'n'},'spec':{'completionMode':'Indexed','completions':3,'parallelism':2,"
	     "'template':{'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'sim-exit-0'}]}}}}");
	UNTIL(BATCH "jobs/jobs/n", "\"completedIndexes\":\"0-2\"", "\"succeeded\":3", "CompletionsReached");
	UNTIL(CORE "jobs/pods", "\"batch.kubernetes.io/job-completion-index\":\"2\"", "JOB_COMPLETION_INDEX",
	      "\"hostname\":\"n-2\"");
	POST(BATCH "jobs/jobs",
	     "{'metadata':{'name':'any'},'spec':{'template':{'metadata':{'annotations':{"
	     "'sim.rill.dev/ready-after':'10ms'}},'spec':{'restartPolicy':'OnFailure','containers':[{'name':"
	     "'c','image':'migrate:1'}]}}}}");
	UNTIL(BATCH "jobs/jobs/any", "CompletionsReached", "\"succeeded\":1");
	POST(BATCH "jobs/jobs",
	     "{'metadata':{'name':'f'},'spec':{'completionMode':'Indexed','completions':2,'parallelism':2,"
	     "'backoffLimitPerIndex':0,'template':{'spec':{'restartPolicy':'Never','containers':[{'name':"
	     "'c','image':'sim-exit-3'}]}}}}");
	UNTIL(BATCH "jobs/jobs/f", "\"failedIndexes\":\"0,1\"", "FailedIndexes");
}

/* 400 years and more are no nanoseconds that an int64 holds; others are not kept waiting by it. */
static void test_a_deadline_that_never_comes(void **state)
{
	(void)state;
	new_namespace("never");
	POST(BATCH "never/jobs",
	     "{'metadata':{'name':'n'},'spec':{'activeDeadlineSeconds':13000000000,'template':{'spec':{"
	     "'restartPolicy':'Never','containers':[{'name':'c','image':'x'}]}}}}");
	UNTIL(BATCH "never/jobs/n", "\"ready\":1");
	POST(APPS "never/deployments", DEPLOYMENT("web", "1", "", "x"));
	UNTIL(APPS "never/deployments/web", "NewReplicaSetAvailable");
}

static void test_a_job_that_waits(void **state)
{
	(void)state;
	new_namespace("waits");
	POST(BATCH "waits/jobs",
	     "{'metadata':{'name':'w'},'spec':{'suspend':true,'template':{'spec':{'restartPolicy':'Never',"
	     "'containers':[{'name':'c','image':'sim-exit-0'}]}}}}");
	UNTIL(BATCH "waits/jobs/w", "JobSuspended");
	expect("PATCH", BATCH "waits/jobs/w", MERGE, "{'spec':{'suspend':false}}", 200, NULL);
	UNTIL(BATCH "waits/jobs/w", "JobResumed", "CompletionsReached");
	UNTIL(CORE "waits/events", "Job suspended", "Job resumed");
}

static void test_a_replication_controller(void **state)
{
	(void)state;
	new_namespace("old");
	POST(CORE "old/replicationcontrollers",
	     "{'metadata':{'name':'rc'},'spec':{'replicas':2," TEMPLATE("x") "}}");
	UNTIL(CORE "old/replicationcontrollers/rc", "\"readyReplicas\":2", "\"availableReplicas\":2");
	UNTIL(CORE "old/events", "\"component\":\"replication-controller\"", "Created pod: rc-");
	expect("PATCH", CORE "old/replicationcontrollers/rc", MERGE, "{'spec':{'replicas':0}}", 200, NULL);
	UNTIL(CORE "old/pods", "\"items\":[]");
}

static void test_a_cron_job(void **state)
{
	(void)state;
	new_namespace("cron");
	POST(BATCH "cron/cronjobs",
	     "{'metadata':{'name':'c'},'spec':{'schedule':'0 0 1 1 *','concurrencyPolicy':'Forbid',"
	     "'jobTemplate':{'spec':{'template':{'spec':{'restartPolicy':'Never','containers':[{'name':'c',"
	     "'image':'sim-exit-0'}]}}}}}}");
	expect("PATCH", BATCH "cron/cronjobs/c/status", MERGE,
	       "{'status':{'lastScheduleTime':'2020-06-01T00:00:00Z'}}", 200, NULL);
	/* of all the years that were missed, the last one is made up for, once */
	UNTIL(BATCH "cron/jobs", "batch.kubernetes.io/cronjob-scheduled-timestamp", "-01-01T00:00:00Z",
	      "CompletionsReached");
	UNTIL(BATCH "cron/cronjobs/c", "-01-01T00:00:00Z", "lastSuccessfulTime");
	UNTIL(CORE "cron/events", "SuccessfulCreate", "Saw completed job: c-");
}

/* The name of a revision is the original's, down to the hash. */
static void test_a_stateful_set(void **state)
{
	(void)state;
	new_namespace("sets");
	POST("/apis/storage.k8s.io/v1/storageclasses", "{'metadata':{'name':'s'},'provisioner':'x.example.com'}");
	POST(APPS "sets/statefulsets",
	     "{'metadata':{'name':'db'},'spec':{'serviceName':'db','replicas':2,'selector':{'matchLabels':{"
	     "'a':'db'}},'template':{'metadata':{'labels':{'a':'db'}},'spec':{'containers':[{'name':'app',"
	     "'image':'db:1'}]}},'volumeClaimTemplates':[{'metadata':{'name':'d'},'spec':{'accessModes':["
	     "'ReadWriteOnce'],'storageClassName':'s','resources':{'requests':{'storage':'1Gi'}}}}]}}");
	UNTIL(APPS "sets/statefulsets/db", "\"currentRevision\":\"db-5495fbd7c7\"", "\"readyReplicas\":2");
	UNTIL(CORE "sets/persistentvolumeclaims", "\"name\":\"d-db-1\"", "\"phase\":\"Bound\"");
	expect("DELETE", CORE "sets/persistentvolumeclaims/d-db-1", "", "", 200, "deletionTimestamp");
	expect("PATCH", APPS "sets/statefulsets/db", MERGE, "{'spec':{'replicas':0}}", 200, NULL);
	UNTIL(CORE "sets/persistentvolumeclaims/d-db-1", "\"code\":404");
}

static void test_volumes_that_are_there(void **state)
{
	(void)state;
	new_namespace("volumes");
#define VOLUME(name, size) \
	"{'metadata':{'name':'" name "'},'spec':{'capacity':{'storage':'" size "'},'accessModes':["  \
	"'ReadWriteOnce'],'storageClassName':'own','hostPath':{'path':'/x'}}}"
	POST("/api/v1/persistentvolumes", VOLUME("large", "9Gi"));
	POST("/api/v1/persistentvolumes", VOLUME("fits", "2Gi"));
	POST("/api/v1/persistentvolumes", VOLUME("small", "500Mi"));
	UNTIL("/api/v1/persistentvolumes/fits", "Available");
	POST(CORE "volumes/persistentvolumeclaims",
	     "{'metadata':{'name':'c'},'spec':{'accessModes':['ReadWriteOnce'],'storageClassName':'own',"
	     "'resources':{'requests':{'storage':'1Gi'}}}}");
	UNTIL(CORE "volumes/persistentvolumeclaims/c", "\"volumeName\":\"fits\"", "\"phase\":\"Bound\"");
	UNTIL("/api/v1/persistentvolumes/fits", "\"phase\":\"Bound\"");
	expect("DELETE", CORE "volumes/persistentvolumeclaims/c", "", "", 200, NULL);
	UNTIL("/api/v1/persistentvolumes/fits", "\"phase\":\"Released\"");
}

#define CLAIM(name, class) \
	"{'metadata':{'name':'" name "'},'spec':{'accessModes':['ReadWriteOnce']," class \
	"'resources':{'requests':{'storage':'1Gi'}}}}"
#define CLASSES "/apis/storage.k8s.io/v1/storageclasses"

/* What comes too late is as good. */
static void test_claims_that_wait(void **state)
{
	(void)state;
	new_namespace("claims");
	POST(CORE "claims/persistentvolumeclaims", CLAIM("none", ""));
	POST(CORE "claims/persistentvolumeclaims", CLAIM("unknown", "'storageClassName':'later',"));
	UNTIL(CORE "claims/events", "no persistent volumes available for this claim and no storage class is set",
	      "storageclass.storage.k8s.io \\\"later\\\" not found", "ProvisioningFailed");
	expect("GET", CORE "claims/persistentvolumeclaims/unknown", "", "", 200, "\"phase\":\"Pending\"");
	POST(CLASSES, "{'metadata':{'name':'later','annotations':{'storageclass.kubernetes.io/is-default-class':"
		      "'true'}},'provisioner':'x.example.com'}");
	UNTIL(CORE "claims/persistentvolumeclaims/unknown", "\"phase\":\"Bound\"");
	UNTIL(CORE "claims/persistentvolumeclaims/none", "\"phase\":\"Bound\"", "\"storageClassName\":\"later\"");

	POST(CLASSES, "{'metadata':{'name':'lazy'},'provisioner':'x.example.com',"
		      "'volumeBindingMode':'WaitForFirstConsumer'}");
	POST(CORE "claims/persistentvolumeclaims", CLAIM("lazy", "'storageClassName':'lazy',"));
	UNTIL(CORE "claims/events", "waiting for first consumer to be created before binding");
	POST(CORE "claims/pods", "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'x'}],"
				 "'volumes':[{'name':'v','persistentVolumeClaim':{'claimName':'lazy'}}]}}");
	UNTIL(CORE "claims/persistentvolumeclaims/lazy", "\"phase\":\"Bound\"");
	expect("DELETE", CLASSES "/later", "", "", 200, NULL);
}

#define LEASE "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/rill-node"

/* As a start finds the node when the last one was killed before the kubelet was ready. */
static void test_the_node_is_made_ready(void **state)
{
	(void)state;
	UNTIL(LEASE, "\"holderIdentity\":\"rill-node\"", "\"leaseDurationSeconds\":40", "\"kind\":\"Node\"");
	expect("PATCH", "/api/v1/nodes/rill-node", MERGE,
	       "{'spec':{'taints':[{'key':'node.kubernetes.io/not-ready','effect':'NoSchedule'},"
	       "{'key':'mine','effect':'NoSchedule'}]}}", 200, NULL);
	UNTIL("/api/v1/nodes/rill-node", "\"taints\":[{\"effect\":\"NoSchedule\",\"key\":\"mine\"}]");
	expect("PATCH", "/api/v1/nodes/rill-node", MERGE, "{'spec':{'taints':null}}", 200, NULL);
	expect("DELETE", LEASE, "", "", 200, NULL);
	UNTIL(LEASE, "\"uid\"");
}

static void test_what_is_said_without_metrics(void **state)
{
	(void)state;
	new_namespace("scaling");
	POST("/apis/autoscaling/v2/namespaces/scaling/horizontalpodautoscalers",
	     "{'metadata':{'name':'h'},'spec':{'maxReplicas':3,'scaleTargetRef':{'apiVersion':'apps/v1',"
	     "'kind':'Deployment','name':'web'}}}");
	UNTIL("/apis/autoscaling/v2/namespaces/scaling/horizontalpodautoscalers/h", "FailedGetScale");
	POST(APPS "scaling/deployments", DEPLOYMENT("web", "1", "", "x"));
	UNTIL("/apis/autoscaling/v2/namespaces/scaling/horizontalpodautoscalers/h", "SucceededGetScale",
	      "FailedGetResourceMetric", "\"currentReplicas\":1");
}

/* An ECDSA key's request for CN=u, O=g, in PEM and that in base64. */
#define CSR \
	"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIU01Ib0NBUUF3R0RFS01BZ0dBMVVF" \
	"QXd3QmRURUtNQWdHQTFVRUNnd0JaekJaTUJNR0J5cUdTTTQ5QWdFRwpDQ3FHU000OUF3RUhBMElBQlA5" \
	"cDAzeDlDL0dqd2NtMnB6NGhwVy83YzVTYlRlL2pFOGZkWEc0cjJGY1RxdFQrCmtYZUR4THNEMFg5T0ZR" \
	"WmMxYk15ZVp3dm4ySWlQclV0MXFxQ0JHeWdBREFLQmdncWhrak9QUVFEQWdOSUFEQkYKQWlCK3VjYVhS" \
	"WEI1VFZDaDgwc0phNFBJYVdWUU94SU1FdGUyTnlzWHBWOGVUUUloQVBkb2xpNGhEQStROTAxdwp0MkNs" \
	"Z2ZKRk9XV1FvV21TcFEySllGUE1FOUxzCi0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo="
#define CSRS "/apis/certificates.k8s.io/v1/certificatesigningrequests"

static void test_a_request_that_is_approved(void **state)
{
	(void)state;
	POST(CSRS, "{'metadata':{'name':'u'},'spec':{'request':'" CSR "','signerName':'a.b/c','usages':["
		   "'client auth']}}");
	expect("PATCH", CSRS "/u/status", MERGE, "{'status':{'conditions':[{'type':'Approved','status':"
						  "'True'}]}}",
	       422, "updates may not add a condition of type");
	expect("PATCH", CSRS "/u/approval", MERGE,
	       "{'spec':{'usages':['any']},'status':{'conditions':[{'type':'Approved','status':'True'}]}}", 200,
	       "\"lastTransitionTime\":\"");
	expect("GET", CSRS "/u", "", "", 200, "\"usages\":[\"client auth\"]");
	expect("PATCH", CSRS "/u/approval", MERGE, "{'status':{'conditions':null}}", 422,
	       "updates may not remove a condition of type");
}

static void test_a_token_in_a_secret(void **state)
{
	(void)state;
	new_namespace("tokens");
	POST(CORE "tokens/secrets",
	     "{'metadata':{'name':'t','annotations':{'kubernetes.io/service-account.name':'default'}},"
	     "'type':'kubernetes.io/service-account-token'}");
	UNTIL(CORE "tokens/secrets/t", "\"token\":\"", "\"ca.crt\":\"", "\"namespace\":\"dG9rZW5z\"",
	      "kubernetes.io/service-account.uid");
	expect("DELETE", CORE "tokens/serviceaccounts/default", "", "", 200, NULL);
	UNTIL(CORE "tokens/secrets/t", "\"code\":404");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_deployment_rolls),
		cmocka_unit_test(test_a_deployment_that_gets_nowhere),
		cmocka_unit_test(test_a_quota),
		cmocka_unit_test(test_a_budget),
		cmocka_unit_test(test_a_node_that_is_cordoned),
		cmocka_unit_test(test_jobs_with_numbers),
		cmocka_unit_test(test_a_deadline_that_never_comes),
		cmocka_unit_test(test_a_job_that_waits),
		cmocka_unit_test(test_a_replication_controller),
		cmocka_unit_test(test_a_cron_job),
		cmocka_unit_test(test_a_stateful_set),
		cmocka_unit_test(test_volumes_that_are_there),
		cmocka_unit_test(test_claims_that_wait),
		cmocka_unit_test(test_the_node_is_made_ready),
		cmocka_unit_test(test_what_is_said_without_metrics),
		cmocka_unit_test(test_a_request_that_is_approved),
		cmocka_unit_test(test_a_token_in_a_secret),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
