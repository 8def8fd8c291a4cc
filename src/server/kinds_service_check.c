#include "server/gostruct.h"
#include "server/ipaddr.h"
#include "server/kinds_impl.h"
#include "server/kinds_services.h"

enum { AFFINITY_SECONDS_MAX = 86400 };

static bool has_text(node list, str text)
{
	node_each_item(x, list)
		if (str_eq(str_trim(node_str_or(*x, STR_NONE)), text))
			return true;
	return false;
}

/* What the object had before may stay as it is. */
static bool check_ip(struct fielderrs *e, const struct at *at, str ip, node before)
{
	return has_text(before, ip) || ipaddr_check(e, at, ip);
}

/* A list, or null: there is none. */
static node shown(node list)
{
	return node_is_nil(list) ? node_null() : list;
}

/* ---- addresses of the cluster -------------------------------------------------- */

static void check_families(struct fielderrs *e, const struct at *at, node families)
{
	node seen = node_map(e->arena, 2);

	for (size_t i = 0; i < node_len(families); i++) {
		str family = node_str_or(node_at(families, i), STR_NONE);

		ONE_OF(e, AT_I(at, i), node_at(families, i), "IPv4", "IPv6");
		if (node_has(seen, family))
			check_duplicate(e, AT_I(at, i), node_at(families, i));
		node_set(e->arena, seen, family, node_null());
	}
}

static bool is_v6(node ip)
{
	struct netip a;

	return netip_parse_sloppy(node_str_or(ip, STR_NONE), &a) && a.v6;
}

/* False: some are no addresses at all. */
static bool check_ips(struct fielderrs *e, const struct at *at, node ips, node before)
{
	bool good = true;

	for (size_t i = 0; i < node_len(ips); i++) {
		str ip = node_str_or(node_at(ips, i), STR_NONE);

		if (i || !str_eq(ip, S("None"))) {
			good &= check_ip(e, AT_I(at, i), ip, before);
		} else if (node_len(ips) > 1) {
			good = false;
			check_invalid(e, at, ips, "'None' must be the first and only value");
		}
	}
	if (node_len(ips) > 2)
		check_invalid(e, at, ips, "may only hold up to 2 values");
	return good;
}

static void check_ip_families(struct fielderrs *e, const struct at *at, node ips, node families)
{
	size_t v6 = 0;

	node_each_item(ip, ips)
		v6 += is_v6(*ip);
	if (node_len(ips) > 1 && (!v6 || v6 == node_len(ips)))
		check_invalid(e, at, ips, "may specify no more than one IP for each IP family");
	for (size_t i = 0; i < node_len(ips) && i < node_len(families); i++) {
		str family = node_str_or(node_at(families, i), STR_NONE);

		if (str_eq(family, S("IPv4")) && is_v6(node_at(ips, i)))
			check_invalid(e, AT_I(at, i), node_at(ips, i),
				      "expected an IPv4 value as indicated by `ipFamilies[%zu]`", i);
		if (str_eq(family, S("IPv6")) && !is_v6(node_at(ips, i)))
			check_invalid(e, AT_I(at, i), node_at(ips, i),
				      "expected an IPv6 value as indicated by `ipFamilies[%zu]`", i);
	}
}

void kinds_services_check_addresses(struct fielderrs *e, node service, node old)
{
	node spec = GET(service, "spec"), ips = GET(spec, "clusterIPs"), families = GET(spec, "ipFamilies");
	str ip = TEXT_OF(spec, "clusterIP");
	const struct at *spec_at = AT(NULL, "spec"), *at = AT(spec_at, "clusterIPs");

	if (kinds_services_is(service, "ExternalName"))
		return;
	if (ip.n && !node_len(ips))
		check_required(e, at);
	else if (ip.n && !str_eq(node_str_or(node_at(ips, 0), STR_NONE), ip))
		check_invalid(e, at, ips, "first value must match `clusterIP`");
	else if (!ip.n && node_len(ips))
		check_invalid(e, at, ips, "must be empty when `clusterIP` is not specified");
	check_families(e, AT(spec_at, "ipFamilies"), families);
	if (HAS(spec, "ipFamilyPolicy"))
		ONE_OF(e, AT(spec_at, "ipFamilyPolicy"), GET(spec, "ipFamilyPolicy"), "PreferDualStack",
		       "RequireDualStack", "SingleStack");
	if (check_ips(e, at, ips, GET(GET(old, "spec"), "clusterIPs")) && !kinds_services_is_headless(service))
		check_ip_families(e, at, ips, families);
}

