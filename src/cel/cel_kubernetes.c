/* The libraries of Kubernetes: quantities, versions, URLs, named formats. */
#include "cel/cel_func_impl.h"
#include "cel/cel_kube.h"
#include "text/base64.h"
#include "text/gotime.h"
#include "text/names.h"
#include "text/regex.h"

/* ---- formats ----------------------------------------------------------- */

struct cel_format {
	const char *name;		/* in expressions, behind "format." */
	const char *shown;
	unsigned cost;
	bool prefix;			/* of a name: a dash may end it */
	enum name_rule rule;
	const char *complaint;		/* of those that are no names */
	bool (*is)(struct cel_run *r, str s);
};

static bool is_uuid(struct cel_run *r, str s)
{
	static const uint8_t groups[] = { 8, 4, 4, 4, 12 };
	(void)r;

	for (size_t g = 0; g < sizeof groups; g++) {
		if (g)
			str_take(&s, '-');
		for (size_t i = 0; i < groups[g]; i++) {
			char c = s.n ? s.p[0] : 0;

			if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f')))
				return false;
			s = str_from(s, 1);
		}
	}
	return !s.n;
}

static bool is_base64(struct cel_run *r, str s)
{
	size_t padding = str_ends(s, S("==")) ? 2 : str_ends(s, S("=")) ? 1 : 0;
	(void)r;

	if (!s.n || s.n % 4)
		return false;
	for (size_t i = 0; i < s.n - padding; i++) {
		char c = s.p[i];

		if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '+' ||
		      c == '/'))
			return false;
	}
	return true;
}

static bool is_date(struct cel_run *r, str s)
{
	struct gotime t;
	err *e = gotime_parse(&t, GOTIME_DATE, s, NULL);
	(void)r;

	err_free(e);
	return !e;
}

/* The date, a 't' and a time of day with a zone, in any case of letters. */
static bool is_datetime(struct cel_run *r, str s)
{
	struct regex_span span[4];
	const struct regex *re;
	str date, rest, time;

	if (s.n < 4)
		return false;
	char *lower = arena_alloc(r->a, s.n);

	for (size_t i = 0; i < s.n; i++)
		lower[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 32 : s.p[i]);
	if (!str_split(str_of(lower, s.n), 't', &date, &rest) || !is_date(r, date))
		return false;
	str_split(rest, 't', &time, &rest);
	err *e = regex_compile(r->a,
			       S("^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$"),
			       &re);

	if (e)
		die_bug("pattern of times");
	return regex_find(re, time, span, 4) && str_cmp(regex_text(time, span[1]), S("23")) <= 0 &&
	       str_cmp(regex_text(time, span[2]), S("59")) <= 0 &&
	       str_cmp(regex_text(time, span[3]), S("59")) <= 0;
}

/* Sorted by name. */
static const struct cel_format formats[] = {
	{ "byte", "byte", 84, false, 0, "invalid base64", is_base64 },
	{ "date", "date", 71, false, 0, "invalid date", is_date },
	{ "datetime", "datetime", 71, false, 0, "invalid datetime", is_datetime },
	{ "dns1035Label", "DNS1035Label", 30, false, NAME_DNS1035_LABEL, NULL, NULL },
	{ "dns1035LabelPrefix", "DNS1035LabelPrefix", 30, true, NAME_DNS1035_LABEL, NULL, NULL },
	{ "dns1123Label", "DNS1123Label", 30, false, NAME_DNS_LABEL, NULL, NULL },
	{ "dns1123LabelPrefix", "DNS1123LabelPrefix", 30, true, NAME_DNS_LABEL, NULL, NULL },
	{ "dns1123Subdomain", "DNS1123Subdomain", 60, false, NAME_DNS_SUBDOMAIN, NULL, NULL },
	{ "dns1123SubdomainPrefix", "DNS1123SubdomainPrefix", 60, true, NAME_DNS_SUBDOMAIN, NULL, NULL },
	{ "labelValue", "LabelValue", 40, false, NAME_LABEL_VALUE, NULL, NULL },
	{ "qualifiedName", "QualifiedName", 60, false, NAME_QUALIFIED, NULL, NULL },
	{ "uri", "URI", 1103, false, 0, NULL, NULL },
	{ "uuid", "uuid", 70, false, 0, "does not match the UUID format", is_uuid },
};

