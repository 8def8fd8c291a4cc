/* applyset_normal - objects as they are sent. */
#include "client/applyset.h"

#include "base/vec.h"
#include "kube/builtin.h"
#include "kube/canon.h"
#include "text/base64.h"

/* client-go's scheme has all built-in kinds but those of these servers. */
static const struct type *type_of(struct gvk g)
{
	if (str_eq(g.group, S("apiextensions.k8s.io")) ||
	    str_eq(g.group, S("apiregistration.k8s.io")))
		return NULL;
	return builtin_type(g);
}

static void default_protocols(struct arena *a, node ports)
{
	node_each_item(port, ports)
		if (node_is(*port, NODE_MAP) && !node_str(node_get(*port, S("protocol"))).n)
			node_set(a, *port, S("protocol"), node_lit("TCP"));
}

/* Where kinds that run Pods have the Pod's spec. */
static node pod_spec(node object, str kind)
{
	if (str_eq(kind, S("Pod")))
		return node_get(object, S("spec"));
	if (str_eq(kind, S("CronJob")))
		return node_dig(object, "spec", "jobTemplate", "spec", "template", "spec");
	if (str_eq(kind, S("Deployment")) || str_eq(kind, S("StatefulSet")) ||
	    str_eq(kind, S("DaemonSet")) || str_eq(kind, S("ReplicaSet")) ||
	    str_eq(kind, S("Job")))
		return node_dig(object, "spec", "template", "spec");
	return NODE_NOTHING;
}

static void encode_strings(struct arena *a, node secret)
{
	node texts = node_get(secret, S("stringData"));
	node data = node_len(texts) ? node_map_at(a, secret, S("data")) : NODE_NOTHING;

	node_each_pair(p, texts) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		base64_write(&b, node_str(p->value), BASE64_STD);
		node_set(a, data, node_str(p->key), node_copy_str(a, buf_str(&b)));
	}
	node_remove(secret, S("stringData"));
}

static void fix_typed(struct arena *a, node object, struct gvk g)
{
	node_each_item(c, node_get(pod_spec(object, g.kind), S("containers")))
		default_protocols(a, node_get(*c, S("ports")));
	if (g.group.n)
		return;
	if (str_eq(g.kind, S("Service")))
		default_protocols(a, node_dig(object, "spec", "ports"));
	else if (str_eq(g.kind, S("Secret")))
		encode_strings(a, object);
}

/* A bundle that the API server would refuse is as good as none: controllers
 * such as cert-manager's put the real one in. */
static void drop_bad_bundle(node crd)
{
	node config = node_dig(crd, "spec", "conversion", "webhook", "clientConfig");
	str text = node_str(node_get(config, S("caBundle")));
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!text.n)
		return;
	err *e = base64_read(&b, text, BASE64_STD);

	if (e || !str_has(buf_str(&b), S("-----BEGIN CERTIFICATE-----")))
		node_remove(config, S("caBundle"));
	err_free(e);
}

static bool is_role(struct gvk g)
{
	return str_eq(g.group, S("rbac.authorization.k8s.io")) && str_eq(g.version, S("v1")) &&
	       (str_eq(g.kind, S("Role")) || str_eq(g.kind, S("ClusterRole")));
}

node applyset_normal(struct arena *a, node object)
{
	struct gvk g = gvk_of(object);
	bool crd = str_eq(g.group, S("apiextensions.k8s.io")) &&
		   str_eq(g.kind, S("CustomResourceDefinition"));
	const struct type *type = type_of(g);
	node out;

	if (is_role(g) || !node_is(object, NODE_MAP))
		return node_copy(a, object);
	err *e = type ? canon_restored(a, object, type, NULL, &out) : NULL;

	if (!type || e) {
		err_free(e);
		out = node_copy(a, object);
	} else {
		fix_typed(a, out, g);
		out.place = object.place;
	}
	if (node_is(node_get(out, S("metadata")), NODE_MAP))
		node_set(a, node_get(out, S("metadata")), S("creationTimestamp"), node_null());
	if (crd)
		drop_bad_bundle(out);
	else
		node_remove(out, S("status"));
	return out;
}
