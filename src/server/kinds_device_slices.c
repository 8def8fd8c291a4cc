/* kinds_device_slices - ResourceSlices: the devices that a driver has on a node. */
#include "base/ascii.h"
#include "base/buf.h"
#include "server/amounts.h"
#include "server/devices.h"
#include "server/gostruct.h"
#include "server/kinds_impl.h"
#include "server/scheduling.h"
#include "server/volumes.h"
#include "text/semver.h"

enum {
	DEVICES_MAX = 128,
	DEVICES_ADVANCED_MAX = 64,
	COUNTER_SETS_MAX = 8,
	COUNTERS_MAX = 32,
	CONSUMED_MAX = 2,
	PROPERTIES_MAX = 32,
	VALUES_MAX = 48,
	VALUE_MAX = 64,
	TAINTS_MAX = 16,
	OPTIONS_MAX = 10,
	KEY_MAX = 63 + 1 + 32,
	LABEL_MAX = 63,
};

/* ---- where devices are -------------------------------------------------------- */

struct places {
	struct fielderrs *e;
	const struct at *at;
	struct buf text;	/* "`nodeName`, `allNodes`" */
	size_t n;
};

static void places_release(struct places *p)
{
	buf_release(&p->text);
}

static void add_place(struct places *p, const char *field)
{
	buf_addf(&p->text, "%s`%s`", p->n++ ? ", " : "", field);
}

static void look_at_node(struct places *p, node of, const char *why_empty)
{
	str name = TEXT_OF(of, "nodeName");

	if (LACKS(of, "nodeName"))
		return;
	if (!name.n) {
		check_invalid_text(p->e, AT(p->at, "nodeName"), name, "%s", why_empty);
		return;
	}
	add_place(p, "nodeName");
	check_name(p->e, AT(p->at, "nodeName"), name, NAME_DNS_SUBDOMAIN);
}

static void look_at_selector(struct places *p, node of, bool one_term)
{
	node selector = GET(of, "nodeSelector"), terms = GET(selector, "nodeSelectorTerms");
	const struct at *at = AT(p->at, "nodeSelector");

	if (node_is_nil(selector))
		return;
	add_place(p, "nodeSelector");
	scheduling_check_node_selector(p->e, at, selector, false);
	if (one_term && node_len(terms) != 1)
		check_invalid(p->e, AT(at, "nodeSelectorTerms"), terms,
			      "must have exactly one node selector term");
}

static void look_at_flag(struct places *p, node of, const char *field)
{
	node flag = node_get(of, str_c(field));

	if (node_is_nil(flag))
		return;
	if (node_bool(flag))
		add_place(p, field);
	else
		check_invalid(p->e, AT_NAMED(p->at, str_c(field)), flag, "must be either unset or set to true");
}

static void judge_places(struct places *p, const char *none, const char *many)
{
	if (!p->n)
		check_required_why(p->e, p->at, "%s", none);
	else if (p->n > 1)
		check_invalid_text(p->e, p->at, arena_printf(p->e->arena, "{%s}", buf_c(&p->text)), "%s",
				   many);
}

#define OF_SLICE \
	"exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
#define OF_DEVICE                                                                               \
	"exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when "            \
	"`perDeviceNodeSelection` is set to true in the ResourceSlice spec"

static void check_slice_place(struct fielderrs *e, const struct at *at, node spec)
{
	CLEANUP(places_release) struct places p = { .e = e, .at = at, .text = BUF_INIT };

	look_at_node(&p, spec, "must be either unset or set to a non-empty string");
	look_at_selector(&p, spec, true);
	look_at_flag(&p, spec, "allNodes");
	look_at_flag(&p, spec, "perDeviceNodeSelection");
	judge_places(&p, OF_SLICE, OF_SLICE ", but multiple fields are set");
}