unsigned cel_kube_format_cost(cel_value format)
{
	return format.box->format->cost;
}

static cel_value format_value(struct cel_run *r, const struct cel_format *f)
{
	return cel_boxed(r, CEL_FORMAT, (struct cel_box){ .format = f });
}

static cel_value complaints(struct cel_run *r, const str *texts, size_t n)
{
	cel_value list = cel_list_new(r, n);

	for (size_t i = 0; i < n; i++)
		cel_list_push(r, &list, cel_string(texts[i]));
	return n ? cel_some(r, list) : CEL_NONE_VALUE;
}

/* What may follow a dash may follow the name. */
static str without_dash(struct cel_run *r, str s)
{
	if (s.n < 2 || !str_ends(s, S("-")))
		return s;
	return arena_cat(r->a, str_sub(s, 0, s.n - 2), S("a"));
}

/* DNS names are said to have characters, others bytes. */
static str in_characters(struct cel_run *r, enum name_rule rule, str why)
{
	if (rule == NAME_QUALIFIED || rule == NAME_LABEL_VALUE || !str_ends(why, S(" bytes")))
		return why;
	return arena_cat(r->a, str_sub(why, 0, why.n - 5), S("characters"));
}

static cel_value validate(struct cel_run *r, const cel_value *v, size_t n)
{
	const struct cel_format *f = v[0].box->format;
	str why[NAME_COMPLAINTS_MAX], s = v[1].s;
	struct gourl url;
	(void)n;

	if (!cel_run_work(r, s.n / 4))
		return CEL_NONE_VALUE;
	if (f->is) {
		why[0] = str_c(f->complaint);
		return complaints(r, why, !f->is(r, s));
	}
	if (!str_eq(str_c(f->name), S("uri"))) {
		size_t count = name_complaints(f->prefix ? without_dash(r, s) : s, f->rule, why);

		for (size_t i = 0; i < count; i++)
			why[i] = in_characters(r, f->rule, why[i]);
		return complaints(r, why, count);
	}
	err *e = gourl_parse_request(r->a, s, &url);

	if (e)
		why[0] = arena_str(r->a, err_text(e));
	err_free(e);
	return complaints(r, why, e != NULL);
}

static cel_value format_named(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	for (size_t i = 0; i < COUNT(formats); i++)
		if (str_eq(str_c(formats[i].name), v[0].s))
			return cel_some(r, format_value(r, &formats[i]));
	return CEL_NONE_VALUE;
}

#define FORMAT_GETTER(name, at)                                                         \
	static cel_value name(struct cel_run *r, const cel_value *v, size_t n)          \
	{                                                                               \
		(void)v;                                                                \
		(void)n;                                                                \
		return format_value(r, &formats[at]);                                   \
	}

FORMAT_GETTER(format_byte, 0)
FORMAT_GETTER(format_date, 1)
FORMAT_GETTER(format_datetime, 2)
FORMAT_GETTER(format_dns1035_label, 3)
FORMAT_GETTER(format_dns1035_label_prefix, 4)
FORMAT_GETTER(format_dns1123_label, 5)
FORMAT_GETTER(format_dns1123_label_prefix, 6)
FORMAT_GETTER(format_dns1123_subdomain, 7)
FORMAT_GETTER(format_dns1123_subdomain_prefix, 8)
FORMAT_GETTER(format_label_value, 9)
FORMAT_GETTER(format_qualified_name, 10)
FORMAT_GETTER(format_uri, 11)
FORMAT_GETTER(format_uuid, 12)

/* ---- quantities -------------------------------------------------------- */

static cel_value quantity(struct cel_run *r, const cel_value *v, size_t n)
{
	struct cel_box box;
	err *e = quantity_parse(r->a, v[0].s, &box.quantity);
	(void)n;

	return e ? cel_fault_err(r, e) : cel_boxed(r, CEL_QUANTITY, box);
}

static cel_value is_quantity(struct cel_run *r, const cel_value *v, size_t n)
{
	struct quantity q;
	err *e = quantity_parse(r->a, v[0].s, &q);
	(void)n;

	err_free(e);
	return cel_bool(!e);
}

static cel_value quantity_sign_of(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_int(quantity_sign(&v[0].box->quantity));
}

