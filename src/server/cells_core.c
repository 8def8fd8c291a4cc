#include <ctype.h>
#include <stdlib.h>

#include "server/amounts.h"
#include "server/cells_impl.h"
#include "server/labelsel.h"

enum { SHOWN_MAX = 3, METRICS_MAX = 2 };

static str text_of(node object, str key)
{
	return node_str_or(node_get(object, key), STR_NONE);
}

static int by_bytes(const void *x, const void *y)
{
	return str_cmp(*(const str *)x, *(const str *)y);
}

/* ---- services and what is behind them ----------------------------------- */

/* Addresses of a load balancer, sorted, each once. */
static node balancer(struct arena *a, node object)
{
	node ingress = cells_dig(object, "status.loadBalancer.ingress");
	str *list = arena_array(a, str, node_len(ingress));
	size_t n = 0, unique = 0;

	node_each_item(i, ingress) {
		str ip = text_of(*i, S("ip")), host = text_of(*i, S("hostname"));

		if (ip.n || host.n)
			list[n++] = ip.n ? ip : host;
	}
	qsort(list, n, sizeof *list, by_bytes);
	for (size_t i = 0; i < n; i++)
		if (!i || !str_eq(list[i], list[unique - 1]))
			list[unique++] = list[i];
	return node_from_str(a, arena_join(a, list, unique, S(",")));
}

static node service_ip(struct arena *a, node service)
{
	node first = node_at(cells_dig(service, "spec.clusterIPs"), 0);

	(void)a;
	return node_is(first, NODE_STR) ? first : node_lit("<none>");
}

static node service_external(struct arena *a, node service)
{
	str type = cells_text(service, "spec.type");
	str own = node_str(cells_join(a, cells_dig(service, "spec.externalIPs"), STR_NONE, S(",")));

	if (str_eq(type, S("ClusterIP")) || str_eq(type, S("NodePort")))
		return cells_or(a, own, S("<none>"));
	if (str_eq(type, S("ExternalName")))
		return node_from_str(a, cells_text(service, "spec.externalName"));
	if (!str_eq(type, S("LoadBalancer")))
		return node_lit("<unknown>");
	str given = node_str(balancer(a, service));

	if (given.n && own.n)
		return node_from_str(a, arena_cat(a, given, S(","), own));
	return cells_or(a, given.n ? given : own, S("<pending>"));
}

static node service_ports(struct arena *a, node service)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	node_each_item(port, cells_dig(service, "spec.ports")) {
		long long outside = cells_int(*port, "nodePort");

		buf_add(&b, b.n ? S(",") : STR_NONE);
		buf_addf(&b, "%lld", cells_int(*port, "port"));
		if (outside > 0)
			buf_addf(&b, ":%lld", outside);
		buf_addf(&b, "/%.*s", STR_ARG(text_of(*port, S("protocol"))));
	}
	return b.n ? cells_done(a, &b) : node_lit("<none>");
}

static node service_selector(struct arena *a, node service)
{
	return cells_or(a, labelsel_labels(a, cells_dig(service, "spec.selector")), S("<none>"));
}

CELLS(services, CELL_NAME, CELL_AT("spec.type"), CELL_OF(service_ip), CELL_OF(service_external),
      CELL_OF(service_ports), CELL_AGE, CELL_OF(service_selector))

/* One address with its port; those of IPv6 in brackets. */
static void add_address(struct buf *b, size_t *n, str ip, node port)
{
	if ((*n)++ >= SHOWN_MAX)
		return;
	buf_add(b, b->n ? S(",") : STR_NONE);
	if (node_is_nil(port)) {
		buf_add(b, ip);
		return;
	}
	bool v6 = str_find_char(ip, ':') != STR_NPOS;

	buf_addf(b, v6 ? "[%.*s]:%lld" : "%.*s:%lld", STR_ARG(ip), cells_int(port, "port"));
}

