#include "text/names.h"

#include "base/ascii.h"

enum { LABEL_MAX = 63, SUBDOMAIN_MAX = 253 };

#define LABEL_RE "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define DNS1035_RE "[a-z]([-a-z0-9]*[a-z0-9])?"
#define KEY_RE "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

static bool is_lower_alnum(char c)
{
	return ascii_is_lower(c) || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

static bool fits_label(str s)
{
	if (!s.n || !is_lower_alnum(s.p[0]) || !is_lower_alnum(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_lower_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

static bool fits_subdomain(str s)
{
	str piece;

	if (!s.n || s.p[s.n - 1] == '.')
		return false;
	while (str_cut(&s, &piece, '.'))
		if (!fits_label(piece))
			return false;
	return true;
}

static bool fits_key(str s)
{
	if (!s.n || !is_alnum(s.p[0]) || !is_alnum(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.')
			return false;
	return true;
}

/* ---- complaints -------------------------------------------------------- */

/* Names are measured in "characters", keys and values of labels in "bytes". */
#define TOO_LONG_NAME(max) "must be no more than " max " characters"
#define TOO_LONG_LABEL "must be no more than 63 bytes"
#define TOO_LONG_PREFIX "must be no more than 253 bytes"
#define NOT_SUBDOMAIN                                                                      \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "           \
	"characters, '-' or '.', and must start and end with an alphanumeric character "    \
	"(e.g. 'example.com', regex used for validation is '" LABEL_RE "(\\." LABEL_RE ")*')"
#define NOT_LABEL                                                                          \
	"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or " \
	"'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or "  \
	"'123-abc', regex used for validation is '" LABEL_RE "')"
#define NOT_DNS1035                                                                        \
	"a DNS-1035 label must consist of lower case alphanumeric characters or '-', start " \
	"with an alphabetic character, and end with an alphanumeric character (e.g. "       \
	"'my-name',  or 'abc-123', regex used for validation is '" DNS1035_RE "')"
#define NOT_KEY                                                                            \
	"must consist of alphanumeric characters, '-', '_' or '.', and must start and end " \
	"with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', "     \
	"regex used for validation is '" KEY_RE "')"
#define NOT_VALUE                                                                          \
	"a valid label must be an empty string or consist of alphanumeric characters, "     \
	"'-', '_' or '.', and must start and end with an alphanumeric character (e.g. "     \
	"'MyValue',  or 'my_value',  or '12345', regex used for validation is '(" KEY_RE    \
	")?')"

struct complaints {
	str *list;
	size_t n;
};

static void say(struct complaints *c, str text)
{
	c->list[c->n++] = text;
}

static void check_label(struct complaints *c, str s)
{
	if (s.n > LABEL_MAX)
		say(c, S(TOO_LONG_NAME("63")));
	if (!fits_label(s))
		say(c, fits_subdomain(s) ? S("must not contain dots") : S(NOT_LABEL));
}

static void check_dns1035(struct complaints *c, str s)
{
	if (s.n > LABEL_MAX)
		say(c, S(TOO_LONG_NAME("63")));
	if (!fits_label(s) || !ascii_is_lower(s.p[0]))
		say(c, S(NOT_DNS1035));
}

static void check_subdomain(struct complaints *c, str s)
{
	if (s.n > SUBDOMAIN_MAX)
		say(c, S(TOO_LONG_NAME("253")));
	if (!fits_subdomain(s))
		say(c, S(NOT_SUBDOMAIN));
}

static void check_path_segment(struct complaints *c, str s)
{
	if (str_eq(s, S("."))) {
		say(c, S("may not be '.'"));
		return;
	}
	if (str_eq(s, S(".."))) {
		say(c, S("may not be '..'"));
		return;
	}
	if (str_find_char(s, '/') != STR_NPOS)
		say(c, S("may not contain '/'"));
	if (str_find_char(s, '%') != STR_NPOS)
		say(c, S("may not contain '%'"));
}

static void check_qualified(struct complaints *c, str s)
{
	str prefix, name;

	if (!str_split(s, '/', &prefix, &name)) {
		name = s;
	} else if (str_find_char(name, '/') != STR_NPOS) {
		say(c, S("a valid label key " NOT_KEY " with an optional DNS subdomain prefix and "
			 "'/' (e.g. 'example.com/MyName')"));
		return;
	} else if (!prefix.n) {
		say(c, S("prefix part must be non-empty"));
	} else {
		if (prefix.n > SUBDOMAIN_MAX)
			say(c, S("prefix part " TOO_LONG_PREFIX));
		if (!fits_subdomain(prefix))
			say(c, S("prefix part " NOT_SUBDOMAIN));
	}
	if (!name.n)
		say(c, S("name part must be non-empty"));
	else if (name.n > LABEL_MAX)
		say(c, S("name part " TOO_LONG_LABEL));
	if (!fits_key(name))
		say(c, S("name part " NOT_KEY));
}

static void check_value(struct complaints *c, str s)
{
	if (s.n > LABEL_MAX)
		say(c, S(TOO_LONG_LABEL));
	if (s.n && !fits_key(s))
		say(c, S(NOT_VALUE));
}

size_t name_complaints(str name, enum name_rule rule, str out[NAME_COMPLAINTS_MAX])
{
	static void (*const checks[])(struct complaints *c, str s) = {
		[NAME_DNS_LABEL] = check_label,
		[NAME_DNS_SUBDOMAIN] = check_subdomain,
		[NAME_DNS1035_LABEL] = check_dns1035,
		[NAME_PATH_SEGMENT] = check_path_segment,
		[NAME_QUALIFIED] = check_qualified,
		[NAME_LABEL_VALUE] = check_value,
	};
	struct complaints c = { .list = out };

	checks[rule](&c, name);
	return c.n;
}

bool name_check(str name, enum name_rule rule, struct buf *why)
{
	str list[NAME_COMPLAINTS_MAX];
	size_t n = name_complaints(name, rule, list);

	for (size_t i = 0; why && i < n; i++) {
		if (i)
			buf_add(why, S("; "));
		buf_add(why, list[i]);
	}
	return n == 0;
}
