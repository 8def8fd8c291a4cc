#include <pthread.h>

#include "kube/builtin.h"
#include "server/cells.h"
#include "server/crd.h"
#include "server/defaults.h"
#include "server/kinds_impl.h"

#include "server/kinds_columns_table.h"

#define NAMED(of_group, of_version, of_kind, many, one)                                  \
	.gvk = { S(of_group), S(of_version), S(of_kind) }, .plural = S(many),            \
	.singular = S(one), .list_kind = S(of_kind "List")
#define T(text) { "" text, sizeof(text) - 1 }
#define NAMES(field, ...)                                                                \
	.field = (const str[]){ __VA_ARGS__ },                                           \
	.field##_n = sizeof((const str[]){ __VA_ARGS__ }) / sizeof(str)
#define TABLE(field, of) .field = (of), .field##_n = sizeof(of) / sizeof *(of)

#define GET_UPDATE (KIND_GET | KIND_UPDATE | KIND_PATCH)
#define CONNECT (KIND_GET | KIND_CREATE)
#define PROXY (CONNECT | KIND_UPDATE | KIND_PATCH | KIND_DELETE)

/* The printer of the bindings of both sorts of policy is the same. */
#define columns_mutatingadmissionpolicybindings columns_validatingadmissionpolicybindings

static const struct kind_selectable pods_selectable[] = {
	{ "spec.nodeName", NULL },
	{ "spec.host", kinds_select_pod_node },
	{ "spec.restartPolicy", NULL },
	{ "spec.schedulerName", NULL },
	{ "spec.serviceAccountName", NULL },
	{ "spec.hostNetwork", kinds_select_pod_host_network },
	{ "status.phase", NULL },
	{ "status.podIP", kinds_select_pod_ip },
	{ "status.podIPs", kinds_select_nothing },
	{ "status.nominatedNodeName", NULL },
};

static const struct kind_selectable events_selectable[] = {
	{ "involvedObject.kind", NULL },
	{ "involvedObject.namespace", NULL },
	{ "involvedObject.name", NULL },
	{ "involvedObject.uid", NULL },
	{ "involvedObject.apiVersion", NULL },
	{ "involvedObject.resourceVersion", NULL },
	{ "involvedObject.fieldPath", NULL },
	{ "reason", NULL },
	{ "reportingComponent", NULL },
	{ "source", kinds_select_event_source },
	{ "type", NULL },
};

static const struct kind_selectable events_k8s_io_selectable[] = {
	{ "regarding.kind", NULL },
	{ "regarding.namespace", NULL },
	{ "regarding.name", NULL },
	{ "regarding.uid", NULL },
	{ "regarding.apiVersion", NULL },
	{ "regarding.resourceVersion", NULL },
	{ "regarding.fieldPath", NULL },
	{ "reason", NULL },
	{ "reportingController", NULL },
	{ "type", NULL },
};

static const struct kind_selectable nodes_selectable[] = {
	{ "spec.unschedulable", kinds_select_node_unschedulable },
};

static const struct kind_selectable namespaces_selectable[] = {
	{ "status.phase", NULL },
};

static const struct kind_selectable secrets_selectable[] = {
	{ "type", NULL },
};

static const struct kind_selectable services_selectable[] = {
	{ "spec.clusterIP", NULL },
	{ "spec.type", NULL },
};

static const struct kind_selectable replicationcontrollers_selectable[] = {
	{ "status.replicas", kinds_select_status_replicas },
};

static const struct kind_selectable jobs_selectable[] = {
	{ "status.successful", kinds_select_job_successful },
};

static const struct kind_selectable certificatesigningrequests_selectable[] = {
	{ "spec.signerName", NULL },
};

static const struct kind_selectable resourceslices_selectable[] = {
	{ "spec.nodeName", NULL },
	{ "spec.driver", NULL },
};

static const struct kind bindings = {
	NAMED("", "v1", "Binding", "bindings", "binding"),
	.namespaced = true,
	.verbs = KIND_CREATE,
	.name_rule = KIND_NAME_PATH,
};