static node endpoints_list(struct arena *a, node endpoints)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node subsets = node_get(endpoints, S("subsets"));
	size_t n = 0;

	if (!node_len(subsets))
		return node_lit("<none>");
	node_each_item(subset, subsets) {
		node addresses = node_get(*subset, S("addresses"));
		node ports = node_get(*subset, S("ports"));

		if (!node_len(ports))
			node_each_item(address, addresses)
				add_address(&b, &n, text_of(*address, S("ip")), NODE_NOTHING);
		node_each_item(port, ports)
			node_each_item(address, addresses)
				add_address(&b, &n, text_of(*address, S("ip")), *port);
	}
	cells_add_more(&b, n, SHOWN_MAX);
	return cells_done(a, &b);
}

CELLS(endpoints, CELL_NAME, CELL_OF(endpoints_list), CELL_AGE)

static void add_shown(struct buf *b, size_t *n, str text)
{
	if ((*n)++ < SHOWN_MAX) {
		buf_add(b, *n > 1 ? S(",") : STR_NONE);
		buf_add(b, text);
	}
}

static node shown(struct arena *a, struct buf *b, size_t n)
{
	cells_add_more(b, n, SHOWN_MAX);
	return b->n ? cells_done(a, b) : node_lit("<unset>");
}

static node slice_ports(struct arena *a, node slice)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t n = 0;

	node_each_item(port, node_get(slice, S("ports"))) {
		node number = node_get(*port, S("port")), name = node_get(*port, S("name"));

		add_shown(&b, &n, !node_is_nil(number) ? node_text(a, number)
				  : !node_is_nil(name) ? node_str(name)
						       : S("*"));
	}
	return shown(a, &b, n);
}

static node slice_endpoints(struct arena *a, node slice)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t n = 0;

	node_each_item(endpoint, node_get(slice, S("endpoints")))
		node_each_item(address, node_get(*endpoint, S("addresses")))
			add_shown(&b, &n, node_str_or(*address, STR_NONE));
	return shown(a, &b, n);
}

CELLS(endpointslices, CELL_NAME, CELL_AT("addressType"), CELL_OF(slice_ports),
      CELL_OF(slice_endpoints), CELL_AGE)

static node ingress_hosts(struct arena *a, node ingress)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node rules = cells_dig(ingress, "spec.rules");
	size_t n = 0;
	bool more = false;

	node_each_item(rule, rules) {
		str host = text_of(*rule, S("host"));

		more |= n == SHOWN_MAX;
		if (more || !host.n)
			continue;
		add_shown(&b, &n, host);
	}
	if (!n)
		return node_lit("*");
	if (more)
		cells_add_more(&b, node_len(rules), SHOWN_MAX);
	return cells_done(a, &b);
}

static node ingress_ports(struct arena *a, node ingress)
{
	(void)a;
	return node_len(cells_dig(ingress, "spec.tls")) ? node_lit("80, 443") : node_lit("80");
}

CELLS(ingresses, CELL_NAME, CELL_OR("spec.ingressClassName", "<none>"), CELL_OF(ingress_hosts),
      CELL_OF(balancer), CELL_OF(ingress_ports), CELL_AGE)

/* The name, marked when an annotation says that it is the default. */
static node marked_name(struct arena *a, node object, const char *const *keys)
{
	node annotations = cells_dig(object, "metadata.annotations");
	str name = cells_text(object, "metadata.name");

	for (; *keys; keys++)
		if (str_eq(text_of(annotations, str_c(*keys)), S("true")))
			return node_from_str(a, arena_cat(a, name, S(" (default)")));
	return node_from_str(a, name);
}

static node ingress_class_name(struct arena *a, node object)
{
	static const char *const keys[] = { "ingressclass.kubernetes.io/is-default-class", NULL };

	return marked_name(a, object, keys);
}

