#include "cel/cel_value.h"

#include <math.h>

#include "base/fmt.h"
#include "base/utf8.h"
#include "cel/cel_kube.h"
#include "cel/cel_type.h"
#include "text/duration.h"
#include "text/gotime.h"
#include "text/number.h"
#include "text/regex.h"

/* ---- making ------------------------------------------------------------ */

cel_value cel_boxed(struct cel_run *r, enum cel_kind kind, struct cel_box box)
{
	struct cel_box *b = arena_alloc(r->a, sizeof *b);

	*b = box;
	return (cel_value){ .kind = (uint8_t)kind, .box = b };
}

cel_value cel_some(struct cel_run *r, cel_value v)
{
	return cel_boxed(r, CEL_OPTIONAL, (struct cel_box){ .value = v });
}

cel_value cel_fault(struct cel_run *r, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);
	va_list args;

	va_start(args, fmt);
	fmt_add(&b, fmt, args);
	va_end(args);
	return cel_boxed(r, CEL_FAULT, (struct cel_box){ .text = arena_str(r->a, buf_str(&b)) });
}

cel_value cel_no_overload(struct cel_run *r, cel_value v)
{
	return cel_is_fault(v) ? v : cel_fault(r, "no such overload");
}

cel_value cel_fault_err(struct cel_run *r, err *e)
{
	cel_value v = cel_fault(r, "%.*s", STR_ARG(err_text(e)));

	err_free(e);
	return v;
}

bool cel_run_pattern(struct cel_run *r, const struct regex *pattern, str text)
{
	return cel_run_work(r, 1 + text.n / 8 * (1 + regex_size(pattern)));
}

cel_value cel_text(struct cel_run *r, const struct buf *b)
{
	if (b->full)
		return cel_fault(r, "text is larger than %zu bytes", b->max);
	if (!cel_run_work(r, b->n / 16))
		return cel_fault(r, "%s", r->why);
	return cel_string(arena_str(r->a, buf_str(b)));
}

/* ---- asking ------------------------------------------------------------ */

static const struct {
	uint16_t traits;
	const char *go_type;
} kinds[] = {
	[CEL_NULL] = { 0, "types.Null" },
	[CEL_BOOL] = { CEL_COMPARER | CEL_NEGATER, "types.Bool" },
	[CEL_INT] = { CEL_ADDER | CEL_COMPARER | CEL_DIVIDER | CEL_MODDER | CEL_MULTIPLIER |
			      CEL_NEGATER | CEL_SUBTRACTOR,
		      "types.Int" },
	[CEL_UINT] = { CEL_ADDER | CEL_COMPARER | CEL_DIVIDER | CEL_MODDER | CEL_MULTIPLIER |
			       CEL_SUBTRACTOR,
		       "types.Uint" },
	[CEL_DOUBLE] = { CEL_ADDER | CEL_COMPARER | CEL_DIVIDER | CEL_MULTIPLIER | CEL_NEGATER |
				 CEL_SUBTRACTOR,
			 "types.Double" },
	[CEL_STRING] = { CEL_ADDER | CEL_COMPARER | CEL_MATCHER | CEL_RECEIVER | CEL_SIZER,
			 "types.String" },
	[CEL_BYTES] = { CEL_ADDER | CEL_COMPARER | CEL_SIZER, "types.Bytes" },
	[CEL_LIST] = { CEL_LISTER, "*types.baseList" },
	[CEL_MAP] = { CEL_CONTAINER | CEL_INDEXER | CEL_ITERABLE | CEL_SIZER, "*types.baseMap" },
	[CEL_TIMESTAMP] = { CEL_ADDER | CEL_COMPARER | CEL_RECEIVER | CEL_SUBTRACTOR,
			    "types.Timestamp" },
	[CEL_DURATION] = { CEL_ADDER | CEL_COMPARER | CEL_NEGATER | CEL_RECEIVER | CEL_SUBTRACTOR,
			   "types.Duration" },
	[CEL_TYPE] = { 0, "*types.Type" },
	[CEL_OPTIONAL] = { 0, "*types.Optional" },
	[CEL_QUANTITY] = { 0, "cel.Quantity" },
	[CEL_URL] = { 0, "cel.URL" },
	[CEL_IP] = { 0, "cel.IP" },
	[CEL_CIDR] = { 0, "cel.CIDR" },
	[CEL_FORMAT] = { 0, "cel.Format" },
	[CEL_SEMVER] = { 0, "cel.Semver" },
	[CEL_AUTHORIZER] = { 0, "library.authorizerVal" },
	[CEL_FAULT] = { 0, "*types.Err" },
	[CEL_UNKNOWN] = { 0, "*common.unknownPreserved" },
};

