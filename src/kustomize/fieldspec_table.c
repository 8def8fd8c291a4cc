/* The fields that kustomize 5.8 touches without being told. */
#include "kustomize/fieldspec.h"

#define TEXT(s) { s, sizeof(s) - 1 }
#define SPEC(group, version, kind, path, create) \
	{ { TEXT(group), TEXT(version), TEXT(kind) }, TEXT(path), create },
#define ANY(path, create) SPEC("", "", "", path, create)
#define KIND(kind, path, create) SPEC("", "", kind, path, create)

#define LABELS(under, create)                                                     \
	ANY("metadata/" under, create)                                            \
	SPEC("", "v1", "ReplicationController", "spec/template/metadata/" under, create) \
	KIND("Deployment", "spec/template/metadata/" under, create)               \
	KIND("ReplicaSet", "spec/template/metadata/" under, create)               \
	KIND("DaemonSet", "spec/template/metadata/" under, create)

#define JOB_LABELS(under, create)                                                          \
	SPEC("batch", "", "Job", "spec/template/metadata/" under, create)                  \
	SPEC("batch", "", "CronJob", "spec/jobTemplate/metadata/" under, create)           \
	SPEC("batch", "", "CronJob", "spec/jobTemplate/spec/template/metadata/" under, create)

#define METADATA_LABELS                                                     \
	LABELS("labels", true)                                              \
	SPEC("apps", "", "StatefulSet", "spec/template/metadata/labels", true) \
	JOB_LABELS("labels", true)

#define CLAIM_LABELS SPEC("apps", "", "StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", true)

#define AFFINITY "spec/template/spec/affinity/"
#define PREFERRED "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels"
#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels"
#define POD_SELECTORS(kind)                                                                   \
	SPEC("apps", "", kind, AFFINITY "podAffinity/" PREFERRED, false)                      \
	SPEC("apps", "", kind, AFFINITY "podAffinity/" REQUIRED, false)                       \
	SPEC("apps", "", kind, AFFINITY "podAntiAffinity/" PREFERRED, false)                  \
	SPEC("apps", "", kind, AFFINITY "podAntiAffinity/" REQUIRED, false)                   \
	SPEC("apps", "", kind,                                                                \
	     "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels", false)

static const struct fieldspec common_labels[] = {
	METADATA_LABELS
	CLAIM_LABELS
	SPEC("", "v1", "Service", "spec/selector", true)
	SPEC("", "v1", "ReplicationController", "spec/selector", true)
	KIND("Deployment", "spec/selector/matchLabels", true)
	KIND("ReplicaSet", "spec/selector/matchLabels", true)
	KIND("DaemonSet", "spec/selector/matchLabels", true)
	SPEC("apps", "", "StatefulSet", "spec/selector/matchLabels", true)
	SPEC("batch", "", "Job", "spec/selector/matchLabels", false)
	SPEC("batch", "", "CronJob", "spec/jobTemplate/spec/selector/matchLabels", false)
	SPEC("policy", "", "PodDisruptionBudget", "spec/selector/matchLabels", false)
	POD_SELECTORS("Deployment")
	POD_SELECTORS("StatefulSet")
	SPEC("networking.k8s.io", "", "NetworkPolicy", "spec/podSelector/matchLabels", false)
	SPEC("networking.k8s.io", "", "NetworkPolicy", "spec/ingress/from/podSelector/matchLabels", false)
	SPEC("networking.k8s.io", "", "NetworkPolicy", "spec/egress/to/podSelector/matchLabels", false)
};

static const struct fieldspec template_labels[] = { METADATA_LABELS };
static const struct fieldspec claim_labels[] = { CLAIM_LABELS };

static const struct fieldspec common_annotations[] = {
	LABELS("annotations", true)
	KIND("StatefulSet", "spec/template/metadata/annotations", true)
	JOB_LABELS("annotations", true)
};

static const struct fieldspec names[] = { ANY("metadata/name", false) };

static const struct fieldspec namespaces[] = {
	KIND("Namespace", "metadata/name", true)
	SPEC("apiregistration.k8s.io", "", "APIService", "spec/service/namespace", true)
	SPEC("apiextensions.k8s.io", "", "CustomResourceDefinition",
	     "spec/conversion/webhook/clientConfig/service/namespace", false)
};