static int compare_quantities(const cel_value *v)
{
	int c = quantity_cmp(&v[0].box->quantity, &v[1].box->quantity);

	return (c > 0) - (c < 0);
}

static cel_value quantity_is_greater(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_bool(compare_quantities(v) > 0);
}

static cel_value quantity_is_less(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_bool(compare_quantities(v) < 0);
}

static cel_value quantity_compare(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_int(compare_quantities(v));
}

static cel_value quantity_as_float(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_double(quantity_float(&v[0].box->quantity));
}

static cel_value quantity_as_int(struct cel_run *r, const cel_value *v, size_t n)
{
	int64_t i;
	(void)n;

	if (!quantity_int(&v[0].box->quantity, &i))
		return cel_fault(r, "cannot convert value to integer");
	return cel_int(i);
}

static cel_value quantity_is_int(struct cel_run *r, const cel_value *v, size_t n)
{
	int64_t i;
	(void)r;
	(void)n;

	return cel_bool(quantity_int(&v[0].box->quantity, &i));
}

/* The second operand of add and sub, which may be an int. */
static struct quantity operand(cel_value v)
{
	return v.kind == CEL_INT ? quantity_of(v.i, 0, QUANTITY_EXPONENT) : v.box->quantity;
}

static cel_value computed(struct cel_run *r, err *e, struct quantity q)
{
	if (e)
		return cel_fault_err(r, e);
	cel_value v = cel_boxed(r, CEL_QUANTITY, (struct cel_box){ .quantity = q });

	v.form = CEL_FORM_POINTER;
	return v;
}

static cel_value quantity_plus(struct cel_run *r, const cel_value *v, size_t n)
{
	struct quantity y = operand(v[1]), sum = { 0 };
	err *e = quantity_add(r->a, &v[0].box->quantity, &y, &sum);
	(void)n;

	return computed(r, e, sum);
}

static cel_value quantity_minus(struct cel_run *r, const cel_value *v, size_t n)
{
	struct quantity y = operand(v[1]), rest = { 0 };
	err *e = quantity_sub(r->a, &v[0].box->quantity, &y, &rest);
	(void)n;

	return computed(r, e, rest);
}

/* ---- versions ---------------------------------------------------------- */

static cel_value semver(struct cel_run *r, const cel_value *v, size_t n)
{
	struct cel_box box;
	str wrong = cel_version_parse(r->a, v[0].s, n > 1 && v[1].b, &box.version);

	return wrong.n ? cel_fault(r, "%.*s", STR_ARG(wrong)) : cel_boxed(r, CEL_SEMVER, box);
}

static cel_value is_semver(struct cel_run *r, const cel_value *v, size_t n)
{
	struct cel_version version;

	return cel_bool(!cel_version_parse(r->a, v[0].s, n > 1 && v[1].b, &version).n);
}

static cel_value semver_major(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_int((int64_t)v[0].box->version.major);
}

static cel_value semver_minor(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_int((int64_t)v[0].box->version.minor);
}

static cel_value semver_patch(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_int((int64_t)v[0].box->version.patch);
}

static cel_value semver_compare(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_int(cel_version_compare(&v[0].box->version, &v[1].box->version));
}

static cel_value semver_is_greater(struct cel_run *r, const cel_value *v, size_t n)
{
	return cel_bool(semver_compare(r, v, n).i > 0);
}

static cel_value semver_is_less(struct cel_run *r, const cel_value *v, size_t n)
{
	return cel_bool(semver_compare(r, v, n).i < 0);
}

/* ---- URLs -------------------------------------------------------------- */

static cel_value url(struct cel_run *r, const cel_value *v, size_t n)
{
	struct cel_box box;
	err *e = gourl_parse_request(r->a, v[0].s, &box.url);
	(void)n;

	if (!e)
		e = gourl_parse(r->a, v[0].s, &box.url);
	if (e)
		return cel_fault_err(r, err_wrap(e, "URL parse error during conversion from string"));
	return cel_boxed(r, CEL_URL, box);
}

static cel_value is_url(struct cel_run *r, const cel_value *v, size_t n)
{
	struct gourl u;
	err *e = gourl_parse_request(r->a, v[0].s, &u);
	(void)n;

	err_free(e);
	return cel_bool(!e);
}

