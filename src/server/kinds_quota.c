#include "base/rand.h"
#include "server/gostruct.h"
#include "server/kinds_impl.h"
#include "server/meta.h"
#include "server/podamount.h"
#include "server/resources.h"

/* ---- LimitRange ------------------------------------------------------------- */

/* The amounts of one resource in one limit. */
struct limits {
	struct fielderrs *e;
	const struct at *at;
	str resource;
	node min, max, normal, request, ratio;
};

static bool is_more(const struct limits *l, node x, node y)
{
	struct quantity a = resources_quantity(l->e, x), b = resources_quantity(l->e, y);

	return !node_is_nil(x) && !node_is_nil(y) && quantity_cmp(&a, &b) > 0;
}

static void check_order(const struct limits *l, const char *field, node shown, node low, node high,
			const char *low_name, const char *high_name)
{
	if (is_more(l, low, high))
		check_invalid(l->e, AT_K(AT_NAMED(l->at, str_c(field)), l->resource), shown,
			      "%s value %.*s is greater than %s value %.*s", low_name,
			      STR_ARG(node_str(low)), high_name, STR_ARG(node_str(high)));
}

static double as_number(const struct limits *l, node value, bool milli)
{
	struct quantity q = resources_quantity(l->e, value);

	return milli ? (double)quantity_milli(&q) : (double)quantity_value(&q);
}

static bool is_small(const struct limits *l, node value)
{
	struct quantity q = resources_quantity(l->e, value);

	return quantity_value(&q) < INT64_MAX / 1000;
}

static void check_ratio(const struct limits *l)
{
	struct quantity ratio = resources_quantity(l->e, l->ratio);
	const struct at *at = AT_K(AT(l->at, "maxLimitRequestRatio"), l->resource);

	if (node_is_nil(l->ratio))
		return;
	if (quantity_milli(&ratio) < 1000)
		check_invalid(l->e, at, l->ratio, "ratio %.*s is less than 1", STR_ARG(node_str(l->ratio)));
	if (node_is_nil(l->min) || node_is_nil(l->max))
		return;
	bool milli = is_small(l, l->ratio) && is_small(l, l->min) && is_small(l, l->max);
	double is = as_number(l, l->ratio, milli) / (milli ? 1000 : 1);
	double most = as_number(l, l->max, milli) / as_number(l, l->min, milli);

	if (is > most)
		check_invalid(l->e, at, l->ratio, "ratio %.*s is greater than max/min = %f",
			      STR_ARG(node_str(l->ratio)), most);
}

static void check_amounts(const struct limits *l)
{
	struct quantity normal = resources_quantity(l->e, l->normal);
	struct quantity request = resources_quantity(l->e, l->request);
	bool overcommit = resources_is_native(l->resource) && !podamount_is_huge_pages(l->resource);

	check_order(l, "min", l->min, l->min, l->max, "min", "max");
	check_order(l, "defaultRequest", l->request, l->min, l->request, "min", "default request");
	check_order(l, "defaultRequest", l->request, l->request, l->max, "default request", "max");
	check_order(l, "defaultRequest", l->request, l->request, l->normal, "default request",
		    "default limit");
	check_order(l, "default", l->min, l->min, l->normal, "min", "default");
	check_order(l, "default", l->max, l->normal, l->max, "default", "max");
	check_ratio(l);
	if (!overcommit && !node_is_nil(l->normal) && !node_is_nil(l->request) &&
	    quantity_cmp(&normal, &request))
		check_invalid(l->e, AT_K(AT(l->at, "defaultRequest"), l->resource), l->request,
			      "default value %.*s must equal to defaultRequest value %.*s in %.*s",
			      STR_ARG(node_str(l->normal)), STR_ARG(node_str(l->request)),
			      STR_ARG(l->resource));
}

static void check_limit_names(struct fielderrs *e, const struct at *at, node amounts, str type, node keys)
{
	node_each_pair(p, amounts) {
		str name = node_str(p->key);

		resources_check_name(e, AT_K(at, name), name,
				     IS_ONE_OF(type, "Pod", "Container") ? RESOURCES_CONTAINER : RESOURCES_ANY);
		node_set(e->arena, keys, name, node_null());
	}
}

static void check_limit_type(struct fielderrs *e, const struct at *at, str type)
{
	size_t before = e->n;

	check_name(e, at, type, NAME_QUALIFIED);
	if (e->n == before && str_find_char(type, '/') == STR_NPOS &&
	    !IS_ONE_OF(type, "Pod", "Container", "PersistentVolumeClaim"))
		check_invalid_text(e, at, type, "must be a standard limit type or fully qualified");
}

