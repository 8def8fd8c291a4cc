#include "kube/health.h"

#include "base/clock.h"
#include "base/vec.h"
#include "kube/gvk.h"
#include "text/gotime.h"

/* How long a Pod may wait for a node before it counts as failed. */
#define SCHEDULE_WINDOW (15 * CLOCK_SECOND)
/* A Deployment with this deadline has none: its controller never says Progressing. */
enum { NO_DEADLINE = INT32_MAX };

str health_name(enum health_status status)
{
	switch (status) {
	case HEALTH_IN_PROGRESS:
		return S("InProgress");
	case HEALTH_FAILED:
		return S("Failed");
	case HEALTH_CURRENT:
		return S("Current");
	case HEALTH_TERMINATING:
		return S("Terminating");
	case HEALTH_NOT_FOUND:
		return S("NotFound");
	case HEALTH_UNKNOWN:
		break;
	}
	return S("Unknown");
}

node health_condition(node object, str type)
{
	node_each_item(c, node_dig(object, "status", "conditions"))
		if (str_eq(node_str(node_get(*c, S("type"))), type))
			return *c;
	return NODE_NOTHING;
}

static bool is_status(node condition, str status)
{
	return str_eq(node_str(node_get(condition, S("status"))), status);
}

bool health_condition_is_true(node object, str type)
{
	return is_status(health_condition(object, type), S("True"));
}

/* ---- answers ----------------------------------------------------------- */

static struct health in_progress(str reason, str message)
{
	return (struct health){ HEALTH_IN_PROGRESS, reason, message };
}

static struct health failed(str reason, str message)
{
	return (struct health){ HEALTH_FAILED, reason, message };
}

static struct health current(str message)
{
	return (struct health){ HEALTH_CURRENT, STR_NONE, message };
}

static struct health of_condition(enum health_status status, node condition)
{
	return (struct health){ status, node_str(node_get(condition, S("reason"))),
				node_str(node_get(condition, S("message"))) };
}

static int64_t number(node object, const char *part, const char *field, int64_t fallback)
{
	node n = node_dig(object, part, field);

	return node_is_num(n) ? node_int(n) : fallback;
}

static str kind_name(node object)
{
	return node_str(node_get(object, S("kind")));
}

/* ---- counting kinds ---------------------------------------------------- */

/* `fewer` must not be below `more`: else "WORDS: fewer/more". */
struct count_rule {
	int64_t more, fewer;
	const char *reason, *words;
};

/* The first rule that does not hold. */
static bool miscounts(struct arena *a, const struct count_rule *rules, size_t n, struct health *out)
{
	for (size_t i = 0; i < n; i++) {
		if (rules[i].more <= rules[i].fewer)
			continue;
		*out = in_progress(str_c(rules[i].reason),
				   arena_printf(a, "%s: %lld/%lld", rules[i].words,
						(long long)rules[i].fewer,
						(long long)rules[i].more));
		return true;
	}
	return false;
}
#define MISCOUNTS(a, out, ...)                                                       \
	miscounts((a), (const struct count_rule[]){ __VA_ARGS__ },                   \
		  sizeof((const struct count_rule[]){ __VA_ARGS__ }) /               \
			  sizeof(struct count_rule),                                 \
		  (out))

static bool has_surplus(struct arena *a, int64_t is, int64_t wanted, struct health *out)
{
	if (is <= wanted)
		return false;
	*out = in_progress(S("ExtraPods"), arena_printf(a, "Pending termination: %lld",
							(long long)(is - wanted)));
	return true;
}

static str all_scheduled(struct arena *a, int64_t n)
{
	return arena_printf(a, "All replicas scheduled as expected. Replicas: %lld", (long long)n);
}

