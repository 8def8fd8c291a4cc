/* The lists libraries of Kubernetes and of cel-go, its sets library, and
 * what two-variable comprehensions are made of. */
#include "base/sort.h"
#include "cel/cel_func_impl.h"
#include "cel/cel_standard.h"

/* ---- order and sums ---------------------------------------------------- */

static bool is_comparable(cel_value v)
{
	return cel_traits(v) & CEL_COMPARER;
}

static cel_value is_sorted(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value before = CEL_NULL_VALUE;
	(void)n;

	for (size_t i = 0; i < cel_list_n(v[0]) && cel_run_work(r, 1); i++) {
		cel_value item = cel_list_at(r, v[0], i);

		if (!is_comparable(item))
			return cel_no_overload(r, item);
		if (i) {
			cel_value c = cel_compare(r, before, item);

			if (c.kind == CEL_INT && c.i > 0)
				return cel_bool(false);
		}
		before = item;
	}
	return cel_bool(true);
}

static cel_value sum_from(struct cel_run *r, cel_value list, cel_value sum)
{
	for (size_t i = 0; i < cel_list_n(list) && cel_run_work(r, 1); i++) {
		cel_value item = cel_list_at(r, list, i);

		if (!(cel_traits(item) & CEL_ADDER))
			return cel_no_overload(r, item);
		sum = cel_standard_add(r, sum, item);
		if (cel_is_fault(sum))
			return sum;
	}
	return sum;
}

static cel_value sum_int(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	return sum_from(r, v[0], cel_int(0));
}

static cel_value sum_uint(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	return sum_from(r, v[0], cel_uint(0));
}

static cel_value sum_double(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	return sum_from(r, v[0], cel_double(0));
}

static cel_value sum_duration(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	return sum_from(r, v[0], cel_duration(0));
}

/* The first item that no other is `prefer` of. */
static cel_value best(struct cel_run *r, cel_value list, int prefer, const char *name)
{
	cel_value found = CEL_NULL_VALUE;

	for (size_t i = 0; i < cel_list_n(list) && cel_run_work(r, 1); i++) {
		cel_value item = cel_list_at(r, list, i);

		if (!is_comparable(item))
			return cel_no_overload(r, item);
		cel_value c = i ? cel_compare(r, found, item) : cel_int(prefer);

		if (c.kind == CEL_INT && c.i == prefer)
			found = item;
	}
	if (!cel_list_n(list))
		return cel_fault(r, "%s called on empty list", name);
	return found;
}

static cel_value min(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	return best(r, v[0], 1, "min");
}

static cel_value max(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	return best(r, v[0], -1, "max");
}

/* ---- new lists from old ------------------------------------------------ */

static cel_value slice(struct cel_run *r, const cel_value *v, size_t n)
{
	long long start = v[1].i, end = v[2].i;
	(void)n;

	if (start < 0 || end < 0)
		return cel_fault(r, "cannot slice(%lld, %lld), negative indexes not supported", start,
				 end);
	if (start > end)
		return cel_fault(r,
				 "cannot slice(%lld, %lld), start index must be less than or equal to "
				 "end index",
				 start, end);
	if (cel_list_n(v[0]) < (size_t)end)
		return cel_fault(r, "cannot slice(%lld, %lld), list is length %zu", start, end,
				 cel_list_n(v[0]));
	cel_value out = cel_list_new(r, (size_t)(end - start));

	for (long long i = start; i < end && !r->stopped; i++)
		cel_list_push(r, &out, cel_list_at(r, v[0], (size_t)i));
	return out;
}

static void flatten_to(struct cel_run *r, cel_value list, int64_t depth, cel_value *out)
{
	if (++r->depth > CEL_VALUE_DEPTH_MAX) {
		cel_run_stop(r, "operation cancelled: values nest too deep");
		return;
	}
	for (size_t i = 0; i < cel_list_n(list) && cel_run_work(r, 1); i++) {
		cel_value item = cel_list_at(r, list, i);

		if (item.kind == CEL_LIST && depth > 0)
			flatten_to(r, item, depth - 1, out);
		else
			cel_list_push(r, out, item);
	}
	r->depth--;
}

