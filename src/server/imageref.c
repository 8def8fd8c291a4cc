#include "server/imageref.h"

#include "base/ascii.h"

enum { NAME_MAX_LEN = 255, TAG_MAX = 128, DIGEST_HEX_MIN = 32, ID_HEX = 64 };

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || is_upper(c);
}

static bool is_lower_hex(char c)
{
	return ascii_is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool all(str s, bool (*is)(char))
{
	for (size_t i = 0; i < s.n; i++)
		if (!is(s.p[i]))
			return false;
	return true;
}

static bool has(str s, bool (*is)(char))
{
	for (size_t i = 0; i < s.n; i++)
		if (is(s.p[i]))
			return true;
	return false;
}

static bool is_domain_char(char c)
{
	return is_alnum(c) || c == '-';
}

static bool is_domain(str s)
{
	str name = s, port = STR_NONE, part;

	if (str_take(&s, '[')) {
		size_t end = str_find_char(s, ']');

		if (end == STR_NPOS || !end)
			return false;
		for (size_t i = 0; i < end; i++)
			if (!ascii_is_hex(s.p[i]) && s.p[i] != ':')
				return false;
		s = str_from(s, end + 1);
		return !s.n || (str_take(&s, ':') && s.n && all(s, ascii_is_digit));
	}
	if (str_split(s, ':', &name, &port) && (!port.n || !all(port, ascii_is_digit)))
		return false;
	if (!name.n || str_ends(name, S(".")))
		return false;
	while (str_cut(&name, &part, '.'))
		if (!part.n || !is_alnum(part.p[0]) || !is_alnum(part.p[part.n - 1]) ||
		    !all(part, is_domain_char))
			return false;
	return true;
}

/* Lower-case letters and digits with one '.', one or two '_', or any '-' between. */
static bool is_path_part(str s)
{
	if (!str_span(&s, is_lower_alnum).n)
		return false;
	while (s.n) {
		if (str_take(&s, '-')) {
			while (str_take(&s, '-'))
				;
		} else if (str_take(&s, '_')) {
			str_take(&s, '_');
		} else if (!str_take(&s, '.')) {
			return false;
		}
		if (!str_span(&s, is_lower_alnum).n)
			return false;
	}
	return true;
}

static bool is_path(str s)
{
	str part;

	if (!s.n || str_ends(s, S("/")))
		return false;
	while (str_cut(&s, &part, '/'))
		if (!is_path_part(part))
			return false;
	return true;
}

static bool is_tag(str s)
{
	if (!s.n || s.n > TAG_MAX || !(is_alnum(s.p[0]) || s.p[0] == '_'))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && !str_has(S("_.-"), str_of(&s.p[i], 1)))
			return false;
	return true;
}

/* Only the algorithms that the original links are digests. */
static bool is_digest(str s)
{
	str algorithm, hex;

	str_split(s, ':', &algorithm, &hex);
	size_t n = str_eq(algorithm, S("sha256"))   ? 64
		   : str_eq(algorithm, S("sha384")) ? 96
		   : str_eq(algorithm, S("sha512")) ? 128
						    : 0;

	return n && hex.n == n && all(hex, is_lower_hex);
}

str imageref_tag(str image)
{
	str domain = STR_NONE, rest = image, tag = STR_NONE, digest = STR_NONE, path;
	size_t slash = str_find_char(image, '/');

	if (image.n == ID_HEX && all(image, is_lower_hex))
		return STR_NONE;
	if (slash != STR_NPOS) {
		str first = str_sub(image, 0, slash);

		if (has(first, is_upper) || str_find_char(first, '.') != STR_NPOS ||
		    str_find_char(first, ':') != STR_NPOS || str_eq(first, S("localhost"))) {
			domain = first;
			rest = str_from(image, slash + 1);
		}
	}
	bool has_digest = str_split(rest, '@', &rest, &digest);
	bool has_tag = str_split(rest, ':', &path, &tag);

	if ((domain.n && !is_domain(domain)) || !is_path(path) || (has_tag && !is_tag(tag)) ||
	    (has_digest && !is_digest(digest)) || domain.n + path.n >= NAME_MAX_LEN)
		return STR_NONE;
	return has_tag || has_digest ? tag : S("latest");
}
