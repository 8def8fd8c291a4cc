#include <ctype.h>

#include "kube/gvk.h"
#include "server/cells_impl.h"
#include "value/keyorder.h"

enum { METRICS_MAX = 2 };

static str text_of(node object, str key)
{
	return node_str_or(node_get(object, key), STR_NONE);
}

static bool has(node object, const char *path)
{
	return !node_is_nil(cells_dig(object, path));
}

/* Kinds without a printer, and such with nothing but an age. */
CELLS(created, CELL_NAME, CELL_AT("metadata.creationTimestamp"))
CELLS(plain, CELL_NAME, CELL_AGE)

/* ---- autoscaling, policy ------------------------------------------------ */

/* "<unknown>" where there is no status yet; one without a value is Go's nil. */
static str amount(node status, str key, bool unknown_if_nil)
{
	node value = node_get(node_get(status, S("current")), key);

	if (node_is(value, NODE_STR))
		return node_str(value);
	return node_is_nil(status) || unknown_if_nil ? S("<unknown>") : S("<nil>");
}

#define GOAL(goal, key) node_str_or(node_get(goal, S(key)), S("<nil>"))

/* A metric of a resource: in percent of the request, or as an amount. */
static str resource_metric(struct arena *a, node spec, node status)
{
	str name = text_of(spec, S("name")), current = S("<unknown>"), target = S("<auto>");
	node goal = node_get(spec, S("target")), now = node_get(status, S("current"));
	node value = node_get(goal, S("averageValue"));

	if (!node_is_nil(value)) {
		current = amount(status, S("averageValue"), false);
		return arena_cat(a, name, S(": "), current, S("/"), node_str(value));
	}
	node percent = node_get(now, S("averageUtilization"));

	if (!node_is_nil(percent))
		current = arena_cat(a, node_text(a, percent), S("%"));
	percent = node_get(goal, S("averageUtilization"));
	if (!node_is_nil(percent))
		target = arena_cat(a, node_text(a, percent), S("%"));
	return arena_cat(a, name, S(": "), current, S("/"), target);
}

static str value_metric(struct arena *a, node spec, node status, bool average_only)
{
	node goal = node_get(spec, S("target"));

	if (average_only)
		return arena_cat(a, amount(status, S("averageValue"), false), S("/"),
				 GOAL(goal, "averageValue"));
	if (!node_is_nil(node_get(goal, S("averageValue"))))
		return arena_cat(a, amount(status, S("averageValue"), true), S("/"),
				 GOAL(goal, "averageValue"), S(" (avg)"));
	return arena_cat(a, amount(status, S("value"), false), S("/"), GOAL(goal, "value"));
}

static str metric(struct arena *a, node spec, node status)
{
	str type = text_of(spec, S("type"));

#define OF(key) node_get(spec, S(key)), node_get(status, S(key))
	if (str_eq(type, S("Resource")))
		return resource_metric(a, OF("resource"));
	if (str_eq(type, S("ContainerResource")))
		return resource_metric(a, OF("containerResource"));
	if (str_eq(type, S("External")))
		return value_metric(a, OF("external"), false);
	if (str_eq(type, S("Object")))
		return value_metric(a, OF("object"), false);
	if (str_eq(type, S("Pods")))
		return value_metric(a, OF("pods"), true);
#undef OF
	return S("<unknown type>");
}

static node hpa_targets(struct arena *a, node hpa)
{
	node specs = cells_dig(hpa, "spec.metrics");
	node statuses = cells_dig(hpa, "status.currentMetrics");
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!node_len(specs))
		return node_lit("<none>");
	for (size_t i = 0; i < node_len(specs) && i < METRICS_MAX; i++) {
		buf_add(&b, i ? S(", ") : STR_NONE);
		buf_add(&b, metric(a, node_at(specs, i), node_at(statuses, i)));
	}
	cells_add_more(&b, node_len(specs), METRICS_MAX);
	return cells_done(a, &b);
}

static node hpa_reference(struct arena *a, node hpa)
{
	return node_from_str(a, arena_cat(a, cells_text(hpa, "spec.scaleTargetRef.kind"), S("/"),
					  cells_text(hpa, "spec.scaleTargetRef.name")));
}