static cel_value flatten(struct cel_run *r, const cel_value *v, size_t n)
{
	int64_t depth = n > 1 ? v[1].i : 1;
	cel_value out;

	if (v[0].kind != CEL_LIST || (n > 1 && v[1].kind != CEL_INT))
		return cel_fault(r, "no such overload: %.*s.flatten(%.*s)",
				 STR_ARG(cel_value_type_name(v[0])),
				 STR_ARG(n > 1 ? cel_value_type_name(v[1]) : S("")));
	if (depth < 0)
		return cel_fault(r, "level must be non-negative");
	out = cel_list_new(r, cel_list_n(v[0]));
	flatten_to(r, v[0], depth, &out);
	return out;
}

struct sorted {
	cel_value key, item;
};

struct sorting {
	struct cel_run *r;
	uint8_t kind;
	bool mixed;
};

static int by_key(const void *x, const void *y, void *ctx)
{
	const struct sorted *a = x, *b = y;
	struct sorting *s = ctx;

	if (a->key.kind != s->kind || b->key.kind != s->kind) {
		s->mixed = true;
		return 0;
	}
	if (!cel_run_work(s->r, 1))
		return 0;
	cel_value c = cel_compare(s->r, a->key, b->key);

	return c.kind == CEL_INT ? (int)c.i : 0;
}

static cel_value sort_by_keys(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value list = v[0], keys = v[1];
	size_t count = cel_list_n(list);
	(void)n;

	if (count != cel_list_n(keys))
		return cel_fault(r,
				 "@sortByAssociatedKeys() expected a list of the same size as the "
				 "associated keys list, but got %zu and %zu elements respectively",
				 count, cel_list_n(keys));
	if (!count || !cel_run_work(r, count))
		return list;
	struct sorting s = { .r = r, .kind = cel_list_at(r, keys, 0).kind };
	struct sorted *all = arena_array(r->a, struct sorted, count);

	if (!is_comparable(cel_list_at(r, keys, 0)))
		return cel_fault(r, "list elements must be comparable");
	for (size_t i = 0; i < count; i++)
		all[i] = (struct sorted){ cel_list_at(r, keys, i), cel_list_at(r, list, i) };
	sort_stable(all, count, sizeof *all, by_key, &s);
	if (s.mixed)
		return cel_fault(r, "list elements must have the same type");
	cel_value out = cel_list_new(r, count);

	for (size_t i = 0; i < count; i++)
		cel_list_push(r, &out, all[i].item);
	return out;
}

static cel_value sort(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	return sort_by_keys(r, (cel_value[]){ v[0], v[0] }, 2);
}

/* Longer ranges cost more than any limit. */
enum { RANGE_MAX = 4000000 };

static cel_value range(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value out = cel_list_new(r, 0);
	(void)n;

	if (v[0].i > RANGE_MAX)
		cel_run_stop(r, "operation cancelled: too many steps");
	for (int64_t i = 0; i < v[0].i && !r->stopped; i++)
		cel_list_push(r, &out, cel_int(i));
	return out;
}

static cel_value distinct(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value out = cel_list_new(r, 0);
	(void)n;

	if (!cel_list_n(v[0]))
		return v[0];
	for (size_t i = 0; i < cel_list_n(v[0]) && !r->stopped; i++) {
		cel_value item = cel_list_at(r, v[0], i);
		bool seen = false;

		for (size_t k = 0; k < cel_list_n(out) && !seen && !r->stopped; k++)
			seen = cel_is_true(cel_equal(r, item, cel_list_at(r, out, k)));
		if (!seen)
			cel_list_push(r, &out, item);
	}
	return out;
}

/* ---- sets -------------------------------------------------------------- */

static cel_value sets_contains(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	for (size_t i = 0; i < cel_list_n(v[1]) && !r->stopped; i++) {
		cel_value there = cel_list_contains(r, v[0], cel_list_at(r, v[1], i));

		if (!cel_is_true(there))
			return there;
	}
	return cel_bool(true);
}

static cel_value sets_equivalent(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value there = sets_contains(r, v, n);

	if (!cel_is_true(there))
		return there;
	return sets_contains(r, (cel_value[]){ v[1], v[0] }, n);
}

static cel_value sets_intersects(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	for (size_t i = 0; i < cel_list_n(v[0]) && !r->stopped; i++)
		if (cel_is_true(cel_list_contains(r, v[1], cel_list_at(r, v[0], i))))
			return cel_bool(true);
	return cel_bool(false);
}

