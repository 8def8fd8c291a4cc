/* Values that are read through a decl, as the API server's
 * UnstructuredToVal reads them. */
#include "base/ascii.h"
#include "cel/cel_decl.h"
#include "cel/cel_value.h"
#include "text/base64.h"
#include "text/duration.h"
#include "text/gotime.h"
#include "text/number.h"

/* ---- texts of a format ------------------------------------------------- */

static const struct {
	const char *names[3];	/* the last may be longer than it stands here */
	int64_t nanoseconds;
} units[] = {
	{ { "ns", "nano" }, 1 },
	{ { "us", "\xc2\xb5s", "micro" }, DURATION_MICROSECOND },
	{ { "ms", "milli" }, DURATION_MILLISECOND },
	{ { "s", "sec" }, DURATION_SECOND },
	{ { "m", "min" }, DURATION_MINUTE },
	{ { "h", "hr", "hour" }, DURATION_HOUR },
	{ { "d", "day" }, 24 * DURATION_HOUR },
	{ { "w", "wk", "week" }, 7 * 24 * DURATION_HOUR },
};

static bool has_prefix_nocase(str s, str prefix)
{
	return s.n >= prefix.n && str_eq_nocase(str_sub(s, 0, prefix.n), prefix);
}

/* What the unit adds up to; 0 when there is none of that name. */
static int64_t unit_sum(str unit)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t last = units[i].names[2] ? 2 : 1;

		for (size_t k = 0; k <= last; k++) {
			str name = str_c(units[i].names[k]);

			if (str_eq_nocase(unit, name) || (k == last && has_prefix_nocase(unit, name)))
				sum += (uint64_t)units[i].nanoseconds;
		}
	}
	return (int64_t)sum;
}

static bool is_unit(char c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '\xc2' || c == '\xb5';
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

static bool is_no_digit(char c)
{
	return !ascii_is_digit(c);
}

/* "3 days 2 hours": sums of a number and a unit, whatever is between. */
static err *parse_words(str text, int64_t *out)
{
	uint64_t sum = 0;
	bool any = false;
	str s = text;

	while (s.n) {
		int64_t n;

		str_span(&s, is_no_digit);
		str digits = str_span(&s, ascii_is_digit);

		str_span(&s, is_blank);
		str unit = str_span(&s, is_unit);

		if (!digits.n || !unit.n)
			continue;
		TRY(number_parse_atoi(digits, &n));
		int64_t each = unit_sum(unit);

		any = any || each;
		sum += (uint64_t)n * (uint64_t)each;
	}
	if (!any)
		return err_new(ERR_INVALID, "unable to parse %.*s as duration", STR_ARG(text));
	*out = (int64_t)sum;
	return NULL;
}

static cel_value read_duration(struct cel_run *r, str s)
{
	cel_value v = { .kind = CEL_DURATION };
	err *e = duration_parse(s, &v.i);

	if (!e)
		return v;
	err_free(e);
	e = parse_words(s, &v.i);
	if (!e)
		return v;
	return cel_fault_err(r, err_replace(e, "Invalid duration %.*s: %s", STR_ARG(s), err_msg(e)));
}

static cel_value timestamp(struct gotime t)
{
	return (cel_value){ .kind = CEL_TIMESTAMP, .time = { t.sec, t.nanos, t.offset } };
}

static cel_value read_date(struct cel_run *r, str s)
{
	struct gotime t;
	err *e = gotime_parse(&t, GOTIME_DATE, s, NULL);

	if (!e)
		return timestamp(t);
	return cel_fault_err(r, err_replace(e, "Invalid date formatted string %.*s: %s", STR_ARG(s),
					    err_msg(e)));
}

static cel_value read_date_time(struct cel_run *r, str s)
{
	static const char *const layouts[] = {
		"2006-01-02T15:04:05.000000Z07:00", "2006-01-02T15:04:05.000Z07:00",
		"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.999999999Z07:00",
		"2006-01-02T15:04:05",
	};
	struct gotime t = gotime_utc(0, 0);
	err *e = NULL;

	if (!s.n)
		return timestamp(t);
	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
		err_free(e);
		e = gotime_parse(&t, str_c(layouts[i]), s, NULL);
		if (!e)
			return timestamp(t);
	}
	return cel_fault_err(r, err_replace(e, "Invalid date-time formatted string %.*s: %s",
					    STR_ARG(s), err_msg(e)));
}

static cel_value read_bytes(struct cel_run *r, str s)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);
	err *e = base64_read(&b, s, BASE64_STD);

	if (e)
		return cel_fault_err(r, err_replace(e, "Invalid byte formatted string %.*s: %s",
						    STR_ARG(s), err_msg(e)));
	cel_value v = cel_text(r, &b);

	v.kind = cel_is_fault(v) ? CEL_FAULT : CEL_BYTES;
	return v;
}

