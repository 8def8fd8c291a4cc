/* Estimates of calls to the functions of cel-go's and Kubernetes' libraries. */
#include "cel/cel_decl.h"
#include "cel/cel_estimate.h"

static const double per_character = 0.1, per_pattern = 0.25;

struct call {
	struct arena *a;
	const struct cel_decl *root;
	str function, overload;
	const struct cel_operand *target, *args;
	size_t n;
};

static range size_of(const struct call *c, const struct cel_operand *o)
{
	if (o->size.known)
		return o->size.r;
	struct cel_size s = cel_estimate_size(c->root, o->path);

	return s.known ? s.r : CEL_RANGE_UNKNOWN;
}

static struct cel_call_estimate none(void)
{
	return (struct cel_call_estimate){ 0 };
}

static struct cel_call_estimate costs(range r)
{
	return (struct cel_call_estimate){ .known = true, .cost = r };
}

static struct cel_call_estimate costs_with(range r, range size)
{
	return (struct cel_call_estimate){ .known = true, .cost = r, .result = { true, size } };
}

/* An item of a list; false for what has none. */
static bool item_of(const struct call *c, const struct cel_operand *list, struct cel_operand *out)
{
	if (!list->type->n)
		return false;
	*out = (struct cel_operand){ .type = list->type->params[0] };
	if (list->path.n) {
		out->path = list->path;
		out->path.room = out->path.n;
		out->path = cel_estimate_below(c->a, out->path, S("@items"));
	}
	return true;
}

static bool is_text(const struct cel_type *t)
{
	return t->kind == CEL_STRING || t->kind == CEL_BYTES;
}

static struct cel_call_estimate walk(const struct call *c)
{
	struct cel_operand item;
	range each = CEL_RANGE_FIXED(1);

	if (!c->target)
		return none();
	range size = size_of(c, c->target);

	if (!item_of(c, c->target, &item))
		return costs(cel_range_scale(size, per_character));
	if (is_text(item.type))
		each = cel_range_add(each, cel_range_scale(size_of(c, &item), per_character));
	return costs(cel_range_multiply(size, each));
}

static struct cel_call_estimate arg_sized(const struct call *c)
{
	if (c->n != 1)
		return none();
	range size = size_of(c, &c->args[0]);

	return costs_with(cel_range_scale(size, per_character), size);
}

static struct cel_call_estimate target_sized(const struct call *c)
{
	if (!c->target)
		return none();
	range size = size_of(c, c->target);

	return costs_with(cel_range_scale(size, per_character), size);
}

static uint64_t above(uint64_t n)
{
	return n < UINT64_MAX ? n + 1 : n;
}

/* How long a text may become, and how short, when parts of it are replaced. */
static range replaced(range text, range from, range to)
{
	range count = { 0, 0 }, kept = { 0, 0 };

	if (from.min == 0) {
		count.max = above(text.max);
		kept.max = text.max;
	} else if (to.max <= from.min) {
		kept.max = text.max;
	} else {
		count.max = cel_range_scale((range){ 0, text.max }, 1.0 / (double)from.min).max;
	}
	if (from.max == 0) {
		count.min = above(text.min);
		kept.min = text.min;
	} else if (from.max <= to.min) {
		kept.min = text.min;
	} else {
		count.min = cel_range_scale((range){ text.min, 0 }, 1.0 / (double)from.max).min;
	}
	return cel_range_add(cel_range_multiply(count, to), kept);
}

static struct cel_call_estimate replace(const struct call *c)
{
	if (!c->target || c->n < 2)
		return none();
	range text = size_of(c, c->target);

	return costs_with(cel_range_scale(text, 2 * per_character),
			  replaced(text, size_of(c, &c->args[0]), size_of(c, &c->args[1])));
}

static struct cel_call_estimate split(const struct call *c)
{
	if (!c->target)
		return none();
	range text = size_of(c, c->target);
	uint64_t max = text.max;

	if (c->n > 1 && c->args[1].expr->kind == CEL_E_LITERAL &&
	    c->args[1].expr->literal.kind == CEL_INT)
		max = (uint64_t)c->args[1].expr->literal.i;
	return costs_with(cel_range_scale(text, 2 * per_character), (range){ 0, max });
}

static struct cel_call_estimate join(const struct call *c)
{
	struct cel_operand item;
	range size = { 0, 0 };

	if (!c->target)
		return none();
	range list = size_of(c, c->target);

