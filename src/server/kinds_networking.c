/* kinds_networking - Ingresses and their classes, network policies, and the
 * objects that say which addresses Services get. */
#include "server/gostruct.h"
#include "server/ipaddr.h"
#include "server/kinds_impl.h"
#include "server/meta.h"

enum { CONTROLLER_MAX = 250 };

#define CLASS_NOTE "kubernetes.io/ingress.class"
#define DEFAULT_CLASS "ingressclass.kubernetes.io/is-default-class"

static node list_shown(node list)
{
	return node_is_nil(list) ? node_null() : list;
}

/* ---- Ingress --------------------------------------------------------------- */

/* A Service's port: by name or by number, never both. */
static void check_backend_port(struct fielderrs *e, const struct at *at, node port)
{
	const struct at *port_at = AT(AT(at, "service"), "port");
	str name = TEXT_OF(port, "name");
	bool number = INT_OF(port, "number") != 0;

	if (name.n && number)
		check_invalid_text(e, at, STR_NONE, "cannot set both port name & port number");
	else if (name.n)
		check_port_name(e, AT(port_at, "name"), name);
	else if (number)
		check_port(e, AT(port_at, "number"), GET(port, "number"));
	else
		check_required_why(e, at, "port name or number is required");
}

static void check_resource(struct fielderrs *e, const struct at *at, node resource)
{
	if (HAS(resource, "apiGroup"))
		check_name(e, AT(at, "apiGroup"), TEXT_OF(resource, "apiGroup"), NAME_DNS_SUBDOMAIN);
	check_path_segment(e, AT(at, "kind"), TEXT_OF(resource, "kind"));
	check_path_segment(e, AT(at, "name"), TEXT_OF(resource, "name"));
}

static void check_backend(struct fielderrs *e, const struct at *at, node backend)
{
	node service = GET(backend, "service"), resource = GET(backend, "resource");
	const struct at *service_at = AT(at, "service");

	if (!node_is_nil(resource) && !node_is_nil(service)) {
		check_invalid_text(e, at, STR_NONE, "cannot set both resource and service backends");
	} else if (!node_is_nil(resource)) {
		check_resource(e, AT(at, "resource"), resource);
	} else if (!node_is_nil(service)) {
		if (!TEXT_OF(service, "name").n)
			check_required(e, AT(service_at, "name"));
		else
			check_name(e, AT(service_at, "name"), TEXT_OF(service, "name"), NAME_DNS_LABEL);
		check_backend_port(e, at, GET(service, "port"));
	} else {
		check_invalid_text(e, at, STR_NONE, "resource or service backend is required");
	}
}

static void check_strict_path(struct fielderrs *e, const struct at *at, str path)
{
	static const str within[] = { S("//"), S("/./"), S("/../"), S("%2f"), S("%2F") };
	static const str behind[] = { S("/.."), S("/.") };

	if (!str_starts(path, S("/")))
		check_invalid_text(e, at, path, "must be an absolute path");
	for (size_t i = 0; i < sizeof within / sizeof *within; i++)
		if (str_has(path, within[i]))
			check_invalid_text(e, at, path, "must not contain '%.*s'", STR_ARG(within[i]));
	for (size_t i = 0; i < sizeof behind / sizeof *behind; i++)
		if (str_ends(path, behind[i]))
			check_invalid_text(e, at, path, "cannot end with '%.*s'", STR_ARG(behind[i]));
}

static void check_ingress_path(struct fielderrs *e, const struct at *at, node rule)
{
	str type = TEXT_OF(rule, "pathType"), path = TEXT_OF(rule, "path");

	if (LACKS(rule, "pathType")) {
		check_required_why(e, AT(at, "pathType"), "pathType must be specified");
		return;
	}
	if (IS_ONE_OF(type, "Exact", "Prefix")) {
		check_strict_path(e, AT(at, "path"), path);
	} else if (ONE_OF(e, AT(at, "pathType"), GET(rule, "pathType"), "Exact",
			  "ImplementationSpecific", "Prefix")) {
		if (path.n && path.p[0] != '/')
			check_invalid_text(e, AT(at, "path"), path, "must be an absolute path");
	}
	check_backend(e, AT(at, "backend"), GET(rule, "backend"));
}

