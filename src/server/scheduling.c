#include "server/scheduling.h"

static void check_values(struct fielderrs *e, const struct at *at, node values, enum name_rule rule)
{
	for (size_t i = 0; i < node_len(values); i++)
		check_name(e, AT_I(at, i), node_str_or(node_at(values, i), STR_NONE), rule);
}

static void check_expression(struct fielderrs *e, const struct at *at, node x, bool lenient)
{
	str op = TEXT_OF(x, "operator");
	node values = GET(x, "values");
	const struct at *where = AT(at, "values");

	if (IS_ONE_OF(op, "In", "NotIn")) {
		if (!node_len(values))
			check_required_why(e, where, "must be specified when `operator` is 'In' or 'NotIn'");
	} else if (IS_ONE_OF(op, "Exists", "DoesNotExist")) {
		if (node_len(values))
			check_forbidden(e, where, "may not be specified when `operator` is 'Exists' or "
						  "'DoesNotExist'");
	} else if (IS_ONE_OF(op, "Gt", "Lt")) {
		if (node_len(values) != 1)
			check_required_why(e, where, "must be specified single value when `operator` is "
						     "'Lt' or 'Gt'");
	} else {
		check_invalid_text(e, AT(at, "operator"), op, "not a valid selector operator");
	}
	check_label_name(e, AT(at, "key"), TEXT_OF(x, "key"));
	if (!lenient)
		check_values(e, where, values, NAME_LABEL_VALUE);
}

static void check_field(struct fielderrs *e, const struct at *at, node x)
{
	str op = TEXT_OF(x, "operator"), key = TEXT_OF(x, "key");
	node values = GET(x, "values");

	if (!IS_ONE_OF(op, "In", "NotIn"))
		check_invalid_text(e, AT(at, "operator"), op, "not a valid selector operator");
	else if (node_len(values) != 1)
		check_required_why(e, AT(at, "values"),
				   "must be only one value when `operator` is 'In' or 'NotIn' for node field "
				   "selector");
	if (!str_eq(key, S("metadata.name")))
		check_invalid_text(e, AT(at, "key"), key, "not a valid field selector key");
	else
		check_values(e, AT(at, "values"), values, NAME_DNS_SUBDOMAIN);
}

static void check_term(struct fielderrs *e, const struct at *at, node term, bool lenient)
{
	node expressions = GET(term, "matchExpressions"), fields = GET(term, "matchFields");

	for (size_t i = 0; i < node_len(expressions); i++)
		check_expression(e, AT_I(AT(at, "matchExpressions"), i), node_at(expressions, i), lenient);
	for (size_t i = 0; i < node_len(fields); i++)
		check_field(e, AT_I(AT(at, "matchFields"), i), node_at(fields, i));
}

void scheduling_check_node_selector(struct fielderrs *e, const struct at *at, node selector,
				    bool lenient)
{
	node terms = GET(selector, "nodeSelectorTerms");
	const struct at *where = AT(at, "nodeSelectorTerms");

	if (!node_len(terms))
		check_required_why(e, where, "must have at least one node selector term");
	for (size_t i = 0; i < node_len(terms); i++)
		check_term(e, AT_I(where, i), node_at(terms, i), lenient);
}

bool scheduling_has_bad_value(node terms)
{
	node_each_item(term, terms)
		node_each_item(x, GET(*term, "matchExpressions"))
			node_each_item(value, GET(*x, "values"))
				if (!name_check(node_str_or(*value, STR_NONE), NAME_LABEL_VALUE, NULL))
					return true;
	return false;
}

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED "preferredDuringSchedulingIgnoredDuringExecution"

static void check_weight(struct fielderrs *e, const struct at *at, node term)
{
	int64_t weight = INT_OF(term, "weight");

	if (weight <= 0 || weight > 100)
		check_invalid(e, AT(at, "weight"), node_from_int(weight), "must be in the range 1-100");
}

static void check_node_affinity(struct fielderrs *e, const struct at *at, node affinity, bool lenient)
{
	node required = GET(affinity, REQUIRED), preferred = GET(affinity, PREFERRED);

	if (!node_is_nil(required))
		scheduling_check_node_selector(e, AT(at, REQUIRED), required, lenient);
	for (size_t i = 0; i < node_len(preferred); i++) {
		node term = node_at(preferred, i);
		const struct at *here = AT_I(AT(at, PREFERRED), i);

		check_weight(e, here, term);
		check_term(e, AT(here, "preference"), GET(term, "preference"), true);
	}
}

