#include <ctype.h>

#include "server/gostruct.h"
#include "server/ipaddr.h"
#include "server/kinds_impl.h"
#include "server/meta.h"
#include "server/resources.h"
#include "server/scheduling.h"
#include "text/quote.h"
#include "value/json.h"

enum { FEATURE_MAX = 253 };

/* The source of a kubelet's configuration is not served any more. */
static void node_prepare(struct kind_call *c)
{
	node status = GET(c->object, "status");

	if (LACKS(GET(c->old, "spec"), "configSource"))
		node_remove(GET(c->object, "spec"), S("configSource"));
	if (LACKS(GET(c->old, "status"), "config"))
		node_remove(status, S("config"));
}

/* Taints are known by key and effect. */
static void check_taints(struct fielderrs *e, const struct at *at, node taints)
{
	node seen = node_map(e->arena, 0);

	for (size_t i = 0; i < node_len(taints); i++) {
		node taint = node_at(taints, i);
		const struct at *here = AT_I(at, i);
		str why[NAME_COMPLAINTS_MAX], value = TEXT_OF(taint, "value");
		str key = arena_cat(e->arena, TEXT_OF(taint, "effect"), S("/"), TEXT_OF(taint, "key"));

		check_label_name(e, AT(here, "key"), TEXT_OF(taint, "key"));
		size_t n = name_complaints(value, NAME_LABEL_VALUE, why);

		if (n)
			check_invalid_text(e, AT(here, "value"), value, "%.*s",
					   STR_ARG(arena_join(e->arena, why, n, S(";"))));
		scheduling_check_taint_effect(e, AT(here, "effect"), GET(taint, "effect"));
		if (node_has(seen, key)) {
			struct fielderrs one = { .arena = e->arena };

			check_duplicate(&one, here,
					gostruct_shown(e->arena, "core.Taint", taint, NODE_NOTHING));
			fielderr_add(e, FIELDERR_DUPLICATE, one.list[0].path,
				     arena_cat(e->arena, one.list[0].text,
					       S(": taints must be unique by key and effect pair")));
		}
		node_set(e->arena, seen, key, node_null());
	}
}

static void check_annotations_of_nodes(struct fielderrs *e, node annotations)
{
	const struct at *at = AT(AT(NULL, "metadata"), "annotations");
	str text = TEXT_OF(annotations, "scheduler.alpha.kubernetes.io/taints");
	node taints = NODE_NOTHING;

	if (!text.n)
		return;
	err *bad = json_read(e->arena, text, NULL, &taints);

	if (bad)
		check_invalid_text(e, at, S("scheduler.alpha.kubernetes.io/taints"), "%s", err_msg(bad));
	else
		check_taints(e, AT(at, "scheduler.alpha.kubernetes.io/taints"), taints);
	err_free(bad);
}

static void check_amounts(struct fielderrs *e, const struct at *at, node amounts)
{
	node_each_pair(p, amounts)
		resources_check_value(e, AT_NAMED(at, node_str(p->key)), node_str(p->key), p->value);
}

static void check_resources(struct fielderrs *e, node n)
{
	node status = GET(n, "status");
	const struct at *at = AT(NULL, "status");

	check_amounts(e, AT(at, "capacity"), GET(status, "capacity"));
	check_amounts(e, AT(at, "allocatable"), GET(status, "allocatable"));
}

/* Words joined by slashes, the first of which has a capital letter. */
static bool is_feature(str name)
{
	str part;

	if (!name.n || !isupper((unsigned char)name.p[0]) || str_ends(name, S("/")))
		return false;
	while (str_cut(&name, &part, '/')) {
		if (!part.n || !isalpha((unsigned char)part.p[0]))
			return false;
		for (size_t i = 0; i < part.n; i++)
			if (!isalnum((unsigned char)part.p[i]))
				return false;
	}
	return true;
}

