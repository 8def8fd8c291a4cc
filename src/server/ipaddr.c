#include "server/ipaddr.h"

#include <stdio.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "server/kind.h"
#include "text/netip.h"
#include "text/quote.h"

/* A decimal number with any zeros in front. */
static bool take_decimal(str *s, unsigned max, unsigned *out)
{
	str digits = str_span(s, ascii_is_digit);
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
		str rest = s, group = str_span(&rest, ascii_is_hex);
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
			value = value * 16 + (unsigned)(ascii_is_digit(group.p[i]) ? group.p[i] - '0'
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

static bool check_ip(struct fielderrs *e, const struct at *at, str text, struct ipaddr *ip)
{
	if (!ipaddr_parse(text, ip)) {
		check_invalid_text(e, at, text, NOT_IP);
		return false;
	}
	bool zeros = has_zeros(text), mapped = !zeros && is_4in6(text, ip);

	if (zeros)
		check_invalid_text(e, at, text, "must not have leading 0s");
	if (mapped)
		check_invalid_text(e, at, text, "must not be an IPv4-mapped IPv6 address");
	return !zeros && !mapped;
}

bool ipaddr_check(struct fielderrs *e, const struct at *at, str text)
{
	struct ipaddr ip;

	return check_ip(e, at, text, &ip);
}

/* "must be in canonical form ("...")" */
static bool check_form(struct fielderrs *e, const struct at *at, str text, str canonical)
{
	if (str_eq(text, canonical))
		return true;
	check_invalid_text(e, at, text, "must be in canonical form (%.*s)",
			   STR_ARG(quote_str(e->arena, canonical)));
	return false;
}

bool ipaddr_check_canonical(struct fielderrs *e, const struct at *at, str text)
{
	struct ipaddr ip;

	return check_ip(e, at, text, &ip) && check_form(e, at, text, ipaddr_text(e->arena, &ip));
}

static bool has_zeros_net(str text)
{
	str ip, bits;

	str_split(text, '/', &ip, &bits);
	return has_zeros(ip) || (bits.n > 1 && bits.p[0] == '0');
}

static bool check_net(struct fielderrs *e, const struct at *at, str text, struct ipnet *net)
{
	const char *why = NULL;

	if (!ipaddr_parse_net(text, net)) {
		check_invalid_text(e, at, text, NOT_NET);
		return false;
	}
	struct ipaddr masked = net->base;

	mask(&masked, net->bits);
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

bool ipaddr_check_net(struct fielderrs *e, const struct at *at, str text)
{
	struct ipnet net;

	return check_net(e, at, text, &net);
}

bool ipaddr_check_net_canonical(struct fielderrs *e, const struct at *at, str text)
{
	struct ipnet net;

	return check_net(e, at, text, &net) &&
	       check_form(e, at, text, ipaddr_net_text(e->arena, &net));
}

void ipaddr_check_endpoint(struct fielderrs *e, const struct at *at, str text)
{
	struct ipaddr ip;

	if (!ipaddr_parse(text, &ip)) {
		check_invalid_text(e, at, text, "must be a valid IP address");
		return;
	}
	if (ipaddr_is_unspecified(&ip))
		check_invalid_text(e, at, text, "may not be unspecified (%.*s)", STR_ARG(text));
	if (ipaddr_is_loopback(&ip))
		check_invalid_text(e, at, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
	if (ipaddr_is_link_local(&ip))
		check_invalid_text(e, at, text,
				   "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
	if (ipaddr_is_link_local_multicast(&ip))
		check_invalid_text(
			e, at, text,
			"may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
}

/* ---- warnings ------------------------------------------------------------ */

void ipaddr_warn(struct kind_warnings *w, const struct at *at, str text)
{
	struct ipaddr ip;

	if (!ipaddr_parse(text, &ip))
		return;
	str shown = quote_str(w->arena, text), canonical = ipaddr_text(w->arena, &ip);
	str better = quote_str(w->arena, canonical), place = check_at(w->arena, at);

	if (has_zeros(text) || is_4in6(text, &ip))
		kind_warn(w, "%.*s: non-standard IP address %.*s is invalid: use %.*s", STR_ARG(place),
			  STR_ARG(shown), STR_ARG(better));
	else if (ip.v6 && !str_eq(canonical, text))
		kind_warn(w, "%.*s: IPv6 address %.*s should be in RFC 5952 canonical format (%.*s)",
			  STR_ARG(place), STR_ARG(shown), STR_ARG(better));
}

void ipaddr_warn_net(struct kind_warnings *w, const struct at *at, str text)
{
	struct ipnet net;

	if (!ipaddr_parse_net(text, &net))
		return;
	struct arena *a = w->arena;
	struct ipaddr masked = net.base;
	bool odd = has_zeros_net(text) || is_4in6(text, &net.base);
	str shown = quote_str(a, text), canonical = ipaddr_net_text(a, &net), place = check_at(a, at);
	str better = quote_str(a, canonical);
	str single = quote_str(a, arena_printf(a, "%.*s/%d", STR_ARG(ipaddr_text(a, &net.base)),
					    net.base.v6 ? 128 : 32));

	mask(&masked, net.bits);
	bool ambiguous = !ipaddr_eq(&masked, &net.base);

	if (ambiguous)
		kind_warn(w,
			  "%.*s: CIDR value %.*s is ambiguous in this context (should be %.*s or %.*s?)",
			  STR_ARG(place), STR_ARG(shown), STR_ARG(better), STR_ARG(single));
	if (odd)
		kind_warn(w, "%.*s: non-standard CIDR value %.*s is invalid: use %.*s", STR_ARG(place),
			  STR_ARG(shown), STR_ARG(better));
	if (!odd && !ambiguous && net.base.v6 && !str_eq(canonical, text))
		kind_warn(w, "%.*s: IPv6 CIDR value %.*s should be in RFC 5952 canonical format (%.*s)",
			  STR_ARG(place), STR_ARG(shown), STR_ARG(better));
}
