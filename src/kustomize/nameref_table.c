/* The references that kustomize 5.8 knows without being told. */
#include "kustomize/nameref.h"

struct row {
	struct gvk target;
	struct fieldspec spec;
};

#define TEXT(s) { s, sizeof(s) - 1 }
#define ROW(tg, tv, tk, group, version, kind, path)                         \
	{ { TEXT(tg), TEXT(tv), TEXT(tk) },                                 \
	  { { TEXT(group), TEXT(version), TEXT(kind) }, TEXT(path), false } },

/* A target in the core group, version v1, referred to by a kind. */
#define CORE(target, kind, path) ROW("", "v1", target, "", "", kind, path)

/* A field of a pod's spec, in all kinds that hold one. */
#define IN_PODS(target, field)                                       \
	ROW("", "v1", target, "", "v1", "Pod", "spec/" field)        \
	CORE(target, "PodTemplate", "template/spec/" field)          \
	CORE(target, "Deployment", "spec/template/spec/" field)      \
	CORE(target, "ReplicaSet", "spec/template/spec/" field)      \
	CORE(target, "DaemonSet", "spec/template/spec/" field)       \
	CORE(target, "StatefulSet", "spec/template/spec/" field)     \
	CORE(target, "Job", "spec/template/spec/" field)             \
	CORE(target, "CronJob", "spec/jobTemplate/spec/template/spec/" field)

/* The same for the kinds that had these rules from the beginning. */
#define IN_OLD_PODS(tg, tv, tk, field)                                                  \
	ROW(tg, tv, tk, "", "", "Pod", "spec/" field)                                   \
	ROW(tg, tv, tk, "", "", "StatefulSet", "spec/template/spec/" field)             \
	ROW(tg, tv, tk, "", "", "Deployment", "spec/template/spec/" field)              \
	ROW(tg, tv, tk, "", "", "ReplicationController", "spec/template/spec/" field)   \
	ROW(tg, tv, tk, "", "", "CronJob", "spec/jobTemplate/spec/template/spec/" field) \
	ROW(tg, tv, tk, "", "", "Job", "spec/template/spec/" field)                     \
	ROW(tg, tv, tk, "", "", "DaemonSet", "spec/template/spec/" field)

#define SCALED(kind) ROW("", "", kind, "", "", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name")
#define RBAC "rbac.authorization.k8s.io"
#define ADMISSION "admissionregistration.k8s.io"

