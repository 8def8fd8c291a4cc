#include "server/check.h"

#include <ctype.h>
#include <stdio.h>

#include "base/buf.h"
#include "server/gostruct.h"
#include "text/number.h"
#include "text/quantity.h"
#include "text/quote.h"

static void add_at(struct buf *b, const struct at *at)
{
	if (!at)
		return;
	add_at(b, at->up);
	switch (at->how) {
	case AT_FIELD:
		buf_add(b, b->n ? S(".") : STR_NONE);
		buf_add(b, at->name);
		break;
	case AT_INDEX:
		buf_addf(b, "[%zu]", at->index);
		break;
	case AT_KEY:
		buf_addc(b, '[');
		buf_add(b, at->name);
		buf_addc(b, ']');
		break;
	}
}

str check_at(struct arena *a, const struct at *at)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!at)
		return S("<nil>");
	add_at(&b, at);
	return arena_str(a, buf_str(&b));
}

void check_required(struct fielderrs *e, const struct at *at)
{
	fielderr_add(e, FIELDERR_REQUIRED, check_at(e->arena, at), S("Required value"));
}

void check_duplicate(struct fielderrs *e, const struct at *at, node value)
{
	fielderr_duplicate(e, check_at(e->arena, at), value);
}

void check_not_found(struct fielderrs *e, const struct at *at, node value)
{
	fielderr_not_found(e, check_at(e->arena, at), value);
}

void check_too_many(struct fielderrs *e, const struct at *at, size_t is, size_t max)
{
	fielderr_too_many(e, check_at(e->arena, at), is, max);
}

void check_too_long(struct fielderrs *e, const struct at *at, size_t max)
{
	fielderr_too_long(e, check_at(e->arena, at), max);
}

void check_not_supported(struct fielderrs *e, const struct at *at, node value, const str *list,
			 size_t n)
{
	fielderr_not_supported(e, check_at(e->arena, at), value, list, n);
}

void check_name(struct fielderrs *e, const struct at *at, str name, enum name_rule rule)
{
	str why[NAME_COMPLAINTS_MAX];
	size_t n = name_complaints(name, rule, why);

	for (size_t i = 0; i < n; i++)
		check_invalid_text(e, at, name, "%.*s", STR_ARG(why[i]));
}

void check_path_segment(struct fielderrs *e, const struct at *at, str name)
{
	if (name.n)
		check_name(e, at, name, NAME_PATH_SEGMENT);
	else
		check_required(e, at);
}

bool check_is(str text, const char *const *words)
{
	for (; *words; words++)
		if (str_eq(text, str_c(*words)))
			return true;
	return false;
}

bool check_words(struct fielderrs *e, const struct at *at, node value, const char *const *words)
{
	enum { MOST = 32 };
	str list[MOST];
	size_t n = 0;

	if (check_is(node_str_or(value, STR_NONE), words))
		return true;
	while (n < MOST && words[n]) {
		list[n] = str_c(words[n]);
		n++;
	}
	check_not_supported(e, at, node_is_nil(value) ? node_lit("") : value, list, n);
	return false;
}

bool check_has_star(node list)
{
	node_each_item(x, list)
		if (str_eq(node_str_or(*x, STR_NONE), S("*")))
			return true;
	return false;
}

void check_starred(struct fielderrs *e, const struct at *at, node list, const char *others)
{
	if (node_len(list) > 1 && check_has_star(list))
		check_invalid(e, at, list, "if '*' is present, must not specify other %s", others);
}

/* ---- numbers --------------------------------------------------------------- */

void check_non_negative(struct fielderrs *e, const struct at *at, node value)
{
	if (node_is_num(value) && node_int(value) < 0)
		check_invalid(e, at, value, "must be greater than or equal to 0");
}

void check_positive(struct fielderrs *e, const struct at *at, node value)
{
	if (node_is_num(value) && node_int(value) <= 0)
		check_invalid(e, at, value, "must be greater than 0");
}

bool check_range(struct fielderrs *e, const struct at *at, node value, int64_t low, int64_t high)
{
	int64_t i = node_int(value);

	if (i >= low && i <= high)
		return true;
	check_invalid(e, at, node_from_int(i), "must be between %lld and %lld, inclusive",
		      (long long)low, (long long)high);
	return false;
}

