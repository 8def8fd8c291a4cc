#include "server/ipaddr.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "server/kind.h"
#include "text/quote.h"

bool ipaddr_parse_net(str text, struct ipnet *out)
{
	str ip, bits, digits;
	uint64_t n;

	if (!str_split(text, '/', &ip, &bits) || !netip_parse_sloppy(ip, &out->base))
		return false;
	bool colon = str_find_char(ip, ':') != STR_NPOS;

	digits = str_span(&bits, ascii_is_digit);
	if (bits.n || !str_to_u64(digits, &n) || n > (colon ? 128 : 32))
		return false;
	if (colon && !out->base.v6)	/* IPv4 inside of IPv6 */
		n = n < 96 ? 0 : n - 96;
	out->bits = (unsigned)n;
	return true;
}

bool ipaddr_contains(const struct ipnet *net, const struct netip *ip)
{
	return netip_same(&net->base, ip, net->bits);
}

str ipaddr_text(struct arena *a, const struct netip *ip)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	netip_print(&b, ip);
	return arena_str(a, buf_str(&b));
}

str ipaddr_net_text(struct arena *a, const struct ipnet *net)
{
	struct netip base = net->base;

	netip_mask(&base, net->bits);
	return arena_printf(a, "%.*s/%u", STR_ARG(ipaddr_text(a, &base)), net->bits);
}

/* Whether bits are set behind those that count. */
static bool has_more_bits(const struct ipnet *net)
{
	struct netip base = net->base;

	netip_mask(&base, net->bits);
	return !netip_same(&base, &net->base, netip_bits(&base));
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

static bool is_4in6(str text, const struct netip *ip)
{
	return !ip->v6 && str_find_char(text, ':') != STR_NPOS;
}

static bool check_ip(struct fielderrs *e, const struct at *at, str text, struct netip *ip)
{
	if (!netip_parse_sloppy(text, ip)) {
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
	struct netip ip;

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
	struct netip ip;

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
	if (has_zeros_net(text))
		why = "must not have leading 0s in IP or prefix length";
	else if (is_4in6(text, &net->base))
		why = "must not have an IPv4-mapped IPv6 address";
	else if (has_more_bits(net))
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
	struct netip ip;

	if (!netip_parse_sloppy(text, &ip)) {
		check_invalid_text(e, at, text, "must be a valid IP address");
		return;
	}
	if (netip_is_unspecified(&ip))
		check_invalid_text(e, at, text, "may not be unspecified (%.*s)", STR_ARG(text));
	if (netip_is_loopback(&ip))
		check_invalid_text(e, at, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
	if (netip_is_link_local_unicast(&ip))
		check_invalid_text(e, at, text,
				   "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
	if (netip_is_link_local_multicast(&ip))
		check_invalid_text(
			e, at, text,
			"may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
}

/* ---- warnings ------------------------------------------------------------ */

void ipaddr_warn(struct kind_warnings *w, const struct at *at, str text)
{
	struct netip ip;

	if (!netip_parse_sloppy(text, &ip))
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
	bool odd = has_zeros_net(text) || is_4in6(text, &net.base);
	str shown = quote_str(a, text), canonical = ipaddr_net_text(a, &net), place = check_at(a, at);
	str better = quote_str(a, canonical);
	str single = quote_str(a, arena_printf(a, "%.*s/%u", STR_ARG(ipaddr_text(a, &net.base)),
					    netip_bits(&net.base)));

	if (has_more_bits(&net))
		kind_warn(w,
			  "%.*s: CIDR value %.*s is ambiguous in this context (should be %.*s or %.*s?)",
			  STR_ARG(place), STR_ARG(shown), STR_ARG(better), STR_ARG(single));
	if (odd)
		kind_warn(w, "%.*s: non-standard CIDR value %.*s is invalid: use %.*s", STR_ARG(place),
			  STR_ARG(shown), STR_ARG(better));
	if (!odd && !has_more_bits(&net) && net.base.v6 && !str_eq(canonical, text))
		kind_warn(w, "%.*s: IPv6 CIDR value %.*s should be in RFC 5952 canonical format (%.*s)",
			  STR_ARG(place), STR_ARG(shown), STR_ARG(better));
}