/* ---- by type ------------------------------------------------------------------------ */

static void check_external_name(struct fielderrs *e, const struct at *at, node spec)
{
	static const char *const nothing[] = { "clusterIPs", "ipFamilies", NULL };
	str name = TEXT_OF(spec, "externalName");

	for (size_t i = 0; nothing[i]; i++)
		if (node_len(node_get(spec, str_c(nothing[i]))))
			check_forbidden(e, AT_NAMED(at, str_c(nothing[i])),
					"may not be set for ExternalName services");
	if (HAS(spec, "ipFamilyPolicy"))
		check_forbidden(e, AT(at, "ipFamilyPolicy"), "may not be set for ExternalName services");
	if (str_ends(name, S(".")))
		name.n--;
	if (name.n)
		check_name(e, AT(at, "externalName"), name, NAME_DNS_SUBDOMAIN);
	else
		check_required(e, AT(at, "externalName"));
}

static void check_type(struct fielderrs *e, const struct at *at, node service)
{
	node spec = GET(service, "spec");
	bool headless = kinds_services_is_headless(service), external = kinds_services_is(service, "ExternalName");

	if (!node_len(GET(spec, "ports")) && !headless && !external)
		check_required(e, AT(at, "ports"));
	if (headless && kinds_services_needs_ports(service))
		check_invalid_text(e, AT_I(AT(at, "clusterIPs"), 0), S("None"),
				   "may not be set to 'None' for %.*s services", STR_ARG(TEXT_OF(spec, "type")));
	if (external)
		check_external_name(e, at, spec);
}

/* ---- ports ----------------------------------------------------------------------------- */

static void check_service_port(struct fielderrs *e, const struct at *at, node port, bool named, node seen)
{
	str name = TEXT_OF(port, "name");

	if (named && !name.n) {
		check_required(e, AT(at, "name"));
	} else if (name.n) {
		check_name(e, AT(at, "name"), name, NAME_DNS_LABEL);
		if (node_has(seen, name))
			check_duplicate(e, AT(at, "name"), GET(port, "name"));
		node_set(e->arena, seen, name, node_null());
	}
	check_port(e, AT(at, "port"), GET(port, "port"));
	if (!TEXT_OF(port, "protocol").n)
		check_required(e, AT(at, "protocol"));
	else
		ONE_OF(e, AT(at, "protocol"), GET(port, "protocol"), "SCTP", "TCP", "UDP");
	check_port_or_name(e, AT(at, "targetPort"), GET(port, "targetPort"));
	if (HAS(port, "appProtocol"))
		check_name(e, AT(at, "appProtocol"), TEXT_OF(port, "appProtocol"), NAME_QUALIFIED);
}

/* Numbers that two ports of one protocol have. */
static bool is_taken(struct fielderrs *e, node seen, node port, const char *field)
{
	str key = arena_printf(e->arena, "%.*s/%lld", STR_ARG(TEXT_OF(port, "protocol")),
			       (long long)node_int(node_get(port, str_c(field))));
	bool taken = node_has(seen, key);

	node_set(e->arena, seen, key, node_null());
	return taken;
}

static node port_key(struct arena *a, node port)
{
	node key = node_map(a, 2);

	node_set(a, key, S("protocol"), check_same(GET(port, "protocol"), NODE_NOTHING) ? node_lit("")
											 : GET(port, "protocol"));
	node_set(a, key, S("port"), node_from_int(INT_OF(port, "port")));
	return gostruct_shown(a, "core.ServicePort", key, NODE_NOTHING);
}

static void check_numbers(struct fielderrs *e, const struct at *at, node ports)
{
	node nodes = node_map(e->arena, 0), numbers = node_map(e->arena, 0);

	for (size_t i = 0; i < node_len(ports); i++)
		if (INT_OF(node_at(ports, i), "nodePort") && is_taken(e, nodes, node_at(ports, i), "nodePort"))
			check_duplicate(e, AT(AT_I(at, i), "nodePort"), GET(node_at(ports, i), "nodePort"));
	for (size_t i = 0; i < node_len(ports); i++)
		if (is_taken(e, numbers, node_at(ports, i), "port"))
			check_duplicate(e, AT_I(at, i), port_key(e->arena, node_at(ports, i)));
}

/* ---- affinity and traffic ------------------------------------------------------------------ */

