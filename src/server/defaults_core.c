#include "base/buf.h"
#include "server/defaults_impl.h"
#include "text/base64.h"

#define TEXT(of) node_lit(of)

static bool is_text(node object, str field, str text)
{
	return str_eq(node_str_or(node_get(object, field), STR_NONE), text);
}

/* What its template says about labels goes for a controller, too. */
static void replication_controller(struct arena *a, node rc)
{
	node spec = node_get(rc, S("spec")), metadata = node_get(rc, S("metadata"));
	node labels = node_dig(spec, "template", "metadata", "labels");

	if (!node_len(labels))
		return;
	if (!node_len(node_get(spec, S("selector"))))
		node_set(a, spec, S("selector"), node_copy(a, labels));
	if (node_is(metadata, NODE_MAP) && !node_len(node_get(metadata, S("labels"))))
		node_set(a, metadata, S("labels"), node_copy(a, labels));
}

/* In the original it is one map in both places: what is added to the labels of the
 * Pods is then among the Job's, too (kinds_batch.c). */
static void job(struct arena *a, node j)
{
	node labels = node_dig(j, "spec", "template", "metadata", "labels");
	node metadata = node_get(j, S("metadata"));

	if (node_len(labels) && node_is(metadata, NODE_MAP) &&
	    !node_len(node_get(metadata, S("labels"))))
		node_set(a, metadata, S("labels"), node_copy(a, labels));
}

/* ---- Service ----------------------------------------------------------- */

enum { SESSION_SECONDS = 10800 };

static void session_affinity(struct arena *a, node spec)
{
	defaults_set(a, spec, S("sessionAffinity"), TEXT("None"));
	if (is_text(spec, S("sessionAffinity"), S("None")))
		node_remove(spec, S("sessionAffinityConfig"));
	if (!is_text(spec, S("sessionAffinity"), S("ClientIP")) ||
	    !node_is_nil(node_dig(spec, "sessionAffinityConfig", "clientIP", "timeoutSeconds")))
		return;
	node config = node_map(a, 1), client = node_map(a, 1);

	node_set(a, client, S("timeoutSeconds"), node_from_int(SESSION_SECONDS));
	node_set(a, config, S("clientIP"), client);
	node_set(a, spec, S("sessionAffinityConfig"), config);
}

static void service_port(struct arena *a, node port)
{
	node target = node_get(port, S("targetPort")), number = node_get(port, S("port"));

	if (node_is(target, NODE_STR) ? node_str(target).n == 0 : node_int(target) == 0)
		node_set(a, port, S("targetPort"), node_is_nil(number) ? node_from_int(0) : number);
}

static void service_spec(struct arena *a, node spec)
{
	session_affinity(a, spec);
	defaults_set(a, spec, S("type"), TEXT("ClusterIP"));
	bool balancer = is_text(spec, S("type"), S("LoadBalancer"));
	bool node_port = is_text(spec, S("type"), S("NodePort"));
	bool cluster = is_text(spec, S("type"), S("ClusterIP"));

	node_each_item(port, node_get(spec, S("ports")))
		service_port(a, *port);
	if (balancer || node_port || (cluster && node_len(node_get(spec, S("externalIPs")))))
		defaults_set(a, spec, S("externalTrafficPolicy"), TEXT("Cluster"));
	if ((balancer || node_port || cluster) &&
	    node_is_nil(node_get(spec, S("internalTrafficPolicy"))))
		node_set(a, spec, S("internalTrafficPolicy"), TEXT("Cluster"));
	if (balancer && node_is_nil(node_get(spec, S("allocateLoadBalancerNodePorts"))))
		node_set(a, spec, S("allocateLoadBalancerNodePorts"), node_from_bool(true));
}

static void service(struct arena *a, node s)
{
	if (!is_text(node_get(s, S("spec")), S("type"), S("LoadBalancer")))
		return;
	node_each_item(ingress, node_dig(s, "status", "loadBalancer", "ingress"))
		if (!defaults_lacks(*ingress, S("ip")) && node_is_nil(node_get(*ingress, S("ipMode"))))
			node_set(a, *ingress, S("ipMode"), TEXT("VIP"));
}

/* ---- configuration and storage ------------------------------------------ */

/* stringData is written only: it lands in data and is never seen again. */
static void secret(struct arena *a, node s)
{
	node texts = node_get(s, S("stringData"));

	if (node_len(texts)) {
		node data = node_need_map(a, s, S("data"));

		node_each_pair(p, texts) {
			CLEANUP(buf_release) struct buf b = BUF_INIT;

			base64_write(&b, node_str_or(p->value, STR_NONE), BASE64_STD);
			if (node_is(data, NODE_MAP))
				node_set(a, data, node_str(p->key), node_copy_str(a, buf_str(&b)));
		}
	}
	node_remove(s, S("stringData"));
}

static void namespace(struct arena *a, node ns)
{
	node metadata = node_get(ns, S("metadata"));

	if (defaults_lacks(metadata, S("name")))
		return;
	node labels = node_need_map(a, metadata, S("labels"));

	if (node_is(labels, NODE_MAP))
		node_set(a, labels, S("kubernetes.io/metadata.name"), node_get(metadata, S("name")));
}

static void pending(struct arena *a, node object)
{
	node status = node_need_map(a, object, S("status"));

	defaults_set(a, status, S("phase"), TEXT("Pending"));
}

static void volume_spec(struct arena *a, node spec)
{
	defaults_set(a, spec, S("persistentVolumeReclaimPolicy"), TEXT("Retain"));
	defaults_set(a, spec, S("volumeMode"), TEXT("Filesystem"));
}

/* Only of the object: the spec also stands in a VolumeAttachment. */
static void volume(struct arena *a, node pv)
{
	pending(a, pv);
	volume_spec(a, node_get(pv, S("spec")));
}

static void node_status(struct arena *a, node status)
{
	node capacity = node_get(status, S("capacity"));

	if (node_len(capacity) && node_is_nil(node_get(status, S("allocatable"))))
		node_set(a, status, S("allocatable"), node_copy(a, capacity));
}

static void limit_range_item(struct arena *a, node item)
{
	if (!is_text(item, S("type"), S("Container")))
		return;
	defaults_merge(a, item, S("default"), node_get(item, S("max")));
	defaults_merge(a, item, S("defaultRequest"), node_get(item, S("default")));
	defaults_merge(a, item, S("defaultRequest"), node_get(item, S("min")));
}

const struct defaults_rule defaults_core_rules[] = {
	{ "api.batch.v1.Job", job },
	{ "api.core.v1.LimitRangeItem", limit_range_item },
	{ "api.core.v1.Namespace", namespace },
	{ "api.core.v1.NodeStatus", node_status },
	{ "api.core.v1.PersistentVolume", volume },
	{ "api.core.v1.PersistentVolumeClaim", pending },
	{ "api.core.v1.ReplicationController", replication_controller },
	{ "api.core.v1.Secret", secret },
	{ "api.core.v1.Service", service },
	{ "api.core.v1.ServiceSpec", service_spec },
};
const size_t defaults_core_rules_n = sizeof defaults_core_rules / sizeof *defaults_core_rules;
