/* kinds_claims - ResourceClaims, their templates, DeviceClasses. */
#include "base/ascii.h"
#include "server/devices.h"
#include "server/gostruct.h"
#include "server/ipaddr.h"
#include "server/kinds_impl.h"
#include "server/resources.h"
#include "server/scheduling.h"
#include "server/volumes.h"

enum {
	RESERVED_MAX = 256,
	CONDITIONS_MAX = 8,
	IPS_MAX = 16,
	INTERFACE_MAX = 256,
	HARDWARE_MAX = 128,
	REASON_MAX = 1 << 10,
	MESSAGE_MAX = 32 << 10,
};

#define ADMIN_LABEL "resource.kubernetes.io/admin-access"

/* ---- who may use devices as an administrator -------------------------------- */

static void check_admin(struct kind_call *c, const struct at *at)
{
	node namespace = c->look(c, STR_NONE, S("namespaces"), STR_NONE, c->namespace);
	node labels = node_dig(namespace, "metadata", "labels");

	if (!str_eq(text_of(labels, S(ADMIN_LABEL)), S("true")))
		check_forbidden(c->errors, at,
				"admin access to devices requires the `" ADMIN_LABEL
				": true` label on the containing namespace");
}

static void check_admin_requests(struct kind_call *c, node devices)
{
	const struct at *at = AT(AT(AT(NULL, "spec"), "devices"), "requests");
	node requests = GET(devices, "requests");

	for (size_t i = 0; i < node_len(requests); i++)
		if (BOOL_OF(GET(node_at(requests, i), "exactly"), "adminAccess")) {
			check_admin(c, AT(AT_I(at, i), "adminAccess"));
			return;
		}
}

static size_t admin_result(node status)
{
	node results = node_dig(status, "allocation", "devices", "results");

	for (size_t i = 0; i < node_len(results); i++)
		if (BOOL_OF(node_at(results, i), "adminAccess"))
			return i;
	return SIZE_MAX;
}

/* ---- devices by name ---------------------------------------------------------- */

/* "driver/pool/device", and the share of it. */
static str device_id(struct arena *a, node device)
{
	str share = TEXT_OF(device, "shareID");
	str id = arena_cat(a, TEXT_OF(device, "driver"), S("/"), TEXT_OF(device, "pool"), S("/"),
			   TEXT_OF(device, "device"));

	return share.n ? arena_cat(a, id, S("/"), share) : id;
}

static node ids_of(struct arena *a, node list)
{
	node ids = node_map(a, node_len(list));

	node_each_item(d, list)
		node_set(a, ids, device_id(a, *d), node_null());
	return ids;
}

/* As a message shows it. */
static node shown_id(struct arena *a, node device)
{
	node id = node_map(a, 4);

	node_set(a, id, S("Driver"), node_from_str(a, TEXT_OF(device, "driver")));
	node_set(a, id, S("Pool"), node_from_str(a, TEXT_OF(device, "pool")));
	node_set(a, id, S("Device"), node_from_str(a, TEXT_OF(device, "device")));
	node_set(a, id, S("ShareID"), node_from_str(a, TEXT_OF(device, "shareID")));
	return gostruct_in_order(a, id);
}

/* What is told of devices goes with them. */
static void claim_prepare(struct kind_call *c)
{
	node status = GET(c->object, "status"), devices = GET(status, "devices");
	node now = ids_of(c->arena, node_dig(status, "allocation", "devices", "results"));
	node before = ids_of(c->arena, node_dig(c->old, "status", "allocation", "devices", "results"));
	node left = node_seq(c->arena, node_len(devices));

	if (!kinds_is_status(c) || !node_len(devices))
		return;
	node_each_item(d, devices) {
		str id = device_id(c->arena, *d);

		if (!node_has(before, id) || node_has(now, id))
			node_append(c->arena, left, *d);
	}
	if (node_len(left))
		node_set(c->arena, status, S("devices"), left);
	else
		node_remove(status, S("devices"));
}

/* ---- status -------------------------------------------------------------------- */

static bool is_reason(str s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool word = ascii_is_letter(s.p[i]) || (i && (ascii_is_digit(s.p[i]) || s.p[i] == '_'));

		if (!word && !(i && i + 1 < s.n && (s.p[i] == ',' || s.p[i] == ':')))
			return false;
	}
	return true;
}

static void check_reason(struct fielderrs *e, const struct at *at, str reason)
{
	if (!reason.n) {
		check_required(e, at);
		return;
	}
	if (!is_reason(reason))
		check_invalid_text(e, at, reason,
				   "a condition reason must start with alphabetic character, optionally "
				   "followed by a string of alphanumeric characters or '_,:', and must end "
				   "with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or "
				   "'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for "
				   "validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')");
	if (reason.n > REASON_MAX)
		check_too_long(e, at, REASON_MAX);
}