static void check_device_place(struct fielderrs *e, const struct at *at, node device, bool own)
{
	CLEANUP(places_release) struct places p = { .e = e, .at = at, .text = BUF_INIT };

	if (!own) {
		if (HAS(device, "nodeName") || HAS(device, "nodeSelector") || HAS(device, "allNodes"))
			check_invalid(e, at, node_null(),
				      "`nodeName`, `nodeSelector` and `allNodes` can only be set if "
				      "`perDeviceNodeSelection` is set to true in the ResourceSlice spec");
		return;
	}
	look_at_node(&p, device, "must not be empty");
	look_at_selector(&p, device, false);
	look_at_flag(&p, device, "allNodes");
	judge_places(&p, OF_DEVICE, OF_DEVICE);
}

/* ---- attributes ----------------------------------------------------------------- */

/* The key of a map in a path, its middle cut out when it is too long. */
static str short_key(struct arena *a, str key, size_t max)
{
	size_t left = max - 3;

	if (key.n <= max)
		return key;
	return arena_cat(a, str_sub(key, 0, (left + 1) / 2), S("..."), str_from(key, key.n - left / 2));
}

/* As semver.org has it, nothing left out. */
static bool is_version(str text)
{
	struct semver v;
	err *e = semver_parse(&v, text);
	bool good = !e && text.n && ascii_is_digit(text.p[0]);
	size_t dots = 0;

	err_free(e);
	for (size_t i = 0; good && i < text.n && text.p[i] != '-' && text.p[i] != '+'; i++)
		dots += text.p[i] == '.';
	return good && dots == 2;
}

static void check_attribute(struct fielderrs *e, const struct at *at, node attribute)
{
	str text = TEXT_OF(attribute, "string"), version = TEXT_OF(attribute, "version");
	size_t n = check_count(attribute, (const char *const[]){ "bool", "int", "string", "version", NULL });

	if (text.n > VALUE_MAX)
		check_too_long(e, AT(at, "string"), VALUE_MAX);
	if (HAS(attribute, "version")) {
		if (!is_version(version))
			check_invalid_text(e, AT(at, "version"), version,
					   "must be a string compatible with semver.org spec 2.0.0");
		if (version.n > VALUE_MAX)
			check_too_long(e, AT(at, "version"), VALUE_MAX);
	}
	if (n != 1)
		check_invalid(e, at,
			      n ? gostruct_shown(e->arena, "resource.DeviceAttribute", attribute, NODE_NOTHING)
				: check_text(e, S("")),
			      "exactly one value must be specified");
}

static void check_attributes(struct fielderrs *e, const struct at *at, node attributes)
{
	node_each_pair(p, attributes) {
		devices_check_qualified(e, at, node_str(p->key));
		check_attribute(e, AT_K(at, short_key(e->arena, node_str(p->key), KEY_MAX)), p->value);
	}
}

/* ---- capacities ------------------------------------------------------------------ */

struct policy {
	struct fielderrs *e;
	struct quantity most, usual;
};

static struct quantity amount(struct policy *p, node n)
{
	return amounts_quantity(p->e->arena, n);
}

static str shown(struct policy *p, const struct quantity *q)
{
	return amounts_text(p->e->arena, q);
}

#define POLICY_INVALID(p, at, q, ...) check_invalid_text((p)->e, (at), shown((p), (q)), __VA_ARGS__)

/* Equal as whole numbers. */
static void check_repeated(struct policy *p, const struct at *at, node options)
{
	node seen = node_map(p->e->arena, node_len(options));

	for (size_t i = 0; i < node_len(options); i++) {
		struct quantity q = amount(p, node_at(options, i));
		str number = arena_printf(p->e->arena, "%lld", (long long)quantity_value(&q));

		if (node_has(seen, number))
			check_duplicate(p->e, AT_I(at, i), check_text(p->e, number));
		node_set(p->e->arena, seen, number, node_null());
	}
}

