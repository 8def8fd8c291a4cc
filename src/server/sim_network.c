/* sim_network - what stands behind Services. */
#include <stdlib.h>

#include "base/die.h"
#include "base/map.h"
#include "base/sort.h"
#include "server/meta.h"
#include "server/sim.h"

static void put(struct arena *a, node map, const char *key, str value)
{
	node_set(a, map, str_c(key), node_from_str(a, value));
}

static err *write_object(struct minder_call *c, const char *api_version, str plural, node object,
			 bool there)
{
	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = SIM_MANAGER,
					.method = there ? S("PUT") : S("POST"),
					.path = minder_path(c->arena, api_version, plural,
							    meta_get(object, S("namespace")),
							    there ? meta_get(object, S("name"))
								  : STR_NONE,
							    STR_NONE),
					.body = object },
		NULL));
}

/* ---- endpoints --------------------------------------------------------- */

/* What Services select, so that a change of a Pod need not read all of them. */
struct selecting {
	struct arena arena;
	str id;			/* NAMESPACE/NAME */
	node selector;		/* a map with a pair at least */
};

struct selectors {
	struct map by_id;
};

static struct selectors *selectors_of(struct minder *m)
{
	void **slot = minder_own(m, &sim_endpoints_controller);

	if (!*slot)
		*slot = mem_calloc(1, sizeof(struct selectors));
	return *slot;
}

static void selecting_free(struct selecting *s)
{
	if (!s)
		return;
	arena_release(&s->arena);
	free(s);
}

static void endpoints_close(struct minder *m)
{
	struct selectors *all = selectors_of(m);

	for (size_t i = 0; i < all->by_id.n; i++)
		selecting_free(all->by_id.entries[i].value);
	map_release(&all->by_id);
	free(all);
}

/* Note what the Service selects; forget it where it has gone or selects nothing. */
static void note_selector(struct selectors *all, const struct store_event *e)
{
	struct selecting *s = mem_calloc(1, sizeof *s);
	struct arena *a = &s->arena;

	s->id = arena_cat(a, blob_namespace(e->now), S("/"), blob_name(e->now));
	if (e->change != STORE_DELETED)
		s->selector =
			node_copy_all(a, node_dig(blob_tree(a, e->now), "spec", "selector"));
	struct selecting *before = map_get(&all->by_id, s->id);

	if (before)
		map_remove(&all->by_id, s->id);
	selecting_free(before);
	if (node_len(s->selector))
		map_set(&all->by_id, s->id, s);
	else
		selecting_free(s);
}

static bool selects(node selector, node labels)
{
	node_each_pair(p, selector)
		if (!str_eq(node_str(node_get(labels, node_str(p->key))), node_str(p->value)))
			return false;
	return true;
}

/* A Pod may be behind any Service of its namespace. */
static void endpoints_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct selectors *all = selectors_of(m);
	str namespace = blob_namespace(e->now);

	if (minder_is(e, "/services")) {
		note_selector(all, e);
		if (e->change != STORE_DELETED)
			minder_need(m, c,
				    &(struct minder_key){ namespace, blob_name(e->now), STR_NONE }, 0);
		return;
	}
	if (!minder_is(e, "/pods"))
		return;
	node labels = blob_labels(&a, e->now);

	for (size_t i = 0; i < all->by_id.n; i++) {
		const struct selecting *s = all->by_id.entries[i].value;
		str name = s->id, of;

		str_cut(&name, &of, '/');
		if (str_eq(of, namespace) && selects(s->selector, labels))
			minder_need(m, c, &(struct minder_key){ namespace, name, STR_NONE }, 0);
	}
}

/* The number of a port of the Pod: given, or by the name of a container's port. */
static int64_t target_port(node pod, node port)
{
	node target = node_get(port, S("targetPort"));

	if (node_is_num(target))
		return node_int(target);
	if (!node_str(target).n)
		return node_int(node_get(port, S("port")));
	node_each_item(ct, node_dig(pod, "spec", "containers"))
		node_each_item(p, node_get(*ct, S("ports")))
			if (str_eq(node_str(node_get(*p, S("name"))), node_str(target)))
				return node_int(node_get(*p, S("containerPort")));
	return 0;
}

static node ports_of(struct arena *a, node service, node pod, bool slice)
{
	node list = node_seq(a, 2);

	node_each_item(p, node_dig(service, "spec", "ports")) {
		int64_t number = target_port(pod, *p);
		node port = node_map(a, 3);
		str name = node_str(node_get(*p, S("name")));

		if (!number)
			continue;
		if (name.n || slice)
			put(a, port, "name", name);
		node_set(a, port, S("port"), node_from_int(number));
		node_set(a, port, S("protocol"), node_get(*p, S("protocol")));
		node_append(a, list, port);
	}
	return list;
}

