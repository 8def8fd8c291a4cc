#include "server/kinds_impl.h"

/* A number or boolean as Go prints it; `fallback` when it is not set. */
static str scalar(struct arena *a, node n, str fallback)
{
	return node_is_nil(n) ? fallback : node_text(a, n);
}

str kinds_select_pod_host_network(struct arena *a, node pod)
{
	return scalar(a, node_dig(pod, "spec", "hostNetwork"), S("false"));
}

str kinds_select_pod_node(struct arena *a, node pod)
{
	(void)a;
	return node_str_or(node_dig(pod, "spec", "nodeName"), STR_NONE);
}

str kinds_select_pod_ip(struct arena *a, node pod)
{
	(void)a;
	node first = node_at(node_dig(pod, "status", "podIPs"), 0);

	return node_str_or(node_get(first, S("ip")), STR_NONE);
}

/* The label is known, but no object ever has a value. */
str kinds_select_nothing(struct arena *a, node object)
{
	(void)a;
	(void)object;
	return STR_NONE;
}

str kinds_select_node_unschedulable(struct arena *a, node n)
{
	return scalar(a, node_dig(n, "spec", "unschedulable"), S("false"));
}

str kinds_select_status_replicas(struct arena *a, node object)
{
	return scalar(a, node_dig(object, "status", "replicas"), S("0"));
}

str kinds_select_job_successful(struct arena *a, node job)
{
	return scalar(a, node_dig(job, "status", "succeeded"), S("0"));
}

str kinds_select_event_source(struct arena *a, node event)
{
	(void)a;
	str source = node_str_or(node_dig(event, "source", "component"), STR_NONE);

	return source.n ? source : node_str_or(node_get(event, S("reportingComponent")), STR_NONE);
}
