#include "server/gostruct.h"
#include "server/ipaddr.h"
#include "server/kinds_impl.h"
#include "server/kinds_pods.h"
#include "server/resources.h"

enum { HEALTH_MESSAGE_MAX = 512 };

static node named(node list, str name)
{
	node_each_item(x, list)
		if (str_eq(TEXT_OF(*x, "name"), name))
			return *x;
	return NODE_NOTHING;
}

/* ---- conditions and names ------------------------------------------------------ */

static void check_conditions(struct fielderrs *e, const struct at *at, node list)
{
	for (size_t i = 0; i < node_len(list); i++) {
		str type = TEXT_OF(node_at(list, i), "type");
		node seen = GET(node_at(list, i), "observedGeneration");

		if (node_int(seen) < 0)
			check_invalid(e, AT(AT_I(at, i), "observedGeneration"), seen,
				      "must be a non-negative integer");
		if (!IS_ONE_OF(type, "PodScheduled", "Ready", "Initialized"))
			check_name(e, AT(AT_I(at, i), "Type"), type, NAME_QUALIFIED);
	}
}

static void check_nomination(struct kind_call *c, const struct at *at)
{
	str now = TEXT_OF(GET(c->object, "status"), "nominatedNodeName");
	const struct at *where = AT(at, "nominatedNodeName");

	if (!now.n || str_eq(now, TEXT_OF(GET(c->old, "status"), "nominatedNodeName")))
		return;
	check_name(c->errors, where, now, NAME_DNS_SUBDOMAIN);
	if (TEXT_OF(GET(c->old, "spec"), "nodeName").n)
		check_forbidden(c->errors, where, "may not be set on pods that are already bound to a node");
}

/* ---- containers ---------------------------------------------------------------- */

static bool restarts_all(node spec)
{
	static const str lists[] = { S("containers"), S("initContainers") };

	for (size_t l = 0; l < 2; l++)
		node_each_item(container, node_get(spec, lists[l]))
			node_each_item(rule, GET(*container, "restartPolicyRules"))
				if (str_eq(TEXT_OF(*rule, "action"), S("RestartAllContainers")))
					return true;
	return false;
}

static bool rule_matches(node rule, int64_t code)
{
	node codes = GET(rule, "exitCodes");
	bool in = false;

	node_each_item(v, GET(codes, "values"))
		in |= node_int(*v) == code;
	return str_eq(TEXT_OF(codes, "operator"), S("In"))	? in
	       : str_eq(TEXT_OF(codes, "operator"), S("NotIn")) ? !in
								: false;
}

static bool policy_restarts(str policy, int64_t code)
{
	if (str_eq(policy, S("OnFailure")))
		return code != 0;
	return !str_eq(policy, S("Never"));
}

static bool may_restart(node container, node spec, int64_t code)
{
	str policy = TEXT_OF(container, "restartPolicy");

	if (!policy.n)
		return policy_restarts(TEXT_OF(spec, "restartPolicy"), code);
	node_each_item(rule, GET(container, "restartPolicyRules"))
		if (rule_matches(*rule, code)) {
			if (IS_ONE_OF(TEXT_OF(*rule, "action"), "Restart", "RestartAllContainers"))
				return true;
			break;
		}
	return policy_restarts(policy, code);
}

/* What has ended stays so, unless it may be started again. */
static void check_states(struct fielderrs *e, const struct at *at, node now, node was, node containers,
			 node spec)
{
	for (size_t i = 0; i < node_len(was); i++) {
		node ended = GET(GET(node_at(was, i), "state"), "terminated");
		str name = TEXT_OF(node_at(was, i), "name");
		node is = named(now, name), container = named(containers, name);

		if (node_is_nil(ended) || node_is_nil(is) || HAS(GET(is, "state"), "terminated"))
			continue;
		if (node_is_nil(container) || !may_restart(container, spec, INT_OF(ended, "exitCode")))
			check_forbidden(e, AT(AT_I(at, i), "state"),
					"may not be transitioned to non-terminated state");
	}
}

static void check_id(struct fielderrs *e, const struct at *at, node id)
{
	if (node_int(id) < 0 || node_int(id) > INT32_MAX)
		check_range(e, at, id, 0, INT32_MAX);
}