bool check_port(struct fielderrs *e, const struct at *at, node value)
{
	return check_range(e, at, value, 1, 65535);
}

void check_port_name(struct fielderrs *e, const struct at *at, str name)
{
	bool letter = false, odd = !name.n;

	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		letter |= c >= 'a' && c <= 'z';
		odd |= !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-');
	}
	if (name.n > 15)
		check_invalid_text(e, at, name, "must be no more than 15 characters");
	if (odd)
		check_invalid_text(e, at, name, "must contain only alpha-numeric characters (a-z, "
						"0-9), and hyphens (-)");
	if (!letter)
		check_invalid_text(e, at, name, "must contain at least one letter (a-z)");
	if (str_has(name, S("--")))
		check_invalid_text(e, at, name, "must not contain consecutive hyphens");
	if (name.n && (name.p[0] == '-' || name.p[name.n - 1] == '-'))
		check_invalid_text(e, at, name, "must not begin or end with a hyphen");
}

void check_port_or_name(struct fielderrs *e, const struct at *at, node value)
{
	if (node_is(value, NODE_STR))
		check_port_name(e, at, node_str(value));
	else
		check_port(e, at, value);
}

bool check_percent(node value, int64_t *out)
{
	str s = node_str_or(value, STR_NONE);
	uint64_t u;

	if (s.n < 2 || s.p[s.n - 1] != '%')
		return false;
	for (size_t i = 0; i + 1 < s.n; i++)
		if (!isdigit((unsigned char)s.p[i]))
			return false;
	*out = str_to_u64(str_sub(s, 0, s.n - 1), &u) && u < INT32_MAX ? (int64_t)u : INT32_MAX;
	return true;
}

void check_int_or_percent(struct fielderrs *e, const struct at *at, node value)
{
	int64_t percent;

	if (node_is(value, NODE_STR)) {
		if (!check_percent(value, &percent))
			check_invalid(e, at, value,
				      "a valid percent string must be a numeric string followed by an "
				      "ending '%%' (e.g. '1%%',  or '93%%', regex used for validation is "
				      "'[0-9]+%%')");
	} else {
		check_non_negative(e, at, value);
	}
}

void check_at_most_100(struct fielderrs *e, const struct at *at, node value)
{
	int64_t percent;

	if (check_percent(value, &percent) && percent > 100)
		check_invalid(e, at, value, "must not be greater than 100%%");
}

void check_quantity_non_negative(struct fielderrs *e, const struct at *at, node value)
{
	struct quantity q = { 0 };

	if (!node_is(value, NODE_STR))
		return;
	err *bad = quantity_parse(e->arena, node_str(value), &q);

	if (!bad && quantity_sign(&q) < 0)
		check_invalid(e, at, value, "must be greater than or equal to 0");
	err_free(bad);
}

/* ---- labels, selectors, names --------------------------------------------- */

void check_label_name(struct fielderrs *e, const struct at *at, str name)
{
	check_name(e, at, name, NAME_QUALIFIED);
}

void check_labels(struct fielderrs *e, const struct at *at, node labels)
{
	node_each_pair(p, labels) {
		check_label_name(e, at, node_str(p->key));
		check_name(e, at, node_str_or(p->value, STR_NONE), NAME_LABEL_VALUE);
	}
}

enum { ANNOTATIONS_MAX = 256 << 10 };

void check_annotations(struct fielderrs *e, const struct at *at, node annotations)
{
	size_t total = 0;

	node_each_pair(p, annotations) {
		str key = node_str(p->key), why[NAME_COMPLAINTS_MAX];
		size_t n = name_complaints(arena_lower(e->arena, key), NAME_QUALIFIED, why);

		for (size_t i = 0; i < n; i++)
			check_invalid_text(e, at, key, "%.*s", STR_ARG(why[i]));
		total += key.n + node_str_or(p->value, STR_NONE).n;
	}
	if (total > ANNOTATIONS_MAX)
		check_too_long(e, at, ANNOTATIONS_MAX);
}