static err *of_stateful_set(struct arena *a, node o, int64_t now, struct health *out)
{
	int64_t wanted = number(o, "spec", "replicas", 1), is = number(o, "status", "replicas", 0);
	int64_t updated = number(o, "status", "updatedReplicas", 0);
	node strategy = node_dig(o, "spec", "updateStrategy");
	node partition = node_dig(strategy, "rollingUpdate", "partition");

	(void)now;
	if (str_eq(node_str(node_get(strategy, S("type"))), S("OnDelete"))) {
		*out = current(S("StatefulSet is using the ondelete update strategy"));
		return NULL;
	}
	if (MISCOUNTS(a, out, { wanted, is, "LessReplicas", "Replicas" },
		      { wanted, number(o, "status", "readyReplicas", 0), "LessReady", "Ready" }) ||
	    has_surplus(a, is, wanted, out))
		return NULL;
	if (node_is_num(partition)) {
		if (!MISCOUNTS(a, out,
			       { wanted - node_int(partition), updated, "PartitionRollout",
				 "updated" }))
			*out = current(arena_printf(a, "Partition rollout complete. updated: %lld",
						    (long long)updated));
		return NULL;
	}
	if (MISCOUNTS(a, out, { wanted, number(o, "status", "currentReplicas", 0), "LessCurrent",
				"current" }))
		return NULL;
	if (!str_eq(node_str(node_dig(o, "status", "currentRevision")),
		    node_str(node_dig(o, "status", "updateRevision"))))
		*out = in_progress(S("RevisionMismatch"),
				   S("Waiting for updated revision to match current"));
	else
		*out = current(all_scheduled(a, is));
	return NULL;
}

static err *of_deployment(struct arena *a, node o, int64_t now, struct health *out)
{
	node progressing = health_condition(o, S("Progressing"));
	str reason = node_str(node_get(progressing, S("reason")));
	bool deadline = number(o, "spec", "progressDeadlineSeconds", NO_DEADLINE) != NO_DEADLINE;
	int64_t wanted = number(o, "spec", "replicas", 1), is = number(o, "status", "replicas", 0);
	int64_t updated = number(o, "status", "updatedReplicas", 0);

	(void)now;
	if (str_eq(reason, S("ProgressDeadlineExceeded"))) {
		*out = failed(reason, S("Progress deadline exceeded"));
		return NULL;
	}
	if (MISCOUNTS(a, out, { wanted, is, "LessReplicas", "Replicas" },
		      { wanted, updated, "LessUpdated", "Updated" }) ||
	    has_surplus(a, is, wanted, out) ||
	    MISCOUNTS(a, out,
		      { updated, number(o, "status", "availableReplicas", 0), "LessAvailable",
			"Available" },
		      { wanted, number(o, "status", "readyReplicas", 0), "LessReady", "Ready" }))
		return NULL;
	if (deadline && !(is_status(progressing, S("True")) &&
			  str_eq(reason, S("NewReplicaSetAvailable"))))
		*out = in_progress(S("ReplicaSetNotAvailable"), S("ReplicaSet not Available"));
	else if (!health_condition_is_true(o, S("Available")))
		*out = in_progress(S("DeploymentNotAvailable"), S("Deployment not Available"));
	else
		*out = current(arena_printf(a, "Deployment is available. Replicas: %lld",
					    (long long)is));
	return NULL;
}

static err *of_replica_set(struct arena *a, node o, int64_t now, struct health *out)
{
	int64_t wanted = number(o, "spec", "replicas", 1), is = number(o, "status", "replicas", 0);

	(void)now;
	if (health_condition_is_true(o, S("ReplicaFailure"))) {
		*out = in_progress(S("ReplicaFailure"),
				   S("Replica Failure condition. Check Pods"));
		return NULL;
	}
	if (!MISCOUNTS(a, out,
		       { wanted, number(o, "status", "fullyLabeledReplicas", 0), "LessLabelled",
			 "Labelled" },
		       { wanted, number(o, "status", "availableReplicas", 0), "LessAvailable",
			 "Available" },
		       { wanted, number(o, "status", "readyReplicas", 0), "LessReady", "Ready" }) &&
	    !has_surplus(a, is, wanted, out))
		*out = current(arena_printf(a, "ReplicaSet is available. Replicas: %lld",
					    (long long)is));
	return NULL;
}

