#include "server/kinds_rows.h"

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
	.checks_anew = 1,
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
	.checks_anew = 1,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_endpoints),
	.cells = cells_endpoints,
	.hooks = &kinds_endpoints_hooks,
};

static const struct kind events = {
	NAMED("", "v1", "Event", "events", "event"),
	NAMES(short_names, T("ev")),
	.namespaced = true,
	.checks_no_meta = true,
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
	.checks_anew = 1,
	.checks_no_change = true,
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
	.checks_anew = 1,
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
	.checks_anew = 1,
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
	.checks_anew = 2,
	.checks_no_change = true,
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
	.free_base = true,
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
	.checks_anew = 1,
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
	.checks_anew = 1,
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
	.checks_anew = 1,
	.needs_version = true,
	.verbs = KIND_ALL_VERBS,
	.name_rule = KIND_NAME_PATH,
	TABLE(columns, columns_apiservices),
	.cells = cells_apiservices,
	.hooks = &kinds_api_service_hooks,
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
	.hidden_note = "deprecated.daemonset.template.generation",
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

const struct kind *const kinds_rows_first[] = {
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
};
const size_t kinds_rows_first_n = sizeof kinds_rows_first / sizeof *kinds_rows_first;