void check_requirement(struct fielderrs *e, const struct at *at, node expression, bool lenient,
		       bool any_operator)
{
	str op = TEXT_OF(expression, "operator");
	node values = GET(expression, "values");

	if (IS_ONE_OF(op, "In", "NotIn")) {
		if (!node_len(values))
			check_required_why(e, AT(at, "values"),
					   "must be specified when `operator` is 'In' or 'NotIn'");
	} else if (IS_ONE_OF(op, "Exists", "DoesNotExist")) {
		if (node_len(values))
			check_forbidden(e, AT(at, "values"),
					"may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
	} else if (!any_operator) {
		check_invalid_text(e, AT(at, "operator"), op, "not a valid selector operator");
	}
	check_label_name(e, AT(at, "key"), TEXT_OF(expression, "key"));
	for (size_t i = 0; !lenient && i < node_len(values); i++)
		check_name(e, AT_I(AT(at, "values"), i), node_str_or(node_at(values, i), STR_NONE),
			   NAME_LABEL_VALUE);
}

void check_label_selector(struct fielderrs *e, const struct at *at, node selector, bool lenient)
{
	node expressions = GET(selector, "matchExpressions");

	check_labels(e, AT(at, "matchLabels"), GET(selector, "matchLabels"));
	for (size_t i = 0; i < node_len(expressions); i++)
		check_requirement(e, AT_I(AT(at, "matchExpressions"), i), node_at(expressions, i), lenient,
				  false);
}

bool check_has_bad_value(node selector)
{
	node_each_item(x, GET(selector, "matchExpressions"))
		node_each_item(value, GET(*x, "values"))
			if (!name_check(node_str_or(*value, STR_NONE), NAME_LABEL_VALUE, NULL))
				return true;
	return false;
}

node check_selector_shown(struct fielderrs *e, node selector)
{
	return gostruct_shown(e->arena, "v1.LabelSelector", selector, NODE_NOTHING);
}

static size_t complain_dots(str s, str *out)
{
	if (str_eq(s, S(".")))
		*out = S("must not be '.'");
	else if (str_eq(s, S("..")))
		*out = S("must not be '..'");
	else if (str_starts(s, S("..")))
		*out = S("must not start with '..'");
	else
		return 0;
	return 1;
}

size_t check_config_key_complaints(str key, str out[NAME_COMPLAINTS_MAX])
{
	size_t n = 0;
	bool odd = !key.n;

	for (size_t i = 0; i < key.n; i++)
		odd |= !isalnum((unsigned char)key.p[i]) && !memchr("-._", key.p[i], 3);
	if (key.n > 253)
		out[n++] = S("must be no more than 253 bytes");
	if (odd)
		out[n++] = S("a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
			     "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
			     "'[-._a-zA-Z0-9]+')");
	return n + complain_dots(key, &out[n]);
}

void check_config_key(struct fielderrs *e, const struct at *at, str key)
{
	str why[NAME_COMPLAINTS_MAX];
	size_t n = check_config_key_complaints(key, why);

	for (size_t i = 0; i < n; i++)
		check_invalid_text(e, at, key, "%.*s", STR_ARG(why[i]));
}

void check_env_name(struct fielderrs *e, const struct at *at, str name)
{
	if (!name.n)
		check_invalid_text(e, at, name, "environment variable name must be non-empty");
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] < 0x20 || name.p[i] > 0x7e || name.p[i] == '=') {
			check_invalid_text(e, at, name,
					   "a valid environment variable name must consist only of "
					   "printable ASCII characters other than '='");
			break;
		}
}

void check_header_name(struct fielderrs *e, const struct at *at, str name)
{
	bool odd = !name.n;

	for (size_t i = 0; i < name.n; i++)
		odd |= !isalnum((unsigned char)name.p[i]) && name.p[i] != '-';
	if (odd)
		check_invalid_text(e, at, name,
				   "a valid HTTP header must consist of alphanumeric characters or '-' "
				   "(e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')");
}

/* The complaints of a rule, joined by commas. */
static bool joined_name(struct fielderrs *e, const struct at *at, str name, enum name_rule rule)
{
	str why[NAME_COMPLAINTS_MAX];
	size_t n = name_complaints(name, rule, why);

	if (n)
		check_invalid_text(e, at, name, "%.*s",
				   STR_ARG(arena_join(e->arena, why, n, S(","))));
	return !n;
}

