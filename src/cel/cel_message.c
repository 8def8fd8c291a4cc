/* The messages of protobuf that expressions can name: those with a meaning
 * of their own. */
#include "cel/cel_check.h"
#include "cel/cel_eval.h"

static const struct {
	const char *message, *field;
	enum cel_kind kind;
} known[] = {
	{ "Any", "type_url", CEL_STRING },	{ "Any", "value", CEL_BYTES },
	{ "BoolValue", "value", CEL_BOOL },	{ "BytesValue", "value", CEL_BYTES },
	{ "DoubleValue", "value", CEL_DOUBLE }, { "Duration", "nanos", CEL_INT },
	{ "Duration", "seconds", CEL_INT },	{ "FloatValue", "value", CEL_DOUBLE },
	{ "Int32Value", "value", CEL_INT },	{ "Int64Value", "value", CEL_INT },
	{ "ListValue", "values", CEL_LIST },	{ "StringValue", "value", CEL_STRING },
	{ "Struct", "fields", CEL_MAP },	{ "Timestamp", "nanos", CEL_INT },
	{ "Timestamp", "seconds", CEL_INT },	{ "UInt32Value", "value", CEL_UINT },
	{ "UInt64Value", "value", CEL_UINT },	{ "Value", "bool_value", CEL_BOOL },
	{ "Value", "list_value", CEL_LIST },	{ "Value", "null_value", CEL_INT },
	{ "Value", "number_value", CEL_DOUBLE }, { "Value", "string_value", CEL_STRING },
	{ "Value", "struct_value", CEL_MAP },
};

static const struct cel_type string_map = {
	.kind = CEL_MAP, .n = 2, .bare = true, .name = { "map", 3 },
	.params = { &cel_types[CEL_STRING], &cel_types[CEL_DYN] },
};

bool cel_message_exists(str message)
{
	if (!str_take_str(&message, S("google.protobuf.")))
		return false;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_eq(str_c(known[i].message), message))
			return true;
	return str_eq(message, S("Empty"));
}

const struct cel_type *cel_message_field(str message, str field)
{
	if (!str_take_str(&message, S("google.protobuf.")))
		return NULL;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_eq(str_c(known[i].message), message) && str_eq(str_c(known[i].field), field))
			return known[i].kind == CEL_MAP ? &string_map : &cel_types[known[i].kind];
	return NULL;
}

/* ---- making one -------------------------------------------------------- */

static const cel_value *find_field(const char *name, const str *fields, const cel_value *values, size_t n)
{
	for (size_t i = n; i > 0; i--)
		if (str_eq(str_c(name), fields[i - 1]))
			return &values[i - 1];
	return NULL;
}

static int64_t int_field(const char *name, const str *fields, const cel_value *values, size_t n)
{
	const cel_value *v = find_field(name, fields, values, n);

	return v && v->kind == CEL_INT ? v->i : 0;
}

/* A value that holds one of several: the last that is set. */
static cel_value any_value(const str *fields, const cel_value *values, size_t n)
{
	if (!n || str_eq(fields[n - 1], S("null_value")))
		return CEL_NULL_VALUE;
	return values[n - 1];
}

static cel_value zero_of(struct cel_run *r, enum cel_kind kind)
{
	if (kind == CEL_LIST)
		return cel_list_new(r, 0);
	if (kind == CEL_MAP)
		return cel_map_new(r, 0);
	return (cel_value){ .kind = (uint8_t)kind };
}

/* A wrapper: its one field, or the zero of it. */
static cel_value only_field(struct cel_run *r, str message, const str *fields, const cel_value *values,
			    size_t n)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (!str_eq(str_c(known[i].message), message))
			continue;
		const cel_value *v = find_field(known[i].field, fields, values, n);
		bool small = str_ends(message, S("32Value"));

		if (!v || v->kind == CEL_NULL)
			return zero_of(r, known[i].kind);
		if (str_eq(message, S("FloatValue")))
			return cel_double((double)(float)v->d);
		if (small && v->kind == CEL_INT && v->i != (int32_t)v->i)
			return cel_fault(r, "integer overflow");
		if (small && v->kind == CEL_UINT && v->u != (uint32_t)v->u)
			return cel_fault(r, "unsigned integer overflow");
		return *v;
	}
	return CEL_NULL_VALUE;
}

cel_value cel_message_new(struct cel_run *r, str name, const str *fields, const cel_value *values,
			  size_t n)
{
	if (!str_take_str(&name, S("google.protobuf.")))
		return cel_made_value(r, name, fields, values, n);
	if (str_eq(name, S("Value")))
		return any_value(fields, values, n);
	if (str_eq(name, S("Any")) || str_eq(name, S("Empty")))
		return cel_fault(r, "unsupported conversion to ref.Val: (google.protobuf.%.*s)",
				 STR_ARG(name));
	int64_t seconds = int_field("seconds", fields, values, n);
	int64_t nanos = int_field("nanos", fields, values, n);

	if (str_eq(name, S("Timestamp"))) {
		cel_value t = { .kind = CEL_TIMESTAMP };

		t.time.sec = seconds + nanos / 1000000000 - (nanos % 1000000000 < 0);
		t.time.nanos = (int32_t)((nanos % 1000000000 + 1000000000) % 1000000000);
		return t;
	}
	if (str_eq(name, S("Duration"))) {
		int64_t d;

		if (__builtin_mul_overflow(seconds, 1000000000, &d) ||
		    __builtin_add_overflow(d, nanos, &d))
			d = seconds < 0 ? INT64_MIN : INT64_MAX;
		return cel_duration(d);
	}
	return only_field(r, name, fields, values, n);
}