static const struct fieldspec images[] = {
	ANY("spec/containers[]/image", true)
	ANY("spec/initContainers[]/image", true)
	ANY("spec/volumes[]/image/reference", true)
	ANY("spec/template/spec/containers[]/image", true)
	ANY("spec/template/spec/initContainers[]/image", true)
	ANY("spec/template/spec/volumes[]/image/reference", true)
	ANY("spec/jobTemplate/spec/template/spec/volumes[]/image/reference", true)
};

static const struct fieldspec replicas[] = {
	KIND("Deployment", "spec/replicas", true)
	KIND("StatefulSet", "spec/replicas", true)
	KIND("ReplicaSet", "spec/replicas", true)
	KIND("ReplicationController", "spec/replicas", true)
};

#define VARS_OF(kind, pod)                                          \
	KIND(kind, pod "containers/args", false)                    \
	KIND(kind, pod "containers/command", false)                 \
	KIND(kind, pod "containers/env/value", false)               \
	KIND(kind, pod "containers/volumeMounts/mountPath", false)  \
	KIND(kind, pod "initContainers/args", false)                \
	KIND(kind, pod "initContainers/command", false)             \
	KIND(kind, pod "initContainers/env/value", false)           \
	KIND(kind, pod "initContainers/volumeMounts/mountPath", false)
#define POD_TEMPLATE "spec/template/spec/"

static const struct fieldspec vars[] = {
	VARS_OF("CronJob", "spec/jobTemplate/spec/template/spec/")
	KIND("CronJob", "spec/jobTemplate/spec/template/volumes/nfs/server", false)
	VARS_OF("DaemonSet", POD_TEMPLATE)
	KIND("DaemonSet", "spec/template/spec/volumes/nfs/server", false)
	VARS_OF("Deployment", POD_TEMPLATE)
	KIND("Deployment", "spec/template/spec/volumes/nfs/server", false)
	KIND("Deployment", "spec/template/metadata/annotations", false)
	KIND("Ingress", "spec/rules/host", false)
	KIND("Ingress", "spec/tls/hosts", false)
	KIND("Ingress", "spec/tls/secretName", false)
	VARS_OF("Job", POD_TEMPLATE)
	KIND("Job", "spec/template/spec/volumes/nfs/server", false)
	VARS_OF("Pod", "spec/")
	KIND("Pod", "spec/volumes/nfs/server", false)
	VARS_OF("ReplicaSet", POD_TEMPLATE)
	KIND("ReplicaSet", "spec/template/spec/volumes/nfs/server", false)
	KIND("Service", "spec/ports/port", false)
	KIND("Service", "spec/ports/targetPort", false)
	VARS_OF("StatefulSet", POD_TEMPLATE)
	KIND("StatefulSet", "spec/volumeClaimTemplates/spec/nfs/server", false)
	KIND("PersistentVolume", "spec/nfs/server", false)
	ANY("metadata/labels", false)
	ANY("metadata/annotations", false)
};

#define LIST(name, rows) { TEXT(name), rows, sizeof(rows) / sizeof *(rows) }

static const struct {
	str name;
	const struct fieldspec *rows;
	size_t n;
} lists[SPECS_LISTS] = {
	[SPECS_NAME_PREFIX] = LIST("namePrefix", names),
	[SPECS_NAME_SUFFIX] = LIST("nameSuffix", names),
	[SPECS_NAMESPACE] = LIST("namespace", namespaces),
	[SPECS_COMMON_LABELS] = LIST("commonLabels", common_labels),
	[SPECS_LABELS] = { TEXT("labels"), NULL, 0 },
	[SPECS_TEMPLATE_LABELS] = LIST("templateLabels", template_labels),
	[SPECS_CLAIM_LABELS] = LIST("volumeClaimTemplateLabels", claim_labels),
	[SPECS_COMMON_ANNOTATIONS] = LIST("commonAnnotations", common_annotations),
	[SPECS_VAR_REFERENCE] = LIST("varReference", vars),
	[SPECS_IMAGES] = LIST("images", images),
	[SPECS_REPLICAS] = LIST("replicas", replicas),
};

str fieldspec_list_name(enum fieldspec_list list)
{
	return lists[list].name;
}

fieldspecs fieldspec_defaults(struct arena *a, enum fieldspec_list list)
{
	fieldspecs specs = { 0 };

	for (size_t i = 0; i < lists[list].n; i++)
		avec_push(a, &specs, lists[list].rows[i]);
	return specs;
}