static void check_options(struct policy *p, const struct at *at, node options)
{
	bool found = false;
	size_t n = node_len(options);

	for (size_t i = 1; i < n; i++) {
		struct quantity before = amount(p, node_at(options, i - 1)), q = amount(p, node_at(options, i));

		if (quantity_cmp(&before, &q) > 0)
			POLICY_INVALID(p, AT_I(at, i), &q, "values must be sorted in ascending order");
	}
	if (devices_check_size(p->e, at, options, OPTIONS_MAX)) {
		for (size_t i = 0; i < n; i++) {
			struct quantity q = amount(p, node_at(options, i));

			if (quantity_cmp(&q, &p->most) > 0)
				POLICY_INVALID(p, AT_I(at, i), &q, "option is larger than capacity value: %.*s",
					       STR_ARG(shown(p, &p->most)));
			found |= !quantity_cmp(&q, &p->usual);
		}
		check_repeated(p, at, options);
	}
	if (!found)
		POLICY_INVALID(p, at, &p->usual, "default value is not valid according to the requestPolicy");
}

static void check_step(struct policy *p, const struct at *at, const struct quantity *q,
		       const struct quantity *min, const struct quantity *step)
{
	int64_t by = quantity_value(step);

	if (by && (quantity_value(q) - quantity_value(min)) % by)
		POLICY_INVALID(p, at, q, "value is not a multiple of a given step (%.*s) from (%.*s)",
			       STR_ARG(shown(p, step)), STR_ARG(shown(p, min)));
}

static void check_range_steps(struct policy *p, const struct at *at, node range,
			      const struct quantity *min, const struct quantity *max)
{
	struct quantity step = amount(p, GET(range, "step")), first;
	err *e = quantity_add(p->e->arena, min, &step, &first);

	if (!e && quantity_cmp(&first, &p->most) > 0)
		POLICY_INVALID(p, at, &step, "one step %.*s is larger than capacity value: %.*s",
			       STR_ARG(shown(p, &first)), STR_ARG(shown(p, &p->most)));
	err_free(e);
	check_step(p, at, &p->usual, min, &step);
	if (max)
		check_step(p, at, max, min, &step);
}

static void check_policy_range(struct policy *p, const struct at *at, node range)
{
	struct quantity min = amount(p, GET(range, "min")), max = amount(p, GET(range, "max"));
	bool bounded = HAS(range, "max");
	const struct at *min_at = AT(at, "min"), *max_at = AT(at, "max");

	if (LACKS(range, "min")) {
		check_required_why(p->e, min_at, "required when validRange is defined");
		return;
	}
	if (quantity_cmp(&min, &p->most) > 0)
		POLICY_INVALID(p, min_at, &min, "min is larger than capacity value: %.*s",
			       STR_ARG(shown(p, &p->most)));
	if (quantity_cmp(&p->usual, &min) < 0)
		POLICY_INVALID(p, min_at, &p->usual, "default is less than min: %.*s", STR_ARG(shown(p, &min)));
	if (bounded) {
		if (quantity_cmp(&min, &max) > 0)
			POLICY_INVALID(p, max_at, &min, "min is larger than max: %.*s",
				       STR_ARG(shown(p, &max)));
		if (quantity_cmp(&max, &p->most) > 0)
			POLICY_INVALID(p, max_at, &max, "max is larger than capacity value: %.*s",
				       STR_ARG(shown(p, &p->most)));
		if (quantity_cmp(&p->usual, &max) > 0)
			POLICY_INVALID(p, max_at, &p->usual, "default is more than max: %.*s",
				       STR_ARG(shown(p, &max)));
	}
	if (HAS(range, "step"))
		check_range_steps(p, AT(at, "step"), range, &min, bounded ? &max : NULL);
}

static void check_policy(struct fielderrs *e, const struct at *at, node capacity)
{
	node policy = GET(capacity, "requestPolicy"), options = GET(policy, "validValues");
	struct policy p = { .e = e };

	p.most = amount(&p, GET(capacity, "value"));
	p.usual = amount(&p, GET(policy, "default"));
	if (node_len(options) && HAS(policy, "validRange"))
		check_forbidden(e, at,
				"exactly one policy can be specified, cannot specify \"validValues\" and "
				"\"validRange\" at the same time");
	else if (node_len(options) && LACKS(policy, "default"))
		check_required_why(e, AT(at, "default"), "required when validValues is defined");
	else if (node_len(options))
		check_options(&p, AT(at, "validValues"), options);
	else if (HAS(policy, "validRange") && LACKS(policy, "default"))
		check_required_why(e, AT(at, "default"), "required when validRange is defined");
	else if (HAS(policy, "validRange"))
		check_policy_range(&p, AT(at, "validRange"), GET(policy, "validRange"));
}