unsigned cel_traits(cel_value v)
{
	return kinds[v.kind].traits;
}

const char *cel_go_type(cel_value v)
{
	if (v.kind == CEL_QUANTITY && v.form == CEL_FORM_POINTER)
		return "*cel.Quantity";
	if (v.kind == CEL_LIST && v.form == CEL_FORM_CONCAT)
		return "*types.concatList";
	if (cel_decl_of(v))
		return v.kind == CEL_LIST ? "*common.unstructuredList" : "*common.unstructuredMap";
	return kinds[v.kind].go_type;
}

str cel_value_type_name(cel_value v)
{
	if (v.kind == CEL_AUTHORIZER)
		return cel_authorizer_type_of(v)->name;
	return v.kind == CEL_FAULT ? S("error") : cel_types[v.kind].name;
}

/* Elements and entries are looked at as far as the first. */
bool cel_matches_type(struct cel_run *r, cel_value v, const struct cel_type *t)
{
	if (t->kind == CEL_DYN || t->kind == CEL_TYPE_PARAM)
		return true;
	if (t->nullable && v.kind == CEL_NULL)
		return true;
	if (t->kind != (enum cel_kind)v.kind)
		return false;
	if (t->kind == CEL_AUTHORIZER)
		return cel_type_equal(t, cel_authorizer_type_of(v));
	if (t->kind == CEL_LIST && cel_list_n(v))
		return cel_matches_type(r, cel_list_at(r, v, 0), t->params[0]);
	cel_value key, value;

	if (t->kind != CEL_MAP)
		return true;
	for (size_t i = 0; i < cel_map_n(v); i++)
		if (cel_map_key(r, v, i, &key))
			return cel_matches_type(r, key, t->params[0]) &&
			       cel_map_find(r, v, key, &value) &&
			       cel_matches_type(r, value, t->params[1]);
	return true;
}

uint64_t cel_size(cel_value v, bool optionals)
{
	switch ((enum cel_kind)v.kind) {
	case CEL_STRING:
		return utf8_count(v.s);
	case CEL_BYTES:
		return v.s.n;
	case CEL_LIST:
		return cel_list_n(v);
	case CEL_MAP:
		return cel_map_n(v);
	case CEL_IP:
		return netip_bits(&v.box->net.ip) / 8;
	case CEL_CIDR:
		return (v.box->net.bits + 7) / 8;
	case CEL_OPTIONAL:
		return optionals && v.box ? cel_size(v.box->value, true) : 1;
	default:
		return 1;
	}
}

bool cel_is_zero(cel_value v)
{
	switch ((enum cel_kind)v.kind) {
	case CEL_NULL:
		return true;
	case CEL_BOOL:
		return !v.b;
	case CEL_INT:
	case CEL_DURATION:
		return v.i == 0;
	case CEL_UINT:
		return v.u == 0;
	case CEL_DOUBLE:
		return v.d == 0;
	case CEL_STRING:
	case CEL_BYTES:
		return v.s.n == 0;
	case CEL_LIST:
		/* lists and maps read through a decl do not tell */
		return !cel_decl_of(v) && cel_list_n(v) == 0;
	case CEL_MAP:
		return !cel_decl_of(v) && cel_map_n(v) == 0;
	case CEL_TIMESTAMP:
		return v.time.sec == -62135596800 && v.time.nanos == 0;
	default:
		return false;
	}
}

