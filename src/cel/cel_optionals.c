/* Functions of optional values. `or` and `orValue` are the evaluator's. */
#include "cel/cel_func_impl.h"
#include "cel/cel_value.h"

static cel_value of(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	return cel_some(r, v[0]);
}

static cel_value of_non_zero(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	return cel_is_zero(v[0]) ? CEL_NONE_VALUE : cel_some(r, v[0]);
}

static cel_value none(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)v;
	(void)n;
	return CEL_NONE_VALUE;
}

static cel_value value(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	return v[0].box ? v[0].box->value : cel_fault(r, "optional.none() dereference");
}

static cel_value has_value(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_bool(v[0].box != NULL);
}

static cel_value first(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	return cel_list_n(v[0]) ? cel_some(r, cel_list_at(r, v[0], 0)) : CEL_NONE_VALUE;
}

static cel_value last(struct cel_run *r, const cel_value *v, size_t n)
{
	size_t count = cel_list_n(v[0]);
	(void)n;

	return count ? cel_some(r, cel_list_at(r, v[0], count - 1)) : CEL_NONE_VALUE;
}

static cel_value unwrap(struct cel_run *r, const cel_value *v, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	cel_value out = cel_list_new(r, 0);
	(void)n;

	for (size_t i = 0; i < cel_list_n(v[0]) && !r->stopped; i++) {
		cel_value item = cel_list_at(r, v[0], i);

		if (item.kind != CEL_OPTIONAL) {
			cel_print(r, &b, item);
			return cel_fault(r, "value %.*s is not optional", STR_ARG(buf_str(&b)));
		}
		if (item.box)
			cel_list_push(r, &out, item.box->value);
	}
	return out;
}

static const struct cel_type optional_a = {
	.kind = CEL_OPTIONAL, .n = 1, .name = { "optional_type", 13 }, .params = { T_A },
};
static const struct cel_type list_optional_a = {
	.kind = CEL_LIST, .n = 1, .name = { "list", 4 }, .params = { &optional_a },
};

#define T_OPT (&optional_a)

static const struct cel_overload o_first[] = { UNARY_MEMBER(first, "list_first", T_OPT, T_LIST_A) };
static const struct cel_overload o_has_value[] = {
	UNARY_MEMBER(has_value, "optional_hasValue", T_BOOL, T_OPT),
};
static const struct cel_overload o_last[] = { UNARY_MEMBER(last, "list_last", T_OPT, T_LIST_A) };
static const struct cel_overload o_none[] = {
	{ .id = "optional_none", .in = CEL_IN_ALL, .style = CEL_VARIADIC, .run = none, .result = T_OPT },
};
static const struct cel_overload o_of[] = { UNARY(of, "optional_of", T_OPT, T_A) };
static const struct cel_overload o_of_non_zero[] = {
	UNARY(of_non_zero, "optional_ofNonZeroValue", T_OPT, T_A),
};
static const struct cel_overload o_or[] = { MEMBER("optional_or_optional", T_OPT, T_OPT, T_OPT) };
static const struct cel_overload o_or_value[] = {
	MEMBER("optional_orValue_value", T_A, T_OPT, T_A),
};
static const struct cel_overload o_unwrap[] = {
	UNARY(unwrap, "optional_unwrap", T_LIST_A, &list_optional_a),
};
static const struct cel_overload o_unwrap_opt[] = {
	UNARY_MEMBER(unwrap, "optional_unwrapOpt", T_LIST_A, &list_optional_a),
};
static const struct cel_overload o_value[] = { UNARY_MEMBER(value, "optional_value", T_A, T_OPT) };

static const struct cel_function functions[] = {
	FUNCTION("first", o_first),
	FUNCTION("hasValue", o_has_value),
	FUNCTION("last", o_last),
	FUNCTION("optional.none", o_none),
	FUNCTION("optional.of", o_of),
	FUNCTION("optional.ofNonZeroValue", o_of_non_zero),
	FUNCTION("optional.unwrap", o_unwrap),
	FUNCTION("or", o_or),
	FUNCTION("orValue", o_or_value),
	FUNCTION("unwrapOpt", o_unwrap_opt),
	FUNCTION("value", o_value),
};

const struct cel_function_table cel_func_optionals = { functions, COUNT(functions) };
