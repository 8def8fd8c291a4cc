#include "server/podspec.h"

#include "server/amounts.h"
#include "server/containers.h"
#include "server/gostruct.h"
#include "server/ipaddr.h"
#include "server/podamount.h"
#include "server/resources.h"
#include "server/scheduling.h"
#include "server/security.h"
#include "server/volumes.h"
#include "text/number.h"
#include "value/json.h"

enum { NAMESERVERS_MAX = 3, SEARCHES_MAX = 32, SEARCH_CHARS_MAX = 2048, HOSTNAME_MAX = 64 };

/* ---- claims of resources -------------------------------------------------- */

static void check_claim(struct fielderrs *e, const struct at *at, node claim, node seen)
{
	str name = TEXT_OF(claim, "name");
	node direct = GET(claim, "resourceClaimName"), template = GET(claim, "resourceClaimTemplateName");

	if (!name.n) {
		check_required(e, AT(at, "name"));
	} else if (node_has(seen, name)) {
		check_duplicate(e, AT(at, "name"), GET(claim, "name"));
	} else {
		check_name(e, AT(at, "name"), name, NAME_DNS_LABEL);
		node_set(e->arena, seen, name, node_null());
	}
	bool both = !node_is_nil(direct) && !node_is_nil(template);

	if (both || (node_is_nil(direct) && node_is_nil(template)))
		check_invalid(e, at, gostruct_shown(e->arena, "core.PodResourceClaim", claim, NODE_NOTHING),
			      both ? "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be "
				     "specified"
				   : "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
	if (!node_is_nil(direct))
		check_name(e, AT(at, "resourceClaimName"), node_str(direct), NAME_DNS_SUBDOMAIN);
	if (!node_is_nil(template))
		check_name(e, AT(at, "resourceClaimTemplateName"), node_str(template), NAME_DNS_SUBDOMAIN);
}

static node claim_names(struct arena *a, node claims)
{
	node names = node_map(a, node_len(claims));

	node_each_item(claim, claims)
		if (TEXT_OF(*claim, "name").n)
			node_set(a, names, TEXT_OF(*claim, "name"), node_null());
	return names;
}

/* ---- what a Pod asks for as a whole ----------------------------------------- */

static void check_sum(struct fielderrs *e, const struct at *at, const struct amounts *sum, node given,
		      bool pages, const char *what)
{
	for (size_t i = 0; i < sum->n; i++) {
		const struct amount *one = &sum->list[i];
		node own = node_get(given, one->name);
		struct quantity q = resources_quantity(e, own);

		if (node_is_nil(own) || (pages && !podamount_is_huge_pages(one->name)) ||
		    quantity_cmp(&one->q, &q) <= 0)
			continue;
		check_invalid(e, AT_K(at, one->name), own,
			      "must be greater than or equal to aggregate container %s of %.*s", what,
			      STR_ARG(amounts_text(e->arena, &one->q)));
	}
}

static void check_container_limits(struct fielderrs *e, const struct at *at, node spec, node limits)
{
	node containers = GET(spec, "containers");

	for (size_t i = 0; i < node_len(containers); i++) {
		node_each_pair(p, GET(GET(node_at(containers, i), "resources"), "limits")) {
			node own = node_get(limits, node_str(p->key));
			struct quantity q = resources_quantity(e, own);
			struct quantity limit = resources_quantity(e, p->value);

			if (!node_is_nil(own) && quantity_cmp(&limit, &q) > 0)
				check_invalid(e,
					      AT(AT_K(AT_I(AT(at, "containers"), i), node_str(p->key)),
						 "limits"),
					      p->value, "must be less than or equal to pod limits of %.*s",
					      STR_ARG(node_str(own)));
		}
	}
}

static void check_resources(struct fielderrs *e, const struct at *spec_at, node spec, node claims)
{
	node resources = GET(spec, "resources");
	const struct at *at = AT(spec_at, "resources");

	if (node_is_nil(resources))
		return;
	if (str_eq(TEXT_OF(GET(spec, "os"), "name"), S("windows"))) {
		check_forbidden(e, at, "may not be set for a windows pod");
		return;
	}
	if (node_len(GET(resources, "claims")))
		check_forbidden(e, AT(at, "claims"), "claims may not be set for Resources at pod-level");
	resources_check(e, at, resources, claims, RESOURCES_POD);
	struct amounts requests = podamount_containers(e->arena, spec, S("requests"));
	struct amounts limits = podamount_containers(e->arena, spec, S("limits"));

	check_sum(e, AT(at, "requests"), &requests, GET(resources, "requests"), false, "requests");
	check_sum(e, AT(at, "limits"), &limits, GET(resources, "limits"), true, "limits");
	check_container_limits(e, at, spec, GET(resources, "limits"));
}

/* ---- network ------------------------------------------------------------------ */

static void check_host_ports(struct fielderrs *e, const struct at *at, node spec, bool is_pod)
{
	node containers = GET(spec, "containers");

	for (size_t i = 0; BOOL_OF(spec, "hostNetwork") && i < node_len(containers); i++) {
		node ports = GET(node_at(containers, i), "ports");

		for (size_t p = 0; p < node_len(ports); p++) {
			int64_t host = INT_OF(node_at(ports, p), "hostPort");
			int64_t port = INT_OF(node_at(ports, p), "containerPort");

			if ((is_pod || host) && host != port)
				check_invalid(e,
					      AT(AT_I(AT(AT_I(AT(at, "containers"), i), "ports"), p),
						 "hostPort"),
					      node_from_int(host),
					      "must match `containerPort` when `hostNetwork` is true");
		}
	}
}

static void check_searches(struct fielderrs *e, const struct at *at, node searches)
{
	size_t chars = 0;

	if (node_len(searches) > SEARCHES_MAX)
		check_invalid(e, at, searches, "must not have more than %d search paths", SEARCHES_MAX);
	node_each_item(s, searches)
		chars += node_str_or(*s, STR_NONE).n + 1;
	if (chars && chars - 1 > SEARCH_CHARS_MAX)
		check_invalid(e, at, searches,
			      "must not have more than %d characters (including spaces) in the search list",
			      SEARCH_CHARS_MAX);
	for (size_t i = 0; i < node_len(searches); i++) {
		str search = node_str_or(node_at(searches, i), STR_NONE);

		if (str_eq(search, S(".")))
			continue;
		if (str_ends(search, S(".")))
			search.n--;
		check_subdomain_underscore(e, AT_I(at, i), search);
	}
}

static void check_dns(struct fielderrs *e, const struct at *at, node spec)
{
	node config = GET(spec, "dnsConfig"), servers = GET(config, "nameservers");
	node options = GET(config, "options");
	bool none = str_eq(TEXT_OF(spec, "dnsPolicy"), S("None"));

	if (none && node_is_nil(config)) {
		check_required_why(e, at, "must provide `dnsConfig` when `dnsPolicy` is None");
		return;
	}
	if (none && !node_len(servers)) {
		check_required_why(e, AT(at, "nameservers"),
				   "must provide at least one DNS nameserver when `dnsPolicy` is None");
		return;
	}
	if (node_len(servers) > NAMESERVERS_MAX)
		check_invalid(e, AT(at, "nameservers"), servers, "must not have more than %d nameservers",
			      NAMESERVERS_MAX);
	for (size_t i = 0; i < node_len(servers); i++)
		ipaddr_check(e, AT_I(AT(at, "nameservers"), i), node_str_or(node_at(servers, i), STR_NONE));
	check_searches(e, AT(at, "searches"), GET(config, "searches"));
	for (size_t i = 0; i < node_len(options); i++)
		if (!TEXT_OF(node_at(options, i), "name").n)
			check_required_why(e, AT_I(AT(at, "options"), i), "must not be empty");
}

static void check_aliases(struct fielderrs *e, const struct at *at, node aliases)
{
	for (size_t i = 0; i < node_len(aliases); i++) {
		node names = GET(node_at(aliases, i), "hostnames");

		ipaddr_check(e, AT(AT_I(at, i), "ip"), TEXT_OF(node_at(aliases, i), "ip"));
		for (size_t n = 0; n < node_len(names); n++)
			check_name(e, AT_I(AT(AT_I(at, i), "hostnames"), n),
				   node_str_or(node_at(names, n), STR_NONE), NAME_DNS_SUBDOMAIN);
	}
}

static void check_host_name(struct fielderrs *e, const struct at *spec_at, node spec)
{
	node name = GET(spec, "hostnameOverride");
	const struct at *at = AT(spec_at, "hostnameOverride");

	if (node_is_nil(name))
		return;
	if (BOOL_OF(spec, "setHostnameAsFQDN"))
		check_forbidden(e, at, "may not be specified when setHostnameAsFQDN is true");
	if (BOOL_OF(spec, "hostNetwork"))
		check_forbidden(e, at, "may not be specified when hostNetwork is true");
	if (node_str(name).n > HOSTNAME_MAX)
		check_too_long(e, at, HOSTNAME_MAX);
	check_name(e, at, node_str(name), NAME_DNS_SUBDOMAIN);
}

/* ---- users of their own ----------------------------------------------------------- */

static void forbid_devices(struct containers_visit *v, const struct at *at, node container)
{
	if (node_len(GET(container, "volumeDevices")))
		check_forbidden(v->errors, AT(at, "volumeDevices"), "when `hostUsers` is false");
}

static void check_host_users(struct fielderrs *e, const struct at *at, node spec)
{
	struct containers_visit v = { .errors = e, .each = forbid_devices };

	if (BOOL_OF(spec, "hostNetwork"))
		check_forbidden(e, AT(at, "hostNetwork"), "when `hostUsers` is false");
	if (BOOL_OF(spec, "hostPID"))
		check_forbidden(e, AT(at, "HostPID"), "when `hostUsers` is false");
	if (BOOL_OF(spec, "hostIPC"))
		check_forbidden(e, AT(at, "HostIPC"), "when `hostUsers` is false");
	containers_visit(&v, at, spec);
}

static void check_env_files(struct containers_visit *v, const struct at *at, node container)
{
	node env = GET(container, "env"), *volumes = v->data;

	for (size_t i = 0; i < node_len(env); i++) {
		node ref = GET(GET(node_at(env, i), "valueFrom"), "fileKeyRef"), found = NODE_NOTHING;
		str name = TEXT_OF(ref, "volumeName");
		const struct at *where = AT(AT(AT(AT_I(AT(at, "env"), i), "valueFrom"), "fileKeyRef"),
					    "volumeName");

		if (node_is_nil(ref))
			continue;
		node_each_item(volume, *volumes)
			if (str_eq(TEXT_OF(*volume, "name"), name))
				found = *volume;
		if (node_is_nil(found))
			check_not_found(v->errors, where, check_text(v->errors, name));
		else if (LACKS(found, "emptyDir"))
			check_invalid_text(v->errors, where, name,
					   "referenced volume must be of type emptyDir");
	}
}

/* ---- the whole -------------------------------------------------------------------- */

static void check_name_at(struct fielderrs *e, const struct at *at, node spec, str field, enum name_rule rule)
{
	if (text_of(spec, field).n)
		check_name(e, AT_NAMED(at, field), text_of(spec, field), rule);
}

static void check_names(struct fielderrs *e, const struct at *at, node spec)
{
	check_name_at(e, at, spec, S("serviceAccountName"), NAME_DNS_SUBDOMAIN);
	check_name_at(e, at, spec, S("nodeName"), NAME_DNS_SUBDOMAIN);
	if (HAS(spec, "activeDeadlineSeconds"))
		check_range(e, AT(at, "activeDeadlineSeconds"), GET(spec, "activeDeadlineSeconds"), 1,
			    INT32_MAX);
	check_name_at(e, at, spec, S("hostname"), NAME_DNS_LABEL);
	check_name_at(e, at, spec, S("subdomain"), NAME_DNS_LABEL);
}

static void check_classes(struct fielderrs *e, const struct at *at, node spec)
{
	check_name_at(e, at, spec, S("priorityClassName"), NAME_DNS_SUBDOMAIN);
	if (HAS(spec, "runtimeClassName"))
		check_name(e, AT(at, "runtimeClassName"), TEXT_OF(spec, "runtimeClassName"),
			   NAME_DNS_SUBDOMAIN);
	if (HAS(spec, "preemptionPolicy") && !TEXT_OF(spec, "preemptionPolicy").n)
		check_required(e, AT(at, "preemptionPolicy"));
	else if (HAS(spec, "preemptionPolicy"))
		ONE_OF(e, AT(at, "preemptionPolicy"), GET(spec, "preemptionPolicy"), "PreemptLowerPriority",
		       "Never");
}

static void check_gates(struct fielderrs *e, const struct at *at, node spec)
{
	node readiness = GET(spec, "readinessGates"), scheduling = GET(spec, "schedulingGates");
	node seen = node_map(e->arena, 0);

	for (size_t i = 0; i < node_len(readiness); i++)
		check_label_name(e, AT(AT_I(AT(at, "readinessGates"), i), "conditionType"),
				 TEXT_OF(node_at(readiness, i), "conditionType"));
	for (size_t i = 0; i < node_len(scheduling); i++) {
		str name = TEXT_OF(node_at(scheduling, i), "name");
		const struct at *here = AT_I(AT(at, "schedulingGates"), i);

		check_label_name(e, here, name);
		if (node_has(seen, name))
			check_duplicate(e, here, check_text(e, name));
		node_set(e->arena, seen, name, node_null());
	}
}

static void check_policies(struct fielderrs *e, const struct at *at, node spec)
{
	if (!TEXT_OF(spec, "restartPolicy").n)
		check_required(e, AT(at, "restartPolicy"));
	else
		ONE_OF(e, AT(at, "restartPolicy"), GET(spec, "restartPolicy"), "Always", "OnFailure", "Never");
	if (!TEXT_OF(spec, "dnsPolicy").n)
		check_required(e, AT(at, "dnsPolicy"));
	else
		ONE_OF(e, AT(at, "dnsPolicy"), GET(spec, "dnsPolicy"), "ClusterFirstWithHostNet",
		       "ClusterFirst", "Default", "None");
}

static void check_os(struct fielderrs *e, const struct at *at, node spec)
{
	node os = GET(spec, "os");

	if (node_is_nil(os))
		return;
	if (!TEXT_OF(os, "name").n)
		check_required(e, AT(AT(at, "os"), "name"));
	else if (ONE_OF(e, AT(at, "os"), GET(os, "name"), "linux", "windows"))
		security_check_os(e, at, spec);
}

static bool has_lenient_pods(node affinity)
{
	static const str kinds[] = { S("podAffinity"), S("podAntiAffinity") };

	for (size_t k = 0; k < 2; k++) {
		node one = node_get(affinity, kinds[k]);

		node_each_item(t, GET(one, "requiredDuringSchedulingIgnoredDuringExecution"))
			if (check_has_bad_value(GET(*t, "labelSelector")) ||
			    check_has_bad_value(GET(*t, "namespaceSelector")))
				return true;
		node_each_item(t, GET(one, "preferredDuringSchedulingIgnoredDuringExecution"))
			if (check_has_bad_value(GET(GET(*t, "podAffinityTerm"), "labelSelector")) ||
			    check_has_bad_value(GET(GET(*t, "podAffinityTerm"), "namespaceSelector")))
				return true;
	}
	return false;
}

static void check_affinity(struct fielderrs *e, const struct at *at, node spec, node old)
{
	node old_affinity = GET(old, "affinity");
	node terms = node_dig(old_affinity, "nodeAffinity",
			      "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms");

	scheduling_check_affinity(e, AT(at, "affinity"), GET(spec, "affinity"),
				  scheduling_has_bad_value(terms), has_lenient_pods(old_affinity));
}

static void check_spread(struct fielderrs *e, const struct at *at, node spec, node old)
{
	bool lenient = false;

	node_each_item(c, GET(old, "topologySpreadConstraints"))
		lenient |= check_has_bad_value(GET(*c, "labelSelector"));
	scheduling_check_spread(e, AT(at, "topologySpreadConstraints"),
				GET(spec, "topologySpreadConstraints"), lenient);
}

static void check_overhead(struct fielderrs *e, const struct at *at, node spec)
{
	node limits = node_map(e->arena, 1);

	if (LACKS(spec, "overhead"))
		return;
	node_set(e->arena, limits, S("limits"), GET(spec, "overhead"));
	resources_check(e, AT(at, "overhead"), limits, NODE_NOTHING, RESOURCES_CONTAINER);
}

static void check_mirror(struct fielderrs *e, node annotations)
{
	if (node_has(annotations, S("kubernetes.io/config.mirror")))
		check_forbidden(e, AT(NULL, ""), "static pods do not support resource claims");
}

void podspec_check(struct fielderrs *e, const struct at *at, node spec, const struct podspec_options *o)
{
	node claims = GET(spec, "resourceClaims"), seen = node_map(e->arena, 0);
	node host_users = GET(spec, "hostUsers"), volumes = GET(spec, "volumes");
	struct containers_pod pod = { .errors = e, .at = at, .spec = spec, .is_pod = o->is_pod };
	struct containers_visit files = { .errors = e, .each = check_env_files, .data = &volumes };

	if (LACKS(spec, "terminationGracePeriodSeconds"))
		check_required(e, AT(at, "terminationGracePeriodSeconds"));
	pod.volumes = volumes_check(e, AT(at, "volumes"), volumes, o->name);
	pod.claims = claim_names(e->arena, claims);
	pod.host_users = node_is_nil(host_users) || node_bool(host_users);
	for (size_t i = 0; i < node_len(claims); i++) {
		if (node_has(o->annotations, S("kubernetes.io/config.mirror")))
			check_mirror(e, o->annotations);
		else
			check_claim(e, AT_I(AT(at, "resourceClaims"), i), node_at(claims, i), seen);
	}
	containers_check(&pod);
	check_resources(e, at, spec, pod.claims);
	check_host_ports(e, at, spec, o->is_pod);
	check_policies(e, at, spec);
	check_labels(e, AT(at, "nodeSelector"), GET(spec, "nodeSelector"));
	security_check_pod(e, AT(at, "securityContext"), GET(spec, "securityContext"), spec,
			   o->old);
	check_affinity(e, at, spec, o->old);
	check_dns(e, AT(at, "dnsConfig"), spec);
	check_gates(e, at, spec);
	check_spread(e, at, spec, o->old);
	security_check_host_process(e, at, spec);
	if (!pod.host_users)
		check_host_users(e, at, spec);
	check_host_name(e, at, spec);
	check_names(e, at, spec);
	scheduling_check_tolerations(e, AT(at, "tolerations"), GET(spec, "tolerations"));
	check_aliases(e, AT(at, "hostAliases"), GET(spec, "hostAliases"));
	check_classes(e, at, spec);
	check_overhead(e, at, spec);
	check_os(e, at, spec);
	containers_visit(&files, at, spec);
}

/* "1", "-5": what strconv.ParseInt takes as 32 bits, without a sign or zeros in
 * front. */
static bool is_deletion_cost(str text)
{
	int64_t cost;

	if (!text.n || text.p[0] == '+' || (text.n > 1 && text.p[0] == '0'))
		return false;
	err *e = number_parse_int(text, 10, &cost);

	if (e) {
		err_free(e);
		return false;
	}
	return cost >= INT32_MIN && cost <= INT32_MAX;
}

void podspec_check_annotations(struct fielderrs *e, const struct at *at, node annotations, node spec,
			       const struct podspec_options *o)
{
	static const str mirror = S("kubernetes.io/config.mirror");
	static const str cost = S("controller.kubernetes.io/pod-deletion-cost");
	static const str tolerations = S("scheduler.alpha.kubernetes.io/tolerations");
	node value = node_get(annotations, mirror), list;
	str text = text_of(annotations, tolerations);

	(void)o;
	if (node_is(value, NODE_STR) && !TEXT_OF(spec, "nodeName").n)
		check_invalid(e, AT_K(at, mirror), value,
			      "must set spec.nodeName if mirror pod annotation is set");
	if (text.n) {
		err *bad = json_read(e->arena, text, NULL, &list);

		if (bad)
			check_invalid_text(e, at, tolerations, "%s", err_msg(bad));
		else
			scheduling_check_tolerations(e, AT_NAMED(at, tolerations), list);
		err_free(bad);
	}
	value = node_get(annotations, cost);
	if (node_is(value, NODE_STR) && !is_deletion_cost(node_str(value)))
		check_invalid(e, AT_K(at, cost), value, "must be a 32bit integer");
	security_check_annotations(e, at, annotations, spec);
}

void podspec_check_template(struct fielderrs *e, const struct at *at, node template, node old)
{
	node metadata = GET(template, "metadata"), annotations = GET(metadata, "annotations");
	node spec = GET(template, "spec");
	struct podspec_options o = { .annotations = annotations, .old = GET(old, "spec") };
	const struct at *where = AT(at, "annotations");

	check_labels(e, AT(at, "labels"), GET(metadata, "labels"));
	check_annotations(e, where, annotations);
	podspec_check_annotations(e, where, annotations, spec, &o);
	podspec_check(e, AT(at, "spec"), spec, &o);
	security_check_annotations_match(e, AT(at, "spec"), annotations, spec);
	if (node_len(GET(spec, "ephemeralContainers")))
		check_forbidden(e, AT(AT(at, "spec"), "ephemeralContainers"),
				"ephemeral containers not allowed in pod template");
}
