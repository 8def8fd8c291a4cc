#include "server/defaults_impl.h"
#include "server/imageref.h"
#include "server/podamount.h"

#define TEXT(of) node_lit(of)

static const str init_annotations[] = {
	S("pod.beta.kubernetes.io/init-containers"),
	S("pod.alpha.kubernetes.io/init-containers"),
	S("pod.beta.kubernetes.io/init-container-statuses"),
	S("pod.alpha.kubernetes.io/init-container-statuses"),
};

/* Annotations from before there were init containers are not kept. */
static void drop_init_annotations(struct arena *a, node object)
{
	node metadata = node_get(object, S("metadata"));
	node annotations = node_get(metadata, S("annotations"));
	bool dropped = false;

	(void)a;
	for (size_t i = 0; i < sizeof init_annotations / sizeof *init_annotations; i++)
		dropped |= node_remove(annotations, init_annotations[i]);
	if (dropped && !node_len(annotations))
		node_remove(metadata, S("annotations"));
}

static void set_pull_policy(struct arena *a, node object, str image, str field)
{
	if (!defaults_lacks(object, field))
		return;
	bool latest = str_eq(imageref_tag(node_str_or(node_get(object, image), STR_NONE)), S("latest"));

	node_set(a, object, field, latest ? TEXT("Always") : TEXT("IfNotPresent"));
}

static void container(struct arena *a, node c)
{
	set_pull_policy(a, c, S("image"), S("imagePullPolicy"));
}

static void volume(struct arena *a, node v)
{
	bool has_source = false;

	node_each_pair(p, v)
		has_source |= !str_eq(node_str(p->key), S("name")) && !node_is_nil(p->value);
	if (!has_source)
		node_set(a, v, S("emptyDir"), node_map(a, 0));
	node image = node_get(v, S("image"));

	if (node_is(image, NODE_MAP))
		set_pull_policy(a, image, S("reference"), S("pullPolicy"));
}

static void host_path(struct arena *a, node source)
{
	if (node_is_nil(node_get(source, S("type"))))
		node_set(a, source, S("type"), TEXT(""));
}

/* `serviceAccount` is the old name of serviceAccountName. */
static void pod_spec(struct arena *a, node spec)
{
	if (node_is_nil(node_get(spec, S("securityContext"))))
		node_set(a, spec, S("securityContext"), node_map(a, 0));
	if (defaults_lacks(spec, S("serviceAccountName"))) {
		if (!defaults_lacks(spec, S("serviceAccount")))
			node_set(a, spec, S("serviceAccountName"), node_get(spec, S("serviceAccount")));
	} else {
		node_set(a, spec, S("serviceAccount"), node_get(spec, S("serviceAccountName")));
	}
}

static void requests_from_limits(struct arena *a, node containers)
{
	node_each_item(c, containers) {
		node resources = node_get(*c, S("resources"));

		if (node_is(resources, NODE_MAP))
			defaults_merge(a, resources, S("requests"), node_get(resources, S("limits")));
	}
}

static void host_ports(struct arena *a, node containers)
{
	node_each_item(c, containers)
		node_each_item(port, node_get(*c, S("ports")))
			if (defaults_lacks(*port, S("hostPort")) &&
			    !defaults_lacks(*port, S("containerPort")))
				node_set(a, *port, S("hostPort"), node_get(*port, S("containerPort")));
}

/* Only a Pod gets these, so that templates stay as they were written. */
static void pod(struct arena *a, node p)
{
	node spec = node_get(p, S("spec"));
	node containers = node_get(spec, S("containers"));
	node init = node_get(spec, S("initContainers"));
	node grace = node_get(spec, S("terminationGracePeriodSeconds"));

	if (!node_is(spec, NODE_MAP))
		return;
	drop_init_annotations(a, p);
	requests_from_limits(a, containers);
	requests_from_limits(a, init);
	podamount_defaults(a, spec);
	if (node_is_nil(node_get(spec, S("enableServiceLinks"))))
		node_set(a, spec, S("enableServiceLinks"), node_from_bool(true));
	if (node_bool(node_get(spec, S("hostNetwork")))) {
		host_ports(a, containers);
		host_ports(a, init);
	}
	if (node_is_num(grace) && node_int(grace) < 0)
		node_set(a, spec, S("terminationGracePeriodSeconds"), node_from_int(1));
}

/* The first of a list, which an older field shows alone, and which that field decides. */
static void mirror_first(struct arena *a, node object, str one, str many, str key)
{
	str single = node_str_or(node_get(object, one), STR_NONE);
	node list = node_get(object, many), first = node_at(list, 0);
	str head = node_str_or(key.n ? node_get(first, key) : first, STR_NONE);

	if (single.n && !str_eq(single, head)) {
		node entry = node_from_str(a, single);

		if (key.n) {
			entry = node_map(a, 1);
			node_set(a, entry, key, node_from_str(a, single));
		}
		list = node_seq(a, 1);
		node_append(a, list, entry);
		node_set(a, object, many, list);
	} else if (!single.n && head.n) {
		node_set(a, object, one, node_from_str(a, head));
	}
}

static void pod_status(struct arena *a, node status)
{
	mirror_first(a, status, S("podIP"), S("podIPs"), S("ip"));
}

static void node_spec(struct arena *a, node spec)
{
	mirror_first(a, spec, S("podCIDR"), S("podCIDRs"), STR_NONE);
}

const struct defaults_rule defaults_pod_rules[] = {
	{ "api.core.v1.Container", container },
	{ "api.core.v1.EphemeralContainer", container },
	{ "api.core.v1.HostPathVolumeSource", host_path },
	{ "api.core.v1.NodeSpec", node_spec },
	{ "api.core.v1.Pod", pod },
	{ "api.core.v1.PodSpec", pod_spec },
	{ "api.core.v1.PodStatus", pod_status },
	{ "api.core.v1.PodTemplateSpec", drop_init_annotations },
	{ "api.core.v1.Volume", volume },
};
const size_t defaults_pod_rules_n = sizeof defaults_pod_rules / sizeof *defaults_pod_rules;