/* Sorted, and each of them once. */
static void check_features(struct fielderrs *e, node n)
{
	node list = GET(GET(n, "status"), "declaredFeatures");
	const struct at *at = AT(AT(NULL, "status"), "declaredFeatures");

	for (size_t i = 0; i < node_len(list); i++) {
		str name = node_str_or(node_at(list, i), STR_NONE);

		if (name.n > FEATURE_MAX)
			check_invalid_text(e, AT_I(at, i), name,
					   "invalid feature name %.*s: must be no more than %d characters",
					   STR_ARG(quote_str(e->arena, name)), FEATURE_MAX);
		else if (!is_feature(name))
			check_invalid_text(e, AT_I(at, i), name,
					   "invalid feature name %.*s: must start with an UpperCamelCase "
					   "segment, with subsequent segments separated by '/' (e.g., MyFeature "
					   "or MyFeature/mySubFeature), and contain only alphanumeric "
					   "characters and slashes",
					   STR_ARG(quote_str(e->arena, name)));
		int order = i + 1 < node_len(list)
				    ? str_cmp(name, node_str_or(node_at(list, i + 1), STR_NONE)) : -1;

		if (!order)
			check_duplicate(e, AT_I(at, i + 1), node_at(list, i + 1));
		else if (order > 0)
			check_invalid(e, AT_I(at, i + 1), node_at(list, i + 1),
				      "list must be sorted alphabetically");
	}
}

static void check_networks(struct fielderrs *e, node nets)
{
	const struct at *at = AT(AT(NULL, "spec"), "podCIDRs");
	size_t v4 = 0, v6 = 0, bad = 0;
	str text = STR_NONE;
	struct ipnet net;

	for (size_t i = 0; i < node_len(nets); i++)
		ipaddr_check_net(e, AT_I(at, i), node_str_or(node_at(nets, i), STR_NONE));
	for (; bad < node_len(nets); bad++) {
		text = node_str_or(node_at(nets, bad), STR_NONE);
		if (!ipaddr_parse_net(text, &net))
			break;
		v6 += net.base.v6;
		v4 += !net.base.v6;
	}
	if (node_len(nets) > 1 && bad < node_len(nets)) {
		fielderr_add(e, FIELDERR_INTERNAL, check_at(e->arena, at),
			     arena_printf(e->arena,
					  "Internal error: invalid PodCIDRs. failed to check with dual stack with "
					  "error:invalid CIDR[%zu]: <nil> (invalid CIDR address: %.*s)",
					  bad, STR_ARG(text)));
		v4 = v6 = 0;
	}
	if (node_len(nets) > 1 && (!v4 || !v6 || node_len(nets) > 2))
		check_invalid(e, at, nets, "may specify no more than one CIDR for each IP family");
}

static void check_node(struct fielderrs *e, node n)
{
	node spec = GET(n, "spec"), swap = GET(GET(GET(n, "status"), "nodeInfo"), "swap");

	check_annotations_of_nodes(e, node_dig(n, "metadata", "annotations"));
	check_taints(e, AT(AT(NULL, "metadata"), "taints"), GET(spec, "taints"));
	check_resources(e, n);
	if (HAS(swap, "capacity"))
		check_positive(e, AT(AT(AT(NULL, "metadata"), "nodeSwapStatus"), "capacity"),
			       GET(swap, "capacity"));
	check_features(e, n);
	check_networks(e, GET(spec, "podCIDRs"));
}

/* ---- the configuration of a kubelet ------------------------------------------ */

static void check_config_map(struct fielderrs *e, const struct at *at, node source, bool in_status)
{
	static const struct {
		str field;
		const char *why;
	} known[] = {
		{ S("uid"), "uid must not be set in spec" },
		{ S("resourceVersion"), "resourceVersion must not be set in spec" },
	};
	str namespace = TEXT_OF(source, "namespace"), name = TEXT_OF(source, "name");
	str key = TEXT_OF(source, "kubeletConfigKey");

	for (size_t i = 0; i < 2; i++) {
		bool is = text_of(source, known[i].field).n;

		if (in_status && !is)
			check_required(e, AT_NAMED(at, known[i].field));
		if (!in_status && is)
			check_forbidden(e, AT_NAMED(at, known[i].field), "%s", known[i].why);
	}
	if (namespace.n)
		check_name(e, AT(at, "namespace"), namespace, NAME_DNS_LABEL);
	else
		check_required(e, AT(at, "namespace"));
	if (name.n)
		check_name(e, AT(at, "name"), name, NAME_DNS_SUBDOMAIN);
	else
		check_required(e, AT(at, "name"));
	if (key.n)
		check_config_key(e, AT(at, "kubeletConfigKey"), key);
	else
		check_required(e, AT(at, "kubeletConfigKey"));
}

static void check_config_source(struct fielderrs *e, const struct at *at, node source, bool in_status)
{
	if (node_is_nil(source))
		return;
	if (HAS(source, "configMap"))
		check_config_map(e, AT(at, "configMap"), GET(source, "configMap"), in_status);
	else
		check_invalid(e, at, gostruct_shown(e->arena, "core.NodeConfigSource", source, NODE_NOTHING),
			      "exactly one reference subfield must be non-nil");
}