static void check_limit(struct fielderrs *e, const struct at *at, node limit)
{
	static const str names[] = { S("default"), S("defaultRequest") };
	str type = TEXT_OF(limit, "type");
	bool pod = str_eq(type, S("Pod"));
	node keys = node_map(e->arena, 0), min = GET(limit, "min"), max = GET(limit, "max");

	check_limit_names(e, AT(at, "max"), max, type, keys);
	check_limit_names(e, AT(at, "min"), min, type, keys);
	for (size_t i = 0; i < 2; i++) {
		node amounts = node_get(limit, names[i]);

		if (!pod)
			check_limit_names(e, AT_NAMED(at, names[i]), amounts, type, keys);
		else if (node_len(amounts))
			check_forbidden(e, AT_NAMED(at, names[i]), "may not be specified when `type` is 'Pod'");
	}
	if (str_eq(type, S("PersistentVolumeClaim")) && LACKS(min, "storage") && LACKS(max, "storage"))
		check_required_why(e, AT(at, "limits"), "either minimum or maximum storage value is required, "
							"but neither was provided");
	node ratio = GET(limit, "maxLimitRequestRatio"), none = NODE_NOTHING;

	check_limit_names(e, AT(at, "maxLimitRequestRatio"), ratio, type, keys);
	node_each_pair(p, keys) {
		str key = node_str(p->key);
		struct limits l = { e, at, key, node_get(min, key), node_get(max, key),
				    pod ? none : node_get(GET(limit, "default"), key),
				    pod ? none : node_get(GET(limit, "defaultRequest"), key),
				    node_get(ratio, key) };

		check_amounts(&l);
	}
}

static void limit_range_validate(struct kind_call *c)
{
	node limits = GET(GET(c->object, "spec"), "limits"), seen = node_map(c->arena, 0);

	for (size_t i = 0; i < node_len(limits); i++) {
		const struct at *at = AT_I(AT(AT(NULL, "spec"), "limits"), i);
		node limit = node_at(limits, i);
		str type = TEXT_OF(limit, "type");

		check_limit_type(c->errors, AT(at, "type"), type);
		if (node_has(seen, type))
			check_duplicate(c->errors, AT(at, "type"), check_text(c->errors, type));
		node_set(c->arena, seen, type, node_null());
		check_limit(c->errors, at, limit);
	}
}

/* One without a name is named after nothing. */
static void limit_range_prepare(struct kind_call *c)
{
	char uid[RAND_UUID + 1];

	if (!kinds_is_create(c) || meta_get(c->object, S("name")).n)
		return;
	rand_uuid(uid);
	meta_set(c->arena, c->object, S("name"), arena_str(c->arena, str_of(uid, RAND_UUID)));
}

KINDS_HOOKS(limit_range, .prepare = limit_range_prepare, .validate = limit_range_validate);

/* ---- ResourceQuota ------------------------------------------------------------ */

static void check_quota_amounts(struct fielderrs *e, const struct at *at, node amounts)
{
	node_each_pair(p, amounts) {
		str name = node_str(p->key);

		resources_check_name(e, AT_K(at, name), name, RESOURCES_QUOTA);
		resources_check_value(e, AT_K(at, name), name, p->value);
	}
}

static bool scope_fits(str scope, str resource)
{
	bool pods = str_eq(resource, S("pods"));

	if (str_eq(scope, S("BestEffort")))
		return pods;
	if (str_eq(scope, S("VolumeAttributesClass")))
		return IS_ONE_OF(resource, "persistentvolumeclaims", "requests.storage");
	if (IS_ONE_OF(scope, "Terminating", "NotTerminating", "NotBestEffort", "PriorityClass",
		      "CrossNamespacePodAffinity"))
		return pods || IS_ONE_OF(resource, "cpu", "memory", "limits.cpu", "limits.memory",
					 "requests.cpu", "requests.memory");
	return true;
}

static bool is_scope(str scope)
{
	return IS_ONE_OF(scope, "Terminating", "NotTerminating", "BestEffort", "NotBestEffort",
			 "PriorityClass", "VolumeAttributesClass", "CrossNamespacePodAffinity");
}

static void check_scope_fits(struct fielderrs *e, const struct at *at, str scope, node hard, node shown)
{
	node_each_pair(p, hard)
		if (resources_is_standard_quota(node_str(p->key)) && !scope_fits(scope, node_str(p->key)))
			check_invalid(e, at, shown, "unsupported scope applied to resource");
}

static void check_conflicts(struct fielderrs *e, const struct at *at, node seen, node shown)
{
	if (node_has(seen, S("BestEffort")) && node_has(seen, S("NotBestEffort")))
		check_invalid(e, at, shown, "conflicting scopes");
	if (node_has(seen, S("Terminating")) && node_has(seen, S("NotTerminating")))
		check_invalid(e, at, shown, "conflicting scopes");
}