/* ---- equality and order ------------------------------------------------ */

static int sign(bool less, bool more)
{
	return more - less;
}

static int compare_double_int(double d, int64_t i)
{
	if (d < (double)INT64_MIN)
		return -1;
	if (d > (double)INT64_MAX)
		return 1;
	return sign(d < (double)i, d > (double)i);
}

static int compare_double_uint(double d, uint64_t u)
{
	if (d < 0)
		return -1;
	if (d > (double)UINT64_MAX)
		return 1;
	return sign(d < (double)u, d > (double)u);
}

static int compare_int_uint(int64_t i, uint64_t u)
{
	if (i < 0 || u > INT64_MAX)
		return -1;
	return sign((uint64_t)i < u, (uint64_t)i > u);
}

static bool is_number(cel_value v)
{
	return v.kind == CEL_INT || v.kind == CEL_UINT || v.kind == CEL_DOUBLE;
}

/* Two numbers of any kind; NaN is for the caller. */
static int compare_numbers(cel_value a, cel_value b)
{
	if (a.kind == b.kind)
		return a.kind == CEL_INT    ? sign(a.i < b.i, a.i > b.i)
		       : a.kind == CEL_UINT ? sign(a.u < b.u, a.u > b.u)
					    : sign(a.d < b.d, a.d > b.d);
	if (a.kind == CEL_DOUBLE)
		return b.kind == CEL_INT ? compare_double_int(a.d, b.i)
					 : compare_double_uint(a.d, b.u);
	if (b.kind == CEL_DOUBLE)
		return -compare_numbers(b, a);
	return a.kind == CEL_INT ? compare_int_uint(a.i, b.u) : -compare_int_uint(b.i, a.u);
}

static bool is_nan(cel_value v)
{
	return v.kind == CEL_DOUBLE && isnan(v.d);
}

static cel_value equal_libraries(struct cel_run *r, cel_value a, cel_value b)
{
	bool pointer = b.kind == CEL_QUANTITY && b.form == CEL_FORM_POINTER;

	if (a.kind != b.kind || pointer)
		return cel_no_overload(r, b);
	return cel_bool(cel_kube_equal(r, a, b));
}

static cel_value equal_optionals(struct cel_run *r, cel_value a, cel_value b)
{
	if (b.kind != CEL_OPTIONAL || !a.box != !b.box)
		return cel_bool(false);
	return a.box ? cel_equal(r, a.box->value, b.box->value) : cel_bool(true);
}

static cel_value equal_deep(struct cel_run *r, cel_value a, cel_value b)
{
	if (a.kind == CEL_OPTIONAL)
		return equal_optionals(r, a, b);
	if (a.kind == CEL_LIST)
		return cel_equal_lists(r, a, b);
	return cel_equal_maps(r, a, b);
}

cel_value cel_equal(struct cel_run *r, cel_value a, cel_value b)
{
	if (!cel_run_work(r, 1))
		return cel_bool(false);
	switch ((enum cel_kind)a.kind) {
	case CEL_NULL:
		return cel_bool(b.kind == CEL_NULL);
	case CEL_BOOL:
		return cel_bool(b.kind == CEL_BOOL && a.b == b.b);
	case CEL_INT:
	case CEL_UINT:
	case CEL_DOUBLE:
		return cel_bool(is_number(b) && !is_nan(a) && !is_nan(b) && compare_numbers(a, b) == 0);
	case CEL_STRING:
	case CEL_BYTES:
		return cel_bool(b.kind == a.kind && cel_run_work(r, a.s.n / 64) && str_eq(a.s, b.s));
	case CEL_DURATION:
		return cel_bool(b.kind == CEL_DURATION && a.i == b.i);
	case CEL_TIMESTAMP:
		return cel_bool(b.kind == CEL_TIMESTAMP && a.time.sec == b.time.sec &&
				a.time.nanos == b.time.nanos);
	case CEL_TYPE:
		return cel_bool(b.kind == CEL_TYPE && str_eq(a.type->name, b.type->name));
	case CEL_OPTIONAL:
	case CEL_LIST:
	case CEL_MAP:
		break;
	case CEL_FAULT:
		return a;
	case CEL_AUTHORIZER:
		return cel_no_overload(r, b);
	case CEL_UNKNOWN:
		b = cel_plain(r, b);
		return cel_bool(a.box->value.kind == b.kind &&
				cel_is_true(cel_equal(r, a.box->value, b)));
	default:
		return equal_libraries(r, a, b);
	}
	if (++r->depth > CEL_VALUE_DEPTH_MAX) {
		cel_run_stop(r, "operation cancelled: values nest too deep");
		return cel_bool(false);
	}
	cel_value v = equal_deep(r, a, b);

	r->depth--;
	return v;
}