	if (item_of(c, c->target, &item))
		size = cel_range_multiply(list, size_of(c, &item));
	if (c->n) {
		range gaps = { list.min ? list.min - 1 : 0, list.max ? list.max - 1 : 0 };

		size = cel_range_add(size, cel_range_multiply(size_of(c, &c->args[0]), gaps));
	}
	return costs_with(cel_range_scale(size, per_character), size);
}

static struct cel_call_estimate find(const struct call *c)
{
	if (!c->target || !c->n)
		return none();
	range text = size_of(c, c->target);
	range one = cel_range_scale(cel_range_add(text, CEL_RANGE_FIXED(1)), per_character);
	range pattern = cel_range_scale(size_of(c, &c->args[0]), per_pattern);

	return costs_with(cel_range_multiply(one, pattern), (range){ 0, text.max });
}

static struct cel_call_estimate arg_text(const struct call *c)
{
	if (str_eq(c->overload, S("cidr_ip")))
		return costs(CEL_RANGE_FIXED(1));
	return c->n ? costs(cel_range_scale(size_of(c, &c->args[0]), per_character)) : none();
}

static struct cel_call_estimate arg_text_twice(const struct call *c)
{
	return c->n ? costs(cel_range_scale(size_of(c, &c->args[0]), 2 * per_character)) : none();
}

/* Addresses have 4 to 16 bytes. */
static struct cel_call_estimate contains_net(const struct call *c)
{
	range address = { 4, 16 };
	range cost = cel_range_scale(cel_range_add(address, address), per_character);

	if (!c->n)
		return none();
	if (str_eq(c->function, S("containsCIDR"))) {
		cost = cel_range_add(cost, cel_range_scale(address, per_character));
		cost = cel_range_add(cost, CEL_RANGE_FIXED(1));
	}
	if (str_ends(c->overload, S("_string")))
		cost = cel_range_add(cost, cel_range_scale(size_of(c, &c->args[0]), per_character));
	return costs(cost);
}

static struct cel_call_estimate validate(const struct call *c)
{
	if (!c->n)
		return none();
	range text = cel_range_scale(size_of(c, &c->args[0]), per_character);

	return costs(cel_range_scale(text, 128 * per_pattern));
}

static struct cel_call_estimate selector(const struct call *c)
{
	if (c->n != 1)
		return none();
	range size = size_of(c, &c->args[0]);
	range requirements = cel_range_scale(cel_range_scale(size, 0.5), 50);

	return costs(cel_range_add(cel_range_add(CEL_RANGE_FIXED(10), cel_range_scale(size, per_character)),
				   requirements));
}

static struct cel_call_estimate check(const struct call *c)
{
	(void)c;
	return costs(CEL_RANGE_FIXED(350000));
}

static struct cel_call_estimate equal(const struct call *c)
{
	if (c->n != 2 || !cel_type_equal(c->args[0].type, c->args[1].type))
		return none();
	switch (c->args[0].type->kind) {
	case CEL_IP:
	case CEL_CIDR:
	case CEL_QUANTITY:
	case CEL_SEMVER:
	case CEL_AUTHORIZER:
		return costs(CEL_RANGE_FIXED(1));
	case CEL_FORMAT:
		return costs(cel_range_scale((range){ 1, 64 }, per_character));
	case CEL_URL:
		return costs(cel_range_scale(
			(range){ 1, c->args[1].size.known ? c->args[1].size.r.max : 1 }, per_character));
	default:
		return none();
	}
}

/* ---- lists and sets of cel-go, by overload ----------------------------- */

static struct cel_call_estimate sets(const struct call *c)
{
	double factor = str_eq(c->overload, S("list_sets_equivalent_list")) ? 2 : 1;

	if (c->n != 2)
		return none();
	range pairs = cel_range_multiply(size_of(c, &c->args[0]), size_of(c, &c->args[1]));

	return costs(cel_range_add(cel_range_scale(pairs, factor), CEL_RANGE_FIXED(1)));
}

static struct cel_call_estimate allocating(double factor, range size)
{
	return costs_with(cel_range_add(cel_range_scale(size, factor), CEL_RANGE_FIXED(11)), size);
}

/* The value of a literal int; below zero it is zero. */
static uint64_t int_value(const struct cel_operand *o, uint64_t otherwise)
{
	if (o->expr->kind != CEL_E_LITERAL || o->expr->literal.kind != CEL_INT)
		return otherwise;
	return o->expr->literal.i < 0 ? 0 : (uint64_t)o->expr->literal.i;
}

