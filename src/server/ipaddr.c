#include "server/ipaddr.h"

#include <stdio.h>

#include "base/buf.h"
#include "text/netip.h"
#include "text/quote.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* A decimal number with any zeros in front. */
static bool take_decimal(str *s, unsigned max, unsigned *out)
{
	str digits = str_span(s, is_digit);
	uint64_t value;

	if (!digits.n || !str_to_u64(digits, &value) || value > max)
		return false;
	*out = (unsigned)value;
	return true;
}

static bool take_ipv4(str s, uint8_t out[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned octet;

		if ((i && !str_take(&s, '.')) || !take_decimal(&s, 255, &octet))
			return false;
		out[i] = (uint8_t)octet;
	}
	return !s.n;
}

static bool take_ipv6(str s, uint8_t out[16])
{
	int n = 0, gap = -1;

	memset(out, 0, 16);
	if (str_take_str(&s, S("::"))) {
		gap = 0;
		if (!s.n)
			return true;
	}
	while (n < 16) {
		str rest = s, group = str_span(&rest, is_hex);
		unsigned value = 0;

		if (rest.n && rest.p[0] == '.') {
			/* an IPv4 address at the end */
			if ((gap < 0 && n != 12) || n + 4 > 16 || !take_ipv4(s, out + n))
				return false;
			s = STR_NONE;
			n += 4;
			break;
		}
		if (!group.n || group.n > 4)
			return false;
		for (size_t i = 0; i < group.n; i++)
			value = value * 16 + (unsigned)(is_digit(group.p[i]) ? group.p[i] - '0'
									      : (group.p[i] | 32) - 'a' + 10);
		out[n++] = (uint8_t)(value >> 8);
		out[n++] = (uint8_t)value;
		s = rest;
		if (!s.n)
			break;
		if (!str_take(&s, ':') || !s.n)
			return false;
		if (s.p[0] == ':') {
			if (gap >= 0)
				return false;
			gap = n;
			s = str_from(s, 1);
			if (!s.n)
				break;
		}
	}
	if (s.n || (n == 16) == (gap >= 0))
		return false;
	if (gap >= 0) {
		memmove(out + 16 - (n - gap), out + gap, (size_t)(n - gap));
		memset(out + gap, 0, (size_t)(16 - n));
	}
	return true;
}

static bool is_mapped(const uint8_t b[16])
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(b, prefix, sizeof prefix);
}

bool ipaddr_parse(str text, struct ipaddr *out)
{
	*out = (struct ipaddr){ 0 };
	if (str_find_char(text, ':') == STR_NPOS)
		return take_ipv4(text, out->bytes + 12);
	if (!take_ipv6(text, out->bytes))
		return false;
	out->v6 = !is_mapped(out->bytes);
	if (!out->v6)
		memset(out->bytes, 0, 12);
	return true;
}

bool ipaddr_parse_net(str text, struct ipnet *out)
{
	str ip, bits;
	bool colon;

	if (!str_split(text, '/', &ip, &bits) || !ipaddr_parse(ip, &out->base))
		return false;
	colon = str_find_char(ip, ':') != STR_NPOS;
	if (!take_decimal(&bits, colon ? 128 : 32, &out->bits) || bits.n)
		return false;
	if (colon && !out->base.v6)	/* IPv4 inside of IPv6 */
		out->bits = out->bits < 96 ? 0 : out->bits - 96;
	return true;
}

static void mask(struct ipaddr *ip, unsigned bits)
{
	unsigned start = ip->v6 ? 0 : 12;

	for (unsigned i = start; i < 16; i++) {
		unsigned done = (i - start) * 8;

		if (done >= bits)
			ip->bytes[i] = 0;
		else if (bits - done < 8)
			ip->bytes[i] &= (uint8_t)(0xff << (8 - (bits - done)));
	}
}

bool ipaddr_eq(const struct ipaddr *x, const struct ipaddr *y)
{
	return x->v6 == y->v6 && !memcmp(x->bytes, y->bytes, 16);
}

bool ipaddr_contains(const struct ipnet *net, const struct ipaddr *ip)
{
	struct ipaddr base = net->base, masked = *ip;

	if (base.v6 != ip->v6)
		return false;
	mask(&base, net->bits);
	mask(&masked, net->bits);
	return ipaddr_eq(&base, &masked);
}

static unsigned group_of(const struct ipaddr *ip, int i)
{
	return (unsigned)ip->bytes[2 * i] << 8 | ip->bytes[2 * i + 1];
}

/* RFC 5952: the first longest run of at least two zeros is "::". */
static void add_ipv6(struct buf *b, const struct ipaddr *ip)
{
	int best = -1, best_n = 1;

	for (int i = 0; i < 8;) {
		int n = 0;

		while (i + n < 8 && !group_of(ip, i + n))
			n++;
		if (n > best_n) {
			best = i;
			best_n = n;
		}
		i += n ? n : 1;
	}
	for (int i = 0; i < 8; i++) {
		if (i == best) {
			buf_add(b, S("::"));
			i += best_n - 1;
			continue;
		}
		if (i && i != best + best_n)
			buf_addc(b, ':');
		else if (i && best < 0)
			buf_addc(b, ':');
		buf_addf(b, "%x", group_of(ip, i));
	}
}

str ipaddr_text(struct arena *a, const struct ipaddr *ip)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!ip->v6)
		return arena_printf(a, "%u.%u.%u.%u", ip->bytes[12], ip->bytes[13], ip->bytes[14],
				    ip->bytes[15]);
	add_ipv6(&b, ip);
	return arena_str(a, buf_str(&b));
}