static const struct kind componentstatuses = {
	NAMED("", "v1", "ComponentStatus", "componentstatuses", "componentstatus"),
	.deprecated = "v1 ComponentStatus is deprecated in v1.19+",
	NAMES(short_names, T("cs")),
	.verbs = KIND_GET | KIND_LIST,
	.name_rule = KIND_NAME_PATH,
	TABLE(columns, columns_componentstatuses),
	.cells = cells_componentstatuses,
};

static const struct kind configmaps = {
	NAMED("", "v1", "ConfigMap", "configmaps", "configmap"),
	NAMES(short_names, T("cm")),
	.namespaced = true,
	.checks_anew = true,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_configmaps),
	.cells = cells_configmaps,
	.hooks = &kinds_config_hooks,
};

static const struct kind endpoints = {
	NAMED("", "v1", "Endpoints", "endpoints", "endpoints"),
	.deprecated = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
	NAMES(short_names, T("ep")),
	.namespaced = true,
	.checks_anew = true,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_endpoints),
	.cells = cells_endpoints,
	.hooks = &kinds_endpoints_hooks,
};

static const struct kind events = {
	NAMED("", "v1", "Event", "events", "event"),
	NAMES(short_names, T("ev")),
	.namespaced = true,
	.verbs = KIND_ALL_VERBS,
	.name_rule = KIND_NAME_PATH,
	TABLE(columns, columns_events),
	.cells = cells_events,
	TABLE(selectable, events_selectable),
	.hooks = &kinds_event_hooks,
};

static const struct kind limitranges = {
	NAMED("", "v1", "LimitRange", "limitranges", "limitrange"),
	NAMES(short_names, T("limits")),
	.namespaced = true,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_limitranges),
	.cells = cells_created,
	.hooks = &kinds_limit_range_hooks,
};

static const struct kind_subresource namespaces_subresources[] = {
	{ S("finalize"), { S(""), S(""), S("Namespace") }, KIND_UPDATE },
};

static const struct kind namespaces = {
	NAMED("", "v1", "Namespace", "namespaces", "namespace"),
	NAMES(short_names, T("ns")),
	.has_status = true,
	TABLE(subresources, namespaces_subresources),
	.verbs = KIND_ALL_VERBS & ~KIND_DELETE_ALL,
	.name_rule = KIND_NAME_LABEL,
	.delete_returns_object = true,
	TABLE(columns, columns_namespaces),
	.cells = cells_namespaces,
	TABLE(selectable, namespaces_selectable),
	.hooks = &kinds_namespace_hooks,
};

static const struct kind_subresource nodes_subresources[] = {
	{ S("proxy"), { S(""), S(""), S("NodeProxyOptions") }, PROXY },
};

static const struct kind nodes = {
	NAMED("", "v1", "Node", "nodes", "node"),
	NAMES(short_names, T("no")),
	.has_status = true,
	TABLE(subresources, nodes_subresources),
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_nodes),
	.cells = cells_nodes,
	TABLE(selectable, nodes_selectable),
	.hooks = &kinds_node_hooks,
	.begins_with_status = true,
};

