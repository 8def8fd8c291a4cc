#include "server/gostruct.h"
#include "server/kinds_impl.h"
#include "server/meta.h"
#include "server/volumes.h"

/* ---- CSINode ---------------------------------------------------------------- */

enum { NODE_ID_MAX = 256 };

static void check_node_driver(struct fielderrs *e, const struct at *at, node driver, node seen)
{
	str id = TEXT_OF(driver, "nodeID"), name = TEXT_OF(driver, "name");
	node keys = node_map(e->arena, 0);

	volumes_check_driver(e, AT(at, "name"), name);
	if (!id.n)
		check_required(e, AT(at, "nodeID"));
	if (id.n > NODE_ID_MAX)
		check_invalid_text(e, AT(at, "nodeID"), id, "must be %d characters or less", NODE_ID_MAX);
	check_non_negative(e, AT(AT(at, "allocatable"), "count"), GET(GET(driver, "allocatable"), "count"));
	if (node_has(seen, name))
		check_duplicate(e, AT(at, "name"), check_text(e, name));
	node_set(e->arena, seen, name, node_null());
	node_each_item(k, GET(driver, "topologyKeys")) {
		str key = node_str_or(*k, STR_NONE);

		if (!key.n)
			check_required(e, at);
		if (node_has(keys, key))
			check_duplicate(e, at, check_text(e, key));
		node_set(e->arena, keys, key, node_null());
		check_name(e, at, key, NAME_QUALIFIED);
	}
}

static node without(struct arena *a, node driver, str field)
{
	node copy = node_copy(a, driver);

	node_remove(copy, field);
	return copy;
}

static void csi_node_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node drivers = GET(GET(c->object, "spec"), "drivers"), seen = node_map(c->arena, 0);
	const struct at *at = AT(AT(NULL, "spec"), "drivers");

	for (size_t i = 0; i < node_len(drivers); i++)
		check_node_driver(e, AT_I(at, i), node_at(drivers, i), seen);
	node_each_item(was, GET(GET(c->old, "spec"), "drivers"))
		node_each_item(is, drivers) {
			if (!str_eq(TEXT_OF(*was, "name"), TEXT_OF(*is, "name")))
				continue;
			node now = without(c->arena, *is, S("allocatable"));

			check_immutable(e, at, now, without(c->arena, *was, S("allocatable")),
					gostruct_shown(c->arena, "storage.CSINodeDriver", now, NODE_NOTHING));
		}
}

KINDS_HOOKS(csi_node, .validate = csi_node_validate);

/* ---- CSIDriver --------------------------------------------------------------- */

enum { TOKEN_SECONDS_MIN = 600, UPDATE_SECONDS_MIN = 10 };

static void csi_driver_prepare(struct kind_call *c)
{
	node spec = GET(c->object, "spec"), old = GET(c->old, "spec");

	if (LACKS(old, "preventPodSchedulingIfMissing"))
		node_remove(spec, S("preventPodSchedulingIfMissing"));
	if (!kinds_is_create(c) && !check_same(spec, old))
		node_set(c->arena, meta_of(c->arena, c->object), S("generation"),
			 node_from_int(node_int(node_dig(c->old, "metadata", "generation")) + 1));
}

static void check_token_requests(struct fielderrs *e, const struct at *at, node requests)
{
	node seen = node_map(e->arena, node_len(requests));

	for (size_t i = 0; i < node_len(requests); i++) {
		node seconds = GET(node_at(requests, i), "expirationSeconds");
		str audience = TEXT_OF(node_at(requests, i), "audience");
		const struct at *here = AT(AT_I(at, i), "expirationSeconds");

		if (node_has(seen, audience)) {
			check_duplicate(e, AT(AT_I(at, i), "audience"), check_text(e, audience));
			continue;
		}
		node_set(e->arena, seen, audience, node_null());
		if (node_is_nil(seconds))
			continue;
		if (node_int(seconds) < TOKEN_SECONDS_MIN)
			check_invalid(e, here, seconds, "may not specify a duration less than 10 minutes");
		if (node_int(seconds) > INT64_C(1) << 32)
			check_invalid(e, here, seconds, "may not specify a duration larger than 2^32 seconds");
	}
}