str ipaddr_net_text(struct arena *a, const struct ipnet *net)
{
	struct ipaddr base = net->base;

	mask(&base, net->bits);
	return arena_printf(a, "%.*s/%u", STR_ARG(ipaddr_text(a, &base)), net->bits);
}

bool ipaddr_is_unspecified(const struct ipaddr *ip)
{
	static const uint8_t none[16];

	return !memcmp(ip->bytes, none, 16);
}

bool ipaddr_is_loopback(const struct ipaddr *ip)
{
	static const uint8_t one[16] = { [15] = 1 };

	return ip->v6 ? !memcmp(ip->bytes, one, 16) : ip->bytes[12] == 127;
}

bool ipaddr_is_link_local(const struct ipaddr *ip)
{
	return ip->v6 ? ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80
		      : ip->bytes[12] == 169 && ip->bytes[13] == 254;
}

bool ipaddr_is_link_local_multicast(const struct ipaddr *ip)
{
	return ip->v6 ? ip->bytes[0] == 0xff && (ip->bytes[1] & 0x0f) == 2
		      : ip->bytes[12] == 224 && !ip->bytes[13] && !ip->bytes[14];
}

/* ---- checks -------------------------------------------------------------- */

#define NOT_IP "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
#define NOT_NET "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"

/* What Go's newer parser refuses although the older took it. */
static bool has_zeros(str text)
{
	struct netip ignored;
	err *e = netip_parse(text, &ignored);

	err_free(e);
	return e != NULL;
}

static bool is_4in6(str text, const struct ipaddr *ip)
{
	return !ip->v6 && str_find_char(text, ':') != STR_NPOS;
}

static bool check_ip(struct fielderrs *e, const struct at *at, str text, bool strict,
		     struct ipaddr *ip)
{
	if (!ipaddr_parse(text, ip)) {
		check_invalid_text(e, at, text, NOT_IP);
		return false;
	}
	bool zeros = strict && has_zeros(text), mapped = strict && !zeros && is_4in6(text, ip);

	if (zeros)
		check_invalid_text(e, at, text, "must not have leading 0s");
	if (mapped)
		check_invalid_text(e, at, text, "must not be an IPv4-mapped IPv6 address");
	return !zeros && !mapped;
}

bool ipaddr_check(struct fielderrs *e, const struct at *at, str text, bool strict)
{
	struct ipaddr ip;

	return check_ip(e, at, text, strict, &ip);
}

/* "must be in canonical form ("...")" */
static bool check_form(struct fielderrs *e, const struct at *at, str text, str canonical)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (str_eq(text, canonical))
		return true;
	quote_add(&b, canonical, QUOTE_PRINT);
	check_invalid_text(e, at, text, "must be in canonical form (%s)", buf_c(&b));
	return false;
}

bool ipaddr_check_canonical(struct fielderrs *e, const struct at *at, str text)
{
	struct ipaddr ip;

	return check_ip(e, at, text, true, &ip) && check_form(e, at, text, ipaddr_text(e->arena, &ip));
}

static bool has_zeros_net(str text)
{
	str ip, bits;

	str_split(text, '/', &ip, &bits);
	return has_zeros(ip) || (bits.n > 1 && bits.p[0] == '0');
}

static bool check_net(struct fielderrs *e, const struct at *at, str text, bool strict,
		      struct ipnet *net)
{
	const char *why = NULL;

	if (!ipaddr_parse_net(text, net)) {
		check_invalid_text(e, at, text, NOT_NET);
		return false;
	}
	struct ipaddr masked = net->base;

	mask(&masked, net->bits);
	if (!strict)
		return true;
	if (has_zeros_net(text))
		why = "must not have leading 0s in IP or prefix length";
	else if (is_4in6(text, &net->base))
		why = "must not have an IPv4-mapped IPv6 address";
	else if (!ipaddr_eq(&masked, &net->base))
		why = "must not have bits set beyond the prefix length";
	if (why)
		check_invalid_text(e, at, text, "%s", why);
	return !why;
}

bool ipaddr_check_net(struct fielderrs *e, const struct at *at, str text, bool strict)
{
	struct ipnet net;

	return check_net(e, at, text, strict, &net);
}

bool ipaddr_check_net_canonical(struct fielderrs *e, const struct at *at, str text)
{
	struct ipnet net;

	return check_net(e, at, text, true, &net) &&
	       check_form(e, at, text, ipaddr_net_text(e->arena, &net));
}

str ipaddr_warning(struct arena *a, const struct at *at, str text)
{
	struct ipaddr ip;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!ipaddr_parse(text, &ip))
		return STR_NONE;
	str canonical = ipaddr_text(a, &ip);

	buf_add(&b, at_text(a, at));
	if (has_zeros(text) || is_4in6(text, &ip)) {
		buf_add(&b, S(": non-standard IP address "));
		quote_add(&b, text, QUOTE_PRINT);
		buf_add(&b, S(" is invalid: use "));
		quote_add(&b, canonical, QUOTE_PRINT);
	} else if (ip.v6 && !str_eq(canonical, text)) {
		buf_add(&b, S(": IPv6 address "));
		quote_add(&b, text, QUOTE_PRINT);
		buf_add(&b, S(" should be in RFC 5952 canonical format ("));
		quote_add(&b, canonical, QUOTE_PRINT);
		buf_addc(&b, ')');
	} else {
		return STR_NONE;
	}
	return arena_str(a, buf_str(&b));
}