CELLS(horizontalpodautoscalers, CELL_NAME, CELL_OF(hpa_reference), CELL_OF(hpa_targets),
      CELL_OR("spec.minReplicas", "<unset>"), CELL_NUMBER("spec.maxReplicas"),
      CELL_NUMBER("status.currentReplicas"), CELL_AGE)
CELLS(poddisruptionbudgets, CELL_NAME, CELL_OR("spec.minAvailable", "N/A"),
      CELL_OR("spec.maxUnavailable", "N/A"), CELL_NUMBER("status.disruptionsAllowed"), CELL_AGE)

/* ---- rbac --------------------------------------------------------------- */

static node role_ref(struct arena *a, node binding)
{
	return node_from_str(a, arena_cat(a, cells_text(binding, "roleRef.kind"), S("/"),
					  cells_text(binding, "roleRef.name")));
}

static node subjects(struct arena *a, node binding, str kind)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t n = 0;

	node_each_item(s, node_get(binding, S("subjects"))) {
		if (!str_eq(text_of(*s, S("kind")), kind))
			continue;
		buf_add(&b, n++ ? S(", ") : STR_NONE);
		if (str_eq(kind, S("ServiceAccount"))) {
			buf_add(&b, text_of(*s, S("namespace")));
			buf_addc(&b, '/');
		}
		buf_add(&b, text_of(*s, S("name")));
	}
	return cells_done(a, &b);
}

static node users(struct arena *a, node binding)
{
	return subjects(a, binding, S("User"));
}

static node groups(struct arena *a, node binding)
{
	return subjects(a, binding, S("Group"));
}

static node accounts(struct arena *a, node binding)
{
	return subjects(a, binding, S("ServiceAccount"));
}

#define BINDING_CELLS CELL_NAME, CELL_OF(role_ref), CELL_AGE, CELL_OF(users), CELL_OF(groups), CELL_OF(accounts)

CELLS(rolebindings, BINDING_CELLS)
CELLS(clusterrolebindings, BINDING_CELLS)

/* ---- storage ------------------------------------------------------------ */

static node driver_audiences(struct arena *a, node driver)
{
	node requests = cells_dig(driver, "spec.tokenRequests");

	if (node_is_nil(requests))
		return node_lit("<unset>");
	return cells_join(a, requests, S("audience"), S(","));
}

static node driver_modes(struct arena *a, node driver)
{
	node modes = cells_join(a, cells_dig(driver, "spec.volumeLifecycleModes"), STR_NONE, S(","));

	return cells_or(a, node_str(modes), S("<none>"));
}

CELLS(csidrivers, CELL_NAME, CELL_FLAG("spec.attachRequired", "true"),
      CELL_FLAG("spec.podInfoOnMount", "false"), CELL_FLAG("spec.storageCapacity", "false"),
      CELL_OF(driver_audiences), CELL_FLAG("spec.requiresRepublish", "false"),
      CELL_OF(driver_modes), CELL_AGE)
CELLS(csinodes, CELL_NAME, CELL_LENGTH("spec.drivers"), CELL_AGE)
CELLS(volumeattachments, CELL_NAME, CELL_AT("spec.attacher"),
      CELL_AT("spec.source.persistentVolumeName"), CELL_AT("spec.nodeName"),
      CELL_FLAG("status.attached", "false"), CELL_AGE)
CELLS(volumeattributesclasses, CELL_NAME, CELL_AT("driverName"), CELL_AGE)

/* ---- admission, aggregation --------------------------------------------- */

CELLS(webhooks, CELL_NAME, CELL_LENGTH("webhooks"), CELL_AGE)

static node param_kind(struct arena *a, node policy)
{
	node kind = cells_dig(policy, "spec.paramKind");

	if (node_is_nil(kind))
		return node_lit("<unset>");
	return node_from_str(a, arena_cat(a, text_of(kind, S("apiVersion")), S("/"),
					  text_of(kind, S("kind"))));
}

CELLS(validatingadmissionpolicies, CELL_NAME, CELL_LENGTH("spec.validations"), CELL_OF(param_kind),
      CELL_AGE)
CELLS(mutatingadmissionpolicies, CELL_NAME, CELL_LENGTH("spec.mutations"), CELL_OF(param_kind),
      CELL_AGE)