static void check_users(struct fielderrs *e, const struct at *at, node statuses, str os)
{
	for (size_t i = 0; i < node_len(statuses); i++) {
		node user = GET(GET(node_at(statuses, i), "user"), "linux");
		const struct at *here = AT(AT(AT_I(at, i), "user"), "linux");
		node groups = GET(user, "supplementalGroups");

		if (node_is_nil(user))
			continue;
		if (str_eq(os, S("windows"))) {
			check_forbidden(e, here, "cannot be set for a windows pod");
			continue;
		}
		check_id(e, AT(here, "uid"), GET(user, "uid"));
		check_id(e, AT(here, "gid"), GET(user, "gid"));
		for (size_t g = 0; g < node_len(groups); g++)
			check_id(e, AT_I(AT(here, "supplementalGroups"), g), node_at(groups, g));
	}
}

/* ---- the health of resources ------------------------------------------------------ */

static bool has_claim(struct arena *a, node container, str name)
{
	node_each_item(claim, GET(GET(container, "resources"), "claims")) {
		str request = TEXT_OF(*claim, "request");
		str text = arena_cat(a, S("claim:"), TEXT_OF(*claim, "name"), request.n ? S("/") : STR_NONE,
				     request);

		if (str_eq(text, name))
			return true;
	}
	return false;
}

static void check_device(struct fielderrs *e, const struct at *at, node device, node seen)
{
	node message = GET(device, "message");
	str id = TEXT_OF(device, "resourceID");

	if (!IS_ONE_OF(TEXT_OF(device, "health"), "Healthy", "Unhealthy", "Unknown"))
		ONE_OF(e, AT(at, "health"), GET(device, "health"), "Healthy", "Unhealthy", "Unknown");
	if (!node_is_nil(message) && !node_str_or(message, STR_NONE).n)
		check_required_why(e, AT(at, "message"), "must be non-empty if specified");
	else if (node_str_or(message, STR_NONE).n > HEALTH_MESSAGE_MAX)
		check_too_long(e, AT(at, "message"), HEALTH_MESSAGE_MAX);
	if (node_has(seen, id))
		check_duplicate(e, AT(at, "resourceID"), check_text(e, id));
	node_set(e->arena, seen, id, node_null());
}

static void check_health(struct fielderrs *e, const struct at *at, node statuses, node containers)
{
	for (size_t i = 0; i < node_len(statuses); i++) {
		node list = GET(node_at(statuses, i), "allocatedResourcesStatus");
		node container = named(containers, TEXT_OF(node_at(statuses, i), "name"));
		const struct at *here = AT(AT_I(at, i), "allocatedResourcesStatus");

		for (size_t n = 0; n < node_len(list); n++) {
			str name = TEXT_OF(node_at(list, n), "name");
			node devices = GET(node_at(list, n), "resources"), seen = node_map(e->arena, 0);
			bool claim = str_starts(name, S("claim:"));
			bool found = claim ? has_claim(e->arena, container, name)
					   : node_has(GET(GET(container, "resources"), "requests"), name);

			if (!node_is_nil(container) && !found)
				check_invalid_text(
					e, AT(AT_I(here, n), "name"), name, "%s",
					claim ? "must match one of the container's resource claims in a format "
						"'claim:<claimName>/<request>' or 'claim:<claimName>' if request is "
						"empty"
					      : "must match one of the container's resource requests");
			for (size_t d = 0; d < node_len(devices); d++)
				check_device(e, AT_I(AT(AT_I(here, n), "resources"), d), node_at(devices, d),
					     seen);
		}
	}
}

static void check_no_health(struct fielderrs *e, const struct at *at, node statuses)
{
	for (size_t i = 0; i < node_len(statuses); i++)
		if (node_len(GET(node_at(statuses, i), "allocatedResourcesStatus")))
			check_forbidden(e, AT(AT_I(at, i), "allocatedResourcesStatus"),
					"must not be specified in container status");
}

/* ---- claims and addresses ------------------------------------------------------------ */

static void check_claims(struct fielderrs *e, const struct at *at, node statuses, node claims)
{
	node seen = node_map(e->arena, 0);

	for (size_t i = 0; i < node_len(statuses); i++) {
		node status = node_at(statuses, i);
		str name = TEXT_OF(status, "name");

		if (node_is_nil(named(claims, name)))
			check_invalid_text(e, AT(AT_I(at, i), "name"), name,
					   "must match the name of an entry in `spec.resourceClaims`");
		if (node_has(seen, name))
			check_duplicate(e, AT(AT_I(at, i), "name"), check_text(e, name));
		node_set(e->arena, seen, name, node_null());
		if (HAS(status, "resourceClaimName"))
			check_name(e, AT(AT_I(at, i), "resourceClaimName"),
				   TEXT_OF(status, "resourceClaimName"), NAME_DNS_SUBDOMAIN);
	}
}

