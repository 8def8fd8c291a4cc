#include "server/allocator.h"
#include "server/ipaddr.h"
#include "server/kinds_impl.h"
#include "server/kinds_services.h"
#include "server/meta.h"
#include "server/status.h"

#define V4 "IPv4"
#define V6 "IPv6"

/* ---- asking -------------------------------------------------------------------- */

static node spec_of(node service)
{
	return GET(service, "spec");
}

bool kinds_services_is(node service, const char *type)
{
	return str_eq(TEXT_OF(spec_of(service), "type"), str_c(type));
}

bool kinds_services_is_headless(node service)
{
	node ips = GET(spec_of(service), "clusterIPs");

	return node_len(ips) == 1 && str_eq(node_str_or(node_at(ips, 0), STR_NONE), S("None"));
}

bool kinds_services_needs_ports(node service)
{
	return kinds_services_is(service, "NodePort") || kinds_services_is(service, "LoadBalancer");
}

bool kinds_services_needs_health_check(node service)
{
	return kinds_services_is(service, "LoadBalancer") &&
	       str_eq(TEXT_OF(spec_of(service), "externalTrafficPolicy"), S("Local"));
}

bool kinds_services_is_external(node service)
{
	return kinds_services_needs_ports(service) ||
	       (kinds_services_is(service, "ClusterIP") && node_len(GET(spec_of(service), "externalIPs")));
}

static bool has_address(node service)
{
	return !kinds_services_is(service, "ExternalName");
}

static bool same(node x, node y, const char *field)
{
	return check_same(node_get(spec_of(x), str_c(field)), node_get(spec_of(y), str_c(field)));
}

static void copy(struct arena *a, node to, node from, const char *field)
{
	str key = str_c(field);

	if (node_has(from, key))
		node_set(a, to, key, node_get(from, key));
	else
		node_remove(to, key);
}

static node one(struct arena *a, node value)
{
	node list = node_seq(a, 1);

	node_append(a, list, value);
	return list;
}

/* Errors found on the way are the answer, and validation has no say. */
static bool refuses(struct kind_call *c, const struct fielderrs *e)
{
	if (e->n && !c->refusal)
		c->refusal = status_invalid(STR_NONE, S("Service"), meta_get(c->object, S("name")), e);
	return e->n;
}

/* ---- what the client did not say ------------------------------------------------- */

/* Old ports by name, unless the new object has the number for another port. */
static void keep_ports(struct arena *a, node now, node was)
{
	node_each_item(p, GET(now, "ports")) {
		int64_t before = 0;
		bool used = false;

		if (INT_OF(*p, "nodePort"))
			continue;
		node_each_item(o, GET(was, "ports"))
			if (str_eq(TEXT_OF(*o, "name"), TEXT_OF(*p, "name")))
				before = INT_OF(*o, "nodePort");
		node_each_item(x, GET(now, "ports"))
			used |= before && INT_OF(*x, "nodePort") == before;
		if (before && !used)
			node_set(a, *p, S("nodePort"), node_from_int(before));
	}
}

static bool allocates_ports(node service)
{
	node wanted = GET(spec_of(service), "allocateLoadBalancerNodePorts");

	return kinds_services_is(service, "NodePort") ||
	       (kinds_services_is(service, "LoadBalancer") && (node_is_nil(wanted) || node_bool(wanted)));
}

static void keep_allocated(struct kind_call *c)
{
	struct arena *a = c->arena;
	node now = spec_of(c->object), was = spec_of(c->old);

	if (has_address(c->object) && has_address(c->old)) {
		if (!TEXT_OF(now, "clusterIP").n)
			copy(a, now, was, "clusterIP");
		if (!node_len(GET(now, "clusterIPs")))
			copy(a, now, was, "clusterIPs");
	}
	if (allocates_ports(c->old) && allocates_ports(c->object))
		keep_ports(a, now, was);
	if (kinds_services_needs_health_check(c->old) && kinds_services_needs_health_check(c->object) &&
	    !INT_OF(now, "healthCheckNodePort"))
		copy(a, now, was, "healthCheckNodePort");
}

