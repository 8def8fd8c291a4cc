#include "cel/cel_cost.h"

#include <math.h>

#include "cel/cel_kube.h"

/* A character is a tenth of a unit, one of a pattern a quarter. */
static const double per_character = 0.1, per_pattern = 0.25;

/* Rules by function; an overload may say otherwise. */
static const struct {
	const char *name;
	enum cel_cost_rule rule;
} by_function[] = {
	{ "cidr", CEL_COST_TEXT },
	{ "containsCIDR", CEL_COST_CONTAINS_CIDR },
	{ "containsIP", CEL_COST_CONTAINS_IP },
	{ "check", CEL_COST_FLAT },
	{ "fieldSelector", CEL_COST_SELECTOR },
	{ "find", CEL_COST_PATTERN },
	{ "findAll", CEL_COST_PATTERN },
	{ "indexOf", CEL_COST_TRAVERSE },
	{ "ip", CEL_COST_TEXT },
	{ "ip.isCanonical", CEL_COST_TEXT_TWICE },
	{ "isCIDR", CEL_COST_TEXT },
	{ "isIP", CEL_COST_TEXT },
	{ "isQuantity", CEL_COST_TEXT },
	{ "isSemver", CEL_COST_TEXT },
	{ "isSorted", CEL_COST_TRAVERSE },
	{ "join", CEL_COST_RESULT_TWICE },
	{ "jsonpatch.escapeKey", CEL_COST_TEXT },
	{ "labelSelector", CEL_COST_SELECTOR },
	{ "lastIndexOf", CEL_COST_TRAVERSE },
	{ "lowerAscii", CEL_COST_TEXT },
	{ "max", CEL_COST_TRAVERSE },
	{ "min", CEL_COST_TRAVERSE },
	{ "quantity", CEL_COST_TEXT },
	{ "replace", CEL_COST_TEXT_TWICE },
	{ "semver", CEL_COST_TEXT },
	{ "split", CEL_COST_TEXT_TWICE },
	{ "substring", CEL_COST_TEXT },
	{ "sum", CEL_COST_TRAVERSE },
	{ "trim", CEL_COST_TEXT },
	{ "upperAscii", CEL_COST_TEXT },
	{ "url", CEL_COST_TEXT },
	{ "validate", CEL_COST_FORMAT },
};

static const struct {
	const char *id;
	enum cel_cost_rule rule;
} by_overload[] = {
	{ "add_bytes", CEL_COST_SUM },
	{ "add_string", CEL_COST_SUM },
	{ "bytes_to_string", CEL_COST_TEXT },
	{ "cidr_ip", CEL_COST_ONE },
	{ "contains_string", CEL_COST_PRODUCT },
	{ "ends_with_string", CEL_COST_TEXT },
	{ "equals", CEL_COST_EQUAL },
	{ "greater_bytes", CEL_COST_SMALLER },
	{ "greater_equals_bytes", CEL_COST_SMALLER },
	{ "greater_equals_string", CEL_COST_SMALLER },
	{ "greater_string", CEL_COST_SMALLER },
	{ "in_list", CEL_COST_IN_LIST },
	{ "less_bytes", CEL_COST_SMALLER },
	{ "less_equals_bytes", CEL_COST_SMALLER },
	{ "less_equals_string", CEL_COST_SMALLER },
	{ "less_string", CEL_COST_SMALLER },
	{ "list_distinct", CEL_COST_LIST_SELF },
	{ "list_flatten", CEL_COST_LIST_FLATTEN },
	{ "list_flatten_int", CEL_COST_LIST_FLATTEN },
	{ "list_reverse", CEL_COST_LIST_RESULT },
	{ "list_sets_contains_list", CEL_COST_SETS },
	{ "list_sets_equivalent_list", CEL_COST_SETS_TWICE },
	{ "list_sets_intersects_list", CEL_COST_SETS },
	{ "list_slice", CEL_COST_LIST_RESULT },
	{ "lists_range", CEL_COST_LIST_RESULT },
	{ "matches_string", CEL_COST_PATTERN },
	{ "not_equals", CEL_COST_SMALLER },
	{ "starts_with_string", CEL_COST_TEXT },
	{ "string_format", CEL_COST_TEXT },
	{ "string_to_bytes", CEL_COST_TEXT },
	{ "strings_quote", CEL_COST_TEXT },
};

enum cel_cost_rule cel_cost_rule_of(const struct cel_function *function,
				    const struct cel_overload *overload)
{
	str id = overload ? str_c(overload->id) : STR_NONE, name = str_c(function->name);

	for (size_t i = 0; overload && i < sizeof by_overload / sizeof *by_overload; i++)
		if (str_eq(str_c(by_overload[i].id), id))
			return by_overload[i].rule;
	if (str_ends(id, S("_sortByAssociatedKeys")))
		return CEL_COST_LIST_KEYS;
	if (str_ends(id, S("_sort")))
		return CEL_COST_LIST_SELF;
	for (size_t i = 0; i < sizeof by_function / sizeof *by_function; i++)
		if (str_eq(str_c(by_function[i].name), name))
			return by_function[i].rule;
	return CEL_COST_ONE;
}

static uint64_t up(double d)
{
	return (uint64_t)ceil(d);
}

static uint64_t tenth(uint64_t size)
{
	return up((double)size * per_character);
}