/* Keys that are taken from the Pod's labels. */
static void check_keys(struct fielderrs *e, const struct at *at, node keys, node selector)
{
	if (!node_len(keys))
		return;
	if (node_is_nil(selector)) {
		check_forbidden(e, at, "must not be specified when labelSelector is not set");
		return;
	}
	for (size_t i = 0; i < node_len(keys); i++)
		check_label_name(e, AT_I(at, i), node_str_or(node_at(keys, i), STR_NONE));
}

static size_t index_of(node list, str text)
{
	size_t found = STR_NPOS;

	for (size_t i = 0; i < node_len(list); i++)
		if (str_eq(node_str_or(node_at(list, i), STR_NONE), text))
			found = i;
	return found;
}

static void check_match_keys(struct fielderrs *e, const struct at *at, node term)
{
	node match = GET(term, "matchLabelKeys"), mismatch = GET(term, "mismatchLabelKeys");
	node selector = GET(term, "labelSelector"), seen = node_map(e->arena, 0);

	check_keys(e, AT(at, "matchLabelKeys"), match, selector);
	check_keys(e, AT(at, "mismatchLabelKeys"), mismatch, selector);
	node_each_pair(p, GET(selector, "matchLabels"))
		node_set(e->arena, seen, node_str(p->key), node_null());
	node_each_item(x, GET(selector, "matchExpressions")) {
		str key = TEXT_OF(*x, "key");
		size_t i = index_of(match, key);

		if (i != STR_NPOS && node_has(seen, key))
			check_invalid_text(e, AT_I(at, i), key,
					   "exists in both matchLabelKeys and labelSelector");
		node_set(e->arena, seen, key, node_null());
	}
	for (size_t i = 0; i < node_len(match); i++)
		if (index_of(mismatch, node_str_or(node_at(match, i), STR_NONE)) != STR_NPOS)
			check_invalid(e, AT_I(AT(at, "matchLabelKeys"), i), node_at(match, i),
				      "exists in both matchLabelKeys and mismatchLabelKeys");
}

static void check_pod_term(struct fielderrs *e, const struct at *at, node term, bool lenient)
{
	str key = TEXT_OF(term, "topologyKey");

	check_label_selector(e, AT(at, "labelSelector"), GET(term, "labelSelector"), lenient);
	check_label_selector(e, AT(at, "namespaceSelector"), GET(term, "namespaceSelector"), lenient);
	node_each_item(name, GET(term, "namespaces"))
		check_name(e, AT(at, "namespace"), node_str_or(*name, STR_NONE), NAME_DNS_LABEL);
	check_match_keys(e, at, term);
	if (!key.n)
		check_required_why(e, AT(at, "topologyKey"), "can not be empty");
	check_label_name(e, AT(at, "topologyKey"), key);
}

static void check_pod_affinity(struct fielderrs *e, const struct at *at, node affinity, bool lenient)
{
	node required = GET(affinity, REQUIRED), preferred = GET(affinity, PREFERRED);

	for (size_t i = 0; i < node_len(required); i++)
		check_pod_term(e, AT_I(AT(at, REQUIRED), i), node_at(required, i), lenient);
	for (size_t i = 0; i < node_len(preferred); i++) {
		node term = node_at(preferred, i);
		const struct at *here = AT_I(AT(at, PREFERRED), i);

		check_weight(e, here, term);
		check_pod_term(e, AT(here, "podAffinityTerm"), GET(term, "podAffinityTerm"), lenient);
	}
}

void scheduling_check_affinity(struct fielderrs *e, const struct at *at, node affinity,
			       bool lenient_nodes, bool lenient_pods)
{
	check_node_affinity(e, AT(at, "nodeAffinity"), GET(affinity, "nodeAffinity"), lenient_nodes);
	check_pod_affinity(e, AT(at, "podAffinity"), GET(affinity, "podAffinity"), lenient_pods);
	check_pod_affinity(e, AT(at, "podAntiAffinity"), GET(affinity, "podAntiAffinity"), lenient_pods);
}

static void check_min_domains(struct fielderrs *e, const struct at *at, node constraint)
{
	node least = GET(constraint, "minDomains");
	str action = TEXT_OF(constraint, "whenUnsatisfiable");

	if (node_is_nil(least))
		return;
	if (node_int(least) <= 0)
		check_invalid(e, at, least, "must be greater than zero");
	if (!str_eq(action, S("DoNotSchedule")))
		check_invalid(e, at, least,
			      "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not %.*s",
			      STR_ARG(action));
}