static const struct kind persistentvolumeclaims = {
	NAMED("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "persistentvolumeclaim"),
	NAMES(short_names, T("pvc")),
	.namespaced = true, .has_status = true,
	.verbs = KIND_ALL_VERBS,
	.delete_returns_object = true,
	TABLE(columns, columns_persistentvolumeclaims),
	.cells = cells_persistentvolumeclaims,
	.hooks = &kinds_claim_hooks,
};

static const struct kind persistentvolumes = {
	NAMED("", "v1", "PersistentVolume", "persistentvolumes", "persistentvolume"),
	NAMES(short_names, T("pv")),
	.has_status = true,
	.verbs = KIND_ALL_VERBS,
	.delete_returns_object = true,
	TABLE(columns, columns_persistentvolumes),
	.cells = cells_persistentvolumes,
	.hooks = &kinds_volume_hooks,
};

static const struct kind_subresource pods_subresources[] = {
	{ S("attach"), { S(""), S(""), S("PodAttachOptions") }, CONNECT },
	{ S("binding"), { S(""), S(""), S("Binding") }, KIND_CREATE },
	{ S("ephemeralcontainers"), { S(""), S(""), S("Pod") }, GET_UPDATE },
	{ S("eviction"), { S("policy"), S("v1"), S("Eviction") }, KIND_CREATE },
	{ S("exec"), { S(""), S(""), S("PodExecOptions") }, CONNECT },
	{ S("log"), { S(""), S(""), S("Pod") }, KIND_GET },
	{ S("portforward"), { S(""), S(""), S("PodPortForwardOptions") }, CONNECT },
	{ S("proxy"), { S(""), S(""), S("PodProxyOptions") }, PROXY },
	{ S("resize"), { S(""), S(""), S("Pod") }, GET_UPDATE },
};

static const struct kind pods = {
	NAMED("", "v1", "Pod", "pods", "pod"),
	NAMES(short_names, T("po")),
	NAMES(categories, T("all")),
	.namespaced = true, .has_status = true,
	TABLE(subresources, pods_subresources),
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	.delete_returns_object = true,
	TABLE(columns, columns_pods),
	.cells = cells_pods,
	TABLE(selectable, pods_selectable),
	.hooks = &kinds_pod_hooks,
};

static const struct kind podtemplates = {
	NAMED("", "v1", "PodTemplate", "podtemplates", "podtemplate"),
	.namespaced = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_ALL,
	.delete_returns_object = true,
	TABLE(columns, columns_podtemplates),
	.cells = cells_podtemplates,
	.hooks = &kinds_pod_template_hooks,
};

static const struct kind replicationcontrollers = {
	NAMED("", "v1", "ReplicationController", "replicationcontrollers", "replicationcontroller"),
	NAMES(short_names, T("rc")),
	NAMES(categories, T("all")),
	.namespaced = true, .has_status = true, .has_scale = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_replicationcontrollers),
	.cells = cells_replicationcontrollers,
	TABLE(selectable, replicationcontrollers_selectable),
	.hooks = &kinds_replication_controller_hooks,
};

static const struct kind resourcequotas = {
	NAMED("", "v1", "ResourceQuota", "resourcequotas", "resourcequota"),
	NAMES(short_names, T("quota")),
	.namespaced = true, .has_status = true,
	.verbs = KIND_ALL_VERBS,
	.delete_returns_object = true,
	TABLE(columns, columns_resourcequotas),
	.cells = cells_resourcequotas,
	.hooks = &kinds_quota_hooks,
};

static const struct kind secrets = {
	NAMED("", "v1", "Secret", "secrets", "secret"),
	.namespaced = true,
	.checks_anew = true,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_secrets),
	.cells = cells_secrets,
	TABLE(selectable, secrets_selectable),
	.hooks = &kinds_secret_hooks,
};

static const struct kind_subresource serviceaccounts_subresources[] = {
	{ S("token"), { S("authentication.k8s.io"), S("v1"), S("TokenRequest") }, KIND_CREATE },
};

static const struct kind serviceaccounts = {
	NAMED("", "v1", "ServiceAccount", "serviceaccounts", "serviceaccount"),
	NAMES(short_names, T("sa")),
	.namespaced = true,
	TABLE(subresources, serviceaccounts_subresources),
	.checks_anew = true,
	.verbs = KIND_ALL_VERBS,
	.delete_returns_object = true,
	TABLE(columns, columns_serviceaccounts),
	.cells = cells_plain,
	.hooks = &kinds_account_hooks,
};

static const struct kind_subresource services_subresources[] = {
	{ S("proxy"), { S(""), S(""), S("ServiceProxyOptions") }, PROXY },
};

static const struct kind services = {
	NAMED("", "v1", "Service", "services", "service"),
	NAMES(short_names, T("svc")),
	NAMES(categories, T("all")),
	.namespaced = true, .has_status = true,
	TABLE(subresources, services_subresources),
	.checks_anew = true,
	.verbs = KIND_ALL_VERBS,
	.name_rule = KIND_NAME_LABEL,
	.delete_returns_object = true,
	TABLE(columns, columns_services),
	.cells = cells_services,
	TABLE(selectable, services_selectable),
	.hooks = &kinds_service_hooks,
};