static uint64_t traversal(struct cel_run *r, cel_value v)
{
	uint64_t cost = 0;
	cel_value key, value;

	if (v.kind == CEL_STRING || v.kind == CEL_BYTES)
		return (uint64_t)((double)v.s.n * per_character);
	if ((v.kind != CEL_LIST && v.kind != CEL_MAP) || r->depth > CEL_VALUE_DEPTH_MAX)
		return 1;
	r->depth++;
	for (size_t i = 0; v.kind == CEL_LIST && i < cel_list_n(v) && cel_run_work(r, 1); i++)
		cost += traversal(r, cel_list_at(r, v, i));
	for (size_t i = 0; v.kind == CEL_MAP && i < cel_map_n(v) && cel_run_work(r, 1); i++)
		if (cel_map_at(r, v, i, &key, &value))
			cost += traversal(r, key) + traversal(r, value);
		else
			cost += 2;	/* a field that is not exposed: no key, no value */
	r->depth--;
	return cost;
}

static uint64_t pattern(uint64_t text, uint64_t pattern_size)
{
	return up((1.0 + (double)text) * per_character) * up((double)pattern_size * per_pattern);
}

/* Requirements of half the length, each a list and a struct. */
static uint64_t selector(uint64_t size)
{
	return 10 + tenth(size) + (uint64_t)ceil(ceil((double)size * 0.5) * 50);
}

/* The list, of an operation that allocates one of `size` units. */
static uint64_t allocating(double factor, uint64_t size)
{
	double d = (double)size * factor;

	if (d >= 9e18)
		return UINT64_MAX / 2;
	return (uint64_t)(int64_t)d + 1 + 10;
}

/* The original takes for granted that this is a list, and panics. */
static uint64_t self_compared(struct cel_run *r, cel_value list)
{
	double factor = 2;

	if (list.kind != CEL_LIST && !r->stopped) {
		r->stopped = true;
		r->why = arena_printf(r->a, "internal error: interface conversion: %s is not traits.Lister: "
				      "missing method %s", cel_go_type(list),
				      cel_traits(list) & CEL_ADDER ? "Contains" : "Add").p;
	}
	if (r->stopped)
		return 1;
	uint64_t n = cel_size(list, false);

	if (n) {
		cel_value first = cel_list_at(r, list, 0);

		if (first.kind == CEL_STRING || first.kind == CEL_BYTES)
			factor += per_character;
	}
	return allocating(factor, n * n);
}

static bool is_atom(cel_value v)
{
	return v.kind == CEL_QUANTITY || v.kind == CEL_IP || v.kind == CEL_CIDR || v.kind == CEL_FORMAT ||
	       v.kind == CEL_URL || v.kind == CEL_SEMVER || v.kind == CEL_AUTHORIZER;
}

static uint64_t lists(struct cel_run *r, enum cel_cost_rule rule, const cel_value *args, size_t n,
		      cel_value result)
{
	uint64_t x = cel_size(args[0], false);

	switch (rule) {
	case CEL_COST_SETS:
		return 1 + x * cel_size(args[1], false);
	case CEL_COST_SETS_TWICE:
		return 1 + 2 * x * cel_size(args[1], false);
	case CEL_COST_LIST_RESULT:
		return allocating(1, cel_size(result, false));
	case CEL_COST_LIST_FLATTEN:
		return allocating(n > 1 ? (double)args[1].i : 1, x);
	case CEL_COST_LIST_KEYS:
		return self_compared(r, args[1]);
	default:
		return self_compared(r, args[0]);
	}
}

static uint64_t contains_net(enum cel_cost_rule rule, bool text, const cel_value *args)
{
	uint64_t x = cel_size(args[0], false);
	uint64_t cost = tenth(x + x);

	if (rule == CEL_COST_CONTAINS_CIDR)
		cost += tenth(x) + 1;
	return cost + (text ? tenth(cel_size(args[1], false)) : 0);
}

uint64_t cel_cost_call(struct cel_run *r, enum cel_cost_rule rule, const struct cel_overload *overload,
		       const cel_value *args, size_t n, cel_value result)
{
	uint64_t x, y;

	switch (rule) {
	case CEL_COST_ONE:
		return 1;
	case CEL_COST_FLAT:
		return 350000;
	case CEL_COST_SELECTOR:
		return selector(cel_size(args[1], false));
	case CEL_COST_TRAVERSE:
		return traversal(r, args[0]);
	case CEL_COST_TEXT:
		return tenth(cel_size(args[0], true));
	case CEL_COST_TEXT_TWICE:
		return up((double)cel_size(args[0], false) * 2 * per_character);
	case CEL_COST_RESULT_TWICE:
		return up((double)cel_size(result, false) * 2 * per_character);
	case CEL_COST_PATTERN:
		return pattern(cel_size(args[0], true), cel_size(args[1], true));
	case CEL_COST_CONTAINS_IP:
	case CEL_COST_CONTAINS_CIDR:
		return contains_net(rule, overload && str_ends(str_c(overload->id), S("_string")), args);
	case CEL_COST_FORMAT:
		return args[0].kind == CEL_FORMAT
			       ? pattern(cel_size(args[1], false), cel_kube_format_cost(args[0]))
			       : 1;
	case CEL_COST_IN_LIST:
		return cel_size(args[1], true);
	case CEL_COST_EQUAL:
		if (is_atom(args[0]))
			return 1;
		__attribute__((fallthrough));
	case CEL_COST_SMALLER:
		x = cel_size(args[0], true);
		y = cel_size(args[1], true);
		return tenth(x < y ? x : y);
	case CEL_COST_SUM:
		return tenth(cel_size(args[0], true) + cel_size(args[1], true));
	case CEL_COST_PRODUCT:
		return tenth(cel_size(args[0], true)) * tenth(cel_size(args[1], true));
	default:
		return lists(r, rule, args, n, result);
	}
}