static cel_value url_scheme(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_string(v[0].box->url.scheme);
}

static cel_value url_host(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_string(v[0].box->url.host);
}

static cel_value url_hostname(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_string(gourl_hostname(&v[0].box->url));
}

static cel_value url_port(struct cel_run *r, const cel_value *v, size_t n)
{
	str host = v[0].box->url.host;
	size_t colon = str_rfind_char(host, ':'), close = str_rfind_char(host, ']');
	(void)r;
	(void)n;

	if (colon == STR_NPOS || (close != STR_NPOS && close > colon))
		return cel_string(S(""));
	return cel_string(str_from(host, colon + 1));
}

static cel_value url_path(struct cel_run *r, const cel_value *v, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);
	(void)n;

	gourl_add_path(&b, &v[0].box->url);
	return cel_text(r, &b);
}

/* A name or value of a query; false when it is not one. */
static bool decode(struct cel_run *r, str s, str *out)
{
	str copy = arena_str(r->a, s);
	char *p = (char *)copy.p;

	for (size_t i = 0; i < copy.n; i++)
		if (p[i] == '+')
			p[i] = ' ';
	err *e = gourl_unescape_segment(r->a, copy, out);

	err_free(e);
	return !e;
}

static cel_value url_query(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value map = cel_map_new(r, 0), list;
	str rest = v[0].box->url.query, pair, key, value;
	(void)n;

	while (rest.n && cel_run_work(r, 1)) {
		str_split(rest, '&', &pair, &rest);
		if (!pair.n || str_find_char(pair, ';') != STR_NPOS)
			continue;
		str_split(pair, '=', &key, &value);
		if (!decode(r, key, &key) || !decode(r, value, &value))
			continue;
		if (!cel_map_find(r, map, cel_string(key), &list))
			list = cel_list_new(r, 0);
		cel_list_push(r, &list, cel_string(value));
		cel_map_set(r, map, cel_string(key), list);
	}
	return map;
}

/* ---- values ------------------------------------------------------------ */

void cel_kube_print(struct buf *b, cel_value v)
{
	switch ((enum cel_kind)v.kind) {
	case CEL_QUANTITY:
		quantity_add_text(b, &v.box->quantity);
		return;
	case CEL_URL:
		gourl_add(b, &v.box->url);
		return;
	case CEL_IP:
	case CEL_CIDR:
		cel_net_add(b, &v.box->net, v.kind == CEL_CIDR);
		return;
	case CEL_SEMVER:
		cel_version_add(b, &v.box->version);
		return;
	case CEL_FORMAT:
		buf_add(b, str_c(v.box->format->shown));
		return;
	default:
		return;
	}
}

bool cel_kube_equal(struct cel_run *r, cel_value a, cel_value b)
{
	CLEANUP(buf_release) struct buf x = BUF_LIMIT(CEL_TEXT_MAX), y = BUF_LIMIT(CEL_TEXT_MAX);
	const struct cel_net *m, *n;
	(void)r;

	switch ((enum cel_kind)a.kind) {
	case CEL_QUANTITY:
		return quantity_cmp(&a.box->quantity, &b.box->quantity) == 0;
	case CEL_IP:
	case CEL_CIDR:
		m = &a.box->net;
		n = &b.box->net;
		return m->bits == n->bits && netip_same(&m->ip, &n->ip, netip_bits(&m->ip));
	case CEL_SEMVER:
		return cel_version_compare(&a.box->version, &b.box->version) == 0;
	default:
		cel_kube_print(&x, a);
		cel_kube_print(&y, b);
		return str_eq(buf_str(&x), buf_str(&y));
	}
}

/* ---- tables ------------------------------------------------------------ */

#define T_STRINGS (&cel_func_list_string)

static const struct cel_type query_type = {
	.kind = CEL_MAP, .n = 2, .bare = true, .name = { "map", 3 }, .params = { T_STRING, T_STRINGS },
};
static const struct cel_type optional_strings = {
	.kind = CEL_OPTIONAL, .n = 1, .bare = true, .name = { "optional_type", 13 },
	.params = { T_STRINGS },
};
static const struct cel_type optional_format = {
	.kind = CEL_OPTIONAL, .n = 1, .bare = true, .name = { "optional_type", 13 },
	.params = { T_FORMAT },
};

