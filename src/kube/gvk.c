#include "kube/gvk.h"

struct gvk gvk_parse(str api_version, str kind)
{
	struct gvk g = { .kind = kind };

	if (!str_split(api_version, '/', &g.group, &g.version)) {
		g.version = g.group;
		g.group = STR_NONE;
	}
	return g;
}

struct gvk gvk_of(node object)
{
	return gvk_parse(node_str(node_get(object, S("apiVersion"))),
			 node_str(node_get(object, S("kind"))));
}

str gvk_api_version(struct arena *a, struct gvk g)
{
	return g.group.n ? arena_cat(a, g.group, S("/"), g.version) : g.version;
}

bool gvk_eq(struct gvk a, struct gvk b)
{
	return str_eq(a.kind, b.kind) && str_eq(a.group, b.group) && str_eq(a.version, b.version);
}

bool gvk_selected(struct gvk g, struct gvk s)
{
	return (!s.group.n || str_eq(s.group, g.group)) &&
	       (!s.version.n || str_eq(s.version, g.version)) &&
	       (!s.kind.n || str_eq(s.kind, g.kind));
}

static str or(str s, str fallback)
{
	return s.n ? s : fallback;
}

void gvk_print(struct buf *b, struct gvk g)
{
	buf_add(b, or(g.kind, S("[noKind]")));
	buf_addc(b, '.');
	buf_add(b, or(g.version, S("[noVer]")));
	buf_addc(b, '.');
	buf_add(b, or(g.group, S("[noGrp]")));
}

void gvk_print_sortable(struct buf *b, struct gvk g)
{
	buf_add(b, or(g.group, S("~G")));
	buf_addc(b, '_');
	buf_add(b, or(g.version, S("~V")));
	buf_addc(b, '_');
	buf_add(b, or(g.kind, S("~K")));
}

/* ---- scope ------------------------------------------------------------- */

static const struct {
	str group, version, kind;
} cluster_scoped[] = {
#define ROW(group, version, kind) { { group, sizeof(group) - 1 }, { version, sizeof(version) - 1 }, { kind, sizeof(kind) - 1 } },
#define BOTH(group, kind) ROW(group, "v1", kind) ROW(group, "v1beta1", kind)
	BOTH("admissionregistration.k8s.io", "MutatingWebhookConfiguration")
	BOTH("admissionregistration.k8s.io", "ValidatingWebhookConfiguration")
	ROW("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy")
	ROW("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding")
	BOTH("apiextensions.k8s.io", "CustomResourceDefinition")
	BOTH("apiregistration.k8s.io", "APIService")
	BOTH("certificates.k8s.io", "CertificateSigningRequest")
	ROW("flowcontrol.apiserver.k8s.io", "v1beta1", "FlowSchema")
	ROW("flowcontrol.apiserver.k8s.io", "v1beta1", "PriorityLevelConfiguration")
	BOTH("networking.k8s.io", "IngressClass")
	BOTH("node.k8s.io", "RuntimeClass")
	ROW("policy", "v1beta1", "PodSecurityPolicy")
	BOTH("rbac.authorization.k8s.io", "ClusterRole")
	BOTH("rbac.authorization.k8s.io", "ClusterRoleBinding")
	BOTH("scheduling.k8s.io", "PriorityClass")
	BOTH("storage.k8s.io", "CSIDriver")
	BOTH("storage.k8s.io", "CSINode")
	BOTH("storage.k8s.io", "StorageClass")
	BOTH("storage.k8s.io", "VolumeAttachment")
	ROW("", "v1", "ComponentStatus")
	ROW("", "v1", "Namespace")
	ROW("", "v1", "Node")
	ROW("", "v1", "NodeProxyOptions")
	ROW("", "v1", "PersistentVolume")
#undef BOTH
#undef ROW
};

bool gvk_is_cluster_scoped(struct gvk g)
{
	for (size_t i = 0; i < sizeof cluster_scoped / sizeof *cluster_scoped; i++)
		if (str_eq(g.kind, cluster_scoped[i].kind) &&
		    str_eq(g.group, cluster_scoped[i].group) &&
		    str_eq(g.version, cluster_scoped[i].version))
			return true;
	return false;
}