static bool is_ip(str text)
{
	struct netip ip;

	return netip_parse_sloppy(text, &ip);
}

/* What a rule with such a host may be. */
static void check_host(struct fielderrs *e, const struct at *at, str host, bool rule)
{
	if (rule && is_ip(host))
		check_invalid_text(e, at, host, "must be a DNS name, not an IP address");
	if (str_find_char(host, '*') != STR_NPOS)
		check_wildcard_subdomain(e, at, host);
	else
		check_name(e, at, host, NAME_DNS_SUBDOMAIN);
}

static void check_rule_value(struct fielderrs *e, const struct at *at, node rule)
{
	node http = GET(rule, "http"), paths = GET(http, "paths");
	const struct at *paths_at = AT(AT(at, "http"), "paths");

	if (node_is_nil(http))
		return;
	if (!node_len(paths))
		check_required(e, paths_at);
	for (size_t i = 0; i < node_len(paths); i++)
		check_ingress_path(e, AT_I(paths_at, i), node_at(paths, i));
}

static bool is_wild(node rule)
{
	return str_find_char(TEXT_OF(rule, "host"), '*') != STR_NPOS;
}

/* Whether an older state has what is not let in any more: it may keep it. */
static bool had_bad_wildcard(struct arena *a, node old)
{
	struct fielderrs ignored = { .arena = a };

	node_each_item(rule, GET(GET(old, "spec"), "rules"))
		if (is_wild(*rule))
			check_rule_value(&ignored, NULL, *rule);
	return ignored.n > 0;
}

static bool had_bad_secret(node old)
{
	node_each_item(tls, GET(GET(old, "spec"), "tls")) {
		str name = TEXT_OF(*tls, "secretName");

		if (name.n && !name_check(name, NAME_DNS_SUBDOMAIN, NULL))
			return true;
	}
	return false;
}

static void check_tls(struct fielderrs *e, const struct at *at, node tls, bool lenient)
{
	node hosts = GET(tls, "hosts");
	str secret = TEXT_OF(tls, "secretName");

	for (size_t i = 0; i < node_len(hosts); i++)
		check_host(e, AT_I(AT(at, "hosts"), i), node_str_or(node_at(hosts, i), STR_NONE), false);
	if (!lenient && secret.n)
		check_name(e, AT(at, "secretName"), secret, NAME_DNS_SUBDOMAIN);
}

static void check_ingress_status(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node list = node_dig(c->object, "status", "loadBalancer", "ingress");
	node before = node_dig(c->old, "status", "loadBalancer", "ingress");
	const struct at *at = AT(AT(AT(NULL, "status"), "loadBalancer"), "ingress");

	for (size_t i = 0; i < node_len(list); i++) {
		node one = node_at(list, i);
		str ip = TEXT_OF(one, "ip"), host = TEXT_OF(one, "hostname");
		bool known = false;

		node_each_item(b, before)
			known |= str_eq(TEXT_OF(*b, "ip"), ip);
		if (ip.n && !known)
			ipaddr_check(e, AT(AT_I(at, i), "ip"), ip);
		if (!host.n)
			continue;
		check_name(e, AT(AT_I(at, i), "hostname"), host, NAME_DNS_SUBDOMAIN);
		if (is_ip(host))
			check_invalid_text(e, AT(AT_I(at, i), "hostname"), host,
					   "must be a DNS name, not an IP address");
	}
}