static const struct cel_overload o_add[] = {
	BINARY_MEMBER(quantity_plus, "quantity_add", T_QUANTITY, T_QUANTITY, T_QUANTITY),
	BINARY_MEMBER(quantity_plus, "quantity_add_int", T_QUANTITY, T_QUANTITY, T_INT),
};
static const struct cel_overload o_sub[] = {
	BINARY_MEMBER(quantity_minus, "quantity_sub", T_QUANTITY, T_QUANTITY, T_QUANTITY),
	BINARY_MEMBER(quantity_minus, "quantity_sub_int", T_QUANTITY, T_QUANTITY, T_INT),
};
static const struct cel_overload o_compare[] = {
	BINARY_MEMBER(quantity_compare, "quantity_compare_to", T_INT, T_QUANTITY, T_QUANTITY),
	BINARY_MEMBER(semver_compare, "semver_compare_to", T_INT, T_SEMVER, T_SEMVER),
};
static const struct cel_overload o_greater[] = {
	BINARY_MEMBER(quantity_is_greater, "quantity_is_greater_than", T_BOOL, T_QUANTITY, T_QUANTITY),
	BINARY_MEMBER(semver_is_greater, "semver_is_greater_than", T_BOOL, T_SEMVER, T_SEMVER),
};
static const struct cel_overload o_less[] = {
	BINARY_MEMBER(quantity_is_less, "quantity_is_less_than", T_BOOL, T_QUANTITY, T_QUANTITY),
	BINARY_MEMBER(semver_is_less, "semver_is_less_than", T_BOOL, T_SEMVER, T_SEMVER),
};
static const struct cel_overload o_semver[] = {
	UNARY(semver, "string_to_semver", T_SEMVER, T_STRING),
	CODE(CEL_IN_ALL, false, CEL_BINARY, semver, "string_bool_to_semver", T_SEMVER, T_STRING, T_BOOL),
};
static const struct cel_overload o_is_semver[] = {
	UNARY(is_semver, "is_semver_string", T_BOOL, T_STRING),
	CODE(CEL_IN_ALL, false, CEL_BINARY, is_semver, "is_semver_string_bool", T_BOOL, T_STRING, T_BOOL),
};
static const struct cel_overload o_validate[] = {
	BINARY_MEMBER(validate, "format-validate", &optional_strings, T_FORMAT, T_STRING),
};

ONE(o_float, true, quantity_as_float, "quantity_get_float", T_DOUBLE, T_QUANTITY);
ONE(o_int, true, quantity_as_int, "quantity_get_int", T_INT, T_QUANTITY);
ONE(o_is_int, true, quantity_is_int, "quantity_is_integer", T_BOOL, T_QUANTITY);
ONE(o_quantity, false, quantity, "string_to_quantity", T_QUANTITY, T_STRING);
ONE(o_is_quantity, false, is_quantity, "is_quantity_string", T_BOOL, T_STRING);
ONE(o_sign, false, quantity_sign_of, "quantity_sign", T_INT, T_QUANTITY);
ONE(o_major, true, semver_major, "semver_major", T_INT, T_SEMVER);
ONE(o_minor, true, semver_minor, "semver_minor", T_INT, T_SEMVER);
ONE(o_patch, true, semver_patch, "semver_patch", T_INT, T_SEMVER);
ONE(o_url, false, url, "string_to_url", T_URL, T_STRING);
ONE(o_is_url, false, is_url, "is_url_string", T_BOOL, T_STRING);
ONE(o_scheme, true, url_scheme, "url_get_scheme", T_STRING, T_URL);
ONE(o_host, true, url_host, "url_get_host", T_STRING, T_URL);
ONE(o_hostname, true, url_hostname, "url_get_hostname", T_STRING, T_URL);
ONE(o_port, true, url_port, "url_get_port", T_STRING, T_URL);
ONE(o_path, true, url_path, "url_get_escaped_path", T_STRING, T_URL);
ONE(o_query, true, url_query, "url_get_query", &query_type, T_URL);
ONE(o_named, false, format_named, "format-named", &optional_format, T_STRING);