static bool has_ip(node list, str ip)
{
	node_each_item(x, list)
		if (str_eq(TEXT_OF(*x, "ip"), ip))
			return true;
	return false;
}

static void check_addresses(struct fielderrs *e, const struct at *at, node now, node was,
			    const char *type)
{
	size_t v4 = 0, v6 = 0;
	struct netip ip;

	for (size_t i = 0; i < node_len(now); i++) {
		str text = TEXT_OF(node_at(now, i), "ip");

		if (!has_ip(was, text))
			ipaddr_check(e, AT_I(at, i), text);
		if (netip_parse_sloppy(text, &ip)) {
			v6 += ip.v6;
			v4 += !ip.v6;
		}
	}
	if (node_len(now) < 2 || (v4 && v6 && node_len(now) == 2))
		return;
	node shown = node_seq(e->arena, node_len(now));

	node_each_item(x, now)
		node_append(e->arena, shown, gostruct_shown(e->arena, type, *x, NODE_NOTHING));
	check_invalid(e, at, shown, "may specify no more than one IP for each IP family");
}

/* ---- the whole -------------------------------------------------------------------------- */

static void check_containers(struct kind_call *c, const struct at *at)
{
	struct fielderrs *e = c->errors;
	node now = GET(c->object, "status"), was = GET(c->old, "status"), spec = GET(c->old, "spec");
	node never = node_map(c->arena, 1);

	node_set(c->arena, never, S("restartPolicy"), node_lit("Never"));
	if (!restarts_all(spec)) {
		check_states(e, AT(at, "containerStatuses"), GET(now, "containerStatuses"),
			     GET(was, "containerStatuses"), GET(spec, "containers"), spec);
		check_states(e, AT(at, "initContainerStatuses"), GET(now, "initContainerStatuses"),
			     GET(was, "initContainerStatuses"), GET(spec, "initContainers"), spec);
	}
	check_states(e, AT(at, "ephemeralContainerStatuses"), GET(now, "ephemeralContainerStatuses"),
		     GET(was, "ephemeralContainerStatuses"), NODE_NOTHING, never);
}

static void check_details(struct kind_call *c, const struct at *at)
{
	static const str lists[] = { S("containerStatuses"), S("initContainerStatuses"),
				     S("ephemeralContainerStatuses") };
	struct fielderrs *e = c->errors;
	node now = GET(c->object, "status"), spec = GET(c->object, "spec");

	for (size_t l = 0; l < 3; l++)
		check_users(e, AT_NAMED(at, lists[l]), node_get(now, lists[l]),
			    TEXT_OF(GET(spec, "os"), "name"));
	check_health(e, AT(at, "containerStatuses"), GET(now, "containerStatuses"), GET(spec, "containers"));
	check_health(e, AT(at, "initContainerStatuses"), GET(now, "initContainerStatuses"),
		     GET(spec, "initContainers"));
	check_no_health(e, AT(at, "ephemeralContainerStatuses"), GET(now, "ephemeralContainerStatuses"));
}

void kinds_pod_check_status(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node now = GET(c->object, "status"), was = GET(c->old, "status"), spec = GET(c->object, "spec");
	node generation = GET(now, "observedGeneration"), hosts = GET(now, "hostIPs");
	const struct at *at = AT(NULL, "status");

	kinds_pod_check_annotations(c);
	check_conditions(e, AT(at, "conditions"), GET(now, "conditions"));
	check_nomination(c, at);
	if (node_int(generation) < 0)
		check_invalid(e, AT(at, "observedGeneration"), generation, "must be a non-negative integer");
	check_immutable(e, AT(at, "qosClass"), GET(now, "qosClass"), GET(was, "qosClass"),
			check_text(e, TEXT_OF(now, "qosClass")));
	check_containers(c, at);
	check_claims(e, AT(at, "resourceClaimStatuses"), GET(now, "resourceClaimStatuses"),
		     GET(spec, "resourceClaims"));
	check_addresses(e, AT(at, "podIPs"), GET(now, "podIPs"), GET(was, "podIPs"), "core.PodIP");
	if (node_len(hosts) && !str_eq(TEXT_OF(now, "hostIP"), TEXT_OF(node_at(hosts, 0), "ip")))
		check_invalid_text(e, AT(AT_I(AT(at, "hostIPs"), 0), "ip"), TEXT_OF(node_at(hosts, 0), "ip"),
				   "must be equal to `hostIP`");
	check_addresses(e, AT(at, "hostIPs"), hosts, GET(was, "hostIPs"), "core.HostIP");
	check_details(c, at);
}