/* ---- changes ------------------------------------------------------------------- */

static void check_addresses(struct fielderrs *e, node addresses)
{
	for (size_t i = 0; i < node_len(addresses); i++)
		for (size_t k = 0; k < i; k++)
			if (node_equal(node_at(addresses, i), node_at(addresses, k))) {
				check_duplicate(e, AT_I(AT(AT(NULL, "status"), "addresses"), i),
						gostruct_shown(e->arena, "core.NodeAddress",
							       node_at(addresses, i), NODE_NOTHING));
				break;
			}
}

static void check_networks_change(struct fielderrs *e, node now, node was)
{
	bool resized = node_len(now) != node_len(was);

	for (size_t i = 0; i < node_len(was); i++)
		if (resized || !node_equal(node_at(now, i), node_at(was, i))) {
			check_forbidden(e, AT(AT(NULL, "spec"), "podCIDRs"),
					"node updates may not change podCIDR except from \"\" to valid");
			if (resized)
				break;
		}
}

static void check_change(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), old = GET(c->old, "spec"), status = GET(c->object, "status");
	node config = GET(status, "config");
	const struct at *at = AT(NULL, "spec"), *config_at = AT(AT(NULL, "status"), "config");

	check_annotations_of_nodes(e, node_dig(c->object, "metadata", "annotations"));
	check_resources(e, c->object);
	check_features(e, c->object);
	check_addresses(e, GET(status, "addresses"));
	check_networks_change(e, GET(spec, "podCIDRs"), GET(old, "podCIDRs"));
	if (TEXT_OF(old, "providerID").n && !str_eq(TEXT_OF(old, "providerID"), TEXT_OF(spec, "providerID")))
		check_forbidden(e, AT(at, "providerID"),
				"node updates may not change providerID except from \"\" to valid");
	check_config_source(e, AT(at, "configSource"), GET(spec, "configSource"), false);
	check_config_source(e, AT(config_at, "assigned"), GET(config, "assigned"), true);
	check_config_source(e, AT(config_at, "active"), GET(config, "active"), true);
	check_config_source(e, AT(config_at, "lastKnownGood"), GET(config, "lastKnownGood"), true);
	check_taints(e, AT(AT(NULL, "metadata"), "taints"), GET(spec, "taints"));
	if (!str_eq(TEXT_OF(old, "externalID"), TEXT_OF(spec, "externalID")))
		check_forbidden(e, AT(at, "externalID"), "may not be updated");
}

static void node_validate(struct kind_call *c)
{
	if (!kinds_is_status(c))
		check_node(c->errors, c->object);
	if (!kinds_is_create(c))
		check_change(c);
}

static void node_warn(struct kind_call *c)
{
	node spec = GET(c->object, "spec"), nets = GET(spec, "podCIDRs");

	if (kinds_is_status(c))
		return;
	if (HAS(spec, "configSource"))
		kind_warn(c->warnings, "spec.configSource: the feature is removed");
	if (TEXT_OF(spec, "externalID").n)
		kind_warn(c->warnings,
			  "spec.externalID: this field is deprecated, and is unused by Kubernetes");
	for (size_t i = 0; i < node_len(nets); i++)
		ipaddr_warn_net(c->warnings, AT_I(AT(AT(NULL, "spec"), "podCIDRs"), i),
				node_str_or(node_at(nets, i), STR_NONE));
}

/* A new node is not ready until somebody says that it is. */
static void node_admit(struct kind_call *c)
{
	static const str key = S("node.kubernetes.io/not-ready"), effect = S("NoSchedule");
	node spec = GET(c->object, "spec"), taints = GET(spec, "taints");

	if (!kinds_is_create(c) || !node_is(spec, NODE_MAP))
		return;
	node_each_item(t, taints)
		if (str_eq(TEXT_OF(*t, "key"), key) && str_eq(TEXT_OF(*t, "effect"), effect))
			return;
	node taint = node_map(c->arena, 2);

	node_set(c->arena, taint, S("effect"), node_from_str(c->arena, effect));
	node_set(c->arena, taint, S("key"), node_from_str(c->arena, key));
	if (!node_is(taints, NODE_SEQ)) {
		taints = node_seq(c->arena, 1);
		node_set(c->arena, spec, S("taints"), taints);
	}
	node_append(c->arena, taints, taint);
}

KINDS_HOOKS(node, .admit = node_admit, .prepare = node_prepare, .validate = node_validate,
	    .warn = node_warn);
