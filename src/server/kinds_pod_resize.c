#include "server/containers.h"
#include "server/kinds_impl.h"
#include "server/kinds_pods.h"
#include "server/podprepare.h"

static bool is_removed(node now, node was)
{
	node_each_pair(p, was)
		if (!node_has(now, node_str(p->key)))
			return true;
	return false;
}

static void check_removed(struct fielderrs *e, const struct at *at, node now, node was, const char *what)
{
	static const str lists[] = { S("requests"), S("limits") };

	for (size_t l = 0; l < 2; l++)
		if (is_removed(node_get(now, lists[l]), node_get(was, lists[l])))
			check_forbidden(e, AT_NAMED(at, lists[l]), "%sresource %.*s cannot be removed", what,
					STR_ARG(lists[l]));
}

/* Resources as if CPU and memory were what they had been. */
static node forgiven(struct arena *a, node now, node was)
{
	static const str lists[] = { S("requests"), S("limits") };
	static const str names[] = { S("cpu"), S("memory") };
	node out = node_is(now, NODE_MAP) ? node_copy(a, now) : node_map(a, 2);

	for (size_t l = 0; l < 2; l++) {
		node to = node_get(out, lists[l]), from = node_get(was, lists[l]);

		for (size_t i = 0; i < 2; i++) {
			if (!node_is_nil(node_get(from, names[i]))) {
				if (!node_is(to, NODE_MAP)) {
					to = node_map(a, 2);
					node_set(a, out, lists[l], to);
				}
				node_set(a, to, names[i], node_get(from, names[i]));
			} else {
				node_remove(to, names[i]);
			}
		}
		if (!node_len(to))
			node_remove(out, lists[l]);
	}
	return out;
}

static node container_forgiven(struct arena *a, node now, node was)
{
	node out = node_copy(a, now), resources = forgiven(a, GET(now, "resources"), GET(was, "resources"));

	node_remove(resources, S("claims"));
	node_set(a, out, S("resources"), resources);
	return out;
}

static node without_order(struct arena *a, node container)
{
	node out = node_copy(a, container);

	if (!node_len(GET(out, "resources")))
		node_set(a, out, S("resources"), node_map(a, 0));
	node_remove(GET(out, "resources"), S("claims"));
	return out;
}

static bool check_order(struct fielderrs *e, const struct at *at, node now, node was, const char *list)
{
	const struct at *where = AT_NAMED(at, str_c(list));
	node x = node_get(now, str_c(list)), y = node_get(was, str_c(list));
	size_t before = e->n;

	if (node_len(x) != node_len(y)) {
		check_forbidden(e, where, "%s may not be added or removed on resize", list);
		return false;
	}
	for (size_t i = 0; i < node_len(x); i++)
		if (!str_eq(TEXT_OF(node_at(x, i), "name"), TEXT_OF(node_at(y, i), "name")))
			check_forbidden(e, AT(AT_I(where, i), "name"),
					"%s may not be renamed or reordered on resize", list);
	return e->n == before;
}

static void check_pod_level(struct fielderrs *e, const struct at *at, node now, node was)
{
	node is = GET(now, "resources"), before = GET(was, "resources");
	const struct at *where = AT(at, "resources");

	if (!node_len(GET(is, "requests")) && !node_len(GET(is, "limits")) &&
	    !node_len(GET(before, "requests")) && !node_len(GET(before, "limits")))
		return;
	if (!node_is_nil(before) && node_is_nil(is)) {
		check_forbidden(e, where, "pod-level resources cannot be removed");
		return;
	}
	if (!node_is_nil(before))
		check_removed(e, where, is, before, "pod-level ");
	if (!check_same(forgiven(e->arena, is, before), before))
		check_forbidden(e, at, "only cpu and memory resources are mutable at pod-level");
}

static void check_init(struct fielderrs *e, const struct at *at, node now, node was)
{
	struct arena *a = e->arena;

	if (!check_same(container_forgiven(a, now, was), without_order(a, was)))
		check_forbidden(e, at, "only cpu and memory resources for init or sidecar containers are "
				       "mutable");
	if (check_same(now, was) || containers_is_sidecar(now))
		return;
	node_each_item(p, GET(now, "resizePolicy"))
		if (str_eq(TEXT_OF(*p, "restartPolicy"), S("RestartContainer")))
			check_forbidden(e, at, "non-sidecar init containers with a resize policy of "
					       "RestartContainer cannot be resized");
}

static bool runs_without_resize(node pod)
{
	node_each_item(s, GET(GET(pod, "status"), "containerStatuses"))
		if (HAS(GET(*s, "state"), "running"))
			return LACKS(*s, "resources");
	return false;
}

static bool is_out_of_reach(struct kind_call *c)
{
	const char *why = NULL;

	if (node_has(node_dig(c->old, "metadata", "annotations"), S("kubernetes.io/config.mirror")))
		why = "static pods cannot be resized";
	else if (str_eq(TEXT_OF(GET(GET(c->old, "spec"), "os"), "name"), S("windows")))
		why = "windows pods cannot be resized";
	if (!why)
		return false;
	c->errors->n = 0; /* then that is all there is to say */
	check_forbidden(c->errors, AT(NULL, ""), "%s", why);
	return true;
}

void kinds_pod_check_resize(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node now = GET(c->object, "spec"), was = GET(c->old, "spec");
	str class = TEXT_OF(GET(c->old, "status"), "qosClass");
	const struct at *at = AT(NULL, "spec");

	if (is_out_of_reach(c))
		return;
	if (!str_eq(class.n ? class : podprepare_qos(c->arena, was), podprepare_qos(c->arena, now)))
		check_invalid_text(e, at, TEXT_OF(GET(c->object, "status"), "qosClass"),
				   "Pod QOS Class may not change as a result of resizing");
	if (runs_without_resize(c->old))
		check_forbidden(e, at, "Pod running on node without support for resize");
	check_pod_level(e, at, now, was);
	bool ordered = check_order(e, at, now, was, "containers");

	if (!check_order(e, at, now, was, "initContainers") || !ordered)
		return;
	node inits = GET(now, "initContainers"), old_inits = GET(was, "initContainers");
	node list = GET(now, "containers"), old_list = GET(was, "containers");

	for (size_t i = 0; i < node_len(inits); i++)
		check_removed(e, AT(AT_I(AT(at, "initContainers"), i), "resources"),
			      GET(node_at(inits, i), "resources"), GET(node_at(old_inits, i), "resources"), "");
	for (size_t i = 0; i < node_len(list); i++)
		check_removed(e, AT(AT_I(AT(at, "containers"), i), "resources"),
			      GET(node_at(list, i), "resources"), GET(node_at(old_list, i), "resources"), "");
	for (size_t i = 0; i < node_len(list); i++)
		if (!check_same(container_forgiven(c->arena, node_at(list, i), node_at(old_list, i)),
				without_order(c->arena, node_at(old_list, i))))
			check_forbidden(e, at, "only cpu and memory resources are mutable");
	for (size_t i = 0; i < node_len(inits); i++)
		check_init(e, AT_I(AT(at, "initContainers"), i), node_at(inits, i), node_at(old_inits, i));
}