/* ---- maps that grow ---------------------------------------------------- */

/* The map is an accumulator, which nobody else sees: it is changed. */
static cel_value insert(struct cel_run *r, cel_value map, cel_value key, cel_value value)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	cel_value there;

	if (!cel_map_find(r, map, key, &there)) {
		cel_map_set(r, map, key, value);
		return map;
	}
	cel_print(r, &b, key);
	return cel_fault(r, "insert failed: key %.*s already exists", STR_ARG(buf_str(&b)));
}

static cel_value insert_pair(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	return insert(r, v[0], v[1], v[2]);
}

static cel_value insert_map(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value key, value, map = v[0];
	(void)n;

	for (size_t i = 0; i < cel_map_n(v[1]) && !r->stopped && !cel_is_fault(map); i++)
		if (cel_map_at(r, v[1], i, &key, &value))
			map = insert(r, map, key, value);
	return map;
}

/* ---- tables ------------------------------------------------------------ */

#define LIST_OF(called, type)                                                           \
	static const struct cel_type called = {                                         \
		.kind = CEL_LIST, .n = 1, .bare = true, .name = { "list", 4 },          \
		.params = { type },                                                     \
	}

LIST_OF(bools, T_BOOL);
LIST_OF(ints, T_INT);
LIST_OF(uints, T_UINT);
LIST_OF(doubles, T_DOUBLE);
LIST_OF(durations, T_DURATION);
LIST_OF(timestamps, T_TIMESTAMP);
LIST_OF(byteses, T_BYTES);

#define T_STRINGS (&cel_func_list_string)
#define T_LIST (&cel_types[CEL_LIST])

static const struct cel_overload o_is_sorted[] = {
	UNARY_MEMBER(is_sorted, "list_int_is_sorted_bool", T_BOOL, &ints),
	UNARY_MEMBER(is_sorted, "list_uint_is_sorted_bool", T_BOOL, &uints),
	UNARY_MEMBER(is_sorted, "list_double_is_sorted_bool", T_BOOL, &doubles),
	UNARY_MEMBER(is_sorted, "list_bool_is_sorted_bool", T_BOOL, &bools),
	UNARY_MEMBER(is_sorted, "list_duration_is_sorted_bool", T_BOOL, &durations),
	UNARY_MEMBER(is_sorted, "list_timestamp_is_sorted_bool", T_BOOL, &timestamps),
	UNARY_MEMBER(is_sorted, "list_string_is_sorted_bool", T_BOOL, T_STRINGS),
	UNARY_MEMBER(is_sorted, "list_bytes_is_sorted_bool", T_BOOL, &byteses),
};
static const struct cel_overload o_sum[] = {
	UNARY_MEMBER(sum_int, "list_int_sum_int", T_INT, &ints),
	UNARY_MEMBER(sum_uint, "list_uint_sum_uint", T_UINT, &uints),
	UNARY_MEMBER(sum_double, "list_double_sum_double", T_DOUBLE, &doubles),
	UNARY_MEMBER(sum_duration, "list_duration_sum_duration", T_DURATION, &durations),
};

#define EXTREME(code, name)                                                             \
	{                                                                               \
		UNARY_MEMBER(code, "list_int_" name "_int", T_INT, &ints),              \
		UNARY_MEMBER(code, "list_uint_" name "_uint", T_UINT, &uints),          \
		UNARY_MEMBER(code, "list_double_" name "_double", T_DOUBLE, &doubles),  \
		UNARY_MEMBER(code, "list_bool_" name "_bool", T_BOOL, &bools),          \
		UNARY_MEMBER(code, "list_duration_" name "_duration", T_DURATION,       \
			     &durations),                                               \
		UNARY_MEMBER(code, "list_timestamp_" name "_timestamp", T_TIMESTAMP,    \
			     &timestamps),                                              \
		UNARY_MEMBER(code, "list_string_" name "_string", T_STRING, T_STRINGS), \
		UNARY_MEMBER(code, "list_bytes_" name "_bytes", T_BYTES, &byteses),     \
	}

static const struct cel_overload o_max[] = EXTREME(max, "max");
static const struct cel_overload o_min[] = EXTREME(min, "min");