static node target_ref(struct arena *a, node pod)
{
	node ref = node_map(a, 4);

	put(a, ref, "kind", S("Pod"));
	put(a, ref, "name", meta_get(pod, S("name")));
	put(a, ref, "namespace", meta_get(pod, S("namespace")));
	put(a, ref, "uid", meta_get(pod, S("uid")));
	return ref;
}

static node endpoint_address(struct arena *a, node pod)
{
	node address = node_map(a, 3);

	put(a, address, "ip", node_str(node_dig(pod, "status", "podIP")));
	put(a, address, "nodeName", node_str(node_dig(pod, "spec", "nodeName")));
	node_set(a, address, S("targetRef"), target_ref(a, pod));
	return address;
}

static node slice_endpoint(struct arena *a, node pod)
{
	node endpoint = node_map(a, 4), conditions = node_map(a, 3), addresses = node_seq(a, 1);
	bool ready = sim_pod_is_ready(pod), leaves = meta_is_deleting(pod);

	node_append(a, addresses, node_from_str(a, node_str(node_dig(pod, "status", "podIP"))));
	node_set(a, conditions, S("ready"), node_from_bool(ready && !leaves));
	node_set(a, conditions, S("serving"), node_from_bool(ready));
	node_set(a, conditions, S("terminating"), node_from_bool(leaves));
	node_set(a, endpoint, S("addresses"), addresses);
	node_set(a, endpoint, S("conditions"), conditions);
	put(a, endpoint, "nodeName", node_str(node_dig(pod, "spec", "nodeName")));
	node_set(a, endpoint, S("targetRef"), target_ref(a, pod));
	return endpoint;
}

/* Has a pair of labels, given as its JSON text. */
static bool has_label(const struct blob *b, const void *pair)
{
	return str_has(blob_meta(b, S("labels")), *(const str *)pair);
}

static node members_of(struct minder_call *c, node service)
{
	node out = node_seq(c->arena, 4), selector = node_dig(service, "spec", "selector");
	struct node_pair first = selector.map->pairs[0];
	str pair = arena_cat(c->arena, S("\""), node_str(first.key), S("\":\""),
			     node_str(first.value), S("\""));

	node_each_item(p, minder_pick(c, STR_NONE, S("pods"), c->key.namespace, has_label, &pair))
		if (selects(selector, node_dig(*p, "metadata", "labels")) &&
		    node_str(node_dig(*p, "status", "podIP")).n && sim_pod_is_active(*p))
			node_append(c->arena, out, *p);
	return out;
}

static node subsets_of(struct arena *a, node service, node pods)
{
	node subsets = node_seq(a, 1), subset = node_map(a, 3), ready = node_seq(a, 2);
	node unready = node_seq(a, 2), ports = NODE_NOTHING;

	node_each_item(p, pods) {
		node_append(a, sim_pod_is_ready(*p) ? ready : unready, endpoint_address(a, *p));
		if (node_is(ports, NODE_NONE))
			ports = ports_of(a, service, *p, false);
	}
	if (node_len(ready))
		node_set(a, subset, S("addresses"), ready);
	if (node_len(unready))
		node_set(a, subset, S("notReadyAddresses"), unready);
	if (node_len(ports))
		node_set(a, subset, S("ports"), ports);
	if (node_len(subset) > 1)
		node_append(a, subsets, subset);
	return subsets;
}

static node named(struct arena *a, node service, const char *api_version, const char *kind)
{
	node object = node_map(a, 5), metadata = node_map(a, 4);
	node labels = node_copy(a, node_dig(service, "metadata", "labels"));

	put(a, object, "apiVersion", str_c(api_version));
	put(a, object, "kind", str_c(kind));
	if (!node_is(labels, NODE_MAP))
		labels = node_map(a, 2);
	node_set(a, metadata, S("labels"), labels);
	put(a, metadata, "name", meta_get(service, S("name")));
	put(a, metadata, "namespace", meta_get(service, S("namespace")));
	node_set(a, object, S("metadata"), metadata);
	return object;
}

/* When what stands behind the Service changed: that is now. */
static void note_change(struct arena *a, node object)
{
	put(a, node_need_map(a, node_get(object, S("metadata")), S("annotations")),
	    "endpoints.kubernetes.io/last-change-trigger-time", meta_now(a));
}