/* ---- wrapping ---------------------------------------------------------- */

static const char *go_type(cel_value v)
{
	switch ((enum cel_kind)v.kind) {
	case CEL_NULL:
		return "<nil>";
	case CEL_BOOL:
		return "bool";
	case CEL_INT:
		return "int64";
	case CEL_UINT:
		return "uint64";
	case CEL_DOUBLE:
		return "float64";
	case CEL_STRING:
		return "string";
	case CEL_BYTES:
		return "[]uint8";
	case CEL_LIST:
		return "[]interface {}";
	case CEL_MAP:
		return v.form == CEL_FORM_ENTRIES ? "map[ref.Val]ref.Val" : "map[string]interface {}";
	default:
		return cel_go_type(v);
	}
}

static cel_value as_string(struct cel_run *r, cel_value v, const struct cel_decl *decl)
{
	if (v.kind != CEL_STRING)
		return cel_fault(r, "invalid data, expected string, got %s", go_type(v));
	switch (decl->kind) {
	case CEL_DECL_DURATION:
		return read_duration(r, v.s);
	case CEL_DECL_DATE:
		return read_date(r, v.s);
	case CEL_DECL_DATE_TIME:
		return read_date_time(r, v.s);
	case CEL_DECL_BYTES:
		return read_bytes(r, v.s);
	default:
		return v;
	}
}

static cel_value as_list(struct cel_run *r, cel_value v, const struct cel_decl *decl)
{
	if (v.kind != CEL_LIST || v.form == CEL_FORM_CONCAT)
		return cel_fault(r, "invalid data, expected an array for the provided schema with "
				    "type=array");
	if (!decl->elem)
		return cel_fault(r, "invalid array type, expected Items with a non-empty Schema");
	if (decl->list_type == CEL_LIST_OTHER)
		return cel_fault(r,
				 "invalid x-kubernetes-list-type, expected 'map', 'set' or 'atomic' but "
				 "got %.*s",
				 STR_ARG(decl->list_type_name));
	if (v.form == CEL_FORM_NODES) {
		v.of_node.decl = decl;
		return v;
	}
	v.form = CEL_FORM_DECLARED;
	v.list.decl = decl;
	return v;
}

static cel_value as_scalar(struct cel_run *r, cel_value v, const struct cel_decl *decl)
{
	switch (decl->kind) {
	case CEL_DECL_NUMBER:
		if (v.kind == CEL_INT)
			return cel_double((double)v.i);
		if (v.kind != CEL_DOUBLE)
			return cel_fault(r, "invalid data, expected float, got %s", go_type(v));
		return v;
	case CEL_DECL_INT:
		if (v.kind != CEL_INT)
			return cel_fault(r, "invalid data, expected int, got %s", go_type(v));
		return v;
	case CEL_DECL_BOOL:
		if (v.kind != CEL_BOOL)
			return cel_fault(r, "invalid data, expected bool, got %s", go_type(v));
		return v;
	case CEL_DECL_INT_OR_STRING:
		if (v.kind != CEL_STRING && v.kind != CEL_INT)
			return cel_fault(r, "invalid data, expected XIntOrString value to be either a "
					    "string or integer");
		return v;
	default:
		return as_string(r, v, decl);
	}
}

/* A plain value as the decl has it. */
static cel_value declared(struct cel_run *r, cel_value v, const struct cel_decl *decl)
{
	if (v.kind == CEL_NULL)
		return decl->nullable ? v
				      : cel_fault(r, "invalid data, got null for schema with "
						     "nullable=false");
	switch (decl->kind) {
	case CEL_DECL_OBJECT:
	case CEL_DECL_MAP:
		if (v.kind != CEL_MAP || v.form != CEL_FORM_NODES)
			return cel_fault(r, "invalid data, expected a map for the provided schema with "
					    "type=object");
		v.of_node.decl = decl;
		return v;
	case CEL_DECL_LIST:
		return as_list(r, v, decl);
	case CEL_DECL_NONE:
		if (decl->preserves)
			return cel_boxed(r, CEL_UNKNOWN, (struct cel_box){ .value = v });
		return cel_fault(r,
				 "invalid type, expected object, array, number, integer, boolean or "
				 "string, or no type with x-kubernetes-int-or-string or "
				 "x-kubernetes-preserve-unknown-fields is true, got %.*s",
				 STR_ARG(decl->type));
	default:
		return as_scalar(r, v, decl);
	}
}