static void check_affinity(struct fielderrs *e, const struct at *at, node spec)
{
	str kind = TEXT_OF(spec, "sessionAffinity");
	node config = GET(spec, "sessionAffinityConfig"), client = GET(config, "clientIP");
	node seconds = GET(client, "timeoutSeconds");
	const struct at *where = AT(at, "sessionAffinityConfig");

	if (!kind.n)
		check_required(e, AT(at, "sessionAffinity"));
	else
		ONE_OF(e, AT(at, "sessionAffinity"), GET(spec, "sessionAffinity"), "ClientIP", "None");
	if (str_eq(kind, S("None")) && !node_is_nil(config))
		check_forbidden(e, where, "must not be set when session affinity is None");
	if (!str_eq(kind, S("ClientIP")))
		return;
#define NEEDED "when session affinity type is ClientIP"
	if (node_is_nil(config))
		check_required_why(e, where, NEEDED);
	else if (node_is_nil(client))
		check_required_why(e, AT(where, "clientIP"), NEEDED);
	else if (node_is_nil(seconds))
		check_required_why(e, AT(AT(where, "clientIP"), "timeoutSeconds"), NEEDED);
	else if (node_int(seconds) <= 0 || node_int(seconds) > AFFINITY_SECONDS_MAX)
		check_invalid(e, AT(AT(where, "clientIP"), "timeoutSeconds"), seconds,
			      "must be greater than 0 and less than %d", AFFINITY_SECONDS_MAX);
#undef NEEDED
}

static void check_external_traffic(struct fielderrs *e, const struct at *at, node service)
{
	node spec = GET(service, "spec"), policy = GET(spec, "externalTrafficPolicy");
	node check = GET(spec, "healthCheckNodePort");

	if (!kinds_services_is_external(service)) {
		if (node_str_or(policy, STR_NONE).n)
			check_invalid(e, AT(at, "externalTrafficPolicy"), policy,
				      "may only be set for externally-accessible services");
	} else if (!node_str_or(policy, STR_NONE).n) {
		check_required(e, AT(at, "externalTrafficPolicy"));
	} else {
		ONE_OF(e, AT(at, "externalTrafficPolicy"), policy, "Cluster", "Local");
	}
	if (!kinds_services_needs_health_check(service)) {
		if (node_int(check))
			check_invalid(e, AT(at, "healthCheckNodePort"), check,
				      "may only be set when `type` is 'LoadBalancer' and "
				      "`externalTrafficPolicy` is 'Local'");
	} else if (!node_int(check)) {
		check_required(e, AT(at, "healthCheckNodePort"));
	} else {
		check_port(e, AT(at, "healthCheckNodePort"), check);
	}
}

static void check_traffic(struct fielderrs *e, const struct at *at, node service)
{
	node spec = GET(service, "spec"), policy = GET(spec, "internalTrafficPolicy");

	check_external_traffic(e, at, service);
	if (node_is_nil(policy) && (kinds_services_is(service, "ClusterIP") || kinds_services_needs_ports(service)))
		check_required(e, AT(at, "internalTrafficPolicy"));
	else if (!node_is_nil(policy))
		ONE_OF(e, AT(at, "internalTrafficPolicy"), policy, "Cluster", "Local");
	if (HAS(spec, "trafficDistribution"))
		ONE_OF(e, AT(at, "trafficDistribution"), GET(spec, "trafficDistribution"), "PreferClose",
		       "PreferSameZone", "PreferSameNode");
}

/* ---- load balancers -------------------------------------------------------------------------- */

#define ONLY_BALANCED "may only be used when `type` is 'LoadBalancer'"
#define RANGES "service.beta.kubernetes.io/load-balancer-source-ranges"

static void check_range_note(struct fielderrs *e, node service, node old, bool balanced)
{
	node notes = node_dig(service, "metadata", "annotations");
	str rest = TEXT_OF(notes, RANGES), one;
	const struct at *at = AT_K(AT(AT(NULL, "metadata"), "annotations"), S(RANGES));

	if (!node_has(notes, S(RANGES)))
		return;
	if (!balanced)
		check_forbidden(e, at, ONLY_BALANCED);
	if (!node_is_nil(old) &&
	    check_same(node_get(notes, S(RANGES)), node_get(node_dig(old, "metadata", "annotations"), S(RANGES))))
		return;
	rest = str_trim(rest);
	while (str_cut(&rest, &one, ','))
		ipaddr_check_net(e, at, str_trim(one));
}