/* As the generated String method of a LabelSelector prints it. */
static node selector_words(struct arena *a, node selector)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node labels = node_copy(a, node_get(selector, S("matchLabels")));

	node_sort(labels);
	buf_add(&b, S("&LabelSelector{MatchLabels:map[string]string{"));
	node_each_pair(p, labels)
		buf_addf(&b, "%.*s: %.*s,", STR_ARG(node_str(p->key)),
			 STR_ARG(node_str_or(p->value, STR_NONE)));
	buf_add(&b, S("},MatchExpressions:[]LabelSelectorRequirement{"));
	node_each_item(e, node_get(selector, S("matchExpressions"))) {
		str values = node_str(cells_join(a, node_get(*e, S("values")), STR_NONE, S(" ")));

		buf_addf(&b, "LabelSelectorRequirement{Key:%.*s,Operator:%.*s,Values:[%.*s],},",
			 STR_ARG(text_of(*e, S("key"))), STR_ARG(text_of(*e, S("operator"))),
			 STR_ARG(values));
	}
	buf_add(&b, S("},}"));
	return cells_done(a, &b);
}

static node param_ref(struct arena *a, node binding)
{
	node ref = cells_dig(binding, "spec.paramRef"), selector = node_get(ref, S("selector"));
	str name = text_of(ref, S("name")), namespace = text_of(ref, S("namespace"));

	if (name.n)
		return node_from_str(a, arena_cat(a, namespace.n ? namespace : S("*"), S("/"), name));
	return node_is_nil(selector) ? node_lit("<unset>") : selector_words(a, selector);
}

CELLS(validatingadmissionpolicybindings, CELL_NAME, CELL_AT("spec.policyName"), CELL_OF(param_ref),
      CELL_AGE)

static node api_service(struct arena *a, node object)
{
	node service = cells_dig(object, "spec.service");

	if (node_is_nil(service))
		return node_lit("Local");
	return node_from_str(a, arena_cat(a, text_of(service, S("namespace")), S("/"),
					  text_of(service, S("name"))));
}

static node api_available(struct arena *a, node object)
{
	node_each_item(c, cells_dig(object, "status.conditions")) {
		str status = text_of(*c, S("status")), reason = text_of(*c, S("reason"));

		if (!str_eq(text_of(*c, S("type")), S("Available")))
			continue;
		if (!reason.n || str_eq(status, S("True")))
			return node_from_str(a, status);
		return node_from_str(a, arena_cat(a, status, S(" ("), reason, S(")")));
	}
	return node_lit("Unknown");
}

CELLS(apiservices, CELL_NAME, CELL_OF(api_service), CELL_OF(api_available), CELL_AGE)

/* ---- others ------------------------------------------------------------- */

CELLS(leases, CELL_NAME, CELL_AT("spec.holderIdentity"), CELL_AGE)
CELLS(priorityclasses, CELL_NAME, CELL_NUMBER("value"), CELL_FLAG("globalDefault", "false"),
      CELL_AGE, CELL_AT("preemptionPolicy"))
CELLS(runtimeclasses, CELL_NAME, CELL_AT("handler"), CELL_AGE)

static node revision_owner(struct arena *a, node revision)
{
	node_each_item(ref, cells_dig(revision, "metadata.ownerReferences")) {
		struct gvk g = gvk_of(*ref);
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		if (!node_bool(node_get(*ref, S("controller"))))
			continue;
		buf_add(&b, g.kind);
		buf_add(&b, g.group.n ? S(".") : STR_NONE);
		buf_add(&b, g.group);
		for (size_t i = 0; i < b.n; i++)
			b.p[i] = (char)tolower((unsigned char)b.p[i]);
		buf_addc(&b, '/');
		buf_add(&b, text_of(*ref, S("name")));
		return cells_done(a, &b);
	}
	return node_lit("<none>");
}

CELLS(controllerrevisions, CELL_NAME, CELL_OF(revision_owner), CELL_NUMBER("revision"), CELL_AGE)

static node dangling(struct arena *a, node schema)
{
	node_each_item(c, cells_dig(schema, "status.conditions"))
		if (str_eq(text_of(*c, S("type")), S("Dangling")))
			return node_from_str(a, text_of(*c, S("status")));
	return node_lit("?");
}