static node class_parameters(struct arena *a, node object)
{
	node p = cells_dig(object, "spec.parameters"), group = node_get(p, S("apiGroup"));
	str kind = text_of(p, S("kind")), name = text_of(p, S("name"));

	if (node_is_nil(p))
		return node_lit("<none>");
	if (!node_is_nil(group))
		kind = arena_cat(a, kind, S("."), node_str(group));
	return node_from_str(a, arena_cat(a, kind, S("/"), name));
}

CELLS(ingressclasses, CELL_OF(ingress_class_name), CELL_AT("spec.controller"),
      CELL_OF(class_parameters), CELL_AGE)

static node cidrs(struct arena *a, node object)
{
	return cells_join(a, cells_dig(object, "spec.cidrs"), STR_NONE, S(","));
}

CELLS(servicecidrs, CELL_NAME, CELL_OF(cidrs), CELL_AGE)

static node ip_parent(struct arena *a, node object)
{
	node ref = cells_dig(object, "spec.parentRef");
	str resource = text_of(ref, S("resource")), group = text_of(ref, S("group"));
	str namespace = text_of(ref, S("namespace"));

	if (node_is_nil(ref))
		return node_lit("<none>");
	if (group.n)
		resource = arena_cat(a, resource, S("."), group);
	resource = arena_lower(a, resource);
	if (namespace.n)
		resource = arena_cat(a, resource, S("/"), namespace);
	return node_from_str(a, arena_cat(a, resource, S("/"), text_of(ref, S("name"))));
}

/* The original has one cell more than columns. */
CELLS(ipaddresses, CELL_NAME, CELL_OF(ip_parent), CELL_AGE)

/* ---- nodes and volumes -------------------------------------------------- */

static node node_status(struct arena *a, node object)
{
	node ready = NODE_NOTHING;
	bool closed = node_bool(cells_dig(object, "spec.unschedulable"));

	node_each_item(c, cells_dig(object, "status.conditions"))
		if (str_eq(text_of(*c, S("type")), S("Ready")))
			ready = *c;
	str word = node_is_nil(ready)				    ? S("Unknown")
		   : str_eq(text_of(ready, S("status")), S("True")) ? S("Ready")
								    : S("NotReady");

	return node_from_str(a, closed ? arena_cat(a, word, S(",SchedulingDisabled")) : word);
}

static node node_roles(struct arena *a, node object)
{
	node labels = cells_dig(object, "metadata.labels");
	str *roles = arena_array(a, str, node_len(labels));
	size_t n = 0, unique = 0;

	node_each_pair(p, labels) {
		str key = node_str(p->key), value = node_str_or(p->value, STR_NONE);

		if (str_take_str(&key, S("node-role.kubernetes.io/")) && key.n)
			roles[n++] = key;
		else if (str_eq(key, S("kubernetes.io/role")) && value.n)
			roles[n++] = value;
	}
	qsort(roles, n, sizeof *roles, by_bytes);
	for (size_t i = 0; i < n; i++)
		if (!i || !str_eq(roles[i], roles[unique - 1]))
			roles[unique++] = roles[i];
	return cells_or(a, arena_join(a, roles, unique, S(",")), S("<none>"));
}

static node node_address(node object, str type)
{
	node_each_item(address, cells_dig(object, "status.addresses"))
		if (str_eq(text_of(*address, S("type")), type))
			return node_get(*address, S("address"));
	return node_lit("<none>");
}

static node node_internal(struct arena *a, node object)
{
	(void)a;
	return node_address(object, S("InternalIP"));
}

static node node_external(struct arena *a, node object)
{
	(void)a;
	return node_address(object, S("ExternalIP"));
}

static node node_os(struct arena *a, node object)
{
	return cells_or(a, cells_text(object, "status.nodeInfo.osImage"), S("<unknown>"));
}

static node node_kernel(struct arena *a, node object)
{
	str kernel = cells_text(object, "status.nodeInfo.kernelVersion");
	str machine = cells_text(object, "status.nodeInfo.architecture");

	kernel = kernel.n ? kernel : S("<unknown>");
	return node_from_str(a, machine.n ? arena_cat(a, kernel, S(" ("), machine, S(")")) : kernel);
}