static void check_scopes(struct fielderrs *e, const struct at *at, node spec)
{
	node scopes = GET(spec, "scopes"), seen = node_map(e->arena, 0);

	node_each_item(s, scopes) {
		str scope = node_str_or(*s, STR_NONE);

		if (!is_scope(scope))
			check_invalid(e, at, scopes, "unsupported scope");
		check_scope_fits(e, at, scope, GET(spec, "hard"), scopes);
		node_set(e->arena, seen, scope, node_null());
	}
	check_conflicts(e, at, seen, scopes);
}

static void check_scope_operator(struct fielderrs *e, const struct at *at, str scope, node x)
{
	str op = TEXT_OF(x, "operator");
	node values = GET(x, "values");

	if (IS_ONE_OF(scope, "BestEffort", "NotBestEffort", "Terminating", "NotTerminating",
		      "CrossNamespacePodAffinity") && !str_eq(op, S("Exists")))
		check_invalid_text(e, AT(at, "operator"), op,
				   "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "
				   "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
				   "ResourceQuotaScopeNotBestEffort or "
				   "ResourceQuotaScopeCrossNamespacePodAffinity");
	if (IS_ONE_OF(op, "In", "NotIn")) {
		if (!node_len(values))
			check_required_why(e, AT(at, "values"), "must be at least one value when `operator` is "
								"'In' or 'NotIn' for scope selector");
	} else if (IS_ONE_OF(op, "Exists", "DoesNotExist")) {
		if (node_len(values))
			check_invalid(e, AT(at, "values"), values,
				      "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope "
				      "selector");
	} else {
		check_invalid_text(e, AT(at, "operator"), op, "not a valid selector operator");
	}
}

static void check_scope_selector(struct fielderrs *e, const struct at *at, node spec)
{
	node selector = GET(spec, "scopeSelector"), seen = node_map(e->arena, 0);

	node_each_item(x, GET(selector, "matchExpressions")) {
		str scope = TEXT_OF(*x, "scopeName");

		if (!is_scope(scope))
			check_invalid_text(e, AT(at, "scopeName"), scope, "unsupported scope");
		check_scope_fits(e, at, scope, GET(spec, "hard"),
				 gostruct_shown(e->arena, "core.ScopeSelector", selector, NODE_NOTHING));
		check_scope_operator(e, at, scope, *x);
		node_set(e->arena, seen, scope, node_null());
	}
	check_conflicts(e, at, seen, HAS(spec, "scopes") ? GET(spec, "scopes") : node_null());
}

static bool has_all(node list, node other)
{
	node_each_item(x, other) {
		bool found = false;

		node_each_item(y, list)
			found |= node_equal(*x, *y);
		if (!found)
			return false;
	}
	return true;
}

static void quota_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), status = GET(c->object, "status");
	node scopes = GET(spec, "scopes"), old = GET(GET(c->old, "spec"), "scopes");
	const struct at *spec_at = AT(NULL, "spec"), *status_at = AT(NULL, "status");

	if (!kinds_is_status(c)) {
		check_quota_amounts(e, AT(spec_at, "hard"), GET(spec, "hard"));
		check_scopes(e, AT(spec_at, "scopes"), spec);
		check_scope_selector(e, AT(AT(spec_at, "scopeSelector"), "matchExpressions"), spec);
	}
	if (kinds_is_status(c)) {
		check_quota_amounts(e, AT(status_at, "hard"), GET(status, "hard"));
		check_quota_amounts(e, AT(status_at, "used"), GET(status, "used"));
	} else if (!kinds_is_create(c) && (!has_all(scopes, old) || !has_all(old, scopes))) {
		check_invalid(e, AT(spec_at, "scopes"), node_is_nil(scopes) ? node_null() : scopes,
			      "field is immutable");
	}
}

static void quota_warn(struct kind_call *c)
{
	static const str names[] = { S("cpu"), S("memory"), S("storage"), S("ephemeral-storage") };
	node hard = GET(GET(c->object, "spec"), "hard");

	for (size_t i = 0; kinds_is_create(c) && i < 4; i++) {
		str asked = arena_cat(c->arena, S("requests."), names[i]);
		str limit = arena_cat(c->arena, S("limits."), names[i]);

		if (!node_has(hard, asked) && i < 2)
			asked = names[i];
		struct quantity q = resources_quantity(c->errors, node_get(hard, asked));
		struct quantity l = resources_quantity(c->errors, node_get(hard, limit));

		if (node_has(hard, asked) && node_has(hard, limit) && quantity_cmp(&q, &l) > 0)
			kind_warn(c->warnings, "ResourceQuota %.*s (%.*s) should be less than %.*s (%.*s)",
				  STR_ARG(asked), STR_ARG(node_str(node_get(hard, asked))), STR_ARG(limit),
				  STR_ARG(node_str(node_get(hard, limit))));
	}
}

KINDS_HOOKS(quota, .validate = quota_validate, .warn = quota_warn);
