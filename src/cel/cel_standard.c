/* Operators, conversions and methods of the language itself. */
#include "cel/cel_func_impl.h"
#include "cel/cel_standard.h"
#include "cel/cel_value.h"
#include "text/regex.h"

/* ---- numbers ----------------------------------------------------------- */

static cel_value overflow(struct cel_run *r, enum cel_kind kind)
{
	return cel_fault(r, kind == CEL_UINT ? "unsigned integer overflow" : "integer overflow");
}

/* Results of checked arithmetic on ints or durations, and on uints. */
static cel_value int_or_overflow(struct cel_run *r, uint8_t kind, bool over, const int64_t *i)
{
	return over ? overflow(r, CEL_INT) : (cel_value){ .kind = kind, .i = *i };
}

static cel_value uint_or_overflow(struct cel_run *r, bool over, const uint64_t *u)
{
	return over ? overflow(r, CEL_UINT) : cel_uint(*u);
}

static const int64_t first_second = -62135596800, last_second = 253402300799;
static const int64_t second = 1000000000;

static cel_value add_time(struct cel_run *r, cel_value t, int64_t nanoseconds)
{
	int64_t nanos = t.time.nanos + nanoseconds % second;
	int64_t sec = t.time.sec + nanoseconds / second;

	sec += nanos >= second ? 1 : nanos < 0 ? -1 : 0;
	nanos += nanos >= second ? -second : nanos < 0 ? second : 0;
	if (sec < first_second || sec > last_second)
		return cel_fault(r, "timestamp overflow");
	t.time.sec = sec;
	t.time.nanos = (int32_t)nanos;
	return t;
}

static cel_value join(struct cel_run *r, cel_value a, cel_value b)
{
	size_t n = a.s.n + b.s.n;

	if (n > CEL_TEXT_MAX)
		return cel_fault(r, "text is larger than %d bytes", CEL_TEXT_MAX);
	if (!cel_run_work(r, n / 16))
		return CEL_NULL_VALUE;
	a.s = arena_cat(r->a, a.s, b.s);
	return a;
}

static cel_value add(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value a = v[0], b = v[1];
	int64_t i = 0;
	uint64_t u = 0;
	(void)n;

	if (a.kind == CEL_LIST)
		return cel_list_add(r, a, b);
	if (a.kind == CEL_DURATION && b.kind == CEL_TIMESTAMP)
		return add_time(r, b, a.i);
	if (a.kind == CEL_TIMESTAMP && b.kind == CEL_DURATION)
		return add_time(r, a, b.i);
	if (a.kind != b.kind || a.kind == CEL_TIMESTAMP)
		return cel_no_overload(r, b);
	switch ((enum cel_kind)a.kind) {
	case CEL_DOUBLE:
		return cel_double(a.d + b.d);
	case CEL_UINT:
		return uint_or_overflow(r, __builtin_add_overflow(a.u, b.u, &u), &u);
	case CEL_INT:
	case CEL_DURATION:
		return int_or_overflow(r, a.kind, __builtin_add_overflow(a.i, b.i, &i), &i);
	default:
		return join(r, a, b);
	}
}

static cel_value subtract_times(struct cel_run *r, cel_value a, cel_value b)
{
	int64_t sec, nanos;

	if (__builtin_sub_overflow(a.time.sec, b.time.sec, &sec) ||
	    __builtin_mul_overflow(sec, second, &nanos) ||
	    __builtin_add_overflow(nanos, (int64_t)a.time.nanos - b.time.nanos, &nanos))
		return overflow(r, CEL_INT);
	return cel_duration(nanos);
}

cel_value cel_standard_add(struct cel_run *r, cel_value a, cel_value b)
{
	return add(r, (cel_value[]){ a, b }, 2);
}

static cel_value subtract(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value a = v[0], b = v[1];
	int64_t i = 0;
	uint64_t u = 0;
	(void)n;

	if (a.kind == CEL_TIMESTAMP && b.kind == CEL_DURATION)
		return b.i == INT64_MIN ? overflow(r, CEL_INT) : add_time(r, a, -b.i);
	if (a.kind != b.kind)
		return cel_no_overload(r, b);
	switch ((enum cel_kind)a.kind) {
	case CEL_TIMESTAMP:
		return subtract_times(r, a, b);
	case CEL_DOUBLE:
		return cel_double(a.d - b.d);
	case CEL_UINT:
		return uint_or_overflow(r, __builtin_sub_overflow(a.u, b.u, &u), &u);
	default:
		return int_or_overflow(r, a.kind, __builtin_sub_overflow(a.i, b.i, &i), &i);
	}
}