static void check_capacities(struct fielderrs *e, const struct at *at, node capacities, bool shared)
{
	node_each_pair(p, capacities) {
		const struct at *here = AT_K(at, short_key(e->arena, node_str(p->key), KEY_MAX));

		devices_check_qualified(e, at, node_str(p->key));
		if (LACKS(p->value, "requestPolicy"))
			continue;
		if (shared)
			check_policy(e, AT(here, "requestPolicy"), p->value);
		else
			check_forbidden(e, AT(here, "requestPolicy"), "allowMultipleAllocations must be true");
	}
}

/* ---- devices --------------------------------------------------------------------- */

static void check_taint(struct fielderrs *e, const struct at *at, node taint)
{
	check_label_name(e, AT(at, "key"), TEXT_OF(taint, "key"));
	if (TEXT_OF(taint, "value").n)
		check_name(e, AT(at, "value"), TEXT_OF(taint, "value"), NAME_LABEL_VALUE);
	if (!TEXT_OF(taint, "effect").n)
		check_required(e, AT(at, "effect"));
	else
		check_words(e, AT(at, "effect"), GET(taint, "effect"), devices_effects);
}

static void check_counters(struct fielderrs *e, const struct at *at, node counters)
{
	if (!node_len(counters)) {
		check_required(e, at);
		return;
	}
	if (node_len(counters) > COUNTERS_MAX) {
		check_too_many(e, at, node_len(counters), COUNTERS_MAX);
		return;
	}
	node_each_pair(p, counters)
		check_name(e, at, node_str(p->key), NAME_DNS_LABEL);
}

/* Sets of counters, and what a device takes from them, which differ in a name. */
static void check_sets(struct fielderrs *e, const struct at *at, node list, size_t max, const char *name)
{
	if (!devices_check_size(e, at, list, max))
		return;
	for (size_t i = 0; i < node_len(list); i++) {
		str set = text_of(node_at(list, i), str_c(name));
		const struct at *here = AT_I(at, i);

		if (!set.n)
			check_required(e, AT_NAMED(here, str_c(name)));
		else
			check_name(e, AT_NAMED(here, str_c(name)), set, NAME_DNS_LABEL);
		check_counters(e, AT(here, "counters"), GET(node_at(list, i), "counters"));
	}
	devices_check_unique(e, at, list, name);
}

static node device_named(node devices, str name)
{
	node_each_item(d, devices)
		if (str_eq(TEXT_OF(*d, "name"), name))
			return *d;
	return NODE_NOTHING;
}

static void check_device(struct fielderrs *e, const struct at *at, node device, node old, bool own_place)
{
	node attributes = GET(device, "attributes"), capacity = GET(device, "capacity");
	node taints = GET(device, "taints");
	size_t n = node_len(attributes) + node_len(capacity);
	const struct at *taints_at = AT(at, "taints");

	check_name(e, AT(at, "name"), TEXT_OF(device, "name"), NAME_DNS_LABEL);
	if (n > PROPERTIES_MAX)
		check_invalid(e, at, node_from_int((int64_t)n),
			      "the total number of attributes and capacities must not exceed %d", PROPERTIES_MAX);
	if (node_len(attributes) > VALUES_MAX)
		check_invalid(e, at, node_from_int((int64_t)node_len(attributes)),
			      "the total number of attribute values must not exceed %d", VALUES_MAX);
	check_attributes(e, AT(at, "attributes"), attributes);
	check_capacities(e, AT(at, "capacity"), capacity, BOOL_OF(device, "allowMultipleAllocations"));
	if ((node_is_nil(old) || !check_same(GET(old, "taints"), taints)) &&
	    devices_check_size(e, taints_at, taints, TAINTS_MAX))
		for (size_t i = 0; i < node_len(taints); i++)
			check_taint(e, AT_I(taints_at, i), node_at(taints, i));
	check_sets(e, AT(at, "consumesCounters"), GET(device, "consumesCounters"), CONSUMED_MAX, "counterSet");
	check_device_place(e, at, device, own_place);
	devices_check_binding(e, at, GET(device, "bindingConditions"),
			      GET(device, "bindingFailureConditions"));
}