static void check_conditions(struct fielderrs *e, const struct at *at, node list)
{
	node seen = node_map(e->arena, node_len(list));

	if (node_len(list) > CONDITIONS_MAX)
		check_too_many(e, at, node_len(list), CONDITIONS_MAX);
	for (size_t i = 0; i < node_len(list); i++) {
		node condition = node_at(list, i);
		str type = TEXT_OF(condition, "type");
		const struct at *here = AT_I(at, i);

		if (node_has(seen, type))
			check_duplicate(e, AT(here, "type"), check_text(e, type));
		node_set(e->arena, seen, type, node_null());
		check_label_name(e, AT(here, "type"), type);
		ONE_OF(e, AT(here, "status"), check_text(e, TEXT_OF(condition, "status")), "False", "True",
		       "Unknown");
		if (INT_OF(condition, "observedGeneration") < 0)
			check_invalid(e, AT(here, "observedGeneration"), GET(condition, "observedGeneration"),
				      "must be greater than or equal to zero");
		if (LACKS(condition, "lastTransitionTime"))
			check_required(e, AT(here, "lastTransitionTime"));
		check_reason(e, AT(here, "reason"), TEXT_OF(condition, "reason"));
		if (TEXT_OF(condition, "message").n > MESSAGE_MAX)
			check_too_long(e, AT(here, "message"), MESSAGE_MAX);
	}
}

/* An address with the length of its network, as it would be printed. */
static void check_interface_address(struct fielderrs *e, const struct at *at, str text)
{
	struct ipnet net;

	if (!ipaddr_parse_net(text, &net)) {
		check_invalid_text(e, at, text,
				   "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or "
				   "2001:db8::1/64)");
		return;
	}
	str canonical = arena_printf(e->arena, "%.*s/%u", STR_ARG(ipaddr_text(e->arena, &net.base)), net.bits);

	if (!str_eq(canonical, text))
		check_invalid_text(e, at, text, "must be in canonical form (\"%.*s\")", STR_ARG(canonical));
}

static void check_network(struct fielderrs *e, const struct at *at, node data)
{
	node ips = GET(data, "ips");
	const struct at *ips_at = AT(at, "ips");

	if (TEXT_OF(data, "interfaceName").n > INTERFACE_MAX)
		check_too_long(e, AT(at, "interfaceName"), INTERFACE_MAX);
	if (TEXT_OF(data, "hardwareAddress").n > HARDWARE_MAX)
		check_too_long(e, AT(at, "hardwareAddress"), HARDWARE_MAX);
	if (!devices_check_size(e, ips_at, ips, IPS_MAX))
		return;
	for (size_t i = 0; i < node_len(ips); i++)
		check_interface_address(e, AT_I(ips_at, i), node_str_or(node_at(ips, i), STR_NONE));
	devices_check_unique(e, ips_at, ips, NULL);
}

static void check_device(struct fielderrs *e, const struct at *at, node device)
{
	volumes_check_driver(e, AT(at, "driver"), TEXT_OF(device, "driver"));
	devices_check_pool(e, AT(at, "pool"), TEXT_OF(device, "pool"));
	check_name(e, AT(at, "device"), TEXT_OF(device, "device"), NAME_DNS_LABEL);
}

static void check_devices(struct fielderrs *e, const struct at *at, node devices, node results)
{
	node allocated = ids_of(e->arena, results), seen = node_map(e->arena, node_len(devices));

	for (size_t i = 0; i < node_len(devices); i++) {
		node device = node_at(devices, i);
		const struct at *here = AT_I(at, i);

		check_device(e, here, device);
		if (HAS(device, "shareID"))
			devices_check_uid(e, AT(here, "shareID"), TEXT_OF(device, "shareID"));
		if (!node_has(allocated, device_id(e->arena, device)))
			check_invalid(e, here, shown_id(e->arena, device),
				      "must be an allocated device in the claim");
		check_conditions(e, AT(here, "conditions"), GET(device, "conditions"));
		if (HAS(device, "data"))
			devices_check_raw(e, AT(here, "data"), GET(device, "data"), DEVICES_RAW_MAX);
		check_network(e, AT(here, "networkData"), GET(device, "networkData"));
	}
	for (size_t i = 0; i < node_len(devices); i++) {
		str id = device_id(e->arena, node_at(devices, i));

		if (node_has(seen, id))
			check_duplicate(e, AT_I(at, i), shown_id(e->arena, node_at(devices, i)));
		node_set(e->arena, seen, id, node_null());
	}
}

static void check_reserved(struct fielderrs *e, const struct at *at, node list)
{
	static const str fields[] = { S("resource"), S("name"), S("uid") };

	if (!devices_check_size(e, at, list, RESERVED_MAX))
		return;
	for (size_t i = 0; i < node_len(list); i++)
		for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
			if (!text_of(node_at(list, i), fields[k]).n)
				check_required(e, AT_NAMED(AT_I(at, i), fields[k]));
	devices_check_unique(e, at, list, "uid");
}

static bool has_item(node list, node item)
{
	node_each_item(x, list)
		if (node_equal(*x, item))
			return true;
	return false;
}

