#include "server/crd.h"
#include "server/kinds_rows.h"

/* The printer of the bindings of both sorts of policy is the same. */
#define columns_mutatingadmissionpolicybindings columns_validatingadmissionpolicybindings

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
	.hooks = &kinds_hpa_hooks,
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
	.checks_anew = 1,
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
	.name_rule = KIND_NAME_OWN,
	TABLE(columns, columns_certificatesigningrequests),
	.cells = cells_certificatesigningrequests,
	TABLE(selectable, certificatesigningrequests_selectable),
	.hooks = &kinds_csr_hooks,
};

static const struct kind ingressclasses = {
	NAMED("networking.k8s.io", "v1", "IngressClass", "ingressclasses", "ingressclass"),
	.checks_anew = 1,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_ingressclasses),
	.cells = cells_ingressclasses,
	.hooks = &kinds_ingress_class_hooks,
};

static const struct kind ingresses = {
	NAMED("networking.k8s.io", "v1", "Ingress", "ingresses", "ingress"),
	NAMES(short_names, T("ing")),
	.namespaced = true, .has_status = true,
	.checks_anew = 1,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_ingresses),
	.cells = cells_ingresses,
	.hooks = &kinds_ingress_hooks,
};

static const struct kind ipaddresses = {
	NAMED("networking.k8s.io", "v1", "IPAddress", "ipaddresses", "ipaddress"),
	NAMES(short_names, T("ip")),
	.checks_anew = 1,
	.verbs = KIND_ALL_VERBS,
	.name_rule = KIND_NAME_OWN,
	TABLE(columns, columns_ipaddresses),
	.cells = cells_ipaddresses,
	.hooks = &kinds_ip_address_hooks,
};

static const struct kind networkpolicies = {
	NAMED("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "networkpolicy"),
	NAMES(short_names, T("netpol")),
	.namespaced = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_networkpolicies),
	.cells = cells_networkpolicies,
	.hooks = &kinds_network_policy_hooks,
};

static const struct kind servicecidrs = {
	NAMED("networking.k8s.io", "v1", "ServiceCIDR", "servicecidrs", "servicecidr"),
	.has_status = true,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_servicecidrs),
	.cells = cells_servicecidrs,
	.hooks = &kinds_service_cidr_hooks,
};

static const struct kind poddisruptionbudgets = {
	NAMED("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "poddisruptionbudget"),
	NAMES(short_names, T("pdb")),
	.namespaced = true, .has_status = true,
	.checks_no_meta = true,
	.needs_version = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_poddisruptionbudgets),
	.cells = cells_poddisruptionbudgets,
	.hooks = &kinds_budget_hooks,
};

static const struct kind clusterrolebindings = {
	NAMED("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding",
	      "clusterrolebindings", "clusterrolebinding"),
	.checks_anew = 1,
	.verbs = KIND_ALL_VERBS,
	.name_rule = KIND_NAME_PATH,
	TABLE(columns, columns_clusterrolebindings),
	.cells = cells_clusterrolebindings,
	.hooks = &kinds_role_binding_hooks,
};

static const struct kind clusterroles = {
	NAMED("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", "clusterrole"),
	.checks_anew = 1,
	.verbs = KIND_ALL_VERBS,
	.name_rule = KIND_NAME_PATH,
	TABLE(columns, columns_clusterroles),
	.cells = cells_created,
	.hooks = &kinds_role_hooks,
};

static const struct kind rolebindings = {
	NAMED("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", "rolebinding"),
	.namespaced = true,
	.checks_anew = 1,
	.verbs = KIND_ALL_VERBS,
	.name_rule = KIND_NAME_PATH,
	TABLE(columns, columns_rolebindings),
	.cells = cells_rolebindings,
	.hooks = &kinds_role_binding_hooks,
};

static const struct kind roles = {
	NAMED("rbac.authorization.k8s.io", "v1", "Role", "roles", "role"),
	.namespaced = true,
	.checks_anew = 1,
	.verbs = KIND_ALL_VERBS,
	.name_rule = KIND_NAME_PATH,
	TABLE(columns, columns_roles),
	.cells = cells_created,
	.hooks = &kinds_role_hooks,
};