cel_value cel_equal_null(struct cel_run *r, cel_value a, cel_value b)
{
	if (a.kind == CEL_NULL || b.kind == CEL_NULL)
		return cel_bool(a.kind == b.kind);
	return cel_equal(r, a, b);
}

cel_value cel_compare(struct cel_run *r, cel_value a, cel_value b)
{
	if (is_number(a)) {
		if (is_nan(a) || (is_nan(b) && is_number(b)))
			return cel_fault(r, "NaN values cannot be ordered");
		return is_number(b) ? cel_int(compare_numbers(a, b)) : cel_no_overload(r, b);
	}
	if (a.kind != b.kind)
		return cel_no_overload(r, b);
	switch ((enum cel_kind)a.kind) {
	case CEL_BOOL:
		return cel_int(a.b - b.b);
	case CEL_STRING:
	case CEL_BYTES: {
		int c = str_cmp(a.s, b.s);

		return cel_int(sign(c < 0, c > 0));
	}
	case CEL_DURATION:
		return cel_int(sign(a.i < b.i, a.i > b.i));
	case CEL_TIMESTAMP:
		if (a.time.sec != b.time.sec)
			return cel_int(a.time.sec < b.time.sec ? -1 : 1);
		return cel_int(sign(a.time.nanos < b.time.nanos, a.time.nanos > b.time.nanos));
	default:
		return cel_no_overload(r, b);
	}
}

/* ---- text -------------------------------------------------------------- */

static struct gotime as_gotime(cel_value v)
{
	return gotime_fixed(gotime_utc(v.time.sec, v.time.nanos), v.time.offset,
			    v.time.offset ? STR_NONE : S("UTC"));
}

static void print_bytes(struct buf *b, str s)
{
	buf_addc(b, '[');
	for (size_t i = 0; i < s.n; i++)
		buf_addf(b, i ? " %u" : "%u", (unsigned)(unsigned char)s.p[i]);
	buf_addc(b, ']');
}

static void print_container(struct cel_run *r, struct buf *b, cel_value v)
{
	cel_value key, value;
	bool first = true;

	buf_addc(b, v.kind == CEL_LIST ? '[' : '{');
	for (size_t i = 0; v.kind == CEL_LIST && i < cel_list_n(v) && cel_run_work(r, 1); i++) {
		if (i)
			buf_add(b, S(", "));
		cel_print(r, b, cel_list_at(r, v, i));
	}
	for (size_t i = 0; v.kind == CEL_MAP && i < cel_map_n(v) && cel_run_work(r, 1); i++) {
		if (!cel_map_at(r, v, i, &key, &value))
			continue;
		if (!first)
			buf_add(b, S(", "));
		first = false;
		cel_print(r, b, key);
		buf_add(b, S(": "));
		cel_print(r, b, value);
	}
	buf_addc(b, v.kind == CEL_LIST ? ']' : '}');
}

