#include "kube/names.h"

#include <stdio.h>

enum { LABEL_MAX = 63, SUBDOMAIN_MAX = 253 };

#define LABEL_RE "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define KEY_RE "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
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

struct complaints {
	struct buf *to;
	size_t n;
};

static void say(struct complaints *c, const char *prefix, const char *text)
{
	if (c->to)
		buf_addf(c->to, "%s%s%s", c->n ? "; " : "", prefix, text);
	c->n++;
}

static void say_too_long(struct complaints *c, const char *prefix, int max)
{
	char text[64];

	snprintf(text, sizeof text, "must be no more than %d bytes", max);
	say(c, prefix, text);
}

static void check_subdomain(struct complaints *c, str s, const char *prefix)
{
	if (s.n > SUBDOMAIN_MAX)
		say_too_long(c, prefix, SUBDOMAIN_MAX);
	if (!fits_subdomain(s))
		say(c, prefix,
		    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
		    "characters, '-' or '.', and must start and end with an alphanumeric character "
		    "(e.g. 'example.com', regex used for validation is '" LABEL_RE "(\\." LABEL_RE
		    ")*')");
}

static void check_label(struct complaints *c, str s)
{
	if (s.n > LABEL_MAX)
		say_too_long(c, "", LABEL_MAX);
	if (fits_label(s))
		return;
	say(c, "", fits_subdomain(s)
		    ? "must not contain dots"
		    : "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
		      "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or "
		      "'123-abc', regex used for validation is '" LABEL_RE "')");
}

#define KEY_TEXT                                                                             \
	"must consist of alphanumeric characters, '-', '_' or '.', and must start and end "   \
	"with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex " \
	"used for validation is '" KEY_RE "')"

static void check_qualified(struct complaints *c, str s)
{
	str prefix, name;

	if (!str_split(s, '/', &prefix, &name)) {
		name = s;
	} else if (str_find_char(name, '/') != STR_NPOS) {
		say(c, "a valid label key ",
		    KEY_TEXT " with an optional DNS subdomain prefix and '/' (e.g. "
			     "'example.com/MyName')");
		return;
	} else if (!prefix.n) {
		say(c, "prefix part ", "must be non-empty");
	} else {
		check_subdomain(c, prefix, "prefix part ");
	}
	if (!name.n)
		say(c, "name part ", "must be non-empty");
	else if (name.n > LABEL_MAX)
		say_too_long(c, "name part ", LABEL_MAX);
	if (!fits_key(name))
		say(c, "name part ", KEY_TEXT);
}

static void check_value(struct complaints *c, str s)
{
	if (s.n > LABEL_MAX)
		say_too_long(c, "", LABEL_MAX);
	if (s.n && !fits_key(s))
		say(c, "",
		    "a valid label must be an empty string or consist of alphanumeric characters, "
		    "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
		    "'MyValue',  or 'my_value',  or '12345', regex used for validation is '(" KEY_RE
		    ")?')");
}

bool name_check(str name, enum name_rule rule, struct buf *why)
{
	struct complaints c = { .to = why };

	switch (rule) {
	case NAME_DNS_LABEL:
		check_label(&c, name);
		break;
	case NAME_DNS_SUBDOMAIN:
		check_subdomain(&c, name, "");
		break;
	case NAME_QUALIFIED:
		check_qualified(&c, name);
		break;
	case NAME_LABEL_VALUE:
		check_value(&c, name);
		break;
	}
	return c.n == 0;
}