static void ingress_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), rules = GET(spec, "rules"), tls = GET(spec, "tls");
	const struct at *at = AT(NULL, "spec");
	bool lenient_rules = had_bad_wildcard(c->arena, c->old), lenient_tls = had_bad_secret(c->old);

	if (kinds_is_status(c)) {
		check_ingress_status(c);
		return;
	}
	if (!node_len(rules) && LACKS(spec, "defaultBackend"))
		check_invalid(e, at, list_shown(rules),
			      "either `defaultBackend` or `rules` must be specified");
	if (HAS(spec, "defaultBackend"))
		check_backend(e, AT(at, "defaultBackend"), GET(spec, "defaultBackend"));
	for (size_t i = 0; i < node_len(rules); i++) {
		const struct at *rule_at = AT_I(AT(at, "rules"), i);
		node rule = node_at(rules, i);

		if (TEXT_OF(rule, "host").n)
			check_host(e, AT(rule_at, "host"), TEXT_OF(rule, "host"), true);
		if (!is_wild(rule) || !lenient_rules)
			check_rule_value(e, rule_at, rule);
	}
	for (size_t i = 0; i < node_len(tls); i++)
		check_tls(e, AT_I(AT(at, "tls"), i), node_at(tls, i), lenient_tls);
	if (HAS(spec, "ingressClassName"))
		check_name(e, AT(at, "ingressClassName"), TEXT_OF(spec, "ingressClassName"),
			   NAME_DNS_SUBDOMAIN);
	str note = text_of(node_dig(c->object, "metadata", "annotations"), S(CLASS_NOTE));

	if (kinds_is_create(c) && HAS(spec, "ingressClassName") &&
	    node_has(node_dig(c->object, "metadata", "annotations"), S(CLASS_NOTE)) &&
	    !str_eq(note, TEXT_OF(spec, "ingressClassName")))
		check_invalid_text(e, AT_NAMED(AT(NULL, "annotations"), S(CLASS_NOTE)), note,
				   "must match `ingressClassName` when both are specified");
}

static void ingress_warn(struct kind_call *c)
{
	node list = node_dig(c->object, "status", "loadBalancer", "ingress");
	const struct at *at = AT(AT(AT(NULL, "status"), "loadBalancer"), "ingress");

	if (kinds_is_create(c) && LACKS(GET(c->object, "spec"), "ingressClassName") &&
	    node_has(node_dig(c->object, "metadata", "annotations"), S(CLASS_NOTE)))
		kind_warn(c->warnings, "annotation \"" CLASS_NOTE
				       "\" is deprecated, please use 'spec.ingressClassName' instead");
	for (size_t i = 0; kinds_is_status(c) && i < node_len(list); i++)
		if (TEXT_OF(node_at(list, i), "ip").n)
			ipaddr_warn(c->warnings, AT_I(at, i), TEXT_OF(node_at(list, i), "ip"));
}

/* DefaultIngressClass: the newest of the classes that are marked, and of two as old
 * the first by name. */
static void ingress_admit(struct kind_call *c)
{
	node best = NODE_NOTHING, spec = node_need_map(c->arena, c->object, S("spec"));
	str made = STR_NONE;

	if (!kinds_is_create(c) || c->subresource.n || HAS(spec, "ingressClassName") ||
	    node_has(node_dig(c->object, "metadata", "annotations"), S(CLASS_NOTE)))
		return;
	node classes = c->look_all(c, S("networking.k8s.io"), S("ingressclasses"), STR_NONE);

	node_each_item(class, classes) {
		str at = meta_get(*class, S("creationTimestamp"));

		if (!str_eq(text_of(node_dig(*class, "metadata", "annotations"), S(DEFAULT_CLASS)),
			    S("true")))
			continue;
		if (node_is(best, NODE_NONE) || str_cmp(at, made) > 0) {
			best = *class;
			made = at;
		}
	}
	if (node_is(best, NODE_MAP))
		node_set(c->arena, spec, S("ingressClassName"),
			 node_from_str(c->arena, meta_get(best, S("name"))));
}

KINDS_HOOKS(ingress, .admit = ingress_admit, .validate = ingress_validate, .warn = ingress_warn);

/* ---- IngressClass ------------------------------------------------------------ */