static struct cel_call_estimate slice(const struct call *c)
{
	if (!c->target || c->n != 2)
		return none();
	range size = size_of(c, c->target);
	uint64_t n = int_value(&c->args[1], size.max) - int_value(&c->args[0], 0);

	return allocating(1, CEL_RANGE_FIXED(n));
}

static struct cel_call_estimate list_range(const struct call *c)
{
	if (c->target || c->n != 1)
		return none();
	return allocating(1, CEL_RANGE_FIXED(int_value(&c->args[0], UINT64_MAX)));
}

static struct cel_call_estimate reverse(const struct call *c)
{
	return c->target && !c->n ? allocating(1, size_of(c, c->target)) : none();
}

static struct cel_call_estimate flatten(const struct call *c)
{
	if (!c->target || c->n > 1)
		return none();
	return allocating(c->n ? (double)int_value(&c->args[0], UINT64_MAX) : 1, size_of(c, c->target));
}

static struct cel_call_estimate distinct(const struct call *c)
{
	if (!c->target || c->n)
		return none();
	range size = size_of(c, c->target);

	return allocating(2, cel_range_multiply(size, size));
}

/* Sorting by keys: the list itself, or one beside it. */
static struct cel_call_estimate sort(const struct call *c)
{
	bool by = str_ends(c->overload, S("_sortByAssociatedKeys"));
	bool text = str_starts(c->overload, S("list_string_")) || str_starts(c->overload, S("list_bytes_"));

	if (!c->target || c->n != by)
		return none();
	range size = size_of(c, by ? &c->args[0] : c->target);

	return allocating(text ? 2 + per_character : 2, cel_range_multiply(size, size));
}

static const struct {
	const char *name;
	struct cel_call_estimate (*estimate)(const struct call *c);
} by_overload[] = {
	{ "list_distinct", distinct },
	{ "list_flatten", flatten },
	{ "list_flatten_int", flatten },
	{ "list_reverse", reverse },
	{ "list_sets_contains_list", sets },
	{ "list_sets_equivalent_list", sets },
	{ "list_sets_intersects_list", sets },
	{ "list_slice", slice },
	{ "lists_range", list_range },
}, by_function[] = {
	{ "_==_", equal },
	{ "check", check },
	{ "cidr", arg_text },
	{ "containsCIDR", contains_net },
	{ "containsIP", contains_net },
	{ "fieldSelector", selector },
	{ "find", find },
	{ "findAll", find },
	{ "indexOf", walk },
	{ "ip", arg_text },
	{ "ip.isCanonical", arg_text_twice },
	{ "isCIDR", arg_text },
	{ "isIP", arg_text },
	{ "isQuantity", arg_text },
	{ "isSemver", arg_text },
	{ "isSorted", walk },
	{ "join", join },
	{ "jsonpatch.escapeKey", arg_sized },
	{ "labelSelector", selector },
	{ "lastIndexOf", walk },
	{ "lowerAscii", target_sized },
	{ "max", walk },
	{ "min", walk },
	{ "quantity", arg_text },
	{ "replace", replace },
	{ "semver", arg_text },
	{ "split", split },
	{ "substring", target_sized },
	{ "sum", walk },
	{ "trim", target_sized },
	{ "upperAscii", target_sized },
	{ "url", arg_sized },
	{ "validate", validate },
};

struct cel_call_estimate cel_estimate_call(struct arena *a, const struct cel_decl *root, str function,
					   str overload, const struct cel_operand *target,
					   const struct cel_operand *args, size_t n)
{
	struct call c = { a, root, function, overload, target, args, n };
	struct cel_call_estimate e = none();

	for (size_t i = 0; i < sizeof by_overload / sizeof *by_overload && !e.known; i++)
		if (str_eq(str_c(by_overload[i].name), overload))
			e = by_overload[i].estimate(&c);
	if (!e.known && (str_ends(overload, S("_sort")) || str_ends(overload, S("_sortByAssociatedKeys"))))
		e = sort(&c);
	for (size_t i = 0; i < sizeof by_function / sizeof *by_function && !e.known; i++)
		if (str_eq(str_c(by_function[i].name), function))
			e = by_function[i].estimate(&c);
	return e;
}