static const struct kind csidrivers = {
	NAMED("storage.k8s.io", "v1", "CSIDriver", "csidrivers", "csidriver"),
	.needs_version = true,
	.verbs = KIND_ALL_VERBS,
	.delete_returns_object = true,
	TABLE(columns, columns_csidrivers),
	.cells = cells_csidrivers,
	.hooks = &kinds_csi_driver_hooks,
};

static const struct kind csinodes = {
	NAMED("storage.k8s.io", "v1", "CSINode", "csinodes", "csinode"),
	.checks_anew = 1,
	.checks_no_change = true,
	.needs_version = true,
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
	.checks_anew = 1,
	.needs_version = true,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_csistoragecapacities),
	.cells = cells_created,
	.hooks = &kinds_csi_capacity_hooks,
};

static const struct kind storageclasses = {
	NAMED("storage.k8s.io", "v1", "StorageClass", "storageclasses", "storageclass"),
	NAMES(short_names, T("sc")),
	.checks_anew = 1,
	.verbs = KIND_ALL_VERBS,
	.delete_returns_object = true,
	TABLE(columns, columns_storageclasses),
	.cells = cells_storageclasses,
	.hooks = &kinds_storage_class_hooks,
};

static const struct kind volumeattachments = {
	NAMED("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", "volumeattachment"),
	.has_status = true,
	.checks_anew = 1,
	.checks_no_change = true,
	.needs_version = true,
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
	.checks_anew = 1,
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
	.checks_anew = 1,
	.checks_no_change = true,
	.needs_version = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_mutatingadmissionpolicies),
	.cells = cells_mutatingadmissionpolicies,
	.hooks = &kinds_admission_policy_hooks,
};

static const struct kind mutatingadmissionpolicybindings = {
	NAMED("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicyBinding",
	      "mutatingadmissionpolicybindings", "mutatingadmissionpolicybinding"),
	NAMES(categories, T("api-extensions")),
	.checks_anew = 1,
	.checks_no_change = true,
	.needs_version = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_mutatingadmissionpolicybindings),
	.cells = cells_validatingadmissionpolicybindings,
	.hooks = &kinds_policy_binding_hooks,
};

static const struct kind mutatingwebhookconfigurations = {
	NAMED("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration",
	      "mutatingwebhookconfigurations", "mutatingwebhookconfiguration"),
	NAMES(categories, T("api-extensions")),
	.checks_anew = 1,
	.checks_no_change = true,
	.needs_version = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_ALL,
	TABLE(columns, columns_mutatingwebhookconfigurations),
	.cells = cells_webhooks,
	.hooks = &kinds_webhooks_hooks,
};

static const struct kind validatingadmissionpolicies = {
	NAMED("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy",
	      "validatingadmissionpolicies", "validatingadmissionpolicy"),
	NAMES(categories, T("api-extensions")),
	.has_status = true,
	.checks_anew = 1,
	.checks_no_change = true,
	.needs_version = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_validatingadmissionpolicies),
	.cells = cells_validatingadmissionpolicies,
	.hooks = &kinds_admission_policy_hooks,
};

static const struct kind validatingadmissionpolicybindings = {
	NAMED("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding",
	      "validatingadmissionpolicybindings", "validatingadmissionpolicybinding"),
	NAMES(categories, T("api-extensions")),
	.checks_anew = 1,
	.checks_no_change = true,
	.needs_version = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_validatingadmissionpolicybindings),
	.cells = cells_validatingadmissionpolicybindings,
	.hooks = &kinds_policy_binding_hooks,
};

static const struct kind validatingwebhookconfigurations = {
	NAMED("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration",
	      "validatingwebhookconfigurations", "validatingwebhookconfiguration"),
	NAMES(categories, T("api-extensions")),
	.checks_anew = 1,
	.checks_no_change = true,
	.needs_version = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_ALL,
	TABLE(columns, columns_validatingwebhookconfigurations),
	.cells = cells_webhooks,
	.hooks = &kinds_webhooks_hooks,
};