CELLS(flowschemas, CELL_NAME, CELL_AT("spec.priorityLevelConfiguration.name"),
      CELL_NUMBER("spec.matchingPrecedence"), CELL_OR("spec.distinguisherMethod.type", "<none>"),
      CELL_AGE, CELL_OF(dangling))

/* Numbers where there is something to count, else "<none>". */
static node level_number(node level, const char *where, const char *what)
{
	node number = cells_dig(level, what);

	if (!has(level, where))
		return node_lit("<none>");
	return node_is_nil(number) ? node_from_int(0) : number;
}

static node level_shares(struct arena *a, node level)
{
	(void)a;
	return level_number(level, "spec.limited", "spec.limited.nominalConcurrencyShares");
}

#define QUEUING "spec.limited.limitResponse.queuing"

static node level_queues(struct arena *a, node level)
{
	(void)a;
	return level_number(level, QUEUING, QUEUING ".queues");
}

static node level_hand(struct arena *a, node level)
{
	(void)a;
	return level_number(level, QUEUING, QUEUING ".handSize");
}

static node level_length(struct arena *a, node level)
{
	(void)a;
	return level_number(level, QUEUING, QUEUING ".queueLengthLimit");
}

CELLS(prioritylevelconfigurations, CELL_NAME, CELL_AT("spec.type"), CELL_OF(level_shares),
      CELL_OF(level_queues), CELL_OF(level_hand), CELL_OF(level_length), CELL_AGE)

static node request_duration(struct arena *a, node csr)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!has(csr, "spec.expirationSeconds"))
		return node_lit("<none>");
	age_add(&b, cells_int(csr, "spec.expirationSeconds") * INT64_C(1000000000));
	return cells_done(a, &b);
}

static node request_condition(struct arena *a, node csr)
{
	bool approved = false, denied = false, failed = false;

	node_each_item(c, cells_dig(csr, "status.conditions")) {
		str type = text_of(*c, S("type"));

		approved |= str_eq(type, S("Approved"));
		denied |= str_eq(type, S("Denied"));
		failed |= str_eq(type, S("Failed"));
	}
	return node_from_str(a, arena_cat(a, denied ? S("Denied") : approved ? S("Approved") : S("Pending"),
					  failed ? S(",Failed") : STR_NONE,
					  cells_text(csr, "status.certificate").n ? S(",Issued")
										  : STR_NONE));
}

CELLS(certificatesigningrequests, CELL_NAME, CELL_AGE, CELL_OR("spec.signerName", "<none>"),
      CELL_AT("spec.username"), CELL_OF(request_duration), CELL_OF(request_condition))

static node component(node object, str field)
{
	node_each_item(c, node_get(object, S("conditions")))
		if (str_eq(text_of(*c, S("type")), S("Healthy")))
			return node_get(*c, field);
	return NODE_NOTHING;
}

static node component_status(struct arena *a, node object)
{
	node status = component(object, S("status"));

	(void)a;
	if (node_is_nil(status))
		return node_lit("Unknown");
	return str_eq(node_str(status), S("True")) ? node_lit("Healthy") : node_lit("Unhealthy");
}

static node component_message(struct arena *a, node object)
{
	return node_from_str(a, node_str_or(component(object, S("message")), STR_NONE));
}

static node component_error(struct arena *a, node object)
{
	return node_from_str(a, node_str_or(component(object, S("error")), STR_NONE));
}

CELLS(componentstatuses, CELL_NAME, CELL_OF(component_status), CELL_OF(component_message),
      CELL_OF(component_error))

static node claim_state(struct arena *a, node claim)
{
	bool deleted = has(claim, "metadata.deletionTimestamp");

	(void)a;
	if (!has(claim, "status.allocation"))
		return deleted ? node_lit("deleted") : node_lit("pending");
	bool reserved = node_len(cells_dig(claim, "status.reservedFor"));

	if (deleted)
		return reserved ? node_lit("deleted,allocated,reserved") : node_lit("deleted,allocated");
	return reserved ? node_lit("allocated,reserved") : node_lit("allocated");
}

CELLS(resourceclaims, CELL_NAME, CELL_OF(claim_state), CELL_AGE)
CELLS(resourceslices, CELL_NAME, CELL_AT("spec.nodeName"), CELL_AT("spec.driver"),
      CELL_AT("spec.pool.name"), CELL_AGE)