static const struct kind apiservices = {
	NAMED("apiregistration.k8s.io", "v1", "APIService", "apiservices", "apiservice"),
	NAMES(categories, T("api-extensions")),
	.has_status = true,
	.verbs = KIND_ALL_VERBS,
	.name_rule = KIND_NAME_PATH,
	TABLE(columns, columns_apiservices),
	.cells = cells_apiservices,
};

static const struct kind controllerrevisions = {
	NAMED("apps", "v1", "ControllerRevision", "controllerrevisions", "controllerrevision"),
	.namespaced = true,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_controllerrevisions),
	.cells = cells_controllerrevisions,
	.hooks = &kinds_revision_hooks,
};

static const struct kind daemonsets = {
	NAMED("apps", "v1", "DaemonSet", "daemonsets", "daemonset"),
	NAMES(short_names, T("ds")),
	NAMES(categories, T("all")),
	.namespaced = true, .has_status = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_daemonsets),
	.cells = cells_daemonsets,
	.hooks = &kinds_daemon_set_hooks,
};

static const struct kind deployments = {
	NAMED("apps", "v1", "Deployment", "deployments", "deployment"),
	NAMES(short_names, T("deploy")),
	NAMES(categories, T("all")),
	.namespaced = true, .has_status = true, .has_scale = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_ANNOTATIONS,
	TABLE(columns, columns_deployments),
	.cells = cells_deployments,
	.hooks = &kinds_deployment_hooks,
};

static const struct kind replicasets = {
	NAMED("apps", "v1", "ReplicaSet", "replicasets", "replicaset"),
	NAMES(short_names, T("rs")),
	NAMES(categories, T("all")),
	.namespaced = true, .has_status = true, .has_scale = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_replicasets),
	.cells = cells_replicasets,
	.hooks = &kinds_replica_set_hooks,
};

static const struct kind statefulsets = {
	NAMED("apps", "v1", "StatefulSet", "statefulsets", "statefulset"),
	NAMES(short_names, T("sts")),
	NAMES(categories, T("all")),
	.namespaced = true, .has_status = true, .has_scale = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	.name_rule = KIND_NAME_LABEL,
	TABLE(columns, columns_statefulsets),
	.cells = cells_statefulsets,
	.hooks = &kinds_stateful_set_hooks,
};

static const struct kind events_k8s_io = {
	.stored = &events,
	.hooks = &kinds_event_view_hooks,
	NAMED("events.k8s.io", "v1", "Event", "events", "event"),
	NAMES(short_names, T("ev")),
	.namespaced = true,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_events),
	.cells = cells_events,
	TABLE(selectable, events_k8s_io_selectable),
};

static const struct kind selfsubjectreviews = {
	NAMED("authentication.k8s.io", "v1", "SelfSubjectReview",
	      "selfsubjectreviews", "selfsubjectreview"),
	.verbs = KIND_CREATE,
};

static const struct kind tokenreviews = {
	NAMED("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", "tokenreview"),
	.verbs = KIND_CREATE,
};

static const struct kind localsubjectaccessreviews = {
	NAMED("authorization.k8s.io", "v1", "LocalSubjectAccessReview",
	      "localsubjectaccessreviews", "localsubjectaccessreview"),
	.namespaced = true,
	.verbs = KIND_CREATE,
};

static const struct kind selfsubjectaccessreviews = {
	NAMED("authorization.k8s.io", "v1", "SelfSubjectAccessReview",
	      "selfsubjectaccessreviews", "selfsubjectaccessreview"),
	.verbs = KIND_CREATE,
};

static const struct kind selfsubjectrulesreviews = {
	NAMED("authorization.k8s.io", "v1", "SelfSubjectRulesReview",
	      "selfsubjectrulesreviews", "selfsubjectrulesreview"),
	.verbs = KIND_CREATE,
};