static void print_deep(struct cel_run *r, struct buf *b, cel_value v)
{
	if (v.kind == CEL_OPTIONAL && !v.box) {
		buf_add(b, S("optional.none()"));
		return;
	}
	if (++r->depth > CEL_VALUE_DEPTH_MAX)
		return;
	if (v.kind == CEL_OPTIONAL) {
		buf_add(b, S("optional("));
		cel_print(r, b, v.box->value);
		buf_addc(b, ')');
	} else {
		print_container(r, b, v);
	}
	r->depth--;
}

void cel_print(struct cel_run *r, struct buf *b, cel_value v)
{
	switch ((enum cel_kind)v.kind) {
	case CEL_NULL:
		buf_add(b, S("0"));
		return;
	case CEL_BOOL:
		buf_add(b, v.b ? S("true") : S("false"));
		return;
	case CEL_INT:
		number_add_int(b, v.i);
		return;
	case CEL_UINT:
		number_add_uint(b, v.u);
		return;
	case CEL_DOUBLE:
		number_add_float(b, v.d, NUMBER_V);
		return;
	case CEL_STRING:
		buf_add(b, v.s);
		return;
	case CEL_BYTES:
		print_bytes(b, v.s);
		return;
	case CEL_DURATION:
		duration_add(b, v.i);
		return;
	case CEL_TIMESTAMP:
		gotime_format(b, as_gotime(v), GOTIME_STRING);
		return;
	case CEL_TYPE:
		buf_add(b, v.type->name);
		return;
	case CEL_FAULT:
		buf_add(b, v.box->text);
		return;
	case CEL_LIST:
	case CEL_MAP:
	case CEL_OPTIONAL:
		print_deep(r, b, v);
		return;
	default:
		cel_kube_print(b, v);
	}
}

/* ---- conversion -------------------------------------------------------- */

static cel_value no_conversion(struct cel_run *r, cel_value v, enum cel_kind to)
{
	static const char *const names[] = { [CEL_LIST] = "list(dyn)", [CEL_MAP] = "map(dyn, dyn)" };
	const char *from = v.kind <= CEL_MAP && names[v.kind] ? names[v.kind] : NULL;

	if (from)
		return cel_fault(r, "type conversion error from '%s' to '%.*s'", from,
				 STR_ARG(cel_types[to].name));
	return cel_fault(r, "type conversion error from '%.*s' to '%.*s'",
			 STR_ARG(cel_value_type_name(v)), STR_ARG(cel_types[to].name));
}

/* The seconds as Go prints a duration's: without an exponent. */
static void add_seconds(struct buf *b, int64_t nanoseconds)
{
	number_add_format(b, duration_seconds(nanoseconds), 'f', -1);
	buf_addc(b, 's');
}

static cel_value to_string(struct cel_run *r, cel_value v)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	switch ((enum cel_kind)v.kind) {
	case CEL_NULL:
		return cel_string(S("null"));
	case CEL_BOOL:
	case CEL_INT:
	case CEL_UINT:
		cel_print(r, &b, v);
		break;
	case CEL_DOUBLE:
		number_add_float(&b, v.d, NUMBER_V);
		break;
	case CEL_BYTES:
		if (!utf8_valid(v.s))
			return cel_fault(r, "invalid UTF-8 in bytes, cannot convert to string");
		return cel_string(v.s);
	case CEL_DURATION:
		add_seconds(&b, v.i);
		break;
	case CEL_TIMESTAMP:
		gotime_format(&b, as_gotime(v), GOTIME_RFC3339_NANO);
		break;
	case CEL_TYPE:
		return cel_string(v.type->name);
	case CEL_IP:
	case CEL_CIDR:
		cel_kube_print(&b, v);
		break;
	default:
		return no_conversion(r, v, CEL_STRING);
	}
	return cel_text(r, &b);
}