static void check_parameters(struct fielderrs *e, const struct at *at, node parameters)
{
	str scope = TEXT_OF(parameters, "scope");

	if (node_is_nil(parameters))
		return;
	check_resource(e, at, parameters);
	if (LACKS(parameters, "scope")) {
		check_required(e, AT(at, "scope"));
		return;
	}
	if (!ONE_OF(e, AT(at, "scope"), GET(parameters, "scope"), "Cluster", "Namespace"))
		return;
	if (str_eq(scope, S("Cluster"))) {
		if (HAS(parameters, "namespace"))
			check_forbidden(e, AT(at, "namespace"), "`parameters.scope` is set to 'Cluster'");
	} else if (LACKS(parameters, "namespace")) {
		check_required_why(e, AT(at, "namespace"), "`parameters.scope` is set to 'Namespace'");
	} else {
		check_name(e, AT(at, "namespace"), TEXT_OF(parameters, "namespace"), NAME_DNS_LABEL);
	}
}

static void ingress_class_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec");
	str controller = TEXT_OF(spec, "controller");
	const struct at *at = AT(NULL, "spec");

	if (!kinds_is_create(c))
		check_immutable(e, AT(at, "controller"), GET(spec, "controller"),
				GET(GET(c->old, "spec"), "controller"), check_text(e, controller));
	if (controller.n > CONTROLLER_MAX)
		check_too_long(e, AT(at, "controller"), CONTROLLER_MAX);
	check_domain_path(e, AT(at, "controller"), controller);
	check_parameters(e, AT(at, "parameters"), GET(spec, "parameters"));
}

KINDS_HOOKS(ingress_class, .validate = ingress_class_validate);

/* ---- NetworkPolicy ------------------------------------------------------------- */

/* All networks that an older state names: they are let in again unseen. */
static node networks_of(struct arena *a, node policy)
{
	static const char *const ways[][2] = { { "ingress", "from" }, { "egress", "to" } };
	node all = node_map(a, 0);

	for (size_t w = 0; w < 2; w++)
		node_each_item(rule, node_dig(policy, "spec", ways[w][0]))
			node_each_item(peer, node_get(*rule, str_c(ways[w][1]))) {
				node block = GET(*peer, "ipBlock");

				node_set(a, all, TEXT_OF(block, "cidr"), node_null());
				node_each_item(x, GET(block, "except"))
					node_set(a, all, node_str_or(*x, STR_NONE), node_null());
			}
	return all;
}

static bool check_network(struct fielderrs *e, const struct at *at, str text, node before)
{
	return node_has(before, text) || ipaddr_check_net(e, at, text);
}

static void check_block(struct fielderrs *e, const struct at *at, node block, node before)
{
	node except = GET(block, "except");
	str cidr = TEXT_OF(block, "cidr");
	struct ipnet whole, part;

	if (!cidr.n) {
		check_required(e, AT(at, "cidr"));
		return;
	}
	check_network(e, AT(at, "cidr"), cidr, before);
	if (!ipaddr_parse_net(cidr, &whole))
		return;
	for (size_t i = 0; i < node_len(except); i++) {
		const struct at *where = AT_I(AT(at, "except"), i);
		str text = node_str_or(node_at(except, i), STR_NONE);

		check_network(e, where, text, before);
		if (ipaddr_parse_net(text, &part) &&
		    (!ipaddr_contains(&whole, &part.base) || whole.bits >= part.bits))
			check_invalid_text(e, where, text, "must be a strict subset of `cidr`");
	}
}

struct policy_check {
	struct fielderrs *e;
	node before;		/* networks_of the older state */
	bool lenient;		/* it had values in selectors that are none of labels */
};