static const struct kind subjectaccessreviews = {
	NAMED("authorization.k8s.io", "v1", "SubjectAccessReview",
	      "subjectaccessreviews", "subjectaccessreview"),
	.verbs = KIND_CREATE,
};

static const struct kind horizontalpodautoscalers = {
	NAMED("autoscaling", "v2", "HorizontalPodAutoscaler",
	      "horizontalpodautoscalers", "horizontalpodautoscaler"),
	NAMES(short_names, T("hpa")),
	NAMES(categories, T("all")),
	.namespaced = true, .has_status = true,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_horizontalpodautoscalers),
	.cells = cells_horizontalpodautoscalers,
};

static const struct kind horizontalpodautoscalers_v1 = {
	.stored = &horizontalpodautoscalers,
	.hooks = &kinds_hpa_view_hooks,
	NAMED("autoscaling", "v1", "HorizontalPodAutoscaler",
	      "horizontalpodautoscalers", "horizontalpodautoscaler"),
	NAMES(short_names, T("hpa")),
	NAMES(categories, T("all")),
	.namespaced = true, .has_status = true,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_horizontalpodautoscalers),
	.cells = cells_horizontalpodautoscalers,
};

static const struct kind cronjobs = {
	NAMED("batch", "v1", "CronJob", "cronjobs", "cronjob"),
	NAMES(short_names, T("cj")),
	NAMES(categories, T("all")),
	.namespaced = true, .has_status = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_cronjobs),
	.cells = cells_cronjobs,
	.hooks = &kinds_cron_job_hooks,
};

static const struct kind jobs = {
	NAMED("batch", "v1", "Job", "jobs", "job"),
	NAMES(categories, T("all")),
	.namespaced = true, .has_status = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_jobs),
	.cells = cells_jobs,
	TABLE(selectable, jobs_selectable),
	.hooks = &kinds_job_hooks,
};

static const struct kind_subresource certificatesigningrequests_subresources[] = {
	{ S("approval"), { S(""), S(""), S("CertificateSigningRequest") }, GET_UPDATE },
};

static const struct kind certificatesigningrequests = {
	NAMED("certificates.k8s.io", "v1", "CertificateSigningRequest",
	      "certificatesigningrequests", "certificatesigningrequest"),
	NAMES(short_names, T("csr")),
	.has_status = true,
	TABLE(subresources, certificatesigningrequests_subresources),
	.verbs = KIND_ALL_VERBS,
	.name_rule = KIND_NAME_PATH,
	TABLE(columns, columns_certificatesigningrequests),
	.cells = cells_certificatesigningrequests,
	TABLE(selectable, certificatesigningrequests_selectable),
};

static const struct kind ingressclasses = {
	NAMED("networking.k8s.io", "v1", "IngressClass", "ingressclasses", "ingressclass"),
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_ingressclasses),
	.cells = cells_ingressclasses,
};

static const struct kind ingresses = {
	NAMED("networking.k8s.io", "v1", "Ingress", "ingresses", "ingress"),
	NAMES(short_names, T("ing")),
	.namespaced = true, .has_status = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_ingresses),
	.cells = cells_ingresses,
};

static const struct kind ipaddresses = {
	NAMED("networking.k8s.io", "v1", "IPAddress", "ipaddresses", "ipaddress"),
	NAMES(short_names, T("ip")),
	.verbs = KIND_ALL_VERBS,
	.name_rule = KIND_NAME_OWN,
	TABLE(columns, columns_ipaddresses),
	.cells = cells_ipaddresses,
};

static const struct kind networkpolicies = {
	NAMED("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "networkpolicy"),
	NAMES(short_names, T("netpol")),
	.namespaced = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_networkpolicies),
	.cells = cells_networkpolicies,
};

static const struct kind servicecidrs = {
	NAMED("networking.k8s.io", "v1", "ServiceCIDR", "servicecidrs", "servicecidr"),
	.has_status = true,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_servicecidrs),
	.cells = cells_servicecidrs,
};