static cel_value to_int(struct cel_run *r, cel_value v)
{
	switch ((enum cel_kind)v.kind) {
	case CEL_UINT:
		return v.u > INT64_MAX ? cel_fault(r, "integer overflow") : cel_int((int64_t)v.u);
	case CEL_DOUBLE:
		if (!isfinite(v.d) || v.d <= (double)INT64_MIN || v.d >= (double)INT64_MAX)
			return cel_fault(r, "integer overflow");
		return cel_int((int64_t)v.d);
	case CEL_DURATION:
		return cel_int(v.i);
	case CEL_TIMESTAMP:
		return cel_int(v.time.sec);
	default:
		return no_conversion(r, v, CEL_INT);
	}
}

static cel_value to_uint(struct cel_run *r, cel_value v)
{
	switch ((enum cel_kind)v.kind) {
	case CEL_INT:
		return v.i < 0 ? cel_fault(r, "unsigned integer overflow") : cel_uint((uint64_t)v.i);
	case CEL_DOUBLE:
		if (!isfinite(v.d) || v.d < 0 || v.d >= 18446744073709551616.0)
			return cel_fault(r, "unsigned integer overflow");
		return cel_uint((uint64_t)v.d);
	default:
		return no_conversion(r, v, CEL_UINT);
	}
}

static const int64_t first_second = -62135596800, last_second = 253402300799;

static cel_value string_to_timestamp(struct cel_run *r, str s)
{
	struct gotime t;
	err *e = gotime_parse(&t, GOTIME_RFC3339, s, NULL);

	if (e) {
		err_free(e);
		return no_conversion(r, cel_string(s), CEL_TIMESTAMP);
	}
	if (t.sec < first_second || t.sec > last_second)
		return cel_fault(r, "timestamp overflow");
	return (cel_value){ .kind = CEL_TIMESTAMP, .time = { t.sec, t.nanos, t.offset } };
}

static cel_value from_string(struct cel_run *r, cel_value v, enum cel_kind to)
{
	cel_value out = { .kind = (uint8_t)to };
	err *e;

	switch (to) {
	case CEL_INT:
		e = number_parse_int(v.s, 10, &out.i);
		break;
	case CEL_UINT:
		e = number_parse_uint(v.s, 10, &out.u);
		break;
	case CEL_DOUBLE:
		e = number_parse_float(v.s, &out.d);
		break;
	case CEL_BOOL:
		e = number_parse_bool(v.s, &out.b);
		break;
	case CEL_DURATION:
		e = duration_parse(v.s, &out.i);
		break;
	case CEL_TIMESTAMP:
		return string_to_timestamp(r, v.s);
	case CEL_BYTES:
		out.s = v.s;
		return out;
	default:
		return no_conversion(r, v, to);
	}
	if (!e)
		return out;
	err_free(e);
	return no_conversion(r, v, to);
}

static cel_value type_of(cel_value v)
{
	return (cel_value){ .kind = CEL_TYPE,
			    .type = v.kind == CEL_AUTHORIZER ? cel_authorizer_type_of(v) : &cel_types[v.kind] };
}

cel_value cel_convert(struct cel_run *r, cel_value v, enum cel_kind to)
{
	if (v.kind == CEL_FAULT)
		return v;
	if (to == CEL_TYPE)
		return type_of(v);
	if (v.kind == to)
		return v;
	if (v.kind == CEL_STRING)
		return from_string(r, v, to);
	switch (to) {
	case CEL_STRING:
		return to_string(r, v);
	case CEL_INT:
		return to_int(r, v);
	case CEL_UINT:
		return to_uint(r, v);
	case CEL_DOUBLE:
		if (v.kind == CEL_INT)
			return cel_double((double)v.i);
		return v.kind == CEL_UINT ? cel_double((double)v.u) : no_conversion(r, v, to);
	case CEL_TIMESTAMP:
		if (v.kind != CEL_INT)
			return no_conversion(r, v, to);
		if (v.i < first_second || v.i > last_second)
			return cel_fault(r, "timestamp overflow");
		return (cel_value){ .kind = CEL_TIMESTAMP, .time = { v.i, 0, 0 } };
	default:
		return no_conversion(r, v, to);
	}
}