static void check_driver_spec(struct fielderrs *e, const struct at *at, node spec)
{
	node seconds = GET(spec, "nodeAllocatableUpdatePeriodSeconds");
	node in_secrets = GET(spec, "serviceAccountTokenInSecrets");

	if (LACKS(spec, "attachRequired"))
		check_required(e, AT(at, "attachedRequired"));
	if (LACKS(spec, "podInfoOnMount"))
		check_required(e, AT(at, "podInfoOnMount"));
	if (LACKS(spec, "storageCapacity"))
		check_required(e, AT(at, "storageCapacity"));
	if (HAS(spec, "fsGroupPolicy"))
		ONE_OF(e, AT(at, "fsGroupPolicy"), GET(spec, "fsGroupPolicy"), "File", "None",
		       "ReadWriteOnceWithFSType");
	check_token_requests(e, AT(at, "tokenRequests"), GET(spec, "tokenRequests"));
	node_each_item(mode, GET(spec, "volumeLifecycleModes"))
		ONE_OF(e, AT(at, "volumeLifecycleModes"), *mode, "Persistent", "Ephemeral");
	if (LACKS(spec, "seLinuxMount"))
		check_required(e, AT(at, "seLinuxMount"));
	if (!node_is_nil(seconds) && node_int(seconds) < UPDATE_SECONDS_MIN)
		check_invalid(e, AT(at, "nodeAllocatableUpdatePeriodSeconds"), seconds,
			      "must be greater than or equal to 10 seconds");
	if (!node_is_nil(in_secrets) && !node_len(GET(spec, "tokenRequests")))
		check_invalid(e, AT(at, "serviceAccountTokenInSecrets"), in_secrets,
			      "serviceAccountTokenInSecrets is set but no tokenRequests are specified");
}

static void csi_driver_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), old = GET(c->old, "spec");
	const struct at *at = AT(NULL, "spec");

	check_driver_spec(e, at, spec);
	if (!kinds_is_create(c)) {
		check_immutable(e, AT(at, "attachedRequired"), GET(spec, "attachRequired"),
				GET(old, "attachRequired"), GET(spec, "attachRequired"));
		check_immutable(e, AT(at, "volumeLifecycleModes"), GET(spec, "volumeLifecycleModes"),
				GET(old, "volumeLifecycleModes"), GET(spec, "volumeLifecycleModes"));
	}
}

static void csi_driver_warn(struct kind_call *c)
{
	node spec = GET(c->object, "spec"), requests = GET(spec, "tokenRequests");

	if (node_len(requests) && LACKS(spec, "serviceAccountTokenInSecrets") &&
	    !check_same(requests, GET(GET(c->old, "spec"), "tokenRequests")))
		kind_warn(c->warnings,
			  "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set "
			  "to true to prevent possible logging of tokens in volume attributes");
}

KINDS_HOOKS(csi_driver, .prepare = csi_driver_prepare, .validate = csi_driver_validate,
	    .warn = csi_driver_warn);

/* ---- CSIStorageCapacity -------------------------------------------------------- */

static void csi_capacity_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node o = c->object, topology = GET(o, "nodeTopology"), class = GET(o, "storageClassName");

	if (!node_is_nil(topology))
		check_label_selector(e, AT(NULL, "nodeTopology"), topology,
				     check_has_bad_value(GET(c->old, "nodeTopology")));
	check_name(e, AT(NULL, "storageClassName"), node_str_or(class, STR_NONE), NAME_DNS_SUBDOMAIN);
	check_quantity_non_negative(e, AT(NULL, "capacity"), GET(o, "capacity"));
	if (!kinds_is_create(c)) {
		check_immutable(e, AT(NULL, "nodeTopology"), topology, GET(c->old, "nodeTopology"),
				check_selector_shown(e, topology));
		check_immutable(e, AT(NULL, "storageClassName"), class, GET(c->old, "storageClassName"),
				class);
	}
}

static void csi_capacity_warn(struct kind_call *c)
{
	kinds_warn_node_selector(c, AT(NULL, "nodeTopology"), GET(c->object, "nodeTopology"));
}

KINDS_HOOKS(csi_capacity, .validate = csi_capacity_validate, .warn = csi_capacity_warn);