static cel_value plain_of_node(node n)
{
	switch ((enum node_kind)n.kind) {
	case NODE_BOOL:
		return cel_bool(node_bool(n));
	case NODE_INT:
		return cel_int(node_int(n));
	case NODE_UINT:
	case NODE_FLOAT:
		return cel_double(node_float(n));
	case NODE_STR:
	case NODE_TIME:
		return cel_string(node_str(n));
	case NODE_SEQ:
		return (cel_value){ .kind = CEL_LIST, .form = CEL_FORM_NODES,
				    .of_node = { n.seq, NULL } };
	case NODE_MAP:
		return (cel_value){ .kind = CEL_MAP, .form = CEL_FORM_NODES,
				    .of_node = { n.map, NULL } };
	default:
		return CEL_NULL_VALUE;
	}
}

cel_value cel_wrap(struct cel_run *r, node n, const struct cel_decl *decl)
{
	cel_value v = plain_of_node(n);

	return decl ? declared(r, v, decl) : v;
}

cel_value cel_wrap_plain(struct cel_run *r, cel_value v, const struct cel_decl *decl)
{
	return declared(r, v, decl);
}

cel_value cel_plain(struct cel_run *r, cel_value v)
{
	if (v.kind == CEL_UNKNOWN)
		return v.box->value;
	if (v.kind != CEL_LIST && v.kind != CEL_MAP)
		return v;
	if (v.form == CEL_FORM_NODES) {
		v.of_node.decl = NULL;
	} else if (v.form == CEL_FORM_DECLARED) {
		v.form = CEL_FORM_ITEMS;
		v.list.n = v.list.items->n;
	}
	(void)r;
	return v;
}

/* ---- objects and maps -------------------------------------------------- */

bool cel_find_declared(struct cel_run *r, cel_value map, cel_value key, cel_value *out)
{
	const struct cel_decl *decl = map.of_node.decl, *of = decl->elem;
	node n = { .kind = NODE_MAP, .map = (struct node_map *)map.of_node.body };
	str name = key.s;

	if (key.kind != CEL_STRING) {
		*out = cel_no_overload(r, key);
		return true;
	}
	if (decl->kind == CEL_DECL_OBJECT) {
		if (decl->has_properties && !cel_decl_unescape(r->a, name, &name))
			return false;
		const struct cel_decl_field *f = cel_decl_field(decl, name);

		of = f ? f->decl : NULL;
	}
	n = node_get(n, name);
	if (n.kind == NODE_NONE || !of || (decl->has_properties && n.kind == NODE_NULL))
		return false;
	*out = cel_wrap(r, n, of);
	return true;
}

/* Fields that the schema does not know are compared as they are, where the
 * other object has them. */
static cel_value equal_unknown(struct cel_run *r, node n, str name, cel_value other)
{
	if (!cel_decl_of(other))
		return cel_no_overload(r, other);
	node in = { .kind = NODE_MAP, .map = (struct node_map *)other.of_node.body };
	node o = node_get(in, name);

	if (!cel_run_work(r, 1))
		return cel_bool(false);
	return cel_bool(o.kind == NODE_NONE || node_equal(n, o));
}

static bool has_decl(const struct cel_decl *decl, str name)
{
	return decl->kind == CEL_DECL_MAP || cel_decl_field(decl, name);
}

cel_value cel_equal_declared_map(struct cel_run *r, cel_value a, cel_value b)
{
	const struct node_map *body = a.of_node.body;
	cel_value x, y;

	if (b.kind != CEL_MAP)
		return cel_no_overload(r, b);
	if (cel_map_n(a) != cel_map_n(b))
		return cel_bool(false);
	for (size_t i = 0; i < body->n && !r->stopped; i++) {
		str name = node_str(body->pairs[i].key);
		cel_value eq;

		if (!has_decl(a.of_node.decl, name)) {
			eq = equal_unknown(r, body->pairs[i].value, name, b);
		} else {
			bool in_a = cel_map_find(r, a, cel_string(name), &x);

			if (in_a != cel_map_find(r, b, cel_string(name), &y))
				return cel_bool(false);
			if (!in_a)
				continue;
			eq = cel_equal(r, x, y);
		}
		if (!cel_is_true(eq))
			return eq;
	}
	return cel_bool(true);
}

/* ---- lists of type set and map ----------------------------------------- */

/* The plain elements of a list with a decl, and of any other. */
static cel_value plain_at(struct cel_run *r, cel_value list, size_t i)
{
	if (list.form == CEL_FORM_NODES)
		return plain_of_node(((const struct node_seq *)list.of_node.body)->items[i]);
	if (list.form == CEL_FORM_DECLARED)
		return list.list.items->p[i];
	return cel_plain(r, cel_list_at(r, list, i));
}