static const struct kind customresourcedefinitions = {
	NAMED("apiextensions.k8s.io", "v1", "CustomResourceDefinition",
	      "customresourcedefinitions", "customresourcedefinition"),
	NAMES(short_names, T("crd"), T("crds")),
	NAMES(categories, T("api-extensions")),
	.has_status = true,
	.needs_version = true,
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
	.generation = KIND_GENERATION_FIRST,
	TABLE(columns, columns_priorityclasses),
	.cells = cells_priorityclasses,
	.hooks = &kinds_priority_class_hooks,
};

static const struct kind leases = {
	NAMED("coordination.k8s.io", "v1", "Lease", "leases", "lease"),
	.namespaced = true,
	.needs_version = true,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_leases),
	.cells = cells_leases,
	.hooks = &kinds_lease_hooks,
};

static const struct kind runtimeclasses = {
	NAMED("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", "runtimeclass"),
	.checks_anew = 1,
	.needs_version = true,
	.verbs = KIND_ALL_VERBS,
	TABLE(columns, columns_runtimeclasses),
	.cells = cells_runtimeclasses,
	.hooks = &kinds_runtime_class_hooks,
};

static const struct kind endpointslices = {
	NAMED("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", "endpointslice"),
	.namespaced = true,
	.checks_anew = 1,
	.checks_no_change = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_LABELS,
	TABLE(columns, columns_endpointslices),
	.cells = cells_endpointslices,
	.hooks = &kinds_slice_hooks,
};

static const struct kind deviceclasses = {
	NAMED("resource.k8s.io", "v1", "DeviceClass", "deviceclasses", "deviceclass"),
	.checks_anew = 1,
	.free_base = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	.delete_returns_object = true,
	TABLE(columns, columns_deviceclasses),
	.cells = cells_plain,
	.hooks = &kinds_device_class_hooks,
};

static const struct kind resourceclaims = {
	NAMED("resource.k8s.io", "v1", "ResourceClaim", "resourceclaims", "resourceclaim"),
	.namespaced = true, .has_status = true,
	.checks_anew = 1,
	.verbs = KIND_ALL_VERBS,
	.delete_returns_object = true,
	TABLE(columns, columns_resourceclaims),
	.cells = cells_resourceclaims,
	.hooks = &kinds_resource_claim_hooks,
};

static const struct kind resourceclaimtemplates = {
	NAMED("resource.k8s.io", "v1", "ResourceClaimTemplate",
	      "resourceclaimtemplates", "resourceclaimtemplate"),
	.namespaced = true,
	.checks_anew = 1,
	.verbs = KIND_ALL_VERBS,
	.delete_returns_object = true,
	TABLE(columns, columns_resourceclaimtemplates),
	.cells = cells_plain,
	.hooks = &kinds_resource_claim_template_hooks,
};

static const struct kind resourceslices = {
	NAMED("resource.k8s.io", "v1", "ResourceSlice", "resourceslices", "resourceslice"),
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	.delete_returns_object = true,
	TABLE(columns, columns_resourceslices),
	.cells = cells_resourceslices,
	.hooks = &kinds_device_slice_hooks,
	TABLE(selectable, resourceslices_selectable),
};

static const struct kind flowschemas = {
	NAMED("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema", "flowschemas", "flowschema"),
	.has_status = true,
	.checks_anew = 1,
	.checks_no_change = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_flowschemas),
	.cells = cells_flowschemas,
	.hooks = &kinds_flow_schema_hooks,
};

static const struct kind prioritylevelconfigurations = {
	NAMED("flowcontrol.apiserver.k8s.io", "v1", "PriorityLevelConfiguration",
	      "prioritylevelconfigurations", "prioritylevelconfiguration"),
	.has_status = true,
	.checks_anew = 1,
	.checks_no_change = true,
	.verbs = KIND_ALL_VERBS,
	.generation = KIND_GENERATION_SPEC,
	TABLE(columns, columns_prioritylevelconfigurations),
	.cells = cells_prioritylevelconfigurations,
	.hooks = &kinds_priority_level_hooks,
};

const struct kind *const kinds_rows_groups[] = {
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
const size_t kinds_rows_groups_n = sizeof kinds_rows_groups / sizeof *kinds_rows_groups;
