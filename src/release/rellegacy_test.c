#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/die.h"
#include "release/rellegacy.h"
#include "value/yaml.h"

static node read(struct arena *a, const char *yaml)
{
	node n;
	err *e = yaml_read(a, str_c(yaml), YAML_KUBE, &n);

	if (e)
		fail_msg("%s", err_msg(e));
	return n;
}

static const struct {
	const char *object;
	bool ready;
	enum rellegacy_more more;
} rules[] = {
	{ "{apiVersion: v1, kind: ConfigMap}", true, RELLEGACY_NOTHING },
	{ "{apiVersion: v1, kind: Pod}", false, RELLEGACY_NOTHING },
	{ "{apiVersion: v1, kind: Pod, status: {conditions: [{type: Ready, status: 'True'}]}}", true,
	  RELLEGACY_NOTHING },
	{ "{apiVersion: apps/v1, kind: Deployment, spec: {paused: true}}", true, RELLEGACY_NOTHING },
	{ "{apiVersion: apps/v1, kind: Deployment, spec: {}}", true, RELLEGACY_REPLICA_SETS },
	{ "{apiVersion: v1, kind: PersistentVolumeClaim, status: {phase: Pending}}", false,
	  RELLEGACY_NOTHING },
	{ "{apiVersion: v1, kind: PersistentVolumeClaim, status: {phase: Bound}}", true,
	  RELLEGACY_NOTHING },
	{ "{apiVersion: v1, kind: Service, spec: {type: ExternalName}}", true, RELLEGACY_NOTHING },
	{ "{apiVersion: v1, kind: Service, spec: {type: ClusterIP}}", false, RELLEGACY_NOTHING },
	{ "{apiVersion: v1, kind: Service, spec: {type: LoadBalancer, clusterIP: 1.2.3.4}}", false,
	  RELLEGACY_NOTHING },
	{ "{apiVersion: v1, kind: Service, spec: {type: LoadBalancer, clusterIP: 1.2.3.4, "
	  "externalIPs: [5.6.7.8]}}",
	  true, RELLEGACY_NOTHING },
	{ "{apiVersion: v1, kind: Service, spec: {type: LoadBalancer, clusterIP: 1.2.3.4}, "
	  "status: {loadBalancer: {ingress: [{ip: 5.6.7.8}]}}}",
	  true, RELLEGACY_NOTHING },
	{ "{apiVersion: apps/v1, kind: DaemonSet, metadata: {generation: 2}, spec: {updateStrategy: "
	  "{type: RollingUpdate, rollingUpdate: {maxUnavailable: 1}}}, status: {observedGeneration: 2, "
	  "desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberReady: 2}}",
	  true, RELLEGACY_NOTHING },
	{ "{apiVersion: apps/v1, kind: DaemonSet, metadata: {generation: 2}, spec: {updateStrategy: "
	  "{type: RollingUpdate, rollingUpdate: {maxUnavailable: 10%}}}, status: {observedGeneration: "
	  "2, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberReady: 1}}",
	  false, RELLEGACY_NOTHING },
	{ "{apiVersion: apps/v1, kind: DaemonSet, metadata: {generation: 2}, spec: {updateStrategy: "
	  "{type: OnDelete}}, status: {observedGeneration: 2}}",
	  true, RELLEGACY_NOTHING },
	{ "{apiVersion: apps/v1, kind: StatefulSet, metadata: {generation: 1}, spec: {replicas: 3, "
	  "updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}}, status: "
	  "{observedGeneration: 1, updatedReplicas: 1, readyReplicas: 3, currentRevision: a, "
	  "updateRevision: b}}",
	  true, RELLEGACY_NOTHING },
	{ "{apiVersion: apps/v1, kind: StatefulSet, metadata: {generation: 1}, spec: {updateStrategy: "
	  "{type: RollingUpdate}}, status: {observedGeneration: 1, updatedReplicas: 1, readyReplicas: "
	  "1, currentRevision: a, updateRevision: b}}",
	  false, RELLEGACY_NOTHING },
	{ "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {generation: 2}, status: "
	  "{observedGeneration: 1}}",
	  false, RELLEGACY_NOTHING },
	{ "{apiVersion: v1, kind: ReplicationController, metadata: {generation: 1}, status: "
	  "{observedGeneration: 1}}",
	  true, RELLEGACY_PODS },
	{ "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, status: {conditions: "
	  "[{type: NamesAccepted, status: 'False'}]}}",
	  true, RELLEGACY_NOTHING },
	{ "{apiVersion: batch/v1, kind: Job, spec: {completions: 2, backoffLimit: 1}, status: "
	  "{succeeded: 1}}",
	  false, RELLEGACY_NOTHING },
};

static void test_rules_of_kinds(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		enum rellegacy_more more;
		bool ready;

		assert_null(rellegacy_judge(read(&a, rules[i].object), true, &ready, &more));
		if (ready != rules[i].ready || more != rules[i].more)
			fail_msg("%s: %d, %d", rules[i].object, ready, more);
	}
}

static void test_a_job_that_failed_ends_the_wait(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node job = read(&a, "{apiVersion: batch/v1, kind: Job, metadata: {namespace: ns, name: j}, "
			    "spec: {backoffLimit: 1}, status: {failed: 2}}");
	enum rellegacy_more more;
	bool ready;
	CLEANUP(err_drop) err *e = rellegacy_judge(job, true, &ready, &more);

	(void)state;
	assert_string_equal(err_msg(e), "job is failed: ns/j");
	assert_null(rellegacy_judge(job, false, &ready, &more));
	assert_true(ready);
}

#define SET(hash, ready)                                                                           \
	"{metadata: {generation: 1, ownerReferences: [{controller: true, uid: u}]}, spec: "        \
	"{template: {metadata: {labels: {app: a, pod-template-hash: " hash                         \
	"}}, spec: {x: 1}}}, status: {observedGeneration: 1, readyReplicas: " ready "}}"

static const struct {
	const char *strategy, *sets;
	bool ready;
} deployments[] = {
	{ "{type: RollingUpdate, rollingUpdate: {maxUnavailable: 25%}}", "[" SET("h", "3") "]", true },
	{ "{type: RollingUpdate, rollingUpdate: {maxUnavailable: 25%}}", "[" SET("h", "2") "]", false },
	{ "{type: RollingUpdate, rollingUpdate: {maxUnavailable: 0, maxSurge: 0}}",
	  "[" SET("h", "3") "]", true },
	{ "{type: Recreate}", "[" SET("h", "3") "]", false },
	{ "{type: Recreate}", "[" SET("h", "4") "]", true },
	{ "{type: Recreate}", "[]", false },
};

static void test_deployments_by_their_newest_replica_set(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof deployments / sizeof *deployments; i++) {
		str d = arena_printf(&a,
				     "{metadata: {uid: u, generation: 1}, spec: {replicas: 4, template: "
				     "{metadata: {labels: {app: a}}, spec: {x: 1}}, strategy: %s}, "
				     "status: {observedGeneration: 1}}",
				     deployments[i].strategy);

		if (rellegacy_deployment(&a, read(&a, d.p), read(&a, deployments[i].sets)) !=
		    deployments[i].ready)
			fail_msg("%s, %s", deployments[i].strategy, deployments[i].sets);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_of_kinds),
		cmocka_unit_test(test_a_job_that_failed_ends_the_wait),
		cmocka_unit_test(test_deployments_by_their_newest_replica_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