static bool is_advanced(node devices)
{
	node_each_item(d, devices)
		if (node_len(GET(*d, "taints")) || node_len(GET(*d, "consumesCounters")))
			return true;
	return false;
}

static void check_devices(struct fielderrs *e, const struct at *at, node spec, node old)
{
	node devices = GET(spec, "devices");

	if (!devices_check_size(e, at, devices, is_advanced(devices) ? DEVICES_ADVANCED_MAX : DEVICES_MAX))
		return;
	for (size_t i = 0; i < node_len(devices); i++) {
		node device = node_at(devices, i);

		check_device(e, AT_I(at, i), device,
			     device_named(GET(old, "devices"), TEXT_OF(device, "name")),
			     BOOL_OF(spec, "perDeviceNodeSelection"));
	}
	devices_check_unique(e, at, devices, "name");
}

/* ---- slices ----------------------------------------------------------------------- */

static void check_pool(struct fielderrs *e, const struct at *at, node pool)
{
	node slices = node_from_int(INT_OF(pool, "resourceSliceCount"));

	devices_check_pool(e, AT(at, "name"), TEXT_OF(pool, "name"));
	if (node_int(slices) <= 0)
		check_invalid(e, AT(at, "resourceSliceCount"), slices, "must be greater than zero");
	if (INT_OF(pool, "generation") < 0)
		check_invalid(e, AT(at, "generation"), GET(pool, "generation"),
			      "must be greater than or equal to zero");
}

static void check_kept(struct fielderrs *e, const struct at *at, node now, node before)
{
	check_immutable(e, at, now, before, node_is_nil(now) ? node_null() : now);
}

static void device_slice_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), old = GET(c->old, "spec");
	const struct at *at = AT(NULL, "spec"), *pool_at = AT(at, "pool");

	volumes_check_driver(e, AT(at, "driver"), TEXT_OF(spec, "driver"));
	check_pool(e, pool_at, GET(spec, "pool"));
	if (!kinds_is_create(c)) {
		check_kept(e, AT(pool_at, "name"), GET(GET(spec, "pool"), "name"), GET(GET(old, "pool"), "name"));
		check_kept(e, AT(at, "driver"), GET(spec, "driver"), GET(old, "driver"));
		check_kept(e, AT(at, "nodeName"), GET(spec, "nodeName"), GET(old, "nodeName"));
	}
	check_slice_place(e, at, spec);
	if (HAS(spec, "sharedCounters") && HAS(spec, "devices"))
		check_invalid_text(e, at, S(""), "only one of `sharedCounters` or `devices` is allowed");
	check_devices(e, AT(at, "devices"), spec, old);
	check_sets(e, AT(at, "sharedCounters"), GET(spec, "sharedCounters"), COUNTER_SETS_MAX, "name");
}

static void device_slice_warn(struct kind_call *c)
{
	str driver = TEXT_OF(GET(c->object, "spec"), "driver");

	if (!str_eq(driver, arena_lower(c->arena, driver)))
		kind_warn(c->warnings,
			  "spec.driver: driver names should be lowercase; \"%.*s\" contains uppercase characters",
			  STR_ARG(driver));
}

static bool maps_resources(node slice)
{
	node_each_item(d, GET(GET(slice, "spec"), "devices"))
		if (HAS(*d, "nodeAllocatableResourceMappings"))
			return true;
	return false;
}

/* Devices that are resources of the node are behind a gate that is shut. */
static void device_slice_prepare(struct kind_call *c)
{
	if (!maps_resources(c->old))
		node_each_item(d, GET(GET(c->object, "spec"), "devices"))
			node_remove(*d, S("nodeAllocatableResourceMappings"));
}

KINDS_HOOKS(device_slice, .prepare = device_slice_prepare, .validate = device_slice_validate, .warn = device_slice_warn);