static cel_value multiply(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value a = v[0], b = v[1];
	int64_t i = 0;
	uint64_t u = 0;
	(void)n;

	if (a.kind != b.kind)
		return cel_no_overload(r, b);
	if (a.kind == CEL_DOUBLE)
		return cel_double(a.d * b.d);
	if (a.kind == CEL_UINT)
		return uint_or_overflow(r, __builtin_mul_overflow(a.u, b.u, &u), &u);
	return int_or_overflow(r, CEL_INT, __builtin_mul_overflow(a.i, b.i, &i), &i);
}

static cel_value divide(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value a = v[0], b = v[1];
	(void)n;

	if (a.kind != b.kind)
		return cel_no_overload(r, b);
	if (a.kind == CEL_DOUBLE)
		return cel_double(a.d / b.d);
	if (b.u == 0)
		return cel_fault(r, "division by zero");
	if (a.kind == CEL_UINT)
		return cel_uint(a.u / b.u);
	return a.i == INT64_MIN && b.i == -1 ? overflow(r, CEL_INT) : cel_int(a.i / b.i);
}

static cel_value modulo(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value a = v[0], b = v[1];
	(void)n;

	if (a.kind != b.kind)
		return cel_no_overload(r, b);
	if (b.u == 0)
		return cel_fault(r, "modulus by zero");
	if (a.kind == CEL_UINT)
		return cel_uint(a.u % b.u);
	return a.i == INT64_MIN && b.i == -1 ? overflow(r, CEL_INT) : cel_int(a.i % b.i);
}

static cel_value negate(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value a = v[0];
	(void)n;

	if (a.kind == CEL_DOUBLE)
		return cel_double(-a.d);
	if (a.kind == CEL_BOOL)
		return cel_no_overload(r, a);
	if (a.i == INT64_MIN)
		return overflow(r, CEL_INT);
	a.i = -a.i;
	return a;
}

static cel_value not(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	return v[0].kind == CEL_BOOL ? cel_bool(!v[0].b) : cel_no_overload(r, v[0]);
}

/* ---- comparisons ------------------------------------------------------- */

static cel_value less(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value c = cel_compare(r, v[0], v[1]);
	(void)n;

	return cel_is_fault(c) ? c : cel_bool(c.i < 0);
}

static cel_value less_equals(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value c = cel_compare(r, v[0], v[1]);
	(void)n;

	return cel_is_fault(c) ? c : cel_bool(c.i <= 0);
}

static cel_value greater(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value c = cel_compare(r, v[0], v[1]);
	(void)n;

	return cel_is_fault(c) ? c : cel_bool(c.i > 0);
}

static cel_value greater_equals(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value c = cel_compare(r, v[0], v[1]);
	(void)n;

	return cel_is_fault(c) ? c : cel_bool(c.i >= 0);
}

static cel_value in(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value found;
	(void)n;

	if (v[1].kind == CEL_LIST)
		return cel_list_contains(r, v[1], v[0]);
	if (v[1].kind != CEL_MAP)
		return cel_no_overload(r, v[1]);
	if (!cel_map_find(r, v[1], v[0], &found))
		return cel_bool(false);
	return cel_decl_of(v[1]) && cel_is_fault(found) ? found : cel_bool(true);
}

static cel_value size(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	if (v[0].kind == CEL_STRING && !cel_run_work(r, v[0].s.n / 64))
		return CEL_NULL_VALUE;
	return cel_int((int64_t)cel_size(v[0], false));
}

static cel_value not_strictly_false(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return v[0].kind == CEL_BOOL ? v[0] : cel_bool(true);
}

/* The operators that the evaluator has itself come here only when called as
 * functions, which they cannot be. */
static cel_value nothing(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)v;
	(void)n;
	return cel_fault(r, "no such overload");
}

/* ---- texts ------------------------------------------------------------- */