/* Who uses a claim that is going away is not added to. */
static void check_use(struct kind_call *c, const struct at *at, node status)
{
	node reserved = GET(status, "reservedFor"), before = GET(GET(c->old, "status"), "reservedFor");
	bool deleted = HAS(GET(c->object, "metadata"), "deletionTimestamp"), added = false;

	if (!node_len(reserved))
		return;
	if (LACKS(status, "allocation")) {
		check_forbidden(c->errors, at, "may not be specified when `allocated` is not set");
		return;
	}
	node_each_item(r, reserved)
		added |= !has_item(before, *r);
	if (deleted && added)
		check_forbidden(c->errors, at,
				"new entries may not be added while `deallocationRequested` or "
				"`deletionTimestamp` are set");
}

static void check_result(struct fielderrs *e, const struct at *at, node result, node requests)
{
	devices_check_request_ref(e, AT(at, "request"), TEXT_OF(result, "request"), requests);
	check_device(e, at, result);
	devices_check_binding(e, at, GET(result, "bindingConditions"),
			      GET(result, "bindingFailureConditions"));
	if (HAS(result, "shareID"))
		devices_check_uid(e, AT(at, "shareID"), TEXT_OF(result, "shareID"));
}

static void check_allocation(struct fielderrs *e, const struct at *at, node allocation, node requests)
{
	node devices = GET(allocation, "devices"), results = GET(devices, "results");
	const struct at *devices_at = AT(at, "devices"), *results_at = AT(devices_at, "results");

	if (devices_check_size(e, results_at, results, DEVICES_RESULTS_MAX))
		for (size_t i = 0; i < node_len(results); i++)
			check_result(e, AT_I(results_at, i), node_at(results, i), requests);
	devices_check_result_config(e, AT(devices_at, "config"), GET(devices, "config"), requests);
	if (HAS(allocation, "nodeSelector"))
		scheduling_check_node_selector(e, AT(at, "nodeSelector"), GET(allocation, "nodeSelector"),
					       false);
}

static void claim_validate_status(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node status = GET(c->object, "status"), old = GET(c->old, "status");
	node allocation = GET(status, "allocation"), before = GET(old, "allocation");
	node requests = node_dig(c->object, "spec", "devices", "requests");
	const struct at *at = AT(NULL, "status"), *here = AT(at, "allocation");
	size_t admin = admin_result(status);

	if (admin != SIZE_MAX && admin_result(old) == SIZE_MAX)
		check_admin(c, AT(AT_I(AT(AT(here, "devices"), "results"), admin), "adminAccess"));
	check_reserved(e, AT(at, "reservedFor"), GET(status, "reservedFor"));
	check_devices(e, AT(at, "devices"), GET(status, "devices"),
		      node_dig(allocation, "devices", "results"));
	check_use(c, AT(at, "reservedFor"), status);
	if (node_is_nil(allocation))
		return;
	if (!node_is_nil(before))
		check_immutable(e, here, allocation, before,
				gostruct_shown(c->arena, "resource.AllocationResult", allocation,
					       NODE_NOTHING));
	else
		check_allocation(e, here, allocation, requests);
}

/* ---- claims and templates --------------------------------------------------------- */

static void claim_validate(struct kind_call *c)
{
	node spec = GET(c->object, "spec");
	const struct at *at = AT(NULL, "spec");

	if (kinds_is_status(c)) {
		claim_validate_status(c);
	} else if (kinds_is_create(c)) {
		check_admin_requests(c, GET(spec, "devices"));
		devices_check_claim(c->errors, AT(at, "devices"), GET(spec, "devices"));
	} else {
		check_immutable(c->errors, at, spec, GET(c->old, "spec"),
				gostruct_shown(c->arena, "resource.ResourceClaimSpec", spec, NODE_NOTHING));
	}
}

static void claim_template_validate(struct kind_call *c)
{
	node spec = GET(c->object, "spec"), devices = GET(GET(spec, "spec"), "devices");
	const struct at *at = AT(NULL, "spec");

	if (kinds_is_create(c))
		check_admin_requests(c, devices);
	volumes_check_template_metadata(c->errors, AT(at, "metadata"), GET(spec, "metadata"));
	devices_check_claim(c->errors, AT(AT(at, "spec"), "devices"), devices);
	if (!kinds_is_create(c))
		check_immutable(c->errors, at, spec, GET(c->old, "spec"),
				gostruct_shown(c->arena, "resource.ResourceClaimTemplateSpec", spec,
					       NODE_NOTHING));
}

/* ---- classes ------------------------------------------------------------------------ */

static void device_class_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), old = GET(c->old, "spec");
	const struct at *at = AT(NULL, "spec");
	str extended = TEXT_OF(spec, "extendedResourceName");

	devices_check_selectors(e, AT(at, "selectors"), GET(spec, "selectors"));
	devices_check_class_config(e, AT(at, "config"), GET(spec, "config"),
				   !kinds_is_create(c) && check_same(GET(spec, "config"), GET(old, "config")));
	if (HAS(spec, "extendedResourceName") && !resources_is_extended(extended))
		check_invalid_text(e, AT(at, "extendedResourceName"), extended,
				   "must be a valid extended resource name");
}

KINDS_HOOKS(resource_claim, .prepare = claim_prepare, .validate = claim_validate);
KINDS_HOOKS(resource_claim_template, .validate = claim_template_validate);
KINDS_HOOKS(device_class, .validate = device_class_validate);