static void check_peer(const struct policy_check *p, const struct at *at, node peer)
{
	static const char *const all[] = { "podSelector", "namespaceSelector", "ipBlock", NULL };

	if (HAS(peer, "podSelector"))
		check_label_selector(p->e, AT(at, "podSelector"), GET(peer, "podSelector"), p->lenient);
	if (HAS(peer, "namespaceSelector"))
		check_label_selector(p->e, AT(at, "namespaceSelector"), GET(peer, "namespaceSelector"),
				     p->lenient);
	if (HAS(peer, "ipBlock"))
		check_block(p->e, AT(at, "ipBlock"), GET(peer, "ipBlock"), p->before);
	if (!check_count(peer, all))
		check_required_why(p->e, at, "must specify a peer");
	else if (check_count(peer, all) > 1 && HAS(peer, "ipBlock"))
		check_forbidden(p->e, at, "may not specify both ipBlock and another peer");
}

static void check_policy_port(struct fielderrs *e, const struct at *at, node port)
{
	node number = GET(port, "port"), end = GET(port, "endPort");

	if (HAS(port, "protocol"))
		ONE_OF(e, AT(at, "protocol"), GET(port, "protocol"), "TCP", "UDP", "SCTP");
	if (node_is_nil(number)) {
		if (!node_is_nil(end))
			check_invalid(e, AT(at, "endPort"), end,
				      "may not be specified when `port` is not specified");
		return;
	}
	if (node_is(number, NODE_STR) && !node_is_nil(end))
		check_invalid(e, AT(at, "endPort"), end,
			      "may not be specified when `port` is non-numeric");
	check_port_or_name(e, AT(at, "port"), number);
	if (node_is(number, NODE_STR) || node_is_nil(end))
		return;
	if (node_int(end) < node_int(number))
		check_invalid(e, AT(at, "endPort"), end, "must be greater than or equal to `port`");
	check_port(e, AT(at, "endPort"), end);
}

static void check_policy_rules(const struct policy_check *p, const struct at *at, node rules,
			       const char *peers)
{
	for (size_t i = 0; i < node_len(rules); i++) {
		const struct at *where = AT_I(at, i);
		node rule = node_at(rules, i), ports = GET(rule, "ports");
		node others = node_get(rule, str_c(peers));

		for (size_t j = 0; j < node_len(ports); j++)
			check_policy_port(p->e, AT_I(AT(where, "ports"), j), node_at(ports, j));
		for (size_t j = 0; j < node_len(others); j++)
			check_peer(p, AT_I(AT_NAMED(where, str_c(peers)), j), node_at(others, j));
	}
}

static void network_policy_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), types = GET(spec, "policyTypes");
	const struct at *at = AT(NULL, "spec");
	struct policy_check p = {
		.e = e,
		.before = networks_of(c->arena, c->old),
		.lenient = check_has_bad_value(GET(GET(c->old, "spec"), "podSelector")),
	};

	check_label_selector(e, AT(at, "podSelector"), GET(spec, "podSelector"), p.lenient);
	check_policy_rules(&p, AT(at, "ingress"), GET(spec, "ingress"), "from");
	check_policy_rules(&p, AT(at, "egress"), GET(spec, "egress"), "to");
	if (node_len(types) > 2) {
		check_invalid(e, AT(at, "policyTypes"), types,
			      "may not specify more than two policyTypes");
		return;
	}
	for (size_t i = 0; i < node_len(types); i++)
		ONE_OF(e, AT_I(AT(at, "policyTypes"), i), node_at(types, i), "Ingress", "Egress");
}

static void network_policy_warn(struct kind_call *c)
{
	static const str ways[][2] = { { S("ingress"), S("from") }, { S("egress"), S("to") } };

	for (size_t w = 0; w < 2; w++) {
		node rules = node_get(GET(c->object, "spec"), ways[w][0]);

		for (size_t i = 0; i < node_len(rules); i++) {
			node peers = node_get(node_at(rules, i), ways[w][1]);
			const struct at *rule = AT_I(AT_NAMED(AT(NULL, "spec"), ways[w][0]), i);

			for (size_t j = 0; j < node_len(peers); j++) {
				node block = GET(node_at(peers, j), "ipBlock");
				node except = GET(block, "except");
				const struct at *at = AT(AT_I(AT_NAMED(rule, ways[w][1]), j), "ipBlock");

				if (node_is_nil(block))
					continue;
				ipaddr_warn_net(c->warnings, AT(at, "cidr"), TEXT_OF(block, "cidr"));
				for (size_t k = 0; k < node_len(except); k++)
					ipaddr_warn_net(c->warnings, AT_I(AT(at, "except"), k),
							node_str_or(node_at(except, k), STR_NONE));
			}
		}
	}
}