static bool two_strings(struct cel_run *r, const cel_value *v, cel_value *fault)
{
	for (size_t i = 0; i < 2; i++)
		if (v[i].kind != CEL_STRING) {
			*fault = cel_no_overload(r, v[i]);
			return false;
		}
	return cel_run_work(r, (v[0].s.n + v[1].s.n) / 16);
}

static cel_value contains(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value fault = CEL_NULL_VALUE;
	(void)n;

	return two_strings(r, v, &fault) ? cel_bool(str_has(v[0].s, v[1].s)) : fault;
}

static cel_value starts_with(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value fault = CEL_NULL_VALUE;
	(void)n;

	return two_strings(r, v, &fault) ? cel_bool(str_starts(v[0].s, v[1].s)) : fault;
}

static cel_value ends_with(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value fault = CEL_NULL_VALUE;
	(void)n;

	return two_strings(r, v, &fault) ? cel_bool(str_ends(v[0].s, v[1].s)) : fault;
}

static cel_value matches(struct cel_run *r, const cel_value *v, size_t n)
{
	struct arena_mark mark = arena_mark(r->a);
	const struct regex *re;
	(void)n;

	if (v[1].kind != CEL_STRING)
		return cel_no_overload(r, v[1]);
	if (!cel_run_work(r, v[1].s.n * 4))
		return CEL_NULL_VALUE;
	err *e = regex_compile(r->a, v[1].s, &re);

	if (e)
		return cel_fault_err(r, e);
	bool found = cel_run_pattern(r, re, v[0].s) && regex_test(re, v[0].s);

	arena_rewind(r->a, mark);
	return cel_bool(found);
}

/* ---- conversions ------------------------------------------------------- */

static cel_value same(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return v[0];
}

#define CONVERSION(name, kind)                                                          \
	static cel_value name(struct cel_run *r, const cel_value *v, size_t n)          \
	{                                                                               \
		(void)n;                                                                \
		return cel_convert(r, v[0], kind);                                      \
	}

CONVERSION(to_bool, CEL_BOOL)
CONVERSION(to_bytes, CEL_BYTES)
CONVERSION(to_double, CEL_DOUBLE)
CONVERSION(to_duration, CEL_DURATION)
CONVERSION(to_int, CEL_INT)
CONVERSION(to_string, CEL_STRING)
CONVERSION(to_timestamp, CEL_TIMESTAMP)
CONVERSION(to_type, CEL_TYPE)
CONVERSION(to_uint, CEL_UINT)

/* ---- tables ------------------------------------------------------------ */

static const struct cel_type type_of_a = {
	.kind = CEL_TYPE, .n = 1, .name = { "type", 4 }, .params = { T_A },
};
static const struct cel_type optional_a = {
	.kind = CEL_OPTIONAL, .n = 1, .name = { "optional_type", 13 }, .params = { T_A },
};
static const struct cel_type optional_b = {
	.kind = CEL_OPTIONAL, .n = 1, .name = { "optional_type", 13 }, .params = { T_B },
};
static const struct cel_type optional_list_a = {
	.kind = CEL_OPTIONAL, .n = 1, .name = { "optional_type", 13 }, .params = { T_LIST_A },
};
static const struct cel_type optional_map_ab = {
	.kind = CEL_OPTIONAL, .n = 1, .name = { "optional_type", 13 }, .params = { T_MAP_AB },
};