static node node_runtime(struct arena *a, node object)
{
	return cells_or(a, cells_text(object, "status.nodeInfo.containerRuntimeVersion"),
			S("<unknown>"));
}

CELLS(nodes, CELL_NAME, CELL_OF(node_status), CELL_OF(node_roles), CELL_AGE,
      CELL_AT("status.nodeInfo.kubeletVersion"), CELL_OF(node_internal), CELL_OF(node_external),
      CELL_OF(node_os), CELL_OF(node_kernel), CELL_OF(node_runtime))

static node access_modes(struct arena *a, node modes)
{
	static const struct {
		str mode, shown;
	} known[] = {
		{ S("ReadWriteOnce"), S("RWO") },
		{ S("ReadOnlyMany"), S("ROX") },
		{ S("ReadWriteMany"), S("RWX") },
		{ S("ReadWriteOncePod"), S("RWOP") },
	};
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		bool has = false;

		node_each_item(mode, modes)
			has |= str_eq(node_str_or(*mode, STR_NONE), known[i].mode);
		if (has) {
			buf_add(&b, b.n ? S(",") : STR_NONE);
			buf_add(&b, known[i].shown);
		}
	}
	return cells_done(a, &b);
}

static node storage_class(struct arena *a, node object)
{
	node beta = node_get(cells_dig(object, "metadata.annotations"),
			     S("volume.beta.kubernetes.io/storage-class"));

	return node_from_str(a, node_is(beta, NODE_STR) ? node_str(beta)
							: cells_text(object, "spec.storageClassName"));
}

static node phase(struct arena *a, node object)
{
	if (!node_is_nil(cells_dig(object, "metadata.deletionTimestamp")))
		return node_lit("Terminating");
	return node_from_str(a, cells_text(object, "status.phase"));
}

static node volume_capacity(struct arena *a, node pv)
{
	return cells_or(a, cells_text(pv, "spec.capacity.storage"), S("0"));
}

static node volume_modes(struct arena *a, node pv)
{
	return access_modes(a, cells_dig(pv, "spec.accessModes"));
}

static node volume_claim(struct arena *a, node pv)
{
	node ref = cells_dig(pv, "spec.claimRef");

	if (node_is_nil(ref))
		return node_lit("");
	return node_from_str(a, arena_cat(a, text_of(ref, S("namespace")), S("/"),
					  text_of(ref, S("name"))));
}

CELLS(persistentvolumes, CELL_NAME, CELL_OF(volume_capacity), CELL_OF(volume_modes),
      CELL_AT("spec.persistentVolumeReclaimPolicy"), CELL_OF(phase), CELL_OF(volume_claim),
      CELL_OF(storage_class), CELL_OR("spec.volumeAttributesClassName", "<unset>"),
      CELL_AT("status.reason"), CELL_AGE, CELL_OR("spec.volumeMode", "<unset>"))

static node claim_capacity(struct arena *a, node claim)
{
	if (!cells_text(claim, "spec.volumeName").n)
		return node_lit("");
	return cells_or(a, cells_text(claim, "status.capacity.storage"), S("0"));
}

static node claim_modes(struct arena *a, node claim)
{
	if (!cells_text(claim, "spec.volumeName").n)
		return node_lit("");
	return access_modes(a, cells_dig(claim, "status.accessModes"));
}

CELLS(persistentvolumeclaims, CELL_NAME, CELL_OF(phase), CELL_AT("spec.volumeName"),
      CELL_OF(claim_capacity), CELL_OF(claim_modes), CELL_OF(storage_class),
      CELL_OR("spec.volumeAttributesClassName", "<unset>"), CELL_AGE,
      CELL_OR("spec.volumeMode", "<unset>"))

static node storage_class_name(struct arena *a, node object)
{
	static const char *const keys[] = { "storageclass.kubernetes.io/is-default-class",
					    "storageclass.beta.kubernetes.io/is-default-class", NULL };

	return marked_name(a, object, keys);
}