static err *of_daemon_set(struct arena *a, node o, int64_t now, struct health *out)
{
	int64_t wanted = number(o, "status", "desiredNumberScheduled", -1);
	static const struct {
		const char *part, *field, *reason;
	} needed[] = {
		{ "metadata", "generation", "NoGeneration" },
		{ "status", "observedGeneration", "NoObservedGeneration" },
	};

	(void)now;
	for (size_t i = 0; i < 2; i++)
		if (!node_is_num(node_dig(o, needed[i].part, needed[i].field))) {
			*out = in_progress(str_c(needed[i].reason),
					   arena_printf(a, "%.*s %s.%s not found",
							STR_ARG(kind_name(o)), needed[i].part,
							needed[i].field));
			return NULL;
		}
	if (wanted == -1)
		*out = in_progress(S("NoDesiredNumber"),
				   S("Missing .status.desiredNumberScheduled"));
	else if (!MISCOUNTS(a, out,
			    { wanted, number(o, "status", "currentNumberScheduled", 0),
			      "LessCurrent", "Current" },
			    { wanted, number(o, "status", "updatedNumberScheduled", 0),
			      "LessUpdated", "Updated" },
			    { wanted, number(o, "status", "numberAvailable", 0), "LessAvailable",
			      "Available" },
			    { wanted, number(o, "status", "numberReady", 0), "LessReady",
			      "Ready" }))
		*out = current(all_scheduled(a, wanted));
	return NULL;
}

/* ---- the others -------------------------------------------------------- */

static err *of_always_ready(struct arena *a, node o, int64_t now, struct health *out)
{
	(void)a;
	(void)o;
	(void)now;
	*out = current(S("Resource is always ready"));
	return NULL;
}

static err *of_claim(struct arena *a, node o, int64_t now, struct health *out)
{
	str phase = node_str_or(node_dig(o, "status", "phase"), S("unknown"));

	(void)now;
	*out = str_eq(phase, S("Bound"))
		       ? current(S("PVC is Bound"))
		       : in_progress(S("NotBound"),
				     arena_cat(a, S("PVC is not Bound. phase: "), phase));
	return NULL;
}

/* Names of the containers that crash again and again, joined by commas. */
static str crashing(struct arena *a, node pod)
{
	VEC(str) names = { 0 };

	node_each_item(s, node_dig(pod, "status", "containerStatuses"))
		if (str_eq(node_str(node_dig(*s, "state", "waiting", "reason")),
			   S("CrashLoopBackOff")))
			avec_push(a, &names, node_str(node_get(*s, S("name"))));
	return arena_join(a, names.p, names.n, S(","));
}

static struct health of_running(struct arena *a, node pod)
{
	str names;

	if (health_condition_is_true(pod, S("Ready")))
		return current(S("Pod is Ready"));
	names = crashing(a, pod);
	if (names.n)
		return failed(S("ContainerCrashLooping"),
			      arena_cat(a, S("Containers in CrashLoop state: "), names));
	return in_progress(S("PodRunningNotReady"), S("Pod is running but is not Ready"));
}

static bool is_new(node pod, int64_t now)
{
	struct gotime t;
	err *e = gotime_parse(&t, GOTIME_RFC3339,
			      node_str(node_dig(pod, "metadata", "creationTimestamp")), NULL);

	err_free(e);
	return !e && now - SCHEDULE_WINDOW < clock_seconds(t.sec);
}

static struct health of_pending(node pod, int64_t now)
{
	node scheduled = health_condition(pod, S("PodScheduled"));

	if (!is_status(scheduled, S("False")) ||
	    !str_eq(node_str(node_get(scheduled, S("reason"))), S("Unschedulable")))
		return in_progress(S("PodPending"), S("Pod is in the Pending phase"));
	if (is_new(pod, now))
		return in_progress(S("PodNotScheduled"), S("Pod has not been scheduled"));
	return failed(S("PodUnschedulable"), S("Pod could not be scheduled"));
}