KINDS_HOOKS(network_policy, .validate = network_policy_validate, .warn = network_policy_warn);

/* ---- IPAddress, ServiceCIDR ------------------------------------------------------ */

static void ip_address_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node parent = GET(GET(c->object, "spec"), "parentRef");
	str base = meta_get(c->object, S("generateName")), name = meta_get(c->object, S("name"));
	const struct at *meta_at = AT(NULL, "metadata"), *at = AT(AT(NULL, "spec"), "parentRef");

	if (base.n)
		ipaddr_check_canonical(e, AT(meta_at, "generateName"), base);
	if (name.n)
		ipaddr_check_canonical(e, AT(meta_at, "name"), name);
	if (node_is_nil(parent)) {
		check_required(e, at);
	} else {
		if (TEXT_OF(parent, "group").n)
			check_name(e, AT(at, "group"), TEXT_OF(parent, "group"), NAME_DNS_SUBDOMAIN);
		check_path_segment(e, AT(at, "resource"), TEXT_OF(parent, "resource"));
		check_path_segment(e, AT(at, "name"), TEXT_OF(parent, "name"));
		if (TEXT_OF(parent, "namespace").n)
			check_name(e, AT(at, "namespace"), TEXT_OF(parent, "namespace"),
				   NAME_PATH_SEGMENT);
	}
	if (!kinds_is_create(c))
		check_immutable(e, at, parent, GET(GET(c->old, "spec"), "parentRef"),
				gostruct_shown(c->arena, "networking.ParentReference", parent,
					       NODE_NOTHING));
}

KINDS_HOOKS(ip_address, .validate = ip_address_validate);

static void check_cidrs(struct fielderrs *e, const struct at *at, node spec)
{
	node cidrs = GET(spec, "cidrs");
	struct ipnet first, second;

	if (!node_len(cidrs)) {
		check_required_why(e, at, "at least one CIDR required");
		return;
	}
	if (node_len(cidrs) > 2) {
		check_invalid(e, at, gostruct_shown(e->arena, "networking.ServiceCIDRSpec", spec,
						    NODE_NOTHING),
			      "may only hold up to 2 values");
		return;
	}
	for (size_t i = 0; i < node_len(cidrs); i++)
		ipaddr_check_net_canonical(e, AT_I(at, i), node_str_or(node_at(cidrs, i), STR_NONE));
	if (ipaddr_parse_net(node_str_or(node_at(cidrs, 0), STR_NONE), &first) &&
	    ipaddr_parse_net(node_str_or(node_at(cidrs, 1), STR_NONE), &second) &&
	    first.base.v6 == second.base.v6)
		check_invalid(e, at, cidrs, "may specify no more than one IP for each IP family, i.e "
					    "192.168.0.0/24 and 2001:db8::/64");
}

static void service_cidr_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), now = GET(spec, "cidrs");
	node before = GET(GET(c->old, "spec"), "cidrs");
	const struct at *at = AT(AT(NULL, "spec"), "cidrs");
	bool grows = node_len(before) == 1 && node_len(now) == 2;

	if (kinds_is_status(c))
		return;
	if (kinds_is_create(c)) {
		check_cidrs(e, at, spec);
		return;
	}
	if (node_len(before) != node_len(now) && !grows) {
		check_invalid(e, at, list_shown(now), "field is immutable");
		return;
	}
	for (size_t i = 0; i < node_len(before); i++)
		check_immutable(e, AT_I(at, i), node_at(now, i), node_at(before, i), node_at(now, i));
	if (grows)
		check_cidrs(e, at, spec);
}

KINDS_HOOKS(service_cidr, .validate = service_cidr_validate);