static const struct cel_overload o_not[] = { OVER("logical_not", T_BOOL, T_BOOL) };
static const struct cel_overload o_negate[] = {
	OVER("negate_double", T_DOUBLE, T_DOUBLE),
	OVER("negate_int64", T_INT, T_INT),
};
static const struct cel_overload o_in[] = {
	OVER("in_list", T_BOOL, T_A, T_LIST_A),
	OVER("in_map", T_BOOL, T_A, T_MAP_AB),
};
static const struct cel_overload o_not_strictly_false[] = {
	UNARY(not_strictly_false, "not_strictly_false", T_BOOL, T_BOOL),
};
static const struct cel_overload o_equals[] = { OVER("equals", T_BOOL, T_A, T_A) };
static const struct cel_overload o_not_equals[] = { OVER("not_equals", T_BOOL, T_A, T_A) };
static const struct cel_overload o_and[] = { OVER("logical_and", T_BOOL, T_BOOL, T_BOOL) };
static const struct cel_overload o_or[] = { OVER("logical_or", T_BOOL, T_BOOL, T_BOOL) };
static const struct cel_overload o_conditional[] = {
	OVER("conditional", T_A, T_BOOL, T_A, T_A),
};
static const struct cel_overload o_modulo[] = {
	OVER("modulo_int64", T_INT, T_INT, T_INT),
	OVER("modulo_uint64", T_UINT, T_UINT, T_UINT),
};
static const struct cel_overload o_multiply[] = {
	OVER("multiply_double", T_DOUBLE, T_DOUBLE, T_DOUBLE),
	OVER("multiply_int64", T_INT, T_INT, T_INT),
	OVER("multiply_uint64", T_UINT, T_UINT, T_UINT),
};
static const struct cel_overload o_divide[] = {
	OVER("divide_double", T_DOUBLE, T_DOUBLE, T_DOUBLE),
	OVER("divide_int64", T_INT, T_INT, T_INT),
	OVER("divide_uint64", T_UINT, T_UINT, T_UINT),
};
static const struct cel_overload o_add[] = {
	OVER("add_bytes", T_BYTES, T_BYTES, T_BYTES),
	OVER("add_double", T_DOUBLE, T_DOUBLE, T_DOUBLE),
	OVER("add_duration_duration", T_DURATION, T_DURATION, T_DURATION),
	OVER("add_duration_timestamp", T_TIMESTAMP, T_DURATION, T_TIMESTAMP),
	OVER("add_timestamp_duration", T_TIMESTAMP, T_TIMESTAMP, T_DURATION),
	OVER("add_int64", T_INT, T_INT, T_INT),
	OVER("add_list", T_LIST_A, T_LIST_A, T_LIST_A),
	OVER("add_string", T_STRING, T_STRING, T_STRING),
	OVER("add_uint64", T_UINT, T_UINT, T_UINT),
};
static const struct cel_overload o_subtract[] = {
	OVER("subtract_double", T_DOUBLE, T_DOUBLE, T_DOUBLE),
	OVER("subtract_duration_duration", T_DURATION, T_DURATION, T_DURATION),
	OVER("subtract_int64", T_INT, T_INT, T_INT),
	OVER("subtract_timestamp_duration", T_TIMESTAMP, T_TIMESTAMP, T_DURATION),
	OVER("subtract_timestamp_timestamp", T_DURATION, T_TIMESTAMP, T_TIMESTAMP),
	OVER("subtract_uint64", T_UINT, T_UINT, T_UINT),
};

#define ORDER(name)                                                                        \
	{                                                                                  \
		OVER(name "_bool", T_BOOL, T_BOOL, T_BOOL),                                \
		OVER(name "_int64", T_BOOL, T_INT, T_INT),                                 \
		OVER(name "_int64_double", T_BOOL, T_INT, T_DOUBLE),                       \
		OVER(name "_int64_uint64", T_BOOL, T_INT, T_UINT),                         \
		OVER(name "_uint64", T_BOOL, T_UINT, T_UINT),                              \
		OVER(name "_uint64_double", T_BOOL, T_UINT, T_DOUBLE),                     \
		OVER(name "_uint64_int64", T_BOOL, T_UINT, T_INT),                         \
		OVER(name "_double", T_BOOL, T_DOUBLE, T_DOUBLE),                          \
		OVER(name "_double_int64", T_BOOL, T_DOUBLE, T_INT),                       \
		OVER(name "_double_uint64", T_BOOL, T_DOUBLE, T_UINT),                     \
		OVER(name "_string", T_BOOL, T_STRING, T_STRING),                          \
		OVER(name "_bytes", T_BOOL, T_BYTES, T_BYTES),                             \
		OVER(name "_timestamp", T_BOOL, T_TIMESTAMP, T_TIMESTAMP),                 \
		OVER(name "_duration", T_BOOL, T_DURATION, T_DURATION),                    \
	}

static const struct cel_overload o_less[] = ORDER("less");
static const struct cel_overload o_less_equals[] = ORDER("less_equals");
static const struct cel_overload o_greater[] = ORDER("greater");
static const struct cel_overload o_greater_equals[] = ORDER("greater_equals");