/* `clusterIP` and `clusterIPs` say the same; older clients know one of them. */
static void settle_ips(struct kind_call *c)
{
	struct arena *a = c->arena;
	node now = spec_of(c->object), was = spec_of(c->old);
	str ip = TEXT_OF(now, "clusterIP"), old = TEXT_OF(was, "clusterIP");

	if (kinds_is_create(c)) {
		if (ip.n && !node_len(GET(now, "clusterIPs")))
			node_set(a, now, S("clusterIPs"), one(a, GET(now, "clusterIP")));
		return;
	}
	if (!node_len(GET(now, "clusterIPs")) && str_eq(ip, old))
		copy(a, now, was, "clusterIPs");
	if (str_eq(ip, old) || !check_same(GET(now, "clusterIPs"), GET(was, "clusterIPs")))
		return;
	if (!ip.n)
		node_remove(now, S("clusterIPs"));
	else
		node_set(a, now, S("clusterIPs"), one(a, GET(now, "clusterIP")));
}

/* ---- families of addresses -------------------------------------------------------------
 *
 * The cluster has IPv4 addresses to give, and no others. */

static bool is_policy(node service, const char *policy)
{
	return str_eq(TEXT_OF(spec_of(service), "ipFamilyPolicy"), str_c(policy));
}

/* Nothing has changed for a Service that takes what there is. */
static bool stays_dual(const struct kind_call *c)
{
	node now = c->object, was = c->old;

	return !kinds_is_create(c) && is_policy(now, "PreferDualStack") &&
	       (is_policy(was, "PreferDualStack") || LACKS(spec_of(was), "ipFamilyPolicy")) &&
	       str_eq(TEXT_OF(spec_of(now), "type"), TEXT_OF(spec_of(was), "type")) &&
	       (kinds_services_is(now, "ClusterIP") || kinds_services_needs_ports(now)) &&
	       same(now, was, "clusterIPs") && same(now, was, "ipFamilies");
}

static void set_policy(struct kind_call *c)
{
	node spec = spec_of(c->object);
	bool open = kinds_services_is_headless(c->object) && !node_len(GET(spec, "selector"));

	if (HAS(spec, "ipFamilyPolicy"))
		return;
	if (HAS(spec_of(c->old), "ipFamilyPolicy"))
		copy(c->arena, spec, spec_of(c->old), "ipFamilyPolicy");
	else
		node_set(c->arena, spec, S("ipFamilyPolicy"),
			 open ? node_lit("RequireDualStack") : node_lit("SingleStack"));
}

static void policy_error(struct kind_call *c, struct fielderrs *e, const char *why)
{
	check_invalid(e, AT(AT(NULL, "spec"), "ipFamilyPolicy"), GET(spec_of(c->object), "ipFamilyPolicy"),
		      "%s", why);
}

static void first_only(struct arena *a, node now, node was, const char *field)
{
	node list = node_get(now, str_c(field));

	if (node_len(list) > 1 && check_same(list, node_get(was, str_c(field))))
		node_set(a, now, str_c(field), one(a, node_at(list, 0)));
}

static bool is_shorter(node now, node was, const char *field)
{
	size_t n = node_len(node_get(now, str_c(field)));

	return n && n < node_len(node_get(was, str_c(field)));
}

static void check_policy_change(struct kind_call *c, struct fielderrs *e)
{
	node now = spec_of(c->object), was = spec_of(c->old);

	if (kinds_is_create(c))
		return;
	if (is_policy(c->object, "SingleStack")) {
		first_only(c->arena, now, was, "clusterIPs");
		first_only(c->arena, now, was, "ipFamilies");
		return;
	}
	if (is_shorter(now, was, "clusterIPs"))
		policy_error(c, e, "must be 'SingleStack' to release the secondary cluster IP");
	if (is_shorter(now, was, "ipFamilies"))
		policy_error(c, e, "must be 'SingleStack' to release the secondary IP family");
}

static void append(struct arena *a, node spec, const char *field, node value)
{
	node list = node_get(spec, str_c(field));

	if (!node_is(list, NODE_SEQ)) {
		list = node_seq(a, 1);
		node_set(a, spec, str_c(field), list);
	}
	node_append(a, list, value);
}