CELLS(storageclasses, CELL_OF(storage_class_name), CELL_AT("provisioner"),
      CELL_OR("reclaimPolicy", "Delete"), CELL_OR("volumeBindingMode", "Immediate"),
      CELL_FLAG("allowVolumeExpansion", "false"), CELL_AGE)

/* ---- configuration, events, quotas -------------------------------------- */

static node config_map_data(struct arena *a, node object)
{
	(void)a;
	return node_from_uint(node_len(node_get(object, S("data"))) +
			      node_len(node_get(object, S("binaryData"))));
}

CELLS(configmaps, CELL_NAME, CELL_OF(config_map_data), CELL_AGE)
CELLS(secrets, CELL_NAME, CELL_AT("type"), CELL_LENGTH("data"), CELL_AGE)
CELLS(namespaces, CELL_NAME, CELL_AT("status.phase"), CELL_AGE)

static bool has(node object, const char *path)
{
	return !node_is_nil(cells_dig(object, path));
}

static node event_first(struct arena *a, node event)
{
	return age_since(a, cells_dig(event, has(event, "firstTimestamp") ? "firstTimestamp"
									   : "eventTime"));
}

static node event_last(struct arena *a, node event)
{
	if (has(event, "series"))
		return age_since(a, cells_dig(event, "series.lastObservedTime"));
	if (has(event, "lastTimestamp"))
		return age_since(a, cells_dig(event, "lastTimestamp"));
	return event_first(a, event);
}

static node event_object(struct arena *a, node event)
{
	str kind = arena_lower(a, cells_text(event, "involvedObject.kind"));
	str name = cells_text(event, "involvedObject.name");

	return node_from_str(a, name.n ? arena_cat(a, kind, S("/"), name) : kind);
}

static node event_source(struct arena *a, node event)
{
	str who = cells_text(event, "source.component"), where = cells_text(event, "source.host");

	who = who.n ? who : cells_text(event, "reportingComponent");
	where = where.n ? where : cells_text(event, "reportingInstance");
	return node_from_str(a, where.n ? arena_cat(a, who, S(", "), where) : who);
}

static node event_message(struct arena *a, node event)
{
	return node_from_str(a, str_trim(cells_text(event, "message")));
}

static node event_count(struct arena *a, node event)
{
	long long count = cells_int(event, has(event, "series") ? "series.count" : "count");

	(void)a;
	return node_from_int(count || has(event, "series") ? count : 1);
}

CELLS(events, CELL_OF(event_last), CELL_AT("type"), CELL_AT("reason"), CELL_OF(event_object),
      CELL_AT("involvedObject.fieldPath"), CELL_OF(event_source), CELL_OF(event_message),
      CELL_OF(event_first), CELL_OF(event_count), CELL_NAME)

static node quota(struct arena *a, node object, bool limits)
{
	struct amounts hard = amounts_of(a, cells_dig(object, "status.hard"));
	struct amounts used = amounts_of(a, cells_dig(object, "status.used"));
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	amounts_sort(&hard);
	for (size_t i = 0; i < hard.n; i++) {
		str name = hard.list[i].name;
		const struct amount *u = amounts_get(&used, name);

		if (str_starts(name, S("limits.")) != limits)
			continue;
		buf_add(&b, b.n ? S(", ") : STR_NONE);
		buf_add(&b, name);
		buf_add(&b, S(": "));
		buf_add(&b, u ? amounts_text(a, &u->q) : S("0"));
		buf_add(&b, S("/"));
		buf_add(&b, amounts_text(a, &hard.list[i].q));
	}
	return cells_done(a, &b);
}

static node quota_requests(struct arena *a, node object)
{
	return quota(a, object, false);
}

static node quota_limits(struct arena *a, node object)
{
	return quota(a, object, true);
}

CELLS(resourcequotas, CELL_NAME, CELL_OF(quota_requests), CELL_OF(quota_limits), CELL_AGE)