static const struct cel_overload o_index[] = {
	OVER("index_list", T_A, T_LIST_A, T_INT),
	OVER("index_map", T_B, T_MAP_AB, T_A),
	OVER("optional_list_index_int", &optional_a, &optional_list_a, T_INT),
	OVER("optional_map_index_value", &optional_b, &optional_map_ab, T_A),
};
static const struct cel_overload o_opt_index[] = {
	OVER("list_optindex_optional_int", &optional_a, T_LIST_A, T_INT),
	OVER("optional_list_optindex_optional_int", &optional_a, &optional_list_a, T_INT),
	OVER("map_optindex_optional_value", &optional_b, T_MAP_AB, T_A),
	OVER("optional_map_optindex_optional_value", &optional_b, &optional_map_ab, T_A),
};
static const struct cel_overload o_opt_select[] = {
	OVER("select_optional_field", &optional_a, T_DYN, T_STRING),
};

static const struct cel_overload o_bool[] = {
	UNARY(same, "bool_to_bool", T_BOOL, T_BOOL),
	UNARY(to_bool, "string_to_bool", T_BOOL, T_STRING),
};
static const struct cel_overload o_bytes[] = {
	UNARY(same, "bytes_to_bytes", T_BYTES, T_BYTES),
	UNARY(to_bytes, "string_to_bytes", T_BYTES, T_STRING),
};
static const struct cel_overload o_double[] = {
	UNARY(same, "double_to_double", T_DOUBLE, T_DOUBLE),
	UNARY(to_double, "int64_to_double", T_DOUBLE, T_INT),
	UNARY(to_double, "string_to_double", T_DOUBLE, T_STRING),
	UNARY(to_double, "uint64_to_double", T_DOUBLE, T_UINT),
};
static const struct cel_overload o_duration[] = {
	UNARY(same, "duration_to_duration", T_DURATION, T_DURATION),
	UNARY(to_duration, "int64_to_duration", T_DURATION, T_INT),
	UNARY(to_duration, "string_to_duration", T_DURATION, T_STRING),
};
static const struct cel_overload o_dyn[] = { OVER("to_dyn", T_DYN, T_A) };
static const struct cel_overload o_int[] = {
	UNARY(same, "int64_to_int64", T_INT, T_INT),
	UNARY(to_int, "double_to_int64", T_INT, T_DOUBLE),
	UNARY(to_int, "duration_to_int64", T_INT, T_DURATION),
	UNARY(to_int, "string_to_int64", T_INT, T_STRING),
	UNARY(to_int, "timestamp_to_int64", T_INT, T_TIMESTAMP),
	UNARY(to_int, "uint64_to_int64", T_INT, T_UINT),
};
static const struct cel_overload o_string[] = {
	UNARY(same, "string_to_string", T_STRING, T_STRING),
	UNARY(to_string, "bool_to_string", T_STRING, T_BOOL),
	UNARY(to_string, "bytes_to_string", T_STRING, T_BYTES),
	UNARY(to_string, "double_to_string", T_STRING, T_DOUBLE),
	UNARY(to_string, "duration_to_string", T_STRING, T_DURATION),
	UNARY(to_string, "int64_to_string", T_STRING, T_INT),
	UNARY(to_string, "timestamp_to_string", T_STRING, T_TIMESTAMP),
	UNARY(to_string, "uint64_to_string", T_STRING, T_UINT),
	CODE(CEL_IN_KUBERNETES, false, CEL_UNARY, to_string, "ip_to_string", T_STRING, T_IP),
	CODE(CEL_IN_KUBERNETES, false, CEL_UNARY, to_string, "cidr_to_string", T_STRING, T_CIDR),
};
static const struct cel_overload o_timestamp[] = {
	UNARY(same, "timestamp_to_timestamp", T_TIMESTAMP, T_TIMESTAMP),
	UNARY(to_timestamp, "int64_to_timestamp", T_TIMESTAMP, T_INT),
	UNARY(to_timestamp, "string_to_timestamp", T_TIMESTAMP, T_STRING),
};
static const struct cel_overload o_type[] = { OVER("type", &type_of_a, T_A) };
static const struct cel_overload o_uint[] = {
	UNARY(same, "uint64_to_uint64", T_UINT, T_UINT),
	UNARY(to_uint, "double_to_uint64", T_UINT, T_DOUBLE),
	UNARY(to_uint, "int64_to_uint64", T_UINT, T_INT),
	UNARY(to_uint, "string_to_uint64", T_UINT, T_STRING),
};