void check_qualified_name(struct fielderrs *e, const struct at *at, str name)
{
	if (!name.n)
		check_required(e, at);
	else if (joined_name(e, at, name, NAME_DNS_SUBDOMAIN) && str_count_char(name, '.') < 2)
		check_invalid_text(e, at, name, "should be a domain with at least three segments "
						"separated by dots");
}

void check_qualified_domain(struct fielderrs *e, const struct at *at, str name)
{
	str label;

	if (!name.n) {
		check_required(e, at);
		return;
	}
	if (str_ends(name, S(".")))
		name.n--;
	if (!joined_name(e, at, name, NAME_DNS_SUBDOMAIN))
		return;
	if (str_find_char(name, '.') == STR_NPOS) {
		check_invalid_text(e, at, name, "should be a domain with at least two segments "
						"separated by dots");
		return;
	}
	while (str_cut(&name, &label, '.'))
		if (!joined_name(e, at, label, NAME_DNS_LABEL))
			return;
}

void check_domain_path(struct fielderrs *e, const struct at *at, str path)
{
	str host, rest;

	if (!path.n) {
		check_required(e, at);
		return;
	}
	if (!str_split(path, '/', &host, &rest) || !host.n || !rest.n) {
		check_invalid_text(e, at, path, "must be a domain-prefixed path (such as \"acme.io/foo\")");
		return;
	}
	check_name(e, at, host, NAME_DNS_SUBDOMAIN);
	for (size_t i = 0; i < rest.n; i++)
		if (!isalnum((unsigned char)rest.p[i]) && !strchr("/-._~%!$&'()*+,;=:", rest.p[i])) {
			check_invalid_text(e, at, rest,
					   "Invalid path (regex used for validation is "
					   "'[A-Za-z0-9/\\-._~%%!$&'()*+,;=:]+')");
			return;
		}
}

bool check_is_wildcard_subdomain(str name)
{
	return name.n <= 253 && str_take_str(&name, S("*.")) &&
	       name_check(name, NAME_DNS_SUBDOMAIN, NULL);
}

void check_wildcard_subdomain(struct fielderrs *e, const struct at *at, str name)
{
	str rest = name;

	if (name.n > 253)
		check_invalid_text(e, at, name, "must be no more than 253 bytes");
	if (!str_take_str(&rest, S("*.")) || !name_check(str_sub(rest, 0, 253), NAME_DNS_SUBDOMAIN, NULL))
		check_invalid_text(
			e, at, name,
			"a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS "
			"subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and "
			"end with an alphanumeric character (e.g. '*.example.com', regex used for validation "
			"is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
}

static bool fits_underscore_label(str s)
{
	str_take(&s, '_');
	if (!s.n || !isalnum((unsigned char)s.p[0]) || !isalnum((unsigned char)s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (isupper((unsigned char)s.p[i]) ||
		    (!isalnum((unsigned char)s.p[i]) && s.p[i] != '-' && s.p[i] != '_'))
			return false;
	return true;
}

void check_subdomain_underscore(struct fielderrs *e, const struct at *at, str name)
{
	str rest = name, label;
	bool good = name.n && name.p[name.n - 1] != '.';

	if (name.n > 253)
		check_invalid_text(e, at, name, "must be no more than 253 bytes");
	while (good && str_cut(&rest, &label, '.'))
		good = fits_underscore_label(label);
	if (!good)
		check_invalid_text(
			e, at, name,
			"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
			"'_', '-' or '.', and must start and end with an alphanumeric character (e.g. "
			"'example.com', regex used for validation is "
			"'_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')");
}

/* ---- whole values ---------------------------------------------------------- */

bool check_same(node x, node y)
{
	if (node_is_nil(x) || node_is_nil(y))
		return node_is_nil(x) && node_is_nil(y);
	return node_equal(x, y);
}

bool check_immutable(struct fielderrs *e, const struct at *at, node now, node before, node shown)
{
	if (check_same(now, before))
		return true;
	check_invalid(e, at, shown, "field is immutable");
	return false;
}

size_t check_count(node object, const char *const *fields)
{
	size_t n = 0;

	for (; *fields; fields++)
		n += !node_is_nil(node_get(object, str_c(*fields)));
	return n;
}
