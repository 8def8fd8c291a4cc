#include "text/netip.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "text/quote.h"

/* `at` is what was not read, if that is told. */
static err *bad_address(str s, const char *why, str at)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, S("ParseAddr("));
	quote_add(&b, s, QUOTE_PRINT);
	buf_addf(&b, "): %s", why);
	if (at.n) {
		buf_add(&b, S(" (at "));
		quote_add(&b, at, QUOTE_PRINT);
		buf_addc(&b, ')');
	}
	return err_new(ERR_INVALID, "%s", buf_c(&b));
}

/* An IPv4 address, perhaps at the end of an IPv6 one. */
static err *check_ipv4(str whole, str s)
{
	unsigned value = 0, digits = 0, dots = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (ascii_is_digit(c)) {
			if (digits == 1 && value == 0)
				return bad_address(whole, "IPv4 field has octet with leading zero",
						   STR_NONE);
			value = value * 10 + (unsigned)(c - '0');
			digits++;
			if (value > 255)
				return bad_address(whole, "IPv4 field has value >255", STR_NONE);
			continue;
		}
		if (c != '.')
			return bad_address(whole, "unexpected character", str_from(s, i));
		if (i == 0 || i == s.n - 1 || s.p[i - 1] == '.')
			return bad_address(whole, "IPv4 field must have at least one digit",
					   str_from(s, i));
		if (dots++ == 3)
			return bad_address(whole, "IPv4 address too long", STR_NONE);
		value = digits = 0;
	}
	return dots < 3 ? bad_address(whole, "IPv4 address too short", STR_NONE) : NULL;
}

/* Reading an IPv6 address: two bytes a group, sixteen in all. */
struct ipv6 {
	str whole, rest;
	unsigned bytes;
	int gap;		/* bytes before "::"; -1: none so far */
	bool done;
};

static err *take_group(struct ipv6 *p)
{
	size_t n = 0;

	for (; n < p->rest.n && ascii_is_hex(p->rest.p[n]); n++)
		if (n > 3)
			return bad_address(p->whole, "each group must have 4 or less digits",
					   p->rest);
	if (!n)
		return bad_address(p->whole,
				   "each colon-separated field must have at least one digit", p->rest);
	if (n < p->rest.n && p->rest.p[n] == '.') {
		if (p->gap < 0 && p->bytes != 12)
			return bad_address(p->whole,
					   "embedded IPv4 address must replace the final 2 fields "
					   "of the address",
					   p->rest);
		if (p->bytes + 4 > 16)
			return bad_address(p->whole,
					   "too many hex fields to fit an embedded IPv4 at the "
					   "end of the address",
					   p->rest);
		TRY(check_ipv4(p->whole, p->rest));
		p->bytes += 4;
		p->rest = STR_NONE;
		p->done = true;
		return NULL;
	}
	p->bytes += 2;
	p->rest = str_from(p->rest, n);
	return NULL;
}

static err *take_colons(struct ipv6 *p)
{
	if (p->rest.p[0] != ':')
		return bad_address(p->whole, "unexpected character, want colon", p->rest);
	if (p->rest.n == 1)
		return bad_address(p->whole, "colon must be followed by more characters", p->rest);
	p->rest = str_from(p->rest, 1);
	if (p->rest.p[0] != ':')
		return NULL;
	if (p->gap >= 0)
		return bad_address(p->whole, "multiple :: in address", p->rest);
	p->gap = (int)p->bytes;
	p->rest = str_from(p->rest, 1);
	return NULL;
}

static err *check_groups(struct ipv6 *p)
{
	while (p->bytes < 16 && !p->done) {
		TRY(take_group(p));
		if (!p->rest.n)
			break;
		TRY(take_colons(p));
		if (!p->rest.n)
			break;
	}
	if (p->rest.n)
		return bad_address(p->whole, "trailing garbage after address", p->rest);
	if (p->bytes < 16)
		return p->gap < 0 ? bad_address(p->whole, "address string too short", STR_NONE)
				  : NULL;
	if (p->gap >= 0)
		return bad_address(p->whole,
				   "the :: must expand to at least one field of zeros", STR_NONE);
	return NULL;
}

static err *parse_ipv6(str s, struct netip *out)
{
	struct ipv6 p = { .whole = s, .gap = -1 };
	bool has_zone = str_split(s, '%', &p.rest, &out->zone);

	out->v6 = true;
	if (has_zone && !out->zone.n)
		return bad_address(s, "zone must be a non-empty string", STR_NONE);
	if (str_take_str(&p.rest, S("::")))
		p.gap = 0;
	return p.gap < 0 || p.rest.n ? check_groups(&p) : NULL;
}

err *netip_parse(str s, struct netip *out)
{
	struct netip ip = { 0 };
	err *e;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%')
			return bad_address(s, "missing IPv6 address", STR_NONE);
		if (s.p[i] != '.' && s.p[i] != ':')
			continue;
		e = s.p[i] == '.' ? check_ipv4(s, s) : parse_ipv6(s, &ip);
		if (!e)
			*out = ip;
		return e;
	}
	return bad_address(s, "unable to parse IP", STR_NONE);
}