#define FORMAT(name, code, called) \
	static const struct cel_overload name[] = { \
		{ .id = called, .in = CEL_IN_ALL, .style = CEL_VARIADIC, .run = code, .result = T_FORMAT }, \
	}

FORMAT(o_f_byte, format_byte, "format.byte");
FORMAT(o_f_date, format_date, "format.date");
FORMAT(o_f_datetime, format_datetime, "format.datetime");
FORMAT(o_f_1035, format_dns1035_label, "format.dns1035Label");
FORMAT(o_f_1035_prefix, format_dns1035_label_prefix, "format.dns1035LabelPrefix");
FORMAT(o_f_1123, format_dns1123_label, "format.dns1123Label");
FORMAT(o_f_1123_prefix, format_dns1123_label_prefix, "format.dns1123LabelPrefix");
FORMAT(o_f_subdomain, format_dns1123_subdomain, "format.dns1123Subdomain");
FORMAT(o_f_subdomain_prefix, format_dns1123_subdomain_prefix, "format.dns1123SubdomainPrefix");
FORMAT(o_f_label_value, format_label_value, "format.labelValue");
FORMAT(o_f_qualified, format_qualified_name, "format.qualifiedName");
FORMAT(o_f_uri, format_uri, "format.uri");
FORMAT(o_f_uuid, format_uuid, "format.uuid");

static const struct cel_function functions[] = {
	KUBERNETES_FUNCTION("add", o_add),
	KUBERNETES_FUNCTION("asApproximateFloat", o_float),
	KUBERNETES_FUNCTION("asInteger", o_int),
	KUBERNETES_FUNCTION("compareTo", o_compare),
	KUBERNETES_FUNCTION("format.byte", o_f_byte),
	KUBERNETES_FUNCTION("format.date", o_f_date),
	KUBERNETES_FUNCTION("format.datetime", o_f_datetime),
	KUBERNETES_FUNCTION("format.dns1035Label", o_f_1035),
	KUBERNETES_FUNCTION("format.dns1035LabelPrefix", o_f_1035_prefix),
	KUBERNETES_FUNCTION("format.dns1123Label", o_f_1123),
	KUBERNETES_FUNCTION("format.dns1123LabelPrefix", o_f_1123_prefix),
	KUBERNETES_FUNCTION("format.dns1123Subdomain", o_f_subdomain),
	KUBERNETES_FUNCTION("format.dns1123SubdomainPrefix", o_f_subdomain_prefix),
	KUBERNETES_FUNCTION("format.labelValue", o_f_label_value),
	KUBERNETES_FUNCTION("format.named", o_named),
	KUBERNETES_FUNCTION("format.qualifiedName", o_f_qualified),
	KUBERNETES_FUNCTION("format.uri", o_f_uri),
	KUBERNETES_FUNCTION("format.uuid", o_f_uuid),
	KUBERNETES_FUNCTION("getEscapedPath", o_path),
	KUBERNETES_FUNCTION("getHost", o_host),
	KUBERNETES_FUNCTION("getHostname", o_hostname),
	KUBERNETES_FUNCTION("getPort", o_port),
	KUBERNETES_FUNCTION("getQuery", o_query),
	KUBERNETES_FUNCTION("getScheme", o_scheme),
	KUBERNETES_FUNCTION("isGreaterThan", o_greater),
	KUBERNETES_FUNCTION("isInteger", o_is_int),
	KUBERNETES_FUNCTION("isLessThan", o_less),
	KUBERNETES_FUNCTION("isQuantity", o_is_quantity),
	KUBERNETES_FUNCTION("isSemver", o_is_semver),
	KUBERNETES_FUNCTION("isURL", o_is_url),
	KUBERNETES_FUNCTION("major", o_major),
	KUBERNETES_FUNCTION("minor", o_minor),
	KUBERNETES_FUNCTION("patch", o_patch),
	KUBERNETES_FUNCTION("quantity", o_quantity),
	KUBERNETES_FUNCTION("semver", o_semver),
	KUBERNETES_FUNCTION("sign", o_sign),
	KUBERNETES_FUNCTION("sub", o_sub),
	KUBERNETES_FUNCTION("url", o_url),
	KUBERNETES_FUNCTION("validate", o_validate),
};

const struct cel_function_table cel_func_kubernetes = { functions, COUNT(functions) };