static const struct kind poddisruptionbudgets = {
	NAMED("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "poddisruptionbudget"),
	NAMES(short_names, T("pdb")),
	.namespaced = true, .has_status = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_poddisruptionbudgets),
	.cells = cells_poddisruptionbudgets,
};

static const struct kind clusterrolebindings = {
	NAMED("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding",
	      "clusterrolebindings", "clusterrolebinding"),
	.checks_anew = true,
	.verbs = KIND_ALL_VERBS,
	.name_rule = KIND_NAME_PATH,
	TABLE(columns, columns_clusterrolebindings),
	.cells = cells_clusterrolebindings,
};

static const struct kind clusterroles = {
	NAMED("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", "clusterrole"),
	.checks_anew = true,
	.verbs = KIND_ALL_VERBS,
	.name_rule = KIND_NAME_PATH,
	TABLE(columns, columns_clusterroles),
	.cells = cells_created,
};

static const struct kind rolebindings = {
	NAMED("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", "rolebinding"),
	.namespaced = true,
	.checks_anew = true,
	.verbs = KIND_ALL_VERBS,
	.name_rule = KIND_NAME_PATH,
	TABLE(columns, columns_rolebindings),
	.cells = cells_rolebindings,
};

static const struct kind roles = {
	NAMED("rbac.authorization.k8s.io", "v1", "Role", "roles", "role"),
	.namespaced = true,
	.checks_anew = true,
	.verbs = KIND_ALL_VERBS,
	.name_rule = KIND_NAME_PATH,
	TABLE(columns, columns_roles),
	.cells = cells_created,
};

static const struct kind csidrivers = {
	NAMED("storage.k8s.io", "v1", "CSIDriver", "csidrivers", "csidriver"),
	.verbs = KIND_ALL_VERBS,
	.delete_returns_object = true,
	TABLE(columns, columns_csidrivers),
	.cells = cells_csidrivers,
	.hooks = &kinds_csi_driver_hooks,
};

static const struct kind csinodes = {
	NAMED("storage.k8s.io", "v1", "CSINode", "csinodes", "csinode"),
	.verbs = KIND_ALL_VERBS,
	.delete_returns_object = true,
	TABLE(columns, columns_csinodes),
	.cells = cells_csinodes,
	.hooks = &kinds_csi_node_hooks,
};

static const struct kind csistoragecapacities = {
	NAMED("storage.k8s.io", "v1", "CSIStorageCapacity",
	      "csistoragecapacities", "csistoragecapacity"),
	.namespaced = true,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_csistoragecapacities),
	.cells = cells_created,
	.hooks = &kinds_csi_capacity_hooks,
};

static const struct kind storageclasses = {
	NAMED("storage.k8s.io", "v1", "StorageClass", "storageclasses", "storageclass"),
	NAMES(short_names, T("sc")),
	.verbs = KIND_ALL_VERBS,
	.delete_returns_object = true,
	TABLE(columns, columns_storageclasses),
	.cells = cells_storageclasses,
	.hooks = &kinds_storage_class_hooks,
};

static const struct kind volumeattachments = {
	NAMED("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", "volumeattachment"),
	.has_status = true,
	.verbs = KIND_ALL_VERBS,
	.delete_returns_object = true,
	TABLE(columns, columns_volumeattachments),
	.cells = cells_volumeattachments,
	.hooks = &kinds_attachment_hooks,
};

static const struct kind volumeattributesclasses = {
	NAMED("storage.k8s.io", "v1", "VolumeAttributesClass",
	      "volumeattributesclasses", "volumeattributesclass"),
	NAMES(short_names, T("vac")),
	.verbs = KIND_ALL_VERBS,
	.delete_returns_object = true,
	TABLE(columns, columns_volumeattributesclasses),
	.cells = cells_volumeattributesclasses,
	.hooks = &kinds_attributes_class_hooks,
};

static const struct kind mutatingadmissionpolicies = {
	NAMED("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicy",
	      "mutatingadmissionpolicies", "mutatingadmissionpolicy"),
	NAMES(categories, T("api-extensions")),
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_mutatingadmissionpolicies),
	.cells = cells_mutatingadmissionpolicies,
};