/* Families follow from addresses that are given. */
static void derive_families(struct kind_call *c, struct fielderrs *e)
{
	node spec = spec_of(c->object), ips = GET(spec, "clusterIPs");

	for (size_t i = 0; i < node_len(ips) && !kinds_services_is_headless(c->object); i++) {
		struct netip ip = { 0 };

		if (i < node_len(GET(spec, "ipFamilies")))
			continue;
		netip_parse_sloppy(node_str_or(node_at(ips, i), STR_NONE), &ip);
		if (ip.v6)
			check_invalid(e, AT_I(AT(AT(NULL, "spec"), "clusterIPs"), i), ips,
				      "IPv6 is not configured on this cluster");
		else
			append(c->arena, spec, "ipFamilies", node_lit(V4));
	}
}

static void check_single(struct kind_call *c, struct fielderrs *e)
{
	node spec = spec_of(c->object);

	if (!is_policy(c->object, "SingleStack"))
		return;
	if (node_len(GET(spec, "clusterIPs")) == 2)
		policy_error(c, e, "must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs "
				   "are specified");
	if (node_len(GET(spec, "ipFamilies")) == 2)
		policy_error(c, e, "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families "
				   "are specified");
}

/* Without a selector somebody else says where the traffic goes: any family will do. */
static void open_families(struct kind_call *c)
{
	node spec = spec_of(c->object);

	if (!node_len(GET(spec, "ipFamilies")))
		append(c->arena, spec, "ipFamilies", node_lit(V4));
	if (node_len(GET(spec, "ipFamilies")) == 1 && !is_policy(c->object, "SingleStack"))
		append(c->arena, spec, "ipFamilies",
		       str_eq(node_str(node_at(GET(spec, "ipFamilies"), 0)), S(V4)) ? node_lit(V6)
										    : node_lit(V4));
}

static void settle_families(struct kind_call *c)
{
	struct fielderrs e = { .arena = c->arena };
	node spec = spec_of(c->object);

	if (kinds_services_is(c->object, "ExternalName") || stays_dual(c))
		return;
	set_policy(c);
	kinds_services_check_addresses(&e, c->object, c->old);
	if (refuses(c, &e))
		return;
	check_policy_change(c, &e);
	check_single(c, &e);
	derive_families(c, &e);
	if (refuses(c, &e))
		return;
	if (kinds_services_is_headless(c->object) && !node_len(GET(spec, "selector"))) {
		open_families(c);
		return;
	}
	if (is_policy(c->object, "RequireDualStack"))
		policy_error(c, &e, "this cluster is not configured for dual-stack services");
	for (size_t i = 0; i < node_len(GET(spec, "ipFamilies")); i++)
		if (!str_eq(node_str_or(node_at(GET(spec, "ipFamilies"), i), STR_NONE), S(V4)))
			check_invalid(&e, AT_I(AT(AT(NULL, "spec"), "ipFamilies"), i),
				      node_at(GET(spec, "ipFamilies"), i), "not configured on this cluster");
	if (!refuses(c, &e) && !node_len(GET(spec, "ipFamilies")))
		append(c->arena, spec, "ipFamilies", node_lit(V4));
}

/* ---- giving ------------------------------------------------------------------------------- */

/* Nothing is given to who only tries: these are what the original shows then. */
enum { DRY_PORT = 32769 };
#define DRY_IP "10.96.0.0"

static node any_ip(struct kind_call *c, str wanted)
{
	return c->dry_run && !wanted.n ? node_lit(DRY_IP)
				       : c->allocate_ip(c, wanted, S("spec.clusterIPs"));
}

static node any_port(struct kind_call *c, int64_t wanted, str path)
{
	int64_t most = 0;

	if (!c->dry_run || (wanted >= ALLOCATOR_PORT_MIN && wanted <= ALLOCATOR_PORT_MAX))
		return c->allocate_port(c, wanted, path);
	if (wanted)
		return node_from_int(wanted); /* nor is the range looked at */
	node_each_item(p, GET(spec_of(c->object), "ports"))
		most = INT_OF(*p, "nodePort") > most ? INT_OF(*p, "nodePort") : most;
	return node_from_int(most ? most + 1 : DRY_PORT);
}