static err *of_pod(struct arena *a, node o, int64_t now, struct health *out)
{
	str phase = node_str(node_dig(o, "status", "phase"));

	if (str_eq(phase, S("Succeeded")))
		*out = current(S("Pod has completed successfully"));
	else if (str_eq(phase, S("Failed")))
		*out = current(S("Pod has completed, but not successfully"));
	else if (str_eq(phase, S("Running")))
		*out = of_running(a, o);
	else if (str_eq(phase, S("Pending")))
		*out = of_pending(o, now);
	else if (!phase.n)
		*out = in_progress(S("PodNotObserved"), S("Pod phase not available"));
	else
		return err_new(ERR_INVALID, "unknown phase %.*s", STR_ARG(phase));
	return NULL;
}

static err *of_budget(struct arena *a, node o, int64_t now, struct health *out)
{
	(void)a;
	(void)o;
	(void)now;
	*out = current(S("AllowedDisruptions has been computed."));
	return NULL;
}

static err *of_job(struct arena *a, node o, int64_t now, struct health *out)
{
	int64_t completions =
		number(o, "spec", "completions", number(o, "spec", "parallelism", 1));
	int64_t succeeded = number(o, "status", "succeeded", 0);
	int64_t active = number(o, "status", "active", 0), bad = number(o, "status", "failed", 0);

	(void)now;
	if (health_condition_is_true(o, S("Complete")))
		*out = current(arena_printf(a, "Job Completed. succeeded: %lld/%lld",
					    (long long)succeeded, (long long)completions));
	else if (health_condition_is_true(o, S("Failed")))
		*out = failed(S("JobFailed"), arena_printf(a, "Job Failed. failed: %lld/%lld",
							   (long long)bad, (long long)completions));
	else if (!node_str(node_dig(o, "status", "startTime")).n)
		*out = in_progress(S("JobNotStarted"), S("Job not started"));
	else
		*out = current(arena_printf(
			a, "Job in progress. success:%lld, active: %lld, failed: %lld",
			(long long)succeeded, (long long)active, (long long)bad));
	return NULL;
}

static err *of_service(struct arena *a, node o, int64_t now, struct health *out)
{
	(void)a;
	(void)now;
	if (str_eq(node_str(node_dig(o, "spec", "type")), S("LoadBalancer")) &&
	    !node_str(node_dig(o, "spec", "clusterIP")).n)
		*out = in_progress(S("NoIPAssigned"),
				   S("ClusterIP not set. Service type: LoadBalancer"));
	else
		*out = current(S("Service is ready"));
	return NULL;
}

static err *of_definition(struct arena *a, node o, int64_t now, struct health *out)
{
	(void)a;
	(void)now;
	node_each_item(c, node_dig(o, "status", "conditions")) {
		str type = node_str(node_get(*c, S("type")));

		if (str_eq(type, S("NamesAccepted")) && is_status(*c, S("False"))) {
			*out = of_condition(HEALTH_FAILED, *c);
			return NULL;
		}
		if (!str_eq(type, S("Established")))
			continue;
		if (is_status(*c, S("True"))) {
			*out = current(S("CRD is established"));
			return NULL;
		}
		if (is_status(*c, S("False")) &&
		    !str_eq(node_str(node_get(*c, S("reason"))), S("Installing"))) {
			*out = of_condition(HEALTH_FAILED, *c);
			return NULL;
		}
	}
	*out = in_progress(S("Installing"), S("Install in progress"));
	return NULL;
}

/* ---- the rules of the kinds -------------------------------------------- */

static const struct kind_rule {
	str group, kind;
	err *(*of)(struct arena *a, node o, int64_t now, struct health *out);
} kind_rules[] = {
	{ S(""), S("ConfigMap"), of_always_ready },
	{ S(""), S("PersistentVolumeClaim"), of_claim },
	{ S(""), S("Pod"), of_pod },
	{ S(""), S("Secret"), of_always_ready },
	{ S(""), S("Service"), of_service },
	{ S("apiextensions.k8s.io"), S("CustomResourceDefinition"), of_definition },
	{ S("apps"), S("DaemonSet"), of_daemon_set },
	{ S("apps"), S("Deployment"), of_deployment },
	{ S("apps"), S("ReplicaSet"), of_replica_set },
	{ S("apps"), S("StatefulSet"), of_stateful_set },
	{ S("batch"), S("CronJob"), of_always_ready },
	{ S("batch"), S("Job"), of_job },
	{ S("extensions"), S("DaemonSet"), of_daemon_set },
	{ S("extensions"), S("Deployment"), of_deployment },
	{ S("extensions"), S("ReplicaSet"), of_replica_set },
	{ S("policy"), S("PodDisruptionBudget"), of_budget },
};

