#include "server/podamount.h"

#define REQUESTS S("requests")
#define LIMITS S("limits")

bool podamount_is_huge_pages(str name)
{
	return str_starts(name, S("hugepages-"));
}

bool podamount_is_pod_level(str name)
{
	return str_eq(name, S("cpu")) || str_eq(name, S("memory")) || podamount_is_huge_pages(name);
}

bool podamount_is_native(str name)
{
	return str_find_char(name, '/') == STR_NPOS || str_has(name, S("kubernetes.io/"));
}

static bool is_sidecar(node container)
{
	return str_eq(node_str_or(node_get(container, S("restartPolicy")), STR_NONE), S("Always"));
}

struct amounts podamount_containers(struct arena *a, node spec, str which)
{
	struct amounts sum = { .arena = a }, sidecars = { .arena = a }, init = { .arena = a };

	node_each_item(c, node_get(spec, S("containers"))) {
		struct amounts one = amounts_of(a, node_get(node_get(*c, S("resources")), which));

		amounts_add(&sum, &one);
	}
	node_each_item(c, node_get(spec, S("initContainers"))) {
		struct amounts one = amounts_of(a, node_get(node_get(*c, S("resources")), which));

		if (is_sidecar(*c)) {
			amounts_add(&sum, &one);
			amounts_add(&sidecars, &one);
			amounts_max(&init, &sidecars);
		} else {
			amounts_add(&one, &sidecars);
			amounts_max(&init, &one);
		}
	}
	amounts_max(&sum, &init);
	return sum;
}

static void set_pod_level(struct amounts *sum, node amounts)
{
	node_each_pair(p, amounts) {
		struct quantity q = amounts_quantity(sum->arena, p->value);

		if (podamount_is_pod_level(node_str(p->key)))
			amounts_set(sum, node_str(p->key), &q);
	}
}

struct amounts podamount_requests(struct arena *a, node spec)
{
	struct amounts sum = podamount_containers(a, spec, REQUESTS);
	struct amounts overhead = amounts_of(a, node_get(spec, S("overhead")));

	set_pod_level(&sum, node_dig(spec, "resources", "requests"));
	amounts_add(&sum, &overhead);
	return sum;
}

struct amounts podamount_limits(struct arena *a, node spec)
{
	struct amounts sum = podamount_containers(a, spec, LIMITS);

	set_pod_level(&sum, node_dig(spec, "resources", "limits"));
	node_each_pair(p, node_get(spec, S("overhead"))) {
		struct amount *there = amounts_get(&sum, node_str(p->key));
		struct quantity q = amounts_quantity(a, p->value);

		if (there && quantity_sign(&there->q))
			amounts_add_one(&sum, node_str(p->key), &q);
	}
	return sum;
}

static void default_huge_pages(struct arena *a, node spec, node resources)
{
	struct amounts sum = podamount_containers(a, spec, LIMITS);

	for (size_t i = 0; i < sum.n; i++) {
		str name = sum.list[i].name;

		if (!podamount_is_huge_pages(name) ||
		    node_has(node_get(resources, REQUESTS), name))
			continue;
		node limits = node_need_map(a, resources, LIMITS);

		if (node_is(limits, NODE_MAP) && !node_has(limits, name))
			node_set(a, limits, name, node_from_str(a, amounts_text(a, &sum.list[i].q)));
	}
}

static void default_request(struct arena *a, node resources, str name, const struct quantity *q)
{
	node requests = node_need_map(a, resources, REQUESTS);

	if (node_is(requests, NODE_MAP) && !node_has(requests, name))
		node_set(a, requests, name, node_from_str(a, amounts_text(a, q)));
}

void podamount_defaults(struct arena *a, node spec)
{
	node resources = node_get(spec, S("resources"));

	if (!node_len(node_get(resources, LIMITS)) && !node_len(node_get(resources, REQUESTS)))
		return;
	default_huge_pages(a, spec, resources);
	struct amounts limits = amounts_of(a, node_get(resources, LIMITS));
	struct amounts sum = podamount_containers(a, spec, REQUESTS);

	if (!limits.n)
		return;
	for (size_t i = 0; i < sum.n; i++)
		if (podamount_is_pod_level(sum.list[i].name) &&
		    !podamount_is_huge_pages(sum.list[i].name))
			default_request(a, resources, sum.list[i].name, &sum.list[i].q);
	for (size_t i = 0; i < limits.n; i++)
		if (podamount_is_pod_level(limits.list[i].name))
			default_request(a, resources, limits.list[i].name, &limits.list[i].q);
}