/* What the allocator found wrong is the whole answer. */
static bool failed(struct kind_call *c, struct fielderrs *found, struct fielderrs *mine)
{
	c->errors = mine;
	return refuses(c, found);
}

static void allocate_ip(struct kind_call *c)
{
	struct fielderrs found = { .arena = c->arena }, *mine = c->errors;
	node spec = spec_of(c->object), ips = GET(spec, "clusterIPs");
	bool anew = kinds_is_create(c) || kinds_services_is(c->old, "ExternalName");

	if (!anew || kinds_services_is(c->object, "ExternalName") || kinds_services_is_headless(c->object))
		return;
	c->errors = &found;
	node ip = any_ip(c, node_str_or(node_at(ips, 0), STR_NONE));

	if (failed(c, &found, mine) || node_is_nil(ip))
		return;
	node_set(c->arena, spec, S("clusterIP"), ip);
	node_set(c->arena, spec, S("clusterIPs"), one(c->arena, ip));
}

static bool holds_port(node service, int64_t port)
{
	node_each_item(p, GET(spec_of(service), "ports"))
		if (INT_OF(*p, "nodePort") == port)
			return true;
	return false;
}

/* The number that another port with the same port number asks for or was given. */
static int64_t sibling(node ports, size_t until, int64_t port, bool given)
{
	for (size_t i = 0; i < (given ? until : node_len(ports)); i++)
		if (INT_OF(node_at(ports, i), "port") == port && INT_OF(node_at(ports, i), "nodePort"))
			return INT_OF(node_at(ports, i), "nodePort");
	return 0;
}

static bool given_before(node ports, size_t until, int64_t port)
{
	for (size_t i = 0; i < until; i++)
		if (INT_OF(node_at(ports, i), "nodePort") == port)
			return true;
	return false;
}

/* Of TCP and UDP on one port number, both have the same number on the nodes. */
static bool allocate_port(struct kind_call *c, size_t i)
{
	struct fielderrs found = { .arena = c->arena }, *mine = c->errors;
	node ports = GET(spec_of(c->object), "ports"), port = node_at(ports, i);
	int64_t wanted = INT_OF(port, "nodePort");
	bool created = kinds_is_create(c), automatic = !wanted;

	if (!wanted && kinds_services_is(c->object, "LoadBalancer") && !allocates_ports(c->object))
		return true;
	if (!wanted && created)
		wanted = sibling(ports, i, INT_OF(port, "port"), false);
	bool mine_already = wanted && given_before(ports, i, wanted) &&
			    (!created || automatic || sibling(ports, i, INT_OF(port, "port"), true) == wanted);

	if (mine_already || (wanted && !created && holds_port(c->old, wanted))) {
		node_set(c->arena, port, S("nodePort"), node_from_int(wanted));
		return true;
	}
	str path = arena_printf(c->arena, "spec.ports[%zu].nodePort", i);

	c->errors = &found;
	node number = any_port(c, wanted, path);

	if (failed(c, &found, mine) || node_is_nil(number))
		return false;
	node_set(c->arena, port, S("nodePort"), number);
	return true;
}

static void allocate_health_check(struct kind_call *c)
{
	struct fielderrs found = { .arena = c->arena }, *mine = c->errors;
	node spec = spec_of(c->object);
	int64_t wanted = INT_OF(spec, "healthCheckNodePort");
	bool had = !kinds_is_create(c) && kinds_services_needs_health_check(c->old);

	if (!kinds_services_needs_health_check(c->object) || had || c->refusal)
		return;
	c->errors = &found;
	node number = any_port(c, wanted, S("spec.healthCheckNodePort"));

	c->errors = mine;
	if (node_is_nil(number) && found.n) {
		str why = found.list[0].text;
		size_t colon = str_find(str_from(why, strlen("Invalid value: ")), S(": "));

		why = str_from(why, strlen("Invalid value: ") + (colon == STR_NPOS ? 0 : colon + 2));
		c->refusal = status_internal("failed to allocate requested HealthCheck NodePort %lld: %.*s",
					     (long long)wanted, STR_ARG(why));
	} else {
		node_set(c->arena, spec, S("healthCheckNodePort"), number);
	}
}