/* What holds for every kind: true when it settles the question. */
static bool is_settled(struct arena *a, node o, struct health *out)
{
	node generation = node_dig(o, "metadata", "generation");
	node observed = node_dig(o, "status", "observedGeneration");

	if (node_str(node_dig(o, "metadata", "deletionTimestamp")).n) {
		*out = (struct health){ HEALTH_TERMINATING, STR_NONE,
					S("Resource scheduled for deletion") };
		return true;
	}
	if (node_is_num(generation) && node_is_num(observed) &&
	    node_int(generation) != node_int(observed)) {
		*out = in_progress(
			S("LatestGenerationNotObserved"),
			arena_printf(
				a,
				"%.*s generation is %lld, but latest observed generation is %lld",
				STR_ARG(kind_name(o)), (long long)node_int(generation),
				(long long)node_int(observed)));
		return true;
	}
	node_each_item(c, node_dig(o, "status", "conditions")) {
		str type = node_str(node_get(*c, S("type")));
		bool stalled = str_eq(type, S("Stalled"));

		if ((stalled || str_eq(type, S("Reconciling"))) && is_status(*c, S("True"))) {
			*out = of_condition(stalled ? HEALTH_FAILED : HEALTH_IN_PROGRESS, *c);
			return true;
		}
	}
	return false;
}

/* The first Ready condition that has one of the three statuses. */
static struct health by_ready(node object)
{
	node_each_item(c, node_dig(object, "status", "conditions")) {
		if (!str_eq(node_str(node_get(*c, S("type"))), S("Ready")))
			continue;
		if (is_status(*c, S("True")))
			return current(S("Resource is Ready"));
		if (is_status(*c, S("False")) || is_status(*c, S("Unknown")))
			return of_condition(HEALTH_IN_PROGRESS, *c);
	}
	return current(S("Resource is current"));
}

err *health_kstatus(struct arena *a, node object, int64_t now, struct health *out)
{
	struct gvk g = gvk_of(object);

	if (is_settled(a, object, out))
		return NULL;
	for (size_t i = 0; i < sizeof kind_rules / sizeof *kind_rules; i++)
		if (str_eq(kind_rules[i].kind, g.kind) && str_eq(kind_rules[i].group, g.group))
			return kind_rules[i].of(a, object, now, out);
	*out = by_ready(object);
	return NULL;
}

/* The rule of fluxcd/pkg/runtime/statusreaders: nothing but the suspension, the conditions and
 * the beginning counts, not even a deletion. */
static err *of_job_until_done(struct arena *a, node o, int64_t now, struct health *out)
{
	if (node_bool(node_dig(o, "spec", "suspend"))) {
		*out = current(S("Job is suspended"));
		return NULL;
	}
	if (health_condition_is_true(o, S("Complete")) || health_condition_is_true(o, S("Failed")))
		return of_job(a, o, now, out);
	if (!node_str(node_dig(o, "status", "startTime")).n) {
		*out = in_progress(S("JobNotStarted"),
				   arena_printf(a, "Job not started. active: 0/%lld",
						(long long)number(o, "spec", "parallelism", 1)));
		return NULL;
	}
	TRY(of_job(a, o, now, out));
	*out = in_progress(S("JobInProgress"), out->message);
	return NULL;
}

bool health_is_job(str group, str kind)
{
	return str_eq(kind, S("Job")) && str_eq(group, S("batch"));
}

err *health_of(struct arena *a, node object, int64_t now, struct health *out)
{
	struct gvk g = gvk_of(object);

	return health_is_job(g.group, g.kind)
		       ? of_job_until_done(a, object, now, out)
		       : health_kstatus(a, object, now, out);
}