static const struct kind mutatingadmissionpolicybindings = {
	NAMED("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicyBinding",
	      "mutatingadmissionpolicybindings", "mutatingadmissionpolicybinding"),
	NAMES(categories, T("api-extensions")),
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_mutatingadmissionpolicybindings),
	.cells = cells_validatingadmissionpolicybindings,
};

static const struct kind mutatingwebhookconfigurations = {
	NAMED("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration",
	      "mutatingwebhookconfigurations", "mutatingwebhookconfiguration"),
	NAMES(categories, T("api-extensions")),
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_ALL,
	TABLE(columns, columns_mutatingwebhookconfigurations),
	.cells = cells_webhooks,
};

static const struct kind validatingadmissionpolicies = {
	NAMED("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy",
	      "validatingadmissionpolicies", "validatingadmissionpolicy"),
	NAMES(categories, T("api-extensions")),
	.has_status = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_validatingadmissionpolicies),
	.cells = cells_validatingadmissionpolicies,
};

static const struct kind validatingadmissionpolicybindings = {
	NAMED("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding",
	      "validatingadmissionpolicybindings", "validatingadmissionpolicybinding"),
	NAMES(categories, T("api-extensions")),
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_validatingadmissionpolicybindings),
	.cells = cells_validatingadmissionpolicybindings,
};

static const struct kind validatingwebhookconfigurations = {
	NAMED("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration",
	      "validatingwebhookconfigurations", "validatingwebhookconfiguration"),
	NAMES(categories, T("api-extensions")),
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_ALL,
	TABLE(columns, columns_validatingwebhookconfigurations),
	.cells = cells_webhooks,
};

static const struct kind customresourcedefinitions = {
	NAMED("apiextensions.k8s.io", "v1", "CustomResourceDefinition",
	      "customresourcedefinitions", "customresourcedefinition"),
	NAMES(short_names, T("crd"), T("crds")),
	NAMES(categories, T("api-extensions")),
	.has_status = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_customresourcedefinitions),
	.cells = cells_created,
	.hooks = &crd_hooks,
};

static const struct kind priorityclasses = {
	NAMED("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", "priorityclass"),
	NAMES(short_names, T("pc")),
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_priorityclasses),
	.cells = cells_priorityclasses,
};

static const struct kind leases = {
	NAMED("coordination.k8s.io", "v1", "Lease", "leases", "lease"),
	.namespaced = true,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_leases),
	.cells = cells_leases,
};

static const struct kind runtimeclasses = {
	NAMED("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", "runtimeclass"),
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_runtimeclasses),
	.cells = cells_runtimeclasses,
};

static const struct kind endpointslices = {
	NAMED("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", "endpointslice"),
	.namespaced = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_ALL,
	TABLE(columns, columns_endpointslices),
	.cells = cells_endpointslices,
};

static const struct kind deviceclasses = {
	NAMED("resource.k8s.io", "v1", "DeviceClass", "deviceclasses", "deviceclass"),
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	.delete_returns_object = true,
	TABLE(columns, columns_deviceclasses),
	.cells = cells_plain,
};

static const struct kind resourceclaims = {
	NAMED("resource.k8s.io", "v1", "ResourceClaim", "resourceclaims", "resourceclaim"),
	.namespaced = true, .has_status = true,
	.verbs = KIND_ALL_VERBS,
	.delete_returns_object = true,
	TABLE(columns, columns_resourceclaims),
	.cells = cells_resourceclaims,
};

static const struct kind resourceclaimtemplates = {
	NAMED("resource.k8s.io", "v1", "ResourceClaimTemplate",
	      "resourceclaimtemplates", "resourceclaimtemplate"),
	.namespaced = true,
	.verbs = KIND_ALL_VERBS,
	.delete_returns_object = true,
	TABLE(columns, columns_resourceclaimtemplates),
	.cells = cells_plain,
};