static const struct row rows[] = {
	SCALED("Deployment")
	SCALED("ReplicationController")
	SCALED("ReplicaSet")
	SCALED("StatefulSet")

	IN_PODS("ConfigMap", "volumes/configMap/name")
	IN_PODS("ConfigMap", "containers/env/valueFrom/configMapKeyRef/name")
	IN_PODS("ConfigMap", "initContainers/env/valueFrom/configMapKeyRef/name")
	IN_PODS("ConfigMap", "containers/envFrom/configMapRef/name")
	IN_PODS("ConfigMap", "initContainers/envFrom/configMapRef/name")
	IN_PODS("ConfigMap", "volumes/projected/sources/configMap/name")
	CORE("ConfigMap", "Node", "spec/configSource/configMap")
	CORE("ConfigMap", "Role", "rules/resourceNames")
	CORE("ConfigMap", "ClusterRole", "rules/resourceNames")
	CORE("ConfigMap", "Ingress",
	     "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap")

	IN_PODS("Secret", "volumes/secret/secretName")
	IN_PODS("Secret", "containers/env/valueFrom/secretKeyRef/name")
	IN_PODS("Secret", "initContainers/env/valueFrom/secretKeyRef/name")
	IN_PODS("Secret", "containers/envFrom/secretRef/name")
	IN_PODS("Secret", "initContainers/envFrom/secretRef/name")
	IN_PODS("Secret", "imagePullSecrets/name")
	IN_PODS("Secret", "volumes/projected/sources/secret/name")
	CORE("Secret", "Ingress", "spec/tls/secretName")
	CORE("Secret", "Ingress", "metadata/annotations/ingress.kubernetes.io\\/auth-secret")
	CORE("Secret", "Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret")
	CORE("Secret", "Ingress",
	     "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret")
	CORE("Secret", "ServiceAccount", "imagePullSecrets/name")
	CORE("Secret", "StorageClass", "parameters/secretName")
	CORE("Secret", "StorageClass", "parameters/adminSecretName")
	CORE("Secret", "StorageClass", "parameters/userSecretName")
	CORE("Secret", "StorageClass", "parameters/secretRef")
	CORE("Secret", "Role", "rules/resourceNames")
	CORE("Secret", "ClusterRole", "rules/resourceNames")
	ROW("", "v1", "Secret", "serving.knative.dev", "v1", "Service",
	    "spec/template/spec/containers/env/valueFrom/secretKeyRef/name")
	CORE("Secret", "PersistentVolume", "spec/azureFile/secretName")

	ROW("", "v1", "Service", "apps", "", "StatefulSet", "spec/serviceName")
	CORE("Service", "Ingress", "spec/rules/http/paths/backend/serviceName")
	CORE("Service", "Ingress", "spec/backend/serviceName")
	CORE("Service", "Ingress", "spec/rules/http/paths/backend/service/name")
	CORE("Service", "Ingress", "spec/defaultBackend/service/name")
	ROW("", "v1", "Service", "apiregistration.k8s.io", "", "APIService", "spec/service/name")
	ROW("", "v1", "Service", ADMISSION, "", "ValidatingWebhookConfiguration",
	    "webhooks/clientConfig/service")
	ROW("", "v1", "Service", ADMISSION, "", "MutatingWebhookConfiguration",
	    "webhooks/clientConfig/service")

	ROW(RBAC, "", "Role", RBAC, "", "RoleBinding", "roleRef/name")
	ROW(RBAC, "", "ClusterRole", RBAC, "", "RoleBinding", "roleRef/name")
	ROW(RBAC, "", "ClusterRole", RBAC, "", "ClusterRoleBinding", "roleRef/name")

	ROW("", "v1", "ServiceAccount", RBAC, "", "RoleBinding", "subjects")
	ROW("", "v1", "ServiceAccount", RBAC, "", "ClusterRoleBinding", "subjects")
	IN_OLD_PODS("", "v1", "ServiceAccount", "serviceAccountName")

	IN_OLD_PODS("", "v1", "PersistentVolumeClaim", "volumes/persistentVolumeClaim/claimName")
	CORE("PersistentVolume", "PersistentVolumeClaim", "spec/volumeName")
	CORE("PersistentVolume", "ClusterRole", "rules/resourceNames")

	ROW("storage.k8s.io", "v1", "StorageClass", "", "", "PersistentVolume",
	    "spec/storageClassName")
	ROW("storage.k8s.io", "v1", "StorageClass", "", "", "PersistentVolumeClaim",
	    "spec/storageClassName")
	ROW("storage.k8s.io", "v1", "StorageClass", "", "", "StatefulSet",
	    "spec/volumeClaimTemplates/spec/storageClassName")

	IN_OLD_PODS("scheduling.k8s.io", "v1", "PriorityClass", "priorityClassName")

	/* The group is what kustomize has: the rule never finds anything. */
	ROW("networking.k8s.io/v1", "v1", "IngressClass", "", "", "Ingress", "spec/ingressClassName")
	ROW(ADMISSION, "", "ValidatingAdmissionPolicy", ADMISSION, "",
	    "ValidatingAdmissionPolicyBinding", "spec/policyName")
};

namerefs nameref_defaults(struct arena *a)
{
	namerefs rules = { 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!i || !gvk_eq(rows[i].target, rows[i - 1].target))
			avec_push(a, &rules, (struct nameref){ .target = rows[i].target });
		avec_push(a, &rules.p[rules.n - 1].referrers, rows[i].spec);
	}
	return rules;
}