static const struct cel_overload o_contains[] = {
	BINARY_MEMBER(contains, "contains_string", T_BOOL, T_STRING, T_STRING),
};
static const struct cel_overload o_ends_with[] = {
	BINARY_MEMBER(ends_with, "ends_with_string", T_BOOL, T_STRING, T_STRING),
};
static const struct cel_overload o_starts_with[] = {
	BINARY_MEMBER(starts_with, "starts_with_string", T_BOOL, T_STRING, T_STRING),
};
static const struct cel_overload o_matches[] = {
	OVER("matches", T_BOOL, T_STRING, T_STRING),
	MEMBER("matches_string", T_BOOL, T_STRING, T_STRING),
};
static const struct cel_overload o_size[] = {
	OVER("size_bytes", T_INT, T_BYTES),   MEMBER("bytes_size", T_INT, T_BYTES),
	OVER("size_list", T_INT, T_LIST_A),   MEMBER("list_size", T_INT, T_LIST_A),
	OVER("size_map", T_INT, T_MAP_AB),    MEMBER("map_size", T_INT, T_MAP_AB),
	OVER("size_string", T_INT, T_STRING), MEMBER("string_size", T_INT, T_STRING),
};

#define UNGUARDED(called, list) \
	{ .name = called, .in = CEL_IN_ALL, .unguarded = true, .n = COUNT(list), .overloads = list }

static const struct cel_function functions[] = {
	SINGLE("!_", o_not, CEL_UNARY, 0, not),
	SINGLE("-_", o_negate, CEL_UNARY, CEL_NEGATER, negate),
	SINGLE("@in", o_in, CEL_BINARY, 0, in),
	{ .name = "@not_strictly_false", .in = CEL_IN_ALL, .non_strict = true, .n = 1,
	  .overloads = o_not_strictly_false },
	SINGLE("_!=_", o_not_equals, CEL_BINARY, 0, nothing),
	SINGLE("_%_", o_modulo, CEL_BINARY, CEL_MODDER, modulo),
	SINGLE("_&&_", o_and, CEL_BINARY, 0, nothing),
	SINGLE("_*_", o_multiply, CEL_BINARY, CEL_MULTIPLIER, multiply),
	SINGLE("_+_", o_add, CEL_BINARY, CEL_ADDER, add),
	SINGLE("_-_", o_subtract, CEL_BINARY, CEL_SUBTRACTOR, subtract),
	SINGLE("_/_", o_divide, CEL_BINARY, CEL_DIVIDER, divide),
	SINGLE("_<=_", o_less_equals, CEL_BINARY, CEL_COMPARER, less_equals),
	SINGLE("_<_", o_less, CEL_BINARY, CEL_COMPARER, less),
	SINGLE("_==_", o_equals, CEL_BINARY, 0, nothing),
	SINGLE("_>=_", o_greater_equals, CEL_BINARY, CEL_COMPARER, greater_equals),
	SINGLE("_>_", o_greater, CEL_BINARY, CEL_COMPARER, greater),
	SINGLE("_?._", o_opt_select, CEL_BINARY, 0, nothing),
	SINGLE("_?_:_", o_conditional, CEL_VARIADIC, 0, nothing),
	SINGLE("_[?_]", o_opt_index, CEL_BINARY, 0, nothing),
	SINGLE("_[_]", o_index, CEL_BINARY, CEL_INDEXER, nothing),
	SINGLE("_||_", o_or, CEL_BINARY, 0, nothing),
	FUNCTION("bool", o_bool),
	FUNCTION("bytes", o_bytes),
	UNGUARDED("contains", o_contains),
	FUNCTION("double", o_double),
	FUNCTION("duration", o_duration),
	SINGLE("dyn", o_dyn, CEL_UNARY, 0, same),
	UNGUARDED("endsWith", o_ends_with),
	FUNCTION("int", o_int),
	SINGLE("matches", o_matches, CEL_BINARY, CEL_MATCHER, matches),
	SINGLE("size", o_size, CEL_UNARY, CEL_SIZER, size),
	UNGUARDED("startsWith", o_starts_with),
	FUNCTION("string", o_string),
	FUNCTION("timestamp", o_timestamp),
	SINGLE("type", o_type, CEL_UNARY, 0, to_type),
	FUNCTION("uint", o_uint),
};

const struct cel_function_table cel_func_standard = { functions, COUNT(functions) };