static void check_ranges(struct fielderrs *e, const struct at *spec_at, node service, node old)
{
	node ranges = GET(GET(service, "spec"), "loadBalancerSourceRanges");
	node before = GET(GET(old, "spec"), "loadBalancerSourceRanges");
	bool balanced = kinds_services_is(service, "LoadBalancer");
	const struct at *at = AT(spec_at, "LoadBalancerSourceRanges");

	if (!node_len(ranges)) {
		check_range_note(e, service, old, balanced);
		return;
	}
	if (!balanced)
		check_forbidden(e, at, ONLY_BALANCED);
	for (size_t i = 0; i < node_len(ranges); i++) {
		str range = str_trim(node_str_or(node_at(ranges, i), STR_NONE));

		if (!has_text(before, range))
			ipaddr_check_net(e, AT_I(at, i), range);
	}
}

static void check_class(struct fielderrs *e, const struct at *at, node service)
{
	node class = GET(GET(service, "spec"), "loadBalancerClass");

	if (node_is_nil(class))
		return;
	if (kinds_services_is(service, "LoadBalancer"))
		check_name(e, AT(at, "loadBalancerClass"), node_str_or(class, STR_NONE), NAME_QUALIFIED);
	else
		check_forbidden(e, AT(at, "loadBalancerClass"), ONLY_BALANCED);
}

static void check_balancer(struct fielderrs *e, const struct at *at, node service, node old)
{
	node spec = GET(service, "spec");
	bool balanced = kinds_services_is(service, "LoadBalancer");

	check_ranges(e, at, service, old);
	if (HAS(spec, "allocateLoadBalancerNodePorts") && !balanced)
		check_forbidden(e, AT(at, "allocateLoadBalancerNodePorts"), ONLY_BALANCED);
	if (balanced && LACKS(spec, "allocateLoadBalancerNodePorts"))
		check_required(e, AT(NULL, "allocateLoadBalancerNodePorts"));
	check_class(e, at, service);
}

/* ---- all of it -------------------------------------------------------------------------------- */

#define HINTS "service.kubernetes.io/topology-aware-hints"
#define MODE "service.kubernetes.io/topology-mode"

static void check_notes(struct fielderrs *e, node service)
{
	node notes = node_dig(service, "metadata", "annotations");

	if (node_has(notes, S(HINTS)) && node_has(notes, S(MODE)) &&
	    !str_eq(TEXT_OF(notes, HINTS), TEXT_OF(notes, MODE)))
		check_invalid(e, AT_K(AT(AT(NULL, "metadata"), "annotations"), S(MODE)),
			      node_get(notes, S(MODE)), "must match annotations[" HINTS "] when both are specified");
}

static void check_service(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node service = c->object, spec = GET(service, "spec"), ports = GET(spec, "ports");
	node ips = GET(spec, "externalIPs"), seen = node_map(c->arena, 0);
	const struct at *at = AT(NULL, "spec"), *ports_at = AT(at, "ports");

	check_notes(e, service);
	check_type(e, at, service);
	for (size_t i = 0; i < node_len(ports); i++)
		check_service_port(e, AT_I(ports_at, i), node_at(ports, i), node_len(ports) > 1, seen);
	check_labels(e, AT(at, "selector"), GET(spec, "selector"));
	check_affinity(e, at, spec);
	kinds_services_check_addresses(e, service, c->old);
	for (size_t i = 0; i < node_len(ips); i++) {
		str ip = node_str_or(node_at(ips, i), STR_NONE);

		if (check_ip(e, AT_I(AT(at, "externalIPs"), i), ip, GET(GET(c->old, "spec"), "externalIPs")))
			ipaddr_check_endpoint(e, AT_I(AT(at, "externalIPs"), i), ip);
	}
	if (!TEXT_OF(spec, "type").n)
		check_required(e, AT(at, "type"));
	else
		ONE_OF(e, AT(at, "type"), GET(spec, "type"), "ClusterIP", "ExternalName", "LoadBalancer",
		       "NodePort");
	for (size_t i = 0; kinds_services_is(service, "ClusterIP") && i < node_len(ports); i++)
		if (INT_OF(node_at(ports, i), "nodePort"))
			check_forbidden(e, AT(AT_I(ports_at, i), "nodePort"),
					"may not be used when `type` is 'ClusterIP'");
	check_numbers(e, ports_at, ports);
	check_balancer(e, at, service, c->old);
	check_traffic(e, at, service);
}

