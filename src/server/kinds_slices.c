/* kinds_slices - EndpointSlices. */
#include "server/ipaddr.h"
#include "server/kinds_impl.h"

enum {
	ADDRESSES_MAX = 100,
	PORTS_MAX = 20000,
	ENDPOINTS_MAX = 1000,
	TOPOLOGY_MAX = 16,
	HINTS_MAX = 8,
};

static void check_address(struct fielderrs *e, const struct at *list_at, size_t i, str address, str type)
{
	const struct at *at = AT_I(list_at, i);
	struct netip ip;
	bool v6 = str_eq(type, S("IPv6"));

	if (str_eq(type, S("FQDN"))) {
		check_qualified_domain(e, at, address);
		return;
	}
	if (!v6 && !str_eq(type, S("IPv4")))
		return;
	if (v6 ? !ipaddr_check_canonical(e, at, address) : !ipaddr_check(e, at, address))
		return;
	if (netip_parse_sloppy(address, &ip) && ip.v6 != v6)
		check_invalid_text(e, list_at, address, "must be an %s address", v6 ? "IPv6" : "IPv4");
	ipaddr_check_endpoint(e, at, address);
}

static void check_hint(struct fielderrs *e, const struct at *at, node hints, const char *field,
		       enum name_rule rule)
{
	node list = node_get(hints, str_c(field)), seen = node_map(e->arena, 0);
	const struct at *list_at = AT_NAMED(at, str_c(field));

	if (node_len(list) > HINTS_MAX) {
		check_too_many(e, list_at, node_len(list), HINTS_MAX);
		return;
	}
	for (size_t i = 0; i < node_len(list); i++) {
		str name = TEXT_OF(node_at(list, i), "name");

		if (node_has(seen, name))
			check_duplicate(e, AT(AT_I(list_at, i), "name"), check_text(e, name));
		node_set(e->arena, seen, name, node_null());
		check_name(e, AT(AT_I(list_at, i), "name"), name, rule);
	}
}

static void check_endpoint(struct fielderrs *e, const struct at *at, node endpoint, str type)
{
	node addresses = GET(endpoint, "addresses"), topology = GET(endpoint, "deprecatedTopology");
	const struct at *addresses_at = AT(at, "addresses"), *hints_at = AT(at, "hints");

	if (!node_len(addresses))
		check_required_why(e, addresses_at, "must contain at least 1 address");
	else if (node_len(addresses) > ADDRESSES_MAX)
		check_too_many(e, addresses_at, node_len(addresses), ADDRESSES_MAX);
	for (size_t i = 0; i < node_len(addresses); i++)
		check_address(e, addresses_at, i, node_str_or(node_at(addresses, i), STR_NONE), type);
	if (HAS(endpoint, "nodeName"))
		check_name(e, AT(at, "nodeName"), TEXT_OF(endpoint, "nodeName"), NAME_DNS_SUBDOMAIN);
	if (node_len(topology) > TOPOLOGY_MAX)
		check_too_many(e, AT(at, "deprecatedTopology"), node_len(topology), TOPOLOGY_MAX);
	check_labels(e, AT(at, "deprecatedTopology"), topology);
	if (HAS(endpoint, "hostname"))
		check_name(e, AT(at, "hostname"), TEXT_OF(endpoint, "hostname"), NAME_DNS_LABEL);
	check_hint(e, hints_at, GET(endpoint, "hints"), "forZones", NAME_LABEL_VALUE);
	check_hint(e, hints_at, GET(endpoint, "hints"), "forNodes", NAME_DNS_SUBDOMAIN);
}

static void check_slice_ports(struct fielderrs *e, const struct at *at, node ports)
{
	node seen = node_map(e->arena, 0);

	if (node_len(ports) > PORTS_MAX) {
		check_too_many(e, at, node_len(ports), PORTS_MAX);
		return;
	}
	for (size_t i = 0; i < node_len(ports); i++) {
		node port = node_at(ports, i);
		const struct at *here = AT_I(at, i);
		str name = TEXT_OF(port, "name");

		if (name.n)
			check_name(e, AT(here, "name"), name, NAME_DNS_LABEL);
		if (node_has(seen, name))
			check_duplicate(e, AT(here, "name"), check_text(e, name));
		node_set(e->arena, seen, name, node_null());
		if (LACKS(port, "protocol"))
			check_required(e, AT(here, "protocol"));
		else
			ONE_OF(e, AT(here, "protocol"), GET(port, "protocol"), "SCTP", "TCP", "UDP");
		if (HAS(port, "appProtocol"))
			check_name(e, AT(here, "appProtocol"), TEXT_OF(port, "appProtocol"),
				   NAME_QUALIFIED);
	}
}

/* Endpoints that were there before stay, whatever they are. */
static void slice_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node type = GET(c->object, "addressType"), endpoints = GET(c->object, "endpoints");
	const struct at *type_at = AT(NULL, "addressType"), *at = AT(NULL, "endpoints");
	bool kept = !kinds_is_create(c) && check_same(endpoints, GET(c->old, "endpoints"));

	if (!node_str_or(type, STR_NONE).n)
		check_required(e, type_at);
	else
		ONE_OF(e, type_at, type, "FQDN", "IPv4", "IPv6");
	check_slice_ports(e, AT(NULL, "ports"), GET(c->object, "ports"));
	if (!kept && node_len(endpoints) > ENDPOINTS_MAX)
		check_too_many(e, at, node_len(endpoints), ENDPOINTS_MAX);
	else
		for (size_t i = 0; !kept && i < node_len(endpoints); i++)
			check_endpoint(e, AT_I(at, i), node_at(endpoints, i),
				       node_str_or(type, STR_NONE));
	if (!kinds_is_create(c))
		check_immutable(e, type_at, type, GET(c->old, "addressType"), type);
}

static void slice_warn(struct kind_call *c)
{
	str by = text_of(node_dig(c->object, "metadata", "labels"),
			 S("endpointslice.kubernetes.io/managed-by"));
	node endpoints = GET(c->object, "endpoints");

	if (kinds_is_create(c) && str_eq(TEXT_OF(c->object, "addressType"), S("FQDN")))
		kinds_warn(c, AT(AT(NULL, "spec"), "addressType"), "FQDN endpoints are deprecated");
	if (IS_ONE_OF(by, "endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"))
		return;
	for (size_t i = 0; i < node_len(endpoints); i++) {
		node list = GET(node_at(endpoints, i), "addresses");
		const struct at *at = AT(AT_I(AT(NULL, "endpoints"), i), "addresses");

		for (size_t j = 0; j < node_len(list); j++)
			ipaddr_warn(c->warnings, AT_I(at, j), node_str_or(node_at(list, j), STR_NONE));
	}
}

/* The field of an older version stays where it is as long as no endpoint changes. */
static void slice_prepare(struct kind_call *c)
{
	if (kinds_is_create(c) || !check_same(GET(c->object, "endpoints"), GET(c->old, "endpoints")))
		node_each_item(e, GET(c->object, "endpoints"))
			node_remove(*e, S("deprecatedTopology"));
}

KINDS_HOOKS(slice, .prepare = slice_prepare, .validate = slice_validate, .warn = slice_warn);