static const struct cel_overload o_slice[] = {
	ANY_MEMBER(slice, "list_slice", T_LIST_A, T_LIST_A, T_INT, T_INT),
};
static const struct cel_overload o_flatten[] = {
	UNARY_MEMBER(flatten, "list_flatten", T_LIST_A, &cel_func_list_list_a),
	BINARY_MEMBER(flatten, "list_flatten_int", T_LIST, T_LIST, T_INT),
};
static const struct cel_overload o_sort[] = {
	MEMBER("list_int_sort", &ints, &ints),
	MEMBER("list_uint_sort", &uints, &uints),
	MEMBER("list_double_sort", &doubles, &doubles),
	MEMBER("list_bool_sort", &bools, &bools),
	MEMBER("list_google.protobuf.Duration_sort", &durations, &durations),
	MEMBER("list_google.protobuf.Timestamp_sort", &timestamps, &timestamps),
	MEMBER("list_string_sort", T_STRINGS, T_STRINGS),
	MEMBER("list_bytes_sort", &byteses, &byteses),
};

#define SORT_BY(name, type) MEMBER("list_" name "_sortByAssociatedKeys", T_LIST_A, T_LIST_A, type)

static const struct cel_overload o_sort_by[] = {
	SORT_BY("int", &ints),
	SORT_BY("uint", &uints),
	SORT_BY("double", &doubles),
	SORT_BY("bool", &bools),
	SORT_BY("google.protobuf.Duration", &durations),
	SORT_BY("google.protobuf.Timestamp", &timestamps),
	SORT_BY("string", T_STRINGS),
	SORT_BY("bytes", &byteses),
};
static const struct cel_overload o_range[] = { UNARY(range, "lists_range", &ints, T_INT) };
static const struct cel_overload o_distinct[] = {
	UNARY_MEMBER(distinct, "list_distinct", T_LIST_A, T_LIST_A),
};

#define SETS(code, id) CODE(CEL_IN_ALL, false, CEL_BINARY, code, id, T_BOOL, T_LIST_A, T_LIST_A)

static const struct cel_overload o_contains[] = { SETS(sets_contains, "list_sets_contains_list") };
static const struct cel_overload o_equivalent[] = {
	SETS(sets_equivalent, "list_sets_equivalent_list"),
};
static const struct cel_overload o_intersects[] = {
	SETS(sets_intersects, "list_sets_intersects_list"),
};
static const struct cel_overload o_insert[] = {
	CODE(CEL_IN_ALL, false, CEL_VARIADIC, insert_pair, "@mapInsert_map_key_value", T_MAP_AB,
	     T_MAP_AB, T_A, T_B),
	CODE(CEL_IN_ALL, false, CEL_BINARY, insert_map, "@mapInsert_map_map", T_MAP_AB, T_MAP_AB,
	     T_MAP_AB),
};

#define KUBERNETES_SINGLE(called, list, how, code)                                      \
	{ .name = called, .in = CEL_IN_KUBERNETES, .n = COUNT(list), .overloads = list, \
	  .style = how, .trait = CEL_LISTER, .run = code }

static const struct cel_function functions[] = {
	KUBERNETES_SINGLE("@sortByAssociatedKeys", o_sort_by, CEL_BINARY, sort_by_keys),
	KUBERNETES_FUNCTION("cel.@mapInsert", o_insert),
	KUBERNETES_FUNCTION("distinct", o_distinct),
	{ .name = "flatten", .in = CEL_IN_KUBERNETES, .unguarded = true, .n = COUNT(o_flatten),
	  .overloads = o_flatten },
	KUBERNETES_FUNCTION("isSorted", o_is_sorted),
	KUBERNETES_FUNCTION("lists.range", o_range),
	KUBERNETES_FUNCTION("max", o_max),
	KUBERNETES_FUNCTION("min", o_min),
	FUNCTION("sets.contains", o_contains),
	FUNCTION("sets.equivalent", o_equivalent),
	FUNCTION("sets.intersects", o_intersects),
	KUBERNETES_FUNCTION("slice", o_slice),
	KUBERNETES_SINGLE("sort", o_sort, CEL_UNARY, sort),
	KUBERNETES_FUNCTION("sum", o_sum),
};

const struct cel_function_table cel_func_lists = { functions, COUNT(functions) };