/* Found by the original on its way through the ports of an update. */
static bool is_double(struct kind_call *c, node ports, size_t until)
{
	node last = node_at(ports, until);
	int64_t port = INT_OF(last, "nodePort");

	for (size_t i = 0; !kinds_is_create(c) && port && i < until; i++)
		if (INT_OF(node_at(ports, i), "nodePort") == port &&
		    str_eq(TEXT_OF(node_at(ports, i), "protocol"), TEXT_OF(last, "protocol"))) {
			c->refusal = status_plain(500, "duplicate nodePort: {%.*s %lld}",
						  STR_ARG(TEXT_OF(last, "protocol")), (long long)port);
			return true;
		}
	return false;
}

static void allocate_ports(struct kind_call *c)
{
	node ports = GET(spec_of(c->object), "ports");

	for (size_t i = 0; kinds_services_needs_ports(c->object) && i < node_len(ports); i++)
		if (!allocate_port(c, i) || is_double(c, ports, i))
			return;
	allocate_health_check(c);
}

/* ---- what goes with the type ------------------------------------------------------------------- */

static bool keeps_ports(node now, node was)
{
	node_each_item(p, GET(spec_of(now), "ports"))
		if (INT_OF(*p, "nodePort") && !holds_port(was, INT_OF(*p, "nodePort")))
			return false;
	return true;
}

static void drop_same(struct kind_call *c, const char *field)
{
	if (same(c->object, c->old, field))
		node_remove(spec_of(c->object), str_c(field));
}

/* A change of type takes what the old one had, unless the client set it anew. */
static void drop_by_type(struct kind_call *c)
{
	node now = c->object, was = c->old, spec = spec_of(now);
	bool balanced = kinds_services_is(was, "LoadBalancer") && !kinds_services_is(now, "LoadBalancer");

	if (has_address(was) && !has_address(now)) {
		if (same(now, was, "clusterIP") && same(now, was, "clusterIPs")) {
			node_remove(spec, S("clusterIP"));
			node_remove(spec, S("clusterIPs"));
		}
		drop_same(c, "ipFamilies");
		drop_same(c, "ipFamilyPolicy");
	}
	if (kinds_services_needs_ports(was) && !kinds_services_needs_ports(now) && keeps_ports(now, was))
		node_each_item(p, GET(spec, "ports"))
			node_remove(*p, S("nodePort"));
	if (kinds_services_needs_health_check(was) && !kinds_services_needs_health_check(now))
		drop_same(c, "healthCheckNodePort");
	if (balanced) {
		drop_same(c, "allocateLoadBalancerNodePorts");
		drop_same(c, "loadBalancerClass");
	}
	if (kinds_services_is_external(was) && !kinds_services_is_external(now))
		drop_same(c, "externalTrafficPolicy");
	if (!kinds_services_is(now, "LoadBalancer") && node_len(GET(GET(now, "status"), "loadBalancer")))
		node_set(c->arena, GET(now, "status"), S("loadBalancer"), node_map(c->arena, 0));
}

static void service_prepare(struct kind_call *c)
{
	if (kinds_is_status(c) || !node_is(spec_of(c->object), NODE_MAP))
		return;
	if (!kinds_is_create(c))
		keep_allocated(c);
	settle_ips(c);
	settle_families(c);
	if (!c->refusal)
		allocate_ip(c);
	if (!c->refusal)
		allocate_ports(c);
	if (!c->refusal && !kinds_is_create(c))
		drop_by_type(c);
	if (kinds_services_is(c->object, "ExternalName"))
		node_remove(spec_of(c->object), S("internalTrafficPolicy"));
}

KINDS_HOOKS(service, .prepare = service_prepare, .validate = kinds_services_validate, .warn = kinds_services_warn);