static err *put_endpoints(struct minder_call *c, node service, node pods)
{
	struct arena *a = c->arena;
	node now = minder_get(c, STR_NONE, S("endpoints"), c->key.namespace, c->key.name);
	node wanted = named(a, service, "v1", "Endpoints"), subsets = subsets_of(a, service, pods);
	node labels = node_dig(wanted, "metadata", "labels");

	put(a, labels, "endpoints.kubernetes.io/managed-by", S("endpoint-controller"));
	if (!node_is(now, NODE_NONE) && node_equal(node_get(now, S("subsets")), subsets))
		return NULL;
	if (node_is(now, NODE_NONE) ? false : !node_len(subsets) && node_is_nil(node_get(now, S("subsets"))))
		return NULL;
	if (node_len(subsets))
		node_set(a, wanted, S("subsets"), subsets);
	note_change(a, wanted);
	return write_object(c, "v1", S("endpoints"), wanted, !node_is(now, NODE_NONE));
}

static err *put_slice(struct minder_call *c, node service, node pods)
{
	struct arena *a = c->arena;
	node all = sim_owned(c, S("discovery.k8s.io"), S("endpointslices"), service);
	node now = node_at(all, 0), endpoints = node_seq(a, 4), ports = node_seq(a, 1), slice;

	node_each_item(p, pods) {
		node_append(a, endpoints, slice_endpoint(a, *p));
		if (!node_len(ports))
			ports = ports_of(a, service, *p, true);
	}
	if (!node_is(now, NODE_NONE) && node_equal(node_get(now, S("endpoints")), endpoints) &&
	    node_equal(node_get(now, S("ports")), ports))
		return NULL;
	slice = node_is(now, NODE_NONE) ? named(a, service, "discovery.k8s.io/v1", "EndpointSlice") : now;
	node_set(a, slice, S("endpoints"), endpoints);
	node_set(a, slice, S("ports"), ports);
	note_change(a, slice);
	if (!node_is(now, NODE_NONE))
		return write_object(c, "discovery.k8s.io/v1", S("endpointslices"), slice, true);
	node metadata = node_get(slice, S("metadata")), labels = node_get(metadata, S("labels"));

	put(a, slice, "addressType", S("IPv4"));
	put(a, labels, "endpointslice.kubernetes.io/managed-by", S("endpointslice-controller.k8s.io"));
	put(a, labels, "kubernetes.io/service-name", c->key.name);
	node_remove(metadata, S("name"));
	put(a, metadata, "generateName", arena_cat(a, c->key.name, S("-")));
	node_set(a, metadata, S("ownerReferences"), sim_owner_refs(a, service));
	return write_object(c, "discovery.k8s.io/v1", S("endpointslices"), slice, false);
}

/* A load balancer that is not there gets an address, or everybody would wait for it. */
static err *put_balancer(struct minder_call *c, node service)
{
	struct arena *a = c->arena;
	node status = node_map(a, 1), balancer = node_map(a, 1), ingress = node_seq(a, 1);
	node one = node_map(a, 2);
	str ip = node_str(node_dig(service, "spec", "clusterIP"));

	if (!str_eq(node_str(node_dig(service, "spec", "type")), S("LoadBalancer")) ||
	    node_len(node_dig(service, "status", "loadBalancer", "ingress")) || !ip.n)
		return NULL;
	size_t dot = str_rfind_char(ip, '.');

	put(a, one, "ip", arena_cat(a, S("10.97.0"), str_from(ip, dot)));
	put(a, one, "ipMode", S("VIP"));
	node_append(a, ingress, one);
	node_set(a, balancer, S("ingress"), ingress);
	node_set(a, status, S("loadBalancer"), balancer);
	return sim_put_status(c, SIM_MANAGER, "v1", S("services"), service, status);
}

static err *endpoints_run(struct minder_call *c, const struct controller *own)
{
	node service = minder_get(c, STR_NONE, S("services"), c->key.namespace, c->key.name);

	(void)own;
	if (node_is(service, NODE_NONE) || meta_is_deleting(service))
		return NULL;
	TRY(put_balancer(c, service));
	if (!node_len(node_dig(service, "spec", "selector")))
		return NULL;
	node pods = members_of(c, service);

	TRY(put_endpoints(c, service, pods));
	return put_slice(c, service, pods);
}

const struct controller sim_endpoints_controller = { .name = SIM_MANAGER,
						     .workloads = true,
						     .sees = endpoints_sees,
						     .run = endpoints_run,
						     .close = endpoints_close };