/* ---- changes -------------------------------------------------------------------------------------- */

static bool same_first(node x, node y)
{
	return check_same(node_at(x, 0), node_at(y, 0));
}

static void check_single(struct fielderrs *e, const struct at *at, node spec, const char *what)
{
	if (!str_eq(TEXT_OF(spec, "ipFamilyPolicy"), S("SingleStack")))
		check_invalid(e, AT(at, "ipFamilyPolicy"), GET(spec, "ipFamilyPolicy"),
			      "must be set to 'SingleStack' when releasing the secondary %s", what);
}

static void check_ips_change(struct fielderrs *e, const struct at *at, node spec, node old)
{
	node now = GET(spec, "clusterIPs"), was = GET(old, "clusterIPs");
	size_t n = node_len(now), before = node_len(was);
	const struct at *where = AT(at, "clusterIPs");

	for (size_t i = 0; n == before && i < n; i++)
		if (!node_equal(node_at(now, i), node_at(was, i)))
			check_invalid(e, AT_I(where, i), now, "may not change once set");
	if (n == before)
		return;
	if (!n)
		check_invalid(e, AT_I(where, 0), shown(now), "primary clusterIP can not be unset");
	if (before && n && !same_first(now, was))
		check_invalid(e, AT_I(where, 0), now, "may not change once set");
	if (before > n && n == 1)
		check_single(e, at, spec, "clusterIP");
}

static void check_families_change(struct fielderrs *e, const struct at *at, node spec, node old)
{
	node now = GET(spec, "ipFamilies"), was = GET(old, "ipFamilies"), ips = GET(spec, "clusterIPs");
	size_t n = node_len(now), before = node_len(was);
	const struct at *where = AT_I(AT(at, "ipFamilies"), 0);

	for (size_t i = 0; n == before && i < n; i++)
		if (!node_equal(node_at(now, i), node_at(was, i)))
			check_invalid(e, where, now, "may not change once set");
	if (n == before)
		return;
	if (before > n && !node_len(ips))
		check_invalid(e, where, shown(now), "primary ipFamily can not be unset");
	if (before && n && !same_first(now, was))
		check_invalid(e, where, shown(ips), "may not change once set");
	if (before > n && n == 1)
		check_single(e, at, spec, "ipFamily");
}

static void check_change(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), old = GET(c->old, "spec");
	node class = GET(spec, "loadBalancerClass");
	bool named = kinds_services_is(c->object, "ExternalName") || kinds_services_is(c->old, "ExternalName");
	bool headless = kinds_services_is_headless(c->object), was_headless = kinds_services_is_headless(c->old);
	const struct at *at = AT(NULL, "spec");

	if (!named && !(headless && was_headless))
		check_ips_change(e, at, spec, old);
	if (!named && !headless && !was_headless)
		check_families_change(e, at, spec, old);
	if (kinds_services_is(c->object, "LoadBalancer") && kinds_services_is(c->old, "LoadBalancer") &&
	    !check_same(class, GET(old, "loadBalancerClass")))
		check_invalid(e, AT(at, "loadBalancerClass"), class, "may not change once set");
	check_class(e, at, c->object);
	if (kinds_services_needs_health_check(c->object) && kinds_services_needs_health_check(c->old) &&
	    INT_OF(spec, "healthCheckNodePort") != INT_OF(old, "healthCheckNodePort"))
		check_forbidden(e, AT(at, "healthCheckNodePort"), "field is immutable");
}

/* ---- the status -------------------------------------------------------------------------------------- */

static void check_ingress(struct fielderrs *e, const struct at *at, node ingress, node before)
{
	str ip = TEXT_OF(ingress, "ip"), host = TEXT_OF(ingress, "hostname");
	node mode = GET(ingress, "ipMode");
	bool known = false;
	struct netip ignored;

	node_each_item(x, before)
		known |= str_eq(TEXT_OF(*x, "ip"), ip);
	if (ip.n && !known)
		ipaddr_check(e, AT(at, "ip"), ip);
	if (ip.n && node_is_nil(mode))
		check_required_why(e, AT(at, "ipMode"), "must be specified when `ip` is set");
	else if (!ip.n && !node_is_nil(mode))
		check_forbidden(e, AT(at, "ipMode"), "may not be specified when `ip` is not set");
	else if (!node_is_nil(mode))
		ONE_OF(e, AT(at, "ipMode"), mode, "Proxy", "VIP");
	if (!host.n)
		return;
	check_name(e, AT(at, "hostname"), host, NAME_DNS_SUBDOMAIN);
	if (netip_parse_sloppy(host, &ignored))
		check_invalid_text(e, AT(at, "hostname"), host, "must be a DNS name, not an IP address");
}