/* What elements of a list of type set or map are told apart by: themselves, or
 * the values of their key fields. */
static cel_value key_of(struct cel_run *r, const struct cel_decl *decl, cel_value v)
{
	cel_value keys, field;

	if (decl->list_type == CEL_LIST_SET)
		return v;
	if (v.kind != CEL_MAP)
		return cel_string(S("\xff"));
	if (decl->keys_n == 1)
		return cel_map_find(r, v, cel_string(decl->keys[0]), &field) ? field : CEL_NULL_VALUE;
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);

	for (size_t i = 0; i < decl->keys_n; i++) {
		keys = cel_map_find(r, v, cel_string(decl->keys[i]), &field) ? field : CEL_NULL_VALUE;
		buf_addf(&b, "%d:", keys.kind);
		if (keys.kind == CEL_STRING)
			buf_addf(&b, "%zu:", keys.s.n);
		cel_print(r, &b, keys);
	}
	return cel_string(arena_str(r->a, buf_str(&b)));
}

/* The elements by what tells them apart; the last of the same counts. */
static cel_value by_key(struct cel_run *r, cel_value list)
{
	cel_value map = cel_map_new(r, cel_list_n(list));

	for (size_t i = 0; i < cel_list_n(list) && !r->stopped; i++) {
		cel_value v = plain_at(r, list, i);

		cel_map_set(r, map, key_of(r, cel_decl_of(list), v), v);
	}
	return map;
}

/* An element that is looked for in a list of type set, which holds what JSON
 * says: there is no date-time in it, only the text of one, and no null that
 * is the same. */
static cel_value sought_at(struct cel_run *r, cel_value list, size_t i)
{
	cel_value v = cel_plain(r, cel_list_at(r, list, i));

	if (v.kind == CEL_BYTES && !r->stopped) {
		r->stopped = true;
		r->why = "internal error: runtime error: hash of unhashable type []uint8";
	}
	return v;
}

cel_value cel_equal_declared_set(struct cel_run *r, cel_value a, cel_value b)
{
	cel_value set = by_key(r, a);

	for (size_t i = 0; i < cel_list_n(b) && !r->stopped; i++) {
		cel_value v = sought_at(r, b, i);

		if (v.kind == CEL_NULL || !cel_map_has_exact(set, v))
			return cel_bool(false);
	}
	return cel_bool(true);
}

cel_value cel_equal_declared_keyed(struct cel_run *r, cel_value a, cel_value b)
{
	const struct cel_decl *decl = cel_decl_of(a);
	cel_value map = by_key(r, a);

	for (size_t i = 0; i < cel_list_n(b) && !r->stopped; i++) {
		cel_value v = cel_list_at(r, b, i), key = key_of(r, decl, plain_at(r, b, i)), mine;

		if (!cel_map_has_exact(map, key) || !cel_map_find(r, map, key, &mine))
			return cel_bool(false);
		cel_value eq = cel_equal(r, declared(r, mine, decl->elem), v);

		if (!cel_is_true(eq))
			return eq;
	}
	return cel_bool(true);
}

static cel_value with_decl(cel_value items, const struct cel_decl *decl)
{
	items.form = CEL_FORM_DECLARED;
	items.list.decl = decl;
	return items;
}

cel_value cel_add_declared(struct cel_run *r, cel_value a, cel_value b)
{
	const struct cel_decl *decl = cel_decl_of(a);
	bool keyed = decl->list_type == CEL_LIST_SET || decl->list_type == CEL_LIST_MAP;
	cel_value out = cel_list_new(r, cel_list_n(a)), places = cel_map_new(r, 0), place;

	for (size_t i = 0; i < cel_list_n(a) && !r->stopped; i++) {
		cel_value v = plain_at(r, a, i);

		if (keyed)
			cel_map_set(r, places, key_of(r, decl, v), cel_int((int64_t)i));
		cel_list_push(r, &out, v);
	}
	for (size_t i = 0; i < cel_list_n(b) && !r->stopped; i++) {
		bool set = decl->list_type == CEL_LIST_SET;
		cel_value v = set ? sought_at(r, b, i) : plain_at(r, b, i);
		cel_value key = keyed ? key_of(r, decl, v) : v;

		if (!keyed || !cel_map_has_exact(places, key)) {
			if (set)
				cel_map_set(r, places, key, cel_int(0));
			cel_list_push(r, &out, v);
		} else if (decl->list_type == CEL_LIST_MAP && cel_map_find(r, places, key, &place)) {
			out.list.items->p[place.i] = v;
		}
	}
	return with_decl(out, decl);
}