static const struct kind resourceslices = {
	NAMED("resource.k8s.io", "v1", "ResourceSlice", "resourceslices", "resourceslice"),
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	.delete_returns_object = true,
	TABLE(columns, columns_resourceslices),
	.cells = cells_resourceslices,
	TABLE(selectable, resourceslices_selectable),
};

static const struct kind flowschemas = {
	NAMED("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema", "flowschemas", "flowschema"),
	.has_status = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_flowschemas),
	.cells = cells_flowschemas,
};

static const struct kind prioritylevelconfigurations = {
	NAMED("flowcontrol.apiserver.k8s.io", "v1", "PriorityLevelConfiguration",
	      "prioritylevelconfigurations", "prioritylevelconfiguration"),
	.has_status = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_prioritylevelconfigurations),
	.cells = cells_prioritylevelconfigurations,
};

static const struct kind *const rows[] = {
	&bindings,
	&componentstatuses,
	&configmaps,
	&endpoints,
	&events,
	&limitranges,
	&namespaces,
	&nodes,
	&persistentvolumeclaims,
	&persistentvolumes,
	&pods,
	&podtemplates,
	&replicationcontrollers,
	&resourcequotas,
	&secrets,
	&serviceaccounts,
	&services,
	&apiservices,
	&controllerrevisions,
	&daemonsets,
	&deployments,
	&replicasets,
	&statefulsets,
	&events_k8s_io,
	&selfsubjectreviews,
	&tokenreviews,
	&localsubjectaccessreviews,
	&selfsubjectaccessreviews,
	&selfsubjectrulesreviews,
	&subjectaccessreviews,
	&horizontalpodautoscalers,
	&horizontalpodautoscalers_v1,
	&cronjobs,
	&jobs,
	&certificatesigningrequests,
	&ingressclasses,
	&ingresses,
	&ipaddresses,
	&networkpolicies,
	&servicecidrs,
	&poddisruptionbudgets,
	&clusterrolebindings,
	&clusterroles,
	&rolebindings,
	&roles,
	&csidrivers,
	&csinodes,
	&csistoragecapacities,
	&storageclasses,
	&volumeattachments,
	&volumeattributesclasses,
	&mutatingadmissionpolicies,
	&mutatingadmissionpolicybindings,
	&mutatingwebhookconfigurations,
	&validatingadmissionpolicies,
	&validatingadmissionpolicybindings,
	&validatingwebhookconfigurations,
	&customresourcedefinitions,
	&priorityclasses,
	&leases,
	&runtimeclasses,
	&endpointslices,
	&deviceclasses,
	&resourceclaims,
	&resourceclaimtemplates,
	&resourceslices,
	&flowschemas,
	&prioritylevelconfigurations,
};

/* Of kinds that need nothing else. */
static const struct kind_hooks plain_hooks = { .defaults = defaults_apply, .stored = defaults_stored };

enum { ROWS_N = sizeof rows / sizeof *rows };

/* The rows with their types, which are found by name. */
static struct kind typed[ROWS_N];
static const struct kind *all[ROWS_N];

static void find_types(void)
{
	static const struct {
		const struct cell_rule *rules;
		const size_t *n;
	} cells[] = {
#define COUNTED(name) { cells_##name, &cells_##name##_n },
		CELLS_LIST(COUNTED)
	};

	for (size_t i = 0; i < ROWS_N; i++) {
		typed[i] = *rows[i];
		typed[i].type = builtin_type(rows[i]->gvk);
		if (!typed[i].hooks)
			typed[i].hooks = &plain_hooks;
		for (size_t c = 0; c < sizeof cells / sizeof *cells; c++)
			if (cells[c].rules == rows[i]->cells)
				typed[i].cells_n = *cells[c].n;
		all[i] = &typed[i];
	}
	for (size_t i = 0; i < ROWS_N; i++)
		for (size_t j = 0; typed[i].stored && j < ROWS_N; j++)
			if (rows[j] == rows[i]->stored)
				typed[i].stored = all[j];
}

const struct kind *const *kind_builtins(size_t *n)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, find_types);
	*n = ROWS_N;
	return all;
}