static void check_status(struct kind_call *c)
{
	node list = node_dig(c->object, "status", "loadBalancer", "ingress");
	const struct at *at = AT(AT(AT(NULL, "status"), "loadBalancer"), "ingress");

	if (!kinds_services_is(c->object, "LoadBalancer") && node_len(list)) {
		check_forbidden(c->errors, at, "may only be used when `spec.type` is 'LoadBalancer'");
		return;
	}
	for (size_t i = 0; i < node_len(list); i++)
		check_ingress(c->errors, AT_I(at, i), node_at(list, i),
			      node_dig(c->old, "status", "loadBalancer", "ingress"));
}

void kinds_services_validate(struct kind_call *c)
{
	if (kinds_is_status(c)) {
		check_status(c);
		return;
	}
	if (!kinds_is_create(c))
		check_change(c);
	check_service(c);
}

/* ---- warnings ------------------------------------------------------------------------------------------ */

static void warn_list(struct kind_call *c, const char *field,
		      void (*warn)(struct kind_warnings *, const struct at *, str))
{
	node list = node_get(GET(c->object, "spec"), str_c(field));

	for (size_t i = 0; i < node_len(list); i++)
		warn(c->warnings, AT_I(AT_NAMED(AT(NULL, "spec"), str_c(field)), i),
		     node_str_or(node_at(list, i), STR_NONE));
}

static void warn_headless(struct kind_call *c, node spec)
{
	if (TEXT_OF(spec, "loadBalancerIP").n)
		kind_warn(c->warnings, "spec.loadBalancerIP is ignored for headless services");
	if (node_len(GET(spec, "externalIPs")))
		kind_warn(c->warnings, "spec.externalIPs is ignored for headless services");
	if (!str_eq(TEXT_OF(spec, "sessionAffinity"), S("None")))
		kind_warn(c->warnings, "spec.SessionAffinity is ignored for headless services");
}

static void warn_status(struct kind_call *c)
{
	node list = node_dig(c->object, "status", "loadBalancer", "ingress");

	for (size_t i = 0; i < node_len(list); i++)
		ipaddr_warn(c->warnings, AT_I(AT(AT(AT(NULL, "status"), "loadBalancer"), "ingress"), i),
			    TEXT_OF(node_at(list, i), "ip"));
}

static void warn_external(struct kind_call *c, node spec, bool headless)
{
	bool named = kinds_services_is(c->object, "ExternalName"), ips = node_len(GET(spec, "externalIPs"));

	warn_list(c, "externalIPs", ipaddr_warn);
	if (ips && !headless && !named)
		kind_warn(c->warnings, "spec.externalIPs is deprecated and may no longer be implemented in some "
				       "clusters");
	ipaddr_warn(c->warnings, AT(AT(NULL, "spec"), "loadBalancerIP"), TEXT_OF(spec, "loadBalancerIP"));
	warn_list(c, "loadBalancerSourceRanges", ipaddr_warn_net);
	if (named && ips)
		kind_warn(c->warnings, "spec.externalIPs is ignored when spec.type is \"ExternalName\"");
	if (!named && TEXT_OF(spec, "externalName").n)
		kind_warn(c->warnings, "spec.externalName is ignored when spec.type is not \"ExternalName\"");
}

void kinds_services_warn(struct kind_call *c)
{
	node spec = GET(c->object, "spec");
	bool headless = kinds_services_is(c->object, "ClusterIP") && str_eq(TEXT_OF(spec, "clusterIP"), S("None"));

	if (kinds_is_status(c)) {
		warn_status(c);
		return;
	}
	if (node_has(node_dig(c->object, "metadata", "annotations"), S(HINTS)))
		kind_warn(c->warnings, "annotation " HINTS " is deprecated, please use " MODE " instead");
	if (!kinds_services_is_headless(c->object))
		warn_list(c, "clusterIPs", ipaddr_warn);
	if (headless)
		warn_headless(c, spec);
	warn_external(c, spec, headless);
	if (str_eq(TEXT_OF(spec, "trafficDistribution"), S("PreferClose")))
		kind_warn(c->warnings, "spec.trafficDistribution: \"PreferClose\" is deprecated; use "
				       "\"PreferSameZone\"");
}