static bool is_repeated(node constraints, size_t at)
{
	node one = node_at(constraints, at);

	for (size_t i = at + 1; i < node_len(constraints); i++) {
		node other = node_at(constraints, i);

		if (str_eq(TEXT_OF(one, "topologyKey"), TEXT_OF(other, "topologyKey")) &&
		    str_eq(TEXT_OF(one, "whenUnsatisfiable"), TEXT_OF(other, "whenUnsatisfiable")))
			return true;
	}
	return false;
}

static void check_constraint(struct fielderrs *e, const struct at *at, node constraints, size_t i,
			     bool lenient)
{
	static const str policies[] = { S("nodeAffinityPolicy"), S("nodeTaintsPolicy") };
	node c = node_at(constraints, i);
	str key = TEXT_OF(c, "topologyKey"), action = TEXT_OF(c, "whenUnsatisfiable");

	if (INT_OF(c, "maxSkew") <= 0)
		check_invalid(e, AT(at, "maxSkew"), node_from_int(INT_OF(c, "maxSkew")),
			      "must be greater than zero");
	if (!key.n)
		check_required_why(e, AT(at, "topologyKey"), "can not be empty");
	ONE_OF(e, AT(at, "whenUnsatisfiable"), GET(c, "whenUnsatisfiable"), "DoNotSchedule",
	       "ScheduleAnyway");
	if (is_repeated(constraints, i))
		check_duplicate(e, AT(at, "{topologyKey, whenUnsatisfiable}"),
				check_text(e, arena_cat(e->arena, S("{"), key, S(", "), action, S("}"))));
	check_min_domains(e, AT(at, "minDomains"), c);
	for (size_t p = 0; p < 2; p++)
		if (!node_is_nil(node_get(c, policies[p])))
			ONE_OF(e, AT_NAMED(at, policies[p]), node_get(c, policies[p]), "Honor", "Ignore");
	check_match_keys(e, at, c);
	check_label_selector(e, AT(at, "labelSelector"), GET(c, "labelSelector"), lenient);
}

void scheduling_check_spread(struct fielderrs *e, const struct at *at, node constraints, bool lenient)
{
	for (size_t i = 0; i < node_len(constraints); i++)
		check_constraint(e, AT_I(at, i), constraints, i, lenient);
}

void scheduling_check_taint_effect(struct fielderrs *e, const struct at *at, node effect)
{
	if (!node_str_or(effect, STR_NONE).n)
		check_required(e, at);
	else
		ONE_OF(e, at, effect, "NoSchedule", "PreferNoSchedule", "NoExecute");
}

static void check_toleration(struct fielderrs *e, const struct at *at, node t)
{
	str key = TEXT_OF(t, "key"), op = TEXT_OF(t, "operator"), value = TEXT_OF(t, "value");
	str effect = TEXT_OF(t, "effect"), why[NAME_COMPLAINTS_MAX];
	const struct at *operator= AT(at, "operator");

	if (key.n)
		check_label_name(e, AT(at, "key"), key);
	if (!key.n && !str_eq(op, S("Exists")))
		check_invalid_text(e, operator, op, "operator must be Exists when `key` is empty, which means "
						    "\"match all values and all keys\"");
	if (HAS(t, "tolerationSeconds") && !str_eq(effect, S("NoExecute")))
		check_invalid_text(e, AT(at, "effect"), effect,
				   "effect must be 'NoExecute' when `tolerationSeconds` is set");
	if (!op.n || str_eq(op, S("Equal"))) {
		size_t n = name_complaints(value, NAME_LABEL_VALUE, why);

		if (n)
			check_invalid_text(e, operator, value, "%.*s",
					   STR_ARG(arena_join(e->arena, why, n, S(";"))));
	} else if (str_eq(op, S("Exists"))) {
		if (value.n)
			check_invalid_text(e, operator, value,
					   "value must be empty when `operator` is 'Exists'");
	} else if (IS_ONE_OF(op, "Lt", "Gt")) {
		static const str all[] = { S("Equal"), S("Exists"), S("Lt"), S("Gt") };

		check_not_supported(e, operator, GET(t, "operator"), all, 4);
	} else {
		ONE_OF(e, operator, GET(t, "operator"), "Equal", "Exists");
	}
	if (effect.n)
		scheduling_check_taint_effect(e, AT(at, "effect"), GET(t, "effect"));
}

void scheduling_check_tolerations(struct fielderrs *e, const struct at *at, node tolerations)
{
	for (size_t i = 0; i < node_len(tolerations); i++)
		check_toleration(e, AT_I(at, i), node_at(tolerations, i));
}
